/* SPDX-License-Identifier: MIT */
/* The dispatcher, case by case: what each kind does, counts, and starts over for. */
#include "arch/hart.h"
#include "one_space.h"

#include <string.h>

#include "mm/install.h"
#include "mm/object.h"
#include "mm/page_cache.h"

TEST(no_vma_is_maperr) /* R12 */
{
	start();
	map(AT, 1, RW);
	assert_int_equal(fault(AT - 1, VM_PROT_READ), VM_SEGV_MAPERR);
	assert_int_equal(fault(AT + PAGE_SIZE, VM_PROT_WRITE), VM_SEGV_MAPERR);
	assert_int_equal(fault(0, VM_PROT_READ), VM_SEGV_MAPERR);
	assert_int_equal(fault(USER_TOP, VM_PROT_READ), VM_SEGV_MAPERR);
	assert_int_equal(fault(UINT64_MAX, VM_PROT_EXEC), VM_SEGV_MAPERR);
	assert_kind(&space, DENY_MAPERR, 5);
	end();
}

TEST(forbidden_is_accerr) /* R61 */
{
	start();
	map(AT, 1, PROT_READ);
	map(AT + PAGE_SIZE, 1, PROT_NONE);
	map(AT + 2 * PAGE_SIZE, 1, PROT_EXEC);
	assert_int_equal(fault(AT, VM_PROT_WRITE), VM_SEGV_ACCERR);
	assert_int_equal(fault(AT, VM_PROT_EXEC), VM_SEGV_ACCERR);
	assert_int_equal(fault(AT + PAGE_SIZE, VM_PROT_READ), VM_SEGV_ACCERR);
	assert_int_equal(fault(AT + 2 * PAGE_SIZE, VM_PROT_READ), VM_SEGV_ACCERR);
	assert_int_equal(fault(AT + 2 * PAGE_SIZE, VM_PROT_EXEC), 0);
	assert_kind(&space, DENY_ACCERR, 4);
	end();
}

TEST(read_maps_the_zero_page) /* R11 R50 R53 */
{
	start();
	map(AT, 600, RW);
	for (unsigned i = 0; i < 600; i++)
		assert_int_equal(fake_load(AT + i * PAGE_SIZE), 0);
	assert_kind(&space, FILL, 600);
	assert_int_equal(space.stats.zero_maps, 600);
	assert_int_equal(space.resident, 0);
	assert_int_equal(zero_page->counts, PAGE_ONE_REF); /* entries do not count */
	end();
}

TEST(write_takes_one_fault) /* R51 R11 */
{
	start();
	map(AT, 2, RW);
	assert_int_equal(fake_store(AT + 5, 7), 0);
	assert_kind(&space, FILL, 1);
	assert_int_equal(fake_counts.faults, 1);
	assert_int_equal(fake_load(AT + 5), 7);
	assert_int_equal(fake_load(AT + 6), 0);
	assert_int_equal(fake_load(AT + PAGE_SIZE), 0);
	assert_int_equal(fake_store(AT + PAGE_SIZE, 9), 0); /* the zero page, copied by zeroing */
	assert_kind(&space, COW, 1);
	assert_int_equal(fake_load(AT + PAGE_SIZE + 1), 0);
	assert_int_equal(space.resident, 2);
	assert_int_equal(zero_page->maps, 0);
	end();
}

TEST(accessed_after_protection_came_back) /* R94 */
{
	start();
	map(AT, 1, RW);
	assert_int_equal(fake_store(AT, 5), 0);
	protect_many(PROT_NONE);
	assert_int_equal(fake_load(AT), 5);
	assert_kind(&space, ACCESSED, 1);
	assert_int_equal(fake_store(AT, 6), 0);
	assert_kind(&space, REUSE, 1);
	assert_int_equal(fake_load(AT), 6);
	end();
}

/* Few entries get at once what their VMA has gained; no fault has to ask for it. */
TEST(few_pages_gain_at_once) /* R94 */
{
	start();
	map(AT, 3, RW);
	assert_int_equal(fake_store(AT, 5), 0);
	assert_int_equal(fake_load(AT + PAGE_SIZE), 0); /* the zero page */
	assert_int_equal(vm_protect(&space, AT, 3 * PAGE_SIZE, PROT_NONE), 0);
	assert_int_equal(fake_load(AT), -1);
	assert_int_equal(rig_outcome, VM_SEGV_ACCERR);
	assert_int_equal(vm_protect(&space, AT, 3 * PAGE_SIZE, PROT_READ), 0);
	fake_counts.faults = 0;
	assert_int_equal(fake_load(AT), 5);
	assert_int_equal(fake_load(AT + PAGE_SIZE), 0);
	assert_int_equal(fake_counts.faults, 0);
	assert_int_equal(fake_store(AT, 6), -1);
	assert_int_equal(vm_protect(&space, AT, 3 * PAGE_SIZE, RW), 0);
	fake_counts.faults = 0;
	assert_int_equal(fake_store(AT, 6), 0);
	assert_int_equal(fake_counts.faults, 0);
	assert_int_equal(fake_store(AT + PAGE_SIZE, 7), 0); /* a page that others have too */
	assert_kind(&space, COW, 1);
	assert_int_equal(zero_page->maps, 0);
	end();
}

