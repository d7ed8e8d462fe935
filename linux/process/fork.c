/* SPDX-License-Identifier: MIT */
/* Creates processes and threads: clone(2). */
#include "linux/process/fork.h"

#include "abi/errno.h"
#include "abi/sched.h"
#include "arch/context.h"
#include "arch/frame.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/process/cred.h"
#include "linux/process/end_watch.h"
#include "linux/process/limits.h"
#include "linux/process/linux_process.h"
#include "linux/process/process_ops.h"
#include "linux/process/rseq.h"
#include "linux/process/task.h"
#include "linux/process/user.h"
#include "linux/ptrace/ptrace.h"
#include "linux/time/cpu_limit.h"
#include "mm/fault/get_user_page.h"
#include "mm/fault/user_copy.h"
#include "mm/verbs.h"
#include "proc/exe.h"
#include "proc/fork.h"
#include "proc/kthread.h"
#include "proc/pid.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "proc/wait.h"
#include "record/note.h"

/*
 * The flags that are in no function below have no effect: CSIGNAL and CLONE_PARENT on a thread, as on
 * Linux; CLONE_SYSVSEM on a thread, whose process undoes operations on semaphores; CLONE_DETACHED and CLONE_IO
 * because the features that they concern do not exist here. CLONE_PTRACE and CLONE_UNTRACED concern clones of
 * traced threads (linux/ptrace/ptrace.h).
 */

