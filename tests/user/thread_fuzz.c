/* SPDX-License-Identifier: MIT */
/* R150 R152. Processes whose threads do anything at random, until one ends them all: each has one end, and none is left. */
/*
 * thread_fuzz SEED PROCESSES STEPS
 *
 * The process of a round starts with some threads. Each takes random steps: threads that come and go,
 * children, signals, masks, waits, stops, memory that comes and goes, odd lists and words; seldom an
 * exit of all, exec, or a fatal signal. The parent stops, continues and signals it meanwhile, and kills
 * it at last. The same seed gives the same steps to each thread, and not the same order.
 */
#include "thread.h"

#include <linux/futex.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/time.h>

#define AT_FIRST 4
#define MOST	 24 /* threads of a process */
#define WORDS	 16
#define QUIET	 17 /* the status of the image that exec starts */

static char program[4096];
static unsigned seed;
static int steps;
static struct shared {
	uint32_t word[WORDS]; /* of futexes */
	int alive;	      /* threads, as they count themselves */
	unsigned long taken;  /* steps */
} * s;
static int pipe_ends[2];
static char *playground; /* pages that come and go */
#define PLAYGROUND 8

static __thread uint64_t state;

static unsigned chance(unsigned n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(state >> 33) % n;
}

static void note(int sig)
{
	(void)sig;
}

/* A handler for what becomes of the playground. */
static void skip_access(int sig, siginfo_t *info, void *context)
{
	char *page = (char *)((uintptr_t)info->si_addr & ~(PAGE - 1));

	(void)sig, (void)context;
	if (page < playground || page >= playground + PLAYGROUND * PAGE)
		_exit(90);
	mmap(page, PAGE, RW, ANON | MAP_FIXED, -1, 0);
}

static void start_one(void);

static void fork_one(void)
{
	int how = (int)chance(4);
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0) {
		if (how == 0)
			execl(program, "thread_fuzz", "quiet", NULL);
		if (how == 1)
			kill(getpid(), SIGKILL);
		syscall(SYS_exit_group, how);
	}
	if (pid > 0 && how != 3)
		waitpid(pid, NULL, chance(2) ? 0 : WNOHANG);
	else
		waitpid(-1, NULL, WNOHANG);
}

static void wait_some_time(void)
{
	struct timespec soon = { 0, (long)chance(3) * MS / 2 };
	struct pollfd one = { pipe_ends[0], POLLIN, 0 };
	uint32_t *word = &s->word[chance(WORDS)];
	sigset_t set;

	switch (chance(6)) {
	case 0:
		syscall(SYS_futex, word, FUTEX_WAIT, *word, &soon, NULL, 0);
		break;
	case 1:
		nanosleep(&soon, NULL);
		break;
	case 2:
		sigfillset(&set);
		sigdelset(&set, SIGSEGV);
		sigtimedwait(&set, NULL, &soon);
		break;
	case 3:
		ppoll(&one, 1, &soon, NULL);
		break;
	case 4:
		syscall(SYS_futex, word, FUTEX_CMP_REQUEUE, 1, (void *)3l, &s->word[chance(WORDS)],
			*word);
		break;
	default:
		__atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST);
		syscall(SYS_futex, word, FUTEX_WAKE, chance(3), NULL, NULL, 0);
		break;
	}
}

static void signal_something(void)
{
	static const int sigs[] = { SIGUSR1, SIGUSR2,  SIGALRM, SIGCHLD, SIGCONT,
				    SIGURG,  SIGWINCH, 40,	50 };
	int sig = sigs[chance(sizeof(sigs) / sizeof(sigs[0]))];
	struct itimerval timer = { { 0, 700 * (long)chance(2) }, { 0, (long)chance(1500) } };
	siginfo_t info = { .si_code = SI_QUEUE };

	switch (chance(6)) {
	case 0:
		kill(getpid(), sig);
		break;
	case 1:
		syscall(SYS_tgkill, getpid(), gettid() - (int)chance(6), sig);
		break;
	case 2:
		syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid() - (int)chance(6), sig, &info);
		break;
	case 3:
		sigqueue(getpid(), sig, (union sigval){ .sival_int = 1 });
		break;
	case 4:
		setitimer((int)chance(3), &timer, NULL);
		break;
	default:
		kill(0 - getpgrp(), chance(20) ? sig : SIGURG);
		break;
	}
}

