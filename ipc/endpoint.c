/* SPDX-License-Identifier: MIT */
/* Endpoints: the rendezvous of callers and receivers, and the pulses that wait for no answer. */
#include "ipc/call.h"

#include "abi/errno.h"
#include "abi/poll.h"
#include "abi/stat.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "base/hart.h"
#include "base/timerq.h"
#include "desc/anon_file.h"
#include "desc/fdtable.h"
#include "desc/poll.h"
#include "ipc/deadlock.h"
#include "ipc/transfer.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "proc/mem_wait.h"
#include "proc/pid.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "sync/preempt.h"

/*
 * What an endpoint keeps for each hart, so that a call, its receiver and the reply find one another where they all run.
 */
struct at_hart {
	/* guarded by the endpoint's lock: */
	/* Threads that wait to receive and began to on this hart: the last one, if no call has come for it; or NULL. */
	struct receiver *last;
	struct list others; /* struct receiver.link: those that began before, the last one first */
	/* The call that a receiver of this hart has received last, if it is not replied to: not in the tree; or NULL. */
	struct call *newest;
	uint64_t rest_of_line[4]; /* no line is another hart's, too */
};

/* A line of them. */
#define LEASES 8u

struct endpoint {
	struct refcount refs; /* of the receive end and of each send end */
	struct spinlock lock;
	/* guarded by lock; all that each call changes is on one line: */
	bool open; /* the receive end is; read unlocked, too */
	/* True if a pulse or a call is queued; may be true without a reason, but not while a receiver waits. */
	bool pending;
	/*
	 * A table that has `nheld` descriptors of the receive end: as a rule, the table of the thread that received last. NULL: no
	 * such table is known.
	 */
	const struct fdtable *holder;
	uint32_t nheld;
	uint32_t added;	     /* the index of the hart where a receiver began to wait last */
	uint64_t last_rcvid; /* no number is used twice */
	struct tree
		queue; /* struct call.node: not received yet, the highest rank first, then the oldest */
	struct tree received; /* struct call.node: received, not replied to, and no newest one */
	struct list pulses;   /* struct pulse.link: not received yet, oldest first */
	/* The process that has received last; at first, the process that has created the endpoint. */
	struct process_id server;
	int server_tid; /* of the thread that has received or replied last, unless all was fast */
	uint64_t answered_tick; /* when a call was answered last while others were queued */
	struct tree served;	/* struct served_link.node: the open files that the server serves */
	uint64_t last_cookie;
	uint32_t nwaiting;    /* of these, that wait to be taken */
	uint64_t opened_tick; /* when the receive end was made */
	/* Send ends by which the receive end can be made again. */
	uint32_t nkeepers;
	/* Neither a receive end nor a keeper is left; read unlocked, too. */
	bool broken;
	/* A request for a served file took too long, and no receive end was made since; read unlocked, too. */
	bool overdue;
	uint32_t nlingering;   /* closed send ends, until their last pulse; read unlocked, too */
	struct waitq readable; /* woken when something comes that no receiver waits for; own lock */
	struct waitq changed;  /* woken when send_poll() may answer otherwise; own lock */
	/* const: */
	uint64_t ino;
	struct counted counted;
	/* guarded by lock: */
	struct file *receive; /* no reference: valid if `open` */
	/* Ends requests for served files that are not answered in time; armed if `watching`. */
	struct timer watch;
	uint64_t watched_rcvid; /* last_rcvid when it looked last */
	bool watching;
	/* atomic: each is the lease of many numbers */
	uint64_t lease[LEASES];
	/* guarded by lock: */
	/* struct call.link of such requests: those in `queue`, and those in `received`; the oldest first. */
	struct list requests_queued, requests_received;
	uint64_t rest_of_line[2];
	struct at_hart at_hart[]; /* by index; guarded by lock */
};

#ifndef FAULTLINE_HARDENED /* whose blocks do not begin at a line */
_Static_assert(sizeof(struct endpoint) % sizeof(struct at_hart) == 0, "each hart has its line");
#endif

/* A thread that waits for a call or a pulse. The struct is on the thread's stack, as a call is. Guarded by the endpoint's lock. */
struct receiver {
	struct list link;
	struct endpoint *endpoint;
	struct thread *thread;
	struct ipc_words *to;
	uint64_t *badge_to;
	uint64_t rcvid;	     /* 0: a pulse */
	struct sender *gone; /* its last pulse was received: to be freed; set if it is a pulse */
	uint32_t done;	     /* atomic for thread_park(); what has come is read under the lock */
};

/*
 * A closed send end lingers until its last pulse has been received. At most so many of an endpoint
 * may linger, and of all endpoints at most one for each 4 frames of the machine: one of a served file
 * is a fourth of a frame. At the limit no send end is made until the server has received.
 */
#define LINGERING_MAX	   1024
#define FRAMES_OF_LINGERER 4

static uint64_t nlingering_in_all; /* atomic */

uint64_t endpoint_request_ns = 10 * NSEC_PER_SEC; /* const, but for in-kernel tests */

static uint64_t request_ticks(void)
{
	return clock_ns_to_ticks(endpoint_request_ns);
}

static const struct file_ops receive_ops, send_ops;

static void watch(struct timer *timer);

static const char *endpoint_state(const void *endpoint)
{
	return ((const struct endpoint *)endpoint)->open ? "open" : "closed";
}

COUNTED_KIND(endpoint_kind, "endpoint", struct endpoint, endpoint_state);

static const char *sender_state(const void *sender)
{
	return ((const struct sender *)sender)->released ? "closed" : "open";
}

COUNTED_KIND(sender_kind, "send end", struct sender, sender_state);

/*
 * A send end has no count of references. It has one owner: its open file or, after that is closed,
 * its pending pulses.
 */
static const uint32_t one_holder = 1;

static struct endpoint *to_endpoint(const struct file *file)
{
	return file->ops == &receive_ops ? file->node : NULL;
}

static struct sender *to_sender(struct file *file)
{
	return file->ops == &send_ops ? file->node : NULL;
}

struct endpoint *endpoint_of(struct file *end)
{
	return to_endpoint(end) ?: to_sender(end)->endpoint;
}

static void endpoint_put(struct endpoint *endpoint)
{
	if (refcount_put(&endpoint->refs)) {
		timer_cancel(&endpoint->watch);
		counted_end(&endpoint->counted);
		ipc_deadlock_settle();
		kfree(endpoint);
	}
}

/* Of a served file. */
static struct served_link *link_of(struct sender *sender)
{
	return container_of(sender, struct served_link, sender);
}

static void sender_end(struct sender *sender)
{
	counted_end(&sender->counted);
	endpoint_put(sender->endpoint);
}

static void sender_free(struct sender *sender)
{
	sender_end(sender);
	if (sender->badge & IPC_BADGE_SERVED)
		served_link_put(link_of(sender));
	else
		kfree(sender);
}

static struct process_id current_id(void)
{
	const struct process *process = current_process();

	return process ? (struct process_id){ process->pid, process->birth }
		       : (struct process_id){ 0 };
}

/* ---- leases ---- */

static uint64_t last_lease; /* atomic: each that is made has the next number */

static void lease_end(uint64_t *lease)
{
	atomic_store(lease, atomic_add(&last_lease, 1) + 1);
}

static void lease_end_all(struct endpoint *endpoint)
{
	for (unsigned i = 0; i < LEASES; i++)
		lease_end(&endpoint->lease[i]);
}

/* Numbers that follow one another, or are multiples of any number, have different ones. */
static uint64_t *lease_of(struct endpoint *endpoint, uint64_t number)
{
	return &endpoint->lease[(number * 0x9e3779b97f4a7c15) >> 32 & (LEASES - 1)];
}

uint64_t endpoint_lease(struct file *send, uint64_t number)
{
	/* gcc-analyzer-suppress null-dereference ; the file is a send end */
	return atomic_load(lease_of(to_sender(send)->endpoint, number));
}

int endpoint_revoke(struct file *receive, uint64_t number)
{
	struct endpoint *endpoint = to_endpoint(receive);

	if (!endpoint)
		return -EINVAL;
	if (number == IPC_ALL_FILES)
		lease_end_all(endpoint);
	else
		lease_end(lease_of(endpoint, number));
	return 0;
}

/* ---- the ends ---- */

struct file *endpoint_create(void)
{
	struct endpoint *endpoint =
		mem_wait_kzalloc(sizeof(*endpoint) + hart_count * sizeof(endpoint->at_hart[0]));
	struct file *file;

	if (!endpoint)
		return NULL;
	file = file_create(&receive_ops, O_RDWR, endpoint);
	if (!file) {
		kfree(endpoint);
		return NULL;
	}
	refcount_init(&endpoint->refs, 1);
	endpoint->ino = file_next_ino();
	spin_init(&endpoint->lock, LOCK_ENDPOINT);
	endpoint->receive = file;
	endpoint->open = true;
	endpoint->opened_tick = arch_time();
	endpoint->server = current_id();
	list_init(&endpoint->pulses);
	tree_init(&endpoint->queue);
	tree_init(&endpoint->received);
	tree_init(&endpoint->served);
	for (unsigned i = 0; i < hart_count; i++)
		list_init(&endpoint->at_hart[i].others);
	waitq_init(&endpoint->readable);
	waitq_init(&endpoint->changed);
	list_init(&endpoint->requests_queued);
	list_init(&endpoint->requests_received);
	timer_init(&endpoint->watch, watch);
	lease_end_all(endpoint);
	counted_begin(&endpoint_kind, &endpoint->counted, &endpoint->refs.n);
	return file;
}