/* As a Linux kernel that has been built without namespaces: only users are asked for a capability first. */
int clone_refuse_namespaces(uint64_t flags)
{
	if (!(flags & CLONE_NAMESPACES))
		return 0;
	return flags & CLONE_NEWUSER || capable(CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
}

/* clone has one address for the pidfd and for the id; with both at one address clone3 does the same. */
static bool are_pidfd_flags_wrong(const struct clone_request *request)
{
	uint64_t flags = request->flags;

	if (!(flags & CLONE_PIDFD))
		return false;
	return flags & CLONE_DETACHED ||
	       (flags & CLONE_PARENT_SETTID && request->pidfd == request->parent_tid);
}

static int check_flags(uint64_t flags)
{
	if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return -EINVAL;
	if ((flags & CLONE_FS) && (flags & (CLONE_NEWNS | CLONE_NEWUSER)))
		return -EINVAL;
	if ((flags & CLONE_THREAD) && (flags & (CLONE_NEWUSER | CLONE_NEWPID)))
		return -EINVAL;
	if ((flags & CLONE_PARENT) && current_process()->pid == PID_INIT)
		return -EINVAL;
	/* The bit of CLONE_NEWTIME belongs to the exit signal here. */
	return clone_refuse_namespaces(flags & ~(uint64_t)CLONE_NEWTIME);
}

/* Releases everything that a half-made child has. */
static void fork_child_discard(struct process *child)
{
	struct uspace *uspace = child->uspace;
	struct exe *exe = child->exe;

	child->uspace = NULL; /* the ledger looks at both */
	child->exe = NULL;
	if (uspace)
		uspace_put(uspace);
	if (child->leader)
		process_fs->exit(child->leader);
	if (linux_process(child)->sem_undo)
		process_sem->exit(child);
	if (exe)
		exe_put(exe);
	process_drop_threads(child);
	linux_process_free(child);
}

/* The limits may have changed since; or the memory was another's. */
static int copy_space(struct process *parent, struct process *child)
{
	int err = process_copy_space(parent, child);

	if (!err)
		process_copy_limits(child, &child->uspace->space);
	return err;
}

static enum actions_for_child actions_for(const struct clone_request *request)
{
	if (request->flags & CLONE_SIGHAND)
		return ACTIONS_SHARE;
	return request->clear_handlers ? ACTIONS_WITHOUT_HANDLERS : ACTIONS_COPY;
}

static int copy_state(struct process *parent, struct process *child,
		      const struct clone_request *request)
{
	struct linux_process *own = linux_process(child);

	own->start_tick = arch_time();
	own->no_new_privs = atomic_load_relaxed(&linux_process(parent)->no_new_privs);
	own->oom_score_adj = atomic_load_relaxed(&linux_process(parent)->oom_score_adj);
	own->oom_score_adj_min = atomic_load_relaxed(&linux_process(parent)->oom_score_adj_min);
	memcpy(child->leader->name, current_thread()->name, THREAD_NAME_LEN);
	thread_signals_copy(&task_of(child->leader)->signals, &current_task()->signals);
	process_inherit_limits(parent, child);
	exe_get(parent->exe);
	child->exe = parent->exe;
	return signals_copy(&own->signals, actions_for(request));
}

static int copy_process(struct process *parent, struct process *child,
			const struct clone_request *request)
{
	uint64_t flags = request->flags;

	if (linux_process_add_leader(child) || copy_state(parent, child, request))
		return -ENOMEM;
	if (process_fs->copy(child->leader, flags))
		return -ENOMEM;
	if (unlikely(flags & CLONE_SYSVSEM) && process_sem->share(child))
		return -ENOMEM;
	if (!(flags & CLONE_VM))
		return copy_space(parent, child);
	if (!(flags & CLONE_VFORK)) { /* both run, so they must not share it */
		task_of(child->leader)->signals.stack = SIGNAL_NO_STACK;
		process_share_space(parent);
	}
	process_lend_space(parent);
	uspace_get(parent->uspace);
	child->uspace = parent->uspace;
	usage_borrow_space(child);
	child->leader->mmu = &child->uspace->space.mmu;
	return 0;
}

static void start_frame(struct thread *thread, const struct clone_request *request)
{
	thread_copy_frame(thread, request->stack,
			  request->flags & CLONE_SETTLS ? &request->tls : NULL);
	if (current_task()->rseq && !(request->flags & CLONE_VM))
		rseq_fork(thread);
}

/*
 * Stores the tids where the request asks for them. As on Linux, the clone succeeds even if an
 * address cannot be written. The child's tid is written into the child's memory, which copies a
 * page shared copy-on-write. Returns 0, -ENOMEM or -EINTR.
 */
static int write_tids(struct thread *thread, const struct clone_request *request)
{
	int tid = thread->tid, err = 0;

	if (request->flags & CLONE_CHILD_SETTID)
		err = vm_copy_to(&thread->process->uspace->space, request->child_tid, &tid,
				 sizeof(tid));
	if (err && err != -EFAULT)
		return err;
	if (request->flags & CLONE_PARENT_SETTID)
		(void)user_copy_out(request->parent_tid, &tid, sizeof(tid));
	if (request->flags & CLONE_CHILD_CLEARTID)
		thread->clear_tid = request->child_tid;
	return 0;
}

/* ---- CLONE_PIDFD ---- */

/* All zeros without that flag. */
struct new_pidfd {
	int fd;
	struct file *file; /* NULL: there is none, or the descriptor has it */
	struct end_watch *watch;
};

/* The descriptor is reserved, and its number written. Returns 0 or a negative errno. */
static int pidfd_prepare(struct new_pidfd *pidfd, const struct clone_request *request)
{
	if (!(request->flags & CLONE_PIDFD))
		return 0;
	pidfd->fd = process_fs->pidfd_reserve((request->flags & CLONE_THREAD) != 0, &pidfd->watch,
					      &pidfd->file);
	if (pidfd->fd < 0)
		return pidfd->fd;
	return user_copy_out(request->pidfd, &pidfd->fd, sizeof(pidfd->fd));
}

/* Others can find the thread now, but it does not run yet. Call with process_tree_lock held. */
static void pidfd_publish(struct new_pidfd *pidfd, struct thread *thread)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	if (!pidfd->file)
		return;
	end_watch_attach(pidfd->watch, thread);
	process_fs->pidfd_fill(pidfd->fd, pidfd->file);
	pidfd->file = NULL;
}

