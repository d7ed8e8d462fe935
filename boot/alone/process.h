/* SPDX-License-Identifier: MIT */
/* The beginning and the end of threads and processes without a layer: clone, exec, exit and wait, in their smallest form. */
#pragma once

#include "abi/wait.h"
#include "lib/types.h"

struct exec_args;
struct object;
struct process;
struct thread;
struct trap_frame;

/* What a process ends with, as wait4 packs it, whose access or instruction was refused (a shell says 139), or that was killed. */
#define STATUS_REFUSED 11
#define STATUS_KILLED  9

/* Makes process 1, which runs the program of that name in the archive. Returns 0 or -ENOMEM; what else is wrong ends the machine. */
int process_begin_first(const char *path);

/* clone: a thread of the process, or a copy of it. */
long clone_alone(const struct trap_frame *frame);

/* The running thread gets another program, whose strings these are. Returns 0, or a negative errno and has the old one. */
int process_exec(struct object *object, const char *path, struct exec_args *args);

/*
 * Ends the running thread, and with it the process if it is the last one; `all`: all its threads. The status is that of the last
 * one to end, or of the first that ends all.
 */
void process_end(int status, bool all) __attribute__((noreturn));

/*
 * The process is to end with that status: its threads do so on their way to user mode, and wait no more. Call with
 * process_tree_lock held.
 */
void process_ask_to_end(struct process *process, int status);

/* The thread is to end on its way to user mode. Call with process_tree_lock held. */
void thread_ask_to_end(struct thread *thread);

/* wait4 for a child, or any with WAIT_ANY. options: WNOHANG. Returns its pid and the status, 0, -ECHILD or -EINTR. */
#define WAIT_ANY (-1)
long children_wait(int pid, unsigned options, int *status_ret);
