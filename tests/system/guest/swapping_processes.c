/* SPDX-License-Identifier: MIT */
/* Sub-commands of swapping.c with several processes: fork, shared, kill, robust, full. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "swapping.h"

#include "ecall.h"

#define MOST_CHILDREN 16
#define SHARED_ROUNDS 4

/* One of n processes that work on an array: it writes the pages whose number mod n is `which`. */
struct worker {
	uint64_t *array;
	size_t npages, n, which;
	uint64_t seed;
};

static unsigned long workers_at(char **argv, unsigned i)
{
	unsigned long n = number_at(argv, i);

	if (n == 0 || n > MOST_CHILDREN)
		stop("from 1 to %d processes", MOST_CHILDREN);
	return n;
}

static void run_workers(struct worker *first, void (*run)(void *arg))
{
	struct worker workers[MOST_CHILDREN];
	pid_t children[MOST_CHILDREN];

	for (size_t i = 0; i < first->n; i++) {
		workers[i] = *first;
		workers[i].which = i;
		children[i] = start_child(run, &workers[i]);
	}
	for (size_t i = 0; i < first->n; i++) {
		int end = end_of(children[i]);

		if (end)
			stop("child %zu ended with %d", i, end);
	}
}

static void write_own(const struct worker *worker, uint64_t seed)
{
	for (size_t page = worker->which; page < worker->npages; page += worker->n)
		fill(worker->array, page, seed);
}

static void check_all(const struct worker *worker, uint64_t own_seed)
{
	for (size_t page = 0; page < worker->npages; page++)
		check(worker->array, page,
		      page % worker->n == worker->which ? own_seed : worker->seed);
}

static void run_grandchild(void *arg)
{
	struct worker *worker = arg;

	check_all(worker, 1 + worker->which);
	write_own(worker, 100);
	check_all(worker, 100);
}

static void run_forked(void *arg)
{
	struct worker *worker = arg;
	pid_t child = -1;

	check_all(worker, worker->seed);
	write_own(worker, 1 + worker->which);
	if (worker->which == 0)
		child = start_child(run_grandchild, worker);
	check_all(worker, 1 + worker->which);
	if (child > 0 && end_of(child) != 0)
		stop("the grandchild has failed");
	if (child > 0)
		check_all(worker, 1 + worker->which);
}

/* fork MIB N: N children get the array by fork. Each writes a part, and sees no other's writes. */
void do_fork(char **argv)
{
	struct worker all = { .npages = pages_at(argv, 1), .n = workers_at(argv, 2) };

	all.array = map(all.npages, 0);
	fill_range(all.array, 0, all.npages, all.seed);
	run_workers(&all, run_forked);
	check_range(all.array, 0, all.npages, all.seed);
	fill_range(all.array, 0, all.npages, 200);
	check_range(all.array, 0, all.npages, 200);
}

static void run_sharing(void *arg)
{
	struct worker *worker = arg;

	for (size_t page = worker->which; page < worker->npages; page += worker->n)
		check(worker->array, page, worker->seed);
	write_own(worker, worker->seed + 1);
}

/* shared SIZE N: N processes share the array. Each rewrites a part, which the next ones must see. */
void do_shared(char **argv)
{
	struct worker all = { .npages = pages_at(argv, 1), .n = workers_at(argv, 2) };

	all.array = map(all.npages, MAP_SHARED);
	fill_range(all.array, 0, all.npages, 0);
	for (; all.seed < SHARED_ROUNDS; all.seed++)
		run_workers(&all, run_sharing);
	check_range(all.array, 0, all.npages, SHARED_ROUNDS);
}

static void run_victim(void *arg)
{
	const struct worker *worker = arg;
	size_t npages = worker->npages;
	uint64_t *array = map(npages, 0);

	fill_range(array, 0, npages, worker->seed);
	for (uint64_t round = worker->seed;; round++) {
		for (size_t page = 0; page < npages; page++) {
			check(array, page, round);
			fill(array, page, round + 1);
		}
	}
}

static void sleep_at_random(void)
{
	const struct timespec time = { .tv_nsec = (long)(chance() % 400000000) };

	nanosleep(&time, NULL);
}

