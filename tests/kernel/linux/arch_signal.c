/* SPDX-License-Identifier: MIT */
/* The arch boundary's signal frames: registers out and in again, and frames that are none. */
#include "abi/errno.h"
#include "abi/syscall.h"
#include "abi/vdso.h"
#include "arch/context.h"
#include "arch/hart.h"
#include "linux/arch/signal.h"
#include "linux/process/vdso.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/fault/user_copy.h"
#include "proc/process.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "tests/kernel/user_program.h"

#define AREA	    0x40000ul
#define AT	    (AREA + PAGE_SIZE - 100) /* over the edge of a page */
#define FIELD(name) (AT + offsetof(struct arch_sigcontext, name))

/* The running process's frame as an image begins, each register different; and memory at AREA. */
static struct trap_frame *begin(void)
{
	struct trap_frame *frame = arch_thread_frame(arch_this_thread());
	struct uspace *mine = current_process()->uspace;

	uspace_lock(mine);
	EXPECT_EQ(AREA, space_map(mine, AREA, 2 * PAGE_SIZE, READ_WRITE, 0));
	uspace_unlock(mine);
	arch_frame_start(frame, 0x10000, 0x20000);
	for (unsigned i = 0; i < ARRAY_SIZE(frame->x); i++)
		frame->x[i] = 0x1000 + i;
	return frame;
}

static uint64_t word(vaddr_t at)
{
	uint64_t value = 0;

	EXPECT_EQ(0, user_copy_in(&value, at, sizeof(value)));
	return value;
}

static void set_word(vaddr_t at, uint64_t value)
{
	EXPECT_EQ(0, user_copy_out(at, &value, sizeof(value)));
}

static int save_and_load(void *arg)
{
	struct trap_frame *frame = begin(), before = *frame;

	EXPECT_EQ(0, arch_sigcontext_save(AT));
	memset(frame->x, 0x55, sizeof(frame->x));
	frame->pc = 4;
	EXPECT_EQ(0, arch_sigcontext_load(AT));
	EXPECT_EQ(0, memcmp(frame->x, before.x, sizeof(before.x)));
	EXPECT_EQ(before.pc, frame->pc);
	EXPECT_EQ(0, word(FIELD(f[3]))); /* nobody has used the FPU */
	set_word(FIELD(f[3]), 0x4008000000000000);
	set_word(FIELD(fcsr), 0x21);
	EXPECT_EQ(0, arch_sigcontext_load(AT));
	set_word(FIELD(f[3]), 1);
	set_word(FIELD(fcsr), 1);
	EXPECT_EQ(0, arch_sigcontext_save(AT));
	EXPECT_EQ(0x4008000000000000, word(FIELD(f[3])));
	EXPECT_EQ(0x21, word(FIELD(fcsr)));
	EXPECT_TRUE(frame_is_user(frame));
	return 3;
}

/* R9 */
KTEST(arch_signal_context_goes_out_and_comes_back)
{
	EXPECT_EQ(EXITED(3), ktest_run(save_and_load, NULL));
}

/* As on Linux what was read before the refusal stays. */
static int load_bad(void *arg)
{
	struct trap_frame *frame = begin();

	EXPECT_EQ(0, arch_sigcontext_save(AT));
	EXPECT_EQ(-EFAULT, arch_sigcontext_save(AREA + 2 * PAGE_SIZE - 100));
	EXPECT_EQ(-EFAULT, arch_sigcontext_save(AREA - PAGE_SIZE));
	EXPECT_EQ(-EFAULT, arch_sigcontext_load(AREA - PAGE_SIZE));
	EXPECT_EQ(0x10000, frame_pc(frame));
	for (unsigned i = 0; i < 3; i++) {
		uint32_t value = 1, zero = 0;

		set_word(FIELD(x[0]), 0x30000 + i);
		EXPECT_EQ(0, user_copy_out(FIELD(end[i]), &value, sizeof(value)));
		EXPECT_EQ(-EINVAL, arch_sigcontext_load(AT));
		EXPECT_EQ(0x30000 + i, frame_pc(frame));
		EXPECT_EQ(0, user_copy_out(FIELD(end[i]), &zero, sizeof(zero)));
	}
	EXPECT_EQ(-EFAULT, arch_sigcontext_load(AREA + 2 * PAGE_SIZE - 100));
	EXPECT_TRUE(frame_is_user(frame));
	EXPECT_EQ(0, arch_sigcontext_load(AT));
	EXPECT_EQ(0x30002, frame_pc(frame));
	return 3;
}

KTEST(arch_signal_context_that_is_none_is_refused)
{
	EXPECT_EQ(EXITED(3), ktest_run(load_bad, NULL));
}

static int call_handler(void *arg)
{
	const struct arch_frame_call call = {
		.function = 0x40000,
		.ret = 0x50000,
		.sp = 0x60000,
		.args = { 11, 1, 2 },
	};
	struct trap_frame *frame = arch_thread_frame(arch_this_thread());

	arch_frame_start(frame, 0x10000, 0x20000);
	arch_frame_call(frame, &call);
	EXPECT_EQ(0x40000, frame_pc(frame));
	EXPECT_EQ(0x50000, frame_caller(frame));
	EXPECT_EQ(0x60000, frame_sp(frame));
	EXPECT_EQ(11, frame_result(frame));
	EXPECT_EQ(1, frame_arg(frame, 1));
	EXPECT_EQ(2, frame_arg(frame, 2));
	return 3;
}

KTEST(arch_signal_handlers_begin_with_their_arguments)
{
	EXPECT_EQ(EXITED(3), ktest_run(call_handler, NULL));
}

static int restart(void *arg)
{
	struct trap_frame *frame = arch_thread_frame(arch_this_thread());

	arch_frame_start(frame, 0x10004, 0x20000);
	frame->orig_a0 = 77;
	frame_set_result(frame, -EINTR);
	frame_restart(frame);
	frame_set_syscall(frame, SYS_restart_syscall);
	EXPECT_EQ(0x10000, frame_pc(frame));
	EXPECT_EQ(77, frame_result(frame));
	EXPECT_EQ(SYS_restart_syscall, frame_syscall(frame));
	return 3;
}

/* Behind the call that is made again is an end that tells that it was not. */
PROGRAM(made_again, ECALL, EXIT(99));

/* A call has been interrupted, and exit(77) is made now: that is it, or it replaces it. */
static int exit_again(void *number)
{
	struct trap_frame *frame = arch_thread_frame(arch_this_thread());

	if (program_load(&made_again))
		return 98;
	arch_frame_start(frame, CODE_AT + 4, 0);
	frame_set_syscall(frame, (uintptr_t)number);
	frame->orig_a0 = 77;
	frame_set_result(frame, -EINTR);
	frame_restart(frame);
	if ((uintptr_t)number != SYS_exit)
		frame_set_syscall(frame, SYS_exit);
	arch_enter_user();
}

KTEST(arch_signal_system_calls_are_made_again)
{
	EXPECT_EQ(EXITED(3), ktest_run(restart, NULL));
	EXPECT_EQ(EXITED(77), ktest_run(exit_again, (void *)SYS_exit));
	EXPECT_EQ(EXITED(77), ktest_run(exit_again, (void *)SYS_getpid));
}

/* The two instructions that debuggers and unwinders look for. */
KTEST(arch_sigreturn_code_is_what_debuggers_know)
{
	static const uint32_t code[] = { 0x08b00893, 0x00000073 };

	EXPECT_EQ(0, memcmp(code, vdso_image + VDSO_RT_SIGRETURN, sizeof(code)));
}
