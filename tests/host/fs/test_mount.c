/* SPDX-License-Identifier: MIT */
/* Mounts: what the user test `mounts` cannot reach, such as limits, deep trees and short memory. */
#include <stdio.h>
#include <string.h>

#include "abi/errno.h"
#include "abi/limits.h"
#include "abi/mount.h"
#include "fake_proc.h"
#include "linux/fs/dev/devtmpfs.h"
#include "linux/fs/file/dir_file.h"
#include "linux/fs/tmpfs/memfd.h"
#include "linux/fs/vfs/attr.h"
#include "linux/fs/vfs/path.h"
#include "mm/host.h"
#include "mm/object/object.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "mm/space/vma.h"
#include "mm/swap/relieve.h"
#include "sync/interleave.h"
#include "tests/host/lib/fail_nth.h"
#include "tree.h"

static int tmpfs(const char *path)
{
	return fs_mount("tmpfs", "none", NULL, path, 0, "");
}

TEST(limit)
{
	char name[16];
	unsigned n = 0;

	tree_start();
	for (;; n++) {
		sprintf(name, "m%u", n);
		assert_int_equal(0, fs_mkdir(NULL, name, 0755));
		if (tmpfs(name) != 0)
			break;
	}
	assert_int_equal(255, n); /* and the root */
	assert_int_equal(-ENOSPC, tmpfs(name));
	assert_int_equal(0, fs_umount(NULL, "m7", 0));
	assert_int_equal(0, tmpfs(name));
	assert_int_equal(0, fs_umount(NULL, name, 0));
	for (unsigned i = 0; i <= n; i++) {
		sprintf(name, "m%u", i);
		assert_int_equal(i == 7 || i == n ? -EINVAL : 0, fs_umount(NULL, name, 0));
		assert_int_equal(0, fs_rmdir(NULL, name));
	}
	tree_end();
}

/* A tree of many levels, and wide: all of it goes with the mount, and takes no stack. */
TEST(a_deep_tree_goes)
{
	struct file *dir, *next;
	char name[16];

	tree_start();
	assert_int_equal(0, fs_mkdir(NULL, "m", 0755));
	assert_int_equal(0, tmpfs("m"));
	dir = tree_open("m", O_RDONLY);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(0, fs_mkdir(dir, "d", 0755));
		assert_int_equal(0, fs_mknod(dir, "before", S_IFREG | 0600, 0));
		assert_int_equal(0, fs_symlink("d", dir, "link"));
		assert_int_equal(0, fs_open(dir, "d", O_RDONLY, 0, &next));
		file_put(dir);
		dir = next;
	}
	file_put(dir);
	for (unsigned i = 0; i < 100; i++) {
		sprintf(name, "m/%u", i);
		tree_touch(name);
	}
	assert_int_equal(0, fs_umount(NULL, "m", 0));
	assert_int_equal(0, fs_rmdir(NULL, "m"));
	tree_end();
}

TEST(the_root_stays)
{
	tree_start();
	assert_int_equal(-EBUSY, tmpfs("/"));
	assert_int_equal(-EBUSY, fs_umount(NULL, "/", 0));
	assert_int_equal(-EBUSY, fs_umount(NULL, "/.", MNT_DETACH));
	tree_end();
}

/* A directory that was removed is no place for a mount, as is one that is removed meanwhile. */
TEST(a_removed_directory)
{
	struct mount *mount;
	struct file *dir;

	tree_start();
	assert_int_equal(0, fs_mkdir(NULL, "d", 0755));
	dir = tree_open("d", O_RDONLY);
	assert_int_equal(0, fs_rmdir(NULL, "d"));
	assert_int_equal(-ENOENT, fs_mount("tmpfs", "none", dir, ".", 0, ""));
	assert_int_equal(0, mount_create(&tmpfs_type, "none", 0, "", &mount));
	assert_int_equal(-ENOENT, mount_attach(mount, file_inode(dir)));
	mount_put(mount);
	file_put(dir);
	tree_end();
}

/* The look at the directory that follows a mount: meanwhile another thread makes another mount of it. */
static struct inode_ops slow_ops;

static int mount_another(struct inode *dir, struct abi_stat *st)
{
	dir->ops = dir->mount->root->ops;
	assert_int_equal(0, fs_umount(NULL, "d", MNT_DETACH));
	assert_int_equal(0, tmpfs("d"));
	*st = (struct abi_stat){ .nlink = 0 };
	return 0;
}

