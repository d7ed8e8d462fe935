/* SPDX-License-Identifier: MIT */
/* System calls on file locks: flock, and what fcntl does about locks. */
#include "abi/errno.h"
#include "abi/flock.h"
#include "linux/fs/file/linux_file.h"
#include "linux/sys/calls.h"
#include "linux/sys/fcntl_lock.h"
#include "mm/fault/user_copy.h"
#include "proc/process.h"
#include "trap/arg_file.h"
#include "linux/fs/file/descriptors.h"

/* Where a range is counted from. As on Linux, this does not wait for a thread that moves the position now. */
static int base_of(struct file *file, int whence, int64_t *base_ret)
{
	struct abi_stat st = { 0 };
	int err = 0;

	switch (whence) {
	case SEEK_SET:
		*base_ret = 0;
		break;
	case SEEK_CUR:
		*base_ret = (int64_t)atomic_load_relaxed(&file->pos);
		break;
	case SEEK_END:
		if (file->ops->stat)
			err = file->ops->stat(file, &st);
		*base_ret = st.size;
		break;
	default:
		return -EINVAL;
	}
	return err;
}

/* Sets the bytes of *to. */
static int flock_range(struct file *file, const struct abi_flock *from, struct file_lock *to)
{
	int64_t start, end = LOCK_RANGE_END;
	int err = base_of(file, from->whence, &start);

	if (err)
		return err;
	if (__builtin_add_overflow(start, from->start, &start))
		return -EOVERFLOW;
	if (start < 0)
		return -EINVAL;
	if (from->len > 0 && __builtin_add_overflow(start, from->len - 1, &end))
		return -EOVERFLOW;
	if (from->len < 0) {
		end = start - 1;
		start += from->len;
		if (start < 0)
			return -EINVAL;
	}
	to->start = (uint64_t)start;
	to->end = (uint64_t)end;
	return 0;
}

static bool is_type(int type)
{
	return type == F_RDLCK || type == F_WRLCK || type == F_UNLCK;
}

static bool may_set(const struct file *file, unsigned type)
{
	return type == F_RDLCK ? file_readable(file) : type == F_WRLCK ? file_writable(file) : true;
}

static void flock_fill(const struct file_lock *lock, struct abi_flock *to)
{
	bool to_end = lock->end == LOCK_RANGE_END;

	to->type = (int16_t)lock->type;
	to->whence = SEEK_SET;
	to->start = (int64_t)lock->start;
	to->len = to_end ? 0 : (int64_t)(lock->end - lock->start + 1);
	to->pid = lock->kind == FILE_LOCK_PROCESS ? lock->pid : -1;
}

static long get_lock(struct file *file, struct abi_flock *asked, struct file_lock *lock,
		     vaddr_t arg)
{
	int err;

	if (!is_type(asked->type) || (asked->type == F_UNLCK && lock->kind == FILE_LOCK_PROCESS))
		return -EINVAL;
	err = flock_range(file, asked, lock);
	if (err)
		return err;
	if (lock->kind == FILE_LOCK_OPEN_FILE && asked->pid != 0)
		return -EINVAL;
	if (file_lock_find(file, lock))
		flock_fill(lock, asked);
	else
		asked->type = F_UNLCK;
	return user_copy_out(arg, asked, sizeof(*asked)) == 0 ? 0 : -EFAULT;
}

/*
 * Another thread may have closed the descriptor meanwhile, and that removed only the locks that the table
 * had then. This one goes, too, as on Linux: it could not be removed later.
 */
static int lock_stays(struct file *file, int fd, const struct file_lock *lock)
{
	struct fdtable *table = current_thread()->fdtable;

	if (lock->kind != FILE_LOCK_PROCESS || lock->type == F_UNLCK ||
	    fdtable_has(table, fd, file))
		return 0;
	file_locks_close(file, &linux_fdtable(table)->locks);
	return -EBADF;
}

static long set_lock(struct file *file, int fd, const struct abi_flock *asked,
		     struct file_lock *lock, bool wait)
{
	int err = flock_range(file, asked, lock);

	if (err)
		return err;
	if (!is_type(asked->type))
		return -EINVAL;
	if (!may_set(file, lock->type))
		return -EBADF;
	if (lock->kind == FILE_LOCK_OPEN_FILE && asked->pid != 0)
		return -EINVAL;
	err = file_lock_set(file, lock, wait);
	return err ? err : lock_stays(file, fd, lock);
}

long fcntl_lock(struct file *file, int fd, unsigned command, vaddr_t arg)
{
	struct process *process = current_process();
	struct fdtable *table = current_thread()->fdtable;
	bool of_file = command == F_OFD_GETLK || command == F_OFD_SETLK || command == F_OFD_SETLKW;
	struct abi_flock asked;
	struct file_lock lock;

	if (user_copy_in(&asked, arg, sizeof(asked)) != 0)
		return -EFAULT;
	lock = (struct file_lock){
		.kind = of_file ? FILE_LOCK_OPEN_FILE : FILE_LOCK_PROCESS,
		.type = (unsigned)asked.type,
		.owner = of_file ? &linux_file(file)->locks : &linux_fdtable(table)->locks,
		.pid = process->pid,
	};
	if (command == F_GETLK || command == F_OFD_GETLK)
		return get_lock(file, &asked, &lock, arg);
	/* First, as the descriptor may be closed as soon as there is a lock. */
	if (!of_file)
		fdtable_tell(table);
	return set_lock(file, fd, &asked, &lock, command == F_SETLKW || command == F_OFD_SETLKW);
}

/* Returns the type of lock, or -EINVAL. */
static int flock_type(unsigned operation)
{
	switch (operation & ~(unsigned)LOCK_NB) {
	case LOCK_SH:
		return F_RDLCK;
	case LOCK_EX:
		return F_WRLCK;
	case LOCK_UN:
		return F_UNLCK;
	default:
		return -EINVAL;
	}
}

long sys_flock(struct trap_frame *frame)
{
	unsigned operation = arg_uint(frame, 1);
	int type = flock_type(operation);
	struct file *file;
	struct file_lock lock;
	long result = -EBADF;

	if (operation & LOCK_MAND)
		return 0;
	if (type < 0)
		return type;
	file = arg_file(frame, 0);
	if (!file)
		return -EBADF;
	lock = (struct file_lock){
		.kind = FILE_LOCK_WHOLE,
		.pid = current_process()->pid,
		.type = (unsigned)type,
		.end = LOCK_RANGE_END,
		.owner = &linux_file(file)->locks,
	};
	if (type == F_UNLCK || file_readable(file) || file_writable(file))
		result = file_lock_set(file, &lock, !(operation & LOCK_NB));
	file_put(file);
	return result;
}
