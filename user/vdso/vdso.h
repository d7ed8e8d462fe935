/* SPDX-License-Identifier: MIT */
/* What the vDSO's own files share: the page of data, and the functions that C libraries look up. */
#pragma once

#include "abi/hwprobe.h"
#include "abi/time.h"
#include "abi/vdso.h"

/* What the kernel has no need of: it has no time zone. */
struct zone {
	int32_t minutes_west, dst;
};

/* [vvar], the page below the first one of this object. */
extern const struct vdso_data vdso_data __attribute__((visibility("hidden")));

/* As the system calls of these names, with a negative errno. A bad address is a fault of the program. */
int __vdso_clock_gettime(int clock, struct abi_timespec *to);
int __vdso_clock_getres(int clock, struct abi_timespec *to);
int __vdso_gettimeofday(struct abi_timeval *to, struct zone *zone);
long __vdso_riscv_hwprobe(struct abi_riscv_hwprobe *pairs, uint64_t n, uint64_t size, void *set,
			  uint32_t flags);
