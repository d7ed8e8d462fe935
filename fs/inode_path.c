/* SPDX-License-Identifier: MIT */
/* The absolute path of a file, put together from its end: the path in each mount on the way up. */
#include "fs/inode_path.h"

#include "abi/errno.h"
#include "fs/mount.h"
#include "fs/process_fs.h"
#include "lib/string.h"

#define UNREACHABLE "(unreachable)"

int path_prepend(struct path_text *text, const char *name, size_t len)
{
	if (text->at <= len)
		return -ERANGE;
	text->at -= len + 1;
	text->buf[text->at] = '/';
	memcpy(text->buf + text->at + 1, name, len);
	return 0;
}

/* Says in front of a path that it does not begin at the root. */
static int prepend_unreachable(struct path_text *text)
{
	if (text->at < strlen(UNREACHABLE))
		return -ERANGE;
	text->at -= strlen(UNREACHABLE);
	memcpy(text->buf + text->at, UNREACHABLE, strlen(UNREACHABLE));
	return 0;
}

/* Writes the path through all mounts, up to the root or as far as they go. Returns 0 or an errno. */
static int prepend_all(struct path_text *text, struct inode *inode)
{
	struct inode *root = NULL;
	int err = 0;

	path_get(inode);
	while (inode != root) {
		err = inode->ops->path(inode, text);
		if (err || text->reached)
			break;
		root = inode->mount->root;
		path_get(root);
		path_put(inode);
		inode = root;
		mount_leave(&inode, text->root);
	}
	path_put(inode);
	return err;
}

/* `says`: a path that does not begin at the root says so. Returns as inode_path(). */
static ssize_t write_path(struct inode *inode, char *buf, size_t size, bool says)
{
	struct path_text text = { .buf = buf, .at = size - 1, .root = process_root() };
	size_t len;
	int err;

	if (size == 0)
		return -ERANGE;
	err = prepend_all(&text, inode);
	if (err == 0 && text.at == size - 1)
		err = path_prepend(&text, "", 0);
	if (err == 0 && says && !text.reached)
		err = prepend_unreachable(&text);
	if (err)
		return err;
	len = size - 1 - text.at;
	memmove(buf, buf + text.at, len);
	buf[len] = '\0';
	return (ssize_t)len + 1;
}

ssize_t inode_path(struct inode *inode, char *buf, size_t size)
{
	return write_path(inode, buf, size, true);
}

ssize_t inode_path_anyway(struct inode *inode, char *buf, size_t size)
{
	return write_path(inode, buf, size, false);
}
