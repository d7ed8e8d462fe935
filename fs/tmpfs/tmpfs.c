/* SPDX-License-Identifier: MIT */
/* Makes and unmounts trees in memory. All of them share one quota. */
#include "fs/tmpfs/tmpfs.h"

#include "abi/errno.h"
#include "abi/stat.h"
#include "fs/mount_options.h"
#include "fs/tmpfs/dir.h"
#include "mm/quota.h"
#include "mm/object.h"

/* Options: mode=OCTAL, uid=N, gid=N, of the root directory. */
static int fill_tmpfs(struct mount *mount, const char *options)
{
	uint64_t mode = 01777, uid = 0, gid = 0;
	const struct mount_option known[] = {
		{ "mode", 8, S_IALLUGO, &mode },
		{ "uid", 10, UINT32_MAX - 1, &uid },
		{ "gid", 10, UINT32_MAX - 1, &gid },
		{ NULL, 0, 0, NULL },
	};
	int err = mount_options(options, known);
	struct inode *root;

	if (err)
		return err;
	root = dir_create_root(mount, (uint32_t)mode);
	if (!root)
		return -ENOMEM;
	root->uid = (uint32_t)uid;
	root->gid = (uint32_t)gid;
	mount->root = root;
	return 0;
}

/* Names and pages come out of the same half of memory and swap. */
static void tmpfs_statfs(struct mount *mount, struct abi_statfs *st)
{
	(void)mount;
	st->blocks = quota_most();
	st->bfree = st->bavail = quota_left();
	st->files = st->blocks * QUOTA_RECORDS_PER_FRAME;
	st->ffree = st->bfree * QUOTA_RECORDS_PER_FRAME;
}

static void tmpfs_unmount(struct mount *mount)
{
	dir_discard_all(mount->root);
	inode_put(mount->root);
}

const struct fs_type tmpfs_type = {
	.name = "tmpfs",
	.magic = ABI_TMPFS_MAGIC,
	.fill_mount = fill_tmpfs,
	.statfs = tmpfs_statfs,
	.unmount = tmpfs_unmount,
};
