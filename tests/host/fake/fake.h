/* SPDX-License-Identifier: MIT */
/* What a host test can do to the fake machine: memory, accesses, fences. */
#pragma once

#include "arch/bootmap.h"
#include "arch/mmu.h"
#include "lib/types.h"

/*
 * Makes the arena of physical memory [FAKE_PHYS_BASE, + npages), filled with junk; once per
 * process, or again anew.
 */
void fake_arena_init(size_t npages);

/*
 * Serves a fault of an access through the fake MMU: 0 to try again, anything else ends the access.
 * Set by the test; usually it calls vm_fault().
 */
extern int (*fake_fault)(vaddr_t va, unsigned access);

/*
 * The space whose tables arch_copy_in() and fake_access() use: the last that was activated; NULL:
 * none.
 */
struct mmu *fake_active(void);

/*
 * The byte behind va as the running program would reach it: through the fake TLB, which keeps
 * entries until they are fenced as real ones may, then the tables, then fake_fault(). NULL where
 * the access was refused.
 */
unsigned char *fake_access(vaddr_t va, unsigned right);

/* One load or store of a byte; the value, or -1 where it was refused; 0 or -1. */
int fake_load(vaddr_t va);
int fake_store(vaddr_t va, unsigned char value);

/*
 * TLB entries that allow what their table no longer does: fences that somebody owes (all spaces).
 */
size_t fake_tlb_debts(void);

/*
 * The running space's leaf table for va was missing when the hart looked last, as where another has linked it since: no
 * access there is accepted until a fence that is not for one address.
 */
void fake_tlb_miss_table(vaddr_t va);

/* Forgets TLB, counters and the running space. */
void fake_mmu_reset(void);

/* Counters since the process began. */
struct fake_counts {
	uint64_t flushes;   /* arch_mmu_flush() that had something to do */
	uint64_t flush_all; /* of these: of a whole space */
	uint64_t fence_local;
	uint64_t maps;	 /* entries written by arch_mmu_map() */
	uint64_t faults; /* fake_fault() calls */
	uint64_t large_maps, large_splits;
	uint64_t tables_moved; /* arch_mmu_move_table() */
};
extern struct fake_counts fake_counts;

/* Errors and warnings that were logged; FAKE_LOG=1 in the environment shows the log. */
extern unsigned fake_log_errors;
extern char fake_log_last_error[256];

/* The kernel image's frames as arch_image() tells them; empty unless a test sets it. */
extern struct phys_range fake_image, fake_image_init;
