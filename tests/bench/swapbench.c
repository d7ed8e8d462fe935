/* SPDX-License-Identifier: MIT */
/* swapbench: what it costs to move pages to a swap disk and back, and how well the kernel chooses them. */

/*
 * One static riscv64 binary that runs unchanged on Linux and Faultline. Around each measured part
 * it executes a hint (MARK) that the plugin of count.c recognizes: the plugin logs how many
 * instructions have been executed, and QEMU logs the requests to the disk. So both are counted by
 * QEMU, in the same way for all kernels.
 *
 *   swapbench PAGES [moves|choices|orders]
 *
 * The rows are of three groups; without an argument, those of moves and choices are measured.
 *
 * PAGES is how many pages are to be free when the first row begins. What is free beyond that is
 * allocated and locked; it is an error if less is free. All sizes depend on PAGES only.
 *
 * The output is lines of NAME VALUE..., then for each row, in order:
 *
 *   row NUMBER NAME touched N majflt N
 *
 * Row NUMBER lies between the marks BEGIN + NUMBER and END + NUMBER. The last line is "done". Every
 * page that is read is checked, a word of each sector; after a wrong one the status is 1.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PAGE	   4096ul
#define WORDS	   (PAGE / sizeof(uint64_t))
#define SECTOR	   64 /* words of a disk's sector: one word of each is written and checked */
#define SPARSE	   8  /* in_sparse reads a page of so many */
#define LOOP_BEGIN 1  /* marks around what is known */
#define LOOP_END   2
#define CALLS_END  3
#define BEGIN	   256
#define END	   512
#define SEED	   20260101ul
#define SETTLE_US  100000
#define START_US   3000000 /* the start-up work of Linux goes on for a while */
#define ALIGNED	   __attribute__((aligned(4096)))

#define MARK(n) __asm__ volatile("slti x0, x0, %0" : : "i"(n) : "memory")

enum row {
	FILL,
	OUT_SEQ,
	IN_SEQ,
	IN_RANDOM,
	IN_SPARSE,
	REWRITE_RANDOM,
	SCAN_BEGIN,
	SCAN,
	ZIPF_BEGIN,
	ZIPF,
	IN_BACK,
	IN_TWO,
	IN_FIVE,
	ROUND_BACK,
	ROUND_TWO,
	WRITE_RANDOM,
};

/* The addresses of the arrays: both kernels have them in this order. */
#define AT_FIRST  ((void *)0x1000000000ul)
#define AT_SECOND ((void *)0x2000000000ul)

struct array {
	uint64_t *words;
	uint8_t *versions; /* locked; how often each page was written */
	size_t npages;
	uint64_t salt;
};

/* Locked, and there before the first row. */
static uint32_t *order;	 /* a permutation */
static uint64_t *chance; /* of the ranks up to each, as of Zipf's law */
static uint8_t *versions[2];

static size_t nfree; /* pages that are free when the first row begins */
static uint64_t random_state, trace_hash;

static _Noreturn void stop(const char *what)
{
	printf("failed %s\n", what);
	fflush(stdout);
	_exit(1);
}

/* ---- numbers ---- */

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ul;
	x = (x ^ x >> 27) * 0x94d049bb133111ebul;
	return x ^ x >> 31;
}

static uint64_t draw(void)
{
	random_state += 0x9e3779b97f4a7c15ul;
	return mix(random_state);
}

static size_t below(size_t n)
{
	return (draw() >> 32) * n >> 32;
}

/* Fisher and Yates: each order of 0 to n - 1 is as likely as another. */
static void shuffle(size_t n)
{
	for (size_t i = 0; i < n; i++)
		order[i] = (uint32_t)i;
	for (size_t i = n - 1; i > 0; i--) {
		size_t other = below(i + 1);
		uint32_t page = order[i];

		order[i] = order[other];
		order[other] = page;
	}
}

/* The rank r, counted from 0, gets a share of 1 / (r + 1). In integers: all machines agree on it. */
static void make_zipf(size_t n)
{
	uint64_t sum = 0;

	for (size_t r = 0; r < n; r++) {
		sum += (1ul << 32) / (r + 1);
		chance[r] = sum;
	}
}

