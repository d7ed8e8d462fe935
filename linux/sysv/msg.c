/* SPDX-License-Identifier: MIT */
/* System V message queues. */
#include "linux/sysv/msg.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/process/cred.h"
#include "linux/sysv/util.h"
#include "proc/process.h"

/*
 * A thread that waits has a struct on its stack, in one of two lists of its queue. A sender gives its message to the
 * oldest receiver that wants it. A receiver puts the messages of waiting senders into the queue, the oldest first. So a
 * sleeper is woken when its call is over. Everything is guarded by the one mutex of all queues.
 */

/* Guarded by the mutex of msg_ids. */
struct msg_queue {
	struct kern_ipc_perm perm; /* first */
	int64_t stime, rtime, ctime;
	uint64_t cbytes, qnum; /* in `messages` */
	uint64_t qbytes;       /* the most bytes, and messages */
	int lspid, lrpid;
	struct list messages; /* of struct msg_msg, the oldest first */
	struct list senders, receivers;
};

/* Which messages a receiver wants. */
enum msg_search { SEARCH_ANY, SEARCH_EQUAL, SEARCH_NOTEQUAL, SEARCH_LESSEQUAL, SEARCH_NUMBER };

struct msg_wish {
	enum msg_search mode;
	int64_t type;	/* or the number of the message */
	size_t maxsize; /* SIZE_MAX: of any size */
};

/* A call that waits; on its thread's stack. */
struct msg_waiter {
	struct ipc_waiter wait;
	int pid;
	struct msg_wish wish; /* of receivers */
	struct msg_msg
		*msg;	/* of senders: what is to be sent. Receivers: what came; NULL: nothing */
	bool removed;	/* with its queue */
	bool again;	/* the queue's mode or size has changed: it looks again */
	bool too_small; /* a message came that is larger than the receiver allows */
};

static struct ipc_ids msg_ids;	     /* has its own lock */
static uint64_t msg_bytes, msg_hdrs; /* in all queues; guarded by the mutex */

/* atomic */
uint64_t sysv_msg_limits[] = { 8192, 16384, 32000 };

static uint64_t msg_limit_of(enum msg_limit limit)
{
	return atomic_load_relaxed(&sysv_msg_limits[limit]);
}

static struct msg_queue *to_msq(struct kern_ipc_perm *perm)
{
	return container_of(perm, struct msg_queue, perm);
}

static void msg_lock(void)
{
	mutex_lock(&msg_ids.mutex);
}

static void msg_unlock(void)
{
	mutex_unlock(&msg_ids.mutex);
}

void sysv_msg_init(void)
{
	sysv_init_ids(&msg_ids);
}

/* ---- queues ---- */

struct msg_msg *sysv_msg_alloc(size_t size)
{
	struct msg_msg *msg = sysv_alloc(sizeof(*msg) + size);

	if (msg)
		msg->size = size;
	return msg;
}

void sysv_msg_free(struct msg_msg *msg)
{
	if (msg)
		sysv_free(msg, sizeof(*msg) + msg->size);
}

static struct kern_ipc_perm *msg_getnew(const struct ipc_params *params, int *err_ret)
{
	struct msg_queue *msq = sysv_alloc(sizeof(*msq));

	(void)params;
	*err_ret = -ENOMEM;
	if (!msq)
		return NULL;
	list_init(&msq->messages);
	list_init(&msq->senders);
	list_init(&msq->receivers);
	msq->qbytes = msg_limit_of(MSG_LIMIT_MNB);
	msq->ctime = sysv_now();
	return &msq->perm;
}

static void msg_discard(struct kern_ipc_perm *perm)
{
	sysv_free(to_msq(perm), sizeof(struct msg_queue));
}

static const struct ipc_ops msg_get_ops = { .getnew = msg_getnew, .discard = msg_discard };

int sysv_msg_get(int32_t key, int flg)
{
	const struct ipc_params params = { .key = key, .flg = flg };

	return sysv_get(&msg_ids, &msg_get_ops, &params, (int)msg_limit_of(MSG_LIMIT_MNI));
}

/* ---- messages in a queue ---- */

static bool msg_fits(const struct msg_queue *msq, const struct msg_msg *msg)
{
	return msq->cbytes + msg->size <= msq->qbytes && msq->qnum + 1 <= msq->qbytes;
}

