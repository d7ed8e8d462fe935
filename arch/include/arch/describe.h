/* SPDX-License-Identifier: MIT */
/* The machine in words, for reports: how it came to refuse an address, how long an instruction is. */
#pragma once

#include "arch/mmu.h"
#include "lib/types.h"

/* Room for any description. */
#define ARCH_DESCRIBE_MAX 200

/*
 * The walk for an access (one of RIGHT_*) of a program to va, level by level down to the bit that
 * refuses it. => space lock held; returns the length of the text
 */
int arch_mmu_describe(const struct mmu *mmu, vaddr_t va, unsigned right, char *buf, size_t size);

/* Bytes of an instruction that begins with these two. */
static inline unsigned arch_instruction_bytes(uint16_t first);

#include "arch-impl/describe.h"
