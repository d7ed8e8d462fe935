/* SPDX-License-Identifier: MIT */
/* What a process's counts tell: each field is that of its own count, and sums have all their parts. */
#include "proc/inspect.h"

#include "lib/string.h"
#include "mm/space.h"
#include "proc/process.h"
#include "proc/uspace.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"

/* Counts that no fault changes meanwhile: this process has no user mode. */
static void count_differently(struct space_stats *stats)
{
	uint64_t next = 1000;

	for (unsigned kind = 0; kind < FAULT_KINDS; kind++)
		stats->kind[kind] = next++;
	for (unsigned reason = 0; reason < RETRY_REASONS; reason++)
		stats->retry[reason] = 1u << reason;
	stats->grow = next++;
	stats->zero_maps = next++;
	stats->around = next++;
	stats->major = next++;
}

KTEST_IN_PROCESS(inspect_tells_each_count)
{
	struct space *space = &current_process()->uspace->space;
	struct space_stats before = space->stats;
	struct faultline_process told;

	count_differently(&space->stats);
	EXPECT_EQ(0, inspect_process(0, &told));
	for (unsigned kind = 0; kind < FAULT_KINDS; kind++)
		EXPECT_EQ(space->stats.kind[kind], told.faults[kind]);
	EXPECT_EQ((1u << RETRY_REASONS) - 1, told.retries);
	EXPECT_EQ(space->stats.grow, told.stack_grown);
	EXPECT_EQ(space->stats.zero_maps, told.zero_fills);
	EXPECT_EQ(space->stats.around, told.around);
	EXPECT_EQ(space->stats.major, told.waited);
	EXPECT_EQ(space->stats.fences, told.fences);
	EXPECT_EQ(space->stats.peak_resident, told.peak_resident);
	EXPECT_EQ(space->resident, told.resident);
	EXPECT_EQ(space->nvmas, told.vmas);
	EXPECT_EQ(space->tables, told.tables);
	EXPECT_EQ(space->mapped_bytes, told.mapped_bytes);
	EXPECT_EQ(space->brk_start, told.heap_start);
	EXPECT_EQ(space->brk, told.heap_end);
	EXPECT_EQ(space->swapped, told.swapped);
	space->stats = before;
}
