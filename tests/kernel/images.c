/* SPDX-License-Identifier: MIT */
/* fork and exec: what is copied, what is read, what a failure leaves. */
#include "proc/exec_load.h"

#include "abi/errno.h"
#include "arch/context.h"
#include "mm/check/alloc_fail.h"
#include "mm/object/object.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/relieve.h"
#include "proc/exe.h"
#include "proc/process.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "tests/kernel/user_program.h"

PROGRAM(exits_with_9, EXIT(9));
/*
 * Reads the first word and writes the second page of its BSS; the exit status is their sum, and
 * 11.
 */
PROGRAM(uses_bss, LUI(T0, DATA_PAGES), LD(A0, 0, T0), LUI(T1, DATA_PAGES + 1), LI(A1, 11),
	SD(A1, 16, T1), LD(A1, 16, T1), CODE_I(0x33u, 0, A0, A0, A1), EXIT_A0);
/* The stack begins with argc, which is 1 */
PROGRAM(exits_with_argc, LD(A0, 0, SP), EXIT_A0);

static int run(const struct program *program, unsigned bss_pages)
{
	struct object *image = program_image(program, bss_pages);
	int status = image ? ktest_run(ktest_exec_main, image) : -1;

	if (image)
		object_put(image);
	return status;
}

/* R70, R73: no section headers, BSS-only segments */
KTEST(exec_runs_an_image)
{
	EXPECT_EQ(EXITED(9), run(&exits_with_9, 0));
	EXPECT_EQ(EXITED(11), run(&uses_bss, 2));
	EXPECT_EQ(EXITED(1), run(&exits_with_argc, 0));
}

static int look_before_it_runs(void *arg)
{
	struct object *image = arg;
	size_t pages = image->npages;
	struct uspace *us;

	EXPECT_EQ(0, ktest_exec(image));
	us = current_process()->uspace;
	EXPECT_EQ(pages, image->npages);
	EXPECT_TRUE(!space_page(us, CODE_AT));
	EXPECT_TRUE(!space_page(us, DATA_AT));
	/* What there is: the pages of the stack that strings and tables were written to. */
	EXPECT_TRUE(us->space.resident >= 1 && us->space.resident <= 2);
	EXPECT_EQ(VM_PROT_READ | VM_PROT_EXEC, vma_find(&us->space, CODE_AT)->prot);
	EXPECT_EQ(READ_WRITE, vma_find(&us->space, DATA_AT)->prot);
	EXPECT_TRUE(vma_find(&us->space, USER_TOP - 1)->flags & VMA_STACK);
	EXPECT_EQ(0, EXEC & vma_find(&us->space, USER_TOP - 1)->prot);
	/* The first instruction itself faults, and is the file's page, read-only, not copied. */
	EXPECT_EQ(0, space_touch(us, CODE_AT, EXEC));
	EXPECT_EQ(PAGE_OBJECT, page_kind(space_page(us, CODE_AT)));
	EXPECT_EQ(VM_PROT_READ | VM_PROT_EXEC, entry_prot(space_entry(us, CODE_AT)));
	EXPECT_EQ(VM_SEGV_ACCERR, space_touch(us, CODE_AT, WRITE));
	EXPECT_EQ(-ETXTBSY, object_get_write(image));
	arch_enter_user();
}

/* Returns what is added to the addresses of an image without segments, in this process. */
static vaddr_t bias_of(vaddr_t low, uint64_t align)
{
	const struct exec_headers headers = {
		.image = { .is_dyn = true, .low = low, .high = low + PAGE_SIZE, .align = align }
	};
	vaddr_t bias = 1;

	EXPECT_EQ(0, exec_load(current_process()->uspace, NULL, &headers, 0, &bias));
	return bias;
}

#define HIGHEST ALIGN_DOWN(USER_TOP / 3 * 2, PAGE_SIZE)

KTEST_IN_PROCESS(exec_keeps_addresses_as_they_are_aligned)
{
	const vaddr_t low = 19 * PAGE_SIZE;
	vaddr_t bias = bias_of(low, 16 * PAGE_SIZE);

	EXPECT_EQ(0, bias % (16 * PAGE_SIZE));
	EXPECT_TRUE(low + bias <= HIGHEST && HIGHEST - (low + bias) < 16 * PAGE_SIZE);
}

