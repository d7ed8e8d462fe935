/* SPDX-License-Identifier: MIT */
/* Renames: the tree stays one, whatever is moved, and nothing is lost; the user test `renames` has the errors. */
#include <stdio.h>
#include <string.h>

#include "abi/errno.h"
#include "linux/fs/file/dir_file.h"
#include "linux/fs/vfs/path.h"
#include "sync/interleave.h"
#include "tests/host/lib/fail_nth.h"
#include "tree.h"

#define STEPS 20000
#define DEPTH 5

static uint64_t seed = 1;

static unsigned chance(unsigned n)
{
	seed = seed * 6364136223846793005ul + 1442695040888963407ul;
	return (unsigned)(seed >> 33) % n;
}

/* A path of up to DEPTH parts, of few names, so that it is often there. */
static const char *some_path(char *path)
{
	unsigned parts = 1 + chance(DEPTH), at = 0;

	while (parts--)
		at += (unsigned)sprintf(path + at, "/%c", 'a' + (char)chance(3));
	return path;
}

static unsigned nnames;

/* Each name leads to an inode that knows its parent and is found by its path; links are counted. */
static unsigned check_directory(struct inode *dir, const char *path)
{
	struct dir_item item = { .pos = DIR_FIRST_POS };
	unsigned subdirs = 0;

	for (; dir->ops->readdir(dir, item.pos, &item) == 0; item.pos++) {
		struct inode *inode, *parent;
		char below[512], known[512];

		snprintf(below, sizeof(below), "%s/%.*s", path, (int)item.len, item.text);
		assert_int_equal(0, dir->ops->lookup(dir, item.text, item.len, &inode));
		assert_true(inode_path(inode, known, sizeof(known)) > 0);
		nnames++;
		if (S_ISDIR(inode->mode)) {
			assert_string_equal(below, known);
			parent = inode->ops->parent(inode);
			assert_ptr_equal(dir, parent);
			inode_put(parent);
			assert_int_equal(2 + check_directory(inode, below), inode->nlink);
			subdirs++;
		}
		inode_put(inode);
	}
	return subdirs;
}

static void check_tree(void)
{
	nnames = 0;
	assert_int_equal(2 + check_directory(mount_tree_root(), ""), mount_tree_root()->nlink);
}

static void empty_directory(const char *path)
{
	char below[512];

	for (char c = 'a'; c < 'd'; c++) {
		snprintf(below, sizeof(below), "%s/%c", path, c);
		if (fs_unlink(NULL, below) == -EISDIR) {
			empty_directory(below);
			assert_int_equal(0, fs_rmdir(NULL, below));
		}
	}
}

/* What may come of a random call on paths that may be anything. */
static void expect_any_of(int err)
{
	switch (err) {
	case 0:
	case -ENOENT:
	case -EEXIST:
	case -ENOTDIR:
	case -EISDIR:
	case -ENOTEMPTY:
	case -EINVAL:
	case -EPERM:
		return;
	default:
		fail_msg("it answers %d", err);
	}
}

static void step(void)
{
	char a[32], b[32];

	some_path(a);
	some_path(b);
	switch (chance(8)) {
	case 0:
	case 1:
		expect_any_of(fs_mkdir(NULL, a, 0755));
		break;
	case 2:
		expect_any_of(fs_mknod(NULL, a, S_IFREG | 0644, 0));
		break;
	case 3:
		expect_any_of(fs_link(NULL, a, false, NULL, b));
		break;
	case 4:
		expect_any_of(chance(2) ? fs_unlink(NULL, a) : fs_rmdir(NULL, a));
		break;
	case 5:
		expect_any_of(fs_rename(NULL, a, NULL, b, RENAME_EXCHANGE));
		break;
	default:
		expect_any_of(fs_rename(NULL, a, NULL, b, chance(2) ? RENAME_NOREPLACE : 0));
		break;
	}
}

TEST(a_tree_stays_a_tree)
{
	unsigned most = 0;

	tree_start();
	for (unsigned i = 0; i < STEPS; i++) {
		step();
		if (i % 20 == 0)
			check_tree();
		most = nnames > most ? nnames : most;
	}
	assert_in_range(most, 20, 2000);
	empty_directory("");
	check_tree();
	assert_int_equal(0, nnames);
	tree_end();
}

/* R45: with each allocation failing in turn, both names are there as before, or the new one is. */
TEST(without_memory)
{
	unsigned n = 0;

	tree_start();
	tree_touch("a");
	tree_touch("b");
	do {
		int err;

		assert_in_range(++n, 1, 20);
		fail_arm(n, FAIL_ONE);
		err = fs_rename(NULL, "a", NULL, "b", 0);
		assert_true(err == 0 || err == -ENOMEM);
		assert_int_equal(err == 0, tree_mode("a") == -ENOENT);
	} while (fail_disarm());
	assert_true(n > 1);
	assert_true(tree_mode("b") > 0);
	fs_unlink(NULL, "b");
	tree_end();
}

