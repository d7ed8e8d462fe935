/* SPDX-License-Identifier: MIT */
/* The ledger: checks that every frame is accounted for, and that nothing else has leaked (R111). */

/*
 * The ledger answers three questions. Does each frame's kind agree with the lists it is on? Do the
 * frames of all kinds add up? Does each reference count equal the number of references that walks
 * over all spaces and objects find? With commit=strict: is what they commit what was counted? On
 * the way, ledger_space.c and ledger_object.c check trees,
 * page tables and indices, and ledger_userfault.c what waits for a program that resolves faults.
 */

#include "mm/check/ledger.h"

#include <stdarg.h>

#include "base/log.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/check/ledger_walk.h"
#include "mm/phys/kmap.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/slab.h"
#include "mm/space/commit.h"
#include "mm/swap/swap_cache.h"
#include "mm/swap/swap_slots.h"
#include "sync/latency.h"
#include "sync/preempt.h"

#define LOGGED_MAX 10

void (*ledger_walk_others)(struct ledger_walk *walk);

struct frame_census {
	struct ledger ledger;
	size_t slabs;
};

void ledger_error(struct ledger_walk *walk, const char *fmt, ...)
{
	va_list args;

	if (walk->delta || walk->errors++ >= LOGGED_MAX)
		return;
	va_start(args, fmt);
	log_vwrite(LOG_ERROR, "ledger", fmt, args);
	va_end(args);
}

void ledger_found(struct ledger_walk *walk, struct page *page, uint64_t what)
{
	page->counts += what * (uint64_t)walk->delta;
}

static const char *const kind_names[PAGE_KINDS] = {
	[PAGE_FREE] = "free",	[PAGE_RESERVED] = "reserved", [PAGE_KERNEL] = "kernel",
	[PAGE_TABLE] = "table", [PAGE_ANON] = "anon",	      [PAGE_OBJECT] = "object",
	[PAGE_ZERO] = "zero",	[PAGE_DEVICE] = "device",
};

/* What must be left of a frame's counts after subtracting all references found. */
static UNCHECKED uint64_t counts_left(const struct page *page)
{
	if (page_has(page, PAGE_TAIL))
		return 0;
	if (page_has(page, PAGE_READING | PAGE_WRITING))
		return PAGE_ONE_REF;
	if (page_kind(page) == PAGE_DEVICE) /* its driver's, so that it is never freed */
		return PAGE_ONE_REF;
	return page_kind(page) == PAGE_KERNEL || page_kind(page) == PAGE_TABLE ? PAGE_ONE_REF : 0;
}

static UNCHECKED void check_frame(struct ledger_walk *walk, struct frame_census *census,
				  struct page *page)
{
	enum page_kind kind = page_kind_unchecked(page);

	if (kind >= PAGE_KINDS) {
		ledger_error(walk, "frame %#lx has no kind: %u", (unsigned long)page_to_pfn(page),
			     kind);
		return;
	}
	census->ledger.total += kind != PAGE_DEVICE;
	census->ledger.kind[kind]++;
	census->slabs += kind == PAGE_KERNEL && page_has(page, PAGE_SLAB);
	if (kind == PAGE_RESERVED)
		return;
	if (page->counts != counts_left(page))
		ledger_error(walk,
			     "frame %#lx (%s): %d references and %d entries more than were found",
			     (unsigned long)page_to_pfn(page), kind_names[kind],
			     (int)(page->refs - counts_left(page)), (int)page->maps);
}

/* There are many frames, most of them free. */
static UNCHECKED void check_frames(struct ledger_walk *walk, struct frame_census *census)
{
	uint64_t nfree = 0;

	for (unsigned i = 0; i < page_segment_count; i++) {
		struct page *end = page_segments[i].pages + page_segments[i].count;

		for (struct page *page = page_segments[i].pages; page < end; page++) {
			if (page_kind_unchecked(page) == PAGE_FREE)
				nfree++;
			else
				check_frame(walk, census, page);
		}
	}
	census->ledger.total += nfree;
	census->ledger.kind[PAGE_FREE] += nfree;
}

