/* SPDX-License-Identifier: MIT */
/* System calls on futexes, robust lists and restartable sequences. */
#include "abi/futex.h"

#include "base/clock.h"
#include "lib/bits.h"
#include "linux/process/cred.h"
#include "linux/process/futex_any.h"
#include "linux/process/futex_pi.h"
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

/* ---- locks with priority inheritance ---- */

static struct futex_word first_word(const struct trap_frame *frame)
{
	bool shared = !(arg_int(frame, 1) & FUTEX_PRIVATE_FLAG);

	return (struct futex_word){ .at = arg_user(frame, 0), .shared = shared };
}

static bool has_timeout(int command)
{
	return command == FUTEX_LOCK_PI || command == FUTEX_LOCK_PI2 ||
	       command == FUTEX_WAIT_REQUEUE_PI;
}

static long requeue_to_lock(struct trap_frame *frame, struct futex_word word,
			    struct futex_word lock)
{
	int wakes = arg_int(frame, 2), moves = arg_int(frame, 3);

	/* One is woken if the lock is free, and it cannot be more. */
	if (wakes != 1 || moves < 0)
		return -EINVAL;
	return futex_pi_requeue(word, lock, (unsigned)moves, arg_uint(frame, 5));
}

static long make_lock(struct trap_frame *frame, struct futex_word word,
		      const struct deadline *deadline)
{
	struct futex_word second = { .at = arg_user(frame, 4), .shared = word.shared };

	switch (arg_int(frame, 1) & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)) {
	case FUTEX_TRYLOCK_PI:
		return futex_pi_lock(word, true, NULL);
	case FUTEX_UNLOCK_PI:
		return futex_pi_unlock(word);
	case FUTEX_WAIT_REQUEUE_PI:
		return futex_pi_wait(word, arg_uint(frame, 2), second, deadline);
	case FUTEX_CMP_REQUEUE_PI:
		return requeue_to_lock(frame, word, second);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return futex_pi_lock(word, false, deadline);
	default:
		return -ENOSYS;
	}
}

/* Timeouts are absolute. A signal makes all of them begin anew, whatever its handler asks for. */
static long lock_command(struct trap_frame *frame)
{
	int op = arg_int(frame, 1);
	int command = op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
	vaddr_t timeout_at = has_timeout(command) ? arg_user(frame, 3) : 0;
	bool of_wall = op & FUTEX_CLOCK_REALTIME;
	struct deadline deadline;
	uint64_t ns;
	long result = timeout_at ? timespec_read(timeout_at, &ns) : 0;

	if (result)
		return result;
	if (of_wall && command != FUTEX_LOCK_PI2 && command != FUTEX_WAIT_REQUEUE_PI)
		return -ENOSYS;
	if (timeout_at)
		deadline = futex_deadline(of_wall || command == FUTEX_LOCK_PI, ns);
	result = make_lock(frame, first_word(frame), timeout_at ? &deadline : NULL);
	if (result == -EINTR)
		current_thread()->restart = RESTART_ALWAYS;
	return result;
}

/* ---- futex ---- */

static long wait_again(struct trap_frame *frame);

/* Commands that are not the core's, and waits that a signal has ended. */
static __attribute__((noinline)) long finish_command(struct trap_frame *frame,
						     const struct futex_timeout *timeout,
						     long result)
{
	struct thread *thread = current_thread();

	if (result == -ENOSYS)
		return lock_command(frame);
	/* A timed wait resumes with its old deadline, unless a handler ran. */
	if (result == -EINTR && timeout->is_there) {
		thread->restart = RESTART_SLEEP;
		task_of(thread)->restart_call = wait_again;
		task_of(thread)->sleep_until_ns = timeout->until_ns;
	}
	return result;
}

static __attribute__((noinline)) long other_command(struct trap_frame *frame)
{
	struct futex_timeout timeout;
	long result;

	timeout.is_there = false;
	result = futex_make(frame, &timeout);
	return likely(result >= 0) ? result : finish_command(frame, &timeout, result);
}

/* Repeats an interrupted wait that had a timeout; see sys_restart_syscall(). */
static long wait_again(struct trap_frame *frame)
{
	struct futex_timeout timeout = { true, current_task()->sleep_until_ns };

	return finish_command(frame, &timeout, futex_make(frame, &timeout));
}

/* What a command returns that has woken or moved `done`: it is refused where those who wait do so for a lock. */
static long refuse_lock(struct futex_word word, long done)
{
	if (done || !futex_pi_is_used())
		return done;
	return futex_pi_is_waited_for(word) ? -EINVAL : 0;
}

/* A command while threads wait for locks with priority inheritance. */
static __attribute__((noinline)) long beside_locks(struct trap_frame *frame)
{
	long result = other_command(frame);

	switch (arg_int(frame, 1) & ~FUTEX_PRIVATE_FLAG) {
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET:
	case FUTEX_WAKE_OP:
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		return refuse_lock(first_word(frame), result);
	default:
		return result;
	}
}

/* The command that programs use most has few arguments, and often wakes no thread. */
long sys_futex(struct trap_frame *frame)
{
	int op = arg_int(frame, 1), err;
	struct futex_word word = { .at = arg_user(frame, 0), .shared = !(op & FUTEX_PRIVATE_FLAG) };

	if (futex_pi_is_used())
		return beside_locks(frame);
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
	if (count == 0)
		return wake_none(word);
	return refuse_lock(word, futex_wake(word, futex_count((uint32_t)count), (uint32_t)bits));
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
	if (err)
		return err;
	return refuse_lock(words[0].word,
			   futex_requeue(words[0].word, words[1].word, (unsigned)wakes,
					 (unsigned)moves, &words[0].value));
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
