/* SPDX-License-Identifier: MIT */
/* echo, cat, sleep and clear: the image has no other programs for them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sh/builtin.h"
#include "sh/terminal.h"

static int small_refused(const char *name)
{
	dprintf(STDERR_FILENO, "sh: %s: %s\n", name, strerror(errno));
	return 1;
}

int small_echo(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		printf("%s%s", i > 1 ? " " : "", argv[i]);
	putchar('\n');
	return 0;
}

/* Copies `from` to standard output. Returns 0, or 1 with errno. */
static int small_copy(int from)
{
	char bytes[16384];
	ssize_t n, written = 0;

	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		for (ssize_t done = 0; done < n; done += written) {
			written = write(STDOUT_FILENO, bytes + done, (size_t)(n - done));
			if (written < 0)
				return 1;
		}
	return n < 0;
}

int small_cat(int argc, char **argv)
{
	int status = 0;

	if (argc == 1)
		return small_copy(STDIN_FILENO) ? small_refused("cat") : 0;
	for (int i = 1; i < argc; i++) {
		int from = open(argv[i], O_RDONLY);

		if (from < 0 || small_copy(from))
			status = small_refused(argv[i]);
		if (from >= 0)
			close(from);
	}
	return status;
}

/* Parses seconds with an optional fraction. Returns false if the word is no such number. */
static bool duration(const char *word, struct timespec *ret)
{
	long unit = 1000000000;
	char *end;

	*ret = (struct timespec){ 0 };
	if (*word < '0' || *word > '9')
		return false;
	errno = 0;
	ret->tv_sec = strtol(word, &end, 10);
	if (*end == '.')
		for (end++; *end >= '0' && *end <= '9'; end++) {
			unit /= 10;
			ret->tv_nsec += (*end - '0') * unit;
		}
	return !*end && !errno;
}

int small_sleep(int argc, char **argv)
{
	struct timespec time;

	if (argc != 2 || !duration(argv[1], &time)) {
		dprintf(STDERR_FILENO, "usage: sleep SECONDS\n");
		return 2;
	}
	while (nanosleep(&time, &time) != 0)
		if (errno != EINTR)
			return small_refused("sleep");
	return 0;
}

int small_clear(int argc, char **argv)
{
	(void)argc, (void)argv;
	if (!terminal_is_smart()) {
		dprintf(STDERR_FILENO, "sh: clear: the terminal (TERM) does not support it\n");
		return 1;
	}
	printf("\033[H\033[2J");
	return 0;
}
