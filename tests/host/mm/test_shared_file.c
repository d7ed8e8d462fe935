/* SPDX-License-Identifier: MIT */
/* Shared mappings of files: dirty marks, sharing, truncation in between, frames that are counted. */
#include "one_space.h"

#include <stdlib.h>

#include "linux/mem/mem.h"
#include "linux/mem/object_writers.h"
#include "mm/check/alloc_fail.h"
#include "mm/fault/get_user_page.h"
#include "mm/object/memory_key.h"
#include "mm/object/object.h"
#include "mm/object/object_io.h"
#include "mm/object/object_size.h"
#include "mm/object/page_cache.h"

#define P PAGE_SIZE

static struct space child;

static long map_shared(struct space *to, struct object *file, vaddr_t at, size_t npages,
		       unsigned vma_flags)
{
	struct map_request request = { .addr = at,
				       .len = npages * P,
				       .prot = RW,
				       .max_prot = 7,
				       .flags = MAP_SHARED | MAP_FIXED,
				       .object = file,
				       .vma_flags = vma_flags };
	vaddr_t got = 0;
	int result = vm_map(to, &request, &got);

	return result ? result : (long)got;
}

static unsigned char in_file(struct object *file, uint64_t pos)
{
	unsigned char byte = 0;

	assert_int_equal(1, object_read_kernel(file, pos, &byte, 1));
	return byte;
}

static struct page *page_at(struct object *file, uint64_t index)
{
	struct page *page = object_page_resident(file, index);

	if (page)
		page_put(page);
	return page;
}

/* R92 R95: the first write marks the page, and what is marked is never dropped. */
TEST(dirty_pages_stay)
{
	struct object *file;

	start();
	file = rig_file(8 * P);
	assert_int_equal(AT, map_shared(&space, file, AT, 8, 0));
	assert_int_equal(rig_byte(0), fake_load(AT));
	assert_int_equal(rig_byte(P), fake_load(AT + P));
	assert_kind(0, &space, REMAP);
	assert_false(page_has(page_at(file, 0), PAGE_DIRTY));
	assert_int_equal(0, fake_store(AT, 200));
	assert_kind(1, &space, REMAP);
	assert_true(page_has(page_at(file, 0), PAGE_DIRTY));
	assert_int_equal(0, fake_store(AT + 5 * P, 201)); /* FILL and REMAP in one */
	assert_kind(2, &space, REMAP);
	assert_int_equal(200, in_file(file, 0));
	assert_int_equal(1, object_write_kernel(file, 1, "r", 1));
	assert_int_equal('r', fake_load(AT + 1));
	assert_int_equal(0, vm_unmap(&space, AT, 8 * P));
	mm_trim();
	assert_int_equal(2, file->npages);
	assert_int_equal(200, in_file(file, 0));
	assert_int_equal(201, in_file(file, 5 * P));
	assert_int_equal(rig_byte(P), in_file(file, P));
	object_put(file);
	assert_int_equal(0, rig_files);
	end();
}

/* R100: fork copies the entries as they are: no fence, no copy; the last holder frees. */
TEST(forked)
{
	struct object *file;

	start();
	file = rig_file(4 * P);
	assert_int_equal(AT, map_shared(&space, file, AT, 4, VMA_WRITER));
	object_put(file);
	assert_int_equal(0, fake_store(AT, 1));
	assert_int_equal(rig_byte(P), fake_load(AT + P));
	rig_create(&child);
	assert_int_equal(0, vm_fork(&space, &child));
	assert_int_equal(0, space.stats.fences);
	assert_int_equal(0, fake_store(AT, 2));
	rig_run(&child);
	assert_int_equal(2, fake_load(AT));
	assert_int_equal(0, fake_store(AT + P, 3));
	assert_kind(0, &child, COW);
	assert_kind(1, &child, REMAP);
	rig_run(&space);
	assert_int_equal(3, fake_load(AT + P));
	assert_int_equal(2, file->writers);
	rig_destroy(&child);
	assert_int_equal(1, file->writers);
	assert_int_equal(0, vm_unmap(&space, AT + P, P));
	assert_int_equal(2, file->writers); /* two parts now */
	assert_int_equal(1, rig_files);
	assert_int_equal(0, vm_unmap(&space, AT, 4 * P));
	assert_int_equal(0, rig_files);
	end();
}

