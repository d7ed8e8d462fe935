/* SPDX-License-Identifier: MIT */
/* System calls that transfer bytes, in all forms of read and write; sendfile, lseek, fallocate, fsync. */
#include "abi/poll.h"
#include "fs/mount.h"
#include "mm/host.h"
#include "mm/phys/kmalloc.h"
#include "mm/user_copy.h"
#include "proc/mem_wait.h"
#include "trap/arg_file.h"

static bool file_has_position(const struct file *file)
{
	return file->ops->seek != NULL;
}

/* As on Linux, a transfer that would pass the largest position fails and moves nothing. */
static ssize_t io_from(struct file *file, struct user_iter *iter, uint64_t *pos,
		       ssize_t (*io)(struct file *, struct user_iter *, uint64_t *))
{
	return iter->left <= INT64_MAX - *pos ? io(file, iter, pos) : -EINVAL;
}

/*
 * Only files with a position take the lock: a thread that waits for input from a pipe or terminal
 * must not block a writer on the same open file.
 */
static ssize_t file_io_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	ssize_t done;

	if (!file_has_position(file))
		return file->ops->read(file, to, pos);
	if (pos)
		return io_from(file, to, pos, file->ops->read);
	done = mutex_lock_killable(&file->lock);
	if (unlikely(done != 0))
		return done;
	done = io_from(file, to, &file->pos, file->ops->read);
	mutex_unlock(&file->lock);
	return done;
}

static ssize_t file_io_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	ssize_t done;

	if (!file_has_position(file))
		return file->ops->write(file, from, pos);
	if (pos)
		return io_from(file, from, pos, file->ops->write);
	done = mutex_lock_killable(&file->lock);
	if (unlikely(done != 0))
		return done;
	done = io_from(file, from, &file->pos, file->ops->write);
	mutex_unlock(&file->lock);
	return done;
}

static long read_one(struct file *file, vaddr_t to, size_t n, uint64_t *pos)
{
	struct user_iter iter;

	if (!file_readable(file))
		return -EBADF;
	if (!file->ops->read)
		return -EINVAL;
	if (check_user_range(to, n) != 0)
		return -EFAULT;
	iter = user_iter_one(to, MIN(n, ABI_RW_MAX));
	return file_io_read(file, &iter, pos);
}

static long write_one(struct file *file, vaddr_t from, size_t n, uint64_t *pos)
{
	struct user_iter iter;

	if (!file_writable(file))
		return -EBADF;
	if (!file->ops->write)
		return -EINVAL;
	if (check_user_range(from, n) != 0)
		return -EFAULT;
	if (n == 0 && !file->ops->empty_writes)
		return 0;
	iter = user_iter_one(from, MIN(n, ABI_RW_MAX));
	return file_io_write(file, &iter, pos);
}

long sys_read(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	long done;

	if (!file)
		return -EBADF;
	done = read_one(file, arg_user(frame, 1), arg_u64(frame, 2), NULL);
	file_put(file);
	return done;
}

long sys_write(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	long done;

	if (!file)
		return -EBADF;
	done = write_one(file, arg_user(frame, 1), arg_u64(frame, 2), NULL);
	file_put(file);
	return done;
}

static long io_at(struct trap_frame *frame, long (*io)(struct file *, vaddr_t, size_t, uint64_t *))
{
	uint64_t pos = arg_u64(frame, 3);
	struct file *file;
	long done = -ESPIPE;

	if (pos > INT64_MAX)
		return -EINVAL;
	file = arg_file(frame, 0);
	if (!file)
		return -EBADF;
	if (file_has_position(file))
		done = io(file, arg_user(frame, 1), arg_u64(frame, 2), &pos);
	file_put(file);
	return done;
}

long sys_pread64(struct trap_frame *frame)
{
	return io_at(frame, read_one);
}

long sys_pwrite64(struct trap_frame *frame)
{
	return io_at(frame, write_one);
}

