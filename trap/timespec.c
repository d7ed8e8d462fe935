/* SPDX-License-Identifier: MIT */
/* Times as system calls have them, and sleeps. */
#include "trap/timespec.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "mm/fault/user_copy.h"
#include "proc/wait.h"

/*
 * Converts to nanoseconds. As on Linux, later times become INT64_MAX, which never comes. The sum of
 * such a time and what a clock shows does not overflow.
 */
static uint64_t timespec_to_ns(const struct abi_timespec *t)
{
	uint64_t ns;

	if (mul_overflows((uint64_t)t->sec, NSEC_PER_SEC, &ns) ||
	    add_overflows(ns, (uint64_t)t->nsec, &ns))
		return INT64_MAX;
	return MIN(ns, (uint64_t)INT64_MAX);
}

int timespec_read(vaddr_t at, uint64_t *ns_ret)
{
	struct abi_timespec t;

	if (user_copy_in(&t, at, sizeof(t)))
		return -EFAULT;
	if (t.sec < 0 || t.nsec < 0 || t.nsec >= (int64_t)NSEC_PER_SEC)
		return -EINVAL;
	*ns_ret = timespec_to_ns(&t);
	return 0;
}

long sleep_until(bool of_wall, uint64_t ns)
{
	const struct deadline deadline = { of_wall ? ns : clock_deadline(ns), of_wall };
	struct waitq nobody = WAITQ_INIT(nobody);
	uint64_t seq = waitq_sample(&nobody);
	int err;

	do {
		err = thread_wait_interruptible_deadline(&nobody, seq, &deadline);
	} while (err == 0);
	return err == -ETIMEDOUT ? 0 : err;
}
