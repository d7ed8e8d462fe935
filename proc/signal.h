/* SPDX-License-Identifier: MIT */
/* Signals: who has which pending, what is done about them, and when. */
#pragma once

#include "abi/signal.h"
#include "lib/list.h"
#include "lib/types.h"
#include "sync/spinlock.h"
#include "sync/waitq.h"

struct process;
struct thread;
struct trap_frame;

#define SIGNAL_BIT(sig)	   (1ull << ((sig)-1))
#define SIGNAL_UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))
/* What is pending has its facts kept up to this many times a process, whatever RLIMIT_SIGPENDING says. */
#define SIGNAL_QUEUE_MAX   1024

/* What a signal tells of: the code alone does not say, as anybody may send any to himself. */
enum signal_about { SIGNAL_OF_SENDER, SIGNAL_OF_FAULT, SIGNAL_OF_CHILD };

/* What a signal says beside its number. */
struct signal_info {
	int sig;
	int code; /* SI_*, or how a fault or a child's news came about */
	int err;  /* si_errno, and si_uid: as the sender gave them */
	enum signal_about about;
	bool to_thread; /* by tkill and the like: it comes before what is sent to the process */
	bool to_many;	/* to a group, or to all: a child that is being forked gets it too */
	int pid;	/* who sent it; the child that it is about */
	int status;	/* of the child: exit status or signal */
	uint32_t uid;
	uint64_t value;			   /* what the sender gave; of a fault: the address */
	uint64_t user_ticks, kernel_ticks; /* of the child */
};

/* What rt_sigaction was given, by signal. */
struct signal_actions {
	struct abi_sigaction of[NSIG];
};

struct signals {
	struct spinlock lock;
	/* guarded by lock: */
	uint64_t pending;	 /* of both kinds */
	uint64_t pending_for[2]; /* sent to the process; to its thread */
	uint64_t blocked;	 /* never SIGKILL or SIGSTOP; what is blocked stays pending */
	uint64_t waited;	 /* what ends rt_sigtimedwait though it is blocked */
	uint64_t ignored;	 /* SIG_IGN */
	uint64_t caught;	 /* has a handler */
	struct signal_actions *actions; /* NULL: no flags, masks and handlers */
	struct list queue; /* of struct queued_signal: facts of what is pending, oldest first */
	unsigned queued;
	uint64_t queue_max;	  /* RLIMIT_SIGPENDING */
	struct signal_info fault; /* of the processor's own; sig 0: none */
	int fatal;		  /* the signal that ends the process; 0: none so far */
	int stopping;		  /* taken, and about to stop it */
	int stopped;		  /* the signal that stopped it; 0: it runs */
	bool stop_untold;	  /* wait4 has not told that it stopped... */
	bool continue_untold;	  /* ...or that it went on */
	bool forking;		  /* a child is being made, which none can find yet... */
	uint64_t for_child;	  /* ...and what was sent to many since */
	struct waitq resumed;
	/* private to the process: */
	bool suspended; /* rt_sigsuspend, ppoll: after it, old_mask counts again */
	uint64_t old_mask;
	struct abi_stack stack; /* the alternate one; ss_size 0: none */
};

/* As a frame tells that there was none: where it is brought back, there is none again. */
#define SIGNAL_NO_STACK ((struct abi_stack){ .ss_flags = SS_DISABLE })

/* What a signal does where nobody caught it. */
enum signal_default { SIGNAL_IGNORE, SIGNAL_TERMINATE, SIGNAL_CORE, SIGNAL_STOP, SIGNAL_CONTINUE };
enum signal_default signal_default(int sig);

/* ---- proc/signal.c: sending ---- */

void signals_init(struct signals *signals);
/* A forked child's: mask, actions, alternate stack; nothing pending. 0 or -ENOMEM. */
int signals_copy(struct signals *to, struct signals *from);
/*
 * The running process forks: from here on what is sent to many is kept for the child, too. False: there are signals to
 * be seen to first, so that fork is to be made again after them. Ended by signals_fork_done().
 */
bool signals_fork_begin(void);
/* The child can be found now, and gets what was kept; NULL: there will be none. => child: family lock held */
void signals_fork_done(struct process *child);
/* A new image: what is ignored stays so, handlers, flags, masks and the alternate stack go. */
void signals_exec(struct signals *signals);
/* Forgets actions and what is pending: at the end. */
void signals_destroy(struct signals *signals);

/*
 * Sends a signal (1 to NSIG) to a process: it ends or stops it, runs a handler, stays pending, or is
 * ignored. Process 1 gets only what it catches. 0, or -EAGAIN: too many are queued for it (only
 * what carries a value, or is a real-time signal that was not sent by kill).
 * => not in an interrupt handler; no lock inside LOCK_PROCESS held; the process can't vanish: it is
 * the running one, or the family lock is held
 */
int signal_send_info(struct process *process, const struct signal_info *info);
/* The same of the kernel's own accord. */
void signal_send(struct process *process, int sig);

/*
 * Ends the process by sig whatever it blocks, ignores or catches: SIGKILL, and faults that cannot be
 * served. => as above
 */
void signal_force(struct process *process, int sig);

/*
 * A fault of the running process that cannot be served: its handler is next. False: there is none,
 * and nothing was done: the process is to end by signal_force().
 */
bool signal_fault(const struct signal_info *info);

