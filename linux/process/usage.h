/* SPDX-License-Identifier: MIT */
/* What processes have used: times, faults and memory. */
#pragma once

#include "lib/types.h"

struct abi_rusage;
struct process;
struct space;
struct thread;

/* What /proc/PID/io says beside struct usage. */
struct io_counts {
	uint64_t read_calls, read_bytes, write_calls, write_bytes; /* of any files */
	/* Of those that were dirtied, by any process: cut off before they were written. */
	uint64_t cancelled_bytes;
};

/* Of a process, or of all children that it has waited for. Times are in ticks of arch_time(). */
struct usage {
	uint64_t user_ticks, kernel_ticks;
	uint64_t minor_faults, major_faults;
	uint64_t nvcsw, nivcsw;
	uint64_t peak_pages; /* the most pages resident at once */
	/* That disks and servers of files had to be asked for, or that they are to get. */
	uint64_t fetched_bytes, dirtied_bytes;
};

/* Adds all counts. Of the peaks, the greater one is kept. */
void usage_add(struct usage *to, const struct usage *from);

/* Adds the counts of the space of a process, as far as they are its own. */
void usage_add_space(struct usage *to, const struct process *process, const struct space *space);
/* A process that is made shares its parent's memory: what that has counted is not the child's. */
void usage_borrow_space(struct process *process);

/* Stores what the running process has used up to now. */
void usage_current(struct usage *ret);

/*
 * Returns what a process has used, without the faults and the memory of its present image. Call with
 * process_tree_lock held.
 */
struct usage usage_times(const struct process *process);

/*
 * Stores all that a process has used, and the children that it has waited for: what a wait for it tells. Call with
 * process_tree_lock held.
 */
void usage_with_children(const struct process *process, struct usage *ret);

/* Returns the ticks of arch_time() that a process ran, or those in user mode. Call with process_tree_lock held. */
uint64_t usage_cpu_ticks(const struct process *process, bool user_only);
/* Adds all counts. */
void usage_add_io(struct io_counts *to, const struct io_counts *from);
/* A thread's; of struct usage only the bytes. */
void usage_add_thread_io(struct io_counts *io, struct usage *usage, const struct thread *thread);
/* Adds those of a process and of the children that it has waited for. Call with process_tree_lock held. */
void usage_add_process_io(struct io_counts *io, struct usage *usage, const struct process *process);
/* Adds a thread's times, switches and bytes. Call usage_add_thread_locked() with the lock of its process's signals held. */
void usage_add_thread(struct usage *to, struct thread *thread);
void usage_add_thread_locked(struct usage *to, struct thread *thread);

/*
 * The process becomes a zombie, and has no memory any more: its past_usage and past_io are all that it has used. Call with
 * process_tree_lock held.
 */
void usage_end(struct process *process);

/* Returns what the children that the running process has waited for have used. */
struct usage usage_children(void);

/* Converts usage to the ABI's form. */
void usage_to_rusage(const struct usage *usage, struct abi_rusage *rusage);
