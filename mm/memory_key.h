/* SPDX-License-Identifier: MIT */
/* What a word of user memory is for everyone who shares it, whatever its address there. */
#pragma once

#include "lib/types.h"

struct object;
struct space;

struct memory_key {
	const void *owner;     /* the object of a shared mapping, else the space */
	uint64_t offset;       /* bytes into the object; the address */
	struct object *object; /* NULL: private; holds a reference */
};

/* Of memory that only those see who use this space. */
static inline struct memory_key memory_key_private(const struct space *space, vaddr_t va)
{
	return (struct memory_key){ .owner = space, .offset = va };
}

static inline bool memory_key_equal(const struct memory_key *a, const struct memory_key *b)
{
	return a->owner == b->owner && a->offset == b->offset;
}

/*
 * Of whatever memory is at va. 0, or -EFAULT: nothing is mapped there, or private anonymous memory that
 * can't be written and so never changes.
 * => no spinning lock held; memory_key_put() gives back what the key holds
 */
int memory_key_get(struct space *space, vaddr_t va, struct memory_key *key_ret);

/* => no spinning lock held */
void memory_key_put(const struct memory_key *key);
