/* SPDX-License-Identifier: MIT */
/* The tests of the lab start: the system calls getppid, sysinfo and mincore. */
#include "programs.h"

#include <sys/sysinfo.h>

#define GIB	       (1ul << 30)
#define KERNEL_ADDRESS ((void *)0xffffffc080200000ul)
#define END_OF_MEMORY  0x4000000000ul
#define NOT_A_BYTE     0xa5 /* what is in memory before a call writes there */
#define BEYOND	       3    /* pages that are mapped beyond the end of a file */

/* A call's error as a positive number; 0: it had none. */
static int error_of(long answer)
{
	return answer < 0 ? errno : 0;
}

/*
 * Returns a number that tells the grader whether `came` is right: it compares it with `secret`. If it is
 * wrong, the first such line is shown to the student, who can make nothing of the number.
 */
static uint64_t checked(uint64_t secret, const char *what, uint64_t came, uint64_t expected)
{
	if (came != expected)
		say("first %s: %lld came, %lld expected\n", what, (long long)came,
		    (long long)expected);
	return secret + (came - expected);
}

/* ---- what works before and after ---- */

/* Calls that are there already, and numbers that no call has. */
static void others(uint64_t seed, size_t n)
{
	static const int absent[] = { 244, 250, 300, 500, 1000 };
	uint64_t found = 0;

	for (size_t i = 0; i < n; i++)
		if (syscall(absent[mix(seed, i) % 5], i, i, i) == -1 && errno == ENOSYS)
			found++;
	result("not_there", found);
	result("pid", mix(seed, 0) ^ (uint64_t)(getpid() != syscall(SYS_gettid)));
	result("page",
	       mix(seed, 1) ^ (uint64_t)error_of(msync(map_pages(1, MAP_PRIVATE), PAGE, MS_SYNC)));
}

/* ---- getppid ---- */

static int parent_of_this(void)
{
	return (int)syscall(SYS_getppid);
}

/* Each process of a line of descent finds its parent. */
static void parent(uint64_t seed, size_t n)
{
	struct channel up;

	channel_open(&up);
	for (size_t i = 0; i < n; i++) {
		int above = getpid(), child = fork_child();

		if (child) {
			if (i == 0)
				break;
			join_child(child);
			_exit(0);
		}
		tell(&up, checked(mix(seed, i), "the parent", (uint64_t)parent_of_this(),
				  (uint64_t)above));
		if (i + 1 == n)
			_exit(0);
	}
	for (size_t i = 0; i < n; i++)
		result("parent", hear(&up));
}

/* Children whose parent has ended get process 1 as their parent. */
static void orphans(uint64_t seed, size_t n)
{
	struct channel born, up, down;
	int parent;

	channel_open(&up);
	channel_open(&down);
	channel_open(&born);
	parent = fork_child();
	if (parent == 0) {
		int above = getpid();

		for (size_t i = 0; i < n; i++) {
			if (fork_child())
				continue;
			tell(&born, parent_of_this() == above);
			hear(&down);
			tell(&up, checked(mix(seed, i), "an orphan's parent",
					  (uint64_t)parent_of_this(), 1));
			_exit(0);
		}
		_exit(0);
	}
	for (size_t i = 0; i < n; i++)
		hear(&born);
	join_child(parent);
	for (size_t i = 0; i < 20; i++) { /* other processes take what the parent has left */
		int other = fork_child();

		if (other == 0)
			_exit(0);
		join_child(other);
	}
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		tell(&down, 0);
		sum += hear(&up);
	}
	result("orphans", sum);
}

/*
 * Process 1 has no parent. The kernel has started this program as process 1: see main(). Its child
 * has one like any other.
 */
static void first_process(uint64_t seed, size_t n)
{
	struct channel up;
	int child;

	result("process_1",
	       checked(mix(seed, n), "the parent of process 1", (uint64_t)parent_of_this(), 0));
	channel_open(&up);
	child = fork_child();
	if (child == 0) {
		tell(&up, checked(mix(seed, n + 1), "the parent of its child",
				  (uint64_t)parent_of_this(), 1));
		_exit(0);
	}
	result("its_child", hear(&up));
	join_child(child);
}

/* ---- sysinfo ---- */

static struct sysinfo machine(void)
{
	struct sysinfo info;

	if (syscall(SYS_sysinfo, &info))
		fail("sysinfo");
	return info;
}

static uint64_t pages(const struct sysinfo *info, unsigned long amount)
{
	return amount * info->mem_unit / PAGE;
}

/* What the kernel's own call says about the same machine. */
static struct faultline_machine counted(void)
{
	struct faultline_machine is;

	if (syscall(SYS_faultline, FAULTLINE_MACHINE, 0, &is, sizeof(is), 0) != 1)
		fail("FAULTLINE_MACHINE");
	return is;
}

static uint64_t difference(uint64_t one, uint64_t other)
{
	return one > other ? one - other : other - one;
}

