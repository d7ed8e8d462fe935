/* System calls about processes: birth, images, ends, and what they know of themselves. */
#include "abi/resource.h"
#include "abi/utsname.h"
#include "abi/wait.h"
#include "lib/string.h"
#include "mm/object.h"
#include "mm/slab.h"
#include "mm/usercopy.h"
#include "proc/family.h"
#include "proc/fork.h"
#include "proc/job.h"
#include "proc/reap.h"
#include "proc/sched.h"
#include "trap/syscall.h"

#define ROBUST_LIST_HEAD_BYTES 24

long sys_clone(struct trap_frame *frame)
{
	struct clone_request request = {
		.flags = arg_uint(frame, 0), /* Linux looks at 32 bits */
		.stack = arg_user(frame, 1),
		.parent_tid = arg_user(frame, 2),
		.tls = arg_user(frame, 3),
		.child_tid = arg_user(frame, 4),
	};

	return process_clone(&request);
}

long sys_exit(struct trap_frame *frame)
{
	process_exit(ABI_W_EXITCODE(arg_int(frame, 0)));
}

long sys_wait4(struct trap_frame *frame)
{
	vaddr_t status_at = arg_user(frame, 1), rusage_at = arg_user(frame, 3);
	struct usage usage;
	struct abi_rusage rusage;
	int status;
	long pid = process_wait(arg_int(frame, 0), arg_uint(frame, 2), &status, &usage);

	/* The child is gone even where its status can't be told, as on Linux. */
	if (pid <= 0)
		return pid;
	if (status_at && user_copy_out(status_at, &status, sizeof(status)))
		return -EFAULT;
	if (!rusage_at)
		return pid;
	usage_to_rusage(&usage, &rusage);
	return user_copy_out(rusage_at, &rusage, sizeof(rusage)) ? -EFAULT : pid;
}

long sys_getpid(struct trap_frame *frame)
{
	return current_process()->pid;
}

long sys_gettid(struct trap_frame *frame)
{
	return current_process()->pid;
}

/* 0 for process 1, which has no parent. */
long sys_getppid(struct trap_frame *frame)
{
	struct process *parent;
	long pid;

	spin_lock(&family_lock);
	parent = current_process()->parent;
	pid = parent ? parent->pid : 0;
	spin_unlock(&family_lock);
	return pid;
}

long sys_setpgid(struct trap_frame *frame)
{
	return job_set_group(arg_int(frame, 0), arg_int(frame, 1));
}

long sys_getpgid(struct trap_frame *frame)
{
	return job_group_of(arg_int(frame, 0));
}

long sys_getsid(struct trap_frame *frame)
{
	return job_session_of(arg_int(frame, 0));
}

long sys_setsid(struct trap_frame *frame)
{
	return job_new_session();
}

/* All ids are 0. */
long sys_getuid(struct trap_frame *frame)
{
	return 0;
}

long sys_geteuid(struct trap_frame *frame)
{
	return 0;
}

long sys_getgid(struct trap_frame *frame)
{
	return 0;
}

long sys_getegid(struct trap_frame *frame)
{
	return 0;
}

long sys_set_tid_address(struct trap_frame *frame)
{
	struct process *process = current_process();

	process->clear_tid = arg_user(frame, 0);
	return process->pid;
}

/* Kept, and of no use before there are futexes. */
long sys_set_robust_list(struct trap_frame *frame)
{
	if (arg_u64(frame, 1) != ROBUST_LIST_HEAD_BYTES)
		return -EINVAL;
	current_process()->robust_list = arg_user(frame, 0);
	return 0;
}

long sys_getrusage(struct trap_frame *frame)
{
	struct process *process = current_process();
	struct abi_rusage rusage;
	struct usage usage;

	switch (arg_int(frame, 0)) {
	case RUSAGE_SELF:
	case RUSAGE_THREAD:
		usage = usage_current();
		break;
	case RUSAGE_CHILDREN:
		usage = process->children_usage;
		break;
	default:
		return -EINVAL;
	}
	usage_to_rusage(&usage, &rusage);
	return user_copy_out(arg_user(frame, 1), &rusage, sizeof(rusage));
}

long sys_sched_yield(struct trap_frame *frame)
{
	sched_yield();
	return 0;
}

long sys_uname(struct trap_frame *frame)
{
	static const struct abi_utsname name = {
		.sysname = "Linux",
		.nodename = "faultline",
		.release = "6.12.0-faultline",
		.version = "Faultline",
		.machine = "riscv64",
		.domainname = "(none)",
	};

	return user_copy_out(arg_user(frame, 0), &name, sizeof(name));
}