static struct object *cut;

static int cut_it(struct vm_wait *wait)
{
	(void)wait;
	rig_pause = NULL;
	assert_int_equal(0, object_set_size(cut, P));
	return 0;
}

/* R91 R93: cut while munmap, fork or mprotect pauses: all of it goes everywhere, and comes back as zeros. */
TEST(cut_in_a_pause)
{
	start();
	for (unsigned verb = 0; verb < 3; verb++) {
		cut = rig_file(200 * P);
		assert_int_equal(AT, map_shared(&space, cut, AT, 1500, 0));
		for (unsigned i = 0; i < 200; i++)
			assert_int_equal(0, fake_store(AT + i * P, 9));
		rig_create(&child);
		rig_pause = cut_it;
		if (verb == 0)
			assert_int_equal(0, vm_fork(&space, &child));
		else if (verb == 1)
			assert_int_equal(0, vm_unmap(&space, AT + 2 * P, 190 * P));
		else
			assert_int_equal(0, vm_protect(&space, AT, 1500 * P, PROT_READ));
		if (rig_pause)
			(void)cut_it(NULL);
		rig_check();
		assert_int_equal(9, fake_load(AT));
		assert_int_equal(-1, fake_load(AT + 199 * P));
		assert_int_equal(VM_BUS, rig_outcome);
		assert_int_equal(0, object_set_size(cut, 200 * P));
		assert_int_equal(0, fake_load(AT + 199 * P));
		assert_int_equal(0, vm_unmap(&space, AT, 1500 * P));
		rig_destroy(&child);
		object_put(cut);
	}
	end();
}

/* A file system of so many frames. */
static unsigned room;

static bool charge(struct object *object)
{
	assert_true(spin_lock_held(&object->lock));
	if (room == 0)
		return false;
	room--;
	return true;
}

static void uncharge(struct object *object)
{
	(void)object;
	room++;
}

static void destroy(struct object *object)
{
	free(object);
}

static unsigned stores;

static void count_store(struct object *object, struct page *page)
{
	assert_true(spin_lock_held(&object->lock));
	assert_ptr_equal(object, page->owner);
	stores++;
}

static const struct object_ops counted_ops = {
	.name = "counted",
	.charge = charge,
	.uncharge = uncharge,
	.stored = count_store,
	.destroy = destroy,
};

static struct object *counted_file(uint64_t size, unsigned frames)
{
	struct object *file = malloc(sizeof(*file));

	assert_non_null(file);
	object_init(file, &counted_ops, size);
	room = frames;
	return file;
}

/* R92: a hole that is touched where no frame is left for files is SIGBUS; each frame is counted once. */
TEST(full)
{
	struct object *file;

	start();
	file = counted_file(10 * P, 2);
	assert_int_equal(AT, map_shared(&space, file, AT, 10, 0));
	assert_int_equal(0, fake_store(AT, 1));
	assert_int_equal(0, fake_load(AT + P));
	assert_int_equal(0, room);
	assert_int_equal(-1, fake_store(AT + 2 * P, 1));
	assert_int_equal(VM_BUS, rig_outcome);
	assert_int_equal(-1, fake_load(AT + 2 * P));
	assert_int_equal(VM_BUS, rig_outcome);
	assert_int_equal(-ENOSPC, object_write_kernel(file, 2 * P, "x", 1));
	assert_int_equal(-ENOSPC, object_write_kernel(file, 20 * P, "x", 1));
	assert_int_equal(10 * P, object_size(file));
	assert_int_equal(1, object_write_kernel(file, 2 * P - 1, "xy", 2));
	assert_int_equal(0, fake_store(AT + P, 1));
	rig_check();
	assert_int_equal(0, object_set_size(file, P));
	assert_int_equal(1, room);
	assert_int_equal(1, object_write_kernel(file, 3 * P, "x", 1));
	assert_int_equal(0, room);
	assert_int_equal(0, vm_unmap(&space, AT, 10 * P));
	object_put(file);
	assert_int_equal(2, room);
	end();
}

