/* SPDX-License-Identifier: MIT */
/* The wall clock is set: who may, and what follows it, what does not. The clock is put right at the end. */
#include "thread.h"

#include <grp.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/uio.h>

/* Newer than the C library. */
struct futexes {
	uint64_t value, at;
	uint32_t flags, reserved;
};

static struct timespec clock_at_first, since;

static void remember(void)
{
	MUST(clock_gettime(CLOCK_REALTIME, &clock_at_first));
	MUST(clock_gettime(CLOCK_MONOTONIC, &since));
}

/* So many seconds from what the clock would show if nobody had set it. */
static struct timespec from_right(long seconds)
{
	struct timespec now;

	MUST(clock_gettime(CLOCK_MONOTONIC, &now));
	now.tv_sec += clock_at_first.tv_sec - since.tv_sec + seconds;
	now.tv_nsec += clock_at_first.tv_nsec - since.tv_nsec;
	if (now.tv_nsec < 0) {
		now.tv_nsec += 1000000000;
		now.tv_sec--;
	}
	now.tv_sec += now.tv_nsec / 1000000000;
	now.tv_nsec %= 1000000000;
	return now;
}

static void jump_to(long seconds)
{
	struct timespec t = from_right(seconds);

	say("the clock is set to %ld\n", seconds);
	MUST(clock_settime(CLOCK_REALTIME, &t));
	nap(2); /* what ends by that does so a moment later */
}

/* The clock, in tens of seconds, from what is right. */
static long shown(clockid_t clock)
{
	struct timespec now, right = from_right(0);

	MUST(clock_gettime(clock, &now));
	return (now.tv_sec - right.tv_sec + 5) / 10;
}

/* ---- who may, and what is refused ---- */

/* The clock cannot be set before the time since boot, nor to where it would soon overflow: EINVAL. */
static void errors(void)
{
	struct timespec bad[] = { { -1, 0 }, { 5, -1 },	       { 5, 1000000000 },
				  { 0, 0 },  { INT64_MAX, 0 }, { INT64_MAX / 1000000000, 0 } };
	struct timeval times[] = { { -1, 0 }, { 5, -1 }, { 5, 1000001 }, { 5, 1000000 }, { 0, 0 } };
	struct timezone zone = { 901, 0 };
	clockid_t own = 0;
	struct timespec right = from_right(0);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		TRY(clock_settime(CLOCK_REALTIME, &bad[i]));
	TRY(syscall(SYS_clock_settime, CLOCK_REALTIME, 8));
	for (clockid_t clock = 1; clock < 18; clock++)
		TRY(syscall(SYS_clock_settime, clock, 8));
	MUST(clock_getcpuclockid(getpid(), &own));
	TRY(clock_settime(own, &right));
	TRY(syscall(SYS_clock_settime, own, 8));
	TRY(clock_settime((clockid_t)(~999999u << 3 | 2), &right));
	TRY(clock_settime(-1, &right));
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		TRY(syscall(SYS_settimeofday, &times[i], NULL));
	TRY(syscall(SYS_settimeofday, 8, NULL));
	TRY(syscall(SYS_settimeofday, NULL, 8));
	TRY(syscall(SYS_settimeofday, NULL, &zone));
	TRY(syscall(SYS_settimeofday, NULL, NULL));
	zone.tz_minuteswest = 0;
	TRY(syscall(SYS_settimeofday, NULL, &zone));
	MUST(syscall(SYS_gettimeofday, NULL, &zone));
	say("zone %d %d\n", zone.tz_minuteswest, zone.tz_dsttime);
}

