/* SPDX-License-Identifier: MIT */
/* Two pipes between two open files. */
/*
 * Each pipe has one reader and one writer, the two sides. Whichever of them shuts it, it is shut for both: the reader gets what is
 * in it and then the end, the writer -EPIPE. So a pipe needs no more to know than that it has neither a reader nor a writer.
 */
#include "desc/duplex.h"

#include "base/os_layer.h"
#include "desc/pipe_impl.h"
#include "desc/poll.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

#define DUPLEX_BYTES (2 * ((ssize_t)PIPE_RING_PAGE + pipe_slot_bytes(DUPLEX_SLOTS)))

static struct pipe *duplex_pipe(void)
{
	struct pipe *pipe = pipe_alloc(2);

	if (!pipe)
		return NULL;
	file_memory_add(pipe_slot_bytes(DUPLEX_SLOTS));
	pipe->grows = true;
	pipe->nreaders = pipe->nwriters = 1;
	return pipe;
}

int duplex_create(struct duplex side[2], bool half_open)
{
	struct pipe *one, *other;
	int err = file_memory_charge(DUPLEX_BYTES);

	if (err)
		return err;
	one = duplex_pipe();
	other = one ? duplex_pipe() : NULL;
	file_memory_add(-DUPLEX_BYTES);
	if (!other) {
		if (one)
			pipe_free(one);
		return -ENOMEM;
	}
	side[0] = (struct duplex){ .in = one, .out = other, .half_open = half_open };
	side[1] = (struct duplex){ .in = other, .out = one, .half_open = half_open };
	return 0;
}

void duplex_set(struct duplex *side, const struct duplex *made)
{
	side->out = made->out;
	side->half_open = made->half_open;
	atomic_store(&side->in, made->in);
}

int duplex_take_error(struct duplex *side, unsigned which)
{
	uint32_t error = atomic_load_relaxed(&side->in->reset);

	if (likely(error <= RESET_TOLD) || (which == DUPLEX_IN && error == EPIPE))
		return 0;
	return atomic_cas(&side->in->reset, error, RESET_TOLD) ? -(int)error : 0;
}

/* Whoever has seen the end of the way in before is told by its writes only. */
void duplex_reset(struct duplex *side)
{
	bool ended = side->half_open && atomic_load(&side->out->shut);

	(void)atomic_cas(&side->out->reset, 0, ended ? EPIPE : ECONNRESET);
}

unsigned duplex_ways_shut(const struct duplex *side)
{
	if (atomic_load(&side->in->reset))
		return DUPLEX_IN | DUPLEX_OUT;
	return (atomic_load(&side->in->shut) ? DUPLEX_IN : 0) |
	       (atomic_load(&side->out->shut) ? DUPLEX_OUT : 0);
}

ssize_t duplex_read(struct duplex *side, const struct file *file, struct user_iter *to)
{
	return likely(!(to->rwf & RWF_MESSAGE)) ? pipe_read_from(side->in, file, to)
						: pipe_read_message(side->in, file, to);
}

/* So many bytes Linux has room for on the way to the other side (tcp_wmem). */
#define LATE_MOST (4ul << 20)

/* What is answered to bytes that the other side does not take any more: a reset, of both sides, as that may be open. */
static ssize_t answer_by_reset(struct duplex *side, struct user_iter *from)
{
	size_t n = MIN(from->left, LATE_MOST);

	if (user_iter_fault_in(from, n, false))
		return -EFAULT;
	if (!atomic_cas(&side->in->reset, 0, EPIPE))
		return 0;
	(void)atomic_cas(&side->out->reset, 0, ECONNRESET);
	waitq_wake_all(&side->in->readable);
	waitq_wake_all(&side->out->readable);
	pipe_tell(side->in, POLLERR);
	pipe_tell(side->out, POLLERR);
	from->left -= n; /* the next write fails, and copies nothing */
	return (ssize_t)n;
}

/*
 * A write has done nothing: nobody reads, there is nothing to write, or it failed. A half-open side does not know at first that
 * nobody reads: its first bytes after the other side's end are taken, and the next call tells the error.
 */
static __attribute__((noinline)) ssize_t write_in_vain(struct duplex *side, struct user_iter *from,
						       ssize_t done, bool quiet)
{
	if (done != -EPIPE && (done != 0 || !side->half_open))
		return done;
	done = side->half_open ? duplex_take_error(side, DUPLEX_OUT) : -EPIPE;
	if (done == 0 && !(duplex_ways_shut(side) & DUPLEX_OUT)) {
		if (from->left == 0)
			return 0;
		done = answer_by_reset(side, from);
	}
	done = done ?: -EPIPE;
	if (done == -EPIPE && !quiet)
		os_layer.pipe_broken();
	return done;
}

ssize_t duplex_write(struct duplex *side, const struct file *file, struct user_iter *from)
{
	bool quiet = from->rwf & RWF_QUIET;
	ssize_t done;

	from->rwf |= RWF_QUIET; /* the pipe sends SIGPIPE also after a part */
	done = likely(!(from->rwf & RWF_MESSAGE)) ? pipe_write_to(side->out, file, from)
						  : pipe_write_message(side->out, file, from);
	return likely(done > 0) ? done : write_in_vain(side, from, done, quiet);
}

