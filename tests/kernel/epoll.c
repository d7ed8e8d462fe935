/* SPDX-License-Identifier: MIT */
/* Sets of epoll: who is woken by an interrupt, what a look costs, limits, events in the midst of a look. */
#include "desc/epoll.h"

#include "abi/errno.h"
#include "arch/irqflags.h"
#include "desc/pipe.h"
#include "desc/watch.h"
#include "lib/bits.h"
#include "mm/phys/kmalloc.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "tests/kernel/late_event.h"

#define MANY 40

/* A file that is ready when the test says so. */
struct bell {
	struct waitq rung;
	bool on;
	unsigned looks;
};

static unsigned bell_poll(struct file *file, struct poller *poller)
{
	struct bell *bell = file->node;

	poll_watch_for(poller, &bell->rung, POLLIN);
	bell->looks++;
	return bell->on ? POLLIN : 0;
}

static const struct file_ops bell_ops = { .name = "bell", .poll = bell_poll };

static const struct abi_epoll_event for_input = { .events = POLLIN },
				    for_one = { .events = POLLIN | EPOLLEXCLUSIVE };

static struct file *bell_file(struct bell *bell)
{
	*bell = (struct bell){ .on = false };
	waitq_init(&bell->rung);
	return file_create(&bell_ops, O_RDWR, bell);
}

/* As an interrupt does. */
static void ring(struct bell *bell)
{
	bell->on = true;
	arch_irq_disable();
	EXPECT_TRUE(waitq_wake_all(&bell->rung) <= 2);
	arch_irq_enable();
}

static bool is_ready(const struct file *set)
{
	return atomic_load(&((struct epoll *)set->node)->ready.next) !=
	       &((struct epoll *)set->node)->ready;
}

/* Many sets that watch the bell. */
static struct bell bell;
static struct file *bell_sets[MANY];

static unsigned count_ready(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < MANY; i++)
		n += is_ready(bell_sets[i]);
	return n;
}

static bool make_sets(struct file *watched)
{
	for (unsigned i = 0; i < MANY; i++)
		if (epoll_create(&bell_sets[i]) || epoll_add(bell_sets[i], 1, watched, &for_input))
			return false;
	return true;
}

static void drop_sets(void)
{
	for (unsigned i = 0; i < MANY; i++)
		file_put(bell_sets[i]);
}

/* R153: an interrupt wakes two watches; the others are woken by a thread, without anybody's look. */
KTEST_IN_PROCESS(epoll_wakes_all_sets_of_an_interrupt)
{
	struct file *file = bell_file(&bell);

	ASSERT_TRUE(file && make_sets(file));
	EXPECT_EQ(0, count_ready());
	ring(&bell);
	while (count_ready() < MANY)
		sched_yield();
	drop_sets();
	file_put(file);
}

/* R153: and who looks before that thread has run misses nothing. */
KTEST_IN_PROCESS_ALONE(epoll_look_sees_what_an_interrupt_left)
{
	struct file *file = bell_file(&bell), *last;

	ASSERT_TRUE(file && make_sets(file));
	preempt_disable(); /* so that the thread does not run: the locks of a look are free */
	ring(&bell);
	EXPECT_EQ(2, count_ready());
	EXPECT_EQ(1, counter_read(&watches_npassing));
	last = bell_sets[MANY - 1];
	EXPECT_EQ(POLLIN | POLLRDNORM, last->ops->poll(last, NULL));
	preempt_enable();
	EXPECT_EQ(MANY, count_ready());
	EXPECT_EQ(0, counter_read(&watches_npassing));
	drop_sets();
	file_put(file);
}

/* R131: the sets that watch one set are woken later, too. */
KTEST_IN_PROCESS_ALONE(epoll_wakes_the_sets_of_a_set)
{
	struct file *inner, *file = bell_file(&bell);

	ASSERT_TRUE(file && epoll_create(&inner) == 0 && make_sets(inner));
	ASSERT_TRUE(epoll_add(inner, 1, file, &for_input) == 0);
	preempt_disable();
	ring(&bell);
	EXPECT_EQ(0, count_ready());
	preempt_enable();
	while (count_ready() < MANY)
		sched_yield();
	for (unsigned i = 0; i < MANY; i++)
		EXPECT_EQ(POLLIN | POLLRDNORM, bell_sets[i]->ops->poll(bell_sets[i], NULL));
	drop_sets();
	file_put(inner);
	file_put(file);
}