/* R92: a page's first store through each mapping is told, whether the page was read before or not; no other is. */
TEST(stores_are_told)
{
	struct map_request request = {
		.len = 8 * P, .prot = RW, .max_prot = 7, .flags = MAP_PRIVATE
	};
	struct object *file;
	vaddr_t mine;

	start();
	file = counted_file(8 * P, 8);
	stores = 0;
	request.object = file;
	assert_int_equal(0, vm_map(&space, &request, &mine));
	assert_int_equal(AT, map_shared(&space, file, AT, 8, 0));
	assert_int_equal(0, fake_load(AT));
	assert_int_equal(0, stores);
	assert_int_equal(0, fake_store(AT, 1));
	assert_int_equal(1, stores); /* in place */
	assert_int_equal(0, fake_store(AT, 2));
	assert_int_equal(1, stores);
	assert_int_equal(0, fake_store(AT + P, 1));
	assert_int_equal(2, stores); /* a page that had to be made */
	assert_int_equal(1, object_write_kernel(file, 2 * P, "x", 1));
	assert_int_equal(2, stores);
	assert_int_equal(0, fake_store(AT + 2 * P, 1));
	assert_int_equal(3, stores); /* one that was there */
	assert_int_equal(0, fake_store(mine, 3));
	assert_int_equal(0, fake_store(mine + 3 * P, 3));
	assert_int_equal(3, stores);
	assert_int_equal(0, vm_unmap(&space, AT, 8 * P));
	assert_int_equal(AT, map_shared(&space, file, AT, 8, 0));
	assert_int_equal(0, fake_store(AT, 3));
	assert_int_equal(4, stores);
	assert_int_equal(0, vm_unmap(&space, AT, 8 * P));
	assert_int_equal(0, vm_unmap(&space, mine, 8 * P));
	object_put(file);
	end();
}

static int told_to_sync(struct object *object, uint64_t start, uint64_t end)
{
	(void)object, (void)start, (void)end;
	return 0;
}

static unsigned may_stores;
static struct waitq room_for_stores;

static int count_may_store(struct object *object, struct vm_wait *wait)
{
	(void)object;
	if (may_stores == 0) {
		wait->queue = &room_for_stores;
		wait->seq = waitq_sample(wait->queue);
		may_stores = 1; /* who waits finds room */
		return VM_WAIT;
	}
	return 0;
}

static unsigned left;

static void count_left(struct object *object, struct page *page)
{
	assert_ptr_equal(object, page->owner);
	left++;
}

/* A file whose stores are written somewhere. */
static struct object *synced_file(uint64_t size)
{
	static struct object_ops ops;
	struct object *file = counted_file(size, 100);

	ops = counted_ops;
	ops.sync = told_to_sync;
	ops.may_store = count_may_store;
	ops.left = count_left;
	file->ops = &ops;
	waitq_init(&room_for_stores);
	may_stores = 1;
	left = 0;
	stores = 0;
	return file;
}

/*
 * R92: once write permission was taken from the entries for a part, the next store there is told again: in each
 * shared mapping, in both spaces. Others, and private copies, are left as they are.
 */
