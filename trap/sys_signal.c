/* SPDX-License-Identifier: MIT */
/* System calls on signals. */
#include "abi/signal.h"
#include "abi/time.h"
#include "base/clock.h"
#include "base/log.h"
#include "lib/bits.h"
#include "mm/user_copy.h"
#include "proc/process.h"
#include "proc/signal/action.h"
#include "proc/signal/frame.h"
#include "proc/signal/kill.h"
#include "proc/signal/queue.h"
#include "proc/signal/send.h"
#include "proc/signal/wait.h"
#include "trap/syscall.h"
#include "trap/timespec.h"

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

static int copy_info(vaddr_t from, int sig, struct signal_info *ret)
{
	struct abi_siginfo abi;

	if (user_copy_in(&abi, from, sizeof(abi)))
		return -EFAULT;
	*ret = (struct signal_info){
		.sig = sig,
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

	if (copy_info(arg_user(frame, 2), arg_int(frame, 1), &info))
		return -EFAULT;
	if (!may_say(&info, pid))
		return -EPERM;
	return pid > 0 ? process_signal(pid, &info) : -ESRCH;
}

long sys_rt_tgsigqueueinfo(struct trap_frame *frame)
{
	int pid = arg_int(frame, 0), tid = arg_int(frame, 1);
	struct signal_info info;

	if (copy_info(arg_user(frame, 3), arg_int(frame, 2), &info))
		return -EFAULT;
	if (pid <= 0 || tid <= 0)
		return -EINVAL;
	if (!may_say(&info, tid))
		return -EPERM;
	return thread_signal(pid, tid, &info);
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
		deadline = clock_deadline(add_overflows(clock_ns(), ns, &ns) ? UINT64_MAX : ns);
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
	signal_force(process, SIGSEGV);
}

/* All registers come from the frame. The result is the new value of a0. */
long sys_rt_sigreturn(struct trap_frame *frame)
{
	vaddr_t sp = frame_sp(frame);

	/* The call that the handler interrupted is not restarted. */
	current_thread()->restart_call = NULL;
	if (signal_frame_return(frame) != 0)
		bad_frame(sp);
	return frame_result(frame);
}
