/* SPDX-License-Identifier: MIT */
/* The dispatcher, case by case: what each kind does, counts, and starts over for. */
#include "arch/hart.h"
#include "one_space.h"

#include <string.h>

#include "mm/fault/install.h"
#include "mm/object/object.h"
#include "mm/object/page_cache.h"

TEST(no_vma_is_maperr) /* R12 */
{
	start();
	map(AT, 1, RW);
	assert_int_equal(VM_SEGV_MAPERR, fault(AT - 1, VM_PROT_READ));
	assert_int_equal(VM_SEGV_MAPERR, fault(AT + PAGE_SIZE, VM_PROT_WRITE));
	assert_int_equal(VM_SEGV_MAPERR, fault(0, VM_PROT_READ));
	assert_int_equal(VM_SEGV_MAPERR, fault(USER_TOP, VM_PROT_READ));
	assert_int_equal(VM_SEGV_MAPERR, fault(UINT64_MAX, VM_PROT_EXEC));
	assert_kind(5, &space, DENY_MAPERR);
	end();
}

TEST(forbidden_is_accerr) /* R61 */
{
	start();
	map(AT, 1, PROT_READ);
	map(AT + PAGE_SIZE, 1, PROT_NONE);
	map(AT + 2 * PAGE_SIZE, 1, PROT_EXEC);
	assert_int_equal(VM_SEGV_ACCERR, fault(AT, VM_PROT_WRITE));
	assert_int_equal(VM_SEGV_ACCERR, fault(AT, VM_PROT_EXEC));
	assert_int_equal(VM_SEGV_ACCERR, fault(AT + PAGE_SIZE, VM_PROT_READ));
	assert_int_equal(VM_SEGV_ACCERR, fault(AT + 2 * PAGE_SIZE, VM_PROT_READ));
	assert_int_equal(0, fault(AT + 2 * PAGE_SIZE, VM_PROT_EXEC));
	assert_kind(4, &space, DENY_ACCERR);
	end();
}

TEST(read_maps_the_zero_page) /* R11 R50 R53 */
{
	start();
	map(AT, 600, RW);
	for (unsigned i = 0; i < 600; i++)
		assert_int_equal(0, fake_load(AT + i * PAGE_SIZE));
	assert_kind(600, &space, FILL);
	assert_int_equal(600, space.stats.zero_maps);
	assert_int_equal(0, space.resident);
	assert_int_equal(PAGE_ONE_REF, zero_page->counts); /* entries do not count */
	end();
}

TEST(write_takes_one_fault) /* R51 R11 */
{
	start();
	map(AT, 2, RW);
	assert_int_equal(0, fake_store(AT + 5, 7));
	assert_kind(1, &space, FILL);
	assert_int_equal(1, fake_counts.faults);
	assert_int_equal(7, fake_load(AT + 5));
	assert_int_equal(0, fake_load(AT + 6));
	assert_int_equal(0, fake_load(AT + PAGE_SIZE));
	assert_int_equal(0, fake_store(AT + PAGE_SIZE, 9)); /* the zero page, copied by zeroing */
	assert_kind(1, &space, COW);
	assert_int_equal(0, fake_load(AT + PAGE_SIZE + 1));
	assert_int_equal(2, space.resident);
	assert_int_equal(PAGE_ONE_REF, zero_page->counts);
	end();
}

TEST(accessed_after_protection_came_back) /* R94 */
{
	start();
	map(AT, 1, RW);
	assert_int_equal(0, fake_store(AT, 5));
	protect_many(PROT_NONE);
	assert_int_equal(5, fake_load(AT));
	assert_kind(1, &space, ACCESSED);
	assert_int_equal(0, fake_store(AT, 6));
	assert_kind(1, &space, REUSE);
	assert_int_equal(6, fake_load(AT));
	end();
}

/* Few entries get at once what their VMA has gained; no fault has to ask for it. */
TEST(few_pages_gain_at_once) /* R94 */
{
	start();
	map(AT, 3, RW);
	assert_int_equal(0, fake_store(AT, 5));
	assert_int_equal(0, fake_load(AT + PAGE_SIZE)); /* the zero page */
	assert_int_equal(0, vm_protect(&space, AT, 3 * PAGE_SIZE, PROT_NONE));
	assert_int_equal(-1, fake_load(AT));
	assert_int_equal(VM_SEGV_ACCERR, rig_outcome);
	assert_int_equal(0, vm_protect(&space, AT, 3 * PAGE_SIZE, PROT_READ));
	fake_counts.faults = 0;
	assert_int_equal(5, fake_load(AT));
	assert_int_equal(0, fake_load(AT + PAGE_SIZE));
	assert_int_equal(0, fake_counts.faults);
	assert_int_equal(-1, fake_store(AT, 6));
	assert_int_equal(0, vm_protect(&space, AT, 3 * PAGE_SIZE, RW));
	fake_counts.faults = 0;
	assert_int_equal(0, fake_store(AT, 6));
	assert_int_equal(0, fake_counts.faults);
	assert_int_equal(0, fake_store(AT + PAGE_SIZE, 7)); /* a page that others have too */
	assert_kind(1, &space, COW);
	assert_int_equal(0, zero_page->maps);
	end();
}

