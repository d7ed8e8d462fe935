/* SPDX-License-Identifier: MIT */
/* System calls on processes: clone, exec, exit, wait, process groups, limits, and identity. */
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/prctl.h"
#include "abi/reboot.h"
#include "abi/resource.h"
#include "abi/sched.h"
#include "abi/signal.h"
#include "abi/uio.h"
#include "abi/wait.h"
#include "desc/fdtable.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "lib/string.h"
#include "linux/fs/dev/random.h"
#include "linux/fs/file/pidfd.h"
#include "linux/fs/vfs/namespace.h"
#include "linux/fs/vfs/open.h"
#include "linux/fs/vfs/process_fs.h"
#include "linux/job/ctty.h"
#include "linux/job/pgrp.h"
#include "linux/process/cred.h"
#include "linux/process/exec.h"
#include "linux/process/exit.h"
#include "linux/process/fork.h"
#include "linux/process/inspect.h"
#include "linux/process/limits.h"
#include "linux/process/linux_process.h"
#include "linux/process/process_ops.h"
#include "linux/process/reap.h"
#include "linux/process/task.h"
#include "linux/process/user.h"
#include "linux/process/uts.h"
#include "linux/signal/send.h"
#include "linux/signal/signal.h"
#include "linux/sys/at_path.h"
#include "linux/sys/calls.h"
#include "linux/sys/versioned.h"
#include "linux/time/cpu_limit.h"
#include "mm/fault/user_copy.h"
#include "mm/object/object.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "trap/arg_file.h"
#include "linux/process/thread_id.h"
#include "linux/fs/file/descriptors.h"

long sys_clone(struct trap_frame *frame)
{
	struct clone_request request = {
		.flags = arg_uint(frame, 0), /* Linux uses 32 bits */
		.stack = arg_user(frame, 1),
		.parent_tid = arg_user(frame, 2),
		.pidfd = arg_user(frame, 2),
		.tls = arg_user(frame, 3),
		.child_tid = arg_user(frame, 4),
	};

	return process_clone(&request);
}

static long read_clone_args(vaddr_t at, uint64_t size, struct abi_clone_args *args)
{
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	return arg_versioned(args, sizeof(*args), at, size);
}

#define CLONE3_FLAGS (0xffffffffull | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP)

/* As on Linux: a process has a pid in one space only. CLONE_NEWTIME has a bit of the exit signal of clone. */
static long check_clone_args(const struct abi_clone_args *args)
{
	if (args->set_tid_size > 1 || (!args->set_tid) != (!args->set_tid_size) ||
	    args->exit_signal > NSIG)
		return -EINVAL;
	if (args->flags & ~CLONE3_FLAGS || args->flags & (CLONE_DETACHED | CSIGNAL) ||
	    (args->flags & CLONE_SIGHAND && args->flags & CLONE_CLEAR_SIGHAND) ||
	    (args->flags & (CLONE_THREAD | CLONE_PARENT) && args->exit_signal))
		return -EINVAL;
	if (!args->stack != !args->stack_size ||
	    (args->stack && check_user_range(args->stack, args->stack_size)))
		return -EINVAL;
	return args->set_tid || args->flags & CLONE_INTO_CGROUP ? -ENOSYS : 0;
}

static long clone3(struct trap_frame *frame)
{
	struct clone_request request;
	struct abi_clone_args args;
	long id = read_clone_args(arg_user(frame, 0), arg_u64(frame, 1), &args);

	if (id == 0)
		id = check_clone_args(&args);
	if (id)
		return id;
	request = (struct clone_request){
		.flags = (args.flags & 0xffffffff) | args.exit_signal,
		.clear_handlers = args.flags & CLONE_CLEAR_SIGHAND,
		.stack = args.stack + args.stack_size,
		.parent_tid = args.parent_tid,
		.pidfd = args.pidfd,
		.tls = args.tls,
		.child_tid = args.child_tid,
	};
	return process_clone(&request);
}

/*
 * The frame has all registers only in clone, which is one of the fastest calls to tell, and on the way
 * to user mode: there the child is made. Meanwhile the first argument stays where the result will be.
 */
long sys_clone3(struct trap_frame *frame)
{
	struct thread *thread = current_thread();

	thread->late_call = clone3;
	__atomic_fetch_or(&thread->arch.work, ARCH_WORK_CALL, __ATOMIC_RELAXED);
	return (long)arg_u64(frame, 0);
}

/* Of these no process can get a copy: unshare only succeeds where nothing is shared. */
#define UNSHARE_PROCESS (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)
#define UNSHARE_FLAGS	(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | UNSHARE_PROCESS)

