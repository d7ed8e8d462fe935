/* SPDX-License-Identifier: MIT */
/* The nodes of a session: found by the server's number for the file, and cached after use. */
#include "linux/fs/p9/node.h"

#include "lib/bits.h"
#include "linux/fs/p9/lease.h"
#include "mm/phys/page_alloc.h"

/* The most nodes in the cache: this many, or one for each FRAMES_PER_KEPT frames of the machine if that is less. */
#define KEPT_MAX	16384u
#define FRAMES_PER_KEPT 4u

struct p9_node *p9_nodes_find_locked(struct p9_session *session, uint64_t path)
{
	struct tree_node *at = session->nodes.root;

	assert_hardened(spin_lock_held(&session->lock));
	while (at) {
		struct p9_node *node = tree_entry(at, struct p9_node, by_path);

		if (node->qid.path == path)
			return node;
		at = at->child[path > node->qid.path];
	}
	return NULL;
}

static void unlist_locked(struct p9_node *node)
{
	assert_hardened(spin_lock_held(&node->session->lock));
	if (node->listed)
		tree_erase(&node->session->nodes, &node->by_path);
	node->listed = false;
	p9_name_unhold_locked(node);
}

/*
 * Returns the node of the qid with a reference, or NULL. A node of another type is an older file with
 * that number: it is found no more.
 */
static struct p9_node *find_qid_locked(struct p9_session *session, const struct p9_qid *qid)
{
	struct p9_node *node = p9_nodes_find_locked(session, qid->path);

	assert_hardened(spin_lock_held(&session->lock));
	if (!node)
		return NULL;
	if (node->qid.type == qid->type && refcount_get_unless_zero(&node->inode.refs))
		return node;
	unlist_locked(node);
	return NULL;
}

struct p9_node *p9_nodes_find(struct p9_session *session, const struct p9_qid *qid)
{
	struct p9_node *node;

	spin_lock(&session->lock);
	node = find_qid_locked(session, qid);
	spin_unlock(&session->lock);
	return node;
}

int p9_nodes_add(struct p9_node *node, struct p9_node **there_ret)
{
	struct p9_session *session = node->session;
	struct tree_node **link = &session->nodes.root, *parent = NULL;
	struct p9_node *there;
	int err = 0;

	spin_lock(&session->lock);
	there = find_qid_locked(session, &node->qid);
	if (!there && !p9_fid_own_locked(node->fid, node, P9_FID_WALKED))
		err = -EAGAIN;
	while (!err && !there && *link) {
		parent = *link;
		link = &parent->child[node->qid.path >
				      tree_entry(parent, struct p9_node, by_path)->qid.path];
	}
	if (!err && !there) {
		tree_insert(&session->nodes, &node->by_path, parent, link);
		node->listed = true;
	}
	spin_unlock(&session->lock);
	*there_ret = there;
	return err;
}

void p9_nodes_remove(struct p9_node *node)
{
	spin_lock(&node->session->lock);
	unlist_locked(node);
	while (!list_empty(&node->fids))
		p9_fid_disown_locked(list_first_entry(&node->fids, struct p9_fid, by_node));
	spin_unlock(&node->session->lock);
}

/* Takes the node out of the cache, whose reference becomes the caller's. */
static void unkeep_locked(struct p9_node *node)
{
	assert_hardened(spin_lock_held(&node->session->lock));
	list_del(&node->kept);
	node->session->nkept--;
}

bool p9_nodes_forget(struct p9_session *session, unsigned n)
{
	bool any = false;

	for (; n > 0; n--) {
		struct p9_node *node = NULL;

		spin_lock(&session->lock);
		if (!list_empty(&session->kept)) {
			node = list_first_entry(&session->kept, struct p9_node, kept);
			unkeep_locked(node);
		}
		spin_unlock(&session->lock);
		if (!node)
			break;
		inode_put(&node->inode);
		any = true;
	}
	return any;
}

void p9_node_forget(struct p9_node *node)
{
	bool kept;

	spin_lock(&node->session->lock);
	unlist_locked(node);
	kept = !list_empty(&node->kept);
	if (kept)
		unkeep_locked(node);
	spin_unlock(&node->session->lock);
	if (kept)
		inode_put(&node->inode);
}

bool p9_node_keep_locked(struct p9_node *node)
{
	struct p9_session *session = node->session;

	assert_hardened(spin_lock_held(&session->lock));
	if (list_empty(&node->kept)) {
		inode_get(&node->inode);
		session->nkept++;
	} else {
		list_del(&node->kept);
	}
	list_add_tail(&session->kept, &node->kept);
	return session->nkept > MIN(KEPT_MAX, page_alloc_total_count() / FRAMES_PER_KEPT);
}

void p9_node_keep(struct p9_node *node)
{
	struct p9_session *session = node->session;
	bool full;

	spin_lock(&session->lock);
	full = p9_node_keep_locked(node);
	spin_unlock(&session->lock);
	if (full)
		(void)p9_nodes_forget(session, 1);
}