static long file_seek(struct file *file, int64_t offset, unsigned whence)
{
	int64_t pos;

	if (whence > SEEK_HOLE)
		return -EINVAL;
	if (!file_has_position(file))
		return -ESPIPE;
	pos = mutex_lock_killable(&file->lock);
	if (pos != 0)
		return pos;
	pos = file->ops->seek(file, offset, (int)whence);
	mutex_unlock(&file->lock);
	return pos;
}

long sys_lseek(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	long pos;

	if (!file)
		return -EBADF;
	pos = file_seek(file, arg_i64(frame, 1), arg_uint(frame, 2));
	file_put(file);
	return pos;
}

#define FEW 8u /* segments that need no allocation */

struct segments {
	struct abi_iovec few[FEW];
	struct abi_iovec *all; /* either `few` or allocated */
};

/* Checks all lengths, then all ranges, as Linux does. Truncates the total to ABI_RW_MAX. */
static int check_segments(struct abi_iovec *segments, size_t count, size_t *total_ret)
{
	size_t total = 0;

	for (size_t i = 0; i < count; i++)
		if (segments[i].len > INT64_MAX)
			return -EINVAL;
	for (size_t i = 0; i < count; i++) {
		if (check_user_range(segments[i].base, segments[i].len) != 0)
			return -EFAULT;
		segments[i].len = MIN(segments[i].len, ABI_RW_MAX - total);
		total += segments[i].len;
	}
	*total_ret = total;
	return 0;
}

static void segments_free(struct segments *segments)
{
	if (segments->all != segments->few)
		kfree(segments->all);
}

/*
 * Copies the array in and initializes *iter with it. Returns 0, and the caller then calls
 * segments_free(); or -EINVAL, -EFAULT or -ENOMEM.
 */
static int segments_get(struct segments *segments, vaddr_t user, uint64_t count,
			struct user_iter *iter)
{
	int err = 0;

	if (count > IOV_MAX)
		return -EINVAL;
	segments->all = segments->few;
	if (count > FEW)
		segments->all = mem_wait_kmalloc(count * sizeof(segments->few[0]));
	if (!segments->all)
		return -ENOMEM;
	*iter = (struct user_iter){ .next = segments->all, .nnext = count };
	if (count != 0)
		err = user_copy_in(segments->all, user, count * sizeof(segments->few[0]));
	if (err == 0)
		err = check_segments(segments->all, count, &iter->left);
	if (err)
		segments_free(segments);
	return err;
}

static long io_segments(struct trap_frame *frame, struct file *file,
			ssize_t (*io)(struct file *, struct user_iter *, uint64_t *))
{
	struct segments segments;
	struct user_iter iter;
	long done = segments_get(&segments, arg_user(frame, 1), arg_uint(frame, 2), &iter);

	if (done != 0)
		return done;
	if (iter.left != 0)
		done = io(file, &iter, NULL);
	segments_free(&segments);
	return done;
}

long sys_readv(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	long done = -EBADF;

	if (!file)
		return -EBADF;
	if (file_readable(file))
		done = file->ops->read ? io_segments(frame, file, file_io_read) : -EINVAL;
	file_put(file);
	return done;
}

long sys_writev(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	long done = -EBADF;

	if (!file)
		return -EBADF;
	if (file_writable(file))
		done = file->ops->write ? io_segments(frame, file, file_io_write) : -EINVAL;
	file_put(file);
	return done;
}

static bool is_pipe(struct file *file)
{
	struct abi_stat st = { 0 };

	return file->ops->stat && !file->ops->stat(file, &st) && S_ISFIFO(st.mode);
}

/*
 * Moves bytes of one file to another through a page of the kernel's, a page at a time, until `n` are
 * moved, the first file ends, or the second takes no more. As on Linux, a pipe takes what it has room
 * for, so that one thread can fill and empty it. Returns how many were moved, or why none.
 */
