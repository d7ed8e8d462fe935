/* SPDX-License-Identifier: MIT */
/* Regular files: read, write, seek, truncate and fallocate. */
#include "linux/fs/tmpfs/regular.h"

#include "abi/errno.h"
#include "desc/read_object.h"
#include "desc/seek.h"
#include "lib/bits.h"
#include "linux/fs/file/file_more.h"
#include "linux/fs/file/size_limit.h"
#include "linux/fs/tmpfs/file_data.h"
#include "linux/fs/tmpfs/room.h"
#include "linux/fs/tmpfs/seals.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/permission.h"
#include "linux/mem/quota.h"
#include "mm/fault/user_copy.h"
#include "mm/object/object.h"
#include "linux/mem/object_holes.h"
#include "mm/object/object_io.h"
#include "mm/object/object_size.h"
#include "mm/phys/page_alloc.h"
#include "linux/mem/object_room.h"

struct inode *regular_create(struct mount *mount, uint32_t mode, const void *initial, uint64_t size)
{
	struct inode *inode =
		tmpfs_node_create(mount, S_IFREG | (mode & S_IALLUGO), &regular_file_ops);

	if (!inode)
		return NULL;
	to_node(inode)->seals = F_SEAL_SEAL;
	inode->object = file_data_create(initial, size, mount);
	if (!inode->object) {
		inode_put(inode);
		return NULL;
	}
	file_data_set_inode(inode->object, inode);
	return inode;
}

void regular_free(struct inode *inode)
{
	if (!inode->object)
		return;
	file_data_set_inode(inode->object, NULL);
	object_put(inode->object);
}

uint64_t regular_size(struct inode *inode)
{
	return object_size(inode->object);
}

uint64_t regular_pages(struct inode *inode)
{
	return MAX(atomic_load_relaxed(&inode->object->npages) +
			   atomic_load_relaxed(&inode->object->nswapped),
		   file_data_initial_pages(inode->object));
}

/* The bytes change. */
static inline void regular_change(struct inode *inode)
{
	if (unlikely(atomic_load_relaxed(&inode->mode) & (S_ISUID | S_ISGID)))
		inode_drop_privileges(inode);
	inode_changed_now(inode);
}

int regular_truncate(struct inode *inode, uint64_t size)
{
	int err = mutex_lock_killable(&to_node(inode)->lock);

	if (err)
		return err;
	err = size_limit_resize(regular_size(inode), size);
	if (err == 0)
		err = seals_check_size(inode, size);
	if (err == 0)
		err = object_set_size(inode->object, size);
	if (err == 0)
		regular_change(inode);
	mutex_unlock(&to_node(inode)->lock);
	return err;
}

static ssize_t regular_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	struct inode *inode = file_inode(file);
	ssize_t done = read_object(inode->object, to, pos);

	inode_read_now(inode);
	return done;
}

/* Returns how many of n bytes the seals allow to write, or -EPERM. Called with inode->lock held. */
static inline ssize_t may_write(struct inode *inode, uint64_t at, size_t n)
{
	return likely(to_node(inode)->seals <= F_SEAL_SEAL) ? (ssize_t)n
							    : seals_check_write(inode, at, n);
}

/* As on Linux, an unreadable buffer gives -EFAULT before any seal is checked. */
static ssize_t write_refused(struct user_iter *from)
{
	char byte;

	return user_iter_copy_in(from, &byte, 1) != 1 ? -EFAULT : -EPERM;
}

/* Called with inode->lock held. */
static ssize_t write_at(struct inode *inode, struct user_iter *from, uint64_t *at)
{
	ssize_t put = from->left != 0 ? may_write(inode, *at, from->left) : 0;

	if (put > 0)
		put = write_object(inode->object, from, *at, (size_t)put);
	else if (put < 0)
		put = write_refused(from);
	if (put > 0)
		*at += (uint64_t)put;
	return put;
}

static ssize_t regular_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	struct inode *inode = file_inode(file);
	uint64_t at;
	ssize_t done;

	done = mutex_lock_killable(&to_node(inode)->lock);
	if (unlikely(done != 0))
		return done;
	at = file_appends(file, from) ? regular_size(inode) : *pos;
	done = size_limit_write(from, at);
	if (unlikely(done != 0)) {
		mutex_unlock(&to_node(inode)->lock);
		return done;
	}
	/* First, as on Linux: a thread that sees new bytes sees the new times. */
	if (likely(from->left != 0))
		regular_change(inode);
	done = write_at(inode, from, &at);
	if (done > 0)
		*pos = at;
	mutex_unlock(&to_node(inode)->lock);
	return done;
}

