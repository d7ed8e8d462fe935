/* SPDX-License-Identifier: MIT */
/* Pipes: up to 64 KiB of bytes between two ends, which may have a name in a directory. */
#include "desc/pipe.h"

#include "abi/errno.h"
#include "abi/ioctl.h"
#include "base/clock.h"
#include "base/os_layer.h"
#include "desc/pipe_ring.h"
#include "desc/poll.h"
#include "lib/string.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "proc/mem_wait.h"
#include "proc/process.h"
#include "proc/wait.h"

/*
 * Pages in pipes are charged to no process, so killing one does not necessarily free them. When all
 * pipes together use 1/ALL_PIPES_SHARE of memory, each pipe is limited to one page.
 */
#define ALL_PIPES_SHARE 8

static uint64_t pages_in_pipes; /* atomic */

struct pipe {
	struct refcount refs; /* open files that have not been released, and inodes of the layer */
	/* Held across copies, but never while waiting for the other end or for memory. */
	struct mutex lock;
	/* guarded by lock: */
	struct pipe_ring ring;
	uint8_t *spare; /* a page for the next bytes, so that light traffic allocates nothing */
	unsigned nreaders, nwriters; /* atomic for a look without the lock */
	/* What is rare, and so looked at together: */
	union {
		struct {
			bool page_refused; /* not full, but a writer was refused a page */
			bool tells;	   /* atomic: `listener` is there */
			bool lent;	   /* splice holds the oldest bytes: ring.held */
		};
		uint32_t odd;
	};
	bool watched; /* atomic: a thread has waited for it by poll or epoll */
	/* woken after a change, with the lock held or just released: */
	struct waitq readable;		/* no longer empty, or the writer is gone */
	struct waitq writable;		/* no longer full, or the reader is gone */
	struct waitq opened;		/* a named pipe has one more reader or writer */
	struct pipe_listener *listener; /* atomic, set once; NULL: there is none */
	/* how many there ever were; guarded by lock */
	uint64_t readers_ever, writers_ever;
	/*
	 * When bytes were read and written, if after what the times below say; else 0. Ticks, which cost less to know.
	 * Atomic, written with the lock held.
	 */
	uint64_t read_tick, write_tick;
	/* const: */
	uint64_t ino;
	struct counted counted;
	/* What programs can change of a pipe without a name; atomic, written with the lock held: */
	struct pipe_attr attr;
};

static const char *pipe_state(const void *it)
{
	const struct pipe *pipe = it;

	if (pipe->nreaders)
		return pipe->nwriters ? "open" : "without a writer";
	return pipe->nwriters ? "without a reader" : "closed";
}

COUNTED_KIND(pipe_kind, "pipe", struct pipe, pipe_state);

/* Something can be done: POLLIN, or POLLOUT. Call with no lock held. */
static inline void pipe_tell(struct pipe *pipe, unsigned event)
{
	struct pipe_listener *listener = atomic_load(&pipe->listener);

	if (unlikely(listener != NULL))
		listener->tell(listener, event);
}

static __attribute__((noinline)) int get_spare(struct pipe *pipe)
{
	struct page *page = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);

	if (!page)
		return -ENOMEM;
	counter_add(&pages_in_pipes, 1);
	pipe->spare = page_address(page);
	return 0;
}

/*
 * Makes sure that there is a spare page to fill; it stays the spare one until it is pushed. Returns
 * 0, or -ENOMEM if no page is free at once.
 */
static inline int have_spare(struct pipe *pipe)
{
	return likely(pipe->spare != NULL) ? 0 : get_spare(pipe);
}

static void page_gone(uint8_t *page)
{
	counter_add(&pages_in_pipes, -1ul);
	page_free(virt_to_page(page), 0);
}

/*
 * Is the pipe refused a further page until some of its bytes have been read? Once it was, a writer may sleep: only the
 * reader that wakes it clears pipe->page_refused.
 */
static bool refuse_page(struct pipe *pipe)
{
	bool refused;

	if (pipe->spare || pipe_ring_empty(&pipe->ring))
		return false;
	refused = atomic_load_relaxed(&pages_in_pipes) >=
		  page_alloc_total_count() / ALL_PIPES_SHARE;
	pipe->page_refused |= refused;
	return refused;
}