/* A page that a child has too is not the parent's to write. */
TEST(shared_pages_gain_no_writes)
{
	struct space child;

	start();
	map(AT, 1, RW);
	assert_int_equal(0, fake_store(AT, 5));
	assert_int_equal(0, space_create(&child));
	assert_int_equal(0, vm_fork(&space, &child));
	assert_int_equal(0, vm_protect(&space, AT, PAGE_SIZE, PROT_READ));
	assert_int_equal(0, vm_protect(&space, AT, PAGE_SIZE, RW));
	assert_int_equal(0, fake_store(AT, 6));
	assert_kind(1, &space, COW);
	rig_run(&child);
	assert_int_equal(5, fake_load(AT));
	rig_run(NULL);
	rig_destroy(&child);
	end();
}

TEST(accessed_keeps_a_and_d_in_software) /* R85 */
{
	rig_start(2048);
	arch_ad_soft_set(true);
	rig_create(&space);
	rig_run(&space);
	assert_int_equal(AT, rig_map(&space, AT, PAGE_SIZE, RW, ANON | MAP_FIXED | MAP_POPULATE));
	assert_int_equal(1, space.resident);
	protect_many(PROT_READ);
	assert_int_equal(0, fake_load(AT));
	assert_int_equal(0, fake_store(AT, 1));
	assert_kind(1, &space, REUSE);
	end();
}

TEST(spurious_does_nothing)
{
	struct mmu_entry before;

	start();
	map(AT, 1, RW);
	assert_int_equal(0, fake_store(AT, 5));
	before = *arch_mmu_lookup(&space.mmu, AT);
	assert_int_equal(0, fault(AT, VM_PROT_READ));
	assert_int_equal(0, fault(AT, VM_PROT_WRITE));
	assert_kind(2, &space, SPURIOUS);
	assert_int_equal(arch_mmu_lookup(&space.mmu, AT)->word, before.word);
	end();
}

/* A hart may remember a table that was missing; a fence for one address is for leaf entries alone. */
TEST(spurious_forgets_missing_tables)
{
	start();
	map(AT, 2, RW);
	assert_int_equal(0, fake_store(AT, 5));
	fake_tlb_miss_table(AT);
	assert_int_equal(5, fake_load(AT));
	assert_kind(1, &space, SPURIOUS);
	end();
}

TEST(shared_memory_remaps) /* R100 */
{
	start();
	assert_int_equal(
		AT, rig_map(&space, AT, 3 * PAGE_SIZE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED));
	assert_int_equal(0, fake_load(AT));
	assert_int_equal(0, zero_page->maps); /* shared mappings never show it */
	assert_kind(1, &space, FILL);
	assert_int_equal(0, fake_store(AT, 3));
	assert_kind(1, &space, REMAP);
	assert_int_equal(0, fake_store(AT + PAGE_SIZE, 4)); /* FILL and REMAP in one */
	assert_kind(2, &space, FILL);
	assert_kind(2, &space, REMAP);
	assert_int_equal(3, fake_counts.faults);
	assert_int_equal(3, fake_load(AT));
	end();
}

TEST(file_pages) /* R91 R95 */
{
	struct object *file;

	start();
	file = rig_file(10 * PAGE_SIZE + 100);
	map_file(file, AT, 12, PAGE_SIZE, NULL, 0);
	assert_int_equal(rig_byte(PAGE_SIZE + 1), fake_load(AT + 1));
	assert_int_equal(0, fake_store(AT + PAGE_SIZE, 1)); /* FILL and COW in one */
	assert_kind(2, &space, FILL);
	assert_kind(1, &space, COW);
	assert_int_equal(rig_byte(2 * PAGE_SIZE + 1), fake_load(AT + PAGE_SIZE + 1));
	assert_int_equal(0, fake_store(AT, 2));
	assert_kind(2, &space, COW);
	assert_int_equal(rig_byte(10 * PAGE_SIZE + 99), fake_load(AT + 9 * PAGE_SIZE + 99));
	assert_int_equal(0, fake_load(AT + 9 * PAGE_SIZE + 100)); /* the tail */
	assert_int_equal(-1, fake_load(AT + 10 * PAGE_SIZE));
	assert_int_equal(VM_BUS, rig_outcome);
	object_put(file);
	end();
	assert_int_equal(0, rig_files); /* it lived as long as its mapping (R75) */
}

