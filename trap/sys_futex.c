/* SPDX-License-Identifier: MIT */
/* The system call futex, as far as it does not resume an interrupted wait. */
#include "trap/futex_call.h"

#include "abi/errno.h"
#include "base/clock.h"
#include "trap/args.h"
#include "trap/timespec.h"

#define FLAGS (FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)

/* The arguments of a call, as far as its command has them. */
struct arguments {
	int command;
	unsigned flags;
	uint32_t value, value2, value3;
	struct futex_word word, second;
	struct futex_timeout *timeout; /* of a wait */
};

struct deadline futex_deadline(bool of_wall, uint64_t ns)
{
	return (struct deadline){ .at = of_wall ? ns : clock_deadline(ns), .of_wall = of_wall };
}

/* The timeout of FUTEX_WAIT is relative, that of FUTEX_WAIT_BITSET absolute. */
static int read_timeout(const struct arguments *call, vaddr_t at)
{
	uint64_t ns;
	int err;

	call->timeout->is_there = at != 0;
	if (!call->timeout->is_there)
		return 0;
	err = timespec_read(at, &ns);
	if (err)
		return err;
	if (call->command == FUTEX_WAIT)
		call->timeout->until_ns = add_overflows(clock_ns(), ns, &ns) ? UINT64_MAX : ns;
	else
		call->timeout->until_ns = ns;
	return 0;
}

static bool is_wait(int command)
{
	return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET;
}

static long wait_for_word(const struct arguments *call, uint32_t bits)
{
	struct deadline deadline;

	if (!call->timeout->is_there)
		return futex_wait(call->word, call->value, bits, NULL);
	deadline = futex_deadline(call->flags & FUTEX_CLOCK_REALTIME, call->timeout->until_ns);
	return futex_wait(call->word, call->value, bits, &deadline);
}

static long requeue_waiters(const struct arguments *call)
{
	int err = futex_check_word(call->second);

	if ((int)call->value < 0 || (int)call->value2 < 0)
		return -EINVAL;
	if (err)
		return err;
	return futex_requeue(call->word, call->second, call->value, call->value2,
			     call->command == FUTEX_CMP_REQUEUE ? &call->value3 : NULL);
}

static long wake_op(const struct arguments *call)
{
	int err = futex_check_word(call->second);

	if (err)
		return err;
	return futex_wake_op(call->word, call->second, futex_count(call->value),
			     futex_count(call->value2), call->value3);
}

static long futex_dispatch(const struct arguments *call)
{
	bool with_bits = call->command == FUTEX_WAIT_BITSET || call->command == FUTEX_WAKE_BITSET;
	uint32_t bits = with_bits ? call->value3 : FUTEX_BITSET_MATCH_ANY;
	int err = futex_check_word(call->word);

	if (bits == 0)
		return -EINVAL;
	if (err)
		return err;
	switch (call->command) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		return wait_for_word(call, bits);
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET:
		return futex_wake(call->word, futex_count(call->value), bits);
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		return requeue_waiters(call);
	default:
		return wake_op(call);
	}
}

/* Each member alone: bench row futex_round_trip. */
static inline void get_arguments(struct arguments *call, const struct trap_frame *frame)
{
	int op = arg_int(frame, 1);

	call->command = op & ~FLAGS;
	call->flags = (unsigned)op & FLAGS;
	call->value = arg_uint(frame, 2);
	call->value2 = arg_uint(frame, 3);
	call->value3 = arg_uint(frame, 5);
	call->word.at = arg_user(frame, 0);
	call->second.at = arg_user(frame, 4);
	call->word.shared = call->second.shared = !(op & FUTEX_PRIVATE_FLAG);
}

/* Commands with priority inheritance are the Linux layer's. */
static bool futex_is_known(const struct arguments *call)
{
	switch (call->command) {
	case FUTEX_WAIT_BITSET:
		return true;
	case FUTEX_WAIT:
	case FUTEX_WAKE:
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
	case FUTEX_WAKE_OP:
	case FUTEX_WAKE_BITSET:
		return !(call->flags & FUTEX_CLOCK_REALTIME);
	default:
		return false;
	}
}

long futex_make(const struct trap_frame *frame, struct futex_timeout *timeout)
{
	struct arguments call;
	int err = 0;

	get_arguments(&call, frame);
	call.timeout = timeout;
	if (is_wait(call.command) && !timeout->is_there)
		err = read_timeout(&call, arg_user(frame, 3));
	if (err)
		return err;
	return futex_is_known(&call) ? futex_dispatch(&call) : -ENOSYS;
}
