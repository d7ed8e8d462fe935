/* SPDX-License-Identifier: MIT */
/* R150. With __WNOTHREAD a thread waits only for children that it made itself. */
#include "thread.h"

static pid_t child;

static void *wait_for_own(void *unused)
{
	int status;

	TRY(waitpid(child, &status, __WNOTHREAD | WNOHANG));
	TRY(waitpid(-1, &status, __WNOTHREAD | WNOHANG));
	TRY(waitpid(child, &status, WNOHANG));
	return unused;
}

int main(void)
{
	int status;

	child = fork();
	if (child == 0)
		wait_for_ever();
	join(start(wait_for_own, NULL));
	kill(child, SIGKILL);
	TRY(waitpid(child, &status, __WNOTHREAD) == child);
	return 0;
}
