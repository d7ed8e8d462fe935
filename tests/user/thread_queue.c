/* SPDX-License-Identifier: MIT */
/* R150. Thousands of queued signals to a process with several threads: each arrives once, those of one taker in order. */
#include "thread.h"

#define TAKERS 4
#define SENT   3000

static int sig;
static char seen[SENT + 1];

static sigset_t only(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	return set;
}

/* Takes until a value below 0. Returns how many it took. */
static void *take(void *unused)
{
	sigset_t set = only();
	int last = -1, backwards = 0;
	siginfo_t info;
	long n = 0;

	for (;;) {
		if (sigwaitinfo(&set, &info) != sig)
			continue;
		if (info.si_int < 0)
			break;
		backwards += info.si_int <= last;
		last = info.si_int;
		__atomic_fetch_add(&seen[info.si_int], 1, __ATOMIC_SEQ_CST);
		n++;
	}
	if (backwards)
		say("%d out of order\n", backwards);
	return unused ? unused : (void *)n;
}

static void *take_any(void *unused)
{
	(void)unused;
	return take(NULL);
}

/* The queue may be full. */
static void send(pid_t to, int value)
{
	while (sigqueue(to, sig, (union sigval){ .sival_int = value }) != 0) {
		must_be("errno of sigqueue", errno, EAGAIN);
		sched_yield();
	}
}

static void tell(const char *what, long taken, int status)
{
	int once = 0;

	for (int i = 0; i < SENT; i++)
		once += seen[i] == 1;
	ended(what, status);
	say("%ld taken, %d once\n", taken, once);
	memset(seen, 0, sizeof(seen));
}

static void by_waits(void)
{
	pthread_t threads[TAKERS];
	long taken;
	int status;
	pid_t pid;

	start_all(threads, TAKERS, take_any);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < SENT; i++)
			send(getppid(), i);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	/* One that ends a taker is sent when all before it may still be queued: it comes last. */
	for (int i = 0; i < TAKERS; i++)
		send(getpid(), -1);
	taken = join_all(threads, TAKERS);
	tell("who sent them", taken, status);
}

/* ---- by handlers ---- */

static int handled, stop;

static void note(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	__atomic_fetch_add(&seen[info->si_int], 1, __ATOMIC_SEQ_CST);
	raise_flag(&handled);
}

static void *be_interrupted(void *unused)
{
	sigset_t set = only();

	MUST(pthread_sigmask(SIG_UNBLOCK, &set, NULL));
	while (!flag_now(&stop))
		nap(1);
	return unused;
}

static void by_handlers(void)
{
	struct sigaction act = { .sa_sigaction = note, .sa_flags = SA_SIGINFO };
	pthread_t threads[TAKERS];
	int status;
	pid_t pid;

	MUST(sigaction(sig, &act, NULL));
	for (int i = 0; i < TAKERS; i++)
		threads[i] = start(be_interrupted, NULL);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < SENT; i++)
			send(getppid(), i);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	until_flag(&handled, SENT);
	raise_flag(&stop);
	join_all(threads, TAKERS);
	tell("who sent them", handled, status);
}

/* ---- to one thread, by its number ---- */

static pid_t taker;
static int ready;

static void *take_own(void *unused)
{
	(void)unused;
	taker = gettid();
	raise_flag(&ready);
	return take(NULL);
}

static void to_one(void)
{
	siginfo_t info = { .si_code = SI_QUEUE };
	pthread_t thread = start(take_own, NULL);
	long taken;

	until_flag(&ready, 1);
	for (int i = 0; i <= 500; i++) {
		info.si_int = i < 500 ? i : -1;
		while (syscall(SYS_rt_tgsigqueueinfo, getpid(), taker, sig, &info) != 0) {
			must_be("errno", errno, EAGAIN);
			sched_yield();
		}
	}
	taken = (long)join(thread);
	tell("to one", taken, 0);
	/* By the library's name for it. */
	ready = 0;
	thread = start(take_own, NULL);
	until_flag(&ready, 1);
	ASK(pthread_sigqueue(thread, sig, (union sigval){ .sival_int = 7 }));
	ASK(pthread_sigqueue(thread, sig, (union sigval){ .sival_int = -1 }));
	taken = (long)join(thread);
	tell("by pthread_sigqueue", taken, 0);
}

int main(void)
{
	sigset_t set;

	sig = SIGRTMIN + 3;
	set = only();
	MUST(pthread_sigmask(SIG_BLOCK, &set, NULL));
	by_waits();
	to_one();
	by_handlers();
	return 0;
}
