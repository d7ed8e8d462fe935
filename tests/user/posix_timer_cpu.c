/* SPDX-License-Identifier: MIT */
/* R153: timers of CPU time, and sleeps on it: of this process and its threads, and of others; they may end. */
#include "t.h"
#include "timers.h"

#include <pthread.h>

#define MS  1000000l
#define BAD ((void *)8)

#define CPU_OF_PROCESS(pid) (~(pid)*8 + 2)
#define CPU_OF_THREAD(tid)  (~(tid)*8 + 6)
#define USER_OF(clock)	    ((clock)-1) /* the time in user mode only */

static long now_ns(int clock)
{
	struct timespec t;

	if (syscall(SYS_clock_gettime, clock, &t) != 0)
		return -1;
	return t.tv_sec * SEC + t.tv_nsec;
}

static void burn(int clock, long ns)
{
	for (long until = now_ns(clock) + ns; now_ns(clock) < until;)
		for (volatile int i = 0; i < 10000; i++) /* nearly all of it in user mode */
			;
}

/* And until the signal is there: timers are looked at by ticks, and these come late on a busy machine. */
static void burn_for(int sig, int clock, long ns)
{
	sigset_t pending;

	do {
		burn(clock, ns);
		sigpending(&pending);
	} while (!sigismember(&pending, sig));
}

/* ---- threads that do as they are told ---- */

struct worker {
	pthread_t thread;
	int tid;
	sem_t ready, go;
	int order; /* 0: end; 1: stop soon; 2: burn CPU time */
};

static void *works(void *arg)
{
	struct worker *worker = arg;

	worker->tid = gettid();
	for (;;) {
		sem_post(&worker->ready);
		while (sem_wait(&worker->go) != 0)
			;
		if (worker->order == 0)
			return NULL;
		do
			burn(CLOCK_THREAD_CPUTIME_ID, 10 * MS);
		while (__atomic_load_n(&worker->order, __ATOMIC_SEQ_CST) == 2);
	}
}

static void start(struct worker *worker)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	sem_init(&worker->ready, 0, 0);
	sem_init(&worker->go, 0, 0);
	pthread_create(&worker->thread, NULL, works, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	sem_wait(&worker->ready);
}

static void begin(struct worker *worker, int order)
{
	worker->order = order;
	sem_post(&worker->go);
}

static void settle(struct worker *worker)
{
	__atomic_store_n(&worker->order, 1, __ATOMIC_SEQ_CST);
	while (sem_wait(&worker->ready) != 0)
		;
}

static void stop(struct worker *worker)
{
	int clock = CPU_OF_THREAD(worker->tid);

	begin(worker, 0);
	pthread_join(worker->thread, NULL);
	while (now_ns(clock) >= 0) /* it has not quite ended */
		nap(1);
}

/* ---- timers ---- */

/* It does not expire while the process sleeps; then it does. */
static void of_own(const char *what, int clock)
{
	int id = made(clock, RT, 1);
	struct itimerspec t;

	say("%s\n", what);
	left(id);
	TRY(set(id, 40 * MS, 0));
	nap(60); /* longer than until it expires, if sleeping counted */
	none(RT);
	left(id);
	burn_for(RT, clock, 50 * MS);
	taken(RT);
	left(id);
	/* Again and again: overruns are counted. */
	TRY(set(id, MS, MS));
	burn_for(RT, clock, 40 * MS);
	say("%d", some_overrun(RT));
	say(" %d\n", overrun(id) > 20);
	burn_for(RT, clock, 20 * MS);
	say("%d", some_overrun(RT));
	say(" %d\n", overrun(id) > 5);
	TRY(set(id, 0, 0));
	drained(RT);
	left(id);
	/* In the past: at once. */
	TRY(set_at(id, (struct timespec){ 0, 1 }, 0));
	taken(RT);
	t.it_value = (struct timespec){ 0, 0 };
	TRY(set_at(id, from_now(clock, 1000), 100 * SEC));
	left(id);
	TRY(syscall(SYS_timer_settime, id, 0, &(struct itimerspec){ { 5, 0 }, { 0, 0 } }, &t));
	say("old: %d\n", t.it_value.tv_sec >= 990 && t.it_interval.tv_sec == 100);
	left(id);
	TRY(set(id, 1, 1)); /* as often as it is taken */
	for (int i = 0; i < 3; i++) {
		burn_for(RT, clock, 10 * MS);
		say("%d", some_overrun(RT));
	}
	say("\n");
	result("delete", timer_gone(id));
	drained(RT);
	id = made_with(clock, SIGEV_NONE, 0, 0, 0);
	TRY(set(id, 20 * MS, 0));
	left(id);
	burn(clock, 30 * MS);
	left(id);
	TRY(set_at(id, (struct timespec){ 0, 1 }, 1000 * SEC));
	left(id);
	timer_gone(id);
}

