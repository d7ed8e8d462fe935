/* SPDX-License-Identifier: MIT */
/* Names in the tree: what can be made, found, linked and removed, and the errors of what can not. */
#include <stdio.h>
#include <string.h>

#include "abi/errno.h"
#include "abi/limits.h"
#include "mm/object/object.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "tree.h"

static int mkdir_(const char *path)
{
	return fs_mkdir(NULL, path, 0755);
}

static int symlink_(const char *target, const char *path)
{
	return fs_symlink(target, NULL, path);
}

TEST(make_and_remove)
{
	tree_start();
	assert_int_equal(0, mkdir_("a"));
	assert_int_equal(0, mkdir_("a/b/"));
	tree_touch("/a/b/f");
	assert_int_equal(S_IFREG | 0644, tree_mode("a//b/./../b/f"));
	assert_int_equal(S_IFDIR | 0755, tree_mode("a/b"));
	assert_int_equal(-ENOTEMPTY, fs_rmdir(NULL, "a/b"));
	assert_int_equal(0, fs_unlink(NULL, "a/b/f"));
	assert_int_equal(-ENOENT, fs_unlink(NULL, "a/b/f"));
	assert_int_equal(0, fs_rmdir(NULL, "a/b"));
	assert_int_equal(0, fs_rmdir(NULL, "a"));
	tree_end();
}

TEST(what_is_there)
{
	tree_start();
	tree_touch("f");
	mkdir_("d");
	assert_int_equal(-EEXIST, mkdir_("f"));
	assert_int_equal(-EEXIST, mkdir_("d"));
	assert_int_equal(-EEXIST, mkdir_("/"));
	assert_int_equal(-EEXIST, mkdir_("d/."));
	assert_int_equal(-EEXIST, mkdir_("d/.."));
	assert_int_equal(-EEXIST, fs_mknod(NULL, "f", S_IFREG | 0600, 0));
	assert_int_equal(-EEXIST, fs_mknod(NULL, "f/", 0600, 0));
	assert_int_equal(-EEXIST, fs_link(NULL, "f", false, NULL, "d"));
	assert_int_equal(-EEXIST, tree_open_error("f", O_CREAT | O_EXCL));
	assert_int_equal(-EEXIST, tree_open_error("d", O_CREAT | O_EXCL));
	assert_int_equal(-EEXIST, tree_open_error("/", O_CREAT | O_EXCL));
	fs_unlink(NULL, "f");
	fs_rmdir(NULL, "d");
	tree_end();
}

TEST(wrong_kind)
{
	tree_start();
	tree_touch("f");
	mkdir_("d");
	assert_int_equal(-ENOTDIR, tree_mode("f/x"));
	assert_int_equal(-ENOTDIR, tree_mode("f/."));
	assert_int_equal(-ENOTDIR, tree_mode("f/.."));
	assert_int_equal(-ENOTDIR, tree_mode("f/"));
	assert_int_equal(-ENOTDIR, mkdir_("f/x"));
	assert_int_equal(-ENOTDIR, fs_rmdir(NULL, "f"));
	assert_int_equal(-EISDIR, fs_unlink(NULL, "d"));
	assert_int_equal(-EISDIR, fs_unlink(NULL, "d/"));
	assert_int_equal(-ENOTDIR, fs_unlink(NULL, "f/"));
	assert_int_equal(-EISDIR, fs_unlink(NULL, "/"));
	assert_int_equal(-EPERM, fs_link(NULL, "d", false, NULL, "e"));
	assert_int_equal(-ENOTDIR, tree_open_error("f", O_DIRECTORY));
	assert_int_equal(-ENOTDIR, tree_open_error("f/", O_RDONLY));
	assert_int_equal(-EISDIR, tree_open_error("d", O_WRONLY));
	assert_int_equal(-EISDIR, tree_open_error("d", O_RDONLY | O_TRUNC));
	assert_int_equal(-EISDIR, tree_open_error("d", O_RDONLY | O_CREAT));
	assert_int_equal(-EISDIR, tree_open_error("n/", O_RDWR | O_CREAT));
	fs_unlink(NULL, "f");
	fs_rmdir(NULL, "d");
	tree_end();
}

