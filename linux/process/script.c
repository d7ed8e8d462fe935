/* SPDX-License-Identifier: MIT */
/* Reads the first line of a script. */
#include "linux/process/script.h"

#include "abi/errno.h"

#define FIRST 2u /* after "#!" */
#define LAST  (SCRIPT_HEAD_BYTES - 1)

static bool script_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Returns the first place from `at` to `last` without a blank, or last + 1. */
static unsigned skip_blanks(const char *head, unsigned at, unsigned last)
{
	while (at <= last && script_is_blank(head[at]))
		at++;
	return at;
}

/* Returns the first place from `at` to `last` with a blank or NUL, or last + 1. */
static unsigned skip_word(const char *head, unsigned at, unsigned last)
{
	while (at <= last && !script_is_blank(head[at]) && head[at] != '\0')
		at++;
	return at;
}

/*
 * Returns the place behind the line. That is its newline, if no NUL comes first. Otherwise all of
 * head is the line: an argument may be cut off there, but a name may not. Returns 0 in that case.
 */
static unsigned line_end(const char *head)
{
	unsigned at = FIRST;

	while (at < LAST && head[at] != '\n' && head[at] != '\0')
		at++;
	if (head[at] == '\n')
		return at;
	at = skip_blanks(head, FIRST, LAST);
	return at <= LAST && skip_word(head, at, LAST) <= LAST ? LAST : 0;
}

int script_parse(char *head, const char **name_ret, const char **arg_ret)
{
	unsigned end, name, name_end, arg;

	if (head[0] != '#' || head[1] != '!')
		return -ENOEXEC;
	end = line_end(head);
	if (end == 0)
		return -ENOEXEC;
	while (end > FIRST && script_is_blank(head[end - 1]))
		end--;
	name = skip_blanks(head, FIRST, end);
	if (name >= end)
		return -ENOEXEC;
	name_end = skip_word(head, name, end - 1);
	arg = end;
	if (name_end < end && head[name_end] != '\0')
		arg = skip_blanks(head, name_end, end);
	head[end] = head[name_end] = '\0';
	*name_ret = head + name;
	*arg_ret = arg < end ? head + arg : NULL;
	return 0;
}
