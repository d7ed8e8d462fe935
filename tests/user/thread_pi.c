/* SPDX-License-Identifier: MIT */
/* R150 R151. Mutexes with PTHREAD_PRIO_INHERIT, as the C library makes them: each kind, and condition variables with them. */
#include "thread.h"

#define RIVALS 4
#define ROUNDS 400

struct counted {
	pthread_mutex_t mutex;
	volatile int turns;
};

static void make(pthread_mutex_t *mutex, int type, int robust, int shared)
{
	pthread_mutexattr_t attr;

	MUST(pthread_mutexattr_init(&attr));
	MUST(pthread_mutexattr_settype(&attr, type));
	MUST(pthread_mutexattr_setrobust(&attr, robust));
	MUST(pthread_mutexattr_setpshared(&attr, shared));
	MUST(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT));
	MUST(pthread_mutex_init(mutex, &attr));
	MUST(pthread_mutexattr_destroy(&attr));
}

static void make_robust(pthread_mutex_t *mutex, int shared)
{
	make(mutex, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, shared);
}

static void make_errorcheck(pthread_mutex_t *mutex)
{
	make(mutex, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE);
}

/* ---- exclusion ---- */

static void *take_turns(void *arg)
{
	struct counted *c = arg;

	for (int i = 0; i < ROUNDS; i++) {
		int turn;

		MUST(pthread_mutex_lock(&c->mutex));
		turn = c->turns;
		if (i % 16 == 0)
			sched_yield();
		c->turns = turn + 1;
		MUST(pthread_mutex_unlock(&c->mutex));
	}
	return NULL;
}

static void exclusion(const char *what, int type, int robust, int shared)
{
	struct counted c = { .turns = 0 };
	pthread_t threads[RIVALS];

	make(&c.mutex, type, robust, shared);
	for (int i = 0; i < RIVALS; i++)
		threads[i] = start(take_turns, &c);
	join_all(threads, RIVALS);
	say("%s: %d turns\n", what, c.turns);
	ASK(pthread_mutex_destroy(&c.mutex));
}

/* A mutex of any kind has one owner at a time. */
static void exclusions(void)
{
	exclusion("normal", PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE);
	exclusion("recursive", PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED,
		  PTHREAD_PROCESS_PRIVATE);
	exclusion("errorcheck", PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED,
		  PTHREAD_PROCESS_PRIVATE);
	exclusion("robust", PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, PTHREAD_PROCESS_PRIVATE);
	exclusion("shared", PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_SHARED);
	exclusion("robust and shared", PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST,
		  PTHREAD_PROCESS_SHARED);
}

/* One at a time among processes, too. */
static void processes(void)
{
	struct counted *c = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status, ok = 0;

	make(&c->mutex, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_SHARED);
	for (int i = 0; i < RIVALS; i++) {
		if (fork() == 0) {
			take_turns(c);
			_exit(0);
		}
	}
	for (int i = 0; i < RIVALS; i++)
		ok += wait(&status) > 0 && status == 0;
	say("%d rivals, %d turns\n", ok, c->turns);
}

/* ---- what they refuse ---- */

static void *try_it(void *mutex)
{
	ASK(pthread_mutex_trylock(mutex));
	return NULL;
}

static void *try_and_release(void *mutex)
{
	if (ASK(pthread_mutex_trylock(mutex)) == 0)
		pthread_mutex_unlock(mutex);
	return NULL;
}

static void *release(void *mutex)
{
	ASK(pthread_mutex_unlock(mutex));
	return NULL;
}

static void *too_late(void *mutex)
{
	struct timespec soon = later(CLOCK_REALTIME, 20 * MS), past = { 0, 0 };

	ASK(pthread_mutex_timedlock(mutex, &soon));
	say("in time: %d\n", has_come(CLOCK_REALTIME, soon));
	ASK(pthread_mutex_timedlock(mutex, &past));
	soon = later(CLOCK_MONOTONIC, 20 * MS);
	ASK(pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &soon));
	say("in time: %d\n", has_come(CLOCK_MONOTONIC, soon));
	soon = later(CLOCK_REALTIME, 20 * MS);
	ASK(pthread_mutex_clocklock(mutex, CLOCK_REALTIME, &soon));
	return NULL;
}

static void refusals(void)
{
	pthread_mutex_t m;

	make(&m, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE);
	ASK(pthread_mutex_lock(&m));
	ASK(pthread_mutex_trylock(&m));
	join(start(try_it, &m));
	join(start(too_late, &m));
	ASK(pthread_mutex_destroy(&m));
	ASK(pthread_mutex_unlock(&m));
	join(start(try_and_release, &m));
	ASK(pthread_mutex_destroy(&m));

	make(&m, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE);
	ASK(pthread_mutex_lock(&m));
	ASK(pthread_mutex_lock(&m));
	join(start(try_it, &m));
	join(start(release, &m));
	ASK(pthread_mutex_unlock(&m));
	ASK(pthread_mutex_unlock(&m));
	join(start(try_and_release, &m));

	make_errorcheck(&m);
	ASK(pthread_mutex_unlock(&m));
	ASK(pthread_mutex_lock(&m));
	ASK(pthread_mutex_lock(&m));
	join(start(release, &m));
	ASK(pthread_mutex_unlock(&m));
}

