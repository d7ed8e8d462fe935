/* SPDX-License-Identifier: MIT */
/* Shadow tables: filled at a miss, emptied by fences. */
#include "shadow.h"

#include "lib/bits.h"
#include "lib/string.h"
#include "options.h"
#include "pte.h"

/*
 * Software bits of an entry in a shadow. HELD_W: the kernel's entry permits writes, but the page's D
 * was not set. FRAGMENT: a part of a superpage, where smaller entries of the same range were there
 * before. NEGATIVE is all of an entry that stands for an invalid one.
 */
#define SHADOW_HELD_W	(1ul << 8)
#define SHADOW_FRAGMENT (1ul << 9)
#define SHADOW_NEGATIVE (1ul << 10)

#define NSHADOWS 64

struct shadow {
	bool used;
	unsigned asid;
	uint64_t *root;
};

static struct shadow shadows[NSHADOWS];
static struct shadow *current;
static unsigned victim;	      /* the next one that has to give up its tables */
static uint64_t *free_tables; /* linked by their first words */
static unsigned nfree;
static bool has_fragments; /* some shadow does, perhaps */

/* ---- tables ---- */

static void table_free(uint64_t *table)
{
	table[0] = (uint64_t)free_tables;
	free_tables = table;
	nfree++;
}

static uint64_t *table_of(uint64_t pte)
{
	return (uint64_t *)pte_address(pte);
}

/* Entries of a shadow are 0, tables, leaves, or NEGATIVE. */
static bool is_table(uint64_t pte)
{
	return pte & PTE_V && !pte_is_leaf(pte);
}

/*
 * Drops what is below a table: all, all but global entries, or only fragments. Returns whether the
 * table is empty then.
 */
enum drop { DROP_ALL, DROP_LOCAL, DROP_FRAGMENTS };

static bool is_dropped(uint64_t leaf, enum drop what)
{
	return what == DROP_ALL || (what == DROP_LOCAL && !(leaf & PTE_G)) ||
	       (what == DROP_FRAGMENTS && leaf & SHADOW_FRAGMENT);
}

static bool table_drop(uint64_t *table, unsigned level, enum drop what)
{
	bool empty = true;

	for (uint64_t *slot = table; slot < table + PTE_ENTRIES; slot++) {
		if (!is_table(*slot)) {
			if (is_dropped(*slot, what))
				*slot = 0;
		} else if (table_drop(table_of(*slot), level - 1, what)) {
			table_free(table_of(*slot));
			*slot = 0;
		}
		empty = empty && !*slot;
	}
	return empty;
}

static void shadow_drop(const struct shadow *shadow, enum drop what)
{
	(void)table_drop(shadow->root, LEVELS - 1, what);
}

/*
 * Makes sure that there are `n` free tables: takes those of a shadow that is not in use, and if that
 * is not enough, those of the current one. Each shadow can do without all but its root.
 */
static void tables_reserve(unsigned n)
{
	if (nfree >= n)
		return;
	for (unsigned i = 0; i < NSHADOWS && nfree < n; i++) {
		struct shadow *shadow = &shadows[victim++ % NSHADOWS];

		if (shadow->used && shadow != current)
			shadow_drop(shadow, DROP_ALL);
	}
	if (nfree < n)
		shadow_drop(current, DROP_ALL);
	asm volatile("sfence.vma" ::: "memory");
}

/* Returns an empty table, which has been reserved. */
static uint64_t *table_alloc(void)
{
	uint64_t *table = free_tables;

	free_tables = (uint64_t *)table[0];
	table[0] = 0;
	nfree--;
	return table;
}

void shadow_init(void)
{
	for (char *page = pool_end; page > pool_start; page -= PAGE_SIZE) {
		memset(page - PAGE_SIZE, 0, PAGE_SIZE);
		table_free((uint64_t *)(page - PAGE_SIZE));
	}
}

/* ---- shadows by ASID ---- */

static struct shadow *shadow_find(unsigned asid)
{
	for (struct shadow *shadow = shadows; shadow < shadows + NSHADOWS; shadow++)
		if (shadow->used && shadow->asid == asid)
			return shadow;
	return NULL;
}

/* Returns a shadow for an ASID that has none. */
static struct shadow *shadow_new(unsigned asid)
{
	struct shadow *shadow = shadows;

