/* The fake TLB: what a hart may still believe after a table was changed. */
#include "tlb.h"

#include "fake.h"

#define TLB_SLOTS 4096

struct tlb_slot {
	paddr_t root; /* 0: unused */
	vaddr_t va;
	struct mmu_entry entry;
};

static struct tlb_slot slots[TLB_SLOTS];

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

void fake_tlb_fill(paddr_t root, vaddr_t va, struct mmu_entry entry)
{
	*slot_of(root, va) = (struct tlb_slot){ root, va & ~PAGE_MASK, entry };
}

void fake_tlb_drop(paddr_t root, vaddr_t va)
{
	struct tlb_slot *slot = slot_of(root, va);

	if (slot->root == root && slot->va == (va & ~PAGE_MASK))
		slot->root = 0;
}

void fake_tlb_drop_space(paddr_t root)
{
	for (unsigned i = 0; i < TLB_SLOTS; i++)
		if (slots[i].root == root || !root)
			slots[i].root = 0;
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

size_t fake_tlb_debts(void)
{
	size_t debts = 0;

	for (unsigned i = 0; i < TLB_SLOTS; i++) {
		if (!slots[i].root)
			continue;
		struct mmu mmu = { .root = slots[i].root };
		struct mmu_entry *now = arch_mmu_lookup(&mmu, slots[i].va);

		debts += !now || entry_lessens(slots[i].entry, entry_load(now));
	}
	return debts;
}
