/* SPDX-License-Identifier: MIT */
/* Random numbers and files for the host tests. */
#include <stdio.h>
#include <stdlib.h>

#include "test.h"

jmp_buf test_panic_jump;

static uint64_t env_number(const char *name, uint64_t fallback)
{
	const char *s = getenv(name);

	return s != NULL ? strtoull(s, NULL, 0) : fallback;
}

uint64_t test_random(void)
{
	static uint64_t state;

	if (state == 0)
		state = env_number("FAULTLINE_SEED", 1) * 2 + 1;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1du >> 8;
}

uint64_t test_below(uint64_t n)
{
	return test_random() % n;
}

unsigned test_zipf(unsigned n)
{
	static double sum[TEST_ZIPF_MAX + 1];
	static unsigned made;
	unsigned k = 0;
	double at;

	for (; made < n; made++)
		sum[made + 1] = sum[made] + 1.0 / (made + 1);
	at = sum[n] * (double)test_below(1u << 30) / (1u << 30);
	while (k + 1 < n && sum[k + 1] <= at)
		k++;
	return k;
}

unsigned test_steps(unsigned n)
{
	return n * (unsigned)env_number("FAULTLINE_SOAK", 1);
}

void *test_read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	char *data;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0)
		fail_msg("cannot read %s", path);
	*size = (size_t)ftell(f);
	rewind(f);
	data = malloc(*size);
	if (data == NULL || fread(data, 1, *size, f) != *size)
		fail_msg("cannot read %s", path);
	fclose(f);
	return data;
}
