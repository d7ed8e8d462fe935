/* SPDX-License-Identifier: MIT */
/* The interface of a byte-stream device: drivers implement it, fs makes files of it, the log makes a sink of it. */
#pragma once

#include "lib/types.h"
#include "sync/waitq.h"

struct chardev;

/*
 * None of these sleeps. Call with no spinning lock held except the log's; write may also be
 * called with locks held that come before LOCK_DEVICE.
 */
struct chardev_ops {
	/* Reads up to n bytes of input. Returns how many; 0 if there are none now. */
	size_t (*read)(struct chardev *dev, void *to, size_t n);
	/* Whether the input has ended and all of it has been read. */
	bool (*ended)(struct chardev *dev);
	/*
	 * Queues up to n bytes of output. Returns how many; 0 if the queue is full now. If the peer
	 * has gone, all bytes are accepted and discarded.
	 */
	size_t (*write)(struct chardev *dev, const void *from, size_t n);
	/* Returns CHARDEV_* bits. `writable` is woken when a full queue has room again. */
	unsigned (*ready)(struct chardev *dev);
	/*
	 * Transmits all queued output by polling, for a bounded time. Used at power-off and in a
	 * panic, so interrupts may be off.
	 */
	void (*drain)(struct chardev *dev);
};

struct chardev {
	/* const: */
	const char *name; /* "uart", or the port's name after "faultline." */
	const struct chardev_ops *ops;
	void *driver;	       /* private to the driver */
	struct waitq readable; /* woken when input has arrived or ended */
	struct waitq writable; /* woken when there is room for output */
};

#define CHARDEV_READABLE 1u
#define CHARDEV_WRITABLE 2u
#define CHARDEV_CLOSED	 4u /* by the other end: no input comes after what can be read now */

#define CHARDEV_MAX 8

/* Drivers register devices; fs and the log look them up. Returns 0 or -ENOSPC. */
int chardev_register(struct chardev *dev);
struct chardev *chardev_find(const char *name); /* NULL if none */
struct chardev *chardev_at(unsigned i);		/* NULL if i is past the last */

/* Transmits the queued output of all devices by polling. */
void chardev_drain_all(void);
