/* SPDX-License-Identifier: MIT */
/* Shared mappings of files: dirty marks, sharing, truncation in between, frames that are counted. */
#include "one_space.h"

#include <stdlib.h>

#include "mm/check/alloc_fail.h"
#include "mm/get_user_page.h"
#include "mm/memory_key.h"
#include "mm/object.h"
#include "mm/object_io.h"
#include "mm/object_size.h"
#include "mm/page_cache.h"

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

	assert_int_equal(object_read_kernel(file, pos, &byte, 1), 1);
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
	assert_int_equal(map_shared(&space, file, AT, 8, 0), AT);
	assert_int_equal(fake_load(AT), rig_byte(0));
	assert_int_equal(fake_load(AT + P), rig_byte(P));
	assert_kind(&space, REMAP, 0);
	assert_false(page_has(page_at(file, 0), PAGE_DIRTY));
	assert_int_equal(fake_store(AT, 200), 0);
	assert_kind(&space, REMAP, 1);
	assert_true(page_has(page_at(file, 0), PAGE_DIRTY));
	assert_int_equal(fake_store(AT + 5 * P, 201), 0); /* FILL and REMAP in one */
	assert_kind(&space, REMAP, 2);
	assert_int_equal(in_file(file, 0), 200);
	assert_int_equal(object_write_kernel(file, 1, "r", 1), 1);
	assert_int_equal(fake_load(AT + 1), 'r');
	assert_int_equal(vm_unmap(&space, AT, 8 * P), 0);
	mm_trim();
	assert_int_equal(file->npages, 2);
	assert_int_equal(in_file(file, 0), 200);
	assert_int_equal(in_file(file, 5 * P), 201);
	assert_int_equal(in_file(file, P), rig_byte(P));
	object_put(file);
	assert_int_equal(rig_files, 0);
	end();
}

/* R100: fork copies the entries as they are: no fence, no copy; the last holder frees. */
TEST(forked)
{
	struct object *file;

	start();
	file = rig_file(4 * P);
	assert_int_equal(map_shared(&space, file, AT, 4, VMA_WRITER), AT);
	object_put(file);
	assert_int_equal(fake_store(AT, 1), 0);
	assert_int_equal(fake_load(AT + P), rig_byte(P));
	rig_create(&child);
	assert_int_equal(vm_fork(&space, &child), 0);
	assert_int_equal(space.stats.fences, 0);
	assert_int_equal(fake_store(AT, 2), 0);
	rig_run(&child);
	assert_int_equal(fake_load(AT), 2);
	assert_int_equal(fake_store(AT + P, 3), 0);
	assert_kind(&child, COW, 0);
	assert_kind(&child, REMAP, 1);
	rig_run(&space);
	assert_int_equal(fake_load(AT + P), 3);
	assert_int_equal(file->writers, 2);
	rig_destroy(&child);
	assert_int_equal(file->writers, 1);
	assert_int_equal(vm_unmap(&space, AT + P, P), 0);
	assert_int_equal(file->writers, 2); /* two parts now */
	assert_int_equal(rig_files, 1);
	assert_int_equal(vm_unmap(&space, AT, 4 * P), 0);
	assert_int_equal(rig_files, 0);
	end();
}

static struct object *cut;

static int cut_it(struct vm_wait *wait)
{
	(void)wait;
	rig_pause = NULL;
	assert_int_equal(object_set_size(cut, P), 0);
	return 0;
}

