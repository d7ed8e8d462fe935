/* SPDX-License-Identifier: MIT */
/* Signals, timers and clocks. */
#include "errnos.h"

#include <sys/time.h>
#include <sys/times.h>

static const word first_user_signal = 1ul << (SIGUSR1 - 1), none;
static const struct {
	void *handler;
	word flags;
	word mask;
} ignores = { SIG_IGN, 0, 0 };
static siginfo_t from_self;
static const stack_t stack = { (void *)DATA, 0, 4 * PAGE }, small_stack = { (void *)DATA, 0, 100 },
		     unknown_stack = { (void *)DATA, 64, 4 * PAGE };
static const struct itimerval stopped, no_time = { { 0, 0 }, { -1, 0 } },
				       no_part = { { 0, 0 }, { 0, 1000000 } };
static const struct timespec at_once;

/* The first timer that a process makes. */
#define TIMER 0

static const struct itimerspec in_days = { .it_value = { 1000000, 0 } },
			       before_now = { .it_value = { -1, 0 } },
			       long_second = { .it_interval = { 1, 1000000000 } };
static const struct sigevent tells = { .sigev_signo = SIGUSR1 },
			     tells_nothing = { .sigev_signo = 0 },
			     tells_oddly = { .sigev_signo = SIGUSR1, .sigev_notify = 3 },
			     tells_nobody = { .sigev_signo = SIGUSR1, .sigev_notify = 4 };

static void names_itself(word *arg)
{
	arg[0] = (word)getpid();
}

static void names_itself_twice(word *arg)
{
	arg[0] = arg[1] = (word)getpid();
}

static void queues_to_itself(word *arg)
{
	names_itself(arg);
	from_self.si_code = SI_QUEUE;
}

static void queues_to_itself_twice(word *arg)
{
	names_itself_twice(arg);
	from_self.si_code = SI_QUEUE;
}

/* A signal is pending, and stays so. */
static void raises(word *arg)
{
	sigset_t set;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
}

static void set_up(void)
{
	int id = -1;

	if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &tells, &id) != 0 || id != TIMER)
		say("no timer %d\n", TIMER);
}

static void deletes(const word *arg, long result)
{
	(void)result;
	syscall(SYS_timer_delete, *(const int *)arg[2]);
}

static void clear(void)
{
	static const stack_t no_stack = { .ss_flags = SS_DISABLE };
	static const struct timespec now;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigtimedwait(&set, NULL, &now);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigaltstack(&no_stack, NULL);
	signal(SIGUSR2, SIG_DFL);
}

static const struct bad threads[] = {
	{ "nobody", NO_PID }, { "0", 0 }, { "negative", MINUS(1) }, NO_MORE
};
static const struct bad queued_to[] = { { "nobody", NO_PID },
					{ "negative", MINUS(NO_PID) },
					NO_MORE };
