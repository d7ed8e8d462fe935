/* SPDX-License-Identifier: MIT */
/* Controlling terminals: which session a terminal belongs to, and its foreground process group. */
#pragma once

#include "lib/types.h"

struct process;

/* The job control state of a terminal. Starts as all zeros. */
struct ctty {
	/* guarded by process_tree_lock: */
	int session; /* whose controlling terminal it is; 0: none */
	int group;   /* foreground group: gets the signals of ^C and others; 0: none */
};

/*
 * TIOCSCTTY: makes the terminal the controlling terminal of the session that the running process
 * leads. With steal, even if it belongs to another session. Returns 0 or -EPERM.
 */
int ctty_take(struct ctty *terminal, bool steal);

/* Whether it is the running process's controlling terminal. */
bool ctty_is_own(struct ctty *terminal);

/* vhangup(2): the session of the running process loses its terminal, as if its leader had ended. Returns 0 or -EPERM. */
int ctty_hang_up_own(void);

/*
 * TIOCNOTTY: the running process, or its whole session if it leads that, gives up its terminal.
 * Returns 0 or -ENOTTY.
 */
int ctty_leave(struct ctty *terminal);

/* TIOCGPGRP and TIOCGSID. Return 0, or -ENOTTY if it is not the caller's controlling terminal. */
int ctty_group(struct ctty *terminal, int *group_ret);
int ctty_session(struct ctty *terminal, int *session_ret);

/* TIOCSPGRP. Returns 0, -EINVAL, -ENOTTY, -EPERM (a group of another session) or -ESRCH. */
int ctty_set_group(struct ctty *terminal, int group);

/*
 * Whether the running process may read the terminal (sig is SIGTTIN) or change it (sig is SIGTTOU).
 * A write to a terminal with TOSTOP is a change. Returns 0 if it may, or if it is not the process's
 * controlling terminal. If another group is in the foreground, returns -EINTR: the group was sent
 * sig, and the call will be restarted. Returns -EIO if the group is orphaned, because then no
 * process could continue it. A process that blocks or ignores SIGTTIN gets -EIO, too; one that
 * blocks or ignores SIGTTOU may change the terminal.
 */
int ctty_check(struct ctty *terminal, int sig);

/* Sends a signal, as for ^C, to the foreground group. Do not call in an interrupt handler. */
void ctty_signal(struct ctty *terminal, int sig);

/* A session leader that ends gives up the session's terminal. Call with process_tree_lock held. */
void ctty_leader_ends(struct process *process);
