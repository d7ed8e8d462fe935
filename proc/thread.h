/* SPDX-License-Identifier: MIT */
/* A thread: it runs on a hart and has its own kernel stack. */
#pragma once

#include "arch/context.h"
#include "arch/hart.h"
#include "lib/bits.h"
#include "lib/list.h"
#include "lib/tree.h"
#include "lib/types.h"
#include "sync/atomic.h"
#include "sync/lockorder.h"

struct endpoint;
struct fdtable;
struct slab_cache;
struct mmu;
struct process;
struct trap_frame;

#define THREAD_NAME_LEN 16

enum thread_state {
	THREAD_NEW,	 /* not woken yet */
	THREAD_READY,	 /* running, or on the run queue */
	THREAD_SLEEPING, /* waits for thread_wake() */
	THREAD_DEAD,	 /* has left its hart for good, or is about to */
};

/* What happens to a system call that returned -EINTR, after the signal has been handled. */
enum restart {
	RESTART_NONE,	/* returns -EINTR to the program */
	RESTART_ASKED,	/* restarted, unless a handler without SA_RESTART ran */
	RESTART_SILENT, /* restarted, unless a handler ran */
	RESTART_SLEEP,	/* restarted by way of restart_syscall, unless a handler ran */
	RESTART_ALWAYS, /* restarted, even if a handler ran */
};

/* It sleeps, and its registers are saved. */
#define THREAD_PARKED ((uint64_t)THREAD_SLEEPING)

/* What programs have asked of the scheduler for a thread (proc/priority.h). Most have asked for nothing: `any` is 0. */
struct sched_wish {
	union {
		struct {
			int8_t nice; /* NICE_MIN to NICE_MAX */
			uint8_t policy; /* SCHED_OTHER, SCHED_BATCH, SCHED_IDLE, SCHED_FIFO or SCHED_RR */
			uint8_t rt_priority; /* of the last two, 1 to RT_PRIORITY_MAX; else 0 */
			bool resets_on_fork; /* what it creates gets neither that nor a nice value below 0 */
			uint32_t
				weight; /* of its slices, by nice value and policy; 0: WEIGHT_USUAL */
		};
		uint64_t any;
	};
};

/* Do threads with these wishes stand in the same queue at the same place? Their slices may differ. */
static inline bool wish_ranks_alike(struct sched_wish a, struct sched_wish b)
{
	return a.policy == b.policy && a.rt_priority == b.rt_priority;
}

