/* SPDX-License-Identifier: MIT */
/* System calls on descriptors: close, dup, fcntl, ioctl, pipe2, memfd_create. */
#include "abi/ioctl.h"
#include "abi/mman.h"
#include "desc/fdtable.h"
#include "linux/fs/file/async.h"
#include "linux/fs/file/pipe_size.h"
#include "linux/fs/file/fifo.h"
#include "linux/fs/file/linux_file.h"
#include "linux/fs/tmpfs/memfd.h"
#include "linux/fs/vfs/open.h"
#include "linux/fs/vfs/permission.h"
#include "linux/fs/vfs/process_fs.h"
#include "linux/process/cred.h"
#include "linux/process/limits.h"
#include "linux/sys/calls.h"
#include "linux/sys/fcntl_lock.h"
#include "linux/sys/file_clone.h"
#include "mm/fault/user_copy.h"
#include "mm/host.h"
#include "proc/process.h"
#include "trap/arg_file.h"
#include "trap/file_calls.h"
#include "linux/fs/file/descriptors.h"

#define SETFL_MASK (O_APPEND | O_NONBLOCK | O_NOATIME | O_ASYNC)

/* Descriptors that are opened meanwhile by another thread may be closed or not. */
long sys_close_range(struct trap_frame *frame)
{
	unsigned first = arg_uint(frame, 0), last = arg_uint(frame, 1), flags = arg_uint(frame, 2);
	struct fdtable *table;
	int fd, err;

	if ((flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) || first > last)
		return -EINVAL;
	err = flags & CLOSE_RANGE_UNSHARE ? process_unshare(true, false) : 0;
	if (err)
		return err;
	table = current_thread()->fdtable;
	for (fd = fdtable_next(table, first); fd >= 0 && (unsigned)fd <= last;
	     fd = fdtable_next(table, (unsigned)fd + 1)) {
		if (flags & CLOSE_RANGE_CLOEXEC)
			(void)fdtable_set_cloexec(table, fd, true);
		else
			(void)fdtable_close_flush(table, fd);
		(void)vm_pause();
	}
	return 0;
}

/* Installs the file at a new descriptor and takes over its reference in any case. */
static long fd_install(struct file *file, unsigned min, bool cloexec)
{
	int fd = fdtable_install(current_thread()->fdtable, file, min, cloexec);

	if (fd < 0)
		file_put(file);
	return fd;
}

long sys_dup(struct trap_frame *frame)
{
	struct file *file = arg_file_any(frame, 0);

	return file ? fd_install(file, 0, false) : -EBADF;
}

/* Does the flag O_ASYNC change of a file that can have it? */
static bool is_switched(const struct file *file, uint32_t mask, uint32_t flags)
{
	return (mask & (file->flags ^ flags) & O_ASYNC) && file_more(file)->async;
}

/* fd is what the signals say that O_ASYNC asks for. */
static long set_flags(struct file *file, int fd, uint32_t mask, uint32_t flags)
{
	struct async_queue *queue = NULL;
	int err = 0;

	if (unlikely(mask & flags & O_ASYNC) && file_more(file)->async) {
		err = file_async_prepare(file);
		queue = file_more(file)->async(file);
		if (!queue)
			err = -ENOMEM;
	}
	err = err ?: mutex_lock_killable(&file->lock);
	if (err)
		return err;
	if (unlikely(is_switched(file, mask, flags)))
		file_async_switch(file, fd, queue);
	mask &= ~(uint32_t)O_ASYNC;
	atomic_store_relaxed(&file->flags, (file->flags & ~mask) | (flags & mask));
	mutex_unlock(&file->lock);
	return 0;
}

/* That reads of a file leave no trace is its owner's to choose. */
static bool may_set_flags(const struct file *file, unsigned flags)
{
	if (!(flags & O_NOATIME) || (atomic_load_relaxed(&file->flags) & O_NOATIME))
		return true;
	return !file->ops->has_inode || inode_owner_or_capable(file->node);
}