	while (shadow < shadows + NSHADOWS && shadow->used)
		shadow++;
	if (shadow < shadows + NSHADOWS) {
		tables_reserve(1);
		shadow->root = table_alloc();
	} else {
		do
			shadow = &shadows[victim++ % NSHADOWS];
		while (shadow == current);
		shadow_drop(shadow, DROP_ALL);
	}
	shadow->used = true;
	shadow->asid = asid;
	return shadow;
}

void shadow_switch(uint64_t satp)
{
	if (satp_mode(satp) == SATP_BARE) {
		current = NULL;
		csr_write(satp, 0);
	} else {
		current = shadow_find(satp_asid(satp)) ?: shadow_new(satp_asid(satp));
		csr_write(satp, SATP_SV39 << 60 | (uint64_t)current->root >> 12);
	}
	asm volatile("sfence.vma" ::: "memory");
}

/* ---- entries ---- */

/* Returns the leaf or NEGATIVE for an address, and its level; NULL if the shadow has none. */
static uint64_t *leaf_find(const struct shadow *shadow, uint64_t va, unsigned *level_ret)
{
	uint64_t *table = shadow->root;

	for (unsigned level = LEVELS; level-- > 0;) {
		uint64_t *slot = &table[level_index(va, level)];

		*level_ret = level;
		if (!*slot)
			return NULL;
		if (!is_table(*slot))
			return slot;
		table = table_of(*slot);
	}
	return NULL;
}

/* Returns what the shadow keeps of the kernel's entry. */
static uint64_t shadow_entry(uint64_t pte)
{
	uint64_t entry = (pte & (PTE_PPN | PTE_LEAF | PTE_U | PTE_G)) | PTE_V | PTE_A | PTE_D;

	if (pte & PTE_W && !(pte & PTE_D))
		entry = (entry & ~PTE_W) | SHADOW_HELD_W;
	return entry;
}

/*
 * Enters a translation, where there is none. If the shadow has smaller entries in the range of a
 * superpage, these stay, and a fragment of the superpage comes beside them: boards, too, may have both.
 */
static void leaf_enter(const struct shadow *shadow, uint64_t va, const struct mapping *mapping)
{
	uint64_t entry = mapping->well_formed ? shadow_entry(mapping->pte) : SHADOW_NEGATIVE;
	uint64_t *table = shadow->root, *slot;
	unsigned level;

	tables_reserve(LEVELS - 1);
	for (level = LEVELS - 1;; level--) {
		slot = &table[level_index(va, level)];
		if (!*slot && level <= mapping->level)
			break;
		if (!*slot)
			*slot = pte_of((uint64_t)table_alloc()) | PTE_V;
		table = table_of(*slot);
	}
	if (level < mapping->level && mapping->well_formed) {
		uint64_t inside = va % level_size(mapping->level);

		entry = (entry + pte_of(ALIGN_DOWN(inside, level_size(level)))) | SHADOW_FRAGMENT;
		has_fragments = true;
	}
	*slot = entry;
}

/* What a page fault leaves in the TLB: an invalid entry, or a valid one that does not permit the access. */
static void remember_refusal(uint64_t va, const struct mapping *mapping)
{
	bool used = mapping->well_formed && mapping->pte & PTE_A;

	if (options.negative && va_is_canonical(va) && (used || !mapping->well_formed))
		leaf_enter(current, va, mapping);
}

/* Fills pages near an address, as if something were about to access them. */
static void speculate(uint64_t near)
{
	for (unsigned i = 0; i < options.speculate; i++) {
		uint64_t va = near + (random_below(32) - 16) * PAGE_SIZE;
		struct mapping mapping;
		unsigned level;

		if (va_is_canonical(va) && !leaf_find(current, va, &level) &&
		    walk(hart.satp, va, SPECULATIVE, SUPERVISOR, &mapping) == WALK_OK)
			leaf_enter(current, va, &mapping);
	}
}

/*
 * What the entry that is cached says of an access which it has trapped. Returns false if the
 * kernel's entry has to be read again, to set D in it.
 */