/* A rename needs no room where there is none for another name. */
TEST(a_full_file_system)
{
	char name[16];
	unsigned n = 0;

	tree_start();
	assert_int_equal(0, fs_mkdir(NULL, "d", 0755));
	for (;; n++) {
		sprintf(name, "d/%u", n);
		if (fs_mknod(NULL, name, S_IFREG | 0600, 0) != 0)
			break;
	}
	assert_int_equal(-ENOSPC, fs_mknod(NULL, "more", S_IFREG | 0600, 0));
	assert_int_equal(0, fs_rename(NULL, "d/7", NULL, "d/moved", 0));
	assert_int_equal(0, fs_rename(NULL, "d/moved", NULL, "d/8", 0));
	assert_int_equal(0, fs_unlink(NULL, "d/8"));
	for (unsigned i = 0; i < n; i++) {
		sprintf(name, "d/%u", i);
		assert_int_equal(i == 7 || i == 8 ? -ENOENT : 0, fs_unlink(NULL, name));
	}
	assert_int_equal(0, fs_rmdir(NULL, "d"));
	tree_end();
}

/* The directory that a moved one was in can be removed and freed: nothing keeps it. */
TEST(the_former_parent_goes)
{
	struct file *dir;

	tree_start();
	assert_int_equal(0, fs_mkdir(NULL, "old", 0755));
	assert_int_equal(0, fs_mkdir(NULL, "new", 0755));
	assert_int_equal(0, fs_mkdir(NULL, "old/d", 0755));
	dir = tree_open("old/d", O_RDONLY);
	assert_int_equal(0, fs_rename(NULL, "old/d", NULL, "new/d", 0));
	assert_int_equal(0, fs_rmdir(NULL, "old"));
	assert_int_equal(S_IFDIR | 0755, tree_mode("new/d/../d"));
	assert_int_equal(0, fs_rmdir(NULL, "new/d"));
	assert_int_equal(0, fs_rmdir(NULL, "new"));
	file_put(dir);
	tree_end();
}

/* ---- beside another thread ---- */

static unsigned points_left;
static int (*meanwhile)(void);
static int meanwhile_err;

/* Another thread changes a name where no lock is held, and that cannot wait for the rename. */
static void change_at_a_point(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)class, (void)what;
	if (kind == INTERLEAVE_GRANTING || lockorder_this_hart()->depth != 0 || --points_left)
		return;
	interleave_hook = NULL;
	meanwhile_err = meanwhile();
}

/* Renames "a" while the other thread makes its change at that point. Returns both results in `got`. */
static void rename_beside(unsigned point, int (*change)(void), const char *to, unsigned flags,
			  int *got)
{
	points_left = point;
	meanwhile = change;
	interleave_hook = change_at_a_point;
	got[0] = fs_rename(NULL, "a", NULL, to, flags);
	interleave_hook = NULL;
	got[1] = meanwhile_err;
}

static int make_b(void)
{
	return fs_mknod(NULL, "b", S_IFREG | 0600, 0);
}

static int remove_a(void)
{
	return fs_unlink(NULL, "a");
}

static int remove_b(void)
{
	return fs_unlink(NULL, "b");
}

/* Another file gets the old name. */
static int replace_a(void)
{
	int err = remove_a();

	return err ? err : fs_mknod(NULL, "a", S_IFREG | 0400, 0);
}

/* Another file gets the new name. */
static int replace_b(void)
{
	int err = remove_b();

	return err ? err : fs_mknod(NULL, "b", S_IFREG | 0400, 0);
}

/*
 * Whatever happens between two steps of a rename comes before all of it or after all of it: the modes say which file has
 * which name. `a` has 0600 in the beginning, and `b`, if it is there, 0700.
 */
