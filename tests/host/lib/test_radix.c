/* SPDX-License-Identifier: MIT */
/* The radix tree: at random against an array, with exact counts of nodes. */
#include <stdlib.h>
#include <string.h>

#include "lib/bits.h"
#include "lib/radix.h"
#include "test.h"

static struct radix radix;
static unsigned nodes_out; /* allocated and not yet freed */
static char things[1024];  /* what is pointed to */

static void setup(void)
{
	radix_init(&radix);
	nodes_out = 0;
}

/* Frees all that came back. */
static void drain(struct radix_spare *spare)
{
	struct radix_node *node;

	while ((node = radix_spare_take(spare)) != NULL) {
		free(node);
		nodes_out--;
	}
	assert_int_equal(0, spare->count);
}

/* Inserts with exactly as many nodes as the tree says it needs. */
static void insert(uint64_t index, void *ptr)
{
	unsigned missing = radix_missing(&radix, index);
	struct radix_spare spare;

	assert_true(missing <= RADIX_MISSING_MAX);
	radix_spare_init(&spare);
	for (unsigned i = 0; i < missing; i++) {
		struct radix_node *node = malloc(sizeof(*node));

		memset(node, 0x5a, sizeof(*node));
		radix_spare_give(&spare, node);
		nodes_out++;
	}
	radix_insert(&radix, index, ptr, &spare);
	assert_int_equal(0, spare.count);
	assert_int_equal(0, radix_missing(&radix, index));
}

static void *remove_one(uint64_t index)
{
	struct radix_spare freed;
	void *ptr;

	radix_spare_init(&freed);
	ptr = radix_remove(&radix, index, &freed);
	drain(&freed);
	return ptr;
}

TEST(empty)
{
	uint64_t index = 0;

	setup();
	assert_true(radix_empty(&radix));
	assert_null(radix_find(&radix, 0));
	assert_null(radix_find(&radix, UINT64_MAX));
	assert_null(radix_next(&radix, &index, UINT64_MAX));
	assert_null(remove_one(17));
	assert_int_equal(1, radix_missing(&radix, 0));
	assert_int_equal(1, radix_missing(&radix, 63));
	assert_int_equal(2, radix_missing(&radix, 64));
	assert_int_equal(RADIX_DEPTH_MAX, radix_missing(&radix, UINT64_MAX - 1));
}

TEST(extremes)
{
	static const uint64_t at[] = {
		0, 63, 64, 4095, 4096, 1ul << 32, 1ul << 60, UINT64_MAX - 1
	};
	uint64_t index = 0;

	setup();
	for (unsigned i = 0; i < ARRAY_SIZE(at); i++)
		insert(at[i], &things[i]);
	assert_int_equal(ARRAY_SIZE(at), radix.count);
	for (unsigned i = 0; i < ARRAY_SIZE(at); i++) {
		assert_ptr_equal(&things[i], radix_find(&radix, at[i]));
		assert_null(radix_find(&radix, at[i] ^ 2));
		assert_ptr_equal(&things[i], radix_next(&radix, &index, UINT64_MAX));
		assert_int_equal(at[i], index);
		index++;
	}
	assert_null(radix_next(&radix, &index, UINT64_MAX));
	for (unsigned i = ARRAY_SIZE(at); i-- > 0;)
		assert_ptr_equal(&things[i], remove_one(at[i]));
	assert_int_equal(0, nodes_out);
}

TEST(worst_case_of_nodes)
{
	setup();
	insert(0, things);
	assert_int_equal(RADIX_MISSING_MAX, radix_missing(&radix, UINT64_MAX - 1));
	insert(UINT64_MAX - 1, things);
	/* The tree becomes low again. */
	remove_one(UINT64_MAX - 1);
	assert_int_equal(1, radix.levels);
	assert_int_equal(1, nodes_out);
	remove_one(0);
	assert_int_equal(0, nodes_out);
}

TEST(replace)
{
	setup();
	insert(1000, &things[0]);
	assert_ptr_equal(&things[0], radix_replace(&radix, 1000, &things[1]));
	assert_ptr_equal(&things[1], radix_find(&radix, 1000));
	assert_true(panics(radix_replace(&radix, 1001, &things[1])));
	assert_int_equal(1, radix.count);
	remove_one(1000);
}

