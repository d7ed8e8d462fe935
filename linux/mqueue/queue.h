/* SPDX-License-Identifier: MIT */
/* What a message queue has, for the two files that make it. */
#pragma once

#include "lib/tree.h"
#include "linux/fs/tmpfs/node.h"
#include "linux/mqueue/mqueue.h"
#include "proc/pid.h"
#include "sync/waitq.h"

struct user;

/* The process that is notified when a message arrives, and how. */
struct mq_notice {
	struct process_id owner; /* pid 0: none */
	uint64_t image;		 /* its uspace's serial number: a later image is not notified */
	int how;		 /* SIGEV_NONE or SIGEV_SIGNAL */
	int sig;		 /* 0: none */
	uint64_t value;
};

struct mqueue {
	struct tmpfs_node node; /* first; guarded as struct tmpfs_node says */
	/* const: */
	uint64_t maxmsg, msgsize;
	struct user *user; /* whose RLIMIT_MSGQUEUE it counts for; referenced */
	uint64_t charged;  /* bytes */

	uint64_t curmsgs; /* atomic; changed with the lock held */
	/*
	 * Guarded by node.lock, whose holder allocates nothing, waits for nothing, and copies nothing from or to
	 * programs.
	 */
	struct tree
		messages; /* struct msg_msg.by_priority: in the order in which they are received */
	uint64_t bytes;	  /* of their texts */
	/* struct mq_waiter, in the order in which they are served. One list at most is not empty. */
	struct list senders, receivers;
	struct mq_notice notice;

	struct waitq
		changed; /* for poll: woken when messages come or go, but for those that a waiter gets */
};

static inline struct mqueue *to_mqueue(struct inode *inode)
{
	return container_of(inode, struct mqueue, node.inode);
}

static inline struct mqueue *mqueue_of(const struct file *file)
{
	return to_mqueue(file->node);
}

/* An empty queue, whose node and const fields are set. */
void mqueue_setup(struct mqueue *mq);
/* Frees its messages. No thread uses it any more. */
void mqueue_drain(struct mqueue *mq);

/* Slots of its struct file_ops. */
ssize_t mqueue_read(struct file *file, struct user_iter *to, uint64_t *pos);
unsigned mqueue_poll(struct file *file, struct poller *poller);
void mqueue_closed(struct file *file);
