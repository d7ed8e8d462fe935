/* SPDX-License-Identifier: MIT */
/* Tests of objects: reads and writes at their limits, and where they fail; tests/host/model has them at random. */
#include "memory.h"

#include <string.h>

#include "abi/errno.h"
#include "fake.h"
#include "known_file.h"
#include "mm/check/alloc_fail.h"
#include "mm/check/ledger.h"
#include "mm/fault/user_copy.h"
#include "mm/host.h"
#include "mm/object/object_io.h"
#include "mm/object/object_size.h"
#include "mm/object/page_cache.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/relieve.h"
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
	assert_int_equal(BUFFER_BYTES, object_read_kernel(object, 1ul << 50, buffer, BUFFER_BYTES));
	for (unsigned i = 0; i < BUFFER_BYTES; i++)
		assert_int_equal(0, buffer[i]);
	assert_int_equal(0, object->npages);
	assert_int_equal(0, object_set_size(object, 10));
	assert_int_equal(2, object_write_kernel(object, OBJECT_SIZE_MAX - 2, bytes, 3));
	assert_int_equal(OBJECT_SIZE_MAX, object_size(object));
	assert_int_equal(1, object->npages);
	assert_int_equal(-EFBIG, object_write_kernel(object, OBJECT_SIZE_MAX, bytes, 1));
	assert_int_equal(-EFBIG, object_write_kernel(object, UINT64_MAX, bytes, 3));
	assert_int_equal(0, object_write_kernel(object, UINT64_MAX, bytes, 0));
	assert_int_equal(0, object_read_kernel(object, UINT64_MAX, bytes, 3));
	assert_int_equal(2, object_read_kernel(object, OBJECT_SIZE_MAX - 2, bytes, 3));
	assert_int_equal(2, bytes[1]);
	assert_int_equal(-EFBIG, object_set_size(object, OBJECT_SIZE_MAX + 1));
	assert_int_equal(-EFBIG, object_set_size(object, UINT64_MAX));
	assert_int_equal(0, ledger_check(NULL));
	assert_int_equal(0, object_set_size(object, 0));
	assert_int_equal(0, object->npages);
	object_put(object);
	mm_trim();
	assert_int_equal(before, page_alloc_free_count());
}

/* R27: a bad address part-way: what was done is told, and the rest of the file is as it was. */
TEST(partial)
{
	vaddr_t last = USER_MEMORY_START + USER_PAGES * PAGE_SIZE;
	struct object *object;

	file_start();
	user_memory_start(USER_MEMORY_START, USER_PAGES);
	object = object_create_anon(0);
	assert_int_equal(6000, object_write(object, 0, last - 6000, 10000));
	assert_int_equal(6000, object_size(object));
	assert_int_equal(-EFAULT, object_write(object, 6000, last, 10));
	assert_int_equal(-EFAULT, object_write(object, 6000, USER_TOP - 5, 10));
	assert_int_equal(-EFAULT, object_write(object, 9000, last, 10));
	assert_int_equal(-EFAULT, object_write(object, 6000, 0, 10));
	assert_int_equal(-EFAULT, object_write(object, 6000, USER_TOP - 5, 10));
	assert_int_equal(-EFAULT, object_write(object, 6000, UINT64_MAX - 5, 10));
	assert_int_equal(6000, object_size(object));
	assert_int_equal(2, object->npages);
	assert_int_equal(5000, object_read(object, 0, last - 5000, 6000));
	assert_int_equal(-EFAULT, object_read(object, 0, last, 6000));
	assert_int_equal(0, object_read(object, 6000, last, 6000));
	assert_int_equal(0, ledger_check(NULL));
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
	assert_int_equal(PAGE_SIZE, object_read_kernel(&file, 0, buffer, FILE_BYTES));
	assert_int_equal(PAGE_SIZE - 100, object_write_kernel(&file, 100, buffer, FILE_BYTES));
	file_reads = 2;
	assert_int_equal(-EINTR, object_read_kernel(&file, 5 * PAGE_SIZE, buffer, 10));
	assert_int_equal(0, object_set_size(&file, 0));
	object_put(&file);
	object_init(&file, &broken_ops, FILE_BYTES);
	assert_int_equal(-EIO, object_read_kernel(&file, 0, buffer, 10));
	assert_int_equal(-EIO, object_write_kernel(&file, 0, buffer, 10));
	assert_int_equal(10, object_write_kernel(&file, 10 * PAGE_SIZE, buffer, 10));
	object_put(&file);
	assert_int_equal(0, ledger_check(NULL));
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
			assert_int_equal((1ul << 40) + (uint64_t)went, object_size(object));
		else
			assert_int_equal(-ENOSPC, went);
		memset(buffer, 0, 20000);
		if (alloc_fail_at == 0)
			assert_true(went < 20000);
		alloc_fail_at = 0;
		if (went > 0)
			assert_int_equal(went,
					 object_read_kernel(object, 1ul << 40, buffer, 20000));
		for (ssize_t i = 0; i < went; i++)
			assert_int_equal(0x5a, buffer[i]);
		assert_int_equal(0, ledger_check(NULL));
		object_put(object);
		mm_trim();
		/* One slab stays: the object's cache was emptied too. */
		assert_int_equal(before, page_alloc_free_count());
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
	assert_int_equal(-ENOMEM, object_read_kernel(&file, 0, buffer, 10));
	mm_host.relieve = relieve_counted;
	for (uint64_t nth = 1; nth <= 3; nth++) {
		alloc_fail_at = nth;
		assert_int_equal(3 * PAGE_SIZE,
				 object_read_kernel(&file, 0, buffer, 3 * PAGE_SIZE));
		assert_int_equal(file_byte(3 * PAGE_SIZE - 1), buffer[3 * PAGE_SIZE - 1]);
		alloc_fail_at = 0;
		mm_trim();
	}
	assert_int_equal(3, relieved);
	object_put(&file);
	assert_int_equal(0, ledger_check(NULL));
}

