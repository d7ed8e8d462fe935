/* SPDX-License-Identifier: MIT */
/* R45: every allocation of mm fails, one at a time, and from each one on; then all is as it was. */
#include "one_space.h"

#include "lib/string.h"
#include "linux/mem/mem.h"
#include "mm/fault/get_user_page.h"
#include "mm/object/object.h"
#include "mm/object/object_io.h"
#include "mm/object/object_size.h"
#include "tests/host/lib/fail_nth.h"

#define P	PAGE_SIZE
#define FAR	(AT + 8 * GIB) /* tables of its own at each level */
#define PAGES	16
#define NTH_MAX 500

static struct space child;
static bool have_child;
static struct object *file;
static enum fail_mode mode;

static int answer(struct relief *relief)
{
	(void)relief;
	return mode == FAIL_RELIEVED ? 0 : -ENOMEM;
}

/* What is made ready, before allocations are counted. */
static void area(void)
{
	map(AT, PAGES, RW);
}

static void written(void)
{
	area();
	for (unsigned i = 0; i < PAGES; i++)
		assert_int_equal(0, fake_store(AT + i * P, (unsigned char)(i + 1)));
}

static void forked(void)
{
	written();
	assert_int_equal(0, space_create(&child));
	assert_int_equal(0, vm_fork(&space, &child));
	have_child = true;
}

static void seen(void)
{
	area();
	for (unsigned i = 0; i < PAGES; i++)
		assert_int_equal(0, fake_load(AT + i * P));
}

static void shared(void)
{
	assert_true(rig_map(&space, AT, PAGES * P, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED) > 0);
}

static void private_file(void)
{
	file = rig_file(PAGES * P - 100);
	map_file(file, AT, PAGES, 0, NULL, 0);
}

static void program(void)
{
	file = rig_file(PAGES * P);
	map_file(file, AT, PAGES, 0, &vma_elf, AT + 2 * P + 100);
}

static void stack(void)
{
	struct map_request request = { .addr = FAR,
				       .len = P,
				       .prot = RW,
				       .max_prot = RW,
				       .flags = ANON | MAP_FIXED,
				       .vma_flags = VMA_STACK };
	vaddr_t at;

	assert_int_equal(0, vm_map(&space, &request, &at));
}

static void heap(void)
{
	vaddr_t want = space.brk + 2 * P + 10;

	assert_int_equal(want, vm_brk(&space, want));
	assert_int_equal(0, fake_store(space.brk - 1, 1));
}

static void object(void)
{
	file = object_create_anon(2 * P);
	assert_non_null(file);
}

/* Memory of each kind, in tables far apart. */
static void much(void)
{
	written();
	for (unsigned i = 1; i < 4; i++) {
		map(AT + i * GIB, 4, RW);
		assert_int_equal(0, fake_store(AT + i * GIB, 1));
		assert_int_equal(0, fake_load(AT + i * GIB + P));
	}
	assert_true(rig_map(&space, FAR, 4 * P, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED) > 0);
	assert_int_equal(0, fake_store(FAR, 1));
	file = rig_file(PAGES * P);
	map_file(file, FAR + GIB, PAGES, 0, NULL, 0);
	assert_int_equal(0, fake_store(FAR + GIB, 1));
	assert_true(fake_load(FAR + GIB + P) >= 0);
}

/* What is tried: 0 or more, negative errno, or an outcome of a fault. */
static long read_page(void)
{
	return fault(AT, VM_PROT_READ);
}

static long write_page(void)
{
	return fault(AT + P, VM_PROT_WRITE);
}

static long write_edge(void)
{
	return fault(AT + 2 * P, VM_PROT_WRITE);
}

static long read_edge(void)
{
	return fault(AT + 2 * P, VM_PROT_READ);
}

static long read_bss(void)
{
	return fault(AT + 5 * P, VM_PROT_READ);
}

static long write_last(void)
{
	return fault(AT + (PAGES - 1) * P, VM_PROT_WRITE);
}

