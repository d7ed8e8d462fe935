/* SPDX-License-Identifier: MIT */
/* Registers of a device as pages of an object: mapped and unmapped like memory, never read, moved or freed. */
#include "one_space.h"

#include "mm/check/alloc_fail.h"
#include "mm/check/ledger.h"
#include "mm/get_user_page.h"
#include "mm/object.h"
#include "mm/page_cache.h"
#include "mm/phys/memmap.h"
#include "mm/reclaim.h"
#include "mm/relieve.h"

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
	assert_int_equal(phys_add_device(REGISTERS_AT, NPAGES, &pages), 0);
	start_space();
	destroyed = 0;
	object_init(&device, &device_ops, 16 * P);
	for (unsigned i = 0; i < NPAGES; i++) {
		page_get(&pages[i]);
		assert_int_equal(object_publish(&device, i, &pages[i], 0, 0, &there), 0);
		page_put(there);
	}
	memory = page_alloc_zeroed(PAGE_OBJECT);
	assert_int_equal(object_publish(&device, NPAGES, memory, 0, 0, &there), 0);
	page_put(there);
	assert_int_equal(vm_map(&space, &request, &at), 0);
}

static void end_device(void)
{
	rig_check();
	rig_destroy(&space);
	object_put(&device);
	assert_int_equal(destroyed, 1);
	for (unsigned i = 0; i < NPAGES; i++) {
		assert_int_equal(pages[i].counts, PAGE_ONE_REF);
		assert_null(pages[i].owner);
	}
	check_gone();
}

TEST(frames_outside_memory)
{
	struct page *others;

	start_device();
	for (unsigned i = 0; i < NPAGES; i++) {
		assert_ptr_equal(pfn_to_page(paddr_to_pfn(REGISTERS_AT) + i), &pages[i]);
		assert_int_equal(page_to_paddr(&pages[i]), REGISTERS_AT + i * P);
		assert_int_equal(page_kind(&pages[i]), PAGE_DEVICE);
	}
	assert_null(pfn_to_page(paddr_to_pfn(REGISTERS_AT) + NPAGES));
	assert_int_equal(phys_add_device(REGISTERS_AT + P, 1, &others), -EEXIST);
	assert_int_equal(phys_add_device(FAKE_PHYS_BASE + 5 * P, 1, &others), -EEXIST);
	assert_int_equal(phys_add_device(FAKE_PHYS_BASE - P, 2, &others), -EEXIST);
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
	assert_int_equal(phys_add_device(REGISTERS_AT + 8 * P, 1, &others), -ENOMEM);
	alloc_fail_at = 0;
	while (page_segment_count < PAGE_SEGMENTS_MAX)
		assert_int_equal(phys_add_device(REGISTERS_AT + (8 + 2 * n++) * P, 1, &others), 0);
	assert_int_equal(phys_add_device(REGISTERS_AT + (8 + 2 * n) * P, 1, &others), -ENOSPC);
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

		assert_int_equal(fault(AT + i * P, i ? VM_PROT_READ : VM_PROT_WRITE), 0);
		slot = arch_mmu_lookup(&space.mmu, AT + i * P);
		assert_int_equal(entry_pfn(entry_load(slot)), paddr_to_pfn(REGISTERS_AT) + i);
	}
	assert_int_equal(fault(AT, VM_PROT_EXEC), VM_SEGV_ACCERR);
	assert_int_equal(ledger_check(&ledger), 0);
	assert_int_equal(ledger.kind[PAGE_DEVICE], NPAGES);
	assert_int_equal(ledger.total, 2048);
	assert_int_equal(vm_protect(&space, AT, P, PROT_NONE), 0);
	assert_int_equal(fault(AT, VM_PROT_READ), VM_SEGV_ACCERR);
	assert_int_equal(vm_protect(&space, AT, P, RW), 0);
	assert_int_equal(fault(AT, VM_PROT_READ), 0);
	end_device();
}

/* They are not in the direct map. */
TEST(no_door_to_registers)
{
	struct page *page;

	start_device();
	assert_int_equal(get_user_page(&space, AT, VM_PROT_READ, &page), -EFAULT);
	assert_int_equal(get_user_page(&space, AT + P, VM_PROT_WRITE, &page), -EFAULT);
	assert_int_equal(vm_copy_to(&space, AT + P, "bytes", 5), -EFAULT);
	assert_int_equal(vm_copy_to(&space, AT + 2 * P, "bytes", 5), 0);
	end_device();
}

TEST(verbs)
{
	struct space child;
	vaddr_t at;

	start_device();
	assert_int_equal(fault(AT, VM_PROT_WRITE), 0);
	assert_int_equal(fault(AT + 2 * P, VM_PROT_WRITE), 0);
	rig_create(&child);
	assert_int_equal(vm_fork(&space, &child), 0);
	rig_check();
	assert_int_equal(vm_unmap(&child, AT + P, P), 0);
	rig_destroy(&child);
	assert_int_equal(vm_remap(&space, AT, 3 * P, 4 * P, MREMAP_MAYMOVE, 0, &at), -EFAULT);
	assert_int_equal(vm_remap(&space, AT, 0, P, MREMAP_MAYMOVE, 0, &at), -EFAULT);
	assert_int_equal(vm_madvise(&space, AT, 3 * P, MADV_DONTNEED), 0);
	assert_int_equal(fault(AT, VM_PROT_READ), 0);
	assert_int_equal(vm_lock(&space, AT, 3 * P, VMA_LOCKED), 0);
	assert_int_equal(space.resident, 3);
	assert_int_equal(vm_unlock(&space, AT, 3 * P), 0);
	assert_int_equal(vm_madvise(&space, AT, 3 * P, MADV_PAGEOUT), 0);
	assert_int_equal(vm_remap(&space, AT, 3 * P, 2 * P, 0, 0, &at), 0);
	assert_int_equal(
		vm_remap(&space, AT, 2 * P, 2 * P, MREMAP_MAYMOVE | MREMAP_FIXED, AT + 64 * P, &at),
		0);
	assert_int_equal(fault(AT + 64 * P, VM_PROT_READ), 0);
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
	assert_int_equal(device.npages, NPAGES + 1);
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
	assert_int_equal(vm_map(&space, &request, &at), 0);
	assert_int_equal(fault(AT + 64 * P, VM_PROT_WRITE), 0);
	assert_int_equal(fault(AT + 65 * P, VM_PROT_WRITE), VM_BUS);
	assert_int_equal(fault(AT + 65 * P, VM_PROT_READ), VM_BUS);
	assert_int_equal(fault(AT, VM_PROT_READ), 0);
	device.kept = NPAGES + 1;
	device.backed = device.size = 0;
	vm_truncate(&device, 0);
	assert_int_equal(space.resident, 0);
	assert_int_equal(fault(AT, VM_PROT_READ), VM_BUS);
	assert_int_equal(fault(AT + 64 * P, VM_PROT_READ), VM_BUS);
	assert_int_equal(device.npages, NPAGES + 1);
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
		assert_int_equal(block[i].counts, PAGE_ONE_REF);
		assert_int_equal(page_state(&block[i]), PAGE_OBJECT);
		assert_int_equal(page_alloc_free_count(), free - 8 + i);
		page_put(&block[i]);
	}
	assert_int_equal(page_alloc_free_count(), free);
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
	assert_int_equal(ledger_check(&ledger), 0);
	assert_int_equal(ledger.lost, NPAGES + 1);
	end_device();
}
