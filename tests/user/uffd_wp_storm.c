/* SPDX-License-Identifier: MIT */
/* R230: what is write-protected in shared memory does not change, while others write to it, drop it, page it out, fork, and protect beside it. */
#include "uffd_protect.h"

#define PAGES	 32
#define WRITERS	 4
#define CHECKERS 2
#define ROUNDS	 250
#define GLANCES	 20

static char *memory, *beside; /* one file; `beside` is not registered, and only read */
static int fd;
static bool over;	   /* atomic */
static unsigned long told; /* atomic: writes that waited */

static unsigned next_random(unsigned *state)
{
	return *state = *state * 1664525u + 1013904223u;
}

static void *write_pages(void *arg)
{
	unsigned state = (unsigned)(uintptr_t)arg + 1;

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		const unsigned n = next_random(&state) / 7 % PAGES;

		__atomic_fetch_add((long *)(memory + n * PAGE), 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static long value_of(long n)
{
	return __atomic_load_n((long *)(beside + n * (long)PAGE), __ATOMIC_RELAXED);
}

/* Each checker has pages of its own. Returns how often one has changed. */
static void *check_pages(void *arg)
{
	unsigned state = (unsigned)(uintptr_t)arg + 10;
	long changed = 0;

	for (int i = 0; i < ROUNDS; i++) {
		const long n = next_random(&state) / 7 % (PAGES / CHECKERS) * CHECKERS + (long)arg;
		long before;

		MUST(uffd_protect(fd, memory + n * PAGE, PAGE, ON));
		before = value_of(n);
		for (int look = 0; look < GLANCES; look++) {
			sched_yield();
			changed += value_of(n) != before;
		}
		MUST(uffd_protect(fd, memory + n * PAGE, PAGE, OFF));
	}
	return (void *)changed;
}

static void *count_messages(void *unused)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	struct uffd_msg msg;

	(void)unused;
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED))
		if (poll(&poll_fd, 1, 10) == 1 && read(fd, &msg, sizeof(msg)) == sizeof(msg))
			__atomic_fetch_add(&told, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void *drop_pages(void *forks)
{
	unsigned state = 77;

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		const unsigned random = next_random(&state) / 7;

		madvise(memory + random % PAGES * PAGE, PAGE,
			random / PAGES % 3 ? MADV_DONTNEED : MADV_PAGEOUT);
		if (forks && random % PAGES == 3) {
			pid_t child = fork();

			if (child == 0)
				_exit(0);
			waitpid(child, NULL, 0);
		}
		sched_yield();
	}
	return NULL;
}

static void storm(const char *what, void *forks)
{
	pthread_t writers[WRITERS], checkers[CHECKERS], counter, dropper;
	int file = memfd_create("storm", 0);
	long changed;

	fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_WP_HUGETLBFS_SHMEM);
	MUST(ftruncate(file, PAGES * PAGE));
	memory = mmap((void *)0x1200001000, PAGES * PAGE, RW, MAP_SHARED | MAP_FIXED, file, 0);
	beside = mmap((void *)0x1200101000, PAGES * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, file,
		      0);
	MUST(uffd_register(fd, memory, PAGES * PAGE, WP));
	over = false;
	told = 0;
	start_all(writers, WRITERS, write_pages);
	counter = start(count_messages, NULL);
	dropper = start(drop_pages, forks);
	start_all(checkers, CHECKERS, check_pages);
	changed = join_all(checkers, CHECKERS);
	over = true;
	join_all(writers, WRITERS);
	join(dropper);
	join(counter);
	say("%s: %ld changed, enough waited: %d\n", what, changed, told >= 10);
	close(fd);
	close(file);
	munmap(memory, PAGES * PAGE);
	munmap(beside, PAGES * PAGE);
}

int main(void)
{
	storm("dropped", NULL);
	storm("dropped and forked", (void *)1);
	return 0;
}
