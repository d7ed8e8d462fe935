/* System calls about signals. */
#include "abi/signal.h"
#include "mm/usercopy.h"
#include "proc/family.h"
#include "trap/syscall.h"

long sys_kill(struct trap_frame *frame)
{
	return process_kill(arg_int(frame, 0), arg_int(frame, 1));
}

/* A thread is its process: the one tid of a process is its pid. */
long sys_tkill(struct trap_frame *frame)
{
	int tid = arg_int(frame, 0);

	return tid > 0 ? process_kill(tid, arg_int(frame, 1)) : -EINVAL;
}

long sys_tgkill(struct trap_frame *frame)
{
	int pid = arg_int(frame, 0), tid = arg_int(frame, 1);

	if (pid <= 0 || tid <= 0)
		return -EINVAL;
	return pid == tid ? process_kill(tid, arg_int(frame, 2)) : -ESRCH;
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