/* adjtimex asks without privileges; a clock that cannot be adjusted is EOPNOTSUPP, one that does not exist EINVAL. */
static void adjustments(void)
{
	struct timex t = { 0 };

	TRY(adjtimex(&t));
	say("offset %ld, frequency %ld, errors %ld %ld, status %d, constant %ld, precision %ld, "
	    "tolerance %ld, tick %ld, tai %d\n",
	    t.offset, t.freq, t.maxerror, t.esterror, t.status, t.constant, t.precision,
	    t.tolerance, t.tick, t.tai);
	say("its time: %d\n",
	    labs(t.time.tv_sec - from_right(0).tv_sec) <= 1 && t.time.tv_usec < 1000000);
	memset(&t, 0, sizeof(t));
	t.modes = ADJ_OFFSET_SS_READ;
	TRY(adjtimex(&t));
	say("offset %ld\n", t.offset);
	t.modes = 0x8000;
	TRY(adjtimex(&t));
	TRY(syscall(SYS_adjtimex, 8));
	for (clockid_t clock = -6; clock < 18; clock++) {
		memset(&t, 0, sizeof(t));
		TRY(syscall(SYS_clock_adjtime, clock, &t));
	}
	TRY(syscall(SYS_clock_adjtime, 0, 8));
	TRY(syscall(SYS_clock_adjtime, 99, 8));
}

/* What nobody may do, and what root may. Of the numbers, 0x8000 is adjtime(3), 1 sets an offset, and with 0x2000 it does not. */
static const struct timex nobodys[] = {
	{ .modes = 0x8000 },
	{ .modes = 0xa000 },
	{ .modes = 0xa003, .freq = LONG_MAX },
	{ .modes = 0x8100, .time = { 0, -1 } },
	{ .modes = 0x8101, .time = { 0, -1 } },
	{ .modes = 0xa101, .time = { 0, -1 } },
	{ .modes = ADJ_TICK | ADJ_SETOFFSET, .tick = 1 },
	{ .modes = ADJ_TICK },
	{ .modes = ADJ_TICK, .tick = 8999 },
	{ .modes = ADJ_TICK, .tick = 11001 },
	{ .modes = ADJ_SETOFFSET, .time = { 0, -1 } },
	{ .modes = ADJ_SETOFFSET, .time = { 0, 1000000 } },
	{ .modes = ADJ_SETOFFSET, .time = { LONG_MAX, 0 } },
	{ .modes = ADJ_SETOFFSET, .time = { LONG_MIN, 0 } },
	{ .modes = ADJ_SETOFFSET, .time = { -1000000000000, 0 } },
	{ .modes = ADJ_SETOFFSET | ADJ_NANO, .time = { 0, -1 } },
	{ .modes = ADJ_SETOFFSET | ADJ_NANO, .time = { 0, 1000000000 } },
	{ .modes = ADJ_FREQUENCY, .freq = LONG_MAX },
	{ .modes = ADJ_FREQUENCY, .freq = LONG_MIN },
	{ .modes = ADJ_FREQUENCY, .freq = 140737488356 },
	{ .modes = ADJ_FREQUENCY, .freq = -140737488356 },
};
static const struct timex roots[] = {
	{ .modes = 0x2000 },
	{ .modes = 0x8001 },
	{ .modes = 0xa001 }, /* it only asks, and so does the next */
	{ .modes = 0xe001, .tick = 1 },
	{ .modes = 0x10000 },
	{ .modes = ADJ_TICK, .tick = 10000 },
	{ .modes = ADJ_SETOFFSET },
	{ .modes = ADJ_FREQUENCY },
};

static void adjust_all(const struct timex *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct timex t = all[i];

		say("%zu, modes %#x: ", i, t.modes);
		TRY(adjtimex(&t));
	}
}

