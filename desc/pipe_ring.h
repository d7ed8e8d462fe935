/* SPDX-License-Identifier: MIT */
/* A pipe's ring: the bytes in it, as a ring of partly filled pages. Pure: no lock, no allocation. */
#pragma once

#include "lib/bits.h"

#define PIPE_RING_SLOTS 16u
#define PIPE_RING_PAGE	4096u

struct pipe_slot {
	uint8_t *page;
	uint16_t offset; /* of the first byte that has not been read */
	bool packet; /* written with O_DIRECT: a read that comes to it takes all of it, and ends */
	bool closed; /* nothing is appended: a packet, spliced bytes, or a message (but by the same writer) */
	uint16_t len;  /* never 0 in a used slot */
	bool attached; /* the page begins with a struct attached (desc/in_flight.h) */
	bool lent;     /* the page is a file's, and the slot has a reference to it; it is closed */
};

/*
 * As on Linux, every page pushed takes a whole slot, which is free again only when all its bytes
 * have been taken. So the capacity of a pipe depends on the sizes of the writes.
 */
struct pipe_ring {
	size_t head; /* slots ever used */
	size_t tail; /* of these, the ones free again */
	size_t mask; /* one less than the number of slots, a power of 2 */
	struct pipe_slot *slot;
	bool held; /* the oldest slot is being read by splice: no other reader may take it */
	struct pipe_slot few[PIPE_RING_SLOTS]; /* what `slot` is at first */
};

static inline void pipe_ring_init(struct pipe_ring *ring)
{
	ring->mask = PIPE_RING_SLOTS - 1;
	ring->slot = ring->few;
}

static inline uint32_t pipe_ring_nslots(const struct pipe_ring *ring)
{
	return (uint32_t)ring->mask + 1;
}

static inline bool pipe_ring_empty(const struct pipe_ring *ring)
{
	return ring->head == ring->tail;
}

/*
 * pipe_ring_empty() without the lock that keeps the ring. The ring was empty at some moment of the look: what has been taken is
 * loaded first, so a slot that is pushed and one that is taken meanwhile are not seen as the second without the first.
 */
static inline bool pipe_ring_looks_empty(const struct pipe_ring *ring)
{
	size_t tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);

	return __atomic_load_n(&ring->head, __ATOMIC_RELAXED) == tail;
}

static inline bool pipe_ring_full(const struct pipe_ring *ring)
{
	return ring->head - ring->tail > ring->mask;
}

static inline struct pipe_slot *pipe_ring_slot(struct pipe_ring *ring, size_t at)
{
	return &ring->slot[at & ring->mask];
}

/* Returns where n more bytes fit after those of the slot in its page, or NULL. */
static inline uint8_t *pipe_slot_room(const struct pipe_slot *slot, size_t n)
{
	uint32_t end = (uint32_t)slot->offset + slot->len;

	return end + n > PIPE_RING_PAGE ? NULL : slot->page + end;
}

/* Returns where n more bytes fit after the newest ones in the same page, or NULL. */
static inline uint8_t *pipe_ring_append_at(struct pipe_ring *ring, size_t n)
{
	struct pipe_slot *last = pipe_ring_slot(ring, ring->head - 1);

	return pipe_ring_empty(ring) || last->closed ? NULL : pipe_slot_room(last, n);
}

/* Counts the n bytes that the caller has written there. */
static inline void pipe_ring_append(struct pipe_ring *ring, size_t n)
{
	struct pipe_slot *last = pipe_ring_slot(ring, ring->head - 1);

	last->len = (uint16_t)(last->len + n);
}

/* Adds a page with n bytes at its start. The ring is not full; n is 1 to PIPE_RING_PAGE. */
static inline void pipe_ring_push(struct pipe_ring *ring, uint8_t *page, size_t n)
{
	*pipe_ring_slot(ring, ring->head++) =
		(struct pipe_slot){ .page = page, .len = (uint16_t)n };
}

/* Adds a slot that another ring had, or the copy of a part of one. The ring is not full. */
static inline void pipe_ring_push_slot(struct pipe_ring *ring, struct pipe_slot slot)
{
	*pipe_ring_slot(ring, ring->head++) = slot;
}

/* Returns how many of n bytes are contiguous at *at_ret, the oldest. The ring is not empty. */
static inline size_t pipe_ring_front(struct pipe_ring *ring, size_t n, const uint8_t **at_ret)
{
	struct pipe_slot *first = pipe_ring_slot(ring, ring->tail);

	*at_ret = first->page + first->offset;
	return MIN(n, (size_t)first->len);
}

/* Removes n bytes of the oldest slot, which is `first` and has so many. Returns its page if it is empty now, else NULL. */
static inline uint8_t *pipe_ring_take_from(struct pipe_ring *ring, struct pipe_slot *first,
					   size_t n)
{
	if (n == first->len) {
		ring->tail++;
		return first->page;
	}
	first->offset = (uint16_t)(first->offset + n);
	first->len = (uint16_t)(first->len - n);
	return NULL;
}

/* Removes n bytes of the oldest slot, which has so many. Returns its page if it is empty now, else NULL. */
static inline uint8_t *pipe_ring_take(struct pipe_ring *ring, size_t n)
{
	return pipe_ring_take_from(ring, pipe_ring_slot(ring, ring->tail), n);
}

static inline size_t pipe_ring_bytes(struct pipe_ring *ring)
{
	size_t bytes = 0;

	for (size_t at = ring->tail; at != ring->head; at++)
		bytes += pipe_ring_slot(ring, at)->len;
	return bytes;
}

/* Takes the oldest slot out, with its page. The ring is not empty. */
static inline struct pipe_slot pipe_ring_pop(struct pipe_ring *ring)
{
	return *pipe_ring_slot(ring, ring->tail++);
}

/*
 * Returns a copy of the oldest slot, which stays in the ring. Until pipe_ring_unhold(), nothing else may
 * be taken; more may be pushed or appended. The ring is not empty, and not held.
 */
static inline struct pipe_slot pipe_ring_hold(struct pipe_ring *ring)
{
	ring->held = true;
	return *pipe_ring_slot(ring, ring->tail);
}

/* Ends that, and returns the slot. */
static inline struct pipe_slot *pipe_ring_unhold(struct pipe_ring *ring)
{
	ring->held = false;
	return pipe_ring_slot(ring, ring->tail);
}

/*
 * Moves the slots to another array, of a size that is a power of 2 and has room for those in use. They keep their
 * numbers, so who looks without the lock finds the ring as it is at each moment.
 */
static inline void pipe_ring_resize(struct pipe_ring *ring, struct pipe_slot *slot, uint32_t nslots)
{
	for (size_t at = ring->tail; at != ring->head; at++)
		slot[at & (nslots - 1)] = *pipe_ring_slot(ring, at);
	ring->slot = slot;
	ring->mask = nslots - 1;
}
