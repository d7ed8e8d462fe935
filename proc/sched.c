/* SPDX-License-Identifier: MIT */
/* The run queues: round robin among the runnable threads of a hart, behind those of real-time policies. */
#include "proc/sched.h"

#include "abi/sched.h"
#include "arch/mmu.h"
#include "base/clock.h"
#include "base/hart.h"
#include "base/timerq.h"
#include "lib/bits.h"
#include "proc/kthread.h"
#include "proc/load.h"
#include "proc/preempt_force.h"
#include "proc/rt_queue.h"
#include "sync/irq.h"
#include "sync/spinlock.h"

/*
 * Each hart has a run queue with a lock. What the scheduler keeps in a thread is guarded by the lock of the hart in
 * thread->arch.hart, which changes only with the locks of both harts held. The lock is held
 * across arch_switch(), and the thread that is switched to releases it. So no other hart can find a thread that has
 * left its hart but is not completely saved. A thread may run on another hart after arch_switch() than before: what it
 * knew of the run queue is of no use any more.
 *
 * A thread that is woken goes to its last hart if that is idle, else to another one that is, else to its last one. An idle
 * hart takes threads from others. A thread that was preempted in the kernel stays: it may have looked at data of its hart.
 * The timer of a hart's tick is armed on that hart only: when it switches to a thread, and by the tick itself.
 *
 * A thread gives up its hart when it sleeps, ends, yields or returns to user mode, or when it is
 * preempted in the kernel (sync/preempt.h). A preempted thread stays queued whatever its state. A
 * wake-up then only changes its state. A thread that was preempted on its way to sleep runs again,
 * and then sleeps unless it has been woken.
 *
 * Each round of `ready` gives every thread one slice. A thread that sleeps may spend its slice in pieces,
 * ahead of `ready`, each time it is woken. So a thread that sleeps most of the time runs soon, but gets no
 * more time than others. The thread's weight sets the length of its slice, and so its share.
 *
 * Threads of SCHED_FIFO and SCHED_RR are in no round. They go before all others but kernel threads, the highest priority
 * first, and one that is woken takes the hart of a lower one. Most of the time there is none: what they need is in functions
 * of their own, behind a look at thread->runs_as.any and at runq->rt.first.
 */
struct runq {
	struct spinlock lock;
	/* guarded by it (preempted: changed on its own hart with interrupts off; see runs_alone()): */
	struct list ready;   /* linked by thread.run_link; the running thread is not on it */
	struct list napped;  /* go before `ready`: processes that slept for less than a slice */
	struct list woken;   /* go before `napped`: slept for longer, and kernel threads */
	struct list leaving; /* may not run on this hart: the idle thread moves them */
	struct rt_queue rt;  /* of real-time policies: go before these, behind kernel threads */
	unsigned nahead;     /* how many threads are on napped, woken and rt */
	uint64_t round; /* in each, every thread that was in `ready` when it began has a turn */
	uint64_t ahead_tick; /* when others began to go before the first of `ready`; 0: none has */
	bool ticking;	     /* tick is armed */
	bool turn_over;	     /* the running thread goes behind all others when it gives way */
	unsigned preempted;  /* threads preempted in the kernel that have not resumed */
	/* A queued thread that goes before all others if the running one sleeps; or NULL. */
	struct thread *handed;
	/* The hart runs only its idle thread, and threads that were preempted in the kernel (sched_let_finish()). */
	bool rests;
	bool at_rest; /* no such thread is left, and the idle thread waits */
	bool held; /* the hart rests until sched_hold_others() lets it go; its threads go to the boot hart */
	/* private to the hart: */
	struct timer tick;
} __attribute__((aligned(64))); /* no line of another hart's */

/*
 * thread->round of a thread that is in no round. UNKNOWN: it gets no slice before its turn. GOES_ON: it has given way in its
 * turn, and goes on with that.
 */
#define ROUND_UNKNOWN UINT64_MAX
#define ROUND_GOES_ON (UINT64_MAX - 1)

static struct runq runqs[HART_MAX]; /* each is guarded as the struct says */
static struct spinlock load_lock = SPINLOCK_INIT(LOCK_RUNQ);
static struct load load; /* guarded by load_lock; due_ns is read without it */
/* const after boot: */
static uint64_t slice_ticks;
static uint64_t tick_ticks; /* from one tick to the next, at most */

/*
 * Harts that run a thread and have others ready, as a mask; perhaps some that have none any more, which thieves take out.
 * Atomic; the bit of a hart changes with its lock held.
 */
static uint64_t waiting_harts;

static struct runq *runq_this(void)
{
	return hart_this()->runq;
}

static inline void hart_lock(struct hart *hart)
{
	spin_lock_irqoff(&hart->runq->lock);
}

static inline void hart_unlock(struct hart *hart)
{
	spin_unlock_irqoff(&hart->runq->lock);
}

/* For assertions of the hardened build. */
static inline bool hart_locked(const struct hart *hart)
{
	return spin_lock_held(&hart->runq->lock);
}

/*
 * Takes another hart's lock beside that of `held`. If the order asks for it, that one is released meanwhile. Returns whether
 * it was held all the time.
 */
static bool hart_lock_too(struct hart *held, struct hart *other)
{
	if (other == held)
		return true;
	if (held < other) {
		hart_lock(other);
		return true;
	}
	hart_unlock(held);
	hart_lock(other);
	hart_lock(held);
	return false;
}

static void hart_unlock_two(struct hart *a, struct hart *b)
{
	hart_unlock(a);
	if (b != a)
		hart_unlock(b);
}

/* Locks the hart of a thread that has one. Call with interrupts off. */
static inline struct hart *thread_lock(const struct thread *thread)
{
	for (;;) {
		struct hart *hart = atomic_load_relaxed(&thread->arch.hart);

		hart_lock(hart);
		if (likely(hart == atomic_load_relaxed(&thread->arch.hart)))
			return hart;
		hart_unlock(hart);
	}
}

/* Asks a running thread to yield before it returns to user mode, or at a preemption point. */
static void resched_ask(struct thread *thread)
{
	__atomic_fetch_or(&thread->arch.work, ARCH_WORK_RESCHED, __ATOMIC_RELEASE);
	__atomic_store_n(&thread->arch.preempt.no_resched, 0, __ATOMIC_RELAXED);
}

/*
 * Clears the request when the thread yields or no other is ready. Call with the lock held.
 */
static void resched_done(struct runq *runq, struct thread *thread)
{
	if (thread->arch.preempt.no_resched)
		return;
	runq->turn_over = false;
	__atomic_fetch_and(&thread->arch.work, ~ARCH_WORK_RESCHED, __ATOMIC_RELAXED);
	__atomic_store_n(&thread->arch.preempt.no_resched, 1, __ATOMIC_RELAXED);
}

/* Asks the running thread to leave the hart, and ends its turn. Call with interrupts off. */
static void end_turn(struct runq *runq, struct thread *thread)
{
	runq->turn_over = true;
	resched_ask(thread);
}

/* Where slices are long, there are ticks meanwhile: another hart may make them short again. Call this on its own hart. */
static void tick_arm(struct runq *runq)
{
	timer_arm(&runq->tick, arch_time() + MIN(slice_ticks, tick_ticks));
}

/* Call with the lock held, on its own hart. */
static void tick_start(struct runq *runq)
{
	if (runq->ticking)
		return;
	runq->ticking = true;
	tick_arm(runq);
}

static bool none_ready(const struct runq *runq)
{
	return list_empty(&runq->ready) && !runq->nahead;
}

/* Returns true if neither a thread that takes part in rounds nor a kernel thread is ready. */
static bool no_other_ready(const struct runq *runq)
{
	return list_empty(&runq->ready) && list_empty(&runq->napped) && list_empty(&runq->woken);
}

/* Kernel threads go before all others, so a ready one is the first of `woken`. */
static bool kernel_thread_is_ready(const struct runq *runq)
{
	return !list_empty(&runq->woken) &&
	       !list_first_entry(&runq->woken, struct thread, run_link)->process;
}

/* Returns the length of a slice, in ticks of arch_time(): slice_ticks for a weight of WEIGHT_USUAL. */
static uint64_t slice_by_weight(const struct thread *thread)
{
	return MAX(slice_ticks * thread->runs_as.weight / WEIGHT_USUAL, 1ul);
}

static inline uint64_t slice_of(const struct thread *thread)
{
	return likely(!thread->runs_as.weight) ? slice_ticks : slice_by_weight(thread);
}

/* Call with interrupts off, for the running thread. */
static inline void tick_cpu_alarms(struct thread *thread)
{
	if (likely(!atomic_load_relaxed(&thread->has_cpu_alarms)))
		return;
	thread->cpu_alarms_due = true;
	__atomic_fetch_or(&thread->arch.work, ARCH_WORK_LEAVE, __ATOMIC_RELAXED);
}

