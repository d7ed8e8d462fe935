/* SPDX-License-Identifier: MIT */
/* R20 R44 R66: forks by the hundred, one after another and many at once, each with memory of its
 * own. */
#include "t.h"

#define AT_ONCE 40

static char *mem;

static int one_after_another(int n)
{
	int good = 0, status;

	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			mem[(i % 64) * PAGE] = (char)i;
			_exit(mem[(i % 64) * PAGE] == (char)i ? i & 0x7f : 0x80);
		}
		if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status))
			good += WEXITSTATUS(status) == (i & 0x7f);
	}
	return good;
}

/* All run at once, write much, and are reaped in any order. */
static int at_once(void)
{
	int sum = 0, status;

	for (int i = 0; i < AT_ONCE; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			size_t bad = 0;

			memset(mem, i + 1, 64 * PAGE);
			bad = not_all(mem, 64 * PAGE, (char)(i + 1));
			_exit(bad ? 200 : i + 1);
		}
		if (pid < 0)
			result("fork", -1);
	}
	while (wait(&status) > 0)
		sum += WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
	return sum;
}

/* A child forks the next, and so on; each adds one to what the one below answers. */
static int chain(int n)
{
	int status;
	pid_t pid;

	if (n == 0)
		return 0;
	pid = fork();
	if (pid == 0)
		_exit(chain(n - 1));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 200;
	return WEXITSTATUS(status) + 1;
}

int main(void)
{
	mem = anon(64 * PAGE);
	memset(mem, 'm', 64 * PAGE);
	say("good of 300: %d\n", one_after_another(300));
	say("sum of 1..40: %d\n", at_once());
	say("and again: %d\n", at_once());
	say("chain of 50: %d\n", chain(50));
	say("the parent's memory: %zu wrong\n", not_all(mem, 64 * PAGE, 'm'));
	TRY(wait(NULL));
	return 0;
}
