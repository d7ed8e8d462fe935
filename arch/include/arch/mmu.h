/* SPDX-License-Identifier: MIT */
/* The memory-management unit: the page tables of one address space, as mm sees them. */
#pragma once

#include "arch/entry.h"
#include "arch/page.h"
#include "lib/types.h"

#define MMU_HINTS 40

/* The page tables of an address space. Embedded in struct space; only arch uses the fields. */
struct mmu {
	paddr_t root;
	uint64_t switch_word; /* for arch: what makes it the active one */
	uint64_t
		harts; /* a bit for each hart, by index, that runs it: it gets fences at once; atomic */
	/* Harts that flush what they have of it when they switch to it, and which of these make a FENCE.I, too; atomic. */
	uint64_t stale, text_owed;
	uint64_t asid, generation; /* for arch: its number in TLBs, and how long it lasts; atomic */
	bool text_follows; /* atomic; for proc/sched.c: threads that run it make a FENCE.I where they move to another hart */
	uint64_t hints[MMU_HINTS]; /* where its tables are, so that untouched ranges are skipped */
};

/*
 * A list of frames for page tables. They come from the caller and go back to it. A link to the next
 * frame is in the first word of each; all other words are zero, in both directions.
 * mmu_tables_pop() clears the link, so a popped frame is all zero, and a returned one can be used
 * again without zeroing. Initialise with `struct mmu_tables t = {0};`.
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

/* Call with count > 0. */
static inline paddr_t mmu_tables_pop(struct mmu_tables *tables)
{
	paddr_t table = tables->first;
	paddr_t *link = arch_phys_to_virt(table);

	tables->first = *link;
	*link = 0;
	tables->count--;
	return table;
}

/* A part of one leaf table, as passed to a visitor. Or a large entry: `count` is 1, and va is the first address of its block. */
struct mmu_leaf {
	vaddr_t va; /* of entries[0] */
	struct mmu_entry *entries;
	unsigned count;
	bool large;
	pfn_t table; /* unless it is large */
};

/* The address that an entry of the part, or its end, stands for. */
static inline vaddr_t mmu_leaf_va(const struct mmu_leaf *leaf, const struct mmu_entry *slot)
{
	return leaf->va + (vaddr_t)(slot - leaf->entries) * PAGE_SIZE;
}

/* The end of what the part maps. */
static inline vaddr_t mmu_leaf_end(const struct mmu_leaf *leaf)
{
	return leaf->va + (leaf->large ? MMU_LARGE_SIZE : leaf->count * PAGE_SIZE);
}

/* Returns 0 to go on; any other value stops the visit and is its result. */
typedef int (*mmu_visit_fn)(void *arg, const struct mmu_leaf *leaf);

/* Addresses gathered for one fence. If there are too many, the whole space is fenced. */
#define MMU_FLUSH_MAX 8
struct mmu_flush {
	vaddr_t va[MMU_FLUSH_MAX];
	unsigned count;
	bool all;    /* all addresses of this space */
	bool tables; /* a table was unlinked: fence with rs1=x0, even for few pages */
};

/*
 * Makes an empty space. `root` is a zeroed frame, which becomes the root table; the kernel's half
 * of it is filled in.
 */
void arch_mmu_create(struct mmu *mmu, paddr_t root);

/*
 * Moves all page tables that are left in the user half, and the root, to `out`. The space is active
 * on no hart, and all its leaf entries are EMPTY.
 */
void arch_mmu_destroy(struct mmu *mmu, struct mmu_tables *out);

/* Makes the space the active one of this hart. NULL: the kernel's own, without a user half. */
void arch_mmu_activate(struct mmu *mmu);

/*
 * arch-impl/mmu.h supplies the same for the scheduler:
 *   void arch_mmu_switch(struct hart *, struct mmu *)   `hart` is this one; the space is not active
 */

