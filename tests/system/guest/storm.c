/* SPDX-License-Identifier: MIT */
/* storm N KILLS: N processes use more memory than there is, all at once, until so many of them have been killed. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE (512u << 10)

static void child(void)
{
	char *bytes = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (bytes == MAP_FAILED)
		_exit(1);
	for (;; usleep(10000))
		memset(bytes, 1, SIZE);
}

int main(int argc, char **argv)
{
	unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 0,
		 nkills = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
	int status = 0;

	for (unsigned i = 0; i < n; i++)
		if (fork() == 0)
			child();
	for (unsigned i = 0; i < nkills; i++)
		if (wait(&status) < 0 || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
			return 1;
	puts("storm: ok");
	return 0;
}
