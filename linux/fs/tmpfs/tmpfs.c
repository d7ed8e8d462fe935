/* SPDX-License-Identifier: MIT */
/* Makes and unmounts trees in memory. All of them share one quota; options give each less. */
#include "linux/fs/tmpfs/tmpfs.h"

#include "abi/errno.h"
#include "abi/stat.h"
#include "lib/bits.h"
#include "linux/fs/proc/seq.h"
#include "linux/fs/tmpfs/dir.h"
#include "linux/fs/tmpfs/room.h"
#include "linux/fs/vfs/mount_options.h"
#include "linux/mem/quota.h"
#include "mm/object/object.h"
#include "mm/phys/page_alloc.h"

/*
 * size=BYTES, or with a % of memory, or nr_blocks=PAGES; nr_inodes=N; and mode=OCTAL, uid=N, gid=N of the root
 * directory.
 */
struct tmpfs_options {
	uint64_t pages, inodes; /* ROOM_SHARED: not given */
	uint64_t mode, uid, gid;
};

static int read_options(const struct mount *mount, const char *text, struct tmpfs_options *options)
{
	const struct mount_option known[] = {
		{ .name = "size",
		  .units = true,
		  .percent_of = page_alloc_total_count() * PAGE_SIZE,
		  .per = PAGE_SIZE,
		  .most = INT64_MAX,
		  .value = &options->pages },
		{ .name = "nr_blocks", .units = true, .most = INT64_MAX, .value = &options->pages },
		{ .name = "nr_inodes",
		  .units = true,
		  .most = UINT64_MAX / ROOM_INODE,
		  .value = &options->inodes },
		{ .name = "mode", .base = 8, .most = UINT32_MAX, .value = &options->mode },
		{ .name = "uid", .most = UINT32_MAX - 1, .value = &options->uid },
		{ .name = "gid", .most = UINT32_MAX - 1, .value = &options->gid },
		{ .name = NULL },
	};

	*options = (struct tmpfs_options){ .pages = ROOM_SHARED,
					   .inodes = ROOM_SHARED,
					   .mode = mount->type == &devtmpfs_type ? 0755 : 01777 };
	return mount_options(text, known);
}

/* The limit that an option says, in what one of it takes. */
static uint64_t tmpfs_limit(uint64_t option, uint64_t takes)
{
	if (option == ROOM_SHARED)
		return ROOM_SHARED;
	return option == 0 ? ROOM_ENDLESS : option * takes;
}

static int fill_tmpfs(struct mount *mount, const char *text)
{
	struct tmpfs_options options;
	int err = read_options(mount, text, &options);
	struct tmpfs_room *room;
	struct inode *root;

	if (err)
		return err;
	room = room_create();
	if (!room)
		return -ENOMEM;
	room->pages.most = tmpfs_limit(options.pages, 1);
	room->inodes.most = tmpfs_limit(options.inodes, ROOM_INODE);
	room->mode = (uint32_t)options.mode & S_IALLUGO;
	room->uid = (uint32_t)options.uid;
	room->gid = (uint32_t)options.gid;
	root = dir_create_root(mount, room->mode);
	if (!root) {
		room_put(room);
		return -ENOMEM;
	}
	root->uid = room->uid;
	root->gid = room->gid;
	mount->root = root;
	mount->room = room;
	return 0;
}

/* Sets what was given. Call with the mount's rename_lock held. */
static int set_limits(struct tmpfs_room *room, uint64_t pages, uint64_t inode_bytes)
{
	uint64_t before = atomic_load_relaxed(&room->pages.most);
	int err = pages == ROOM_SHARED ? 0 : room_set_most(&room->pages, pages);

	if (err == 0 && inode_bytes != ROOM_SHARED)
		err = room_set_most(&room->inodes, inode_bytes);
	if (err)
		atomic_store(&room->pages.most, before);
	return err;
}

