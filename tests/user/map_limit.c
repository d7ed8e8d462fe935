/* SPDX-License-Identifier: MIT */
/* R93 R94: at the limit of mappings nothing makes one more, whichever call would split one; what
 * only moves a border or joins mappings goes on. */
#include "t.h"

/* So many more separate mappings could be made while a case runs. */
#define ROOM 60ul

#define FILLER ((char *)0x2000000000)
#define AREA   ((char *)0x3000000000)

/* Maps pages that touch no other, up to `most`: how many went. */
static size_t fill(char *at, size_t most)
{
	for (size_t i = 0; i < most; i++) {
		if (mmap(at + 2 * i * PAGE, PAGE, PROT_NONE, ANON | MAP_FIXED, -1, 0) == MAP_FAILED)
			return i;
	}
	return most;
}

static int protect(char *page)
{
	return mprotect(page, PAGE, PROT_READ);
}

static int lock(char *page)
{
	return (int)syscall(SYS_mlock2, page, PAGE, MLOCK_ONFAULT);
}

static int unlock(char *page)
{
	return munlock(page, PAGE);
}

static int dont_fork(char *page)
{
	return madvise(page, PAGE, MADV_DONTFORK);
}

static int wipe(char *page)
{
	return madvise(page, PAGE, MADV_WIPEONFORK);
}

static int unmap(char *page)
{
	return munmap(page, PAGE);
}

static int replace(char *page)
{
	void *p = mmap(page, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0);

	return p == MAP_FAILED ? -1 : 0;
}

static int move(char *page)
{
	void *p = mremap(page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page + GIB);

	return p == MAP_FAILED ? -1 : 0;
}

/*
 * How often the change can be made to every second page, from page `first` on. (The last one that fits
 * takes all the room there is: Linux leaves one split behind where it has room for one and needs two.)
 */
static void every_second(const char *what, int (*change)(char *), size_t first)
{
	size_t n = 0;

	mmap(AREA, 4 * ROOM * PAGE, RW, ANON | MAP_FIXED, -1, 0);
	if (first == 0)
		fill(AREA + GIB / 4, 1); /* the first page takes one split, the others two */
	if (change == unlock)
		syscall(SYS_mlock2, AREA, 4 * ROOM * PAGE, MLOCK_ONFAULT);
	while (n < 2 * ROOM && change(AREA + (2 * n + first) * PAGE) == 0)
		n++;
	say("%s from page %zu: %zu times, then %s\n", what, first, n, strerrorname_np(errno));
	say("%zu mappings more\n", fill(AREA + GIB / 2, ROOM + 1));
	munmap(AREA, 2 * GIB);
}

/* An area that is one mapping, and may be split so many times. (mmap may make one more than that.) */
static char *area(size_t splits)
{
	char *p = mmap(AREA, 16 * PAGE, RW, ANON | MAP_FIXED, -1, 0);

	fill(AREA + GIB / 2, ROOM - 2 - splits);
	return p;
}

static void no_area(void)
{
	munmap(AREA, 2 * GIB);
}

/* Borders move and mappings join where none more is needed. */
static void borders(const char *what, int (*change)(char *))
{
	char *p = area(3);

	say("%s\n", what);
	TRY(change(p + 4 * PAGE));
	TRY(change(p));
	TRY(change(p + 9 * PAGE));
	TRY(change(p + 15 * PAGE));
	TRY(change(p + 5 * PAGE));
	TRY(change(p + 3 * PAGE));
	TRY(change(p + 10 * PAGE));
	TRY(change(p + 6 * PAGE));
	TRY(change(p + 7 * PAGE));
	TRY(change(p + 8 * PAGE));
	TRY(change(p + 1 * PAGE));
	TRY(change(p + 2 * PAGE));
	TRY(change(p + 12 * PAGE));
	TRY(change(p + 14 * PAGE));
	no_area();
}

/* A range that takes in several mappings, or their ends. */
static void ranges(void)
{
	char *p = area(2);

	TRY(mprotect(p + 4 * PAGE, 4 * PAGE, PROT_READ));
	TRY(mprotect(p + 6 * PAGE, 4 * PAGE, PROT_READ)); /* moves the upper border */
	TRY(mprotect(p + 2 * PAGE, 4 * PAGE, PROT_READ)); /* the lower */
	TRY(mprotect(p + 1 * PAGE, 4 * PAGE, PROT_NONE)); /* one more is needed */
	TRY(mprotect(p + 6 * PAGE, 8 * PAGE, PROT_NONE));
	TRY(mprotect(p, 16 * PAGE, PROT_READ));
	TRY(mprotect(p, 16 * PAGE, RW));
	TRY(mprotect(p + 1 * PAGE, PAGE, PROT_READ));
	no_area();
}

int main(void)
{
	size_t all = fill(FILLER, 100000);

	say("mmap: %s\n", strerrorname_np(errno));
	munmap(FILLER + 2 * (all - ROOM) * PAGE, 2 * ROOM * PAGE);
	every_second("mprotect", protect, 0);
	every_second("mprotect", protect, 1);
	every_second("mlock2", lock, 0);
	every_second("mlock2", lock, 1);
	every_second("munlock", unlock, 1);
	every_second("MADV_DONTFORK", dont_fork, 0);
	every_second("MADV_DONTFORK", dont_fork, 1);
	every_second("MADV_WIPEONFORK", wipe, 1);
	every_second("munmap", unmap, 1);
	every_second("mmap", replace, 1);
	every_second("mremap", move, 1);
	borders("mprotect", protect);
	borders("mlock2", lock);
	borders("MADV_DONTFORK", dont_fork);
	ranges();
	return 0;
}
