/* SPDX-License-Identifier: MIT */
/* linux/fs/notify/notify.h for host tests, in which nobody watches anything. */
#include "linux/fs/notify/notify.h"

#include "lib/assert.h"

uint32_t notify_nwatches;

void notify_file_slow(struct file *file, uint32_t event)
{
	(void)file, (void)event;
	assert(false);
}

void notify_inode_slow(struct inode *inode, uint32_t event)
{
	(void)inode, (void)event;
	assert(false);
}

void notify_own_slow(struct inode *inode, uint32_t event)
{
	notify_inode_slow(inode, event);
}

void notify_name_slow(struct inode *dir, const char *name, size_t len, uint32_t event)
{
	(void)name, (void)len;
	notify_inode_slow(dir, event);
}

void notify_opened_by_slow(struct file *file, const struct inode *inode, struct inode *dir,
			   const struct path_part *name)
{
	(void)inode, (void)dir, (void)name;
	notify_file_slow(file, 0);
}

void notify_removed(struct inode *dir, const char *name, size_t len, bool directory,
		    struct inode *gone)
{
	(void)dir, (void)name, (void)len, (void)directory;
	inode_put(gone);
}

void notify_renamed(struct inode *old_dir, const struct path_part *old, struct inode *new_dir,
		    const struct path_part *new, struct inode_moves *moves)
{
	(void)old_dir, (void)old, (void)new_dir, (void)new;
	inode_put(moves->moved);
	inode_put(moves->other);
}

void notify_inode_freed(struct inode *inode)
{
	notify_inode_slow(inode, 0);
}

void notify_unmount(struct mount *mount)
{
	(void)mount;
	assert(false);
}
