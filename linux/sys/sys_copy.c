/* SPDX-License-Identifier: MIT */
/* System calls that move bytes from one file to another: sendfile, copy_file_range, splice, tee. */
#include "abi/splice.h"
#include "linux/fs/file/splice.h"
#include "linux/fs/file/pipe_splice.h"
#include "linux/fs/notify/notify.h"
#include "linux/fs/vfs/inode.h"
#include "linux/process/task.h"
#include "linux/sys/calls.h"
#include "linux/sys/file_clone.h"
#include "mm/fault/user_copy.h"
#include "mm/host.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "trap/arg_file.h"

/* A file that bytes are moved from or to, and where. */
struct copy_end {
	struct file *file;
	vaddr_t offset_at; /* where the program has the position; 0: it is the file's own */
	uint64_t pos;
};

static int copy_end_get(struct copy_end *end)
{
	if (end->offset_at)
		return user_copy_in(&end->pos, end->offset_at, sizeof(end->pos)) ? -EFAULT : 0;
	end->pos = end->file ? atomic_load_relaxed(&end->file->pos) : 0;
	return 0;
}

/* Stores the position, which has advanced. */
static int copy_end_put(const struct copy_end *end)
{
	if (end->offset_at)
		return user_copy_out(end->offset_at, &end->pos, sizeof(end->pos)) ? -EFAULT : 0;
	if (file_has_position(end->file) && !mutex_lock_killable(&end->file->lock)) {
		end->file->pos = end->pos;
		mutex_unlock(&end->file->lock);
	}
	return 0;
}

/* Takes the two descriptors in arguments m and n, of which one may not be open: then its file is NULL. */
static void copy_files_get(const struct trap_frame *frame, struct copy_end *out, unsigned m,
			   struct copy_end *in, unsigned n)
{
	out->file = arg_file(frame, m);
	in->file = arg_file(frame, n);
}

static void copy_files_put(const struct copy_end *out, const struct copy_end *in)
{
	if (in->file)
		file_put(in->file);
	if (out->file)
		file_put(out->file);
}

static uint32_t copy_type(struct file *file, struct abi_stat *st)
{
	*st = (struct abi_stat){ 0 };
	return file->ops->stat && file->ops->stat(file, st) == 0 ? st->mode & S_IFMT : 0;
}

/* After the first bytes, a pipe that has no room is not waited for. */
static ssize_t put_bytes(struct copy_end *out, struct user_iter *from, bool after)
{
	if (file_is_pipe(out->file))
		return pipe_transfer(out->file, from, after, true);
	if (file_has_position(out->file) && from->left > INT64_MAX - out->pos)
		return -EINVAL;
	return out->file->ops->write(out->file, from, &out->pos);
}

/*
 * Moves bytes from a page that the first file lends, or through a page of the kernel's, a page at a time, until `n` are moved, the first file
 * ends, or the second takes no more. As on Linux, a pipe takes what it has room for, so that one thread
 * can fill and empty it. The positions advance. Returns how many were moved, or why none.
 */
static long move_pages(struct copy_end *out, struct copy_end *in, size_t n, void *buffer)
{
	size_t done = 0;
	ssize_t put = 0;

	while (done < n && put >= 0) {
		uint64_t before = in->pos;
		struct user_iter iter;
		ssize_t got =
			file_lend(in->file, &in->pos, MIN(n - done, PAGE_SIZE), buffer, &iter);

		if (got <= 0) {
			put = got;
			break;
		}
		put = put_bytes(out, &iter, done != 0);
		file_lent_put(&iter);
		if (put > 0)
			done += (size_t)put;
		if (put != got) {
			in->pos = before + (put > 0 ? (size_t)put : 0);
			break;
		}
		put = vm_pause();
	}
	return done != 0 ? (long)done : put;
}

static void tell_copy(const struct copy_end *out, const struct copy_end *in)
{
	notify_file(in->file, IN_ACCESS);
	notify_file(out->file, IN_MODIFY);
}

/* Copies the n bytes that the checks of the call leave; stores the positions where they belong. */
static long move_bytes(struct copy_end *out, struct copy_end *in, size_t n)
{
	void *buffer = mem_wait_kmalloc(PAGE_SIZE);
	long done;

	if (!buffer)
		return -ENOMEM;
	done = move_pages(out, in, n, buffer);
	kfree(buffer);
	thread_count_read(done);
	thread_count_write(done);
	if (done > 0)
		tell_copy(out, in);
	if (done > 0 && (copy_end_put(in) || copy_end_put(out)))
		return -EFAULT;
	return done;
}

