/* SPDX-License-Identifier: MIT */
/* A user address space with its waiting lock: what CLONE_VM shares. */
#pragma once

#include "mm/space.h"
#include "proc/mutex.h"

struct uspace {
	uint32_t refs;		/* atomic: processes that use it */
	struct mutex mmap_lock; /* taken round every verb on the space; never by faults or copies */
	vaddr_t sigreturn;	/* where handlers return to; 0: not mapped; under mmap_lock */
	struct space space;	/* its own locks */
};

/* An empty one with one reference; NULL: out of memory. */
struct uspace *uspace_create(void);

static inline void uspace_get(struct uspace *uspace)
{
	__atomic_fetch_add(&uspace->refs, 1, __ATOMIC_RELAXED);
}

/*
 * The last reference destroys the space. => no spinning lock held; not the running address space,
 * if the last
 */
void uspace_put(struct uspace *uspace);

static inline struct uspace *space_to_uspace(struct space *space)
{
	return (struct uspace *)((char *)space - offsetof(struct uspace, space));
}

static inline void uspace_lock(struct uspace *uspace)
{
	mutex_lock(&uspace->mmap_lock);
}

static inline void uspace_unlock(struct uspace *uspace)
{
	mutex_unlock(&uspace->mmap_lock);
}
