/* SPDX-License-Identifier: MIT */
/* The beginning and the end of threads and processes without a layer. */
#include "boot/alone/process.h"

#include "abi/errno.h"
#include "abi/sched.h"
#include "arch/context.h"
#include "base/clock.h"
#include "base/log.h"
#include "desc/fdtable.h"
#include "lib/string.h"
#include "mm/fault/get_user_page.h"
#include "mm/fault/user_copy.h"
#include "proc/child_tid.h"
#include "proc/exe.h"
#include "proc/exit.h"
#include "proc/fork.h"
#include "proc/kthread.h"
#include "proc/pid.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "record/note.h"
#include "trap/args.h"

/* How long the end of process 1 waits for the others to end, and how often it looks. */
#define LAST_WAIT_NS (5 * NSEC_PER_SEC)
#define LAST_LOOK_NS (NSEC_PER_SEC / 100)

/* ---- the beginning ---- */

/* What a thread must have, and what a process. */
#define THREAD_FLAGS (CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)
#define TID_FLAGS    (CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_SETTLS)
#define ALLOWED_FLAGS \
	(TID_FLAGS | CLONE_FILES | CLONE_FS | CLONE_SYSVSEM | CLONE_DETACHED | CSIGNAL)

static int clone_check(uint64_t flags)
{
	uint64_t shared = flags & THREAD_FLAGS;

	if (flags & ~(uint64_t)(ALLOWED_FLAGS | THREAD_FLAGS))
		return -EINVAL;
	return shared == 0 || shared == THREAD_FLAGS ? 0 : -EINVAL;
}

/* Gives the new thread its name, descriptors, registers and ids. Returns 0, -ENOMEM or -EINTR. */
static int furnish(struct thread *thread, const struct trap_frame *frame)
{
	uint64_t flags = arg_uint(frame, 0);
	vaddr_t tls = arg_user(frame, 3), child_tid = arg_user(frame, 4);
	const struct thread *self = current_thread();
	int tid = thread->tid, err = 0;

	memcpy(thread->name, self->name, THREAD_NAME_LEN);
	thread->fdtable = flags & CLONE_FILES ? fdtable_share(self->fdtable)
					      : fdtable_copy(self->fdtable);
	if (!thread->fdtable)
		return -ENOMEM;
	thread_copy_frame(thread, arg_user(frame, 1), flags & CLONE_SETTLS ? &tls : NULL);
	if (flags & CLONE_CHILD_SETTID)
		err = vm_copy_to(&thread->process->uspace->space, child_tid, &tid, sizeof(tid));
	if (err && err != -EFAULT)
		return err;
	if (flags & CLONE_PARENT_SETTID)
		(void)user_copy_out(arg_user(frame, 2), &tid, sizeof(tid));
	if (flags & CLONE_CHILD_CLEARTID)
		thread->clear_tid = child_tid;
	return 0;
}

/* Others find the thread from now on, and it runs, unless its process is to end. Returns its id or -EINTR. */
static long clone_publish(struct thread *thread)
{
	struct process *process = thread->process, *self = current_process();
	int tid = thread->tid, err = 0;

	if (journal_is_on())
		journal_note_begin(&thread->arch, &thread->process->uspace->space, 0, true);
	spin_lock(&process_tree_lock);
	if (current_killed()) {
		err = -EINTR;
	} else {
		if (process == self) {
			thread_publish(thread);
		} else {
			process_adopt(self, process);
			process_publish(process);
		}
		thread_wake(thread);
	}
	spin_unlock(&process_tree_lock);
	if (err && journal_is_on())
		journal_note_begin(&thread->arch, &thread->process->uspace->space, 0, false);
	return err ?: tid;
}

static void drop_fdtable(struct thread *thread)
{
	struct fdtable *table;

	spin_lock(&process_tree_lock);
	table = thread->fdtable;
	thread->fdtable = NULL;
	spin_unlock(&process_tree_lock);
	if (table)
		fdtable_put(table);
}

/* Frees a process that nothing finds any more. */
static void discard(struct process *process)
{
	process_drop_threads(process);
	process_destroy(process);
}

static void abandon(struct process *child)
{
	struct uspace *uspace = child->uspace;
	struct exe *exe = child->exe;

	child->uspace = NULL; /* the ledger looks at both */
	child->exe = NULL;
	if (uspace)
		uspace_put(uspace);
	if (child->leader)
		drop_fdtable(child->leader);
	if (exe)
		exe_put(exe);
	spin_lock(&process_tree_lock);
	process_forget(child);
	spin_unlock(&process_tree_lock);
	discard(child);
}

