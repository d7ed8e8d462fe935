/* SPDX-License-Identifier: MIT */
/* What the kernel really holds, looked at without touching it. */
#include "peek.h"

#include <string.h>

#include "busy.h"
#include "counts.h"
#include "disk.h"
#include "expect.h"
#include "mm/check/ledger.h"
#include "mm/object/page_cache.h"
#include "mm/object/page_index.h"
#include "mm/space/commit.h"
#include "mm/swap/page_age.h"
#include "mm/swap/swap_cache.h"
#include "ops.h"
#include "swap_area.h"

/* What the entry of a cell holds: a page, or a slot of swap. */
struct held {
	struct page *page;	    /* NULL: none */
	const unsigned char *bytes; /* NULL: neither */
	unsigned prot;
};

/* (The page stays: nothing runs meanwhile.) */
static struct page *resident(struct object *object, uint64_t index)
{
	struct page *page;

	looking++;
	page = object_page_resident(object, index);
	if (page)
		page_put(page);
	looking--;
	return page;
}

/* In memory, or where the next read finds them. */
static const unsigned char *slot_bytes(uint64_t slot)
{
	struct page *page = resident(&swap_cache, slot);

	return page ? page_address(page) : area_bytes(slot);
}

static struct held entry_held(struct model_space *m, vaddr_t va)
{
	struct mmu_entry *slot = arch_mmu_lookup(&m->space.mmu, va);
	struct mmu_entry entry = slot ? entry_load(slot) : ENTRY_NONE;
	struct held held = { 0 };

	if (entry_state(entry) == ENTRY_SWAP) {
		held.bytes = slot_bytes(entry_swap_slot(entry));
	} else if (!entry_empty(entry)) {
		held.page = pfn_to_page(entry_pfn(entry));
		held.bytes = page_address(held.page);
		held.prot = entry_prot(entry);
	}
	return held;
}

/* The slot that the page of an object is in; false: it is not out. */
static bool object_slot(struct object *object, uint64_t index, uint64_t *slot)
{
	struct index_entry entry;

	looking++;
	spin_lock(&object->lock);
	entry = index_find(object, index);
	spin_unlock(&object->lock);
	looking--;
	*slot = index_entry_slot(entry);
	return index_entry_state(entry) == INDEX_SWAPPED;
}

/* The bytes of an object's page; NULL: not there. */
static const unsigned char *object_bytes(struct object *object, uint64_t index)
{
	struct page *page = resident(object, index);
	uint64_t slot;

	if (page)
		return page_address(page);
	return object_slot(object, index, &slot) ? slot_bytes(slot) : NULL;
}

unsigned peek_out(struct model_space *m, unsigned from, unsigned to)
{
	unsigned n = 0;

	for (unsigned i = from; i < to; i++) {
		struct mmu_entry *slot = arch_mmu_lookup(&m->space.mmu, cell_va(i));

		n += slot && entry_state(entry_load(slot)) == ENTRY_SWAP;
	}
	return n;
}

bool peek_slot(struct model_space *m, unsigned i, uint64_t *slot)
{
	struct mmu_entry *at = arch_mmu_lookup(&m->space.mmu, cell_va(i));
	struct vma *vma = vma_find(&m->space, cell_va(i));

	if (at && entry_state(entry_load(at)) == ENTRY_SWAP) {
		*slot = entry_swap_slot(entry_load(at));
		return true;
	}
	return vma && vma->object && (!at || entry_empty(entry_load(at))) &&
	       object_slot(vma->object, vma_index(vma, cell_va(i)), slot);
}

bool peek_slot_shared(const struct model_space *m, uint64_t slot)
{
	for (unsigned n = 0; n < SPACES; n++) {
		uint64_t other;

		for (unsigned i = 0; i < CELLS && spaces_[n].alive; i++) {
			if (&spaces_[n] != m && peek_slot(&spaces_[n], i, &other) && other == slot)
				return true;
		}
	}
	return false;
}

static bool is_zero(const unsigned char *bytes, size_t n)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, n - 1) == 0;
}

static bool all_zero(const unsigned char *bytes)
{
	return is_zero(bytes, PAGE_SIZE);
}

static unsigned flags_of(const struct cell *c)
{
	return (c->shared ? VMA_SHARED : 0) | (c->stack ? VMA_STACK : 0) |
	       (c->heap ? VMA_HEAP : 0) | (c->text ? VMA_TEXT : 0) | (c->writer ? VMA_WRITER : 0) |
	       (c->locked ? VMA_LOCKED : 0) | (c->onfault ? VMA_ONFAULT : 0) |
	       (c->dontfork ? VMA_DONTFORK : 0) | (c->wipe ? VMA_WIPE : 0);
}

