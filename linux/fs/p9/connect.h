/* SPDX-License-Identifier: MIT */
/* Makes a session with a 9P server. */
#pragma once

#include "linux/fs/p9/session.h"

/*
 * Creates a session that calls `send`, a send end, and agrees on a version and on a message size of
 * at most `msize` with the server. Returns 0 with one reference to the session; -EIO if the server
 * says something that it should not; or another negative errno. Waits for the server.
 */
int p9_session_create(struct file *send, uint32_t msize, uint64_t timeout,
		      struct p9_session **session_ret);

/*
 * Tversion: agrees with the server at `send`, which begins anew, whatever it knew, on a version and on
 * *msize_ret. Returns 0 or a negative errno as p9_session_create() does. Waits for the server.
 */
int p9_session_agree(struct p9_session *session, struct file *send, uint32_t *msize_ret);
