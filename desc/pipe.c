/* SPDX-License-Identifier: MIT */
/* Pipes: up to 64 KiB of bytes between two ends, which may have a name in a directory. */
#include "desc/pipe.h"

#include "abi/errno.h"
#include "base/clock.h"
#include "base/os_layer.h"
#include "desc/pipe_impl.h"
#include "desc/poll.h"
#include "lib/string.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "proc/mem_wait.h"
#include "proc/process.h"
#include "proc/wait.h"

uint64_t pages_in_pipes; /* atomic */

static const char *pipe_state(const void *it)
{
	const struct pipe *pipe = it;

	if (pipe->nreaders)
		return pipe->nwriters ? "open" : "without a writer";
	return pipe->nwriters ? "without a reader" : "closed";
}

COUNTED_KIND(pipe_kind, "pipe", struct pipe, pipe_state);

__attribute__((noinline)) int pipe_get_spare(struct pipe *pipe)
{
	struct page *page = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);

	if (!page)
		return -ENOMEM;
	counter_add(&pages_in_pipes, 1);
	pipe->spare = page_address(page);
	return 0;
}

__attribute__((noinline)) void pipe_page_gone(uint8_t *page)
{
	counter_add(&pages_in_pipes, -1ul);
	page_put(virt_to_page(page));
}

/*
 * If the write is not a whole number of pages, copies the odd bytes at its start behind the newest
 * bytes in the pipe, provided that they fit into that page. Adds their number to *done. Returns 0,
 * or how many bytes of user memory have to be faulted in first.
 */
static int pipe_append(struct pipe *pipe, struct user_iter *from, size_t *done)
{
	size_t n = from->left % PIPE_RING_PAGE;
	uint8_t *at = pipe_ring_append_at(&pipe->ring, n);

	if (n == 0 || !at || (from->rwf & RWF_SPLICE))
		return 0;
	if (user_iter_try_in(from, at, n) != n)
		return (int)n;
	pipe_ring_append(&pipe->ring, n);
	*done += n;
	return 0;
}

static void close_newest(struct pipe *pipe, bool packet)
{
	struct pipe_slot *newest = pipe_ring_slot(&pipe->ring, pipe->ring.head - 1);

	newest->packet = packet;
	newest->closed = true;
}

/*
 * Both copy as much as possible and add the length to *done. They return 0, -ENOMEM, or as
 * pipe_append() a number of bytes to fault in. As on Linux, a piece (within one page) is copied
 * entirely or not at all: after a partial copy it is neither added to the pipe nor removed from it.
 */
static int pipe_fill(struct pipe *pipe, struct user_iter *from, size_t *done)
{
	while (from->left != 0 && !pipe_ring_full(&pipe->ring)) {
		size_t n = MIN(from->left, (size_t)PIPE_RING_PAGE);
		int err;

		if (pipe_refuse_page(pipe))
			break;
		err = pipe_have_spare(pipe);
		if (err)
			return err;
		if (user_iter_try_in(from, pipe->spare, n) != n)
			return (int)n;
		pipe_ring_push(&pipe->ring, pipe->spare, n);
		if (unlikely(from->rwf & (RWF_PACKET | RWF_SPLICE)))
			close_newest(pipe, from->rwf & RWF_PACKET);
		pipe->spare = NULL;
		*done += n;
	}
	return 0;
}

/* Call with some bytes left to read. */
static int drain(struct pipe *pipe, struct user_iter *to, size_t *done)
{
	while (!pipe_ring_empty(&pipe->ring)) {
		struct pipe_slot *first = pipe_ring_slot(&pipe->ring, pipe->ring.tail);
		size_t n = MIN(to->left, (size_t)first->len);

		if (user_iter_try_out(to, first->page + first->offset, n) != n)
			return (int)n;
		*done += n;
		/* What a read has no room for is lost with a packet. */
		if (unlikely(first->packet) && !(to->rwf & RWF_SPLICE)) {
			pipe_take_bytes(pipe, first, first->len);
			break;
		}
		pipe_take_bytes(pipe, first, n);
		if (to->left == 0)
			break;
	}
	return 0;
}

/*
 * Waits for what stopped pipe_write_some(): user memory or a page. The lock is dropped meanwhile, because
 * another thread may need it to end and so to free memory. Returns 0, -EFAULT or -ENOMEM, with the
 * lock held again.
 */
