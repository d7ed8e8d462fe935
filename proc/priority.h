/* SPDX-License-Identifier: MIT */
/* Nice values of threads, of processes and of groups: kept and reported, while the scheduler is round robin. */
#pragma once

#include "lib/types.h"

struct thread;

#define NICE_MIN (-20)
#define NICE_MAX 19

/* Gives a new thread what the running one, its creator, passes on. Nobody else finds it yet. */
void priority_inherit(struct thread *thread);

/* Whose nice values are meant: of one thread, of the threads of a group, or of all. */
enum priority_of { PRIORITY_OF_THREAD, PRIORITY_OF_GROUP, PRIORITY_OF_ALL };

/* Sets the nice value, which is brought within its limits. id 0 is the caller's. Returns 0 or -ESRCH. */
int priority_set_nice(enum priority_of of, int id, int nice);
/* Returns the lowest of the nice values in *nice_ret. 0 or -ESRCH. */
int priority_get_nice(enum priority_of of, int id, int *nice_ret);
