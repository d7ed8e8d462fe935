/* SPDX-License-Identifier: MIT */
/* R153: timers of real time: whom they tell, what of, and how often; what stays of them, and errors. */
#include "t.h"
#include "timers.h"

#include <linux/futex.h>

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/signalfd.h>
#include <sys/time.h>

#define BAD ((void *)8)

/* ---- one expiry ---- */

/* A timer without an interval expires once, at once if its time is past; a time of 0 disarms it, whatever its interval. */
static void once(const char *what, int clock)
{
	int id = made(clock, RT, 7);

	say("%s\n", what);
	left(id);
	TRY(set(id, 1, 0));
	taken(RT);
	left(id);
	result("overrun", overrun(id));
	TRY(set(id, 1000 * SEC, 0));
	left(id);
	TRY(set(id, 0, 5 * SEC));
	left(id);
	TRY(set_at(id, (struct timespec){ 1, 0 }, 0));
	taken(RT);
	left(id);
	TRY(set_at(id, from_now(clock, 1000), 100 * SEC));
	left(id);
	none(RT);
	result("delete", timer_gone(id));
}

/* Intervals that began in the past: how many there have been is no matter of how fast the machine is. */
static void overruns(void)
{
	int id = made(CLOCK_REALTIME, RT, 3);

	TRY(set_at(id, from_now(CLOCK_REALTIME, -10500), 1000 * SEC));
	taken(RT);
	result("overrun", overrun(id));
	left(id);
	none(RT);
	/* The last one is told until the next is taken, or the timer is set anew. */
	TRY(set_at(id, from_now(CLOCK_REALTIME, -3500), 1000 * SEC));
	result("overrun", overrun(id));
	until_pending(RT);
	left(id); /* which counts them, as taking the signal does */
	taken(RT);
	result("overrun", overrun(id));
	TRY(set_at(id, (struct timespec){ 1, 0 }, 1));
	taken(RT);
	result("overrun", overrun(id)); /* more than fit */
	TRY(set(id, 0, 0));
	result("drained", drained(RT) <= 1);
	/* A tiny interval: no more signals than are taken, and the others are counted. */
	TRY(set(id, 1, 1));
	for (int i = 0; i < 100; i++)
		if (!some_overrun(RT))
			say("none came\n");
	TRY(set(id, 0, 0));
	result("drained", drained(RT) <= 1);
	timer_gone(id);
}

/* What is pending when the timer is set anew, or is deleted, stays so, and begins nothing anew. */
static void pending(void)
{
	int id = made(CLOCK_MONOTONIC, RT, 4), other;

	TRY(set(id, 1, 1000 * SEC));
	until_pending(RT);
	TRY(set(id, 500 * SEC, 0));
	taken(RT);
	left(id);
	TRY(set(id, 1, 1000 * SEC));
	until_pending(RT);
	TRY(set(id, 0, 0));
	taken(RT);
	left(id);
	/* Expires twice before its signal is taken: one signal, and an overrun. */
	TRY(set(id, 1, 0));
	until_pending(RT);
	TRY(set(id, 1, 0));
	until_expired(id);
	taken(RT);
	none(RT);
	result("overrun", overrun(id));
	TRY(set(id, 1, 1000 * SEC));
	until_pending(RT);
	result("delete", timer_gone(id));
	taken(RT);
	none(RT);
	result("gone", timer_gone(id));
	/* One signal for each timer, also where there is one for all other senders. */
	id = made(CLOCK_MONOTONIC, SIGALRM, 5);
	other = made(CLOCK_BOOTTIME, SIGALRM, 6);
	kill(getpid(), SIGALRM);
	set(id, 1, 0);
	until_expired(id);
	set(other, 1, 0);
	until_expired(other);
	kill(getpid(), SIGALRM);
	taken(SIGALRM);
	taken(SIGALRM);
	taken(SIGALRM);
	none(SIGALRM);
	timer_gone(id);
	timer_gone(other);
}

