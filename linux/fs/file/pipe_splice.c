/* SPDX-License-Identifier: MIT */
/* Splice, tee and vmsplice on the side of a pipe: its pages are lent, moved and copied. */
#include "linux/fs/file/pipe_splice.h"

#include "base/os_layer.h"
#include "desc/pipe_impl.h"
#include "desc/poll.h"
#include "lib/string.h"
#include "proc/mem_wait.h"

bool pipe_is_same(const struct file *a, const struct file *b)
{
	return a->data == b->data;
}

int pipe_take(struct file *file, struct pipe_slot *slot, bool nonblock)
{
	struct pipe *pipe = file_pipe(file);
	bool found = false, ended = false;
	int err = 0;

	while (!found && !ended) {
		err = pipe_wait_readable(pipe, nonblock);
		if (err)
			return err;
		mutex_lock(&pipe->lock);
		found = !pipe_ring_empty(&pipe->ring) && !pipe->ring.held;
		ended = pipe_ring_empty(&pipe->ring) && !pipe->nwriters;
		if (found)
			*slot = pipe_ring_hold(&pipe->ring);
		pipe->lent = pipe->ring.held;
		mutex_unlock(&pipe->lock);
	}
	return found;
}

bool pipe_give_back(struct file *file, size_t n)
{
	struct pipe *pipe = file_pipe(file);
	bool was_full, readable, has_room;

	mutex_lock(&pipe->lock);
	was_full = pipe_ring_full(&pipe->ring) || pipe->page_refused;
	has_room = pipe_take_bytes(pipe, pipe_ring_unhold(&pipe->ring), n);
	pipe->lent = false;
	if (has_room)
		pipe->page_refused = false;
	readable = pipe_is_readable(pipe);
	mutex_unlock(&pipe->lock);
	if (has_room && was_full)
		waitq_wake_all(&pipe->writable);
	if (readable) /* others may have waited for what becomes of the page */
		waitq_wake_all(&pipe->readable);
	return has_room;
}

void pipe_tell_room(struct file *file)
{
	pipe_tell(file_pipe(file), POLLOUT);
}

int pipe_await_room(struct file *file, bool nonblock)
{
	struct pipe *pipe = file_pipe(file);
	int err;

	do {
		uint64_t seq = waitq_sample(&pipe->writable);

		mutex_lock(&pipe->lock);
		err = !pipe->nreaders					      ? -EPIPE
		      : pipe_ring_full(&pipe->ring) || pipe_refuse_page(pipe) ? -EAGAIN
									      : 0;
		mutex_unlock(&pipe->lock);
		if (err == -EPIPE)
			os_layer.pipe_broken();
		if (err != -EAGAIN || nonblock)
			return err;
		err = thread_wait_interruptible(&pipe->writable, seq);
	} while (err == 0);
	return err;
}

static void lock_two(struct pipe *a, struct pipe *b)
{
	mutex_lock(a < b ? &a->lock : &b->lock);
	mutex_lock(a < b ? &b->lock : &a->lock);
}

/* The first n bytes of a page that is lent are in both pipes then, as on Linux. */
static void share_slot(struct pipe *to, struct pipe_slot slot, size_t n)
{
	page_get(virt_to_page(slot.page));
	counter_add(&pages_in_pipes, 1);
	slot.len = (uint16_t)n;
	pipe_ring_push_slot(&to->ring, slot);
}

/* Copies the first n bytes of a slot. Returns 0, or -ENOMEM if no page is free at once. */
static int copy_slot(struct pipe *to, const struct pipe_slot *slot, size_t n)
{
	int err;

	if (slot->lent && !pipes_are_many()) {
		share_slot(to, *slot, n);
		return 0;
	}
	err = pipe_have_spare(to);
	if (err)
		return err;
	memcpy(to->spare, slot->page + slot->offset, n);
	pipe_ring_push_slot(&to->ring, (struct pipe_slot){ .page = to->spare,
							   .packet = slot->packet,
							   .closed = true,
							   .len = (uint16_t)n });
	to->spare = NULL;
	return 0;
}

