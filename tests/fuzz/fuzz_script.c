/* SPDX-License-Identifier: MIT */
/* Scripts: linux/process/script against a second reader, which cuts the line into words. */
#include <stdlib.h>
#include <string.h>

#include "abi/errno.h"
#include "fuzz.h"
#include "linux/process/script.h"

#define BLANKS " \t"

/* What the second reader makes of a file. Both strings lie in a copy of the line; arg NULL: none. */
struct naive {
	int error;
	char line[SCRIPT_HEAD_BYTES];
	const char *name, *arg;
};

/*
 * The line up to its newline, or else, after a NUL or at the end of what counts, as much as one byte
 * less than the head has.
 */
static void cut_line(struct naive *naive, const char *head)
{
	char text[SCRIPT_HEAD_BYTES + 1] = { 0 };
	size_t len;

	memcpy(text, head, SCRIPT_HEAD_BYTES);
	len = strcspn(text + 2, "\n");
	memcpy(naive->line, text + 2, SCRIPT_HEAD_BYTES - 3);
	if (text[2 + len] == '\n') {
		naive->line[len] = '\0';
		return;
	}
	/* Without an end: the name must have one. */
	len = strspn(text + 2, BLANKS);
	if (2 + len + strcspn(text + 2 + len, BLANKS) >= SCRIPT_HEAD_BYTES)
		naive->error = -ENOEXEC;
}

/* Removes blanks at the end of the line, behind whatever NULs it has. */
static size_t trim(char *line, size_t len)
{
	while (len > 0 && strchr(BLANKS, line[len - 1]) && line[len - 1])
		line[--len] = '\0';
	return len;
}

static void read_naively(struct naive *naive, const char *head)
{
	const char *newline = memchr(head, '\n', SCRIPT_HEAD_BYTES),
		   *nul = memchr(head, '\0', SCRIPT_HEAD_BYTES);
	bool whole = newline && (!nul || newline < nul);
	size_t len = whole ? (size_t)(newline - head) - 2 : SCRIPT_HEAD_BYTES - 3, at;

	memset(naive, 0, sizeof(*naive));
	if (strncmp(head, "#!", 2) != 0) {
		naive->error = -ENOEXEC;
		return;
	}
	cut_line(naive, head);
	if (naive->error)
		return;
	len = trim(naive->line, len);
	at = strspn(naive->line, BLANKS);
	if (at >= len) {
		naive->error = -ENOEXEC;
		return;
	}
	naive->name = naive->line + at;
	at += strcspn(naive->name, BLANKS);
	if (at < len && naive->line[at] != '\0') {
		naive->line[at++] = '\0';
		naive->arg = naive->line + at + strspn(naive->line + at, BLANKS);
	}
}

bool fuzz_one(const uint8_t *data, size_t size)
{
	char *head = calloc(1, SCRIPT_HEAD_BYTES);
	const char *name = NULL, *arg = NULL;
	struct naive naive;
	int err;

	memcpy(head, data, size < SCRIPT_HEAD_BYTES ? size : SCRIPT_HEAD_BYTES);
	read_naively(&naive, head);
	err = script_parse(head, &name, &arg);
	fuzz_equal(err, naive.error);
	if (err == 0) {
		fuzz_check(strcmp(name, naive.name) == 0);
		fuzz_equal(arg != NULL, naive.arg != NULL);
		fuzz_check(!arg || strcmp(arg, naive.arg) == 0);
	}
	free(head);
	return err == 0;
}
