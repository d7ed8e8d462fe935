/* SPDX-License-Identifier: MIT */
/* The system call futex, as far as it does not resume an interrupted wait. */
#include "trap/futex_call.h"

#include "abi/errno.h"
#include "base/clock.h"
#include "trap/args.h"
#include "trap/timespec.h"

#define FLAGS (FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)

struct deadline futex_deadline(bool of_wall, uint64_t ns)
{
	return (struct deadline){ .at = of_wall ? ns : clock_deadline(ns), .of_wall = of_wall };
}

/* The timeout of FUTEX_WAIT is relative, that of FUTEX_WAIT_BITSET absolute. */
static int read_timeout(struct futex_call *call, vaddr_t at)
{
	uint64_t ns;
	int err;

	call->timed = at != 0;
	if (!call->timed)
		return 0;
	err = timespec_read(at, &ns);
	if (err)
		return err;
	if (call->command == FUTEX_WAIT)
		call->until_ns = add_overflows(clock_ns(), ns, &ns) ? UINT64_MAX : ns;
	else
		call->until_ns = ns;
	return 0;
}

static bool is_wait(int command)
{
	return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET;
}

static long wait_for_word(const struct futex_call *call, uint32_t bits)
{
	struct deadline deadline;

	if (!call->timed)
		return futex_wait(call->word, call->value, bits, NULL);
	deadline = futex_deadline(call->flags & FUTEX_CLOCK_REALTIME, call->until_ns);
	return futex_wait(call->word, call->value, bits, &deadline);
}

static long requeue_waiters(const struct futex_call *call)
{
	int err = futex_check_word(call->second);

	if ((int)call->value < 0 || (int)call->value2 < 0)
		return -EINVAL;
	if (err)
		return err;
	return futex_requeue(call->word, call->second, call->value, call->value2,
			     call->command == FUTEX_CMP_REQUEUE ? &call->value3 : NULL);
}

static long wake_op(const struct futex_call *call)
{
	int err = futex_check_word(call->second);

	if (err)
		return err;
	return futex_wake_op(call->word, call->second, futex_count(call->value),
			     futex_count(call->value2), call->value3);
}

long futex_make(const struct futex_call *call)
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

struct futex_call futex_call_of(const struct trap_frame *frame)
{
	int op = arg_int(frame, 1);
	bool shared = !(op & FUTEX_PRIVATE_FLAG);

	return (struct futex_call){ .command = op & ~FLAGS,
				    .flags = (unsigned)op & FLAGS,
				    .value = arg_uint(frame, 2),
				    .value2 = arg_uint(frame, 3),
				    .value3 = arg_uint(frame, 5),
				    .word = { .at = arg_user(frame, 0), .shared = shared },
				    .second = { .at = arg_user(frame, 4), .shared = shared } };
}

/* Commands with priority inheritance are not implemented. */
static bool futex_is_known(const struct futex_call *call)
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

int futex_check(struct futex_call *call, vaddr_t timeout_at)
{
	int err = is_wait(call->command) ? read_timeout(call, timeout_at) : 0;

	if (err)
		return err;
	return futex_is_known(call) ? 0 : -ENOSYS;
}
