/* SPDX-License-Identifier: MIT */
/* Timers of a process. What finds that one has expired only marks it; a thread of the process does the rest. */
/*
 * The life of a timer:
 *
 *	armed ----> due ----> signal pending ----> armed again, if it has an interval
 *	  |          |  \
 *	  |          |   `--> parked: its signal is ignored. It is due again when that may have changed.
 *	  `----------'
 *	   disarmed, or set anew
 *
 * The timer interrupt, or the thread that advances a CPU clock, puts it on the list `due` of its process,
 * and wakes a thread of that, the looker. This one sends the signal, so the program pays for its timers
 * itself. A timer with an interval is armed again when its signal is taken, and counts then how often it
 * would have expired meanwhile, as on Linux. So a program gets no more signals than it takes, however
 * short the interval is. The signal was allocated with the timer, and is on a queue once at most.
 *
 * ITIMER_REAL is armed again when SIGALRM is taken. The other two are when they send their signal, a tick
 * later at least.
 */
#include "linux/time/ptimer.h"

#include "abi/errno.h"
#include "abi/time.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "linux/signal/queue.h"
#include "linux/signal/send.h"
#include "mm/swap/relieve.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/sched.h"

/*
 * So many are looked at in one hold of the locks, or one of CPU time. For a signal, and for the CPU time
 * of the process, all its threads are walked.
 */
#define DUE_AT_ONCE	2u
/* Interval timers of CPU time expire no more often, nor do others whose signal is ignored and that go on. */
#define LOOK_NS		(SLICE_MS * (NSEC_PER_SEC / 1000))
/* For the page count of struct process: a timer and its signal. */
#define TIMERS_PER_PAGE (PAGE_SIZE / (sizeof(struct created_ptimer) + sizeof(struct queued_signal)))

static SLAB_CACHE(created_cache, struct created_ptimer);

static const int itimer_signal[ITIMER_COUNT] = {
	[ITIMER_REAL] = SIGALRM,
	[ITIMER_VIRTUAL] = SIGVTALRM,
	[ITIMER_PROF] = SIGPROF,
};

/* CPU clocks are read under process_tree_lock, which comes first. */
static void timers_lock(struct process *process)
{
	spin_lock(&process_tree_lock);
	spin_lock(&linux_process(process)->signals.lock);
}

static void timers_unlock(struct process *process)
{
	spin_unlock(&linux_process(process)->signals.lock);
	spin_unlock(&process_tree_lock);
}

static bool is_itimer(const struct ptimer *it)
{
	return it->id < 0;
}

/* ---- a timer expires ---- */

/* Has the thread look. Call with due_lock held. */
static void wake_looker(struct ptimers *timers, struct thread *thread)
{
	atomic_store(&timers->any_due, true);
	__atomic_fetch_or(&thread->arch.work, ARCH_WORK_LEAVE, __ATOMIC_RELEASE);
}

/* In an interrupt, or with process_tree_lock held, or in the call that sets the timer. */
static void go_off(struct ptimer *it)
{
	struct ptimers *timers = &linux_process(it->process)->timers;
	unsigned long flags = spin_lock_irqsave(&timers->due_lock);

	list_del(&it->due_link);
	list_add_tail(&timers->due, &it->due_link);
	if (likely(timers->looker != NULL)) {
		assert_hardened(timers->looker->process == it->process); /* else it was freed */
		wake_looker(timers, timers->looker);
		thread_wake(timers->looker);
	}
	/* If it runs, it need not wait until the looker does. */
	if (current_thread()->process == it->process)
		wake_looker(timers, current_thread());
	spin_unlock_irqrestore(&timers->due_lock, flags);
}

static void timer_goes_off(struct timer *timer)
{
	go_off(container_of(timer, struct ptimer, timer));
}

static void wall_timer_goes_off(struct wall_timer *timer)
{
	go_off(&container_of(timer, struct created_ptimer, wall_timer)->it);
}

/* Of one that is on_wall, or may be. */
static struct wall_timer *wall_timer_of(struct ptimer *it)
{
	return &container_of(it, struct created_ptimer, it)->wall_timer;
}

static void alarm_goes_off(struct cpu_alarm *alarm)
{
	go_off(container_of(alarm, struct ptimer, alarm));
}

static struct ptimer *due_pop(struct ptimers *timers)
{
	unsigned long flags = spin_lock_irqsave(&timers->due_lock);
	struct list *node = list_pop(&timers->due);