/* A watch goes away that is to wake the others: it does so before. The lock keeps the thread from doing it. */
KTEST_IN_PROCESS(epoll_watch_that_ends_wakes_the_rest)
{
	struct file *file = bell_file(&bell);
	struct watch *watch;

	ASSERT_TRUE(file && make_sets(file));
	mutex_lock(&watches_lock);
	ring(&bell);
	sched_yield();
	EXPECT_EQ(2, count_ready());
	watch = watch_find_locked(bell_sets[1]->node, 1, file);
	watch_unlink_locked(watch);
	EXPECT_EQ(MANY - 1, count_ready());
	EXPECT_EQ(0, counter_read(&watches_npassing));
	mutex_unlock(&watches_lock);
	watch_free(watch);
	file_put(file);
	EXPECT_EQ(0, count_ready());
	drop_sets();
}

static void note_wake(struct waiter *waiter)
{
	container_of(waiter, struct poll_waiter, waiter)->owner = NULL;
}

/* Of exclusive watches, those are woken that come before the first with a thread that waits. */
KTEST_IN_PROCESS(epoll_exclusive_watches_share_an_event)
{
	struct poll_waiter sleeper = { .owner = &sleeper };
	struct file *sets[6], *file;
	struct epoll *third;

	file = bell_file(&bell);
	ASSERT_TRUE(file);
	for (unsigned i = 0; i < 6; i++) {
		ASSERT_TRUE(epoll_create(&sets[i]) == 0);
		ASSERT_TRUE(epoll_add(sets[i], 1, file, i == 5 ? &for_input : &for_one) == 0);
	}
	third = sets[2]->node;
	waiter_init(&sleeper.waiter, note_wake);
	EXPECT_TRUE(
		waitq_enqueue(&third->sleepers, &sleeper.waiter, waitq_sample(&third->sleepers)));
	bell.on = true;
	EXPECT_EQ(4, waitq_wake_all(&bell.rung));
	EXPECT_TRUE(!sleeper.owner);
	for (unsigned i = 0; i < 6; i++)
		EXPECT_EQ(i < 3 || i == 5, is_ready(sets[i]));
	/* Nobody waits: it is for all that are still on the queue. */
	EXPECT_EQ(2, waitq_wake_all(&bell.rung));
	for (unsigned i = 0; i < 6; i++) {
		EXPECT_TRUE(is_ready(sets[i]));
		file_put(sets[i]);
	}
	file_put(file);
}

#define FILES 1000

/* R153: a look at a set costs as much as there are events, and not as there are files. */
KTEST_IN_PROCESS(epoll_looks_at_what_is_ready)
{
	struct bell *bells = kmalloc(FILES * sizeof(*bells));
	struct file **files = kmalloc(FILES * sizeof(struct file *));
	struct file *set;
	unsigned looks = 0;

	ASSERT_TRUE(bells && files && epoll_create(&set) == 0);
	for (int i = 0; i < FILES; i++) {
		files[i] = bell_file(&bells[i]);
		ASSERT_TRUE(files[i] && epoll_add(set, i, files[i], &for_input) == 0);
		bells[i].looks = 0;
	}
	EXPECT_EQ(0, set->ops->poll(set, NULL));
	ring(&bells[FILES / 2]);
	EXPECT_EQ(POLLIN | POLLRDNORM, set->ops->poll(set, NULL));
	for (unsigned i = 0; i < FILES; i++)
		looks += bells[i].looks;
	EXPECT_EQ(1, looks);
	for (unsigned i = 0; i < FILES; i++)
		file_put(files[i]);
	EXPECT_TRUE(!is_ready(set));
	file_put(set);
	kfree(files);
	kfree(bells);
}

