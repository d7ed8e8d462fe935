/* SPDX-License-Identifier: MIT */
/* What a run has done, counted: for the report, and for the floors that keep it from falling. */
#pragma once

#include <stdint.h>

#include "mm/space/space_lock.h"
#include "script.h"

/* What has been gone through, of what has many ways. */
enum way {
	WAY_REMAP_MOVE,	 /* pages that were there came to another place */
	WAY_REMAP_OVER,	 /* over other mappings */
	WAY_REMAP_KEEP,	 /* MREMAP_DONTUNMAP */
	WAY_REMAP_AGAIN, /* an old length of 0 */
	WAY_REMAP_GROW,	 /* in place */
	WAY_REMAP_SHRINK,
	WAY_REMAP_STACK,
	WAY_REMAP_REFUSED,
	WAY_MOVING, /* an access found a page at its new place while others were on their way */
	WAY_SHARED_WRITE, /* a store to a shared mapping of a file */
	WAY_SHARED_BUS,	  /* an access to one beyond the end */
	WAY_LOCK,
	WAY_LOCK_REFUSED,
	WAY_KEPT_LOCKED, /* advice that locked memory refuses */
	WAY_NO_CHILD,	 /* a page that fork left out */
	WAY_WIPED,
	WAY_PUNCH,
	WAY_ALLOCATE,
	WAYS
};

/* What the swap disk was used for, and what was done to pages that were out. */
enum swap_way {
	SWAP_WRITTEN, /* pages */
	SWAP_READ,
	SWAP_WRITE_ERROR,
	SWAP_READ_ERROR,
	SWAP_CLUSTER,	/* writes of more than one page */
	SWAP_OVERTAKEN, /* requests that ended before an older one */
	SWAP_FULL,	/* no slot was free when pages were to go out */
	SWAP_BUS,	/* accesses that ended in SIGBUS because of a read error */
	SWAP_AGAIN,	/* what such an error had cut short, and was done again */
	SWAP_COW,	/* stores to a page that was out, and that others needed too */
	SWAP_FORKED,	/* entries of a parent that were SWAP */
	SWAP_PRIVATE,	/* pages that checks have found out: private ones */
	SWAP_OBJECT,	/* of shared memory */
	SWAP_FILE,	/* of files */
	SWAP_ON,
	SWAP_OFF, /* with pages that had to come back */
	SWAP_OFF_BUSY,
	SWAP_OFF_ERROR,
	SWAP_WAYS
};

struct counts {
	uint64_t steps, episodes;
	uint64_t op[OP_VERBS];	   /* carried out, by themselves or at a pause */
	uint64_t nested[OP_VERBS]; /* of these: at a pause */
	uint64_t refused;	   /* accesses that ended in a signal, as they must */
	uint64_t pauses, points;   /* the latter where operations are woven */
	uint64_t waits_disk, waits_busy, early;
	uint64_t killed, out_of_memory;
	uint64_t checks;
	uint64_t kind[FAULT_KINDS];
	uint64_t retry[RETRY_REASONS];
	uint64_t way[WAYS];
	uint64_t swap[SWAP_WAYS];
	uint64_t out[OP_VERBS]; /* carried out where a page was in swap */
};

extern struct counts counts;

/* Takes the figures of a space that ends. */
void counts_of_space(const struct space *space);

/* Prints them as lines for the summary of tests. */
void counts_print(void);

/* Compares them with the floors of a file: the number that fell, each said. */
unsigned counts_below(const char *path);
