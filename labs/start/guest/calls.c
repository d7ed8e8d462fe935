/* SPDX-License-Identifier: MIT */
/* The tests of the lab start: the system calls getppid, sysinfo and mincore. */
#include "lab.h"

#include <sys/sysinfo.h>

#define KERNEL_ADDRESS ((void *)0xffffffc080200000ul)
#define END_OF_MEMORY  0x4000000000ul
#define NOT_A_BYTE     0xa5 /* what is in memory before a call writes there */

/* A call's error as a positive number; 0: it had none. */
static int error_of(long answer)
{
	return answer < 0 ? errno : 0;
}

/* ---- what works before and after ---- */

/* Programs of their own: fork, exec, wait. */
static void programs(uint64_t seed, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char word[32];
		int child = fork_child();

		snprintf(word, sizeof(word), "%llu", (unsigned long long)mix(seed, i));
		if (child == 0) {
			execl("/proc/self/exe", "calls", "answer", word, "0", NULL);
			fail("exec");
		}
		join_child(child);
	}
}

static void answer(uint64_t seed, size_t n)
{
	result("answer", mix(seed, n));
}

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
		tell(&up, mix(seed, i) + (uint64_t)(parent_of_this() - above));
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
			tell(&up, mix(seed, i) + (uint64_t)parent_of_this());
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

/* The size of the machine's memory, and what is free of it. */
static void memory(uint64_t seed, size_t n)
{
	struct faultline_machine is;
	struct sysinfo before, during, after;
	char *held;

	if (syscall(SYS_faultline, FAULTLINE_MACHINE, 0, &is, sizeof(is), 0) != 1)
		fail("FAULTLINE_MACHINE");
	before = machine();
	held = map_pages(n, MAP_PRIVATE);
	fill(held, n, seed);
	during = machine();
	result("sum", sum(held, n));
	munmap(held, n * PAGE);
	after = machine();
	result("all_of_memory", mix(seed, n) + (pages(&before, before.totalram) - is.frames));
	result("frames_taken_that_are_not_seen",
	       (uint64_t)labs((long)(pages(&before, before.freeram) -
				     pages(&during, during.freeram) - n)));
	result("frames_released_that_are_not_seen",
	       (uint64_t)labs(
		       (long)(pages(&before, before.freeram) - pages(&after, after.freeram))));
}

