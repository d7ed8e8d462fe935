/* SPDX-License-Identifier: MIT */
/* Open files of /proc that are text: each has the state of its walk through the records. */
#include "abi/errno.h"
#include "desc/poll.h"
#include "ipc/served.h"
#include "lib/string.h"
#include "linux/fs/dev/served.h"
#include "linux/fs/dev/socket.h"
#include "linux/fs/file/linux_file.h"
#include "linux/fs/file/text_file.h"
#include "linux/fs/proc/node.h"
#include "linux/fs/proc/seq.h"
#include "linux/fs/vfs/mount.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/pid.h"

static int open_text(struct file *file, void *source)
{
	int err = file_memory_charge(SEQ_BYTES_MOST);

	if (err)
		return err;
	file->data = seq_create(to_proc(file_inode(file))->entry->seq, source);
	if (file->data)
		return 0;
	file_memory_add(-SEQ_BYTES_MOST);
	return -ENOMEM;
}

static int opened(struct file *file)
{
	return open_text(file, to_proc(file_inode(file)));
}

/* Where the kernel is may be known to who opened the file, as on Linux; who reads it may have more rights. */
static int stack_opened(struct file *file)
{
	linux_file(file)->by_admin = capable(CAP_SYS_ADMIN);
	return opened(file);
}

static void memory_free(struct proc_memory *memory)
{
	if (memory->uspace)
		uspace_drop(memory->uspace);
	kfree(memory);
}

static int open_memory(struct file *file, bool needed)
{
	struct proc_memory *memory = mem_wait_kzalloc(sizeof(*memory));
	int err;

	if (!memory)
		return -ENOMEM;
	memory->node = to_proc(file_inode(file));
	err = inspect_grab_space(&memory->node->id, &memory->uspace);
	if (err == 0 && needed && !memory->uspace)
		err = -ESRCH;
	if (!err)
		err = open_text(file, memory);
	if (err)
		memory_free(memory);
	return err;
}

static int memory_opened(struct file *file)
{
	return open_memory(file, false);
}

static int rollup_opened(struct file *file)
{
	return open_memory(file, true);
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

static int table_opened(struct file *file)
{
	return socket_table_open(file, to_proc(file_inode(file))->entry->table);
}

static void memory_release(struct file *file)
{
	struct proc_memory *memory = seq_source(file->data);

	proc_file_release(file);
	memory_free(memory);
}

static ssize_t read_text(struct file *file, struct user_iter *to, uint64_t *pos)
{
	return seq_read(file->data, to, pos);
}

static ssize_t read_stack(struct file *file, struct user_iter *to, uint64_t *pos)
{
	return linux_file(file)->by_admin ? read_text(file, to, pos) : -EACCES;
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

/* As on Linux without a security module, nothing can be read or set; and only the thread itself may try. */
static ssize_t write_attr(struct file *file, struct user_iter *from, uint64_t *pos)
{
	const struct proc_node *node = to_proc(file_inode(file));

	(void)from, (void)pos;
	if (!inspect_exists(&node->id))
		return -ESRCH;
	if (node->id.process.birth != current_process()->birth)
		return -EPERM;
	return node->id.tid == current_thread()->tid ? -EINVAL : -EACCES;
}

#define TEXT_SLOTS                                                        \
	PROC_FILE_SLOTS, .read = read_text, .seek = file_seek_from_start, \
			 .release = proc_file_release
#define MEMORY_TEXT_SLOTS                                                    \
	PROCESS_FILE_SLOTS, .read = read_text, .seek = file_seek_from_start, \
			    .write = write_process, .release = memory_release

const struct file_ops proc_system_file_ops = {
	.name = "text of the machine",
	.opened = opened,
	.write = write_system,
	.poll = poll_always, /* as on Linux; those of processes have none */
	TEXT_SLOTS,
};

const struct file_ops proc_table_file_ops = {
	.name = "table of sockets",
	.opened = table_opened,
	.read = socket_table_read,
	.seek = file_seek_from_start,
	.poll = poll_always,
	.release = served_name_release,
	.holds = served_holds,
	PROC_FILE_SLOTS,
};

const struct file_ops proc_file_ops = {
	.name = "text of a process",
	.opened = opened,
	.write = write_process,
	.no_splice = NO_SPLICE_FROM | NO_SPLICE_TO,
	TEXT_SLOTS,
};

const struct file_ops proc_stack_file_ops = {
	.name = "functions that a thread is in",
	.opened = stack_opened,
	.read = read_stack,
	.write = write_process,
	.seek = file_seek_from_start,
	.release = proc_file_release,
	PROCESS_FILE_SLOTS,
};

const struct file_ops proc_maps_file_ops = {
	.name = "mappings of a process",
	.opened = memory_opened,
	.ioctl = proc_maps_ioctl,
	MEMORY_TEXT_SLOTS,
};

const struct file_ops proc_smaps_file_ops = {
	.name = "mappings of a process, with sizes",
	.opened = memory_opened,
	MEMORY_TEXT_SLOTS,
};

const struct file_ops proc_smaps_rollup_file_ops = {
	.name = "sizes of a process's memory",
	.opened = rollup_opened,
	MEMORY_TEXT_SLOTS,
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

const struct file_ops proc_attr_file_ops = {
	.name = "security attribute of a process",
	.write = write_attr,
	.seek = file_seek_from_start,
	.release = inode_file_release,
	PROCESS_FILE_SLOTS,
};
