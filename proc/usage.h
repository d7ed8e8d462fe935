/* SPDX-License-Identifier: MIT */
/* What processes have used: times, faults and memory. */
#pragma once

#include "lib/types.h"

struct abi_rusage;
struct process;
struct space;
struct thread;

/* Of a process, or of all children that it has waited for. Times are in ticks of arch_time(). */
struct usage {
	uint64_t user_ticks, kernel_ticks;
	uint64_t minor_faults, major_faults;
	uint64_t nvcsw, nivcsw;
	uint64_t peak_pages; /* the most pages resident at once */
};

/* Adds all counts. Of the peaks, the greater one is kept. */
void usage_add(struct usage *to, const struct usage *from);

/* Adds the counts of an address space. */
void usage_add_space(struct usage *to, struct space *space);

/* Returns what the running process has used up to now. */
struct usage usage_current(void);

/* Returns any process's times and switches. The rest is 0 unless it has ended. process_tree_lock is held. */
struct usage usage_times(const struct process *process);

/* Returns a thread's times and switches; the rest is 0. */
struct usage usage_of_thread(const struct thread *thread);
/*
 * Returns those of all threads of a process, with the ones that have ended. Call with
 * process_tree_lock or the signals' lock held.
 */
struct usage usage_of_threads(const struct process *process);

/* Converts usage to the ABI's form. */
void usage_to_rusage(const struct usage *usage, struct abi_rusage *rusage);
