/* SPDX-License-Identifier: MIT */
/* Pages allocated ahead and holes: frames, mappings, pages beyond the end, and where memory runs out. */
#include "one_space.h"

#include <stdlib.h>
#include <string.h>

#include "linux/mem/object_writers.h"
#include "mm/check/alloc_fail.h"
#include "mm/check/ledger.h"
#include "mm/object/object_charge.h"
#include "mm/object/object_io.h"
#include "mm/object/object_size.h"
#include "sync/interleave.h"
#include "linux/mem/object_room.h"

#define P     PAGE_SIZE
#define BYTES (12 * P)

static unsigned char model[BYTES], bytes[BYTES];

/* Frames that nobody has in hand are free afterwards; private copies stay. */
TEST(frames)
{
	struct object *file;
	vaddr_t at;
	struct map_request request = { .addr = AT,
				       .len = 4 * P,
				       .prot = RW,
				       .max_prot = RW,
				       .flags = MAP_PRIVATE | MAP_FIXED };

	start();
	file = object_create_anon(0);
	assert_int_equal(0, object_allocate(file, P, 100 * P, false));
	assert_int_equal(0, object_size(file));
	assert_int_equal(99, file->npages);
	assert_int_equal(0, object_set_size(file, 0));
	assert_int_equal(0, file->npages);
	assert_int_equal(0, object_allocate(file, 3 * P, 100 * P, true));
	assert_int_equal(97, file->npages);
	mm_trim();
	assert_int_equal(97, file->npages); /* what was had stays */
	request.object = file;
	assert_int_equal(0, vm_map(&space, &request, &at));
	assert_int_equal(0, fake_store(AT + 3 * P, 5));
	assert_int_equal(0, object_punch(file, 3 * P + 1, 50 * P));
	assert_int_equal(51, file->npages);
	assert_int_equal(5, fake_load(AT + 3 * P));
	assert_int_equal(0, object_punch(file, 0, 100 * P));
	assert_int_equal(0, file->npages);
	assert_int_equal(0, object_set_size(file, 99 * P + 100));
	assert_int_equal(0, object_punch(file, 98 * P, 99 * P + 50));
	assert_int_equal(0, object_punch(file, 99 * P + 50, 100 * P));
	assert_int_equal(0, object_set_size(file, 100 * P));
	assert_int_equal(5, fake_load(AT + 3 * P));
	assert_false(object_has_writable_maps(file));
	assert_int_equal(0, vm_unmap(&space, AT, 4 * P));
	request.flags = MAP_SHARED | MAP_FIXED;
	request.prot = PROT_READ;
	assert_int_equal(0, vm_map(&space, &request, &at));
	assert_true(object_has_writable_maps(file)); /* mprotect could make it so */
	object_put(file);
	end();
}

static struct object *often_mapped;
static unsigned cut_pauses;

static size_t list_sum(const struct object *object)
{
	return list_length(&object->vmas) + list_length(&object->stale);
}

/* While the size is lowered: those that are done stand apart, so that no turn walks them. */
static int look_at_the_lists(struct vm_wait *wait)
{
	const struct object *object = often_mapped;
	const struct vma *vma;

	(void)wait;
	if (!object || !object->truncations || list_empty(&object->stale))
		return 0;
	cut_pauses++;
	list_for_each_entry(vma, &object->vmas, object_link)
		assert_int_equal(object->truncations, vma->truncation);
	list_for_each_entry(vma, &object->stale, object_link)
		assert_true(vma->truncation < object->truncations);
	return 0;
}