static bool may_badge(const struct endpoint *endpoint)
{
	return atomic_load_relaxed(&endpoint->nlingering) < LINGERING_MAX &&
	       counter_read(&nlingering_in_all) < page_alloc_total_count() / FRAMES_OF_LINGERER;
}

/* All other fields are 0. */
static void sender_init(struct sender *sender, struct endpoint *endpoint, uint64_t badge,
			bool tells_close)
{
	refcount_get(&endpoint->refs);
	sender->endpoint = endpoint;
	sender->badge = badge;
	sender->tells_close = tells_close;
	sender->notified.code = IPC_PULSE_NOTIFIED;
	sender->closed.code = IPC_PULSE_CLOSED;
	counted_begin(&sender_kind, &sender->counted, &one_holder);
}

int endpoint_badge(struct file *receive, uint64_t badge, bool tells_close, struct file **send_ret)
{
	struct endpoint *endpoint = to_endpoint(receive);
	struct sender *sender;

	if (!endpoint || (badge & IPC_BADGE_SERVED))
		return -EINVAL;
	if (!may_badge(endpoint))
		return -EAGAIN;
	if (file_memory_charge(FILE_BYTES) != 0)
		return -ENFILE;
	sender = mem_wait_kzalloc(sizeof(*sender));
	*send_ret = sender ? file_create(&send_ops, O_RDWR, sender) : NULL;
	file_memory_add(-FILE_BYTES);
	if (!*send_ret) {
		kfree(sender);
		return -ENOMEM;
	}
	sender_init(sender, endpoint, badge, tells_close);
	return 0;
}

void endpoint_keep(struct file *send)
{
	struct sender *sender = to_sender(send);

	spin_lock_irq(&sender->endpoint->lock);
	sender->keeps = true;
	sender->endpoint->nkeepers++;
	spin_unlock_irq(&sender->endpoint->lock);
}

int endpoint_reopen(struct file *keeper, struct file **receive_ret)
{
	struct sender *sender = to_sender(keeper);
	struct endpoint *endpoint;
	struct file *file;
	bool open;

	if (!sender || !sender->keeps)
		return -EINVAL;
	endpoint = sender->endpoint;
	file = file_create(&receive_ops, O_RDWR, endpoint);
	if (!file)
		return -ENOMEM;
	spin_lock_irq(&endpoint->lock);
	open = endpoint->open;
	if (!open) {
		refcount_get(&endpoint->refs);
		endpoint->open = true;
		endpoint->receive = file;
		endpoint->holder = NULL;
		endpoint->nheld = 0;
		endpoint->server = current_id();
		endpoint->answered_tick = endpoint->opened_tick = arch_time();
		endpoint->overdue = false;
	}
	spin_unlock_irq(&endpoint->lock);
	if (open)
		file_discard(file);
	else
		*receive_ret = file;
	return open ? -EBUSY : 0;
}

bool endpoint_may_repeat(struct endpoint *endpoint, bool overdue)
{
	bool kept;

	spin_lock_irq(&endpoint->lock);
	kept = endpoint->nkeepers != 0;
	/* It is not the fault of one that was started a moment ago. */
	overdue = overdue && kept && endpoint->open &&
		  arch_time() - endpoint->opened_tick >= request_ticks();
	endpoint->overdue |= overdue;
	spin_unlock_irq(&endpoint->lock);
	if (overdue)
		waitq_wake_all(&endpoint->changed);
	return kept;
}

/*
 * Something was queued. Whoever polls later takes the lock once it waits, and finds it. Whoever receives it may be yet to come: then
 * who keeps the endpoint learns it.
 */
static void wake_queued(struct endpoint *endpoint)
{
	if (waitq_is_waited_for(&endpoint->readable))
		waitq_wake_all(&endpoint->readable);
	if (unlikely(!atomic_load_relaxed(&endpoint->open)))
		waitq_wake_all(&endpoint->changed);
}

/* This hart's. Call with interrupts off. */
static inline struct at_hart *at_this_hart(struct endpoint *endpoint)
{
	return &endpoint->at_hart[hart_this()->index];
}

/* That of the hart on which the receiver waits, as a rule. */
static struct at_hart *at_hart_of(struct endpoint *endpoint, const struct receiver *receiver)
{
	return &endpoint->at_hart[atomic_load_relaxed(&receiver->thread->arch.hart)->index];
}

/*
 * ---- received calls ----
 *
 * Most servers answer a call before they receive another one. Then the call is never in the tree.
 */

/* Where the call is the newest one; NULL: it is in the tree, or not received. */
static __attribute__((noinline)) struct at_hart *newest_at_locked(struct endpoint *endpoint,
								  const struct call *call)
{
	assert_hardened(spin_lock_held(&endpoint->lock));
	for (unsigned i = 0; i < hart_count; i++)
		if (endpoint->at_hart[i].newest == call)
			return &endpoint->at_hart[i];
	return NULL;
}

static __attribute__((noinline)) struct call *find_slowly_locked(struct endpoint *endpoint,
								 uint64_t rcvid)
{
	struct tree_node *node = endpoint->received.root;

	assert_hardened(spin_lock_held(&endpoint->lock));
	for (unsigned i = 0; i < hart_count; i++) {
		struct call *newest = endpoint->at_hart[i].newest;

		if (newest && newest->rcvid == rcvid)
			return newest;
	}
	while (node) {
		struct call *call = tree_entry(node, struct call, node);

		if (call->rcvid == rcvid)
			return call;
		node = node->child[rcvid > call->rcvid];
	}
	return NULL;
}

static inline struct call *call_find_locked(struct endpoint *endpoint, uint64_t rcvid)
{
	struct call *newest = at_this_hart(endpoint)->newest;

	assert_hardened(spin_lock_held(&endpoint->lock));
	return likely(newest && newest->rcvid == rcvid) ? newest
							: find_slowly_locked(endpoint, rcvid);
}

/* Is it made for a served file? */
static inline bool is_request(const struct call *call)
{
	return call->badge & IPC_BADGE_SERVED;
}

/* Moves the newest call of a hart into the tree, to make room for another one. */
static __attribute__((noinline)) void insert_newest_locked(struct endpoint *endpoint,
							   struct at_hart *at)
{
	struct tree_node *parent = NULL, **place = &endpoint->received.root;
	struct call *call = at->newest;

	assert_hardened(spin_lock_held(&endpoint->lock));
	while (*place) {
		parent = *place;
		place = &parent->child[call->rcvid > tree_entry(parent, struct call, node)->rcvid];
	}
	tree_insert(&endpoint->received, &call->node, parent, place);
	at->newest = NULL;
	if (unlikely(is_request(call)))
		list_add_tail(&endpoint->requests_received, &call->link);
}

/* From the queue, or from those that were received. */
static void call_erase_locked(struct tree *from, struct call *call)
{
	assert_hardened(spin_lock_held(&call->endpoint->lock));
	tree_erase(from, &call->node);
	if (is_request(call))
		list_del(&call->link);
}

static void erase_locked(struct endpoint *endpoint, struct call *call)
{
	struct at_hart *at = at_this_hart(endpoint);

	assert_hardened(spin_lock_held(&endpoint->lock));
	if (likely(at->newest == call) || (at = newest_at_locked(endpoint, call)))
		at->newest = NULL;
	else
		call_erase_locked(&endpoint->received, call);
}

/* ---- priorities ---- */

/* Call with the endpoint's lock held. */
static void lend_locked(struct call *call, struct thread *borrower)
{
	assert_hardened(spin_lock_held(&call->endpoint->lock));
	if (call->thread)
		loan_begin(&call->loan, call->thread, borrower);
	else
		loan_begin_alone(&call->loan, borrower);
	call->lends = true;
}

/* What the caller runs as or, if the kernel is the caller, what the thread ran as that had it make the call. */
static inline struct sched_wish caller_runs_as(const struct call *call)
{
	return (struct sched_wish){ .any = call->thread ? call->thread->runs_as.any
							: call->loan.any };
}

/* NULL: there is nobody to lend to. */
static void lend_if_higher_locked(struct call *call, struct thread *borrower)
{
	assert_hardened(spin_lock_held(&call->endpoint->lock));
	if (borrower && wish_rank(caller_runs_as(call)) > wish_rank(borrower->wish))
		lend_locked(call, borrower);
}

static void unlend_locked(struct call *call)
{
	assert_hardened(spin_lock_held(&call->endpoint->lock));
	loan_end(&call->loan);
	call->lends = false;
}

/* The call is about to be received: its receiver runs as the caller does, if that goes before what it asked for. */
static __attribute__((noinline, cold)) void lend_to_receiver_locked(struct call *call,
								    struct thread *receiver)
{
	assert_hardened(spin_lock_held(&call->endpoint->lock));
	if (call->lends)
		unlend_locked(call);
	lend_if_higher_locked(call, receiver);
}

/* Does the receiver of a call have to run otherwise than it asked for? Most threads have asked for nothing. */
static inline bool differs(const struct thread *caller, const struct thread *receiver)
{
	return caller->runs_as.any != receiver->wish.any;
}