/* R91 R93: cut while munmap, fork or mprotect pauses: all of it goes everywhere, and comes back as zeros. */
TEST(cut_in_a_pause)
{
	start();
	for (unsigned verb = 0; verb < 3; verb++) {
		cut = rig_file(200 * P);
		assert_int_equal(map_shared(&space, cut, AT, 1500, 0), AT);
		for (unsigned i = 0; i < 200; i++)
			assert_int_equal(fake_store(AT + i * P, 9), 0);
		rig_create(&child);
		rig_pause = cut_it;
		if (verb == 0)
			assert_int_equal(vm_fork(&space, &child), 0);
		else if (verb == 1)
			assert_int_equal(vm_unmap(&space, AT + 2 * P, 190 * P), 0);
		else
			assert_int_equal(vm_protect(&space, AT, 1500 * P, PROT_READ), 0);
		if (rig_pause)
			(void)cut_it(NULL);
		rig_check();
		assert_int_equal(fake_load(AT), 9);
		assert_int_equal(fake_load(AT + 199 * P), -1);
		assert_int_equal(rig_outcome, VM_BUS);
		assert_int_equal(object_set_size(cut, 200 * P), 0);
		assert_int_equal(fake_load(AT + 199 * P), 0);
		assert_int_equal(vm_unmap(&space, AT, 1500 * P), 0);
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
	assert_ptr_equal(page->owner, object);
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
	assert_int_equal(map_shared(&space, file, AT, 10, 0), AT);
	assert_int_equal(fake_store(AT, 1), 0);
	assert_int_equal(fake_load(AT + P), 0);
	assert_int_equal(room, 0);
	assert_int_equal(fake_store(AT + 2 * P, 1), -1);
	assert_int_equal(rig_outcome, VM_BUS);
	assert_int_equal(fake_load(AT + 2 * P), -1);
	assert_int_equal(rig_outcome, VM_BUS);
	assert_int_equal(object_write_kernel(file, 2 * P, "x", 1), -ENOSPC);
	assert_int_equal(object_write_kernel(file, 20 * P, "x", 1), -ENOSPC);
	assert_int_equal(object_size(file), 10 * P);
	assert_int_equal(object_write_kernel(file, 2 * P - 1, "xy", 2), 1);
	assert_int_equal(fake_store(AT + P, 1), 0);
	rig_check();
	assert_int_equal(object_set_size(file, P), 0);
	assert_int_equal(room, 1);
	assert_int_equal(object_write_kernel(file, 3 * P, "x", 1), 1);
	assert_int_equal(room, 0);
	assert_int_equal(vm_unmap(&space, AT, 10 * P), 0);
	object_put(file);
	assert_int_equal(room, 2);
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
	assert_int_equal(vm_map(&space, &request, &mine), 0);
	assert_int_equal(map_shared(&space, file, AT, 8, 0), AT);
	assert_int_equal(fake_load(AT), 0);
	assert_int_equal(stores, 0);
	assert_int_equal(fake_store(AT, 1), 0);
	assert_int_equal(stores, 1); /* in place */
	assert_int_equal(fake_store(AT, 2), 0);
	assert_int_equal(stores, 1);
	assert_int_equal(fake_store(AT + P, 1), 0);
	assert_int_equal(stores, 2); /* a page that had to be made */
	assert_int_equal(object_write_kernel(file, 2 * P, "x", 1), 1);
	assert_int_equal(stores, 2);
	assert_int_equal(fake_store(AT + 2 * P, 1), 0);
	assert_int_equal(stores, 3); /* one that was there */
	assert_int_equal(fake_store(mine, 3), 0);
	assert_int_equal(fake_store(mine + 3 * P, 3), 0);
	assert_int_equal(stores, 3);
	assert_int_equal(vm_unmap(&space, AT, 8 * P), 0);
	assert_int_equal(map_shared(&space, file, AT, 8, 0), AT);
	assert_int_equal(fake_store(AT, 3), 0);
	assert_int_equal(stores, 4);
	assert_int_equal(vm_unmap(&space, AT, 8 * P), 0);
	assert_int_equal(vm_unmap(&space, mine, 8 * P), 0);
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
	assert_ptr_equal(page->owner, object);
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
	assert_int_equal(vm_map(&space, &request, &mine), 0);
	assert_int_equal(map_shared(&space, file, AT, 40, 0), AT);
	assert_int_equal(map_shared(&space, file, AT + 64 * P, 40, 0), AT + 64 * P);
	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(fake_store(AT + i * P, 1), 0);
		assert_int_equal(fake_store(AT + (64 + i) * P, 2), 0);
	}
	assert_int_equal(fake_store(mine, 9), 0);
	assert_int_equal(stores, 80);
	vm_protect_object(file, 2 * P, 20 * P);
	assert_int_equal(fake_store(AT + P, 3), 0);
	assert_int_equal(fake_store(AT + 20 * P, 3), 0);
	assert_int_equal(stores, 80);
	assert_int_equal(fake_load(AT + 2 * P), 2);
	assert_int_equal(fake_store(AT + 2 * P, 3), 0);
	assert_int_equal(stores, 81);
	assert_int_equal(fake_store(AT + 2 * P, 4), 0);
	assert_int_equal(stores, 81);
	assert_int_equal(fake_store(AT + (64 + 2) * P, 5), 0);
	assert_int_equal(fake_store(AT + (64 + 19) * P, 5), 0);
	assert_int_equal(stores, 83);
	vm_protect_object(file, 0, 8 * P);
	assert_int_equal(fake_store(mine, 8), 0);
	assert_int_equal(stores, 83);
	may_stores = 0;
	assert_int_equal(fake_store(AT, 6), -1);
	assert_int_equal(rig_outcome, VM_WAIT);
	assert_int_equal(stores, 83);
	assert_int_equal(may_stores, 1);
	assert_int_equal(fake_store(AT, 6), 0);
	assert_int_equal(stores, 84);
	rig_check();
	assert_int_equal(object_set_size(file, P), 0);
	assert_int_equal(left, 39);
	assert_int_equal(vm_unmap(&space, AT, 128 * P), 0);
	assert_int_equal(vm_unmap(&space, mine, 8 * P), 0);
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
	assert_int_equal(map_shared(&space, file, AT, 40 * 512, 0), AT);
	for (unsigned i = 0; i < 40; i += 2)
		assert_int_equal(fake_store(AT + i * step, 1), 0);
	assert_int_equal(stores, 20);
	vm_protect_object(file, step, 39 * step);
	for (unsigned i = 0; i < 40; i += 2)
		assert_int_equal(fake_store(AT + i * step, 2), 0);
	assert_int_equal(stores, 20 + 19);
	vm_protect_object(file, 41 * step, 42 * step);
	rig_check();
	assert_int_equal(vm_unmap(&space, AT, 40 * step), 0);
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
	assert_int_equal(map_shared(&space, file, AT, 4, 0), AT);
	assert_int_equal(get_user_page(&space, AT, VM_PROT_WRITE, &page), 0);
	assert_true(page_is_pinned(page));
	assert_int_equal(get_user_page(&space, AT, VM_PROT_WRITE, &again), 0);
	assert_int_equal(get_user_page(&space, AT, VM_PROT_READ, &reader), 0);
	put_user_page(&space, again, VM_PROT_WRITE);
	assert_true(page_is_pinned(page));
	put_user_page(&space, page, VM_PROT_WRITE);
	assert_false(page_is_pinned(reader));
	put_user_page(&space, reader, VM_PROT_READ);
	assert_int_equal(vm_unmap(&space, AT, 4 * P), 0);
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
	assert_int_equal(map_shared(&space, file, AT, 4, 0), AT);
	assert_int_equal(fake_store(AT, 1), 0);
	before = page_state(page_at(file, 0));
	for (uint32_t i = 0; i < many; i++)
		assert_int_equal(get_user_page(&space, AT, VM_PROT_WRITE, &page), 0);
	assert_int_equal(page_pins(page), many);
	assert_int_equal(page_state(page) - many * PAGE_ONE_PIN, before);
	for (uint32_t i = 0; i < many; i++) {
		assert_true(page_is_pinned(page));
		put_user_page(&space, page, VM_PROT_WRITE);
	}
	assert_int_equal(page_state(page), before);
	assert_int_equal(vm_unmap(&space, AT, 4 * P), 0);
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
	assert_int_equal(map_shared(&space, file, AT, 4, VMA_WRITER), AT);
	assert_true(object_may_change(file));
	assert_int_equal(get_user_page(&space, AT, VM_PROT_WRITE, &page), 0);
	assert_int_equal(get_user_page(&space, AT, VM_PROT_WRITE, &again), 0);
	assert_int_equal(get_user_page(&space, AT + P, VM_PROT_WRITE, &cut), 0);
	assert_int_equal(file->npinned, 2);
	assert_int_equal(vm_unmap(&space, AT, 4 * P), 0);
	assert_false(object_has_writable_maps(file));
	assert_true(object_may_change(file));
	assert_int_equal(object_deny_write(file), -ETXTBSY);
	put_user_page(&space, page, VM_PROT_WRITE);
	assert_int_equal(file->npinned, 2);
	put_user_page(&space, again, VM_PROT_WRITE);
	assert_int_equal(file->npinned, 1);
	assert_true(object_may_change(file));
	assert_int_equal(object_set_size(file, P), 0);
	assert_int_equal(file->npinned, 0);
	assert_false(object_may_change(file));
	assert_int_equal(object_deny_write(file), 0);
	put_user_page(&space, cut, VM_PROT_WRITE);
	assert_int_equal(file->npinned, 0);
	object_allow_write(file);
	object_put(file);
	assert_int_equal(rig_files, 0);
	end();
}