static long send_pages(struct file *out, struct file *in, uint64_t *pos, size_t n, void *page)
{
	const bool to_pipe = is_pipe(out);
	size_t done = 0;
	ssize_t put = 0;

	while (done < n && put >= 0) {
		struct user_iter iter = user_iter_kernel(page, MIN(n - done, PAGE_SIZE));
		uint64_t before = *pos;
		ssize_t got = in->ops->read(in, &iter, pos);

		if (got <= 0) {
			/* Linux sends no file of a process. */
			put = got == -ESRCH ? -EINVAL : got;
			break;
		}
		iter = user_iter_kernel(page, (size_t)got);
		put = file_io_write(out, &iter, NULL);
		if (put > 0)
			done += (size_t)put;
		if (put != got) {
			*pos = before + (put > 0 ? (size_t)put : 0);
			break;
		}
		if (to_pipe && !(out->ops->poll(out, NULL) & POLLOUT))
			break;
		put = vm_pause();
	}
	return done != 0 ? (long)done : put;
}

/* Checks what sendfile can refuse, in Linux's order. Returns 0 or a negative errno. */
static long check_send(const struct file *in, const struct file *out, uint64_t pos, size_t *n,
		       bool has_offset)
{
	if (!file_readable(in))
		return -EBADF;
	if (has_offset && !file_has_position(in))
		return -ESPIPE;
	if (*n > INT64_MAX || (has_offset && (pos > INT64_MAX || *n > INT64_MAX - pos)))
		return -EINVAL;
	*n = MIN(*n, ABI_RW_MAX);
	if (!out || !file_writable(out))
		return -EBADF;
	if (!file_has_position(in) || !in->ops->read || in->ops->getdents || !out->ops->write ||
	    out->flags & O_APPEND)
		return -EINVAL;
	return 0;
}

static long send_file(struct file *out, struct file *in, vaddr_t offset_at, size_t n)
{
	uint64_t pos;
	void *page;
	long done;

	if (offset_at && user_copy_in(&pos, offset_at, sizeof(pos)))
		return -EFAULT;
	if (!in)
		return -EBADF;
	if (!offset_at)
		pos = atomic_load_relaxed(&in->pos);
	done = check_send(in, out, pos, &n, offset_at != 0);
	if (done)
		return done;
	page = mem_wait_kmalloc(PAGE_SIZE);
	if (!page)
		return -ENOMEM;
	done = send_pages(out, in, &pos, n, page);
	kfree(page);
	if (offset_at) {
		if (user_copy_out(offset_at, &pos, sizeof(pos)))
			done = -EFAULT;
	} else if (done > 0 && !mutex_lock_killable(&in->lock)) {
		in->pos = pos;
		mutex_unlock(&in->lock);
	}
	return done;
}

long sys_sendfile(struct trap_frame *frame)
{
	struct file *out = arg_file(frame, 0), *in = arg_file(frame, 1);
	long done = send_file(out, in, arg_user(frame, 2), arg_u64(frame, 3));

	if (in)
		file_put(in);
	if (out)
		file_put(out);
	return done;
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

static long file_allocate(struct file *file, unsigned mode, int64_t offset, int64_t len)
{
	int64_t end;
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
	return file->ops->allocate(file, mode, (uint64_t)offset, (uint64_t)end);
}

long sys_fallocate(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	long err;

	if (!file)
		return -EBADF;
	err = file_allocate(file, arg_uint(frame, 1), arg_i64(frame, 2), arg_i64(frame, 3));
	file_put(file);
	return err;
}

/* Files and directories in memory need no syncing. Files that have no contents give -EINVAL. */
static bool has_place(const struct file *file)
{
	return file->ops->object || file->ops->getdents;
}

static long fsync_file(struct trap_frame *frame, bool data_only)
{
	struct file *file = arg_file(frame, 0);
	long err;

	if (!file)
		return -EBADF;
	if (file->ops->fsync)
		err = file->ops->fsync(file, data_only);
	else
		err = has_place(file) ? 0 : -EINVAL;
	file_put(file);
	return err;
}

long sys_fsync(struct trap_frame *frame)
{
	return fsync_file(frame, false);
}

long sys_sync(struct trap_frame *frame)
{
	(void)frame;
	mount_sync_all(UINT64_MAX);
	return 0;
}

long sys_fdatasync(struct trap_frame *frame)
{
	return fsync_file(frame, true);
}
