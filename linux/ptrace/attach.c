/* SPDX-License-Identifier: MIT */
/* Tracers and tracees: attaching, detaching, inheriting, and the ends of both. */
#include "linux/ptrace/ptrace.h"

#include "abi/errno.h"
#include "abi/sched.h"
#include "abi/wait.h"
#include "lib/bits.h"
#include "linux/process/children.h"
#include "linux/process/cred.h"
#include "linux/process/end.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "linux/process/usage.h"
#include "linux/signal/action.h"
#include "linux/signal/send.h"
#include "mm/phys/kmalloc.h"
#include "proc/kthread.h"
#include "proc/mem_wait.h"
#include "proc/pid.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "linux/process/thread_id.h"

/* How many tracees an ending tracer lets go under one hold of the lock. */
#define EXIT_PIECE 8u

/* Allocated before the lock is taken. */
struct spare {
	struct ptrace *ptrace;
	struct tracer *tracer;
};

static bool spare_get(struct spare *spare)
{
	spare->ptrace = mem_wait_kzalloc(sizeof(*spare->ptrace));
	spare->tracer = mem_wait_kzalloc(sizeof(*spare->tracer));
	return spare->ptrace && spare->tracer;
}

/* Frees what has not been used. */
static void spare_put(const struct spare *spare)
{
	kfree(spare->ptrace);
	kfree(spare->tracer);
}

/* Provides both with what they lack. Call with process_tree_lock held. */
static struct ptrace *spare_use(struct spare *spare, struct thread *thread, struct process *tracer)
{
	if (!linux_process(tracer)->tracer) {
		list_init(&spare->tracer->tracees);
		list_init(&spare->tracer->news);
		atomic_store(&linux_process(tracer)->tracer, spare->tracer);
		spare->tracer = NULL;
	}
	if (!task_of(thread)->ptrace) {
		list_init(&spare->ptrace->link);
		spare->ptrace->thread = thread;
		spare->ptrace->process = thread->process;
		spin_lock(&linux_process(thread->process)->signals.lock);
		task_of(thread)->ptrace = spare->ptrace;
		spin_unlock(&linux_process(thread->process)->signals.lock);
		spare->ptrace = NULL;
	}
	return task_of(thread)->ptrace;
}

static void set_traced(struct thread *thread, bool traced)
{
	struct signals *signals = &linux_process(thread->process)->signals;

	spin_lock(&signals->lock);
	atomic_store(&thread->traced, traced);
	if (traced)
		signals->was_traced = true;
	else
		task_of(thread)->signals.must_stop &= MUST_STOP;
	spin_unlock(&signals->lock);
}

/* Call with process_tree_lock held. */
static void link(struct ptrace *ptrace, struct process *tracer, struct thread *tracer_thread)
{
	struct thread *thread = ptrace->thread;

	assert_hardened(spin_lock_held(&process_tree_lock));
	ptrace->tracer = tracer;
	ptrace->tracer_thread = tracer_thread;
	ptrace->tid = thread->tid;
	ptrace->options = 0;
	ptrace->seized = false;
	ptrace->traces_calls = false;
	list_add_tail(&linux_process(tracer)->tracer->tracees, &ptrace->link);
	set_traced(thread, true);
	if (thread == thread->process->leader)
		child_sort(thread->process);
}

void ptrace_set_news(struct ptrace *ptrace, bool news)
{
	struct tracer *tracer = linux_process(ptrace->tracer)->tracer;

	assert_hardened(spin_lock_held(&process_tree_lock));
	list_del(&ptrace->link);
	list_add_tail(news ? &tracer->news : &tracer->tracees, &ptrace->link);
}

int ptrace_traceme(void)
{
	struct thread *thread = current_thread();
	struct process *parent;
	struct spare spare;
	struct ptrace *ptrace;
	int err = spare_get(&spare) ? 0 : -ENOMEM;

	spin_lock(&process_tree_lock);
	parent = thread->process->parent;
	if (thread->traced || !parent || process_has_device(thread->process)) {
		err = -EPERM;
	} else if (!err && parent->state == PROCESS_ALIVE) {
		ptrace = spare_use(&spare, thread, parent);
		link(ptrace, parent, NULL);
		ptrace->capable = capable(CAP_SYS_PTRACE);
	}
	spin_unlock(&process_tree_lock);
	spare_put(&spare);
	return err;
}