static size_t draw_zipf(size_t n)
{
	uint64_t at = (uint64_t)((unsigned __int128)draw() * chance[n - 1] >> 64);
	size_t low = 0, high = n - 1;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (chance[middle] <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return order[low];
}

/* ---- memory ---- */

static void *map(void *at, size_t npages)
{
	void *got = mmap(at, npages * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0), -1, 0);

	if (got == MAP_FAILED)
		stop("mmap");
	return got;
}

static void *map_locked(size_t bytes)
{
	size_t npages = (bytes + PAGE - 1) / PAGE;
	void *got = map(NULL, npages);

	if (mlock(got, npages * PAGE) != 0)
		stop("mlock");
	return got;
}

static size_t free_pages(void)
{
	struct sysinfo info;

	if (sysinfo(&info) != 0)
		stop("sysinfo");
	return info.freeram * info.mem_unit / PAGE;
}

static struct array array_map(unsigned which, size_t npages)
{
	memset(versions[which], 0, npages);
	return (struct array){
		.words = map(which == 0 ? AT_FIRST : AT_SECOND, npages),
		.versions = versions[which],
		.npages = npages,
		.salt = which,
	};
}

static void array_unmap(struct array *array)
{
	if (munmap(array->words, array->npages * PAGE) != 0)
		stop("munmap");
	array->words = NULL;
}

static uint64_t word_of(const struct array *array, size_t page, size_t at)
{
	return mix(array->salt << 60 | (uint64_t)array->versions[page] << 48 | page << 16 | at);
}

static void page_write(struct array *array, size_t page)
{
	uint64_t *words = array->words + page * WORDS;

	array->versions[page]++;
	for (size_t at = 0; at < WORDS; at += SECTOR)
		words[at] = word_of(array, page, at);
}

static void page_check(const struct array *array, size_t page)
{
	const uint64_t *words = array->words + page * WORDS;

	for (size_t at = 0; at < WORDS; at += SECTOR) {
		if (words[at] != word_of(array, page, at)) {
			printf("array %u page %zu word %zu\n", (unsigned)array->salt, page, at);
			stop("bytes");
		}
	}
}

static void array_write(struct array *array, size_t from, size_t to)
{
	for (size_t page = from; page < to; page++)
		page_write(array, page);
}

/* Says how many pages are resident, those included that only the swap cache has: none should be. */
static void say_left(const struct array *array)
{
	unsigned char there[512];
	size_t n = 0;

	for (size_t from = 0; from < array->npages; from += sizeof(there)) {
		size_t npages = array->npages - from < sizeof(there) ? array->npages - from
								     : sizeof(there);

		if (mincore(array->words + from * WORDS, npages * PAGE, there) != 0)
			stop("mincore");
		for (size_t i = 0; i < npages; i++)
			n += there[i] & 1;
	}
	printf("left %zu\n", n);
}

/* ---- rows ---- */

static const char *const row_names[] = {
	[FILL] = "fill",
	[OUT_SEQ] = "out_seq",
	[IN_SEQ] = "in_seq",
	[IN_RANDOM] = "in_random",
	[IN_SPARSE] = "in_sparse",
	[REWRITE_RANDOM] = "rewrite_random",
	[SCAN_BEGIN] = "scan_begin",
	[SCAN] = "scan",
	[ZIPF_BEGIN] = "zipf_begin",
	[ZIPF] = "zipf",
	[IN_BACK] = "in_back",
	[IN_TWO] = "in_two",
	[IN_FIVE] = "in_five",
	[ROUND_BACK] = "round_back",
	[ROUND_TWO] = "round_two",
	[WRITE_RANDOM] = "write_random",
};
static long faults_before;

static long major_faults(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) != 0)
		stop("getrusage");
	return usage.ru_majflt;
}

/* What is being written goes out, and what the kernel does by the way ends, before a row and within it. */
static void settle(void)
{
	usleep(SETTLE_US);
}

static void row_begin(void)
{
	settle();
	faults_before = major_faults();
}

static void row_end(enum row row, size_t touched)
{
	printf("row %u %s touched %zu majflt %ld\n", row, row_names[row], touched,
	       major_faults() - faults_before);
	fflush(stdout);
}

#define MEASURE(row, touched, work)    \
	do {                           \
		row_begin();           \
		MARK(BEGIN + (row));   \
		work;                  \
		settle();              \
		MARK(END + (row));     \
		row_end(row, touched); \
	} while (0)

