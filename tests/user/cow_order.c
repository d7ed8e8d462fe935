/* SPDX-License-Identifier: MIT */
/* R60 R62 R64: parent and child write in either order; the last holder keeps the page and its
 * bytes. */
#include "t.h"

#define NPAGES 32

static char *mem;
static int go[2], done[2];

static void sync_from(int fd)
{
	char c;

	if (read(fd, &c, 1) != 1)
		_exit(90);
}

static void sync_to(int fd)
{
	if (write(fd, "x", 1) != 1)
		_exit(91);
}

static size_t wrong(char even, char odd)
{
	size_t bad = 0;

	for (int i = 0; i < NPAGES; i++)
		bad += not_all(mem + i * PAGE, PAGE, i % 2 ? odd : even);
	return bad;
}

static void fill_from(int first, char c)
{
	for (int i = first; i < NPAGES; i += 2)
		memset(mem + i * PAGE, c, PAGE);
}

static int child(void *unused)
{
	(void)unused;
	sync_from(go[0]); /* the parent has written the even pages */
	say("child sees %zu wrong\n", wrong('p', 'p'));
	fill_from(1, 'c');
	say("child wrote the odd ones: %zu wrong\n", wrong('p', 'c'));
	sync_to(done[1]);
	sync_from(go[0]);
	say("child at the end: %zu wrong\n", wrong('p', 'c'));
	return 0;
}

int main(void)
{
	int status;
	pid_t pid;

	mem = anon(NPAGES * PAGE);
	memset(mem, 'p', NPAGES * PAGE);
	TRY(pipe(go));
	TRY(pipe(done));
	for (int round = 0; round < 2; round++) {
		pid = fork();
		if (pid == 0)
			_exit(child(NULL));
		fill_from(0, 'P');
		sync_to(go[1]);
		sync_from(done[0]);
		say("parent: %zu wrong\n", wrong('P', 'p'));
		fill_from(1, 'Q');
		sync_to(go[1]);
		TRY(waitpid(pid, &status, 0) == pid);
		ended("child", status);
		say("parent alone: %zu wrong\n", wrong('P', 'Q'));
		memset(mem, 'p', NPAGES * PAGE);
	}
	return 0;
}
