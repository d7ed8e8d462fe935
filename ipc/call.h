/* SPDX-License-Identifier: MIT */
/* What waits at an endpoint: calls, of threads and the kernel's own, and pulses. */
#pragma once

#include "ipc/endpoint.h"
#include "lib/list.h"
#include "lib/tree.h"
#include "proc/loan.h"
#include "proc/pid.h"

enum call_state { CALL_QUEUED, CALL_RECEIVED, CALL_DONE };

/*
 * A pulse: a few words for the receiver, without a reply. It is a field of its owner, a send end or
 * a call, so nothing is allocated. If the owner sends another pulse before this one has been
 * received, both become one; so none is lost. Guarded by the endpoint's lock.
 */
struct pulse {
	struct list link;
	bool pending; /* is on endpoint->pulses */
	uint64_t code, value;
};

/*
 * One call. The call of a thread is on its stack, so nothing is allocated. Guarded by the
 * endpoint's lock. A thread's call is ended and the thread woken in one hold of the lock, and the
 * thread takes the lock before it returns. So no other thread still uses the call when it goes out
 * of scope.
 */
struct call {
	struct tree_node node; /* CALL_QUEUED: by rank; CALL_RECEIVED: by rcvid */
	struct list link; /* of a request: where `node` is in a tree, in the list beside that */
	struct endpoint *endpoint;
	struct thread *thread; /* NULL: the kernel's */
	enum call_state state;
	uint64_t rcvid, badge;
	struct ipc_words *words;   /* the caller's: first the message, then the reply */
	struct transfer *transfer; /* or NULL */
	uint32_t done;		   /* atomic */
	union {
		struct {
			uint16_t holds; /* endpoint_hold(): the call must stay */
			bool signalled;
			bool lends; /* `loan` has begun, and has not ended */
		};
		uint32_t unusual; /* not 0: one of them is not */
	};
	struct pulse unblock; /* initialised if `signalled` */
	union {
		uint64_t queued_tick;	/* CALL_QUEUED, of a request: when it was queued */
		uint64_t received_tick; /* when it was received, unless it went the fast way */
	};
	int result;
	int server_tid; /* of the thread that has received it */
	uint64_t rank;	/* CALL_QUEUED: the caller's */
	struct loan
		loan; /* of the kernel's, `any` is always set: what the thread ran as that started it */
	/* The kernel's, set by call_start()'s caller; const: */
	void (*ended)(struct call *call, int result);
};

struct fdtable;

/*
 * Who could answer calls of an endpoint: the process that received last or, before the first receive, created the endpoint;
 * and the table that all descriptors of the receive end are in. That may be another process's by now.
 */
struct answerer {
	struct process_id process;
	const struct fdtable *table; /* to be compared only */
	uint64_t ncalls;	     /* how many the endpoint's receivers have received */
};

/* Returns false if no single table is known to have all references to the receive end, or if that is closed. */
bool endpoint_answerer(struct endpoint *endpoint, struct answerer *answerer);

extern struct counted_kind endpoint_kind;

/* A send end. After it is closed, it lingers until its last pulse has been received. */
struct sender {
	/* const: */
	struct endpoint *endpoint;
	uint64_t badge;
	bool tells_close, keeps;
	/* guarded by the endpoint's lock: */
	bool released;	       /* who receives the last pulse frees it */
	struct pulse notified; /* endpoint_notify() */
	struct pulse closed;
	struct counted counted;
};

extern struct counted_kind sender_kind; /* send ends, until their last pulse has been received */

/* For the ledger: find what the endpoint's queue refers to, and what the send end does. */
void endpoint_find_held(struct endpoint *endpoint);
void sender_find_held(struct sender *sender);

/* For the ledger: visits the endpoint's calls that have not ended. */
void endpoint_visit_calls(struct endpoint *endpoint,
			  void (*visit)(const struct call *call, void *arg), void *arg);

/*
 * What an endpoint finds an open file by that its server serves (ipc/served.h). It may outlive the file, for who has found it. The
 * file has a reference as long as the link is in the tree.
 */
