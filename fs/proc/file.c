/* SPDX-License-Identifier: MIT */
/* Open files of /proc that are text: each has the state of its walk through the records. */
#include "abi/errno.h"
#include "fs/mount.h"
#include "fs/poll.h"
#include "fs/proc/node.h"
#include "fs/proc/seq.h"
#include "fs/seek.h"
#include "lib/string.h"
#include "proc/pid.h"

static int opened(struct file *file)
{
	struct proc_node *node = to_proc(file_inode(file));
	int err = file_memory_charge(SEQ_BYTES_MOST);

	if (err)
		return err;
	file->data = seq_create(node->entry->seq, node);
	if (file->data)
		return 0;
	file_memory_add(-SEQ_BYTES_MOST);
	return -ENOMEM;
}

/* As on Linux, a process that has ended shows no mounts. */
static int mounts_opened(struct file *file)
{
	struct process_facts facts;
	int err = inspect_facts(&to_proc(file_inode(file))->id, &facts);

	if (err == 0 && facts.state == 'Z')
		err = -EINVAL;
	if (!err)
		err = opened(file);
	if (!err)
		*seq_mark(file->data) = waitq_sample(&mounts_changed);
	return err;
}

/* As on Linux, one look tells that there was a change since the look before it. */
static unsigned mounts_poll(struct file *file, struct poller *poller)
{
	uint64_t now;

	poll_watch_for(poller, &mounts_changed, POLLERR | POLLPRI);
	now = waitq_sample(&mounts_changed);
	if (atomic_exchange(seq_mark(file->data), now) != now)
		return POLLIN | POLLRDNORM | POLLERR | POLLPRI;
	return POLLIN | POLLRDNORM;
}

static void proc_file_release(struct file *file)
{
	seq_destroy(file->data);
	file_memory_add(-SEQ_BYTES_MOST);
	inode_file_release(file);
}

static ssize_t read_text(struct file *file, struct user_iter *to, uint64_t *pos)
{
	return seq_read(file->data, to, pos);
}

/* As on Linux, text has no other position to write to than that of the file. */
static ssize_t refuse_write(struct file *file, const uint64_t *pos, int err)
{
	return pos == &file->pos ? err : -ESPIPE;
}

static ssize_t write_system(struct file *file, struct user_iter *from, uint64_t *pos)
{
	(void)from;
	return refuse_write(file, pos, -EIO);
}

static ssize_t write_process(struct file *file, struct user_iter *from, uint64_t *pos)
{
	(void)from;
	return refuse_write(file, pos, -EINVAL);
}

/* A process may set the names of its threads; what is too long for one is left out. */
static ssize_t write_comm(struct file *file, struct user_iter *from, uint64_t *pos)
{
	const struct proc_node *node = to_proc(file_inode(file));
	char name[THREAD_NAME_LEN] = { 0 };
	size_t n = MIN(from->left, sizeof(name) - 1), all = from->left;
	int err;

	if (pos != &file->pos)
		return -ESPIPE;
	if (user_iter_copy_in(from, name, n) != n)
		return -EFAULT;
	if (current_process()->birth != node->id.process.birth)
		return inspect_exists(&node->id) ? -EINVAL : -ESRCH;
	err = inspect_set_name(&node->id, name);
	if (err)
		return err;
	*pos += all;
	return (ssize_t)all;
}

#define TEXT_SLOTS                                                                \
	.read = read_text, .stat = inode_file_stat, .seek = file_seek_from_start, \
	.truncate = inode_file_truncate_nothing, .release = proc_file_release, .has_inode = true

const struct file_ops proc_system_file_ops = {
	.name = "text of the machine",
	.opened = opened,
	.write = write_system,
	.poll = poll_always, /* as on Linux; those of processes have none */
	TEXT_SLOTS,
};

const struct file_ops proc_file_ops = {
	.name = "text of a process",
	.opened = opened,
	.write = write_process,
	.no_splice = NO_SPLICE_FROM | NO_SPLICE_TO,
	TEXT_SLOTS,
};

const struct file_ops proc_maps_file_ops = {
	.name = "mappings of a process",
	.opened = opened,
	.write = write_process,
	.ioctl = proc_maps_ioctl,
	.no_splice = NO_SPLICE_FROM | NO_SPLICE_TO,
	TEXT_SLOTS,
};

const struct file_ops proc_mounts_file_ops = {
	.name = "mounts",
	.opened = mounts_opened,
	.write = write_process,
	.poll = mounts_poll,
	TEXT_SLOTS,
};

const struct file_ops proc_comm_file_ops = {
	.name = "name of a process",
	.opened = opened,
	.write = write_comm,
	.no_splice = NO_SPLICE_FROM | NO_SPLICE_TO,
	TEXT_SLOTS,
};
