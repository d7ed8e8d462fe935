/* SPDX-License-Identifier: MIT */
/* Keys, identifiers, owners and permissions of System V IPC. */
#include "linux/sysv/util.h"

#include "abi/errno.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "linux/process/cred.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "proc/mem_wait.h"
#include "proc/sched.h"
#include "proc/wait.h"

/* As on Linux, an index is not used again before that many others were. */
#define MIN_CYCLE 64
#define SEQ_END	  (INT32_MAX >> IPC_INDEX_BITS)

void sysv_init_ids(struct ipc_ids *ids)
{
	mutex_init(&ids->mutex, LOCK_SYSV);
	tree_init(&ids->by_index);
	tree_init(&ids->by_key);
	ids->last_idx = -1;
}

int64_t sysv_now(void)
{
	return (int64_t)(clock_wall_ns() / NSEC_PER_SEC);
}

/* ---- waiting ---- */

void sysv_waiter_finish(struct ipc_waiter *waiter)
{
	struct thread *thread = waiter->thread;

	list_del(&waiter->link);
	atomic_store(&waiter->done, 1);
	thread_wake(thread); /* it takes the mutex before it goes on */
}

int sysv_waiter_sleep(struct ipc_waiter *waiter, struct mutex *mutex,
		      const struct deadline *deadline)
{
	int err = thread_park_deadline(&waiter->done, deadline, NULL);

	mutex_lock(mutex);
	if (!waiter->done) {
		list_del(&waiter->link);
		return err;
	}
	current_thread()->restart = RESTART_NONE;
	return 0;
}

/* ---- memory ---- */

/* This part of memory is the most. */
#define SHARE 16u

static uint64_t ipc_memory; /* bytes; atomic */

static bool charge(size_t bytes)
{
	uint64_t before = atomic_add(&ipc_memory, bytes);

	if (before + bytes <= page_alloc_total_count() * PAGE_SIZE / SHARE)
		return true;
	counter_add(&ipc_memory, -(uint64_t)bytes);
	return false;
}

void *sysv_alloc(size_t size)
{
	void *p;

	if (!charge(kmalloc_size(size)))
		return NULL;
	p = mem_wait_kzalloc(size);
	if (!p)
		counter_add(&ipc_memory, -(uint64_t)kmalloc_size(size));
	return p;
}

void sysv_free(void *p, size_t size)
{
	if (!p)
		return;
	counter_add(&ipc_memory, -(uint64_t)kmalloc_size(size));
	kfree(p);
}

/* ---- trees ---- */

static struct kern_ipc_perm *of_index(struct tree_node *node)
{
	return tree_entry_or_null(node, struct kern_ipc_perm, by_index);
}

static void insert_index(struct ipc_ids *ids, struct kern_ipc_perm *perm)
{
	struct tree_node **link = &ids->by_index.root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = &parent->child[sysv_index(of_index(parent)->id) < sysv_index(perm->id)];
	}
	tree_insert(&ids->by_index, &perm->by_index, parent, link);
}

/* Returns where the key is or would be; *parent_ret is the node above. */
static struct tree_node **key_link(struct ipc_ids *ids, int32_t key, struct tree_node **parent_ret)
{
	struct tree_node **link = &ids->by_key.root;

	*parent_ret = NULL;
	while (*link) {
		int32_t here = tree_entry(*link, struct kern_ipc_perm, by_key)->key;

		if (here == key)
			break;
		*parent_ret = *link;
		link = &(*link)->child[here < key];
	}
	return link;
}

static struct kern_ipc_perm *find_key(struct ipc_ids *ids, int32_t key)
{
	struct tree_node *parent;

	return tree_entry_or_null(*key_link(ids, key, &parent), struct kern_ipc_perm, by_key);
}

static void insert_key(struct ipc_ids *ids, struct kern_ipc_perm *perm)
{
	struct tree_node *parent, **link = key_link(ids, perm->key, &parent);

	tree_insert(&ids->by_key, &perm->by_key, parent, link);
}