TEST(nothing_there)
{
	tree_start();
	assert_int_equal(-ENOENT, tree_mode("x"));
	assert_int_equal(-ENOENT, tree_mode("x/y"));
	assert_int_equal(-ENOENT, mkdir_("x/y"));
	assert_int_equal(-ENOENT, fs_unlink(NULL, "x/"));
	assert_int_equal(-ENOENT, fs_mknod(NULL, "x/", 0600, 0));
	assert_int_equal(-ENOENT, fs_link(NULL, "x", false, NULL, "y"));
	assert_int_equal(-ENOENT, tree_open_error("x", O_RDWR));
	assert_int_equal(-ENOENT, tree_open_error("x/y", O_RDWR | O_CREAT));
	tree_end();
}

TEST(the_ends_of_rmdir)
{
	tree_start();
	mkdir_("d");
	assert_int_equal(-EBUSY, fs_rmdir(NULL, "/"));
	assert_int_equal(-EINVAL, fs_rmdir(NULL, "d/."));
	assert_int_equal(-ENOTEMPTY, fs_rmdir(NULL, "d/.."));
	assert_int_equal(0, fs_rmdir(NULL, "d///"));
	tree_end();
}

TEST(kinds_of_mknod)
{
	tree_start();
	assert_int_equal(0, fs_mknod(NULL, "a", 0640, 0));
	assert_int_equal(S_IFREG | 0640, tree_mode("a"));
	assert_int_equal(-EPERM, fs_mknod(NULL, "b", S_IFDIR | 0700, 0));
	assert_int_equal(0, fs_mknod(NULL, "p", S_IFIFO | 0600, 0));
	assert_int_equal(S_IFIFO | 0600, tree_mode("p"));
	fs_unlink(NULL, "p");
	assert_int_equal(-EPERM, fs_mknod(NULL, "b", S_IFBLK | 0700, 0));
	assert_int_equal(-EPERM, fs_mknod(NULL, "b", S_IFCHR | 0700, 0));
	assert_int_equal(-EINVAL, fs_mknod(NULL, "b", 0030000 | 0700, 0));
	assert_int_equal(-EINVAL, fs_mknod(NULL, "b", S_IFLNK | 0700, 0));
	fs_unlink(NULL, "a");
	tree_end();
}

TEST(long_names)
{
	char name[NAME_MAX + 3];

	tree_start();
	memset(name, 'n', sizeof(name));
	name[NAME_MAX] = '\0';
	assert_int_equal(0, mkdir_(name));
	assert_int_equal(S_IFDIR | 0755, tree_mode(name));
	assert_int_equal(0, fs_rmdir(NULL, name));
	name[NAME_MAX] = 'n';
	name[NAME_MAX + 1] = '\0';
	assert_int_equal(-ENAMETOOLONG, mkdir_(name));
	assert_int_equal(-ENAMETOOLONG, tree_mode(name));
	assert_int_equal(-ENAMETOOLONG, tree_open_error(name, O_CREAT | O_RDWR));
	name[NAME_MAX + 1] = '/';
	name[NAME_MAX + 2] = '\0';
	assert_int_equal(-ENAMETOOLONG, tree_mode(name));
	tree_end();
}

TEST(hard_links)
{
	struct abi_stat st;
	struct file *file;
	char byte = 0;

	tree_start();
	file = tree_open("a", O_CREAT | O_RDWR);
	assert_int_equal(1, tree_write(file, "x", 1));
	assert_int_equal(0, fs_link(NULL, "a", false, NULL, "b"));
	assert_int_equal(0, fs_stat(NULL, "b", true, &st));
	assert_int_equal(2, st.nlink);
	assert_int_equal(0, fs_unlink(NULL, "a"));
	assert_int_equal(0, fs_unlink(NULL, "b"));
	/* Open, it lives on, but gets no name again. */
	file->pos = 0;
	assert_int_equal(1, tree_read(file, &byte, 1));
	assert_int_equal('x', byte);
	assert_int_equal(-ENOENT, fs_link_file(file, NULL, "c"));
	file_put(file);
	tree_end();
}

TEST(counts_of_directories)
{
	struct abi_stat st;

	tree_start();
	mkdir_("d");
	mkdir_("d/e");
	tree_touch("d/f");
	assert_int_equal(0, fs_stat(NULL, "d", true, &st));
	assert_int_equal(3, st.nlink);
	assert_int_equal(80, st.size);
	fs_rmdir(NULL, "d/e");
	assert_int_equal(0, fs_stat(NULL, "d", true, &st));
	assert_int_equal(2, st.nlink);
	fs_unlink(NULL, "d/f");
	fs_rmdir(NULL, "d");
	tree_end();
}