TEST(stores_are_told_again)
{
	struct map_request request = {
		.len = 8 * P, .prot = RW, .max_prot = 7, .flags = MAP_PRIVATE
	};
	struct object *file;
	vaddr_t mine;

	start();
	file = synced_file(40 * P);
	request.object = file;
	assert_int_equal(0, vm_map(&space, &request, &mine));
	assert_int_equal(AT, map_shared(&space, file, AT, 40, 0));
	assert_int_equal(AT + 64 * P, map_shared(&space, file, AT + 64 * P, 40, 0));
	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(0, fake_store(AT + i * P, 1));
		assert_int_equal(0, fake_store(AT + (64 + i) * P, 2));
	}
	assert_int_equal(0, fake_store(mine, 9));
	assert_int_equal(80, stores);
	vm_protect_object(file, 2 * P, 20 * P);
	assert_int_equal(0, fake_store(AT + P, 3));
	assert_int_equal(0, fake_store(AT + 20 * P, 3));
	assert_int_equal(80, stores);
	assert_int_equal(2, fake_load(AT + 2 * P));
	assert_int_equal(0, fake_store(AT + 2 * P, 3));
	assert_int_equal(81, stores);
	assert_int_equal(0, fake_store(AT + 2 * P, 4));
	assert_int_equal(81, stores);
	assert_int_equal(0, fake_store(AT + (64 + 2) * P, 5));
	assert_int_equal(0, fake_store(AT + (64 + 19) * P, 5));
	assert_int_equal(83, stores);
	vm_protect_object(file, 0, 8 * P);
	assert_int_equal(0, fake_store(mine, 8));
	assert_int_equal(83, stores);
	may_stores = 0;
	assert_int_equal(-1, fake_store(AT, 6));
	assert_int_equal(VM_WAIT, rig_outcome);
	assert_int_equal(83, stores);
	assert_int_equal(1, may_stores);
	assert_int_equal(0, fake_store(AT, 6));
	assert_int_equal(84, stores);
	rig_check();
	assert_int_equal(0, object_set_size(file, P));
	assert_int_equal(39, left);
	assert_int_equal(0, vm_unmap(&space, AT, 128 * P));
	assert_int_equal(0, vm_unmap(&space, mine, 8 * P));
	object_put(file);
	end();
}

/* R92: the same where the entries are in many tables, and there is no table for most of the mapping. */
TEST(stores_are_told_again_in_many_tables)
{
	const vaddr_t step = 512 * P;
	struct object *file;

	start();
	file = synced_file(40 * step);
	assert_int_equal(AT, map_shared(&space, file, AT, 40 * 512, 0));
	for (unsigned i = 0; i < 40; i += 2)
		assert_int_equal(0, fake_store(AT + i * step, 1));
	assert_int_equal(20, stores);
	vm_protect_object(file, step, 39 * step);
	for (unsigned i = 0; i < 40; i += 2)
		assert_int_equal(0, fake_store(AT + i * step, 2));
	assert_int_equal(20 + 19, stores);
	vm_protect_object(file, 41 * step, 42 * step);
	rig_check();
	assert_int_equal(0, vm_unmap(&space, AT, 40 * step));
	vm_protect_object(file, 0, step);
	object_put(file);
	end();
}

/* R92: a page that is referenced for writing is pinned, by each who references it. */
TEST(object_pages_are_pinned)
{
	struct page *page, *again, *reader;
	struct object *file;

	start();
	file = synced_file(4 * P);
	assert_int_equal(AT, map_shared(&space, file, AT, 4, 0));
	assert_int_equal(0, get_user_page(&space, AT, VM_PROT_WRITE, &page));
	assert_true(page_is_pinned(page));
	assert_int_equal(0, get_user_page(&space, AT, VM_PROT_WRITE, &again));
	assert_int_equal(0, get_user_page(&space, AT, VM_PROT_READ, &reader));
	put_user_page(&space, again, VM_PROT_WRITE);
	assert_true(page_is_pinned(page));
	put_user_page(&space, page, VM_PROT_WRITE);
	assert_false(page_is_pinned(reader));
	put_user_page(&space, reader, VM_PROT_READ);
	assert_int_equal(0, vm_unmap(&space, AT, 4 * P));
	object_put(file);
	end();
}

/* More pins than 16 bits count, as 1,024 callers make that wait with one page in 64 places. */
TEST(many_pins)
{
	const uint32_t many = 65536 + 2;
	struct object *file;
	struct page *page;
	uint64_t before;

	start();
	file = synced_file(4 * P);
	assert_int_equal(AT, map_shared(&space, file, AT, 4, 0));
	assert_int_equal(0, fake_store(AT, 1));
	before = page_state(page_at(file, 0));
	for (uint32_t i = 0; i < many; i++)
		assert_int_equal(0, get_user_page(&space, AT, VM_PROT_WRITE, &page));
	assert_int_equal(many, page_pins(page));
	assert_int_equal(before, page_state(page) - many * PAGE_ONE_PIN);
	for (uint32_t i = 0; i < many; i++) {
		assert_true(page_is_pinned(page));
		put_user_page(&space, page, VM_PROT_WRITE);
	}
	assert_int_equal(before, page_state(page));
	assert_int_equal(0, vm_unmap(&space, AT, 4 * P));
	object_put(file);
	end();
}

