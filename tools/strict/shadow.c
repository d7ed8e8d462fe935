/* SPDX-License-Identifier: MIT */
/* Shadow tables: filled at a miss, emptied by fences. */
#include "shadow.h"

#include "harts.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "notes.h"
#include "options.h"
#include "pte.h"
#include "witness.h"

/*
 * Software bits of a leaf in a shadow. HELD_W: the kernel's entry permits writes, but the page's D was
 * not set; or D is set, and the firmware wants to see each store to the frame (notes.h). FRAGMENT: a
 * part of a superpage. A leaf without V is one that the witness waits for to be used: it is TRAPPED.
 * NEGATIVE is all of an entry that stands for an invalid one.
 */
#define SHADOW_HELD_W	(1ul << 8)
#define SHADOW_FRAGMENT (1ul << 9)
#define SHADOW_TRAPPED	(1ul << 9)
#define SHADOW_NEGATIVE (1ul << 8)

/* Of an entry that points to a table: below it are leaves that are not global, or fragments. */
#define BELOW_LOCAL	(1ul << 8)
#define BELOW_FRAGMENTS (1ul << 9)

struct shadow {
	bool used;
	bool mixed; /* entries may be of other tables, for satp has changed since it was empty, or are old */
	hart_set doubters;
	unsigned hart; /* its number */
	unsigned asid;
	uint64_t satp; /* with which it was used last */
	uint64_t *root;
};

/*
 * The upper half of the addresses has global entries only, with most kernels, and a hart uses these in any ASID. So the
 * shadows of a hart have the tables of this half in common, below their roots: until an entry there is not global.
 */
#define UPPER (PTE_ENTRIES / 2)
static bool upper_is_common = true;
static uint64_t uppers[MAX_HARTS][PTE_ENTRIES - UPPER]; /* what the roots have there */

static struct shadow shadows[NSHADOWS];
_Static_assert(NSHADOWS <= 64, "sets of shadows are words (struct note)");
static struct shadow *shadows_end = shadows; /* behind the last one that was ever used */
static struct shadow *current;		     /* the running hart's; NULL: its satp is 0 */
static struct shadow *currents[MAX_HARTS];
static unsigned victim;	      /* the next one that has to give up its tables */
static uint64_t *free_tables; /* linked by their first words */
static unsigned nfree;

/* Addresses that missed, and were not those of global pages. */
#define NRECENT 8u
static uint64_t recent[NRECENT];
static unsigned next_recent;

/* ---- tables ---- */

/* Free tables are not zeros: table_alloc() clears them. */
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
	       (what == DROP_FRAGMENTS && leaf & PTE_V && leaf & SHADOW_FRAGMENT);
}

/* May there be something below a table that is dropped? */
static bool has_below(uint64_t pte, enum drop what)
{
	return what == DROP_ALL || pte & (what == DROP_LOCAL ? BELOW_LOCAL : BELOW_FRAGMENTS);
}

static bool table_drop(uint64_t *table, unsigned level, enum drop what);

/* Drops what an entry of a level is, or what is below it. Returns whether it is 0 then. */
static bool entry_drop(uint64_t *slot, unsigned level, enum drop what)
{
	uint64_t entry = *slot;

	if (!is_table(entry)) {
		if (is_dropped(entry, what))
			*slot = 0;
	} else if (has_below(entry, what)) {
		*slot &= ~(what == DROP_LOCAL ? BELOW_LOCAL : BELOW_FRAGMENTS);
		if (table_drop(table_of(entry), level - 1, what)) {
			table_free(table_of(entry));
			*slot = 0;
		}
	}
	return !*slot;
}

static bool table_drop_below(uint64_t *table, unsigned level, enum drop what)
{
	bool empty = true;

	for (uint64_t *slot = table; slot < table + PTE_ENTRIES; slot++)
		if (*slot)
			empty = entry_drop(slot, level, what) && empty;
	return empty;
}

static bool table_drop(uint64_t *table, unsigned level, enum drop what)
{
	return (level == 0 && what == DROP_ALL) || /* it is freed as it is */
	       table_drop_below(table, level, what);
}

