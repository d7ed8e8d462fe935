/* SPDX-License-Identifier: MIT */
/* Tests of the pages of objects: fills, their races, truncation of all that shows them. */
#include "memory.h"

#include "abi/errno.h"
#include "abi/mman.h"
#include "known_file.h"
#include "mm/check/ledger.h"
#include "mm/fault/fault.h"
#include "mm/object/object_io.h"
#include "mm/object/object_size.h"
#include "mm/object/page_cache.h"
#include "mm/phys/page_alloc.h"
#include "mm/space/space.h"
#include "mm/verbs.h"

static struct object file;

TEST(pages)
{
	struct page *page, *again;
	struct vm_wait wait = { 0 };

	file_start();
	object_init(&file, &file_ops, FILE_BYTES);
	assert_null(object_page_resident(&file, 0));
	assert_int_equal(0, object_page(&file, 3, &page, &wait));
	assert_int_equal(file_byte(3 * PAGE_SIZE), *(unsigned char *)page_address(page));
	assert_int_equal(2, page->refs);
	assert_int_equal(0, object_page(&file, 3, &again, &wait));
	assert_ptr_equal(again, page);
	again = object_page_resident(&file, 3);
	assert_ptr_equal(again, page);
	assert_int_equal(4, page->refs);
	for (unsigned i = 0; i < 3; i++)
		page_put(page);
	assert_int_equal(-ENXIO, object_page(&file, FILE_BYTES / PAGE_SIZE + 1, &page, &wait));
	assert_int_equal(-ENXIO, object_page(&file, UINT64_MAX, &page, &wait));
	file_reads = 2;
	assert_int_equal(VM_WAIT, object_page(&file, 0, &page, &wait));
	assert_ptr_equal(&file_room, wait.queue);
	assert_int_equal(0, object_page(&file, 0, &page, &wait));
	page_put(page);
	assert_int_equal(0, ledger_check(NULL));
	object_put(&file);
}

static struct vm_wait inner;

static void ask_too(void)
{
	struct page *page;

	assert_int_equal(VM_WAIT, object_page(&file, 1, &page, &inner));
	assert_int_equal(inner.seq, waitq_sample(inner.queue));
}

/* R16 for files: two need the same page; the second waits for the first one's read. */
TEST(two_readers)
{
	struct page *page;
	struct vm_wait wait = { 0 };
	size_t before;

	file_start();
	object_init(&file, &file_ops, FILE_BYTES);
	assert_int_equal(0, object_page(&file, 0, &page, &wait));
	page_put(page);
	before = page_alloc_free_count();
	file_reads = 0;
	file_meanwhile = ask_too;
	assert_int_equal(0, object_page(&file, 1, &page, &wait));
	assert_int_not_equal(inner.seq, waitq_sample(inner.queue));
	assert_int_equal(2, page->refs);
	assert_int_equal(before - 1, page_alloc_free_count());
	page_put(page);
	object_put(&file);
}

static void cut_to_5000(void)
{
	assert_int_equal(0, object_set_size(&file, 5000));
}

static void cut_to_5000_and_grow(void)
{
	cut_to_5000();
	assert_int_equal(0, object_set_size(&file, FILE_BYTES));
}

/* R75: a truncation while a page is being read: what it cut off does not come back. */
TEST(truncation_during_read)
{
	unsigned char byte;
	struct page *page;
	struct vm_wait wait = { 0 };

	file_start();
	object_init(&file, &file_ops, FILE_BYTES);
	file_meanwhile = cut_to_5000;
	assert_int_equal(-ENXIO, object_page(&file, 2, &page, &wait));
	object_put(&file);

	object_init(&file, &file_ops, FILE_BYTES);
	file_meanwhile = cut_to_5000_and_grow;
	file_reads = 0;
	assert_int_equal(0, object_page(&file, 1, &page, &wait));
	assert_int_equal(file_byte(4999),
			 ((unsigned char *)page_address(page))[5000 - PAGE_SIZE - 1]);
	assert_int_equal(0, ((unsigned char *)page_address(page))[5000 - PAGE_SIZE]);
	page_put(page);
	assert_int_equal(1, object_read_kernel(&file, 20000, &byte, 1));
	assert_int_equal(0, byte);
	assert_int_equal(0, ledger_check(NULL));
	object_put(&file);
}

#define MAPPED 0x500000ul

static bool mapped(struct space *space, unsigned which)
{
	struct mmu_entry *slot = arch_mmu_lookup(&space->mmu, MAPPED + which * PAGE_SIZE);

	return slot && !entry_empty(*slot);
}

static void map_file(struct space *space)
{
	struct map_request request = { .addr = MAPPED,
				       .len = 8 * PAGE_SIZE,
				       .prot = VM_PROT_READ | VM_PROT_WRITE,
				       .max_prot = VM_PROT_READ | VM_PROT_WRITE,
				       .flags = MAP_PRIVATE | MAP_FIXED,
				       .object = &file };
	struct vm_wait wait = { 0 };
	vaddr_t addr;
	int result;

	assert_int_equal(0, vm_map(space, &request, &addr));
	for (unsigned i = 0; i < 8; i++) {
		unsigned access = i % 2 ? VM_PROT_WRITE : VM_PROT_READ;

		do {
			result = vm_fault(space, MAPPED + i * PAGE_SIZE, access, &wait);
		} while (result == VM_WAIT);
		assert_int_equal(0, result);
	}
}

/*
 * R75: size, index, maps, private copies: nothing beyond the end is left; the tail of the last page
 * is zeros.
 */
TEST(truncation_everywhere)
{
	struct space space;
	struct page *held;
	struct vm_wait wait = { 0 };

	file_start();
	object_init(&file, &file_ops, FILE_BYTES);
	assert_int_equal(0, space_create(&space));
	map_file(&space);
	assert_int_equal(0, object_page(&file, 2, &held, &wait));
	assert_int_equal(0, object_set_size(&file, 3 * PAGE_SIZE - 100));
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(i < 3, mapped(&space, i));
	for (unsigned i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(i < PAGE_SIZE - 100 ? file_byte(2 * PAGE_SIZE + i) : 0,
				 ((unsigned char *)page_address(held))[i]);
	assert_int_equal(VM_BUS, vm_fault(&space, MAPPED + 3 * PAGE_SIZE, VM_PROT_READ, &wait));
	spin_lock(&file.lock);
	assert_true(object_has_locked(&file, 2, held));
	assert_false(object_has_locked(&file, 1, held));
	file.size = 2 * PAGE_SIZE; /* a truncation begins so */
	assert_false(object_has_locked(&file, 2, held));
	file.size = 3 * PAGE_SIZE - 100;
	spin_unlock(&file.lock);
	assert_int_equal(0, object_set_size(&file, 2 * PAGE_SIZE));
	spin_lock(&file.lock);
	assert_false(object_has_locked(&file, 2, held));
	spin_unlock(&file.lock);
	assert_false(mapped(&space, 2));
	assert_int_equal(1, held->refs);
	page_put(held);
	assert_int_equal(0, ledger_check(NULL));
	space_destroy(&space);
	object_put(&file);
	assert_int_equal(0, ledger_check(NULL));
}
