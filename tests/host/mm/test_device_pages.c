/* SPDX-License-Identifier: MIT */
/* Registers of a device as pages of an object: mapped and unmapped like memory, never read, moved or freed. */
#include "one_space.h"

#include "mm/check/alloc_fail.h"
#include "mm/check/ledger.h"
#include "mm/fault/get_user_page.h"
#include "mm/object/object.h"
#include "mm/object/page_cache.h"
#include "mm/phys/memmap.h"
#include "mm/swap/reclaim.h"
#include "mm/swap/relieve.h"

#define P	     PAGE_SIZE
#define REGISTERS_AT (FAKE_PHYS_BASE - 64 * PAGE_SIZE)
#define NPAGES	     2u

static struct page *pages;
static unsigned destroyed;

static int nothing_to_read(struct object *object, struct page *page, struct vm_wait *wait)
{
	(void)object, (void)page, (void)wait;
	return -EIO;
}

static void destroy(struct object *object)
{
	(void)object;
	destroyed++;
}

static const struct object_ops device_ops = {
	.name = "device", .unevictable = true, .read_page = nothing_to_read, .destroy = destroy
};
static struct object device;

/* The device's two pages, and a page of memory, in one object that is mapped at AT. */
static void start_device(void)
{
	struct map_request request = { .addr = AT,
				       .len = (NPAGES + 1) * P,
				       .prot = RW,
				       .max_prot = RW,
				       .flags = MAP_SHARED | MAP_FIXED,
				       .object = &device };
	struct page *there, *memory;
	vaddr_t at;

	rig_start(2048);
	assert_int_equal(0, phys_add_device(REGISTERS_AT, NPAGES, &pages));
	start_space();
	destroyed = 0;
	object_init(&device, &device_ops, 16 * P);
	for (unsigned i = 0; i < NPAGES; i++) {
		page_get(&pages[i]);
		assert_int_equal(0, object_publish(&device, i, &pages[i], 0, 0, &there));
		page_put(there);
	}
	memory = page_alloc_zeroed(PAGE_OBJECT);
	assert_int_equal(0, object_publish(&device, NPAGES, memory, 0, 0, &there));
	page_put(there);
	assert_int_equal(0, vm_map(&space, &request, &at));
}

static void end_device(void)
{
	rig_check();
	rig_destroy(&space);
	object_put(&device);
	assert_int_equal(1, destroyed);
	for (unsigned i = 0; i < NPAGES; i++) {
		assert_int_equal(PAGE_ONE_REF, pages[i].counts);
		assert_null(pages[i].owner);
	}
	check_gone();
}

TEST(frames_outside_memory)
{
	struct page *others;

	start_device();
	for (unsigned i = 0; i < NPAGES; i++) {
		assert_ptr_equal(&pages[i], pfn_to_page(paddr_to_pfn(REGISTERS_AT) + i));
		assert_int_equal(REGISTERS_AT + i * P, page_to_paddr(&pages[i]));
		assert_int_equal(PAGE_DEVICE, page_kind(&pages[i]));
	}
	assert_null(pfn_to_page(paddr_to_pfn(REGISTERS_AT) + NPAGES));
	assert_int_equal(-EEXIST, phys_add_device(REGISTERS_AT + P, 1, &others));
	assert_int_equal(-EEXIST, phys_add_device(FAKE_PHYS_BASE + 5 * P, 1, &others));
	assert_int_equal(-EEXIST, phys_add_device(FAKE_PHYS_BASE - P, 2, &others));
	end_device();
}

TEST(no_more_segments)
{
	struct page *others;
	unsigned n = 0;
	size_t before;

	start_device();
	before = rig_objects();
	alloc_fail_at = 1;
	assert_int_equal(-ENOMEM, phys_add_device(REGISTERS_AT + 8 * P, 1, &others));
	alloc_fail_at = 0;
	while (page_segment_count < PAGE_SEGMENTS_MAX)
		assert_int_equal(0, phys_add_device(REGISTERS_AT + (8 + 2 * n++) * P, 1, &others));
	assert_int_equal(-ENOSPC, phys_add_device(REGISTERS_AT + (8 + 2 * n) * P, 1, &others));
	objects_before += rig_objects() - before; /* what is added stays */
	end_device();
}

/* R146: a mapping shows these frames and no others, with the permissions of its VMA */
TEST(maps_registers)
{
	struct ledger ledger;

	start_device();
	for (unsigned i = 0; i < NPAGES; i++) {
		struct mmu_entry *slot;

		assert_int_equal(0, fault(AT + i * P, i ? VM_PROT_READ : VM_PROT_WRITE));
		slot = arch_mmu_lookup(&space.mmu, AT + i * P);
		assert_int_equal(paddr_to_pfn(REGISTERS_AT) + i, entry_pfn(entry_load(slot)));
	}
	assert_int_equal(VM_SEGV_ACCERR, fault(AT, VM_PROT_EXEC));
	assert_int_equal(0, ledger_check(&ledger));
	assert_int_equal(NPAGES, ledger.kind[PAGE_DEVICE]);
	assert_int_equal(2048, ledger.total);
	assert_int_equal(0, vm_protect(&space, AT, P, PROT_NONE));
	assert_int_equal(VM_SEGV_ACCERR, fault(AT, VM_PROT_READ));
	assert_int_equal(0, vm_protect(&space, AT, P, RW));
	assert_int_equal(0, fault(AT, VM_PROT_READ));
	end_device();
}

