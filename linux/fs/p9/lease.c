/* SPDX-License-Identifier: MIT */
/* Keeps names and attributes while a lease of the server's holds, so that these are not asked for. */
/*
 * A server that hears of each change of its files, or makes all of them, may grant leases (docs/servers.md): P9_GETATTR_LEASE in
 * Rgetattr. The file's attributes, and a directory's names, are then what they were until the server revokes that. The client asks
 * nobody before it uses them: it compares the number of the lease (endpoint_lease()) with the one from before the request, which a
 * revocation, the server's end and another server change. So a revocation has nothing to walk through, and an answer that it has
 * overtaken is not kept.
 *
 * A change by this session is no revocation: the server has been told to make it. When it is answered, what it concerns is
 * forgotten, and session->nchanges is raised, so that no answer from before is kept. A request that was given up may still be done
 * (session->nflushes): nothing is kept meanwhile. While a file is open for writing, the
 * server is asked, and what is known here counts.
 *
 * What is kept has no memory of its own. A node in the cache (linux/fs/p9/nodes.c) knows one name; session->names finds it by
 * the hash of that and of the directory. Two names with one hash take each other's place.
 */
#include "linux/fs/p9/lease.h"

#include "linux/fs/p9/data.h"
#include "linux/fs/p9/node.h"

static bool is_current_locked(const struct p9_session *session, const struct p9_lease *lease)
{
	assert_hardened(spin_lock_held(&session->lock));
	return lease->number != 0 && lease->nchanges == session->nchanges;
}

void p9_lease_sample(struct p9_session *session, uint64_t path, struct p9_lease *lease)
{
	spin_lock(&session->lock);
	lease->nchanges = session->nchanges;
	lease->epoch = session->epoch;
	lease->turn = ++session->nasked;
	lease->number = atomic_load(&session->nflushes) ? 0 : endpoint_lease(session->send, path);
	spin_unlock(&session->lock);
}

/* ---- attributes ---- */

bool p9_attributes_keep_locked(struct p9_node *node, const struct p9_rgetattr *attr,
			       const struct p9_lease *lease)
{
	uint64_t number = is_current_locked(node->session, lease) ? lease->number : 0;
	bool granted = (attr->valid & P9_GETATTR_LEASE) != 0;

	assert_hardened(spin_lock_held(&node->session->lock));
	if (lease->turn < node->answered)
		return false;
	node->answered = lease->turn;
	atomic_store_relaxed(&node->granted, granted ? lease->epoch + 1 : 0);
	atomic_store_relaxed(&node->attributes_held, granted ? number : 0);
	return true;
}

/* A node that no look-up finds any more is not told of changes. */
bool p9_attributes_held(struct p9_node *node, struct p9_rgetattr *attr_ret)
{
	struct p9_session *session = node->session;
	bool held;

	if (!atomic_load_relaxed(&node->attributes_held) ||
	    (node->data && atomic_load(&node->data->writer)))
		return false;
	spin_lock(&session->lock);
	held = node->listed && node->attributes_held &&
	       node->attributes_held == endpoint_lease(session->send, node->qid.path);
	if (held) {
		attr_ret->qid = node->qid;
		attr_ret->size = atomic_load_relaxed(&node->size);
	}
	spin_unlock(&session->lock);
	return held;
}

void p9_attributes_changed(struct p9_session *session, uint64_t path)
{
	struct p9_node *node;

	spin_lock(&session->lock);
	session->nchanges++;
	node = p9_nodes_find_locked(session, path);
	if (node)
		atomic_store_relaxed(&node->attributes_held, 0);
	spin_unlock(&session->lock);
}

/* ---- names ---- */

static uint64_t hash_of(const struct p9_node *dir, const char *name, size_t len)
{
	uint64_t hash = dir->qid.path;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (uint8_t)name[i]) * 0x100000001b3 ^ hash >> 32;
	return hash;
}

