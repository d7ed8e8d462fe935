/* SPDX-License-Identifier: MIT */
/* The memory that interleaved threads share, and words in it that tell whose they are. */
#include "tests/kernel/woven.h"

#include "abi/mman.h"
#include "lib/bits.h"
#include "mm/fault/get_user_page.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/weave.h"

#ifdef FAULTLINE_HARDENED

#define AGE_SHIFT 48 /* a word's upper bits: how often its page had been thrown away */
#define SHOWN	  5

struct uspace *woven;
struct object *woven_file;
unsigned woven_wrong;

/* Of WOVEN_ANON: how often a page has been, or is being, thrown away; and that much is done. */
static uint64_t age[WOVEN_PAGES], least_age[WOVEN_PAGES];

static bool has_age(vaddr_t va)
{
	return va >= WOVEN_ANON && va < WOVEN_ANON + WOVEN_PAGES * PAGE_SIZE;
}

static size_t page_of(vaddr_t va)
{
	return (va - WOVEN_ANON) >> PAGE_SHIFT;
}

static uint64_t word_of(const struct uspace *in, vaddr_t va)
{
	if (in != woven)
		return va ^ 0xc417d;
	return (va ^ 0xfa017) | (has_age(va) ? age[page_of(va)] << AGE_SHIFT : 0);
}

vaddr_t woven_any(void)
{
	static const vaddr_t areas[] = { WOVEN_ANON, WOVEN_ANON, WOVEN_FILE, WOVEN_FILE,
					 WOVEN_SHARED };
	uint64_t which = weave_below(ARRAY_SIZE(areas) + 2);
	uint64_t page = weave_below(WOVEN_PAGES);

	if (which == ARRAY_SIZE(areas))
		return WOVEN_FAR + page * WOVEN_FAR_STEP;
	if (which > ARRAY_SIZE(areas))
		return WOVEN_STACK - (page + 1) * PAGE_SIZE;
	return areas[which] + page * PAGE_SIZE;
}

static void complain(const char *what, vaddr_t va, uint64_t word)
{
	if (woven_wrong++ < SHOWN)
		ktest_note("%s: %#lx at %#lx", what, (unsigned long)word, (unsigned long)va);
}

/* is_parents: no child may have written it; is_current: it is no word from before a discard. */
static void check_word(vaddr_t va, uint64_t word, bool is_parents, bool is_current)
{
	uint64_t bare = word & ((1ul << AGE_SHIFT) - 1);

	if (word == 0 || (!is_parents && word == (va ^ 0xc417d)))
		return;
	if (bare != (va ^ 0xfa017) || (!has_age(va) && bare != word))
		complain("somebody else's word", va, word);
	else if (is_current && has_age(va) && word >> AGE_SHIFT < least_age[page_of(va)])
		complain("a word that was thrown away", va, word);
}

uint64_t woven_file_word(uint64_t index)
{
	return (WOVEN_FILE + index * PAGE_SIZE) ^ 0xfa017;
}

void woven_check_file_word(uint64_t index, uint64_t word)
{
	check_word(WOVEN_FILE + index * PAGE_SIZE, word, true, true);
}

/* The caller holds the space lock. */
static bool is_mapped(struct uspace *in, vaddr_t va, const struct page *page, unsigned prot)
{
	struct mmu_entry *slot = arch_mmu_lookup(&in->space.mmu, va);
	struct mmu_entry entry = slot ? entry_load(slot) : ENTRY_NONE;

	if (entry_empty(entry) || (entry_prot(entry) & prot) != prot)
		return false;
	return pfn_to_page(entry_pfn(entry)) == page;
}

/*
 * As a program's store would do it: while the entry is there. (What is only held may have become
 * somebody else's meanwhile.)
 */
void woven_write(struct uspace *in, vaddr_t va)
{
	struct page *page;

	if (get_user_page(&in->space, va, VM_PROT_WRITE, &page))
		return;
	space_lock(&in->space);
	if (is_mapped(in, va, page, VM_PROT_WRITE))
		*(uint64_t *)page_address(page) = word_of(in, va);
	space_unlock(&in->space);
	put_user_page(&in->space, page, VM_PROT_WRITE);
}

