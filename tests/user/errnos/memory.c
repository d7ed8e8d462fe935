/* SPDX-License-Identifier: MIT */
/* The mmap family. */
#include "errnos.h"

#ifndef SYS_riscv_flush_icache
#define SYS_riscv_flush_icache 259
#endif

#define AREA	 0x1100000000ul /* four pages, which calls may change; behind them is a hole */
#define NEW_AREA 0x1200000000ul
#define NPAGES	 4

static void clears_area(word *arg)
{
	(void)arg;
	munmap((void *)(AREA - NPAGES * PAGE), 3 * NPAGES * PAGE);
	munmap((void *)(NEW_AREA - NPAGES * PAGE), 3 * NPAGES * PAGE);
}

static void maps_area(word *arg)
{
	clears_area(arg);
	mmap((void *)AREA, NPAGES * PAGE, RW, ANON | MAP_FIXED, -1, 0);
}

static void maps_file(word *arg)
{
	clears_area(arg);
	mmap((void *)AREA, NPAGES * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, FD_RDONLY, 0);
}

static void maps_shared(word *arg)
{
	clears_area(arg);
	mmap((void *)AREA, NPAGES * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, FD_RW, 0);
}

static void unlocks(const word *arg, long result)
{
	(void)arg, (void)result;
	munlockall();
}

static void unmaps(const word *arg, long result)
{
	munmap((void *)result, arg[1]);
}

static void unmaps_moved(const word *arg, long result)
{
	munmap((void *)result, arg[2]);
}

static void clear(void)
{
	clears_area(NULL);
}

static const struct bad places[] = { { "unaligned", AREA + 1 },
				     { "hole", AREA + NPAGES *PAGE },
				     { "kernel", KERNEL },
				     { "last", MINUS(PAGE) },
				     NO_MORE };
static const struct bad any_place[] = {
	{ "hole", AREA + NPAGES *PAGE }, { "kernel", KERNEL }, { "last", MINUS(PAGE) }, NO_MORE
};
static const struct bad fixed_place[] = {
	{ "unaligned", AREA + 1 }, { "kernel", KERNEL }, { "last", MINUS(PAGE) }, NO_MORE
};
static const struct bad map_length[] = {
	{ "0", 0 }, { "wraps", MINUS(1) }, { "space", 1ul << 40 }, NO_MORE
};
static const struct bad length[] = {
	{ "too long", (NPAGES + 1) * PAGE }, { "wraps", MINUS(1) }, { "space", 1ul << 40 }, NO_MORE
};
static const struct bad advised_length[] = { { "too long", (NPAGES + 1) * PAGE },
					     { "wraps", MINUS(1) },
					     NO_MORE };
static const struct bad unmap_length[] = {
	{ "0", 0 }, { "wraps", MINUS(1) }, { "space", 1ul << 40 }, NO_MORE
};
static const struct bad protections[] = { { "unknown", 0x1000 },
					  { "grows up", PROT_READ | PROT_GROWSUP },
					  { "both", PROT_GROWSUP | PROT_GROWSDOWN },
					  NO_MORE };
static const struct bad protections_of_file[] = { { "write", RW }, { "unknown", 0x1000 }, NO_MORE };
static const struct bad map_flags[] = {
	{ "neither", MAP_ANONYMOUS | MAP_FIXED },
	{ "growing", MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED },
	{ "validated", MAP_SHARED_VALIDATE | MAP_ANONYMOUS | MAP_FIXED },
	{ "huge", ANON | MAP_HUGETLB | MAP_FIXED },
	NO_MORE
};
static const struct bad file_flags[] = { { "neither", MAP_FIXED },
					 { "growing", MAP_PRIVATE | MAP_GROWSDOWN | MAP_FIXED },
					 { "validated", MAP_SHARED_VALIDATE | 1 << 24 },
					 { "huge", MAP_PRIVATE | MAP_HUGETLB | MAP_FIXED },
					 NO_MORE };
static const struct bad fd_map[] = { { "closed", FD_CLOSED }, { "negative", MINUS(1) },
				     { "above", FD_ABOVE },   { "path", FD_PATH },
				     { "rdonly", FD_RDONLY }, { "wronly", FD_WRONLY },
				     { "dir", FD_DIR },	      { "pipe", FD_IN },
				     { "sealed", FD_SEALED }, NO_MORE };
