/* SPDX-License-Identifier: MIT */
/* The absolute path of a file, put together from its end: the path in each mount on the way up. */
#include "fs/inode_path.h"

#include "abi/errno.h"
#include "fs/mount.h"
#include "lib/string.h"

#define UNREACHABLE "(unreachable)"

int path_prepend(char *buf, size_t *at, const char *name, size_t len)
{
	if (*at <= len)
		return -ERANGE;
	*at -= len + 1;
	buf[*at] = '/';
	memcpy(buf + *at + 1, name, len);
	return 0;
}

/* Says in front of a path that it does not begin at the root of the tree. */
static int prepend_unreachable(char *buf, size_t *at)
{
	if (*at < strlen(UNREACHABLE))
		return -ERANGE;
	*at -= strlen(UNREACHABLE);
	memcpy(buf + *at, UNREACHABLE, strlen(UNREACHABLE));
	return 0;
}

/* Writes the path so that it ends at buf + size. Returns its length, or a negative errno. */
static ssize_t path_backwards(struct inode *dir, char *buf, size_t size)
{
	struct inode *root = NULL;
	size_t at = size;
	ssize_t len = 0;

	path_get(dir);
	while (dir != root && (len = dir->ops->path(dir, buf, at)) >= 0) {
		at -= (size_t)len;
		root = dir->mount->root;
		path_get(root);
		path_put(dir);
		dir = root;
		mount_leave(&dir);
	}
	if (len >= 0 && at == size)
		len = path_prepend(buf, &at, "", 0);
	if (len >= 0 && dir != mount_tree_root())
		len = prepend_unreachable(buf, &at);
	path_put(dir);
	return len < 0 ? len : (ssize_t)(size - at);
}

ssize_t inode_path(struct inode *dir, char *buf, size_t size)
{
	ssize_t len;

	if (size == 0)
		return -ERANGE;
	len = path_backwards(dir, buf, size - 1);
	if (len < 0)
		return len;
	memmove(buf, buf + size - 1 - (size_t)len, (size_t)len);
	buf[len] = '\0';
	return len + 1;
}
