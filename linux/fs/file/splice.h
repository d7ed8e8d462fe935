/* SPDX-License-Identifier: MIT */
/* splice(2) and tee(2): bytes go from one file to another, of which one or both are pipes. */
#pragma once

#include "desc/file.h"

/* Can bytes be spliced from the file, or to it, if it is no pipe? */
bool file_splices_from(const struct file *file);
bool file_splices_to(const struct file *file);

/*
 * Moves up to n bytes from a pipe to a file at *pos, which advances, or from a file to a pipe. As on Linux
 * they wait for the first byte or for room, unless `nonblock` is set, and then move what is there. Return how many
 * bytes that were, 0 at the end, or a negative errno; -EPIPE sends SIGPIPE.
 */
ssize_t splice_from_pipe(struct file *pipe, struct file *out, uint64_t *pos, size_t n,
			 bool nonblock);
ssize_t splice_to_pipe(struct file *in, uint64_t *pos, struct file *pipe, size_t n, bool nonblock);
