/* SPDX-License-Identifier: MIT */
/* How much one tmpfs may hold, as its options say, and how much it holds. */
#pragma once

#include "lib/bits.h"
#include "lib/refcount.h"
#include "lib/types.h"
#include "sync/atomic.h"

struct tmpfs_node;

/* No option was given: only the limit that all files share (linux/mem/quota.h) holds. */
#define ROOM_SHARED  UINT64_MAX
/* The option was 0: only the limit of all files holds, and statfs shows no number. */
#define ROOM_ENDLESS (UINT64_MAX - 1)

/* As on Linux, an inode, and each further name of one, takes so many bytes of the room that nr_inodes= gives. */
#define ROOM_INODE 1024u

/* Something that is counted against a limit of a mount. Both fields are atomic: counting takes no lock. */
struct room_count {
	uint64_t used;
	/* A limit, or ROOM_SHARED or ROOM_ENDLESS. Changes with the mount's rename_lock held. */
	uint64_t most;
};

/*
 * One of each tmpfs, in its struct mount. Pages may be pinned for longer than their mount is there, so the
 * mount and each file's object have a reference.
 */
struct tmpfs_room {
	struct refcount refs;
	/* Atomic: of files and of long targets of symbolic links; those in swap are included. */
	struct room_count pages;
	struct room_count inodes; /* atomic; in bytes */
	/* const, for those who list mounts: the root's at first */
	uint32_t mode, uid, gid;
};

/* Returns NULL if memory has run out. The root is counted. */
struct tmpfs_room *room_create(void);
void room_get(struct tmpfs_room *room);
/* NULL is allowed in this and in what follows: there is nothing to count. */
void room_put(struct tmpfs_room *room);

/*
 * Counts n more. Returns false and counts nothing if there is no room. At the limit, a call that is refused
 * may for a moment have another call refused as well.
 */
static inline bool room_take(struct room_count *count, uint64_t n)
{
	/* Either this sees a new limit, or room_set_most() sees what is used (docs/memory-order.md). */
	if (likely(atomic_add(&count->used, n) + n <= atomic_load_relaxed(&count->most)))
		return true;
	counter_add(&count->used, -n);
	return false;
}

static inline void room_give(struct room_count *count, uint64_t n)
{
	counter_add(&count->used, -n);
}

/* Returns how much of a limit is left. */
uint64_t room_left(const struct room_count *count);

/*
 * Sets the limit to `most`. Returns 0, or -EINVAL, and changes nothing, if more is used, or if it would be
 * one where the option was 0.
 */
int room_set_most(struct room_count *count, uint64_t most);

/* The inode counts, with the page that a long target takes. Returns 0 or -ENOSPC. */
int room_inode_made(struct tmpfs_node *node);
void room_inode_gone(struct tmpfs_node *node);
/* An inode that has names has one more, or one less. */
bool room_name_made(const struct tmpfs_node *node);
void room_name_gone(const struct tmpfs_node *node);
/* An inode has one more attribute, or one less, with a name of `len` characters and a value of `size` bytes. */
bool room_xattr_made(const struct tmpfs_node *node, size_t len, size_t size);
void room_xattr_gone(const struct tmpfs_node *node, size_t len, size_t size);
