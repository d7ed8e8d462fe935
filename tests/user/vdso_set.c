/* SPDX-License-Identifier: MIT */
/* The wall clock is set while threads read it, by the system call and by the vDSO: both show it from the same moment on. */
#include "thread.h"

#include <sys/time.h>

#define STEPS	25
#define SECONDS 1000l /* a step */
#define READERS 3

static struct timespec first, since;
static int latest; /* the most steps that a reader has seen; atomic */
static int lost;   /* readings with fewer; atomic */
static int over;   /* atomic */
static int by_vdso_last, by_call_last;

static long seconds_from(const struct timespec *from, const struct timespec *to)
{
	return to->tv_sec - from->tv_sec - (to->tv_nsec < from->tv_nsec);
}

/* C libraries read the clocks by the vDSO. */
static int read_clock(bool by_call, clockid_t clock, struct timespec *now)
{
	return by_call ? (int)syscall(SYS_clock_gettime, clock, now) : clock_gettime(clock, now);
}

/* The nearest number of steps. */
static int steps_of(long seconds)
{
	return (int)((seconds + STEPS * SECONDS + SECONDS / 2) / SECONDS) - STEPS;
}

/* How many steps the wall clock has gone beyond the time since boot. */
static int steps_shown(bool by_call, clockid_t clock)
{
	struct timespec mono, wall;

	MUST(read_clock(by_call, CLOCK_MONOTONIC, &mono));
	MUST(read_clock(by_call, clock, &wall));
	return steps_of(seconds_from(&first, &wall) - seconds_from(&since, &mono));
}

static int steps_of_day(void)
{
	struct timespec mono;
	struct timeval day;

	MUST(clock_gettime(CLOCK_MONOTONIC, &mono));
	MUST(gettimeofday(&day, NULL));
	return steps_of(day.tv_sec - first.tv_sec - seconds_from(&since, &mono));
}

static void *reader(void *arg)
{
	const long number = (long)arg;

	for (long i = number; !__atomic_load_n(&over, __ATOMIC_SEQ_CST); i++) {
		int before = __atomic_load_n(&latest, __ATOMIC_SEQ_CST);
		int shown = i % 3 == 0 ? steps_of_day() : steps_shown(i % 3 == 1, CLOCK_REALTIME);

		if (shown < before)
			__atomic_fetch_add(&lost, 1, __ATOMIC_SEQ_CST);
		while (before < shown &&
		       !__atomic_compare_exchange_n(&latest, &before, shown, false,
						    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
	}
	return NULL;
}

static void set_to(int steps)
{
	struct timespec t;

	MUST(clock_gettime(CLOCK_MONOTONIC, &t));
	t.tv_sec += first.tv_sec - since.tv_sec + steps * SECONDS;
	t.tv_nsec += first.tv_nsec - since.tv_nsec;
	if (t.tv_nsec < 0) {
		t.tv_nsec += 1000000000;
		t.tv_sec--;
	}
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	MUST(clock_settime(CLOCK_REALTIME, &t));
}

/* All that shows the wall clock, by either way, and what does not. */
static void show(void)
{
	static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_REALTIME_COARSE, CLOCK_TAI };
	struct timespec called, read;

	nap(20); /* the coarse clock of Linux follows with its next tick */
	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++)
		say("clock %d: %d steps by the vDSO, %d by the call\n", clocks[i],
		    steps_shown(false, clocks[i]), steps_shown(true, clocks[i]));
	say("time of day: %d steps\n", steps_of_day());
	MUST(read_clock(true, CLOCK_BOOTTIME, &called));
	MUST(read_clock(false, CLOCK_BOOTTIME, &read));
	say("the time since boot did not jump: %d\n",
	    seconds_from(&since, &read) < SECONDS / 2 && read.tv_sec - called.tv_sec < SECONDS / 2);
}

int main(void)
{
	pthread_t readers[READERS];

	MUST(clock_gettime(CLOCK_REALTIME, &first));
	MUST(clock_gettime(CLOCK_MONOTONIC, &since));
	start_all(readers, READERS, reader);
	for (int i = 1; i <= STEPS; i++) {
		set_to(i);
		by_call_last += steps_shown(true, CLOCK_REALTIME) == i;
		by_vdso_last += steps_shown(false, CLOCK_REALTIME) == i;
		nap(2);
	}
	__atomic_store_n(&over, 1, __ATOMIC_SEQ_CST);
	join_all(readers, READERS);
	say("set %d times, seen at once %d times by the call and %d by the vDSO\n", STEPS,
	    by_call_last, by_vdso_last);
	say("the readers saw an older setting after a newer one %d times\n", lost);
	show();
	set_to(-1);
	show();
	set_to(0);
	show();
	return 0;
}
