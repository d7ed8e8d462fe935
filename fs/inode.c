/* SPDX-License-Identifier: MIT */
/* Inodes: creation, reference counts, time stamps, stat, and freeing. */
#include "fs/inode.h"

#include "base/clock.h"
#include "fs/tmpfs/quota.h"
#include "fs/tmpfs/regular.h"
#include "lib/string.h"
#include "mm/host.h"
#include "mm/object.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

#define BLOCK_SIZE  512u
/* What each name adds to the st_size of its directory, as on Linux's tmpfs. */
#define DIRENT_SIZE 20u

struct spinlock names_lock = SPINLOCK_INIT(LOCK_FS);

static uint64_t last_ino; /* atomic */

uint64_t inode_next_ino(void)
{
	return atomic_add(&last_ino, 1) + 1;
}

struct inode *inode_create(uint32_t mode, uint32_t dev, const struct file_ops *ops)
{
	struct inode *inode = mem_wait_kzalloc(sizeof(*inode));

	if (!inode)
		return NULL;
	refcount_init(&inode->refs, 1);
	inode->ino = inode_next_ino();
	inode->mode = mode;
	inode->dev = dev;
	inode->ops = ops;
	mutex_init(&inode->lock, LOCK_INODE);
	inode->atime = inode->mtime = inode->ctime = clock_wall_ns();
	return inode;
}

void inode_get(struct inode *inode)
{
	refcount_get(&inode->refs);
}

/* Frees the inode. Returns a directory's parent, whose reference passes to the caller, or NULL. */
static struct inode *inode_free(struct inode *inode)
{
	struct inode *parent = NULL;

	if (S_ISDIR(inode->mode))
		parent = inode->dir.parent;
	else if (S_ISREG(inode->mode))
		regular_free(inode);
	else if (S_ISLNK(inode->mode))
		kfree(inode->target);
	if (inode->counted)
		quota_record_gone();
	kfree(inode);
	return parent;
}

/* A loop, not a recursion: a chain of removed directories can be of any length. */
void inode_put(struct inode *inode)
{
	while (inode && refcount_put(&inode->refs)) {
		inode = inode_free(inode);
		(void)vm_pause();
	}
}

static void time_split(uint64_t ns, int64_t *sec, uint64_t *nsec)
{
	*sec = (int64_t)(ns / NSEC_PER_SEC);
	*nsec = ns % NSEC_PER_SEC;
}

static void stat_size(struct inode *inode, struct abi_stat *st)
{
	if (S_ISREG(inode->mode)) {
		st->size = (int64_t)regular_size(inode);
		st->blocks = (int64_t)(regular_pages(inode) * (PAGE_SIZE / BLOCK_SIZE));
	} else if (S_ISLNK(inode->mode)) {
		st->size = (int64_t)strlen(inode->target);
	} else if (S_ISDIR(inode->mode)) {
		st->size = (int64_t)((inode->dir.count + 2) * DIRENT_SIZE);
	}
}

void inode_stat(struct inode *inode, struct abi_stat *st)
{
	*st = (struct abi_stat){
		.dev = inode->dev,
		.ino = inode->ino,
		.mode = inode->mode,
		.rdev = inode->rdev,
		.blksize = PAGE_SIZE,
	};
	spin_lock(&names_lock);
	st->nlink = inode->nlink;
	if (!S_ISREG(inode->mode))
		stat_size(inode, st);
	spin_unlock(&names_lock);
	if (S_ISREG(inode->mode))
		stat_size(inode, st);
	time_split(atomic_load_relaxed(&inode->atime), &st->atime, &st->atime_nsec);
	time_split(atomic_load_relaxed(&inode->mtime), &st->mtime, &st->mtime_nsec);
	time_split(atomic_load_relaxed(&inode->ctime), &st->ctime, &st->ctime_nsec);
}

/* Does nothing unless the file changed since the last read, so that most reads write nothing. */
void inode_read_now(struct inode *inode)
{
	if (atomic_load_relaxed(&inode->atime) <= atomic_load_relaxed(&inode->mtime))
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
	inode_stat(file_inode(file), st);
	return 0;
}

void inode_file_release(struct file *file)
{
	inode_put(file_inode(file));
}

const struct file_ops path_file_ops = {
	.name = "path",
	.stat = inode_file_stat,
	.release = inode_file_release,
	.has_inode = true,
};

struct inode *symlink_create(const char *target, size_t n)
{
	struct inode *inode = inode_create(S_IFLNK | 0777, INODE_DEV_ROOT, &path_file_ops);

	if (!inode)
		return NULL;
	inode->target = mem_wait_kmalloc(n + 1);
	if (!inode->target) {
		inode_put(inode);
		return NULL;
	}
	memcpy(inode->target, target, n);
	inode->target[n] = '\0';
	return inode;
}
