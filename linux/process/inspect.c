/* SPDX-License-Identifier: MIT */
/* Collects what programs may learn of other processes, under the locks that guard it. */
#include "linux/process/inspect.h"

#include "abi/errno.h"
#include "arch/backtrace.h"
#include "lib/string.h"
#include "linux/job/ctty.h"
#include "linux/process/limits.h"
#include "linux/process/linux_process.h"
#include "linux/process/process_ops.h"
#include "linux/process/task.h"
#include "linux/process/thread_id.h"
#include "linux/process/user.h"
#include "linux/ptrace/ptrace.h"
#include "mm/host.h"
#include "mm/space/space_map.h"
#include "proc/exe.h"
#include "proc/sched.h"
#include "trap/faultline_call.h"

_Static_assert(FAULTLINE_ALIVE == PROCESS_ALIVE && FAULTLINE_EXITING == PROCESS_EXITING &&
		       FAULTLINE_ZOMBIE == PROCESS_ZOMBIE,
	       "the same states");
_Static_assert(FAULTLINE_VMA_READ == VM_PROT_READ && FAULTLINE_VMA_WRITE == VM_PROT_WRITE &&
		       FAULTLINE_VMA_EXEC == VM_PROT_EXEC,
	       "the same bits");

/* Does one of the threads, of which none runs, wait for a lock? Call with process_tree_lock held. */
static bool is_locked_out(const struct process *process)
{
	const struct thread *thread;

	for_each_thread(thread, process)
		if (__atomic_load_n(&thread->locked_out, __ATOMIC_RELAXED))
			return true;
	return false;
}

/* A stopped process that is killed runs again, though it leaves its stop only then. */
static bool state_is_stopped(const struct process *process)
{
	return process->state == PROCESS_ALIVE &&
	       atomic_load(&linux_process(process)->signals.stopped) &&
	       !signals_ending(&linux_process(process)->signals);
}

/* Of all threads together. Call with process_tree_lock held. */
static uint32_t state_of(const struct process *process)
{
	if (state_is_stopped(process))
		return FAULTLINE_STOPPED;
	if (process->state != PROCESS_ALIVE || process_runs(process))
		return process->state;
	return is_locked_out(process) ? FAULTLINE_LOCKED_OUT : FAULTLINE_SLEEPING;
}

/* The index of the hart that a thread runs on, or ran on last. */
static unsigned last_hart(const struct thread *thread)
{
	const struct hart *hart = __atomic_load_n(&thread->arch.hart, __ATOMIC_RELAXED);

	return hart ? hart->index : 0;
}

/* That of a thread that runs, or of the leader. Call with process_tree_lock held. */
static unsigned hart_of(const struct process *process)
{
	const struct thread *thread, *chosen = process->leader;

	for_each_thread(thread, process)
		if (__atomic_load_n(&thread->on_hart, __ATOMIC_RELAXED))
			chosen = thread;
	return last_hart(chosen);
}

/* How many have not ended, and the leader. Call with process_tree_lock held. */
static unsigned count_threads(const struct process *process)
{
	unsigned count = 0;

	assert_hardened(spin_lock_held(&process_tree_lock));
	for (const struct list *node = process->threads.next; node != &process->threads;
	     node = node->next)
		count++;
	return count;
}

/* Call with process_tree_lock held. */
static void fill_process(const struct process *process, struct faultline_process *ret)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	memset(ret, 0, sizeof(*ret));
	ret->pid = process->pid;
	ret->parent = process->parent ? process->parent->pid : 0;
	ret->state = state_of(process);
	memcpy(ret->name, process->leader->name,
	       MIN(sizeof(ret->name), sizeof(process->leader->name)));
	if (process->state != PROCESS_ZOMBIE) {
		ret->threads = count_threads(process);
		ret->hart = hart_of(process);
	}
	if (process->uspace)
		faultline_space(&process->uspace->space, ret);
}

/* Call with process_tree_lock held. */
static struct process *inspect_find_pid(int pid)
{
	return pid == 0 ? current_process() : process_find(pid);
}

