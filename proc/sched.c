/* The run queues: round-robin among what is runnable on a hart, ten milliseconds each. */
#include "proc/sched.h"

#include "abi/errno.h"
#include "arch/mmu.h"
#include "base/clock.h"
#include "base/hart.h"
#include "base/timerq.h"
#include "lib/bits.h"
#include "mm/space.h"
#include "proc/host.h"
#include "proc/process.h"
#include "sync/spinlock.h"

/*
 * The lock of a run queue is held across arch_switch(): who is switched to lets it go. So nobody
 * can find a thread that is neither on a hart nor wholly saved.
 */
struct runq {
	struct spinlock lock;
	/* guarded by lock: */
	struct list ready; /* thread.run_link; the running one is not on it */
	struct list woken; /* the same: those who go first, within limits */
	unsigned ahead;	   /* of these, since the last one of the others */
	bool ticking;	   /* tick is armed */
	/* private to the hart: */
	struct timer tick;
	struct mmu *active; /* what user addresses mean; NULL: nothing */
};

/* So many of those who woke go before one who did not sleep. */
#define WOKEN_AHEAD 4

static struct runq runqs[HART_MAX];
static uint64_t slice_ticks;

static struct runq *runq_this(void)
{
	return &runqs[hart_this()->index];
}

static void work_set(struct thread *thread, unsigned long work)
{
	__atomic_fetch_or(&thread->arch.work, work, __ATOMIC_RELEASE);
}

/* => its lock held; on its own hart */
static void tick_start(struct runq *runq)
{
	if (runq->ticking)
		return;
	runq->ticking = true;
	timer_arm(&runq->tick, arch_time() + slice_ticks);
}

static bool nobody_ready(const struct runq *runq)
{
	return list_empty(&runq->ready) && list_empty(&runq->woken);
}

/* Nobody who became runnable in this slice waits for longer than two of them. */
static void tick(struct timer *timer)
{
	struct runq *runq = container_of(timer, struct runq, tick);
	struct hart *hart = hart_this();
	struct thread *thread = hart->current;

	spin_lock(&runq->lock);
	runq->ticking = false;
	if (!nobody_ready(runq)) {
		if (arch_time() - thread->since_tick >= slice_ticks / 2)
			work_set(thread, ARCH_WORK_RESCHED);
		tick_start(runq);
	} else if (thread != hart->idle) {
		tick_start(runq);
	}
	spin_unlock(&runq->lock);
}

/*
 * Kernel threads have short work that others wait for: they go first. Who has slept for a whole
 * slice is next, so that a crowd of busy ones does not keep him waiting, nor a crowd of his kind
 * the busy ones; who sleeps and wakes all the time takes his turn. => its lock held
 */
static void enqueue_woken(struct runq *runq, struct thread *thread, struct hart *hart)
{
	if (thread->process && arch_time() - thread->left_tick < slice_ticks) {
		list_add_tail(&runq->ready, &thread->run_link);
	} else if (thread->process) {
		list_add_tail(&runq->woken, &thread->run_link);
	} else {
		list_add(&runq->woken, &thread->run_link);
		runq->ahead = 0;
		if (hart->current) /* not before sched_start() */
			work_set(hart->current, ARCH_WORK_RESCHED);
	}
	tick_start(runq);
}

void thread_wake(struct thread *thread)
{
	struct hart *hart = thread->arch.hart;
	struct runq *runq;
	unsigned long flags;

	if (!hart) {
		hart = hart_this();
		thread->arch.hart = hart;
	}
	runq = &runqs[hart->index];
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	flags = spin_lock_irqsave(&runq->lock);
	if (thread->state == THREAD_SLEEPING || thread->state == THREAD_NEW) {
		thread->state = THREAD_READY;
		if (!thread->on_hart)
			enqueue_woken(runq, thread, hart);
	}
	spin_unlock_irqrestore(&runq->lock, flags);
}

static void activate(struct runq *runq, struct mmu *mmu)
{
	if (runq->active == mmu)
		return;
	runq->active = mmu;
	arch_mmu_activate(mmu);
}

/*
 * Kernel threads go on with the tables that are active: whoever destroys a space leaves it first.
 * => interrupts off
 */
static void activate_for(struct runq *runq, struct thread *thread)
{
	if (thread->process && thread->process->uspace)
		activate(runq, &thread->process->uspace->space.mmu);
}

void sched_use_space(struct space *space)
{
	unsigned long flags = arch_irq_save();

	activate(runq_this(), space ? &space->mmu : NULL);
	arch_irq_restore(flags);
}

/* => its lock held */
static struct thread *pick(struct runq *runq, struct hart *hart)
{
	struct list *node;

	if (!list_empty(&runq->woken) && (runq->ahead < WOKEN_AHEAD || list_empty(&runq->ready))) {
		runq->ahead++;
		node = list_pop(&runq->woken);
	} else {
		runq->ahead = 0;
		node = list_pop(&runq->ready);
	}
	return node ? list_entry(node, struct thread, run_link) : hart->idle;
}