static void pidfd_discard(const struct new_pidfd *pidfd)
{
	if (pidfd->file)
		process_fs->pidfd_unreserve(pidfd->fd, pidfd->file);
}

/* A killed parent stops waiting. Its struct vfork goes away then, so the child must forget it. */
static void vfork_wait(struct thread *child, struct vfork *vfork)
{
	for (;;) {
		uint64_t seq;
		bool done;

		spin_lock(&process_tree_lock);
		done = vfork->done;
		seq = waitq_sample(&vfork->queue);
		spin_unlock(&process_tree_lock);
		if (done)
			return;
		if (thread_wait(&vfork->queue, seq))
			break;
	}
	spin_lock(&process_tree_lock);
	if (!vfork->done)
		task_of(child)->vfork = NULL;
	spin_unlock(&process_tree_lock);
}

void vfork_done(void)
{
	struct thread *thread = current_thread();
	struct vfork *vfork;

	if (!atomic_load_relaxed(&task_of(thread)->vfork))
		return;
	spin_lock(&process_tree_lock);
	vfork = task_of(thread)->vfork;
	task_of(thread)->vfork = NULL;
	if (vfork) {
		vfork->done = true;
		waitq_wake_all(&vfork->queue);
	}
	spin_unlock(&process_tree_lock);
	if (vfork)
		sched_yield_soon(); /* so that the parent runs soon */
}

/*
 * A signal to many processes is sent with process_tree_lock held. If it was sent before this, it found
 * only the parent: either it killed the parent and there will be no child, or the child gets it from
 * signals_fork_done(). If it is sent later, it finds both.
 */
static void publish_child(struct process *child, uint64_t flags, struct new_pidfd *pidfd)
{
	struct linux_process *own = linux_process(child);
	struct process *parent = current_process();

	own->exit_signal = flags & CSIGNAL;
	own->parent_image = parent->uspace->serial;
	if (flags & CLONE_PARENT)
		linux_process_publish_sibling(parent, child);
	else
		linux_process_publish_locked(parent, child);
	if (unlikely(own->rlimits[RLIMIT_CPU].cur != RLIM_INFINITY))
		cpu_limit_begin(child);
	pidfd_publish(pidfd, child->leader);
	if (unlikely(task_of(child->leader)->ptrace))
		ptrace_clone_publish(child->leader);
	thread_wake(child->leader);
	signals_fork_done(child);
}

/* Fails if the other threads of the process have been asked to stop or to end: the new thread would not know. */
static int publish_thread(struct thread *thread, struct new_pidfd *pidfd)
{
	struct signals *signals = &linux_process(thread->process)->signals;
	int err = 0;

	spin_lock(&signals->lock);
	if (current_thread()->killed || thread_must_stop(current_thread()))
		err = -EINTR;
	else
		task_publish(thread);
	spin_unlock(&signals->lock);
	if (err)
		return err;
	pidfd_publish(pidfd, thread);
	if (unlikely(task_of(thread)->ptrace))
		ptrace_clone_publish(thread);
	thread_wake(thread);
	return 0;
}

/* Publishes the thread, with its process if that is new, and wakes it. Call with process_tree_lock held. */
static int publish_and_wake(struct thread *thread, uint64_t flags, struct new_pidfd *pidfd)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	if (current_killed())
		return -EINTR;
	if (flags & CLONE_THREAD)
		return publish_thread(thread, pidfd);
	publish_child(thread->process, flags, pidfd);
	return 0;
}

/* Returns the thread's id or -EINTR. Once the thread is woken it may end at any time. */
static long start(struct thread *thread, const struct clone_request *request,
		  struct new_pidfd *pidfd)
{
	/* Only then is it prepared which event this clone is: a tracer may have come since, or another one. */
	const bool has_record = task_of(thread)->ptrace;
	int tid = thread->tid, err;

	spin_lock(&process_tree_lock);
	err = publish_and_wake(thread, request->flags, pidfd);
	spin_unlock(&process_tree_lock);
	if (unlikely(has_record) && !err)
		ptrace_clone_event(tid);
	return err ? err : tid;
}