/* Does the process share what these flags name with no other thread or process? */
static bool shares_none(const struct process *process, uint64_t flags)
{
	if (atomic_load_relaxed(&process->nextra) > 0)
		return false;
	if (flags & (CLONE_SIGHAND | CLONE_VM) &&
	    signals_share_actions(&linux_process(process)->signals))
		return false;
	return !(flags & CLONE_VM) || !refcount_is_shared(&process->uspace->refs);
}

/* A process with several threads shares its undo list with them, and keeps sharing it. */
static void unshare_semaphores(struct process *process)
{
	if (atomic_load_relaxed(&process->nextra) == 0 && linux_process(process)->sem_undo)
		process_sem->exit(process);
}

long sys_unshare(struct trap_frame *frame)
{
	uint64_t flags = arg_u64(frame, 0);
	int err;

	if (flags & ~(uint64_t)(UNSHARE_FLAGS | CLONE_NAMESPACES))
		return -EINVAL;
	if (flags & UNSHARE_PROCESS && !shares_none(current_process(), flags))
		return -EINVAL;
	err = clone_refuse_namespaces(flags);
	if (err)
		return err;
	err = process_unshare((flags & CLONE_FILES) != 0, (flags & CLONE_FS) != 0);
	if (err == 0 && flags & CLONE_SYSVSEM)
		unshare_semaphores(current_process());
	return err;
}

/* Those of a process, of which any may be meant. */
static int join_those_of(const struct thread_id *id, unsigned flags)
{
	struct process_facts facts;

	if (flags == 0 || flags & ~(unsigned)CLONE_NAMESPACES)
		return -EINVAL;
	if (inspect_facts(id, &facts) != 0 || facts.state == 'Z')
		return -ESRCH;
	return inspect_may_attach(id) ? namespace_join(flags) : -EPERM;
}

/* All have the same namespaces: joining one again changes hardly anything. */
long sys_setns(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	unsigned flags = arg_uint(frame, 1);
	const struct namespace *ns;
	const struct thread_id *id;
	int err = -EINVAL;

	if (!file)
		return -EBADF;
	ns = namespace_of(file);
	id = pidfd_id(file);
	if (ns && (flags == 0 || flags == ns->flag))
		err = namespace_join(ns->flag);
	else if (id)
		err = join_those_of(id, flags);
	file_put(file);
	return err;
}

long sys_vhangup(struct trap_frame *frame)
{
	(void)frame;
	return ctty_hang_up_own();
}

/* A process that has been killed frees its memory itself, as soon as it runs: no other thread has to do it in its place. */
long sys_process_mrelease(struct trap_frame *frame)
{
	const struct thread_id *id;
	struct file *file;
	int err = -EBADF;

	if (arg_uint(frame, 1) != 0)
		return -EINVAL;
	file = arg_file(frame, 0);
	if (!file)
		return -EBADF;
	id = pidfd_id(file);
	if (id)
		err = inspect_is_ending(id);
	file_put(file);
	return err;
}

static bool is_reboot_magic(const struct trap_frame *frame)
{
	unsigned second = arg_uint(frame, 1);

	return arg_uint(frame, 0) == REBOOT_MAGIC1 &&
	       (second == REBOOT_MAGIC2 || second == REBOOT_MAGIC2A || second == REBOOT_MAGIC2B ||
		second == REBOOT_MAGIC2C);
}

/* The machine ends with its program, as its runner has asked for; nothing else ends it. */
long sys_reboot(struct trap_frame *frame)
{
	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	if (!is_reboot_magic(frame))
		return -EINVAL;
	switch (arg_uint(frame, 2)) {
	case REBOOT_CMD_CAD_OFF:
	case REBOOT_CMD_CAD_ON: /* there are no such keys */
		return 0;
	case REBOOT_CMD_RESTART:
	case REBOOT_CMD_HALT:
	case REBOOT_CMD_POWER_OFF:
		return -EPERM;
	default:
		return -EINVAL;
	}
}

long sys_exit(struct trap_frame *frame)
{
	thread_exit(ABI_W_EXITCODE(arg_int(frame, 0)));
}

long sys_exit_group(struct trap_frame *frame)
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

	/* As on Linux, the child has been reaped even if its status cannot be copied out. */
	if (pid <= 0)
		return pid;
	if (status_at && user_copy_out(status_at, &status, sizeof(status)))
		return -EFAULT;
	if (!rusage_at)
		return pid;
	usage_to_rusage(&usage, &rusage);
	return user_copy_out(rusage_at, &rusage, sizeof(rusage)) ? -EFAULT : pid;
}