/* Processes that run, and those that have ended and were not waited for. */
static void processes(uint64_t seed, size_t n)
{
	int before = machine().procs, children = (int)(1 + seed % n);
	struct channel down, up;

	channel_open(&down);
	channel_open(&up);
	signal(SIGCHLD, SIG_DFL);
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

/* All other bytes of the structure are 0, the time is in seconds. */
static void other_fields(uint64_t seed, size_t n)
{
	uint64_t wrong_times = 0, wrong_bytes = 0;

	for (size_t i = 0; i < n; i++) {
		const struct timespec some = { .tv_nsec = (long)(mix(seed, i) % 400000000) };
		uint64_t least = seconds_since_boot(0);
		struct sysinfo info, empty;

		memset(&info, NOT_A_BYTE, sizeof(info));
		if (syscall(SYS_sysinfo, &info))
			fail("sysinfo");
		wrong_times += (uint64_t)info.uptime < least ||
			       (uint64_t)info.uptime > seconds_since_boot(1);
		memset(&empty, 0, sizeof(empty));
		empty.uptime = info.uptime;
		empty.totalram = info.totalram;
		empty.freeram = info.freeram;
		empty.procs = info.procs;
		empty.mem_unit = info.mem_unit;
		for (size_t at = 0; at < sizeof(info); at++)
			wrong_bytes += ((char *)&info)[at] != ((char *)&empty)[at];
		nanosleep(&some, NULL);
	}
	result("wrong_times", wrong_times);
	result("bytes_that_are_not_0", wrong_bytes);
	result("memory", mix(seed, n) + (machine().totalram == 0 || machine().mem_unit == 0));
}

/* ---- attempts, in an order that comes from the seed ---- */

struct attempt {
	void *from; /* mincore only */
	size_t length;
	void *to;
};

/* Makes n of the attempts, and tells the error of each. */
static void try_all(uint64_t seed, size_t n, const struct attempt *attempts, size_t nattempts,
		    long (*call)(const struct attempt *))
{
	for (size_t i = 0; i < n; i++)
		result("error", (uint64_t)error_of(call(&attempts[mix(seed, i) % nattempts])));
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

static long try_sysinfo(const struct attempt *attempt)
{
	return syscall(SYS_sysinfo, attempt->to);
}

static void sysinfo_addresses(uint64_t seed, size_t n)
{
	char *good = edge(RW), *untouched = edge(RW), *frozen = edge(PROT_READ),
	     *hidden = edge(PROT_NONE);
	const struct attempt attempts[] = {
		{ .to = NULL },
		{ .to = (void *)8 },
		{ .to = (void *)-8l },
		{ .to = KERNEL_ADDRESS },
		{ .to = (void *)(END_OF_MEMORY - 8) },
		{ .to = good + 2 * PAGE },
		{ .to = good + 2 * PAGE - 56 },
		{ .to = frozen },
		{ .to = hidden },
		/* the good ones */
		{ .to = good },
		{ .to = good + PAGE - 40 },
		{ .to = good + 3 },
		{ .to = untouched },
	};

	page_write(good, seed);
	try_all(seed, n, attempts, sizeof(attempts) / sizeof(attempts[0]), try_sysinfo);
}

/* ---- mincore ---- */

/* What mincore says, as one number: which pages are resident, each with a weight from the seed. */
static uint64_t look(uint64_t seed, const char *pages, size_t n)
{
	unsigned char *there = malloc(n);
	uint64_t total = 0;

	memset(there, NOT_A_BYTE, n);
	if (syscall(SYS_mincore, pages, n * PAGE, there))
		fail("mincore");
	for (size_t i = 0; i < n; i++)
		total += mix(seed, i) * (there[i] & 1) * (2 * i + 1);
	free(there);
	return total;
}

/* A third of the pages is written, and some are read. They are in three VMAs. */
static char *touch_some(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE);
	volatile char *byte = pages;

	for (size_t i = 0; i < n; i++) {
		if (mix(seed, i) % 3 == 0)
			byte[i * PAGE + mix(seed, i) % PAGE] = 1;
		else if (mix(seed, i) % 7 == 0)
			(void)byte[i * PAGE];
	}
	if (mprotect(pages + n / 3 * PAGE, n / 3 * PAGE, PROT_READ))
		fail("mprotect");
	return pages;
}

static void touched(uint64_t seed, size_t n)
{
	char *pages = touch_some(seed, n);

	result("all", look(seed, pages, n));
	result("a_part", look(seed, pages + 7 * PAGE, n - 20));
	if (madvise(pages, n / 5 * PAGE, MADV_DONTNEED))
		fail("madvise");
	result("after_some_were_dropped", look(seed, pages, n));
}

/* To look at pages does not bring them. */
static void looks_only(uint64_t seed, size_t n)
{
	char *pages = touch_some(seed, n);
	uint64_t first = look(seed, pages, n);
	long before = private_frames();

	result("first", first);
	result("again", look(seed, pages, n));
	result("frames_taken_by_looking", (uint64_t)labs(private_frames() - before));
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
		{ pages + 1, PAGE, there },
		{ pages + 1, 0, there },
		{ pages + 8, PAGE, KERNEL_ADDRESS },
		{ hole, PAGE, there },
		{ holed, 9 * PAGE, there },
		{ pages, 3 * PAGE, there },
		{ pages, 2 * PAGE + 1, there },
		{ (void *)END_OF_MEMORY, PAGE, there },
		{ pages, ~0ul, there },
		{ pages, -PAGE, there },
		{ (void *)-PAGE, PAGE, there },
		{ KERNEL_ADDRESS, PAGE, there },
		/* the good ones */
		{ pages, 2 * PAGE, there },
		{ pages, PAGE + 1, there },
		{ pages + PAGE, 3, there },
		{ pages, 0, there },
		{ hole, 0, there },
		{ pages, 0, NULL },
		{ hidden, 2 * PAGE, there },
	};

	munmap(holed + 4 * PAGE, PAGE);
	try_all(seed, n, attempts, sizeof(attempts) / sizeof(attempts[0]), try_mincore);
}

static void mincore_vectors(uint64_t seed, size_t n)
{
	char *pages = map_pages(64, MAP_PRIVATE);
	char *good = edge(RW), *untouched = edge(RW), *frozen = edge(PROT_READ),
	     *hidden = edge(PROT_NONE);
	const struct attempt attempts[] = {
		{ pages, 64 * PAGE, NULL },
		{ pages, 64 * PAGE, (void *)-8l },
		{ pages, 64 * PAGE, KERNEL_ADDRESS },
		{ pages, 64 * PAGE, (void *)(END_OF_MEMORY - 8) },
		{ pages, 64 * PAGE, good + 2 * PAGE },
		{ pages, 64 * PAGE, good + 2 * PAGE - 63 },
		{ pages, 64 * PAGE, frozen },
		{ pages, 64 * PAGE, hidden },
		/* the good ones */
		{ pages, 64 * PAGE, good + 2 * PAGE - 64 },
		{ pages, 64 * PAGE, good + PAGE - 5 },
		{ pages, 64 * PAGE, untouched },
		{ pages, 64 * PAGE, pages + 17 * PAGE },
	};

	try_all(seed, n, attempts, sizeof(attempts) / sizeof(attempts[0]), try_mincore);
}

