/* SPDX-License-Identifier: MIT */
/* R25: pipes that hold as much memory as all pipes together may: a writer that waits for a page goes on once it is read. */
#include "locks.h"

#include <poll.h>

#define PIPES 110

static char buf[16 * PAGE];
static int p[2];

/* Fills pipes, as many as it may have. They stay until it is killed. */
static int fills(void *unused)
{
	(void)unused;
	for (int i = 0; i < PIPES; i++) {
		int full[2];

		if (pipe2(full, O_NONBLOCK) != 0 ||
		    write(full[1], buf, sizeof(buf)) < (ssize_t)sizeof(buf))
			break;
	}
	about_to_wait();
	pause();
	return 0;
}

static int writes(void *unused)
{
	(void)unused;
	close(p[0]);
	about_to_wait();
	return write(p[1], buf, 2 * PAGE) == 2 * PAGE ? 5 : 6;
}

static void looks(void)
{
	struct pollfd end = { .fd = p[1], .events = POLLOUT };

	TRY(poll(&end, 1, 0));
	say("events %x\n", end.revents);
}

static void writes_too(void)
{
	TRY(write(p[1], buf, 100));
}

/* Meanwhile there is memory again, and another one asks for it before anything was read. */
static void waits_for_a_page(const char *what, void (*asks)(void), long written)
{
	pid_t filler[2], writer;
	long got = 0;
	int status;

	say("-- %s\n", what);
	TRY(pipe(p));
	for (int i = 0; i < 2; i++)
		filler[i] = child_sleeps(fills, NULL);
	writer = child_sleeps(writes, NULL);
	for (int i = 0; i < 2; i++) {
		kill(filler[i], SIGKILL);
		waitpid(filler[i], &status, 0);
	}
	asks();
	alarm(20);
	while (got < written) {
		ssize_t n = read(p[0], buf, PAGE);

		if (n <= 0)
			break;
		got += n;
	}
	say("read: %ld of %ld\n", got, written);
	reap("the writer", writer);
	alarm(0);
	close(p[0]);
	close(p[1]);
}

int main(void)
{
	waits_for_a_page("poll", looks, 2 * PAGE);
	waits_for_a_page("another writer", writes_too, 2 * PAGE + 100);
	return 0;
}