/* (Once the parent has lost it, the page may be the child's, who gets another to write to.) */
void woven_read(struct uspace *in, vaddr_t va)
{
	struct page *page;

	if (get_user_page(&in->space, va, VM_PROT_READ, &page))
		return;
	space_lock(&in->space);
	check_word(va, *(const uint64_t *)page_address(page), in == woven,
		   in == woven && is_mapped(in, va, page, 0));
	space_unlock(&in->space);
	put_user_page(&in->space, page, VM_PROT_READ);
}

void woven_discard_begin(vaddr_t va, size_t len)
{
	for (; len; va += PAGE_SIZE, len -= PAGE_SIZE)
		if (has_age(va))
			age[page_of(va)]++;
}

void woven_discard_end(vaddr_t va, size_t len, bool done)
{
	for (; len && done; va += PAGE_SIZE, len -= PAGE_SIZE)
		if (has_age(va))
			least_age[page_of(va)] = age[page_of(va)];
}

static void map_at(vaddr_t at, size_t npages, unsigned prot, unsigned flags, unsigned vma_flags)
{
	struct map_request request = { .addr = at,
				       .len = npages * PAGE_SIZE,
				       .prot = prot,
				       .max_prot = READ | WRITE | EXEC,
				       .flags = flags | MAP_FIXED,
				       .vma_flags = vma_flags };
	vaddr_t ret;

	if (at >= WOVEN_FILE && at < WOVEN_SHARED) {
		request.object = woven_file;
		request.offset = at - WOVEN_FILE;
	} else {
		request.flags |= MAP_ANONYMOUS;
	}
	woven_discard_begin(at, request.len);
	woven_discard_end(at, request.len, vm_map(&woven->space, &request, &ret) == 0);
}

void woven_map(vaddr_t va, unsigned prot)
{
	unsigned flags = va >= WOVEN_SHARED && va < WOVEN_FAR ? MAP_SHARED : MAP_PRIVATE;

	if (va >= WOVEN_STACK - WOVEN_PAGES * PAGE_SIZE)
		map_at(WOVEN_STACK - PAGE_SIZE, 1, READ_WRITE, flags, VMA_STACK);
	else if (va >= WOVEN_FAR)
		map_at(va, 1, prot, flags, 0);
	else
		map_at(va, 1 + weave_below(WOVEN_PAGES - (va >> PAGE_SHIFT) % WOVEN_PAGES), prot,
		       flags, 0);
}

bool woven_begin(void)
{
	woven_file = object_create_anon(WOVEN_PAGES * PAGE_SIZE);
	woven = woven_file ? uspace_create() : NULL;
	if (!woven)
		return false;
	woven->space.brk_start = woven->space.brk = woven->space.brk_high = HEAP_AT;
	woven->space.stack_top = WOVEN_STACK;
	woven->space.limit_as = woven->space.limit_data = woven->space.limit_stack = UINT64_MAX;
	uspace_lock(woven);
	map_at(WOVEN_ANON, WOVEN_PAGES, READ_WRITE, MAP_PRIVATE, 0);
	map_at(WOVEN_FILE, WOVEN_PAGES, READ_WRITE, MAP_PRIVATE, 0);
	map_at(WOVEN_SHARED, WOVEN_PAGES, READ_WRITE, MAP_SHARED, 0);
	map_at(WOVEN_STACK - PAGE_SIZE, 1, READ_WRITE, MAP_PRIVATE, VMA_STACK);
	uspace_unlock(woven);
	return true;
}

void woven_end(void)
{
	uspace_put(woven);
	object_put(woven_file);
}

unsigned woven_private_pages(void)
{
	unsigned n = 0;

	for (vaddr_t va = WOVEN_ANON; va < WOVEN_SHARED; va += PAGE_SIZE)
		n += space_page(woven, va) != NULL;
	return n;
}

#endif