/* The size of the machine's memory, and what is free of it. */
static void memory(uint64_t seed, size_t n)
{
	struct faultline_machine is = counted();
	struct sysinfo before = machine(), during, after;
	char *held;

	held = map_pages(n, MAP_PRIVATE);
	fill(held, n, seed);
	during = machine();
	result("sum", sum(held, n));
	munmap(held, n * PAGE);
	after = machine();
	result("all_of_memory", checked(mix(seed, n), "totalram, in pages",
					pages(&before, before.totalram), is.frames));
	result("free_frames_told_too_many_or_too_few",
	       difference(pages(&before, before.freeram), is.free_frames));
	result("frames_taken_that_are_not_seen",
	       difference(pages(&before, before.freeram), pages(&during, during.freeram) + n));
	result("frames_released_that_are_not_seen",
	       difference(pages(&before, before.freeram), pages(&after, after.freeram)));
}

/* Waits until so many pages of the swap disk are free, or no more: the disk takes its time. */
static struct sysinfo when_free(uint64_t least, uint64_t most)
{
	const struct timespec tick = { .tv_nsec = 10000000 };

	for (size_t turn = 0; turn < 500; turn++) {
		uint64_t there = counted().free_swap;

		if (there >= least && there <= most)
			break;
		nanosleep(&tick, NULL);
	}
	return machine();
}

/* The size of the swap disk, and what is free of it while pages are there and afterwards. */
static void swap(uint64_t seed, size_t n)
{
	struct faultline_machine is = counted();
	struct sysinfo before = machine(), during, after;
	char *held = map_pages(n, MAP_PRIVATE);

	fill(held, n, seed);
	if (madvise(held, n * PAGE, MADV_PAGEOUT))
		fail("MADV_PAGEOUT");
	during = when_free(0, is.free_swap - n);
	munmap(held, n * PAGE);
	after = when_free(is.free_swap, ~0ull);
	result("all_of_swap", checked(mix(seed, n), "totalswap, in pages",
				      pages(&before, before.totalswap), is.swap));
	result("free_pages_told_too_many_or_too_few",
	       difference(pages(&before, before.freeswap), is.free_swap));
	result("pages_taken_that_are_not_seen",
	       difference(pages(&before, before.freeswap), pages(&during, during.freeswap) + n));
	result("pages_released_that_are_not_seen",
	       difference(pages(&before, before.freeswap), pages(&after, after.freeswap)));
}

/* Processes that there are, counted one by one. */
static int all_processes(void)
{
	static struct faultline_process all[64];
	long n = syscall(SYS_faultline, FAULTLINE_PROCESSES, 0, all, sizeof(all), 0);

	if (n < 0)
		fail("FAULTLINE_PROCESSES");
	return (int)n;
}

/* Processes that run, and those that have ended and were not waited for. */
static void processes(uint64_t seed, size_t n)
{
	int before = machine().procs, children = (int)(1 + seed % n);
	struct channel down, up;

	channel_open(&down);
	channel_open(&up);
	let_children_die();
	for (int i = 0; i < children; i++) {
		if (fork_child())
			continue;
		tell(&up, 0);
		hear(&down);
		_exit(0);
	}
	for (int i = 0; i < children; i++)
		hear(&up);
	result("that_run", (uint64_t)(machine().procs - before));
	for (int i = 0; i < children; i++) {
		siginfo_t info;

		tell(&down, 0);
		waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
	}
	result("that_have_ended", (uint64_t)(machine().procs - before));
	result("all",
	       checked(mix(seed, n), "all processes", machine().procs, (uint64_t)all_processes()));
	for (int i = 0; i < children; i++)
		wait(NULL);
	result("that_are_left", (uint64_t)(machine().procs - before));
}

static uint64_t seconds_since_boot(uint64_t round_up)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec + (now.tv_nsec ? round_up : 0);
}

#define LOADS 3

/* The load averages in hundredths, as /proc/loadavg has them. */
static void loads_told(long loads[LOADS])
{
	int file = open("/proc/loadavg", O_RDONLY);
	char text[100] = "", *next = text;

	if (file < 0 || read(file, text, sizeof(text) - 1) <= 0)
		fail("/proc/loadavg");
	close(file);
	for (size_t i = 0; i < LOADS; i++)
		loads[i] = (long)(strtod(next, &next) * 100 + 0.5);
}

/*
 * How many of the load averages are wrong. /proc/loadavg was read before and after: a sample may have been taken in
 * between, and both round to hundredths.
 */
