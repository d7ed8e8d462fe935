/* SPDX-License-Identifier: MIT */
/* Message queues: their messages, the threads that wait, and the process that is notified. */
#include "linux/mqueue/queue.h"

#include "abi/errno.h"
#include "abi/signal.h"
#include "base/clock.h"
#include "desc/poll.h"
#include "lib/format.h"
#include "linux/process/cred.h"
#include "linux/signal/send.h"
#include "linux/sysv/msg.h"
#include "linux/sysv/util.h"
#include "mm/host.h"
#include "proc/priority.h"

/*
 * As with the queues of System V (linux/sysv/msg.c), a thread that waits has a struct on its stack. A sender gives its
 * message to the first waiting receiver. A receiver puts the first waiting sender's message into the queue. So a sleeper is
 * woken when its call is over.
 */
struct mq_waiter {
	struct ipc_waiter wait;
	struct msg_msg *msg; /* of senders: what is to be sent. Receivers: what came */
	int rank;	     /* its thread's priority_rank() when it began to wait */
};

void mqueue_setup(struct mqueue *mq)
{
	tree_init(&mq->messages);
	list_init(&mq->senders);
	list_init(&mq->receivers);
	waitq_init(&mq->changed);
}

static void mqueue_touch(struct mqueue *mq, bool modified)
{
	struct inode *inode = &mq->node.inode;
	uint64_t now = clock_wall_ns();

	atomic_store_relaxed(&inode->atime, now);
	atomic_store_relaxed(&inode->ctime, now);
	if (modified)
		atomic_store_relaxed(&inode->mtime, now);
}

/* ---- messages ---- */

static void mqueue_put(struct mqueue *mq, struct msg_msg *msg)
{
	struct tree_node **link = &mq->messages.root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = &parent->child[tree_entry(parent, struct msg_msg, by_priority)->type >=
				      msg->type];
	}
	tree_insert(&mq->messages, &msg->by_priority, parent, link);
	mq->bytes += msg->size;
	atomic_store(&mq->curmsgs, mq->curmsgs + 1);
}

static struct msg_msg *mqueue_take(struct mqueue *mq)
{
	struct tree_node *first = tree_first(&mq->messages);
	struct msg_msg *msg = tree_entry(first, struct msg_msg, by_priority);

	tree_erase(&mq->messages, first);
	mq->bytes -= msg->size;
	atomic_store(&mq->curmsgs, mq->curmsgs - 1);
	return msg;
}

void mqueue_drain(struct mqueue *mq)
{
	struct tree_node *first;

	while ((first = tree_first(&mq->messages))) {
		tree_take_first(&mq->messages, first);
		sysv_msg_free(tree_entry(first, struct msg_msg, by_priority));
		(void)vm_pause();
	}
}

/* ---- notification ---- */

static bool is_told(const struct mqueue *mq)
{
	const struct process *self = current_process();

	return self && mq->notice.owner.pid == self->pid && mq->notice.owner.birth == self->birth;
}

/* The sender needs no permission to send the signal: its receiver has asked for it. */
static void mqueue_tell(const struct mq_notice *notice)
{
	const struct signal_info info = {
		.sig = notice->sig,
		.code = SI_MESGQ,
		.about = SIGNAL_OF_SENDER,
		.pid = current_process()->pid,
		.uid = current_cred()->uid,
		.value = notice->value,
	};
	struct process *process;

	spin_lock(&process_tree_lock);
	process = process_find_id(&notice->owner);
	if (process && process->uspace && process->uspace->serial == notice->image)
		(void)signal_send_info(process, &info);
	spin_unlock(&process_tree_lock);
}

/* A message has arrived that no receiver waited for: notifies the process that has asked for it, once. */
static void message_came(struct mqueue *mq)
{
	if (mq->notice.owner.pid != 0 && mq->curmsgs == 1) {
		if (mq->notice.how == SIGEV_SIGNAL && mq->notice.sig != 0)
			mqueue_tell(&mq->notice);
		mq->notice.owner.pid = 0;
	}
	waitq_wake_all(&mq->changed);
}

static struct mq_notice notice_for(const struct abi_sigevent *event)
{
	const struct process *self = current_process();

	return (struct mq_notice){
		.owner = { self->pid, self->birth },
		.image = self->uspace->serial,
		.how = event->notify,
		.sig = event->notify == SIGEV_SIGNAL ? event->signo : 0,
		.value = event->value,
	};
}

int mqueue_notify(struct file *file, const struct abi_sigevent *event)
{
	struct mqueue *mq = mqueue_of(file);
	int err = 0;

	mutex_lock(&mq->node.lock);
	if (!event && is_told(mq)) {
		mq->notice.owner.pid = 0;
		mqueue_touch(mq, false);
	} else if (event && mq->notice.owner.pid != 0) {
		err = -EBUSY;
	} else if (event) {
		mq->notice = notice_for(event);
		mqueue_touch(mq, false);
	}
	mutex_unlock(&mq->node.lock);
	return err;
}

/* As on Linux, whichever descriptor of the queue the process closes. */
void mqueue_closed(struct file *file)
{
	struct mqueue *mq = mqueue_of(file);

	mutex_lock(&mq->node.lock);
	if (is_told(mq))
		mq->notice.owner.pid = 0;
	mutex_unlock(&mq->node.lock);
}

/* ---- sending and receiving ---- */

/* By priority of threads, then by age. The walk is as long as there are less urgent threads. */
static void mq_join(struct list *waiters, struct mq_waiter *w)
{
	struct list *at = waiters->prev;

	while (at != waiters && list_entry(at, struct mq_waiter, wait.link)->rank > w->rank)
		at = at->prev;
	list_add(at, &w->wait.link);
}

