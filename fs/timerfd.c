/* SPDX-License-Identifier: MIT */
/* Timers that are files. The interrupt counts one expiry; the others are counted when somebody asks. */
/*
 * A timer with an interval is armed for one expiry only. A read, and a look at its time, add the expiries
 * that were missed since, and arm it again, as on Linux. So it costs nothing while nobody takes them.
 *
 * file->lock guards the times and the arming. The interrupt changes `ticks` and `expired` only, and it
 * does not come unless the timer is armed.
 */
#include "fs/timerfd.h"

#include "abi/errno.h"
#include "abi/time.h"
#include "base/clock.h"
#include "base/timerq.h"
#include "fs/anon_file.h"
#include "fs/poll.h"
#include "lib/bits.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/wait.h"

struct timerfd {
	struct timer timer;
	struct waitq readable;
	uint64_t ticks; /* atomic: expiries that were not read */
	bool expired;	/* atomic: it is not armed any more */
	/* under file->lock, in nanoseconds: */
	int64_t at; /* since boot: negative if the program has named an earlier time */
	uint64_t interval;
	int clock; /* const */
};

static void timer_expires(struct timer *timer)
{
	struct timerfd *it = container_of(timer, struct timerfd, timer);

	atomic_store(&it->expired, true);
	atomic_add(&it->ticks, 1);
	waitq_wake_relay(&it->readable);
}

/* Call with file->lock held. */
static void timerfd_arm(struct timerfd *it)
{
	timer_arm(&it->timer, clock_deadline((uint64_t)MAX(it->at, 0l)));
}

/*
 * Moves a timer that has expired behind now. Returns how many expiries that are, the one that was
 * counted included. Call with file->lock held.
 */
static uint64_t timerfd_forward(struct timerfd *it)
{
	uint64_t late = (uint64_t)((int64_t)clock_ns() - it->at);
	uint64_t n = late / it->interval + 1;

	it->at = clock_later(it->at, n * it->interval);
	return n;
}

/* Arms a timer that has expired again, and returns what it has missed. Call with file->lock held. */
static uint64_t timerfd_catch_up(struct timerfd *it)
{
	uint64_t n;

	if (!atomic_load(&it->expired) || it->interval == 0)
		return 0;
	n = timerfd_forward(it);
	atomic_store(&it->expired, false);
	timerfd_arm(it);
	return n - 1;
}

/*
 * The ticks are taken before the timer is armed again. It may expire at once, and that tick is the next
 * reader's: with none, nobody would arm it any more.
 */
static uint64_t timerfd_take(struct file *file)
{
	struct timerfd *it = file->node;
	uint64_t ticks;

	mutex_lock(&file->lock);
	ticks = __atomic_exchange_n(&it->ticks, 0, __ATOMIC_SEQ_CST);
	if (ticks != 0)
		ticks += timerfd_catch_up(it);
	mutex_unlock(&file->lock);
	return ticks;
}

static ssize_t timerfd_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	struct timerfd *it = file->node;
	uint64_t ticks;

	(void)pos;
	if (to->left < sizeof(ticks))
		return -EINVAL;
	for (;;) {
		uint64_t seq = waitq_sample(&it->readable);
		int err;

		ticks = timerfd_take(file);
		if (ticks != 0)
			break;
		if (file_nonblock(file, to))
			return -EAGAIN;
		err = thread_wait_interruptible(&it->readable, seq);
		if (err)
			return err;
	}
	return user_iter_copy_out(to, &ticks, sizeof(ticks)) == sizeof(ticks)
		       ? (ssize_t)sizeof(ticks)
		       : -EFAULT;
}

static unsigned timerfd_poll(struct file *file, struct poller *poller)
{
	struct timerfd *it = file->node;

	poll_watch_for(poller, &it->readable, POLLIN);
	return atomic_load(&it->ticks) != 0 ? POLLIN : 0;
}

/* Call with file->lock held. */
static void timerfd_look(const struct timerfd *it, struct timer_spec *ret)
{
	int64_t now = (int64_t)clock_ns();

	ret->interval = it->interval;
	ret->value = it->at > now ? (uint64_t)(it->at - now) : 0;
}

void timerfd_get(struct file *file, struct timer_spec *ret)
{
	struct timerfd *it = file->node;

	mutex_lock(&file->lock);
	atomic_add(&it->ticks, timerfd_catch_up(it));
	timerfd_look(it, ret);
	mutex_unlock(&file->lock);
}

static int64_t since_boot(int clock, uint64_t ns)
{
	return clock == CLOCK_REALTIME ? clock_wall_to_boot(ns) : (int64_t)ns;
}

void timerfd_set(struct file *file, bool absolute, const struct timer_spec *spec,
		 struct timer_spec *old_ret)
{
	struct timerfd *it = file->node;

	mutex_lock(&file->lock);
	timer_cancel(&it->timer);
	if (atomic_load(&it->expired) && it->interval != 0)
		(void)timerfd_forward(it);
	timerfd_look(it, old_ret);
	atomic_store(&it->expired, false);
	atomic_store(&it->ticks, 0);
	it->interval = spec->interval;
	it->at = 0;
	if (spec->value != 0) {
		it->at = absolute ? since_boot(it->clock, spec->value)
				  : clock_later((int64_t)clock_ns(), spec->value);
		timerfd_arm(it);
	}
	mutex_unlock(&file->lock);
}

static void timerfd_release(struct file *file)
{
	struct timerfd *it = file->node;

	timer_cancel(&it->timer);
	kfree(it);
}

static const struct file_ops timerfd_ops = {
	.name = "timerfd",
	.read = timerfd_read,
	.nowait = true,
	.poll = timerfd_poll,
	.stat = anon_file_stat,
	.label = anon_file_label,
	.release = timerfd_release,
};

bool file_is_timerfd(const struct file *file)
{
	return file->ops == &timerfd_ops;
}

static struct file *timerfd_make(int clock, unsigned flags)
{
	struct timerfd *it = mem_wait_kzalloc(sizeof(*it));
	struct file *file;

	if (!it)
		return NULL;
	it->clock = clock;
	timer_init(&it->timer, timer_expires);
	waitq_init(&it->readable);
	file = file_create(&timerfd_ops, O_RDWR | flags, it);
	if (!file)
		kfree(it);
	return file;
}

int timerfd_create(int clock, unsigned flags, struct file **file_ret)
{
	int err = file_memory_charge(FILE_BYTES);

	if (err)
		return err;
	*file_ret = timerfd_make(clock, flags);
	file_memory_add(-FILE_BYTES);
	return *file_ret ? 0 : -ENOMEM;
}