static const struct bad action_signals[] = {
	{ "0", 0 }, { "65", 65 }, { "negative", MINUS(1) }, { "kill", SIGKILL }, NO_MORE
};
static const struct bad hows[] = { { "9", 9 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad pending_size[] = { { "16", 16 }, { "huge", MINUS(1) }, NO_MORE };
static const struct bad stacks[] = { { "unmapped", HOLE },
				     { "half", HALF },
				     { "noaccess", NOACCESS },
				     { "kernel", KERNEL },
				     { "small", (word)&small_stack },
				     { "unknown", (word)&unknown_stack },
				     NO_MORE };
static const struct bad timers[] = { { "9", 9 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad timer_values[] = { { "unmapped", HOLE },
					   { "half", HALF },
					   { "noaccess", NOACCESS },
					   { "kernel", KERNEL },
					   { "negative", (word)&no_time },
					   { "second", (word)&no_part },
					   NO_MORE };
static const struct bad sleeping_clocks[] = { { "99", 99 },
					      { "thread's", CLOCK_THREAD_CPUTIME_ID },
					      { "coarse", CLOCK_MONOTONIC_COARSE },
					      NO_MORE };

static const struct bad waiting_clocks[] = { { "99", 99 },
					     { "coarse", CLOCK_MONOTONIC_COARSE },
					     { "no cpu", MINUS(8 * NO_PID + 6) },
					     NO_MORE };
static const struct bad timer_ids[] = { { "none", 99999 }, { "negative", MINUS(1) }, NO_MORE };
static const struct bad timer_events[] = { { "unmapped", HOLE },
					   { "half", HALF },
					   { "noaccess", NOACCESS },
					   { "kernel", KERNEL },
					   { "signal 0", (word)&tells_nothing },
					   { "oddly", (word)&tells_oddly },
					   { "nobody", (word)&tells_nobody },
					   NO_MORE };
static const struct bad timer_specs[] = { { "null", 0 },
					  { "unmapped", HOLE },
					  { "half", HALF },
					  { "noaccess", NOACCESS },
					  { "kernel", KERNEL },
					  { "negative", (word)&before_now },
					  { "second", (word)&long_second },
					  NO_MORE };

/* The clock is set to what it shows. */
static struct timespec shown;
static void reads_clock(word *arg)
{
	(void)arg;
	clock_gettime(CLOCK_REALTIME, &shown);
}
static const struct bad settable[] = { { "99", 99 },
				       { "monotonic", CLOCK_MONOTONIC },
				       { "own", MINUS(2) },
				       { "no cpu", MINUS(8 * NO_PID + 6) },
				       NO_MORE };
static const int no_zone[2], far_zone[2] = { 901, 0 };
static const struct bad zones[] = { { "unmapped", HOLE },
				    { "noaccess", NOACCESS },
				    { "kernel", KERNEL },
				    { "far", (word)far_zone },
				    NO_MORE };
/* A struct timex that asks for nothing. */
static unsigned adjustment[64];
static void asks_for_nothing(word *arg)
{
	(void)arg;
	memset(adjustment, 0, sizeof(adjustment));
}
static const struct bad adjustments[] = { { "null", 0 },	{ "unmapped", HOLE },
					  { "half", HALF },	{ "noaccess", NOACCESS },
					  { "kernel", KERNEL }, NO_MORE };
static const struct bad adjustable[] = {
	{ "99", 99 }, { "tai", CLOCK_TAI }, { "no cpu", MINUS(8 * NO_PID + 6) }, NO_MORE
};

static const struct row rows[] = {
	CALL(kill, RIGHT(0, 0), BAD(pid_any, signal_any), .before = names_itself),
	CALL(tkill, RIGHT(0, 0), BAD(threads, signal_any), .before = names_itself),
	CALL(tgkill, RIGHT(0, 0, 0), BAD(threads, threads, signal_any),
	     .before = names_itself_twice),
	CALL(rt_sigaction, RIGHT(SIGUSR2, (word)&ignores, DATA, 8),
	     BAD(action_signals, in_or_null, out_or_null, set_size)),
	CALL(rt_sigprocmask, RIGHT(SIG_BLOCK, (word)&none, DATA, 8),
	     BAD(hows, in_or_null, out_or_null, set_size)),
	CALL(rt_sigpending, RIGHT(DATA, 8), BAD(out, pending_size)),
	CALL(rt_sigqueueinfo, RIGHT(0, 0, (word)&from_self), BAD(queued_to, signal_any, in),
	     .before = queues_to_itself),
	CALL(rt_tgsigqueueinfo, RIGHT(0, 0, 0, (word)&from_self),
	     BAD(threads, threads, signal_any, in), .before = queues_to_itself_twice),
	CALL(rt_sigsuspend, RIGHT((word)&none, 8), BAD(in, set_size), .how = BLOCKS),
	CALL(rt_sigtimedwait, RIGHT((word)&first_user_signal, DATA, (word)&at_once, 8),
	     BAD(in, out_or_null, timespec_or_null, set_size), .before = raises),
	CALL(sigaltstack, RIGHT((word)&stack, DATA), BAD(stacks, out_or_null)),
	CALL(setitimer, RIGHT(ITIMER_REAL, (word)&stopped, DATA),
	     BAD(timers, timer_values, out_or_null)),
	CALL(getitimer, RIGHT(ITIMER_REAL, DATA), BAD(timers, out)),
	CALL(timer_create, RIGHT(CLOCK_MONOTONIC, (word)&tells, DATA),
	     BAD(waiting_clocks, timer_events, out), .after = deletes),
	CALL(timer_settime, RIGHT(TIMER, 0, (word)&in_days, DATA),
	     BAD(timer_ids, NULL, timer_specs, out_or_null)),
	CALL(timer_gettime, RIGHT(TIMER, DATA), BAD(timer_ids, out)),
	CALL(timer_getoverrun, RIGHT(TIMER), BAD(timer_ids)),
	CALL(timer_delete, RIGHT(TIMER), BAD(timer_ids), .how = FORKS),
	CALL(nanosleep, RIGHT((word)&at_once, DATA), BAD(timespec, out_or_null)),
	CALL(clock_nanosleep, RIGHT(CLOCK_MONOTONIC, 0, (word)&at_once, DATA),
	     BAD(sleeping_clocks, NULL, timespec, out_or_null)),
	CALL(clock_gettime, RIGHT(CLOCK_MONOTONIC, DATA), BAD(clock_any, out)),
	CALL(clock_getres, RIGHT(CLOCK_MONOTONIC, DATA), BAD(clock_any, out_or_null)),
	CALL(clock_settime, RIGHT(CLOCK_REALTIME, (word)&shown), BAD(settable, timespec),
	     .before = reads_clock),
	CALL(settimeofday, RIGHT(0, (word)no_zone), BAD(out_or_null, zones)),
	CALL(adjtimex, RIGHT((word)adjustment), BAD(adjustments), .before = asks_for_nothing),
	CALL(clock_adjtime, RIGHT(CLOCK_REALTIME, (word)adjustment), BAD(adjustable, adjustments),
	     .before = asks_for_nothing),
	CALL(gettimeofday, RIGHT(DATA, DATA + 16), BAD(out_or_null, out_or_null)),
	CALL(times, RIGHT(DATA), BAD(out_or_null), .how = HIDES),
};

const struct group signals_group = { .name = "signals",
				     .rows = rows,
				     .count = sizeof(rows) / sizeof(rows[0]),
				     .set_up = set_up,
				     .clear = clear };
