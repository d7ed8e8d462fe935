/* SPDX-License-Identifier: MIT */
/* The text of a process's files that are made of its facts. */
#pragma once

#include "abi/resource.h"
#include "linux/fs/proc/seq.h"
#include "linux/process/inspect.h"

/* Converts ticks of the timebase to hundredths of a second, in which /proc has times. */
unsigned long proc_user_ticks(uint64_t ticks);

/* Each appends the whole file. */
void proc_put_status(struct seq *seq, const struct process_facts *facts, const struct cred *cred);
void proc_put_limits(struct seq *seq, const struct abi_rlimit64 *limits); /* RLIM_NLIMITS */
void proc_put_stat(struct seq *seq, const struct process_facts *facts);
void proc_put_statm(struct seq *seq, const struct process_facts *facts);
