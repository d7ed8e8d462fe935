/* SPDX-License-Identifier: MIT */
/* Controlling terminals: the session that has one, and the group in its foreground. */
#pragma once

#include "lib/types.h"

struct process;

/* Of one terminal; zeroed at first. */
struct ctty {
	/* guarded by process_tree_lock: */
	int session; /* whose controlling terminal it is; 0: nobody's */
	int group;   /* in the foreground: gets what ^C sends, and may read; 0: none */
};

/*
 * TIOCSCTTY: it becomes the terminal of the session that the running process leads. steal: even if
 * it is another session's. 0 or -EPERM.
 */
int ctty_take(struct ctty *terminal, bool steal);

/* It is the running process's controlling terminal. */
bool ctty_is_own(struct ctty *terminal);

/* TIOCNOTTY: the process (a leader: its session) has no terminal any more. 0 or -ENOTTY. */
int ctty_leave(struct ctty *terminal);

/* TIOCGPGRP and TIOCGSID: 0 or -ENOTTY (it is not the caller's). */
int ctty_group(struct ctty *terminal, int *group_ret);
int ctty_session(struct ctty *terminal, int *session_ret);

/* TIOCSPGRP: 0, -EINVAL, -ENOTTY, -EPERM (a group of another session), -ESRCH. */
int ctty_set_group(struct ctty *terminal, int group);

/*
 * May the running process read (sig: SIGTTIN) or change (SIGTTOU) the terminal? 0, or where it is
 * its own, and in the foreground is another group: -EINTR, the group has been sent sig and the call
 * is to be made again; -EIO, nobody could let it go on. Who holds SIGTTOU back may change it. With
 * TOSTOP a write is a change.
 */
int ctty_check(struct ctty *terminal, int sig);

/* ^C and its kin. => not in an interrupt handler */
void ctty_signal(struct ctty *terminal, int sig);

/* A process ends: if it leads a session, that has no terminal any more. => process_tree_lock held */
void ctty_leader_ends(struct process *process);
