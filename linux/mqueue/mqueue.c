/* SPDX-License-Identifier: MIT */
/* The file system of message queues: their names, how they are made and opened, and what they are charged for. */
#include "linux/mqueue/mqueue.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "desc/seek.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/fs/notify/notify.h"
#include "linux/fs/tmpfs/dir.h"
#include "linux/fs/vfs/mount_calls.h"
#include "linux/fs/vfs/permission.h"
#include "linux/mem/quota.h"
#include "linux/mqueue/queue.h"
#include "linux/process/limits.h"
#include "linux/process/user.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/process.h"

/* The st_size of a queue, which means nothing, and what RLIMIT_MSGQUEUE counts for a message and for a priority: as on riscv64 Linux. */
#define FILE_SIZE      80
#define HEAD_BYTES     48
#define PRIORITY_BYTES 48

/* What of the flags of mq_open F_GETFL does not show. */
#define MQ_ONCE_FLAGS (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC)

/* atomic */
uint64_t mq_limits[] = {
	[MQ_LIMIT_QUEUES] = 256,	   [MQ_LIMIT_MSG] = 10,
	[MQ_LIMIT_MSGSIZE] = 8192,	   [MQ_LIMIT_MSG_DEFAULT] = 10,
	[MQ_LIMIT_MSGSIZE_DEFAULT] = 8192,
};

static struct mount *only; /* const after boot */
static uint64_t nqueues;   /* atomic: those without a name, but open, too */

static const struct file_ops mqueue_file_ops;
static const struct inode_ops queue_ops;

static uint64_t mq_limit_of(enum mq_limit limit)
{
	return atomic_load_relaxed(&mq_limits[limit]);
}

/* ---- making a queue ---- */

static struct abi_mq_attr default_sizes(void)
{
	return (struct abi_mq_attr){
		.maxmsg =
			(int64_t)MIN(mq_limit_of(MQ_LIMIT_MSG), mq_limit_of(MQ_LIMIT_MSG_DEFAULT)),
		.msgsize = (int64_t)MIN(mq_limit_of(MQ_LIMIT_MSGSIZE),
					mq_limit_of(MQ_LIMIT_MSGSIZE_DEFAULT)),
	};
}

/* May the running thread have a queue of such sizes? Returns 0 or -EINVAL. */
static int check_sizes(const struct abi_mq_attr *sizes)
{
	bool any = capable(CAP_SYS_RESOURCE);
	int64_t most = any ? MQ_MSG_MOST : (int64_t)mq_limit_of(MQ_LIMIT_MSG);
	int64_t longest = any ? MQ_MSGSIZE_MOST : (int64_t)mq_limit_of(MQ_LIMIT_MSGSIZE);

	return sizes->maxmsg > 0 && sizes->msgsize > 0 && sizes->maxmsg <= most &&
			       sizes->msgsize <= longest
		       ? 0
		       : -EINVAL;
}

/* Counts what the full queue would take for the user of the running thread. Returns 0 or -EMFILE. */
static int charge_user(struct mqueue *mq)
{
	mq->charged = mq->maxmsg * (mq->msgsize + HEAD_BYTES) +
		      MIN(mq->maxmsg, (uint64_t)MQ_PRIO_MAX) * PRIORITY_BYTES;
	mq->user = current_cred()->user;
	return user_add_mqueue(mq->user, mq->charged, process_own_limit(RLIMIT_MSGQUEUE)) ? 0
											  : -EMFILE;
}

static int count_queue(void)
{
	if (atomic_add(&nqueues, 1) < mq_limit_of(MQ_LIMIT_QUEUES) || capable(CAP_SYS_RESOURCE))
		return 0;
	(void)atomic_add(&nqueues, -1ul);
	return -ENOSPC;
}

/* Returns 0 and a queue without a name, or -EMFILE or -ENOMEM. It is counted already. */
static int mqueue_make(struct inode *dir, unsigned mode, const struct abi_mq_attr *sizes,
		       struct inode **inode_ret)
{
	struct mqueue *mq = mem_wait_kzalloc(sizeof(*mq));
	int err;