static __attribute__((noinline)) int pipe_fetch(struct pipe *pipe, int lacking,
						const struct user_iter *from)
{
	struct page *page = NULL;
	int err = 0;

	assert_hardened(mutex_held(&pipe->lock));
	mutex_unlock(&pipe->lock);
	if (lacking > 0)
		err = user_iter_fault_in(from, (size_t)lacking, false);
	else
		page = mem_wait_page(0, PAGE_KERNEL);
	mutex_lock(&pipe->lock);
	if (lacking > 0)
		return err;
	if (!page)
		return -ENOMEM;
	counter_add(&pages_in_pipes, 1);
	pipe_page_back(pipe, page_address(page));
	return 0;
}

/* A duplex gets its slots when the first ones are full. The lock is dropped meanwhile. Returns 0 or -ENOMEM. */
static __attribute__((noinline)) int pipe_grow(struct pipe *pipe)
{
	struct pipe_slot *slot;

	assert_hardened(mutex_held(&pipe->lock));
	mutex_unlock(&pipe->lock);
	slot = mem_wait_kmalloc((size_t)pipe_slot_bytes(DUPLEX_SLOTS));
	mutex_lock(&pipe->lock);
	if (slot && pipe->grows) {
		pipe_ring_resize(&pipe->ring, slot, DUPLEX_SLOTS);
		pipe->grows = false;
	} else {
		kfree(slot); /* or another writer was quicker */
	}
	return pipe->grows ? -ENOMEM : 0;
}

__attribute__((noinline)) int pipe_wait(struct pipe *pipe, struct waitq *queue, unsigned event)
{
	uint64_t seq = waitq_sample(queue);
	int err;

	assert_hardened(mutex_held(&pipe->lock));
	mutex_unlock(&pipe->lock);
	if (event)
		pipe_tell(pipe, event);
	err = thread_wait_interruptible(queue, seq);
	mutex_lock(&pipe->lock);
	return err;
}

static __attribute__((noinline)) int tell_and_await(struct pipe *pipe, bool nonblock)
{
	pipe_tell(pipe, POLLOUT);
	return pipe_wait_readable(pipe, nonblock);
}

__attribute__((noinline)) int pipe_await_bytes(struct pipe *pipe, const struct file *file,
					       const struct user_iter *to)
{
	bool nonblock = file_nonblock(file, to);

	if (unlikely(atomic_load_relaxed(&pipe->tells)))
		return tell_and_await(pipe, nonblock);
	return pipe_wait_readable(pipe, nonblock);
}

ssize_t pipe_read_from(struct pipe *pipe, const struct file *file, struct user_iter *to)
{
	bool ended = false;
	size_t done = 0;
	int err = 0;

	if (unlikely(to->left == 0))
		return 0;
	while (err == 0 && !ended) {
		bool was_full;
		uint32_t odd;
		int lacking = 0;

		if (done == 0 && !pipe_is_readable(pipe)) {
			err = pipe_await_bytes(pipe, file, to);
			if (err)
				return err;
			continue;
		}
		mutex_lock(&pipe->lock);
		odd = pipe->odd;
		if (unlikely(odd) && pipe->attached && done == 0) {
			mutex_unlock(&pipe->lock);
			return pipe_read_message(pipe, file, to);
		}
		was_full = pipe_ring_full(&pipe->ring) || odd;
		if (unlikely(odd))
			pipe->page_refused = false;
		if (likely(!odd || (!pipe->ring.held && !pipe->attached)))
			lacking = drain(pipe, to, &done);
		if (likely(done != 0))
			atomic_store_relaxed(&pipe->read_tick, arch_time());
		ended = done != 0 ? !lacking || pipe->attached
				  : pipe_ring_empty(&pipe->ring) && !pipe->nwriters;
		mutex_unlock(&pipe->lock);
		if (was_full) /* at once, as the reader's memory may be long in coming */
			waitq_wake_all(&pipe->writable);
		if (lacking)
			err = user_iter_fault_in(to, (size_t)lacking, true);
	}
	/* As on Linux, also if there is no more room than before. */
	if (unlikely(atomic_load_relaxed(&pipe->tells)))
		pipe_tell(pipe, POLLOUT);
	return done != 0 ? (ssize_t)done : err;
}

ssize_t pipe_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	(void)pos;
	return pipe_read_from(file_pipe(file), file, to);
}

/* Copies in as much as there is room for, and returns as pipe_fill() does. Another one is pipe_add_message(). */
typedef int pipe_add(struct pipe *pipe, struct user_iter *from, size_t *done);

