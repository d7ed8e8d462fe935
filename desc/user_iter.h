/* SPDX-License-Identifier: MIT */
/* The memory of a read or write: one buffer, the many of readv and writev, or one of the kernel's. */
#pragma once

#include "abi/uio.h"
#include "lib/bits.h"
#include "mm/fault/user_copy.h"
#include "sync/preempt.h"

/*
 * In user_iter.rwf, which no program gives: what is written to a pipe is a packet; or it is spliced to or from a pipe, as bytes
 * that are no packets; or the program is not told otherwise that nobody reads what is written; or the iterator is in a struct message
 * (desc/in_flight.h).
 */
#define RWF_PACKET  0x400u
#define RWF_SPLICE  0x800u
#define RWF_QUIET   0x1000u
#define RWF_MESSAGE 0x2000u
/*
 * With memory of the kernel's. Of a read: instead of a copy, the iterator may get the page that the bytes are in, with a reference.
 * Of a write: the bytes are in that page, and a pipe may take over the reference; then `lent` is NULL.
 */
#define RWF_LEND    0x4000u

struct page;

struct user_iter {
	union {
		vaddr_t base; /* the current position */
		struct page *
			lent; /* with RWF_LEND, where `kernel` is; NULL: `kernel` is no such page */
	};
	size_t len;		      /* bytes left in the current segment */
	size_t left;		      /* bytes left in all */
	const struct abi_iovec *next; /* the segments after the current one; not owned */
	uint32_t nnext;		      /* at most IOV_MAX */
	/* RWF_* of preadv2 or pwritev2, which change what the open file's flags say; else 0. */
	uint32_t rwf;
	/*
	 * Kernel memory instead, for sendfile: the current position. `len` is 0 then, so that the
	 * copies find out in their slow paths; user_iter_span() and user_iter_advance() are not for
	 * it. NULL: none.
	 */
	uint8_t *kernel;
};

static inline struct user_iter user_iter_one(vaddr_t base, size_t n)
{
	return (struct user_iter){ .base = base, .len = n, .left = n };
}

static inline struct user_iter user_iter_kernel(void *buffer, size_t n)
{
	return (struct user_iter){ .left = n, .kernel = buffer };
}

/* For a read by reference, or a copy to the buffer where that is not possible. */
static inline struct user_iter user_iter_lend(void *buffer, size_t n)
{
	return (struct user_iter){ .left = n, .kernel = buffer, .rwf = RWF_LEND };
}

static inline void user_iter_advance_kernel(struct user_iter *iter, size_t n)
{
	iter->kernel += n;
	iter->left -= n;
}

/* Returns how many contiguous bytes start at iter->base. 0: the transfer is complete. */
size_t user_iter_span(struct user_iter *iter);

/* n is at most user_iter_span(). */
static inline void user_iter_advance(struct user_iter *iter, size_t n)
{
	iter->base += n;
	iter->len -= n;
	iter->left -= n;
}

/*
 * Copy up to n bytes, at most iter->left, and advance. Return the number of bytes copied, which is
 * smaller if user memory could not be accessed. The caller holds no spinning lock.
 */
size_t user_iter_copy_in_pieces(struct user_iter *iter, void *to, size_t n);
size_t user_iter_copy_out_pieces(struct user_iter *iter, const void *from, size_t n);

/* user_iter_copy_out_pieces() of zeros. */
size_t user_iter_clear(struct user_iter *iter, size_t n);

/* user_iter_copy_in_pieces() with a fast path for a single segment that has all the bytes. */
static inline size_t user_iter_copy_in(struct user_iter *iter, void *to, size_t n)
{
	if (unlikely(n > iter->len))
		return user_iter_copy_in_pieces(iter, to, n);
	n = user_copy_in_some(to, iter->base, n);
	user_iter_advance(iter, n);
	return n;
}

static inline size_t user_iter_copy_out(struct user_iter *iter, const void *from, size_t n)
{
	if (unlikely(n > iter->len))
		return user_iter_copy_out_pieces(iter, from, n);
	n = user_copy_out_some(iter->base, from, n);
	user_iter_advance(iter, n);
	return n;
}

/*
 * Copy all of n bytes, advance, and return n; or return 0 and do not advance. They do not wait for
 * a page that is not resident, so the caller may hold a lock that others need in order to free
 * memory. Without the lock, user_iter_fault_in() makes the pages accessible. n is at most
 * iter->left. The caller holds no spinning lock.
 */
static inline size_t user_iter_try_in(struct user_iter *iter, void *to, size_t n);
static inline size_t user_iter_try_out(struct user_iter *iter, const void *from, size_t n);

/*
 * Makes the next n bytes accessible for reading, or for writing if `write` is set, at least for a
 * moment. Returns 0 or -EFAULT. The caller holds no spinning lock, and no lock that another thread
 * needs in order to free memory.
 */
int user_iter_fault_in(const struct user_iter *iter, size_t n, bool write);

/* user_iter_try_in() and user_iter_try_out() of any number of segments. */
size_t user_iter_try_in_pieces(struct user_iter *iter, void *to, size_t n);
size_t user_iter_try_out_pieces(struct user_iter *iter, const void *from, size_t n);

/* With preemption off, user copies do not resolve faults: they stop there. */
static inline size_t user_iter_try_in(struct user_iter *iter, void *to, size_t n)
{
	size_t done;

	if (unlikely(n > iter->len))
		return user_iter_try_in_pieces(iter, to, n);
	preempt_disable();
	done = user_copy_in_some(to, iter->base, n);
	preempt_enable();
	if (unlikely(done != n))
		return 0;
	user_iter_advance(iter, n);
	return n;
}

static inline size_t user_iter_try_out(struct user_iter *iter, const void *from, size_t n)
{
	size_t done;

	if (unlikely(n > iter->len))
		return user_iter_try_out_pieces(iter, from, n);
	preempt_disable();
	done = user_copy_out_some(iter->base, from, n);
	preempt_enable();
	if (unlikely(done != n))
		return 0;
	user_iter_advance(iter, n);
	return n;
}