static void queue_locked(struct endpoint *endpoint, struct call *call)
{
	struct tree_node **link = &endpoint->queue.root, *parent = NULL;

	assert_hardened(spin_lock_held(&endpoint->lock));
	call->rank = wish_rank(caller_runs_as(call));
	while (*link) {
		parent = *link;
		link = &parent->child[tree_entry(parent, struct call, node)->rank >= call->rank];
	}
	tree_insert(&endpoint->queue, &call->node, parent, link);
}

static struct call *first_queued_locked(const struct endpoint *endpoint)
{
	assert_hardened(spin_lock_held(&endpoint->lock));
	return tree_entry_or_null(tree_first(&endpoint->queue), struct call, node);
}

/* The thread of that number, if it lives and is not the running one, or NULL. */
static struct thread *find_server(int tid)
{
	struct thread *thread = thread_find(tid);

	assert_hardened(spin_lock_held(&process_tree_lock));
	return thread && thread != current_thread() && !sched_has_ended(thread) ? thread : NULL;
}

/* So many of the received calls are looked at for the thread that a queued call lends to, beside the newest ones. */
#define SERVERS_LOOKED_AT 16

/* The thread of the lowest rank that works on a call; else the one that is to receive next, as a rule; or NULL. */
static struct thread *lowest_server_locked(const struct endpoint *endpoint)
{
	struct tree_node *node = tree_last(&endpoint->received);
	struct thread *lowest = NULL;

	assert_hardened(spin_lock_held(&endpoint->lock));
	for (unsigned i = 0; i < hart_count + SERVERS_LOOKED_AT; i++) {
		const struct call *call = i < hart_count
						  ? endpoint->at_hart[i].newest
						  : tree_entry_or_null(node, struct call, node);
		struct thread *thread = call ? find_server(call->server_tid) : NULL;

		if (thread && (!lowest || thread_rank(thread) < thread_rank(lowest)))
			lowest = thread;
		if (i >= hart_count && node)
			node = tree_prev(node);
	}
	return lowest ?: find_server(endpoint->server_tid);
}

/*
 * The running thread waits for the end of its call. It lends to the thread that works on the call or, while the call is queued, to
 * a thread that works on another call. A queued call goes to the place of the caller's present rank.
 */
static __attribute__((noinline, cold)) void lend_or_move(struct call *call)
{
	struct endpoint *endpoint = call->endpoint;
	struct thread *borrower = NULL;

	spin_lock(&process_tree_lock);
	spin_lock_irq(&endpoint->lock);
	if (call->state == CALL_QUEUED && call->rank != thread_rank(call->thread)) {
		tree_erase(&endpoint->queue, &call->node);
		queue_locked(endpoint, call);
	}
	if (call->state != CALL_DONE && !(call->lends && loan_is_lent(&call->loan)))
		borrower = call->state == CALL_QUEUED ? lowest_server_locked(endpoint)
						      : find_server(call->server_tid);
	lend_if_higher_locked(call, borrower);
	spin_unlock_irq(&endpoint->lock);
	spin_unlock(&process_tree_lock);
}

/* ---- what a receiver gets ---- */

/* Hands the call to the receiver: copies the words, and gives the call the next rcvid. It is the newest one at `at`. */
static inline void receive_call_locked(struct endpoint *endpoint, struct at_hart *at,
				       struct call *call, struct receiver *receiver)
{
	const struct ipc_words *words = call->words;
	uint64_t badge = call->badge, rcvid = endpoint->last_rcvid + 1;

	assert_hardened(spin_lock_held(&endpoint->lock));
	assert_hardened(!at->newest);
	endpoint->last_rcvid = rcvid;
	call->rcvid = rcvid;
	call->state = CALL_RECEIVED;
	call->server_tid = receiver->thread->tid;
	*receiver->to = *words;
	*receiver->badge_to = badge;
	receiver->rcvid = rcvid;
	at->newest = call;
}

/* Receives any call, a program's or the kernel's, whether or not there is a newest one. */
static void receive_next_locked(struct endpoint *endpoint, struct call *call,
				struct receiver *receiver)
{
	struct at_hart *at = at_hart_of(endpoint, receiver);

	assert_hardened(spin_lock_held(&endpoint->lock));
	if (unlikely(at->newest != NULL))
		insert_newest_locked(endpoint, at);
	if (unlikely(call->lends || caller_runs_as(call).any != receiver->thread->wish.any))
		lend_to_receiver_locked(call, receiver->thread);
	receive_call_locked(endpoint, at, call, receiver);
	call->received_tick = arch_time();
}

/* Returns the send end that owns the pulse, or NULL if a call owns it. */
static struct sender *pulse_sender(struct pulse *pulse)
{
	switch (pulse->code) {
	case IPC_PULSE_NOTIFIED:
		return list_entry(pulse, struct sender, notified);
	case IPC_PULSE_CLOSED:
		return list_entry(pulse, struct sender, closed);
	default:
		return NULL;
	}
}

static void count_lingering_locked(struct endpoint *endpoint, int n)
{
	assert_hardened(spin_lock_held(&endpoint->lock));
	endpoint->nlingering += (uint32_t)n;
	counter_add(&nlingering_in_all, (uint64_t)n);
}

/*
 * The pulse is not pending any more. If it was the last one of a closed send end, returns that send
 * end, which the caller frees; else NULL.
 */
static struct sender *pulse_gone_locked(struct endpoint *endpoint, struct pulse *pulse)
{
	struct sender *sender = pulse_sender(pulse);

	assert_hardened(spin_lock_held(&endpoint->lock));
	if (!sender || !sender->released || sender->notified.pending || sender->closed.pending)
		return NULL;
	count_lingering_locked(endpoint, -1);
	return sender;
}

static void receive_pulse_locked(struct endpoint *endpoint, struct pulse *pulse,
				 struct receiver *receiver)
{
	struct sender *sender = pulse_sender(pulse);

	assert_hardened(spin_lock_held(&endpoint->lock));
	*receiver->to = (struct ipc_words){ { pulse->code, pulse->value } };
	*receiver->badge_to = sender ? sender->badge
				     : list_entry(pulse, struct call, unblock)->badge;
	receiver->rcvid = 0;
	receiver->gone = pulse_gone_locked(endpoint, pulse);
	pulse->value = 0;
}

/* ---- threads that wait ---- */

static inline void add_receiver_locked(struct endpoint *endpoint, struct at_hart *here,
				       struct receiver *receiver)
{
	assert_hardened(spin_lock_held(&endpoint->lock));
	assert_hardened(!endpoint->pending);
	if (unlikely(here->last != NULL))
		list_add(&here->others, &here->last->link);
	here->last = receiver;
	endpoint->added = hart_this()->index;
}

/* The receiver that began to wait last, or NULL. */
static struct receiver *receiver_last(const struct at_hart *at)
{
	if (at->last || list_empty(&at->others))
		return at->last;
	return list_first_entry(&at->others, struct receiver, link);
}

/* The receiver that began to wait first, or NULL. */
static struct receiver *receiver_first(const struct at_hart *at)
{
	if (list_empty(&at->others))
		return at->last;
	return list_last_entry(&at->others, struct receiver, link);
}

static void remove_receiver_locked(struct endpoint *endpoint, struct receiver *receiver)
{
	assert_hardened(spin_lock_held(&endpoint->lock));
	for (unsigned i = 0; i < hart_count; i++)
		if (endpoint->at_hart[i].last == receiver) {
			endpoint->at_hart[i].last = NULL;
			return;
		}
	list_del(&receiver->link);
}

/* Whether the hart runs nothing. It may change at any time. */
static bool hart_idles(const struct hart *hart)
{
	return atomic_load_relaxed(&hart->current) == hart->idle;
}

/* When its thread left its hart, which is when it began to wait, unless it has been woken since for nothing. */
static uint64_t waiting_since(const struct receiver *receiver)
{
	return atomic_load_relaxed(&receiver->thread->left_tick);
}

/* Returns a receiver, or NULL, when the last one of this hart has a call already: see pop_receiver_locked(). */
static __attribute__((noinline)) struct receiver *find_receiver_locked(struct endpoint *endpoint)
{
	struct receiver *longest = NULL, *here = receiver_last(at_this_hart(endpoint));

	assert_hardened(spin_lock_held(&endpoint->lock));
	if (here)
		return here;
	if (hart_idles(&harts[endpoint->added]) && endpoint->at_hart[endpoint->added].last)
		return endpoint->at_hart[endpoint->added].last;
	for (unsigned i = 0; i < hart_count; i++) {
		struct receiver *first = receiver_first(&endpoint->at_hart[i]);

		if (!first)
			continue;
		if (hart_idles(&harts[i]))
			return receiver_last(&endpoint->at_hart[i]);
		if (!longest || waiting_since(first) < waiting_since(longest))
			longest = first;
	}
	return longest;
}

/*
 * Removes and returns the receiver for a call or a pulse from this hart, or NULL. Of those that wait here, whose memory is
 * warm, it is the last one; else the last one of an idle hart; else the one of all that has waited longest. Its thread may run
 * on as soon as the lock is released.
 */
static inline struct receiver *pop_receiver_locked(struct endpoint *endpoint)
{
	struct at_hart *here = at_this_hart(endpoint);
	struct receiver *receiver = here->last;

	assert_hardened(spin_lock_held(&endpoint->lock));
	here->last = NULL;
	if (likely(receiver != NULL))
		return receiver;
	if (endpoint->pending)
		return NULL;
	receiver = find_receiver_locked(endpoint);
	if (receiver)
		remove_receiver_locked(endpoint, receiver);
	return receiver;
}