static long write_child(void)
{
	struct vm_wait wait = { 0 };

	return vm_fault(&child, AT, VM_PROT_WRITE, &wait);
}

static long push(void)
{
	return fault(FAR - 3 * MIB, VM_PROT_WRITE);
}

static long map_hint(void)
{
	return MIN(rig_map(&space, 0, 4 * P, RW, ANON), 0l);
}

static long map_shared(void)
{
	return MIN(rig_map(&space, 0, 4 * P, RW, MAP_SHARED | MAP_ANONYMOUS), 0l);
}

static long map_over(void)
{
	return MIN(rig_map(&space, AT + 4 * P, P, PROT_READ, ANON | MAP_FIXED), 0l);
}

static long map_populated(void)
{
	return MIN(rig_map(&space, FAR, PAGES * P, RW, ANON | MAP_FIXED | MAP_POPULATE), 0l);
}

static long remap_pages(void)
{
	return vm_remap_pages(&space, AT + 4 * P, 4 * P, 8, MAP_NONBLOCK);
}

static long unmap_middle(void)
{
	return vm_unmap(&space, AT + 4 * P, 2 * P);
}

static long unmap_all(void)
{
	return vm_unmap(&space, AT, PAGES * P);
}

static long protect_middle(void)
{
	return vm_protect(&space, AT + 4 * P, 2 * P, PROT_READ);
}

static long brk_up(void)
{
	vaddr_t want = space.brk + 3 * P;

	return vm_brk(&space, want) == want ? 0 : -ENOMEM;
}

static long brk_down(void)
{
	vaddr_t want = space.brk_start + 10;

	return vm_brk(&space, want) == want ? 0 : -ENOMEM;
}

static long populate(void)
{
	return vm_madvise(&space, AT, PAGES * P, 23 /* MADV_POPULATE_WRITE */);
}

static long forget(void)
{
	return vm_madvise(&space, AT + P, 3 * P, MADV_DONTNEED);
}

static long copy_to(void)
{
	static char bytes[2 * PAGE_SIZE];

	return vm_copy_to(&space, AT + 100, bytes, sizeof(bytes));
}

static long copy_from(void)
{
	static char bytes[2 * PAGE_SIZE];

	return vm_copy_from(&space, bytes, AT + 100, sizeof(bytes));
}

/* A child that is half made is destroyed like any other. */
static long fork_space(void)
{
	int err = space_create(&child);

	if (err)
		return err;
	err = vm_fork(&space, &child);
	if (err)
		space_destroy(&child);
	have_child = !err;
	return err;
}

static long object_write_new(void)
{
	static const char bytes[3 * PAGE_SIZE];
	ssize_t n = object_write_kernel(file, 3 * P, bytes, sizeof(bytes));

	return n < 0 ? n : n < (ssize_t)sizeof(bytes) ? -ENOSPC : 0;
}

static long object_write_far(void)
{
	return MIN(object_write_kernel(file, 1ul << 40, "far", 3), 0l);
}

static long object_write_hole(void)
{
	return MIN(object_write_kernel(file, P + 7, "near", 4), 0l);
}

static long object_read_file(void)
{
	static char bytes[3 * PAGE_SIZE];
	ssize_t n = object_read_kernel(file, P / 2, bytes, sizeof(bytes));

	return n < 0 ? n : n < (ssize_t)sizeof(bytes) ? -ENOMEM : 0;
}

static long truncate_mapped(void)
{
	return object_set_size(file, P + 5);
}