/* Nearly all of the time is spent in the kernel. */
static void read_for(long ns)
{
	static char zeros[1 << 16];
	int fd = open("/dev/zero", O_RDONLY);

	for (long until = now_ns(CLOCK_MONOTONIC) + ns; now_ns(CLOCK_MONOTONIC) < until;)
		if (read(fd, zeros, sizeof(zeros)) != sizeof(zeros))
			result("read", -1);
	close(fd);
}

static void never_back(const char *what, int clock)
{
	long last = 0, until = now_ns(CLOCK_PROCESS_CPUTIME_ID) + 80 * MS;
	int n = 0;

	while (now_ns(CLOCK_PROCESS_CPUTIME_ID) < until) {
		long now = now_ns(clock);

		n += now < last;
		last = now;
	}
	say("%s: %d times backward\n", what, n);
}

/*
 * The time in user mode never goes back, although the kernel finds out only now and then in which mode the
 * time was spent. So a timer that has expired at once has no fewer expiries when its signal is taken later.
 */
static void in_kernel_mode(void)
{
	int clock = USER_OF(CPU_OF_PROCESS(getpid())), id = made(clock, RT, 1);
	int odd = 0;

	never_back("process", clock);
	never_back("thread", USER_OF(CPU_OF_THREAD(gettid())));
	for (int i = 0; i < 10; i++) {
		long now;

		read_for((i + 1) * MS);
		now = now_ns(clock);
		set_at(id, (struct timespec){ now / SEC, now % SEC }, MS);
		read_for(12 * MS);
		odd += !some_overrun(RT);
		set(id, 0, 0);
		drained(RT);
	}
	say("odd overruns: %d\n", odd);
	timer_gone(id);
}

/* One's own clock stands still while another thread runs, that of the process does not. */
static void of_threads(void)
{
	int own = made(CLOCK_THREAD_CPUTIME_ID, RT, 1), others, all;
	struct worker worker;

	start(&worker);
	others = made(CPU_OF_THREAD(worker.tid), RT, 2);
	all = made(USER_OF(CPU_OF_PROCESS(getpid())), RT, 3);
	TRY(set(own, 30 * SEC, 0));
	TRY(set(others, 20 * MS, 0));
	begin(&worker, 2);
	taken(RT);
	settle(&worker);
	TRY(set(all, 20 * MS, 0));
	begin(&worker, 2);
	taken(RT);
	settle(&worker);
	none(RT);
	left(own);
	left(others);
	TRY(set(others, 20 * MS, 1000 * SEC));
	begin(&worker, 2);
	until_pending(RT);
	settle(&worker);
	stop(&worker);
	taken(RT);
	left(others);
	result("timer_settime", set(others, 1, 0));
	result("timer_settime", set(others, 0, 0));
	result("overrun", overrun(others));
	result("timer_create", try_made(CPU_OF_THREAD(worker.tid), SIGEV_SIGNAL, RT, 0, 0));
	result("delete", timer_gone(others));
	timer_gone(own);
	timer_gone(all);
	/* It ends while its timer is armed. */
	start(&worker);
	others = made(CPU_OF_THREAD(worker.tid), RT, 2);
	TRY(set(others, 1000 * SEC, 0));
	left(others);
	stop(&worker);
	left(others);
	result("delete", timer_gone(others));
}

static pid_t burner(void)
{
	pid_t pid = fork();

	while (pid == 0)
		burn(CLOCK_PROCESS_CPUTIME_ID, 100 * MS);
	return pid;
}

