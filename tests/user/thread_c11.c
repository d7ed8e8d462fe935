/* SPDX-License-Identifier: MIT */
/* R150. The threads of C11: thrd_*, mtx_*, cnd_*, tss_*, call_once. */
#include "thread.h"

#include <stdatomic.h>
#include <threads.h>

#define THREADS 4

static const char *name_of(int r)
{
	return r == thrd_success    ? "success"
	       : r == thrd_busy	    ? "busy"
	       : r == thrd_timedout ? "timedout"
	       : r == thrd_nomem    ? "nomem"
				    : "error";
}
#define DO(call) say("%.*s: %s\n", (int)strcspn(#call, "("), #call, name_of(call))

static mtx_t mutex, recursive, timed;
static cnd_t cond;
static tss_t key;
static once_flag once = ONCE_FLAG_INIT;
static atomic_int begun, destroyed;
static thread_local int own = 3;
static int turns, tickets, waiting;

static void do_once(void)
{
	atomic_fetch_add(&begun, 1);
}

static int take_turns(void *arg)
{
	call_once(&once, do_once);
	own += (int)(long)arg;
	for (int i = 0; i < 300; i++) {
		mtx_lock(&mutex);
		turns++;
		mtx_unlock(&mutex);
		if (i % 32 == 0)
			thrd_yield();
	}
	return own;
}

static int try_mutex(void *m)
{
	struct timespec soon = later(CLOCK_REALTIME, 2 * MS);

	DO(mtx_trylock(m));
	if (m == &timed)
		DO(mtx_timedlock(m, &soon));
	return 0;
}

static int wait_for_ticket(void *unused)
{
	(void)unused;
	mtx_lock(&mutex);
	waiting++;
	while (tickets == 0)
		cnd_wait(&cond, &mutex);
	tickets--;
	mtx_unlock(&mutex);
	thrd_exit(1);
}

static void destroy(void *value)
{
	atomic_fetch_add(&destroyed, (int)(long)value);
}

static int set_key(void *arg)
{
	int old = tss_get(key) == NULL;

	DO(tss_set(key, arg));
	return old;
}

static int run(thrd_start_t f, void *arg)
{
	thrd_t thread;
	int r = -1;

	must_be("thrd_create", thrd_create(&thread, f, arg), thrd_success);
	must_be("thrd_join", thrd_join(thread, &r), thrd_success);
	return r;
}

/* Once it is detached (1). */
static int sleep_and_go(void *step)
{
	struct timespec t = { 0, MS };

	while (!atomic_load((atomic_int *)step))
		thrd_yield();
	say("thrd_sleep: %d\n", thrd_sleep(&t, NULL));
	atomic_store((atomic_int *)step, 2);
	return 0;
}

int main(void)
{
	static atomic_int step;
	struct timespec soon;
	thrd_t threads[THREADS];
	int sum = 0, r;

	DO(mtx_init(&mutex, mtx_plain));
	DO(mtx_init(&recursive, mtx_plain | mtx_recursive));
	DO(mtx_init(&timed, mtx_timed));
	DO(cnd_init(&cond));
	for (int i = 0; i < THREADS; i++)
		DO(thrd_create(&threads[i], take_turns, (void *)(long)i));
	for (int i = 0; i < THREADS; i++) {
		DO(thrd_join(threads[i], &r));
		sum += r;
	}
	say("sum %d, turns %d, once %d, own %d\n", sum, turns, begun, own);
	DO(mtx_lock(&recursive));
	DO(mtx_lock(&recursive));
	DO(mtx_trylock(&recursive));
	run(try_mutex, &recursive);
	DO(mtx_unlock(&recursive));
	DO(mtx_unlock(&recursive));
	DO(mtx_unlock(&recursive));
	DO(mtx_lock(&timed));
	run(try_mutex, &timed);
	DO(mtx_unlock(&timed));
	for (int i = 0; i < THREADS; i++)
		thrd_create(&threads[i], wait_for_ticket, NULL);
	for (r = 0; r < THREADS;) {
		mtx_lock(&mutex);
		r = waiting;
		mtx_unlock(&mutex);
		thrd_yield();
	}
	mtx_lock(&mutex);
	soon = later(CLOCK_REALTIME, 2 * MS);
	DO(cnd_timedwait(&cond, &mutex, &soon));
	tickets = 1;
	DO(cnd_signal(&cond));
	mtx_unlock(&mutex);
	mtx_lock(&mutex);
	tickets += THREADS - 1;
	DO(cnd_broadcast(&cond));
	mtx_unlock(&mutex);
	sum = 0;
	for (int i = 0; i < THREADS; i++) {
		thrd_join(threads[i], &r);
		sum += r;
	}
	say("%d woken, %d tickets\n", sum, tickets);
	DO(tss_create(&key, destroy));
	for (long i = 1; i <= 3; i++)
		say("none before: %d\n", run(set_key, (void *)i));
	say("destroyed %d\n", destroyed);
	say("equal %d %d\n", thrd_equal(thrd_current(), thrd_current()) != 0,
	    thrd_equal(thrd_current(), threads[0]) != 0);
	thrd_create(&threads[0], sleep_and_go, &step);
	DO(thrd_detach(threads[0]));
	atomic_store(&step, 1);
	while (atomic_load(&step) != 2)
		thrd_yield();
	tss_delete(key);
	cnd_destroy(&cond);
	mtx_destroy(&mutex);
	return 0;
}
