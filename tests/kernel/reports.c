/* SPDX-License-Identifier: MIT */
/* What reports stand on: what was unmapped last, what frames are used for, and how numbers are printed. */
#include "lib/format.h"
#include "mm/check/ledger.h"
#include "mm/phys/page_census.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_space.h"

#define AREA 0x40000000ul

/* R121: the last few ranges that a program gave back are remembered, with how */
KTEST(reports_remember_what_was_unmapped)
{
	struct uspace *us = space_new();
	struct space *space;

	ASSERT_TRUE(us);
	space = &us->space;
	EXPECT_EQ(0, space->nunmaps);
	for (unsigned i = 0; i <= SPACE_UNMAPS; i++) {
		ASSERT_TRUE(space_map(us, AREA, PAGE_SIZE, READ_WRITE, 0) > 0);
		EXPECT_EQ(0, vm_unmap(space, AREA, PAGE_SIZE));
	}
	EXPECT_EQ(SPACE_UNMAPS + 1, space->nunmaps);
	EXPECT_EQ(AREA, space->unmaps[0].start);
	EXPECT_EQ(AREA + PAGE_SIZE, space->unmaps[0].end);
	vm_brk(space, HEAP_AT + 3 * PAGE_SIZE);
	vm_brk(space, HEAP_AT + PAGE_SIZE);
	EXPECT_EQ(SPACE_UNMAPS + 2, space->nunmaps);
	EXPECT_EQ(HEAP_AT + PAGE_SIZE, space->unmaps[1].start);
	EXPECT_TRUE(space->unmaps[1].heap && !space->unmaps[0].heap);
	space_end(us);
}

/* R121: the totals by kind are those of the ledger */
KTEST(reports_census_agrees_with_the_ledger)
{
	struct page_census census;
	struct ledger ledger;

	page_census(&census);
	EXPECT_EQ(0, ledger_check(&ledger));
	for (unsigned kind = 0; kind < PAGE_KINDS; kind++)
		EXPECT_EQ(ledger.kind[kind], census.kind[kind]);
	EXPECT_TRUE(census.slabs > 0 && census.slabs <= census.kind[PAGE_KERNEL]);
}

static uint32_t fills_at(struct uspace *us, vaddr_t va)
{
	return vma_find(&us->space, va)->faults.kind[FAULT_FILL];
}

/* R122: a VMA counts its faults; a part that is cut off begins anew, one that is joined brings its own */
KTEST(reports_count_faults_by_vma)
{
	struct uspace *us = space_new(), *child;

	ASSERT_TRUE(us);
	ASSERT_TRUE(space_map(us, AREA, 4 * PAGE_SIZE, READ_WRITE, 0) > 0);
	EXPECT_EQ(0, space_touch(us, AREA, WRITE));
	EXPECT_EQ(0, space_touch(us, AREA + 3 * PAGE_SIZE, READ));
	EXPECT_EQ(0, space_touch(us, AREA + 3 * PAGE_SIZE, WRITE));
	EXPECT_EQ(2, fills_at(us, AREA));
	EXPECT_EQ(1, vma_find(&us->space, AREA)->faults.kind[FAULT_COW]);
	EXPECT_EQ(VM_SEGV_ACCERR, space_touch(us, AREA, EXEC));
	EXPECT_EQ(1, vma_find(&us->space, AREA)->faults.kind[FAULT_DENY_ACCERR]);
	EXPECT_EQ(0, vm_protect(&us->space, AREA + 2 * PAGE_SIZE, PAGE_SIZE, READ));
	EXPECT_EQ(2, fills_at(us, AREA));
	EXPECT_EQ(0, fills_at(us, AREA + 3 * PAGE_SIZE));
	EXPECT_EQ(0, space_touch(us, AREA + 2 * PAGE_SIZE, READ));
	EXPECT_EQ(0, vm_protect(&us->space, AREA + 2 * PAGE_SIZE, PAGE_SIZE, READ_WRITE));
	EXPECT_EQ(3, fills_at(us, AREA));
	child = space_fork(us);
	ASSERT_TRUE(child);
	EXPECT_EQ(0, fills_at(child, AREA));
	space_end(child);
	space_end(us);
}

/* R122: whoever asks is told the kind, and pays no look-up for it */
KTEST(reports_tell_the_kind_of_each_fault)
{
	struct uspace *us = space_new();
	struct vm_wait wait = { 0 };

	ASSERT_TRUE(us);
	ASSERT_TRUE(space_map(us, AREA, PAGE_SIZE, READ_WRITE, 0) > 0);
	EXPECT_EQ(0, vm_fault(&us->space, AREA, READ, &wait));
	EXPECT_EQ(FAULT_FILL, wait.kind);
	EXPECT_EQ(0, vm_fault(&us->space, AREA, WRITE, &wait));
	EXPECT_EQ(FAULT_COW, wait.kind);
	EXPECT_EQ(0, vm_fault(&us->space, AREA, WRITE, &wait));
	EXPECT_EQ(FAULT_SPURIOUS, wait.kind);
	EXPECT_EQ(VM_SEGV_ACCERR, vm_fault(&us->space, AREA, EXEC, &wait));
	EXPECT_EQ(FAULT_DENY_ACCERR, wait.kind);
	EXPECT_EQ(VM_SEGV_MAPERR, vm_fault(&us->space, AREA + PAGE_SIZE, READ, &wait));
	EXPECT_EQ(FAULT_DENY_MAPERR, wait.kind);
	space_end(us);
}

/* A register has the sign of an argument of 32 bits, also of one that has none. */
KTEST(reports_print_32_bits_without_the_sign_of_their_register)
{
	unsigned *volatile top = &(unsigned){ 0x80000001u };
	char text[24];

	ksnprintf(text, sizeof(text), "%x %u", *top, *top);
	EXPECT_STR("80000001 2147483649", text);
}
