/* SPDX-License-Identifier: MIT */
/* The ring of a pipe against a plain queue of bytes. */
#include <string.h>

#include "desc/pipe_ring.h"
#include "tests/host/lib/test.h"

static uint8_t pages[PIPE_RING_SLOTS][PIPE_RING_PAGE];
static uint8_t *unused[PIPE_RING_SLOTS];
static unsigned nunused;
static struct pipe_ring ring;

static void start(void)
{
	memset(&ring, 0, sizeof(ring));
	pipe_ring_init(&ring);
	for (nunused = 0; nunused < PIPE_RING_SLOTS; nunused++)
		unused[nunused] = pages[nunused];
}

/* Byte number n of all that was ever put in. */
static uint8_t byte_of(uint64_t n)
{
	return (uint8_t)(n * 31 + (n >> 8));
}

static void fill(uint8_t *at, uint64_t first, size_t n)
{
	for (size_t i = 0; i < n; i++)
		at[i] = byte_of(first + i);
}

static bool append(uint64_t first, size_t n)
{
	uint8_t *at = pipe_ring_append_at(&ring, n);

	if (!at)
		return false;
	fill(at, first, n);
	pipe_ring_append(&ring, n);
	return true;
}

static bool push(uint64_t first, size_t n)
{
	if (pipe_ring_full(&ring))
		return false;
	assert_true(nunused > 0);
	fill(unused[--nunused], first, n);
	pipe_ring_push(&ring, unused[nunused], n);
	return true;
}

/* Takes up to n bytes, which must be those from number `first` on: their count. */
static size_t take(uint64_t first, size_t n)
{
	size_t done = 0;

	while (done < n && !pipe_ring_empty(&ring)) {
		const uint8_t *at;
		size_t span = pipe_ring_front(&ring, n - done, &at);
		uint8_t *page;

		assert_true(span > 0 && span <= PIPE_RING_PAGE);
		for (size_t i = 0; i < span; i++)
			assert_int_equal(byte_of(first + done + i), at[i]);
		page = pipe_ring_take(&ring, span);
		if (page)
			unused[nunused++] = page;
		done += span;
	}
	return done;
}

TEST(empty_and_full)
{
	start();
	assert_true(pipe_ring_empty(&ring));
	assert_false(append(0, 1));
	for (unsigned i = 0; i < PIPE_RING_SLOTS; i++)
		assert_true(push(i * PIPE_RING_PAGE, PIPE_RING_PAGE));
	assert_false(push(0, 1));
	assert_false(append(0, 1));
	assert_int_equal(65536, pipe_ring_bytes(&ring));
	assert_int_equal(65536, take(0, 100000));
	assert_true(pipe_ring_empty(&ring));
	assert_int_equal(PIPE_RING_SLOTS, nunused);
}

TEST(slot_is_free_when_all_is_taken)
{
	start();
	for (unsigned i = 0; i < PIPE_RING_SLOTS; i++)
		push(i * 2, 2);
	assert_int_equal(1, take(0, 1));
	assert_true(pipe_ring_full(&ring));
	assert_int_equal(1, take(1, 1));
	assert_false(pipe_ring_full(&ring));
}

TEST(bytes_fill_pages_up)
{
	start();
	push(0, 1);
	for (uint64_t i = 1; i < PIPE_RING_PAGE; i++)
		assert_true(append(i, 1));
	assert_false(append(0, 1));
	/* What was taken at the front of a page is no room at its end. */
	assert_int_equal(100, take(0, 100));
	assert_false(append(0, 1));
	assert_int_equal(PIPE_RING_PAGE - 100, take(100, 100000));
}

TEST(held_bytes_stay_the_oldest)
{
	struct pipe_slot more[2 * PIPE_RING_SLOTS], slot;

	start();
	push(0, 10);
	slot = pipe_ring_hold(&ring);
	assert_true(ring.held);
	assert_true(append(10, 5));
	push(15, 10);
	assert_int_equal(10, slot.len);
	pipe_ring_resize(&ring, more, 2 * PIPE_RING_SLOTS);
	assert_int_equal(25, pipe_ring_bytes(&ring));
	assert_null(pipe_ring_take_from(&ring, pipe_ring_unhold(&ring), 3));
	assert_false(ring.held);
	assert_int_equal(7, take(3, 7));
	(void)pipe_ring_hold(&ring);
	assert_non_null(pipe_ring_take_from(&ring, pipe_ring_unhold(&ring), 5));
	(void)pipe_ring_hold(&ring);
	assert_null(pipe_ring_take_from(&ring, pipe_ring_unhold(&ring), 0));
	assert_int_equal(10, take(15, 100));
}

/* Who looks without the lock must see no ring that was never there: so what it looks at does not change. */
TEST(another_size_leaves_head_and_tail)
{
	static const uint32_t sizes[] = { 8, 64, 16, 4, 32, 16 };
	struct pipe_slot few[64], more[64];
	uint64_t in = 0, out = 0;

	start();
	for (unsigned i = 0; i < 100; i++) {
		const size_t head = ring.head, tail = ring.tail;

		pipe_ring_resize(&ring, i % 2 ? few : more, sizes[i % ARRAY_SIZE(sizes)]);
		assert_int_equal(head, ring.head);
		assert_int_equal(tail, ring.tail);
		assert_int_equal(sizes[i % ARRAY_SIZE(sizes)], pipe_ring_nslots(&ring));
		assert_int_equal(in - out, pipe_ring_bytes(&ring));
		for (unsigned n = 0; n < 1 + test_below(2) && head - tail < 3; n++) {
			assert_true(push(in, 100));
			in += 100;
		}
		out += take(out, 100);
	}
}

TEST(against_a_queue)
{
	uint64_t in = 0, out = 0;

	start();
	for (unsigned i = 0; i < test_steps(20000); i++) {
		size_t n = 1 + test_below(test_below(2) ? 100 : PIPE_RING_PAGE);

		if (test_below(3) == 0)
			out += take(out, n * test_below(20));
		else if (append(in, n) || push(in, n))
			in += n;
		assert_int_equal(in - out, pipe_ring_bytes(&ring));
		assert_int_equal(in == out, pipe_ring_empty(&ring));
	}
}