static void root_drop(uint64_t *root, enum drop what)
{
	uint64_t *end = root + (upper_is_common ? UPPER : PTE_ENTRIES);

	for (uint64_t *slot = root; slot < end; slot++)
		if (*slot)
			(void)entry_drop(slot, LEVELS - 1, what);
}

/* Has the roots of all shadows of a hart have what one has. */
static void upper_share(unsigned hart, unsigned index, uint64_t entry)
{
	uppers[hart][index - UPPER] = entry;
	for (struct shadow *shadow = shadows; shadow < shadows_end; shadow++)
		if (shadow->used && shadow->hart == hart)
			shadow->root[index] = entry;
}

/* The tables stay, as all roots of the hart have them. */
static void upper_drop(unsigned hart, enum drop what)
{
	for (unsigned i = 0; i < PTE_ENTRIES - UPPER; i++) {
		uint64_t entry = uppers[hart][i];

		if (!entry || !has_below(entry, what))
			continue;
		(void)table_drop_below(table_of(entry), LEVELS - 2, what);
		if (what == DROP_LOCAL)
			upper_share(hart, i + UPPER, entry & ~BELOW_LOCAL);
	}
}

/* But for what is common to the shadows of its hart. */
static void shadow_drop(struct shadow *shadow, enum drop what)
{
	root_drop(shadow->root, what);
	shadow->mixed = false;
	shadow->doubters = 0;
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
	if (nfree < n && current)
		shadow_drop(current, DROP_ALL);
	for (unsigned hart = 0; hart < options.harts && nfree < n; hart++)
		upper_drop(hart, DROP_ALL);
	asm volatile("sfence.vma" ::: "memory");
}

/* Returns an empty table, which has been reserved. */
static uint64_t *table_alloc(void)
{
	uint64_t *table = free_tables;

	free_tables = (uint64_t *)table[0];
	nfree--;
	memset(table, 0, PAGE_SIZE);
	return table;
}

void shadow_init(void)
{
	char *tables = notes_init(pool_start);

	for (char *page = pool_end; page > tables; page -= PAGE_SIZE)
		table_free((uint64_t *)(page - PAGE_SIZE));
}

/* ---- shadows by hart and ASID ---- */

static struct shadow *shadow_find(unsigned asid)
{
	for (struct shadow *shadow = shadows; shadow < shadows_end; shadow++)
		if (shadow->used && shadow->hart == running->number && shadow->asid == asid)
			return shadow;
	return NULL;
}

/* Is it the one in use of some hart? */
static bool is_current(const struct shadow *shadow)
{
	return currents[shadow->hart] == shadow;
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
		while (is_current(shadow));
		shadow_drop(shadow, DROP_ALL);
	}
	if (shadow >= shadows_end)
		shadows_end = shadow + 1;
	if (upper_is_common)
		memcpy(&shadow->root[UPPER], uppers[running->number], sizeof(uppers[0]));
	shadow->used = true;
	shadow->mixed = false;
	shadow->hart = running->number;
	shadow->asid = asid;
	shadow->satp = 0;
	return shadow;
}

void shadow_resume(void)
{
	current = currents[running->number];
	csr_write(satp, current ? SATP_SV39 << 60 | (uint64_t)current->root >> 12 : 0);
	asm volatile("sfence.vma" ::: "memory");
}

void shadow_switch(uint64_t satp)
{
	struct shadow *shadow = NULL;

	if (satp_mode(satp) != SATP_BARE) {
		shadow = shadow_find(satp_asid(satp)) ?: shadow_new(satp_asid(satp));
		shadow->mixed = shadow->mixed || (shadow->satp && shadow->satp != satp);
		shadow->satp = satp;
	}
	currents[running->number] = shadow;
	shadow_resume();
}

