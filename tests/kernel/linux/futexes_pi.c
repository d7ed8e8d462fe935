/* SPDX-License-Identifier: MIT */
/* Futexes with priority inheritance: who is the next owner, how far a chain of owners is followed, and that no move is missed. */
#include "linux/process/futex_pi.h"

#include "abi/errno.h"
#include "abi/futex.h"
#include "abi/sched.h"
#include "linux/process/task.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "mm/verbs.h"
#include "proc/process.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "tests/kernel/late_event.h"

/* ---- queues of threads that never run ---- */

/* A thread that waits, and may own a lock for which others wait. */
struct link {
	struct task task;
	struct pi_waiter waiter;
	struct pi_queue queue;
};

#define WAITERS 4

static struct link *link_new(unsigned priority)
{
	struct link *link = kzalloc(sizeof(*link));

	if (!link)
		return NULL;
	link->task.thread.state = THREAD_DEAD; /* so that it is not woken */
	link->task.thread.arch.hart = current_thread()->arch.hart;
	link->task.thread.runs_as.rt_priority = link->task.thread.wish.rt_priority =
		(uint8_t)priority;
	list_init(&link->task.pi.owned);
	link->waiter.in.thread = &link->task.thread;
	link->waiter.spare = &link->queue;
	return link;
}

static void set_priority(struct link *link, unsigned priority)
{
	link->task.thread.runs_as.rt_priority = link->task.thread.wish.rt_priority =
		(uint8_t)priority;
	pi_priority_changed(&link->task.thread);
}

static void leave(struct link *link)
{
	spin_lock(&pi_lock);
	pi_leave(&link->waiter);
	spin_unlock(&pi_lock);
}

static struct link *first_of(const struct pi_queue *queue)
{
	struct pi_waiter *first;

	spin_lock(&pi_lock);
	first = pi_first(queue);
	spin_unlock(&pi_lock);
	return container_of(first, struct link, waiter);
}

/* The owner and, with priorities 10, 20, 0 and 0, those that wait for its lock. Returns the queue. */
static struct pi_queue *make_queue(struct link *owner, struct link **links)
{
	static const unsigned priorities[WAITERS] = { 10, 20, 0, 0 };
	static const struct memory_key key = { .owner = &key, .offset = 4 };
	struct pi_queue *queue = NULL;

	for (unsigned i = 0; i < WAITERS; i++) {
		links[i] = link_new(priorities[i]);
		if (!links[i])
			return NULL;
		spin_lock(&pi_lock);
		queue = queue ?: pi_queue_begin(&links[i]->waiter, &key, &owner->task.thread);
		pi_join(queue, &links[i]->waiter);
		spin_unlock(&pi_lock);
	}
	return queue;
}

/* Whoever is the first of a lock without an owner is woken to take it. */
KTEST(futex_pi_offers_a_dead_owners_lock_to_the_first)
{
	struct link *owner = link_new(0), *links[WAITERS];
	struct pi_queue *queue = make_queue(owner, links);

	ASSERT_TRUE(queue);
	EXPECT_TRUE(first_of(queue) == links[1]);
	spin_lock(&pi_lock);
	pi_set_owner(queue, NULL);
	spin_unlock(&pi_lock);
	EXPECT_TRUE(links[1]->waiter.done && !links[0]->waiter.done);
	leave(links[1]);
	EXPECT_TRUE(links[0]->waiter.done && !links[2]->waiter.done);
	set_priority(links[3], 30);
	EXPECT_TRUE(links[3]->waiter.done && !links[2]->waiter.done);
	spin_lock(&pi_lock);
	pi_grant(&links[3]->waiter);
	spin_unlock(&pi_lock);
	EXPECT_TRUE(queue->owner == &links[3]->task.thread && links[3]->waiter.is_granted);
	leave(links[0]);
	EXPECT_TRUE(!links[2]->waiter.done); /* the lock has an owner again */
	leave(links[2]);
	EXPECT_TRUE(list_empty(&links[3]->task.pi.owned));
	for (unsigned i = 0; i < WAITERS; i++)
		kfree(links[i]);
	kfree(owner);
}

/* Each waiter takes one queue along, and all of them are taken. */
KTEST(futex_pi_gives_each_waiter_a_queue_to_free)
{
	struct link *owner = link_new(0), *links[WAITERS];
	struct pi_queue *queue = make_queue(owner, links);
	unsigned nqueues = pi_nqueues;

	ASSERT_TRUE(queue);
	for (unsigned i = 0; i < WAITERS; i++)
		leave(links[i]);
	EXPECT_EQ(nqueues - 1, pi_nqueues);
	for (unsigned i = 0; i < WAITERS; i++) {
		EXPECT_TRUE(links[i]->waiter.spare);
		for (unsigned k = 0; k < i; k++)
			EXPECT_TRUE(links[i]->waiter.spare != links[k]->waiter.spare);
	}
	EXPECT_TRUE(links[WAITERS - 1]->waiter.spare == queue);
	EXPECT_TRUE(list_empty(&owner->task.pi.owned));
	for (unsigned i = 0; i < WAITERS; i++)
		kfree(links[i]);
	kfree(owner);
}

