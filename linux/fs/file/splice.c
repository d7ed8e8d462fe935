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

/* Writes bytes of the kernel's. Returns how many, or a negative errno if none. */
static ssize_t write_kernel(struct file *file, uint8_t *from, size_t n, uint64_t *pos)
{
	struct user_iter iter = user_iter_kernel(from, n);

	if (file_has_position(file) && n > INT64_MAX - *pos)
		return -EINVAL;
	return file->ops->write(file, &iter, pos);
}

ssize_t file_lend(struct file *file, uint64_t *pos, size_t n, void *buffer, struct user_iter *lent)
{
	ssize_t got;

	*lent = user_iter_lend(buffer, n);
	got = file->ops->read(file, lent, pos);
	if (got <= 0)
		return got;
	lent->left = (size_t)got;
	if (!lent->lent)
		*lent = user_iter_kernel(buffer, (size_t)got);
	lent->rwf |= RWF_SPLICE;
	return got;
}

void file_lent_put(const struct user_iter *lent)
{
	if (lent->lent)
		page_put(lent->lent);
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
			   uint8_t *buffer)
{
	uint64_t before = *pos;
	struct user_iter iter;
	ssize_t got = file_lend(in, pos, n, buffer, &iter), put;

	if (got <= 0)
		return got;
	put = pipe_transfer(pipe, &iter, file_has_position(in), true);
	file_lent_put(&iter);
	if (put != got)
		*pos = before + (put > 0 ? (size_t)put : 0);
	return put;
}

/* So many of n bytes go to one slot of a pipe: those of one page of the file, if it has a position. */
static size_t slot_bytes(const struct file *in, uint64_t pos, size_t n)
{
	return MIN(n, PAGE_SIZE - (file_has_position(in) ? pos & PAGE_MASK : 0));
}

ssize_t splice_to_pipe(struct file *in, uint64_t *pos, struct file *pipe, size_t n, bool nonblock)
{
	uint8_t *buffer = mem_wait_kmalloc(PAGE_SIZE);
	size_t done = 0;
	ssize_t put = 0;

	if (!buffer)
		return -ENOMEM;
	while (done < n) {
		size_t want = slot_bytes(in, *pos, n - done);

		/* A page that the pipe has no room for stays in a file with a position. */
		if (done == 0 || !file_has_position(in))
			put = pipe_await_room(pipe, done != 0 || nonblock);
		if (put == 0)
			put = splice_page(in, pos, pipe, want, buffer);
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
	kfree(buffer);
	return done != 0 ? (ssize_t)done : put;
}
