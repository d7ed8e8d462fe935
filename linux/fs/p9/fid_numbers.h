/* SPDX-License-Identifier: MIT */
/* The numbers of a 9P session's fids: of those that the server may know, no two have the same. */
#pragma once

#include "lib/list.h"
#include "lib/types.h"

/* Guarded by the lock of the struct below. */
struct p9_fid_number {
	struct list link;
	uint32_t value;
};

/*
 * Numbers are given out in ascending order, so that a number is used again as late as possible. After 2^32 of them they
 * begin again at 0, and those still in use are skipped. Guarded by a lock of the caller.
 */
struct p9_fid_numbers {
	uint32_t next; /* the number that follows the one given last */
	struct list used;
};

/* No number is in use; the first one will be 0. */
void p9_fid_numbers_init(struct p9_fid_numbers *numbers);

/* Returns a number that is not in use, and never P9_NOFID. `number` remembers it while it is in use. */
uint32_t p9_fid_number_take(struct p9_fid_numbers *numbers, struct p9_fid_number *number);

/* The number is not in use any more. */
void p9_fid_number_give(struct p9_fid_number *number);
