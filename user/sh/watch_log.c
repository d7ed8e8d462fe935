/* SPDX-License-Identifier: MIT */
/* log: prints the kernel's log. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

#include "sh/builtin.h"
#include "sh/watch.h"

#define READ_ALL    3
#define SIZE_BUFFER 10

/* Prints a line without the "<6>" at its start, which is its level. */
static void show_line(const char *line, size_t n)
{
	if (n > 3 && line[0] == '<' && line[2] == '>') {
		line += 3;
		n -= 3;
	}
	fwrite(line, 1, n, stdout);
}

/* Returns where the last `wanted` lines begin. */
static const char *last_lines(const char *text, const char *end, unsigned long wanted)
{
	const char *at = end;

	for (; at > text && wanted > 0; wanted--) {
		const char *newline = memrchr(text, '\n', (size_t)(at - 1 - text));

		at = newline ? newline + 1 : text;
	}
	return at;
}

static int watch_show_log(unsigned long wanted)
{
	int size = klogctl(SIZE_BUFFER, NULL, 0), n;
	char *text = size < 0 ? NULL : malloc((size_t)size);
	const char *end, *next;

	if (!text)
		return watch_refused("log");
	n = klogctl(READ_ALL, text, size);
	if (n < 0)
		return watch_refused("log");
	end = text + n;
	for (const char *at = last_lines(text, end, wanted); at < end; at = next) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		next = newline ? newline + 1 : end;
		show_line(at, (size_t)(next - at));
	}
	free(text);
	return 0;
}

int watch_log(int argc, char **argv)
{
	unsigned long wanted = -1ul;
	char *end = "";

	if (argc == 2)
		wanted = strtoul(argv[1], &end, 10);
	if (argc > 2 || *end) {
		dprintf(STDERR_FILENO, "usage: log [N]\n");
		return 2;
	}
	return watch_show_log(wanted);
}
