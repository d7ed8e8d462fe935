/* SPDX-License-Identifier: MIT */
/* An object whose bytes are known, for tests: a file that sometimes has no room for a request. */
#include "known_file.h"

#include "abi/errno.h"
#include "mm/host.h"
#include "mm/object/page_cache.h"

unsigned file_reads, file_pauses, file_destroyed;
struct waitq file_room;
void (*file_meanwhile)(void);

static void run_meanwhile(void)
{
	void (*now)(void) = file_meanwhile;

	file_meanwhile = NULL;
	if (now)
		now();
}

unsigned char file_byte(uint64_t pos)
{
	return (unsigned char)(pos * 37 + (pos >> 12) + 1);
}

static int file_read(struct object *object, struct page *page, struct vm_wait *wait)
{
	unsigned char *bytes = page_address(page);
	uint64_t index = page->index;

	(void)object;
	run_meanwhile();
	if (++file_reads % 3 == 0) {
		*wait = (struct vm_wait){ .queue = &file_room, .seq = waitq_sample(&file_room) };
		return VM_WAIT;
	}
	for (unsigned i = 0; i < PAGE_SIZE; i++) {
		uint64_t pos = (index << PAGE_SHIFT) + i;

		bytes[i] = pos < FILE_BYTES ? file_byte(pos) : 0;
	}
	page_read_done(page, 0);
	return 0;
}

static int broken_read(struct object *object, struct page *page, struct vm_wait *wait)
{
	(void)object, (void)wait;
	page_read_done(page, -EIO);
	return 0;
}

static void file_destroy(struct object *object)
{
	file_destroyed++;
}

const struct object_ops file_ops = { .name = "file",
				     .read_page = file_read,
				     .destroy = file_destroy };
const struct object_ops broken_ops = { .name = "broken",
				       .read_page = broken_read,
				       .destroy = file_destroy };

static int pause_counted(struct vm_wait *wait)
{
	file_pauses++;
	run_meanwhile();
	if (test_below(8) == 0)
		object_trim();
	return 0;
}

void file_start(void)
{
	memory_start(2048, NULL, 0);
	waitq_init(&file_room);
	mm_host.pause = pause_counted;
}
