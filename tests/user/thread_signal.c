/* SPDX-License-Identifier: MIT */
/* R150. Signals of a thread and of a process with several: who takes them, where they are pending, what is each thread's own. */
#include "thread.h"

#include <setjmp.h>
#include <sys/time.h>

#define THREADS 4

static __thread int number; /* 0: the first thread */
static __thread int handled;
static int go, ready, handlers, last_number;

static void note(int sig)
{
	(void)sig;
	handled++;
	__atomic_store_n(&last_number, number, __ATOMIC_SEQ_CST);
	raise_flag(&handlers);
}

static void handle(int sig, void (*handler)(int), int flags)
{
	struct sigaction act = { .sa_handler = handler, .sa_flags = flags };

	MUST(sigaction(sig, &act, NULL));
}

static sigset_t set_of(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	if (sig)
		sigaddset(&set, sig);
	return set;
}

static void mask(int how, int sig)
{
	sigset_t set = set_of(sig);

	MUST(pthread_sigmask(how, &set, NULL));
}

static bool blocks(int sig)
{
	sigset_t set;

	MUST(pthread_sigmask(SIG_BLOCK, NULL, &set));
	return sigismember(&set, sig);
}

static bool is_pending(int sig)
{
	sigset_t set;

	MUST(sigpending(&set));
	return sigismember(&set, sig);
}

static void *wait_for_go(void *arg)
{
	number = (int)(long)arg + 1;
	raise_flag(&ready);
	until_flag(&go, 1);
	return (void *)(long)handled;
}

/* ---- to whom ---- */

/* A signal for a thread is taken by that thread and by no other. */
static void to_a_thread(void)
{
	pthread_t threads[THREADS];
	long n = 0;

	handle(SIGUSR1, note, 0);
	start_all(threads, THREADS, wait_for_go);
	until_flag(&ready, THREADS);
	for (int i = THREADS - 1; i >= 0; i--) {
		ASK(pthread_kill(threads[i], SIGUSR1));
		until_flag(&handlers, THREADS - i);
		say("thread %d\n", last_number);
	}
	ASK(pthread_kill(threads[0], 0));
	ASK(pthread_kill(threads[0], 65));
	ASK(pthread_kill(pthread_self(), SIGUSR1));
	say("thread %d\n", last_number);
	TRY(raise(SIGUSR1));
	raise_flag(&go);
	for (int i = 0; i < THREADS; i++)
		n += (long)join(threads[i]);
	say("%ld in threads, %d here\n", n, handled);
}

/* The one that does not block it, wherever it is in the list. */
static void *unblock_and_wait(void *arg)
{
	number = (int)(long)arg + 1;
	if (number == 3)
		mask(SIG_UNBLOCK, SIGUSR1);
	raise_flag(&go);
	until_flag(&go, THREADS + 1);
	return (void *)(long)handled;
}

/* A signal for the process is taken by a thread that does not block it. */
static void to_the_process(void)
{
	pthread_t threads[THREADS];
	long n = 0;

	go = handlers = 0;
	mask(SIG_BLOCK, SIGUSR1);
	start_all(threads, THREADS, unblock_and_wait);
	until_flag(&go, THREADS);
	for (int i = 1; i <= 3; i++) {
		TRY(kill(getpid(), SIGUSR1));
		until_flag(&handlers, i);
		say("thread %d\n", last_number);
	}
	raise_flag(&go);
	for (int i = 0; i < THREADS; i++)
		n += (long)join(threads[i]);
	say("%ld\n", n);
	mask(SIG_UNBLOCK, SIGUSR1);
}

/* ---- pending ---- */

static int step;

static void *look_at_pending(void *unused)
{
	say("in another thread: blocked %d, SIGUSR1 pending %d, SIGUSR2 pending %d\n",
	    blocks(SIGUSR1), is_pending(SIGUSR1), is_pending(SIGUSR2));
	return unused;
}

static void *take_pending(void *unused)
{
	number = 9;
	handlers = 0;
	mask(SIG_UNBLOCK, SIGUSR1);
	say("taken: %d, by %d\n", handlers, last_number);
	mask(SIG_UNBLOCK, SIGUSR2);
	say("of another: %d\n", handlers);
	return unused;
}

static void *keep_own(void *unused)
{
	number = 5;
	until_flag(&step, 1);
	say("its own: %d\n", is_pending(SIGUSR2));
	until_flag(&step, 2);
	return unused;
}