/* A new priority is a new place: behind those that had the same one before. */
KTEST(futex_pi_orders_waiters_by_their_priorities_now)
{
	struct link *owner = link_new(0), *links[WAITERS];
	struct pi_queue *queue = make_queue(owner, links);

	ASSERT_TRUE(queue);
	set_priority(links[1], 10);
	EXPECT_TRUE(first_of(queue) == links[0]);
	set_priority(links[0], 0);
	EXPECT_TRUE(first_of(queue) == links[1]);
	leave(links[1]);
	EXPECT_TRUE(first_of(queue) == links[2]);
	leave(links[2]);
	EXPECT_TRUE(first_of(queue) == links[3]);
	leave(links[3]);
	leave(links[0]);
	for (unsigned i = 0; i < WAITERS; i++)
		kfree(links[i]);
	kfree(owner);
}

/* ---- inheritance ---- */

/* Threads of no process lend and are lent nothing. These are never run, so that any process will do. */
static void be_of_a_process(struct link *owner, struct link **links)
{
	static struct process process;

	owner->task.thread.process = &process;
	for (unsigned i = 0; i < WAITERS; i++)
		links[i]->task.thread.process = &process;
}

static unsigned runs_with(const struct link *link)
{
	return link->task.thread.runs_as.rt_priority;
}

/* The priority that a thread asks for, as sched_setscheduler() sets it. */
static void ask_for(struct link *link, unsigned priority)
{
	struct sched_wish wish = link->task.thread.wish;

	wish.policy = priority ? SCHED_FIFO : SCHED_OTHER;
	wish.rt_priority = (uint8_t)priority;
	loan_set_wish(&link->task.thread, wish.any);
	pi_priority_changed(&link->task.thread);
}

/* An owner runs with the priority of its first waiter, whoever that is, and with its own when none waits (R151). */
KTEST(R151_futex_pi_lends_the_first_waiters_priority_to_the_owner)
{
	struct link *owner = link_new(0), *next = link_new(0), *links[WAITERS];
	struct pi_queue *queue;

	ASSERT_TRUE(owner && next);
	queue = make_queue(owner, links);
	ASSERT_TRUE(queue);
	be_of_a_process(owner, links);
	next->task.thread.process = owner->task.thread.process;
	EXPECT_EQ(0, runs_with(owner));
	ask_for(links[2], 15);
	EXPECT_EQ(20, runs_with(owner));
	ask_for(links[1], 5);
	EXPECT_EQ(15, runs_with(owner));
	ask_for(links[3], 40);
	EXPECT_EQ(40, runs_with(owner));
	spin_lock(&pi_lock);
	pi_set_owner(queue, &next->task.thread);
	spin_unlock(&pi_lock);
	EXPECT_TRUE(runs_with(owner) == 0 && runs_with(next) == 40);
	spin_lock(&pi_lock);
	pi_grant(&links[3]->waiter);
	spin_unlock(&pi_lock);
	EXPECT_TRUE(runs_with(next) == 0 && runs_with(links[3]) == 40);
	ask_for(links[3], 0);
	EXPECT_EQ(15, runs_with(links[3]));
	leave(links[2]);
	EXPECT_EQ(10, runs_with(links[3]));
	leave(links[1]);
	leave(links[0]);
	EXPECT_EQ(0, runs_with(links[3]));
	for (unsigned i = 0; i < WAITERS; i++)
		kfree(links[i]);
	kfree(owner);
	kfree(next);
}

/* A waiter whose fault on the word waits for a server lends to that, and to the owner afterwards (R151). */
KTEST(R151_futex_pi_lends_nothing_beside_another_loan)
{
	struct link *owner = link_new(0), *server = link_new(0), *links[WAITERS];
	struct pi_queue *queue;
	struct loan loan;

	ASSERT_TRUE(owner && server);
	queue = make_queue(owner, links);
	ASSERT_TRUE(queue);
	be_of_a_process(owner, links);
	server->task.thread.process = owner->task.thread.process;
	loan_begin(&loan, &links[1]->task.thread, &server->task.thread);
	pi_priority_changed(&links[1]->task.thread);
	EXPECT_TRUE(runs_with(server) == 20 && runs_with(owner) == 0);
	loan_end(&loan);
	pi_priority_changed(&links[1]->task.thread);
	EXPECT_TRUE(runs_with(server) == 0 && runs_with(owner) == 20);
	for (unsigned i = 0; i < WAITERS; i++)
		leave(links[i]);
	EXPECT_EQ(0, runs_with(owner));
	for (unsigned i = 0; i < WAITERS; i++)
		kfree(links[i]);
	kfree(server);
	kfree(owner);
}