/*
 * Moves up to n bytes, or, to `keep` them, copies them, and adds their number to *done. Returns 0 or -ENOMEM.
 * Call with both locks held.
 */
static int move_slots(struct pipe *from, struct pipe *to, size_t n, bool keep, size_t *done)
{
	size_t at = from->ring.tail;

	while (*done < n && at != from->ring.head && !pipe_ring_full(&to->ring)) {
		struct pipe_slot *slot = pipe_ring_slot(&from->ring, at);
		size_t len = MIN(n - *done, (size_t)slot->len);
		int err = 0;

		if (!keep && len == slot->len)
			pipe_ring_push_slot(&to->ring, pipe_ring_pop(&from->ring));
		else
			err = copy_slot(to, slot, len);
		if (err)
			return err;
		if (!keep && len != slot->len)
			(void)pipe_ring_take(&from->ring, len);
		at++;
		*done += len;
	}
	return 0;
}

/*
 * One look at both pipes. Returns 0 or -ENOMEM. *ended_ret: there will be no more bytes. A reader that has left since
 * pipe_await_room() saw it is as one that leaves when it has the bytes.
 */
static int try_move(struct pipe *from, struct pipe *to, size_t n, bool keep, size_t *done,
		    bool *ended_ret)
{
	bool was_full, has_room;
	size_t tail;
	int err;

	lock_two(from, to);
	tail = from->ring.tail;
	was_full = pipe_ring_full(&from->ring) || from->page_refused;
	*ended_ret = pipe_ring_empty(&from->ring) && !from->nwriters;
	err = from->ring.held ? 0 : move_slots(from, to, n, keep, done);
	if (*done != 0 && !keep)
		from->page_refused = false;
	has_room = from->ring.tail != tail;
	mutex_unlock(&from->lock);
	mutex_unlock(&to->lock);
	if (*done != 0)
		waitq_wake_all(&to->readable);
	if (*done != 0 && was_full && !keep)
		waitq_wake_all(&from->writable);
	if (*done != 0)
		pipe_tell(to, POLLIN);
	if (has_room)
		pipe_tell(from, POLLOUT);
	return err;
}

/* A page for a copy: it is the pipe's spare one then. */
static int wait_for_spare(struct pipe *pipe)
{
	struct page *page = mem_wait_page(0, PAGE_KERNEL);

	if (!page)
		return -ENOMEM;
	counter_add(&pages_in_pipes, 1);
	mutex_lock(&pipe->lock);
	pipe_page_back(pipe, page_address(page));
	mutex_unlock(&pipe->lock);
	return 0;
}

ssize_t pipe_to_pipe(struct file *in, struct file *out, size_t n, bool nonblock, bool keep)
{
	struct pipe *from = file_pipe(in), *to = file_pipe(out);
	size_t done = 0;
	bool ended = false;
	int err = 0;

	while (err == 0 && done == 0 && !ended) {
		err = pipe_wait_readable(from, nonblock);
		if (err == 0)
			err = pipe_await_room(out, nonblock);
		if (err)
			break;
		err = try_move(from, to, n, keep, &done, &ended);
		if (err == -ENOMEM && done == 0)
			err = wait_for_spare(to);
	}
	return done != 0 ? (ssize_t)done : err;
}

ssize_t pipe_transfer(struct file *file, struct user_iter *iter, bool nonblock, bool write)
{
	uint64_t unused = 0;

	iter->rwf |= RWF_SPLICE;
	if (nonblock)
		iter->rwf |= RWF_NOWAIT;
	return (write ? file->ops->write : file->ops->read)(file, iter, &unused);
}

ssize_t pipe_vmsplice(struct file *file, struct user_iter *iter, bool nonblock)
{
	ssize_t done;

	if (!file_writable(file))
		return pipe_transfer(file, iter, nonblock, false);
	do {
		done = pipe_await_room(file, nonblock);
		if (done == 0)
			done = pipe_transfer(file, iter, true, true);
	} while (done == -EAGAIN && !nonblock);
	return done;
}