/* R75, R90: the object knows how many of its pages have pins, wherever they are mapped. */
TEST(pins_of_objects)
{
	struct page *page, *again, *cut;
	struct object *file;

	start();
	file = rig_file(4 * P);
	assert_false(object_may_change(file));
	assert_int_equal(AT, map_shared(&space, file, AT, 4, VMA_WRITER));
	assert_true(object_may_change(file));
	assert_int_equal(0, get_user_page(&space, AT, VM_PROT_WRITE, &page));
	assert_int_equal(0, get_user_page(&space, AT, VM_PROT_WRITE, &again));
	assert_int_equal(0, get_user_page(&space, AT + P, VM_PROT_WRITE, &cut));
	assert_int_equal(2, file->npinned);
	assert_int_equal(0, vm_unmap(&space, AT, 4 * P));
	assert_false(object_has_writable_maps(file));
	assert_true(object_may_change(file));
	assert_int_equal(-ETXTBSY, object_deny_write(file));
	put_user_page(&space, page, VM_PROT_WRITE);
	assert_int_equal(2, file->npinned);
	put_user_page(&space, again, VM_PROT_WRITE);
	assert_int_equal(1, file->npinned);
	assert_true(object_may_change(file));
	assert_int_equal(0, object_set_size(file, P));
	assert_int_equal(0, file->npinned);
	assert_false(object_may_change(file));
	assert_int_equal(0, object_deny_write(file));
	put_user_page(&space, cut, VM_PROT_WRITE);
	assert_int_equal(0, file->npinned);
	object_allow_write(file);
	object_put(file);
	assert_int_equal(0, rig_files);
	end();
}

/* A page that a truncation has removed, but whose entry it has not come to, and a page's last pin. */
TEST(pins_of_pages_that_left)
{
	struct page *page, *again;
	struct object *file;

	start();
	file = rig_file(4 * P);
	assert_int_equal(AT, map_shared(&space, file, AT, 4, 0));
	assert_int_equal(0, fake_store(AT, 1));
	object_remove(file, 0, 0, NULL);
	assert_int_equal(0, get_user_page(&space, AT, VM_PROT_WRITE, &page));
	assert_int_equal(0, get_user_page(&space, AT, VM_PROT_WRITE, &again));
	assert_ptr_equal(again, page);
	assert_int_equal(0, file->npinned);
	put_user_page(&space, again, VM_PROT_WRITE);
	assert_int_equal(0, get_user_page(&space, AT + P, VM_PROT_WRITE, &again));
	assert_int_equal(0, vm_unmap(&space, AT, 4 * P));
	object_put(file);
	assert_int_equal(1, rig_files);
	put_user_page(&space, again, VM_PROT_WRITE);
	assert_int_equal(1, rig_files);
	put_user_page(&space, page, VM_PROT_WRITE);
	assert_int_equal(0, rig_files);
	end();
}

