/* SPDX-License-Identifier: MIT */
/* The slots of the swap area: which one is taken next, against a naive model, and what they cost. */
#include "mm/swap/swap_slots.h"

#include <string.h>

#include "mm/check/alloc_fail.h"
#include "rig.h"
#include "tests/host/lib/test.h"

#define SLOTS_MAX 5000u

static struct swap_slots slots;

static struct {
	uint32_t words[SLOTS_MAX];
	uint64_t count, next;
	unsigned rest;
} model;

static void begin(uint64_t count)
{
	assert_true(count <= SLOTS_MAX);
	memset(&model, 0, sizeof(model));
	model.count = count;
	assert_int_equal(0, slots_create(&slots, count));
}

static unsigned count_free(uint64_t first, unsigned n)
{
	unsigned nfree = 0;

	for (uint64_t slot = first; slot < MIN(first + n, model.count); slot++)
		nfree += model.words[slot] == SLOT_FREE;
	return nfree;
}

/* The first free run, from the chunk of `next` on. Four chunks that might have one are searched. */
static uint64_t model_run(void)
{
	uint64_t nchunks = (model.count + SLOTS_PER_CHUNK - 1) / SLOTS_PER_CHUNK;
	uint64_t next = model.next % model.count;
	unsigned searched = 0;

	for (uint64_t i = 0; i < nchunks && searched < 4; i++) {
		uint64_t first = (next / SLOTS_PER_CHUNK + i) % nchunks * SLOTS_PER_CHUNK;

		if (count_free(first, SLOTS_PER_CHUNK) < SLOTS_PER_RUN)
			continue;
		searched++;
		for (unsigned run = 0; run < SLOTS_PER_CHUNK; run += SLOTS_PER_RUN)
			if (count_free(first + run, SLOTS_PER_RUN) == SLOTS_PER_RUN)
				return first + run;
	}
	return SLOT_NONE;
}

/* The first free slot from `next` on, with slot 0 behind the last one. */
static uint64_t model_first(void)
{
	for (uint64_t i = 0; i < model.count; i++) {
		uint64_t slot = (model.next + i) % model.count;

		if (model.words[slot] == SLOT_FREE)
			return slot;
	}
	return SLOT_NONE;
}

/* The next one, a run, or the first one. A run is not looked for again soon. */
static uint64_t model_choose(void)
{
	uint64_t run;

	if (model.next < model.count && model.words[model.next] == SLOT_FREE)
		return model.next;
	if (model.rest) {
		model.rest--;
		return model_first();
	}
	run = model_run();
	if (run != SLOT_NONE)
		return run;
	model.rest = SLOTS_PER_RUN;
	return model_first();
}

static uint64_t model_take(void)
{
	uint64_t slot = model_first() == SLOT_NONE ? SLOT_NONE : model_choose();

	if (slot != SLOT_NONE) {
		model.words[slot] = SLOT_CACHED;
		model.next = slot + 1;
	}
	return slot;
}

static void take(void)
{
	assert_int_equal(model_take(), slots_take(&slots));
}

static void free_slot(uint64_t slot)
{
	model.words[slot] = SLOT_FREE;
	slots_free(&slots, slot);
}

/* Frees a slot that was taken, if the one at `slot` was. */
static void free_if_taken(uint64_t slot)
{
	if (model.words[slot] == SLOT_CACHED)
		free_slot(slot);
}

static void mark_bad_if_free(uint64_t slot)
{
	if (model.words[slot] != SLOT_FREE)
		return;
	model.words[slot] = SLOT_BAD;
	model.next += slot == model.next;
	slots_mark_bad(&slots, slot);
}

static void check(void)
{
	uint64_t nfree = 0;

	for (uint64_t first = 0; first < model.count; first += SLOTS_PER_CHUNK) {
		uint32_t here = 0;

		for (uint64_t i = first; i < MIN(first + SLOTS_PER_CHUNK, model.count); i++) {
			assert_int_equal(model.words[i], *slot_word(&slots, i));
			here += model.words[i] == SLOT_FREE;
		}
		assert_int_equal(here, slots.chunks[first / SLOTS_PER_CHUNK].nfree);
		nfree += here;
	}
	assert_int_equal(nfree, slots.nfree);
	assert_int_equal(model.count, slots.count);
}