/* Checks what sendfile can refuse, in Linux's order. Returns 0 or a negative errno. */
static long check_send(const struct copy_end *in, const struct file *out, size_t *n)
{
	const struct file *file = in->file;

	if (!file_readable(file))
		return -EBADF;
	if (in->offset_at && !file_has_position(file))
		return -ESPIPE;
	if (*n > INT64_MAX || (in->offset_at && (in->pos > INT64_MAX || *n > INT64_MAX - in->pos)))
		return -EINVAL;
	*n = MIN(*n, ABI_RW_MAX);
	if (!out || !file_writable(out))
		return -EBADF;
	if (!file_has_position(file) || !file->ops->read || file->ops->getdents ||
	    !out->ops->write || out->flags & O_APPEND || (file->ops->no_splice & NO_SPLICE_FROM) ||
	    (out->ops->no_splice & NO_SPLICE_TO))
		return -EINVAL;
	return 0;
}

static long send_file(struct copy_end *out, struct copy_end *in, size_t n)
{
	long done = copy_end_get(in) ?: copy_end_get(out);

	if (done)
		return done;
	if (!in->file)
		return -EBADF;
	done = check_send(in, out->file, &n);
	if (done)
		return done;
	done = move_bytes(out, in, n);
	return in->offset_at && copy_end_put(in) ? -EFAULT : done;
}

long sys_sendfile(struct trap_frame *frame)
{
	struct copy_end in = { .offset_at = arg_user(frame, 2) }, out = { 0 };
	long done;

	copy_files_get(frame, &out, 0, &in, 1);
	done = send_file(&out, &in, arg_u64(frame, 3));
	copy_files_put(&out, &in);
	return done;
}

/* Can bytes be copied from one of these files to the other? Returns 0, -EISDIR, -EINVAL or -EBADF. */
static int check_files(const struct file *in, uint32_t in_type, const struct file *out,
		       uint32_t out_type)
{
	if (in_type == S_IFDIR || out_type == S_IFDIR)
		return -EISDIR;
	if (in_type != S_IFREG || out_type != S_IFREG)
		return -EINVAL;
	if (!file_readable(in) || !file_writable(out) || out->flags & O_APPEND)
		return -EBADF;
	return 0;
}

int file_clone(struct file *out, int in_fd)
{
	struct file *in = fdtable_get(current_thread()->fdtable, in_fd);
	struct abi_stat from, to;
	uint32_t in_type, out_type;
	int err;

	if (!in)
		return -EBADF;
	in_type = copy_type(in, &from);
	out_type = copy_type(out, &to);
	err = from.dev != to.dev ? -EXDEV : check_files(in, in_type, out, out_type) ?: -EOPNOTSUPP;
	file_put(in);
	return err;
}

/* Checks what copy_file_range can refuse, in Linux's order, and cuts *n off at the end of the file. */
static long check_copy(const struct copy_end *in, const struct copy_end *out, size_t *n)
{
	struct abi_stat from, to;
	uint32_t in_type = copy_type(in->file, &from), out_type = copy_type(out->file, &to);
	int err = check_files(in->file, in_type, out->file, out_type);
	bool same;

	if (err)
		return err;
	if (from.dev != to.dev)
		return -EXDEV;
	same = from.ino == to.ino;
	if (*n > UINT64_MAX - in->pos || *n > UINT64_MAX - out->pos)
		return -EOVERFLOW;
	*n = in->pos < (uint64_t)from.size ? MIN(*n, (uint64_t)from.size - in->pos) : 0;
	if (out->pos == INT64_MAX)
		return -EFBIG;
	if (out->pos < INT64_MAX)
		*n = MIN(*n, INT64_MAX - out->pos);
	if (same && out->pos + *n > in->pos && out->pos < in->pos + *n)
		return -EINVAL;
	*n = MIN(*n, ABI_RW_MAX);
	if (in->pos > INT64_MAX || out->pos > INT64_MAX)
		return -EINVAL;
	return in->file->ops->read && out->file->ops->write ? 0 : -EINVAL;
}

static long copy_range(struct copy_end *in, struct copy_end *out, size_t n, unsigned flags)
{
	long done = copy_end_get(in) ?: copy_end_get(out);

	if (done)
		return done;
	if (flags != 0)
		return -EINVAL;
	done = check_copy(in, out, &n);
	return done || n == 0 ? done : move_bytes(out, in, n);
}