/* Hands the pulse to a waiting receiver, or queues it. Returns true if this call queued it. */
static bool post_locked(struct endpoint *endpoint, struct pulse *pulse)
{
	struct receiver *receiver;

	assert_hardened(spin_lock_held(&endpoint->lock));
	if (pulse->pending)
		return false;
	receiver = pop_receiver_locked(endpoint);
	if (receiver) {
		receive_pulse_locked(endpoint, pulse, receiver);
		atomic_store(&receiver->done, 1);
		thread_wake(receiver->thread);
		return false;
	}
	pulse->pending = true;
	endpoint->pending = true;
	list_add_tail(&endpoint->pulses, &pulse->link);
	return true;
}

static void unpost_locked(struct endpoint *endpoint, struct pulse *pulse)
{
	assert_hardened(spin_lock_held(&endpoint->lock));
	if (!pulse->pending)
		return;
	list_del(&pulse->link);
	pulse->pending = false;
}

/* ---- calls ---- */

/* Removes a call from the queue, from `newest` or from the tree. */
static void call_take_out_locked(struct endpoint *endpoint, struct call *call)
{
	assert_hardened(spin_lock_held(&endpoint->lock));
	if (call->state == CALL_QUEUED)
		call_erase_locked(&endpoint->queue, call);
	else
		erase_locked(endpoint, call);
	if (unlikely(call->lends))
		unlend_locked(call);
	if (unlikely(call->signalled))
		unpost_locked(endpoint, &call->unblock);
	call->state = CALL_DONE;
}

/*
 * Ends a call. A thread's call is on its stack, so the memory may be reused as soon as the lock is
 * released. Returns the call if it is the kernel's, for unlock_and_tell(); else NULL.
 */
static struct call *call_end_locked(struct endpoint *endpoint, struct call *call, int result,
				    bool hand_over)
{
	struct thread *thread = call->thread;

	assert_hardened(spin_lock_held(&endpoint->lock));
	call_take_out_locked(endpoint, call);
	call->result = result;
	if (unlikely(!thread))
		return call;
	atomic_store(&thread->waits_for, NULL);
	atomic_store(&call->done, 1);
	if (hand_over)
		sched_hand_over(thread);
	else
		thread_wake(thread);
	return NULL;
}

/*
 * A thread that holds the call copies a few pages at most, with preemption off. So on one hart no
 * call is ever found held here.
 */
static void wait_for_holders_locked(struct endpoint *endpoint, const struct call *call,
				    unsigned long *flags)
{
	assert_hardened(spin_lock_held(&endpoint->lock));
	while (unlikely(call->holds != 0)) {
		spin_unlock_irqrestore(&endpoint->lock, *flags);
		spin_pause();
		*flags = spin_lock_irqsave(&endpoint->lock);
	}
}

/* Releases the lock. If `kernel` is not NULL, then calls its ended(). */
static void unlock_and_tell(struct endpoint *endpoint, struct call *kernel, unsigned long flags)
{
	if (unlikely(kernel != NULL))
		wait_for_holders_locked(endpoint, kernel, &flags);
	spin_unlock_irqrestore(&endpoint->lock, flags);
	if (unlikely(kernel != NULL))
		kernel->ended(kernel, kernel->result);
}

/* Hands the call to a waiting receiver, or queues it. Returns true if it was queued. */
static bool begin_locked(struct endpoint *endpoint, struct call *call)
{
	struct receiver *receiver;

	assert_hardened(spin_lock_held(&endpoint->lock));
	receiver = pop_receiver_locked(endpoint);
	if (!receiver) {
		call->state = CALL_QUEUED;
		endpoint->pending = true;
		queue_locked(endpoint, call);
		if (is_request(call)) {
			call->queued_tick = arch_time();
			list_add_tail(&endpoint->requests_queued, &call->link);
		}
		return true;
	}
	receive_next_locked(endpoint, call, receiver);
	atomic_store(&receiver->done, 1);
	sched_hand_over(receiver->thread);
	return false;
}

/*
 * Handles a signal for the caller of a received call. The call goes on, because the server already
 * works on it. The server gets IPC_PULSE_UNBLOCK, so that it can stop the work and reply. Returns
 * true if the pulse was queued.
 */
static bool interrupt_locked(struct endpoint *endpoint, struct call *call)
{
	struct at_hart *at = newest_at_locked(endpoint, call);

	assert_hardened(spin_lock_held(&endpoint->lock));
	if (at)
		insert_newest_locked(endpoint, at);
	call->signalled = true;
	call->unblock = (struct pulse){ .code = IPC_PULSE_UNBLOCK, .value = call->rcvid };
	return post_locked(endpoint, &call->unblock);
}

/* When the server has received the call; or, while the call is queued, has answered another one. */
static uint64_t advanced_tick_locked(const struct endpoint *endpoint, const struct call *call)
{
	assert_hardened(spin_lock_held(&endpoint->lock));
	return call->state == CALL_RECEIVED ? call->received_tick : endpoint->answered_tick;
}

/* Sleeps as thread_park(). Meanwhile a caller of more than usual rank lends to a thread of the server. */
static int park_and_lend(struct call *call, bool interruptible, uint64_t deadline)
{
	struct thread *thread = current_thread();
	bool outer = loan_watch(thread);
	int err;

	if (unlikely(thread_rank(thread) > WEIGHT_USUAL))
		lend_or_move(call);
	for (;;) {
		err = thread_park_again(&call->done, interruptible, deadline, &thread->must_lend);
		if (likely(err != -ETIMEDOUT || !atomic_load(&thread->must_lend)))
			break;
		loan_watch_again(thread);
		loan_pass_on();
		lend_or_move(call);
	}
	loan_watch_end(thread, outer);
	return err;
}

/*
 * Waits for the end of the call. A signal ends the wait if the call has not been received yet. The
 * state of the call is read under the lock only, because a reply may arrive at any other moment.
 * `timeout` is that of endpoint_call_killable(), and the deadline the first that follows from it; or 0: the deadline stays.
 */
static __attribute__((noinline)) int wait_for_end(struct call *call, bool interruptible,
						  uint64_t deadline, uint64_t timeout)
{
	struct endpoint *endpoint = call->endpoint;
	uint64_t advanced;
	bool ended, queued;
	unsigned long flags;
	int err;

	do {
		err = park_and_lend(call, interruptible, deadline);
		flags = spin_lock_irqsave(&endpoint->lock);
		interruptible = false;
		ended = true;
		queued = false;
		if (likely(call->state == CALL_DONE)) {
			err = call->result;
		} else if (err == -EINTR && call->state == CALL_RECEIVED && !current_killed()) {
			queued = interrupt_locked(endpoint, call);
			ended = false;
		} else if (err == -ETIMEDOUT && timeout != 0 &&
			   (advanced = advanced_tick_locked(endpoint, call)) > deadline - timeout) {
			deadline = advanced + timeout;
			ended = false;
		} else {
			if (call->transfer)
				call->transfer->abandoned = call->state == CALL_RECEIVED;
			call_take_out_locked(endpoint, call);
		}
		if (ended)
			wait_for_holders_locked(endpoint, call, &flags);
		spin_unlock_irqrestore(&endpoint->lock, flags);
		if (unlikely(queued))
			wake_queued(endpoint);
	} while (unlikely(!ended));
	return err;
}

static inline void call_init(struct call *call, struct endpoint *endpoint,
			     const struct sender *sender, struct thread *thread)
{
	call->endpoint = endpoint;
	call->thread = thread;
	call->badge = sender->badge;
	call->done = 0;
	call->holds = 0;
	call->signalled = false;
	call->lends = false;
}

static inline void thread_call_init(struct call *call, struct endpoint *endpoint,
				    const struct sender *sender, struct ipc_words *words,
				    struct transfer *transfer)
{
	call_init(call, endpoint, sender, current_thread());
	call->words = words;
	call->transfer = transfer;
}

/*
 * A queued call waits for a tick, and for further ones while many others are looked at. Then it ends if only its own caller
 * could answer it, which returns true. The answer, a signal or the end of the receive end may end the wait before; then, as
 * after it, wait_for_end() finds that.
 */
static bool refuse_ring(struct call *call, bool interruptible, uint64_t deadline)
{
	struct endpoint *endpoint = call->endpoint;
	unsigned long flags;
	uint64_t tick;
	bool refused;

	do {
		tick = clock_deadline_in(NSEC_PER_SEC / 1000 * SLICE_MS);
		if (deadline <= tick || park_and_lend(call, interruptible, tick) != -ETIMEDOUT)
			return false;
	} while (!ipc_deadlock_may_look());
	if (!ipc_deadlocks(endpoint))
		return false;
	flags = spin_lock_irqsave(&endpoint->lock);
	refused = call->state == CALL_QUEUED;
	if (refused)
		call_take_out_locked(endpoint, call);
	spin_unlock_irqrestore(&endpoint->lock, flags);
	return refused;
}

static void watch_begin_locked(struct endpoint *endpoint)
{
	assert_hardened(spin_lock_held(&endpoint->lock));
	endpoint->watching = true;
	endpoint->watched_rcvid = endpoint->last_rcvid;
	timer_arm(&endpoint->watch, arch_time() + request_ticks());
}