/* ---- who is told ---- */

/* A timer of SIGEV_NONE can only be asked for what is left, and counts no overruns. */
static void silent(void)
{
	int id = made_with(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, 0);

	TRY(set(id, 1000 * SEC, 10 * SEC));
	left(id);
	TRY(set(id, 1, 0));
	until_expired(id);
	left(id);
	result("overrun", overrun(id));
	TRY(set_at(id, from_now(CLOCK_MONOTONIC, 0), 1000 * SEC));
	left(id);
	result("overrun", overrun(id));
	timer_gone(id);
}

/* Without an event a timer sends SIGALRM, with its id as the value. */
static void without_event(void)
{
	timer_t id = NULL;
	int kernel_id = -1;
	siginfo_t info;

	TRY(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &kernel_id));
	set(kernel_id, 1, 0);
	take(SIGALRM, &info);
	say("SIGALRM, the value is the id: %d\n", info.si_value.sival_int == kernel_id);
	timer_gone(kernel_id);
	/* By the library, whose ids are its own. */
	TRY(timer_create(CLOCK_MONOTONIC, NULL, &id));
	TRY(timer_settime(id, 0, &(struct itimerspec){ .it_value = { 0, 1 } }, NULL));
	take(SIGALRM, &info);
	say("code %d, overrun %d\n", info.si_code, info.si_overrun);
	TRY(timer_getoverrun(id));
	TRY(timer_delete(id));
}

/* A read of a signalfd takes the signal, so the interval begins anew. */
static void files(void)
{
	int id = made(CLOCK_MONOTONIC, RT, 9), fd;
	struct signalfd_siginfo info;
	struct pollfd ask;
	sigset_t set_of;

	sigemptyset(&set_of);
	sigaddset(&set_of, RT);
	fd = signalfd(-1, &set_of, 0);
	ask = (struct pollfd){ .fd = fd, .events = POLLIN };
	TRY(set(id, 1, 1000 * SEC));
	result("poll", poll(&ask, 1, -1));
	result("read", read(fd, &info, sizeof(info)));
	say("signal %u, code %d, timer %d, overrun %u, value %lu %d\n", info.ssi_signo,
	    info.ssi_code, (int)info.ssi_tid == id, info.ssi_overrun, (unsigned long)info.ssi_ptr,
	    info.ssi_int);
	left(id);
	close(fd);
	timer_gone(id);
}

static volatile sig_atomic_t handled, most_overrun, handled_code;

static void handles(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	handled_code = info->si_code;
	if (most_overrun < info->si_overrun)
		most_overrun = info->si_overrun;
	handled++;
}

/* A handler is entered again and again. Its mask is that of the wait. */
static void handlers(void)
{
	struct sigaction action = { .sa_sigaction = handles, .sa_flags = SA_SIGINFO };
	int id = made(CLOCK_MONOTONIC, RT, 9);
	sigset_t nothing;

	sigemptyset(&nothing);
	sigaction(RT, &action, NULL);
	TRY(set(id, 1000, 1000));
	while (handled < 20)
		sigsuspend(&nothing);
	TRY(set(id, 0, 0));
	say("handled %d, code %d, overrun %d\n", handled, handled_code, most_overrun > 0);
	signal(RT, SIG_DFL);
	drained(RT);
	timer_gone(id);
}

static pthread_barrier_t both;
static volatile int other_tid;

static void *takes_its_own(void *expected)
{
	siginfo_t info;

	other_tid = gettid();
	pthread_barrier_wait(&both);
	take(RT, &info);
	*(int *)expected += info.si_code == SI_TIMER && info.si_value.sival_int == 11;
	pthread_barrier_wait(&both);
	pthread_barrier_wait(&both);
	return NULL;
}

