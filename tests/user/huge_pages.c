/* SPDX-License-Identifier: MIT */
/* Memory that is mapped by huge pages: what is left of them after each call on a part, and that all bytes stay what they were. */
#include "t.h"

#define HUGE  (2 * MIB)
#define SIZE  (4 * HUGE)
#define PAGES (SIZE / PAGE)

static unsigned char *memory;

static size_t kb_of(const char *at, const char *name)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	size_t sum = 0, kb;
	int here = 0;
	char line[512];

	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = start < (unsigned long)at + 2 * SIZE && (unsigned long)at < end;
		if (here && strncmp(line, name, strlen(name)) == 0 &&
		    sscanf(line + strlen(name), " %zu", &kb) == 1)
			sum += kb;
	}
	fclose(smaps);
	return sum;
}

/* Where `at` has no page the sum says so, and goes on. */
static unsigned sum_of(const unsigned char *at, size_t pages)
{
	unsigned char present[1];
	unsigned sum = 0;

	for (size_t page = 0; page < pages; page++) {
		if (mincore((void *)(at + page * PAGE), PAGE, present)) {
			sum = sum * 31 + 1;
			continue;
		}
		for (size_t i = 0; i < PAGE; i += 128)
			sum = sum * 31 + at[page * PAGE + i];
	}
	return sum;
}

static void show(const char *what)
{
	size_t huge = kb_of((char *)memory, "AnonHugePages:");

	say("%s: %zu kB huge, sum %08x\n", what, huge, sum_of(memory, 2 * PAGES));
}

/* Do the words of pagemap say that a page is there, and nobody else has it? */
static void show_words(const char *what, size_t page)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t word = 0;

	TRY(pread(fd, &word, sizeof(word), (off_t)(((uintptr_t)memory / PAGE + page) * 8)) == 8
		    ? 0
		    : -1);
	say("%s: page %zu %s, %s\n", what, page, word >> 63 ? "is there" : "is not there",
	    word >> 56 & 1 ? "for one process" : "shared or none");
	close(fd);
}

/* The second half of what is reserved is there to be moved to. */
static void begin(int advice)
{
	char *at = mmap(NULL, 2 * SIZE + HUGE, PROT_NONE, ANON, -1, 0);

	memory = (unsigned char *)(((uintptr_t)at + HUGE - 1) & ~(HUGE - 1));
	munmap(at, 2 * SIZE + HUGE);
	TRY(mmap(memory, SIZE, RW, ANON | MAP_FIXED, -1, 0) == memory ? 0 : -1);
	if (advice >= 0)
		TRY(madvise(memory, SIZE, advice));
	for (size_t page = 0; page < PAGES; page++)
		for (size_t i = 0; i < PAGE; i += 128)
			memory[page * PAGE + i] = (unsigned char)(page * 5 + i / 128 + 1);
}

static void end(void)
{
	munmap(memory, 2 * SIZE);
}

static void parts(void)
{
	begin(MADV_HUGEPAGE);
	show("all");
	TRY(munmap(memory + 7 * PAGE, 9 * PAGE));
	show("munmap in the first");
	TRY(madvise(memory + HUGE, HUGE, MADV_DONTNEED));
	show("dontneed of the second");
	memory[HUGE + 77 * PAGE] = 9;
	show("written again");
	TRY(madvise(memory + 2 * HUGE - PAGE, 2 * PAGE, MADV_DONTNEED));
	show("dontneed of a border");
	TRY(mprotect(memory + 3 * HUGE, HUGE, PROT_READ));
	show("mprotect of the last");
	TRY(mprotect(memory + 3 * HUGE, HUGE, RW));
	memory[3 * HUGE + 5] = 1;
	show("back, and written");
	TRY(mprotect(memory + 4 * HUGE - PAGE, PAGE, PROT_READ));
	show("mprotect of its end");
	end();
	begin(MADV_HUGEPAGE);
	TRY(mlock(memory + HUGE, HUGE));
	show("mlock of the second");
	TRY(munlock(memory + HUGE, HUGE));
	TRY(munmap(memory, HUGE));
	TRY(munmap(memory + 3 * HUGE - PAGE, 2 * PAGE));
	show("munmap of the first, and of a border");
	end();
}

