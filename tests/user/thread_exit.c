/* SPDX-License-Identifier: MIT */
/* R150 R152. Ends of processes with several threads: by any of them, by all, by a signal; and what the parent learns. */
#include "thread_ways.h"

static pthread_t first;

/* Waits in one of several ways, which only an end of the process ends. */
static void *wait_somehow(void *arg)
{
	if ((long)arg != THREAD_WAYS)
		return be_in_a_way(arg);
	raise_flag(&waiting);
	pthread_join(first, NULL);
	return NULL;
}

#define WAYS (THREAD_WAYS + 1)

static void start_waits(void)
{
	pthread_t threads[WAYS];

	MUST(pipe(empty));
	first = pthread_self();
	waiting = 0;
	MUST(pthread_mutex_lock(&never));
	start_all(threads, WAYS, wait_somehow);
	until_flag(&waiting, WAYS);
	until_others_wait(THREAD_WAITS + 1);
}

/* ---- exit of all ---- */

static void *exit_3(void *unused)
{
	(void)unused;
	exit(3);
}

static void *exit_group_4(void *unused)
{
	(void)unused;
	_exit(4);
}

static void *be_killed(void *unused)
{
	kill(getpid(), SIGKILL);
	return unused;
}

static void *be_terminated(void *unused)
{
	pthread_kill(pthread_self(), SIGTERM);
	return unused;
}

static void *fault(void *unused)
{
	loads_from((void *)8);
	return unused;
}

static void *call_abort(void *unused)
{
	(void)unused;
	abort();
}

