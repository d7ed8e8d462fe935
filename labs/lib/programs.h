/* SPDX-License-Identifier: MIT */
/* The test of ordinary programs, which each lab has: fork, exec and wait work as before. */
#ifndef LABS_LIB_PROGRAMS_H
#define LABS_LIB_PROGRAMS_H

#include "lab.h"

/* What `programs` executes: its answer is its arguments, mixed. */
static void answer(uint64_t seed, size_t n)
{
	result("answer", mix(seed, n));
}

/* n programs, one after the other: this one, as `answer`. */
static void programs(uint64_t seed, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char words[2][32];
		int child = fork_child();

		if (child) {
			join_child(child);
			continue;
		}
		snprintf(words[0], sizeof(words[0]), "%llu", (unsigned long long)mix(seed, i));
		snprintf(words[1], sizeof(words[1]), "%zu", i);
		execl(own_file, "lab", "answer", words[0], words[1], (char *)NULL);
		fail("exec");
	}
}

#endif
