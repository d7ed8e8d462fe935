/* SPDX-License-Identifier: MIT */
/* Opens files by path and makes the checks of open(2) in Linux's order. */
#include "linux/fs/vfs/open.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "linux/fs/file/linux_file.h"
#include "linux/fs/notify/notify.h"
#include "linux/fs/vfs/path.h"
#include "linux/fs/vfs/permission.h"
#include "mm/object/object.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

/* The flags that have a meaning together with O_PATH, and those that F_GETFL does not show. */
#define PATH_FLAGS  (O_PATH | O_DIRECTORY | O_NOFOLLOW)
#define TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)
#define ONCE_FLAGS  (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)

struct open_how {
	unsigned flags, mode, resolve;
};

static bool wants_write(unsigned flags)
{
	return file_flags_write(flags) || (flags & O_ACCMODE) == O_ACCMODE || (flags & O_TRUNC);
}

/* What the flags ask of a file that is there. */
static unsigned asked_access(unsigned flags)
{
	static const uint8_t access[] = { [O_RDONLY] = MAY_READ,
					  [O_WRONLY] = MAY_WRITE,
					  [O_RDWR] = MAY_READ | MAY_WRITE,
					  [O_ACCMODE] = MAY_READ | MAY_WRITE };

	if (flags & O_PATH)
		return 0;
	return access[flags & O_ACCMODE] | (flags & O_TRUNC ? MAY_WRITE : 0);
}

/* The refusals of Linux's build_open_flags(). */
int fs_open_check_flags(unsigned flags)
{
	if (flags & O_PATH)
		return 0;
	if ((flags & O_CREAT) && (flags & O_DIRECTORY))
		return -EINVAL;
	if (flags & TMPFILE_BIT)
		return (flags & O_DIRECTORY) && file_flags_write(flags) ? 0 : -EINVAL;
	return 0;
}

/* May the inode that was found at the end of the walk be opened with these flags? */
static int check_inode(const struct path_walk *walk, const struct inode *inode, unsigned flags)
{
	int err;

	if ((flags & O_CREAT) && (flags & O_EXCL))
		return -EEXIST;
	if ((flags & O_CREAT) && S_ISDIR(inode->mode))
		return -EISDIR;
	err = flags & O_CREAT ? may_create_over(walk->dir, inode) : 0;
	if (err)
		return err;
	if ((walk->must_be_dir || (flags & O_DIRECTORY)) && !S_ISDIR(inode->mode))
		return -ENOTDIR;
	if (flags & O_PATH)
		return 0;
	if (S_ISLNK(inode->mode))
		return -ELOOP;
	return S_ISDIR(inode->mode) && wants_write(flags) ? -EISDIR : 0;
}

/* Creates a file for O_CREAT. Returns -EEXIST if another thread has just created it. */
static int open_create(struct path_walk *walk, unsigned mode, struct inode **inode_ret)
{
	int err = path_begin_write(walk);

	if (err)
		return err;
	err = may_create(walk->dir);
	if (err == 0)
		err = path_create(walk, S_IFREG | (mode & S_IALLUGO), inode_ret);
	path_end_write(walk);
	return err;
}

/*
 * Looks up the walk's last component, and creates the file if O_CREAT asks for it. Returns 0 and the inode, or an error.
 * *made_ret: the file is new.
 */
static int find_or_create(struct path_walk *walk, unsigned flags, unsigned mode,
			  struct inode **inode_ret, bool *made_ret)
{
	bool creates = flags & O_CREAT, exclusive = creates && (flags & O_EXCL);
	bool follow = !(flags & O_NOFOLLOW) && !exclusive;
	struct inode *inode;
	int err;

	do {
		*made_ret = false;
		err = path_follow(walk, follow, creates, &inode);
		if (err == 0 && !inode && !creates)
			err = -ENOENT;
		if (err == 0 && !inode) {
			*made_ret = true;
			err = open_create(walk, mode, &inode);
		}
	} while (err == -EEXIST && !exclusive);
	if (err == 0)
		*inode_ret = inode;
	return err;
}

