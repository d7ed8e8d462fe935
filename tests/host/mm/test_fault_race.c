/* SPDX-License-Identifier: MIT */
/* Faults whose world changes before they are granted; that find no memory; that have to wait. */
#include "one_space.h"

#include <string.h>

#include "mm/check/alloc_fail.h"
#include "mm/fault/get_user_page.h"
#include "mm/object/object.h"
#include "mm/object/object_size.h"
#include "mm/object/page_cache.h"
#include "mm/phys/page_alloc.h"
#include "mm/space/space_lock.h"
#include "sync/interleave.h"

/* Others change the world, once, when a fault has prepared what it missed and holds no lock. */
static void (*meanwhile)(void);

static void others_run(enum interleave_kind kind, enum lock_class class, void *what)
{
	void (*now)(void) = meanwhile;

	(void)class, (void)what;
	if (kind != INTERLEAVE_DECIDED || !now)
		return;
	meanwhile = NULL;
	now();
}

/* A backend whose pages are never there at once. */
static int slow_get(struct fault *f)
{
	if (f->attr.object)
		return vma_object_private.get(f);
	return fault_get_copy(f, zero_pfn, PAGE_SIZE);
}

static void object_resident(const struct vma_attr *vma, vaddr_t va, struct page **pages, unsigned n)
{
	vma_object_private.resident(vma, va, pages, n);
}

static const struct vma_backend slow = { .name = "slow",
					 .get = slow_get,
					 .resident = object_resident };

static void map_slow_from(vaddr_t addr, size_t npages, struct object *file, uint64_t offset)
{
	struct map_request request = { .addr = addr,
				       .len = npages * PAGE_SIZE,
				       .prot = RW,
				       .max_prot = RW,
				       .flags = MAP_FIXED | MAP_PRIVATE,
				       .object = file,
				       .offset = offset,
				       .backend = &slow };
	vaddr_t at;

	if (!file)
		request.flags |= MAP_ANONYMOUS;
	assert_int_equal(0, vm_map(&space, &request, &at));
	interleave_hook = others_run;
}

static void map_slow(vaddr_t addr, size_t npages, struct object *file)
{
	map_slow_from(addr, npages, file, 0);
}

static void unmap_it(void)
{
	assert_int_equal(0, vm_unmap(&space, AT, PAGE_SIZE));
}

TEST(unmapped_meanwhile)
{
	start();
	map_slow(AT, 4, NULL);
	meanwhile = unmap_it;
	assert_int_equal(-1, fake_store(AT, 1));
	assert_int_equal(VM_SEGV_MAPERR, rig_outcome);
	assert_int_equal(1, space.stats.retry[RETRY_VMA]);
	end();
}

static void map_another(void)
{
	map(AT, 1, RW);
	assert_int_equal(0, fake_store(AT, 77));
}

TEST(mapped_anew_meanwhile)
{
	start();
	map_slow(AT, 4, NULL);
	meanwhile = map_another;
	assert_int_equal(0, fake_store(AT + 1, 1));
	assert_int_equal(1, space.stats.retry[RETRY_VMA]);
	assert_int_equal(77, fake_load(AT));
	end();
}

static void split_it(void)
{
	assert_int_equal(0, vm_protect(&space, AT + 2 * PAGE_SIZE, PAGE_SIZE, PROT_READ));
}

/* The round starts over, and what was prepared is used. */
TEST(split_meanwhile)
{
	start();
	map_slow(AT, 4, NULL);
	map_slow(AT + PAGE_SIZE * 4, 1, NULL);
	assert_int_equal(0, fake_store(AT, 1)); /* the tables are there */
	memset(space.stats.retry, 0, sizeof(space.stats.retry));
	meanwhile = split_it;
	assert_int_equal(0, fake_store(AT + 3 * PAGE_SIZE, 1));
	assert_int_equal(1, space.stats.retry[RETRY_VMA]);
	assert_int_equal(0, space.stats.retry[RETRY_SOURCE]);
	end();
}

static void forbid_it(void)
{
	assert_int_equal(0, vm_protect(&space, AT, PAGE_SIZE, PROT_READ));
}

TEST(protected_meanwhile)
{
	start();
	map_slow(AT, 1, NULL);
	meanwhile = forbid_it;
	assert_int_equal(-1, fake_store(AT, 1));
	assert_int_equal(VM_SEGV_ACCERR, rig_outcome);
	end();
}

