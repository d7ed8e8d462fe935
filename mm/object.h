/* SPDX-License-Identifier: MIT */
/* Memory objects: pages of a file, a memfd or shared anonymous memory, by index. */
#pragma once

#include "lib/list.h"
#include "lib/radix.h"
#include "lib/types.h"
#include "mm/phys/page.h"
#include "mm/vm_wait.h"
#include "sync/spinlock.h"

struct object;

/* None of these blocks but punch. */
struct object_ops {
	const char *name;
	/*
	 * Puts the bytes that the object had at index when it was made into the fresh frame `to`
	 * (contents undefined), zeros beyond them: what a truncation has cut off since is not asked
	 * for, or zeroed by the caller. 0; VM_WAIT with *wait filled; -EIO. NULL: missing pages are
	 * zeros. => no spinning lock held
	 */
	int (*fill)(struct object *object, uint64_t index, void *to, struct vm_wait *wait);
	/*
	 * A page that fill does not bring comes into the index, or goes: counts it. charge: false:
	 * there is no room for it, nothing is counted. NULL: as many as memory has.
	 * => object->lock held; takes no lock
	 */
	bool (*charge)(struct object *object);
	void (*uncharge)(struct object *object);
	/*
	 * object_punch() for MADV_REMOVE, in turn with who else changes the object, and with what he
	 * may refuse. NULL: nobody else does. => no lock held; the caller has a reference
	 */
	int (*punch)(struct object *object, uint64_t start, uint64_t end);
	/*
	 * A mapping has got the right to write to a page of it, for a store that is about to be made: the
	 * time of it. NULL: nobody asks. => object->lock held; takes no lock
	 */
	void (*stored)(struct object *object);
	/*
	 * The last reference is gone, the pages too: free the object's memory and what it stands
	 * on.
	 */
	void (*destroy)(struct object *object);
};

struct object {
	const struct object_ops *ops; /* const */
	uint32_t refs;		      /* atomic */
	uint32_t writers;	      /* lock: descriptors open for writing */
	struct spinlock lock;
	/* guarded by lock: */
	uint64_t size;	    /* bytes; pages at or beyond it are BUS */
	uint64_t kept;	    /* pages beyond the size, had ahead, have indices below this */
	uint64_t backed;    /* bytes from here on are not fill's: zeros until written */
	struct radix pages; /* index -> struct page, each with the object's reference */
	size_t npages;
	/*
	 * struct vma.object_link of all that map it. `stale` has those that a truncation is yet to
	 * come to, and those whose `truncation` is from before the last one.
	 */
	struct list vmas, stale;
	size_t nwritable;     /* of both, those that can be written through: vma_writes_object() */
	uint32_t nexec;	      /* running images made of it: writers get ETXTBSY */
	uint64_t truncations; /* counts them: what was decided before one is not trusted after */
	/* guarded by the lock of the list of all objects: */
	struct list link;
};

/* The largest size: what a signed file offset can say. */
#define OBJECT_SIZE_MAX ((uint64_t)INT64_MAX)

/*
 * Makes an object of one reference, of `size` bytes that ops->fill supplies (or zeros). Its memory
 * is the caller's until ops->destroy().
 */
void object_init(struct object *object, const struct object_ops *ops, uint64_t size);

/* Anonymous shared memory: an object of its own, one reference; NULL: out of memory. */
struct object *object_create_anon(uint64_t size);

void object_get(struct object *object);
/* The last one frees the pages, in pieces with pauses, and destroys. => no spinning lock held */
void object_put(struct object *object);

/* Does anybody map it? => object->lock held */
static inline bool object_is_mapped_locked(const struct object *object)
{
	assert_hardened(spin_lock_held(&object->lock));
	return !list_empty(&object->vmas) || !list_empty(&object->stale);
}

/* The bytes there are; it may change the next moment. */
uint64_t object_size(const struct object *object);

/*
 * Write access is refused while the object runs as text, and text while it is open for writing: 0
 * or -ETXTBSY.
 */
int object_deny_write(struct object *object); /* exec; undone by object_allow_write() */
void object_allow_write(struct object *object);
int object_get_write(struct object *object); /* open for writing; undone by object_put_write() */
void object_put_write(struct object *object);

/* Does anybody map it so that it can be written to, now or after mprotect? */
bool object_has_writable_maps(struct object *object);

/* Tells of a store by way of a shared mapping. => object->lock held */
static inline void object_stored(struct object *object)
{
	if (object->ops->stored)
		object->ops->stored(object);
}

/* Drops the pages of all objects that nobody uses and fill can bring back. */
void object_trim(void);

/*
 * All objects, in turn: the one after `object` (the first after NULL), referenced, the reference on
 * `object` given back; NULL at the end. => no spinning lock held
 */
struct object *object_next(struct object *object);