static void change_signals(void)
{
	struct sigaction act = { .sa_handler = chance(3) ? note : SIG_IGN };
	char *page = playground + chance(PLAYGROUND) * PAGE;
	stack_t stack = { .ss_sp = page, .ss_size = PAGE };
	sigset_t set;

	act.sa_flags = (chance(2) ? SA_RESTART : 0) | (chance(4) ? 0 : SA_NODEFER);
	switch (chance(4)) {
	case 0:
		sigaction(chance(2) ? SIGUSR1 : SIGALRM, &act, NULL);
		break;
	case 1:
		sigemptyset(&set);
		sigaddset(&set, chance(2) ? SIGUSR1 : SIGUSR2);
		sigaddset(&set, 40);
		pthread_sigmask(chance(2) ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
		break;
	case 2:
		sigaltstack(&stack, NULL);
		break;
	default:
		sigpending(&set);
		break;
	}
}

static void change_memory(void)
{
	char *page = playground + chance(PLAYGROUND) * PAGE;

	switch (chance(6)) {
	case 0:
		mprotect(page, PAGE, chance(2) ? PROT_READ : PROT_NONE);
		break;
	case 1:
		munmap(page, PAGE);
		break;
	case 2:
		madvise(page, PAGE, MADV_DONTNEED);
		break;
	case 3:
		mmap(page, PAGE, RW, ANON | MAP_FIXED, -1, 0);
		break;
	case 4:
		page[chance(PAGE)] = 1;
		break;
	default:
		(void)!write(pipe_ends[1], page, 16);
		(void)!read(pipe_ends[0], page, 8);
		break;
	}
}

static void tell_lies(void)
{
	char *page = playground + chance(PLAYGROUND) * PAGE;

	switch (chance(4)) {
	case 0:
		syscall(SYS_set_robust_list, page + chance(PAGE), 24);
		break;
	case 1:
		syscall(SYS_set_tid_address, page + chance(PAGE));
		break;
	case 2:
		prctl(PR_SET_NAME, "liar");
		break;
	default:
		syscall(SYS_clone, (CLONE_THREAD | chance(1u << 31)) & ~(unsigned)CLONE_SIGHAND,
			page, 0, 0, 0);
		break;
	}
}

/* What seldom happens: the end of all, in several ways. The new image has no handlers, so it blocks all. */
static void end_all(void)
{
	sigset_t all;

	switch (chance(6)) {
	case 0:
		syscall(SYS_exit_group, 3);
		break;
	case 1:
		sigfillset(&all);
		pthread_sigmask(SIG_BLOCK, &all, NULL);
		execl(program, "thread_fuzz", "quiet", NULL);
		break;
	case 2:
		kill(getpid(), SIGTERM);
		break;
	case 3:
		syscall(SYS_tgkill, getpid(), gettid(), SIGKILL);
		break;
	case 4:
		execl("/no/such/program", "x", NULL);
		break;
	default:
		if (getpid() == gettid())
			syscall(SYS_exit, 4);
		break;
	}
}

static int take_steps(void *arg)
{
	state = (uint64_t)(uintptr_t)arg;
	for (int i = 0; i < steps; i++) {
		__atomic_fetch_add(&s->taken, 1, __ATOMIC_RELAXED);
		switch (chance(16)) {
		case 0:
			start_one();
			break;
		case 1:
			if (chance(3) == 0)
				fork_one();
			break;
		case 2:
		case 3:
		case 4:
			wait_some_time();
			break;
		case 5:
		case 6:
			signal_something();
			break;
		case 7:
		case 8:
			change_signals();
			break;
		case 9:
		case 10:
			change_memory();
			break;
		case 11:
			if (chance(4) == 0)
				tell_lies();
			break;
		case 12:
			if (chance(60) == 0)
				end_all();
			break;
		case 13:
			if (chance(30) == 0)
				kill(getpid(), SIGSTOP);
			break;
		case 14:
			if (chance(10) == 0 && getpid() != gettid())
				i = steps;
			break;
		default:
			sched_yield();
			break;
		}
	}
	__atomic_fetch_sub(&s->alive, 1, __ATOMIC_SEQ_CST);
	return 0;
}

/* A thread of the kernel's only: the C library's need memory that nobody lies about. */
static void start_one(void)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			  CLONE_SYSVSEM | CLONE_SETTLS;
	size_t size = 16 * PAGE;
	char *stack;

	if (__atomic_fetch_add(&s->alive, 1, __ATOMIC_SEQ_CST) < MOST) {
		stack = mmap(NULL, size, RW, ANON, -1, 0);
		if (stack != MAP_FAILED) {
			/* The thread pointer's block: errno and `state` are in it, below the pointer. */
			uint64_t next = state ^ chance(1u << 30);

			if (clone(take_steps, stack + size - 2 * PAGE, flags,
				  (void *)(uintptr_t)next, NULL, stack + size - PAGE, NULL) > 0)
				return;
			munmap(stack, size);
		}
	}
	__atomic_fetch_sub(&s->alive, 1, __ATOMIC_SEQ_CST);
}

