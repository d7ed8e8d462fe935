/* SPDX-License-Identifier: MIT */
/* Instances of inotify: their queues, reads and polls, their watches by number, and the limits of users. */
/*
 * Events are queued by linux/fs/notify/notify.c with notify_lock held, and taken by readers without it. An event is allocated for each
 * watch that it is queued for; its memory counts as that of open files. One for which there is no memory, or no place in
 * the queue, becomes the overflow event, which is part of the instance.
 */
#include "linux/fs/notify/inotify.h"

#include "abi/errno.h"
#include "abi/ioctl.h"
#include "desc/anon_file.h"
#include "desc/poll.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/fs/file/file_more.h"
#include "linux/fs/file/file_more.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/path.h"
#include "linux/fs/vfs/permission.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/path.h"
#include "linux/fs/vfs/permission.h"
#include "linux/fs/proc/seq.h"
#include "linux/process/cred.h"
#include "linux/process/user.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/mutex.h"
#include "proc/process.h"
#include "proc/wait.h"

#define QUEUED_EVENTS_FIRST 16384
#define INSTANCES_FIRST	    128
#define WATCHES_FIRST	    8192

/* atomic */
uint64_t inotify_limits[INOTIFY_LIMITS] = {
	[INOTIFY_QUEUED_EVENTS] = QUEUED_EVENTS_FIRST,
	[INOTIFY_INSTANCES] = INSTANCES_FIRST,
	[INOTIFY_WATCHES] = WATCHES_FIRST,
};

/* An event as a read gives it, with the padding of its name. Guarded by the instance's lock. */
struct queued {
	struct list link;
	struct abi_inotify_event abi;
	char name[];
};

struct inotify {
	uint64_t nevents_max; /* const */
	struct user *user;    /* const; referenced */
	struct waitq readable;
	struct spinlock lock;
	/* guarded by lock: */
	struct list events; /* struct queued.link */
	uint64_t nevents;
	uint64_t bytes; /* of all events, as reads give them; also read without the lock: atomic */
	bool overflowed;
	struct queued overflow; /* on the list if `overflowed` */
	/* guarded by notify_lock: */
	struct tree watches; /* struct inotify_watch.by_wd */
	int32_t last_wd;
};

static struct inotify *inotify_of(const struct file *file)
{
	return file->node;
}

/* ---- the queue ---- */

static size_t event_bytes(const struct queued *event)
{
	return sizeof(event->abi) + event->abi.len;
}

static ssize_t memory_of(size_t len)
{
	return (ssize_t)(sizeof(struct queued) + len);
}

static void event_free(struct inotify *instance, struct queued *event)
{
	if (event == &instance->overflow)
		return;
	file_memory_add(-memory_of(event->abi.len));
	kfree(event);
}

/* As on Linux, only the last event is looked at; and a cookie does not tell two apart. */
static bool is_repeated_locked(const struct inotify *instance, const struct abi_inotify_event *abi,
			       const struct notify_event *event)
{
	const struct queued *last;

	assert_hardened(spin_lock_held(&instance->lock));
	if (list_empty(&instance->events))
		return false;
	last = list_last_entry(&instance->events, struct queued, link);
	return last->abi.mask == abi->mask && last->abi.wd == abi->wd &&
	       last->abi.len == abi->len && !(abi->mask & IN_IGNORED) &&
	       (!event->name || (memcmp(last->name, event->name, event->len) == 0 &&
				 last->name[event->len] == '\0'));
}

static void append_locked(struct inotify *instance, struct queued *event)
{
	assert_hardened(spin_lock_held(&instance->lock));
	list_add_tail(&instance->events, &event->link);
	instance->nevents++;
	atomic_store_relaxed(&instance->bytes, instance->bytes + event_bytes(event));
}

/* An event is lost. Returns whether that is new. */
static bool overflow_locked(struct inotify *instance)
{
	assert_hardened(spin_lock_held(&instance->lock));
	if (instance->overflowed)
		return false;
	instance->overflowed = true;
	append_locked(instance, &instance->overflow);
	return true;
}

