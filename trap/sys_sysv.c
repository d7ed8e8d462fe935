/* SPDX-License-Identifier: MIT */
/* System calls of System V IPC. */
#include "abi/sysvipc.h"
#include "mm/user_copy.h"
#include "sysv/shm.h"
#include "trap/syscall.h"

/* Copies out what a call has filled in; returns its result. */
static long copy_out_result(vaddr_t to, const void *from, size_t size, int result)
{
	return result >= 0 && user_copy_out(to, from, size) ? -EFAULT : result;
}

/* ---- shared memory ---- */

long sys_shmget(struct trap_frame *frame)
{
	return shm_get(arg_int(frame, 0), arg_u64(frame, 1), arg_int(frame, 2));
}

long sys_shmat(struct trap_frame *frame)
{
	vaddr_t addr = 0;
	int err = shm_attach(arg_int(frame, 0), arg_user(frame, 1), arg_int(frame, 2), &addr);

	return err ? err : (long)addr;
}

long sys_shmdt(struct trap_frame *frame)
{
	return shm_detach(arg_user(frame, 0));
}

static long shmctl_stat(int id, int cmd, vaddr_t to)
{
	struct abi_shmid_ds ds;
	int result = shm_stat(id, cmd, &ds);

	return copy_out_result(to, &ds, sizeof(ds), result);
}

static long shmctl_info(vaddr_t to)
{
	struct abi_shminfo info;
	int result = shm_info(&info);

	return copy_out_result(to, &info, sizeof(info), result);
}

static long shmctl_usage(vaddr_t to)
{
	struct abi_shm_info info;
	int result = shm_usage(&info);

	return copy_out_result(to, &info, sizeof(info), result);
}

static long shmctl_set(int id, vaddr_t from)
{
	struct abi_shmid_ds ds;

	return user_copy_in(&ds, from, sizeof(ds)) ? -EFAULT : shm_set(id, &ds);
}

long sys_shmctl(struct trap_frame *frame)
{
	int id = arg_int(frame, 0), cmd = arg_int(frame, 1);
	vaddr_t buf = arg_user(frame, 2);

	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
		return shmctl_info(buf);
	case SHM_INFO:
		return shmctl_usage(buf);
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return shmctl_stat(id, cmd, buf);
	case IPC_SET:
		return shmctl_set(id, buf);
	case IPC_RMID:
		return shm_remove(id);
	case SHM_LOCK:
	case SHM_UNLOCK:
		return shm_lock(id, cmd == SHM_LOCK);
	default:
		return -EINVAL;
	}
}
