/* SPDX-License-Identifier: MIT */
/* The only routines that touch user addresses. */
#pragma once

#include "lib/types.h"

/*
 * Each may fault. trap/ resolves the fault or refuses it; a refused fault ends the routine early.
 * The caller (mm/fault/user_copy.[ch]) has checked that the range lies in [USER_BASE, USER_TOP). Call with
 * no spinning lock held. With preemption off, every fault is refused.
 */

/* Copy n bytes. Return the number of bytes at the end that could not be copied; 0 if all were. */
size_t arch_copy_in(void *to, vaddr_t from, size_t n);
size_t arch_copy_out(vaddr_t to, const void *from, size_t n);

/* Zeroes n bytes. Returns the number of bytes at the end that could not be zeroed. */
size_t arch_clear_out(vaddr_t to, size_t n);

/*
 * Copies up to n bytes, or up to and including the first NUL. Returns the length without NUL, n if
 * there was none, or -EFAULT.
 */
ssize_t arch_copy_string_in(char *to, vaddr_t from, size_t n);

/* Reads an aligned word in one access. Returns 0 or -EFAULT. */
int arch_load_word_in(uint32_t *to, vaddr_t from);

/* Writes an aligned word as it is, in one atomic step. Returns 0 or -EFAULT. */
int arch_touch_word(vaddr_t at);

/*
 * Replaces an aligned word by `new` if it equals *old, in one atomic step with acquire and release
 * order, and stores the word found in *old. Returns 0, whether it was equal or not, or -EFAULT.
 */
int arch_cas_word(vaddr_t at, uint32_t *old, uint32_t new);
