/* SPDX-License-Identifier: MIT */
/* What the grading programs of the labs share: contents of pages, children, results. */
#ifndef LABS_LIB_LAB_H
#define LABS_LIB_LAB_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi/faultline.h"

#define PAGE  4096ul
#define MIB   (1ul << 20)
#define RW    (PROT_READ | PROT_WRITE)
#define WORDS (PAGE / sizeof(uint64_t))

/*
 * In the film of a test, each line that tells what came is a mark, so that it opens where something
 * wrong was noticed.
 */
static void mark_line(const char *line)
{
	size_t bytes = strcspn(line, "\n");
	const char *end = strchr(line, ' ');

	if (!getenv("LAB_FILM"))
		return;
	if (!strncmp(line, "result ", 7) && (end = strchr(end + 1, ' ')))
		bytes = (size_t)(end - line); /* without the value */
	if (bytes >= FAULTLINE_MARK_BYTES)
		bytes = FAULTLINE_MARK_BYTES - 1;
	syscall(SYS_faultline, FAULTLINE_MARK, FAULTLINE_MARK_HERE, line, bytes, 0);
}

/* One write per line, so that the lines of several processes never mix. */
__attribute__((format(printf, 1, 2), unused)) static void say(const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	mark_line(line);
	if (n > 0 && write(STDOUT_FILENO, line, (size_t)n) != n)
		_exit(99);
}

/* A value that the grader compares with what it has computed on the host from the same seed. */
__attribute__((unused)) static void result(const char *name, uint64_t value)
{
	say("result %s %llu\n", name, (unsigned long long)value);
}

/* The call that did not do what it should have: the grader shows it. */
__attribute__((noreturn, unused)) static void fail(const char *what)
{
	say("failed %s: %s\n", what, strerror(errno));
	_exit(98);
}

/* Fails unless a read or a write has done all that it was asked for. */
__attribute__((unused)) static void check_count(const char *what, ssize_t count, size_t wanted)
{
	if (count < 0)
		fail(what);
	if ((size_t)count == wanted)
		return;
	say("failed %s: %zd of %zu bytes\n", what, count, wanted);
	_exit(98);
}

