/* SPDX-License-Identifier: MIT */
/* Signals: which are pending for a process and its threads, what they do, and their state across fork, exec and exit. */
#pragma once

#include "abi/signal.h"
#include "abi/wait.h"
#include "lib/list.h"
#include "lib/refcount.h"
#include "lib/types.h"
#include "sync/spinlock.h"
#include "sync/waitq.h"

struct process;
struct thread;
struct trap_frame;

#define SIGNAL_BIT(sig)	   (1ull << ((sig)-1))
#define SIGNAL_UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))
#define SIGNAL_STOPS \
	(SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))
/* At most this many pending signals of a process keep their info, whatever RLIMIT_SIGPENDING is; those of timers come on top. */
#define SIGNAL_QUEUE_MAX  1024
/* A process has so many timers at most, whatever RLIMIT_SIGPENDING is: their signals are dropped in one hold of the lock. */
#define SIGNAL_TIMERS_MAX 8192

/* What a signal is about. The code does not tell, as a process may send itself any code. */
enum signal_about {
	SIGNAL_OF_SENDER,
	SIGNAL_OF_FAULT,
	SIGNAL_OF_CHILD,
	SIGNAL_OF_TIMER,
	SIGNAL_OF_IO
};

/* A signal and the information that comes with it. */
struct signal_info {
	int sig;
	int code; /* SI_*, or the cause of a fault or of a child event */
	int err;  /* si_errno, as the sender gave it */
	enum signal_about about;
	bool to_many;	 /* sent to a group or to all: a child that is being forked gets it too */
	bool was_shared; /* once it was taken: it was pending for the process, not for a thread */
	int pid;	 /* the sender, or the child that it is about; the id of a timer */
	int status; /* of the child: exit status or signal; how often a timer was overrun; a descriptor */
	uint32_t uid;
	uint64_t value; /* as the sender gave it; for a fault: the address; of a file: POLL* */
	union {
		uint64_t user_ticks; /* of the child */
		unsigned armed;	     /* of a timer with an interval: its armings then; else 0 */
	};
	uint64_t kernel_ticks; /* of the child */
};

/* The actions set by rt_sigaction. With CLONE_SIGHAND processes share them. */
struct signal_actions {
	struct spinlock lock;
	struct refcount refs; /* the processes that have them */
	/* changed with the lock held; atomic: */
	uint64_t ignored; /* set to SIG_IGN */
	uint64_t caught;  /* has a handler */
	/* guarded by lock: */
	struct abi_sigaction of[NSIG]; /* by signal */
};

/* The signals that are pending for a process or a thread. Guarded by the process's signals lock. */
struct sigpending {
	uint64_t set;
	struct list queue; /* struct queued_signal: infos, where there was room, oldest first */
};

/* What all threads of a process share. */
struct signals {
	struct spinlock lock;
	/* guarded by lock: */
	struct sigpending shared;	/* sent to the process: any of its threads may take them */
	struct signal_actions *actions; /* NULL: no action was set */
	uint16_t queued; /* infos on the queues of the process and its threads, or of its timers */
	uint16_t owned;	 /* of these, those of timers */
	/*
	 * Guarded by process_tree_lock: the low bits of the birth of the process that founded the group. So a later
	 * group of that number is another.
	 */
	uint32_t group_birth;
	struct list spent;  /* infos of dropped signals, for later ones: to free many takes long */
	uint64_t queue_max; /* RLIMIT_SIGPENDING, of all that its user has on queues */
	unsigned nthreads;  /* threads that have not begun to end */
	int ending; /* atomic: SIGNALS_ENDING with the status, as wait4 packs it; 0: it need not end */
	const struct thread
		*execing;	  /* waits in exec until the others have ended; NULL: none does */
	int stopping;		  /* taken, and about to stop the process; 0: none */
	int stopped;		  /* the signal that stopped the process; 0: it is not stopped */
	uint16_t nstopping;	  /* threads that have to stop and have not done so */
	uint16_t nforking;	  /* threads that are creating a child */
	unsigned nto_wake;	  /* threads that are to be woken, to end or to stop */
	bool stop_unreported;	  /* wait4 has not reported the stop yet */
	bool continue_unreported; /* wait4 has not reported the continuation yet */
	bool continue_untold;	  /* the first thread that goes on is to tell the parent */
	bool sigkilled;		  /* SIGKILL has come: no tracer holds a thread any more */
	bool was_traced;	  /* one of its threads is traced, or was */
	/* linux/signal/core.c: */
	bool dumping;	      /* a thread writes a core file; atomic */
	uint16_t nparked;     /* threads that wait for its end */
	struct waitq resumed; /* after a stop; and woken when what is above changes */
};

#define SIGNALS_ENDING 0x10000

/* Why a thread is to stop on its way to user mode. */
#define MUST_STOP 1u /* if its process is stopped, and it has not been counted as stopped yet */
#define MUST_TRAP 2u /* its tracer wants it to, or it was let go while its process is stopped */
#define MUST_NOTIFY \
	4u /* its tracer must be notified that a stop of the process has begun, or has ended */

