/* SPDX-License-Identifier: MIT */
/* What the three kinds of System V IPC have in common: keys, identifiers, owners and permissions. */
#pragma once

#include "abi/sysvipc.h"
#include "lib/list.h"
#include "lib/tree.h"
#include "lib/types.h"
#include "proc/mutex.h"

struct deadline;
struct thread;

/* An identifier is an index, and above it a number that another one with that index does not have. */
#define IPC_INDEX_BITS 15
#define IPC_MNI	       (1 << IPC_INDEX_BITS)

/* The first member of what has an identifier. Guarded by the mutex of its kind. */
struct kern_ipc_perm {
	struct tree_node by_index, by_key; /* by_key: only with another key than IPC_PRIVATE */
	int id;				   /* const */
	int32_t key;
	uint32_t uid, gid, cuid, cgid;
	uint32_t mode;
	uint16_t seq;
};

/* All of one kind. */
struct ipc_ids {
	/*
	 * Held by each call for as long as it looks at or changes anything of the kind. Its holder allocates
	 * nothing, waits for nothing, and copies nothing from or to programs.
	 */
	struct mutex mutex;
	/* guarded by mutex: */
	struct tree by_index, by_key;
	int in_use;
	int last_idx, next_idx;
	uint16_t seq;
};

/* Called once during boot, before there is a process. */
void sysv_init_ids(struct ipc_ids *ids);

/* What shmget, semget and msgget ask for. */
struct ipc_params {
	int32_t key;
	int flg;
	uint64_t size; /* bytes, or semaphores */
};

struct ipc_ops {
	/*
	 * Checks the parameters and creates one, with all set but `perm`. May wait. Returns NULL with *err_ret set.
	 * Called without the mutex; discard() frees one that gets no identifier.
	 */
	struct kern_ipc_perm *(*getnew)(const struct ipc_params *params, int *err_ret);
	void (*discard)(struct kern_ipc_perm *perm);
	/* Counts a new one, or returns -ENOSPC. NULL: there is no limit but that of identifiers. */
	int (*admit)(struct kern_ipc_perm *perm);
	/* Does one that is there suit the parameters? 0 or -EINVAL. NULL: any does. */
	int (*more_checks)(const struct kern_ipc_perm *perm, const struct ipc_params *params);
};

/*
 * Finds the one with that key, or creates it. `mni` is the most that there may be. Returns its identifier, or
 * -ENOENT, -EEXIST, -EACCES, -ENOSPC or an error of the operations.
 */
int sysv_get(struct ipc_ids *ids, const struct ipc_ops *ops, const struct ipc_params *params,
	     int mni);

/* The rest is called with the mutex held. */

/* Removes it from both trees: its identifier is free. */
void sysv_rmid(struct ipc_ids *ids, struct kern_ipc_perm *perm);
/* It has no key any more, and keeps its identifier. */
void sysv_forget_key(struct ipc_ids *ids, struct kern_ipc_perm *perm);

/* Finds one by its identifier; NULL: there is none, as where another has its index now. */
struct kern_ipc_perm *sysv_obtain(struct ipc_ids *ids, int id);
/* By an index, as SHM_STAT and the like do; NULL: there is none. */
struct kern_ipc_perm *sysv_obtain_index(struct ipc_ids *ids, int index);
/* The first from an index on; NULL: there is none. */
struct kern_ipc_perm *sysv_next(struct ipc_ids *ids, int index);
/* The largest index in use, or 0. */
int sysv_max_index(struct ipc_ids *ids);

/* May the running thread do what those bits of a mode say (0444 and the like)? 0 or -EACCES. */
int sysv_check_perm(const struct kern_ipc_perm *perm, int flag);
/* Finds one that the running thread may change and remove. Returns NULL with *err_ret set: -EINVAL or -EPERM; else 0 in it. */
struct kern_ipc_perm *sysv_obtain_own(struct ipc_ids *ids, int id, int *err_ret);
/*
 * Finds one that the running thread may read, for IPC_STAT by its identifier; else by an index, with `any` whatever its mode
 * says. Returns NULL with *result_ret set to -EINVAL or -EACCES; else *result_ret is the call's result.
 */
struct kern_ipc_perm *sysv_obtain_stat(struct ipc_ids *ids, int id, bool by_index, bool any,
				       int *result_ret);
/* IPC_SET: takes owner and mode. Returns 0 or -EINVAL. */
int sysv_update_perm(struct kern_ipc_perm *perm, const struct abi_ipc_perm *from);
void sysv_perm_out(const struct kern_ipc_perm *perm, struct abi_ipc_perm *to);

static inline int sysv_index(int id)
{
	return id & (IPC_MNI - 1);
}

/*
 * A call that waits until another thread has carried it out. It is on its thread's stack, and in a list of what it
 * waits for: guarded by the mutex of its kind.
 */
struct ipc_waiter {
	struct list link;
	struct thread *thread;
	uint32_t done; /* atomic: it is in no list any more */
};

/* Takes it out of its list and wakes its thread. Call with the mutex held. */
void sysv_waiter_finish(struct ipc_waiter *waiter);
/*
 * Waits for that, and takes the mutex. Returns 0; or -EINTR or -ETIMEDOUT, and it is in no list any more. deadline NULL:
 * none. A call that a signal has interrupted is restarted as SA_RESTART says, unless the caller decides otherwise. Call
 * without the mutex.
 */
int sysv_waiter_sleep(struct ipc_waiter *waiter, struct mutex *mutex,
		      const struct deadline *deadline);

/*
 * Kernel memory that programs have it keep: sets, operations and what undoes them, queues and messages. All together may
 * take a sixteenth of memory. Zeroed; returns NULL if there is none. May wait: call with no lock held.
 */
void *sysv_alloc(size_t size);
void sysv_free(void *p, size_t size); /* p may be NULL. With the mutex, too */

/* Seconds since 1970, as the times of all three kinds are. */
int64_t sysv_now(void);