static struct queued *event_make(const struct abi_inotify_event *abi,
				 const struct notify_event *event)
{
	struct queued *fresh;

	if (file_memory_charge((size_t)memory_of(abi->len)) != 0)
		return NULL;
	fresh = kmalloc((size_t)memory_of(abi->len));
	if (!fresh) {
		file_memory_add(-memory_of(abi->len));
		return NULL;
	}
	fresh->abi = *abi;
	memset(fresh->name, 0, abi->len);
	if (event->name)
		memcpy(fresh->name, event->name, event->len);
	return fresh;
}

/* No other thread adds events meanwhile, so the queue does not become longer while one is allocated. */
void inotify_queue(struct inotify *instance, int32_t wd, const struct notify_event *event)
{
	const struct abi_inotify_event abi = {
		.wd = wd,
		.mask = event->mask,
		.cookie = event->cookie,
		.len = event->name ? (uint32_t)ALIGN_UP(event->len + 1, sizeof(abi)) : 0,
	};
	bool full, repeated, wakes = false;

	assert_hardened(mutex_held(&notify_lock));
	spin_lock(&instance->lock);
	full = instance->nevents >= instance->nevents_max;
	repeated = !full && is_repeated_locked(instance, &abi, event);
	if (full)
		wakes = overflow_locked(instance);
	spin_unlock(&instance->lock);
	if (!full && !repeated) {
		struct queued *fresh = event_make(&abi, event);

		wakes = true;
		spin_lock(&instance->lock);
		if (fresh)
			append_locked(instance, fresh);
		else
			wakes = overflow_locked(instance);
		spin_unlock(&instance->lock);
	}
	if (wakes)
		waitq_wake_all(&instance->readable);
}

/* ---- reads ---- */

/* Takes the first event. Returns 0, -EAGAIN if there is none, or -EINVAL if it has more than `size` bytes. */
static int event_take(struct inotify *instance, size_t size, struct queued **event_ret)
{
	struct queued *event;
	int err = -EAGAIN;

	spin_lock(&instance->lock);
	if (!list_empty(&instance->events)) {
		event = list_first_entry(&instance->events, struct queued, link);
		err = event_bytes(event) > size ? -EINVAL : 0;
	}
	if (err == 0) {
		list_del(&event->link);
		instance->nevents--;
		atomic_store_relaxed(&instance->bytes, instance->bytes - event_bytes(event));
		if (event == &instance->overflow)
			instance->overflowed = false;
		*event_ret = event;
	}
	spin_unlock(&instance->lock);
	return err;
}

/* Takes the oldest event, and waits until there is one. -EAGAIN with `nonblock`; -EINVAL: it has more than `size` bytes. */
static int event_await(struct inotify *instance, size_t size, bool nonblock,
		       struct queued **event_ret)
{
	for (;;) {
		uint64_t seq = waitq_sample(&instance->readable);
		int err = event_take(instance, size, event_ret);

		if (err != -EAGAIN || nonblock)
			return err;
		err = thread_wait_interruptible(&instance->readable, seq);
		if (err)
			return err;
	}
}

/* As on Linux, an event that cannot be copied is lost. */
static int event_copy(struct inotify *instance, struct user_iter *to, struct queued *event)
{
	const struct abi_inotify_event overflow = { .wd = -1, .mask = IN_Q_OVERFLOW };
	size_t n = event_bytes(event);
	const void *from = &event->abi;
	bool done;

	/* The instance's own may be queued again by now, and is the same then. */
	if (event == &instance->overflow)
		from = &overflow;
	done = user_iter_copy_out(to, from, n) == n;
	event_free(instance, event);
	return done ? 0 : -EFAULT;
}

/* Waits for the first event, and takes as many more as there are and have room in `size` bytes. */
static ssize_t read_segment(struct file *file, struct user_iter *to, size_t size)
{
	struct inotify *instance = inotify_of(file);
	size_t left = size;
	int err;

	for (;;) {
		struct queued *event;
		size_t n;

		err = event_await(instance, left, left != size || file_nonblock(file, to), &event);
		if (err)
			break;
		n = event_bytes(event);
		err = event_copy(instance, to, event);
		if (err)
			return err;
		left -= n;
	}
	return left != size ? (ssize_t)(size - left) : err;
}