/*
 * Makes sure that the leaf table for va exists; missing tables are taken from `spare`. Returns 0,
 * or how many tables are still missing if `spare` ran out; those linked so far stay. No large entry maps va. The caller
 * holds the space's lock.
 */
unsigned arch_mmu_prepare(struct mmu *mmu, vaddr_t va, struct mmu_tables *spare);

/*
 * Calls `visit` for each leaf table that exists in [start, end), or the part of it there, in
 * ascending order. Missing tables of any level are skipped in bulk. Returns 0, or the result of
 * `visit` that stopped it. The caller holds the space's lock.
 */
int arch_mmu_visit(struct mmu *mmu, vaddr_t start, vaddr_t end, mmu_visit_fn visit, void *arg);

/*
 * Returns how many large entries follow each other in their table, up to `end`, from that of `leaf` on, which counts. That of the
 * block at leaf->va + i * MMU_LARGE_SIZE is leaf->entries[i].
 */
unsigned arch_mmu_large_run(const struct mmu_leaf *leaf, vaddr_t end);

/*
 * Unlinks the tables that lie wholly in [floor, ceiling) and moves them to `out`. The caller must
 * flush with `tables` set before it frees them. It holds the space's lock, and all leaf entries of
 * the range are EMPTY.
 */
void arch_mmu_prune(struct mmu *mmu, vaddr_t floor, vaddr_t ceiling, struct mmu_tables *out);

/*
 * Moves the leaf table of `from`, with all its entries, or its large entry, to `to`. Both are multiples of what a leaf table covers, and the
 * entries at `to` are EMPTY; if these have a table it goes to `out`. A missing upper table is taken from `spare`. Returns 0, or
 * with nothing moved how many tables are missing. The caller flushes with `tables` set before it releases the space's lock, and
 * before it frees `out`.
 */
unsigned arch_mmu_move_table(struct mmu *mmu, vaddr_t from, vaddr_t to, struct mmu_tables *spare,
			     struct mmu_tables *out);

/*
 * A large entry maps the block of MMU_LEAF_ENTRIES pages that a leaf table would cover (a superpage: the privileged spec's
 * "megapage" of Sv39), by frames that follow one another from a multiple of MMU_LEAF_ENTRIES on. It is read and changed as
 * other entries are, and one fence of any of its addresses is enough. arch_mmu_lookup() does not find it.
 *
 * Of all of these, the caller holds the space's lock and has kept readers out, and va is the first address of the block.
 */

/*
 * Maps a block. The leaf table of va is missing; a missing upper table is taken from `spare`. Returns 0, or with nothing
 * mapped how many tables are missing. This hart makes the fence that a new entry needs.
 */
unsigned arch_mmu_map_large(struct mmu *mmu, vaddr_t va, struct mmu_entry entry,
			    struct mmu_tables *spare);

/*
 * Takes out the leaf table of va, with all its entries, and returns it. Harts may use it, and set A and D in it, until the caller has
 * flushed with `tables` set.
 */
paddr_t arch_mmu_unlink_leaf(struct mmu *mmu, vaddr_t va);

/* Removes a large entry, and returns it. The caller flushes va. */
struct mmu_entry arch_mmu_unmap_large(struct mmu *mmu, vaddr_t va);

/*
 * Replaces a large entry by `table`, filled with entries for its pages that have its permissions and flags. A and D that the
 * hardware sets meanwhile are not lost. Returns the entry. The caller flushes with `tables` set.
 */
struct mmu_entry arch_mmu_split_large(struct mmu *mmu, vaddr_t va, paddr_t table);

/*
 * Fences what `flush` has gathered on every hart that runs the space, and has all others forget it before they run it again;
 * empties `flush`. The caller holds the space's lock.
 */
void arch_mmu_flush(struct mmu *mmu, struct mmu_flush *flush);

