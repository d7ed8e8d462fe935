/* SPDX-License-Identifier: MIT */
/* futex_waitv: waits for one of several words, what it refuses, which of them it returns, and how it ends. */
#include "thread.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdbool.h>

#define MOST 128
#define U32  2u /* the size of a word */

static uint32_t *words; /* MOST of them, shared by all */

static long futex(uint32_t *word, int op, uint32_t value, void *time, uint32_t *second,
		  uint32_t value3)
{
	return syscall(SYS_futex, word, op, value, time, second, value3);
}

#define WAKE(word, n) futex(word, FUTEX_WAKE, n, NULL, NULL, 0)
#define COUNT(n)      ((void *)(long)(n))

static long futex_waitv(const struct futex_waitv *list, unsigned n, unsigned flags,
			const struct timespec *until, int clock)
{
	return syscall(SYS_futex_waitv, list, n, flags, until, clock);
}

static struct futex_waitv entry(uint32_t *word, uint64_t value, unsigned flags)
{
	return (struct futex_waitv){ .val = value, .uaddr = (uintptr_t)word, .flags = flags };
}

/* The first n words with the values that they have. */
static void list_words(struct futex_waitv *list, unsigned n, unsigned flags)
{
	for (unsigned i = 0; i < n; i++)
		list[i] = entry(&words[i], words[i], U32 | flags);
}

/* Returns when n sleepers of the word could all be moved: to the word itself. */
static void gather(uint32_t *word, long n)
{
	while (futex(word, FUTEX_CMP_REQUEUE, 0, COUNT(INT_MAX), word, *word) < n)
		nap(1);
}

/* ---- refusals ---- */

static void one(const char *what, struct futex_waitv e)
{
	say("%s: ", what);
	TRY(futex_waitv(&e, 1, 0, NULL, CLOCK_MONOTONIC));
}

static void two(const char *what, struct futex_waitv first, struct futex_waitv second)
{
	struct futex_waitv list[] = { first, second };

	say("%s: ", what);
	TRY(futex_waitv(list, 2, 0, NULL, CLOCK_MONOTONIC));
}

