/* SPDX-License-Identifier: MIT */
/* Faults that a program resolves in memory with an object: holes and present pages ask, what is given is the object's, or private (R230). */
#include "one_swap.h"

#include "lib/string.h"
#include "mm/check/alloc_fail.h"
#include "mm/fault/userfault.h"
#include "mm/object/object_size.h"
#include "mm/object/page_cache.h"
#include "sync/interleave.h"

#define N	8
#define BESIDE	(AT + 64 * P) /* the same object, not registered */
#define PRIVATE (AT + 128 * P)

static struct userfault *userfault;
static struct object *object;
static struct vm_wait last;

static void map_object(vaddr_t at, unsigned flags)
{
	struct map_request request = { .addr = at,
				       .len = N * P,
				       .prot = RW,
				       .max_prot = RW,
				       .flags = flags | MAP_FIXED,
				       .object = object };
	vaddr_t got;

	assert_int_equal(0, vm_map(&space, &request, &got));
}

static int set(vaddr_t at, unsigned how)
{
	return vm_userfault_register(&space, at, at + N * P, userfault, how);
}

static void begin_object(void)
{
	begin(SLOTS);
	userfault = userfault_create();
	object = object_create_anon(N * P);
	assert_true(userfault && object);
	map_object(AT, MAP_SHARED);
	map_object(BESIDE, MAP_SHARED);
	map_object(PRIVATE, MAP_PRIVATE);
}

static void end_object(void)
{
	rig_check();
	disk_end_all();
	assert_int_equal(0, vm_unmap(&space, AT, GIB));
	userfault_put(userfault);
	object_put(object);
	rig_check();
	disk_stop();
	end();
}

static int give(vaddr_t va, unsigned char byte)
{
	struct page *page = NULL;
	int result;

	if (byte) {
		page = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
		assert_non_null(page);
		memset(page_address(page), byte, P);
	}
	result = userfault_give(&space, va, &page, false);
	if (page)
		page_put(page);
	return result;
}

/* Does an access ask? Waits for the disk are served. */
static bool asks(vaddr_t va, unsigned access)
{
	int result;

	vm_wait_init(&last);
	while ((result = vm_fault(&space, va, access, &last)) == VM_WAIT &&
	       last.why != WAITS_FOR_USERFAULT)
		disk_end_all();
	assert_true(result != VM_WAIT || (last.space == &space && last.va == va &&
					  last.writes == (access == VM_PROT_WRITE)));
	return result == VM_WAIT;
}

static bool asks_for_missing(vaddr_t va)
{
	return asks(va, VM_PROT_READ) && !last.minor && asks(va, VM_PROT_WRITE) && !last.minor;
}

static bool asks_for_present(vaddr_t va)
{
	return asks(va, VM_PROT_READ) && last.minor && asks(va, VM_PROT_WRITE) && last.minor;
}

TEST(userfault_asks_for_a_hole)
{
	struct page *page;

	begin_object();
	assert_int_equal(0, fake_store(BESIDE, 'b'));
	assert_int_equal(0, set(AT, VMA_UF_MISSING));
	assert_int_equal('b', fake_load(AT));
	assert_true(asks_for_missing(AT + P));
	assert_int_equal(0, give(AT + P, 'g'));
	assert_int_equal('g', fake_load(AT + P + 5));
	assert_int_equal('g', fake_load(BESIDE + P + 5));
	assert_int_equal(-EEXIST, give(AT + P, 'h'));
	assert_int_equal(0, fake_store(AT + P, 'w'));
	assert_int_equal('w', fake_load(BESIDE + P));
	assert_int_equal(0, fake_store(BESIDE + 2 * P, 'b')); /* here it is not mapped */
	assert_int_equal(-EEXIST, give(AT + 2 * P, 'h'));
	assert_int_equal(-EEXIST, give(AT + 2 * P, 0));
	assert_int_equal(0, give(AT + 3 * P, 0));
	assert_int_equal(0, fake_load(AT + 3 * P));
	page = object_page_resident(object, 3);
	assert_true(page && page_has(page, PAGE_DIRTY)); /* it is no hole any more */
	page_put(page);
	assert_int_equal(4, object->npages);
	assert_int_equal(-ENOENT, give(BESIDE + 4 * P, 'h'));
	assert_true(asks_for_missing(AT + 4 * P));
	assert_int_equal(0, vm_userfault_unregister(&space, AT, AT + N * P));
	assert_int_equal(1, vma_find(&space, AT)->backend == &vma_object_shared);
	assert_int_equal(0, fake_load(AT + 4 * P));
	end_object();
}

