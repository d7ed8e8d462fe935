/* SPDX-License-Identifier: MIT */
/* The vDSO's functions: calls that a program gets answered without the kernel, by what [vvar] says. */
#include "user/vdso/vdso.h"

#include "abi/syscall.h"

#define NSEC_PER_SEC 1000000000ul

/* Sets of clocks, by their numbers. What is in neither is asked of the kernel. */
#define OF_WALL (1u << CLOCK_REALTIME | 1u << CLOCK_REALTIME_COARSE | 1u << CLOCK_TAI)
#define OF_BOOT                                                                             \
	(1u << CLOCK_MONOTONIC | 1u << CLOCK_MONOTONIC_RAW | 1u << CLOCK_MONOTONIC_COARSE | \
	 1u << CLOCK_BOOTTIME)

static inline long syscall2(long number, long a, const void *b)
{
	register long a0 __asm__("a0") = a;
	register const void *a1 __asm__("a1") = b;
	register long a7 __asm__("a7") = number;

	__asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a7) : "memory");
	return a0;
}

static inline int has_clock(uint32_t clocks, int clock)
{
	return (uint32_t)clock < ABI_MAX_CLOCKS && clocks >> clock & 1;
}

/* What the kernel's clock_ns() returns. The time register is the same on all harts. */
static inline uint64_t ns_since_boot(void)
{
	uint64_t tick;

	__asm__ volatile("rdtime %0" : "=r"(tick) : : "memory");
	return vdso_data_ns(&vdso_data, tick);
}

static inline uint64_t ns_of_wall(void)
{
	return __atomic_load_n(&vdso_data.wall_at_boot_ns, __ATOMIC_RELAXED) + ns_since_boot();
}

int __vdso_clock_gettime(int clock, struct abi_timespec *to)
{
	uint64_t ns;

	if (has_clock(OF_BOOT, clock))
		ns = ns_since_boot();
	else if (has_clock(OF_WALL, clock))
		ns = ns_of_wall();
	else
		return (int)syscall2(SYS_clock_gettime, clock, to);
	to->sec = (int64_t)(ns / NSEC_PER_SEC);
	to->nsec = (int64_t)(ns % NSEC_PER_SEC);
	return 0;
}

int __vdso_clock_getres(int clock, struct abi_timespec *to)
{
	if (!has_clock(OF_BOOT | OF_WALL, clock))
		return (int)syscall2(SYS_clock_getres, clock, to);
	if (to)
		*to = (struct abi_timespec){ .nsec = 1 };
	return 0;
}

int __vdso_gettimeofday(struct abi_timeval *to, struct zone *zone)
{
	uint64_t ns = ns_of_wall();

	if (to) {
		to->sec = (int64_t)(ns / NSEC_PER_SEC);
		to->usec = (int64_t)(ns % NSEC_PER_SEC / 1000);
	}
	if (zone)
		*zone = (struct zone){ 0 };
	return 0;
}

static long ask_hwprobe(struct abi_riscv_hwprobe *pairs, uint64_t n, uint64_t size, void *set,
			uint32_t flags)
{
	register struct abi_riscv_hwprobe *a0 __asm__("a0") = pairs;
	register uint64_t a1 __asm__("a1") = n, a2 __asm__("a2") = size;
	register void *a3 __asm__("a3") = set;
	register uint64_t a4 __asm__("a4") = flags;
	register long a7 __asm__("a7") = SYS_riscv_hwprobe;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a7)
			 : "memory");
	return (long)a0;
}

/* For all harts. What is asked of some of them, or which they are, the kernel answers. */
long __vdso_riscv_hwprobe(struct abi_riscv_hwprobe *pairs, uint64_t n, uint64_t size, void *set,
			  uint32_t flags)
{
	if (size || set || flags)
		return ask_hwprobe(pairs, n, size, set, flags);
	for (; n; n--, pairs++) {
		if ((uint64_t)pairs->key < RISCV_HWPROBE_KEYS)
			pairs->value = vdso_data.hwprobe[pairs->key];
		else
			*pairs = (struct abi_riscv_hwprobe){ .key = -1 };
	}
	return 0;
}
