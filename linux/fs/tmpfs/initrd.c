/* SPDX-License-Identifier: MIT */
/* Builds the initial file tree from the boot archive without copying the files' bytes. */
#include "linux/fs/tmpfs/initrd.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "base/clock.h"
#include "base/log.h"
#include "lib/cpio.h"
#include "lib/list.h"
#include "lib/string.h"
#include "linux/fs/tmpfs/dir.h"
#include "linux/fs/tmpfs/file_data.h"
#include "linux/fs/tmpfs/regular.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/path.h"
#include "mm/object/object.h"
#include "mm/phys/kmalloc.h"

#define LINKED_BUCKETS 64

/* A file with several names. Each is an entry of the archive, and the last has the data. Private to boot. */
struct linked {
	struct list link;
	uint32_t ino, dev_major, dev_minor;
	struct inode *inode; /* referenced */
};

/* Private to boot. */
struct archive {
	struct inode *root;
	struct list linked[LINKED_BUCKETS]; /* struct linked, hashed by inode number */
	const char *why; /* a message, if the errno alone does not explain the error */
};

static const char *why_of(int err)
{
	switch (err) {
	case -ENOMEM:
	case -ENOSPC:
		return "no memory for its names";
	case -ENOTDIR:
		return "a name goes through a file that is not a directory";
	case -EISDIR:
		return "a directory and another file have the same name";
	case -ENAMETOOLONG:
		return "a component of a name is longer than 255 bytes";
	default:
		return "a name has .. in it or is empty";
	}
}

static int archive_refuse(struct archive *archive, const char *why)
{
	archive->why = why;
	return -EINVAL;
}

static void set_times(struct inode *inode, const struct cpio_entry *entry)
{
	inode->atime = inode->mtime = inode->ctime = entry->mtime * NSEC_PER_SEC;
}

static int add_directory(struct archive *archive, const struct cpio_entry *entry)
{
	struct inode *dir;
	int err = make_directories(archive->root, entry->name, &dir);

	if (err)
		return err;
	/* The directory is not visible to any process yet, so these may still change. */
	dir->mode = S_IFDIR | (entry->mode & S_IALLUGO);
	set_times(dir, entry);
	inode_put(dir);
	return 0;
}

/* Adds a fresh inode to the tree and takes over its reference. NULL: creating the inode failed. */
static int add_inode(struct archive *archive, const struct cpio_entry *entry, struct inode *inode)
{
	int err;

	if (!inode)
		return -ENOMEM;
	err = make_path(archive->root, entry->name, inode, true);
	set_times(inode, entry);
	inode_put(inode);
	return err;
}

static int add_symlink(struct archive *archive, const struct cpio_entry *entry)
{
	if (entry->size == 0 || entry->size >= PATH_MAX || memchr(entry->data, 0, entry->size))
		return archive_refuse(
			archive, "a symbolic link's target is empty, too long, or has a NUL in it");
	return add_inode(archive, entry,
			 symlink_create(archive->root->mount, entry->data, entry->size));
}

static struct linked *find_linked(struct archive *archive, const struct cpio_entry *entry)
{
	struct linked *linked;

	list_for_each_entry(linked, &archive->linked[entry->ino % LINKED_BUCKETS], link)
		if (linked->ino == entry->ino && linked->dev_major == entry->dev_major &&
		    linked->dev_minor == entry->dev_minor)
			return linked;
	return NULL;
}

/* Records the inode for the other entries of the same file, and takes over its reference. */
static int remember(struct archive *archive, const struct cpio_entry *entry, struct inode *inode)
{
	struct linked *linked = kmalloc(sizeof(*linked));

	if (!linked) {
		inode_put(inode);
		return -ENOMEM;
	}
	linked->ino = entry->ino;
	linked->dev_major = entry->dev_major;
	linked->dev_minor = entry->dev_minor;
	linked->inode = inode;
	list_add(&archive->linked[entry->ino % LINKED_BUCKETS], &linked->link);
	/* gcc-analyzer-suppress malloc-leak ; it is on the list now */
	return 0;
}

/* The entry brings the bytes of a file that has been empty until now. */
static int set_bytes(struct inode *inode, const struct cpio_entry *entry)
{
	struct object *object;

	if (entry->size == 0)
		return 0;
	object = file_data_create(entry->data, entry->size, inode->mount);
	if (!object)
		return -ENOMEM;
	file_data_set_inode(inode->object, NULL);
	object_put(inode->object);
	inode->object = object;
	file_data_set_inode(object, inode);
	return 0;
}

static int add_regular(struct archive *archive, const struct cpio_entry *entry)
{
	struct linked *linked = entry->nlink > 1 ? find_linked(archive, entry) : NULL;
	struct inode *inode;

	if (linked) {
		int err = set_bytes(linked->inode, entry);

		if (err)
			return err;
		inode_get(linked->inode);
		return add_inode(archive, entry, linked->inode);
	}
	inode = regular_create(archive->root->mount, entry->mode, entry->data, entry->size);
	if (inode && entry->nlink > 1) {
		inode_get(inode);
		if (remember(archive, entry, inode) != 0) {
			inode_put(inode);
			return -ENOMEM;
		}
	}
	return add_inode(archive, entry, inode);
}

static int add_entry(struct archive *archive, const struct cpio_entry *entry)
{
	switch (entry->mode & S_IFMT) {
	case S_IFDIR:
		return add_directory(archive, entry);
	case S_IFREG:
		return add_regular(archive, entry);
	case S_IFLNK:
		return add_symlink(archive, entry);
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		/* Device files exist only for devices that the kernel finds. */
		log_debug("fs", "archive: skipped %s, a device, pipe or socket", entry->name);
		return 0;
	default:
		return archive_refuse(archive, "an entry is of no known type");
	}
}

static void archive_init(struct archive *archive, struct inode *root)
{
	archive->root = root;
	for (unsigned i = 0; i < LINKED_BUCKETS; i++)
		list_init(&archive->linked[i]);
	archive->why = NULL;
}

static void forget_linked(struct list *bucket)
{
	struct list *node;

	while ((node = list_pop(bucket)) != NULL) {
		struct linked *linked = list_entry(node, struct linked, link);

		inode_put(linked->inode);
		kfree(linked);
	}
}

int initrd_unpack(struct mount *mount, const void *data, size_t size, const char **why_ret)
{
	static struct archive archive; /* private to boot; too large for the stack */
	struct cpio_entry entry;
	struct cpio cpio;
	unsigned count = 0;
	int err;

	archive_init(&archive, mount->root);
	cpio_init(&cpio, data, size);
	while ((err = cpio_next(&cpio, &entry)) > 0) {
		err = add_entry(&archive, &entry);
		if (err)
			break;
		count++;
	}
	for (unsigned i = 0; i < LINKED_BUCKETS; i++)
		forget_linked(&archive.linked[i]);
	if (err) {
		*why_ret = cpio.why ? cpio.why : archive.why ? archive.why : why_of(err);
		return err;
	}
	log_info("fs", "archive of %zu KiB: %u entries", size / 1024, count);
	return 0;
}
