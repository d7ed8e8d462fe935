/* SPDX-License-Identifier: MIT */
/* A program with an array of 256 MiB that is in no file: BSS. */
#include "lab.h"

#define PAGES (256 * MIB / PAGE)

static char array[PAGES * PAGE] __attribute__((aligned(4096)));

static void bss(uint64_t seed, size_t n)
{
	size_t apart = PAGES / n;
	uint64_t total = 0, wrong = 0;
	long before = private_frames();

	for (size_t i = 0; i < n; i++)
		page_write(array + i * apart * PAGE, mix(seed, i));
	result("frames_beyond_those_written", labs(private_frames() - before - (long)n));
	for (size_t i = 0; i < n; i++) {
		const volatile uint64_t *next;

		next = (const volatile uint64_t *)(array + (i * apart + 1) * PAGE);
		total += page_read(array + i * apart * PAGE) * (2 * i + 1);
		for (unsigned k = 0; k < WORDS; k++)
			wrong += next[k] != 0;
	}
	result("written", total);
	result("words_not_zero", wrong);
}

int main(int argc, char **argv)
{
	static const struct lab_test tests[] = { { "bss", bss } };

	return lab_main(tests, 1, argc, argv);
}
