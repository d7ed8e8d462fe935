/* SPDX-License-Identifier: MIT */
/* One space and a swap disk, which the tests of swap begin and end alike with. */
#pragma once

#include "one_space.h"

#include <stdlib.h>

#include "mm/swap/reclaim.h"
#include "mm/swap/swap_cache.h"
#include "mm/swap/swap_out.h"
#include "swap_disk.h"

#define P     PAGE_SIZE
#define SLOTS 512u

/* As trap_fault() does: waits, and goes on. */
static inline int serve_waiting(vaddr_t va, unsigned access)
{
	struct vm_wait wait = { 0 };
	struct mmu *active = fake_active();
	struct space *running = list_entry(active, struct space, mmu);

	for (;;) {
		rig_outcome = vm_fault(running, va, access, &wait);
		if (rig_outcome != VM_WAIT)
			return rig_outcome;
		assert_true(disk_count > 0);
		disk_end(test_below(disk_count), 0);
	}
}

static inline void use_disk(void)
{
	rig_pause = disk_pause;
	fake_fault = serve_waiting;
}

static inline void begin_disk(unsigned slots)
{
	disk_start(slots);
	use_disk();
}

static inline void begin(unsigned slots)
{
	start();
	begin_disk(slots);
}

/* Each page has a request of its own. */
static inline void begin_apart(unsigned slots)
{
	start();
	disk_start_apart(slots);
	use_disk();
}

/* Everything is accounted for, the slots too. */
static inline void finish(void)
{
	rig_check();
	disk_end_all();
	assert_int_equal(0, vm_unmap(&space, AT, GIB));
	rig_check();
	disk_stop();
	end();
}

static inline unsigned char byte_of(unsigned page)
{
	return (unsigned char)(page * 7 + 3);
}

static inline void write_pages(unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++)
		assert_int_equal(0, fake_store(AT + i * P + i % P, byte_of(i)));
}

static inline void check_pages(unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++) {
		assert_int_equal(byte_of(i), fake_load(AT + i * P + i % P));
		assert_int_equal(0, fake_load(AT + i * P + (i + 1) % P));
	}
}

/* All cold pages of the space are on the disk, and nowhere else. */
static inline void push_out(void)
{
	(void)reclaim(10000);
	disk_end_all();
	rig_check();
}

static inline int leave_at_a_wait(struct vm_wait *wait)
{
	return wait ? -EINTR : 0;
}

/* Cold pages are being written. */
static inline void start_writes(void)
{
	rig_pause = leave_at_a_wait;
	assert_int_equal(-EINTR, reclaim(10000));
	assert_true(disk_count > 0);
	rig_pause = disk_pause;
}

static inline struct space *fork_space(void)
{
	struct space *child = malloc(sizeof(*child));

	rig_create(child);
	assert_int_equal(0, vm_fork(&space, child));
	return child;
}

static inline void drop_space(struct space *child)
{
	rig_run(&space);
	rig_destroy(child);
	free(child);
}

static inline bool woken(const struct vm_wait *wait)
{
	return waitq_sample(wait->queue) != wait->seq;
}
