/* SPDX-License-Identifier: MIT */
/* Open files in flight: they were sent with a message that nobody has received yet. */
#pragma once

#include "desc/user_iter.h"
#include "lib/list.h"
#include "lib/refcount.h"

struct file;
struct in_flight;

/*
 * Where files in flight wait. The `data` of an open file with ops->has_mailbox begins with one. A file that is in flight itself, and
 * open nowhere, keeps what waits at it, which may be the same file: such a ring is closed by a sweep.
 */
struct mailbox {
	/* guarded by in_flight_lock: */
	struct mailbox *
		outer; /* that of the file at which this one's waits to be received or accepted; NULL: none */
	uint32_t nflying; /* references to its file that are in flight */
	bool is_reached;  /* by a sweep */
	bool is_lost; /* a sweep closes its file, which is in a ring; stays, so whoever releases the file may look without the lock */
	struct in_flight *here; /* during a sweep: what waits here */
};

/* The files of one message. */
struct in_flight {
	struct refcount refs;
	uint32_t
		n; /* of the files that are not closed; private to who makes them, and then to who closes them */
	uint32_t room; /* const */
	/* const, set before they are sent: */
	uint32_t counted; /* how many there were */
	void (*landed)(
		void *owner,
		uint32_t n); /* who sent them has so many fewer in flight; NULL: nobody counts */
	void *owner;
	/* guarded by in_flight_lock: */
	struct list link; /* on the list of all, if `at` is there */
	struct mailbox *at;
	struct in_flight *next; /* of a sweep's list, or a closer's */
	/* private to who empties a pipe: */
	struct in_flight *behind;
	struct file *file[];
};

/* What goes with bytes in a pipe. It is guarded by the pipe's lock, or private to who sends or receives it. */
struct attached {
	struct in_flight *files; /* with a reference; NULL: none */
	uint32_t writer[3]; /* who has written them, as the layer puts it; first a 0: unknown */
};

/*
 * Bytes that are written with something attached, or a read that meets such. With RWF_MESSAGE in iter.rwf, and only then, a
 * struct user_iter is the first part of one.
 */
struct message {
	struct user_iter iter;
	struct attached attached; /* of a read: that of the first bytes that have any */
	bool is_met;		  /* a read has met something attached */
	bool apart;		  /* a read ends where the writer changes */
};

/* The message that a transfer is of, or NULL. */
static inline struct message *message_of(struct user_iter *iter)
{
	return iter->rwf & RWF_MESSAGE ? container_of(iter, struct message, iter) : NULL;
}

/* Called once, before any file is sent. */
void in_flight_init(void);

/*
 * Creates room for n files; the caller puts them there, with references, and counts them in `n`. Returns NULL without memory. Now and
 * then, closes the rings: call as in_flight_put().
 */
struct in_flight *in_flight_create(uint32_t n);

/* They wait at `at` from now on. Call with no spinning lock held. */
void in_flight_send(struct in_flight *files, struct mailbox *at);

/* The file of `box` waits at that of `outer` from now on, which stays allocated meanwhile. NULL: it does not wait. */
void in_flight_wait_at(struct mailbox *box, struct mailbox *outer);

/* They wait nowhere any more, but are not closed. */
void in_flight_land(struct in_flight *files);

void in_flight_get(struct in_flight *files);
/* The last reference closes those that were not closed. NULL is allowed. Call as file_put(), with no lock of a pipe held. */
void in_flight_put(struct in_flight *files);
/* Puts one after the other of a list by `behind`. */
void in_flight_put_list(struct in_flight *files);

/* An open file with a mailbox has ended: now and then, closes the rings. Call as in_flight_put(). */
void in_flight_file_ended(void);
/* Closes those files that are open nowhere and cannot be received any more. */
void in_flight_sweep(void);

/* For the ledger: finds the files that are in flight. */
void in_flight_find_held(void);
