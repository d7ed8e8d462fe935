/* SPDX-License-Identifier: MIT */
/* New fids of files, by walking and opening. */
#pragma once

#include "linux/fs/p9/node.h"

/* Returns the node's fid with a reference. */
struct p9_fid *p9_node_fid(struct p9_node *node);

/*
 * Walks from the node to one name, or with len 0 to itself. Returns 0 with a new fid and the qid of
 * what it refers to (len 0: no qid), or a negative errno. Waits for the server.
 */
int p9_walk(struct p9_node *from, const char *name, size_t len, struct p9_fid **fid_ret,
	    struct p9_qid *qid_ret);

/* Makes another fid for the same file, and opens it: O_RDONLY and so on. Waits for the server. */
int p9_open_fid(struct p9_node *node, unsigned flags, struct p9_fid **fid_ret);
