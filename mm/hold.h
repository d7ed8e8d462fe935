/* The only door into an address space that is not the running one. */
#pragma once

#include "mm/page.h"
#include "mm/space.h"
#include "mm/vm_wait.h"

/*
 * The page behind va, made accessible as the access asks (RIGHT_*; breaks COW for writes),
 * referenced; reached by page_address(). Takes the fault path and waits by mm_host.pause. 0,
 * -EFAULT, -ENOMEM, -EINTR.
 * => no spinning lock held; page_put() gives it back
 */
int vm_hold(struct space *space, vaddr_t va, unsigned access, struct page **page_ret);

/* Copies through vm_hold(): n bytes to or from another space. 0 or negative errno as above. */
int vm_copy_to(struct space *space, vaddr_t to, const void *from, size_t n);
int vm_copy_from(struct space *space, void *to, vaddr_t from, size_t n);