/* Who may not set the clock is told EPERM, by most calls even if what it asks for is wrong. */
static int user(void *unused)
{
	struct timespec right = from_right(0), bad = { -1, 0 };
	struct timeval time = { right.tv_sec, 0 };
	struct timezone zone = { 0, 0 };
	struct timex t = { .modes = ADJ_TICK };

	(void)unused;
	setgroups(0, NULL);
	MUST(setresuid(1000, 1000, 1000));
	TRY(clock_settime(CLOCK_REALTIME, &right));
	TRY(clock_settime(CLOCK_REALTIME, &bad));
	TRY(syscall(SYS_settimeofday, &time, NULL));
	TRY(syscall(SYS_settimeofday, NULL, &zone));
	TRY(syscall(SYS_settimeofday, NULL, NULL));
	TRY(adjtimex(&t));
	TRY(syscall(SYS_clock_adjtime, CLOCK_REALTIME, &t));
	t.modes = 0;
	TRY(adjtimex(&t));
	t.modes = ADJ_OFFSET_SS_READ;
	TRY(syscall(SYS_clock_adjtime, CLOCK_REALTIME, &t));
	t.modes = ADJ_OFFSET_SINGLESHOT;
	TRY(adjtimex(&t));
	adjust_all(nobodys, sizeof(nobodys) / sizeof(*nobodys));
	adjust_all(roots, sizeof(roots) / sizeof(*roots));
	return 0;
}

/* ---- what sleeps ---- */

static int ready, ended_at_last;
static uint32_t word;

static void *sleep_until(void *clock)
{
	struct timespec t = from_right(500);

	raise_flag(&ready);
	result("clock_nanosleep", clock_nanosleep((clockid_t)(long)clock, TIMER_ABSTIME, &t, NULL));
	raise_flag(&ended_at_last);
	return NULL;
}

static void *wait_until(void *unused)
{
	struct timespec t = from_right(500);

	raise_flag(&ready);
	TRY(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &t, NULL, ~0));
	raise_flag(&ended_at_last);
	return unused;
}

static void *wait_for_any(void *unused)
{
	struct futexes one = { .at = (uint64_t)(uintptr_t)&word, .flags = 2 };
	struct timespec t = from_right(500);

	raise_flag(&ready);
	result("futex_waitv", syscall(449, &one, 1, 0, &t, CLOCK_REALTIME));
	raise_flag(&ended_at_last);
	return unused;
}

static void *wait_on_condition(void *unused)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	struct timespec t = from_right(500);

	MUST(pthread_mutex_lock(&mutex));
	raise_flag(&ready);
	ASK(pthread_cond_timedwait(&cond, &mutex, &t));
	raise_flag(&ended_at_last);
	return unused;
}

/* Waits of half a thousand seconds end when the clock jumps over that, and not before. */
static void sleepers(void)
{
	void *(*const waits[])(void *) = { sleep_until, sleep_until, wait_until, wait_for_any,
					   wait_on_condition };

	for (long i = 0; i < 5; i++) {
		pthread_t thread;

		ready = ended_at_last = 0;
		thread = start(waits[i], (void *)(long)(i == 1 ? CLOCK_TAI : CLOCK_REALTIME));
		until_flag(&ready, 1);
		until_others_wait(1);
		jump_to(-1000);
		jump_to(490);
		say("has ended: %d\n", flag_now(&ended_at_last));
		jump_to(510);
		join(thread);
		jump_to(0);
	}
}

static void handler(int sig)
{
	(void)sig;
}

/* What a signal has interrupted goes on by the clock as it is then. */
static void interrupted(void)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
	pthread_t thread;

	MUST(sigaction(SIGUSR1, &action, NULL));
	ready = ended_at_last = 0;
	thread = start(wait_until, NULL);
	until_flag(&ready, 1);
	until_others_wait(1);
	MUST(pthread_kill(thread, SIGUSR1));
	join(thread);
	ready = ended_at_last = 0;
	thread = start(wait_for_any, NULL);
	until_flag(&ready, 1);
	until_others_wait(1);
	MUST(pthread_kill(thread, SIGUSR1));
	until_others_wait(1);
	jump_to(510);
	join(thread);
	jump_to(0);
}

static long nap_ms;
static int awake;

static void *nap_for_a_while(void *clock)
{
	struct timespec t = { nap_ms / 1000, nap_ms % 1000 * MS }, before, after;

	MUST(clock_gettime(CLOCK_MONOTONIC, &before));
	raise_flag(&ready);
	MUST(clock_nanosleep((clockid_t)(long)clock, 0, &t, NULL));
	raise_flag(&awake);
	MUST(clock_gettime(CLOCK_MONOTONIC, &after));
	after.tv_sec -= before.tv_sec;
	after.tv_nsec -= before.tv_nsec;
	return (void *)(long)(after.tv_sec * 1000000000 + after.tv_nsec >= nap_ms * MS);
}

