/* SPDX-License-Identifier: MIT */
/* Stopping and going on. */
#pragma once

#include "lib/types.h"

struct process;

/*
 * The running process stops by the signal that its signals.stopping names, until SIGCONT or a kill;
 * the parent is told of both. Nothing happens where SIGCONT came in between, or where the signal is
 * not SIGSTOP and nobody is left who could let the process go on (its group is orphaned).
 * => no lock held
 */
void process_stop(void);

/*
 * The news that wait4 may tell of a child that has not ended: a status, -1: none (as of one that is
 * on its way to its end). take: they are told now. => process_tree_lock held
 */
int child_stop_event(struct process *child, unsigned options, bool take);
