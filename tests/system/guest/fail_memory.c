/* SPDX-License-Identifier: MIT */
/* fail_nth: faults of each kind, and what changes the map of memory. */
#include "fail_nth.h"

#include "abi/pagemap.h"
#include "abi/userfaultfd.h"

#define AT ((char *)0x2000000000) /* far from all else: tables of its own at each level */

static volatile char *area;
static int file = -1;

static long map(char *at, size_t len, int prot, int flags, int fd)
{
	return call6(SYS_mmap, (long)at, (long)len, prot, flags, fd, 0);
}

static void need(long result)
{
	if (result < 0)
		_exit(BAD);
}

static void map_area(void)
{
	need(map(AT, 16 * PAGE, RW, ANON | MAP_FIXED, -1));
	area = AT;
}

static long read_zero(void)
{
	return area[0];
}

static long write_fresh(void)
{
	area[PAGE] = 1;
	return 0;
}

static void read_area(void)
{
	map_area();
	need(read_zero());
}

static long write_zero_page(void)
{
	area[0] = 1;
	return 0;
}

static long write_common(void)
{
	*common_page = 2;
	return 0;
}

static void map_shared(void)
{
	need(map(AT, 16 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1));
	area = AT;
}

static long write_shared(void)
{
	area[9 * PAGE] = 1;
	return 0;
}

static long read_shared(void)
{
	return area[10 * PAGE];
}

/* This program's own file: pages that nobody has are copied from the archive. */
static void map_program(void)
{
	need(file = (int)CALL(SYS_openat, AT_FDCWD, self_path, O_RDONLY, 0));
	need(map(AT, 16 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, file));
	area = AT;
}

static long read_file_page(void)
{
	return area[0] == 0x7f ? 0 : -EIO;
}

static long write_file_page(void)
{
	area[0] = 1;
	return area[1] == 'E' ? 0 : -EIO;
}

static void map_hole(void)
{
	need(file = (int)CALL(SYS_memfd_create, "hole", 0, 0, 0));
	need(CALL(SYS_ftruncate, file, 16 * PAGE, 0, 0));
	need(map(AT, 16 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, file));
	area = AT;
}

/* Below what the stack has so far. */
static long grow_stack(void)
{
	volatile char *here = __builtin_frame_address(0);

	here[-(3 << 20)] = 1;
	return 0;
}

static long break_at;

static void find_break(void)
{
	need(break_at = CALL(SYS_brk, 0, 0, 0, 0));
}

/* (It tells of no error: the break is where it was. Going down, it cuts a mapping in two first.) */
static long grow_heap(void)
{
	long asked = break_at + (4 << 20);

	if (CALL(SYS_brk, asked, 0, 0, 0) != asked)
		return -ENOMEM;
	((volatile char *)asked)[-1] = 1;
	return CALL(SYS_brk, break_at, 0, 0, 0) == break_at ? 0 : -ENOMEM;
}

static void open_zero(void)
{
	map_area();
	need(file = (int)CALL(SYS_openat, AT_FDCWD, "/dev/zero", O_RDONLY, 0));
}

/* The kernel's copy meets pages that are not there yet. */
static long copy_from_zero(void)
{
	long n = CALL(SYS_read, file, AT + PAGE - 8, 2 * PAGE, 0);

	return n < 0 ? n : n < (long)(2 * PAGE) ? -EFAULT : 0;
}

static long map_anywhere(void)
{
	long at = map(NULL, 4 * PAGE, RW, ANON, -1);

	return at < 0 ? at : CALL(SYS_munmap, at, 4 * PAGE, 0, 0);
}

static long map_a_file(void)
{
	long at = map(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE, file);

	return at < 0 ? at : CALL(SYS_munmap, at, 4 * PAGE, 0, 0);
}

static long map_shared_memory(void)
{
	long at = map(NULL, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1);

	return at < 0 ? at : CALL(SYS_munmap, at, 4 * PAGE, 0, 0);
}

static void write_area(void)
{
	map_area();
	for (unsigned i = 0; i < 16; i++)
		area[i * PAGE] = (char)(i + 1);
}

/* A verb that was refused has changed nothing. */
static long or_unchanged(long result)
{
	if (result < 0)
		for (unsigned i = 0; i < 16; i++) {
			if (area[i * PAGE] != (char)(i + 1))
				return -EIO;
			area[i * PAGE] = (char)(i + 1);
		}
	return result;
}

static long unmap_middle(void)
{
	return or_unchanged(CALL(SYS_munmap, AT + 4 * PAGE, 4 * PAGE, 0, 0));
}