	if (!mq)
		return -ENOMEM;
	mq->maxmsg = (uint64_t)sizes->maxmsg;
	mq->msgsize = (uint64_t)sizes->msgsize;
	err = charge_user(mq);
	if (err) {
		kfree(mq);
		return err;
	}
	tmpfs_node_init(&mq->node, dir->mount, S_IFREG | (mode & S_IALLUGO), &queue_ops,
			&mqueue_file_ops);
	mqueue_setup(mq);
	inode_init_owner(&mq->node.inode, dir);
	*inode_ret = &mq->node.inode;
	return 0;
}

static int mqueue_create(struct inode *dir, const char *name, size_t len, unsigned mode,
			 const struct abi_mq_attr *sizes, struct inode **inode_ret)
{
	struct inode *inode;
	int err = count_queue();

	if (err)
		return err;
	err = check_sizes(sizes) ?: mqueue_make(dir, mode, sizes, &inode);
	if (err) {
		(void)atomic_add(&nqueues, -1ul);
		return err;
	}
	err = dir_add(dir, name, len, inode, false);
	if (err)
		inode_put(inode);
	else
		*inode_ret = inode;
	return err;
}

static struct inode *queue_free(struct inode *inode)
{
	struct mqueue *mq = to_mqueue(inode);
	struct inode *former_dir = dir_of_former(inode);

	dir_former_free(inode);
	mqueue_drain(mq);
	user_drop_mqueue(mq->user, mq->charged);
	(void)atomic_add(&nqueues, -1ul);
	quota_records_gone(mq->node.records);
	kfree(mq);
	return former_dir;
}

static void queue_holds(struct inode *inode)
{
	counted_found(&to_mqueue(inode)->user->counted);
	inode_found(dir_of_former(inode));
}

/* ---- inodes ---- */

static int queue_getattr(struct inode *inode, struct abi_stat *st)
{
	spin_lock(&names_lock);
	inode_fill_stat(inode, st);
	spin_unlock(&names_lock);
	st->size = FILE_SIZE;
	return 0;
}

static const struct inode_ops queue_ops = {
	.getattr = queue_getattr,
	.setattr = simple_setattr,
	.path = dir_path_in_mount,
	.place = dir_place,
	.free = queue_free,
	.holds = queue_holds,
	.names_hold = true,
};

static int root_create(struct inode *dir, const char *name, size_t len, unsigned mode,
		       struct inode **inode_ret)
{
	const struct abi_mq_attr sizes = default_sizes();

	return S_ISDIR(mode) ? -EPERM : mqueue_create(dir, name, len, mode, &sizes, inode_ret);
}

/* The root stays as long as the file system, so there is no `free`. */
static const struct inode_ops root_ops = {
	.lookup = dir_lookup,
	.readdir = dir_item_from,
	.create = root_create,
	.remove = dir_remove,
	.parent = dir_parent,
	.path = dir_path_in_mount,
	.place = dir_place,
	.name_id = dir_name_id,
	.getattr = dir_getattr,
	.setattr = simple_setattr,
	.holds = dir_holds,
	.names_hold = true,
};

static int fill_mqueue(struct mount *mount, const char *options)
{
	struct inode *root;

	if (*options != '\0')
		return -EINVAL;
	root = dir_create_root(mount, 01777);
	if (!root)
		return -ENOMEM;
	root->ops = &root_ops;
	mount->root = root;
	return 0;
}

const struct fs_type mqueue_type = {
	.name = "mqueue",
	.magic = ABI_MQUEUE_MAGIC,
	.fill_mount = fill_mqueue,
	.only = &only,
};

int mqueue_init(void)
{
	struct mount *mount;
	int err = mount_create(&mqueue_type, "mqueue", 0, "", &mount);

	if (err)
		return err;
	mount_put(mount); /* it stays, ready to be mounted */
	fs_add_type(&mqueue_type);
	return 0;
}