/* The general way of a call: it may be queued, have a deadline, or find other calls received. */
static __attribute__((noinline)) int call_slowly(struct sender *sender, struct ipc_words *words,
						 struct transfer *transfer, bool interruptible,
						 uint64_t deadline, uint64_t timeout)
{
	bool may_refuse = !interruptible || deadline == UINT64_MAX;
	struct endpoint *endpoint = sender->endpoint;
	struct call call;
	bool queued;

	thread_call_init(&call, endpoint, sender, words, transfer);
	spin_lock_irq(&endpoint->lock);
	if (endpoint->broken) {
		spin_unlock_irq(&endpoint->lock);
		return -EPIPE;
	}
	if (is_request(&call) && !endpoint->watching)
		watch_begin_locked(endpoint);
	queued = begin_locked(endpoint, &call);
	spin_unlock_irq(&endpoint->lock);
	if (queued) {
		wake_queued(endpoint);
		if (may_refuse && ipc_may_deadlock() && refuse_ring(&call, interruptible, deadline))
			return -EDEADLK;
	}
	return wait_for_end(&call, interruptible, deadline, timeout);
}

/*
 * Makes the call, but returns -EDEADLK, a tick later, if only the caller itself could answer it. A program's call with a
 * deadline is not refused, because it ends by itself.
 */
static int call_if_answered(struct sender *sender, struct ipc_words *words,
			    struct transfer *transfer, bool interruptible, uint64_t deadline,
			    uint64_t timeout)
{
	struct thread *thread = current_thread();
	int err;

	thread->ncalls++;
	if (deadline == UINT64_MAX)
		atomic_store(&thread->waits_for, sender->endpoint);
	err = call_slowly(sender, words, transfer, interruptible, deadline, timeout);
	atomic_store(&thread->waits_for, NULL);
	return err;
}

/* This thread was not switched over to by the thread that answered its call. Called with interrupts off, and turns them on. */
static __attribute__((noinline)) int64_t end_call(struct call *call)
{
	bool ended;

	spin_lock_irqoff(&call->endpoint->lock);
	ended = call->done && call->holds == 0;
	spin_unlock_irq(&call->endpoint->lock);
	if (ended)
		return call->result;
	call->result = wait_for_end(call, !is_request(call), UINT64_MAX, 0);
	current_thread()->waits_for = NULL;
	return call->result;
}

/*
 * The call of a receiver that was taken off those that wait. It runs at once; usually this thread runs again only when the
 * call has been answered. Releases the lock. An endpoint with waiting receivers is open, so that is not checked.
 */
static inline __attribute__((always_inline)) int64_t
call_receiver_locked(struct endpoint *endpoint, struct at_hart *at, const struct sender *sender,
		     struct receiver *receiver, struct ipc_words *words, struct transfer *transfer,
		     bool may_lend)
{
	struct call call;

	assert_hardened(spin_lock_held(&endpoint->lock));
	thread_call_init(&call, endpoint, sender, words, transfer);
	if (may_lend && differs(current_thread(), receiver->thread))
		lend_to_receiver_locked(&call, receiver->thread);
	receive_call_locked(endpoint, at, &call, receiver);
	receiver->done = 1; /* no release: see endpoint_reply_receive() */
	current_thread()->waits_for = endpoint;
	if (unlikely(!sched_switch_over(receiver->thread, &endpoint->lock)))
		return end_call(&call);
	assert_hardened(call.done && call.holds == 0 && call.result == 0);
	irq_enable();
	preempt_point();
	return 0;
}

/* A call for which no receiver waits on this hart, or which has another reason to go the general way. Releases the lock. */
static __attribute__((noinline)) int64_t call_otherwise_locked(struct sender *sender,
							       struct ipc_words *words,
							       struct transfer *transfer,
							       uint64_t deadline)
{
	struct endpoint *endpoint = sender->endpoint;
	struct receiver *receiver = NULL;

	assert_hardened(spin_lock_held(&endpoint->lock));
	if (deadline == UINT64_MAX)
		receiver = pop_receiver_locked(endpoint);
	if (receiver) {
		struct at_hart *at = at_hart_of(endpoint, receiver);

		if (at->newest)
			insert_newest_locked(endpoint, at);
		return call_receiver_locked(endpoint, at, sender, receiver, words, transfer, true);
	}
	spin_unlock_irq(&endpoint->lock);
	return call_if_answered(sender, words, transfer, true, deadline, 0);
}

/*
 * The fast way is for a call without a deadline, when a receiver waits on this hart and has no other call to answer. All other
 * ways are tail calls: so only the fast way has a frame, and nothing of it is in registers that are saved on entry.
 */
int64_t endpoint_call(struct file *send, struct ipc_words *words, struct transfer *transfer,
		      uint64_t deadline)
{
	struct sender *sender = send->node;
	struct endpoint *endpoint;
	struct at_hart *here;
	struct receiver *receiver;

	if (unlikely(send->ops != &send_ops))
		return -EINVAL;
	endpoint = sender->endpoint;
	spin_lock_irq(&endpoint->lock);
	here = at_this_hart(endpoint);
	receiver = here->last;
	if (unlikely(deadline != UINT64_MAX || here->newest || !receiver ||
		     differs(current_thread(), receiver->thread)))
		return call_otherwise_locked(sender, words, transfer, deadline);
	here->last = NULL;
	return call_receiver_locked(endpoint, here, sender, receiver, words, transfer, false);
}

int endpoint_call_killable(struct file *send, struct ipc_words *words, struct transfer *transfer,
			   uint64_t timeout)
{
	struct sender *sender = to_sender(send);
	uint64_t deadline = timeout == UINT64_MAX ? UINT64_MAX : arch_time() + timeout;

	return sender ? call_if_answered(sender, words, transfer, false, deadline, timeout)
		      : -EINVAL;
}

static struct call *first_request(const struct list *requests)
{
	return list_empty(requests) ? NULL : list_first_entry(requests, struct call, link);
}

/*
 * Returns a request that ends now, or NULL: one that was received before the last look; or one that waits to be received for so
 * long, in which none was answered.
 */
static struct call *overdue_locked(const struct endpoint *endpoint)
{
	struct call *call;

	assert_hardened(spin_lock_held(&endpoint->lock));
	for (unsigned i = 0; i < hart_count; i++) {
		call = endpoint->at_hart[i].newest;
		if (call && is_request(call) && call->rcvid <= endpoint->watched_rcvid)
			return call;
	}
	call = first_request(&endpoint->requests_received);
	if (call && call->rcvid <= endpoint->watched_rcvid)
		return call;
	call = first_request(&endpoint->requests_queued);
	if (call &&
	    MAX(call->queued_tick, endpoint->answered_tick) + request_ticks() <= arch_time())
		return call;
	return NULL;
}

/*
 * A request arms no timer. Instead here is a look at all of them, each time-out. One is ended in an interrupt: there may be many.
 * Two looks in which nothing was received, and nothing waits for it, are the last ones.
 */
static void watch(struct timer *timer)
{
	struct endpoint *endpoint = container_of(timer, struct endpoint, watch);
	unsigned long flags = spin_lock_irqsave(&endpoint->lock);
	struct call *call = overdue_locked(endpoint);

	if (call) {
		if (call->transfer)
			call->transfer->abandoned = call->state == CALL_RECEIVED;
		(void)call_end_locked(endpoint, call, -ETIMEDOUT, false);
		timer_arm(&endpoint->watch, arch_time());
	} else if (endpoint->last_rcvid != endpoint->watched_rcvid ||
		   !list_empty(&endpoint->requests_queued)) {
		watch_begin_locked(endpoint);
	} else {
		endpoint->watching = false;
	}
	spin_unlock_irqrestore(&endpoint->lock, flags);
}

/* As endpoint_call() in its fast way. */
int endpoint_call_served(struct served_link *link, struct ipc_words *words,
			 struct transfer *transfer)
{
	struct sender *sender = &link->sender;
	struct endpoint *endpoint = sender->endpoint;
	struct at_hart *here;
	struct receiver *receiver;

	spin_lock_irq(&endpoint->lock);
	here = at_this_hart(endpoint);
	receiver = here->last;
	if (unlikely(here->newest || !receiver || !endpoint->watching ||
		     differs(current_thread(), receiver->thread))) {
		spin_unlock_irq(&endpoint->lock);
		return call_if_answered(sender, words, transfer, false, UINT64_MAX, 0);
	}
	here->last = NULL;
	return (int)call_receiver_locked(endpoint, here, sender, receiver, words, transfer, false);
}

/* Does a thread wait to receive? It is not the running thread, which is not waiting. */
static bool has_receiver(struct endpoint *endpoint)
{
	unsigned long flags = spin_lock_irqsave(&endpoint->lock);
	bool has = find_receiver_locked(endpoint) != NULL;

	spin_unlock_irqrestore(&endpoint->lock, flags);
	return has;
}

bool call_deadlocks(struct file *send)
{
	struct endpoint *endpoint = to_sender(send)->endpoint;

	return ipc_may_deadlock() && !has_receiver(endpoint) && ipc_deadlocks(endpoint);
}

