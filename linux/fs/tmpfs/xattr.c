/* SPDX-License-Identifier: MIT */
/* Extended attributes: a list in each file and directory, the newest first, under the inode's lock. */
#include "linux/fs/tmpfs/xattr.h"

#include "abi/errno.h"
#include "abi/xattr.h"
#include "lib/string.h"
#include "linux/fs/tmpfs/room.h"
#include "linux/mem/quota.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

/* Charged as names are, and to the mount. The names of one inode fit into a list of XATTR_LIST_MAX bytes. Guarded by the lock of the node. */
struct xattr {
	struct xattr *next;
	uint32_t name_size; /* with the NUL */
	uint32_t value_size;
	char bytes[]; /* the name and the value */
};

static struct xattr **xattrs_of(struct tmpfs_node *node)
{
	return S_ISDIR(node->inode.mode) ? &node->dir.xattrs : &node->xattrs;
}

static unsigned records_of(size_t name_size, size_t value_size)
{
	return quota_records_of(sizeof(struct xattr) + name_size + value_size);
}

static bool xattr_count(struct tmpfs_node *node, size_t name_size, size_t value_size)
{
	if (!quota_records_made(records_of(name_size, value_size)))
		return false;
	if (room_xattr_made(node, name_size - 1, value_size))
		return true;
	quota_records_gone(records_of(name_size, value_size));
	return false;
}

static void xattr_uncount(struct tmpfs_node *node, size_t name_size, size_t value_size)
{
	room_xattr_gone(node, name_size - 1, value_size);
	quota_records_gone(records_of(name_size, value_size));
}

/* Returns 0, -ENOSPC or -ENOMEM. */
static int xattr_alloc(struct tmpfs_node *node, const char *name, const void *value, size_t size,
		       struct xattr **ret)
{
	size_t name_size = strlen(name) + 1;
	struct xattr *xattr;

	if (!xattr_count(node, name_size, size))
		return -ENOSPC;
	xattr = mem_wait_kmalloc(sizeof(*xattr) + name_size + size);
	if (!xattr) {
		xattr_uncount(node, name_size, size);
		return -ENOMEM;
	}
	xattr->name_size = (uint32_t)name_size;
	xattr->value_size = (uint32_t)size;
	memcpy(xattr->bytes, name, name_size);
	memcpy(xattr->bytes + name_size, value, size);
	*ret = xattr;
	return 0;
}

static void xattr_free(struct tmpfs_node *node, struct xattr *xattr)
{
	if (!xattr)
		return;
	xattr_uncount(node, xattr->name_size, xattr->value_size);
	kfree(xattr);
}

/* Returns where the list refers to it; that is NULL if there is none. Call with the inode's lock held. */
static struct xattr **xattr_find(struct tmpfs_node *node, const char *name)
{
	struct xattr **at = xattrs_of(node);

	while (*at && strcmp((*at)->bytes, name) != 0)
		at = &(*at)->next;
	return at;
}

static size_t names_size(struct tmpfs_node *node)
{
	size_t size = 0;

	for (const struct xattr *xattr = *xattrs_of(node); xattr; xattr = xattr->next)
		size += xattr->name_size;
	return size;
}

static ssize_t copy_value(const struct xattr *xattr, vaddr_t to, size_t size)
{
	if (!xattr)
		return -ENODATA;
	if (size == 0)
		return xattr->value_size;
	if (xattr->value_size > size)
		return -ERANGE;
	if (user_copy_out(to, xattr->bytes + xattr->name_size, xattr->value_size))
		return -EFAULT;
	return xattr->value_size;
}

ssize_t tmpfs_xattr_get(struct inode *inode, const char *name, vaddr_t to, size_t size)
{
	struct tmpfs_node *node = to_node(inode);
	ssize_t done = mutex_lock_killable(&node->lock);

	if (done)
		return done;
	done = copy_value(*xattr_find(node, name), to, size);
	mutex_unlock(&node->lock);
	return done;
}

static ssize_t copy_names(struct tmpfs_node *node, vaddr_t to, size_t size)
{
	size_t all = names_size(node);

	if (size == 0)
		return (ssize_t)all;
	if (all > size)
		return -ERANGE;
	for (const struct xattr *xattr = *xattrs_of(node); xattr; xattr = xattr->next) {
		if (user_copy_out(to, xattr->bytes, xattr->name_size))
			return -EFAULT;
		to += xattr->name_size;
	}
	return (ssize_t)all;
}

ssize_t tmpfs_xattr_list(struct inode *inode, vaddr_t to, size_t size)
{
	struct tmpfs_node *node = to_node(inode);
	ssize_t done = mutex_lock_killable(&node->lock);

	if (done)
		return done;
	done = copy_names(node, to, size);
	mutex_unlock(&node->lock);
	return done;
}

/* Puts `fresh` into the list, in the place of one of that name, which it returns in *old_ret. */
static int xattr_put(struct tmpfs_node *node, struct xattr *fresh, unsigned flags,
		     struct xattr **old_ret)
{
	struct xattr **at = xattr_find(node, fresh->bytes), *old = *at;

	if (old && (flags & XATTR_CREATE))
		return -EEXIST;
	if (!old && (flags & XATTR_REPLACE))
		return -ENODATA;
	if (!old && names_size(node) + fresh->name_size > XATTR_LIST_MAX)
		return -ENOSPC;
	if (old) {
		fresh->next = old->next;
		*at = fresh;
	} else {
		fresh->next = *xattrs_of(node);
		*xattrs_of(node) = fresh;
	}
	*old_ret = old;
	return 0;
}

int tmpfs_xattr_set(struct inode *inode, const char *name, const void *value, size_t size,
		    unsigned flags)
{
	struct tmpfs_node *node = to_node(inode);
	struct xattr *fresh, *old = NULL;
	int err = xattr_alloc(node, name, value, size, &fresh);

	if (err)
		return err;
	err = mutex_lock_killable(&node->lock);
	if (err == 0) {
		err = xattr_put(node, fresh, flags, &old);
		mutex_unlock(&node->lock);
	}
	if (err == 0)
		inode_meta_now(inode);
	xattr_free(node, err ? fresh : old);
	return err;
}

int tmpfs_xattr_remove(struct inode *inode, const char *name)
{
	struct tmpfs_node *node = to_node(inode);
	struct xattr **at, *old;
	int err = mutex_lock_killable(&node->lock);

	if (err)
		return err;
	at = xattr_find(node, name);
	old = *at;
	if (old)
		*at = old->next;
	mutex_unlock(&node->lock);
	if (!old)
		return -ENODATA;
	inode_meta_now(inode);
	xattr_free(node, old);
	return 0;
}

void tmpfs_xattrs_free(struct tmpfs_node *node)
{
	struct xattr *next;

	for (struct xattr *xattr = *xattrs_of(node); xattr; xattr = next) {
		next = xattr->next;
		xattr_free(node, xattr);
	}
}