static void end(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

/* The timer of a process that has ended has nothing left, and cannot be set any more: ESRCH. */
static void of_others(void)
{
	pid_t pid = burner();
	int id = made(CPU_OF_PROCESS(pid), RT, 1),
	    often = made(USER_OF(CPU_OF_PROCESS(pid)), RT, 2);

	TRY(set(id, 20 * MS, 0));
	taken(RT);
	TRY(set(id, 1000 * SEC, 0));
	TRY(set(often, 1, 1));
	for (int i = 0; i < 5; i++)
		say("%d", some_overrun(RT));
	say("\n");
	TRY(set(often, 0, 0));
	drained(RT);
	TRY(set(often, 1000 * SEC, 0));
	end(pid);
	left(id);
	TRY(set(id, 1, 0));
	result("timer_create", try_made(CPU_OF_PROCESS(pid), SIGEV_SIGNAL, RT, 0, 0));
	result("delete", timer_gone(id));
	result("delete", timer_gone(often));
	/* The one who waits ends first. */
	pid = burner();
	if (fork() == 0) {
		set(made(CPU_OF_PROCESS(pid), RT, 1), 30 * MS, 0);
		set(made(CPU_OF_PROCESS(pid), RT, 1), 1000 * SEC, 0);
		set(made(CPU_OF_PROCESS(pid), RT, 1), 1, 1);
		_exit(0);
	}
	wait(NULL);
	id = made(CPU_OF_PROCESS(pid), RT, 5);
	TRY(set(id, 60 * MS, 0));
	taken(RT);
	end(pid);
	timer_gone(id);
}

/* A thread that is not the first has timers of its own clock, and becomes the only one. */
static void *becomes_another(void *name)
{
	set(made(CLOCK_THREAD_CPUTIME_ID, RT, 1), 20 * MS, 0);
	set(made(CPU_OF_THREAD(gettid()), RT, 1), 1000 * SEC, 0);
	set(made(CLOCK_PROCESS_CPUTIME_ID, RT, 1), 20 * MS, 0);
	execl(name, (char *)name, "exec", NULL);
	_exit(9);
}

static int in_thread(void *name)
{
	pthread_t thread;

	pthread_create(&thread, NULL, becomes_another, name);
	for (;;)
		nap(1000);
	return 0;
}

/* An exec deletes the timers of each clock. */
static int after_exec(void)
{
	int id = made(CLOCK_THREAD_CPUTIME_ID, SIGALRM, 1);

	burn(CLOCK_PROCESS_CPUTIME_ID, 40 * MS);
	none(RT);
	set(id, 5 * MS, 0);
	burn_for(SIGALRM, CLOCK_PROCESS_CPUTIME_ID, 20 * MS);
	taken(SIGALRM);
	return 0;
}

/* Nor does the clock of a process go back when that ends, which takes a while if it has much memory. */
static void of_ended(void)
{
	int clock, n = 0, step = 0;
	siginfo_t info = { 0 };
	pid_t pid = fork();
	long last = 0;

	if (pid == 0) {
		memset(mmap(NULL, 16 * MIB, RW, ANON, -1, 0), 1, 16 * MIB);
		_exit(0);
	}
	clock = CPU_OF_PROCESS(pid);
	do {
		long now = now_ns(clock);

		n += now < last;
		last = now;
		waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
		step += info.si_pid != 0;
	} while (step < 2);
	say("ended: %d times backward\n", n);
	waitpid(pid, NULL, 0);
}

/* ---- sleeps ---- */

static volatile sig_atomic_t handled;

static void handles(int sig)
{
	(void)sig;
	handled++;
}

static long sleeps(int clock, int flags, long ns, struct timespec *rest)
{
	const struct timespec t = { ns / SEC, ns % SEC };

	return syscall(SYS_clock_nanosleep, clock, flags, &t, rest);
}

/* Sleeps while another runs, and tells whether so much CPU time has passed. */
static void slept(const char *what, int clock, int flags, long ns)
{
	long from = now_ns(clock), until = from + ns;

	result(what, sleeps(clock, flags, flags ? until : ns, NULL));
	say("long enough: %d\n", now_ns(clock) >= until);
}

/* A sleep by a CPU clock ends when whom the clock is of has used so much time, at once if it has already. */
static void sleep_of(const char *what, int clock)
{
	slept(what, clock, 0, 12 * MS);
	slept(what, clock, TIMER_ABSTIME, 12 * MS);
	TRY(sleeps(clock, TIMER_ABSTIME, 1, NULL));
	TRY(sleeps(clock, 0, 0, NULL));
	TRY(sleeps(clock, TIMER_ABSTIME, 0, NULL));
}

static void sleeping(void)
{
	struct worker worker;
	pid_t pid = burner();

	start(&worker);
	begin(&worker, 2);
	sleep_of("the process", CLOCK_PROCESS_CPUTIME_ID);
	sleep_of("by its id", CPU_OF_PROCESS(getpid()));
	sleep_of("in user mode", USER_OF(CPU_OF_PROCESS(getpid())));
	sleep_of("a thread", CPU_OF_THREAD(worker.tid));
	settle(&worker);
	sleep_of("another process", CPU_OF_PROCESS(pid));
	end(pid);
	stop(&worker);
	TRY(sleeps(CPU_OF_THREAD(worker.tid), 0, MS, NULL));
	TRY(sleeps(CPU_OF_PROCESS(pid), 0, MS, NULL));
}

/* A thread cannot sleep by its own clock, which would stand still: EINVAL or EOPNOTSUPP. */
static void refuses(void)
{
	struct timespec t = { 0, SEC };

	result("clock_nanosleep", sleeps(CLOCK_THREAD_CPUTIME_ID, 0, MS, NULL));
	result("clock_nanosleep", sleeps(CPU_OF_THREAD(gettid()), 0, MS, NULL));
	result("clock_nanosleep", sleeps(CPU_OF_THREAD(0), 0, MS, NULL));
	result("clock_nanosleep", sleeps(-1, 0, MS, NULL));
	result("clock_nanosleep", sleeps(~3 * 8 + 3, 0, MS, NULL));
	TRY(syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, BAD, NULL));
	TRY(syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &t, NULL));
	TRY(syscall(SYS_clock_nanosleep, CPU_OF_PROCESS(99999), 0, BAD, NULL));
	TRY(syscall(SYS_clock_nanosleep, CPU_OF_PROCESS(99999), 0, &t, NULL));
	result("timer_create", try_made(CPU_OF_PROCESS(99999), SIGEV_SIGNAL, RT, 0, 0));
	result("timer_create", try_made(CPU_OF_THREAD(99999), SIGEV_SIGNAL, RT, 0, 0));
	result("timer_create", try_made(CPU_OF_THREAD(getppid()), SIGEV_SIGNAL, RT, 0, 0));
	result("timer_create", try_made(~getpid() * 8 + 7, SIGEV_SIGNAL, RT, 0, 0));
}

