/* SPDX-License-Identifier: MIT */
/* Timers that are files. The interrupt counts one expiry; the others are counted when a program asks. */
/*
 * A timer with an interval is armed for one expiry only. A read, and a look at its time, add the expiries
 * that were missed since, and arm it again, as on Linux. So it costs nothing while no program takes them.
 *
 * file->lock guards the times and the arming. The interrupt changes `ticks` and `expired` only, and it
 * does not come unless the timer is armed. A change of the wall clock changes `ticks` and `cancelled`, if the
 * program has asked for that.
 */
#include "linux/time/timerfd.h"

#include "abi/errno.h"
#include "abi/time.h"
#include "base/clock.h"
#include "base/wall_clock.h"
#include "desc/anon_file.h"
#include "desc/poll.h"
#include "lib/bits.h"
#include "linux/process/cred.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/wait.h"

struct timerfd {
	/* armed and cancelled under file->lock; each has its own lock: */
	struct timer timer;
	struct wall_timer wall_timer;
	struct wall_watch cancels; /* TFD_TIMER_CANCEL_ON_SET */
	struct waitq readable;
	uint64_t ticks;	    /* atomic: expiries that were not read */
	bool expired;	    /* atomic: it is not armed any more */
	uint32_t cancelled; /* atomic: the wall clock has been set, which was not read */
	/* under file->lock, in nanoseconds: */
	bool of_wall; /* `at` is of the wall clock, and wall_timer is used, not timer */
	bool watches; /* `cancels` is in use */
	int64_t at;
	uint64_t interval;
	/* const: */
	int clock;
	bool alarm; /* a clock that wakes the machine, for those with CAP_WAKE_ALARM */
};

static void expires(struct timerfd *it)
{
	atomic_store(&it->expired, true);
	atomic_add(&it->ticks, 1);
	waitq_wake_relay(&it->readable);
}

static void timer_expires(struct timer *timer)
{
	expires(container_of(timer, struct timerfd, timer));
}

static void wall_timer_expires(struct wall_timer *timer)
{
	expires(container_of(timer, struct timerfd, wall_timer));
}

static void clock_was_set(struct wall_watch *watch)
{
	struct timerfd *it = container_of(watch, struct timerfd, cancels);

	atomic_store(&it->cancelled, 1u);
	atomic_add(&it->ticks, 1);
	waitq_wake_relay(&it->readable);
}

/* Call with file->lock held. */
static void timerfd_arm(struct timerfd *it)
{
	if (it->of_wall)
		wall_timer_arm(&it->wall_timer, (uint64_t)it->at);
	else
		timer_arm(&it->timer, clock_deadline((uint64_t)it->at));
}

/* Call with file->lock held, or in the release. */
static void timerfd_stop(struct timerfd *it)
{
	if (it->of_wall)
		wall_timer_cancel(&it->wall_timer);
	else
		timer_cancel(&it->timer);
}

/* By the clock of `at`. Call with file->lock held. */
static int64_t timerfd_now(const struct timerfd *it)
{
	return (int64_t)(it->of_wall ? clock_wall_ns() : clock_ns());
}

/* Whether the clock was set since this was asked last, and the program has asked for that. Call with file->lock held. */
static bool take_cancelled(struct timerfd *it)
{
	return it->watches && atomic_load(&it->cancelled) &&
	       __atomic_exchange_n(&it->cancelled, 0, __ATOMIC_SEQ_CST);
}

/*
 * Moves a timer that has expired behind now. Returns how many expiries that are, the one that was
 * counted included. The clock may have been set back meanwhile. Call with file->lock held.
 */
static uint64_t timerfd_forward(struct timerfd *it)
{
	int64_t now = timerfd_now(it);
	uint64_t n;

	if (now < it->at)
		return 0;
	n = (uint64_t)(now - it->at) / it->interval + 1;
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
	return n ? n - 1 : 0;
}

/*
 * The ticks are taken before the timer is armed again. It may expire at once, and that tick is the next
 * reader's: with none, it would not be armed any more. As on Linux, where the clock was set they do not count, nor is
 * it armed: the program has to set it anew. Returns 0 with the ticks, or -ECANCELED.
 */
