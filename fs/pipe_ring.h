/* The bytes in a pipe: a ring of pages. Pure: no lock, no allocation. */
#pragma once

#include "abi/limits.h"
#include "lib/bits.h"

#define PIPE_RING_SIZE	65536u /* as on Linux */
#define PIPE_RING_PAGE	4096u
#define PIPE_RING_PAGES (PIPE_RING_SIZE / PIPE_RING_PAGE)

struct pipe_ring {
	uint32_t head; /* bytes ever put in, less a multiple of the size */
	uint32_t tail; /* bytes ever taken out, likewise; head - tail is what is in it */
	uint8_t *page[PIPE_RING_PAGES]; /* NULL: not there; wanted when head comes to it */
};

static inline uint32_t pipe_ring_used(const struct pipe_ring *ring)
{
	return ring->head - ring->tail;
}

static inline uint32_t pipe_ring_room(const struct pipe_ring *ring)
{
	return PIPE_RING_SIZE - pipe_ring_used(ring);
}

/* The slot of the page where the next byte goes. */
static inline uint8_t **pipe_ring_head_page(struct pipe_ring *ring)
{
	return &ring->page[ring->head / PIPE_RING_PAGE % PIPE_RING_PAGES];
}

/*
 * Where the next bytes go, and how many of n lie together there. => there is room, and the head's
 * page
 */
static inline size_t pipe_ring_head_span(struct pipe_ring *ring, size_t n, uint8_t **at_ret)
{
	uint32_t offset = ring->head % PIPE_RING_PAGE;
	size_t span = MIN(PIPE_RING_PAGE - offset, pipe_ring_room(ring));

	*at_ret = *pipe_ring_head_page(ring) + offset;
	return MIN(span, n);
}

/* Where the oldest bytes are, and how many of n lie together there. => it is not empty */
static inline size_t pipe_ring_tail_span(struct pipe_ring *ring, size_t n, const uint8_t **at_ret)
{
	uint32_t offset = ring->tail % PIPE_RING_PAGE;
	size_t span = MIN(PIPE_RING_PAGE - offset, pipe_ring_used(ring));

	*at_ret = ring->page[ring->tail / PIPE_RING_PAGE % PIPE_RING_PAGES] + offset;
	return MIN(span, n);
}

static inline void pipe_ring_put(struct pipe_ring *ring, size_t n)
{
	ring->head += (uint32_t)n;
}

/*
 * When all is out the next byte goes to the first page again, so that small traffic stays in one.
 */
static inline void pipe_ring_take(struct pipe_ring *ring, size_t n)
{
	ring->tail += (uint32_t)n;
	if (ring->tail == ring->head)
		ring->tail = ring->head = 0;
}
