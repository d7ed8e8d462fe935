/* SPDX-License-Identifier: MIT */
/* futex_wake, futex_wait and futex_requeue: whom they wake and move, how a wait ends, and what they refuse. */
#include "thread.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>

#ifndef SYS_futex_wake
#define SYS_futex_wake	  454
#define SYS_futex_wait	  455
#define SYS_futex_requeue 456
#endif

#define U32	2u /* the size of a word */
#define PRIVATE 128u
#define ALL	0xffffffffu

static uint32_t *words; /* shared by all */

static long futex_wake(void *word, unsigned long mask, int n, unsigned flags)
{
	return syscall(SYS_futex_wake, word, mask, n, flags);
}

static long futex_wait(void *word, unsigned long value, unsigned long mask, unsigned flags,
		       const void *until, int clock)
{
	return syscall(SYS_futex_wait, word, value, mask, flags, until, clock);
}

static struct futex_waitv entry(void *word, uint64_t value, unsigned flags)
{
	return (struct futex_waitv){ .val = value, .uaddr = (uintptr_t)word, .flags = flags };
}

static long futex_requeue(void *from, uint64_t value, unsigned flags, void *to, unsigned flags2,
			  int wakes, int moves)
{
	struct futex_waitv list[] = { entry(from, value, flags), entry(to, 0, flags2) };

	return syscall(SYS_futex_requeue, list, 0, wakes, moves);
}

/* ---- refusals ---- */

/* Only words of 32 bits are known, and values and masks that fit: else EINVAL. A private word is not read to wake it. */
static void refused(void)
{
	uint32_t *hole = (uint32_t *)before_hole(1) + PAGE / 4;
	uint32_t *kernel = (uint32_t *)0xffffffc000000000, *odd = (uint32_t *)((char *)words + 2);
	struct timespec bad = { 0, 1000000000 }, past = { 0, 0 };
	struct futex_waitv list[] = { entry(words, 0, U32), entry(words + 1, 0, U32) };

	for (unsigned flags = 0; flags < 512; flags += flags < 8 ? 1 : flags) {
		say("flags %u\n", flags);
		TRY(futex_wake(words, ALL, 1, flags));
		TRY(futex_wait(words, 1, ALL, flags, NULL, 0));
		TRY(futex_requeue(words, 1, flags, words + 1, U32, 1, 1));
		TRY(futex_requeue(words, 1, U32, words + 1, flags, 1, 1));
	}
	TRY(futex_wake(words, 0, 1, U32));
	TRY(futex_wake(words, 1ul << 32, 1, U32));
	TRY(futex_wake(odd, ALL, 1, U32));
	TRY(futex_wake(odd, 0, 1, U32));
	TRY(futex_wake(odd, ALL, 0, U32));
	TRY(futex_wake(hole, ALL, 1, U32));
	TRY(futex_wake(hole, ALL, 0, U32));
	TRY(futex_wake(hole, ALL, 1, U32 | PRIVATE));
	TRY(futex_wake(hole, ALL, 0, U32 | PRIVATE));
	TRY(futex_wake(kernel, ALL, 1, U32 | PRIVATE));
	TRY(futex_wake(kernel, ALL, 0, U32 | PRIVATE));
	TRY(futex_wake(words, ALL, 0, U32));
	TRY(futex_wake(words, ALL, -1, U32));
	TRY(futex_wait(words, 1, ALL, U32, NULL, 77));
	TRY(futex_wait(words, 1ul << 32, ALL, U32, NULL, 0));
	TRY(futex_wait(words, 0, 0, U32, NULL, 0));
	TRY(futex_wait(words, 0, 1ul << 32, U32, NULL, 0));
	TRY(futex_wait(words, 0, 0, U32, (void *)8, 0));
	TRY(futex_wait(words, 0, 0, U32, &bad, CLOCK_MONOTONIC));
	TRY(futex_wait(words, 0, 1ul << 32, U32, (void *)8, 0));
	TRY(futex_wait(words, 0, ALL, U32, &past, CLOCK_BOOTTIME));
	TRY(futex_wait(words, 0, ALL, U32, (void *)8, CLOCK_BOOTTIME));
	TRY(futex_wait(odd, 0, ALL, U32, (void *)8, CLOCK_MONOTONIC));
	TRY(futex_wait(odd, 0, ALL, U32, NULL, 0));
	TRY(futex_wait(hole, 0, ALL, U32, NULL, 0));
	TRY(futex_wait(hole, 0, ALL, U32 | PRIVATE, NULL, 0));
	TRY(futex_wait(kernel, 0, ALL, U32 | PRIVATE, NULL, 0));
	TRY(futex_wait(words, 0, ALL, U32, &past, CLOCK_MONOTONIC));
	TRY(futex_wait(words, 0, ALL, U32, &past, CLOCK_REALTIME));
	TRY(syscall(SYS_futex_requeue, list, 1, 0, 0));
	TRY(syscall(SYS_futex_requeue, NULL, 0, 0, 0));
	TRY(syscall(SYS_futex_requeue, 8, 0, 0, 0));
	TRY(syscall(SYS_futex_requeue, list, 0, -1, 0));
	TRY(syscall(SYS_futex_requeue, list, 0, 0, -1));
	TRY(syscall(SYS_futex_requeue, list, 0, 0, 0));
	TRY(futex_requeue(words, 1, U32, words + 1, U32, 1, 1));
	TRY(futex_requeue(words, 1, U32, words + 1, U32, -1, 1));
	TRY(futex_requeue(words, 1ul << 32, U32, words + 1, U32, 1, 1));
	TRY(futex_requeue(odd, 0, U32, words + 1, U32, 1, 1));
	TRY(futex_requeue(words, 0, U32, odd, U32, 1, 1));
	TRY(futex_requeue(words, 1, U32, hole, U32, 1, 1));
	TRY(futex_requeue(hole, 0, U32, words, U32, 1, 1));
	TRY(futex_requeue(odd, 0, U32, words + 1, U32, -1, 1));
	list[0].__reserved = 1;
	TRY(syscall(SYS_futex_requeue, list, 0, 0, 0));
}