static int timerfd_take(struct file *file, uint64_t *ticks_ret)
{
	struct timerfd *it = file->node;
	bool cancelled;

	mutex_lock(&file->lock);
	*ticks_ret = __atomic_exchange_n(&it->ticks, 0, __ATOMIC_SEQ_CST);
	cancelled = take_cancelled(it);
	if (cancelled)
		atomic_store(&it->expired, false);
	else if (*ticks_ret != 0)
		*ticks_ret += timerfd_catch_up(it);
	mutex_unlock(&file->lock);
	return cancelled ? -ECANCELED : 0;
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
		int err = timerfd_take(file, &ticks);

		if (err)
			return err;
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

/* Call with file->lock held. Returns the time, by the clock of `at`. */
static int64_t timerfd_look(const struct timerfd *it, struct timer_spec *ret)
{
	int64_t now = timerfd_now(it);

	ret->interval = it->interval;
	ret->value = it->at > now ? (uint64_t)(it->at - now) : 0;
	return now;
}

void timerfd_get(struct file *file, struct timer_spec *ret)
{
	struct timerfd *it = file->node;

	mutex_lock(&file->lock);
	atomic_add(&it->ticks, timerfd_catch_up(it));
	(void)timerfd_look(it, ret);
	mutex_unlock(&file->lock);
}

/* The machine does not sleep, so an alarm clock is the clock that it is named after. */
static bool is_wall_clock(const struct timerfd *it)
{
	return it->clock == CLOCK_REALTIME || it->clock == CLOCK_REALTIME_ALARM;
}

static bool is_alarm_clock(int clock)
{
	return clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
}

/* The flag means something with absolute times of the wall clock only. */
static __attribute__((noinline)) void timerfd_watch(struct timerfd *it, unsigned flags)
{
	const unsigned both = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
	bool watches = is_wall_clock(it) && (flags & both) == both;

	if (watches && !it->watches)
		wall_watch_add(&it->cancels);
	else if (!watches && it->watches)
		wall_watch_remove(&it->cancels);
	it->watches = watches;
}

int timerfd_set(struct file *file, unsigned flags, const struct timer_spec *spec,
		struct timer_spec *old_ret)
{
	struct timerfd *it = file->node;
	bool absolute = flags & TFD_TIMER_ABSTIME;
	int64_t now;
	int err = 0;

	if (unlikely(it->alarm) && !capable(CAP_WAKE_ALARM))
		return -EPERM;
	mutex_lock(&file->lock);
	if (unlikely(it->watches || (flags & TFD_TIMER_CANCEL_ON_SET)))
		timerfd_watch(it, flags);
	timerfd_stop(it);
	if (atomic_load(&it->expired) && it->interval != 0)
		(void)timerfd_forward(it);
	now = timerfd_look(it, old_ret);
	atomic_store(&it->expired, false);
	atomic_store(&it->ticks, 0);
	it->interval = spec->interval;
	it->at = 0;
	if (spec->value != 0 && absolute) {
		it->of_wall = is_wall_clock(it);
		it->at = (int64_t)spec->value;
		timerfd_arm(it);
		if (take_cancelled(it))
			err = -ECANCELED;
	} else if (spec->value != 0) {
		if (unlikely(it->of_wall))
			now = (int64_t)clock_ns();
		it->at = clock_later(now, spec->value);
		it->of_wall = false;
		timerfd_arm(it);
	}
	mutex_unlock(&file->lock);
	return err;
}

static void timerfd_release(struct file *file)
{
	struct timerfd *it = file->node;

	if (it->watches)
		wall_watch_remove(&it->cancels);
	timerfd_stop(it);
	kfree(it);
}

static const struct file_ops timerfd_ops = {
	.name = "timerfd",
	.read = timerfd_read,
	.nowait = true,
	.poll = timerfd_poll,
	.seek_is_0 = true,
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
	it->alarm = is_alarm_clock(clock);
	timer_init_alone(&it->timer, timer_expires);
	wall_timer_init_alone(&it->wall_timer, wall_timer_expires);
	wall_watch_init(&it->cancels, clock_was_set);
	waitq_init(&it->readable);
	file = file_create(&timerfd_ops, O_RDWR | flags, it);
	if (!file)
		kfree(it);
	return file;
}

int timerfd_create(int clock, unsigned flags, struct file **file_ret)
{
	int err;

	if (is_alarm_clock(clock) && !capable(CAP_WAKE_ALARM))
		return -EPERM;
	err = file_memory_charge(FILE_BYTES);

	if (err)
		return err;
	*file_ret = timerfd_make(clock, flags);
	file_memory_add(-FILE_BYTES);
	return *file_ret ? 0 : -ENOMEM;
}