/* The time is checked first, then the flags of all entries, then their addresses, and their values last. */
static void refusals(void)
{
	struct futex_waitv *at_hole = (struct futex_waitv *)(before_hole(1) + PAGE) - 1;
	uint32_t *hole = (uint32_t *)before_hole(1) + PAGE / 4;
	uint32_t *kernel = (uint32_t *)0xffffffc000000000, *odd = (uint32_t *)((char *)words + 2);
	uint32_t *locked = (uint32_t *)anon(PAGE);
	struct timespec bad = { 0, 1000000000 }, negative = { -1, 0 }, past = { 0, 0 };
	struct timespec hour = later(CLOCK_MONOTONIC, 0);
	struct futex_waitv ok = entry(words, 0, U32), other = entry(words, 1, U32);
	struct futex_waitv reserved = ok, many[MOST + 1];

	hour.tv_sec += 3600;
	locked[0] = 0;
	mprotect(locked, PAGE, PROT_READ);
	reserved.__reserved = 1;
	for (int i = 0; i <= MOST; i++)
		many[i] = other;
	TRY(futex_waitv(&other, 1, 1, NULL, CLOCK_MONOTONIC));
	TRY(futex_waitv(NULL, 1, 0, NULL, CLOCK_MONOTONIC));
	TRY(futex_waitv(&other, 0, 0, NULL, CLOCK_MONOTONIC));
	TRY(futex_waitv(many, MOST, 0, NULL, CLOCK_MONOTONIC));
	TRY(futex_waitv(many, MOST + 1, 0, NULL, CLOCK_MONOTONIC));
	TRY(futex_waitv(&other, -1u, 0, NULL, CLOCK_MONOTONIC));
	TRY(futex_waitv((void *)8, 1, 0, NULL, CLOCK_MONOTONIC));
	TRY(futex_waitv(&other, 1, 0, &hour, CLOCK_BOOTTIME));
	TRY(futex_waitv(&other, 1, 0, &hour, -1));
	TRY(futex_waitv(&other, 1, 0, NULL, -1));
	TRY(futex_waitv(&other, 1, 0, (void *)8, CLOCK_MONOTONIC));
	TRY(futex_waitv(&other, 1, 0, (void *)8, 77));
	TRY(futex_waitv(&other, 1, 0, &bad, CLOCK_MONOTONIC));
	TRY(futex_waitv(&other, 1, 0, &negative, CLOCK_REALTIME));
	TRY(futex_waitv((void *)8, 1, 0, &bad, CLOCK_MONOTONIC));
	TRY(futex_waitv(&other, 1, 0, &past, CLOCK_MONOTONIC));
	*at_hole = ok;
	TRY(futex_waitv(at_hole, 2, 0, NULL, CLOCK_MONOTONIC));
	at_hole->flags = 0;
	TRY(futex_waitv(at_hole, 2, 0, NULL, CLOCK_MONOTONIC));
	one("another value", other);
	one("reserved", reserved);
	for (unsigned flags = 0; flags < 256; flags += flags < 8 ? 1 : flags)
		one("flags", entry(words, 1, flags));
	one("all flags", entry(words, 1, -1u));
	one("private", entry(words, 1, U32 | FUTEX_PRIVATE_FLAG));
	one("a large value", entry(words, 1ul << 32, U32));
	one("odd", entry(odd, 0, U32));
	one("hole", entry(hole, 0, U32));
	one("hole, private", entry(hole, 0, U32 | FUTEX_PRIVATE_FLAG));
	one("kernel", entry(kernel, 0, U32));
	one("kernel, private", entry(kernel, 0, U32 | FUTEX_PRIVATE_FLAG));
	one("null", entry(NULL, 0, U32));
	one("cannot be written", entry(locked, 1, U32));
	one("cannot be written, private", entry(locked, 1, U32 | FUTEX_PRIVATE_FLAG));
	/* Which error is found first. */
	two("value, odd", other, entry(odd, 0, U32));
	two("value, hole", other, entry(hole, 0, U32));
	two("value, hole, private", other, entry(hole, 0, U32 | FUTEX_PRIVATE_FLAG));
	two("hole, private, value", entry(hole, 0, U32 | FUTEX_PRIVATE_FLAG), other);
	two("hole, odd", entry(hole, 0, U32), entry(odd, 0, U32));
	two("hole, private, odd", entry(hole, 0, U32 | FUTEX_PRIVATE_FLAG), entry(odd, 0, U32));
	two("kernel, odd", entry(kernel, 0, U32), entry(odd, 0, U32));
	two("kernel, flags", entry(kernel, 0, U32), entry(words, 0, 0));
	two("right, value", ok, other);
	two("right, hole, private", ok, entry(hole, 0, U32 | FUTEX_PRIVATE_FLAG));
	say("nobody is left: %ld\n", WAKE(words, INT_MAX));
}

/* ---- which word ---- */

/* A child that waits for the first n words, and exits with the result. */
static pid_t waiter(unsigned n, const struct timespec *until, int clock)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct futex_waitv list[MOST];
		long r;

		list_words(list, n, 0);
		r = futex_waitv(list, n, 0, until, clock);
		_exit(r >= 0 ? (int)r : 200);
	}
	return pid;
}

static void reap(const char *what, pid_t pid)
{
	int status;

	waitpid(pid, &status, 0);
	ended(what, status);
}

/* The result is the index of a word that has woken the call. */
static void indexes(void)
{
	static const unsigned of[][2] = { { 1, 0 }, { 2, 0 },	{ 2, 1 },	    { 3, 1 },
					  { 9, 8 }, { 40, 17 }, { MOST, MOST - 1 }, { MOST, 64 } };

	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		unsigned n = of[i][0], at = of[i][1];
		pid_t pid = waiter(n, NULL, 0);

		gather(&words[n - 1], 1);
		say("%u of %u\n", at, n);
		TRY(futex(&words[at], FUTEX_WAKE_BITSET, 1, NULL, NULL, 1u << (at % 32)));
		TRY(WAKE(&words[at], INT_MAX));
		reap("index", pid);
		TRY(WAKE(&words[0], INT_MAX));
	}
}

/* One word several times, and of two words the one with the larger index. */
static void twice(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct futex_waitv list[4];

		list_words(list, 4, 0);
		list[2] = list[0];
		_exit((int)futex_waitv(list, 4, 0, NULL, 0));
	}
	gather(&words[3], 1);
	gather(&words[0], 2);
	TRY(WAKE(&words[0], INT_MAX));
	reap("twice", pid);
	pid = fork();
	if (pid == 0) {
		struct futex_waitv list[4];

		list_words(list, 4, 0);
		list[2] = list[0];
		_exit((int)futex_waitv(list, 4, 0, NULL, 0));
	}
	gather(&words[3], 1);
	TRY(WAKE(&words[0], 1));
	reap("once", pid);
}