/* They are not in the direct map. */
TEST(no_door_to_registers)
{
	struct page *page;

	start_device();
	assert_int_equal(-EFAULT, get_user_page(&space, AT, VM_PROT_READ, &page));
	assert_int_equal(-EFAULT, get_user_page(&space, AT + P, VM_PROT_WRITE, &page));
	assert_int_equal(-EFAULT, vm_copy_to(&space, AT + P, "bytes", 5));
	assert_int_equal(0, vm_copy_to(&space, AT + 2 * P, "bytes", 5));
	end_device();
}

TEST(verbs)
{
	struct space child;
	vaddr_t at;

	start_device();
	assert_int_equal(0, fault(AT, VM_PROT_WRITE));
	assert_int_equal(0, fault(AT + 2 * P, VM_PROT_WRITE));
	rig_create(&child);
	assert_int_equal(0, vm_fork(&space, &child));
	rig_check();
	assert_int_equal(0, vm_unmap(&child, AT + P, P));
	rig_destroy(&child);
	assert_int_equal(-EFAULT, vm_remap(&space, AT, 3 * P, 4 * P, MREMAP_MAYMOVE, 0, &at));
	assert_int_equal(-EFAULT, vm_remap(&space, AT, 0, P, MREMAP_MAYMOVE, 0, &at));
	assert_int_equal(0, vm_madvise(&space, AT, 3 * P, MADV_DONTNEED));
	assert_int_equal(0, fault(AT, VM_PROT_READ));
	assert_int_equal(0, vm_lock(&space, AT, 3 * P, VMA_LOCKED));
	assert_int_equal(3, space.resident);
	assert_int_equal(0, vm_unlock(&space, AT, 3 * P));
	assert_int_equal(0, vm_madvise(&space, AT, 3 * P, MADV_PAGEOUT));
	assert_int_equal(0, vm_remap(&space, AT, 3 * P, 2 * P, 0, 0, &at));
	assert_int_equal(0, vm_remap(&space, AT, 2 * P, 2 * P, MREMAP_MAYMOVE | MREMAP_FIXED,
				     AT + 64 * P, &at));
	assert_int_equal(0, fault(AT + 64 * P, VM_PROT_READ));
	end_device();
}

/* R145: neither reclaim nor the trimming of caches takes a page, clean, cold and unmapped as it is */
TEST(stays)
{
	start_device();
	for (unsigned i = 0; i < 4; i++) {
		assert_true(reclaim(10) >= 0);
		mm_trim();
	}
	assert_int_equal(NPAGES + 1, device.npages);
	end_device();
}

/* Indices without a page are SIGBUS, and so is all of a device that was revoked. */
TEST(nothing_else)
{
	struct map_request request = { .addr = AT + 64 * P,
				       .len = 2 * P,
				       .prot = RW,
				       .max_prot = RW,
				       .flags = MAP_SHARED | MAP_FIXED,
				       .object = &device,
				       .offset = NPAGES * P };
	vaddr_t at;

	start_device();
	assert_int_equal(0, vm_map(&space, &request, &at));
	assert_int_equal(0, fault(AT + 64 * P, VM_PROT_WRITE));
	assert_int_equal(VM_BUS, fault(AT + 65 * P, VM_PROT_WRITE));
	assert_int_equal(VM_BUS, fault(AT + 65 * P, VM_PROT_READ));
	assert_int_equal(0, fault(AT, VM_PROT_READ));
	device.prealloc_end = NPAGES + 1;
	device.backed = device.size = 0;
	vm_truncate(&device, 0);
	assert_int_equal(0, space.resident);
	assert_int_equal(VM_BUS, fault(AT, VM_PROT_READ));
	assert_int_equal(VM_BUS, fault(AT + 64 * P, VM_PROT_READ));
	assert_int_equal(NPAGES + 1, device.npages);
	end_device();
}

/* Each frame of a block that was split has its own end. */
TEST(split)
{
	struct page *block;
	size_t free;

	start_device();
	free = page_alloc_free_count();
	block = page_alloc(3, PAGE_OBJECT, PAGE_NORMAL);
	page_alloc_split(block, 3);
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(PAGE_ONE_REF, block[i].counts);
		assert_int_equal(PAGE_OBJECT, page_state(&block[i]));
		assert_int_equal(free - 8 + i, page_alloc_free_count());
		page_put(&block[i]);
	}
	assert_int_equal(free, page_alloc_free_count());
	end_device();
}

/* R111: pages that are never freed are told apart */
TEST(lost)
{
	static const struct object_ops lost_ops = {
		.name = "lost",
		.unevictable = true,
		.lost = true,
		.read_page = nothing_to_read,
		.destroy = destroy,
	};
	struct ledger ledger;

	start_device();
	device.ops = &lost_ops;
	assert_int_equal(0, ledger_check(&ledger));
	assert_int_equal(NPAGES + 1, ledger.lost);
	end_device();
}