static int pipe_write_some(struct pipe *pipe, struct user_iter *from, size_t *done)
{
	bool was_empty = pipe_ring_empty(&pipe->ring);
	int lacking = *done == 0 && !was_empty ? pipe_append(pipe, from, done) : 0;

	if (lacking)
		return lacking;
	lacking = pipe_fill(pipe, from, done);
	/* For edges of epoll, each write counts as one, as on Linux. */
	if (was_empty || atomic_load_relaxed(&pipe->watched))
		waitq_wake_all(&pipe->readable);
	return lacking;
}

/*
 * Does a whole write with the lock held, and adds the number of bytes written to *done. Returns 0,
 * or the error that ended the write early. Up to PIPE_BUF bytes go into one page entirely or not at
 * all, so they stay together.
 */
static inline __attribute__((always_inline)) int pipe_write_all(struct pipe *pipe,
								struct user_iter *from,
								const struct file *file,
								size_t *done, pipe_add *add)
{
	int err = 0;

	assert_hardened(mutex_held(&pipe->lock));
	while (from->left != 0 && err == 0) {
		if (!pipe->nreaders)
			return -EPIPE;
		err = add(pipe, from, done);
		if (err)
			err = pipe_fetch(pipe, err, from);
		else if (from->left != 0 && pipe->grows && pipe_ring_full(&pipe->ring))
			err = pipe_grow(pipe);
		else if (from->left != 0)
			err = file_nonblock(file, from) ? -EAGAIN
							: pipe_wait(pipe, &pipe->writable, POLLIN);
	}
	return err;
}

static inline __attribute__((always_inline)) ssize_t
pipe_write_by(struct pipe *pipe, const struct file *file, struct user_iter *from, pipe_add *add)
{
	size_t done = 0;
	int err;

	mutex_lock(&pipe->lock);
	err = pipe_write_all(pipe, from, file, &done, add);
	if (likely(done != 0))
		atomic_store_relaxed(&pipe->write_tick, arch_time());
	mutex_unlock(&pipe->lock);
	if (unlikely(err == -EPIPE) && !(from->rwf & RWF_QUIET))
		os_layer.pipe_broken();
	/* As on Linux, of a pipe also if nothing was written. */
	if (unlikely(atomic_load_relaxed(&pipe->tells)) && (done || !(from->rwf & RWF_QUIET)))
		pipe_tell(pipe, POLLIN);
	return done != 0 ? (ssize_t)done : err;
}

ssize_t pipe_write_to(struct pipe *pipe, const struct file *file, struct user_iter *from)
{
	return pipe_write_by(pipe, file, from, pipe_write_some);
}

ssize_t pipe_write_message(struct pipe *pipe, const struct file *file, struct user_iter *from)
{
	return pipe_write_by(pipe, file, from, pipe_add_message);
}

/* Pushes the page of a file that the bytes are in, by reference. */
static int pipe_add_lent(struct pipe *pipe, struct user_iter *from, size_t *done)
{
	bool was_empty = pipe_ring_empty(&pipe->ring);
	uint8_t *page = page_address(from->lent);

	if (pipe_ring_full(&pipe->ring))
		return 0;
	from->lent = NULL; /* the reference is the pipe's now */
	counter_add(&pages_in_pipes, 1);
	pipe_ring_push_slot(&pipe->ring,
			    (struct pipe_slot){ .page = page,
						.offset = (uint16_t)(from->kernel - page),
						.closed = true,
						.lent = true,
						.len = (uint16_t)from->left });
	*done += from->left;
	user_iter_advance_kernel(from, from->left);
	if (was_empty || atomic_load_relaxed(&pipe->watched))
		waitq_wake_all(&pipe->readable);
	return 0;
}

/* Where there are many pages in pipes, what is lent is copied, so that the pipe may be refused a page. */
static __attribute__((noinline)) ssize_t pipe_write_lent(struct file *file, struct user_iter *from)
{
	if (pipes_are_many())
		return pipe_write_to(file_pipe(file), file, from);
	return pipe_write_by(file_pipe(file), file, from, pipe_add_lent);
}

ssize_t pipe_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	(void)pos;
	if (unlikely((file->flags & O_DIRECT) | (from->rwf & RWF_LEND))) {
		if (from->rwf & RWF_LEND)
			return pipe_write_lent(file, from);
		if (!(from->rwf & RWF_SPLICE))
			from->rwf |= RWF_PACKET;
	}
	return pipe_write_to(file_pipe(file), file, from);
}

/* A time that may have been put down as a tick since. */
static uint64_t time_or_tick(const uint64_t *time, const uint64_t *tick)
{
	uint64_t at = atomic_load_relaxed(tick);

	return at != 0 ? clock_wall_ns_at(at) : atomic_load_relaxed(time);
}

