/* SPDX-License-Identifier: MIT */
/* vma_install() looks again: whatever changes while a page is got starts the fault over. */
#include "abi/errno.h"
#include "abi/mman.h"
#include "lib/bits.h"
#include "mm/object_io.h"
#include "mm/object_size.h"
#include "mm/phys/page_alloc.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_space.h"

#define AREA 0x40000ul

/* What happens, once, while the next page is being got: the fault holds no lock then. */
static void (*meanwhile)(struct fault *fault);
static struct uspace *us;
static struct object *object;

static void interrupt(struct fault *fault)
{
	void (*fn)(struct fault *) = meanwhile;

	meanwhile = NULL;
	if (fn)
		fn(fault);
}

static int fill_anon(struct fault *fault)
{
	interrupt(fault);
	return vma_anon.fill(fault);
}

/* The change comes when the page has been found. */
static int fill_object(struct fault *fault)
{
	int result = vma_object_private.fill(fault);

	interrupt(fault);
	return result;
}

static void nothing_at_hand(const struct vma *vma, vaddr_t va, struct page **pages, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		pages[i] = NULL;
}

static const struct vma_backend slow_anon = { .name = "slow_anon",
					      .fill = fill_anon,
					      .at_hand = nothing_at_hand };
static const struct vma_backend slow_object = {
	.name = "slow_object",
	.fill = fill_object,
	.at_hand = nothing_at_hand,
};

static long map_slow_at(vaddr_t addr, const struct vma_backend *backend, unsigned rights)
{
	struct map_request request = { .addr = addr,
				       .len = 4 * PAGE_SIZE,
				       .rights = rights,
				       .max_rights = READ | WRITE | EXEC,
				       .flags = MAP_PRIVATE | MAP_FIXED,
				       .object = object,
				       .backend = backend };
	vaddr_t at;

	return vm_map(&us->space, &request, &at);
}

static long map_slow(const struct vma_backend *backend, unsigned rights)
{
	return map_slow_at(AREA, backend, rights);
}

/* A space with slow memory at AREA, whose tables are there. */
static bool begin(const struct vma_backend *backend, struct object *of)
{
	object = of;
	us = space_new();
	if (!us || map_slow(backend, READ_WRITE))
		return false;
	EXPECT_EQ(0, space_touch(us, AREA + 3 * PAGE_SIZE, READ));
	us->space.stats = (struct space_stats){ 0 };
	return true;
}

static void map_others(struct fault *fault)
{
	EXPECT_EQ(AREA, space_map(us, AREA, PAGE_SIZE, READ, 0));
}

/* RETRY_VMA: unmapped, and another mapped there meanwhile: its rights are what counts */
KTEST(retry_when_the_mapping_is_another)
{
	ASSERT_TRUE(begin(&slow_anon, NULL));
	meanwhile = map_others;
	EXPECT_EQ(VM_SEGV_ACCERR, space_touch(us, AREA, WRITE));
	EXPECT_EQ(1, retry_count(us, RETRY_VMA));
	EXPECT_EQ(0, us->space.resident);
	space_end(us);
}

static void unmap(struct fault *fault)
{
	EXPECT_EQ(0, vm_unmap(&us->space, AREA, PAGE_SIZE));
}

/* RETRY_VMA: unmapped meanwhile; the page that was got is given back (the harness counts) */
KTEST(retry_when_the_mapping_has_gone)
{
	ASSERT_TRUE(begin(&slow_anon, NULL));
	meanwhile = unmap;
	EXPECT_EQ(VM_SEGV_MAPERR, space_touch(us, AREA, WRITE));
	EXPECT_EQ(1, retry_count(us, RETRY_VMA));
	EXPECT_EQ(0, us->space.resident);
	space_end(us);
}

static void protect(struct fault *fault)
{
	EXPECT_EQ(0, vm_protect(&us->space, AREA, PAGE_SIZE, READ));
}

/* RETRY_VMA: the right to write taken away meanwhile is not granted */
KTEST(retry_when_the_rights_have_changed)
{
	ASSERT_TRUE(begin(&slow_anon, NULL));
	meanwhile = protect;
	EXPECT_EQ(VM_SEGV_ACCERR, space_touch(us, AREA, WRITE));
	EXPECT_EQ(1, retry_count(us, RETRY_VMA));
	EXPECT_TRUE(!space_page(us, AREA));
	space_end(us);
}