/* The thread that mounts does not use what another has unmounted, which may be another mount by now. */
TEST(unmounted_while_it_is_mounted)
{
	struct inode *dir;

	tree_start();
	assert_int_equal(0, fs_mkdir(NULL, "d", 0755));
	assert_int_equal(0, path_lookup(path_start(NULL), "d", true, &dir));
	slow_ops = *dir->ops;
	slow_ops.getattr = mount_another;
	dir->ops = &slow_ops;
	assert_int_equal(0, tmpfs("d"));
	assert_non_null(dir->cover);
	path_put(dir);
	assert_int_equal(0, fs_umount(NULL, "d", 0));
	assert_int_equal(0, fs_rmdir(NULL, "d"));
	tree_end();
}

/* Nothing is mounted below, or changed about, a mount that nobody can reach any more. */
TEST(a_detached_mount)
{
	struct file *dir;

	tree_start();
	assert_int_equal(0, fs_mkdir(NULL, "m", 0755));
	assert_int_equal(0, tmpfs("m"));
	assert_int_equal(0, fs_mkdir(NULL, "m/x", 0755));
	dir = tree_open("m", O_RDONLY);
	assert_int_equal(0, fs_umount(NULL, "m", MNT_DETACH));
	assert_int_equal(-ENOENT, fs_mount("tmpfs", "none", dir, "x", 0, ""));
	assert_int_equal(-ENOENT, fs_mount("tmpfs", "none", dir, ".", 0, ""));
	assert_int_equal(-EINVAL, fs_remount(dir, ".", MS_RDONLY, ""));
	file_put(dir);
	assert_int_equal(0, fs_rmdir(NULL, "m"));
	tree_end();
}

/* A working directory that was covered since then: the next mount covers what covers it. */
TEST(a_covered_directory_is_mounted_on)
{
	struct file *dir;

	tree_start();
	assert_int_equal(0, fs_mkdir(NULL, "d", 0755));
	dir = tree_open("d", O_RDONLY);
	assert_int_equal(0, tmpfs("d"));
	tree_touch("d/first");
	assert_int_equal(0, fs_mount("tmpfs", "none", dir, ".", 0, ""));
	file_put(dir);
	assert_int_equal(-ENOENT, tree_mode("d/first"));
	assert_int_equal(0, fs_umount(NULL, "d", 0));
	assert_int_equal(S_IFREG | 0644, tree_mode("d/first"));
	assert_int_equal(0, fs_umount(NULL, "d", 0));
	assert_int_equal(0, fs_rmdir(NULL, "d"));
	tree_end();
}

TEST(a_covered_directory_stays)
{
	tree_start();
	assert_int_equal(0, fs_mkdir(NULL, "d", 0755));
	assert_int_equal(0, tmpfs("d"));
	assert_int_equal(-EBUSY, fs_rmdir(NULL, "d"));
	assert_int_equal(0, fs_umount(NULL, "d", 0));
	assert_int_equal(0, fs_rmdir(NULL, "d"));
	tree_end();
}

static void expect_path(const char *of, const char *path, const char *anyway)
{
	struct file *file;
	char buf[64];

	assert_int_equal(0, fs_open(NULL, of, O_PATH, 0, &file));
	assert_int_equal(strlen(path) + 1, inode_path(file_inode(file), buf, sizeof(buf)));
	assert_string_equal(path, buf);
	assert_int_equal(-ERANGE, inode_path(file_inode(file), buf, strlen(path)));
	assert_int_equal(strlen(anyway) + 1, inode_path_anyway(file_inode(file), buf, sizeof(buf)));
	assert_string_equal(anyway, buf);
	file_put(file);
}