/* To one thread: nobody else takes it. When that has ended, it expires no more. */
static void threads(void)
{
	struct itimerspec t;
	pthread_t other;
	int id, spare, own = 0;

	pthread_barrier_init(&both, NULL, 2);
	pthread_create(&other, NULL, takes_its_own, &own);
	pthread_barrier_wait(&both);
	id = made_with(CLOCK_MONOTONIC, SIGEV_SIGNAL | SIGEV_THREAD_ID, RT, 11, other_tid);
	TRY(set(id, 1, 1000 * SEC));
	pthread_barrier_wait(&both);
	say("the other has taken its own: %d\n", own);
	none(RT);
	left(id);
	TRY(set(id, 1, 1000 * SEC)); /* which is pending there when it ends */
	pthread_barrier_wait(&both);
	pthread_join(other, NULL);
	none(RT);
	until_expired(id);
	left(id);
	TRY(set(id, 1, 1000 * SEC));
	syscall(SYS_timer_gettime, id, &t);
	none(RT);
	result("overrun", overrun(id));
	while ((spare = try_made(CLOCK_MONOTONIC, SIGEV_THREAD_ID, RT, 0, other_tid)) >= 0)
		timer_gone(spare); /* it has not quite ended */
	result("timer_create", spare);
	timer_gone(id);
}

static void *sets_and_takes(void *id)
{
	TRY(set(*(int *)id, 1, 0));
	taken(RT);
	result("delete", timer_gone(*(int *)id));
	return NULL;
}

/* A timer belongs to the process: any thread sets it, takes its signal, deletes it. */
static void any_thread(void)
{
	int id = made(CLOCK_MONOTONIC, RT, 12);
	pthread_t other;

	pthread_create(&other, NULL, sets_and_takes, &id);
	pthread_join(other, NULL);
	result("gone", timer_gone(id));
}

static sem_t notified;
static int notices;

static void notify(union sigval value)
{
	__atomic_fetch_add(&notices, value.sival_int, __ATOMIC_SEQ_CST);
	sem_post(&notified);
}

/* The library's own way: a thread of it waits for the signals, and makes one for each. */
static void by_thread(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD, .sigev_notify_function = notify };
	timer_t id;

	sem_init(&notified, 0, 0);
	event.sigev_value.sival_int = 1;
	TRY(timer_create(CLOCK_MONOTONIC, &event, &id));
	TRY(timer_settime(id, 0, &(struct itimerspec){ { 0, 1000000 }, { 0, 1000000 } }, NULL));
	for (int i = 0; i < 5; i++)
		sem_wait(&notified);
	TRY(timer_delete(id));
	say("at least five: %d\n", __atomic_load_n(&notices, __ATOMIC_SEQ_CST) >= 5);
}

/* ---- ignored ---- */

static void mask(int how, int sig)
{
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, sig);
	sigprocmask(how, &one, NULL);
}

/* One that is ignored goes on counting, until its signal is not ignored any more. */
static void ignored(void)
{
	int id = made(CLOCK_REALTIME, RT, 13);

	mask(SIG_UNBLOCK, RT);
	signal(RT, SIG_IGN);
	TRY(set(id, 1, 0));
	until_expired(id);
	left(id);
	TRY(set_at(id, from_now(CLOCK_REALTIME, -10500), 1000 * SEC));
	until_expired(id);
	left(id);
	result("overrun", overrun(id));
	mask(SIG_BLOCK, RT);
	none(RT); /* the next expiry is far */
	left(id);
	mask(SIG_UNBLOCK, RT);
	/* Now one that is near. */
	TRY(set(id, 1, 20000000));
	until_expired(id);
	mask(SIG_BLOCK, RT);
	say("some: %d\n", some_overrun(RT));
	mask(SIG_UNBLOCK, RT);
	handled = 0;
	sigaction(RT, &(struct sigaction){ .sa_sigaction = handles, .sa_flags = SA_SIGINFO }, NULL);
	while (handled < 2)
		nap(5);
	say("a handler: %d\n", handled_code);
	mask(SIG_BLOCK, RT);
	/* It ignores what is pending already: nobody takes that, so nothing begins anew. */
	until_pending(RT);
	signal(RT, SIG_IGN);
	signal(RT, SIG_DFL);
	nap(50); /* if something begins anew, it expires */
	none(RT);
	TRY(set(id, 1, 0));
	taken(RT);
	timer_gone(id);
}

