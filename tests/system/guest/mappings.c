/* SPDX-License-Identifier: MIT */
/* What it costs to seal a memfd that is mapped N times; what is mapped after a handler was set. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* Makes a hole, sets a handler, and prints the hole and /proc/self/maps. */
static int set_handler(void)
{
	char *hole =
		mmap(NULL, 16 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + 8 * PAGE;
	char text[4096];
	ssize_t n;
	int fd;

	if (munmap(hole, 4 * PAGE) != 0 || signal(SIGUSR1, _exit) == SIG_ERR)
		return 1;
	fd = open("/proc/self/maps", O_RDONLY);
	n = read(fd, text, sizeof(text));
	printf("%lx %lx\n%.*s", (unsigned long)hole, (unsigned long)(hole + 4 * PAGE), (int)n,
	       text);
	return n <= 0;
}

/* Under icount, a nanosecond is an instruction. */
static int seal(long count)
{
	int fd = mapped_often(count);
	uint64_t before = now();

	if (fd < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) != 0)
		return 1;
	printf("%lu\n", (unsigned long)(now() - before));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 1;
	return strcmp(argv[1], "handler") == 0 ? set_handler() : seal(atol(argv[1]));
}
