/* SPDX-License-Identifier: MIT */
/* Random bytes: each byte of each seed counts at once, and no output comes twice. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "sync/lockorder.h"
#include "test.h"

#define BYTES 8

/* base/hart.c is not in this test. */
struct lockorder *lockorder_this_hart(void)
{
	static struct lockorder order;

	return &order;
}

/* What is drawn by a process that has been given these seeds, of which the second is NULL or comes after a first draw. */
static void draw_after(const void *first, size_t n, const void *second, uint8_t got[BYTES])
{
	int pipes[2], status;
	pid_t pid;

	assert_int_equal(0, pipe(pipes));
	pid = fork();
	if (pid == 0) {
		random_seed(first, n);
		random_bytes(got, BYTES);
		if (second) {
			random_seed(second, n);
			random_bytes(got, BYTES);
		}
		_exit(write(pipes[1], got, BYTES) != BYTES);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
	assert_int_equal(BYTES, read(pipes[0], got, BYTES));
	close(pipes[0]);
	close(pipes[1]);
}

TEST(each_byte_of_a_seed_counts)
{
	uint8_t seed[100] = { 0 }, without[BYTES], with[BYTES];

	draw_after(seed, sizeof(seed), NULL, without);
	draw_after(seed, sizeof(seed), NULL, with);
	assert_memory_equal(without, with, BYTES);
	for (size_t i = 0; i < sizeof(seed); i++) {
		seed[i] = 1;
		draw_after(seed, sizeof(seed), NULL, with);
		assert_memory_not_equal(without, with, BYTES);
		seed[i] = 0;
	}
	memset(seed, 1, 64); /* each byte of the key twice */
	draw_after(seed, sizeof(seed), NULL, with);
	assert_memory_not_equal(without, with, BYTES);
}

TEST(seed_counts_at_once)
{
	uint8_t first[4] = "1st", second[4] = "2nd", other[4] = "oth", drawn[BYTES], again[BYTES];

	draw_after(first, sizeof(first), second, drawn);
	draw_after(first, sizeof(first), other, again);
	assert_memory_not_equal(drawn, again, BYTES);
}

/* Of each length, beyond what is kept too: bytes are written, no others, and never the same. */
TEST(draws_fill_and_differ)
{
	uint8_t before[300] = { 0 }, drawn[300 + 1];

	random_seed("seed", 4);
	for (size_t n = BYTES; n < sizeof(before); n += 7) {
		memset(drawn, 0, sizeof(drawn));
		random_bytes(drawn, n);
		assert_memory_not_equal(before, drawn, BYTES);
		assert_memory_not_equal(before + n - BYTES, drawn + n - BYTES, BYTES);
		assert_int_equal(0, drawn[n]);
		memcpy(before, drawn, sizeof(before));
	}
}
