/* SPDX-License-Identifier: MIT */
/* The border between two VMAs: which neighbour takes pages, and what the functions that change VMAs insist on. */
#include "one_space.h"

#include <string.h>

#include "mm/object.h"

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

/* R94: pages go to a neighbour that is like them in everything, and to no other. */
static void test_alike(void **state)
{
	struct object *file;

	(void)state;
	start();
	file = rig_file(8 * P);
	map_file(file, AT, 4, 0, NULL, 0);
	assert_int_equal(vm_protect(&space, AT, P, PROT_READ), 0);
	for (enum field field = 0; field < FIELDS; field++) {
		struct vma *below = vma_find(&space, AT);

		change(below, field);
		assert_int_equal(vm_protect(&space, AT + P, P, PROT_READ), 0);
		assert_int_equal(space.nvmas, 3);
		assert_int_equal(below->end, AT + P);
		change(below, field);
		assert_int_equal(vm_protect(&space, AT + P, P, RW), 0);
		assert_int_equal(space.nvmas, 2);
	}
	assert_int_equal(vm_protect(&space, AT + P, P, PROT_READ), 0);
	assert_int_equal(space.nvmas, 2);
	assert_int_equal(vma_find(&space, AT)->end, AT + 2 * P);
	object_put(file);
	end();
}

/* Either end of a VMA goes to the neighbour there, if that has the permissions. */
static void test_ends(void **state)
{
	struct vma *vma;

	(void)state;
	start();
	map(AT, 1, PROT_READ);
	map(AT + P, 4, RW);
	map(AT + 5 * P, 1, PROT_READ);
	vma = vma_find(&space, AT + P);
	spin_lock(&space.lock);
	assert_null(vma_yield(vma, AT + P, AT + 2 * P, VM_PROT_EXEC, 0));
	assert_null(vma_yield(vma, AT + 4 * P, AT + 5 * P, VM_PROT_EXEC, 0));
	assert_int_equal(vma->end - vma->start, 4 * P);
	assert_ptr_equal(vma_yield(vma, AT + P, AT + 2 * P, VM_PROT_READ, 0), vma_find(&space, AT));
	assert_ptr_equal(vma_yield(vma, AT + 4 * P, AT + 5 * P, VM_PROT_READ, 0),
			 vma_find(&space, AT + 5 * P));
	assert_int_equal(vma->start, AT + 2 * P);
	assert_int_equal(vma->end, AT + 4 * P);
	assert_int_equal(space.data_bytes, 2 * P);
	spin_unlock(&space.lock);
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
static void test_needs_the_lock(void **state)
{
	struct list dead = LIST_INIT(dead);

	(void)state;
	map_three();
	assert_dies(vma_insert(&space, low), "spin_lock_held");
	assert_dies(vma_remove(low, &dead), "spin_lock_held");
	assert_dies(vma_split(low, AT + P, high), "spin_lock_held");
	assert_dies(vma_join(low, high, &dead), "spin_lock_held");
	assert_dies(vma_set_start(low, AT + P), "spin_lock_held");
	assert_dies(vma_set_end(low, AT + P), "spin_lock_held");
	assert_dies(vma_set_prot(low, RW), "spin_lock_held");
	assert_dies(vma_yield(high, AT + 2 * P, AT + 3 * P, VM_PROT_READ, 0), "spin_lock_held");
	end();
}

/* VMAs overlap nowhere and are never empty; only an end of one is given away, and not all of it. */
static void test_keeps_them_apart(void **state)
{
	struct list dead = LIST_INIT(dead);

	(void)state;
	map_three();
	more = vma_alloc();
	more->start = AT + 2 * P;
	more->end = AT + 3 * P;
	spin_lock(&space.lock);
	assert_dies(vma_insert_between(&space, more, low, high), "vma->end <= above->start");
	assert_dies(vma_insert_between(&space, more, far, NULL), "below->end <= vma->start");
	assert_dies(vma_split(low, low->start, more), "vma->start < at");
	assert_dies(vma_split(low, low->end, more), "at < vma->end");
	assert_dies(vma_join(high, far, &dead), "below->end == above->start");
	assert_dies(vma_yield(high, high->start, low->start, VM_PROT_READ, 0), "below->start < at");
	assert_dies(vma_yield(low, high->end, low->end, RW, 0), "at < above->end");
	assert_dies(vma_yield(high, high->start, high->end, VM_PROT_READ, 0), "at < above->end");
	assert_dies(vma_yield(high, high->start + 1, high->end - 1, VM_PROT_READ, 0),
		    "end == vma->end");
	spin_unlock(&space.lock);
	vma_free(more);
	assert_int_equal(space.nvmas, 3);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		isolated_test(test_alike),
		isolated_test(test_ends),
		isolated_test(test_needs_the_lock),
		isolated_test(test_keeps_them_apart),
	};

	return test_group("mm_border", tests);
}
