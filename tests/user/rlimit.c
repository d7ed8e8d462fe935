/* SPDX-License-Identifier: MIT */
/* RLIMIT_STACK, RLIMIT_AS and RLIMIT_DATA: got, set, inherited, kept by exec, and felt by brk,
 * mmap and the stack. */
#include "t.h"

#include <pthread.h>

static const char *name_of(rlim_t v)
{
	static char text[4][32];
	static int i;

	i = (i + 1) % 4;
	if (v == RLIM_INFINITY)
		return "infinity";
	snprintf(text[i], sizeof(text[i]), "%lu", v);
	return text[i];
}

static void show(const char *what, int resource)
{
	struct rlimit r = { 1, 2 };

	if (getrlimit(resource, &r) != 0)
		result(what, -1);
	else
		say("%s: %s, at most %s\n", what, name_of(r.rlim_cur), name_of(r.rlim_max));
}

/* The calls that C libraries for this machine make by way of prlimit64. */
static void old_calls(void)
{
	struct rlimit r = { 100, 200 }, got = { 1, 2 };

	TRY(syscall(SYS_setrlimit, RLIMIT_CORE, &r));
	TRY(syscall(SYS_getrlimit, RLIMIT_CORE, &got));
	say("%lu %lu\n", got.rlim_cur, got.rlim_max);
	r.rlim_cur = 300;
	TRY(syscall(SYS_setrlimit, RLIMIT_CORE, &r));
	TRY(syscall(SYS_setrlimit, 16, &r));
	TRY(syscall(SYS_setrlimit, -1, &r));
	TRY(syscall(SYS_setrlimit, 16, 8));
	TRY(syscall(SYS_setrlimit, RLIMIT_CORE, 8));
	TRY(syscall(SYS_setrlimit, RLIMIT_CORE, 0));
	TRY(syscall(SYS_getrlimit, 16, &got));
	TRY(syscall(SYS_getrlimit, -1, &got));
	TRY(syscall(SYS_getrlimit, 16, 8));
	TRY(syscall(SYS_getrlimit, RLIMIT_CORE, 8));
	TRY(syscall(SYS_getrlimit, RLIMIT_CORE, 0));
	r = (struct rlimit){ 20, (1ul << 20) + 1 };
	TRY(syscall(SYS_setrlimit, RLIMIT_NOFILE, &r));
	show("core", RLIMIT_CORE);
}

static long set(int resource, rlim_t cur, rlim_t max)
{
	struct rlimit r = { cur, max };

	return setrlimit(resource, &r);
}

static int deep(void *bytes)
{
	volatile char *sp = __builtin_frame_address(0);

	sp[-(long)bytes] = 1;
	return 0;
}

static int space(void *unused)
{
	char *p;

	(void)unused;
	TRY(set(RLIMIT_AS, 64 * MIB, RLIM_INFINITY));
	p = mapped("32 MiB", mmap(NULL, 32 * MIB, RW, ANON, -1, 0));
	mapped("40 MiB more", mmap(NULL, 40 * MIB, RW, ANON, -1, 0));
	mapped("40 MiB PROT_NONE", mmap(NULL, 40 * MIB, PROT_NONE, ANON, -1, 0));
	say("brk by 40 MiB: %s\n",
	    sbrk(40 * MIB) == (void *)-1 ? strerrorname_np(errno) : "granted");
	TRY(munmap(p, 32 * MIB));
	mapped("40 MiB now", mmap(NULL, 40 * MIB, RW, ANON, -1, 0));
	return 0;
}

static int data(void *unused)
{
	(void)unused;
	TRY(set(RLIMIT_DATA, 16 * MIB, RLIM_INFINITY));
	say("brk by 8 MiB: %s\n", sbrk(8 * MIB) == (void *)-1 ? strerrorname_np(errno) : "granted");
	say("brk by 16 MiB: %s\n",
	    sbrk(16 * MIB) == (void *)-1 ? strerrorname_np(errno) : "granted");
	mapped("mmap of 16 MiB, writable", mmap(NULL, 16 * MIB, RW, ANON, -1, 0));
	mapped("mmap of 16 MiB, read-only", mmap(NULL, 16 * MIB, PROT_READ, ANON, -1, 0));
	mapped("mmap of 16 MiB, shared",
	       mmap(NULL, 16 * MIB, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	return 0;
}

static void zombie(void)
{
	struct rlimit r;
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	TRY(syscall(SYS_prlimit64, pid, RLIMIT_AS, NULL, &r));
	TRY(syscall(SYS_prlimit64, pid, 99, NULL, NULL));
	waitpid(pid, NULL, 0);
}

static void *tells_and_waits(void *ends)
{
	pid_t tid = (pid_t)syscall(SYS_gettid);

	if (write(((int *)ends)[1], &tid, sizeof(tid)) == sizeof(tid))
		pause();
	return NULL;
}

/* Each thread has the limits of its process. */
static void another_thread(void)
{
	const struct rlimit new = { 5 * MIB, 6 * MIB };
	pthread_t thread;
	int ends[2];
	pid_t tid;

	if (pipe(ends) != 0)
		return;
	pthread_create(&thread, NULL, tells_and_waits, ends);
	if (read(ends[0], &tid, sizeof(tid)) != sizeof(tid))
		return;
	TRY(syscall(SYS_prlimit64, tid, RLIMIT_CORE, &new, NULL));
	show("core", RLIMIT_CORE);
	pthread_cancel(thread);
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	char *args[] = { argv[0], "after exec", NULL };

	show("stack", RLIMIT_STACK);
	if (argc > 1) {
		in_child("600 KiB below", deep, (void *)(600 * 1024l));
		in_child("2 MiB below", deep, (void *)(2 * MIB));
		return 0;
	}
	show("address space", RLIMIT_AS);
	show("data", RLIMIT_DATA);
	in_child("address space", space, NULL);
	in_child("data", data, NULL);
	show("the parent's address space", RLIMIT_AS);
	TRY(set(RLIMIT_DATA, 20 * MIB, 10 * MIB));
	TRY(set(99, 1, 1));
	TRY(syscall(SYS_prlimit64, 999999, RLIMIT_AS, NULL, NULL));
	TRY(syscall(SYS_prlimit64, getpid(), RLIMIT_AS, NULL, NULL));
	TRY(syscall(SYS_prlimit64, 999999, 99, NULL, NULL));
	zombie();
	another_thread();
	old_calls();
	TRY(set(RLIMIT_STACK, MIB, 4 * MIB));
	show("stack", RLIMIT_STACK);
	execv(argv[0], args);
	return 1;
}
