/* SPDX-License-Identifier: MIT */
/* Threads run where sched_setaffinity() lets them, however many harts there are, and what they create does so, too. */
#include "thread.h"

#include <sched.h>

#define ROUNDS 20

static int harts; /* that there are */

static int where(void)
{
	unsigned cpu;

	MUST((int)syscall(SYS_getcpu, &cpu, NULL, NULL));
	return (int)cpu;
}

static void pin(pid_t tid, int hart)
{
	unsigned long mask = 1ul << hart;

	MUST((int)syscall(SYS_sched_setaffinity, tid, sizeof(mask), &mask));
}

static unsigned long mask_of(pid_t tid)
{
	unsigned long mask = 0;

	must_be("bytes of a mask", (int)syscall(SYS_sched_getaffinity, tid, sizeof(mask), &mask),
		8);
	return mask;
}

/* Its caller is on the new hart when the call returns. */
static void *go_round(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		int hart = (int)((long)arg + i) % harts;

		pin(0, hart);
		must_be("the hart of the caller", where(), hart);
		sched_yield();
		must_be("the hart after a yield", where(), hart);
		must_be("the mask", (int)mask_of(0), 1 << hart);
	}
	return arg;
}

static int tid_of_other, hart_of_other, stop;

/* Runs all the time; tells where. */
static void *spin(void *unused)
{
	__atomic_store_n(&tid_of_other, (int)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST))
		__atomic_store_n(&hart_of_other, where(), __ATOMIC_SEQ_CST);
	return unused;
}

/* A thread that runs, or is ready, leaves when another one says so. */
static void move_one_that_runs(void)
{
	pthread_t thread = start(spin, NULL);
	int tid;

	while (!(tid = __atomic_load_n(&tid_of_other, __ATOMIC_SEQ_CST)))
		sched_yield();
	for (int i = 0; i < ROUNDS; i++) {
		pin(tid, i % harts);
		while (__atomic_load_n(&hart_of_other, __ATOMIC_SEQ_CST) != i % harts)
			sched_yield();
	}
	raise_flag(&stop);
	join(thread);
}

static int pipes[2][2];

/* Sleeps until it gets a byte; answers where it runs. */
static void *answer(void *unused)
{
	char byte;

	__atomic_store_n(&tid_of_other, (int)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	while (read(pipes[0][0], &byte, 1) == 1) {
		byte = (char)where();
		must_be("write", (int)write(pipes[1][1], &byte, 1), 1);
	}
	return unused;
}

static void move_one_that_sleeps(void)
{
	pthread_t thread;
	char byte = 0;
	int tid;

	tid_of_other = 0;
	MUST(pipe(pipes[0]));
	MUST(pipe(pipes[1]));
	thread = start(answer, NULL);
	while (!(tid = __atomic_load_n(&tid_of_other, __ATOMIC_SEQ_CST)))
		sched_yield();
	for (int i = 0; i < ROUNDS; i++) {
		pin(tid, i % harts);
		must_be("write", (int)write(pipes[0][1], &byte, 1), 1);
		must_be("read", (int)read(pipes[1][0], &byte, 1), 1);
		must_be("the hart of one that slept", byte, i % harts);
	}
	MUST(close(pipes[0][1]));
	join(thread);
}

static int see_inherited(void)
{
	return mask_of(0) == 1ul << (harts - 1) && where() == harts - 1 ? 0 : 1;
}

static void *inherit(void *unused)
{
	must_be("what a thread inherits", see_inherited(), 0);
	return unused;
}

static void children_inherit(void)
{
	unsigned long all = mask_of(0);
	int status;
	pid_t pid;

	pin(0, harts - 1);
	join(start(inherit, NULL));
	pid = fork();
	if (pid == 0)
		_exit(see_inherited());
	must_be("waitpid", waitpid(pid, &status, 0) == pid, 1);
	must_be("what a child inherits", status, 0);
	MUST((int)syscall(SYS_sched_setaffinity, 0, sizeof(all), &all));
	say("children inherit the mask\n");
}

int main(void)
{
	pthread_t threads[8];
	unsigned long none = 0, more = ~0ul;

	harts = (int)sysconf(_SC_NPROCESSORS_ONLN);
	must_be("all harts", (int)(mask_of(0) == ~0ul >> (64 - harts)), 1);
	TRY(syscall(SYS_sched_setaffinity, 0, sizeof(none), &none));
	TRY(syscall(SYS_sched_setaffinity, 0, sizeof(more), &more));
	start_all(threads, 8, go_round);
	join_all(threads, 8);
	say("each thread ran where it asked to run\n");
	move_one_that_runs();
	move_one_that_sleeps();
	say("others went where they were sent\n");
	children_inherit();
	return 0;
}
