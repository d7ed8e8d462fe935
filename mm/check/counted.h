/* SPDX-License-Identifier: MIT */
/* What references keep alive, listed by kind in the hardened build: the ledger looks for each holder. */
#pragma once

#include "lib/list.h"
#include "lib/types.h"
#include "sync/spinlock.h"

struct counted;

/*
 * One kind of things: open files, for example. The list says only what there is; the ledger finds
 * holders by walks from processes, spaces, mounts and queues, and counts them in `holders`.
 */
struct counted_kind {
	/* const: */
	const char *name;
	size_t offset;			   /* of the struct counted in each thing */
	const char *(*what)(const void *); /* which of that kind a thing is */
	/* guarded by counted_lock, which is mm/check/counted.c's: */
	struct list all; /* struct counted.link */
};

/* Defines a kind: things of the type, whose field `counted` is a struct counted. */
#define COUNTED_KIND(kind, name_, type, what_)     \
	struct counted_kind kind = {               \
		.name = (name_),                   \
		.offset = offsetof(type, counted), \
		.what = (what_),                   \
		.all = LIST_INIT((kind).all),      \
	}

/* A field of each. Empty in the release build, which has no such lists. */
struct counted {
#ifdef FAULTLINE_HARDENED
	struct list link;     /* guarded by counted_lock */
	const uint32_t *refs; /* const */
	uint32_t holders;     /* found so far by the walks of one check; private to the ledger */
#endif
};

#ifdef FAULTLINE_HARDENED

/* Lists a thing whose references are counted in *refs. Spinning locks up to LOCK_KMAP may be held. */
void counted_begin(struct counted_kind *kind, struct counted *counted, const uint32_t *refs);

/* Its last reference is gone, or it was given up before it was shared. */
void counted_end(struct counted *counted);

/* A walk of the ledger has found a holder of one reference. */
static inline void counted_found(struct counted *counted)
{
	counted->holders++;
}

#else

static inline void counted_begin(struct counted_kind *kind, struct counted *counted,
				 const uint32_t *refs)
{
	(void)kind, (void)counted, (void)refs;
}

static inline void counted_end(struct counted *counted)
{
	(void)counted;
}

static inline void counted_found(struct counted *counted)
{
	(void)counted;
}

#endif

/* Iterates over all of a kind; in the hardened build, where no other thread runs meanwhile. */
#define counted_for_each(counted, kind) list_for_each_entry(counted, &(kind)->all, link)

/* The thing that has this struct counted. */
static inline void *counted_thing(const struct counted_kind *kind, struct counted *counted)
{
	return (char *)counted - kind->offset;
}

/* Visits all things of the kind. Call while no other hart runs. */
void counted_visit(struct counted_kind *kind, void (*visit)(void *thing));
