/* SPDX-License-Identifier: MIT */
/* The strict machine against the specification: what is cached, what a fence drops, what an SBI call answers. */
/*
 * Runs bare in S-mode, and prints TAP. It knows QEMU's virt only. Numbers of sections are those of the
 * privileged specification 1.12.
 */
#include "payload.h"

#include "lib/assert.h"
#include "lib/bits.h"
#include "lib/cmdline.h"
#include "lib/fdt.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/types.h"

/* ---- output ---- */

static uint64_t hart_id;
const void *device_tree;
static unsigned tests;
static const char *wrong;
static unsigned wrong_line;

struct sbi_answer sbi(uint64_t extension, uint64_t function, uint64_t arg0, uint64_t arg1,
		      uint64_t arg2, uint64_t arg3, uint64_t arg4)
{
	register uint64_t a0 asm("a0") = arg0, a1 asm("a1") = arg1, a2 asm("a2") = arg2,
			     a3 asm("a3") = arg3, a4 asm("a4") = arg4, a6 asm("a6") = function,
			     a7 asm("a7") = extension;

	asm volatile("ecall"
		     : "+r"(a0), "+r"(a1)
		     : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
		     : "memory");
	return (struct sbi_answer){ (long)a0, a1 };
}

static void print(const char *text)
{
	for (; *text; text++)
		(void)sbi(1, 0, (uint64_t)*text, 0, 0, 0, 0);
}

void panic(const char *fmt, ...)
{
	print("Bail out! ");
	print(fmt);
	for (;;)
		(void)sbi(8, 0, 0, 0, 0, 0, 0);
}

void check_at(bool is, const char *what, unsigned line)
{
	if (!is && !wrong) {
		wrong = what;
		wrong_line = line;
	}
}

static void run(const char *name, void (*test)(void))
{
	char line[200];

	wrong = NULL;
	test();
	ksnprintf(line, sizeof(line), "%s %u - %s\n", wrong ? "not ok" : "ok", ++tests, name);
	print(line);
	if (wrong) {
		ksnprintf(line, sizeof(line), "# line %u: %s\n", wrong_line, wrong);
		print(line);
	}
}

/* ---- tables ---- */

#define NFRAMES 1400u
static uint64_t frames[NFRAMES][512] __attribute__((aligned(4096)));
static unsigned nframes;
uint64_t *root;
static uint64_t big[2][MIB2 / 8] __attribute__((aligned(2097152)));

static uint64_t *frame(void)
{
	uint64_t *found = frames[nframes++];

	for (unsigned i = 0; i < 512; i++)
		found[i] = 0;
	return found;
}

void fence_all(void)
{
	asm volatile("sfence.vma" ::: "memory");
}

void fence_va(uint64_t va)
{
	asm volatile("sfence.vma %0" : : "r"(va) : "memory");
}

static void fence_asid(uint64_t asid)
{
	asm volatile("sfence.vma zero, %0" : : "r"(asid) : "memory");
}

static void fence_va_asid(uint64_t va, uint64_t asid)
{
	asm volatile("sfence.vma %0, %1" : : "r"(va), "r"(asid) : "memory");
}

/* Returns the slot of a level for an address, and makes the tables above it. */
static uint64_t *slot_of(uint64_t *table, uint64_t va, unsigned level)
{
	for (unsigned at = LEVELS - 1; at > level; at--) {
		uint64_t *slot = &table[level_index(va, at)];

		if (!*slot)
			*slot = pte_of((uint64_t)frame()) | PTE_V;
		table = (uint64_t *)pte_address(*slot);
	}
	return &table[level_index(va, level)];
}

static void map_in(uint64_t *table, uint64_t va, const void *page, uint64_t bits)
{
	*slot_of(table, va, 0) = pte_of((uint64_t)page) | bits;
}

static uint64_t *new_root(void)
{
	uint64_t *table = frame();

	table[0] = RW;
	table[2] = pte_of(0x80000000ul) | RWX; /* with this program, and the firmware */
	return table;
}

static void use(const uint64_t *table, uint64_t asid)
{
	csr_write(satp, SATP_SV39 << 60 | asid << 44 | (uint64_t)table >> 12);
}

/* Fresh tables in ASID 0, with nothing cached. */
void begin(void)
{
	csr_write(satp, 0);
	nframes = 0;
	root = new_root();
	use(root, 0);
	fence_all();
}

void map(uint64_t va, const void *page, uint64_t bits)
{
	map_in(root, va, page, bits);
}

uint64_t *page_of(uint64_t value)
{
	uint64_t *page = frame();

	page[0] = value;
	return page;
}

uint64_t load(uint64_t va)
{
	uint64_t value = 0;

	return try_load(va, &value) == NONE ? value : ~0ul;
}

/* ---- what is cached, and what a fence drops (4.2.1) ---- */

static void another_frame(void)
{
	begin();
	map(WINDOW, page_of(1), RW);
	check(load(WINDOW) == 1);
	map(WINDOW, page_of(2), RW);
	check(load(WINDOW) == 1);
	fence_va(WINDOW + PAGE_SIZE);
	check(load(WINDOW) == 1);
	fence_va(WINDOW + 8);
	check(load(WINDOW) == 2);
}

static void unmapped(void)
{
	uint64_t *page = page_of(1);

	begin();
	page = page_of(1);
	map(WINDOW, page, RW);
	check(load(WINDOW) == 1);
	map(WINDOW, page, 0);
	check(load(WINDOW) == 1);
	fence_all();
	check(try_load(WINDOW + 16, page) == LOAD_PAGE);
	check(last_tval == WINDOW + 16);
}

static void without_write(void)
{
	uint64_t *page;

	begin();
	page = page_of(1);
	map(WINDOW, page, RW);
	check(try_store(WINDOW, 2) == NONE);
	map(WINDOW, page, RO);
	check(try_store(WINDOW, 3) == NONE && page[0] == 3);
	fence_va(WINDOW);
	check(try_store(WINDOW, 4) == STORE_PAGE && page[0] == 3);
	check(load(WINDOW) == 3);
}

#define INSN_RET   0x8082u
#define INSN_ECALL 0x73u

static void without_execute(void)
{
	uint64_t *page;

	begin();
	page = page_of(INSN_RET);
	asm volatile("fence.i");
	map(WINDOW, page, RWX);
	check(try_fetch(WINDOW) == NONE);
	map(WINDOW, page, RW);
	check(try_fetch(WINDOW) == NONE);
	fence_va(WINDOW);
	check(try_fetch(WINDOW) == FETCH_PAGE && last_tval == WINDOW);
}

