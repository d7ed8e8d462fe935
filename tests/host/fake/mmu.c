/* SPDX-License-Identifier: MIT */
/* The fake MMU: tables of three levels in the arena, and a TLB that believes what it saw. */
#include "arch/mmu.h"

#include "abi/errno.h"
#include "sync/preempt.h"
#include "fake.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "tlb.h"

#define INDEX_BITS 9
#define ROOT_LEVEL (MMU_LEVELS - 1)

bool fake_soft_ad;
void (*fake_meddle)(struct mmu_entry *slot);
int (*fake_fault)(vaddr_t va, unsigned access);
struct fake_counts fake_counts;

static struct mmu *active;

/* Bytes that one entry of a table of that level (0: leaf) covers. */
static vaddr_t span(unsigned level)
{
	return PAGE_SIZE << (INDEX_BITS * level);
}

static struct mmu_entry *table_at(paddr_t table)
{
	return arch_phys_to_virt(table);
}

static unsigned index_of(vaddr_t va, unsigned level)
{
	return (va / span(level)) % MMU_LEAF_ENTRIES;
}

static void check_user(vaddr_t va)
{
	assert(va < USER_TOP);
}

static bool table_empty(paddr_t table)
{
	const struct mmu_entry *entries = table_at(table);

	for (unsigned i = 0; i < MMU_LEAF_ENTRIES; i++)
		if (!entry_empty(entries[i]))
			return false;
	return true;
}

/* A table frame from the caller: zeroed, as the contract has it. */
static paddr_t tables_take(struct mmu_tables *tables)
{
	paddr_t table;

	if (!tables->count)
		return 0;
	table = mmu_tables_pop(tables);
	assert(table_empty(table));
	return table;
}

/* Is the entry of a table of level 1 a large one? A pointer to a table has no bit below the address but FAKE_VALID. */
static bool is_large(struct mmu_entry entry)
{
	return entry.word & PAGE_MASK & ~FAKE_VALID;
}

/* The slot for va in its table of level 1; NULL where that is missing. */
static struct mmu_entry *middle_slot(const struct mmu *mmu, vaddr_t va)
{
	paddr_t table = mmu->root;

	check_user(va);
	for (unsigned level = ROOT_LEVEL; level > 1 && table; level--)
		table = entry_load(&table_at(table)[index_of(va, level)]).word & ~FAKE_VALID;
	return table ? &table_at(table)[index_of(va, 1)] : NULL;
}

/* The leaf table of va; 0 where it is missing. */
static paddr_t leaf_table(const struct mmu *mmu, vaddr_t va)
{
	const struct mmu_entry *slot = middle_slot(mmu, va);

	return slot && !is_large(*slot) ? slot->word & ~FAKE_VALID : 0;
}

void fake_mmu_reset(void)
{
	active = NULL;
	fake_tlb_drop_space(0);
	fake_counts = (struct fake_counts){ 0 };
}

struct mmu *fake_active(void)
{
	return active;
}

void arch_mmu_create(struct mmu *mmu, paddr_t root)
{
	*mmu = (struct mmu){ .root = root };
	assert(table_empty(root));
	fake_tlb_drop_space(root);
}

/*
 * Gives to `out` what lies wholly within [floor, ceiling) below this table, whose first address is
 * base.
 */
static void prune_level(paddr_t table, unsigned level, vaddr_t base, vaddr_t floor, vaddr_t ceiling,
			struct mmu_tables *out)
{
	struct mmu_entry *entries = table_at(table);
	const vaddr_t each = span(level);

	for (unsigned i = 0; i < MMU_LEAF_ENTRIES; i++) {
		struct mmu_entry *entry = &entries[i];
		paddr_t below = entry->word & ~FAKE_VALID;
		vaddr_t start = base + i * each, end = start + each;

		assert(level > 1 || !is_large(*entry) || end <= floor || start >= ceiling);
		if (!below || end <= floor || start >= ceiling)
			continue;
		if (level > 1)
			prune_level(below, level - 1, start, floor, ceiling, out);
		if (start < floor || end > ceiling || !table_empty(below))
			continue;
		*entry = (struct mmu_entry){ 0 };
		mmu_tables_push(out, below);
	}
}