static bool is_idle(const struct hart *hart)
{
	return hart->current == hart->idle && none_ready(hart->runq) && !hart->runq->held;
}

static bool may_run_on(const struct thread *thread, const struct hart *hart)
{
	return thread->harts >> hart->index & 1;
}

/* Whether it runs a thread. The threads that are ready on an idle hart are left to it: it is about to run one. */
static bool is_busy(const struct hart *hart)
{
	return atomic_load_relaxed(&hart->current) != hart->idle;
}

/* Threads are ready on a busy hart: idle ones may take them. Call with the hart's lock held. */
static void note_waiting(const struct hart *hart)
{
	assert_hardened(hart_locked(hart));
	if (!(atomic_load_relaxed(&waiting_harts) >> hart->index & 1))
		__atomic_fetch_or(&waiting_harts, 1ul << hart->index, __ATOMIC_RELAXED);
}

/* Has an idle hart look for threads that it may take. */
static void kick_idle(void)
{
	for (unsigned i = 0; i < hart_count; i++)
		if (&harts[i] != hart_this() && is_idle(&harts[i])) {
			hart_kick(&harts[i], HART_KICK_SCHED);
			return;
		}
}

/* What the thread has used of its slice. It may be more than the slice: a tick ends it late. */
static inline uint64_t slice_used(const struct thread *thread)
{
	return thread->ran_ticks - thread->slice_ran;
}

/*
 * A slice that is shorter than the time between two ticks has a tick of its own, behind what is left of it, or half of it.
 * For the thread that is to run, or goes on. Call with the lock held, on its own hart.
 */
static void tick_start_short(struct runq *runq, const struct thread *thread, uint64_t used)
{
	uint64_t slice = slice_of(thread);

	assert_hardened(spin_lock_held(&runq->lock));
	if (is_rt(thread) || slice >= slice_ticks || thread == hart_this()->idle)
		return;
	runq->ticking = true;
	timer_arm(&runq->tick, arch_time() + MAX(slice - MIN(used, slice), slice / 2 + 1));
}

/* Whether the running thread, of a real-time policy, goes before those that are ready. Call with the lock held. */
static bool rt_goes_on(const struct runq *runq, const struct thread *thread, bool had_turn)
{
	const struct thread *first = rt_first(&runq->rt);

	if (kernel_thread_is_ready(runq) || (runq->rt.throttled && !no_other_ready(runq)))
		return false;
	if (!first || first->runs_as.rt_priority < thread->runs_as.rt_priority)
		return true;
	return first->runs_as.rt_priority == thread->runs_as.rt_priority && !had_turn;
}

/* Whether the running thread goes on although others are ready and it gives way. Call with the lock held. */
static bool sched_goes_on(const struct runq *runq, const struct thread *thread, bool had_turn)
{
	assert_hardened(spin_lock_held(&runq->lock));
	if (is_rt(thread))
		return rt_goes_on(runq, thread, had_turn);
	return runq->rt.throttled && no_other_ready(runq) && thread->process;
}

/* The tick, for a thread of a real-time policy. Call with the lock held. */
static void tick_rt(struct runq *runq, struct thread *thread, uint64_t used)
{
	bool had_turn = thread->runs_as.policy == SCHED_RR &&
			used >= slice_ticks / SLICE_MS * RT_SLICE_MS;

	assert_hardened(spin_lock_held(&runq->lock));
	if (had_turn) {
		thread->slice_tick = arch_time();
		thread->slice_ran = thread->ran_ticks + thread->slice_tick - thread->since_tick;
	}
	if (rt_goes_on(runq, thread, had_turn))
		return;
	if (had_turn)
		end_turn(runq, thread);
	else
		resched_ask(thread);
}

/* Whether a woken thread is ready. On `ready` it is one that has most of its slice left: a thread that had its turn has not. */
static bool woken_is_ready(const struct runq *runq)
{
	const struct thread *first = list_first_entry(&runq->ready, struct thread, run_link);

	if (!list_empty(&runq->woken) || !list_empty(&runq->napped))
		return true;
	return !list_empty(&runq->ready) && first->round != ROUND_GOES_ON &&
	       slice_used(first) < slice_of(first) / 2;
}

/*
 * The tick of a hart where some thread that runs or is ready has no usual slice. A thread whose slice is longer than a tick
 * lets woken threads run meanwhile. Call with the lock held.
 */
static __attribute__((noinline)) void tick_special(struct runq *runq, struct thread *thread)
{
	uint64_t slice = slice_of(thread), used = arch_time() - thread->slice_tick;

	assert_hardened(spin_lock_held(&runq->lock));
	rt_tick(&runq->rt, is_rt(thread));
	if (is_rt(thread)) {
		tick_rt(runq, thread, used);
	} else if (runq->rt.first && !runq->rt.throttled && thread->process) {
		resched_ask(thread);
	} else if (!no_other_ready(runq) && used >= slice - MIN(slice, slice_ticks) / 2) {
		end_turn(runq, thread);
	} else {
		if (woken_is_ready(runq))
			resched_ask(thread);
		tick_start_short(runq, thread, used);
	}
}

/* The most threads that count as ready for the load average. */
#define LOAD_READY_MOST 256u

/* How many threads of `ready` there are, but not more than `most`. Call with the lock held. */
static unsigned count_ready(const struct runq *runq, unsigned most)
{
	unsigned count = 0;

	assert_hardened(spin_lock_held(&runq->lock));
	for (const struct list *node = runq->ready.next; node != &runq->ready && count < most;
	     node = node->next)
		count++;
	return count;
}

/* How many threads run or are ready, on all harts. Call with interrupts off. */
static unsigned count_active(void)
{
	unsigned active = 0, looked = 0;

	for (unsigned i = 0; i < hart_count; i++) {
		hart_lock(&harts[i]);
		active += harts[i].current != harts[i].idle;
		active += runqs[i].nahead;
		looked += count_ready(&runqs[i], LOAD_READY_MOST - looked);
		hart_unlock(&harts[i]);
	}
	return active + looked;
}

/* Call with interrupts off and no run queue's lock held. */
static void look_at_load(void)
{
	uint64_t now = clock_ns();
	unsigned active;

	if (likely(now < atomic_load_relaxed(&load.due_ns)))
		return;
	active = count_active();
	spin_lock_irqoff(&load_lock);
	if (now >= load.due_ns)
		load_sample(&load, now, active);
	spin_unlock_irqoff(&load_lock);
}

void sched_load(uint64_t average[3])
{
	unsigned long flags = irq_save();

	look_at_load();
	spin_lock_irqoff(&load_lock);
	for (unsigned i = 0; i < ARRAY_SIZE(load.average); i++)
		average[i] = load.average[i];
	spin_unlock_irqoff(&load_lock);
	irq_restore(flags);
}

/*
 * Whether a tick has nothing to decide, because the hart computes for one thread. All is read without the lock, so that the
 * harts do not write it in turn: a thread that is queued after this look waits for the next tick, as after any tick.
 */
static bool runs_alone(const struct runq *runq, const struct thread *thread)
{
	return atomic_load_relaxed(&runq->ready.next) == &runq->ready &&
	       !atomic_load_relaxed(&runq->nahead) && !thread->runs_as.any &&
	       !atomic_load_relaxed(&runq->rt.first) && thread != hart_this()->idle;
}

static void balance(struct hart *self);

/*
 * Asks the running thread to yield if another is ready, unless it has run for less than half a
 * slice. So a thread runs for less than two slices while another one is ready.
 */
static void tick(struct timer *timer)
{
	struct runq *runq = container_of(timer, struct runq, tick);
	struct hart *hart = hart_this();
	struct thread *thread = hart->current;

	tick_cpu_alarms(thread);
	look_at_load();
	if (hart_are_several())
		balance(hart);
	if (runs_alone(runq, thread)) {
		tick_arm(runq);
		return;
	}
	hart_lock(hart);
	runq->ticking = false;
	if (unlikely(thread->runs_as.any || runq->rt.first))
		tick_special(runq, thread);
	else if (!none_ready(runq) && arch_time() - thread->slice_tick >= slice_ticks / 2)
		end_turn(runq, thread);
	if (!none_ready(runq)) {
		tick_start(runq);
		if (hart_are_several()) {
			note_waiting(hart);
			kick_idle();
		}
	} else if (thread != hart->idle) {
		tick_start(runq);
	}
	hart_unlock(hart);
}

static void enqueue(struct thread *thread, struct list *queue)
{
	assert_hardened(!thread->queued);
	thread->queued = true;
	list_add_tail(queue, &thread->run_link);
}

/* Queues it on one of those that go before `ready`. */
static void enqueue_ahead(struct runq *runq, struct thread *thread, struct list *queue)
{
	runq->nahead++;
	thread->ahead = true;
	enqueue(thread, queue);
}

static void enqueue_rt(struct runq *runq, struct thread *thread, bool before_equals)
{
	assert_hardened(!thread->queued);
	runq->nahead++;
	thread->ahead = thread->queued = true;
	rt_enqueue(&runq->rt, thread, before_equals);
}

