/* SPDX-License-Identifier: MIT */
/* What Linux does with the memory of a space beyond the verbs of mm/verbs.h, with the conventions of that file. */
#pragma once

#include "mm/verbs.h"

/*
 * mlockall(2), and with two zeros munlockall(2). `now` are the flags for all that is mapped,
 * `future` those for later mappings. `now` is 0 for MCL_FUTURE alone: what is mapped then stays as
 * it is. Returns 0; -EPERM or -ENOMEM as vm_lock() does.
 */
int vm_lock_all(struct space *space, unsigned now, unsigned future);

/* mseal(2). Returns 0; or -EINVAL; or -ENOMEM: a part is not mapped, and nothing is sealed, or there is no memory for a split. */
int vm_seal(struct space *space, vaddr_t addr, size_t len);

/*
 * remap_file_pages(2): maps other pages of an object, from page `index` on, where whole pages of shared mappings of it are.
 * `flags` are the program's, unchecked.
 */
int vm_remap_pages(struct space *space, vaddr_t addr, size_t len, uint64_t index, uint64_t flags);

/* A part of an object that a mapping shows. */
struct vm_shown {
	struct object *object; /* as by object_use() for the caller */
	uint64_t start, end;   /* in bytes */
};
/*
 * For msync: finds the first mapping in [*addr, end) through which an object was written that has to
 * be synced (struct object_ops), fills in *ret, and moves *addr to the end of the mapping in the
 * range. Returns false if there is none. The caller holds the mmap lock, and syncs without it.
 */
bool vm_sync_next(struct space *space, vaddr_t *addr, vaddr_t end, struct vm_shown *ret);

/* Which VMAs vm_clear_refs() is about: all, those without an object, or those with one. */
enum vm_refs { VM_REFS_ALL, VM_REFS_ANON, VM_REFS_FILES };

/*
 * Forgets that the pages of these VMAs were used (vm_usage.referenced), some under each hold of the space's lock, and fences
 * that. Returns 0 or -EINTR. Call with no spinning lock held.
 */
int vm_clear_refs(struct space *space, enum vm_refs which);
/* The most pages that were resident at once are those that are now. Takes the space's lock. */
void vm_forget_peak(struct space *space);