/* ---- owners that end ---- */

static int has_it, go_on;

static void *lock_and_end(void *mutex)
{
	MUST(pthread_mutex_lock(mutex));
	raise_flag(&has_it);
	until_flag(&go_on, 1);
	return NULL;
}

static void *lock_late(void *mutex)
{
	int err = pthread_mutex_lock(mutex);

	return (void *)(long)err;
}

/* The next owner of a robust mutex learns that the last one ended with it, whether it has waited or not. */
static void ends(bool waits, bool repairs)
{
	pthread_mutex_t m;
	pthread_t owner, next;
	int err;

	has_it = go_on = 0;
	make_robust(&m, PTHREAD_PROCESS_PRIVATE);
	owner = start(lock_and_end, &m);
	until_flag(&has_it, 1);
	if (waits) {
		next = start(lock_late, &m);
		until_others_wait(1);
	}
	raise_flag(&go_on);
	join(owner);
	if (waits) {
		err = (int)(long)join(next); /* it ends with the mutex, too */
		say("who waited: %s\n", err ? strerrorname_np(err) : "0");
	}
	ASK(pthread_mutex_lock(&m));
	if (repairs)
		ASK(pthread_mutex_consistent(&m));
	ASK(pthread_mutex_unlock(&m));
	if (ASK(pthread_mutex_lock(&m)) == 0)
		ASK(pthread_mutex_unlock(&m));
}

static void killed_owner(void)
{
	struct shared {
		pthread_mutex_t mutex;
		int ready;
	} *s = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	make_robust(&s->mutex, PTHREAD_PROCESS_SHARED);
	pid = fork();
	if (pid == 0) {
		MUST(pthread_mutex_lock(&s->mutex));
		raise_flag(&s->ready);
		for (;;)
			pause();
	}
	until_flag(&s->ready, 1);
	ASK(pthread_mutex_trylock(&s->mutex));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ended("the owner", status);
	ASK(pthread_mutex_trylock(&s->mutex));
	ASK(pthread_mutex_consistent(&s->mutex));
	ASK(pthread_mutex_unlock(&s->mutex));
}

static void dead_owners(void)
{
	ends(false, true);
	ends(false, false);
	ends(true, true);
	killed_owner();
}

/* ---- order ---- */

static pthread_mutex_t ordered;
static int next_place, places[4];

static void *take_place(void *arg)
{
	struct sched_param param = { (int)(long)arg * 10 };

	MUST(pthread_setschedparam(pthread_self(), SCHED_FIFO, &param));
	raise_flag(&has_it);
	MUST(pthread_mutex_lock(&ordered));
	places[next_place++] = param.sched_priority;
	MUST(pthread_mutex_unlock(&ordered));
	return NULL;
}

/* Of those that wait the highest priority is the next owner. */
static void order(void)
{
	static const long by_arrival[] = { 2, 1, 4, 3 };
	pthread_t threads[4];

	has_it = 0;
	make(&ordered, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE);
	MUST(pthread_mutex_lock(&ordered));
	for (int i = 0; i < 4; i++) {
		threads[i] = start(take_place, (void *)by_arrival[i]);
		while (flag_now(&has_it) <=
		       i) /* as a real-time thread by now, so that to yield is not enough */
			nap(1);
		until_others_wait(i + 1);
	}
	MUST(pthread_mutex_unlock(&ordered));
	join_all(threads, 4);
	for (int i = 0; i < 4; i++)
		say("priority %d\n", places[i]);
}

/* ---- condition variables ---- */

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	int turn;
} ball;

static void *play(void *arg)
{
	int side = (int)(long)arg;

	MUST(pthread_mutex_lock(&ball.mutex));
	for (int i = 0; i < ROUNDS; i++) {
		while (ball.turn % 2 != side)
			MUST(pthread_cond_wait(&ball.cond, &ball.mutex));
		ball.turn++;
		MUST(pthread_cond_signal(&ball.cond));
	}
	MUST(pthread_mutex_unlock(&ball.mutex));
	return NULL;
}

static void *until_turn(void *arg)
{
	(void)arg;
	MUST(pthread_mutex_lock(&ball.mutex));
	raise_flag(&has_it);
	while (ball.turn == 0)
		MUST(pthread_cond_wait(&ball.cond, &ball.mutex));
	ball.turn++;
	MUST(pthread_mutex_unlock(&ball.mutex));
	return NULL;
}

