/* SPDX-License-Identifier: MIT */
/* Jobs: process groups, sessions, and whose a terminal is. */
#pragma once

#include "lib/types.h"

struct process;

/* ---- proc/job.c: groups and sessions ---- */

/* setpgid(2): 0, -EACCES (a child after its exec), -EINVAL, -EPERM, -ESRCH. */
int job_set_group(int pid, int group);

/* getpgid(2), getsid(2); pid 0: the running process. The id or -ESRCH. */
int job_group_of(int pid);
int job_session_of(int pid);

/* The group of the running process. */
int job_own_group(void);

/* setsid(2): the new session's id; -EPERM: the process leads a group or session already. */
int job_new_session(void);

/*
 * No member has a parent in the same session and another group: nobody could let it go on after a
 * stop. => family lock held
 */
bool job_is_orphaned(int group);

/* Counts its tie to its group, or no more: its parent or its state has changed. => family lock held */
void job_tie(struct process *process);

/*
 * A group that becomes orphaned and has a member that is stopped gets SIGHUP and SIGCONT: by the end of a member, or of
 * a member's parent, in whose place is another one already. => family lock held
 */
void job_member_ends(struct process *process);
void job_parent_gone(struct process *child);

/* ---- proc/job_terminal.c: the controlling terminal ---- */

/* Of one terminal; zeroed at first. */
struct job_terminal {
	/* guarded by the family lock: */
	int session; /* whose controlling terminal it is; 0: nobody's */
	int group;   /* in the foreground: gets what ^C sends, and may read; 0: none */
};

/*
 * TIOCSCTTY: it becomes the terminal of the session that the running process leads. steal: even if
 * it is another session's. 0 or -EPERM.
 */
int job_terminal_take(struct job_terminal *terminal, bool steal);

/* It is the running process's controlling terminal. */
bool job_terminal_is_own(struct job_terminal *terminal);

/* TIOCNOTTY: the process (a leader: its session) has no terminal any more. 0 or -ENOTTY. */
int job_terminal_leave(struct job_terminal *terminal);

/* TIOCGPGRP and TIOCGSID: 0 or -ENOTTY (it is not the caller's). */
int job_terminal_group(struct job_terminal *terminal, int *group_ret);
int job_terminal_session(struct job_terminal *terminal, int *session_ret);

/* TIOCSPGRP: 0, -EINVAL, -ENOTTY, -EPERM (a group of another session), -ESRCH. */
int job_terminal_set_group(struct job_terminal *terminal, int group);

/*
 * May the running process read (sig: SIGTTIN) or change (SIGTTOU) the terminal? 0, or where it is
 * its own, and in the foreground is another group: -EINTR, the group has been sent sig and the call
 * is to be made again; -EIO, nobody could let it go on. Who holds SIGTTOU back may change it. With
 * TOSTOP a write is a change.
 */
int job_terminal_check(struct job_terminal *terminal, int sig);

/* ^C and its kin. => not in an interrupt handler */
void job_terminal_signal(struct job_terminal *terminal, int sig);

/* A process ends: if it leads a session, that has no terminal any more. => family lock held */
void job_leader_ends(struct process *process);
