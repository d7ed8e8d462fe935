/* SPDX-License-Identifier: MIT */
/* Waits for futexes and for events of epoll, preempted by who brings what they wait for. */
#define _GNU_SOURCE
#include "preempt_sweep.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

/* A wake-up that is lost shows by the end of this: nothing else runs by then, and the machine's idle time passes at once. */
#define WAIT_MS 1000

#define FUTEX_WAIT_PRIVATE    128
#define FUTEX_WAKE_PRIVATE    129
#define FUTEX_REQUEUE_PRIVATE 131

static long done;

/* ---- futexes ---- */

static volatile uint32_t words[2];
static long moved, woken;

static void prepare_words(void)
{
	words[0] = words[1] = 0;
	moved = woken = 0;
}

static void call_futex_wait(void)
{
	const struct timespec most = { WAIT_MS / 1000, 0 };

	arm();
	done = CALL(futex, (uint64_t)&words[0], FUTEX_WAIT_PRIVATE, 0, (uint64_t)&most);
}

static long wake(volatile uint32_t *word)
{
	return CALL(futex, (uint64_t)word, FUTEX_WAKE_PRIVATE, 1);
}

static void compete_wake(void)
{
	words[0] = 1;
	woken = wake(&words[0]);
}

/* It is woken, or has seen the new word. */
static void check_wake(void)
{
	expect(woken == 0 || woken == 1, "how many were woken", woken);
	expect(done == (woken ? 0 : -EAGAIN), "the wait", done);
}

static void compete_requeue(void)
{
	words[0] = 1;
	moved = CALL(futex, (uint64_t)&words[0], FUTEX_REQUEUE_PRIVATE, 0, 1, (uint64_t)&words[1]);
	woken = wake(&words[1]);
}

static void check_requeue(void)
{
	expect(moved == woken, "how many were moved", moved);
	check_wake();
}

/* The time is over when it begins to wait. */
static void call_futex_timeout(void)
{
	const struct timespec most = { 0, 1 };

	arm();
	done = CALL(futex, (uint64_t)&words[0], FUTEX_WAIT_PRIVATE, 0, (uint64_t)&most);
}

/* Who was woken says so, though its time is over, too: the waker wakes no other. */
static void check_futex_timeout(void)
{
	expect(woken ? done == 0 : done == -ETIMEDOUT || done == -EAGAIN, "the wait", done);
}

/* ---- epoll ---- */

static int set, counter;

static long control(int operation, uint32_t events)
{
	struct epoll_event event = { .events = events };

	return CALL(epoll_ctl, (uint64_t)set, (uint64_t)operation, (uint64_t)counter,
		    (uint64_t)&event);
}

static long wait_for_event(long most_ms)
{
	struct epoll_event event;

	return CALL(epoll_pwait, (uint64_t)set, (uint64_t)&event, 1, (uint64_t)most_ms);
}

static void prepare_set(void)
{
	set = (int)CALL(epoll_create1, 0);
	counter = (int)CALL(eventfd2, 0, EFD_NONBLOCK);
	expect(set >= 0 && counter >= 0, "a set and a counter", counter);
	common->ready = 0;
}

static void prepare_watched(void)
{
	prepare_set();
	expect(control(EPOLL_CTL_ADD, EPOLLIN | EPOLLET) == 0, "epoll_ctl", 0);
}

static long now_ms(void)
{
	struct timespec t;

	CALL(clock_gettime, CLOCK_MONOTONIC, (uint64_t)&t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* At its end, it looks once more: that it waited for nothing shows by the clock, which counts instructions. */
static void call_epoll_wait(void)
{
	long before = now_ms();

	arm();
	done = wait_for_event(WAIT_MS);
	expect(now_ms() - before < WAIT_MS, "milliseconds until an event was seen",
	       now_ms() - before);
}

static void call_epoll_add(void)
{
	arm();
	done = control(EPOLL_CTL_ADD, EPOLLIN | EPOLLET);
}

/* No event follows. */
static void compete_add(void)
{
	uint64_t one = 1;

	expect(CALL(write, (uint64_t)counter, (uint64_t)&one, sizeof(one)) == sizeof(one), "write",
	       0);
}

static void close_set(void)
{
	expect(CALL(close, (uint64_t)set) == 0, "close of the set", set);
}

static void close_both(void)
{
	expect(CALL(close, (uint64_t)counter) == 0, "close of the counter", counter);
	close_set();
}

static void check_epoll_wait(void)
{
	expect(done == 1, "events", done);
	close_both();
}

static void check_epoll_add(void)
{
	expect(done == 0, "epoll_ctl", done);
	expect(wait_for_event(0) == common->competed, "events", 0);
	compete_add();
	expect(wait_for_event(0) == 1, "events of the next write", 0);
	close_both();
}

static void prepare_epoll_close(void)
{
	prepare_watched();
	compete_add();
}

/* The last reference to the counter is the one that the call drops. */
static void enter_epoll_close(void)
{
	expect(CALL(close, (uint64_t)counter) == 0, "the other's close", counter);
	common->ready = 1;
}

static void ready_epoll_close(void)
{
	while (!common->ready)
		yield();
}

static void call_epoll_close(void)
{
	arm();
	done = CALL(close, (uint64_t)counter);
}

static void compete_epoll_close(void)
{
	long events = wait_for_event(0);

	expect(events == 0 || events == 1, "the other's events", events);
	churn();
}

static void check_epoll_close(void)
{
	expect(done == 0, "close", done);
	expect(wait_for_event(0) == 0, "events of a closed file", 0);
	close_set();
}

const struct sweep event_sweeps[] = {
	{ .name = "futex_wait",
	  .prepare = prepare_words,
	  .call = call_futex_wait,
	  .compete = compete_wake,
	  .check = check_wake,
	  .from = 1000,
	  .length = STEPS_OF(13) },
	{ .name = "futex_requeue",
	  .prepare = prepare_words,
	  .call = call_futex_wait,
	  .compete = compete_requeue,
	  .check = check_requeue,
	  .from = 1000,
	  .length = STEPS_OF(13) },
	{ .name = "futex_timeout",
	  .prepare = prepare_words,
	  .call = call_futex_timeout,
	  .compete = compete_wake,
	  .check = check_futex_timeout },
	{ .name = "epoll_wait",
	  .prepare = prepare_watched,
	  .call = call_epoll_wait,
	  .compete = compete_add,
	  .check = check_epoll_wait,
	  .from = 1300,
	  .to = 2300,
	  .length = STEPS_OF(13) },
	{ .name = "epoll_add",
	  .prepare = prepare_set,
	  .call = call_epoll_add,
	  .compete = compete_add,
	  .check = check_epoll_add },
	{ .name = "epoll_close",
	  .prepare = prepare_epoll_close,
	  .ready = ready_epoll_close,
	  .call = call_epoll_close,
	  .enter = enter_epoll_close,
	  .compete = compete_epoll_close,
	  .check = check_epoll_close },
	{ .name = NULL },
};
