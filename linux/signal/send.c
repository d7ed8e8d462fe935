/* SPDX-License-Identifier: MIT */
/* Sends signals: decides whether a signal is dropped, stays pending or kills the process. */
#include "linux/signal/send.h"

#include "linux/signal/signal.h"

#include "abi/errno.h"
#include "abi/wait.h"
#include "lib/bits.h"
#include "linux/process/children.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "linux/ptrace/ptrace.h"
#include "linux/signal/action.h"
#include "linux/signal/arrive.h"
#include "linux/signal/core.h"
#include "linux/signal/queue.h"
#include "linux/time/ptimer.h"
#include "mm/phys/kmalloc.h"
#include "proc/process.h"
#include "proc/sched.h"

/* So many infos of signals that another one cancels are dropped in one hold of the locks. */
#define CANCEL_PIECE 256u

static bool ends_by_default(int sig)
{
	enum signal_default action = signal_default(sig);

	return action == SIGNAL_TERMINATE || action == SIGNAL_CORE;
}

void signal_wake(struct thread *thread)
{
	__atomic_fetch_or(&thread->arch.work, ARCH_WORK_LEAVE, __ATOMIC_RELEASE);
	thread_wake(thread);
}

/*
 * All threads of a process have to end, or to stop. To mark a thread takes a few instructions, to wake
 * it takes hundreds. So all are marked in one hold of the lock, and WAKE_PIECE of them are woken; each
 * thread that begins to end, or stops, wakes as many others. A thread that is awake needs no wake-up: it
 * sees its mark on the way to user mode, or before it sleeps.
 *
 * As long as a thread that must end is to be woken, another one was woken and has not begun to end. What
 * that one waits for ends by the kill, or soon. So in the end all are woken.
 */
#define WAKE_PIECE 16u

/* Returns 1 if the thread was not to be woken before. Call with the lock held. */
static inline unsigned mark(struct thread *thread)
{
	__atomic_fetch_or(&thread->arch.work, ARCH_WORK_LEAVE, __ATOMIC_RELEASE);
	if (task_of(thread)->signals.to_wake)
		return 0;
	task_of(thread)->signals.to_wake = true;
	return 1;
}

static void wake_marked(struct process *process)
{
	struct signals *signals = &linux_process(process)->signals;
	struct thread *thread;
	unsigned n = 0;

	assert_hardened(spin_lock_held(&signals->lock));
	if (likely(!signals->nto_wake))
		return;
	for_each_thread(thread, process) {
		if (!task_of(thread)->signals.to_wake)
			continue;
		task_of(thread)->signals.to_wake = false;
		thread_wake(thread);
		if (--signals->nto_wake == 0 || ++n == WAKE_PIECE)
			return;
	}
}

void signals_wake_next(void)
{
	struct thread *thread = current_thread();
	struct signals *signals = &linux_process(thread->process)->signals;

	if (likely(!signals->nto_wake))
		return;
	signals->nto_wake -= task_of(thread)->signals.to_wake;
	task_of(thread)->signals.to_wake = false;
	wake_marked(thread->process);
}

void signals_kill_threads(struct process *process, const struct thread *except)
{
	struct thread *thread;
	unsigned marked = 0;

	assert_hardened(spin_lock_held(&linux_process(process)->signals.lock));
	for_each_thread(thread, process) {
		if (thread == except || task_of(thread)->signals.exiting || thread_killed(thread))
			continue;
		atomic_store(&thread->killed, true);
		marked += mark(thread);
	}
	linux_process(process)->signals.nto_wake += marked;
	wake_marked(process);
}

void signals_stop_threads(struct process *process)
{
	struct linux_process *own = linux_process(process);
	struct thread *thread;
	unsigned marked = 0;

	assert_hardened(spin_lock_held(&own->signals.lock));
	own->signals.nstopping = (uint16_t)own->signals.nthreads;
	for_each_thread(thread, process) {
		if (task_of(thread)->signals.exiting)
			continue;
		task_of(thread)->signals.must_stop |= MUST_STOP;
		marked += mark(thread);
		if (unlikely(thread->traced))
			ptrace_notify(thread);
	}
	own->signals.nto_wake += marked;
	wake_marked(process);
}

