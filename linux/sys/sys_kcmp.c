/* SPDX-License-Identifier: MIT */
/* kcmp: whether two processes share something, and an order of what they do not. */
#include "abi/kcmp.h"

#include "abi/errno.h"
#include "base/random.h"
#include "desc/epoll.h"
#include "desc/fdtable.h"
#include "linux/process/cred.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "linux/sys/calls.h"
#include "mm/fault/user_copy.h"
#include "proc/pid.h"

enum { EQUAL, LESS, GREATER };

/* An order that does not tell addresses: as on Linux, of these, changed and multiplied by an odd number. */
static long compare(const void *a, const void *b)
{
	static uint64_t secret; /* atomic; 0: none is chosen yet */
	uint64_t random, none = 0, x, y;

	if (!atomic_load(&secret)) {
		random_bytes(&random, sizeof(random));
		(void)__atomic_compare_exchange_n(&secret, &none, random | 1, false,
						  __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	}
	x = ((uint64_t)(uintptr_t)a ^ secret) * secret;
	y = ((uint64_t)(uintptr_t)b ^ secret) * secret;
	return x == y ? EQUAL : x < y ? LESS : GREATER;
}

/* Finds both threads. Returns 0, -ESRCH or -EPERM. Call with process_tree_lock held. */
static int find_both(const struct trap_frame *frame, struct thread **ret)
{
	for (unsigned i = 0; i < 2; i++)
		ret[i] = thread_find(arg_int(frame, i));
	if (!ret[0] || !ret[1])
		return -ESRCH;
	return ptrace_may_access(ret[0]) && ptrace_may_access(ret[1]) ? 0 : -EPERM;
}

/* What is compared of one; for those that have none, NULL. Of requests (KCMP_IO) no thread has anything. */
static const void *what_of(int type, const struct thread *thread)
{
	const struct process *process = thread->process;

	switch (type) {
	case KCMP_VM:
		return process->uspace;
	case KCMP_FILES:
		return thread->fdtable;
	case KCMP_FS:
		return task_of(thread)->fs;
	case KCMP_SIGHAND:
		return linux_process(process)->signals.actions ?: (const void *)process;
	case KCMP_SYSVSEM:
		return atomic_load_relaxed(&linux_process(process)->sem_undo);
	default:
		return NULL;
	}
}

/* The file of a descriptor of a thread, with a reference; NULL: there is none. Call with process_tree_lock held. */
static struct file *file_of(const struct thread *thread, uint64_t fd)
{
	return thread->fdtable && fd <= INT32_MAX ? fdtable_get_any(thread->fdtable, (int)fd)
						  : NULL;
}

/* Gets the files of two descriptors. Returns 0, -EBADF, or an error of find_both(). */
static int get_files(const struct trap_frame *frame, uint64_t first, uint64_t second,
		     struct file **ret)
{
	struct thread *threads[2];
	int err;

	spin_lock(&process_tree_lock);
	err = find_both(frame, threads);
	if (!err) {
		ret[0] = file_of(threads[0], first);
		ret[1] = file_of(threads[1], second);
	}
	spin_unlock(&process_tree_lock);
	if (err || (ret[0] && ret[1]))
		return err;
	for (unsigned i = 0; i < 2; i++)
		if (ret[i])
			file_put(ret[i]);
	return -EBADF;
}

static long compare_files(const struct trap_frame *frame)
{
	struct file *files[2];
	long result = get_files(frame, arg_u64(frame, 3), arg_u64(frame, 4), files);

	if (result)
		return result;
	result = compare(files[0], files[1]);
	file_put(files[0]);
	file_put(files[1]);
	return result;
}

static long compare_watched(const struct trap_frame *frame)
{
	struct abi_kcmp_epoll_slot slot;
	const void *watched;
	struct file *files[2];
	long result;

	if (user_copy_in(&slot, arg_user(frame, 4), sizeof(slot)))
		return -EFAULT;
	result = get_files(frame, arg_u64(frame, 3), slot.efd, files);
	if (result)
		return result;
	result = file_is_epoll(files[1]) ? -ENOENT : -EINVAL;
	watched = result == -ENOENT ? epoll_watched(files[1], (int)slot.tfd, slot.toff) : NULL;
	if (watched)
		result = compare(files[0], watched);
	file_put(files[0]);
	file_put(files[1]);
	return result;
}

long sys_kcmp(struct trap_frame *frame)
{
	struct thread *threads[2];
	int type = arg_int(frame, 2);
	long result;

	spin_lock(&process_tree_lock);
	result = find_both(frame, threads);
	if (!result && type > KCMP_FILE && type < KCMP_EPOLL_TFD)
		result = compare(what_of(type, threads[0]), what_of(type, threads[1]));
	spin_unlock(&process_tree_lock);
	if (result || (type > KCMP_FILE && type < KCMP_EPOLL_TFD))
		return result;
	if (type == KCMP_FILE)
		return compare_files(frame);
	return type == KCMP_EPOLL_TFD ? compare_watched(frame) : -EINVAL;
}
