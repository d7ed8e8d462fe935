/* SPDX-License-Identifier: MIT */
/* fallocate: room that a file's bytes take, had ahead and given back. */
#include <string.h>

#include "counts.h"
#include "expect.h"
#include "mm/object/object_size.h"
#include "ops.h"
#include "peek.h"
#include "linux/mem/object_room.h"

/* The first byte in [start, end) of a page that can't be read; or end. */
static uint64_t first_bad(unsigned f, uint64_t start, uint64_t end)
{
	for (uint64_t index = start >> PAGE_SHIFT; index << PAGE_SHIFT < end; index++) {
		if (file_is_bad(f, index))
			return MAX(start, index << PAGE_SHIFT);
	}
	return end;
}

static void begin(unsigned f, enum busy_kind kind)
{
	if (depth == 1)
		busy = (struct busy){ .kind = kind, .file = (int)f, .size = files[f].size };
}

/*
 * Of [start, end) there are zeros, up to the first page that can't be read. What is behind the end of
 * the file may stay, or go.
 */
static void check_punch(unsigned f, uint64_t start, uint64_t end, int result)
{
	struct model_file *file = &files[f];
	uint64_t stop = MAX(start, MIN(end, file->size)), done = first_bad(f, start, stop);

	if (out_of_memory() || killed || disturbed || depth > 1) {
		peek_settle_file(f, 0, FILE_PAGES * PAGE_SIZE);
		return;
	}
	counts.way[WAY_PUNCH] += done > start;
	if (plant != PLANT_PUNCH)
		memset(file->byte + start, 0, done - start);
	expect(result == (done < stop ? -EIO : 0), "a hole ended with %d", result);
	if (done < stop)
		peek_settle_file(f, done, FILE_PAGES * PAGE_SIZE);
	else if (end >= file->size)
		peek_settle_file(f, ALIGN_DOWN(file->size, PAGE_SIZE), PAGE_SIZE);
}

void op_punch(const struct op *op)
{
	unsigned f = (unsigned)op->arg[0] % FILES;
	uint64_t start = (unsigned)op->arg[1] % (FILE_PAGES * PAGE_SIZE);
	uint64_t end = MIN(start + (unsigned)op->arg[2], FILE_PAGES * PAGE_SIZE);
	int result;

	if (!file_begin(f))
		return;
	begin(f, BUSY_BYTES);
	note_file_out(f);
	do
		result = object_punch(files[f].object, start, end);
	while (!out_of_memory() && run_again(result == -EIO));
	check_punch(f, start, end, result);
	file_end(f);
}

static void check_allocate(unsigned f, uint64_t start, uint64_t end, bool grow, int result)
{
	struct model_file *file = &files[f];

	counts.way[WAY_ALLOCATE] += result == 0 && start < end;
	if (result == 0 && grow)
		file->size = MAX(file->size, end);
	if (result && disturbed)
		peek_settle_file(f, 0, FILE_PAGES * PAGE_SIZE);
	if (result == -ENOSPC || result == -EINTR)
		expect(out_of_memory() || killed || gave_up, "room for bytes ended with %d",
		       result);
	else if (!disturbed)
		expect(result == (first_bad(f, start, end) != end ? -EIO : 0),
		       "room for bytes ended with %d", result);
}

void op_allocate(const struct op *op)
{
	unsigned f = (unsigned)op->arg[0] % FILES;
	uint64_t start = (unsigned)op->arg[1] % (FILE_PAGES * PAGE_SIZE);
	uint64_t end = MIN(start + (unsigned)op->arg[2], FILE_PAGES * PAGE_SIZE);
	bool grow = op->arg[3] % 2;
	int result;

	if (start == end || !file_begin(f))
		return;
	begin(f, BUSY_BYTES);
	note_file_out(f);
	do
		result = object_allocate(files[f].object, start, end, grow);
	while (!out_of_memory() && run_again(result == -EIO));
	check_allocate(f, start, end, grow, result);
	file_end(f);
}