/* As on Linux, what belongs to the root directory stays. */
static int remount_tmpfs(struct mount *mount, unsigned flags, const char *text)
{
	struct tmpfs_room *room = mount->room;
	struct tmpfs_options options;
	uint64_t pages, inodes;
	int err = read_options(mount, text, &options);

	if (err)
		return err;
	err = mutex_lock_killable(&mount->rename_lock);
	if (err)
		return err;
	pages = atomic_load_relaxed(&room->pages.most);
	inodes = atomic_load_relaxed(&room->inodes.most);
	err = set_limits(room, tmpfs_limit(options.pages, 1),
			 tmpfs_limit(options.inodes, ROOM_INODE));
	if (err == 0) {
		err = mount_set_flags(mount, flags);
		if (err) {
			atomic_store(&room->pages.most, pages);
			atomic_store(&room->inodes.most, inodes);
		}
	}
	mutex_unlock(&mount->rename_lock);
	return err;
}

static bool is_number(uint64_t most)
{
	return most < ROOM_ENDLESS;
}

static void tmpfs_show_options(const struct mount *mount, struct seq *seq)
{
	const struct tmpfs_room *room = mount->room;
	uint64_t pages = atomic_load_relaxed(&room->pages.most);
	uint64_t inodes = atomic_load_relaxed(&room->inodes.most);

	if (pages != ROOM_SHARED)
		seq_put(seq, ",size=%luk",
			(unsigned long)(is_number(pages) ? pages * (PAGE_SIZE / 1024) : 0));
	if (inodes != ROOM_SHARED)
		seq_put(seq, ",nr_inodes=%lu",
			(unsigned long)(is_number(inodes) ? inodes / ROOM_INODE : 0));
	if (room->mode != 01777)
		seq_put(seq, ",mode=%03o", room->mode);
	if (room->uid != 0)
		seq_put(seq, ",uid=%u", room->uid);
	if (room->gid != 0)
		seq_put(seq, ",gid=%u", room->gid);
}

/* Without limits of its own, what all have: names and pages come out of the same half of memory and swap. */
static void tmpfs_statfs(struct mount *mount, struct abi_statfs *st)
{
	const struct tmpfs_room *room = mount->room;
	uint64_t pages = atomic_load_relaxed(&room->pages.most);
	uint64_t inodes = atomic_load_relaxed(&room->inodes.most);
	uint64_t all = quota_most(), left = quota_left();

	if (pages == ROOM_SHARED) {
		st->blocks = all;
		st->bfree = st->bavail = left;
	} else if (is_number(pages)) {
		st->blocks = pages;
		st->bfree = room_left(&room->pages);
		st->bavail = MIN(st->bfree, left);
	}
	if (inodes == ROOM_SHARED) {
		st->files = all * QUOTA_RECORDS_PER_FRAME;
		st->ffree = left * QUOTA_RECORDS_PER_FRAME;
	} else if (is_number(inodes)) {
		st->files = inodes / ROOM_INODE;
		st->ffree = room_left(&room->inodes) / ROOM_INODE;
	}
}

static void tmpfs_unmount(struct mount *mount)
{
	dir_discard_all(mount->root);
	inode_put(mount->root);
	room_put(mount->room);
}

const struct fs_type tmpfs_type = {
	.name = "tmpfs",
	.magic = ABI_TMPFS_MAGIC,
	.fill_mount = fill_tmpfs,
	.remount = remount_tmpfs,
	.show_options = tmpfs_show_options,
	.statfs = tmpfs_statfs,
	.unmount = tmpfs_unmount,
};

static struct mount *only_devtmpfs; /* const after boot */

const struct fs_type devtmpfs_type = {
	.name = "devtmpfs",
	.magic = ABI_TMPFS_MAGIC,
	.fill_mount = fill_tmpfs,
	.remount = remount_tmpfs,
	.show_options = tmpfs_show_options,
	.statfs = tmpfs_statfs,
	.only = &only_devtmpfs,
};