TEST(pages_around_come_along)
{
	struct vm_wait wait = { 0 };
	struct object *file;
	struct page *page;

	start();
	file = rig_file(64 * PAGE_SIZE);
	for (unsigned i = 0; i < 64; i++) {
		assert_int_equal(0, object_page(file, i, &page, &wait));
		page_put(page);
	}
	map_file(file, AT + 3 * PAGE_SIZE, 40, 0, NULL, 0);
	assert_int_equal(
		0, fake_store(AT + 6 * PAGE_SIZE, 1)); /* makes the table; a copy is left alone */
	assert_int_equal(rig_byte(2 * PAGE_SIZE), fake_load(AT + 5 * PAGE_SIZE));
	assert_kind(2, &space, FILL);
	assert_int_equal(16 - 3 - 2, space.stats.around);
	assert_int_equal(rig_byte(12 * PAGE_SIZE), fake_load(AT + 15 * PAGE_SIZE));
	assert_int_equal(1, fake_load(AT + 6 * PAGE_SIZE));
	assert_kind(2, &space, FILL);
	object_put(file);
	end();
}

TEST(where_data_ends_and_bss_begins) /* R52 */
{
	struct object *file;

	start();
	file = rig_file(4 * PAGE_SIZE);
	map_file(file, AT, 4, 0, &vma_elf, AT + 2 * PAGE_SIZE + 10);
	assert_int_equal(rig_byte(2 * PAGE_SIZE + 9), fake_load(AT + 2 * PAGE_SIZE + 9));
	assert_int_equal(0, fake_load(AT + 2 * PAGE_SIZE + 10));
	assert_int_equal(0, fake_load(AT + 3 * PAGE_SIZE - 1));
	assert_int_equal(
		0, fake_store(AT + 2 * PAGE_SIZE + 10, 8)); /* its own already: no fault more */
	assert_int_equal(1, fake_counts.faults);
	assert_int_equal(0, fake_load(AT + 3 * PAGE_SIZE));
	assert_int_equal(1, space.stats.zero_maps);
	assert_int_equal(0, fake_store(AT + 3 * PAGE_SIZE, 8));
	assert_int_equal(rig_byte(PAGE_SIZE), fake_load(AT + PAGE_SIZE));
	assert_int_equal(0, fake_store(AT, 8));
	assert_int_equal(rig_byte(1), fake_load(AT + 1));
	object_put(file);
	end();
}

TEST(populate_counts_as_write)
{
	start();
	assert_int_equal(AT,
			 rig_map(&space, AT, 100 * PAGE_SIZE, RW, ANON | MAP_FIXED | MAP_POPULATE));
	assert_int_equal(100, space.resident);
	assert_int_equal(AT + MIB, rig_map(&space, AT + MIB, 9 * PAGE_SIZE, PROT_READ,
					   ANON | MAP_FIXED | MAP_POPULATE));
	assert_int_equal(9, space.stats.zero_maps);
	fake_counts.faults = 0;
	assert_int_equal(0, fake_store(AT + 50 * PAGE_SIZE, 1));
	assert_int_equal(0, fake_counts.faults);
	end();
}

TEST(dying_grants_nothing)
{
	start();
	map(AT, 4, RW);
	assert_int_equal(AT + MIB, rig_map(&space, AT + MIB, PAGE_SIZE, RW,
					   MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED));
	assert_int_equal(0, fake_store(AT, 1));
	assert_int_equal(0, fake_store(AT + MIB, 1));
	assert_int_equal(0, fake_load(AT + PAGE_SIZE));
	vm_oom_reap(&space);
	assert_int_equal(1, space.resident);
	assert_int_equal(VM_DYING, fault(AT, VM_PROT_READ));
	rig_check();
	end();
}

/* Whatever way a page becomes executable, this hart forgets the instructions that it had fetched. */
static void assert_syncs(vaddr_t va, unsigned access, bool syncs)
{
	uint64_t before = fake_text_syncs;

	assert_int_equal(0, fault(va, access));
	assert_int_equal(syncs, fake_text_syncs > before);
}

TEST(text_is_synced) /* R8 */
{
	struct object *file;

	start();
	file = rig_file(4 * PAGE_SIZE);
	map(AT, 4, RW);
	map_file(file, AT + GIB, 4, 0, NULL, 0);
	assert_syncs(AT, VM_PROT_WRITE, false);
	assert_syncs(AT + PAGE_SIZE, VM_PROT_WRITE, false);
	assert_syncs(AT + GIB, VM_PROT_READ, false);
	assert_int_equal(0, vm_protect(&space, AT, 4 * PAGE_SIZE, PROT_READ | PROT_EXEC));
	assert_syncs(AT, VM_PROT_EXEC, true);
	assert_syncs(AT + PAGE_SIZE, VM_PROT_EXEC, true);
	assert_int_equal(0, vm_protect(&space, AT, 4 * PAGE_SIZE, RW | PROT_EXEC));
	assert_syncs(AT + 2 * PAGE_SIZE, VM_PROT_WRITE, true); /* it can be fetched from at once */
	assert_int_equal(AT + MIB, rig_map(&space, AT + MIB, PAGE_SIZE, PROT_READ | PROT_EXEC,
					   MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED));
	assert_syncs(AT + MIB, VM_PROT_EXEC, true);
	assert_int_equal(0, vm_madvise(&space, AT + MIB, PAGE_SIZE, MADV_DONTNEED));
	assert_syncs(AT + MIB, VM_PROT_EXEC, true); /* the page is at hand */
	object_put(file);
	end();
}