/* What each thread has of its own. */
struct thread_signals {
	/* guarded by the process's signals lock: */
	struct sigpending pending; /* sent to this thread */
	uint64_t blocked;	   /* never SIGKILL or SIGSTOP; a blocked signal stays pending */
	uint64_t waited;	   /* ends rt_sigtimedwait although it is blocked */
	uint64_t held;		   /* blocked before a core file is written */
	struct signal_info fault;  /* a processor exception to be handled; sig 0: none */
	bool forking;		   /* it creates a child, which others cannot find yet */
	uint64_t for_child;	   /* the signals sent to many processes since then */
	bool exiting;		   /* it has begun to end: it takes no signal, and is not killed */
	uint8_t must_stop;	   /* MUST_*; see thread_must_stop() */
	bool dies;		   /* of `fault`, whatever its action is */
	bool to_wake;		   /* it must end or stop, and has not been woken for that yet */
	/* private to the thread: */
	bool suspended; /* in rt_sigsuspend or ppoll: old_mask is restored afterwards */
	uint64_t old_mask;
	struct abi_stack stack; /* the alternate stack; ss_size 0: none */
};

/* The signals that are set to SIG_IGN, and those that have a handler. Call with the lock held. */
static inline uint64_t signals_ignored(const struct signals *signals)
{
	return signals->actions ? atomic_load_relaxed(&signals->actions->ignored) : 0;
}

static inline uint64_t signals_caught(const struct signals *signals)
{
	return signals->actions ? atomic_load_relaxed(&signals->actions->caught) : 0;
}

/* Do other processes have the actions, too, and may change them? Call with the lock held, or in the only thread. */
static inline bool signals_share_actions(const struct signals *signals)
{
	return signals->actions && refcount_is_shared(&signals->actions->refs);
}

/* Whether all threads of the process must end, or are ending. */
static inline bool signals_ending(const struct signals *signals)
{
	return __atomic_load_n(&signals->ending, __ATOMIC_ACQUIRE) != 0;
}

/* Returns the signal that kills the process, or 0. */
static inline int signals_fatal(const struct signals *signals)
{
	return WTERMSIG(__atomic_load_n(&signals->ending, __ATOMIC_ACQUIRE));
}

/* Whether wait4 has a stop or a continuation to report, unless the process is killed. */
static inline bool signals_report_stop(const struct signals *signals)
{
	return signals->stop_unreported || signals->continue_unreported;
}

/* No alternate stack, as a sigframe records it: restoring this record disables the stack again. */
#define SIGNAL_NO_STACK ((struct abi_stack){ .ss_flags = SS_DISABLE })

/* What a signal does by default. */
enum signal_default { SIGNAL_IGNORE, SIGNAL_TERMINATE, SIGNAL_CORE, SIGNAL_STOP, SIGNAL_CONTINUE };
enum signal_default signal_default(int sig);

/* These must be all zeros. */
void signals_init(struct signals *signals);
void thread_signals_init(struct thread_signals *own);
/* What a new process gets of the actions. */
enum actions_for_child { ACTIONS_COPY, ACTIONS_WITHOUT_HANDLERS, ACTIONS_SHARE };
/* Gives a new process its part of the running one's; nothing is pending. Returns 0 or -ENOMEM. */
int signals_copy(struct signals *to, enum actions_for_child what);
/* Copies mask and alternate stack. Call for the running thread's. */
void thread_signals_copy(struct thread_signals *to, const struct thread_signals *from);
/*
 * The running thread begins to fork. From now on, signals sent to many processes are also kept for
 * the child. Returns false if signals must be handled first; then fork has to be restarted. Call
 * signals_fork_done() in either case.
 */
bool signals_fork_begin(void);
/*
 * The child can be found now and gets the signals kept for it. Call with process_tree_lock held. If
 * there will be no child, call with NULL.
 */
void signals_fork_done(struct process *child);
/* The running process shares its actions with no other process from now on. Returns 0 or -ENOMEM. */
int signals_unshare(void);
/*
 * For a new image: resets all actions except SIG_IGN, and the running thread's alternate stack. Call
 * after signals_unshare().
 */
void signals_exec(void);
/* Frees all that is pending, with the actions, at the end of a process. */
void signals_destroy(struct signals *signals);

/* A thread that others can find from now on. Call with process_tree_lock and the signals' lock held. */
void signals_add_thread(struct thread *thread);
/*
 * The running thread begins to end. From now on it takes no signals, and others take what is pending
 * for the process. The last one ends the process with its status, unless that is ending already. With
 * `all`, the others must end, too, unless one of them is in exec. Returns whether it is the last one.
 * Call with process_tree_lock held. signals_thread_flush() is to follow.
 */
bool signals_thread_ends(int status, bool all);
/* Frees what is pending for the running thread, which has begun to end. Call with no lock held. */
void signals_thread_flush(void);
/*
 * The running thread is in exec: the others must end. Returns false, having done nothing, if another
 * thread is in exec or the process is ending: then this thread has been killed. `done`: it is alone.
 */
bool signals_exec_begin(void);
void signals_exec_done(void);
