/* SPDX-License-Identifier: MIT */
/* Tells the runner what all threads wait for, when a run has taken too long. */
#ifndef USER_INIT_WAITS_H
#define USER_INIT_WAITS_H

/* Opens the port on which the runner asks. Returns its descriptor, or -ERRNO: some machines have none. */
int waits_open(void);

/*
 * Answers what has come: a line for each thread of each process but this one, as far as WAITS_MAX go, and an empty line.
 * A line has, with tabs between: pid, tid, state, what /proc/PID/syscall says, the file that the call's first argument
 * is the descriptor of, and the thread's name. Returns -1 if no more questions will come, else 0.
 */
int waits_answer(int port);

#define WAITS_MAX 256

#endif