static long protect_middle(void)
{
	return or_unchanged(CALL(SYS_mprotect, AT + 4 * PAGE, 4 * PAGE, PROT_READ, 0));
}

static long map_over_middle(void)
{
	long at = map(AT + 4 * PAGE, 4 * PAGE, PROT_READ, ANON | MAP_FIXED, -1);

	return or_unchanged(at < 0 ? at : 0);
}

static long populate(void)
{
	return CALL(SYS_madvise, AT, 16 * PAGE, 23 /* MADV_POPULATE_WRITE */, 0);
}

static long populate_to_read(void)
{
	return CALL(SYS_madvise, AT, 16 * PAGE, 22 /* MADV_POPULATE_READ */, 0);
}

static long forget(void)
{
	return CALL(SYS_madvise, AT + PAGE, 4 * PAGE, MADV_DONTNEED, 0);
}

static long map_populated(void)
{
	long at = map(AT, 16 * PAGE, RW, ANON | MAP_FIXED | MAP_POPULATE, -1);

	return at < 0 ? at : CALL(SYS_munmap, at, 16 * PAGE, 0, 0);
}

/* ---- userfaultfd ---- */

#define REGISTERED (AT + (1l << 31)) /* far from AT */
#define SOME	   (4 * PAGE)

static int uffd = -1;

static long uffd_ask(unsigned long request, void *arg)
{
	return CALL(SYS_ioctl, uffd, request, arg, 0);
}

static long uffd_new(void)
{
	struct abi_uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_WP_UNPOPULATED };
	long err;

	uffd = (int)CALL(SYS_userfaultfd, UFFD_USER_MODE_ONLY, 0, 0, 0);
	if (uffd < 0)
		return uffd;
	err = uffd_ask(UFFDIO_API, &api);
	return err;
}

static long open_uffd(void)
{
	long err = uffd_new();

	return err < 0 ? err : CALL(SYS_close, uffd, 0, 0, 0);
}

static long uffd_register(char *at, uint64_t mode)
{
	struct abi_uffdio_register ask = { .range = { (uintptr_t)at, SOME }, .mode = mode };

	return uffd_ask(UFFDIO_REGISTER, &ask);
}

static void begin_uffd(void)
{
	write_area();
	need(uffd_new());
	need(map(REGISTERED, 16 * PAGE, RW, ANON | MAP_FIXED, -1));
}

static void begin_missing(void)
{
	begin_uffd();
	need(uffd_register(REGISTERED, UFFDIO_REGISTER_MODE_MISSING));
}

static void begin_protected(void)
{
	begin_uffd();
	need(uffd_register(REGISTERED, UFFDIO_REGISTER_MODE_WP));
}

/* A part of a mapping, which is split and merged. */
static long register_middle(void)
{
	struct abi_uffdio_range range = { (uintptr_t)AT + 2 * PAGE, SOME };
	long err = uffd_register(AT + 2 * PAGE, UFFDIO_REGISTER_MODE_MISSING);

	return or_unchanged(err < 0 ? err : uffd_ask(UFFDIO_UNREGISTER, &range));
}

static long copy_to_registered(void)
{
	struct abi_uffdio_copy ask = { .dst = (uintptr_t)REGISTERED,
				       .src = (uintptr_t)AT,
				       .len = SOME };
	long err = CALL(SYS_madvise, REGISTERED, SOME, MADV_DONTNEED, 0);

	err = err < 0 ? err : uffd_ask(UFFDIO_COPY, &ask);
	return err == -EAGAIN ? -ENOMEM : err; /* a part */
}

static long move_to_registered(void)
{
	struct abi_uffdio_move ask = { .dst = (uintptr_t)REGISTERED,
				       .src = (uintptr_t)AT,
				       .len = PAGE };
	long err = CALL(SYS_madvise, REGISTERED, SOME, MADV_DONTNEED, 0);

	area[0] = 1;
	err = err < 0 ? err : uffd_ask(UFFDIO_MOVE, &ask);
	area[0] = 1;
	return or_unchanged(err);
}

static long protect_registered(void)
{
	struct abi_uffdio_writeprotect ask = { .range = { (uintptr_t)REGISTERED, SOME },
					       .mode = UFFDIO_WRITEPROTECT_MODE_WP };

	return uffd_ask(UFFDIO_WRITEPROTECT, &ask);
}