/* Takes a thread off any queue of the hart. */
static void dequeue(struct runq *runq, struct thread *thread)
{
	if (unlikely(thread->by_priority))
		rt_dequeue(&runq->rt, thread);
	else
		list_del(&thread->run_link);
	if (thread->ahead)
		runq->nahead--;
	thread->ahead = thread->queued = false;
}

/* Queues a thread behind all others: its turn comes in the next round. */
static void enqueue_last(struct runq *runq, struct thread *thread)
{
	thread->round = runq->round + 1;
	enqueue(thread, &runq->ready);
}

/*
 * Gives the thread a slice for each round that has begun since its last one. These make up for what it has overrun, but are
 * not saved up. Call with the lock held.
 */
static void slices_give(const struct runq *runq, struct thread *thread, uint64_t slice)
{
	uint64_t given = (runq->round - thread->round) * slice;

	thread->slice_ran += MIN(given, slice_used(thread));
	thread->round = runq->round;
}

/*
 * Queues a woken thread with slices of that length among others. Kernel threads go first, because other threads wait for
 * their work. A process goes before `ready` as long as it has not used up its slice of this round. Processes that slept for
 * long have a list of their own, because thousands of them may be woken at once. Call with the lock held.
 */
static __attribute__((noinline)) void enqueue_woken(struct runq *runq, struct thread *thread,
						    struct hart *hart, uint64_t slice)
{
	assert_hardened(spin_lock_held(&runq->lock));
	if (!thread->process) {
		thread->slice_ran = thread->ran_ticks;
		enqueue_ahead(runq, thread, runq->woken.next); /* before the first */
		if (hart->current)			       /* NULL before sched_start() */
			resched_ask(hart->current);
		return;
	}
	if (thread->round < runq->round)
		slices_give(runq, thread, slice);
	else if (unlikely(thread->round == ROUND_GOES_ON))
		thread->round = runq->round;
	if (slice_used(thread) >= slice)
		enqueue_last(runq, thread);
	else if (arch_time() - thread->left_tick < slice_ticks)
		enqueue_ahead(runq, thread, &runq->napped);
	else
		enqueue_ahead(runq, thread, &runq->woken);
}

void sched_text_follows(struct thread *thread)
{
	if (atomic_load_relaxed(&thread->text_follows) ||
	    (thread->mmu && atomic_load_relaxed(&thread->mmu->text_follows)))
		__atomic_fetch_or(&thread->arch.work, ARCH_WORK_TEXT, __ATOMIC_RELAXED);
}

/*
 * Moves a thread that is on no queue to a hart's. Of the slice that it has there, it has used what it had used. Call with
 * the locks of both harts held.
 */
static void thread_move_to(struct thread *thread, struct hart *hart)
{
	assert_hardened(hart_locked(thread->arch.hart) && hart_locked(hart));
	atomic_store_relaxed(&thread->arch.hart, hart);
	if (thread->arch.has_rseq)
		__atomic_fetch_or(&thread->arch.work, ARCH_WORK_RSEQ, __ATOMIC_RELAXED);
	sched_text_follows(thread);
	if (thread->round < ROUND_GOES_ON)
		thread->round = hart->runq->round;
}

/* Whether a woken thread takes the hart from the thread that runs there. Call with the hart's lock held. */
static bool outranks(const struct thread *thread, const struct hart *hart)
{
	const struct thread *runs = hart->current;

	if (!is_rt(thread) || !runs->process)
		return false;
	if (is_rt(runs))
		return thread->runs_as.rt_priority > runs->runs_as.rt_priority;
	return !hart->runq->rt.throttled;
}

#define RANK_MOST (RT_PRIORITY_MAX + 1u)

/* The real-time priority of what runs there; RANK_MOST: it goes before all threads of such policies, or nobody can say now. */
static unsigned rank_of(struct hart *hart, const struct hart *locked)
{
	unsigned rank;

	if (hart != locked && !spin_try_irqoff_nested(&hart->runq->lock))
		return RANK_MOST;
	rank = hart->current->process || hart->current == hart->idle
		       ? hart->current->runs_as.rt_priority
		       : RANK_MOST;
	if (hart->runq->held)
		rank = RANK_MOST;
	if (hart != locked)
		hart_unlock(hart);
	return rank;
}

/*
 * Returns the hart for a thread of a real-time policy: its last hart if it outranks the thread that runs there, else the hart
 * whose running thread has the lowest priority. It does not wait for the locks of others, which it takes in any order. Call
 * with the lock of the thread's hart held.
 */
static struct hart *choose_lowest(const struct thread *thread, struct hart *last)
{
	const struct hart *locked = thread->arch.hart;
	unsigned lowest = rank_of(last, locked);
	struct hart *choice = last;

	if (thread->runs_as.rt_priority > lowest && !atomic_load_relaxed(&last->runq->rt.throttled))
		return last;
	for (unsigned i = 0; i < hart_count; i++) {
		unsigned rank = may_run_on(thread, &harts[i]) ? rank_of(&harts[i], locked)
							      : RANK_MOST;

		if (rank < lowest) {
			lowest = rank;
			choice = &harts[i];
		}
	}
	return choice;
}

/*
 * Returns the hart that a thread goes to that is woken or has to move. It looks at other harts without their locks: what it
 * finds may change, and then the thread runs a little later. Call with the lock of the thread's hart held.
 */
static __attribute__((noinline)) struct hart *choose_hart(const struct thread *thread,
							  bool hand_over)
{
	struct hart *self = hart_this(), *last = thread->arch.hart;

	assert_hardened(hart_locked(last));
	if (!may_run_on(thread, last))
		for (last = harts; !may_run_on(thread, last);)
			last++;
	if (unlikely(last->runq->held))
		last = &harts[0];
	if (is_idle(last) || (hand_over && last == self))
		return last;
	for (unsigned i = 0; i < hart_count; i++)
		if (is_idle(&harts[i]) && may_run_on(thread, &harts[i]))
			return &harts[i];
	return is_rt(thread) ? choose_lowest(thread, last) : last;
}

/* Interrupts the hart of a running thread that has work, such as a signal, before user mode. Call with its hart's lock held. */
static void kick_running(const struct thread *thread)
{
	struct hart *hart = thread->arch.hart;

	assert_hardened(hart_locked(hart));
	if (thread->on_hart && hart != hart_this() && atomic_load_relaxed(&thread->arch.work))
		hart_kick(hart, HART_KICK_SCHED);
}

/* Queues a woken thread of a real-time policy, which may take the hart. Call with the hart's lock held. */
static void enqueue_rt_woken(struct thread *thread, struct hart *hart, bool before_equals)
{
	assert_hardened(hart_locked(hart));
	enqueue_rt(hart->runq, thread, before_equals);
	if (!outranks(thread, hart))
		return;
	resched_ask(hart->current);
	kick_running(hart->current);
}

/* Queues a woken thread with a policy or weight other than the usual one. Call with the hart's lock held. */
static __attribute__((noinline)) void enqueue_special(struct thread *thread, struct hart *hart)
{
	assert_hardened(hart_locked(hart));
	if (is_rt(thread)) {
		enqueue_rt_woken(thread, hart, false);
	} else if (thread->runs_as.policy != SCHED_OTHER) {
		enqueue_last(hart->runq, thread); /* it is in no hurry */
	} else {
		enqueue_woken(hart->runq, thread, hart, slice_of(thread));
	}
}

/* Queues a woken thread on a hart, where the scheduling policy says. Call with the hart's lock held. */
static inline void enqueue_ready(struct thread *thread, struct hart *hart)
{
	struct runq *runq = hart->runq;

	if (unlikely(thread->runs_as.any))
		enqueue_special(thread, hart);
	else if (none_ready(runq) && thread->process && likely(!hart->current->runs_as.any))
		enqueue(thread, &runq->ready); /* a turn that no thread waits for */
	else
		enqueue_woken(runq, thread, hart, slice_ticks);
}

/* Queues a thread that is ready, and on no queue, on a hart. Call with its lock held, and that of the thread's present hart. */
static void queue_on(struct thread *thread, struct hart *hart, bool hand_over)
{
	struct hart *self = hart_this();
	bool kick = hart != self && (is_idle(hart) || !thread->process);

	if (hart != thread->arch.hart)
		thread_move_to(thread, hart);
	enqueue_ready(thread, hart);
	if (is_busy(hart))
		note_waiting(hart);
	if (hart == self)
		tick_start(hart->runq);
	if (hart == self && hand_over)
		hart->runq->handed = thread;
	if (kick)
		hart_kick(hart, HART_KICK_SCHED);
}

/* Whether a thread is on no hart and no queue, and is to be queued by who wakes it. Call with its hart's lock held. */
static inline bool waits_to_be_queued(const struct thread *thread)
{
	return (thread->state == THREAD_SLEEPING || thread->state == THREAD_NEW) &&
	       !thread->on_hart && !thread->queued;
}

