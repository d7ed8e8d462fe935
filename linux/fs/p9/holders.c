/* SPDX-License-Identifier: MIT */
/* For the ledger of references: what the sessions with 9P servers, and their requests, refer to. */
#include "linux/fs/p9/holders.h"

#include "linux/fs/p9/node.h"
#include "linux/fs/p9/removal.h"
#include "linux/fs/p9/request.h"

static void find_held_by(struct list *requests)
{
	struct p9_request *request;

	list_for_each_entry(request, requests, link) {
		p9_fid_found(request->fid);
		p9_fid_found(request->other);
		p9_removal_find_held_by(request);
		if (request->send)
			counted_found(&request->send->counted);
	}
}

static void find_held(struct p9_session *session)
{
	counted_found(&session->send->counted);
	if (session->alias.dir)
		inode_found(&session->alias.dir->inode);
	find_held_by(&session->requests);
	find_held_by(&session->parked);
	find_held_by(&session->flushes);
}

void p9_sessions_find_held(void)
{
	p9_sessions_each(find_held);
}