TEST(beside_changes_of_the_names)
{
	enum { A = S_IFREG | 0600, B = S_IFREG | 0700, OTHER = S_IFREG | 0400, NONE = -ENOENT };
	static const struct {
		int (*meanwhile)(void);
		bool has_b;
		unsigned flags;
		/* The rename's result, the other thread's, and the two modes. */
		int before[4], after[4];
	} rows[] = {
		{ make_b, false, RENAME_NOREPLACE, { -EEXIST, 0, A, A }, { 0, -EEXIST, NONE, A } },
		{ remove_a, false, 0, { -ENOENT, 0, NONE, NONE }, { 0, -ENOENT, NONE, A } },
		{ remove_a, true, 0, { -ENOENT, 0, NONE, B }, { 0, -ENOENT, NONE, A } },
		{ remove_b, true, RENAME_EXCHANGE, { -ENOENT, 0, A, NONE }, { 0, 0, B, NONE } },
		{ remove_b, true, 0, { 0, 0, NONE, A }, { 0, 0, NONE, NONE } },
		{ replace_a, false, 0, { 0, 0, NONE, OTHER }, { 0, -ENOENT, NONE, A } },
		{ replace_a, true, 0, { 0, 0, NONE, OTHER }, { 0, -ENOENT, NONE, A } },
		{ replace_b, true, RENAME_EXCHANGE, { 0, 0, OTHER, A }, { 0, 0, B, OTHER } },
	};

	tree_start();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned nbefore = 0;

		for (unsigned point = 1; !points_left; point++) {
			int got[4];

			assert_int_equal(0, fs_mknod(NULL, "a", A, 0));
			if (rows[i].has_b)
				assert_int_equal(0, fs_mknod(NULL, "b", B, 0));
			rename_beside(point, rows[i].meanwhile, "b", rows[i].flags, got);
			got[2] = tree_mode("a");
			got[3] = tree_mode("b");
			check_tree();
			if (!points_left && memcmp(got, rows[i].before, sizeof(got)) == 0)
				nbefore++;
			else if (!points_left)
				assert_memory_equal(rows[i].after, got, sizeof(got));
			(void)remove_a();
			(void)remove_b();
		}
		assert_true(nbefore > 0);
		points_left = 0;
	}
	tree_end();
}

static int make_directory_b(void)
{
	return fs_mkdir(NULL, "b", 0755);
}

static int make_directory_a(void)
{
	return fs_mkdir(NULL, "a", 0755);
}

static int make_two_directories(void)
{
	return make_directory_a() ?: make_directory_b();
}

static int make_a(void)
{
	return fs_mknod(NULL, "a", S_IFREG | 0600, 0);
}

static int make_a_beside_a_directory(void)
{
	return make_a() ?: make_directory_b();
}

static int remove_directory_b(void)
{
	return fs_rmdir(NULL, "b");
}

static int fill_b(void)
{
	return fs_mknod(NULL, "b/x", S_IFREG | 0600, 0);
}

static int mount_on_a(void)
{
	return fs_mount("tmpfs", "none", NULL, "a", 0, "");
}

static int mount_on_b(void)
{
	return fs_mount("tmpfs", "none", NULL, "b", 0, "");
}

static void remove_all(void)
{
	(void)fs_umount(NULL, "a", 0);
	(void)fs_umount(NULL, "b", 0);
	(void)fs_unlink(NULL, "b/x");
	for (const char *name = "ab"; *name; name++) {
		const char path[] = { *name, '\0' };

		(void)fs_unlink(NULL, path);
		(void)fs_rmdir(NULL, path);
	}
}

/* What may not be renamed, replaced, or added to is not, even if it has become so after the first look. */
TEST(beside_what_forbids_it)
{
	static const struct {
		int (*prepare)(void);
		const char *to;
		int (*meanwhile)(void);
		int before[2], after[2]; /* the rename's result, and the other thread's */
	} rows[] = {
		{ make_a_beside_a_directory,
		  "b/x",
		  remove_directory_b,
		  { -ENOENT, 0 },
		  { 0, -ENOTEMPTY } },
		{ make_a_beside_a_directory, "b/x", fill_b, { 0, 0 }, { 0, -EEXIST } },
		{ make_two_directories, "b", fill_b, { -ENOTEMPTY, 0 }, { 0, 0 } },
		{ make_two_directories, "b", mount_on_b, { -EBUSY, 0 }, { 0, 0 } },
		{ make_directory_a, "b", mount_on_a, { -EBUSY, 0 }, { 0, -ENOENT } },
		{ make_a, "b", make_directory_b, { -EISDIR, 0 }, { 0, -EEXIST } },
		{ make_directory_a, "b", make_b, { -ENOTDIR, 0 }, { 0, -EEXIST } },
	};

	tree_start();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned nbefore = 0;

		for (unsigned point = 1; !points_left; point++) {
			int got[2];

			assert_int_equal(0, rows[i].prepare());
			rename_beside(point, rows[i].meanwhile, rows[i].to, 0, got);
			if (!points_left && memcmp(got, rows[i].before, sizeof(got)) == 0)
				nbefore++;
			else if (!points_left)
				assert_memory_equal(rows[i].after, got, sizeof(got));
			remove_all();
			check_tree();
			assert_int_equal(0, nnames);
		}
		assert_true(nbefore > 0);
		points_left = 0;
	}
	tree_end();
}
