/* SPDX-License-Identifier: MIT */
/* Attaches to a server that takes the place of one that has ended. */
/*
 * The new server knows no fids. The attempt makes them again, with the same numbers, so that each holder of a fid can go
 * on using it:
 *
 * 1. Tattach makes the fid of the root.
 * 2. For each fid that a node owns, Twalk goes from the fid of the parent by the file's name. A fid that was open is
 *    opened again. While this goes on, the session is lost, and all other threads wait.
 * 3. When no fid is left, the session gets the new server in one hold of its lock. From then on, a fid that was made at
 *    the old server gets no owner.
 *
 * A fid without an owner is not made again here: its thread gets -EAGAIN and makes another.
 *
 * If the new server ends too, the attempt fails, and the session is lost as before. Each fid records the number of the
 * attempt that made it, so the next attempt makes all of them again.
 */
#include "abi/errno.h"
#include "lib/string.h"
#include "linux/fs/p9/connect.h"
#include "linux/fs/p9/node_name.h"
#include "linux/fs/p9/walk.h"

struct attempt {
	struct p9_session *session;
	struct file *send;
	uint32_t number;
	uint32_t nrenames;	    /* session->nrenames, when the last walk was encoded */
	struct p9_buffers *buffers; /* the session's */
};

/* The only tag: there is one request at a time. */
#define TAG 0

/* Returns 0 with the reply, or the error of a call that has failed: then the attempt has. */
static int attach_ask(struct attempt *a, ssize_t n, struct p9_packet *packet_ret)
{
	n = p9_rpc_once(a->session, a->send, a->buffers->request, n, a->buffers->reply,
			sizeof(a->buffers->reply));
	if (n < 0)
		return (int)n;
	*packet_ret = p9_packet(a->buffers->reply, (size_t)n);
	return 0;
}

static bool is_same(const struct p9_qid *qid, const struct p9_node *node)
{
	return p9_is_same_file(qid, &node->qid) && qid->type == node->qid.type;
}

/* ---- fids ---- */

/* The server knows the fid now, or never. It is behind all that are still to be made. */
static void fid_is_made(struct attempt *a, struct p9_fid *fid, bool is_stale)
{
	spin_lock(&a->session->lock);
	fid->epoch = a->number;
	fid->is_stale = is_stale;
	if (fid->node) {
		list_del(&fid->link);
		list_add_tail(&a->session->fids, &fid->link);
	}
	if (is_stale) /* it is of no use any more */
		p9_fid_disown_locked(fid);
	spin_unlock(&a->session->lock);
}

static bool is_made_locked(const struct attempt *a, const struct p9_fid *fid)
{
	assert_hardened(spin_lock_held(&a->session->lock));
	return fid->is_stale || fid->epoch == a->number;
}

/* Which way to a file is tried: by the name that it has, or by the one that it may have instead. */
enum way { BY_NAME, BY_ALIAS };

/* What became of a fid, as long as the attempt goes on. Functions that return an errno say by it that the attempt has failed. */
enum outcome {
	FID_MADE,
	FID_STALE, /* the file is not there, or may not be opened any more */
	FID_LATER, /* another fid is to be made first, or names have changed meanwhile */
};

/*
 * Encodes the walk to the fid: one that was not open, from the directory's by the file's name; one that was, from the
 * node's own. Returns FID_MADE if that is to be sent. These structs are large, and not needed while the thread waits.
 */
static __attribute__((noinline)) enum outcome attach_encode_walk(struct attempt *a,
								 const struct p9_node *node,
								 const struct p9_fid *fid,
								 enum way way, ssize_t *n_ret)
{
	struct p9_twalk walks = { .newfid = fid->number, .nwname = fid->use == P9_FID_WALKED };
	const struct p9_alias *alias = NULL;
	const struct p9_fid *from;
	const char *name;
	enum outcome outcome = FID_MADE;

