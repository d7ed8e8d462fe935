/* SPDX-License-Identifier: MIT */
/* A page-table walk in words, for reports. */
#include "arch/describe.h"

#include "arch/riscv/walk.h"
#include "lib/format.h"

struct text {
	char *buf;
	size_t size, pos;
};

#define say(text, ...) ((void)kappendf((text)->buf, (text)->size, &(text)->pos, __VA_ARGS__))

/* Are all bits above the walked ones equal to the topmost walked one? */
static bool is_canonical(vaddr_t va)
{
	int64_t top = (int64_t)va >> (ROOT_SHIFT + INDEX_BITS - 1);

	return top == 0 || top == -1;
}

static const char *mmu_access_name(unsigned access)
{
	if (access & VM_PROT_EXEC)
		return "a fetch";
	return access & VM_PROT_WRITE ? "a write" : "a read";
}

/* Returns the first bit for which the machine refuses the access, or NULL. */
static const char *refusing_bit(pte_t pte, unsigned access)
{
	pte_t wanted = access & VM_PROT_EXEC ? PTE_X : access & VM_PROT_WRITE ? PTE_W : PTE_R;

	if (!(pte & PTE_V))
		return "V=0";
	if (!(pte & PTE_U))
		return "U=0";
	if (!(pte & wanted))
		return wanted == PTE_X ? "X=0" : wanted == PTE_W ? "W=0" : "R=0";
	if (!(pte & PTE_A))
		return "A=0";
	return wanted == PTE_W && !(pte & PTE_D) ? "D=0" : NULL;
}

static void say_entry(struct text *text, pte_t pte, unsigned access)
{
	const char *bit = refusing_bit(pte, access);

	if (entry_is_blank((struct mmu_entry){ pte }))
		say(text, pte == 0				   ? "empty: "
			  : entry_is_wp((struct mmu_entry){ pte }) ? "empty, write-protected: "
								   : "poisoned: ");
	else if (entry_state((struct mmu_entry){ pte }) == ENTRY_SWAP)
		say(text, "slot %lu of the swap disk: ",
		    (unsigned long)entry_swap_slot((struct mmu_entry){ pte }));
	else
		say(text, "frame %#lx %c%c%c%s%s%s%s: ",
		    (unsigned long)(pte >> PTE_PPN_SHIFT << PAGE_SHIFT), pte & PTE_R ? 'r' : '-',
		    pte & PTE_W ? 'w' : '-', pte & PTE_X ? 'x' : '-',
		    pte & PTE_U ? " user" : " kernel", pte & PTE_A ? " accessed" : "",
		    pte & PTE_D ? " dirty" : "", pte & ENTRY_WORD_COW ? " copy-on-write" : "");
	if (bit)
		say(text, "%s refuses %s", bit, mmu_access_name(access));
	else
		say(text, "allows %s", mmu_access_name(access));
}

int arch_mmu_describe(const struct mmu *mmu, vaddr_t va, unsigned access, char *buf, size_t size)
{
	static const char *const names[MMU_LEVELS] = { "root", "middle", "leaf" };
	const unsigned index[MMU_LEVELS] = { root_index(va), middle_index(va), leaf_index(va) };
	struct text text = { buf, size, 0 };
	const pte_t *table = mmu_root(mmu);

	if (!is_canonical(va)) {
		say(&text, "none: bits 63 to 39 are not all like bit 38");
		return (int)text.pos;
	}
	for (unsigned level = 0; level < MMU_LEVELS; level++) {
		pte_t pte = table[index[level]];

		say(&text, "%s[%u] ", names[level], index[level]);
		if (level + 1 == MMU_LEVELS || !(pte & PTE_V) || (pte & PTE_RWX)) {
			say_entry(&text, pte, access);
			break;
		}
		say(&text, "table %#lx, ", (unsigned long)pte_table_paddr(pte));
		table = pte_table_at(pte);
	}
	return (int)text.pos;
}
