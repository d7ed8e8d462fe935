/* SPDX-License-Identifier: MIT */
/* swap_off MIB KEEP: programs use MIB MiB and give up all but KEEP; the swap disk is switched off under them, and on again. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	  4096ul
#define MIB	  (1ul << 20)
#define PROCESSES 3
#define DISK	  "/dev/vda"

static void stop(const char *what)
{
	fprintf(stderr, "swap_off: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t word_of(size_t page, unsigned who)
{
	return (page + 1) * 0x9e3779b97f4a7c15ul + who;
}

static void check(const char *bytes, size_t npages, unsigned who)
{
	for (size_t i = 0; i < npages; i++) {
		const uint64_t *words = (const void *)(bytes + i * PAGE);

		if (words[i % 512] != word_of(i, who) || words[(i + 1) % 512] != 0) {
			fprintf(stderr, "swap_off: page %zu of %u is wrong\n", i, who);
			exit(1);
		}
	}
}

/* Fills more than there is, keeps a part, tells the parent, and goes through it until it is killed. */
static void child(size_t npages, size_t kept, unsigned who, int told)
{
	char *bytes = mmap(NULL, npages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);

	if (bytes == MAP_FAILED)
		stop("mmap");
	for (size_t i = 0; i < npages; i++)
		((uint64_t *)(bytes + i * PAGE))[i % 512] = word_of(i, who);
	if (munmap(bytes + kept * PAGE, (npages - kept) * PAGE) || write(told, "", 1) != 1)
		stop("munmap");
	for (;;)
		check(bytes, kept, who);
}

static void report(const char *what, int result)
{
	printf("%s: %s\n", what, result ? strerrorname_np(errno) : "done");
}

int main(int argc, char **argv)
{
	size_t npages = argc > 1 ? strtoul(argv[1], NULL, 10) * MIB / PAGE / PROCESSES : 0;
	size_t kept = argc > 2 ? strtoul(argv[2], NULL, 10) * MIB / PAGE / PROCESSES : 0;
	int told[2], status, wrong = 0;
	pid_t pids[PROCESSES];
	char byte;

	if (!npages || !kept || kept > npages || pipe(told))
		stop("arguments");
	for (unsigned i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			child(npages, kept, i, told[1]);
	}
	close(told[1]);
	for (unsigned i = 0; i < PROCESSES; i++)
		if (read(told[0], &byte, 1) != 1)
			stop("a child");
	report("off", swapoff(DISK));
	report("off again", swapoff(DISK));
	report("on", swapon(DISK, 0));
	for (unsigned i = 0; i < PROCESSES; i++) {
		if (kill(pids[i], SIGKILL) || waitpid(pids[i], &status, 0) != pids[i])
			stop("kill");
		wrong += !WIFSIGNALED(status);
	}
	report("off at the end", swapoff(DISK));
	return wrong;
}
