/* SPDX-License-Identifier: MIT */
/* Calls on file locks that are preempted: by who gives up what the call waits for, and by a kill. */
#define _GNU_SOURCE
#include "preempt_sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/file.h>

static int file;
static long done;

static long lock(int command, int type, long start, long len)
{
	struct flock range = { .l_type = (short)type, .l_start = start, .l_len = len };

	return CALL(fcntl, (uint64_t)file, (uint64_t)command, (uint64_t)&range);
}

static void prepare_file(void)
{
	file = (int)CALL(openat, (uint64_t)AT_FDCWD, (uint64_t) "/swept", O_CREAT | O_RDWR, 0600);
	expect(file >= 0, "openat", file);
	common->ready = 0;
}

static void remove_file(void)
{
	CALL(close, (uint64_t)file);
	CALL(unlinkat, (uint64_t)AT_FDCWD, (uint64_t) "/swept", 0);
}

/* Nobody has a lock of the file, of any kind. */
static void expect_free(void)
{
	struct flock range = { .l_type = F_WRLCK };

	CALL(fcntl, (uint64_t)file, F_OFD_GETLK, (uint64_t)&range);
	expect(range.l_type == F_UNLCK, "the type of a lock that is left", range.l_type);
	expect(CALL(flock, (uint64_t)file, LOCK_EX | LOCK_NB) == 0, "flock", 0);
}

/* The competitor has descriptors of its own, and so locks of its own. */
static void enter_lock(void)
{
	expect(lock(F_SETLK, F_WRLCK, 0, 100) == 0, "the other's lock", 0);
	common->ready = 1;
}

static void ready_lock(void)
{
	while (!common->ready)
		yield();
}

static void call_lock(void)
{
	arm();
	done = lock(F_SETLKW, F_WRLCK, 0, 100);
}

/* What the other gives up is had at once by a call that waits; one that has not begun to may be late. */
static void compete_lock(void)
{
	long again;

	expect(lock(F_SETLK, F_UNLCK, 20, 10) == 0, "the other's first unlock", 0);
	expect(lock(F_SETLK, F_UNLCK, 0, 0) == 0, "the other's unlock", 0);
	again = lock(F_SETLK, F_RDLCK, 50, 1);
	expect(again == 0 || again == -EAGAIN, "the other's lock once more", again);
}

static void check_lock(void)
{
	expect(done == 0, "the lock", done);
	expect(lock(F_SETLK, F_UNLCK, 0, 0) == 0, "unlock", 0);
	expect_free();
	remove_file();
}

/* All kinds of locks, of an open file that nobody else has. */
static void be_locker(void)
{
	long err = 0;

	CALL(close, (uint64_t)file);
	file = (int)CALL(openat, (uint64_t)AT_FDCWD, (uint64_t) "/swept", O_RDWR);
	arm();
	err |= lock(F_SETLKW, F_WRLCK, 0, 100);
	err |= lock(F_SETLKW, F_RDLCK, 20, 10);
	err |= lock(F_SETLKW, F_UNLCK, 50, 10);
	err |= lock(F_OFD_SETLKW, F_WRLCK, 200, 10);
	err |= CALL(flock, (uint64_t)file, LOCK_SH);
	err |= CALL(flock, (uint64_t)file, LOCK_EX);
	CALL(exit_group, err ? 1 : 0);
}

static void call_kill(void)
{
	fork_child(be_locker);
}

static void compete_kill(void)
{
	CALL(kill, (uint64_t)child, SIGKILL);
	churn();
}

static void check_kill(void)
{
	expect(child_status == 0 || (common->competed && child_status == SIGKILL), "status",
	       child_status);
	expect_free();
	remove_file();
}

const struct sweep lock_sweeps[] = {
	{ .name = "lock_wait",
	  .prepare = prepare_file,
	  .ready = ready_lock,
	  .call = call_lock,
	  .enter = enter_lock,
	  .compete = compete_lock,
	  .check = check_lock,
	  .length = 4200 },
	{ .name = "lock_kill",
	  .prepare = prepare_file,
	  .call = call_kill,
	  .compete = compete_kill,
	  .check = check_kill,
	  .by_child = 1,
	  .timed = 1,
	  .length = 120000 },
	{ .name = NULL },
};