static int unignores(void *begin)
{
	while (begin && !__atomic_load_n((int *)begin, __ATOMIC_SEQ_CST))
		nap(1);
	handled = 0;
	return sigaction(RT, &(struct sigaction){ .sa_sigaction = handles, .sa_flags = SA_SIGINFO },
			 NULL);
}

static pid_t sharer(char *stack, int *begin)
{
	return clone(unignores, stack + 16 * PAGE, CLONE_VM | CLONE_SIGHAND | SIGCHLD, begin);
}

static void until_handled(void)
{
	for (int i = 0; i < 2000 && handled < 2; i++)
		nap(5);
	say("handled: %s\n", handled < 2 ? "no" : "yes");
}

/* Another process has the same actions, and sets a handler for both. */
static void ignored_with_others(void)
{
	int id = made(CLOCK_MONOTONIC, RT, 15), begin = 0;
	char *stack = anon(16 * PAGE);
	pid_t pid;

	mask(SIG_UNBLOCK, RT);
	for (int before = 0; before < 2; before++) {
		signal(RT, SIG_IGN);
		pid = before ? sharer(stack, &begin) : 0;
		set(id, 1, 20000000);
		until_expired(id);
		nap(50); /* it has expired, and nobody was told */
		if (before)
			__atomic_store_n(&begin, 1, __ATOMIC_SEQ_CST);
		else
			pid = sharer(stack, NULL);
		waitpid(pid, NULL, 0);
		until_handled();
	}
	mask(SIG_BLOCK, RT);
	munmap(stack, 16 * PAGE);
	timer_gone(id);
}

static int is_killed(void *unused)
{
	int id = made(CLOCK_MONOTONIC, SIGUSR1, 0);

	(void)unused;
	set(id, 1, 0);
	while (pause())
		;
	return 0;
}

/* A timer's SIGCONT resumes the process that it finds stopped. */
static int goes_on(void *unused)
{
	int id = made(CLOCK_MONOTONIC, SIGCONT, 0);

	(void)unused;
	set(id, 20000000, 20000000);
	raise(SIGSTOP);
	return 5;
}

/* A timer's SIGKILL ends a process that is stopped. */
static int dies_stopped(void *unused)
{
	int id = made(CLOCK_MONOTONIC, SIGKILL, 0);

	(void)unused;
	set(id, 20000000, 0);
	raise(SIGSTOP);
	return 6;
}

/* What expires while the process is stopped is handled when it goes on; and it is counted. */
static int is_stopped(void *unused)
{
	int id = made(CLOCK_MONOTONIC, RT, 1);

	(void)unused;
	sigaction(RT, &(struct sigaction){ .sa_sigaction = handles, .sa_flags = SA_SIGINFO }, NULL);
	mask(SIG_UNBLOCK, RT);
	set_at(id, (struct timespec){ 0, 1 }, 0);
	while (!handled)
		;
	handled = most_overrun = 0;
	set(id, 1000000, 1000000);
	raise(SIGSTOP);
	set(id, 0, 0);
	return handled > 0 ? most_overrun > 5 : 7;
}

static void stopped(const char *what, int (*f)(void *), int resume)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(f(NULL));
	waitpid(pid, &status, WUNTRACED);
	if (resume && WIFSTOPPED(status)) {
		nap(20); /* what goes on while it is stopped expires often */
		kill(pid, SIGCONT);
	}
	if (WIFSTOPPED(status))
		waitpid(pid, &status, 0);
	ended(what, status);
}

/* ---- the end of the threads ---- */