void signals_end(struct process *process, int status)
{
	struct linux_process *own = linux_process(process);

	assert_hardened(spin_lock_held(&own->signals.lock));
	if (own->signals.ending)
		return;
	atomic_store(&own->signals.ending, SIGNALS_ENDING | status);
	signals_kill_threads(process, NULL);
}

/* Of a process that is ending, SIGKILL wakes the threads that a tracer holds at their end. */
void signals_set_fatal(struct process *process, int sig)
{
	struct linux_process *own = linux_process(process);

	if (sig == SIGKILL) {
		own->signals.sigkilled = true;
		if (unlikely(own->signals.ending && own->signals.was_traced))
			signals_kill_threads(process, NULL);
	}
	signals_end(process, ABI_W_SIGNALLED(sig));
}

/*
 * Whether to drop a signal to that thread, or to the process whose first thread that is. A blocked
 * one may be wanted later, and a tracer sees each. Call with the lock held.
 */
static bool signal_is_dropped(const struct thread *thread, int sig)
{
	const struct process *process = thread->process;
	const struct signals *signals = &linux_process(process)->signals;
	uint64_t bit = SIGNAL_BIT(sig);

	assert_hardened(spin_lock_held(&linux_process(thread->process)->signals.lock));
	if ((task_of(thread)->signals.blocked | signals_caught(signals)) & bit)
		return false;
	if (unlikely(thread->traced) && sig != SIGKILL)
		return false;
	if (process->pid == PID_INIT || signals_ignored(signals) & bit)
		return true;
	return signal_default(sig) == SIGNAL_IGNORE || signal_default(sig) == SIGNAL_CONTINUE;
}

/* Drops pending signals. Call with the lock held. */
static void signal_forget(struct process *process, uint64_t set)
{
	signal_flush_all(process, set, &linux_process(process)->signals.spent);
}

/* Call with the lock held. */
static void notify_tracers(struct process *process)
{
	struct thread *thread;

	for_each_thread(thread, process)
		ptrace_notify(thread);
}

/* The signals that are not pending any more when that one comes. */
static inline uint64_t cancelled_by(int sig)
{
	if (likely(!(SIGNAL_BIT(sig) & (SIGNAL_STOPS | SIGNAL_BIT(SIGCONT)))))
		return 0;
	return sig == SIGCONT ? SIGNAL_STOPS : SIGNAL_BIT(SIGCONT);
}

bool signal_cancel_some(struct process *process, int sig)
{
	struct signals *signals = &linux_process(process)->signals;
	bool more;

	spin_lock(&signals->lock);
	more = signals->queued > CANCEL_PIECE &&
	       signal_flush_some(process, cancelled_by(sig), CANCEL_PIECE, &signals->spent);
	spin_unlock(&signals->lock);
	return more && !current_killed(); /* others may send as many again */
}

/* Stops and SIGCONT cancel each other even if blocked or ignored. Call with the lock held. */
static inline void undo(struct process *process, int sig)
{
	struct signals *signals = &linux_process(process)->signals;

	if (likely(!cancelled_by(sig)))
		return;
	if (sig == SIGCONT) {
		signal_forget(process, SIGNAL_STOPS);
		signals->stopping = 0;
		if (unlikely(signals->was_traced))
			notify_tracers(process);
		if (!signals->stopped)
			return;
		signals->stopped = 0;
		signals->nstopping = 0;
		signals->stop_unreported = false;
		signals->continue_unreported = true;
		signals->continue_untold = true;
		waitq_wake_all(&signals->resumed);
	} else {
		signal_forget(process, cancelled_by(sig));
	}
}

