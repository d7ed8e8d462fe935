/* SPDX-License-Identifier: MIT */
/* The ledger's walk over all spaces: VMA trees, page tables, and what entries say. */
#include "mm/check/ledger_walk.h"
#include "mm/phys/large_page.h"
#include "mm/space/commit.h"
#include "mm/space/space.h"
#include "mm/swap/swap_cache.h"

struct space_walk {
	struct ledger_walk *walk;
	struct space *space;
	const struct vma *vma; /* the one that held the last entry */
	size_t resident, shmem, file, swapped;
	size_t leaf_tables, large;
};

/* The free bytes below a VMA in which the kernel may place a mapping. */
static vaddr_t gap_below(const struct vma *vma, vaddr_t floor)
{
	vaddr_t ceiling = vma_start_gap(vma);

	return ceiling > floor ? ceiling - floor : 0;
}

/*
 * Are these neighbours of anonymous memory that should have been merged? (VMAs of an object may
 * stay apart after a truncation made them alike, and so may a stack that grew down to another VMA.)
 */
static bool should_be_merged(const struct vma *a, const struct vma *b)
{
	return a->end == b->start && a->backend == b->backend && !a->object && !b->object &&
	       a->prot == b->prot && a->max_prot == b->max_prot && a->flags == b->flags &&
	       !(a->flags & VMA_STACK) &&
	       (!(a->flags & VMA_USERFAULT) || a->userfault == b->userfault);
}

static void check_order(struct ledger_walk *walk, const struct vma *prev, const struct vma *vma)
{
	vaddr_t floor = prev ? prev->end : USER_BASE;

	if (vma->start >= vma->end || (vma->start | vma->end) & PAGE_MASK || vma->end > USER_TOP)
		ledger_error(walk, "VMA %#lx-%#lx is no range", (unsigned long)vma->start,
			     (unsigned long)vma->end);
	if (vma->start < floor)
		ledger_error(walk, "VMA %#lx-%#lx begins below %#lx", (unsigned long)vma->start,
			     (unsigned long)vma->end, (unsigned long)floor);
	else if (vma->node.weight != gap_below(vma, floor))
		ledger_error(walk, "VMA %#lx-%#lx has a gap of %#lx below it, not %#lx",
			     (unsigned long)vma->start, (unsigned long)vma->end,
			     (unsigned long)gap_below(vma, floor), (unsigned long)vma->node.weight);
	if (prev && should_be_merged(prev, vma))
		ledger_error(walk, "VMAs were not merged at %#lx", (unsigned long)vma->start);
}

static int node_height(const struct tree_node *node)
{
	return node ? node->height : 0;
}

/* Checks a node against its children: balance, height, parent and largest gap. */
static void check_node(struct ledger_walk *walk, struct tree_node *node)
{
	int left = node_height(node->child[0]), right = node_height(node->child[1]);
	const struct vma *vma = tree_entry(node, struct vma, node);
	vaddr_t most = node->weight;

	for (int side = 0; side < 2; side++) {
		const struct tree_node *child = node->child[side];

		if (!child)
			continue;
		most = MAX(most, child->heaviest);
		if (child->parent != node)
			ledger_error(walk, "VMA tree: a child has another parent");
	}
	if (node->height != MAX(left, right) + 1 || left - right > 1 || right - left > 1)
		ledger_error(walk, "VMA tree: out of balance at %#lx", (unsigned long)vma->start);
	if (node->heaviest != most)
		ledger_error(walk, "VMA tree: largest gap at %#lx is %#lx, not %#lx",
			     (unsigned long)vma->start, (unsigned long)most,
			     (unsigned long)node->heaviest);
}

/* Returns how many pages are charged to the space because of this VMA. */
static size_t charged_by(const struct vma *vma)
{
	const struct object *object = vma->object;

	return object && object->charged == vma ? object->npages + object->nswapped : 0;
}

