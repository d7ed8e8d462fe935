/* SPDX-License-Identifier: MIT */
/* What a tracer asks of a stopped tracee. User memory is not touched here. */
#include "linux/ptrace/ptrace.h"

#include "abi/errno.h"
#include "linux/arch/regs.h"
#include "lib/bits.h"
#include "linux/process/cred.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "linux/signal/queue.h"
#include "linux/signal/send.h"
#include "proc/pid.h"
#include "proc/sched.h"

/*
 * Returns the tracee of the running thread with that id, with process_tree_lock held; or NULL, without it: no
 * thread has the id, or it is not its tracee, or is not stopped.
 */
static struct ptrace *lock_tracee(int tid, bool in_any_state)
{
	struct thread *thread, *self = current_thread();
	struct ptrace *ptrace;

	spin_lock(&process_tree_lock);
	thread = thread_find(tid);
	ptrace = thread && thread->traced ? task_of(thread)->ptrace : NULL;
	if (ptrace && ptrace->tracer == self->process) {
		if (!ptrace->tracer_thread)
			ptrace->tracer_thread = self;
		if (ptrace->tracer_thread == self &&
		    (in_any_state ||
		     (ptrace->stopped && !ptrace->listening && !thread_killed(thread))))
			return ptrace;
	}
	spin_unlock(&process_tree_lock);
	return NULL;
}

static void unlock(void)
{
	spin_unlock(&process_tree_lock);
}

bool ptrace_exists(int tid)
{
	bool exists;

	spin_lock(&process_tree_lock);
	exists = thread_find(tid) != NULL;
	spin_unlock(&process_tree_lock);
	return exists;
}

int ptrace_check(int tid)
{
	if (!lock_tracee(tid, false))
		return -ESRCH;
	unlock();
	return 0;
}

int ptrace_resume(int tid, uint64_t sig, bool traces_calls)
{
	struct ptrace *ptrace = lock_tracee(tid, false);

	if (!ptrace)
		return -ESRCH;
	if (sig <= NSIG) {
		ptrace->traces_calls = traces_calls;
		ptrace_go(ptrace, (int)sig);
	}
	unlock();
	return sig <= NSIG ? 0 : -EIO;
}

int ptrace_detach(int tid, uint64_t sig)
{
	struct ptrace *ptrace = lock_tracee(tid, false);

	if (!ptrace)
		return -ESRCH;
	if (sig <= NSIG)
		ptrace_unlink(ptrace, (int)sig);
	unlock();
	return sig <= NSIG ? 0 : -EIO;
}

int ptrace_kill(int tid)
{
	const struct signal_info info = {
		.sig = SIGKILL,
		.code = SI_USER,
		.pid = current_process()->pid,
		.uid = current_cred()->uid,
	};
	struct ptrace *ptrace = lock_tracee(tid, true);

	if (!ptrace)
		return -ESRCH;
	if (ptrace->process->state == PROCESS_ALIVE)
		(void)signal_send_info(ptrace->process, &info);
	unlock();
	return 0;
}

int ptrace_interrupt(int tid)
{
	struct ptrace *ptrace = lock_tracee(tid, true);
	int err = -EIO;

	if (!ptrace)
		return -ESRCH;
	if (ptrace->seized) {
		struct thread *thread = ptrace->thread;
		struct signals *signals = &linux_process(ptrace->process)->signals;

		spin_lock(&signals->lock);
		task_of(thread)->signals.must_stop |= MUST_TRAP;
		if (ptrace->listening)
			atomic_store(&ptrace->go, 1);
		signal_wake(thread);
		spin_unlock(&signals->lock);
		err = 0;
	}
	unlock();
	return err;
}

/* What has happened since the stop began is reported at once. */
int ptrace_listen(int tid)
{
	struct ptrace *ptrace = lock_tracee(tid, false);
	struct signals *signals;
	int err = -EIO;

	if (!ptrace)
		return -ESRCH;
	if (ptrace->seized && ptrace->has_info && ptrace->info.code >> 8 == PTRACE_EVENT_STOP) {
		signals = &linux_process(ptrace->process)->signals;
		spin_lock(&signals->lock);
		ptrace->listening = true;
		if (task_of(ptrace->thread)->signals.must_stop & MUST_NOTIFY) {
			atomic_store(&ptrace->go, 1);
			thread_wake(ptrace->thread);
		}
		spin_unlock(&signals->lock);
		err = 0;
	}
	unlock();
	return err;
}

int ptrace_check_options(uint64_t options)
{
	if (options & ~(uint64_t)PTRACE_O_MASK || options & PTRACE_O_SUSPEND_SECCOMP)
		return -EINVAL;
	return 0;
}

int ptrace_set_options(int tid, uint64_t options)
{
	struct ptrace *ptrace = lock_tracee(tid, false);
	int err = ptrace_check_options(options);

	if (!ptrace)
		return -ESRCH;
	if (!err)
		ptrace->options = (uint32_t)options;
	unlock();
	return err;
}

int ptrace_get_message(int tid, uint64_t *ret)
{
	const struct ptrace *ptrace = lock_tracee(tid, false);

	if (!ptrace)
		return -ESRCH;
	*ret = ptrace->message;
	unlock();
	return 0;
}

/* ---- signals ---- */

int ptrace_get_info(int tid, struct abi_siginfo *ret)
{
	const struct ptrace *ptrace = lock_tracee(tid, false);
	int err = -EINVAL;

	if (!ptrace)
		return -ESRCH;
	if (ptrace->has_info) {
		signal_info_to_abi(&ptrace->info, ret);
		err = 0;
	}
	unlock();
	return err;
}