static void msg_put(struct msg_queue *msq, struct msg_msg *msg)
{
	list_add_tail(&msq->messages, &msg->link);
	msq->cbytes += msg->size;
	msq->qnum++;
	msg_bytes += msg->size;
	msg_hdrs++;
}

static void msg_take(struct msg_queue *msq, struct msg_msg *msg)
{
	list_del(&msg->link);
	msq->cbytes -= msg->size;
	msq->qnum--;
	msg_bytes -= msg->size;
	msg_hdrs--;
}

static bool testmsg(const struct msg_msg *msg, const struct msg_wish *wish)
{
	switch (wish->mode) {
	case SEARCH_EQUAL:
		return msg->type == wish->type;
	case SEARCH_NOTEQUAL:
		return msg->type != wish->type;
	case SEARCH_LESSEQUAL:
		return msg->type <= wish->type;
	default:
		return true;
	}
}

/* Returns the message that a receiver gets: the oldest it wants, or of the lowest type; NULL: there is none. */
static struct msg_msg *find_msg(const struct msg_queue *msq, const struct msg_wish *wish)
{
	struct msg_msg *msg, *lowest = NULL;
	int64_t number = 0;

	list_for_each_entry(msg, &msq->messages, link) {
		if (wish->mode == SEARCH_NUMBER ? number++ != wish->type : !testmsg(msg, wish))
			continue;
		if (wish->mode != SEARCH_LESSEQUAL)
			return msg;
		if (!lowest || msg->type < lowest->type)
			lowest = msg;
	}
	return lowest;
}

/* ---- waiting ---- */

/* Gives the message to a receiver that waits for it. Returns false if there is none. */
static bool pipelined_send(struct msg_queue *msq, struct msg_msg *msg)
{
	struct msg_waiter *w, *next;

	list_for_each_entry_safe(w, next, &msq->receivers, wait.link) {
		if (!testmsg(msg, &w->wish))
			continue;
		w->too_small = msg->size > w->wish.maxsize;
		if (!w->too_small) {
			w->msg = msg;
			msq->lrpid = w->pid;
			msq->rtime = sysv_now();
		}
		sysv_waiter_finish(&w->wait);
		if (w->msg)
			return true;
	}
	return false;
}

/* The message is sent by that process. There is room for it. */
static void send_now(struct msg_queue *msq, struct msg_msg *msg, int pid)
{
	msq->lspid = pid;
	msq->stime = sysv_now();
	if (!pipelined_send(msq, msg))
		msg_put(msq, msg);
}

/* There is more room now. */
static void let_senders_in(struct msg_queue *msq)
{
	struct msg_waiter *w, *next;

	list_for_each_entry_safe(w, next, &msq->senders, wait.link) {
		if (!msg_fits(msq, w->msg))
			continue;
		send_now(msq, w->msg, w->pid);
		sysv_waiter_finish(&w->wait);
	}
}

static struct msg_waiter waiter_of_thread(void)
{
	return (struct msg_waiter){ .wait.thread = current_thread(),
				    .pid = current_process()->pid };
}

/*
 * Waits until another thread has ended the wait. Returns 0; -EAGAIN to look again; -EIDRM; or -EINTR, and the call is made again unless
 * a handler has run.
 */
static int msg_await(struct msg_waiter *w)
{
	int err = sysv_waiter_sleep(&w->wait, &msg_ids.mutex, NULL);

	if (err == 0)
		err = w->removed ? -EIDRM : w->again ? -EAGAIN : 0;
	else
		current_thread()->restart = RESTART_SILENT;
	msg_unlock();
	return err;
}

/* All who wait look again, or learn that the queue is gone. */
static void wake_waiters(struct list *waiters, bool removed)
{
	while (!list_empty(waiters)) {
		struct msg_waiter *w = list_first_entry(waiters, struct msg_waiter, wait.link);

		w->removed = removed;
		w->again = !removed;
		sysv_waiter_finish(&w->wait);
	}
}

/* ---- msgsnd ---- */

/* Returns 0, a negative errno, or 1: the waiter is in the list. Call with the mutex held. */
static int try_send(int id, struct msg_waiter *w, bool wait)
{
	struct kern_ipc_perm *perm = sysv_obtain(&msg_ids, id);
	int err = perm ? sysv_check_perm(perm, 0222) : -EINVAL;

	if (err)
		return err;
	if (msg_fits(to_msq(perm), w->msg)) {
		send_now(to_msq(perm), w->msg, w->pid);
		return 0;
	}
	if (!wait)
		return -EAGAIN;
	list_add_tail(&to_msq(perm)->senders, &w->wait.link);
	return 1;
}