/* The running thread is to end: any wait ends with -EINTR. */
bool signal_pending_fatal(void);
/* The same for any thread. */
bool thread_killed(const struct thread *thread);
/* Something is to be done for the running process's signals: waits for events end with -EINTR. */
bool signal_pending(void);
/* The same, of what is pending alone. => the running process's */
bool signals_want_return(const struct signals *signals);

/* ---- proc/signal_take.c: what is pending ---- */

/*
 * The next of those in `set`, and what is asked of it (may be NULL): a fault first, then the thread's own, then
 * the lowest number (as on Linux those that tell of faults before the rest); false: there is none. It stays
 * pending until signal_take().
 */
bool signal_peek(struct signals *signals, uint64_t set, struct signal_info *info_ret,
		 struct abi_sigaction *action_ret);
/* The number of what comes next in `set`, but for faults; 0: nothing. => lock held */
int signal_next(const struct signals *signals, uint64_t set);
/* => lock held, or the running process's own; it is pending */
void signal_take(struct signals *signals, const struct signal_info *info);
/*
 * All of these signals. Their facts go to the list, for signal_free() once the lock is dropped:
 * there may be very many. => lock held
 */
void signal_flush(struct signals *signals, uint64_t set, struct list *spent);
void signal_free(struct list *spent);
/* Makes it pending. => lock held */
int signal_queue(struct signals *signals, const struct signal_info *info);
/* As a handler is told of it. */
void signal_info_to_abi(const struct signal_info *info, struct abi_siginfo *abi);

/* ---- proc/signal_return.c: on the way to user mode ---- */

/*
 * Something is to be done for signals before user mode: acts on it; returns unless the process
 * ends.
 */
void signal_user_return(struct trap_frame *frame);

/* ---- proc/signal_frame.c ---- */

/*
 * Writes the frame for the handler of `action` onto the program's stack and makes `frame` enter it.
 * mask: what rt_sigreturn brings back. 0 or -EFAULT.
 */
int signal_frame_write(struct trap_frame *frame, const struct signal_info *info,
		       const struct abi_sigaction *action, uint64_t mask);
/* rt_sigreturn(2): the running thread goes on as the frame at its sp says. 0 or -EFAULT, -EINVAL. */
int signal_frame_return(struct trap_frame *frame);

/* sigaltstack(2): new and old may be NULL. 0, -EINVAL, -ENOMEM (too small), -EPERM (it is in use). */
int signal_stack(vaddr_t sp, const struct abi_stack *new, struct abi_stack *old_ret);

/* ---- proc/sigaction.c ---- */

/*
 * rt_sigaction(2), of the running process: action and old may be NULL. 0, -EINVAL (no such signal,
 * or an action for SIGKILL or SIGSTOP), -ENOMEM: no room for the page that handlers return to.
 * What was pending and is ignored now is dropped.
 */
int signal_action(int sig, const struct abi_sigaction *action, struct abi_sigaction *old_ret);

/* What was asked for: of all zeros, but for SIG_IGN, where nothing was. => lock held */
struct abi_sigaction signal_action_get(const struct signals *signals, int sig);

/* Children are not to be kept for wait4: SIGCHLD is ignored, or has SA_NOCLDWAIT. */
bool signals_leave_children(struct signals *signals);
/* SIGCHLD is ignored. */
bool signals_ignore_children(struct signals *signals);

/* SIGCHLD is not to tell of children that stop or go on. */
bool signals_refuse_stops(struct signals *signals);

/* Blocked or ignored: it would do nothing to the running process now. */
bool signal_is_held(int sig);

/*
 * Changes the mask as rt_sigprocmask does (how: SIG_BLOCK, ...); the mask before. What becomes free
 * is acted upon.
 */
int signal_mask(int how, const uint64_t *set, uint64_t *old_ret);

/* ---- proc/signal_wait.c: waiting for signals ---- */

/*
 * The mask counts until signal_mask_back(), or, where the call ends with -EINTR, until a handler
 * has run or it is clear that none will.
 */
void signal_mask_for_call(uint64_t mask);
void signal_mask_back(void);

/* rt_sigsuspend(2): -EINTR, when a handler is about to run. */
int signal_suspend(uint64_t mask);
/*
 * rt_sigtimedwait(2): takes one of `set`, waiting for it until the tick `deadline`. Its number;
 * -EAGAIN: the time is up; -EINTR.
 */
int signal_wait(uint64_t set, uint64_t deadline, struct signal_info *info_ret);
/* rt_sigpending(2) */
uint64_t signal_pending_set(void);

/* ---- proc/kill.c ---- */

/*
 * kill(2). pid > 0: that process; 0: the caller's group; -1: all but process 1 and the caller;
 * below: the group -pid. sig 0 only looks. 0, -ESRCH, -EINVAL. As on Linux a signal to process 1
 * that it has not caught is taken and dropped.
 */
int process_kill(int pid, int sig);
/* tkill(2), rt_sigqueueinfo(2) and the like: to that process, with these facts. 0, -EAGAIN, -EINVAL, -ESRCH. */
int process_signal(int pid, const struct signal_info *info);

/* As if the running process had killed itself: SIGPIPE and the like. */
void signal_raise(int sig);

/* To each member of a process group: -ESRCH: it has none. => family lock held */
int signal_send_group(int group, int sig);

/* To every process but 1. => not in an interrupt handler */
void signal_send_all(int sig);