struct kern_ipc_perm *sysv_next(struct ipc_ids *ids, int index)
{
	struct tree_node *node = ids->by_index.root;
	struct kern_ipc_perm *best = NULL;

	assert_hardened(mutex_held(&ids->mutex));
	while (node) {
		bool below = sysv_index(of_index(node)->id) < index;

		if (!below)
			best = of_index(node);
		node = node->child[below];
	}
	return best;
}

struct kern_ipc_perm *sysv_obtain_index(struct ipc_ids *ids, int index)
{
	struct kern_ipc_perm *perm = sysv_next(ids, index);

	return perm && sysv_index(perm->id) == index ? perm : NULL;
}

struct kern_ipc_perm *sysv_obtain(struct ipc_ids *ids, int id)
{
	struct kern_ipc_perm *perm = sysv_obtain_index(ids, sysv_index(id));

	return perm && perm->id == id ? perm : NULL;
}

int sysv_max_index(struct ipc_ids *ids)
{
	struct kern_ipc_perm *last = of_index(tree_last(&ids->by_index));

	return last ? sysv_index(last->id) : 0;
}

/* ---- identifiers ---- */

/* Returns the first index of [from, end) that is free, or -1. */
static int free_index(struct ipc_ids *ids, int from, int end)
{
	for (struct kern_ipc_perm *perm = sysv_next(ids, from);
	     perm && sysv_index(perm->id) == from && from < end;
	     perm = of_index(tree_next(&perm->by_index)))
		from++;
	return from < end ? from : -1;
}

/* As on Linux: indices go round, and each round has another number above them. */
static int new_id(struct ipc_ids *ids, uint16_t *seq_ret)
{
	int end = MIN(MAX(ids->in_use * 3 / 2, MIN_CYCLE), IPC_MNI);
	int index = free_index(ids, ids->next_idx, end);

	if (index < 0)
		index = free_index(ids, 0, end);
	assert(index >= 0); /* there are fewer in use than `end` */
	ids->next_idx = index + 1;
	if (index <= ids->last_idx && ++ids->seq >= SEQ_END)
		ids->seq = 0;
	ids->last_idx = index;
	*seq_ret = ids->seq;
	return (int)((unsigned)ids->seq << IPC_INDEX_BITS) + index;
}

/* Gives it an identifier, and the running thread as owner. */
static void publish(struct ipc_ids *ids, struct kern_ipc_perm *perm,
		    const struct ipc_params *params)
{
	const struct cred *cred = current_cred();

	perm->key = params->key;
	perm->mode = (uint32_t)params->flg & 0777;
	perm->uid = perm->cuid = cred->euid;
	perm->gid = perm->cgid = cred->egid;
	perm->id = new_id(ids, &perm->seq);
	ids->in_use++;
	insert_index(ids, perm);
	if (perm->key != IPC_PRIVATE)
		insert_key(ids, perm);
}

void sysv_forget_key(struct ipc_ids *ids, struct kern_ipc_perm *perm)
{
	assert_hardened(mutex_held(&ids->mutex));
	if (perm->key != IPC_PRIVATE)
		tree_erase(&ids->by_key, &perm->by_key);
	perm->key = IPC_PRIVATE;
}

void sysv_rmid(struct ipc_ids *ids, struct kern_ipc_perm *perm)
{
	sysv_forget_key(ids, perm);
	tree_erase(&ids->by_index, &perm->by_index);
	ids->in_use--;
}

static int check_existing(const struct ipc_ops *ops, const struct kern_ipc_perm *perm,
			  const struct ipc_params *params)
{
	int err = 0;

	if ((params->flg & IPC_CREAT) && (params->flg & IPC_EXCL))
		return -EEXIST;
	if (ops->more_checks)
		err = ops->more_checks(perm, params);
	if (!err)
		err = sysv_check_perm(perm, params->flg);
	return err ? err : perm->id;
}

