/* SPDX-License-Identifier: MIT */
/* Which open files tell whom by a signal that they can be read or written. */
#include "linux/fs/file/async.h"

#include "abi/errno.h"
#include "linux/fs/file/linux_file.h"
#include "linux/signal/io.h"
#include "mm/fault/user_copy.h"
#include "mm/host.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

/* What an open file has as soon as anything is set. It goes with the file, and each has one at most. */
struct file_async {
	/* const: */
	struct file *file;
	/* guarded by the queue's lock: */
	struct list link;
	int fd;
	/* changed with file->lock held: */
	struct async_queue *queue; /* whose list it is on; or NULL */
	struct spinlock lock;
	/* guarded by lock: */
	struct signal_owner owner;
	int sig; /* 0: SIGIO without an info */
};

void async_queue_init(struct async_queue *queue, const struct ctty *terminal)
{
	mutex_init(&queue->lock, LOCK_ASYNC);
	list_init(&queue->files);
	queue->terminal = terminal;
}

static void tell(struct file_async *async, int reason)
{
	struct signal_owner owner;
	int sig;

	spin_lock(&async->lock);
	owner = async->owner;
	sig = async->sig;
	spin_unlock(&async->lock);
	if (owner.id.tid != 0)
		signal_owner_send(&owner, sig, async->fd, reason);
}

/* There may be as many as files are open, so a kill ends it. */
void async_tell_all(struct async_queue *queue, int reason)
{
	struct file_async *async;

	mutex_lock(&queue->lock);
	list_for_each_entry(async, &queue->files, link) {
		if (vm_pause())
			break;
		if (queue->terminal ||
		    (reason == POLL_IN ? file_readable(async->file) : file_writable(async->file)))
			tell(async, reason);
	}
	mutex_unlock(&queue->lock);
}

static struct file_async *file_async_of(const struct file *file)
{
	return atomic_load(&linux_file(file)->async);
}

int file_async_prepare(struct file *file)
{
	struct file_async *fresh, *none = NULL;

	if (file_async_of(file))
		return 0;
	fresh = mem_wait_kzalloc(sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	fresh->file = file;
	list_init(&fresh->link);
	spin_init(&fresh->lock, LOCK_FILES);
	if (!__atomic_compare_exchange_n(&linux_file(file)->async, &none, fresh, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		kfree(fresh); /* another thread was faster */
	return 0;
}

static void own_by_foreground(struct file_async *async, const struct ctty *terminal)
{
	struct signal_owner owner = { 0 };

	signal_owner_set_foreground(&owner, terminal);
	spin_lock(&async->lock);
	if (async->owner.id.tid == 0)
		async->owner = owner;
	spin_unlock(&async->lock);
}

static void async_join(struct file_async *async, struct async_queue *queue, int fd)
{
	mutex_lock(&queue->lock);
	async->fd = fd;
	if (!async->queue)
		list_add_tail(&queue->files, &async->link);
	async->queue = queue;
	mutex_unlock(&queue->lock);
	/* Before the caller looks at what has come: async_is_watched() is called after that has come. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (queue->terminal)
		own_by_foreground(async, queue->terminal);
}

/* Returns whether it was there. */
static bool async_leave(struct file_async *async)
{
	struct async_queue *queue = async->queue;

	if (!queue)
		return false;
	mutex_lock(&queue->lock);
	list_del(&async->link);
	async->queue = NULL;
	mutex_unlock(&queue->lock);
	return true;
}

void file_async_switch(struct file *file, int fd, struct async_queue *queue)
{
	struct file_async *async = file_async_of(file);

	assert_hardened(mutex_held(&file->lock));
	if (!async)
		return;
	if (queue)
		async_join(async, queue, fd);
	else if (!async_leave(async))
		return;
	atomic_store_relaxed(&file->flags,
			     (file->flags & ~(unsigned)O_ASYNC) | (queue ? O_ASYNC : 0));
}

void file_async_end(struct file *file)
{
	struct file_async *async = file_async_of(file);

	if (likely(!async))
		return;
	(void)async_leave(async);
	kfree(async);
}

/* ---- the owner ---- */

static struct signal_owner get_owner(struct file *file)
{
	struct file_async *async = file_async_of(file);
	struct signal_owner owner = { 0 };

	if (!async)
		return owner;
	spin_lock(&async->lock);
	owner = async->owner;
	spin_unlock(&async->lock);
	return owner;
}

static int set_async_owner(struct file *file, enum signal_owner_kind kind, int id)
{
	struct signal_owner owner = get_owner(file);
	int err = file_async_prepare(file);
	struct file_async *async;

	err = err ?: signal_owner_set(&owner, kind, id);
	if (err)
		return err;
	async = file_async_of(file);
	spin_lock(&async->lock);
	async->owner = owner;
	spin_unlock(&async->lock);
	return 0;
}

static long set_async_owner_of(struct file *file, int who)
{
	if (who == INT32_MIN)
		return -EINVAL;
	if (who < 0)
		return set_async_owner(file, SIGNAL_OWNER_GROUP, -who);
	return set_async_owner(file, SIGNAL_OWNER_PROCESS, who);
}

static long async_owner_of(struct file *file)
{
	struct signal_owner owner = get_owner(file);
	int id = signal_owner_id(&owner);

	return owner.kind == SIGNAL_OWNER_GROUP ? -id : id;
}

static const enum signal_owner_kind kinds[] = {
	[F_OWNER_TID] = SIGNAL_OWNER_THREAD,
	[F_OWNER_PID] = SIGNAL_OWNER_PROCESS,
	[F_OWNER_PGRP] = SIGNAL_OWNER_GROUP,
};

static long set_owner_ex(struct file *file, vaddr_t arg)
{
	struct abi_f_owner_ex ex;

	if (user_copy_in(&ex, arg, sizeof(ex)))
		return -EFAULT;
	if (ex.type < 0 || ex.type > F_OWNER_PGRP)
		return -EINVAL;
	return set_async_owner(file, kinds[ex.type], ex.pid);
}

static long owner_ex(struct file *file, vaddr_t arg)
{
	struct signal_owner owner = get_owner(file);
	struct abi_f_owner_ex ex = { .pid = signal_owner_id(&owner) };

	while (kinds[ex.type] != owner.kind)
		ex.type++;
	return user_copy_out(arg, &ex, sizeof(ex));
}

static long set_signal(struct file *file, uint64_t sig)
{
	struct file_async *async;
	int err;

	if (sig > NSIG)
		return -EINVAL;
	err = file_async_prepare(file);
	if (err)
		return err;
	async = file_async_of(file);
	spin_lock(&async->lock);
	async->sig = (int)sig;
	spin_unlock(&async->lock);
	return 0;
}

static long async_signal_of(struct file *file)
{
	struct file_async *async = file_async_of(file);
	int sig = 0;

	if (async) {
		spin_lock(&async->lock);
		sig = async->sig;
		spin_unlock(&async->lock);
	}
	return sig;
}

long file_owner_fcntl(struct file *file, unsigned command, uint64_t arg)
{
	switch (command) {
	case F_SETOWN:
		return set_async_owner_of(file, (int)arg);
	case F_GETOWN:
		return async_owner_of(file);
	case F_SETOWN_EX:
		return set_owner_ex(file, arg);
	case F_GETOWN_EX:
		return owner_ex(file, arg);
	case F_SETSIG:
		return set_signal(file, arg);
	default:
		return async_signal_of(file);
	}
}
