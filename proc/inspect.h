/* SPDX-License-Identifier: MIT */
/* What programs may learn of other processes: their state, counters and mappings. */
#pragma once

#include "abi/faultline.h"
#include "proc/process.h"

/*
 * For all functions: pid 0 is the running process. They return -ESRCH if there is no such process
 * or, except inspect_process(), if it has left its address space. Call in a process with no
 * spinning lock held.
 */
int inspect_process(int pid, struct faultline_process *ret);

/* The same for the process with the lowest pid above `after`. Returns -ESRCH if there is none. */
int inspect_next_process(int after, struct faultline_process *ret);

/* Returns the space and the exe (NULL if it has none) with references, which the caller puts. */
int inspect_space(int pid, struct uspace **uspace_ret, struct exe **exe_ret);

/*
 * Stores up to n VMAs that end above `from`, in order. Returns how many. exe is what counts as the
 * process's image; it may be NULL.
 */
unsigned inspect_vmas(struct uspace *uspace, const struct exe *exe, vaddr_t from,
		      struct faultline_vma *ret, unsigned n);
