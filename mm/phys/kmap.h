/* SPDX-License-Identifier: MIT */
/* The vmap area: kernel stacks with guards, and device registers. */
#pragma once

#include "lib/types.h"

/*
 * Boot, called by phys_init(): 0 or -ENOMEM. Takes the page tables for all stacks there will ever
 * be.
 */
int kmap_init(void);

/*
 * A kernel stack of KSTACK_SIZE; its lowest byte, with unmapped guard of the same size below. NULL:
 * out of memory, which is waited for, or as many stacks as there may be. => as relieve()
 */
void *kstack_alloc(void);
void kstack_free(void *kstack);

/* Unmaps the stacks that are kept for the next kstack_alloc(). */
void kstack_trim(void);

/* For the ledger: frames of stacks, in use and kept; page tables of the vmap area. */
size_t kstack_frames(void);
size_t kmap_tables(void);

/* Maps device registers, RW; NULL: out of memory or room. Never unmapped. */
volatile void *kmap_device(paddr_t pa, size_t len);