void pipe_times(const struct pipe *pipe, struct pipe_times *times)
{
	*times = (struct pipe_times){
		.atime = time_or_tick(&pipe->times.atime, &pipe->read_tick),
		.mtime = time_or_tick(&pipe->times.mtime, &pipe->write_tick),
		.ctime = time_or_tick(&pipe->times.ctime, &pipe->write_tick),
	};
}

void pipe_fill_stat(const struct pipe *pipe, struct abi_stat *st)
{
	struct pipe_times times;

	pipe_times(pipe, &times);
	*st = (struct abi_stat){
		.dev = DEV_PIPE,
		.ino = pipe->ino,
		.mode = PIPE_MODE,
		.nlink = 1,
		.blksize = PAGE_SIZE,
		.atime = (int64_t)(times.atime / NSEC_PER_SEC),
		.atime_nsec = times.atime % NSEC_PER_SEC,
		.mtime = (int64_t)(times.mtime / NSEC_PER_SEC),
		.mtime_nsec = times.mtime % NSEC_PER_SEC,
		.ctime = (int64_t)(times.ctime / NSEC_PER_SEC),
		.ctime_nsec = times.ctime % NSEC_PER_SEC,
	};
}

static int pipe_stat(struct file *file, struct abi_stat *st)
{
	pipe_fill_stat(file_pipe(file), st);
	return 0;
}

struct in_flight *pipe_discard(struct pipe *pipe)
{
	struct in_flight *files = NULL;

	while (!pipe_ring_empty(&pipe->ring)) {
		struct pipe_slot *slot = pipe_ring_slot(&pipe->ring, pipe->ring.tail);
		struct attached *attached = slot->attached ? (struct attached *)slot->page : NULL;

		if (attached && attached->files) {
			attached->files->behind = files;
			files = attached->files;
		}
		pipe_take_bytes(pipe, slot, slot->len);
	}
	if (pipe->spare)
		pipe_page_gone(pipe->spare);
	pipe->spare = NULL;
	return files;
}

void pipe_free_slots(struct pipe_slot *slot, uint32_t nslots)
{
	if (pipe_slot_bytes(nslots) == 0)
		return;
	file_memory_add(-pipe_slot_bytes(nslots));
	kfree(slot);
}

void pipe_free(struct pipe *pipe)
{
	in_flight_put_list(pipe_discard(pipe));
	if (pipe->listener)
		pipe->listener->gone(pipe->listener);
	counted_end(&pipe->counted);
	pipe_free_slots(pipe->ring.slot, pipe_ring_nslots(&pipe->ring));
	if (pipe->grows)
		file_memory_add(-pipe_slot_bytes(DUPLEX_SLOTS));
	file_memory_add(-(ssize_t)PIPE_RING_PAGE);
	kfree(pipe);
}

/* Releases one end. The last one frees the pipe. */
static void pipe_end_gone(struct pipe *pipe, unsigned *end, struct waitq *other)
{
	bool is_last;

	mutex_lock(&pipe->lock);
	(*end)--;
	is_last = !pipe->nreaders != !pipe->nwriters;
	mutex_unlock(&pipe->lock);
	waitq_wake_all(other);
	if (is_last)
		pipe_tell_last(pipe);
	pipe_put(pipe);
}

static void pipe_release_read(struct file *file)
{
	struct pipe *pipe = file_pipe(file);

	pipe_end_gone(pipe, &pipe->nreaders, &pipe->writable);
}

static void pipe_release_write(struct file *file)
{
	struct pipe *pipe = file_pipe(file);

	pipe_end_gone(pipe, &pipe->nwriters, &pipe->readable);
}

/* As on Linux, a named pipe has not hung up before it has had a writer since the file was opened. */
static bool had_writer(const struct pipe *pipe, const struct file *file)
{
	return atomic_load_relaxed(&pipe->writers_ever) != file->pos;
}

static unsigned pipe_poll_read(struct file *file, struct poller *poller)
{
	struct pipe *pipe = file_pipe(file);
	unsigned can = 0;

	if (poller)
		atomic_store_relaxed(&pipe->watched, true);
	poll_watch(poller, &pipe->readable);
	/* In this order: bytes that come before the last writer's end are seen with it. */
	if (!atomic_load(&pipe->nwriters) && had_writer(pipe, file))
		can |= POLLHUP;
	if (!pipe_ring_looks_empty(&pipe->ring))
		can |= POLLIN | POLLRDNORM;
	return likely(!atomic_load(&pipe->ring.held)) ? can : 0;
}

