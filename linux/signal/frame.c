/* SPDX-License-Identifier: MIT */
/* The sigframe: a signal handler's frame on the program's stack, and the return from it. */
#include "linux/signal/frame.h"

#include "abi/errno.h"
#include "linux/arch/signal.h"
#include "linux/process/task.h"
#include "linux/signal/queue.h"
#include "linux/signal/send.h"
#include "mm/fault/user_copy.h"
#include "proc/process.h"

/* The part of a sigframe that does not depend on the machine. */
struct sigframe {
	struct abi_siginfo info;
	struct abi_ucontext ucontext;
};

/* The part that is written. As on Linux, the bytes behind it keep what the program had there. */
#define WRITTEN_SIZE	offsetof(struct sigframe, ucontext.unused)
/* The machine's registers follow, at the end of the ucontext. */
#define UCONTEXT_OFFSET offsetof(struct sigframe, ucontext)
#define CONTEXT_OFFSET	sizeof(struct sigframe)
#define FRAME_SIZE	(CONTEXT_OFFSET + sizeof(struct arch_sigcontext))
#define FRAME_ALIGN	16

/* The part of the ucontext that rt_sigreturn reads back, in the same layout. */
struct restored {
	struct abi_stack stack;
	uint64_t mask;
};
#define RESTORED_OFFSET offsetof(struct sigframe, ucontext.uc_stack)
_Static_assert(offsetof(struct abi_ucontext, uc_sigmask) -
			       offsetof(struct abi_ucontext, uc_stack) ==
		       offsetof(struct restored, mask),
	       "the mask follows the stack");

#define STACK_FLAGS SS_AUTODISARM

/* An address at which no stack can be. */
#define NOWHERE (-(vaddr_t)FRAME_ALIGN)

/* A stack with SS_AUTODISARM never counts as in use. */
static bool on_stack(const struct abi_stack *stack, vaddr_t sp)
{
	return !((uint32_t)stack->ss_flags & SS_AUTODISARM) && sp > stack->ss_sp &&
	       sp - stack->ss_sp <= stack->ss_size;
}

static int stack_state(const struct abi_stack *stack, vaddr_t sp)
{
	if (!stack->ss_size)
		return SS_DISABLE;
	return on_stack(stack, sp) ? SS_ONSTACK : 0;
}

int signal_stack(vaddr_t sp, const struct abi_stack *new, struct abi_stack *old_ret)
{
	struct abi_stack *stack = &current_task()->signals.stack;
	uint32_t mode;

	*old_ret = (struct abi_stack){ .ss_sp = stack->ss_sp, .ss_size = stack->ss_size };
	old_ret->ss_flags = stack_state(stack, sp) |
			    (int32_t)((uint32_t)stack->ss_flags & STACK_FLAGS);
	if (!new)
		return 0;
	if (on_stack(stack, sp))
		return -EPERM;
	mode = (uint32_t) new->ss_flags & ~STACK_FLAGS;
	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
		return -EINVAL;
	if (mode != SS_DISABLE && new->ss_size < ABI_MINSIGSTKSZ)
		return -ENOMEM;
	*stack = (struct abi_stack){ .ss_flags = new->ss_flags };
	if (mode != SS_DISABLE) {
		stack->ss_sp = new->ss_sp;
		stack->ss_size = new->ss_size;
	}
	return 0;
}

/* Returns the frame's address; NOWHERE if the handler would overrun its alternate stack. */
static vaddr_t place_frame(const struct abi_stack *stack, vaddr_t sp, uint64_t flags)
{
	if (on_stack(stack, sp) && !on_stack(stack, sp - FRAME_SIZE))
		return NOWHERE;
	if (flags & SA_ONSTACK && stack_state(stack, sp) == 0)
		sp = stack->ss_sp + stack->ss_size;
	return (sp - FRAME_SIZE) & ~(vaddr_t)(FRAME_ALIGN - 1);
}

static int write_siginfo(vaddr_t at, const struct signal_info *info, const struct abi_stack *stack,
			 uint64_t mask)
{
	struct sigframe sigframe;

	signal_info_to_abi(info, &sigframe.info);
	sigframe.ucontext.uc_flags = 0;
	sigframe.ucontext.uc_link = 0;
	sigframe.ucontext.uc_stack = *stack;
	sigframe.ucontext.uc_sigmask = mask;
	return user_copy_out(at, &sigframe, WRITTEN_SIZE);
}

int signal_frame_write(struct trap_frame *frame, const struct signal_info *info,
		       const struct abi_sigaction *action, uint64_t mask)
{
	struct abi_stack *stack = &current_task()->signals.stack;
	vaddr_t at = place_frame(stack, frame_sp(frame), action->flags);
	const struct arch_frame_call call = {
		.function = action->handler,
		.ret = current_process()->uspace->sigreturn,
		.sp = at,
		.args = { (unsigned long)info->sig, at, at + UCONTEXT_OFFSET },
	};

	if (!user_range_ok(at, FRAME_SIZE) || arch_sigcontext_save(at + CONTEXT_OFFSET) ||
	    write_siginfo(at, info, stack, mask))
		return -EFAULT;
	if ((uint32_t)stack->ss_flags & SS_AUTODISARM)
		*stack = SIGNAL_NO_STACK;
	arch_frame_call(frame, &call);
	return 0;
}

static bool is_same_stack(const struct abi_stack *a, const struct abi_stack *b)
{
	return a->ss_sp == b->ss_sp && a->ss_size == b->ss_size && a->ss_flags == b->ss_flags;
}

/* Restores the alternate stack if possible. As on Linux, a failure to do so is not reported. */
int signal_frame_return(struct trap_frame *frame)
{
	vaddr_t at = frame_sp(frame);
	struct restored restored;
	struct abi_stack old;
	uint64_t mask;
	int err;

	if (!user_range_ok(at, FRAME_SIZE) ||
	    user_copy_in(&restored, at + RESTORED_OFFSET, sizeof(restored)))
		return -EFAULT;
	signal_mask(SIG_SETMASK, &restored.mask, &mask);
	err = arch_sigcontext_load(at + CONTEXT_OFFSET);
	if (err)
		return err;
	if (!is_same_stack(&current_task()->signals.stack, &restored.stack))
		signal_stack(frame_sp(frame), &restored.stack, &old);
	return 0;
}