int inspect_process(int pid, struct faultline_process *ret)
{
	const struct process *process;

	spin_lock(&process_tree_lock);
	process = inspect_find_pid(pid);
	if (process)
		fill_process(process, ret);
	spin_unlock(&process_tree_lock);
	return process ? 0 : -ESRCH;
}

struct search {
	/* found is the lowest pid above after; 0: none */
	int after, found;
};

static void look_at(struct process *process, void *arg)
{
	struct search *search = arg;

	if (process->pid > search->after && (!search->found || process->pid < search->found))
		search->found = process->pid;
}

bool inspect_next_process(int after, struct faultline_process *ret)
{
	const struct process *next;
	struct search search;

	spin_lock(&process_tree_lock);
	do { /* the process found may have ended meanwhile */
		search = (struct search){ .after = after };
		process_visit_all(look_at, &search);
		next = search.found ? process_find(search.found) : NULL;
	} while (search.found && !next);
	if (next)
		fill_process(next, ret);
	spin_unlock(&process_tree_lock);
	return next != NULL;
}

/* Call with process_tree_lock held. */
static struct exe *get_exe(const struct process *process)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	if (process->exe)
		exe_get(process->exe);
	return process->exe;
}

int inspect_space(int pid, struct uspace **uspace_ret, struct exe **exe_ret)
{
	struct process *process;
	int err = 0;

	spin_lock(&process_tree_lock);
	process = inspect_find_pid(pid);
	if (!process || !process->uspace)
		err = -ESRCH;
	else if (!ptrace_may_access(process->leader))
		err = -EPERM;
	if (err == 0) {
		uspace_get(process->uspace);
		*uspace_ret = process->uspace;
		*exe_ret = get_exe(process);
	}
	spin_unlock(&process_tree_lock);
	return err;
}

static void fill_vma(const struct vma *vma, const struct exe *exe, struct faultline_vma *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->start = vma->start;
	ret->end = vma->end;
	ret->offset = vma->offset;
	ret->flags = vma->prot | (vma->flags & VMA_SHARED ? FAULTLINE_VMA_SHARED : 0) |
		     (vma->flags & VMA_STACK ? FAULTLINE_VMA_STACK : 0) |
		     (vma->flags & VMA_HEAP ? FAULTLINE_VMA_HEAP : 0);
	if (vma->object && exe && vma->object == exe->object)
		ret->flags |= FAULTLINE_VMA_IMAGE;
	for (unsigned kind = 0; kind < FAULT_KINDS; kind++)
		ret->faults[kind] = vma->faults.kind[kind];
	str_copy(ret->kind, vma->backend->name, sizeof(ret->kind));
}

/* How many pids, or mappings, are looked at under one hold of a lock. Few pids are in use. */
#define PIDS_AT_ONCE 512
#define MAPS_AT_ONCE 64

bool inspect_find(int tid, struct thread_id *id_ret)
{
	const struct thread *thread;

	spin_lock(&process_tree_lock);
	thread = tid > 0 ? thread_find(tid) : NULL;
	if (thread)
		*id_ret = thread_id_of(thread);
	spin_unlock(&process_tree_lock);
	return thread != NULL;
}

bool inspect_exists(const struct thread_id *id)
{
	bool found;

	spin_lock(&process_tree_lock);
	found = thread_find_id(id) != NULL;
	spin_unlock(&process_tree_lock);
	return found;
}

int inspect_next_thread(const struct process_id *id, uint64_t birth, struct thread_id *id_ret)
{
	const struct process *process;
	const struct thread *thread = NULL;

	spin_lock(&process_tree_lock);
	process = process_find_id(id);
	if (process)
		thread = thread_next(process, birth);
	if (thread)
		*id_ret = thread_id_of(thread);
	spin_unlock(&process_tree_lock);
	if (thread)
		return 0;
	return process ? -ENODATA : -ESRCH;
}