/* Memory of its own that is alike is one VMA, but for stacks that have grown to each other. */
static void check_joined(const struct model_space *m, unsigned i, const struct vma *vma)
{
	const struct cell *c = &m->cell[i], *next = c + 1;
	const struct vma *above;

	if (i + 1 == region_end(i) || !vma || vma->end != cell_va(i + 1) || !next->mapped ||
	    vma->object || next->file >= 0 || next->store >= 0 || c->stack)
		return;
	above = vma_find(vma->space, vma->end);
	if (above && ((vma->flags ^ above->flags) & VMA_ACCOUNT))
		return; /* one of them could be written once */
	expect(c->prot != next->prot || flags_of(c) != flags_of(next),
	       "neighbours that are alike are two VMAs");
}

static void check_vma(struct model_space *m, unsigned i, const struct vma *vma)
{
	const struct cell *c = &m->cell[i];

	expect(!!vma == c->mapped, "a page is %smapped", vma ? "" : "not ");
	if (!vma)
		return;
	expect(vma->prot == c->prot, "a VMA has rights %u, not %u", vma->prot, c->prot);
	expect((vma->flags & ~VMA_ACCOUNT) == flags_of(c), "a VMA has flags %#x, not %#x",
	       vma->flags, flags_of(c));
	expect(!(commit_flag(vma->prot, vma->flags) & ~vma->flags), "a VMA is not committed");
	expect(!(vma->max_prot & VM_PROT_WRITE) == c->unwritable,
	       "what mprotect may give is wrong");
	if (c->file >= 0)
		expect(vma->object == files[c->file].object &&
			       vma_index(vma, cell_va(i)) == c->index,
		       "a mapping shows another place of its file");
}

static void check_shared(const struct cell *c, struct page *page, const struct vma *vma, vaddr_t va)
{
	static const unsigned char zeros[PAGE_SIZE];
	const unsigned char *bytes = object_bytes(vma->object, vma_index(vma, va));
	const unsigned char *want = zeros;

	if (c->index < store_pages[c->store])
		want = stores[c->store] + ((size_t)c->index << PAGE_SHIFT);
	expect(c->index == vma_index(vma, va), "a mapping shows another place of its memory");
	expect(c->index < store_pages[c->store] || !bytes, "a page is beyond the end");
	counts.swap[SWAP_OBJECT] += bytes && !resident(vma->object, c->index);
	expect(!page || (bytes && page_address(page) == bytes), "a shared page is another");
	expect(bytes ? !memcmp(bytes, want, PAGE_SIZE) : all_zero(want),
	       "shared memory holds other bytes");
}

/* Private, and no entry: nothing may have been lost. */
static void check_no_entry(const struct cell *c)
{
	bool fresh = c->file < 0 || !c->from_file;

	expect(!c->own, "a private copy is lost");
	expect(!fresh || c->freed || all_zero(c->bytes), "private bytes are lost");
}

static void check_shared_file(const struct cell *c, const struct page *page)
{
	expect(page_kind(page) == PAGE_OBJECT && page->owner == files[c->file].object &&
		       page->index == c->index,
	       "a shared mapping shows another page than its file's");
}

static void check_private(struct cell *c, const struct held *held)
{
	const struct page *page = held->page;

	if (page && page_kind(page) == PAGE_OBJECT) {
		expect(cell_reads_file(c) && c->from_file == PAGE_SIZE,
		       "a page of a file is shown where there is a private one");
		expect(page->owner == files[c->file].object && page->index == c->index,
		       "a page of another file is shown");
		return; /* its bytes are looked at as the file's */
	}
	expect(!cell_reads_file(c), "a private page is there that nobody asked for");
	expect(!memcmp(held->bytes, c->bytes, PAGE_SIZE) || (c->freed && all_zero(held->bytes)),
	       "private memory holds other bytes");
}

static void check_cell(struct model_space *m, unsigned i)
{
	struct vma *vma = vma_find(&m->space, cell_va(i));
	struct cell *c = &m->cell[i];
	struct held held = entry_held(m, cell_va(i));
	struct page *page = held.page;

	check_vma(m, i, vma);
	check_joined(m, i, vma);
	expect(c->mapped || !held.bytes, "an entry is left where nothing is mapped");
	expect(!(held.prot & ~(unsigned)c->prot), "an entry allows %u of %u", held.prot, c->prot);
	expect(!c->shared || page || !held.bytes, "an entry of a shared mapping is SWAP");
	if (!c->mapped)
		return;
	if (c->store >= 0)
		check_shared(c, page, vma, cell_va(i));
	else if (c->shared && page)
		check_shared_file(c, page);
	else if (c->shared)
		return; /* (its bytes are looked at as the file's) */
	else if (held.bytes)
		check_private(c, &held);
	else
		check_no_entry(c);
	counts.swap[SWAP_PRIVATE] += held.bytes && !page;
}