/* Returns the node with that hash, or NULL and where it belongs. */
static struct p9_node *find_name_locked(struct p9_session *session, uint64_t hash,
					struct tree_node **parent, struct tree_node ***link)
{
	assert_hardened(spin_lock_held(&session->lock));
	*parent = NULL;
	*link = &session->names.root;
	while (**link) {
		struct p9_node *node = tree_entry(**link, struct p9_node, by_name);

		if (node->name_hash == hash)
			return node;
		*parent = **link;
		*link = &(*parent)->child[hash > node->name_hash];
	}
	return NULL;
}

static bool has_name_locked(const struct p9_node *node, const struct p9_node *dir, const char *name,
			    size_t len)
{
	size_t at = 0;

	assert_hardened(spin_lock_held(&node->session->lock));
	if (node->parent != dir)
		return false;
	while (at < len && node->name[at] == name[at])
		at++;
	return at == len && node->name[at] == '\0';
}

void p9_name_unhold_locked(struct p9_node *node)
{
	assert_hardened(spin_lock_held(&node->session->lock));
	if (node->name_held)
		tree_erase(&node->session->names, &node->by_name);
	node->name_held = 0;
}

void p9_name_keep(struct p9_node *dir, const char *name, size_t len, struct p9_node *node,
		  const struct p9_lease *lease)
{
	struct p9_session *session = dir->session;
	struct tree_node *parent, **link;
	struct p9_node *other;
	uint64_t hash;

	if (!atomic_load_relaxed(&dir->granted))
		return;
	hash = hash_of(dir, name, len);
	spin_lock(&session->lock);
	if (dir->granted == session->epoch + 1 && is_current_locked(session, lease) &&
	    node->listed && atomic_load(&node->unlinked) == P9_LINKED &&
	    has_name_locked(node, dir, name, len)) {
		p9_name_unhold_locked(node);
		other = find_name_locked(session, hash, &parent, &link);
		if (other) {
			p9_name_unhold_locked(other);
			(void)find_name_locked(session, hash, &parent, &link);
		}
		tree_insert(&session->names, &node->by_name, parent, link);
		node->name_hash = hash;
		node->name_held = lease->number;
	}
	spin_unlock(&session->lock);
}

struct p9_node *p9_name_held(struct p9_node *dir, const char *name, size_t len)
{
	struct p9_session *session = dir->session;
	struct tree_node *parent, **link;
	struct p9_node *node;
	bool full = false;
	uint64_t hash;

	if (!atomic_load_relaxed(&dir->granted))
		return NULL;
	hash = hash_of(dir, name, len);
	spin_lock(&session->lock);
	node = find_name_locked(session, hash, &parent, &link);
	if (node && (!has_name_locked(node, dir, name, len) ||
		     node->name_held != endpoint_lease(session->send, dir->qid.path) ||
		     !refcount_get_unless_zero(&node->inode.refs)))
		node = NULL;
	if (node)
		full = p9_node_keep_locked(node);
	spin_unlock(&session->lock);
	if (full)
		(void)p9_nodes_forget(session, 1);
	return node;
}

void p9_name_changed(struct p9_node *dir, const char *name, size_t len)
{
	struct p9_session *session = dir->session;
	uint64_t hash = hash_of(dir, name, len);
	struct tree_node *parent, **link;
	struct p9_node *node;

	spin_lock(&session->lock);
	session->nchanges++;
	atomic_store_relaxed(&dir->attributes_held, 0);
	node = find_name_locked(session, hash, &parent, &link);
	if (node)
		p9_name_unhold_locked(node);
	spin_unlock(&session->lock);
}

/* ---- a server that has not revoked in time, or at all ---- */

void p9_lease_broken(struct p9_node *node)
{
	spin_lock(&node->session->lock);
	atomic_store_relaxed(&node->attributes_held, 0);
	p9_name_unhold_locked(node);
	spin_unlock(&node->session->lock);
}