	spin_lock(&a->session->lock);
	a->nrenames = a->session->nrenames;
	name = node->name;
	from = walks.nwname ? node->parent->fid : node->fid;
	if (way == BY_ALIAS && (alias = p9_alias_of_locked(node))) {
		name = alias->name;
		from = alias->dir->fid;
	}
	walks.fid = from->number;
	walks.wname[0] = (struct p9_string){ name, strlen(name) };
	if (from->is_stale || (way == BY_ALIAS && !alias) || !from->node)
		outcome = FID_STALE;
	else if (from->epoch != a->number)
		outcome = FID_LATER;
	*n_ret = p9_encode_twalk(a->buffers->request, sizeof(a->buffers->request), TAG, &walks);
	spin_unlock(&a->session->lock);
	return outcome;
}

/* Does the error say that there is no such file? After others, the attempt has failed, and the next may not. */
static int outcome_of(int err, enum outcome *outcome_ret)
{
	switch (err) {
	case 0:
		*outcome_ret = FID_MADE;
		return 0;
	case -ENOENT:
	case -ENOTDIR:
	case -ESTALE:
	case -ELOOP:
		*outcome_ret = FID_STALE;
		return 0;
	default:
		return err;
	}
}

/* *other_ret: the server has the fid for another file. */
static __attribute__((noinline)) int attach_decode_walk(const struct p9_node *node,
							const struct p9_fid *fid,
							const struct p9_packet *packet,
							enum outcome *outcome_ret, bool *other_ret)
{
	uint16_t nnames = fid->use == P9_FID_WALKED;
	struct p9_packet reply = *packet;
	struct p9_rwalk got;
	int err = p9_decode_rwalk(&reply, TAG, nnames, &got);

	*other_ret = err == 0 && nnames && got.nwqid == nnames && !is_same(&got.wqid[0], node);
	if (*other_ret || (err == 0 && got.nwqid < nnames))
		err = -ENOENT;
	return outcome_of(err, outcome_ret);
}

static int forget_walk(struct attempt *a, const struct p9_fid *fid)
{
	const struct p9_tclunk clunks = { fid->number };
	ssize_t n =
		p9_encode_tclunk(a->buffers->request, sizeof(a->buffers->request), TAG, &clunks);
	struct p9_packet packet;

	return attach_ask(a, n, &packet);
}

static int attach_walk(struct attempt *a, const struct p9_node *node, const struct p9_fid *fid,
		       enum way way, enum outcome *outcome_ret)
{
	struct p9_packet packet;
	bool other = false;
	ssize_t n;
	int err;

	*outcome_ret = attach_encode_walk(a, node, fid, way, &n);
	if (*outcome_ret != FID_MADE)
		return 0;
	err = attach_ask(a, n, &packet);
	if (err == 0)
		err = attach_decode_walk(node, fid, &packet, outcome_ret, &other);
	return err == 0 && other ? forget_walk(a, fid) : err;
}

/* Opens a fid that was open, once it is walked to. A file that may not be opened any more is lost. */
static int open_again(struct attempt *a, const struct p9_node *node, const struct p9_fid *fid,
		      enum outcome *outcome_ret)
{
	const unsigned flags = fid->use == P9_FID_READS ? O_RDONLY : O_WRONLY;
	const struct p9_tlopen opens = { fid->number, flags | O_LARGEFILE };
	ssize_t n = p9_encode_tlopen(a->buffers->request, sizeof(a->buffers->request), TAG, &opens);
	struct p9_packet packet;
	struct p9_rlopen got;
	int err = attach_ask(a, n, &packet);

	if (err)
		return err;
	err = p9_decode_rlopen(&packet, TAG, &got);
	if (err == -EACCES || err == -EPERM || (err == 0 && !is_same(&got.qid, node)))
		err = -ESTALE;
	return outcome_of(err, outcome_ret);
}

static bool names_have_changed(struct attempt *a)
{
	bool changed;

	spin_lock(&a->session->lock);
	changed = a->session->nrenames != a->nrenames;
	spin_unlock(&a->session->lock);
	return changed;
}

/*
 * By its name first: where a file was to be renamed over another one, that has the new name as yet. What is found by the
 * alias has been renamed.
 */
