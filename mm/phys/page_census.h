/* SPDX-License-Identifier: MIT */
/* What the frames of the machine are used for: counted when asked. */
#pragma once

#include "mm/phys/page.h"

struct page_census {
	size_t kind[PAGE_KINDS];
	size_t slabs; /* of the PAGE_KERNEL ones */
};

/*
 * Looks at every frame: frames of a moment that may be a little apart.
 * => no spinning lock held; may pause
 */
void page_census(struct page_census *ret);