/* Starts three that sleep. Returns whether all do at one time: where the machine is busy, one may be awake too soon. */
static int all_sleep(pthread_t *threads)
{
	static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME };

	ready = awake = 0;
	for (int i = 0; i < 3; i++)
		threads[i] = start(nap_for_a_while, (void *)(long)clocks[i]);
	until_flag(&ready, 3);
	while (flag_now(&awake) == 0)
		if (count_waiting() >= 3)
			return 1;
	return 0;
}

/* Times that are relative, or of other clocks, do not change. */
static void others_sleep_on(void)
{
	pthread_t threads[3];
	struct timespec t;

	for (nap_ms = 40; !all_sleep(threads); nap_ms *= 4)
		join_all(threads, 3);
	MUST(clock_gettime(CLOCK_MONOTONIC, &t));
	jump_to(1000);
	say("realtime %ld, coarse %ld, tai %ld\n", shown(CLOCK_REALTIME),
	    shown(CLOCK_REALTIME_COARSE), shown(CLOCK_TAI));
	say("have slept: %ld\n", join_all(threads, 3));
	jump_to(0);
}

/* ---- timers of the process ---- */

static timer_t make_timer(clockid_t clock)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
	timer_t id;

	MUST(timer_create(clock, &event, &id));
	return id;
}

static void arm(timer_t id, int flags, struct timespec at, long interval)
{
	struct itimerspec spec = { .it_value = at, .it_interval.tv_sec = interval };

	MUST(timer_settime(id, flags, &spec, NULL));
}

/* In tens of seconds. */
static long left(timer_t id)
{
	struct itimerspec spec;

	MUST(timer_gettime(id, &spec));
	return (spec.it_value.tv_sec + 5) / 10;
}

static void take(const char *what)
{
	sigset_t set;
	siginfo_t info;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sig = sigtimedwait(&set, &info, &(struct timespec){ 0, 20 * MS });
	if (sig < 0)
		say("%s: %s\n", what, strerrorname_np(errno));
	else
		say("%s: signal, overrun %d\n", what, info.si_overrun);
}

/* A jump moves the end of an absolute timer, and not that of a relative one; intervals jumped over are overruns. */
static void timers(void)
{
	timer_t absolute = make_timer(CLOCK_REALTIME), relative = make_timer(CLOCK_REALTIME);
	struct itimerspec old;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	arm(absolute, TIMER_ABSTIME, from_right(500), 100);
	arm(relative, 0, (struct timespec){ 500, 0 }, 0);
	say("%ld and %ld left\n", left(absolute), left(relative));
	jump_to(-1000);
	say("%ld and %ld left\n", left(absolute), left(relative));
	jump_to(490);
	say("%ld and %ld left\n", left(absolute), left(relative));
	take("before");
	jump_to(1045);
	take("after");
	say("%ld and %ld left\n", left(absolute), left(relative));
	jump_to(0);
	say("%ld and %ld left\n", left(absolute), left(relative));
	take("back");
	jump_to(1110);
	take("again");
	arm(relative, TIMER_ABSTIME, from_right(1200), 0);
	MUST(timer_settime(absolute, 0, &(struct itimerspec){ .it_value.tv_sec = 300 }, &old));
	say("%ld left of the old one\n", (old.it_value.tv_sec + 5) / 10);
	say("%ld and %ld left\n", left(absolute), left(relative));
	jump_to(1150);
	take("of neither");
	say("%ld and %ld left\n", left(absolute), left(relative));
	jump_to(1210);
	take("of the second");
	timer_delete(relative);
	timer_delete(absolute);
	absolute = make_timer(CLOCK_TAI);
	arm(absolute, TIMER_ABSTIME, from_right(2000), 0);
	jump_to(2010);
	take("tai");
	jump_to(0);
}

/* ---- timers that are files ---- */

