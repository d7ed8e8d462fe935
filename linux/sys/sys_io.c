/* SPDX-License-Identifier: MIT */
/* System calls that transfer bytes between files and user memory, in all forms of read and write; lseek, fallocate. */
#include "abi/splice.h"
#include "linux/fs/notify/notify.h"
#include "linux/fs/file/pipe_splice.h"
#include "linux/process/task.h"
#include "linux/sys/calls.h"
#include "linux/sys/segments.h"
#include "mm/fault/user_copy.h"
#include "trap/file_io.h"

/* Of a file with an inode, which others may watch. */
static __attribute__((noinline)) ssize_t inode_io_read(struct file *file, struct user_iter *to,
						       uint64_t *pos)
{
	ssize_t done = file_transfer(file, to, pos, file->ops->read);

	if (done > 0)
		notify_file(file, IN_ACCESS);
	return done;
}

static __attribute__((noinline)) ssize_t inode_io_write(struct file *file, struct user_iter *from,
							uint64_t *pos)
{
	ssize_t done = file_transfer(file, from, pos, file->ops->write);

	if (done > 0)
		notify_file(file, IN_MODIFY);
	return done;
}

/* Files without an inode have no position. */
static ssize_t file_io_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	if (!file->ops->has_inode)
		return file->ops->read(file, to, pos);
	return inode_io_read(file, to, pos);
}

static ssize_t file_io_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	if (!file->ops->has_inode)
		return file->ops->write(file, from, pos);
	return inode_io_write(file, from, pos);
}

/* The iterator is made in place only if it is initialized where it is declared. */
static ssize_t read_buffer(struct file *file, vaddr_t to, size_t n, uint64_t *pos)
{
	struct user_iter iter = user_iter_one(to, MIN(n, ABI_RW_MAX));

	return file_io_read(file, &iter, pos);
}

static long read_one(struct file *file, vaddr_t to, size_t n, uint64_t *pos)
{
	long done = file_check_read(file, to, n);

	if (done)
		return done;
	done = read_buffer(file, to, n, pos);
	thread_count_read(done);
	return done;
}

static ssize_t write_buffer(struct file *file, vaddr_t from, size_t n, uint64_t *pos)
{
	struct user_iter iter = user_iter_one(from, MIN(n, ABI_RW_MAX));

	return file_io_write(file, &iter, pos);
}

static long write_one(struct file *file, vaddr_t from, size_t n, uint64_t *pos)
{
	long done = file_check_write(file, from, n);

	if (done)
		return done;
	if (n != 0 || file->ops->empty_writes)
		done = write_buffer(file, from, n, pos);
	thread_count_write(done);
	return done;
}

/* Not by with_file(), which takes more instructions. */
long sys_read(struct trap_frame *frame)
{
	struct file *file = arg_look(frame, 0);
	long done;

	if (file)
		return read_one(file, arg_user(frame, 1), arg_u64(frame, 2), NULL);
	file = arg_file(frame, 0);
	if (!file)
		return -EBADF;
	done = read_one(file, arg_user(frame, 1), arg_u64(frame, 2), NULL);
	file_put(file);
	return done;
}

long sys_write(struct trap_frame *frame)
{
	struct file *file = arg_look(frame, 0);
	long done;

	if (file)
		return write_one(file, arg_user(frame, 1), arg_u64(frame, 2), NULL);
	file = arg_file(frame, 0);
	if (!file)
		return -EBADF;
	done = write_one(file, arg_user(frame, 1), arg_u64(frame, 2), NULL);
	file_put(file);
	return done;
}

long sys_pread64(struct trap_frame *frame)
{
	return file_io_at(frame, read_one);
}

long sys_pwrite64(struct trap_frame *frame)
{
	return file_io_at(frame, write_one);
}

static long seek(struct trap_frame *frame, struct file *file)
{
	unsigned whence = arg_uint(frame, 2);
	int64_t pos;

	if (whence > SEEK_HOLE)
		return -EINVAL;
	if (!file_has_position(file))
		return file->ops->seek_is_0 ? 0 : -ESPIPE;
	pos = mutex_lock_killable(&file->lock);
	if (pos != 0)
		return pos;
	pos = file->ops->seek(file, arg_i64(frame, 1), (int)whence);
	mutex_unlock(&file->lock);
	return pos;
}

