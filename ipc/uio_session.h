/* SPDX-License-Identifier: MIT */
/* What a program has of a device that it drives: registers, memory for DMA, and the end of both. */
#pragma once

#include "base/uio_device.h"
#include "mm/object/object.h"
#include "proc/mutex.h"

struct process;
struct uio;

#define UIO_AREAS_MAX 32

/* Memory for DMA, a run of pages of the session's object. */
struct uio_area {
	uint64_t index; /* of the first page */
	size_t npages;
};

/*
 * A session ends when its driver ends, when its file is closed and nothing of it is mapped any more,
 * or when another one begins. Its object has the registers at index 0, and memory for DMA after
 * them. It holds the session's memory: the file, each mapping, and the device have a reference.
 */
struct uio_session {
	struct object object; /* for mmap; it has its own lock */
	struct uio *uio;      /* const */
	uint32_t maps;	      /* atomic: VMAs that map the object */
	/* guarded by uio->lock: */
	bool open;     /* the file is */
	uint32_t seen; /* of uio->interrupts, those that read() has returned */
	struct process *
		driver; /* the process that first mapped or allocated; never followed. NULL: none yet */
	unsigned nareas;
	unsigned nreserved;  /* areas, those that are being made included */
	size_t dma_pages;    /* of these */
	uint64_t next_index; /* of the next area */
	struct uio_area areas[UIO_AREAS_MAX];
	struct counted counted; /* for `maps`; references to the session are the object's */
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
	bool stuck;		     /* it did not answer its reset: it is used no more */
	struct uio_session *session; /* the one that has not ended. NULL: none */
};

/* Sessions, by the VMAs that map them. */
extern struct counted_kind uio_session_kind;

/*
 * Begins a session. The one that there was has ended then, also when this returns an error: -EIO if
 * the device did not answer a reset, or -ENOMEM. Returns 0 with the session, of which the caller is
 * the open file. May wait for memory: call with no lock held.
 */
int uio_session_begin(struct uio *uio, struct uio_session **session_ret);

/* The file of the session is closed: drops its reference. Call with no lock held. */
void uio_session_close(struct uio_session *session);

/* Has the session not ended? The caller holds uio->lock. */
bool uio_session_lives_locked(const struct uio_session *session);

/*
 * Returns 0 and the object for a mapping of [offset, offset + len) of the session's file, with a
 * reference; -EINVAL if that is neither within the registers nor within one area; -ENODEV if the
 * session has ended. The running process is the driver if there was none. Call with no lock held.
 */
int uio_session_map(struct uio_session *session, uint64_t offset, size_t len,
		    struct object **object_ret);

/*
 * Allocates contiguous memory for DMA: `size` bytes, zeroed. Returns 0, with the offset for mmap
 * and the physical address; -EINVAL if the size is 0 or above UIO_DMA_SIZE_MAX; -ENOSPC if the
 * session has too much or too many already; -ENODEV if it has ended; or -ENOMEM. May wait for
 * memory. Otherwise as uio_session_map().
 */
int uio_session_alloc(struct uio_session *session, uint64_t size, uint64_t *offset_ret,
		      paddr_t *addr_ret);

/*
 * From now on each interrupt is a pulse with these bits, by the send end, whose reference this takes
 * over in any case; NULL: none. Returns 0, or -ENODEV if the session has ended. Call with no lock
 * held.
 */
int uio_session_notify(struct uio_session *session, struct file *send, uint64_t bits);

/*
 * Ends the session if the process drives the device: revokes all mappings, resets the device, and
 * frees the memory, in this order. Call with no lock held.
 */
void uio_session_driver_ends(struct uio *uio, const struct process *process);