/*
 * For the children that threads of the process are creating. As on Linux, of stop signals and
 * SIGCONT only the later one is kept. Call with the lock held.
 */
static UNCHECKED void keep_for_children(struct process *process, int sig)
{
	struct thread *thread;

	if (likely(!linux_process(process)->signals.nforking))
		return;
	for_each_thread(thread, process) {
		struct thread_signals *own = &task_of(thread)->signals;

		if (!own->forking)
			continue;
		if (sig == SIGCONT)
			own->for_child &= ~SIGNAL_STOPS;
		else if (SIGNAL_BIT(sig) & SIGNAL_STOPS)
			own->for_child &= ~SIGNAL_BIT(SIGCONT);
		own->for_child |= SIGNAL_BIT(sig);
	}
}

/* Whether the thread takes the signal at once. Call with the lock held. */
static inline UNCHECKED bool wants(const struct thread *thread, int sig)
{
	return !task_of(thread)->signals.exiting &&
	       SIGNAL_BIT(sig) &
		       (~task_of(thread)->signals.blocked | task_of(thread)->signals.waited);
}

/* Returns the first thread of the process that takes the signal at once, or NULL. Call with the lock held. */
static UNCHECKED struct thread *find_taker(struct process *process, int sig)
{
	struct thread *thread, *held = NULL;

	for_each_thread(thread, process) {
		if (!wants(thread, sig))
			continue;
		if (likely(!thread->traced) ||
		    !atomic_load_relaxed(&task_of(thread)->ptrace->stopped))
			return thread;
		held = held ?: thread; /* it takes it when its tracer lets it, unless another can */
	}
	return held;
}

UNCHECKED void signals_hand_on(const struct thread *thread, uint64_t set)
{
	struct process *process = thread->process;
	uint64_t left = set & linux_process(process)->signals.shared.set;
	struct thread *other;

	if (likely(!left))
		return;
	for_each_thread(other, process) {
		uint64_t taken =
			left & (~task_of(other)->signals.blocked | task_of(other)->signals.waited);

		if (other == thread || task_of(other)->signals.exiting || !taken)
			continue;
		signal_wake(other);
		left &= ~taken;
		if (!left)
			break;
	}
}

/* Out of line, for the next function. */
static __attribute__((noinline)) void signals_blocked(struct thread *thread, uint64_t more)
{
	ptimers_unpark(&linux_process(thread->process)->timers, more);
	signals_hand_on(thread, more);
}

void signals_block(struct thread *thread, uint64_t blocked)
{
	const struct process *process = thread->process;
	uint64_t more = blocked & ~task_of(thread)->signals.blocked;

	assert_hardened(spin_lock_held(&linux_process(process)->signals.lock));
	task_of(thread)->signals.blocked = blocked;
	if (unlikely(linux_process(process)->signals.nthreads > 1 ||
		     linux_process(process)->timers.parked & more))
		signals_blocked(thread, more);
}

/* Acts on a signal that has come there, and that this thread takes. Call with the lock held. */
static inline void act(struct thread *thread, struct sigpending *pending, int sig)
{
	struct process *process = thread->process;
	uint64_t bit = SIGNAL_BIT(sig);

	if (task_of(thread)->signals.blocked & bit)
		signal_wake(thread); /* it waits for the signal */
	else if (signal_is_dropped(thread, sig))
		signal_flush(&linux_process(process)->signals, pending, bit,
			     &linux_process(process)->signals.spent);
	else if (!(signals_caught(&linux_process(process)->signals) & bit) &&
		 ends_by_default(sig) && !core_is_wanted(process, sig) &&
		 (likely(!thread->traced) || sig == SIGKILL))
		signals_set_fatal(process, sig);
	else
		signal_wake(thread);
}

/*
 * A signal may have ended the stop of another process, or killed one whose stop or continuation has
 * not been reported. Then process_tree_lock is held. The running process is not stopped.
 */
static inline void stop_changed(struct process *process)
{
	if (unlikely(signals_report_stop(&linux_process(process)->signals)) &&
	    process != current_process())
		child_sort(process);
}