/* splitmix64: a different number for each index. */
__attribute__((unused)) static uint64_t mix(uint64_t seed, uint64_t index)
{
	uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* Fills a whole page from one value. */
__attribute__((unused)) static void page_write(void *page, uint64_t value)
{
	uint64_t *words = page;

	for (unsigned i = 0; i < WORDS; i++)
		words[i] = value * (2 * i + 1);
}

/* Returns the value of a page, or another one if parts of it have been written since. */
__attribute__((unused)) static uint64_t page_read(const void *page)
{
	const volatile uint64_t *words = page;
	uint64_t value = words[0];

	for (unsigned i = 1; i < WORDS; i++)
		if (words[i] != value * (2 * i + 1))
			return ~value;
	return value;
}

/* The pages of a range, filled from a seed. */
__attribute__((unused)) static void fill(char *pages, size_t npages, uint64_t seed)
{
	for (size_t i = 0; i < npages; i++)
		page_write(pages + i * PAGE, mix(seed, i));
}

/* One number for the contents of a range. */
__attribute__((unused)) static uint64_t sum(const char *pages, size_t npages)
{
	uint64_t total = 0;

	for (size_t i = 0; i < npages; i++)
		total += page_read(pages + i * PAGE) * (2 * i + 1);
	return total;
}

__attribute__((unused)) static char *map_pages(size_t npages, int flags)
{
	void *pages = mmap(NULL, npages * PAGE, RW, flags | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		fail("mmap");
	return pages;
}

__attribute__((unused)) static int fork_child(void)
{
	int pid = fork();

	if (pid < 0)
		fail("fork");
	return pid;
}

/* Children that have ended well while hear() has waited, and that nobody has waited for yet. */
static int ended[64];
static unsigned nended;

/* A child that is killed, or fails, ends the test: it has not told what others wait for. */
static bool may_die;

/* The test's children may die from now on. */
__attribute__((unused)) static void let_children_die(void)
{
	may_die = true;
	signal(SIGCHLD, SIG_DFL);
}

static int shell_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool take_ended(int pid)
{
	for (unsigned i = 0; i < nended; i++)
		if (ended[i] == pid) {
			ended[i] = ended[--nended];
			return true;
		}
	return false;
}

/* Returns the status that a child ends with, or 128 and the signal that killed it. */
__attribute__((unused)) static int wait_child(int pid)
{
	int status;

	if (take_ended(pid))
		return 0;
	if (waitpid(pid, &status, 0) != pid)
		fail("waitpid");
	return shell_status(status);
}

/* Waits for a child, and says how it ended if that was not by exit(0). */
__attribute__((unused)) static void join_child(int pid)
{
	int status = wait_child(pid);

	if (status > 128)
		say("failed child: killed by signal %d\n", status - 128);
	else if (status)
		say("failed child: exit status %d\n", status);
}

/* A pipe by which processes wait for each other and tell numbers. */
struct channel {
	int ends[2];
};

__attribute__((unused)) static void channel_open(struct channel *channel)
{
	if (pipe(channel->ends))
		fail("pipe");
}

__attribute__((unused)) static void tell(const struct channel *channel, uint64_t value)
{
	check_count("write to a pipe", write(channel->ends[1], &value, sizeof(value)),
		    sizeof(value));
}

/* Where there are no signals, nobody else notices that a child has died. */
static void look_for_dead_children(void)
{
	int status, pid;

	if (may_die || nended == sizeof(ended) / sizeof(ended[0]))
		return;
	pid = waitpid(-1, &status, WNOHANG);
	if (pid <= 0)
		return;
	if (status == 0) {
		ended[nended++] = pid;
		return;
	}
	if (WIFSIGNALED(status))
		say("failed child: killed by signal %d\n", WTERMSIG(status));
	_exit(97);
}

__attribute__((unused)) static uint64_t hear(const struct channel *channel)
{
	struct pollfd one = { .fd = channel->ends[0], .events = POLLIN };
	uint64_t value;
	ssize_t n;

	while (poll(&one, 1, 100) == 0)
		look_for_dead_children();
	n = read(channel->ends[0], &value, sizeof(value));
	if (n == 0) {
		say("failed processes: those that should answer have ended\n");
		_exit(98);
	}
	check_count("read from a pipe", n, sizeof(value));
	return value;
}

/* Frames of private memory, of all processes. */
__attribute__((unused)) static long private_frames(void)
{
	struct faultline_frames frames;

	if (syscall(SYS_faultline, FAULTLINE_FRAMES, 0, &frames, sizeof(frames), 0) != 1)
		fail("FAULTLINE_FRAMES");
	return (long)frames.anonymous;
}

/* Frames that count as this process's. */
__attribute__((unused)) static uint64_t resident_frames(void)
{
	struct faultline_process process;

	if (syscall(SYS_faultline, FAULTLINE_PROCESS, 0, &process, sizeof(process), 0) != 1)
		fail("FAULTLINE_PROCESS");
	return process.resident;
}

/* Frames that are in use for anything. */
__attribute__((unused)) static long used_frames(void)
{
	struct faultline_machine machine;

	if (syscall(SYS_faultline, FAULTLINE_MACHINE, 0, &machine, sizeof(machine), 0) != 1)
		fail("FAULTLINE_MACHINE");
	return (long)(machine.frames - machine.free_frames);
}

/*
 * Tells how many frames were taken. Another process may give a few back between two counts, such as a copy that its
 * fault has prepared and does not need any more; so a few less than none are none.
 */
__attribute__((unused)) static void result_frames(const char *name, long taken)
{
	result(name, taken < 0 && taken >= -4 ? 0 : (uint64_t)taken);
}

/* The address of the frame that a process has at an address; 0: none. pid 0: the caller. */
__attribute__((unused)) static unsigned long frame_at(int pid, const void *address)
{
	static const char mark[] = "frame ";
	char walk[512];
	const char *at;

	if (syscall(SYS_faultline, FAULTLINE_WALK, pid, walk, sizeof(walk), address) < 0)
		fail("FAULTLINE_WALK");
	at = strstr(walk, mark);
	return at ? strtoul(at + strlen(mark), NULL, 0) : 0;
}

__attribute__((unused)) static uint64_t nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The C library's nanosleep() makes a call that the core has not. */
__attribute__((unused)) static void pause_for(uint64_t ns)
{
	const struct timespec time = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };

	syscall(SYS_nanosleep, &time, NULL);
}

/* ---- which test runs ---- */

struct lab_test {
	const char *name;
	void (*run)(uint64_t seed, size_t n);
};

/* A child that does not end well has not told what others wait for. */
static void on_child(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	if (info->si_code == CLD_EXITED && info->si_status == 0)
		return;
	if (info->si_code != CLD_EXITED)
		say("failed child: killed by signal %d\n", info->si_status);
	_exit(97);
}

/* Shows the last faults of the machine, for ./grade --why. */
static void show_faults(void)
{
	static const char *const kinds[] = { "DENY_MAPERR", "DENY_ACCERR", "ACCESSED", "SPURIOUS",
					     "SWAPPED",	    "FILL",	   "REUSE",    "COW",
					     "REMAP",	    "USER_WP" };
	static struct faultline_trace trace;
	uint64_t i, shown = 0;

	if (syscall(SYS_faultline, FAULTLINE_TRACE, 0, &trace, sizeof(trace), 0) != 1)
		return;
	for (i = trace.count; i > 0 && shown < 20; i--) /* of the test's processes: not our own */
		shown += trace.faults[i - 1].pid > getpid();
	for (; i < trace.count; i++) {
		const struct faultline_fault *fault = &trace.faults[i];
		const char *access = fault->access & FAULTLINE_VMA_WRITE  ? "write"
				     : fault->access & FAULTLINE_VMA_EXEC ? "fetch"
									  : "read";

		if (fault->pid <= getpid())
			continue;
		say("fault pid %d: %s%s of %#llx at pc %#llx: %s, result %d\n", fault->pid, access,
		    fault->access & 16 ? " by the kernel" : "", (unsigned long long)fault->address,
		    (unsigned long long)fault->pc,
		    fault->kind < FAULTLINE_KINDS ? kinds[fault->kind] : "?", fault->result);
	}
}

/* Goes on in a child, and shows the last faults when that has ended or taken long. */
static void watch_test(void)
{
	int pid, status = 0;

	signal(SIGCHLD, SIG_DFL);
	pid = fork();
	if (pid <= 0)
		return;
	for (unsigned i = 0; i < 180 && waitpid(pid, &status, WNOHANG) == 0; i++)
		pause_for(100000000);
	show_faults();
	_exit(shell_status(status));
}

/* The program's own file, to execute it again. */
__attribute__((unused)) static const char *own_file;

/* main() of a grading program: PROGRAM TEST SEED [N] */
__attribute__((unused)) static int lab_main(const struct lab_test *tests, size_t ntests, int argc,
					    char **argv)
{
	struct sigaction action = { .sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART };

	if (getenv("LAB_FAULTS"))
		watch_test();
	sigaction(SIGCHLD, &action, NULL); /* the core has no signals: see hear() */
	for (size_t i = 0; argc >= 3 && i < ntests; i++) {
		if (strcmp(tests[i].name, argv[1]))
			continue;
		own_file = argv[0];
		tests[i].run(strtoull(argv[2], NULL, 0), argc > 3 ? strtoul(argv[3], NULL, 0) : 0);
		return 0;
	}
	say("failed usage: %s TEST SEED [N]\n", argv[0]);
	return 2;
}

#endif
