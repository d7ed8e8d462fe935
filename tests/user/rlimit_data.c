/* SPDX-License-Identifier: MIT */
/* RLIMIT_DATA counts the image's own data when the heap grows, as on Linux. */
#include "t.h"

/* Bytes of the file, so that they are data and not BSS. */
static volatile char data[4 * MIB] = { 1 };

static const char *grow(size_t bytes)
{
	return sbrk((intptr_t)bytes) == (void *)-1 ? "refused" : "done";
}

int main(void)
{
	struct rlimit limit = { 6 * MIB, 6 * MIB };

	printf("data begins with %d\n", data[0]);
	fflush(stdout);
	if (setrlimit(RLIMIT_DATA, &limit) != 0)
		return 1;
	printf("3 MiB of heap beside 4 MiB of data, 6 allowed: %s\n", grow(3 * MIB));
	printf("1 MiB: %s\n", grow(MIB));
	printf("another: %s\n", grow(MIB));
	return 0;
}
