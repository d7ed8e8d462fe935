/* Pipes: 64 KiB between two ends. */
#include "fs/pipe.h"

#include "abi/errno.h"
#include "abi/ioctl.h"
#include "base/clock.h"
#include "fs/inode.h"
#include "fs/pipe_ring.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/usercopy.h"
#include "proc/mem_wait.h"
#include "proc/process.h"
#include "proc/wait.h"

struct pipe {
	struct refcount refs; /* ends that have not been released */
	struct mutex lock;    /* held over the copies, never while waiting for the other end */
	/* guarded by lock: */
	struct pipe_ring ring;
	uint32_t npages; /* of the ring's */
	bool has_reader;
	bool has_writer;
	/* woken after the lock's owner has changed what they are about: */
	struct waitq readable; /* no longer empty, or no writer any more */
	struct waitq writable; /* PIPE_BUF bytes or more may be free, or no reader any more */
	/* const: */
	uint64_t ino;
	uint64_t made; /* nanoseconds since 1970 */
};

static struct pipe *file_pipe(struct file *file)
{
	return file->node;
}

/* The page that the next byte goes to is there. */
static int have_head_page(struct pipe *pipe)
{
	uint8_t **slot = pipe_ring_head_page(&pipe->ring);
	struct page *page;

	if (likely(*slot != NULL))
		return 0;
	page = mem_wait_page(0, PAGE_KERNEL);
	if (!page)
		return -ENOMEM;
	*slot = page_address(page);
	pipe->npages++;
	return 0;
}

static void free_pages(struct pipe *pipe, unsigned first)
{
	for (unsigned i = first; i < PIPE_RING_PAGES; i++) {
		if (!pipe->ring.page[i])
			continue;
		page_free(virt_to_page(pipe->ring.page[i]), 0);
		pipe->ring.page[i] = NULL;
		pipe->npages--;
	}
}

/*
 * Moves user bytes in, as many as there is room for. 0, -EFAULT, -ENOMEM; from->left tells what
 * went.
 */
static int fill(struct pipe *pipe, struct user_iter *from)
{
	while (from->left != 0 && pipe_ring_room(&pipe->ring) != 0) {
		uint8_t *at;
		size_t span, copied;
		int err = have_head_page(pipe);

		if (err)
			return err;
		span = pipe_ring_head_span(&pipe->ring, from->left, &at);
		copied = user_iter_copy_in(from, at, span);
		pipe_ring_put(&pipe->ring, copied);
		if (copied != span)
			return -EFAULT;
	}
	return 0;
}

/* Moves bytes out, as many as are there: the count, or -EFAULT where none went. */
static ssize_t drain(struct pipe *pipe, struct user_iter *to)
{
	size_t done = 0;

	while (to->left != 0 && pipe_ring_used(&pipe->ring) != 0) {
		const uint8_t *at;
		size_t span = pipe_ring_tail_span(&pipe->ring, to->left, &at);
		size_t copied = user_iter_copy_out(to, at, span);

		pipe_ring_take(&pipe->ring, copied);
		done += copied;
		if (copied != span)
			break;
	}
	if (pipe_ring_used(&pipe->ring) == 0 && pipe->npages > 1)
		free_pages(pipe, 1);
	return done != 0 ? (ssize_t)done : -EFAULT;
}

/* Lets go of the pipe until the queue is woken. 0 or -EINTR, the lock held again. */
static int pipe_wait(struct pipe *pipe, struct waitq *queue)
{
	uint64_t seq = waitq_sample(queue);
	int err;

	mutex_unlock(&pipe->lock);
	err = thread_wait(queue, seq);
	mutex_lock(&pipe->lock);
	return err;
}

static ssize_t pipe_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	struct pipe *pipe = file_pipe(file);
	bool was_full = false;
	ssize_t done = 0;

	(void)pos;
	if (to->left == 0)
		return 0;
	mutex_lock(&pipe->lock);
	while (done == 0) {
		if (pipe_ring_used(&pipe->ring) != 0) {
			was_full = pipe_ring_room(&pipe->ring) < PIPE_BUF;
			done = drain(pipe, to);
		} else if (!pipe->has_writer) {
			break;
		} else if (file->flags & O_NONBLOCK) {
			done = -EAGAIN;
		} else {
			done = pipe_wait(pipe, &pipe->readable);
		}
	}
	mutex_unlock(&pipe->lock);
	if (was_full)
		waitq_wake_all(&pipe->writable);
	return done;
}

/*
 * Is there room to go on with `left` of n bytes? Up to PIPE_BUF go at once or not at all; of more a
 * piece goes when it is worth it, or when nothing may be waited for.
 */
static bool may_fill(const struct pipe *pipe, size_t n, size_t left, bool nonblock)
{
	uint32_t room = pipe_ring_room(&pipe->ring);

	return room >= MIN(left, (size_t)PIPE_BUF) || (nonblock && n > PIPE_BUF && room != 0);
}

