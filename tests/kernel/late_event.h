/* SPDX-License-Identifier: MIT */
/* An event that happens in the midst of a poll, at each interleaving point in turn (hardened build). */
#pragma once

#include "lib/types.h"

struct file;

struct late_event {
	struct file *(*begin)(void); /* a file of which `asked` is not true, or NULL */
	void (*happen)(void); /* makes it true. Takes no lock that a poll holds while it waits */
	void (*end)(void);
	int16_t asked; /* POLL* */
};

/*
 * Looks at the file as a poll that is going to wait does, once for each point: the event is seen, or
 * it wakes the poller.
 */
void late_event_expect(const struct late_event *event);

/*
 * Calls happen() in the running thread where that thread passes the n-th point (from 0) from now on,
 * with interrupts on and no spinning lock held. Before late_event_disarm().
 */
void late_event_arm(unsigned n, void (*happen)(void));

/* Returns whether it has happened. */
bool late_event_disarm(void);

/*
 * For a process that waits for the event by a system call. It arms the event, waits, and sets `is_over`. Calls it once for each
 * point: it exits with 0 when the event has happened, and with EINTR when it is killed.
 */
struct late_wait {
	int (*wait)(void *arg); /* arg: this struct */
	/* set by late_wait_expect(): */
	unsigned point;
	bool is_over;
};

void late_wait_expect(struct late_wait *wait);