long sys_lseek(struct trap_frame *frame)
{
	return with_file(frame, seek);
}

static int file_may_read(const struct file *file)
{
	if (!file_readable(file))
		return -EBADF;
	return file->ops->read ? 0 : -EINVAL;
}

static int file_may_write(const struct file *file)
{
	if (!file_writable(file))
		return -EBADF;
	return file->ops->write ? 0 : -EINVAL;
}

/* file_io_write(), after which what was written is where it belongs if RWF_DSYNC or RWF_SYNC asks for it. */
static ssize_t file_io_write_sync(struct file *file, struct user_iter *from, uint64_t *pos)
{
	const unsigned rwf = from->rwf & (RWF_DSYNC | RWF_SYNC);
	ssize_t done = file_io_write(file, from, pos);
	int err = 0;

	if (rwf != 0 && done > 0 && file->ops->fsync)
		err = file->ops->fsync(file, !(rwf & RWF_SYNC));
	return err ?: done;
}

/* Which of RWF_* the file can keep, in Linux's order. Returns 0, -EOPNOTSUPP or -EINVAL. */
static int check_rwf(const struct file *file, unsigned rwf)
{
	if ((rwf & ~RWF_SUPPORTED) || (file->ops->getdents && (rwf & ~RWF_HIPRI)))
		return -EOPNOTSUPP;
	if ((rwf & RWF_APPEND) && (rwf & RWF_NOAPPEND))
		return -EINVAL;
	return (rwf & RWF_NOWAIT) && !file->ops->nowait ? -EOPNOTSUPP : 0;
}

/* What the calls with segments have in common: how they look at the file, and how they use it. */
typedef int (*file_check)(const struct file *file);

static long io_segments(const struct trap_frame *frame, struct file *file, file_check may,
			file_slot io, uint64_t *pos, unsigned rwf)
{
	struct segments segments;
	struct user_iter iter;
	long done = may(file);

	if (done == 0)
		done = segments_get(&segments, arg_user(frame, 1), arg_uint(frame, 2), &iter);
	if (done != 0)
		return done;
	if (iter.left != 0) {
		iter.rwf = rwf;
		done = rwf ? check_rwf(file, rwf) : 0;
		if (done == 0)
			done = io(file, &iter, pos);
	}
	segments_free(&segments);
	/* As on Linux, this counts as a read even if there was nothing to read. */
	if (done == 0 && may == file_may_read)
		notify_file(file, IN_ACCESS);
	return done;
}

/* As on Linux, such a call is counted whatever was wrong, but for vmsplice. */
static long io_vector_count(file_check may, long done)
{
	if (may == file_may_read)
		thread_count_read(done);
	else if (may == file_may_write)
		thread_count_write(done);
	return done;
}

static long io_vector(const struct trap_frame *frame, file_check may, file_slot io, unsigned rwf)
{
	struct file *file = arg_file(frame, 0);
	long done = -EBADF;

	if (file) {
		done = io_segments(frame, file, may, io, NULL, rwf);
		file_put(file);
	}
	return io_vector_count(may, done);
}

/* Transfers at a position. It has 64 bits, as a register has, so all of it is in the fourth argument. */
static long io_vector_at(const struct trap_frame *frame, file_check may, file_slot io, unsigned rwf)
{
	uint64_t pos = arg_u64(frame, 3);
	struct file *file;
	long done = -EBADF;

	if (pos > INT64_MAX)
		return -EINVAL;
	file = arg_file(frame, 0);
	if (file) {
		done = file_takes_position(file) ? io_segments(frame, file, may, io, &pos, rwf)
						 : -ESPIPE;
		file_put(file);
	}
	return io_vector_count(may, done);
}

/* A position of -1 means the file's own. */
static long io_vector_2(const struct trap_frame *frame, file_check may, file_slot io)
{
	unsigned rwf = arg_uint(frame, 5);

	return arg_u64(frame, 3) == UINT64_MAX ? io_vector(frame, may, io, rwf)
					       : io_vector_at(frame, may, io, rwf);
}

