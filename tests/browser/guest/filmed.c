/* SPDX-License-Identifier: MIT */
/* A child writes to a page that it shares with its parent, for a film. */
#include <sys/wait.h>
#include <unistd.h>

static volatile int shared = 1;

int main(void)
{
	int status = 0;
	pid_t child;

	shared = 2; /* the page is private from now on */
	child = fork();
	if (child == 0) {
		shared = 3; /* here it is copied */
		_exit(shared == 3 ? 0 : 1);
	}
	return waitpid(child, &status, 0) == child && status == 0 && shared == 2 ? 0 : 1;
}