static long poison_registered(void)
{
	struct abi_uffdio_poison ask = { .range = { (uintptr_t)REGISTERED, PAGE } };
	long err = CALL(SYS_madvise, REGISTERED, SOME, MADV_DONTNEED, 0);

	return err < 0 ? err : uffd_ask(UFFDIO_POISON, &ask);
}

static int pagemap = -1;

static void begin_scan(void)
{
	struct abi_uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_WP_ASYNC };

	write_area();
	need(uffd = (int)CALL(SYS_userfaultfd, UFFD_USER_MODE_ONLY, 0, 0, 0));
	need(uffd_ask(UFFDIO_API, &api));
	need(map(REGISTERED, 16 * PAGE, RW, ANON | MAP_FIXED, -1));
	need(uffd_register(AT, UFFDIO_REGISTER_MODE_WP));
	need(uffd_register(REGISTERED, UFFDIO_REGISTER_MODE_WP));
	need(pagemap = (int)CALL(SYS_openat, AT_FDCWD, "/proc/self/pagemap", O_RDONLY, 0));
}

/* All of SOME bytes there is written, and is protected. */
static long scan_all_of(char *at)
{
	static struct abi_page_region region;
	struct abi_pm_scan_arg ask = {
		.size = sizeof(ask),
		.flags = PM_SCAN_WP_MATCHING | PM_SCAN_CHECK_WPASYNC,
		.start = (uintptr_t)at,
		.end = (uintptr_t)at + SOME,
		.vec = (uintptr_t)&region,
		.vec_len = 1,
		.category_mask = PAGE_IS_WRITTEN,
		.return_mask = PAGE_IS_WRITTEN,
	};
	long n = CALL(SYS_ioctl, pagemap, PAGEMAP_SCAN, &ask, 0);

	if (n < 0)
		return n;
	return n == 1 && region.start == ask.start && region.end == ask.end ? 0 : -EIO;
}

static long scan_written(void)
{
	return scan_all_of(AT);
}

static long scan_holes(void)
{
	return scan_all_of(REGISTERED);
}

const struct scenario memory_scenarios[] = {
	{ "fault_zero", read_zero, map_area, NULL, MAY_DIE },
	{ "fault_write", write_fresh, map_area, NULL, MAY_DIE },
	{ "fault_cow_zero", write_zero_page, read_area, NULL, MAY_DIE },
	{ "fault_cow", write_common, NULL, NULL, MAY_DIE },
	{ "fault_shared_read", read_shared, map_shared, NULL, MAY_DIE },
	{ "fault_shared_write", write_shared, map_shared, NULL, MAY_DIE },
	{ "fault_file_read", read_file_page, map_program, NULL, MAY_DIE },
	{ "fault_file_write", write_file_page, map_program, NULL, MAY_DIE },
	{ "fault_hole_read", read_zero, map_hole, NULL, MAY_DIE },
	{ "fault_hole_write", write_fresh, map_hole, NULL, MAY_DIE },
	{ "fault_stack", grow_stack, NULL, NULL, MAY_DIE },
	{ "brk", grow_heap, find_break, NULL, MAY_DIE },
	{ "copy", copy_from_zero, open_zero, NULL, MAY_EFAULT },
	{ "mmap", map_anywhere, NULL, NULL, 0 },
	{ "mmap_file", map_a_file, map_program, NULL, 0 },
	{ "mmap_shared", map_shared_memory, NULL, NULL, 0 },
	{ "mmap_over", map_over_middle, write_area, NULL, 0 },
	{ "mmap_populate", map_populated, NULL, NULL, 0 },
	{ "munmap", unmap_middle, write_area, NULL, 0 },
	{ "mprotect", protect_middle, write_area, NULL, 0 },
	{ "populate_write", populate, map_area, NULL, 0 },
	{ "populate_read", populate_to_read, map_area, NULL, 0 },
	{ "dontneed", forget, write_area, NULL, 0 },
	{ "uffd_open", open_uffd, NULL, NULL, 0 },
	{ "uffd_register", register_middle, begin_uffd, NULL, 0 },
	{ "uffd_copy", copy_to_registered, begin_missing, NULL, 0 },
	{ "uffd_move", move_to_registered, begin_missing, NULL, MAY_DIE },
	{ "uffd_protect", protect_registered, begin_protected, NULL, 0 },
	{ "uffd_poison", poison_registered, begin_missing, NULL, 0 },
	{ "scan_written", scan_written, begin_scan, NULL, 0 },
	{ "scan_holes", scan_holes, begin_scan, NULL, 0 },
	{ NULL },
};
