/* SPDX-License-Identifier: MIT */
/* The vDSO (user/vdso): two pages that the Linux layer maps into each program, first one of data and then one of code. */
#pragma once

/* Where __vdso_rt_sigreturn is in the page of code: the kernel has signal handlers return there. */
#define VDSO_RT_SIGRETURN 0x780

#ifndef __ASSEMBLER__

#include <stdint.h>

#include "abi/hwprobe.h"

/* [vvar], as the kernel fills it in. Programs only read it. */
struct vdso_data {
	/* const after boot: */
	uint64_t
		boot_ticks; /* what the time register was when the clocks of the time since boot were 0 */
	uint64_t ticks_per_sec;
	uint64_t ns_per_tick; /* 0: no whole number */
	uint64_t hwprobe[RISCV_HWPROBE_KEYS];
	/* Atomic, and what the kernel itself goes by: what the wall clock was at boot_ticks, as it goes now. */
	uint64_t wall_at_boot_ns;
};

static inline void vdso_data_begin(struct vdso_data *data, uint64_t boot_ticks, uint64_t hz)
{
	data->boot_ticks = boot_ticks;
	data->ticks_per_sec = hz;
	data->ns_per_tick = 1000000000 % hz == 0 ? 1000000000 / hz : 0;
}

/* Returns the nanoseconds since boot as the kernel does (clock_ns_at()) for the next five hundred years. */
static inline uint64_t vdso_data_ns(const struct vdso_data *data, uint64_t tick)
{
	const uint64_t hz = data->ticks_per_sec, ticks = tick - data->boot_ticks;

	if (__builtin_expect(data->ns_per_tick != 0, 1))
		return ticks * data->ns_per_tick;
	return ticks / hz * 1000000000 + ticks % hz * 1000000000 / hz;
}

#endif