/* As chroot() sets it: in the middle of a file system, and where one begins. */
TEST(paths_of_a_process_with_a_root)
{
	struct file *middle, *begin, *outside;
	char buf[64];

	tree_start();
	assert_int_equal(0, fs_mkdir(NULL, "a", 0755));
	assert_int_equal(0, fs_mkdir(NULL, "a/b", 0755));
	assert_int_equal(0, tmpfs("a/b"));
	assert_int_equal(0, fs_mkdir(NULL, "a/b/c", 0755));
	middle = tree_open("a", O_RDONLY);
	begin = tree_open("a/b", O_RDONLY);
	outside = tree_open(".", O_RDONLY);
	fake_root = file_inode(middle);
	expect_path("/", "/", "/");
	expect_path("/b/c/../../..", "/", "/");
	expect_path("/b", "/b", "/b");
	expect_path("/b/c", "/b/c", "/b/c");
	fake_root = file_inode(begin);
	expect_path("/..", "/", "/");
	expect_path("/c/..", "/", "/");
	expect_path("/../c", "/c", "/c");
	assert_int_equal(15, inode_path(file_inode(outside), buf, sizeof(buf)));
	assert_string_equal("(unreachable)/", buf);
	assert_int_equal(16, inode_path(file_inode(middle), buf, sizeof(buf)));
	assert_string_equal("(unreachable)/a", buf);
	assert_int_equal(3, inode_path_anyway(file_inode(middle), buf, sizeof(buf)));
	assert_string_equal("/a", buf);
	fake_root = NULL;
	file_put(middle);
	file_put(begin);
	file_put(outside);
	assert_int_equal(0, fs_umount(NULL, "a/b", 0));
	assert_int_equal(0, fs_rmdir(NULL, "a/b"));
	assert_int_equal(0, fs_rmdir(NULL, "a"));
	tree_end();
}

/* Of the paths through mounts, and of one that is in the tree no more. */
TEST(paths_of_directories)
{
	char path[64];
	struct file *dir;

	tree_start();
	assert_int_equal(0, fs_mkdir(NULL, "a", 0755));
	assert_int_equal(0, tmpfs("a"));
	assert_int_equal(0, fs_mkdir(NULL, "a/b", 0755));
	assert_int_equal(0, tmpfs("a/b"));
	assert_int_equal(0, fs_mkdir(NULL, "a/b/c", 0755));
	dir = tree_open("a/b/c", O_RDONLY);
	assert_int_equal(7, inode_path(file_inode(dir), path, sizeof(path)));
	assert_string_equal("/a/b/c", path);
	assert_int_equal(7, inode_path(file_inode(dir), path, 7));
	assert_int_equal(-ERANGE, inode_path(file_inode(dir), path, 6));
	assert_int_equal(-ERANGE, inode_path(file_inode(dir), path, 0));
	assert_int_equal(-EBUSY, fs_umount(NULL, "a/b", 0));
	assert_int_equal(0, fs_umount(NULL, "a", MNT_DETACH));
	assert_int_equal(16, inode_path(file_inode(dir), path, sizeof(path)));
	assert_string_equal("(unreachable)/c", path);
	assert_int_equal(-ERANGE, inode_path(file_inode(dir), path, 15));
	file_put(dir);
	assert_int_equal(0, fs_rmdir(NULL, "a"));
	tree_end();
}

/* Mounts below one that is detached go too, each when its last user has gone. */
TEST(detached_mounts_are_freed)
{
	struct file *file;

	tree_start();
	assert_int_equal(0, fs_mkdir(NULL, "a", 0755));
	assert_int_equal(0, tmpfs("a"));
	assert_int_equal(0, fs_mkdir(NULL, "a/b", 0755));
	assert_int_equal(0, tmpfs("a/b"));
	file = tree_open("a/b/f", O_CREAT | O_RDWR);
	assert_int_equal(5, tree_write(file, "bytes", 5));
	assert_int_equal(0, fs_umount(NULL, "a", MNT_DETACH));
	assert_int_equal(4, tree_write(file, "more", 4));
	file_put(file);
	assert_int_equal(0, fs_rmdir(NULL, "a"));
	tree_end();
}

static unsigned pauses;

/* The first pause of an umount2: another thread detaches the mount below. */
static int detach_below(struct vm_wait *wait)
{
	(void)wait;
	if (pauses++ == 0)
		assert_int_equal(0, fs_umount(NULL, "m", MNT_DETACH));
	return 0;
}