/* Call with process_tree_lock held. */
static int may_attach(const struct thread *thread)
{
	struct process *process;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (!thread)
		return -ESRCH;
	process = thread->process;
	if (process == current_process() || process->pid == PID_INIT || !process->uspace)
		return -EPERM;
	if (!ptrace_may_attach(thread))
		return -EPERM;
	/* A tracer that could not attach after the tracee's exec must not do so during the exec. */
	if (linux_process(process)->gains_by_exec && !capable(CAP_SYS_PTRACE))
		return -EPERM;
	if (process->state != PROCESS_ALIVE || task_of(thread)->signals.exiting || thread->traced)
		return -EPERM;
	return 0;
}

/* A thread that is stopped with its process becomes the tracer's at once; SIGSTOP stops another one. */
static void stop_tracee(struct thread *thread, bool seize)
{
	static const struct signal_info stop = { .sig = SIGSTOP, .code = SI_KERNEL };
	struct signals *signals = &linux_process(thread->process)->signals;

	if (!seize)
		signal_send_thread(thread, &stop);
	spin_lock(&signals->lock);
	if (signals->stopped && !(task_of(thread)->signals.must_stop & MUST_STOP)) {
		task_of(thread)->signals.must_stop |= MUST_TRAP;
		signal_wake(thread);
		waitq_wake_all(&signals->resumed);
	}
	spin_unlock(&signals->lock);
}

/* Is it on its way from the stop of its process to one that the running thread sees? */
static bool is_trapping(const struct thread_id *id)
{
	const struct thread *thread = thread_find_id(id);

	return thread && thread->traced && task_of(thread)->ptrace->tracer == current_process() &&
	       !task_of(thread)->ptrace->stopped &&
	       linux_process(thread->process)->signals.stopped &&
	       task_of(thread)->signals.must_stop & MUST_TRAP && !thread_killed(thread);
}

/* As on Linux, a stopped thread is never seen running because it is attached. */
static void await_trap(const struct thread_id *id)
{
	struct process *self = current_process();
	bool trapping;

	do {
		uint64_t seq = waitq_sample(&self->child_waitq);

		spin_lock(&process_tree_lock);
		trapping = is_trapping(id);
		spin_unlock(&process_tree_lock);
		if (trapping && thread_wait(&self->child_waitq, seq))
			return;
	} while (trapping);
}

int ptrace_attach(int tid, bool seize, uint32_t options)
{
	struct ptrace *ptrace;
	struct thread_id id;
	struct thread *thread;
	struct spare spare;
	int err = spare_get(&spare) ? 0 : -ENOMEM;

	spin_lock(&process_tree_lock);
	thread = thread_find(tid);
	/* cppcheck-suppress selfAssignment ; it keeps its value only if the first is 0 */
	err = may_attach(thread) ?: err;
	if (!err) {
		id = thread_id_of(thread);
		ptrace = spare_use(&spare, thread, current_process());
		link(ptrace, current_process(), current_thread());
		ptrace->capable = capable(CAP_SYS_PTRACE);
		ptrace->seized = seize;
		ptrace->options = options;
		stop_tracee(thread, seize);
	}
	spin_unlock(&process_tree_lock);
	spare_put(&spare);
	if (!err)
		await_trap(&id);
	return err;
}

/* A thread that its tracer has let go stops again, if its process is stopped. Call with the lock held. */
static void stop_again(struct thread *thread)
{
	struct signals *signals = &linux_process(thread->process)->signals;

	spin_lock(&signals->lock);
	if (signals->stopped && !task_of(thread)->signals.exiting) {
		task_of(thread)->signals.must_stop |= MUST_TRAP;
		signal_wake(thread);
	}
	spin_unlock(&signals->lock);
}

/* What is left of a leader whose end only its tracer knew. Returns whether the process may be forgotten. */
static void zombie_let_go(struct process *process, bool by_parent)
{
	if (linux_process(process)->end_withheld) {
		process_tell_end(process);
	} else if (by_parent && signals_ignore_children(&linux_process(process->parent)->signals)) {
		linux_process_forget(process);
		kthread_reap_later(process->leader);
		waitq_wake_all(&process->parent->child_waitq);
	}
}