/* ---- open files ---- */

static int64_t mqueue_seek(struct file *file, int64_t offset, int whence)
{
	return file_seek_within(file, FILE_SIZE, offset, whence);
}

static const struct file_ops mqueue_file_ops = {
	.name = "message queue",
	.read = mqueue_read,
	.stat = inode_file_stat,
	.seek = mqueue_seek,
	.poll = mqueue_poll,
	.closed = mqueue_closed,
	.release = inode_file_release,
	.has_inode = true,
};

bool file_is_mqueue(const struct file *file)
{
	return file->ops == &mqueue_file_ops;
}

/* ---- mq_open and mq_unlink ---- */

/* The C library has taken a slash off the front; there is no other one. */
static int mqueue_check_name(const char *name)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strchr(name, '/'))
		return -EACCES;
	return inode_permission(only->root, MAY_EXEC)
		       ?: strlen(name) > NAME_MAX ? -ENAMETOOLONG
						  : 0;
}

/* May the queue that was found be opened? */
static int check_queue(const struct inode *inode, unsigned flags)
{
	static const uint8_t access[] = {
		[O_RDONLY] = MAY_READ, [O_WRONLY] = MAY_WRITE, [O_RDWR] = MAY_READ | MAY_WRITE
	};

	if ((flags & O_CREAT) && (flags & O_EXCL))
		return -EEXIST;
	if ((flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	return inode_permission(inode, access[flags & O_ACCMODE]);
}

/* Returns 0 and a queue, referenced; or what mqueue_open() does. */
static int mqueue_find_or_create(const char *name, unsigned flags, unsigned mode,
				 const struct abi_mq_attr *sizes, struct inode **inode_ret)
{
	struct inode *root = only->root, *inode;
	int err;

	do {
		inode = dir_find(root, name, strlen(name));
		if (inode) {
			err = check_queue(inode, flags);
			break;
		}
		err = flags & O_CREAT ? may_create(root) : -ENOENT;
		if (err == 0)
			err = mqueue_create(root, name, strlen(name), mode, sizes, &inode);
		if (err == 0)
			notify_name(root, name, strlen(name), inode->mode);
	} while (err == -EEXIST && !(flags & O_EXCL)); /* another thread was quicker */
	if (err)
		inode_put(inode);
	else
		*inode_ret = inode;
	return err;
}

/* The file is allocated first: if memory is short, nothing is created. */
static int mqueue_open_charged(const char *name, unsigned flags, unsigned mode,
			       const struct abi_mq_attr *attr, struct file **file_ret)
{
	struct file *file = file_create(&mqueue_file_ops, flags & ~MQ_ONCE_FLAGS, NULL);
	const struct abi_mq_attr sizes = attr ? *attr : default_sizes();
	struct inode *inode;
	int err = file ? mqueue_check_name(name) : -ENOMEM;

	if (err == 0)
		err = mqueue_find_or_create(name, flags, mode, &sizes, &inode);
	if (err) {
		file_discard(file);
		return err;
	}
	mount_get(inode->mount);
	file->node = inode;
	if (flags & O_PATH) {
		file->ops = &path_file_ops;
		file->flags |= FILE_NO_ACCESS;
	}
	notify_file(file, IN_OPEN);
	*file_ret = file;
	return 0;
}

int mqueue_open(const char *name, unsigned flags, unsigned mode, const struct abi_mq_attr *attr,
		struct file **file_ret)
{
	int err = file_memory_charge(FILE_BYTES);

	if (err)
		return err;
	err = mqueue_open_charged(name, flags, mode, attr, file_ret);
	file_memory_add(-FILE_BYTES);
	return err;
}

int mqueue_unlink(const char *name)
{
	struct inode *gone = NULL;
	int err = mqueue_check_name(name)
			  ?: dir_remove(only->root, name, strlen(name), false, &gone);

	if (err == 0)
		notify_removed(only->root, name, strlen(name), false, gone);
	return err;
}