/* Whatever an umount2 does when another comes between, the mount goes once. */
TEST(two_unmounts_at_once)
{
	struct abi_stat st;

	tree_start();
	assert_int_equal(0, fs_mkdir(NULL, "m", 0755));
	assert_int_equal(0, tmpfs("m"));
	assert_int_equal(0, fs_mkdir(NULL, "m/n", 0755));
	assert_int_equal(0, tmpfs("m/n"));
	tree_touch("m/n/one");
	tree_touch("m/n/two");
	pauses = 0;
	mm_host.pause = detach_below;
	assert_int_equal(0, fs_umount(NULL, "m/n", 0));
	assert_true(pauses > 0);
	assert_int_equal(0, fs_stat(NULL, "/", true, &st));
	assert_int_equal(-EINVAL, fs_umount(NULL, "m", 0));
	assert_int_equal(0, fs_rmdir(NULL, "m"));
	tree_end();
}

/* A mapped file keeps its mount, even if it has no name any more and no descriptor. */
TEST(a_mapped_file_keeps_it)
{
	struct object *object;
	struct file *file;

	tree_start();
	assert_int_equal(0, fs_mkdir(NULL, "m", 0755));
	assert_int_equal(0, tmpfs("m"));
	for (unsigned detached = 0; detached < 2; detached++) {
		file = tree_open("m/f", O_CREAT | O_RDWR);
		object = file->ops->object(file);
		object_use(object);
		file_put(file);
		assert_int_equal(-EBUSY, fs_umount(NULL, "m", 0));
		assert_int_equal(0, fs_unlink(NULL, "m/f"));
		assert_int_equal(-EBUSY, fs_umount(NULL, "m", 0));
		if (detached)
			assert_int_equal(0, fs_umount(NULL, "m", MNT_DETACH));
		object_unuse(object);
	}
	assert_int_equal(-EINVAL, fs_umount(NULL, "m", 0));
	assert_int_equal(0, fs_rmdir(NULL, "m"));
	tree_end();
}

/* A program that is being started keeps its mount before anything of it is mapped. */
TEST(a_program_keeps_it)
{
	struct object *image;
	struct file *file;
	char *path;

	tree_start();
	assert_int_equal(0, fs_mkdir(NULL, "m", 0755));
	assert_int_equal(0, tmpfs("m"));
	assert_int_equal(0, fs_open(NULL, "m/p", O_CREAT | O_WRONLY, 0755, &file));
	file_put(file);
	assert_int_equal(0, fs_open_exec(NULL, "m/p", true, &image, &path));
	assert_int_equal(-EBUSY, fs_umount(NULL, "m", 0));
	object_unuse(image);
	kfree(path);
	assert_int_equal(0, fs_umount(NULL, "m", 0));
	assert_int_equal(0, fs_rmdir(NULL, "m"));
	tree_end();
}

TEST(options)
{
	struct abi_stat st;

	tree_start();
	assert_int_equal(0, fs_mkdir(NULL, "m", 0755));
	assert_int_equal(0,
			 fs_mount("tmpfs", "none", NULL, "m", 0, ",uid=4294967294,,mode=07777,"));
	assert_int_equal(0, fs_stat(NULL, "m", true, &st));
	assert_int_equal(S_IFDIR | 07777, st.mode);
	assert_int_equal(4294967294u, st.uid);
	assert_int_equal(0, fs_umount(NULL, "m", 0));
	assert_int_equal(-EINVAL, fs_mount("tmpfs", "none", NULL, "m", 0, "uid=4294967295"));
	assert_int_equal(-EINVAL, fs_mount("tmpfs", "none", NULL, "m", 0, "mode=40000000000"));
	assert_int_equal(-EINVAL,
			 fs_mount("tmpfs", "none", NULL, "m", 0, "gid=99999999999999999999"));
	assert_int_equal(-EINVAL, fs_mount("tmpfs", "none", NULL, "m", 0, "mode"));
	assert_int_equal(-EINVAL, fs_mount("tmpfs", "none", NULL, "m", 0, "modes=1"));
	assert_int_equal(-EINVAL, fs_mount("tmpfs", "none", NULL, "m", 0, "mode=7 "));
	assert_int_equal(0, fs_rmdir(NULL, "m"));
	tree_end();
}

/* R45: with each allocation failing in turn, the mount is there or is not, and nothing is lost. */
TEST(without_memory)
{
	unsigned n = 0;

	tree_start();
	assert_int_equal(0, fs_mkdir(NULL, "m", 0755));
	do {
		int err;

		assert_in_range(++n, 1, 100);
		fail_arm(n, FAIL_ONE);
		err = fs_mount("tmpfs", "a source", NULL, "m", 0, "");
		if (err == 0)
			assert_int_equal(0, fs_umount(NULL, "m", 0));
		else
			assert_int_equal(-ENOMEM, err);
	} while (fail_disarm());
	assert_true(n > 3);
	assert_int_equal(0, fs_rmdir(NULL, "m"));
	tree_end();
}

