/* SPDX-License-Identifier: MIT */
/* System calls on signals. */
#include "abi/errno.h"
#include "abi/pidfd.h"
#include "abi/signal.h"
#include "abi/time.h"
#include "base/clock.h"
#include "base/log.h"
#include "linux/fs/file/pidfd.h"
#include "linux/fs/proc/proc.h"
#include "linux/process/cred.h"
#include "linux/process/task.h"
#include "linux/signal/action.h"
#include "linux/signal/frame.h"
#include "linux/signal/kill.h"
#include "linux/signal/queue.h"
#include "linux/signal/send.h"
#include "linux/signal/wait.h"
#include "linux/sys/calls.h"
#include "linux/sys/timespec.h"
#include "mm/fault/user_copy.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "trap/arg_file.h"
#include "linux/process/thread_id.h"

long sys_kill(struct trap_frame *frame)
{
	return process_kill(arg_int(frame, 0), arg_int(frame, 1));
}

/* pid 0: the thread may be any process's. */
static long signal_thread(int pid, int tid, int sig)
{
	const struct signal_info info = {
		.sig = sig,
		.code = SI_TKILL,
		.pid = current_process()->pid,
		.uid = current_cred()->uid,
	};

	return thread_signal(pid, tid, &info);
}

long sys_tkill(struct trap_frame *frame)
{
	int tid = arg_int(frame, 0);

	return tid > 0 ? signal_thread(0, tid, arg_int(frame, 1)) : -EINVAL;
}

long sys_tgkill(struct trap_frame *frame)
{
	int pid = arg_int(frame, 0), tid = arg_int(frame, 1);

	if (pid <= 0 || tid <= 0)
		return -EINVAL;
	return signal_thread(pid, tid, arg_int(frame, 2));
}

/* The signal is si_signo; most calls have it as an argument, too, which counts. */
static int copy_info(vaddr_t from, struct signal_info *ret)
{
	struct abi_siginfo abi;

	if (user_copy_in(&abi, from, sizeof(abi)))
		return -EFAULT;
	*ret = (struct signal_info){
		.sig = abi.si_signo,
		.err = abi.si_errno,
		.code = abi.si_code,
		.pid = abi.u.rt.pid,
		.uid = abi.u.rt.uid,
		.value = abi.u.rt.value,
	};
	return 0;
}

/* A program may use the codes of the kernel and of tkill only in signals to the running thread's id. */
static bool may_say(const struct signal_info *info, int id)
{
	return (info->code < 0 && info->code != SI_TKILL) || id == current_thread()->tid;
}

long sys_rt_sigqueueinfo(struct trap_frame *frame)
{
	int pid = arg_int(frame, 0);
	struct signal_info info;

	if (copy_info(arg_user(frame, 2), &info))
		return -EFAULT;
	info.sig = arg_int(frame, 1);
	if (!may_say(&info, pid))
		return -EPERM;
	return pid > 0 ? process_signal(pid, &info) : -ESRCH;
}

long sys_rt_tgsigqueueinfo(struct trap_frame *frame)
{
	int pid = arg_int(frame, 0), tid = arg_int(frame, 1);
	struct signal_info info;

	if (copy_info(arg_user(frame, 3), &info))
		return -EFAULT;
	info.sig = arg_int(frame, 2);
	if (pid <= 0 || tid <= 0)
		return -EINVAL;
	if (!may_say(&info, tid))
		return -EPERM;
	return thread_signal(pid, tid, &info);
}

/* ---- pidfds ---- */

/* Is it the id of the running thread? */
static bool is_own_id(const struct thread_id *id)
{
	const struct thread *thread = current_thread();

	return id->tid == thread->tid && id->birth == thread->birth &&
	       id->process.birth == thread->process->birth;
}

/* Returns 0 or an error of pidfd_send_signal. */
static int pidfd_info(const struct trap_frame *frame, const struct thread_id *id,
		      enum signal_scope scope, struct signal_info *ret)
{
	int sig = arg_int(frame, 1);
	vaddr_t info_at = arg_user(frame, 2);

	*ret = (struct signal_info){
		.sig = sig,
		.code = scope == SIGNAL_TO_THREAD ? SI_TKILL : SI_USER,
		.pid = current_process()->pid,
		.uid = current_cred()->uid,
	};
	if (info_at && copy_info(info_at, ret))
		return -EFAULT;
	if (ret->sig != sig)
		return -EINVAL;
	ret->to_many = scope == SIGNAL_TO_GROUP;
	if (info_at && (ret->code >= 0 || ret->code == SI_TKILL) &&
	    (scope == SIGNAL_TO_GROUP || !is_own_id(id)))
		return -EPERM;
	return 0;
}

/* As on Linux, a directory of /proc also says which process is meant. NULL: the file does not. */
static const struct thread_id *file_id(struct file *file)
{
	return pidfd_id(file) ?: proc_dir_id(file);
}