static void check_vmas(struct ledger_walk *walk, struct space *space)
{
	const struct vma *prev = NULL;
	struct tree_node *node;
	size_t nvmas = 0, mapped = 0, data = 0, committed = 0, locked = 0, charged = 0, exec = 0,
	       stack = 0;

	tree_for_each(node, &space->vmas) {
		const struct vma *vma = tree_entry(node, struct vma, node);

		if (!space->ending && !space->copied) {
			check_order(walk, prev, vma);
			check_node(walk, node);
		}
		if (!space->ending && !space->copied)
			ledger_check_registered(walk, vma);
		if (vma->space != space)
			ledger_error(walk, "VMA %#lx says it is another space's",
				     (unsigned long)vma->start);
		nvmas++;
		charged += charged_by(vma);
		prev = vma;
		if (vma->flags & VMA_LEAVING)
			continue;
		mapped += vma->end - vma->start;
		data += vma_is_data(vma->prot, vma->flags) ? vma->end - vma->start : 0;
		exec += vma_is_exec(vma->prot, vma->flags) ? vma->end - vma->start : 0;
		stack += vma->flags & VMA_STACK ? vma->end - vma->start : 0;
		committed += vma->flags & VMA_ACCOUNT ? vma->end - vma->start : 0;
		locked += vma->flags & VMA_LOCKED ? vma->end - vma->start : 0;
		if (commit_flag(vma->prot, vma->flags) & ~vma->flags)
			ledger_error(walk, "VMA %#lx is writable and not committed",
				     (unsigned long)vma->start);
	}
	if (nvmas != space->nvmas || mapped != space->mapped_bytes || data != space->data_bytes)
		ledger_error(walk,
			     "space: %lu VMAs, %#lx bytes, %#lx of data; counted %lu, %#lx, %#lx",
			     (unsigned long)nvmas, (unsigned long)mapped, (unsigned long)data,
			     (unsigned long)space->nvmas, (unsigned long)space->mapped_bytes,
			     (unsigned long)space->data_bytes);
	if (exec != space->exec_bytes || stack != space->stack_bytes)
		ledger_error(walk, "space: %#lx bytes of text, %#lx of stacks; counted %#lx, %#lx",
			     (unsigned long)exec, (unsigned long)stack,
			     (unsigned long)space->exec_bytes, (unsigned long)space->stack_bytes);
	if (committed != space->committed_bytes || space->commit_credit)
		ledger_error(walk, "space: %#lx bytes committed, counted %#lx, a credit of %#lx",
			     (unsigned long)committed, (unsigned long)space->committed_bytes,
			     (unsigned long)space->commit_credit);
	if (locked != space->locked_bytes)
		ledger_error(walk, "space: %#lx bytes locked, counted %#lx", (unsigned long)locked,
			     (unsigned long)space->locked_bytes);
	if (charged != space->charged)
		ledger_error(walk, "space: %lu pages of objects are charged to it, %lu counted",
			     (unsigned long)charged, (unsigned long)space->charged);
	if (!walk->delta)
		walk->committed += committed >> PAGE_SHIFT;
}

/* What the entry allows now. */
static unsigned allowed(struct mmu_entry e)
{
	return entry_is_wp(e) ? entry_prot(e) & ~VM_PROT_WRITE : entry_prot(e);
}

/* Returns why this VMA may not have such an entry for the page, or NULL if it may. */
static const char *entry_fault(const struct vma *vma, vaddr_t va, struct mmu_entry e,
			       const struct page *page)
{
	unsigned prot = allowed(e);

	if (!vma)
		return "lies in no VMA";
	if (!(vma->flags & VMA_MOVING) && prot & ~vma->prot)
		return "allows more than its VMA";
	switch (page_kind(page)) {
	case PAGE_ZERO:
		return prot & VM_PROT_WRITE ? "allows writes to the zero page" : NULL;
	case PAGE_ANON:
		if (vma_is_shared(vma))
			return "shows a private page in a shared mapping";
		if (!(prot & VM_PROT_WRITE))
			return NULL;
		if (page_has(page, PAGE_SWAP_CACHED) && !swap_page_alone(page))
			return "allows writes to a page that is swapped out elsewhere";
		return page->maps > 1 ? "allows writes to a page that others map" : NULL;
	case PAGE_OBJECT:
	case PAGE_DEVICE:
		if (!vma_is_shared(vma) && prot & VM_PROT_WRITE)
			return "allows writes to an object's page in a private mapping";
		if (!vma->object || page->owner != vma->object)
			return "shows a page that its object does not have";
		return page->index != vma_index(vma, va) ? "shows the wrong page" : NULL;
	default:
		return "shows a frame that is no user page";
	}
}

/* An entry that is SWAP: counts its reference to the slot. */
static void ledger_space_check_swapped(struct space_walk *sw, vaddr_t va, struct mmu_entry e)
{
	uint64_t slot = entry_swap_slot(e);

	sw->swapped++;
	if (slot >= swap_total()) {
		ledger_error(sw->walk, "entry of %#lx: there is no slot %lu", (unsigned long)va,
			     (unsigned long)slot);
		return;
	}
	swap_slot_count(slot, sw->walk->delta);
}

/* A page of the object that the VMA shows. */
static void count_of_kind(struct space_walk *sw, const struct page *page)
{
	if (!page_is_of_object(page) || !sw->vma || !sw->vma->object)
		return;
	if (sw->vma->object->ops->swap_backed)
		sw->shmem++;
	else
		sw->file++;
}

