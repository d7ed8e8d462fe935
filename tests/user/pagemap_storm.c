/* SPDX-License-Identifier: MIT */
/* R232: threads write while another one copies what PAGEMAP_SCAN says was written: in each round it finds all, and the copy becomes equal. */
#include "scan.h"

#define PAGES	1536 /* three blocks: of one of them a superpage may be made */
#define HUGE	(2 * MIB)
#define WRITERS 4
#define OWN	(PAGES / WRITERS) /* the pages of a writer: every fourth */
#define ROUNDS	30
#define STORES	3000
#define REGIONS 100

static char *memory, *copy;
static bool written[PAGES], found[PAGES];
static bool over; /* atomic */
static unsigned round_now;

static unsigned next_random(unsigned *state)
{
	return (*state = *state * 1664525u + 1013904223u) >> 8;
}

/* Scans once, and protects. What was found is copied, and noted. Returns how many pages. */
static unsigned long scan_once(void)
{
	static struct scan_region regions[REGIONS];
	struct scan_arg arg = scan_of(memory, PAGES);
	unsigned long n = 0;

	arg.flags = SCAN_PROTECTS | SCAN_CHECKS;
	arg.category_mask = IS_WRITTEN;
	arg.vec = (uintptr_t)regions;
	arg.vec_len = REGIONS;
	for (; arg.start < arg.end; arg.start = arg.walk_end) {
		const int count = ioctl(scan_map, SCAN, &arg);

		if (count < 0)
			_exit(94);
		for (int i = 0; i < count; i++) {
			const size_t from = regions[i].start - (uintptr_t)memory;
			const size_t len = regions[i].end - regions[i].start;

			memcpy(copy + from, memory + from, len);
			memset(found + from / PAGE, true, len / PAGE);
			n += len / PAGE;
		}
	}
	return n;
}

/* Writes to some of its pages, and notes which. */
static void *write_round(void *arg)
{
	unsigned state = round_now * WRITERS + (unsigned)(uintptr_t)arg;

	for (int i = 0; i < 40; i++) {
		const size_t page = next_random(&state) % OWN * WRITERS + (uintptr_t)arg;

		memory[page * PAGE + page]++;
		written[page] = true;
	}
	return NULL;
}

/* Each round's pages are those that its threads have written. */
static void rounds(void)
{
	pthread_t threads[WRITERS];
	unsigned long wrong = 0;

	for (round_now = 0; round_now < ROUNDS; round_now++) {
		memset(written, false, sizeof(written));
		memset(found, false, sizeof(found));
		start_all(threads, WRITERS, write_round);
		join_all(threads, WRITERS);
		scan_once();
		for (size_t i = 0; i < PAGES; i++)
			wrong += written[i] != found[i];
	}
	say("rounds: %lu wrong\n", wrong);
}

static void *write_on(void *arg)
{
	unsigned state = (unsigned)(uintptr_t)arg + 99;

	for (int i = 0; i < STORES; i++) {
		const size_t page = next_random(&state) % PAGES;

		__atomic_fetch_add(&memory[page * PAGE + page], 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* What else changes entries: a page is dropped, aged, protected and allowed, or had by a child for a moment. */
static void *meddle(void *arg)
{
	unsigned state = 7;

	(void)arg;
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		const unsigned what = next_random(&state) % 12;
		char *at = memory + next_random(&state) % (PAGES - 4) * PAGE;

		if (what < 6)
			madvise(at, PAGE, MADV_DONTNEED);
		else if (what < 9)
			madvise(at, 4 * PAGE, MADV_COLD);
		else if (what == 9)
			mprotect(at, PAGE, RW | PROT_EXEC);
		else if (what == 10)
			mprotect(at, PAGE, RW);
		else
			sched_yield();
	}
	return NULL;
}

/* Children that end at once leave pages to be copied at the next write. */
static void *fork_on(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		if (child > 0)
			waitpid(child, NULL, 0);
		nap(5);
	}
	return NULL;
}

/* What was copied last of each page is what it has, once nobody writes any more. */
static void at_once(void)
{
	pthread_t threads[WRITERS], others[2];
	unsigned long wrong = 0;

	others[0] = start(meddle, NULL);
	others[1] = start(fork_on, NULL);
	start_all(threads, WRITERS, write_on);
	for (int i = 0; i < ROUNDS; i++)
		scan_once();
	join_all(threads, WRITERS);
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	join(others[0]);
	join(others[1]);
	scan_once();
	for (size_t i = 0; i < PAGES; i++)
		wrong += memcmp(memory + i * PAGE, copy + i * PAGE, PAGE) != 0;
	say("at once: %lu wrong\n", wrong);
}

static void track(const char *what, int flags)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_WP_ASYNC);
	char *p = mmap(NULL, PAGES * PAGE + HUGE, RW, flags | MAP_ANONYMOUS, -1, 0);

	over = false;
	memory = (char *)(((uintptr_t)p + HUGE - 1) & -HUGE);
	madvise(memory, HUGE, MADV_HUGEPAGE); /* shared memory may have no huge pages */
	memset(memory, 1, PAGES * PAGE);
	MUST(uffd_register(fd, memory, PAGES * PAGE, UFFD_WP));
	say("%s: %lu pages\n", what, scan_once());
	rounds();
	at_once();
	munmap(p, PAGES * PAGE + HUGE);
	close(fd);
}

int main(void)
{
	copy = calloc(PAGES, PAGE);
	track("private", MAP_PRIVATE);
	track("shared", MAP_SHARED);
	return 0;
}
