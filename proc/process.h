/* SPDX-License-Identifier: MIT */
/* A process: an address space, a place in the tree of processes, and its threads. */
#pragma once

#include "lib/list.h"
#include "proc/thread.h"
#include "proc/uspace.h"

struct exe;

#define PID_INIT	    1
#define PID_MAX		    32768 /* pids are below it */
#define PROCESS_COUNT_MAX   4096 /* processes at once, zombies included; else fork returns -EAGAIN */
#define PROCESS_THREADS_MAX 1024 /* threads of a process; else clone returns -EAGAIN */
#define THREAD_COUNT_MAX    8192 /* threads of all processes, without the first ones */

enum process_state {
	PROCESS_ALIVE,
	PROCESS_EXITING, /* is releasing its resources */
	PROCESS_ZOMBIE,	 /* waits to be reaped */
};

struct process {
	/* const: */
	int pid;

	/* changed only by the process itself, atomic: */
	bool drives; /* it has begun to drive a device; see driver_exit_hook of proc/exit.h */

	/*
	 * Guarded by process_tree_lock (proc/pid.h). The first two are changed with a lock of the layer held, too: read with
	 * either.
	 */
	struct list
		threads; /* those that have not ended, and the leader, in the order of their births */
	struct thread *leader;	/* its id is the pid; it stays on the list when it has ended */
	struct process *parent; /* NULL: process 1 */
	struct list children;	/* oldest first; linked by `sibling` */
	struct list sibling;
	struct list all; /* links process_list, ordered by age */
	uint64_t birth;	 /* serial number, in order of creation */
	struct list pid_link;
	uint8_t state;	 /* enum process_state */
	int status;	 /* as wait4 packs it; set when it begins to end */
	unsigned nextra; /* threads without the first one, with those that are being created */
	unsigned nlive;	 /* threads that may use the memory and the files; atomic */
	struct waitq
		child_waitq; /* woken when a child ends, or what the layer reports of one changes */

	/* changed only by the process itself; others read them only with process_tree_lock held: */
	struct uspace *uspace; /* NULL: it has left its memory */
	/* NULL: before the first exec. It is dropped without the lock, after `uspace` has become NULL: others look at that first. */
	struct exe *exe;

	/* atomic: */
	uint64_t nfds_max; /* its descriptors are below that */
	size_t kept;	   /* pages of kernel memory that go when it ends */
};

/* Creates the process's first thread, in state THREAD_NEW. Returns 0 or -ENOMEM. */
int process_add_leader(struct process *process);
/*
 * Creates another thread, in state THREAD_NEW, with an id but on no list. Returns NULL on failure, with
 * *err_ret set to -ENOMEM or -EAGAIN (too many). Give it to thread_publish() or thread_discard().
 */
struct thread *process_create_thread(struct process *process, int *err_ret);
/*
 * Frees the threads of a process that cannot be found. They never ran, or are about to leave their harts:
 * this waits until they have. Call with no lock held.
 */
void process_drop_threads(struct process *process);

/* Not list_for_each_entry(): it would take the head for a struct thread, which is aligned more strictly. */
#define for_each_thread(pos, process)                                        \
	for (struct list *node_ = (process)->threads.next;                   \
	     node_ != &(process)->threads &&                                 \
	     ((pos) = list_entry(node_, struct thread, process_link), true); \
	     node_ = node_->next)

/* Does any of its threads run, or is ready to? Call with process_tree_lock held. */
bool process_runs(const struct process *process);

/* The running process; NULL in a kernel thread. */
static inline struct process *current_process(void)
{
	return current_thread()->process;
}

/* Has its memory a device, or had it one? Call with process_tree_lock held. */
static inline bool process_has_device(const struct process *process)
{
	return process->uspace && atomic_load(&process->uspace->has_device);
}

/* The running process's address space. Call in a process. */
static inline struct space *current_space(void)
{
	return &current_process()->uspace->space;
}

/* The descriptors of the running process are below that. A kernel thread has no limit. */
uint64_t process_nfds_max(void);

/* Has processes be as large as the layer says. Called once, before the first is created. */
void process_init(void);

/* Returns process 1. Call only after it was created. */
struct process *process_init_get(void);
