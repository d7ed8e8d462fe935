/* SPDX-License-Identifier: MIT */
/* Calls about descriptors themselves: close, dup, dup3, fcntl, ioctl. */
#include "abi/ioctl.h"
#include "fs/fdtable.h"
#include "mm/user_copy.h"
#include "proc/process.h"
#include "trap/sys_file.h"

#define SETFL_MASK (O_APPEND | O_NONBLOCK | O_NOATIME)

long sys_close(struct trap_frame *frame)
{
	return fdtable_close(current_process()->fdtable, arg_int(frame, 0));
}

/* A descriptor more for the file, whose reference is taken over in any case. */
static long install(struct file *file, unsigned min, bool cloexec)
{
	int fd = fdtable_install(current_process()->fdtable, file, min, cloexec);

	if (fd < 0)
		file_put(file);
	return fd;
}

long sys_dup(struct trap_frame *frame)
{
	struct file *file = arg_file_path(frame, 0);

	return file ? install(file, 0, false) : -EBADF;
}

long sys_dup3(struct trap_frame *frame)
{
	unsigned new_fd = arg_uint(frame, 1);
	unsigned flags = arg_uint(frame, 2);
	struct file *file;
	int fd;

	if ((flags & ~O_CLOEXEC) || arg_uint(frame, 0) == new_fd)
		return -EINVAL;
	if (new_fd >= FDTABLE_SIZE)
		return -EBADF;
	file = arg_file_path(frame, 0);
	if (!file)
		return -EBADF;
	fd = fdtable_install_at(current_process()->fdtable, file, new_fd, (flags & O_CLOEXEC) != 0);
	if (fd < 0)
		file_put(file);
	return fd;
}

static void set_flags(struct file *file, uint32_t mask, uint32_t flags)
{
	mutex_lock(&file->lock);
	atomic_store_relaxed(&file->flags, (file->flags & ~mask) | (flags & mask));
	mutex_unlock(&file->lock);
}

static long fcntl_dup(struct file *file, unsigned min, bool cloexec)
{
	if (min >= FDTABLE_SIZE)
		return -EINVAL;
	file_get(file);
	return install(file, min, cloexec);
}

static long fcntl(struct file *file, int fd, unsigned command, uint64_t arg)
{
	struct fdtable *table = current_process()->fdtable;

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
		return file->flags;
	default:
		break;
	}
	if (file->flags & O_PATH)
		return -EBADF;
	switch (command) {
	case F_SETFL:
		set_flags(file, SETFL_MASK, (uint32_t)arg);
		return 0;
	case F_GET_SEALS:
		return file->ops->get_seals ? file->ops->get_seals(file) : -EINVAL;
	case F_ADD_SEALS:
		if (!file_writable(file))
			return -EPERM;
		return file->ops->add_seals ? file->ops->add_seals(file, (unsigned)arg) : -EINVAL;
	default:
		return -EINVAL;
	}
}

long sys_fcntl(struct trap_frame *frame)
{
	struct file *file = arg_file_path(frame, 0);
	long result;

	if (!file)
		return -EBADF;
	result = fcntl(file, arg_int(frame, 0), arg_uint(frame, 1), arg_u64(frame, 2));
	file_put(file);
	return result;
}

static long set_nonblock(struct file *file, vaddr_t arg)
{
	int32_t on;

	if (user_copy_in(&on, arg, sizeof(on)) != 0)
		return -EFAULT;
	set_flags(file, O_NONBLOCK, on ? O_NONBLOCK : 0);
	return 0;
}

static long ioctl(struct file *file, int fd, unsigned request, vaddr_t arg)
{
	switch (request) {
	case FIOCLEX:
		return fdtable_set_cloexec(current_process()->fdtable, fd, true);
	case FIONCLEX:
		return fdtable_set_cloexec(current_process()->fdtable, fd, false);
	case FIONBIO:
		return set_nonblock(file, arg);
	default:
		return file->ops->ioctl ? file->ops->ioctl(file, request, arg) : -ENOTTY;
	}
}

long sys_ioctl(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	long result;

	if (!file)
		return -EBADF;
	result = ioctl(file, arg_int(frame, 0), arg_uint(frame, 1), arg_user(frame, 2));
	file_put(file);
	return result;
}
