/* SPDX-License-Identifier: MIT */
/* A key for a word of user memory: the same for all that share the word, at whatever address. */
#pragma once

#include "lib/types.h"

struct object;
struct space;

struct memory_key {
	const void *owner;     /* the object of a shared mapping, or the space */
	uint64_t offset;       /* bytes into the object, or the address */
	struct object *object; /* NULL for private memory; else the key has a reference */
};

/* Returns the key of memory that is private to the space. */
static inline struct memory_key memory_key_private(const struct space *space, vaddr_t va)
{
	return (struct memory_key){ .owner = space, .offset = va };
}

static inline bool memory_key_equal(const struct memory_key *a, const struct memory_key *b)
{
	return a->owner == b->owner && a->offset == b->offset;
}

/* A hash of the key; with a random seed, so that programs cannot choose words that have the same one. */
static inline uint64_t memory_key_hash(const struct memory_key *key, uint64_t seed)
{
	uint64_t z = ((uint64_t)(uintptr_t)key->owner ^ seed) + key->offset / sizeof(uint32_t);

	/* the finalizer of splitmix64 */
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/*
 * Makes the key of the memory at va. Waits for a verb that is replacing or moving what is there.
 * Returns 0, or -EFAULT if nothing is mapped there, or if it is private anonymous memory that can't
 * be written and so never changes, or -EINTR if the running thread has been killed. Call with no
 * spinning lock held. memory_key_put() drops the key's reference.
 */
int memory_key_get(struct space *space, vaddr_t va, struct memory_key *key_ret);

/* Call with no spinning lock held. */
void memory_key_put(const struct memory_key *key);
