/* SPDX-License-Identifier: MIT */
/* Tests of objects: reads and writes at their limits, and where they fail; tests/host/model has them at random. */
#include "memory.h"

#include <string.h>

#include "abi/errno.h"
#include "fake.h"
#include "known_file.h"
#include "mm/check/alloc_fail.h"
#include "mm/check/ledger.h"
#include "mm/host.h"
#include "mm/object_io.h"
#include "mm/object_size.h"
#include "mm/page_cache.h"
#include "mm/phys/page_alloc.h"
#include "mm/relieve.h"
#include "mm/user_copy.h"
#include "user_memory.h"

#define BUFFER_BYTES (160u << 10)
#define USER_PAGES   24

static struct object file;
static unsigned char buffer[BUFFER_BYTES];

/* Reading what was never written takes no frame; sizes up to the largest offset work. */
TEST(sparse)
{
	struct object *object;
	unsigned char bytes[3] = { 1, 2, 3 };
	size_t before;

	file_start();
	before = page_alloc_free_count();
	object = object_create_anon(OBJECT_SIZE_MAX);
	assert_int_equal(object_read_kernel(object, 1ul << 50, buffer, BUFFER_BYTES), BUFFER_BYTES);
	for (unsigned i = 0; i < BUFFER_BYTES; i++)
		assert_int_equal(buffer[i], 0);
	assert_int_equal(object->npages, 0);
	assert_int_equal(object_set_size(object, 10), 0);
	assert_int_equal(object_write_kernel(object, OBJECT_SIZE_MAX - 2, bytes, 3), 2);
	assert_int_equal(object_size(object), OBJECT_SIZE_MAX);
	assert_int_equal(object->npages, 1);
	assert_int_equal(object_write_kernel(object, OBJECT_SIZE_MAX, bytes, 1), -EFBIG);
	assert_int_equal(object_write_kernel(object, UINT64_MAX, bytes, 3), -EFBIG);
	assert_int_equal(object_write_kernel(object, UINT64_MAX, bytes, 0), 0);
	assert_int_equal(object_read_kernel(object, UINT64_MAX, bytes, 3), 0);
	assert_int_equal(object_read_kernel(object, OBJECT_SIZE_MAX - 2, bytes, 3), 2);
	assert_int_equal(bytes[1], 2);
	assert_int_equal(object_set_size(object, OBJECT_SIZE_MAX + 1), -EFBIG);
	assert_int_equal(object_set_size(object, UINT64_MAX), -EFBIG);
	assert_int_equal(ledger_check(NULL), 0);
	assert_int_equal(object_set_size(object, 0), 0);
	assert_int_equal(object->npages, 0);
	object_put(object);
	mm_trim();
	assert_int_equal(page_alloc_free_count(), before);
}

/* R27: a bad address part-way: what was done is told, and the rest of the file is as it was. */
TEST(partial)
{
	vaddr_t last = USER_MEMORY_START + USER_PAGES * PAGE_SIZE;
	struct object *object;

	file_start();
	user_memory_start(USER_MEMORY_START, USER_PAGES);
	object = object_create_anon(0);
	assert_int_equal(object_write(object, 0, last - 6000, 10000), 6000);
	assert_int_equal(object_size(object), 6000);
	assert_int_equal(object_write(object, 6000, last, 10), -EFAULT);
	assert_int_equal(object_write(object, 6000, USER_TOP - 5, 10), -EFAULT);
	assert_int_equal(object_write(object, 9000, last, 10), -EFAULT);
	assert_int_equal(object_write(object, 6000, 0, 10), -EFAULT);
	assert_int_equal(object_write(object, 6000, USER_TOP - 5, 10), -EFAULT);
	assert_int_equal(object_write(object, 6000, UINT64_MAX - 5, 10), -EFAULT);
	assert_int_equal(object_size(object), 6000);
	assert_int_equal(object->npages, 2);
	assert_int_equal(object_read(object, 0, last - 5000, 6000), 5000);
	assert_int_equal(object_read(object, 0, last, 6000), -EFAULT);
	assert_int_equal(object_read(object, 6000, last, 6000), 0);
	assert_int_equal(ledger_check(NULL), 0);
	object_put(object);
	user_memory_end();
}

static int pause_killed(struct vm_wait *wait)
{
	return -EINTR;
}

