/* SPDX-License-Identifier: MIT */
/* The limits of processes (RLIMIT_*). */
#pragma once

#include "abi/resource.h"
#include "lib/types.h"

struct process;
struct space;

#define STACK_DEFAULT \
	(8ul << 20) /* RLIMIT_STACK of process 1, and the most of a program that acts for others */
#define NOFILE_DEFAULT 4096	  /* RLIMIT_NOFILE of process 1 */
#define NOFILE_MAX     (1u << 20) /* the most that it can be */

/* Returns the current soft limit of a resource. */
uint64_t process_limit(struct process *process, unsigned resource);
/* Returns the soft limit of the running process; RLIM_INFINITY in a kernel thread. */
uint64_t process_own_limit(unsigned resource);

/* Gets both limits of a resource. */
void process_get_limit(struct process *process, unsigned resource, struct abi_rlimit64 *ret);
/*
 * Replaces both limits of a resource, for the code that enforces them, too; *old_ret: what they were. Returns 0; -EPERM
 * if the maximum is raised, and may not be. Call with process_tree_lock held.
 */
int process_set_limit(struct process *process, unsigned resource, const struct abi_rlimit64 *new,
		      bool may_raise, struct abi_rlimit64 *old_ret);
/* Lowers the soft limit of the stack to so many bytes, if it is higher; the running space is not told. Call with process_tree_lock held. */
void process_limit_stack(struct process *process, uint64_t bytes);
/* Gives a child that is made its parent's limits. */
void process_inherit_limits(struct process *parent, struct process *child);
/* Call when all of them were stored in a process that is made: stores the copies that others look at. */
void process_limits_are_set(struct process *process);
/* Stores the limits of the process in a space that is to be its own, where faults look for them. */
void process_copy_limits(struct process *process, struct space *space);

/* Another process is about to use the running process's space, with limits of its own. */
void process_lend_space(struct process *process);