int ptrace_set_info(int tid, const struct abi_siginfo *info)
{
	struct ptrace *ptrace = lock_tracee(tid, false);
	int err = -EINVAL;

	if (!ptrace)
		return -ESRCH;
	if (ptrace->has_info) {
		bool was_shared = ptrace->info.was_shared;

		signal_info_from_abi(info, &ptrace->info);
		ptrace->info.was_shared = was_shared;
		err = 0;
	}
	unlock();
	return err;
}

int ptrace_get_mask(int tid, uint64_t *ret)
{
	const struct ptrace *ptrace = lock_tracee(tid, false);
	const struct thread_signals *own;

	if (!ptrace)
		return -ESRCH;
	own = &task_of(ptrace->thread)->signals;
	*ret = own->suspended ? own->old_mask : own->blocked;
	unlock();
	return 0;
}

int ptrace_set_mask(int tid, uint64_t mask)
{
	struct ptrace *ptrace = lock_tracee(tid, false);
	struct thread *thread;

	if (!ptrace)
		return -ESRCH;
	thread = ptrace->thread;
	spin_lock(&linux_process(ptrace->process)->signals.lock);
	signals_block(thread, mask & ~SIGNAL_UNBLOCKABLE);
	task_of(thread)->signals.suspended = false;
	__atomic_fetch_or(&thread->arch.work, ARCH_WORK_LEAVE, __ATOMIC_RELAXED);
	spin_unlock(&linux_process(ptrace->process)->signals.lock);
	unlock();
	return 0;
}

int ptrace_peek_info(int tid, bool shared, uint64_t place, struct abi_siginfo *ret)
{
	const struct ptrace *ptrace = lock_tracee(tid, false);
	struct signals *signals;
	struct signal_info info;
	bool found;

	if (!ptrace)
		return -ESRCH;
	signals = &linux_process(ptrace->process)->signals;
	spin_lock(&signals->lock);
	found = signal_look(shared ? &signals->shared : &task_of(ptrace->thread)->signals.pending,
			    place, &info);
	spin_unlock(&signals->lock);
	unlock();
	if (found)
		signal_info_to_abi(&info, ret);
	return found ? 0 : 1;
}

/* ---- registers ---- */

/* As on Linux, only a stop that TRACESYSGOOD tells from others is known as one of a system call. */
static bool is_call_stop(const struct ptrace *ptrace)
{
	return ptrace->has_info && ptrace->info.code == (SIGTRAP | 0x80);
}

int ptrace_get_call(int tid, struct abi_syscall_info *ret, size_t *size_ret)
{
	struct ptrace *ptrace = lock_tracee(tid, false);
	const struct trap_frame *frame;

	if (!ptrace)
		return -ESRCH;
	frame = arch_thread_frame(&ptrace->thread->arch);
	*ret = (struct abi_syscall_info){
		.op = PTRACE_SYSCALL_INFO_NONE,
		.arch = ARCH_AUDIT,
		.instruction_pointer = frame_pc(frame),
		.stack_pointer = frame_sp(frame),
	};
	*size_ret = offsetof(struct abi_syscall_info, entry);
	if (is_call_stop(ptrace) && ptrace->message == PTRACE_EVENTMSG_SYSCALL_ENTRY) {
		ret->op = PTRACE_SYSCALL_INFO_ENTRY;
		ret->entry.nr = frame_syscall(frame);
		for (unsigned i = 0; i < ARRAY_SIZE(ret->entry.args); i++)
			ret->entry.args[i] = frame_arg(frame, i);
		*size_ret += sizeof(ret->entry);
	} else if (is_call_stop(ptrace) && ptrace->message == PTRACE_EVENTMSG_SYSCALL_EXIT) {
		ret->op = PTRACE_SYSCALL_INFO_EXIT;
		ret->exit.rval = frame_result(frame);
		ret->exit.is_error = (uint64_t)ret->exit.rval >= (uint64_t)-4095;
		*size_ret = offsetof(struct abi_syscall_info, exit.is_error) + 1;
	}
	unlock();
	return 0;
}

int ptrace_get_regs(int tid, struct arch_regs *ret)
{
	struct ptrace *ptrace = lock_tracee(tid, false);

	if (!ptrace)
		return -ESRCH;
	arch_regs_get(&ptrace->thread->arch, ret);
	unlock();
	return 0;
}

int ptrace_get_fpregs(int tid, struct arch_fpregs *ret)
{
	struct ptrace *ptrace = lock_tracee(tid, false);

	if (!ptrace)
		return -ESRCH;
	arch_fpregs_get(&ptrace->thread->arch, ret);
	unlock();
	return 0;
}

int ptrace_set_regs(int tid, const struct arch_regs *regs, size_t n)
{
	struct ptrace *ptrace = lock_tracee(tid, false);

	if (!ptrace)
		return -ESRCH;
	arch_regs_set(&ptrace->thread->arch, regs, n);
	unlock();
	return 0;
}

int ptrace_set_fpregs(int tid, const struct arch_fpregs *regs, size_t n)
{
	struct ptrace *ptrace = lock_tracee(tid, false);

	if (!ptrace)
		return -ESRCH;
	arch_fpregs_set(&ptrace->thread->arch, regs, n);
	unlock();
	return 0;
}

/* ---- memory ---- */

/* What one acts for others is not shown, unless the tracer might have attached all the same. */
int ptrace_get_space(int tid, struct uspace **ret)
{
	struct ptrace *ptrace = lock_tracee(tid, false);
	struct uspace *uspace;
	int err = -EIO;

	if (!ptrace)
		return -ESRCH;
	uspace = ptrace->process->uspace;
	if (uspace && (!atomic_load(&uspace->undumpable) || ptrace->capable)) {
		uspace_get(uspace);
		*ret = uspace;
		err = 0;
	}
	unlock();
	return err;
}