void call_start(struct file *send, struct call *call)
{
	struct sender *sender = to_sender(send);
	struct endpoint *endpoint = sender->endpoint;
	bool lends = thread_rank(current_thread()) > WEIGHT_USUAL;
	unsigned long flags;
	bool queued, open;

	call_init(call, endpoint, sender, NULL);
	call->loan.any = current_thread()->runs_as.any;
	refcount_get(&endpoint->refs);
	if (unlikely(lends))
		spin_lock(&process_tree_lock);
	flags = spin_lock_irqsave(&endpoint->lock);
	open = !endpoint->broken;
	queued = open && begin_locked(endpoint, call);
	if (unlikely(queued && lends))
		lend_if_higher_locked(call, lowest_server_locked(endpoint));
	spin_unlock_irqrestore(&endpoint->lock, flags);
	if (unlikely(lends))
		spin_unlock(&process_tree_lock);
	if (queued)
		wake_queued(endpoint);
	endpoint_put(endpoint);
	if (!open)
		call->ended(call, -EPIPE);
}

enum call_state call_withdraw(struct file *send, struct call *call, uint64_t since)
{
	struct endpoint *endpoint = to_sender(send)->endpoint;
	unsigned long flags = spin_lock_irqsave(&endpoint->lock);
	enum call_state state = call->state;

	if (state != CALL_DONE && advanced_tick_locked(endpoint, call) >= since)
		state = CALL_DONE;
	if (state != CALL_DONE) {
		call_take_out_locked(endpoint, call);
		wait_for_holders_locked(endpoint, call, &flags);
	}
	spin_unlock_irqrestore(&endpoint->lock, flags);
	return state;
}

bool endpoint_answerer(struct endpoint *endpoint, struct answerer *answerer)
{
	unsigned long flags = spin_lock_irqsave(&endpoint->lock);
	bool known = endpoint->open && endpoint->holder &&
		     endpoint->nheld == refcount_read(&endpoint->receive->refs);

	*answerer = (struct answerer){ endpoint->server, endpoint->holder, endpoint->last_rcvid };
	spin_unlock_irqrestore(&endpoint->lock, flags);
	return known;
}

/* When the caller began to wait. Of the kernel's calls, when the call was received; or 0. */
static uint64_t call_since_locked(const struct call *call)
{
	assert_hardened(spin_lock_held(&call->endpoint->lock));
	if (call->thread)
		return atomic_load_relaxed(&call->thread->left_tick);
	return call->state == CALL_RECEIVED ? call->received_tick : 0;
}

/*
 * An answer that was given the fast way leaves no time. But then its receiver waits, or has got another call, and the switches have
 * left theirs. So each hart's newest call and last receiver are looked at, and no others: there may be many.
 */
struct endpoint_news endpoint_look(const struct file *receive)
{
	struct endpoint *endpoint = receive->node;
	unsigned long flags = spin_lock_irqsave(&endpoint->lock);
	const struct call *first = first_queued_locked(endpoint);
	uint64_t tick = MAX(endpoint->opened_tick, endpoint->answered_tick);
	bool is_awaited = first || !tree_empty(&endpoint->received);

	if (first)
		tick = MAX(tick, call_since_locked(first));
	for (unsigned i = 0; i < hart_count; i++) {
		const struct receiver *receiver = receiver_last(&endpoint->at_hart[i]);
		const struct call *call = endpoint->at_hart[i].newest;

		if (receiver)
			tick = MAX(tick, waiting_since(receiver));
		if (call)
			tick = MAX(tick, call_since_locked(call));
		is_awaited |= call != NULL;
	}
	spin_unlock_irqrestore(&endpoint->lock, flags);
	return (struct endpoint_news){ atomic_load(&endpoint->last_rcvid), tick, is_awaited };
}

bool endpoint_is_send(struct file *file)
{
	return to_sender(file) != NULL;
}

bool endpoint_is_receive(const struct file *file)
{
	return to_endpoint(file) != NULL;
}

static bool is_broken(const struct endpoint *endpoint)
{
	return __atomic_load_n(&endpoint->broken, __ATOMIC_ACQUIRE);
}

bool endpoint_is_broken(struct file *send)
{
	/* gcc-analyzer-suppress null-dereference ; the file is a send end */
	return is_broken(to_sender(send)->endpoint);
}

bool endpoint_link_is_broken(const struct served_link *link)
{
	return is_broken(link->sender.endpoint);
}

int endpoint_notify(struct file *send, uint64_t bits)
{
	struct sender *sender = to_sender(send);
	struct endpoint *endpoint;
	bool queued = false;
	unsigned long flags;
	int err;

	if (!sender)
		return -EINVAL;
	endpoint = sender->endpoint;
	flags = spin_lock_irqsave(&endpoint->lock);
	err = endpoint->broken ? -EPIPE : 0;
	if (err == 0) {
		sender->notified.value |= bits;
		queued = post_locked(endpoint, &sender->notified);
	}
	spin_unlock_irqrestore(&endpoint->lock, flags);
	if (queued)
		wake_queued(endpoint);
	return err;
}

/* ---- receive and reply ---- */

static bool anything_queued_locked(const struct endpoint *endpoint)
{
	assert_hardened(spin_lock_held(&endpoint->lock));
	return !tree_empty(&endpoint->queue) || !list_empty(&endpoint->pulses);
}

/* Takes the oldest pulse or else the oldest call. Returns whether there was one. The answer to the last one goes the fast way. */
static bool take_oldest_locked(struct endpoint *endpoint, struct receiver *receiver)
{
	struct call *call = NULL;
	bool took = true;

	assert_hardened(spin_lock_held(&endpoint->lock));
	if (!list_empty(&endpoint->pulses)) {
		struct pulse *pulse = list_first_entry(&endpoint->pulses, struct pulse, link);

		unpost_locked(endpoint, pulse);
		receive_pulse_locked(endpoint, pulse, receiver);
	} else if ((call = first_queued_locked(endpoint))) {
		call_erase_locked(&endpoint->queue, call);
		receive_next_locked(endpoint, call, receiver);
	} else {
		took = false;
	}
	endpoint->pending = anything_queued_locked(endpoint);
	return took;
}

/*
 * Receives the next pulse or call, if there is one. If there is none and `may_wait` is set, adds
 * the receiver to those that wait.
 */
static void receive_now_locked(struct endpoint *endpoint, struct receiver *receiver, bool may_wait)
{
	assert_hardened(spin_lock_held(&endpoint->lock));
	if (take_oldest_locked(endpoint, receiver))
		receiver->done = 1;
	else if (may_wait)
		add_receiver_locked(endpoint, at_this_hart(endpoint), receiver);
}

/* Waits until a call or pulse was received. Returns 0, -EINTR or -ETIMEDOUT. */
static int receive_later(struct receiver *receiver, uint64_t deadline)
{
	struct endpoint *endpoint = receiver->endpoint;
	int err;

	if (deadline == 0)
		return -ETIMEDOUT;
	/*
	 * As a rule something has come while the thread was off its hart, and it was not switched over to. Who has stored `done`
	 * uses the thread until the lock is free.
	 */
	err = atomic_load_relaxed(&receiver->done) ? 0
						   : thread_park(&receiver->done, true, deadline);
	spin_lock_irq(&endpoint->lock);
	if (receiver->done)
		err = 0;
	else
		remove_receiver_locked(endpoint, receiver);
	spin_unlock_irq(&endpoint->lock);
	return err;
}

/*
 * Waits if nothing has been `received`: receiver->done, read under the lock. The result is that of endpoint_receive().
 * The lock orders `done` after the message.
 */
static __attribute__((noinline)) int64_t end_receive(struct receiver *receiver, bool received,
						     uint64_t deadline)
{
	if (!received) {
		int err = receive_later(receiver, deadline);

		if (err)
			return err;
	}
	if (receiver->rcvid == 0 && receiver->gone)
		sender_free(receiver->gone);
	return (int64_t)receiver->rcvid;
}

static inline void receiver_init(struct receiver *receiver, struct endpoint *endpoint,
				 struct ipc_words *words, uint64_t *badge_ret)
{
	receiver->endpoint = endpoint;
	receiver->thread = current_thread();
	receiver->to = words;
	receiver->badge_to = badge_ret;
	receiver->rcvid = 0;
	receiver->done = 0;
}

/*
 * The running thread's table becomes the one whose descriptors of the receive end are counted. With its lock held, so that none
 * comes or goes meanwhile.
 */
static __attribute__((noinline)) void count_held(struct endpoint *endpoint, struct fdtable *table)
{
	uint32_t n;

	spin_lock(&table->lock);
	n = fdtable_count_locked(table, endpoint->receive);
	spin_lock_irq(&endpoint->lock);
	endpoint->holder = n ? table : NULL;
	endpoint->nheld = n;
	spin_unlock_irq(&endpoint->lock);
	spin_unlock(&table->lock);
}

int64_t endpoint_receive(struct file *receive, struct ipc_words *words, uint64_t *badge_ret,
			 uint64_t deadline)
{
	struct endpoint *endpoint = to_endpoint(receive);
	struct fdtable *table;
	struct receiver receiver;
	bool received;

	if (!endpoint)
		return -EINVAL;
	table = current_thread()->fdtable;
	if (unlikely(atomic_load_relaxed(&endpoint->holder) != table) && table)
		count_held(endpoint, table);
	receiver_init(&receiver, endpoint, words, badge_ret);
	spin_lock_irq(&endpoint->lock);
	endpoint->server = current_id();
	endpoint->server_tid = current_thread()->tid;
	receive_now_locked(endpoint, &receiver, deadline != 0);
	received = receiver.done;
	spin_unlock_irq(&endpoint->lock);
	return end_receive(&receiver, received, deadline);
}

