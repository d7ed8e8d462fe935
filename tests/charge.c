/* SPDX-License-Identifier: MIT */
/* Runs a test, and prints the processor time that it took with all of its descendants, also those left behind. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static double seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	struct rusage used;
	int status = 0, other;
	pid_t child;
	void (*on_term)(int), (*on_int)(int);

	if (argc < 2)
		return 125;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* A test that is ended is charged, too. */
	on_term = signal(SIGTERM, SIG_IGN);
	on_int = signal(SIGINT, SIG_IGN);
	child = fork();
	if (child == 0) {
		signal(SIGTERM, on_term);
		signal(SIGINT, on_int);
		execvp(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	for (pid_t ended = 0; child > 0 && ended != child;)
		ended = waitpid(-1, &status, 0);
	while (waitpid(-1, &other, WNOHANG) > 0)
		;
	getrusage(RUSAGE_CHILDREN, &used);
	printf("# cpu: %.2f s\n", seconds(used.ru_utime) + seconds(used.ru_stime));
	fflush(stdout);
	if (child < 0 || !WIFSIGNALED(status))
		return child < 0 ? 125 : WEXITSTATUS(status);
	signal(WTERMSIG(status), SIG_DFL);
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
	raise(WTERMSIG(status));
	return 128 + WTERMSIG(status);
}
