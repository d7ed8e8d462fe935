/* SPDX-License-Identifier: MIT */
/* Huge pages that are cut into many parts, shared by trees of processes, and written from outside: the bytes, and what is left. */
#include "t.h"

#include <stdbool.h>
#include <sys/uio.h>

#define HUGE   (2 * MIB)
#define BLOCK  (HUGE / PAGE)
#define BLOCKS 4u
#define SIZE   (BLOCKS * HUGE)
#define PAGES  (BLOCKS * BLOCK)

static unsigned char *memory;
static uint64_t chance;

static unsigned below(unsigned n)
{
	chance = chance * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(chance >> 33) % n;
}

static void reserve(void)
{
	char *at = mmap(NULL, SIZE + HUGE, PROT_NONE, ANON, -1, 0);

	memory = (unsigned char *)(((uintptr_t)at + HUGE - 1) & ~(HUGE - 1));
}

/* Nothing else is placed there. */
static void unmap(void)
{
	if (mmap(memory, SIZE, PROT_NONE, ANON | MAP_FIXED, -1, 0) != memory)
		_exit(98);
}

static void map(void)
{
	if (mmap(memory, SIZE, RW, ANON | MAP_FIXED, -1, 0) != memory)
		_exit(98);
}

static void fill(unsigned seed)
{
	for (size_t page = 0; page < PAGES; page++)
		for (size_t i = 0; i < PAGE; i += 512)
			memory[page * PAGE + i] = (unsigned char)(page * 7 + i / 512 + seed);
}

static bool is_filled(size_t page, unsigned seed)
{
	for (size_t i = 0; i < PAGE; i += 512)
		if (memory[page * PAGE + i] != (unsigned char)(page * 7 + i / 512 + seed))
			return false;
	return true;
}

static unsigned sum(void)
{
	unsigned sum = 0;

	for (size_t i = 0; i < SIZE; i += 256)
		sum = sum * 31 + memory[i];
	return sum;
}

static long resident(void)
{
	char text[128] = "";
	int fd = open("/proc/self/statm", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	return n > 0 ? strtol(strchr(text, ' '), NULL, 10) : -1;
}

/* ---- parts ---- */

/* Each page goes by a call of its own, in an order by lot: 10,240 parts. After some, the pages beside it are what they were. */
static void unmap_pages(unsigned round)
{
	static unsigned short order[PAGES];
	unsigned wrong = 0;

	map();
	if (round % 2)
		madvise(memory, SIZE, MADV_HUGEPAGE);
	fill(round);
	for (unsigned i = 0; i < PAGES; i++)
		order[i] = (unsigned short)i;
	for (unsigned i = PAGES; i-- > 1;) {
		unsigned j = below(i + 1);
		unsigned short page = order[i];

		order[i] = order[j];
		order[j] = page;
	}
	for (unsigned i = 0; i < PAGES; i++) {
		if (munmap(memory + order[i] * PAGE, PAGE) != 0)
			wrong++;
		if (i + 1 < PAGES && !is_filled(order[i + 1], round))
			wrong++;
	}
	say("round %u: %u wrong\n", round, wrong);
}

/* Linux counts what is resident by the processor, and not exactly; but a block that stays would be seen. */
static void parts(void)
{
	long before;

	unmap_pages(0);
	before = resident();
	for (unsigned round = 1; round < 5; round++)
		unmap_pages(round);
	say("resident as before: %d\n", resident() - before < (long)BLOCK / 2);
}

/* ---- what is not whole ---- */

/* Mappings of a block less a page, between which there are pages of another kind. */
static void not_whole(void)
{
	int status;

	map();
	for (unsigned block = 0; block < BLOCKS; block++) {
		TRY(mprotect(memory + block * HUGE + (block * 200) * PAGE, PAGE, PROT_READ));
		TRY(madvise(memory + block * HUGE, HUGE, MADV_HUGEPAGE));
	}
	for (size_t page = 0; page < PAGES; page++)
		if (page % BLOCK != page / BLOCK * 200)
			memory[page * PAGE + 256] = (unsigned char)(page + 3);
	say("less a page: sum %08x\n", sum());
	for (unsigned block = 0; block < BLOCKS; block++)
		TRY(mprotect(memory + block * HUGE, HUGE, RW));
	fill(9);
	say("whole: sum %08x\n", sum());
	if (fork() == 0) {
		for (unsigned block = 0; block < BLOCKS; block++)
			TRY(madvise(memory + block * HUGE + PAGE, HUGE - PAGE, MADV_DONTNEED));
		say("child keeps a page of each: sum %08x\n", sum());
		_exit(0);
	}
	wait(&status);
	say("parent: sum %08x\n", sum());
	unmap();
}

static void nonsense(void)
{
	static const int advice[] = { MADV_HUGEPAGE, MADV_NOHUGEPAGE };
	char *shared = mmap(NULL, HUGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0), here;
	char *none = mmap(NULL, HUGE, PROT_NONE, ANON, -1, 0);

	map();
	for (unsigned i = 0; i < 2; i++) {
		say("advice %d\n", advice[i]);
		TRY(madvise((char *)((uintptr_t)nonsense & -PAGE), PAGE, advice[i]));
		TRY(madvise((char *)((uintptr_t)&here & -PAGE), PAGE, advice[i]));
		TRY(madvise(shared, HUGE, advice[i]));
		TRY(madvise(none, HUGE, advice[i]));
		TRY(madvise(memory, 0, advice[i]));
		TRY(madvise(memory, -PAGE, advice[i]));
		TRY(madvise(memory + 1, PAGE, advice[i]));
		TRY(madvise(memory, 1, advice[i]));
		TRY(madvise(NULL, PAGE, advice[i]));
		TRY(madvise((char *)0xffffffc000000000, PAGE, advice[i]));
	}
	fill(1);
	say("sum %08x\n", sum());
	unmap();
	munmap(shared, HUGE);
	munmap(none, HUGE);
}

/* ---- trees ---- */

/* Each process writes some pages, has children that do so, and finds what it had before them. */
static void tree(unsigned depth, unsigned number)
{
	unsigned before;

	for (size_t page = number * 11 % 37; page < PAGES; page += 37 + depth)
		memory[page * PAGE + 256 * depth] = (unsigned char)(number + page);
	if (depth % 2)
		madvise(memory + (number % BLOCKS) * HUGE + PAGE, 3 * PAGE, MADV_DONTNEED);
	before = sum();
	for (unsigned child = 0; depth < 3 && child < 3; child++) {
		int status;

		if (fork() == 0) {
			tree(depth + 1, number * 3 + child + 1);
			_exit(0);
		}
		wait(&status);
		if (sum() != before)
			say("process %u has changed with child %u\n", number, child);
	}
	say("process %u: sum %08x\n", number, before);
}

static void trees(void)
{
	map();
	fill(5);
	tree(0, 0);
	unmap();
}

/* ---- from outside ---- */

struct ends {
	int go[2], done[2];
};

static void step(const struct ends *ends)
{
	char byte = 0;

	if (write(ends->done[1], &byte, 1) != 1 || read(ends->go[0], &byte, 1) != 1)
		_exit(97);
}

static void await(const struct ends *ends)
{
	char byte;

	if (read(ends->done[0], &byte, 1) != 1)
		_exit(97);
}

static void go(const struct ends *ends)
{
	if (write(ends->go[1], "", 1) != 1)
		_exit(97);
}

static void child_of_outside(const struct ends *ends)
{
	step(ends);
	say("child: sum %08x\n", sum());
	if (fork() == 0) {
		step(ends);
		say("grandchild: sum %08x\n", sum());
		_exit(0);
	}
	wait(NULL);
	say("child at last: sum %08x\n", sum());
	_exit(0);
}

static void write_from_outside(pid_t pid, size_t at, size_t n)
{
	static char bytes[16 * PAGE];
	struct iovec here = { bytes, n }, there = { memory + at, n };

	memset(bytes, (int)(at / PAGE), sizeof(bytes));
	TRY(process_vm_writev(pid, &here, 1, &there, 1, 0));
	TRY(process_vm_readv(pid, &here, 1, &there, 1, 0));
}

static void poke(pid_t pid, size_t at)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR);
	TRY(pwrite(fd, "poked", 5, (off_t)((uintptr_t)memory + at)));
	close(fd);
}

