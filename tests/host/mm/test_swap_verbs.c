/* SPDX-License-Identifier: MIT */
/* R81 to R83. What faults and verbs do with pages that are out, or in the swap cache; all kinds of private memory. */
#include "one_swap.h"

#include "mm/fault/get_user_page.h"
#include "mm/object/object.h"
#include "mm/object/object_size.h"

#define TO (AT + 3 * GIB + 5 * P)

/* Pages that are out, and that parent and child refer to. */
static struct space *begin_shared(unsigned npages)
{
	begin(SLOTS);
	map(AT, npages, RW);
	write_pages(0, npages);
	push_out();
	return fork_space();
}

/* ---- writes to pages in the swap cache ---- */

/* The other one's entry is SWAP: the writer gets a copy, and the page stays for the other. */
TEST(a_write_while_another_refers_to_the_slot)
{
	struct space *child = begin_shared(1);

	assert_int_equal(byte_of(0), fake_load(AT));
	assert_int_equal(0, fake_store(AT, 99));
	assert_kind(1, &space, COW);
	rig_check();
	rig_run(child);
	check_pages(0, 1);
	assert_int_equal(1, disk_reads);
	write_pages(0, 1); /* the child has it alone by now */
	assert_kind(0, child, COW);
	rig_run(&space);
	assert_int_equal(99, fake_load(AT));
	push_out();
	assert_int_equal(99, fake_load(AT));
	drop_space(child);
	finish();
}

TEST(a_write_at_once_while_another_refers_to_the_slot)
{
	struct space *child = begin_shared(1);

	assert_int_equal(0, fake_store(AT, 99));
	assert_kind(1, &space, SWAPPED);
	assert_kind(1, &space, COW);
	assert_int_equal(SLOTS - 1, swap_free());
	rig_run(child);
	check_pages(0, 1);
	assert_int_equal(1, disk_reads);
	drop_space(child);
	assert_int_equal(SLOTS, swap_free());
	finish();
}

/* Both map the page. The last one to write has it alone, and keeps it. */
TEST(both_write)
{
	struct space *child = begin_shared(2);

	check_pages(0, 2);
	rig_run(child);
	check_pages(0, 2);
	assert_int_equal(SLOTS - 2, swap_free());
	assert_int_equal(0, fake_store(AT, 1));
	rig_run(&space);
	assert_int_equal(0, fake_store(AT, 2));
	assert_kind(1, child, COW);
	assert_kind(1, &space, REUSE);
	rig_check();
	drop_space(child);
	assert_int_equal(0, fake_store(AT + P, 3));
	assert_kind(2, &space, REUSE);
	assert_kind(0, &space, COW);
	push_out();
	assert_int_equal(2, fake_load(AT));
	assert_int_equal(3, fake_load(AT + P));
	finish();
}

/* A page that somebody reads is copied, and nobody has the old one in swap any more. */
TEST(a_write_while_the_page_is_read)
{
	struct space *child = begin_shared(1);
	struct page *page;

	assert_int_equal(0, get_user_page(&space, AT, VM_PROT_READ, &page));
	drop_space(child);
	assert_int_equal(SLOTS - 1, swap_free());
	assert_int_equal(0, fake_store(AT, 99));
	assert_kind(1, &space, COW);
	assert_int_equal(SLOTS, swap_free());
	assert_int_equal(byte_of(0), *(unsigned char *)page_address(page));
	put_user_page(&space, page, VM_PROT_READ);
	assert_int_equal(99, fake_load(AT));
	finish();
}

/* A page that came back is clean until a store: then it is written again, though the entry is gone. */
TEST(stores_after_the_page_came_back)
{
	begin(SLOTS);
	map(AT, 2, RW);
	write_pages(0, 2);
	for (unsigned i = 0; i < 5; i++) {
		push_out();
		check_pages(0, 1);
		assert_int_equal(i, fake_load(AT + P));
		assert_int_equal(0, fake_store(AT + P, (unsigned char)(i + 1)));
		assert_int_equal(2 + i, disk_pages_written);
	}
	push_out();
	assert_int_equal(7, disk_pages_written);
	assert_int_equal(5, fake_load(AT + P));
	finish();
}

/* ---- the break ---- */

static int fail_reads(struct vm_wait *wait)
{
	if (wait)
		disk_end(0, -EIO);
	return 0;
}

