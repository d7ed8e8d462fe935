/* SPDX-License-Identifier: MIT */
/* fail_nth: System V IPC. */
#include "fail_nth.h"

#include <sched.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

#define AT  ((char *)0x2000000000)
#define KEY 0x46413000

static int zero = -1;

static void open_zero(void)
{
	zero = (int)CALL(SYS_openat, AT_FDCWD, "/dev/zero", O_RDONLY, 0);
	if (zero < 0)
		_exit(BAD);
}

/* Makes a segment, attaches it, has the kernel write to it, and removes it. */
static long use_segment(void)
{
	long id = CALL(SYS_shmget, KEY, 2 * PAGE, IPC_CREAT | 0600, 0), at, n;

	if (id < 0)
		return id;
	at = CALL(SYS_shmat, id, AT, 0, 0);
	CALL(SYS_shmctl, id, IPC_RMID, 0, 0);
	if (at < 0)
		return at;
	n = CALL(SYS_read, zero, AT, 2 * PAGE, 0);
	CALL(SYS_shmdt, AT, 0, 0, 0);
	return n < 0 ? n : n < (long)(2 * PAGE) ? -EFAULT : 0;
}

static void remove_segment(void)
{
	long id = CALL(SYS_shmget, KEY, 0, 0, 0);

	if (id >= 0)
		CALL(SYS_shmctl, id, IPC_RMID, 0, 0);
}

/* A set and a call with so many operations that they need memory, and what undoes them. */
static long use_set(void)
{
	struct sembuf ops[40] = { { 0 } };
	long id = CALL(SYS_semget, KEY, 2, IPC_CREAT | 0600, 0), result, values;
	unsigned short all[2];

	if (id < 0)
		return id;
	for (unsigned i = 0; i < 40; i++)
		ops[i] = (struct sembuf){ (unsigned short)(i % 2), 1, SEM_UNDO };
	result = CALL(SYS_semop, id, ops, 40, 0);
	values = CALL(SYS_semctl, id, 0, GETALL, all);
	CALL(SYS_semctl, id, 0, IPC_RMID, 0);
	if (result < 0 || values < 0)
		return result < 0 ? result : values;
	return all[0] == 20 && all[1] == 20 ? 0 : -EIO;
}

static void remove_set(void)
{
	long id = CALL(SYS_semget, KEY, 0, 0, 0);

	if (id >= 0)
		CALL(SYS_semctl, id, 0, IPC_RMID, 0);
}

/* A queue, a message and a copy of it. */
static long use_queue(void)
{
	static struct {
		long type;
		char text[4000];
	} message = { 1, "text" };
	long id = CALL(SYS_msgget, KEY, IPC_CREAT | 0600, 0, 0), sent, copied, got;

	if (id < 0)
		return id;
	sent = CALL(SYS_msgsnd, id, &message, 4000, IPC_NOWAIT);
	copied = call6(SYS_msgrcv, id, (long)&message, 4000, 0, IPC_NOWAIT | MSG_COPY, 0);
	got = call6(SYS_msgrcv, id, (long)&message, 4000, 0, IPC_NOWAIT, 0);
	CALL(SYS_msgctl, id, IPC_RMID, 0, 0);
	if (sent < 0 || copied == -ENOMEM)
		return -ENOMEM;
	return copied == 4000 && got == 4000 ? 0 : -EIO;
}

static void remove_queue(void)
{
	long id = CALL(SYS_msgget, KEY, 0, 0, 0);

	if (id >= 0)
		CALL(SYS_msgctl, id, IPC_RMID, 0, 0);
}

/* A child that shares what is to be undone: it ends first, and this process does. */
static long share_undo(void)
{
	long pid = CALL(SYS_clone, CLONE_SYSVSEM | SIGCHLD, 0, 0, 0);
	int status = -1;

	if (pid == 0)
		call6(SYS_exit_group, 0, 0, 0, 0, 0, 0);
	if (pid < 0)
		return pid;
	pid = CALL(SYS_wait4, pid, &status, 0, 0);
	return pid < 0 ? pid : status == 0 ? 0 : -EIO;
}

const struct scenario sysv_scenarios[] = {
	{ "queue", use_queue, NULL, remove_queue, MAY_DIE },
	{ "set", use_set, NULL, remove_set, 0 },
	{ "share_undo", share_undo, NULL, NULL, MAY_DIE },
	{ "segment", use_segment, open_zero, remove_segment, MAY_EFAULT },
	{ NULL },
};
