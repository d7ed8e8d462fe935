/* SPDX-License-Identifier: MIT */
/* The connection to a 9P server: requests, their answers and their deadlines, and fids. */
#pragma once

#include "ipc/call.h"
#include "ipc/transfer.h"
#include "lib/list.h"
#include "lib/p9/p9.h"
#include "lib/refcount.h"
#include "lib/tree.h"
#include "sync/spinlock.h"

/* The most bytes of a request that has no payload: Twalk with a name, Tattach. */
#define P9_REQUEST_BYTES 320u
/* And of a reply without one: Rgetattr is the longest. */
#define P9_REPLY_BYTES	 192u

/*
 * One for each mount. There is a reference for each fid, the root's among them, and for each request
 * that nobody waits for. The last one closes the send end.
 */
struct p9_session {
	struct refcount refs;
	/* const, once the mount is made: */
	struct file *send;
	uint32_t msize;
	uint64_t timeout; /* ticks; UINT64_MAX: none */
	/* atomic: */
	uint32_t last_fid;
	uint32_t last_tag;
	/* under sessions_lock: */
	struct list link;
	/* guarded by lock: */
	struct spinlock lock;
	struct tree nodes;    /* fs/p9/node.c: by qid.path */
	struct list requests; /* struct p9_request.link: started and not ended, oldest first */
};

/*
 * Creates a session that calls `send`, a send end, and agrees on a version and on a message size of
 * at most `msize` with the server. Returns 0 with one reference to the session; -EIO if the server
 * says something that it should not; or another negative errno. Waits for the server.
 */
int p9_session_create(struct file *send, uint32_t msize, uint64_t timeout,
		      struct p9_session **session_ret);
void p9_session_get(struct p9_session *session);
void p9_session_put(struct p9_session *session);

/*
 * Sends the n bytes of a request and waits for the reply: `size` bytes have room at `reply`. n may be
 * the negative errno of an encoder, which is returned. Returns the number of bytes that came, -EINTR
 * if the thread was killed, -EDEADLK if the thread itself would have to answer, or -EIO: no server is
 * there, or it did not answer in time. Call with no
 * spinning lock held.
 */
ssize_t p9_rpc(struct p9_session *session, const void *request, ssize_t n, void *reply,
	       size_t size);

/* Returns a tag for the next request. */
uint16_t p9_next_tag(struct p9_session *session);

/* A message that is not longer is in the words of its call as a whole. */
#define P9_SHORT_BYTES 24u

/*
 * A request that nobody waits for. Its owner fills `head` in, and, behind transfer.receive.head, the
 * pages for a payload, if there are any, with their length.
 */
struct p9_request {
	struct call call;
	union {
		struct ipc_words words;
		struct {
			uint64_t size;
			uint8_t head[P9_SHORT_BYTES]; /* the message, which has no payload */
		};
	};
	struct transfer transfer;
	struct p9_session *session; /* referenced from start to end */
	struct list link;
	uint64_t started_tick;
	uint16_t tag;
	uint8_t reply[P9_RREAD_HEAD_BYTES]; /* the first bytes of the reply, or an Rlerror */
	/*
	 * Called once when the request has ended, and never waits. 0: transfer.received bytes came.
	 * After that the request is its owner's again.
	 */
	void (*ended)(struct p9_request *request, int result);
};

/* Starts a request of n bytes in `head`; transfer_init() has been called. Never waits. */
void p9_request_start(struct p9_session *session, struct p9_request *request, size_t n);

/*
 * A fid: what the server calls a file. The numbers are used once. When it is freed, the server is
 * told, if it may know the fid.
 */
struct p9_fid {
	struct p9_session *session;
	uint32_t number;
	bool known; /* the server may know it */
	struct p9_request clunk;
};

/* Returns a number that the server does not know yet, or NULL if memory runs out. May wait for it. */
struct p9_fid *p9_fid_create(struct p9_session *session);
void p9_fid_free(struct p9_fid *fid); /* NULL is allowed; never waits */
