/* SPDX-License-Identifier: MIT */
/* R230: threads touch memory whose pages others give, drop, and stop to register; each finds the right bytes, and all come to an end. */
#include "uffd.h"

#define PAGES	 64
#define TOUCHERS 6
#define GIVERS	 2
#define ROUNDS	 400

static char *memory;
static int fd;
static bool over;	     /* atomic */
static unsigned long faults; /* atomic */

/* What page n holds everywhere. */
static char byte_of(long n)
{
	return (char)(n % 25 + 'a');
}

static unsigned next_random(unsigned *state)
{
	return *state = *state * 1664525u + 1013904223u;
}

/* Returns how often a page had other bytes. What is not registered, or dropped after it was, has zeros. */
static void *touch_pages(void *arg)
{
	unsigned state = (unsigned)(uintptr_t)arg + 1;
	long wrong = 0;

	for (int i = 0; i < ROUNDS; i++) {
		const long n = next_random(&state) / 7 % PAGES;
		const char found = *(volatile char *)(memory + n * PAGE + n);

		wrong += found != byte_of(n) && found != 0;
	}
	return (void *)wrong;
}

static void *give_pages(void *unused)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char *page = aligned_alloc(PAGE, PAGE);
	struct uffd_msg msg;

	(void)unused;
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		long n;

		if (poll(&poll_fd, 1, 10) != 1 || read(fd, &msg, sizeof(msg)) != sizeof(msg))
			continue;
		n = (long)(msg.arg.pagefault.address - (uintptr_t)memory) / (long)PAGE;
		__atomic_fetch_add(&faults, 1, __ATOMIC_RELAXED);
		memset(page, byte_of(n), PAGE);
		if (uffd_copy(fd, memory + n * PAGE, page, PAGE, 0) != 0)
			uffd_wake(fd, memory + n * PAGE, PAGE);
	}
	return NULL;
}

/* Half of what is registered is so no more for a moment. */
static void *drop_pages(void *arg)
{
	unsigned state = 77;

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		const long n = next_random(&state) / 7 % PAGES;

		madvise(memory + n * PAGE, PAGE, MADV_DONTNEED);
		if (arg && n == 3) {
			uffd_unregister(fd, memory, PAGES / 2 * PAGE);
			MUST(uffd_register(fd, memory, PAGES / 2 * PAGE,
					   UFFDIO_REGISTER_MODE_MISSING));
		}
	}
	return NULL;
}

static void storm(const char *what, void *unregisters, bool closes)
{
	pthread_t touchers[TOUCHERS], givers[GIVERS], dropper;
	long wrong;

	fd = uffd_open(O_NONBLOCK, 0);
	memory = mmap(NULL, PAGES * PAGE, RW, ANON, -1, 0);
	madvise(memory, PAGES * PAGE, MADV_NOHUGEPAGE);
	MUST(uffd_register(fd, memory, PAGES * PAGE, UFFDIO_REGISTER_MODE_MISSING));
	over = false;
	faults = 0;
	start_all(givers, GIVERS, give_pages);
	start_all(touchers, TOUCHERS, touch_pages);
	dropper = start(drop_pages, unregisters);
	if (closes) {
		while (__atomic_load_n(&faults, __ATOMIC_RELAXED) < 50)
			nap(1);
		close(fd); /* whoever waits goes on */
	}
	wrong = join_all(touchers, TOUCHERS);
	over = true;
	join(dropper);
	join_all(givers, GIVERS);
	say("%s: %ld wrong, enough faults: %d\n", what, wrong, faults >= 50);
	if (!closes)
		close(fd);
	munmap(memory, PAGES * PAGE);
}

int main(void)
{
	storm("given and dropped", NULL, false);
	storm("and not registered for moments", (void *)1, false);
	storm("and closed", NULL, true);
	return 0;
}
