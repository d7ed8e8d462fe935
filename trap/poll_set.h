/* SPDX-License-Identifier: MIT */
/* Waits for files of one call: ppoll, and what a layer makes of it. */
#pragma once

#include "arch/page.h"
#include "desc/poll.h"
#include "lib/types.h"

/*
 * The most descriptors of one call, whatever RLIMIT_NOFILE is. They are stored in single pages, so
 * that fragmented memory suffices.
 */
#define POLL_MAX     16384u
#define POLL_FEW     2u /* entries that need no allocation */
#define POLL_IN_PAGE ((unsigned)(PAGE_SIZE / sizeof(struct poll_entry)))

struct poll_set {
	unsigned n;
	struct poll_entry few[POLL_FEW];
	unsigned npages;
	struct poll_entry **more; /* pages of entries; NULL: there are none */
};

static inline struct poll_entry *poll_set_entry(struct poll_set *set, unsigned i)
{
	return i < POLL_FEW
		       ? &set->few[i]
		       : &set->more[(i - POLL_FEW) / POLL_IN_PAGE][(i - POLL_FEW) % POLL_IN_PAGE];
}

/* Allocates room for n entries. Returns 0, and the caller then calls poll_set_free(); or -ENOMEM. */
int poll_set_make(struct poll_set *set, unsigned n);
void poll_set_free(struct poll_set *set);

/*
 * Waits until an entry has events or the tick `deadline` (UINT64_MAX: never). Returns how many
 * entries have events, or -EINTR.
 */
int poll_set_wait(struct poll_set *set, uint64_t deadline);

/* ppoll of n entries at that address of the program, up to that tick. Returns how many have events, or a negative errno. */
int poll_all(vaddr_t at, unsigned n, uint64_t deadline);
