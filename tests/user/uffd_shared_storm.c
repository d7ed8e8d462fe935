/* SPDX-License-Identifier: MIT */
/* R230: threads touch shared memory in two mappings, whose pages others give, show, punch out and unmap; each finds the right bytes, and all come to an end. */
#include "uffd_objects.h"

#include <linux/falloc.h>

#define PAGES	 32
#define TOUCHERS 6
#define GIVERS	 2
#define ROUNDS	 300

static char *memory[2]; /* of one file */
static int fd, file;
static bool over;		     /* atomic */
static unsigned long missing, minor; /* atomic: faults that were told */

static char byte_of(long n)
{
	return (char)(n % 25 + 'a');
}

static unsigned next_random(unsigned *state)
{
	return *state = *state * 1664525u + 1013904223u;
}

/* Returns how often a page had other bytes. A hole that is being made has zeros. */
static void *touch_pages(void *arg)
{
	unsigned state = (unsigned)(uintptr_t)arg + 1;
	long wrong = 0;

	for (int i = 0; i < ROUNDS; i++) {
		const long n = next_random(&state) / 7 % PAGES;
		const char found = *(volatile char *)(memory[i & 1] + n * PAGE + n);

		wrong += found != byte_of(n) && found != 0;
	}
	return (void *)wrong;
}

static void answer(char *at, bool is_minor)
{
	char *bytes = aligned_alloc(PAGE, PAGE);
	const long n = (at - memory[at >= memory[1]]) / (long)PAGE;

	memset(bytes, byte_of(n), PAGE);
	if (is_minor ? uffd_continue(fd, at, PAGE, 0) : uffd_copy(fd, at, bytes, PAGE, 0))
		uffd_wake(fd, at, PAGE);
	free(bytes);
}

static void *give_pages(void *unused)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	struct uffd_msg msg;

	(void)unused;
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		bool is_minor;

		if (poll(&poll_fd, 1, 10) != 1 || read(fd, &msg, sizeof(msg)) != sizeof(msg))
			continue;
		is_minor = msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_MINOR;
		__atomic_fetch_add(is_minor ? &minor : &missing, 1, __ATOMIC_RELAXED);
		answer((char *)(uintptr_t)msg.arg.pagefault.address, is_minor);
	}
	return NULL;
}

static void *drop_pages(void *unregisters)
{
	unsigned state = 77;

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		const unsigned random = next_random(&state) / 7;
		const long n = random % PAGES;

		if (random / PAGES % 4 == 0)
			fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, n * (long)PAGE,
				  PAGE);
		else
			madvise(memory[random / PAGES & 1] + n * PAGE, PAGE, MADV_DONTNEED);
		if (unregisters && n == 3) {
			uffd_unregister(fd, memory[0], PAGES / 2 * PAGE);
			MUST(uffd_register(fd, memory[0], PAGES / 2 * PAGE,
					   UFFDIO_REGISTER_MODE_MISSING));
		}
	}
	return NULL;
}

static void storm(const char *what, void *unregisters, int flags)
{
	pthread_t touchers[TOUCHERS], givers[GIVERS], dropper;
	long wrong;

	fd = uffd_open(O_NONBLOCK, 0);
	file = memfd_create("storm", 0);
	MUST(ftruncate(file, PAGES * PAGE));
	memory[0] = mmap((void *)0x1200001000, PAGES * PAGE, RW, MAP_SHARED | MAP_FIXED, file, 0);
	memory[1] = mmap((void *)0x1200101000, PAGES * PAGE, RW, flags | MAP_FIXED, file, 0);
	MUST(uffd_register(fd, memory[0], PAGES * PAGE, UFFDIO_REGISTER_MODE_MISSING));
	MUST(uffd_register(fd, memory[1], PAGES * PAGE,
			   UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_MINOR));
	over = false;
	missing = minor = 0;
	start_all(givers, GIVERS, give_pages);
	start_all(touchers, TOUCHERS, touch_pages);
	dropper = start(drop_pages, unregisters);
	wrong = join_all(touchers, TOUCHERS);
	over = true;
	join(dropper);
	join_all(givers, GIVERS);
	say("%s: %ld wrong, enough faults: %d %d\n", what, wrong, missing >= 10, minor >= 3);
	close(fd);
	close(file);
	munmap(memory[0], PAGES * PAGE);
	munmap(memory[1], PAGES * PAGE);
}

int main(void)
{
	storm("shared", NULL, MAP_SHARED);
	storm("and not registered for moments", (void *)1, MAP_SHARED);
	storm("beside a private mapping", NULL, MAP_PRIVATE);
	return 0;
}