static long fcntl_dup(struct file *file, unsigned min, bool cloexec)
{
	if (min >= process_limit(current_process(), RLIMIT_NOFILE))
		return -EINVAL;
	file_get(file);
	return fd_install(file, min, cloexec);
}

/* Does another descriptor refer to the same open file? */
static long is_same_file(const struct file *file, int other_fd)
{
	struct file *other = fdtable_get_any(current_thread()->fdtable, other_fd);
	bool is_same = other == file;

	if (!other)
		return -EBADF;
	file_put(other);
	return is_same;
}

static long fcntl(struct file *file, int fd, unsigned command, uint64_t arg)
{
	struct fdtable *table = current_thread()->fdtable;

	switch (command) {
	case F_DUPFD:
		return fcntl_dup(file, (unsigned)arg, false);
	case F_DUPFD_CLOEXEC:
		return fcntl_dup(file, (unsigned)arg, true);
	case F_GETFD:
		return fdtable_cloexec(table, fd);
	case F_SETFD:
		return fdtable_set_cloexec(table, fd, (arg & FD_CLOEXEC) != 0);
	case F_GETFL:
		return linux_file_flags(file);
	case F_DUPFD_QUERY:
		return is_same_file(file, (int)arg);
	default:
		break;
	}
	if (file->flags & O_PATH)
		return -EBADF;
	switch (command) {
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return fcntl_lock(file, fd, command, arg);
	case F_SETFL:
		if (!may_set_flags(file, (uint32_t)arg))
			return -EPERM;
		return set_flags(file, fd, SETFL_MASK | (file_is_pipe(file) ? O_DIRECT : 0),
				 (uint32_t)arg);
	case F_SETOWN:
	case F_GETOWN:
	case F_SETOWN_EX:
	case F_GETOWN_EX:
	case F_SETSIG:
	case F_GETSIG:
		return file_owner_fcntl(file, command, arg);
	case F_GETLEASE:
		return F_UNLCK; /* there are no leases */
	case F_GETPIPE_SZ:
		return file_is_pipe(file) ? pipe_size(file) : -EBADF;
	case F_SETPIPE_SZ:
		return file_is_pipe(file)
			       ? pipe_set_size(file, (uint32_t)arg, capable(CAP_SYS_RESOURCE))
			       : -EBADF;
	case F_GET_SEALS:
		return file_more(file)->get_seals ? file_more(file)->get_seals(file) : -EINVAL;
	case F_ADD_SEALS:
		if (!file_writable(file))
			return -EPERM;
		if (!file_more(file)->add_seals)
			return -EINVAL;
		return file_more(file)->add_seals(file, (unsigned)arg);
	default:
		return -EINVAL;
	}
}

long sys_fcntl(struct trap_frame *frame)
{
	struct file *file = arg_file_any(frame, 0);
	long result;

	if (!file)
		return -EBADF;
	result = fcntl(file, arg_int(frame, 0), arg_uint(frame, 1), arg_u64(frame, 2));
	file_put(file);
	return result;
}

/* FIONBIO and FIOASYNC. */
static long set_flag(struct file *file, int fd, uint32_t flag, vaddr_t arg)
{
	uint32_t flags;
	int32_t on;

	if (user_copy_in(&on, arg, sizeof(on)) != 0)
		return -EFAULT;
	flags = on ? flag : 0;
	if (flag == O_ASYNC && !file_more(file)->async)
		return (file->flags ^ flags) & O_ASYNC ? -ENOTTY : 0;
	return set_flags(file, fd, flag, flags);
}

/* FICLONERANGE. */
static long clone_range(struct file *file, vaddr_t arg)
{
	struct abi_clone_range range;

	if (user_copy_in(&range, arg, sizeof(range)) != 0)
		return -EFAULT;
	return file_clone(file, (int)range.fd);
}

/*
 * Requests for what stat says of any file. FIONREAD returns the number of bytes after the position, of a regular file, or of those
 * in a pipe.
 */