#define LISTED 2048 /* entries of a robust list, as many as the kernel follows */

/* So long a list that the thread takes a while to end: each entry and each word is on a page of its own. */
static void end_slowly(void)
{
	static struct robust_list_head head;
	int fd = memfd_create("list", 0);
	char *list, *words;

	if (ftruncate(fd, LISTED * PAGE) != 0)
		_exit(8);
	list = mmap(NULL, LISTED * PAGE, RW, MAP_SHARED, fd, 0);
	for (unsigned long i = 0; i < LISTED; i++)
		*(char **)(list + i * PAGE) = list + (i + 1) % LISTED * PAGE;
	munmap(list, LISTED * PAGE);
	list = mmap(list, LISTED * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0);
	words = mmap(NULL, LISTED * PAGE, RW, ANON, -1, 0);
	head.list.next = (struct robust_list *)list;
	head.futex_offset = words - list;
	syscall(SYS_set_robust_list, &head, sizeof(head));
}

static void *waits(void *unused)
{
	for (;;)
		pause();
	return unused;
}

/* It has used up part of its slice, so the others end soon after it has begun to. */
static void *ends_all(void *part)
{
	enum { TIMERS = 300 };
	struct timespec from, now;
	int ids[TIMERS];

	end_slowly();
	for (int i = 0; i < TIMERS; i++)
		ids[i] = made(CLOCK_MONOTONIC, RT, i);
	for (int i = 0; i < TIMERS; i++)
		set(ids[i], 4000000l + i * 330000l, 0);
	nap(1); /* a new slice begins */
	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - from.tv_sec) * SEC + now.tv_nsec - from.tv_nsec < (long)part);
	syscall(SYS_exit_group, 5);
	return NULL;
}

/* Timers expire while the thread that has begun to end first is the only one that is left. */
static void ends_last(long part)
{
	pthread_t other, last;

	pthread_create(&last, NULL, ends_all, (void *)part);
	pthread_create(&other, NULL, waits, NULL);
	waits(NULL);
}

/* As long as it ends, new processes get the memory of those of its threads that have ended. */
static void end_of_threads(long part)
{
	pid_t pid = fork(), other;
	int status;

	if (pid == 0)
		ends_last(part);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		other = fork();
		if (other == 0)
			_exit(0);
		waitpid(other, NULL, 0);
	}
	ended("end of the threads", status);
}

/* ---- fork, exec, limits, errors ---- */

/* A child inherits no timers, and exec deletes them. */
static int has_none(void *id)
{
	struct itimerspec t;

	result("a child's", syscall(SYS_timer_gettime, *(int *)id, &t));
	result("and its first", try_made(CLOCK_MONOTONIC, SIGEV_SIGNAL, RT, 0, 0));
	return 0;
}

static int becomes_another(void *name)
{
	int id = made(CLOCK_MONOTONIC, RT, 1), other = made(CLOCK_MONOTONIC, SIGALRM, 1);
	sigset_t one;

	kill(getpid(), SIGALRM);
	sigemptyset(&one);
	sigaddset(&one, RT);
	set(id, 1, 0);
	until_pending(RT);
	set(other, 1, 0);
	until_expired(other);
	set(id, 1000 * SEC, 0);
	execl(name, name, "exec", NULL);
	return 1;
}

/* The new image: no timer, and none of their signals; but others of the same number. */
static int after_exec(void)
{
	struct itimerspec t;
	sigset_t pending_now;

	for (int id = 0; id < 100; id++)
		if (syscall(SYS_timer_gettime, id, &t) == 0)
			say("there is %d\n", id);
	sigpending(&pending_now);
	say("pending: %d, SIGALRM %d\n", sigismember(&pending_now, RT),
	    sigismember(&pending_now, SIGALRM));
	taken(SIGALRM);
	none(SIGALRM);
	return 0;
}