/* New heap reads as zeros: while the page of the break can't be read, there is none. (R24, R84) */
TEST(the_break_is_in_a_page_that_cannot_be_read)
{
	vaddr_t base;

	begin(SLOTS);
	base = space.brk;
	assert_int_equal(base + P, vm_brk(&space, base + P));
	assert_int_equal(0, fake_store(base + 5, 1));
	assert_int_equal(0, fake_store(base + 105, 2));
	assert_int_equal(base + 100, vm_brk(&space, base + 100));
	push_out();
	rig_pause = fail_reads;
	assert_int_equal(base + 100, vm_brk(&space, base + 2 * P));
	rig_pause = disk_pause;
	assert_int_equal(-1, fake_load(base + P));
	assert_int_equal(base + 2 * P, vm_brk(&space, base + 2 * P));
	assert_int_equal(1, fake_load(base + 5));
	assert_int_equal(0, fake_load(base + 105));
	assert_int_equal(base, vm_brk(&space, base));
	finish();
}

/* ---- permissions ---- */

/* Some entries are SWAP, some map a page in the swap cache, alone or not, and one is empty. */
TEST(permissions_are_gained)
{
	struct space *child;

	begin(SLOTS);
	map(AT, 5, RW);
	write_pages(0, 4);
	push_out();
	check_pages(0, 2);
	assert_int_equal(0, vm_protect(&space, AT, 5 * P, PROT_READ));
	child = fork_space();
	check_pages(2, 1);
	assert_int_equal(0, vm_protect(&space, AT, 5 * P, RW));
	rig_check();
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(0, fake_store(AT + i * P, (unsigned char)i));
	rig_check();
	rig_run(child);
	check_pages(0, 4);
	assert_int_equal(0, fake_load(AT + 4 * P));
	drop_space(child);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(i, fake_load(AT + i * P));
	finish();
}

/* The only one that has the page in the swap cache may write to it again, without a copy. */
TEST(permission_to_write_is_gained)
{
	begin(SLOTS);
	map(AT, 1, RW);
	write_pages(0, 1);
	push_out();
	check_pages(0, 1);
	protect_many(PROT_READ);
	assert_int_equal(0, fake_store(AT, 99));
	assert_kind(0, &space, COW);
	assert_kind(1, &space, REUSE);
	push_out();
	assert_int_equal(99, fake_load(AT));
	finish();
}

/* R85: the kernel keeps A and D itself. */
TEST(accessed_and_dirty_in_software)
{
	struct space *child;

	arch_ad_soft_set(true);
	begin(SLOTS);
	map(AT, 40, RW);
	write_pages(0, 40);
	push_out();
	assert_int_equal(40, space.swapped);
	check_pages(0, 40);
	write_pages(5, 1);
	push_out();
	assert_int_equal(41, disk_pages_written);
	check_pages(0, 10);
	assert_int_equal(0, fake_store(AT + P, 9));
	push_out();
	assert_int_equal(9, fake_load(AT + P));
	write_pages(1, 1);
	child = fork_space();
	check_pages(0, 40);
	rig_run(child);
	write_pages(0, 40);
	check_pages(0, 40);
	drop_space(child);
	check_pages(0, 40);
	finish();
	arch_ad_soft_set(false);
}

/* ---- files ---- */

static struct object *begin_file(unsigned npages, const struct vma_backend *backend,
				 vaddr_t file_end)
{
	struct object *file;

	begin(SLOTS);
	file = rig_file(npages * P);
	map_file(file, AT, npages, 0, backend, file_end);
	return file;
}

/* Stores to every other page of a private mapping. */
static void write_some(unsigned npages)
{
	for (unsigned i = 0; i < npages; i += 2)
		assert_int_equal(0, fake_store(AT + i * P + 5, (unsigned char)(100 + i)));
}

static void check_some(unsigned npages)
{
	for (unsigned i = 0; i < npages; i++) {
		assert_int_equal(rig_byte(i * P + 6), fake_load(AT + i * P + 6));
		assert_int_equal(i % 2 ? rig_byte(i * P + 5) : (unsigned char)(100 + i),
				 fake_load(AT + i * P + 5));
	}
}

/* Written pages go to swap. The others are dropped, and read from the file again. */
TEST(a_private_file_mapping)
{
	struct object *file = begin_file(20, NULL, 0);

	write_some(20);
	check_some(20);
	push_out();
	assert_int_equal(10, space.swapped);
	assert_int_equal(0, space.resident);
	assert_int_equal(10, disk_pages_written);
	check_some(20);
	object_put(file);
	finish();
}

/* The last page of data has zeros behind the file's bytes, and so has the copy. */
TEST(a_data_segment)
{
	struct object *file = begin_file(4, &vma_elf, AT + 3 * P + 100);

	write_some(4);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(rig_byte(3 * P + 99), fake_load(AT + 3 * P + 99));
		assert_int_equal(0, fake_load(AT + 3 * P + 100));
		assert_int_equal(102, fake_load(AT + 2 * P + 5));
		assert_int_equal(0, fake_store(AT + 3 * P + 200, 7));
		push_out();
		assert_int_equal(3, space.swapped);
		assert_int_equal(7, fake_load(AT + 3 * P + 200));
	}
	object_put(file);
	finish();
}

