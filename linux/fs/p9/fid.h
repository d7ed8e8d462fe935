/* SPDX-License-Identifier: MIT */
/* Fids: what a 9P server calls a file. */
/*
 * Fids and requests (linux/fs/p9/request.h) need each other, as in the protocol: a request refers to the fids that it names, and
 * the end of a fid is a request.
 */
#pragma once

#include "linux/fs/p9/request.h"

struct p9_node;

/*
 * The creator of the fid has a reference, and there is one for each request that names it and is given
 * up or not waited for. Dropping the last one sends Tclunk, if the server may know the fid. So Tclunk is never sent while
 * the server may still use the fid. No other fid has the number until the server has answered.
 */
struct p9_fid {
	struct refcount refs;
	struct p9_session *session; /* const */
	uint32_t number;	    /* const */
	/* private to who makes it; guarded by session->lock once the fid has an owner: */
	uint32_t nrenames; /* session->nrenames, before it was made */
	/*
	 * session->nmoves, before it was made, or with the move by which a directory got this fid.
	 */
	uint32_t nmoves;
	bool known;	/* the server may know it */
	uint32_t epoch; /* that of the server; atomic */
	/* another server knows no such file any more; atomic, set under session->lock */
	uint32_t is_stale;
	/* guarded by session->lock: */
	struct p9_fid_number in_use;
	struct p9_node *node; /* the owner, by which it is made again; NULL: it cannot be */
	enum p9_fid_use { P9_FID_WALKED, P9_FID_READS, P9_FID_WRITES } use;
	struct list link;    /* in session->fids, if it has an owner */
	struct list by_node; /* and in node->fids */
	struct p9_request clunk;
	struct counted counted;
};

extern struct counted_kind p9_fid_kind;

/* For the ledger: a holder of a reference; NULL is allowed. */
static inline void p9_fid_found(struct p9_fid *fid)
{
	if (fid)
		counted_found(&fid->counted);
}

/*
 * Makes a fid with a number that the server does not know yet. Returns 0; -ENOMEM, -EINTR, or -EIO if
 * the server has not forgotten others in time. May wait for it.
 */
int p9_fid_create(struct p9_session *session, struct p9_fid **fid_ret);

/*
 * The node is the fid's owner until the last reference to the fid is dropped, or the node goes: should the server end,
 * another one is to know the fid, too. Returns false if the server has ended already: then the fid is of no use.
 */
bool p9_fid_own(struct p9_fid *fid, struct p9_node *node, enum p9_fid_use use);
bool p9_fid_own_locked(struct p9_fid *fid, struct p9_node *node, enum p9_fid_use use);

/* No node is its owner any more. session->lock is held. */
void p9_fid_disown_locked(struct p9_fid *fid);

/* Does the server of that epoch know the fid? 0; -ESTALE; or -EAGAIN: it is to be made anew. session->lock is held. */
int p9_fid_check_locked(const struct p9_fid *fid, uint32_t epoch);

struct p9_fid *p9_fid_get(struct p9_fid *fid); /* returns it; NULL is allowed */
void p9_fid_put(struct p9_fid *fid);	       /* NULL is allowed; never waits */
