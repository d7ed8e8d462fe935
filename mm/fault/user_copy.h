/* SPDX-License-Identifier: MIT */
/* Copies between the kernel and the running address space. */
#pragma once

#include "abi/errno.h"
#include "arch/page.h"
#include "arch/usercopy.h"
#include "lib/assert.h"
#include "lib/types.h"
#include "sync/lockorder.h"

/* Does all of [va, va + n) lie where user addresses may be? At length 0 it always does. */
static inline bool user_range_ok(vaddr_t va, size_t n)
{
	const size_t all = USER_TOP - USER_BASE;

	/* One comparison where n is a constant: the difference wraps below USER_BASE. */
	return n == 0 || (n <= all && va - USER_BASE <= all - n);
}

/*
 * Copy n bytes after checking the range. Faults are resolved (demand paging, copy-on-write, file
 * pages), and may wait. Return 0 or -EFAULT. Call with no spinning lock held.
 */
static inline int user_copy_in(void *to, vaddr_t from, size_t n)
{
	lockorder_assert_none_spinning();
	return user_range_ok(from, n) && !arch_copy_in(to, from, n) ? 0 : -EFAULT;
}

static inline int user_copy_out(vaddr_t to, const void *from, size_t n)
{
	lockorder_assert_none_spinning();
	return user_range_ok(to, n) && !arch_copy_out(to, from, n) ? 0 : -EFAULT;
}

/*
 * Copy up to n bytes as user_copy_in() and user_copy_out() do, and return how many were transferred: 0 if the range
 * is not all in user addresses.
 */
static inline size_t user_copy_in_some(void *to, vaddr_t from, size_t n)
{
	lockorder_assert_none_spinning();
	return user_range_ok(from, n) ? n - arch_copy_in(to, from, n) : 0;
}

static inline size_t user_copy_out_some(vaddr_t to, const void *from, size_t n)
{
	lockorder_assert_none_spinning();
	return user_range_ok(to, n) ? n - arch_copy_out(to, from, n) : 0;
}

size_t user_clear_some(vaddr_t to, size_t n);

/*
 * Copies a string of at most n bytes, NUL included. Returns its length without the NUL,
 * -ENAMETOOLONG if there is no NUL among them, or -EFAULT.
 */
ssize_t user_copy_string(char *to, vaddr_t from, size_t n);

/*
 * user_load_word() loads a word in one access. user_cas_word() replaces a word by `new` if it
 * equals *old, in one atomic step, and stores the word found in *old. user_touch_word() accesses a word as a store would, and
 * leaves it as it is. All return 0, whether the word was equal or not, or -EFAULT. Faults are resolved, and may wait. The address is a multiple of 4.
 * Call with no spinning lock held.
 */
int user_load_word(uint32_t *to, vaddr_t from);
int user_cas_word(vaddr_t at, uint32_t *old, uint32_t new);
int user_touch_word(vaddr_t at);