/* The bytes for what is before the first hole are right, and no others are written. */
static void before_a_hole(uint64_t seed, size_t n)
{
	size_t hole = 1 + seed % (n - 2);
	char *pages = touch_some(seed, n);
	unsigned char *there = malloc(n);
	uint64_t total = 0, others = 0;

	munmap(pages + hole * PAGE, PAGE);
	memset(there, NOT_A_BYTE, n);
	result("error", (uint64_t)error_of(syscall(SYS_mincore, pages, n * PAGE, there)));
	for (size_t i = 0; i < hole; i++)
		total += mix(seed, i) * (there[i] & 1) * (2 * i + 1);
	for (size_t i = hole; i < n; i++)
		others += there[i] != NOT_A_BYTE;
	result("before_the_hole", total);
	result("after_it", others);
}

/* A file's pages are resident if they are in memory, whether the process has touched them or not. */
static void files(uint64_t seed, size_t n)
{
	int file = memfd_create("file", 0);
	char *shared, *own, byte = 1;

	if (ftruncate(file, (off_t)(n * PAGE)))
		fail("ftruncate");
	for (size_t i = 0; i < n; i++)
		if (mix(seed, i) % 3 == 0 && pwrite(file, &byte, 1, (off_t)(i * PAGE + 5)) != 1)
			fail("pwrite");
	shared = mmap(NULL, n * PAGE, RW, MAP_SHARED, file, 0);
	own = mmap(NULL, n / 2 * PAGE, RW, MAP_PRIVATE, file, (off_t)(n / 2 * PAGE));
	if (shared == MAP_FAILED || own == MAP_FAILED)
		fail("mmap of a memfd");
	result("shared", look(seed, shared, n));
	result("private", look(seed, own, n / 2));
	for (size_t i = 0; i < n; i++)
		if (mix(seed, i) % 5 == 0)
			shared[i * PAGE] = 1;
	result("after_writes", look(seed, shared, n));
}

/* Memory that is written to the swap disk is not resident until it is touched. */
static void swapped(uint64_t seed, size_t n)
{
	char *pages = map_pages(n, MAP_PRIVATE);
	unsigned char *there = malloc(n);
	const struct timespec tick = { .tv_nsec = 10000000 };
	uint64_t still = n, back = 0;

	fill(pages, n, seed);
	result("before", look(seed, pages, n));
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
	result("pages_that_look_resident", still);
	for (size_t i = 0; i < n; i++) {
		if (mix(seed, i) % 16)
			continue;
		if (page_read(pages + i * PAGE) != mix(seed, i))
			fail("read of a page from swap");
		if (syscall(SYS_mincore, pages + i * PAGE, PAGE, there))
			fail("mincore");
		back += mix(seed, i) * (there[0] & 1);
	}
	result("brought_back", back);
}

/* Much address space, and little in it. */
static void cost(uint64_t seed, size_t n)
{
	char *pages = mmap(NULL, n * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned char *there = malloc(n);
	uint64_t before, total = 0;

	if (pages == MAP_FAILED)
		fail("mmap");
	memset(there, NOT_A_BYTE, n);
	for (size_t i = 0; i < 64; i++)
		pages[mix(seed, i) % n * PAGE] = 1;
	before = nanoseconds();
	if (syscall(SYS_mincore, pages, n * PAGE, there))
		fail("mincore");
	result("instructions", nanoseconds() - before);
	for (size_t i = 0; i < n; i++)
		total += mix(seed, i) * (there[i] & 1) * (2 * i + 1);
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
	result("sum", mix(seed, n) + (uint64_t)(machine().totalram == 0));
}

int main(int argc, char **argv)
{
	static const struct lab_test tests[] = {
		{ "programs", programs },
		{ "answer", answer },
		{ "others", others },
		{ "parent", parent },
		{ "orphans", orphans },
		{ "memory", memory },
		{ "processes", processes },
		{ "other_fields", other_fields },
		{ "sysinfo_addresses", sysinfo_addresses },
		{ "touched", touched },
		{ "looks_only", looks_only },
		{ "mincore_arguments", mincore_arguments },
		{ "mincore_vectors", mincore_vectors },
		{ "before_a_hole", before_a_hole },
		{ "files", files },
		{ "swapped", swapped },
		{ "cost", cost },
		{ "odd", odd },
	};

	return lab_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
