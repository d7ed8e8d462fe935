/* SPDX-License-Identifier: MIT */
/* Address spaces: creation, destruction and activation, and the linking of page tables and large entries. */
#include "arch/mmu.h"

#include "arch/hart.h"
#include "arch/riscv/asid.h"
#include "arch/riscv/csr.h"
#include "arch/riscv/hints.h"
#include "arch/riscv/image.h"
#include "arch/riscv/kernel_map.h"
#include "arch/riscv/walk.h"
#include "arch/riscv/witness.h"
#include "arch/usercopy.h"
#include "base/hart.h"
#include "lib/assert.h"
#include "lib/string.h"

/* const after boot: */
bool entry_ad_soft;
bool mmu_keeps_invalid = true; /* until it is known */

void arch_ad_soft_set(bool on)
{
	entry_ad_soft = on;
}

/* A hart may forget what it has kept. So it is asked more than once. */
#define TRIES 8

static bool can_store(void)
{
	char byte = 0;

	return arch_copy_out(USER_BASE, &byte, 1) == 0;
}

/* A store finds nothing, and then one finds the page, unless the hart has kept that there was nothing. */
static bool tries_keep_invalid(struct mmu_entry *slot, pfn_t pfn)
{
	const struct mmu_entry entry =
		entry_make(pfn, VM_PROT_READ | VM_PROT_WRITE, ENTRY_ACCESSED | ENTRY_DIRTY);
	bool keeps = false;

	for (unsigned i = 0; i < TRIES && !keeps; i++) {
		(void)can_store();
		(void)entry_swap(slot, entry);
		keeps = !can_store();
		(void)entry_swap(slot, ENTRY_NONE);
		arch_mmu_fence_local(USER_BASE);
	}
	return keeps;
}

/* A store to a page whose entry has neither bit: it faults unless the hardware sets them. */
static bool tries_set_ad(struct mmu_entry *slot, pfn_t pfn)
{
	bool sets;

	(void)entry_swap(slot, entry_make(pfn, VM_PROT_READ | VM_PROT_WRITE, 0));
	sets = can_store();
	sets = sets && (entry_flags(entry_load(slot)) & ENTRY_DIRTY);
	(void)entry_swap(slot, ENTRY_NONE);
	return sets;
}

struct mmu_traits arch_mmu_try(struct mmu_tables *tables, paddr_t page)
{
	struct mmu_traits found;
	struct mmu_entry *slot;
	struct mmu mmu;

	found.asid_bits = asid_probe();
	arch_mmu_create(&mmu, mmu_tables_pop(tables));
	if (arch_mmu_prepare(&mmu, USER_BASE, tables))
		panic("mmu: too few tables to find out what the MMU does");
	slot = arch_mmu_lookup(&mmu, USER_BASE);
	arch_mmu_activate(&mmu);
	found.keeps_invalid = tries_keep_invalid(slot, paddr_to_pfn(page));
	found.sets_ad = tries_set_ad(slot, paddr_to_pfn(page));
	arch_mmu_activate(NULL);
	arch_mmu_destroy(&mmu, tables);
	mmu_keeps_invalid = found.keeps_invalid;
	return found;
}

void arch_mmu_create(struct mmu *mmu, paddr_t root)
{
	assert_hardened(IS_ALIGNED(root, PAGE_SIZE));
	memset(mmu, 0, sizeof(*mmu));
	mmu->root = root;
	mmu->switch_word = asid_satp(root, 0);
	mmu->generation = ASID_NO_GENERATION;
	mmu->stale = ~hart_mask(); /* no flush has to mark harts that the machine lacks */
	kernel_roots_copy(mmu_root(mmu));
	witness_mask(root, &mmu->harts);
}

void arch_mmu_destroy(struct mmu *mmu, struct mmu_tables *out)
{
	assert_hardened(mmu->harts == 0);
	asid_forget(mmu);
	witness_mask(mmu->root, NULL);
	arch_mmu_prune(mmu, 0, USER_TOP, out);
	kernel_roots_clear(mmu_root(mmu));
	mmu_tables_push(out, mmu->root);
	mmu->root = 0;
}

/* Without a user half. The number 0 keeps nothing of a space's that is not running. */
static void leave_user_space(struct hart *hart)
{
	struct mmu *old = hart->active;

	csr_write(satp, asid_satp(image_paddr(kernel_root), 0));
	if (!old->asid)
		asid_fence(0);
	atomic_store_relaxed(&hart->entering, NULL);
	atomic_store_relaxed(&hart->active, NULL);
	__atomic_fetch_and(&old->harts, ~hart->bit, __ATOMIC_RELEASE);
}

void arch_mmu_activate(struct mmu *mmu)
{
	struct hart *hart = arch_this_hart();

	if (mmu == hart->active)
		return;
	if (mmu)
		arch_mmu_switch(hart, mmu);
	else
		leave_user_space(hart);
}

/*
 * Returns the table that the slot points to; a missing one is taken from `spare`. Returns NULL if
 * that is empty.
 */
