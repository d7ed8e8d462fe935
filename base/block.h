/* SPDX-License-Identifier: MIT */
/* The interface of a disk: drivers implement it, mm swaps to it, fs gives it a name. */
#pragma once

#include "lib/list.h"
#include "lib/types.h"
#include "sync/waitq.h"

#define SECTOR_SIZE	 512u
#define SECTORS_PER_PAGE 8u /* of 4096 bytes: the unit of every request */

/* The most pages of one request. */
#define BLOCK_PAGES_MAX 128u

struct block_device;

/*
 * A transfer of whole pages between memory and consecutive sectors. It is the submitter's memory:
 * drivers allocate nothing for it, because pages are written to a disk when there is no memory.
 */
struct block_request {
	/* const from block_submit() to done(), private to the submitter otherwise: */
	uint64_t sector; /* where it begins; a multiple of SECTORS_PER_PAGE */
	bool write;
	unsigned npages; /* 1 to BLOCK_PAGES_MAX */
	paddr_t pages[BLOCK_PAGES_MAX];
	/*
	 * Called once, in the thread that serves the device, with no lock held; it may sleep, but
	 * no other request of the device is done meanwhile. `result` is 0 or -EIO; after -EIO of a
	 * read the pages' contents are undefined. The request may be used again from here on.
	 */
	void (*done)(struct block_request *request, int result);
	void *owner; /* the submitter's */
	/* private to the driver from block_submit() to done(): */
	struct list link;
	unsigned started;  /* pages that the device has been asked for */
	unsigned inflight; /* commands that the device has not answered */
	int result;
};

struct block_ops {
	/*
	 * Takes over the request, whose `result` is not 0 if it is only to be answered with that.
	 * Never sleeps.
	 */
	void (*submit)(struct block_device *dev, struct block_request *request);
	/*
	 * Calls done() of requests that have been answered. Returns false if there were none:
	 * `answered` is woken when there are. Only the thread that serves the device calls it, with
	 * no spinning lock held.
	 */
	bool (*complete)(struct block_device *dev);
};

struct block_device {
	/* const: */
	const char *name; /* "vda" */
	uint64_t sectors; /* a multiple of SECTORS_PER_PAGE */
	bool read_only;
	const struct block_ops *ops;
	void *driver; /* private to the driver */
	struct waitq answered;
	/* atomic; by whether they write: requests that were valid, and their sectors */
	uint64_t requests[2], moved[2];
};

#define BLOCK_DEVICES_MAX 8

/*
 * Submits a request. Never fails, never sleeps and allocates nothing: a request for which the
 * device has no room waits in the driver. Requests may be done in any order. One that goes beyond
 * the device's end, is not made of whole pages, or writes to a read-only device ends with -EIO. The
 * caller may hold preemptible spinning locks, and no others.
 *
 * Nothing makes the host write its caches to its disk: what was written may be lost when the host
 * itself fails.
 */
void block_submit(struct block_device *dev, struct block_request *request);

/* Drivers register devices at boot, and mm and fs look them up. Returns 0 or -ENOSPC. */
int block_register(struct block_device *dev);
struct block_device *block_find(const char *name); /* NULL if none */
struct block_device *block_at(unsigned i);	   /* NULL if i is past the last */

/* Boot: removes a device that has no thread to serve it, before anything has used it. */
void block_unregister(struct block_device *dev);
