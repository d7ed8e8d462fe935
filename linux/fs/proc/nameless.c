/* SPDX-License-Identifier: MIT */
/* Inodes on no file system: each has what it shows in itself, and keeps nothing else from ending. */
#include "linux/fs/proc/nameless.h"

#include "abi/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "linux/fs/vfs/namespace.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

#define LABEL_SIZE 64u

struct nameless {
	struct inode inode; /* guarded as struct inode says */
	/* const: */
	struct abi_stat st;
	const struct namespace *ns; /* NULL: it stands for a file */
	char label[LABEL_SIZE];
};

static const struct inode_ops stand_in_ops, namespace_ops;

static struct nameless *to_nameless(struct inode *inode)
{
	return container_of(inode, struct nameless, inode);
}

static struct nameless *nameless_make(uint32_t mode, uint64_t ino, const struct inode_ops *ops,
				      const struct file_ops *file_ops)
{
	struct nameless *it = mem_wait_kzalloc(sizeof(*it));

	if (!it)
		return NULL;
	inode_init(&it->inode, NULL, ino, mode, ops, file_ops);
	it->inode.nlink = 1;
	return it;
}

ssize_t nameless_file_label(struct file *file, char *buf, size_t size)
{
	struct abi_stat st;

	if (file->ops->label)
		return file->ops->label(file, buf, size);
	if (file->ops->stat && file->ops->stat(file, &st) == 0)
		return ksnprintf(buf, size, "pipe:[%lu]", (unsigned long)st.ino);
	return ksnprintf(buf, size, "anon_inode:[%s]", file->ops->name);
}

int nameless_of_file(struct file *file, struct inode **inode_ret)
{
	struct abi_stat st;
	struct nameless *it;
	int err = file->ops->stat && !file->ops->stays ? file->ops->stat(file, &st) : -ENXIO;

	if (err)
		return err;
	it = nameless_make(st.mode, st.ino, &stand_in_ops, &path_file_ops);
	if (!it)
		return -ENOMEM;
	it->inode.uid = st.uid;
	it->inode.gid = st.gid;
	it->st = st;
	(void)nameless_file_label(file, it->label, sizeof(it->label));
	*inode_ret = &it->inode;
	return 0;
}

int nameless_of_namespace(const struct namespace *ns, struct inode **inode_ret)
{
	struct nameless *it =
		nameless_make(S_IFREG | 0444, ns->ino, &namespace_ops, &namespace_file_ops);

	if (!it)
		return -ENOMEM;
	inode_fill_stat(&it->inode, &it->st);
	it->ns = ns;
	(void)namespace_label(ns, it->label, sizeof(it->label));
	*inode_ret = &it->inode;
	return 0;
}

const struct namespace *nameless_namespace(const struct inode *inode)
{
	return inode->ops == &namespace_ops ? container_of(inode, const struct nameless, inode)->ns
					    : NULL;
}

static size_t nameless_label(struct inode *inode, char *buf, size_t size)
{
	return str_copy(buf, to_nameless(inode)->label, size);
}

static int nameless_getattr(struct inode *inode, struct abi_stat *st)
{
	*st = to_nameless(inode)->st;
	return 0;
}

static int stand_in_open(struct inode *inode, unsigned flags)
{
	(void)inode, (void)flags;
	return -ENXIO;
}

/* As on Linux, where they are immutable. */
static int namespace_open(struct inode *inode, unsigned flags)
{
	(void)inode;
	return (flags & O_ACCMODE) != O_RDONLY ? -EPERM : 0;
}

static int namespace_resize(struct inode *inode, uint64_t size)
{
	(void)inode, (void)size;
	return -EPERM;
}

static struct inode *nameless_free(struct inode *inode)
{
	kfree(to_nameless(inode));
	return NULL;
}

static void nameless_holds(struct inode *inode)
{
	(void)inode;
}

static const struct inode_ops stand_in_ops = {
	.label = nameless_label,
	.magic = ABI_ANON_MAGIC,
	.getattr = nameless_getattr,
	.open = stand_in_open,
	.free = nameless_free,
	.holds = nameless_holds,
};

static const struct inode_ops namespace_ops = {
	.label = nameless_label,
	.magic = ABI_NSFS_MAGIC,
	.getattr = nameless_getattr,
	.open = namespace_open,
	.resize = namespace_resize,
	.free = nameless_free,
	.holds = nameless_holds,
};
