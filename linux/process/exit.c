/* SPDX-License-Identifier: MIT */
/* Ends threads and processes: releases what they have. The end of process 1 is the end of the machine. */
#include "linux/process/exit.h"

#include "abi/wait.h"
#include "base/clock.h"
#include "base/hart.h"
#include "base/log.h"
#include "lib/bits.h"
#include "linux/process/children.h"
#include "linux/process/end.h"
#include "linux/process/fork.h"
#include "linux/process/linux_process.h"
#include "linux/process/oom.h"
#include "linux/process/oom_reap.h"
#include "linux/process/process_ops.h"
#include "linux/process/robust.h"
#include "linux/process/task.h"
#include "linux/ptrace/ptrace.h"
#include "linux/signal/send.h"
#include "linux/time/ptimer.h"
#include "proc/child_tid.h"
#include "proc/exe.h"
#include "proc/exit.h"
#include "proc/futex.h"
#include "proc/kthread.h"
#include "proc/pid.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "record/note.h"

/* How long the end of process 1 waits for other processes to end, and how often it looks. */
#define LAST_WAIT_NS (5 * NSEC_PER_SEC)
#define LAST_LOOK_NS (NSEC_PER_SEC / 100)
/* And for servers to take what was written. */
#define LAST_SYNC_NS (30 * NSEC_PER_SEC)

/*
 * Between these two calls a kill does not end a wait for the process's own pages, which may be in swap. The thread writes
 * words there that other threads wait for (robust futexes, clear_child_tid): without them they would wait for ever.
 */
static inline void exit_memory_begin(void)
{
	atomic_store(&current_thread()->killed, false);
}

static inline void exit_memory_end(void)
{
	if (signals_fatal(&current_linux_process()->signals))
		atomic_store(&current_thread()->killed, true);
}

static void leave_space(struct process *process)
{
	struct uspace *uspace = process->uspace;

	oom_memory_leaves();
	space_count(&uspace->space);
	spin_lock(&process_tree_lock);
	usage_add_space(&linux_process(process)->past_usage, process, &uspace->space);
	process->uspace = NULL;
	spin_unlock(&process_tree_lock);
	sched_use_mmu(NULL);
	uspace_put(uspace);
	vfork_done();
	oom_memory_freed();
}

/*
 * What the thread tells others in the memory that they share. Robust futexes come first, so that who
 * learns of the end in any other way finds them released.
 */
static void tell_in_memory(void)
{
	exit_memory_begin();
	futex_robust_exit();
	child_tid_clear();
	exit_memory_end();
}

/*
 * Descriptors come first: the reader of a pipe sees end of file before the parent is notified.
 */
static void exit_release(struct process *process)
{
	struct exe *exe = process->exe;

	oom_futexes_marked(process);
	if (pi_owns(&current_task()->pi)) /* files may take long */
		pi_let_go();
	process_fs->exit(current_thread());
	leave_space(process);
	if (unlikely(linux_process(process)->sem_undo != NULL))
		process_sem->exit(process);
	if (unlikely(process->drives) && driver_exit_hook)
		driver_exit_hook(process);
	process->exe = NULL; /* the ledger looks at it */
	if (exe)
		exe_put(exe);
}

/* One look at the processes that are to end. */
struct ending {
	bool spare_servers;
	unsigned nleft; /* have not ended yet */
};

static void kill_one(struct process *process, void *arg)
{
	const struct signal_info info = { .sig = SIGKILL, .code = SI_KERNEL, .to_many = true };
	struct ending *ending = arg;

	if (process->pid == PID_INIT || process->state == PROCESS_ZOMBIE)
		return;
	if (ending->spare_servers) {
		process_visit_ends_piece(); /* its descriptors are walked */
		if (process_fs->serves(process))
			return;
	}
	ending->nleft++;
	if (process->state == PROCESS_ALIVE)
		signal_send_info(process, &info);
}

/*
 * Kills the other processes and waits, for a limited time, until they have ended. Those whose parent
 * is not process 1 do not tell it.
 */
static void kill_others(struct process *init, bool spare_servers)
{
	uint64_t deadline = clock_deadline_in(LAST_WAIT_NS);

	for (;;) {
		struct ending ending = { .spare_servers = spare_servers };
		uint64_t seq, now;

		spin_lock(&process_tree_lock);
		seq = waitq_sample(&init->child_waitq);
		process_visit_all(kill_one, &ending);
		spin_unlock(&process_tree_lock);
		if (!ending.nleft)
			return;
		now = arch_time();
		if (now >= deadline) {
			log_warn("proc", "%u processes did not end in time", ending.nleft);
			return;
		}
		thread_sleep_always(&init->child_waitq, seq,
				    MIN(deadline, now + clock_ns_to_ticks(LAST_LOOK_NS)));
	}
}