/* Every mapping is come to once, by a truncation and by a hole, and keeps its place among the others. */
TEST(truncations_put_mappings_apart)
{
	struct map_request request = {
		.len = P, .prot = RW, .max_prot = RW, .flags = MAP_SHARED | MAP_FIXED
	};
	const unsigned n = 40;
	struct vma *vma;
	vaddr_t at;

	start();
	often_mapped = request.object = rig_file(2 * P);
	for (unsigned i = 0; i < n; i++) {
		request.addr = AT + 2 * i * P;
		assert_int_equal(0, vm_map(&space, &request, &at));
		assert_int_equal(rig_byte(0), fake_load(at));
	}
	assert_int_equal(n, often_mapped->nwritable);
	rig_pause = look_at_the_lists;
	assert_int_equal(0, object_set_size(often_mapped, 0));
	assert_true(cut_pauses >= n - 1);
	assert_true(list_empty(&often_mapped->stale));
	assert_int_equal(0, object_set_size(often_mapped, P));
	assert_int_equal(0, fake_load(AT));
	cut_pauses = 0;
	assert_int_equal(0, object_punch(often_mapped, 0, P));
	assert_true(cut_pauses >= n - 1);
	assert_true(list_empty(&often_mapped->stale));
	rig_pause = NULL;
	at = AT;
	list_for_each_entry(vma, &often_mapped->vmas, object_link) {
		assert_int_equal(at, vma->start);
		at += 2 * P;
	}
	assert_int_equal(n, list_sum(often_mapped));
	assert_int_equal(0, vm_unmap(&space, AT, n * P));
	assert_int_equal(n / 2, often_mapped->nwritable);
	rig_check();
	object_put(often_mapped);
	often_mapped = NULL;
	end();
}

static void map_at(struct object *file, vaddr_t at, uint64_t len, unsigned flags)
{
	struct map_request request = { .addr = at,
				       .len = len,
				       .prot = RW,
				       .max_prot = RW,
				       .flags = flags | MAP_FIXED,
				       .object = file };

	assert_int_equal(0, vm_map(&space, &request, &at));
}

static struct space other;

/*
 * Another hart unmaps all of the running space when the truncation has found a mapping there, and has not
 * got the space's lock yet.
 */
static void unmap_between(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)what;
	if (kind != INTERLEAVE_LOCK || class != LOCK_SPACE)
		return;
	interleave_hook = NULL;
	assert_false(spin_lock_held(&spaces_lock)); /* who creates or ends a space need not wait */
	assert_int_equal(1, space.keepers + other.keepers);
	assert_int_equal(0, vm_unmap(&space, AT, 2 * P));
}

/* The mapping that was found goes: the next one is come to all the same, in its own space. */
TEST(unmapped_before_its_turn)
{
	start();
	for (unsigned others = 0; others < 2; others++) {
		struct map_request request = { .addr = AT,
					       .len = 2 * P,
					       .prot = RW,
					       .max_prot = RW,
					       .flags = MAP_SHARED | MAP_FIXED,
					       .object = rig_file(2 * P) };
		struct object *file = request.object;
		vaddr_t at;

		assert_int_equal(0, vm_map(&space, &request, &at));
		assert_int_equal(0, fake_store(AT + P, 1));
		if (others) {
			rig_create(&other);
			assert_int_equal(0, vm_map(&other, &request, &at));
			rig_run(&other);
			assert_int_equal(rig_byte(0), fake_load(AT));
			assert_int_equal(1, fake_load(AT + P));
		}
		interleave_hook = unmap_between;
		assert_int_equal(0, object_set_size(file, P));
		assert_null(interleave_hook);
		assert_int_equal(0, space.resident);
		assert_true(list_empty(&file->stale));
		assert_int_equal(others, list_sum(file));
		assert_int_equal(others, file->npages);
		rig_check();
		if (others) {
			assert_int_equal(rig_byte(0), fake_load(AT));
			assert_int_equal(-1, fake_load(AT + P));
			assert_int_equal(VM_BUS, rig_outcome);
			rig_run(&space);
			rig_destroy(&other);
		}
		object_put(file);
	}
	end();
}

