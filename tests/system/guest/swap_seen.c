/* SPDX-License-Identifier: MIT */
/* Writes to MIB of memory, and prints what the kernel says of swap; or runs PROGRAM meanwhile. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/faultline.h"

#define PAGE 4096ul

static void ask(unsigned what, void *buf, size_t size)
{
	if (syscall(SYS_faultline, what, 0, buf, size, 0) != 1)
		exit(91);
}

static void show(const char *when)
{
	struct faultline_process self;
	struct faultline_machine machine;
	struct faultline_reclaim reclaim;
	struct sysinfo info;
	struct rusage usage;

	ask(FAULTLINE_PROCESS, &self, sizeof(self));
	ask(FAULTLINE_MACHINE, &machine, sizeof(machine));
	ask(FAULTLINE_RECLAIM, &reclaim, sizeof(reclaim));
	if (sysinfo(&info) != 0 || getrusage(RUSAGE_SELF, &usage) != 0)
		exit(95);
	printf("%s: totalswap %lu freeswap %lu blocks %ld ", when, info.totalswap / PAGE,
	       info.freeswap / PAGE, usage.ru_inblock);
	printf("resident %lu swapped %lu swap %lu free_swap %lu turns %lu scanned %lu aged %lu "
	       "unmapped %lu dropped %lu refaulted %lu written %lu read %lu writes %lu reads %lu "
	       "direct %lu\n",
	       self.resident, self.swapped, machine.swap, machine.free_swap, reclaim.turns,
	       reclaim.scanned, reclaim.aged, reclaim.unmapped, reclaim.dropped, reclaim.refaulted,
	       reclaim.written, reclaim.read, reclaim.writes, reclaim.reads, reclaim.direct);
}

static void write_all(char *bytes, size_t size)
{
	for (size_t at = 0; at < size; at += PAGE)
		memset(bytes + at, 1 + (int)(at / PAGE % 255), 8);
}

static int run(char **argv)
{
	pid_t pid = vfork();
	int status = -1;

	if (pid == 0) {
		execv(argv[0], argv);
		_exit(94);
	}
	waitpid(pid, &status, 0);
	return status;
}

/* swap_seen MIB [PROGRAM ARG...] */
int main(int argc, char **argv)
{
	size_t size = (argc > 1 ? strtoul(argv[1], NULL, 10) : 1) << 20;
	char *bytes;

	setvbuf(stdout, NULL, _IONBF, 0);
	if (argc <= 2)
		show("before");
	bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bytes == MAP_FAILED)
		return 92;
	write_all(bytes, size);
	if (argc > 2)
		return run(argv + 2);
	show("written");
	for (size_t at = 0; at < size; at += PAGE)
		if (bytes[at] != (char)(1 + at / PAGE % 255))
			return 93;
	show("read");
	munmap(bytes, size);
	show("unmapped");
	return 0;
}