static const struct scenario {
	const char *name;
	void (*prepare)(void);
	long (*op)(void);
	/* It makes none; at least one, and changes nothing where one fails; as SOME, but keeps what was done before. */
	enum { NONE, SOME, PARTLY } allocations;
} scenarios[] = {
	{ "fault_zero", area, read_page, SOME },
	{ "fault_write", area, write_page, SOME },
	{ "fault_cow_of_zero", seen, write_page, SOME },
	{ "fault_cow", forked, write_page, SOME },
	{ "fault_cow_child", forked, write_child, SOME },
	{ "fault_shared", shared, write_page, SOME },
	{ "fault_shared_read", shared, read_page, SOME },
	{ "fault_file_read", private_file, read_page, SOME },
	{ "fault_file_write", private_file, write_page, SOME },
	{ "fault_file_end", private_file, write_last, SOME },
	{ "fault_image_edge", program, write_edge, SOME },
	{ "fault_image_edge_read", program, read_edge, SOME },
	{ "fault_image_bss", program, read_bss, SOME },
	{ "fault_stack", stack, push, PARTLY },
	{ "map", area, map_hint, SOME },
	{ "map_shared", area, map_shared, SOME },
	{ "map_over", written, map_over, SOME },
	{ "map_populate", area, map_populated, SOME },
	{ "remap_pages", shared, remap_pages, SOME },
	{ "unmap_middle", written, unmap_middle, SOME },
	{ "unmap", written, unmap_all, NONE },
	{ "protect_middle", written, protect_middle, SOME },
	{ "brk", area, brk_up, SOME },
	{ "brk_on", heap, brk_up, NONE },
	{ "brk_down", heap, brk_down, SOME },
	{ "populate", area, populate, PARTLY },
	{ "dontneed", written, forget, NONE },
	{ "copy_to", area, copy_to, PARTLY },
	{ "copy_from", area, copy_from, SOME },
	{ "fork", much, fork_space, SOME },
	{ "object_write", object, object_write_new, SOME },
	{ "object_write_far", object, object_write_far, SOME },
	{ "object_write_hole", object, object_write_hole, SOME },
	{ "object_read", private_file, object_read_file, SOME },
	{ "truncate", private_file, truncate_mapped, NONE },
};

static const struct scenario *current;

static void begin_one(void)
{
	rig_create(&space);
	rig_run(&space);
	current->prepare();
}

static void end_one(void)
{
	rig_check();
	if (have_child)
		rig_destroy(&child);
	have_child = false;
	rig_destroy(&space);
	if (file)
		object_put(file);
	file = NULL;
	check_gone();
}

/* Runs with allocation number n failing. Returns false if it was not reached. */
static bool fails_at(unsigned n)
{
	size_t mapped, nvmas, resident;
	long result;
	bool reached;

	begin_one();
	mapped = space.mapped_bytes;
	nvmas = space.nvmas;
	resident = space.resident;
	fail_arm(n, mode);
	result = current->op();
	reached = fail_disarm();
	if (result < 0) {
		if (mode == FAIL_RELIEVED && result != VM_OOM)
			fail_msg("%s answers %ld, and memory could be had", current->name, result);
		if (!reached || (result != -ENOMEM && result != -ENOSPC && result != VM_OOM))
			fail_msg("%s answers %ld", current->name, result);
		if (current->allocations != PARTLY) {
			assert_int_equal(mapped, space.mapped_bytes);
			assert_int_equal(resident, space.resident);
		}
		assert_int_equal(nvmas, space.nvmas);
		rig_check();
		result = current->op();
	}
	assert_int_equal(0, result);
	end_one();
	return reached;
}

static unsigned fail_each(void)
{
	unsigned n = 0;
	size_t before;

	begin_one();
	end_one();
	before = rig_free();
	do {
		assert_in_range(++n, 1, NTH_MAX);
	} while (fails_at(n) && rig_free() == before);
	assert_int_equal(before, rig_free());
	return n - 1;
}

static void run_scenario(void)
{
	rig_start(2048);
	mm_host.relieve = answer;
	for (mode = FAIL_ONE; mode < FAIL_MODES; mode++)
		fail_report(current->name, mode, fail_each(), current->allocations != NONE);
}

static void run_alone(void **state)
{
	current = *state;
	isolated_run(run_scenario);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(scenarios)];

	fail_out = dup(1);
	for (unsigned i = 0; i < ARRAY_SIZE(scenarios); i++)
		tests[i] = (struct CMUnitTest){ scenarios[i].name, run_alone, NULL, NULL,
						(void *)(uintptr_t)&scenarios[i] };
	return test_group("mm_fail_nth", tests);
}