static void outside(void)
{
	struct ends ends;
	pid_t pid;

	map();
	madvise(memory, SIZE, MADV_HUGEPAGE);
	fill(2);
	if (pipe(ends.go) != 0 || pipe(ends.done) != 0)
		_exit(97);
	pid = fork();
	if (pid == 0)
		child_of_outside(&ends);
	await(&ends);
	write_from_outside(pid, HUGE - 8 * PAGE, 16 * PAGE);
	poke(pid, 3 * HUGE + 77);
	say("parent: sum %08x\n", sum());
	go(&ends);
	await(&ends); /* of the grandchild */
	write_from_outside(pid, 2 * HUGE + 100, 5 * PAGE);
	poke(pid, 100);
	memory[2 * HUGE] = 1;
	go(&ends);
	wait(NULL);
	say("parent at last: sum %08x\n", sum());
	unmap();
}

/* ---- no block ---- */

/* Every second page is in use, so there are few blocks or none. */
static void fragments(void)
{
	const size_t size = 20 * MIB;
	unsigned char *pages = mmap(NULL, size, RW, ANON, -1, 0);
	unsigned wrong = 0;

	madvise(pages, size, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < size; at += PAGE)
		pages[at] = (unsigned char)(at / PAGE + 1);
	for (size_t at = 0; at < size; at += 2 * PAGE)
		madvise(pages + at, PAGE, MADV_DONTNEED);
	map();
	madvise(memory, SIZE, MADV_HUGEPAGE);
	fill(3);
	say("among fragments: sum %08x\n", sum());
	if (fork() == 0) {
		fill(4);
		say("child: sum %08x\n", sum());
		_exit(0);
	}
	wait(NULL);
	for (size_t at = 0; at < size; at += PAGE)
		wrong += pages[at] != (at / PAGE % 2 ? (unsigned char)(at / PAGE + 1) : 0);
	say("parent: sum %08x, %u wrong\n", sum(), wrong);
	unmap();
	munmap(pages, size);
}

/* The Linux that tests are recorded from is booted with "never". */
static void allow(void)
{
	int fd = TRY(open("/sys/kernel/mm/transparent_hugepage/enabled", O_WRONLY));

	TRY(write(fd, "always", 6));
	close(fd);
}

int main(void)
{
	allow();
	reserve();
	parts();
	not_whole();
	nonsense();
	trees();
	outside();
	fragments();
	return 0;
}