static void read_in_order(const struct array *array)
{
	for (size_t page = 0; page < array->npages; page++)
		page_check(array, page);
}

static void read_shuffled(const struct array *array, size_t n)
{
	for (size_t i = 0; i < n; i++)
		page_check(array, order[i]);
}

static void rewrite_at_random(struct array *first, struct array *second, size_t n)
{
	while (n-- > 0) {
		size_t page = below(first->npages + second->npages);
		struct array *array = page < first->npages ? first : second;

		page -= array == first ? 0 : first->npages;
		page_check(array, page);
		page_write(array, page);
	}
}

/*
 * Sends the first array out, whether or not the kernel takes it for hot. Where that leaves pages in
 * the swap cache, the writes to a second array take their memory. Then that is free again.
 */
static void push_out(const struct array *first)
{
	struct array second = array_map(1, nfree);

	if (madvise(first->words, first->npages * PAGE, MADV_PAGEOUT) != 0)
		stop("madvise");
	array_write(&second, 0, nfree);
	say_left(first);
	array_unmap(&second);
}

static void measure_moves(void)
{
	size_t n = nfree * 3 / 4, npushing = nfree * 5 / 4;
	struct array first = array_map(0, n), second;

	MEASURE(FILL, n, array_write(&first, 0, n));
	second = array_map(1, npushing);
	MEASURE(OUT_SEQ, npushing, array_write(&second, 0, npushing));
	say_left(&first);
	array_unmap(&second);
	MEASURE(IN_SEQ, n, read_in_order(&first));
	push_out(&first);
	random_state = SEED;
	shuffle(n);
	MEASURE(IN_RANDOM, n, read_shuffled(&first, n));
	push_out(&first);
	MEASURE(IN_SPARSE, n / SPARSE, read_shuffled(&first, n / SPARSE));
	second = array_map(1, nfree);
	array_write(&second, 0, nfree);
	MEASURE(REWRITE_RANDOM, nfree, rewrite_at_random(&first, &second, nfree));
	array_unmap(&second);
	array_unmap(&first);
}

/* Writes to pages one after the other, and for each of them reads one of the set. */
static void scan(struct array *array, size_t from, size_t to, const struct array *set)
{
	for (size_t page = from; page < to; page++) {
		page_write(array, page);
		page_check(set, page % set->npages);
	}
}

/* Every fourth touch writes. */
static void touch_by_zipf(struct array *array, size_t npages, size_t n)
{
	while (n-- > 0) {
		size_t page = draw_zipf(npages);

		trace_hash = mix(trace_hash ^ page);
		page_check(array, page);
		if (n % 4 == 0)
			page_write(array, page);
	}
}

/*
 * The set is half of the memory. At first the kernel cannot know that it is in use, for nothing else
 * was: scan_begin takes as many pages as the memory has. Then scan takes four times as many. In the
 * same way zipf_begin comes before zipf. In it memory that was the set's becomes full.
 */
static void measure_choices(void)
{
	size_t n = 4 * nfree;
	struct array set = array_map(0, nfree / 2), large = array_map(1, n + nfree);

	array_write(&set, 0, set.npages);
	read_in_order(&set);
	MEASURE(SCAN_BEGIN, nfree, scan(&large, 0, nfree, &set));
	MEASURE(SCAN, n, scan(&large, nfree, nfree + n, &set));
	array_unmap(&set);
	random_state = SEED;
	shuffle(n);
	make_zipf(n);
	MEASURE(ZIPF_BEGIN, 4 * nfree, touch_by_zipf(&large, n, 4 * nfree));
	MEASURE(ZIPF, 8 * nfree, touch_by_zipf(&large, n, 8 * nfree));
	printf("trace %016lx\n", trace_hash);
	array_unmap(&large);
}

/* Reads the pages from the last to the first. */
static void read_backward(const struct array *array)
{
	for (size_t page = array->npages; page-- > 0;)
		page_check(array, page);
}

static void write_backward(struct array *array)
{
	for (size_t page = array->npages; page-- > 0;)
		page_write(array, page);
}

/* Reads a page of each of n parts in turn, each part in order. */
static void read_parts(const struct array *array, size_t n)
{
	size_t part = array->npages / n;

	for (size_t i = 0; i < part; i++)
		for (size_t of = 0; of < n; of++)
			page_check(array, of * part + i);
}