KTEST_IN_PROCESS(exec_ignores_an_alignment_without_room)
{
	const vaddr_t low = USER_TOP / 4 * 3;

	EXPECT_EQ(HIGHEST, low + bias_of(low, USER_TOP));
}

/* R70, R71: exec reads headers only; text comes by a fetch that faults */
KTEST(exec_maps_and_reads_nothing)
{
	struct object *image = program_image(&uses_bss, 2);

	ASSERT_TRUE(image);
	EXPECT_EQ(EXITED(11), ktest_run(look_before_it_runs, image));
	EXPECT_EQ(0, object_get_write(image));
	object_put_write(image);
	object_put(image);
}

/*
 * The parent has 20 pages of its own. Its child (made of vm_fork() alone) writes 2 of them, then
 * executes: those are copied and nothing else, and the parent's first write to each of the 20 is a
 * REUSE.
 */
static int fork_then_exec(void *arg)
{
	struct uspace *mine = current_process()->uspace, *child;
	size_t before, after;

	uspace_lock(mine);
	EXPECT_EQ(DATA_AT, space_map(mine, DATA_AT, 20 * PAGE_SIZE, READ_WRITE, 0));
	for (vaddr_t i = 0; i < 20; i++)
		EXPECT_EQ(0, space_store(mine, DATA_AT + i * PAGE_SIZE, i));
	child = uspace_create();
	mutex_lock_nested(&child->mmap_lock);
	EXPECT_EQ(0, vm_fork(&mine->space, &child->space));
	before = page_alloc_free_count();
	EXPECT_EQ(0, space_store(child, DATA_AT, 100));
	EXPECT_EQ(0, space_store(child, DATA_AT + 7 * PAGE_SIZE, 100));
	after = page_alloc_free_count();
	EXPECT_EQ(before - 2, after);
	EXPECT_EQ(2, kind_count(child, FAULT_COW));
	uspace_unlock(child);
	uspace_unlock(mine);
	uspace_put(child);
	EXPECT_TRUE(page_alloc_free_count() >= after + 2 + 3);
	for (vaddr_t i = 0; i < 20; i++)
		EXPECT_EQ(0, space_touch(mine, DATA_AT + i * PAGE_SIZE, WRITE));
	EXPECT_EQ(20, kind_count(mine, FAULT_REUSE));
	EXPECT_EQ(0, kind_count(mine, FAULT_COW));
	EXPECT_EQ(20, kind_count(mine, FAULT_FILL));
	return ktest_exec_main(arg);
}

/* R67, R21, R125 */
KTEST(fork_then_exec_copies_what_was_written)
{
	struct object *image = program_image(&exits_with_9, 0);

	ASSERT_TRUE(image);
	EXPECT_EQ(EXITED(9), ktest_run(fork_then_exec, image));
	object_put(image);
}

#ifdef FAULTLINE_HARDENED

static int exec_failing(void *arg)
{
	uint64_t failures = 0;
	unsigned at = 1;

	EXPECT_EQ(0, program_load(&exits_with_9));
	for (; at < 60; at++) {
		int err;

		alloc_fail_at = at;
		err = ktest_exec(arg);
		if (alloc_fail_at) {
			alloc_fail_at = 0;
			EXPECT_EQ(0, err);
			break;
		}
		failures++;
		EXPECT_EQ(-ENOMEM, err);
		EXPECT_EQ(9, 9 * (current_process()->exe->name[1] == 't'));
	}
	EXPECT_TRUE(failures > 5 && at < 60);
	arch_enter_user();
}

/*
 * R45, R74: each allocation of an exec fails in turn; the old image lives on each time, then the
 * new one runs
 */
KTEST(exec_without_memory_leaves_the_old_image)
{
	struct object *image = program_image(&uses_bss, 2);

	ASSERT_TRUE(image);
	EXPECT_EQ(EXITED(11), ktest_run(exec_failing, image));
	object_put(image);
}

#endif
