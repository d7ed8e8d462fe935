/* SPDX-License-Identifier: MIT */
/* A server of files that keeps many reads waiting, and answers them late, in any order, and some not well (R142). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PAGE	   4096ul
#define PAGE_WORDS (PAGE / sizeof(uint64_t))
#define FILES	   4u	 /* "0" to "3" */
#define FILE_PAGES 8192u /* each */

/* The file "4" can be written to. Its contents are in memory that outlives the server. */
#define STORE	    FILES
#define STORE_PAGES 320u

/* What the test and its servers share, in shared memory of zeros. One in 0 is none. */
struct slow_control {
	/* For the server: */
	unsigned hold;	      /* answer no read until there are so many; then it is 0 again */
	bool fail_odd;	      /* refuse reads that begin at an odd page */
	unsigned fail_one_in; /* of the reads: an error, nonsense or nothing is the answer */
	unsigned lose_one_in; /* of the reads: there is no answer until Tflush */
	/* By the server: */
	unsigned held, most_held; /* reads that wait for their answer */
	unsigned long reads, failures, losses, flushes, writes;
	unsigned long landed; /* answers to what was taken back, which somebody has got */
	uint64_t stored[STORE_PAGES * PAGE_WORDS];
};

extern struct slow_control *slow; /* of the server that is started next */

/* What the files have in them: each word is another one. */
static inline uint64_t slow_word(unsigned file, uint64_t at)
{
	uint64_t x = (at + 1 + ((uint64_t)file << 40)) * 0x9e3779b97f4a7c15u;

	return x ^ x >> 29;
}

/* Random numbers. */
static inline uint64_t draw(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	return x ^ x >> 31;
}

static inline unsigned draw_below(uint64_t *state, unsigned n)
{
	return (unsigned)((draw(state) >> 32) * n >> 32);
}

static inline bool draw_one_in(uint64_t *state, unsigned n)
{
	return n && draw_below(state, n) == 0;
}

/* Starts a server, and mounts it at `target`; with MS_REMOUNT the mount there goes on with it. Returns its pid. */
pid_t slow_server_mount(const char *target, unsigned long flags, const char *options);

/* Tells the server that `hold` was changed. */
void slow_server_poke(void);
