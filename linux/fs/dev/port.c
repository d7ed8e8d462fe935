/* SPDX-License-Identifier: MIT */
/* Byte-stream devices as files, without a line discipline. */
#include "linux/fs/dev/port.h"

#include "abi/errno.h"
#include "base/chardev.h"
#include "desc/poll.h"
#include "desc/turn.h"
#include "lib/bits.h"
#include "linux/fs/dev/devfs.h"
#include "linux/signal/kill.h"
#include "mm/phys/kmalloc.h"
#include "proc/process.h"
#include "proc/wait.h"

#define PIECE 512u /* bytes copied by way of the kernel stack at a time */

struct port {
	struct chardev *dev; /* const */
	struct turn output;  /* keeps the bytes of one write together */
};

struct port *port_create(struct chardev *dev)
{
	struct port *port = kmalloc(sizeof(*port));

	if (!port)
		return NULL;
	port->dev = dev;
	turn_init(&port->output);
	return port;
}

/* Reads up to n bytes, and waits for the first unless nonblock. Returns 0 at the end of input. */
static ssize_t port_take(struct chardev *dev, uint8_t *to, size_t n, bool nonblock)
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

static ssize_t port_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	struct port *port = device_of(file);
	bool nonblock = (file->flags & O_NONBLOCK) != 0;
	uint8_t piece[PIECE];
	size_t done = 0;
	ssize_t got = 0;

	(void)pos;
	while (to->left != 0) {
		size_t want = MIN(to->left, sizeof(piece));

		/* Wait only for the first bytes. */
		got = port_take(port->dev, piece, want, nonblock || done != 0);
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
static int port_put(struct chardev *dev, const uint8_t *from, size_t n, bool nonblock, size_t *done)
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

static ssize_t port_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	struct port *port = device_of(file);
	bool nonblock = (file->flags & O_NONBLOCK) != 0;
	uint8_t piece[PIECE];
	size_t done = 0;
	int err;

	(void)pos;
	err = turn_take(&port->output, nonblock);
	if (err)
		return err;
	while (from->left != 0 && err == 0) {
		size_t copied = user_iter_copy_in(from, piece, sizeof(piece));

		if (copied == 0)
			err = -EFAULT;
		else
			err = port_put(port->dev, piece, copied, nonblock, &done) ?: turn_pause();
	}
	turn_give(&port->output);
	if (err == -EPIPE)
		signal_raise(SIGPIPE);
	return done != 0 ? (ssize_t)done : err;
}

/* Reports the ends of the stream as a pipe does: POLLHUP to readers, POLLERR to writers. */
static unsigned port_poll(struct file *file, struct poller *poller)
{
	struct chardev *dev = ((struct port *)device_of(file))->dev;
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

const struct file_ops port_ops = {
	.name = "port",
	.read = port_read,
	.write = port_write,
	.poll = port_poll,
	.stat = inode_file_stat,
	.release = inode_file_release,
	.has_inode = true,
};