/*
 * The whole of a write, the lock held. 0 or why it ended before all went; from->left tells what
 * went.
 */
static int write_all(struct pipe *pipe, struct user_iter *from, bool nonblock)
{
	size_t n = from->left;

	while (from->left != 0) {
		bool was_empty = pipe_ring_used(&pipe->ring) == 0;
		int err;

		if (!pipe->has_reader)
			return -EPIPE;
		if (!may_fill(pipe, n, from->left, nonblock)) {
			err = nonblock ? -EAGAIN : pipe_wait(pipe, &pipe->writable);
			if (err)
				return err;
			continue;
		}
		err = fill(pipe, from);
		if (was_empty)
			waitq_wake_all(&pipe->readable);
		if (err)
			return err;
	}
	return 0;
}

static ssize_t pipe_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	struct pipe *pipe = file_pipe(file);
	size_t n = from->left;
	int err;

	(void)pos;
	mutex_lock(&pipe->lock);
	err = write_all(pipe, from, (file->flags & O_NONBLOCK) != 0);
	mutex_unlock(&pipe->lock);
	if (unlikely(err == -EPIPE))
		signal_send(current_process(), SIGPIPE);
	return from->left != n ? (ssize_t)(n - from->left) : err;
}

static int pipe_stat(struct file *file, struct abi_stat *st)
{
	struct pipe *pipe = file_pipe(file);
	int64_t sec = (int64_t)(pipe->made / NSEC_PER_SEC);
	uint64_t nsec = pipe->made % NSEC_PER_SEC;

	*st = (struct abi_stat){
		.dev = INODE_DEV_PIPE,
		.ino = pipe->ino,
		.mode = S_IFIFO | 0600,
		.nlink = 1,
		.blksize = PAGE_SIZE,
		.atime = sec,
		.atime_nsec = nsec,
		.mtime = sec,
		.mtime_nsec = nsec,
		.ctime = sec,
		.ctime_nsec = nsec,
	};
	return 0;
}

static int pipe_ioctl(struct file *file, unsigned long request, vaddr_t arg)
{
	struct pipe *pipe = file_pipe(file);
	int32_t used;

	if (request != FIONREAD)
		return -ENOTTY;
	mutex_lock(&pipe->lock);
	used = (int32_t)pipe_ring_used(&pipe->ring);
	mutex_unlock(&pipe->lock);
	return user_copy_out(arg, &used, sizeof(used));
}

/* One end has gone: the last one frees the pipe. */
static void pipe_end_gone(struct pipe *pipe, bool *end, struct waitq *other)
{
	mutex_lock(&pipe->lock);
	*end = false;
	mutex_unlock(&pipe->lock);
	waitq_wake_all(other);
	if (!refcount_put(&pipe->refs))
		return;
	free_pages(pipe, 0);
	kfree(pipe);
}

static void pipe_release_read(struct file *file)
{
	struct pipe *pipe = file_pipe(file);

	pipe_end_gone(pipe, &pipe->has_reader, &pipe->writable);
}

static void pipe_release_write(struct file *file)
{
	struct pipe *pipe = file_pipe(file);

	pipe_end_gone(pipe, &pipe->has_writer, &pipe->readable);
}

static const struct file_ops pipe_read_ops = {
	.name = "pipe, read end",
	.read = pipe_read,
	.stat = pipe_stat,
	.ioctl = pipe_ioctl,
	.release = pipe_release_read,
};

static const struct file_ops pipe_write_ops = {
	.name = "pipe, write end",
	.write = pipe_write,
	.stat = pipe_stat,
	.ioctl = pipe_ioctl,
	.release = pipe_release_write,
};

static struct pipe *pipe_alloc(void)
{
	struct pipe *pipe = mem_wait_kzalloc(sizeof(*pipe));

	if (!pipe)
		return NULL;
	refcount_init(&pipe->refs, 2);
	mutex_init(&pipe->lock, LOCK_PIPE);
	waitq_init(&pipe->readable);
	waitq_init(&pipe->writable);
	pipe->has_reader = pipe->has_writer = true;
	pipe->ino = inode_next_ino();
	pipe->made = clock_wall_ns();
	return pipe;
}

int pipe_create(unsigned flags, struct file **read_ret, struct file **write_ret)
{
	struct pipe *pipe = pipe_alloc();
	struct file *reader, *writer;

	if (!pipe)
		return -ENOMEM;
	reader = file_create(&pipe_read_ops, O_RDONLY | flags, pipe);
	if (!reader)
		goto free_pipe;
	writer = file_create(&pipe_write_ops, O_WRONLY | flags, pipe);
	if (!writer)
		goto put_reader;
	*read_ret = reader;
	*write_ret = writer;
	return 0;
put_reader:
	pipe_end_gone(pipe, &pipe->has_writer, &pipe->readable);
	file_put(reader);
	return -ENOMEM;
free_pipe:
	kfree(pipe);
	return -ENOMEM;
}