/* A kill ends a long transfer between pages; an I/O error is told where nothing was done. */
TEST(ends_early)
{
	file_start();
	object_init(&file, &file_ops, FILE_BYTES);
	mm_host.pause = pause_killed;
	file_reads = 0;
	assert_int_equal(object_read_kernel(&file, 0, buffer, FILE_BYTES), PAGE_SIZE);
	assert_int_equal(object_write_kernel(&file, 100, buffer, FILE_BYTES), PAGE_SIZE - 100);
	file_reads = 2;
	assert_int_equal(object_read_kernel(&file, 5 * PAGE_SIZE, buffer, 10), -EINTR);
	assert_int_equal(object_set_size(&file, 0), 0);
	object_put(&file);
	object_init(&file, &broken_ops, FILE_BYTES);
	assert_int_equal(object_read_kernel(&file, 0, buffer, 10), -EIO);
	assert_int_equal(object_write_kernel(&file, 0, buffer, 10), -EIO);
	assert_int_equal(object_write_kernel(&file, 10 * PAGE_SIZE, buffer, 10), 10);
	object_put(&file);
	assert_int_equal(ledger_check(NULL), 0);
}

/* R45: each allocation of a write fails once; nothing leaks, what was told as written is there. */
TEST(failures)
{
	uint64_t nth = 0;
	size_t before;
	ssize_t went;

	file_start();
	mm_trim();
	before = page_alloc_free_count();
	do {
		struct object *object = object_create_anon(0);

		memset(buffer, 0x5a, 20000);
		alloc_fail_at = ++nth;
		went = object_write_kernel(object, 1ul << 40, buffer, 20000);
		if (went > 0)
			assert_int_equal(object_size(object), (1ul << 40) + (uint64_t)went);
		else
			assert_int_equal(went, -ENOSPC);
		memset(buffer, 0, 20000);
		if (alloc_fail_at == 0)
			assert_true(went < 20000);
		alloc_fail_at = 0;
		if (went > 0)
			assert_int_equal(object_read_kernel(object, 1ul << 40, buffer, 20000),
					 went);
		for (ssize_t i = 0; i < went; i++)
			assert_int_equal(buffer[i], 0x5a);
		assert_int_equal(ledger_check(NULL), 0);
		object_put(object);
		mm_trim();
		/* One slab stays: the object's cache was emptied too. */
		assert_int_equal(page_alloc_free_count(), before);
	} while (went < 20000);
	assert_true(nth > 10);
}

static unsigned relieved;

static int relieve_counted(struct relief *relief)
{
	(void)relief;
	relieved++;
	return 0;
}

/*
 * R43: a read that finds no frame has room made for it, and goes on; where none can be made it
 * fails.
 */
TEST(relieved)
{
	file_start();
	object_init(&file, &file_ops, FILE_BYTES);
	alloc_fail_at = 1;
	assert_int_equal(object_read_kernel(&file, 0, buffer, 10), -ENOMEM);
	mm_host.relieve = relieve_counted;
	for (uint64_t nth = 1; nth <= 3; nth++) {
		alloc_fail_at = nth;
		assert_int_equal(object_read_kernel(&file, 0, buffer, 3 * PAGE_SIZE),
				 3 * PAGE_SIZE);
		assert_int_equal(buffer[3 * PAGE_SIZE - 1], file_byte(3 * PAGE_SIZE - 1));
		alloc_fail_at = 0;
		mm_trim();
	}
	assert_int_equal(relieved, 3);
	object_put(&file);
	assert_int_equal(ledger_check(NULL), 0);
}

/* Running text is not written, written files do not run. */
TEST(text_busy)
{
	file_start();
	object_init(&file, &file_ops, FILE_BYTES);
	assert_int_equal(object_deny_write(&file), 0);
	assert_int_equal(object_deny_write(&file), 0);
	assert_int_equal(object_get_write(&file), -ETXTBSY);
	object_allow_write(&file);
	assert_int_equal(object_get_write(&file), -ETXTBSY);
	object_allow_write(&file);
	assert_int_equal(object_get_write(&file), 0);
	assert_int_equal(object_deny_write(&file), -ETXTBSY);
	object_put_write(&file);
	assert_int_equal(object_deny_write(&file), 0);
	object_allow_write(&file);
	object_put(&file);
}

