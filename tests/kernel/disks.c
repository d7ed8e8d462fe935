/* SPDX-License-Identifier: MIT */
/* A disk, if the machine has one: what is written is read back, with many requests in flight. */
#include "abi/errno.h"
#include "base/block.h"
#include "lib/bits.h"
#include "mm/phys/page_alloc.h"
#include "proc/wait.h"
#include "tests/kernel/ktest.h"

#define PAGES	 1024u
#define REQUESTS 256u
#define ROUNDS	 4u
#define NOT_DONE 1

static struct page *pages[PAGES];
static struct block_request requests[REQUESTS];
static int results[REQUESTS];
static unsigned ended;
static struct waitq ends = WAITQ_INIT(ends);

static void request_done(struct block_request *request, int result)
{
	int *result_at = request->owner;

	if (*result_at != NOT_DONE)
		ktest_fail(__FILE__, __LINE__, "done once", NOT_DONE, (uint64_t)*result_at);
	*result_at = result;
	atomic_add(&ended, 1);
	waitq_wake_all(&ends);
}

static void submit(struct block_device *disk, unsigned i)
{
	requests[i].done = request_done;
	requests[i].owner = &results[i];
	results[i] = NOT_DONE;
	block_submit(disk, &requests[i]);
}

static void wait_for(unsigned n)
{
	for (;;) {
		uint64_t seq = waitq_sample(&ends);

		if (atomic_load(&ended) == n)
			break;
		thread_wait_always(&ends, seq);
	}
	ended = 0;
}

static uint64_t pattern(unsigned round, unsigned page, unsigned word)
{
	return (uint64_t)round << 56 | (uint64_t)page << 32 | word * 2654435761u;
}

static void fill(unsigned round)
{
	for (unsigned i = 0; i < PAGES; i++)
		for (unsigned word = 0; word < PAGE_SIZE / 8; word++)
			((uint64_t *)page_address(pages[i]))[word] = pattern(round, i, word);
}

static unsigned count_wrong(unsigned round)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < PAGES; i++)
		for (unsigned word = 0; word < PAGE_SIZE / 8; word++)
			wrong += ((uint64_t *)page_address(pages[i]))[word] !=
				 pattern(round, i, word);
	return wrong;
}

/* Transfers all pages, in requests of random sizes, all of them submitted before the first wait. */
static void transfer(struct block_device *disk, uint64_t first_sector, bool write)
{
	unsigned at = 0, n = 0;

	while (at < PAGES && n < REQUESTS) {
		struct block_request *request = &requests[n];

		request->sector = first_sector + (uint64_t)at * SECTORS_PER_PAGE;
		request->write = write;
		request->npages = 1 + (unsigned)ktest_random() % (n % 2 ? 4 : BLOCK_PAGES_MAX);
		if (n == REQUESTS - 1 || request->npages > PAGES - at)
			request->npages = MIN(PAGES - at, BLOCK_PAGES_MAX);
		for (unsigned i = 0; i < request->npages; i++)
			request->pages[i] = page_to_paddr(pages[at++]);
		submit(disk, n++);
	}
	wait_for(n);
	EXPECT_EQ(PAGES, at);
	for (unsigned i = 0; i < n; i++)
		EXPECT_EQ(0, results[i]);
}

static bool get_pages(void)
{
	for (unsigned i = 0; i < PAGES; i++) {
		pages[i] = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
		if (!pages[i])
			return false;
	}
	return true;
}

static void put_pages(void)
{
	for (unsigned i = 0; i < PAGES && pages[i]; i++) {
		page_free(pages[i], 0);
		pages[i] = NULL;
	}
}

KTEST(disk_keeps_what_is_written)
{
	struct block_device *disk = block_at(0);
	uint64_t space = (uint64_t)PAGES * SECTORS_PER_PAGE;

	if (!disk || disk->read_only || disk->sectors < space) {
		ktest_skip("no disk");
		return;
	}
	if (get_pages()) {
		for (unsigned round = 1; round <= ROUNDS; round++) {
			/* The last round is at the disk's end. */
			uint64_t sector = (disk->sectors - space) / ROUNDS * round /
					  SECTORS_PER_PAGE * SECTORS_PER_PAGE;

			if (round == ROUNDS)
				sector = disk->sectors - space;
			fill(round);
			transfer(disk, sector, true);
			fill(0);
			transfer(disk, sector, false);
			EXPECT_EQ(0, count_wrong(round));
		}
	} else {
		ktest_fail(__FILE__, __LINE__, "memory", 1, 0);
	}
	put_pages();
}

KTEST(disk_refuses_what_it_cannot_do)
{
	struct block_device *disk = block_at(0);
	struct block_request *request = requests;

	if (!disk) {
		ktest_skip("no disk");
		return;
	}
	for (unsigned i = 0; i < 5; i++, request++)
		*request = (struct block_request){ .npages = 1 };
	requests[0].sector = disk->sectors;
	requests[1].sector = disk->sectors - SECTORS_PER_PAGE;
	requests[1].npages = 2;
	requests[2].sector = UINT64_MAX - 7;
	requests[3].sector = 1;
	requests[4].npages = 0;
	for (unsigned i = 0; i < 5; i++)
		submit(disk, i);
	wait_for(5);
	for (unsigned i = 0; i < 5; i++)
		EXPECT_EQ(-EIO, results[i]);
}

KTEST(disk_that_is_read_only_is_not_written_to)
{
	struct block_device *disk = block_at(0);

	if (!disk || !disk->read_only) {
		ktest_skip("no disk that is read-only");
		return;
	}
	ASSERT_TRUE((pages[0] = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL)));
	for (unsigned i = 0; i < 2; i++) {
		requests[i] = (struct block_request){ .npages = 1, .write = i == 0 };
		requests[i].pages[0] = page_to_paddr(pages[0]);
		submit(disk, i);
	}
	wait_for(2);
	EXPECT_EQ(-EIO, results[0]);
	EXPECT_EQ(0, results[1]);
	put_pages();
}
