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
 * Copy n bytes to or from another space through get_user_page(). Return 0 or a negative errno as
 * above.
 */
int vm_copy_to(struct space *space, vaddr_t to, const void *from, size_t n);
int vm_copy_from(struct space *space, void *to, vaddr_t from, size_t n);
/* Both: to the space if `out`, else from it. `flags`: ACCESS_* for the fault. */
int vm_copy_pages(struct space *space, vaddr_t va, void *bytes, size_t n, bool out, unsigned flags);