/* A page that a truncation has removed, but whose entry it has not come to, and a page's last pin. */
TEST(pins_of_pages_that_left)
{
	struct page *page, *again;
	struct object *file;

	start();
	file = rig_file(4 * P);
	assert_int_equal(map_shared(&space, file, AT, 4, 0), AT);
	assert_int_equal(fake_store(AT, 1), 0);
	object_remove(file, 0, 0, NULL);
	assert_int_equal(get_user_page(&space, AT, VM_PROT_WRITE, &page), 0);
	assert_int_equal(get_user_page(&space, AT, VM_PROT_WRITE, &again), 0);
	assert_ptr_equal(page, again);
	assert_int_equal(file->npinned, 0);
	put_user_page(&space, again, VM_PROT_WRITE);
	assert_int_equal(get_user_page(&space, AT + P, VM_PROT_WRITE, &again), 0);
	assert_int_equal(vm_unmap(&space, AT, 4 * P), 0);
	object_put(file);
	assert_int_equal(rig_files, 1);
	put_user_page(&space, again, VM_PROT_WRITE);
	assert_int_equal(rig_files, 1);
	put_user_page(&space, page, VM_PROT_WRITE);
	assert_int_equal(rig_files, 0);
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
	assert_int_equal(map_shared(&space, other, AT, 4, 0), AT);
	assert_int_equal(map_shared(&space, file, AT + 8 * P, 10, 0), AT + 8 * P);
	assert_int_equal(map_shared(&space, file, AT + 32 * P, 10, 0), AT + 32 * P);
	assert_false(vm_sync_next(&space, &at, AT + 8 * P, &shown));
	assert_true(vm_sync_next(&space, &at, AT + 34 * P, &shown));
	assert_ptr_equal(shown.object, file);
	assert_int_equal(shown.start, 0);
	assert_int_equal(shown.end, 10 * P);
	object_unuse(shown.object);
	assert_int_equal(at, AT + 18 * P);
	assert_true(vm_sync_next(&space, &at, AT + 34 * P, &shown));
	assert_int_equal(shown.end, 2 * P);
	object_unuse(shown.object);
	assert_int_equal(at, AT + 34 * P);
	at = AT + 10 * P;
	assert_true(vm_sync_next(&space, &at, AT + 11 * P, &shown));
	assert_int_equal(shown.start, 2 * P);
	assert_int_equal(shown.end, 3 * P);
	object_unuse(shown.object);
	at = AT + 60 * P;
	assert_false(vm_sync_next(&space, &at, AT + 64 * P, &shown));
	at = AT + 20 * P;
	assert_false(vm_sync_next(&space, &at, AT + 30 * P, &shown));
	assert_int_equal(vm_unmap(&space, AT, 64 * P), 0);
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

		assert_int_equal(map_shared(&space, file, AT, 1ul << 18, 0), AT);
		alloc_fail_at = nth;
		stored = fake_store(AT + 77777 * P, 5);
		left = alloc_fail_at;
		alloc_fail_at = 0;
		assert_int_equal(stored, left ? 0 : -1);
		if (stored)
			assert_int_equal(rig_outcome, VM_OOM);
		assert_int_equal(room, 9 - file->npages);
		assert_int_equal(fake_store(AT + 77777 * P, 5), 0);
		assert_int_equal(in_file(file, 77777 * P), 5);
		rig_check();
		assert_int_equal(vm_unmap(&space, AT, P << 18), 0);
		object_put(file);
		assert_int_equal(room, 9);
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
	assert_int_equal(vm_map(&space, &request, &at), 0);
	assert_int_equal(vm_protect(&space, at, P, RW), -EACCES);
	assert_int_equal(vm_protect(&space, at, P, PROT_READ | PROT_EXEC), 0);
	request.flags = MAP_PRIVATE;
	assert_int_equal(vm_map(&space, &request, &at), 0);
	assert_int_equal(vm_protect(&space, at, P, RW), 0);
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
	assert_int_equal(map_shared(&space, file, AT, 8, 0), AT);
	assert_int_equal(map_shared(&space, file, AT + 64 * P, 8, 0), AT + 64 * P);
	assert_int_equal(memory_key_get(&space, AT + P + 12, &a), 0);
	assert_int_equal(memory_key_get(&space, AT + 65 * P + 12, &b), 0);
	assert_true(memory_key_equal(&a, &b));
	memory_key_put(&b);
	assert_int_equal(memory_key_get(&space, AT + 65 * P + 16, &b), 0);
	assert_false(memory_key_equal(&a, &b));
	memory_key_put(&b);
	/* What is read of the file without a copy is the file's; once it can be written it is not. */
	request.object = file;
	request.offset = P;
	assert_int_equal(vm_map(&space, &request, &at), 0);
	assert_int_equal(memory_key_get(&space, at + 12, &b), 0);
	assert_true(memory_key_equal(&a, &b));
	memory_key_put(&b);
	assert_int_equal(vm_protect(&space, at, P, RW), 0);
	assert_int_equal(memory_key_get(&space, at + 12, &b), 0);
	own = memory_key_private(&space, at + 12);
	assert_true(memory_key_equal(&own, &b));
	memory_key_put(&b);
	/* The same address in another space, the same place in another file. */
	own = memory_key_private(&child, at + 12);
	assert_false(memory_key_equal(&own, &b));
	/* Nothing, and what never changes. */
	assert_int_equal(memory_key_get(&space, AT + 9 * P, &b), -EFAULT);
	map(AT + 128 * P, 1, PROT_READ);
	assert_int_equal(memory_key_get(&space, AT + 128 * P, &b), -EFAULT);
	/* The key keeps the object, whoever else lets it go. */
	assert_int_equal(vm_unmap(&space, AT, 8 * P), 0);
	assert_int_equal(vm_unmap(&space, AT + 64 * P, 8 * P), 0);
	assert_int_equal(vm_unmap(&space, at, 4 * P), 0);
	object_put(file);
	assert_int_equal(rig_files, 1);
	memory_key_put(&a);
	assert_int_equal(rig_files, 0);
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
		assert_ptr_equal(wait->queue, &space.busy_done);
		assert_int_equal(wait->seq, waitq_sample(wait->queue));
		holes++;
		return -EINTR; /* who waits is killed */
	}
	result = memory_key_get(&space, asked, &key);
	if (result == 0)
		memory_key_put(&key);
	else
		assert_int_equal(result, -EINTR);
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
	assert_int_equal(map_shared(&space, replaced, AT, 512, 0), AT);
}

