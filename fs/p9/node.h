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
	struct p9_fid *fid; /* never opened; it is what the server walks from */
	struct p9_qid qid;
	struct p9_node *parent; /* referenced; the root is its own, without a reference */
	char *name;		/* in the parent, when it was found there; terminated */
	struct p9_data *data;	/* of a regular file: inode.object is in it */
	/* guarded by the session's lock: */
	struct tree_node by_path; /* in session->nodes */
	bool listed;		  /* is in there */
	/* guarded by lock, a waiting lock: */
	struct mutex lock;
	struct p9_names *names; /* of a directory, once it has been read */
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
/*
 * Opens the file for reading, once, and drops what is cached if size or times of the file have
 * changed; mapped pages stay. Waits for the server. Call with node->lock held.
 */
int p9_data_open(struct p9_node *node);

extern const struct file_ops p9_regular_ops;
