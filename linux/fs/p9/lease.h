/* SPDX-License-Identifier: MIT */
/* What is known of names and attributes without a question, while a lease of the server's holds. */
#pragma once

#include "lib/p9/p9.h"

struct p9_node;
struct p9_session;

/* What was so before a request was sent. The answer may be kept if the server grants that and nothing has changed meanwhile. */
struct p9_lease {
	uint64_t number; /* endpoint_lease(); 0: nothing may be kept */
	uint32_t nchanges;
	uint32_t epoch; /* of the server */
	uint64_t turn;	/* of all questions of the session */
};

/*
 * All of these take session->lock, unless they are called with it; none waits. `path` is that of a qid: of the file whose attributes
 * are asked for, or of the directory where a name is looked up.
 */
void p9_lease_sample(struct p9_session *session, uint64_t path, struct p9_lease *lease);

/*
 * Keeps what the server has said of the node. Returns whether the inode is to have it, too, before session->lock is given up: what was
 * asked later may have been answered already.
 */
bool p9_attributes_keep_locked(struct p9_node *node, const struct p9_rgetattr *attr,
			       const struct p9_lease *lease);
/* Returns whether the node's attributes are known. Then *attr_ret has qid and size; the rest is in the inode. */
bool p9_attributes_held(struct p9_node *node, struct p9_rgetattr *attr_ret);

/* Keeps that the node was found by this name. */
void p9_name_keep(struct p9_node *dir, const char *name, size_t len, struct p9_node *node,
		  const struct p9_lease *lease);
/* Returns the node that is known to have the name, with a reference, or NULL. It is the newest one of the cache then. */
struct p9_node *p9_name_held(struct p9_node *dir, const char *name, size_t len);
void p9_name_unhold_locked(struct p9_node *node);

/* The server does not know the file as the node has it: name and attributes are to be asked for. */
void p9_lease_broken(struct p9_node *node);

/*
 * A request of ours may have changed the attributes of the file with that path, or what a name in a directory stands for. Call it after
 * the answer, and after what is changed here.
 */
void p9_attributes_changed(struct p9_session *session, uint64_t path);
void p9_name_changed(struct p9_node *dir, const char *name, size_t len);
