/* SPDX-License-Identifier: MIT */
/* The inodes of a 9P mount. */
#pragma once

#include "fs/inode.h"
#include "fs/p9/fid.h"
#include "proc/mutex.h"

struct p9_data;
struct p9_names;

struct p9_node {
	struct inode inode;
	/* const: */
	struct p9_session *session; /* `fid` references it */
	struct p9_node *parent;	    /* referenced; the root is its own, without a reference */
	char *name;		    /* in the parent, when it was found there; terminated */
	struct p9_data *data;	    /* of a regular file: inode.object is in it */
	/* atomic: what the server said last */
	uint64_t size, blocks, rdev;
	/* guarded by the session's lock: */
	struct p9_qid qid;	  /* path and type are const */
	struct p9_fid *fid;	  /* never opened; it is what the server walks from */
	struct p9_fid *spare;	  /* another one, to be opened; or NULL */
	struct tree_node by_path; /* in session->nodes */
	bool listed;		  /* is in there */
	struct list kept;	  /* in session->kept, with a reference; or on no list */
	/* guarded by lock, a waiting lock: */
	struct mutex lock;
	struct p9_names *names; /* of a directory, while it is being read */
};

static inline struct p9_node *to_p9_node(struct inode *inode)
{
	return container_of(inode, struct p9_node, inode);
}

/* As on Linux: programs take an inode number of 0 for a name that is not there any more. */
static inline uint64_t p9_ino(const struct p9_qid *qid)
{
	return qid->path + 2;
}

/*
 * Finds the file that `fid` refers to among the session's nodes, or makes a node for it, and takes
 * over the fid. `parent` NULL: it is the root, which has no name. Returns 0 with a reference, or a
 * negative errno. Waits for the server.
 */
int p9_node_get(struct mount *mount, struct p9_node *parent, const char *name, size_t len,
		struct p9_fid *fid, const struct p9_qid *qid, struct p9_node **node_ret);

/* Returns the node's fid with a reference. */
struct p9_fid *p9_node_fid(struct p9_node *node);

/*
 * fs/p9/nodes.c: the nodes of a session. The caller holds no spinning lock.
 *
 * Nodes that were looked up are kept for a while after their use, and so are their fids and pages,
 * as far as reclaim leaves these. A name is looked up at the server each time: this decides which
 * node it is. How many are kept is limited by the memory of the machine.
 */
/* Returns the node of the qid with a reference, or NULL. */
struct p9_node *p9_nodes_find(struct p9_session *session, const struct p9_qid *qid);
/* Adds a new node, unless there is one already: returns that one, with a reference. */
struct p9_node *p9_nodes_add(struct p9_node *node);
/* The node's last reference is gone. */
void p9_nodes_remove(struct p9_node *node);
/* The node was looked up. */
void p9_node_keep(struct p9_node *node);
/* Stops keeping the n nodes that have not been looked up for the longest time. Returns whether there were any. */
bool p9_nodes_forget(struct p9_session *session, unsigned n);

/* Asks the server for the attributes of a fid, which the inode then has. Waits for the server. */
int p9_node_attributes(struct p9_node *node, struct p9_rgetattr *attr_ret);

/* Makes another fid for the same file, and opens it for reading. Waits for the server. */
int p9_open_fid(struct p9_node *node, struct p9_fid **fid_ret);

/* fs/p9/names.c: the readdir slot, and its end. */
int p9_readdir(struct inode *dir, uint64_t pos, struct dir_item *item);
void p9_names_free(struct p9_names *names);

/* fs/p9/data.c: the bytes of regular files. */
struct p9_data *p9_data_create(struct p9_node *node, uint64_t size);
void p9_data_put(struct p9_data *data);
struct object *p9_data_object(struct p9_data *data);
/* Has it been opened at the server? It may be at this moment. */
bool p9_data_is_open(const struct p9_data *data);
/*
 * Opens the file for reading, once, and drops what is cached if size or times of the file have
 * changed; mapped pages stay. Waits for the server. Call with node->lock held.
 */
int p9_data_open(struct p9_node *node);

extern const struct file_ops p9_regular_ops;