static int p9_attach_walk_to(struct attempt *a, struct p9_node *node, const struct p9_fid *fid,
			     enum outcome *outcome_ret)
{
	int err = attach_walk(a, node, fid, BY_NAME, outcome_ret);
	uint32_t nrenames = a->nrenames;

	if (err == 0 && *outcome_ret == FID_STALE && fid->use == P9_FID_WALKED) {
		err = attach_walk(a, node, fid, BY_ALIAS, outcome_ret);
		a->nrenames = nrenames; /* a change between the two counts as well */
		if (err == 0 && *outcome_ret == FID_MADE)
			p9_alias_take(node);
	}
	if (err == 0 && *outcome_ret == FID_STALE && names_have_changed(a))
		*outcome_ret = FID_LATER;
	return err;
}

/* A file that is not there any more leaves the tree of nodes, so that no look-up finds it. */
static int make_fid(struct attempt *a, struct p9_node *node, struct p9_fid *fid)
{
	enum outcome outcome;
	int err = p9_attach_walk_to(a, node, fid, &outcome);

	if (err == 0 && outcome == FID_MADE && fid->use != P9_FID_WALKED)
		err = open_again(a, node, fid, &outcome);
	if (err || outcome == FID_LATER)
		return err;
	fid_is_made(a, fid, outcome == FID_STALE);
	if (outcome == FID_STALE && fid == node->fid)
		p9_node_forget(node);
	return 0;
}

/* ---- the order ---- */

/* A fid and its node, both with references. */
struct fid_of {
	struct p9_fid *fid; /* NULL: there is none, and no node either */
	struct p9_node *node;
};

static void fid_of_put(const struct fid_of *it)
{
	p9_fid_put(it->fid);
	if (it->node)
		inode_put(&it->node->inode);
}

static bool is_to_be_made_locked(const struct attempt *a, const struct p9_fid *fid)
{
	assert_hardened(spin_lock_held(&a->session->lock));
	return !is_made_locked(a, fid) && fid->node;
}

/*
 * The own fid of the highest directory on the way down to `dir` that is not made yet; NULL: all are. The caller holds
 * the session's `naming`, and a reference to `dir`, so no node on the way is freed. The way may be long.
 */
static struct fid_of highest_locked(const struct attempt *a, struct p9_node *dir)
{
	struct p9_node *highest = NULL;
	struct fid_of found = { 0 };

	assert_hardened(mutex_held(&a->session->naming));
	for (struct p9_node *below = NULL; dir != below; dir = dir->parent) {
		spin_lock(&a->session->lock);
		if (is_to_be_made_locked(a, dir->fid))
			highest = dir;
		spin_unlock(&a->session->lock);
		below = dir;
	}
	if (!highest)
		return found;
	spin_lock(&a->session->lock);
	if (is_to_be_made_locked(a, highest->fid)) { /* else the caller looks again */
		found = (struct fid_of){ p9_fid_get(highest->fid), highest };
		inode_get(&highest->inode);
	}
	spin_unlock(&a->session->lock);
	return found;
}

/*
 * Returns the fid that is to be made first for this one, whose references it takes over: that of a directory where the
 * alias is or above that, of one above the file, the file's own, or the fid itself.
 */
static struct fid_of first_for(const struct attempt *a, struct fid_of it)
{
	struct p9_node *dir = p9_alias_dir(a->session);
	struct fid_of first = { 0 };

	mutex_lock(&a->session->naming);
	if (dir)
		first = highest_locked(a, dir);
	if (!first.fid)
		first = highest_locked(a, it.node);
	mutex_unlock(&a->session->naming);
	if (dir)
		inode_put(&dir->inode);
	if (!first.fid)
		return it;
	fid_of_put(&it);
	return first;
}

/*
 * Returns the next fid to be made, and its node, with references. NULL: there is none, and session->lock is still
 * held. A fid that is being freed is not made, and a node that is being freed needs no fids.
 */
static struct fid_of next_fid(struct attempt *a)
{
	struct p9_session *session = a->session;

