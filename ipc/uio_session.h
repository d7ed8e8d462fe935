/* SPDX-License-Identifier: MIT */
/* What a program has of a device that it drives: registers, memory for DMA, and the end of both. */
#pragma once

#include "base/uio_device.h"
#include "mm/object.h"
#include "proc/mutex.h"

struct process;

#define UIO_AREAS_MAX 32

/* Memory for DMA, a run of pages of the session's object. */
struct uio_area {
	uint64_t index; /* of the first page */
	size_t npages;
};

/*
 * A session lasts from the first mapping, or the first allocation for DMA, to the driver's end. Its
 * object has the registers at index 0, and memory for DMA after them.
 */
struct uio_session {
	struct object object; /* for mmap; it has its own lock */
	struct uio *uio;      /* const */
	uint32_t maps;	      /* atomic: VMAs that map the object */
	/* guarded by uio->lock: */
	struct process *driver; /* who began; never followed */
	unsigned nareas;
	unsigned nreserved;  /* areas, those that are being made included */
	size_t dma_pages;    /* of these */
	uint64_t next_index; /* of the next area */
	struct uio_area areas[UIO_AREAS_MAX];
};

struct uio {
	struct uio_device *dev; /* const */
	struct waitq happened;	/* woken by an interrupt and by a session's end; own lock */
	uint32_t interrupts;	/* atomic: how many have come */
	/* guarded by notify_lock: */
	struct spinlock notify_lock;
	struct file *notify; /* a send end, referenced. NULL: no pulses */
	uint64_t notify_bits;
	struct mutex lock;
	/* guarded by lock: */
	bool open;		     /* there is an open file */
	bool stuck;		     /* it did not answer its reset: it is used no more */
	uint32_t seen;		     /* of `interrupts`, those that read() has told of */
	uint64_t ended;		     /* number of sessions that have ended */
	struct uio_session *session; /* NULL: nobody drives the device */
};

/*
 * Returns 0 and the object for a mapping of [offset, offset + len) of the device's file, with a
 * reference; -EINVAL if that is neither within the registers nor within one area; -EIO or -ENOMEM.
 * The running process is the driver if there was none. May wait for memory: call with no lock held.
 */
int uio_session_map(struct uio *uio, uint64_t offset, size_t len, struct object **object_ret);

/*
 * Allocates contiguous memory for DMA: `size` bytes, zeroed. Returns 0, with the offset for mmap
 * and the physical address; -EINVAL if the size is 0 or above UIO_DMA_SIZE_MAX; -ENOSPC if the
 * driver has too much or too many already; -ENODEV if the session has ended meanwhile; -EIO or
 * -ENOMEM. Otherwise as uio_session_map().
 */
int uio_session_alloc(struct uio *uio, uint64_t size, uint64_t *offset_ret, paddr_t *addr_ret);

/* Ends the session if there is neither an open file nor a mapping. The caller holds uio->lock. */
void uio_session_check_locked(struct uio *uio);

/*
 * From now on each interrupt is a pulse with these bits, by the send end, whose reference this takes
 * over; NULL: none. Call with no spinning lock held.
 */
void uio_set_notify(struct uio *uio, struct file *send, uint64_t bits);

/*
 * Ends the session if the process drives the device: revokes all mappings, resets the device, and
 * frees the memory, in this order. Call with no lock held.
 */
void uio_session_driver_ends(struct uio *uio, const struct process *process);
