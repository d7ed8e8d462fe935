/* SPDX-License-Identifier: MIT */
/* System calls of System V IPC. */
#include "abi/sysvipc.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "linux/sys/calls.h"
#include "linux/sys/timespec.h"
#include "linux/sysv/msg.h"
#include "linux/sysv/sem.h"
#include "linux/sysv/shm.h"
#include "linux/sysv/util.h"
#include "mm/fault/user_copy.h"

/* Copies out what a call has filled in; returns its result. */
static long copy_out_result(vaddr_t to, const void *from, size_t size, int result)
{
	return result >= 0 && user_copy_out(to, from, size) ? -EFAULT : result;
}

/* ---- shared memory ---- */

long sys_shmget(struct trap_frame *frame)
{
	return sysv_shm_get(arg_int(frame, 0), arg_u64(frame, 1), arg_int(frame, 2));
}

long sys_shmat(struct trap_frame *frame)
{
	vaddr_t addr = 0;
	int err = sysv_shm_attach(arg_int(frame, 0), arg_user(frame, 1), arg_int(frame, 2), &addr);

	return err ? err : (long)addr;
}

long sys_shmdt(struct trap_frame *frame)
{
	return sysv_shm_detach(arg_user(frame, 0));
}

long sys_shmctl(struct trap_frame *frame)
{
	int id = arg_int(frame, 0), cmd = arg_int(frame, 1);
	vaddr_t buf = arg_user(frame, 2);
	struct abi_shm_info usage;
	struct abi_shminfo info;
	struct abi_shmid_ds ds;

	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
		return copy_out_result(buf, &info, sizeof(info), sysv_shm_info(&info));
	case SHM_INFO:
		return copy_out_result(buf, &usage, sizeof(usage), sysv_shm_usage(&usage));
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return copy_out_result(buf, &ds, sizeof(ds), sysv_shm_stat(id, cmd, &ds));
	case IPC_SET:
		return user_copy_in(&ds, buf, sizeof(ds)) ? -EFAULT : sysv_shm_set(id, &ds);
	case IPC_RMID:
		return sysv_shm_remove(id);
	case SHM_LOCK:
	case SHM_UNLOCK:
		return sysv_shm_lock(id, cmd == SHM_LOCK);
	default:
		return -EINVAL;
	}
}

/* ---- semaphores ---- */

long sys_semget(struct trap_frame *frame)
{
	return sysv_sem_get(arg_int(frame, 0), arg_int(frame, 1), arg_int(frame, 2));
}

/* So many operations fit on the stack. */
#define SOPS_FEW 16

static long operate(struct trap_frame *frame, struct abi_sembuf *sops, unsigned n,
		    uint64_t deadline)
{
	int id = arg_int(frame, 0);

	if (user_copy_in(sops, arg_user(frame, 1), n * sizeof(*sops)))
		return -EFAULT;
	if (id < 0)
		return -EINVAL;
	return sysv_sem_operate(id, sops, n, deadline);
}

static __attribute__((noinline)) long operate_many(struct trap_frame *frame, unsigned n,
						   uint64_t deadline)
{
	struct abi_sembuf *sops = sysv_alloc(n * sizeof(*sops));
	long result;

	if (!sops)
		return -ENOMEM;
	result = operate(frame, sops, n, deadline);
	sysv_free(sops, n * sizeof(*sops));
	return result;
}

static long semop(struct trap_frame *frame, uint64_t deadline)
{
	struct abi_sembuf few[SOPS_FEW];
	unsigned n = arg_uint(frame, 2);

	if (n > atomic_load_relaxed(&sysv_sem_limits[SEM_LIMIT_OPM]))
		return -E2BIG;
	if (n == 0)
		return -EINVAL;
	return n > SOPS_FEW ? operate_many(frame, n, deadline) : operate(frame, few, n, deadline);
}

long sys_semop(struct trap_frame *frame)
{
	return semop(frame, UINT64_MAX);
}

long sys_semtimedop(struct trap_frame *frame)
{
	vaddr_t at = arg_user(frame, 3);
	uint64_t ns;
	int err;

	if (!at)
		return semop(frame, UINT64_MAX);
	err = timespec_read(at, &ns);
	return err ? err : semop(frame, clock_deadline_in(ns));
}

static long copy_all(int id, bool set, vaddr_t at, uint16_t *values, unsigned n)
{
	int err;

	if (set)
		return user_copy_in(values, at, n * sizeof(*values))
			       ? -EFAULT
			       : sysv_sem_set_all(id, values, n);
	err = sysv_sem_read_all(id, values, n);
	return copy_out_result(at, values, n * sizeof(*values), err);
}

