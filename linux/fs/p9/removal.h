/* SPDX-License-Identifier: MIT */
/* Files that are used, and what removes them if they have lost their names meanwhile. */
#pragma once

#include "linux/fs/p9/node.h"

#define P9_HIDDEN_BYTES sizeof(".faultline-0123456789abcdef")

/* Tunlinkat of a hidden name. */
#define P9_UNLINKAT_BYTES (P9_HEADER_BYTES + 4 + 2 + P9_HIDDEN_BYTES + 4)

/*
 * What removes a hidden file. It is there before the file is hidden. Guarded by the session's lock, then private to the
 * request, but for `link`.
 */
struct p9_removal {
	struct p9_request request;
	struct list
		link; /* in session->removals, from the start of the request until its result is known */
	uint64_t number;	/* removals are numbered as they begin */
	struct p9_node *parent; /* the directory; referenced */
	uint64_t path;		/* of the file's qid; set as they begin */
	char name[P9_HIDDEN_BYTES];
	uint8_t message[P9_UNLINKAT_BYTES];
};

/*
 * Prepares the removal of a file that is to be hidden in the directory, and chooses its hidden name. Returns 0 or a
 * negative errno. Waits for the server.
 */
int p9_removal_create(struct p9_node *dir, struct p9_removal **removal_ret);
/* Gives a node this removal, and frees the removal that it had. NULL: the node has no hidden name. */
void p9_removal_set(struct p9_node *node, struct p9_removal *removal);
void p9_removal_free(struct p9_removal *removal); /* NULL is allowed */
/* For the ledger: find the directory that a removal refers to, before and after its start. NULL is allowed. */
void p9_removal_find_held(struct p9_removal *removal);
void p9_removal_find_held_by(struct p9_request *request);
/*
 * Waits until it is known what has become of all files whose removal has begun until now: the server has answered, or their
 * time is over. Waits until the tick `latest` at most. A kill ends the wait.
 */
void p9_wait_for_removals(struct p9_session *session, uint64_t latest);
/* Bracket each use of a regular file: an open file, a mapping, a running image. */
void p9_use(struct p9_node *node);
void p9_unuse(struct p9_node *node, bool waits); /* for the server, if it may have to remove it */
