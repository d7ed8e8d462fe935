/* The end of a process: what it held goes back, its children and its parent are told. */
#include "abi/wait.h"
#include "base/clock.h"
#include "base/log.h"
#include "lib/bits.h"
#include "mm/usercopy.h"
#include "proc/family.h"
#include "proc/file.h"
#include "proc/fork.h"
#include "proc/job.h"
#include "proc/machine.h"
#include "proc/oom.h"
#include "proc/reap.h"
#include "proc/sched.h"
#include "proc/wait.h"

/* How long process 1's end waits for the ends of the others. */
#define LAST_WAIT_NS (5 * NSEC_PER_SEC)

/* Who shares the memory and waits for this one to end finds a zero there. */
static void clear_tid(struct process *process)
{
	const int zero = 0;

	if (process->clear_tid && atomic_load_relaxed(&process->uspace->refs) > 1)
		(void)user_copy_out(process->clear_tid, &zero, sizeof(zero));
	process->clear_tid = 0;
}

static void leave_space(struct process *process)
{
	struct uspace *uspace = process->uspace;

	clear_tid(process);
	process->ended_usage = usage_current();
	spin_lock(&family_lock);
	process->uspace = NULL;
	spin_unlock(&family_lock);
	sched_use_space(NULL);
	uspace_put(uspace);
	vfork_done(process);
	oom_memory_freed();
}

/*
 * Descriptors first: a reader at the other end of a pipe learns of the end before the parent does.
 */
static void release(struct process *process)
{
	files_destroy(process->files);
	process->files = NULL;
	file_put(process->cwd);
	process->cwd = NULL;
	leave_space(process);
	if (process->exe)
		exe_put(process->exe);
	process->exe = NULL;
}

/*
 * A parent that does not want to hear of its children: process 1 buries this one. => family lock
 * held
 */
static void leave_to_init(struct process *process)
{
	struct process *init = family_find(PID_INIT);

	waitq_wake_all(&process->parent->child_waitq);
	list_del(&process->sibling);
	process->parent = init;
	list_add_tail(&init->children, &process->sibling);
}

static struct signal_info news_of(const struct process *process)
{
	bool killed = WIFSIGNALED(process->status);

	return (struct signal_info){
		.sig = process->exit_signal,
		.code = killed ? CLD_KILLED : CLD_EXITED,
		.about = SIGNAL_OF_CHILD,
		.pid = process->pid,
		.status = killed ? WTERMSIG(process->status) : WEXITSTATUS(process->status),
		.user_ticks = process->ended_usage.user_ticks,
		.kernel_ticks = process->ended_usage.kernel_ticks,
	};
}

/* => family lock held */
static void tell_parent(struct process *process)
{
	const struct signal_info news = news_of(process);
	struct process *parent;

	process->state = PROCESS_ZOMBIE;
	if (process->exit_signal == SIGCHLD && process->parent->pid != PID_INIT &&
	    signals_leave_children(&process->parent->signals))
		leave_to_init(process);
	parent = process->parent;
	waitq_wake_all(&parent->child_waitq);
	if (process->exit_signal > 0 && process->exit_signal <= NSIG &&
	    parent->state == PROCESS_ALIVE)
		signal_send_info(parent, &news);
}

static bool all_others_ended(struct process *init)
{
	struct process *process;

	list_for_each_entry(process, &family_all, all)
		if (process != init && process->state != PROCESS_ZOMBIE)
			return false;
	return true;
}

/* Kills all others and waits until they have given back what they held: but not for ever. */
static void end_the_rest(struct process *init)
{
	uint64_t deadline = arch_time() + clock_ns_to_ticks(LAST_WAIT_NS);

	signal_send_all(SIGKILL);
	for (;;) {
		uint64_t seq;
		bool done;

		spin_lock(&family_lock);
		done = all_others_ended(init);
		seq = waitq_sample(&init->child_waitq);
		spin_unlock(&family_lock);
		if (done)
			return;
		if (arch_time() >= deadline) {
			log_warn("proc", "some processes did not end in time");
			return;
		}
		thread_sleep_always(&init->child_waitq, seq, deadline);
	}
}

/* The zombies that are left have no parent to wait for them. */
static void bury_the_rest(struct process *init)
{
	struct process *process, *next;
	struct list ended;

	list_init(&ended);
	spin_lock(&family_lock);
	list_for_each_entry_safe(process, next, &family_all, all) {
		if (process == init || process->state != PROCESS_ZOMBIE)
			continue;
		list_del(&process->sibling);
		list_add_tail(&ended, &process->sibling);
	}
	spin_unlock(&family_lock);
	list_for_each_entry_safe(process, next, &ended, sibling) {
		thread_destroy(process->thread);
		process_free(process);
	}
}

static void init_exit(struct process *init) __attribute__((noreturn));
static void init_exit(struct process *init)
{
	int status = init->status;

	end_the_rest(init);
	release(init);
	bury_the_rest(init);
	if (!WIFSIGNALED(status))
		machine_exit(WEXITSTATUS(status));
	log_error("proc", "process 1 was killed by signal %d", WTERMSIG(status));
	machine_exit(128 + WTERMSIG(status));
}

void process_exit(int status)
{
	struct process *process = current_process();

	itimers_stop(&process->itimers);
	spin_lock(&family_lock);
	process->state = PROCESS_EXITING;
	process->status = status;
	spin_unlock(&family_lock);
	if (process->pid == PID_INIT)
		init_exit(process);
	release(process);
	spin_lock(&family_lock);
	job_leader_ends(process);
	job_orphan(process);
	family_orphan(process, family_find(PID_INIT));
	tell_parent(process);
	spin_unlock(&family_lock);
	sched_leave();
}
