/* SPDX-License-Identifier: MIT */
/* What others may know of a process: its counters, its mappings, a walk of its tables. */
#pragma once

#include "abi/faultline.h"
#include "proc/process.h"

/*
 * All: pid 0 is the running process; -ESRCH: there is none, or (but for inspect_process()) it has no
 * address space any more. => in a process; no spinning lock held
 */
int inspect_process(int pid, struct faultline_process *ret);

/* The one with the least pid above `after`. -ESRCH: none. */
int inspect_next_process(int after, struct faultline_process *ret);

/* An address space of the process, referenced: for uspace_put(). */
int inspect_space(int pid, struct uspace **uspace_ret, struct exe **exe_ret);

/*
 * Up to n VMAs of the space that end above `from`, in order: how many. exe: what counts as its
 * image; NULL.
 */
unsigned inspect_vmas(struct uspace *uspace, const struct exe *exe, vaddr_t from,
		      struct faultline_vma *ret, unsigned n);