/*
 * The lock is needed because pipe_refuse_page() sets pipe->page_refused, which the next reader clears.
 */
static unsigned pipe_poll_write(struct file *file, struct poller *poller)
{
	struct pipe *pipe = file_pipe(file);
	unsigned can = 0;

	poll_watch(poller, &pipe->writable);
	mutex_lock(&pipe->lock);
	if (!pipe_ring_full(&pipe->ring) && !pipe_refuse_page(pipe))
		can |= POLLOUT | POLLWRNORM;
	if (!pipe->nreaders)
		can |= POLLERR;
	mutex_unlock(&pipe->lock);
	return can;
}

void pipe_found(struct pipe *pipe)
{
	counted_found(&pipe->counted);
}

/* An open file of an end has the reference of that end. */
void pipe_holds(struct file *file)
{
	pipe_found(file_pipe(file));
}

/* ---- the two ends ---- */

static const struct file_ops pipe_read_ops = {
	.name = "pipe, read end",
	.read = pipe_read,
	.nowait = true,
	.poll = pipe_poll_read,
	.stat = pipe_stat,
	.release = pipe_release_read,
	.holds = pipe_holds,
	.is_pipe = true,
};

static const struct file_ops pipe_write_ops = {
	.name = "pipe, write end",
	.write = pipe_write,
	.nowait = true,
	.poll = pipe_poll_write,
	.stat = pipe_stat,
	.release = pipe_release_write,
	.holds = pipe_holds,
	.is_pipe = true,
};

struct pipe *pipe_alloc(unsigned nfiles)
{
	struct pipe *pipe = mem_wait_kmalloc(os_layer.pipe_size);

	if (!pipe)
		return NULL;
	assert_hardened(os_layer.pipe_size >= sizeof(*pipe));
	memset(pipe, 0, offsetof(struct pipe, ring.few));
	memset(&pipe->spare, 0, os_layer.pipe_size - offsetof(struct pipe, spare));
	file_memory_add(PIPE_RING_PAGE);
	refcount_init(&pipe->refs, nfiles);
	mutex_init(&pipe->lock, LOCK_PIPE);
	waitq_init(&pipe->readable);
	waitq_init(&pipe->writable);
	waitq_init(&pipe->opened);
	pipe_ring_init(&pipe->ring);
	pipe->ino = file_next_ino();
	pipe->times.atime = pipe->times.mtime = pipe->times.ctime = clock_wall_ns();
	counted_begin(&pipe_kind, &pipe->counted, &pipe->refs.n);
	return pipe;
}

static int pipe_ends_create(unsigned flags, struct file **read_ret, struct file **write_ret)
{
	struct file *reader, *writer;
	struct pipe *pipe = pipe_alloc(2);

	if (!pipe)
		return -ENOMEM;
	pipe->nreaders = pipe->nwriters = 1;
	pipe->readers_ever = pipe->writers_ever = 1;
	reader = file_create(&pipe_read_ops, O_RDONLY | (flags & O_NONBLOCK), pipe);
	if (!reader)
		goto free_pipe;
	reader->data = pipe;
	writer = file_create(&pipe_write_ops, O_WRONLY | flags, pipe);
	if (!writer)
		goto put_reader;
	writer->data = pipe;
	*read_ret = reader;
	*write_ret = writer;
	return 0;
put_reader:
	pipe_end_gone(pipe, &pipe->nwriters, &pipe->readable);
	file_put(reader);
	return -ENOMEM;
free_pipe:
	pipe_free(pipe);
	return -ENOMEM;
}

/* Two ends, and the page that no pipe is refused. */
#define PIPE_BYTES (2 * FILE_BYTES + (ssize_t)PIPE_RING_PAGE)

int pipe_create(unsigned flags, struct file **read_ret, struct file **write_ret)
{
	int err = file_memory_charge(PIPE_BYTES);

	if (err)
		return err;
	err = pipe_ends_create(flags, read_ret, write_ret);
	file_memory_add(-PIPE_BYTES);
	return err;
}

void pipe_get(struct pipe *pipe)
{
	refcount_get(&pipe->refs);
}

bool pipe_drop(struct pipe *pipe)
{
	return refcount_put(&pipe->refs);
}

unsigned pipe_poll(struct file *file, struct poller *poller)
{
	return (file_readable(file) ? pipe_poll_read(file, poller) : 0) |
	       (file_writable(file) ? pipe_poll_write(file, poller) : 0);
}