static long pidfd_send_signal(struct trap_frame *frame, struct file *file)
{
	const struct thread_id *id = file_id(file);
	enum signal_scope scope = SIGNAL_TO_PROCESS;
	unsigned flags = arg_uint(frame, 3);
	struct signal_info info;
	int err;

	if (!id)
		return -EBADF;
	if (flags == PIDFD_SIGNAL_PROCESS_GROUP)
		scope = SIGNAL_TO_GROUP;
	else if (flags == PIDFD_SIGNAL_THREAD ||
		 (!flags && pidfd_id(file) && file->flags & PIDFD_THREAD))
		scope = SIGNAL_TO_THREAD;
	err = pidfd_info(frame, id, scope, &info);
	return err ? err : signal_send_id(id, scope, &info);
}

long sys_pidfd_send_signal(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 3);

	if (flags > PIDFD_SIGNAL_PROCESS_GROUP || (flags & (flags - 1)))
		return -EINVAL;
	return with_file(frame, pidfd_send_signal);
}

long sys_rt_sigaction(struct trap_frame *frame)
{
	vaddr_t action_at = arg_user(frame, 1), old_at = arg_user(frame, 2);
	struct abi_sigaction action, old;
	int err;

	if (arg_u64(frame, 3) != ABI_SIGSET_BYTES)
		return -EINVAL;
	if (action_at && user_copy_in(&action, action_at, sizeof(action)))
		return -EFAULT;
	err = signal_action(arg_int(frame, 0), action_at ? &action : NULL, &old);
	if (err)
		return err;
	return old_at ? user_copy_out(old_at, &old, sizeof(old)) : 0;
}

long sys_rt_sigprocmask(struct trap_frame *frame)
{
	vaddr_t set_at = arg_user(frame, 1), old_at = arg_user(frame, 2);
	uint64_t set, old;
	int err;

	if (arg_u64(frame, 3) != ABI_SIGSET_BYTES)
		return -EINVAL;
	if (set_at && user_copy_in(&set, set_at, sizeof(set)))
		return -EFAULT;
	err = signal_mask(arg_int(frame, 0), set_at ? &set : NULL, &old);
	if (err)
		return err;
	return old_at ? user_copy_out(old_at, &old, sizeof(old)) : 0;
}

long sys_rt_sigpending(struct trap_frame *frame)
{
	uint64_t set = signal_pending_set();

	if (arg_u64(frame, 1) > sizeof(set))
		return -EINVAL;
	return user_copy_out(arg_user(frame, 0), &set, arg_u64(frame, 1));
}

long sys_rt_sigsuspend(struct trap_frame *frame)
{
	uint64_t mask;

	if (arg_u64(frame, 1) != ABI_SIGSET_BYTES)
		return -EINVAL;
	if (user_copy_in(&mask, arg_user(frame, 0), sizeof(mask)))
		return -EFAULT;
	return signal_suspend(mask);
}

long sys_rt_sigtimedwait(struct trap_frame *frame)
{
	vaddr_t info_at = arg_user(frame, 1), timeout_at = arg_user(frame, 2);
	uint64_t set, ns, deadline = UINT64_MAX;
	struct signal_info info;
	struct abi_siginfo abi;
	int sig, err;

	if (arg_u64(frame, 3) != ABI_SIGSET_BYTES)
		return -EINVAL;
	if (user_copy_in(&set, arg_user(frame, 0), sizeof(set)))
		return -EFAULT;
	if (timeout_at) {
		err = timespec_read(timeout_at, &ns);
		if (err)
			return err;
		deadline = clock_deadline_in(ns);
	}
	sig = signal_wait(set, deadline, &info);
	if (sig <= 0 || !info_at)
		return sig;
	signal_info_to_abi(&info, &abi);
	return user_copy_out(info_at, &abi, sizeof(abi)) ? -EFAULT : sig;
}

long sys_sigaltstack(struct trap_frame *frame)
{
	vaddr_t new_at = arg_user(frame, 0), old_at = arg_user(frame, 1);
	struct abi_stack new, old;
	int err;

	if (new_at && user_copy_in(&new, new_at, sizeof(new)))
		return -EFAULT;
	err = signal_stack(frame_sp(frame), new_at ? &new : NULL, &old);
	if (err)
		return err;
	return old_at ? user_copy_out(old_at, &old, sizeof(old)) : 0;
}

/* As when a frame cannot be written: SIGSEGV, which may have a handler. */
static void bad_frame(vaddr_t sp)
{
	struct process *process = current_process();
	const struct signal_info segv = { .sig = SIGSEGV, .code = SI_KERNEL };

	if (signal_fault(&segv))
		return;
	log_warn("trap", "%s[%d] killed by SIGSEGV: rt_sigreturn without a frame at sp %#lx",
		 current_thread()->name, process->pid, sp);
	signal_die(&segv);
}

/* All registers come from the frame. The result is the new value of a0. */
long sys_rt_sigreturn(struct trap_frame *frame)
{
	vaddr_t sp = frame_sp(frame);

	/* The call that the handler interrupted is not restarted. */
	current_task()->restart_call = NULL;
	if (signal_frame_return(frame) != 0)
		bad_frame(sp);
	return frame_result(frame);
}