static void store_too(void)
{
	assert_int_equal(0, fake_store(AT + 100, 42));
}

TEST(two_fault_on_one_page) /* R16 */
{
	start();
	map_slow(AT, 1, NULL);
	meanwhile = store_too;
	assert_int_equal(0, fake_store(AT, 1));
	assert_int_equal(1, fake_load(AT));
	assert_int_equal(42, fake_load(AT + 100));
	assert_int_equal(1, space.resident);
	assert_true(space.stats.retry[RETRY_ENTRY] + space.stats.retry[RETRY_TABLES] > 0);
	end();
}

static struct object *doomed;

static void shrink_and_grow(void)
{
	assert_int_equal(0, object_set_size(doomed, 0));
	assert_int_equal(0, object_set_size(doomed, 4 * PAGE_SIZE));
}

static void truncated_meanwhile(bool write)
{
	start();
	doomed = rig_file(4 * PAGE_SIZE);
	map_slow(AT, 4, doomed);
	assert_int_equal(rig_byte(3 * PAGE_SIZE), fake_load(AT + 3 * PAGE_SIZE));
	meanwhile = shrink_and_grow;
	if (write)
		assert_int_equal(0, fake_store(AT + 1, 5));
	assert_int_equal(0, fake_load(AT)); /* zeros since; never what was there before */
	assert_int_equal(1, space.stats.retry[RETRY_SOURCE]);
	object_put(doomed);
	end();
}

TEST(read_truncated_meanwhile)
{
	truncated_meanwhile(false);
}

TEST(write_truncated_meanwhile)
{
	truncated_meanwhile(true);
}

static void map_further_on(void)
{
	map_slow_from(AT, 4, doomed, 2 * PAGE_SIZE);
}

TEST(another_part_meanwhile)
{
	start();
	doomed = rig_file(6 * PAGE_SIZE);
	map_slow(AT, 4, doomed);
	meanwhile = map_further_on;
	assert_int_equal(rig_byte(2 * PAGE_SIZE + 5), fake_load(AT + 5));
	assert_int_equal(1, space.stats.retry[RETRY_VMA]);
	object_put(doomed);
	end();
}

TEST(tables_had_before) /* R17 */
{
	start();
	map(AT, 1, RW);
	assert_int_equal(1, space.tables);
	assert_int_equal(0, fake_store(AT, 1));
	assert_int_equal(3, space.tables);
	assert_int_equal(0, space.stats.retry[RETRY_TABLES]);
	map(AT + 2 * MIB, 1, RW);
	assert_int_equal(0, fake_store(AT + 2 * MIB, 1));
	assert_int_equal(0, space.stats.retry[RETRY_TABLES]);
	assert_int_equal(4, space.tables);
	assert_int_equal(0, vm_unmap(&space, AT, PAGE_SIZE));
	assert_int_equal(0, vm_unmap(&space, AT + 2 * MIB, PAGE_SIZE));
	assert_int_equal(1, space.tables);
	end();
}

static void map_it_anew(void)
{
	assert_int_equal(0, vm_unmap(&space, AT, 4 * PAGE_SIZE));
	assert_int_equal(1, space.tables);
	map_slow(AT, 4, NULL);
}

/* R17: the same memory is mapped anew meanwhile, and the tables that were there are gone. */
TEST(tables_gone_meanwhile)
{
	start();
	map_slow(AT, 4, NULL);
	assert_int_equal(0, fake_store(AT + PAGE_SIZE, 1));
	assert_int_equal(3, space.tables);
	memset(space.stats.retry, 0, sizeof(space.stats.retry));
	meanwhile = map_it_anew;
	assert_int_equal(0, fake_store(AT, 5));
	assert_int_equal(1, space.stats.retry[RETRY_VMA]);
	assert_int_equal(3, space.tables);
	assert_int_equal(1, space.resident);
	assert_int_equal(5, fake_load(AT));
	assert_int_equal(0, fake_load(AT + PAGE_SIZE));
	end();
}

/*
 * Every allocation of a fault fails once: nothing has changed then, and the next try serves it. R17
 * R45
 */