static void write_halves(struct array *array)
{
	size_t part = array->npages / 2;

	for (size_t i = 0; i < part; i++) {
		page_write(array, i);
		page_write(array, part + i);
	}
}

static void write_at_random(struct array *array, size_t n)
{
	while (n-- > 0)
		page_write(array, below(array->npages));
}

/*
 * Orders besides the forward one. First memory is free and has room for all; then the set is four
 * thirds of it, and each row goes on with what was done before.
 */
static void measure_orders(void)
{
	struct array first = array_map(0, nfree * 3 / 4), set;

	array_write(&first, 0, first.npages);
	push_out(&first);
	MEASURE(IN_BACK, first.npages, read_backward(&first));
	push_out(&first);
	MEASURE(IN_TWO, first.npages, read_parts(&first, 2));
	push_out(&first);
	MEASURE(IN_FIVE, first.npages, read_parts(&first, 5));
	array_unmap(&first);
	set = array_map(0, nfree * 4 / 3);
	array_write(&set, 0, set.npages);
	write_backward(&set);
	MEASURE(ROUND_BACK, set.npages, write_backward(&set));
	write_halves(&set);
	MEASURE(ROUND_TWO, set.npages, write_halves(&set));
	random_state = SEED;
	write_at_random(&set, nfree);
	MEASURE(WRITE_RANDOM, 2 * nfree, write_at_random(&set, 2 * nfree));
	read_in_order(&set);
	array_unmap(&set);
}

/* ---- start ---- */

static void show_file(const char *name, const char *path)
{
	char text[128];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n > 0)
		printf("%s %.*s\n", name, (int)strcspn((text[n] = 0, text), "\n"), text);
	if (fd >= 0)
		close(fd);
}

static void show_system(void)
{
	struct utsname name;

	if (uname(&name) == 0)
		printf("kernel %s %s\n", name.sysname, name.release);
	show_file("page-cluster", "/proc/sys/vm/page-cluster");
	show_file("lru_gen", "/sys/kernel/mm/lru_gen/enabled");
	show_file("zswap", "/sys/module/zswap/parameters/enabled");
	show_file("rotational", "/sys/block/vda/queue/rotational");
}

/*
 * Two loops of a known number of the program's own instructions: 2 in a turn of the first one, 4 in
 * one of the second, which makes a system call each. An instruction and a mark are there besides.
 */
static void run_known_loops(void)
{
	MARK(LOOP_BEGIN);
	__asm__ volatile("	li	t0, 1000\n"
			 "1:	addi	t0, t0, -1\n"
			 "	bnez	t0, 1b\n"
			 :
			 :
			 : "t0");
	MARK(LOOP_END);
	__asm__ volatile("	li	t0, 1000\n"
			 "1:	li	a7, 173\n" /* getppid */
			 "	ecall\n"
			 "	addi	t0, t0, -1\n"
			 "	bnez	t0, 1b\n"
			 :
			 :
			 : "a0", "a7", "t0", "memory");
	MARK(CALLS_END);
}

/* Locks the program and its tables, and then memory until no more than nfree pages are free. */
static void prepare(void)
{
	size_t npages = 5 * nfree;

	order = map_locked(npages * sizeof(*order));
	chance = map_locked(npages * sizeof(*chance));
	versions[0] = map_locked(npages);
	versions[1] = map_locked(npages);
	if (mlockall(MCL_CURRENT) != 0)
		stop("mlockall");
	usleep(START_US);
	printf("free %zu\n", free_pages());
	while (free_pages() > nfree)
		map_locked((free_pages() - nfree) * PAGE);
	printf("start %zu\n", free_pages());
	fflush(stdout);
	if (free_pages() * 100 < nfree * 99)
		stop("too little memory is free");
}

int main(int argc, char **argv)
{
	nfree = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	if (nfree == 0)
		stop("a number of pages is needed");
	show_system();
	prepare();
	run_known_loops();
	if (argc < 3 || strcmp(argv[2], "moves") == 0)
		measure_moves();
	if (argc < 3 || strcmp(argv[2], "choices") == 0)
		measure_choices();
	if (argc > 2 && strcmp(argv[2], "orders") == 0)
		measure_orders();
	printf("done\n");
	return 0;
}