static void check_file_page(unsigned f, uint64_t index)
{
	const unsigned char *want = files[f].byte + (index << PAGE_SHIFT);
	const unsigned char *bytes = object_bytes(files[f].object, index);
	uint64_t pos = index << PAGE_SHIFT;
	size_t backed;

	if (bytes) {
		expect(!memcmp(bytes, want, PAGE_SIZE), "a file's page holds other bytes");
		return;
	}
	backed = pos < files[f].backed ? MIN(files[f].backed - pos, PAGE_SIZE) : 0;
	expect(!memcmp(want, disk_bytes(f, pos), backed), "what was written to a file is lost");
	expect(backed == PAGE_SIZE || is_zero(want + backed, PAGE_SIZE - backed),
	       "what was written behind a file's old end is lost");
}

static void check_file(unsigned f)
{
	expect(object_size(files[f].object) == files[f].size, "a file has size %lu, not %lu",
	       (unsigned long)object_size(files[f].object), (unsigned long)files[f].size);
	for (uint64_t index = 0; index << PAGE_SHIFT < files[f].size; index++)
		check_file_page(f, index);
	counts.swap[SWAP_FILE] += files[f].object->nswapped;
	disk_check(f);
}

/* A page that nobody has mapped since it was written is in its slot as it is. */
static void check_slots(void)
{
	uint64_t slot = 0;
	void *held;

	for (; swap_is_on() && (held = radix_next(&swap_cache.pages, &slot, UINT64_MAX)); slot++) {
		const struct page *page = index_page(held);

		if (page && !page->maps && !page_has(page, PAGE_DIRTY | PAGE_WRITING))
			expect(!memcmp(page_address(page), area_bytes(slot), PAGE_SIZE),
			       "a slot holds other bytes than its clean page");
	}
}

void peek_check(void)
{
	counts.checks++;
	check_slots();
	for (unsigned n = 0; n < SPACES; n++) {
		for (unsigned i = 0; i < CELLS && spaces_[n].alive; i++)
			check_cell(&spaces_[n], i);
		expect(!spaces_[n].alive || spaces_[n].space.brk == spaces_[n].brk,
		       "the break is elsewhere");
	}
	for (unsigned f = 0; f < FILES; f++)
		check_file(f);
	expect(ledger_check(NULL) == 0, "the ledger disagrees (FAKE_LOG=1 shows how)");
	expect(fake_tlb_debts() == 0, "%lu fences are owed", (unsigned long)fake_tlb_debts());
}

static void settle_file_page(unsigned f, uint64_t index)
{
	struct model_file *file = &files[f];
	const unsigned char *bytes = object_bytes(file->object, index);
	unsigned char *want = file->byte + (index << PAGE_SHIFT);

	if (bytes)
		memcpy(want, bytes, PAGE_SIZE);
	else if (index << PAGE_SHIFT >= file->backed)
		memset(want, 0, PAGE_SIZE);
}

static void settle_store(struct cell *c, const struct vma *vma, vaddr_t va)
{
	const unsigned char *bytes = object_bytes(vma->object, vma_index(vma, va));
	unsigned char *home;

	if (c->index >= store_pages[c->store])
		return;
	home = stores[c->store] + ((size_t)c->index << PAGE_SHIFT);
	if (bytes)
		memcpy(home, bytes, PAGE_SIZE);
	else
		memset(home, 0, PAGE_SIZE);
}

static void settle_shared(struct cell *c, const struct vma *vma, vaddr_t va)
{
	if (c->store >= 0)
		settle_store(c, vma, va);
	else if (c->index < FILE_PAGES)
		settle_file_page((unsigned)c->file, c->index);
}

void peek_settle(struct model_space *m, unsigned i)
{
	struct vma *vma = vma_find(&m->space, cell_va(i));
	struct cell *c = &m->cell[i];
	struct held held = entry_held(m, cell_va(i));
	bool is_private = held.bytes && (!held.page || page_kind(held.page) == PAGE_ANON);

	c->either = false;
	if (!vma || !c->mapped)
		return;
	if (c->shared) {
		settle_shared(c, vma, cell_va(i));
		return;
	}
	c->own = is_private && c->file >= 0 && c->from_file;
	if (is_private)
		memcpy(c->bytes, held.bytes, PAGE_SIZE);
	else if (c->file < 0 || !c->from_file)
		memset(c->bytes, 0, PAGE_SIZE);
}

