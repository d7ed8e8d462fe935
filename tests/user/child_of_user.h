/* SPDX-License-Identifier: MIT */
/* A child of another user, for the tests that ask for the memory of other processes. */
#ifndef TESTS_USER_CHILD_OF_USER_H
#define TESTS_USER_CHILD_OF_USER_H

#include "t.h"

#include <stdbool.h>
#include <sys/prctl.h>

/* Returns once the child has these ids and is dumpable or not. The child waits until it is killed. */
static pid_t child_of(uid_t uid, bool dumpable)
{
	int ends[2];
	pid_t pid;

	pipe(ends);
	pid = fork();
	if (pid == 0) {
		setgid(uid);
		setuid(uid);
		prctl(PR_SET_DUMPABLE, dumpable);
		close(ends[1]);
		close(ends[0]);
		for (;;)
			pause();
	}
	close(ends[1]);
	read(ends[0], &(char){ 0 }, 1);
	close(ends[0]);
	return pid;
}

#endif