/* Wakes a thread that is not to be queued: it is on a hart, on its way to sleep or not, or queued. Call with its hart's lock held. */
static void wake_in_place(struct thread *thread)
{
	if (thread->state == THREAD_SLEEPING || thread->state == THREAD_NEW)
		thread->state = THREAD_READY;
	else if (hart_are_several())
		kick_running(thread);
}

/*
 * Wakes a thread that is to be queued, where several harts run. Call with the lock of its hart held, which is released. While
 * the locks are taken in their order another hart may wake it.
 */
static __attribute__((noinline)) void wake_somewhere(struct thread *thread, bool hand_over)
{
	struct hart *from = thread->arch.hart;
	struct hart *to = choose_hart(thread, hand_over);

	while (!hart_lock_too(from, to) &&
	       (thread->arch.hart != from || !waits_to_be_queued(thread))) {
		hart_unlock_two(from, to);
		from = thread_lock(thread);
		if (!waits_to_be_queued(thread)) {
			wake_in_place(thread);
			hart_unlock(from);
			return;
		}
		to = choose_hart(thread, hand_over);
	}
	thread->state = THREAD_READY;
	queue_on(thread, to, hand_over);
	hart_unlock_two(from, to);
}

static void take_off_queue(struct runq *runq, struct thread *thread)
{
	dequeue(runq, thread);
	if (runq->handed == thread)
		runq->handed = NULL;
}

/* The thread that other harts rest for (sched_let_finish()). Atomic. */
static struct thread *rested_for;

/* Whether a thread, which may be ready, has to go on on its hart: others rest for it, or it was preempted in the kernel. */
static bool stays_on_hart(const struct thread *thread)
{
	return thread->preempted || thread == atomic_load_relaxed(&rested_for);
}

/* Whether a thread that may not run on its hart can be moved at once. Call with its hart's lock held. */
static bool can_be_sent(const struct thread *thread)
{
	return !may_run_on(thread, thread->arch.hart) && !thread->on_hart && !stays_on_hart(thread);
}

/*
 * A thread that may not run on its hart goes to another: one that runs, or has to go on here, when it returns to user mode.
 * Call with the lock of its hart held, which is released.
 */
static void send_away(struct thread *thread)
{
	struct hart *from = thread->arch.hart, *to;

	while (can_be_sent(thread)) {
		to = choose_hart(thread, false);
		if (hart_lock_too(from, to) || (thread->arch.hart == from && can_be_sent(thread))) {
			if (thread->queued) {
				take_off_queue(from->runq, thread);
				queue_on(thread, to, false);
			} else {
				thread_move_to(thread, to);
			}
			hart_unlock_two(from, to);
			return;
		}
		hart_unlock_two(from, to);
		from = thread_lock(thread);
	}
	if (!may_run_on(thread, from)) {
		__atomic_fetch_or(&thread->arch.work, ARCH_WORK_MOVE, __ATOMIC_RELEASE);
		kick_running(thread);
	}
	hart_unlock(from);
}

/*
 * Queues a thread again that was taken off its queue for a change. As on Linux, one that is lowered goes before its equals. A hart
 * that is about to wait looks at its queue without the lock, and may have missed the thread: it is interrupted.
 */
static void enqueue_changed(struct thread *thread, bool lowered)
{
	struct hart *hart = thread->arch.hart;

	note_waiting(hart);
	if (is_rt(thread))
		enqueue_rt_woken(thread, hart, lowered);
	else
		enqueue_ready(thread, hart);
	if (hart != hart_this() && hart->current == hart->idle)
		hart_kick(hart, HART_KICK_SCHED);
}

/* Its weight alone changes. One that runs has a shorter slice at once; for others it is known when they run. */
static void reweigh(struct thread *thread, uint64_t any)
{
	uint64_t slice = slice_of(thread);

	atomic_store_relaxed(&thread->runs_as.any, any);
	if (thread->on_hart && slice_of(thread) < slice) {
		resched_ask(thread); /* pick() begins the shorter slice */
		kick_running(thread);
	}
}

void sched_run_as(struct thread *thread, uint64_t any)
{
	const struct sched_wish old = thread->runs_as, new = { .any = any };
	bool same = wish_ranks_alike(old, new);
	unsigned long flags;
	struct hart *hart;

	if (same && !atomic_load_relaxed(&thread->on_hart)) {
		atomic_store_relaxed(&thread->runs_as.any, any);
		return;
	}
	flags = irq_save();
	hart = thread_lock(thread);
	if (same) {
		reweigh(thread, any);
	} else {
		/* One that leaves the hart stays on `leaving`, where no policy counts. */
		bool queued = thread->queued && !can_be_sent(thread);

		if (queued)
			take_off_queue(hart->runq, thread);
		atomic_store_relaxed(&thread->runs_as.any, any);
		thread->slice_ran = thread->ran_ticks;
		if (queued)
			enqueue_changed(thread, new.rt_priority < old.rt_priority);
		else if (thread->on_hart)
			resched_ask(thread); /* one that waits may go before it now */
		kick_running(thread);
	}
	hart_unlock(hart);
	irq_restore(flags);
	preempt_point();
}

void sched_set_harts(struct thread *thread, uint64_t harts_mask)
{
	unsigned long flags = irq_save();

	assert_hardened(harts_mask && !(harts_mask & ~hart_mask()));
	(void)thread_lock(thread);
	__atomic_store_n(&thread->harts, harts_mask, __ATOMIC_RELAXED);
	send_away(thread);
	irq_restore(flags);
	preempt_point();
}

uint64_t sched_harts(const struct thread *thread)
{
	return __atomic_load_n(&thread->harts, __ATOMIC_RELAXED) & hart_mask();
}

static void sched_wake(struct thread *thread, bool hand_over)
{
	unsigned long flags;
	struct hart *hart;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	flags = irq_save();
	hart = thread_lock(thread);
	if (!waits_to_be_queued(thread)) {
		wake_in_place(thread);
		hart_unlock(hart);
	} else if (hart_are_several()) {
		wake_somewhere(thread, hand_over);
	} else {
		thread->state = THREAD_READY;
		enqueue_ready(thread, hart);
		tick_start(hart->runq);
		if (hand_over)
			hart->runq->handed = thread;
		hart_unlock(hart);
	}
	irq_restore(flags);
	preempt_point();
}

void thread_wake(struct thread *thread)
{
	sched_wake(thread, false);
}

void sched_hand_over(struct thread *thread)
{
	sched_wake(thread, true);
}

/*
 * On one hart, kernel threads run with the page tables that happen to be active, and a thread that destroys an address space
 * leaves it first. It would not leave it for other harts. So if there are several, kernel threads run with the kernel's
 * own. Call with interrupts off.
 */
static inline void activate_for(struct hart *hart, const struct thread *thread)
{
	if (thread->mmu == hart->active)
		return;
	if (thread->mmu)
		arch_mmu_switch(hart, thread->mmu);
	else if (hart_are_several())
		arch_mmu_activate(NULL);
}

void sched_use_mmu(struct mmu *mmu)
{
	unsigned long flags = irq_save();

	current_thread()->mmu = mmu;
	arch_mmu_activate(mmu);
	irq_restore(flags);
}

/* Whether the first of the threads of real-time policies goes before all others. Call with the lock held. */
static bool rt_is_next(const struct runq *runq)
{
	return runq->rt.first && !kernel_thread_is_ready(runq) &&
	       !(runq->rt.throttled && !no_other_ready(runq));
}

/*
 * Of queues that are not all empty, returns the list whose first thread runs next, NULL for `rt`: a kernel thread;
 * then one of a real-time policy;
 * then for half a slice those that have slept for long, however many they are; then for half a slice
 * those that have napped; then one of those that are ready all the time. Call with the lock held.
 */
static __attribute__((noinline)) struct list *choose_list(struct runq *runq)
{
	bool woken = !list_empty(&runq->woken);
	uint64_t now = arch_time();

	if (rt_is_next(runq))
		return NULL;
	if (kernel_thread_is_ready(runq))
		return &runq->woken;
	if (!runq->ahead_tick)
		runq->ahead_tick = now;
	if (woken && now - runq->ahead_tick < slice_ticks / 2)
		return &runq->woken;
	if (!list_empty(&runq->napped) && now - runq->ahead_tick < slice_ticks)
		return &runq->napped;
	if (!list_empty(&runq->ready))
		return &runq->ready;
	runq->ahead_tick = 0;
	return list_empty(&runq->napped) ? &runq->woken : &runq->napped;
}

/*
 * Returns the list whose first thread runs next; it may be empty. NULL: the first of `rt` does. Call with the lock held.
 */
static inline struct list *next_list(struct runq *runq)
{
	if (likely(!runq->nahead))
		return &runq->ready;
	return choose_list(runq);
}

