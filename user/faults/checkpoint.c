/* SPDX-License-Identifier: MIT */
/* Checkpoints of a running program: each saves the program's state of one moment, page by page. */
/*
 * A checkpoint first makes all pages read-only and then saves one after the other in the
 * background. A write to a page that is not saved yet faults, and the handler saves the page first.
 * So the program waits only for the pages that it writes, never for all of them.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "faults.h"

#define PAGES	    64
#define CHECKPOINTS 8
#define WORK	    48 /* writes of the program during a checkpoint */

static char *state;
static int file;
/* Saved in this checkpoint? volatile: any write to the state may run the handler. */
static volatile bool saved[PAGES];

static bool save(size_t i)
{
	char *page = state + i * PAGE;

	saved[i] = true;
	return pwrite(file, page, PAGE, (off_t)(i * PAGE)) == (ssize_t)PAGE &&
	       mprotect(page, PAGE, PROT_READ | PROT_WRITE) == 0;
}

static bool checkpoint_serve(char *page)
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

/* Saves the next page in the background. Returns false if all are saved or on an error. */
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

/* Makes a checkpoint while the program runs. Returns whether it holds the state at its start. */
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
	faults_handle(checkpoint_serve);
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