static void more_rights(void)
{
	uint64_t *page;

	begin();
	page = page_of(1);
	map(WINDOW, page, RO);
	check(load(WINDOW) == 1);
	map(WINDOW, page, RW);
	check(try_store(WINDOW, 2) == STORE_PAGE);
	fence_va(WINDOW);
	check(try_store(WINDOW, 2) == NONE && page[0] == 2);
}

static void from_nothing(void)
{
	begin();
	map(WINDOW, frame(), 0);
	check(load(WINDOW) == ~0ul);
	map(WINDOW, page_of(1), RW);
	fence_va(WINDOW);
	check(load(WINDOW) == 1);
}

static void by_asid(void)
{
	begin();
	map(WINDOW, page_of(1), RW);
	map(WINDOW + PAGE_SIZE, page_of(1), RW | PTE_G);
	use(root, 1);
	check(load(WINDOW) == 1 && load(WINDOW + PAGE_SIZE) == 1);
	map(WINDOW, page_of(2), RW);
	map(WINDOW + PAGE_SIZE, page_of(2), RW | PTE_G);
	fence_asid(2);
	fence_va_asid(WINDOW, 2);
	check(load(WINDOW) == 1 && load(WINDOW + PAGE_SIZE) == 1);
	fence_va_asid(WINDOW, 1);
	fence_va_asid(WINDOW + PAGE_SIZE, 1);
	check(load(WINDOW) == 2 && load(WINDOW + PAGE_SIZE) == 1);
	map(WINDOW, page_of(3), RW);
	fence_asid(1);
	check(load(WINDOW) == 3 && load(WINDOW + PAGE_SIZE) == 1);
	fence_va(WINDOW + PAGE_SIZE);
	check(load(WINDOW + PAGE_SIZE) == 2);
}

/* satp has effect at once, but what is cached of an ASID stays. */
static void other_tables(void)
{
	uint64_t *other;

	begin();
	other = new_root();
	map(WINDOW, page_of(1), RW);
	map_in(other, WINDOW, page_of(2), RW);
	use(root, 1);
	check(load(WINDOW) == 1);
	use(other, 1);
	check(load(WINDOW) == 1);
	use(other, 2);
	check(load(WINDOW) == 2);
	fence_asid(1);
	use(other, 1);
	check(load(WINDOW) == 2);
}

static void superpages(void)
{
	begin();
	big[0][0] = 1;
	big[1][0] = 2;
	big[0][1000] = 1;
	big[1][1000] = 2;
	*slot_of(root, WINDOW, 1) = pte_of((uint64_t)big[0]) | RW;
	check(load(WINDOW) == 1 && load(WINDOW + 8000) == 1);
	*slot_of(root, WINDOW, 1) = pte_of((uint64_t)big[1]) | RW;
	check(load(WINDOW) == 1 && load(WINDOW + 8000) == 1);
	fence_va(WINDOW + MIB2 - 1);
	check(load(WINDOW) == 2 && load(WINDOW + 8000) == 2);
}

/* Pages are cached, and then become a superpage: both are used until a fence. */
static void superpage_over_pages(void)
{
	uint64_t *table;

	begin();
	big[0][0] = 1;
	big[0][512] = 1;
	big[0][1024] = 1;
	map(WINDOW, page_of(5), RW);
	check(load(WINDOW) == 5);
	table = slot_of(root, WINDOW, 1);
	*table = pte_of((uint64_t)big[0]) | RW;
	check(load(WINDOW) == 5);
	check(load(WINDOW + PAGE_SIZE) == 1 && load(WINDOW + 2 * PAGE_SIZE) == 1);
	big[1][512] = 2;
	big[1][1024] = 2;
	*table = pte_of((uint64_t)big[1]) | RW;
	check(load(WINDOW + PAGE_SIZE) == 1 && load(WINDOW + 2 * PAGE_SIZE) == 1);
	fence_va(WINDOW + PAGE_SIZE);
	check(load(WINDOW + PAGE_SIZE) == 2 && load(WINDOW + 2 * PAGE_SIZE) == 2);
	check(load(WINDOW) == 5);
}

/* More tables than the firmware has room for: entries go, and come again. */
static void evictions(void)
{
	begin();
	for (uint64_t i = 0; i < 600; i++)
		map(WINDOW + i * MIB2, page_of(i), RW);
	for (unsigned turn = 0; turn < 2; turn++)
		for (uint64_t i = 0; i < 600; i++)
			check(load(WINDOW + i * MIB2) == i);
}

static void many_asids(void)
{
	begin();
	map(WINDOW, page_of(7), RW);
	fence_va(WINDOW);
	for (unsigned turn = 0; turn < 2; turn++)
		for (uint64_t asid = 0; asid < 200; asid++) {
			use(root, asid);
			check(load(WINDOW) == 7);
		}
}

/* ---- A and D (4.3.1) ---- */

static void accessed_and_dirty(void)
{
	uint64_t *slot;

	begin();
	map(WINDOW, page_of(1), PTE_V | PTE_R | PTE_W);
	slot = slot_of(root, WINDOW, 0);
	check(!(*slot & (PTE_A | PTE_D)));
	check(load(WINDOW) == 1);
	check((*slot & (PTE_A | PTE_D)) == PTE_A);
	check(try_store(WINDOW, 2) == NONE && load(WINDOW) == 2);
	check((*slot & (PTE_A | PTE_D)) == (PTE_A | PTE_D));
	map(WINDOW, page_of(1), PTE_V | PTE_R);
	fence_va(WINDOW);
	check(try_store(WINDOW, 2) == STORE_PAGE);
	check(!(*slot & (PTE_A | PTE_D)));
}

/* D is set in the entry that is there now, not in the one that was cached. */
static void dirty_reads_again(void)
{
	uint64_t *slot, *page;

	begin();
	page = page_of(1);
	map(WINDOW, page, PTE_V | PTE_R | PTE_W | PTE_A);
	slot = slot_of(root, WINDOW, 0);
	check(load(WINDOW) == 1);
	*slot = 0;
	check(load(WINDOW) == 1);
	check(try_store(WINDOW, 2) == STORE_PAGE && *slot == 0 && page[0] == 1);
}

/* ---- what the tables say (4.3.1, 4.3.2) ---- */

