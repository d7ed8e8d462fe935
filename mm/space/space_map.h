/* SPDX-License-Identifier: MIT */
/* What a space maps, for those who list it. */
#pragma once

#include "mm/space/space.h"

/*
 * May a verb under way map something else between `from` and the next VMA (NULL: none), or give that
 * its permissions back? The caller holds the space's lock.
 */
bool space_is_changing(const struct space *space, vaddr_t from, const struct vma *vma);

/*
 * Finds the first VMA that ends above `from`, once no verb is at work there, so that no mapping is missed that is replaced
 * meanwhile. Returns 0, with NULL in *vma_ret if there is none, and with the space's lock held; or -EINTR.
 */
int space_lock_settled(struct space *space, vaddr_t from, struct vma **vma_ret);

/* A mapping, for a list of them. Private to the thread that asks, or to the open file that keeps it. */
struct map_facts {
	vaddr_t start, end;
	uint64_t offset;       /* of start, in the object */
	uint32_t flags;	       /* VMA_* */
	uint8_t prot;	       /* VM_PROT_* */
	uint8_t max_prot;      /* the most that mprotect may give */
	struct object *object; /* referenced; NULL: private anonymous memory */
};

/*
 * Gets the first n mappings that end above `from`, all as they are at one moment. Returns how many there are, or
 * -EINTR. Fewer than n if a verb is changing what comes next, but at least one if there is any.
 */
int space_maps(struct space *space, vaddr_t from, struct map_facts *ret, unsigned n);

/* Gets the first mapping that ends above `from`. Returns 0, -ENODATA if there is none, or -EINTR. */
int space_map_at(struct space *space, vaddr_t from, struct map_facts *ret);