static void move_over(void)
{
	vaddr_t at;

	assert_int_equal(vm_remap(&space, AT + 1024 * P, 512 * P, 512 * P,
				  MREMAP_MAYMOVE | MREMAP_FIXED, AT, &at),
			 0);
}

static void move_pages_only(void)
{
	vaddr_t at;

	assert_int_equal(vm_remap(&space, AT + 2048 * P, 128 * P, 128 * P,
				  MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0, &at),
			 0);
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
		assert_int_equal(fake_store(AT + i * P, 1), 0);
	assert_true(waits_beside(replace_all, AT));
	assert_int_equal(map_shared(&space, replaced, AT + 1024 * P, 512, 0), AT + 1024 * P);
	for (unsigned i = 0; i < 512; i++)
		assert_int_equal(fake_store(AT + i * P, 1), 0);
	assert_true(waits_beside(move_over, AT));
	map(AT + 2048 * P, 128, RW);
	for (unsigned i = 0; i < 128; i++)
		assert_int_equal(fake_store(AT + (2048 + i) * P, 1), 0);
	assert_true(waits_beside(move_pages_only, AT + 2048 * P));
	assert_int_equal(memory_key_get(&space, AT + 1024 * P, &key), -EFAULT); /* it has moved */
	assert_int_equal(vm_unmap(&space, AT, GIB), 0);
	object_put(replaced);
	end();
}
