/* SPDX-License-Identifier: MIT */
/* Whether the cached bytes of a regular file are still those of the server's file. */
#pragma once

#include "lib/types.h"

struct p9_node;

/*
 * Opens the file, once for reading and once for writing, and drops what is cached if another
 * client has changed size or times of the file; mapped pages stay. Returns 0 or a negative errno. Waits for the server.
 * Call with node->lock held.
 */
int p9_data_open(struct p9_node *node, unsigned flags);

/*
 * Closes the fid to write by, if the file is not open for writing and nothing is dirty. Waits for the server, to learn what
 * times the file has then. Call without node->lock.
 */
void p9_data_end_write(struct p9_node *node);

/*
 * Asks the server where the file ends: another client may have written behind the end that is known
 * here, of which what is cached goes then. Call with node->lock held.
 */
int p9_data_end(struct p9_node *node, uint64_t *end_ret);

/*
 * Asks the server where the file ends, after pages turned out to be missing there. Writes what is dirty first: otherwise
 * the end would be the one that is known here. Call with node->lock held.
 */
int p9_data_learn_end(struct p9_node *node);
