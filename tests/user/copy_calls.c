/* SPDX-License-Identifier: MIT */
/* R25 R27: every call that takes a buffer, on untouched, COW, read-only, PROT_NONE and missing
 * memory. */
#include "t.h"
#include <sys/uio.h>
#include <time.h>

static char *lazy, *cow, *ro, *none, *hole;
static int dir, zero;

static long do_fstat(void *p)
{
	return syscall(SYS_fstat, zero, p);
}
static long do_stat(void *p)
{
	return syscall(SYS_newfstatat, AT_FDCWD, "/", p, 0);
}
static long do_pipe(void *p)
{
	return syscall(SYS_pipe2, p, 0);
}
static long do_getdents(void *p)
{
	lseek(dir, 0, SEEK_SET);
	return syscall(SYS_getdents64, dir, p, 64);
}
static long do_clock(void *p)
{
	return syscall(SYS_clock_gettime, CLOCK_MONOTONIC, p);
}
static long do_random(void *p)
{
	return syscall(SYS_getrandom, p, 64, 0);
}
static long do_rlimit(void *p)
{
	return syscall(SYS_prlimit64, 0, RLIMIT_STACK, NULL, p);
}
static long do_read(void *p)
{
	return syscall(SYS_read, zero, p, 100);
}
static long do_sleep(void *p)
{
	return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, p, NULL);
}
static long do_nanosleep(void *p)
{
	return syscall(SYS_nanosleep, p, NULL);
}
static long do_open(void *p)
{
	return syscall(SYS_openat, AT_FDCWD, p, O_RDONLY);
}

static long do_writev(void *p)
{
	return syscall(SYS_writev, zero, p, 1);
}

static long do_wait(void *p)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	long r;

	if (pid == 0)
		_exit(3);
	r = syscall(SYS_wait4, pid, p, 0, NULL);
	return r == pid ? 1000 : r;
}

static long do_wait_usage(void *p)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	long r;

	if (pid == 0)
		_exit(3);
	r = syscall(SYS_wait4, pid, NULL, 0, p);
	return r == pid ? 1000 : r;
}

static int each(const char *what, long (*call)(void *), char *p, char *line)
{
	long r = call(p);

	return sprintf(line, " %s %s", what, r == -1 ? strerrorname_np(errno) : "ok");
}

static long (*the_call)(void *);

static int all(void *name)
{
	char line[1024], *at = line;
	long (*call)(void *) = the_call;

	at += sprintf(at, "%s:", (char *)name);
	at += each("lazy", call, lazy, at);
	at += each("straddling", call, lazy + 3 * PAGE - 8, at);
	at += each("cow", call, cow, at);
	at += each("ro", call, ro, at);
	at += each("none", call, none, at);
	at += each("to-none", call, none - 8, at);
	at += each("hole", call, hole, at);
	at += each("to-hole", call, hole - 8, at);
	at += each("null", call, NULL, at);
	at += each("kernel", call, (void *)0xffffffd000000000, at);
	at += each("-1", call, (void *)-1, at);
	say("%s\n", line);
	return 0;
}

/* Each call in a child of its own, so that it finds the memory as it is below. */
static void calls(void)
{
	static const struct {
		const char *name;
		long (*call)(void *);
	} c[] = {
		{ "fstat", do_fstat },
		{ "newfstatat", do_stat },
		{ "pipe2", do_pipe },
		{ "getdents64", do_getdents },
		{ "clock_gettime", do_clock },
		{ "getrandom", do_random },
		{ "prlimit64", do_rlimit },
		{ "read", do_read },
		{ "wait4 rusage", do_wait_usage },
		{ "wait4 status", do_wait },
		{ "clock_nanosleep", do_sleep },
		{ "nanosleep", do_nanosleep },
		{ "openat", do_open },
		{ "writev", do_writev },
	};

	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		the_call = c[i].call;
		in_child("child", all, (void *)(uintptr_t)c[i].name);
	}
}

int main(void)
{
	lazy = anon(8 * PAGE);
	cow = memset(anon(2 * PAGE), 0, 2 * PAGE);
	ro = anon(2 * PAGE);
	none = anon(3 * PAGE) + PAGE;
	hole = before_hole(1) + PAGE;
	mprotect(ro, 2 * PAGE, PROT_READ);
	mprotect(none, 2 * PAGE, PROT_NONE);
	zero = open("/dev/zero", O_RDWR);
	dir = open("/dev", O_RDONLY | O_DIRECTORY);
	calls();
	return 0;
}
