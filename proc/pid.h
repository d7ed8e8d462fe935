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
/*
 * Frees a process that was never published or has been reaped: it cannot be found any more, its pid may
 * be used again, and its memory is freed. The first step alone may come earlier, with
 * process_tree_lock held, and then the second one frees the memory.
 */
void process_free(struct process *process);
void process_forget_locked(struct process *process);
void process_destroy(struct process *process);

/*
 * Makes the new process a child that others can find, in its parent's group and session, and wakes
 * it. From then on it may end, and be reaped, at any time.
 */
void process_publish(struct process *parent, struct process *child);
/* Publishes the child without waking it. Hold process_tree_lock until its thread is woken. */
void process_publish_locked(struct process *parent, struct process *child);
/*
 * Publishes the process as a child of the sibling's present parent, in the sibling's group, without waking it. It
 * gets the sibling's exit signal. Call with process_tree_lock held.
 */
void process_publish_sibling_locked(struct process *sibling, struct process *child);

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
 * Returns the living or zombie process that has a thread of that id, for calls that Linux has for threads; or NULL.
 * Call with process_tree_lock held.
 */
struct process *process_find_any(int id);

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
 * Others can find the thread from now on; wake it in the same hold of process_tree_lock. Call with that
 * and the signals' lock held.
 */
void thread_publish(struct thread *thread);
/*
 * The running thread, which is not the last one of its process, has ended: it cannot be found any more,
 * unless it is the leader. Call with process_tree_lock held, and preemption off for good.
 */
void thread_forget(struct thread *thread);
/*
 * The running thread is the last one of its process: it cannot be found by its id any more, unless it is
 * the leader. The thread that reaps the process frees it. Call with process_tree_lock held.
 */
void thread_forget_last(struct thread *thread);
/*
 * The running thread, which is the only one left, becomes the leader. Returns the former one, which has
 * ended, for sched_wait_left() and thread_destroy(), or NULL if it is the leader.
 */
struct thread *thread_lead(void);

/* Names one process for ever: a later one with the same pid is another. */
struct process_id {
	int pid;
	uint64_t birth;
};

/* Returns that process, alive or a zombie; NULL if it has been reaped. Call with process_tree_lock held. */
struct process *process_find_id(const struct process_id *id);

/* Names one thread for ever, or whichever is the leader of a process. */
struct thread_id {
	struct process_id process;
	int tid;
	uint64_t birth; /* 0: the leader */
};

/* Returns the id of a thread. Call with process_tree_lock held. */
struct thread_id thread_id_of(const struct thread *thread);
/* Returns the thread of that id; NULL if it has ended, and for a leader if it has been reaped. */
struct thread *thread_find_id(const struct thread_id *id);
/*
 * Returns the oldest thread of the process whose id has that birth or a later one, or NULL. Looks at
 * PROCESS_THREADS_MAX at most. Call with process_tree_lock held.
 */
struct thread *thread_next(const struct process *process, uint64_t birth);

/*
 * Returns a list that contains the group's members among other processes, in the order in which
 * they joined it. Call with process_tree_lock held.
 */
struct list *process_group_bucket(int group);
#define for_each_group_member(process, id)                                 \
	list_for_each_entry(process, process_group_bucket(id), group_link) \
		if ((process)->group == (id))

/* Puts the process, whose group has just been set, among the members. */
void process_join_group(struct process *process);

/*
 * Visits the group's members in the order in which they joined it, a few under each hold of the
 * lock, until `visit` returns true; returns whether it has. Processes that join meanwhile are
 * visited too, at the end. A process that leaves and joins again meanwhile is visited again. Call
 * with process_tree_lock held; it is dropped in between.
 */
bool process_visit_group(int group, bool (*visit)(struct process *process, void *arg), void *arg);

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

/* A preemption point: drops process_tree_lock, which the caller holds, for a moment. */
void process_tree_pause(void);