static bool is_refused(uint64_t cached, enum access access, enum privilege privilege)
{
	bool held = (cached & SHADOW_HELD_W) != 0;

	if (cached == SHADOW_NEGATIVE ||
	    !pte_permits(cached | (held ? PTE_W : 0), access, privilege))
		return true;
	if (!held || access != WRITE)
		firmware_panic("the machine refuses an access that its tables permit",
			       csr_read(mtval));
	return options.ad == AD_FAULT;
}

enum shadow_fault shadow_fault(uint64_t va, enum access access, enum privilege privilege)
{
	struct mapping mapping;
	unsigned level;
	uint64_t *slot;

	if (!current || !va_is_canonical(va))
		return SHADOW_PAGE_FAULT;
	slot = leaf_find(current, va, &level);
	if (slot) {
		if (is_refused(*slot, access, privilege))
			return SHADOW_PAGE_FAULT;
		*slot = 0;
	}
	switch (walk(hart.satp, va, access, privilege, &mapping)) {
	case WALK_PAGE_FAULT:
		remember_refusal(va, &mapping);
		return SHADOW_PAGE_FAULT;
	case WALK_ACCESS_FAULT:
		return SHADOW_ACCESS_FAULT;
	case WALK_OK:
		break;
	}
	leaf_enter(current, va, &mapping);
	speculate(va);
	return SHADOW_FILLED;
}

/* ---- evictions ---- */

/* Drops the entry at a random place of a table, or the first one behind it. */
static void evict_from(uint64_t *table)
{
	unsigned start = (unsigned)random_below(PTE_ENTRIES);

	for (unsigned i = 0; i < PTE_ENTRIES; i++) {
		uint64_t *slot = &table[(start + i) % PTE_ENTRIES];

		if (is_table(*slot)) {
			evict_from(table_of(*slot));
			return;
		}
		if (*slot) {
			*slot = 0;
			return;
		}
	}
}

void shadow_age(void)
{
	const struct shadow *shadow;

	if (!options.evict || random_below(options.evict) != 0)
		return;
	shadow = &shadows[random_below(NSHADOWS)];
	if (!shadow->used)
		shadow = current;
	if (!shadow)
		return;
	if (random_below(16) == 0)
		shadow_drop(shadow, DROP_ALL);
	else
		evict_from(shadow->root);
	asm volatile("sfence.vma" ::: "memory");
}

/* ---- fences ---- */

/* Drops the leaf of an address, and all fragments of superpages that may contain it. */
static void fence_address(const struct shadow *shadow, uint64_t va, bool keep_global)
{
	unsigned level;
	uint64_t *slot;

	if (has_fragments)
		shadow_drop(shadow, DROP_FRAGMENTS);
	slot = leaf_find(shadow, va, &level);
	if (slot && !(keep_global && *slot & PTE_G))
		*slot = 0;
}

void shadow_fence(uint64_t va, uint64_t asid)
{
	for (struct shadow *shadow = shadows; shadow < shadows + NSHADOWS; shadow++) {
		bool all = asid == ALL_ASIDS;

		if (!shadow->used || (!all && shadow->asid != asid))
			continue;
		if (va != ALL_ADDRESSES)
			fence_address(shadow, va, !all);
		else
			shadow_drop(shadow, all ? DROP_ALL : DROP_LOCAL);
	}
	asm volatile("sfence.vma" ::: "memory");
}

/* ---- text ---- */

/* What the machine has fetched has been in the shadow, but an eviction may have come between. */
static bool translate(uint64_t va, enum privilege privilege, uint64_t *address_ret)
{
	struct mapping mapping;
	unsigned level;
	uint64_t *slot;

	if (!current) {
		*address_ret = va;
		return is_kernel_ram(va, 2);
	}
	if (!va_is_canonical(va))
		return false;
	slot = leaf_find(current, va, &level);
	if (slot && *slot != SHADOW_NEGATIVE)
		mapping = (struct mapping){ *slot, level, true };
	else if (walk(hart.satp, va, EXECUTE, privilege, &mapping) != WALK_OK)
		return false;
	*address_ret = pte_address(mapping.pte) + va % level_size(mapping.level);
	return is_kernel_ram(*address_ret, 2);
}

bool shadow_fetch(uint64_t va, enum privilege privilege, uint16_t *half)
{
	uint64_t address;

	if (!translate(va, privilege, &address))
		return false;
	*half = *(const volatile uint16_t *)address;
	return true;
}