static uint64_t wrong_loads(const struct sysinfo *info, const long before[LOADS],
			    const long after[LOADS])
{
	uint64_t wrong = 0;

	for (size_t i = 0; i < LOADS; i++) {
		unsigned long unit = 1ul << SI_LOAD_SHIFT;
		long load = (long)((info->loads[i] * 100 + unit / 2) / unit);

		if (labs(load - before[i]) <= 1 || labs(load - after[i]) <= 1)
			continue;
		say("first loads[%zu] %lu, which is %.2f, with %.2f in /proc/loadavg\n", i,
		    info->loads[i], (double)info->loads[i] / (double)unit, (double)after[i] / 100);
		wrong++;
	}
	return wrong;
}

/* The time is in seconds, the load averages are those of /proc/loadavg, all other bytes of the structure are 0. */
static void other_fields(uint64_t seed, size_t n)
{
	uint64_t wrong_times = 0, wrong_averages = 0, wrong_bytes = 0;

	for (size_t i = 0; i < n; i++) {
		const struct timespec some = { .tv_nsec = (long)(mix(seed, i) % 400000000) };
		uint64_t least = seconds_since_boot(0);
		struct sysinfo info, empty;
		long before[LOADS], after[LOADS];

		loads_told(before);
		memset(&info, NOT_A_BYTE, sizeof(info));
		if (syscall(SYS_sysinfo, &info))
			fail("sysinfo");
		loads_told(after);
		wrong_averages += wrong_loads(&info, before, after);
		if ((uint64_t)info.uptime < least ||
		    (uint64_t)info.uptime > seconds_since_boot(1)) {
			say("first uptime %ld, with %llu seconds since boot\n", info.uptime,
			    (unsigned long long)least);
			wrong_times++;
		}
		memset(&empty, 0, sizeof(empty));
		empty.uptime = info.uptime;
		memcpy(empty.loads, info.loads, sizeof(empty.loads));
		empty.totalram = info.totalram;
		empty.freeram = info.freeram;
		empty.procs = info.procs;
		empty.mem_unit = info.mem_unit;
		for (size_t at = 0; at < sizeof(info); at++) {
			if (((char *)&info)[at] == ((char *)&empty)[at])
				continue;
			say("first byte %zu of the structure is %#x\n", at,
			    ((unsigned char *)&info)[at]);
			wrong_bytes++;
		}
		nanosleep(&some, NULL);
	}
	result("wrong_times", wrong_times);
	result("wrong_load_averages", wrong_averages);
	result("bytes_that_are_not_0", wrong_bytes);
	result("memory", checked(mix(seed, n), "fields totalram and mem_unit that are 0",
				 (machine().totalram == 0) + (machine().mem_unit == 0), 0));
}

/* ---- attempts, in an order that comes from the seed ---- */

struct attempt {
	int error;
	const char *what;
	void *to;
	void *from; /* mincore only */
	size_t length;
};

/* Makes n attempts, each of them at least once, and tells their errors. */
static void try_all(uint64_t seed, size_t n, const struct attempt *attempts, size_t nattempts,
		    long (*call)(const struct attempt *))
{
	for (size_t i = 0; i < n; i++) {
		uint64_t which = i < nattempts ? seed + i : mix(seed, i);
		const struct attempt *attempt = &attempts[which % nattempts];
		int error = error_of(call(attempt));

		if (error != attempt->error)
			say("first %s: %s came, %s expected\n", attempt->what,
			    error ? strerrorname_np(error) : "no error",
			    attempt->error ? strerrorname_np(attempt->error) : "no error");
		result("error", (uint64_t)error);
	}
	result("alive", mix(seed, n));
}

/*
 * Two pages with these permissions, and after them addresses that are not mapped: in a part of the
 * address space where the kernel puts nothing by itself.
 */