/* Lets a thread take a signal that may be pending: `to`, or if that is NULL any. */
static inline void hand_out(struct process *process, struct thread *to, int sig)
{
	struct signals *signals = &linux_process(process)->signals;
	struct sigpending *pending = to ? &task_of(to)->signals.pending : &signals->shared;
	struct thread *taker;

	if (to)
		taker = wants(to, sig) ? to : NULL;
	else
		taker = find_taker(process, sig);
	/* What comes to a stopped process is handled when it continues; a traced thread may go on alone. */
	if (taker && pending->set & SIGNAL_BIT(sig) &&
	    (!signals->stopped || sig == SIGKILL || taker->traced))
		act(taker, pending, sig);
}

/* Sends it to a thread of the process, or if that is NULL to any of them. Call with the lock held. */
static inline __attribute__((always_inline)) int send_locked(struct process *process,
							     struct thread *to,
							     const struct signal_info *info)
{
	struct signals *signals = &linux_process(process)->signals;
	struct sigpending *pending = to ? &task_of(to)->signals.pending : &signals->shared;
	bool fresh;
	int err = 0;

	assert_hardened(spin_lock_held(&signals->lock));
	undo(process, info->sig);
	if (info->to_many)
		keep_for_children(process, info->sig);
	/* As on Linux, one that is pending already and is kept once wakes no thread. */
	fresh = info->sig >= SIGRTMIN || !(pending->set & SIGNAL_BIT(info->sig));
	if (!(to && task_of(to)->signals.exiting) &&
	    !signal_is_dropped(to ?: process->leader, info->sig))
		err = signal_queue(to ?: process->leader, !to, info);
	if (fresh && pending->set & SIGNAL_BIT(info->sig))
		signal_arrived(process);
	hand_out(process, to, info->sig);
	return err;
}

static int send_to(struct process *process, struct thread *to, const struct signal_info *info)
{
	int err;

	spin_lock(&linux_process(process)->signals.lock);
	err = send_locked(process, to, info);
	spin_unlock(&linux_process(process)->signals.lock);
	stop_changed(process);
	return err;
}

int signal_send_info(struct process *process, const struct signal_info *info)
{
	return send_to(process, NULL, info);
}

int signal_send_thread(struct thread *thread, const struct signal_info *info)
{
	return send_to(thread->process, thread, info);
}

void signal_send_own_locked(int sig)
{
	const struct signal_info info = { .sig = sig, .code = SI_KERNEL };

	assert_hardened(spin_lock_held(&current_linux_process()->signals.lock));
	send_locked(current_process(), NULL, &info);
}

/* As on Linux, one of an ordinary number is queued even if another of that number is pending. */
bool signal_send_timer_locked(struct thread *to, struct queued_signal *queued)
{
	struct process *process = current_process();
	struct signals *signals = &linux_process(process)->signals;
	int sig = queued->info.sig;

	assert_hardened(spin_lock_held(&signals->lock));
	undo(process, sig);
	if (signal_is_dropped(to ?: process->leader, sig))
		return false;
	if (!list_empty(&queued->link)) {
		queued->info.status++;
		return true;
	}
	queued->info.status = 0;
	queued_signal_add(to ? &task_of(to)->signals.pending : &signals->shared, queued);
	signal_arrived(process);
	hand_out(process, to, sig);
	return !list_empty(&queued->link);
}

bool signal_is_ignored_locked(const struct process *process, const struct thread *to, int sig)
{
	assert_hardened(spin_lock_held(&linux_process(process)->signals.lock));
	return signal_is_dropped(to ?: process->leader, sig);
}

void signal_send(struct process *process, int sig)
{
	const struct signal_info info = { .sig = sig, .code = SI_KERNEL };

	signal_send_info(process, &info); /* an info with this code is never refused */
}

