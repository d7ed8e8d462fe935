/* SPDX-License-Identifier: MIT */
/* Working directory, root and umask, with a count of the threads that share them. */
#include "linux/fs/vfs/fs_struct.h"

#include "desc/file.h"
#include "linux/fs/vfs/path.h"
#include "linux/process/task.h"
#include "mm/phys/kmalloc.h"
#include "mm/swap/relieve.h"
#include "proc/thread.h"

static const char *fs_struct_name(const void *it)
{
	(void)it;
	return "working directory and root";
}

static SLAB_CACHE(fs_struct_cache, struct fs_struct);
COUNTED_KIND(fs_struct_kind, "file system state", struct fs_struct, fs_struct_name);

static void put_places(struct file *cwd, struct inode *root)
{
	if (cwd)
		file_put(cwd);
	path_put(root);
}

struct fs_struct *fs_struct_create(struct file *cwd, struct inode *root, unsigned umask)
{
	struct fs_struct *fs = cwd ? slab_alloc_wait(&fs_struct_cache) : NULL;

	if (!fs) {
		put_places(cwd, root);
		return NULL;
	}
	spin_init(&fs->lock, LOCK_FILES);
	refcount_init(&fs->refs, 1);
	fs->umask = umask;
	fs->cwd = cwd;
	fs->root = root;
	counted_begin(&fs_struct_kind, &fs->counted, &fs->refs.n);
	return fs;
}

static struct file *get_cwd_locked(const struct fs_struct *fs)
{
	assert_hardened(spin_lock_held(&fs->lock));
	file_get(fs->cwd);
	return fs->cwd;
}

static struct inode *get_root_locked(const struct fs_struct *fs)
{
	assert_hardened(spin_lock_held(&fs->lock));
	if (fs->root)
		path_get(fs->root);
	return fs->root;
}

struct fs_struct *fs_struct_copy(void)
{
	struct fs_struct *fs = current_task()->fs;
	struct inode *root;
	struct file *cwd;

	spin_lock(&fs->lock);
	cwd = get_cwd_locked(fs);
	root = get_root_locked(fs);
	spin_unlock(&fs->lock);
	return fs_struct_create(cwd, root, atomic_load_relaxed(&fs->umask));
}

struct fs_struct *fs_struct_share(void)
{
	struct fs_struct *fs = current_task()->fs;

	refcount_get(&fs->refs);
	return fs;
}

void fs_struct_put(struct fs_struct *fs)
{
	if (!refcount_put(&fs->refs))
		return;
	counted_end(&fs->counted);
	put_places(fs->cwd, fs->root);
	slab_free(&fs_struct_cache, fs);
}

struct file *fs_struct_cwd(struct fs_struct *fs)
{
	struct file *cwd;

	spin_lock(&fs->lock);
	cwd = get_cwd_locked(fs);
	spin_unlock(&fs->lock);
	return cwd;
}

struct inode *fs_struct_root(struct fs_struct *fs)
{
	struct inode *root;

	spin_lock(&fs->lock);
	root = get_root_locked(fs);
	spin_unlock(&fs->lock);
	return root;
}

void fs_struct_set_cwd(struct fs_struct *fs, struct file *cwd)
{
	struct file *before;

	spin_lock(&fs->lock);
	before = fs->cwd;
	fs->cwd = cwd;
	spin_unlock(&fs->lock);
	file_put(before);
}

void fs_struct_set_root(struct fs_struct *fs, struct inode *root)
{
	struct inode *before;

	spin_lock(&fs->lock);
	before = fs->root;
	fs->root = root;
	spin_unlock(&fs->lock);
	path_put(before);
}