static const struct file_ops device_ops = {
	.name = "device",
	.stat = inode_file_stat,
	.release = inode_file_release,
	.has_inode = true,
};

/* The kernel's devices: names that it makes in one file system, which is mounted once. */
TEST(devices)
{
	const struct inode_attr mode = { .valid = ATTR_MODE, .mode = 0640 };
	struct dir_item item = { .pos = 0 };
	struct abi_statfs statfs;
	struct mount *again;
	struct file *dir, *file;
	struct abi_stat st;
	char path[32];

	tree_start();
	assert_int_equal(0, devtmpfs_start());
	assert_int_equal(0, devtmpfs_add("port/one", &device_ops, path, S_IFCHR | 0600, 5));
	assert_int_equal(0, devtmpfs_add("port/two", &device_ops, &st, S_IFBLK | 0600, 6));
	assert_int_equal(0, devtmpfs_add_directory("empty"));
	assert_int_equal(0, devtmpfs_add_directory("empty"));
	assert_int_equal(0, devtmpfs_add_symlink("link", "port/one"));
	assert_int_equal(-EEXIST, devtmpfs_add_symlink("link", "port"));
	assert_int_equal(-EINVAL, devtmpfs_add("", &device_ops, path, S_IFCHR | 0600, 7));
	assert_int_equal(-ENOTDIR,
			 devtmpfs_add("port/one/x", &device_ops, path, S_IFCHR | 0600, 7));
	assert_int_equal(-ENOTDIR, devtmpfs_add_directory("port/one"));
	assert_int_equal(0, fs_mkdir(NULL, "dev", 0755));
	assert_int_equal(-EINVAL, fs_mount("devtmpfs", "none", NULL, "dev", 0, "mode=755"));
	assert_int_equal(0, fs_mount("devtmpfs", "none", NULL, "dev", 0, ""));
	assert_int_equal(-EBUSY, mount_create(&devtmpfs_type, "none", 0, "", &again));
	assert_int_equal(S_IFDIR | 0755, tree_mode("dev"));
	assert_int_equal(S_IFBLK | 0600, tree_mode("dev/port/two"));
	assert_int_equal(0, fs_set_attr(NULL, "dev/port/one", true, &mode));
	assert_int_equal(S_IFCHR | 0640, tree_mode("dev/port/../port/one"));
	assert_int_equal(S_IFCHR | 0640, tree_mode("dev/link"));
	assert_int_equal(0, fs_stat(NULL, "dev/port", true, &st));
	assert_int_equal(2, st.nlink);
	assert_int_equal(0, fs_stat(NULL, "dev", true, &st));
	assert_int_equal(4, st.nlink);
	assert_int_equal(0, fs_unlink(NULL, "dev/port/one"));
	assert_int_equal(-EPERM, fs_mknod(NULL, "dev/port/one", S_IFCHR | 0600, 6));
	assert_int_equal(-EPERM, fs_mknod(NULL, "dev/port/one", S_IFCHR | 0600, 7));
	assert_int_equal(0, fs_mknod(NULL, "dev/port/one", S_IFCHR | 0640, 5));
	assert_int_equal(0, fs_mknod(NULL, "disk", S_IFBLK | 0600, 6));
	file = tree_open("disk", O_RDONLY);
	assert_ptr_equal(&st, device_of(file));
	file_put(file);
	assert_int_equal(0, fs_unlink(NULL, "disk"));
	assert_int_equal(-EINVAL, fs_truncate(NULL, "dev/port/one", 0));
	assert_int_equal(-EINVAL, fs_umount(NULL, "dev/port", 0));
	dir = tree_open("dev/port", O_RDONLY);
	assert_int_equal(10, inode_path(file_inode(dir), path, sizeof(path)));
	assert_string_equal("/dev/port", path);
	assert_int_equal(-ERANGE, inode_path(file_inode(dir), path, 4));
	for (unsigned n = 0; n < 2; n++) {
		struct inode *inode = file_inode(dir);

		assert_int_equal(0, inode->ops->readdir(inode, item.pos + 1, &item));
		assert_int_equal(3, item.len);
	}
	assert_int_equal(-ENODATA,
			 file_inode(dir)->ops->readdir(file_inode(dir), item.pos + 1, &item));
	file_put(dir);
	file = tree_open("dev/port/one", O_RDWR);
	assert_ptr_equal(path, device_of(file));
	assert_int_equal(-EBUSY, fs_umount(NULL, "dev", 0));
	assert_int_equal(0, fs_umount(NULL, "dev", MNT_DETACH));
	assert_int_equal(0, fs_mount("devtmpfs", "none", NULL, "dev", MS_NOEXEC, ""));
	assert_int_equal(0, fs_statfs(NULL, "dev", &statfs));
	assert_int_equal(ST_VALID | ST_RELATIME | MS_NOEXEC, statfs.flags);
	assert_int_equal(-EBUSY, fs_mount("devtmpfs", "none", NULL, "dev", 0, ""));
	assert_int_equal(0, fs_remount(NULL, "dev", MS_RDONLY, ""));
	file_put(file);
	file_put(tree_open("dev/port/one", O_RDWR));
	assert_int_equal(0, fs_remount(NULL, "dev", 0, ""));
	assert_int_equal(0, fs_umount(NULL, "dev", 0));
	assert_int_equal(0, fs_mount("devtmpfs", "none", NULL, "dev", 0, ""));
	assert_int_equal(S_IFCHR | 0640, tree_mode("dev/port/one"));
	assert_int_equal(0, fs_umount(NULL, "dev", 0));
	assert_int_equal(0, fs_rmdir(NULL, "dev"));
	/* The names stay, and their memory with them. */
}

