/* SPDX-License-Identifier: MIT */
/* An object whose bytes are known, for tests: a file that sometimes must be waited for. */
#include "known_file.h"

#include "abi/errno.h"
#include "mm/host.h"

unsigned file_fills, file_pauses, file_destroyed;
struct waitq file_filled;
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

static int file_fill(struct object *object, uint64_t index, void *to, struct vm_wait *wait)
{
	unsigned char *bytes = to;

	run_meanwhile();
	if (++file_fills % 3 == 0 && wait) {
		*wait = (struct vm_wait){ .queue = &file_filled,
					  .seq = waitq_sample(&file_filled) };
		return VM_WAIT;
	}
	for (unsigned i = 0; i < PAGE_SIZE; i++) {
		uint64_t pos = (index << PAGE_SHIFT) + i;

		bytes[i] = pos < FILE_BYTES ? file_byte(pos) : 0;
	}
	return 0;
}

static int broken_fill(struct object *object, uint64_t index, void *to, struct vm_wait *wait)
{
	return -EIO;
}

static void file_destroy(struct object *object)
{
	file_destroyed++;
}

const struct object_ops file_ops = { .name = "file", .fill = file_fill, .destroy = file_destroy };
const struct object_ops broken_ops = { .name = "broken",
				       .fill = broken_fill,
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
	waitq_init(&file_filled);
	mm_host.pause = pause_counted;
}
