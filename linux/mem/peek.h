/* SPDX-License-Identifier: MIT */
/* Access to the memory of another address space for /proc/PID/mem, debuggers and core files. */
#pragma once

#include "mm/fault/get_user_page.h"

/* Copy n bytes to or from another space as vm_copy_to() does, but a stack does not grow: below it is nothing. */
int vm_copy_to_mapped(struct space *space, vaddr_t to, const void *from, size_t n);
int vm_copy_from_mapped(struct space *space, void *to, vaddr_t from, size_t n);

/*
 * Copy n bytes for a debugger: accesses are done that an mprotect could allow. What is read-only and private is
 * written to a copy of the page. All harts see the new text. Return 0 or a negative errno of get_user_page().
 */
int vm_poke(struct space *space, vaddr_t to, const void *from, size_t n);
int vm_peek(struct space *space, void *to, vaddr_t from, size_t n);

/*
 * For a core file: returns the page at va, of whatever permissions, for put_user_page() as one for reading; NULL if
 * there are only zeros, or it cannot be had. (In swap it can only be had where it may be read.) Waits as get_user_page().
 */
struct page *user_page_if_any(struct space *space, vaddr_t va);
