/* SPDX-License-Identifier: MIT */
/* System calls on futexes, robust lists and restartable sequences. */
#include "abi/futex.h"

#include "base/clock.h"
#include "lib/bits.h"
#include "linux/process/cred.h"
#include "linux/process/rseq.h"
#include "linux/process/task.h"
#include "linux/sys/calls.h"
#include "linux/sys/timespec.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "proc/futex.h"
#include "proc/mem_wait.h"
#include "proc/pid.h"

#define FLAGS (FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)

/* The arguments of a request, as far as its command has them. */
struct arguments {
	int command;
	unsigned flags;
	uint32_t value, value2, value3;
	struct futex_word word, second;
	bool timed;
	uint64_t
		until_ns; /* on the clock of clock_ns(), or with FUTEX_CLOCK_REALTIME on the wall clock */
};

static struct deadline deadline_on(bool of_wall, uint64_t ns)
{
	return (struct deadline){ .at = of_wall ? ns : clock_deadline(ns), .of_wall = of_wall };
}

/* The timeout of FUTEX_WAIT is relative, that of FUTEX_WAIT_BITSET absolute. */
static int read_timeout(struct arguments *args, vaddr_t at)
{
	uint64_t ns;
	int err;

	args->timed = at != 0;
	if (!args->timed)
		return 0;
	err = timespec_read(at, &ns);
	if (err)
		return err;
	if (args->command == FUTEX_WAIT)
		args->until_ns = add_overflows(clock_ns(), ns, &ns) ? UINT64_MAX : ns;
	else
		args->until_ns = ns;
	return 0;
}

static bool waits(int command)
{
	return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET;
}

static long wait_again(struct trap_frame *frame);

/* A timed wait that a signal interrupts resumes with its old deadline, unless a handler ran. */
static long wait_for_word(const struct arguments *args, uint32_t bits)
{
	struct thread *thread = current_thread();
	struct deadline deadline;
	int err;

	if (!args->timed)
		return futex_wait(args->word, args->value, bits, NULL);
	deadline = deadline_on(args->flags & FUTEX_CLOCK_REALTIME, args->until_ns);
	err = futex_wait(args->word, args->value, bits, &deadline);
	if (err == -EINTR) {
		thread->restart = RESTART_SLEEP;
		task_of(thread)->restart_call = wait_again;
		task_of(thread)->sleep_until_ns = args->until_ns;
	}
	return err;
}

static long requeue(const struct arguments *args)
{
	int err = futex_check_word(args->second);

	if ((int)args->value < 0 || (int)args->value2 < 0)
		return -EINVAL;
	if (err)
		return err;
	return futex_requeue(args->word, args->second, args->value, args->value2,
			     args->command == FUTEX_CMP_REQUEUE ? &args->value3 : NULL);
}

/* As on Linux, a count below 1 wakes one. */
static unsigned at_least_one(uint32_t count)
{
	return (unsigned)MAX((int)count, 1);
}

static long wake_op(const struct arguments *args)
{
	int err = futex_check_word(args->second);

	if (err)
		return err;
	return futex_wake_op(args->word, args->second, at_least_one(args->value),
			     at_least_one(args->value2), args->value3);
}

static long futex_dispatch(const struct arguments *args)
{
	bool with_bits = args->command == FUTEX_WAIT_BITSET || args->command == FUTEX_WAKE_BITSET;
	uint32_t bits = with_bits ? args->value3 : FUTEX_BITSET_MATCH_ANY;
	int err = futex_check_word(args->word);

	if (bits == 0)
		return -EINVAL;
	if (err)
		return err;
	switch (args->command) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		return wait_for_word(args, bits);
	case FUTEX_WAKE_BITSET:
		return futex_wake(args->word, at_least_one(args->value), bits);
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		return requeue(args);
	default:
		return wake_op(args);
	}
}

static struct arguments arguments_of(const struct trap_frame *frame)
{
	int op = arg_int(frame, 1);
	bool shared = !(op & FUTEX_PRIVATE_FLAG);

	return (struct arguments){ .command = op & ~FLAGS,
				   .flags = (unsigned)op & FLAGS,
				   .value = arg_uint(frame, 2),
				   .value2 = arg_uint(frame, 3),
				   .value3 = arg_uint(frame, 5),
				   .word = { .at = arg_user(frame, 0), .shared = shared },
				   .second = { .at = arg_user(frame, 4), .shared = shared } };
}

/* Repeats an interrupted wait that had a timeout; see sys_restart_syscall(). */
static long wait_again(struct trap_frame *frame)
{
	struct arguments args = arguments_of(frame);

	args.timed = true;
	args.until_ns = current_task()->sleep_until_ns;
	return futex_dispatch(&args);
}

/* Commands with priority inheritance are not implemented. */
static bool known(const struct arguments *args)
{
	switch (args->command) {
	case FUTEX_WAIT_BITSET:
		return true;
	case FUTEX_WAIT:
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
	case FUTEX_WAKE_OP:
	case FUTEX_WAKE_BITSET:
		return !(args->flags & FUTEX_CLOCK_REALTIME);
	default:
		return false;
	}
}

static __attribute__((noinline)) long other_command(struct trap_frame *frame)
{
	struct arguments args = arguments_of(frame);
	int err = waits(args.command) ? read_timeout(&args, arg_user(frame, 3)) : 0;

	if (err)
		return err;
	return known(&args) ? futex_dispatch(&args) : -ENOSYS;
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
		   : futex_wake(word, at_least_one(arg_uint(frame, 2)), FUTEX_BITSET_MATCH_ANY);
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
	*deadline_ret = deadline_on(clock == CLOCK_REALTIME, ns);
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
			  : futex_wake(word, at_least_one((uint32_t)count), (uint32_t)bits);
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