/* The general way of endpoint_reply_receive(). */
static __attribute__((noinline)) int64_t reply_receive_slowly(struct file *receive, uint64_t *rcvid,
							      const struct ipc_words *reply,
							      struct ipc_words *words,
							      uint64_t *badge_ret,
							      uint64_t deadline)
{
	int err = *rcvid != 0 ? endpoint_reply(receive, *rcvid, reply, true) : 0;

	if (err)
		return err;
	*rcvid = 0;
	return endpoint_receive(receive, words, badge_ret, deadline);
}

/*
 * The fast way is for a server that answers the call it received last and then has to wait. The
 * caller runs at once. Usually this thread runs again when the next call comes. No call is queued, so none needs to know when
 * this one was answered.
 *
 * Here and in endpoint_call(), `done` is a plain store, without the fence of atomic_store(). It only ends thread_park().
 * A thread that was woken takes endpoint->lock before it reads what has come, and that lock orders the rest. A thread
 * that was switched over to runs on the hart of the other thread, and reads the reply or the call at once.
 */
int64_t endpoint_reply_receive(struct file *receive, uint64_t *rcvid, const struct ipc_words *reply,
			       struct ipc_words *words, uint64_t *badge_ret, uint64_t deadline)
{
	struct endpoint *endpoint = receive->node;
	struct receiver receiver;
	struct thread *caller;
	struct at_hart *here;
	struct call *call;

	if (unlikely(receive->ops != &receive_ops))
		return -EINVAL;
	spin_lock_irq(&endpoint->lock);
	here = at_this_hart(endpoint);
	call = here->newest;
	if (unlikely(deadline != UINT64_MAX || !call || call->rcvid != *rcvid || !call->thread ||
		     call->unusual || endpoint->pending)) {
		spin_unlock_irq(&endpoint->lock);
		return reply_receive_slowly(receive, rcvid, reply, words, badge_ret, deadline);
	}
	caller = call->thread;
	here->newest = NULL;
	receiver_init(&receiver, endpoint, words, badge_ret);
	add_receiver_locked(endpoint, here, &receiver);
	*call->words = *reply;
	*rcvid = 0;
	call->state = CALL_DONE;
	call->result = 0;
	caller->waits_for = NULL;
	call->done = 1;
	if (unlikely(!sched_switch_over(caller, &endpoint->lock))) {
		irq_enable();
		return end_receive(&receiver, false, UINT64_MAX);
	}
	assert_hardened(receiver.done && receiver.rcvid != 0);
	irq_enable();
	preempt_point();
	return (int64_t)receiver.rcvid;
}

int endpoint_reply(struct file *receive, uint64_t rcvid, const struct ipc_words *words,
		   bool hand_over)
{
	struct endpoint *endpoint = to_endpoint(receive);
	struct call *call, *kernel = NULL;
	unsigned long flags;

	if (!endpoint)
		return -EINVAL;
	flags = spin_lock_irqsave(&endpoint->lock);
	call = call_find_locked(endpoint, rcvid);
	if (call) {
		*call->words = *words;
		endpoint->server_tid = current_thread()->tid;
		endpoint->answered_tick = arch_time();
		kernel = call_end_locked(endpoint, call, 0, hand_over);
	}
	unlock_and_tell(endpoint, kernel, flags);
	return call ? 0 : -ESRCH;
}

/* Releases the lock. */
static inline int hold_locked(struct endpoint *endpoint, struct call *call, struct call_hold *hold)
{
	assert_hardened(spin_lock_held(&endpoint->lock));
	call->holds++;
	preempt_disable();
	spin_unlock_irqoff(&endpoint->lock);
	irq_enable();
	*hold = (struct call_hold){ endpoint, call, call->transfer };
	return 0;
}

/* A call that is not the newest one of this hart. Releases the lock. */
static __attribute__((noinline)) int hold_other_locked(struct endpoint *endpoint, uint64_t rcvid,
						       struct call_hold *hold)
{
	struct call *call;

	assert_hardened(spin_lock_held(&endpoint->lock));
	call = find_slowly_locked(endpoint, rcvid);
	if (call)
		return hold_locked(endpoint, call, hold);
	spin_unlock_irq(&endpoint->lock);
	return -ESRCH;
}

int endpoint_hold(struct file *receive, uint64_t rcvid, struct call_hold *hold)
{
	struct endpoint *endpoint = receive->node;
	struct call *call;

	if (unlikely(receive->ops != &receive_ops))
		return -EINVAL;
	spin_lock_irq(&endpoint->lock);
	call = at_this_hart(endpoint)->newest;
	if (unlikely(!call || call->rcvid != rcvid))
		return hold_other_locked(endpoint, rcvid, hold);
	return hold_locked(endpoint, call, hold);
}

bool endpoint_holds_end(const struct call_hold *hold, struct file *file)
{
	return to_endpoint(file) == hold->endpoint;
}

void endpoint_unhold(const struct call_hold *hold)
{
	struct endpoint *endpoint = hold->endpoint;

	spin_lock_irq(&endpoint->lock);
	assert_hardened(hold->call->holds != 0);
	hold->call->holds--;
	spin_unlock_irqoff(&endpoint->lock);
	irq_enable();
	preempt_enable();
}

/* ---- open files that the server serves ---- */

uint64_t endpoint_badge_of(struct file *send)
{
	return to_sender(send)->badge;
}

uint64_t endpoint_next_cookies(struct endpoint *endpoint, unsigned n)
{
	uint64_t cookie;

	spin_lock_irq(&endpoint->lock);
	cookie = (endpoint->last_cookie + 1) | IPC_BADGE_SERVED;
	endpoint->last_cookie += n;
	spin_unlock_irq(&endpoint->lock);
	return cookie;
}

/* So many files of an endpoint may wait, as a part of all that can be open: they have no descriptor, which is what is limited else. */
#define WAITING_SHARE 16

int endpoint_link(struct endpoint *endpoint, struct served_link *link)
{
	struct tree_node **place = &endpoint->served.root, *parent = NULL;

	if (!may_badge(endpoint))
		return -EAGAIN;
	sender_init(&link->sender, endpoint, link->cookie, true);
	spin_lock_irq(&endpoint->lock);
	if (link->waiting && endpoint->nwaiting >= files_most() / WAITING_SHARE) {
		spin_unlock_irq(&endpoint->lock);
		sender_end(&link->sender);
		return -ENFILE;
	}
	endpoint->nwaiting += link->waiting != NULL;
	while (*place) {
		parent = *place;
		place = &parent->child[link->cookie >
				       tree_entry(parent, struct served_link, node)->cookie];
	}
	tree_insert(&endpoint->served, &link->node, parent, place);
	spin_unlock_irq(&endpoint->lock);
	return 0;
}

/* The first link whose cookie is at least that one, or NULL. */
static struct served_link *served_from_locked(struct endpoint *endpoint, uint64_t cookie)
{
	struct tree_node *node, *found = NULL;

	assert_hardened(spin_lock_held(&endpoint->lock));
	for (node = endpoint->served.root; node;) {
		bool below = tree_entry(node, struct served_link, node)->cookie < cookie;

		if (!below)
			found = node;
		node = node->child[below];
	}
	return tree_entry_or_null(found, struct served_link, node);
}

static struct served_link *served_find_locked(struct endpoint *endpoint, uint64_t cookie)
{
	struct served_link *link;

	assert_hardened(spin_lock_held(&endpoint->lock));
	link = served_from_locked(endpoint, cookie);
	return link && link->cookie == cookie ? link : NULL;
}

/* served_from_locked() with a reference. */
static struct served_link *served_from(struct endpoint *endpoint, uint64_t cookie)
{
	struct served_link *link;

	spin_lock_irq(&endpoint->lock);
	link = served_from_locked(endpoint, cookie);
	if (link)
		refcount_get(&link->refs);
	spin_unlock_irq(&endpoint->lock);
	return link;
}

int endpoint_linked_from(struct file *receive, uint64_t cookie, struct served_link **link_ret)
{
	struct endpoint *endpoint = to_endpoint(receive);

	if (!endpoint)
		return -EINVAL;
	*link_ret = served_from(endpoint, cookie);
	return 0;
}

int endpoint_join(struct endpoint *endpoint, uint64_t cookie, uint64_t other,
		  int (*join)(struct served_link *one, struct served_link *other, void *arg),
		  void *arg)
{
	struct served_link *one, *two;
	int err = -ENOENT;

	spin_lock_irq(&endpoint->lock);
	one = served_find_locked(endpoint, cookie);
	two = served_find_locked(endpoint, other);
	if (one && two)
		err = join(one, two, arg);
	spin_unlock_irq(&endpoint->lock);
	return err;
}

struct file *endpoint_take_waiting(struct endpoint *endpoint, uint64_t cookie)
{
	struct file *file = NULL;
	struct served_link *link;

	spin_lock_irq(&endpoint->lock);
	link = served_find_locked(endpoint, cookie);
	if (link && link->waiting) {
		file = link->waiting;
		link->waiting = NULL;
		endpoint->nwaiting--;
	}
	spin_unlock_irq(&endpoint->lock);
	return file;
}

