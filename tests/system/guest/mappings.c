/* SPDX-License-Identifier: MIT */
/* What sealing a memfd costs where it is mapped so often, in nanoseconds: under icount, instructions. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096l

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The memfd's first page, so many times, each a mapping of its own. */
static int mapped_often(long n)
{
	int fd = memfd_create("often", MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, PAGE) != 0)
		return -1;
	for (long i = 0; i < n; i++)
		if (mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED)
			return -1;
	return fd;
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? mapped_often(atol(argv[1])) : -1;
	uint64_t before = now();

	if (fd < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) != 0)
		return 1;
	printf("%lu\n", (unsigned long)(now() - before));
	return 0;
}