static long clone_child(struct process *parent, const struct trap_frame *frame)
{
	int err;
	struct process *child = process_alloc(&err);
	long pid;

	if (!child)
		return err;
	exe_get(parent->exe);
	child->exe = parent->exe;
	child->nfds_max = parent->nfds_max;
	pid = process_add_leader(child);
	if (!pid)
		pid = process_copy_space(parent, child);
	if (!pid)
		pid = furnish(child->leader, frame);
	if (!pid)
		pid = clone_publish(child->leader);
	if (pid < 0)
		abandon(child);
	return pid;
}

static long clone_thread(struct process *process, const struct trap_frame *frame)
{
	int err;
	struct thread *thread = process_create_thread(process, &err);
	long tid;

	if (!thread)
		return err;
	thread->mmu = &process->uspace->space.mmu;
	process_share_space(process);
	tid = furnish(thread, frame);
	if (!tid)
		tid = clone_publish(thread);
	if (tid < 0) {
		drop_fdtable(thread);
		thread_id_put(process, thread->tid);
		thread_destroy(thread);
	}
	return tid;
}

long clone_alone(const struct trap_frame *frame)
{
	uint64_t flags = arg_uint(frame, 0);
	long err = clone_check(flags);

	if (err)
		return err;
	kthread_reap();
	return flags & CLONE_THREAD ? clone_thread(current_process(), frame)
				    : clone_child(current_process(), frame);
}

/* ---- the end ---- */

void thread_ask_to_end(struct thread *thread)
{
	atomic_store(&thread->killed, true);
	__atomic_fetch_or(&thread->arch.work, ARCH_WORK_LEAVE, __ATOMIC_RELEASE);
	thread_wake(thread);
}

void process_ask_to_end(struct process *process, int status)
{
	struct thread *thread;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (process->state != PROCESS_ALIVE)
		return;
	process->state = PROCESS_EXITING;
	process->status = status;
	for_each_thread(thread, process)
		thread_ask_to_end(thread);
}

static void begin_to_end(struct process *process, int status, bool all)
{
	spin_lock(&process_tree_lock);
	if (all)
		process_ask_to_end(process, status);
	else if (process->state == PROCESS_ALIVE)
		process->status = status;
	spin_unlock(&process_tree_lock);
}

/* Who waits for the thread in the memory that they share must learn of its end, even if it was killed. */
static void memory_tell_end(void)
{
	struct thread *thread = current_thread();
	bool killed = current_killed();

	atomic_store(&thread->killed, false);
	child_tid_clear();
	if (killed) /* else a kill may have come meanwhile, and stays */
		atomic_store(&thread->killed, true);
}

/* Descriptors come first: the reader of a pipe sees its end before the parent does that of the process. */
static void release(struct process *process)
{
	struct uspace *uspace = process->uspace;
	struct exe *exe = process->exe;

	drop_fdtable(current_thread());
	spin_lock(&process_tree_lock);
	process->uspace = NULL;
	spin_unlock(&process_tree_lock);
	sched_use_mmu(NULL);
	uspace_put(uspace);
	if (unlikely(process->drives) && driver_exit_hook)
		driver_exit_hook(process);
	process->exe = NULL; /* the ledger looks at it */
	exe_put(exe);
}

static void end_one(struct process *process, void *nleft)
{
	if (process->pid == PID_INIT || process->state == PROCESS_ZOMBIE)
		return;
	++*(unsigned *)nleft;
	process_ask_to_end(process, STATUS_KILLED);
}

/* Ends all other processes, and waits for a limited time until they have ended. */
static void end_others(struct process *init)
{
	uint64_t deadline = clock_deadline_in(LAST_WAIT_NS);

	for (;;) {
		unsigned nleft = 0;
		uint64_t seq;

		spin_lock(&process_tree_lock);
		seq = waitq_sample(&init->child_waitq);
		process_visit_all(end_one, &nleft);
		spin_unlock(&process_tree_lock);
		if (!nleft)
			return;
		if (arch_time() >= deadline) {
			log_warn("proc", "%u processes did not end in time", nleft);
			return;
		}
		thread_sleep_always(&init->child_waitq, seq, clock_deadline_in(LAST_LOOK_NS));
	}
}