/* A new thread has the mask of the one that made it, and changes only its own. */
static void *have_own_mask(void *unused)
{
	say("inherited: SIGUSR1 %d, SIGUSR2 %d, SIGHUP %d\n", blocks(SIGUSR1), blocks(SIGUSR2),
	    blocks(SIGHUP));
	mask(SIG_BLOCK, SIGHUP);
	mask(SIG_UNBLOCK, SIGUSR1);
	raise_flag(&step);
	return unused;
}

/* Each thread sees what is pending for the process, and of the threads only what is pending for itself. */
static void pending(void)
{
	pthread_t thread;

	handle(SIGUSR1, note, 0);
	handle(SIGUSR2, note, 0);
	mask(SIG_BLOCK, SIGUSR1);
	mask(SIG_BLOCK, SIGUSR2);
	step = 0;
	join(start(have_own_mask, NULL));
	say("here: SIGUSR1 %d, SIGHUP %d\n", blocks(SIGUSR1), blocks(SIGHUP));
	TRY(kill(getpid(), SIGUSR1));
	ASK(pthread_kill(pthread_self(), SIGUSR2));
	say("here: %d %d\n", is_pending(SIGUSR1), is_pending(SIGUSR2));
	join(start(look_at_pending, NULL));
	join(start(take_pending, NULL));
	say("here: %d %d\n", is_pending(SIGUSR1), is_pending(SIGUSR2));
	handlers = 0;
	mask(SIG_UNBLOCK, SIGUSR2);
	say("here: %d\n", handlers);
	/* A thread's own signals go with it. */
	mask(SIG_BLOCK, SIGUSR2);
	step = 0;
	thread = start(keep_own, NULL);
	MUST(pthread_kill(thread, SIGUSR2));
	raise_flag(&step);
	raise_flag(&step);
	join(thread);
	say("after it: %d\n", is_pending(SIGUSR2));
	/* To be ignored removes it from all queues. */
	step = 0;
	thread = start(keep_own, NULL);
	MUST(pthread_kill(thread, SIGUSR2));
	MUST(kill(getpid(), SIGUSR2));
	handle(SIGUSR2, SIG_IGN, 0);
	say("ignored: %d\n", is_pending(SIGUSR2));
	raise_flag(&step);
	raise_flag(&step);
	join(thread);
	mask(SIG_UNBLOCK, SIGUSR1);
	mask(SIG_UNBLOCK, SIGUSR2);
}

/* One that waits for all threads, each of which blocks it: who unblocks it first takes it. */
static void *unblock(void *unused)
{
	(void)unused;
	number = 1;
	mask(SIG_UNBLOCK, SIGUSR1);
	return (void *)(long)handled;
}

static void taken_once(void)
{
	pthread_t threads[THREADS];

	handlers = 0;
	mask(SIG_BLOCK, SIGUSR1);
	TRY(kill(getpid(), SIGUSR1));
	start_all(threads, THREADS, unblock);
	say("%ld took it\n", join_all(threads, THREADS));
	say("left: %d\n", is_pending(SIGUSR1));
	mask(SIG_UNBLOCK, SIGUSR1);
}

/* ---- sigwait ---- */

static void *wait_for_signal(void *unused)
{
	sigset_t set = set_of(SIGUSR1);
	int sig = 0;

	(void)unused;
	raise_flag(&step);
	MUST(sigwait(&set, &sig));
	return (void *)(long)(sig == SIGUSR1);
}

static void *wait_for_info(void *arg)
{
	sigset_t set = set_of(SIGUSR2);
	siginfo_t info;

	raise_flag(&step);
	TRY(sigwaitinfo(&set, &info) == SIGUSR2);
	say("code %d, from here %d\n", info.si_code, info.si_pid == getpid());
	return arg;
}

static void *wait_a_little(void *arg)
{
	sigset_t set = set_of(SIGUSR2);
	struct timespec soon = { 0, 2 * MS };

	TRY(sigtimedwait(&set, NULL, &soon));
	return arg;
}

/* A signal for the process wakes one of the threads that wait for it. */
static void sigwaits(void)
{
	pthread_t threads[THREADS], thread;

	handle(SIGUSR2, note, 0);
	mask(SIG_BLOCK, SIGUSR1);
	mask(SIG_BLOCK, SIGUSR2);
	step = 0;
	thread = start(wait_for_signal, NULL);
	until_others_wait(1);
	TRY(kill(getpid(), SIGUSR1));
	say("%ld\n", (long)join(thread));
	start_all(threads, THREADS, wait_for_signal);
	for (int i = 0; i < THREADS; i++) {
		MUST(kill(getpid(), SIGUSR1));
		while (is_pending(SIGUSR1))
			sched_yield();
	}
	say("%ld of %d\n", join_all(threads, THREADS), THREADS);
	thread = start(wait_for_info, NULL);
	until_others_wait(1);
	MUST(pthread_kill(thread, SIGUSR2));
	join(thread);
	thread = start(wait_for_info, NULL);
	MUST(kill(getpid(), SIGUSR2));
	join(thread);
	join(start(wait_a_little, NULL));
	mask(SIG_UNBLOCK, SIGUSR1);
	mask(SIG_UNBLOCK, SIGUSR2);
}