void arch_mmu_prune(struct mmu *mmu, vaddr_t floor, vaddr_t ceiling, struct mmu_tables *out)
{
	prune_level(mmu->root, ROOT_LEVEL, 0, floor, ceiling, out);
}

void arch_mmu_destroy(struct mmu *mmu, struct mmu_tables *out)
{
	assert(active != mmu);
	prune_level(mmu->root, ROOT_LEVEL, 0, 0, USER_TOP, out);
	assert(table_empty(mmu->root));
	fake_tlb_drop_space(mmu->root);
	mmu_tables_push(out, mmu->root);
	mmu->root = 0;
}

void arch_mmu_activate(struct mmu *mmu)
{
	active = mmu;
	if (mmu)
		mmu->harts |= 1;
}

unsigned arch_mmu_prepare(struct mmu *mmu, vaddr_t va, struct mmu_tables *spare)
{
	paddr_t table = mmu->root;

	check_user(va);
	for (unsigned level = ROOT_LEVEL; level > 0; level--) {
		struct mmu_entry *entry = &table_at(table)[index_of(va, level)];

		assert(level > 1 || !is_large(*entry));
		if (entry_empty(*entry)) {
			table = tables_take(spare);
			if (!table)
				return level;
			entry->word = table | FAKE_VALID;
		}
		table = entry->word & ~FAKE_VALID;
	}
	return 0;
}

unsigned arch_mmu_map_large(struct mmu *mmu, vaddr_t va, struct mmu_entry entry,
			    struct mmu_tables *spare)
{
	struct mmu_entry *slot = middle_slot(mmu, va);

	assert(IS_ALIGNED(va, span(1)) && IS_ALIGNED(entry_pfn(entry), MMU_LEAF_ENTRIES));
	if (!slot) {
		struct mmu_entry *root = &table_at(mmu->root)[index_of(va, ROOT_LEVEL)];
		paddr_t table = tables_take(spare);

		if (!table)
			return 1;
		root->word = table | FAKE_VALID;
		slot = middle_slot(mmu, va);
	}
	assert(entry_empty(*slot) && is_large(entry));
	entry_swap(slot, entry);
	fake_counts.large_maps++;
	return 0;
}

paddr_t arch_mmu_unlink_leaf(struct mmu *mmu, vaddr_t va)
{
	struct mmu_entry *slot = middle_slot(mmu, va);

	assert(IS_ALIGNED(va, span(1)) && slot && !entry_empty(*slot) && !is_large(*slot));
	return entry_swap(slot, ENTRY_NONE).word & ~FAKE_VALID;
}

struct mmu_entry arch_mmu_unmap_large(struct mmu *mmu, vaddr_t va)
{
	struct mmu_entry *slot = middle_slot(mmu, va);

	assert(IS_ALIGNED(va, span(1)) && slot && is_large(*slot));
	return entry_swap(slot, ENTRY_NONE);
}

/* The hardware may use the entry until it is replaced. */
struct mmu_entry arch_mmu_split_large(struct mmu *mmu, vaddr_t va, paddr_t table)
{
	struct mmu_entry *slot = middle_slot(mmu, va), old;

	assert(IS_ALIGNED(va, span(1)) && slot && is_large(*slot));
	if (fake_meddle)
		fake_meddle(slot);
	old = entry_load(slot);
	for (unsigned i = 0; i < MMU_LEAF_ENTRIES; i++)
		table_at(table)[i] = entry_of_large(old, i);
	entry_swap(slot, (struct mmu_entry){ table | FAKE_VALID });
	fake_counts.large_splits++;
	return old;
}

struct mmu_entry *arch_mmu_lookup_large(const struct mmu *mmu, vaddr_t va)
{
	struct mmu_entry *slot = middle_slot(mmu, va);

	return slot && is_large(*slot) ? slot : NULL;
}

unsigned arch_mmu_move_table(struct mmu *mmu, vaddr_t from, vaddr_t to, struct mmu_tables *spare,
			     struct mmu_tables *out)
{
	struct mmu_entry *slots[2];
	vaddr_t at[2] = { from, to };