/* As on Linux, each segment is a read of its own, and the first one that does not become full is the last. */
static ssize_t inotify_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	ssize_t done = 0;

	(void)pos;
	do {
		size_t size = to->kernel ? to->left : user_iter_span(to);
		ssize_t got = read_segment(file, to, size);

		if (got < 0)
			return done ?: got;
		done += got;
		if ((size_t)got != size)
			break;
	} while (to->left != 0);
	return done;
}

static unsigned inotify_poll(struct file *file, struct poller *poller)
{
	struct inotify *instance = inotify_of(file);

	poll_watch_for(poller, &instance->readable, POLLIN | POLLRDNORM);
	return atomic_load(&instance->bytes) != 0 ? POLLIN | POLLRDNORM : 0;
}

static int inotify_ioctl(struct file *file, unsigned long request, vaddr_t arg)
{
	int32_t bytes = (int32_t)atomic_load(&inotify_of(file)->bytes);

	return request == FIONREAD ? user_copy_out(arg, &bytes, sizeof(bytes)) : -ENOTTY;
}

/* ---- watches by number ---- */

/* Returns what refers to the watch of that number, or would if there were one. */
static struct tree_node **wd_link(struct inotify *instance, int32_t wd,
				  struct tree_node **parent_ret)
{
	struct tree_node **link = &instance->watches.root;

	assert_hardened(mutex_held(&notify_lock));
	*parent_ret = NULL;
	while (*link) {
		int32_t at = tree_entry(*link, struct inotify_watch, by_wd)->wd;

		if (at == wd)
			break;
		*parent_ret = *link;
		link = &(*link)->child[wd > at];
	}
	return link;
}

static struct inotify_watch *find_wd(struct inotify *instance, int32_t wd)
{
	struct tree_node *parent;

	return tree_entry_or_null(*wd_link(instance, wd, &parent), struct inotify_watch, by_wd);
}

/* Numbers are used in turn. As on Linux, a watch that the limit refuses uses up one. */
int inotify_link(struct inotify_watch *watch)
{
	struct inotify *instance = watch->instance;
	struct tree_node *parent, **link;

	do
		instance->last_wd = instance->last_wd == INT32_MAX ? 1 : instance->last_wd + 1;
	while (*(link = wd_link(instance, instance->last_wd, &parent)));
	if (atomic_add(&instance->user->nwatches, 1) >=
	    atomic_load_relaxed(&inotify_limits[INOTIFY_WATCHES])) {
		(void)atomic_add(&instance->user->nwatches, -1ul);
		return -ENOSPC;
	}
	watch->wd = instance->last_wd;
	tree_insert(&instance->watches, &watch->by_wd, parent, link);
	return 0;
}

void inotify_unlink(struct inotify_watch *watch)
{
	assert_hardened(mutex_held(&notify_lock));
	tree_erase(&watch->instance->watches, &watch->by_wd);
	atomic_add(&watch->instance->user->nwatches, -1ul);
}

#define MASK_KEPT (IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT)

/* Changes the mask of a watch that is there. Returns its number, -ENOENT or -EEXIST. */
static int change_locked(struct inotify *instance, struct inode *inode, uint32_t mask)
{
	struct inotify_watch *watch = notify_find_locked(instance, inode);

	assert_hardened(mutex_held(&notify_lock));
	if (!watch)
		return -ENOENT;
	if (mask & IN_MASK_CREATE)
		return -EEXIST;
	watch->mask = (mask & IN_MASK_ADD ? watch->mask : IN_UNMOUNT) | (mask & MASK_KEPT);
	notify_mask_locked(inode);
	return watch->wd;
}

/* Changes a watch that is there, or makes one of *fresh, which becomes NULL. Returns its number, or -EEXIST. */
static int watch_locked(struct inotify *instance, struct inode *inode, uint32_t mask,
			struct inotify_watch **fresh)
{
	struct inotify_watch *watch = *fresh;
	int wd = change_locked(instance, inode, mask);

