/* SPDX-License-Identifier: MIT */
/* The connection to a 9P server. */
#pragma once

#include "fs/file.h"
#include "fs/p9/tags.h"
#include "lib/list.h"
#include "lib/refcount.h"
#include "lib/tree.h"
#include "sync/spinlock.h"
#include "sync/waitq.h"

struct p9_twrite_run;

/*
 * One for each mount. There is a reference for each fid, the root's among them, and for each request
 * that nobody waits for. The last one closes the send end.
 */
struct p9_session {
	struct refcount refs;
	/* const, once the mount is made: */
	struct file *send;
	uint32_t msize;
	uint64_t timeout;     /* ticks; UINT64_MAX: none */
	struct p9_tags *tags; /* in a frame of its own */
	/* atomic: */
	uint32_t last_fid;
	uint32_t nclunks;   /* fids that the server was told to forget, and has not answered */
	uint32_t nflushes;  /* requests in `flushes` */
	uint32_t closing;   /* p9_session_close() */
	uint32_t nremovals; /* files that are removed after their last use, and not answered */
	/* woken when nclunks becomes small enough for more fids; own lock */
	struct waitq clunked;
	/* woken when nremovals becomes 0; own lock */
	struct waitq removed;
	/* under sessions_lock: */
	struct list link;
	/* fs/p9/writeback.c: */
	struct spinlock dirty_lock;
	struct list dirty;	       /* guarded by dirty_lock: struct p9_data.dirty */
	uint32_t ndirty_files;	       /* the same; atomic for a look: entries of it */
	uint32_t nunwritten;	       /* atomic: pages that are dirty or being written */
	uint32_t unwritten_max;	       /* const: who makes more of them waits */
	struct waitq cleaned;	       /* woken when pages have been written; own lock */
	struct p9_twrite_run *reserve; /* atomic: memory for one request, or NULL */
	/* guarded by lock: */
	struct spinlock lock;
	struct tree nodes; /* fs/p9/nodes.c: by qid.path */
	struct list kept;  /* struct p9_node.kept: those used last at the end */
	uint32_t nkept;
	struct list requests; /* struct p9_request.link: started and not ended, oldest first */
	struct list flushes;  /* the same, given up: for these Tflush was sent */
};

/*
 * Creates a session that calls `send`, a send end, and agrees on a version and on a message size of
 * at most `msize` with the server. Returns 0 with one reference to the session; -EIO if the server
 * says something that it should not; or another negative errno. Waits for the server.
 */
int p9_session_create(struct file *send, uint32_t msize, uint64_t timeout,
		      struct p9_session **session_ret);

/*
 * The mount is gone. Requests that were given up are not waited for any more, nor are those flushed
 * that will be.
 */
void p9_session_close(struct p9_session *session);

void p9_session_get(struct p9_session *session);
void p9_session_put(struct p9_session *session);

/* When the time of what has begun at that tick is over; UINT64_MAX: never. */
static inline uint64_t p9_deadline(const struct p9_session *session, uint64_t tick)
{
	return session->timeout == UINT64_MAX ? UINT64_MAX : tick + session->timeout;
}

/*
 * Has the kernel thread look at all sessions when a request may be too late: not later than at that
 * tick.
 */
void p9_sessions_look_before(uint64_t tick);