	check_user(from);
	check_user(to);
	assert(IS_ALIGNED(from | to, span(1)) && middle_slot(mmu, from) &&
	       !entry_empty(*middle_slot(mmu, from)));
	for (unsigned i = 0; i < 2; i++) {
		paddr_t table = mmu->root;

		for (unsigned level = ROOT_LEVEL; level > 1; level--) {
			struct mmu_entry *entry = &table_at(table)[index_of(at[i], level)];

			if (entry_empty(*entry)) {
				table = tables_take(spare);
				if (!table)
					return level - 1;
				entry->word = table | FAKE_VALID;
			}
			table = entry->word & ~FAKE_VALID;
		}
		slots[i] = &table_at(table)[index_of(at[i], 1)];
	}
	if (!entry_empty(*slots[1])) {
		assert(table_empty(slots[1]->word & ~FAKE_VALID));
		mmu_tables_push(out, slots[1]->word & ~FAKE_VALID);
	}
	*slots[1] = *slots[0];
	*slots[0] = (struct mmu_entry){ 0 };
	fake_counts.tables_moved++;
	return 0;
}

void arch_mmu_map(struct mmu_entry *slot, vaddr_t va, struct mmu_entry entry)
{
	assert(IS_ALIGNED(va, PAGE_SIZE) && slot && !entry_empty(entry) && !entry_has_page(*slot));
	entry_swap(slot, entry);
	arch_mmu_fence_local(va);
	fake_counts.maps++;
}

bool arch_mmu_map_first(struct mmu_entry *slot, vaddr_t va, struct mmu_entry entry)
{
	if (!entry_empty(entry_load(slot)))
		return false;
	arch_mmu_map(slot, va, entry);
	return true;
}

size_t arch_mmu_map_same(struct mmu_entry *slot, vaddr_t va, long step, size_t n,
			 struct mmu_entry entry)
{
	size_t done;

	for (done = 0; done < n; done++) {
		slot += step;
		va += (vaddr_t)step * PAGE_SIZE;
		if (!entry_empty(entry_load(slot)))
			break;
		arch_mmu_map(slot, va, entry);
	}
	return done;
}

struct visit {
	vaddr_t start, end;
	mmu_visit_fn fn;
	void *arg;
};

static int visit_leaf(const struct visit *v, paddr_t table, vaddr_t base)
{
	vaddr_t start = MAX(base, v->start), end = MIN(base + span(1), v->end);
	struct mmu_leaf leaf = {
		.va = start,
		.entries = &table_at(table)[index_of(start, 0)],
		.count = (unsigned)((end - start) / PAGE_SIZE),
		.table = paddr_to_pfn(table),
	};

	return v->fn(v->arg, &leaf);
}

static int visit_large(const struct visit *v, struct mmu_entry *slot, vaddr_t base)
{
	struct mmu_leaf leaf = { .va = base, .entries = slot, .count = 1, .large = true };

	return v->fn(v->arg, &leaf);
}

static int visit_level(const struct visit *v, paddr_t table, unsigned level, vaddr_t base)
{
	struct mmu_entry *entries = table_at(table);
	const vaddr_t each = span(level);
	int result = 0;

	if (level == 0)
		return visit_leaf(v, table, base);
	for (unsigned i = 0; i < MMU_LEAF_ENTRIES && !result; i++) {
		paddr_t below = entries[i].word & ~FAKE_VALID;
		vaddr_t start = base + i * each;

		if (!below || start >= v->end || start + each <= v->start)
			continue;
		if (level == 1 && is_large(entries[i]))
			result = visit_large(v, &entries[i], start);
		else
			result = visit_level(v, below, level - 1, start);
	}
	return result;
}

int arch_mmu_visit(struct mmu *mmu, vaddr_t start, vaddr_t end, mmu_visit_fn fn, void *arg)
{
	struct visit v = { start, end, fn, arg };

	assert(IS_ALIGNED(start | end, PAGE_SIZE) && start <= end && end <= USER_TOP);
	return visit_level(&v, mmu->root, ROOT_LEVEL, 0);
}

