/* SPDX-License-Identifier: MIT */
/* R150. What each thread has of its own: variables, keys with destructors, errno, stacks. */
#include "thread.h"

#include <limits.h>

#define THREADS 6

static __thread int initialized = 42;
static __thread long zeroed[200];
static __thread char aligned[64] __attribute__((aligned(64)));

static void *use_variables(void *arg)
{
	long n = (long)arg, bad = 0;

	bad += initialized != 42 || ((uintptr_t)aligned & 63) != 0;
	for (int i = 0; i < 200; i++)
		bad += zeroed[i] != 0;
	for (int round = 0; round < 20; round++) {
		initialized = (int)n;
		for (int i = 0; i < 200; i++)
			zeroed[i] = n * 1000 + i;
		errno = (int)n;
		sched_yield();
		bad += initialized != (int)n || errno != (int)n;
		for (int i = 0; i < 200; i++)
			bad += zeroed[i] != n * 1000 + i;
	}
	return (void *)bad;
}

static void variables(void)
{
	pthread_t threads[THREADS];

	initialized = 7;
	start_all(threads, THREADS, use_variables);
	say("%ld wrong\n", join_all(threads, THREADS));
	say("the first one's: %d\n", initialized);
}

/* ---- keys ---- */

static pthread_key_t key, other, again;
static int destroyed, rounds;

static void destroy(void *value)
{
	say("destroyed: %s\n", (char *)value);
	destroyed++;
}

/* Sets its own value again, as often as it is asked. */
static void destroy_again(void *value)
{
	rounds++;
	pthread_setspecific(again, value);
}

static void *return_with_keys(void *unused)
{
	ASK(pthread_setspecific(key, "by return"));
	return unused;
}

static void *exit_with_keys(void *unused)
{
	ASK(pthread_setspecific(key, "by pthread_exit"));
	say("its own: %s\n", (char *)pthread_getspecific(key));
	pthread_exit(unused);
}

static void *cancel_with_keys(void *unused)
{
	ASK(pthread_setspecific(key, "by cancellation"));
	pthread_cancel(pthread_self());
	pthread_testcancel();
	return unused;
}

static void *none_with_keys(void *unused)
{
	say("a new thread's: %d\n", pthread_getspecific(key) == NULL);
	pthread_setspecific(key, "never seen");
	pthread_setspecific(key, NULL);
	return unused;
}

static void *end_again(void *unused)
{
	pthread_setspecific(again, "again");
	return unused;
}

static void *end_with_deleted(void *unused)
{
	pthread_setspecific(other, "of a key that is deleted");
	MUST(pthread_key_delete(other));
	return unused;
}

static int end_by_exit(void *unused)
{
	(void)unused;
	pthread_setspecific(key, "by exit: never seen");
	exit(3);
}

static int end_main_by_pthread_exit(void *unused)
{
	(void)unused;
	pthread_setspecific(key, "of the first thread, by pthread_exit");
	pthread_exit(NULL);
}

static void keys(void)
{
	static pthread_key_t many[PTHREAD_KEYS_MAX];
	int n = 0;

	ASK(pthread_key_create(&key, destroy));
	pthread_setspecific(key, "of the first thread");
	join(start(return_with_keys, NULL));
	join(start(exit_with_keys, NULL));
	join(start(cancel_with_keys, NULL));
	join(start(none_with_keys, NULL));
	ASK(pthread_key_create(&again, destroy_again));
	join(start(end_again, NULL));
	say("%d rounds\n", rounds);
	ASK(pthread_key_create(&other, destroy));
	join(start(end_with_deleted, NULL));
	ASK(pthread_key_delete(other));
	say("still there: %s\n", (char *)pthread_getspecific(key));
	while (n < PTHREAD_KEYS_MAX && pthread_key_create(&many[n], NULL) == 0)
		n++;
	say("%d more keys, then %s\n", n, strerrorname_np(pthread_key_create(&other, NULL)));
	while (n > 0)
		pthread_key_delete(many[--n]);
	in_child("exit", end_by_exit, NULL);
	in_child("pthread_exit of the only thread", end_main_by_pthread_exit, NULL);
	say("%d destroyed here\n", destroyed);
}

/* ---- stacks ---- */

static void *use_stack(void *arg)
{
	volatile char here[40000];
	pthread_attr_t attr;
	size_t size, guard;
	long bad = 0;
	void *low;

	for (size_t i = 0; i < sizeof(here); i += 512)
		here[i] = (char)(long)arg;
	sched_yield();
	for (size_t i = 0; i < sizeof(here); i += 512)
		bad += here[i] != (char)(long)arg;
	MUST(pthread_getattr_np(pthread_self(), &attr));
	MUST(pthread_attr_getstack(&attr, &low, &size));
	MUST(pthread_attr_getguardsize(&attr, &guard));
	bad += (char *)here < (char *)low || (char *)here >= (char *)low + size;
	pthread_attr_destroy(&attr);
	return (void *)bad;
}

static void stacks(void)
{
	pthread_t threads[THREADS], thread;
	char *own = anon(64 * PAGE);
	pthread_attr_t attr;

	start_all(threads, THREADS, use_stack);
	say("%ld wrong\n", join_all(threads, THREADS));
	MUST(pthread_attr_init(&attr));
	ASK(pthread_attr_setstacksize(&attr, 1000));
	ASK(pthread_attr_setstack(&attr, own, 64 * PAGE));
	ASK(pthread_create(&thread, &attr, use_stack, (void *)5));
	say("on a stack of its own: %ld wrong\n", (long)join(thread));
	MUST(pthread_attr_destroy(&attr));
	MUST(pthread_attr_init(&attr));
	ASK(pthread_attr_setstacksize(&attr, 1ul << 40));
	ASK(pthread_create(&thread, &attr, use_stack, NULL));
	MUST(pthread_attr_destroy(&attr));
}

/* Below a stack is a guard, and its end kills the process. */
static int recurse(int depth)
{
	volatile char here[1024];

	here[0] = (char)depth;
	return depth < 0 ? 0 : recurse(depth + 1) + here[0];
}

static void *overflow(void *unused)
{
	return (void *)(long)(recurse(0) + !unused);
}

static int overflow_in_thread(void *unused)
{
	pthread_attr_t attr;
	pthread_t thread;

	(void)unused;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16 * PAGE);
	MUST(pthread_create(&thread, &attr, overflow, NULL));
	join(thread);
	return 0;
}

int main(void)
{
	variables();
	keys();
	stacks();
	in_child("a stack that overflows", overflow_in_thread, NULL);
	return 0;
}
