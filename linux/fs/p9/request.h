/* SPDX-License-Identifier: MIT */
/* Requests to a 9P server, and what becomes of those that it does not answer in time. */
#pragma once

#include "abi/errno.h"
#include "ipc/call.h"
#include "ipc/transfer.h"
#include "lib/p9/p9.h"
#include "linux/fs/p9/session.h"

struct p9_fid;

/* The most bytes of a request that has no payload: Twalk with a name, Tattach. */
#define P9_REQUEST_BYTES 320u
/* And of a reply without one: Rgetattr is the longest. */
#define P9_REPLY_BYTES	 192u

/* A request at which so many servers have ended in sequence is not sent to another one. */
#define P9_SERVERS_MAX 4u

/* A message that is not longer is in the words of its call as a whole. */
#define P9_SHORT_BYTES 24u

/* For an attempt to attach to another server: it needs no memory then. */
struct p9_buffers {
	uint8_t request[P9_REQUEST_BYTES], reply[P9_REPLY_BYTES];
};

/* A request of a thread that waits for the reply. */
struct p9_rpc {
	struct p9_session *session;
	struct p9_fid *fid, *other; /* that it names, referenced; NULL: none */
	struct p9_fid *makes; /* the one of these that the server does not know yet, or NULL */
	bool once;	      /* it must not be done twice: see p9_rpc() */
	uint16_t tag;
	const void *message;	 /* `request`; the caller may set another, for a longer one */
	struct page **payload;	 /* pages whose bytes follow the message, or NULL */
	size_t payload_length;	 /* bytes of them */
	struct p9_packet packet; /* the reply, after p9_rpc_packet() */
	uint8_t request[P9_REQUEST_BYTES], reply[P9_REPLY_BYTES];
};

/*
 * Sets all but the buffers and `packet`. The message is in `request`, which the caller encodes with the tag. p9_rpc() must follow.
 * Takes over a reference to each fid.
 */
void p9_rpc_begin(struct p9_rpc *rpc, struct p9_session *session, struct p9_fid *fid,
		  struct p9_fid *other);

/*
 * Sends the n bytes of the message, and the payload, and waits for the reply: `size` bytes have room
 * at `reply`. n may be the negative errno of an encoder, which is returned. Returns the number of bytes that came,
 * -EINTR if the thread was killed, -EDEADLK if the thread itself would have to answer, -ENOMEM, or
 * -EIO: no server is there, it did not answer in time, or it owes too many answers.
 *
 * If the server ends, the request waits for another one, and is sent to that; but not if rpc->once is set and the server
 * had received it: then it may have been done, which is -EIO. The other server may not know the fids: -ESTALE says that it
 * does not know the file, -EAGAIN that the fid had no owner and is to be made anew. Call with no spinning lock held.
 */
ssize_t p9_rpc(struct p9_rpc *rpc, ssize_t n, void *reply, size_t size);

/* p9_rpc() with a reply that has no payload: returns 0 with the reply in rpc->packet, or a negative errno. */
static inline int p9_rpc_packet(struct p9_rpc *rpc, ssize_t n)
{
	n = p9_rpc(rpc, n, rpc->reply, sizeof(rpc->reply));
	if (n < 0)
		return (int)n;
	rpc->packet = p9_packet(rpc->reply, (size_t)n);
	return 0;
}

/* Calls a server that is to be attached: the request is not flushed if it is given up. */
ssize_t p9_rpc_once(struct p9_session *session, struct file *send, const void *request, ssize_t n,
		    void *reply, size_t size);

/*
 * Does the error mean that the server has refused, or was not asked? After -EIO and -EINTR it may have
 * done what it was asked for.
 */
static inline bool p9_is_refusal(ssize_t err)
{
	return err < 0 && err != -EIO && err != -EINTR;
}

/*
 * A request that no thread waits for. Its owner fills `head` in, and, behind transfer.receive.head and
 * transfer.send.head, the pages for a payload, if there are any, with their length.
 *
 * It is private to its owner until p9_request_start(), and from free() on. In between `link`, and while it is on a list also
 * `send` and `epoch`, are guarded by session->lock. The rest is private to the thread that launches it, and then to the one
 * that has its answer or has taken it back (call_withdraw()).
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
	struct p9_fid *fid, *other; /* referenced from start to end; NULL: none */
	struct list link;
	uint64_t started_tick;
	struct file *send; /* referenced while the server has it */
	uint32_t epoch;	   /* of that server */
	unsigned nends;	   /* servers that have ended while they had it */
	/* It means nothing to another server than that of `epoch`: if this one ends, it is done. */
	bool is_local;
	/* Bytes of the message, and of the payload either way. */
	size_t message_length, sent, received;
	uint16_t tag, flush_tag;
	const void *message; /* `head`; the owner may set another, for a longer message */
	uint8_t reply[P9_RREAD_HEAD_BYTES]; /* the first bytes of the reply, or an Rlerror */
	/*
	 * Both are called once and never wait. ended(): it is known what becomes of the request. 0:
	 * transfer.received bytes came. free(): the request is its owner's again. That is later if
	 * it was given up, because Tflush is sent with it. NULL: there is nothing to do.
	 */
	void (*ended)(struct p9_request *request, int result);
	void (*free)(struct p9_request *request);
};

/* Does the server owe the answers to so many requests that it gets no new ones? */
bool p9_is_stuck(const struct p9_session *session);

/*
 * Prepares a request: takes a tag. Returns false if there is none. The owner then sets `fid` to what
 * the request names, with a reference, if that is to stay.
 */
bool p9_request_init(struct p9_session *session, struct p9_request *request);

/*
 * Starts a request of n bytes in `head`, or at `message`. If the server ends, it is sent to the one
 * that takes its place. Never waits.
 */
void p9_request_start(struct p9_request *request, size_t n);

/*
 * Sends requests that have waited for another server, or ends them if none has come in time. The caller has taken them out of
 * session->parked.
 */
void p9_requests_resume(struct list *parked);

/*
 * For the kernel thread: ends the session's requests that are too late, and all that were given up
 * if it is closed. Lowers *next to the tick when there may be more; if `begun` is set, to one that
 * is not later than those that begin from now on may be too late.
 */
void p9_requests_tend(struct p9_session *session, uint64_t now, bool begun, uint64_t *next);
