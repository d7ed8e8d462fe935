/* SPDX-License-Identifier: MIT */
/* ptrace(2): one thread, the tracer, stops another one, the tracee, and looks into it. */
/*
 * The relations of tracers and tracees are guarded by process_tree_lock. A tracee stops only in trap_user_return(), where its
 * registers are all in its frame (arch/frame.h): for that its system calls are made there, too, as long as it
 * is traced (linux/ptrace/traced_call.c). It is stopped when `stopped` is set; from then on until its tracer resumes
 * it, or a kill wakes it, it does not touch its registers, and a holder of process_tree_lock may.
 *
 * Nothing keeps a tracee from being killed: each stop ends with the kill. A thread that waits for the tracee
 * waits interruptibly, and the end of a tracer lets go of all its tracees.
 */
#pragma once

#include "abi/ptrace.h"
#include "lib/list.h"
#include "linux/signal/signal.h"

struct child_event;
struct process;
struct thread;
struct wait_for;

/*
 * What is known of a thread that is or was traced. It belongs to the thread from its first attachment to its
 * end; of a thread that ended before its process, and that was traced then, it is left to the tracer to wait
 * for. There is at most one for each thread, so the limits of threads are its limits.
 */
struct ptrace {
	/* guarded by process_tree_lock: */
	struct list link;	/* on a list of the tracer's */
	struct process *tracer; /* NULL: it is not traced */
	struct thread *
		tracer_thread; /* NULL: PTRACE_TRACEME; the first that asks. It alone gives orders */
	struct process *process; /* of the tracee, until that has been reaped */
	struct thread *thread;	 /* NULL: it has ended, before its process */
	int tid;
	int end_status; /* as wait4 packs it, if it has ended */
	uint32_t end_uid;
	uint32_t options;  /* PTRACE_O_* */
	bool seized;	   /* PTRACE_SEIZE */
	bool capable;	   /* who attached it had CAP_SYS_PTRACE */
	bool traces_calls; /* PTRACE_SYSCALL */
	bool stopped;
	bool unreported;  /* the stop, to the tracer's wait4 */
	bool has_info;	  /* there is an info: not in a group stop of one that is not seized */
	int code;	  /* of the stop, as wait4 reports it in the second byte and above */
	int verdict;	  /* of the tracer: the signal to go on with */
	uint64_t message; /* PTRACE_GETEVENTMSG */
	struct signal_info info;
	int judge_pid; /* who has given the verdict */
	uint32_t judge_uid;
	/* changed with process_tree_lock and the signals' lock; read with either: */
	bool listening; /* PTRACE_LISTEN: stopped, and tells of what happens to the group stop */
	uint32_t go;	/* atomic: the stop is over */
	/* private to the tracee: */
	bool full_frame; /* all its registers are in its frame: it may stop for an event */
	int restart; /* enum restart of a call that is set up to be made again; see linux/signal/deliver.c */
	vaddr_t restart_pc; /* where */
	int clone_event;    /* PTRACE_EVENT_* of the clone that it makes, or 0; of no other one */
};

/* What a process has that traces others. Guarded by process_tree_lock. */
struct tracer {
	struct list tracees; /* struct ptrace.link of those about which wait4 has nothing to tell */
	struct list news;    /* and of those about which it may have */
};

/* ---- who traces whom (attach.c) ---- */

/* PTRACE_TRACEME. Returns 0, -EPERM or -ENOMEM. */
int ptrace_traceme(void);
/* PTRACE_ATTACH and PTRACE_SEIZE. Returns 0, -EPERM, -ESRCH, -ENOMEM or -EINTR (killed). */
int ptrace_attach(int tid, bool seize, uint32_t options);
/* Whether wait4 may have something to tell the tracer. Call with process_tree_lock held. */
void ptrace_set_news(struct ptrace *ptrace, bool news);
/* Ends the stop with that signal; the next tracer does not find the thread stopped. Call with process_tree_lock held. */
void ptrace_go(struct ptrace *ptrace, int sig);
/* Lets the thread go on untraced, with that signal. Call with process_tree_lock held. */
void ptrace_unlink(struct ptrace *ptrace, int sig);
/* The running thread, or its process, which has a `tracer`, ends: lets go of its tracees. Call with no lock held. */
void ptrace_exit(bool all);
/* The running thread begins to end with that status, unless its process ends with another. Call with process_tree_lock held. */
void ptrace_end_begins(struct thread *thread, int status);
/* The running thread, not the last one of its process, ends. Call with process_tree_lock held. */
void ptrace_thread_ends(struct thread *thread);
/*
 * Wakes the tracer and sends it SIGCHLD with that, unless it wants no SIGCHLD for a stop and this is one. Call with
 * process_tree_lock held.
 */