/* Each timer counts for RLIMIT_SIGPENDING. */
static int has_few(void *unused)
{
	struct rlimit few = { 3, 3 };
	int ids[8], n = 0;

	(void)unused;
	setrlimit(RLIMIT_SIGPENDING, &few);
	while (n < 8 && (ids[n] = try_made(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, 0)) >= 0)
		n++;
	result("timer_create", ids[n]);
	say("not more than the limit: %d\n", n <= 3);
	return 0;
}

/* A clock that has no timers is EOPNOTSUPP; a bad address for the old value is EFAULT, but the timer is set. */
static void refuses(void)
{
	struct itimerspec good = { { 0, 0 }, { 9, 0 } }, bad = good, old;
	int id = made(CLOCK_MONOTONIC, RT, 1);
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = RT };
	int new;

	for (int clock = 4; clock < 13; clock++)
		if (clock != CLOCK_BOOTTIME && clock != CLOCK_TAI)
			result("timer_create", try_made(clock, SIGEV_SIGNAL, RT, 0, 0));
	result("timer_create", try_made(~3 * 8 + 3, SIGEV_SIGNAL, RT, 0, 0));
	result("timer_create", try_made(1, SIGEV_SIGNAL, 0, 0, 0));
	result("timer_create", try_made(1, SIGEV_SIGNAL, 65, 0, 0));
	result("timer_create", try_made(1, 3, RT, 0, 0));
	result("timer_create", try_made(1, 8, RT, 0, 0));
	result("timer_create", try_made(1, SIGEV_THREAD_ID, RT, 0, 0));
	result("timer_create", try_made(1, SIGEV_THREAD_ID, RT, 0, getppid()));
	TRY(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, BAD));
	TRY(syscall(SYS_timer_create, CLOCK_MONOTONIC, BAD, &new));
	TRY(syscall(SYS_timer_create, 99, BAD, &new));
	TRY(syscall(SYS_timer_settime, id, 0, NULL, NULL));
	TRY(syscall(SYS_timer_settime, id, 0, BAD, NULL));
	TRY(syscall(SYS_timer_settime, 99999, 0, &good, NULL));
	bad.it_value.tv_nsec = SEC;
	TRY(syscall(SYS_timer_settime, id, 0, &bad, NULL));
	bad.it_value.tv_nsec = 0;
	bad.it_interval.tv_sec = -1;
	TRY(syscall(SYS_timer_settime, id, 0, &bad, NULL));
	left(id);
	TRY(syscall(SYS_timer_settime, id, 0, &good, BAD));
	left(id);
	TRY(syscall(SYS_timer_gettime, id, BAD));
	TRY(syscall(SYS_timer_gettime, -1, &old));
	TRY(syscall(SYS_timer_getoverrun, 99999));
	TRY(syscall(SYS_timer_delete, 99999));
	TRY(syscall(SYS_timer_settime, id, 0, &(struct itimerspec){ { 0, 0 }, { INT64_MAX, 0 } },
		    &old));
	say("old: %ld\n", (long)old.it_value.tv_sec + (old.it_value.tv_nsec > 0));
	syscall(SYS_timer_gettime, id, &old);
	say("a long time: %d\n", old.it_value.tv_sec > 9000000000l);
	timer_gone(id);
}

/* ITIMER_REAL begins anew when SIGALRM is taken, so not while that is ignored. */
static void alarm_again(void)
{
	struct itimerval often = { { 0, 5000 }, { 0, 5000 } };

	setitimer(ITIMER_REAL, &often, NULL);
	until_pending(SIGALRM);
	getitimer(ITIMER_REAL, &often);
	say("left: %ld, each %ld\n", (long)often.it_value.tv_usec, (long)often.it_interval.tv_usec);
	taken(SIGALRM);
	taken(SIGALRM);
	signal(SIGALRM, SIG_IGN);
	mask(SIG_UNBLOCK, SIGALRM);
	do {
		nap(1);
		getitimer(ITIMER_REAL, &often);
	} while (often.it_value.tv_usec != 0);
	signal(SIGALRM, SIG_DFL);
	nap(30); /* it would kill */
	mask(SIG_BLOCK, SIGALRM);
	none(SIGALRM);
	often = (struct itimerval){ { 0, 0 }, { 0, 0 } };
	setitimer(ITIMER_REAL, &often, NULL);
}