/* GETALL and SETALL. */
static long semctl_all(int id, bool set, vaddr_t at)
{
	int n = sysv_sem_count(id, set);
	uint16_t *values;
	long result;

	if (n < 0)
		return n;
	values = sysv_alloc((size_t)n * sizeof(*values));
	if (!values)
		return -ENOMEM;
	result = copy_all(id, set, at, values, (unsigned)n);
	sysv_free(values, (size_t)n * sizeof(*values));
	return result;
}

long sys_semctl(struct trap_frame *frame)
{
	int id = arg_int(frame, 0), num = arg_int(frame, 1), cmd = arg_int(frame, 2);
	vaddr_t arg = arg_user(frame, 3);
	struct abi_seminfo info;
	struct abi_semid_ds ds;

	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case SEM_INFO:
		return copy_out_result(arg, &info, sizeof(info),
				       sysv_sem_info(cmd == SEM_INFO, &info));
	case IPC_STAT:
	case SEM_STAT:
	case SEM_STAT_ANY:
		return copy_out_result(arg, &ds, sizeof(ds), sysv_sem_stat(id, cmd, &ds));
	case GETVAL:
	case GETPID:
	case GETNCNT:
	case GETZCNT:
		return sysv_sem_read(id, cmd, num);
	case GETALL:
	case SETALL:
		return semctl_all(id, cmd == SETALL, arg);
	case SETVAL:
		return sysv_sem_set_value(id, num, (int)arg);
	case IPC_SET:
		return user_copy_in(&ds, arg, sizeof(ds)) ? -EFAULT : sysv_sem_set(id, &ds);
	case IPC_RMID:
		return sysv_sem_remove(id);
	default:
		return -EINVAL;
	}
}

/* ---- message queues ---- */

/* Where a program has the text of a message: behind its type. */
#define MTEXT sizeof(int64_t)

long sys_msgget(struct trap_frame *frame)
{
	return sysv_msg_get(arg_int(frame, 0), arg_int(frame, 1));
}

/* Copies the text in and sends it. Takes over the message. */
static long send_text(struct trap_frame *frame, struct msg_msg *msg)
{
	long result = user_copy_in(msg->text, arg_user(frame, 1) + MTEXT, msg->size) ? -EFAULT : 0;

	if (!result)
		result = sysv_msg_send(arg_int(frame, 0), msg, arg_int(frame, 3));
	if (result)
		sysv_msg_free(msg);
	return result;
}

long sys_msgsnd(struct trap_frame *frame)
{
	size_t size = arg_u64(frame, 2);
	struct msg_msg *msg;
	int64_t type;

	if (user_copy_in(&type, arg_user(frame, 1), sizeof(type)))
		return -EFAULT;
	if (size > atomic_load_relaxed(&sysv_msg_limits[MSG_LIMIT_MAX]) || arg_int(frame, 0) < 0 ||
	    type < 1)
		return -EINVAL;
	msg = sysv_msg_alloc(size);
	if (!msg)
		return -ENOMEM;
	msg->type = type;
	return send_text(frame, msg);
}

/* As on Linux, a message that cannot be copied out is lost. */
static long copy_out_message(vaddr_t to, const struct msg_msg *msg, size_t len)
{
	if (user_copy_out(to, &msg->type, sizeof(msg->type)) ||
	    user_copy_out(to + MTEXT, msg->text, len))
		return -EFAULT;
	return (long)len;
}

long sys_msgrcv(struct trap_frame *frame)
{
	int id = arg_int(frame, 0), flg = arg_int(frame, 4);
	size_t size = arg_u64(frame, 2);
	struct msg_msg *msg = NULL;
	long result;

	if (id < 0 || size > INT64_MAX)
		return -EINVAL;
	if ((flg & MSG_COPY) && ((flg & MSG_EXCEPT) || !(flg & IPC_NOWAIT)))
		return -EINVAL;
	result = sysv_msg_receive(id, arg_i64(frame, 3), size, flg, &msg);
	if (result >= 0)
		result = copy_out_message(arg_user(frame, 1), msg, (size_t)result);
	sysv_msg_free(msg);
	return result;
}

long sys_msgctl(struct trap_frame *frame)
{
	int id = arg_int(frame, 0), cmd = arg_int(frame, 1);
	vaddr_t buf = arg_user(frame, 2);
	struct abi_msginfo info;
	struct abi_msqid_ds ds;

	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case MSG_INFO:
		return copy_out_result(buf, &info, sizeof(info),
				       sysv_msg_info(cmd == MSG_INFO, &info));
	case IPC_STAT:
	case MSG_STAT:
	case MSG_STAT_ANY:
		return copy_out_result(buf, &ds, sizeof(ds), sysv_msg_stat(id, cmd, &ds));
	case IPC_SET:
		return user_copy_in(&ds, buf, sizeof(ds)) ? -EFAULT : sysv_msg_set(id, &ds);
	case IPC_RMID:
		return sysv_msg_remove(id);
	default:
		return -EINVAL;
	}
}
