/* SPDX-License-Identifier: MIT */
/* Reads and writes byte-stream devices for programs. */
#include "desc/stream.h"

#include "abi/errno.h"
#include "base/os_layer.h"
#include "desc/file.h"
#include "desc/poll.h"
#include "lib/bits.h"
#include "proc/wait.h"

#define PIECE 512u /* bytes copied by way of the kernel stack at a time */

/* Reads up to n bytes, and waits for the first unless nonblock. Returns 0 at the end of input. */
static ssize_t stream_take(struct chardev *dev, uint8_t *to, size_t n, bool nonblock)
{
	for (;;) {
		uint64_t seq = waitq_sample(&dev->readable);
		size_t got = dev->ops->read(dev, to, n);
		int err;

		if (got != 0 || dev->ops->ended(dev))
			return (ssize_t)got;
		if (nonblock)
			return -EAGAIN;
		err = thread_wait_interruptible(&dev->readable, seq);
		if (err)
			return err;
	}
}

ssize_t stream_read(struct stream *stream, const struct file *file, struct user_iter *to)
{
	bool nonblock = (file->flags & O_NONBLOCK) != 0;
	uint8_t piece[PIECE];
	size_t done = 0;
	ssize_t got = 0;

	while (to->left != 0) {
		size_t want = MIN(to->left, sizeof(piece));

		/* Wait only for the first bytes. */
		got = stream_take(stream->dev, piece, want, nonblock || done != 0);
		if (got <= 0)
			break;
		if (user_iter_copy_out(to, piece, (size_t)got) != (size_t)got) {
			got = -EFAULT;
			break;
		}
		done += (size_t)got;
	}
	return done != 0 ? (ssize_t)done : got;
}

/*
 * Writes n bytes, or as many as possible without waiting if nonblock is set, and adds their number
 * to *done. Returns 0, -EAGAIN, -EINTR, or -EPIPE if the host has closed its end.
 */
static int stream_put(struct chardev *dev, const uint8_t *from, size_t n, bool nonblock,
		      size_t *done)
{
	size_t sent = 0;
	int err = 0;

	while (sent < n && err == 0) {
		uint64_t seq = waitq_sample(&dev->writable);
		size_t took;

		if (dev->ops->ended(dev)) {
			err = -EPIPE;
			break;
		}
		took = dev->ops->write(dev, from + sent, n - sent);
		sent += took;
		if (took == 0)
			err = nonblock ? -EAGAIN : thread_wait_interruptible(&dev->writable, seq);
	}
	*done += sent;
	return err;
}

ssize_t stream_write(struct stream *stream, const struct file *file, struct user_iter *from)
{
	bool nonblock = (file->flags & O_NONBLOCK) != 0;
	uint8_t piece[PIECE];
	size_t done = 0;
	int err;

	err = turn_take(&stream->output, nonblock);
	if (err)
		return err;
	while (from->left != 0 && err == 0) {
		size_t copied = user_iter_copy_in(from, piece, sizeof(piece));

		if (copied == 0)
			err = -EFAULT;
		else
			err = stream_put(stream->dev, piece, copied, nonblock, &done)
				      ?: turn_pause();
	}
	turn_give(&stream->output);
	if (err == -EPIPE)
		os_layer.pipe_broken();
	return done != 0 ? (ssize_t)done : err;
}

unsigned stream_poll(struct stream *stream, const struct file *file, struct poller *poller)
{
	struct chardev *dev = stream->dev;
	unsigned ready, can = 0;

	if (file_readable(file))
		poll_watch_for(poller, &dev->readable, POLLIN | POLLRDNORM | POLLHUP);
	if (file_writable(file))
		poll_watch_for(poller, &dev->writable, POLLOUT | POLLWRNORM | POLLERR);
	ready = dev->ops->ready(dev);
	if (file_readable(file) && (ready & CHARDEV_READABLE))
		can |= POLLIN | POLLRDNORM;
	if (file_readable(file) && (ready & CHARDEV_CLOSED))
		can |= POLLHUP;
	if (file_writable(file) && (ready & CHARDEV_WRITABLE))
		can |= POLLOUT | POLLWRNORM;
	if (file_writable(file) && (ready & CHARDEV_CLOSED))
		can |= POLLERR;
	return can;
}
