/* SPDX-License-Identifier: MIT */
/* Boot archives as the tree: linux/fs/tmpfs/initrd.c on the fake machine; all of it can be taken away again, and every frame is back. */

/* An input: 4 bytes, of which the first says which allocation fails (0: none); then the archive. */
#include "abi/errno.h"
#include "fuzz.h"
#include "lib/cpio.h"
#include "lib/string.h"
#include "linux/fs/tmpfs/dir.h"
#include "linux/fs/tmpfs/initrd.h"
#include "linux/fs/tmpfs/tmpfs.h"
#include "linux/fs/vfs/path.h"
#include "mm/check/alloc_fail.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/relieve.h"
#include "tests/host/fs/fake_proc.h"
#include "tests/host/fs/tree.h"

#define HEAD 4

static size_t free_at_start;

/* The inode at the end of a path, no links followed; NULL: none. */
static struct inode *find(const char *path)
{
	struct inode *inode = mount_tree_root(), *next;
	struct path_part part;

	inode_get(inode);
	while (inode && *path) {
		path = path_part_next(path, &part);
		if (part.kind != PATH_NAME)
			continue;
		next = S_ISDIR(inode->mode) ? dir_find(inode, part.name, part.len) : NULL;
		inode_put(inode);
		inode = next;
	}
	return inode;
}

static bool is_in_tree(const struct cpio_entry *entry)
{
	uint32_t type = entry->mode & S_IFMT;

	return type == S_IFREG || type == S_IFDIR || type == S_IFLNK;
}

/* Each entry that has a place in the tree is there, and is what an entry of its name says. */
static void check_entries(const uint8_t *data, size_t size)
{
	struct cpio_entry entry;
	struct cpio cpio;

	cpio_init(&cpio, data, size);
	while (cpio_next(&cpio, &entry) == 1) {
		struct inode *inode;

		if (!is_in_tree(&entry))
			continue;
		inode = find(entry.name);
		fuzz_check(inode);
		/* A later entry of that name may be a link in a file's place, but no directory. */
		fuzz_equal(S_ISDIR(inode->mode), (entry.mode & S_IFMT) == S_IFDIR);
		inode_put(inode);
	}
}

/* Takes away all that is in a directory. */
static void empty(struct inode *dir)
{
	struct dir_item item;

	while (dir_item_from(dir, DIR_FIRST_POS, &item) == 0) {
		struct inode *inode = dir_find(dir, item.text, item.len), *gone = NULL;

		fuzz_check(inode && inode->mode == item.mode);
		if (S_ISDIR(inode->mode)) {
			empty(inode);
			fuzz_equal(dir_remove(dir, item.text, item.len, true, &gone), 0);
		} else {
			fuzz_equal(dir_remove(dir, item.text, item.len, false, &gone), 0);
		}
		fuzz_check(gone == inode);
		inode_put(gone);
		inode_put(inode);
	}
}

static void start(void)
{
	tree_start();
	mm_trim();
	free_at_start = page_alloc_free_count();
}

bool fuzz_one(const uint8_t *data, size_t size)
{
	const char *why = NULL;
	int err;

	if (free_at_start == 0)
		start();
	if (size < HEAD)
		return false;
	alloc_fail_at = data[0];
	err = initrd_unpack(mount_tree_root()->mount, data + HEAD, size - HEAD, &why);
	alloc_fail_at = 0;
	if (err == 0)
		check_entries(data + HEAD, size - HEAD);
	else
		fuzz_check(err < 0 && why && why[0]);
	empty(mount_tree_root());
	fuzz_equal(fake_mutexes_held, 0);
	mm_trim();
	fuzz_equal(page_alloc_free_count(), free_at_start);
	return err == 0;
}