static char *edge(int protection)
{
	static char *next = (char *)0x2000000000ul;
	char *pages =
		mmap(next, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (pages != next)
		fail("mmap");
	next += 16 * MIB;
	if (mprotect(pages, 2 * PAGE, protection))
		fail("mprotect");
	return pages;
}

#define SYSINFO_BYTES sizeof(struct sysinfo)

static long try_sysinfo(const struct attempt *attempt)
{
	return syscall(SYS_sysinfo, attempt->to);
}

static void sysinfo_addresses(uint64_t seed, size_t n)
{
	char *good = edge(RW), *untouched = edge(RW), *frozen = edge(PROT_READ),
	     *hidden = edge(PROT_NONE);
	const struct attempt attempts[] = {
		{ EFAULT, "address 0", NULL },
		{ EFAULT, "address 8", (void *)8 },
		{ EFAULT, "address -8", (void *)-8l },
		{ EFAULT, "an address of the kernel", KERNEL_ADDRESS },
		{ EFAULT, "the end of user memory", (void *)(END_OF_MEMORY - 8) },
		{ EFAULT, "a page that is not mapped", good + 2 * PAGE },
		{ EFAULT, "the first half in a page, the second not", good + 2 * PAGE - 56 },
		{ EFAULT, "the last byte is not mapped", good + 2 * PAGE - SYSINFO_BYTES + 1 },
		{ EFAULT, "a read-only page", frozen },
		{ EFAULT, "a page with PROT_NONE", hidden },
		{ 0, "a page", good },
		{ 0, "across two pages", good + PAGE - 40 },
		{ 0, "an odd address", good + 3 },
		{ 0, "pages that were not touched", untouched },
		{ 0, "the last byte is the page's last", good + 2 * PAGE - SYSINFO_BYTES },
	};

	page_write(good, seed);
	try_all(seed, n, attempts, sizeof(attempts) / sizeof(attempts[0]), try_sysinfo);
}

/* ---- mincore ---- */

/* What a page is like. It is resident if this is an odd number. */
enum {
	UNTOUCHED,
	WRITTEN,
	DROPPED,
	READ,
	BEYOND_THE_END,
	FROZEN,
	CACHED = 7,
	HIDDEN = 9,
};

static const char *const likenesses[] = {
	[UNTOUCHED] = "that nobody has touched",
	[WRITTEN] = "that was written",
	[DROPPED] = "that was dropped",
	[READ] = "that was read",
	[BEYOND_THE_END] = "beyond the end of the file",
	[FROZEN] = "that was touched and is read-only now",
	[CACHED] = "that is in the page cache",
	[HIDDEN] = "that was touched and has PROT_NONE now",
};

static bool is_resident(uint8_t page)
{
	return page & 1;
}

/*
 * What mincore says, as one number: which pages are resident, each with a weight from the seed. The
 * first page of which it does not say what is expected is shown. (No `expected`: any answer will do.)
 * It must write a byte for each page, and no others.
 */
static uint64_t look(uint64_t seed, const char *pages, size_t n, const uint8_t *expected)
{
	unsigned char *around = malloc(n + 2 * PAGE), *there = around + PAGE;
	uint64_t total = 0;
	bool shown = !expected;

	memset(around, NOT_A_BYTE, n + 2 * PAGE);
	if (syscall(SYS_mincore, pages, n * PAGE, there))
		fail("mincore");
	for (size_t i = 0; i < n; i++) {
		total += mix(seed, i) * (there[i] & 1) * (2 * i + 1);
		if (!shown && (there[i] & 1) != is_resident(expected[i])) {
			say("first page %zu of %zu, %s: %d came, %d expected\n", i, n,
			    likenesses[expected[i]], there[i] & 1, is_resident(expected[i]));
			shown = true;
		}
	}
	for (size_t i = 0; i < PAGE; i++)
		if (around[i] != NOT_A_BYTE || there[n + i] != NOT_A_BYTE) {
			say("failed mincore: it has written beyond the %zu bytes of the vector\n",
			    n);
			break;
		}
	free(around);
	return total;
}

/*
 * A third of the pages is written, and some are read. Then the middle third becomes read-only, and the
 * last pages nobody may touch any more: they stay where they are. Sets what each page is like.
 */
static char *touch_some(uint64_t seed, size_t n, uint8_t *is)
{
	char *pages = map_pages(n, MAP_PRIVATE);
	volatile char *byte = pages;
	size_t last = n / 6;

	for (size_t i = 0; i < n; i++) {
		is[i] = mix(seed, i) % 3 == 0 ? WRITTEN : mix(seed, i) % 7 == 0 ? READ : UNTOUCHED;
		if (is[i] == WRITTEN)
			byte[i * PAGE + mix(seed, i) % PAGE] = 1;
		else if (is[i] == READ)
			(void)byte[i * PAGE];
		if (is_resident(is[i]) && i / (n / 3) == 1)
			is[i] = FROZEN;
		if (is_resident(is[i]) && i >= n - last)
			is[i] = HIDDEN;
	}
	if (mprotect(pages + n / 3 * PAGE, n / 3 * PAGE, PROT_READ) ||
	    mprotect(pages + (n - last) * PAGE, last * PAGE, PROT_NONE))
		fail("mprotect");
	return pages;
}

static void touched(uint64_t seed, size_t n)
{
	uint8_t *is = malloc(n);
	char *pages = touch_some(seed, n, is);

	result("all", look(seed, pages, n, is));
	result("a_part", look(seed, pages + 7 * PAGE, n - 20, is + 7));
	if (madvise(pages, n / 5 * PAGE, MADV_DONTNEED))
		fail("madvise");
	for (size_t i = 0; i < n / 5; i++)
		is[i] = is_resident(is[i]) ? DROPPED : UNTOUCHED;
	result("after_some_were_dropped", look(seed, pages, n, is));
}

/* Writes n pages, but for those that the seed spares. */
static void write_some(uint64_t seed, char *pages, size_t n, uint8_t *is)
{
	volatile char *byte = pages;

	for (size_t i = 0; i < n; i++) {
		is[i] = mix(seed, i) % 3 == 0 ? WRITTEN : UNTOUCHED;
		if (is[i] == WRITTEN)
			byte[i * PAGE] = 1;
	}
}

/* Variables that the program's file has no bytes for, and the heap; and the file itself. */
static void parts(uint64_t seed, size_t n)
{
	static char zeros[32 * PAGE] __attribute__((aligned(PAGE)));
	static char buffer[PAGE];
	int file = open("/proc/self/exe", O_RDONLY);
	uint8_t is[32];
	size_t npages = 0;
	uintptr_t end;

	/* All of the file is in the page cache then, also what follows the variables' last bytes. */
	while (read(file, buffer, PAGE) > 0)
		npages++;
	n = n < 32 ? n : 32;
	write_some(seed, zeros, n, is);
	result("variables", look(seed, zeros, n, is));
	end = ((uintptr_t)sbrk(0) + PAGE - 1) & -PAGE;
	if (brk((void *)(end + n * PAGE)))
		fail("brk");
	write_some(seed, (char *)end, n, is);
	result("heap", look(seed, (char *)end, n, is));
	memset(is, CACHED, n);
	char *mapped = mmap(NULL, npages * PAGE, PROT_READ, MAP_PRIVATE, file, 0);

	if (mapped == MAP_FAILED || npages < n)
		fail("mmap of the program's file");
	result("file", look(seed, mapped, n, is));
}

static long table_frames(void)
{
	struct faultline_frames frames;

	if (syscall(SYS_faultline, FAULTLINE_FRAMES, 0, &frames, sizeof(frames), 0) != 1)
		fail("FAULTLINE_FRAMES");
	return (long)frames.tables;
}

/* To look at pages does not bring them, and takes no page tables for them. */
static void looks_only(uint64_t seed, size_t n)
{
	uint8_t *is = malloc(n);
	char *pages = touch_some(seed, n, is);
	char *empty = mmap(NULL, GIB, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t once = look(seed, pages, n, is);
	long frames = private_frames(), tables;

	result("once", once);
	result("again", look(seed, pages, n, is));
	result("frames_taken_by_looking", (uint64_t)labs(private_frames() - frames));
	if (empty == MAP_FAILED)
		fail("mmap");
	(void)look(seed, empty, 16 * MIB / PAGE, NULL); /* the memory of the vector */
	tables = table_frames();
	for (size_t at = 0; at < GIB; at += 16 * MIB)
		(void)look(seed, empty + at, 16 * MIB / PAGE, NULL);
	result("page_tables_taken_by_looking", (uint64_t)labs(table_frames() - tables));
}

static long try_mincore(const struct attempt *attempt)
{
	return syscall(SYS_mincore, attempt->from, attempt->length, attempt->to);
}

static void mincore_arguments(uint64_t seed, size_t n)
{
	char *pages = edge(RW), *hidden = edge(PROT_NONE), *holed = map_pages(9, MAP_PRIVATE);
	char *hole = pages + 2 * PAGE;
	static unsigned char there[64];
	const struct attempt attempts[] = {
		{ EINVAL, "an odd address", there, pages + 1, PAGE },
		{ EINVAL, "an odd address and length 0", there, pages + 1, 0 },
		{ EINVAL, "an odd address and a bad vector", KERNEL_ADDRESS, pages + 8, PAGE },
		{ EINVAL, "an odd address and too great a length", there, pages + 8, ~0ul },
		{ EINVAL, "address -1", there, (void *)-1l, PAGE },
		{ ENOMEM, "a page that is not mapped", there, hole, PAGE },
		{ ENOMEM, "a page that is not mapped, and no vector", NULL, hole, PAGE },
		{ ENOMEM, "nine pages with a hole", there, holed, 9 * PAGE },
		{ ENOMEM, "two pages and a hole", there, pages, 3 * PAGE },
		{ ENOMEM, "two pages and a byte of a hole", there, pages, 2 * PAGE + 1 },
		{ ENOMEM, "the end of user memory", there, (void *)END_OF_MEMORY, PAGE },
		{ ENOMEM, "the end of user memory, and a bad vector", KERNEL_ADDRESS,
		  (void *)END_OF_MEMORY, PAGE },
		{ ENOMEM, "length -1", there, pages, ~0ul },
		{ ENOMEM, "length -4096", there, pages, -PAGE },
		{ ENOMEM, "length -4096, and no vector", NULL, pages, -PAGE },
		{ ENOMEM, "address -4096", there, (void *)-PAGE, PAGE },
		{ ENOMEM, "an address of the kernel", there, KERNEL_ADDRESS, PAGE },
		{ ENOMEM, "an address of the kernel, and length 0", there, KERNEL_ADDRESS, 0 },
		{ EFAULT, "two pages and a hole, and no vector", NULL, pages, 3 * PAGE },
		{ 0, "two pages", there, pages, 2 * PAGE },
		{ 0, "a page and a byte", there, pages, PAGE + 1 },
		{ 0, "three bytes", there, pages + PAGE, 3 },
		{ 0, "length 0", there, pages, 0 },
		{ 0, "length 0 where nothing is mapped", there, hole, 0 },
		{ 0, "length 0 at the end of user memory", there, (void *)END_OF_MEMORY, 0 },
		{ 0, "length 0 and no vector", NULL, pages, 0 },
		{ 0, "pages with PROT_NONE", there, hidden, 2 * PAGE },
	};

	munmap(holed + 4 * PAGE, PAGE);
	try_all(seed, n, attempts, sizeof(attempts) / sizeof(attempts[0]), try_mincore);
}

static void mincore_vectors(uint64_t seed, size_t n)
{
	char *pages = map_pages(64, MAP_PRIVATE), *vector = map_pages(3, MAP_PRIVATE);
	char *good = edge(RW), *untouched = edge(RW), *frozen = edge(PROT_READ),
	     *hidden = edge(PROT_NONE);
	const size_t more = 2 * PAGE; /* pages, whose bytes fill two pages */
	char *many = mmap(NULL, (more + 1) * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			  -1, 0);
	const struct attempt attempts[] = {
		{ EFAULT, "address 0", NULL, pages, 64 * PAGE },
		{ EFAULT, "address -8", (void *)-8l, pages, 64 * PAGE },
		{ EFAULT, "an address of the kernel", KERNEL_ADDRESS, pages, 64 * PAGE },
		{ EFAULT, "the end of user memory", (void *)(END_OF_MEMORY - 8), pages, 64 * PAGE },
		{ EFAULT, "a page that is not mapped", good + 2 * PAGE, pages, 64 * PAGE },
		{ EFAULT, "the last byte is not mapped", good + 2 * PAGE - 63, pages, 64 * PAGE },
		{ EFAULT, "a read-only page", frozen, pages, 64 * PAGE },
		{ EFAULT, "a page with PROT_NONE", hidden, pages, 64 * PAGE },
		{ EFAULT, "the third page is read-only", vector, many, (more + 1) * PAGE },
		{ EFAULT, "the last byte of many is in a read-only page", vector + 1, many,
		  more * PAGE },
		{ 0, "the last byte is the page's last", good + 2 * PAGE - 64, pages, 64 * PAGE },
		{ 0, "across two pages", good + PAGE - 5, pages, 64 * PAGE },
		{ 0, "pages that were not touched", untouched, pages, 64 * PAGE },
		{ 0, "in the memory that is asked about", pages + 17 * PAGE, pages, 64 * PAGE },
		{ 0, "two whole pages", vector, many, more * PAGE },
		{ 0, "from an odd address, two pages but for a byte", vector + 1, many,
		  (more - 1) * PAGE },
	};

	if (many == MAP_FAILED || mprotect(vector + 2 * PAGE, PAGE, PROT_READ))
		fail("mmap of many pages");
	try_all(seed, n, attempts, sizeof(attempts) / sizeof(attempts[0]), try_mincore);
}

/* The bytes for what is before the first hole are right, and no others are written. */
static void before_a_hole(uint64_t seed, size_t n)
{
	size_t hole = 1 + seed % (n - 2);
	uint8_t *is = malloc(n);
	bool shown = false;
	char *pages = touch_some(seed, n, is);
	unsigned char *there = malloc(n);
	uint64_t total = 0, others = 0;

	munmap(pages + hole * PAGE, PAGE);
	memset(there, NOT_A_BYTE, n);
	result("error", (uint64_t)error_of(syscall(SYS_mincore, pages, n * PAGE, there)));
	for (size_t i = 0; i < hole; i++) {
		total += mix(seed, i) * (there[i] & 1) * (2 * i + 1);
		if (!shown && (there[i] == NOT_A_BYTE || (there[i] & 1) != is_resident(is[i]))) {
			say("first byte %zu, before the hole %zu: %#x came, bit 0 should be %d\n",
			    i, hole, there[i], is_resident(is[i]));
			shown = true;
		}
	}
	for (size_t i = hole; i < n; i++)
		others += there[i] != NOT_A_BYTE;
	result("before_the_hole", total);
	result("after_it", others);
}

/* Looks at n pages of a file and at some beyond its end, which are never resident. */
static uint64_t look_at_file(uint64_t seed, const char *pages, size_t n, const uint8_t *is)
{
	uint8_t *expected = malloc(n + BEYOND);
	uint64_t seen;

	memcpy(expected, is, n);
	memset(expected + n, BEYOND_THE_END, BEYOND);
	seen = look(seed, pages, n + BEYOND, expected);
	free(expected);
	return seen;
}

/* A file's pages are resident if they are in memory, whether the process has touched them or not. */
static void files(uint64_t seed, size_t n)
{
	int file = memfd_create("file", 0);
	uint8_t *is = malloc(n);
	char *shared, *own, *hidden, byte = 1;
	size_t half = n / 2;

	if (ftruncate(file, (off_t)(n * PAGE)))
		fail("ftruncate");
	for (size_t i = 0; i < n; i++) {
		is[i] = mix(seed, i) % 3 == 0 ? CACHED : UNTOUCHED;
		if (is[i] == CACHED && pwrite(file, &byte, 1, (off_t)(i * PAGE + 5)) != 1)
			fail("pwrite");
	}
	shared = mmap(NULL, (n + BEYOND) * PAGE, RW, MAP_SHARED, file, 0);
	own = mmap(NULL, (n - half + BEYOND) * PAGE, RW, MAP_PRIVATE, file, (off_t)(half * PAGE));
	hidden = mmap(NULL, (n + BEYOND) * PAGE, PROT_NONE, MAP_PRIVATE, file, 0);
	if (shared == MAP_FAILED || own == MAP_FAILED || hidden == MAP_FAILED)
		fail("mmap of a memfd");
	result("shared", look_at_file(seed, shared, n, is));
	result("private", look_at_file(seed, own, n - half, is + half));
	result("with_PROT_NONE", look_at_file(seed, hidden, n, is));
	for (size_t i = 0; i < n; i++)
		if (mix(seed, i) % 5 == 0) {
			shared[i * PAGE] = 1;
			is[i] = CACHED;
		}
	result("after_writes", look_at_file(seed, shared, n, is));
	result("after_writes_elsewhere", look_at_file(seed, own, n - half, is + half));
}

/* Writes n pages, sends them to the swap disk, and returns how many stay resident. */
static uint64_t send_to_swap(uint64_t seed, char *pages, size_t n)
{
	unsigned char *there = malloc(n);
	const struct timespec tick = { .tv_nsec = 10000000 };
	uint64_t still = n;

	fill(pages, n, seed);
	if (madvise(pages, n * PAGE, MADV_PAGEOUT))
		fail("MADV_PAGEOUT");
	for (size_t turn = 0; still > n / 10 && turn < 500; turn++) { /* the disk takes its time */
		if (syscall(SYS_mincore, pages, n * PAGE, there))
			fail("mincore");
		still = 0;
		for (size_t i = 0; i < n; i++)
			still += there[i] & 1;
		nanosleep(&tick, NULL);
	}
	free(there);
	return still;
}

/* One of sixteen pages. */
static bool is_chosen(uint64_t seed, size_t i)
{
	return mix(seed, i) % 16 == 0;
}

/* The chosen pages, which mincore should call resident, as one number. */
static uint64_t look_at_chosen(uint64_t seed, const char *pages, size_t n)
{
	uint64_t seen = 0, missing = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char there = NOT_A_BYTE;

		if (!is_chosen(seed, i))
			continue;
		if (syscall(SYS_mincore, pages + i * PAGE, PAGE, &there))
			fail("mincore");
		seen += mix(seed, i) * (there & 1);
		if (!(there & 1) && missing++ == 0)
			say("first page %zu is in memory again: 0 came, 1 expected\n", i);
	}
	return seen;
}

/* Memory that is written to the swap disk is not resident until it is touched. */
static void swapped(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE);
	uint8_t *is = malloc(n);

	fill(pages, n, seed);
	memset(is, WRITTEN, n);
	result("before", look(seed, pages, n, is));
	result("pages_that_look_resident", send_to_swap(seed, pages, n));
	for (size_t i = 0; i < n; i++)
		if (is_chosen(seed, i) && page_read(pages + i * PAGE) != mix(seed, i))
			fail("read of a page from swap");
	result("brought_back", look_at_chosen(seed, pages, n));
}