/*
 * Begins the turn of a thread of `ready`, whose slices have that length. The turn is one slice, less what the thread overran its
 * last slice by. Of that, at most one slice counts: a server may have overrun because it ran on the slices of many callers. A
 * thread that gave way goes on with its turn.
 */
static inline void begin_turn(struct runq *runq, struct thread *thread, uint64_t slice)
{
	uint64_t used = slice_used(thread);

	runq->ahead_tick = 0;
	if (unlikely(thread->round != runq->round)) {
		bool goes_on = thread->round == ROUND_GOES_ON;

		if (thread->round == runq->round + 1)
			runq->round++;
		thread->round = runq->round;
		if (goes_on)
			return;
	}
	thread->slice_ran = thread->ran_ticks;
	if (unlikely(used > slice))
		thread->slice_ran -= MIN(used - slice, slice);
}

/*
 * The next thread of a hart that rests: one that was preempted in the kernel, which gives way before it returns to user
 * mode; NULL: there is none. Call with the lock held.
 */
static __attribute__((noinline, cold)) struct thread *pick_preempted(struct runq *runq)
{
	struct list *lists[] = { &runq->woken, &runq->napped, &runq->ready };

	assert_hardened(spin_lock_held(&runq->lock));
	for (struct thread *thread = rt_first(&runq->rt); thread; thread = rt_next(thread))
		if (thread->preempted) {
			dequeue(runq, thread);
			resched_ask(thread);
			return thread;
		}
	for (unsigned i = 0; i < ARRAY_SIZE(lists); i++)
		for (struct list *node = lists[i]->next; node != lists[i]; node = node->next) {
			struct thread *thread = list_entry(node, struct thread, run_link);

			if (!thread->preempted)
				continue;
			dequeue(runq, thread);
			resched_ask(thread);
			return thread;
		}
	return NULL;
}

/*
 * Returns the next thread, taken off its queue, or the idle one. Call with the lock held.
 */
static inline __attribute__((always_inline)) struct thread *pick(struct runq *runq,
								 struct hart *hart)
{
	struct list *list, *node;
	struct thread *thread;
	bool special;

	assert_hardened(spin_lock_held(&runq->lock));
	if (unlikely(runq->rests))
		return pick_preempted(runq) ?: hart->idle;
	list = next_list(runq);
	if (unlikely(!list)) {
		thread = rt_first(&runq->rt);
		dequeue(runq, thread);
		return thread;
	}
	node = list_pop(list);
	if (!node)
		return hart->idle;
	thread = list_entry(node, struct thread, run_link);
	thread->queued = false;
	special = thread->runs_as.any;
	if (likely(list == &runq->ready)) {
		begin_turn(runq, thread, unlikely(special) ? slice_of(thread) : slice_ticks);
	} else {
		thread->ahead = false;
		runq->nahead--;
	}
	if (unlikely(special))
		tick_start_short(runq, thread, slice_used(thread));
	return thread;
}

/*
 * Returns the thread that the running one, which sleeps, hands over to, unless it has to give way
 * to others; NULL: none. Call with the lock held.
 */
static struct thread *pick_handed(struct runq *runq)
{
	struct thread *thread = runq->handed;

	if (likely(!thread))
		return NULL;
	if (need_resched() || runq->rests || runq->rt.first) {
		runq->handed = NULL;
		return NULL;
	}
	dequeue(runq, thread);
	return thread;
}

/*
 * The switch itself. With `same_slice` the next thread has the rest of this one's slice. Returns what was `over` in the switch
 * that came back. Call with the lock held.
 */
static inline __attribute__((always_inline)) bool leave_for(struct runq *runq, struct hart *hart,
							    struct thread *prev,
							    struct thread *next, bool same_slice,
							    bool over)
{
	uint64_t now = arch_time();

	assert_hardened(next != prev);
	prev->ran_ticks += now - prev->since_tick;
	prev->left_tick = now;
	next->since_tick = now;
	next->slice_tick = unlikely(same_slice) ? prev->slice_tick : now - slice_used(next);
	runq->handed = NULL;
	__atomic_store_n(&prev->on_hart, false, __ATOMIC_RELEASE); /* thread_times() */
	next->on_hart = true;
	hart->current = next;
	if (prev->arch.rseq_due)
		__atomic_fetch_or(&prev->arch.work, ARCH_WORK_RSEQ, __ATOMIC_RELAXED);
	latency_end(LATENCY_PREEMPTION); /* of a thread that ends */
	counter_add(&hart->counters[HART_SWITCHES], 1);
	activate_for(hart, next);
	return arch_switch(&prev->arch, &next->arch, over);
}

/* The running thread must be queued, asleep or dead. Call with the lock held. */
static inline __attribute__((always_inline)) void switch_to(struct runq *runq, struct thread *next)
{
	struct hart *hart = hart_this();

	assert_hardened(spin_lock_held(&runq->lock));
	resched_done(runq, hart->current);
	if (next != hart->idle)
		tick_start(runq);
	(void)leave_for(runq, hart, hart->current, next, runq->handed == next, false);
}

static void switch_away(struct runq *runq)
{
	switch_to(runq, pick(runq, hart_this()));
}

/*
 * Asserts that the hart may switch to another thread: no spinning lock is held, no interrupt
 * handler is running, and the preemption count is `count`. That is 1 for a thread that ends and for
 * the idle thread, which are never on a queue, and 0 for all others.
 */
static void assert_may_leave(unsigned count)
{
	lockorder_assert_none_spinning();
	assert_hardened(!hart_this()->in_interrupt);
	assert_hardened(arch_preempt()->count == count);
}

static unsigned idle_count(void)
{
	return current_thread() == hart_this()->idle;
}

void sched_wake_last(struct thread *thread)
{
	thread->slice_ran = thread->ran_ticks - slice_of(thread);
	thread->round = ROUND_UNKNOWN;
}

void sched_yield_soon(void)
{
	unsigned long flags = irq_save();

	end_turn(runq_this(), current_thread());
	irq_restore(flags);
}

/*
 * Queues the running thread, which gives way. Of a real-time policy it stays before its equals unless it has had its turn.
 * Any other one lets those that were woken run, and goes on then. Call with the lock held.
 */
static inline void enqueue_given_way(struct runq *runq, struct thread *thread, bool had_turn)
{
	if (unlikely(is_rt(thread))) {
		enqueue_rt(runq, thread, !had_turn);
	} else if (had_turn || unlikely(thread->runs_as.policy == SCHED_IDLE)) {
		enqueue_last(runq, thread);
	} else {
		thread->round = ROUND_GOES_ON;
		enqueue(thread, runq->ready.next); /* before the first */
	}
}

/*
 * On a hart that rests: a thread that was preempted in the kernel goes on. Call with the lock held.
 */
static __attribute__((noinline, cold)) void rest(struct runq *runq, struct thread *thread)
{
	struct thread *idle = hart_this()->idle, *next;

	assert_hardened(spin_lock_held(&runq->lock));
	if (thread->preempted)
		return;
	next = pick_preempted(runq);
	if (thread == idle && !next)
		return;
	if (thread != idle)
		enqueue_given_way(runq, thread, true);
	note_waiting(hart_this());
	switch_to(runq, next ?: idle);
}

/*
 * Queues the running thread, whatever its state, and switches to the next one if any is ready. A
 * thread that has had its turn goes behind all others. One that gives way to a kernel thread goes on
 * with its slice soon. Call with interrupts off.
 */
static void give_way(bool had_turn)
{
	struct hart *hart = hart_this();
	struct runq *runq = hart->runq;
	struct thread *thread = current_thread();

	/* A thread may yield in a loop until a thread on another hart has done something: leave the lock to that one. */
	if (hart_are_several() && none_ready(runq) && !need_resched() &&
	    !atomic_load_relaxed(&runq->rests))
		return;
	spin_lock_irqoff(&runq->lock);
	if (unlikely(runq->rests)) {
		rest(runq, thread);
		spin_unlock_irqoff(&runq_this()->lock);
		return;
	}
	had_turn |= runq->turn_over;
	resched_done(runq, thread);
	runq->handed = NULL;
	if (!none_ready(runq) &&
	    !(unlikely(is_rt(thread) || runq->rt.first) && sched_goes_on(runq, thread, had_turn))) {
		struct thread *next = pick(runq, hart);

		thread->nivcsw++;
		if (thread != hart->idle)
			enqueue_given_way(runq, thread, had_turn);
		if (hart_are_several())
			note_waiting(hart);
		tick_start(runq);
		(void)leave_for(runq, hart, thread, next, false, false);
	}
	spin_unlock_irqoff(&runq_this()->lock);
}

void sched_yield(void)
{
	unsigned long flags = irq_save();

	assert_may_leave(idle_count());
	give_way(true);
	irq_restore(flags);
}

void sched_give_way(void)
{
	unsigned long flags = irq_save();

	assert_may_leave(0);
	if (need_resched()) /* else it was preempted since it was asked */
		give_way(false);
	irq_restore(flags);
}