/*
 * Looks for the key, and publishes `new` if it is not there. Returns an identifier or a negative errno;
 * -EAGAIN: a new one is needed. *new_ret becomes NULL when it is published.
 */
static int find_or_publish(struct ipc_ids *ids, const struct ipc_ops *ops,
			   const struct ipc_params *params, int mni, struct kern_ipc_perm **new_ret)
{
	struct kern_ipc_perm *new = *new_ret;
	struct kern_ipc_perm *found = params->key == IPC_PRIVATE ? NULL
								 : find_key(ids, params->key);
	int err;

	if (found)
		return check_existing(ops, found, params);
	if (params->key != IPC_PRIVATE && !(params->flg & IPC_CREAT))
		return -ENOENT;
	if (!new)
		return -EAGAIN;
	if (ids->in_use >= mni)
		return -ENOSPC;
	err = ops->admit ? ops->admit(new) : 0;
	if (err)
		return err;
	publish(ids, new, params);
	*new_ret = NULL;
	return new->id;
}

int sysv_get(struct ipc_ids *ids, const struct ipc_ops *ops, const struct ipc_params *params,
	     int mni)
{
	struct kern_ipc_perm *new = NULL;
	int result;

	for (;;) {
		mutex_lock(&ids->mutex);
		result = find_or_publish(ids, ops, params, mni, &new);
		mutex_unlock(&ids->mutex);
		if (result != -EAGAIN)
			break;
		new = ops->getnew(params, &result);
		if (!new)
			return result;
	}
	if (new)
		ops->discard(new);
	return result;
}

/* ---- permissions ---- */

int sysv_check_perm(const struct kern_ipc_perm *perm, int flag)
{
	const struct cred *cred = current_cred();
	unsigned wanted = (unsigned)(flag >> 6 | flag >> 3 | flag), granted = perm->mode;

	if (cred->euid == perm->cuid || cred->euid == perm->uid)
		granted >>= 6;
	else if (in_group_p(perm->cgid) || in_group_p(perm->gid))
		granted >>= 3;
	return (wanted & ~granted & 07) && !capable(CAP_IPC_OWNER) ? -EACCES : 0;
}

static int check_owner(const struct kern_ipc_perm *perm)
{
	uint32_t euid = current_cred()->euid;

	return euid == perm->cuid || euid == perm->uid || capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

struct kern_ipc_perm *sysv_obtain_own(struct ipc_ids *ids, int id, int *err_ret)
{
	struct kern_ipc_perm *perm = sysv_obtain(ids, id);

	*err_ret = perm ? check_owner(perm) : -EINVAL;
	return *err_ret ? NULL : perm;
}

struct kern_ipc_perm *sysv_obtain_stat(struct ipc_ids *ids, int id, bool by_index, bool any,
				       int *result_ret)
{
	struct kern_ipc_perm *perm = by_index ? sysv_obtain_index(ids, id) : sysv_obtain(ids, id);

	*result_ret = !perm ? -EINVAL : any ? 0 : sysv_check_perm(perm, 0444);
	if (*result_ret)
		return NULL;
	*result_ret = by_index ? perm->id : 0;
	return perm;
}

int sysv_update_perm(struct kern_ipc_perm *perm, const struct abi_ipc_perm *from)
{
	if (from->uid == UINT32_MAX || from->gid == UINT32_MAX)
		return -EINVAL;
	perm->uid = from->uid;
	perm->gid = from->gid;
	perm->mode = (perm->mode & ~0777u) | (from->mode & 0777);
	return 0;
}

void sysv_perm_out(const struct kern_ipc_perm *perm, struct abi_ipc_perm *to)
{
	*to = (struct abi_ipc_perm){
		.key = perm->key,
		.uid = perm->uid,
		.gid = perm->gid,
		.cuid = perm->cuid,
		.cgid = perm->cgid,
		.mode = perm->mode,
		.seq = perm->seq,
	};
}
