/* SPDX-License-Identifier: MIT */
/* Grows a stack down to a fault's address, within its limit and above its guard gap. */
#include "mm/fault/stack_grow.h"

#include "mm/space/commit.h"

/* A refused access no further below a stack than this is reported as a stack overflow. */
#define OVERFLOW_REACH STACK_GUARD_GAP

/*
 * As on Linux, an accessible VMA below the stack must be at least a guard gap away. One that is
 * being moved may become accessible again.
 */
static bool stack_gap_is_free(struct vma *stack, vaddr_t start)
{
	struct vma *below = vma_prev(stack);

	return !below || (below->flags & VMA_STACK) ||
	       (!below->prot && !(below->flags & VMA_MOVING)) ||
	       start - below->end >= STACK_GUARD_GAP;
}

/*
 * With commit=strict, the growth counts, and a refusal ends like one for a limit, as on Linux. If
 * the answer is true, the stack must grow: the space has the credit for it.
 */
static bool stack_may_grow(struct vma *stack, vaddr_t start)
{
	struct space *space = stack->space;

	if (start < USER_BASE || !space_may_stack(space, stack->end - start))
		return false;
	return stack_gap_is_free(stack, start) &&
	       space_may_expand(space, stack->prot, stack->flags, stack->start - start) &&
	       space_may_commit(space, stack->flags, stack->start - start);
}

enum vm_outcome fault_await_verb(struct fault *fault)
{
	struct space *space = fault->space;

	return space_await_verb(space, fault->wait);
}

enum vm_outcome fault_grow(struct fault *fault, struct vma *above)
{
	struct space *space = fault->space;
	bool is_stack = above && (above->flags & VMA_STACK);
	/* The stack needs the room from the fault's address to here. */
	vaddr_t last = is_stack ? above->start : fault->va;

	assert_hardened(spin_lock_held(&space->lock));
	if (fault->va < space->busy_end && last >= space->busy_start)
		return fault_await_verb(fault); /* it works on the room or on the stack */
	if (!is_stack || fault->access & ACCESS_NO_GROW)
		return VM_SEGV_MAPERR;
	if (!stack_may_grow(above, fault->va))
		return above->start - fault->va > OVERFLOW_REACH ? VM_SEGV_MAPERR : VM_SEGV_STACK;
	vma_set_start(above, fault->va);
	space->stats.grow++;
	return VM_OK;
}
