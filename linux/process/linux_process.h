/* SPDX-License-Identifier: MIT */
/* What Linux adds to a process: signals, limits, groups, usage; and how such a process begins, and is forgotten. */
#pragma once

#include "abi/resource.h"
#include "lib/bits.h"
#include "linux/process/children.h"
#include "linux/process/usage.h"
#include "linux/signal/signal.h"
#include "linux/time/cpu_clock.h"
#include "linux/time/ptimer.h"
#include "proc/process.h"

struct ctty;
struct end_watch;
struct sem_undo_list;
struct tracer;

struct linux_process {
	struct process process; /* first: it begins there; guarded as struct process says */

	/* guarded by process_tree_lock: */
	struct children children;
	struct child child;    /* its place among its parent's children */
	uint64_t parent_image; /* the serial of the parent's memory when it chose exit_signal */
	struct list group_link;
	uint64_t joined;       /* serial number of the last change of its group */
	int group;	       /* process group; 0 for process 1, as on Linux */
	int session;	       /* it is the session leader if this is its pid */
	struct ctty *terminal; /* the session's controlling terminal; NULL: none */
	bool in_jobc;	       /* counted for its group; see pgrp_update_jobc() */
	bool has_execed;       /* since its creation */
	bool subreaper; /* adopts orphans below it, as process 1 does: PR_SET_CHILD_SUBREAPER */
	bool end_withheld; /* a zombie that its parent does not know yet: its tracer is notified first */
	uint8_t exit_signal; /* sent to the parent when this process ends; 0: none; see end_signal() */
	uint8_t death_signal;	/* sent to this process when its parent ends; 0: none */
	uint16_t gains_by_exec; /* execs under way that give more rights */
	uint16_t nkept; /* its threads that have ended, and that a tracer has to wait for yet */
	/* For the choice of linux/process/oom.c, in thousandths of memory, and how low a process without privileges may set it; atomic. */
	int16_t oom_score_adj, oom_score_adj_min;
	bool oom_server; /* process 1 has set the value: the lowest makes it a server; not inherited; atomic */
	struct tracer *tracer;	     /* linux/ptrace/ptrace.h; NULL: it has traced no process */
	struct end_watch *end_watch; /* of its pidfds; NULL: there are none */
	struct usage children_usage; /* of the children that it has waited for */
	/* The next two are changed with the signals' lock held too while there are several threads: read with either. */
	struct usage
		past_usage; /* of ended threads, and faults and memory of earlier images; of a zombie all */
	struct io_counts
		past_io; /* of ended threads, and of the children that it has waited for; of a zombie all */
	struct cpu_clock cpu_clock;

	/* Guarded by the mutex of sem_ids; NULL: there is nothing to undo. Atomic for a look whether it is. */
	struct sem_undo_list *sem_undo;

	/* changed only by the process itself; others read them only with process_tree_lock held: */
	uint64_t borrowed_minor,
		borrowed_major; /* faults that it had taken before this process was made */
	bool borrows_space; /* the memory is that of the process that cloned it, with CLONE_VM; before exec */

	/* private to the process: */
	bool no_new_privs; /* exec gives no ids of a file's owner; atomic: any thread may set it */
	bool futexes_marked; /* it is ending, and has marked its robust futexes; atomic, others read it, too */

	/* Guarded by process_tree_lock. Of a session's leader: what was in the foreground when its terminal went; 0: none. */
	int old_group;

	uint64_t start_tick; /* const once it runs */

	struct signals signals; /* has its own lock */

	struct cpu_alarm cpu_limit; /* linux/time/cpu_limit.h */

	struct spinlock limits_lock;
	struct ptimers
		timers; /* its end, and what follows, is not zeroed by linux_process_alloc() */
	/* guarded by limits_lock: */
	struct abi_rlimit64 rlimits[RLIM_NLIMITS]; /* see linux/process/limits.h */
};

/* What Linux adds to a process; all have it. */
#define linux_process(process_) container_of(process_, struct linux_process, process)

/* As current_process(), which is not NULL. */
static inline struct linux_process *current_linux_process(void)
{
	return linux_process(current_process());
}

/*
 * Creates a process with a pid but no thread; other processes cannot find it yet. Returns NULL on failure, with *err_ret set to
 * -ENOMEM or -EAGAIN. The caller sets its limits, all else is zero.
 */
struct process *linux_process_alloc(int *err_ret);
/* Creates its first thread, in state THREAD_NEW. Returns 0 or -ENOMEM. */
int linux_process_add_leader(struct process *process);
/*
 * Frees a process that was never published or has been reaped: it cannot be found any more, its pid may be used again, and its
 * memory is freed. The first step alone may come earlier, with process_tree_lock held, and then process_destroy() frees the
 * memory.
 */
void linux_process_free(struct process *process);
void linux_process_forget(struct process *process);
/* Frees what it has of Linux's: a hook of base/os_layer.def. */
void linux_process_freed(struct process *process);

/* Makes the new process a child that others can find, in its parent's group and session, and wakes it. parent NULL: process 1. */
void linux_process_publish(struct process *parent, struct process *child);
/* Publishes the child without waking it. Hold process_tree_lock until its thread is woken. */
void linux_process_publish_locked(struct process *parent, struct process *child);
/*
 * Publishes the process as a child of the sibling's present parent, in the sibling's group, without waking it. It gets the
 * sibling's exit signal. Call with process_tree_lock held.
 */
void linux_process_publish_sibling(struct process *sibling, struct process *child);

/* As thread_publish(), with the signals' lock held, too. */
void task_publish(struct thread *thread);
/*
 * The running thread, which is not the last one of its process, has ended: it cannot be found any more, unless it is the leader.
 * Call with process_tree_lock held, and preemption off for good.
 */
void task_forget(struct thread *thread);
/*
 * The running thread is the last one of its process: it cannot be found by its id any more, unless it is the leader. The thread
 * that reaps the process frees it. Call with process_tree_lock held.
 */
void task_forget_last(struct thread *thread);
/*
 * The running thread, which is the only one left, becomes the leader. Returns the former one, which has ended, for
 * sched_wait_left() and thread_destroy(); NULL if it is the leader.
 */
struct thread *task_lead(void);