static void touch_too(struct fault *fault)
{
	EXPECT_EQ(0, space_touch(us, AREA, WRITE));
	EXPECT_EQ(0, space_store(us, AREA, 5));
}

/* RETRY_ENTRY, R16: somebody else brought the page meanwhile: one page, no leak, both go on */
KTEST(retry_when_another_was_quicker)
{
	ASSERT_TRUE(begin(&slow_anon, NULL));
	meanwhile = touch_too;
	EXPECT_EQ(0, space_touch(us, AREA, WRITE));
	EXPECT_EQ(1, retry_count(us, RETRY_ENTRY));
	EXPECT_EQ(1, kind_count(us, FAULT_FILL));
	EXPECT_EQ(5, space_load(us, AREA));
	EXPECT_EQ(1, us->space.resident);
	space_end(us);
}

static void touch_and_fork(struct fault *fault)
{
	struct uspace *child;

	touch_too(fault);
	child = space_fork(us);
	EXPECT_TRUE(child);
	if (child)
		space_end(child);
}

/*
 * RETRY_ENTRY: the page is there and shared now: the store that comes back is a REUSE, no longer a
 * FILL
 */
KTEST(retry_when_a_fork_came_between)
{
	ASSERT_TRUE(begin(&slow_anon, NULL));
	meanwhile = touch_and_fork;
	EXPECT_EQ(0, space_touch(us, AREA, WRITE));
	EXPECT_EQ(1, retry_count(us, RETRY_ENTRY));
	EXPECT_EQ(1, kind_count(us, FAULT_REUSE));
	EXPECT_EQ(5, space_load(us, AREA));
	space_end(us);
}

static void truncate_and_grow(struct fault *fault)
{
	EXPECT_EQ(0, object_set_size(fault->object, 0));
	EXPECT_EQ(0, object_set_size(fault->object, 4 * PAGE_SIZE));
}

static void truncate(struct fault *fault)
{
	EXPECT_EQ(0, object_set_size(fault->object, PAGE_SIZE));
}

static struct object *object_with_bytes(void)
{
	struct object *made = object_create_anon(4 * PAGE_SIZE);
	uint64_t word = 17;

	if (made)
		EXPECT_EQ(8, object_write_kernel(made, 2 * PAGE_SIZE, &word, 8));
	return made;
}

/* RETRY_SOURCE: the file was cut and grown meanwhile: the old bytes do not come back */
KTEST(retry_when_the_page_has_left_its_object)
{
	struct object *made = object_with_bytes();

	ASSERT_TRUE(made && begin(&slow_object, made));
	meanwhile = truncate_and_grow;
	EXPECT_EQ(0, space_touch(us, AREA + 2 * PAGE_SIZE, READ));
	EXPECT_EQ(1, retry_count(us, RETRY_SOURCE));
	EXPECT_EQ(0, space_load(us, AREA + 2 * PAGE_SIZE));
	space_end(us);
	object_put(made);
}

/* RETRY_SOURCE: the same for a private copy; where the file ends now is BUS */
KTEST(retry_when_the_file_was_truncated)
{
	struct object *made = object_with_bytes();

	ASSERT_TRUE(made && begin(&slow_object, made));
	meanwhile = truncate;
	EXPECT_EQ(VM_BUS, space_touch(us, AREA + 2 * PAGE_SIZE, WRITE));
	EXPECT_EQ(1, retry_count(us, RETRY_SOURCE));
	EXPECT_TRUE(!space_page(us, AREA + 2 * PAGE_SIZE));
	space_end(us);
	object_put(made);
}

/* R17: all the tables that are missing are had before, one or two: the fault starts over for none */
KTEST(fault_has_all_tables_that_are_missing)
{
	us = space_new();
	ASSERT_TRUE(us);
	ASSERT_TRUE(space_map(us, AREA, PAGE_SIZE, READ_WRITE, 0) == AREA);
	EXPECT_EQ(0, space_touch(us, AREA, WRITE));
	EXPECT_EQ(3, us->space.tables);
	ASSERT_TRUE(space_map(us, AREA + (4ul << 20), PAGE_SIZE, READ_WRITE, 0) > 0);
	EXPECT_EQ(0, space_touch(us, AREA + (4ul << 20), WRITE));
	EXPECT_EQ(4, us->space.tables);
	EXPECT_EQ(0, retry_count(us, RETRY_TABLES));
	space_end(us);
}

