/* SPDX-License-Identifier: MIT */
/* fork on the host: pages that somebody else reads or writes by their frames, and shared mappings. */
#include "held.h"

static struct space parent, child;

static void start(uint64_t seed, size_t n, unsigned flags)
{
	rig_start(8192);
	rig_create(&parent);
	rig_run(&parent);
	map_pages(&parent, n, flags);
	write_every(1, seed, n);
}

/* Forks, and empties the parent's TLB: what it still has there is a matter of fences.c. */
static void fork_fenced(void)
{
	fork_space_to(&parent, &child);
	arch_mmu_fence_local_all();
}

/* One number for the bytes of the frames that are held. */
static uint64_t sum_of_frames(size_t n)
{
	uint64_t total = 0;

	for (size_t i = 0; i < n; i += HELD)
		total += *(unsigned char *)page_address(held[i]) * (2 * i + 1);
	return total;
}

/*
 * The kernel reads pages for a while, as for a message to another process. The parent forks, its
 * child ends, and the parent writes: what is being read stays as it was.
 */
static void readers(uint64_t seed, size_t n)
{
	size_t before;

	start(seed, n, MAP_PRIVATE);
	hold(&parent, n, VM_PROT_READ);
	before = rig_free();
	fork_fenced();
	result("frames_taken", before - rig_free());
	result("child", sum_of(&child, n));
	rig_run(&parent);
	rig_destroy(&child);
	write_every(1, seed + 2, n);
	result("parent", sum_pages(n));
	result("readers", sum_of_frames(n));
	release(&parent, n, VM_PROT_READ);
	result("wrong_counts", (uint64_t)ledger_check(NULL));
}

/*
 * The kernel writes to pages for a while, by their frames. The parent forks meanwhile, and goes on
 * seeing these writes; the child sees none. What the parent writes goes to the same frames.
 */
static void writers(uint64_t seed, size_t n)
{
	size_t before;

	start(seed, n, MAP_PRIVATE);
	hold(&parent, n, VM_PROT_WRITE);
	before = rig_free();
	fork_fenced();
	result("frames_taken", before - rig_free());
	write_frames(seed + 1, n);
	result("parent", sum_pages(n));
	result("child", sum_of(&child, n));
	rig_run(&parent);
	/* Afterwards its entries forbid to write, as they do after a fork that shared these pages. */
	assert_int_equal(0, vm_protect(&parent, PAGES_AT, n * APART * PAGE_SIZE, VM_PROT_READ));
	assert_int_equal(0, vm_protect(&parent, PAGES_AT, n * APART * PAGE_SIZE, RW));
	write_every(1, seed + 2, n);
	result("frames_of_the_parent", sum_of_frames(n));
	result("parent_later", sum_pages(n));
	result("child_later", sum_of(&child, n));
	release(&parent, n, VM_PROT_WRITE);
	rig_run(&parent);
	rig_destroy(&child);
	result("wrong_counts", (uint64_t)ledger_check(NULL));
}

/* Memory that is shared on purpose stays writable: no write of the parent is a fault. The child finds each page by one. */
static void no_faults(uint64_t seed, size_t n)
{
	uint64_t before;

	start(seed, n, MAP_SHARED);
	fork_space_to(&parent, &child);
	before = fake_counts.faults;
	write_every(2, seed + 2, n);
	result("faults_of_the_parent", fake_counts.faults - before);
	rig_run(&child);
	before = fake_counts.faults;
	write_every(3, seed + 1, n);
	result("faults_of_the_child", fake_counts.faults - before);
	result("child", sum_pages(n));
	result("parent", sum_of(&parent, n));
}

int main(int argc, char **argv)
{
	static const struct host_point points[] = {
		{ "readers", readers },
		{ "writers", writers },
		{ "no_faults", no_faults },
	};

	return run_point(points, sizeof(points) / sizeof(points[0]), argc, argv);
}