static void malformed(void)
{
	uint64_t *page, value;

	begin();
	page = page_of(1);
	map(WINDOW + 0 * PAGE_SIZE, page, PTE_V | PTE_W | PTE_A | PTE_D);
	map(WINDOW + 1 * PAGE_SIZE, page, RW | 1ul << 54);
	map(WINDOW + 2 * PAGE_SIZE, page, RW | 1ul << 63);
	map(WINDOW + 3 * PAGE_SIZE, page, PTE_V);
	*slot_of(root, WINDOW + MIB2, 1) = pte_of((uint64_t)big[0] + PAGE_SIZE) | RW;
	*slot_of(root, WINDOW + 2 * MIB2, 1) = pte_of((uint64_t)frame()) | PTE_V | PTE_U;
	for (unsigned i = 0; i < 4; i++)
		check(try_load(WINDOW + i * PAGE_SIZE, &value) == LOAD_PAGE);
	check(try_load(WINDOW + MIB2, &value) == LOAD_PAGE);
	check(try_load(WINDOW + 2 * MIB2, &value) == LOAD_PAGE);
	check(try_load(WINDOW | 1ul << 39, &value) == LOAD_PAGE &&
	      last_tval == (WINDOW | 1ul << 39));
	check(try_load(1ul << 63, &value) == LOAD_PAGE);
}

static void tables_elsewhere(void)
{
	uint64_t value;

	begin();
	root[level_index(WINDOW, 2)] = pte_of(FW) | PTE_V;
	check(try_load(WINDOW, &value) == LOAD_ACCESS && last_tval == WINDOW);
	root[level_index(WINDOW, 2)] = pte_of(1ul << 50) | PTE_V;
	check(try_store(WINDOW, 1) == STORE_ACCESS);
	check(try_fetch(WINDOW) == FETCH_ACCESS);
}

static void user_pages(void)
{
	uint64_t *page, value;

	begin();
	page = page_of(INSN_ECALL);
	asm volatile("fence.i");
	map(WINDOW, page, RWX | PTE_U);
	map(WINDOW + PAGE_SIZE, page, RWX);
	check(try_load(WINDOW, &value) == LOAD_PAGE);
	csr_set(sstatus, MSTATUS_SUM);
	check(try_fetch(WINDOW) ==
	      FETCH_PAGE); /* QEMU 7.2 forgets this once the page has been read */
	check(try_load(WINDOW, &value) == NONE);
	csr_clear(sstatus, MSTATUS_SUM);
	check(try_load(WINDOW, &value) == LOAD_PAGE);
	check(try_user(WINDOW) == ECALL_FROM_USER && !(last_status & MSTATUS_SPP));
	check(try_user(WINDOW + PAGE_SIZE) == FETCH_PAGE && !(last_status & MSTATUS_SPP));
}

static void executable_may_be_read(void)
{
	uint64_t value;

	begin();
	map(WINDOW, page_of(9), PTE_V | PTE_X | PTE_A);
	fence_va(WINDOW);
	check(try_load(WINDOW, &value) == LOAD_PAGE);
	csr_set(sstatus, MSTATUS_MXR);
	check(try_load(WINDOW, &value) == NONE && value == 9);
	csr_clear(sstatus, MSTATUS_MXR);
	check(try_load(WINDOW, &value) == LOAD_PAGE);
}

static void atomics(void)
{
	begin();
	check(try_amo(WINDOW, 1) == STORE_PAGE);
	check(try_lr(WINDOW) == LOAD_PAGE);
	map(WINDOW, page_of(1), PTE_V | PTE_R | PTE_W);
	check(try_amo(WINDOW, 4) == NONE && load(WINDOW) == 5);
	map(WINDOW, page_of(1), RO);
	fence_va(WINDOW);
	check(try_amo(WINDOW, 4) == STORE_PAGE && try_lr(WINDOW) == NONE);
}

static void across_pages(void)
{
	uint64_t value, edge = WINDOW + PAGE_SIZE;
	uint16_t *code;

	begin();
	map(WINDOW, page_of(0), RWX);
	check(try_load(edge - 4, &value) == LOAD_PAGE && last_tval == edge);
	check(try_store(edge - 4, 1) == STORE_PAGE && last_tval == edge);
	map(edge, page_of(~0ul), RW);
	check(try_load(edge - 4, &value) == NONE && value >> 32 == ~0u);
	code = (uint16_t *)(pte_address(*slot_of(root, WINDOW, 0)) + PAGE_SIZE - 2);
	*code = INSN_ECALL; /* half of an instruction of four bytes */
	asm volatile("fence.i");
	check(try_fetch(edge - 2) == FETCH_PAGE && last_tval == edge && last_epc == edge - 2);
}

/* ---- options ---- */

static void nothing_is_cached(void)
{
	uint64_t *page;

	begin();
	page = page_of(1);
	check(load(WINDOW) == ~0ul);
	map(WINDOW, page, RO);
	check(load(WINDOW) == ~0ul); /* its level 1 entry was not valid */
	fence_va(WINDOW);
	check(load(WINDOW) == 1);
	check(load(WINDOW + PAGE_SIZE) == ~0ul);
	map(WINDOW + PAGE_SIZE, page, RW);
	check(load(WINDOW + PAGE_SIZE) == ~0ul);
	fence_va(WINDOW + PAGE_SIZE);
	check(load(WINDOW + PAGE_SIZE) == 1);
	map(WINDOW, page, RW);
	check(try_store(WINDOW, 2) == STORE_PAGE);
	fence_asid(0);
	check(try_store(WINDOW, 2) == NONE);
}

/* A fence of an address is for the entry of a page only (4.2.1). */
static void upper_levels_are_cached(void)
{
	begin();
	check(load(WINDOW) == ~0ul);
	map(WINDOW, page_of(1), RW);
	fence_va(WINDOW);
	check(load(WINDOW) == ~0ul);
	fence_asid(0);
	check(load(WINDOW) == 1);
	check(load(WINDOW + PAGE_SIZE) == ~0ul);
	map(WINDOW + PAGE_SIZE, page_of(2), RW);
	fence_va(WINDOW + PAGE_SIZE);
	check(load(WINDOW + PAGE_SIZE) == 2);
}

/* A refused access may leave its entry in the TLB. */
static void refusals_are_cached(void)
{
	uint64_t *page;

	begin();
	page = page_of(1);
	map(WINDOW, page, RO);
	check(try_store(WINDOW, 2) == STORE_PAGE);
	map(WINDOW, page, RW);
	check(try_store(WINDOW, 2) == STORE_PAGE);
	map(WINDOW, page_of(3), RW);
	check(load(WINDOW) == 1);
	fence_va(WINDOW);
	check(try_store(WINDOW, 2) == NONE && page[0] == 1);
}