	assert_hardened(mutex_held(&notify_lock));
	if (wd != -ENOENT || !watch)
		return wd;
	*watch = (struct inotify_watch){
		.instance = instance,
		.inode = inode,
		.mask = IN_UNMOUNT | (mask & MASK_KEPT),
	};
	wd = inotify_link(watch);
	if (wd)
		return wd;
	notify_link_locked(watch);
	*fresh = NULL;
	return watch->wd;
}

static int try_watch(struct file *file, struct inode *inode, uint32_t mask,
		     struct inotify_watch **fresh)
{
	int wd;

	mutex_lock(&notify_lock);
	wd = watch_locked(inotify_of(file), inode, mask, fresh);
	mutex_unlock(&notify_lock);
	return wd;
}

int inotify_watch(struct file *file, struct inode *inode, uint32_t mask)
{
	struct inotify_watch *fresh = NULL;
	int wd = try_watch(file, inode, mask, &fresh);

	if (wd != -ENOENT)
		return wd;
	if (file_memory_charge(INOTIFY_WATCH_BYTES) != 0)
		return -ENOSPC;
	fresh = mem_wait_kmalloc(sizeof(*fresh));
	wd = fresh ? try_watch(file, inode, mask, &fresh) : -ENOMEM;
	if (fresh || wd == -ENOMEM)
		file_memory_add(-INOTIFY_WATCH_BYTES);
	kfree(fresh);
	return wd;
}

int inotify_watch_path(struct file *file, struct file *dir, const char *path, uint32_t mask)
{
	struct inode *inode;
	int wd = path_lookup(path_start(dir), path, !(mask & IN_DONT_FOLLOW), &inode);

	if (wd)
		return wd;
	if ((mask & IN_ONLYDIR) && !S_ISDIR(inode->mode))
		wd = -ENOTDIR;
	else
		wd = inode_permission(inode, MAY_READ) ?: inotify_watch(file, inode, mask);
	path_put(inode);
	return wd;
}

int inotify_unwatch(struct file *file, int32_t wd)
{
	static const struct notify_event ignored = { .mask = IN_IGNORED };
	struct inotify *instance = inotify_of(file);
	struct inotify_watch *watch;
	struct inode *pinned = NULL;

	mutex_lock(&notify_lock);
	watch = find_wd(instance, wd);
	if (watch) {
		inotify_queue(instance, wd, &ignored);
		pinned = notify_unlink_locked(watch);
	}
	mutex_unlock(&notify_lock);
	path_put(pinned);
	return watch ? 0 : -EINVAL;
}

/* ---- what /proc shows ---- */

/* As on Linux, the newest watch comes first. The cursor is the number of the last one, or 0. */
static struct inotify_watch *watch_before(struct inotify *instance, uint64_t cursor)
{
	struct tree_node *node = instance->watches.root, *best = NULL;

	assert_hardened(mutex_held(&notify_lock));
	while (node) {
		bool below = cursor == 0 ||
			     tree_entry(node, struct inotify_watch, by_wd)->wd < (int64_t)cursor;

		if (below)
			best = node;
		node = node->child[below];
	}
	return tree_entry_or_null(best, struct inotify_watch, by_wd);
}

static int inotify_info(struct file *file, uint64_t *cursor, struct seq *seq)
{
	struct inotify_watch *watch;

	mutex_lock(&notify_lock);
	watch = watch_before(inotify_of(file), *cursor);
	if (watch) {
		const struct inode *inode = watch->inode;

		seq_put(seq, "inotify wd:%x ino:%lx sdev:%lx mask:%x ignored_mask:0 \n",
			(unsigned)watch->wd, (unsigned long)inode->ino,
			(unsigned long)(inode->mount ? inode->mount->dev : DEV_ANON),
			watch->mask & MASK_KEPT);
		*cursor = (uint64_t)watch->wd;
	}
	mutex_unlock(&notify_lock);
	return watch ? 0 : -ENODATA;
}

/* As on Linux, without brackets. */
static ssize_t inotify_label(struct file *file, char *buf, size_t size)
{
	(void)file;
	return (ssize_t)str_copy(buf, "anon_inode:inotify", size);
}

