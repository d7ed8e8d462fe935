/* SPDX-License-Identifier: MIT */
/* Endpoints: a caller waits until a receiver has taken its message and replied; a pulse waits for nobody. */
#pragma once

#include "abi/ipc.h"
#include "fs/file.h"

struct call;
struct endpoint;
struct transfer;

/* What goes in registers. A struct, so that copying it is a few instructions and no call. */
struct ipc_words {
	uint64_t word[IPC_WORDS];
};

/* Creates an endpoint and the open file of its receive end. Returns NULL if memory runs out. */
struct file *endpoint_create(void);

/*
 * Creates the open file of a send end, whose calls and pulses carry the badge. `receive` is a
 * receive end. With `tells_close`, the end of the file is a pulse. Returns 0, -EINVAL if it is not a
 * receive end, -EAGAIN if too many closed send ends wait for their pulses to be received, or -ENOMEM.
 */
int endpoint_badge(struct file *receive, uint64_t badge, bool tells_close, struct file **send_ret);

/*
 * In all of these, deadlines are ticks of arch_time(), UINT64_MAX for none and 0 for no wait. They
 * return a negative errno: -EINVAL if the file is not the end that is needed, -EINTR, -ETIMEDOUT.
 * Call with no spinning lock held.
 */

/*
 * Sends words and waits for the reply, which is stored there; nothing else may change them
 * meanwhile. `transfer` is what else goes with the call, or NULL. Returns 0, or -EPIPE if the receive
 * end is closed. A signal ends the wait only until the message has been received; after that it is a
 * pulse to the receiver. A kill and the deadline always end it, and the rcvid is not valid any more
 * then.
 */
int64_t endpoint_call(struct file *send, struct ipc_words *words, struct transfer *transfer,
		      uint64_t deadline);

/* The same, but no signal that is not a kill ends the wait, and the receiver is not told of it. */
int endpoint_call_killable(struct file *send, struct ipc_words *words, struct transfer *transfer,
			   uint64_t deadline);

/* Can it be called? */
bool endpoint_is_send(struct file *file);

/* Is the receive end of this send end closed? It will never be open again. */
bool endpoint_is_broken(struct file *send);

/*
 * Waits for a call or a pulse and takes it; pulses come first. Returns the rcvid of a call, or 0 for
 * a pulse, whose words are its code and its value; and the badge of the send end.
 */
int64_t endpoint_receive(struct file *receive, struct ipc_words *words, uint64_t *badge_ret,
			 uint64_t deadline);

/*
 * Replies to *rcvid by the words of `reply`, sets *rcvid to 0, and receives as endpoint_receive()
 * does, in one go: the caller runs at once if there is nothing to receive yet. With *rcvid 0 it only
 * receives. Returns -ESRCH as endpoint_reply() does, and nothing was received then.
 */
int64_t endpoint_reply_receive(struct file *receive, uint64_t *rcvid, const struct ipc_words *reply,
			       struct ipc_words *words, uint64_t *badge_ret, uint64_t deadline);

/*
 * Sends a pulse with these bits. If the one before it was not received yet, the bits are added to
 * it. Returns 0, -EINVAL, or -EPIPE if the receive end is closed. May be called by interrupt
 * handlers, with locks up to LOCK_DEVICE held.
 */
int endpoint_notify(struct file *send, uint64_t bits);

/*
 * Replies to a call. Returns 0, or -ESRCH if no call of that rcvid waits. With `hand_over` the
 * caller runs as soon as this thread sleeps.
 */
int endpoint_reply(struct file *receive, uint64_t rcvid, const struct ipc_words *words,
		   bool hand_over);

/* A received call that does not end meanwhile; `transfer` is what endpoint_call() was given. */
struct call_hold {
	struct endpoint *endpoint;
	struct call *call;
	struct transfer *transfer;
};

/*
 * Holds a received call. Returns 0 with preemption off, and the caller does not sleep before
 * endpoint_unhold(); or -ESRCH as endpoint_reply() does, or -EINVAL.
 */
int endpoint_hold(struct file *receive, uint64_t rcvid, struct call_hold *hold);

/* Is the file the receive end at which the call was received? */
bool endpoint_holds_end(const struct call_hold *hold, struct file *file);
void endpoint_unhold(const struct call_hold *hold);
