/* SPDX-License-Identifier: MIT */
/* The memory that interleaved threads share, and words in it that tell whose they are. */
#pragma once

#include "tests/kernel/ktest_space.h"

#define WOVEN_PAGES    4 /* of each area, a power of 2: few, so that threads meet */
#define WOVEN_ANON     0x40000000ul
#define WOVEN_FILE     0x40040000ul /* private, of woven_file */
#define WOVEN_SHARED   0x40080000ul
#define WOVEN_FAR      0x1040000000ul /* page n in a table of its own */
#define WOVEN_FAR_STEP (4ul << 20)
#define WOVEN_STACK    0x2000000000ul /* its end */

extern struct uspace *woven;	  /* the space of all */
extern struct object *woven_file; /* WOVEN_PAGES long */
extern unsigned woven_wrong;	  /* words that should not be where they were */

/* Makes both, with each area mapped. Returns false if there is no memory. */
bool woven_begin(void);
void woven_end(void);

/* One of the pages, by lot. */
vaddr_t woven_any(void);
/* Maps the area of va anew, from va on. The caller holds the space's mmap lock. */
void woven_map(vaddr_t va, unsigned prot);

/*
 * Each word that is written is its address's own, so that whatever order things come in, a read
 * finds that or zero: anything else is somebody else's page. Children write words of their own,
 * which the parent must never see. In WOVEN_ANON a word also tells how often its page had been
 * thrown away when it was written: what was thrown away never comes back.
 */
void woven_write(struct uspace *in, vaddr_t va);
void woven_read(struct uspace *in, vaddr_t va);
uint64_t woven_file_word(uint64_t index);
void woven_check_file_word(uint64_t index, uint64_t word);

/*
 * Around what throws away [va, va + len) of the shared space: begin, then end with whether it was
 * done. The caller holds the mmap lock.
 */
void woven_discard_begin(vaddr_t va, size_t len);
void woven_discard_end(vaddr_t va, size_t len, bool done);

/* How many private pages the shared space has: none, once it has been stripped. */
unsigned woven_private_pages(void);
