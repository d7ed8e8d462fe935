/* SPDX-License-Identifier: MIT */
/* POSIX message queues: a file system of one directory, whose files are queues of messages with priorities. */
#pragma once

#include "abi/mqueue.h"
#include "linux/fs/vfs/mount.h"

struct abi_sigevent;
struct deadline;
struct msg_msg;

/* The limits as root has set them in /proc/sys/fs/mqueue: atomic. */
enum mq_limit {
	MQ_LIMIT_QUEUES,
	MQ_LIMIT_MSG,	  /* messages that a queue may have room for */
	MQ_LIMIT_MSGSIZE, /* bytes of a message */
	/* What a queue gets whose creator does not say: */
	MQ_LIMIT_MSG_DEFAULT,
	MQ_LIMIT_MSGSIZE_DEFAULT,
};
extern uint64_t mq_limits[];

/* The most that the limits may be, and that CAP_SYS_RESOURCE allows whatever they are. */
#define MQ_MSG_MOST	 65536
#define MQ_MSGSIZE_MOST	 (1u << 24)
#define MQ_MSGSIZE_LEAST 128 /* the least that the limit may be */

/*
 * There is one file system of this type, which is there whether it is mounted or not. While it is in the tree, mounting
 * it again is refused with -EBUSY.
 */
extern const struct fs_type mqueue_type;

/* Makes it. Called once during boot, before there is a process. Returns 0 or -ENOMEM. */
int mqueue_init(void);

/*
 * mq_open(2). `flags` are the program's, `mode` has the umask applied. attr NULL: as the limits say. Returns 0 and an
 * open file; or -EACCES, -EEXIST, -EINVAL, -EMFILE (RLIMIT_MSGQUEUE), -ENAMETOOLONG, -ENFILE, -ENOENT, -ENOMEM, -ENOSPC.
 */
int mqueue_open(const char *name, unsigned flags, unsigned mode, const struct abi_mq_attr *attr,
		struct file **file_ret);
/* mq_unlink(2): 0, -EACCES, -ENAMETOOLONG, -ENOENT or -EPERM. */
int mqueue_unlink(const char *name);

bool file_is_mqueue(const struct file *file);

/* The rest is for files that are queues. */

/* How long a message may be. */
size_t mqueue_msgsize(const struct file *file);

/*
 * Puts the message, whose type is its priority, into the queue and takes it over. Waits while the queue is full, unless
 * the file is O_NONBLOCK; deadline NULL: for ever. Returns 0; or -EAGAIN, -ETIMEDOUT or -EINTR: then the message is
 * still the caller's.
 */
int mqueue_send(struct file *file, struct msg_msg *msg, const struct deadline *deadline);
/* Takes the oldest message of the highest priority out of the queue. The same, with a message for the caller. */
int mqueue_receive(struct file *file, const struct deadline *deadline, struct msg_msg **msg_ret);

/*
 * mq_notify(2): the running process is notified when a message arrives in the empty queue and no thread waits for it. NULL:
 * ends that. SIGEV_NONE or SIGEV_SIGNAL. Returns 0 or -EBUSY.
 */
int mqueue_notify(struct file *file, const struct abi_sigevent *event);

/* mq_getsetattr(2): what it was before; set NULL: nothing changes. */
void mqueue_attr(struct file *file, const struct abi_mq_attr *set, struct abi_mq_attr *ret);