unsigned inspect_count_threads(const struct process_id *id)
{
	const struct process *process;
	unsigned count;

	spin_lock(&process_tree_lock);
	process = process_find_id(id);
	count = process ? count_threads(process) : 0;
	spin_unlock(&process_tree_lock);
	return count;
}

int inspect_set_name(const struct thread_id *id, const char *name)
{
	struct thread *thread;

	spin_lock(&process_tree_lock);
	thread = thread_find_id(id);
	if (thread)
		memcpy(thread->name, name, sizeof(thread->name));
	spin_unlock(&process_tree_lock);
	return thread ? 0 : -ESRCH;
}

int inspect_next_pid(int after)
{
	int pid = MAX(after, 0) + 1, end;
	bool found = false;

	while (!found && pid < PID_MAX) {
		end = MIN(pid + PIDS_AT_ONCE, PID_MAX);
		spin_lock(&process_tree_lock);
		while (!found && (pid = pid_next_used(pid, end)) < end)
			found = process_find(pid++) != NULL;
		spin_unlock(&process_tree_lock);
		if (!found && vm_pause() != 0)
			break;
	}
	return found ? pid - 1 : 0;
}

static void fill_signal_facts(const struct thread *thread, struct process_facts *ret)
{
	struct signals *signals = &linux_process(thread->process)->signals;

	spin_lock(&signals->lock);
	ret->pending = signals->shared.set;
	ret->pending_thread = task_of(thread)->signals.pending.set;
	ret->blocked = task_of(thread)->signals.blocked;
	ret->ignored = signals_ignored(signals);
	ret->caught = signals_caught(signals);
	ret->queued = atomic_load_relaxed(&task_of(thread)->real_cred->user->sigpending);
	ret->queue_max = signals->queue_max;
	spin_unlock(&signals->lock);
}

static void fill_space_facts(const struct process *process, struct process_facts *ret)
{
	struct uspace *uspace = process->uspace;
	struct space *space = &uspace->space;

	ret->has_memory = true;
	ret->layout = uspace->layout;
	space_lock(space);
	ret->mapped = space->mapped_bytes;
	ret->data = space->data_bytes;
	ret->stack = space->stack_bytes;
	ret->exec = space->exec_bytes;
	ret->locked = space->locked_bytes;
	ret->resident = space->resident << PAGE_SHIFT;
	ret->resident_file = space->resident_file << PAGE_SHIFT;
	ret->resident_shmem = space->resident_shmem << PAGE_SHIFT;
	ret->peak_resident = space->stats.peak_resident << PAGE_SHIFT;
	ret->peak_mapped = space_peak_mapped(space);
	ret->tables = (space->tables - 1) << PAGE_SHIFT; /* as on Linux, without the root */
	ret->thp_disabled = space->thp_disabled;
	ret->swapped = (uint64_t)space->swapped << PAGE_SHIFT;
	ret->heap_start = space->brk_start;
	usage_add_space(&ret->usage, process, space);
	space_unlock(space);
}

/* The state that all threads of the process have which have not ended; 0: each has its own. */
static char common_letter(const struct process *process)
{
	if (process->state == PROCESS_ZOMBIE)
		return 'Z';
	if (state_is_stopped(process))
		return 'T';
	return process->state == PROCESS_ALIVE ? 0 : 'R';
}

/* A leader that has ended is a zombie, too, as long as others of its process have not. */
static inline char state_letter(const struct thread *thread, char common)
{
	if (sched_has_ended(thread))
		return 'Z';
	if (unlikely(thread->traced) && common != 'Z') {
		if (task_of(thread)->ptrace->stopped && !thread_killed(thread))
			return 't';
		common = common == 'T' ? 0 : common; /* it may go on alone */
	}
	if (common)
		return common;
	if (!sched_is_asleep(thread))
		return 'R';
	return __atomic_load_n(&thread->locked_out, __ATOMIC_RELAXED) ? 'D' : 'S';
}

