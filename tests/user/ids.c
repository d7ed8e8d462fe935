/* SPDX-License-Identifier: MIT */
/* User and group ids where there is no user but root: in a user namespace of Linux that maps only 0. */
#include "t.h"

#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/fsuid.h>

static void *volatile bad = (void *)8; /* volatile: the compiler must not judge it */

static void write_map(pid_t pid, const char *name)
{
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_WRONLY);
	if (fd >= 0 && write(fd, "0 0 1\n", 6) == 6)
		close(fd);
}

/* Runs f in a child, on Linux in a user namespace of its own. */
static void in_namespace(const char *what, void (*f)(void))
{
	int there[2], mapped[2], status;
	char byte;
	pid_t pid;

	pipe(there);
	pipe(mapped);
	pid = fork();
	if (pid == 0) {
		unshare(CLONE_NEWUSER);
		write(there[1], "x", 1);
		read(mapped[0], &byte, 1);
		f();
		_exit(0);
	}
	read(there[0], &byte, 1);
	write_map(pid, "uid_map");
	write_map(pid, "gid_map");
	write(mapped[1], "x", 1);
	waitpid(pid, &status, 0);
	ended(what, status);
}

/* The ids as three calls and /proc tell them. */
static void show(void)
{
	unsigned id[6] = { 9, 9, 9, 9, 9, 9 };
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");

	TRY(getresuid(&id[0], &id[1], &id[2]));
	TRY(getresgid(&id[3], &id[4], &id[5]));
	say("%u %u %u, %u %u %u; %d %d\n", id[0], id[1], id[2], id[3], id[4], id[5], setfsuid(-1u),
	    setfsgid(-1u));
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "Uid:", 4) == 0 || strncmp(line, "Gid:", 4) == 0 ||
		    strncmp(line, "Groups:", 7) == 0)
			say("%s", line);
	if (f)
		fclose(f);
}

static void same(void)
{
	show();
	TRY(setuid(0));
	TRY(setgid(0));
	TRY(setreuid(0, 0));
	TRY(setreuid(-1, 0));
	TRY(setreuid(0, -1));
	TRY(setreuid(-1, -1));
	TRY(setregid(0, 0));
	TRY(setregid(-1, -1));
	TRY(setresuid(0, 0, 0));
	TRY(setresuid(-1, 0, -1));
	TRY(setresuid(-1, -1, -1));
	TRY(setresgid(0, 0, 0));
	TRY(setresgid(-1, -1, -1));
	TRY(setfsuid(0));
	TRY(setfsgid(0));
	TRY(syscall(SYS_setuid, 1ul << 32));
	TRY(syscall(SYS_setresuid, 0, -1ul, 0xffffffff));
	show();
}

static void others(void)
{
	TRY(setuid(1));
	TRY(setuid(-1));
	TRY(setuid(65534));
	TRY(setgid(1));
	TRY(setgid(-1));
	TRY(setreuid(1, -1));
	TRY(setreuid(-1, 1));
	TRY(setreuid(0, 1));
	TRY(setregid(1, -1));
	TRY(setregid(-1, 1));
	TRY(setresuid(1, -1, -1));
	TRY(setresuid(-1, 1, -1));
	TRY(setresuid(-1, -1, 1));
	TRY(setresuid(1, 1, 1));
	TRY(setresgid(1, -1, -1));
	TRY(setresgid(-1, 1, -1));
	TRY(setresgid(-1, -1, 1));
	TRY(setfsuid(1));
	TRY(setfsgid(1));
	show();
}

static void bad_addresses(void)
{
	gid_t *at_hole = (gid_t *)(before_hole(1) + PAGE) - 1;
	uid_t id;

	TRY(getresuid(bad, &id, &id));
	TRY(getresuid(&id, bad, &id));
	TRY(getresuid(&id, &id, bad));
	TRY(getresgid(bad, &id, &id));
	TRY(getresgid(&id, bad, &id));
	TRY(getresgid(&id, &id, bad));
	TRY(getresgid(&id, &id, at_hole + 1));
	TRY(setgroups(1, bad));
	*at_hole = 0;
	TRY(setgroups(2, at_hole));
	*at_hole = 1;
	TRY(setgroups(2, at_hole));
	TRY(setgroups(65537, bad));
	TRY(syscall(SYS_setgroups, -1, bad));
	TRY(setgroups(0, bad));
	TRY(getgroups(0, bad));
	TRY(syscall(SYS_getgroups, -1, bad));
	TRY(getgroups(1, bad));
	*at_hole = 0;
	TRY(setgroups(1, at_hole));
	TRY(getgroups(0, bad));
	TRY(syscall(SYS_getgroups, -1, bad));
	TRY(getgroups(1, bad));
	TRY(getgroups(9, at_hole));
}

static void groups(void)
{
	gid_t list[2] = { 0, 7 };
	int status;

	TRY(getgroups(0, NULL));
	TRY(getgroups(2, list));
	TRY(setgroups(1, list));
	TRY(getgroups(0, NULL));
	list[0] = 9;
	TRY(getgroups(2, list));
	say("%u %u\n", list[0], list[1]);
	TRY(setgroups(2, list));
	list[0] = 7;
	TRY(setgroups(1, list));
	show();
	if (fork() == 0) {
		show();
		TRY(setgroups(0, NULL));
		show();
		execl("/proc/self/exe", "ids", "again", NULL);
	}
	wait(&status);
	if (fork() == 0) {
		execl("/proc/self/exe", "ids", "again", NULL);
		_exit(1);
	}
	wait(&status);
	ended("after exec", status);
	show();
}

/* ---- threads ---- */

#define CALLERS 3
#define ROUNDS	10 /* each waits for the turn of the one that spins */

static int block[2];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static bool over;

static void *reads(void *unused)
{
	char byte;

	(void)unused;
	return (void *)read(block[0], &byte, 1);
}

static void *waits(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&mutex);
	while (!over)
		pthread_cond_wait(&cond, &mutex);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static void *spins(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED))
		continue;
	return NULL;
}

static void *calls(void *unused)
{
	long failed = 0;
	gid_t none = 0;

	(void)unused;
	for (int i = 0; i < ROUNDS; i++)
		failed += setuid(0) != 0 || setgroups(i % 2, &none) != 0;
	return (void *)failed;
}

/* The C library makes each of these calls in all threads, by a signal of its own. */
static void threads(void)
{
	pthread_t blocked[3], callers[CALLERS];
	void *result;

	pipe(block);
	pthread_create(&blocked[0], NULL, reads, NULL);
	pthread_create(&blocked[1], NULL, waits, NULL);
	pthread_create(&blocked[2], NULL, spins, NULL);
	TRY(setuid(0));
	TRY(setgid(0));
	TRY(setresuid(0, 0, 0));
	TRY(setgroups(0, NULL));
	TRY(setuid(1));
	TRY(setreuid(0, 1));
	for (int i = 0; i < CALLERS; i++)
		pthread_create(&callers[i], NULL, calls, NULL);
	for (int i = 0; i < CALLERS; i++) {
		pthread_join(callers[i], &result);
		say("failed: %ld\n", (long)result);
	}
	pthread_mutex_lock(&mutex);
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&mutex);
	write(block[1], "x", 1);
	for (int i = 0; i < 3; i++) {
		pthread_join(blocked[i], &result);
		say("ended with %ld\n", (long)result);
	}
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		show();
		return 0;
	}
	in_namespace("same", same);
	in_namespace("others", others);
	in_namespace("bad addresses", bad_addresses);
	in_namespace("groups", groups);
	in_namespace("threads", threads);
	return 0;
}
