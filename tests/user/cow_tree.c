/* SPDX-License-Identifier: MIT */
/* R19 R60 R62 R63: a tree of forks four deep; everybody writes his own and sees nobody else's. */
#include "t.h"

#define NPAGES 48
#define DEPTH  4
#define FAN    2

static char *mem;		/* written by the root before the first fork */
static char bss[NPAGES * PAGE]; /* lazy: filled on the way down */

static int check(char *p, const char *path, int depth)
{
	for (int i = 0; i < NPAGES; i++) {
		/*
		 * Page i was last written by the ancestor at level i % (DEPTH + 1), if that is
		 * above.
		 */
		int level = i % (DEPTH + 1);
		char want = level <= depth ? path[level] : p == mem ? 'r' : 0;

		if (p[i * PAGE + 1234] != want)
			return 1;
	}
	return 0;
}

static void write_level(const char *path, int depth)
{
	for (int i = depth; i < NPAGES; i += DEPTH + 1) {
		mem[i * PAGE + 1234] = path[depth];
		bss[i * PAGE + 1234] = path[depth];
	}
}

/*
 * Returns the number of processes in the tree below that were right, or 200 and more if one was
 * wrong.
 */
static int node(char *path, int depth)
{
	int status, sum = 1, pid[FAN];

	write_level(path, depth);
	for (int i = 0; depth < DEPTH && i < FAN; i++) {
		path[depth + 1] = (char)('A' + depth * FAN + i);
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(node(path, depth + 1));
	}
	for (int i = 0; depth < DEPTH && i < FAN; i++) {
		if (pid[i] < 0 || waitpid(pid[i], &status, 0) != pid[i] || !WIFEXITED(status))
			return 201;
		sum += WEXITSTATUS(status);
	}
	return check(mem, path, depth) || check(bss, path, depth) ? 200 : sum;
}

int main(void)
{
	char path[DEPTH + 2] = "_";

	mem = anon(NPAGES * PAGE);
	for (int i = 0; i < NPAGES; i++)
		mem[i * PAGE + 1234] = 'r';
	say("processes that saw what they should: %d\n", node(path, 0));
	say("root sees its own: %c %c %c\n", mem[1234], mem[PAGE + 1234], mem[5 * PAGE + 1234]);
	return 0;
}
