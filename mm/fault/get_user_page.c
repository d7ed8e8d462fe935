/* SPDX-License-Identifier: MIT */
/* Access to the memory of another address space: a page of it, through the direct map. */
#include "mm/fault/get_user_page.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "mm/fault/fault.h"
#include "mm/space/large_entry.h"
#include "mm/swap/relieve.h"

/*
 * A page that is referenced for reading is copied by the next write fault, so that the reader never
 * sees what another process that shares the page writes. A page that is referenced for writing is
 * pinned: if a write fault or a fork gave the space another page instead, the bytes written would
 * be lost. So it is with an object's page that is being written back: while it is pinned, it stays
 * dirty (page_is_pinned()).
 */

/* What of an access is no flag for the fault. */
#define RIGHTS (VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC)

static void pin_shared(struct space *space, vaddr_t va, struct page *page)
{
	object_pin(vma_find(space, va)->object, page);
}

static inline void pin_anon(struct space *space, struct page *page)
{
	assert_hardened(page->maps <= 1); /* 0: by a large entry */
	page_pin(page);
	space->pins++;
}

/*
 * Pins a page that is referenced for writing. The caller holds the space's lock; the entry allows
 * writes.
 */
static void pin(struct space *space, vaddr_t va, struct page *page)
{
	enum page_kind kind = page_kind(page);

	assert_hardened(spin_lock_held(&space->lock));
	if (kind == PAGE_OBJECT)
		pin_shared(space, va, page);
	else if (kind == PAGE_ANON)
		pin_anon(space, page);
}

static void unpin(struct space *space, struct page *page)
{
	enum page_kind kind = page_kind(page);

	if (kind == PAGE_OBJECT) {
		object_unpin(page);
	} else if (kind == PAGE_ANON) {
		space_lock(space);
		assert_hardened(space->pins);
		page_unpin(page);
		space->pins--;
		space_unlock(space);
	}
}

/*
 * Does the entry have what a fault with ACCESS_FORCE makes, whatever it allows? For writing, the page must be the space's
 * own.
 */
static bool is_forced(struct mmu_entry entry, unsigned access)
{
	const struct page *page;

	if (!(access & ACCESS_FORCE) || !entry_has_page(entry))
		return false;
	page = pfn_to_page(entry_pfn(entry));
	return !(access & VM_PROT_WRITE) ||
	       (page_kind(page) == PAGE_ANON && page->maps == 1 &&
		!(entry_flags(entry) & ENTRY_COW) && entry_flags(entry) & ENTRY_DIRTY);
}

struct page *user_page_take(struct space *space, vaddr_t va, struct mmu_entry entry,
			    unsigned access)
{
	struct page *page;

	assert_hardened(spin_lock_held(&space->lock));
	if (!entry_allows(entry, access & RIGHTS) && !is_forced(entry, access))
		return NULL;
	page = pfn_to_page(entry_pfn(entry));
	page_get(page);
	large_note_ref_at(space, va);
	if (access & VM_PROT_WRITE)
		pin(space, va, page);
	return page;
}

/* Returns the page at va, referenced, if its entry allows the access as it is; else NULL. */
static struct page *user_page_look(struct space *space, vaddr_t va, unsigned access)
{
	struct page *page = NULL;

	space_lock(space);
	if (va < USER_TOP)
		page = user_page_take(space, va, entry_at(space, va), access & ~ACCESS_FORCE);
	space_unlock(space);
	return page;
}

/* Registers of a device have no address in the direct map. */
static int refuse_registers(struct page *page)
{
	page_put(page);
	return -EFAULT;
}

/* The page is not there as it has to be. */
static int user_page_bring(struct space *space, vaddr_t va, unsigned access, struct page **page_ret)
{
	struct relief relief = { 0 };
	struct vm_wait wait;
	int result;

	vm_wait_init(&wait);
	do {
		result = vm_fault_take(space, va, access, &wait, page_ret);
		if (result == VM_OK && *page_ret)
			return 0;
	} while (result == VM_OK || wait_and_retry(&result, &wait, &relief));
	return vm_result_is_refusal(result) ? -EFAULT : result;
}

/* get_user_page() of a page of any kind. */
static int get_any_page(struct space *space, vaddr_t va, unsigned access, struct page **page_ret)
{
	struct page *page;

	lockorder_assert_none_spinning();
	page = user_page_look(space, va, access);
	if (unlikely(!page)) {
		int err = user_page_bring(space, va, access, page_ret);

		if (err)
			return err;
		page = *page_ret;
	}
	*page_ret = page;
	return likely(page_kind(page) != PAGE_DEVICE) ? 0 : refuse_registers(page);
}

/* user_page_look() of a page that takes no call, so that the usual way keeps no registers: an anonymous one. */
static struct page *anon_page_look(struct space *space, vaddr_t va, unsigned access)
{
	struct mmu_entry *slot = arch_mmu_lookup(&space->mmu, va);
	struct mmu_entry entry;
	struct page *page;

	assert_hardened(spin_lock_held(&space->lock));
	if (!slot)
		return NULL;
	entry = entry_load(slot);
	if (!entry_allows(entry, access & RIGHTS))
		return NULL;
	page = pfn_to_page(entry_pfn(entry));
	if (unlikely(page_kind(page) != PAGE_ANON))
		return NULL;
	page_get(page);
	if (access & VM_PROT_WRITE)
		pin_anon(space, page);
	return page;
}

int get_user_page(struct space *space, vaddr_t va, unsigned access, struct page **page_ret)
{
	struct page *page = NULL;

	lockorder_assert_none_spinning();
	space_lock(space);
	if (likely(va < USER_TOP))
		page = anon_page_look(space, va, access);
	space_unlock(space);
	if (unlikely(!page))
		return get_any_page(space, va, access, page_ret);
	*page_ret = page;
	return 0;
}

void put_user_page(struct space *space, struct page *page, unsigned access)
{
	if (access & VM_PROT_WRITE)
		unpin(space, page);
	page_put(page);
}

/* Copies within one page: to the space if `out`, else from it. `flags`: ACCESS_* for the fault. */
static int copy_in_page(struct space *space, vaddr_t va, void *bytes, size_t n, bool out,
			unsigned flags)
{
	unsigned access = (out ? VM_PROT_WRITE : VM_PROT_READ) | flags;
	struct page *page;
	char *there;
	int result = get_any_page(space, va, access, &page);

	if (result)
		return result;
	there = (char *)page_address(page) + (va & PAGE_MASK);
	if (out)
		memcpy(there, bytes, n);
	else
		memcpy(bytes, there, n);
	put_user_page(space, page, access);
	return 0;
}

int vm_copy_pages(struct space *space, vaddr_t va, void *bytes, size_t n, bool out, unsigned flags)
{
	while (n) {
		size_t part = MIN(n, PAGE_SIZE - (va & PAGE_MASK));
		int result = copy_in_page(space, va, bytes, part, out, flags);

		if (result)
			return result;
		va += part;
		bytes = (char *)bytes + part;
		n -= part;
	}
	return 0;
}

int vm_copy_to(struct space *space, vaddr_t to, const void *from, size_t n)
{
	return vm_copy_pages(space, to, (void *)from, n, true, 0);
}

int vm_copy_from(struct space *space, void *to, vaddr_t from, size_t n)
{
	return vm_copy_pages(space, from, to, n, false, 0);
}