/* Sleepers of one word and of several stand in the same line. */
static void others(void)
{
	pid_t pid[3], first;

	first = fork();
	if (first == 0)
		_exit(futex(&words[1], FUTEX_WAIT, 0, NULL, NULL, 0) == 0 ? 100 : 200);
	gather(&words[1], 1);
	for (int i = 0; i < 3; i++) {
		pid[i] = waiter(i + 2u, NULL, 0);
		gather(&words[i + 1], i == 0 ? 2 : 1);
	}
	TRY(WAKE(&words[3], 1));
	reap("four words", pid[2]);
	TRY(WAKE(&words[1], 1));
	reap("one word", first);
	TRY(WAKE(&words[1], INT_MAX));
	reap("two words", pid[0]);
	reap("three words", pid[1]);
	TRY(WAKE(&words[0], INT_MAX));
}

/* FUTEX_REQUEUE moves one of the call's words in line to another word, and the others stay. */
static void moves(void)
{
	pid_t pid = waiter(3, NULL, 0);

	gather(&words[2], 1);
	TRY(futex(&words[1], FUTEX_REQUEUE, 0, COUNT(5), &words[9], 0));
	TRY(WAKE(&words[1], INT_MAX));
	TRY(futex(&words[2], FUTEX_CMP_REQUEUE, 0, COUNT(5), &words[9], 0));
	TRY(WAKE(&words[9], 1));
	reap("moved, the first in line is woken", pid);
	pid = waiter(3, NULL, 0);
	gather(&words[2], 1);
	TRY(futex(&words[0], FUTEX_REQUEUE, 0, COUNT(5), &words[2], 0));
	TRY(WAKE(&words[2], INT_MAX));
	reap("moved to another of its words", pid);
	TRY(WAKE(&words[9], INT_MAX));
}

/* ---- how it ends ---- */

/* The time is absolute, by the clock that is named. */
static void times(void)
{
	struct timespec past = { 0, 0 }, t;
	struct futex_waitv list[3];

	list_words(list, 3, 0);
	TRY(futex_waitv(list, 3, 0, &past, CLOCK_MONOTONIC));
	TRY(futex_waitv(list, 3, 0, &past, CLOCK_REALTIME));
	t = later(CLOCK_MONOTONIC, 5 * MS);
	TRY(futex_waitv(list, 3, 0, &t, CLOCK_MONOTONIC));
	t = later(CLOCK_REALTIME, 5 * MS);
	TRY(futex_waitv(list, 3, 0, &t, CLOCK_REALTIME));
	list_words(list, 3, FUTEX_PRIVATE_FLAG);
	t = later(CLOCK_MONOTONIC, 5 * MS);
	TRY(futex_waitv(list, 3, 0, &t, CLOCK_MONOTONIC));
	say("nobody is left: %ld\n", WAKE(words, INT_MAX));
}

static void nothing(int sig)
{
	(void)sig;
}

/* The last word is changed before the signal, so that a call that is restarted finds it. */
static void interrupted(const char *what, int flags, bool timed)
{
	struct sigaction action = { .sa_handler = nothing, .sa_flags = flags };
	struct timespec hour = later(CLOCK_MONOTONIC, 0);
	pid_t pid = fork();

	hour.tv_sec += 3600;
	if (pid == 0) {
		struct futex_waitv list[3];

		sigaction(SIGUSR1, &action, NULL);
		list_words(list, 3, 0);
		say("%s: ", what);
		TRY(futex_waitv(list, 3, 0, timed ? &hour : NULL, CLOCK_MONOTONIC));
		_exit(0);
	}
	gather(&words[2], 1);
	words[2] = 1;
	kill(pid, SIGUSR1);
	reap("interrupted", pid);
	words[2] = 0;
}

/* A stop and SIGCONT do not end the wait. */
static void stopped(bool timed)
{
	struct timespec hour = later(CLOCK_REALTIME, 0);
	int status;
	pid_t pid;

	hour.tv_sec += 3600;
	pid = waiter(3, timed ? &hour : NULL, CLOCK_REALTIME);
	gather(&words[2], 1);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	gather(&words[2], 1);
	TRY(WAKE(&words[1], 1));
	reap(timed ? "stopped, with a timeout" : "stopped", pid);
}

