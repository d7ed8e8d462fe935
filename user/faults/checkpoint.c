/* SPDX-License-Identifier: MIT */
/* A checkpoint of a program that goes on while it is made: the state of one moment, saved page by page. */
/*
 * All pages become read-only at that moment, and are saved one after the other. A write to one
 * whose turn has not come yet faults: the handler saves it first. So the program stops for as long
 * as it takes to save the pages it writes, and never for all of them.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "faults.h"

#define PAGES	    64
#define CHECKPOINTS 8
#define WORK	    48 /* writes of the program during one */

static char *state;
static int file;
static volatile bool saved
	[PAGES]; /* in this checkpoint; the handler's too: any write to the state may set one */

static bool save(size_t i)
{
	char *page = state + i * PAGE;

	saved[i] = true;
	return pwrite(file, page, PAGE, (off_t)(i * PAGE)) == (ssize_t)PAGE &&
	       mprotect(page, PAGE, PROT_READ | PROT_WRITE) == 0;
}

static bool serve(char *page)
{
	size_t i = (size_t)(page - state) / PAGE;

	return page >= state && i < PAGES && !saved[i] && save(i);
}

static uint64_t sum(const char *bytes)
{
	uint64_t hash = 14695981039346656037u;

	for (size_t i = 0; i < PAGES * PAGE; i += sizeof(uint64_t))
		hash = (hash ^ *(const uint64_t *)(bytes + i)) * 1099511628211u;
	return hash;
}

/* The next page in the background; false: all are saved. */
static bool save_next(void)
{
	for (size_t i = 0; i < PAGES; i++)
		if (!saved[i])
			return save(i);
	return false;
}

static void work(uint64_t *random)
{
	uint64_t r = faults_random(random);

	*(uint64_t *)(state + r % (PAGES * PAGE / 8) * 8) = r;
}

/* One checkpoint with the program at work in between: is what was saved what there was? */
static bool checkpoint(uint64_t *random)
{
	uint64_t expected = sum(state);
	char *back;
	bool right;

	for (size_t i = 0; i < PAGES; i++)
		saved[i] = false;
	if (mprotect(state, PAGES * PAGE, PROT_READ) != 0)
		faults_die("mprotect");
	for (int i = 0; i < WORK; i++) {
		work(random);
		save_next();
	}
	while (save_next())
		work(random);
	back = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_PRIVATE, file, 0);
	if (back == MAP_FAILED)
		faults_die("mmap");
	right = sum(back) == expected;
	munmap(back, PAGES * PAGE);
	return right;
}

void checkpoint_run(struct faults_result *ret)
{
	uint64_t random = 2;

	file = memfd_create("checkpoint", 0);
	if (file < 0 || ftruncate(file, PAGES * PAGE) != 0)
		faults_die("memfd_create");
	state = faults_reserve(PAGES * PAGE);
	mprotect(state, PAGES * PAGE, PROT_READ | PROT_WRITE);
	faults_handle(serve);
	ret->right = true;
	for (int i = 0; i < CHECKPOINTS; i++)
		ret->right &= checkpoint(&random);
	ret->faults = faults_handled();
	ret->figures[0] = CHECKPOINTS;
	ret->figures[1] = (long)CHECKPOINTS * PAGES;
	faults_handle_end();
	munmap(state, PAGES * PAGE);
	close(file);
}