static int be_random(unsigned number)
{
	struct sigaction act = { .sa_handler = note };
	struct sigaction fault = { .sa_sigaction = skip_access,
				   .sa_flags = SA_SIGINFO | SA_NODEFER };
	static const int sigs[] = { SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, 40, 50 };

	setpgid(0, 0);
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &act, NULL);
	sigaction(SIGSEGV, &fault, NULL);
	sigaction(SIGBUS, &fault, NULL);
	MUST(pipe2(pipe_ends, O_NONBLOCK));
	playground = anon(PLAYGROUND * PAGE);
	state = (uint64_t)seed << 32 | number;
	s->alive = 1;
	for (int i = 0; i < AT_FIRST; i++)
		start_one();
	take_steps((void *)(uintptr_t)(state ^ 12345));
	syscall(SYS_exit, 5);
	return 0;
}

/* ---- the parent ---- */

static void disturb(pid_t pid, unsigned number)
{
	static const int sigs[] = { SIGSTOP, SIGCONT, SIGCONT, SIGUSR1, SIGUSR2, SIGTSTP };

	state = (uint64_t)number << 40 | seed;
	while (__atomic_load_n(&s->taken, __ATOMIC_RELAXED) == 0)
		sched_yield(); /* it has its handlers */
	for (int i = 0; i < 40; i++) {
		kill(pid, sigs[chance(sizeof(sigs) / sizeof(sigs[0]))]);
		if (chance(3) == 0)
			nap(1);
		else
			sched_yield();
	}
	kill(pid, SIGCONT);
}

static bool is_right(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGTERM;
	return WIFEXITED(status) &&
	       (WEXITSTATUS(status) == QUIET || WEXITSTATUS(status) == 0 ||
		WEXITSTATUS(status) == 3 || WEXITSTATUS(status) == 4 || WEXITSTATUS(status) == 5);
}

int main(int argc, char **argv)
{
	int processes, ends = 0, wrong = 0;

	if (argc > 1 && strcmp(argv[1], "quiet") == 0)
		return QUIET;
	if (argc < 4 || readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
		return 2;
	seed = (unsigned)atoi(argv[1]);
	processes = atoi(argv[2]);
	steps = atoi(argv[3]);
	s = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	/* What the processes leave is this one's, so that it can see that all have ended. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (unsigned i = 0; i < (unsigned)processes; i++) {
		int status = 0;
		pid_t pid;

		memset(s, 0, sizeof(*s));
		pid = fork();
		if (pid == 0)
			_exit(be_random(i));
		disturb(pid, i);
		nap(2);
		kill(pid, SIGKILL);
		ends += waitpid(pid, &status, 0) == pid;
		if (!is_right(status)) {
			wrong++;
			say("round %u: status %#x\n", i, status);
		}
		if (kill(pid, 0) != -1 || errno != ESRCH)
			say("round %u: still there\n", i);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
	}
	say("%d processes, %d ends, %d wrong\n", processes, ends, wrong);
	return 0;
}
