/* SPDX-License-Identifier: MIT */
/* Controlling terminals: which session a terminal belongs to, and its foreground process group. */
#pragma once

#include "lib/types.h"

struct ctty;
struct file;
struct process;

/* What kinds of terminals do. */
struct ctty_ops {
	/*
	 * Takes a reference to the terminal, unless it is going away. Returns whether it did. Called with process_tree_lock held. NULL: it
	 * never goes away.
	 */
	bool (*get)(struct ctty *terminal);
	/* `opened` of struct file_ops, for a file of /dev/tty. Takes over the reference. */
	int (*reopen)(struct ctty *terminal, struct file *file);
};

/* The job control state of a terminal. Starts as all zeros, but for what is const. */
struct ctty {
	/* const: */
	const struct ctty_ops *ops;
	uint32_t rdev; /* of its device file */
	/* guarded by process_tree_lock: */
	int session;	 /* whose controlling terminal it is; 0: none */
	int group;	 /* foreground group: gets the signals of ^C and others; 0: none */
	bool was_taken;	 /* a session has or had it */
	bool is_cut_off; /* no session gets it any more */
};

/*
 * TIOCSCTTY: makes the terminal the controlling terminal of the session that the running process
 * leads. With steal, even if it belongs to another session. Returns 0, -EPERM, or -EIO: it is cut off.
 */
int ctty_take(struct ctty *terminal, bool steal);

/* Returns the running process's controlling terminal, with a reference by ops->get; NULL: it has none. */
struct ctty *ctty_get_own(void);

/*
 * The terminal's other end is closed (it is a pseudo-terminal): it is no session's any more. The session's leader gets SIGHUP and
 * SIGCONT, and when the leader ends, the group that is in the foreground now.
 */
void ctty_cut_off(struct ctty *terminal);
/*
 * The terminal is no session's any more, and nobody is told: no program has it open. Then no process refers to it.
 * Call both with process_tree_lock held; it is dropped in between.
 */
void ctty_free(struct ctty *terminal);

/* Its group, or 0, and its session, or -ENOTTY, whosever terminal it is. */
int ctty_group_of(struct ctty *terminal);
int ctty_session_of(struct ctty *terminal);

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
