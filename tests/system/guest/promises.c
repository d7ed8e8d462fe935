/* SPDX-License-Identifier: MIT */
/* Asks for memory with commit=strict and without: one small behaviour for each word that may be its argument. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (1ul << 20)

static const char *how(int failed)
{
	if (!failed)
		return "done";
	return errno == ENOMEM ? "ENOMEM" : strerror(errno);
}

static char *map(size_t bytes, int prot, int flags)
{
	return mmap(NULL, bytes, prot, flags | MAP_ANONYMOUS, -1, 0);
}

static char *map_private(size_t bytes)
{
	return map(bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

/* Maps so much, says how that went, and unmaps it. */
static void try(const char *what, size_t bytes, int prot, int flags)
{
	char *p = map(bytes, prot, flags);

	printf("%s: %s\n", what, how(p == MAP_FAILED));
	if (p != MAP_FAILED)
		munmap(p, bytes);
}

/* requests: of each kind of request for memory, one that is too large and one that is not. */
static int do_requests(char **argv)
{
	char *p, *q;

	(void)argv;
	try("mmap of 20 MiB", 20 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	try("mmap of 100 MiB", 100 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	try("with MAP_NORESERVE", 100 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE);
	try("read-only", 100 * MIB, PROT_READ, MAP_PRIVATE);
	try("shared, 20 MiB", 20 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED);
	try("shared, 100 MiB", 100 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED);
	printf("brk by 20 MiB: %s\n", how(sbrk(20 * MIB) == (void *)-1));
	printf("brk by 100 MiB: %s\n", how(sbrk(100 * MIB) == (void *)-1));
	sbrk(-(intptr_t)(20 * MIB));
	p = map_private(20 * MIB);
	q = mremap(p, 20 * MIB, 100 * MIB, MREMAP_MAYMOVE);
	printf("mremap to 100 MiB: %s\n", how(q == MAP_FAILED));
	p = q == MAP_FAILED ? p : q;
	q = mremap(p, q == p ? 100 * MIB : 20 * MIB, 30 * MIB, MREMAP_MAYMOVE);
	printf("mremap to 30 MiB: %s\n", how(q == MAP_FAILED));
	munmap(q, 30 * MIB);
	p = map(100 * MIB, PROT_NONE, MAP_PRIVATE);
	printf("mprotect of 100 MiB: %s\n", how(mprotect(p, 100 * MIB, PROT_READ | PROT_WRITE)));
	printf("mprotect of 20 MiB: %s\n", how(mprotect(p, 20 * MIB, PROT_READ | PROT_WRITE)));
	return 0;
}

static int end_of(pid_t pid)
{
	int status = 0;

	if (waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* Forks a child that ends at once; says how that went. */
static void try_fork(const char *what)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	printf("fork %s: %s\n", what, how(pid < 0));
	if (pid > 0)
		end_of(pid);
}

/* forks: of a process that has a little, more than half of memory, and again a little. */
static int do_forks(char **argv)
{
	char *p;

	(void)argv;
	try_fork("with little");
	p = map_private(30 * MIB);
	if (p == MAP_FAILED)
		return 90;
	for (size_t i = 0; i < 30 * MIB; i += 4096)
		p[i] = 1;
	try_fork("with 30 MiB");
	madvise(p, 30 * MIB, MADV_DONTFORK);
	try_fork("that leaves them out");
	munmap(p, 30 * MIB);
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(map_private(25 * MIB) == MAP_FAILED);
		if (pid < 0 || end_of(pid) != 0)
			return 91;
	}
	puts("20 children had 25 MiB each, in turn");
	return 0;
}

static int take_all(void)
{
	size_t mib = 0;

	for (char *p; (p = map_private(MIB)) != MAP_FAILED; mib++)
		memset(p, 1, MIB);
	if (errno != ENOMEM)
		return 92;
	fprintf(stderr, "%zu MiB had\n", mib);
	/* 53 MiB or a little more may be promised, and three programs have stacks of 8 MiB. */
	return mib >= 29 ? 0 : 93;
}

/* Ends well if what its parent holds leaves no room for another image; it is called again as that. */
static int exec_beside(char **argv, size_t held)
{
	char *const args[] = { argv[0], (char *)(uintptr_t) "image", NULL };

	if (map_private(held) == MAP_FAILED)
		return 94;
	execv(argv[0], args);
	return errno == ENOMEM ? 7 : 95;
}

/* hog: two children in turn take all there is; nobody is killed, and what they had comes back. */
static int do_hog(char **argv)
{
	(void)argv;
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(take_all());
		printf("hog: %d\n", pid < 0 ? -1 : end_of(pid));
		fflush(stdout);
	}
	return 0;
}

/* A large image: its data could be written. */
static char image[8 * MIB];

/* exec: an image beside one that leaves room for it, and beside one that does not. */
static int do_exec(char **argv)
{
	static const size_t held[] = { 1 * MIB, 37 * MIB };

	image[0] = 1;
	for (int i = 0; i < 2; i++) {
		pid_t pid = vfork();

		if (pid == 0)
			_exit(exec_beside(argv, held[i]));
		printf("exec beside %zu MiB: %d\n", held[i] / MIB, end_of(pid));
		fflush(stdout);
	}
	return 0;
}

static int do_image(char **argv)
{
	(void)argv;
	return image[1] + 5;
}

static int recurse(int depth)
{
	volatile char room[64 << 10];

	memset((char *)(uintptr_t)room, depth, sizeof(room));
	return depth ? recurse(depth - 1) + room[5] : room[7];
}

/* stack: a child's stack of 4 MiB grows where there is room, and does not where there is none. */
static int do_stack(char **argv)
{
	static const size_t left[] = { 8 * MIB, 1 * MIB };

	(void)argv;
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			size_t most = 64 * MIB;
			char *all;

			while ((all = map_private(most)) == MAP_FAILED)
				most -= MIB / 4;
			munmap(all, left[i]);
			_exit(recurse(64) == 0x7fffffff);
		}
		printf("stack: %d\n", pid < 0 ? -1 : end_of(pid));
		fflush(stdout);
	}
	return 0;
}

/* limits: RLIMIT_AS and RLIMIT_DATA refuse when memory is asked for, with the same error (R90). */
static int do_limits(char **argv)
{
	struct rlimit limit = { 16 * MIB, RLIM_INFINITY };

	(void)argv;
	setrlimit(RLIMIT_DATA, &limit);
	try("RLIMIT_DATA: mmap of 20 MiB", 20 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	try("read-only", 20 * MIB, PROT_READ, MAP_PRIVATE);
	printf("brk: %s\n", how(sbrk(20 * MIB) == (void *)-1));
	limit.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_DATA, &limit);
	limit.rlim_cur = 40 * MIB;
	setrlimit(RLIMIT_AS, &limit);
	try("RLIMIT_AS: mmap of 20 MiB", 20 * MIB, PROT_READ, MAP_PRIVATE);
	try("of 40 MiB", 40 * MIB, PROT_READ, MAP_PRIVATE);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(char **argv);
} behaviours[] = {
	{ "requests", do_requests }, { "forks", do_forks }, { "hog", do_hog },
	{ "exec", do_exec },	     { "image", do_image }, { "stack", do_stack },
	{ "limits", do_limits },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(behaviours) / sizeof(behaviours[0]); i++)
		if (strcmp(argv[1], behaviours[i].name) == 0)
			return behaviours[i].run(argv);
	return 80;
}
