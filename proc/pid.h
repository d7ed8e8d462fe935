/* SPDX-License-Identifier: MIT */
/* The pid table and the tree of processes. */
#pragma once

#include "mm/phys/slab.h"
#include "proc/process.h"

/*
 * Guards the pids, the tree of parents and children, and the states of processes. It is held for
 * short times only, and precedes a process's signals lock and the run queues' locks in the lock
 * order.
 */
extern struct spinlock process_tree_lock;

/*
 * Creates a process with a pid but no thread; other processes cannot find it yet. Returns NULL on
 * failure, with *err_ret set to -ENOMEM or -EAGAIN. The caller sets its limits, all else is zero.
 */
struct process *process_alloc(int *err_ret);
/* A process that was never published, or has been reaped, is forgotten: its pid may be used again. Call with process_tree_lock held. */
void process_forget(struct process *process);
/* Frees a process that has been forgotten. */
void process_destroy(struct process *process);

/*
 * Others can find the new process from now on: wake it in the same hold of process_tree_lock, which the caller has. From
 * then on it may end, and be reaped, at any time.
 */
void process_publish(struct process *process);
/* Makes the child, which has no parent, the last child of `parent`. Call with process_tree_lock held. */
void process_adopt(struct process *parent, struct process *child);

/* Returns how many threads of processes have been created since boot. Call with process_tree_lock held. */
uint64_t process_births(void);

/* Returns the id that was given to a process or thread last. Call with process_tree_lock held. */
int pid_newest(void);

/* Returns how many processes there are, zombies included. */
unsigned process_total(void);

/* Returns the living or zombie process with that pid, or NULL. Call with process_tree_lock held. */
struct process *process_find(int pid);

/*
 * Returns the lowest number from `id` on and below `end` that is in use, as a pid or otherwise; or `end`.
 * Call with process_tree_lock held.
 */
int pid_next_used(int id, int end);

/*
 * Returns the thread of that id, of a living or zombie process, or NULL; a leader also when it has
 * ended. Call with process_tree_lock held.
 */
struct thread *thread_find(int tid);

/*
 * Takes an id for another thread of the process, and counts it. Returns the id; -EAGAIN if the process,
 * or all of them together, have too many threads.
 */
int thread_id_take(struct process *process);
/* Gives it back. The second one is called with process_tree_lock held. */
void thread_id_put(struct process *process, int tid);
void thread_id_put_locked(struct process *process, int tid);

/*
 * Others can find the thread, which is no leader, from now on; wake it in the same hold of process_tree_lock, which the caller
 * has.
 */
void thread_publish(struct thread *thread);
/*
 * Makes the thread the leader of its process. The former leader has ended, and there are no other threads; the caller frees the
 * former leader. Call with process_tree_lock held.
 */
void thread_lead(struct thread *thread);

/* Names one process for ever: a later one with the same pid is another. */
struct process_id {
	int pid;
	uint64_t birth;
};

/* Returns that process, alive or a zombie; NULL if it has been reaped. Call with process_tree_lock held. */
struct process *process_find_id(const struct process_id *id);

/*
 * Begin and end a use of an id by a group, a session or a terminal. No new process gets an id in
 * use as its pid. The id 0 is ignored. Call with process_tree_lock held.
 */
void pid_get(int id);
void pid_put(int id);

/*
 * All processes ordered by age, linked by process->all. Walk it only if no other thread can run
 * meanwhile. Guarded by process_tree_lock.
 */
extern struct list process_list;
extern struct slab_cache process_cache; /* all, and those that fork() is making */

/*
 * Calls `fn` for all processes in no particular order, for a few under each hold of the lock. Those
 * created meanwhile are visited too, at the end. None is visited twice. A process that `fn` remembers
 * may be gone when this returns. Call with process_tree_lock held; it is dropped in between.
 */
void process_visit_all(void (*fn)(struct process *process, void *arg), void *arg);

/* For `fn` after much work: the lock is dropped before the next visit. Call with process_tree_lock held. */
void process_visit_ends_piece(void);
/*
 * For `fn` or `visit`, with much work left: the lock is dropped, and the same process visited again. Call with
 * process_tree_lock held.
 */
void process_visit_again(void);

/* What is to follow the visit of a process. */
enum visit_next {
	VISIT_ON,
	VISIT_PAUSED,	    /* first the lock is to be dropped for a moment */
	VISIT_PAUSED_AGAIN, /* and then the same process is visited again */
};

/* For other walks than process_visit_all(). n: how many were visited since the last pause. Call with process_tree_lock held. */
enum visit_next process_visit_next(unsigned *n);

/* A preemption point: drops process_tree_lock, which the caller holds, for a moment. */
void process_tree_pause(void);
