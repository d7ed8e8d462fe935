/* SPDX-License-Identifier: MIT */
/* The inodes of a 9P mount. */
#pragma once

#include "linux/fs/p9/fid.h"
#include "linux/fs/vfs/inode.h"
#include "proc/mutex.h"

struct p9_data;
struct p9_names;
struct p9_removal;

struct p9_node {
	struct inode inode; /* guarded as struct inode says */
	/* const: */
	struct p9_session *session; /* `fid` references it */
	struct p9_data *data;	    /* of a regular file: inode.object is in it */
	/* atomic: what the server said last */
	uint64_t size, blocks, rdev;
	/* atomic: open files and mappings of a regular file */
	uint32_t users;
	/*
	 * Atomic; P9_HIDDEN: its name was removed while it was used, and until the last user is gone
	 * it has another one at the server (linux/fs/p9/removal.c).
	 */
	enum p9_unlinked { P9_LINKED, P9_HIDDEN, P9_REMOVED } unlinked;
	uint32_t names_changed; /* atomic: of a directory, since it was read */
	/* Atomic, of a directory: session->dir_renames, when it was last renamed; or 0. */
	uint32_t renamed_at;
	/*
	 * They change with the session's `naming` and its lock held; either is enough to read them. The
	 * way up to the root, which may be long, is gone with `naming`.
	 */
	struct p9_node *parent; /* referenced; the root is its own, without a reference */
	char *name;		/* by which it was found in the parent; terminated */
	/* guarded by the session's lock: */
	struct p9_qid qid;	    /* path and type are const */
	struct p9_fid *fid;	    /* never opened; it is what the server walks from */
	struct p9_fid *spare;	    /* another one, to be opened; or NULL */
	struct list fids;	    /* struct p9_fid.by_node: all that it owns */
	struct tree_node by_path;   /* in session->nodes */
	bool listed;		    /* is in there */
	struct list kept;	    /* in session->kept, with a reference; or on no list */
	struct p9_removal *removal; /* for when it is hidden, or NULL */
	/* linux/fs/p9/lease.c: */
	/* One more than the epoch of the server that has granted a lease; 0: none has. Atomic for a look */
	uint32_t granted;
	uint64_t
		attributes_held; /* the lease by which they are known; 0: none; atomic for a look */
	uint64_t name_held;	 /* and the one by which its name is; 0: none */
	uint64_t answered;	 /* the turn of the question whose answer the inode has */
	uint64_t name_hash;
	struct tree_node by_name; /* in session->names, while name_held is not 0 */
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
 * A server may refer to a file by its path: then a fid is another file's from the moment that the name
 * is. Its answers say which file they are about.
 */
static inline bool p9_is_same_file(const struct p9_qid *a, const struct p9_qid *b)
{
	return a->path == b->path;
}

/*
 * Finds the file that `fid` refers to among the session's nodes, or makes a node for it, and takes
 * over the fid. `parent` NULL: it is the root, which has no name. Returns 0 with a reference, or a
 * negative errno; -ESTALE: the fid is another file's by now. Waits for the server.
 */
int p9_node_get(struct mount *mount, struct p9_node *parent, const char *name, size_t len,
		struct p9_fid *fid, const struct p9_qid *qid, struct p9_node **node_ret);

/*
 * linux/fs/p9/attach.c: the server at `send` replaces the one that has ended; `root` is the mount's root.
 * Threads that wait for a server go on with the new one. A file that it does not know by the same name
 * and number is lost: its users get -ESTALE. Returns 0; -EBUSY if the old server has not ended; -ESTALE
 * if the root is another file; -EIO if the server does not agree on the same size of messages; or the
 * error of a call to it. After an error the session is lost as before. Waits for the server.
 */
int p9_attach_again(struct p9_node *root, struct file *send);

/*
 * linux/fs/p9/nodes.c: the nodes of a session. The caller holds no spinning lock.
 *
 * A session has a cache of nodes, session->kept: those that were looked up last, with their fids, and with their pages as
 * far as reclaim leaves these. Names are looked up at the server, whose answer decides which node it is, unless the server has
 * granted a lease (linux/fs/p9/lease.h): then a node in the cache is found by its name, too. The size of the cache depends on the
 * memory of the machine.
 */
/* Returns the node of that path, which may be just going, without a reference; or NULL. session->lock is held. */
struct p9_node *p9_nodes_find_locked(struct p9_session *session, uint64_t path);
/* Returns the node of the qid with a reference, or NULL. */
struct p9_node *p9_nodes_find(struct p9_session *session, const struct p9_qid *qid);
/*
 * Adds a new node, whose fid it owns from then on, unless there is one already: *there_ret is that one,
 * with a reference, or NULL. Returns 0, or -EAGAIN: the server that knew the fid has ended.
 */
int p9_nodes_add(struct p9_node *node, struct p9_node **there_ret);
/* The node's last reference is gone. */
void p9_nodes_remove(struct p9_node *node);
/* The node was looked up: it is the newest one of the cache. */
void p9_node_keep(struct p9_node *node);
/* Returns whether the cache is too large then: p9_nodes_forget() is to be called for one node. */
bool p9_node_keep_locked(struct p9_node *node);
/* Removes the n nodes from the cache that have not been looked up for the longest time. Returns whether there were any. */
bool p9_nodes_forget(struct p9_session *session, unsigned n);

/* The node is another file, or none, for all names from here on: no look-up finds it any more. */
void p9_node_forget(struct p9_node *node);

/* linux/fs/p9/attr.c: attributes. All but p9_node_set_attributes() and p9_getattr_asked() wait for the server. */
void p9_node_set_attributes(struct p9_node *node, const struct p9_rgetattr *attr);
/*
 * While a file has bytes that the server lacks, its size and times are those that are known here.
 * p9_changes() comes before a question for attributes. p9_is_newer(): was there anything of that kind
 * since then?
 */
uint32_t p9_changes(const struct p9_node *node);
bool p9_is_newer(const struct p9_node *node, uint32_t changes);
/* Asks for the attributes of a fid. Takes over a reference to it. */
int p9_ask_attributes(struct p9_fid *fid, struct p9_rgetattr *attr_ret);
/*
 * Asks for the attributes of the node's fid, and stores them in the inode. Under a lease *attr_ret has only what p9_attributes_held()
 * says; after an error `valid`, which is 0 if there was no answer.
 */
int p9_node_attributes(struct p9_node *node, struct p9_rgetattr *attr_ret);
int p9_set_size(struct p9_node *node, uint64_t size); /* the server's file alone */
/* Has the file the name by which the server would change it? Returns 0, -ESTALE, or another error. */
int p9_check_name(struct p9_node *node);
int p9_getattr(struct inode *inode, struct abi_stat *st);
int p9_getattr_asked(struct inode *inode, struct abi_stat *st);
int p9_setattr(struct inode *inode, const struct inode_attr *attr);

/*
 * linux/fs/p9/namei.c: what changes names. A file that is used when its name goes is renamed at
 * the server, and removed there when its last user is gone. All of these wait for the server.
 */
/* Makes a file that was not there. Returns 0 with a fid of it that is open for writing, or a negative errno. */
int p9_create_regular(struct inode *dir, const char *name, size_t len, unsigned mode,
		      struct p9_fid **fid_ret, struct p9_qid *qid_ret);
int p9_mkdir(struct inode *dir, const char *name, size_t len, unsigned mode);
/* Slots. */
int p9_symlink(struct inode *dir, const char *name, size_t len, const char *target,
	       size_t target_len);
int p9_link(struct inode *dir, const char *name, size_t len, struct inode *inode);
int p9_remove(struct inode *dir, const char *name, size_t len, bool directory,
	      struct inode **gone_ret);
int p9_rename(struct inode *old_dir, const struct path_part *old, struct inode *new_dir,
	      const struct path_part *new, unsigned flags, struct inode_moves *moves);

/* linux/fs/p9/names.c: the readdir slot, and its end. */
int p9_readdir(struct inode *dir, uint64_t pos, struct dir_item *item);
/* The directory was closed once: other readers of it ask the server again. */
void p9_names_unused(struct p9_node *node);
void p9_names_free(struct p9_names *names);
void p9_names_find_held(struct p9_names *names); /* for the ledger; NULL is allowed */
