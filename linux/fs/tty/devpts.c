/* SPDX-License-Identifier: MIT */
/* The file system of /dev/pts: a directory in which the kernel names the slaves of pseudo-terminals. */
#include "abi/errno.h"
#include "abi/limits.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "lib/string.h"
#include "linux/fs/notify/notify.h"
#include "linux/fs/proc/seq.h"
#include "linux/fs/tmpfs/dir.h"
#include "linux/fs/tty/pty.h"
#include "linux/fs/vfs/mount_calls.h"
#include "linux/fs/vfs/mount_options.h"
#include "linux/fs/vfs/permission.h"
#include "linux/mem/quota.h"
#include "linux/process/cred.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

#define NOT_GIVEN UINT64_MAX

struct slave {
	struct tmpfs_node node; /* first; guarded as struct tmpfs_node says */
	struct pty *pty;	/* const; with a reference */
};

/* Of new names. Each is a word that changes by MS_REMOUNT: atomic. */
static struct devpts_options {
	uint64_t uid, gid; /* NOT_GIVEN: those of who opens /dev/ptmx */
	uint64_t mode, ptmxmode;
} options = { NOT_GIVEN, NOT_GIVEN, 0600, 0 };

static struct mount *only; /* const after boot */
static struct inode *ptmx; /* const after boot */

/* ---- inodes ---- */

static struct inode *slave_free(struct inode *inode)
{
	struct slave *slave = container_of(inode, struct slave, node.inode);
	struct inode *former_dir = dir_of_former(inode);

	dir_former_free(inode);
	quota_records_gone(slave->node.records);
	pty_put(slave->pty);
	kfree(slave);
	return former_dir;
}

static void slave_holds(struct inode *inode)
{
	inode_found(dir_of_former(inode));
}

static int slave_getattr(struct inode *inode, struct abi_stat *st)
{
	spin_lock(&names_lock);
	inode_fill_stat(inode, st);
	spin_unlock(&names_lock);
	return 0;
}

static const struct inode_ops slave_ops = {
	.getattr = slave_getattr,
	.setattr = simple_setattr,
	.path = dir_path_in_mount,
	.place = dir_place,
	.free = slave_free,
	.holds = slave_holds,
	.names_hold = true,
};

/* It stays as long as the file system, so there is no `free`. */
static const struct inode_ops fixed_ops = {
	.getattr = slave_getattr,
	.setattr = simple_setattr,
	.path = dir_path_in_mount,
	.place = dir_place,
	.holds = slave_holds,
	.names_hold = true,
};

static int devpts_refuse_create(struct inode *dir, const char *name, size_t len, unsigned mode,
				struct inode **inode_ret)
{
	(void)dir, (void)name, (void)len, (void)inode_ret;
	return S_ISDIR(mode) ? -EPERM : -EACCES;
}

/* Only the kernel makes names here, and removes them. */
static const struct inode_ops root_ops = {
	.lookup = dir_lookup,
	.create = devpts_refuse_create,
	.readdir = dir_item_from,
	.parent = dir_parent,
	.path = dir_path_in_mount,
	.place = dir_place,
	.name_id = dir_name_id,
	.getattr = dir_getattr,
	.setattr = simple_setattr,
	.holds = dir_holds,
	.names_hold = true,
	.fixed_names = true,
};

static struct slave *slave_create(uint32_t mode, const struct inode_ops *ops,
				  const struct file_ops *file_ops, uint32_t rdev)
{
	struct slave *slave = mem_wait_kzalloc(sizeof(*slave));

	if (!slave)
		return NULL;
	tmpfs_node_init(&slave->node, only, S_IFCHR | (mode & S_IALLUGO), ops, file_ops);
	slave->node.inode.rdev = rdev;
	return slave;
}

/* ---- names of slaves ---- */

#define NAME_SIZE 12

static size_t slave_name(const struct pty *pty, char name[NAME_SIZE])
{
	return (size_t)ksnprintf(name, NAME_SIZE, "%u", pty->index);
}

static uint32_t devpts_owner_of(const uint64_t *option, uint32_t own)
{
	uint64_t given = atomic_load_relaxed(option);

	return given == NOT_GIVEN ? own : (uint32_t)given;
}