static void bits_by_faults(void)
{
	uint64_t *slot, *page;

	begin();
	page = page_of(1);
	map(WINDOW, page, PTE_V | PTE_R | PTE_W);
	slot = slot_of(root, WINDOW, 0);
	check(load(WINDOW) == ~0ul && last_cause == LOAD_PAGE);
	check(!(*slot & (PTE_A | PTE_D)));
	*slot |= PTE_A;
	fence_va(WINDOW);
	check(load(WINDOW) == 1);
	check(try_store(WINDOW, 2) == STORE_PAGE && page[0] == 1);
	*slot |= PTE_D;
	check(try_store(WINDOW, 2) == STORE_PAGE);
	fence_va(WINDOW);
	check(try_store(WINDOW, 2) == NONE && page[0] == 2);
}

/* What was never accessed is cached: of 31 pages around one that is accessed, again and again. */
static void neighbours_are_cached(void)
{
	unsigned cached = 0;

	begin();
	for (uint64_t i = 0; i < 64; i++)
		map(WINDOW + i * PAGE_SIZE, page_of(1), RW);
	for (uint64_t i = 16; i < 48; i += 4)
		check(load(WINDOW + i * PAGE_SIZE) == 1);
	for (uint64_t i = 0; i < 64; i++)
		map(WINDOW + i * PAGE_SIZE, page_of(2), RW);
	for (uint64_t i = 0; i < 64; i++)
		cached += load(WINDOW + i * PAGE_SIZE) == 1;
	check(cached > 8);
	fence_all();
	for (uint64_t i = 0; i < 64; i++)
		check(load(WINDOW + i * PAGE_SIZE) == 2);
}

/* A of pages that were never accessed; D of none. */
static void neighbours_are_accessed(void)
{
	unsigned accessed = 0;

	begin();
	for (uint64_t i = 0; i < 64; i++)
		map(WINDOW + i * PAGE_SIZE, page_of(1), PTE_V | PTE_R | PTE_W);
	for (uint64_t i = 16; i < 48; i += 4)
		check(load(WINDOW + i * PAGE_SIZE) == 1);
	for (uint64_t i = 0; i < 64; i++) {
		uint64_t entry = *slot_of(root, WINDOW + i * PAGE_SIZE, 0);

		accessed += (entry & PTE_A) != 0;
		check(!(entry & PTE_D));
	}
	check(accessed > 8);
}

/* Up to the write of satp, the old tables may be read: a fence that comes before it is too early. */
static void old_tables_are_read_at_last(void)
{
	unsigned old = 0;
	uint64_t *other;

	begin();
	other = new_root();
	map(WINDOW, page_of(1), RW);
	map_in(other, WINDOW, page_of(2), RW);
	for (unsigned i = 0; i < 64; i++) {
		use(root, 0);
		fence_all();
		check(load(WINDOW) == 1);
		fence_all();
		use(other, 0);
		old += load(WINDOW) == 1;
		fence_all();
		check(load(WINDOW) == 2);
	}
	check(old > 4);
}

/* Without a fence, too, an old entry goes some time. */
static void old_entries_go(void)
{
	uint64_t turns = 0;

	begin();
	map(WINDOW, page_of(1), RW);
	check(load(WINDOW) == 1);
	map(WINDOW, page_of(2), RW);
	while (load(WINDOW) == 1 && turns++ < 100000)
		(void)csr_read(satp); /* a trap */
	check(turns > 0 && turns < 100000);
}

static void few_asids(void)
{
	begin();
	use(root, 5);
	check(csr_read(satp) == (SATP_SV39 << 60 | 1ul << 44 | (uint64_t)root >> 12));
	map(WINDOW, page_of(1), RW);
	check(load(WINDOW) == 1);
	map(WINDOW, page_of(2), RW);
	use(root, 9);
	check(load(WINDOW) == 1);
	fence_asid(13);
	check(load(WINDOW) == 2);
}

/* ---- the witness ---- */

#define USER_CODE (WINDOW + GIB)

uint64_t findings(void)
{
	return sbi(STRICT, 2, 0, 0, 0, 0, 0).value;
}

/* To user mode, and back. */
static void visit_user(void)
{
	check(try_user(USER_CODE) == ECALL_FROM_USER);
}

uint64_t found(void)
{
	uint64_t before = findings();

	visit_user();
	return findings() - before;
}

/* Fresh tables, with a page for user mode, where the kernel owes nothing. */
void begin_witnessed(void)
{
	begin();
	map(USER_CODE, page_of(INSN_ECALL), TEXT | PTE_U);
	(void)sbi(RFENCE, 0, 0, ~0ul, 0, 0, 0);
	(void)sbi(STRICT, 0, 0, 0, 0, 0, 0);
	fence_all();
	visit_user();
	check(found() == 0);
}

/* Maps a page with some bits, and uses it. Returns its entry. */
uint64_t *used_page(uint64_t bits)
{
	map(WINDOW, page_of(1), bits);
	fence_va(WINDOW);
	check(load(WINDOW) == 1);
	return slot_of(root, WINDOW, 0);
}

/* Changes of an entry, and whether each needs a fence before the return to user mode. */
static void entries_that_grant_less(void)
{
	static const struct change {
		uint64_t before, after; /* bits; NONE: the same with another frame */
		bool needs;
	} changes[] = {
		{ RW, 0, true },
		{ RW, RO, true },
		{ RW, RW & ~PTE_V, true },
		{ RW, RW | PTE_U, true },
		{ RW, RW & ~PTE_D, true },
		{ RWX, RW, true },
		{ RW, (uint64_t)NONE, true },
		{ RW, RW & ~PTE_A, false },
		{ RW, RW | 1ul << 8, false },
		{ RO, RW, false },
		{ RO, RO & ~PTE_D, false },
		{ RW, RWX, false },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(changes); i++)
		for (unsigned fenced = 0; fenced < 2; fenced++) {
			uint64_t *slot, frame_bits;

			begin_witnessed();
			slot = used_page(changes[i].before);
			frame_bits = *slot & PTE_PPN;
			if (changes[i].after == (uint64_t)NONE)
				*slot = pte_of((uint64_t)page_of(2)) | RW;
			else
				*slot = changes[i].after ? frame_bits | changes[i].after : 0;
			if (fenced)
				fence_va(WINDOW);
			check(found() == (changes[i].needs && !fenced));
			fence_va(WINDOW);
			check(found() == 0);
		}
}

/* A board may have read an entry before the kernel makes it valid, though nothing has accessed the page. */
static void new_pages_are_refused(void)
{
	begin();
	used_page(RW); /* its table is in use */
	map(WINDOW + PAGE_SIZE, page_of(2), RW);
	check(load(WINDOW + PAGE_SIZE) == ~0ul);
	check(load(WINDOW) == 1);
	fence_va(WINDOW);
	check(load(WINDOW + PAGE_SIZE) == ~0ul);
	fence_va(WINDOW + PAGE_SIZE);
	check(load(WINDOW + PAGE_SIZE) == 2);
}