/* ---- waits that are interrupted, and those of others that are not ---- */

static int sleeps_done;

static void *sleep_through(void *unused)
{
	struct timespec never = { NEVER_SECONDS, 0 };
	int r;

	raise_flag(&step);
	r = nanosleep(&never, NULL);
	raise_flag(&sleeps_done);
	say("nanosleep: %s\n", r == 0 ? "0" : strerrorname_np(errno));
	return unused;
}

static void *suspend(void *unused)
{
	sigset_t set = set_of(0);

	mask(SIG_BLOCK, SIGUSR1);
	raise_flag(&step);
	TRY(sigsuspend(&set));
	say("blocked again: %d\n", blocks(SIGUSR1));
	return unused;
}

/* A handler interrupts the sleep of the thread that it runs on, and no other. */
static void interrupts(void)
{
	pthread_t a, b;

	handle(SIGUSR1, note, 0);
	step = sleeps_done = 0;
	a = start(sleep_through, NULL);
	b = start(sleep_through, NULL);
	until_flag(&step, 2);
	while (flag_now(&sleeps_done) == 0) {
		pthread_kill(a, SIGUSR1);
		nap(1);
	}
	join(a);
	say("one of two\n");
	while (flag_now(&sleeps_done) == 1) {
		pthread_kill(b, SIGUSR1);
		nap(1);
	}
	join(b);
	mask(SIG_BLOCK, SIGUSR1);
	a = start(suspend, NULL);
	until_flag(&step, 3);
	MUST(kill(getpid(), SIGUSR1));
	join(a);
	mask(SIG_UNBLOCK, SIGUSR1);
}

/* ---- alternate stacks ---- */

static __thread char *own_stack;
static int on_own_stack;

static void look_where(int sig)
{
	char here;

	(void)sig;
	if (&here >= own_stack && &here < own_stack + 4 * PAGE)
		raise_flag(&on_own_stack);
	sched_yield();
	raise_flag(&handlers);
}

static void *use_own_stack(void *unused)
{
	stack_t old, new = { .ss_size = 4 * PAGE };

	MUST(sigaltstack(NULL, &old));
	own_stack = anon(4 * PAGE);
	new.ss_sp = own_stack;
	MUST(sigaltstack(&new, NULL));
	raise_flag(&step);
	until_flag(&step, THREADS);
	raise(SIGUSR1);
	MUST(sigaltstack(NULL, &new));
	return (void *)(long)(old.ss_flags == SS_DISABLE && new.ss_sp == own_stack && !unused);
}

static void *use_it(void *unused)
{
	(void)unused;
	return use_own_stack(NULL);
}

static __thread sigjmp_buf jump;

static void jump_out(int sig)
{
	siglongjmp(jump, sig);
}

static int recurse(int depth)
{
	volatile char here[1024];

	here[0] = (char)depth;
	return depth < 0 ? 0 : recurse(depth + 1) + here[0];
}

static void *overflow(void *unused)
{
	stack_t new = { .ss_size = 4 * PAGE };
	int sig;

	(void)unused;
	new.ss_sp = anon(4 * PAGE);
	MUST(sigaltstack(&new, NULL));
	sig = sigsetjmp(jump, 1);
	if (sig == 0)
		recurse(0);
	return (void *)(long)(sig == SIGSEGV);
}

/* A thread begins without an alternate stack, and has its own. */
static void stacks(void)
{
	pthread_t threads[THREADS];
	pthread_attr_t attr;
	stack_t here = { .ss_size = 4 * PAGE };
	long n = 0;

	here.ss_sp = own_stack = anon(4 * PAGE);
	TRY(sigaltstack(&here, NULL));
	handle(SIGUSR1, look_where, SA_ONSTACK);
	step = 0;
	start_all(threads, THREADS, use_it);
	say("%ld began with none\n", join_all(threads, THREADS));
	TRY(raise(SIGUSR1));
	say("%d handlers on their own\n", on_own_stack);
	handle(SIGSEGV, jump_out, SA_ONSTACK);
	MUST(pthread_attr_init(&attr));
	MUST(pthread_attr_setstacksize(&attr, 16 * PAGE));
	for (int i = 0; i < THREADS; i++)
		MUST(pthread_create(&threads[i], &attr, overflow, NULL));
	for (int i = 0; i < THREADS; i++)
		n += (long)join(threads[i]);
	say("%ld stacks overflowed\n", n);
	handle(SIGSEGV, SIG_DFL, 0);
}

