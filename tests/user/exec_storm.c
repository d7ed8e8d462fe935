/* SPDX-License-Identifier: MIT */
/* R21 R67 R70 R74: exec of itself, 60 times in one process, then 40 children that exec, and execs
 * that fail between. */
#include "t.h"

static int again(char **argv, const char *mode, int n)
{
	char number[16], pid[32], *args[] = { argv[0], (char *)(uintptr_t)mode, number, NULL };
	char *env[] = { pid, NULL };

	snprintf(number, sizeof(number), "%d", n);
	snprintf(pid, sizeof(pid), "PID=%d", getenv("PID") ? atoi(getenv("PID")) : getpid());
	execve(argv[0], args, env);
	return 100;
}

static int chain(char **argv, int n)
{
	char *fresh = sbrk(8 * PAGE), *map = anon(16 * PAGE);
	char *bad[] = { "x", NULL };

	if (not_all(fresh, 8 * PAGE, 0) || not_all(map, 16 * PAGE, 0))
		return 101;
	memset(fresh, 'd', 8 * PAGE);
	memset(map, 'd', 16 * PAGE);
	if (execve("/nothing/here", bad, bad) != -1 || errno != ENOENT)
		return 102;
	if (n > 0)
		return again(argv, "chain", n - 1);
	say("end of the chain, same process: %s\n", getpid() == atoi(getenv("PID")) ? "yes" : "no");
	return 7;
}

int main(int argc, char **argv)
{
	int status, sum = 0;
	static char big[64 * PAGE];

	if (argc == 3 && strcmp(argv[1], "chain") == 0)
		return chain(argv, atoi(argv[2]));
	if (argc == 3)
		return atoi(argv[2]);
	memset(big, 'b', sizeof(big));
	for (int i = 0; i < 40; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(again(argv, "exit", i));
		if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
			return 1;
		sum += WEXITSTATUS(status);
	}
	say("sum of 0..39: %d\n", sum);
	for (int i = 0; i < 12; i++)
		if (fork() == 0)
			_exit(again(argv, "exit", i));
	for (sum = 0; wait(&status) > 0;)
		sum += WEXITSTATUS(status);
	say("sum of 0..11, all at once: %d\n", sum);
	say("parent's memory: %zu wrong\n", not_all(big, sizeof(big), 'b'));
	return again(argv, "chain", 60);
}