/* An interval without a first time. */
static void intervals_alone(void)
{
	static const int which[] = { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF };
	int id = made(CLOCK_MONOTONIC, RT, 1);
	struct itimerval t;

	say("-- only an interval\n");
	set(id, 0, SEC / 1000);
	left(id);
	nap(3); /* one that began would expire */
	left(id);
	none(RT);
	timer_gone(id);
	for (unsigned i = 0; i < sizeof(which) / sizeof(*which); i++) {
		t = (struct itimerval){ .it_interval = { 0, 4000 } };
		TRY(setitimer(which[i], &t, NULL));
		nap(5);
		TRY(getitimer(which[i], &t));
		say("%ld %ld, each %ld %ld\n", (long)t.it_value.tv_sec, (long)t.it_value.tv_usec,
		    (long)t.it_interval.tv_sec, (long)t.it_interval.tv_usec);
		t.it_interval.tv_usec = 0;
		setitimer(which[i], &t, NULL);
	}
	none(SIGALRM);
}

static long time_left(void)
{
	struct itimerval left;

	getitimer(ITIMER_REAL, &left);
	return (long)left.it_value.tv_usec;
}

/*
 * What is taken need not be its own: another timer's SIGALRM for the process does as well. One for the thread does not. The
 * time is long enough to be seen, as the timer runs.
 */
static void alarm_by_another(void)
{
	const struct itimerval often = { { 0, 500000 }, { 0, 20000 } },
			       never = { { 0, 0 }, { 0, 0 } };
	int id = made(CLOCK_MONOTONIC, SIGALRM, 1);

	say("-- SIGALRM of two timers\n");
	set(id, 1, 0);
	until_pending(SIGALRM);
	setitimer(ITIMER_REAL, &often, NULL);
	while (time_left() != 0)
		nap(1);
	taken(SIGALRM);
	say("it runs: %d\n", time_left() > 0);
	setitimer(ITIMER_REAL, &never, NULL);
	timer_gone(id);
	syscall(SYS_tkill, syscall(SYS_gettid), SIGALRM);
	setitimer(ITIMER_REAL, &often, NULL);
	while (time_left() != 0)
		nap(1);
	taken(SIGALRM);
	say("it runs: %d\n", time_left() > 0);
	taken(SIGALRM);
	say("it runs: %d\n", time_left() > 0);
	setitimer(ITIMER_REAL, &never, NULL);
}

int main(int argc, char **argv)
{
	int id;

	block_signals_of_timers();
	if (argc > 1)
		return after_exec();
	once("real time", CLOCK_REALTIME);
	once("monotonic", CLOCK_MONOTONIC);
	once("since boot", CLOCK_BOOTTIME);
	overruns();
	pending();
	silent();
	without_event();
	files();
	handlers();
	threads();
	any_thread();
	ignored();
	ignored_with_others();
	in_child("killed by it", is_killed, NULL);
	for (int i = 0; i < 10; i++)
		end_of_threads(i * 1000000l);
	stopped("resumed by it", goes_on, 0);
	stopped("killed while stopped", dies_stopped, 0);
	stopped("expires while stopped", is_stopped, 1);
	id = made(CLOCK_MONOTONIC, RT, 1);
	set(id, 1000 * SEC, 0);
	in_child("fork", has_none, &id);
	left(id);
	in_child("exec", becomes_another, argv[0]);
	in_child("limit", has_few, NULL);
	refuses();
	alarm_again();
	intervals_alone();
	alarm_by_another();
	by_thread();
	return 0;
}