struct served_link {
	struct tree_node node; /* guarded by the endpoint's lock */
	struct refcount refs;  /* one is the send end's */
	/* The file's own send end, whose badge is the cookie; guarded as above. */
	struct sender sender;
	uint64_t cookie; /* const */
	/* The open file itself, with a reference, until somebody takes it; guarded by the endpoint's lock. NULL: no. */
	struct file *waiting;
	/* Woken when the endpoint is broken, and when ipc/served.c has a reason; own lock. */
	struct waitq changed;
};

/* The endpoint of any end of it. */
struct endpoint *endpoint_of(struct file *end);
/* Returns the first of `n` numbers that no other file of it has had. */
uint64_t endpoint_next_cookies(struct endpoint *endpoint, unsigned n);
uint64_t endpoint_badge_of(struct file *send);
/*
 * Makes the link's send end. From now on endpoint_linked_from() finds the link, until endpoint_unlink(). Returns 0, -EAGAIN as
 * endpoint_badge(), or -ENFILE if too many wait as it does.
 */
int endpoint_link(struct endpoint *endpoint, struct served_link *link);
/* Closes the link's send end, too. The server is told by a pulse, until which the send end may keep its reference to the link. */
void endpoint_unlink(struct served_link *link);
/* endpoint_is_broken() of the link's endpoint. */
bool endpoint_link_is_broken(const struct served_link *link);
/*
 * A request of ipc/served.c. Of signals only a kill ends it, as the server never holds a caller. It has the time-out of
 * endpoint_call_killable(), 10 seconds, which may come as late as 20.
 */
int endpoint_call_served(struct served_link *link, struct ipc_words *words,
			 struct transfer *transfer);
/*
 * Sets *link_ret to the link with the lowest cookie that is at least `cookie`, with a reference, or to NULL if there is none.
 * Returns 0, or -EINVAL if `receive` is no receive end.
 */
int endpoint_linked_from(struct file *receive, uint64_t cookie, struct served_link **link_ret);
/*
 * Calls `join` with two links and the endpoint's lock held, so that neither is unlinked meanwhile. Returns what it returns, or
 * -ENOENT if one of them is not there.
 */
int endpoint_join(struct endpoint *endpoint, uint64_t cookie, uint64_t other,
		  int (*join)(struct served_link *one, struct served_link *other, void *arg),
		  void *arg);
void served_link_put(struct served_link *link);
/*
 * Returns the file that waits to be taken, with its reference, or NULL. Only one of two calls for
 * the same file gets it.
 */
struct file *endpoint_take_waiting(struct endpoint *endpoint, uint64_t cookie);
/* Returns the link with that cookie, with a reference, or NULL. */
struct served_link *endpoint_find_link(struct endpoint *endpoint, uint64_t cookie);
/* Returns it with a reference of the caller's own, and it waits on. */
struct file *endpoint_look_waiting(struct endpoint *endpoint, uint64_t cookie);

/* How long a server may take for a request of a served file, in nanoseconds. In-kernel tests have less. */
extern uint64_t endpoint_request_ns;

/*
 * A call of the kernel's has ended with -EPIPE or, with `overdue`, with -ETIMEDOUT. Returns true if it may be made again,
 * because another server can take the place of that one; whoever keeps the endpoint learns that a server is overdue.
 */
bool endpoint_may_repeat(struct endpoint *endpoint, bool overdue);

/*
 * Starts a call of the kernel's: words, transfer and `ended` are set. ended() is called once, by
 * whichever thread ends the call, which may be this one before call_start() returns; then the call
 * is the caller's again. It gets 0, or -EPIPE if the receive end is closed. It is called with no
 * spinning lock held, and must not wait. `send` stays open meanwhile. Call with no spinning lock
 * held.
 */
void call_start(struct file *send, struct call *call);

/*
 * The running thread is about to wait for a call of the kernel's. Returns true if only the running
 * thread itself could answer it. Call with no spinning lock held.
 */
bool call_deadlocks(struct file *send);

/*
 * Ends a call of the kernel's that was received before the tick `since`; or one that is queued, if the server has answered no
 * call since then. Returns the state that the call was in; ended() is not called, and the call may be started again.
 * Returns CALL_DONE if the call goes on, or has ended already. The caller ensures that the call is still allocated, and that
 * it was started before `since`.
 */
enum call_state call_withdraw(struct file *send, struct call *call, uint64_t since);
