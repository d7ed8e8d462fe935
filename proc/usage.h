/* SPDX-License-Identifier: MIT */
/* What processes have used: times, faults, memory. */
#pragma once

#include "lib/types.h"

struct abi_rusage;
struct process;
struct space;

/* Of a process, or of all that it has waited for. Times in ticks of arch_time(). */
struct usage {
	uint64_t user_ticks, kernel_ticks;
	uint64_t minor_faults, major_faults;
	uint64_t nvcsw, nivcsw;
	uint64_t peak_pages; /* the most frames resident at once */
};

/* Adds counts; of the peaks the greater one stays. */
void usage_add(struct usage *to, const struct usage *from);

/* Adds what an address space that is about to go has counted. */
void usage_add_space(struct usage *to, struct space *space);

/* What the running process has used up to now. */
struct usage usage_current(void);

/* The times of another, ended or not; nothing else is told. => process_tree_lock held */
struct usage usage_times(const struct process *process);

/* As the ABI shows it. */
void usage_to_rusage(const struct usage *usage, struct abi_rusage *rusage);
