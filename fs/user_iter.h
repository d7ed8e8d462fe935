/* SPDX-License-Identifier: MIT */
/* The user memory that a read or write is about: one buffer, or the many of readv and writev. */
#pragma once

#include "abi/uio.h"
#include "lib/bits.h"
#include "mm/user_copy.h"
#include "sync/preempt.h"

struct user_iter {
	vaddr_t base;		      /* where to go on in the segment that is being worked on */
	size_t len;		      /* bytes left in that */
	size_t left;		      /* bytes left in all */
	const struct abi_iovec *next; /* the segments after it; not owned */
	size_t nnext;
};

static inline struct user_iter user_iter_one(vaddr_t base, size_t n)
{
	return (struct user_iter){ .base = base, .len = n, .left = n };
}

/* Bytes that lie together at iter->base from now on; 0: none is left. */
size_t user_iter_span(struct user_iter *iter);

/* => n is no more than the span */
static inline void user_iter_advance(struct user_iter *iter, size_t n)
{
	iter->base += n;
	iter->len -= n;
	iter->left -= n;
}

/*
 * Copies up to n bytes, as many as are left, and moves on: the count; fewer where user memory could
 * not be accessed. => no spinning lock held
 */
size_t user_iter_copy_in_pieces(struct user_iter *iter, void *to, size_t n);
size_t user_iter_copy_out_pieces(struct user_iter *iter, const void *from, size_t n);
size_t user_iter_clear(struct user_iter *iter, size_t n);

/* The same, and quick where all is in one segment. */
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
 * All of n bytes, or nothing and 0: what is not there at once is not waited for, so that the caller
 * may hold a lock that others need to give memory back. user_iter_fault_in() helps outside the lock.
 * => n is no more than what is left; no spinning lock held
 */
static inline size_t user_iter_try_in(struct user_iter *iter, void *to, size_t n);
static inline size_t user_iter_try_out(struct user_iter *iter, const void *from, size_t n);

/*
 * Makes the next n bytes accessible, for a moment at least, as reading (write: changing) them would.
 * 0 or -EFAULT. => no spinning lock held, nor one that who gives memory back may need
 */
int user_iter_fault_in(const struct user_iter *iter, size_t n, bool write);

/* The same in pieces, of any number of segments. */
size_t user_iter_try_in_pieces(struct user_iter *iter, void *to, size_t n);
size_t user_iter_try_out_pieces(struct user_iter *iter, const void *from, size_t n);

/* With preemption off a fault is refused, whatever it is for. */
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