void ptrace_go(struct ptrace *ptrace, int sig)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	ptrace->verdict = sig;
	ptrace->judge_pid = ptrace->tracer->pid;
	ptrace->judge_uid = task_of(ptrace->tracer->leader)->real_cred->uid;
	ptrace->stopped = false;
	atomic_store(&ptrace->go, 1);
	thread_wake(ptrace->thread);
}

void ptrace_unlink(struct ptrace *ptrace, int sig)
{
	struct thread *thread = ptrace->thread;
	struct process *process = ptrace->process;
	bool by_parent = ptrace->tracer == process->parent;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (!thread) {
		ptrace_forget(ptrace);
		return;
	}
	list_del(&ptrace->link);
	if (ptrace->stopped)
		ptrace_go(ptrace, sig);
	ptrace->tracer = NULL;
	ptrace->tracer_thread = NULL;
	ptrace->unreported = false;
	set_traced(thread, false);
	if (thread == process->leader && process->state == PROCESS_ZOMBIE) {
		zombie_let_go(process, by_parent);
		return;
	}
	if (thread == process->leader)
		child_sort(process);
	stop_again(thread);
}

static struct ptrace *next_tracee(const struct list *list, const struct thread *tracer_thread)
{
	struct ptrace *ptrace;

	list_for_each_entry(ptrace, list, link)
		if (!tracer_thread || ptrace->tracer_thread == tracer_thread)
			return ptrace;
	return NULL;
}

static bool exit_some(struct process *process, const struct thread *tracer_thread)
{
	for (unsigned n = 0; n < EXIT_PIECE; n++) {
		struct ptrace *ptrace =
			next_tracee(&linux_process(process)->tracer->news, tracer_thread);

		if (!ptrace)
			ptrace = next_tracee(&linux_process(process)->tracer->tracees,
					     tracer_thread);
		if (!ptrace)
			return true;
		if (ptrace->options & PTRACE_O_EXITKILL && ptrace->thread &&
		    ptrace->process->state == PROCESS_ALIVE) {
			signal_force(ptrace->process, SIGKILL);
			n = EXIT_PIECE; /* it may have many threads */
		}
		ptrace_unlink(ptrace, ptrace->unreported ? ptrace->code & 0xff : 0);
	}
	return false;
}

void ptrace_exit(bool all)
{
	struct process *process = current_process();
	struct tracer *tracer = linux_process(process)->tracer;

	spin_lock(&process_tree_lock);
	while (!exit_some(process, all ? NULL : current_thread()))
		process_tree_pause();
	if (all)
		linux_process(process)->tracer =
			NULL; /* no thread is left to attach, and none attaches for it */
	spin_unlock(&process_tree_lock);
	if (all)
		kfree(tracer);
}

void ptrace_end_begins(struct thread *thread, int status)
{
	int ending = linux_process(thread->process)->signals.ending;

	assert_hardened(spin_lock_held(&process_tree_lock));
	task_of(thread)->ptrace->end_status = ending ? ending & ~SIGNALS_ENDING : status;
}

/* The id stays in use, and counts, until the tracer has waited for it. */
void ptrace_thread_ends(struct thread *thread)
{
	struct ptrace *ptrace = task_of(thread)->ptrace;
	struct process *process = thread->process;
	bool killed = WIFSIGNALED(ptrace->end_status);
	const struct signal_info info = {
		.sig = SIGCHLD,
		.code = killed ? CLD_KILLED : CLD_EXITED,
		.about = SIGNAL_OF_CHILD,
		.pid = ptrace->tid,
		.uid = task_of(thread)->real_cred->uid,
		.status = killed ? WTERMSIG(ptrace->end_status) : WEXITSTATUS(ptrace->end_status),
	};

	assert_hardened(spin_lock_held(&process_tree_lock));
	ptrace->end_uid = task_of(thread)->real_cred->uid;
	ptrace->thread = NULL;
	set_traced(thread, false);
	spin_lock(&linux_process(process)->signals.lock);
	task_of(thread)->ptrace = NULL;
	spin_unlock(&linux_process(process)->signals.lock);
	linux_process(process)->nkept++;
	ptrace_set_news(ptrace, true);
	ptrace_tell_tracer(ptrace->tracer, &info);
}