/* What only mappings hold is charged to the space that has mapped it for the longest time (R111). */
TEST(held_by_mappings_only)
{
	struct map_request request = { .addr = AT,
				       .len = 2 * P,
				       .prot = RW,
				       .max_prot = RW,
				       .flags = MAP_SHARED | MAP_FIXED };
	struct object *object;
	vaddr_t at;

	start();
	request.object = object = object_create_anon(4 * P);
	rig_create(&other);
	assert_int_equal(0, vm_map(&space, &request, &at));
	assert_int_equal(0, vm_map(&other, &request, &at));
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(0, fake_store(AT + i * P, 1));
	assert_int_equal(0, vm_madvise(&space, AT, 2 * P, MADV_DONTNEED));
	assert_int_equal(0, space.resident);
	assert_int_equal(2, space.charged); /* no entry maps them */
	assert_int_equal(0, other.charged);
	rig_check();
	assert_int_equal(0, vm_unmap(&space, AT, P)); /* which splits it, and the lower part goes */
	assert_int_equal(2, space.charged + other.charged);
	rig_check();
	assert_int_equal(0, vm_unmap(&space, AT + P, P));
	assert_int_equal(0, space.charged);
	assert_int_equal(2, other.charged);
	assert_int_equal(0, object_punch(object, 0, P));
	assert_int_equal(1, other.charged);
	rig_destroy(&other);
	object_put(object);
	end();
}

/* A file's pages are charged to nobody while it has a name or a descriptor. Then its mapping is. */
TEST(held_by_mappings_in_the_end)
{
	struct object *file;
	struct vma *charged;

	start();
	file = rig_file(4 * P);
	map_at(file, AT, P, MAP_SHARED);
	assert_int_equal(0, fake_store(AT, 1));
	assert_int_equal(0, space.charged);
	spin_lock(&file->lock);
	object_charge_begin(file);
	spin_unlock(&file->lock);
	assert_int_equal(file->npages, space.charged);
	map_at(file, AT + 8 * P, 4 * P, MAP_SHARED);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(i ? rig_byte(i * P) : 1, fake_load(AT + (8 + i) * P));
	assert_int_equal(4, space.charged); /* each page that was read, once */
	rig_check();
	file->charged->space->charged++;
	assert_int_not_equal(0, ledger_check(NULL));
	file->charged->space->charged--;
	charged = file->charged;
	file->charged = NULL;
	assert_int_not_equal(0, ledger_check(NULL));
	file->charged = charged;
	object_put(file);
	end();
}

static int unmap_front(struct vm_wait *wait)
{
	(void)wait;
	if (list_empty(&often_mapped->stale) || space.resident == 200)
		return 0;
	rig_pause = NULL;
	assert_in_range(space.resident, 101, 199); /* it stopped within the first half */
	assert_int_equal(0, vm_unmap(&space, AT, 100 * P));
	/* What is left is a VMA made in the memory of the one that the hole has stopped in. */
	assert_int_equal(0, vm_unmap(&space, AT + 100 * P, 20 * P));
	return 0;
}

/* A mapping loses its front, and where the hole stopped in it, between two pieces: all that is left is come to. */
TEST(front_goes_amid_a_hole)
{
	struct object *file;

	start();
	often_mapped = file = object_create_anon(200 * P);
	map_at(file, AT, 200 * P, MAP_SHARED);
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(0, fake_store(AT + i * P, 1));
	rig_pause = unmap_front;
	assert_int_equal(0, object_punch(file, 0, 199 * P));
	assert_null(rig_pause);
	rig_check();
	assert_int_equal(1, space.resident);
	assert_int_equal(1, file->npages);
	assert_int_equal(1, fake_load(AT + 199 * P));
	assert_int_equal(0, fake_load(AT + 120 * P));
	assert_int_equal(0, fake_load(AT + 198 * P));
	often_mapped = NULL;
	object_put(file);
	end();
}

/* What a file of zeros and what was written to it should be. */
static struct {
	uint64_t size;
	bool there[12];
} file_model;

static uint64_t pages(uint64_t bytes)
{
	return (bytes + P - 1) / P;
}