TEST(userfault_gives_up_to_the_end)
{
	begin_object();
	assert_int_equal(0, set(AT, VMA_UF_MISSING));
	assert_int_equal(0, set(PRIVATE, VMA_UF_MISSING));
	assert_int_equal(0, object_set_size(object, 2 * P + 1));
	assert_int_equal(-EFAULT, give(AT + 3 * P, 'g'));
	assert_int_equal(-EFAULT, give(AT + 3 * P, 0));
	assert_int_equal(-EFAULT, give(PRIVATE + 3 * P, 'g'));
	assert_int_equal(-EFAULT, give(PRIVATE + 3 * P, 0));
	assert_false(asks(AT + 3 * P, VM_PROT_READ)); /* BUS */
	assert_int_equal(0, give(AT + 2 * P, 'g'));
	assert_int_equal(0, object_set_size(object, P));
	assert_int_equal(0, object_set_size(object, N * P));
	assert_true(asks_for_missing(AT + 2 * P));
	end_object();
}

TEST(userfault_gives_private_pages)
{
	struct space *child;

	begin_object();
	assert_int_equal(0, fake_store(BESIDE, 'b'));
	assert_int_equal(0, fake_store(BESIDE + 2 * P, 'b'));
	assert_int_equal(0, set(PRIVATE, VMA_UF_MISSING));
	assert_int_equal(0, give(PRIVATE, 'p')); /* over the object's */
	assert_true(asks_for_missing(PRIVATE + P));
	assert_int_equal(0, give(PRIVATE + P, 'p'));
	assert_int_equal(0, give(PRIVATE + 2 * P, 0));
	assert_int_equal(-EEXIST, give(PRIVATE + 2 * P, 'p'));
	assert_true(object_is_hole(object, 1));
	child = fork_space();
	rig_run(child);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal('p', fake_load(PRIVATE));
		assert_int_equal('p', fake_load(PRIVATE + P));
		assert_int_equal(0, fake_load(PRIVATE + 2 * P));
		assert_int_equal('b', fake_load(BESIDE));
		assert_int_equal('b', fake_load(BESIDE + 2 * P));
		rig_run(&space);
	}
	rig_run(child);
	assert_int_equal(0, fake_load(PRIVATE + 3 * P)); /* a child has nothing registered */
	assert_int_equal(1, vma_find(child, PRIVATE)->backend == &vma_object_private);
	drop_space(child);
	end_object();
}

/* A child has zeros that were given, too, where nothing else is private. */
TEST(userfault_gives_private_zeros)
{
	struct space *child;

	begin_object();
	assert_int_equal(0, fake_store(BESIDE, 'b'));
	assert_int_equal(0, set(PRIVATE, VMA_UF_MISSING));
	assert_int_equal(0, give(PRIVATE, 0));
	child = fork_space();
	rig_run(child);
	assert_int_equal(0, fake_load(PRIVATE));
	assert_int_equal(0, fake_store(PRIVATE, 'c'));
	rig_run(&space);
	assert_int_equal(0, fake_load(PRIVATE));
	assert_int_equal('b', fake_load(BESIDE));
	drop_space(child);
	end_object();
}

TEST(userfault_asks_for_a_present_page)
{
	begin_object();
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(0, fake_store(BESIDE + i * P, (unsigned char)('a' + i)));
	assert_int_equal(0, set(AT, VMA_UF_MINOR));
	assert_int_equal(0, set(PRIVATE, VMA_UF_MINOR));
	assert_true(asks_for_present(AT + P));
	assert_int_equal(
		0, fake_load(AT + 5 * P)); /* a hole: it becomes a page, and is mapped alone */
	assert_int_equal(0, fake_store(AT + 6 * P, 'h'));
	assert_true(asks_for_present(AT + P) && asks_for_present(PRIVATE + 6 * P));
	assert_int_equal(-EFAULT, userfault_continue(&space, AT + 4 * P, false));
	assert_int_equal(-ENOENT, userfault_continue(&space, BESIDE, false));
	assert_int_equal(0, userfault_continue(&space, AT + P, false));
	assert_int_equal(-EEXIST, userfault_continue(&space, AT + P, false));
	assert_int_equal('b', fake_load(AT + P));
	assert_int_equal(0, fake_store(AT + P, 'w'));
	assert_true(asks_for_present(AT) && asks_for_present(AT + 2 * P));
	assert_int_equal(0, userfault_continue(&space, PRIVATE + P, false));
	assert_int_equal('w', fake_load(PRIVATE + P));
	assert_int_equal(0, fake_store(PRIVATE + P, 'p'));
	assert_int_equal('w', fake_load(BESIDE + P));
	assert_int_equal(-EEXIST, userfault_continue(&space, PRIVATE + P, false));
	assert_int_equal(0, vm_protect(&space, AT + 2 * P, P, PROT_NONE));
	assert_int_equal(0, userfault_continue(&space, AT + 2 * P, false));
	assert_int_equal(0, vm_protect(&space, AT + 2 * P, P, PROT_READ));
	assert_int_equal('c', fake_load(AT + 2 * P));
	end_object();
}