static void page_back(struct pipe *pipe, uint8_t *page)
{
	if (pipe->spare)
		page_gone(page);
	else
		pipe->spare = page;
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

		if (refuse_page(pipe))
			break;
		err = have_spare(pipe);
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
		uint8_t *page;

		if (user_iter_try_out(to, first->page + first->offset, n) != n)
			return (int)n;
		*done += n;
		/* What a read has no room for is lost with a packet. */
		if (unlikely(first->packet) && !(to->rwf & RWF_SPLICE)) {
			page_back(pipe, pipe_ring_take(&pipe->ring, first->len));
			break;
		}
		page = pipe_ring_take_from(&pipe->ring, first, n);
		if (page)
			page_back(pipe, page);
		if (to->left == 0)
			break;
	}
	return 0;
}

/*
 * Waits for what stopped pipe_fill(): user memory or a page. The lock is dropped meanwhile, because
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
	page_back(pipe, page_address(page));
	return 0;
}

/*
 * Drops the lock until the queue is woken. A reader or a writer first says what can be done by the others (as pipe_tell(), or 0).
 * Returns 0 or -EINTR, with the lock held again.
 */
static __attribute__((noinline)) int pipe_wait(struct pipe *pipe, struct waitq *queue,
					       unsigned event)
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

/*
 * May a read go on, because there are bytes or no writer is left? It may not while splice holds the oldest bytes: they
 * may come back, and must be read before the others.
 */
static inline bool is_readable(const struct pipe *pipe)
{
	if (pipe_ring_looks_empty(&pipe->ring))
		return !atomic_load_relaxed(&pipe->nwriters);
	return likely(!atomic_load_relaxed(&pipe->ring.held)); /* what is held stays in the ring */
}

/*
 * Waits until is_readable(). It looks without the lock: a change after the look advances the queue's sequence, and
 * the caller looks again under the lock. Returns 0, -EAGAIN or -EINTR.
 */
static inline int wait_readable(struct pipe *pipe, bool nonblock)
{
	uint64_t seq = waitq_sample(&pipe->readable);

	if (is_readable(pipe))
		return 0;
	return nonblock ? -EAGAIN : thread_wait_interruptible(&pipe->readable, seq);
}

static __attribute__((noinline)) int tell_and_await(struct pipe *pipe, bool nonblock)
{
	pipe_tell(pipe, POLLOUT);
	return wait_readable(pipe, nonblock);
}

/* For a read that has found the pipe not readable. As on Linux, the writers' owners are notified. */
static __attribute__((noinline)) int await_bytes(struct pipe *pipe, const struct file *file,
						 const struct user_iter *to)
{
	bool nonblock = file_nonblock(file, to);

	if (unlikely(atomic_load_relaxed(&pipe->tells)))
		return tell_and_await(pipe, nonblock);
	return wait_readable(pipe, nonblock);
}