void ptrace_forget(struct ptrace *ptrace)
{
	struct process *process = ptrace->process;

	assert_hardened(spin_lock_held(&process_tree_lock));
	list_del(&ptrace->link);
	thread_id_put_locked(process, ptrace->tid);
	kfree(ptrace);
	if (--linux_process(process)->nkept == 0 && linux_process(process)->end_withheld)
		process_tell_end(process);
}

/* The running process knows what it has of the child, or the child has become another's before it was told. */
void ptrace_drop(struct thread *thread)
{
	struct ptrace *ptrace = task_of(thread)->ptrace;

	assert_hardened(spin_lock_held(&process_tree_lock));
	list_del(&ptrace->link);
	ptrace->tracer = NULL;
	set_traced(thread, false);
}

bool ptrace_by_parent(const struct process *child)
{
	const struct thread *leader = child->leader;

	assert_hardened(spin_lock_held(&process_tree_lock));
	return leader->traced && task_of(leader)->ptrace->tracer == child->parent;
}

bool ptrace_tell_end(struct process *process)
{
	struct ptrace *ptrace = task_of(process->leader)->ptrace;
	struct signal_info info;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (!process->leader->traced || ptrace->tracer == process->parent)
		return false;
	info = process_end_siginfo(process);
	info.sig = SIGCHLD;
	ptrace_set_news(ptrace, true);
	ptrace_tell_tracer(ptrace->tracer, &info);
	return true;
}

int ptrace_tracer_pid(const struct thread *thread)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	return thread->traced ? task_of(thread)->ptrace->tracer->pid : 0;
}

/* ---- clone ---- */

/* Which event a clone with these flags is to the tracer, or 0. */
static int event_of(const struct thread *self, uint64_t flags)
{
	int event = PTRACE_EVENT_FORK;
	bool wanted;

	if (flags & CLONE_UNTRACED || !task_of(self)->ptrace->full_frame)
		return 0;
	if (flags & CLONE_VFORK)
		event = PTRACE_EVENT_VFORK;
	else if (flags & CLONE_THREAD || (flags & CSIGNAL) != SIGCHLD)
		event = PTRACE_EVENT_CLONE;
	spin_lock(&process_tree_lock);
	wanted = self->traced && task_of(self)->ptrace->options & 1u << event;
	spin_unlock(&process_tree_lock);
	return wanted ? event : 0;
}

bool ptrace_clone_prepare(struct thread *child, uint64_t flags)
{
	const struct thread *self = current_thread();
	struct ptrace *ptrace;

	task_of(self)->ptrace->clone_event = event_of(self, flags);
	if (!task_of(self)->ptrace->clone_event && !(flags & CLONE_PTRACE))
		return true;
	ptrace = mem_wait_kzalloc(sizeof(*ptrace));
	if (!ptrace)
		return false;
	list_init(&ptrace->link);
	ptrace->thread = child;
	ptrace->process = child->process;
	task_of(child)->ptrace = ptrace; /* thread_destroy() frees it */
	return true;
}

/* As on Linux the SIGSTOP has no sender. */
void ptrace_clone_publish(struct thread *child)
{
	const struct thread *self = current_thread();
	const struct ptrace *own = task_of(self)->ptrace;
	struct signals *signals = &linux_process(child->process)->signals;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (!self->traced)
		return;
	link(task_of(child)->ptrace, own->tracer, own->tracer_thread);
	task_of(child)->ptrace->options = own->options;
	task_of(child)->ptrace->seized = own->seized;
	task_of(child)->ptrace->capable = own->capable;
	spin_lock(&signals->lock);
	if (own->seized)
		task_of(child)->signals.must_stop |= MUST_TRAP;
	else
		task_of(child)->signals.pending.set |= SIGNAL_BIT(SIGSTOP);
	signal_wake(child);
	spin_unlock(&signals->lock);
}

void ptrace_clone_event(int id)
{
	const struct thread *self = current_thread();

	if (task_of(self)->ptrace->clone_event)
		ptrace_event(task_of(self)->ptrace->clone_event, (uint64_t)id);
}