/* Far from all else, so that its tables go with it. */
#define ALONE (5ul << 30)

static void map_anew(struct fault *fault)
{
	EXPECT_EQ(0, vm_unmap(&us->space, ALONE, 4 * PAGE_SIZE));
	EXPECT_EQ(1, us->space.tables);
	EXPECT_EQ(0, map_slow_at(ALONE, &slow_anon, READ_WRITE));
}

/* RETRY_TABLES: what was topped up for a table that was there is not enough when it is gone */
KTEST(retry_when_a_table_is_gone)
{
	object = NULL;
	us = space_new();
	ASSERT_TRUE(us);
	ASSERT_TRUE(map_slow_at(ALONE, &slow_anon, READ_WRITE) == 0);
	EXPECT_EQ(0, space_touch(us, ALONE, WRITE));
	EXPECT_EQ(3, us->space.tables);
	meanwhile = map_anew;
	EXPECT_EQ(0, space_touch(us, ALONE + PAGE_SIZE, WRITE));
	EXPECT_EQ(1, retry_count(us, RETRY_TABLES));
	EXPECT_EQ(3, us->space.tables);
	EXPECT_EQ(1, us->space.resident);
	space_end(us);
}

static void strip(struct fault *fault)
{
	vm_strip(&us->space);
}

/* R43: a space that is stripped meanwhile gets nothing */
KTEST(retry_ends_when_the_space_is_dying)
{
	ASSERT_TRUE(begin(&slow_anon, NULL));
	meanwhile = strip;
	EXPECT_EQ(VM_DYING, space_touch(us, AREA, WRITE));
	EXPECT_EQ(0, us->space.resident);
	space_end(us);
}

static int slow_down(struct fault *fault)
{
	static struct waitq queue = WAITQ_INIT(queue);

	fault->wait->queue = &queue;
	fault->wait->seq = waitq_sample(&queue);
	return VM_WAIT;
}

static int break_down(struct fault *fault)
{
	return -EIO;
}

static const struct vma_backend waiting = { .name = "waiting",
					    .fill = slow_down,
					    .at_hand = nothing_at_hand };
static const struct vma_backend broken = { .name = "broken",
					   .fill = break_down,
					   .at_hand = nothing_at_hand };

/* DESIGN rule 4, R75: waiting and errors of a backend are outcomes; nothing is kept */
KTEST(retry_is_not_for_waits_and_errors)
{
	us = space_new();
	object = NULL;
	ASSERT_TRUE(us);
	ASSERT_TRUE(map_slow(&waiting, READ_WRITE) == 0);
	EXPECT_EQ(VM_WAIT, space_touch(us, AREA, WRITE));
	EXPECT_EQ(1, us->space.stats.major);
	ASSERT_TRUE(map_slow(&broken, READ_WRITE) == 0);
	EXPECT_EQ(VM_BUS, space_touch(us, AREA, READ));
	EXPECT_EQ(0, kind_count(us, FAULT_FILL));
	EXPECT_EQ(0, us->space.resident);
	space_end(us);
}

/* SPURIOUS, R8: what the entry allows already costs a local fence and nothing else */
KTEST(retry_of_an_access_that_is_allowed_is_spurious)
{
	us = space_new();
	ASSERT_TRUE(us);
	ASSERT_TRUE(space_map(us, AREA, PAGE_SIZE, READ_WRITE, 0) == AREA);
	EXPECT_EQ(0, space_touch(us, AREA, WRITE));
	EXPECT_EQ(0, space_touch(us, AREA, WRITE));
	EXPECT_EQ(0, space_touch(us, AREA, READ));
	EXPECT_EQ(2, kind_count(us, FAULT_SPURIOUS));
	EXPECT_EQ(1, kind_count(us, FAULT_FILL));
	EXPECT_EQ(0, us->space.stats.fences);
	space_end(us);
}
