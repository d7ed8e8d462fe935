/* SPDX-License-Identifier: MIT */
/* System calls on descriptors that every kernel has. */
#include "trap/file_calls.h"

#include "desc/fdtable.h"
#include "desc/pipe.h"
#include "mm/fault/user_copy.h"
#include "trap/file_io.h"

long sys_close(struct trap_frame *frame)
{
	return fdtable_close_flush(current_thread()->fdtable, arg_int(frame, 0));
}

long sys_dup3(struct trap_frame *frame)
{
	unsigned new_fd = arg_uint(frame, 1);
	unsigned flags = arg_uint(frame, 2);
	struct file *file;
	int fd;

	if ((flags & ~O_CLOEXEC) || arg_uint(frame, 0) == new_fd)
		return -EINVAL;
	file = arg_file_any(frame, 0);
	if (!file)
		return -EBADF;
	fd = fdtable_install_at(current_thread()->fdtable, file, new_fd, (flags & O_CLOEXEC) != 0);
	if (fd < 0)
		file_put(file);
	return fd;
}

int descriptor_reserve(vaddr_t user, size_t n, bool cloexec)
{
	struct fdtable *table = current_thread()->fdtable;
	int fd = fdtable_reserve(table, 0, cloexec);

	if (fd < 0 || user_copy_out(user, &fd, n) == 0)
		return fd;
	fdtable_unreserve(table, fd);
	return -EFAULT;
}

int descriptors_reserve(vaddr_t user, bool cloexec, int fds[2])
{
	struct fdtable *table = current_thread()->fdtable;

	fds[0] = fdtable_reserve(table, 0, cloexec);
	if (fds[0] < 0)
		return fds[0];
	fds[1] = fdtable_reserve(table, 0, cloexec);
	if (fds[1] < 0) {
		fdtable_unreserve(table, fds[0]);
		return fds[1];
	}
	if (user_copy_out(user, fds, 2 * sizeof(fds[0])) == 0)
		return 0;
	fdtable_unreserve(table, fds[0]);
	fdtable_unreserve(table, fds[1]);
	return -EFAULT;
}

long pipe_call(const struct trap_frame *frame, void (*made)(struct file *reader))
{
	unsigned flags = arg_uint(frame, 1);
	struct fdtable *table = current_thread()->fdtable;
	struct file *reader, *writer;
	int fds[2];
	int err;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	err = pipe_create(flags & (O_NONBLOCK | O_DIRECT), &reader, &writer);
	if (err)
		return err;
	if (made)
		made(reader);
	err = descriptors_reserve(arg_user(frame, 0), (flags & O_CLOEXEC) != 0, fds);
	if (err) {
		file_put(reader);
		file_put(writer);
		return err;
	}
	fdtable_fill(table, fds[0], reader);
	fdtable_fill(table, fds[1], writer);
	return 0;
}

long file_io_at(const struct trap_frame *frame, file_io io)
{
	uint64_t pos = arg_u64(frame, 3);
	struct file *file;
	long done = -ESPIPE;

	if (pos > INT64_MAX)
		return -EINVAL;
	file = arg_file(frame, 0);
	if (!file)
		return -EBADF;
	if (file_takes_position(file))
		done = io(file, arg_user(frame, 1), arg_u64(frame, 2), &pos);
	file_put(file);
	return done;
}
