/* SPDX-License-Identifier: MIT */
/* swapping NAME ARG...: works on more memory than there may be, and checks every byte of it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "swapping.h"

static void write_through(uint64_t *array, size_t npages, unsigned long rounds)
{
	fill_range(array, 0, npages, 0);
	for (unsigned long round = 0; round < rounds; round++) {
		for (size_t page = 0; page < npages; page++) {
			check(array, page, round);
			fill(array, page, round + 1);
		}
	}
	check_range(array, 0, npages, rounds);
}

/* sequential MIB ROUNDS: writes to all pages, then checks and rewrites them, from first to last. */
static void do_sequential(char **argv)
{
	size_t npages = pages_at(argv, 1);

	write_through(map(npages, 0), npages, number_at(argv, 2));
}

static size_t pick_evenly(size_t n)
{
	return chance() % n;
}

/* Of the n pages, those whose rank is about r have a chance of about 1/r. Ranks are scattered. */
static size_t pick_by_zipf(size_t n)
{
	unsigned bits = 0, most = 63 - (unsigned)__builtin_clzl(n);
	size_t rank;

	bits = (unsigned)(chance() % (most + 1));
	rank = (1ul << bits | (chance() & ((1ul << bits) - 1))) - 1;
	return rank * 0x9e3779b1ul % n;
}

/* A touch checks the page, and every other one writes the page's next version to it. */
static void touch(char **argv, size_t (*pick)(size_t n))
{
	size_t npages = pages_at(argv, 1);
	unsigned long touches = number_at(argv, 2);
	uint64_t *array = map(npages, 0);
	uint16_t *versions = calloc(npages, sizeof(*versions));

	if (!versions)
		stop_call("calloc");
	chance_seed(number_at(argv, 3));
	fill_range(array, 0, npages, 0);
	while (touches-- > 0) {
		size_t page = pick(npages);

		check(array, page, versions[page]);
		if (touches % 2)
			fill(array, page, ++versions[page]);
	}
	for (size_t page = 0; page < npages; page++)
		check(array, page, versions[page]);
}

/* random MIB TOUCHES SEED: each page is as likely as another. */
static void do_random(char **argv)
{
	touch(argv, pick_evenly);
}

/* zipf MIB TOUCHES SEED: a few pages are touched often, most of them hardly ever. */
static void do_zipf(char **argv)
{
	touch(argv, pick_by_zipf);
}

static void sort_few(uint64_t *numbers, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		uint64_t number = numbers[i];
		size_t to = i;

		for (; to > 0 && numbers[to - 1] > number; to--)
			numbers[to] = numbers[to - 1];
		numbers[to] = number;
	}
}

/* By the byte at `shift`, in place: a pass counts, another puts each number behind its kind. */
static void sort(uint64_t *numbers, size_t n, unsigned shift)
{
	size_t next[256] = { 0 }, end[256], at = 0;

	for (size_t i = 0; i < n; i++)
		next[numbers[i] >> shift & 255]++;
	for (unsigned kind = 0; kind < 256; kind++) {
		at += next[kind];
		end[kind] = at;
		next[kind] = at - next[kind];
	}
	for (unsigned kind = 0; kind < 256; kind++) {
		while (next[kind] < end[kind]) {
			uint64_t number = numbers[next[kind]];

			for (unsigned to = number >> shift & 255; to != kind;
			     to = number >> shift & 255) {
				uint64_t other = numbers[next[to]];

				numbers[next[to]++] = number;
				number = other;
			}
			numbers[next[kind]++] = number;
		}
	}
	at = 0;
	for (unsigned kind = 0; kind < 256; at = end[kind++]) {
		if (end[kind] - at > 64 && shift)
			sort(numbers + at, end[kind] - at, shift - 8);
		else
			sort_few(numbers + at, end[kind] - at);
	}
}

/* sort MIB: sorts so many MiB of random numbers; they are in order, and the same ones. */
static void do_sort(char **argv)
{
	size_t npages = pages_at(argv, 1), n = npages * WORDS;
	uint64_t *numbers = map(npages, 0), sum = 0, last = 0;

	for (size_t page = 0; page < npages; page++) {
		uint64_t expected[WORDS];

		fill(numbers, page, 0);
		fill_words(expected, WORDS, start_of(page, 0));
		for (unsigned i = 0; i < WORDS; i++)
			sum += mix(expected[i]);
	}
	sort(numbers, n, 56);
	for (size_t i = 0; i < n; i++) {
		if (numbers[i] < last)
			stop("number %zu is less than the one before", i);
		last = numbers[i];
		sum -= mix(last);
	}
	if (sum)
		stop("the numbers are in order, but not those that were there");
}

/* Of each page of the file the first half is written, but of each fourth page nothing. */
static bool is_written(size_t page)
{
	return page % 4 != 3;
}

static void expect_page(int fd, uint64_t *bytes, size_t page)
{
	memset(bytes, 0, PAGE); /* past the end of the file */
	if (pread(fd, bytes, PAGE, (off_t)(page * PAGE)) <= 0)
		stop_call("pread");
	if (is_written(page))
		fill_words(bytes, WORDS / 2, start_of(page, 0));
}

static void check_private(int fd, const uint64_t *array, size_t npages)
{
	uint64_t expected[WORDS];

	for (size_t page = 0; page < npages; page++) {
		expect_page(fd, expected, page);
		for (unsigned i = 0; i < WORDS; i++)
			if (array[page * WORDS + i] != expected[i])
				stop("page %zu, byte %u: 0x%016lx, not 0x%016lx", page, i * 8,
				     array[page * WORDS + i], expected[i]);
	}
}

