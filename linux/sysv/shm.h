/* SPDX-License-Identifier: MIT */
/* System V shared memory: segments are memory objects with a key. */
#pragma once

#include "abi/sysvipc.h"
#include "arch/page.h"
#include "lib/types.h"

struct object;

#define SHMMNI 4096			  /* segments */
#define SHMMIN 1			  /* bytes of one, at the least */
#define SHMMAX (UINT64_MAX - (1ul << 24)) /* bytes of one, at the most */
#define SHMALL (UINT64_MAX - (1ul << 24)) /* pages of all */

/* The limits as root has set them in /proc/sys/kernel: atomic. */
enum shm_limit { SHM_LIMIT_MAX, SHM_LIMIT_ALL, SHM_LIMIT_MNI };
extern uint64_t sysv_shm_limits[];

/* Called once during boot, before there is a process. */
void sysv_shm_init(void);

/*
 * As the calls of the same names, for the running thread. They return what the call returns, or a negative
 * errno, and wait. Call with no lock held.
 */
int sysv_shm_get(int32_t key, uint64_t size, int flg);
int sysv_shm_attach(int id, vaddr_t addr, int flg, vaddr_t *addr_ret);
int sysv_shm_detach(vaddr_t addr);

/* shmctl: IPC_STAT, SHM_STAT (`id` is an index; returns the identifier) and SHM_STAT_ANY. */
int sysv_shm_stat(int id, int cmd, struct abi_shmid_ds *ret);
int sysv_shm_set(int id, const struct abi_shmid_ds *from); /* IPC_SET */
int sysv_shm_remove(int id);				   /* IPC_RMID */
int sysv_shm_lock(int id, bool lock);			   /* SHM_LOCK and SHM_UNLOCK */
/* IPC_INFO and SHM_INFO: return the largest index in use. */
int sysv_shm_info(struct abi_shminfo *ret);
int sysv_shm_usage(struct abi_shm_info *ret);

/* What /proc shows of a segment, of which sysv_shm_stat() says nothing. */
struct shm_facts {
	struct abi_shmid_ds ds;
	int id;
	size_t rss, swap; /* in pages */
};

/* Finds the first segment from an index on, readable or not. Returns the next index, or -ENODATA. */
int sysv_shm_inspect(int index, struct shm_facts *ret);

/*
 * Is the object a segment? Then writes what /proc/PID/maps calls it, and its identifier, as which it is an
 * inode's number. The caller has a reference to the object.
 */
bool sysv_shm_name(const struct object *object, char *buf, size_t size, uint64_t *ino_ret);

/* For the ledger: the references to the objects of segments. */
void sysv_shm_find_held(void);
