/* SPDX-License-Identifier: MIT */
/* Waits for files of one call: ppoll, and what a layer makes of it. */
#pragma once

#include "arch/page.h"
#include "desc/fdtable.h"
#include "desc/poll.h"
#include "lib/bits.h"

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
	bool references;	  /* an entry has a reference */
	/* for poll_set_next(): */
	struct poll_entry *next;
	unsigned room; /* entries that are contiguous from there on */
};

static inline struct poll_entry *poll_set_entry(struct poll_set *set, unsigned i)
{
	return i < POLL_FEW
		       ? &set->few[i]
		       : &set->more[(i - POLL_FEW) / POLL_IN_PAGE][(i - POLL_FEW) % POLL_IN_PAGE];
}

/* Returns entry i and sets *n_ret to how many entries are contiguous from there on, n at most. */
static inline struct poll_entry *poll_set_entries(struct poll_set *set, unsigned i, unsigned n,
						  unsigned *n_ret)
{
	unsigned together = i < POLL_FEW ? POLL_FEW - i
					 : POLL_IN_PAGE - (i - POLL_FEW) % POLL_IN_PAGE;

	*n_ret = MIN(together, n);
	return poll_set_entry(set, i);
}

/* Counts one more of the entries that there is room for, and returns it. */
static inline struct poll_entry *poll_set_next(struct poll_set *set)
{
	if (set->room == 0)
		set->next = poll_set_entries(set, set->n, POLL_MAX, &set->room);
	set->room--;
	set->n++;
	return set->next++;
}

/*
 * Begins an entry of the set, which the caller counts in set->n: finds the file of a descriptor of the running thread. As with
 * Linux's fdget(), there is no reference to it where no other thread can close the descriptor. `asked` has revents, too.
 */
static inline void poll_find(struct poll_set *set, struct poll_entry *entry, struct fdtable *table,
			     struct abi_pollfd asked, uint16_t always)
{
	entry->ask = asked;
	entry->file = fdtable_look(table, asked.fd);
	entry->nwaiters = 0;
	entry->referenced = false;
	entry->always = always;
	entry->before = asked.revents;
	if (unlikely(!entry->file && asked.fd >= 0)) {
		entry->file = fdtable_get(table, asked.fd);
		entry->referenced = entry->file != NULL;
		set->references |= entry->referenced;
	}
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
