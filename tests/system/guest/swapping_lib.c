/* SPDX-License-Identifier: MIT */
/* What the sub-commands of swapping.c share: patterns, arrays, pressure, children. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "swapping.h"

#define OTHER_SEED (1ul << 40)
#define STEP	   0x9e3779b97f4a7c15ul /* odd: no two words of a page are equal */

unsigned long spoiled;
const char *part;

static unsigned long fills;
static uint64_t chance_state = 1;

void stop(const char *format, ...)
{
	char text[256];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	dprintf(1, "%s%s%s: %s\n", command_name(), part ? " " : "", part ? part : "", text);
	_exit(1);
}

void stop_call(const char *call)
{
	stop("%s: %s", call, strerror(errno));
}

uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ul;
	x = (x ^ x >> 27) * 0x94d049bb133111ebul;
	return x ^ x >> 31;
}

uint64_t chance(void)
{
	return mix(chance_state += STEP);
}

void chance_seed(uint64_t seed)
{
	chance_state = seed;
}

void fill_words(uint64_t *words, size_t n, uint64_t start)
{
	for (size_t i = 0; i < n; i++)
		words[i] = start + i * STEP;
	if (++fills == spoiled)
		((unsigned char *)words)[start % (n * 8)] ^= 1;
}

static noreturn void tell_wrong(const uint64_t *words, size_t n, uint64_t start, uint64_t number)
{
	size_t wrong = 0, first = n;

	for (size_t i = 0; i < n; i++) {
		if (words[i] == start + i * STEP)
			continue;
		wrong++;
		first = first < i ? first : i;
	}
	if (!wrong)
		stop("page %lu at %p: it was wrong, and is right now", number, (void *)words);
	stop("page %lu at %p: %zu of %zu words are wrong, first byte %zu: 0x%016lx, not 0x%016lx",
	     number, (const void *)words, wrong, n, first * 8, words[first], start + first * STEP);
}

void check_words(const uint64_t *words, size_t n, uint64_t start, uint64_t number)
{
	uint64_t wrong = 0;

	for (size_t i = 0; i < n; i++)
		wrong |= words[i] ^ (start + i * STEP);
	if (wrong)
		tell_wrong(words, n, start, number);
}

uint64_t start_of(uint64_t number, uint64_t seed)
{
	return mix(number + mix(seed + STEP));
}

void fill(uint64_t *array, size_t number, uint64_t seed)
{
	fill_words(array + number * WORDS, WORDS, start_of(number, seed));
}

void check(const uint64_t *array, size_t number, uint64_t seed)
{
	check_words(array + number * WORDS, WORDS, start_of(number, seed), number);
}

void fill_range(uint64_t *array, size_t first, size_t end, uint64_t seed)
{
	for (size_t page = first; page < end; page++)
		fill(array, page, seed);
}

void check_range(const uint64_t *array, size_t first, size_t end, uint64_t seed)
{
	for (size_t page = first; page < end; page++)
		check(array, page, seed);
}

void check_zero(const uint64_t *array, size_t first, size_t end)
{
	for (size_t i = first * WORDS; i < end * WORDS; i++) {
		if (array[i])
			stop("page %zu, byte %zu: 0x%lx, not zero", i / WORDS, i % WORDS * 8,
			     array[i]);
	}
}

uint64_t *map(size_t npages, int flags)
{
	uint64_t *array = mmap(NULL, npages * PAGE, PROT_READ | PROT_WRITE,
			       (flags & MAP_SHARED ? 0 : MAP_PRIVATE) | MAP_ANONYMOUS | flags, -1,
			       0);

	if (array == MAP_FAILED)
		stop_call("mmap");
	return array;
}

void press(size_t npages)
{
	static uint64_t *array, rounds;

	if (!array)
		array = map(npages, 0);
	for (size_t page = 0; page < npages; page++) {
		if (rounds)
			check(array, page, OTHER_SEED + rounds);
		fill(array, page, OTHER_SEED + rounds + 1);
	}
	rounds++;
}

pid_t start_child(void (*run)(void *arg), void *arg)
{
	pid_t child = fork();

	if (child < 0)
		stop_call("fork");
	if (child == 0) {
		run(arg);
		_exit(0);
	}
	return child;
}

int end_of(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		stop_call("waitpid");
	return WIFSIGNALED(status) ? WTERMSIG(status) + 128 : WEXITSTATUS(status);
}

unsigned long number_at(char **argv, unsigned i)
{
	for (unsigned before = 1; before <= i; before++)
		if (!argv[before])
			stop("argument %u is missing", i);
	return strtoul(argv[i], NULL, 0);
}

size_t pages_at(char **argv, unsigned i)
{
	unsigned long number = number_at(argv, i);
	struct sysinfo info;

	if (!strchr(argv[i], '%'))
		return number * (MIB / PAGE);
	if (sysinfo(&info) != 0)
		stop_call("sysinfo");
	return info.freeram * info.mem_unit / PAGE * number / 100;
}
