/* SPDX-License-Identifier: MIT */
/* maps, free, walk and frame: commands that show memory and swap. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh/builtin.h"
#include "sh/watch.h"

#define KIB_PER_PAGE 4

static const char *watch_name_of(const struct faultline_vma *vma)
{
	if (vma->flags & FAULTLINE_VMA_STACK)
		return "stack";
	if (vma->flags & FAULTLINE_VMA_HEAP)
		return "heap";
	return vma->flags & FAULTLINE_VMA_IMAGE ? "image" : "";
}

static void show_vma(const struct faultline_vma *vma)
{
	unsigned long faults = 0;

	for (unsigned i = 0; i < FAULTLINE_KINDS; i++)
		faults += vma->faults[i];
	printf("%010lx-%010lx %c%c%c%c %8lu KiB %6lu faults %s %s\n", (unsigned long)vma->start,
	       (unsigned long)vma->end, vma->flags & FAULTLINE_VMA_READ ? 'r' : '-',
	       vma->flags & FAULTLINE_VMA_WRITE ? 'w' : '-',
	       vma->flags & FAULTLINE_VMA_EXEC ? 'x' : '-',
	       vma->flags & FAULTLINE_VMA_SHARED ? 's' : 'p',
	       (unsigned long)(vma->end - vma->start) / 1024, faults, vma->kind,
	       watch_name_of(vma));
}

static int maps_of_linux(int pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	return watch_show_file(path) ? 0 : watch_refused("maps");
}

/* Says where the pages are. Prints nothing if the process has ended meanwhile. */
static void show_pages_of(int pid)
{
	struct faultline_process process;

	if (watch_command_ask(FAULTLINE_PROCESS, (unsigned long)pid, &process, sizeof(process),
			      0) != 1)
		return;
	printf("in memory %lu KiB, in swap %lu KiB, page tables %lu KiB\n",
	       (unsigned long)process.resident * KIB_PER_PAGE,
	       (unsigned long)process.swapped * KIB_PER_PAGE,
	       (unsigned long)process.tables * KIB_PER_PAGE);
}

int watch_maps(int argc, char **argv)
{
	struct faultline_vma vmas[16];
	unsigned long from = 0;
	int pid = watch_pid(argc, argv);
	long n;

	if (!pid)
		return 2;
	do {
		n = watch_command_ask(FAULTLINE_VMAS, (unsigned long)pid, vmas, sizeof(vmas), from);
		if (n < 0)
			return errno == ENOSYS ? maps_of_linux(pid) : watch_refused("maps");
		for (long i = 0; i < n; i++)
			show_vma(&vmas[i]);
		from = n ? vmas[n - 1].end : from;
	} while (n > 0);
	show_pages_of(pid);
	return 0;
}

static void watch_show_memory(const char *what, unsigned long n, const char *unit)
{
	printf("%-12s %8lu %-6s %9lu KiB\n", what, n, unit, n * KIB_PER_PAGE);
}

static void show_frames(const char *what, unsigned long frames)
{
	watch_show_memory(what, frames, "frames");
}

/* Prints nothing about a swap disk that is not there. */
static int watch_show_swap(const struct faultline_machine *machine)
{
	struct faultline_reclaim reclaim;

	if (!machine->swap)
		return 0;
	if (watch_command_ask(FAULTLINE_RECLAIM, 0, &reclaim, sizeof(reclaim), 0) < 0)
		return watch_refused("free");
	watch_show_memory("swap", machine->swap, "pages");
	watch_show_memory("swap free", machine->free_swap, "pages");
	watch_show_memory("swap written", reclaim.written, "pages");
	watch_show_memory("swap read", reclaim.read, "pages");
	return 0;
}

/* What is counted of memory that faults fill ahead of its use, in the order in which it is shown. */
enum ahead {
	BLOCKS,
	MADE,
	REFUSED,
	SPLIT,
	SPLIT_WRITE,
	SPLIT_PART,
	SPLIT_PINNED,
	SPLIT_MOVE,
	SPLIT_RECLAIM,
	RUNS,
	FILLED,
	ZEROS,
	WRITABLE,
	COUNTS
};

static const char *const ahead_names[COUNTS] = {
	[BLOCKS] = "nr_anon_transparent_hugepages",
	[MADE] = "thp_fault_alloc",
	[REFUSED] = "thp_fault_fallback",
	[SPLIT] = "thp_split_pmd",
	[SPLIT_WRITE] = "split_write",
	[SPLIT_PART] = "split_part",
	[SPLIT_PINNED] = "split_pinned",
	[SPLIT_MOVE] = "split_move",
	[SPLIT_RECLAIM] = "split_reclaim",
	[RUNS] = "run_faults",
	[FILLED] = "run_pages",
	[ZEROS] = "run_zero_pages",
	[WRITABLE] = "run_reused_pages",
};

