/* SPDX-License-Identifier: MIT */
/* Programs that use a page again after a verb took it away: no stale translation may serve them. */
#include "abi/mman.h"
#include "abi/signal.h"
#include "mm/fault/thp_mode.h"
#include "mm/fault/user_copy.h"
#include "mm/object/page_cache.h"
#include "proc/process.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "tests/kernel/user_program.h"

/*
 * In user mode, for QEMU forgets all translations where the kernel's access to user memory is
 * switched on or off: copies never meet a stale one.
 */

static int run(const struct program *program)
{
	return ktest_run(program_main, (void *)program);
}

/* The page at DATA_AT is written, so that its translation is there; T0 points to it. */
#define WRITE_IT LUI(T0, DATA_PAGES), LI(A0, 7), SD(A0, 0, T0)
#define THE_PAGE ADDI(A0, T0, 0), LUI(A1, 1)

#define MUNMAP	 CALL(215)
#define MREMAP	 CALL(216)
#define MMAP	 CALL(222)
#define MPROTECT CALL(226)
#define MADVISE	 CALL(233)

PROGRAM(reads_after_munmap, WRITE_IT, THE_PAGE, MUNMAP, LD(A0, 0, T0), EXIT(1));
PROGRAM(writes_after_mprotect, WRITE_IT, THE_PAGE, LI(A2, 1), MPROTECT, SD(ZERO, 0, T0), EXIT(1));
PROGRAM(reads_after_mprotect, WRITE_IT, THE_PAGE, LI(A2, 0), MPROTECT, LD(A0, 0, T0), EXIT(1));
PROGRAM(reads_after_dontneed, WRITE_IT, THE_PAGE, LI(A2, 4), MADVISE, LBU(A0, 0, T0), EXIT_A0);

/* mremap(2): to another address */
PROGRAM(reads_after_mremap, WRITE_IT, THE_PAGE, LUI(A2, 1), LI(A3, MREMAP_MAYMOVE | MREMAP_FIXED),
	LUI(A4, DATA_PAGES + 16), MREMAP, LD(A0, 0, T0), EXIT(1));

/* Maps an anonymous page where there are no page tables, of which T0 is the address. */
#define FAR_PAGES 0x2000u
#define MAP_FAR(prot)                                                  \
	LUI(T0, FAR_PAGES), ADDI(A0, T0, 0), LUI(A1, 1), LI(A2, prot), \
		LI(A3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED), LI(A4, -1), LI(A5, 0), MMAP

/* With the page, its tables go. */
PROGRAM(reads_after_tables_went, MAP_FAR(PROT_READ | PROT_WRITE), LI(A0, 7), SD(A0, 0, T0),
	THE_PAGE, MUNMAP, LD(A0, 0, T0), EXIT(1));

#define ADD(to, a, b) CODE_I(0x33u, 0, to, a, b)
#define BRK	      CALL(214)
#define WRITE_NEXT    SD(A2, 0, T0), ADD(T0, T0, A1)
#define WRITE_FIVE    WRITE_NEXT, WRITE_NEXT, WRITE_NEXT, WRITE_NEXT, WRITE_NEXT

/*
 * More pages than are flushed one by one. The first is read at last, for QEMU forgets all with each
 * page that comes, and once more when it is there again.
 */
PROGRAM(reads_what_brk_gives_again, LI(A0, 0), BRK, ADDI(A4, A0, 0), LUI(A1, 12), ADD(A0, A0, A1),
	BRK, ADDI(T1, A0, 0), LUI(A1, 1), LI(A2, 7), ADDI(T0, A4, 0), WRITE_FIVE, WRITE_FIVE,
	LBU(A0, 0, A4), ADDI(A0, A4, 0), BRK, ADDI(A0, T1, 0), BRK, LBU(A0, 0, A4), EXIT_A0);