static void check_free(struct ledger_walk *walk, const struct ledger *ledger)
{
	struct page_alloc_census census;

	page_alloc_census(&census);
	if (census.faults)
		ledger_error(walk, "%lu members of free lists are not what their list says",
			     (unsigned long)census.faults);
	if (census.frames + census.singles != ledger->kind[PAGE_FREE])
		ledger_error(walk, "%lu frames are free, %lu on free lists",
			     (unsigned long)ledger->kind[PAGE_FREE],
			     (unsigned long)(census.frames + census.singles));
	if (census.counted != ledger->kind[PAGE_FREE])
		ledger_error(walk, "%lu frames are free, %lu counted as free",
			     (unsigned long)ledger->kind[PAGE_FREE], (unsigned long)census.counted);
}

static void check_kinds(struct ledger_walk *walk, const struct frame_census *census)
{
	struct slab_census slabs;

	slab_census(&slabs);
	if (slabs.faults)
		ledger_error(walk, "%lu faults in slabs", (unsigned long)slabs.faults);
	if (slabs.slabs != census->slabs)
		ledger_error(walk, "%lu frames are slabs, caches know %lu",
			     (unsigned long)census->slabs, (unsigned long)slabs.slabs);
	if (walk->tables + kmap_tables() != census->ledger.kind[PAGE_TABLE])
		ledger_error(walk, "%lu frames are page tables, spaces know %lu and the kernel %lu",
			     (unsigned long)census->ledger.kind[PAGE_TABLE],
			     (unsigned long)walk->tables, (unsigned long)kmap_tables());
	if (census->ledger.kind[PAGE_ZERO] != 1)
		ledger_error(walk, "%lu zero pages", (unsigned long)census->ledger.kind[PAGE_ZERO]);
}

static void check_committed(struct ledger_walk *walk)
{
	if (walk->committed != commit_charged())
		ledger_error(walk, "%lu pages are committed, %lu counted",
			     (unsigned long)walk->committed, (unsigned long)commit_charged());
}

/* R53: the zero page still holds only zeros. */
static void check_zero_page(struct ledger_walk *walk)
{
	const void *word = words_differ(page_address(zero_page), PAGE_SIZE, 0);

	if (word)
		ledger_error(walk, "the zero page was written at offset %#lx",
			     (unsigned long)((uintptr_t)word & PAGE_MASK));
}

static void walk_all(struct ledger_walk *walk, int delta)
{
	walk->delta = delta;
	ledger_found(walk, zero_page, PAGE_ONE_REF);
	ledger_walk_spaces(walk);
	ledger_walk_objects(walk);
	ledger_walk_userfaults(walk);
	if (ledger_walk_others)
		ledger_walk_others(walk);
	walk->delta = 0;
}

/* What is wrong with the slots when all references to them that were found have been subtracted. */
struct slot_faults {
	uint64_t count, first;
	int32_t left; /* references of the first that were not found */
};

static void find_slot_faults(struct slot_faults *faults)
{
	faults->first = SLOT_NONE;
	faults->count = swap_slot_faults(&faults->first);
	faults->left = faults->first == SLOT_NONE ? 0 : swap_slot_refs(faults->first);
}

/* The references have been added again. */
static void check_slots(struct ledger_walk *walk, const struct slot_faults *faults)
{
	int32_t refs;

	if (faults->count == 0)
		return;
	if (faults->first == SLOT_NONE) {
		ledger_error(walk, "fewer swap slots are free than are counted as free");
		return;
	}
	refs = swap_slot_refs(faults->first);
	ledger_error(walk,
		     "swap slot %lu: %d references, but %d holders were found; %lu slots are wrong",
		     (unsigned long)faults->first, refs, refs - faults->left,
		     (unsigned long)faults->count);
}

int ledger_check(struct ledger *ledger_ret)
{
	struct ledger_walk walk = { 0 };
	struct frame_census census = { 0 };
	struct slot_faults slots;

	latency_exempt_begin();
	preempt_disable();
	walk_all(&walk, 0);
	walk_all(&walk, -1);
	check_frames(&walk, &census);
	find_slot_faults(&slots);
	walk_all(&walk, 1);
	check_slots(&walk, &slots);
	check_free(&walk, &census.ledger);
	check_kinds(&walk, &census);
	check_committed(&walk);
	check_zero_page(&walk);
	preempt_enable();
	latency_exempt_end();
	census.ledger.lost = walk.lost;
	if (ledger_ret)
		*ledger_ret = census.ledger;
	return (int)walk.errors;
}