/*
 * Memory that others bring back from the swap disk: pages of a parent, which its child reads, and those
 * of a memfd, which are read through its descriptor. This process's page-table entries stay as they
 * are. At last this process's own copies of the file's pages go to the disk.
 */
static void swapped_for_others(uint64_t seed, size_t n)
{
	char *own = map_pages(n, MAP_PRIVATE), *shared, *copies;
	int file = memfd_create("file", 0), child;
	struct channel read, done;
	char byte;

	channel_open(&read);
	channel_open(&done);
	result("pages_that_look_resident", send_to_swap(seed, own, n));
	child = fork_child();
	if (child == 0) {
		for (size_t i = 0; i < n; i++)
			if (is_chosen(seed, i) && page_read(own + i * PAGE) != mix(seed, i))
				fail("a child's read of a page from swap");
		tell(&read, 0);
		hear(&done);
		_exit(0);
	}
	hear(&read);
	result("that_a_child_has_read", look_at_chosen(seed, own, n));
	tell(&done, 0);
	join_child(child);
	if (ftruncate(file, (off_t)(n * PAGE)))
		fail("ftruncate");
	shared = mmap(NULL, n * PAGE, RW, MAP_SHARED, file, 0);
	if (shared == MAP_FAILED)
		fail("mmap of a memfd");
	result("pages_of_a_file_that_look_resident", send_to_swap(seed, shared, n));
	for (size_t i = 0; i < n; i++)
		if (is_chosen(seed, i) && pread(file, &byte, 1, (off_t)(i * PAGE)) != 1)
			fail("pread of a page from swap");
	result("that_were_read_from_the_file", look_at_chosen(seed, shared, n));
	copies = mmap(NULL, n * PAGE, RW, MAP_PRIVATE, file, 0);
	if (copies == MAP_FAILED)
		fail("mmap of a memfd");
	result("copies_that_look_resident", send_to_swap(seed, copies, n));
}