void shadow_reset(void)
{
	for (struct shadow *shadow = shadows; shadow < shadows_end; shadow++)
		if (shadow->used && shadow->hart == running->number) {
			shadow_drop(shadow, DROP_ALL);
			shadow->satp = 0;
		}
	upper_drop(running->number, DROP_ALL);
	currents[running->number] = NULL;
	shadow_resume();
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

/* Does the firmware want to see the stores that a leaf permits? */
static bool is_watched(uint64_t leaf)
{
	return leaf & PTE_V && leaf & SHADOW_HELD_W && leaf & PTE_D;
}

/* Withholds W where each store is to be seen. */
static uint64_t watched(uint64_t leaf)
{
	const struct note *note = leaf & PTE_W ? note_find(pte_address(leaf)) : NULL;

	if (note && !note->written)
		leaf = (leaf & ~PTE_W) | SHADOW_HELD_W;
	return leaf;
}

/* Returns what the shadow keeps of the kernel's entry. Its D is the kernel's. */
static uint64_t shadow_entry(uint64_t pte)
{
	uint64_t entry = (pte & (PTE_PPN | PTE_LEAF | PTE_U | PTE_G | PTE_D)) | PTE_V | PTE_A;

	if (pte & PTE_W && !(pte & PTE_D))
		entry = (entry & ~PTE_W) | SHADOW_HELD_W;
	return entry;
}

/* The part of a superpage's leaf for an address, of a lower level. */
static uint64_t part_of(uint64_t leaf, uint64_t va, unsigned superlevel, unsigned level)
{
	uint64_t inside = va % level_size(superlevel);

	return (leaf + pte_of(ALIGN_DOWN(inside, level_size(level)))) | SHADOW_FRAGMENT;
}

/* The highest level at which no frame of the leaf for an address has a note, if it may be written. */
static unsigned level_without_notes(uint64_t leaf, uint64_t va, unsigned level)
{
	uint64_t superpage = pte_address(leaf);
	unsigned at = level;

	while (at > 0 && leaf & PTE_W &&
	       notes_within(superpage + ALIGN_DOWN(va % level_size(level), level_size(at)),
			    level_size(at)))
		at--;
	return at;
}

/* Each ASID has its own entries of the upper half from now on. */
static void upper_split(void)
{
	for (unsigned hart = 0; hart < options.harts; hart++)
		for (unsigned i = 0; i < PTE_ENTRIES - UPPER; i++)
			if (uppers[hart][i]) {
				(void)table_drop(table_of(uppers[hart][i]), LEVELS - 2, DROP_ALL);
				table_free(table_of(uppers[hart][i]));
			}
	for (struct shadow *shadow = shadows; shadow < shadows_end; shadow++)
		if (shadow->used)
			memset(&shadow->root[UPPER], 0, sizeof(uppers[0]));
	upper_is_common = false;
	asm volatile("sfence.vma" ::: "memory");
}

#define NEIGHBOURS 16u

/*
 * Enters a translation, where there is none. If the shadow has smaller entries in the range of a
 * superpage, these stay, and a fragment of the superpage comes beside them: boards, too, may have both.
 * A superpage with frames of which each store is to be seen is split likewise.
 */
static void leaf_enter(const struct shadow *shadow, uint64_t va, const struct mapping *mapping)
{
	struct note *text;
	uint64_t entry = mapping->well_formed ? shadow_entry(mapping->pte) : SHADOW_NEGATIVE;
	uint64_t *table = shadow->root, *slot, below = 0;
	unsigned level, highest = mapping->level, at_root = level_index(va, LEVELS - 1);

	tables_reserve(LEVELS - 1);
	if (upper_is_common && at_root >= UPPER && mapping->well_formed && !(entry & PTE_G))
		upper_split();
	if (mapping->well_formed)
		highest = level_without_notes(entry, va, mapping->level);
	if (!(entry & PTE_G))
		below |= BELOW_LOCAL;
	if (mapping->well_formed && mapping->level > 0)
		below |= BELOW_FRAGMENTS; /* perhaps */
	if (upper_is_common && at_root >= UPPER && highest == LEVELS - 1)
		highest--; /* a root's entry there is a table or nothing */
	for (level = LEVELS - 1;; level--) {
		slot = &table[level_index(va, level)];
		if (!*slot && level <= highest)
			break;
		if (!*slot)
			*slot = pte_of((uint64_t)table_alloc()) | PTE_V;
		*slot |= below;
		if (upper_is_common && level == LEVELS - 1 && at_root >= UPPER &&
		    *slot != uppers[shadow->hart][at_root - UPPER])
			upper_share(shadow->hart, at_root, *slot);
		table = table_of(*slot);
	}
	text = mapping->well_formed && entry & PTE_X && mapping->level == 0
		       ? note_find(pte_address(entry))
		       : NULL;
	if (text && text->kind == NOTE_TEXT)
		text->shadows |= 1ul << (shadow - shadows);
	if (level == mapping->level || !mapping->well_formed) {
		*slot = level == 0 ? watched(entry) : entry;
		return;
	}
	*slot = watched(part_of(entry, va, mapping->level, level));
	if (level > 0)
		return;
	/* Some neighbours of a page, too: they are of the same superpage. */
	va = ALIGN_DOWN(va, NEIGHBOURS * PAGE_SIZE);
	slot = &table[level_index(va, 0)];
	for (unsigned i = 0; i < NEIGHBOURS; i++)
		if (!slot[i])
			slot[i] = watched(part_of(entry, va + i * PAGE_SIZE, mapping->level, 0));
}

/* What a page fault leaves in the TLB: an invalid entry, or a valid one that does not permit the access. */
static void remember_refusal(uint64_t va, const struct mapping *mapping)
{
	bool used = mapping->well_formed && mapping->pte & PTE_A;

	if (options.negative && va_is_canonical(va) && (used || !mapping->well_formed))
		leaf_enter(current, va, mapping);
}

/* Fills a page that nothing has accessed. */
static void fill_unasked(uint64_t va)
{
	struct mapping mapping;
	unsigned level;

	if (va_is_canonical(va) && !leaf_find(current, va, &level) &&
	    walk(running->satp, va, SPECULATIVE, SUPERVISOR, &mapping) == WALK_OK &&
	    !witness_text_is_old(&mapping)) {
		witness_walk(va, &mapping, true);
		leaf_enter(current, va, &mapping);
	}
}

/* Fills pages near an address, as if something were about to access them. */
static void speculate(uint64_t near)
{
	for (unsigned i = 0; i < options.speculate; i++)
		fill_unasked(near + (random_below(32) - 16) * PAGE_SIZE);
}

void shadow_leave(void)
{
	for (unsigned i = 0; current && i < options.speculate; i++)
		fill_unasked(recent[random_below(NRECENT)]);
}

/* What is done about an access that the machine refused, where the shadow has an entry for it. */
enum cached {
	CACHED_REFUSES, /* the entry refuses it, too */
	CACHED_AGAIN,	/* the kernel's entry has to be read again, to set D in it */
	CACHED_WATCHED, /* the firmware makes the store */
	CACHED_TRAPPED, /* it is allowed: the witness waited for it */
};

static enum cached cached_says(uint64_t cached, enum access access, enum privilege privilege)
{
	bool held = (cached & SHADOW_HELD_W) != 0;

	if (cached == SHADOW_NEGATIVE ||
	    !pte_permits(cached | (held ? PTE_W : 0), access, privilege))
		return CACHED_REFUSES;
	if (!(cached & PTE_V))
		return CACHED_TRAPPED;
	if (!held || access != WRITE)
		firmware_panic("the machine refuses an access that its tables permit",
			       csr_read(mtval));
	if (is_watched(cached))
		return CACHED_WATCHED;
	return options.ad == AD_FAULT ? CACHED_REFUSES : CACHED_AGAIN;
}

static enum shadow_fault fill(uint64_t va, enum access access, enum privilege privilege)
{
	struct mapping mapping;

	switch (walk(running->satp, va, access, privilege, &mapping)) {
	case WALK_PAGE_FAULT:
		witness_walk(va, &mapping, false);
		remember_refusal(va, &mapping);
		return SHADOW_PAGE_FAULT;
	case WALK_ACCESS_FAULT:
		return SHADOW_ACCESS_FAULT;
	case WALK_OK:
		break;
	}
	witness_walk(va, &mapping, true);
	leaf_enter(current, va, &mapping);
	if (!(mapping.pte & PTE_G))
		recent[next_recent++ % NRECENT] = va;
	speculate(va);
	return SHADOW_FILLED;
}

enum shadow_fault shadow_fault(uint64_t va, enum access access, enum privilege privilege)
{
	unsigned level;
	uint64_t *slot;

	if (!current || !va_is_canonical(va))
		return SHADOW_PAGE_FAULT;
	slot = leaf_find(current, va, &level);
	if (!slot)
		return fill(va, access, privilege);
	switch (cached_says(*slot, access, privilege)) {
	case CACHED_REFUSES:
		return SHADOW_PAGE_FAULT;
	case CACHED_WATCHED:
		return SHADOW_WATCHED;
	case CACHED_TRAPPED:
		witness_used(va);
		*slot = (*slot & ~SHADOW_TRAPPED) | PTE_V;
		return SHADOW_FILLED;
	case CACHED_AGAIN:
		break;
	}
	*slot = 0;
	return fill(va, access, privilege);
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
	struct shadow *shadow;

	if (!options.evict || random_below(options.evict) != 0)
		return;
	shadow = &shadows[random_below(NSHADOWS)];
	if (!shadow->used)
		shadow = current;
	if (!shadow)
		return;
	if (random_below(16) == 0) {
		shadow_drop(shadow, DROP_ALL);
		upper_drop(shadow->hart, DROP_ALL);
	} else
		evict_from(shadow->root);
	asm volatile("sfence.vma" ::: "memory");
}

/* ---- fences ---- */

/* Drops the leaf of an address, and all fragments of superpages that may contain it: those of its GiB. */
static void fence_address(struct shadow *shadow, uint64_t va, bool keep_global)
{
	unsigned level;
	uint64_t *slot;

	slot = &shadow->root[level_index(va, LEVELS - 1)];
	if (upper_is_common && level_index(va, LEVELS - 1) >= UPPER) {
		if (has_below(*slot, DROP_FRAGMENTS))
			(void)table_drop_below(table_of(*slot), LEVELS - 2, DROP_FRAGMENTS);
	} else if (*slot)
		(void)entry_drop(slot, LEVELS - 1, DROP_FRAGMENTS);
	slot = leaf_find(shadow, va, &level);
	if (slot && !(keep_global && *slot & PTE_G) &&
	    !(options.upper && level > 0 && *slot == SHADOW_NEGATIVE))
		*slot = 0;
}

void shadow_fence(const struct hart *hart, uint64_t va, uint64_t asid)
{
	for (struct shadow *shadow = shadows; shadow < shadows_end; shadow++) {
		bool all = asid == ALL_ASIDS;

		if (!shadow->used || shadow->hart != hart->number || (!all && shadow->asid != asid))
			continue;
		if (va != ALL_ADDRESSES)
			fence_address(shadow, va, !all);
		else
			shadow_drop(shadow, all ? DROP_ALL : DROP_LOCAL);
	}
	if (va == ALL_ADDRESSES) {
		upper_drop(hart->number, asid == ALL_ASIDS ? DROP_ALL : DROP_LOCAL);
		witness_full_fence(hart);
	}
	asm volatile("sfence.vma" ::: "memory");
}

/* ---- for the witness ---- */

unsigned shadow_count(void)
{
	return (unsigned)(shadows_end - shadows);
}

unsigned shadow_current(void)
{
	return current ? (unsigned)(current - shadows) : NO_SHADOW;
}

bool shadow_is_current(unsigned number)
{
	return is_current(&shadows[number]);
}

uint64_t shadow_satp(unsigned number)
{
	return shadows[number].used ? shadows[number].satp : 0;
}

const struct hart *shadow_hart(unsigned number)
{
	return &harts[shadows[number].hart];
}

bool shadow_is_mixed(unsigned number)
{
	return shadows[number].mixed;
}

void shadow_mix(unsigned number)
{
	shadows[number].mixed = true;
}

void shadow_unmix(unsigned number)
{
	shadows[number].mixed = false;
	shadows[number].doubters = 0;
}

void shadow_doubt(unsigned number, const struct hart *hart)
{
	shadows[number].doubters |= 1u << hart->number;
}

hart_set shadow_doubters(unsigned number)
{
	return shadows[number].doubters;
}

void shadow_remember(unsigned number, uint64_t va, uint64_t pte, unsigned level)
{
	const struct shadow *shadow = &shadows[number];
	struct mapping mapping = { .pte = pte, .level = level, .well_formed = (pte & PTE_V) != 0 };
	unsigned found;

	if (!leaf_find(shadow, va, &found))
		leaf_enter(shadow, va, &mapping);
}

static bool is_upper(uint64_t va)
{
	return level_index(va, LEVELS - 1) >= UPPER;
}

/* Drops the leaf of an address, if it maps that frame and lets stores to it pass unseen. */
static void drop_unwatched(const struct shadow *shadow, uint64_t va, uint64_t address)
{
	unsigned level;
	uint64_t *slot;

	if (!va_is_canonical(va))
		return;
	slot = leaf_find(shadow, va, &level);
	if (slot && *slot & PTE_W && pte_address(*slot) + (va & (level_size(level) - 1)) == address)
		*slot = 0;
}

/* Drops the leaves below a table that map a frame and let stores to it pass unseen. */
static void drop_all_unwatched(uint64_t *table, unsigned level, uint64_t address)
{
	for (unsigned i = 0; i < PTE_ENTRIES; i++) {
		if (is_table(table[i]))
			drop_all_unwatched(table_of(table[i]), level - 1, address);
		else if (table[i] & PTE_W && address - pte_address(table[i]) < level_size(level))
			table[i] = 0;
	}
}

void shadow_watch(uint64_t address, const uint64_t *offsets, unsigned noffsets)
{
	hart_set done = 0; /* those whose upper half, which is common, was looked at */

	for (const struct shadow *shadow = shadows; shadow < shadows_end; shadow++) {
		if (!shadow->used)
			continue;
		for (unsigned i = 0; i < noffsets; i++)
			if (!(done >> shadow->hart & 1) || !is_upper(address + offsets[i]))
				drop_unwatched(shadow, address + offsets[i], address);
		if (upper_is_common)
			done |= 1u << shadow->hart;
		if (!noffsets)
			drop_all_unwatched(shadow->root, LEVELS - 1, address);
	}
	asm volatile("sfence.vma" ::: "memory");
}

void shadow_unwatch(uint64_t va)
{
	unsigned level;
	uint64_t *slot = leaf_find(current, va, &level);

	if (slot)
		*slot = (*slot & ~SHADOW_HELD_W) | PTE_W;
	asm volatile("sfence.vma" ::: "memory");
}

static void drop_executable(uint64_t *table, uint64_t address)
{
	for (unsigned i = 0; i < PTE_ENTRIES; i++) {
		if (is_table(table[i]))
			drop_executable(table_of(table[i]), address);
		else if (table[i] & PTE_X && pte_address(table[i]) == address)
			table[i] = 0;
	}
}

void shadow_drop_text(struct note *text)
{
	for (const struct shadow *shadow = shadows; shadow < shadows_end; shadow++)
		if (shadow->used && text->shadows >> (shadow - shadows) & 1)
			drop_executable(shadow->root, (uint64_t)text->frame * PAGE_SIZE);
	text->shadows = 0;
	asm volatile("sfence.vma" ::: "memory");
}

/* Does a leaf permit what the entry that the tables have now does not? Another frame is such a thing. */
static bool grants_more(uint64_t leaf, uint64_t va, unsigned level, const struct mapping *now)
{
	uint64_t dirty = leaf & SHADOW_HELD_W && !(leaf & PTE_D) ? 0 : PTE_W;
	uint64_t more = leaf & SHADOW_HELD_W ? leaf | dirty : leaf;
	uint64_t mine = pte_address(leaf) + va % level_size(level);

	if (!now->well_formed || !pte_is_leaf(now->pte) ||
	    mine != pte_address(now->pte) + va % level_size(now->level))
		return true;
	if (more & ~now->pte & PTE_LEAF || (leaf ^ now->pte) & PTE_U)
		return true;
	return more & PTE_W && leaf & PTE_D && !(now->pte & PTE_D);
}

/* Looks at one leaf. */
static bool leaf_is_stale(const struct shadow *shadow, uint64_t leaf, uint64_t va, unsigned level,
			  struct stale *ret)
{
	if (leaf == SHADOW_NEGATIVE || !(leaf & (PTE_V | SHADOW_TRAPPED)))
		return false;
	va = va_canonical(va);
	(void)walk(shadow->satp, va, LOOK, SUPERVISOR, &ret->now);
	if (!grants_more(leaf, va, level, &ret->now))
		return false;
	ret->va = va;
	ret->level = level;
	ret->cached = leaf;
	return true;
}

#define VA_MASK (level_size(LEVELS) - 1)

/* Looks at all leaves of a table, which maps from `base` on, between two addresses. */
static bool table_is_stale(const struct shadow *shadow, const uint64_t *table, unsigned level,
			   uint64_t base, uint64_t first, uint64_t last, struct stale *ret)
{
	unsigned from = first > base ? level_index(first, level) : 0;
	unsigned to = last - base < PTE_ENTRIES * level_size(level) ? level_index(last, level)
								    : PTE_ENTRIES - 1;

	for (unsigned i = from; i <= to; i++) {
		uint64_t va = base + i * level_size(level);

		if (!table[i])
			continue;
		if (is_table(table[i]) ? table_is_stale(shadow, table_of(table[i]), level - 1, va,
							first, last, ret)
				       : leaf_is_stale(shadow, table[i], va, level, ret))
			return true;
	}
	return false;
}

bool shadow_stale(unsigned number, uint64_t first, uint64_t last, struct stale *ret)
{
	const struct shadow *shadow = &shadows[number];

	/* From here on addresses are those of the root's entries: of 39 bits. */
	first &= VA_MASK;
	last &= VA_MASK;
	return shadow->used &&
	       table_is_stale(shadow, shadow->root, LEVELS - 1, 0, first, last, ret);
}

static bool table_maps(const struct shadow *shadow, const uint64_t *table, unsigned level,
		       uint64_t base, uint64_t address, uint64_t size, struct stale *ret)
{
	for (unsigned i = 0; i < PTE_ENTRIES; i++) {
		uint64_t va = base + i * level_size(level), entry = table[i];

		if (is_table(entry)) {
			if (entry & BELOW_LOCAL &&
			    table_maps(shadow, table_of(entry), level - 1, va, address, size, ret))
				return true;
		} else if (entry & PTE_V && !(entry & PTE_G) &&
			   pte_address(entry) + level_size(level) > address &&
			   pte_address(entry) < address + size) {
			ret->va = va_canonical(va);
			ret->level = level;
			ret->cached = entry;
			(void)walk(shadow->satp, ret->va, LOOK, SUPERVISOR, &ret->now);
			return true;
		}
	}
	return false;
}

bool shadow_maps(unsigned number, uint64_t address, uint64_t size, struct stale *ret)
{
	const struct shadow *shadow = &shadows[number];

	return table_maps(shadow, shadow->root, LEVELS - 1, 0, address, size, ret);
}

void shadow_trap_use(unsigned number, uint64_t va)
{
	unsigned level;
	uint64_t *slot = leaf_find(&shadows[number], va, &level);

	if (*slot & PTE_V)
		*slot = (*slot & ~(PTE_V | SHADOW_HELD_W)) | SHADOW_TRAPPED;
	asm volatile("sfence.vma" ::: "memory");
}

uint64_t shadow_address(uint64_t va)
{
	unsigned level;
	const uint64_t *slot = leaf_find(current, va, &level);

	return pte_address(*slot) + va % level_size(level);
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
	if (slot && *slot & PTE_V)
		mapping = (struct mapping){ .pte = *slot, .level = level, .well_formed = true };
	else if (walk(running->satp, va, EXECUTE, privilege, &mapping) != WALK_OK)
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
