/* SPDX-License-Identifier: MIT */
/* cached FILE: asks for memory of each kind when all that is left is in clean pages of FILE. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine.h"

#define PAGE	  4096ul
#define APART	  (2ul << 20) /* a page table each */
#define TABLES	  300ul
#define ROOM	  (64ul << 20)
#define LEFT	  128ul /* frames, the reserve among them */
#define PROCESSES 8
#define PIPES	  20

static const char *path;

static char *map(size_t bytes, int flags)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1,
		       0);

	if (p == MAP_FAILED)
		exit(90);
	return p;
}

static void read_file(void)
{
	static char buffer[65536];
	int fd = open(path, O_RDONLY);

	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
	if (fd < 0 || close(fd) != 0)
		exit(92);
}

/* All pages of the file are there, and next to nothing is free beside them: in `filler`. */
static void fill(char *filler)
{
	read_file();
	for (size_t at = 0; at < ROOM && frames_free() > LEFT; at += PAGE)
		filler[at] = 1;
}

/* A child that gets as many page tables as its parent has. */
static int try_fork(void)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid(pid, &status, 0) != pid ? -1 : status;
}

/* Kernel stacks, and all else that a process is: so many live at once. */
static int try_many(void)
{
	int ends[2], n = 0, result = pipe(ends);
	char byte;

	for (; !result && n < PROCESSES; n++) {
		pid_t pid = (int)syscall(SYS_clone, 17 /* SIGCHLD */, 0, 0, 0, 0);

		if (pid == 0) {
			close(ends[1]);
			(void)!read(ends[0], &byte, 1);
			_exit(0);
		}
		result = pid < 0 ? -1 : 0;
	}
	close(ends[1]);
	close(ends[0]);
	while (n-- > 0)
		wait(NULL);
	return result;
}

static int try_mlock(void)
{
	char *p = map(4 * TABLES * PAGE, 0);
	int result = mlock(p, 4 * TABLES * PAGE);

	munmap(p, 4 * TABLES * PAGE);
	return result;
}

static int try_populate(void)
{
	char *p = map(4 * TABLES * PAGE, MAP_POPULATE);
	unsigned char there[4 * TABLES];
	unsigned n = 0;

	if (mincore(p, sizeof(there) * PAGE, there) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(there); i++)
		n += there[i] & 1;
	munmap(p, sizeof(there) * PAGE);
	return n == sizeof(there) ? 0 : -1;
}

/* A mapping for every other page, by mprotect. */
static int try_split(void)
{
	const size_t n = 6000;
	char *p = map(n * PAGE, 0);

	for (size_t i = 0; i < n; i += 2)
		if (mprotect(p + i * PAGE, PAGE, PROT_READ) != 0)
			return -1;
	return munmap(p, n * PAGE);
}

static int try_mremap(void)
{
	char *p = map(TABLES * APART, 0), *to = map(TABLES * APART + PAGE, 0);

	for (size_t i = 0; i < 100; i++)
		p[i * APART] = 1;
	if (mremap(p, TABLES * APART, TABLES * APART, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		return -1;
	return munmap(to, TABLES * APART + PAGE);
}

static int try_write(void)
{
	static char bytes[2 << 20];
	int fd = open("/grows", O_CREAT | O_RDWR, 0600);
	ssize_t n = write(fd, bytes, sizeof(bytes));

	unlink("/grows");
	return fd < 0 || n != sizeof(bytes) || close(fd) != 0 ? -1 : 0;
}

static int try_pipes(void)
{
	int ends[PIPES][2], result = 0;
	static char page[60 << 10];

	memset(page, 1, sizeof(page));
	for (unsigned i = 0; i < PIPES && !result; i++)
		if (pipe(ends[i]) != 0 || write(ends[i][1], page, sizeof(page)) != sizeof(page))
			result = -1;
	for (unsigned i = 0; i < PIPES && !result; i++)
		result = close(ends[i][0]) | close(ends[i][1]);
	return result;
}

static const struct {
	const char *name;
	int (*try)(void);
} tries[] = {
	{ "fork", try_fork },	      { "processes", try_many }, { "mlock", try_mlock },
	{ "populate", try_populate }, { "mprotect", try_split }, { "mremap", try_mremap },
	{ "write", try_write },	      { "pipes", try_pipes },
};

int main(int argc, char **argv)
{
	char *sparse = map(TABLES * APART, MAP_NORESERVE), *filler;

	if (argc < 2)
		return 93;
	path = argv[1];
	for (size_t i = 0; i < TABLES; i++)
		sparse[i * APART] = 1;
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		int result;

		filler = map(ROOM, 0);
		fill(filler);
		errno = 0;
		result = tries[i].try();
		printf("%s: %d%s%s\n", tries[i].name, result, result ? " " : "",
		       result ? strerror(errno) : "");
		fflush(stdout);
		munmap(filler, ROOM);
	}
	return 0;
}
