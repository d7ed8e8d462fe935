/* SPDX-License-Identifier: MIT */
/* Orphans become children of process 1, which reaps them; an orphan's own children stay its own. */
#include "t.h"

int main(void)
{
	int p[2], status;
	char buf[64] = { 0 };
	pid_t child;

	TRY(pipe(p));
	child = fork();
	if (child == 0) {
		pid_t me = getpid();

		if (fork() == 0) {
			pid_t own;

			if (getppid() != me && getppid() != 1)
				_exit(1);
			while (getppid() == me)
				nap(5);
			own = fork();
			if (own == 0)
				_exit(9);
			waitpid(own, &status, 0);
			dprintf(p[1], "orphan's parent %d, its child's status %d", getppid(),
				WEXITSTATUS(status));
			_exit(0);
		}
		_exit(4);
	}
	close(p[1]);
	TRY(waitpid(child, &status, 0) == child);
	ended("child", status);
	while (read(p[0], buf + strlen(buf), sizeof(buf) - 1 - strlen(buf)) > 0)
		continue;
	say("%s\n", buf);
	TRY(wait(NULL));
	/* Zombies that nobody waited for go with us; so do sleepers that outlive us. */
	for (int i = 0; i < 30; i++) {
		if (fork() == 0) {
			if (i % 2)
				pause();
			_exit(i);
		}
	}
	return 0;
}
