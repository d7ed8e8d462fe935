/* SPDX-License-Identifier: MIT */
/* The text of a process's files that are made of its facts. */
#pragma once

#include "abi/resource.h"
#include "linux/fs/proc/seq.h"
#include "linux/process/inspect.h"

/* What an address space has of objects, in bytes; all 0 without one. */
struct memory_kinds {
	uint64_t file, shared; /* resident: of files; of memory without a name */
	uint64_t text;	       /* mapped as executable */
};

/* Converts ticks of the timebase to hundredths of a second, in which /proc has times. */
unsigned long proc_user_ticks(uint64_t ticks);

/* Each appends the whole file. */
void proc_put_status(struct seq *seq, const struct process_facts *facts, const struct cred *cred,
		     const struct memory_kinds *kinds);
void proc_put_limits(struct seq *seq, const struct abi_rlimit64 *limits); /* RLIM_NLIMITS */
void proc_put_stat(struct seq *seq, const struct process_facts *facts);
void proc_put_statm(struct seq *seq, const struct process_facts *facts,
		    const struct memory_kinds *kinds);
