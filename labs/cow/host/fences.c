/* SPDX-License-Identifier: MIT */
/* fork on the host, with a TLB that keeps each entry until it is fenced. */
#include "pages.h"

#include "mm/check/alloc_fail.h"

static struct space parent, child;

static void start(uint64_t seed, size_t n)
{
	rig_start(8192);
	rig_create(&parent);
	rig_run(&parent);
	map_pages(&parent, n, MAP_PRIVATE);
	write_every(1, seed, n);
}

/*
 * The parent writes after fork, without anything in between that would empty its TLB. (QEMU empties
 * its own at every fence, that for a new page table too, so that a missing one is not noticed.)
 */
static void after_fork(uint64_t seed, size_t n)
{
	size_t before;

	start(seed, n);
	before = rig_free();
	fork_space_to(&parent, &child);
	result("frames_taken", before - rig_free());
	write_every(1, seed + 2, n);
	result("parent", sum_pages(n));
	result("child", sum_of(&child, n));
}

/* ---- another thread of the parent ---- */

static uint64_t threads_seed;
static size_t threads_pages, lost;
static bool *written;
static size_t *order, nwritten; /* the pages in the order in which they were written first */

/* Writes to all pages that the child has already. */
static int write_meanwhile(struct vm_wait *wait)
{
	(void)wait;
	rig_pause = NULL; /* these writes may wait, too */
	for (size_t i = 0; i < threads_pages; i++) {
		struct mmu_entry *slot = arch_mmu_lookup(&child.mmu, page_at(i));

		if (!slot || entry_empty(entry_load(slot)))
			continue;
		/* A write that faults has to wait until fork ends; one that the TLB lets through does not. */
		if (fake_store(page_at(i), byte(threads_seed, i)) == 0 && !written[i]) {
			written[i] = true;
			order[nwritten++] = i;
		}
	}
	rig_pause = write_meanwhile;
	return 0;
}

/* Returns how many of the thread's writes the child has although it has not an earlier one. */
static size_t out_of_order(uint64_t seed)
{
	size_t wrong = 0;
	bool missed = false;

	for (size_t n = 0; n < nwritten; n++) {
		size_t i = order[n];
		int seen = fake_load(page_at(i));

		if (seen == byte(seed, i)) /* if both bytes are the same, it may be either */
			missed |= byte(seed, i) != byte(threads_seed, i);
		else
			wrong += missed || seen != byte(threads_seed, i);
	}
	return wrong;
}

/*
 * Another thread of the parent writes whenever fork lets others run, to pages that fork has dealt with.
 * The child has these writes up to some moment, or none of them, and the parent loses none.
 */
static void during_fork(uint64_t seed, size_t n)
{
	start(seed, n);
	threads_seed = seed + 1;
	threads_pages = n;
	written = calloc(n, sizeof(*written));
	order = calloc(n, sizeof(*order));
	rig_pause = write_meanwhile;
	fork_space_to(&parent, &child);
	rig_pause = NULL;
	for (size_t i = 0; i < n; i++)
		lost += written[i] && fake_load(page_at(i)) != byte(seed + 1, i);
	result("lost_writes", lost);
	rig_run(&child);
	result("writes_out_of_order", out_of_order(seed));
	rig_run(&parent);
	write_every(1, seed + 2, n);
	result("parent", sum_pages(n));
}

/* ---- a fork that fails ---- */

/*
 * Fork fails at its first allocation, at its second, and so on, until it needs no more. After each
 * of these, another fork succeeds, and the parent writes with what its TLB still has.
 */
static void fails_half_way(uint64_t seed, size_t n)
{
	uint64_t wrong_children = 0, wrong_counts = 0, before;
	bool failed = true;

	start(seed, n);
	for (unsigned at = 1; failed; at++) {
		write_every(1, seed + 3 * at, n);
		before = sum_pages(n);
		assert_int_equal(0, space_create(&child));
		alloc_fail_at = at;
		failed = vm_fork(&parent, &child) != 0;
		alloc_fail_at = 0;
		rig_destroy(&child);
		wrong_counts += (uint64_t)ledger_check(NULL);
		fork_space_to(&parent, &child);
		write_every(1, seed + 3 * at + 1, n);
		wrong_children += sum_of(&child, n) != before;
		rig_run(&parent);
		rig_destroy(&child);
	}
	result("children_that_see_later_writes", wrong_children);
	result("wrong_counts", wrong_counts);
	write_every(1, seed + 2, n);
	result("parent", sum_pages(n));
}

int main(int argc, char **argv)
{
	static const struct host_point points[] = {
		{ "after_fork", after_fork },
		{ "during_fork", during_fork },
		{ "fails_half_way", fails_half_way },
	};

	return run_point(points, sizeof(points) / sizeof(points[0]), argc, argv);
}
