/* The only routines that touch user addresses. */
#pragma once

#include "lib/types.h"

/*
 * Each may take faults, which trap/ serves or refuses; a refused one ends the routine early. The
 * ranges are checked by the caller (mm/usercopy.c) to lie in [USER_BASE, USER_TOP).
 * => no spinning lock held
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
