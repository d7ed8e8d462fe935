/* SPDX-License-Identifier: MIT */
/* Futexes between processes: what they refuse, whom they wake, when they give up, and whose memory they are in. */
#include "thread.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdbool.h>

#define MS	 1000000l
#define SLEEPERS 5

static uint32_t *words; /* shared by all */

static long futex(uint32_t *word, int op, uint32_t value, const void *time, uint32_t *second,
		  uint32_t value3)
{
	return syscall(SYS_futex, word, op, value, time, second, value3);
}

#define WAIT(word, value, time)	 futex(word, FUTEX_WAIT, value, time, NULL, 0)
#define WAKE(word, n)		 futex(word, FUTEX_WAKE, n, NULL, NULL, 0)
#define COUNT(n)		 ((void *)(long)(n))
#define OP(op, arg, cmp, cmparg) FUTEX_OP(op, arg, cmp, cmparg)

/* Memory that may only be read is EFAULT if it is private and anonymous; FUTEX_WAKE_OP changes its word before it compares. */
static void refusals(void)
{
	uint32_t *hole = (uint32_t *)before_hole(1) + PAGE / 4;
	uint32_t *kernel = (uint32_t *)0xffffffc000000000;
	uint32_t *odd = (uint32_t *)((char *)words + 2);
	uint32_t *locked = (uint32_t *)anon(PAGE), *of_file;
	struct timespec bad = { 0, 1000000000 }, negative = { -1, 0 };

	locked[0] = 0;
	mprotect(locked, PAGE, PROT_READ);
	make_file("word.tmp", PAGE);
	of_file = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, open("word.tmp", O_RDONLY), 0);
	TRY(WAIT(words, 1, NULL));
	TRY(WAIT(odd, 0, NULL));
	TRY(WAIT(hole, 0, NULL));
	TRY(WAIT(kernel, 0, NULL));
	TRY(WAIT(words, 0, &bad));
	TRY(WAIT(words, 0, &negative));
	TRY(WAIT(words, 0, (void *)8));
	TRY(WAIT(words, 1, (void *)8));
	TRY(WAIT(locked, 1, NULL));
	TRY(WAIT(of_file, 1, NULL));
	TRY(futex(hole, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
	TRY(futex(words, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0));
	TRY(futex(odd, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0));
	TRY(futex(words, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
	TRY(WAKE(words, 1));
	TRY(WAKE(odd, 1));
	TRY(WAKE(hole, 1));
	TRY(WAKE(locked, 1));
	TRY(WAKE(of_file, 1));
	TRY(futex(hole, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	TRY(futex(kernel, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	TRY(futex(words, FUTEX_REQUEUE, 1, COUNT(-1), words + 1, 0));
	TRY(futex(words, FUTEX_REQUEUE, -1, COUNT(1), words + 1, 0));
	TRY(futex(words, FUTEX_REQUEUE, 1, COUNT(1), hole, 0));
	TRY(futex(words, FUTEX_REQUEUE, 1, COUNT(1), odd, 0));
	TRY(futex(words, FUTEX_CMP_REQUEUE, 1, COUNT(1), words + 1, 1));
	TRY(futex(words, FUTEX_CMP_REQUEUE, 1, COUNT(1), words + 1, 0));
	TRY(futex(words, FUTEX_WAKE_OP, 1, COUNT(1), words + 1, OP(9, 1, FUTEX_OP_CMP_EQ, 0)));
	TRY(futex(words, FUTEX_WAKE_OP, 1, COUNT(1), words + 1, OP(FUTEX_OP_ADD, 5, 9, 0)));
	say("done all the same: %u\n", words[1]);
	words[1] = 0;
	TRY(futex(words, FUTEX_WAKE_OP, 1, COUNT(1), hole,
		  OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0)));
	TRY(futex(words, FUTEX_WAKE_OP, 1, COUNT(1), locked,
		  OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0)));
	TRY(futex(words, 77, 0, NULL, NULL, 0));
	TRY(futex(words, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0));
	TRY(futex(odd, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0));
}

/* A child that sleeps on the word, and exits with whatever comes of it. */
static pid_t sleeper(uint32_t *word, uint32_t bits, const struct timespec *until)
{
	pid_t pid = fork();

	if (pid == 0) {
		long r = futex(word, FUTEX_WAIT_BITSET, *word, until, NULL, bits);

		_exit(r == 0 ? 0 : errno);
	}
	return pid;
}

/* All n sleep once they could all be moved; then they are counted exactly. */
static void gather(uint32_t *from, uint32_t *to, long n)
{
	while (n > 0)
		n -= futex(from, FUTEX_CMP_REQUEUE, 0, COUNT(INT_MAX), to, *from);
}

static void reap(unsigned n)
{
	int status, woken = 0;

	for (unsigned i = 0; i < n; i++)
		if (wait(&status) > 0)
			woken += status == 0;
	say("woken: %d\n", woken);
}

/* A wake takes as many as it asks for, and one at least. */
static void counts(void)
{
	for (int i = 0; i < SLEEPERS; i++)
		sleeper(words, ~0u, NULL);
	gather(words, words + 1, SLEEPERS);
	TRY(WAKE(words, INT_MAX));
	TRY(WAKE(words + 1, 2));
	TRY(WAKE(words + 1, 0));
	TRY(WAKE(words + 1, -1));
	TRY(WAKE(words + 1, INT_MAX));
	TRY(WAKE(words + 1, INT_MAX));
	reap(SLEEPERS);
}

/* FUTEX_WAKE_BITSET wakes those that have one of its bits. */
static void bits(void)
{
	for (int i = 0; i < SLEEPERS; i++)
		sleeper(words, 1u << i, NULL);
	gather(words, words + 1, SLEEPERS);
	TRY(futex(words + 1, FUTEX_WAKE_BITSET, INT_MAX, NULL, NULL, 1u << 20));
	TRY(futex(words + 1, FUTEX_WAKE_BITSET, INT_MAX, NULL, NULL, 1u << 2));
	TRY(futex(words + 1, FUTEX_WAKE_BITSET, 1, NULL, NULL, 3));
	TRY(WAKE(words + 1, INT_MAX));
	reap(SLEEPERS);
}

/* FUTEX_REQUEUE wakes some and moves others; FUTEX_CMP_REQUEUE does that only if the word has the value. */
static void moves(void)
{
	for (int i = 0; i < SLEEPERS; i++)
		sleeper(words, ~0u, NULL);
	gather(words, words + 1, SLEEPERS);
	TRY(futex(words + 1, FUTEX_REQUEUE, 1, COUNT(2), words + 2, 0));
	TRY(WAKE(words + 2, INT_MAX));
	TRY(futex(words + 1, FUTEX_CMP_REQUEUE, 0, COUNT(INT_MAX), words + 1, 0)); /* to itself */
	TRY(futex(words + 1, FUTEX_CMP_REQUEUE, 0, COUNT(INT_MAX), words + 2, 1));
	TRY(futex(words + 1, FUTEX_CMP_REQUEUE, 1, COUNT(0), words + 2, 0));
	TRY(WAKE(words + 1, INT_MAX));
	reap(SLEEPERS);
}

/* FUTEX_WAKE_OP changes the second word, and wakes its sleepers if the value before meets the condition. */
static void operations(void)
{
	static const struct {
		const char *name;
		uint32_t old, op;
	} ops[] = {
		{ "set", 7, OP(FUTEX_OP_SET, 0xfff, FUTEX_OP_CMP_EQ, 7) },
		{ "add", 7, OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_NE, 7) },
		{ "or", 6, OP(FUTEX_OP_OR, 9, FUTEX_OP_CMP_LT, 7) },
		{ "andn", 15, OP(FUTEX_OP_ANDN, 5, FUTEX_OP_CMP_LE, 7) },
		{ "xor", 15, OP(FUTEX_OP_XOR, 5, FUTEX_OP_CMP_GT, 0xfff) },
		{ "shift", 0, OP((FUTEX_OP_OR | 8), 31, FUTEX_OP_CMP_GE, 0) },
	};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		words[1] = 0;
		sleeper(words, ~0u, NULL);
		sleeper(words, ~0u, NULL);
		gather(words, words + 2, 2);
		words[3] = 0;
		sleeper(words + 3, ~0u, NULL);
		gather(words + 3, words + 1, 1);
		words[1] = ops[i].old;
		say("%s: ", ops[i].name);
		TRY(futex(words + 2, FUTEX_WAKE_OP, 1, COUNT(1), words + 1, ops[i].op));
		say("now %#x\n", words[1]);
		say("left: %ld, %ld\n", WAKE(words + 2, INT_MAX), WAKE(words + 1, INT_MAX));
		reap(3);
	}
	words[1] = 0;
}

/* FUTEX_WAIT has a relative time, and FUTEX_WAIT_BITSET an absolute one. */
static void times(void)
{
	struct timespec t = { 0, 5 * MS }, none = { 0, 0 }, end = later(CLOCK_MONOTONIC, 5 * MS);

	TRY(WAIT(words, 0, &t));
	say("early: %d\n", !has_come(CLOCK_MONOTONIC, end));
	TRY(WAIT(words, 0, &none));
	t = later(CLOCK_MONOTONIC, 5 * MS);
	TRY(futex(words, FUTEX_WAIT_BITSET, 0, &t, NULL, ~0u));
	say("early: %d\n", !has_come(CLOCK_MONOTONIC, t));
	TRY(futex(words, FUTEX_WAIT_BITSET, 0, &none, NULL, ~0u));
	t = later(CLOCK_REALTIME, 5 * MS);
	TRY(futex(words, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &t, NULL, ~0u));
	say("early: %d\n", !has_come(CLOCK_REALTIME, t));
	TRY(futex(words, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &none, NULL, ~0u));
	t = (struct timespec){ 0, 5 * MS };
	TRY(futex(words, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 0, &t, NULL, 0));
	TRY(futex(words, FUTEX_WAIT_PRIVATE, 0, &t, NULL, 0));
}

static void nothing(int sig)
{
	(void)sig;
}

/* Sleeps, and says what came of it; *word is set first, so that a restart finds another value. */
static void interrupted(const char *what, int flags, bool timed)
{
	struct sigaction action = { .sa_handler = nothing, .sa_flags = flags };
	struct timespec hour = { 3600, 0 };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		sigaction(SIGUSR1, &action, NULL);
		say("%s: ", what);
		TRY(futex(words, FUTEX_WAIT, 0, timed ? &hour : NULL, NULL, 0));
		_exit(0);
	}
	gather(words, words, 1);
	words[0] = 1;
	kill(pid, SIGUSR1);
	waitpid(pid, &status, 0);
	words[0] = 0;
}

static void stopped(bool timed)
{
	struct timespec hour = { 3600, 0 };
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(WAIT(words, 0, timed ? &hour : NULL) == 0 ? 0 : errno);
	gather(words, words, 1);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	gather(words, words + 1, 1);
	TRY(WAKE(words + 1, 1));
	waitpid(pid, &status, 0);
	ended(timed ? "stopped, with a timeout" : "stopped", status);
}

/* Without a time a wait goes on after SA_RESTART, and with one it ends with EINTR. */
static void signals(void)
{
	interrupted("a handler", 0, false);
	interrupted("SA_RESTART", SA_RESTART, false);
	interrupted("a handler, with a timeout", 0, true);
	interrupted("SA_RESTART, with a timeout", SA_RESTART, true);
	stopped(false);
	stopped(true);
}

/* One memory at two addresses, of an object and of a file; and memory that is not shared. */
static void memory(void)
{
	uint32_t *own = (uint32_t *)anon(PAGE);
	struct timespec soon = { 0, 50 * MS };
	int fd = memfd_create("words", 0), status;
	uint32_t *a, *b;
	pid_t pid;

	TRY(ftruncate(fd, PAGE));
	a = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	b = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	sleeper(a + 9, ~0u, NULL);
	gather(b + 9, a + 10, 1);
	TRY(WAKE(a + 9, 1));
	TRY(munmap(a, PAGE));
	TRY(WAKE(b + 10, 1));
	reap(1);
	pid = fork();
	if (pid == 0) {
		TRY(WAIT(own, 0, &soon));
		_exit(0);
	}
	say("of another's copy: %ld\n", WAKE(own, INT_MAX));
	waitpid(pid, &status, 0);
	pid = fork();
	if (pid == 0) {
		TRY(futex(words, FUTEX_WAIT_PRIVATE, 0, &soon, NULL, 0));
		_exit(0);
	}
	say("private: %ld\n", futex(words, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
	waitpid(pid, &status, 0);
}

/* ---- what C libraries build on them ---- */

struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	sem_t there, back;
	int turn;
};

static void library(void)
{
	struct shared *s = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attr;
	pthread_condattr_t cond;
	int status;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_condattr_init(&cond);
	pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&s->mutex, &attr);
	pthread_cond_init(&s->cond, &cond);
	sem_init(&s->there, 1, 0);
	sem_init(&s->back, 1, 0);
	if (fork() == 0) {
		for (int i = 0; i < 100; i++) {
			sem_wait(&s->there);
			sem_post(&s->back);
		}
		pthread_mutex_lock(&s->mutex);
		while (s->turn < 200) {
			while (s->turn % 2 == 0)
				pthread_cond_wait(&s->cond, &s->mutex);
			s->turn++;
			pthread_cond_signal(&s->cond);
		}
		pthread_mutex_unlock(&s->mutex);
		_exit(0);
	}
	for (int i = 0; i < 100; i++) {
		sem_post(&s->there);
		sem_wait(&s->back);
	}
	pthread_mutex_lock(&s->mutex);
	while (s->turn < 200) {
		while (s->turn % 2 == 1)
			pthread_cond_wait(&s->cond, &s->mutex);
		s->turn++;
		pthread_cond_signal(&s->cond);
	}
	pthread_mutex_unlock(&s->mutex);
	wait(&status);
	ended("the other", status);
}

/*
 * A kernel has futexes with priority inheritance, or none of their operations. Without them the C
 * library has no such mutexes, and says so.
 */
static void inheritance(void)
{
	static const int ops[] = { FUTEX_LOCK_PI,	  FUTEX_UNLOCK_PI,	FUTEX_TRYLOCK_PI,
				   FUTEX_WAIT_REQUEUE_PI, FUTEX_CMP_REQUEUE_PI, FUTEX_LOCK_PI2 };
	struct timespec past = { 0, 0 };
	uint32_t word[2] = { 0, 0 };
	pthread_mutexattr_t attr;
	pthread_mutex_t mutex;
	size_t missing = 0;
	int err;

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		missing += futex(word, ops[i], 1, &past, word + 1, 0) == -1 && errno == ENOSYS;
	say("all or none: %d\n", missing == 0 || missing == sizeof(ops) / sizeof(ops[0]));
	pthread_mutexattr_init(&attr);
	say("attribute: %d\n", pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT));
	err = pthread_mutex_init(&mutex, &attr);
	say("mutex as the kernel has it: %d\n", err == (missing ? ENOTSUP : 0));
	if (!err) {
		err = pthread_mutex_lock(&mutex) ?: pthread_mutex_unlock(&mutex);
		pthread_mutex_destroy(&mutex);
	} else {
		err = 0;
	}
	say("used: %d\n", err);
}

#define RIVALS 4
#define ROUNDS 1500

/* R151: a lock that is contended loses nobody, and lets one in at a time. */
static void rivals(void)
{
	struct shared *s = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attr;
	int status, ok = 0;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&s->mutex, &attr);
	for (int i = 0; i < RIVALS; i++) {
		if (fork() != 0)
			continue;
		for (int n = 0; n < ROUNDS; n++) {
			int turn;

			pthread_mutex_lock(&s->mutex);
			turn = *(volatile int *)&s->turn;
			if (n % 64 == 0)
				sched_yield();
			*(volatile int *)&s->turn = turn + 1;
			pthread_mutex_unlock(&s->mutex);
		}
		_exit(0);
	}
	for (int i = 0; i < RIVALS; i++)
		ok += wait(&status) > 0 && status == 0;
	say("%d rivals, %d turns\n", ok, s->turn);
}

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} cases[] = {
		{ "refusals", refusals }, { "counts", counts },		  { "bits", bits },
		{ "moves", moves },	  { "operations", operations },	  { "times", times },
		{ "signals", signals },	  { "memory", memory },		  { "library", library },
		{ "rivals", rivals },	  { "inheritance", inheritance },
	};

	words = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		say("-- %s\n", cases[i].name);
		cases[i].run();
	}
	return 0;
}
