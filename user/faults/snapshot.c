/* SPDX-License-Identifier: MIT */
/* Snapshots of a running program by a thread with a userfaultfd: checkpoint.c without signals. */
/*
 * Where the kernel can write-protect by userfaultfd, a snapshot begins by that: the first write to a
 * page waits until the thread has saved the page and taken the protection away. Otherwise
 * mremap(MREMAP_DONTUNMAP) moves all pages elsewhere, and the empty memory that they leave is
 * registered as missing: the first access to a page waits until the thread has saved the page and
 * copied it back. Either way the program saves a page itself after each of its steps.
 */
#define _GNU_SOURCE
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "faults.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

#define PAGES	  64ul
#define SIZE	  (PAGES * PAGE)
#define SNAPSHOTS 8
#define WORK	  48 /* writes of the program during a snapshot */

static char *memory;
static char *away; /* where the pages are that are not back yet; NULL: it is write-protected */
static int file, uffd, end;
static bool protects;
static atomic_bool saved[PAGES]; /* in this snapshot */
static atomic_long waited;	 /* pages that the program waited for */

static void protect(char *at, size_t len, uint64_t mode)
{
	struct uffdio_writeprotect arg = { .range = { (uintptr_t)at, len }, .mode = mode };

	if (ioctl(uffd, UFFDIO_WRITEPROTECT, &arg) != 0)
		faults_die("UFFDIO_WRITEPROTECT");
}

/* Saves a page as it was when the snapshot began. Then the program can write it. */
static void snapshot_save(size_t i)
{
	char *page = memory + i * PAGE, *from = away ? away + i * PAGE : page;

	saved[i] = true;
	if (pwrite(file, from, PAGE, (off_t)(i * PAGE)) != (ssize_t)PAGE)
		faults_die("pwrite");
	if (away)
		faults_userfault_give(uffd, page, from);
	else
		protect(page, PAGE, 0);
}

/* The thread. While it saves a page, the program waits for it: they never save at once. */
static void *save_what_is_touched(void *unused)
{
	char *page;

	while ((page = faults_userfault_next(uffd, end))) {
		waited++;
		snapshot_save((size_t)(page - memory) / PAGE);
	}
	return unused;
}

static void snapshot_begin(void)
{
	for (size_t i = 0; i < PAGES; i++)
		saved[i] = false;
	if (protects) {
		faults_userfault_register(uffd, memory, SIZE, UFFDIO_REGISTER_MODE_WP);
		protect(memory, SIZE, UFFDIO_WRITEPROTECT_MODE_WP);
		return;
	}
	away = mremap(memory, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
	if (away == MAP_FAILED)
		faults_die("mremap");
	faults_userfault_register(uffd, memory, SIZE, UFFDIO_REGISTER_MODE_MISSING);
}

static void snapshot_end(void)
{
	faults_userfault_unregister(uffd, memory, SIZE);
	if (away)
		munmap(away, SIZE);
	away = NULL;
}

/* Saves the next page in the background. Returns false if all are saved. */
static bool snapshot_save_next(void)
{
	for (size_t i = 0; i < PAGES; i++)
		if (!saved[i]) {
			snapshot_save(i);
			return true;
		}
	return false;
}

static uint64_t snapshot_sum(const char *bytes)
{
	uint64_t hash = 14695981039346656037u;

	for (size_t i = 0; i < SIZE; i += sizeof(uint64_t))
		hash = (hash ^ *(const uint64_t *)(bytes + i)) * 1099511628211u;
	return hash;
}

static void snapshot_work(uint64_t *random)
{
	uint64_t r = faults_random(random);

	*(volatile uint64_t *)(memory + r % (SIZE / 8) * 8) = r;
}

/* Makes a snapshot while the program runs. Returns whether it holds the memory at its start. */
static bool snapshot(uint64_t *random)
{
	uint64_t expected = snapshot_sum(memory);
	char *back;
	bool right;

	snapshot_begin();
	for (int i = 0; i < WORK; i++) {
		snapshot_work(random);
		snapshot_save_next();
	}
	while (snapshot_save_next())
		snapshot_work(random);
	snapshot_end();
	back = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, file, 0);
	if (back == MAP_FAILED)
		faults_die("mmap");
	right = snapshot_sum(back) == expected;
	munmap(back, SIZE);
	return right;
}

void snapshot_run(struct faults_result *ret)
{
	uint64_t random = 6;
	pthread_t thread;

	protects = faults_userfault_offers(UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	uffd = faults_userfault_open(protects ? UFFD_FEATURE_PAGEFAULT_FLAG_WP : 0);
	file = memfd_create("snapshot", 0);
	end = eventfd(0, 0);
	if (file < 0 || end < 0 || ftruncate(file, SIZE) != 0)
		faults_die("memfd_create");
	memory = faults_reserve(SIZE);
	mprotect(memory, SIZE, PROT_READ | PROT_WRITE);
	for (size_t i = 0; i < SIZE; i += PAGE)
		*(volatile uint64_t *)(memory + i) =
			i; /* only pages that are there can be protected */
	waited = 0;
	if (pthread_create(&thread, NULL, save_what_is_touched, NULL) != 0)
		faults_die("pthread_create");
	ret->right = true;
	for (int i = 0; i < SNAPSHOTS; i++)
		ret->right &= snapshot(&random);
	eventfd_write(end, 1);
	pthread_join(thread, NULL);
	ret->faults = waited;
	ret->figures[0] = SNAPSHOTS;
	ret->figures[1] = (long)(SNAPSHOTS * PAGES);
	munmap(memory, SIZE);
	close(uffd);
	close(end);
	close(file);
}
