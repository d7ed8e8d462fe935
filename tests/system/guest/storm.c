/* SPDX-License-Identifier: MIT */
/* storm N KILLS: N processes use more memory than there is, all at once, until so many of them have been killed. */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SIZE   (512u << 10)
#define NAP_NS 1000000u

static volatile struct {
	uint64_t naps, latest; /* how many, and how late it was woken at most */
} * shared;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void child(void)
{
	char *bytes = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (bytes == MAP_FAILED)
		_exit(1);
	memset(bytes, 1, SIZE);
	for (;;)
		pause();
}

/* Naps for a millisecond, again and again: how late is it woken, at most? */
static void nap(void)
{
	const struct timespec time = { .tv_nsec = NAP_NS };

	for (;; shared->naps++) {
		uint64_t due = now() + NAP_NS, woken;

		nanosleep(&time, NULL);
		woken = now();
		if (woken - due > shared->latest)
			shared->latest = woken - due;
	}
}

int main(int argc, char **argv)
{
	unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 0,
		 nkills = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
	int status = 0;
	uint64_t before;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return 2;
	if (fork() == 0)
		nap();
	while (shared->naps < 3) /* it has touched its pages: it needs no memory any more */
		usleep(1000);
	for (unsigned i = 0; i < n; i++)
		if (fork() == 0)
			child();
	before = shared->naps;
	shared->latest = 0;
	for (unsigned i = 0; i < nkills; i++)
		if (wait(&status) < 0 || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
			return 1;
	printf("storm: ok, of %lu naps one ended %lu us late\n",
	       (unsigned long)(shared->naps - before), (unsigned long)shared->latest / 1000);
	return 0;
}
