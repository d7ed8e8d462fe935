/* SPDX-License-Identifier: MIT */
/* Gives libFuzzer's inputs to a fuzzer: the long form. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_one(data, size);
	return 0;
}