/* ---- waking and moving ---- */

struct sleeper {
	int word;
	unsigned mask, flags;
	long result;
};

static void *sleeps(void *arg)
{
	struct sleeper *s = arg;

	long result = futex_wait(&words[s->word], words[s->word], s->mask, s->flags, NULL, 0);

	__atomic_store_n(&s->result, result < 0 ? errno : 0, __ATOMIC_SEQ_CST);
	return NULL;
}

static long result_now(const struct sleeper *s)
{
	return __atomic_load_n(&s->result, __ATOMIC_SEQ_CST);
}

/* Returns when n sleepers of a word could all be moved: to the word itself. */
static void gather(int word, unsigned flags, int n)
{
	while (futex_requeue(&words[word], words[word], flags, &words[word], flags, 0, INT_MAX) < n)
		nap(1);
}

/* Says what the sleepers from `first` to `end` return, which is -1 of those that are not woken. */
static void woken(const struct sleeper *s, int first, int end)
{
	for (int i = first; i < end; i++) {
		for (int looks = 0; looks < LOOKS && result_now(&s[i]) == -1; looks++)
			nap(1);
		say("sleeper %d: %ld\n", i, result_now(&s[i]));
	}
}

/* A wake reaches those who wait for the same word, private or shared, and have a bit of its mask. */
static void wakes(unsigned flags)
{
	struct sleeper s[5] = { { 0, 1, flags, -1 },
				{ 0, 2, flags, -1 },
				{ 0, 2, flags, -1 },
				{ 0, 16, flags, -1 },
				{ 0, 4, flags, -1 } };
	pthread_t threads[5];

	for (int i = 0; i < 5; i++)
		threads[i] = start(sleeps, &s[i]);
	gather(0, flags, 5);
	TRY(futex_wake(&words[0], ALL, 0, flags));
	TRY(futex_wake(&words[0], 8, 10, flags));
	TRY(futex_wake(&words[0], ALL, 10, flags ^ PRIVATE));
	TRY(futex_wake(&words[1], ALL, 10, flags));
	TRY(futex_wake(&words[0], 1, 10, flags));
	woken(s, 0, 1);
	TRY(futex_wake(&words[0], 2, 10, flags));
	woken(s, 1, 3);
	/* By the old call, too, and to another word. */
	TRY(futex_requeue(&words[0], 0, flags, &words[1], flags, 0, 10));
	TRY(futex_wake(&words[0], ALL, 10, flags));
	TRY(syscall(SYS_futex, &words[1], flags & PRIVATE ? FUTEX_WAKE_PRIVATE : FUTEX_WAKE, 10,
		    NULL, NULL, 0));
	woken(s, 3, 5);
	join_all(threads, 5);
}

/* If the word has its value, futex_requeue wakes who has waited longest and moves the next; else EAGAIN. */
static void moves(void)
{
	struct sleeper s[4];
	pthread_t threads[4];

	for (int i = 0; i < 4; i++) {
		s[i] = (struct sleeper){ 0, ALL, U32, -1 };
		threads[i] = start(sleeps, &s[i]);
		gather(0, U32, i + 1);
	}
	TRY(futex_requeue(&words[0], 5, U32, &words[1], U32, 1, 1));
	TRY(futex_requeue(&words[0], 0, U32, &words[1], U32, 1, 2));
	woken(s, 0, 1);
	TRY(futex_wake(&words[1], ALL, -1, U32));
	woken(s, 1, 2);
	TRY(futex_wake(&words[1], ALL, 10, U32));
	woken(s, 2, 3);
	TRY(futex_wake(&words[0], ALL, 10, U32));
	woken(s, 3, 4);
	join_all(threads, 4);
}

static void handler(int sig)
{
	(void)sig;
}

/* A handler ends the wait with EINTR; with SA_RESTART it goes on. */
static void interrupted(void)
{
	for (int again = 0; again < 2; again++) {
		long woken = 0;
		pid_t pid = fork();

		if (pid == 0) {
			sigaction(SIGUSR1,
				  &(struct sigaction){ .sa_handler = handler,
						       .sa_flags = again ? SA_RESTART : 0 },
				  NULL);
			TRY(futex_wait(&words[0], 0, ALL, U32, NULL, 0));
			_exit(0);
		}
		until_it_sleeps(pid);
		long waits = waits_of(pid);
		kill(pid, SIGUSR1);
		if (again) {
			until_it_waits(pid, waits);
			until_it_sleeps(pid);
			woken = futex_wake(&words[0], ALL, 1, U32);
		}
		waitpid(pid, NULL, 0);
		result("woken", woken);
	}
}

int main(void)
{
	words = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	refused();
	wakes(U32);
	wakes(U32 | PRIVATE);
	moves();
	interrupted();
	return 0;
}
