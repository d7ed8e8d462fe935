/* SPDX-License-Identifier: MIT */
/* What calls cost where there is as much as there can be: children, locks, directories. Prints a row and its instructions a line. */
/* bounds children N | groups N | locks N | paths N */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "servers/file_server.h"
#include "servers/serve.h"

#define ROUNDS 9

#define EXPECT(what)                                                                   \
	do {                                                                           \
		if (!(what)) {                                                         \
			printf("line %d: %s: %s\n", __LINE__, #what, strerror(errno)); \
			exit(1);                                                       \
		}                                                                      \
	} while (0)

static uint64_t now(void)
{
	uint64_t v;

	__asm__ volatile("rdinstret %0" : "=r"(v)::"memory");
	return v;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The median: somebody else may run in the middle of one of them. */
static void row(const char *name, uint64_t *costs, int n)
{
	qsort(costs, (size_t)n, sizeof(*costs), by_value);
	printf("%s %lu\n", name, (unsigned long)costs[n / 2]);
}

/* ---- children ---- */

static pid_t *pids;

/*
 * Makes children that wait for the end of a pipe, and returns it when each has said that it does.
 * With groups, they share so many process groups.
 */
static int crowd(int n, int groups)
{
	int ready[2], gate[2];
	char byte = 0;

	EXPECT(pipe(ready) == 0 && pipe(gate) == 0);
	pids = calloc((size_t)n, sizeof(*pids));
	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		EXPECT(pids[i] >= 0);
		if (pids[i] == 0) {
			close(gate[1]);
			(void)!write(ready[1], &byte, 1);
			(void)!read(gate[0], &byte, 1);
			_exit(0);
		}
		if (groups > 0)
			EXPECT(setpgid(pids[i], i < groups ? 0 : pids[i % groups]) == 0);
	}
	for (int i = 0; i < n; i++)
		EXPECT(read(ready[0], &byte, 1) == 1);
	return gate[1];
}

/* One call that does not wait, and what it costs; *got_ret is the child that it reports, or 0. */
static uint64_t wait_once(idtype_t which, pid_t id, int options, pid_t *got_ret)
{
	siginfo_t info = { 0 };
	uint64_t before, after;
	long err;

	if (which == P_PGID || !(options & WEXITED)) {
		before = now();
		err = syscall(SYS_waitid, which, id, &info, options | WNOHANG, NULL);
		after = now();
		*got_ret = info.si_pid;
		EXPECT(err == 0);
	} else {
		before = now();
		*got_ret = (pid_t)syscall(SYS_wait4, which == P_PID ? id : -1, NULL, WNOHANG, NULL);
		after = now();
	}
	return after - before;
}

static void none_ready(const char *name, idtype_t which, pid_t id)
{
	uint64_t costs[ROUNDS];
	pid_t got;

	for (int i = 0; i < ROUNDS; i++) {
		costs[i] = wait_once(which, id, WEXITED, &got);
		EXPECT(got == 0);
	}
	row(name, costs, ROUNDS);
}

static void signal_and_see(pid_t pid, int sig, int event)
{
	siginfo_t info;

	EXPECT(kill(pid, sig) == 0);
	EXPECT(waitid(P_PID, (id_t)pid, &info, event | WNOWAIT) == 0);
}

/* Some children end, stop or continue, one after the other: what it costs to find each. */
static void ready(const char *name, idtype_t which, const pid_t *some, int sig, int event)
{
	uint64_t costs[ROUNDS];
	pid_t got;

	for (int i = 0; i < ROUNDS; i++) {
		pid_t group = getpgid(some[i]);

		signal_and_see(some[i], sig, event);
		costs[i] = wait_once(which, which == P_PGID ? group : some[i], event, &got);
		EXPECT(got == some[i]);
	}
	row(name, costs, ROUNDS);
}

/* Many have ended, or stopped, from the last to the first. They are reported from the first to the last. */
static void many_ready(const char *name, const pid_t *some, int n, int sig, int event)
{
	uint64_t *costs = calloc((size_t)n, sizeof(*costs));
	pid_t got;

	for (int i = n; i-- > 0;)
		signal_and_see(some[i], sig, event);
	for (int i = 0; i < n; i++) {
		costs[i] = wait_once(P_ALL, 0, event, &got);
		EXPECT(got == some[i]);
	}
	row(name, costs, n);
	free(costs);
}

static void children(int n)
{
	int gate = crowd(n, 2);
	const pid_t *last = pids + n - ROUNDS, *middle = pids + n / 2;

	none_ready("none, by pid", P_PID, pids[n - 1]);
	none_ready("none, of all", P_ALL, 0);
	none_ready("none, of a group", P_PGID, pids[1]);
	ready("stopped, by pid", P_PID, last, SIGSTOP, WSTOPPED);
	ready("continued, by pid", P_PID, last, SIGCONT, WCONTINUED);
	ready("stopped, of all", P_ALL, last, SIGSTOP, WSTOPPED);
	ready("continued, of all", P_ALL, last, SIGCONT, WCONTINUED);
	ready("stopped, of a group", P_PGID, last, SIGSTOP, WSTOPPED);
	ready("continued, of a group", P_PGID, last, SIGCONT, WCONTINUED);
	ready("ended, by pid", P_PID, last, SIGKILL, WEXITED);
	ready("ended, of all", P_ALL, last - ROUNDS, SIGKILL, WEXITED);
	ready("ended, of a group", P_PGID, last - 2 * ROUNDS, SIGKILL, WEXITED);
	many_ready("one of many that have stopped", middle, n / 4, SIGSTOP, WSTOPPED);
	for (int i = 0; i < n / 4; i++)
		signal_and_see(middle[i], SIGCONT, WCONTINUED);
	none_ready("none, by pid, of many that continue", P_PID, pids[2]);
	none_ready("none, of all, of many that continue", P_ALL, 0);
	many_ready("one of many that have ended", pids + 2, n / 4, SIGKILL, WEXITED);
	close(gate);
	while (waitpid(-1, NULL, 0) > 0)
		;
	EXPECT(errno == ECHILD);
}

/*
 * A process with many children in two groups changes its own group, is moved by its parent, and
 * ends. Nothing is counted: nobody may lose the hart for long meanwhile.
 */
static void groups(int n)
{
	int up[2], down[2], status;
	pid_t parent;
	char byte = 0;

	EXPECT(pipe(up) == 0 && pipe(down) == 0);
	parent = fork();
	EXPECT(parent >= 0);
	if (parent == 0) {
		(void)crowd(n, 2);
		EXPECT(setpgid(0, 0) == 0);
		EXPECT(write(up[1], &byte, 1) == 1 && read(down[0], &byte, 1) == 1);
		EXPECT(setsid() == -1 && errno == EPERM);
		EXPECT(setpgid(0, getppid()) == 0);
		EXPECT(kill(-pids[0], SIGSTOP) == 0);
		EXPECT(waitid(P_PID, (id_t)pids[0], &(siginfo_t){ 0 }, WSTOPPED) == 0);
		_exit(0);
	}
	EXPECT(read(up[0], &byte, 1) == 1);
	EXPECT(setpgid(parent, getpgrp()) == 0 && setpgid(parent, parent) == 0);
	EXPECT(write(down[1], &byte, 1) == 1);
	EXPECT(waitpid(parent, &status, 0) == parent && WIFEXITED(status) && !WEXITSTATUS(status));
	puts("groups 0");
}

/* ---- locks ---- */

static long lock(int fd, int cmd, int type, off_t start, off_t len, uint64_t *cost_ret)
{
	struct flock lock = {
		.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = len
	};
	uint64_t before = now();
	long err = fcntl(fd, cmd, &lock);

	*cost_ret = now() - before;
	EXPECT(err == 0);
	return lock.l_type;
}

/* Times a lock for some places, each of which is so far from the one before. */
static void locks_row(const char *name, int fd, int type, off_t first, off_t step, off_t len)
{
	uint64_t costs[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		(void)lock(fd, F_SETLK, type, first + i * step, len, &costs[i]);
	row(name, costs, ROUNDS);
}

/* What a process finds that has no locks itself. */
static void ask_row(const char *name, int fd, int type, int found)
{
	uint64_t costs[ROUNDS];
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	EXPECT(pid >= 0);
	if (pid == 0) {
		for (int i = 0; i < ROUNDS; i++)
			EXPECT(lock(fd, F_GETLK, type, 0, 0, &costs[i]) == found);
		row(name, costs, ROUNDS);
		exit(0);
	}
	EXPECT(waitpid(pid, &status, 0) == pid && status == 0);
}

/* Locks of 8 bytes, with 8 bytes between them. */
static void locks(int n)
{
	int fd = open("locked", O_CREAT | O_RDWR, 0600), other = open("locked", O_RDWR);
	const off_t middle = n / 2 * 16;
	uint64_t cost;

	EXPECT(fd >= 0 && other >= 0);
	for (int i = 0; i < n; i++)
		(void)lock(fd, F_SETLK, F_RDLCK, i * 16, 8, &cost);
	ask_row("asked, none for writing", fd, F_RDLCK, F_UNLCK);
	(void)lock(fd, F_SETLK, F_WRLCK, (n - 1) * 16, 8, &cost);
	ask_row("asked, the last is for writing", fd, F_RDLCK, F_WRLCK);
	locks_row("set between others", fd, F_WRLCK, middle + 10, 16, 2);
	locks_row("removed between others", fd, F_UNLCK, middle + 10, 16, 2);
	locks_row("changed", fd, F_WRLCK, middle, 16, 8);
	locks_row("changed back", fd, F_RDLCK, middle, 16, 8);
	locks_row("cut in two", fd, F_UNLCK, middle + 2, 16, 2);
	locks_row("joined", fd, F_RDLCK, middle + 2, 16, 2);
	locks_row("joined with the next", fd, F_RDLCK, middle + 8, 32, 8);
	locks_row("set behind all", fd, F_WRLCK, n * 16, 16, 8);
	(void)lock(fd, F_SETLK, F_UNLCK, 0, middle, &cost);
	EXPECT(close(other) == 0);
	ask_row("asked, none is left", fd, F_WRLCK, F_UNLCK);
	EXPECT(unlink("locked") == 0);
}

/* ---- paths ---- */

/* An endless tree: in each directory "d" and "e" are one and the same next one, so it has two names. */
static int deep_walk(void *tree, uint64_t dir, struct p9_string name, uint64_t *file_ret)
{
	(void)tree;
	if (p9_string_is(name, ".."))
		*file_ret = dir ? dir - 1 : 0;
	else
		*file_ret = dir + 1;
	return p9_string_is(name, "..") || p9_string_is(name, "d") || p9_string_is(name, "e")
		       ? 0
		       : -ENOENT;
}

static int deep_getattr(void *tree, uint64_t file, struct file_attr *attr)
{
	(void)tree;
	(void)file;
	attr->mode = S_IFDIR | 0755;
	attr->nlink = 2;
	return 0;
}

static int deep_readdir(void *tree, uint64_t dir, uint64_t at, struct file_entry *entry)
{
	(void)tree;
	(void)dir;
	(void)at;
	(void)entry;
	return 0;
}

static int serve_deep(char **words)
{
	static const struct file_ops ops = { .walk = deep_walk,
					     .getattr = deep_getattr,
					     .readdir = deep_readdir };

	return file_server_main(&ops, NULL, words);
}

static void go_down(int n)
{
	while (n-- > 0)
		EXPECT(chdir("d") == 0);
}

/* A look at the other name of the directory below, which takes its place. Then all are left at once. */
static void paths(int n)
{
	char *server[] = { "/proc/self/exe", "serve", NULL }, path[PATH_MAX];
	uint64_t costs[ROUNDS], before;
	struct stat st;
	pid_t pid;

	EXPECT(mkdir("/deep", 0755) == 0);
	EXPECT(serve_and_mount(server, "/deep", 1, NULL, &pid) == 0);
	EXPECT(chdir("/deep") == 0);
	go_down(PATH_MAX / 2 - 10);
	EXPECT(getcwd(path, sizeof(path)) != NULL);
	go_down(n - PATH_MAX / 2 + 10);
	EXPECT(syscall(SYS_getcwd, path, sizeof(path)) == -1 && errno == ENAMETOOLONG);
	for (int i = 0; i < ROUNDS; i++) {
		before = now();
		EXPECT(stat(i % 2 ? "d" : "e", &st) == 0);
		costs[i] = now() - before;
	}
	row("another name", costs, ROUNDS);
	EXPECT(chdir("/") == 0 && umount("/deep") == 0);
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[2]) : 0;

	if (argc < 3)
		return 2;
	if (strcmp(argv[1], "children") == 0)
		children(n);
	else if (strcmp(argv[1], "groups") == 0)
		groups(n);
	else if (strcmp(argv[1], "locks") == 0)
		locks(n);
	else if (strcmp(argv[1], "paths") == 0)
		paths(n);
	else if (strcmp(argv[1], "serve") == 0)
		return serve_deep(argv + 2);
	else
		return 2;
	return 0;
}
