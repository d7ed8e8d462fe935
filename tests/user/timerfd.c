/* SPDX-License-Identifier: MIT */
/* R153: timerfd: expiries that are counted, absolute and relative times, what settime and gettime tell, errors. */
#include "t.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>

#define MS 1000000l

static void get(int fd)
{
	uint64_t n = 77;
	long got = read(fd, &n, sizeof(n));

	result("read", got);
	if (got == sizeof(n))
		say("  %lu\n", (unsigned long)n);
}

static void ready(int fd)
{
	struct pollfd ask = { .fd = fd, .events = 0x3ff & ~POLLNVAL };
	int n = poll(&ask, 1, 0);

	say("poll: %d, %#x\n", n, (unsigned)ask.revents);
}

static struct itimerspec spec(long sec, long nsec, long interval_sec, long interval_nsec)
{
	return (struct itimerspec){ { interval_sec, interval_nsec }, { sec, nsec } };
}

static int set(int fd, int flags, struct itimerspec new)
{
	return timerfd_settime(fd, flags, &new, NULL);
}

/* The seconds that are left, rounded up; the interval as it is. */
static void told(const char *what, const struct itimerspec *t)
{
	say("%s: %ld, each %ld.%09ld\n", what, (long)t->it_value.tv_sec + (t->it_value.tv_nsec > 0),
	    (long)t->it_interval.tv_sec, (long)t->it_interval.tv_nsec);
}

static void left(int fd)
{
	struct itimerspec t;

	result("gettime", timerfd_gettime(fd, &t));
	told("left", &t);
}

static void until_ready(int fd)
{
	struct pollfd ask = { .fd = fd, .events = POLLIN };

	say("waited: %d\n", poll(&ask, 1, -1));
}

static void once(int clock)
{
	int fd = timerfd_create(clock, TFD_NONBLOCK);

	ready(fd);
	get(fd);
	left(fd);
	TRY(set(fd, 0, spec(0, 1, 0, 0)));
	until_ready(fd);
	left(fd);
	get(fd);
	get(fd);
	ready(fd);
	TRY(set(fd, 0, spec(1000, 0, 0, 0)));
	left(fd);
	ready(fd);
	get(fd);
	TRY(set(fd, 0, spec(0, 0, 0, 0)));
	left(fd);
	/* An expiry that was not read is forgotten when it is set anew. */
	TRY(set(fd, 0, spec(0, 1, 0, 0)));
	until_ready(fd);
	TRY(set(fd, 0, spec(1000, 0, 0, 0)));
	ready(fd);
	get(fd);
	/* An interval without a first time is kept, and never begins. */
	TRY(set(fd, 0, spec(0, 0, 0, MS)));
	left(fd);
	nap(3); /* one that began would expire */
	left(fd);
	ready(fd);
	get(fd);
	close(fd);
}

/* An alarm clock cannot be read where there is no device for it. */
static struct timespec ago(int clock, long sec)
{
	struct timespec now;

	clock_gettime(clock == CLOCK_REALTIME_ALARM   ? CLOCK_REALTIME
		      : clock == CLOCK_BOOTTIME_ALARM ? CLOCK_BOOTTIME
						      : clock,
		      &now);
	now.tv_sec -= sec;
	return now;
}

/* Intervals that began in the past: how many there have been is no matter of how fast the machine is. */
static void absolute(int clock)
{
	int fd = timerfd_create(clock, TFD_NONBLOCK);
	struct itimerspec t = spec(0, 0, 100000, 0), old;

	t.it_value = ago(clock, 0);
	TRY(timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL));
	until_ready(fd);
	get(fd);
	left(fd);
	get(fd);
	t.it_value = ago(clock, -1000);
	TRY(timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &t, &old));
	told("old", &old);
	left(fd);
	ready(fd);
	t = spec(0, 1, 0, 0);
	TRY(timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, &old));
	told("old", &old);
	until_ready(fd);
	get(fd);
	left(fd);
	t = spec(0, 0, 100000, 0);
	t.it_value = ago(clock, 0);
	TRY(timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL));
	until_ready(fd); /* and not read: the time that is left is of the next one all the same */
	TRY(timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, &old));
	told("old", &old);
	close(fd);
}

