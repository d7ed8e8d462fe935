/* SPDX-License-Identifier: MIT */
/* The one place that grants access to a page. */
#pragma once

#include "mm/fault.h"

/* Between the parts of the dispatcher, beside 0, VM_WAIT and the outcomes: */
#define FAULT_AGAIN 2 /* the world has changed: look again */
#define FAULT_GO    3 /* a page has to be got first */
#define FAULT_SPENT 4 /* served by the frame that was zeroed ahead: zero the next */

/* What an access is, with this VMA and an entry that is not EMPTY. => space lock held */
enum fault_kind fault_judge_held(unsigned access, const struct vma *vma, struct mmu_entry entry);

/* The same for any entry. (Most are EMPTY, and then there is little to ask.) */
static inline __attribute__((always_inline)) enum fault_kind fault_judge(unsigned access,
									 const struct vma *vma,
									 struct mmu_entry entry)
{
	struct fault_facts facts = {
		.access = access,
		.vma_rights = vma->rights,
		.vma_shared = vma_is_shared(vma),
		.entry_state = ENTRY_EMPTY,
	};

	if (unlikely(!entry_empty(entry)))
		return fault_judge_held(access, vma, entry);
	return fault_classify(&facts);
}

/*
 * ACCESSED, SPURIOUS, REUSE, REMAP: what needs no page (mm/in_place.c). 0 or FAULT_AGAIN.
 * => space lock held since the look-up that found fault->vma, fault->slot and fault->entry, and
 * judged them
 */
int install_in_place(struct fault *fault);

/*
 * The VMA has got more rights: entries of [start, end) follow at once where they are few and have the
 * page to themselves, as the next access would otherwise have to ask. The others follow by faults.
 * => space lock held
 */
void install_gained(const struct vma *vma, vaddr_t start, vaddr_t end);

/*
 * FILL and COW where the page is there for the taking (and its neighbours with it). 0, FAULT_SPENT;
 * FAULT_GO: it is not.
 * => as above, and the table is there
 */
int install_at_hand(struct fault *fault);

/*
 * FILL and COW: grants fault->page, or the spare where that is NULL, at fault->va, if all is still
 * as it was found. 0: the reference to it is the entry's now; FAULT_AGAIN: nothing has changed, but
 * for a table that was missing; VM_DYING.
 * => no spinning lock held
 */
int vma_install(struct fault *fault);

/*
 * Is the fault's mapping what it was when it was looked up? If not, a refusal that was met since is
 * none.
 * => no spinning lock held
 */
bool install_is_current(struct fault *fault);