TEST(statistics_and_flags)
{
	struct file *file, *memfd;
	struct abi_statfs st;

	tree_start();
	assert_int_equal(0, fs_statfs(NULL, "/", &st));
	assert_int_equal(ABI_TMPFS_MAGIC, st.type);
	assert_int_equal(ST_VALID | ST_RELATIME, st.flags);
	assert_true(st.bfree <= st.blocks && st.blocks > 0);
	assert_int_equal(-ENOENT, fs_statfs(NULL, "none", &st));
	file = tree_open("f", O_CREAT | O_RDWR);
	assert_int_equal(-EBUSY, fs_remount(NULL, "/", MS_RDONLY, ""));
	assert_int_equal(-EINVAL, fs_remount(NULL, "/", MS_NOEXEC, "modes=1"));
	assert_int_equal(-EINVAL, fs_remount(NULL, "/f", 0, ""));
	fs_statfs_file(file, &st);
	assert_int_equal(ABI_TMPFS_MAGIC, st.type);
	file_put(file);
	assert_int_equal(0, fs_remount(NULL, "/", MS_RDONLY | MS_NOATIME, ""));
	assert_int_equal(-EROFS, tree_open_error("f", O_RDWR));
	assert_int_equal(0, fs_statfs(NULL, "/", &st));
	assert_int_equal(ST_VALID | MS_RDONLY | ST_NOATIME, st.flags);
	assert_int_equal(0, fs_remount(NULL, "/", 0, ""));
	memfd = memfd_file_create();
	fs_statfs_file(memfd, &st);
	assert_int_equal(ABI_TMPFS_MAGIC, st.type);
	assert_int_equal(0, st.blocks);
	file_put(memfd);
	fs_unlink(NULL, "f");
	tree_end();
}

