/* SPDX-License-Identifier: MIT */
/* What the user tests share: say a line, name an error, run something in a child and tell how it
 * ended. */
#ifndef TESTS_USER_T_H
#define TESTS_USER_T_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Newer than the C library. */
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

#define PAGE 4096ul
#define MIB  (1ul << 20)
#define GIB  (1ul << 30)
#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

/*
 * The status of a test that has found itself wrong. With this, and any other from 90 on that it has for what it
 * could not set up, tools/record records nothing.
 */
#define NOT_RECORDED 99

/* One write per line, so that the lines of several processes never mix. */
__attribute__((format(printf, 1, 2), unused)) static void say(const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0 && write(STDOUT_FILENO, line, (size_t)n) != n)
		_exit(99);
}

/* "what: value" or "what: ENAME", for a call that answers -1 and errno. */
__attribute__((unused)) static long result(const char *what, long value)
{
	if (value == -1)
		say("%s: %s\n", what, strerrorname_np(errno));
	else
		say("%s: %ld\n", what, value);
	return value;
}

/* With SAY_LINES in the environment TRY() first says its line: tools/replay --lines. */
static int says_lines;

__attribute__((constructor, unused)) static void look_for_lines(void)
{
	says_lines = getenv("SAY_LINES") != NULL;
}

__attribute__((unused)) static void line_of(int line)
{
	if (says_lines)
		say("# line %d\n", line);
}

/*
 * result() by the name of the call that a text begins with; of syscall(SYS_x, ...) it is x. The
 * arguments are not told: what was recorded stays as it is where they are written otherwise.
 */
__attribute__((unused)) static long result_of(const char *call, long value)
{
	const char *in_names = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	const char *is_system_call = "syscall(SYS_";
	char name[40];
	size_t n;

	for (; (n = strspn(call, in_names)) == 0 || call[n] != '('; call += n ? n : 1) {
		if (*call == '\0') {
			say("not a call\n");
			_exit(96);
		}
	}
	if (strncmp(call, is_system_call, strlen(is_system_call)) == 0) {
		call += strlen(is_system_call);
		n = strspn(call, in_names);
	}
	snprintf(name, sizeof(name), "%.*s", (int)n, call);
	return result(name, value);
}
#define TRY(call) (line_of(__LINE__), result_of(#call, (long)(call)))

/* The result of a call whose good answer is an address, which is not told. */
__attribute__((unused)) static void *mapped(const char *what, void *p)
{
	say("%s: %s\n", what, p == MAP_FAILED ? strerrorname_np(errno) : "mapped");
	return p;
}

__attribute__((unused)) static void ended(const char *what, int status)
{
	if (WIFEXITED(status))
		say("%s: exit %d\n", what, WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		say("%s: killed SIG%s\n", what, sigabbrev_np(WTERMSIG(status)));
	else
		say("%s: status %#x\n", what, status);
}

/* Runs f(arg) in a child of its own, which exits with what f returns; tells how that ended. */
__attribute__((unused)) static int in_child(const char *what, int (*f)(void *), void *arg)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(f(arg));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		result(what, -1);
	else
		ended(what, status);
	return status;
}

__attribute__((unused)) static void nap(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* Whether a clock shows that time, or a later one. */
__attribute__((unused)) static int has_come(clockid_t clock, struct timespec time)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec > time.tv_sec ||
	       (now.tv_sec == time.tv_sec && now.tv_nsec >= time.tv_nsec);
}

/* The number after a name in /proc/PID/status; -1 if the process has ended. */
__attribute__((unused)) static long number_in_status(pid_t pid, const char *name)
{
	char path[40], text[4096], line[40], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	snprintf(line, sizeof(line), "\n%s:", name);
	at = strstr(text, line);
	return at ? atol(at + strlen(line)) : -1;
}

/* How often a process has waited so far, as /proc says; -1 if it has ended. */
__attribute__((unused)) static long waits_of(pid_t pid)
{
	return number_in_status(pid, "voluntary_ctxt_switches");
}

/* Returns when a process has waited more often than that: now it sleeps, unless it was woken; or when it has ended. */
__attribute__((unused)) static void until_it_waits(pid_t pid, long before)
{
	for (long waits; (waits = waits_of(pid)) >= 0 && waits <= before;)
		nap(1);
}

/* The letter in the file `stat` of a thread or process: S if it waits, Z if it has ended; 0 if it is gone. */
__attribute__((unused)) static char letter_in(const char *path)
{
	int fd = open(path, O_RDONLY);
	char text[512], *at;
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')');
	return at ? at[2] : 0;
}

__attribute__((unused)) static char letter_of(pid_t pid)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return letter_in(path);
}

#define LOOKS 5000 /* after so many, what is waited for never comes */

/* Returns when the process sleeps. */
__attribute__((unused)) static void until_it_sleeps(pid_t pid)
{
	for (int i = 0; i < LOOKS; i++) {
		if (letter_of(pid) == 'S')
			return;
		nap(1);
	}
	say("it does not sleep\n");
}