static long ioctl_stat(struct file *file, unsigned request, vaddr_t arg)
{
	struct abi_stat st = { 0 };
	int err = file->ops->stat ? file->ops->stat(file, &st) : -EINVAL;
	uint32_t type = st.mode & S_IFMT;
	int64_t bytes = (int64_t)st.blocks * 512;
	int32_t number;

	if (err && request != FIONREAD)
		return err;
	if (request == FIOQSIZE)
		return type == S_IFREG || type == S_IFDIR
			       ? user_copy_out(arg, &bytes, sizeof(bytes))
			       : -ENOTTY;
	if (request == FIGETBSZ)
		number = (int32_t)st.blksize;
	else if (type == S_IFREG)
		number = (int32_t)((uint64_t)st.size - atomic_load_relaxed(&file->pos));
	else if (file_is_pipe(file))
		number = (int32_t)pipe_bytes(file);
	else
		return file->ops->ioctl ? file->ops->ioctl(file, request, arg) : -ENOTTY;
	return user_copy_out(arg, &number, sizeof(number));
}

/* What files of all kinds answer comes first. No file system can be frozen, or says where on a disk a file is. */
static long ioctl(struct trap_frame *frame, struct file *file)
{
	int fd = arg_int(frame, 0);
	unsigned request = arg_uint(frame, 1);
	vaddr_t arg = arg_user(frame, 2);

	switch (request) {
	case FIOCLEX:
		return fdtable_set_cloexec(current_thread()->fdtable, fd, true);
	case FIONCLEX:
		return fdtable_set_cloexec(current_thread()->fdtable, fd, false);
	case FIONBIO:
		return set_flag(file, fd, O_NONBLOCK, arg);
	case FIOASYNC:
		return set_flag(file, fd, O_ASYNC, arg);
	case FIOQSIZE:
	case FIGETBSZ:
	case FIONREAD:
		return ioctl_stat(file, request, arg);
	case FICLONE:
		return file_clone(file, (int)arg);
	case FICLONERANGE:
		return clone_range(file, arg);
	case FS_IOC_FIEMAP:
		return -EOPNOTSUPP;
	case FIFREEZE:
		return capable(CAP_SYS_ADMIN) ? -EOPNOTSUPP : -EPERM;
	case FITHAW:
		return capable(CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
	default:
		return file->ops->ioctl ? file->ops->ioctl(file, request, arg) : -ENOTTY;
	}
}

long sys_ioctl(struct trap_frame *frame)
{
	return with_file(frame, ioctl);
}

long sys_pipe2(struct trap_frame *frame)
{
	return pipe_call(frame, pipe_own);
}

/* The name is for debugging: /proc shows it. */
static int copy_memfd_name(char name[MFD_NAME_MAX + 1], vaddr_t user)
{
	ssize_t len = user_copy_string(name, user, MFD_NAME_MAX + 1);

	if (len == -ENAMETOOLONG)
		return -EINVAL;
	return len < 0 ? (int)len : 0;
}

static struct file *create_memfd(const char *name, unsigned flags)
{
	if (flags & MFD_NOEXEC_SEAL)
		return memfd_file_create_with(name, 0666, F_SEAL_EXEC);
	return memfd_file_create_with(name, 0777, flags & MFD_ALLOW_SEALING ? 0 : F_SEAL_SEAL);
}

long sys_memfd_create(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 1);
	char name[MFD_NAME_MAX + 1];
	struct file *file;
	int err, fd;

	if ((flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC)) ||
	    (flags & (MFD_NOEXEC_SEAL | MFD_EXEC)) == (MFD_NOEXEC_SEAL | MFD_EXEC))
		return -EINVAL;
	err = copy_memfd_name(name, arg_user(frame, 0));
	if (err == 0)
		err = file_memory_charge(MEMFD_BYTES);
	if (err)
		return err;
	file = create_memfd(name, flags);
	file_memory_add(-MEMFD_BYTES);
	if (!file)
		return -ENOMEM;
	fd = fdtable_install(current_thread()->fdtable, file, 0, (flags & MFD_CLOEXEC) != 0);
	if (fd < 0)
		file_put(file);
	return fd;
}
