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
 * Each hart has a run queue. One lock guards them all: threads move between them, and it is held for short. It is held
 * across arch_switch(), and the thread that is switched to releases it. So no other hart can find a thread that has
 * left its hart but is not completely saved.
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
 * of their own, behind a look at thread->wish.any and at runq->rt.first.
 */
struct runq {
	/* guarded by sched_lock (preempted: changed on its own hart with interrupts off; see runs_alone()): */
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

static struct spinlock sched_lock = SPINLOCK_INIT(LOCK_RUNQ);
static struct runq runqs[HART_MAX]; /* each is guarded as the struct says */
static struct load load;	    /* guarded by sched_lock */
/* const after boot: */
static uint64_t slice_ticks;
static uint64_t tick_ticks; /* from one tick to the next, at most */

/*
 * Harts that run a thread and have others ready, as a mask; perhaps some that have none any more, which steal() takes out.
 * Guarded by sched_lock; read without it.
 */
static uint64_t waiting_harts;

static struct runq *runq_this(void)
{
	return hart_this()->runq;
}

/* Asks a running thread to yield before it returns to user mode, or at a preemption point. */
static void resched_ask(struct thread *thread)
{
	__atomic_fetch_or(&thread->arch.work, ARCH_WORK_RESCHED, __ATOMIC_RELEASE);
	__atomic_store_n(&thread->arch.preempt.no_resched, 0, __ATOMIC_RELAXED);
}

/*
 * Clears the request when the thread yields or no other is ready. Call with sched_lock held.
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

/* Call with sched_lock held, on its own hart. */
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
	return MAX(slice_ticks * thread->wish.weight / WEIGHT_USUAL, 1ul);
}