/* A board may read the entry between the fence and the store. */
static void fence_before_the_change(void)
{
	begin_witnessed();
	used_page(RW);
	fence_va(WINDOW);
	*slot_of(root, WINDOW, 0) = 0;
	check(found() == 1);
}

static void break_before_make(void)
{
	for (unsigned fenced = 0; fenced < 2; fenced++) {
		uint64_t *slot, before;

		begin_witnessed();
		slot = used_page(RW);
		before = findings();
		*slot = 0;
		if (fenced)
			fence_va(WINDOW);
		*slot = pte_of((uint64_t)page_of(2)) | RW;
		check(findings() - before == !fenced);
		fence_va(WINDOW);
		check(found() == 0);
	}
}

static void wrong_fences(void)
{
	begin_witnessed();
	*used_page(RW) = 0;
	fence_va(WINDOW + PAGE_SIZE);
	check(found() == 1);
	begin_witnessed();
	*used_page(RW) = 0;
	fence_asid(1);
	check(found() == 1);
	begin_witnessed();
	*used_page(RW | PTE_G) = 0;
	fence_asid(0);
	fence_va_asid(WINDOW, 0);
	check(found() == 1);
	begin_witnessed();
	*used_page(RW | PTE_G) = 0;
	fence_all();
	check(found() == 0);
}

static void tables_unlinked(void)
{
	begin_witnessed();
	used_page(RW);
	*slot_of(root, WINDOW, 1) = 0;
	fence_va(WINDOW);
	check(found() == 1);
	begin_witnessed();
	used_page(RW);
	*slot_of(root, WINDOW, 1) = 0;
	fence_asid(0);
	check(found() == 0);
}

/* A table is changed that belongs to the root in use, whoever has linked it, and how. */
static void tables_linked(void)
{
	uint64_t *table;

	begin_witnessed();
	table = frame();
	table[0] = pte_of((uint64_t)page_of(1)) | RW;
	*slot_of(root, WINDOW + MIB2, 1) = pte_of((uint64_t)table) | PTE_V;
	fence_all();
	check(load(WINDOW + MIB2) == 1);
	check(found() == 0);
	table[0] = 0;
	check(found() == 1);
}

/* A table is known with those that it points to, before anything is accessed through them. */
static void tables_below(void)
{
	uint64_t *middle, *table;

	begin_witnessed();
	middle = frame();
	table = frame();
	middle[0] = pte_of((uint64_t)table) | PTE_V;
	table[0] = pte_of((uint64_t)page_of(1)) | RW;
	root[level_index(WINDOW + 2 * GIB, 2)] = pte_of((uint64_t)middle) | PTE_V;
	fence_all();
	check(found() == 0);
	table[0] = 0;
	check(found() == 1);
}

/* Frames that were tables are memory like any other. */
static void tables_freed(void)
{
	uint64_t *table;

	begin_witnessed();
	used_page(RW);
	table = (uint64_t *)pte_address(*slot_of(root, WINDOW, 1));
	*slot_of(root, WINDOW, 1) = 0;
	fence_all();
	for (unsigned i = 0; i < 512; i++)
		table[i] = i | RWX;
	for (unsigned i = 0; i < 512; i++)
		table[i] = 0;
	check(found() == 0);
}

/* A table that points to itself is one of several levels, and above itself. */
static void tables_in_a_ring(void)
{
	uint64_t *ring, value;

	begin_witnessed();
	ring = new_root();
	ring[level_index(USER_CODE, 2)] = root[level_index(USER_CODE, 2)];
	ring[level_index(WINDOW, 2)] = pte_of((uint64_t)ring) | PTE_V;
	use(ring, 1);
	check(try_load(WINDOW + level_index(WINDOW, 2) * MIB2, &value) != NONE);
	check(found() == 0);
	use(root, 0);
	for (unsigned i = 16; i < 512; i++)
		ring[i] = 0;
	check(found() == 0);
}

static void kinds_of_stores(void)
{
	static void (*const kinds[])(uint64_t *, uint64_t) = {
		store_sd,   store_sw,	store_sh,  store_sb,  store_c_sd,
		store_c_sw, store_swap, store_and, store_cas,
	};

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		uint64_t *slot;

		begin_witnessed();
		slot = used_page(RW);
		kinds[i](slot, 0);
		check(!(*slot & PTE_V));
		check(found() == 1);
	}
}

static void other_tables_in_an_asid(void)
{
	uint64_t *other;

	for (unsigned fenced = 0; fenced < 2; fenced++) {
		begin_witnessed();
		used_page(RW);
		other = new_root();
		map_in(other, WINDOW, page_of(2), RW);
		other[level_index(USER_CODE, 2)] = root[level_index(USER_CODE, 2)];
		use(other, 0);
		if (fenced)
			fence_asid(0);
		check(found() == !fenced);
	}
}

/* What an ASID keeps that is not in use may be fenced later, but before a program runs there again. */
static void old_in_an_asid_left(void)
{
	for (unsigned how = 0; how < 4; how++) {
		uint64_t *here, *there, *slot;

		begin_witnessed();
		here = root;
		there = new_root();
		map_in(there, USER_CODE, (void *)pte_address(*slot_of(here, USER_CODE, 0)),
		       TEXT | PTE_U);
		fence_all(); /* the frames were tables of the last round */
		slot = used_page(RW);
		use(there, 1);
		*slot = 0;
		if (how == 1)
			fence_va_asid(WINDOW, 0);
		check(found() == 0);
		if (how == 2)
			fence_asid(0);
		if (how == 3)
			fence_asid(1); /* another one */
		use(here, 0);
		check(found() == (how == 0 || how == 3));
		check(found() == 0); /* once */
	}
}

static void frames_freed(void)
{
	for (unsigned fenced = 0; fenced < 2; fenced++) {
		uint64_t *slot, address, before;

		begin_witnessed();
		slot = used_page(RW);
		address = pte_address(*slot);
		*slot = 0;
		if (fenced)
			fence_va(WINDOW);
		before = findings();
		(void)sbi(STRICT, 1, address + PAGE_SIZE, PAGE_SIZE, 0, 0, 0);
		check(findings() == before);
		(void)sbi(STRICT, 1, address, PAGE_SIZE, 0, 0, 0);
		check(findings() - before == !fenced);
		check(found() == 0);
	}
}