static void moves(void)
{
	begin(MADV_HUGEPAGE);
	TRY(mremap(memory, 2 * HUGE, 2 * HUGE, MREMAP_MAYMOVE | MREMAP_FIXED, memory + SIZE) ==
			    memory + SIZE
		    ? 0
		    : -1);
	show("moved whole");
	TRY(mremap(memory + 2 * HUGE, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED, memory + PAGE) ==
			    memory + PAGE
		    ? 0
		    : -1);
	show("moved by a page");
	TRY(mremap(memory + SIZE, 2 * HUGE, HUGE + PAGE, 0) == memory + SIZE ? 0 : -1);
	show("made shorter");
	end();
}

static void child_writes(void)
{
	memory[3 * PAGE] = 200;
	show("child: one write");
	TRY(munmap(memory + HUGE, 2 * HUGE + PAGE));
	show("child: munmap");
	if (fork() == 0) {
		memset(memory + 3 * HUGE + PAGE, 7, HUGE - PAGE);
		show("grandchild");
		_exit(0);
	}
	wait(NULL);
	show("child: after that");
	_exit(0);
}

static void forks(void)
{
	int ends[2];
	char byte;

	begin(MADV_HUGEPAGE);
	if (fork() == 0)
		child_writes();
	wait(NULL);
	show("parent");
	show_words("parent", 5);
	show_words("parent", PAGES - 1);
	for (size_t page = 0; page < PAGES; page += 3)
		memory[page * PAGE + 128] ^= 0x55;
	show("parent writes alone");
	if (fork() == 0) {
		for (size_t page = 0; page < PAGES; page += 100)
			memory[page * PAGE]++;
		show("second child");
		show_words("second child", 101);
		_exit(0);
	}
	wait(NULL);
	TRY(madvise(memory + HUGE + PAGE, PAGE, MADV_DONTNEED));
	show("parent drops a page");
	TRY(pipe(ends));
	if (fork() == 0) {
		close(ends[1]);
		read(ends[0], &byte, 1); /* until the parent has written */
		TRY(munmap(memory, SIZE - PAGE));
		show("third child");
		_exit(0);
	}
	memory[5] = 1;
	memory[4 * HUGE - 1] = 1;
	show("parent writes beside the third child");
	close(ends[0]);
	close(ends[1]);
	wait(NULL);
	show("parent at last");
	end();
}

static void advice(void)
{
	char *page = mmap(NULL, 3 * PAGE, RW, ANON, -1, 0);

	begin(MADV_NOHUGEPAGE);
	show("MADV_NOHUGEPAGE");
	end();
	TRY(madvise(page + 1, PAGE, MADV_HUGEPAGE));
	TRY(madvise(page + 1, PAGE, MADV_NOHUGEPAGE));
	TRY(madvise(page, PAGE, MADV_HUGEPAGE));
	TRY(madvise(page, PAGE, MADV_NOHUGEPAGE));
	TRY(munmap(page + PAGE, PAGE));
	TRY(madvise(page, 3 * PAGE, MADV_HUGEPAGE));
	TRY(madvise(page, 3 * PAGE, MADV_NOHUGEPAGE));
	TRY(madvise(page, 0, MADV_HUGEPAGE));
	TRY(madvise(page + 1, PAGE, 25)); /* MADV_COLLAPSE */
}

/* The Linux that tests are recorded from is booted with "never". */
static void allow(void)
{
	int fd = TRY(open("/sys/kernel/mm/transparent_hugepage/enabled", O_WRONLY));

	TRY(write(fd, "madvise", 7));
	close(fd);
}

int main(void)
{
	allow();
	parts();
	moves();
	forks();
	advice();
	return 0;
}