/* What is lent to a thread that waits gives it another place, and it lends that on as soon as it runs. */
KTEST(R151_futex_pi_lends_on_what_is_lent)
{
	struct link *owner = link_new(0), *holder = link_new(0), *rival = link_new(1),
		    *links[WAITERS];
	static const struct memory_key key = { .owner = &key, .offset = 8 };
	struct pi_queue *queue;

	ASSERT_TRUE(owner && holder && rival);
	queue = make_queue(holder, links);
	ASSERT_TRUE(queue);
	be_of_a_process(holder, links);
	owner->task.thread.process = rival->task.thread.process = holder->task.thread.process;
	spin_lock(&pi_lock);
	queue = pi_queue_begin(&rival->waiter, &key, &owner->task.thread);
	pi_join(queue, &rival->waiter);
	pi_join(queue, &holder->waiter);
	spin_unlock(&pi_lock);
	holder->task.thread.may_lend = true;
	EXPECT_TRUE(first_of(queue) == rival && runs_with(owner) == 1);
	ask_for(links[0], 30);
	EXPECT_TRUE(runs_with(holder) == 30 && holder->task.thread.must_lend);
	pi_priority_changed(&holder->task.thread); /* which it does once it is woken */
	EXPECT_TRUE(first_of(queue) == holder && runs_with(owner) == 30);
	leave(links[0]);
	pi_priority_changed(&holder->task.thread);
	EXPECT_TRUE(runs_with(holder) == 20 && runs_with(owner) == 20);
	for (unsigned i = 1; i < WAITERS; i++)
		leave(links[i]);
	pi_priority_changed(&holder->task.thread);
	EXPECT_TRUE(runs_with(holder) == 0 && runs_with(owner) == 1);
	EXPECT_TRUE(first_of(queue) == rival);
	leave(rival);
	leave(holder);
	EXPECT_EQ(0, runs_with(owner));
	for (unsigned i = 0; i < WAITERS; i++)
		kfree(links[i]);
	kfree(owner);
	kfree(holder);
	kfree(rival);
}

/* ---- chains ---- */

#define LONGEST 1024

/* One more in front of the others: it waits for the lock of the one that was in front. */
static struct link *put_in_front(struct link *first)
{
	struct link *link = link_new(0);

	if (!link || !first)
		return link;
	link->queue.owner = &first->task.thread;
	link->waiter.queue = &link->queue;
	link->task.pi.waits = &link->waiter;
	return link;
}

static bool is_deadlock(const struct link *who, const struct link *owner)
{
	bool is;

	spin_lock(&pi_lock);
	is = pi_is_deadlock(&who->waiter, &owner->task.thread);
	spin_unlock(&pi_lock);
	return is;
}

static void free_chain(struct link *first)
{
	while (first) {
		struct thread *next = first->queue.owner;

		kfree(first);
		first = next ? container_of(task_of(next), struct link, task) : NULL;
	}
}

/* The chain of those that wait is followed for so many owners, and not without an end. */
KTEST(futex_pi_follows_chains_of_owners_up_to_a_limit)
{
	struct link *last = put_in_front(NULL), *first = last, *other = put_in_front(NULL);
	unsigned n = 1;

	ASSERT_TRUE(last && other);
	EXPECT_TRUE(!is_deadlock(other, first));
	EXPECT_TRUE(is_deadlock(other, other));
	for (; n < LONGEST; n++) {
		struct link *link = put_in_front(first);

		EXPECT_TRUE(link);
		if (!link)
			break;
		first = link;
	}
	EXPECT_TRUE(!is_deadlock(other, first));
	EXPECT_TRUE(is_deadlock(last, first)); /* a ring */
	first = put_in_front(first);
	EXPECT_TRUE(first && is_deadlock(other, first));
	free_chain(first);
	kfree(other);
}

#ifdef FAULTLINE_HARDENED

/* ---- a move in the midst of a wait ---- */

#define WORD_AT 0x40000ul

static const struct futex_word word = { .at = WORD_AT }, lock = { .at = WORD_AT + 4 };

static bool map_words(void)
{
	struct uspace *us = current_process()->uspace;
	long at;

	uspace_lock(us);
	at = space_map(us, WORD_AT, PAGE_SIZE, READ_WRITE, 0);
	uspace_unlock(us);
	return at >= 0;
}

static void change_and_move(void)
{
	const uint32_t changed = 1;

	EXPECT_EQ(0, user_copy_out(WORD_AT, &changed, sizeof(changed)));
	EXPECT_TRUE(futex_pi_requeue(word, lock, 0, changed) >= 0);
}

/* The word has changed, or the lock is the thread's. */
static int wait_for_move(void *arg)
{
	struct late_wait *wait = arg;
	const uint32_t none[2] = { 0, 0 };
	int err;

	if (!map_words() || user_copy_out(WORD_AT, none, sizeof(none)))
		return 99;
	late_event_arm(wait->point, change_and_move);
	err = futex_pi_wait(word, 0, lock, NULL);
	wait->is_over = true;
	if (err == 0 && futex_pi_unlock(lock) != 0)
		return 98;
	return err == 0 || err == -EAGAIN ? 0 : -err;
}

/* R151: who changes the word and moves finds the waiter asleep, or the waiter finds the new word. */
KTEST_ALONE(futex_pi_wait_misses_no_move)
{
	struct late_wait wait = { .wait = wait_for_move };

	late_wait_expect(&wait);
}

#endif
