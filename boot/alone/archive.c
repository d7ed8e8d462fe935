/* SPDX-License-Identifier: MIT */
/* The files of the boot archive, as objects whose missing pages are copied from it. */
#include "boot/alone/archive.h"

#include "abi/errno.h"
#include "abi/stat.h"
#include "base/log.h"
#include "lib/bits.h"
#include "lib/cpio.h"
#include "lib/list.h"
#include "lib/string.h"
#include "mm/object/object.h"
#include "mm/object/page_cache.h"
#include "mm/phys/kmalloc.h"

/* const after boot, but for the object */
struct archive_file {
	struct list link;
	const char *name;    /* in the archive, as its bytes are */
	const uint8_t *data; /* as many bytes as the object had at first; nothing makes it longer */
	struct object object;
};

static struct list files = LIST_INIT(files); /* const after boot */

static struct archive_file *archive_file_of(const struct object *object)
{
	return (struct archive_file *)((char *)object - offsetof(struct archive_file, object));
}

static int archive_read_page(struct object *object, struct page *page, struct vm_wait *wait)
{
	uint64_t from = page->index << PAGE_SHIFT;
	size_t n = MIN(object->size - from, PAGE_SIZE);
	uint8_t *to = page_address(page);

	(void)wait;
	memcpy(to, archive_file_of(object)->data + from, n);
	memset(to + n, 0, PAGE_SIZE - n);
	page_read_done(page, 0);
	return 0;
}

static const struct object_ops archive_ops = {
	.name = "file of the archive",
	.read_page = archive_read_page,
};

static int add(const struct cpio_entry *entry)
{
	struct archive_file *file = kmalloc(sizeof(*file));

	if (!file)
		return -ENOMEM;
	file->name = entry->name;
	file->data = entry->data;
	object_init(&file->object, &archive_ops, entry->size);
	list_add_tail(&files, &file->link);
	/* gcc-analyzer-suppress malloc-leak ; it is on the list now */
	return 0;
}

int archive_read(const void *data, size_t size, const char **why_ret)
{
	struct cpio_entry entry;
	struct cpio cpio;
	unsigned count = 0;
	int more, err = 0;

	cpio_init(&cpio, data, size);
	while (!err && (more = cpio_next(&cpio, &entry)) > 0) {
		if (!S_ISREG(entry.mode)) {
			log_debug("boot", "archive: skipped %s, which is no regular file",
				  entry.name);
			continue;
		}
		err = add(&entry);
		count++;
	}
	if (err || more < 0) {
		*why_ret = err ? "no memory for its names" : cpio.why;
		return err ?: -EINVAL;
	}
	log_info("boot", "archive of %zu KiB: %u files", size / 1024, count);
	return 0;
}

struct object *archive_find(const char *name)
{
	struct archive_file *file;

	while (*name == '/')
		name++;
	list_for_each_entry(file, &files, link)
		if (strcmp(file->name, name) == 0)
			return &file->object;
	return NULL;
}

const char *archive_name(const struct object *object)
{
	return object->ops == &archive_ops ? archive_file_of(object)->name : NULL;
}

void archive_holds(void)
{
	struct archive_file *file;

	list_for_each_entry(file, &files, link)
		object_found(&file->object);
}
