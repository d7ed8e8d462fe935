/* SPDX-License-Identifier: MIT */
/* /proc/PID/fdinfo/N: the position and the flags of an open file, and what its kind has to say. */
#include "abi/errno.h"
#include "linux/fs/file/file_more.h"
#include "linux/fs/file/linux_file.h"
#include "linux/fs/proc/node.h"
#include "linux/fs/proc/seq.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/process_fs.h"

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

/* The first record: what all files have. */
static void fdinfo_head(const struct proc_node *node, struct file *file, struct seq *seq)
{
	int cloexec = process_fd_cloexec(&node->id, node->fd);

	seq_put(seq, "pos:\t%ld\nflags:\t0%o\nmnt_id:\t%lu\nino:\t%lu\n",
		file_has_position(file) ? (long)file->pos : 0,
		linux_file_flags(file) | (cloexec > 0 ? O_CLOEXEC : 0),
		(unsigned long)mount_of(file), (unsigned long)ino_of_file(file));
	if (file_more(file)->info && !(file->flags & O_PATH))
		file_more(file)->info(file, seq);
}

/* Later ones. The cursor is one more than what the kind of file has made of it. */
static int fdinfo_more(struct file *file, uint64_t *cursor, struct seq *seq)
{
	uint64_t at = *cursor - 1;
	const struct file_more *more = file_more(file);
	int err = more->info_record ? more->info_record(file, &at, seq) : -ENODATA;

	*cursor = at + 1;
	return err;
}

static int fdinfo_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	const struct proc_node *node = source;
	struct file *file = process_get_file(&node->id, node->fd);
	int err = 0;

	(void)walk;
	if (!file)
		return *cursor == 0 ? -ENOENT : -ENODATA;
	if (*cursor != 0)
		err = fdinfo_more(file, cursor, seq);
	else
		fdinfo_head(node, file, seq);
	if (*cursor == 0)
		*cursor = 1;
	file_put(file);
	return err;
}

const struct seq_ops proc_fdinfo_seq = { .record = fdinfo_record };