static void collect_zombie(struct process *process, void *ended)
{
	if (process->state != PROCESS_ZOMBIE)
		return;
	child_remove(process);
	process->parent = NULL; /* from now on its link belongs to the caller's list */
	list_add_tail(ended, &process->sibling);
}

__attribute__((noreturn)) static void machine_exit(int status)
{
	assert(machine_exit_hook);
	machine_exit_hook(status);
	assert_unreachable();
}

/* Frees the zombies that are left: no parent will wait for them. */
static void reap_the_rest(void)
{
	struct process *process, *next;
	struct list ended = LIST_INIT(ended);

	spin_lock(&process_tree_lock);
	process_visit_all(collect_zombie, &ended);
	spin_unlock(&process_tree_lock);
	list_for_each_entry_safe(process, next, &ended, sibling) {
		spin_lock(&process_tree_lock);
		linux_process_forget(process);
		spin_unlock(&process_tree_lock);
		process_drop_threads(process);
		process_destroy(process);
	}
	kthread_reap();
}

/*
 * Processes that write to files end first, and the servers of these files last. In between, they get what is
 * left to be written.
 */
static void init_exit(struct process *init) __attribute__((noreturn));
static void init_exit(struct process *init)
{
	int status = init->status;

	kill_others(init, true);
	exit_memory_begin();
	process_fs->sync(clock_deadline_in(LAST_SYNC_NS));
	exit_memory_end();
	kill_others(init, false);
	exit_release(init);
	reap_the_rest();
	if (!WIFSIGNALED(status))
		machine_exit(WEXITSTATUS(status));
	log_error("proc", "process 1 was killed by signal %d", WTERMSIG(status));
	machine_exit(128 + WTERMSIG(status));
}

/*
 * The running thread owns no locks with priority inheritance any more. Call with process_tree_lock held, which is dropped if it
 * did.
 */
static inline void let_go_locked(struct thread *thread)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	task_of(thread)->owns_no_more = true;
	if (!pi_owns(&task_of(thread)->pi))
		return;
	spin_unlock(&process_tree_lock);
	pi_let_go();
	spin_lock(&process_tree_lock);
}

/*
 * Returns if the running thread is the last one that uses the memory and the files of its process, else
 * it is at its end.
 */
static void leave_process(struct thread *thread)
{
	struct process *process = thread->process;

	process_fs->exit(thread);
	/* Another thread may end the space, which on one hart has the hart leave it. */
	if (hart_are_several())
		sched_use_mmu(NULL);
	vfork_done();
	if (unlikely(atomic_load(&linux_process(process)->tracer)))
		ptrace_exit(false);
	spin_lock(&process_tree_lock);
	let_go_locked(thread);
	if (atomic_add(&process->nlive, -1) == 1) {
		spin_unlock(&process_tree_lock);
		return;
	}
	preempt_disable(); /* for good: from now on others may free this thread */
	task_forget(thread);
	waitq_wake_all(&process->child_waitq);
	spin_unlock(&process_tree_lock);
	sched_leave();
}

/* The last thread does this. */
static __attribute__((noreturn)) void exit_finish(struct process *process)
{
	ptimers_exit();
	if (unlikely(atomic_load(&linux_process(process)->tracer)))
		ptrace_exit(true);
	if (process->pid == PID_INIT)
		init_exit(process);
	exit_release(process);
	spin_lock(&process_tree_lock);
	let_go_locked(current_thread());
	end_leave(process);
	task_forget_last(current_thread());
	preempt_disable(); /* for good: who reaps the zombie frees this thread */
	/* Until now: its CPU clock must not be behind what others have read before. */
	usage_end(process);
	process->state = PROCESS_ZOMBIE;
	end_notify(process);
	spin_unlock(&process_tree_lock);
	sched_leave();
}

/* Not cold, for which the compiler takes what does not return. */
static __attribute__((noreturn, hot)) void exit_thread(int status, bool all)
{
	struct thread *thread = current_thread();

	end_begin(status, all);
	tell_in_memory();
	if (journal_is_on())
		journal_note_end(current_space(),
				 signals_fatal(&linux_process(thread->process)->signals) ?: status,
				 all);
	if (atomic_load(&thread->process->nlive) > 1)
		leave_process(thread);
	exit_finish(thread->process);
}

void thread_exit(int status)
{
	exit_thread(status, false);
}

void process_exit(int status)
{
	exit_thread(status, true);
}
