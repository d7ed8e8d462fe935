/* Signals: who has which pending, and what they do by default. */
#pragma once

#include "abi/signal.h"
#include "lib/types.h"
#include "sync/spinlock.h"

struct process;
struct thread;
struct trap_frame;

#define SIGNAL_BIT(sig) (1ull << ((sig)-1))

struct signals {
	struct spinlock lock;
	/* guarded by lock: */
	uint64_t pending;
	uint64_t blocked; /* never SIGKILL or SIGSTOP; what is blocked stays pending */
	uint64_t ignored; /* SIG_IGN (no handlers yet: everything else has its default) */
	uint64_t
		action_masks[NSIG]; /* what rt_sigaction was given: told again, else of no use... */
	uint32_t action_flags[NSIG]; /* ...but for SA_NOCLDWAIT of SIGCHLD */
	bool acted;		     /* one of these two is not all zero */
	int fatal;		     /* the signal that ends the process; 0: none so far */
};

/* What a signal does where nobody caught it. */
enum signal_default { SIGNAL_IGNORE, SIGNAL_TERMINATE, SIGNAL_CORE, SIGNAL_STOP, SIGNAL_CONTINUE };
enum signal_default signal_default(int sig);

void signals_init(struct signals *signals);
/* A forked child's: the mask, the actions, nothing pending. */
void signals_copy(struct signals *to, struct signals *from);
/* A new image: what is ignored stays so, flags and masks of the actions go. */
void signals_exec(struct signals *signals);

/*
 * rt_sigaction(2), of the running process: action and old may be NULL. 0, -EINVAL (no such signal,
 * or an action for SIGKILL or SIGSTOP), -ENOSYS: a handler. What was pending and is ignored now is
 * dropped.
 */
int signal_action(int sig, const struct abi_sigaction *action, struct abi_sigaction *old_ret);

/* Children are not to be kept for wait4: SIGCHLD is ignored, or has SA_NOCLDWAIT. */
bool signals_leave_children(struct signals *signals);

/* Blocked or ignored: it would do nothing to the running process now. */
bool signal_is_held(int sig);

/*
 * Sends sig (1 to NSIG) to a process: ends it, or stays pending, or is ignored. Process 1 gets only
 * what it has not left to its default: nothing yet.
 * => not in an interrupt handler; no lock inside LOCK_PROCESS held; the process can't vanish: it is
 * the running one, or the family lock is held
 */
void signal_send(struct process *process, int sig);

/*
 * Ends the process by sig whatever it blocks or ignores: SIGKILL, and faults that cannot be served.
 * => as above
 */
void signal_force(struct process *process, int sig);

/* The running thread is to end: a wait ends with -EINTR. */
bool signal_pending_fatal(void);
/* The same for any thread. */
bool thread_killed(const struct thread *thread);

/*
 * Something is to be done for signals before user mode: acts on it; returns unless the process
 * ends.
 */
void signal_user_return(struct trap_frame *frame);

/*
 * Changes the mask as rt_sigprocmask does (how: SIG_BLOCK, ...); the mask before. What becomes free
 * is acted upon.
 */
int signal_mask(int how, const uint64_t *set, uint64_t *old_ret);

/*
 * kill(2). pid > 0: that process; 0: the caller's group; -1: all but process 1 and the caller;
 * below: the group -pid. sig 0 only looks. 0, -ESRCH, -EINVAL. As on Linux a signal to process 1
 * that it has not caught is taken and dropped.
 */
int process_kill(int pid, int sig);

/* To each member of a process group: -ESRCH: it has none. => family lock held */
int signal_send_group(int group, int sig);

/* To every process but 1. => not in an interrupt handler */
void signal_send_all(int sig);
