/* SPDX-License-Identifier: MIT */
/* Lists of what a space maps: what they say, and that they wait for verbs that change it. */
#include "one_space.h"

#include "mm/object/object.h"
#include "mm/space/space_map.h"

#define P PAGE_SIZE

static struct object *file;

/* Two pages of memory, a hole of two, and three pages of a file from its second on. */
static void start_mapped(void)
{
	start();
	map(AT, 2, RW);
	file = rig_file(8 * P);
	map_file(file, AT + 4 * P, 3, P, NULL, 0);
}

static void end_mapped(void)
{
	assert_false(spin_lock_held(&space.lock));
	object_put(file);
	end();
}

static void assert_file(const struct map_facts *map)
{
	assert_int_equal(AT + 4 * P, map->start);
	assert_int_equal(AT + 7 * P, map->end);
	assert_int_equal(P, map->offset);
	assert_ptr_equal(file, map->object);
	assert_int_equal(RW, map->prot);
	assert_int_equal(RW, map->max_prot);
	assert_false(map->flags & VMA_SHARED);
}

TEST(all_from_an_address_on)
{
	struct map_facts maps[4];
	uint32_t refs;

	start_mapped();
	refs = file->refs.n;
	assert_int_equal(2, space_maps(&space, 0, maps, 4));
	assert_int_equal(AT, maps[0].start);
	assert_int_equal(AT + 2 * P, maps[0].end);
	assert_null(maps[0].object);
	assert_file(&maps[1]);
	assert_int_equal(refs + 1, file->refs.n);
	object_put(maps[1].object);
	assert_int_equal(1, space_maps(&space, AT + P, maps, 1));
	assert_int_equal(AT, maps[0].start);
	assert_int_equal(1, space_maps(&space, AT + 2 * P, maps, 4));
	assert_file(&maps[0]);
	object_put(maps[0].object);
	assert_int_equal(0, space_maps(&space, AT + 7 * P, maps, 4));
	end_mapped();
}

TEST(one_at_an_address)
{
	struct map_facts map;

	start_mapped();
	assert_int_equal(0, space_map_at(&space, AT + 2 * P, &map));
	assert_file(&map);
	object_put(map.object);
	assert_int_equal(-ENODATA, space_map_at(&space, AT + 7 * P, &map));
	end_mapped();
}

/* The verb under way maps a page before what there was, and ends. */
static int end_verb(struct vm_wait *wait)
{
	assert_ptr_equal(&space.busy_done, wait->queue);
	assert_int_equal(WAITS_FOR_VERB, wait->why);
	rig_pause = NULL;
	space_idle(&space);
	map(AT + 2 * P, 1, PROT_READ);
	return 0;
}

static int killed(struct vm_wait *wait)
{
	(void)wait;
	return -EINTR;
}

/* No mapping is missed that replaces another one meanwhile. */
TEST(verbs_are_waited_for)
{
	struct map_facts map;

	start_mapped();
	space_busy(&space, AT + 2 * P, AT + 3 * P);
	rig_pauses = 0;
	assert_int_equal(0, space_map_at(&space, AT, &map)); /* what is before is not at work */
	assert_int_equal(0, rig_pauses);
	rig_pause = killed;
	assert_int_equal(-EINTR, space_map_at(&space, AT + 2 * P, &map));
	assert_int_equal(-EINTR, space_maps(&space, AT + 2 * P, &map, 1));
	rig_pause = end_verb;
	assert_int_equal(0, space_map_at(&space, AT + 2 * P, &map));
	assert_int_equal(AT + 2 * P, map.start);
	assert_int_equal(AT + 3 * P, map.end);
	end_mapped();
}

/* The end of the space may be changing, too. */
TEST(verbs_behind_the_last_are_waited_for)
{
	struct map_facts map;

	start_mapped();
	space_busy(&space, AT + 7 * P, AT + 9 * P);
	rig_pause = killed;
	assert_int_equal(-EINTR, space_map_at(&space, AT + 7 * P, &map));
	rig_pause = NULL;
	space_idle(&space);
	assert_int_equal(-ENODATA, space_map_at(&space, AT + 7 * P, &map));
	end_mapped();
}

TEST(a_list_ends_before_what_changes)
{
	struct map_facts maps[4];

	start_mapped();
	space_busy(&space, AT + 3 * P, AT + 4 * P);
	assert_int_equal(1, space_maps(&space, AT, maps, 4));
	assert_int_equal(AT, maps[0].start);
	space_idle(&space);
	assert_int_equal(2, space_maps(&space, AT, maps, 4));
	object_put(maps[1].object);
	/* What is being moved, too. */
	vma_find(&space, AT + 4 * P)->flags |= VMA_MOVING;
	assert_int_equal(1, space_maps(&space, AT, maps, 4));
	vma_find(&space, AT + 4 * P)->flags &= ~VMA_MOVING;
	end_mapped();
}
