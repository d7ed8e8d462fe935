/* SPDX-License-Identifier: MIT */
/* What the kernel really holds, looked at without touching it. */
#pragma once

#include "world.h"

/*
 * Compares all cells of all spaces, all files and all shared memory with the trees, tables and
 * indices; asks the ledger.
 */
void peek_check(void);

/* What the cell holds and of whose it is (not its permissions), taken over from the kernel. */
void peek_settle(struct model_space *m, unsigned i);

/* The bytes of shared memory that the cell shows while a verb is stopped: others see them, too. */
void peek_settle_shown(struct model_space *m, unsigned i);

/* All shared memory: what was written by a mapping that has gone since is in none of the range's. */
void peek_settle_shared(void);

/* All cells that a verb had in hand while they were touched. */
void peek_settle_either(void);

/* What mlock and madvise have noted of [from, to). */
void peek_settle_flags(struct model_space *m, unsigned from, unsigned to);

/* Those of [from, to) that the kernel has unmapped. */
void peek_settle_unmapped(struct model_space *m, unsigned from, unsigned to);

/* Has mremap put there already what it moves? */
bool peek_is_moving_to(struct model_space *m, unsigned i);

bool peek_is_mapped(struct model_space *m, unsigned i);

/*
 * How many of [from, to) have an entry that is SWAP. The slot of one, or of the page of its object that is
 * out: false if there is none.
 */
unsigned peek_out(struct model_space *m, unsigned from, unsigned to);
bool peek_slot(struct model_space *m, unsigned i, uint64_t *slot);

/* Is the page of the slot somebody else's, too? */
bool peek_slot_shared(const struct model_space *m, uint64_t slot);

/* Where the VMA of the cell ends. */
vaddr_t peek_end(struct model_space *m, unsigned i);

/* Is its page there, in the tables or in the object? */
bool peek_present(struct model_space *m, unsigned i);

/* How far its stack has grown, taken over from the kernel. */
void peek_settle_stack(struct model_space *m);

/* The permissions, taken over from the kernel. */
void peek_settle_prot(struct model_space *m, unsigned i);

/* n bytes of a file, and its size. */
void peek_settle_file(unsigned f, uint64_t pos, size_t n);