/* A child that has ended, whose pid may be used again; NULL: there is none. */
static struct process *take_ended(struct process *parent)
{
	struct process *child = NULL;

	spin_lock(&process_tree_lock);
	if (!list_empty(&parent->children))
		child = list_first_entry(&parent->children, struct process, sibling);
	if (child && child->state == PROCESS_ZOMBIE)
		process_forget(child);
	else
		child = NULL;
	spin_unlock(&process_tree_lock);
	return child;
}

/* The end of process 1 is the end of the machine. */
static __attribute__((noreturn)) void end_machine(struct process *init)
{
	int status = init->status;
	struct process *ended;

	end_others(init);
	release(init);
	while ((ended = take_ended(init)))
		discard(ended);
	kthread_reap();
	machine_exit_hook(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	assert_unreachable();
}

/* Children that have ended are the first ones, so that waits find them at once. Call with process_tree_lock held. */
static void sort_ended(struct process *process)
{
	list_del(&process->sibling);
	list_add(&process->parent->children, &process->sibling);
	waitq_wake_all(&process->parent->child_waitq);
}

/* Process 1 waits for the children from now on. Call with process_tree_lock held; it is dropped in between. */
static void children_leave(struct process *process)
{
	struct process *init = process_find(PID_INIT);

	while (!list_empty(&process->children)) {
		struct process *child =
			list_first_entry(&process->children, struct process, sibling);

		list_del(&child->sibling);
		process_adopt(init, child);
		if (child->state == PROCESS_ZOMBIE)
			sort_ended(child);
		process_tree_pause();
	}
}

/* Does not return if other threads still use what the process has. */
static void leave(struct thread *thread)
{
	struct process *process = thread->process;

	drop_fdtable(thread);
	sched_use_mmu(NULL);
	spin_lock(&process_tree_lock);
	if (atomic_add(&process->nlive, -1) == 1) {
		spin_unlock(&process_tree_lock);
		return;
	}
	preempt_disable(); /* for good: from now on others may free this thread */
	if (thread != process->leader) {
		list_del(&thread->process_link);
		list_del(&thread->tid_link);
		thread_id_put_locked(process, thread->tid);
		kthread_reap_later(thread);
	}
	waitq_wake_all(&process->child_waitq);
	spin_unlock(&process_tree_lock);
	sched_leave();
}

void process_end(int status, bool all)
{
	struct thread *thread = current_thread();
	struct process *process = thread->process;

	begin_to_end(process, status, all);
	memory_tell_end();
	if (journal_is_on())
		journal_note_end(current_space(), status, all);
	if (atomic_load(&process->nlive) > 1)
		leave(thread);
	if (process->pid == PID_INIT)
		end_machine(process);
	release(process);
	spin_lock(&process_tree_lock);
	children_leave(process);
	if (thread != process->leader) {
		list_del(&thread->tid_link);
		thread_id_put_locked(process, thread->tid);
	}
	preempt_disable(); /* for good: who waits for the process frees this thread */
	process->state = PROCESS_ZOMBIE;
	sort_ended(process);
	spin_unlock(&process_tree_lock);
	sched_leave();
}

/* Finds a child that has ended, or sets *any to whether there is one to wait for. Call with process_tree_lock held. */
static struct process *find_ended(struct process *parent, int pid, bool *any)
{
	struct process *child = NULL;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (pid != WAIT_ANY)
		child = process_find(pid);
	else if (!list_empty(&parent->children))
		child = list_first_entry(&parent->children, struct process, sibling);
	*any = child && child->parent == parent;
	return *any && child->state == PROCESS_ZOMBIE ? child : NULL;
}

long children_wait(int pid, unsigned options, int *status_ret)
{
	struct process *parent = current_process(), *ended;

	for (;;) {
		uint64_t seq;
		bool any;
		int err;

		spin_lock(&process_tree_lock);
		seq = waitq_sample(&parent->child_waitq);
		ended = find_ended(parent, pid, &any);
		if (ended)
			process_forget(ended);
		spin_unlock(&process_tree_lock);
		if (ended)
			break;
		if (!any || options & WNOHANG)
			return any ? 0 : -ECHILD;
		err = thread_wait(&parent->child_waitq, seq);
		if (err)
			return err;
	}
	*status_ret = ended->status;
	pid = ended->pid;
	discard(ended);
	return pid;
}