unsigned arch_mmu_large_run(const struct mmu_leaf *leaf, vaddr_t end)
{
	unsigned n = 1;

	assert(leaf->large && leaf->va < end);
	while (leaf->va + (n + 1) * span(1) <= end &&
	       index_of(leaf->va, 1) + n < MMU_LEAF_ENTRIES && is_large(leaf->entries[n]))
		n++;
	return n;
}

struct mmu_entry *arch_mmu_lookup(const struct mmu *mmu, vaddr_t va)
{
	paddr_t table = leaf_table(mmu, va);

	return table ? &table_at(table)[index_of(va, 0)] : NULL;
}

void arch_mmu_fence_local(vaddr_t va)
{
	fake_counts.fence_local++;
	if (active)
		fake_tlb_drop(active->root, va);
}

void arch_mmu_fence_local_all(void)
{
	fake_counts.fence_local++;
	if (active)
		fake_tlb_drop_space(active->root);
}

void arch_mmu_flush(struct mmu *mmu, struct mmu_flush *flush)
{
	if (flush->count || flush->all || flush->tables)
		fake_counts.flushes++;
	if (flush->all || flush->tables) {
		fake_counts.flush_all++;
		fake_tlb_drop_space(mmu->root);
	}
	for (unsigned i = 0; i < flush->count; i++)
		fake_tlb_drop(mmu->root, flush->va[i]);
	*flush = (struct mmu_flush){ 0 };
}

/* What the hardware does with an entry that allows the access: marks it and remembers it. */
static bool hardware_accepts(struct mmu_entry *slot, vaddr_t va, unsigned right)
{
	struct mmu_entry e = entry_load(slot);
	uint64_t mark = FAKE_A | (right & VM_PROT_WRITE ? FAKE_D : 0);
	bool large = slot == arch_mmu_lookup_large(active, va);

	if (fake_tlb_misses_table(active->root, va))
		return false;
	if (!(e.word & FAKE_VALID) || !(e.word >> FAKE_PROT_SHIFT & right))
		return false;
	if (fake_soft_ad && mark & ~e.word)
		return false;
	__atomic_fetch_or(&slot->word, mark, __ATOMIC_ACQ_REL);
	e = entry_load(slot);
	if (large)
		e = entry_of_large(e, index_of(va, 0));
	fake_tlb_fill(active->root, va, e, large);
	return true;
}

static bool tlb_accepts(struct mmu_entry e, unsigned right)
{
	if (!(e.word & FAKE_VALID) || !(e.word >> FAKE_PROT_SHIFT & right))
		return false;
	return !(right & VM_PROT_WRITE) || e.word & FAKE_D;
}

unsigned char *fake_access(vaddr_t va, unsigned right)
{
	assert(active && fake_fault);
	for (unsigned tries = 0; tries < 1000; tries++) {
		struct mmu_entry cached = { 0 }, *slot = NULL;

		if (va < USER_TOP) {
			cached = fake_tlb_find(active->root, va);
			slot = arch_mmu_lookup(active, va);
			if (!slot)
				slot = arch_mmu_lookup_large(active, va);
		}
		if (tlb_accepts(cached, right) || (slot && hardware_accepts(slot, va, right))) {
			cached = fake_tlb_find(active->root, va);
			return (unsigned char *)arch_phys_to_virt(pfn_to_paddr(entry_pfn(cached))) +
			       (va & PAGE_MASK);
		}
		if (arch_preempt()->count)
			return NULL;
		fake_counts.faults++;
		if (fake_fault(va, right))
			return NULL;
	}
	panic("the fault at %#lx is served without end", va);
}

int fake_load(vaddr_t va)
{
	unsigned char *p = fake_access(va, VM_PROT_READ);

	return p ? *p : -1;
}

int fake_store(vaddr_t va, unsigned char value)
{
	unsigned char *p = fake_access(va, VM_PROT_WRITE);

	if (!p)
		return -1;
	*p = value;
	return 0;
}

void arch_ad_soft_set(bool on)
{
	fake_soft_ad = on;
}
