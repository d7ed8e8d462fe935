/* SPDX-License-Identifier: MIT */
/* riscv_hwprobe: what is said of the harts is the machine's, so that only its form is compared. */
#include "t.h"

#ifndef SYS_riscv_hwprobe
#define SYS_riscv_hwprobe 258
#endif

#define KEYS	   13
#define WHICH_CPUS 1

/* Values: rv64gc in the first, then all that a value of speed may be. */
#define IMA_EXT_0	 4
#define CPUPERF_0	 5
#define FD_AND_C	 3
#define BIT_MANIPULATION (1 << 3 | 1 << 4 | 1 << 5 | 1 << 7)
#define SLOWEST		 4

struct pair {
	int64_t key;
	uint64_t value;
};

static long riscv_hwprobe(struct pair *pairs, size_t n, size_t size, void *harts, unsigned flags)
{
	return syscall(SYS_riscv_hwprobe, pairs, n, size, harts, flags);
}

static void keys(void)
{
	struct pair pairs[KEYS];

	for (int i = 0; i < KEYS; i++)
		pairs[i] = (struct pair){ i - 1, 7 };
	TRY(riscv_hwprobe(pairs, KEYS, 0, NULL, 0));
	for (int i = 0; i < KEYS; i++)
		say("key %d: %s\n", i - 1, pairs[i].key == i - 1 ? "known" : "unknown");
	say("the unknown: key %ld, value %lu\n", (long)pairs[0].key, (unsigned long)pairs[0].value);
	say("base behaviour %lu\n", (unsigned long)pairs[4].value);
	say("F, D and C: %d\n", (pairs[5].value & FD_AND_C) == FD_AND_C);
	/* Both have QEMU's processor. */
	say("Zba, Zbb, Zbs and Zbc: %d\n", (pairs[5].value & BIT_MANIPULATION) == BIT_MANIPULATION);
	say("a speed: %d, and again: %d\n", pairs[6].value <= SLOWEST,
	    pairs[6].value == pairs[10].value);
	say("no block of zeros: %d\n", pairs[7].value == 0);
	say("end of user memory: %lx\n", (unsigned long)pairs[8].value);
	say("a frequency: %d\n", pairs[9].value > 0);
}

static void harts(void)
{
	struct pair pairs[2] = { { IMA_EXT_0, 0 }, { 3, 0 } };
	uint8_t set[128] = { 0 };

	TRY(riscv_hwprobe(pairs, 2, sizeof(set), set, 0));
	set[1] = 1;
	TRY(riscv_hwprobe(pairs, 2, sizeof(set), set, 0));
	set[0] = 1;
	TRY(riscv_hwprobe(pairs, 2, sizeof(set), set, 0));
	TRY(riscv_hwprobe(pairs, 2, 1, set, 0));
	TRY(riscv_hwprobe(pairs, 2, 3, set, 0));
	TRY(riscv_hwprobe(pairs, 2, 0, set, 0));
	TRY(riscv_hwprobe(pairs, 2, 8, NULL, 0));
	TRY(riscv_hwprobe(pairs, 2, 8, (void *)8, 0));
}

static void which(int64_t key, uint64_t value)
{
	struct pair pairs[2] = { { 3, 1 }, { key, value } };
	uint8_t set[128] = { 1 };

	TRY(riscv_hwprobe(pairs, 2, sizeof(set), set, WHICH_CPUS));
	say("key %ld, value %lu: set %02x, then key %ld, value %lu\n", (long)key,
	    (unsigned long)value, set[0], (long)pairs[1].key, (unsigned long)pairs[1].value);
}

static void which_harts(void)
{
	struct pair pairs[2] = { { IMA_EXT_0, 0 }, { 3, 1 } };
	uint8_t set[128] = { 0 };

	TRY(riscv_hwprobe(pairs, 2, sizeof(set), set, WHICH_CPUS));
	say("of no hart, all: %02x\n", set[0]);
	memset(set, 0, sizeof(set));
	set[1] = 1;
	TRY(riscv_hwprobe(pairs, 2, sizeof(set), set, WHICH_CPUS));
	say("of one that is not there: %02x %02x\n", set[0], set[1]);
	TRY(riscv_hwprobe(pairs, 2, 0, set, WHICH_CPUS));
	TRY(riscv_hwprobe(pairs, 2, 8, NULL, WHICH_CPUS));
	TRY(riscv_hwprobe(pairs, 2, 0, NULL, WHICH_CPUS));
	TRY(riscv_hwprobe(pairs, 2, 8, (void *)8, WHICH_CPUS));
	which(IMA_EXT_0, FD_AND_C);
	which(IMA_EXT_0, 1ul << 60);
	which(0, 99);
	which(CPUPERF_0, 0);
	which(6, 1);
	which(7, 1);
	which(8, 1);
	which(77, 3);
	which(-1, 0);
}

static void wrong(void)
{
	TRY(riscv_hwprobe(NULL, 0, 0, NULL, 0));
	TRY(riscv_hwprobe(NULL, 2, 0, NULL, 0));
	TRY(riscv_hwprobe((struct pair *)"read only, these bytes", 1, 0, NULL, 0));
	TRY(riscv_hwprobe(NULL, 0, 0, NULL, 2));
	TRY(riscv_hwprobe(NULL, 0, 0, NULL, 3));
	TRY(syscall(SYS_riscv_hwprobe, NULL, 0, 0, NULL, 1ul << 32));
}

int main(void)
{
	keys();
	harts();
	which_harts();
	wrong();
	return 0;
}