/*
 * Attaches the file to an inode that passed check_inode(). With O_PATH, `flags` has no others than
 * PATH_FLAGS. `mask`: what has to be permitted. Returns 0 and takes over the inode's path_get(), or returns an error:
 * -EROFS, -EACCES, -EPERM (O_NOATIME on another's file), -ETXTBSY, or that of the file's open.
 */
static int open_inode(struct inode *inode, unsigned flags, unsigned mask, struct file *file)
{
	bool is_path = (flags & O_PATH) != 0;
	bool denies = !is_path && S_ISREG(inode->mode) && inode->object && file_flags_write(flags);
	bool truncates = !is_path && S_ISREG(inode->mode) && (flags & O_TRUNC);
	bool writes = denies || (truncates && inode->object), opened;
	int err = 0;

	if (!is_path && !inode_is_special(inode) && wants_write(flags))
		err = mount_may_write(inode->mount);
	if (err == 0 && !is_path && (S_ISCHR(inode->mode) || S_ISBLK(inode->mode)) &&
	    mount_forbids_devices(inode->mount))
		err = -EACCES;
	if (err == 0 && mask)
		err = inode_permission(inode, mask);
	if (err == 0 && (flags & O_NOATIME) && !inode_owner_or_capable(inode))
		err = -EPERM;
	if (err == 0 && writes)
		err = object_get_write(inode->object);
	if (err)
		return err;
	if (!is_path && inode->ops->open)
		err = inode->ops->open(inode, flags);
	opened = !is_path && err == 0;
	file->ops = is_path ? &path_file_ops : inode->file_ops;
	file->flags = is_path ? flags | FILE_NO_ACCESS
			      : (flags & (~ONCE_FLAGS | O_NOCTTY)) | O_LARGEFILE;
	file->node = inode;
	if (err == 0 && truncates)
		err = inode->ops->resize ? inode->ops->resize(inode, 0) : -EINVAL;
	if (err == 0 && file->ops->opened)
		err = file->ops->opened(file);
	file->flags &= ~(unsigned)O_NOCTTY; /* it was for `opened` */
	if (writes && (err || !denies))
		object_put_write(inode->object);
	if (err && opened && inode->ops->close)
		inode->ops->close(inode);
	return err;
}

/* O_TMPFILE: creates a file without a name on the mount of the directory that the walk leads to. */
static int open_tmpfile(struct path_walk *walk, unsigned flags, unsigned mode,
			struct inode **inode_ret)
{
	struct inode *dir = NULL;
	int err = path_follow(walk, !(flags & O_NOFOLLOW), false, &dir);

	if (err)
		return err;
	if (!dir)
		return -ENOENT;
	err = S_ISDIR(dir->mode) ? mount_begin_write(dir->mount) : -ENOTDIR;
	if (err == 0) {
		err = may_create(dir)
			      ?: dir->ops->tmpfile
				 ? dir->ops->tmpfile(dir, S_IFREG | (mode & S_IALLUGO),
						     !(flags & O_EXCL), inode_ret)
				 : -EOPNOTSUPP;
		if (err == 0)
			mount_get((*inode_ret)->mount);
		mount_end_write(dir->mount);
	}
	path_put(dir);
	return err;
}

/*
 * Finds or creates the inode at path and checks that it may be opened with these flags. The file records which name led
 * there.
 */
static int path_open(struct file *dir, const char *path, const struct open_how *how,
		     struct file *file, struct inode **inode_ret, bool *made_ret)
{
	unsigned flags = how->flags, mode = how->mode;
	struct path_walk walk;
	int err = path_parent_resolve(&walk, path_start(dir), path, how->resolve);

