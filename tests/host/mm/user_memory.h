/* SPDX-License-Identifier: MIT */
/* A little user memory behind the fake MMU, for copies that need no address space. */
#pragma once

#include "lib/types.h"

#define USER_MEMORY_START 0x40000ul

/*
 * Makes the running space one in which npages from `start` on appear at first touch and all else
 * faults.
 */
void user_memory_start(vaddr_t start, size_t npages);

/* Frees its frames. */
void user_memory_end(void);

/* Reaches a byte of it. */
unsigned char *user_memory_at(vaddr_t va);