void ptrace_tell_tracer(struct process *tracer, const struct signal_info *info);
/* The traced thread is being reaped by its tracer, or replaced by exec. Call with process_tree_lock held. */
void ptrace_drop(struct thread *thread);
/* Frees the record of an ended thread that the tracer need not wait for any more. Call with process_tree_lock held. */
void ptrace_forget(struct ptrace *ptrace);

/* Does a process other than its parent trace the zombie? Tells that. Call with process_tree_lock held. */
bool ptrace_tell_end(struct process *process);
/* Does its parent trace the child? Call with process_tree_lock held. */
bool ptrace_by_parent(const struct process *child);
/* Returns the pid of the tracer's leader, or 0. Call with process_tree_lock held. */
int ptrace_tracer_pid(const struct thread *thread);

/* ---- clone: the running thread is, or was, traced ---- */

/*
 * Before a clone: notes which event it is, and makes a record for the new thread if that will be traced, too.
 * Returns false if there is no memory.
 */
bool ptrace_clone_prepare(struct thread *child, uint64_t flags);
/* The new thread, which has a record, is traced like the running one, and stops first. Call with process_tree_lock held. */
void ptrace_clone_publish(struct thread *child);
/* The new thread had a record: stops for the event, if it is one that the tracer wants. */
void ptrace_clone_event(int id);

/* ---- stops of the running thread (stop.c) ---- */

/* Stops before it takes the signal. Returns false if the tracer has taken that away. */
bool ptrace_signal(struct signal_info *info);
/* Stops with its process, or because its tracer wants so. counted: it has just been counted as stopped. */
void ptrace_trap(bool counted);
/* PTRACE_EVENT_*, if the tracer wants that and the registers are in the frame. */
void ptrace_event(int event, uint64_t message);
/* PTRACE_EVENT_EXIT; not after SIGKILL. */
void ptrace_exit_event(int status);
/* After exec: PTRACE_EVENT_EXEC, or SIGTRAP. */
void ptrace_exec_event(int former_tid);
/* Before and after a system call. Returns false if the call is not to be made: the thread has been killed. */
bool ptrace_call_stop(uint64_t message);
/* For code that sends signals: ends the stop of one that listens. Call with the signals' lock held. */
void ptrace_notify(struct thread *thread);

/* ---- wait4 (wait.c) ---- */

/*
 * Finds a stop, or the end, of a tracee of the running process, and stores it in *event. Returns its id, or 0.
 * *any_ret is set if there is a tracee to wait for. Call with process_tree_lock held.
 */
int ptrace_event_find(const struct wait_for *wanted, bool *any_ret, struct child_event *event);

/* ---- requests of the running thread about a stopped tracee (request.c) ---- */

/* Is there such a thread? */
bool ptrace_exists(int tid);
/* 0 or -ESRCH: it is no tracee of the running thread, or is not stopped. */
int ptrace_check(int tid);
/* PTRACE_CONT, SYSCALL, DETACH, KILL, INTERRUPT, LISTEN. Return 0, -ESRCH or -EIO. */
int ptrace_resume(int tid, uint64_t sig, bool traces_calls);
int ptrace_detach(int tid, uint64_t sig);
int ptrace_kill(int tid);
int ptrace_interrupt(int tid);
int ptrace_listen(int tid);
/* What these words of it are. Return 0, -ESRCH, or -EINVAL (no info; unknown options). */
int ptrace_set_options(int tid, uint64_t options);
int ptrace_check_options(uint64_t options);
int ptrace_get_message(int tid, uint64_t *ret);
int ptrace_get_info(int tid, struct abi_siginfo *ret);
int ptrace_set_info(int tid, const struct abi_siginfo *info);
int ptrace_get_mask(int tid, uint64_t *ret);
int ptrace_set_mask(int tid, uint64_t mask);
/* The pending signal of that place in its queue, or the process's. 1: there is none. */
int ptrace_peek_info(int tid, bool shared, uint64_t place, struct abi_siginfo *ret);
int ptrace_get_call(int tid, struct abi_syscall_info *ret, size_t *size_ret);
struct arch_fpregs;
struct arch_regs;
int ptrace_get_regs(int tid, struct arch_regs *ret);
int ptrace_get_fpregs(int tid, struct arch_fpregs *ret);
int ptrace_set_regs(int tid, const struct arch_regs *regs, size_t n);
int ptrace_set_fpregs(int tid, const struct arch_fpregs *regs, size_t n);
/* Its space with a reference. -EIO: it has none, or does not show it to its tracer. */
struct uspace;
int ptrace_get_space(int tid, struct uspace **ret);