/* Much address space, and little in it. */
static void cost(uint64_t seed, size_t n)
{
	char *pages = mmap(NULL, n * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned char *there = malloc(n);
	bool *resident = calloc(n, sizeof(*resident)), shown = false;
	uint64_t before, total = 0;

	if (pages == MAP_FAILED)
		fail("mmap");
	memset(there, NOT_A_BYTE, n);
	for (size_t i = 0; i < 64; i++) {
		resident[mix(seed, i) % n] = true;
		pages[mix(seed, i) % n * PAGE] = 1;
	}
	before = nanoseconds();
	if (syscall(SYS_mincore, pages, n * PAGE, there))
		fail("mincore");
	result("instructions", nanoseconds() - before);
	for (size_t i = 0; i < n; i++) {
		total += mix(seed, i) * (there[i] & 1) * (2 * i + 1);
		if (!shown && (there[i] & 1) != resident[i]) {
			say("first page %zu: %d came, %d expected\n", i, there[i] & 1, resident[i]);
			shown = true;
		}
	}
	result("found", total);
}

/* Arguments without sense: each call has to answer, and the machine to go on. */
static void odd(uint64_t seed, size_t n)
{
	char *pages = edge(RW);
	void *const values[] = { NULL,
				 pages,
				 pages + PAGE,
				 pages + 2 * PAGE,
				 pages + 2 * PAGE - 9,
				 (void *)1ul,
				 (void *)-1l,
				 (void *)(1ul << 63),
				 (void *)END_OF_MEMORY,
				 KERNEL_ADDRESS,
				 (void *)(END_OF_MEMORY - PAGE),
				 (void *)0x1000ul,
				 (void *)-PAGE };
	uint64_t answers = 0;

	for (size_t i = 0; i < n; i++) {
		static const int numbers[] = { SYS_getppid, SYS_sysinfo, SYS_mincore, SYS_mincore };
		void *const *from = &values[mix(seed, 4 * i) % 13],
			    *const *to = &values[mix(seed, 4 * i + 1) % 13];
		void *const *length = &values[mix(seed, 4 * i + 2) % 13];
		int number = numbers[mix(seed, 4 * i + 3) % 4];
		long got = number == SYS_sysinfo ? syscall(number, *to)
						 : syscall(number, *from, *length, *to);

		answers += got >= 0 || errno == EFAULT || errno == EINVAL || errno == ENOMEM;
	}
	result("answers", answers);
	result("sum", checked(mix(seed, n), "totalram being 0", machine().totalram == 0, 0));
}

/*
 * The kernel starts this program as process 1, without arguments, if init=PATH on its command line asks for
 * that. Opens the standard output, and reads the arguments, as /init would have done: in the runner's
 * file they follow the path, and each ends with a zero byte.
 */
static int read_orders(char **argv, int most)
{
	static char text[1024];
	int argc = 0, from;
	ssize_t n;

	for (int fd = 0; fd < 3; fd++)
		close(fd);
	from = open("/run/argv", O_RDONLY);
	n = read(from, text, sizeof(text) - 1);
	if (n <= 0 || open("/dev/port/stdout", O_WRONLY) != STDOUT_FILENO)
		_exit(96);
	for (char *at = text + strlen(text) + 1; at < text + n && argc < most; argc++) {
		argv[argc] = at;
		at += strlen(at) + 1;
	}
	return argc;
}

int main(int argc, char **argv)
{
	static const struct lab_test tests[] = {
		{ "programs", programs },
		{ "answer", answer },
		{ "others", others },
		{ "parent", parent },
		{ "orphans", orphans },
		{ "first_process", first_process },
		{ "memory", memory },
		{ "swap", swap },
		{ "processes", processes },
		{ "other_fields", other_fields },
		{ "sysinfo_addresses", sysinfo_addresses },
		{ "touched", touched },
		{ "parts", parts },
		{ "looks_only", looks_only },
		{ "mincore_arguments", mincore_arguments },
		{ "mincore_vectors", mincore_vectors },
		{ "before_a_hole", before_a_hole },
		{ "files", files },
		{ "swapped", swapped },
		{ "swapped_for_others", swapped_for_others },
		{ "cost", cost },
		{ "odd", odd },
	};
	char *orders[8];

	if (getpid() == 1) {
		argc = read_orders(orders, 8);
		argv = orders;
	}
	return lab_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
