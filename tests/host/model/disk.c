/* SPDX-License-Identifier: MIT */
/* The disk behind the model's files: quick, slow, or with bad pages. */
#include "disk.h"

#include <stdlib.h>
#include <string.h>

#include "counts.h"
#include "sync/waitq.h"

enum request { IDLE, ASKED, DONE };

static struct waitq done;
static unsigned char request[FILES][FILE_PAGES], asked[FILES][FILE_PAGES];
static unsigned generations;
bool disk_quick;

bool disk_is_bad(unsigned file, uint64_t index)
{
	return file == 1 && index % 13 == 7;
}

/* What was on the disk: a window of one long row of bytes, another for each generation. */
#define FILE_BYTES  (FILE_PAGES * PAGE_SIZE)
#define GENERATIONS 32
#define STRIDE	    4099

static unsigned char row[FILE_BYTES + GENERATIONS * STRIDE];

void disk_boot(void)
{
	for (unsigned i = 0; i < sizeof(row); i++)
		row[i] = (unsigned char)(i * 7 + i / 4096 * 3 + i / 65536 + 1);
	waitq_init(&done);
}

const unsigned char *disk_bytes(unsigned file, uint64_t pos)
{
	return row + files[file].generation % GENERATIONS * STRIDE + pos;
}

void disk_complete(void)
{
	for (unsigned f = 0; f < FILES; f++) {
		for (unsigned i = 0; i < FILE_PAGES; i++)
			request[f][i] = request[f][i] == ASKED ? DONE : request[f][i];
	}
	waitq_wake_all(&done);
}

/* Who asks early, up to twice, is told to wait again. */
static bool must_wait(unsigned file, uint64_t index)
{
	unsigned patience = 1 + (unsigned)(index + files[file].generation) % 3;

	if (disk_quick || request[file][index] == DONE)
		return false;
	counts.early += request[file][index] == ASKED;
	request[file][index] = ASKED;
	if (++asked[file][index] > patience) {
		disk_complete();
		return false;
	}
	return true;
}

static unsigned file_of(const struct object *object)
{
	for (unsigned f = 0; f < FILES; f++) {
		if (files[f].object == object)
			return f;
	}
	failed("a fill of a file that is gone");
}

static int disk_fill(struct object *object, uint64_t index, void *to, struct vm_wait *wait)
{
	unsigned file = file_of(object);

	expect(index < FILE_PAGES, "a fill beyond the end");
	if (file == 1 && must_wait(file, index)) {
		counts.waits_disk++;
		*wait = (struct vm_wait){ .queue = &done, .seq = waitq_sample(&done) };
		return VM_WAIT;
	}
	request[file][index] = IDLE;
	asked[file][index] = 0;
	if (disk_is_bad(file, index))
		return -EIO;
	memcpy(to, disk_bytes(file, index << PAGE_SHIFT), PAGE_SIZE);
	return 0;
}

static void disk_destroy(struct object *object)
{
	free(object);
}

static const struct object_ops disk_ops = { .name = "disk",
					    .fill = disk_fill,
					    .destroy = disk_destroy };

void disk_make(unsigned n)
{
	struct model_file *f = &files[n];

	memset(f, 0, sizeof(*f));
	memset(request[n], IDLE, sizeof(request[n]));
	memset(asked[n], 0, sizeof(asked[n]));
	f->generation = ++generations;
	f->size = 70 * PAGE_SIZE + 1234;
	if (n == 2) {
		f->object = object_create_anon(f->size);
		expect(f->object, "no memory for a file");
		return;
	}
	f->backed = f->size;
	f->object = malloc(sizeof(*f->object));
	object_init(f->object, &disk_ops, f->size);
	memcpy(f->byte, disk_bytes(n, 0), f->size);
}
