/* SPDX-License-Identifier: MIT */
/* Calls of System V IPC. */
#include "errnos.h"

#include <sys/ipc.h>
#include <sys/shm.h>

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif

#define KEY    0x46412000
#define AT     0x1000600000ul /* where a segment of two pages is attached */
#define SECOND (AT + 0x10000)

static int segment; /* that is attached */

static const struct bad keys[] = { { "none", KEY + 1 }, NO_MORE };
static const struct bad ids[] = {
	{ "negative", MINUS(1) }, { "none", 30000 }, { "stale", 5 << 15 }, NO_MORE
};
static const struct bad indices[] = { { "negative", MINUS(1) }, { "none", 30000 }, NO_MORE };
static const struct bad segment_sizes[] = { { "larger", 3 * PAGE }, NO_MORE };
static const struct bad new_sizes[] = {
	{ "none", 0 }, { "huge", 1ul << 63 }, { "all", MINUS(1) }, NO_MORE
};
static const struct bad get_flags[] = { { "exclusive", IPC_CREAT | IPC_EXCL }, NO_MORE };
static const struct bad new_flags[] = { { "not to be made", 0 }, NO_MORE };
static const struct bad commands[] = { { "unknown", 99 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad places[] = { { "taken", DATA },
				     { "odd", SECOND + 1 },
				     { "high", KERNEL },
				     { "past the end", (word)-PAGE },
				     { "taken in part", AT - PAGE },
				     NO_MORE };
static const struct bad attach_flags[] = { { "replace", SHM_REMAP }, NO_MORE };
static const struct bad attached[] = { { "null", 0 },
				       { "odd", AT + 1 },
				       { "not there", HOLE },
				       { "inside", AT + PAGE },
				       { "other memory", DATA },
				       { "kernel", KERNEL },
				       NO_MORE };

static void finds_segment(word *arg)
{
	arg[0] = (word)segment;
}

static void finds_index(word *arg)
{
	arg[0] = (word)(segment & 0x7fff);
}

static void removes_segment(const word *arg, long id)
{
	(void)arg;
	syscall(SYS_shmctl, id, IPC_RMID, 0);
}

static void detaches(const word *arg, long at)
{
	(void)arg;
	syscall(SYS_shmdt, at);
}

static void attaches_again(const word *arg, long result)
{
	(void)arg, (void)result;
	syscall(SYS_shmat, segment, AT, 0);
}

/* IPC_SET gets what is there. */
static void reads_segment(word *arg)
{
	finds_segment(arg);
	syscall(SYS_shmctl, segment, IPC_STAT, DATA);
}

/* One that is removed again and again. */
static void makes_segment(word *arg)
{
	static int made = -1;

	if (made < 0 || syscall(SYS_shmctl, made, IPC_STAT, DATA) != 0)
		made = (int)syscall(SYS_shmget, IPC_PRIVATE, PAGE, 0600);
	arg[0] = (word)made;
}

static const struct row rows[] = {
	CALL(shmget, RIGHT(KEY, 2 * PAGE, 0600), BAD(keys, segment_sizes), .how = HIDES),
	CALL_AS("shmget(there)", shmget, RIGHT(KEY, 0, 0), BAD(NULL, segment_sizes, get_flags),
		.how = HIDES),
	CALL_AS("shmget(new)", shmget, RIGHT(KEY + 2, PAGE, IPC_CREAT | 0600),
		BAD(NULL, new_sizes, new_flags), .after = removes_segment, .how = HIDES),
	CALL(shmat, RIGHT(0, SECOND, 0), BAD(ids, places), .before = finds_segment,
	     .after = detaches, .how = HIDES),
	CALL_AS("shmat(anywhere)", shmat, RIGHT(0, 0, 0), BAD(ids, NULL, attach_flags),
		.before = finds_segment, .after = detaches, .how = HIDES),
	CALL(shmdt, RIGHT(AT), BAD(attached), .after = attaches_again),
	CALL_AS("shmctl(IPC_STAT)", shmctl, RIGHT(0, IPC_STAT, DATA), BAD(ids, commands, out),
		.before = finds_segment),
	CALL_AS("shmctl(SHM_STAT)", shmctl, RIGHT(0, SHM_STAT, DATA), BAD(indices, NULL, out),
		.before = finds_index, .how = HIDES),
	CALL_AS("shmctl(SHM_STAT_ANY)", shmctl, RIGHT(0, SHM_STAT_ANY, DATA),
		BAD(indices, NULL, out), .before = finds_index, .how = HIDES),
	CALL_AS("shmctl(IPC_SET)", shmctl, RIGHT(0, IPC_SET, DATA), BAD(ids, NULL, in),
		.before = reads_segment),
	CALL_AS("shmctl(IPC_RMID)", shmctl, RIGHT(0, IPC_RMID, 0), BAD(ids),
		.before = makes_segment),
	CALL_AS("shmctl(SHM_LOCK)", shmctl, RIGHT(0, SHM_LOCK, 0), BAD(ids),
		.before = finds_segment),
	CALL_AS("shmctl(SHM_UNLOCK)", shmctl, RIGHT(0, SHM_UNLOCK, 0), BAD(ids),
		.before = finds_segment),
	CALL_AS("shmctl(IPC_INFO)", shmctl, RIGHT(0, IPC_INFO, DATA), BAD(NULL, NULL, out),
		.how = HIDES),
	CALL_AS("shmctl(SHM_INFO)", shmctl, RIGHT(0, SHM_INFO, DATA), BAD(NULL, NULL, out),
		.how = HIDES),
};

static void make_all(void)
{
	segment = (int)syscall(SYS_shmget, KEY, 2 * PAGE, IPC_CREAT | 0600);
	syscall(SYS_shmat, segment, AT, 0);
}

static void remove_all(void)
{
	word arg[1];

	makes_segment(arg);
	syscall(SYS_shmctl, arg[0], IPC_RMID, 0);
	syscall(SYS_shmdt, AT);
	syscall(SYS_shmctl, segment, IPC_RMID, 0);
}

const struct group sysv_group = {
	.name = "sysv",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.set_up = make_all,
	.tear_down = remove_all,
};
