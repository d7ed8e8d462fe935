/* SPDX-License-Identifier: MIT */
/* squeezed FILE: reads FILE through a mapping by several processes when far less memory is left than it takes. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine.h"

#define PAGE	  4096ul
#define ROOM	  (64ul << 20)
#define LEFT	  700ul /* frames */
#define PROCESSES 3
#define ROUNDS	  3

static void fill_memory(void)
{
	char *filler = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (filler == MAP_FAILED)
		exit(90);
	for (size_t at = 0; at < ROOM && frames_free() > LEFT; at += PAGE)
		filler[at] = 1;
}

/* The sum of all bytes; each process goes through the pages in an order of its own. */
static uint64_t sum(const unsigned char *bytes, size_t npages, unsigned who)
{
	uint64_t total = 0;

	for (size_t i = 0; i < npages; i++) {
		const unsigned char *page = bytes + (i * (2 * who + 1) + who) % npages * PAGE;

		for (unsigned at = 0; at < PAGE; at++)
			total += page[at];
	}
	return total;
}

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1, status, failed = 0;
	struct stat stat;
	const unsigned char *bytes;

	if (fd < 0 || fstat(fd, &stat) != 0)
		return 92;
	bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		return 93;
	fill_memory();
	for (unsigned who = 0; who < PROCESSES; who++) {
		if (fork() == 0) {
			for (unsigned round = 0; round < ROUNDS; round++) {
				uint64_t total = sum(bytes, (size_t)stat.st_size / PAGE, who);

				dprintf(1, "%lu\n", (unsigned long)total);
			}
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		failed += status != 0;
	return failed;
}
