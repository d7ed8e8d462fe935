/* What a few spaces must look like: arrays of pages, touched and compared at random. */
#pragma once

#include "rig.h"

#define SPACES	    4
#define PAGES	    256u
#define HEAP_PAGES  24u
#define STORES	    3000
#define STORE_PAGES 48u

/* The window lies across the border of two gibibytes: leaf and middle tables come and go. */
#define WINDOW (GIB - PAGES / 2 * PAGE_SIZE)
#define LAST   (PAGE_SIZE - 1)

/* One page of one space. Of its bytes the first and the last are looked at. */
struct cell {
	bool mapped;
	unsigned rights;
	int store; /* of shared memory; -1: private */
	bool file; /* private, of the file */
	bool own;  /* private, of the file: a copy of its own */
	unsigned index;
	unsigned char byte[2];
};

struct model {
	bool alive;
	struct space space;
	struct cell cell[PAGES];
	struct cell heap[HEAP_PAGES + 1];
	vaddr_t high; /* highest break over the page of the break */
};

extern struct model models[SPACES];
extern unsigned char stores[STORES][STORE_PAGES][2];
extern uint64_t file_size, file_backed;

/* What a verb that pauses has in hand: not to be touched meanwhile. */
extern struct model *busy;
extern unsigned busy_from, busy_to;
extern bool no_stores;
extern unsigned touches, refusals;

/* A random number below n; a space that is alive. */
unsigned below(unsigned n);
struct model *random_model(void);

vaddr_t va_of(unsigned page);

/* Loads or stores a byte of a page (0: its first, 1: its last), and compares what happens. */
void touch(struct model *m, struct cell *c, vaddr_t page, unsigned which, bool store);
void touch_window(struct model *m, bool store);
void touch_heap(struct model *m);

/* Between the pieces of a verb: others run. For rig_pause. */
int others(struct vm_wait *wait);
