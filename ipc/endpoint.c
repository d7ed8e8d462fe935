/* SPDX-License-Identifier: MIT */
/* Endpoints: the rendezvous of callers and receivers. */
#include "ipc/endpoint.h"

#include "abi/errno.h"
#include "abi/poll.h"
#include "abi/stat.h"
#include "fs/mount.h"
#include "fs/poll.h"
#include "lib/tree.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/sched.h"
#include "proc/wait.h"

struct endpoint {
	struct refcount refs; /* of the receive end and of each send end */
	uint64_t ino;	      /* const */
	struct spinlock lock;
	/* guarded by lock: */
	bool open;	       /* the receive end is */
	uint64_t last_rcvid;   /* no number is used twice */
	struct list queue;     /* struct call.link: not received yet, oldest first */
	struct tree received;  /* struct call.by_rcvid: received, not replied to */
	struct list receivers; /* struct receiver.link: threads that wait for a call */
	struct waitq readable; /* woken when a call comes that no receiver waits for; own lock */
};

/* An open send end. */
struct sender {
	struct endpoint *endpoint;
	uint64_t badge;
};

enum call_state { CALL_QUEUED, CALL_RECEIVED, CALL_DONE };

/*
 * One call. It is on its caller's stack: nothing is allocated for it. Guarded by the endpoint's
 * lock. Who ends the call does so, and wakes the caller, in one hold of the lock, and the caller
 * takes the lock before it returns: so nobody looks at a call that has gone.
 */
struct call {
	struct list link;	   /* CALL_QUEUED */
	struct tree_node by_rcvid; /* CALL_RECEIVED */
	struct thread *thread;
	enum call_state state;
	uint64_t rcvid, badge;
	struct ipc_words words; /* first the message, then the reply */
	int result;
	uint32_t done; /* atomic */
};

/* A thread that waits for a call; on its stack, like a call. */
struct receiver {
	struct list link;
	struct thread *thread;
	struct ipc_words *to;
	uint64_t rcvid, badge;
	uint32_t done; /* atomic */
};

static const struct file_ops receive_ops, send_ops;

static struct endpoint *to_endpoint(struct file *file)
{
	return file->ops == &receive_ops ? file->node : NULL;
}

static struct sender *to_sender(struct file *file)
{
	return file->ops == &send_ops ? file->node : NULL;
}

static void endpoint_put(struct endpoint *endpoint)
{
	if (refcount_put(&endpoint->refs))
		kfree(endpoint);
}

struct file *endpoint_create(void)
{
	struct endpoint *endpoint = mem_wait_kzalloc(sizeof(*endpoint));
	struct file *file;

	if (!endpoint)
		return NULL;
	file = file_create(&receive_ops, O_RDWR, endpoint);
	if (!file) {
		kfree(endpoint);
		return NULL;
	}
	refcount_init(&endpoint->refs, 1);
	endpoint->ino = inode_next_ino();
	spin_init(&endpoint->lock, LOCK_ENDPOINT);
	endpoint->open = true;
	list_init(&endpoint->queue);
	tree_init(&endpoint->received);
	list_init(&endpoint->receivers);
	waitq_init(&endpoint->readable);
	return file;
}

int endpoint_badge(struct file *receive, uint64_t badge, struct file **send_ret)
{
	struct endpoint *endpoint = to_endpoint(receive);
	struct sender *sender;

	if (!endpoint)
		return -EINVAL;
	sender = mem_wait_kmalloc(sizeof(*sender));
	if (!sender)
		return -ENOMEM;
	*send_ret = file_create(&send_ops, O_RDWR, sender);
	if (!*send_ret) {
		kfree(sender);
		return -ENOMEM;
	}
	refcount_get(&endpoint->refs);
	sender->endpoint = endpoint;
	sender->badge = badge;
	return 0;
}

/* ---- the tree of received calls ---- */

static struct call *find_locked(struct endpoint *endpoint, uint64_t rcvid)
{
	struct tree_node *node = endpoint->received.root;

	assert_hardened(spin_lock_held(&endpoint->lock));
	while (node) {
		struct call *call = tree_entry(node, struct call, by_rcvid);

		if (call->rcvid == rcvid)
			return call;
		node = node->child[rcvid > call->rcvid];
	}
	return NULL;
}

