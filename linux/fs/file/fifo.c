/* SPDX-License-Identifier: MIT */
/* Named pipes, and inodes of those without a name; pipes' attributes and O_ASYNC. */
#include "linux/fs/file/fifo.h"

#include "abi/errno.h"
#include "abi/poll.h"
#include "lib/format.h"
#include "linux/fs/file/async.h"
#include "linux/fs/vfs/inode.h"
#include "linux/fs/vfs/permission.h"
#include "linux/process/cred.h"
#include "linux/signal/kill.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

void linux_pipe_broken(void)
{
	signal_raise(SIGPIPE);
}

/* ---- O_ASYNC ---- */

struct pipe_async {
	struct pipe_listener listener; /* const */
	struct async_queue queue;      /* has its own lock */
};

static void tell_owners(struct pipe_listener *listener, unsigned event)
{
	struct pipe_async *async = container_of(listener, struct pipe_async, listener);

	async_tell(&async->queue, event == POLLIN    ? POLL_IN
				  : event == POLLHUP ? POLL_HUP
				  : event == POLLERR ? POLL_ERR
						     : POLL_OUT);
}

/* Each file has left the queue as it ended. */
static void free_async(struct pipe_listener *listener)
{
	kfree(container_of(listener, struct pipe_async, listener));
}

struct pipe_listener *async_listener_create(void)
{
	struct pipe_async *async = mem_wait_kmalloc(sizeof(*async));

	if (!async)
		return NULL;
	async->listener = (struct pipe_listener){ .tell = tell_owners, .gone = free_async };
	async_queue_init(&async->queue, NULL);
	return &async->listener;
}

struct async_queue *async_queue_of(struct pipe_listener *listener)
{
	return &container_of(listener, struct pipe_async, listener)->queue;
}

/* Gives the pipe a listener, unless it has one. Returns the one that it has; it keeps that. */
static struct pipe_listener *pipe_listen(struct pipe *pipe, struct pipe_listener *listener)
{
	mutex_lock(&pipe->lock);
	if (pipe->listener)
		listener = pipe->listener;
	atomic_store(&pipe->listener, listener);
	atomic_store_relaxed(&pipe->tells, true);
	mutex_unlock(&pipe->lock);
	return listener;
}

/* A later write looks at the queue, and what was written before is there to be read. */
static struct async_queue *pipe_async(struct file *file)
{
	struct pipe_listener *fresh = async_listener_create(), *listener;

	if (!fresh)
		return NULL;
	listener = pipe_listen(file_pipe(file), fresh);
	if (listener != fresh)
		free_async(fresh);
	return async_queue_of(listener);
}

/* ---- pipes without a name ---- */

static struct linux_pipe *linux_pipe(struct pipe *pipe)
{
	return container_of(pipe, struct linux_pipe, pipe);
}

void pipe_own(struct file *file)
{
	struct linux_pipe *pipe = linux_pipe(file_pipe(file));

	pipe->uid = current_cred()->fsuid;
	pipe->gid = current_cred()->fsgid;
}

static uint32_t pipe_mode(const struct linux_pipe *pipe)
{
	return atomic_load_relaxed(&pipe->mode) ?: PIPE_MODE;
}

static void fill_stat(const struct linux_pipe *pipe, struct abi_stat *st)
{
	pipe_fill_stat(&pipe->pipe, st);
	st->mode = pipe_mode(pipe);
	st->uid = atomic_load_relaxed(&pipe->uid);
	st->gid = atomic_load_relaxed(&pipe->gid);
}

int pipe_file_stat(struct file *file, struct abi_stat *st)
{
	fill_stat(linux_pipe(file_pipe(file)), st);
	return 0;
}

static struct inode *pipe_inode_free(struct inode *inode)
{
	struct pipe *pipe = inode->fifo;

	kfree(inode);
	pipe_put(pipe);
	return NULL;
}

static void pipe_inode_holds(struct inode *inode)
{
	pipe_found(inode->fifo);
}

static int pipe_getattr(struct inode *inode, struct abi_stat *st)
{
	fill_stat(linux_pipe(inode->fifo), st);
	return 0;
}

/* Gives the inode, of which there can be several, what the pipe has now. */
static void fill_inode(struct inode *inode)
{
	const struct linux_pipe *pipe = linux_pipe(inode->fifo);
	struct pipe_times times;

	pipe_times(&pipe->pipe, &times);
	atomic_store_relaxed(&inode->mode, pipe_mode(pipe));
	atomic_store_relaxed(&inode->uid, atomic_load_relaxed(&pipe->uid));
	atomic_store_relaxed(&inode->gid, atomic_load_relaxed(&pipe->gid));
	atomic_store_relaxed(&inode->atime, times.atime);
	atomic_store_relaxed(&inode->mtime, times.mtime);
	atomic_store_relaxed(&inode->ctime, times.ctime);
}

/* Gives the pipe what the inode has now. Call with the pipe's lock held. */
static void fill_pipe(struct linux_pipe *pipe, const struct inode *inode)
{
	assert_hardened(mutex_held(&pipe->pipe.lock));
	atomic_store_relaxed(&pipe->mode, inode->mode);
	atomic_store_relaxed(&pipe->uid, inode->uid);
	atomic_store_relaxed(&pipe->gid, inode->gid);
	atomic_store_relaxed(&pipe->pipe.times.atime, inode->atime);
	atomic_store_relaxed(&pipe->pipe.times.mtime, inode->mtime);
	atomic_store_relaxed(&pipe->pipe.times.ctime, inode->ctime);
	atomic_store_relaxed(&pipe->pipe.read_tick, 0);
	atomic_store_relaxed(&pipe->pipe.write_tick, 0);
}