static uint64_t sum_of_file(int fd, size_t npages)
{
	uint64_t bytes[WORDS], sum = 0;

	for (size_t page = 0; page < npages; page++) {
		memset(bytes, 0, PAGE);
		if (pread(fd, bytes, PAGE, (off_t)(page * PAGE)) <= 0)
			stop_call("pread");
		for (unsigned i = 0; i < WORDS; i++)
			sum = mix(sum ^ bytes[i]);
	}
	return sum;
}

/* private FILE MIB: FILE is mapped privately, and written to; MIB of other memory push that out. */
static void do_private(char **argv)
{
	int fd = argv[1] ? open(argv[1], O_RDONLY) : -1;
	struct stat stat;
	size_t npages;
	uint64_t *array, sum;

	if (fd < 0 || fstat(fd, &stat) != 0)
		stop_call("open");
	npages = ((size_t)stat.st_size + PAGE - 1) / PAGE;
	array = mmap(NULL, npages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (array == MAP_FAILED)
		stop_call("mmap");
	sum = sum_of_file(fd, npages);
	for (size_t page = 0; page < npages; page++)
		if (is_written(page))
			fill_words(array + page * WORDS, WORDS / 2, start_of(page, 0));
	for (int round = 0; round < 2; round++) {
		press(pages_at(argv, 2));
		check_private(fd, array, npages);
	}
	if (sum != sum_of_file(fd, npages))
		stop("the file has changed");
}

struct block {
	uint64_t *words;
	size_t n;
	uint64_t start;
};

/* From a few bytes to 256 KiB: each order of magnitude is as likely as another. */
static size_t block_size(void)
{
	return 1 + (chance() & ((1ul << chance() % 16) - 1));
}

static void block_resize(struct block *block, size_t *total)
{
	size_t n = block_size(), kept = n < block->n ? n : block->n;

	block->words = realloc(block->words, n * 8);
	if (!block->words)
		stop_call("realloc");
	check_words(block->words, kept, block->start, 0);
	*total += n;
	*total -= block->n;
	block->n = n;
	block->start = chance();
	fill_words(block->words, n, block->start);
}

static void block_free(struct block *block, size_t *total)
{
	check_words(block->words, block->n, block->start, 0);
	free(block->words);
	*total -= block->n;
	*block = (struct block){ 0 };
}

/* libc MIB STEPS: malloc(), realloc() and free() of random blocks, of some MIB together. */
static void do_libc(char **argv)
{
	static struct block blocks[16384];
	const size_t nblocks = sizeof(blocks) / sizeof(*blocks);
	size_t total = 0, most = pages_at(argv, 1) * WORDS;

	for (unsigned long steps = number_at(argv, 2); steps > 0; steps--) {
		struct block *block = &blocks[chance() % nblocks];

		if (block->words && (total > most || chance() % 4 == 0))
			block_free(block, &total);
		else if (total <= most)
			block_resize(block, &total);
	}
	printf("libc: %zu MiB in blocks\n", total * 8 / MIB);
	for (size_t i = 0; i < nblocks; i++)
		if (blocks[i].words)
			block_free(&blocks[i], &total);
}

static void do_spoiled(char **argv);

static const struct command {
	const char *name;
	void (*run)(char **argv);
	const char *small[4]; /* arguments for do_spoiled(); NULL stands for this program's file */
} commands[] = {
	{ "sequential", do_sequential, { "1", "1" } },
	{ "random", do_random, { "1", "100", "1" } },
	{ "zipf", do_zipf, { "1", "100", "1" } },
	{ "sort", do_sort, { "1" } },
	{ "private", do_private, { NULL, "1" } },
	{ "libc", do_libc, { "1", "2000" } },
	{ "fork", do_fork, { "1", "2" } },
	{ "shared", do_shared, { "1", "2" } },
	{ "kill", do_kill, { "1", "10" } },
	{ "verbs", do_verbs, { "1", "1" } },
	{ "text", do_text, { "1", "1" } },
	{ "full", do_full, { 0 } },
	{ "robust", do_robust, { 0 } },
	{ "storm", do_storm, { 0 } },
	{ "bomb", do_bomb, { 0 } },
	{ "hog", do_hog, { 0 } },
	{ "innocent", do_innocent, { 0 } },
	{ "spoiled", do_spoiled, { 0 } },
};
static const struct command *command;
static char *self;

static void run_small(void *arg)
{
	char *argv[5] = { 0 };

	command = arg;
	for (unsigned i = 0; i < 4; i++)
		argv[i + 1] = (char *)(uintptr_t)command->small[i];
	if (!argv[1])
		argv[1] = self;
	spoiled = 21;
	command->run(argv);
}

/* spoiled: the others find a byte that is wrong. (Not so full and those after it.) */
static void do_spoiled(char **argv)
{
	(void)argv;
	for (const struct command *each = commands; each->run != do_full; each++)
		if (end_of(start_child(run_small, (void *)(uintptr_t)each)) != 1)
			stop("%s has not found a wrong byte", each->name);
}

static long major_faults(void)
{
	struct rusage own, children;

	if (getrusage(RUSAGE_SELF, &own) || getrusage(RUSAGE_CHILDREN, &children))
		stop_call("getrusage");
	return own.ru_majflt + children.ru_majflt;
}

const char *command_name(void)
{
	return command ? command->name : "swapping";
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	self = argv[0];
	if (argc > 3 && strcmp(argv[1], "--spoil") == 0) {
		spoiled = strtoul(argv[2], NULL, 0);
		argv += 2;
		argc -= 2;
	}
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			command = &commands[i];
	if (!command)
		stop("which one?");
	command->run(argv + 1);
	printf("%s: ok, %ld major faults\n", command->name, major_faults());
	return 0;
}
