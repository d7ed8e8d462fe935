/* SPDX-License-Identifier: MIT */
/* System V message queues: messages with a type, received by type. */
#pragma once

#include "abi/sysvipc.h"
#include "lib/list.h"
#include "lib/tree.h"
#include "lib/types.h"

/* The limits as root has set them in /proc/sys/kernel: atomic. */
enum msg_limit {
	MSG_LIMIT_MAX, /* bytes of a message */
	MSG_LIMIT_MNB, /* bytes of a queue at first */
	MSG_LIMIT_MNI, /* queues */
};
extern uint64_t sysv_msg_limits[];

/* A message, here and in the queues of linux/mqueue/. Private to a thread, or const on a queue, but for the link: guarded by its lock. */
struct msg_msg {
	union {
		struct list link;
		struct tree_node by_priority;
	};
	int64_t type; /* or priority */
	size_t size;  /* of the text */
	uint8_t text[];
};

/* Called once during boot, before there is a process. */
void sysv_msg_init(void);

/* A message of so many bytes; NULL: no memory. May wait. */
struct msg_msg *sysv_msg_alloc(size_t size);
void sysv_msg_free(struct msg_msg *msg); /* NULL is allowed */

/*
 * As the calls of the same names, for the running thread. They return what the call returns, or a negative
 * errno, and wait. Call with no lock held.
 */
int sysv_msg_get(int32_t key, int flg);

/* Puts the message into the queue and takes it over. Returns 0; or a negative errno: then it is still the caller's. */
int sysv_msg_send(int id, struct msg_msg *msg, int flg);

/*
 * Takes a message of at most `size` bytes (with MSG_NOERROR: of any size) out of the queue. `type` is the call's.
 * Returns the length of the text that the caller copies out, with the message, which is the caller's, in *msg_ret; or a negative errno.
 */
int sysv_msg_receive(int id, int64_t type, size_t size, int flg, struct msg_msg **msg_ret);

/* msgctl: IPC_STAT, MSG_STAT (`id` is an index; returns the identifier) and MSG_STAT_ANY. */
int sysv_msg_stat(int id, int cmd, struct abi_msqid_ds *ret);
int sysv_msg_set(int id, const struct abi_msqid_ds *from); /* IPC_SET */
int sysv_msg_remove(int id);				   /* IPC_RMID */
/* IPC_INFO, and MSG_INFO if `usage`: return the largest index in use. */
int sysv_msg_info(bool usage, struct abi_msginfo *ret);

/* What /proc shows of a queue. */
struct msg_facts {
	struct abi_msqid_ds ds;
	int id;
};

/* Finds the first queue from an index on, readable or not. Returns the next index, or -ENODATA. */
int sysv_msg_inspect(int index, struct msg_facts *ret);
