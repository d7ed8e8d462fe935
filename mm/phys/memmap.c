/* SPDX-License-Identifier: MIT */
/* Boot-time memory: which frames exist, where their struct pages are, and which frames are free. */
#include "mm/phys/memmap.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/check/page_check.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/kmap.h"
#include "mm/phys/page.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/ranges.h"

/* With fewer free frames than this, nothing useful could run. */
#define FRAMES_MIN	256
/* The reserve is one frame in so many, within bounds. */
#define RESERVE_DIVISOR 256
#define RESERVE_MIN	32
#define RESERVE_MAX	512

/* Private to the boot hart: all RAM, and what of it is taken. Whole frames, sorted; no two ranges touch. */
static struct ranges ram_ranges, taken;

/* Takes `size` bytes of RAM at the lowest free address. Returns 0 if there is no such room. */
static paddr_t early_take(size_t size)
{
	for (unsigned i = 0; i < ram_ranges.count; i++) {
		paddr_t start = ranges_gap(&taken, ram_ranges.range[i], size);

		if (start && ranges_add(&taken, (struct phys_range){ start, start + size }) == 0)
			return start;
	}
	return 0;
}

static paddr_t early_frame(void)
{
	paddr_t frame = early_take(PAGE_SIZE);

	if (!frame)
		panic("phys: no frame for the kernel's page tables");
	return frame;
}

/* The whole frames inside a range; start == end if there are none. Frame 0 is never used. */
static struct phys_range frames_inside(struct phys_range range)
{
	paddr_t start = range.start ? ALIGN_UP(range.start, PAGE_SIZE) : PAGE_SIZE;
	paddr_t end = ALIGN_DOWN(range.end, PAGE_SIZE);

	if (start < range.start || start >= end)
		return (struct phys_range){ 0, 0 };
	return (struct phys_range){ start, end };
}

/* The frames that a range touches. */
static struct phys_range frames_touched(struct phys_range range)
{
	paddr_t end = ALIGN_UP(range.end, PAGE_SIZE);

	if (end < range.end)
		end = ALIGN_DOWN(range.end, PAGE_SIZE);
	return (struct phys_range){ ALIGN_DOWN(range.start, PAGE_SIZE), end };
}

static int collect(const struct phys_range *ram, unsigned nram, const struct phys_range *reserved,
		   unsigned nreserved)
{
	int error = 0;

	for (unsigned i = 0; i < nram && !error; i++) {
		struct phys_range inside = frames_inside(ram[i]);

		if (inside.start < inside.end)
			error = ranges_add(&ram_ranges, inside);
	}
	for (unsigned i = 0; i < nreserved && !error; i++)
		if (reserved[i].start < reserved[i].end)
			error = ranges_add(&taken, frames_touched(reserved[i]));
	if (error)
		return error;
	if (ram_ranges.count == 0)
		return -EINVAL;
	return ram_ranges.count > PAGE_SEGMENTS_MAX ? -E2BIG : 0;
}

static size_t frames_of(struct phys_range range)
{
	return (range.end - range.start) >> PAGE_SHIFT;
}

/* Gives each range of RAM its part of the array of struct pages. The largest range comes first. */
static void make_segments(struct page *array)
{
	unsigned largest = 0;

	memset(page_segments, 0, sizeof(page_segments));
	for (unsigned i = 0; i < ram_ranges.count; i++) {
		struct phys_range range = ram_ranges.range[i];

		page_segments[i] = (struct page_segment){
			.first = paddr_to_pfn(range.start),
			.count = frames_of(range),
			.pages = array,
			.bytes = frames_of(range) * sizeof(*array),
		};
		array += frames_of(range);
		if (page_segments[i].count > page_segments[largest].count)
			largest = i;
	}
	page_segment_count = ram_ranges.count;

	struct page_segment first = page_segments[0];

	page_segments[0] = page_segments[largest];
	page_segments[largest] = first;
}

