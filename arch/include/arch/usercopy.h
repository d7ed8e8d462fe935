/* SPDX-License-Identifier: MIT */
/* The only routines that touch user addresses. */
#pragma once

#include "lib/types.h"

/*
 * Each may take faults, which trap/ serves or refuses; a refused one ends the routine early. The
 * ranges are checked by the caller (mm/user_copy.c) to lie in [USER_BASE, USER_TOP).
 * => no spinning lock held. With preemption off every fault is refused.
 */

/*
 * Copies n bytes; the number of bytes that could not be copied, counted from the end (0: all went).
 */
size_t arch_copy_in(void *to, vaddr_t from, size_t n);
size_t arch_copy_out(vaddr_t to, const void *from, size_t n);

/* Zeroes n bytes; the number that were not. */
size_t arch_clear_out(vaddr_t to, size_t n);

/*
 * Copies up to n bytes or through the first NUL; its length without NUL, n where there was none, or
 * -EFAULT.
 */
ssize_t arch_copy_string_in(char *to, vaddr_t from, size_t n);

/* An aligned word, read in one access: 0 or -EFAULT. */
int arch_load_word_in(uint32_t *to, vaddr_t from);

/*
 * Puts `new` where an aligned word is *old, in one step, with the order of acquire and release; what
 * was found is in *old afterwards. 0, whether it was the same or not, or -EFAULT.
 */
int arch_cas_word(vaddr_t at, uint32_t *old, uint32_t new);