/* R92: msync finds each part that a range shows of files that are written somewhere, and nothing else. */
TEST(parts_to_sync)
{
	struct object *file, *other;
	struct vm_shown shown;
	vaddr_t at = AT;

	start();
	file = synced_file(40 * P);
	other = counted_file(8 * P, 100);
	assert_false(vm_sync_next(&space, &at, AT + 4 * P, &shown));
	assert_int_equal(AT, map_shared(&space, other, AT, 4, 0));
	assert_int_equal(AT + 8 * P, map_shared(&space, file, AT + 8 * P, 10, 0));
	assert_int_equal(AT + 32 * P, map_shared(&space, file, AT + 32 * P, 10, 0));
	assert_false(vm_sync_next(&space, &at, AT + 8 * P, &shown));
	assert_true(vm_sync_next(&space, &at, AT + 34 * P, &shown));
	assert_ptr_equal(file, shown.object);
	assert_int_equal(0, shown.start);
	assert_int_equal(10 * P, shown.end);
	object_unuse(shown.object);
	assert_int_equal(AT + 18 * P, at);
	assert_true(vm_sync_next(&space, &at, AT + 34 * P, &shown));
	assert_int_equal(2 * P, shown.end);
	object_unuse(shown.object);
	assert_int_equal(AT + 34 * P, at);
	at = AT + 10 * P;
	assert_true(vm_sync_next(&space, &at, AT + 11 * P, &shown));
	assert_int_equal(2 * P, shown.start);
	assert_int_equal(3 * P, shown.end);
	object_unuse(shown.object);
	at = AT + 60 * P;
	assert_false(vm_sync_next(&space, &at, AT + 64 * P, &shown));
	at = AT + 20 * P;
	assert_false(vm_sync_next(&space, &at, AT + 30 * P, &shown));
	assert_int_equal(0, vm_unmap(&space, AT, 64 * P));
	object_put(file);
	object_put(other);
	end();
}

/* R45: each allocation of a shared write fails once: no page and no count is lost. */
TEST(failures)
{
	uint64_t left;

	start();
	for (uint64_t nth = 1;; nth++) {
		struct object *file = counted_file(1ul << 40, 9);
		int stored;

		assert_int_equal(AT, map_shared(&space, file, AT, 1ul << 18, 0));
		alloc_fail_at = nth;
		stored = fake_store(AT + 77777 * P, 5);
		left = alloc_fail_at;
		alloc_fail_at = 0;
		assert_int_equal(left ? 0 : -1, stored);
		if (stored)
			assert_int_equal(VM_OOM, rig_outcome);
		assert_int_equal(9 - file->npages, room);
		assert_int_equal(0, fake_store(AT + 77777 * P, 5));
		assert_int_equal(5, in_file(file, 77777 * P));
		rig_check();
		assert_int_equal(0, vm_unmap(&space, AT, P << 18));
		object_put(file);
		assert_int_equal(9, room);
		mm_trim();
		if (left)
			break;
	}
	end();
}

/* R91: what the open mode forbids no mprotect gives. */
TEST(prot)
{
	struct map_request request = { .len = 2 * P,
				       .prot = PROT_READ,
				       .max_prot = PROT_READ | PROT_EXEC,
				       .flags = MAP_SHARED };
	vaddr_t at;

	start();
	request.object = rig_file(2 * P);
	assert_int_equal(0, vm_map(&space, &request, &at));
	assert_int_equal(-EACCES, vm_protect(&space, at, P, RW));
	assert_int_equal(0, vm_protect(&space, at, P, PROT_READ | PROT_EXEC));
	request.flags = MAP_PRIVATE;
	assert_int_equal(0, vm_map(&space, &request, &at));
	assert_int_equal(0, vm_protect(&space, at, P, RW));
	object_put(request.object);
	end();
}

/* R151: a word is the same for all who share it, and for nobody else. */
TEST(keys)
{
	struct map_request request = {
		.len = 4 * P, .prot = PROT_READ, .max_prot = 7, .flags = MAP_PRIVATE
	};
	struct memory_key a, b, own;
	struct object *file;
	vaddr_t at = 0;

	start();
	file = rig_file(8 * P);
	assert_int_equal(AT, map_shared(&space, file, AT, 8, 0));
	assert_int_equal(AT + 64 * P, map_shared(&space, file, AT + 64 * P, 8, 0));
	assert_int_equal(0, memory_key_get(&space, AT + P + 12, &a));
	assert_int_equal(0, memory_key_get(&space, AT + 65 * P + 12, &b));
	assert_true(memory_key_equal(&a, &b));
	memory_key_put(&b);
	assert_int_equal(0, memory_key_get(&space, AT + 65 * P + 16, &b));
	assert_false(memory_key_equal(&a, &b));
	memory_key_put(&b);
	/* What is read of the file without a copy is the file's; once it can be written it is not. */
	request.object = file;
	request.offset = P;
	assert_int_equal(0, vm_map(&space, &request, &at));
	assert_int_equal(0, memory_key_get(&space, at + 12, &b));
	assert_true(memory_key_equal(&a, &b));
	memory_key_put(&b);
	assert_int_equal(0, vm_protect(&space, at, P, RW));
	assert_int_equal(0, memory_key_get(&space, at + 12, &b));
	own = memory_key_private(&space, at + 12);
	assert_true(memory_key_equal(&own, &b));
	memory_key_put(&b);
	/* An address in another space, a place in another file. */
	own = memory_key_private(&child, at + 12);
	assert_false(memory_key_equal(&own, &b));
	/* Nothing, and what never changes. */
	assert_int_equal(-EFAULT, memory_key_get(&space, AT + 9 * P, &b));
	map(AT + 128 * P, 1, PROT_READ);
	assert_int_equal(-EFAULT, memory_key_get(&space, AT + 128 * P, &b));
	/* The key keeps the object, whoever else lets it go. */
	assert_int_equal(0, vm_unmap(&space, AT, 8 * P));
	assert_int_equal(0, vm_unmap(&space, AT + 64 * P, 8 * P));
	assert_int_equal(0, vm_unmap(&space, at, 4 * P));
	object_put(file);
	assert_int_equal(1, rig_files);
	memory_key_put(&a);
	assert_int_equal(0, rig_files);
	end();
}

