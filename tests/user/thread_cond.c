/* SPDX-License-Identifier: MIT */
/* R150 R151. Conditions: one or all are woken, time runs out, and nobody is lost. */
#include "thread.h"

#define WAITERS 6
#define ITEMS	300

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int waiting, tickets, woken;

static void *wait_for_ticket(void *unused)
{
	pthread_mutex_lock(&mutex);
	waiting++;
	while (tickets == 0)
		pthread_cond_wait(&cond, &mutex);
	tickets--;
	woken++;
	pthread_mutex_unlock(&mutex);
	return unused;
}

/* All have the mutex released when they wait, so all wait when the last one is counted. */
static void until_all_wait(int n)
{
	for (;;) {
		int now;

		pthread_mutex_lock(&mutex);
		now = waiting;
		pthread_mutex_unlock(&mutex);
		if (now == n)
			return;
		sched_yield();
	}
}

static void until_woken(int n)
{
	for (;;) {
		int now;

		pthread_mutex_lock(&mutex);
		now = woken;
		pthread_mutex_unlock(&mutex);
		if (now >= n)
			return;
		sched_yield();
	}
}

static void wakes(void)
{
	pthread_t threads[WAITERS];

	start_all(threads, WAITERS, wait_for_ticket);
	until_all_wait(WAITERS);
	for (int i = 1; i <= 2; i++) {
		pthread_mutex_lock(&mutex);
		tickets++;
		ASK(pthread_cond_signal(&cond));
		pthread_mutex_unlock(&mutex);
		until_woken(i);
	}
	say("%d of %d\n", woken, WAITERS);
	pthread_mutex_lock(&mutex);
	tickets = WAITERS - 2;
	ASK(pthread_cond_broadcast(&cond));
	pthread_mutex_unlock(&mutex);
	join_all(threads, WAITERS);
	say("%d of %d, %d tickets\n", woken, WAITERS, tickets);
	ASK(pthread_cond_signal(&cond));
	ASK(pthread_cond_broadcast(&cond));
}

static void times(void)
{
	struct timespec soon = later(CLOCK_REALTIME, 3 * MS), past = { 1, 0 },
			bad = { 0, 1000000000 };
	pthread_condattr_t attr;
	pthread_cond_t monotonic;

	pthread_mutex_lock(&mutex);
	ASK(pthread_cond_timedwait(&cond, &mutex, &soon));
	say("early: %d\n", !has_come(CLOCK_REALTIME, soon));
	ASK(pthread_cond_timedwait(&cond, &mutex, &past));
	ASK(pthread_cond_timedwait(&cond, &mutex, &bad));
	ASK(pthread_mutex_trylock(&mutex));
	MUST(pthread_condattr_init(&attr));
	ASK(pthread_condattr_setclock(&attr, CLOCK_PROCESS_CPUTIME_ID));
	ASK(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC));
	MUST(pthread_cond_init(&monotonic, &attr));
	soon = later(CLOCK_MONOTONIC, 3 * MS);
	ASK(pthread_cond_timedwait(&monotonic, &mutex, &soon));
	soon = later(CLOCK_MONOTONIC, 3 * MS);
	ASK(pthread_cond_clockwait(&cond, &mutex, CLOCK_MONOTONIC, &soon));
	say("early: %d\n", !has_come(CLOCK_MONOTONIC, soon));
	pthread_mutex_unlock(&mutex);
	ASK(pthread_cond_destroy(&monotonic));
}

/* ---- a buffer with few places ---- */

#define PLACES 3

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t full, empty;
	int item[PLACES], first, count;
	long left;
} buffer = { .mutex = PTHREAD_MUTEX_INITIALIZER,
	     .full = PTHREAD_COND_INITIALIZER,
	     .empty = PTHREAD_COND_INITIALIZER };

static void *produce(void *arg)
{
	for (int i = 0; i < ITEMS; i++) {
		pthread_mutex_lock(&buffer.mutex);
		while (buffer.count == PLACES)
			pthread_cond_wait(&buffer.empty, &buffer.mutex);
		buffer.item[(buffer.first + buffer.count++) % PLACES] = (int)(long)arg * ITEMS + i;
		pthread_cond_signal(&buffer.full);
		pthread_mutex_unlock(&buffer.mutex);
	}
	return NULL;
}

static void *consume(void *unused)
{
	long sum = 0;

	(void)unused;
	pthread_mutex_lock(&buffer.mutex);
	for (;;) {
		while (buffer.count == 0 && buffer.left > 0)
			pthread_cond_wait(&buffer.full, &buffer.mutex);
		if (buffer.left == 0)
			break;
		sum += buffer.item[buffer.first];
		buffer.first = (buffer.first + 1) % PLACES;
		buffer.count--;
		if (--buffer.left == 0)
			pthread_cond_broadcast(&buffer.full);
		pthread_cond_signal(&buffer.empty);
	}
	pthread_mutex_unlock(&buffer.mutex);
	return (void *)sum;
}

static void buffers(void)
{
	pthread_t producers[3], consumers[3];

	buffer.left = 3 * ITEMS;
	start_all(consumers, 3, consume);
	start_all(producers, 3, produce);
	join_all(producers, 3);
	say("sum %ld of %d, %d left\n", join_all(consumers, 3), 3 * ITEMS * (3 * ITEMS - 1) / 2,
	    buffer.count);
}

/* ---- threads of two processes ---- */

struct game {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	int turn;
};

static struct game *game;
static int players, side;

/* Player `side * 2 + arg` of four has every fourth turn. */
static void *play(void *arg)
{
	int me = side * 2 + (int)(long)arg;

	pthread_mutex_lock(&game->mutex);
	for (int i = 0; i < 50; i++) {
		while (game->turn % players != me)
			pthread_cond_wait(&game->cond, &game->mutex);
		game->turn++;
		pthread_cond_broadcast(&game->cond);
	}
	pthread_mutex_unlock(&game->mutex);
	return NULL;
}

static int play_both(void *unused)
{
	pthread_t threads[2];

	(void)unused;
	start_all(threads, 2, play);
	return (int)join_all(threads, 2);
}

static void processes(void)
{
	pthread_mutexattr_t attr;
	pthread_condattr_t condattr;
	int status;
	pid_t pid;

	game = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_condattr_init(&condattr);
	pthread_condattr_setpshared(&condattr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&game->mutex, &attr);
	pthread_cond_init(&game->cond, &condattr);
	players = 4;
	pid = fork();
	if (pid == 0) {
		side = 1;
		_exit(play_both(NULL));
	}
	play_both(NULL);
	waitpid(pid, &status, 0);
	ended("the other", status);
	say("%d turns\n", game->turn);
}

int main(void)
{
	wakes();
	times();
	buffers();
	processes();
	return 0;
}
