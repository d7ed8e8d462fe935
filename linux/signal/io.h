/* SPDX-License-Identifier: MIT */
/* SIGIO: the owner of an open file, which gets a signal when something has happened to the file. */
#pragma once

#include "proc/pid.h"
#include "linux/process/thread_id.h"

enum signal_owner_kind {
	SIGNAL_OWNER_THREAD,
	SIGNAL_OWNER_PROCESS,
	SIGNAL_OWNER_GROUP,
};

/*
 * The owner of an open file. It names a thread, a process or a group for ever: a later one of the same number is another,
 * and gets nothing. All zeros: no owner.
 */
struct ctty;
struct signal_owner {
	enum signal_owner_kind kind;
	uint32_t uid, euid;   /* of who has set it, by which the signal is permitted */
	struct thread_id id;  /* tid is the number, also that of a group; 0: no owner */
	uint32_t group_birth; /* of a group; see struct signals */
};

/*
 * Makes what has that number the owner, on behalf of the running thread. 0: no owner. As on Linux, any number that is in use
 * is accepted. Returns 0 or -ESRCH.
 */
int signal_owner_set(struct signal_owner *owner, enum signal_owner_kind kind, int id);
/* Makes the foreground group of a terminal the owner, or if it has none the running process. */
void signal_owner_set_foreground(struct signal_owner *owner, const struct ctty *terminal);

/* Returns the owner's number; 0 if there is none, or none any more. */
int signal_owner_id(const struct signal_owner *owner);

/*
 * Sends the signal to the owner, if the one that has set it may. sig 0: SIGIO without an info. Otherwise, SIGIO also comes
 * if there is no room for the info. reason is POLL_*. Call with no spinning lock held.
 */
void signal_owner_send(const struct signal_owner *owner, int sig, int fd, int reason);