/* Numbers grow, so a new one is the last. */
static void insert_locked(struct endpoint *endpoint, struct call *call)
{
	struct tree_node *last = tree_last(&endpoint->received);

	assert_hardened(spin_lock_held(&endpoint->lock));
	tree_insert(&endpoint->received, &call->by_rcvid, last,
		    last ? &last->child[1] : &endpoint->received.root);
}

/* ---- calls ---- */

/* Takes a call out of wherever it is. */
static void take_out_locked(struct endpoint *endpoint, struct call *call)
{
	assert_hardened(spin_lock_held(&endpoint->lock));
	if (call->state == CALL_QUEUED)
		list_del(&call->link);
	else
		tree_erase(&endpoint->received, &call->by_rcvid);
}

/* Ends a call, whose memory its caller may use for something else when the lock is released. */
static void end_locked(struct endpoint *endpoint, struct call *call, int result, bool hand_over)
{
	struct thread *thread = call->thread;

	take_out_locked(endpoint, call);
	call->state = CALL_DONE;
	call->result = result;
	atomic_store(&call->done, 1);
	if (hand_over)
		sched_hand_over(thread);
	else
		thread_wake(thread);
}

/* The call is received: its words go to the receiver, and it gets its number. */
static void receive_locked(struct endpoint *endpoint, struct call *call, struct receiver *receiver)
{
	assert_hardened(spin_lock_held(&endpoint->lock));
	call->rcvid = ++endpoint->last_rcvid;
	call->state = CALL_RECEIVED;
	insert_locked(endpoint, call);
	*receiver->to = call->words;
	receiver->badge = call->badge;
	receiver->rcvid = call->rcvid;
}

/* Gives the call to a receiver that waits, or queues it. Returns whether it was queued. */
static bool begin_locked(struct endpoint *endpoint, struct call *call)
{
	struct receiver *receiver;

	assert_hardened(spin_lock_held(&endpoint->lock));
	if (list_empty(&endpoint->receivers)) {
		call->state = CALL_QUEUED;
		list_add_tail(&endpoint->queue, &call->link);
		return true;
	}
	receiver = list_entry(list_pop(&endpoint->receivers), struct receiver, link);
	receive_locked(endpoint, call, receiver);
	atomic_store(&receiver->done, 1);
	sched_hand_over(receiver->thread);
	return false;
}

/*
 * Waits for the end of the call. A signal ends the wait of one that nobody has received; one that
 * was received goes on, for its server works for it. Whether the call has ended is known under the
 * lock only: right after that a reply may come.
 */
static int wait_for_end(struct endpoint *endpoint, struct call *call, uint64_t deadline)
{
	bool signals = true, ended;
	int err;

	do {
		err = thread_park(&call->done, signals, deadline);
		spin_lock(&endpoint->lock);
		signals = false;
		ended = true;
		if (call->state == CALL_DONE)
			err = call->result;
		else if (err == -EINTR && call->state == CALL_RECEIVED && !current_killed())
			ended = false;
		else
			take_out_locked(endpoint, call);
		spin_unlock(&endpoint->lock);
	} while (!ended);
	return err;
}

int endpoint_call(struct file *send, struct ipc_words *words, uint64_t deadline)
{
	struct sender *sender = to_sender(send);
	struct endpoint *endpoint;
	struct call call;
	bool queued = false;
	int err;

	if (!sender)
		return -EINVAL;
	endpoint = sender->endpoint;
	call.thread = current_thread();
	call.badge = sender->badge;
	call.done = 0;
	call.words = *words;
	spin_lock(&endpoint->lock);
	err = endpoint->open ? 0 : -EPIPE;
	if (err == 0)
		queued = begin_locked(endpoint, &call);
	spin_unlock(&endpoint->lock);
	if (err)
		return err;
	if (unlikely(queued))
		waitq_wake_all(&endpoint->readable);
	err = wait_for_end(endpoint, &call, deadline);
	if (err == 0)
		*words = call.words;
	return err;
}

/* ---- receive and reply ---- */