/* Clean pages of files go, others stay: R44. */
TEST(trim)
{
	struct page *held;
	struct vm_wait wait = { 0 };
	char byte = 'x';

	memory_start(2048, NULL, 0);
	waitq_init(&file_room);
	object_init(&file, &file_ops, FILE_BYTES);
	assert_int_equal(object_read_kernel(&file, 0, buffer, FILE_BYTES), FILE_BYTES);
	assert_int_equal(file.npages, 10);
	assert_int_equal(object_write_kernel(&file, 7 * PAGE_SIZE, &byte, 1), 1);
	assert_int_equal(object_page(&file, 2, &held, &wait), 0);
	mm_trim();
	assert_int_equal(file.npages, 2);
	page_put(held);
	mm_trim();
	assert_int_equal(file.npages, 1);
	assert_int_equal(object_read_kernel(&file, 7 * PAGE_SIZE, &byte, 1), 1);
	assert_int_equal(byte, 'x');
	object_put(&file);
}

/* All objects in turn: one whose last reference is gone, but which is on the list yet, is passed by. */
TEST(dying_is_passed_by)
{
	struct object *first, *second, *third;

	memory_start(2048, NULL, 0);
	first = object_create_anon(PAGE_SIZE);
	second = object_create_anon(PAGE_SIZE);
	third = object_create_anon(PAGE_SIZE);
	second->refs = 0;
	object_get(first);
	assert_ptr_equal(object_next(first), third);
	assert_int_equal(second->refs, 0);
	assert_int_equal(third->refs, 2);
	object_put(third);
	second->refs = 1;
	object_put(first);
	object_put(second);
	object_put(third);
	assert_int_equal(ledger_check(NULL), 0);
}

static struct object *other;

static void holds_other(struct object *unused)
{
	object_found(other);
}

static unsigned listed(const struct object *object)
{
	struct counted *counted;
	unsigned n = 0;

	counted_for_each(counted, &object_kind) n += counted == &object->counted;
	return n;
}

/* What the ledger's walks find is counted where it is: with each use, what that has a reference to. */
TEST(holders_are_counted)
{
	struct object_ops ops = file_ops;

	memory_start(2048, NULL, 0);
	ops.use_holds = holds_other;
	other = object_create_anon(PAGE_SIZE);
	object_init(&file, &ops, PAGE_SIZE);
	assert_int_equal(listed(other) + listed(&file), 2);
	assert_string_equal(object_kind.what(&file), ops.name);
	object_use_found(&file);
	object_use_found(other);
	assert_int_equal(file.counted.holders, 1);
	assert_int_equal(other->counted.holders, 2);
	assert_int_equal(*other->counted.refs, 1);
	object_put(&file);
	assert_int_equal(listed(&file), 0);
	object_put(other);
	assert_int_equal(ledger_check(NULL), 0);
}

static void put_last(struct object *object)
{
	object->refs = 1;
	object_put(object);
}

/* Uses that were not given back, or that nobody had, stop the machine. */
TEST(wrong_uses)
{
	struct object *object, huge;
	struct list map;

	memory_start(2048, NULL, 0);
	assert_true(panics(object_init(&huge, &file_ops, OBJECT_SIZE_MAX + 1)));
	object = object_create_anon(PAGE_SIZE);
	assert_true(panics(object_is_mapped_locked(object)));
	assert_true(panics(object_allow_write(object)));
	spin_unlock(&object->lock);
	assert_true(panics(object_put_write(object)));
	spin_unlock(&object->lock);
	object->nexec = 1;
	assert_true(panics(put_last(object)));
	object->nexec = 0;
	object->writers = 1;
	assert_true(panics(put_last(object)));
	object->writers = 0;
	object->nwritable = 1;
	assert_true(panics(put_last(object)));
	object->nwritable = 0;
	list_add(&object->vmas, &map);
	assert_true(panics(put_last(object)));
	list_del(&map);
	list_add(&object->stale, &map);
	assert_true(panics(put_last(object)));
	list_del(&map);
	assert_int_equal(object->refs, 0);
	assert_true(panics(object_get(object)));
	object->refs = 0;
	assert_true(panics(object_put(object)));
	object->npages = 1; /* one that its index does not have */
	assert_true(panics(put_last(object)));
}