/* R171: a set has a limit, and all sets have one together with all open files. */
KTEST_IN_PROCESS(epoll_watches_have_limits)
{
	struct file *set, *file;
	ssize_t filled = 0;

	file = bell_file(&bell);
	ASSERT_TRUE(file && epoll_create(&set) == 0);
	for (int fd = 0; fd < EPOLL_WATCHES_MAX; fd++)
		ASSERT_TRUE(epoll_add(set, fd, file, &for_input) == 0);
	EXPECT_EQ(-ENOSPC, epoll_add(set, EPOLL_WATCHES_MAX, file, &for_input));
	EXPECT_EQ(-EEXIST, epoll_add(set, 0, file, &for_input));
	EXPECT_EQ(EPOLL_WATCHES_MAX * sizeof(struct watch) / PAGE_SIZE, set->ops->held(set));
	EXPECT_EQ(0, epoll_remove(set, 7, file));
	EXPECT_EQ(0, epoll_add(set, EPOLL_WATCHES_MAX, file, &for_input));
	EXPECT_EQ(0, epoll_remove(set, 8, file));
	while (file_memory_charge(64) == 0)
		filled += 64;
	EXPECT_EQ(-ENOSPC, epoll_add(set, 8, file, &for_input));
	file_memory_add(-filled);
	EXPECT_EQ(0, epoll_add(set, 8, file, &for_input));
	ring(&bell);
	file_put(file);
	EXPECT_EQ(0, set->ops->held(set));
	file_put(set);
}

/* ---- waiting ---- */

#define BUFFER 0x40000ul

/* What had an event and has none any more leaves the list: the next wait does not look at it. */
KTEST_IN_PROCESS(epoll_wait_looks_once_at_what_is_not_ready)
{
	struct file *file = bell_file(&bell), *set;

	ASSERT_TRUE(file && current_map(BUFFER, PAGE_SIZE) && epoll_create(&set) == 0);
	ASSERT_TRUE(epoll_add(set, 1, file, &for_input) == 0);
	ring(&bell);
	bell.on = false;
	bell.looks = 0;
	EXPECT_EQ(0, epoll_wait(set, BUFFER, 1, 0));
	EXPECT_EQ(0, epoll_wait(set, BUFFER, 1, 0));
	EXPECT_EQ(1, bell.looks);
	ring(&bell);
	EXPECT_EQ(1, epoll_wait(set, BUFFER, 1, 0));
	file_put(file);
	file_put(set);
}

/* R153: a watch that has had its one shot costs nothing for what happens after it: nobody is woken, and looks in vain. */
KTEST_IN_PROCESS(epoll_one_shot_is_not_looked_at_again)
{
	static const struct abi_epoll_event once = { .events = POLLIN | EPOLLONESHOT };
	struct file *file = bell_file(&bell), *set;

	ASSERT_TRUE(file && current_map(BUFFER, PAGE_SIZE) && epoll_create(&set) == 0);
	ASSERT_TRUE(epoll_add(set, 1, file, &once) == 0);
	ring(&bell);
	EXPECT_EQ(1, epoll_wait(set, BUFFER, 1, 0));
	bell.looks = 0;
	ring(&bell);
	EXPECT_EQ(0, epoll_wait(set, BUFFER, 1, 0));
	EXPECT_EQ(0, bell.looks);
	EXPECT_EQ(0, epoll_modify(set, 1, file, &once));
	EXPECT_EQ(1, epoll_wait(set, BUFFER, 1, 0));
	file_put(file);
	file_put(set);
}

static struct file *shared_set;
static bool has_heard[2];

static int wait_for_bell(void *arg)
{
	int n = current_map(BUFFER, PAGE_SIZE) ? (int)epoll_wait(shared_set, BUFFER, 1, UINT64_MAX)
					       : 99;

	has_heard[(uintptr_t)arg] = n == 1;
	return n;
}

/* A thread that was woken for an event is killed before it runs: another one is told, for the event stays. */
KTEST_ALONE(epoll_event_of_a_killed_thread_goes_to_another)
{
	struct file *file = bell_file(&bell);
	int pids[2];

	ASSERT_TRUE(file && epoll_create(&shared_set) == 0);
	ASSERT_TRUE(epoll_add(shared_set, 1, file, &for_input) == 0);
	for (uintptr_t i = 0; i < 2; i++) {
		pids[i] = ktest_spawn(wait_for_bell, (void *)i);
		ASSERT_TRUE(pids[i] > 0);
		ktest_settle();
	}
	preempt_disable();
	ring(&bell);
	EXPECT_EQ(0, ktest_kill(pids[0]));
	preempt_enable();
	EXPECT_EQ(EXITED(1), ktest_reap(pids[1]));
	(void)ktest_reap(pids[0]);
	file_put(shared_set);
	file_put(file);
}