/* R8, R93, R94 */
KTEST(fences_what_was_taken_is_gone_at_once)
{
	EXPECT_EQ(KILLED(SIGSEGV), run(&reads_after_munmap));
	EXPECT_EQ(KILLED(SIGSEGV), run(&writes_after_mprotect));
	EXPECT_EQ(KILLED(SIGSEGV), run(&reads_after_mprotect));
	EXPECT_EQ(EXITED(0), run(&reads_after_dontneed));
	EXPECT_EQ(KILLED(SIGSEGV), run(&reads_after_mremap));
	EXPECT_EQ(KILLED(SIGSEGV), run(&reads_after_tables_went));
	EXPECT_EQ(EXITED(0), run(&reads_what_brk_gives_again)); /* R22 */
}

/* clone(SIGCHLD): the child tells what it reads; the parent, behind it, writes on first. */
#define PARENT_AT 17
PROGRAM(writes_after_fork, WRITE_IT, LUI(T1, CODE_PAGES), ADDI(T1, T1, 4 * PARENT_AT),
	LI(A0, SIGCHLD), LI(A1, 0), LI(A2, 0), LI(A3, 0), LI(A4, 0), CALL(220), SKIP_IF_ZERO(A0),
	JR(T1), LBU(A0, 0, T0), EXIT_A0,
	/* the parent: another byte; wait4(-1, T0 + 8, 0, 0); the child's status is its own */
	LI(A0, 9), SD(A0, 0, T0), LI(A0, -1), ADDI(A1, T0, 8), LI(A2, 0), LI(A3, 0), CALL(260),
	LBU(A0, 9, T0), EXIT_A0);

/* R64: the parent's own right to write is gone from the TLB when fork returns */
KTEST(fences_a_parent_that_writes_on_copies_first)
{
	EXPECT_EQ(EXITED(7), run(&writes_after_fork));
}

/* A copy takes the place of the zero page, and of a page that a child has too. */
PROGRAM(reads_then_writes, LUI(T0, DATA_PAGES), LD(A0, 0, T0), LI(A0, 5), SD(A0, 0, T0),
	LD(A0, 0, T0), EXIT_A0);

KTEST(fences_a_writer_sees_its_copy)
{
	EXPECT_EQ(EXITED(5), run(&reads_then_writes));
}

/*
 * Writes a function to a page that may be executed, forks, writes it once more and calls it. FENCE.I
 * is the program's own for what it writes, and the kernel's for the copy that the second write makes.
 */
#define FUNCTION_AT 30 /* of two doublewords */
#define COPY_FUNCTION                                                                \
	LD(A0, 4 * FUNCTION_AT, T1), SD(A0, 0, T0), LD(A0, 4 * FUNCTION_AT + 8, T1), \
		SD(A0, 8, T0), FENCE_I

PROGRAM(runs_what_it_copied, LUI(T1, CODE_PAGES), MAP_FAR(PROT_READ | PROT_WRITE | PROT_EXEC),
	COPY_FUNCTION, LI(A0, SIGCHLD), LI(A1, 0), LI(A2, 0), LI(A3, 0), LI(A4, 0), CALL(220),
	COPY_FUNCTION, JR(T0), ILLEGAL, ILLEGAL, EXIT(6), ILLEGAL);

/* R8, R64: only the strict machine can tell */
KTEST(fences_a_copy_that_is_executed)
{
	EXPECT_EQ(EXITED(6), run(&runs_what_it_copied));
}

/* ---- as another hart would have left it: accesses of a process in kernel mode ---- */

#define AREA	   0x40000ul
#define AREA_BYTES (32 * PAGE_SIZE) /* more than mprotect upgrades by itself */
#define AREA_LAST  (AREA + AREA_BYTES - PAGE_SIZE)

static void protect_area(unsigned prot)
{
	struct uspace *us = current_process()->uspace;

	uspace_lock(us);
	EXPECT_EQ(0, vm_protect(&us->space, AREA, AREA_BYTES, prot));
	uspace_unlock(us);
}

