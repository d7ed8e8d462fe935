/* SPDX-License-Identifier: MIT */
/* Address spaces on the fake machine, for the tests of faults and verbs. */
#include "rig.h"

#include <stdlib.h>

#include "mm/object/page_cache.h"
#include "mm/phys/kmalloc.h"

static struct space *running;
int rig_outcome;
int (*rig_pause)(struct vm_wait *wait);
unsigned rig_pauses, rig_reads, rig_files;

static int serve(vaddr_t va, unsigned access)
{
	struct vm_wait wait = { 0 };

	rig_outcome = vm_fault(running, va, access, &wait);
	return rig_outcome == VM_RECORDED ? VM_OK : rig_outcome;
}

static int pause_in_test(struct vm_wait *wait)
{
	rig_pauses++;
	lockorder_assert_none_spinning();
	return rig_pause ? rig_pause(wait) : 0;
}

static void serve_faults(void)
{
	mm_host.pause = pause_in_test;
	fake_fault = serve;
	rig_pause = NULL;
}

void rig_start(size_t nframes)
{
	memory_start(nframes, NULL, 0);
	serve_faults();
}

void rig_start_split(size_t nframes, size_t first)
{
	memory_start_split(nframes, first);
	serve_faults();
}

void rig_create(struct space *space)
{
	assert_int_equal(0, space_create(space));
	space->brk_start = space->brk = 0x100000;
	space->stack_top = USER_TOP;
	space->mmap_top = USER_TOP - GIB;
	space->limit_stack = 8 * MIB;
}

void rig_run(struct space *space)
{
	running = space;
	arch_mmu_activate(space ? &space->mmu : NULL);
}

void rig_destroy(struct space *space)
{
	if (running == space)
		rig_run(NULL);
	space_destroy(space);
}

long rig_map(struct space *space, vaddr_t addr, size_t len, unsigned prot, unsigned flags)
{
	struct map_request request = { .addr = addr,
				       .len = len,
				       .prot = prot,
				       .max_prot = PROT_READ | PROT_WRITE | PROT_EXEC,
				       .flags = flags };
	vaddr_t at = 0xdead;
	int result = vm_map(space, &request, &at);

	if (result)
		assert_int_equal(0xdead, at);
	return result ? result : (long)at;
}

unsigned char rig_byte(uint64_t pos)
{
	return (unsigned char)(pos * 7 + pos / 4096 + 1);
}

static int file_read(struct object *object, struct page *page, struct vm_wait *wait)
{
	unsigned char *bytes = page_address(page);

	(void)wait;
	rig_reads++;
	for (unsigned i = 0; i < PAGE_SIZE; i++) {
		uint64_t pos = (page->index << PAGE_SHIFT) + i;

		bytes[i] = pos < object->size ? rig_byte(pos) : 0;
	}
	page_read_done(page, 0);
	return 0;
}

static void file_destroy(struct object *object)
{
	rig_files--;
	free(object);
}

static const struct object_ops file_ops = {
	.name = "test file",
	.read_page = file_read,
	.destroy = file_destroy,
};

struct object *rig_file(uint64_t size)
{
	struct object *object = malloc(sizeof(*object));

	assert_non_null(object);
	object_init(object, &file_ops, size);
	rig_files++;
	return object;
}

void rig_check(void)
{
	assert_int_equal(0, ledger_check(NULL));
	assert_int_equal(0, fake_tlb_debts());
}

size_t rig_free(void)
{
	mm_trim();
	return page_alloc_free_count();
}

size_t rig_objects(void)
{
	struct slab_census slabs;

	slab_census(&slabs);
	return slabs.used;
}
