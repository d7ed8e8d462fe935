/* SPDX-License-Identifier: MIT */
/* No call with a time-out ends before its time is over, however long the machine has been up. */
#include "t.h"

#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/time.h>
#include <sys/timerfd.h>

#define MS   1000000l
#define LONG (20 * MS) /* of the time-outs, in nanoseconds */
#define SEC  1000000000l

static int epoll, semaphores, pipe_ends[2];
static mqd_t empty_queue, full_queue;
static uint32_t word;
static sigset_t alarms;

static long now(int clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * SEC + t.tv_nsec;
}

static struct timespec of(long ns)
{
	return (struct timespec){ ns / SEC, ns % SEC };
}

static struct timespec in_a_while(int clock)
{
	return of(now(clock) + LONG);
}

/* ---- calls whose time-out is from now ---- */

/* When it is over, sleeps and poll return 0, futex is ETIMEDOUT; signals and semaphores are EAGAIN. */
static const struct timespec a_while = { 0, LONG };

static long by_nanosleep(void)
{
	return nanosleep(&a_while, NULL);
}

static long by_clock_nanosleep(void)
{
	return clock_nanosleep(CLOCK_REALTIME, 0, &a_while, NULL);
}

static long by_poll(void)
{
	struct pollfd p = { pipe_ends[0], POLLIN, 0 };

	return poll(&p, 1, LONG / MS);
}

static long by_ppoll(void)
{
	return ppoll(NULL, 0, &a_while, NULL);
}

static long by_select(void)
{
	struct timeval t = { 0, LONG / 1000 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(pipe_ends[0], &set);
	return select(pipe_ends[0] + 1, &set, NULL, NULL, &t);
}

static long by_pselect(void)
{
	return pselect(0, NULL, NULL, NULL, &a_while, NULL);
}

static long by_epoll_wait(void)
{
	struct epoll_event e;

	return epoll_wait(epoll, &e, 1, LONG / MS);
}

static long by_epoll_pwait2(void)
{
	struct epoll_event e;

	return syscall(SYS_epoll_pwait2, epoll, &e, 1, &a_while, NULL, 0);
}

static long futex(int op, const struct timespec *t)
{
	return syscall(SYS_futex, &word, op, 0, t, NULL, FUTEX_BITSET_MATCH_ANY);
}

static long by_futex_wait(void)
{
	return futex(FUTEX_WAIT, &a_while);
}

static long by_sigtimedwait(void)
{
	return sigtimedwait(&alarms, NULL, &a_while);
}

static long by_semtimedop(void)
{
	struct sembuf take = { 0, -1, 0 };

	return semtimedop(semaphores, &take, 1, &a_while);
}

/* ---- those whose time-out is a time of a clock ---- */

/* Queues have the clock of the wall, a futex that of the time since boot unless the call names another. */
static long by_absolute_nanosleep(void)
{
	struct timespec t = in_a_while(CLOCK_MONOTONIC);

	return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static long by_futex_wait_bitset(void)
{
	struct timespec t = in_a_while(CLOCK_MONOTONIC);

	return futex(FUTEX_WAIT_BITSET, &t);
}

static long by_futex_wait_bitset_of_wall(void)
{
	struct timespec t = in_a_while(CLOCK_REALTIME);

	return futex(FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, &t);
}

static long by_futex_waitv(void)
{
	struct futex_waitv v = { .uaddr = (uintptr_t)&word, .flags = FUTEX_32 };
	struct timespec t = in_a_while(CLOCK_MONOTONIC);

	return syscall(SYS_futex_waitv, &v, 1, 0, &t, CLOCK_MONOTONIC);
}

static long by_mq_timedreceive(void)
{
	struct timespec t = in_a_while(CLOCK_REALTIME);
	char text[8];

	return mq_timedreceive(empty_queue, text, sizeof(text), NULL, &t);
}

static long by_mq_timedsend(void)
{
	struct timespec t = in_a_while(CLOCK_REALTIME);

	return mq_timedsend(full_queue, "b", 1, 0, &t);
}

/* ---- timers ---- */

/* One without an interval expires once. */
static long by_timerfd(void)
{
	struct itimerspec t = { .it_value = a_while };
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t times = 0;

	timerfd_settime(fd, 0, &t, NULL);
	read(fd, &times, sizeof(times));
	close(fd);
	return (long)times;
}

static long by_absolute_timerfd(void)
{
	struct itimerspec t = { .it_value = in_a_while(CLOCK_REALTIME) };
	int fd = timerfd_create(CLOCK_REALTIME, 0);
	uint64_t times = 0;

	timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL);
	read(fd, &times, sizeof(times));
	close(fd);
	return (long)times;
}

static long by_setitimer(void)
{
	struct itimerval t = { .it_value = { 0, LONG / 1000 } };

	setitimer(ITIMER_REAL, &t, NULL);
	return sigwaitinfo(&alarms, NULL) == SIGALRM;
}

static long by_timer_settime(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	struct itimerspec t = { .it_value = a_while };
	timer_t timer;

	timer_create(CLOCK_MONOTONIC, &event, &timer);
	timer_settime(timer, 0, &t, NULL);
	return sigwaitinfo(&alarms, NULL) == SIGALRM && timer_delete(timer) == 0;
}

static const struct {
	const char *name;
	long (*wait)(void);
} waits[] = {
	{ "nanosleep", by_nanosleep },
	{ "clock_nanosleep", by_clock_nanosleep },
	{ "poll", by_poll },
	{ "ppoll", by_ppoll },
	{ "select", by_select },
	{ "pselect", by_pselect },
	{ "epoll_wait", by_epoll_wait },
	{ "epoll_pwait2", by_epoll_pwait2 },
	{ "FUTEX_WAIT", by_futex_wait },
	{ "sigtimedwait", by_sigtimedwait },
	{ "semtimedop", by_semtimedop },
	{ "clock_nanosleep, TIMER_ABSTIME", by_absolute_nanosleep },
	{ "FUTEX_WAIT_BITSET", by_futex_wait_bitset },
	{ "FUTEX_WAIT_BITSET, CLOCK_REALTIME", by_futex_wait_bitset_of_wall },
	{ "futex_waitv", by_futex_waitv },
	{ "mq_timedreceive", by_mq_timedreceive },
	{ "mq_timedsend", by_mq_timedsend },
	{ "timerfd", by_timerfd },
	{ "timerfd, TFD_TIMER_ABSTIME", by_absolute_timerfd },
	{ "setitimer", by_setitimer },
	{ "timer_settime", by_timer_settime },
};

static mqd_t queue(const char *name)
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 8 };
	mqd_t made = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);

	mq_unlink(name);
	return made;
}

int main(void)
{
	struct epoll_event in = { .events = EPOLLIN };

	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	sigprocmask(SIG_BLOCK, &alarms, NULL);
	TRY(pipe(pipe_ends));
	epoll = epoll_create1(0);
	TRY(epoll_ctl(epoll, EPOLL_CTL_ADD, pipe_ends[0], &in));
	semaphores = semget(IPC_PRIVATE, 1, 0600);
	empty_queue = queue("/timeouts-empty");
	full_queue = queue("/timeouts-full");
	TRY(mq_send(full_queue, "a", 1, 0));
	while (now(CLOCK_MONOTONIC) < 2 * LONG) /* so that a time from boot is over */
		;
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		long began = now(CLOCK_MONOTONIC);

		result(waits[i].name, waits[i].wait());
		if (now(CLOCK_MONOTONIC) - began < LONG)
			say("%s: it was over too soon\n", waits[i].name);
	}
	TRY(semctl(semaphores, 0, IPC_RMID));
	return 0;
}
