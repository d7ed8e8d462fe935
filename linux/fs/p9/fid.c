/* SPDX-License-Identifier: MIT */
/* Makes fids, and sends Tclunk when one is not used any more. */
#include "linux/fs/p9/fid.h"

#include "abi/errno.h"
#include "linux/fs/p9/node.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/wait.h"
#include "sync/atomic.h"

/*
 * No new fid is made while so many Tclunk are unanswered, because each takes memory. A server that answers requests in the
 * order in which they come has answered them all when it answers the next request.
 */
#define CLUNKS_MAX 1024u

static const char *fid_state(const void *fid)
{
	return ((const struct p9_fid *)fid)->known ? "known to its server" : "new";
}

COUNTED_KIND(p9_fid_kind, "fid", struct p9_fid, fid_state);

/*
 * Waits until the server has forgotten enough fids. The wait has no time-out of its own: Tclunk that the server does not
 * receive in time are given up, and so are those that it does not answer, until it is stuck.
 */
static int wait_for_clunks(struct p9_session *session)
{
	int err = 0;

	while (!err) {
		uint64_t seq = waitq_sample(&session->clunked);

		if (atomic_load(&session->nclunks) < CLUNKS_MAX)
			return 0;
		err = p9_is_stuck(session) ? -EIO : thread_wait(&session->clunked, seq);
	}
	return err;
}

int p9_fid_create(struct p9_session *session, struct p9_fid **fid_ret)
{
	struct p9_fid *fid;
	int err = wait_for_clunks(session);

	if (err)
		return err;
	fid = mem_wait_kmalloc(sizeof(*fid));
	if (!fid)
		return -ENOMEM;
	p9_session_get(session);
	fid->session = session;
	refcount_init(&fid->refs, 1);
	fid->nrenames = atomic_load(&session->nrenames);
	fid->nmoves = atomic_load(&session->nmoves);
	fid->known = false;
	fid->is_stale = 0;
	fid->node = NULL;
	spin_lock(&session->lock);
	fid->number = p9_fid_number_take(&session->fid_numbers, &fid->in_use);
	spin_unlock(&session->lock);
	counted_begin(&p9_fid_kind, &fid->counted, &fid->refs.n);
	*fid_ret = fid;
	return 0;
}

struct p9_fid *p9_fid_get(struct p9_fid *fid)
{
	if (fid)
		refcount_get(&fid->refs);
	return fid;
}

static void fid_free(struct p9_fid *fid)
{
	spin_lock(&fid->session->lock);
	p9_fid_number_give(&fid->in_use);
	spin_unlock(&fid->session->lock);
	p9_session_put(fid->session);
	kfree(fid);
}

/*
 * Is the fid unknown to every server that the session will still ask? A server that is just being attached has a
 * later epoch, and may be the session's soon.
 */
static bool is_unknown_locked(const struct p9_fid *fid)
{
	assert_hardened(spin_lock_held(&fid->session->lock));
	return !fid->known || fid->is_stale || (int32_t)(fid->epoch - fid->session->epoch) < 0;
}

/* Whatever the server said, the fid is not used again. */
static void clunked(struct p9_request *request)
{
	struct p9_fid *fid = container_of(request, struct p9_fid, clunk);

	if (atomic_add(&fid->session->nclunks, -1u) == CLUNKS_MAX)
		waitq_wake_all(&fid->session->clunked);
	fid_free(fid);
}

void p9_fid_put(struct p9_fid *fid)
{
	struct p9_tclunk clunk;
	bool is_unknown;
	ssize_t n;

	if (!fid || !refcount_put(&fid->refs))
		return;
	counted_end(&fid->counted);
	spin_lock(&fid->session->lock);
	p9_fid_disown_locked(fid);
	is_unknown = is_unknown_locked(fid);
	spin_unlock(&fid->session->lock);
	if (is_unknown || !p9_request_init(fid->session, &fid->clunk)) {
		fid_free(fid);
		return;
	}
	fid->clunk.free = clunked;
	fid->clunk.is_local = true;
	fid->clunk.epoch = fid->epoch;
	clunk.fid = fid->number;
	n = p9_encode_tclunk(fid->clunk.head, sizeof(fid->clunk.head), fid->clunk.tag, &clunk);
	assert(n > 0);
	(void)atomic_add(&fid->session->nclunks, 1);
	p9_request_start(&fid->clunk, (size_t)n);
}

/* ---- owners ---- */

bool p9_fid_own_locked(struct p9_fid *fid, struct p9_node *node, enum p9_fid_use use)
{
	struct p9_session *session = fid->session;

	assert_hardened(spin_lock_held(&session->lock));
	if (fid->node)
		return true;
	if (fid->is_stale || fid->epoch != session->epoch)
		return false;
	fid->node = node;
	fid->use = use;
	list_add(&session->fids, &fid->link);
	list_add(&node->fids, &fid->by_node);
	return true;
}

bool p9_fid_own(struct p9_fid *fid, struct p9_node *node, enum p9_fid_use use)
{
	bool owned;

	spin_lock(&fid->session->lock);
	owned = p9_fid_own_locked(fid, node, use);
	spin_unlock(&fid->session->lock);
	return owned;
}

void p9_fid_disown_locked(struct p9_fid *fid)
{
	assert_hardened(spin_lock_held(&fid->session->lock));
	if (!fid->node)
		return;
	fid->node = NULL;
	list_del(&fid->link);
	list_del(&fid->by_node);
}

int p9_fid_check_locked(const struct p9_fid *fid, uint32_t epoch)
{
	if (!fid || !fid->known)
		return 0;
	assert_hardened(spin_lock_held(&fid->session->lock));
	if (fid->is_stale)
		return -ESTALE;
	return fid->epoch == epoch ? 0 : -EAGAIN;
}
