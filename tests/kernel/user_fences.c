/* SPDX-License-Identifier: MIT */
/* Programs that use a page again after a verb took it away: no stale translation may serve them. */
#include "abi/signal.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
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
#define MPROTECT CALL(226)
#define MADVISE	 CALL(233)

PROGRAM(reads_after_munmap, WRITE_IT, THE_PAGE, MUNMAP, LD(A0, 0, T0), EXIT(1));
PROGRAM(writes_after_mprotect, WRITE_IT, THE_PAGE, LI(A2, 1), MPROTECT, SD(ZERO, 0, T0), EXIT(1));
PROGRAM(reads_after_mprotect, WRITE_IT, THE_PAGE, LI(A2, 0), MPROTECT, LD(A0, 0, T0), EXIT(1));
PROGRAM(reads_after_dontneed, WRITE_IT, THE_PAGE, LI(A2, 4), MADVISE, LBU(A0, 0, T0), EXIT_A0);

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
