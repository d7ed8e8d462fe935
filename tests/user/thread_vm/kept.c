/* SPDX-License-Identifier: MIT */
/* Pages that stay mapped while they are protected, sent to swap and copied for children: no store is lost. */
#include "thread_vm.h"

#define KEPT_AT	   ((char *)0x1c00000000)
#define KEPT_PAGES 12u
#define FIRST_FILE 8u /* from there on pages of a file */
#define BALLAST_AT ((char *)0x1d00000000)

static uint64_t stored[MOST_THREADS][KEPT_PAGES], last_seen[MOST_THREADS][MOST_THREADS][KEPT_PAGES];
static size_t ballast_pages;
static uint32_t *ballast_stored;

/* A word of each thread in each page. */
static volatile uint64_t *word_of(unsigned who, unsigned page)
{
	return (volatile uint64_t *)(KEPT_AT + page * PAGE + who * 256);
}

static void map(char *at, size_t len, int flags, int fd)
{
	MUST(mmap(at, len, RW, flags | MAP_FIXED, fd, 0) != at);
}

void kept_begin(size_t ballast_bytes)
{
	int fd = memfd_create("kept", 0);

	MUST(fd < 0 || ftruncate(fd, (KEPT_PAGES - FIRST_FILE) * PAGE));
	map(KEPT_AT, FIRST_FILE * PAGE, ANON, -1);
	map(KEPT_AT + FIRST_FILE * PAGE, (KEPT_PAGES - FIRST_FILE) * PAGE, MAP_SHARED, fd);
	ballast_pages = ballast_bytes / PAGE;
	if (ballast_pages) {
		map(BALLAST_AT, ballast_bytes, ANON, -1);
		ballast_stored = mmap(NULL, ballast_pages * 4, RW, ANON, -1, 0);
		MUST(ballast_stored == MAP_FAILED);
	}
}

static void store_next(unsigned page)
{
	uint64_t next = stored[me][page] + 1;
	enum outcome is;

	if (is_child && page >= FIRST_FILE)
		return;
	is = store(word_of(me, page), next);
	if (is == DONE)
		stored[me][page] = next;
	else if (is == NO_RIGHT)
		see(SEEN_READ_ONLY);
	else
		wrong("a store to kept page %u: %d", page, is);
}

static void check_words(unsigned page)
{
	for (unsigned who = 0; who < nthreads; who++) {
		uint64_t *last = &last_seen[me][who][page], value = *word_of(who, page);

		if (who == me && value != stored[me][page])
			wrong("kept page %u: %lu, not %lu", page, value, stored[me][page]);
		if (value < *last)
			wrong("kept page %u: thread %u's word went from %lu back to %lu", page, who,
			      *last, value);
		*last = value;
	}
}

void kept_check(void)
{
	for (unsigned page = 0; page < KEPT_PAGES; page++)
		check_words(page);
}

static void touch_ballast(void)
{
	size_t page = rnd((unsigned)(ballast_pages / nthreads)) * nthreads + me;
	volatile uint32_t *at = (volatile uint32_t *)(BALLAST_AT + page * PAGE);

	if (at[0] != ballast_stored[page] || at[1023] != ballast_stored[page])
		wrong("page %zu of the ballast: %u, %u, not %u", page, at[0], at[1023],
		      ballast_stored[page]);
	ballast_stored[page]++;
	at[0] = at[1023] = ballast_stored[page];
}

void kept_step(void)
{
	static const int advices[] = { MADV_PAGEOUT, MADV_COLD, MADV_WILLNEED };
	unsigned page = rnd(KEPT_PAGES), n = 1 + rnd(KEPT_PAGES - page);
	char *at = KEPT_AT + page * PAGE;

	if (ballast_pages && rnd(4))
		touch_ballast();
	switch (rnd(8)) {
	case 0:
		MUST(mprotect(at, n * PAGE, one_in(3) ? PROT_READ : RW));
		break;
	case 1:
		MUST(madvise(at, n * PAGE, advices[rnd(3)]));
		break;
	case 2:
	case 3:
		check_words(page);
		break;
	default:
		store_next(page);
		break;
	}
}
