/* SPDX-License-Identifier: MIT */
/* The swap disk of tests: an array, and requests that wait for the test. */
#include "swap_disk.h"

#include <stdlib.h>
#include <string.h>

#include "abi/errno.h"
#include "arch/page.h"
#include "mm/swap/swap_cache.h"
#include "mm/vm_wait.h"
#include "tests/host/lib/test.h"

struct block_request *disk_requests[DISK_REQUESTS];
unsigned disk_count, disk_reads, disk_writes, disk_pages_read, disk_pages_written;
bool disk_at_once;
uint64_t disk_bad_slot;

static unsigned char *bytes;

static void submit(struct block_device *device, struct block_request *request)
{
	assert_true(disk_count < DISK_REQUESTS);
	assert_int_equal(0, request->sector % SECTORS_PER_PAGE);
	assert_in_range(request->npages, 1, BLOCK_PAGES_MAX);
	assert_true(request->sector >= SECTORS_PER_PAGE); /* the header stays */
	assert_true(request->sector + request->npages * SECTORS_PER_PAGE <= device->sectors);
	disk_requests[disk_count++] = request;
	disk_reads += !request->write;
	disk_writes += request->write;
	*(request->write ? &disk_pages_written : &disk_pages_read) += request->npages;
	if (disk_at_once)
		disk_end(disk_count - 1, 0);
}

static const struct block_ops ops = { .submit = submit };
static struct block_device disk = { .name = "disk", .ops = &ops };

static void start(unsigned pages, const uint32_t *bad, unsigned nbad)
{
	disk.sectors = pages * SECTORS_PER_PAGE;
	free(bytes);
	bytes = malloc(disk.sectors * SECTOR_SIZE);
	assert_non_null(bytes);
	memset(bytes, 0xdb, disk.sectors * SECTOR_SIZE);
	disk_bad_slot = 0;
	disk_count = disk_reads = disk_writes = disk_pages_read = disk_pages_written = 0;
	assert_int_equal(0, swap_area_start(&disk, pages, bad, nbad));
}

void disk_start(unsigned slots)
{
	start(slots + 1, NULL, 0);
}

void disk_start_apart(unsigned slots)
{
	uint32_t *bad = malloc(slots * sizeof(*bad));

	assert_non_null(bad);
	for (unsigned i = 0; i < slots; i++)
		bad[i] = 2 * i + 2;
	start(2 * slots + 1, bad, slots);
	free(bad);
}

/* All slots have come back. */
void disk_stop(void)
{
	disk_end_all();
	assert_int_equal(swap_census().usable, swap_free());
	swap_area_stop();
	free(bytes);
	bytes = NULL;
}

static void transfer(const struct block_request *request, unsigned i, int result)
{
	unsigned char *there = bytes + request->sector * SECTOR_SIZE + i * PAGE_SIZE;
	unsigned char *frame = arch_phys_to_virt(request->pages[i]);

	if (request->write)
		memcpy(there, frame, result ? PAGE_SIZE / 2 : PAGE_SIZE);
	else if (result)
		memset(frame, 0xee, PAGE_SIZE);
	else
		memcpy(frame, there, PAGE_SIZE);
}

void disk_end(unsigned n, int result)
{
	struct block_request *request = disk_requests[n];
	uint64_t slot = request->sector / SECTORS_PER_PAGE;

	if (slot <= disk_bad_slot && disk_bad_slot < slot + request->npages)
		result = -EIO;
	disk_count--;
	memmove(&disk_requests[n], &disk_requests[n + 1], (disk_count - n) * sizeof(request));
	for (unsigned i = 0; i < request->npages; i++)
		transfer(request, i, result);
	request->done(request, result);
}

void disk_end_all(void)
{
	while (disk_count)
		disk_end(0, 0);
}

int disk_pause(struct vm_wait *wait)
{
	if (wait && disk_count)
		disk_end(test_below(disk_count), 0);
	return 0;
}