/* The caller has asked what the inode had when it was made; the pipe may be another user's by now. */
static int pipe_setattr(struct inode *inode, const struct inode_attr *attr)
{
	struct inode_attr change = *attr;
	struct pipe *pipe = inode->fifo;
	int err;

	mutex_lock(&pipe->lock);
	fill_inode(inode);
	err = may_set_attr(inode, &change);
	if (err == 0) {
		inode_set_attr(inode, &change);
		fill_pipe(linux_pipe(pipe), inode);
	}
	mutex_unlock(&pipe->lock);
	return err;
}

static size_t pipe_inode_label(struct inode *inode, char *buf, size_t size)
{
	return (size_t)ksnprintf(buf, size, "pipe:[%lu]", (unsigned long)inode->ino);
}

static const struct inode_ops pipe_inode_ops = {
	.label = pipe_inode_label,
	.magic = ABI_PIPEFS_MAGIC,
	.getattr = pipe_getattr,
	.setattr = pipe_setattr,
	.free = pipe_inode_free,
	.holds = pipe_inode_holds,
};

static int pipe_inode(struct file *file, struct inode **inode_ret)
{
	struct pipe *pipe = file_pipe(file);
	struct inode *inode = mem_wait_kmalloc(sizeof(*inode));

	if (!inode)
		return -ENOMEM;
	pipe_get(pipe);
	inode_init(inode, NULL, pipe->ino, S_IFIFO, &pipe_inode_ops, &fifo_file_ops);
	inode->fifo = pipe;
	fill_inode(inode);
	*inode_ret = inode;
	return 0;
}

const struct file_more pipe_more = { .async = pipe_async, .inode = pipe_inode };

/* ---- pipes with a name ---- */

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

/*
 * The file becomes an end of the pipe, or both, as it was opened for. The first end of one that is `named` waits for another, by
 * the rules of open(2). Returns 0, -ENXIO, or -EINTR. A file that has joined leaves before the caller drops its reference to
 * the pipe.
 */
static int pipe_join(struct pipe *pipe, struct file *file, bool named)
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

static void pipe_leave(struct file *file)
{
	struct pipe *pipe = file_pipe(file);
	bool is_last;

	mutex_lock(&pipe->lock);
	count_ends(pipe, file, -1);
	is_last = !pipe->nreaders != !pipe->nwriters;
	mutex_unlock(&pipe->lock);
	fifo_wake(pipe);
	if (is_last)
		pipe_tell_last(pipe);
}

/* A pipe that no file is an end of yet, with a reference. Returns 0, -ENFILE or -ENOMEM. */
static int pipe_create_closed(struct pipe **pipe_ret)
{
	int err = file_memory_charge(PIPE_RING_PAGE);

	if (err)
		return err;
	*pipe_ret = pipe_alloc(1);
	file_memory_add(-(ssize_t)PIPE_RING_PAGE);
	return *pipe_ret ? 0 : -ENOMEM;
}

/* Guards the pipe of each inode. Innermost. */
static struct spinlock fifos_lock = SPINLOCK_INIT(LOCK_FS);

/* Takes a reference to the inode's pipe; if it has none, `fresh` becomes that. Returns the pipe. */
static struct pipe *fifo_pipe_get(struct inode *inode, struct pipe *fresh)
{
	struct pipe *pipe;

	spin_lock(&fifos_lock);
	pipe = inode->fifo;
	if (pipe)
		pipe_get(pipe);
	else
		pipe = inode->fifo = fresh;
	spin_unlock(&fifos_lock);
	return pipe;
}

/* What is still in the pipe goes with its last file. */
static void fifo_pipe_put(struct inode *inode, struct pipe *pipe)
{
	bool last;

	spin_lock(&fifos_lock);
	last = pipe_drop(pipe);
	if (last)
		inode->fifo = NULL;
	spin_unlock(&fifos_lock);
	if (last)
		pipe_free(pipe);
}

/* As on Linux, an open of a pipe without a name, by its link in /proc, does not wait. */
static int fifo_open(struct file *file)
{
	struct inode *inode = file_inode(file);
	struct pipe *fresh, *pipe;
	int err;

	if ((file->flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	err = pipe_create_closed(&fresh);
	if (err)
		return err;
	pipe = fifo_pipe_get(inode, fresh);
	if (pipe != fresh)
		pipe_free(fresh);
	err = pipe_join(pipe, file, inode->ops != &pipe_inode_ops);
	if (err)
		fifo_pipe_put(inode, pipe);
	return err;
}

static void fifo_release(struct file *file)
{
	pipe_leave(file);
	fifo_pipe_put(file_inode(file), file_pipe(file));
	inode_file_release(file);
}

static ssize_t fifo_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	ssize_t done = pipe_read(file, to, pos);

	if (done > 0)
		inode_read_now(file_inode(file));
	return done;
}

static ssize_t fifo_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	ssize_t done = pipe_write(file, from, pos);

	if (done > 0)
		inode_changed_now(file_inode(file));
	return done;
}

const struct file_ops fifo_file_ops = {
	.name = "named pipe",
	.opened = fifo_open,
	.read = fifo_read,
	.write = fifo_write,
	.poll = pipe_poll,
	.stat = inode_file_stat,
	.release = fifo_release,
	.holds = pipe_holds,
	.is_pipe = true,
	.has_inode = true,
};
