/* SPDX-License-Identifier: MIT */
/* A signal that a process waits for in sigtimedwait: it comes, is dropped or kills, by its action and the mask alone. */
#include "t.h"

#include <stdbool.h>

#define LONG_SECONDS 1000

static void note(int sig)
{
	(void)sig;
}

/* Says how often it has waited before, and waits. */
static void wait_for(int sig, void (*action)(int), int how, long seconds, int ready)
{
	struct timespec t = { seconds, 50000000 };
	long before;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(how, &set, NULL);
	signal(sig, action);
	before = waits_of(getpid());
	if (write(ready, &before, sizeof(before)) != sizeof(before))
		_exit(2);
	TRY(sigtimedwait(&set, NULL, &t));
	sigpending(&set);
	say("pending: %d\n", sigismember(&set, sig));
	_exit(0);
}

static void one(int sig, void (*action)(int), int how, long seconds)
{
	int ready[2], status;
	long before;
	pid_t pid;

	say("SIG%s, %s, %s\n", sigabbrev_np(sig),
	    action == SIG_IGN	? "ignored"
	    : action == SIG_DFL ? "default"
				: "a handler",
	    how == SIG_BLOCK ? "blocked" : "not blocked");
	if (pipe(ready) != 0)
		_exit(3);
	pid = fork();
	if (pid == 0)
		wait_for(sig, action, how, seconds, ready[1]);
	if (read(ready[0], &before, sizeof(before)) != sizeof(before))
		_exit(4);
	until_it_waits(pid, before);
	kill(pid, sig);
	waitpid(pid, &status, 0);
	ended("it", status);
	close(ready[0]);
	close(ready[1]);
}

int main(void)
{
	static const int sigs[] = { SIGUSR1, SIGURG, SIGCONT };

	for (int i = 0; i < 3; i++) {
		bool kept = sigs[i] == SIGUSR1; /* by default it ends the process */

		one(sigs[i], SIG_IGN, SIG_BLOCK, LONG_SECONDS);
		one(sigs[i], SIG_DFL, SIG_BLOCK, LONG_SECONDS);
		one(sigs[i], note, SIG_BLOCK, LONG_SECONDS);
		one(sigs[i], note, SIG_UNBLOCK, LONG_SECONDS);
		one(sigs[i], SIG_IGN, SIG_UNBLOCK, 0);
		one(sigs[i], SIG_DFL, SIG_UNBLOCK, kept ? LONG_SECONDS : 0);
	}
	return 0;
}