struct served_link *endpoint_find_link(struct endpoint *endpoint, uint64_t cookie)
{
	struct served_link *link = served_from(endpoint, cookie);

	if (!link || link->cookie == cookie)
		return link;
	served_link_put(link);
	return NULL;
}

struct file *endpoint_look_waiting(struct endpoint *endpoint, uint64_t cookie)
{
	struct served_link *link;
	struct file *file;

	spin_lock_irq(&endpoint->lock);
	link = served_find_locked(endpoint, cookie);
	file = link ? link->waiting : NULL;
	if (file)
		file_get(file);
	spin_unlock_irq(&endpoint->lock);
	return file;
}

/* ---- the files ---- */

/* Any call that was received, or NULL. */
static struct call *received_call_locked(struct endpoint *endpoint)
{
	assert_hardened(spin_lock_held(&endpoint->lock));
	for (unsigned i = 0; i < hart_count; i++)
		if (endpoint->at_hart[i].newest)
			return endpoint->at_hart[i].newest;
	return endpoint->received.root ? tree_entry(endpoint->received.root, struct call, node)
				       : NULL;
}

/*
 * The receive end, or the last send end that kept the endpoint without one, is closed. Ends one of the calls that were
 * received. Without a keeper the endpoint is broken: ends one of the queued calls or pulses, too. Returns false if there was none.
 */
static bool break_one(struct endpoint *endpoint)
{
	unsigned long flags = spin_lock_irqsave(&endpoint->lock);
	struct call *call = received_call_locked(endpoint), *kernel = NULL;
	struct sender *gone = NULL;
	struct pulse *pulse = NULL;

	if (call && call->transfer)
		call->transfer->unanswered = true;
	endpoint->broken = endpoint->nkeepers == 0;
	if (endpoint->broken && !call)
		call = first_queued_locked(endpoint);
	if (endpoint->broken && !call && !list_empty(&endpoint->pulses))
		pulse = list_first_entry(&endpoint->pulses, struct pulse, link);
	if (call)
		kernel = call_end_locked(endpoint, call, -EPIPE, false);
	if (pulse) {
		unpost_locked(endpoint, pulse);
		gone = pulse_gone_locked(endpoint, pulse);
	}
	if (!call && !pulse)
		endpoint->open = false;
	unlock_and_tell(endpoint, kernel, flags);
	if (gone)
		sender_free(gone);
	return call || pulse;
}

/* Whoever waits for a file of the endpoint looks. The files that wait to be taken are closed. */
static void wake_served(struct endpoint *endpoint)
{
	struct served_link *link;
	uint64_t cookie = 0;

	while ((link = served_from(endpoint, cookie)) != NULL) {
		struct file *waiting = endpoint_take_waiting(endpoint, link->cookie);

		cookie = link->cookie + 1;
		waitq_wake_all(&link->changed);
		served_link_put(link);
		if (waiting)
			file_put(waiting);
	}
}

/* The caller has a reference. */
static void endpoint_close(struct endpoint *endpoint)
{
	lease_end_all(endpoint);
	while (break_one(endpoint))
		;
	if (endpoint->broken) { /* stays so */
		waitq_wake_all(&endpoint->changed);
		wake_served(endpoint);
	}
}

static void receive_release(struct file *file)
{
	struct endpoint *endpoint = file->node;

	endpoint_close(endpoint);
	endpoint_put(endpoint);
}

/* Without a holder only the first descriptor makes one: of a table that has others they would not be counted. */
static void receive_in_table(struct file *file, const struct fdtable *table, int change)
{
	struct endpoint *endpoint = file->node;
	unsigned long flags = spin_lock_irqsave(&endpoint->lock);

	if (!endpoint->holder && change > 0 && refcount_read(&file->refs) == 1)
		endpoint->holder = table;
	if (endpoint->holder == table) {
		endpoint->nheld += (uint32_t)change;
		if (endpoint->nheld == 0)
			endpoint->holder = NULL;
	}
	spin_unlock_irqrestore(&endpoint->lock, flags);
}

/* A server that comes later asks for the files that there are. */
static bool hears_of_close_locked(const struct endpoint *endpoint, const struct sender *sender)
{
	assert_hardened(spin_lock_held(&endpoint->lock));
	return endpoint->open || (!endpoint->broken && !(sender->badge & IPC_BADGE_SERVED));
}

static void sender_release(struct sender *sender)
{
	struct endpoint *endpoint = sender->endpoint;
	bool queued = false, gone = false, last = false;
	unsigned long flags;

	refcount_get(&endpoint->refs);
	flags = spin_lock_irqsave(&endpoint->lock);
	if (sender->badge & IPC_BADGE_SERVED)
		tree_erase(&endpoint->served, &link_of(sender)->node);
	if (sender->keeps)
		last = --endpoint->nkeepers == 0 && !endpoint->open;
	sender->released = true;
	count_lingering_locked(endpoint, 1); /* unless the pulse is received at once */
	if (sender->tells_close && hears_of_close_locked(endpoint, sender))
		queued = post_locked(endpoint, &sender->closed);
	else
		gone = !sender->notified.pending;
	if (gone)
		count_lingering_locked(endpoint, -1);
	spin_unlock_irqrestore(&endpoint->lock, flags);
	if (queued)
		wake_queued(endpoint);
	if (gone)
		sender_free(sender);
	if (last)
		endpoint_close(endpoint);
	endpoint_put(endpoint);
}

static void send_release(struct file *file)
{
	sender_release(file->node);
}

void endpoint_unlink(struct served_link *link)
{
	sender_release(&link->sender);
}

/* poll() finds a receive end readable while a call or pulse is queued, and never writable. */
static unsigned receive_poll(struct file *file, struct poller *poller)
{
	struct endpoint *endpoint = file->node;
	unsigned long flags;
	unsigned ready;

	poll_watch(poller, &endpoint->readable);
	flags = spin_lock_irqsave(&endpoint->lock);
	ready = anything_queued_locked(endpoint) ? POLLIN : 0;
	spin_unlock_irqrestore(&endpoint->lock, flags);
	return ready;
}

/*
 * poll() finds a send end writable always, for a call may wait in any case, and hung up once no receive end can come. One that
 * keeps the endpoint has POLLPRI if the server should be started anew, and POLLIN if there is no receive end and somebody waits.
 */
static unsigned send_poll(struct file *file, struct poller *poller)
{
	const struct sender *sender = file->node;
	struct endpoint *endpoint = sender->endpoint;
	unsigned can = POLLOUT | POLLWRNORM;

	poll_watch(poller, &endpoint->changed);
	spin_lock_irq(&endpoint->lock);
	if (endpoint->broken)
		can |= POLLHUP;
	if (sender->keeps && endpoint->overdue)
		can |= POLLPRI;
	if (sender->keeps && !endpoint->open && anything_queued_locked(endpoint))
		can |= POLLIN;
	spin_unlock_irq(&endpoint->lock);
	return can;
}

/* Both ends of an endpoint have its number. */
static int stat_of(struct file *file, const struct endpoint *endpoint, struct abi_stat *st)
{
	int err = anon_file_stat(file, st);

	st->ino = endpoint->ino;
	return err;
}

static int receive_stat(struct file *file, struct abi_stat *st)
{
	return stat_of(file, file->node, st);
}

static int send_stat(struct file *file, struct abi_stat *st)
{
	return stat_of(file, ((struct sender *)file->node)->endpoint, st);
}

/* ---- for the ledger ---- */

static void receive_holds(struct file *file)
{
	counted_found(&((struct endpoint *)file->node)->counted);
}

static void send_holds(struct file *file)
{
	counted_found(&((struct sender *)file->node)->counted);
}

/* A lingering send end is referred to by its pending pulses, of which there may be two. */
void endpoint_find_held(struct endpoint *endpoint)
{
	struct tree_node *node;
	struct pulse *pulse;

	tree_for_each(node, &endpoint->served) {
		struct file *waiting = tree_entry(node, struct served_link, node)->waiting;

		if (waiting)
			counted_found(&waiting->counted);
	}

	list_for_each_entry(pulse, &endpoint->pulses, link) {
		struct sender *sender = pulse_sender(pulse);

		if (sender && sender->released &&
		    (pulse == &sender->closed || !sender->closed.pending))
			counted_found(&sender->counted);
	}
}

void sender_find_held(struct sender *sender)
{
	counted_found(&sender->endpoint->counted);
}

void endpoint_visit_calls(struct endpoint *endpoint,
			  void (*visit)(const struct call *call, void *arg), void *arg)
{
	struct tree_node *node;

	tree_for_each(node, &endpoint->queue)
		visit(tree_entry(node, struct call, node), arg);
	for (unsigned i = 0; i < hart_count; i++)
		if (endpoint->at_hart[i].newest)
			visit(endpoint->at_hart[i].newest, arg);
	tree_for_each(node, &endpoint->received)
		visit(tree_entry(node, struct call, node), arg);
}

static const struct file_ops receive_ops = {
	.name = "receive end",
	.stays = true,
	.poll = receive_poll,
	.stat = receive_stat,
	.release = receive_release,
	.holds = receive_holds,
	.in_table = receive_in_table,
	.role = FILE_SERVES,
};

static const struct file_ops send_ops = {
	.name = "send end",
	.stays = true,
	.poll = send_poll,
	.stat = send_stat,
	.release = send_release,
	.holds = send_holds,
};