/* ---- faults ---- */

static char *hole;
static __thread void *fault_at;

static void note_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	fault_at = info->si_addr;
	siglongjmp(jump, sig);
}

static void *fault_alone(void *arg)
{
	char *at = hole + (long)arg * 8;
	volatile long good = 0;

	for (int i = 0; i < 20; i++) {
		if (sigsetjmp(jump, 1) == 0) {
			loads_from(at);
		} else {
			good += fault_at == at;
			fault_at = NULL;
		}
		sched_yield();
	}
	return (void *)good;
}

/* The signal of a fault goes to the thread that has made it. */
static void faults(void)
{
	struct sigaction act = { .sa_sigaction = note_fault, .sa_flags = SA_SIGINFO };
	pthread_t threads[THREADS];

	hole = before_hole(1) + PAGE;
	MUST(sigaction(SIGSEGV, &act, NULL));
	start_all(threads, THREADS, fault_alone);
	say("%ld faults, each of its own thread\n", join_all(threads, THREADS));
	handle(SIGSEGV, SIG_DFL, 0);
}

/* ---- of the process's clock and children ---- */

static void *do_nothing(void *unused)
{
	return unused;
}

static void *take_all(void *unused)
{
	number = 8;
	handlers = 0;
	mask(SIG_UNBLOCK, SIGALRM);
	mask(SIG_UNBLOCK, SIGCHLD);
	raise_flag(&step);
	until_flag(&handlers, 1);
	until_flag(&step, 2); /* its line comes first */
	say("by %d\n", last_number);
	until_flag(&handlers, 2);
	say("by %d\n", last_number);
	return unused;
}

/* SIGALRM and SIGCHLD are for the process: any thread that does not block them takes them. */
static void others(void)
{
	struct itimerval timer = { { 0, 0 }, { 0, 1000 } };
	pthread_t thread;
	pid_t pid;

	join(start(do_nothing, NULL));
	handle(SIGALRM, note, 0);
	handle(SIGCHLD, note, 0);
	mask(SIG_BLOCK, SIGALRM);
	mask(SIG_BLOCK, SIGCHLD);
	step = 0;
	thread = start(take_all, NULL);
	until_flag(&step, 1);
	TRY(setitimer(ITIMER_REAL, &timer, NULL));
	raise_flag(&step);
	until_flag(&handlers, 1);
	pid = fork();
	if (pid == 0)
		_exit(0);
	join(thread);
	TRY(waitpid(pid, NULL, 0) == pid);
}

/* ---- what a handler blocks, another thread takes ---- */

static int second_ran, second_tid;

static void on_second(int sig)
{
	(void)sig;
	second_tid = gettid();
	raise_flag(&second_ran);
}

/* Its mask has the second signal, which came before this handler began. */
static void on_first(int sig)
{
	(void)sig;
	until_flag(&second_ran, 1);
}

static void *wait_for_second(void *arg)
{
	raise_flag(arg);
	while (flag_now(&second_ran) == 0)
		pause();
	return NULL;
}

/* A signal that a handler's mask blocks is taken by another thread, even if the first was woken for it. */
static void handed_on(void)
{
	struct sigaction first = { .sa_handler = on_first }, second = { .sa_handler = on_second };
	int waits = 0;
	pthread_t thread;
	pid_t child;

	sigaddset(&first.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &first, NULL);
	sigaction(SIGUSR2, &second, NULL);
	thread = start(wait_for_second, &waits);
	until_flag(&waits, 1);
	until_others_wait(1);
	child = fork();
	if (child == 0) {
		kill(getppid(), SIGUSR1);
		kill(getppid(), SIGUSR2);
		_exit(0);
	}
	while (waitpid(child, NULL, 0) != child)
		continue;
	until_flag(&second_ran, 1);
	join(thread);
	say("the second signal: %d, in another thread: %d\n", flag_now(&second_ran),
	    second_tid != gettid());
}

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} cases[] = {
		{ "to a thread", to_a_thread }, { "to the process", to_the_process },
		{ "pending", pending },		{ "taken once", taken_once },
		{ "sigwait", sigwaits },	{ "interrupts", interrupts },
		{ "stacks", stacks },		{ "faults", faults },
		{ "others", others },		{ "handed on", handed_on },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		say("-- %s\n", cases[i].name);
		cases[i].run();
	}
	return 0;
}
