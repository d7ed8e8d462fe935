/* SPDX-License-Identifier: MIT */
/* The memory-management unit: one address space's tables, as mm sees them. */
#pragma once

#include "arch/entry.h"
#include "arch/page.h"
#include "lib/types.h"

#define MMU_HINTS 40

/* An address space's tables. Embedded in struct space; the fields are arch's own. */
struct mmu {
	paddr_t root;
	uint64_t asid;		   /* in use when several spaces may stay in a TLB */
	uint64_t harts;		   /* bit per hart (index) that runs it, or may hold it in a TLB */
	uint64_t hints[MMU_HINTS]; /* where its tables are: untouched ranges are skipped in bulk */
};

/*
 * Table pages come from the caller and go back to it as frames strung on a list by a link in their
 * own first word. All their other words are zero, both ways, and mmu_tables_pop() clears the link:
 * a page that was popped is all zero, so a returned table can be handed out again without zeroing.
 * Start one as `struct mmu_tables t = {0};`.
 */
struct mmu_tables {
	paddr_t first; /* 0 ends the list */
	unsigned count;
};

static inline void mmu_tables_push(struct mmu_tables *tables, paddr_t table)
{
	*(paddr_t *)arch_phys_to_virt(table) = tables->first;
	tables->first = table;
	tables->count++;
}

/* => count is not 0 */
static inline paddr_t mmu_tables_pop(struct mmu_tables *tables)
{
	paddr_t table = tables->first;
	paddr_t *link = arch_phys_to_virt(table);

	tables->first = *link;
	*link = 0;
	tables->count--;
	return table;
}

/* A piece of one leaf table, handed to a visitor. */
struct mmu_leaf {
	vaddr_t va; /* of entries[0] */
	struct mmu_entry *entries;
	unsigned count;
	pfn_t table;
};

/* The address that an entry of the piece, or its end, stands for. */
static inline vaddr_t mmu_leaf_va(const struct mmu_leaf *leaf, const struct mmu_entry *slot)
{
	return leaf->va + (vaddr_t)(slot - leaf->entries) * PAGE_SIZE;
}

/* => 0 to go on, anything else stops the visit and is its result */
typedef int (*mmu_visit_fn)(void *arg, const struct mmu_leaf *leaf);

/* Addresses gathered for one fence; more than fit make it a fence of the whole space. */
#define MMU_FLUSH_MAX 8
struct mmu_flush {
	vaddr_t va[MMU_FLUSH_MAX];
	unsigned count;
	bool all;    /* everything of this space */
	bool tables; /* a table was unlinked: rs1=x0 even for few pages */
	bool text;   /* harts must also forget fetched instructions */
};

/*
 * Makes an empty space of a zeroed frame that becomes its root table; the kernel's half is filled
 * in.
 */
void arch_mmu_create(struct mmu *mmu, paddr_t root);

/*
 * Gives all remaining table frames of the user half, the root included, to `out`.
 * => not active on any hart; all leaf entries are EMPTY
 */
void arch_mmu_destroy(struct mmu *mmu, struct mmu_tables *out);

/* Makes the space the running one of this hart; NULL: the kernel's own, without user part. */
void arch_mmu_activate(struct mmu *mmu);

/*
 * Makes sure that the leaf table for va exists, taking what is missing from `spare`. 0, or how many
 * tables are missing still (spare ran out; the tables linked so far stay).
 * => space lock held
 */
unsigned arch_mmu_prepare(struct mmu *mmu, vaddr_t va, struct mmu_tables *spare);

/*
 * Calls visit for each existing leaf table (or the part of it) in [start, end), in order; missing
 * tables of any level are skipped in bulk.
 * => space lock held
 */
int arch_mmu_visit(struct mmu *mmu, vaddr_t start, vaddr_t end, mmu_visit_fn visit, void *arg);

/*
 * Unlinks the tables that lie wholly in [floor, ceiling) and hold nothing, onto `out`. The caller
 * owes a flush with `tables` before it frees them.
 * => space lock held; all leaf entries of the range are EMPTY
 */
void arch_mmu_prune(struct mmu *mmu, vaddr_t floor, vaddr_t ceiling, struct mmu_tables *out);

/* Makes every hart that has run the space forget what `flush` gathered; then empties it. */
void arch_mmu_flush(struct mmu *mmu, struct mmu_flush *flush);

/*
 * Maps, or with permissions 0 unmaps (fence included), npages of the vmap area; global, never user.
 * 0 or -ENOMEM: tables for it come from `spare`; those of the vmap area are never given back.
 * => the kmap lock held
 */
int arch_mmu_map_kernel(vaddr_t va, paddr_t pa, size_t npages, unsigned prot,
			struct mmu_tables *spare);

static inline void mmu_flush_init(struct mmu_flush *flush)
{
	flush->count = 0;
	flush->all = false;
	flush->tables = false;
	flush->text = false;
}

static inline void mmu_flush_add(struct mmu_flush *flush, vaddr_t va)
{
	if (flush->count < MMU_FLUSH_MAX)
		flush->va[flush->count++] = va;
	else
		flush->all = true;
}

/*
 * arch-impl/mmu.h supplies, inline:
 *   struct mmu_entry *arch_mmu_lookup(const struct mmu *mmu, vaddr_t va);
 *       the slot of va's leaf entry, or NULL where its table is missing. => space lock held
 *   void arch_mmu_fence_local(vaddr_t va);              this hart only, one address's leaf entry
 *   void arch_mmu_fence_local_all(void);                this hart only, all that it knows of user
 *       addresses: that a table was missing, too
 *   void arch_mmu_map(struct mmu_entry *slot, vaddr_t va, const struct mmu_entry *entries,
 *                     unsigned n);
 *       writes n entries from va on; slot is va's, from arch_mmu_lookup(), and all n are in its
 *       table. Only entries that are EMPTY, or hold the same frame with no more permissions, may be
 *       replaced: it never owes a fence to another hart; the local one is done here.
 *       => space lock held; called by the one maker, mm/install.c, alone
 */
#include "arch-impl/mmu.h"
