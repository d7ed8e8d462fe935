/* SPDX-License-Identifier: MIT */
/* Removes a file that has lost its name while it was used, after its last use. */
/*
 * A server refers to a file by its path, or by a descriptor that it has open. Without the name, a fid that is not
 * open is useless, and an open one is lost with the server's own end. So a file that is used when its name goes gets
 * another name, as with NFS, ".faultline-" and 16 digits, by which it is removed when its last user is gone. A machine that
 * is switched off meanwhile leaves such a file behind.
 *
 *     P9_LINKED --- the hidden name is its only one ---> P9_HIDDEN --- last use ---> P9_REMOVED
 *         ^                                                  |
 *         +---------------- it has another name again -------+
 *
 * What removes the hidden name (struct p9_removal) is the node's before the server is asked for that name. If that answer
 * is lost, the file is P9_LINKED still, and the hidden name, which may not be there, is removed after the last use even so.
 * linux/fs/p9/namei.c asks the server for the changes of names.
 */
#include "linux/fs/p9/removal.h"

#include "abi/errno.h"
#include "base/random.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "linux/fs/notify/notify.h"
#include "linux/fs/p9/lease.h"
#include "linux/fs/p9/walk.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/wait.h"

void p9_use(struct p9_node *node)
{
	(void)atomic_add(&node->users, 1);
}

void p9_removal_free(struct p9_removal *removal)
{
	if (!removal)
		return;
	inode_put(&removal->parent->inode);
	kfree(removal);
}

/* Replaces what the node has, and returns that. */
static struct p9_removal *exchange_removal(struct p9_node *node, struct p9_removal *removal)
{
	struct p9_removal *old;

	spin_lock(&node->session->lock);
	old = node->removal;
	node->removal = removal;
	spin_unlock(&node->session->lock);
	return old;
}

void p9_removal_set(struct p9_node *node, struct p9_removal *removal)
{
	p9_removal_free(exchange_removal(node, removal));
}

/* The session is still there: the request has a reference to it. */
static void removal_ended(struct p9_request *request, int result)
{
	struct p9_session *session = request->session;
	struct p9_removal *removal = container_of(request, struct p9_removal, request);

	(void)result;
	spin_lock(&session->lock);
	list_del(&removal->link);
	spin_unlock(&session->lock);
	p9_attributes_changed(session, removal->parent->qid.path);
	p9_attributes_changed(session, removal->path); /* it may have other names */
	waitq_wake_all(&session->removed);
}

static void free_request(struct p9_request *request)
{
	p9_removal_free(container_of(request, struct p9_removal, request));
}

void p9_removal_find_held(struct p9_removal *removal)
{
	if (removal)
		inode_found(&removal->parent->inode);
}

void p9_removal_find_held_by(struct p9_request *request)
{
	if (request->free == free_request)
		p9_removal_find_held(container_of(request, struct p9_removal, request));
}

/* Is there one of the first n? Sets *seq_ret for a wait for its end. */
static bool has_removal_of(struct p9_session *session, uint64_t n, uint64_t *seq_ret)
{
	bool has = false;

	spin_lock(&session->lock);
	*seq_ret = waitq_sample(&session->removed);
	if (!list_empty(&session->removals))
		has = list_first_entry(&session->removals, struct p9_removal, link)->number <= n;
	spin_unlock(&session->lock);
	return has;
}

void p9_wait_for_removals(struct p9_session *session, uint64_t latest)
{
	uint64_t n, seq;

	if (p9_session_deadlocks(session)) /* the server closes a file of its own */
		return;
	spin_lock(&session->lock);
	n = session->nremovals;
	spin_unlock(&session->lock);
	while (has_removal_of(session, n, &seq) &&
	       thread_wait_until(&session->removed, seq, latest) == 0)
		;
}

static void parent_changed(struct p9_node *node)
{
	spin_lock(&node->session->lock);
	atomic_store(&node->parent->names_changed, 1u);
	spin_unlock(&node->session->lock);
}

/* Starts the removal of a hidden name. If there is no tag for it, the file stays. */
static void remove_hidden(struct p9_node *node, struct p9_removal *removal)
{
	struct p9_tunlinkat ask = { 0 };
	ssize_t n;

	if (!p9_request_init(node->session, &removal->request)) {
		p9_removal_free(removal);
		return;
	}
	removal->request.fid = p9_node_fid(removal->parent);
	ask.dirfid = removal->request.fid->number;
	ask.name = (struct p9_string){ removal->name, P9_HIDDEN_BYTES - 1 };
	removal->path = node->qid.path;
	removal->request.ended = removal_ended;
	removal->request.free = free_request;
	removal->request.message = removal->message;
	n = p9_encode_tunlinkat(removal->message, sizeof(removal->message), removal->request.tag,
				&ask);
	assert(n > 0);
	parent_changed(node);
	spin_lock(&node->session->lock);
	removal->number = ++node->session->nremovals;
	list_add_tail(&node->session->removals, &removal->link);
	spin_unlock(&node->session->lock);
	p9_request_start(&removal->request, (size_t)n);
}

/*
 * The thread that takes the removal removes the hidden name. If the file has other names, the server's path of the node's
 * fids may be the name that goes: then a look-up by another name makes a new node.
 */
static void remove_unused(struct p9_node *node)
{
	struct p9_removal *removal;

	/* Who hides a file uses it, so a look is enough. */
	if (atomic_load(&node->users) || !atomic_load_relaxed(&node->removal) ||
	    !(removal = exchange_removal(node, NULL)))
		return;
	atomic_store(&node->unlinked, P9_REMOVED);
	p9_node_forget(node); /* first: a new file may get its number at once */
	notify_unpin(&node->inode);
	remove_hidden(node, removal);
}

void p9_unuse(struct p9_node *node, bool waits)
{
	if (atomic_add(&node->users, -1u) != 1)
		return;
	remove_unused(node);
	if (waits && atomic_load(&node->unlinked) == P9_REMOVED)
		p9_wait_for_removals(node->session, UINT64_MAX);
}

/* Looks for a name that no file of the directory has, and writes it to `text`. */
static int unused_name(struct p9_node *dir, char *text)
{
	struct p9_fid *fid;
	struct p9_qid qid;
	uint64_t number;
	int err;

	do {
		random_bytes(&number, sizeof(number));
		ksnprintf(text, P9_HIDDEN_BYTES, ".faultline-%016lx", (unsigned long)number);
		err = p9_walk(dir, text, P9_HIDDEN_BYTES - 1, &fid, &qid);
		if (err == 0)
			p9_fid_put(fid);
	} while (err == 0);
	return err == -ENOENT ? 0 : err;
}

int p9_removal_create(struct p9_node *dir, struct p9_removal **removal_ret)
{
	struct p9_removal *removal = mem_wait_kmalloc(sizeof(*removal));
	int err = removal ? unused_name(dir, removal->name) : -ENOMEM;

	if (err) {
		kfree(removal);
		return err;
	}
	inode_get(&dir->inode);
	removal->parent = dir;
	*removal_ret = removal;
	return 0;
}