void preempt_schedule_irq(void)
{
	assert_may_leave(0);
	runq_this()->preempted++;
	current_thread()->preempted = true;
	give_way(false);
	current_thread()->preempted = false;
	runq_this()->preempted--;
}

/*
 * The running thread cannot change its hart, which the rest of a switch still uses. So it waits on a list until the idle
 * thread of the hart moves it.
 */
void sched_move(void)
{
	unsigned long flags = irq_save();
	struct hart *hart = hart_this();
	struct thread *thread = current_thread();

	assert_may_leave(0);
	hart_lock(hart);
	__atomic_fetch_and(&thread->arch.work, ~ARCH_WORK_MOVE, __ATOMIC_RELAXED);
	if (!may_run_on(thread, hart)) {
		thread->nivcsw++;
		enqueue(thread, &hart->runq->leaving);
		switch_to(hart->runq, hart->idle);
	}
	hart_unlock(hart_this());
	irq_restore(flags);
}

/* Called by the idle thread, with interrupts off. */
static __attribute__((noinline, cold)) void move_leaving(struct runq *runq)
{
	struct hart *self = hart_this();

	hart_lock(self);
	while (!list_empty(&runq->leaving)) {
		struct thread *thread = list_first_entry(&runq->leaving, struct thread, run_link);
		struct hart *to = choose_hart(thread, false);

		/* If the lock was released meanwhile, sched_set_harts() may have sent it on. */
		if (hart_lock_too(self, to) || runq->leaving.next == &thread->run_link) {
			dequeue(runq, thread);
			queue_on(thread, to, false);
		}
		if (to != self)
			hart_unlock(to);
	}
	hart_unlock(self);
}

/* ---- all harts at rest ---- */

#define REST_NS (10 * NSEC_PER_SEC)

/* Call with interrupts on. */
static void others_rest(bool rests)
{
	unsigned long flags = irq_save();

	for (unsigned i = 0; i < hart_count; i++) {
		struct hart *hart = &harts[i];

		if (hart == hart_this())
			continue;
		hart_lock(hart);
		hart->runq->rests = rests || hart->runq->held;
		if (hart->current != hart->idle)
			resched_ask(hart->current);
		hart_unlock(hart);
		hart_kick(hart, HART_KICK_SCHED);
	}
	irq_restore(flags);
	preempt_point();
}

/* Returns a hart that is not at rest yet; NULL: all are. */
static const struct hart *find_busy(void)
{
	const struct hart *busy = NULL;
	unsigned long flags = irq_save();

	for (unsigned i = 0; i < hart_count && !busy; i++) {
		hart_lock(&harts[i]);
		if (harts[i].runq->rests && !harts[i].runq->at_rest)
			busy = &harts[i];
		hart_unlock(&harts[i]);
	}
	irq_restore(flags);
	return busy;
}