int sysv_msg_send(int id, struct msg_msg *msg, int flg)
{
	struct msg_waiter w = waiter_of_thread();
	bool waited = false;
	int result;

	w.msg = msg;
	for (;;) {
		w.wait.done = 0;
		w.again = false;
		msg_lock();
		result = try_send(id, &w, !(flg & IPC_NOWAIT));
		msg_unlock();
		if (result <= 0)
			return waited && result == -EINVAL ? -EIDRM : result;
		result = msg_await(&w);
		if (result != -EAGAIN)
			return result;
		waited = true;
	}
}

/* ---- msgrcv ---- */

static struct msg_wish wish_for(int64_t type, size_t size, int flg)
{
	struct msg_wish wish = { .maxsize = flg & MSG_NOERROR ? SIZE_MAX : size, .type = type };

	if (flg & MSG_COPY) {
		wish.mode = SEARCH_NUMBER;
	} else if (type == 0) {
		wish.mode = SEARCH_ANY;
	} else if (type < 0) {
		wish.mode = SEARCH_LESSEQUAL;
		wish.type = type == INT64_MIN ? INT64_MAX : -type;
	} else {
		wish.mode = flg & MSG_EXCEPT ? SEARCH_NOTEQUAL : SEARCH_EQUAL;
	}
	return wish;
}

/* Copies the message that a wish names by its number. Returns how long its text is, or a negative errno. */
static int copy_msg(const struct msg_queue *msq, const struct msg_wish *wish, struct msg_msg *copy)
{
	const struct msg_msg *msg = find_msg(msq, wish);

	if (!msg)
		return -ENOMSG;
	if (msg->size > wish->maxsize)
		return -E2BIG;
	if (msg->size > copy->size) /* as on Linux, although MSG_NOERROR was given */
		return -EINVAL;
	copy->type = msg->type;
	memcpy(copy->text, msg->text, msg->size);
	return (int)msg->size;
}

/* Takes the message that w->wish names into w->msg. Returns 0, or a negative errno. */
static int receive_now(struct msg_queue *msq, struct msg_waiter *w)
{
	struct msg_msg *msg = find_msg(msq, &w->wish);

	if (!msg)
		return -ENOMSG;
	if (msg->size > w->wish.maxsize)
		return -E2BIG;
	msg_take(msq, msg);
	w->msg = msg;
	msq->lrpid = w->pid;
	msq->rtime = sysv_now();
	let_senders_in(msq);
	return 0;
}

/* Returns 0, a negative errno, or 1: the waiter is in the list. Call with the mutex held. */
static int try_receive(int id, struct msg_waiter *w, bool wait)
{
	struct kern_ipc_perm *perm = sysv_obtain(&msg_ids, id);
	int err = perm ? sysv_check_perm(perm, 0444) : -EINVAL;

	if (!err)
		err = receive_now(to_msq(perm), w);
	if (err != -ENOMSG || !wait)
		return err;
	list_add_tail(&to_msq(perm)->receivers, &w->wait.link);
	return 1;
}

/* The message with a number, which stays where it is (MSG_COPY). */
static int receive_copy(int id, const struct msg_wish *wish, size_t size, struct msg_msg **msg_ret)
{
	struct msg_msg *copy = sysv_msg_alloc(MIN(size, msg_limit_of(MSG_LIMIT_MAX)));
	struct kern_ipc_perm *perm;
	int result;

	if (!copy)
		return -ENOMEM;
	msg_lock();
	perm = sysv_obtain(&msg_ids, id);
	result = perm ? sysv_check_perm(perm, 0444) : -EINVAL;
	if (!result)
		result = copy_msg(to_msq(perm), wish, copy);
	msg_unlock();
	if (result >= 0)
		*msg_ret = copy;
	else
		sysv_msg_free(copy);
	return result;
}

/* Takes a message once there is one. Returns 0, or a negative errno. */
static int msg_receive_when(int id, struct msg_waiter *w, bool wait)
{
	bool waited = false;

	for (;;) {
		int result;

		w->wait.done = 0;
		w->again = false;
		msg_lock();
		result = try_receive(id, w, wait);
		msg_unlock();
		if (result <= 0)
			return waited && result == -EINVAL ? -EIDRM : result;
		result = msg_await(w);
		if (result != -EAGAIN)
			return w->too_small ? -E2BIG : result;
		waited = true;
	}
}

