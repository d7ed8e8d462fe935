/* SPDX-License-Identifier: MIT */
/* The signals are blocked except during ppoll(), so that none is missed between check and wait. */
#define _GNU_SOURCE
#include "sh/events.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#define MOMENT_NS 300000000

static const int signals[] = { SIGCHLD, SIGWINCH };

#define NSIGNALS (sizeof(signals) / sizeof(signals[0]))

static volatile sig_atomic_t came[NSIGNALS];
static sigset_t found; /* the signal mask before, which programs get */
static bool begun;

static void events_note(int sig)
{
	for (size_t i = 0; i < NSIGNALS; i++)
		if (signals[i] == sig)
			came[i] = 1;
}

void events_begin(void)
{
	sigset_t blocked;

	sigemptyset(&blocked);
	for (size_t i = 0; i < NSIGNALS; i++) {
		sigaddset(&blocked, signals[i]);
		signal(signals[i], events_note);
	}
	sigprocmask(SIG_BLOCK, &blocked, &found);
	begun = true;
}

void events_end(void)
{
	if (!begun)
		return;
	for (size_t i = 0; i < NSIGNALS; i++)
		signal(signals[i], SIG_DFL);
	sigprocmask(SIG_SETMASK, &found, NULL);
}

enum event events_wait(bool restless)
{
	static const struct timespec moment = { .tv_nsec = MOMENT_NS };
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	int n;

	for (;;) {
		if (came[0]) {
			came[0] = 0;
			return EVENT_CHILD;
		}
		if (came[1]) {
			came[1] = 0;
			return EVENT_WINDOW;
		}
		n = ppoll(&input, 1, restless ? &moment : NULL, &found);
		if (n >= 0)
			return n > 0 ? EVENT_KEY : EVENT_TIME;
	}
}
