/* SPDX-License-Identifier: MIT */
/* The two fids of a regular file that are open at the server: one to read by, one to write by. */
#pragma once

#include "lib/types.h"

struct p9_data;
struct p9_fid;
struct p9_node;

/*
 * Opens what `flags` needs: what is not open yet, or with `anew` all of it. Reading and writing have a fid each, so that the
 * server's file is not open for writing for longer than any open file is. Returns 0 or a negative errno. Call with
 * node->lock held. Waits for the server.
 */
int p9_data_open_fids(struct p9_node *node, unsigned flags, bool anew);

/* Opens the file for reading unless it is. Conditions and errors of p9_data_open_fids(). */
int p9_data_open_reader(struct p9_node *node);

/* Opens the file for writing unless it is, and gets that fid with a reference. Conditions and errors of p9_data_open_fids(). */
int p9_data_writer(struct p9_node *node, struct p9_fid **fid_ret);

/* The file was created by Tlcreate, which has opened `fid` for writing. Takes over the reference. */
void p9_data_created(struct p9_data *data, struct p9_fid *fid);

/* Has it been opened at the server? It may be at this moment. */
bool p9_data_is_open(const struct p9_data *data);

/* Returns an open fid with a reference, for writing if there is one; NULL: the file is not open. */
struct p9_fid *p9_data_any_fid(struct p9_data *data);

/*
 * Takes the fid to write by, if the file is not open for writing and nothing is dirty. p9_data_take_writer() returns it with
 * its reference, or NULL. p9_data_close_writer() drops it.
 */
struct p9_fid *p9_data_take_writer(struct p9_data *data);
void p9_data_close_writer(struct p9_data *data);
