/* SPDX-License-Identifier: MIT */
/* gettimeofday, times, and the CPU clocks that a pid names. */
#include "t.h"

#include <sys/time.h>
#include <sys/times.h>

#define BAD ((void *)8)

/* As the kernel makes one of a pid: 2 is the time on a processor, 0 and 1 user and both by ticks. */
static clockid_t clock_of(pid_t pid, int which, int thread)
{
	return (clockid_t)(~(unsigned)pid << 3 | (unsigned)thread << 2 | (unsigned)which);
}

static long long ns(const struct timespec *t)
{
	return t->tv_sec * 1000000000ll + t->tv_nsec;
}

static void spend(clock_t ticks)
{
	clock_t until = clock() + ticks * (CLOCKS_PER_SEC / 100);

	while (clock() < until)
		continue;
}

static void of_day(void)
{
	struct timespec before, after;
	struct timezone zone = { 77, 77 };
	struct timeval now;
	long long ns_now;

	clock_gettime(CLOCK_REALTIME, &before);
	TRY(syscall(SYS_gettimeofday, &now, &zone));
	clock_gettime(CLOCK_REALTIME, &after);
	ns_now = now.tv_sec * 1000000000ll + now.tv_usec * 1000ll;
	say("between the two: %d, whole: %d, zone %d %d\n",
	    ns_now >= ns(&before) - 1000 && ns_now <= ns(&after),
	    now.tv_usec >= 0 && now.tv_usec < 1000000, zone.tz_minuteswest, zone.tz_dsttime);
	TRY(syscall(SYS_gettimeofday, NULL, NULL));
	TRY(syscall(SYS_gettimeofday, NULL, &zone));
	TRY(syscall(SYS_gettimeofday, BAD, NULL));
	TRY(syscall(SYS_gettimeofday, NULL, BAD));
	say("after 2020: %d\n", now.tv_sec > 1577836800);
}

static void of_process(void)
{
	struct tms t, u;
	clock_t begun = times(&t), later;
	pid_t pid;

	spend(20);
	later = times(&u);
	say("time goes on: %d, mine too: %d, no child's: %d\n", later - begun >= 19,
	    u.tms_utime + u.tms_stime - t.tms_utime - t.tms_stime >= 15,
	    u.tms_cutime == 0 && u.tms_cstime == 0);
	pid = fork();
	if (pid == 0) {
		times(&t);
		say("a child begins anew: %d\n", t.tms_utime + t.tms_stime < 15);
		spend(10);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	times(&u);
	say("the child's: %d\n", u.tms_cutime + u.tms_cstime >= 7);
	say("for nothing: %d\n", syscall(SYS_times, NULL) > 0);
	TRY(syscall(SYS_times, BAD));
}

static void of_pid(void)
{
	struct timespec mine, named, t;
	clockid_t clock = 0;
	int status, go[2];
	pid_t pid;

	TRY(clock_getcpuclockid(0, &clock));
	TRY(clock_getcpuclockid(getpid(), &clock));
	say("as the C library makes it: %d\n", clock == clock_of(getpid(), 2, 0));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &mine);
	TRY(syscall(SYS_clock_gettime, clock, &named));
	say("the same clock: %d\n", ns(&named) >= ns(&mine));
	for (int which = 0; which < 3; which++)
		for (int thread = 0; thread < 2; thread++) {
			TRY(syscall(SYS_clock_gettime, clock_of(getpid(), which, thread), &t));
			TRY(syscall(SYS_clock_gettime, clock_of(0, which, thread), &t));
			TRY(syscall(SYS_clock_getres, clock_of(getpid(), which, thread), &t));
		}
	TRY(syscall(SYS_clock_gettime, clock_of(getpid(), 3, 0), &t)); /* a descriptor's */
	TRY(syscall(SYS_clock_gettime, clock_of(getpid(), 3, 1), &t));
	TRY(syscall(SYS_clock_gettime, clock_of(999999, 2, 0), &t));
	TRY(syscall(SYS_clock_getres, clock_of(999999, 2, 0), &t));
	TRY(syscall(SYS_clock_gettime, clock_of(getpid(), 2, 0), BAD));
	TRY(syscall(SYS_clock_getres, clock_of(getpid(), 2, 0), NULL));
	TRY(clock_getcpuclockid(999999, &clock) == ESRCH);
	TRY(pipe(go));
	pid = fork();
	if (pid == 0) {
		spend(10);
		write(go[1], "x", 1);
		close(go[1]);
		for (;;)
			nap(1000);
	}
	TRY(read(go[0], &status, 1));
	TRY(syscall(SYS_clock_gettime, clock_of(pid, 2, 0), &t));
	say("a child's: %d\n", ns(&t) >= 70000000);
	TRY(syscall(SYS_clock_gettime, clock_of(pid, 2, 1), &t)); /* no thread of ours */
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	TRY(syscall(SYS_clock_gettime, clock_of(pid, 2, 0), &t));
}

int main(void)
{
	of_day();
	of_process();
	of_pid();
	return 0;
}