ssize_t pipe_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	struct pipe *pipe = file_pipe(file);
	bool ended = false;
	size_t done = 0;
	int err = 0;

	(void)pos;
	if (unlikely(to->left == 0))
		return 0;
	while (err == 0 && !ended) {
		bool was_full;
		uint32_t odd;
		int lacking = 0;

		if (done == 0 && !is_readable(pipe)) {
			err = await_bytes(pipe, file, to);
			if (err)
				return err;
			continue;
		}
		mutex_lock(&pipe->lock);
		odd = pipe->odd;
		was_full = pipe_ring_full(&pipe->ring) || odd;
		if (unlikely(odd))
			pipe->page_refused = false;
		if (likely(!odd || !pipe->ring.held))
			lacking = drain(pipe, to, &done);
		if (likely(done != 0))
			atomic_store_relaxed(&pipe->read_tick, arch_time());
		ended = done != 0 ? !lacking : pipe_ring_empty(&pipe->ring) && !pipe->nwriters;
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

/* Copies in as much as there is room for; returns as pipe_fill() does. */
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
static int pipe_write_all(struct pipe *pipe, struct user_iter *from, const struct file *file,
			  size_t *done)
{
	int err = 0;

	assert_hardened(mutex_held(&pipe->lock));
	while (from->left != 0 && err == 0) {
		if (!pipe->nreaders)
			return -EPIPE;
		err = pipe_write_some(pipe, from, done);
		if (err)
			err = pipe_fetch(pipe, err, from);
		else if (from->left != 0)
			err = file_nonblock(file, from) ? -EAGAIN
							: pipe_wait(pipe, &pipe->writable, POLLIN);
	}
	return err;
}

ssize_t pipe_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	struct pipe *pipe = file_pipe(file);
	size_t done = 0;
	int err;

	(void)pos;
	if (unlikely(file->flags & O_DIRECT) && !(from->rwf & RWF_SPLICE))
		from->rwf |= RWF_PACKET;
	mutex_lock(&pipe->lock);
	err = pipe_write_all(pipe, from, file, &done);
	if (likely(done != 0))
		atomic_store_relaxed(&pipe->write_tick, arch_time());
	mutex_unlock(&pipe->lock);
	if (unlikely(err == -EPIPE))
		os_layer.pipe_broken();
	if (unlikely(atomic_load_relaxed(&pipe->tells)))
		pipe_tell(pipe, POLLIN);
	return done != 0 ? (ssize_t)done : err;
}

/* A time that may have been put down as a tick since. */
static uint64_t time_or_tick(const uint64_t *time, const uint64_t *tick)
{
	uint64_t at = atomic_load_relaxed(tick);

	return at != 0 ? clock_wall_ns_at(at) : atomic_load_relaxed(time);
}

void pipe_attr(const struct pipe *pipe, struct pipe_attr *attr)
{
	*attr = (struct pipe_attr){
		.mode = atomic_load_relaxed(&pipe->attr.mode),
		.uid = atomic_load_relaxed(&pipe->attr.uid),
		.gid = atomic_load_relaxed(&pipe->attr.gid),
		.atime = time_or_tick(&pipe->attr.atime, &pipe->read_tick),
		.mtime = time_or_tick(&pipe->attr.mtime, &pipe->write_tick),
		.ctime = time_or_tick(&pipe->attr.ctime, &pipe->write_tick),
	};
}

int pipe_change_attr(struct pipe *pipe, int (*change)(struct pipe_attr *attr, void *arg), void *arg)
{
	struct pipe_attr attr;
	int err;

	mutex_lock(&pipe->lock);
	pipe_attr(pipe, &attr);
	err = change(&attr, arg);
	if (err == 0) {
		atomic_store_relaxed(&pipe->attr.mode, attr.mode);
		atomic_store_relaxed(&pipe->attr.uid, attr.uid);
		atomic_store_relaxed(&pipe->attr.gid, attr.gid);
		atomic_store_relaxed(&pipe->attr.atime, attr.atime);
		atomic_store_relaxed(&pipe->attr.mtime, attr.mtime);
		atomic_store_relaxed(&pipe->attr.ctime, attr.ctime);
		atomic_store_relaxed(&pipe->read_tick, 0);
		atomic_store_relaxed(&pipe->write_tick, 0);
	}
	mutex_unlock(&pipe->lock);
	return err;
}

uint64_t pipe_ino(const struct pipe *pipe)
{
	return pipe->ino;
}

void pipe_fill_stat(const struct pipe *pipe, struct abi_stat *st)
{
	struct pipe_attr attr;

	pipe_attr(pipe, &attr);
	*st = (struct abi_stat){
		.dev = DEV_PIPE,
		.ino = pipe->ino,
		.mode = attr.mode,
		.nlink = 1,
		.uid = attr.uid,
		.gid = attr.gid,
		.blksize = PAGE_SIZE,
		.atime = (int64_t)(attr.atime / NSEC_PER_SEC),
		.atime_nsec = attr.atime % NSEC_PER_SEC,
		.mtime = (int64_t)(attr.mtime / NSEC_PER_SEC),
		.mtime_nsec = attr.mtime % NSEC_PER_SEC,
		.ctime = (int64_t)(attr.ctime / NSEC_PER_SEC),
		.ctime_nsec = attr.ctime % NSEC_PER_SEC,
	};
}

