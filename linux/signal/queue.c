/* SPDX-License-Identifier: MIT */
/* Pending signals, kept separately for the process and for each thread, with their infos if there was room. */
#include "linux/signal/queue.h"

#include "abi/errno.h"
#include "abi/time.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "linux/process/cred.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "linux/process/user.h"
#include "linux/signal/action.h"
#include "linux/signal/signal.h"
#include "mm/phys/kmalloc.h"
#include "proc/process.h"

SLAB_CACHE(queued_cache, struct queued_signal);

/* All processes together may have one queued for so many frames of the machine. */
#define FRAMES_PER_QUEUED 2

/* As on Linux, the signals that report faults come before all others. */
#define FAULTS                                                                                 \
	(SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) | \
	 SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS))

static struct queued_signal *queued_find(const struct sigpending *pending, int sig)
{
	struct queued_signal *queued;

	list_for_each_entry(queued, &pending->queue, link)
		if (queued->info.sig == sig)
			return queued;
	return NULL;
}

static bool machine_has_room(void)
{
	return slab_used(&queued_cache) < page_alloc_total_count() / FRAMES_PER_QUEUED;
}

static bool queue_has_room(const struct signals *signals)
{
	return signals->queued - signals->owned < SIGNAL_QUEUE_MAX && machine_has_room();
}

/* Counts the one that is returned, for the thread's user up to the limit. Call with the lock held. */
static struct queued_signal *queued_alloc(const struct thread *to, uint64_t limit)
{
	struct signals *signals = &linux_process(to->process)->signals;
	struct user *user = task_of(to)->real_cred->user;
	struct queued_signal *queued;
	struct list *node;

	assert_hardened(spin_lock_held(&linux_process(to->process)->signals.lock));
	if (!user_add_signal(user, limit))
		return NULL;
	node = list_pop(&signals->spent);
	queued = node ? list_entry(node, struct queued_signal, link) : slab_alloc(&queued_cache);
	if (!queued) {
		user_drop_signal(user);
		return NULL;
	}
	list_init(&queued->link);
	queued->owned = false;
	queued->user = user;
	signals->queued++;
	return queued;
}

/*
 * As on Linux, the limits do not apply to ordinary signals from kill() or the kernel. But there may be very
 * many threads, each with some of them, and some calls drop all in one hold of the lock.
 */
static bool may_exceed(const struct signals *signals, const struct signal_info *info)
{
	return info->sig < SIGRTMIN && info->code >= 0 &&
	       signals->queued - signals->owned < SIGNAL_QUEUE_MAX + NSIG;
}

/* A signal below SIGRTMIN is kept once. Without room or memory, kill() succeeds but its info is lost. */
int signal_queue(struct thread *to, bool shared, const struct signal_info *info)
{
	struct signals *signals = &linux_process(to->process)->signals;
	struct sigpending *pending = shared ? &signals->shared : &task_of(to)->signals.pending;
	struct queued_signal *queued = NULL;
	uint64_t bit = SIGNAL_BIT(info->sig);

	if (info->sig < SIGRTMIN && pending->set & bit)
		return 0;
	if (may_exceed(signals, info))
		queued = queued_alloc(to, UINT64_MAX);
	else if (queue_has_room(signals))
		queued = queued_alloc(to, signals->queue_max);
	if (!queued && info->sig >= SIGRTMIN && info->code != SI_USER && info->code != SI_KERNEL)
		return -EAGAIN;
	if (queued) {
		queued->info = *info;
		list_add_tail(&pending->queue, &queued->link);
	}
	pending->set |= bit;
	return 0;
}

/* It has left the queue, or never was on one. */
static void queued_free(struct signals *signals, struct queued_signal *queued)
{
	signals->queued--;
	user_drop_signal(queued->user);
	slab_free(&queued_cache, queued);
}

static void drop(struct signals *signals, struct queued_signal *queued)
{
	list_del(&queued->link);
	if (!queued->owned)
		queued_free(signals, queued);
}

struct queued_signal *queued_signal_create(void)
{
	struct thread *self = current_thread();
	struct signals *signals = &linux_process(self->process)->signals;
	struct queued_signal *queued = NULL;

