/* SPDX-License-Identifier: MIT */
/* Counts what the frames of the machine are used for. */
#pragma once

#include "mm/phys/page.h"

struct page_census {
	size_t kind[PAGE_KINDS];
	size_t slabs; /* PAGE_KERNEL frames that are slabs */
};

/*
 * Counts all frames. The counts need not be of one moment, because other threads may run meanwhile.
 * Call with no spinning lock held; calls vm_pause() now and then.
 */
void page_census(struct page_census *ret);
