/* SPDX-License-Identifier: MIT */
/* Devices' names, and the root's count; other rules of names and files are tested in tests/host/fs. */
#include "abi/errno.h"
#include "base/block.h"
#include "linux/fs/dev/dev.h"
#include "linux/fs/dev/devtmpfs.h"
#include "linux/fs/dev/null.h"
#include "linux/fs/dev/special.h"
#include "linux/fs/dump/core_name.h"
#include "linux/fs/tmpfs/tmpfs.h"
#include "linux/fs/tty/tty.h"
#include "linux/fs/vfs/mount_calls.h"
#include "linux/fs/vfs/namei.h"
#include "linux/fs/vfs/open.h"
#include "mm/check/alloc_fail.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"

#define RDEV_DISK ABI_MAKEDEV(DEV_MAJOR_DISK, dev_disk_minor(0))

/* On Linux it is a program that gets the core file. */
KTEST(files_core_pattern_is_no_pipe)
{
	char pattern[CORE_PATTERN_MAX];

	EXPECT_EQ(-EINVAL, core_pattern_set("|/bin/cat"));
	core_pattern_read(pattern);
	EXPECT_STR("core", pattern);
}

/* A pattern is short, but what it stands for need not be. */
KTEST_IN_PROCESS(files_core_name_has_to_fit)
{
	char name[19];

	EXPECT_EQ(0, core_pattern_set("%s-0123456789-%s-x"));
	EXPECT_EQ(0, core_name_make(name, sizeof(name), 11));
	EXPECT_STR("11-0123456789-11-x", name);
	EXPECT_EQ(-ENAMETOOLONG, core_name_make(name, sizeof(name) - 1, 11));
	EXPECT_EQ(-ENAMETOOLONG, core_name_make(name, 2, 11));
	EXPECT_EQ(0, core_pattern_set("core"));
}

/* Devices have names in a tmpfs of their own, which can be mounted anywhere, but once. */
KTEST(files_devices_have_names)
{
	struct abi_stat st;
	struct mount *mount;

	EXPECT_EQ(-EEXIST, devtmpfs_add("null", &null_ops, NULL, S_IFCHR | 0620, 6));
	EXPECT_EQ(-ENOTDIR, devtmpfs_add("null/x", &null_ops, NULL, S_IFCHR | 0600, 7));
	EXPECT_EQ(-ENOTDIR, tty_create("null/x", NULL, 80, 24, false, 7));
	EXPECT_EQ(-EINVAL, devtmpfs_add("..", &null_ops, NULL, S_IFCHR | 0600, 7));
	EXPECT_TRUE(!special_find(S_IFCHR, 6) && !special_find(S_IFCHR, 7));
	EXPECT_EQ(0, fs_mkdir(NULL, "/devices", 0755));
	EXPECT_EQ(0, fs_mount("devtmpfs", "none", NULL, "/devices", 0, ""));
	EXPECT_EQ(-EBUSY, mount_create(&devtmpfs_type, "none", 0, "", &mount));
	EXPECT_EQ(0, fs_stat(NULL, "/devices/null", true, &st));
	EXPECT_EQ(S_IFCHR | 0666, st.mode);
	EXPECT_EQ(ABI_MAKEDEV(1, 3), st.rdev);
	EXPECT_EQ(0, fs_umount(NULL, "/devices", 0));
	EXPECT_EQ(-ENOENT, fs_stat(NULL, "/devices/null", true, &st));
	EXPECT_EQ(0, fs_rmdir(NULL, "/devices"));
}

/* A device is used for longer than it has its name, and mknod makes it again, and with it a disk. */
KTEST_IN_PROCESS(files_devices_are_made_again)
{
	struct block_device *disk = NULL;
	struct file *file;

	EXPECT_EQ(0, fs_mkdir(NULL, "/devices", 0755));
	EXPECT_EQ(0, fs_mount("devtmpfs", "none", NULL, "/devices", 0, ""));
	EXPECT_EQ(0, fs_open(NULL, "/devices/null", O_RDWR, 0, &file));
	EXPECT_EQ(0, fs_unlink(NULL, "/devices/null"));
	EXPECT_EQ(-EBUSY, fs_umount(NULL, "/devices", 0));
	file_put(file);
	EXPECT_EQ(0, fs_mknod(NULL, "/devices/null", S_IFCHR | 0666, ABI_MAKEDEV(1, 3)));
	EXPECT_EQ(0, fs_open(NULL, "/devices/null", O_RDWR, 0, &file));
	EXPECT_TRUE(file->ops == &null_ops);
	file_put(file);
	EXPECT_EQ(-EPERM, fs_mknod(NULL, "/disk", S_IFCHR | 0600, RDEV_DISK));
	EXPECT_EQ(-EPERM, fs_mknod(NULL, "/disk", S_IFBLK | 0600, ABI_MAKEDEV(1, 3)));
	if (block_at(0)) {
		EXPECT_EQ(0, fs_mknod(NULL, "/disk", S_IFBLK | 0600, RDEV_DISK));
		EXPECT_EQ(0, dev_find_disk(NULL, "/disk", &disk));
		EXPECT_TRUE(disk == block_at(0));
		EXPECT_EQ(0, fs_unlink(NULL, "/disk"));
	}
	EXPECT_EQ(-EINVAL, dev_find_disk(NULL, "/devices/null", &disk));
	EXPECT_EQ(0, fs_umount(NULL, "/devices", 0));
	EXPECT_EQ(0, fs_rmdir(NULL, "/devices"));
}

#ifdef FAULTLINE_HARDENED

/* R45: the root never goes, so nothing but its count shows who has forgotten to let go of it. */
KTEST(files_root_without_memory_is_let_go)
{
	uint32_t before = refcount_read(&mount_tree_root()->refs);

	alloc_fail_at = 1;
	EXPECT_TRUE(!fs_open_root());
	EXPECT_EQ(0, alloc_fail_at);
	alloc_fail_at = 0;
	EXPECT_EQ(before, refcount_read(&mount_tree_root()->refs));
}

#endif
