/* SPDX-License-Identifier: MIT */
/* Endpoints: a caller waits until a receiver has taken its message and replied; the sender of a pulse does not wait. */
#pragma once

#include "abi/ipc.h"
#include "desc/file.h"

struct call;
struct endpoint;
struct transfer;

/*
 * The words of a message, which travel in registers. They are a struct so that copying them is a
 * few instructions and not a call of memcpy().
 */
struct ipc_words {
	uint64_t word[IPC_WORDS];
};

/* Creates an endpoint and the open file of its receive end. Returns NULL if memory runs out. */
struct file *endpoint_create(void);

/*
 * Creates the open file of a send end, whose calls and pulses carry the badge. `receive` is a
 * receive end. With `tells_close`, the end of the file is a pulse. Returns 0, -EINVAL if it is not a
 * receive end or the badge has IPC_BADGE_SERVED, -EAGAIN if too many closed send ends wait for their pulses to be received, or -ENOMEM.
 */
int endpoint_badge(struct file *receive, uint64_t badge, bool tells_close, struct file **send_ret);

/*
 * In all of these, deadlines are ticks of arch_time(), UINT64_MAX for none and 0 for no wait. They
 * return a negative errno: -EINVAL if the file is not the end that is needed, -EINTR, -ETIMEDOUT.
 * Call with no spinning lock held.
 */

/*
 * Sends the words and waits for the reply, which replaces them; nothing else may change them
 * meanwhile. `transfer` has the buffers and descriptors that go with the call, or is NULL. Returns
 * 0, or -EPIPE if the receive end is closed.
 *
 * A signal ends the wait until the message has been received; after that, a signal sends the
 * receiver a pulse. A kill or the deadline always ends the wait, and makes the rcvid invalid.
 */
int64_t endpoint_call(struct file *send, struct ipc_words *words, struct transfer *transfer,
		      uint64_t deadline);

/*
 * Makes a call of the kernel's. Of signals only a kill ends the wait, and no signal sends the receiver a pulse. There is no
 * deadline: the server may take up to `timeout` ticks (UINT64_MAX: for ever), from the moment that it has received the call.
 * While the call is queued they begin anew whenever the server answers a call. Calls are received in the order in which they
 * came, so the wait ends even if the server answers everything else: with n calls received or queued before, after n + 2
 * times the `timeout` at the latest.
 */
int endpoint_call_killable(struct file *send, struct ipc_words *words, struct transfer *transfer,
			   uint64_t timeout);

bool endpoint_is_send(struct file *file);
bool endpoint_is_receive(const struct file *file);

/* Is the receive end of this send end closed, and can no other take its place? Once true, it stays so. */
bool endpoint_is_broken(struct file *send);

/*
 * The send end, which nobody has used yet, keeps its endpoint as long as it is open: if the receive end is closed meanwhile, the
 * calls that were received end with -EPIPE, but the queued ones wait, and new ones are queued. Call with the receive end open.
 */
void endpoint_keep(struct file *send);

/*
 * Creates the next receive end of an endpoint that `keeper` keeps. Returns 0; -EINVAL if the file keeps none; -EBUSY if there is a
 * receive end; or -ENOMEM.
 */
int endpoint_reopen(struct file *keeper, struct file **receive_ret);

/*
 * Leases: what a client keeps of answers about a number of its own choice is true as long as the lease of that number is what it was
 * before the request was sent. A lease is not 0, and changes when the server revokes it or ends; no two endpoints ever have the same.
 * endpoint_revoke() returns 0, or -EINVAL if it is not a receive end; IPC_ALL_FILES: all leases. They take no lock.
 */
uint64_t endpoint_lease(struct file *send, uint64_t number);
int endpoint_revoke(struct file *receive, uint64_t number);

struct endpoint_news {
	uint64_t ncalls; /* that were received by this receive end and those before it */
	/*
	 * When the server answered last, began to wait for a call or got one, and at first, when the receive end was made. Or, if that
	 * is later, when the call was queued that is to be received next.
	 */
	uint64_t progress_tick;
	bool is_awaited; /* a call has no answer yet */
};

/* What the endpoint of a receive end knows of its server. */
struct endpoint_news endpoint_look(const struct file *receive);

/*
 * Waits for a call or a pulse, and receives it; pulses come first. Returns the rcvid of a call, or
 * 0 for a pulse, whose words are its code and its value. Sets *badge_ret to the badge of the send
 * end.
 */
int64_t endpoint_receive(struct file *receive, struct ipc_words *words, uint64_t *badge_ret,
			 uint64_t deadline);

/*
 * Replies to *rcvid with the words of `reply`, sets *rcvid to 0, and receives as endpoint_receive()
 * does. If there is nothing to receive yet, the caller that was answered runs at once. With *rcvid
 * 0 it only receives. Returns -ESRCH if no call of that rcvid waits; then nothing was received.
 */
int64_t endpoint_reply_receive(struct file *receive, uint64_t *rcvid, const struct ipc_words *reply,
			       struct ipc_words *words, uint64_t *badge_ret, uint64_t deadline);

/*
 * Sends a pulse with these bits. If the previous pulse has not been received yet, the bits are
 * added to it. Returns 0, -EINVAL, or -EPIPE if the receive end is closed. May be called by
 * interrupt handlers, with locks up to LOCK_DEVICE held.
 */
int endpoint_notify(struct file *send, uint64_t bits);

/*
 * Replies to a call. Returns 0, or -ESRCH if no call of that rcvid waits. With `hand_over` the
 * caller runs as soon as this thread sleeps.
 */
int endpoint_reply(struct file *receive, uint64_t rcvid, const struct ipc_words *words,
		   bool hand_over);

/*
 * A received call that cannot end while it is held. `transfer` is what endpoint_call() was given.
 */
struct call_hold {
	struct endpoint *endpoint;
	struct call *call;
	struct transfer *transfer;
};

/*
 * Holds a received call, so that it cannot end. Returns 0 with preemption off: do not sleep before
 * endpoint_unhold(). Returns -ESRCH if no call of that rcvid waits, or -EINVAL.
 */
int endpoint_hold(struct file *receive, uint64_t rcvid, struct call_hold *hold);

/* Is the file the receive end at which the call was received? */
bool endpoint_holds_end(const struct call_hold *hold, struct file *file);
void endpoint_unhold(const struct call_hold *hold);