/*
 * When this returns, every other hart that runs the space (NULL: every other hart) has made a full fence of memory and one
 * of instructions. A hart that switches to the space meanwhile makes them then. This hart makes only the fence of memory.
 */
void arch_mmu_barrier(const struct mmu *mmu);

/* What the specification leaves to a hart. */
struct mmu_traits {
	bool sets_ad;	    /* it sets A and D by itself */
	bool keeps_invalid; /* it keeps entries that it has found invalid until a fence */
	unsigned
		asid_bits; /* of address-space numbers: how many it knows the space of an entry by */
};

/*
 * Finds out what this hart does, on a page of its own. If harts keep no invalid entries, new entries are not fenced from then on.
 * `tables` has the frames for a root and the tables of one address, and gets them back. Call at boot, before there are
 * threads.
 */
struct mmu_traits arch_mmu_try(struct mmu_tables *tables, paddr_t page);

/*
 * Maps npages at va of the vmap area to pa, or unmaps them if prot is 0, for arch_mmu_sync_kernel() to make known. The
 * mappings are global and never for user mode. Returns 0 or -ENOMEM: missing page tables come from
 * `spare`, and are never freed. The caller holds the lock of mm/phys/kmap.c.
 */
int arch_mmu_map_kernel(vaddr_t va, paddr_t pa, size_t npages, unsigned prot,
			struct mmu_tables *spare);

/*
 * All harts have seen the changes when this returns. New mappings need it, too: a hart may have cached that there was
 * none, and faults on the kernel's own pages are not resolved.
 */
void arch_mmu_sync_kernel(void);

static inline void mmu_flush_init(struct mmu_flush *flush)
{
	flush->count = 0;
	flush->all = false;
	flush->tables = false;
}

static inline void mmu_flush_add(struct mmu_flush *flush, vaddr_t va)
{
	if (flush->count < MMU_FLUSH_MAX)
		flush->va[flush->count++] = va;
	else
		flush->all = true;
}

/*
 * arch-impl/mmu.h supplies these inline functions:
 *   struct mmu_entry *arch_mmu_lookup(const struct mmu *mmu, vaddr_t va);
 *       Returns the slot of the leaf entry of va, or NULL if its table is missing, as where a large entry maps va. The
 *       caller holds the space's lock.
 *   struct mmu_entry *arch_mmu_lookup_large(const struct mmu *mmu, vaddr_t va);
 *       Returns the slot of the large entry that maps va, or NULL. The same holds.
 *   void arch_mmu_fence_local(vaddr_t va);
 *       Fences the leaf entry of one address, on this hart only.
 *   void arch_mmu_fence_local_all(void);
 *       Fences all user addresses, on this hart only, missing tables included.
 *   void arch_mmu_sync_text(struct mmu *mmu);
 *       Instructions that this hart has stored are what the programs of the space fetch from now on,
 *       whatever hart they run on. Call before the entry of such a page permits execution.
 *   void arch_mmu_map(struct mmu_entry *slot, vaddr_t va, struct mmu_entry entry);
 *       Writes the entry of va, whose slot is from arch_mmu_lookup() and EMPTY or SWAP. No other hart
 *       needs a fence; this one makes it if harts keep what they have found invalid. The caller holds
 *       the space's lock. Only mm/fault/install.c, the one maker of entries, calls this.
 *   bool arch_mmu_map_first(struct mmu_entry *slot, vaddr_t va, struct mmu_entry entry);
 *       The same for an entry that is EMPTY, where other harts may write it at the same moment:
 *       returns false if one has. The table stays while this runs.
 *   size_t arch_mmu_map_same(struct mmu_entry *slot, vaddr_t va, long step, size_t n, struct mmu_entry entry);
 *       Writes the same entry to up to n slots that follow the one of va in its table, or come before it (step 1 or
 *       -1), as arch_mmu_map() does. Ends at the first that is not EMPTY. Returns how many it has written.
 */
#include "arch-impl/mmu.h"
