/* SPDX-License-Identifier: MIT */
/* Gives back what is kept only for speed, before free memory is compared. */
#include "mm/trim.h"

#include "mm/kmap.h"
#include "mm/object.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

/*
 * Each gives to the next: pages to slabs of index nodes, these to single frames, these to blocks.
 */
void mm_trim(void)
{
	object_trim();
	kstack_trim();
	slab_trim();
	page_alloc_trim();
}