static void check_entry(struct space_walk *sw, vaddr_t va, struct mmu_entry e)
{
	struct page *page;
	const char *fault;

	if (entry_is_blank(e)) {
		if (!vma_find(sw->space, va))
			ledger_error(sw->walk, "mark at %#lx: it lies in no VMA",
				     (unsigned long)va);
		return;
	}
	if (!entry_has_page(e)) {
		ledger_space_check_swapped(sw, va, e);
		return;
	}
	page = pfn_to_page(entry_pfn(e));
	if (!page) {
		ledger_error(sw->walk, "entry of %#lx: frame %#lx is not ours", (unsigned long)va,
			     (unsigned long)entry_pfn(e));
		return;
	}
	if (page != zero_page) { /* entries that map the zero page are not counted */
		ledger_found(sw->walk, page, PAGE_ONE_MAP);
		sw->resident++;
	}
	if (!sw->vma || va < sw->vma->start || va >= sw->vma->end)
		sw->vma = vma_find(sw->space, va);
	count_of_kind(sw, page);
	fault = entry_fault(sw->vma, va, e, page);
	if (fault)
		ledger_error(sw->walk, "entry of %#lx %s", (unsigned long)va, fault);
}

/* The last large map of a block that is found stands for the block's references, too. */
static void found_large(struct ledger_walk *walk, struct page *head)
{
	if (walk->delta < 0)
		head->large_maps--;
	for (size_t i = 0; large_map_count(head) == 0 && i < MMU_LEAF_ENTRIES; i++)
		ledger_found(walk, &head[i], PAGE_ONE_REF);
	if (walk->delta > 0)
		head->large_maps++;
}

static void check_large(struct space_walk *sw, vaddr_t base, struct mmu_entry e)
{
	struct page *head = pfn_to_page(entry_pfn(e));
	const struct vma *vma = vma_find(sw->space, base);

	sw->large++;
	sw->resident += MMU_LEAF_ENTRIES;
	if (!head || page_kind(head) != PAGE_ANON || !IS_ALIGNED(entry_pfn(e), MMU_LEAF_ENTRIES)) {
		ledger_error(sw->walk, "large entry of %#lx: frame %#lx begins no block",
			     (unsigned long)base, (unsigned long)entry_pfn(e));
		return;
	}
	if (!vma || vma_is_shared(vma) || vma->end - base < MMU_LARGE_SIZE)
		ledger_error(sw->walk, "large entry of %#lx lies in no private VMA",
			     (unsigned long)base);
	else if (!(vma->flags & VMA_MOVING) && allowed(e) & ~vma->prot)
		ledger_error(sw->walk, "large entry of %#lx allows more than its VMA",
			     (unsigned long)base);
	if (!sw->walk->delta && allowed(e) & VM_PROT_WRITE && large_map_count(head) != 1)
		ledger_error(sw->walk,
			     "large entry of %#lx allows writes to a block that others map",
			     (unsigned long)base);
	found_large(sw->walk, head);
}

static int check_leaf(void *arg, const struct mmu_leaf *leaf)
{
	struct space_walk *sw = arg;
	const struct page *table;
	struct mmu_entry *slot;

	if (leaf->large) {
		check_large(sw, leaf->va, entry_load(leaf->entries));
		return 0;
	}
	table = pfn_to_page(leaf->table);
	sw->leaf_tables++;
	if (!table || page_kind(table) != PAGE_TABLE)
		ledger_error(sw->walk, "the leaf table of %#lx is no page table",
			     (unsigned long)leaf->va);
	entry_for_each_used(slot, leaf->entries, leaf->entries + leaf->count)
		check_entry(sw, leaf->va + (vaddr_t)(slot - leaf->entries) * PAGE_SIZE,
			    entry_load(slot));
	return 0;
}

static void walk_space(struct ledger_walk *walk, struct space *space)
{
	struct space_walk sw = { .walk = walk, .space = space };

	check_vmas(walk, space);
	arch_mmu_visit(&space->mmu, 0, USER_TOP, check_leaf, &sw);
	if (sw.resident != space->resident)
		ledger_error(walk, "space: %lu resident pages found, %lu counted",
			     (unsigned long)sw.resident, (unsigned long)space->resident);
	if (!space->ending &&
	    (sw.shmem != space->resident_shmem || sw.file != space->resident_file))
		ledger_error(
			walk,
			"space: %lu pages of shared memory found, %lu of files; counted %lu, %lu",
			(unsigned long)sw.shmem, (unsigned long)sw.file,
			(unsigned long)space->resident_shmem, (unsigned long)space->resident_file);
	if (sw.swapped != space->swapped)
		ledger_error(walk, "space: %lu swapped pages found, %lu counted",
			     (unsigned long)sw.swapped, (unsigned long)space->swapped);
	if (sw.large != space->large)
		ledger_error(walk, "space: %lu large entries found, %lu counted",
			     (unsigned long)sw.large, (unsigned long)space->large);
	if (sw.leaf_tables >= space->tables)
		ledger_error(walk, "space: %lu leaf tables found, %lu tables counted",
			     (unsigned long)sw.leaf_tables, (unsigned long)space->tables);
	if (!walk->delta)
		walk->tables += space->tables;
}

void ledger_walk_spaces(struct ledger_walk *walk)
{
	struct space *space;

	spin_lock(&spaces_lock);
	list_for_each_entry(space, &spaces, link) {
		space_lock(space);
		walk_space(walk, space);
		space_unlock(space);
	}
	spin_unlock(&spaces_lock);
}