/* It began ten thousand days ago, as the wall clock says, and once a thousand days. */
static void many(void)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
	struct itimerspec t = spec(0, 0, 1000 * 86400, 0);

	t.it_value = ago(CLOCK_REALTIME, 10 * 1000 * 86400 + 86400);
	TRY(timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL));
	until_ready(fd);
	get(fd);
	TRY(timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL));
	until_ready(fd);
	left(fd); /* which counts those that were missed, and arms it again */
	get(fd);
	get(fd);
	close(fd);
}

/* A reader that waits, and one that a handler wakes. */
static void nothing(int sig)
{
	(void)sig;
}

static void waiting(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), sum = 0, reads = 0;
	struct sigaction action = { .sa_handler = nothing };
	int alarms = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t n;
	pid_t pid;

	(void)alarms;
	set(fd, 0, spec(0, MS, 0, MS));
	for (; sum < 5; reads++) {
		if (read(fd, &n, sizeof(n)) != sizeof(n) || n == 0)
			say("wrong\n");
		sum += (int)n;
	}
	say("enough: %d\n", sum >= 5 && reads <= sum);
	set(fd, 0, spec(0, 0, 0, 0));
	sigaction(SIGUSR1, &action, NULL);
	pid = fork();
	if (pid == 0) {
		for (;;) {
			kill(getppid(), SIGUSR1);
			nap(1);
		}
	}
	get(fd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd);
}

static void errors(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct itimerspec good = spec(1000, 0, 0, 0), out;

	TRY(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
	TRY(timerfd_create(CLOCK_TAI, 0));
	TRY(timerfd_create(-1, 0));
	TRY(timerfd_create(CLOCK_MONOTONIC, 1));
	TRY(set(fd, 4, good));
	TRY(set(fd, 0, spec(-1, 0, 0, 0)));
	TRY(set(fd, 0, spec(0, 1000000000, 0, 0)));
	TRY(set(fd, 0, spec(0, -1, 0, 0)));
	TRY(set(fd, 0, spec(1, 0, -1, 0)));
	TRY(set(fd, 0, spec(1, 0, 0, 1000000000)));
	TRY(set(0, 0, good));
	TRY(set(99, 0, good));
	TRY(syscall(SYS_timerfd_settime, fd, 0, 8, NULL));
	TRY(syscall(SYS_timerfd_settime, fd, 0, &good, 8));
	left(fd); /* it was set all the same */
	TRY(syscall(SYS_timerfd_settime, fd, 0, NULL, NULL));
	TRY(syscall(SYS_timerfd_gettime, fd, 8));
	TRY(timerfd_gettime(0, &out));
	TRY(timerfd_gettime(99, &out));
	TRY(set(fd, 0, spec(0x7fffffffffffffff, 0, 0x7fffffffffffffff, 0)));
	timerfd_gettime(fd, &out);
	say("very long: %d, each %ld.%09ld\n", out.it_value.tv_sec > 9000000000,
	    (long)out.it_interval.tv_sec, (long)out.it_interval.tv_nsec);
	TRY(read(fd, &out, 7));
	TRY(write(fd, &out, 8));
	TRY(pread(fd, &out, 8, 0));
	TRY(ioctl(fd, FIONREAD, &out));
	TRY(fcntl(fd, F_GETFL));
	tell_kind(fd);
	close(fd);
}

/* Who may not wake the machine makes none, and sets none that it was given. */
static void not_permitted(void)
{
	int fd = timerfd_create(CLOCK_BOOTTIME_ALARM, TFD_NONBLOCK);
	struct itimerspec good = spec(1000, 0, 0, 0);

	if (fork() == 0) {
		setuid(1000);
		TRY(timerfd_create(CLOCK_REALTIME_ALARM, 0));
		TRY(timerfd_create(CLOCK_BOOTTIME_ALARM, 1));
		TRY(set(fd, 0, good));
		TRY(set(fd, 4, good));
		TRY(set(fd, 0, spec(0, -1, 0, 0)));
		TRY(set(STDIN_FILENO, 0, good));
		left(fd);
		get(fd);
		_exit(0);
	}
	wait(NULL);
	close(fd);
}

int main(void)
{
	once(CLOCK_MONOTONIC);
	once(CLOCK_REALTIME);
	once(CLOCK_BOOTTIME);
	absolute(CLOCK_MONOTONIC);
	absolute(CLOCK_REALTIME);
	absolute(CLOCK_BOOTTIME);
	absolute(CLOCK_REALTIME_ALARM);
	absolute(CLOCK_BOOTTIME_ALARM);
	many();
	waiting();
	errors();
	not_permitted();
	return 0;
}