TEST(removed_directory)
{
	struct file *dir, *file;
	char path[64];

	tree_start();
	mkdir_("d");
	mkdir_("d/e");
	dir = tree_open("d/e", O_RDONLY | O_DIRECTORY);
	assert_int_equal(5, fs_getcwd(dir, path, sizeof(path)));
	assert_string_equal("/d/e", path);
	assert_int_equal(-ERANGE, fs_getcwd(dir, path, 4));
	fs_rmdir(NULL, "d/e");
	assert_int_equal(-ENOENT, fs_getcwd(dir, path, sizeof(path)));
	assert_int_equal(-ENOENT, fs_open(dir, "x", O_CREAT | O_RDWR, 0600, &file));
	assert_int_equal(-ENOENT, fs_mkdir(dir, "x", 0700));
	/* Its parent can be removed too, and is still above it. */
	fs_rmdir(NULL, "d");
	assert_int_equal(-ENOENT, fs_mkdir(dir, "../x", 0700));
	assert_int_equal(0, fs_mkdir(dir, "../../x", 0700));
	fs_rmdir(NULL, "x");
	file_put(dir);
	tree_end();
}

/* A chain of removed directories, held by its end alone, goes without deep recursion. */
TEST(removed_chain)
{
	enum { DEPTH = 3000 };
	struct file *at[DEPTH + 1];

	tree_start();
	at[0] = fs_open_root();
	for (unsigned i = 0; i < DEPTH; i++) {
		assert_int_equal(0, fs_mkdir(at[i], "d", 0700));
		assert_int_equal(0, fs_open(at[i], "d", O_RDONLY | O_DIRECTORY, 0, &at[i + 1]));
	}
	for (unsigned i = DEPTH; i-- > 0;)
		assert_int_equal(0, fs_rmdir(at[i], "d"));
	for (unsigned i = 0; i <= DEPTH; i++)
		file_put(at[i]);
	tree_end();
}

TEST(symbolic_links)
{
	char target[PATH_MAX];

	tree_start();
	mkdir_("d");
	tree_touch("d/f");
	assert_int_equal(0, symlink_("d", "l"));
	assert_int_equal(0, symlink_("/d/f", "d/abs"));
	assert_int_equal(0, symlink_("l/../l/abs", "chain"));
	assert_int_equal(S_IFREG | 0644, tree_mode("l/f"));
	assert_int_equal(S_IFREG | 0644, tree_mode("chain"));
	assert_int_equal(-ENOTDIR, tree_mode("chain/"));
	assert_int_equal(S_IFDIR | 0755, tree_mode("l/"));
	assert_int_equal(10, fs_readlink(NULL, "chain", target));
	assert_string_equal("l/../l/abs", target);
	assert_int_equal(-EINVAL, fs_readlink(NULL, "l/", target));
	assert_int_equal(-EINVAL, fs_readlink(NULL, "d", target));
	assert_int_equal(-ELOOP, tree_open_error("chain", O_NOFOLLOW));
	assert_int_equal(-ENOTDIR, tree_open_error("l", O_NOFOLLOW | O_DIRECTORY));
	assert_int_equal(-EEXIST, tree_open_error("chain", O_CREAT | O_EXCL));
	assert_int_equal(0, tree_open_error("l", O_NOFOLLOW | O_PATH));
	assert_int_equal(-ENOTDIR, fs_rmdir(NULL, "l/"));
	assert_int_equal(0, fs_unlink(NULL, "d/f"));
	assert_int_equal(-ENOENT, tree_mode("chain"));
	/* A link to what is not there is where O_CREAT makes it. */
	assert_int_equal(0, tree_open_error("chain", O_CREAT | O_RDWR));
	assert_int_equal(S_IFREG | 0644, tree_mode("d/f"));
	fs_unlink(NULL, "d/f");
	fs_unlink(NULL, "d/abs");
	fs_unlink(NULL, "l");
	fs_unlink(NULL, "chain");
	fs_rmdir(NULL, "d");
	tree_end();
}

