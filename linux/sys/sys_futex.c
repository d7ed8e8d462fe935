/* SPDX-License-Identifier: MIT */
/* System calls on futexes, robust lists and restartable sequences. */
#include "abi/futex.h"

#include "base/clock.h"
#include "lib/bits.h"
#include "linux/process/cred.h"
#include "linux/process/futex_any.h"
#include "linux/process/rseq.h"
#include "linux/process/task.h"
#include "linux/sys/calls.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "proc/futex.h"
#include "proc/mem_wait.h"
#include "proc/pid.h"
#include "trap/futex_call.h"
#include "trap/timespec.h"

static long wait_again(struct trap_frame *frame);

/* A timed wait that a signal interrupts resumes with its old deadline, unless a handler ran. */
static long make_restartable(const struct trap_frame *frame, struct futex_timeout *timeout)
{
	struct thread *thread = current_thread();
	long result = futex_make(frame, timeout);

	if (result == -EINTR && timeout->is_there) {
		thread->restart = RESTART_SLEEP;
		task_of(thread)->restart_call = wait_again;
		task_of(thread)->sleep_until_ns = timeout->until_ns;
	}
	return result;
}

/* Repeats an interrupted wait that had a timeout; see sys_restart_syscall(). */
static long wait_again(struct trap_frame *frame)
{
	struct futex_timeout timeout = { true, current_task()->sleep_until_ns };

	return make_restartable(frame, &timeout);
}

static __attribute__((noinline)) long other_command(struct trap_frame *frame)
{
	struct futex_timeout timeout = { 0 };

	return make_restartable(frame, &timeout);
}

/* The command that programs use most has few arguments, and often wakes no thread. */
long sys_futex(struct trap_frame *frame)
{
	int op = arg_int(frame, 1), err;
	struct futex_word word = { .at = arg_user(frame, 0), .shared = !(op & FUTEX_PRIVATE_FLAG) };

	if ((op & ~FUTEX_PRIVATE_FLAG) != FUTEX_WAKE)
		return other_command(frame);
	err = futex_check_word(word);
	return err ? err
		   : futex_wake(word, futex_count(arg_uint(frame, 2)), FUTEX_BITSET_MATCH_ANY);
}

/* ---- futex_waitv ---- */

/* The timeout is absolute. Without one, the clock does not matter. */
static int read_deadline(vaddr_t at, int clock, struct deadline *deadline_ret)
{
	uint64_t ns;
	int err;

	if (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME)
		return -EINVAL;
	err = timespec_read(at, &ns);
	if (err)
		return err;
	*deadline_ret = futex_deadline(clock == CLOCK_REALTIME, ns);
	return 0;
}

/* As on Linux, words of other sizes, and those of a NUMA node, are not implemented. */
static bool are_flags(unsigned flags)
{
	return !(flags & ~(FUTEX2_SIZE_MASK | FUTEX2_PRIVATE)) &&
	       (flags & FUTEX2_SIZE_MASK) == FUTEX2_SIZE_U32;
}

static int read_expected(struct futex_expected *to, vaddr_t from, unsigned n)
{
	struct abi_futex_waitv entry;

	for (unsigned i = 0; i < n; i++) {
		if (user_copy_in(&entry, from + i * sizeof(entry), sizeof(entry)))
			return -EFAULT;
		if (!are_flags(entry.flags) || entry.reserved || entry.val >> 32)
			return -EINVAL;
		to[i].word.at = entry.uaddr;
		to[i].word.shared = !(entry.flags & FUTEX2_PRIVATE);
		to[i].value = (uint32_t)entry.val;
	}
	return 0;
}

/* As the timeout is absolute, a call that a signal interrupts can begin anew. */
long sys_futex_waitv(struct trap_frame *frame)
{
	vaddr_t from = arg_user(frame, 0), timeout_at = arg_user(frame, 3);
	unsigned n = arg_uint(frame, 1);
	struct futex_expected *expected;
	struct deadline deadline;
	int result = 0;

	if (arg_uint(frame, 2) != 0 || n == 0 || n > FUTEX_WAITV_MAX || !from)
		return -EINVAL;
	if (timeout_at)
		result = read_deadline(timeout_at, arg_int(frame, 4), &deadline);
	if (result)
		return result;
	expected = mem_wait_kmalloc(n * sizeof(*expected));
	if (!expected)
		return -ENOMEM;
	result = read_expected(expected, from, n);
	if (!result)
		result = futex_wait_any(expected, n, timeout_at ? &deadline : NULL);
	kfree(expected);
	return result;
}

