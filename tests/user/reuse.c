/* SPDX-License-Identifier: MIT */
/* R22 R44 R62 R66 R67: what is given back is there again: 4 MiB taken and left nine times in each
 * way there is. */
#include "t.h"

#define LEN (4 * MIB)

static char *mem;
static char **args;

static int fill(char *p)
{
	for (size_t i = 0; i < LEN; i += PAGE)
		p[i] = (char)(i / PAGE + 1);
	return p[5 * PAGE] != 6;
}

static int by_brk(void)
{
	char *p = sbrk(LEN);

	return p == (char *)-1 || fill(p) || sbrk(-(long)LEN) == (char *)-1;
}

static int by_munmap(void)
{
	char *p = mmap(NULL, LEN, RW, ANON, -1, 0);

	return p == MAP_FAILED || fill(p) || munmap(p, LEN);
}

static int by_replacing(void)
{
	return mmap(mem, LEN, RW, ANON | MAP_FIXED, -1, 0) != mem || fill(mem);
}

static int by_madvise(void)
{
	return fill(mem) || madvise(mem, LEN, MADV_DONTNEED);
}

static int by_exit(void)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fill(mem));
	return pid < 0 || waitpid(pid, &status, 0) != pid || status;
}

static int by_kill(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		fill(mem);
		kill(getpid(), SIGKILL);
	}
	return pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status);
}

static int by_exec(void)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0) {
		fill(mem);
		execv(args[0], (char *[]){ args[0], "end", NULL });
		_exit(1);
	}
	return pid < 0 || waitpid(pid, &status, 0) != pid || status;
}

static int by_shared(void)
{
	char *p = mmap(NULL, LEN, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED || fill(p) || munmap(p, LEN);
}

static int write_all(int fd)
{
	for (size_t i = 0; i < LEN; i += MIB)
		if (write(fd, mem + i, MIB) != (ssize_t)MIB)
			return 1;
	return 0;
}

static int by_unlink(void)
{
	int fd = open("reuse.tmp", O_CREAT | O_RDWR | O_EXCL, 0600);

	return fd < 0 || write_all(fd) || unlink("reuse.tmp") || close(fd);
}

static int by_truncate(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("reuse", 0);
	return fd < 0 || lseek(fd, 0, SEEK_SET) || write_all(fd) || ftruncate(fd, 0);
}

static int by_pipe(void)
{
	int p[2];

	return pipe(p) || write(p[1], mem, 60000) != 60000 || close(p[0]) || close(p[1]);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*way)(void);
	} ways[] = {
		{ "brk", by_brk },
		{ "munmap", by_munmap },
		{ "mmap over it", by_replacing },
		{ "madvise", by_madvise },
		{ "exit", by_exit },
		{ "kill", by_kill },
		{ "exec", by_exec },
		{ "shared", by_shared },
		{ "unlink", by_unlink },
		{ "truncate", by_truncate },
		{ "pipe", by_pipe },
	};

	if (argc > 1)
		return 0;
	args = argv;
	mem = anon(LEN);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		int bad = 0;

		for (int round = 0; round < 9; round++)
			bad += ways[i].way() != 0;
		say("%s: %d of 9 failed\n", ways[i].name, bad);
	}
	return 0;
}