int sysv_msg_receive(int id, int64_t type, size_t size, int flg, struct msg_msg **msg_ret)
{
	struct msg_waiter w = waiter_of_thread();
	int err;

	w.wish = wish_for(type, size, flg);
	if (flg & MSG_COPY)
		return receive_copy(id, &w.wish, size, msg_ret);
	err = msg_receive_when(id, &w, !(flg & IPC_NOWAIT));
	if (err)
		return err;
	*msg_ret = w.msg;
	return (int)MIN(size, w.msg->size);
}

/* ---- msgctl ---- */

static void msg_fill_ds(const struct msg_queue *msq, struct abi_msqid_ds *ds)
{
	*ds = (struct abi_msqid_ds){
		.stime = msq->stime,
		.rtime = msq->rtime,
		.ctime = msq->ctime,
		.cbytes = msq->cbytes,
		.qnum = msq->qnum,
		.qbytes = msq->qbytes,
		.lspid = msq->lspid,
		.lrpid = msq->lrpid,
	};
	sysv_perm_out(&msq->perm, &ds->perm);
}

int sysv_msg_stat(int id, int cmd, struct abi_msqid_ds *ret)
{
	struct kern_ipc_perm *perm;
	int result;

	msg_lock();
	perm = sysv_obtain_stat(&msg_ids, id, cmd != IPC_STAT, cmd == MSG_STAT_ANY, &result);
	if (perm)
		msg_fill_ds(to_msq(perm), ret);
	msg_unlock();
	return result;
}

/* Threads that wait may have lost the permission to, or may find room. */
static int change_queue(struct msg_queue *msq, const struct abi_msqid_ds *from)
{
	int err;

	if (from->qbytes > msg_limit_of(MSG_LIMIT_MNB) && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	err = sysv_update_perm(&msq->perm, &from->perm);
	if (err)
		return err;
	msq->qbytes = from->qbytes;
	msq->ctime = sysv_now();
	wake_waiters(&msq->receivers, false);
	wake_waiters(&msq->senders, false);
	return 0;
}

int sysv_msg_set(int id, const struct abi_msqid_ds *from)
{
	struct kern_ipc_perm *perm;
	int err;

	msg_lock();
	perm = sysv_obtain_own(&msg_ids, id, &err);
	if (perm)
		err = change_queue(to_msq(perm), from);
	msg_unlock();
	return err;
}

static void freeque(struct msg_queue *msq)
{
	wake_waiters(&msq->receivers, true);
	wake_waiters(&msq->senders, true);
	while (!list_empty(&msq->messages)) {
		struct msg_msg *msg = list_first_entry(&msq->messages, struct msg_msg, link);

		msg_take(msq, msg);
		sysv_msg_free(msg);
	}
	sysv_rmid(&msg_ids, &msq->perm);
	msg_discard(&msq->perm);
}

int sysv_msg_remove(int id)
{
	struct kern_ipc_perm *perm;
	int err;

	msg_lock();
	perm = sysv_obtain_own(&msg_ids, id, &err);
	if (perm)
		freeque(to_msq(perm));
	msg_unlock();
	return err;
}

int sysv_msg_info(bool usage, struct abi_msginfo *ret)
{
	int max;

	msg_lock();
	*ret = (struct abi_msginfo){
		.msgpool = usage ? msg_ids.in_use : 512000,
		.msgmap = usage ? (int32_t)msg_hdrs : 16384,
		.msgmax = (int32_t)msg_limit_of(MSG_LIMIT_MAX),
		.msgmnb = (int32_t)msg_limit_of(MSG_LIMIT_MNB),
		.msgmni = (int32_t)msg_limit_of(MSG_LIMIT_MNI),
		.msgssz = 16,
		.msgtql = usage ? (int32_t)msg_bytes : 16384,
		.msgseg = 0xffff,
	};
	max = sysv_max_index(&msg_ids);
	msg_unlock();
	return max;
}

int sysv_msg_inspect(int index, struct msg_facts *ret)
{
	struct kern_ipc_perm *perm;
	int next = -ENODATA;

	*ret = (struct msg_facts){ 0 };
	msg_lock();
	perm = sysv_next(&msg_ids, index);
	if (perm) {
		msg_fill_ds(to_msq(perm), &ret->ds);
		ret->id = perm->id;
		next = sysv_index(perm->id) + 1;
	}
	msg_unlock();
	return next;
}