	if (list_empty(&timers->due))
		atomic_store(&timers->any_due, false);
	spin_unlock_irqrestore(&timers->due_lock, flags);
	return node ? list_entry(node, struct ptimer, due_link) : NULL;
}

static void due_forget(struct ptimer *it)
{
	struct ptimers *timers = &linux_process(it->process)->timers;
	unsigned long flags = spin_lock_irqsave(&timers->due_lock);

	list_del(&it->due_link);
	if (list_empty(&timers->due))
		atomic_store(&timers->any_due, false);
	spin_unlock_irqrestore(&timers->due_lock, flags);
}

static void set_looker(struct ptimers *timers, struct thread *thread)
{
	unsigned long flags = spin_lock_irqsave(&timers->due_lock);

	timers->looker = thread;
	spin_unlock_irqrestore(&timers->due_lock, flags);
}

void ptimers_leave(struct process *process, const struct thread *thread)
{
	struct ptimers *timers = &linux_process(process)->timers;
	struct thread *other;

	assert_hardened(spin_lock_held(&linux_process(process)->signals.lock));
	if (timers->looker != thread)
		return;
	for_each_thread(other, process) {
		if (task_of(other)->signals.exiting)
			continue;
		set_looker(timers, other);
		if (atomic_load(&timers->any_due))
			signal_wake(other);
		return;
	}
	/* This thread may be freed before the last one cancels the timers. */
	set_looker(timers, NULL);
}

/* ---- its time; all of these are called with both locks held ---- */

/* Returns false if the clock is that of a thread or process that is gone. */
static bool now_of(const struct ptimer *it, int64_t *ret)
{
	uint64_t now;

	if (it->on_wall)
		now = clock_wall_ns();
	else if (!it->of_cpu)
		now = clock_ns();
	else if (!cpu_clock_read_locked(&it->alarm.clock, &now))
		return false;
	*ret = (int64_t)now;
	return true;
}

static void timer_start(struct ptimer *it, int64_t at, int64_t now)
{
	uint64_t ns = (uint64_t)MAX(at, 0l);

	if (it->of_cpu)
		(void)cpu_alarm_arm_locked(&it->alarm, ns, (uint64_t)now);
	else if (it->on_wall)
		wall_timer_arm(wall_timer_of(it), ns);
	else
		timer_arm(&it->timer, clock_deadline(ns));
}

/* It does not expire any more, and if it has, its signal is not sent. */
static void timer_stop(struct ptimer *it)
{
	if (it->of_cpu)
		cpu_alarm_cancel_locked(&it->alarm);
	else if (it->on_wall)
		wall_timer_cancel(wall_timer_of(it));
	else
		timer_cancel(&it->timer);
	due_forget(it);
}

/* Moves a timer with an interval that has expired behind now, and counts its expiries. */
static void timer_forward(struct ptimer *it, int64_t now)
{
	uint64_t n;

	if (now < it->at_ns)
		return;
	n = ((uint64_t)now - (uint64_t)it->at_ns) / it->interval_ns + 1;
	it->at_ns = clock_later(it->at_ns, n * it->interval_ns);
	it->overrun += (int64_t)n;
}

/* As on Linux, one that has expired and whose signal was not taken tells when it expires next. */
static void timer_tell(struct ptimer *it, int64_t now, struct timer_spec *ret)
{
	*ret = (struct timer_spec){ .interval = it->interval_ns };
	if (!it->set)
		return;
	if (it->interval_ns && (it->silent || it->waits || it->parked))
		timer_forward(it, now);
	if (it->at_ns > now)
		ret->value = (uint64_t)(it->at_ns - now);
	else if (!it->silent)
		ret->value = 1;
}

/* Nothing is left of what it was, but that its signal may be pending. */
static void timer_reset(struct ptimer *it)
{
	timer_stop(it);
	it->set = it->waits = it->parked = false;
	it->interval_ns = 0;
	it->armings++;
	it->overrun = -1;
	it->last_overrun = 0;
}

static void timer_set(struct ptimer *it, int64_t at, uint64_t interval_ns, int64_t now)
{
	it->set = true;
	it->at_ns = at;
	it->interval_ns = interval_ns;
	if (!it->silent)
		timer_start(it, at, now);
}

/* ---- and its signal ---- */

/* Returns false if the signal is for one thread, which has ended. */
static bool receiver_of(const struct ptimer *it, struct thread **ret)
{
	struct thread *thread = it->tid ? thread_find(it->tid) : NULL;

	*ret = thread;
	if (!it->tid)
		return true;
	return thread && thread->process == it->process && thread->birth == it->birth &&
	       !task_of(thread)->signals.exiting;
}