#define WAITID_EVENTS  (WEXITED | WSTOPPED | WCONTINUED)
#define WAITID_OPTIONS (WAITID_EVENTS | WNOHANG | WNOWAIT | __WNOTHREAD | __WCLONE | __WALL)

/* As on Linux, a child of one that does not wait is EAGAIN as long as it has not ended. */
static long waitid_pidfd(int fd, struct wait_for *wanted, struct child_event *event)
{
	struct file *file = fdtable_get(current_thread()->fdtable, fd);
	const struct thread_id *id = file ? pidfd_id(file) : NULL;
	bool waits = !(wanted->options & WNOHANG), nonblock;
	long found;

	if (id) {
		wanted->pid = id->tid;
		wanted->birth = id->process.birth;
	}
	nonblock = file && file->flags & O_NONBLOCK;
	if (file)
		file_put(file);
	if (!id)
		return -EBADF;
	if (nonblock)
		wanted->options |= WNOHANG;
	found = process_wait_for(wanted, event);
	return found == 0 && waits ? -EAGAIN : found;
}

static long waitid(int which, int id, unsigned options, bool usage, struct child_event *event)
{
	struct wait_for wanted = {
		.pid = WAIT_ANY, .group = WAIT_ANY, .options = options, .usage = usage
	};

	if (options & ~WAITID_OPTIONS || !(options & WAITID_EVENTS))
		return -EINVAL;
	switch (which) {
	case P_ALL:
		break;
	case P_PID:
		if (id <= 0)
			return -EINVAL;
		wanted.pid = id;
		break;
	case P_PGID:
		if (id < 0)
			return -EINVAL;
		wanted.group = id ?: pgrp_own();
		break;
	case P_PIDFD:
		return id < 0 ? -EINVAL : waitid_pidfd(id, &wanted, event);
	default:
		return -EINVAL;
	}
	return process_wait_for(&wanted, event);
}

/* Makes the same siginfo that SIGCHLD has. */
static struct abi_siginfo child_event_info(const struct child_event *event)
{
	struct abi_siginfo info = { .si_signo = SIGCHLD };
	int status = event->status;

	info.u.child.pid = event->pid;
	info.u.child.uid = event->uid;
	if (WIFCONTINUED(status)) {
		info.si_code = CLD_CONTINUED;
		info.u.child.status = SIGCONT;
	} else if (WIFSTOPPED(status)) {
		info.si_code = event->trapped ? CLD_TRAPPED : CLD_STOPPED;
		info.u.child.status = status >> 8;
	} else if (WIFEXITED(status)) {
		info.si_code = CLD_EXITED;
		info.u.child.status = WEXITSTATUS(status);
	} else {
		info.si_code = WCOREDUMP(status) ? CLD_DUMPED : CLD_KILLED;
		info.u.child.status = WTERMSIG(status);
	}
	return info;
}

/* As on Linux, writes only these fields of siginfo_t: 0 without an event or after an error. */
static int put_info(vaddr_t at, const struct abi_siginfo *info)
{
	size_t child = offsetof(struct abi_siginfo, u.child);
	int err = user_copy_out(at, info, offsetof(struct abi_siginfo, pad));

	return err
		       ?: user_copy_out(at + child, &info->u.child,
					offsetof(struct abi_siginfo, u.child.pad) - child);
}

long sys_waitid(struct trap_frame *frame)
{
	vaddr_t info_at = arg_user(frame, 2), rusage_at = arg_user(frame, 4);
	struct abi_siginfo info = { 0 };
	struct abi_rusage rusage;
	struct child_event event;
	long err = waitid(arg_int(frame, 0), arg_int(frame, 1), arg_uint(frame, 3), rusage_at != 0,
			  &event);

	if (err > 0) {
		err = 0;
		info = child_event_info(&event);
		usage_to_rusage(&event.usage, &rusage);
		if (rusage_at && user_copy_out(rusage_at, &rusage, sizeof(rusage)))
			return -EFAULT;
	}
	if (info_at && put_info(info_at, &info))
		return -EFAULT;
	return err;
}

/* Returns 0 to process 1, which has no parent. */
long sys_getppid(struct trap_frame *frame)
{
	struct process *parent;
	long pid;

	spin_lock(&process_tree_lock);
	parent = current_process()->parent;
	pid = parent ? parent->pid : 0;
	spin_unlock(&process_tree_lock);
	return pid;
}

long sys_setpgid(struct trap_frame *frame)
{
	return pgrp_set(arg_int(frame, 0), arg_int(frame, 1));
}

