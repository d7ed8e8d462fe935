/* SPDX-License-Identifier: MIT */
/* A thread: what runs, with a kernel stack of its own. */
#pragma once

#include "arch/context.h"
#include "arch/hart.h"
#include "lib/bits.h"
#include "lib/list.h"
#include "lib/types.h"
#include "sync/atomic.h"
#include "sync/lockorder.h"

struct mmu;
struct process;
struct trap_frame;

#define THREAD_NAME_LEN 16

enum thread_state {
	THREAD_NEW,	 /* nobody has woken it yet */
	THREAD_READY,	 /* running, or on the run queue */
	THREAD_SLEEPING, /* waits for thread_wake() */
	THREAD_DEAD,	 /* has left its hart, or is about to, for good */
};

/* What becomes of a system call that answers -EINTR, once the signal has been seen to. */
enum restart {
	RESTART_NONE,	/* it has been interrupted, and that is told */
	RESTART_ASKED,	/* made again, unless a handler without SA_RESTART ran */
	RESTART_SILENT, /* made again, unless a handler ran */
	RESTART_SLEEP,	/* the same, as restart_syscall */
	RESTART_ALWAYS, /* made again, whatever ran */
};

struct thread {
	struct arch_thread arch; /* first: arch_this_thread() points to it */
	/* const: */
	struct process *process; /* NULL: a kernel thread */
	void *kstack;
	void (*main)(void *); /* kernel threads */
	void *main_arg;
	/* guarded by the run queue's lock (proc/sched.c): */
	enum thread_state state;
	bool on_hart; /* its registers are not saved */
	bool queued;  /* on the run queue: whatever its state, if it was preempted */
	struct list
		run_link; /* the run queue; of a kernel thread that has ended: see kthread_reap() */
	uint64_t ran_ticks;  /* on a hart, up to the last switch away */
	uint64_t since_tick; /* of the last switch to it */
	uint64_t left_tick;  /* of the last switch away from it */
	/* for sched, wait and mutex, which know no process; set by what does: */
	struct mmu
		*mmu; /* what user addresses mean while it runs; NULL: whatever they did before */
	bool killed;  /* atomic: it is to end, and so are all its waits */
	/* ARCH_WORK_SIGNAL is set: is a wait for an event to end? NULL: never. => the running thread's */
	bool (*signalled)(void);
	/* changed by the thread itself alone: */
	char name[THREAD_NAME_LEN]; /* in reports; a process's is that of its image */
	/* private to the thread and its hart's interrupts: */
	uint64_t kernel_ticks;	/* of ran_ticks: those that timer interrupts found in kernel mode */
	uint64_t sampled_tick;	/* of the last such look */
	uint64_t nvcsw, nivcsw; /* switches away: of its own accord, and made to */
	enum restart restart;	/* of the system call that a signal has just cut short */
	long (*restart_call)(
		struct trap_frame *);	     /* RESTART_SLEEP: what restart_syscall goes on with */
	uint64_t sleep_until_ns, sleep_rest; /* until when; where the rest is told */
#ifdef FAULTLINE_HARDENED
	struct lockorder waiting_locks;
#endif
};

/* The thread holds no waiting lock: at its end, and before it returns to user mode. */
static inline void thread_assert_no_waiting_lock(const struct thread *thread)
{
#ifdef FAULTLINE_HARDENED
	lockorder_assert_none_waiting(&thread->waiting_locks);
#else
	(void)thread;
#endif
}

static inline struct thread *current_thread(void)
{
	return (struct thread *)arch_this_thread();
}

/* The thread is to end: any wait ends with -EINTR. */
static inline bool thread_killed(const struct thread *thread)
{
	return atomic_load(&thread->killed);
}

static inline bool current_killed(void)
{
	return thread_killed(current_thread());
}

/* Something is to be done for the running thread's signals: waits for events end with -EINTR. */
static inline bool current_signalled(void)
{
	struct thread *thread = current_thread();

	/* Nothing comes without ARCH_WORK_SIGNAL, and what sets that wakes the thread. */
	if (likely(!(atomic_load(&thread->arch.work) & ARCH_WORK_SIGNAL)))
		return false;
	return thread->signalled && thread->signalled();
}

/*
 * A thread with a kernel stack, in state THREAD_NEW; arch part not yet prepared. process NULL: a
 * kernel thread, see proc/kthread.h. NULL: out of memory.
 */
struct thread *thread_create(struct process *process);

/* Frees it. => it never ran, or sched_wait_left() says that it is off its hart for good */
void thread_destroy(struct thread *thread);