static void timer_park(struct ptimer *it)
{
	struct ptimers *timers = &linux_process(it->process)->timers;
	unsigned long flags = spin_lock_irqsave(&timers->due_lock);

	it->parked = true;
	timers->parked |= SIGNAL_BIT(it->signal->info.sig);
	list_add_tail(&timers->parked_list, &it->due_link);
	spin_unlock_irqrestore(&timers->due_lock, flags);
}

void ptimers_unpark_all(struct ptimers *timers)
{
	unsigned long flags;

	assert_hardened(spin_lock_held(&current_linux_process()->signals.lock));
	timers->parked = 0;
	flags = spin_lock_irqsave(&timers->due_lock);
	list_splice_tail(&timers->due, &timers->parked_list);
	wake_looker(timers, current_thread());
	spin_unlock_irqrestore(&timers->due_lock, flags);
}

/*
 * Goes on although its signal is ignored: SIGCONT has an effect all the same, and nobody tells when another
 * process changes an action that this one has, too. Call with both locks held.
 */
static void timer_start_late(struct ptimer *it)
{
	int64_t now;

	if (!now_of(it, &now))
		return;
	timer_forward(it, clock_later(now, it->interval_ns < LOOK_NS ? LOOK_NS : 0));
	timer_start(it, it->at_ns, now);
}

/* It has expired, and its signal is ignored. Call with both locks held. */
static void timer_hold_back(struct ptimer *it)
{
	if (it->signal->info.sig == SIGCONT ||
	    signals_share_actions(&linux_process(it->process)->signals))
		timer_start_late(it);
	else
		timer_park(it);
}

/* The signal of one that was parked may not be ignored any more. Then it sends it when it expires next. */
static void timer_unpark(struct ptimer *it)
{
	struct thread *to;
	int64_t now;

	it->parked = false;
	if (!receiver_of(it, &to) || !now_of(it, &now)) {
		it->waits = true; /* for ever */
		return;
	}
	timer_forward(it, now);
	if (signal_is_ignored_locked(it->process, to, it->signal->info.sig))
		timer_hold_back(it);
	else
		timer_start(it, it->at_ns, now);
}

static void ptimer_expires(struct ptimer *it)
{
	struct thread *to;

	it->waits = it->interval_ns != 0;
	it->set = it->waits;
	it->signal->info.armed = it->waits ? ++it->armings : 0;
	if (!receiver_of(it, &to) || signal_send_timer_locked(to, it->signal) || !it->waits)
		return;
	it->waits = false;
	timer_hold_back(it);
}

static void itimer_expires(struct ptimer *it)
{
	unsigned which = (unsigned)(it - linux_process(it->process)->timers.interval);
	int64_t now;

	signal_send_own_locked(itimer_signal[which]);
	it->set = it->interval_ns != 0;
	it->waits = it->set && which == ITIMER_REAL;
	if (!it->set || it->waits || !now_of(it, &now))
		return;
	timer_forward(it, now);
	timer_start(it, MAX(it->at_ns, clock_later(now, LOOK_NS)), now);
}

void ptimers_look(void)
{
	struct thread *thread = current_thread();
	struct process *process = thread->process;
	struct ptimers *timers = &linux_process(process)->timers;
	struct ptimer *it;

	if (thread->cpu_alarms_due) {
		thread->cpu_alarms_due = false;
		cpu_clock_look();
	}
	while (atomic_load(&timers->any_due)) {
		timers_lock(process);
		for (unsigned n = 0; n < DUE_AT_ONCE && (it = due_pop(timers)) != NULL;
		     n += it->of_cpu ? DUE_AT_ONCE : 1) {
			if (is_itimer(it))
				itimer_expires(it);
			else if (it->parked)
				timer_unpark(it);
			else
				ptimer_expires(it);
		}
		timers_unlock(process);
	}
}

static int overrun_of(int64_t overrun)
{
	return (int)MIN(overrun, (int64_t)INT32_MAX);
}

/* Begins one anew that waits. If its CPU clock is gone, it does not expire any more. */
static void timer_again(struct ptimer *it)
{
	int64_t now;

	it->waits = false;
	if (!now_of(it, &now))
		return;
	timer_forward(it, now);
	timer_start(it, it->at_ns, now);
}

static struct ptimer *timer_find(struct ptimers *timers, int id)
{
	struct tree_node *node = timers->created.root;

