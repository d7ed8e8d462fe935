/* SPDX-License-Identifier: MIT */
/* Event counters: a poll misses no write and no read (hardened build). */
#include "linux/fs/file/eventfd.h"

#include "abi/poll.h"
#include "desc/user_iter.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/late_event.h"

#ifdef FAULTLINE_HARDENED

static struct file *counter;

static void add(uint64_t n)
{
	struct user_iter iter = user_iter_kernel(&n, sizeof(n));

	EXPECT_EQ(sizeof(n), counter->ops->write(counter, &iter, NULL));
}

static struct file *begin_empty(void)
{
	return eventfd_create(0, 0, &counter) == 0 ? counter : NULL;
}

static void add_one(void)
{
	add(1);
}

static struct file *begin_full(void)
{
	struct file *file = begin_empty();

	if (file)
		add(UINT64_MAX - 1);
	return file;
}

static void take_all(void)
{
	uint64_t n;
	struct user_iter iter = user_iter_kernel(&n, sizeof(n));

	EXPECT_EQ(sizeof(n), counter->ops->read(counter, &iter, NULL));
}

static void end(void)
{
	file_put(counter);
}

KTEST_IN_PROCESS(eventfd_poll_misses_no_event)
{
	static const struct late_event added = { begin_empty, add_one, end, POLLIN },
				       taken = { begin_full, take_all, end, POLLOUT };

	late_event_expect(&added);
	late_event_expect(&taken);
}

#endif
