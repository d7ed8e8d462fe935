/* SPDX-License-Identifier: MIT */
/* Copy-on-write: the writer gets a copy of the page, and the others keep the page. */
#include "mm/cow.h"

#include "lib/string.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/zeroed.h"

/*
 * A copy takes two rounds. In the first, fault_get_copy() notes the source and takes a reference to
 * it. Then cow_prepare() allocates a frame and copies, with no lock held. In the second round
 * fault_get_copy() uses the copy if it is asked for the same source. The source cannot change in
 * between: an entry that is subject to copy-on-write is not writable, and a page of a file that is
 * written to meanwhile may be read before or after that, as with any read.
 *
 * A frame of zeros is a copy of the zero page. It takes one round if a prezeroed frame is there.
 */

/*
 * From this round on a copy is made under the lock, so that other threads cannot delay it forever.
 */
#define ROUNDS_WITHOUT_LOCK 8

static void copy_part(char *to, const char *from, size_t nbytes)
{
	memcpy(to, from, nbytes);
	memset(to + nbytes, 0, PAGE_SIZE - nbytes);
}

/* Copies the first nbytes, and zeros for the rest. */
static inline void copy_frame(pfn_t to, pfn_t from, size_t nbytes)
{
	char *bytes = arch_phys_to_virt(pfn_to_paddr(to));
	const char *source = arch_phys_to_virt(pfn_to_paddr(from));

	if (from == zero_pfn)
		arch_page_zero(bytes);
	else if (likely(nbytes == PAGE_SIZE))
		arch_page_copy(bytes, source);
	else
		copy_part(bytes, source, nbytes);
}

static inline enum vm_outcome use_copy(struct fault *fault)
{
	fault->page = fault->prepared->copy;
	fault->pfn = fault->prepared->copy_pfn;
	fault->prepared->copy = NULL;
	return VM_OK;
}

static inline enum vm_outcome need_copy(struct fault *fault, pfn_t source, size_t nbytes)
{
	fault->need.source = source;
	fault->need.source_page = NULL;
	fault->need.nbytes = nbytes;
	if (source != zero_pfn) {
		fault->need.source_page = pfn_to_page(source);
		page_get(fault->need.source_page);
	}
	return fault_need(fault, FAULT_NEEDS_COPY);
}

/* The copy that was made is of another source. */
static enum vm_outcome get_other_copy(struct fault *fault, pfn_t source, size_t nbytes)
{
	if (fault->prepared->rounds < ROUNDS_WITHOUT_LOCK)
		return need_copy(fault, source, nbytes);
	copy_frame(fault->prepared->copy_pfn, source, nbytes);
	return use_copy(fault);
}

enum vm_outcome fault_get_copy(struct fault *fault, pfn_t source, size_t nbytes)
{
	const struct fault_prepared *prepared = fault->prepared;

	if (!prepared || !prepared->copy)
		return need_copy(fault, source, nbytes);
	if (likely(prepared->source == source && prepared->nbytes == nbytes))
		return use_copy(fault);
	return get_other_copy(fault, source, nbytes);
}

enum vm_outcome fault_get_zeros(struct fault *fault)
{
	struct page *page = likely(!fault->prepared) ? zeroed_take() : NULL;

	if (unlikely(!page))
		return fault_get_copy(fault, zero_pfn, PAGE_SIZE);
	fault->page = page;
	fault->pfn = page->zeroed_pfn;
	return VM_OK;
}

enum vm_outcome cow_get(struct fault *fault)
{
	pfn_t pfn = entry_pfn(fault->entry);

	if (pfn == zero_pfn)
		return fault_get_zeros(fault);
	return fault_get_copy(fault, pfn, PAGE_SIZE);
}

enum vm_outcome cow_prepare(struct fault_prepared *prepared, const struct fault_need *need)
{
	if (unlikely(prepared->source_page))
		page_put(prepared->source_page);
	prepared->source = need->source;
	prepared->source_page = need->source_page;
	prepared->nbytes = need->nbytes;
	if (likely(!prepared->copy)) {
		prepared->copy = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
		if (unlikely(!prepared->copy))
			return VM_OOM;
		prepared->copy_pfn = page_to_pfn(prepared->copy);
	}
	copy_frame(prepared->copy_pfn, prepared->source, prepared->nbytes);
	return VM_OK;
}