TEST(refuses_misuse)
{
	struct radix_spare none;

	setup();
	radix_spare_init(&none);
	assert_true(panics(radix_insert(&radix, 1, NULL, &none)));
	assert_true(panics(radix_insert(&radix, UINT64_MAX, things, &none)));
	insert(1, things);
	assert_true(panics(radix_insert(&radix, 1, things, &none)));
	assert_true(panics(radix_insert(&radix, 64, things, &none)));
	remove_one(1);
}

/* Where the random run works: dense, spread, and far apart. */
static uint64_t place(unsigned i)
{
	return i < 512 ? i : i < 768 ? (uint64_t)(i - 511) * 4096 + 7 : (uint64_t)(i - 767) << 50;
}

static unsigned count_nodes(const struct radix_node *node, unsigned levels)
{
	unsigned n = node != NULL;

	for (unsigned i = 0; node && levels > 1 && i < RADIX_SLOTS; i++)
		n += count_nodes(node->slot[i], levels - 1);
	return n;
}

static void check_against(const bool *in)
{
	uint64_t index;
	void *ptr;
	unsigned i = 0;
	unsigned count = 0;

	radix_for_each_range(ptr, index, &radix, 0, UINT64_MAX)
	{
		while (!in[i])
			i++;
		assert_int_equal(place(i), index);
		assert_ptr_equal(&things[i], ptr);
		i++;
		count++;
	}
	assert_int_equal(radix.count, count);
	assert_int_equal(radix.nodes, count_nodes(radix.root, radix.levels));
}

TEST(random_against_array)
{
	static bool in[1024];

	setup();
	for (unsigned step = 0; step < test_steps(20000); step++) {
		unsigned i = (unsigned)test_below(1024);

		assert_ptr_equal(in[i] ? &things[i] : NULL, radix_find(&radix, place(i)));
		if (in[i]) {
			assert_ptr_equal(&things[i], remove_one(place(i)));
			in[i] = false;
		} else {
			insert(place(i), &things[i]);
			in[i] = true;
		}
		if (step % 64 == 0)
			check_against(in);
	}
	for (unsigned i = 0; i < 1024; i++)
		remove_one(place(i));
	assert_true(radix_empty(&radix));
	assert_int_equal(0, nodes_out);
}

TEST(next_stops_at_last)
{
	uint64_t index = 0;

	setup();
	insert(100, things);
	assert_null(radix_next(&radix, &index, 99));
	assert_int_equal(0, index);
	assert_non_null(radix_next(&radix, &index, 100));
	assert_int_equal(100, index);
	remove_one(100);
}

/* A run ends at its last pointer, at one that is there, and at the end of a node. */
TEST(a_run_is_inserted_as_far_as_there_is_room)
{
	void *run[80];
	unsigned n;
	void **slots;

	setup();
	for (unsigned i = 0; i < 80; i++)
		run[i] = &things[i];
	assert_int_equal(0, radix_insert_run(&radix, 0, run, 5)); /* there is no node */
	insert(10, &things[100]);
	assert_int_equal(7, radix_insert_run(&radix, 3, run, 80));
	assert_int_equal(0, radix_insert_run(&radix, 10, run, 80));
	assert_int_equal(4, radix_insert_run(&radix, 11, run, 4));
	assert_int_equal(4, radix_insert_run(&radix, 60, run, 80));
	assert_int_equal(0, radix_insert_run(&radix, 64, run, 1)); /* of another node */
	assert_int_equal(1 + 7 + 4 + 4, radix.count);
	for (unsigned i = 0; i < 7; i++)
		assert_ptr_equal(&things[i], radix_find(&radix, 3 + i));
	slots = radix_slots_to_replace(&radix, 61, &n);
	assert_int_equal(3, n);
	assert_ptr_equal(&things[3], slots[2]);
	slots[0] = &things[200];
	assert_ptr_equal(&things[200], radix_find(&radix, 61));
	assert_null(radix_slots_to_replace(&radix, 64, &n));
	for (unsigned i = 0; i < 64; i++)
		remove_one(i);
	assert_true(radix_empty(&radix));
	assert_int_equal(0, nodes_out);
}
