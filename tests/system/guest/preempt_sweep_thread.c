/* SPDX-License-Identifier: MIT */
/* Calls that are preempted by another thread of the process: it changes the directories, or what was used. */
#define _GNU_SOURCE
#include "preempt_sweep.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define ENOENT_HERE (-2)
#define WAITS	    3
#define PAGES	    8
#define PAGE	    4096

static int top; /* the root folder, wherever the root is now */
static long done;

/* ---- the working directory and the root ---- */

static void change_dir(const char *path)
{
	expect(CALL(chdir, (uint64_t)path) == 0, "chdir", 0);
}

static void prepare_cwd(void)
{
	top = (int)CALL(openat, (uint64_t)AT_FDCWD, (uint64_t) "/", O_RDONLY | O_DIRECTORY);
	expect(top >= 0, "openat", top);
	expect(CALL(mkdirat, (uint64_t)AT_FDCWD, (uint64_t) "/swept", 0700) == 0, "mkdir", 0);
	change_dir("/swept");
}

static void call_open(void)
{
	arm();
	done = CALL(openat, (uint64_t)AT_FDCWD, (uint64_t) "none", O_RDONLY);
}

/* Nobody but the call has the directory after that. */
static void compete_cwd(void)
{
	change_dir("/");
	expect(CALL(unlinkat, (uint64_t)AT_FDCWD, (uint64_t) "/swept", AT_REMOVEDIR) == 0, "rmdir",
	       0);
}

static void check_cwd(void)
{
	expect(done == ENOENT_HERE, "openat", done);
	if (!common->competed) {
		change_dir("/");
		CALL(unlinkat, (uint64_t)AT_FDCWD, (uint64_t) "/swept", AT_REMOVEDIR);
	}
	CALL(close, (uint64_t)top);
}

static void prepare_root(void)
{
	prepare_cwd();
	expect(CALL(chroot, (uint64_t) "/swept") == 0, "chroot", 0);
	expect(CALL(fchdir, (uint64_t)top) == 0, "fchdir", 0);
	expect(CALL(unlinkat, (uint64_t)top, (uint64_t) "swept", AT_REMOVEDIR) == 0, "rmdir", 0);
}

static void call_open_absolute(void)
{
	arm();
	done = CALL(openat, (uint64_t)AT_FDCWD, (uint64_t) "/none", O_RDONLY);
}

static void leave_root(void)
{
	expect(CALL(chroot, (uint64_t) ".") == 0, "chroot", 0);
}

static void compete_root(void)
{
	leave_root();
}

static void check_root(void)
{
	expect(done == ENOENT_HERE, "openat", done);
	if (!common->competed)
		leave_root();
	CALL(close, (uint64_t)top);
}

/* ---- what was used ---- */

static struct rusage before, after;

static void wait_often(void)
{
	struct timespec moment = { 0, 300000 };

	for (int i = 0; i < WAITS; i++)
		CALL(clock_nanosleep, CLOCK_MONOTONIC, 0, (uint64_t)&moment);
}

static void prepare_usage(void)
{
	common->ready = 0;
}

static void enter_usage(void)
{
	wait_often();
	common->ready = 1;
}

static void ready_usage(void)
{
	while (!common->ready)
		yield();
	CALL(getrusage, RUSAGE_SELF, (uint64_t)&before);
}

static void call_usage(void)
{
	arm();
	CALL(getrusage, RUSAGE_SELF, (uint64_t)&after);
}

/* The other thread ends: what it has used is the process's, and is counted once. */
static void compete_nothing(void)
{
}

static void check_usage(void)
{
	long more = after.ru_nvcsw - before.ru_nvcsw;

	expect(more >= 0 && more < WAITS, "waits more", more);
}

/* A child that has waited, touched pages and ended. */
static void prepare_children(void)
{
	siginfo_t info;

	child = CALL(clone, SIGCHLD);
	if (child == 0) {
		volatile char *pages = (volatile char *)CALL(mmap, 0, PAGES * PAGE,
							     PROT_READ | PROT_WRITE,
							     MAP_PRIVATE | MAP_ANONYMOUS, -1ul);

		for (int i = 0; i < PAGES; i++)
			pages[i * PAGE] = 1;
		wait_often();
		CALL(exit_group, 6);
	}
	expect(CALL(waitid, P_PID, (uint64_t)child, (uint64_t)&info, WEXITED | WNOWAIT) == 0,
	       "waitid", child);
	CALL(getrusage, (uint64_t)RUSAGE_CHILDREN, (uint64_t)&before);
}

static void call_children(void)
{
	arm();
	CALL(getrusage, (uint64_t)RUSAGE_CHILDREN, (uint64_t)&after);
}

static void compete_reap(void)
{
	child_status = reap(child);
}

static long microseconds(const struct rusage *usage)
{
	return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000 +
	       usage->ru_utime.tv_usec + usage->ru_stime.tv_usec;
}

/* All that the child has used is seen, or nothing. */
static void check_children(void)
{
	int pages = after.ru_minflt - before.ru_minflt >= PAGES,
	    waits = after.ru_nvcsw - before.ru_nvcsw >= WAITS,
	    time = microseconds(&after) > microseconds(&before);

	expect(pages == waits && pages == time, "a part of what the child has used", pages);
	if (!common->competed)
		reap(child);
}

const struct sweep thread_sweeps[] = {
	{ .name = "thread_cwd",
	  .prepare = prepare_cwd,
	  .call = call_open,
	  .compete = compete_cwd,
	  .check = check_cwd,
	  .from = 2000,
	  .to = 6000,
	  .length = STEPS_OF(5),
	  .by_thread = 1 },
	{ .name = "thread_root",
	  .prepare = prepare_root,
	  .call = call_open_absolute,
	  .compete = compete_root,
	  .check = check_root,
	  .from = 4300,
	  .to = 6300,
	  .length = STEPS_OF(3),
	  .by_thread = 1 },
	{ .name = "thread_usage",
	  .prepare = prepare_usage,
	  .ready = ready_usage,
	  .call = call_usage,
	  .enter = enter_usage,
	  .compete = compete_nothing,
	  .check = check_usage,
	  .from = 500,
	  .to = 2500,
	  .length = STEPS_OF(9),
	  .by_thread = 1 },
	{ .name = NULL },
};

const struct sweep slow_thread_sweeps[] = {
	{ .name = "thread_children",
	  .prepare = prepare_children,
	  .call = call_children,
	  .compete = compete_reap,
	  .check = check_children,
	  .from = 800,
	  .to = 1700,
	  .length = STEPS_OF(1),
	  .by_thread = 1 },
	{ .name = NULL },
};