long sys_copy_file_range(struct trap_frame *frame)
{
	struct copy_end in = { .offset_at = arg_user(frame, 1) };
	struct copy_end out = { .offset_at = arg_user(frame, 3) };
	long done = -EBADF;

	copy_files_get(frame, &out, 2, &in, 0);
	if (in.file && out.file)
		done = copy_range(&in, &out, arg_u64(frame, 4), arg_uint(frame, 5));
	copy_files_put(&out, &in);
	return done;
}

/* ---- splice ---- */

/* A position that the program brings, or the file's own. The order of the errors is Linux's. */
static long splice_position(const struct copy_end *end, size_t n)
{
	if (end->offset_at && !file_has_position(end->file))
		return -EINVAL;
	return n > INT64_MAX || end->pos > INT64_MAX - n ? -EINVAL : 0;
}

static long splice_out(struct copy_end *in, struct copy_end *out, size_t n, unsigned flags)
{
	long done = splice_position(out, n);

	if (done == 0 && ((out->file->flags & O_APPEND) || !file_splices_to(out->file)))
		done = -EINVAL;
	return done ? done
		    : splice_from_pipe(in->file, out->file, &out->pos, MIN(n, ABI_RW_MAX),
				       (flags & SPLICE_F_NONBLOCK) ||
					       (in->file->flags & O_NONBLOCK));
}

static long splice_in(struct copy_end *in, struct copy_end *out, size_t n, unsigned flags)
{
	long done = splice_position(in, n);

	if (done == 0 && (in->file->ops->getdents || !file_splices_from(in->file)))
		done = -EINVAL;
	return done ? done
		    : splice_to_pipe(in->file, &in->pos, out->file, MIN(n, ABI_RW_MAX),
				     (flags & SPLICE_F_NONBLOCK) ||
					     (out->file->flags & O_NONBLOCK));
}

static long splice_pipes(struct file *in, struct file *out, size_t n, unsigned flags, bool keep)
{
	if (pipe_is_same(in, out))
		return -EINVAL;
	return pipe_to_pipe(in, out, n,
			    (flags & SPLICE_F_NONBLOCK) || ((in->flags | out->flags) & O_NONBLOCK),
			    keep);
}

/* All checks but those of flags and descriptors, in Linux's order. */
static long splice(struct copy_end *in, struct copy_end *out, size_t n, unsigned flags)
{
	bool from = file_is_pipe(in->file), to = file_is_pipe(out->file);
	long done;

	if ((from && in->offset_at) || (to && out->offset_at))
		return -ESPIPE;
	done = copy_end_get(out) ?: copy_end_get(in);
	if (done)
		return done;
	if (!file_readable(in->file) || !file_writable(out->file))
		return -EBADF;
	if (!from && !to)
		return -EINVAL;
	if (from && to)
		done = splice_pipes(in->file, out->file, MIN(n, ABI_RW_MAX), flags, false);
	else
		done = from ? splice_out(in, out, n, flags) : splice_in(in, out, n, flags);
	if (done > 0) { /* in Linux's order */
		notify_file(out->file, IN_MODIFY);
		notify_file(in->file, IN_ACCESS);
	}
	if (from && to)
		return done;
	if (done >= 0 && copy_end_put(from ? out : in))
		return -EFAULT;
	return done;
}

long sys_splice(struct trap_frame *frame)
{
	struct copy_end in = { .offset_at = arg_user(frame, 1) };
	struct copy_end out = { .offset_at = arg_user(frame, 3) };
	size_t n = arg_u64(frame, 4);
	unsigned flags = arg_uint(frame, 5);
	long done = -EBADF;

	if (n == 0)
		return 0;
	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	copy_files_get(frame, &out, 2, &in, 0);
	if (in.file && out.file)
		done = splice(&in, &out, n, flags);
	copy_files_put(&out, &in);
	return done;
}

static long tee_files(struct file *in, struct file *out, size_t n, unsigned flags)
{
	long done;

	if (!file_readable(in) || !file_writable(out))
		return -EBADF;
	if (!file_is_pipe(in) || !file_is_pipe(out))
		return -EINVAL;
	done = splice_pipes(in, out, MIN(n, ABI_RW_MAX), flags, true);
	if (done > 0) {
		notify_file(in, IN_ACCESS);
		notify_file(out, IN_MODIFY);
	}
	return done;
}

long sys_tee(struct trap_frame *frame)
{
	struct copy_end in = { 0 }, out = { 0 };
	size_t n = arg_u64(frame, 2);
	unsigned flags = arg_uint(frame, 3);
	long done = -EBADF;

	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	if (n == 0)
		return 0;
	copy_files_get(frame, &out, 1, &in, 0);
	if (in.file && out.file)
		done = tee_files(in.file, out.file, n, flags);
	copy_files_put(&out, &in);
	return done;
}