/* Are there so many bytes behind the first `skip`, or as many as there is room for, or will there be no more? */
static bool has_bytes(struct pipe *in, size_t skip, size_t least)
{
	size_t bytes;
	bool full, ended;

	mutex_lock(&in->lock);
	bytes = pipe_ring_bytes(&in->ring);
	full = in->page_refused || (!in->grows && pipe_ring_full(&in->ring));
	ended = !in->nwriters;
	mutex_unlock(&in->lock);
	return ended || bytes >= skip + (full ? 1 : least);
}

static size_t peek_begin(const struct duplex *side)
{
	return (size_t)MAX(atomic_load_relaxed(&side->peek_at), 0);
}

/* Adds the length to *done. Returns 0, or how many bytes of user memory have to be faulted in first. */
static int peek_locked(struct pipe *pipe, size_t skip, struct user_iter *to,
		       struct message *message, size_t *done)
{
	size_t at = pipe->ring.tail;

	assert_hardened(mutex_held(&pipe->lock));
	for (; at != pipe->ring.head && to->left; at++) {
		const struct pipe_slot *slot = pipe_ring_slot(&pipe->ring, at);
		size_t from = MIN(skip, (size_t)slot->len), n = MIN(to->left, slot->len - from);

		skip -= from;
		if (n == 0)
			continue;
		if (!message_goes_on(message, slot))
			break;
		if (user_iter_try_out(to, slot->page + slot->offset + from, n) != n)
			return (int)n;
		*done += n;
		message_meets(message, slot, true);
	}
	return 0;
}

/* Waits for a change, unless has_bytes(). */
static int await_more(struct pipe *in, size_t skip, size_t least)
{
	uint64_t seq;

	atomic_store(&in->watched, true); /* so each write wakes */
	seq = waitq_sample(&in->readable);
	return has_bytes(in, skip, least) ? 0 : thread_wait_interruptible(&in->readable, seq);
}

/* After memory was faulted in, all is copied once more: others may have read meanwhile. */
ssize_t duplex_peek(struct duplex *side, const struct file *file, struct user_iter *to)
{
	const struct user_iter begin = *to;
	struct message own = { .is_met = false };
	struct message *message = message_of(to) ?: &own;
	bool waits = !file_nonblock(file, to), ended;
	size_t low = waits && side->half_open ? atomic_load_relaxed(&side->low) : 1;
	size_t least = MAX(MIN(low, to->left), (size_t)1), skip = peek_begin(side), done;
	struct pipe *pipe = side->in;
	int err, lacking;

	do {
		in_flight_put(message->attached.files);
		message->attached.files = NULL;
		message->is_met = false;
		while (!has_bytes(pipe, skip, least)) {
			err = waits ? await_more(pipe, skip, least) : -EAGAIN;
			if (err)
				return err;
		}
		*to = begin;
		done = 0;
		mutex_lock(&pipe->lock);
		lacking = peek_locked(pipe, skip, to, message, &done);
		ended = !pipe->nwriters;
		mutex_unlock(&pipe->lock);
		err = lacking ? user_iter_fault_in(to, (size_t)lacking, true) : 0;
	} while (!err && (lacking || (!done && !ended && to->left)));
	in_flight_put(own.attached.files);
	return done ? (ssize_t)done : err;
}

/* May a write go on, because there is room or it fails? */
static bool is_writable(struct pipe *out)
{
	bool writable;

	mutex_lock(&out->lock);
	writable = !out->nreaders ||
		   ((out->grows || !pipe_ring_full(&out->ring)) && !pipe_refuse_page(out));
	mutex_unlock(&out->lock);
	return writable;
}

int duplex_await(struct duplex *side, unsigned which, uint64_t deadline)
{
	struct pipe *pipe = which == DUPLEX_OUT ? side->out : side->in;
	struct waitq *queue = which == DUPLEX_OUT ? &pipe->writable : &pipe->readable;
	uint64_t seq;
	int err;

	if (which == DUPLEX_PEEK)
		atomic_store(&pipe->watched, true); /* so each write wakes */
	seq = waitq_sample(queue);
	if (which == DUPLEX_OUT	 ? is_writable(pipe)
	    : which == DUPLEX_IN ? pipe_is_readable(pipe)
				 : has_bytes(pipe, peek_begin(side), 1))
		return 0;
	err = thread_wait_interruptible_until(queue, seq, deadline);
	if (err == -EINTR && deadline != UINT64_MAX)
		current_thread()->restart = RESTART_NONE; /* or it would wait longer than asked */
	return err;
}

void duplex_set_low(struct duplex *side, uint32_t low)
{
	struct pipe *in = atomic_load(&side->in);

	atomic_store(&side->low, low);
	if (in && side->half_open)
		waitq_wake_all(&in->readable);
}

