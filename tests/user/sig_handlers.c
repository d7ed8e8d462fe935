/* SPDX-License-Identifier: MIT */
/* Handlers: what they are told, what they may change, masks, SA_NODEFER and SA_RESETHAND, handlers within
 * handlers, registers and floating point that come back. */
#include "t.h"

#include <ucontext.h>

static volatile int runs, raised, depth, deepest;
static siginfo_t told;

static void count(int sig)
{
	(void)sig;
	runs++;
}

static void tell(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	runs++;
	told = *info;
}

static void set(int sig, void *handler, int flags)
{
	struct sigaction action = { .sa_flags = flags };

	action.sa_handler = handler;
	sigaction(sig, &action, NULL);
}

static void who_sent_it(void)
{
	union sigval value = { .sival_int = 42 };

	set(SIGUSR1, tell, SA_SIGINFO);
	set(SIGRTMIN + 3, tell, SA_SIGINFO);
	TRY(kill(getpid(), SIGUSR1));
	say("kill: %d, code %d, from me %d\n", told.si_signo, told.si_code,
	    told.si_pid == getpid());
	TRY(raise(SIGUSR1));
	say("raise: %d, code %d, from me %d\n", told.si_signo, told.si_code,
	    told.si_pid == getpid());
	TRY(sigqueue(getpid(), SIGRTMIN + 3, value));
	say("sigqueue: %d, code %d, value %d\n", told.si_signo, told.si_code,
	    told.si_value.sival_int);
	say("runs: %d\n", runs);
}

/* How often a handler is entered again while it runs, and what is blocked in it. */
static void again(int sig)
{
	sigset_t set;

	depth++;
	deepest = depth > deepest ? depth : deepest;
	if (raised++ < 3)
		raise(sig);
	if (depth == 1) {
		sigprocmask(SIG_BLOCK, NULL, &set);
		say("in it: %d blocked %d, SIGUSR2 blocked %d\n", sig, sigismember(&set, sig),
		    sigismember(&set, SIGUSR2));
	}
	depth--;
}

static void deferred(void)
{
	struct sigaction action = { .sa_handler = again };

	sigaddset(&action.sa_mask, SIGUSR2);
	sigaddset(&action.sa_mask, SIGKILL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	say("without SA_NODEFER: %d deep\n", deepest);
	raised = deepest = 0;
	action.sa_flags = SA_NODEFER;
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	say("with SA_NODEFER: %d deep\n", deepest);
}

static int once(void *unused)
{
	struct sigaction old;

	(void)unused;
	set(SIGUSR1, count, SA_RESETHAND);
	runs = 0;
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &old);
	say("ran %d, handler is the default %d, flags kept %d\n", runs, old.sa_handler == SIG_DFL,
	    (old.sa_flags & SA_RESETHAND) != 0);
	raise(SIGUSR1);
	return 1;
}

/* Several at once: each in its turn, the last handler entered runs first. */
static void order(int sig)
{
	say("handler of %d\n", sig);
}

static void several(void)
{
	sigset_t all, old;

	set(SIGUSR1, order, 0);
	set(SIGUSR2, order, 0);
	set(SIGRTMIN, order, 0);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	raise(SIGRTMIN);
	raise(SIGUSR2);
	raise(SIGUSR1);
	raise(SIGUSR1);
	raise(SIGRTMIN);
	sigprocmask(SIG_SETMASK, &old, NULL);
	say("after them\n");
}

/* What the handler writes into its ucontext is what the program goes on with. */
static void change(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;

	(void)sig, (void)info;
	sigaddset(&u->uc_sigmask, SIGUSR2);
	u->uc_mcontext.__gregs[REG_S0 + 10] += 1; /* s2's neighbour is not looked at */
}

static void context(void)
{
	sigset_t now;

	set(SIGUSR1, change, SA_SIGINFO);
	raise(SIGUSR1);
	sigprocmask(SIG_BLOCK, NULL, &now);
	say("mask from the context: SIGUSR2 %d\n", sigismember(&now, SIGUSR2));
	sigemptyset(&now);
	sigprocmask(SIG_SETMASK, &now, NULL);
}

/* All integer and floating-point registers but those of the call, over a handler that uses them. */
static void scramble(int sig)
{
	register double a __asm__("fs0") = 99, b __asm__("ft0") = 98;
	register long s __asm__("s5") = 97, t __asm__("t3") = 96;

	__asm__ volatile("fadd.d fa0, %0, %1" ::"f"(a), "f"(b) : "fa0");
	__asm__ volatile("fsflags zero" ::"r"(s), "r"(t));
	(void)sig;
}

static void registers(void)
{
	double f = 1.25, g = 2.5;
	long s = 11, t = 12, flags = 0, result = 0;
	long pid = getpid();

	set(SIGUSR1, scramble, 0);
	__asm__ volatile(
		"fmv.d fs0, %4\n\tfmv.d ft0, %5\n\tli s5, 11\n\tli t3, 12\n\tcsrwi fflags, 5\n\t"
		"mv a0, %6\n\tli a1, 10\n\tli a7, 129\n\tecall\n\tmv %3, a0\n\t"
		"mv %0, s5\n\tmv %1, t3\n\tfrflags %2\n\tfmv.d %4, fs0\n\tfmv.d %5, ft0"
		: "=&r"(s), "=&r"(t), "=&r"(flags), "=&r"(result), "+f"(f), "+f"(g)
		: "r"(pid)
		: "s5", "t3", "fs0", "ft0", "a0", "a1", "a7", "memory");
	say("s5 %ld, t3 %ld, fflags %ld, fs0 %g, ft0 %g, kill answered %ld\n", s, t, flags, f, g,
	    result);
}

static int in_a_fork(void *unused)
{
	(void)unused;
	runs = 0;
	raise(SIGUSR1);
	say("in the child: ran %d\n", runs);
	return 0;
}

int main(int argc, char **argv)
{
	char *args[] = { argv[0], "again", NULL };

	if (argc > 1) {
		raise(SIGUSR1); /* the new image has no handler */
		return 1;
	}
	who_sent_it();
	deferred();
	in_child("SA_RESETHAND", once, NULL);
	several();
	context();
	registers();
	set(SIGUSR1, count, 0);
	in_child("kept by fork", in_a_fork, NULL);
	if (fork() == 0)
		execv(argv[0], args);
	int status;
	wait(&status);
	ended("gone by exec", status);
	return 0;
}
