/* SPDX-License-Identifier: MIT */
/* Process groups and sessions: who belongs together. */
#pragma once

#include "lib/types.h"

struct process;

/* setpgid(2): 0, -EACCES (a child after its exec), -EINVAL, -EPERM, -ESRCH. */
int pgrp_set(int pid, int group);

/* getpgid(2), getsid(2); pid 0: the running process. The id or -ESRCH. */
int pgrp_of(int pid);
int session_of(int pid);

/* The group of the running process. */
int pgrp_own(void);

/* setsid(2): the new session's id; -EPERM: the process leads a group or session already. */
int session_create(void);

/*
 * No member has a parent in the same session and another group: nobody could let it go on after a
 * stop. => process_tree_lock held
 */
bool pgrp_is_orphaned(int group);

/* Counts its tie to its group, or no more: its parent or its state has changed. => process_tree_lock held */
void pgrp_update_tie(struct process *process);

/*
 * A group that becomes orphaned and has a member that is stopped gets SIGHUP and SIGCONT: by the end of a member, or of
 * a member's parent, in whose place is another one already. => process_tree_lock held
 */
void pgrp_member_ends(struct process *process);
void pgrp_parent_gone(struct process *child);
