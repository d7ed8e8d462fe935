/* SPDX-License-Identifier: MIT */
/* The file system mounted on /sys: which processors there are. */
/*
 * C libraries and runtimes read these files to learn how many threads make sense. Nothing else of
 * Linux's tree is here, and nothing can be changed. The names are fixed, so all inodes are made when
 * the file system is first mounted, and stay.
 */
#include "fs/sysfs.h"

#include "abi/errno.h"
#include "abi/fcntl.h"
#include "base/hart.h"
#include "fs/dir_file.h"
#include "fs/path.h"
#include "fs/poll.h"
#include "fs/seek.h"
#include "lib/format.h"
#include "lib/string.h"

#define FILE_SIZE PAGE_SIZE /* as Linux says of each */

enum { ROOT, DEVICES, SYSTEM, CPU, ONLINE, POSSIBLE, PRESENT, NODES };

struct sys_node {
	struct inode inode;
	/* const: */
	const char *name;
	unsigned parent; /* the root is its own */
};

static struct sys_node nodes[NODES] = {
	[ROOT] = { .name = "", .parent = ROOT },
	[DEVICES] = { .name = "devices", .parent = ROOT },
	[SYSTEM] = { .name = "system", .parent = DEVICES },
	[CPU] = { .name = "cpu", .parent = SYSTEM },
	[ONLINE] = { .name = "online", .parent = CPU },
	[POSSIBLE] = { .name = "possible", .parent = CPU },
	[PRESENT] = { .name = "present", .parent = CPU },
};

static uint32_t is_made; /* atomic: 0 or 1 */
static struct mount *only;

static struct sys_node *to_sys(struct inode *inode)
{
	return container_of(inode, struct sys_node, inode);
}

static unsigned sys_node_index(struct inode *inode)
{
	return (unsigned)(to_sys(inode) - nodes);
}

/* ---- files ---- */

/* All harts run programs from the start to the end, so the three files are the same. */
static ssize_t sysfs_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	char text[16];
	size_t len, n;

	(void)file;
	if (hart_count == 1)
		ksnprintf(text, sizeof(text), "0\n");
	else
		ksnprintf(text, sizeof(text), "0-%u\n", hart_count - 1);
	len = strlen(text);
	if (*pos >= len)
		return 0;
	n = MIN(to->left, len - *pos);
	if (user_iter_copy_out(to, text + *pos, n) != n)
		return -EFAULT;
	*pos += n;
	return (ssize_t)n;
}

static int64_t sysfs_seek(struct file *file, int64_t offset, int whence)
{
	return file_seek_within(file, FILE_SIZE, offset, whence);
}

static int sysfs_fsync(struct file *file, bool data_only)
{
	(void)file, (void)data_only;
	return 0;
}

static const struct file_ops sysfs_file_ops = {
	.name = "fact about the machine",
	.read = sysfs_read,
	.stat = inode_file_stat,
	.seek = sysfs_seek,
	.poll = poll_always,
	.fsync = sysfs_fsync,
	.release = inode_file_release,
	.has_inode = true,
};

/* ---- names ---- */

static int sysfs_lookup(struct inode *dir, const char *name, size_t len, struct inode **inode_ret)
{
	for (unsigned i = ROOT + 1; i < NODES; i++) {
		if (nodes[i].parent != sys_node_index(dir) || strlen(nodes[i].name) != len ||
		    memcmp(nodes[i].name, name, len) != 0)
			continue;
		inode_get(&nodes[i].inode);
		*inode_ret = &nodes[i].inode;
		return 0;
	}
	return -ENOENT;
}

/* A node's position is its index, behind those of "." and "..". */
static int sysfs_readdir(struct inode *dir, uint64_t pos, struct dir_item *item)
{
	for (uint64_t i = MAX(pos - DIR_FIRST_POS, ROOT + 1ul); i < NODES; i++) {
		if (nodes[i].parent != sys_node_index(dir))
			continue;
		item->pos = DIR_FIRST_POS + i;
		dir_item_set(item, nodes[i].inode.ino, nodes[i].inode.mode, nodes[i].name);
		return 0;
	}
	return -ENODATA;
}

/* As on Linux, which refuses directories before it looks whether anything may be made. */
static int sysfs_create(struct inode *dir, const char *name, size_t len, unsigned mode,
			struct inode **inode_ret)
{
	(void)dir, (void)name, (void)len, (void)inode_ret;
	return S_ISDIR(mode) ? -EPERM : -EACCES;
}

static struct inode *sysfs_parent(struct inode *dir)
{
	struct inode *parent = &nodes[to_sys(dir)->parent].inode;

	inode_get(parent);
	return parent;
}

static int sysfs_path(struct inode *inode, struct path_text *text)
{
	for (unsigned i = sys_node_index(inode); !path_reached(text, &nodes[i].inode) && i != ROOT;
	     i = nodes[i].parent) {
		if (path_prepend(text, nodes[i].name, strlen(nodes[i].name)) != 0)
			return -ERANGE;
	}
	return 0;
}

static int sysfs_getattr(struct inode *inode, struct abi_stat *st)
{
	inode_fill_stat(inode, st);
	if (S_ISREG(inode->mode))
		st->size = FILE_SIZE;
	return 0;
}

static int sysfs_setattr(struct inode *inode, const struct inode_attr *attr)
{
	inode_set_attr(inode, attr);
	return 0;
}

static int sysfs_resize(struct inode *inode, uint64_t size)
{
	(void)inode, (void)size;
	return 0;
}

static int sysfs_open(struct inode *inode, unsigned flags)
{
	return S_ISREG(inode->mode) && (flags & O_ACCMODE) != O_RDONLY ? -EACCES : 0;
}

/* The table has a reference to each, so this is never called. */
static struct inode *sysfs_free(struct inode *inode)
{
	(void)inode;
	assert(false);
	return NULL;
}

static void sysfs_holds(struct inode *inode)
{
	inode_found(inode);
}

static const struct inode_ops sysfs_ops = {
	.lookup = sysfs_lookup,
	.create = sysfs_create,
	.readdir = sysfs_readdir,
	.parent = sysfs_parent,
	.path = sysfs_path,
	.getattr = sysfs_getattr,
	.setattr = sysfs_setattr,
	.resize = sysfs_resize,
	.open = sysfs_open,
	.free = sysfs_free,
	.holds = sysfs_holds,
};

static int fill_sysfs(struct mount *mount, const char *options)
{
	if (*options != '\0')
		return -EINVAL;
	if (!atomic_cas(&is_made, 0, 1))
		return -EBUSY;
	for (unsigned i = 0; i < NODES; i++) {
		bool is_dir = i < ONLINE;

		inode_init(&nodes[i].inode, mount, i + 1, is_dir ? S_IFDIR | 0755 : S_IFREG | 0444,
			   &sysfs_ops, is_dir ? &dir_file_ops : &sysfs_file_ops);
		nodes[i].inode.nlink = is_dir ? 2 : 1;
		if (is_dir && i != ROOT)
			nodes[nodes[i].parent].inode.nlink++;
	}
	inode_get(&nodes[ROOT].inode);
	mount->root = &nodes[ROOT].inode;
	return 0;
}

const struct fs_type sysfs_type = {
	.name = "sysfs",
	.magic = ABI_SYSFS_MAGIC,
	.fill_mount = fill_sysfs,
	.only = &only,
};