static void there(uint64_t first, uint64_t stop, bool is)
{
	for (uint64_t i = first; i < stop; i++)
		file_model.there[i] = is;
}

static void resize(struct object *file, uint64_t size)
{
	assert_int_equal(0, object_set_size(file, size));
	if (size <= file_model.size) {
		memset(model + size, 0, BYTES - size);
		there(pages(size), 12, false);
	}
	file_model.size = size;
}

static void allocate(struct object *file, uint64_t a, uint64_t end, bool grow)
{
	assert_int_equal(0, object_allocate(file, a, end, grow));
	there(a / P, pages(end), true);
	if (grow)
		file_model.size = MAX(file_model.size, end);
}

static void write_some(struct object *file, uint64_t a, uint64_t end, unsigned char c)
{
	memset(model + a, c, end - a);
	assert_int_equal(end - a, object_write_kernel(file, a, model + a, end - a));
	there(a / P, pages(end), true);
	file_model.size = MAX(file_model.size, end);
}

static void punch(struct object *file, uint64_t a, uint64_t end)
{
	assert_int_equal(0, object_punch(file, a, end));
	memset(model + a, 0, end - a);
	there(pages(a), end / P, false);
}

/* R92: what was had beyond the end waits there for the file to grow, and goes with what is cut off. */
TEST(beyond_the_end)
{
	start();
	for (unsigned round = 0; round < 100; round++) {
		struct object *file = object_create_anon(0);

		memset(model, 0, BYTES);
		memset(&file_model, 0, sizeof(file_model));
		for (unsigned step = 1; step < 40; step++) {
			uint64_t a = test_below(BYTES - 1), end = a + 1 + test_below(BYTES - a);
			size_t npages = 0;

			switch (test_below(6)) {
			case 0:
				resize(file, test_below(4) ? a : file_model.size);
				break;
			case 1:
				write_some(file, a, MIN(end, a + P + 9), (unsigned char)step);
				break;
			case 2:
				punch(file, a, end);
				break;
			case 3:
				allocate(file, a, end, true);
				break;
			default:
				allocate(file, a, end, false);
			}
			for (unsigned i = 0; i < 12; i++)
				npages += file_model.there[i];
			assert_int_equal(file_model.size, object_size(file));
			assert_int_equal(npages, file->npages);
			assert_int_equal(file_model.size,
					 object_read_kernel(file, 0, bytes, BYTES));
			assert_memory_equal(model, bytes, file_model.size);
			rig_check();
		}
		object_put(file);
	}
	end();
}

#define SPARSE 20
#define STRIDE (512 * P) /* a leaf table each */

/*
 * R92 R44: a hole's pages go though they are mapped, in many tables or many to a table; from a private mapping only
 * what shows the file.
 */
TEST(mapped_holes)
{
	const uint64_t len = SPARSE * STRIDE, dense = 200;
	const vaddr_t mine = AT + 2 * len;
	struct object *file;
	unsigned copies = 1;

	start();
	file = object_create_anon(len);
	map_at(file, AT, len, MAP_SHARED);
	map_at(file, mine, len, MAP_PRIVATE);
	for (uint64_t i = 0; i < len; i += i < dense * P ? P : STRIDE) {
		assert_int_equal(0, fake_store(AT + i, 's'));
		assert_int_equal('s', fake_load(mine + i));
		if (i / P % 7 != 3)
			continue;
		assert_int_equal(0, fake_store(mine + i, 'm'));
		copies++;
	}
	assert_int_equal(0, fake_store(mine + 2 * STRIDE, 'm'));
	assert_int_equal(0, object_punch(file, 3 * P, len - STRIDE - P));
	rig_check();
	assert_int_equal(3 + 1, file->npages); /* those before, and the last */
	assert_int_equal(4 + 4 + copies, space.resident);
	assert_int_equal('m', fake_load(mine + 3 * P));
	assert_int_equal('m', fake_load(mine + 2 * STRIDE));
	assert_int_equal(0, fake_load(mine + 4 * P));
	assert_int_equal(0, fake_load(AT + 3 * P));
	assert_int_equal('s', fake_load(AT + 2 * P));
	assert_int_equal(0, fake_load(AT + 3 * STRIDE));
	object_put(file);
	end();
}

