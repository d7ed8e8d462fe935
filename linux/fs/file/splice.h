/* SPDX-License-Identifier: MIT */
/* splice(2) and tee(2): bytes go from one file to another, of which one or both are pipes. */
#pragma once

#include "desc/file.h"
#include "mm/phys/page.h"

/* Can bytes be spliced from the file, or to it, if it is no pipe? */
bool file_splices_from(const struct file *file);
bool file_splices_to(const struct file *file);

/*
 * Reads up to n bytes at *pos, by a reference to a page of the file if it lends one, and otherwise to the buffer of n bytes. `lent` is then
 * the memory to write them from, up to the end of a page. Returns as a read slot. After a positive result, file_lent_put() drops the reference,
 * unless a pipe has taken it over.
 */
ssize_t file_lend(struct file *file, uint64_t *pos, size_t n, void *buffer, struct user_iter *lent);
void file_lent_put(const struct user_iter *lent);

/*
 * Moves up to n bytes from a pipe to a file at *pos, which advances, or from a file to a pipe. As on Linux
 * they wait for the first byte or for room, unless `nonblock` is set, and then move what is there. Return how many
 * bytes that were, 0 at the end, or a negative errno; -EPIPE sends SIGPIPE.
 */
ssize_t splice_from_pipe(struct file *pipe, struct file *out, uint64_t *pos, size_t n,
			 bool nonblock);
ssize_t splice_to_pipe(struct file *in, uint64_t *pos, struct file *pipe, size_t n, bool nonblock);