TEST(loops_of_links)
{
	char name[8], target[8];

	tree_start();
	symlink_("loop", "loop");
	symlink_("/", "root");
	assert_int_equal(-ELOOP, tree_mode("loop"));
	assert_int_equal(-ELOOP, tree_mode("loop/x"));
	assert_int_equal(S_IFDIR | 0755, tree_mode("root"));
	assert_int_equal(S_IFDIR | 0755, tree_mode("root/root//root/."));
	tree_touch("n0");
	for (unsigned i = 1; i <= 41; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		snprintf(target, sizeof(target), "n%u", i - 1);
		symlink_(target, name);
	}
	assert_int_equal(S_IFREG | 0644, tree_mode("n40"));
	assert_int_equal(-ELOOP, tree_mode("n41"));
	for (unsigned i = 0; i <= 41; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		fs_unlink(NULL, name);
	}
	fs_unlink(NULL, "loop");
	fs_unlink(NULL, "root");
	tree_end();
}

TEST(nested_links)
{
	tree_start();
	mkdir_("a");
	mkdir_("a/b");
	tree_touch("a/b/f");
	symlink_("a", "l1");
	symlink_("l1/b", "l2");
	symlink_("l2/../b/", "l3");
	assert_int_equal(S_IFREG | 0644, tree_mode("l3/f"));
	assert_int_equal(S_IFREG | 0644, tree_mode("l3/../../l3/f"));
	assert_int_equal(-ENOTDIR, tree_mode("l3/f/"));
	symlink_("l3/f", "l4");
	assert_int_equal(0, tree_open_error("l4", O_RDWR));
	for (unsigned i = 1; i <= 4; i++) {
		char name[] = { 'l', (char)('0' + i), '\0' };

		fs_unlink(NULL, name);
	}
	fs_unlink(NULL, "a/b/f");
	fs_rmdir(NULL, "a/b");
	fs_rmdir(NULL, "a");
	tree_end();
}

TEST(image_to_run)
{
	struct object *object;
	struct file *file;
	char *path;

	tree_start();
	mkdir_("bin");
	symlink_("bin", "b");
	assert_int_equal(0, fs_open(NULL, "bin/p", O_CREAT | O_RDWR, 0755, &file));
	file_put(file);
	tree_touch("bin/data");
	assert_int_equal(0, fs_open_exec(NULL, "b/./p", true, &object, &path));
	assert_string_equal("/bin/p", path);
	object_unuse(object);
	kfree(path);
	assert_int_equal(-EACCES, fs_open_exec(NULL, "bin/data", true, &object, &path));
	assert_int_equal(-EACCES, fs_open_exec(NULL, "bin", true, &object, &path));
	assert_int_equal(-ENOTDIR, fs_open_exec(NULL, "bin/p/", true, &object, &path));
	assert_int_equal(-ENOENT, fs_open_exec(NULL, "bin/q", true, &object, &path));
	fs_unlink(NULL, "bin/p");
	fs_unlink(NULL, "bin/data");
	fs_unlink(NULL, "b");
	fs_rmdir(NULL, "bin");
	tree_end();
}

/* Names take memory that no kill gives back: they are counted like the bytes of files. */
TEST(names_up_to_the_quota)
{
	unsigned count = 0;
	char name[16];
	int err;

	tree_start();
	do {
		snprintf(name, sizeof(name), "%u", count);
		err = fs_mknod(NULL, name, S_IFREG | 0600, 0);
		count += err == 0;
	} while (err == 0 && count < 100000);
	assert_int_equal(-ENOSPC, err);
	assert_true(page_alloc_free_count() > page_alloc_total_count() / 3);
	assert_int_equal(-ENOSPC, fs_mkdir(NULL, "d", 0700));
	assert_int_equal(-ENOSPC, fs_link(NULL, "0", false, NULL, "l"));
	assert_int_equal(-ENOSPC, tree_open_error("f", O_CREAT | O_WRONLY));
	assert_int_equal(-ENOSPC, tree_open_error(".", O_TMPFILE | O_WRONLY));
	assert_int_equal(0, fs_unlink(NULL, "0"));
	mkdir_("d");
	assert_int_equal(-EEXIST, fs_mkdir(NULL, "d", 0700));
	fs_rmdir(NULL, "d");
	while (--count > 0) {
		snprintf(name, sizeof(name), "%u", count);
		assert_int_equal(0, fs_unlink(NULL, name));
	}
	tree_end();
}