/* A page that a child has too is not the parent's to write. */
TEST(shared_pages_gain_no_writes)
{
	struct space child;

	start();
	map(AT, 1, RW);
	assert_int_equal(fake_store(AT, 5), 0);
	assert_int_equal(space_create(&child), 0);
	assert_int_equal(vm_fork(&space, &child), 0);
	assert_int_equal(vm_protect(&space, AT, PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(vm_protect(&space, AT, PAGE_SIZE, RW), 0);
	assert_int_equal(fake_store(AT, 6), 0);
	assert_kind(&space, COW, 1);
	rig_run(&child);
	assert_int_equal(fake_load(AT), 5);
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
	assert_int_equal(rig_map(&space, AT, PAGE_SIZE, RW, ANON | MAP_FIXED | MAP_POPULATE), AT);
	assert_int_equal(space.resident, 1);
	protect_many(PROT_READ);
	assert_int_equal(fake_load(AT), 0);
	assert_int_equal(fake_store(AT, 1), 0);
	assert_kind(&space, REUSE, 1);
	end();
}

TEST(spurious_does_nothing)
{
	struct mmu_entry before;

	start();
	map(AT, 1, RW);
	assert_int_equal(fake_store(AT, 5), 0);
	before = *arch_mmu_lookup(&space.mmu, AT);
	assert_int_equal(fault(AT, VM_PROT_READ), 0);
	assert_int_equal(fault(AT, VM_PROT_WRITE), 0);
	assert_kind(&space, SPURIOUS, 2);
	assert_int_equal(before.word, arch_mmu_lookup(&space.mmu, AT)->word);
	end();
}

/* A hart may remember a table that was missing; a fence for one address is for leaf entries alone. */
TEST(spurious_forgets_missing_tables)
{
	start();
	map(AT, 2, RW);
	assert_int_equal(fake_store(AT, 5), 0);
	fake_tlb_miss_table(AT);
	assert_int_equal(fake_load(AT), 5);
	assert_kind(&space, SPURIOUS, 1);
	end();
}

TEST(shared_memory_remaps) /* R100 */
{
	start();
	assert_int_equal(
		rig_map(&space, AT, 3 * PAGE_SIZE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED), AT);
	assert_int_equal(fake_load(AT), 0);
	assert_int_equal(zero_page->maps, 0); /* shared mappings never show it */
	assert_kind(&space, FILL, 1);
	assert_int_equal(fake_store(AT, 3), 0);
	assert_kind(&space, REMAP, 1);
	assert_int_equal(fake_store(AT + PAGE_SIZE, 4), 0); /* FILL and REMAP in one */
	assert_kind(&space, FILL, 2);
	assert_kind(&space, REMAP, 2);
	assert_int_equal(fake_counts.faults, 3);
	assert_int_equal(fake_load(AT), 3);
	end();
}

TEST(file_pages) /* R91 R95 */
{
	struct object *file;

	start();
	file = rig_file(10 * PAGE_SIZE + 100);
	map_file(file, AT, 12, PAGE_SIZE, NULL, 0);
	assert_int_equal(fake_load(AT + 1), rig_byte(PAGE_SIZE + 1));
	assert_int_equal(fake_store(AT + PAGE_SIZE, 1), 0); /* FILL and COW in one */
	assert_kind(&space, FILL, 2);
	assert_kind(&space, COW, 1);
	assert_int_equal(fake_load(AT + PAGE_SIZE + 1), rig_byte(2 * PAGE_SIZE + 1));
	assert_int_equal(fake_store(AT, 2), 0);
	assert_kind(&space, COW, 2);
	assert_int_equal(fake_load(AT + 9 * PAGE_SIZE + 99), rig_byte(10 * PAGE_SIZE + 99));
	assert_int_equal(fake_load(AT + 9 * PAGE_SIZE + 100), 0); /* the tail */
	assert_int_equal(fake_load(AT + 10 * PAGE_SIZE), -1);
	assert_int_equal(rig_outcome, VM_BUS);
	object_put(file);
	end();
	assert_int_equal(rig_files, 0); /* it lived as long as its mapping (R75) */
}

TEST(pages_around_come_along)
{
	struct vm_wait wait = { 0 };
	struct object *file;
	struct page *page;

	start();
	file = rig_file(64 * PAGE_SIZE);
	for (unsigned i = 0; i < 64; i++) {
		assert_int_equal(object_page(file, i, &page, &wait), 0);
		page_put(page);
	}
	map_file(file, AT + 3 * PAGE_SIZE, 40, 0, NULL, 0);
	assert_int_equal(fake_store(AT + 6 * PAGE_SIZE, 1),
			 0); /* makes the table; a copy is left alone */
	assert_int_equal(fake_load(AT + 5 * PAGE_SIZE), rig_byte(2 * PAGE_SIZE));
	assert_kind(&space, FILL, 2);
	assert_int_equal(space.stats.around, 16 - 3 - 2);
	assert_int_equal(fake_load(AT + 15 * PAGE_SIZE), rig_byte(12 * PAGE_SIZE));
	assert_int_equal(fake_load(AT + 6 * PAGE_SIZE), 1);
	assert_kind(&space, FILL, 2);
	object_put(file);
	end();
}

TEST(where_data_ends_and_bss_begins) /* R52 */
{
	struct object *file;

	start();
	file = rig_file(4 * PAGE_SIZE);
	map_file(file, AT, 4, 0, &vma_elf, AT + 2 * PAGE_SIZE + 10);
	assert_int_equal(fake_load(AT + 2 * PAGE_SIZE + 9), rig_byte(2 * PAGE_SIZE + 9));
	assert_int_equal(fake_load(AT + 2 * PAGE_SIZE + 10), 0);
	assert_int_equal(fake_load(AT + 3 * PAGE_SIZE - 1), 0);
	assert_int_equal(fake_store(AT + 2 * PAGE_SIZE + 10, 8),
			 0); /* its own already: no fault more */
	assert_int_equal(fake_counts.faults, 1);
	assert_int_equal(fake_load(AT + 3 * PAGE_SIZE), 0);
	assert_int_equal(space.stats.zero_maps, 1);
	assert_int_equal(fake_store(AT + 3 * PAGE_SIZE, 8), 0);
	assert_int_equal(fake_load(AT + PAGE_SIZE), rig_byte(PAGE_SIZE));
	assert_int_equal(fake_store(AT, 8), 0);
	assert_int_equal(fake_load(AT + 1), rig_byte(1));
	object_put(file);
	end();
}

TEST(populate_counts_as_write)
{
	start();
	assert_int_equal(rig_map(&space, AT, 100 * PAGE_SIZE, RW, ANON | MAP_FIXED | MAP_POPULATE),
			 AT);
	assert_int_equal(space.resident, 100);
	assert_int_equal(rig_map(&space, AT + MIB, 9 * PAGE_SIZE, PROT_READ,
				 ANON | MAP_FIXED | MAP_POPULATE),
			 AT + MIB);
	assert_int_equal(space.stats.zero_maps, 9);
	fake_counts.faults = 0;
	assert_int_equal(fake_store(AT + 50 * PAGE_SIZE, 1), 0);
	assert_int_equal(fake_counts.faults, 0);
	end();
}

TEST(dying_grants_nothing)
{
	start();
	map(AT, 4, RW);
	assert_int_equal(
		rig_map(&space, AT + MIB, PAGE_SIZE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED),
		AT + MIB);
	assert_int_equal(fake_store(AT, 1), 0);
	assert_int_equal(fake_store(AT + MIB, 1), 0);
	assert_int_equal(fake_load(AT + PAGE_SIZE), 0);
	vm_oom_reap(&space);
	assert_int_equal(space.resident, 1);
	assert_int_equal(fault(AT, VM_PROT_READ), VM_DYING);
	rig_check();
	end();
}

/* Whatever way a page becomes executable, this hart forgets the instructions that it had fetched. */
static void assert_syncs(vaddr_t va, unsigned access, bool syncs)
{
	uint64_t before = fake_text_syncs;

	assert_int_equal(fault(va, access), 0);
	assert_int_equal(fake_text_syncs > before, syncs);
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
	assert_int_equal(vm_protect(&space, AT, 4 * PAGE_SIZE, PROT_READ | PROT_EXEC), 0);
	assert_syncs(AT, VM_PROT_EXEC, true);
	assert_syncs(AT + PAGE_SIZE, VM_PROT_EXEC, true);
	assert_int_equal(vm_protect(&space, AT, 4 * PAGE_SIZE, RW | PROT_EXEC), 0);
	assert_syncs(AT + 2 * PAGE_SIZE, VM_PROT_WRITE, true); /* it can be fetched from at once */
	assert_int_equal(rig_map(&space, AT + MIB, PAGE_SIZE, PROT_READ | PROT_EXEC,
				 MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED),
			 AT + MIB);
	assert_syncs(AT + MIB, VM_PROT_EXEC, true);
	assert_int_equal(vm_madvise(&space, AT + MIB, PAGE_SIZE, MADV_DONTNEED), 0);
	assert_syncs(AT + MIB, VM_PROT_EXEC, true); /* the page is at hand */
	object_put(file);
	end();
}