static pte_t *table_get(pte_t *slot, struct mmu_tables *spare)
{
	paddr_t table;

	assert_hardened(!*slot || pte_is_table(*slot));
	if (*slot)
		return pte_table_at(*slot);
	if (spare->count == 0)
		return NULL;
	table = mmu_tables_pop(spare);
	/* The table's zeros become visible before the table does. */
	pte_publish(slot, pte_table(table));
	return arch_phys_to_virt(table);
}

/* Returns the middle table for va, or NULL if it is missing and `spare` is empty. */
static pte_t *middle_get(struct mmu *mmu, vaddr_t va, struct mmu_tables *spare)
{
	pte_t *root = &mmu_root(mmu)[root_index(va)];

	if (!*root && spare->count > 0)
		hint_add_middle(mmu, root_index(va));
	return table_get(root, spare);
}

static __attribute__((noinline)) unsigned prepare_missing(struct mmu *mmu, vaddr_t va,
							  struct mmu_tables *spare)
{
	pte_t *middle = middle_get(mmu, va, spare);

	if (!middle)
		return 2;
	if (!table_get(&middle[middle_index(va)], spare))
		return 1;
	hint_add_leaf(mmu, va);
	if (mmu_keeps_invalid)
		asid_fence(mmu->asid);
	return 0;
}

unsigned arch_mmu_prepare(struct mmu *mmu, vaddr_t va, struct mmu_tables *spare)
{
	assert_hardened(va < USER_TOP);
	if (likely(arch_mmu_lookup(mmu, va)))
		return 0;
	return prepare_missing(mmu, va, spare);
}

unsigned arch_mmu_move_table(struct mmu *mmu, vaddr_t from, vaddr_t to, struct mmu_tables *spare,
			     struct mmu_tables *out)
{
	pte_t *middle = middle_get(mmu, to, spare), *slot, pte;

	assert_hardened(IS_ALIGNED(from | to, MIDDLE_SPAN) && from < USER_TOP && to < USER_TOP);
	if (!middle)
		return 1;
	slot = &pte_table_at(mmu_root(mmu)[root_index(from)])[middle_index(from)];
	pte = entry_swap((struct mmu_entry *)slot, ENTRY_NONE)
		      .word; /* of a large one with its A and D */
	hint_drop_leaf(mmu, from);
	slot = &middle[middle_index(to)];
	if (*slot)
		mmu_tables_push(out, pte_table_paddr(*slot));
	pte_publish(slot, pte);
	hint_add_leaf(mmu, to);
	return 0;
}

/* ---- large entries ---- */

/* The slot for va in a middle table that is there. */
static pte_t *middle_slot(const struct mmu *mmu, vaddr_t va)
{
	return &pte_table_at(mmu_root(mmu)[root_index(va)])[middle_index(va)];
}

unsigned arch_mmu_map_large(struct mmu *mmu, vaddr_t va, struct mmu_entry entry,
			    struct mmu_tables *spare)
{
	pte_t *middle = middle_get(mmu, va, spare);

	assert_hardened(IS_ALIGNED(va, MIDDLE_SPAN) && va < USER_TOP);
	assert_hardened(IS_ALIGNED(entry_pfn(entry), MMU_LEAF_ENTRIES));
	mmu_assert_entry(entry);
	if (!middle)
		return 1;
	assert_hardened(!middle[middle_index(va)]);
	pte_publish(&middle[middle_index(va)], entry.word);
	hint_add_leaf(mmu, va);
	if (mmu_keeps_invalid)
		asid_fence(mmu->asid);
	return 0;
}

paddr_t arch_mmu_unlink_leaf(struct mmu *mmu, vaddr_t va)
{
	pte_t *slot = middle_slot(mmu, va), old = *slot;

	assert_hardened(IS_ALIGNED(va, MIDDLE_SPAN) && pte_is_table(old));
	*(volatile pte_t *)slot = 0;
	hint_drop_leaf(mmu, va);
	return pte_table_paddr(old);
}

struct mmu_entry arch_mmu_unmap_large(struct mmu *mmu, vaddr_t va)
{
	struct mmu_entry *slot = (struct mmu_entry *)middle_slot(mmu, va);
	struct mmu_entry old = entry_swap(slot, ENTRY_NONE);

	assert_hardened(IS_ALIGNED(va, MIDDLE_SPAN) && entry_has_page(old));
	hint_drop_leaf(mmu, va);
	return old;
}

/* The number of the frame is the only thing in which the entries differ. */
static void fill_from_large(pte_t *table, pte_t pte)
{
	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		table[i] = pte + ((pte_t)i << PTE_PPN_SHIFT);
}

struct mmu_entry arch_mmu_split_large(struct mmu *mmu, vaddr_t va, paddr_t table)
{
	struct mmu_entry *slot = (struct mmu_entry *)middle_slot(mmu, va), old;

	assert_hardened(IS_ALIGNED(va, MIDDLE_SPAN) && entry_has_page(entry_load(slot)));
	do {
		old = entry_load(slot);
		fill_from_large(arch_phys_to_virt(table), old.word);
		pte_fence();
	} while (!entry_cas(slot, old, (struct mmu_entry){ pte_table(table) }));
	return old;
}