long sys_getpgid(struct trap_frame *frame)
{
	return pgrp_of(arg_int(frame, 0));
}

long sys_getsid(struct trap_frame *frame)
{
	return session_of(arg_int(frame, 0));
}

long sys_setsid(struct trap_frame *frame)
{
	return session_create();
}

long sys_getrusage(struct trap_frame *frame)
{
	struct abi_rusage rusage;
	struct usage usage = { 0 };

	switch (arg_int(frame, 0)) {
	case RUSAGE_SELF:
		usage_current(&usage);
		break;
	case RUSAGE_THREAD:
		usage_add_thread(&usage, current_thread());
		usage.minor_faults = current_thread()->minor_faults;
		usage.major_faults = current_thread()->major_faults;
		space_count(current_space());
		usage.peak_pages = current_space()->stats.peak_resident;
		break;
	case RUSAGE_CHILDREN:
		usage = usage_children();
		break;
	default:
		return -EINVAL;
	}
	usage_to_rusage(&usage, &rusage);
	return user_copy_out(arg_user(frame, 1), &rusage, sizeof(rusage));
}

/* Returns the old mask. Only the permission bits of the new one count. */
long sys_umask(struct trap_frame *frame)
{
	return (long)process_set_umask(arg_uint(frame, 0) & 0777);
}

long sys_uname(struct trap_frame *frame)
{
	struct abi_utsname name;

	uts_read(&name);
	if (unlikely(current_task()->personality & UNAME26))
		str_copy(name.release, UTS_RELEASE_26, sizeof(name.release));
	return user_copy_out(arg_user(frame, 0), &name, sizeof(name));
}

static long set_uts_name(const struct trap_frame *frame, void (*set)(const char *name, size_t len))
{
	char name[ABI_UTS_LEN];
	int len = arg_int(frame, 1);

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len >= ABI_UTS_LEN)
		return -EINVAL;
	if (user_copy_in(name, arg_user(frame, 0), (size_t)len))
		return -EFAULT;
	set(name, (size_t)len);
	return 0;
}

long sys_sethostname(struct trap_frame *frame)
{
	return set_uts_name(frame, uts_set_hostname);
}

long sys_setdomainname(struct trap_frame *frame)
{
	return set_uts_name(frame, uts_set_domainname);
}

/* An image that was found for execve or execveat. */
struct found_image {
	struct object *object; /* by object_use() */
	char *path;
	const char *filename; /* for AT_EXECFN and comm */
	bool by_descriptor;   /* alone: no path came with it */
	bool unreachable;     /* the new program cannot open `filename` */
};

/*
 * RLIMIT_NPROC, once more for those that have become a user of too many processes: as on Linux it is exec that fails,
 * and who may go on is not asked again.
 */
static int exec_check_tasks(void)
{
	struct thread *thread = current_thread();

	if (likely(!task_of(thread)->exceeds_tasks))
		return 0;
	if (user_exceeds_tasks(task_of(thread)->real_cred->user))
		return -EAGAIN;
	task_of(thread)->exceeds_tasks = false;
	return 0;
}

/* argv and envp are in arguments n and n + 1. Gives the image back. */
static int run(const struct trap_frame *frame, unsigned n, const struct found_image *image)
{
	struct exec_args args;
	int err;

	exec_args_init(&args, image->filename, process_limit(current_process(), RLIMIT_STACK));
	args.by_descriptor = image->by_descriptor;
	args.unreachable = image->unreachable;
	err = exec_args_copy_argv(&args, arg_user(frame, n));
	if (!err)
		err = exec_args_copy_envp(&args, arg_user(frame, n + 1));
	if (!err)
		err = exec_image(image->object, image->path, &args);
	exec_args_destroy(&args);
	object_unuse(image->object);
	kfree(image->path);
	return err;
}

long sys_execve(struct trap_frame *frame)
{
	struct found_image image = { 0 };
	struct at_path at;
	int err = cwd_path_get(frame, 0, &at);

	if (err)
		return err;
	err = exec_check_tasks();
	if (!err)
		err = fs_open_exec(at.dir, at.path, true, &image.object, &image.path);
	image.filename = at.path;
	if (!err)
		err = run(frame, 1, &image);
	at_path_put(&at);
	return err;
}

/* What a program that was found by a descriptor is called, as on Linux. The caller frees it. */
static char *descriptor_name(int fd, const char *path)
{
	const size_t size = sizeof("/dev/fd/-2147483648/") + strlen(path);
	char *name = mem_wait_kmalloc(size);

	if (name)
		ksnprintf(name, size, "/dev/fd/%d%s%s", fd, *path ? "/" : "", path);
	return name;
}

