/* SPDX-License-Identifier: MIT */
/* The disk behind the model's files: quick, slow, or with bad pages. */
#include "disk.h"

#include <stdlib.h>
#include <string.h>

#include "abi/errno.h"
#include "counts.h"
#include "mm/object/page_cache.h"
#include "swap_area.h"

/* A read that the disk has not answered yet. */
struct request {
	struct page *page;
	const unsigned char *bytes; /* NULL: it will fail */
};

#define REQUESTS (FILES * FILE_PAGES)

static struct request requests[REQUESTS];
static unsigned nrequests, waited;
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
}

const unsigned char *disk_bytes(unsigned file, uint64_t pos)
{
	return row + files[file].generation % GENERATIONS * STRIDE + pos;
}

static void answer(struct request request)
{
	if (request.bytes)
		memcpy(page_address(request.page), request.bytes, PAGE_SIZE);
	page_read_done(request.page, request.bytes ? 0 : -EIO);
}

unsigned disk_pending(void)
{
	return nrequests;
}

/* In another order each time. */
void disk_complete(void)
{
	waited = 0;
	while (nrequests) {
		unsigned which = (generations + nrequests * 5) % nrequests;
		struct request request = requests[which];

		requests[which] = requests[--nrequests];
		answer(request);
	}
}

/* Up to twice it is too early to ask again. */
void disk_waited(void)
{
	counts.waits_disk++;
	counts.early += waited > 0;
	if (++waited > 1 + generations % 3) {
		disk_complete();
		area_waited();
	}
}

static unsigned file_of(const struct object *object)
{
	for (unsigned f = 0; f < FILES; f++) {
		if (files[f].object == object)
			return f;
	}
	failed("a read of a file that is gone");
}

static int disk_read(struct object *object, struct page *page, struct vm_wait *wait)
{
	unsigned file = file_of(object);
	struct request request = { .page = page };

	(void)wait;
	expect(page->index < FILE_PAGES, "a read beyond the end");
	if (!disk_is_bad(file, page->index))
		request.bytes = disk_bytes(file, page->index << PAGE_SHIFT);
	if (disk_quick || file != 1) {
		answer(request);
		return 0;
	}
	expect(nrequests < REQUESTS, "too many reads");
	requests[nrequests++] = request;
	return 0;
}

static void disk_destroy(struct object *object)
{
	free(object);
}

static const struct object_ops disk_ops = { .name = "disk",
					    .read_page = disk_read,
					    .destroy = disk_destroy };

/* There is room for every page. They are counted for the file, and not for one whose place it has taken. */
static uint64_t charged;

static bool is_file(const struct object *object)
{
	return object == files[2].object;
}

static bool memory_charge(struct object *object)
{
	charged += is_file(object);
	return true;
}

static void memory_uncharge(struct object *object)
{
	charged -= is_file(object);
}

void disk_check(unsigned file)
{
	const struct object *object = files[file].object;

	if (object->ops->charge)
		expect(charged == object->npages + object->nswapped,
		       "%lu pages are charged for, of %lu and %lu in swap", (unsigned long)charged,
		       (unsigned long)object->npages, (unsigned long)object->nswapped);
}

static const struct object_ops memory_ops = { .name = "memory",
					      .charge = memory_charge,
					      .uncharge = memory_uncharge,
					      .destroy = disk_destroy };

void disk_make(unsigned n)
{
	struct model_file *f = &files[n];

	memset(f, 0, sizeof(*f));
	f->generation = ++generations;
	f->size = 70 * PAGE_SIZE + 1234;
	f->object = malloc(sizeof(*f->object));
	if (n == 2) {
		charged = 0;
		object_init(f->object, &memory_ops, f->size);
		return;
	}
	f->backed = f->size;
	object_init(f->object, &disk_ops, f->size);
	memcpy(f->byte, disk_bytes(n, 0), f->size);
}
