/* SPDX-License-Identifier: MIT */
/* A little user memory behind the fake MMU, for copies that need no address space. */
#include "user_memory.h"

#include "fake.h"
#include "memory.h"
#include "mm/phys/page_alloc.h"

#define PAGES_MAX 64
#define TABLES	  (MMU_LEVELS + 1)

static struct mmu mmu;
static struct page *frames[PAGES_MAX], *tables[TABLES];
static vaddr_t first;
static size_t nframes;

static int touch(vaddr_t va, unsigned access)
{
	size_t which = (va - first) >> PAGE_SHIFT;
	struct mmu_entry entry;

	if (va < first || which >= nframes || frames[which])
		return -1;
	frames[which] = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
	if (!frames[which])
		return -1;
	arch_page_zero(page_address(frames[which]));
	entry = entry_make(page_to_pfn(frames[which]), VM_PROT_READ | VM_PROT_WRITE,
			   ENTRY_ACCESSED | ENTRY_DIRTY);
	arch_mmu_map(arch_mmu_lookup(&mmu, va), va & ~PAGE_MASK, entry);
	return 0;
}

void user_memory_start(vaddr_t start, size_t npages)
{
	struct mmu_tables spare = { 0 };

	for (unsigned i = 0; i < TABLES; i++) {
		tables[i] = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
		arch_page_zero(page_address(tables[i]));
		if (i > 0)
			mmu_tables_push(&spare, page_to_paddr(tables[i]));
	}
	first = start;
	nframes = npages;
	arch_mmu_create(&mmu, page_to_paddr(tables[0]));
	assert_int_equal(0, arch_mmu_prepare(&mmu, start, &spare));
	arch_mmu_activate(&mmu);
	fake_fault = touch;
}

void user_memory_end(void)
{
	arch_mmu_activate(NULL);
	for (unsigned i = 0; i < TABLES; i++)
		page_put(tables[i]);
	for (size_t i = 0; i < nframes; i++) {
		if (frames[i])
			page_put(frames[i]);
		frames[i] = NULL;
	}
}

unsigned char *user_memory_at(vaddr_t va)
{
	return fake_access(va, VM_PROT_WRITE);
}