static int pipe_stat(struct file *file, struct abi_stat *st)
{
	pipe_fill_stat(file_pipe(file), st);
	return 0;
}

int pipe_ioctl(struct file *file, unsigned long request, vaddr_t arg)
{
	struct pipe *pipe = file_pipe(file);
	int32_t used;

	if (request != FIONREAD)
		return -ENOTTY;
	mutex_lock(&pipe->lock);
	used = (int32_t)pipe_ring_bytes(&pipe->ring);
	mutex_unlock(&pipe->lock);
	return user_copy_out(arg, &used, sizeof(used));
}

static void free_pages(struct pipe *pipe)
{
	while (!pipe_ring_empty(&pipe->ring)) {
		const uint8_t *at;
		size_t n = pipe_ring_front(&pipe->ring, PIPE_RING_PAGE, &at);

		page_back(pipe, pipe_ring_take(&pipe->ring, n));
	}
	if (pipe->spare)
		page_gone(pipe->spare);
}

/* What a ring takes beyond the slots of a new pipe. */
static ssize_t slot_bytes(uint32_t nslots)
{
	return nslots > PIPE_RING_SLOTS ? (ssize_t)(nslots * sizeof(struct pipe_slot)) : 0;
}

static void free_slots(struct pipe_slot *slot, uint32_t nslots)
{
	if (slot_bytes(nslots) == 0)
		return;
	file_memory_add(-slot_bytes(nslots));
	kfree(slot);
}

void pipe_free(struct pipe *pipe)
{
	free_pages(pipe);
	if (pipe->listener)
		pipe->listener->gone(pipe->listener);
	counted_end(&pipe->counted);
	free_slots(pipe->ring.slot, pipe_ring_nslots(&pipe->ring));
	file_memory_add(-(ssize_t)PIPE_RING_PAGE);
	kfree(pipe);
}