	spin_lock(&signals->lock);
	/* The signals of timers that are gone may be pending yet. */
	if (signals->owned < SIGNAL_TIMERS_MAX &&
	    signals->queued < SIGNAL_QUEUE_MAX + SIGNAL_TIMERS_MAX && machine_has_room())
		queued = queued_alloc(self, signals->queue_max);
	if (queued) {
		queued->owned = true;
		signals->owned++;
	}
	spin_unlock(&signals->lock);
	return queued;
}

void queued_signal_destroy(struct signals *signals, struct queued_signal *queued)
{
	assert_hardened(spin_lock_held(&signals->lock));
	queued->owned = false;
	signals->owned--;
	if (list_empty(&queued->link))
		queued_free(signals, queued);
}

void queued_signal_add(struct sigpending *pending, struct queued_signal *queued)
{
	list_add_tail(&pending->queue, &queued->link);
	pending->set |= SIGNAL_BIT(queued->info.sig);
}

static int lowest_pending(uint64_t candidates)
{
	if (candidates & FAULTS)
		candidates &= FAULTS;
	return candidates ? (int)bit_lowest(candidates) + 1 : 0;
}

/* Takes the next signal of `set` that is pending there. */
static bool take_pending(struct signals *signals, struct sigpending *pending, uint64_t set,
			 struct signal_info *info_ret)
{
	int sig = lowest_pending(pending->set & set);
	struct queued_signal *queued;

	if (!sig)
		return false;
	*info_ret = (struct signal_info){ .sig = sig };
	queued = queued_find(pending, sig);
	if (queued) {
		*info_ret = queued->info;
		drop(signals, queued);
	}
	if (!queued_find(pending, sig))
		pending->set &= ~SIGNAL_BIT(sig);
	return true;
}

static __attribute__((noinline)) bool take_any_pending(struct thread *thread, uint64_t set,
						       struct signal_info *info_ret)
{
	struct signals *signals = &linux_process(thread->process)->signals;

	if (take_pending(signals, &task_of(thread)->signals.pending, set, info_ret))
		return true;
	if (!take_pending(signals, &signals->shared, set, info_ret))
		return false;
	info_ret->was_shared = true;
	return true;
}

bool signal_take(uint64_t set, struct signal_info *info_ret)
{
	struct thread *thread = current_thread();
	struct thread_signals *own = &task_of(thread)->signals;

	assert_hardened(spin_lock_held(&linux_process(thread->process)->signals.lock));
	if (!own->fault.sig)
		return take_any_pending(thread, set, info_ret);
	*info_ret = own->fault;
	own->fault.sig = 0;
	return true;
}

static inline UNCHECKED void spend(struct signals *signals, struct queued_signal *queued,
				   struct list *spent)
{
	if (queued->owned) {
		list_del(&queued->link);
		return;
	}
	signals->queued--;
	user_drop_signal(queued->user);
	list_move_tail(spent, &queued->link);
}

/* Some callers do this for very many threads. */
static inline UNCHECKED __attribute__((always_inline)) void
pending_flush(struct signals *signals, struct sigpending *pending, uint64_t set, struct list *spent)
{
	struct queued_signal *queued, *next;

	if (!(pending->set & set))
		return;
	pending->set &= ~set;
	list_for_each_entry_safe(queued, next, &pending->queue, link) {
		if (SIGNAL_BIT(queued->info.sig) & set)
			spend(signals, queued, spent);
	}
}

void signal_flush(struct signals *signals, struct sigpending *pending, uint64_t set,
		  struct list *spent)
{
	pending_flush(signals, pending, set, spent);
}

void signal_flush_timers(struct signals *signals, struct sigpending *pending, struct list *spent)
{
	struct queued_signal *queued, *next;
	uint64_t gone = 0, kept = 0;

	list_for_each_entry_safe(queued, next, &pending->queue, link) {
		if (queued->info.about == SIGNAL_OF_TIMER) {
			gone |= SIGNAL_BIT(queued->info.sig);
			spend(signals, queued, spent);
		} else {
			kept |= SIGNAL_BIT(queued->info.sig);
		}
	}
	pending->set &= ~gone | kept;
}

UNCHECKED void signal_flush_all(struct process *process, uint64_t set, struct list *spent)
{
	struct linux_process *own = linux_process(process);
	struct thread *thread;

	signal_flush(&own->signals, &own->signals.shared, set, spent);
	for_each_thread(thread, process)
		pending_flush(&own->signals, &task_of(thread)->signals.pending, set, spent);
}

