/* SPDX-License-Identifier: MIT */
/* R150. malloc by eight threads with arenas of their own, and memory that one allocates and another frees. */
#include "thread.h"

#include <malloc.h>

#define THREADS 8
#define BLOCKS	64
#define STEPS	3000

static void *handed[THREADS][BLOCKS];

static unsigned next(unsigned *seed)
{
	return *seed = *seed * 1103515245u + 12345u;
}

static void *allocate(void *arg)
{
	unsigned seed = (unsigned)(long)arg + 1;
	size_t sizes[BLOCKS] = { 0 };
	unsigned char *block[BLOCKS] = { NULL };
	long bad = 0;

	for (int step = 0; step < STEPS; step++) {
		unsigned i = next(&seed) >> 8 & (BLOCKS - 1);
		size_t size = (next(&seed) >> 8) % (step % 100 == 0 ? 150000 : 3000) + 1;
		unsigned char mark = (unsigned char)(i * 8 + (unsigned)(long)arg);

		for (size_t at = 0; at < sizes[i]; at += at < 64 ? 1 : 512)
			bad += block[i][at] != mark;
		if (step % 3 == 0 && block[i]) {
			block[i] = realloc(block[i], size);
			for (size_t at = 0; at < sizes[i] && at < size && at < 64; at++)
				bad += block[i][at] != mark;
		} else {
			free(block[i]);
			block[i] = step % 7 == 0 ? calloc(1, size) : malloc(size);
			for (size_t at = 0; step % 7 == 0 && at < size && at < 64; at++)
				bad += block[i][at] != 0;
		}
		sizes[i] = size;
		for (size_t at = 0; at < size; at += at < 64 ? 1 : 512)
			block[i][at] = mark;
	}
	for (int i = 0; i < BLOCKS; i++)
		free(block[i]);
	return (void *)bad;
}

static void *hand_over(void *arg)
{
	for (int i = 0; i < BLOCKS; i++) {
		handed[(long)arg][i] = malloc((size_t)i * 100 + 1);
		memset(handed[(long)arg][i], (int)(long)arg, (size_t)i * 100 + 1);
	}
	return NULL;
}

static void *free_others(void *arg)
{
	long from = ((long)arg + 1) % THREADS, bad = 0;

	for (int i = 0; i < BLOCKS; i++) {
		unsigned char *p = handed[from][i];

		bad += p[(size_t)i * 100] != (unsigned char)from;
		free(p);
	}
	return (void *)bad;
}

int main(void)
{
	pthread_t threads[THREADS];

	mallopt(M_ARENA_MAX, THREADS);
	start_all(threads, THREADS, allocate);
	say("%ld wrong\n", join_all(threads, THREADS));
	for (int round = 0; round < 3; round++) {
		start_all(threads, THREADS, hand_over);
		join_all(threads, THREADS);
		start_all(threads, THREADS, free_others);
		say("%ld wrong\n", join_all(threads, THREADS));
	}
	say("trimmed: %d\n", malloc_trim(0) >= 0);
	return 0;
}
