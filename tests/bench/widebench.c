/* SPDX-License-Identifier: MIT */
/* What much of something costs, in instructions: memory, mappings, files, locks, timers; then calls. Runs on Linux, too. */
/*
 * usage: widebench [--mib N] [ROW...]
 *
 * The output is vmbench's: name, unit, least, median, most, samples, mean. A sample is one sweep over all of the memory, or
 * over so many mappings, files, locks or timers as the row says, or some calls (wide_calls.c). Under -icount shift=0 a tick of the
 * `time` CSR is 100 instructions.
 */
#define _GNU_SOURCE
#include "wide_calls.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

static void ask_what_is_there(void)
{
	static unsigned char there[1 << 20];

	if (bytes / PAGE > sizeof(there) || mincore(memory, bytes, there))
		exit(1);
}

static void nothing(void)
{
}

/* ---- many mappings ---- */

#define MANY  20000u /* mappings of a page, none of which can be merged with the next */
#define SOME  10000u
#define FEWER 5000u
#define READS 20u
#define CALLS 1000u

static int fd = -1;

/* Every other page becomes one of another kind: a mapping of its own, as is what is left of the first. */
static void map_pages(unsigned n)
{
	bytes = n * PAGE;
	map();
	for (unsigned i = 1; i < n; i += 2)
		if (mprotect(memory + i * PAGE, PAGE, PROT_READ))
			exit(1);
}

static size_t bytes_before;

static void map_many(void)
{
	bytes_before = bytes;
	map_pages(MANY);
}

static void map_few(void)
{
	bytes_before = bytes;
	map_pages(2);
}

static void map_some(void)
{
	bytes_before = bytes;
	map_pages(SOME);
}

static void unmap_pages(void)
{
	unmap();
	bytes = bytes_before;
}

static void open_of_self(const char *path)
{
	fd = open(path, O_RDONLY);
	if (fd < 0)
		exit(1);
}

static void close_and_unmap(void)
{
	close(fd);
	unmap_pages();
}

/* Reads the whole file, or all that one read gives. */
static void read_often(void)
{
	static char text[1 << 16];

	for (unsigned i = 0; i < READS; i++)
		if (pread(fd, text, sizeof(text), 0) <= 0)
			exit(1);
}

static void read_to_the_end(void)
{
	static char text[1 << 16];
	ssize_t n;

	while ((n = read(fd, text, sizeof(text))) > 0)
		;
	if (n < 0)
		exit(1);
}

static void many_and_statm(void)
{
	map_many();
	open_of_self("/proc/self/statm");
}

static void many_and_status(void)
{
	map_many();
	open_of_self("/proc/self/status");
}

static void shared_and_statm(void)
{
	bytes_before = bytes;
	bytes = 64 * MIB;
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		exit(1);
	write_up(PAGE);
	open_of_self("/proc/self/statm");
}

static void many_and_maps(void)
{
	map_many();
	open_of_self("/proc/self/maps");
}

static void many_and_smaps(void)
{
	map_many();
	open_of_self("/proc/self/smaps");
}

static void *mapped[CALLS];

static void map_more(void)
{
	for (unsigned i = 0; i < CALLS; i++)
		mapped[i] = mmap(NULL, PAGE, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void unmap_more(void)
{
	for (unsigned i = 0; i < CALLS; i++)
		munmap(mapped[i], PAGE);
	unmap_pages();
}

/* ---- many files, locks and timers ---- */

static const char *name_of(unsigned i)
{
	static char name[32];

	snprintf(name, sizeof(name), "/tmp/widebench/%u", i);
	return name;
}

static void create(unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++) {
		int made = open(name_of(i), O_CREAT | O_EXCL | O_WRONLY, 0600);

		if (made < 0) {
			perror("widebench: create");
			exit(1);
		}
		close(made);
	}
}

static void create_some(void)
{
	(void)mkdir("/tmp", 0777);
	if (mkdir("/tmp/widebench", 0700))
		exit(1);
	create(0, SOME);
}

static void make_folder(void)
{
	(void)mkdir("/tmp", 0777);
	if (mkdir("/tmp/widebench", 0700))
		exit(1);
}

static void create_more(void)
{
	create(SOME, CALLS);
}

static void remove_more(void)
{
	for (unsigned i = SOME; i < SOME + CALLS; i++)
		unlink(name_of(i));
	rmdir("/tmp/widebench");
}

static void remove_all(void)
{
	for (unsigned i = 0; i < SOME; i++)
		unlink(name_of(i));
	remove_more();
}

static void set_lock(unsigned i)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = 2 * i, .l_len = 1 };

	if (fcntl(fd, F_SETLK, &lock)) {
		perror("widebench: lock");
		exit(1);
	}
}

