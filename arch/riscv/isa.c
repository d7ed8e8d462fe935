/* SPDX-License-Identifier: MIT */
/* The extensions that all harts have, and how fast loads are that are not aligned. */
#include "arch/isa.h"

#include "abi/hwprobe.h"
#include "arch/riscv/isa.h"
#include "arch/riscv/trap.h"
#include "arch/timer.h"
#include "lib/bits.h"

/* Const after boot. */
static uint64_t extensions;
static unsigned misaligned;

/* ---- loads that are not aligned ---- */

#define LOADED	    256 /* bytes in a pass */
#define ROUNDS	    3  /* of which the fastest counts: nobody else runs, but the host may be busy */
#define TICKS_LEAST 16 /* a difference does not show in fewer */
#define PASSES_MOST 512

/* Returns the ticks that it takes to load the bytes, by words that are not aligned or one by one. */
static uint64_t load_ticks(const char *bytes, unsigned step, unsigned passes)
{
	uint64_t begun = arch_time(), loaded;

	for (unsigned at = 0; at < LOADED * passes; at += step) {
		const char *from = bytes + at % LOADED;

		if (step == 1)
			__asm__ volatile("lb %0, 0(%1)" : "=r"(loaded) : "r"(from));
		else
			__asm__ volatile("ld %0, 1(%1)" : "=r"(loaded) : "r"(from));
	}
	return arch_time() - begun;
}

static uint64_t least_ticks(const char *bytes, unsigned step, unsigned passes)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t ticks = load_ticks(bytes, step, passes);

		least = MIN(least, ticks);
	}
	return least;
}

/*
 * Firmware that does such loads for the hart takes much longer than loads of bytes. Where reading the
 * time takes longer than a few passes, fast loads seem slow, too. So only many passes show slow loads.
 */
static unsigned misaligned_speed(void)
{
	static const char bytes[LOADED + sizeof(uint64_t)] __attribute__((aligned(8))) = { 1 };

	if (!try_misaligned_load())
		return RISCV_HWPROBE_MISALIGNED_UNSUPPORTED;
	for (unsigned passes = 1; passes <= PASSES_MOST; passes *= 2) {
		uint64_t by_bytes = least_ticks(bytes, 1, passes);

		if (by_bytes >= TICKS_LEAST &&
		    least_ticks(bytes, sizeof(uint64_t), passes) < by_bytes)
			return RISCV_HWPROBE_MISALIGNED_FAST;
	}
	return RISCV_HWPROBE_MISALIGNED_SLOW;
}

void isa_init(const struct dt *dt)
{
	extensions = isa_extensions_in(dt);
	misaligned = misaligned_speed();
}

bool isa_has_sstc(void)
{
	return extensions & ISA_SSTC;
}

uint64_t arch_isa_extensions(void)
{
	return extensions & ~ISA_SSTC;
}

unsigned arch_misaligned_speed(void)
{
	return misaligned;
}
