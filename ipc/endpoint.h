/* SPDX-License-Identifier: MIT */
/* Endpoints: a caller waits until a receiver has taken its message and replied. */
#pragma once

#include "abi/ipc.h"
#include "fs/file.h"

struct endpoint;

/* What goes in registers. A struct, so that copying it is a few instructions and no call. */
struct ipc_words {
	uint64_t word[IPC_WORDS];
};

/* Creates an endpoint and the open file of its receive end. Returns NULL if memory runs out. */
struct file *endpoint_create(void);

/*
 * Creates the open file of a send end, whose calls carry the badge. `receive` is a receive end.
 * Returns 0, -EINVAL if it is not, or -ENOMEM.
 */
int endpoint_badge(struct file *receive, uint64_t badge, struct file **send_ret);

/*
 * In all of these, deadlines are ticks of arch_time(), UINT64_MAX for none and 0 for no wait. They
 * return a negative errno: -EINVAL if the file is not the end that is needed, -EINTR, -ETIMEDOUT.
 * Call with no spinning lock held.
 */

/*
 * Sends words and waits for the reply, which is stored there. Returns 0, or -EPIPE if the receive
 * end is closed. A signal ends the wait only until the message has been received; a kill and the
 * deadline always do, and the rcvid is not valid any more then.
 */
int endpoint_call(struct file *send, struct ipc_words *words, uint64_t deadline);

/* Waits for a call and takes it. Returns its rcvid, and the badge of its send end. */
int64_t endpoint_receive(struct file *receive, struct ipc_words *words, uint64_t *badge_ret,
			 uint64_t deadline);

/*
 * Replies to a call. Returns 0, or -ESRCH if no call of that rcvid waits. With `hand_over` the
 * caller runs as soon as this thread sleeps.
 */
int endpoint_reply(struct file *receive, uint64_t rcvid, const struct ipc_words *words,
		   bool hand_over);