long sys_readv(struct trap_frame *frame)
{
	return io_vector(frame, file_may_read, file_io_read, 0);
}

long sys_writev(struct trap_frame *frame)
{
	return io_vector(frame, file_may_write, file_io_write, 0);
}

long sys_preadv(struct trap_frame *frame)
{
	return io_vector_at(frame, file_may_read, file_io_read, 0);
}

long sys_pwritev(struct trap_frame *frame)
{
	return io_vector_at(frame, file_may_write, file_io_write, 0);
}

long sys_preadv2(struct trap_frame *frame)
{
	return io_vector_2(frame, file_may_read, file_io_read);
}

long sys_pwritev2(struct trap_frame *frame)
{
	return io_vector_2(frame, file_may_write, file_io_write_sync);
}

/* Returns 0 for a regular file, or why fallocate fails on another one. */
static long check_regular(struct file *file)
{
	struct abi_stat st = { 0 };
	long err = file->ops->stat ? file->ops->stat(file, &st) : 0;

	if (err)
		return err;
	if (S_ISREG(st.mode))
		return 0;
	return S_ISFIFO(st.mode) ? -ESPIPE : -ENODEV;
}

/* Does any file system of Linux know this mode? Linux refuses others before it checks the file. */
static bool is_mode(unsigned mode)
{
	bool keeps = mode & FALLOC_FL_KEEP_SIZE;

	switch (mode & ~(unsigned)FALLOC_FL_KEEP_SIZE) {
	case 0:
	case FALLOC_FL_UNSHARE_RANGE:
	case FALLOC_FL_ZERO_RANGE:
		return true;
	case FALLOC_FL_PUNCH_HOLE:
		return keeps;
	case FALLOC_FL_COLLAPSE_RANGE:
	case FALLOC_FL_INSERT_RANGE:
		return !keeps;
	default:
		return false;
	}
}

static long allocate(struct trap_frame *frame, struct file *file)
{
	int64_t offset = arg_i64(frame, 2), len = arg_i64(frame, 3), end;
	unsigned mode = arg_uint(frame, 1);
	long err;

	if (offset < 0 || len <= 0)
		return -EINVAL;
	if (!is_mode(mode))
		return -EOPNOTSUPP;
	if (!file_writable(file))
		return -EBADF;
	err = file->ops->allocate ? 0 : check_regular(file);
	if (err)
		return err;
	if (__builtin_add_overflow(offset, len, &end))
		return -EFBIG;
	if (!file->ops->allocate || mode & ~(unsigned)(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	err = file->ops->allocate(file, mode, (uint64_t)offset, (uint64_t)end);
	if (err == 0)
		notify_file(file, IN_MODIFY);
	return err;
}

long sys_fallocate(struct trap_frame *frame)
{
	return with_file(frame, allocate);
}

/* ---- vmsplice ---- */

static int file_may_vmsplice(const struct file *file)
{
	return file_readable(file) || file_writable(file) ? 0 : -EBADF;
}

static ssize_t vmsplice_some(struct file *file, struct user_iter *iter, bool nonblock)
{
	ssize_t done;

	if (!file_is_pipe(file))
		return -EBADF;
	done = pipe_vmsplice(file, iter, nonblock || (file->flags & O_NONBLOCK));
	if (done > 0)
		notify_file(file, file_writable(file) ? IN_MODIFY : IN_ACCESS);
	return done;
}

static ssize_t vmsplice_wait(struct file *file, struct user_iter *iter, uint64_t *pos)
{
	(void)pos;
	return vmsplice_some(file, iter, false);
}

static ssize_t vmsplice_nowait(struct file *file, struct user_iter *iter, uint64_t *pos)
{
	(void)pos;
	return vmsplice_some(file, iter, true);
}

/* The bytes are copied: a page that the program gives away stays its own, too. */
long sys_vmsplice(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 3);

	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	return io_vector(frame, file_may_vmsplice,
			 flags & SPLICE_F_NONBLOCK ? vmsplice_nowait : vmsplice_wait, 0);
}