/* A handler ends the sleep, whatever its flags. What is left is stored, for a relative one. */
static void interrupted(void)
{
	struct sigaction action = { .sa_handler = handles, .sa_flags = SA_RESTART };
	struct timespec rest = { 77, 0 };
	int id = made(CLOCK_MONOTONIC, SIGUSR1, 0);

	sigaction(SIGUSR1, &action, NULL);
	TRY(set(id, 20 * MS, 20 * MS));
	TRY(sleeps(CLOCK_PROCESS_CPUTIME_ID, 0, 1000 * SEC, &rest));
	say("rest: %d\n", rest.tv_sec >= 990 && rest.tv_sec < 1000);
	rest.tv_sec = 77;
	TRY(sleeps(CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, 1000 * SEC, &rest));
	say("rest: %ld\n", (long)rest.tv_sec);
	TRY(sleeps(CLOCK_PROCESS_CPUTIME_ID, 0, 1000 * SEC, BAD));
	TRY(set(id, 0, 0));
	timer_gone(id);
}

static struct worker one;

static int is_stopped(void *flags)
{
	struct timespec rest = { 77, 0 };

	start(&one);
	begin(&one, 2);
	if (sleeps(CPU_OF_THREAD(one.tid), (int)(long)flags, 60 * MS, &rest) != 0)
		return errno;
	return now_ns(CPU_OF_THREAD(one.tid)) >= 60 * MS ? 5 : 6;
}

/* A stop is no end of the sleep: it goes on with the same end. */
static void stopped(const char *what, long flags)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(is_stopped((void *)flags));
	for (int i = 0; i < 3; i++) {
		nap(10);
		kill(pid, SIGSTOP);
		waitpid(pid, &status, WUNTRACED);
		kill(pid, SIGCONT);
	}
	waitpid(pid, &status, 0);
	ended(what, status);
}

static int sleeps_for_ever(void *unused)
{
	(void)unused;
	return (int)sleeps(CLOCK_PROCESS_CPUTIME_ID, 0, 1000 * SEC, NULL);
}

/* The library's call, which has errors for results. */
static void by_library(void)
{
	const struct timespec t = { 0, MS };
	clockid_t clock;

	say("%s\n", strerrorname_np(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &t, NULL)));
	clock_getcpuclockid(getppid(), &clock);
	result("a timer of the parent's clock", try_made(clock, SIGEV_SIGNAL, RT, 0, 0) >= 0);
}

int main(int argc, char **argv)
{
	pid_t pid;

	block_signals_of_timers();
	if (argc > 1)
		return after_exec();
	of_own("process", CLOCK_PROCESS_CPUTIME_ID);
	of_own("thread", CLOCK_THREAD_CPUTIME_ID);
	of_own("by number", USER_OF(CPU_OF_PROCESS(getpid())));
	in_kernel_mode();
	of_threads();
	of_others();
	for (int i = 0; i < 3; i++)
		of_ended();
	in_child("exec in a thread", in_thread, argv[0]);
	sleeping();
	refuses();
	interrupted();
	stopped("stopped", 0);
	stopped("stopped, absolute", TIMER_ABSTIME);
	pid = fork();
	if (pid == 0)
		_exit(sleeps_for_ever(NULL));
	until_it_waits(pid, 0);
	end(pid);
	by_library();
	return 0;
}