	if (err == 0 && (flags & TMPFILE_BIT)) {
		err = open_tmpfile(&walk, flags, mode, inode_ret);
		*made_ret = err == 0;
		linux_file(file)->name_id = FILE_NAMELESS;
	} else if (err == 0)
		err = find_or_create(&walk, flags, mode, inode_ret, made_ret);
	if (err == 0 && !*made_ret)
		err = check_inode(&walk, *inode_ret, flags);
	if (err == 0)
		notify_opened_by(file, *inode_ret, walk.dir, &walk.last);
	path_end(&walk);
	return err;
}

static __attribute__((noinline)) void tell_open(struct file *file, const struct inode *inode,
						unsigned flags)
{
	notify_file(file, IN_OPEN);
	if ((flags & O_TRUNC) && S_ISREG(inode->mode))
		notify_file(file, IN_MODIFY);
}

/* `mask` as above, of a file that is not new. */
static int fs_open_once(struct file *dir, const char *path, const struct open_how *how,
			unsigned mask, struct file *file)
{
	unsigned flags = how->flags;
	struct inode *inode = NULL;
	bool made = false, writes;
	int err = path_open(dir, path, how, file, &inode, &made);

	if (err == 0)
		err = open_inode(inode, made ? flags & ~O_TRUNC : flags, made ? 0 : mask, file);
	writes = err == 0 && file_flags_write(flags);
	if (inode && inode->ops->end_write && (made || (flags & O_TRUNC)) && !writes)
		inode->ops->end_write(inode);
	if (err)
		path_put(inode);
	else if (notify_is_used())
		tell_open(file, inode, made ? 0 : flags);
	return made && err == -ESTALE ? -EIO : err;
}

/* The file is allocated first: if memory is short, nothing is created. `silent`: there is no event. */
static int open_with(struct file *dir, const char *path, const struct open_how *how, unsigned mask,
		     bool silent, struct file **file_ret)
{
	struct file *file;
	unsigned ntries = 0;
	int err;

	file = file_create(NULL, 0, NULL);
	if (!file)
		return -ENOMEM;
	if (silent)
		linux_file(file)->name_id = FILE_TELLS_NOTHING;
	do
		err = fs_open_once(dir, path, how, mask, file);
	while (err == -ESTALE && ++ntries < INODE_STALE_TRIES);
	if (err)
		file_discard(file);
	else
		*file_ret = file;
	return err;
}

int fs_open_resolve(struct file *dir, const char *path, unsigned flags, unsigned mode,
		    unsigned resolve, struct file **file_ret)
{
	struct open_how how = { .flags = flags, .mode = mode, .resolve = resolve };
	int err;

	if (flags & O_PATH)
		how.flags &= PATH_FLAGS;
	err = fs_open_check_flags(how.flags);
	return err ? err : open_with(dir, path, &how, asked_access(how.flags), false, file_ret);
}

int fs_open(struct file *dir, const char *path, unsigned flags, unsigned mode,
	    struct file **file_ret)
{
	return fs_open_resolve(dir, path, flags, mode, 0, file_ret);
}

int fs_open_cwd(struct file *dir, const char *path, struct file **file_ret)
{
	const struct open_how how = { .flags = O_RDONLY | O_DIRECTORY };

	return open_with(dir, path, &how, MAY_EXEC, true, file_ret);
}

struct file *fs_open_root(void)
{
	struct inode *root = mount_tree_root();
	struct file *file;

	path_get(root);
	file = file_create(root->file_ops, O_RDONLY | O_DIRECTORY | O_LARGEFILE, root);
	if (file)
		linux_file(file)->name_id = FILE_TELLS_NOTHING;
	else
		path_put(root);
	return file;
}

/*
 * Returns the absolute path of the walk's last component. If its directory has been removed or the
 * path is too long, the result is the path it would have in the root.
 */
