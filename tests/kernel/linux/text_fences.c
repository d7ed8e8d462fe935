/* SPDX-License-Identifier: MIT */
/* Text that another hart has run, and that programs move to by calls of Linux: who makes the FENCE.I. */
#include "abi/prctl.h"
#include "abi/sched.h"
#include "abi/signal.h"
#include "base/hart.h"
#include "mm/fault/user_copy.h"
#include "mm/object/object.h"
#include "mm/object/object_io.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "tests/kernel/user_program.h"

#define TEXT_AT	   0x30000ul
#define TEXT_PAGES 0x30u

static struct object *text;

static void go_to_hart(unsigned index)
{
	sched_set_harts(current_thread(), 1ul << index);
	sched_move();
}

static void write_text(const struct program *program)
{
	size_t bytes = program->n * sizeof(*program->code);

	EXPECT_EQ(bytes, object_write_kernel(text, 0, program->code, bytes));
}

static void map_text(void)
{
	struct uspace *us = current_process()->uspace;

	uspace_lock(us);
	EXPECT_EQ(TEXT_AT, space_map_object(us, TEXT_AT, PAGE_SIZE, READ | EXEC, text, 0));
	uspace_unlock(us);
}

static int run_text_on_last_hart(void *arg)
{
	(void)arg;
	go_to_hart(hart_count - 1);
	map_text();
	ktest_enter(TEXT_AT, 0);
}

/* The child goes to the harts that the word at DATA_AT says, and runs the text there; the parent ends as it does. */
PROGRAM(runs_text_in_a_child, LUI(T0, DATA_PAGES), LUI(T1, TEXT_PAGES), LI(A0, SIGCHLD), LI(A1, 0),
	LI(A2, 0), LI(A3, 0), LI(A4, 0), CALL(220), SKIP_IF_ZERO(A0), 0x02c0006fu /* j, over 10 */,
	/* the child */ LI(A0, 0), LI(A1, 8), ADDI(A2, T0, 0), CALL(122), JR(T1), ILLEGAL, ILLEGAL,
	ILLEGAL, ILLEGAL,
	/* the parent */ LI(A0, -1), ADDI(A1, T0, 8), LI(A2, 0), LI(A3, 0), CALL(260),
	LBU(A0, 9, T0), EXIT_A0);

static int have_a_child_run_text(void *arg)
{
	uint64_t last = 1ul << (hart_count - 1);

	(void)arg;
	go_to_hart(0);
	if (program_load(&runs_text_in_a_child))
		return 99;
	EXPECT_EQ(0, user_copy_out(DATA_AT, &last, sizeof(last)));
	map_text();
	EXPECT_EQ(VM_OK, space_touch(current_process()->uspace, TEXT_AT, EXEC));
	ktest_enter(CODE_AT, 0);
}

PROGRAM(exits_with_1, EXIT(1));
PROGRAM(exits_with_2, EXIT(2));

/*
 * R65: a hart has run what the text was before, and then runs it in the child of a process that has come to the new one
 * on another hart. The parent is not there, so it owes the FENCE.I until it comes, and the child inherits that.
 */
KTEST(fences_text_that_a_child_runs_on_another_hart)
{
	text = object_create_anon(PAGE_SIZE);
	ASSERT_TRUE(text);
	write_text(&exits_with_1);
	EXPECT_EQ(EXITED(1), ktest_run(run_text_on_last_hart, NULL));
	write_text(&exits_with_2);
	EXPECT_EQ(EXITED(2), ktest_run(have_a_child_run_text, NULL));
	object_put(text);
}

/* ---- text that is written where it is mapped already: the program asks for the fence ---- */

#define FLUSH_ICACHE LI(A0, 0), LI(A1, 0), LI(A2, 0), CALL(259)
#define FENCES_ITSELF(when)                                                                      \
	LI(A0, PR_RISCV_SET_ICACHE_FLUSH_CTX), LI(A1, when), LI(A2, PR_RISCV_SCOPE_PER_PROCESS), \
		CALL(167)
#define MEMBARRIER(command) LI(A0, command), LI(A1, 0), CALL(283)

/* Goes to the harts that the word at DATA_AT says, and runs the text there. */
#define RUN_TEXT                                                                           \
	LUI(A2, DATA_PAGES), LI(A0, 0), LI(A1, 8), CALL(122), LUI(T1, TEXT_PAGES), JR(T1), \
		ILLEGAL, ILLEGAL, ILLEGAL, ILLEGAL

PROGRAM(flushes_the_icache, FLUSH_ICACHE, RUN_TEXT);
PROGRAM(fences_itself, FENCES_ITSELF(PR_RISCV_CTX_SW_FENCEI_ON), FENCE_I, RUN_TEXT);
PROGRAM(fences_itself_no_more, FENCES_ITSELF(PR_RISCV_CTX_SW_FENCEI_OFF), RUN_TEXT);
PROGRAM(makes_a_barrier, MEMBARRIER(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE),
	MEMBARRIER(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE), RUN_TEXT);

/* Touches all that the program will, so that no fault fences for it. */
static int run_new_text(void *program)
{
	uint64_t last = 1ul << (hart_count - 1);
	struct uspace *us = current_process()->uspace;

	go_to_hart(hart_count - 1);
	if (program_load(program))
		return 99;
	EXPECT_EQ(0, user_copy_out(DATA_AT, &last, sizeof(last)));
	map_text();
	EXPECT_EQ(VM_OK, space_touch(us, CODE_AT, EXEC));
	EXPECT_EQ(VM_OK, space_touch(us, TEXT_AT, EXEC));
	go_to_hart(0);
	write_text(&exits_with_2);
	ktest_enter(CODE_AT, 0);
}

static void expect_to_run_new_text(const struct program *program)
{
	text = object_create_anon(PAGE_SIZE);
	ASSERT_TRUE(text);
	write_text(&exits_with_1);
	EXPECT_EQ(EXITED(1), ktest_run(run_text_on_last_hart, NULL));
	EXPECT_EQ(EXITED(2), ktest_run(run_new_text, (void *)program));
	object_put(text);
}

/* R65: the last hart has run what the text was before. The program asks on the boot hart, and goes to the last one. */
KTEST(fences_text_where_a_program_asks)
{
	expect_to_run_new_text(&flushes_the_icache);
	if (hart_are_several()) /* the strict machine does not see the FENCE.I of a program */
		expect_to_run_new_text(&fences_itself);
	expect_to_run_new_text(&fences_itself_no_more);
	expect_to_run_new_text(&makes_a_barrier);
}