static inline uint64_t slice_of(const struct thread *thread)
{
	return likely(!thread->wish.weight) ? slice_ticks : slice_by_weight(thread);
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

/* Threads are ready on a busy hart: idle ones may take them. Call with sched_lock held. */
static void note_waiting(const struct hart *hart)
{
	atomic_store_relaxed(&waiting_harts, waiting_harts | 1ul << hart->index);
}

/* Has an idle hart look for threads that it may take. Call with sched_lock held. */
static void kick_idle(void)
{
	assert_hardened(spin_lock_held(&sched_lock));
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
 * For the thread that is to run, or goes on. Call with sched_lock held, on its own hart.
 */
static void tick_start_short(struct runq *runq, const struct thread *thread, uint64_t used)
{
	uint64_t slice = slice_of(thread);

	assert_hardened(spin_lock_held(&sched_lock));
	if (is_rt(thread) || slice >= slice_ticks || thread == hart_this()->idle)
		return;
	runq->ticking = true;
	timer_arm(&runq->tick, arch_time() + MAX(slice - MIN(used, slice), slice / 2 + 1));
}

/* Whether the running thread, of a real-time policy, goes before those that are ready. Call with sched_lock held. */
static bool rt_goes_on(const struct runq *runq, const struct thread *thread, bool had_turn)
{
	const struct thread *first = rt_first(&runq->rt);

	if (kernel_thread_is_ready(runq) || (runq->rt.throttled && !no_other_ready(runq)))
		return false;
	if (!first || first->wish.rt_priority < thread->wish.rt_priority)
		return true;
	return first->wish.rt_priority == thread->wish.rt_priority && !had_turn;
}

/* Whether the running thread goes on although others are ready and it gives way. Call with sched_lock held. */
static bool sched_goes_on(const struct runq *runq, const struct thread *thread, bool had_turn)
{
	assert_hardened(spin_lock_held(&sched_lock));
	if (is_rt(thread))
		return rt_goes_on(runq, thread, had_turn);
	return runq->rt.throttled && no_other_ready(runq) && thread->process;
}

/* The tick, for a thread of a real-time policy. Call with sched_lock held. */
static void tick_rt(struct runq *runq, struct thread *thread, uint64_t used)
{
	bool had_turn = thread->wish.policy == SCHED_RR &&
			used >= slice_ticks / SLICE_MS * RT_SLICE_MS;

	assert_hardened(spin_lock_held(&sched_lock));
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
 * lets woken threads run meanwhile. Call with sched_lock held.
 */
static __attribute__((noinline)) void tick_special(struct runq *runq, struct thread *thread)
{
	uint64_t slice = slice_of(thread), used = arch_time() - thread->slice_tick;

	assert_hardened(spin_lock_held(&sched_lock));
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

/* How many threads run or are ready, on all harts. Call with sched_lock held. */
static unsigned count_active(void)
{
	unsigned active = 0, looked = 0;

	assert_hardened(spin_lock_held(&sched_lock));
	for (unsigned i = 0; i < hart_count; i++) {
		const struct runq *runq = &runqs[i];

		active += __atomic_load_n(&harts[i].current, __ATOMIC_RELAXED) != harts[i].idle;
		active += runq->nahead;
		for (const struct list *node = runq->ready.next;
		     node != &runq->ready && looked < LOAD_READY_MOST; node = node->next)
			looked++;
	}
	return active + looked;
}

/* Call with sched_lock held. */
static void look_at_load(void)
{
	uint64_t now = clock_ns();

	assert_hardened(spin_lock_held(&sched_lock));
	if (unlikely(now >= load.due_ns))
		load_sample(&load, now, count_active());
}

void sched_load(uint64_t average[3])
{
	unsigned long flags = spin_lock_irqsave(&sched_lock);

	look_at_load();
	for (unsigned i = 0; i < ARRAY_SIZE(load.average); i++)
		average[i] = load.average[i];
	spin_unlock_irqrestore(&sched_lock, flags);
}

/*
 * Whether a tick has nothing to decide, because the hart computes for one thread. All is read without the lock, so that the
 * harts do not write it in turn: a thread that is queued after this look waits for the next tick, as after any tick.
 */
static bool runs_alone(const struct runq *runq, const struct thread *thread)
{
	return atomic_load_relaxed(&runq->ready.next) == &runq->ready &&
	       !atomic_load_relaxed(&runq->nahead) && !thread->wish.any &&
	       !atomic_load_relaxed(&runq->rt.first) && thread != hart_this()->idle &&
	       clock_ns() < atomic_load_relaxed(&load.due_ns);
}

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
	if (runs_alone(runq, thread)) {
		tick_arm(runq);
		return;
	}
	spin_lock_irqoff(&sched_lock);
	look_at_load();
	runq->ticking = false;
	if (unlikely(thread->wish.any || runq->rt.first))
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
	spin_unlock_irqoff(&sched_lock);
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
 * not saved up. Call with sched_lock held.
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
 * long have a list of their own, because thousands of them may be woken at once. Call with sched_lock held.
 */
static __attribute__((noinline)) void enqueue_woken(struct runq *runq, struct thread *thread,
						    struct hart *hart, uint64_t slice)
{
	assert_hardened(spin_lock_held(&sched_lock));
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
 * sched_lock held.
 */
static void thread_move_to(struct thread *thread, struct hart *hart)
{
	assert_hardened(spin_lock_held(&sched_lock));
	thread->arch.hart = hart;
	if (thread->arch.has_rseq)
		__atomic_fetch_or(&thread->arch.work, ARCH_WORK_RSEQ, __ATOMIC_RELAXED);
	sched_text_follows(thread);
	if (thread->round < ROUND_GOES_ON)
		thread->round = hart->runq->round;
}

/* Whether a woken thread takes the hart from the thread that runs there. Call with sched_lock held. */
static bool outranks(const struct thread *thread, const struct hart *hart)
{
	const struct thread *runs = hart->current;

	if (!is_rt(thread) || !runs->process)
		return false;
	if (is_rt(runs))
		return thread->wish.rt_priority > runs->wish.rt_priority;
	return !hart->runq->rt.throttled;
}

/*
 * Returns the hart for a thread of a real-time policy: its last hart if it outranks the thread that runs there, else the hart
 * whose running thread has the lowest priority. Call with sched_lock held.
 */
static struct hart *choose_lowest(const struct thread *thread, struct hart *last)
{
	struct hart *lowest = last;

	assert_hardened(spin_lock_held(&sched_lock));
	if (outranks(thread, last))
		return last;
	for (unsigned i = 0; i < hart_count; i++)
		if (may_run_on(thread, &harts[i]) && !harts[i].runq->held &&
		    harts[i].current->wish.rt_priority < lowest->current->wish.rt_priority)
			lowest = &harts[i];
	return lowest;
}

/* Returns the hart that a woken thread goes to. Call with sched_lock held. */
static __attribute__((noinline)) struct hart *choose_hart(const struct thread *thread,
							  bool hand_over)
{
	struct hart *self = hart_this(), *last = thread->arch.hart;

	assert_hardened(spin_lock_held(&sched_lock));
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

/* Interrupts the hart of a running thread that has work, such as a signal, before user mode. Call with sched_lock held. */
static void kick_running(const struct thread *thread)
{
	struct hart *hart = thread->arch.hart;

	assert_hardened(spin_lock_held(&sched_lock));
	if (thread->on_hart && hart != hart_this() && atomic_load_relaxed(&thread->arch.work))
		hart_kick(hart, HART_KICK_SCHED);
}

/* Queues a woken thread of a real-time policy, which may take the hart. Call with sched_lock held. */
static void enqueue_rt_woken(struct thread *thread, struct hart *hart, bool before_equals)
{
	assert_hardened(spin_lock_held(&sched_lock));
	enqueue_rt(hart->runq, thread, before_equals);
	if (!outranks(thread, hart))
		return;
	resched_ask(hart->current);
	kick_running(hart->current);
}

/* Queues a woken thread with a policy or weight other than the usual one. Call with sched_lock held. */
static __attribute__((noinline)) void enqueue_special(struct thread *thread, struct hart *hart)
{
	assert_hardened(spin_lock_held(&sched_lock));
	if (is_rt(thread)) {
		enqueue_rt_woken(thread, hart, false);
	} else if (thread->wish.policy != SCHED_OTHER) {
		enqueue_last(hart->runq, thread); /* it is in no hurry */
	} else {
		enqueue_woken(hart->runq, thread, hart, slice_of(thread));
	}
}

/* Queues a woken thread on a hart, where the scheduling policy says. Call with sched_lock held. */
static inline void enqueue_ready(struct thread *thread, struct hart *hart)
{
	struct runq *runq = hart->runq;

	if (unlikely(thread->wish.any))
		enqueue_special(thread, hart);
	else if (none_ready(runq) && thread->process && likely(!hart->current->wish.any))
		enqueue(thread, &runq->ready); /* a turn that no thread waits for */
	else
		enqueue_woken(runq, thread, hart, slice_ticks);
}

/* queue_woken() where several harts run. Call with sched_lock held. */
static __attribute__((noinline)) void queue_somewhere(struct thread *thread, bool hand_over)
{
	struct hart *hart = choose_hart(thread, hand_over), *self = hart_this();
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

/* Queues a thread that has slept, or is new. Call with sched_lock held. */
static inline void queue_woken(struct thread *thread, bool hand_over)
{
	struct hart *hart = thread->arch.hart;

	assert_hardened(spin_lock_held(&sched_lock));
	if (hart_are_several()) {
		queue_somewhere(thread, hand_over);
		return;
	}
	enqueue_ready(thread, hart);
	tick_start(hart->runq);
	if (hand_over)
		hart->runq->handed = thread;
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

/*
 * A thread goes to another hart: one that runs, or has to go on here, when it returns to user mode. Call with sched_lock
 * held.
 */
static void send_away(struct thread *thread)
{
	struct hart *hart = thread->arch.hart;

	assert_hardened(spin_lock_held(&sched_lock));
	if (thread->on_hart || stays_on_hart(thread)) {
		__atomic_fetch_or(&thread->arch.work, ARCH_WORK_MOVE, __ATOMIC_RELEASE);
		kick_running(thread);
	} else if (thread->queued) {
		take_off_queue(hart->runq, thread);
		queue_somewhere(thread, false);
	} else {
		thread_move_to(thread, choose_hart(thread, false));
	}
}

/* Queues a thread again that was taken off its queue for a change. As on Linux, one that is lowered goes before its equals. */
static void enqueue_changed(struct thread *thread, bool lowered)
{
	struct hart *hart = thread->arch.hart;

	note_waiting(hart);
	if (!may_run_on(thread, hart) && !stays_on_hart(thread)) /* it is about to leave */
		queue_somewhere(thread, false);
	else if (is_rt(thread))
		enqueue_rt_woken(thread, hart, lowered);
	else
		enqueue_ready(thread, hart);
}

void sched_set_wish(struct thread *thread, uint64_t any)
{
	const struct sched_wish old = thread->wish, new = { .any = any };
	unsigned long flags = spin_lock_irqsave(&sched_lock);
	uint64_t slice = slice_of(thread);
	bool queued = thread->queued;

	if (old.policy == new.policy && old.rt_priority == new.rt_priority) {
		atomic_store_relaxed(&thread->wish.any, any);
		if (thread->on_hart && slice_of(thread) < slice) {
			resched_ask(thread); /* pick() begins the shorter slice */
			kick_running(thread);
		}
	} else {
		if (queued)
			take_off_queue(thread->arch.hart->runq, thread);
		atomic_store_relaxed(&thread->wish.any, any);
		thread->slice_ran = thread->ran_ticks;
		if (queued)
			enqueue_changed(thread, new.rt_priority < old.rt_priority);
		else if (thread->on_hart)
			resched_ask(thread); /* one that waits may go before it now */
		kick_running(thread);
	}
	spin_unlock_irqrestore(&sched_lock, flags);
}

void sched_set_harts(struct thread *thread, uint64_t harts_mask)
{
	unsigned long flags = spin_lock_irqsave(&sched_lock);

	assert_hardened(harts_mask && !(harts_mask & ~hart_mask()));
	__atomic_store_n(&thread->harts, harts_mask, __ATOMIC_RELAXED);
	if (thread->arch.hart && !may_run_on(thread, thread->arch.hart))
		send_away(thread);
	spin_unlock_irqrestore(&sched_lock, flags);
}

uint64_t sched_harts(const struct thread *thread)
{
	return __atomic_load_n(&thread->harts, __ATOMIC_RELAXED) & hart_mask();
}

static void sched_wake(struct thread *thread, bool hand_over)
{
	unsigned long flags;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	flags = spin_lock_irqsave(&sched_lock);
	if (!thread->arch.hart)
		thread->arch.hart = hart_this();
	if (thread->state == THREAD_SLEEPING || thread->state == THREAD_NEW) {
		thread->state = THREAD_READY;
		if (!thread->on_hart && !thread->queued)
			queue_woken(thread, hand_over);
	} else if (hart_are_several()) {
		kick_running(thread);
	}
	spin_unlock_irqrestore(&sched_lock, flags);
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

/* Whether the first of the threads of real-time policies goes before all others. Call with sched_lock held. */
static bool rt_is_next(const struct runq *runq)
{
	return runq->rt.first && !kernel_thread_is_ready(runq) &&
	       !(runq->rt.throttled && !no_other_ready(runq));
}

/*
 * Of queues that are not all empty, returns the list whose first thread runs next, NULL for `rt`: a kernel thread;
 * then one of a real-time policy;
 * then for half a slice those that have slept for long, however many they are; then for half a slice
 * those that have napped; then one of those that are ready all the time. Call with sched_lock held.
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
 * Returns the list whose first thread runs next; it may be empty. NULL: the first of `rt` does. Call with sched_lock held.
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
 * mode; NULL: there is none. Call with sched_lock held.
 */
static __attribute__((noinline, cold)) struct thread *pick_preempted(struct runq *runq)
{
	struct list *lists[] = { &runq->woken, &runq->napped, &runq->ready };

	assert_hardened(spin_lock_held(&sched_lock));
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
 * Returns the next thread, taken off its queue, or the idle one. Call with sched_lock held.
 */
static inline __attribute__((always_inline)) struct thread *pick(struct runq *runq,
								 struct hart *hart)
{
	struct list *list, *node;
	struct thread *thread;
	bool special;

	assert_hardened(spin_lock_held(&sched_lock));
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
	special = thread->wish.any;
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
 * to others; NULL: none. Call with sched_lock held.
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
 * The switch itself. With `same_slice` the next thread has the rest of this one's slice. Call with sched_lock held.
 */
static inline __attribute__((always_inline)) void leave_for(struct runq *runq, struct hart *hart,
							    struct thread *prev,
							    struct thread *next, bool same_slice)
{
	uint64_t now = arch_time();

	assert_hardened(next != prev);
	prev->ran_ticks += now - prev->since_tick;
	prev->left_tick = now;
	next->since_tick = now;
	next->slice_tick = unlikely(same_slice) ? prev->slice_tick : now - slice_used(next);
	runq->handed = NULL;
	prev->on_hart = false;
	next->on_hart = true;
	hart->current = next;
	if (prev->arch.rseq_due)
		__atomic_fetch_or(&prev->arch.work, ARCH_WORK_RSEQ, __ATOMIC_RELAXED);
	latency_end(LATENCY_PREEMPTION); /* of a thread that ends */
	counter_add(&hart->counters[HART_SWITCHES], 1);
	activate_for(hart, next);
	arch_switch(&prev->arch, &next->arch);
}

/* The running thread must be queued, asleep or dead. Call with sched_lock held. */
static inline __attribute__((always_inline)) void switch_to(struct runq *runq, struct thread *next)
{
	struct hart *hart = hart_this();

	assert_hardened(spin_lock_held(&sched_lock));
	resched_done(runq, hart->current);
	if (next != hart->idle)
		tick_start(runq);
	leave_for(runq, hart, hart->current, next, runq->handed == next);
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
 * Any other one lets those that were woken run, and goes on then. Call with sched_lock held.
 */
static inline void enqueue_given_way(struct runq *runq, struct thread *thread, bool had_turn)
{
	if (unlikely(is_rt(thread))) {
		enqueue_rt(runq, thread, !had_turn);
	} else if (had_turn || unlikely(thread->wish.policy == SCHED_IDLE)) {
		enqueue_last(runq, thread);
	} else {
		thread->round = ROUND_GOES_ON;
		enqueue(thread, runq->ready.next); /* before the first */
	}
}

/*
 * On a hart that rests: a thread that was preempted in the kernel goes on. Call with sched_lock held.
 */
static __attribute__((noinline, cold)) void rest(struct runq *runq, struct thread *thread)
{
	struct thread *idle = hart_this()->idle, *next;

	assert_hardened(spin_lock_held(&sched_lock));
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
	struct runq *runq = runq_this();
	struct thread *thread = current_thread();

	/* A thread may yield in a loop until a thread on another hart has done something: leave the lock to that one. */
	if (hart_are_several() && none_ready(runq) && !need_resched() &&
	    !atomic_load_relaxed(&runq->rests))
		return;
	spin_lock_irqoff(&sched_lock);
	if (unlikely(runq->rests)) {
		rest(runq, thread);
		spin_unlock_irqoff(&sched_lock);
		return;
	}
	had_turn |= runq->turn_over;
	resched_done(runq, thread);
	runq->handed = NULL;
	if (!none_ready(runq) &&
	    !(unlikely(is_rt(thread) || runq->rt.first) && sched_goes_on(runq, thread, had_turn))) {
		struct hart *hart = hart_this();
		struct thread *next = pick(runq, hart);

		thread->nivcsw++;
		if (thread != hart->idle)
			enqueue_given_way(runq, thread, had_turn);
		if (hart_are_several())
			note_waiting(hart);
		tick_start(runq);
		leave_for(runq, hart, thread, next, false);
	}
	spin_unlock_irqoff(&sched_lock);
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
	spin_lock_irqoff(&sched_lock);
	__atomic_fetch_and(&thread->arch.work, ~ARCH_WORK_MOVE, __ATOMIC_RELAXED);
	if (!may_run_on(thread, hart)) {
		thread->nivcsw++;
		enqueue(thread, &hart->runq->leaving);
		switch_to(hart->runq, hart->idle);
	}
	spin_unlock_irqoff(&sched_lock);
	irq_restore(flags);
}

/* Called by the idle thread, with interrupts off. */
static __attribute__((noinline, cold)) void move_leaving(struct runq *runq)
{
	struct list *node;

	spin_lock_irqoff(&sched_lock);
	while ((node = list_pop(&runq->leaving))) {
		struct thread *thread = list_entry(node, struct thread, run_link);

		thread->queued = false;
		queue_somewhere(thread, false);
	}
	spin_unlock_irqoff(&sched_lock);
}

/* ---- all harts at rest ---- */

#define REST_NS (10 * NSEC_PER_SEC)

/* Call with interrupts on. */
static void others_rest(bool rests)
{
	unsigned long flags = spin_lock_irqsave(&sched_lock);

	for (unsigned i = 0; i < hart_count; i++) {
		struct hart *hart = &harts[i];

		if (hart == hart_this())
			continue;
		hart->runq->rests = rests || hart->runq->held;
		if (hart->current != hart->idle)
			resched_ask(hart->current);
		hart_kick(hart, HART_KICK_SCHED);
	}
	spin_unlock_irqrestore(&sched_lock, flags);
}

/* Returns a hart that is not at rest yet; NULL: all are. */
static const struct hart *find_busy(void)
{
	const struct hart *busy = NULL;
	unsigned long flags = spin_lock_irqsave(&sched_lock);

	for (unsigned i = 0; i < hart_count && !busy; i++)
		if (harts[i].runq->rests && !harts[i].runq->at_rest)
			busy = &harts[i];
	spin_unlock_irqrestore(&sched_lock, flags);
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

/* Call with sched_lock held. */
static bool has_threads(const struct hart *hart)
{
	assert_hardened(spin_lock_held(&sched_lock));
	return hart->current != hart->idle || !none_ready(hart->runq);
}

/* Returns whether no hart but that one runs threads or has any that is ready. */
static bool others_idle(const struct hart *than)
{
	unsigned long flags = spin_lock_irqsave(&sched_lock);
	bool idle = true;

	for (unsigned i = 0; i < hart_count; i++)
		idle &= &harts[i] == than || !has_threads(&harts[i]);
	spin_unlock_irqrestore(&sched_lock, flags);
	return idle;
}

void sched_hold_others(bool held)
{
	unsigned long flags = spin_lock_irqsave(&sched_lock);

	for (unsigned i = 1; i < hart_count; i++) {
		struct hart *hart = &harts[i];

		hart->runq->held = hart->runq->rests = held;
		if (hart->current != hart->idle)
			resched_ask(hart->current);
		hart_kick(hart, HART_KICK_SCHED);
	}
	spin_unlock_irqrestore(&sched_lock, flags);
	while (held && (hart_this() != &harts[0] || !others_idle(&harts[0])))
		sched_yield();
}

bool sched_is_quiet(void)
{
	return none_ready(runq_this()) && others_idle(hart_this());
}

/* Moves a thread that is ready to the boot hart, unless it may not leave. Call with sched_lock held. */
static void send_thread(struct runq *runq, struct thread *thread)
{
	assert_hardened(spin_lock_held(&sched_lock));
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

/* Moves all ready threads of a list to the boot hart, unless they may not leave. Call with sched_lock held. */
static void send_list(struct runq *runq, struct list *list)
{
	assert_hardened(spin_lock_held(&sched_lock));
	for (struct list *node = list->next, *next; node != list; node = next) {
		next = node->next;
		send_thread(runq, list_entry(node, struct thread, run_link));
	}
}

/* Moves the ready threads of all queues of a held hart to the boot hart. */
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
		spin_lock_irqoff(&sched_lock);
		rests = runq->rests;
		if (runq->held)
			send_home(runq);
		finish = rests && runq->preempted;
		runq->at_rest = rests && !finish;
		spin_unlock_irqoff(&sched_lock);
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
	spin_lock_irqoff(&sched_lock);
	if (thread->state == THREAD_SLEEPING) {
		struct thread *next = pick_handed(runq);

		thread->nvcsw++;
		switch_to(runq, next ?: pick(runq, hart_this()));
	}
	/* This is a preemption point even if the thread is always woken before it sleeps. */
	spin_unlock_irqrestore(&sched_lock, flags);
}

/* Whether it sleeps, with its registers saved, on this hart. Call with sched_lock held. */
static inline bool is_parked(const struct thread *thread, const struct hart *hart)
{
	assert_hardened(spin_lock_held(&sched_lock));
	return thread->parked == THREAD_PARKED && thread->arch.hart == hart;
}

/* Whether it sleeps, and would run on another hart, at once. Call with sched_lock held. */
static inline bool is_parked_elsewhere(const struct thread *thread, const struct hart *self)
{
	const struct hart *hart = thread->arch.hart;

	assert_hardened(spin_lock_held(&sched_lock));
	return thread->parked == THREAD_PARKED && hart != self && is_idle(hart) &&
	       may_run_on(thread, hart) && thread->process && !thread->wish.any;
}

/*
 * Wakes the other thread on its own hart, where nothing else runs. The running thread sleeps, unless it has been woken before
 * it takes sched_lock again. Called, and returns, with sched_lock held; the lock is free while the other hart is interrupted,
 * which takes it first of all. The other hart cannot miss the thread: it looks at its queue after the thread was put there,
 * or it waits by then and the interrupt ends its wait.
 */
static __attribute__((noinline)) void switch_over_elsewhere(struct runq *runq, struct thread *to)
{
	struct hart *hart = to->arch.hart;
	struct thread *thread = current_thread();

	enqueue(to, &hart->runq->ready);
	spin_unlock_irqoff(&sched_lock);
	hart_kick(hart, HART_KICK_SCHED);
	spin_lock_irqoff(&sched_lock);
	if (thread->state != THREAD_SLEEPING)
		return;
	thread->nvcsw++;
	switch_away(runq);
}

/*
 * The state changes, and the thread looks at what may end its sleep, in one hold of the run queue's
 * lock: a wake-up comes before, and is seen, or finds the thread asleep. The tick needs no look: it
 * is armed while a thread runs.
 */
void sched_switch_over(struct thread *to, struct spinlock *held)
{
	struct hart *hart = hart_this();
	struct runq *runq = hart->runq;
	struct thread *thread = current_thread();
	bool elsewhere = false;

	assert_hardened(!hart->in_interrupt && arch_preempt()->count == 0);
	spin_lock_irqoff(&sched_lock);
	if (unlikely(atomic_load_relaxed(&thread->arch.work) ||
		     atomic_load_relaxed(&thread->killed) || runq->rests || runq->rt.first ||
		     (!is_parked(to, hart) && !(elsewhere = is_parked_elsewhere(to, hart))))) {
		spin_unlock_irqoff(&sched_lock);
		sched_hand_over(to);
		return;
	}
	assert_hardened(runq->ticking);
	thread->state = THREAD_SLEEPING;
	to->state = THREAD_READY;
	spin_unlock_irqoff(held);
	if (unlikely(elsewhere)) {
		switch_over_elsewhere(runq, to);
	} else {
		thread->nvcsw++;
		leave_for(runq, hart, thread, to, true);
	}
	spin_unlock_irqoff(&sched_lock);
	spin_lock_irqoff(held);
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
	unsigned long flags = spin_lock_irqsave(&sched_lock);
	uint64_t since = sched_is_asleep(thread) ? thread->left_tick : 0;

	spin_unlock_irqrestore(&sched_lock, flags);
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
	spin_lock_irqoff(&sched_lock);
	current_thread()->state = THREAD_DEAD;
	switch_away(runq_this());
	assert_unreachable();
}

void sched_first(void)
{
	assert_hardened(arch_preempt()->count == idle_count());
	spin_unlock_irqoff(&sched_lock);
	irq_enable();
}

static bool has_left(struct thread *thread)
{
	unsigned long flags;
	bool left;

	assert_hardened(thread->arch.hart); /* it has run */
	flags = spin_lock_irqsave(&sched_lock);
	left = !thread->on_hart;
	assert_hardened(!thread->queued);
	spin_unlock_irqrestore(&sched_lock, flags);
	return left;
}

void sched_wait_left(struct thread *thread)
{
	while (!has_left(thread))
		spin_pause();
}

/* Keeps the hart, and other harts from switching and from sampling. */
unsigned long sched_times_lock(void)
{
	unsigned long flags = irq_save();

	if (hart_are_several())
		spin_lock_irqoff(&sched_lock);
	return flags;
}

void sched_times_unlock(unsigned long flags)
{
	if (hart_are_several())
		spin_unlock_irqoff(&sched_lock);
	irq_restore(flags);
}

uint64_t thread_ran_ticks(const struct thread *thread)
{
	unsigned long flags;
	uint64_t ticks;

	if (thread != current_thread() && !hart_are_several())
		return atomic_load_relaxed(&thread->ran_ticks);
	flags = sched_times_lock(); /* a switch in between would change both */
	ticks = thread_ran_ticks_held(thread);
	sched_times_unlock(flags);
	return ticks;
}

uint64_t thread_user_ticks(const struct thread *thread)
{
	unsigned long flags = sched_times_lock();
	uint64_t ticks = thread_user_ticks_held(thread);

	sched_times_unlock(flags);
	return ticks;
}

struct hart_times sched_hart_times(struct hart *hart)
{
	unsigned long flags = sched_times_lock();
	uint64_t now = arch_time(), ran = clock_ns_to_ticks(clock_ns_at(now));
	uint64_t idle = MIN(thread_ran_ticks_at(hart->idle, now), ran);
	uint64_t busy = ran - idle;
	uint64_t user = sched_user_ticks(&hart->told_ticks, busy, hart->kernel_ticks);

	sched_times_unlock(flags);
	return (struct hart_times){ .user = user, .kernel = busy - user, .idle = idle };
}

#define STEAL_LOOKS 16

/* Whether a thread that is ready may go to another hart. Call with sched_lock held. */
static bool is_movable(const struct runq *runq, const struct thread *thread, const struct hart *to)
{
	assert_hardened(spin_lock_held(&sched_lock));
	return !stays_on_hart(thread) && thread != runq->handed && may_run_on(thread, to);
}

/* The first thread of a real-time policy that may leave its hart; NULL: none of the first few may. Call with sched_lock held. */
static struct thread *find_movable_rt(const struct runq *runq, const struct hart *to)
{
	struct thread *thread = rt_first(&runq->rt);

	assert_hardened(spin_lock_held(&sched_lock));
	for (unsigned looks = 0; thread && looks < STEAL_LOOKS; looks++) {
		if (is_movable(runq, thread, to))
			return thread;
		thread = rt_next(thread);
	}
	return NULL;
}

/* A thread of a list that may leave its hart; NULL: there is none among the first few. Call with sched_lock held. */
static struct thread *find_movable(const struct runq *runq, const struct list *list,
				   const struct hart *to)
{
	unsigned looks = 0;

	assert_hardened(spin_lock_held(&sched_lock));
	for (struct list *node = list->next; node != list && looks++ < STEAL_LOOKS;
	     node = node->next) {
		struct thread *thread = list_entry(node, struct thread, run_link);

		if (is_movable(runq, thread, to))
			return thread;
	}
	return NULL;
}

/* The highest of all harts' real-time threads that may come here. Call with sched_lock held. */
static struct thread *find_rt_to_steal(struct hart *self)
{
	struct thread *best = NULL;

	assert_hardened(spin_lock_held(&sched_lock));
	for (unsigned i = 0; i < hart_count; i++) {
		struct thread *thread = is_busy(&harts[i]) ? find_movable_rt(harts[i].runq, self)
							   : NULL;

		if (thread && (!best || thread->wish.rt_priority > best->wish.rt_priority))
			best = thread;
	}
	return best;
}

/*
 * Whether busy harts may have ready threads, which an idle hart might take. It looks without the lock. A thread that was
 * queued before this hart became idle is seen, because the hart has taken the lock since. A thread that is queued later is not
 * missed: this hart counts as idle by then, so it gets the thread, or an interrupt when that hart's next tick still finds it.
 */
static bool any_to_steal(void)
{
	return atomic_load_relaxed(&waiting_harts);
}

/*
 * Removes from waiting_harts the harts that are not busy or have no ready threads. An idle hart is noted again when it runs
 * one of several threads. Call with sched_lock held.
 */
static void forget_waiting(void)
{
	uint64_t mask = waiting_harts;

	assert_hardened(spin_lock_held(&sched_lock));
	for (unsigned i = 0; i < hart_count; i++) {
		bool waits = is_busy(&harts[i]) && !none_ready(harts[i].runq);

		assert_hardened(!waits || mask >> i & 1);
		if (!waits)
			mask &= ~(1ul << i);
	}
	atomic_store_relaxed(&waiting_harts, mask);
}

/* Takes a thread from another hart's queue to this one's. Returns whether there was any. Call with interrupts off. */
static __attribute__((noinline)) bool steal(void)
{
	struct hart *self = hart_this();
	struct thread *thread;

	spin_lock_irqoff(&sched_lock);
	thread = find_rt_to_steal(self);
	for (unsigned i = 1; i < hart_count && !thread; i++) {
		const struct hart *hart = &harts[(self->index + i) % hart_count];
		const struct runq *runq = hart->runq;

		if (!is_busy(hart))
			continue;
		thread = find_movable(runq, &runq->woken, self);
		thread = thread ?: find_movable(runq, &runq->napped, self);
		thread = thread ?: find_movable(runq, &runq->ready, self);
	}
	if (thread && !self->runq->rests) {
		take_off_queue(thread->arch.hart->runq, thread);
		thread_move_to(thread, self);
		if (is_rt(thread))
			enqueue_rt(self->runq, thread, false);
		else
			enqueue(thread, &self->runq->ready);
	}
	forget_waiting();
	spin_unlock_irqoff(&sched_lock);
	return thread;
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
	spin_lock_irqoff(&sched_lock);
	if (likely(!none_ready(runq) && !runq->rests)) {
		struct thread *next = pick(runq, hart);

		if (unlikely(!none_ready(runq)) && hart_are_several()) {
			note_waiting(hart);
			kick_idle();
		}
		resched_done(runq, hart->idle);
		tick_start(runq);
		leave_for(runq, hart, hart->idle, next, false);
	}
	spin_unlock_irqoff(&sched_lock);
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
	struct thread *thread = hart_this()->current;
	uint64_t now = arch_time(), since;
	unsigned long flags;

	if (!thread)
		return;
	/* In user mode only this word changes, so other harts may read it at any time, and the tick takes no lock. */
	if (user) {
		atomic_store_relaxed(&thread->sampled_tick, now);
		return;
	}
	flags = sched_times_lock();
	since = MAX(thread->sampled_tick, thread->since_tick);
	thread->kernel_ticks += now - since;
	if (thread != hart_this()->idle)
		counter_add(&hart_this()->kernel_ticks, now - since);
	thread->sampled_tick = now;
	sched_times_unlock(flags);
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

	spin_lock_irqoff(&sched_lock);
	slice_ticks = ticks;
	if (runq->ticking) {
		(void)timer_cancel(&runq->tick);
		runq->ticking = false;
		tick_start(runq);
	}
	spin_unlock_irqrestore(&sched_lock, flags);
	return before;
}

void sched_init(void)
{
	slice_ticks = tick_ticks = clock_ns_to_ticks(SLICE_MS * (NSEC_PER_SEC / 1000));
	for (unsigned i = 0; i < HART_MAX; i++) {
		harts[i].runq = &runqs[i];
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
	spin_lock_irqoff(&sched_lock);
	note_waiting(&harts[0]); /* what was queued while it was the only one was not noted */
	spin_unlock_irqoff(&sched_lock);
	irq_enable();
	kthread_be_idle();
}

void sched_start(void)
{
	struct hart *hart = hart_this();
	struct runq *runq = runq_this();
	struct thread *next;

	spin_lock_irqoff(&sched_lock);
	next = pick(runq, hart);
	next->state = THREAD_READY;
	next->on_hart = true;
	next->since_tick = arch_time();
	hart->idle->state = THREAD_READY;
	hart->idle->arch.hart = hart;
	hart->current = next;
	tick_start(runq);
	arch_switch(arch_this_thread(), &next->arch);
	assert_unreachable();
}