static int absolute_path(struct path_walk *walk, char **path_ret)
{
	char *path = mem_wait_kmalloc(PATH_MAX);
	size_t end = 0;
	ssize_t len;

	if (!path)
		return -ENOMEM;
	len = inode_path_anyway(walk->dir, path, PATH_MAX);
	/* len counts the NUL. Only the path of the root ends in a slash. */
	if (len > 2 && (size_t)len + 1 + walk->last.len <= PATH_MAX)
		end = (size_t)len - 1;
	path[end++] = '/';
	memcpy(path + end, walk->last.name, walk->last.len);
	path[end + walk->last.len] = '\0';
	*path_ret = path;
	return 0;
}

static int own_path(struct inode *inode, char **path_ret)
{
	char *path = mem_wait_kmalloc(PATH_MAX);

	if (!path)
		return -ENOMEM;
	inode_name(inode, path, PATH_MAX);
	*path_ret = path;
	return 0;
}

/*
 * Returns the path of an image. Where a link led to the inode by itself, it is the inode's own, if
 * that has one: C libraries expect the path of their program to begin with a slash.
 */
static int image_path(struct path_walk *walk, struct inode *inode, char **path_ret)
{
	int err = absolute_path(walk, path_ret);
	char *own;

	if (err || !walk->jumped)
		return err;
	err = own_path(inode, &own);
	if (err) {
		kfree(*path_ret);
		return err;
	}
	if (*own == '/') {
		kfree(*path_ret);
		*path_ret = own;
	} else {
		kfree(own);
	}
	return 0;
}

static int check_image(const struct inode *inode)
{
	if (mount_forbids_programs(inode->mount) || !S_ISREG(inode->mode) || !inode->object)
		return -EACCES;
	return inode_permission(inode, MAY_EXEC);
}

static int check_last(const struct path_walk *walk, bool follow, const struct inode *inode)
{
	if (!inode)
		return -ENOENT;
	if (!follow && S_ISLNK(inode->mode))
		return -ELOOP;
	if (walk->must_be_dir && !S_ISDIR(inode->mode))
		return -ENOTDIR;
	return check_image(inode);
}

/*
 * Uses the object of an image that may be run. A server's file is open for as long as that takes.
 * With an error, *path is freed.
 */
static int use_image(struct inode *inode, struct object **object_ret, char *path)
{
	const struct inode_ops *ops = inode->ops;
	int err = ops->open ? ops->open(inode, O_RDONLY) : 0;

	if (err) {
		kfree(path);
		return err;
	}
	notify_inode(inode, IN_OPEN);
	notify_inode(inode, IN_ACCESS);
	object_use(inode->object);
	*object_ret = inode->object;
	if (ops->open && ops->close)
		ops->close(inode);
	notify_inode(inode, IN_CLOSE_NOWRITE);
	return 0;
}

static int open_exec_once(struct file *dir, const char *path, bool follow,
			  struct object **object_ret, char **path_ret)
{
	struct inode *inode = NULL;
	struct path_walk walk;
	int err = path_parent(&walk, path_start(dir), path);

	if (err == 0)
		err = path_follow(&walk, follow, false, &inode);
	if (err == 0)
		err = check_last(&walk, follow, inode);
	if (err == 0)
		err = image_path(&walk, inode, path_ret);
	if (err == 0)
		err = use_image(inode, object_ret, *path_ret);
	path_put(inode);
	path_end(&walk);
	return err;
}

int fs_open_exec(struct file *dir, const char *path, bool follow, struct object **object_ret,
		 char **path_ret)
{
	unsigned ntries = 0;
	int err;

	do
		err = open_exec_once(dir, path, follow, object_ret, path_ret);
	while (err == -ESTALE && ++ntries < INODE_STALE_TRIES);
	return err;
}

int fs_open_exec_file(struct file *file, struct object **object_ret, char **path_ret)
{
	struct inode *inode = file->ops->has_inode ? file_inode(file) : NULL;
	int err = inode ? check_image(inode) : -EACCES;

	if (err == 0)
		err = own_path(inode, path_ret);
	return err ? err : use_image(inode, object_ret, *path_ret);
}