static UNCHECKED void reserve(paddr_t start, paddr_t end)
{
	for (paddr_t pa = start; pa < end; pa += PAGE_SIZE) {
		struct page *page = pfn_to_page(paddr_to_pfn(pa));

		/* gcc-analyzer-suppress null-dereference ; all RAM has struct pages */
		*page = (struct page){ 0 };
		page_start(page, PAGE_RESERVED, 0, 0);
	}
}

/* Makes the struct pages of what is taken of a range of RAM. The allocator makes the others. */
static void reserve_taken(struct phys_range ram)
{
	for (unsigned i = 0; i < taken.count; i++)
		reserve(MAX(taken.range[i].start, ram.start), MIN(taken.range[i].end, ram.end));
}

/* Frees the frames of a range of RAM that are not taken. */
static void free_range(struct phys_range ram)
{
	paddr_t start = ram.start;

	for (unsigned i = 0; i < taken.count; i++) {
		struct phys_range hole = taken.range[i];

		if (hole.end <= start || hole.start >= ram.end)
			continue;
		if (hole.start > start)
			page_alloc_add(start, hole.start);
		start = hole.end;
	}
	if (start < ram.end)
		page_alloc_add(start, ram.end);
}

static int make_zero_page(void)
{
	zero_page = page_alloc(0, PAGE_ZERO, PAGE_NORMAL);
	if (!zero_page)
		return -ENOMEM;
	zero_pfn = page_to_pfn(zero_page);
	arch_page_zero(page_address(zero_page));
	return 0;
}

int phys_init(const struct phys_range *ram, unsigned nram, const struct phys_range *reserved,
	      unsigned nreserved)
{
	size_t frames = 0, bytes;
	paddr_t array;
	int error;

	error = collect(ram, nram, reserved, nreserved);
	if (error)
		return error;
	for (unsigned i = 0; i < ram_ranges.count; i++)
		frames += frames_of(ram_ranges.range[i]);
	bytes = ALIGN_UP(frames * sizeof(struct page), PAGE_SIZE);
	array = early_take(bytes);
	if (!array)
		return -ENOMEM;

	arch_kernel_map(ram_ranges.range, ram_ranges.count, early_frame);
	make_segments(arch_phys_to_virt(array));
	for (unsigned i = 0; i < ram_ranges.count; i++)
		reserve_taken(ram_ranges.range[i]);
	for (unsigned i = 0; i < ram_ranges.count; i++)
		free_range(ram_ranges.range[i]);
	if (page_alloc_free_count() < FRAMES_MIN)
		return -ENOMEM;
	page_alloc_set_reserve(
		MIN(MAX(frames / RESERVE_DIVISOR, (size_t)RESERVE_MIN), (size_t)RESERVE_MAX));
	error = make_zero_page();
	return error ? error : kmap_init();
}

int phys_add_device(paddr_t start, size_t npages, struct page **pages_ret)
{
	pfn_t first = paddr_to_pfn(start);
	struct page *pages;

	for (size_t i = 0; i < npages; i++)
		if (pfn_to_page(first + i))
			return -EEXIST;
	if (page_segment_count == PAGE_SEGMENTS_MAX)
		return -ENOSPC;
	pages = kzalloc(npages * sizeof(*pages));
	if (!pages)
		return -ENOMEM;
	for (size_t i = 0; i < npages; i++) {
		pages[i].counts = PAGE_ONE_REF;
		page_start(&pages[i], PAGE_DEVICE, 0, 0);
		list_init(&pages[i].link);
	}
	page_segments[page_segment_count++] = (struct page_segment){
		.first = first,
		.count = npages,
		.pages = pages,
		.bytes = npages * sizeof(*pages),
	};
	*pages_ret = pages;
	return 0;
}

void phys_release(struct phys_range range)
{
	paddr_t end = ALIGN_DOWN(range.end, PAGE_SIZE);

	for (paddr_t pa = ALIGN_UP(range.start, PAGE_SIZE); pa < end; pa += PAGE_SIZE) {
		struct page *page = pfn_to_page(paddr_to_pfn(pa));

		if (page && page_kind(page) == PAGE_RESERVED) {
			page_check_release(pa);
			page_alloc_add(pa, pa + PAGE_SIZE);
		}
	}
}