static void set_fd(int fd, int flags, struct timespec at, long interval)
{
	struct itimerspec spec = { .it_value = at, .it_interval.tv_sec = interval };

	TRY(timerfd_settime(fd, flags, &spec, NULL));
}

static void take_fd(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	uint64_t ticks = 77;
	struct itimerspec spec;
	int polled = poll(&poll_fd, 1, 0);
	ssize_t n = read(fd, &ticks, sizeof(ticks));

	MUST(timerfd_gettime(fd, &spec));
	say("polled %d, read %s, %lu ticks; %ld left\n", polled,
	    n < 0 ? strerrorname_np(errno) : "ok", (unsigned long)ticks,
	    (spec.it_value.tv_sec + 5) / 10);
}

static void *read_blocking(void *fd)
{
	uint64_t ticks;

	raise_flag(&ready);
	TRY(read((int)(long)fd, &ticks, sizeof(ticks)));
	return NULL;
}

static void files(void)
{
	/* With TFD_TIMER_CANCEL_ON_SET each jump ends one read with ECANCELED, and is told by timerfd_settime, too. */
	const int both = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
	int other = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct timespec in_time;
	pthread_t thread;
	uint64_t ticks;

	set_fd(fd, TFD_TIMER_ABSTIME, from_right(500), 100);
	MUST(clock_gettime(CLOCK_MONOTONIC, &in_time));
	in_time.tv_sec += 800;
	set_fd(other, both, in_time, 0);
	take_fd(fd);
	jump_to(-100);
	take_fd(fd);
	jump_to(1045);
	take_fd(fd);
	take_fd(fd);
	take_fd(other);
	jump_to(0);
	take_fd(fd);
	set_fd(fd, 0, (struct timespec){ 300, 0 }, 0);
	jump_to(400);
	take_fd(fd);
	jump_to(0);

	set_fd(fd, both, from_right(500), 100);
	take_fd(fd);
	jump_to(10);
	take_fd(fd);
	take_fd(fd);
	jump_to(0);
	set_fd(fd, both, from_right(600), 0);
	take_fd(fd);
	jump_to(10);
	jump_to(0);
	set_fd(fd, 0, (struct timespec){ 300, 0 }, 0);
	take_fd(fd);
	/* R153: but only with TFD_TIMER_ABSTIME. */
	set_fd(fd, TFD_TIMER_CANCEL_ON_SET, (struct timespec){ 300, 0 }, 0);
	jump_to(10);
	take_fd(fd);
	jump_to(0);
	set_fd(fd, both, from_right(500), 100);
	jump_to(750);
	take_fd(fd);
	jump_to(0);
	take_fd(fd);
	set_fd(fd, both, (struct timespec){ 0, 0 }, 0);
	jump_to(10);
	take_fd(fd);
	jump_to(0);
	set_fd(fd, TFD_TIMER_ABSTIME, from_right(700), 0);
	take_fd(fd);

	MUST(fcntl(fd, F_SETFL, 0));
	set_fd(fd, both, from_right(500), 0);
	jump_to(30);
	TRY(readv(fd, &(struct iovec){ &ticks, sizeof(ticks) }, 1));
	jump_to(40);
	TRY(syscall(SYS_preadv2, fd, &(struct iovec){ &ticks, sizeof(ticks) }, 1, -1, -1, 0));
	jump_to(0);
	TRY(read(fd, &ticks, sizeof(ticks)));
	ready = 0;
	thread = start(read_blocking, (void *)(long)fd);
	until_flag(&ready, 1);
	until_others_wait(1);
	jump_to(20);
	join(thread);
	jump_to(0);
	close(fd);
	close(other);
}

int main(void)
{
	remember();
	errors();
	adjustments();
	adjust_all(nobodys, sizeof(nobodys) / sizeof(*nobodys));
	in_child("a user", user, NULL);
	sleepers();
	interrupted();
	others_sleep_on();
	timers();
	files();
	say("the end: %ld\n", shown(CLOCK_REALTIME));
	return 0;
}