/* The running thread takes the signal of signal_fault(), by its default action. Call with the lock held. */
static void die_by_core(struct thread *thread, int sig)
{
	task_of(thread)->signals.fault.sig = sig;
	task_of(thread)->signals.dies = true;
	__atomic_fetch_or(&thread->arch.work, ARCH_WORK_LEAVE, __ATOMIC_RELAXED);
}

void signal_force(struct process *process, int sig)
{
	spin_lock(&linux_process(process)->signals.lock);
	if (process == current_process() && core_is_wanted(process, sig))
		die_by_core(current_thread(), sig);
	else
		signals_set_fatal(process, sig);
	spin_unlock(&linux_process(process)->signals.lock);
	stop_changed(process);
}

void signal_die(const struct signal_info *info)
{
	struct thread *thread = current_thread();

	spin_lock(&linux_process(thread->process)->signals.lock);
	task_of(thread)->signals.fault = *info;
	task_of(thread)->signals.fault.sig = 0;
	spin_unlock(&linux_process(thread->process)->signals.lock);
	signal_force(thread->process, info->sig);
}

bool signal_fault(const struct signal_info *info)
{
	struct thread *thread = current_thread();
	struct signals *signals = &linux_process(thread->process)->signals;
	bool caught;

	spin_lock(&signals->lock);
	caught = (signals_caught(signals) & ~task_of(thread)->signals.blocked &
		  SIGNAL_BIT(info->sig)) != 0;
	task_of(thread)->signals.fault = *info;
	if (unlikely(!caught && thread->traced)) { /* the tracer sees it first */
		signal_action_reset(signals, info->sig);
		task_of(thread)->signals.blocked &= ~SIGNAL_BIT(info->sig);
		caught = true;
	}
	if (caught) {
		__atomic_fetch_or(&thread->arch.work, ARCH_WORK_LEAVE, __ATOMIC_RELAXED);
	} else {
		task_of(thread)->signals.fault.sig = 0; /* for signal_force() */
	}
	spin_unlock(&signals->lock);
	return caught;
}

/* What is pending for the running thread, or for its process. */
static uint64_t pending_of(const struct thread *thread)
{
	return atomic_load(&linux_process(thread->process)->signals.shared.set) |
	       atomic_load(&task_of(thread)->signals.pending.set);
}

bool signals_want_return(void)
{
	const struct thread *thread = current_thread();
	const struct thread_signals *own = &task_of(thread)->signals;

	return thread_killed(thread) || own->fault.sig || thread_must_stop(thread) ||
	       (pending_of(thread) & (own->waited | ~own->blocked));
}

bool signals_end_waits(void)
{
	ptimers_take(&current_linux_process()->timers);
	return signals_want_return();
}

static int new_mask(int how, uint64_t old, uint64_t set, uint64_t *ret)
{
	switch (how) {
	case SIG_BLOCK:
		*ret = old | set;
		return 0;
	case SIG_UNBLOCK:
		*ret = old & ~set;
		return 0;
	case SIG_SETMASK:
		*ret = set;
		return 0;
	default:
		return -EINVAL;
	}
}

int signal_mask(int how, const uint64_t *set, uint64_t *old_ret)
{
	struct thread *thread = current_thread();
	struct signals *signals = &linux_process(thread->process)->signals;
	uint64_t blocked;
	int err = 0;

	spin_lock(&signals->lock);
	*old_ret = blocked = task_of(thread)->signals.blocked;
	if (set)
		err = new_mask(how, blocked, *set & ~SIGNAL_UNBLOCKABLE, &blocked);
	if (blocked & ~task_of(thread)->signals.blocked)
		signals_block(thread, blocked);
	else
		task_of(thread)->signals.blocked = blocked;
	/* In their order, on the way to user mode: the mask of one's handler may block the next. */
	if (pending_of(thread) & ~blocked)
		__atomic_fetch_or(&thread->arch.work, ARCH_WORK_LEAVE, __ATOMIC_RELAXED);
	spin_unlock(&signals->lock);
	return err;
}
