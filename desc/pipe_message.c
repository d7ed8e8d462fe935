/* SPDX-License-Identifier: MIT */
/* Bytes in a pipe that something goes with: open files, and who has written them. */
/*
 * What is attached is at the start of the page that the bytes are in. So a pipe that has no such bytes costs nothing for it.
 */
#include "desc/duplex.h"
#include "desc/pipe_impl.h"
#include "lib/string.h"

static struct attached nothing; /* const, but for looks like that of a slot's own */

static struct attached *slot_attached(const struct pipe_slot *slot)
{
	return slot->attached ? (struct attached *)slot->page : &nothing;
}

static bool is_same_writer(const struct attached *a, const struct attached *b)
{
	return memcmp(a->writer, b->writer, sizeof(a->writer)) == 0;
}

bool message_goes_on(const struct message *message, const struct pipe_slot *slot)
{
	if (message->attached.files)
		return false;
	return !message->is_met || !message->apart ||
	       is_same_writer(&message->attached, slot_attached(slot));
}

void message_meets(struct message *message, const struct pipe_slot *slot, bool keep)
{
	struct attached *here = slot_attached(slot);
	struct in_flight *files = here->files;

	if (!message->is_met)
		message->attached = *here;
	message->is_met = true;
	message->attached.files = files;
	if (files && keep)
		in_flight_get(files);
	else if (files)
		here->files = NULL;
}

/* As drain() of desc/pipe.c, but a read of no bytes meets what goes with the first ones. */
static int drain_message(struct pipe *pipe, struct user_iter *to, struct message *message,
			 size_t *done)
{
	assert_hardened(mutex_held(&pipe->lock));
	while (!pipe_ring_empty(&pipe->ring)) {
		struct pipe_slot *first = pipe_ring_slot(&pipe->ring, pipe->ring.tail);
		size_t n = MIN(to->left, (size_t)first->len);

		if (!message_goes_on(message, first))
			break;
		if (user_iter_try_out(to, first->page + first->offset, n) != n)
			return (int)n;
		*done += n;
		message_meets(message, first, false);
		pipe_take_bytes(pipe, first, n);
		if (to->left == 0)
			break;
	}
	pipe->attached = !pipe_ring_empty(&pipe->ring);
	return 0;
}

static ssize_t read_message(struct pipe *pipe, const struct file *file, struct message *message)
{
	struct user_iter *to = &message->iter;
	bool ended = false;
	size_t done = 0;
	int err = 0;

	while (err == 0 && !ended) {
		bool empty;
		int lacking;

		if (done == 0 && !pipe_is_readable(pipe)) {
			err = pipe_await_bytes(pipe, file, to);
			continue;
		}
		mutex_lock(&pipe->lock);
		empty = pipe_ring_empty(&pipe->ring);
		pipe->page_refused = false;
		lacking = drain_message(pipe, to, message, &done);
		atomic_store_relaxed(&pipe->read_tick, arch_time());
		ended = empty && done == 0 ? !pipe->nwriters : !lacking;
		mutex_unlock(&pipe->lock);
		waitq_wake_all(&pipe->writable);
		if (lacking)
			err = user_iter_fault_in(to, (size_t)lacking, true);
	}
	if (unlikely(atomic_load_relaxed(&pipe->tells)))
		pipe_tell(pipe, POLLOUT);
	return done != 0 ? (ssize_t)done : err;
}

ssize_t pipe_read_message(struct pipe *pipe, const struct file *file, struct user_iter *to)
{
	struct message own = { .iter = *to, .apart = atomic_load(&pipe->signed_for) & DUPLEX_IN };
	ssize_t done;

	if (message_of(to))
		return read_message(pipe, file, message_of(to));
	done = read_message(pipe, file, &own);
	*to = own.iter;
	in_flight_put(own.attached.files);
	return done;
}

/* Where n bytes of a message go behind the newest ones, if these are alike. Else NULL. */
static uint8_t *append_at(struct pipe *pipe, const struct attached *attached, size_t n)
{
	const struct pipe_slot *last = pipe_ring_slot(&pipe->ring, pipe->ring.head - 1);

	if (attached->files || pipe_ring_empty(&pipe->ring) ||
	    !is_same_writer(attached, slot_attached(last)))
		return NULL;
	if (last->attached)
		return slot_attached(last)->files ? NULL : pipe_slot_room(last, n);
	return pipe_ring_append_at(&pipe->ring, n);
}

/* Adds as much as one page takes; without room, nothing. Returns as pipe_add_message(). */
static int push_message(struct pipe *pipe, struct user_iter *from, struct attached *attached,
			size_t *done)
{
	uint8_t *at = append_at(pipe, attached, from->left);
	size_t n = MIN(from->left, PIPE_RING_PAGE - sizeof(*attached));
	int err;

	if (at) {
		n = from->left;
		if (user_iter_try_in(from, at, n) != n)
			return (int)n;
		pipe_ring_append(&pipe->ring, n);
		*done += n;
		return 0;
	}
	if (pipe_ring_full(&pipe->ring) || pipe_refuse_page(pipe))
		return 0;
	err = pipe_have_spare(pipe);
	if (err)
		return err;
	if (user_iter_try_in(from, pipe->spare + sizeof(*attached), n) != n)
		return (int)n;
	memcpy(pipe->spare, attached, sizeof(*attached));
	pipe_ring_push_slot(&pipe->ring, (struct pipe_slot){ .page = pipe->spare,
							     .offset = sizeof(*attached),
							     .len = (uint16_t)n,
							     .closed = true,
							     .attached = true });
	pipe->spare = NULL;
	pipe->attached = true;
	attached->files = NULL;
	*done += n;
	return 0;
}

int pipe_add_message(struct pipe *pipe, struct user_iter *from, size_t *done)
{
	size_t begin = *done, before;
	int lacking;

	do {
		before = *done;
		lacking = push_message(pipe, from, &message_of(from)->attached, done);
	} while (lacking == 0 && *done != before && from->left);
	if (*done != begin)
		waitq_wake_all(&pipe->readable);
	return lacking;
}
