/* SPDX-License-Identifier: MIT */
/* Visits the leaf tables and the large entries in a range of a space, and unlinks tables that are empty. */
#include "arch/riscv/walk.h"

#include "arch/riscv/hints.h"
#include "lib/assert.h"
#include "lib/bits.h"

/* Returns the first entry in use from `index` on, or TABLE_ENTRIES. */
static UNCHECKED unsigned table_next_used(const pte_t *table, unsigned index)
{
	while (index < TABLE_ENTRIES && !table[index]) {
		const pte_t *run = &table[index];

		if (index % 8 == 0 &&
		    !(run[0] | run[1] | run[2] | run[3] | run[4] | run[5] | run[6] | run[7]))
			index += 8;
		else
			index++;
	}
	return index;
}

/*
 * As walk_next_leaf(), beginning with the middle table of *va, which has no hints. (Each of the two
 * functions calls the other by a tail call, so that walk_next_leaf() saves no registers.)
 */
static __attribute__((noinline, cold)) pte_t *walk_unhinted(struct mmu *mmu, vaddr_t *va,
							    vaddr_t end)
{
	const pte_t *table = pte_table_at(mmu_root(mmu)[root_index(*va)]);
	unsigned next = table_next_used(table, middle_index(*va) + 1);

	*va = ALIGN_DOWN(*va, ROOT_SPAN) + next * MIDDLE_SPAN;
	return walk_next_leaf(mmu, va, end);
}

pte_t *walk_next_leaf(struct mmu *mmu, vaddr_t *va, vaddr_t end)
{
	vaddr_t at = *va;

	while (at < end) {
		pte_t root = mmu_root(mmu)[root_index(at)];
		const uint64_t *leaves;
		pte_t *slot;

		if (!root) {
			at = hint_next_root(mmu, at, end);
			continue;
		}
		slot = &pte_table_at(root)[middle_index(at)];
		if (*slot) {
			*va = at;
			return slot;
		}
		leaves = hint_leaves(mmu, root_index(at));
		if (unlikely(!leaves)) {
			*va = at;
			return walk_unhinted(mmu, va, end);
		}
		at = hint_next_leaf(leaves, at);
	}
	return NULL;
}

/* walk_next_leaf(), which is called only if there is no table at *va. */
static inline pte_t *next_leaf(struct mmu *mmu, vaddr_t *va, vaddr_t end)
{
	pte_t root, *slot;

	if (*va >= end)
		return NULL;
	root = mmu_root(mmu)[root_index(*va)];
	slot = &pte_table_at(root)[middle_index(*va)];
	return likely(root && *slot) ? slot : walk_next_leaf(mmu, va, end);
}

static inline void leaf_of_table(struct mmu_leaf *leaf, pte_t pte, vaddr_t start, vaddr_t stop)
{
	struct mmu_entry *entries = (struct mmu_entry *)pte_table_at(pte);

	leaf->va = start;
	leaf->entries = &entries[leaf_index(start)];
	leaf->count = (unsigned)((stop - start) >> PAGE_SHIFT);
	leaf->large = false;
	leaf->table = pte >> PTE_PPN_SHIFT;
}

int arch_mmu_visit(struct mmu *mmu, vaddr_t start, vaddr_t end, mmu_visit_fn visit, void *arg)
{
	pte_t *slot;

	assert_hardened(IS_ALIGNED(start | end, PAGE_SIZE) && start <= end && end <= USER_TOP);
	while ((slot = next_leaf(mmu, &start, end))) {
		vaddr_t base = ALIGN_DOWN(start, MIDDLE_SPAN);
		vaddr_t stop = MIN(end, base + MIDDLE_SPAN);
		struct mmu_leaf leaf;
		int r;

		if (pte_is_table(*slot))
			leaf_of_table(&leaf, *slot, start, stop);
		else
			leaf = (struct mmu_leaf){ .va = base,
						  .entries = (struct mmu_entry *)slot,
						  .count = 1,
						  .large = true };
		r = visit(arg, &leaf);
		if (r)
			return r;
		start = stop;
	}
	return 0;
}

unsigned arch_mmu_large_run(const struct mmu_leaf *leaf, vaddr_t end)
{
	const pte_t *slot = (const pte_t *)leaf->entries;
	const unsigned most = MIN(TABLE_ENTRIES - middle_index(leaf->va),
				  (unsigned)((end - leaf->va) >> MIDDLE_SHIFT));
	unsigned n = 1;

	assert_hardened(leaf->large && leaf->va < end);
	while (n < most && slot[n] && !pte_is_table(slot[n]))
		n++;
	return n;
}

static void assert_table_empty(const pte_t *table)
{
	assert_hardened(table_next_used(table, 0) == TABLE_ENTRIES);
}

static void unlink_table(pte_t *slot, struct mmu_tables *out)
{
	pte_t pte = *slot;

	assert_hardened(pte_is_table(pte));
	assert_table_empty(pte_table_at(pte));
	*(volatile pte_t *)slot = 0;
	mmu_tables_push(out, pte_table_paddr(pte));
}

/* Returns the first entry of [index, stop) in use, or one that is not below `stop`. `leaves`: the table's hints, or NULL. */
static inline unsigned middle_next_used(const pte_t *middle, const uint64_t *leaves, unsigned index,
					unsigned stop)
{
	return likely(leaves) ? hint_next(leaves, index, stop) : table_next_used(middle, index);
}

void arch_mmu_prune(struct mmu *mmu, vaddr_t floor, vaddr_t ceiling, struct mmu_tables *out)
{
	vaddr_t va = ALIGN_UP(floor, MIDDLE_SPAN), base;
	vaddr_t end = ALIGN_DOWN(ceiling, MIDDLE_SPAN);

	assert_hardened(floor <= ceiling && ceiling <= USER_TOP);
	for (; va < end && (va = hint_next_root(mmu, va, end)) < end; va = base + ROOT_SPAN) {
		pte_t *root = &mmu_root(mmu)[root_index(va)], *middle = pte_table_at(*root);
		uint64_t *leaves = hint_leaves(mmu, root_index(va));
		unsigned i = middle_index(va), stop;

		base = ALIGN_DOWN(va, ROOT_SPAN);
		stop = (unsigned)(MIN(end - base, ROOT_SPAN) / MIDDLE_SPAN);
		for (; (i = middle_next_used(middle, leaves, i, stop)) < stop; i++) {
			unlink_table(&middle[i], out);
			if (leaves)
				hint_clear(leaves, i);
		}
		if (floor <= base && base + ROOT_SPAN <= ceiling) {
			unlink_table(root, out);
			hint_drop_middle(mmu, root_index(va));
		}
	}
}
