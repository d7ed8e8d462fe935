/* SPDX-License-Identifier: MIT */
/* What memory in bulk costs, in instructions: swept, shared by fork, protected, moved, unmapped; then calls. Runs on Linux, too. */
/*
 * usage: widebench [--mib N] [ROW...]
 *
 * The output is vmbench's: name, unit, least, median, most, samples, mean. A sample is one sweep over all of the memory, or
 * some calls (wide_calls.c). Under -icount shift=0 a tick of the `time` CSR is 100 instructions.
 */
#define _GNU_SOURCE
#include "wide_calls.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB	(1ul << 20)
#define LARGE	(2 * MIB)
#define TICK	100.0
#define SAMPLES 3
#define SETTLE	3 /* seconds, so that what a kernel does after its start is over */

static size_t bytes = 256 * MIB;
static char *memory;

void give_up(const char *what)
{
	fprintf(stderr, "widebench: %s\n", what);
	exit(1);
}

static uint64_t ticks(void)
{
	uint64_t now;

	__asm__ volatile("rdtime %0" : "=r"(now)::"memory");
	return now;
}

static void map(void)
{
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		perror("widebench: mmap");
		exit(1);
	}
}

static void unmap(void)
{
	munmap(memory, bytes);
}

static void write_up(size_t step)
{
	for (size_t at = 0; at < bytes; at += step)
		((volatile char *)memory)[at] = 1;
}

static void read_up(void)
{
	for (size_t at = 0; at < bytes; at += PAGE)
		(void)((volatile char *)memory)[at];
}

static void write_down(void)
{
	for (size_t at = bytes; at > 0; at -= PAGE)
		((volatile char *)memory)[at - PAGE] = 1;
}

static void map_written(void)
{
	map();
	write_up(PAGE);
}

static void map_read(void)
{
	map();
	read_up();
}

static void fork_and_exit(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
}

static void fork_before(void)
{
	map_written();
	fork_and_exit();
}

static void write_pages(void)
{
	write_up(PAGE);
}

static void write_tables(void)
{
	write_up(LARGE);
}

static void write_sixteenth(void)
{
	write_up(16 * PAGE);
}

static void forbid(void)
{
	mprotect(memory, bytes, PROT_READ);
}

static void forbid_and_allow(void)
{
	mprotect(memory, bytes, PROT_READ);
	mprotect(memory, bytes, PROT_READ | PROT_WRITE);
}

static void protected_before(void)
{
	map_written();
	forbid_and_allow();
}

static void move(void)
{
	memory = mremap(memory, bytes, 2 * bytes, MREMAP_MAYMOVE);
	if (memory == MAP_FAILED)
		exit(1);
}

static void unmap_moved(void)
{
	munmap(memory, 2 * bytes);
}

static void lock(void)
{
	mlock(memory, bytes);
}

static void nothing(void)
{
}

static const struct row {
	const char *name;
	size_t each; /* bytes that the unit has */
	void (*before)(void);
	void (*measured)(void);
	void (*after)(void);
} rows[] = {
	{ "write_sweep", PAGE, map, write_pages, unmap },
	{ "write_sweep_down", PAGE, map, write_down, unmap },
	{ "read_sweep", PAGE, map, read_up, unmap },
	{ "write_what_was_read", PAGE, map_read, write_pages, unmap },
	{ "touch_one_of_512", LARGE, map, write_tables, unmap },
	{ "touch_one_of_16", 16 * PAGE, map, write_sixteenth, unmap },
	{ "fork_and_exit", PAGE, map_written, fork_and_exit, unmap },
	{ "write_after_the_child", PAGE, fork_before, write_pages, unmap },
	{ "mprotect_read_only", PAGE, map_written, forbid, unmap },
	{ "write_after_mprotect", PAGE, protected_before, write_pages, unmap },
	{ "mremap", PAGE, map_written, move, unmap_moved },
	{ "mlock_written", PAGE, map_written, lock, unmap },
	{ "munmap_written", PAGE, map_written, unmap, nothing },
};

#define NROWS (sizeof(rows) / sizeof(rows[0]))

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void measure(const struct call_row *row)
{
	double cost[SAMPLES], sum = 0;

	for (unsigned i = 0; i < SAMPLES; i++) {
		uint64_t begun;

		row->before();
		begun = ticks();
		row->measured();
		cost[i] = (double)(ticks() - begun) * TICK / (double)row->units;
		row->after();
		sum += cost[i];
	}
	qsort(cost, SAMPLES, sizeof(cost[0]), compare);
	printf("%s insn/%s %.1f %.1f %.1f %u %.1f\n", row->name, row->unit, cost[0],
	       cost[SAMPLES / 2], cost[SAMPLES - 1], SAMPLES, sum / SAMPLES);
	fflush(stdout);
}

static void measure_memory(const struct row *row)
{
	const struct call_row call = {
		.name = row->name,
		.unit = row->each == PAGE ? "page" : "touch",
		.units = bytes / row->each,
		.before = row->before,
		.measured = row->measured,
		.after = row->after,
	};

	measure(&call);
}

static const char *row_name(size_t i)
{
	return i < NROWS ? rows[i].name : call_rows[i - NROWS].name;
}

/* Without a name all rows are. Other words than names of rows are passed over, as vmbench does. */
static int is_wanted(const char *name, int argc, char **argv)
{
	int named = 0;

	for (int i = 1; i < argc; i++)
		for (size_t row = 0; row < NROWS + ncall_rows; row++)
			if (strcmp(argv[i], row_name(row)) == 0) {
				named = 1;
				if (strcmp(argv[i], name) == 0)
					return 1;
			}
	return !named;
}

int main(int argc, char **argv)
{
	const struct timespec settle = { .tv_sec = SETTLE };

	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], "--mib") == 0)
			bytes = strtoul(argv[i + 1], NULL, 10) * MIB;
	if (bytes < LARGE || bytes % LARGE) {
		fputs("widebench: --mib is an even number\n", stderr);
		return 2;
	}
	nanosleep(&settle, NULL);
	for (unsigned row = 0; row < NROWS; row++)
		if (is_wanted(rows[row].name, argc, argv))
			measure_memory(&rows[row]);
	for (size_t row = 0; row < ncall_rows; row++)
		if (is_wanted(call_rows[row].name, argc, argv))
			measure(&call_rows[row]);
	puts("done");
	return 0;
}
