/* SPDX-License-Identifier: MIT */
/* The names of nodes: which directory and which name each has, and the session's alias. */
#pragma once

#include "linux/fs/p9/node.h"

struct path_text;

/* What a walk has found: a name in a directory. */
struct p9_walked {
	struct p9_node *parent; /* NULL: it is the root */
	const char *name;
	size_t len;
	struct p9_fid *fid;
	const struct p9_qid *qid;
	bool is_to_be_opened; /* the next open is likely to need a fid of its own */
};

/* A walk has found the node again. Takes over the fid, and gives the node the name of the walk if that is newer. */
void p9_node_adopt(struct p9_node *node, const struct p9_walked *by);

/*
 * The node's fids find the file by this name in `parent` from here on. Takes over the memory, and gets a reference to the
 * parent. `fid`, which was walked to that name, takes the place of the fids that the node had, with its reference; NULL:
 * these are of that name by now. Returns false, and changes nothing, if the server that knew `fid` has ended.
 */
bool p9_node_rename(struct p9_node *node, struct p9_node *parent, char *name, struct p9_fid *fid);

/* Bracket the request that renames the directory. The mount's rename_lock is held. */
void p9_dir_rename_begin(struct p9_node *dir);
void p9_dir_rename_end(struct p9_node *dir);

/* Returns the number of renames that have begun or ended until now, for p9_dir_was_renamed(). */
static inline uint32_t p9_dir_renames(const struct p9_session *session)
{
	return atomic_load(&session->dir_renames);
}

/* Has this client been renaming the directory, or one above it, at any time since then? */
bool p9_dir_was_renamed(struct p9_node *dir, uint32_t since);

/*
 * The session's alias. p9_alias_set() takes over the name, and gets a reference to the directory. p9_alias_dir() returns the
 * directory with a reference, or NULL; an alias whose directory is the file, or is below it, is dropped: no server has it.
 * p9_alias_take(): the file was found by the alias, which is its node's name from here on.
 */
void p9_alias_set(struct p9_session *session, const struct p9_qid *qid, struct p9_node *dir,
		  char *name);
void p9_alias_drop(struct p9_session *session);
struct p9_node *p9_alias_dir(struct p9_session *session);
void p9_alias_take(struct p9_node *node);
/* Returns the alias of the node's file, or NULL if it has none. session->lock is held. */
const struct p9_alias *p9_alias_of_locked(const struct p9_node *node);

/* The path slot, and the place slot: the hidden name of a removed file is not shown. */
int p9_node_path(struct inode *inode, struct path_text *text);
bool p9_node_place(struct inode *inode, uint32_t name_id, uint32_t events,
		   struct inode_place *place);
