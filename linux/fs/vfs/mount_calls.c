/* SPDX-License-Identifier: MIT */
/* System calls on mounts: mount, umount2, statfs. */
#include "linux/fs/vfs/mount_calls.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "abi/stat.h"
#include "lib/string.h"
#include "linux/fs/file/file_more.h"
#include "linux/fs/proc/proc.h"
#include "linux/fs/sysfs/sysfs.h"
#include "linux/fs/tmpfs/tmpfs.h"
#include "linux/fs/vfs/path.h"
#include "linux/process/cred.h"

/* Changes during boot only. */
static const struct fs_type *types[8] = { &tmpfs_type, &devtmpfs_type, &proc_type, &sysfs_type };

void fs_add_type(const struct fs_type *type)
{
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
		if (!types[i]) {
			types[i] = type;
			return;
		}
	}
	assert(false);
}

const struct fs_type *fs_type_at(unsigned index)
{
	return index < ARRAY_SIZE(types) ? types[index] : NULL;
}

static const struct fs_type *find_type(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(types) && types[i]; i++)
		if (strcmp(types[i]->name, name) == 0)
			return types[i];
	return NULL;
}

/* The directory is looked up first, and the file system is made outside all locks. */
int fs_mount(const char *type, const char *source, struct file *dir, const char *path,
	     unsigned flags, const char *options)
{
	const struct fs_type *known = type ? find_type(type) : NULL;
	struct mount *mount;
	struct inode *point;
	int err = path_lookup(path_start(dir), path, true, &point);

	if (err)
		return err;
	err = !capable(CAP_SYS_ADMIN) ? -EPERM
	      : !type		      ? -EINVAL
	      : !known		      ? -ENODEV
				      : mount_create(known, source, flags, options, &mount);
	if (err == 0) {
		err = mount_attach(mount, point);
		if (err)
			mount_put(mount);
	}
	path_put(point);
	return err;
}

int fs_find_directory(struct file *dir, const char *path)
{
	struct inode *inode;
	int err = path_lookup(path_start(dir), path, true, &inode);

	if (err)
		return err;
	if (!S_ISDIR(inode->mode))
		err = -ENOTDIR;
	path_put(inode);
	return err;
}

/* Finds the mount whose root the path names, for a change that only root may make. The caller calls path_put(*root_ret). */
static int find_root(struct file *dir, const char *path, bool follow, struct inode **root_ret)
{
	struct inode *root;
	int err = path_lookup(path_start(dir), path, follow, &root);

	if (err)
		return err;
	if (!capable(CAP_SYS_ADMIN))
		err = -EPERM;
	else if (!root->mount || root->mount->root != root)
		err = -EINVAL;
	if (err) {
		path_put(root);
		return err;
	}
	*root_ret = root;
	return 0;
}

/* Once it is read-only, its server has all that was written. */
static int change_flags(struct mount *mount, unsigned flags)
{
	int err = mount_set_flags(mount, flags);

	if (err == 0 && (flags & MS_RDONLY) && mount->type->sync)
		mount->type->sync(mount, UINT64_MAX);
	return err;
}

int fs_remount(struct file *dir, const char *path, unsigned flags, const char *options)
{
	struct inode *root;
	int err = find_root(dir, path, true, &root);

	if (err)
		return err;
	if (*options == '\0')
		err = change_flags(root->mount, flags);
	else
		err = root->mount->type->remount
			      ? root->mount->type->remount(root->mount, flags, options)
			      : -EINVAL;
	path_put(root);
	return err;
}

int fs_umount_check_flags(unsigned flags)
{
	return flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW) ? -EINVAL : 0;
}

int fs_umount(struct file *dir, const char *path, unsigned flags)
{
	struct inode *root;
	int err = find_root(dir, path, !(flags & UMOUNT_NOFOLLOW), &root);
	const struct fs_type *type;

	if (err)
		return err;
	type = root->mount->type;
	err = -EINVAL;
	/* Linux too refuses this before anything is written or aborted. */
	if ((flags & MNT_EXPIRE) && (flags & (MNT_FORCE | MNT_DETACH)))
		goto put;
	/* A file with changes that its server lacks is in use. */
	if (!(flags & (MNT_DETACH | MNT_FORCE)) && type->sync)
		type->sync(root->mount, UINT64_MAX);
	if ((flags & MNT_FORCE) && type->abort)
		type->abort(root->mount);
	err = mount_detach(root, flags);
put:
	path_put(root);
	return err;
}

/* Of what is on no mount, as a memfd, which Linux keeps on a tmpfs without limits. */
static void mountless_statfs(uint32_t magic, struct abi_statfs *st)
{
	*st = (struct abi_statfs){
		.type = magic,
		.bsize = PAGE_SIZE,
		.frsize = PAGE_SIZE,
		.namelen = NAME_MAX,
		.flags = ST_VALID,
	};
}

static void inode_statfs(const struct inode *inode, struct abi_statfs *st)
{
	if (inode->mount)
		mount_statfs(inode->mount, st);
	else
		mountless_statfs(inode->ops->magic, st);
}

int fs_statfs(struct file *dir, const char *path, struct abi_statfs *st)
{
	struct inode *inode;
	int err = path_lookup(path_start(dir), path, true, &inode);

	if (err)
		return err;
	inode_statfs(inode, st); /* it may be a memfd, by a name of /proc */
	path_put(inode);
	return 0;
}

void fs_statfs_file(struct file *file, struct abi_statfs *st)
{
	if (file->ops->has_inode)
		inode_statfs(file_inode(file), st);
	else if (file_more(file)->magic)
		mountless_statfs(file_more(file)->magic, st);
	else
		mountless_statfs(file->ops->label ? ABI_ANON_MAGIC : ABI_PIPEFS_MAGIC, st);
}
