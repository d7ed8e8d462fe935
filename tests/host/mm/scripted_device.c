/* SPDX-License-Identifier: MIT */
/* A device for tests: a read ends when the test says so, in any order, well or badly. */
#include "scripted_device.h"

#include <string.h>

#include "abi/errno.h"
#include "mm/object/page_cache.h"
#include "tests/host/lib/test.h"

struct page *device_reads[DEVICE_READS];
unsigned device_count, device_started, device_destroyed;
bool device_broken, device_full, device_is_own;
struct waitq device_room;

unsigned char device_byte(uint64_t pos)
{
	return (unsigned char)(pos * 11 + pos / PAGE_SIZE * 5 + 1);
}

static int device_read(struct object *object, struct page *page, struct vm_wait *wait)
{
	assert_ptr_equal(object, page->owner);
	if (device_full) {
		*wait = (struct vm_wait){ .queue = &device_room,
					  .seq = waitq_sample(&device_room) };
		return VM_WAIT;
	}
	device_started++;
	if (device_broken) {
		page_read_done(page, -EIO);
		return 0;
	}
	assert_true(device_count < DEVICE_READS);
	device_reads[device_count++] = page;
	return 0;
}

static bool device_deadlocks(struct object *object)
{
	(void)object;
	return device_is_own;
}

static void device_destroy(struct object *object)
{
	(void)object;
	device_destroyed++;
}

const struct object_ops device_ops = { .name = "device",
				       .read_page = device_read,
				       .deadlocks = device_deadlocks,
				       .destroy = device_destroy };

void device_start(void)
{
	device_count = device_started = device_destroyed = 0;
	device_broken = device_full = device_is_own = false;
	waitq_init(&device_room);
}

void device_end(unsigned n, int result)
{
	struct page *page = device_reads[n];
	unsigned char *bytes = page_address(page);

	assert_true(n < device_count);
	memmove(&device_reads[n], &device_reads[n + 1],
		(--device_count - n) * sizeof(device_reads[0]));
	memset(bytes, 0xbd, PAGE_SIZE);
	for (unsigned i = 0; i < PAGE_SIZE && !result; i++)
		bytes[i] = device_byte((page->index << PAGE_SHIFT) + i);
	page_read_done(page, result);
}

void device_end_all(void)
{
	while (device_count)
		device_end(device_count - 1, 0);
}
