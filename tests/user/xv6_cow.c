/* SPDX-License-Identifier: MIT */
/* R19 R25 R27 R60 R62 R63 R66: the tests of xv6's lab "cow" (cowtest). The sizes are for a machine of 64 MiB. */
#include "t.h"

#include <sched.h>

#define MOST	(40 * MIB) /* two thirds of the memory */
#define QUARTER (16 * MIB)

static char shared[PAGE];

static void mark(char *p, size_t n, int who)
{
	for (size_t i = 0; i < n; i += PAGE)
		*(volatile int *)(p + i) = who + (int)(i / PAGE);
}

static size_t wrong_marks(char *p, size_t n, int who)
{
	size_t bad = 0;

	for (size_t i = 0; i < n; i += PAGE)
		bad += *(volatile int *)(p + i) != who + (int)(i / PAGE);
	return bad;
}

static int child_looks(void *p)
{
	return wrong_marks(p, MOST, 1000) != 0;
}

/* A fork of more than half of the memory, of which the child writes nothing. */
static void simple(void)
{
	char *p = anon(MOST);

	mark(p, MOST, 1000);
	in_child("simple", child_looks, p);
	say("simple: %zu wrong\n", wrong_marks(p, MOST, 1000));
	munmap(p, MOST);
}

static int grandchild_writes(void *p)
{
	mark(p, QUARTER / 5 * 4 / PAGE * PAGE, 3000);
	return wrong_marks(p, QUARTER / 5 * 4 / PAGE * PAGE, 3000) != 0;
}

static int child_writes(void *p)
{
	size_t bad, half = QUARTER / 2;

	mark(p, half, 2000);
	in_child("three: grandchild", grandchild_writes, p);
	bad = wrong_marks(p, half, 2000) +
	      wrong_marks((char *)p + half, half, 1000 + (int)(half / PAGE));
	mark(p, QUARTER, 9999);
	return bad != 0;
}

/* Three processes write the same pages at once. */
static void three(void)
{
	char *p = anon(QUARTER);
	int status;

	mark(p, QUARTER, 1000);
	if (fork() == 0)
		_exit(child_writes(p));
	mark(p, QUARTER, 4000);
	wait(&status);
	ended("three: child", status);
	say("three: %zu wrong\n", wrong_marks(p, QUARTER, 4000));
	munmap(p, QUARTER);
}

/* The kernel's copies come to shared pages: of a pipe into a buffer that the parent has too. */
static void file(void)
{
	int fds[4][2], status, value;

	shared[0] = 99;
	for (int i = 0; i < 4; i++) {
		if (pipe(fds[i]) == 0 && fork() == 0) {
			nap(1);
			if (read(fds[i][0], shared, sizeof(i)) != sizeof(i))
				_exit(98);
			memcpy(&value, shared, sizeof(value));
			_exit(value == i ? 40 + i : 97);
		}
		if (write(fds[i][1], &i, sizeof(i)) != sizeof(i))
			say("file: %s\n", strerrorname_np(errno));
	}
	for (int i = 0, sum = 0; i < 4; i++) {
		wait(&status);
		sum += WEXITSTATUS(status);
		if (i == 3)
			say("file: statuses add up to %d\n", sum);
	}
	say("file: the parent's byte is %d\n", shared[0]);
	for (int i = 0; i < 4; i++)
		close(fds[i][0]), close(fds[i][1]);
}

/* Many short lives share a MiB and count its pages up and down. */
static void forkfork(void)
{
	char *p = anon(MIB);
	int status, exits = 0;

	memset(p, 27, MIB);
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 3; i++) {
			if (fork() == 0) {
				sched_yield();
				fork();
				fork();
				_exit(p[0] != 27);
			}
		}
		while (wait(&status) > 0)
			exits += status == 0;
	}
	say("forkfork: %d exits, %zu wrong\n", exits, not_all(p, MIB, 27));
	munmap(p, MIB);
}

int main(void)
{
	for (int i = 0; i < 2; i++)
		simple();
	for (int i = 0; i < 3; i++)
		three();
	file();
	forkfork();
	simple(); /* everything was given back */
	return 0;
}
