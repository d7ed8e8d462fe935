/* SPDX-License-Identifier: MIT */
/* The Linux layer's: the structures and constants of System V shared memory, semaphores and message queues. */
#pragma once

#include <stdint.h>

#define IPC_PRIVATE 0

#define IPC_CREAT  01000
#define IPC_EXCL   02000
#define IPC_NOWAIT 04000

#define IPC_RMID 0
#define IPC_SET	 1
#define IPC_STAT 2
#define IPC_INFO 3

struct abi_ipc_perm {
	int32_t key;
	uint32_t uid, gid;
	uint32_t cuid, cgid; /* of the creator */
	uint32_t mode;
	uint16_t seq;
	uint16_t pad[3];
	uint64_t unused[2];
};

/* ---- shared memory ---- */

#define SHM_LOCK     11
#define SHM_UNLOCK   12
#define SHM_STAT     13
#define SHM_INFO     14
#define SHM_STAT_ANY 15

#define SHM_HUGETLB 04000
#define SHM_RDONLY  010000
#define SHM_RND	    020000
#define SHM_REMAP   040000
#define SHM_EXEC    0100000

/* In the mode: it goes when no process is attached; its pages stay in memory. */
#define SHM_DEST   01000
#define SHM_LOCKED 02000

struct abi_shmid_ds {
	struct abi_ipc_perm perm;
	uint64_t segsz;
	int64_t atime, dtime, ctime;
	int32_t cpid, lpid;
	uint64_t nattch;
	uint64_t unused[2];
};

struct abi_shminfo {
	uint64_t shmmax, shmmin, shmmni, shmseg, shmall;
	uint64_t unused[4];
};

struct abi_shm_info {
	int32_t used_ids;
	uint32_t pad;
	uint64_t shm_tot, shm_rss, shm_swp; /* in pages */
	uint64_t swap_attempts, swap_successes;
};

/* ---- semaphores ---- */

#define SEM_UNDO 0x1000

#define GETPID	     11
#define GETVAL	     12
#define GETALL	     13
#define GETNCNT	     14
#define GETZCNT	     15
#define SETVAL	     16
#define SETALL	     17
#define SEM_STAT     18
#define SEM_INFO     19
#define SEM_STAT_ANY 20

struct abi_sembuf {
	uint16_t num;
	int16_t op;
	int16_t flg;
};

struct abi_semid_ds {
	struct abi_ipc_perm perm;
	int64_t otime, ctime;
	uint64_t nsems;
	uint64_t unused[2];
};

struct abi_seminfo {
	int32_t semmap, semmni, semmns, semmnu, semmsl;
	int32_t semopm, semume, semusz, semvmx, semaem;
};

/* ---- message queues ---- */

#define MSG_STAT     11
#define MSG_INFO     12
#define MSG_STAT_ANY 13

#define MSG_NOERROR 010000
#define MSG_EXCEPT  020000
#define MSG_COPY    040000

struct abi_msqid_ds {
	struct abi_ipc_perm perm;
	int64_t stime, rtime, ctime;
	uint64_t cbytes, qnum, qbytes;
	int32_t lspid, lrpid;
	uint64_t unused[2];
};

struct abi_msginfo {
	int32_t msgpool, msgmap, msgmax, msgmnb, msgmni, msgssz, msgtql;
	uint16_t msgseg, pad;
};

_Static_assert(sizeof(struct abi_msqid_ds) == 120 && sizeof(struct abi_msginfo) == 32,
	       "as in the ABI");
_Static_assert(sizeof(struct abi_sembuf) == 6 && sizeof(struct abi_semid_ds) == 88,
	       "as in the ABI");
_Static_assert(sizeof(struct abi_ipc_perm) == 48 && sizeof(struct abi_shmid_ds) == 112,
	       "as in the ABI");
