/* SPDX-License-Identifier: MIT */
/* Byte-stream devices as files, without a line discipline. */
#include "linux/fs/dev/port.h"

#include "desc/stream.h"
#include "linux/fs/vfs/inode.h"
#include "mm/phys/kmalloc.h"

struct stream *port_create(struct chardev *dev)
{
	struct stream *port = kmalloc(sizeof(*port));

	if (!port)
		return NULL;
	port->dev = dev;
	turn_init(&port->output);
	return port;
}

static ssize_t port_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	(void)pos;
	return stream_read(device_of(file), file, to);
}

static ssize_t port_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	(void)pos;
	return stream_write(device_of(file), file, from);
}

static unsigned port_poll(struct file *file, struct poller *poller)
{
	return stream_poll(device_of(file), file, poller);
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
