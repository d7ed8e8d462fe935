/* SPDX-License-Identifier: MIT */
/* Strict commit accounting (boot option commit=strict): memory is promised only if there is room. */
#pragma once

/*
 * Without the option, a reservation costs nothing (Linux: vm.overcommit_memory=1). With it, a
 * request that may need more frames than there are is refused when it is made, with ENOMEM
 * (Linux: 2). What counts, whether it was touched or not:
 *
 * - the VMAs with VMA_ACCOUNT: private ones that are writable, or once were, in each space.
 *   MAP_NORESERVE changes nothing. A copy for a child counts as well.
 * - shared anonymous memory: once, with its object, for as long as that exists
 * - the pages of files and memfds that are not read from anywhere: one by one, as they are made.
 *   These are refused like those beyond the files' share of memory: ENOSPC, or SIGBUS for a store.
 *
 * What is read-only, or maps a file and is shared, does not count. The limit is the allocator's
 * frames less an eighth, which is left to page tables, the kernel's own memory and the pages of
 * files that can be read again; and swap. No hard guarantee: a program can make the kernel use
 * more than that eighth, and then the OOM killer still ends one.
 *
 * A verb first adds what it is going to need to its space's credit (space_commit()), which is where
 * it may be refused. VMAs take from the credit as they come and give to it as they go
 * (space_count_committed()), so that what replaces or moves memory pays only for the difference.
 * When the verb ends, the rest of the credit is given back (space_unlock_idle()).
 */

#include "lib/types.h"
#include "mm/space/space_lock.h"

/* VMA_ACCOUNT if accounting is on, else 0. Constant after boot. */
extern unsigned commit_account;

static inline bool commit_is_strict(void)
{
	return unlikely(commit_account);
}

/* Boot, or a test: turns accounting on or off. Call while there is no space and no object. */
void commit_set_strict(bool strict);

/*
 * Raises the limit by so many pages of swap, or lowers it, whatever has been promised. Any context.
 */
void commit_add_limit(ssize_t pages);

/*
 * Lowers the limit by so many pages. Returns false, with nothing changed, if more than that leaves
 * has been promised. Any context.
 */
bool commit_lower_limit(size_t pages);

size_t commit_limit(void);   /* pages that may be promised */
size_t commit_charged(void); /* pages that are */

/*
 * Promises so many pages. Returns false, and counts nothing, if that is more than the limit allows.
 * commit_uncharge() takes a promise back. Both only while accounting is on. Any context.
 */
bool commit_charge(size_t pages);
void commit_uncharge(size_t pages);

/* Returns VMA_ACCOUNT if private memory with such prot and flags counts, else 0. */
static inline unsigned commit_flag(unsigned prot, unsigned vma_flags)
{
	return (prot & VM_PROT_WRITE) && !(vma_flags & VMA_SHARED) ? commit_account : 0;
}

/*
 * Adds bytes, whole pages, to the space's credit. Returns false, with nothing changed, if the limit
 * does not allow that. The caller holds the space's lock.
 */
bool space_commit(struct space *space, size_t bytes);

/*
 * space_commit() for memory of a VMA with such flags, if that memory counts. Returns false, too, if it is to be locked and
 * LIMIT_LOCKED does not allow that.
 */
bool space_commit_flags(struct space *space, unsigned vma_flags, size_t bytes);

/* True at once if there is nothing to count. */
static inline bool space_may_commit(struct space *space, unsigned vma_flags, size_t bytes)
{
	return likely(!(vma_flags & (VMA_ACCOUNT | VMA_LOCKED))) ||
	       space_commit_flags(space, vma_flags, bytes);
}

/*
 * Counts `delta` more bytes of VMAs with VMA_ACCOUNT, for fewer it wraps, and takes them from the
 * credit. The caller holds the space's lock.
 */
static inline void space_count_committed(struct space *space, size_t delta)
{
	assert_hardened(spin_lock_held(&space->lock));
	space->committed_bytes += delta;
	space->commit_credit -= (ssize_t)delta;
	space->at_idle |= AT_IDLE_SETTLE;
}

/*
 * Gives back what is left of the space's credit. The caller holds the mmap lock, or destroys the
 * space, and holds no spinning lock.
 */
void space_settle(struct space *space);
