/* SPDX-License-Identifier: MIT */
/* The lists that the ledger looks for holders by, and the places that heap blocks are counted by. */
#include "memory.h"

#include <string.h>

#include "mm/check/alloc_site.h"
#include "mm/check/counted.h"
#include "mm/object/object.h"
#include "mm/phys/kmalloc.h"

struct thing {
	int before;
	struct counted counted;
	uint32_t refs;
};

static const char *thing_what(const void *thing)
{
	return ((const struct thing *)thing)->before ? "odd" : "even";
}

static COUNTED_KIND(kind, "thing", struct thing, thing_what);

static struct thing things[3];
static unsigned visits[3];

static void count_visit(void *of)
{
	struct thing *thing = of;

	visits[thing - things]++;
	counted_found(&thing->counted);
}

static void visit_all(void)
{
	memset(visits, 0, sizeof(visits));
	counted_visit(&kind, count_visit);
}

TEST(what_there_is_is_visited)
{
	visit_all();
	for (unsigned i = 0; i < 3; i++) {
		things[i].before = (int)i;
		things[i].counted.holders = 77; /* of who had the memory before */
		counted_begin(&kind, &things[i].counted, &things[i].refs);
		assert_ptr_equal(&things[i].refs, things[i].counted.refs);
	}
	visit_all();
	visit_all();
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(1, visits[i]);
		assert_int_equal(2, things[i].counted.holders);
		assert_ptr_equal(&things[i], counted_thing(&kind, &things[i].counted));
	}
	counted_end(&things[1].counted);
	visit_all();
	assert_int_equal(1, visits[0]);
	assert_int_equal(0, visits[1]);
	assert_int_equal(1, visits[2]);
	counted_end(&things[0].counted);
	counted_end(&things[2].counted);
	visit_all();
	assert_int_equal(0, visits[0] + visits[1] + visits[2]);
}

static const struct object_ops ops = { .name = "plain" };

/* Objects are listed with their last names and what is behind them. */
TEST(objects_have_names)
{
	struct object object;

	memory_start(1024, NULL, 0);
	object_init(&object, &ops, PAGE_SIZE);
	assert_string_equal("plain", object_kind.what(&object));
	object_set_label(&object, "/usr/lib/libc.so", BACKING_DEVICE);
	assert_memory_equal("libc.so", object.name, 8);
	assert_int_equal(BACKING_DEVICE, object.backing);
	object_set_label(&object, "x", BACKING_DEVICE);
	assert_memory_equal("x\0\0\0\0\0\0", object.name,
			    8); /* nothing is left of the longer one */
}
