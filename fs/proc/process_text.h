/* SPDX-License-Identifier: MIT */
/* The text of a process's files that are made of its facts. */
#pragma once

#include "fs/proc/seq.h"
#include "proc/inspect.h"

/* Converts ticks of the timebase to hundredths of a second, in which /proc has times. */
unsigned long proc_user_ticks(uint64_t ticks);

/* Each appends the whole file. locked_bytes is what inspect_locked_bytes() counts. */
void proc_put_status(struct seq *seq, const struct process_facts *facts, const struct cred *cred,
		     uint64_t locked_bytes);
void proc_put_stat(struct seq *seq, const struct process_facts *facts);
void proc_put_statm(struct seq *seq, const struct process_facts *facts);
