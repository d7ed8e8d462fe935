/* SPDX-License-Identifier: MIT */
/* What a thread may be in when its process ends, execs or stops: waits of many kinds, and busy loops. */
#ifndef TESTS_USER_THREAD_WAYS_H
#define TESTS_USER_THREAD_WAYS_H

#include "thread.h"

#include <poll.h>

#define THREAD_WAYS  8
#define THREAD_WAITS 6 /* of these; the others are busy */

/* `waiting` counts those that are about to. The pipe has nobody who writes to it, at first. */
static int empty[2], waiting;
static pthread_mutex_t never = PTHREAD_MUTEX_INITIALIZER;

static void *be_in_a_way(void *arg)
{
	struct timespec long_time = { NEVER_SECONDS, 0 };
	struct pollfd one = { empty[0], POLLIN, 0 };
	sigset_t set;
	char byte;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	raise_flag(&waiting);
	switch ((long)arg) {
	case 0:
		wait_for_ever();
		break;
	case 1:
		nanosleep(&long_time, NULL);
		break;
	case 2:
		pthread_mutex_lock(&never);
		break;
	case 3:
		(void)!read(empty[0], &byte, 1);
		break;
	case 4:
		poll(&one, 1, -1);
		break;
	case 5:
		sigwait(&set, &sig);
		break;
	case 6:
		for (;;)
			getppid();
		break;
	case 7:
		for (;;)
			sched_yield();
		break;
	}
	return NULL;
}

#endif