/* Waits until another thread has carried out the call. Drops the lock, which the caller holds. */
static int mq_await(struct mqueue *mq, struct list *waiters, struct mq_waiter *w,
		    const struct deadline *deadline)
{
	int err;

	mq_join(waiters, w);
	mutex_unlock(&mq->node.lock);
	err = sysv_waiter_sleep(&w->wait, &mq->node.lock, deadline);
	mutex_unlock(&mq->node.lock);
	return err;
}

static struct mq_waiter mq_waiter_of_thread(struct msg_msg *msg)
{
	struct thread *self = current_thread();
	const struct sched_wish wish = { .any = atomic_load_relaxed(&self->wish.any) };

	return (struct mq_waiter){
		.wait.thread = self,
		.msg = msg,
		.rank = priority_rank(&wish),
	};
}

/* Takes the first of the list and ends its wait. NULL: no thread waits. */
static struct mq_waiter *first_waiter(struct list *waiters)
{
	return list_empty(waiters) ? NULL : list_first_entry(waiters, struct mq_waiter, wait.link);
}

/* There is room. */
static void mqueue_send_now(struct mqueue *mq, struct msg_msg *msg)
{
	struct mq_waiter *receiver = first_waiter(&mq->receivers);

	if (receiver) {
		receiver->msg = msg;
		sysv_waiter_finish(&receiver->wait);
	} else {
		mqueue_put(mq, msg);
		message_came(mq);
	}
	mqueue_touch(mq, true);
}

/* There is a message. */
static struct msg_msg *mqueue_receive_now(struct mqueue *mq)
{
	struct msg_msg *msg = mqueue_take(mq);
	struct mq_waiter *sender = first_waiter(&mq->senders);

	if (sender) {
		mqueue_put(mq, sender->msg);
		sysv_waiter_finish(&sender->wait);
	} else {
		waitq_wake_all(&mq->changed);
	}
	mqueue_touch(mq, true);
	return msg;
}

static bool mqueue_nonblock(const struct file *file)
{
	return atomic_load_relaxed(&file->flags) & O_NONBLOCK;
}

int mqueue_send(struct file *file, struct msg_msg *msg, const struct deadline *deadline)
{
	struct mqueue *mq = mqueue_of(file);
	struct mq_waiter w;
	int err = 0;

	mutex_lock(&mq->node.lock);
	if (mq->curmsgs < mq->maxmsg) {
		mqueue_send_now(mq, msg);
	} else if (mqueue_nonblock(file)) {
		err = -EAGAIN;
	} else {
		w = mq_waiter_of_thread(msg);
		return mq_await(mq, &mq->senders, &w, deadline);
	}
	mutex_unlock(&mq->node.lock);
	return err;
}

int mqueue_receive(struct file *file, const struct deadline *deadline, struct msg_msg **msg_ret)
{
	struct mqueue *mq = mqueue_of(file);
	struct mq_waiter w;
	int err = 0;

	mutex_lock(&mq->node.lock);
	if (mq->curmsgs != 0) {
		*msg_ret = mqueue_receive_now(mq);
	} else if (mqueue_nonblock(file)) {
		err = -EAGAIN;
	} else {
		w = mq_waiter_of_thread(NULL);
		err = mq_await(mq, &mq->receivers, &w, deadline);
		if (err == 0)
			*msg_ret = w.msg;
		return err;
	}
	mutex_unlock(&mq->node.lock);
	return err;
}

/* ---- looking ---- */

size_t mqueue_msgsize(const struct file *file)
{
	return mqueue_of(file)->msgsize;
}

void mqueue_attr(struct file *file, const struct abi_mq_attr *set, struct abi_mq_attr *ret)
{
	struct mqueue *mq = mqueue_of(file);

	mutex_lock(&mq->node.lock);
	*ret = (struct abi_mq_attr){
		.flags = file->flags & O_NONBLOCK,
		.maxmsg = (int64_t)mq->maxmsg,
		.msgsize = (int64_t)mq->msgsize,
		.curmsgs = (int64_t)mq->curmsgs,
	};
	if (set && (set->flags & O_NONBLOCK))
		(void)atomic_or(&file->flags, O_NONBLOCK);
	else if (set)
		(void)atomic_and(&file->flags, ~O_NONBLOCK);
	if (set)
		mqueue_touch(mq, false);
	mutex_unlock(&mq->node.lock);
}

ssize_t mqueue_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	struct mqueue *mq = mqueue_of(file);
	struct mq_notice notice;
	char text[80];
	size_t len, n;
	uint64_t bytes;

	mutex_lock(&mq->node.lock);
	bytes = mq->bytes;
	notice = mq->notice;
	mutex_unlock(&mq->node.lock);
	if (notice.owner.pid == 0)
		notice = (struct mq_notice){ 0 };
	len = (size_t)ksnprintf(text, sizeof(text),
				"QSIZE:%-10lu NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n",
				(unsigned long)bytes, notice.how, notice.sig, notice.owner.pid);
	if (*pos >= len)
		return 0;
	n = MIN(to->left, len - *pos);
	if (user_iter_copy_out(to, text + *pos, n) != n)
		return -EFAULT;
	*pos += n;
	mqueue_touch(mq, false);
	return (ssize_t)n;
}

/* As on Linux, one queue of waiters for both directions, and whatever the file was opened for. */
unsigned mqueue_poll(struct file *file, struct poller *poller)
{
	struct mqueue *mq = mqueue_of(file);
	uint64_t curmsgs;

	poll_watch(poller, &mq->changed);
	curmsgs = atomic_load(&mq->curmsgs);
	return (curmsgs != 0 ? POLLIN | POLLRDNORM : 0) |
	       (curmsgs < mq->maxmsg ? POLLOUT | POLLWRNORM : 0);
}
