/* SPDX-License-Identifier: MIT */
/* The boot archive as the tree. */
#include <stdio.h>
#include <string.h>

#include "abi/errno.h"
#include "linux/fs/tmpfs/initrd.h"
#include "mm/object/object.h"
#include "mm/phys/page_alloc.h"
#include "tree.h"

static char archive[1 << 16];
static size_t archive_size;

static void put(const void *from, size_t n)
{
	memcpy(archive + archive_size, from, n);
	archive_size = (archive_size + n + 3) & ~3ul;
}

static void add(const char *name, unsigned mode, unsigned ino, unsigned nlink, const char *data)
{
	char head[128];

	snprintf(head, sizeof(head), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		 ino, mode, 0, 0, nlink, 1000, (unsigned)strlen(data), 0, 0, 0, 0,
		 (unsigned)strlen(name) + 1, 0);
	memcpy(archive + archive_size, head, 110);
	archive_size += 110;
	put(name, strlen(name) + 1);
	put(data, strlen(data));
}

static int mount(const char **why)
{
	*why = NULL;
	add("TRAILER!!!", 0, 0, 1, "");
	return initrd_unpack(mount_tree_root()->mount, archive, archive_size, why);
}

static void expect_bytes(const char *path, const char *bytes)
{
	struct file *file = tree_open(path, O_RDONLY);
	char got[64];

	assert_int_equal(strlen(bytes), tree_read(file, got, sizeof(got)));
	assert_memory_equal(bytes, got, strlen(bytes));
	file_put(file);
}

/* Whatever archive_becomes_the_tree() has made, from the leaves on. */
static void remove_all(void)
{
	static const char *const files[] = { "deep/er/file", "link", "hard1", "hard2", "twice" };
	static const char *const folders[] = { "deep/er", "deep", "dev" };

	for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
		assert_int_equal(0, fs_unlink(NULL, files[i]));
	for (unsigned i = 0; i < ARRAY_SIZE(folders); i++)
		assert_int_equal(0, fs_rmdir(NULL, folders[i]));
}

TEST(archive_becomes_the_tree)
{
	struct abi_stat st;
	const char *why;

	tree_start();
	add(".", S_IFDIR | 0711, 1, 2, "");
	add("deep/er/file", S_IFREG | 0644, 2, 1, "content");
	add("deep", S_IFDIR | 0700, 3, 2, "");
	add("link", S_IFLNK | 0777, 4, 1, "deep/er/file");
	add("dev", S_IFDIR | 0755, 5, 2, "");
	add("dev/null", S_IFCHR | 0666, 6, 1, "");
	add("hard1", S_IFREG | 0600, 7, 2, "");
	add("hard2", S_IFREG | 0600, 7, 2, "shared");
	add("twice", S_IFREG | 0600, 8, 1, "first");
	add("twice", S_IFREG | 0600, 9, 1, "second");
	assert_int_equal(0, mount(&why));
	expect_bytes("link", "content");
	expect_bytes("hard1", "shared");
	expect_bytes("hard2", "shared");
	expect_bytes("twice", "second");
	assert_int_equal(S_IFDIR | 0711, tree_mode("/"));
	assert_int_equal(S_IFDIR | 0700, tree_mode("deep"));
	assert_int_equal(S_IFDIR | 0755, tree_mode("deep/er"));
	assert_int_equal(-ENOENT, tree_mode("dev/null"));
	assert_int_equal(0, fs_stat(NULL, "hard1", true, &st));
	assert_int_equal(2, st.nlink);
	assert_int_equal(1000, st.mtime);
	remove_all();
	tree_end();
}

/* R73: pages of the archive's files are copied when they are asked for, and not brought back after a truncation. */
TEST(archive_pages_on_demand)
{
	static char bytes[3 * PAGE_SIZE];
	struct file *file;
	const char *why;
	size_t before;
	char got[4];

	tree_start();
	memset(bytes, 'b', sizeof(bytes) - 1);
	add("f", S_IFREG | 0644, 1, 1, bytes);
	before = page_alloc_free_count();
	assert_int_equal(0, mount(&why));
	assert_true(page_alloc_free_count() + 8 >= before);
	file = tree_open("f", O_RDWR);
	file->pos = 2 * PAGE_SIZE;
	assert_int_equal(2, tree_read(file, got, 2));
	assert_memory_equal("bb", got, 2);
	assert_int_equal(1, file->ops->object(file)->npages);
	assert_int_equal(0, file->ops->truncate(file, PAGE_SIZE + 1));
	assert_int_equal(0, file->ops->truncate(file, 2 * PAGE_SIZE));
	file->pos = PAGE_SIZE;
	assert_int_equal(2, tree_read(file, got, 2));
	assert_memory_equal("b\0", got, 2);
	file_put(file);
}

TEST(bad_archives)
{
	static const struct {
		const char *name;
		unsigned mode;
		const char *data;
		const char *why;
	} bad[] = {
		{ "a/../b", S_IFREG, "", ".." },     { "x", 0, "", "type" },
		{ "x", S_IFLNK, "", "symbolic" },    { "file/x", S_IFREG, "", "not a directory" },
		{ "dir", S_IFREG, "", "directory" },
	};
	const char *why;

	tree_start();
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		archive_size = 0;
		memset(archive, 0, sizeof(archive));
		add("file", S_IFREG, 1, 1, "");
		add("dir", S_IFDIR, 2, 2, "");
		add(bad[i].name, bad[i].mode, 3, 1, bad[i].data);
		assert_true(mount(&why) < 0);
		assert_non_null(why);
		assert_non_null(strstr(why, bad[i].why));
	}
	assert_true(initrd_unpack(mount_tree_root()->mount, "garbage that is no archive", 26,
				  &why) < 0);
	assert_non_null(why);
	fs_unlink(NULL, "file");
	fs_rmdir(NULL, "dir");
	fs_rmdir(NULL, "a");
	tree_end();
}
