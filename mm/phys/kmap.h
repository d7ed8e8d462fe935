/* SPDX-License-Identifier: MIT */
/* The vmap area: kernel stacks with guard areas, and device registers. */
#pragma once

#include "lib/types.h"

/*
 * Boot, called by phys_init(): allocates the page tables for all stacks that can ever exist.
 * Returns 0 or -ENOMEM.
 */
int kmap_init(void);

/*
 * Allocates a kernel stack of KSTACK_SIZE bytes and returns its lowest address. An unmapped guard
 * area of the same size lies below it. Waits for memory; for locks, see relieve(). Returns NULL if
 * relieve() fails, or if the maximum number of stacks exists.
 */
void *kstack_alloc(void);
void kstack_free(void *kstack);

/* Unmaps the stacks that are cached for the next kstack_alloc(). */
void kstack_trim(void);

/* For the ledger: frames of stacks, cached ones included; page tables of the vmap area. */
size_t kstack_frames(void);
size_t kmap_tables(void);

/*
 * Maps device registers at [pa, pa + len) for reading and writing. They are never unmapped. Returns
 * NULL if there is no memory or no room in the vmap area.
 */
volatile void *kmap_device(paddr_t pa, size_t len);