/*
 * A wake-up and a signal come at once, this or that first. Who was woken has taken the wake-up, and is told so; who
 * was not is told of the signal.
 */
static void both(bool wake_first)
{
	struct sigaction action = { .sa_handler = nothing };
	unsigned wrong = 0;

	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();
		int status;
		long woken;

		if (pid == 0) {
			struct futex_waitv list[3];

			sigaction(SIGUSR1, &action, NULL);
			list_words(list, 3, 0);
			_exit(futex_waitv(list, 3, 0, NULL, CLOCK_MONOTONIC) == 0 ? 1
			      : errno == EINTR					  ? 2
										  : 3);
		}
		gather(&words[2], 1);
		if (!wake_first)
			kill(pid, SIGUSR1);
		woken = WAKE(&words[0], 1);
		if (wake_first)
			kill(pid, SIGUSR1);
		waitpid(pid, &status, 0);
		wrong += WEXITSTATUS(status) != (woken == 1 ? 1 : 2);
	}
	say("%s first: %u wrong results\n", wake_first ? "the wake-up" : "the signal", wrong);
}

static void signals(void)
{
	pid_t pid;

	interrupted("a handler", 0, false);
	interrupted("SA_RESTART", SA_RESTART, false);
	interrupted("a handler, with a timeout", 0, true);
	interrupted("SA_RESTART, with a timeout", SA_RESTART, true);
	both(true);
	both(false);
	stopped(false);
	stopped(true);
	pid = waiter(MOST, NULL, 0);
	gather(&words[MOST - 1], 1);
	kill(pid, SIGKILL);
	reap("killed", pid);
	say("nobody is left: %ld %ld\n", WAKE(&words[0], INT_MAX), WAKE(&words[MOST - 1], INT_MAX));
}

/* ---- threads ---- */

#define SENDERS 4
#define ROUNDS	500

static uint32_t sent[SENDERS], taken[SENDERS]; /* private words */

static void *sends(void *arg)
{
	unsigned i = (unsigned)(uintptr_t)arg;

	for (int n = 0; n < ROUNDS; n++) {
		uint32_t had = __atomic_load_n(&taken[i], __ATOMIC_SEQ_CST);

		__atomic_add_fetch(&sent[i], 1, __ATOMIC_SEQ_CST);
		futex(&sent[i], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
		while (__atomic_load_n(&taken[i], __ATOMIC_SEQ_CST) == had)
			futex(&taken[i], FUTEX_WAIT_PRIVATE, had, NULL, NULL, 0);
	}
	return NULL;
}

/* R151: who waits for all senders at once misses none of them. */
static void threads(void)
{
	unsigned total = 0, wrong = 0;
	pthread_t thread[SENDERS];

	for (unsigned i = 0; i < SENDERS; i++)
		pthread_create(&thread[i], NULL, sends, (void *)(uintptr_t)i);
	while (total < SENDERS * ROUNDS) {
		struct futex_waitv list[SENDERS];
		unsigned found = 0;
		long r;

		for (unsigned i = 0; i < SENDERS; i++) {
			uint32_t now = __atomic_load_n(&sent[i], __ATOMIC_SEQ_CST);

			list[i] = entry(&sent[i], now, U32 | FUTEX_PRIVATE_FLAG);
			if (now == taken[i])
				continue;
			found++;
			__atomic_store_n(&taken[i], now, __ATOMIC_SEQ_CST);
			futex(&taken[i], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
		}
		total += found;
		if (found)
			continue;
		r = futex_waitv(list, SENDERS, 0, NULL, 0);
		wrong += r < 0 ? errno != EAGAIN : r >= SENDERS;
	}
	for (unsigned i = 0; i < SENDERS; i++)
		pthread_join(thread[i], NULL);
	say("%u of %u threads' turns, %u wrong results\n", total, SENDERS, wrong);
}

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} cases[] = {
		{ "refusals", refusals }, { "indexes", indexes }, { "twice", twice },
		{ "others", others },	  { "moves", moves },	  { "times", times },
		{ "signals", signals },	  { "threads", threads },
	};

	words = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		say("-- %s\n", cases[i].name);
		cases[i].run();
	}
	return 0;
}