TEST(userfault_continues_up_to_the_end)
{
	begin_object();
	assert_int_equal(0, fake_store(BESIDE + 3 * P, 'b'));
	map(PRIVATE + N * P, 1, RW);
	assert_int_equal(-EINVAL, vm_userfault_register(&space, PRIVATE, PRIVATE + (N + 1) * P,
							userfault, VMA_UF_MINOR));
	assert_int_equal(0, set(AT, VMA_UF_MINOR | VMA_UF_MISSING));
	assert_int_equal(0, object_set_size(object, 2 * P));
	assert_int_equal(-EINVAL, userfault_continue(&space, AT + 3 * P, false));
	assert_int_equal(0, vm_userfault_register(&space, PRIVATE + N * P, PRIVATE + (N + 1) * P,
						  userfault, VMA_UF_MISSING));
	assert_int_equal(-EINVAL, userfault_continue(&space, PRIVATE + N * P, false));
	end_object();
}

/* What is told again of less stays as it is; of something else, it becomes that. */
TEST(userfault_registers_anew)
{
	begin_object();
	assert_int_equal(0, fake_store(BESIDE, 'b'));
	assert_int_equal(0, set(AT, VMA_UF_MINOR | VMA_UF_MISSING));
	assert_int_equal(0, set(AT, VMA_UF_MISSING));
	assert_true(asks_for_present(AT) && asks_for_missing(AT + P));
	assert_int_equal(0, vm_userfault_unregister(&space, AT, AT + N * P));
	assert_int_equal(0, set(AT, VMA_UF_MISSING));
	assert_int_equal('b', fake_load(AT));
	assert_int_equal(0, set(AT, VMA_UF_MINOR));
	assert_false(asks(AT + P, VM_PROT_READ));
	userfault_close(userfault);
	assert_int_equal(0, vm_madvise(&space, AT, P, MADV_DONTNEED));
	assert_int_equal('b', fake_load(AT));
	vm_userfault_forget(&space, userfault);
	end_object();
}

/* A page in swap is the object's all the same. */
TEST(userfault_of_swapped_pages)
{
	struct page *page;
	struct vm_wait wait;

	begin_object();
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(0, fake_store(BESIDE + i * P, (unsigned char)('a' + i)));
	assert_int_equal(0, set(AT, VMA_UF_MISSING));
	push_out();
	assert_int_equal(4, object->nswapped);
	assert_int_equal(-EEXIST, give(AT, 'g'));
	assert_int_equal('a', fake_load(AT));
	vm_wait_init(&wait);
	assert_int_equal(-ENOENT, object_page_there(object, 5, &page, &wait));
	assert_true(object_is_hole(object, 5));
	assert_int_equal(0, set(PRIVATE, VMA_UF_MINOR));
	assert_true(asks_for_present(PRIVATE + 2 * P));
	assert_int_equal(0, userfault_continue(&space, PRIVATE + 2 * P, false));
	assert_int_equal('c', fake_load(PRIVATE + 2 * P));
	end_object();
}

static bool is_punched;

/* A hole is made as soon as the first round of the fault has seen that the page is in swap. */
static void punch(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)what;
	if (is_punched || kind != INTERLEAVE_UNLOCK || class != LOCK_SPACE)
		return;
	is_punched = true;
	assert_int_equal(0, object_punch(object, 0, P));
}

TEST(userfault_of_a_hole_that_is_made_meanwhile)
{
	begin_object();
	assert_int_equal(0, fake_store(BESIDE, 'b'));
	assert_int_equal(0, set(AT, VMA_UF_MISSING));
	push_out();
	is_punched = false;
	interleave_hook = punch;
	assert_true(asks(AT, VM_PROT_READ));
	interleave_hook = NULL;
	assert_true(is_punched && object_is_hole(object, 0));
	end_object();
}

TEST(userfault_of_an_object_without_memory)
{
	unsigned n = 0;
	int result;

	begin_object();
	assert_int_equal(0, set(AT, VMA_UF_MISSING));
	do {
		alloc_fail_at = ++n;
		result = give(AT + 2 * P, 0);
		alloc_fail_at = 0;
		assert_true(result == 0 || (result == -ENOMEM && object_is_hole(object, 2)));
	} while (result);
	assert_int_equal(0, fake_load(AT + 2 * P));
	end_object();
}

TEST(userfault_registers_what_may_be_written)
{
	struct object *file;
	vaddr_t at;
	struct map_request request = { .addr = BESIDE + 16 * P,
				       .len = N * P,
				       .prot = PROT_READ,
				       .max_prot = PROT_READ,
				       .flags = MAP_SHARED | MAP_FIXED };

	begin_object();
	request.object = object;
	assert_int_equal(0, vm_map(&space, &request, &at));
	assert_int_equal(-EPERM, set(at, VMA_UF_MISSING));
	assert_int_equal(0, vm_userfault_unregister(&space, at, at + N * P));
	file = rig_file(N * P);
	map_file(file, at, N, 0, &vma_object_private, 0);
	assert_int_equal(-EINVAL, set(at, VMA_UF_MISSING));
	map_file(object, at, N, 0, &vma_elf, at + N * P);
	assert_int_equal(-EINVAL, set(at, VMA_UF_MISSING));
	object_put(file);
	end_object();
}