/* ---- futex_wake, futex_wait, futex_requeue: one command of futex each, with the words of futex_waitv ---- */

static struct futex_word word_of(const struct trap_frame *frame, unsigned flags)
{
	return (struct futex_word){ .at = arg_user(frame, 0), .shared = !(flags & FUTEX2_PRIVATE) };
}

/* A wake of no thread still takes a word that others could sleep on. */
static long wake_none(struct futex_word word)
{
	uint32_t value;

	return word.shared && user_copy_in(&value, word.at, sizeof(value)) ? -EFAULT : 0;
}

long sys_futex_wake(struct trap_frame *frame)
{
	uint64_t bits = arg_u64(frame, 1);
	int count = arg_int(frame, 2), err;
	unsigned flags = arg_uint(frame, 3);
	struct futex_word word = word_of(frame, flags);

	if (!are_flags(flags) || bits == 0 || bits >> 32)
		return -EINVAL;
	err = futex_check_word(word);
	if (err)
		return err;
	return count == 0 ? wake_none(word)
			  : futex_wake(word, futex_count((uint32_t)count), (uint32_t)bits);
}

/* As the timeout is absolute, a call that a signal interrupts can begin anew. */
long sys_futex_wait(struct trap_frame *frame)
{
	uint64_t value = arg_u64(frame, 1), bits = arg_u64(frame, 2);
	unsigned flags = arg_uint(frame, 3);
	vaddr_t timeout_at = arg_user(frame, 4);
	struct futex_word word = word_of(frame, flags);
	struct deadline deadline;
	int err = 0;

	if (!are_flags(flags) || value >> 32 || bits >> 32)
		return -EINVAL;
	if (timeout_at)
		err = read_deadline(timeout_at, arg_int(frame, 5), &deadline);
	if (err)
		return err;
	if (bits == 0)
		return -EINVAL;
	err = futex_check_word(word);
	return err ? err
		   : futex_wait(word, (uint32_t)value, (uint32_t)bits,
				timeout_at ? &deadline : NULL);
}

/* As on Linux, both words have to be of one kind. */
long sys_futex_requeue(struct trap_frame *frame)
{
	vaddr_t from = arg_user(frame, 0);
	int wakes = arg_int(frame, 2), moves = arg_int(frame, 3), err;
	struct futex_expected words[2];

	if (arg_uint(frame, 1) != 0 || !from)
		return -EINVAL;
	err = read_expected(words, from, ARRAY_SIZE(words));
	if (err)
		return err;
	if (words[0].word.shared != words[1].word.shared || wakes < 0 || moves < 0)
		return -EINVAL;
	err = futex_check_word(words[0].word) ?: futex_check_word(words[1].word);
	return err ? err
		   : futex_requeue(words[0].word, words[1].word, (unsigned)wakes, (unsigned)moves,
				   &words[0].value);
}

/* ---- robust lists ---- */

long sys_set_robust_list(struct trap_frame *frame)
{
	if (arg_u64(frame, 1) != sizeof(struct abi_robust_list_head))
		return -EINVAL;
	current_task()->robust_list = arg_user(frame, 0);
	return 0;
}

long sys_rseq(struct trap_frame *frame)
{
	return rseq_register(arg_user(frame, 0), arg_uint(frame, 1), arg_uint(frame, 2),
			     arg_uint(frame, 3));
}

/* tid 0 is the running thread. */
static int robust_list_of(int tid, uint64_t *list_ret)
{
	const struct thread *thread;
	int err;

	if (tid == 0) {
		*list_ret = current_task()->robust_list;
		return 0;
	}
	spin_lock(&process_tree_lock);
	thread = thread_find(tid);
	err = !thread ? -ESRCH : ptrace_may_attach(thread) ? 0 : -EPERM;
	if (!err)
		*list_ret = atomic_load_relaxed(&task_of(thread)->robust_list);
	spin_unlock(&process_tree_lock);
	return err;
}

long sys_get_robust_list(struct trap_frame *frame)
{
	const uint64_t size = sizeof(struct abi_robust_list_head);
	uint64_t list;
	int err = robust_list_of(arg_int(frame, 0), &list);

	if (err)
		return err;
	if (user_copy_out(arg_user(frame, 2), &size, sizeof(size)) ||
	    user_copy_out(arg_user(frame, 1), &list, sizeof(list)))
		return -EFAULT;
	return 0;
}
