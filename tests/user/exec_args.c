/* SPDX-License-Identifier: MIT */
/* R25 R26 R29: long argument lists: what passes, arrives byte for byte, and what is too long, is
 * refused. */
#include "t.h"

#define LONGEST 131071 /* without its NUL */

static char *strings[2000];

static int child(int argc, char **argv)
{
	unsigned long sum = 0, len = 0;

	for (int i = 1; i < argc; i++)
		for (char *p = argv[i]; *p; p++, len++)
			sum += (unsigned long)(unsigned char)*p * (unsigned long)(i % 97 + 1);
	say("%d arguments, %lu bytes, sum %lu\n", argc, len, sum);
	return 0;
}

static char *of_length(size_t n, char c)
{
	char *p = anon(n + 1);

	memset(p, c, n);
	return p;
}

static int run(void *path)
{
	char *env[] = { NULL };

	strings[0] = path;
	execve(path, strings, env);
	return errno;
}

static void try_run(const char *what, char *path)
{
	int status = in_child(what, run, path);

	if (WIFEXITED(status) && WEXITSTATUS(status))
		say("%s: %s\n", what, strerrorname_np(WEXITSTATUS(status)));
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return child(argc, argv);
	strings[1] = of_length(LONGEST, 'l');
	try_run("longest string", argv[0]);
	strings[1] = of_length(LONGEST + 1, 'l');
	try_run("one byte more", argv[0]);
	for (int i = 1; i <= 8; i++)
		strings[i] = of_length(100000, (char)('a' + i));
	try_run("800,000 bytes", argv[0]);
	for (int i = 1; i <= 25; i++)
		strings[i] = of_length(100000, (char)('a' + i % 26));
	try_run("2.5 million bytes", argv[0]);
	memset(strings, 0, sizeof(strings));
	for (int i = 1; i < 1999; i++)
		strings[i] = of_length((size_t)(i % 50), (char)('a' + i % 26));
	try_run("1998 arguments", argv[0]);
	strings[2] = "";
	strings[3] = NULL;
	try_run("an empty one", argv[0]);
	return 0;
}
