/* SPDX-License-Identifier: MIT */
/* The naive model: spaces as arrays of pages, files and shared memory as arrays of bytes. */
#pragma once

#include "abi/errno.h"
#include "abi/mman.h"
#include "fake.h"
#include "mm/fault/fault.h"
#include "mm/object/object.h"
#include "mm/space/space_lock.h"
#include "mm/verbs.h"
#include "script.h"

#define SPACES	    4u
#define FILES	    3u /* 0: a quick disk's; 1: a slow one's with bad pages; 2: of memory only */
#define FILE_PAGES  80u
#define STORES	    24u
#define STORE_PAGES 24u

/* The pages that are looked at: a window for mmap, the heap, the stack, and what is below it. */
#define WINDOW_CELLS 160u
#define HEAP_CELLS   32u
#define STACK_CELLS  40u
#define BELOW_CELLS  24u
#define HEAP_FIRST   WINDOW_CELLS
#define STACK_FIRST  (HEAP_FIRST + HEAP_CELLS)
#define BELOW_FIRST  (STACK_FIRST + STACK_CELLS)
#define CELLS	     (BELOW_FIRST + BELOW_CELLS)

/* The window lies across the border of two gibibytes: leaf and middle tables come and go. */
#define GIB	    (1ul << 30)
#define WINDOW_VA   (GIB - WINDOW_CELLS / 2 * PAGE_SIZE)
#define HEAP_VA	    0x100000ul
#define STACK_VA    (STACK_TOP - STACK_CELLS * PAGE_SIZE)
#define STACK_TOP   (1ul << 34)
#define STACK_LIMIT (32 * PAGE_SIZE)
/* Some of it is nearer to the stack than its guard allows. */
#define BELOW_VA    (STACK_TOP - STACK_LIMIT - STACK_GUARD_GAP - 8 * PAGE_SIZE)

/* One page of one space. */
struct cell {
	bool mapped, stack, heap, text;
	bool shared;	 /* writes go to the store or file */
	bool unwritable; /* and mprotect gives no right to them */
	bool writer;	 /* counts as one who has the file open for writing */
	bool locked, onfault, dontfork, wipe;
	bool own;   /* of a file: a copy of its own by now */
	bool freed; /* given up by MADV_FREE, and not written since: it may have become zeros */
	bool either; /* was touched while a verb had it in hand: what it holds now, the kernel says */
	unsigned char prot;
	signed char store;  /* of shared memory; -1: none */
	signed char file;   /* of the file; -1: none */
	unsigned from_file; /* so many of its bytes are the file's, the rest is zeros */
	unsigned index;	    /* page of the store or file; it may be beyond the end */
	long left;	    /* bytes of the file from here on, as far as the segment shows it */
	unsigned char bytes[PAGE_SIZE];
};

struct model_space {
	bool alive;
	bool dying;	 /* stripped: refuses all accesses, and ends soon */
	unsigned locked; /* its mmap lock is held by a verb */
	unsigned users;	 /* operations that are at work in it: it can't end */
	struct space space;
	bool future, future_onfault; /* what will be mapped is locked */
	vaddr_t brk, high;
	struct cell cell[CELLS];
};

struct model_file {
	struct object *object;
	unsigned generation;
	uint64_t size, backed;
	bool locked;  /* its waiting lock is held: somebody writes to it or sets its size */
	bool writing; /* and that is a write */
	bool seen;    /* what runs alone may have written to it by a shared mapping */
	unsigned char byte[FILE_PAGES * PAGE_SIZE];
};

extern struct model_space spaces_[SPACES];
extern struct model_file files[FILES];
extern unsigned char stores[STORES][STORE_PAGES * PAGE_SIZE];
extern unsigned store_pages[STORES]; /* so many does it have */

/*
 * Boots the machine, of which each child of fork() then has a copy as fresh. In one of them: episodes, one after
 * another.
 */
void world_boot(void);
void world_begin(bool soft, bool woven); /* as in struct script */

/* Ends all spaces and files: every frame must be free again, and no fence be owed. */
void world_end(void);

/* Space `n` if it can be worked in; NULL. */
struct model_space *space_at(int n);
struct model_space *space_accessible(int n); /* it may be dying */
void space_begin(struct model_space *m);
void space_end(struct model_space *m);
void space_run(struct model_space *m);

/* Addresses and cells: cell_of() gives NULL where nobody looks. */
vaddr_t cell_va(unsigned i);
struct cell *cell_of(struct model_space *m, vaddr_t va);
unsigned cell_number(const struct model_space *m, const struct cell *c);
unsigned region_end(unsigned i);
unsigned region_start(unsigned i);

/* What would stand at the next page of the same mapping; its bytes are not set. */
void cell_continue(struct cell *c, const struct cell *prev);
/* A page that a stack has grown by. */
void cell_grow(struct cell *c, const struct cell *stack);

/* What the model must not have forgotten; ends the process with a message. */
void failed(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
#define expect(condition, ...)               \
	do {                                 \
		if (!(condition))            \
			failed(__VA_ARGS__); \
	} while (0)

/* Rules that a test makes the model forget, so that finding and shrinking can be tested. */
enum plant {
	PLANT_NONE,
	PLANT_DROP,
	PLANT_BRK,
	PLANT_PROTECT,
	PLANT_TRUNCATE,
	PLANT_REMAP,
	PLANT_LOCK,
	PLANT_FORK,
	PLANT_PUNCH,
	PLANTS
};
extern enum plant plant;
extern const char *const plant_names[PLANTS];
