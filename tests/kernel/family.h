/* SPDX-License-Identifier: MIT */
/* Spaces that fork from one another, and what each byte in them may be. */
#pragma once

#include "tests/kernel/ktest_space.h"

#define FAMILY_MAX     4 /* members at a time */
#define FAMILY_PRIVATE 4 /* pages of each: few, so that threads meet */
#define FAMILY_SHARED  3 /* pages that all share */
#define FAMILY_PAGES   (FAMILY_PRIVATE + FAMILY_SHARED)

/* A private page is in one of two places: mremap moves it to the other. */
#define FAMILY_HERE  0x40000000ul
#define FAMILY_THERE 0x1040010000ul /* in tables of its own */
#define FAMILY_FILE  0x50000000ul

/*
 * The bytes that a page has are those of the last write, or zeros since it was thrown away. While
 * pages are thrown away, or copied by fork, there is more than one that it may have.
 */
#define CELL_MAY 8

struct family_cell {
	uint64_t may[CELL_MAY]; /* the first words of these pages; 0: zeros */
	unsigned n;		/* 0: there were too many to tell */
	bool going;		/* it is being thrown away */
	bool written;		/* since that began */
	uint64_t discards;	/* how often that began, and ended */
};

struct member {
	struct uspace *us;
	bool taken, live;     /* live: threads may find it */
	unsigned users;	      /* threads that have found it */
	struct member *child; /* whom it is being copied to */
	/* Of private pages, by mmap_lock: where each is, if mapped, and what its entry may allow. */
	uint8_t there[FAMILY_PRIVATE], prot[FAMILY_PRIVATE];
	struct family_cell cells[FAMILY_PRIVATE];
};

extern struct object *family_object; /* what is shared */
extern unsigned family_wrong;	     /* pages with bytes that they cannot have */

/* Counted over all families. */
struct family_counts {
	uint64_t reads, writes, forks, exits;
	uint64_t kind[FAULT_KINDS], retry[RETRY_REASONS], major;
};
extern struct family_counts family_counts;

/* Makes the first member. Returns false if there is no memory. */
bool family_begin(void);
/* Ends all of them; no thread runs in them any more. */
/*
 * The members alone have the object from here on, so that the ledger finds all its holders. Then
 * family_end() ends the family.
 */
void family_leave_object(void);
void family_end(void);

/* A member by lot, for use until family_put(). */
struct member *family_get(void);
/* The next one after number *next, which is set to that one's successor; NULL: none. */
struct member *family_get_next(unsigned *next);
void family_put(struct member *member);
/* It ends once nobody uses it. Returns false if it is the last one, or about to end already. */
bool family_leave(struct member *member);
/* Forks, unless the family is large enough. */
void family_fork(struct member *parent);

/* Read, or write, a whole page and check it; `remote`: as the kernel does for another process. */
void family_read(struct member *member, unsigned page, bool remote);
void family_write(struct member *member, unsigned page, bool remote);

/* Where the page is, or the first page of a range of private pages. */
vaddr_t family_va(const struct member *member, unsigned page);

/*
 * Around what throws away pages: begin, then end with whether it was done. They are private pages
 * of a member, whose mmap lock the caller holds, or pages of the object.
 */
void family_discard_begin(struct member *member, unsigned page, unsigned n);
void family_discard_end(struct member *member, unsigned page, unsigned n, bool done);

/* Private pages of the member: mapped anew, protected, and moved. The caller holds the mmap lock. */
void family_unmap_and_map(struct member *member, unsigned page, unsigned n, bool there);
void family_protect(struct member *member, unsigned page, unsigned n, unsigned prot);
void family_move(struct member *member, unsigned page, unsigned n);
