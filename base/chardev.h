/* SPDX-License-Identifier: MIT */
/* What a byte-stream device offers: drivers fill it, fs makes files of it, the log a sink. */
#pragma once

#include "lib/types.h"
#include "sync/waitq.h"

struct chardev;

/* None of these sleeps. => no spinning lock held but the log's */
struct chardev_ops {
	/* Takes up to n bytes of input; 0: none now. */
	size_t (*read)(struct chardev *dev, void *to, size_t n);
	/* The input has ended and all of it has been read. */
	bool (*ended)(struct chardev *dev);
	/* Queues up to n bytes of output; 0: full now. A peer that has gone swallows all. */
	size_t (*write)(struct chardev *dev, const void *from, size_t n);
	/* CHARDEV_*: what read and write would find. Where there is no room, `writable` is woken later. */
	unsigned (*ready)(struct chardev *dev);
	/* Puts all that is queued out, polled and bounded: for power-off and panic. => interrupts may be off */
	void (*drain)(struct chardev *dev);
};

struct chardev {
	const char *name; /* "uart", or the port's name after "faultline." */
	const struct chardev_ops *ops;
	void *driver;	       /* the driver's own */
	struct waitq readable; /* woken when input came or ended */
	struct waitq writable; /* woken when there is room for output */
};

#define CHARDEV_READABLE 1u
#define CHARDEV_WRITABLE 2u
#define CHARDEV_CLOSED	 4u /* by the other end: what is readable is the last */

#define CHARDEV_MAX 8

/* Boot and drivers register, whoever makes files or sinks of them looks them up. 0 or -ENOSPC. */
int chardev_register(struct chardev *dev);
struct chardev *chardev_find(const char *name); /* NULL */
struct chardev *chardev_at(unsigned i);		/* NULL past the last */

/* Waits, polled, until the output of all is out. */
void chardev_drain_all(void);