int devpts_add(struct pty *pty, struct inode **inode_ret)
{
	const struct cred *cred = current_cred();
	struct slave *slave = slave_create((uint32_t)atomic_load_relaxed(&options.mode), &slave_ops,
					   &pty_slave_ops, pty->jobs.rdev);
	struct inode *inode = &slave->node.inode;
	char name[NAME_SIZE];
	size_t n = slave_name(pty, name);
	int err;

	if (!slave)
		return -ENOMEM;
	inode->uid = devpts_owner_of(&options.uid, cred->fsuid);
	inode->gid = devpts_owner_of(&options.gid, cred->fsgid);
	inode->device = slave->pty = pty;
	refcount_get(&pty->refs);
	err = dir_add(only->root, name, n, inode, false);
	if (err) {
		inode_put(inode);
		return err;
	}
	mount_get(only);
	*inode_ret = inode;
	notify_name(only->root, name, n, inode->mode);
	return 0;
}

void devpts_remove(struct pty *pty)
{
	struct inode *gone = NULL;
	char name[NAME_SIZE];
	size_t n = slave_name(pty, name);

	if (dir_remove(only->root, name, n, false, &gone) == 0)
		notify_removed(only->root, name, n, false, gone);
}

/* ---- the file system ---- */

static int devpts_read_options(const char *text, struct devpts_options *read)
{
	const struct mount_option known[] = {
		{ .name = "uid", .most = UINT32_MAX - 1, .value = &read->uid },
		{ .name = "gid", .most = UINT32_MAX - 1, .value = &read->gid },
		{ .name = "mode", .base = 8, .most = 07777, .value = &read->mode },
		{ .name = "ptmxmode", .base = 8, .most = 07777, .value = &read->ptmxmode },
		{ .name = NULL },
	};

	*read = (struct devpts_options){ NOT_GIVEN, NOT_GIVEN, 0600, 0 };
	return mount_options(text, known);
}

static void devpts_set_options(const struct devpts_options *read)
{
	atomic_store_relaxed(&options.uid, read->uid);
	atomic_store_relaxed(&options.gid, read->gid);
	atomic_store_relaxed(&options.mode, read->mode);
	atomic_store_relaxed(&options.ptmxmode, read->ptmxmode);
}

/* As on Linux, it is a name of its own for the same device, which is not for everybody unless an option says so. */
static int add_ptmx(struct inode *root)
{
	struct slave *node = slave_create((uint32_t)options.ptmxmode, &fixed_ops, &ptmx_ops,
					  (uint32_t)PTMX_RDEV);
	int err = node ? dir_add(root, "ptmx", 4, &node->node.inode, false) : -ENOMEM;

	if (err == 0)
		ptmx = &node->node.inode;
	inode_put(node ? &node->node.inode : NULL); /* the name has a reference */
	return err;
}

static int fill_devpts(struct mount *mount, const char *text)
{
	struct devpts_options read;
	struct inode *root;
	int err = devpts_read_options(text, &read);

	if (err)
		return err;
	root = dir_create_root(mount, 0755);
	if (!root)
		return -ENOMEM;
	root->ops = &root_ops;
	mount->root = root;
	devpts_set_options(&read);
	return 0;
}

/* The options are those of names that come later, and of ptmx. */
static int remount_devpts(struct mount *mount, unsigned flags, const char *text)
{
	struct devpts_options read;
	struct inode_attr attr = { .valid = ATTR_MODE };
	int err = devpts_read_options(text, &read) ?: mount_set_flags(mount, flags);

	if (err)
		return err;
	devpts_set_options(&read);
	attr.mode = (uint32_t)read.ptmxmode;
	inode_set_attr(ptmx, &attr);
	return 0;
}

static void show_devpts_options(const struct mount *mount, struct seq *seq)
{
	(void)mount;
	if (atomic_load_relaxed(&options.uid) != NOT_GIVEN)
		seq_put(seq, ",uid=%u", (unsigned)atomic_load_relaxed(&options.uid));
	if (atomic_load_relaxed(&options.gid) != NOT_GIVEN)
		seq_put(seq, ",gid=%u", (unsigned)atomic_load_relaxed(&options.gid));
	seq_put(seq, ",mode=%03o,ptmxmode=%03o", (unsigned)atomic_load_relaxed(&options.mode),
		(unsigned)atomic_load_relaxed(&options.ptmxmode));
}

static const struct fs_type devpts_type = {
	.name = "devpts",
	.magic = ABI_DEVPTS_MAGIC,
	.fill_mount = fill_devpts,
	.remount = remount_devpts,
	.show_options = show_devpts_options,
	.only = &only,
};

int devpts_init(void)
{
	struct mount *mount;
	int err = mount_create(&devpts_type, "devpts", 0, "", &mount);

	if (err == 0)
		err = add_ptmx(mount->root);
	if (err)
		return err;
	mount_put(mount); /* it stays, ready to be mounted */
	fs_add_type(&devpts_type);
	return 0;
}
