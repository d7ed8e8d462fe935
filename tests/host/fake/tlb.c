/* SPDX-License-Identifier: MIT */
/* The fake TLB: what a hart may still believe after a table was changed. */
#include "tlb.h"

#include "fake.h"

#define TLB_SLOTS 4096

struct tlb_slot {
	paddr_t root; /* 0: unused */
	vaddr_t va;
	struct mmu_entry entry;
	bool large; /* a large entry has filled it */
};

static struct tlb_slot slots[TLB_SLOTS];
static bool any_large;

/* A bit for each slot that was filled, and may be in use: all are searched again and again, and most are empty. */
#define WORD_SLOTS 64
static uint64_t filled[TLB_SLOTS / WORD_SLOTS];

/* The space and the place of a leaf table that was missing when the hart looked last; root 0: none. */
static paddr_t missing_root;
static vaddr_t missing_place;

static vaddr_t table_place(vaddr_t va)
{
	return va & ~(MMU_LEAF_ENTRIES * PAGE_SIZE - 1);
}

void fake_tlb_miss_table(vaddr_t va)
{
	fake_tlb_drop_space(fake_active()->root);
	missing_root = fake_active()->root;
	missing_place = table_place(va);
}

bool fake_tlb_misses_table(paddr_t root, vaddr_t va)
{
	return root == missing_root && table_place(va) == missing_place;
}

static struct tlb_slot *slot_of(paddr_t root, vaddr_t va)
{
	return &slots[((va >> PAGE_SHIFT) + (root >> PAGE_SHIFT) * 7) % TLB_SLOTS];
}

void fake_tlb_fill(paddr_t root, vaddr_t va, struct mmu_entry entry, bool large)
{
	struct tlb_slot *slot = slot_of(root, va);
	size_t i = (size_t)(slot - slots);

	*slot = (struct tlb_slot){ root, va & ~PAGE_MASK, entry, large };
	any_large |= large;
	filled[i / WORD_SLOTS] |= 1ul << i % WORD_SLOTS;
}

static void drop_page(paddr_t root, vaddr_t va, bool large_only)
{
	struct tlb_slot *slot = slot_of(root, va);

	if (slot->root == root && slot->va == va && (slot->large || !large_only))
		slot->root = 0;
}

/* A fence of one address of a large entry is one of them all. */
void fake_tlb_drop(paddr_t root, vaddr_t va)
{
	vaddr_t base = table_place(va);

	drop_page(root, va & ~PAGE_MASK, false);
	for (size_t i = 0; any_large && i < MMU_LEAF_ENTRIES; i++)
		drop_page(root, base + i * PAGE_SIZE, true);
}

void fake_tlb_drop_space(paddr_t root)
{
	for (unsigned w = 0; w < TLB_SLOTS / WORD_SLOTS; w++) {
		for (uint64_t left = filled[w]; left; left &= left - 1) {
			unsigned bit = (unsigned)__builtin_ctzl(left);
			struct tlb_slot *slot = &slots[w * WORD_SLOTS + bit];

			if (slot->root && slot->root != root && root)
				continue;
			slot->root = 0;
			filled[w] &= ~(1ul << bit);
		}
	}
	if (missing_root == root || !root)
		missing_root = 0;
}

struct mmu_entry fake_tlb_find(paddr_t root, vaddr_t va)
{
	struct tlb_slot *slot = slot_of(root, va);

	if (slot->root == root && slot->va == (va & ~PAGE_MASK))
		return slot->entry;
	return (struct mmu_entry){ 0 };
}

static bool is_owed(const struct tlb_slot *slot)
{
	struct mmu mmu = { .root = slot->root };
	struct mmu_entry *now = arch_mmu_lookup(&mmu, slot->va);
	struct mmu_entry *large = arch_mmu_lookup_large(&mmu, slot->va);

	if (large)
		return entry_downgrades(
			slot->entry, entry_of_large(entry_load(large),
						    (slot->va >> PAGE_SHIFT) % MMU_LEAF_ENTRIES));
	return !now || entry_downgrades(slot->entry, entry_load(now));
}

size_t fake_tlb_debts(void)
{
	size_t debts = 0;

	for (unsigned w = 0; w < TLB_SLOTS / WORD_SLOTS; w++) {
		for (uint64_t left = filled[w]; left; left &= left - 1) {
			const struct tlb_slot *slot =
				&slots[w * WORD_SLOTS + (unsigned)__builtin_ctzl(left)];

			debts += slot->root && is_owed(slot);
		}
	}
	return debts;
}
