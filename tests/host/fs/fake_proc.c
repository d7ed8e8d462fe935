/* SPDX-License-Identifier: MIT */
/* What fs asks of proc, for host tests with one thread. */
#include "fake_proc.h"

#include <string.h>

#include "abi/errno.h"
#include "base/random.h"
#include "desc/epoll.h"
#include "ipc/endpoint.h"
#include "linux/fs/dev/served.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/proc/proc.h"
#include "linux/fs/sysfs/sysfs.h"
#include "linux/fs/vfs/process_fs.h"
#include "lib/assert.h"
#include "mm/phys/kmalloc.h"
#include "linux/process/cred.h"
#include "linux/process/limits.h"
#include "proc/mem_wait.h"
#include "proc/mutex.h"
#include "proc/process.h"
#include "linux/signal/io.h"
#include "linux/signal/kill.h"
#include "linux/signal/signal.h"
#include "proc/wait.h"

int (*fake_sleep)(void);
unsigned fake_sleeps;
unsigned fake_mutexes_held;

struct inode *fake_root;

/* Root's, which a test may change. */
struct cred fake_cred = { .refs = REFCOUNT_INIT(1), .cap_effective = CAP_ALL };

const struct cred *current_cred(void)
{
	return &fake_cred;
}

bool capable(unsigned cap)
{
	return fake_cred.cap_effective & CAP_BIT(cap);
}

bool in_group_p(uint32_t gid)
{
	return fake_cred.fsgid == gid;
}

/* The real ids of the one thread are those by which it acts. */
struct cred *cred_prepare(void)
{
	return NULL;
}

void cred_override(struct cred *cred)
{
	(void)cred;
}

void cred_revert(void)
{
}

void cred_put(struct cred *cred)
{
	(void)cred;
}

static char the_thread;

struct inode *process_root(void)
{
	if (fake_root)
		path_get(fake_root);
	return fake_root;
}

void mutex_init(struct mutex *mutex, enum lock_class class)
{
	mutex->word = 0;
	mutex->class = class;
}

void mutex_lock(struct mutex *mutex)
{
	assert(!mutex_owner(mutex));
	lockorder_assert_none_spinning();
	mutex->word = (uint64_t)&the_thread;
	fake_mutexes_held++;
}

int mutex_lock_killable(struct mutex *mutex)
{
	mutex_lock(mutex);
	return 0;
}

void mutex_unlock(struct mutex *mutex)
{
	assert(mutex_owner(mutex));
	mutex->word = 0;
	fake_mutexes_held--;
}

bool mutex_held(const struct mutex *mutex)
{
	return mutex_owner(mutex) != NULL;
}

int thread_wait(struct waitq *queue, uint64_t seq)
{
	lockorder_assert_none_spinning();
	fake_sleeps++;
	if (waitq_sample(queue) != seq)
		return 0;
	return fake_sleep ? fake_sleep() : -EINTR;
}

int thread_wait_interruptible(struct waitq *queue, uint64_t seq)
{
	return thread_wait(queue, seq);
}

struct page *mem_wait_page(unsigned order, enum page_kind kind)
{
	return page_alloc(order, kind, PAGE_NORMAL);
}

void *mem_wait_kmalloc_at(size_t size SITE_PARAM)
{
	lockorder_assert_none_spinning();
	return kmalloc_at(size, site);
}

void *mem_wait_kzalloc_at(size_t size SITE_PARAM)
{
	lockorder_assert_none_spinning();
	return kzalloc_at(size, site);
}

uint64_t process_own_limit(unsigned resource)
{
	(void)resource;
	return RLIM_INFINITY;
}

uint64_t process_nfds_max(void)
{
	return NOFILE_DEFAULT;
}

void signal_raise(int sig)
{
	(void)sig;
}

int signal_owner_set(struct signal_owner *owner, enum signal_owner_kind kind, int id)
{
	*owner = (struct signal_owner){ .kind = kind, .id.tid = id };
	return 0;
}

void signal_owner_set_foreground(struct signal_owner *owner, const struct ctty *terminal)
{
	(void)owner, (void)terminal;
}

int signal_owner_id(const struct signal_owner *owner)
{
	return owner->id.tid;
}

void signal_owner_send(const struct signal_owner *owner, int sig, int fd, int reason)
{
	(void)owner, (void)sig, (void)fd, (void)reason;
}

/* Bytes that each run has. */
void random_bytes(void *to, size_t n)
{
	memset(to, 7, n);
}

/* The file system of processes stands on all of proc/, and so is tested in the kernel. */
static int no_processes(struct mount *mount, const char *options)
{
	(void)mount, (void)options;
	return -ENODEV;
}

const struct fs_type proc_type = { .name = "proc", .fill_mount = no_processes };
const struct fs_type sysfs_type = { .name = "sysfs", .fill_mount = no_processes };
const struct file_ops served_name_ops = { .name = "served file" };

int served_name_begin(struct inode *inode, struct file *send)
{
	(void)inode, (void)send;
	return -EPERM;
}

void served_name_end(struct inode *inode)
{
	(void)inode;
}

bool endpoint_is_receive(const struct file *file)
{
	(void)file;
	return false;
}

struct endpoint_news endpoint_look(const struct file *receive)
{
	(void)receive;
	panic("a receive end");
}

/* ---- epoll: no file here is watched by a set ---- */

void epoll_forget_file(struct file *file)
{
	(void)file;
	panic("a watched file");
}
