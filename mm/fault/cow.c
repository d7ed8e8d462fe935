/* SPDX-License-Identifier: MIT */
/* Copy-on-write: the writer gets a copy of the page, and the others keep the page. */
#include "mm/fault/cow.h"

#include "lib/string.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/zeroed.h"

/*
 * A copy takes two rounds. In the first, fault_get_copy() notes the source and takes a reference to
 * it. Then cow_prepare() allocates a frame and copies, with no lock held. In the second round
 * fault_get_copy() uses the copy if it is asked for the same source. The source cannot change in
 * between: an entry that is subject to copy-on-write is not writable. A write to a file's page
 * meanwhile may or may not be in the copy, as with read().
 *
 * The zero page is never copied (mm/fault/zero_page.c).
 */

/*
 * From this round on a copy is made under the lock, so that other threads cannot delay it forever.
 */
#define ROUNDS_WITHOUT_LOCK 8

/* Copies the first nbytes; the rest is zeros. */
static inline void copy_frame(pfn_t to, pfn_t from, size_t nbytes)
{
	char *bytes = arch_phys_to_virt(pfn_to_paddr(to));
	const char *source = arch_phys_to_virt(pfn_to_paddr(from));

	if (likely(nbytes == PAGE_SIZE)) {
		arch_page_copy(bytes, source);
	} else {
		memcpy(bytes, source, nbytes);
		frame_zero_from(to, nbytes);
	}
}

/* Makes a copy in the frame. Takes over its reference and that of `source`. */
static inline void copy_make(struct fault_copy *copy, struct page *page,
			     const struct copy_source *source)
{
	if (unlikely(copy->source.page))
		page_put(copy->source.page);
	copy->page = page;
	copy->pfn = page_to_pfn(page);
	copy->source = *source;
	copy_frame(copy->pfn, source->pfn, source->nbytes);
}

static inline enum vm_outcome use_copy(struct fault *fault)
{
	fault->page = fault->prepared->copy.page;
	fault->pfn = fault->prepared->copy.pfn;
	fault->prepared->copy.page = NULL;
	return VM_OK;
}

static inline void copy_source_get(struct copy_source *source, pfn_t pfn, size_t nbytes)
{
	source->pfn = pfn;
	source->page = NULL;
	source->nbytes = nbytes;
	if (pfn != zero_pfn) {
		source->page = pfn_to_page(pfn);
		page_get(source->page);
	}
}

static inline enum vm_outcome need_copy(struct fault *fault, pfn_t source, size_t nbytes)
{
	copy_source_get(&fault->need.source, source, nbytes);
	return fault_need(fault, FAULT_NEEDS_COPY);
}

/* The copy that was made is of another source. Not inline: bench row cow_write_fault. */
static __attribute__((noinline)) enum vm_outcome get_other_copy(struct fault *fault, pfn_t source,
								size_t nbytes)
{
	struct copy_source other;

	if (fault->prepared->rounds < ROUNDS_WITHOUT_LOCK)
		return need_copy(fault, source, nbytes);
	copy_source_get(&other, source, nbytes);
	copy_make(&fault->prepared->copy, fault->prepared->copy.page, &other);
	return use_copy(fault);
}

enum vm_outcome fault_get_copy(struct fault *fault, pfn_t source, size_t nbytes)
{
	const struct fault_prepared *prepared = fault->prepared;

	if (!prepared || !prepared->copy.page)
		return need_copy(fault, source, nbytes);
	if (likely(prepared->copy.source.pfn == source && prepared->copy.source.nbytes == nbytes))
		return use_copy(fault);
	return get_other_copy(fault, source, nbytes);
}

enum vm_outcome cow_get(struct fault *fault)
{
	pfn_t pfn = entry_pfn(fault->entry);

	if (pfn == zero_pfn)
		return fault_get_zeros(fault);
	return fault_get_copy(fault, pfn, PAGE_SIZE);
}

enum vm_outcome cow_prepare(struct fault_copy *copy, const struct copy_source *source)
{
	struct page *page = copy->page;

	if (likely(!page))
		page = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
	if (unlikely(!page)) {
		if (source->page)
			page_put(source->page);
		return VM_OOM;
	}
	copy_make(copy, page, source);
	return VM_OK;
}