/* Who writes, or may write through a mapping, keeps a mount from being made read-only; a device does not. */
TEST(writers)
{
	struct object *object;
	struct abi_statfs st;
	struct file *file;

	tree_start();
	file = tree_open("f", O_CREAT | O_RDWR);
	object = file->ops->object(file);
	assert_int_equal(0, vma_get_writecount(VMA_WRITER, object));
	object_use(object);
	file_put(file);
	assert_int_equal(-EBUSY, fs_remount(NULL, "/", MS_RDONLY, ""));
	assert_int_equal(0, tree_open_error("f", O_RDWR));
	assert_int_equal(-EBUSY, fs_remount(NULL, "/", MS_RDONLY, ""));
	/* The other flags are no matter of the writer. */
	assert_int_equal(0, fs_remount(NULL, "/", MS_NOEXEC | MS_NOATIME, ""));
	assert_int_equal(-EBUSY, fs_remount(NULL, "/", MS_RDONLY, ""));
	assert_int_equal(0, fs_statfs(NULL, "/", &st));
	assert_int_equal(ST_VALID | MS_NOEXEC | ST_NOATIME, st.flags);
	assert_int_equal(0, fs_remount(NULL, "/", 0, ""));
	vma_put_writecount(VMA_WRITER, object);
	assert_int_equal(0, fs_remount(NULL, "/", MS_RDONLY, ""));
	assert_int_equal(0, fs_remount(NULL, "/", MS_RDONLY | MS_NOSUID, ""));
	/* An open that looked at the mount before it became read-only. */
	assert_int_equal(-EROFS, object_get_write(object));
	assert_int_equal(0, fs_remount(NULL, "/", 0, ""));
	assert_int_equal(0, tree_open_error("f", O_RDWR));
	assert_int_equal(0, tree_open_error("f", O_RDONLY | O_TRUNC));
	assert_int_equal(0, fs_truncate(NULL, "f", 10));
	assert_int_equal(0, fs_remount(NULL, "/", MS_RDONLY, ""));
	object_unuse(object);
	assert_int_equal(0, fs_remount(NULL, "/", 0, ""));
	fs_unlink(NULL, "f");
	tree_end();
}

/* ---- a remount beside a change ---- */

static int make_directory(void)
{
	return fs_mkdir(NULL, "x", 0755);
}

static int make_node(void)
{
	return fs_mknod(NULL, "x", S_IFREG | 0600, 0);
}

static int make_link(void)
{
	return fs_symlink("f", NULL, "x");
}

static int make_name(void)
{
	return fs_link(NULL, "f", false, NULL, "x");
}

static int create(void)
{
	struct file *file;
	int err = fs_open(NULL, "x", O_CREAT | O_RDONLY, 0600, &file);

	if (err == 0)
		file_put(file);
	return err;
}

static int remove_file(void)
{
	return fs_unlink(NULL, "x");
}

static int remove_directory(void)
{
	return fs_rmdir(NULL, "x");
}

static int rename_it(void)
{
	return fs_rename(NULL, "x", NULL, "y", 0);
}

static unsigned points_left;
static bool was_there, is_done;
static int remounted;

static bool is_there(void)
{
	struct abi_stat st;

	return fs_stat(NULL, "x", false, &st) == 0;
}

/* Another thread makes the mount read-only where no lock is held. */
static void remount_at_a_point(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)class, (void)what;
	if (kind == INTERLEAVE_GRANTING || lockorder_this_hart()->depth != 0 || --points_left)
		return;
	interleave_hook = NULL;
	remounted = fs_remount(NULL, "/", MS_RDONLY, "");
	is_done = is_there() != was_there;
}

/* Once the mount is read-only, no name changes any more, whatever had been checked before. */
TEST(no_name_changes_on_a_mount_made_read_only)
{
	static const struct {
		int (*prepare)(void);
		int (*change)(void);
		int (*undo)(void);
	} changes[] = {
		{ NULL, make_directory, remove_directory },
		{ NULL, make_node, remove_file },
		{ NULL, make_link, remove_file },
		{ NULL, make_name, remove_file },
		{ NULL, create, remove_file },
		{ make_node, remove_file, remove_file },
		{ make_directory, remove_directory, remove_directory },
		{ make_node, rename_it, remove_file },
	};

	tree_start();
	assert_int_equal(0, fs_mknod(NULL, "f", S_IFREG | 0600, 0));
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		for (unsigned point = 1; !points_left; point++) {
			int err;

			if (changes[i].prepare)
				assert_int_equal(0, changes[i].prepare());
			was_there = is_there();
			points_left = point;
			interleave_hook = remount_at_a_point;
			err = changes[i].change();
			interleave_hook = NULL;
			if (!points_left) {
				assert_true(remounted == 0 || remounted == -EBUSY);
				assert_true(err == 0 || (err == -EROFS && remounted == 0));
				assert_true(err != 0 || remounted != 0 || is_done);
				assert_int_equal(0, fs_remount(NULL, "/", 0, ""));
			}
			(void)changes[i].undo();
			(void)fs_unlink(NULL, "y");
		}
		assert_true(points_left);
		points_left = 0;
	}
	assert_int_equal(0, fs_unlink(NULL, "f"));
	tree_end();
}

