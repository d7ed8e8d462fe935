/* SPDX-License-Identifier: MIT */
/* A program that faults in known places, for the test of the debugger: it has functions worth stopping in. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

static const char text_of_ours[] = "read-only";
char *touched, *untouched;

__attribute__((noinline)) void touch_memory(void)
{
	touched = mmap((void *)0x2000000000, 3 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	untouched = touched + PAGE;
	touched[0] = 1;
}

/* Three copies that are refused: the kernel reads a name behind the mapping, at its end and at 1 and 2 from there. */
static void ask_for_copies(void)
{
	for (int i = 0; i < 3; i++)
		(void)!chdir(touched + 3 * PAGE + i);
}

__attribute__((noinline)) void write_to_null(volatile int *nowhere)
{
	*nowhere = 42;
}

static int parent_sleeps(void)
{
	char stat[64] = "";
	int fd = open("/proc/1/stat", O_RDONLY);

	(void)!read(fd, stat, sizeof(stat) - 1);
	close(fd);
	return strstr(stat, ") S ") != NULL;
}

int main(void)
{
	/* It may have been preempted on its way to wait for us. */
	while (!parent_sleeps())
		usleep(1000);
	touch_memory();
	printf("%s\n", text_of_ours);
	fflush(stdout);
	ask_for_copies();
	write_to_null(NULL);
	return 0;
}