UNCHECKED bool signal_flush_some(struct process *process, uint64_t set, unsigned most,
				 struct list *spent)
{
	struct signals *signals = &linux_process(process)->signals;
	unsigned before = signals->queued;
	struct thread *thread;

	for_each_thread(thread, process) {
		pending_flush(signals, &task_of(thread)->signals.pending, set, spent);
		if (before - signals->queued >= most)
			return true;
	}
	return false;
}

void signal_free(struct list *spent)
{
	struct list *node;

	while ((node = list_pop(spent)) != NULL)
		slab_free(&queued_cache, list_entry(node, struct queued_signal, link));
}

static int64_t signal_ticks_to_clk(uint64_t ticks)
{
	return (int64_t)(clock_ticks_to_ns(ticks) / (NSEC_PER_SEC / ABI_CLK_TCK));
}

void signal_info_to_abi(const struct signal_info *info, struct abi_siginfo *abi)
{
	abi->si_signo = info->sig;
	abi->si_errno = info->err;
	abi->si_code = info->code;
	abi->pad = 0;
#pragma GCC unroll 16
	for (unsigned i = 0; i < ARRAY_SIZE(abi->u.words); i++)
		abi->u.words[i] = 0;
	if (info->about == SIGNAL_OF_FAULT) {
		abi->u.fault.addr = info->value;
	} else if (info->about == SIGNAL_OF_CHILD) {
		abi->u.child.pid = info->pid;
		abi->u.child.uid = info->uid;
		abi->u.child.status = info->status;
		abi->u.child.utime = signal_ticks_to_clk(info->user_ticks);
		abi->u.child.stime = signal_ticks_to_clk(info->kernel_ticks);
	} else if (info->about == SIGNAL_OF_TIMER) {
		abi->u.timer.timer = info->pid;
		abi->u.timer.overrun = info->status;
		abi->u.timer.value = info->value;
	} else if (info->about == SIGNAL_OF_IO) {
		abi->u.io.band = (int64_t)info->value;
		abi->u.io.fd = info->status;
	} else {
		abi->u.rt.pid = info->pid;
		abi->u.rt.uid = info->uid;
		abi->u.rt.value = info->value;
	}
}

bool signal_look(const struct sigpending *pending, uint64_t place, struct signal_info *ret)
{
	const struct queued_signal *queued;

	list_for_each_entry(queued, &pending->queue, link) {
		if (place-- == 0) {
			*ret = queued->info;
			return true;
		}
	}
	return false;
}

static uint64_t clk_to_ticks(int64_t clk)
{
	return clock_ns_to_ticks((uint64_t)clk * (NSEC_PER_SEC / ABI_CLK_TCK));
}

/* As siginfo_layout() of Linux. */
static enum signal_about about_of(int sig, int code)
{
	if (code == SI_TIMER)
		return SIGNAL_OF_TIMER;
	if (code <= 0 || code >= SI_KERNEL || sig > NSIG || sig < 1)
		return SIGNAL_OF_SENDER;
	if (sig == SIGCHLD)
		return SIGNAL_OF_CHILD;
	return SIGNAL_BIT(sig) & FAULTS ? SIGNAL_OF_FAULT : SIGNAL_OF_SENDER;
}

void signal_info_from_abi(const struct abi_siginfo *abi, struct signal_info *ret)
{
	*ret = (struct signal_info){
		.sig = abi->si_signo,
		.err = abi->si_errno,
		.code = abi->si_code,
		.about = about_of(abi->si_signo, abi->si_code),
		.pid = abi->u.rt.pid,
		.uid = abi->u.rt.uid,
		.value = abi->u.rt.value,
	};
	if (ret->about == SIGNAL_OF_FAULT) {
		ret->value = abi->u.fault.addr;
	} else if (ret->about == SIGNAL_OF_CHILD) {
		ret->status = abi->u.child.status;
		ret->user_ticks = clk_to_ticks(abi->u.child.utime);
		ret->kernel_ticks = clk_to_ticks(abi->u.child.stime);
	} else if (ret->about == SIGNAL_OF_TIMER) {
		ret->status = abi->u.timer.overrun;
		ret->value = abi->u.timer.value;
	}
}
