/* SPDX-License-Identifier: MIT */
/* Byte-stream devices as programs use them, without a line discipline. */
#pragma once

#include "base/chardev.h"
#include "desc/turn.h"

struct file;
struct poller;
struct user_iter;

struct stream {
	struct chardev *dev; /* const */
	struct turn output;  /* keeps the bytes of one write together */
};

/*
 * What slots of struct file_ops do for a file of the device: wait unless it is O_NONBLOCK, for input only until there is some.
 * A write to whom nobody reads ends as that to such a pipe. stream_poll() reports the ends of the stream as a pipe
 * does: POLLHUP to readers, POLLERR to writers.
 */
ssize_t stream_read(struct stream *stream, const struct file *file, struct user_iter *to);
ssize_t stream_write(struct stream *stream, const struct file *file, struct user_iter *from);
unsigned stream_poll(struct stream *stream, const struct file *file, struct poller *poller);
