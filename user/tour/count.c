/* SPDX-License-Identifier: MIT */
/* Reads the counters of this process and the machine, by Faultline's own call or from /proc. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "abi/faultline.h"
#include "count.h"

static bool own; /* the kernel has Faultline's own call */
static int pagemap = -1;

/* Reads a small file of /proc. Returns "" if it cannot be read. */
static const char *proc_text(const char *path)
{
	static char text[4096];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* Finds "NAME: N kB" in the text. Returns N in pages, or UNKNOWN. */
static long proc_pages(const char *text, const char *name)
{
	const char *found = strstr(text, name);

	return found ? strtol(found + strlen(name), NULL, 10) / 4 : UNKNOWN;
}

static void tour_read_own(struct counts *ret)
{
	static struct faultline_process is;
	static struct faultline_machine machine;

	syscall(SYS_faultline, FAULTLINE_MACHINE, 0, &machine, sizeof(machine), 0);
	syscall(SYS_faultline, FAULTLINE_PROCESS, 0, &is, sizeof(is), 0);
	ret->frames = -(long)(machine.free_frames + is.tables);
	ret->tables = (long)is.tables;
	ret->around = (long)is.around;
	ret->grown = (long)is.stack_grown;
	ret->kinds[KIND_FILL] = (long)is.faults[FAULTLINE_FILL];
	ret->kinds[KIND_COW] = (long)is.faults[FAULTLINE_COW];
	ret->kinds[KIND_REUSE] = (long)is.faults[FAULTLINE_REUSE];
	ret->kinds[KIND_OTHER] = 0;
	for (int i = 0; i < FAULTLINE_KINDS; i++)
		if (i != FAULTLINE_FILL && i != FAULTLINE_COW && i != FAULTLINE_REUSE)
			ret->kinds[KIND_OTHER] += (long)is.faults[i];
}

static void read_proc(struct counts *ret)
{
	ret->frames = proc_pages(proc_text("/proc/self/smaps_rollup"), "\nRss:");
	ret->tables = proc_pages(proc_text("/proc/self/status"), "\nVmPTE:");
	ret->around = ret->grown = UNKNOWN;
	for (int i = 0; i < KINDS; i++)
		ret->kinds[i] = UNKNOWN;
}

void count_rest(struct counts *ret)
{
	if (own)
		tour_read_own(ret);
	else
		read_proc(ret);
}

void tour_count_faults(struct counts *ret)
{
	static struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	ret->faults = usage.ru_minflt + usage.ru_majflt;
}

bool count_has_kinds(void)
{
	return own;
}

static void machine_of_linux(struct machine *ret)
{
	struct sysinfo info;
	cpu_set_t harts;

	if (sysinfo(&info) == 0) {
		ret->memory_mib = (long)(info.totalram * info.mem_unit / MIB);
		ret->free_mib = (long)(info.freeram * info.mem_unit / MIB);
	}
	if (sched_getaffinity(0, sizeof(harts), &harts) == 0)
		ret->harts = CPU_COUNT(&harts);
}

void count_machine(struct machine *ret)
{
	struct faultline_machine is;

	*ret = (struct machine){ .memory_mib = UNKNOWN, .free_mib = UNKNOWN, .harts = UNKNOWN };
	if (!own) {
		machine_of_linux(ret);
		return;
	}
	if (syscall(SYS_faultline, FAULTLINE_MACHINE, 0, &is, sizeof(is), 0) == 1) {
		ret->memory_mib = (long)(is.frames * PAGE / MIB);
		ret->free_mib = (long)(is.free_frames * PAGE / MIB);
		ret->harts = (long)is.harts;
		ret->free_frames = (long)is.free_frames;
		ret->swap = (long)is.swap;
		ret->free_swap = (long)is.free_swap;
	}
}

void count_paging(const void *set, struct paging *ret)
{
	struct faultline_process is = { 0 };
	struct faultline_reclaim reclaim = { 0 };
	struct faultline_vma vma = { 0 };

	syscall(SYS_faultline, FAULTLINE_RECLAIM, 0, &reclaim, sizeof(reclaim), 0);
	syscall(SYS_faultline, FAULTLINE_PROCESS, 0, &is, sizeof(is), 0);
	syscall(SYS_faultline, FAULTLINE_VMAS, getpid(), &vma, sizeof(vma), set);
	*ret = (struct paging){ .major = (long)is.waited,
				.written = (long)reclaim.written,
				.read = (long)reclaim.read };
	for (int i = 0; i < FAULTLINE_KINDS; i++)
		ret->faults += vma.faults[i];
}

void count_mark(int number, const char *call)
{
	char name[64];
	int n = snprintf(name, sizeof(name), "%d %s", number, call);

	syscall(SYS_faultline, FAULTLINE_MARK, FAULTLINE_MARK_HERE, name,
		n < FAULTLINE_MARK_BYTES ? n : FAULTLINE_MARK_BYTES, 0);
}

bool page_walk(const volatile void *page, struct walk *ret)
{
	static char text[512];
	const char *at = text;

	*ret = (struct walk){ 0 };
	if (!own || syscall(SYS_faultline, FAULTLINE_WALK, 0, text, sizeof(text), page) < 0)
		return false;
	while (ret->levels < WALK_LEVELS && (at = strchr(at, '[')) != NULL)
		ret->index[ret->levels++] = (unsigned)strtoul(++at, NULL, 10);
	at = strstr(text, "frame "); /* if the page is mapped */
	if (at)
		ret->frame = strtol(at + 6, NULL, 0);
	return true;
}

/* A leaf above the last level has the frame of its first page. */
static long own_frame(const volatile void *page)
{
	struct walk walk;

	if (!page_walk(page, &walk))
		return UNKNOWN;
	if (walk.frame == 0 || walk.levels == WALK_LEVELS)
		return walk.frame;
	return walk.frame + (long)((uintptr_t)page % LARGE & ~(PAGE - 1));
}

/* Linux tells every user whether a page is present, but only the superuser its frame. */
static long linux_frame(const volatile void *page)
{
	static uint64_t entry;
	off_t at = (off_t)((uintptr_t)page / PAGE * sizeof(entry));

	if (pagemap < 0 || pread(pagemap, &entry, sizeof(entry), at) != sizeof(entry))
		return UNKNOWN;
	if (!(entry >> 63))
		return 0;
	entry &= (1ull << 55) - 1;
	return entry ? (long)(entry * PAGE) : 1;
}

long page_frame(const volatile void *page)
{
	return own ? own_frame(page) : linux_frame(page);
}

long count_large(const volatile void *at)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	unsigned long start, end, kib;
	bool here = false;
	char line[256];
	long found = UNKNOWN;

	while (smaps && fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = start <= (uintptr_t)at && (uintptr_t)at < end;
		else if (here && sscanf(line, "AnonHugePages: %lu kB", &kib) == 1)
			found = (long)kib;
	}
	if (smaps)
		fclose(smaps);
	return found;
}

/* The hart has frames at hand then: splitting a large block, as is done once in a while, is no cost of a step. */
static void have_frames(void)
{
	const size_t n = 64 * PAGE;
	char *at = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return;
	memset(at, 1, n);
	munmap(at, n);
}

void count_setup(void)
{
	static struct faultline_process is;

	own = syscall(SYS_faultline, FAULTLINE_PROCESS, 0, &is, sizeof(is), 0) == 1;
	have_frames();
	if (!own)
		pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
}
