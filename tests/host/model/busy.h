/* SPDX-License-Identifier: MIT */
/* What is under way: the operation that was stopped at a pause, and what others may see of it. */
#pragma once

#include "world.h"

enum busy_kind {
	BUSY_NONE,
	BUSY_UNMAP,    /* pages go: the old ones are seen, or the look waits */
	BUSY_PROTECT,  /* old permissions or new ones */
	BUSY_DROP,     /* old bytes or new ones */
	BUSY_FORK,     /* what is stored in the parent may come to the child, or not */
	BUSY_TRUNCATE, /* what is beyond the new end may be seen still */
	BUSY_MOVE, /* the new place: what was there, then what is at the old one; or the look waits */
	BUSY_BYTES, /* bytes of a range or file are being moved */
};

struct busy {
	enum busy_kind kind;
	struct model_space *m; /* NULL: none */
	unsigned from, to;     /* cells */
	unsigned old, nold;    /* BUSY_MOVE: the cells that move to `from` */
	unsigned prot;	       /* BUSY_PROTECT: the new ones */
	int file;	       /* BUSY_TRUNCATE, BUSY_BYTES; -1: none */
	uint64_t size;	       /* BUSY_TRUNCATE: the old one */
	void (*commit)(void);  /* at the first pause after which only the new state is seen */
	void (*again)(void);   /* at each pause, before anything else */
	void (*changed)(void); /* something has run at a pause */
};

/* The running one: what stands by itself, not what runs at its pauses. */
extern struct busy busy;
extern unsigned depth;	 /* 1: by itself; 2: at a pause of that */
extern bool killed;	 /* the thread that runs it */
extern bool disturbed;	 /* something has run at its pauses */
extern bool gave_up;	 /* what runs at a pause had to wait for what is stopped there */
extern int last_outcome; /* of the last access: 0 or VM_* */

/* Starts with no operation. `woven`: as in struct script. */
void busy_reset(bool woven);

bool busy_is_woven(unsigned verb);

/* Not 0: the model looks at the kernel, which no other thread can notice. */
extern unsigned looking;

/* Is the cell in hand, by an operation that is stopped? */
bool busy_with(const struct model_space *m, const struct cell *c, enum busy_kind kind);

/* What the cell shows: while mremap is stopped, it may be one of the old place. NULL is allowed. */
struct cell *busy_shown(struct model_space *m, struct cell *c);

/* Does it move bytes of memory that other spaces may share? */
bool busy_moves_shared(void);

/* A cell was accessed: at a pause its fate is open. */
void busy_touched(struct model_space *m, struct cell *c);

/* Runs operation `op` with those that stand at its pauses. */
void run_op(const struct op *op, const struct op *nested, size_t nnested);

/* How many pauses the last one had that stood by itself. */
unsigned last_pauses(void);

/* Did the allocation that was to fail do so? */
bool out_of_memory(void);
/* The rest of the operation runs with all the memory there is. */
void memory_back(void);
