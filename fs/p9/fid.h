/* SPDX-License-Identifier: MIT */
/* Fids: what a 9P server calls a file. */
#pragma once

#include "fs/p9/request.h"

/*
 * The numbers are used once. There is a reference of whoever created the fid, and one for each
 * request that names it and is given up or not waited for. When the last one is dropped, the server
 * is told, if it may know the fid: so it never is while the server may still use the fid.
 */
struct p9_fid {
	struct p9_session *session;
	struct refcount refs;
	uint32_t number;
	bool known; /* the server may know it */
	struct p9_request clunk;
};

/*
 * Makes a fid with a number that the server does not know yet. Returns 0; -ENOMEM, -EINTR, or -EIO if
 * the server has not forgotten others in time. May wait for it.
 */
int p9_fid_create(struct p9_session *session, struct p9_fid **fid_ret);
struct p9_fid *p9_fid_get(struct p9_fid *fid); /* returns it; NULL is allowed */
void p9_fid_put(struct p9_fid *fid);	       /* the same; never waits */
