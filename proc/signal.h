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
	int fatal;	  /* the signal that ends the process; 0: none so far */
};

/* What a signal does where nobody caught it. */
enum signal_default { SIGNAL_IGNORE, SIGNAL_TERMINATE, SIGNAL_CORE, SIGNAL_STOP, SIGNAL_CONTINUE };
enum signal_default signal_default(int sig);

void signals_init(struct signals *signals);
/* A forked child's: the mask and what is ignored, nothing pending. */
void signals_copy(struct signals *to, struct signals *from);

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
 * kill(2). pid > 0: that process; 0: all (one process group until there are more); -1: all but
 * process 1 and the caller; below: another group (ESRCH). sig 0 only looks. 0, -ESRCH, -EINVAL. As
 * on Linux a signal to process 1 that it has not caught is taken and dropped.
 */
int process_kill(int pid, int sig);

/*
 * Ctrl-C: the signal to every process but 1, until there are process groups. => not in an interrupt
 * handler
 */
void signal_send_all(int sig);