/* In this order: bytes that come before the end are seen with it, and so is a reset. */
unsigned duplex_poll(struct duplex *side, struct poller *poller)
{
	struct pipe *in = side->in, *out = side->out;
	bool ended, shut;
	uint32_t low = side->half_open ? atomic_load_relaxed(&side->low) : 1;
	unsigned can = 0;

	if (poller)
		atomic_store_relaxed(&in->watched, true);
	poll_watch(poller, &in->readable);
	poll_watch(poller, &out->writable);
	ended = !atomic_load(&in->nwriters);
	if (ended || (!pipe_ring_looks_empty(&in->ring) && (low <= 1 || has_bytes(in, 0, low))))
		can |= POLLIN | POLLRDNORM;
	if (ended && atomic_load(&in->reset) > RESET_TOLD)
		can |= POLLERR;
	shut = !atomic_load(&out->nreaders);
	if (is_writable(out))
		can |= POLLOUT | POLLWRNORM | POLLWRBAND;
	if (side->half_open)
		shut = duplex_ways_shut(side) & DUPLEX_OUT;
	return can | (ended ? POLLRDHUP : 0) | (ended && shut ? POLLHUP : 0);
}

static void sign_pipe(struct pipe *pipe, uint32_t who, bool wants)
{
	if (wants)
		(void)atomic_or(&pipe->signed_for, who);
	else
		(void)atomic_and(&pipe->signed_for, ~who);
}

void duplex_sign(struct duplex *side, bool wants)
{
	sign_pipe(side->in, DUPLEX_IN, wants);
	sign_pipe(side->out, DUPLEX_OUT, wants);
}

bool duplex_is_signed(const struct duplex *side)
{
	return atomic_load_relaxed(&side->out->signed_for) != 0;
}

bool duplex_listen(struct duplex *side, struct pipe_listener *listener)
{
	if (!atomic_cas(&side->in->listener, NULL, listener))
		return false;
	atomic_store_relaxed(&side->in->tells, true);
	return true;
}

static size_t bytes_in(struct pipe *pipe)
{
	size_t bytes;

	mutex_lock(&pipe->lock);
	bytes = pipe_ring_bytes(&pipe->ring);
	mutex_unlock(&pipe->lock);
	return bytes;
}

size_t duplex_unread(const struct duplex *side)
{
	return bytes_in(side->in);
}

size_t duplex_unsent(const struct duplex *side)
{
	return bytes_in(side->out);
}

static void pipe_shut(struct pipe *pipe, bool for_writer)
{
	mutex_lock(&pipe->lock);
	pipe->nwriters = 0;
	if (for_writer)
		pipe->nreaders = 0;
	mutex_unlock(&pipe->lock);
	waitq_wake_all(&pipe->readable);
	waitq_wake_all(&pipe->writable);
}

/* Tells the other side that no more comes from this one. As on Linux, TCP has not hung up as long as the other side may write. */
static void duplex_tell_end(struct duplex *side, bool both_ways)
{
	unsigned event = both_ways ? POLLHUP : POLLIN;

	if (likely(!atomic_load(&side->out->listener)) || atomic_load(&side->in->reset))
		return; /* there is nobody, or it knows */
	if (side->half_open && atomic_load(&side->out->reset))
		event = POLLERR;
	else if (side->half_open)
		event = atomic_load(&side->in->shut) ? POLLHUP : POLLIN;
	pipe_tell(side->out, event);
}

void duplex_shut(struct duplex *side, unsigned which)
{
	if (which & DUPLEX_OUT)
		atomic_store(&side->out->shut, true);
	if ((which & DUPLEX_IN) || !atomic_load(&side->in->nwriters))
		pipe_shut(side->in, !side->half_open || atomic_load(&side->out->shut));
	if (which & DUPLEX_OUT) {
		pipe_shut(side->out, true);
		duplex_tell_end(side, which & DUPLEX_IN);
	}
}

/* The other side learns that this one ends. Nobody reads or writes here any more. */
static void leave_other(struct duplex *side)
{
	struct pipe *in = side->in;
	struct in_flight *files;

	mutex_lock(&in->lock);
	if (!pipe_ring_empty(&in->ring) && !side->is_lost)
		duplex_reset(side); /* before the end, which it comes with */
	atomic_store(&side->out->shut, true);
	files = pipe_discard(in);
	in->nreaders = in->nwriters = 0; /* nothing comes in any more */
	mutex_unlock(&in->lock);
	waitq_wake_all(&in->writable);
	pipe_shut(side->out, true);
	duplex_tell_end(side, true);
	in_flight_put_list(files);
}

/* The other side drops its reference to `in` last, and then has ended. */
void duplex_end(struct duplex *side)
{
	struct pipe *in = side->in;

	if (!in)
		return;
	if (refcount_read(&in->refs) > 1)
		leave_other(side);
	pipe_put(in);
	pipe_put(side->out);
	*side = (struct duplex){ 0 };
}

void duplex_holds(const struct duplex *side)
{
	if (!side->in)
		return;
	pipe_found(side->in);
	pipe_found(side->out);
}
