/* SPDX-License-Identifier: MIT */
/* Copy-on-write: the writer gets a copy of the page, and the others keep the page. */
#include "mm/cow.h"

#include "abi/errno.h"
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

static __attribute__((noinline)) void copy_part(char *to, const char *from, size_t nbytes)
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

static inline int use_copy(struct fault *fault)
{
	fault->page = fault->copy;
	fault->pfn = fault->copy_pfn;
	fault->copy = NULL;
	return 0;
}

static inline int need_copy(struct fault *fault, pfn_t source, size_t nbytes)
{
	int result = fault_need(fault, FAULT_NEEDS_COPY);

	if (source != zero_pfn) {
		fault->source_page = pfn_to_page(source);
		page_get(fault->source_page);
	}
	fault->source = source;
	fault->nbytes = nbytes;
	return result;
}

/* Another source than the one that was copied is needed. */
static __attribute__((noinline)) int need_other_copy(struct fault *fault, pfn_t source,
						     size_t nbytes)
{
	if (fault->rounds >= ROUNDS_WITHOUT_LOCK && fault->copy) {
		copy_frame(fault->copy_pfn, source, nbytes);
		return use_copy(fault);
	}
	if (fault->source_page)
		page_put(fault->source_page);
	fault->source_page = NULL;
	return need_copy(fault, source, nbytes);
}

int fault_get_copy(struct fault *fault, pfn_t source, size_t nbytes)
{
	if (!fault->rounds)
		return need_copy(fault, source, nbytes);
	if (likely(fault->copy && fault->source == source && fault->nbytes == nbytes))
		return use_copy(fault);
	return need_other_copy(fault, source, nbytes);
}

int fault_get_zeros(struct fault *fault)
{
	struct page *page = likely(!fault->rounds) ? zeroed_take() : NULL;

	if (unlikely(!page))
		return fault_get_copy(fault, zero_pfn, PAGE_SIZE);
	fault->page = page;
	fault->pfn = page->zeroed_pfn;
	return 0;
}

int cow_get(struct fault *fault)
{
	pfn_t pfn = entry_pfn(fault->entry);

	if (pfn == zero_pfn)
		return fault_get_zeros(fault);
	return fault_get_copy(fault, pfn, PAGE_SIZE);
}

int cow_prepare(struct fault *fault)
{
	if (likely(!fault->copy)) {
		fault->copy = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
		if (unlikely(!fault->copy))
			return -ENOMEM;
		fault->copy_pfn = page_to_pfn(fault->copy);
	}
	copy_frame(fault->copy_pfn, fault->source, fault->nbytes);
	return 0;
}