/* The last reader, or writer, is gone, and there are others. */
static void tell_last(struct pipe *pipe)
{
	pipe_tell(pipe, POLLIN);
	pipe_tell(pipe, POLLOUT);
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
		tell_last(pipe);
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
 * The lock is needed because refuse_page() sets pipe->page_refused, which the next reader clears.
 */
static unsigned pipe_poll_write(struct file *file, struct poller *poller)
{
	struct pipe *pipe = file_pipe(file);
	unsigned can = 0;

	poll_watch(poller, &pipe->writable);
	mutex_lock(&pipe->lock);
	if (!pipe_ring_full(&pipe->ring) && !refuse_page(pipe))
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

struct pipe_listener *pipe_listen(struct pipe *pipe, struct pipe_listener *listener)
{
	mutex_lock(&pipe->lock);
	if (pipe->listener)
		listener = pipe->listener;
	atomic_store(&pipe->listener, listener);
	atomic_store_relaxed(&pipe->tells, true);
	mutex_unlock(&pipe->lock);
	return listener;
}

/* ---- the two ends ---- */

static const struct file_ops pipe_read_ops = {
	.name = "pipe, read end",
	.read = pipe_read,
	.nowait = true,
	.poll = pipe_poll_read,
	.stat = pipe_stat,
	.ioctl = pipe_ioctl,
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
	.ioctl = pipe_ioctl,
	.release = pipe_release_write,
	.holds = pipe_holds,
	.is_pipe = true,
};

static struct pipe *pipe_alloc(unsigned nfiles)
{
	struct pipe *pipe = mem_wait_kzalloc(sizeof(*pipe));

	if (!pipe)
		return NULL;
	file_memory_add(PIPE_RING_PAGE);
	refcount_init(&pipe->refs, nfiles);
	mutex_init(&pipe->lock, LOCK_PIPE);
	waitq_init(&pipe->readable);
	waitq_init(&pipe->writable);
	waitq_init(&pipe->opened);
	pipe_ring_init(&pipe->ring);
	pipe->ino = file_next_ino();
	pipe->attr.mode = S_IFIFO | 0600;
	pipe->attr.atime = pipe->attr.mtime = pipe->attr.ctime = clock_wall_ns();
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

/* ---- pipes with a name ---- */

int pipe_create_closed(struct pipe **pipe_ret)
{
	int err = file_memory_charge(PIPE_RING_PAGE);

	if (err)
		return err;
	*pipe_ret = pipe_alloc(1);
	file_memory_add(-(ssize_t)PIPE_RING_PAGE);
	return *pipe_ret ? 0 : -ENOMEM;
}

void pipe_get(struct pipe *pipe)
{
	refcount_get(&pipe->refs);
}

bool pipe_drop(struct pipe *pipe)
{
	return refcount_put(&pipe->refs);
}

/* Counts one more file, or one less, of the access that it has. Call with pipe->lock held. */
static void count_ends(struct pipe *pipe, const struct file *file, int n)
{
	assert_hardened(mutex_held(&pipe->lock));
	if (file_readable(file))
		pipe->nreaders += (unsigned)n;
	if (file_writable(file))
		pipe->nwriters += (unsigned)n;
	if (n > 0) {
		pipe->readers_ever += file_readable(file);
		pipe->writers_ever += file_writable(file);
	}
}

static void fifo_wake(struct pipe *pipe)
{
	waitq_wake_all(&pipe->readable);
	waitq_wake_all(&pipe->writable);
	waitq_wake_all(&pipe->opened);
}

/*
 * Waits for another file to be opened that has the other end: *ever grows, even if that has been closed
 * again. Returns 0 or -EINTR, with pipe->lock held as before.
 */
static int await_partner(struct pipe *pipe, const uint64_t *ever)
{
	const uint64_t before = *ever;
	int err = 0;

	assert_hardened(mutex_held(&pipe->lock));
	while (err == 0 && *ever == before)
		err = pipe_wait(pipe, &pipe->opened, 0);
	return err;
}

/* The rules of open(2) for named pipes: who waits for whom. Call with pipe->lock held. */
static int fifo_join(struct pipe *pipe, struct file *file)
{
	const bool nonblock = file->flags & O_NONBLOCK;
	int err = 0;

	assert_hardened(mutex_held(&pipe->lock));
	if ((file->flags & O_ACCMODE) == O_WRONLY && nonblock && pipe->nreaders == 0)
		return -ENXIO;
	count_ends(pipe, file, 1);
	fifo_wake(pipe);
	if ((file->flags & O_ACCMODE) == O_RDONLY && pipe->nwriters == 0) {
		if (nonblock)
			file->pos = pipe->writers_ever; /* it has not hung up yet */
		else
			err = await_partner(pipe, &pipe->writers_ever);
	} else if ((file->flags & O_ACCMODE) == O_WRONLY && pipe->nreaders == 0) {
		err = await_partner(pipe, &pipe->readers_ever);
	}
	if (err) {
		count_ends(pipe, file, -1);
		fifo_wake(pipe);
	}
	return err;
}

int pipe_join(struct pipe *pipe, struct file *file, bool named)
{
	int err = 0;

	mutex_lock(&pipe->lock);
	if (named) {
		err = fifo_join(pipe, file);
	} else {
		count_ends(pipe, file, 1);
		fifo_wake(pipe);
	}
	mutex_unlock(&pipe->lock);
	if (err == 0)
		file->data = pipe;
	return err;
}

void pipe_leave(struct file *file)
{
	struct pipe *pipe = file_pipe(file);
	bool is_last;

	mutex_lock(&pipe->lock);
	count_ends(pipe, file, -1);
	is_last = !pipe->nreaders != !pipe->nwriters;
	mutex_unlock(&pipe->lock);
	fifo_wake(pipe);
	if (is_last)
		tell_last(pipe);
}

unsigned pipe_poll(struct file *file, struct poller *poller)
{
	return (file_readable(file) ? pipe_poll_read(file, poller) : 0) |
	       (file_writable(file) ? pipe_poll_write(file, poller) : 0);
}

/* ---- sizes ---- */

static uint32_t size_most = PIPE_SIZE_MOST; /* atomic */

/* A power of 2, of a page at least. 0: there is none. */
static uint64_t round_size(uint64_t size)
{
	uint64_t rounded = PIPE_RING_PAGE;

	if (size > 1ul << 31)
		return 0;
	while (rounded < size)
		rounded *= 2;
	return rounded;
}

uint64_t pipe_size_most(void)
{
	return atomic_load_relaxed(&size_most);
}

int pipe_set_size_most(uint64_t size)
{
	uint64_t rounded = round_size(size);

	if (rounded == 0)
		return -EINVAL;
	atomic_store_relaxed(&size_most, (uint32_t)rounded);
	return 0;
}

long pipe_size(struct file *file)
{
	struct pipe *pipe = file_pipe(file);
	long size;

	mutex_lock(&pipe->lock);
	size = (long)(pipe_ring_nslots(&pipe->ring) * PIPE_RING_PAGE);
	mutex_unlock(&pipe->lock);
	return size;
}

/* Exchanges the array of slots. NULL: it becomes the pipe's own. */
static int resize_ring(struct pipe *pipe, struct pipe_slot *slot, uint32_t nslots)
{
	struct pipe_ring *ring = &pipe->ring;
	struct pipe_slot few[PIPE_RING_SLOTS], *old = ring->slot;
	uint32_t old_nslots = pipe_ring_nslots(ring);
	size_t used = ring->head - ring->tail;

	if (used > nslots)
		return -EBUSY;
	if (slot) {
		pipe_ring_resize(ring, slot, nslots);
	} else { /* in between, as the slots may be there already */
		pipe_ring_resize(ring, few, nslots);
		pipe_ring_resize(ring, ring->few, nslots);
	}
	free_slots(old, old_nslots);
	return 0;
}

long pipe_set_size(struct file *file, uint64_t size, bool any)
{
	struct pipe *pipe = file_pipe(file);
	uint64_t rounded = round_size(size);
	uint32_t nslots = (uint32_t)(rounded / PIPE_RING_PAGE);
	struct pipe_slot *slot = NULL;
	int err;

	if (rounded == 0)
		return -EINVAL;
	if (rounded > (uint64_t)pipe_size(file) && rounded > pipe_size_most() && !any)
		return -EPERM;
	if (slot_bytes(nslots) != 0) {
		if (file_memory_charge((size_t)slot_bytes(nslots)) != 0)
			return -ENOMEM;
		slot = kmalloc((size_t)slot_bytes(nslots));
		if (!slot) {
			file_memory_add(-slot_bytes(nslots));
			return -ENOMEM;
		}
	}
	mutex_lock(&pipe->lock);
	err = resize_ring(pipe, slot, nslots);
	mutex_unlock(&pipe->lock);
	if (err)
		free_slots(slot, nslots);
	else
		waitq_wake_all(&pipe->writable);
	return err ? err : (long)rounded;
}

/* ---- splice ---- */

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
		err = wait_readable(pipe, nonblock);
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
	bool was_full, readable;
	uint8_t *page;

	mutex_lock(&pipe->lock);
	was_full = pipe_ring_full(&pipe->ring) || pipe->page_refused;
	page = pipe_ring_unhold(&pipe->ring, n);
	pipe->lent = false;
	if (page) {
		page_back(pipe, page);
		pipe->page_refused = false;
	}
	readable = is_readable(pipe);
	mutex_unlock(&pipe->lock);
	if (page && was_full)
		waitq_wake_all(&pipe->writable);
	if (readable) /* others may have waited for what becomes of the page */
		waitq_wake_all(&pipe->readable);
	return page != NULL;
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
		err = !pipe->nreaders					 ? -EPIPE
		      : pipe_ring_full(&pipe->ring) || refuse_page(pipe) ? -EAGAIN
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

/* Copies the first n bytes of a slot. Returns 0, or -ENOMEM if no page is free at once. */
static int copy_slot(struct pipe *to, const struct pipe_slot *slot, size_t n)
{
	int err = have_spare(to);

	if (err)
		return err;
	memcpy(to->spare, slot->page + slot->offset, n);
	pipe_ring_push_slot(&to->ring, (struct pipe_slot){ .page = to->spare,
							   .packet = slot->packet,
							   .closed = true,
							   .len = (uint32_t)n });
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
	page_back(pipe, page_address(page));
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
		err = wait_readable(from, nonblock);
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