/*
 * An event goes on from a thread that is killed while it waits for the turn to look at `held`, which another thread has. The set
 * that is waited for is that one, or watches it.
 */
static void expect_event_goes_on(struct epoll *held)
{
	int pids[2];

	has_heard[1] = false;
	for (uintptr_t i = 0; i < 2; i++) {
		pids[i] = ktest_spawn(wait_for_bell, (void *)i);
		ASSERT_TRUE(pids[i] > 0);
		ktest_settle();
	}
	mutex_lock(&held->scan);
	ring(&bell);
	ktest_settle();
	EXPECT_EQ(0, ktest_kill(pids[0]));
	ktest_settle();
	mutex_unlock(&held->scan);
	ktest_settle();
	EXPECT_TRUE(has_heard[1]);
	(void)ktest_kill(pids[1]); /* if it sleeps on */
	(void)ktest_reap(pids[1]);
	(void)ktest_reap(pids[0]);
}

KTEST_ALONE(epoll_thread_that_is_killed_before_its_look_wakes_another)
{
	struct file *file = bell_file(&bell);

	ASSERT_TRUE(file && epoll_create(&shared_set) == 0);
	ASSERT_TRUE(epoll_add(shared_set, 1, file, &for_input) == 0);
	expect_event_goes_on(shared_set->node);
	file_put(shared_set);
	file_put(file);
}

KTEST_ALONE(epoll_thread_that_is_killed_at_an_inner_set_leaves_the_event)
{
	struct file *file = bell_file(&bell), *inner;

	ASSERT_TRUE(file && epoll_create(&inner) == 0 && epoll_create(&shared_set) == 0);
	ASSERT_TRUE(epoll_add(inner, 1, file, &for_input) == 0);
	ASSERT_TRUE(epoll_add(shared_set, 2, inner, &for_input) == 0);
	expect_event_goes_on(inner->node);
	file_put(shared_set);
	file_put(inner);
	file_put(file);
}

#ifdef FAULTLINE_HARDENED

static struct file *late_set, *late_file;

static struct file *begin_set(void)
{
	late_file = bell_file(&bell);
	return late_file && epoll_create(&late_set) == 0 &&
			       epoll_add(late_set, 1, late_file, &for_input) == 0
		       ? late_set
		       : NULL;
}

static void ring_late(void)
{
	bell.on = true;
	waitq_wake_all(&bell.rung);
}

/* It has had an event before, so that the look arms it again. */
static struct file *begin_used_set(void)
{
	struct file *set = begin_set();

	if (set)
		ring_late();
	bell.on = false;
	return set;
}

static void end_set(void)
{
	file_put(late_set);
	file_put(late_file);
}

/* An event in the midst of the wait that takes the one shot: there is no second one. */
KTEST_IN_PROCESS_ALONE(epoll_one_shot_is_one)
{
	static const struct abi_epoll_event once = { .events = POLLIN | EPOLLONESHOT };
	bool happened = true;

	ASSERT_TRUE(current_map(BUFFER, PAGE_SIZE));
	for (unsigned n = 0; happened; n++) {
		ASSERT_TRUE(begin_set());
		EXPECT_EQ(0, epoll_modify(late_set, 1, late_file, &once));
		ring_late();
		late_event_arm(n, ring_late);
		EXPECT_EQ(1, epoll_wait(late_set, BUFFER, 4, 0));
		happened = late_event_disarm();
		EXPECT_EQ(0, epoll_wait(late_set, BUFFER, 4, 0));
		end_set();
	}
}

/* R153 */
KTEST_IN_PROCESS_ALONE(epoll_look_misses_no_event)
{
	static const struct late_event events[] = {
		{ begin_set, ring_late, end_set, POLLIN },
		{ begin_used_set, ring_late, end_set, POLLIN },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(events); i++)
		late_event_expect(&events[i]);
}

#endif