	while (node) {
		struct ptimer *it = tree_entry(node, struct ptimer, by_id);

		if (it->id == id)
			return it;
		node = node->child[id > it->id];
	}
	return NULL;
}

static void timer_signal_taken(struct ptimer *it)
{
	timer_again(it);
	it->last_overrun = it->overrun;
	it->overrun = -1;
}

/* As on Linux, ITIMER_REAL goes on with any SIGALRM that was pending for the process, be it another timer's. */
static bool lets_real_timer_go_on(const struct ptimers *timers, const struct signal_info *info)
{
	return info->sig == SIGALRM && info->was_shared && atomic_load(&timers->has_interval) &&
	       atomic_load_relaxed(&timers->interval[ITIMER_REAL].waits);
}

void ptimer_signal_taken(struct signal_info *info)
{
	struct process *process = current_process();
	struct ptimers *timers = &linux_process(process)->timers;
	bool real = lets_real_timer_go_on(timers, info);
	struct ptimer *it;

	if (info->about != SIGNAL_OF_TIMER && !real)
		return;
	timers_lock(process);
	if (real && timers->interval[ITIMER_REAL].waits)
		timer_signal_taken(&timers->interval[ITIMER_REAL]);
	it = info->about == SIGNAL_OF_TIMER ? timer_find(timers, info->pid) : NULL;
	if (it && it->waits && it->armings == info->armed) {
		timer_signal_taken(it);
		info->status = overrun_of(it->last_overrun + info->status);
	}
	timers_unlock(process);
}

/* ---- the interval timers ---- */

void ptimers_init(struct ptimers *timers)
{
	spin_init(&timers->due_lock, LOCK_WAITQ);
	list_init(&timers->due);
	list_init(&timers->parked_list);
}

static void itimer_init(struct ptimer *it, unsigned which)
{
	*it = (struct ptimer){
		.process = current_process(),
		.id = -1,
		.of_cpu = which != ITIMER_REAL,
	};
	list_init(&it->due_link);
	if (it->of_cpu) {
		const struct cpu_clock_id clock =
			cpu_clock_own(which == ITIMER_VIRTUAL ? CPU_TIME_USER : CPU_TIME_ALL);

		cpu_alarm_init(&it->alarm, &clock, alarm_goes_off);
	} else {
		timer_init(&it->timer, timer_goes_off);
	}
}

/* Call with both locks held. */
static struct ptimer *itimer_of(unsigned which)
{
	struct ptimers *timers = &current_linux_process()->timers;

	if (!timers->has_interval) {
		for (unsigned i = 0; i < ITIMER_COUNT; i++)
			itimer_init(&timers->interval[i], i);
		atomic_store(&timers->has_interval, true);
	}
	return &timers->interval[which];
}

/* As on Linux, ITIMER_REAL has no time left while its signal is pending. */
static void itimer_tell(struct ptimer *it, struct timer_spec *ret)
{
	uint64_t least = it->of_cpu ? LOOK_NS : NSEC_PER_SEC / 1000000;
	int64_t now = 0;

	*ret = (struct timer_spec){ .interval = it->interval_ns };
	if (!it->set || it->waits || !now_of(it, &now))
		return;
	timer_tell(it, now, ret);
	if (ret->value < NSEC_PER_SEC / 1000000)
		ret->value = least;
}

void itimer_get(unsigned which, struct timer_spec *ret)
{
	struct process *process = current_process();

	timers_lock(process);
	itimer_tell(itimer_of(which), ret);
	timers_unlock(process);
}

/*
 * If the former timer expires during this call, its signal is cancelled before it is sent. As on Linux,
 * a timer of CPU time that is disarmed keeps its interval.
 */
void itimer_set(unsigned which, const struct timer_spec *spec, struct timer_spec *old_ret)
{
	struct process *process = current_process();
	struct ptimer *it;
	int64_t now = 0;

	timers_lock(process);
	it = itimer_of(which);
	itimer_tell(it, old_ret);
	timer_reset(it);
	if (it->of_cpu)
		it->interval_ns = spec->interval;
	if (spec->value && now_of(it, &now))
		timer_set(it, clock_later(now, spec->value), spec->interval, now);
	timers_unlock(process);
}

/* ---- those of timer_create ---- */

static size_t timer_pages(size_t ntimers)
{
	return (ntimers + TIMERS_PER_PAGE - 1) / TIMERS_PER_PAGE;
}

