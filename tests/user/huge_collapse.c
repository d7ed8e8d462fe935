/* SPDX-License-Identifier: MIT */
/* MADV_COLLAPSE: which memory gets huge pages on advice, and what it holds then. */
#include "t.h"

#define HUGE	 (2 * MIB)
#define COLLAPSE 25

static unsigned char *memory;
static size_t size;

static size_t kb_of(const char *name)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	size_t sum = 0, kb;
	int here = 0;
	char line[512];

	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = start < (unsigned long)memory + size && (unsigned long)memory < end;
		if (here && strncmp(line, name, strlen(name)) == 0 &&
		    sscanf(line + strlen(name), " %zu", &kb) == 1)
			sum += kb;
	}
	fclose(smaps);
	return sum;
}

static void begin(size_t bytes)
{
	char *at = mmap(NULL, bytes + HUGE, PROT_NONE, ANON, -1, 0);

	memory = (unsigned char *)(((uintptr_t)at + HUGE - 1) & ~(HUGE - 1));
	size = bytes;
	munmap(at, bytes + HUGE);
	TRY(mmap(memory, bytes, RW, ANON | MAP_FIXED, -1, 0) == memory ? 0 : -1);
}

static void fill(size_t from, size_t to)
{
	for (size_t i = from; i < to; i += PAGE)
		memory[i] = (unsigned char)(i / PAGE % 251 + 1);
}

static void begin_full(size_t bytes)
{
	begin(bytes);
	fill(0, bytes);
}

static void end(void)
{
	munmap(memory, size);
}

static void collapse(const char *what, size_t at, size_t bytes)
{
	int failed = madvise(memory + at, bytes, COLLAPSE);
	const char *error = failed ? strerrorname_np(errno) : "0";

	say("%s: %s, %zu kB of %zu kB huge\n", what, error, kb_of("AnonHugePages:"), kb_of("Rss:"));
}

/* How many pages hold what fill() has written, and how many nothing? */
static void show_bytes(void)
{
	size_t full = 0, empty = 0;

	for (size_t i = 0; i < size; i += PAGE) {
		full += memory[i] == (unsigned char)(i / PAGE % 251 + 1);
		empty += memory[i] == 0;
	}
	say("%zu pages as written, %zu of zeros\n", full, empty);
}

static void holes(void)
{
	begin(4 * HUGE);
	collapse("never touched", 0, size);
	fill(0, PAGE);
	collapse("one page", 0, HUGE);
	fill(HUGE + 5 * PAGE, HUGE + 6 * PAGE);
	fill(2 * HUGE - PAGE, 2 * HUGE);
	collapse("two pages, and no whole block", HUGE + PAGE, HUGE);
	collapse("two pages", HUGE, HUGE);
	collapse("parts on both sides", HUGE - PAGE, HUGE + 2 * PAGE);
	collapse("what is huge", 0, 2 * HUGE);
	collapse("a page", 0, PAGE);
	collapse("nothing", 0, 0);
	(void)*(volatile unsigned char *)&memory[2 * HUGE];
	collapse("one page that was read", 2 * HUGE, HUGE);
	fill(3 * HUGE, 4 * HUGE);
	collapse("that, and a full one", 2 * HUGE, 2 * HUGE);
	show_bytes();
	end();
}

static void switches(void)
{
	begin_full(2 * HUGE);
	TRY(madvise(memory, size, MADV_NOHUGEPAGE));
	collapse("MADV_NOHUGEPAGE", 0, size);
	TRY(madvise(memory, size, MADV_HUGEPAGE));
	collapse("MADV_HUGEPAGE", 0, size);
	show_bytes();
	end();
	begin_full(2 * HUGE);
	TRY(mlock(memory, size));
	collapse("locked", 0, size);
	show_bytes();
	end();
}

static void permissions(void)
{
	begin_full(2 * HUGE);
	TRY(mprotect(memory, size, PROT_READ));
	collapse("read only", 0, size);
	show_bytes();
	TRY(mprotect(memory, size, PROT_NONE));
	collapse("PROT_NONE", 0, size);
	TRY(mprotect(memory, size, RW));
	fill(7 * PAGE, 8 * PAGE);
	fill(HUGE, HUGE + PAGE);
	collapse("written again", 0, size);
	show_bytes();
	end();
}

static void areas(void)
{
	begin_full(2 * HUGE);
	TRY(mprotect(memory + PAGE, PAGE, PROT_READ));
	collapse("three areas", 0, size);
	collapse("the last one", 2 * PAGE, size - 2 * PAGE);
	show_bytes();
	end();
	begin_full(3 * HUGE);
	TRY(munmap(memory + HUGE, HUGE));
	collapse("a hole", 0, size);
	end();
	collapse("not mapped", 0, size);
	say("misaligned: %d\n", madvise(memory + 1, HUGE, COLLAPSE));
}

static void forks(void)
{
	begin_full(2 * HUGE);
	if (fork() == 0) {
		collapse("child", 0, size);
		memory[PAGE] = 255;
		collapse("child that has written", 0, HUGE);
		show_bytes();
		_exit(0);
	}
	wait(NULL);
	show_bytes();
	collapse("parent", 0, size);
	memory[PAGE] = 254;
	collapse("parent that has written", 0, HUGE);
	show_bytes();
	if (fork() == 0) {
		memory[2 * PAGE] = 255;
		show_bytes();
		_exit(0);
	}
	wait(NULL);
	show_bytes();
	TRY(munmap(memory + 9 * PAGE, PAGE));
	end();
}

/* Nothing becomes huge unless it is asked for, here and on the Linux that this is recorded from. */
static void ask_first(void)
{
	int fd = TRY(open("/sys/kernel/mm/transparent_hugepage/enabled", O_WRONLY));

	TRY(write(fd, "madvise", 7));
	close(fd);
}

int main(void)
{
	ask_first();
	holes();
	switches();
	permissions();
	areas();
	forks();
	return 0;
}
