/* SPDX-License-Identifier: MIT */
/* Finds memory for the journal. */
#include "boot/journal.h"

#include "base/log.h"
#include "boot/options.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/phys/page_alloc.h"
#include "record/journal.h"

/* The ring is one piece of memory: it is found by its first bytes. */
void boot_journal(void)
{
	size_t nbytes = MAX((size_t)boot_options.journal << 10, (size_t)JOURNAL_LEAST);
	struct page *page = NULL;
	unsigned order = 0;

	while (order < PAGE_ORDER_MAX && (size_t)PAGE_SIZE << order < nbytes)
		order++;
	if ((size_t)PAGE_SIZE << order >= nbytes)
		page = page_alloc(order, PAGE_KERNEL, PAGE_NORMAL);
	if (!page) {
		log_error("boot",
			  "no %u KiB of memory in one piece for the journal: nothing is recorded",
			  boot_options.journal);
		return;
	}
	memset(page_address(page), 0, (size_t)PAGE_SIZE << order);
	journal_start(page_address(page), (size_t)PAGE_SIZE << order, page_to_paddr(page));
}
