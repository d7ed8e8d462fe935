/* SPDX-License-Identifier: MIT */
/* The arch boundary's registers for debuggers: read and written while their thread sleeps. */
#include "linux/arch/regs.h"

#include "arch/hart.h"
#include "lib/string.h"
#include "proc/process.h"
#include "sync/preempt.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"

/* R9 */
KTEST_IN_PROCESS(arch_regs_are_those_of_the_frame)
{
	struct arch_thread *thread = arch_this_thread();
	struct trap_frame *frame = arch_thread_frame(thread);
	struct arch_regs regs;

	arch_frame_start(frame, 0x10000, 0x20000);
	arch_regs_give();
	arch_regs_get(thread, &regs);
	EXPECT_EQ(0x10000, regs.word[0]);
	EXPECT_EQ(0x20000, regs.word[2]);
	regs.word[0] = 0x30000;
	regs.word[2] = 0x40000;
	arch_regs_set(thread, &regs, sizeof(regs.word[0])); /* the first one only */
	EXPECT_EQ(0x30000, frame_pc(frame));
	EXPECT_EQ(0x20000, frame_sp(frame));
	arch_regs_take_back();
	EXPECT_TRUE(frame_is_user(frame));
}

/* R9: the FPU of a program that has not used it; what is written is kept over a switch to others */
KTEST_IN_PROCESS(arch_fpregs_are_zero_and_then_what_was_written)
{
	struct arch_thread *thread = arch_this_thread();
	struct arch_fpregs regs, again;

	arch_user_start(0x10000, 0x20000);
	memset(&regs, 0x55, sizeof(regs));
	arch_regs_give();
	arch_fpregs_get(thread, &regs);
	for (unsigned i = 0; i < 33; i++)
		EXPECT_EQ(0, regs.word[i]);
	for (unsigned i = 0; i < 32; i++)
		regs.word[i] = i;
	regs.word[32] = 0x21;
	arch_fpregs_set(thread, &regs, sizeof(regs));
	arch_regs_take_back();
	arch_regs_give();
	arch_fpregs_get(thread, &again);
	EXPECT_EQ(0, memcmp(&regs, &again, sizeof(regs)));
	regs.word[0] = 77;
	regs.word[1] = 78;
	arch_fpregs_set(thread, &regs, sizeof(regs.word[0])); /* the first one only */
	arch_fpregs_get(thread, &again);
	EXPECT_EQ(77, again.word[0]);
	EXPECT_EQ(1, again.word[1]);
	arch_regs_take_back();
}
