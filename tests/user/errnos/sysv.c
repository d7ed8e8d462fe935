/* SPDX-License-Identifier: MIT */
/* Calls of System V IPC. */
#include "errnos.h"

#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif

#define KEY    0x46412000
#define AT     0x1000600000ul /* where a segment of two pages is attached */
#define SECOND (AT + 0x10000)

#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY 20
#endif

#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif
#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

static int segment; /* that is attached */
static int queue;   /* of one message of type 1 and four bytes */
static int set;	    /* of two semaphores, both 1 */

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

static const struct bad out_int[] = { { "null", 0 },
				      { "unmapped", HOLE },
				      { "readonly", READONLY },
				      { "noaccess", NOACCESS },
				      { "kernel", KERNEL },
				      NO_MORE };
static const struct bad set_sizes[] = { { "larger", 3 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad new_set_sizes[] = {
	{ "none", 0 }, { "negative", MINUS(1) }, { "huge", 32001 }, NO_MORE
};
static const struct bad operations[] = { { "null", 0 },	       { "unmapped", HOLE },
					 { "half", HALF },     { "noaccess", NOACCESS },
					 { "kernel", KERNEL }, NO_MORE };
static const struct bad counts[] = {
	{ "none", 0 }, { "many", 501 }, { "negative", MINUS(1) }, NO_MORE
};
static const struct bad numbers[] = { { "negative", MINUS(1) }, { "above", 2 }, NO_MORE };
static const struct bad semvals[] = { { "negative", MINUS(1) }, { "large", 32768 }, NO_MORE };
static const struct bad all_values[] = {
	{ "null", 0 },	      { "unmapped", HOLE }, { "noaccess", NOACCESS },
	{ "kernel", KERNEL }, { "large", LAST },    NO_MORE
};
static const struct bad ops_of[] = { { "beyond", (word)(struct sembuf[]){ { 2, 1, 0 } } },
				     { "would wait",
				       (word)(struct sembuf[]){ { 0, -2, IPC_NOWAIT } } },
				     { "too large", (word)(struct sembuf[]){ { 0, 32767, 0 } } },
				     NO_MORE };

static void finds_set(word *arg)
{
	arg[0] = (word)set;
	memset((void *)LAST, 0xff, 4); /* two values that are too large */
}

static void finds_set_index(word *arg)
{
	arg[0] = (word)(set & 0x7fff);
}

static void reads_set(word *arg)
{
	finds_set(arg);
	syscall(SYS_semctl, set, 0, IPC_STAT, DATA);
}

static void sets_ones(const word *arg, long result)
{
	unsigned short ones[] = { 1, 1 };

	(void)arg, (void)result;
	syscall(SYS_semctl, set, 0, SETALL, ones);
}

static void removes_set(const word *arg, long id)
{
	(void)arg;
	syscall(SYS_semctl, id, 0, IPC_RMID, 0);
}

static void makes_set(word *arg)
{
	static int made = -1;

	if (made < 0 || syscall(SYS_semctl, made, 0, IPC_STAT, DATA) != 0)
		made = (int)syscall(SYS_semget, IPC_PRIVATE, 1, 0600);
	arg[0] = (word)made;
}

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

static const struct bad text_in[] = { { "null", 0 },	    { "unmapped", HOLE },
				      { "half", HOLE - 8 }, { "noaccess", NOACCESS },
				      { "kernel", KERNEL }, NO_MORE };
static const struct bad text_out[] = { { "null", 0 },
				       { "unmapped", HOLE },
				       { "half", HOLE - 8 },
				       { "readonly", READONLY },
				       { "noaccess", NOACCESS },
				       { "kernel", KERNEL },
				       NO_MORE };
static const struct bad text_sizes[] = { { "huge", 8193 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad small_sizes[] = { { "small", 3 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad other_types[] = { { "none", 2 }, NO_MORE };
static const struct bad receive_flags[] = { { "copy", MSG_COPY }, NO_MORE };

static void fill_queue(const word *arg, long result)
{
	static const struct {
		long type;
		char text[4];
	} one = { 1, "text" };

	(void)arg, (void)result;
	while (syscall(SYS_msgrcv, queue, DATA + PAGE, 8192, 0, IPC_NOWAIT | MSG_NOERROR) >= 0)
		continue;
	syscall(SYS_msgsnd, queue, &one, 4, IPC_NOWAIT);
}

/* What is sent is of type 1, with as many bytes as fit into a page. */
static void finds_queue(word *arg)
{
	fill_queue(NULL, 0);
	arg[0] = (word)queue;
	*(long *)DATA = 1;
	*(long *)(HOLE - 8) = 1;
}

static void finds_queue_index(word *arg)
{
	arg[0] = (word)(queue & 0x7fff);
}

static void reads_queue(word *arg)
{
	finds_queue(arg);
	syscall(SYS_msgctl, queue, IPC_STAT, DATA);
}

static void removes_queue(const word *arg, long id)
{
	(void)arg;
	syscall(SYS_msgctl, id, IPC_RMID, 0);
}

static void makes_queue(word *arg)
{
	static int made = -1;

	if (made < 0 || syscall(SYS_msgctl, made, IPC_STAT, DATA) != 0)
		made = (int)syscall(SYS_msgget, IPC_PRIVATE, 0600);
	arg[0] = (word)made;
}

static struct sembuf adds_one[] = { { 0, 1, 0 } };
static const struct timespec at_once;

static const struct row rows[] = {
	CALL(msgget, RIGHT(KEY, 0600), BAD(keys), .how = HIDES),
	CALL_AS("msgget(there)", msgget, RIGHT(KEY, 0), BAD(NULL, get_flags), .how = HIDES),
	CALL_AS("msgget(new)", msgget, RIGHT(KEY + 2, IPC_CREAT | 0600), BAD(NULL, new_flags),
		.after = removes_queue, .how = HIDES),
	CALL(msgsnd, RIGHT(0, DATA, 8, 0), BAD(ids, text_in, text_sizes), .before = finds_queue),
	CALL(msgrcv, RIGHT(0, DATA, 100, 1, IPC_NOWAIT),
	     BAD(ids, text_out, small_sizes, other_types, receive_flags), .before = finds_queue),
	CALL_AS("msgctl(IPC_STAT)", msgctl, RIGHT(0, IPC_STAT, DATA), BAD(ids, commands, out),
		.before = finds_queue),
	CALL_AS("msgctl(MSG_STAT)", msgctl, RIGHT(0, MSG_STAT, DATA), BAD(indices, NULL, out),
		.before = finds_queue_index, .how = HIDES),
	CALL_AS("msgctl(MSG_STAT_ANY)", msgctl, RIGHT(0, MSG_STAT_ANY, DATA),
		BAD(indices, NULL, out), .before = finds_queue_index, .how = HIDES),
	CALL_AS("msgctl(IPC_SET)", msgctl, RIGHT(0, IPC_SET, DATA), BAD(ids, NULL, in),
		.before = reads_queue),
	CALL_AS("msgctl(IPC_RMID)", msgctl, RIGHT(0, IPC_RMID, 0), BAD(ids), .before = makes_queue),
	CALL_AS("msgctl(IPC_INFO)", msgctl, RIGHT(0, IPC_INFO, DATA), BAD(NULL, NULL, out),
		.how = HIDES),
	CALL_AS("msgctl(MSG_INFO)", msgctl, RIGHT(0, MSG_INFO, DATA), BAD(NULL, NULL, out),
		.how = HIDES),
	CALL(semget, RIGHT(KEY, 2, 0600), BAD(keys, set_sizes), .how = HIDES),
	CALL_AS("semget(there)", semget, RIGHT(KEY, 0, 0), BAD(NULL, set_sizes, get_flags),
		.how = HIDES),
	CALL_AS("semget(new)", semget, RIGHT(KEY + 2, 1, IPC_CREAT | 0600),
		BAD(NULL, new_set_sizes, new_flags), .after = removes_set, .how = HIDES),
	CALL(semop, RIGHT(0, (word)adds_one, 1), BAD(ids, operations, counts), .before = finds_set,
	     .after = sets_ones),
	CALL_AS("semop(values)", semop, RIGHT(0, (word)adds_one, 1), BAD(ids, ops_of),
		.before = finds_set, .after = sets_ones),
	CALL(semtimedop, RIGHT(0, (word)adds_one, 1, (word)&at_once),
	     BAD(ids, operations, counts, timespec_or_null), .before = finds_set,
	     .after = sets_ones),
	CALL_AS("semctl(GETVAL)", semctl, RIGHT(0, 1, GETVAL), BAD(ids, numbers, commands),
		.before = finds_set),
	CALL_AS("semctl(GETPID)", semctl, RIGHT(0, 1, GETPID), BAD(ids, numbers),
		.before = finds_set, .how = HIDES),
	CALL_AS("semctl(GETNCNT)", semctl, RIGHT(0, 1, GETNCNT), BAD(ids, numbers),
		.before = finds_set),
	CALL_AS("semctl(GETZCNT)", semctl, RIGHT(0, 1, GETZCNT), BAD(ids, numbers),
		.before = finds_set),
	CALL_AS("semctl(SETVAL)", semctl, RIGHT(0, 1, SETVAL, 1), BAD(ids, numbers, NULL, semvals),
		.before = finds_set),
	CALL_AS("semctl(GETALL)", semctl, RIGHT(0, 0, GETALL, DATA), BAD(ids, NULL, NULL, out_int),
		.before = finds_set),
	CALL_AS("semctl(SETALL)", semctl, RIGHT(0, 0, SETALL, DATA + PAGE),
		BAD(ids, NULL, NULL, all_values), .before = finds_set, .after = sets_ones),
	CALL_AS("semctl(IPC_STAT)", semctl, RIGHT(0, 0, IPC_STAT, DATA), BAD(ids, NULL, NULL, out),
		.before = finds_set),
	CALL_AS("semctl(SEM_STAT)", semctl, RIGHT(0, 0, SEM_STAT, DATA),
		BAD(indices, NULL, NULL, out), .before = finds_set_index, .how = HIDES),
	CALL_AS("semctl(SEM_STAT_ANY)", semctl, RIGHT(0, 0, SEM_STAT_ANY, DATA),
		BAD(indices, NULL, NULL, out), .before = finds_set_index, .how = HIDES),
	CALL_AS("semctl(IPC_SET)", semctl, RIGHT(0, 0, IPC_SET, DATA), BAD(ids, NULL, NULL, in),
		.before = reads_set),
	CALL_AS("semctl(IPC_RMID)", semctl, RIGHT(0, 0, IPC_RMID), BAD(ids), .before = makes_set),
	CALL_AS("semctl(IPC_INFO)", semctl, RIGHT(0, 0, IPC_INFO, DATA), BAD(NULL, NULL, NULL, out),
		.how = HIDES),
	CALL_AS("semctl(SEM_INFO)", semctl, RIGHT(0, 0, SEM_INFO, DATA), BAD(NULL, NULL, NULL, out),
		.how = HIDES),
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
	set = (int)syscall(SYS_semget, KEY, 2, IPC_CREAT | 0600);
	sets_ones(NULL, 0);
	queue = (int)syscall(SYS_msgget, KEY, IPC_CREAT | 0600);
}

static void remove_all(void)
{
	word arg[1];

	makes_queue(arg);
	syscall(SYS_msgctl, arg[0], IPC_RMID, 0);
	syscall(SYS_msgctl, queue, IPC_RMID, 0);
	makes_set(arg);
	syscall(SYS_semctl, arg[0], 0, IPC_RMID, 0);
	syscall(SYS_semctl, set, 0, IPC_RMID, 0);

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
