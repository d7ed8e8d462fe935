/* SPDX-License-Identifier: MIT */
/* splice(2) between a pipe and a file: whole pages leave the pipe, and bytes of files are copied. */
#include "linux/fs/file/splice.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "linux/fs/file/file_more.h"
#include "linux/fs/file/pipe_splice.h"
#include "mm/host.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

static bool can_splice(const struct file *file)
{
	return file->ops->has_inode || file_more(file)->splices;
}

bool file_splices_from(const struct file *file)
{
	return can_splice(file) && file->ops->read && !(file->ops->no_splice & NO_SPLICE_FROM);
}

bool file_splices_to(const struct file *file)
{
	return can_splice(file) && file->ops->write && !(file->ops->no_splice & NO_SPLICE_TO);
}

/* Both transfer bytes of the kernel's. They return how many, or a negative errno if none. */
static ssize_t write_kernel(struct file *file, uint8_t *from, size_t n, uint64_t *pos)
{
	struct user_iter iter = user_iter_kernel(from, n);

	if (file_has_position(file) && n > INT64_MAX - *pos)
		return -EINVAL;
	return file->ops->write(file, &iter, pos);
}

static ssize_t read_kernel(struct file *file, uint8_t *to, size_t n, uint64_t *pos)
{
	struct user_iter iter = user_iter_kernel(to, n);

	return file->ops->read(file, &iter, pos);
}

ssize_t splice_from_pipe(struct file *pipe, struct file *out, uint64_t *pos, size_t n,
			 bool nonblock)
{
	size_t done = 0;
	bool has_room = false;
	ssize_t put = 0;

	while (done < n) {
		struct pipe_slot slot;
		size_t want;

		put = pipe_take(pipe, &slot, done != 0 || nonblock);
		if (put <= 0)
			break;
		want = MIN(n - done, (size_t)slot.len);
		put = write_kernel(out, slot.page + slot.offset, want, pos);
		if (put > 0)
			done += (size_t)put;
		has_room |= pipe_give_back(pipe, put > 0 ? (size_t)put : 0);
		if (put != (ssize_t)want)
			break;
		put = vm_pause();
		if (put)
			break;
	}
	if (has_room)
		pipe_tell_room(pipe);
	return done != 0 ? (ssize_t)done : put;
}

/* A file without a position has lost what a pipe does not take: so that waits for room. */
static ssize_t splice_page(struct file *in, uint64_t *pos, struct file *pipe, size_t n,
			   uint8_t *page)
{
	uint64_t before = *pos;
	ssize_t got = read_kernel(in, page, MIN(n, PAGE_SIZE), pos), put;
	struct user_iter iter;

	if (got <= 0)
		return got;
	iter = user_iter_kernel(page, (size_t)got);
	put = pipe_transfer(pipe, &iter, file_has_position(in), true);
	if (put != got)
		*pos = before + (put > 0 ? (size_t)put : 0);
	return put;
}

ssize_t splice_to_pipe(struct file *in, uint64_t *pos, struct file *pipe, size_t n, bool nonblock)
{
	uint8_t *page = mem_wait_kmalloc(PAGE_SIZE);
	size_t done = 0;
	ssize_t put = 0;

	if (!page)
		return -ENOMEM;
	while (done < n) {
		size_t want = MIN(n - done, PAGE_SIZE);

		put = pipe_await_room(pipe, done != 0 || nonblock);
		if (put == 0)
			put = splice_page(in, pos, pipe, want, page);
		if (put == -EAGAIN && done == 0 && !nonblock && file_has_position(in))
			continue; /* another writer was faster */
		if (put > 0)
			done += (size_t)put;
		if (put != (ssize_t)want)
			break;
		put = vm_pause();
		if (put)
			break;
	}
	kfree(page);
	return done != 0 ? (ssize_t)done : put;
}
