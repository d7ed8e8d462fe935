/* SPDX-License-Identifier: MIT */
/* mincore of many pages at once: those that were touched here and there, across page tables, and those of a file. */
#include "t.h"

#define TABLE (2 * MIB)
#define FIRST 37u /* pages before the border of a page table */
#define PAGES 1300u

static unsigned char present[PAGES];

/* What is there, by runs of pages that are alike: how many there are, and a sum of where they begin. */
static void show(const char *what, const char *at, size_t pages)
{
	unsigned runs = 1, sum = 0;

	memset(present, 0xff, sizeof(present));
	TRY(mincore((void *)at, pages * PAGE, present));
	for (unsigned i = 1; i < pages; i++) {
		if (present[i] == present[i - 1])
			continue;
		runs++;
		sum = sum * 31 + i;
	}
	say("%s: the first %u, the last %u, %u runs, sum %08x\n", what, present[0],
	    present[pages - 1], runs, sum);
}

/*
 * Never a page beside another one, ahead of which more would be filled. What is written looks like entries of page tables: who reads on
 * behind the end of a table comes to that.
 */
static void touch(char *at, size_t pages)
{
	for (size_t page = 1, step = 2; page < pages; page += step, step = 2 + (step * 5 + 1) % 7)
		for (size_t i = 0; i < PAGE; i += sizeof(uint64_t))
			*(volatile uint64_t *)(at + page * PAGE + i) = 0x200800df;
}

static char *reserve(void)
{
	char *at = mmap(NULL, 4 * TABLE, PROT_NONE, ANON, -1, 0);

	return (char *)(((uintptr_t)at + TABLE) & ~(TABLE - 1)) + TABLE - FIRST * PAGE;
}

static void memory(char *at)
{
	if (mmap(at, PAGES * PAGE, RW, ANON | MAP_FIXED, -1, 0) != at)
		_exit(98);
	show("nothing", at, PAGES);
	touch(at, PAGES);
	show("some", at, PAGES);
	show("from the middle of a table", at + (FIRST + 100) * PAGE, 700);
	show("to the border", at, FIRST);
	show("over the border", at + (FIRST - 1) * PAGE, 66);
	TRY(madvise(at + 60 * PAGE, 500 * PAGE, MADV_DONTNEED));
	show("a part is gone", at, PAGES);
	TRY(munmap(at + 600 * PAGE, PAGE));
	TRY(mincore(at, PAGES * PAGE, present));
	show("before the hole", at, 600);
}

static void file(char *at)
{
	int fd = memfd_create("pages", 0);
	char byte = 1;

	if (fd < 0 || ftruncate(fd, PAGES * PAGE) != 0)
		_exit(98);
	for (unsigned page = 0; page < PAGES; page += 3 + page % 4)
		if (pwrite(fd, &byte, 1, (off_t)(page * PAGE)) != 1)
			_exit(98);
	for (int shared = 0; shared < 2; shared++) {
		if (mmap(at, PAGES * PAGE, RW, MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE), fd,
			 0) != at)
			_exit(98);
		show(shared ? "shared, not touched" : "private, not touched", at, PAGES);
		touch(at, 300);
		show("touched", at, PAGES);
	}
	close(fd);
}

int main(void)
{
	char *at = reserve();

	memory(at);
	file(at);
	return 0;
}