/* A condition variable whose mutex inherits priorities wakes one, all, or nobody in time. */
static void conditions(void)
{
	pthread_t threads[RIVALS];
	struct timespec soon;

	make(&ball.mutex, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE);
	MUST(pthread_cond_init(&ball.cond, NULL));
	start_all(threads, 2, play);
	join_all(threads, 2);
	say("turns: %d\n", ball.turn);
	ball.turn = has_it = 0;
	start_all(threads, RIVALS, until_turn);
	until_flag(&has_it, RIVALS);
	MUST(pthread_mutex_lock(&ball.mutex)); /* so all wait for the condition */
	ball.turn = 1;
	MUST(pthread_cond_broadcast(&ball.cond));
	MUST(pthread_mutex_unlock(&ball.mutex));
	join_all(threads, RIVALS);
	say("turns: %d\n", ball.turn);
	MUST(pthread_mutex_lock(&ball.mutex));
	soon = later(CLOCK_REALTIME, 20 * MS);
	ASK(pthread_cond_timedwait(&ball.cond, &ball.mutex, &soon));
	ASK(pthread_mutex_unlock(&ball.mutex));
	ASK(pthread_cond_destroy(&ball.cond));
	ASK(pthread_mutex_destroy(&ball.mutex));
}

/* ---- inheritance ---- */

/* All on one processor, with the main thread above them. Who goes on does so in the order of what they run with. */
enum { LOW = 1, MIDDLE = 10, HIGH = 50, DIRECTOR = 60 };

static pthread_mutex_t first_lock, second_lock;
static int holding, may_spin, may_go_on, nevents;
static const char *events[8];
static struct timespec patience; /* of the high thread; 0: it waits for ever */

static void run_with(int priority)
{
	struct sched_param param = { priority };

	MUST(pthread_setschedparam(pthread_self(), SCHED_FIFO, &param));
}

static void note(const char *who)
{
	events[__atomic_fetch_add(&nevents, 1, __ATOMIC_SEQ_CST)] = who;
}

/* Once it may spin, the processor is this thread's unless another one goes before it. */
static void until_told(void)
{
	while (!flag_now(&may_go_on))
		if (!flag_now(&may_spin))
			nap(1);
}

static void *low(void *arg)
{
	(void)arg;
	run_with(LOW);
	MUST(pthread_mutex_lock(&first_lock));
	raise_flag(&holding);
	until_told();
	note("low holds it");
	MUST(pthread_mutex_unlock(&first_lock));
	note("low");
	return NULL;
}

/* Holds the second lock, and waits for the first one. */
static void *linking(void *arg)
{
	(void)arg;
	run_with(LOW + 1);
	MUST(pthread_mutex_lock(&second_lock));
	raise_flag(&holding);
	MUST(pthread_mutex_lock(&first_lock));
	note("link holds both");
	MUST(pthread_mutex_unlock(&first_lock));
	MUST(pthread_mutex_unlock(&second_lock));
	note("link");
	return NULL;
}

static void *high(void *mutex)
{
	struct timespec until;

	run_with(HIGH);
	if (patience.tv_nsec == 0) {
		MUST(pthread_mutex_lock(mutex));
		MUST(pthread_mutex_unlock(mutex));
	} else {
		until = later(CLOCK_REALTIME, patience.tv_nsec);
		ASK(pthread_mutex_timedlock(mutex, &until));
	}
	note("high");
	return NULL;
}

static void *middle(void *arg)
{
	(void)arg;
	run_with(MIDDLE);
	note("middle");
	return NULL;
}

/* With `chained`, the high thread waits for one that waits for the low one. If it has `waits` ms only, it gives up. */
static void inherit(bool chained, int waits)
{
	pthread_t threads[4];
	int n = 0;

	holding = may_go_on = nevents = 0;
	may_spin = waits ==
		   0; /* else the low one would run with the priority of the high one for ever */
	patience = (struct timespec){ .tv_nsec = waits * MS };
	make(&first_lock, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE);
	make(&second_lock, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE);
	threads[n++] = start(low, NULL);
	until_flag(&holding, 1);
	if (chained) {
		threads[n++] = start(linking, NULL);
		until_flag(&holding, 2);
		until_others_wait(1);
	}
	threads[n++] = start(high, chained ? &second_lock : &first_lock);
	if (waits) {
		MUST(pthread_join(threads[--n], NULL));
		raise_flag(&may_spin);
		nap(3); /* the low one comes to spin meanwhile */
	} else {
		until_others_wait(n - 1);
	}
	threads[n++] = start(middle, NULL);
	raise_flag(&may_go_on);
	join_all(threads, n);
	for (int i = 0; i < nevents; i++)
		say("%s\n", events[i]);
}

/* The owner runs with the priority of the highest that waits for it, and only as long as that one waits. */
static void inheritance(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	MUST(sched_setaffinity(0, sizeof(one), &one));
	run_with(DIRECTOR);
	inherit(false, 0);
	inherit(true, 0);
	inherit(false, 20);
}

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} cases[] = {
		{ "exclusion", exclusions },
		{ "processes", processes },
		{ "refusals", refusals },
		{ "dead owners", dead_owners },
		{ "order", order },
		{ "conditions", conditions },
		{ "inheritance", inheritance },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		say("-- %s\n", cases[i].name);
		cases[i].run();
	}
	return 0;
}