/* What was owed of a table when its frame was freed is not looked for when the frame is freed again. */
static void table_freed_twice(void)
{
	uint64_t *slot, *pointer, table, before;

	begin_witnessed();
	slot = used_page(RW);
	pointer = slot_of(root, WINDOW, 1);
	table = pte_address(*pointer);
	*slot = 0;
	*pointer = 0;
	fence_all();
	before = findings();
	(void)sbi(STRICT, 1, table, PAGE_SIZE, 0, 0, 0);
	slot = used_page(RW);
	*slot = 0;
	(void)sbi(STRICT, 1, table, PAGE_SIZE, 0, 0, 0);
	check(findings() == before);
	fence_va(WINDOW);
	check(found() == 0);
}

static void text_entered(void)
{
	for (unsigned fenced = 0; fenced < 3; fenced++) {
		begin_witnessed();
		map(WINDOW, frame(), 0); /* so that the table is known */
		check(load(WINDOW) == ~0ul);
		if (fenced == 1)
			(void)sbi(RFENCE, 0, 0, ~0ul, 0, 0, 0);
		map(WINDOW, page_of(INSN_ECALL), TEXT | PTE_U);
		fence_va(WINDOW);
		if (fenced == 2)
			(void)sbi(RFENCE, 0, 0, ~0ul, 0, 0, 0);
		check(found() == !fenced);
	}
}

/* Executes a FENCE.I whose halves are in two pages. */
static void fence_i_across_pages(void)
{
	uint16_t *page = (uint16_t *)frame(), *next = (uint16_t *)frame();

	check((char *)next == (char *)page + PAGE_SIZE);
	next[-1] = 0x100f;
	next[0] = 0;
	next[1] = INSN_RET;
	map(WINDOW, page, TEXT);
	map(WINDOW + PAGE_SIZE, next, TEXT);
	fence_va(WINDOW);
	fence_va(WINDOW + PAGE_SIZE);
	check(try_fetch(WINDOW + PAGE_SIZE - 2) == NONE);
}

/* The kernel stores to a page that user mode has executed. */
static void text_stored(void)
{
	for (unsigned fenced = 0; fenced < 3; fenced++) {
		uint64_t before;

		begin_witnessed();
		*(uint64_t *)pte_address(*slot_of(root, USER_CODE, 0)) = INSN_ECALL;
		if (fenced == 1) {
			map(WINDOW, fence_i_page, TEXT);
			fence_va(WINDOW);
			check(try_fetch(WINDOW) == NONE);
		} else if (fenced == 2) {
			fence_i_across_pages();
		}
		before = findings();
		visit_user();
		check(findings() - before == !fenced);
	}
}

/* For a kernel that promises nothing, only a use counts, of a frame that is used otherwise by then. */
static void old_translations_used(void)
{
	for (unsigned reused = 0; reused < 2; reused++) {
		uint64_t *slot, frame_bits, before;

		begin();
		map(USER_CODE, page_of(INSN_ECALL), TEXT | PTE_U);
		fence_all();
		visit_user();
		slot = used_page(RW);
		frame_bits = *slot & PTE_PPN;
		*slot = 0;
		visit_user();
		if (reused) {
			csr_set(sstatus, MSTATUS_SUM);
			map(WINDOW + 8 * PAGE_SIZE, (void *)(frame_bits >> 10 << 12), RW | PTE_U);
			fence_va(WINDOW + 8 * PAGE_SIZE);
			check(load(WINDOW + 8 * PAGE_SIZE) == 1);
			csr_clear(sstatus, MSTATUS_SUM);
		}
		before = findings();
		visit_user();
		check(load(WINDOW) == 1);
		check(findings() - before == reused);
		check(load(WINDOW) == 1);
		fence_va(WINDOW);
		check(load(WINDOW) == ~0ul);
	}
}

/* ---- the firmware's own memory, and registers ---- */

static void firmware_memory(void)
{
	uint64_t value;

	begin();
	check(try_load(FW, &value) == LOAD_ACCESS);
	check(try_store(FW, 0) == STORE_ACCESS);
	check(try_fetch(FW) == FETCH_ACCESS);
	check(try_store(POOL, 0) == STORE_ACCESS);
	csr_write(satp, 0);
	check(try_load(FW, &value) == LOAD_ACCESS);
	check(try_store(POOL, 0) == STORE_ACCESS);
}

static void satp_modes(void)
{
	uint64_t before;

	begin();
	use(root, 5);
	before = csr_read(satp);
	check(before == (SATP_SV39 << 60 | 5ul << 44 | (uint64_t)root >> 12));
	csr_write(satp, 9ul << 60 | (uint64_t)root >> 12);
	csr_write(satp, 1ul << 60);
	check(csr_read(satp) == before);
	csr_set(satp, 2ul << 44);
	check(csr_read(satp) == (before | 7ul << 44));
	csr_clear(satp, 7ul << 44);
	check(csr_read(satp) == (before & ~(0xfffful << 44)));
}

static void illegal(void)
{
	begin();
	check(try_stimecmp() == ILLEGAL_INSTRUCTION && last_tval == 0x14d01073);
}

/* An exception that the firmware passes on changes sstatus as the hardware's would (3.1.6.1). */
static void status_of_traps(void)
{
	uint64_t value;

	begin();
	check(try_load(WINDOW, &value) == LOAD_PAGE);
	check(last_status & MSTATUS_SPP && !(last_status & (MSTATUS_SIE | MSTATUS_SPIE)));
	csr_set(sstatus, MSTATUS_SIE);
	check(try_load(WINDOW, &value) == LOAD_PAGE);
	check(last_status & MSTATUS_SPIE && !(last_status & MSTATUS_SIE));
	csr_clear(sstatus, MSTATUS_SIE);
}

/* ---- the SBI ---- */

long answer(uint64_t extension, uint64_t function, uint64_t a, uint64_t b)
{
	return sbi(extension, function, a, b, 0, 0, 0).error;
}

static void sbi_base(void)
{
	static const uint64_t there[] = { BASE, TIME, IPI, RFENCE, HSM, SRST, DBCN, 0, 1, 8 };

	check(sbi(BASE, 0, 0, 0, 0, 0, 0).value == 2ul << 24);
	for (unsigned i = 0; i < ARRAY_SIZE(there); i++)
		check(sbi(BASE, 3, there[i], 0, 0, 0, 0).value == 1);
	check(sbi(BASE, 3, 0x504d55, 0, 0, 0, 0).value == 0);
	check(sbi(BASE, 3, 9, 0, 0, 0, 0).value == 0);
	for (unsigned i = 0; i < 7; i++)
		check(answer(there[i], 99, 0, 0) == NOT_SUPPORTED);
	check(answer(12345, 0, 0, 0) == NOT_SUPPORTED);
}