static void count_states(struct process *process, void *arg)
{
	struct thread_census *census = arg;
	unsigned all = 0, running = 0, blocked = 0;
	char common = common_letter(process);
	struct thread *thread;

	for_each_thread(thread, process) {
		char state = state_letter(thread, common);

		all++;
		running += state == 'R';
		blocked += state == 'D';
	}
	census->all += all;
	census->running += running;
	census->blocked += blocked;
	if (process->nextra) /* perhaps many */
		process_visit_ends_piece();
}

struct thread_census inspect_census(void)
{
	struct thread_census census = { 0 };

	spin_lock(&process_tree_lock);
	process_visit_all(count_states, &census);
	census.created = process_births();
	census.last_pid = pid_newest();
	spin_unlock(&process_tree_lock);
	return census;
}

/* Call with process_tree_lock held. */
static void fill_facts(struct thread *thread, struct process_facts *ret)
{
	const struct process *process = thread->process;

	assert_hardened(spin_lock_held(&process_tree_lock));
	*ret = (struct process_facts){
		.tid = thread->tid,
		.state = state_letter(thread, common_letter(process)),
		.wish = thread->wish,
		.personality = task_of(thread)->personality,
		.pid = process->pid,
		.parent = process->parent ? process->parent->pid : 0,
		.tracer = ptrace_tracer_pid(thread),
		.group = linux_process(process)->group,
		.session = linux_process(process)->session,
		.nthreads = count_threads(process),
		.terminal = linux_process(process)->terminal
				    ? linux_process(process)->terminal->rdev
				    : 0,
		.terminal_group = linux_process(process)->terminal
					  ? linux_process(process)->terminal->group
					  : -1,
		.exit_signal = thread == process->leader ? linux_process(process)->exit_signal : -1,
		.hart = last_hart(thread),
		.harts = sched_harts(thread),
		.status = process->status,
		.umask = process_fs->umask(thread),
		.fd_size = process_fs->fd_size(thread),
		.no_new_privs = atomic_load_relaxed(&linux_process(process)->no_new_privs),
		.start_tick = thread == process->leader ? linux_process(process)->start_tick
							: task_of(thread)->start_tick,
		.usage = usage_times(process),
		.children_usage = linux_process(process)->children_usage,
	};
	memcpy(ret->name, thread->name, sizeof(ret->name));
	ret->thread_usage.minor_faults = thread->minor_faults;
	ret->thread_usage.major_faults = thread->major_faults;
	usage_add_thread(&ret->thread_usage, thread);
	fill_signal_facts(thread, ret);
	if (process->uspace)
		fill_space_facts(process, ret);
}

int inspect_facts(const struct thread_id *id, struct process_facts *ret)
{
	struct thread *thread;

	spin_lock(&process_tree_lock);
	thread = thread_find_id(id);
	if (thread)
		fill_facts(thread, ret);
	spin_unlock(&process_tree_lock);
	return thread ? 0 : -ESRCH;
}

int inspect_io(const struct thread_id *id, bool alone, struct io_counts *io_ret,
	       struct usage *usage_ret)
{
	const struct thread *thread;
	int err = 0;

	*io_ret = (struct io_counts){ 0 };
	*usage_ret = (struct usage){ 0 };
	spin_lock(&process_tree_lock);
	thread = thread_find_id(id);
	if (!thread)
		err = -ESRCH;
	else if (!ptrace_may_access(thread))
		err = -EACCES;
	else if (alone)
		usage_add_thread_io(io_ret, usage_ret, thread);
	else
		usage_add_process_io(io_ret, usage_ret, thread->process);
	spin_unlock(&process_tree_lock);
	return err;
}

/*
 * Has the thread told its parent or its tracer that it stops? It may still be on its way to sleep, but whoever lets it go on
 * takes one of the two locks. Call with process_tree_lock and signals.lock held.
 */
static bool has_stopped(const struct thread *thread)
{
	if (thread->traced)
		return task_of(thread)->ptrace->stopped;
	return state_is_stopped(thread->process) &&
	       !(task_of(thread)->signals.must_stop & MUST_STOP);
}

