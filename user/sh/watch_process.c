/* SPDX-License-Identifier: MIT */
/* ps, faults and trace: commands that show processes and their faults. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/counter.h"
#include "sh/builtin.h"
#include "sh/copies.h"
#include "sh/watch.h"

#define TRACE_SHOWN 20

static const char *const kinds[FAULTLINE_KINDS] = {
	"not mapped", "forbidden", "accessed", "spurious",    "swapped",
	"fill",	      "reuse",	   "cow",      "first write",
};

static unsigned long served(const struct faultline_process *process)
{
	unsigned long sum = 0;

	for (unsigned i = 0; i < FAULTLINE_KINDS; i++)
		sum += process->faults[i];
	return sum;
}

static int ps_of_linux(void)
{
	DIR *folder = opendir("/proc");
	char path[300], line[512];
	struct dirent *entry;

	if (!folder)
		return watch_refused("ps");
	while ((entry = readdir(folder))) {
		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		FILE *file = isdigit((unsigned char)entry->d_name[0]) ? fopen(path, "r") : NULL;

		if (file && fgets(line, sizeof(line), file))
			printf("%.70s\n", line);
		if (file)
			fclose(file);
	}
	closedir(folder);
	return 0;
}

/*
 * A copy of the prompt that runs one of its own commands is shown as, for example, "sh: cat". On one hart nobody needs to
 * be told which.
 */
static void show_process(const struct faultline_process *process, unsigned long harts)
{
	static const char states[] = { 'R', 'E', 'Z', 'T', 'S' };
	const char *own = copies_find(process->pid, process->parent);

	printf("%5d %7d %c ", process->pid, process->parent,
	       process->state < sizeof(states) ? states[process->state] : '?');
	if (harts > 1)
		printf("%4lu ", (unsigned long)process->hart);
	printf("%7lu %8lu %8lu %7lu %.16s%s%s\n", (unsigned long)process->threads,
	       (unsigned long)process->resident * 4, (unsigned long)process->swapped * 4,
	       served(process), process->name, own ? ": " : "", own ? own : "");
}

int watch_ps(int argc, char **argv)
{
	struct faultline_process all[8];
	struct faultline_machine machine = { .harts = 1 };
	long n, after = 0;

	(void)argc, (void)argv;
	(void)watch_command_ask(FAULTLINE_MACHINE, 0, &machine, sizeof(machine), 0);
	do {
		n = watch_command_ask(FAULTLINE_PROCESSES, (unsigned long)after, all, sizeof(all),
				      0);
		if (n < 0)
			return errno == ENOSYS ? ps_of_linux() : watch_refused("ps");
		if (after == 0)
			printf("  PID  PARENT S %sTHREADS      KIB SWAP KIB  FAULTS NAME\n",
			       machine.harts > 1 ? "HART " : "");
		for (long i = 0; i < n; i++)
			show_process(&all[i], machine.harts);
		after = n ? all[n - 1].pid : after;
	} while (n > 0);
	return 0;
}

static int faults_of_linux(int pid)
{
	unsigned long minor, major;
	char path[64], line[1024];
	FILE *file;
	bool got;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return watch_refused("faults");
	got = fgets(line, sizeof(line), file) && strrchr(line, ')') &&
	      sscanf(strrchr(line, ')'), ") %*c %*d %*d %*d %*d %*d %*u %lu %*u %lu", &minor,
		     &major) == 2;
	fclose(file);
	if (got)
		printf("%8lu minor faults\n%8lu major faults\n", minor, major);
	return got ? 0 : 1;
}

int watch_faults(int argc, char **argv)
{
	struct faultline_process process;
	int pid = watch_pid(argc, argv);

	if (!pid)
		return 2;
	if (watch_command_ask(FAULTLINE_PROCESS, (unsigned long)pid, &process, sizeof(process), 0) <
	    0)
		return errno == ENOSYS ? faults_of_linux(pid) : watch_refused("faults");
	printf("%.16s[%d]\n", process.name, process.pid);
	for (unsigned i = 0; i < FAULTLINE_KINDS; i++)
		if (process.faults[i])
			printf("%8lu %s\n", (unsigned long)process.faults[i], kinds[i]);
	printf("%8lu of them mapped the zero page\n", (unsigned long)process.zero_fills);
	printf("%8lu pages of files mapped by fault-around\n", (unsigned long)process.around);
	printf("%8lu private pages filled ahead, in runs\n", (unsigned long)process.ahead);
	return 0;
}

static void show_fault(const struct faultline_fault *fault)
{
	char access = fault->access & FAULTLINE_VMA_WRITE  ? 'w'
		      : fault->access & FAULTLINE_VMA_EXEC ? 'x'
							   : 'r';

	printf("%5d %c %010lx  %16lx %6u %s%s\n", fault->pid, access, (unsigned long)fault->address,
	       (unsigned long)fault->pc, fault->cost,
	       fault->kind < FAULTLINE_KINDS ? kinds[fault->kind] : "?",
	       fault->result ? ", refused" : "");
}

/* The last records of all harts, in the order in which the faults came. */
static struct faultline_fault last[64 * FAULTLINE_TRACE_MAX];

static int compare_times(const void *a, const void *b)
{
	const struct faultline_fault *left = a, *right = b;

	return left->time < right->time ? -1 : left->time > right->time;
}

/* Returns their number, or -1. */
static long watch_collect(unsigned long harts)
{
	static struct faultline_trace trace;
	unsigned long n = 0;

	for (unsigned long hart = 0; hart < harts && hart < 64; hart++) {
		if (watch_command_ask(FAULTLINE_TRACE, hart, &trace, sizeof(trace), 0) < 0)
			return -1;
		memcpy(&last[n], trace.faults, trace.count * sizeof(last[0]));
		n += trace.count;
	}
	qsort(last, n, sizeof(last[0]), compare_times);
	return (long)n;
}

int watch_trace(int argc, char **argv)
{
	unsigned long wanted = argc > 1 ? strtoul(argv[1], NULL, 10) : TRACE_SHOWN;
	struct faultline_machine machine;
	long n;

	if (watch_command_ask(FAULTLINE_MACHINE, 0, &machine, sizeof(machine), 0) < 0)
		return watch_refused("trace");
	n = watch_collect(machine.harts);
	if (n < 0)
		return watch_refused("trace");
	puts(counter_is_exact()
		     ? "COST is in instructions."
		     : "COST is in ticks of the host's clock: run.sh --icount counts instructions.");
	puts("  PID    ADDRESS                 PC   COST KIND");
	for (long i = wanted < (unsigned long)n ? n - (long)wanted : 0; i < n; i++)
		show_fault(&last[i]);
	return 0;
}