static void sbi_harts(void)
{
	uint64_t other = hart_id + 1;

	check(answer(HSM, 0, hart_id, 0) == ALREADY);
	check(answer(HSM, 0, other, 0) == INVALID_PARAM);
	check(sbi(HSM, 2, hart_id, 0, 0, 0, 0).error == 0 &&
	      sbi(HSM, 2, hart_id, 0, 0, 0, 0).value == 0);
	check(answer(HSM, 2, other, 0) == INVALID_PARAM);
	check(answer(HSM, 3, 0x70000000, 0) == INVALID_PARAM);
	check(answer(IPI, 0, 1, other) == INVALID_PARAM);
	check(answer(IPI, 0, 3, hart_id) == INVALID_PARAM);
	check(!(csr_read(sip) & IRQ_SSI));
	check(answer(IPI, 0, 1, hart_id) == 0 && csr_read(sip) & IRQ_SSI);
	csr_clear(sip, IRQ_SSI);
	check(!(csr_read(sip) & IRQ_SSI));
	check(answer(IPI, 0, 0, ~0ul) == 0 && csr_read(sip) & IRQ_SSI);
	csr_clear(sip, IRQ_SSI);
	check(answer(IPI, 0, 0, 0) == 0 && !(csr_read(sip) & IRQ_SSI));
}

static void sbi_timer(void)
{
	uint64_t now;

	asm volatile("rdtime %0" : "=r"(now));
	check(answer(TIME, 0, ~0ul, 0) == 0 && !(csr_read(sip) & IRQ_STI));
	check(answer(TIME, 0, now, 0) == 0);
	for (unsigned i = 0; i < 100000 && !(csr_read(sip) & IRQ_STI); i++)
		;
	check((csr_read(sip) & IRQ_STI) != 0);
	check(answer(TIME, 0, ~0ul, 0) == 0 && !(csr_read(sip) & IRQ_STI));
}