/* A file that becomes shorter takes private copies with it, those that are out too. */
TEST(a_truncation_of_a_private_mapping)
{
	struct object *file = begin_file(10, NULL, 0);

	write_some(10);
	push_out();
	assert_int_equal(VM_WAIT, fault(AT + 8 * P, VM_PROT_READ));
	assert_int_equal(0, object_set_size(file, 4 * P));
	assert_int_equal(2, space.swapped);
	assert_int_equal(SLOTS - 2, swap_free());
	rig_check();
	disk_end_all();
	check_some(4);
	assert_int_equal(-1, fake_load(AT + 6 * P));
	assert_int_equal(VM_BUS, rig_outcome);
	object_put(file);
	finish();
}

/* A hole in the file: copies stay. */
TEST(a_hole_under_a_private_mapping)
{
	struct object *file = begin_file(10, NULL, 0);

	write_some(10);
	check_some(10);
	push_out();
	vm_truncate_hole(file, 0, 10 * P);
	assert_int_equal(5, space.swapped);
	check_some(10);
	object_put(file);
	finish();
}

/* ---- other verbs ---- */

/* The old place is empty, and may be filled again, with slots of its own. */
TEST(moved_and_kept)
{
	vaddr_t at;

	begin(SLOTS);
	map(AT, 50, RW);
	write_pages(0, 50);
	push_out();
	check_pages(0, 10);
	assert_int_equal(VM_WAIT, fault(AT + 30 * P, VM_PROT_READ));
	assert_int_equal(0, vm_remap(&space, AT, 50 * P, 50 * P,
				     MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, TO, &at));
	assert_int_equal(40, space.swapped);
	rig_check();
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(0, fake_load(AT + i * P + i));
		assert_int_equal(byte_of(i), fake_load(TO + i * P + i));
	}
	write_pages(0, 50);
	push_out();
	check_pages(0, 50);
	assert_int_equal(0, vm_unmap(&space, TO, 50 * P));
	finish();
}

/* The child gets a copy of the pinned page, and references to the slots of those around it. */
TEST(fork_with_a_pinned_page)
{
	struct space *child;
	struct page *page;

	begin(SLOTS);
	map(AT, 6, RW);
	write_pages(0, 6);
	push_out();
	assert_int_equal(0, get_user_page(&space, AT + 3 * P, VM_PROT_WRITE, &page));
	child = fork_space();
	assert_int_equal(5, child->swapped);
	assert_int_equal(1, child->resident);
	((unsigned char *)page_address(page))[0] = 99;
	put_user_page(&space, page, VM_PROT_WRITE);
	rig_check();
	push_out();
	assert_int_equal(99, fake_load(AT + 3 * P));
	rig_run(child);
	check_pages(0, 6);
	drop_space(child);
	check_pages(0, 6 - 3);
	finish();
}

/* Pages that are in memory and in swap at the same time give both back. */
TEST(advice_on_pages_in_the_swap_cache)
{
	begin(SLOTS);
	map(AT, 10, RW);
	write_pages(0, 10);
	push_out();
	check_pages(0, 5);
	assert_int_equal(0, vm_madvise(&space, AT, 10 * P, MADV_DONTNEED));
	assert_int_equal(SLOTS, swap_free());
	assert_int_equal(0, space.swapped + space.resident);
	assert_int_equal(0, fake_load(AT + 3 * P + 3));
	finish();
}

/* How many of the pages are in the largest segment of memory? */
static unsigned near_pages(unsigned npages)
{
	unsigned n = 0;

	for (unsigned i = 0; i < npages; i++) {
		struct mmu_entry entry = entry_load(arch_mmu_lookup(&space.mmu, AT + i * P));
		struct page *page;

		assert_true(entry_has_page(entry));
		n += pfn_is_near(entry_pfn(entry), &page);
	}
	return n;
}

/* Frames outside the largest segment of memory go out and come back as others do. */
TEST(frames_in_two_segments)
{
	struct space *child;

	rig_start_split(1100, 500);
	start_space();
	begin_disk(2000);
	map(AT, 600, RW);
	write_pages(0, 600);
	assert_in_range(near_pages(600), 100, 500);
	child = fork_space();
	for (unsigned i = 0; i < 600; i += 3)
		assert_int_equal(0, fake_store(AT + i * P + P / 2, 1));
	check_pages(0, 600);
	push_out();
	assert_int_equal(600, space.swapped);
	check_pages(300, 300);
	rig_run(child);
	check_pages(0, 600);
	push_out();
	drop_space(child);
	check_pages(0, 600);
	finish();
}
