/* SPDX-License-Identifier: MIT */
/* Writes changes of entries to the journal. */
#include "record/change.h"

#include "lib/string.h"
#include "mm/fault/zero_page.h"
#include "mm/host.h"

#define WRITE_BESIDE 50 /* instructions of calls that the journal does not count */

static enum recorded_page recorded_page(pfn_t pfn)
{
	if (pfn == zero_pfn)
		return RECORDED_ZERO;
	switch (page_kind(pfn_to_page(pfn))) {
	case PAGE_ANON:
		return RECORDED_PRIVATE;
	case PAGE_OBJECT:
		return RECORDED_OBJECT;
	default:
		return RECORDED_OTHER;
	}
}

uint64_t recorded_entry(struct mmu_entry entry)
{
	if (entry_has_page(entry))
		return recorded_present(entry, recorded_page(entry_pfn(entry)));
	return entry_is_blank(entry) ? 0 : entry_swap_slot(entry) << 16 | RECORDED_SWAP;
}

/* Writes a record, whose making has begun at that count of instructions. */
static void write(const struct journal_record *line, uint64_t begun)
{
	journal_write(line);
	(void)journal_work_end(begun, WRITE_BESIDE);
}

static void write_entry(const struct space *space, vaddr_t va, struct mmu_entry before,
			struct mmu_entry after, unsigned what)
{
	const uint64_t begun = arch_instructions();
	const struct journal_record line = {
		.type = JOURNAL_ENTRY,
		.space = space->number,
		.what = (uint16_t)what,
		.arg = { va, recorded_entry(before), recorded_entry(after) },
	};

	assert_hardened(spin_lock_held(&space->lock));
	write(&line, begun);
}

static void write_range(const struct space *space, enum journal_type type, vaddr_t start,
			vaddr_t end, uint64_t more, uint64_t other)
{
	const uint64_t begun = arch_instructions();
	const struct journal_record line = {
		.type = (uint8_t)type,
		.space = space->number,
		.arg = { start, end, more, other },
	};

	if (start < end)
		write(&line, begun);
}

/* This comes before any fault maps the page: the caller holds the object's lock. */
static void write_supply(pfn_t pfn, uint64_t index, bool served)
{
	const struct journal_record line = {
		.type = JOURNAL_SUPPLY,
		.arg = { pfn, index, served ? (uint32_t)arch_this_thread()->who : 0 },
	};

	journal_write(&line);
}

/* Writes of the entries from the slot on, `most` at most, those that one record has. Returns how many. */
static size_t write_run(const struct space *space, vaddr_t va, const struct mmu_entry *slot,
			size_t most)
{
	const uint64_t begun = arch_instructions();
	const struct mmu_entry first = entry_load(slot);
	union {
		struct journal_run run;
		struct journal_record record;
	} line = { .run = { .type = JOURNAL_RUN,
			    .what = entry_pfn(first) == zero_pfn,
			    .space = space->number,
			    .entry = va | (recorded_entry(first) & (PAGE_SIZE - 1)),
			    .frames = { (uint32_t)entry_pfn(first) } } };
	size_t n = line.run.what ? most : MIN(most, (size_t)JOURNAL_RUN_FRAMES);

	for (size_t i = 1; i < n && !line.run.what; i++)
		line.run.frames[i] = (uint32_t)entry_pfn(entry_load(&slot[i]));
	line.run.pages = (uint32_t)n;
	write(&line.record, begun);
	return n;
}

/* All of the entries are in one leaf table. */
static void write_runs(const struct space *space, vaddr_t start, vaddr_t end)
{
	const struct mmu_entry *slot = arch_mmu_lookup(&space->mmu, start);

	assert_hardened(spin_lock_held(&space->lock) && slot);
	while (start < end) {
		size_t n = write_run(space, start, slot, (end - start) >> PAGE_SHIFT);

		slot += n;
		start += n * PAGE_SIZE;
	}
}

static void write_split(const struct space *space, vaddr_t base, unsigned why)
{
	const uint64_t begun = arch_instructions();
	const struct journal_record line = {
		.type = JOURNAL_SPLIT,
		.space = space->number,
		.what = (uint16_t)why,
		.arg = { base, base + MMU_LARGE_SIZE },
	};

	write(&line, begun);
}

/* ---- what fork does ---- */

struct copied {
	struct space *parent, *child;
	bool is_private;
	vaddr_t start; /* from here on all is as COPY_OF says */
};

static void write_copied(struct copied *copied, vaddr_t end)
{
	write_range(copied->child, JOURNAL_COPY_OF, copied->start, end, copied->parent->number,
		    copied->is_private);
}

/* Has the child the parent's entry, which is copy-on-write if it has a page that is private? */
static bool is_copy_of(const struct copied *copied, struct mmu_entry of_parent,
		       struct mmu_entry of_child)
{
	const unsigned used = ENTRY_ACCESSED | ENTRY_DIRTY; /* the hardware sets them at any time */
	uint64_t differs = recorded_entry(of_parent) ^ recorded_entry(of_child);

	if (differs & ~((uint64_t)used << 6))
		return false;
	return !copied->is_private || !entry_has_page(of_parent) ||
	       (entry_flags(of_parent) & ENTRY_COW);
}