static void sbi_fences(void)
{
	static const struct fence {
		uint64_t function, start, size, asid;
		uint64_t found;
	} fences[] = {
		{ 1, WINDOW, PAGE_SIZE, 0, 2 },
		{ 1, WINDOW + PAGE_SIZE, PAGE_SIZE, 0, 1 },
		{ 1, 0, 0, 0, 2 },
		{ 1, WINDOW - PAGE_SIZE, 2 * PAGE_SIZE, 0, 2 },
		{ 1, 0, ~0ul, 0, 2 },
		{ 2, WINDOW, PAGE_SIZE, 3, 2 },
		{ 2, WINDOW, PAGE_SIZE, 4, 1 },
		{ 2, 0, 0, 3, 2 },
		{ 2, WINDOW - GIB, 2 * GIB, 3, 2 },
		{ 0, 0, 0, 0, 1 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(fences); i++) {
		const struct fence *fence = &fences[i];

		begin();
		use(root, 3);
		map(WINDOW, page_of(1), RW);
		check(load(WINDOW) == 1);
		map(WINDOW, page_of(2), RW);
		check(sbi(RFENCE, fence->function, 1, hart_id + 1, fence->start, fence->size,
			  fence->asid)
			      .error == INVALID_PARAM);
		check(sbi(RFENCE, fence->function, 0, 0, fence->start, fence->size, fence->asid)
			      .error == 0);
		check(load(WINDOW) == 1);
		check(sbi(RFENCE, fence->function, 1, hart_id, fence->start, fence->size,
			  fence->asid)
			      .error == 0);
		check(load(WINDOW) == fence->found);
	}
}

static void sbi_console(void)
{
	static const char text[] = "# written by the debug console\n";

	check(sbi(DBCN, 0, sizeof(text) - 1, (uint64_t)text, 0, 0, 0).value == sizeof(text) - 1);
	check(answer(DBCN, 0, 8, FW) == INVALID_PARAM);
	check(answer(DBCN, 0, ~0ul, (uint64_t)text) == INVALID_PARAM);
	check(answer(DBCN, 1, 8, FW) == INVALID_PARAM);
	check(sbi(DBCN, 0, 8, (uint64_t)text, 1, 0, 0).error == INVALID_PARAM);
	check(answer(SRST, 0, 3, 0) == INVALID_PARAM && answer(SRST, 0, 0, 2) == INVALID_PARAM);
}

/* Each function of each extension with odd arguments: an answer, and the machine goes on. */
static void sbi_nonsense(void)
{
	static const uint64_t extensions[] = { BASE, TIME,     IPI,	 RFENCE,
					       DBCN, 0x504d55, 0x535441, ~0ul };
	static const uint64_t odd[] = { 0, 1, ~0ul, FW, 1ul << 63 };

	for (unsigned e = 0; e < ARRAY_SIZE(extensions); e++)
		for (unsigned function = 0; function < 9; function++)
			for (unsigned a = 0; a < ARRAY_SIZE(odd) * ARRAY_SIZE(odd); a++) {
				if (extensions[e] == DBCN && function == 2)
					continue; /* would print */
				(void)sbi(extensions[e], function, odd[a % 5], odd[a / 5],
					  odd[a % 3], odd[a % 4], 0);
			}
	csr_clear(sip, IRQ_SSI);
	(void)answer(TIME, 0, ~0ul, 0);
}

static uint64_t deed; /* the word deed=N */

static void watch(void)
{
	check(deed < BAD_DEEDS);
	if (deed < BAD_DEEDS)
		watch_bad_deed((unsigned)deed);
}

/* ---- all of them ---- */

/* The options that the machine has. Some cases hold with all of them. */
#define PLAIN	  1u
#define NEGATIVE  2u
#define AD_FAULTS 4u
#define SPECULATE 8u
#define EVICT	  16u
#define ASIDS	  32u
#define WITNESS	  64u
#define UNSEEN	  128u
#define HARTS	  256u
#define UPPER	  512u
#define BAD	  1024u
#define COUNT	  2048u
#define SBI_ONCE  PLAIN /* does not depend on options */
#define ALL	  (PLAIN | NEGATIVE | AD_FAULTS | SPECULATE | EVICT | ASIDS | WITNESS | UNSEEN)

static const char *const modes[] = {
	"plain",   "negative", "ad",	"speculate", "evict", "asid",
	"witness", "unseen",   "harts", "upper",     "bad",   "count"
};

static const struct {
	const char *name;
	void (*test)(void);
	unsigned modes;
} cases[] = {
	{ "another frame is seen after a fence", another_frame,
	  PLAIN | NEGATIVE | AD_FAULTS | SPECULATE | ASIDS },
	{ "an unmapped page is gone after a fence", unmapped,
	  PLAIN | NEGATIVE | AD_FAULTS | SPECULATE | ASIDS },
	{ "a page without W is written until a fence", without_write,
	  PLAIN | NEGATIVE | AD_FAULTS | SPECULATE | ASIDS },
	{ "a page without X is executed until a fence", without_execute,
	  PLAIN | NEGATIVE | AD_FAULTS | SPECULATE | ASIDS },
	{ "more rights are seen after a fence", more_rights,
	  PLAIN | NEGATIVE | AD_FAULTS | SPECULATE | ASIDS },
	{ "a new page is there after a fence", from_nothing, ALL },
	{ "a fence by ASID leaves others, and global entries", by_asid,
	  PLAIN | NEGATIVE | AD_FAULTS | SPECULATE },
	{ "an ASID keeps what it has when satp changes", other_tables,
	  PLAIN | NEGATIVE | AD_FAULTS | SPECULATE },
	{ "a fence of an address drops its whole superpage", superpages,
	  PLAIN | NEGATIVE | AD_FAULTS | SPECULATE | ASIDS },
	{ "pages and a superpage over them", superpage_over_pages, PLAIN },
	{ "more tables than there is room for", evictions, ALL },
	{ "more ASIDs than there are shadows", many_asids, ALL },
	{ "A and D", accessed_and_dirty, PLAIN | NEGATIVE | SPECULATE | EVICT | ASIDS },
	{ "D is set in the entry as it is now", dirty_reads_again,
	  PLAIN | NEGATIVE | SPECULATE | ASIDS },
	{ "malformed entries and addresses", malformed, ALL },
	{ "tables that are not in memory", tables_elsewhere, ALL },
	{ "user pages and SUM", user_pages, PLAIN | AD_FAULTS | EVICT | ASIDS },
	{ "MXR", executable_may_be_read, ALL },
	{ "AMO, LR", atomics, PLAIN | EVICT | ASIDS },
	{ "accesses across pages", across_pages, PLAIN | AD_FAULTS | EVICT | ASIDS },
	{ "the firmware's memory", firmware_memory, ALL },
	{ "modes of satp", satp_modes, PLAIN },
	{ "stimecmp is an illegal instruction", illegal, PLAIN },
	{ "sstatus in a trap", status_of_traps, ALL },
	{ "SBI: base", sbi_base, SBI_ONCE },
	{ "SBI: harts and IPIs", sbi_harts, SBI_ONCE },
	{ "SBI: timer", sbi_timer, SBI_ONCE },
	{ "SBI: remote fences", sbi_fences, PLAIN },
	{ "SBI: console and reset", sbi_console, SBI_ONCE },
	{ "an invalid entry is cached", nothing_is_cached, NEGATIVE },
	{ "an entry that refused an access is cached", refusals_are_cached, NEGATIVE },
	{ "an invalid entry of an upper level is cached", upper_levels_are_cached, UPPER },
	{ "a new page is refused until a fence", new_pages_are_refused, UNSEEN },
	{ "A and D by faults", bits_by_faults, AD_FAULTS },
	{ "neighbours are cached", neighbours_are_cached, SPECULATE },
	{ "neighbours are accessed", neighbours_are_accessed, SPECULATE },
	{ "old tables are read up to the write of satp", old_tables_are_read_at_last, SPECULATE },
	{ "old entries go", old_entries_go, EVICT },
	{ "few ASIDs", few_asids, ASIDS },
	{ "an old translation is used", old_translations_used, WITNESS },
	{ "entries that grant less", entries_that_grant_less, WITNESS },
	{ "a fence before the change", fence_before_the_change, WITNESS },
	{ "an entry is written before the fence", break_before_make, WITNESS },
	{ "fences of something else", wrong_fences, WITNESS },
	{ "tables that are unlinked", tables_unlinked, WITNESS },
	{ "tables that are linked", tables_linked, WITNESS },
	{ "tables below one that is linked", tables_below, WITNESS },
	{ "tables that are freed", tables_freed, WITNESS },
	{ "a table that points to itself", tables_in_a_ring, WITNESS },
	{ "all kinds of stores to a table", kinds_of_stores, WITNESS },
	{ "other tables in an ASID", other_tables_in_an_asid, WITNESS },
	{ "an old translation in an ASID that is left", old_in_an_asid_left, WITNESS },
	{ "frames that get another use", frames_freed, WITNESS },
	{ "a table whose frame is freed twice", table_freed_twice, WITNESS },
	{ "a page of text is entered", text_entered, WITNESS },
	{ "a page of text is stored to", text_stored, WITNESS },
	{ "SBI: nonsense", sbi_nonsense, SBI_ONCE },
	{ "harts in the device tree", harts_in_the_tree, HARTS },
	{ "HSM: states and errors", hart_states, HARTS },
	{ "IPIs by masks", ipis_by_masks, HARTS },
	{ "timers of harts", timers_of_harts, HARTS },
	{ "switches in critical sections", switches_in_critical_sections, HARTS | COUNT },
	{ "the FPU of each hart", fpu_of_each_hart, HARTS | COUNT },
	{ "the instructions of each hart", instructions_of_harts, COUNT },
	{ "fences of harts", fences_of_harts, HARTS },
	{ "the witness of harts", witness_of_harts, HARTS },
	{ "masks of harts", masks_of_harts, HARTS },
	{ "a hart goes on beside a bad one", watch, BAD },
};

static const char *command_line(uint64_t tree)
{
	struct dt dt;
	const char *line = NULL;

	if (dt_init(&dt, (const void *)tree, ~0u >> 1, NULL) == 0)
		line = dt_string(&dt, dt_path(&dt, "/chosen"), "bootargs");
	return line ?: "";
}

/* The word mode=NAME of the command line. */
static unsigned mode_of(const char *line)
{
	char word[16];

	for (unsigned i = 0; i < ARRAY_SIZE(modes); i++)
		if (cmdline_get(line, "mode", word, sizeof(word)) && strcmp(word, modes[i]) == 0)
			return 1u << i;
	panic("the command line has no mode=\n");
}

void payload(uint64_t id, uint64_t tree)
{
	const char *words = command_line(tree);
	unsigned mode = mode_of(words), n = 0;
	char line[32];

	hart_id = id;
	device_tree = (const void *)tree;
	(void)cmdline_get_u64(words, "deed", &deed);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
		n += (cases[i].modes & mode) != 0;
	ksnprintf(line, sizeof(line), "1..%u\n", n);
	print(line);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
		if (cases[i].modes & mode)
			run(cases[i].name, cases[i].test);
	ksnprintf(line, sizeof(line), "# %lu instructions\n", csr_read(instret));
	print(line);
	(void)sbi(SRST, 0, 0, 0, 0, 0, 0);
}
