/* SPDX-License-Identifier: MIT */
/* Looks for the holders of references to what is the Linux layer's: a part of the ledger. */
#include "linux/holders.h"

#ifdef FAULTLINE_HARDENED

#include "desc/file.h"
#include "lib/bits.h"
#include "linux/fs/p9/fid.h"
#include "linux/fs/p9/holders.h"
#include "linux/fs/vfs/fs_struct.h"
#include "linux/fs/vfs/mount.h"
#include "linux/process/cred.h"
#include "linux/process/end_watch.h"
#include "linux/process/task.h"
#include "linux/process/user.h"
#include "linux/process/vdso.h"
#include "linux/sysv/sysv.h"
#include "proc/thread.h"

static struct counted_kind *const kinds[] = {
	&inode_kind, &mount_kind,      &fs_struct_kind, &cred_kind,
	&user_kind,  &group_info_kind, &p9_fid_kind,	&end_watch_kind,
};

void linux_visit_kinds(void (*visit)(struct counted_kind *kind, void *arg), void *arg)
{
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		visit(kinds[i], arg);
}

/* Threads that are being created are looked at, too. */
void linux_find_in_thread(const struct thread *thread)
{
	counted_found(&task_of(thread)->real_cred->counted);
	if (task_of(thread)->fs)
		counted_found(&task_of(thread)->fs->counted);
	pi_find_held(thread);
}

void linux_find_in_file(struct file *file)
{
	if (file->ops->has_inode)
		path_found(file_inode(file));
}

static void fs_struct_holds(void *it)
{
	const struct fs_struct *fs = it;

	counted_found(&fs->cwd->counted);
	path_found(fs->root);
}

static void inode_holds(void *it)
{
	struct inode *inode = it;

	if (S_ISREG(inode->mode) && inode->object)
		object_found(inode->object);
	if (inode->ops->holds)
		inode->ops->holds(inode);
}

static void mount_holds(void *it)
{
	mount_find_held(it);
}

static void cred_holds(void *it)
{
	cred_find_held(it);
}

void linux_find_held(void)
{
	counted_found(&init_cred.counted);
	vdso_find_held();
	sysv_find_held();
	user_find_held();
	p9_sessions_find_held();
	counted_visit(&cred_kind, cred_holds);
	counted_visit(&fs_struct_kind, fs_struct_holds);
	counted_visit(&inode_kind, inode_holds);
	counted_visit(&mount_kind, mount_holds);
}

#else

void linux_visit_kinds(void (*visit)(struct counted_kind *kind, void *arg), void *arg)
{
	(void)visit, (void)arg;
}

void linux_find_held(void)
{
}

void linux_find_in_thread(const struct thread *thread)
{
	(void)thread;
}

void linux_find_in_file(struct file *file)
{
	(void)file;
}

#endif