/* Call with the signals' lock held. */
static void count_timers(struct process *process, unsigned more)
{
	struct ptimers *timers = &linux_process(process)->timers;
	size_t before = timer_pages(timers->ncreated);

	timers->ncreated += more;
	counter_add(&process->kept, timer_pages(timers->ncreated) - before);
}

/* An id is not used again before all others were. */
static int take_id(struct process *process)
{
	struct linux_process *own = linux_process(process);
	struct ptimers *timers = &own->timers;
	int id;

	spin_lock(&own->signals.lock);
	do {
		id = timers->next_id;
		timers->next_id = (id + 1) & INT32_MAX;
	} while (timer_find(timers, id));
	count_timers(process, 1);
	spin_unlock(&own->signals.lock);
	return id;
}

static int check_receiver(struct ptimer *it, int tid)
{
	const struct thread *thread;
	int err = -EINVAL;

	spin_lock(&process_tree_lock);
	thread = thread_find(tid);
	if (thread && thread->process == it->process) {
		it->tid = tid;
		it->birth = thread->birth;
		err = 0;
	}
	spin_unlock(&process_tree_lock);
	return err;
}

/* SIGEV_THREAD is the library's: for the kernel it is the same as SIGEV_SIGNAL. */
static int check_event(struct ptimer *it, const struct ptimer_event *event)
{
	int err = 0;

	switch (event->notify) {
	case SIGEV_NONE:
		it->silent = true;
		return 0;
	case SIGEV_SIGNAL | SIGEV_THREAD_ID:
		err = check_receiver(it, event->tid);
		break;
	case SIGEV_SIGNAL:
	case SIGEV_THREAD:
		break;
	default:
		return -EINVAL;
	}
	if (event->sig < 1 || event->sig > NSIG)
		err = -EINVAL;
	return err;
}

int ptimer_create(const struct ptimer_event *event, struct ptimer **ret)
{
	struct process *process = current_process();
	struct queued_signal *signal = queued_signal_create();
	struct created_ptimer *created = signal ? slab_alloc_wait(&created_cache) : NULL;
	struct ptimer *it = created ? &created->it : NULL;
	int err;

	if (!it) {
		if (signal) {
			spin_lock(&linux_process(process)->signals.lock);
			queued_signal_destroy(&linux_process(process)->signals, signal);
			spin_unlock(&linux_process(process)->signals.lock);
		}
		return -EAGAIN;
	}
	*created = (struct created_ptimer){ 0 };
	it->process = process;
	it->signal = signal;
	it->overrun = -1;
	list_init(&it->due_link);
	it->id = take_id(process);
	signal->info = (struct signal_info){
		.sig = event->sig,
		.code = SI_TIMER,
		.about = SIGNAL_OF_TIMER,
		.pid = it->id,
		.value = event->value_is_id ? (uint64_t)it->id : event->value,
	};
	err = check_event(it, event);
	if (err)
		ptimer_discard(it);
	else
		*ret = it;
	return err;
}

static void timer_publish(struct ptimer *it)
{
	struct ptimers *timers = &linux_process(it->process)->timers;
	struct tree_node **link = &timers->created.root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = &parent->child[it->id > tree_entry(parent, struct ptimer, by_id)->id];
	}
	tree_insert(&timers->created, &it->by_id, parent, link);
}

int ptimer_publish(struct ptimer *it, int clock)
{
	struct cpu_clock_id cpu;
	int err;

	it->of_cpu = clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID ||
		     clock == CLOCK_THREAD_CPUTIME_ID;
	it->of_wall = clock == CLOCK_REALTIME || clock == CLOCK_TAI;
	if (it->of_cpu) {
		err = cpu_clock_find(clock, CPU_CLOCK_TO_WAIT, &cpu);
		if (err)
			return err;
		cpu_alarm_init(&it->alarm, &cpu, alarm_goes_off);
	} else {
		timer_init(&it->timer, timer_goes_off);
	}
	spin_lock(&linux_process(it->process)->signals.lock);
	timer_publish(it);
	spin_unlock(&linux_process(it->process)->signals.lock);
	return 0;
}

/* No thread can find it, and it is not armed. */
void ptimer_discard(struct ptimer *it)
{
	struct process *process = it->process;

	spin_lock(&linux_process(process)->signals.lock);
	queued_signal_destroy(&linux_process(process)->signals, it->signal);
	count_timers(process, -1u);
	spin_unlock(&linux_process(process)->signals.lock);
	slab_free(&created_cache, container_of(it, struct created_ptimer, it));
}