void sched_let_finish(void)
{
	struct thread *nobody = NULL;
	uint64_t deadline;

	while (!__atomic_compare_exchange_n(&rested_for, &nobody, current_thread(), false,
					    __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
		nobody = NULL;
		sched_yield();
	}
	if (hart_are_several())
		others_rest(true);
	deadline = clock_ns() + REST_NS;
	for (;;) {
		const struct hart *busy;

		preempt_disable();
		busy = find_busy();
		if (!busy && !runq_this()->preempted)
			return;
		preempt_enable();
		if (busy && clock_ns() > deadline)
			panic("hart %lu does not come to rest", busy->id);
		sched_yield();
	}
}

void sched_go_on(void)
{
	if (hart_are_several())
		others_rest(false);
	__atomic_store_n(&rested_for, NULL, __ATOMIC_SEQ_CST);
	preempt_enable();
}

/* Call with interrupts off. */
static bool has_threads(struct hart *hart)
{
	bool has;

	hart_lock(hart);
	has = hart->current != hart->idle || !none_ready(hart->runq);
	hart_unlock(hart);
	return has;
}

/* Returns whether no hart but that one runs threads or has any that is ready. One that moves meanwhile may be missed. */
static bool others_idle(const struct hart *than)
{
	unsigned long flags = irq_save();
	bool idle = true;

	for (unsigned i = 0; i < hart_count && idle; i++)
		idle = &harts[i] == than || !has_threads(&harts[i]);
	irq_restore(flags);
	return idle;
}

void sched_hold_others(bool held)
{
	unsigned long flags = irq_save();

	for (unsigned i = 1; i < hart_count; i++) {
		struct hart *hart = &harts[i];

		hart_lock(hart);
		hart->runq->held = hart->runq->rests = held;
		if (hart->current != hart->idle)
			resched_ask(hart->current);
		hart_unlock(hart);
		hart_kick(hart, HART_KICK_SCHED);
	}
	irq_restore(flags);
	while (held && (hart_this() != &harts[0] || !others_idle(&harts[0])))
		sched_yield();
}

bool sched_is_quiet(void)
{
	return none_ready(runq_this()) && others_idle(hart_this());
}

/* Moves a thread that is ready to the boot hart, unless it may not leave. Call with the locks of both harts held. */
static void send_thread(struct runq *runq, struct thread *thread)
{
	if (thread->preempted)
		return;
	dequeue(runq, thread);
	thread_move_to(thread, &harts[0]);
	if (is_rt(thread))
		enqueue_rt(harts[0].runq, thread, false);
	else
		enqueue(thread, &harts[0].runq->ready);
	note_waiting(&harts[0]);
	hart_kick(&harts[0], HART_KICK_SCHED);
}

/* Moves all ready threads of a list to the boot hart, unless they may not leave. Call with the locks of both harts held. */
static void send_list(struct runq *runq, struct list *list)
{
	for (struct list *node = list->next, *next; node != list; node = next) {
		next = node->next;
		send_thread(runq, list_entry(node, struct thread, run_link));
	}
}

/* Moves the ready threads of all queues of a held hart to the boot hart. Call with the locks of both held. */
static void send_home(struct runq *runq)
{
	runq->handed = NULL;
	send_list(runq, &runq->woken);
	send_list(runq, &runq->napped);
	send_list(runq, &runq->ready);
	for (struct thread *thread = rt_first(&runq->rt), *next; thread; thread = next) {
		next = rt_next(thread);
		send_thread(runq, thread);
	}
}

/* The idle thread of a hart that rests. Called, and returns, with interrupts off. */
static __attribute__((noinline, cold)) void idle_at_rest(struct runq *runq)
{
	bool rests, finish;

	do {
		if (atomic_load_relaxed(&runq->held)) {
			hart_lock(&harts[0]);
			hart_lock(hart_this());
			send_home(runq);
			hart_unlock_two(&harts[0], hart_this());
		}
		spin_lock_irqoff(&runq->lock);
		rests = runq->rests;
		finish = rests && runq->preempted;
		runq->at_rest = rests && !finish;
		spin_unlock_irqoff(&runq->lock);
		if (finish)
			return; /* it yields to them, and comes again */
		if (rests)
			arch_hart_wait();
		irq_enable();
		irq_disable();
	} while (rests);
}

void preempt_schedule(void)
{
	if (!arch_irq_enabled())
		return;
	irq_disable();
	if (preempt_due()) /* an interrupt may have done it already */
		preempt_schedule_irq();
	irq_enable();
}

/*
 * No lock is needed: while the thread is on its hart, others change its state only from SLEEPING to
 * READY. The store must become visible before the thread reads what it waits for (a queue's
 * sequence, a kill). thread_wake() has the matching fence.
 */
void sched_sleep_prepare(void)
{
	__atomic_store_n(&current_thread()->state, THREAD_SLEEPING, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void sched_sleep_cancel(void)
{
	__atomic_store_n(&current_thread()->state, THREAD_READY, __ATOMIC_RELAXED);
}

void sched_sleep(void)
{
	unsigned long flags = irq_save();
	struct runq *runq = runq_this();
	struct thread *thread = current_thread();

	assert_may_leave(0);
	spin_lock_irqoff(&runq->lock);
	if (thread->state == THREAD_SLEEPING) {
		struct thread *next = pick_handed(runq);

		thread->nvcsw++;
		switch_to(runq, next ?: pick(runq, hart_this()));
	}
	/* This is a preemption point even if the thread is always woken before it sleeps. */
	spin_unlock_irqrestore(&runq_this()->lock, flags);
}

/*
 * Whether it sleeps, with its registers saved, on this hart. Call with the hart's lock held: a thread of another hart changes,
 * but does not become one of this hart.
 */
static inline bool is_parked(const struct thread *thread, const struct hart *hart)
{
	assert_hardened(hart_locked(hart));
	return atomic_load_relaxed(&thread->arch.hart) == hart && thread->parked == THREAD_PARKED;
}

/* Whether it sleeps, and would run on that other hart, at once. Call with the hart's lock held. */
static inline bool is_parked_elsewhere(const struct thread *thread, const struct hart *hart)
{
	assert_hardened(hart_locked(hart));
	return is_parked(thread, hart) && is_idle(hart) && may_run_on(thread, hart) &&
	       thread->process && !thread->runs_as.any;
}

/* The running thread, which is marked as sleeping, sleeps unless it has been woken since, or has work. */
static void sleep_marked(struct runq *runq)
{
	struct thread *thread = current_thread();

	spin_lock_irqoff(&runq->lock);
	if (atomic_load_relaxed(&thread->arch.work) || atomic_load_relaxed(&thread->killed))
		thread->state = THREAD_READY;
	if (thread->state == THREAD_SLEEPING) {
		thread->nvcsw++;
		switch_away(runq);
	}
	spin_unlock_irqoff(&runq_this()->lock);
}

/*
 * sched_switch_over() to a thread of another hart where nothing else runs. The other hart cannot miss the thread: it looks
 * at its queue after the thread was put there, or it waits by then and the interrupt ends its wait. Returns false if the
 * thread has to be woken in the usual way.
 */
static bool switch_over_elsewhere(struct runq *runq, struct thread *to, struct spinlock *held)
{
	struct hart *hart = thread_lock(to);

	if (hart == hart_this() || !is_parked_elsewhere(to, hart)) {
		hart_unlock(hart);
		return false;
	}
	sched_sleep_prepare();
	to->state = THREAD_READY;
	enqueue(to, &hart->runq->ready);
	hart_unlock(hart);
	spin_unlock_irqoff(held);
	hart_kick(hart, HART_KICK_SCHED);
	sleep_marked(runq);
	return true;
}

/* sched_switch_over() to a thread that does not just wait on this hart, or of a thread that must not sleep (`stays`). */
static __attribute__((noinline)) bool switch_over_slowly(struct runq *runq, struct thread *to,
							 struct spinlock *held, bool stays)
{
	if (stays || !hart_are_several() || !switch_over_elsewhere(runq, to, held)) {
		sched_hand_over(to);
		spin_unlock_irqoff(held);
	}
	return false;
}

/*
 * The state changes, and the thread looks at what may end its sleep, in one hold of the run queue's
 * lock: a wake-up comes before, and is seen, or finds the thread asleep. The tick needs no look: it
 * is armed while a thread runs.
 */
bool sched_switch_over(struct thread *to, struct spinlock *held)
{
	struct hart *hart = hart_this();
	struct runq *runq = hart->runq;
	struct thread *thread = current_thread();
	bool stays, over;

	assert_hardened(!hart->in_interrupt && arch_preempt()->count == 0);
	/* `to` is woken on its hart; whether this thread may sleep is looked at when it is about to. */
	if (unlikely(atomic_load_relaxed(&to->arch.hart) != hart))
		return switch_over_slowly(runq, to, held, false);
	spin_lock_irqoff(&runq->lock);
	/* A kill of a thread that is in a system call sets a bit of `work`, too. */
	stays = atomic_load_relaxed(&thread->arch.work) || runq->rests || runq->rt.first;
	if (unlikely(stays || !is_parked(to, hart))) {
		spin_unlock_irqoff(&runq->lock);
		return switch_over_slowly(runq, to, held, stays);
	}
	assert_hardened(runq->ticking);
	thread->state = THREAD_SLEEPING;
	to->state = THREAD_READY;
	spin_unlock_irqoff(held);
	thread->nvcsw++;
	over = leave_for(runq, hart, thread, to, true, true);
	spin_unlock_irqoff(&runq_this()->lock);
	return over;
}

bool sched_is_asleep(const struct thread *thread)
{
	/* One that was preempted on its way to sleep is queued, and runs once more; one on another hart still runs. */
	return __atomic_load_n(&thread->state, __ATOMIC_RELAXED) == THREAD_SLEEPING &&
	       !__atomic_load_n(&thread->queued, __ATOMIC_RELAXED) &&
	       !__atomic_load_n(&thread->on_hart, __ATOMIC_RELAXED);
}

uint64_t sched_asleep_since(const struct thread *thread)
{
	unsigned long flags = irq_save();
	struct hart *hart = thread_lock(thread);
	uint64_t since = sched_is_asleep(thread) ? thread->left_tick : 0;

	hart_unlock(hart);
	irq_restore(flags);
	return since;
}

bool sched_has_ended(const struct thread *thread)
{
	return __atomic_load_n(&thread->state, __ATOMIC_RELAXED) == THREAD_DEAD;
}

void sched_leave(void)
{
	thread_assert_no_waiting_lock(current_thread());
	irq_disable();
	assert_may_leave(1);
	hart_lock(hart_this());
	current_thread()->state = THREAD_DEAD;
	switch_away(runq_this());
	assert_unreachable();
}

void sched_first(void)
{
	assert_hardened(arch_preempt()->count == idle_count());
	hart_unlock(hart_this());
	irq_enable();
}

static bool has_left(struct thread *thread)
{
	unsigned long flags = irq_save();
	struct hart *hart = thread_lock(thread);
	bool left = !thread->on_hart;

	assert_hardened(!thread->queued);
	hart_unlock(hart);
	irq_restore(flags);
	return left;
}

void sched_wait_left(struct thread *thread)
{
	while (!has_left(thread))
		spin_pause();
}

static struct thread_times times_at(const struct thread *thread, uint64_t now)
{
	struct thread_times times = {
		.ran = thread->ran_ticks,
		.sampled = thread->ran_ticks,
		.kernel = thread->kernel_ticks,
	};

	if (thread->on_hart) {
		times.sampled +=
			MAX(atomic_load_relaxed(&thread->sampled_tick), thread->since_tick) -
			thread->since_tick;
		times.ran += now - thread->since_tick;
	}
	return times;
}

/* The thread must not be switched to or from, nor sampled meanwhile. With one hart, turning interrupts off is enough. */
struct thread_times sched_times_of_running(const struct thread *thread)
{
	unsigned long flags = irq_save();
	struct hart *hart = hart_are_several() ? thread_lock(thread) : NULL;
	struct thread_times times = times_at(thread, arch_time());

	if (hart)
		hart_unlock(hart);
	irq_restore(flags);
	return times;
}

struct hart_times sched_hart_times(struct hart *hart)
{
	unsigned long flags = irq_save();
	uint64_t now, ran, idle, busy, user;

	hart_lock(hart);
	now = arch_time();
	ran = clock_ns_to_ticks(clock_ns_at(now));
	idle = MIN(times_at(hart->idle, now).ran, ran);
	busy = ran - idle;
	user = sched_user_ticks(&hart->told_ticks, busy, hart->kernel_ticks);
	hart_unlock(hart);
	irq_restore(flags);
	return (struct hart_times){ .user = user, .kernel = busy - user, .idle = idle };
}

#define STEAL_LOOKS 16

/* Whether a thread that is ready may go to another hart. Call with the lock of its run queue held. */
static bool is_movable(const struct runq *runq, const struct thread *thread, const struct hart *to)
{
	assert_hardened(spin_lock_held(&runq->lock));
	return !stays_on_hart(thread) && thread != runq->handed && may_run_on(thread, to);
}

/* The first thread of a real-time policy that may leave its hart; NULL: none of the first few may. Call with the lock held. */
static struct thread *find_movable_rt(const struct runq *runq, const struct hart *to)
{
	struct thread *thread = rt_first(&runq->rt);

	assert_hardened(spin_lock_held(&runq->lock));
	for (unsigned looks = 0; thread && looks < STEAL_LOOKS; looks++) {
		if (is_movable(runq, thread, to))
			return thread;
		thread = rt_next(thread);
	}
	return NULL;
}

/* A thread of a list that may leave its hart; NULL: there is none among the first few. Call with the lock held. */
static struct thread *find_movable(const struct runq *runq, const struct list *list,
				   const struct hart *to)
{
	unsigned looks = 0;

	assert_hardened(spin_lock_held(&runq->lock));
	for (struct list *node = list->next; node != list && looks++ < STEAL_LOOKS;
	     node = node->next) {
		struct thread *thread = list_entry(node, struct thread, run_link);

		if (is_movable(runq, thread, to))
			return thread;
	}
	return NULL;
}

/* A thread of that hart that may go to another one; NULL: there is none. Call with its lock held. */
static struct thread *find_any_movable(const struct hart *from, const struct hart *to)
{
	const struct runq *runq = from->runq;
	struct thread *thread = find_movable_rt(runq, to);

	thread = thread ?: find_movable(runq, &runq->woken, to);
	thread = thread ?: find_movable(runq, &runq->napped, to);
	return thread ?: find_movable(runq, &runq->ready, to);
}

/* Takes a ready thread of another hart to this one. Call with the locks of both held. */
static void take_over(struct thread *thread, struct hart *self)
{
	take_off_queue(thread->arch.hart->runq, thread);
	thread_move_to(thread, self);
	if (is_rt(thread))
		enqueue_rt(self->runq, thread, false);
	else
		enqueue(thread, &self->runq->ready);
}

/*
 * Whether busy harts may have ready threads, which an idle hart might take. It looks without a lock. What a hart queues while
 * it looks is not missed for long: the next tick of the other hart interrupts an idle one if it still has such a thread.
 */
static bool any_to_steal(void)
{
	return atomic_load_relaxed(&waiting_harts);
}

/* Takes the hart out of waiting_harts if it is not busy or has no ready threads. Call with its lock held. */
static void forget_waiting(const struct hart *hart)
{
	assert_hardened(hart_locked(hart));
	if (!is_busy(hart) || none_ready(hart->runq))
		__atomic_fetch_and(&waiting_harts, ~(1ul << hart->index), __ATOMIC_RELAXED);
}

/* The hart, of those that wait, whose first real-time thread has the highest priority; NULL: none has any. */
static struct hart *find_highest_waiting(const struct hart *self)
{
	struct hart *best = NULL;
	unsigned priority = 0;

	for (unsigned i = 0; i < hart_count; i++) {
		const struct thread *thread;

		if (&harts[i] == self || !atomic_load_relaxed(&harts[i].runq->rt.first))
			continue;
		hart_lock(&harts[i]);
		thread = is_busy(&harts[i]) ? find_movable_rt(harts[i].runq, self) : NULL;
		if (thread && thread->runs_as.rt_priority > priority) {
			priority = thread->runs_as.rt_priority;
			best = &harts[i];
		}
		hart_unlock(&harts[i]);
	}
	return best;
}

/* Takes a thread from that hart's queue to this one's. Returns whether there was any. Call with interrupts off. */
static bool take_from(struct hart *from, struct hart *self,
		      struct thread *(*find)(const struct hart *from, const struct hart *to))
{
	struct thread *thread = NULL;

	hart_lock(self);
	(void)hart_lock_too(self, from);
	if (is_busy(from) && !self->runq->rests)
		thread = find(from, self);
	if (thread) {
		take_over(thread, self);
		if (outranks(thread, self))
			resched_ask(self->current);
	}
	forget_waiting(from);
	hart_unlock_two(self, from);
	return thread;
}

/* Takes a thread from another hart's queue to this one's. Returns whether there was any. Call with interrupts off. */
static __attribute__((noinline)) bool steal(void)
{
	struct hart *self = hart_this(), *first = find_highest_waiting(self);

	if (first && take_from(first, self, find_any_movable))
		return true;
	for (unsigned i = 1; i < hart_count; i++) {
		struct hart *hart = &harts[(self->index + i) % hart_count];

		if (atomic_load_relaxed(&waiting_harts) >> hart->index & 1 &&
		    take_from(hart, self, find_any_movable))
			return true;
	}
	return false;
}

#define BALANCE_MOST 16u

/*
 * Whether the tick of a hart takes that thread of another one: one of a real-time policy if it goes before what runs here, any
 * other if at least two more are ready there than here. Call with the locks of both held.
 */
static struct thread *find_to_balance(const struct hart *from, const struct hart *self)
{
	struct thread *thread = find_movable_rt(from->runq, self);
	unsigned here = count_ready(self->runq, BALANCE_MOST) + self->runq->nahead;

	if (thread)
		return outranks(thread, self) ? thread : NULL;
	if (count_ready(from->runq, here + 2) + from->runq->nahead < here + 2)
		return NULL;
	return find_any_movable(from, self);
}

/*
 * A tick of a hart. Where another hart has at least two more threads that are ready, this one takes one. And it takes one of a
 * real-time policy from there that goes before what runs here. Call with interrupts off.
 */
static void balance(struct hart *self)
{
	uint64_t waiting = atomic_load_relaxed(&waiting_harts) & ~(1ul << self->index);

	for (unsigned i = 0; waiting >> i; i++)
		if (waiting >> i & 1 && take_from(&harts[i], self, find_to_balance))
			return;
}

/* The idle thread waits for an interrupt. Called, and returns, with interrupts off. */
static inline void idle_wait(void)
{
	if (!hart_are_several())
		preempt_force_pause();
	arch_hart_wait();
	latency_forget(LATENCY_INTERRUPTS);
}

/* Switches from the idle thread to one that is ready. Called, and returns, with interrupts off. */
static inline __attribute__((always_inline)) void idle_leave(struct runq *runq, struct hart *hart)
{
	assert_may_leave(1);
	spin_lock_irqoff(&runq->lock);
	if (likely(!none_ready(runq) && !runq->rests)) {
		struct thread *next = pick(runq, hart);

		if (unlikely(!none_ready(runq)) && hart_are_several()) {
			note_waiting(hart);
			kick_idle();
		}
		resched_done(runq, hart->idle);
		tick_start(runq);
		(void)leave_for(runq, hart, hart->idle, next, false, false);
	}
	spin_unlock_irqoff(&runq->lock); /* the idle thread stays on its hart */
}

/*
 * Interrupts stay off between the check and the wait, so that no wake-up is missed: who queues a thread here then interrupts
 * this hart, which ends the wait. What is pending after the wait, but for another hart's interrupt, is taken when
 * interrupts are on.
 */
void sched_idle(void)
{
	struct hart *hart = hart_this();
	struct runq *runq = hart->runq;

	do {
		irq_disable();
		if (unlikely(!list_empty(&runq->leaving)))
			move_leaving(runq);
		if (unlikely(runq->rests)) {
			idle_at_rest(runq);
			latency_forget(LATENCY_INTERRUPTS);
			irq_enable();
			sched_yield();
			continue;
		}
		if (none_ready(runq) && !(hart_are_several() && any_to_steal() && steal()))
			idle_wait();
		if (!none_ready(runq))
			idle_leave(runq, hart);
		irq_enable();
		if (!hart_are_several() && preempt_force_paused() && !none_ready(runq))
			preempt_force_resume();
	} while (!kthread_any_ended());
}

void sched_sample(bool user)
{
	struct hart *hart = hart_this();
	struct thread *thread = hart->current;
	uint64_t now = arch_time(), since;

	if (!thread)
		return;
	/* In user mode only this word changes, so other harts may read it at any time, and the tick takes no lock. */
	if (user) {
		atomic_store_relaxed(&thread->sampled_tick, now);
		return;
	}
	hart_lock(hart);
	since = MAX(thread->sampled_tick, thread->since_tick);
	thread->kernel_ticks += now - since;
	if (thread != hart->idle)
		counter_add(&hart->kernel_ticks, now - since);
	thread->sampled_tick = now;
	hart_unlock(hart);
}

uint64_t sched_slice(const struct thread *thread)
{
	if (thread->wish.policy == SCHED_FIFO)
		return 0;
	if (thread->wish.policy == SCHED_RR)
		return slice_ticks / SLICE_MS * RT_SLICE_MS;
	return slice_of(thread);
}

uint64_t sched_slice_set(uint64_t ticks)
{
	unsigned long flags = irq_save();
	struct runq *runq = runq_this();
	uint64_t before = slice_ticks;

	spin_lock_irqoff(&runq->lock);
	slice_ticks = ticks;
	if (runq->ticking) {
		(void)timer_cancel(&runq->tick);
		runq->ticking = false;
		tick_start(runq);
	}
	spin_unlock_irqrestore(&runq->lock, flags);
	return before;
}

void sched_init(void)
{
	slice_ticks = tick_ticks = clock_ns_to_ticks(SLICE_MS * (NSEC_PER_SEC / 1000));
	for (unsigned i = 0; i < HART_MAX; i++) {
		harts[i].runq = &runqs[i];
		runqs[i].lock = (struct spinlock)SPINLOCK_INIT(LOCK_RUNQ);
		list_init(&runqs[i].ready);
		list_init(&runqs[i].napped);
		list_init(&runqs[i].woken);
		list_init(&runqs[i].leaving);
		rt_queue_init(&runqs[i].rt);
		timer_init(&runqs[i].tick, tick);
	}
}

void sched_add_hart(struct hart *hart, struct thread *idle)
{
	idle->state = THREAD_READY;
	idle->on_hart = true;
	idle->since_tick = arch_time();
	hart->idle = idle;
	hart->current = idle;
}

void sched_start_other(void)
{
	hart_lock(&harts[0]);
	note_waiting(&harts[0]); /* what was queued while it was the only one was not noted */
	hart_unlock(&harts[0]);
	irq_enable();
	kthread_be_idle();
}

void sched_start(void)
{
	struct hart *hart = hart_this();
	struct runq *runq = runq_this();
	struct thread *next;

	hart_lock(hart);
	next = pick(runq, hart);
	next->state = THREAD_READY;
	next->on_hart = true;
	next->since_tick = arch_time();
	hart->idle->state = THREAD_READY;
	hart->idle->arch.hart = hart;
	hart->current = next;
	tick_start(runq);
	(void)arch_switch(arch_this_thread(), &next->arch, false);
	assert_unreachable();
}
