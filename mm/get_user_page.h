/* SPDX-License-Identifier: MIT */
/* The only door into an address space that is not the running one. */
#pragma once

#include "mm/phys/page.h"
#include "mm/space.h"
#include "mm/vm_wait.h"

/*
 * The page behind va, made accessible as the access asks (VM_PROT_READ or VM_PROT_WRITE, which breaks
 * COW), referenced; reached by page_address(). Takes the fault path and waits, by
 * mm_host.pause and for memory. 0, -EFAULT, -ENOMEM, -EINTR.
 *
 * For reading: a write fault copies the page as long as it is referenced. For writing: a private page
 * is pinned; a write fault reuses it, fork copies it for the child.
 * => as relieve(); put_user_page() gives it back, of the same space and for the same access,
 * and until then a space whose page is pinned stays
 */
int get_user_page(struct space *space, vaddr_t va, unsigned access, struct page **page_ret);
void put_user_page(struct space *space, struct page *page, unsigned access);

/* Copies through get_user_page(): n bytes to or from another space. 0 or negative errno as above. */
int vm_copy_to(struct space *space, vaddr_t to, const void *from, size_t n);
int vm_copy_from(struct space *space, void *to, vaddr_t from, size_t n);