static int record_leaf(void *arg, const struct mmu_leaf *leaf)
{
	struct copied *copied = arg;
	struct mmu_entry *slot, *end = leaf->entries + leaf->count;
	const struct mmu_entry *to = arch_mmu_lookup(&copied->child->mmu, leaf->va);

	if (leaf->large) /* the child has the same */
		return 0;
	entry_for_each_used(slot, leaf->entries, end) {
		struct mmu_entry of_parent = entry_load(slot), of_child = ENTRY_NONE;
		vaddr_t va = mmu_leaf_va(leaf, slot);

		if (to)
			of_child = entry_load(&to[slot - leaf->entries]);
		if (is_copy_of(copied, of_parent, of_child))
			continue;
		write_copied(copied, va);
		copied->start = va + PAGE_SIZE;
		write_entry(copied->child, va, ENTRY_NONE, of_child, 0);
		if (entry_flags(of_parent) & ENTRY_COW)
			write_entry(copied->parent, va, of_parent, of_parent, 0);
	}
	return 0;
}

/*
 * Looks at both page tables, so that it is all the same whether pages are shared or copied. The caller holds both locks.
 */
static void write_copies(struct space *parent, struct space *child, vaddr_t start, vaddr_t end)
{
	struct copied copied = { .parent = parent, .child = child, .start = start };
	const struct vma *vma = vma_find(child, start);

	if (start >= end)
		return;
	copied.is_private = vma && !vma_is_shared(vma);
	(void)arch_mmu_visit(&parent->mmu, start, end, record_leaf, &copied);
	write_copied(&copied, end);
}

/* ---- VMAs ---- */

/* VMAs that are written under one hold of the lock. */
#define RECORD_VMAS 32

/* What is behind memory without an object. */
static void label_memory(const struct vma *vma, struct journal_record *line)
{
	const char *name = "";

	if (vma->flags & VMA_HEAP)
		name = "[heap]";
	else if ((vma->flags & VMA_STACK) && vma->end >= vma->space->stack_top)
		name = "[stack]";
	memcpy(&line->arg[2], name, strlen(name));
	line->what |= BACKING_ANON << 8;
}

static void label_object(struct object *object, struct journal_record *line)
{
	static const char of_zeros[] = "zero (deleted)"; /* of /dev/zero, as on Linux */
	unsigned backing = BACKING_MEMORY;

	spin_lock(&object->lock);
	memcpy(&line->arg[2], object->name, OBJECT_NAME);
	if (object->name[0])
		backing = object->backing;
	else if (object->ops->inode)
		backing = BACKING_FILE;
	else
		memcpy(&line->arg[2], of_zeros, sizeof(of_zeros));
	spin_unlock(&object->lock);
	if (object->ops->unevictable && backing != BACKING_KERNEL)
		backing = BACKING_DEVICE;
	line->what |= (uint16_t)(backing << 8);
}

void record_area(const struct vma *vma, vaddr_t start, vaddr_t end)
{
	const uint64_t begun = arch_instructions();
	struct journal_record line = {
		.type = JOURNAL_AREA,
		.space = vma->space->number,
		.what = (uint16_t)(vma->prot | (vma_is_shared(vma) ? 8 : 0)),
		.arg = { start, end },
	};

	assert_hardened(spin_lock_held(&vma->space->lock));
	if (vma->object) {
		line.more = (uint32_t)vma_index(vma, start);
		label_object(vma->object, &line);
	} else {
		label_memory(vma, &line);
	}
	write(&line, begun);
}

/* Writes what is mapped in [start, end), of at most n VMAs. Returns where it stopped. */
static vaddr_t write_areas(struct space *space, vaddr_t start, vaddr_t end, unsigned n)
{
	struct vma *vma = vma_find_next(space, start);

	while (start < end && n--) {
		vaddr_t from = vma ? MIN(vma->start, end) : end;

		from = MAX(from, start);
		write_range(space, JOURNAL_NO_AREA, start, from, 0, 0);
		start = from;
		if (from == end)
			break;
		start = MIN(vma->end, end);
		record_area(vma, from, start);
		vma = vma_next(vma);
	}
	return start;
}

/* The lock is released in between, so that the thread can wait for room. */
static void write_verb(struct space *space)
{
	vaddr_t at = space->busy_start;

	assert_hardened(spin_lock_held(&space->lock));
	while (at < space->busy_end) {
		at = write_areas(space, at, space->busy_end, RECORD_VMAS);
		if (at == space->busy_end)
			break;
		space_unlock(space);
		(void)vm_pause(); /* a kill does not end the verb's record */
		space_lock(space);
	}
}

void record_change(struct space *space, enum change what, uint64_t start, uint64_t end,
		   uint64_t more)
{
	switch (what) {
	case CHANGE_ENTRY:
	case CHANGE_LARGE:
		write_entry(space, start, (struct mmu_entry){ end }, (struct mmu_entry){ more },
			    what == CHANGE_LARGE ? JOURNAL_LARGE : 0);
		break;
	case CHANGE_FILLED:
		write_runs(space, start, end);
		break;
	case CHANGE_RAISED:
		write_range(space, JOURNAL_RAISE, start, end, more & 7, more & RAISED_USED ? 1 : 0);
		break;
	case CHANGE_SPLIT:
		write_split(space, start, (unsigned)end);
		break;
	case CHANGE_CLEARED:
		write_range(space, JOURNAL_CLEAR, start, end, 0, 0);
		break;
	case CHANGE_DOWNGRADED:
		write_range(space, JOURNAL_DOWNGRADE, start, end, more & 7, 0);
		break;
	case CHANGE_MOVED:
		write_range(space, JOURNAL_MOVE, start, end, more, 0);
		break;
	case CHANGE_COPIED:
		write_copies((struct space *)more, space, start, end);
		break;
	case CHANGE_AREAS:
		(void)write_areas(space, start, end, VMA_COUNT_MAX);
		break;
	case CHANGE_VERB:
		write_verb(space);
		break;
	case CHANGE_SUPPLIED:
		write_supply(start, end, more);
		break;
	}
}