TEST(umount_flags)
{
	tree_start();
	assert_int_equal(0, fs_umount_check_flags(MNT_EXPIRE | UMOUNT_NOFOLLOW));
	assert_int_equal(-ENOENT, fs_umount(NULL, "none", MNT_EXPIRE | MNT_DETACH));
	assert_int_equal(-EINVAL, fs_umount_check_flags(16));
	assert_int_equal(-ENOENT, fs_umount(NULL, "none", 0));
	tree_end();
}

/* What sync has done, in order: a letter for each call, and the name of the mount. */
static char synced[64];

static void note_sync(char what, const struct mount *mount)
{
	size_t n = strlen(synced);

	assert_in_range(n, 0, sizeof(synced) - 4);
	sprintf(synced + n, "%c%s ", what, mount->source);
}

static void note_write_soon(struct mount *mount)
{
	note_sync('w', mount);
}

static void note_wait(struct mount *mount, uint64_t deadline)
{
	note_sync(deadline == 77 ? 's' : 'S', mount);
}

/*
 * All begin before one is waited for, newer ones first, for their servers may have files of older ones. What is out of
 * the tree has its part as long as it is used.
 */
TEST(sync)
{
	static struct fs_type noted;
	struct file *kept;

	noted = tmpfs_type;
	noted.name = "noted";
	noted.write_soon = note_write_soon;
	noted.sync = note_wait;
	tree_start();
	fs_add_type(&noted);
	for (const char *name = "abc"; *name; name++) {
		const char path[] = { *name, '\0' };

		assert_int_equal(0, fs_mkdir(NULL, path, 0755));
		assert_int_equal(0, fs_mount("noted", path, NULL, path, 0, ""));
	}
	kept = tree_open("b", O_RDONLY);
	assert_int_equal(0, fs_umount(NULL, "b", MNT_DETACH));
	mount_sync_all(77);
	assert_string_equal("wc wb wa sc sb sa ", synced);
	file_put(kept);
	synced[0] = '\0';
	mount_sync_all(77);
	assert_string_equal("wc wa sc sa ", synced);
	synced[0] = '\0';
	assert_int_equal(0, fs_remount(NULL, "c", MS_NOEXEC, ""));
	assert_string_equal("", synced);
	assert_int_equal(0, fs_remount(NULL, "c", MS_RDONLY, ""));
	assert_string_equal("Sc ", synced); /* and waits for as long as it takes */
	assert_int_equal(0, fs_umount(NULL, "a", 0));
	assert_int_equal(0, fs_umount(NULL, "c", MNT_DETACH));
	assert_string_equal("Sc Sa ", synced);
	for (const char *name = "abc"; *name; name++)
		assert_int_equal(0, fs_rmdir(NULL, (const char[]){ *name, '\0' }));
	tree_end();
}

/* Each mount of the tree, oldest first. One that goes meanwhile hides no other one. */
TEST(list_of_mounts)
{
	struct mount *mount;
	uint64_t place = 0;
	unsigned n = 0;

	tree_start();
	assert_int_equal(0, fs_mkdir(NULL, "a", 0755));
	assert_int_equal(0, fs_mount("tmpfs", "first", NULL, "a", 0, ""));
	assert_int_equal(0, fs_mount("tmpfs", "second", NULL, "a", 0, ""));
	assert_int_equal(0, fs_mkdir(NULL, "b", 0755));
	assert_int_equal(0, fs_mount("tmpfs", "third", NULL, "b", 0, ""));
	while ((mount = mount_after(place))) {
		static const char *const sources[] = { "rootfs", "first", "second", "third" };

		place = mount->place;
		assert_in_range(n, 0, 3);
		assert_string_equal(sources[n++], mount->source);
		mount_put(mount);
		if (n == 3) /* the second one */
			assert_int_equal(0, fs_umount(NULL, "a", 0));
	}
	assert_int_equal(4, n);
	assert_int_equal(0, fs_umount(NULL, "b", 0));
	assert_int_equal(0, fs_umount(NULL, "a", 0));
	assert_int_equal(0, fs_rmdir(NULL, "b"));
	assert_int_equal(0, fs_rmdir(NULL, "a"));
	tree_end();
}