/* A fault whose signal is blocked kills. */
static void *fault_blocked(void *unused)
{
	sigset_t set;

	sigfillset(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	loads_from((void *)8);
	return unused;
}

/* exit, a deadly signal and a fault end all threads, whoever calls or has it, and give the process its status. */
static int all_end(void *how)
{
	void *(*f)(void *) = *(void *(**)(void *))how;

	start_waits();
	start(f, NULL);
	wait_for_ever();
	return 1;
}

/* A return from main is exit. */
static int return_from_main(void *unused)
{
	(void)unused;
	start_waits();
	return 5;
}

static int fault_in_first(void *unused)
{
	(void)unused;
	start_waits();
	loads_from((void *)8);
	return 1;
}

static void all_at_once(void)
{
	static const struct {
		const char *name;
		void *(*f)(void *);
	} ways[] = {
		{ "exit", exit_3 },
		{ "exit_group", exit_group_4 },
		{ "SIGKILL", be_killed },
		{ "SIGTERM to a thread", be_terminated },
		{ "a fault", fault },
		{ "abort", call_abort },
		{ "a fault, blocked", fault_blocked },
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		void *(*f)(void *) = ways[i].f;

		in_child(ways[i].name, all_end, &f);
	}
	in_child("return of main", return_from_main, NULL);
	in_child("a fault of the first", fault_in_first, NULL);
}

/* ---- one after the other ---- */

/* The process goes on without its first thread, whose number stays in use. */
static void *after_first(void *how)
{
	pthread_join(first, NULL);
	say("the first is gone; its number is still used: %d\n",
	    syscall(SYS_tgkill, getpid(), getpid(), 0) == 0);
	if (how)
		syscall(SYS_exit, (long)how);
	return NULL;
}

/* A thread's value is not the process's status, which is 0 if the last thread just ends. */
static int first_by_pthread_exit(void *unused)
{
	(void)unused;
	first = pthread_self();
	start(after_first, NULL);
	pthread_exit((void *)77);
}

/* The call exit ends one thread; the status is that of the thread that ends last. */
static int first_by_exit(void *status)
{
	first = pthread_self();
	start(after_first, status);
	syscall(SYS_exit, 5);
	return 1;
}

static void *exit_group_after_first(void *unused)
{
	pthread_join(first, NULL);
	_exit(9);
	return unused;
}

static int group_after_first(void *unused)
{
	(void)unused;
	first = pthread_self();
	start(exit_group_after_first, NULL);
	syscall(SYS_exit, 5);
	return 1;
}

static int last_is_first(void *unused)
{
	pthread_t threads[3];

	(void)unused;
	for (int i = 0; i < 3; i++)
		threads[i] = start(wait_somehow, (void *)WAYS);
	for (int i = 0; i < 3; i++)
		join(threads[i]);
	syscall(SYS_exit, 6);
	return 1;
}

/* ---- what the parent sees while some are left ---- */

static struct shared {
	int gone, handled, leave;
} * shared;

static void note(int sig)
{
	(void)sig;
	raise_flag(&shared->handled);
}

static void *outlive_first(void *unused)
{
	struct sigaction act = { .sa_handler = note };

	sigaction(SIGUSR1, &act, NULL);
	pthread_join(first, NULL);
	raise_flag(&shared->gone);
	until_flag(&shared->leave, 1);
	return unused;
}

/* A process without its first thread is no zombie: its parent cannot reap it, and signals and stops reach its others. */
static void first_goes(int sig)
{
	int status;
	pid_t pid;

	shared->gone = shared->handled = shared->leave = 0;
	pid = fork();
	if (pid == 0) {
		first = pthread_self();
		start(outlive_first, NULL);
		pthread_exit(NULL);
	}
	until_flag(&shared->gone, 1);
	TRY(waitpid(pid, &status, WNOHANG));
	TRY(kill(pid, SIGUSR1));
	until_flag(&shared->handled, 1);
	say("handled by another\n");
	TRY(waitpid(pid, &status, WNOHANG));
	if (sig == SIGSTOP) {
		TRY(kill(pid, SIGSTOP));
		TRY(waitpid(pid, &status, WUNTRACED) == pid);
		say("stopped by SIG%s\n",
		    WIFSTOPPED(status) ? sigabbrev_np(WSTOPSIG(status)) : "none");
		TRY(kill(pid, SIGUSR1));
		nap(1); /* in which it would be handled */
		say("handled while stopped: %d\n", flag_now(&shared->handled) - 1);
		TRY(kill(pid, SIGCONT));
		until_flag(&shared->handled, 2);
		TRY(waitpid(pid, &status, WCONTINUED) == pid);
		say("continued: %d\n", WIFCONTINUED(status));
	}
	if (sig == SIGKILL)
		TRY(kill(pid, SIGKILL));
	else
		raise_flag(&shared->leave);
	TRY(waitpid(pid, &status, 0) == pid);
	ended("then", status);
}

/* ---- races ---- */

static void *exit_with(void *status)
{
	_exit((int)(long)status);
	return NULL;
}

/* Of several threads that end the process at once one gives it its status. */
static int two_exit(void *unused)
{
	(void)unused;
	start(exit_with, (void *)1);
	start(exit_with, (void *)2);
	_exit(3);
}

static void *end(void *unused)
{
	return unused;
}

/* A thread that is created while its process ends, ends with it. */
static int exit_while_born(void *unused)
{
	(void)unused;
	start(exit_with, (void *)2);
	for (;;)
		join(start(end, NULL));
	return 1;
}

static void *start_more(void *unused)
{
	for (;;)
		join(start(end, NULL));
	return unused;
}

static int killed_while_born(void *unused)
{
	(void)unused;
	for (int i = 0; i < 3; i++)
		start(start_more, NULL);
	sched_yield();
	kill(getpid(), SIGKILL);
	return 1;
}

static void many(const char *what, int (*f)(void *), int times)
{
	int ends = 0, wrong = 0, status;

	for (int i = 0; i < times; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(f(NULL));
		ends += waitpid(pid, &status, 0) == pid;
		if (f == killed_while_born)
			wrong += status != SIGKILL;
		else if (f == exit_while_born)
			wrong += status != 2 << 8;
		else
			wrong += status != 1 << 8 && status != 2 << 8 && status != 3 << 8;
		wrong += waitpid(-1, &status, WNOHANG) != -1;
	}
	say("%s: %d ends, %d wrong\n", what, ends, wrong);
}

int main(void)
{
	shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	all_at_once();
	in_child("the first by pthread_exit", first_by_pthread_exit, NULL);
	in_child("the first by exit 5, the last by return", first_by_exit, NULL);
	in_child("the first by exit 5, the last by exit 7", first_by_exit, (void *)7);
	in_child("the first by exit 5, the last by exit_group 9", group_after_first, NULL);
	in_child("the first as the last", last_is_first, NULL);
	first_goes(0);
	first_goes(SIGSTOP);
	first_goes(SIGKILL);
	many("two of three", two_exit, 15);
	many("exit while threads come and go", exit_while_born, 10);
	many("a kill while threads come and go", killed_while_born, 10);
	return 0;
}
