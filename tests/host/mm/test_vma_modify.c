/* SPDX-License-Identifier: MIT */
/* Changing a part of a VMA: what merges with what, and which preconditions are asserted. */
#include "one_space.h"

#include <string.h>

#include "mm/object/object.h"
#include "mm/space/vma_modify.h"

#define P PAGE_SIZE

/* What neighbours must have in common, besides the permissions that the pages are to get. */
enum field { MAX_PROT, FLAGS, BACKEND, FILE_END, TRUNCATION, OFFSET, FIELDS };

/* Makes one of them another, and what it was by the second call. */
static void change(struct vma *vma, enum field field)
{
	switch (field) {
	case MAX_PROT:
		vma->max_prot ^= VM_PROT_EXEC;
		break;
	case FLAGS:
		vma->flags ^= VMA_DONTFORK;
		break;
	case BACKEND:
		vma->backend = vma->backend == &vma_elf ? &vma_object_private : &vma_elf;
		break;
	case FILE_END:
		vma->file_end ^= AT;
		break;
	case TRUNCATION:
		vma->truncation ^= 1;
		break;
	default:
		vma->offset ^= GIB;
	}
}

/* [start, end) is in one VMA: all of it has that protection afterwards, and is in one VMA. */
static void modify(vaddr_t start, vaddr_t end, unsigned prot)
{
	struct list dead = LIST_INIT(dead);
	struct vma *vma = vma_find(&space, start);

	space_lock(&space);
	assert_int_equal(0, vma_modify(&vma, start, end, prot, vma->flags, &dead));
	assert_true(vma->start <= start && end <= vma->end);
	assert_int_equal(prot, vma->prot);
	space_unlock(&space);
	vma_free_dead(&dead);
}

/* R94: a part merges with a neighbour that is like it in everything, and with no other. */
TEST(alike)
{
	struct object *file;

	start();
	file = rig_file(8 * P);
	map_file(file, AT, 4, 0, NULL, 0);
	assert_int_equal(0, vm_protect(&space, AT, P, PROT_READ));
	for (enum field field = 0; field < FIELDS; field++) {
		struct vma *below = vma_find(&space, AT);

		change(below, field);
		assert_int_equal(0, vm_protect(&space, AT + P, P, PROT_READ));
		assert_int_equal(3, space.nvmas);
		assert_int_equal(AT + P, below->end);
		change(below, field);
		assert_int_equal(0, vm_protect(&space, AT + P, P, RW));
		assert_int_equal(2, space.nvmas);
	}
	assert_int_equal(0, vm_protect(&space, AT + P, P, PROT_READ));
	assert_int_equal(2, space.nvmas);
	assert_int_equal(AT + 2 * P, vma_find(&space, AT)->end);
	object_put(file);
	end();
}

/* Either end of a VMA, and its middle: as many VMAs as protections, and the figures follow. */
TEST(parts)
{
	struct vma *vma;

	start();
	map(AT, 1, PROT_READ);
	map(AT + P, 6, RW);
	map(AT + 7 * P, 1, PROT_READ);
	modify(AT + P, AT + 2 * P, VM_PROT_READ);
	modify(AT + 6 * P, AT + 7 * P, VM_PROT_READ);
	assert_int_equal(3, space.nvmas);
	vma = vma_find(&space, AT + 2 * P);
	assert_int_equal(AT + 2 * P, vma->start);
	assert_int_equal(AT + 6 * P, vma->end);
	assert_int_equal(4 * P, space.data_bytes);
	modify(AT + 3 * P, AT + 4 * P, VM_PROT_READ);
	assert_int_equal(5, space.nvmas);
	modify(AT + 3 * P, AT + 4 * P, VM_PROT_READ | VM_PROT_WRITE);
	assert_int_equal(3, space.nvmas);
	modify(AT + 2 * P, AT + 6 * P, VM_PROT_READ);
	assert_int_equal(1, space.nvmas);
	assert_int_equal(0, space.data_bytes);
	end();
}

#define assert_dies(statement, why)                            \
	do {                                                   \
		assert_true(panics(statement));                \
		assert_non_null(strstr(test_panic_text, why)); \
	} while (0)

static struct vma *low, *high, *far, *more;

/* (Apart from those whose panics are expected, so that no variable of theirs is lost in one.) */
__attribute__((noinline)) static void map_three(void)
{
	start();
	map(AT, 2, PROT_READ);
	map(AT + 2 * P, 2, RW);
	map(AT + 9 * P, 1, RW);
	low = vma_find(&space, AT);
	high = vma_find(&space, AT + 2 * P);
	far = vma_find(&space, AT + 9 * P);
}

/* Who changes a VMA holds the lock of its space. */
TEST(needs_the_lock)
{
	struct list dead = LIST_INIT(dead);

	map_three();
	assert_dies(vma_insert(&space, low), "spin_lock_held");
	assert_dies(vma_remove(low, &dead), "spin_lock_held");
	assert_dies(vma_split(low, AT + P, high), "spin_lock_held");
	assert_dies(vma_join(low, high, &dead), "spin_lock_held");
	assert_dies(vma_set_start(low, AT + P), "spin_lock_held");
	assert_dies(vma_set_end(low, AT + P), "spin_lock_held");
	assert_dies(vma_set_prot(low, RW), "spin_lock_held");
	assert_dies(vma_modify(&high, AT + 2 * P, AT + 3 * P, VM_PROT_READ, 0, &dead),
		    "spin_lock_held");
	end();
}

/* VMAs overlap nowhere and are never empty; only a range within one is changed. */
TEST(keeps_them_apart)
{
	struct list dead = LIST_INIT(dead);

	map_three();
	more = vma_alloc();
	more->start = AT + 2 * P;
	more->end = AT + 3 * P;
	space_lock(&space);
	assert_dies(vma_insert_between(&space, more, low, high), "vma->end <= above->start");
	assert_dies(vma_insert_between(&space, more, far, NULL), "below->end <= vma->start");
	assert_dies(vma_split(low, low->start, more), "vma->start < at");
	assert_dies(vma_split(low, low->end, more), "at < vma->end");
	assert_dies(vma_join(high, far, &dead), "below->end == above->start");
	assert_dies(vma_modify(&high, low->start, high->end, VM_PROT_READ, 0, &dead),
		    "vma->start <= start");
	assert_dies(vma_modify(&low, low->start, high->end, RW, 0, &dead), "end <= vma->end");
	space_unlock(&space);
	vma_free(more);
	assert_int_equal(3, space.nvmas);
	end();
}