static void fail_each(vaddr_t va, unsigned access)
{
	for (unsigned n = 1;; n++) {
		size_t resident = space.resident;
		int result;

		page_alloc_trim(); /* so that no frame is zeroed ahead */
		alloc_fail_at = n;
		result = fault(va, access);
		if (alloc_fail_at) {
			alloc_fail_at = 0;
			assert_int_equal(0, result);
			assert_true(n > 1);
			return;
		}
		assert_int_equal(VM_OOM, result);
		assert_int_equal(resident, space.resident);
		rig_check();
	}
}

TEST(no_memory) /* R17 R43 R45 */
{
	struct object *file;

	start();
	file = rig_file(MIB);
	map(AT, 4, RW);
	map_file(file, AT + GIB, 4, 0, NULL, 0);
	map_file(file, AT + 2 * GIB, 4, 0, &vma_elf, AT + 2 * GIB + 10);
	fail_each(AT, VM_PROT_WRITE);
	fail_each(AT + GIB, VM_PROT_READ);
	fail_each(AT + GIB + PAGE_SIZE, VM_PROT_WRITE);
	fail_each(AT + 2 * GIB, VM_PROT_READ);
	assert_int_equal(0, fake_load(AT + PAGE_SIZE));
	fail_each(AT + PAGE_SIZE, VM_PROT_WRITE); /* COW */
	object_put(file);
	end();
}

static struct waitq later;

static int waiting_read(struct object *object, struct page *page, struct vm_wait *wait)
{
	(void)object;
	if (later.seq < 2) {
		*wait = (struct vm_wait){ .queue = &later,
					  .seq = waitq_sample(&later),
					  .major = true };
		return VM_WAIT;
	}
	if (later.seq == 3)
		return -EIO;
	memset(page_address(page), 'w', PAGE_SIZE);
	page_read_done(page, 0);
	return 0;
}

static void no_destroy(struct object *object)
{
	(void)object;
}

static int wake_later(struct vm_wait *wait)
{
	if (wait) {
		assert_ptr_equal(&later, wait->queue);
		assert_int_equal(later.seq, wait->seq);
		waitq_wake_all(&later);
	}
	return 0;
}

TEST(wait_and_error_are_outcomes)
{
	static const struct object_ops ops = { .name = "waits",
					       .read_page = waiting_read,
					       .destroy = no_destroy };
	struct object object;
	struct vm_wait wait = { 0 };
	char c = 0;

	start();
	waitq_init(&later);
	object_init(&object, &ops, 4 * PAGE_SIZE);
	map_file(&object, AT, 4, 0, NULL, 0);
	assert_int_equal(VM_WAIT, vm_fault(&space, AT, VM_PROT_READ, &wait));
	assert_ptr_equal(&later, wait.queue);
	assert_int_equal(1, space.stats.major);
	rig_pause = wake_later;
	assert_int_equal(0, vm_copy_from(&space, &c, AT, 1)); /* waits twice by the host's pause */
	assert_int_equal('w', c);
	assert_int_equal(3, space.stats.major);
	waitq_wake_all(&later);
	assert_int_equal(VM_BUS, fault(AT + PAGE_SIZE, VM_PROT_READ)); /* R75 */
	assert_int_equal(0, vm_unmap(&space, AT, 4 * PAGE_SIZE));
	object_put(&object);
	end();
}

/* ---- without the lock, in a space with readers ---- */

/* A fault of one round that could have been without the lock opens the space for the next ones. */
static void open_it(void)
{
	assert_int_equal(0, fault(AT + GIB, VM_PROT_READ));
	assert_int_equal(SPACE_OPEN, space.at_lock);
}

static void start_open(void)
{
	start();
	space_share(&space);
	assert_non_null(space.readers);
	map(AT + GIB, 1, RW);
	map_slow(AT, 4, NULL);
	assert_int_equal(0, fake_load(AT + GIB));
	open_it();
}

static void unmap_and_open(void)
{
	unmap_it();
	open_it();
}

/* The last round has seen a mapping that the lock would have kept. */
TEST(reader_s_mapping_goes_meanwhile)
{
	start_open();
	assert_int_equal(0, fake_store(AT + PAGE_SIZE, 1)); /* in the same table */
	meanwhile = unmap_and_open;
	assert_int_equal(-1, fake_store(AT, 1));
	assert_int_equal(VM_SEGV_MAPERR, rig_outcome);
	assert_kind(1, &space, DENY_MAPERR);
	end();
}

static void fill_it(void)
{
	assert_int_equal(0, fake_store(AT, 77));
	assert_int_equal(SPACE_OPEN, space.at_lock);
}

