/* SPDX-License-Identifier: MIT */
/* 9P messages on their way through hostfs: what is changed in them, and what is checked. */
#pragma once

#include "hostfs_queue.h"
#include "lib/p9/p9.h"

/* The largest message either way: 32 pages of data, and the bytes before them. */
#define RELAY_MSIZE (33u * 4096u)

/*
 * Only three kinds of requests may be longer than this, and their replies are short: Twrite, Twalk
 * and Tsymlink. So a request and its reply do not need the largest size both.
 */
#define RELAY_SHORT 2048u

/*
 * The requests that the device has. The client chooses a tag for each of its requests; the device
 * gets the number of the request in this table instead, so that no two are alike.
 */
struct relay {
	bool setid;	/* the client may set set-user-ID and set-group-ID bits */
	bool exclusive; /* nobody else changes the files: the client may keep names and attributes */
	struct {
		bool used;
		uint8_t type; /* of the message */
		uint16_t tag; /* the client's */
		uint16_t sent_tag;
	} request[QUEUE_REQUESTS_MAX];
};

/*
 * Takes the client's message of n bytes at `message`, n at most RELAY_MSIZE, as request `number`,
 * which is free. Changes its tags to ours, sizes to such as we have room for, and modes to such as the
 * client may set. Returns
 *   0	 it may be sent
 *   1	 it needs not be sent: `message` is the reply, of P9_HEADER_BYTES; the number stays free
 *   -EIO	 it is no message, or too long for its kind
 */
int relay_request(struct relay *relay, unsigned number, uint8_t *message, size_t n);

/*
 * Takes the reply of n bytes to request `number`, which is free then, and changes its tag to the
 * client's. Returns the size of the message; 0 if the client has withdrawn the request and no reply
 * follows; or -EIO if the bytes are no reply to this request.
 */
ssize_t relay_reply(struct relay *relay, unsigned number, uint8_t *message, size_t n);

/*
 * Writes the reply to the last message of that number, which says that there was an error, to
 * `message`. Returns its size.
 */
size_t relay_error(const struct relay *relay, unsigned number, uint8_t *message, int err);
