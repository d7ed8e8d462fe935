/* SPDX-License-Identifier: MIT */
/* Open regular files on a 9P server: the table of their slots, and those that are about nothing else. */
#include "linux/fs/p9/regular.h"

#include "abi/errno.h"
#include "desc/read_object.h"
#include "desc/seek.h"
#include "linux/fs/p9/data.h"
#include "linux/fs/p9/fsync.h"
#include "linux/fs/p9/node.h"
#include "linux/fs/p9/removal.h"
#include "linux/fs/p9/revalidate.h"
#include "linux/fs/p9/write.h"
#include "linux/fs/vfs/inode.h"
#include "mm/object/object_size.h"

/* The server's file may end before what was to be read. */
static bool learn_end(struct p9_node *node)
{
	int err = mutex_lock_killable(&node->lock);

	if (err)
		return false;
	err = p9_data_learn_end(node);
	mutex_unlock(&node->lock);
	return err == 0;
}

static ssize_t p9_file_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	struct p9_node *node = to_p9_node(file_inode(file));
	ssize_t done = read_object(node->inode.object, to, pos);

	if (done == -EIO && atomic_load(&node->data->reading.is_cut) && learn_end(node))
		done = read_object(node->inode.object, to, pos);
	return done;
}

static int64_t p9_file_seek(struct file *file, int64_t offset, int whence)
{
	return file_seek_within(file, object_size(file_inode(file)->object), offset, whence);
}

static struct object *p9_file_object(struct file *file)
{
	return file_inode(file)->object;
}

static int p9_file_truncate(struct file *file, uint64_t size)
{
	struct inode *inode = file_inode(file);
	int err = p9_check_name(to_p9_node(inode));

	return err ? err : p9_resize(inode, size);
}

/* At the end of a process, p9_file_flush() was not called. */
static void p9_file_release(struct file *file)
{
	struct p9_node *node = to_p9_node(file_inode(file));

	if (file_writable(file)) {
		object_put_write(file_inode(file)->object);
		p9_data_end_write(node);
	}
	p9_unuse(node, true);
	inode_file_release(file);
}

const struct file_ops p9_regular_ops = {
	.name = "file of a server",
	.opened = p9_file_opened,
	.read = p9_file_read,
	.write = p9_write,
	.truncate = p9_file_truncate,
	.fsync = p9_fsync,
	.flush = p9_file_flush,
	.stat = inode_file_stat,
	.seek = p9_file_seek,
	.object = p9_file_object,
	.release = p9_file_release,
	.has_inode = true,
};