/* Reads them from /proc/vmstat. Returns false if it is not there. */
static bool read_ahead(unsigned long counts[COUNTS])
{
	FILE *file = fopen("/proc/vmstat", "r");
	char name[64];
	unsigned long n;

	if (!file)
		return false;
	while (fscanf(file, "%63s %lu", name, &n) == 2)
		for (int i = 0; i < COUNTS; i++)
			if (strcmp(name, ahead_names[i]) == 0)
				counts[i] = n;
	fclose(file);
	return true;
}

static void show_ahead(void)
{
	unsigned long n[COUNTS] = { 0 };

	if (!read_ahead(n))
		return;
	printf("superpages   %8lu now, %lu made, %lu times none was free\n", n[BLOCKS], n[MADE],
	       n[REFUSED]);
	printf("  split      %8lu: %lu by writes, %lu by parts, %lu pinned, %lu moved, %lu by reclaim\n",
	       n[SPLIT], n[SPLIT_WRITE], n[SPLIT_PART], n[SPLIT_PINNED], n[SPLIT_MOVE],
	       n[SPLIT_RECLAIM]);
	printf("runs         %8lu faults, which filled %lu pages ahead and %lu with zeros; %lu reused\n",
	       n[RUNS], n[FILLED], n[ZEROS], n[WRITABLE]);
}

int watch_memory_free(int argc, char **argv)
{
	struct faultline_machine machine;
	struct faultline_frames frames;

	(void)argc, (void)argv;
	if (watch_command_ask(FAULTLINE_MACHINE, 0, &machine, sizeof(machine), 0) < 0) {
		if (errno == ENOSYS && watch_show_file("/proc/meminfo"))
			return 0;
		return watch_refused("free");
	}
	show_frames("all", machine.frames);
	show_frames("free", machine.free_frames);
	if (watch_command_ask(FAULTLINE_FRAMES, 0, &frames, sizeof(frames), 0) < 0)
		return watch_refused("free");
	show_frames("private", frames.anonymous);
	show_frames("files", frames.object);
	show_frames("page tables", frames.tables);
	show_frames("kernel", frames.kernel);
	show_ahead();
	return watch_show_swap(&machine);
}

/* Parses a hexadecimal number. Returns false after a message if the word is not one. */
static bool read_address(const char *command, const char *word, unsigned long *ret)
{
	char *end;

	*ret = strtoul(word, &end, 16);
	if (*word && !*end)
		return true;
	dprintf(STDERR_FILENO, "sh: %s: %s is not an address\n", command, word);
	return false;
}

/* Prints "root[0] table 0x..., middle[1] ...", one level a line. */
static void watch_show_walk(const char *text)
{
	const char *comma;

	while ((comma = strstr(text, ", "))) {
		printf("%.*s\n", (int)(comma - text), text);
		text = comma + 2;
	}
	puts(text);
}

int watch_walk(int argc, char **argv)
{
	char text[2048];
	unsigned long address;
	int pid;

	if (argc != 3) {
		dprintf(STDERR_FILENO, "usage: walk PID ADDRESS\n");
		return 2;
	}
	pid = watch_pid(argc, argv);
	if (!pid || !read_address("walk", argv[2], &address))
		return 2;
	if (watch_command_ask(FAULTLINE_WALK, (unsigned long)pid, text, sizeof(text), address) < 0)
		return watch_refused("walk");
	watch_show_walk(text);
	return 0;
}

static void show_frame(const struct faultline_frame *frame)
{
	static const char *const kinds[FAULTLINE_FRAME_KINDS] = {
		"free",	   "reserved",	"the kernel's",	 "page table",
		"private", "of a file", "page of zeros", "registers of a device",
	};

	printf("%#lx %s", (unsigned long)frame->address,
	       frame->kind < FAULTLINE_FRAME_KINDS ? kinds[frame->kind] : "?");
	if (frame->kind == FAULTLINE_FRAME_FILE)
		printf(", its page %lu", (unsigned long)frame->index);
	printf(": mapped by %u entries, references: %u\n", frame->mapped, frame->references);
}

int watch_frame(int argc, char **argv)
{
	struct faultline_frame frame;
	unsigned long address;
	long n;

	if (argc != 2) {
		dprintf(STDERR_FILENO, "usage: frame ADDRESS\n");
		return 2;
	}
	if (!read_address("frame", argv[1], &address))
		return 2;
	n = watch_command_ask(FAULTLINE_FRAME, address, &frame, sizeof(frame), 0);
	if (n < 0)
		return watch_refused("frame");
	if (n == 0) {
		dprintf(STDERR_FILENO,
			"sh: frame: this address is not in the memory that the kernel uses\n");
		return 1;
	}
	show_frame(&frame);
	return 0;
}
