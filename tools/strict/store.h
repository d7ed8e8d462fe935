/* SPDX-License-Identifier: MIT */
/* Stores that the firmware makes in place of the instruction that trapped. */
#pragma once

#include "strict.h"

struct store {
	unsigned size;	/* bytes; 0: it is an instruction that the firmware does not know */
	uint64_t value; /* of a plain store */
	uint32_t amo;	/* the instruction, if it is an AMO or SC */
};

/* What an instruction stores, with the registers of the frame. */
struct store store_decode(uint32_t insn, const struct frame *frame);

/*
 * Makes the store at a physical address, which is aligned to its size. An AMO sets its register. SC
 * succeeds: QEMU has it access memory only while its reservation is valid, and one hart runs.
 */
void store_make(const struct store *store, uint64_t address, struct frame *frame);