struct thread {
	struct arch_thread
		arch; /* first: arch_this_thread() points to it; guarded as struct arch_thread says */
	/* const: */
	struct process *process; /* NULL: a kernel thread */
	void *kstack;
	/* guarded by the lock of the run queues (proc/sched.c): */
	union {
		struct {
			enum thread_state state;
			bool on_hart; /* its registers are not saved */
			bool queued; /* on the run queue; a preempted thread is, whatever its state */
			bool preempted; /* in the kernel: stays on its hart until it has gone on */
			uint8_t zero;
		};
		uint64_t parked; /* all of them: THREAD_PARKED, or something else */
	};
	bool by_priority; /* while it is queued: by rt_node, else by run_link */
	bool ahead;	  /* while it is queued: the run queue counts it in `nahead` */
	/* atomic: */
	bool killed;	     /* the thread must end, so all its waits end */
	bool traced;	     /* the layer looks at each of its calls */
	bool text_follows;   /* as that of struct mmu, of the thread alone */
	bool has_cpu_alarms; /* a tick has it look at CPU clocks */
	bool may_lend;	/* it waits for others, and lends to one of them once `must_lend` is set */
	bool must_lend; /* what it is to run as has changed: see loan_pass_on() */
	bool has_borrowed; /* others have lent to it; changed with the lock of all loans held */
	/* private to the thread and the interrupts of its hart: */
	bool cpu_alarms_due; /* a tick has come: it looks at CPU clocks soon */
	bool locked_out;     /* it waits for a mutex */
	uint8_t restart; /* enum restart, of the system call that a signal has just interrupted */
	int tid;	 /* of a process's thread; changed by exec with process_tree_lock held */
	/* guarded by the lock of the run queues again: */
	uint64_t harts; /* that it may run on, as bits by index; atomic */
	union {
		struct list run_link; /* on the run queue, or on kthread_reap()'s list */
		struct tree_node rt_node;
	};
	uint64_t ran_ticks;  /* time on a hart, up to the last switch away */
	uint64_t since_tick; /* time of the last switch to it */
	uint64_t left_tick;  /* time of the last switch away from it */
	uint64_t slice_ran;  /* ran_ticks when its slice began */
	uint64_t round;	     /* of the run queue: when it got that slice, or when its turn comes */
	uint64_t slice_tick; /* when its slice began, or that of the one which handed over to it */
	/* used by sched, wait and mutex, which know no processes; set by code that does: */
	struct mmu *mmu; /* active while it runs; NULL: keep what is active */
	/*
	 * With ARCH_WORK_LEAVE set, says whether an interruptible wait must end. NULL: it need
	 * not. Called by the thread itself.
	 */
	bool (*signalled)(void);
	union {
		struct list
			tid_link; /* of a process's, but not of a leader; guarded by process_tree_lock */
		struct {
			void (*main)(void *arg); /* of a kernel thread; const */
			void *main_arg;
		};
	};
	/* of a process's thread: */
	struct list process_link; /* on process->threads, which says what guards it */
	uint64_t birth; /* serial number, in order of publication; 0: a leader; changed with tid */
	/* What it asked for. Changed with process_tree_lock and the lock of all loans held (loan_set_wish()); atomic. */
	struct sched_wish wish;
	/*
	 * That, or what another thread lends. Changed with the lock of all loans held, and with that of its run queue unless only
	 * the weight of a thread changes that does not run (sched_run_as()); atomic.
	 */
	struct sched_wish runs_as;
	/* guarded by the lock of all loans (proc/loan.c): */
	struct tree loans;  /* struct loan.node: of the threads that wait for it */
	struct loan *lends; /* by which it lends to the one that it waits for; or NULL */
	/*
	 * Changed by the thread itself with process_tree_lock held; others read it only with that lock. It has its own
	 * lock, and is counted by the threads that have it. NULL: the thread has let go of it.
	 */
	struct fdtable *fdtable;
	vaddr_t clear_tid; /* from CLONE_CHILD_CLEARTID or set_tid_address; private to the thread */
	/* changed only by the thread itself: */
	char name[THREAD_NAME_LEN]; /* for messages; a process has its image's name */
	/* private to the thread and the interrupts of its hart: */
	uint64_t kernel_ticks;	/* the part of ran_ticks sampled in kernel mode */
	uint64_t sampled_tick;	/* time of the last sample; atomic */
	uint64_t nvcsw, nivcsw; /* voluntary and involuntary switches away */
	uint64_t minor_faults,
		major_faults; /* that were resolved, and of these waited for a page */
	long (*late_call)(struct trap_frame *); /* ARCH_WORK_CALL: what makes the system call */
	/*
	 * atomic; used by ipc: what it waits for an answer of, without a deadline; or NULL. The
	 * answer clears it.
	 */
	struct endpoint *waits_for;
	uint64_t ncalls; /* how often it was to wait for one; changed only by the thread itself */
#ifdef FAULTLINE_HARDENED
	struct lockorder waiting_locks;
#endif
};

extern struct slab_cache thread_cache; /* all threads */

/* Asserts that the thread holds no waiting lock. For its end and its return to user mode. */
static inline void thread_assert_no_waiting_lock(const struct thread *thread)
{
#ifdef FAULTLINE_HARDENED
	lockorder_assert_none_waiting(&thread->waiting_locks);
#else
	(void)thread;
#endif
}

/* Sets its tid. What the journal calls it is made of that, and of its process's pid. */
void thread_set_tid(struct thread *thread, int tid);

static inline struct thread *current_thread(void)
{
	return (struct thread *)arch_this_thread();
}

/* Whether the thread must end. Then any wait returns -EINTR. */
static inline bool thread_killed(const struct thread *thread)
{
	return atomic_load(&thread->killed);
}

static inline bool current_killed(void)
{
	return thread_killed(current_thread());
}

/* Whether the running thread must act on a signal. Then interruptible waits return -EINTR. */
static inline bool current_signalled(void)
{
	struct thread *thread = current_thread();

	/* Every signal sets ARCH_WORK_LEAVE and wakes the thread. */
	if (likely(!(atomic_load(&thread->arch.work) & ARCH_WORK_LEAVE)))
		return false;
	return thread->signalled && thread->signalled();
}

/* Has threads be as large as the layer says. Called once, before the first is created. */
void thread_init(void);

/*
 * Creates a thread with a kernel stack, in state THREAD_NEW. Its arch part is not yet prepared. If
 * process is NULL it is a kernel thread, see proc/kthread.h. Returns NULL if out of memory.
 */
struct thread *thread_create(struct process *process);

/* Frees the thread. Call only if it never ran, or after sched_wait_left(). */
void thread_destroy(struct thread *thread);