static unsigned holes; /* where nothing was mapped for the moment */
static vaddr_t asked;

/* Another thread asks for the key of a word that a verb is replacing. It may only have to wait. */
static int ask_for_key(struct vm_wait *wait)
{
	struct memory_key key;
	int result;

	if (wait) {
		assert_ptr_equal(&space.busy_done, wait->queue);
		assert_int_equal(waitq_sample(wait->queue), wait->seq);
		assert_int_equal(WAITS_FOR_VERB, wait->why);
		holes++;
		return -EINTR; /* who waits is killed */
	}
	result = memory_key_get(&space, asked, &key);
	if (result == 0)
		memory_key_put(&key);
	else
		assert_int_equal(-EINTR, result);
	return 0;
}

/* Asks at every pause of what `verb` does. Returns how often the asker had to wait. */
static unsigned waits_beside(void (*verb)(void), vaddr_t at)
{
	holes = 0;
	asked = at;
	rig_pause = ask_for_key;
	verb();
	rig_pause = NULL;
	return holes;
}

static struct object *replaced;

static void replace_all(void)
{
	assert_int_equal(AT, map_shared(&space, replaced, AT, 512, 0));
}

static void move_over(void)
{
	vaddr_t at;

	assert_int_equal(0, vm_remap(&space, AT + 1024 * P, 512 * P, 512 * P,
				     MREMAP_MAYMOVE | MREMAP_FIXED, AT, &at));
}

static void move_pages_only(void)
{
	vaddr_t at;

	assert_int_equal(0, vm_remap(&space, AT + 2048 * P, 128 * P, 128 * P,
				     MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0, &at));
}

/*
 * R151: a word that is mapped before and after has a key all the while, although for a moment a verb
 * has unmapped it, or has taken its permissions.
 */
TEST(key_beside_a_verb)
{
	struct memory_key key;

	start();
	replaced = rig_file(512 * P);
	replace_all();
	for (unsigned i = 0; i < 512; i++)
		assert_int_equal(0, fake_store(AT + i * P, 1));
	assert_true(waits_beside(replace_all, AT));
	assert_int_equal(AT + 1024 * P, map_shared(&space, replaced, AT + 1024 * P, 512, 0));
	for (unsigned i = 0; i < 512; i++)
		assert_int_equal(0, fake_store(AT + i * P, 1));
	assert_true(waits_beside(move_over, AT));
	map(AT + 2048 * P, 128, RW);
	for (unsigned i = 0; i < 128; i++)
		assert_int_equal(0, fake_store(AT + (2048 + i) * P, 1));
	assert_true(waits_beside(move_pages_only, AT + 2048 * P));
	assert_int_equal(-EFAULT, memory_key_get(&space, AT + 1024 * P, &key)); /* it has moved */
	assert_int_equal(0, vm_unmap(&space, AT, GIB));
	object_put(replaced);
	end();
}