/* The running thread has been queued, or sleeps, or is dead. => its lock held */
static void switch_to(struct runq *runq, struct thread *next)
{
	struct hart *hart = hart_this();
	struct thread *prev = hart->current;
	uint64_t now = arch_time();

	assert_hardened(next != prev);
	prev->ran_ticks += now - prev->since_tick;
	prev->left_tick = now;
	next->since_tick = now;
	prev->on_hart = false;
	next->on_hart = true;
	hart->current = next;
	hart->counters[HART_SWITCHES]++;
	if (next != hart->idle)
		tick_start(runq);
	activate_for(runq, next);
	arch_switch(&prev->arch, &next->arch);
}

static void switch_away(struct runq *runq)
{
	switch_to(runq, pick(runq, hart_this()));
}

/* Others may run now: no spinning lock is held, and no interrupt handler is under way. */
static void assert_may_leave(void)
{
	lockorder_assert_none_spinning();
	assert_hardened(!hart_this()->in_interrupt);
}

void sched_yield_soon(void)
{
	work_set(current_thread(), ARCH_WORK_RESCHED);
}

void sched_yield(void)
{
	unsigned long flags = arch_irq_save();
	struct runq *runq = runq_this();
	struct thread *thread = current_thread();

	assert_may_leave();
	__atomic_fetch_and(&thread->arch.work, ~ARCH_WORK_RESCHED, __ATOMIC_RELAXED);
	spin_lock(&runq->lock);
	if (!nobody_ready(runq)) {
		struct thread *next = pick(runq, hart_this());

		thread->nivcsw++;
		if (thread != hart_this()->idle)
			list_add_tail(&runq->ready, &thread->run_link);
		switch_to(runq, next);
	}
	spin_unlock_irqrestore(&runq_this()->lock, flags);
}

/*
 * No lock: while the thread is on its hart, others only turn SLEEPING into READY. What it looks at
 * next (a queue's sequence, a kill) must be read after the store is seen; thread_wake() has the
 * other half.
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
	unsigned long flags = arch_irq_save();
	struct runq *runq = runq_this();
	struct thread *thread = current_thread();
	bool sleeps;

	assert_may_leave();
	spin_lock(&runq->lock);
	sleeps = thread->state == THREAD_SLEEPING;
	if (sleeps) {
		thread->nvcsw++;
		switch_away(runq);
	}
	spin_unlock_irqrestore(&runq_this()->lock, flags);
	if (!sleeps)
		sched_point(); /* woken already, as it may be the next time too */
}

void sched_leave(void)
{
	thread_assert_no_waiting_lock(current_thread());
	arch_irq_disable();
	assert_may_leave();
	spin_lock(&runq_this()->lock);
	current_thread()->state = THREAD_DEAD;
	switch_away(runq_this());
	assert_unreachable();
}

void sched_first(void)
{
	spin_unlock(&runq_this()->lock);
	arch_irq_enable();
}

bool sched_has_left(struct thread *thread)
{
	struct runq *runq;
	unsigned long flags;
	bool left;

	if (!thread->arch.hart)
		return true;
	runq = &runqs[thread->arch.hart->index];
	flags = spin_lock_irqsave(&runq->lock);
	left = !thread->on_hart;
	spin_unlock_irqrestore(&runq->lock, flags);
	return left;
}

uint64_t thread_ran_ticks(const struct thread *thread)
{
	uint64_t ticks = thread->ran_ticks;

	if (thread == current_thread())
		ticks += arch_time() - thread->since_tick;
	return ticks;
}

/*
 * Waits for interrupts while there is nothing to run. They stay off between the look and the wait.
 */
static void idle(void *arg)
{
	struct runq *runq = runq_this();

	for (;;) {
		arch_irq_disable();
		if (nobody_ready(runq))
			arch_hart_wait();
		arch_irq_enable();
		sched_yield();
		kthread_bury_dead();
	}
}

void sched_sample(bool user)
{
	struct thread *thread = hart_this()->current;
	uint64_t now = arch_time(), since;

	if (!thread)
		return;
	since = MAX(thread->sampled_tick, thread->since_tick);
	if (!user)
		thread->kernel_ticks += now - since;
	thread->sampled_tick = now;
}

int sched_init(void)
{
	slice_ticks = clock_ns_to_ticks(SLICE_MS * (NSEC_PER_SEC / 1000));
	for (unsigned i = 0; i < HART_MAX; i++) {
		spin_init(&runqs[i].lock, LOCK_RUNQ);
		list_init(&runqs[i].ready);
		list_init(&runqs[i].woken);
		timer_init(&runqs[i].tick, tick);
	}
	hart_this()->idle = kthread_prepare("idle", idle, NULL);
	host_init();
	return hart_this()->idle ? 0 : -ENOMEM;
}

void sched_start(void)
{
	struct hart *hart = hart_this();
	struct runq *runq = runq_this();
	struct thread *next;

	spin_lock(&runq->lock);
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