/* What is read of a thread that begins to run meanwhile may be anything; then the answer is that it runs. */
static void fill_call(struct thread *thread, struct call_facts *ret)
{
	const struct trap_frame *frame = arch_thread_frame(&thread->arch);
	bool is_self = thread == current_thread(),
	     has_ended = thread->process->state == PROCESS_ZOMBIE;
	uint64_t since = is_self ? 0 : sched_asleep_since(thread);
	bool stopped = has_stopped(thread), slept;

	ret->state = has_ended || sched_has_ended(thread) ? CALL_ENDED : CALL_RUNS;
	if (has_ended || (!is_self && !since && !stopped))
		return;
	ret->number = (long)frame_syscall(frame);
	for (unsigned i = 0; i < ARRAY_SIZE(ret->args); i++)
		ret->args[i] = frame_arg(frame, i);
	ret->sp = frame_sp(frame);
	ret->pc = frame_pc(frame);
	if (is_self || since)
		ret->nframes = arch_backtrace_get(is_self ? NULL : &thread->arch, ret->frames,
						  INSPECT_FRAMES);
	slept = is_self || (since && sched_asleep_since(thread) == since);
	if (!slept)
		ret->nframes = 0;
	if (slept || stopped)
		ret->state = CALL_WAITS;
}

int inspect_call(const struct thread_id *id, struct call_facts *ret)
{
	struct thread *thread;
	int err = 0;

	spin_lock(&process_tree_lock);
	thread = thread_find_id(id);
	if (!thread) {
		err = -ESRCH;
	} else if (!ptrace_may_attach(thread)) {
		err = -EPERM;
	} else {
		spin_lock(&linux_process(thread->process)->signals.lock);
		fill_call(thread, ret);
		spin_unlock(&linux_process(thread->process)->signals.lock);
	}
	spin_unlock(&process_tree_lock);
	return err;
}

int inspect_limits(const struct process_id *id, struct abi_rlimit64 *ret)
{
	struct process *process;

	spin_lock(&process_tree_lock);
	process = process_find_id(id);
	for (unsigned i = 0; process && i < RLIM_NLIMITS; i++)
		process_get_limit(process, i, &ret[i]);
	spin_unlock(&process_tree_lock);
	return process ? 0 : -ESRCH;
}

struct cred *inspect_cred(const struct thread_id *id)
{
	const struct thread *thread;
	struct cred *cred = NULL;

	spin_lock(&process_tree_lock);
	thread = thread_find_id(id);
	if (thread)
		cred = cred_get(task_of(thread)->real_cred);
	spin_unlock(&process_tree_lock);
	return cred;
}

static bool is_current_process(const struct process_id *id)
{
	const struct process *self = current_process();

	return self && self->pid == id->pid && self->birth == id->birth;
}

static void inspect_owner_of(const struct thread *thread, uint32_t *uid_ret, uint32_t *gid_ret,
			     bool *undumpable_ret)
{
	const struct uspace *uspace = thread->process->uspace;

	*uid_ret = task_of(thread)->real_cred->euid;
	*gid_ret = task_of(thread)->real_cred->egid;
	*undumpable_ret = uspace && atomic_load(&uspace->undumpable);
}

/* No other thread changes the credentials and the memory of the running one. */
bool inspect_owner(const struct thread_id *id, uint32_t *uid_ret, uint32_t *gid_ret,
		   bool *undumpable_ret)
{
	const struct thread *thread = current_thread();

	if (thread->tid == id->tid && thread->birth == id->birth &&
	    is_current_process(&id->process)) {
		inspect_owner_of(thread, uid_ret, gid_ret, undumpable_ret);
		return true;
	}
	spin_lock(&process_tree_lock);
	thread = thread_find_id(id);
	if (thread)
		inspect_owner_of(thread, uid_ret, gid_ret, undumpable_ret);
	spin_unlock(&process_tree_lock);
	return thread;
}

