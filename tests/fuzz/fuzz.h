/* SPDX-License-Identifier: MIT */
/* What a parser's fuzzer and whoever feeds it agree on: our driver in CI, libFuzzer for long. */
#pragma once

#include "lib/types.h"

/*
 * Gives one input to the parser, compares the result with that of the fuzzer's own oracle, and
 * frees everything. `data` has exactly `size` bytes; the sanitizer finds accesses beyond them.
 * Returns whether the parser accepted the input.
 */
bool fuzz_one(const uint8_t *data, size_t size);

/* Says what is wrong and ends the process: the input is a find. */
_Noreturn void fuzz_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The condition holds whatever the input. */
#define fuzz_check(x) ((x) ? (void)0 : fuzz_fail(__FILE__, __LINE__, "%s", #x))

/* Two numbers are the same, by parser and oracle. */
#define fuzz_equal(ours, theirs)                                                              \
	do {                                                                                  \
		long long ours_ = (long long)(ours), theirs_ = (long long)(theirs);           \
		if (ours_ != theirs_)                                                         \
			fuzz_fail(__FILE__, __LINE__, "%s is %lld, %s is %lld", #ours, ours_, \
				  #theirs, theirs_);                                          \
	} while (0)