/* Linux 7 ignores the offset of anonymous memory, 6.12 does not; both look whether it is aligned. */
static const struct bad unaligned[] = { { "unaligned", 1 }, NO_MORE };
static const struct bad map_offset[] = { { "unaligned", 1 }, { "last", MINUS(PAGE) }, NO_MORE };
static const struct bad advices[] = {
	{ "unknown", 4711 }, { "negative", MINUS(1) }, { "remove", MADV_REMOVE }, NO_MORE
};
static const struct bad populate[] = { { "unknown", 4711 },
				       { "write", MADV_POPULATE_WRITE },
				       NO_MORE };
static const struct bad remap_flags[] = {
	{ "unknown", 8 }, { "fixed", MREMAP_FIXED }, { "stay", 0 }, NO_MORE
};
static const struct bad fixed_flags[] = { { "unknown", 8 }, { "fixed", MREMAP_FIXED }, NO_MORE };
static const struct bad remap_place[] = { { "unaligned", NEW_AREA + 1 },
					  { "itself", AREA },
					  { "kernel", KERNEL },
					  { "last", MINUS(PAGE) },
					  NO_MORE };
static const struct bad old_length[] = {
	{ "too long", (NPAGES + 1) * PAGE }, { "0", 0 }, { "wraps", MINUS(1) }, NO_MORE
};
/* More than there is of addresses is EINVAL in Linux 7, and was ENOMEM in 6.12: it is not tried. */
static const struct bad new_length[] = { { "0", 0 }, { "wraps", MINUS(1) }, NO_MORE };
static const struct bad vectors[] = { { "null", 0 },
				      { "unmapped", HOLE },
				      { "half", HOLE - 1 },
				      { "readonly", READONLY },
				      { "noaccess", NOACCESS },
				      { "kernel", KERNEL },
				      NO_MORE };
static const struct bad sync_flags[] = {
	{ "unknown", 8 }, { "both", MS_SYNC | MS_ASYNC }, { "all", MINUS(1) }, NO_MORE
};
static const struct bad lock_flags[] = { { "unknown", 2 }, { "all", MINUS(1) }, NO_MORE };
static const struct bad all_flags[] = {
	{ "none", 0 }, { "unknown", 8 }, { "on fault", MCL_ONFAULT }, NO_MORE
};
static const struct bad flush_flags[] = { { "unknown", 2 }, { "all", MINUS(1) }, NO_MORE };

static const struct bad shared_places[] = { { "hole", AREA + NPAGES *PAGE },
					    { "private", DATA },
					    { "kernel", KERNEL },
					    { "last", MINUS(PAGE) },
					    NO_MORE };
static const struct bad shared_length[] = { { "0", 0 },
					    { "too long", (NPAGES + 1) * PAGE },
					    { "wraps", MINUS(1) },
					    { "space", 1ul << 40 },
					    NO_MORE };
static const struct bad some_protection[] = { { "read", PROT_READ },
					      { "high", 1ul << 32 },
					      NO_MORE };
static const struct bad page_offset[] = { { "wraps", MINUS(1) },
					  { "too far", 1ul << 52 },
					  NO_MORE };

#define HUGE \
	"a request for huge pages is checked first, and has a limit and an alignment of its own"
static const struct pair_exception huge_pages[] = { { "1 last", "4 huge", EINVAL, HUGE },
						    { "2 wraps", "4 huge", EINVAL, HUGE },
						    NO_MORE };
#define GROWS \
	"that the file cannot be mapped at all is seen before the flag, and after what alone is EACCES"
static const struct pair_exception growing[] = { { "4 growing", "5 dir", ENODEV, GROWS },
						 { "4 growing", "5 pipe", ENODEV, GROWS },
						 NO_MORE };
#define REPLACED \
	"an old range of no length overlaps nothing: the new range is unmapped first, and with it the old one"
static const struct pair_exception over_itself[] = { { "2 0", "5 itself", EFAULT, REPLACED },
						     { "2 wraps", "5 itself", EFAULT, REPLACED },
						     NO_MORE };
#define WRAPS "each is no mapping, but together they wrap around"
static const struct pair_exception wrapping[] = { { "1 kernel", "2 space", EINVAL, WRAPS },
						  NO_MORE };

