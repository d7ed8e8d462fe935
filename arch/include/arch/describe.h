/* SPDX-License-Identifier: MIT */
/* The machine in words, for reports: why it refuses an access, how long an instruction is. */
#pragma once

#include "arch/mmu.h"
#include "lib/types.h"

/* Room for any description. */
#define ARCH_DESCRIBE_MAX 200

/*
 * Describes the page-table walk for an access (one of VM_PROT_*) of a program to va, level by
 * level, down to the bit that refuses it. Returns the length of the text. The caller holds the
 * space's lock.
 */
int arch_mmu_describe(const struct mmu *mmu, vaddr_t va, unsigned access, char *buf, size_t size);

/* Returns the length of an instruction that begins with these two bytes. */
static inline unsigned arch_instruction_bytes(uint16_t first);

/* What the machine says of who made its harts, as /proc/cpuinfo shows it; 0 where it says nothing. */
struct arch_ids {
	unsigned long vendor, architecture, implementation;
};
struct arch_ids arch_hart_ids(void);

/*
 * The implementation also defines ARCH_ISA_NAME and ARCH_MMU_NAME: strings that name what programs
 * may use of the instruction set, and the mode of the page tables, as /proc/cpuinfo shows them.
 */
#include "arch-impl/describe.h"
