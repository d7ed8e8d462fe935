/* SPDX-License-Identifier: MIT */
/* System V semaphores: sets of them, and operations on several at a time. */
#pragma once

#include "abi/sysvipc.h"
#include "lib/types.h"

#define SEMVMX 32767  /* the largest value */
#define SEMAEM SEMVMX /* and the largest that is undone */

/* The limits as root has set them in /proc/sys/kernel/sem, in its order: atomic. */
enum sem_limit {
	SEM_LIMIT_MSL, /* semaphores of a set */
	SEM_LIMIT_MNS, /* of all sets */
	SEM_LIMIT_OPM, /* operations of a call */
	SEM_LIMIT_MNI, /* sets */
};
extern uint64_t sysv_sem_limits[];

/* Called once during boot, before there is a process. */
void sysv_sem_init(void);

/*
 * As the calls of the same names, for the running thread. They return what the call returns, or a negative
 * errno, and wait. Call with no lock held.
 */
int sysv_sem_get(int32_t key, int nsems, int flg);

/*
 * Carries out all n operations, at least one, or none, once it can: until `deadline`, a tick of arch_time(), or
 * UINT64_MAX. Returns 0, -EAGAIN, -EINTR, -EIDRM or another error. The operations must stay as they are
 * until it returns.
 */
int sysv_sem_operate(int id, const struct abi_sembuf *sops, unsigned n, uint64_t deadline);

/* semctl: IPC_STAT, SEM_STAT (`id` is an index; returns the identifier) and SEM_STAT_ANY. */
int sysv_sem_stat(int id, int cmd, struct abi_semid_ds *ret);
int sysv_sem_set(int id, const struct abi_semid_ds *from); /* IPC_SET */
int sysv_sem_remove(int id);				   /* IPC_RMID */
/* IPC_INFO, and SEM_INFO if `usage`: return the largest index in use. */
int sysv_sem_info(bool usage, struct abi_seminfo *ret);
/* GETVAL, GETPID, GETNCNT or GETZCNT. */
int sysv_sem_read(int id, int cmd, int num);
int sysv_sem_set_value(int id, int num, int value); /* SETVAL */
/* How many semaphores the set has, for a process that may read it, or with `alter` change it. */
int sysv_sem_count(int id, bool alter);
/* GETALL and SETALL: `n` is what sysv_sem_count() has said. -EIDRM: it is another set now. */
int sysv_sem_read_all(int id, uint16_t *values, unsigned n);
int sysv_sem_set_all(int id, const uint16_t *values, unsigned n);

/* What /proc shows of a set. */
struct sem_facts {
	struct abi_semid_ds ds;
	int id;
};

/* Finds the first set from an index on, readable or not. Returns the next index, or -ENODATA. */
int sysv_sem_inspect(int index, struct sem_facts *ret);