/* Each has a frame prepared, in a table of its own, with the space open; one of them is used. */
TEST(readers_fill_one_page)
{
	start_open();
	meanwhile = fill_it;
	assert_int_equal(0, fake_store(AT + 1, 78));
	assert_int_equal(SPACE_OPEN, space.at_lock);
	assert_int_equal(77, fake_load(AT));
	assert_int_equal(78, fake_load(AT + 1));
	space_count(&space);
	assert_kind(2, &space, FILL);
	assert_kind(2, &space, SPURIOUS);
	assert_int_equal(1, space.resident);
	end();
}

/*
 * ---- a copy that is made under the lock ----
 *
 * From its ninth round on, a fault that finds another source than it has a copy of makes the copy under the lock. Here two
 * sources take turns at AT whenever the fault has prepared something, until that copy is made, of the first of them.
 */

#define LAST_TURN 8

enum source { PAGE_0, PAGE_1, ZEROS, PART_OF_PAGE_0 };
static const enum source *sources;
static bool is_mapped; /* so that the fault is a COW of the entry's page */
static unsigned prepared;

static void show(enum source source)
{
	if (source == PART_OF_PAGE_0)
		map_file(doomed, AT, 1, 0, &vma_elf, AT + 10);
	else if (source == ZEROS)
		map_slow(AT, 1, NULL);
	else
		map_slow_from(AT, 1, doomed, source == PAGE_1 ? PAGE_SIZE : 0);
	if (is_mapped)
		(void)fake_load(AT);
}

static void others_take_turns(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)class, (void)what;
	if (kind != INTERLEAVE_DECIDED)
		return;
	interleave_hook = NULL;
	if (++prepared <= LAST_TURN)
		show(sources[prepared % 2]);
	interleave_hook = others_take_turns;
}

static void start_turns(const enum source *both)
{
	start_space();
	doomed = rig_file(2 * PAGE_SIZE);
	map_slow_from(AT + GIB, 2, doomed, 0);
	assert_int_equal(rig_byte(20), fake_load(AT + GIB + 20));
	assert_int_equal(rig_byte(PAGE_SIZE + 20), fake_load(AT + GIB + PAGE_SIZE + 20));
	sources = both;
	prepared = 0;
	show(sources[0]);
}

static int fault_in_turns(void)
{
	int result;

	interleave_hook = others_take_turns;
	result = fault(AT, VM_PROT_WRITE);
	interleave_hook = NULL;
	return result;
}

static void end_turns(void)
{
	object_put(doomed);
	end();
}

/* The tables of AT are there before, so the copy is installed at once. */
static void installed_at_once(const enum source *both, unsigned byte, unsigned copies)
{
	start_turns(both);
	map(AT + PAGE_SIZE, 1, RW);
	assert_int_equal(0, fake_store(AT + PAGE_SIZE, 1));
	memset(&space.stats.kind, 0, sizeof(space.stats.kind));
	assert_int_equal(VM_OK, fault_in_turns());
	assert_int_equal(LAST_TURN, prepared);
	assert_int_equal(byte, fake_load(AT + 20));
	assert_kind(copies, &space, COW);
	assert_kind(is_mapped ? LAST_TURN : 1, &space, FILL);
	end_turns();
}

static const enum source two_pages[] = { PAGE_0, PAGE_1 };

TEST(copy_under_the_lock_is_installed)
{
	static const enum source zeros_first[] = { ZEROS, PAGE_1 },
				 zeros_last[] = { PAGE_0, ZEROS };
	static const enum source part_first[] = { PART_OF_PAGE_0, PAGE_0 };

	rig_start(2048);
	installed_at_once(two_pages, rig_byte(20), 1);
	installed_at_once(zeros_first, 0, 0);
	installed_at_once(zeros_last, rig_byte(20), 1);
	installed_at_once(part_first, 0, 1);
}

TEST(copy_under_the_lock_replaces_a_page)
{
	rig_start(2048);
	is_mapped = true;
	installed_at_once(two_pages, rig_byte(20), 1);
}

/* All tables have been prepared before the first copy is made. */
TEST(copy_under_the_lock_waits_for_no_tables)
{
	rig_start(2048);
	start_turns(two_pages);
	assert_int_equal(VM_OK, fault_in_turns());
	assert_int_equal(LAST_TURN, prepared);
	assert_int_equal(rig_byte(20), fake_load(AT + 20));
	end_turns();
}