/* SEEK_DATA and SEEK_HOLE, by pages; the end of the file counts as a hole. */
static int64_t seek_hole(struct file *file, int64_t offset, bool hole)
{
	struct inode *inode = file_inode(file);
	uint64_t size = regular_size(inode), pos = (uint64_t)offset;

	if (offset < 0 || pos >= size)
		return -ENXIO;
	pos = hole ? MIN(object_next_hole(inode->object, pos), size)
		   : object_next_data(inode->object, pos);
	if (pos >= size && !hole)
		return -ENXIO;
	file->pos = pos;
	return (int64_t)pos;
}

static int64_t regular_seek(struct file *file, int64_t offset, int whence)
{
	if (whence == SEEK_DATA || whence == SEEK_HOLE)
		return seek_hole(file, offset, whence == SEEK_HOLE);
	return file_seek_within(file, regular_size(file_inode(file)), offset, whence);
}

static int regular_file_truncate(struct file *file, uint64_t size)
{
	return regular_truncate(file_inode(file), size);
}

/* Called with inode->lock held. */
static int regular_punch_pages(struct inode *inode, uint64_t start, uint64_t end)
{
	int err = seals_check_punch(inode);

	return err ? err : object_punch(inode->object, start, end);
}

int regular_punch(struct inode *inode, uint64_t start, uint64_t end)
{
	int err = mutex_lock_killable(&to_node(inode)->lock);

	if (err)
		return err;
	err = regular_punch_pages(inode, start, end);
	if (err == 0)
		regular_change(inode);
	mutex_unlock(&to_node(inode)->lock);
	return err;
}

/* Is it more than there could ever be? As on Linux, that fails before anything is allocated. */
static bool is_too_much(const struct inode *inode, uint64_t offset, uint64_t end)
{
	uint64_t npages = (ALIGN_UP(end, PAGE_SIZE) >> PAGE_SHIFT) - (offset >> PAGE_SHIFT);

	if (!inode->mount)
		return npages > page_alloc_total_count();
	return npages > MIN(quota_most(), atomic_load_relaxed(&inode->mount->room->pages.most));
}

/* Called with inode->lock held. */
static int regular_allocate_pages(struct inode *inode, uint64_t offset, uint64_t end, bool grow)
{
	int err = size_limit_resize(regular_size(inode), end);

	if (!err)
		err = seals_check_size(inode, MAX(end, regular_size(inode)));
	if (!err && is_too_much(inode, offset, end))
		err = -ENOSPC;
	return err ? err : object_allocate(inode->object, offset, end, grow);
}

static int regular_allocate(struct file *file, unsigned mode, uint64_t offset, uint64_t end)
{
	struct inode *inode = file_inode(file);
	int err;

	if (mode & FALLOC_FL_PUNCH_HOLE)
		return regular_punch(inode, offset, end);
	err = mutex_lock_killable(&to_node(inode)->lock);
	if (err)
		return err;
	err = regular_allocate_pages(inode, offset, end, !(mode & FALLOC_FL_KEEP_SIZE));
	if (err == 0)
		regular_change(inode);
	mutex_unlock(&to_node(inode)->lock);
	return err;
}

static struct object *regular_object(struct file *file)
{
	return file_inode(file)->object;
}

/* A mapping updates the access time, since the file can be read through it from now on. */
static void regular_mapped(struct file *file)
{
	inode_read_now(file_inode(file));
}

static void regular_release(struct file *file)
{
	if (file_writable(file) && !file->ops->no_writer)
		object_put_write(file_inode(file)->object);
	inode_file_release(file);
}

static const struct file_more seals_more = { .get_seals = seals_get, .add_seals = seals_add };

/* What all open regular files have. */
#define REGULAR_OPS                                                                            \
	.read = regular_read, .write = regular_write, .stat = inode_file_stat,                 \
	.seek = regular_seek, .truncate = regular_file_truncate, .allocate = regular_allocate, \
	.more = &seals_more, .map_begin = seals_map_begin, .map_end = seals_map_end,           \
	.mapped = regular_mapped, .object = regular_object, .release = regular_release,        \
	.has_inode = true,

const struct file_ops regular_file_ops = { .name = "regular", REGULAR_OPS };

/* The pages of a memfd, and its index. */
static size_t memfd_held(const struct file *file)
{
	const struct object *object = ((const struct inode *)file->node)->object;

	return atomic_load_relaxed(&object->npages) + atomic_load_relaxed(&object->nswapped) +
	       atomic_load_relaxed(&object->pages.nodes) * sizeof(struct radix_node) / PAGE_SIZE;
}

const struct file_ops memfd_file_ops = {
	.name = "memfd", .no_writer = true, .held = memfd_held, REGULAR_OPS
};