/* Takes the oldest call. If there is none, the receiver joins those that wait, if it may. */
static bool receive_now(struct endpoint *endpoint, struct receiver *receiver, bool may_wait)
{
	struct list *oldest;

	spin_lock(&endpoint->lock);
	oldest = list_pop(&endpoint->queue);
	if (oldest)
		receive_locked(endpoint, list_entry(oldest, struct call, link), receiver);
	else if (may_wait)
		list_add_tail(&endpoint->receivers, &receiver->link);
	spin_unlock(&endpoint->lock);
	return oldest;
}

int64_t endpoint_receive(struct file *receive, struct ipc_words *words, uint64_t *badge_ret,
			 uint64_t deadline)
{
	struct endpoint *endpoint = to_endpoint(receive);
	struct receiver receiver;
	int err = -ETIMEDOUT;

	if (!endpoint)
		return -EINVAL;
	receiver.thread = current_thread();
	receiver.to = words;
	receiver.done = 0;
	if (!receive_now(endpoint, &receiver, deadline != 0)) {
		if (deadline != 0)
			err = thread_park(&receiver.done, true, deadline);
		spin_lock(&endpoint->lock);
		if (!receiver.done && deadline != 0)
			list_del(&receiver.link);
		spin_unlock(&endpoint->lock);
		if (!receiver.done)
			return err;
	}
	*badge_ret = receiver.badge;
	return (int64_t)receiver.rcvid;
}

int endpoint_reply(struct file *receive, uint64_t rcvid, const struct ipc_words *words,
		   bool hand_over)
{
	struct endpoint *endpoint = to_endpoint(receive);
	struct call *call;

	if (!endpoint)
		return -EINVAL;
	spin_lock(&endpoint->lock);
	call = find_locked(endpoint, rcvid);
	if (call) {
		call->words = *words;
		end_locked(endpoint, call, 0, hand_over);
	}
	spin_unlock(&endpoint->lock);
	return call ? 0 : -ESRCH;
}

/* ---- the files ---- */

/* Ends one call for the receive end's closing. Returns false if there is none. */
static bool break_one(struct endpoint *endpoint)
{
	struct call *call = NULL;

	spin_lock(&endpoint->lock);
	endpoint->open = false;
	if (!list_empty(&endpoint->queue))
		call = list_entry(endpoint->queue.next, struct call, link);
	else if (endpoint->received.root)
		call = tree_entry(endpoint->received.root, struct call, by_rcvid);
	if (call)
		end_locked(endpoint, call, -EPIPE, false);
	spin_unlock(&endpoint->lock);
	return call;
}

static void receive_release(struct file *file)
{
	struct endpoint *endpoint = file->node;

	while (break_one(endpoint))
		;
	endpoint_put(endpoint);
}

static void send_release(struct file *file)
{
	struct sender *sender = file->node;

	endpoint_put(sender->endpoint);
	kfree(sender);
}

/* A receive end can be read when a call waits; writing to it is never possible. */
static unsigned receive_poll(struct file *file, struct poller *poller)
{
	struct endpoint *endpoint = file->node;
	unsigned ready;

	poll_watch(poller, &endpoint->readable);
	spin_lock(&endpoint->lock);
	ready = list_empty(&endpoint->queue) ? 0 : POLLIN;
	spin_unlock(&endpoint->lock);
	return ready;
}

static int stat_of(const struct endpoint *endpoint, struct abi_stat *st)
{
	*st = (struct abi_stat){
		.dev = MOUNT_DEV_ANON,
		.ino = endpoint->ino,
		.mode = 0600,
		.nlink = 1,
		.blksize = PAGE_SIZE,
	};
	return 0;
}

static int receive_stat(struct file *file, struct abi_stat *st)
{
	return stat_of(file->node, st);
}

static int send_stat(struct file *file, struct abi_stat *st)
{
	return stat_of(((struct sender *)file->node)->endpoint, st);
}

static const struct file_ops receive_ops = {
	.name = "receive end",
	.poll = receive_poll,
	.stat = receive_stat,
	.release = receive_release,
};

static const struct file_ops send_ops = {
	.name = "send end",
	.stat = send_stat,
	.release = send_release,
};
