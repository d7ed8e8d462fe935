/* SPDX-License-Identifier: MIT */
/* Namespaces: programs can look which ones they have, compare them, and join those that they are in. */
#include "linux/fs/vfs/namespace.h"

#include "abi/errno.h"
#include "abi/nsfs.h"
#include "abi/sched.h"
#include "lib/format.h"
#include "linux/fs/file/descriptors.h"
#include "linux/fs/proc/nameless.h"
#include "linux/fs/vfs/fs_struct.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/open.h"
#include "linux/process/cred.h"
#include "linux/process/task.h"
#include "mm/fault/user_copy.h"
#include "proc/process.h"

#define FIRST_INO 0xeffffffaul

const struct namespace namespaces[] = {
	[NAMESPACE_TIME] = { "time", FIRST_INO, CLONE_NEWTIME },
	[NAMESPACE_CGROUP] = { "cgroup", FIRST_INO + 1, CLONE_NEWCGROUP },
	[NAMESPACE_PID] = { "pid", FIRST_INO + 2, CLONE_NEWPID },
	[NAMESPACE_USER] = { "user", FIRST_INO + 3, CLONE_NEWUSER },
	[NAMESPACE_UTS] = { "uts", FIRST_INO + 4, CLONE_NEWUTS },
	[NAMESPACE_IPC] = { "ipc", FIRST_INO + 5, CLONE_NEWIPC },
	[NAMESPACE_NET] = { "net", FIRST_INO + 6, CLONE_NEWNET },
	[NAMESPACE_MNT] = { "mnt", FIRST_INO + 7, CLONE_NEWNS },
};
_Static_assert(ARRAY_SIZE(namespaces) == NAMESPACES, "all kinds");

size_t namespace_label(const struct namespace *ns, char *buf, size_t size)
{
	return (size_t)ksnprintf(buf, size, "%s:[%lu]", ns->name, (unsigned long)ns->ino);
}

const struct namespace *namespace_of(const struct file *file)
{
	return file->ops == &namespace_file_ops ? nameless_namespace(file->node) : NULL;
}

static struct file *open_namespace(const struct namespace *ns)
{
	struct inode *inode;
	struct file *file;

	if (nameless_of_namespace(ns, &inode) != 0)
		return NULL;
	file = file_create(&namespace_file_ops, O_RDONLY | O_LARGEFILE, inode);
	if (!file)
		path_put(inode);
	return file;
}

/* A descriptor of the user namespace that another one belongs to. */
static int open_user(void)
{
	int err = file_memory_charge(FILE_BYTES);
	struct file *file;

	if (err)
		return err;
	file = open_namespace(&namespaces[NAMESPACE_USER]);
	file_memory_add(-FILE_BYTES);
	return file ? anon_file_install(file, true) : -ENOMEM;
}

static int tell_owner(vaddr_t arg)
{
	const uint32_t uid = 0;

	return user_copy_out(arg, &uid, sizeof(uid));
}

/* Kinds that are in each other have no parent that a program could see. */
static int namespace_ioctl(struct file *file, unsigned long request, vaddr_t arg)
{
	const struct namespace *ns = namespace_of(file);
	/* gcc-analyzer-suppress null-dereference ; the file is a namespace's */
	bool user = ns->flag == CLONE_NEWUSER;

	switch (request) {
	case NS_GET_USERNS:
		return user ? -EPERM : open_user();
	case NS_GET_PARENT:
		return user || ns->flag == CLONE_NEWPID ? -EPERM : -EINVAL;
	case NS_GET_NSTYPE:
		return (int)ns->flag;
	case NS_GET_OWNER_UID:
		return user ? tell_owner(arg) : -EINVAL;
	default:
		return -ENOTTY;
	}
}

const struct file_ops namespace_file_ops = {
	.name = "namespace",
	.pread_is_read = true,
	.stat = inode_file_stat,
	.ioctl = namespace_ioctl,
	.release = inode_file_release,
	.has_inode = true,
};

/* ---- setns ---- */

static bool is_single_threaded(void)
{
	const struct process *process = current_process();

	return atomic_load_relaxed(&process->nextra) == 0 &&
	       !refcount_is_shared(&process->uspace->refs);
}

/* In the order in which Linux joins them. */
static int may_join(unsigned flags)
{
	if (flags & CLONE_NEWUSER)
		return -EINVAL;
	if (flags & CLONE_NEWNS) {
		if (!capable(CAP_SYS_ADMIN) || !capable(CAP_SYS_CHROOT))
			return -EPERM;
		if (fs_struct_is_shared(current_task()->fs))
			return -EINVAL;
	}
	if ((flags & ~CLONE_NEWTIME) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if ((flags & CLONE_NEWTIME) && !is_single_threaded())
		return -EUSERS;
	return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

int namespace_join(unsigned flags)
{
	struct fs_struct *fs = current_task()->fs;
	struct file *cwd;
	int err = may_join(flags);

	if (err || !(flags & CLONE_NEWNS))
		return err;
	cwd = fs_open_root();
	if (!cwd)
		return -ENOMEM;
	fs_struct_set_root(fs, NULL);
	fs_struct_set_cwd(fs, cwd);
	return 0;
}
