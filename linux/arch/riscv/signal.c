/* SPDX-License-Identifier: MIT */
/* Signal frames on RISC-V: saves and restores registers. */
#include "linux/arch/signal.h"

#include "abi/errno.h"
#include "arch/context.h"
#include "arch/hart.h"
#include "arch/riscv/fpu.h"
#include "arch/usercopy.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "sync/preempt.h"

#define AT(base, field) ((base) + offsetof(struct arch_sigcontext, field))
#define REGISTERS	sizeof(((struct arch_sigcontext *)0)->x)

/* The end of the list of extensions, with the word before it: two whole words to copy. */
struct list_end {
	uint32_t unused, end[3];
};
#define LIST_END (sizeof(struct arch_sigcontext) - sizeof(struct list_end))

_Static_assert(offsetof(struct trap_frame, x) == sizeof(uint64_t), "pc, then x1 to x31");
_Static_assert(offsetof(struct fpu_state, fcsr) == sizeof(((struct arch_sigcontext *)0)->f),
	       "fcsr is behind f in both");

static int save_floats(struct arch_thread *thread, vaddr_t to)
{
	int err;

	if (fpu_is_initial(thread))
		return arch_clear_out(to, sizeof(thread->fpu)) ? -EFAULT : 0;
	fpu_pin(thread);
	err = fpu_copy_out(to);
	fpu_unpin(thread);
	return err;
}

/*
 * Loads the registers directly, with preemption off, so that it fails if a page is missing. Then the FPU has some of another
 * thread's registers and some of the program's: it holds nobody's, and all of the thread's are 0.
 */
static int load_from(struct arch_thread *thread, vaddr_t from)
{
	int err;

	preempt_disable();
	err = fpu_copy_in(from);
	if (likely(!err)) {
		thread->frame.status |= 1ul << 63 | SSTATUS_FS;
	} else {
		memset(&thread->fpu, 0, sizeof(thread->fpu));
		fpu_turn_off(thread);
	}
	preempt_enable();
	return err;
}

/*
 * Loads the running thread's registers from a struct fpu_state in user memory. Returns 0, or
 * -EFAULT if that can't be read; some of the registers have changed then. Call as a user copy.
 */
static int fpu_restore(vaddr_t from)
{
	struct arch_thread *thread = arch_this_thread();

	if (likely(!load_from(thread, from)))
		return 0;
	/* With FS off no switch looks at what is being copied. */
	return arch_copy_in(&thread->fpu, from, sizeof(thread->fpu)) ? -EFAULT : 0;
}

int arch_sigcontext_save(vaddr_t to)
{
	struct arch_thread *thread = arch_this_thread();

	if (arch_copy_out(to, &thread->frame, REGISTERS) || save_floats(thread, AT(to, f)) ||
	    arch_clear_out(to + LIST_END, sizeof(struct list_end)))
		return -EFAULT;
	return 0;
}

int arch_sigcontext_load(vaddr_t from)
{
	struct arch_thread *thread = arch_this_thread();
	struct list_end last;
	int err;

	if (arch_copy_in(&thread->frame, from, REGISTERS))
		return -EFAULT;
	arch_frame_replaced(thread);
	err = fpu_restore(AT(from, f));
	if (err || arch_copy_in(&last, from + LIST_END, sizeof(last)))
		return -EFAULT;
	return last.end[0] || last.end[1] || last.end[2] ? -EINVAL : 0;
}