static void open_to_lock(void)
{
	fd = memfd_create("locks", 0);
	if (fd < 0)
		exit(1);
}

static void lock_some(void)
{
	open_to_lock();
	for (unsigned i = 0; i < SOME; i++)
		set_lock(i);
}

static void lock_more(void)
{
	for (unsigned i = 0; i < CALLS; i++)
		set_lock(SOME + i);
}

static void close_it(void)
{
	close(fd);
}

static int timers[FEWER + CALLS];

static void make_timers(unsigned first, unsigned n)
{
	struct sigevent event = { .sigev_notify = SIGEV_NONE };

	for (unsigned i = first; i < first + n; i++)
		if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timers[i])) {
			perror("widebench: timer_create");
			exit(1);
		}
}

/* Each timer counts as a signal of its user's. */
static void make_some_timers(void)
{
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_SIGPENDING, &none))
		exit(1);
	make_timers(0, FEWER);
}

static void make_more_timers(void)
{
	make_timers(FEWER, CALLS);
}

static void delete_timers(unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++)
		syscall(SYS_timer_delete, timers[i]);
}

static void delete_more_timers(void)
{
	delete_timers(FEWER, CALLS);
}

static void delete_all_timers(void)
{
	delete_timers(0, FEWER + CALLS);
}

static const struct row {
	const char *name, *unit;
	size_t each; /* bytes that the unit has; 0: there are so many: */
	unsigned units;
	void (*before)(void);
	void (*measured)(void);
	void (*after)(void);
} rows[] = {
	{ "write_sweep", "page", PAGE, 0, map, write_pages, unmap },
	{ "write_sweep_down", "page", PAGE, 0, map, write_down, unmap },
	{ "read_sweep", "page", PAGE, 0, map, read_up, unmap },
	{ "write_what_was_read", "page", PAGE, 0, map_read, write_pages, unmap },
	{ "touch_one_of_512", "touch", LARGE, 0, map, write_tables, unmap },
	{ "touch_one_of_16", "touch", 16 * PAGE, 0, map, write_sixteenth, unmap },
	{ "fork_and_exit", "page", PAGE, 0, map_written, fork_and_exit, unmap },
	{ "write_after_the_child", "page", PAGE, 0, fork_before, write_pages, unmap },
	{ "mprotect_read_only", "page", PAGE, 0, map_written, forbid, unmap },
	{ "write_after_mprotect", "page", PAGE, 0, protected_before, write_pages, unmap },
	{ "mremap", "page", PAGE, 0, map_written, move, unmap_moved },
	{ "mlock_written", "page", PAGE, 0, map_written, lock, unmap },
	{ "munmap_written", "page", PAGE, 0, map_written, unmap, nothing },
	{ "mincore_written", "page", PAGE, 0, map_written, ask_what_is_there, unmap },
	{ "statm_of_20000", "read", 0, READS, many_and_statm, read_often, close_and_unmap },
	{ "status_of_20000", "read", 0, READS, many_and_status, read_often, close_and_unmap },
	{ "statm_of_64m_shared", "read", 0, READS, shared_and_statm, read_often, close_and_unmap },
	{ "maps_of_20000", "map", 0, MANY, many_and_maps, read_to_the_end, close_and_unmap },
	{ "smaps_of_20000", "map", 0, MANY, many_and_smaps, read_to_the_end, close_and_unmap },
	{ "mmap_among_few", "map", 0, CALLS, map_few, map_more, unmap_more },
	{ "mmap_among_10000", "map", 0, CALLS, map_some, map_more, unmap_more },
	{ "create_in_empty", "file", 0, CALLS, make_folder, create_more, remove_more },
	{ "create_among_10000", "file", 0, CALLS, create_some, create_more, remove_all },
	{ "lock_among_none", "lock", 0, CALLS, open_to_lock, lock_more, close_it },
	{ "lock_among_10000", "lock", 0, CALLS, lock_some, lock_more, close_it },
	{ "timer_among_none", "timer", 0, CALLS, nothing, make_more_timers, delete_more_timers },
	{ "timer_among_5000", "timer", 0, CALLS, make_some_timers, make_more_timers,
	  delete_all_timers },
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

static void measure_many(const struct row *row)
{
	const struct call_row call = {
		.name = row->name,
		.unit = row->unit,
		.units = row->each ? bytes / row->each : row->units,
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
			measure_many(&rows[row]);
	for (size_t row = 0; row < ncall_rows; row++)
		if (is_wanted(call_rows[row].name, argc, argv))
			measure(&call_rows[row]);
	puts("done");
	return 0;
}
