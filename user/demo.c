/* SPDX-License-Identifier: MIT */
/* Measures each way of taking page faults on about a thousand pages. The tour explains them. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096ul
#define MIB  (1ul << 20)
#define GIB  (1ul << 30)

/* The cost of a part. Each part runs in a child, so that wait4() returns its faults. */
struct cost {
	long faults;
	double ms;
};

static char bss[64 * MIB];
static char *shared; /* 16 MiB, written before any fork */

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct cost measure(int (*part)(long), long arg)
{
	struct rusage use = { 0 };
	double start = now_ms();
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(part(arg));
	if (pid < 0 || wait4(pid, &status, 0, &use) != pid || status != 0) {
		fprintf(stderr, "demo: a part failed, status %#x\n", (unsigned)status);
		exit(1);
	}
	return (struct cost){ use.ru_minflt + use.ru_majflt, now_ms() - start };
}

static int nothing(long unused)
{
	(void)unused;
	return 0;
}

/* Prints the cost of the part, less that of a child that does nothing. */
static void demo_row(const char *what, int (*part)(long), long arg)
{
	struct cost base = measure(nothing, 0), c = measure(part, arg);

	c.faults -= base.faults;
	c.ms = c.ms > base.ms ? c.ms - base.ms : 0;
	printf("  %-36s %6ld faults %9.2f ms", what, c.faults, c.ms);
	if (c.faults > 0)
		printf(" %6.1f us each", c.ms * 1e3 / (double)c.faults);
	printf("\n");
}

static int grow_and_touch(long npages)
{
	char *p = sbrk(GIB);

	if (p == (char *)-1)
		return 1;
	for (long i = 0; i < npages; i++)
		p[(unsigned long)i * (GIB / (unsigned long)npages)] = 1;
	return 0;
}

static int read_bss(long unused)
{
	int sum = 0;

	(void)unused;
	for (size_t i = 0; i < sizeof(bss); i += PAGE)
		sum |= ((volatile char *)bss)[i];
	return sum;
}

static int write_bss(long npages)
{
	for (long i = 0; i < npages; i++)
		bss[(unsigned long)i * PAGE] = 1;
	return 0;
}

static int write_shared(long npages)
{
	for (long i = 0; i < npages; i++)
		((volatile char *)shared)[(unsigned long)i * PAGE] = 'c';
	return 0;
}

static int exec_self(long path)
{
	char *args[] = { (char *)path, "again", NULL }, *env[] = { NULL };

	execve((char *)path, args, env);
	return 127;
}

static void show_copy_on_write(void)
{
	struct cost fork_alone = measure(nothing, 0);
	size_t bad = 0;

	printf("Copy-on-write: fork() shares all pages; the first write to a page copies it\n");
	printf("  fork 16 MiB, exit and wait take %.2f ms and %ld faults\n", fork_alone.ms,
	       fork_alone.faults);
	demo_row("child writes 1000 of 4096 pages", write_shared, 1000);
	for (size_t i = 0; i < 16 * MIB; i += PAGE)
		bad += shared[i] != 'p';
	printf("  pages of the parent that this changed:  %zu\n", bad);
}

static void show_demand_paging(const char *path)
{
	struct stat st = { 0 };

	if (!path || stat(path, &st) != 0)
		return;
	printf("Demand paging: exec() reads the headers; faults map the rest\n");
	printf("  this program's file has %ld KiB in %ld pages\n", (long)st.st_size / 1024,
	       ((long)st.st_size + 4095) / 4096);
	demo_row("exec it, run from start to end", exec_self, (long)path);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "again") == 0)
		return 0;
	shared = mmap(NULL, 16 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		perror("demo: mmap");
		return 1;
	}
	printf("Faultline: memory is promised first, and delivered by page faults.\n\n");
	printf("Lazy heap: brk() only moves the end; the first access allocates a zeroed page\n");
	demo_row("grow by 1 GiB, touch nothing", grow_and_touch, 0);
	demo_row("grow by 1 GiB, touch 1000 pages", grow_and_touch, 1000);
	printf("Zero fill: all pages that were never written map the one zero page\n");
	demo_row("read 64 MiB of BSS, 16384 pages", read_bss, 0);
	demo_row("write 1000 of them", write_bss, 1000);
	memset(shared, 'p', 16 * MIB);
	show_copy_on_write();
	show_demand_paging((const char *)getauxval(AT_EXECFN)); /* argv[0] need not be a path */
	return 0;
}