/* In 32 steps, so many take a slot, and the others free one. */
static void run_steps(unsigned steps, unsigned takes)
{
	for (unsigned i = 0; i < steps; i++) {
		uint64_t slot = test_below(model.count);

		if (test_below(2000) == 0)
			mark_bad_if_free(slot);
		else if (test_below(32) < takes)
			take();
		else
			free_if_taken(slot);
		if (i % 500 == 0)
			check();
	}
	check();
}

/* Counts that fill their chunks, and counts that do not. */
TEST(random_steps_against_a_model)
{
	static const uint64_t counts[] = { 1, 2, 63, 1023, 1024, 1025, 2048, 3000, SLOTS_MAX };

	rig_start(1024);
	for (unsigned i = 0; i < ARRAY_SIZE(counts); i++) {
		begin(counts[i]);
		for (unsigned round = 0; round < 4; round++) {
			run_steps(test_steps(4000), 28); /* nearly full, or full */
			run_steps(test_steps(4000), 8);
		}
		slots_destroy(&slots);
		rig_check();
	}
}

/* Pages that go out together lie together: a free run is taken before single slots. */
TEST(slots_follow_one_another)
{
	rig_start(1024);
	begin(3000);
	for (uint64_t slot = 0; slot < 3000; slot++)
		assert_int_equal(slot, slots_take(&slots));
	assert_int_equal(SLOT_NONE, slots_take(&slots));
	for (uint64_t slot = 400; slot < 2500; slot++)
		if (slot < 500 || slot >= 512)
			slots_free(&slots, slot);
	for (uint64_t slot = 512; slot < 1500; slot++)
		assert_int_equal(slot, slots_take(&slots));
	for (uint64_t slot = 512; slot < 600; slot++)
		slots_free(&slots, slot);
	for (uint64_t slot = 1500; slot < 2500; slot++)
		assert_int_equal(slot, slots_take(&slots)); /* on, not back */
	for (uint64_t slot = 400; slot < 600; slot++)
		if (slot < 500 || slot >= 512)
			assert_int_equal(slot, slots_take(&slots));
	assert_int_equal(0, slots.nfree);
	slots_destroy(&slots);
}

/* The last free slot is found wherever it is, and from wherever the search begins. */
TEST(one_slot_is_free)
{
	rig_start(1024);
	begin(2100);
	while (model_take() != SLOT_NONE)
		(void)slots_take(&slots);
	for (unsigned i = 0; i < 3000; i++) {
		free_slot(test_below(model.count));
		take();
		take(); /* none */
	}
	check();
	slots_destroy(&slots);
}

/* Bad slots are passed over, at both ends of a chunk too. */
TEST(bad_slots_are_not_taken)
{
	static const uint64_t bad[] = { 0, 1, 1023, 1024, 1500, 2047, 2048, 2049 };

	rig_start(1024);
	begin(2050);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		mark_bad_if_free(bad[i]);
	for (unsigned i = 0; i < 2050; i++)
		take();
	check();
	assert_int_equal(0, slots.nfree);
	slots_destroy(&slots);
}

/* R45: each allocation fails once. What was allocated before comes back. */
TEST(no_memory)
{
	size_t free_before, objects;
	uint64_t nth = 0;
	int result;

	rig_start(1024);
	free_before = rig_free();
	objects = rig_objects();
	do {
		alloc_fail_at = ++nth;
		result = slots_create(&slots, 4 * SLOTS_PER_CHUNK + 1);
		alloc_fail_at = 0;
		if (!result)
			break;
		assert_int_equal(-ENOMEM, result);
		assert_null(slots.chunks);
		assert_int_equal(0, slots.count);
		assert_int_equal(free_before, rig_free());
		assert_int_equal(objects, rig_objects());
	} while (true);
	assert_true(nth > 5);
	assert_int_equal(4 * SLOTS_PER_CHUNK + 1, slots.nfree);
	slots_destroy(&slots);
	assert_int_equal(free_before, rig_free());
	assert_int_equal(objects, rig_objects());
	rig_check();
}

/* Counts that can't be right stop the machine. */
TEST(wrong_use)
{
	rig_start(1024);
	begin(10);
	take();
	assert_true(panics(slots_mark_bad(&slots, 0)));
	*slot_word(&slots, 0) = 1;
	assert_true(panics(slots_free(&slots, 0))); /* somebody refers to it */
	*slot_word(&slots, 0) = SLOT_CACHED;
	mark_bad_if_free(1);
	assert_true(panics(slots_free(&slots, 1)));
	slots_destroy(&slots);
}
