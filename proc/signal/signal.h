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
	bool stop_unreported;	  /* wait4 has not told that it stopped... */
	bool continue_unreported; /* ...or that it went on */
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

void signals_init(struct signals *signals); /* => all zeros so far */
/* A forked child's: mask, actions, alternate stack; nothing pending. 0 or -ENOMEM. */
int signals_copy(struct signals *to, struct signals *from);
/*
 * The running process forks: from here on what is sent to many is kept for the child, too. False: there are signals to
 * be seen to first, so that fork is to be made again after them. Ended by signals_fork_done().
 */
bool signals_fork_begin(void);
/* The child can be found now, and gets what was kept; NULL: there will be none. => child: process_tree_lock held */
void signals_fork_done(struct process *child);
/* A new image: what is ignored stays so, handlers, flags, masks and the alternate stack go. */
void signals_exec(struct signals *signals);
/* Forgets actions and what is pending: at the end. */
void signals_destroy(struct signals *signals);