	spin_lock(&session->lock);
	while (!list_empty(&session->fids)) {
		struct p9_fid *fid = list_first_entry(&session->fids, struct p9_fid, link);
		struct fid_of it = { fid, fid->node };

		if (is_made_locked(a, fid))
			break;
		if (!refcount_get_unless_zero(&fid->refs)) {
			p9_fid_disown_locked(fid);
			continue;
		}
		if (refcount_get_unless_zero(&fid->node->inode.refs)) {
			spin_unlock(&session->lock);
			return first_for(a, it);
		}
		p9_fid_disown_locked(fid);
		spin_unlock(&session->lock);
		p9_fid_put(fid);
		spin_lock(&session->lock);
	}
	return (struct fid_of){ 0 };
}

/* ---- attaching ---- */

static int attach_root(struct attempt *a, struct p9_node *root)
{
	struct p9_tattach asks = { .afid = P9_NOFID,
				   .uname = { "root", 4 },
				   .n_uname = a->session->uid };
	struct p9_fid *fid = p9_node_fid(root);
	struct p9_packet packet;
	struct p9_rattach got;
	int err;

	asks.fid = fid->number;
	asks.aname = (struct p9_string){ "", 0 };
	err = attach_ask(
		a, p9_encode_tattach(a->buffers->request, sizeof(a->buffers->request), TAG, &asks),
		&packet);
	if (err == 0)
		err = p9_decode_rattach(&packet, TAG, &got);
	if (err == 0 && !is_same(&got.qid, root))
		err = -ESTALE;
	if (err == 0)
		fid_is_made(a, fid, false);
	p9_fid_put(fid);
	return err;
}

/* Makes all fids. Returns 0 with session->lock held, or an error. */
static int make_fids(struct attempt *a)
{
	struct fid_of it;
	int err = 0;

	while (!err && (it = next_fid(a)).fid) {
		err = make_fid(a, it.node, it.fid);
		fid_of_put(&it);
	}
	return err;
}

/* The old server has answered none of the requests that wait: all are sent to the new one. */
static void p9_attach_go_on(struct attempt *a)
{
	struct p9_session *session = a->session;
	struct list parked = LIST_INIT(parked);
	struct file *old = session->send;

	assert_hardened(spin_lock_held(&session->lock));
	file_get(a->send);
	session->send = a->send;
	atomic_store(&session->epoch, a->number);
	session->is_lost = false;
	atomic_store(&session->waits, 1u);
	list_splice_tail(&parked, &session->parked);
	spin_unlock(&session->lock);
	file_put(old);
	waitq_wake_all(&session->attached);
	p9_requests_resume(&parked);
}

static int try_server(struct attempt *a, struct p9_node *root)
{
	uint32_t msize;
	int err = p9_session_agree(a->session, a->send, &msize);

	if (err == 0 && msize != a->session->msize)
		err = -EIO; /* there are requests that are longer */
	if (err == 0)
		err = attach_root(a, root);
	if (err == 0)
		err = make_fids(a);
	if (err == 0)
		p9_attach_go_on(a);
	return err;
}

/* Is the server gone? No call may have found out yet. */
static bool is_lost(struct p9_session *session)
{
	struct file *send;
	uint32_t epoch;
	bool is_gone;

	spin_lock(&session->lock);
	send = session->send;
	file_get(send);
	epoch = session->epoch;
	spin_unlock(&session->lock);
	is_gone = endpoint_is_broken(send);
	file_put(send);
	if (is_gone)
		p9_session_lost(session, epoch);
	return is_gone;
}

/* Nodes without users are forgotten first: their fids need not be made again. */
int p9_attach_again(struct p9_node *root, struct file *send)
{
	struct p9_session *session = root->session;
	struct attempt a = { .session = session, .send = send, .buffers = session->buffers };
	int err = mutex_lock_killable(&session->attaching);

	if (err)
		return err;
	if (is_lost(session)) {
		a.number = ++session->nattempts;
		(void)p9_nodes_forget(session, UINT32_MAX);
		p9_session_attaches(session);
		err = try_server(&a, root);
		p9_session_attach_ends(session);
	} else {
		err = -EBUSY;
	}
	mutex_unlock(&session->attaching);
	return err;
}
