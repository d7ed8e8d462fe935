/* SPDX-License-Identifier: MIT */
/* fail_nth: System V IPC. */
#include "fail_nth.h"

#include <sys/ipc.h>

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

const struct scenario sysv_scenarios[] = {
	{ "segment", use_segment, open_zero, remove_segment, MAY_EFAULT },
	{ NULL },
};
