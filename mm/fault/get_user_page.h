/* SPDX-License-Identifier: MIT */
/* The only way to the memory of an address space that is not the running one. */
#pragma once

#include "mm/phys/page.h"
#include "mm/space/space_lock.h"
#include "mm/vm_wait.h"

/*
 * Gets the page at va with a reference, accessible for `access`: VM_PROT_READ, or VM_PROT_WRITE,
 * which breaks COW. Its bytes are at page_address(). Takes the fault path, and waits by
 * mm_host.pause() and for memory; for locks, see relieve(). Returns 0, -EFAULT, -ENOMEM or -EINTR.
 * A device's registers are -EFAULT.
 *
 * For reading: a write fault copies the page as long as it is referenced. For writing: a private
 * page is pinned, so that a write fault reuses it, and fork copies it for the child.
 *
 * put_user_page() drops the reference; pass the same space and access. A space with a pinned page
 * must not be destroyed before that.
 */
int get_user_page(struct space *space, vaddr_t va, unsigned access, struct page **page_ret);
void put_user_page(struct space *space, struct page *page, unsigned access);

/*
 * For vm_fault_take(): returns the page of an entry, with its reference, for put_user_page(); NULL if the entry does not
 * allow the access. The caller holds the space's lock; the access was not refused.
 */
struct page *user_page_take(struct space *space, vaddr_t va, struct mmu_entry entry,
			    unsigned access);

/*
 * For a core file: returns the page at va, of whatever permissions, for put_user_page() as one for reading; NULL if
 * there are only zeros, or it cannot be had. (In swap it can only be had where it may be read.) Waits as above.
 */
struct page *user_page_if_any(struct space *space, vaddr_t va);

/*
 * Copy n bytes to or from another space through get_user_page(). Return 0 or a negative errno as
 * above.
 */
int vm_copy_to(struct space *space, vaddr_t to, const void *from, size_t n);
int vm_copy_from(struct space *space, void *to, vaddr_t from, size_t n);

/* Copy n bytes to or from another space as vm_copy_to() does, but a stack does not grow: below it is nothing. */
int vm_copy_to_mapped(struct space *space, vaddr_t to, const void *from, size_t n);
int vm_copy_from_mapped(struct space *space, void *to, vaddr_t from, size_t n);

/*
 * Copy n bytes for a debugger: accesses are done that an mprotect could allow. What is read-only and private is
 * written to a copy of the page. All harts see the new text. Return 0 or a negative errno of get_user_page().
 */
int vm_poke(struct space *space, vaddr_t to, const void *from, size_t n);
int vm_peek(struct space *space, void *to, vaddr_t from, size_t n);
