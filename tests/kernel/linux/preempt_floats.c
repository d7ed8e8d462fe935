/* SPDX-License-Identifier: MIT */
/* Where a thread that saves or loads the registers of a signal frame loses its hart to another. */
#include "arch/context.h"
#include "arch/hart.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/arch/signal.h"
#include "mm/fault/user_copy.h"
#include "mm/verbs.h"
#include "proc/process.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "tests/kernel/storm.h"

#define ROUNDS	  1200
#define FLOATS_AT (STORM_AREA + PAGE_SIZE - 400) /* over the edge of a page */

/* Loads floating-point registers and stores them again: each process has its own. */
static int use_floats(void *arg)
{
	static struct arch_sigcontext contexts[3], backs[3];
	struct arch_sigcontext *context = &contexts[(uintptr_t)arg], *back = &backs[(uintptr_t)arg];
	uint64_t me = (uintptr_t)arg;

	if (storm_map())
		return 1;
	arch_frame_start(arch_thread_frame(arch_this_thread()), 0x10000, 0x20000);
	if (arch_sigcontext_save(FLOATS_AT) || user_copy_in(context, FLOATS_AT, sizeof(*context)))
		return 2;
	for (uint64_t round = 0; storm_goes_on(round, ROUNDS); round++) {
		for (uint64_t i = 0; i < ARRAY_SIZE(context->f); i++)
			context->f[i] = (me + 1) << 56 | round << 32 | i;
		context->fcsr = (uint32_t)(me + round) & 31;
		if (user_copy_out(FLOATS_AT, context, sizeof(*context)) ||
		    arch_sigcontext_load(FLOATS_AT))
			return 3;
		if (round % 8 == 0) { /* the page is to come by a fault the next time */
			struct uspace *mine = current_process()->uspace;

			uspace_lock(mine);
			if (vm_madvise(&mine->space, STORM_AREA, 2 * PAGE_SIZE, 4 /* DONTNEED */))
				return 4;
			uspace_unlock(mine);
		}
		if (arch_sigcontext_save(FLOATS_AT) || user_copy_in(back, FLOATS_AT, sizeof(*back)))
			return 5;
		if (memcmp(back->f, context->f, sizeof(back->f)) || back->fcsr != context->fcsr)
			return 6;
	}
	storm_count_switches();
	return 0;
}

/* R9: the registers of a signal frame, out and in, are one's own wherever one was preempted */
KTEST_ALONE(preempt_in_the_middle_of_floating_point_registers)
{
	storm_run_three(use_floats);
}
