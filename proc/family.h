/* Who descends from whom, and who is there at all. */
#pragma once

#include "proc/process.h"

/*
 * One lock for pids, the tree of parents and children, and their states. Held briefly; the order is
 * family, then a process's signals, then run queues.
 */
extern struct spinlock family_lock;

/*
 * A new process (slab memory, pid, no thread), unknown to others but for its pid. NULL: *err_ret
 * says why.
 */
struct process *process_alloc(int *err_ret);
/* Frees one that was never published, or was reaped. */
void process_free(struct process *process);

/* Makes the new one a child that others can find, in its parent's group and session. */
void family_join(struct process *parent, struct process *child);
/*
 * The same, of whoever is the sibling's parent at that moment, in the sibling's group. It tells its
 * end as the sibling does.
 */
void family_join_beside(struct process *sibling, struct process *child);

/* The living or zombie process of that pid; NULL. => family lock held */
struct process *family_find(int pid);

/* The children of a process that ends become process 1's. => family lock held */
void family_orphan(struct process *process, struct process *init);

/*
 * A pid that names a group or session is nobody else's as long as it does. 0 names none. => family
 * lock held
 */
void family_id_hold(int id);
void family_id_drop(int id);

/* All processes, linked by process->all. => family lock held */
extern struct list family_all;