/* Starts the child of vfork, and waits until it has called exec or has ended. */
static __attribute__((noinline)) long start_vfork(struct thread *thread,
						  const struct clone_request *request,
						  struct new_pidfd *pidfd)
{
	struct vfork vfork = { 0 };
	long tid;

	waitq_init(&vfork.queue);
	task_of(thread)->vfork = &vfork;
	tid = start(thread, request, pidfd);
	if (tid >= 0)
		vfork_wait(thread, &vfork);
	if (unlikely(current_thread()->traced) && tid >= 0)
		ptrace_event(PTRACE_EVENT_VFORK_DONE, (uint64_t)tid);
	return tid;
}

static void note_begin(const struct thread *thread, uint64_t flags, bool begun)
{
	journal_note_begin(&thread->arch, &thread->process->uspace->space, flags, begun);
}

/* Gives the new thread its registers and ids, and starts it. */
static long finish_and_start(struct thread *thread, const struct clone_request *request)
{
	struct new_pidfd pidfd = { 0 };
	bool noted;
	long id;

	start_frame(thread, request);
	if (unlikely(current_thread()->traced) && !ptrace_clone_prepare(thread, request->flags))
		return -ENOMEM;
	id = pidfd_prepare(&pidfd, request);
	if (!id)
		id = write_tids(thread, request);
	noted = journal_is_on() && !id;
	if (noted)
		note_begin(thread, request->flags, true);
	if (!id)
		id = request->flags & CLONE_VFORK ? start_vfork(thread, request, &pidfd)
						  : start(thread, request, &pidfd);
	if (id < 0) {
		if (noted)
			note_begin(thread, request->flags, false);
		pidfd_discard(&pidfd);
	}
	return id;
}

static long make_child(struct process *parent, const struct clone_request *request)
{
	struct process *child;
	int err;
	long pid;

	child = linux_process_alloc(&err);
	if (!child)
		return err;
	pid = copy_process(parent, child, request);
	if (!pid)
		pid = finish_and_start(child->leader, request);
	if (pid < 0)
		fork_child_discard(child);
	return pid;
}

/* As on Linux, the thread has no alternate stack, and blocks the same signals. */
static void furnish_thread(struct thread *thread)
{
	const struct thread *self = current_thread();

	memcpy(thread->name, self->name, THREAD_NAME_LEN);
	thread_signals_copy(&task_of(thread)->signals, &task_of(self)->signals);
	task_of(thread)->signals.stack = SIGNAL_NO_STACK;
	thread->mmu = &thread->process->uspace->space.mmu;
	process_share_space(thread->process);
}

static long make_thread(struct process *process, const struct clone_request *request)
{
	struct thread *thread;
	int err;
	long tid;

	thread = process_create_thread(process, &err);
	if (!thread)
		return err;
	furnish_thread(thread);
	tid = process_fs->copy(thread, request->flags);
	if (!tid)
		tid = finish_and_start(thread, request);
	if (tid < 0) {
		process_fs->exit(thread);
		thread_id_put(process, thread->tid);
		thread_destroy(thread);
	}
	return tid;
}

long process_clone(const struct clone_request *request)
{
	struct process *parent = current_process();
	long id = are_pidfd_flags_wrong(request) ? -EINVAL : check_flags(request->flags);

	if (id)
		return id;
	kthread_reap(); /* those that no parent waits for; there may be no idle time */
	if (!signals_fork_begin()) {
		id = -EINTR;
	} else if (!user_add_task()) {
		id = -EAGAIN;
	} else {
		id = request->flags & CLONE_THREAD ? make_thread(parent, request)
						   : make_child(parent, request);
		if (id < 0)
			user_drop_task(current_task()->real_cred->user);
	}
	if (id < 0 || request->flags & CLONE_THREAD)
		signals_fork_done(NULL);
	if (id == -EINTR)
		current_thread()->restart = RESTART_ALWAYS;
	return id;
}
