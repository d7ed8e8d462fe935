/* SPDX-License-Identifier: MIT */
/* A process makes threads until it may have no more, ends them, and makes as many again (R150, R171). */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define TRIED 1200

static pthread_t threads[TRIED];
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

static void *wait_for_lock(void *unused)
{
	pthread_mutex_lock(&held);
	pthread_mutex_unlock(&held);
	return unused;
}

static void make_all(void)
{
	pthread_attr_t attributes;
	int made = 0, err = 0;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 16384);
	pthread_mutex_lock(&held);
	while (made < TRIED && err == 0) {
		err = pthread_create(&threads[made], &attributes, wait_for_lock, NULL);
		made += err == 0;
	}
	pthread_mutex_unlock(&held);
	printf("%d threads, then %s\n", made, strerrorname_np(err));
	while (made-- > 0)
		pthread_join(threads[made], NULL);
}

int main(void)
{
	make_all();
	make_all();
	return 0;
}