/* R90: which parts of which objects MADV_REMOVE takes, and what it refuses. */
TEST(what_is_removed)
{
	struct object *file;
	struct vm_remove remove;
	vaddr_t addr = AT, stop;
	unsigned max_prot;
	struct vma *vma;

	start();
	file = object_create_anon(100 * P);
	map_at(file, AT + 2 * P, 4 * P, MAP_SHARED);
	map_at(file, AT + 8 * P, 2 * P, MAP_PRIVATE);
	map(AT + 10 * P, 1, RW);
	assert_int_equal(-EINVAL, vm_advice_range(AT + 1, P, &stop));
	assert_int_equal(-EINVAL, vm_advice_range(AT, UINT64_MAX, &stop));
	assert_int_equal(-EINVAL, vm_advice_range(AT, UINT64_MAX - AT, &stop));
	assert_int_equal(0, vm_advice_range(AT, 2 * P + 1, &stop));
	assert_int_equal(AT + 3 * P, stop);
	assert_int_equal(-ENOMEM, vm_remove_next(&space, &addr, AT + 2 * P, &remove));
	assert_int_equal(0, vm_remove_next(&space, &addr, stop, &remove));
	assert_true(remove.gap && remove.object == file);
	assert_int_equal(0, remove.start);
	assert_int_equal(P, remove.end);
	assert_int_equal(stop, addr);
	object_put(file);
	assert_int_equal(0, vm_remove_next(&space, &addr, AT + 20 * P, &remove));
	assert_true(!remove.gap);
	assert_int_equal(P, remove.start);
	assert_int_equal(4 * P, remove.end);
	assert_int_equal(AT + 6 * P, addr);
	object_put(file);
	assert_int_equal(-EACCES, vm_remove_next(&space, &addr, AT + 20 * P, &remove));
	vma = vma_find(&space, AT + 2 * P);
	max_prot = vma->max_prot;
	vma->max_prot = VM_PROT_READ; /* of a descriptor to read */
	addr = AT + 2 * P;
	assert_int_equal(-EACCES, vm_remove_next(&space, &addr, AT + 20 * P, &remove));
	vma->max_prot = max_prot;
	addr = AT + 10 * P;
	assert_int_equal(-EINVAL, vm_remove_next(&space, &addr, AT + 20 * P, &remove));
	addr = AT + 11 * P;
	assert_int_equal(-ENOMEM, vm_remove_next(&space, &addr, AT + 20 * P, &remove));
	addr = USER_TOP - P;
	assert_int_equal(-ENOMEM, vm_remove_next(&space, &addr, USER_TOP, &remove));
	assert_int_equal(0, vm_lock(&space, AT + 2 * P, P, VMA_LOCKED));
	addr = AT + 2 * P;
	assert_int_equal(-EINVAL, vm_remove_next(&space, &addr, AT + 20 * P, &remove));
	object_put(file);
	end();
}

/* R45: pages that can't all be had leave size and pages as they were. */
TEST(failures)
{
	int result;

	start();
	for (uint64_t nth = 1;; nth++) {
		struct object *file = object_create_anon(4 * P);
		uint64_t left;

		assert_int_equal(1, object_write_kernel(file, P, "x", 1));
		alloc_fail_at = nth;
		result = object_allocate(file, 0, 20 * P, true);
		left = alloc_fail_at;
		alloc_fail_at = 0;
		rig_check();
		assert_int_equal(result ? 4 * P : 20 * P, object_size(file));
		assert_int_equal(result ? 1 : 20, file->npages);
		object_put(file);
		mm_trim();
		if (left)
			break;
		assert_int_equal(-ENOSPC, result);
	}
	assert_int_equal(0, result);
	end();
}
