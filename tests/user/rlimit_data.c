/* SPDX-License-Identifier: MIT */
/* RLIMIT_DATA counts the image's own data when the heap grows, as on Linux. */
#include "t.h"

/* Bytes of the file, so that they are data and not BSS. */
static volatile char data[4 * MIB] = { 1 };

static const char *grow(size_t bytes)
{
	return sbrk((intptr_t)bytes) == (void *)-1 ? "refused" : "done";
}

static void try_soft_and_hard(rlim_t soft, rlim_t hard)
{
	const struct rlimit limit = { soft, hard };
	char *p, *other = mmap(NULL, 4 * MIB, PROT_READ, ANON, -1, 0);

	setrlimit(RLIMIT_DATA, &limit);
	say("soft %ld, hard %ld\n", (long)soft, (long)hard);
	p = mapped("mmap of 8 MiB", mmap(NULL, 8 * MIB, RW, ANON, -1, 0));
	if (p != MAP_FAILED)
		mapped("mremap by 4 MiB", mremap(p, 8 * MIB, 12 * MIB, MREMAP_MAYMOVE));
	TRY(mprotect(other, 4 * MIB, RW));
	say("heap: %s\n", grow(PAGE));
}

/* As on Linux, a soft limit of 0 refuses only heap: the hard limit holds for the rest. */
static int soft_limit_of_nothing(void *of)
{
	(void)of;
	try_soft_and_hard(0, 24 * MIB);
	try_soft_and_hard(0, 12 * MIB);
	try_soft_and_hard(1, RLIM_INFINITY);
	try_soft_and_hard(0, RLIM_INFINITY);
	try_soft_and_hard(0, 0);
	return 0;
}

int main(void)
{
	struct rlimit limit = { 6 * MIB, 6 * MIB };

	in_child("a soft limit of 0", soft_limit_of_nothing, NULL);
	printf("data begins with %d\n", data[0]);
	fflush(stdout);
	if (setrlimit(RLIMIT_DATA, &limit) != 0)
		return 1;
	printf("3 MiB of heap beside 4 MiB of data, 6 allowed: %s\n", grow(3 * MIB));
	printf("1 MiB: %s\n", grow(MIB));
	printf("another: %s\n", grow(MIB));
	return 0;
}