#define WHOLE NPAGES *PAGE

static const struct row rows[] = {
	CALL(mmap, RIGHT(AREA, WHOLE, RW, ANON | MAP_FIXED, MINUS(1), 0),
	     BAD(fixed_place, map_length, NULL, map_flags, NULL, unaligned),
	     .exceptions = huge_pages, .before = clears_area, .after = unmaps, .how = HIDES),
	CALL_AS("mmap(MAP_SHARED)", mmap, RIGHT(AREA, WHOLE, RW, MAP_SHARED | MAP_FIXED, FD_RW, 0),
		BAD(fixed_place, map_length, NULL, file_flags, fd_map, map_offset),
		.exceptions = growing, .before = clears_area, .after = unmaps, .how = HIDES),
	CALL_AS("mmap(MAP_FIXED_NOREPLACE)", mmap,
		RIGHT(NEW_AREA, WHOLE, RW, ANON | MAP_FIXED_NOREPLACE, MINUS(1), 0),
		BAD(places, map_length, NULL, NULL, NULL, unaligned), .before = maps_area,
		.after = unmaps, .how = HIDES),
	CALL(munmap, RIGHT(AREA, WHOLE), BAD(fixed_place, unmap_length), .before = maps_area),
	CALL(mprotect, RIGHT(AREA, WHOLE, PROT_READ), BAD(places, length, protections),
	     .before = maps_area),
	CALL_AS("mprotect(a file)", mprotect, RIGHT(AREA, WHOLE, PROT_READ),
		BAD(places, length, protections_of_file), .before = maps_file),
	CALL(madvise, RIGHT(AREA, WHOLE, MADV_DONTNEED), BAD(places, advised_length, advices),
	     .before = maps_area),
	CALL_AS("madvise(MADV_POPULATE_READ)", madvise, RIGHT(AREA, 2 * PAGE, MADV_POPULATE_READ),
		BAD(places, advised_length, populate), .before = maps_file),
	CALL(mremap, RIGHT(AREA, WHOLE, 2 * WHOLE, MREMAP_MAYMOVE),
	     BAD(places, old_length, new_length, remap_flags), .before = maps_area,
	     .after = unmaps_moved, .how = HIDES),
	CALL_AS("mremap(MREMAP_FIXED)", mremap,
		RIGHT(AREA, WHOLE, WHOLE, MREMAP_MAYMOVE | MREMAP_FIXED, NEW_AREA),
		BAD(places, old_length, new_length, fixed_flags, remap_place),
		.exceptions = over_itself, .before = maps_area, .after = unmaps_moved,
		.how = HIDES),
	CALL(remap_file_pages, RIGHT(AREA, WHOLE, 0, 1, 0),
	     BAD(shared_places, shared_length, some_protection, page_offset),
	     .before = maps_shared),
	CALL(mincore, RIGHT(AREA, WHOLE, DATA), BAD(places, length, vectors), .before = maps_area),
	CALL(msync, RIGHT(AREA, WHOLE, MS_SYNC), BAD(places, length, sync_flags),
	     .before = maps_area),
	CALL(mlock, .exceptions = wrapping, RIGHT(AREA, WHOLE), BAD(any_place, length),
	     .before = maps_area, .after = unlocks),
	CALL(mlock2, .exceptions = wrapping, RIGHT(AREA, WHOLE, MLOCK_ONFAULT),
	     BAD(any_place, length, lock_flags), .before = maps_area, .after = unlocks),
	CALL(munlock, .exceptions = wrapping, RIGHT(AREA, WHOLE), BAD(any_place, length),
	     .before = maps_area),
	CALL(mlockall, RIGHT(MCL_CURRENT | MCL_ONFAULT), BAD(all_flags), .after = unlocks),
	CALL_AS("mseal", mseal, RIGHT(AREA, WHOLE, 0), BAD(places, length, sync_flags),
		.before = maps_area, .exceptions = wrapping, .how = FORKS),
	CALL(riscv_flush_icache, RIGHT(AREA, AREA + PAGE, 0), BAD(NULL, NULL, flush_flags),
	     .before = maps_area),
};

const struct group memory_group = {
	.name = "memory", .rows = rows, .count = sizeof(rows) / sizeof(rows[0]), .clear = clear
};
