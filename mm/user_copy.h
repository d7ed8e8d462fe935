/* SPDX-License-Identifier: MIT */
/* Copies between the kernel and the running address space. */
#pragma once

#include "arch/page.h"
#include "lib/types.h"

/* Whether all of it lies where user addresses may. Nothing does at length 0. */
static inline bool user_range_ok(vaddr_t va, size_t n)
{
	return n == 0 || (va >= USER_BASE && va < USER_TOP && n <= USER_TOP - va);
}

/*
 * The range is checked, faults are served (lazy, BSS, COW, file pages), waits happen. 0 or -EFAULT.
 * => no spinning lock held
 */
int user_copy_in(void *to, vaddr_t from, size_t n);
int user_copy_out(vaddr_t to, const void *from, size_t n);

/*
 * As above, but the number of bytes that went, for partial transfers; 0 where the range is not the
 * user's.
 */
size_t user_copy_in_some(void *to, vaddr_t from, size_t n);
size_t user_copy_out_some(vaddr_t to, const void *from, size_t n);
size_t user_clear_some(vaddr_t to, size_t n);

/*
 * A string of at most n bytes, NUL included: its length, -ENAMETOOLONG where no NUL was among them,
 * -EFAULT.
 */
ssize_t user_copy_string(char *to, vaddr_t from, size_t n);

/*
 * A word in one access, and a word that becomes `new` where it is *old, in one step; what was found
 * is in *old then. 0 (the same or not) or -EFAULT; faults as above.
 * => the address is a multiple of 4; no spinning lock held
 */
int user_load_word(uint32_t *to, vaddr_t from);
int user_cas_word(vaddr_t at, uint32_t *old, uint32_t new);