/* ---- instances ---- */

static size_t inotify_held(const struct file *file)
{
	return atomic_load_relaxed(&inotify_of(file)->bytes) / PAGE_SIZE;
}

static void inotify_holds(struct file *file)
{
	const struct inotify *instance = inotify_of(file);
	struct tree_node *node;

	counted_found(&instance->user->counted);
	tree_for_each(node, &instance->watches) {
		const struct inotify_watch *watch = tree_entry(node, struct inotify_watch, by_wd);

		if (watch->pins)
			inode_found(watch->inode);
	}
}

/* Ends one watch a time, so that others get the lock in between. */
static void end_watches(struct inotify *instance)
{
	struct tree_node *node;

	do {
		struct inode *pinned = NULL;

		mutex_lock(&notify_lock);
		node = tree_first(&instance->watches);
		if (node)
			pinned =
				notify_unlink_locked(tree_entry(node, struct inotify_watch, by_wd));
		mutex_unlock(&notify_lock);
		path_put(pinned);
	} while (node);
}

static void instance_free(struct inotify *instance)
{
	(void)atomic_add(&instance->user->ninstances, -1ul);
	user_put(instance->user);
	counter_add(&file_nholders, -1ul);
	kfree(instance);
}

/* No thread adds events any more, or takes them. */
static void inotify_release(struct file *file)
{
	struct inotify *instance = inotify_of(file);

	end_watches(instance);
	while (!list_empty(&instance->events))
		event_free(instance, list_entry(list_pop(&instance->events), struct queued, link));
	instance_free(instance);
}

static const struct file_ops inotify_ops = {
	.name = "inotify",
	.read = inotify_read,
	.poll = inotify_poll,
	.ioctl = inotify_ioctl,
	.seek_is_0 = true,
	.stat = anon_file_stat,
	.label = inotify_label,
	.more = &(const struct file_more){ .info_record = inotify_info },
	.held = inotify_held,
	.release = inotify_release,
	.holds = inotify_holds,
};

bool file_is_inotify(const struct file *file)
{
	return file->ops == &inotify_ops;
}

/* As on Linux, an instance and its watches count for the user that has made it, by the effective id. */
static struct inotify *instance_create(struct user *user)
{
	struct inotify *instance = mem_wait_kzalloc(sizeof(*instance));

	if (!instance)
		return NULL;
	counter_add(&file_nholders, 1);
	instance->user = user;
	instance->nevents_max = atomic_load_relaxed(&inotify_limits[INOTIFY_QUEUED_EVENTS]);
	waitq_init(&instance->readable);
	spin_init(&instance->lock, LOCK_FS);
	list_init(&instance->events);
	tree_init(&instance->watches);
	instance->overflow.abi = (struct abi_inotify_event){ .wd = -1, .mask = IN_Q_OVERFLOW };
	return instance;
}

/* Takes over the reference to the user, for which the instance has been counted. */
static int create_for(struct user *user, unsigned flags, struct file **file_ret)
{
	struct inotify *instance = instance_create(user);

	if (!instance) {
		(void)atomic_add(&user->ninstances, -1ul);
		user_put(user);
		return -ENOMEM;
	}
	*file_ret = file_create(&inotify_ops, O_RDONLY | flags, instance);
	if (*file_ret)
		return 0;
	instance_free(instance);
	return -ENOMEM;
}

int inotify_create(unsigned flags, struct file **file_ret)
{
	struct user *user = user_find(current_cred()->euid);
	int err = user ? file_memory_charge(FILE_BYTES) : -ENOMEM;

	if (err == 0 && atomic_add(&user->ninstances, 1) >=
				atomic_load_relaxed(&inotify_limits[INOTIFY_INSTANCES])) {
		(void)atomic_add(&user->ninstances, -1ul);
		file_memory_add(-FILE_BYTES);
		err = -EMFILE;
	}
	if (err) {
		if (user)
			user_put(user);
		return err;
	}
	err = create_for(user, flags, file_ret);
	file_memory_add(-FILE_BYTES);
	return err;
}