/* For a thread that another one has started: its id, which it says itself before it waits. */
__attribute__((unused)) static void until_thread_sleeps(volatile pid_t *tid)
{
	while (*tid == 0)
		nap(1);
	until_it_sleeps(*tid);
	*tid = 0;
}

/* For a child that does something while its parent waits: returns when that sleeps. */
__attribute__((unused)) static void until_parent_sleeps(void)
{
	until_it_sleeps(getppid());
}

/* Sends a signal to a process that sleeps. Returns when it sleeps again. */
__attribute__((unused)) static void wake_by_signal(pid_t pid, int sig)
{
	long before = waits_of(pid);

	kill(pid, sig);
	until_it_waits(pid, before);
}

/* Returns when a change of a file would have another time: the clock of these is coarse on Linux. */
__attribute__((unused)) static void until_time_moves(void)
{
	struct timespec from, to;

	clock_gettime(CLOCK_REALTIME_COARSE, &from);
	do {
		nap(1);
		clock_gettime(CLOCK_REALTIME_COARSE, &to);
	} while (from.tv_sec == to.tv_sec && from.tv_nsec == to.tv_nsec);
}

/* Says /proc/self/maps so of the mapping that begins there? */
__attribute__((unused)) static int is_executable(const char *p)
{
	char line[256], want[20];
	FILE *maps = fopen("/proc/self/maps", "r");
	int found = 0;

	snprintf(want, sizeof(want), "%lx-", (unsigned long)(uintptr_t)p);
	while (!found && fgets(line, sizeof(line), maps))
		found = strncmp(line, want, strlen(want)) == 0;
	fclose(maps);
	return found && strchr(line, ' ')[3] == 'x';
}

/* The mode of a file that has no name, and what /proc says instead of a name. */
__attribute__((unused)) static void tell_kind(int fd)
{
	char name[40], link[40];
	struct stat st;
	ssize_t n;

	TRY(fstat(fd, &st));
	say("mode %#o\n", st.st_mode);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, link, sizeof(link) - 1);
	say("%.*s\n", (int)n, link);
}

__attribute__((unused)) static char *anon(size_t len)
{
	char *p = mmap(NULL, len, RW, ANON, -1, 0);

	if (p == MAP_FAILED) {
		say("cannot map %zu bytes: %s\n", len, strerrorname_np(errno));
		exit(98);
	}
	return p;
}

/* npages of writable memory far from all else, so that the hole behind them stays one. */
__attribute__((unused)) static char *before_hole(size_t npages)
{
	static char *at = (char *)0x1000000000;

	at += GIB;
	return mmap(at, npages * PAGE, RW, ANON | MAP_FIXED, -1, 0);
}

/* The type of a name in a directory, as readdir() has it; -1: it is not there. */
__attribute__((unused)) static int listed(const char *path, const char *name)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int type = -1;

	errno = 0;
	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, name) == 0)
			type = entry->d_type;
	if (errno)
		say("readdir, %s: %s\n", path, strerrorname_np(errno));
	if (dir)
		closedir(dir);
	return type;
}

/* The number of bytes in [p, p + n) that are not c. */
__attribute__((unused)) static size_t not_all(const volatile char *p, size_t n, char c)
{
	size_t bad = 0;

	for (size_t i = 0; i < n; i++)
		bad += p[i] != c;
	return bad;
}

/* FNV-1a of [p, p + n). */
__attribute__((unused)) static unsigned checksum(const void *p, size_t n)
{
	const unsigned char *c = p;
	unsigned sum = 2166136261u;

	while (n--)
		sum = (sum ^ *c++) * 16777619u;
	return sum;
}

/* Makes a file of len bytes whose byte i is (char)(i * 7 + i / 4096), and leaves it closed. */
__attribute__((unused)) static void make_file(const char *path, size_t len)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	char buf[4096];

	for (size_t at = 0; fd >= 0 && at < len;) {
		size_t n = len - at < sizeof(buf) ? len - at : sizeof(buf);

		for (size_t i = 0; i < n; i++)
			buf[i] = (char)((at + i) * 7 + (at + i) / 4096);
		if (write(fd, buf, n) != (ssize_t)n)
			break;
		at += n;
	}
	if (fd < 0 || close(fd) != 0) {
		say("cannot make %s: %s\n", path, strerrorname_np(errno));
		exit(97);
	}
}

__attribute__((unused)) static char file_byte(size_t i)
{
	return (char)(i * 7 + i / 4096);
}

/* How many of n bytes are not those of such a file from `at` on. */
__attribute__((unused)) static size_t bytes_unlike_file(const char *from, size_t at, size_t n)
{
	size_t bad = 0;

	for (size_t i = 0; i < n; i++)
		bad += from[i] != file_byte(at + i);
	return bad;
}

/* One access, for those who see what signal comes of it. */
__attribute__((unused)) static int loads_from(void *at)
{
	return *(volatile char *)at * 0;
}

__attribute__((unused)) static int stores_to(void *at)
{
	*(volatile char *)at = 1;
	return 0;
}

#endif