long sys_execveat(struct trap_frame *frame)
{
	int fd = arg_int(frame, 0);
	unsigned flags = arg_uint(frame, 4);
	bool relative; /* to a descriptor */
	struct found_image image = { 0 };
	struct at_path at;
	char *name = NULL;
	int err;

	err = at_path_get(frame, 0, flags & AT_EMPTY_PATH ? PATH_MAY_BE_EMPTY : PATH_NAMES, &at);
	if (err)
		return err;
	relative = fd != AT_FDCWD && at.path[0] != '/';
	if (relative)
		name = descriptor_name(fd, at.path);
	image.filename = relative ? name : at.path;
	image.by_descriptor = at.path[0] == '\0';
	image.unreachable = relative && fdtable_cloexec(current_thread()->fdtable, fd) > 0;
	err = exec_check_tasks();
	if (relative && !name)
		err = -ENOMEM;
	else if (!err && flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		err = -EINVAL;
	else if (!err && image.by_descriptor)
		err = fs_open_exec_file(at.dir, &image.object, &image.path);
	else if (!err)
		err = fs_open_exec(at.dir, at.path, !(flags & AT_SYMLINK_NOFOLLOW), &image.object,
				   &image.path);
	if (!err)
		err = run(frame, 2, &image);
	kfree(name);
	at_path_put(&at);
	return err;
}

/* As Linux checks them, once the process is known. */
static long check_rlimit(unsigned resource, const struct abi_rlimit64 *new)
{
	if (resource >= RLIM_NLIMITS || (new &&new->cur > new->max))
		return -EINVAL;
	return new &&resource == RLIMIT_NOFILE &&new->max > NOFILE_MAX ? -EPERM : 0;
}

/* Gets the limits of a process, and then sets `new` if it is not NULL. Call with process_tree_lock held. */
static long change_limit(struct process *process, unsigned resource, const struct abi_rlimit64 *new,
			 struct abi_rlimit64 *old_ret)
{
	long err = check_rlimit(resource, new);

	if (!err && !new)
		process_get_limit(process, resource, old_ret);
	else if (!err)
		err = process_set_limit(process, resource, new, capable(CAP_SYS_RESOURCE), old_ret);
	if (!err && new &&resource == RLIMIT_CPU && process->state == PROCESS_ALIVE)
		cpu_limit_begin(process);
	return err;
}

/* The id is any thread's: 0, the running one's. */
static long limit_of(int tid, unsigned resource, const struct abi_rlimit64 *new,
		     struct abi_rlimit64 *old_ret)
{
	struct thread *thread;
	long err = -ESRCH;

	spin_lock(&process_tree_lock);
	thread = tid ? thread_find(tid) : current_thread();
	if (thread && thread != current_thread() && !cred_may_limit(task_of(thread)->real_cred))
		err = -EPERM;
	else if (thread)
		err = change_limit(thread->process, resource, new, old_ret);
	spin_unlock(&process_tree_lock);
	return err;
}

long sys_prlimit64(struct trap_frame *frame)
{
	vaddr_t new_at = arg_user(frame, 2), old_at = arg_user(frame, 3);
	struct abi_rlimit64 new, old;
	long err;

	if (new_at && user_copy_in(&new, new_at, sizeof(new)))
		return -EFAULT;
	err = limit_of(arg_int(frame, 0), arg_uint(frame, 1), new_at ? &new : NULL, &old);
	if (err)
		return err;
	return old_at ? user_copy_out(old_at, &old, sizeof(old)) : 0;
}

long sys_getrlimit(struct trap_frame *frame)
{
	unsigned resource = arg_uint(frame, 0);
	struct abi_rlimit64 limit;

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	process_get_limit(current_process(), resource, &limit);
	return user_copy_out(arg_user(frame, 1), &limit, sizeof(limit));
}

long sys_setrlimit(struct trap_frame *frame)
{
	struct abi_rlimit64 new, old;

	if (user_copy_in(&new, arg_user(frame, 1), sizeof(new)))
		return -EFAULT;
	return limit_of(0, arg_uint(frame, 0), &new, &old);
}

long sys_getrandom(struct trap_frame *frame)
{
	size_t n = MIN(arg_u64(frame, 1), (uint64_t)ABI_RW_MAX);
	struct user_iter to = user_iter_one(arg_user(frame, 0), n);
	unsigned flags = arg_uint(frame, 2);

	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if ((flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if (check_user_range(to.base, n))
		return -EFAULT;
	return random_give(&to);
}