/* Maps the area, and writes to its first page and its last one. */
static struct uspace *area_written(void)
{
	struct uspace *us = current_process()->uspace;
	uint64_t word = 1;

	EXPECT_TRUE(current_map(AREA, AREA_BYTES));
	EXPECT_EQ(0, user_copy_out(AREA, &word, sizeof(word)));
	EXPECT_EQ(0, user_copy_out(AREA_LAST, &word, sizeof(word)));
	return us;
}

/* R8: SPURIOUS fences, or the access would fault for ever; only the strict machine can tell */
KTEST_IN_PROCESS(fences_a_refusal_that_is_out_of_date)
{
	struct uspace *us = area_written();
	struct mmu_entry writable = space_entry(us, AREA);
	uint64_t word;

	protect_area(READ);
	EXPECT_EQ(0, user_copy_in(&word, AREA, sizeof(word)));
	protect_area(READ_WRITE);
	space_lock(&us->space);
	entry_swap(arch_mmu_lookup(&us->space.mmu, AREA), writable);
	space_unlock(&us->space);
	EXPECT_EQ(0, user_copy_out(AREA, &word, sizeof(word)));
	EXPECT_TRUE(kind_count(us, FAULT_SPURIOUS) <=
		    1); /* none where TLBs forget it by themselves */
}

/* R8: what mprotect adds is there at once, without a fault; only the strict machine can tell */
KTEST_IN_PROCESS(fences_what_mprotect_adds)
{
	struct uspace *us = area_written();
	uint64_t word;

	for (unsigned i = 0; i < 2; i++) {
		unsigned prot = i ? READ_WRITE : READ;

		uspace_lock(us);
		EXPECT_EQ(0, vm_protect(&us->space, AREA, PAGE_SIZE, prot));
		uspace_unlock(us);
		EXPECT_EQ(0, user_copy_in(&word, AREA, sizeof(word)));
	}
	EXPECT_EQ(0, user_copy_out(AREA, &word, sizeof(word)));
	EXPECT_EQ(0, kind_count(us, FAULT_SPURIOUS));
	EXPECT_EQ(2, kind_count(us, FAULT_FILL));
}

/* Pages of zeros that can be read again, so that reclaim may take them. */
static int zeros_read(struct object *object, struct page *page, struct vm_wait *wait)
{
	(void)object;
	(void)wait;
	arch_page_zero(page_address(page));
	page_read_done(page, 0);
	return 0;
}

static void zeros_destroy(struct object *object)
{
	(void)object;
}

/* R8: a page that is used again after A was cleared; only the strict machine can tell */
KTEST_IN_PROCESS(fences_a_page_whose_accessed_bit_is_cleared)
{
	static const struct object_ops ops = { .name = "zeros",
					       .read_page = zeros_read,
					       .destroy = zeros_destroy };
	static struct object zeros;
	struct uspace *us = current_process()->uspace;
	uint64_t word = 1;

	object_init(&zeros, &ops, PAGE_SIZE);
	uspace_lock(us);
	EXPECT_EQ(AREA, space_map_object(us, AREA, PAGE_SIZE, READ, &zeros, 0));
	uspace_unlock(us);
	EXPECT_EQ(0, user_copy_in(&word, AREA, sizeof(word)));
	uspace_lock(us);
	EXPECT_EQ(0, vm_madvise(&us->space, AREA, PAGE_SIZE, MADV_COLD));
	uspace_unlock(us);
	EXPECT_EQ(0, user_copy_in(&word, AREA, sizeof(word)));
	EXPECT_EQ(0, word);
	EXPECT_TRUE(entry_flags(space_entry(us, AREA)) & ENTRY_ACCESSED);
	uspace_lock(us);
	EXPECT_EQ(0, vm_unmap(&us->space, AREA, PAGE_SIZE));
	uspace_unlock(us);
	object_put(&zeros);
}

