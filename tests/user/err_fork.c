/* SPDX-License-Identifier: MIT */
/* As many processes as there may be: then EAGAIN, until one of those that have ended is waited for. */
#include "t.h"

#define MOST 100000

static void fork_once_more(void)
{
	pid_t pid;

	while ((pid = fork()) < 0)
		nap(1); /* Linux gives it back a moment later */
	if (pid == 0)
		_exit(0);
}

int main(void)
{
	volatile int n = 0, error = 0;
	int waited;

	while (n < MOST) {
		pid_t pid = vfork();

		if (pid == 0)
			_exit(0);
		if (pid < 0) {
			error = errno;
			break;
		}
		n++;
	}
	say("hundreds: %d\n", n > 500);
	say("and one more fork: %s\n", strerrorname_np(error));
	waited = wait(NULL) > 0;
	if (waited)
		fork_once_more();
	say("one buried, one to be had: %d\n", waited);
	while (wait(NULL) > 0)
		waited++;
	say("all buried: %d\n", waited == n + 1);
	return 0;
}
