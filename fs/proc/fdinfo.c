/* SPDX-License-Identifier: MIT */
/* /proc/PID/fdinfo/N: the position and the flags of an open file, and what its kind has to say. */
#include "abi/errno.h"
#include "fs/mount.h"
#include "fs/proc/node.h"
#include "fs/proc/seq.h"
#include "fs/process_fs.h"

/* What is on no mount has 0 for it. */
static uint64_t mount_of(struct file *file)
{
	struct inode *inode = file->ops->has_inode ? file_inode(file) : NULL;

	return inode && inode->mount ? inode->mount->place : 0;
}

static uint64_t ino_of_file(struct file *file)
{
	struct abi_stat st;

	return file->ops->stat && file->ops->stat(file, &st) == 0 ? st.ino : 0;
}

static int fdinfo_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	const struct proc_node *node = source;
	struct file *file;
	int cloexec;

	(void)walk;
	if (seq_once(cursor) != 0)
		return -ENODATA;
	cloexec = process_fd_cloexec(&node->id, node->fd);
	file = process_get_file(&node->id, node->fd);
	if (!file)
		return -ENOENT;
	seq_put(seq, "pos:\t%ld\nflags:\t0%o\nmnt_id:\t%lu\nino:\t%lu\n",
		file_has_position(file) ? (long)file->pos : 0,
		file->flags | (cloexec > 0 ? O_CLOEXEC : 0), (unsigned long)mount_of(file),
		(unsigned long)ino_of_file(file));
	if (file->ops->info && !(file->flags & O_PATH))
		file->ops->info(file, seq);
	file_put(file);
	return 0;
}

const struct seq_ops proc_fdinfo_seq = { .record = fdinfo_record };