static bool inspect_may(const struct thread_id *id, bool (*may)(const struct thread *thread))
{
	const struct thread *thread;
	bool answer;

	if (is_current_process(&id->process)) /* as ptrace_may_access() says */
		return true;
	spin_lock(&process_tree_lock);
	thread = thread_find_id(id);
	answer = !thread || may(thread);
	spin_unlock(&process_tree_lock);
	return answer;
}

bool inspect_may_access(const struct thread_id *id)
{
	return inspect_may(id, ptrace_may_access);
}

bool inspect_may_reach(const struct thread_id *id)
{
	return inspect_may(id, ptrace_may_reach);
}

bool inspect_may_attach(const struct thread_id *id)
{
	return inspect_may(id, ptrace_may_attach);
}

/* Call with process_tree_lock held. */
static int space_of(const struct process *process, struct uspace **uspace_ret)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	if (!process)
		return -ESRCH;
	if (!process->uspace)
		return -ENODATA;
	uspace_get(process->uspace);
	*uspace_ret = process->uspace;
	return 0;
}

int inspect_space_of(const struct process_id *id, struct uspace **uspace_ret)
{
	int err;

	spin_lock(&process_tree_lock);
	err = space_of(process_find_id(id), uspace_ret);
	spin_unlock(&process_tree_lock);
	return err;
}

int inspect_access_space(const struct thread_id *id, struct uspace **uspace_ret)
{
	const struct thread *thread;
	int err = -EACCES;

	spin_lock(&process_tree_lock);
	thread = thread_find_id(id);
	if (!thread || ptrace_may_access(thread))
		err = space_of(thread ? thread->process : NULL, uspace_ret);
	spin_unlock(&process_tree_lock);
	return err;
}

int inspect_is_ending(const struct thread_id *id)
{
	const struct thread *thread;
	int err = -ESRCH;

	spin_lock(&process_tree_lock);
	thread = thread_find_id(id);
	if (thread && thread->process->uspace)
		err = signals_ending(&linux_process(thread->process)->signals) ? 0 : -EINVAL;
	spin_unlock(&process_tree_lock);
	return err;
}

int inspect_grab_space(const struct thread_id *id, struct uspace **uspace_ret)
{
	const struct thread *thread;
	int err = 0;

	spin_lock(&process_tree_lock);
	thread = thread_find_id(id);
	if (!thread)
		err = -ESRCH;
	else if (thread->process->uspace && !ptrace_may_access(thread))
		err = -EACCES;
	if (err == 0)
		*uspace_ret = thread->process->uspace;
	if (err == 0 && *uspace_ret)
		uspace_grab(*uspace_ret);
	spin_unlock(&process_tree_lock);
	return err;
}

int inspect_attach_space(int tid, struct uspace **uspace_ret)
{
	const struct thread *thread;
	int err = 0;

	spin_lock(&process_tree_lock);
	thread = tid > 0 ? thread_find(tid) : NULL;
	if (!thread || !thread->process->uspace)
		err = -ESRCH;
	else if (!ptrace_may_attach(thread))
		err = -EPERM;
	if (err == 0) {
		*uspace_ret = thread->process->uspace;
		uspace_get(*uspace_ret);
	}
	spin_unlock(&process_tree_lock);
	return err;
}

struct exe *inspect_exe(const struct process_id *id)
{
	const struct process *process;
	struct exe *exe = NULL;

	spin_lock(&process_tree_lock);
	process = process_find_id(id);
	if (process && process->uspace)
		exe = get_exe(process);
	spin_unlock(&process_tree_lock);
	return exe;
}

int inspect_vmas(struct uspace *uspace, const struct exe *exe, vaddr_t from,
		 struct faultline_vma *ret, unsigned n)
{
	struct space *space = &uspace->space;
	struct vma *vma;
	int count = 0, err = space_lock_settled(space, from, &vma);

	if (err)
		return err;
	while (vma && (unsigned)count < n && !space_is_changing(space, from, vma)) {
		fill_vma(vma, exe, &ret[count++]);
		from = vma->end;
		vma = vma_next(vma);
	}
	space_unlock(space);
	return count;
}
