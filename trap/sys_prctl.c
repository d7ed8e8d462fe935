/* SPDX-License-Identifier: MIT */
/* prctl: names, flags and signals of a thread or its process. */
#include "abi/prctl.h"

#include "abi/errno.h"
#include "abi/signal.h"
#include "lib/string.h"
#include "mm/user_copy.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "trap/syscall.h"

/* As on Linux, a longer name is cut. */
static long prctl_set_name(vaddr_t from)
{
	struct thread *thread = current_thread();
	char name[THREAD_NAME_LEN] = { 0 };

	if (user_copy_string(name, from, sizeof(name) - 1) == -EFAULT)
		return -EFAULT;
	spin_lock(&process_tree_lock);
	str_copy(thread->name, name, sizeof(thread->name));
	spin_unlock(&process_tree_lock);
	return 0;
}

static long prctl_get_name(vaddr_t to)
{
	char name[THREAD_NAME_LEN] = { 0 };

	str_copy(name, current_thread()->name, sizeof(name));
	return user_copy_out(to, name, sizeof(name));
}

static long set_death_signal(uint64_t sig)
{
	if (sig > NSIG)
		return -EINVAL;
	spin_lock(&process_tree_lock);
	current_process()->death_signal = (int)sig;
	spin_unlock(&process_tree_lock);
	return 0;
}

static long get_death_signal(vaddr_t to)
{
	int sig = current_process()->death_signal;

	return user_copy_out(to, &sig, sizeof(sig));
}

static long set_dumpable(uint64_t dumpable)
{
	if (dumpable > 1)
		return -EINVAL;
	atomic_store(&current_process()->uspace->undumpable, !dumpable);
	return 0;
}

/* What is not used must be 0. */
static bool unused(const struct trap_frame *frame, unsigned first)
{
	while (first <= 4 && !arg_u64(frame, first))
		first++;
	return first > 4;
}

static long set_no_new_privs(const struct trap_frame *frame)
{
	if (arg_u64(frame, 1) != 1 || !unused(frame, 2))
		return -EINVAL;
	current_process()->no_new_privs = true;
	return 0;
}

static long get_no_new_privs(const struct trap_frame *frame)
{
	return unused(frame, 1) ? current_process()->no_new_privs : -EINVAL;
}

long sys_prctl(struct trap_frame *frame)
{
	switch (arg_int(frame, 0)) {
	case PR_SET_PDEATHSIG:
		return set_death_signal(arg_u64(frame, 1));
	case PR_GET_PDEATHSIG:
		return get_death_signal(arg_user(frame, 1));
	case PR_GET_DUMPABLE:
		return !atomic_load(&current_process()->uspace->undumpable);
	case PR_SET_DUMPABLE:
		return set_dumpable(arg_u64(frame, 1));
	case PR_SET_NO_NEW_PRIVS:
		return set_no_new_privs(frame);
	case PR_GET_NO_NEW_PRIVS:
		return get_no_new_privs(frame);
	case PR_SET_NAME:
		return prctl_set_name(arg_user(frame, 1));
	case PR_GET_NAME:
		return prctl_get_name(arg_user(frame, 1));
	default:
		return -EINVAL;
	}
}