void peek_settle_shown(struct model_space *m, unsigned i)
{
	struct vma *vma = vma_find(&m->space, cell_va(i));
	struct cell *c = busy_shown(m, &m->cell[i]);

	if (vma && c->mapped && c->shared && vma->flags & VMA_SHARED &&
	    vma_index(vma, cell_va(i)) == c->index)
		settle_shared(c, vma, cell_va(i));
}

void peek_settle_shared(void)
{
	for (unsigned n = 0; n < SPACES; n++) {
		for (unsigned i = 0; i < CELLS && spaces_[n].alive; i++) {
			struct vma *vma = vma_find(&spaces_[n].space, cell_va(i));

			if (spaces_[n].cell[i].store >= 0 && vma)
				settle_store(&spaces_[n].cell[i], vma, cell_va(i));
		}
	}
	for (unsigned f = 0; f < FILES; f++) {
		if (files[f].seen)
			peek_settle_file(f, 0, FILE_PAGES * PAGE_SIZE);
	}
}

/* What was given up has the bytes that it had, or zeros. */
static void settle_freed(struct model_space *m, unsigned i)
{
	const struct cell *c = &m->cell[i];

	if (c->freed && !c->either)
		check_cell(m, i);
	peek_settle(m, i);
}

void peek_settle_either(void)
{
	for (unsigned n = 0; n < SPACES; n++) {
		for (unsigned i = 0; i < CELLS && spaces_[n].alive; i++) {
			if (spaces_[n].cell[i].either || spaces_[n].cell[i].freed)
				settle_freed(&spaces_[n], i);
		}
	}
}

void peek_settle_prot(struct model_space *m, unsigned i)
{
	struct vma *vma = vma_find(&m->space, cell_va(i));
	struct cell *c = &m->cell[i];

	if (vma)
		c->prot = (unsigned char)vma->prot;
}

void peek_settle_flags(struct model_space *m, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		struct vma *vma = vma_find(&m->space, cell_va(i));
		struct cell *c = &m->cell[i];

		if (!vma || !c->mapped)
			continue;
		c->locked = vma->flags & VMA_LOCKED;
		c->onfault = vma->flags & VMA_ONFAULT;
		c->dontfork = vma->flags & VMA_DONTFORK;
		c->wipe = vma->flags & VMA_WIPE;
	}
}

void peek_settle_stack(struct model_space *m)
{
	for (unsigned i = CELLS; i-- > 0;) {
		struct cell *c = &m->cell[i];
		bool below_stack = i + 1 < region_end(i) && c[1].mapped && c[1].stack;
		struct vma *vma;

		if (!c->stack && (c->mapped || !below_stack))
			continue;
		vma = vma_find(&m->space, cell_va(i));
		if (!c->mapped && vma && vma->flags & VMA_STACK)
			cell_grow(c, &c[1]);
		else if (c->stack && !vma)
			model_unmap(m, i, i + 1);
	}
}

void peek_settle_unmapped(struct model_space *m, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		if (m->cell[i].mapped && !vma_find(&m->space, cell_va(i)))
			model_unmap(m, i, i + 1);
	}
}

bool peek_is_moving_to(struct model_space *m, unsigned i)
{
	struct vma *vma = vma_find(&m->space, cell_va(i));

	return vma && vma->flags & VMA_MOVING;
}

bool peek_is_mapped(struct model_space *m, unsigned i)
{
	return vma_find(&m->space, cell_va(i));
}

vaddr_t peek_end(struct model_space *m, unsigned i)
{
	struct vma *vma = vma_find(&m->space, cell_va(i));

	return vma ? vma->end : cell_va(i);
}

bool peek_present(struct model_space *m, unsigned i)
{
	struct vma *vma = vma_find(&m->space, cell_va(i));
	struct cell *c = &m->cell[i];
	uint64_t slot;

	if (!vma)
		return false;
	if (entry_held(m, cell_va(i)).page)
		return true;
	if (peek_out(m, i, i + 1) && peek_slot(m, i, &slot))
		return resident(&swap_cache, slot);
	if (!vma->object || (c->file >= 0 && c->from_file < PAGE_SIZE))
		return false;
	return vma_index(vma, cell_va(i)) << PAGE_SHIFT < object_size(vma->object) &&
	       resident(vma->object, vma_index(vma, cell_va(i)));
}

void peek_settle_file(unsigned f, uint64_t pos, size_t n)
{
	struct model_file *file = &files[f];
	bool quick = disk_quick;

	disk_complete();
	disk_quick = true;
	file->size = object_size(file->object);
	for (uint64_t index = pos >> PAGE_SHIFT; index << PAGE_SHIFT < MIN(pos + n, file->size);
	     index++)
		settle_file_page(f, index);
	disk_quick = quick;
}
