/* SPDX-License-Identifier: MIT */
/* Inodes: reference counts, attributes, time stamps. */
#include "linux/fs/vfs/inode.h"

#include "base/clock.h"
#include "linux/fs/notify/notify.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/permission.h"
#include "mm/host.h"

static const char *inode_type(const void *it)
{
	const struct inode *inode = it;

	return inode->mount ? inode->mount->type->name : "no file system";
}

COUNTED_KIND(inode_kind, "inode", struct inode, inode_type);

void inode_init(struct inode *inode, struct mount *mount, uint64_t ino, uint32_t mode,
		const struct inode_ops *ops, const struct file_ops *file_ops)
{
	*inode = (struct inode){
		.mode = mode,
		.ino = ino,
		.ops = ops,
		.file_ops = file_ops,
		.mount = mount,
	};
	refcount_init(&inode->refs, 1);
	hart_count_event(HART_INODES_MADE);
	counted_begin(&inode_kind, &inode->counted, &inode->refs.n);
	inode->atime = inode->mtime = inode->ctime = clock_wall_ns();
}

/* Out of line, so that dropping one reference of many saves no registers. */
__attribute__((noinline)) void inode_free(struct inode *inode)
{
	do {
		if (unlikely(atomic_load(&inode->watch_mask) != 0))
			notify_inode_freed(inode);
		inode_discard(inode);
		inode = inode->ops->free(inode);
		(void)vm_pause();
	} while (inode && refcount_put(&inode->refs));
}

void inode_put(struct inode *inode)
{
	if (inode && refcount_put(&inode->refs))
		inode_free(inode);
}

static void time_split(uint64_t ns, int64_t *sec, uint64_t *nsec)
{
	*sec = (int64_t)(ns / NSEC_PER_SEC);
	*nsec = ns % NSEC_PER_SEC;
}

void inode_fill_stat(struct inode *inode, struct abi_stat *st)
{
	*st = (struct abi_stat){
		.dev = inode->mount ? inode->mount->dev : DEV_ANON,
		.ino = inode->ino,
		.mode = atomic_load_relaxed(&inode->mode),
		.nlink = inode->nlink,
		.uid = atomic_load_relaxed(&inode->uid),
		.gid = atomic_load_relaxed(&inode->gid),
		.rdev = inode->rdev,
		.blksize = PAGE_SIZE,
	};
	time_split(atomic_load_relaxed(&inode->atime), &st->atime, &st->atime_nsec);
	time_split(atomic_load_relaxed(&inode->mtime), &st->mtime, &st->mtime_nsec);
	time_split(atomic_load_relaxed(&inode->ctime), &st->ctime, &st->ctime_nsec);
}

static void inode_drop_set_id(struct inode *inode)
{
	uint32_t lost = set_id_bits_lost(atomic_load_relaxed(&inode->mode),
					 atomic_load_relaxed(&inode->gid));

	if (lost)
		(void)atomic_and(&inode->mode, ~lost);
}

void inode_set_attr(struct inode *inode, const struct inode_attr *attr)
{
	if (attr->valid & ATTR_MODE)
		atomic_store_relaxed(&inode->mode,
				     (inode->mode & S_IFMT) | (attr->mode & S_IALLUGO));
	if (attr->valid & ATTR_DROP_SET_ID)
		inode_drop_set_id(inode);
	if (attr->valid & ATTR_UID)
		atomic_store_relaxed(&inode->uid, attr->uid);
	if (attr->valid & ATTR_GID)
		atomic_store_relaxed(&inode->gid, attr->gid);
	if (attr->valid & ATTR_ATIME)
		atomic_store_relaxed(&inode->atime, attr->atime);
	if (attr->valid & ATTR_MTIME)
		atomic_store_relaxed(&inode->mtime, attr->mtime);
	inode_meta_now(inode);
}

static bool keeps_atime(const struct inode *inode)
{
	uint32_t flags = inode->mount ? atomic_load_relaxed(&inode->mount->flags) : 0;

	return (flags & (MS_RDONLY | MS_NOATIME)) ||
	       ((flags & MS_NODIRATIME) && S_ISDIR(inode->mode));
}

/* Does nothing unless the file changed since the last read, so that most reads write nothing. */
void inode_read_now(struct inode *inode)
{
	uint64_t atime = atomic_load_relaxed(&inode->atime);

	if (atime > atomic_load_relaxed(&inode->mtime) &&
	    atime > atomic_load_relaxed(&inode->ctime))
		return;
	if (!keeps_atime(inode))
		atomic_store_relaxed(&inode->atime, clock_wall_ns());
}

void inode_changed_now(struct inode *inode)
{
	uint64_t now = clock_wall_ns();

	atomic_store_relaxed(&inode->mtime, now);
	atomic_store_relaxed(&inode->ctime, now);
}

void inode_meta_now(struct inode *inode)
{
	atomic_store_relaxed(&inode->ctime, clock_wall_ns());
}

int inode_file_stat(struct file *file, struct abi_stat *st)
{
	struct inode *inode = file_inode(file);

	return inode->ops->getattr(inode, st);
}

void inode_file_release(struct file *file)
{
	path_put(file_inode(file));
}

int inode_file_truncate_nothing(struct file *file, uint64_t size)
{
	(void)file, (void)size;
	return 0;
}

const struct file_ops path_file_ops = {
	.name = "path",
	.stat = inode_file_stat,
	.release = inode_file_release,
	.has_inode = true,
};
