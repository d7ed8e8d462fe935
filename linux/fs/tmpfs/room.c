/* SPDX-License-Identifier: MIT */
/* Counts what one tmpfs holds. */
#include "linux/fs/tmpfs/room.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "linux/fs/tmpfs/node.h"
#include "linux/fs/vfs/mount.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

/* As on Linux, a longer target, with its end, takes a page. */
#define SHORT_TARGET 128u
/* As on Linux, what an attribute takes beside its name and value. */
#define XATTR_BYTES  40u

struct tmpfs_room *room_create(void)
{
	struct tmpfs_room *room = mem_wait_kzalloc(sizeof(*room));

	if (!room)
		return NULL;
	refcount_init(&room->refs, 1);
	room->pages.most = room->inodes.most = ROOM_SHARED;
	room->inodes.used = ROOM_INODE;
	return room;
}

void room_get(struct tmpfs_room *room)
{
	if (room)
		refcount_get(&room->refs);
}

void room_put(struct tmpfs_room *room)
{
	if (room && refcount_put(&room->refs))
		kfree(room);
}

uint64_t room_left(const struct room_count *count)
{
	uint64_t used = atomic_load_relaxed(&count->used), most = atomic_load_relaxed(&count->most);

	return most > used ? most - used : 0;
}

int room_set_most(struct room_count *count, uint64_t most)
{
	uint64_t before = atomic_load_relaxed(&count->most);

	if (before == ROOM_ENDLESS && most != ROOM_ENDLESS)
		return -EINVAL;
	(void)atomic_exchange(&count->most, most);
	if (atomic_load(&count->used) <= most)
		return 0;
	atomic_store(&count->most, before);
	return -EINVAL;
}

static struct tmpfs_room *room_of(const struct tmpfs_node *node)
{
	return node->inode.mount ? node->inode.mount->room : NULL;
}

static bool has_page(const struct tmpfs_node *node)
{
	return S_ISLNK(node->inode.mode) && strlen(node->target) + 1 > SHORT_TARGET;
}

int room_inode_made(struct tmpfs_node *node)
{
	struct tmpfs_room *room = room_of(node);

	if (!room)
		return 0;
	if (!room_take(&room->inodes, ROOM_INODE))
		return -ENOSPC;
	if (!has_page(node) || room_take(&room->pages, 1))
		return 0;
	room_give(&room->inodes, ROOM_INODE);
	return -ENOSPC;
}

void room_inode_gone(struct tmpfs_node *node)
{
	struct tmpfs_room *room = room_of(node);

	if (!room)
		return;
	room_give(&room->inodes, ROOM_INODE);
	if (has_page(node))
		room_give(&room->pages, 1);
}

static bool take_bytes(const struct tmpfs_node *node, uint64_t n)
{
	struct tmpfs_room *room = room_of(node);

	return !room || room_take(&room->inodes, n);
}

static void give_bytes(const struct tmpfs_node *node, uint64_t n)
{
	struct tmpfs_room *room = room_of(node);

	if (room)
		room_give(&room->inodes, n);
}

bool room_name_made(const struct tmpfs_node *node)
{
	return take_bytes(node, ROOM_INODE);
}

void room_name_gone(const struct tmpfs_node *node)
{
	give_bytes(node, ROOM_INODE);
}

bool room_xattr_made(const struct tmpfs_node *node, size_t len, size_t size)
{
	return take_bytes(node, XATTR_BYTES + len + size);
}

void room_xattr_gone(const struct tmpfs_node *node, size_t len, size_t size)
{
	give_bytes(node, XATTR_BYTES + len + size);
}
