/* What the kernel really holds, looked at without touching it. */
#include "peek.h"

#include <string.h>

#include "counts.h"
#include "disk.h"
#include "expect.h"
#include "mm/ledger.h"

/* The page that the entry of a cell holds; NULL: none. */
static struct page *entry_page(struct model_space *m, vaddr_t va, unsigned *rights_ret)
{
	struct mmu_entry *slot = arch_mmu_lookup(&m->space.mmu, va);

	if (!slot || entry_empty(entry_load(slot)))
		return NULL;
	*rights_ret = entry_rights(entry_load(slot));
	return pfn_to_page(entry_pfn(entry_load(slot)));
}

/* The bytes of an object's page; NULL: not there. (The page stays: nothing runs meanwhile.) */
static unsigned char *object_bytes(struct object *object, uint64_t index)
{
	struct page *page = object_page_resident(object, index);

	if (!page)
		return NULL;
	page_put(page);
	return page_address(page);
}

static bool is_zero(const unsigned char *bytes, size_t n)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, n - 1) == 0;
}

static bool all_zero(const unsigned char *bytes)
{
	return is_zero(bytes, PAGE_SIZE);
}

static void check_vma(struct model_space *m, unsigned i, const struct vma *vma)
{
	const struct cell *c = &m->cell[i];

	expect(!!vma == c->mapped, "a page is %smapped", vma ? "" : "not ");
	if (!vma)
		return;
	expect(vma->rights == c->rights, "a VMA has rights %u, not %u", vma->rights, c->rights);
	expect(!!(vma->flags & VMA_SHARED) == (c->store >= 0), "shared or not is wrong");
	expect(!!(vma->flags & VMA_STACK) == c->stack, "stack or not is wrong");
	expect(!!(vma->flags & VMA_TEXT) == c->text, "text or not is wrong");
	if (c->file >= 0)
		expect(vma->object == files[c->file].object &&
			       vma_index(vma, cell_va(i)) == c->index,
		       "a mapping shows another place of its file");
}

static void check_shared(const struct cell *c, struct page *page, const struct vma *vma, vaddr_t va)
{
	const unsigned char *want = stores[c->store] + ((size_t)c->index << PAGE_SHIFT);
	unsigned char *bytes = object_bytes(vma->object, vma_index(vma, va));

	expect(!page || (bytes && page_address(page) == bytes), "a shared page is another");
	expect(bytes ? !memcmp(bytes, want, PAGE_SIZE) : all_zero(want),
	       "shared memory holds other bytes");
}

/* Private, and no entry: nothing may have been lost. */
static void check_no_entry(const struct cell *c)
{
	bool fresh = c->file < 0 || !c->from_file;

	expect(!c->own, "a private copy is lost");
	expect(!fresh || all_zero(c->bytes), "private bytes are lost");
}

static void check_private(struct cell *c, struct page *page)
{
	if (page->kind == PAGE_OBJECT) {
		expect(cell_reads_file(c) && c->from_file == PAGE_SIZE,
		       "a page of a file is shown where there is a private one");
		expect(page->owner == files[c->file].object && page->index == c->index,
		       "a page of another file is shown");
		return; /* its bytes are looked at as the file's */
	}
	expect(!cell_reads_file(c), "a private page is there that nobody asked for");
	expect(!memcmp(page_address(page), c->bytes, PAGE_SIZE),
	       "private memory holds other bytes");
}

static void check_cell(struct model_space *m, unsigned i)
{
	struct vma *vma = vma_find(&m->space, cell_va(i));
	struct cell *c = &m->cell[i];
	unsigned rights = 0;
	struct page *page = entry_page(m, cell_va(i), &rights);

	check_vma(m, i, vma);
	expect(c->mapped || !page, "an entry is left where nothing is mapped");
	expect(!(rights & ~(unsigned)c->rights), "an entry allows %u of %u", rights, c->rights);
	if (!c->mapped)
		return;
	if (c->store >= 0)
		check_shared(c, page, vma, cell_va(i));
	else if (page)
		check_private(c, page);
	else
		check_no_entry(c);
}

static void check_file_page(unsigned f, uint64_t index)
{
	const unsigned char *want = files[f].byte + (index << PAGE_SHIFT);
	unsigned char *bytes = object_bytes(files[f].object, index);
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
}

void peek_check(void)
{
	counts.checks++;
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

static void settle_shared(struct cell *c, const struct vma *vma, vaddr_t va)
{
	unsigned char *home = stores[c->store] + ((size_t)c->index << PAGE_SHIFT);
	unsigned char *bytes = object_bytes(vma->object, vma_index(vma, va));

	if (bytes)
		memcpy(home, bytes, PAGE_SIZE);
	else
		memset(home, 0, PAGE_SIZE);
}

void peek_settle(struct model_space *m, unsigned i)
{
	struct vma *vma = vma_find(&m->space, cell_va(i));
	struct cell *c = &m->cell[i];
	unsigned rights;
	struct page *page = entry_page(m, cell_va(i), &rights);

	c->either = false;
	if (!vma || !c->mapped)
		return;
	if (c->store >= 0) {
		settle_shared(c, vma, cell_va(i));
		return;
	}
	c->own = page && page->kind == PAGE_ANON && c->file >= 0 && c->from_file;
	if (page && page->kind == PAGE_ANON)
		memcpy(c->bytes, page_address(page), PAGE_SIZE);
	else if (c->file < 0 || !c->from_file)
		memset(c->bytes, 0, PAGE_SIZE);
}

void peek_settle_shared(void)
{
	for (unsigned n = 0; n < SPACES; n++) {
		for (unsigned i = 0; i < CELLS && spaces_[n].alive; i++) {
			struct vma *vma = vma_find(&spaces_[n].space, cell_va(i));

			if (spaces_[n].cell[i].store >= 0 && vma)
				settle_shared(&spaces_[n].cell[i], vma, cell_va(i));
		}
	}
}

void peek_settle_either(void)
{
	for (unsigned n = 0; n < SPACES; n++) {
		for (unsigned i = 0; i < CELLS && spaces_[n].alive; i++) {
			if (spaces_[n].cell[i].either)
				peek_settle(&spaces_[n], i);
		}
	}
}

void peek_settle_rights(struct model_space *m, unsigned i)
{
	struct vma *vma = vma_find(&m->space, cell_va(i));
	struct cell *c = &m->cell[i];

	if (vma)
		c->rights = (unsigned char)vma->rights;
}

void peek_settle_stack(struct model_space *m)
{
	for (unsigned i = STACK_FIRST; i < STACK_FIRST + STACK_CELLS; i++) {
		struct vma *vma = vma_find(&m->space, cell_va(i));
		struct cell *c = &m->cell[i];

		if (!c->mapped && vma && vma->flags & VMA_STACK)
			*c = (struct cell){ .mapped = true,
					    .stack = true,
					    .rights = (unsigned char)vma->rights,
					    .store = -1,
					    .file = -1 };
		else if (c->stack && !vma)
			c->mapped = c->stack = false;
	}
}

void peek_settle_file(unsigned f, uint64_t pos, size_t n)
{
	struct model_file *file = &files[f];
	bool quick = disk_quick;

	disk_quick = true;
	file->size = object_size(file->object);
	for (uint64_t index = pos >> PAGE_SHIFT; index << PAGE_SHIFT < MIN(pos + n, file->size);
	     index++) {
		unsigned char *bytes = object_bytes(file->object, index);

		if (bytes)
			memcpy(file->byte + (index << PAGE_SHIFT), bytes, PAGE_SIZE);
	}
	disk_quick = quick;
}
