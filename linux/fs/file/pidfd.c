/* SPDX-License-Identifier: MIT */
/* Descriptors of processes and threads: they are polled for the end of one, and name it to system calls. */
#include "linux/fs/file/pidfd.h"

#include "abi/errno.h"
#include "abi/pidfd.h"
#include "desc/anon_file.h"
#include "desc/fdtable.h"
#include "desc/poll.h"
#include "linux/fs/file/file_more.h"
#include "linux/fs/proc/seq.h"
#include "linux/process/end_watch.h"
#include "linux/process/thread_id.h"

static unsigned pidfd_poll(struct file *file, struct poller *poller)
{
	static const unsigned events[] = {
		[END_TO_COME] = 0,
		[END_CAME] = POLLIN | POLLRDNORM,
		[END_GONE] = POLLIN | POLLRDNORM | POLLHUP,
	};
	struct end_watch *watch = file->node;

	poll_watch(poller, &watch->queue);
	return events[end_watch_look(watch)];
}

/* As on Linux, those of one process have one inode number, so that a program can compare them. */
static int pidfd_stat(struct file *file, struct abi_stat *st)
{
	const struct thread_id *id = pidfd_id(file);
	int err = anon_file_stat(file, st);

	st->mode = 0700;
	/* 1 is that of all other files without an inode. */
	/* gcc-analyzer-suppress null-dereference ; the file is a pidfd */
	st->ino = id->birth ? 2 * id->birth + 1 : 2 * id->process.birth;
	return err;
}

/* Linux has only requests for namespaces here. Its errors for others depend on what it looks at first. */
static int pidfd_ioctl(struct file *file, unsigned long request, vaddr_t arg)
{
	(void)request;
	if (arg)
		return -EINVAL;
	return end_watch_look(file->node) == END_GONE ? -ESRCH : -ENOTTY;
}

/* -1: it was reaped. */
static void pidfd_show(struct file *file, struct seq *seq)
{
	const struct thread_id *id = pidfd_id(file);
	int pid = end_watch_look(file->node) == END_GONE ? -1
		  /* gcc-analyzer-suppress null-dereference ; the file is a pidfd */
		  : id->birth ? id->tid
			      : id->process.pid;

	seq_put(seq, "Pid:\t%d\nNSpid:\t%d\n", pid, pid);
}

static void pidfd_holds(struct file *file)
{
	struct end_watch *watch = file->node;

	counted_found(&watch->counted);
}

static void pidfd_release(struct file *file)
{
	end_watch_put(file->node);
}

static const struct file_ops pidfd_ops = {
	.name = "pidfd",
	.poll = pidfd_poll,
	.pread_is_read = true,
	.stat = pidfd_stat,
	.ioctl = pidfd_ioctl,
	.more = &(const struct file_more){ .info = pidfd_show },
	.label = anon_file_label,
	.release = pidfd_release,
	.holds = pidfd_holds,
};

const struct thread_id *pidfd_id(const struct file *file)
{
	const struct end_watch *watch = file->node;

	return file->ops == &pidfd_ops ? &watch->id : NULL;
}

/* Takes over the reference to `watch`, also if it fails. NULL: memory has run out. */
static struct file *pidfd_make(struct end_watch *watch, unsigned flags)
{
	struct file *file = file_create(&pidfd_ops, O_RDWR | flags, watch);

	if (!file)
		end_watch_put(watch);
	return file;
}

int pidfd_create(int id, unsigned flags, struct file **file_ret)
{
	struct end_watch *watch;
	struct file *file;
	int err = file_memory_charge(FILE_BYTES);

	if (err)
		return err;
	err = end_watch_find(id, (flags & PIDFD_THREAD) != 0, &watch);
	if (!err) {
		file = pidfd_make(watch, flags);
		err = file ? 0 : -ENOMEM;
	}
	file_memory_add(-FILE_BYTES);
	if (!err)
		*file_ret = file;
	return err;
}

/* For a process or thread that is not there yet. */
static struct file *pidfd_make_new(unsigned flags)
{
	struct end_watch *watch = end_watch_create();

	return watch ? pidfd_make(watch, flags) : NULL;
}

int pidfd_reserve(unsigned flags, struct end_watch **watch_ret, struct file **file_ret)
{
	int err = file_memory_charge(FILE_BYTES), fd;
	struct file *file;

	if (err)
		return err;
	file = pidfd_make_new(flags);
	file_memory_add(-FILE_BYTES);
	if (!file)
		return -ENOMEM;
	fd = fdtable_reserve(current_thread()->fdtable, 0, true);
	if (fd < 0) {
		file_put(file);
		return fd;
	}
	*watch_ret = file->node;
	*file_ret = file;
	return fd;
}