/* Call with both locks held. */
static void timer_unpublish(struct ptimer *it)
{
	timer_stop(it);
	tree_erase(&linux_process(it->process)->timers.created, &it->by_id);
}

/* As on Linux, a signal that is pending stays so. */
int ptimer_delete(int id)
{
	struct process *process = current_process();
	struct ptimer *it;

	ptimers_take(&linux_process(process)->timers);
	timers_lock(process);
	it = timer_find(&linux_process(process)->timers, id);
	if (it)
		timer_unpublish(it);
	timers_unlock(process);
	if (!it)
		return -EINVAL;
	ptimer_discard(it);
	return 0;
}

/* One in a hold of the locks. */
static void delete_all(struct process *process)
{
	struct tree_node *node;

	for (;;) {
		timers_lock(process);
		node = tree_first(&linux_process(process)->timers.created);
		if (node)
			timer_unpublish(tree_entry(node, struct ptimer, by_id));
		timers_unlock(process);
		if (!node)
			return;
		ptimer_discard(tree_entry(node, struct ptimer, by_id));
	}
}

/* Nor does one that has expired begin anew: a thread that waits from here on looks at `due`. */
static __attribute__((noinline)) void itimers_exit(struct process *process)
{
	for (unsigned which = 0; which < ITIMER_COUNT; which++) {
		timers_lock(process);
		timer_reset(&linux_process(process)->timers.interval[which]);
		timers_unlock(process);
	}
}

void ptimers_exit(void)
{
	struct process *process = current_process();

	if (unlikely(atomic_load_relaxed(&linux_process(process)->timers.has_interval)))
		itimers_exit(process);
	if (unlikely(linux_process(process)->timers.ncreated))
		delete_all(process);
}

void ptimers_exec(void)
{
	struct process *process = current_process();
	struct signals *signals = &linux_process(process)->signals;
	struct list spent = LIST_INIT(spent);

	delete_all(process);
	spin_lock(&signals->lock);
	if (unlikely(signals->queued)) {
		signal_flush_timers(signals, &signals->shared, &spent);
		signal_flush_timers(signals, &current_task()->signals.pending, &spent);
	}
	spin_unlock(&signals->lock);
	signal_free(&spent);
}

int ptimer_get(int id, struct timer_spec *ret)
{
	struct process *process = current_process();
	struct ptimer *it;
	int64_t now;

	ptimers_take(&linux_process(process)->timers);
	timers_lock(process);
	it = timer_find(&linux_process(process)->timers, id);
	if (it) {
		*ret = (struct timer_spec){ 0 };
		if (now_of(it, &now))
			timer_tell(it, now, ret);
	}
	timers_unlock(process);
	return it ? 0 : -EINVAL;
}

/* As on Linux, a relative time is not moved when the wall clock is set. For a timer that is not armed. */
static void timer_use_wall(struct ptimer *it, bool on_wall)
{
	if (it->on_wall == on_wall)
		return;
	it->on_wall = on_wall;
	if (on_wall)
		wall_timer_init(wall_timer_of(it), wall_timer_goes_off);
	else
		timer_init(&it->timer, timer_goes_off);
}

static int timer_set_anew(struct ptimer *it, bool absolute, const struct timer_spec *spec,
			  struct timer_spec *old_ret)
{
	int64_t now;

	if (!now_of(it, &now))
		return -ESRCH;
	timer_tell(it, now, old_ret);
	timer_reset(it);
	if (spec->value == 0)
		return 0;
	timer_use_wall(it, absolute && it->of_wall);
	if (!now_of(it, &now))
		return -ESRCH;
	timer_set(it, absolute ? (int64_t)spec->value : clock_later(now, spec->value),
		  spec->interval, now);
	return 0;
}

int ptimer_set(int id, bool absolute, const struct timer_spec *spec, struct timer_spec *old_ret)
{
	struct process *process = current_process();
	struct ptimer *it;
	int err;

	ptimers_take(&linux_process(process)->timers);
	timers_lock(process);
	it = timer_find(&linux_process(process)->timers, id);
	err = it ? timer_set_anew(it, absolute, spec, old_ret) : -EINVAL;
	timers_unlock(process);
	return err;
}

int ptimer_overrun(int id)
{
	struct process *process = current_process();
	struct ptimer *it;
	int ret = -EINVAL;

	spin_lock(&linux_process(process)->signals.lock);
	it = timer_find(&linux_process(process)->timers, id);
	if (it)
		ret = overrun_of(it->last_overrun);
	spin_unlock(&linux_process(process)->signals.lock);
	return ret;
}
