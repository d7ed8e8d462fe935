/* SPDX-License-Identifier: MIT */
/* R150. Joins: what they give, in time or not; and threads that nobody joins, by hundreds. */
#include "thread.h"

#define DETACHED 400
#define JOINED	 300

static sem_t go;
static int running, ended_count;

static void *wait_for_go(void *value)
{
	sem_wait(&go);
	return value;
}

static void *give(void *value)
{
	return value;
}

static void *give_by_exit(void *value)
{
	pthread_exit(value);
}

static void *join_self(void *unused)
{
	ASK(pthread_join(pthread_self(), NULL));
	return unused;
}

static void *join_other(void *thread)
{
	void *value;

	ASK(pthread_join(*(pthread_t *)thread, &value));
	return value;
}

static void joins(void)
{
	struct timespec soon = later(CLOCK_REALTIME, 2 * MS), past = { 1, 0 }, never;
	pthread_t thread;
	void *value;

	say("%s\n", (char *)join(start(give, "returned")));
	say("%s\n", (char *)join(start(give_by_exit, "exited")));
	join(start(join_self, NULL));
	thread = start(wait_for_go, "waited");
	ASK(pthread_tryjoin_np(thread, &value));
	ASK(pthread_timedjoin_np(thread, &value, &soon));
	ASK(pthread_timedjoin_np(thread, &value, &past));
	soon = later(CLOCK_MONOTONIC, 2 * MS);
	ASK(pthread_clockjoin_np(thread, &value, CLOCK_MONOTONIC, &soon));
	sem_post(&go);
	never = later(CLOCK_REALTIME, 0);
	never.tv_sec += NEVER_SECONDS;
	ASK(pthread_timedjoin_np(thread, &value, &never));
	say("%s\n", (char *)value);
	thread = start(wait_for_go, "joined by another");
	sem_post(&go);
	say("%s\n", (char *)join(start(join_other, &thread)));
	/* Until it has ended. */
	thread = start(give, "tried");
	while (pthread_tryjoin_np(thread, &value) != 0)
		sched_yield();
	say("%s\n", (char *)value);
	thread = start(wait_for_go, NULL);
	ASK(pthread_detach(thread));
	ASK(pthread_join(thread, NULL));
	ASK(pthread_detach(thread));
	sem_post(&go);
}

static void *count(void *unused)
{
	raise_flag(&running);
	raise_flag(&ended_count);
	return unused;
}

static void *detach_self(void *unused)
{
	pthread_detach(pthread_self());
	raise_flag(&ended_count);
	return unused;
}

static void detached(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	int state;

	MUST(pthread_attr_init(&attr));
	ASK(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED));
	ASK(pthread_attr_getdetachstate(&attr, &state));
	MUST(pthread_attr_setstacksize(&attr, 8 * PAGE));
	for (int i = 0; i < DETACHED; i++) {
		int err;

		while ((err = pthread_create(&thread, &attr, count, NULL)) == EAGAIN)
			sched_yield();
		MUST(err);
	}
	until_flag(&ended_count, DETACHED);
	say("%d ended\n", ended_count);
	ended_count = 0;
	for (int i = 0; i < 50; i++)
		start(detach_self, NULL);
	until_flag(&ended_count, 50);
	say("%d detached themselves\n", ended_count);
}

/* Many at the same time. */
static void many(void)
{
	static pthread_t threads[JOINED];
	pthread_attr_t attr;
	long sum = 0;

	MUST(pthread_attr_init(&attr));
	MUST(pthread_attr_setstacksize(&attr, 8 * PAGE));
	for (long i = 0; i < JOINED; i++)
		MUST(pthread_create(&threads[i], &attr, wait_for_go, (void *)i));
	for (int i = 0; i < JOINED; i++)
		sem_post(&go);
	for (int i = JOINED - 1; i >= 0; i--)
		sum += (long)join(threads[i]);
	say("sum %ld of %d\n", sum, JOINED * (JOINED - 1) / 2);
}

int main(void)
{
	sem_init(&go, 0, 0);
	joins();
	detached();
	many();
	return 0;
}