/* Running text is not written, written files do not run. */
TEST(text_busy)
{
	file_start();
	object_init(&file, &file_ops, FILE_BYTES);
	assert_int_equal(0, object_deny_write(&file));
	assert_int_equal(0, object_deny_write(&file));
	assert_int_equal(-ETXTBSY, object_get_write(&file));
	object_allow_write(&file);
	assert_int_equal(-ETXTBSY, object_get_write(&file));
	object_allow_write(&file);
	assert_int_equal(0, object_get_write(&file));
	assert_int_equal(-ETXTBSY, object_deny_write(&file));
	object_put_write(&file);
	assert_int_equal(0, object_deny_write(&file));
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
	assert_int_equal(FILE_BYTES, object_read_kernel(&file, 0, buffer, FILE_BYTES));
	assert_int_equal(10, file.npages);
	assert_int_equal(1, object_write_kernel(&file, 7 * PAGE_SIZE, &byte, 1));
	assert_int_equal(0, object_page(&file, 2, &held, &wait));
	mm_trim();
	assert_int_equal(2, file.npages);
	page_put(held);
	mm_trim();
	assert_int_equal(1, file.npages);
	assert_int_equal(1, object_read_kernel(&file, 7 * PAGE_SIZE, &byte, 1));
	assert_int_equal('x', byte);
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
	refcount_init(&second->refs, 0);
	object_get(first);
	assert_ptr_equal(third, object_next(first));
	assert_int_equal(0, refcount_read(&second->refs));
	assert_int_equal(2, refcount_read(&third->refs));
	object_put(third);
	refcount_init(&second->refs, 1);
	object_put(first);
	object_put(second);
	object_put(third);
	assert_int_equal(0, ledger_check(NULL));
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
	assert_int_equal(2, listed(other) + listed(&file));
	assert_string_equal(ops.name, object_kind.what(&file));
	object_use_found(&file);
	object_use_found(other);
	assert_int_equal(1, file.counted.holders);
	assert_int_equal(2, other->counted.holders);
	assert_int_equal(1, *other->counted.refs);
	object_put(&file);
	assert_int_equal(0, listed(&file));
	object_put(other);
	assert_int_equal(0, ledger_check(NULL));
}

static void put_last(struct object *object)
{
	refcount_init(&object->refs, 1);
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
	assert_int_equal(0, refcount_read(&object->refs));
	assert_true(panics(object_get(object)));
	refcount_init(&object->refs, 0);
	assert_true(panics(object_put(object)));
	object->npages = 1; /* one that its index does not have */
	assert_true(panics(put_last(object)));
}
