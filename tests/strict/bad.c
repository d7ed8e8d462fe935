/* SPDX-License-Identifier: MIT */
/* A hart that does what no kernel should, while another one looks on: the firmware goes on for the other. */
#include "lib/bits.h"
#include "lib/string.h"
#include "payload.h"

static uint64_t tables[2][512] __attribute__((aligned(4096)));
static uint64_t state = 1;

static uint64_t nonsense(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* One of a few values near what the firmware has to look at, or any. */
static uint64_t likely_nonsense(void)
{
	static const uint64_t values[] = {
		0,	    1,		~0ul,	    1ul << 63,	      1ul << 38, 0x80000000,
		0x8001f000, 0x80100000, 0x80200000, 0x10000000,	      0x100000,	 0x2004000,
		0x83ffffff, 0x84000000, 0x83fffffe, (uint64_t)tables,
	};

	return nonsense() % 3 ? values[nonsense() % ARRAY_SIZE(values)] : nonsense();
}

static void write_satp(void)
{
	for (;;) {
		csr_write(satp, nonsense() % 2 ? SATP_SV39 << 60 | (likely_nonsense() >> 12)
					       : likely_nonsense());
		fence_all();
	}
}

/* The handler of page faults is not mapped itself. */
static void fault_for_ever(void)
{
	csr_write(stvec, 1ul << 40);
	(void)*(volatile uint64_t *)(1ul << 41);
}

static void jump_into_tables(void)
{
	csr_write(stvec, (uint64_t)&tables[1]);
	for (unsigned i = 0; i < 512; i++)
		tables[1][i] = nonsense();
	tables[0][2] = pte_of(0x80000000ul) | RWX;
	csr_write(satp, SATP_SV39 << 60 | (uint64_t)tables[0] >> 12);
	fence_all();
	((void (*)(void))tables[0])();
}

/* A root that points to itself, whose entries are changed through itself. */
static void tables_everywhere(void)
{
	for (unsigned i = 0; i < 512; i++)
		tables[0][i] = pte_of((uint64_t)tables[0]) | PTE_V;
	tables[0][2] = pte_of(0x80000000ul) | RWX;
	csr_write(satp, SATP_SV39 << 60 | (uint64_t)tables[0] >> 12);
	fence_all();
	for (;;) {
		uint64_t *slot = &tables[0][nonsense() % 512];

		if (slot == &tables[0][2])
			continue;
		switch (nonsense() % 4) {
		case 0:
			*slot = pte_of(likely_nonsense()) | (nonsense() & 0x3ff);
			break;
		case 1:
			*(volatile uint8_t *)((uint64_t)slot + nonsense() % 8) =
				(uint8_t)nonsense();
			break;
		case 2:
			*(volatile uint64_t *)((uint64_t)slot + nonsense() % 8) =
				0; /* misaligned */
			break;
		case 3:
			(void)try_load(nonsense() >> 25, &tables[1][0]);
			break;
		}
	}
}

/* Stores that the firmware does not decode: of the FPU. */
static void store_floats(void)
{
	tables[0][0] = RW;
	tables[0][2] = pte_of(0x80000000ul) | RWX;
	csr_write(satp, SATP_SV39 << 60 | (uint64_t)tables[0] >> 12);
	fence_all();
	csr_set(sstatus, MSTATUS_FS);
	for (;;) {
		fpu_store(&tables[0][nonsense() % 500 + 4], nonsense());
		fence_all();
	}
}

static void call_sbi(void)
{
	static const uint64_t extensions[] = { 0x10,	 0x54494d45, 0x735049,	 0x52464e43,
					       0x48534d, 0x4442434e, 0x0a737472, 0,
					       2,	 3,	     4,		 5,
					       6,	 7 };

	for (;;) {
		uint64_t extension = extensions[nonsense() % ARRAY_SIZE(extensions)];
		uint64_t function = nonsense() % 9 ? nonsense() % 6 : likely_nonsense();

		if ((extension == 0x48534d && function == 1) || extension == 0x4442434e)
			continue; /* it would stop; what it prints is not TAP */
		(void)sbi(extension, function, likely_nonsense(), likely_nonsense(),
			  likely_nonsense(), likely_nonsense(), likely_nonsense());
	}
}

static void sleep_for_ever(void)
{
	csr_write(sie, 0);
	for (;;)
		asm volatile("wfi");
}

void (*const bad_deeds[])(void) = {
	write_satp,   fault_for_ever, jump_into_tables, tables_everywhere,
	store_floats, call_sbi,	      sleep_for_ever,
};
_Static_assert(ARRAY_SIZE(bad_deeds) == BAD_DEEDS, "as payload.h has it");
