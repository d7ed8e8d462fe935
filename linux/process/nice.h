/* SPDX-License-Identifier: MIT */
/* Nice values of threads that a call names. */
#pragma once

#include "lib/types.h"

struct thread;

/* What a nice value applies to: one thread, the threads of a group, or those of a real user. */
enum priority_of { PRIORITY_OF_THREAD, PRIORITY_OF_GROUP, PRIORITY_OF_USER };

/* May the running thread give that thread the nice value? It may always make it greater. */
bool can_nice(const struct thread *thread, int nice);

/*
 * Sets the nice value, which is brought within its limits. id 0 is the caller's. Returns 0; -ESRCH; -EPERM: a thread
 * belongs to another user; -EACCES: a value is below the thread's, and not permitted.
 */
int priority_set_nice(enum priority_of of, int id, int nice);
/* Returns the lowest of the nice values in *nice_ret. 0 or -ESRCH. */
int priority_get_nice(enum priority_of of, int id, int *nice_ret);