/* ---- what faults fill ahead ---- */

#define AHEAD	 0x40000000ul /* a block of its own */
#define AHEAD_N	 24ul	      /* pages of a run */
#define AHEAD_AT (AHEAD + 4 * PAGE_SIZE)

static void fill_ahead(bool ahead)
{
	static unsigned before;

	if (ahead)
		before = atomic_load_relaxed(&thp_mode);
	atomic_store(&thp_mode, ahead ? THP_ALWAYS : before);
}

/* The hart sees that nothing is there, of each page. */
static void refuse(vaddr_t at, size_t npages)
{
	uint64_t word;

	for (size_t i = 0; i < npages; i++)
		EXPECT_EQ(-EFAULT, user_copy_in(&word, at + i * PAGE_SIZE, sizeof(word)));
}

/* R8: pages that are mapped ahead are there at once; only the strict machine can tell */
KTEST_IN_PROCESS(fences_pages_that_a_run_maps)
{
	struct uspace *us = current_process()->uspace;
	uint64_t word = 1;

	fill_ahead(true);
	EXPECT_TRUE(current_map(AHEAD, PAGE_SIZE)); /* the page table is there */
	EXPECT_EQ(0, user_copy_out(AHEAD, &word, sizeof(word)));
	refuse(AHEAD_AT, AHEAD_N);
	EXPECT_TRUE(current_map(AHEAD_AT, AHEAD_N * PAGE_SIZE));
	for (size_t i = 0; i < AHEAD_N; i++)
		EXPECT_EQ(0, user_copy_in(&word, AHEAD_AT + i * PAGE_SIZE, sizeof(word)));
	EXPECT_TRUE(kind_count(us, FAULT_FILL) < 8);
	EXPECT_EQ(0, kind_count(us, FAULT_SPURIOUS));
	for (word = 1; word <= AHEAD_N; word++) /* in the place of zeros that were read */
		EXPECT_EQ(0, user_copy_out(AHEAD_AT + (word - 1) * PAGE_SIZE, &word, sizeof(word)));
	EXPECT_TRUE(us->space.stats.ahead > AHEAD_N / 2);
	EXPECT_EQ(0, kind_count(us, FAULT_SPURIOUS));
	for (size_t i = 0; i < AHEAD_N; i++) {
		EXPECT_EQ(0, user_copy_in(&word, AHEAD_AT + i * PAGE_SIZE, sizeof(word)));
		EXPECT_EQ(i + 1, word);
	}
	fill_ahead(false);
}

/* R8: so is all of a superpage */
KTEST_IN_PROCESS(fences_a_superpage_that_is_mapped)
{
	struct uspace *us = current_process()->uspace;
	uint64_t word = 1;

	fill_ahead(true);
	EXPECT_TRUE(
		current_map(AHEAD + 2 * MMU_LARGE_SIZE, PAGE_SIZE)); /* the middle table is there */
	EXPECT_EQ(0, user_copy_out(AHEAD + 2 * MMU_LARGE_SIZE, &word, sizeof(word)));
	refuse(AHEAD, AHEAD_N);
	EXPECT_TRUE(current_map(AHEAD, MMU_LARGE_SIZE));
	uspace_lock(us);
	EXPECT_EQ(0, vm_madvise(&us->space, AHEAD, MMU_LARGE_SIZE, MADV_HUGEPAGE));
	uspace_unlock(us);
	EXPECT_EQ(0, user_copy_out(AHEAD_AT, &word, sizeof(word)));
	EXPECT_EQ(1, us->space.large);
	for (size_t i = 0; i < AHEAD_N; i++)
		EXPECT_EQ(0, user_copy_out(AHEAD + i * PAGE_SIZE, &word, sizeof(word)));
	EXPECT_EQ(2, kind_count(us, FAULT_FILL));
	EXPECT_EQ(0, kind_count(us, FAULT_SPURIOUS));
	fill_ahead(false);
}
