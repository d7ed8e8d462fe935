/* SPDX-License-Identifier: MIT */
/* Calls that make descriptors: openat, pipe2, memfd_create. */
#include "abi/mman.h"
#include "fs/fdtable.h"
#include "fs/open.h"
#include "fs/pipe.h"
#include "fs/tmpfs/memfd.h"
#include "mm/user_copy.h"
#include "proc/process.h"
#include "trap/sys_file.h"

/* As on Linux what openat does not know is forgotten. */
#define OPEN_FLAGS                                                                             \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC |  \
	 O_ASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | \
	 O_PATH | O_TMPFILE)

/* Opens first or gives up: a table without room leaves nothing made or cut off. */
static long open_at(const struct at_path *at, unsigned flags, unsigned mode)
{
	struct process *process = current_process();
	int fd = fdtable_reserve(process->fdtable, 0, (flags & O_CLOEXEC) != 0);
	struct file *file;
	int err;

	if (fd < 0)
		return fd;
	err = fs_open(at->dir, at->path, flags, mode & ~process->umask, &file);
	if (err) {
		fdtable_unreserve(process->fdtable, fd);
		return err;
	}
	fdtable_fill(process->fdtable, fd, file);
	return fd;
}

long sys_openat(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 2) & OPEN_FLAGS;
	struct at_path at;
	long fd = fs_open_check_flags(flags);

	if (fd == 0)
		fd = at_path_get(frame, 0, PATH_NAMES, &at);
	if (fd)
		return fd;
	fd = open_at(&at, flags, arg_uint(frame, 3));
	at_path_put(&at);
	return fd;
}

/* Two descriptors for the ends, told to the program before anybody can use them. */
static int pipe_descriptors(vaddr_t user, bool cloexec, int fds[2])
{
	struct fdtable *table = current_process()->fdtable;

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

long sys_pipe2(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 1);
	struct fdtable *table = current_process()->fdtable;
	struct file *reader, *writer;
	int fds[2];
	int err;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	err = pipe_create(flags & O_NONBLOCK, &reader, &writer);
	if (err)
		return err;
	err = pipe_descriptors(arg_user(frame, 0), (flags & O_CLOEXEC) != 0, fds);
	if (err) {
		file_put(reader);
		file_put(writer);
		return err;
	}
	fdtable_fill(table, fds[0], reader);
	fdtable_fill(table, fds[1], writer);
	return 0;
}

/*
 * The name is for looking at only, and nothing shows it yet: it is read because a bad one is an
 * error.
 */
static int check_memfd_name(vaddr_t user)
{
	char name[MFD_NAME_MAX + 1];
	ssize_t len = user_copy_string(name, user, sizeof(name));

	if (len == -ENAMETOOLONG)
		return -EINVAL;
	return len < 0 ? (int)len : 0;
}

static struct file *create_memfd(unsigned flags)
{
	if (flags & MFD_NOEXEC_SEAL)
		return memfd_file_create_with(0666, F_SEAL_EXEC);
	return memfd_file_create_with(0777, flags & MFD_ALLOW_SEALING ? 0 : F_SEAL_SEAL);
}

long sys_memfd_create(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 1);
	struct file *file;
	int err, fd;

	if ((flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC)) ||
	    (flags & (MFD_NOEXEC_SEAL | MFD_EXEC)) == (MFD_NOEXEC_SEAL | MFD_EXEC))
		return -EINVAL;
	err = check_memfd_name(arg_user(frame, 0));
	if (err)
		return err;
	file = create_memfd(flags);
	if (!file)
		return -ENOMEM;
	fd = fdtable_install(current_process()->fdtable, file, 0, (flags & MFD_CLOEXEC) != 0);
	if (fd < 0)
		file_put(file);
	return fd;
}