static void use_once(size_t npages)
{
	static uint64_t seed = 1ul << 32;
	uint64_t *array = map(npages, 0);

	fill_range(array, 0, npages, ++seed);
	check_range(array, 0, npages, seed);
	if (munmap(array, npages * PAGE) != 0)
		stop_call("munmap");
}

/*
 * kill MIB TIMES: a child that uses so much is killed at a random moment, so many times. After each
 * tenth one, or fewer, its parent uses as much.
 */
void do_kill(char **argv)
{
	struct worker victim = { .npages = pages_at(argv, 1) };
	unsigned long times = number_at(argv, 2);

	for (unsigned long i = 1; i <= times; i++) {
		pid_t child;
		int end;

		victim.seed = i * 1000000; /* what an earlier one has left would be wrong */
		child = start_child(run_victim, &victim);
		sleep_at_random();
		kill(child, SIGKILL);
		end = end_of(child);
		if (end != 128 + SIGKILL)
			stop("the child ended with %d", end);
		if (i % 10 == 0 || i == times)
			use_once(victim.npages);
	}
}

static void run_owner(void *arg)
{
	static __thread char in_tls;
	char *page = (char *)((uintptr_t)&in_tls & ~(PAGE - 1));
	pthread_mutex_t *mutex = arg;

	if (pthread_mutex_lock(mutex))
		stop_call("pthread_mutex_lock");
	/* No library any more, which would touch these pages. */
	(void)call6(SYS_madvise, (long)(page - PAGE), 3 * PAGE, MADV_PAGEOUT, 0, 0, 0);
	for (;;)
		(void)call6(SYS_ppoll, 0, 0, 0, 0, 0, 0);
}

static pthread_mutex_t *robust_mutex(void)
{
	pthread_mutex_t *mutex = (void *)map(1, MAP_SHARED);
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	if (pthread_mutex_init(mutex, &attr))
		stop_call("pthread_mutex_init");
	return mutex;
}

static void kill_owner(size_t npages)
{
	pthread_mutex_t *mutex = robust_mutex();
	pid_t owner = start_child(run_owner, mutex);
	struct timespec late;
	int error;

	while (pthread_mutex_trylock(mutex) == 0) {
		pthread_mutex_unlock(mutex);
		usleep(1000);
	}
	press(npages); /* a slow disk is busy then */
	kill(owner, SIGKILL);
	clock_gettime(CLOCK_REALTIME, &late);
	late.tv_sec += 60;
	error = pthread_mutex_timedlock(mutex, &late);
	if (error != EOWNERDEAD)
		stop("the mutex of the dead: %s", strerror(error));
	if (end_of(owner) != 128 + SIGKILL)
		stop("the owner was not killed");
}

/*
 * robust MIB: a child that owns a robust mutex is killed while the list of its robust mutexes is out.
 * The mutex is released all the same.
 */
void do_robust(char **argv)
{
	struct rusage owners = { 0 };

	(void)swapon("/dev/vda", 0); /* it may be on already */
	/* Where the host is slow, the list may be used once more, or its write may not have ended. */
	for (int i = 0; i < 5 && owners.ru_majflt == 0; i++) {
		kill_owner(pages_at(argv, 1));
		if (getrusage(RUSAGE_CHILDREN, &owners))
			stop_call("getrusage");
	}
}

static void run_greedy(void *arg)
{
	size_t npages = *(size_t *)arg;
	uint64_t *array = map(npages, MAP_NORESERVE);

	for (size_t page = 0; page < npages; page++)
		array[page * WORDS] = page;
}

/*
 * full MIB ROOM: a child asks for MIB, more than memory and swap are, until it is killed; twice.
 * Its parent has kept its own, and ROOM MiB are there again.
 */
void do_full(char **argv)
{
	const size_t own = 8 * MIB / PAGE;
	size_t npages = pages_at(argv, 1), room = pages_at(argv, 2);
	uint64_t *array = map(own, 0);

	fill_range(array, 0, own, 0);
	for (int i = 0; i < 2; i++) {
		int end = end_of(start_child(run_greedy, &npages));

		if (end == 0)
			stop("there was room for all of it");
		printf("full: the child ended with %d\n", end);
		check_range(array, 0, own, 0);
		use_once(room);
	}
}
