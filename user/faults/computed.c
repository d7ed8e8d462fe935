/* SPDX-License-Identifier: MIT */
/* A table of square roots that is computed on demand: the handler fills a page when it is read. */
/*
 * At most four pages exist at a time: the oldest is dropped for the next. Code that reads the table
 * uses it as an ordinary array.
 */
#define _GNU_SOURCE
#include <math.h>
#include <sys/mman.h>

#include "faults.h"

#define ENTRIES	 (1ul << 27) /* 1 GiB of doubles */
#define KEPT	 4
#define LOOKUPS	 2000
#define PER_PAGE (PAGE / sizeof(double))

static double *table;
static char *kept[KEPT]; /* a ring of the pages that exist */
static unsigned oldest;
static volatile long there, most;

static void computed_drop(char *page)
{
	madvise(page, PAGE, MADV_DONTNEED);
	mprotect(page, PAGE, PROT_NONE);
	there--;
}

static bool computed_serve(char *page)
{
	size_t first = (size_t)(page - (char *)table) / sizeof(double);
	/* cppcheck-suppress invalidPointerCast ; whole pages, made for numbers */
	double *entry = (double *)page;

	if (page < (char *)table || first >= ENTRIES)
		return false;
	if (kept[oldest])
		computed_drop(kept[oldest]);
	kept[oldest] = page;
	oldest = (oldest + 1) % KEPT;
	if (mprotect(page, PAGE, PROT_READ | PROT_WRITE) != 0)
		return false;
	for (size_t i = 0; i < PER_PAGE; i++)
		entry[i] = sqrt((double)(first + i));
	if (++there > most)
		most = there;
	return true;
}

/* Half of the lookups are near the one before, as a program's often are. */
void computed_run(struct faults_result *ret)
{
	uint64_t random = 1, at = 0;

	/* cppcheck-suppress invalidPointerCast ; whole pages, made for numbers */
	table = (double *)faults_reserve(ENTRIES * sizeof(double));
	faults_handle(computed_serve);
	ret->right = true;
	for (int i = 0; i < LOOKUPS; i++) {
		uint64_t r = faults_random(&random);

		at = (r & 1 ? at + r % PER_PAGE : r >> 8) % ENTRIES;
		ret->right &= table[at] == sqrt((double)at);
	}
	ret->faults = faults_handled();
	ret->figures[0] = LOOKUPS;
	ret->figures[1] = most;
	ret->right &= most <= KEPT;
	faults_handle_end();
	munmap(table, ENTRIES * sizeof(double));
}
