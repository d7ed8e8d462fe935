/* SPDX-License-Identifier: MIT */
/* Program files that a test makes: copies of its own with more segments, which it runs in a role. */
#ifndef LABS_ELF_MADE_H
#define LABS_ELF_MADE_H

#include "lab.h"

#include <elf.h>

#define MADE	"/elf.made"
#define TEXT_AT 0x40000000ul
#define DATA_AT 0x80000000ul
#define MORE_AT 0xc0000000ul
#define PHDRS	32 /* at most */

/* Seeds of other contents, made from the one that the grader gives. */
#define OF_DATA(seed)	 ((seed) + 1)
#define OF_WRITES(seed)	 ((seed) + 2)
#define OF_CHOICES(seed) ((seed) + 3)

static struct channel up, down; /* between a test and the program that it runs */

/* ---- making program files ---- */

struct maker {
	const char *path;
	int file;
	Elf64_Ehdr header;
	Elf64_Phdr table[PHDRS];
	uint64_t table_offset;
	uint64_t end; /* where more can be put: a multiple of the page size */
};

__attribute__((unused)) static void put(const struct maker *maker, uint64_t offset,
					const void *bytes, size_t n)
{
	if (pwrite(maker->file, bytes, n, (off_t)offset) != (ssize_t)n)
		fail("write to a program file");
}

/* Adds a segment. */
__attribute__((unused)) static void segment(struct maker *maker, unsigned flags, unsigned long va,
					    uint64_t offset, uint64_t filesz, uint64_t memsz)
{
	if (maker->header.e_phnum == PHDRS)
		fail("too many segments");
	maker->table[maker->header.e_phnum++] =
		(Elf64_Phdr){ PT_LOAD, flags, offset, va, va, filesz, memsz, PAGE };
}

/*
 * Adds a segment for the program headers, behind all else in the file and in memory. Its address is
 * as far from that of the ELF header as it is in the file: the C library relies on that.
 */
__attribute__((unused)) static void add_table(struct maker *maker)
{
	const Elf64_Phdr *table = maker->table;
	uint64_t first = 0, offset = maker->end;

	for (unsigned i = 0; i < maker->header.e_phnum; i++) {
		if (table[i].p_type != PT_LOAD)
			continue;
		if (table[i].p_offset == 0)
			first = table[i].p_vaddr;
		if (table[i].p_vaddr + table[i].p_memsz - first > offset)
			offset = table[i].p_vaddr + table[i].p_memsz - first;
	}
	maker->table_offset = (offset + PAGE - 1) & -PAGE;
	maker->end = maker->table_offset + PAGE;
	segment(maker, PF_R, first + maker->table_offset, maker->table_offset, PAGE, PAGE);
}

/* A copy of this program, with room for more program headers. */
__attribute__((unused)) static void begin(struct maker *maker, const char *path)
{
	static char piece[16 * PAGE];
	int self = open("/proc/self/exe", O_RDONLY);
	ssize_t n;

	*maker =
		(struct maker){ .path = path, .file = open(path, O_RDWR | O_CREAT | O_EXCL, 0755) };
	if (self < 0 || maker->file < 0)
		fail("open of a program file");
	for (; (n = read(self, piece, sizeof(piece))) > 0; maker->end += (uint64_t)n)
		put(maker, maker->end, piece, (size_t)n);
	if (n < 0 || pread(self, &maker->header, sizeof(maker->header), 0) < 0 ||
	    pread(self, maker->table, maker->header.e_phnum * sizeof(Elf64_Phdr),
		  (off_t)maker->header.e_phoff) < 0)
		fail("read of this program");
	close(self);
	add_table(maker);
}

/* Writes the headers. */
__attribute__((unused)) static void finish(struct maker *maker)
{
	static char page[PAGE];

	maker->header.e_phoff = maker->table_offset;
	put(maker, 0, &maker->header, sizeof(maker->header));
	memcpy(page, maker->table, sizeof(maker->table));
	put(maker, maker->table_offset, page, PAGE);
	close(maker->file);
}

/* Leaves a hole, which reads as zeros. Returns its offset. */
__attribute__((unused)) static uint64_t put_hole(struct maker *maker, size_t npages)
{
	uint64_t offset = maker->end;

	maker->end += npages * PAGE;
	if (ftruncate(maker->file, (off_t)maker->end))
		fail("ftruncate of a program file");
	return offset;
}

/* Adds pages that are filled from a seed. Returns their offset. */
__attribute__((unused)) static uint64_t put_pages(struct maker *maker, size_t npages, uint64_t seed)
{
	static char page[PAGE];
	uint64_t offset = maker->end;

	for (size_t i = 0; i < npages; i++, maker->end += PAGE) {
		page_write(page, mix(seed, i));
		put(maker, maker->end, page, PAGE);
	}
	return offset;
}

/* A program with pages of text and of data. */
__attribute__((unused)) static void make(const char *path, uint64_t seed, size_t text, size_t data)
{
	struct maker maker;

	begin(&maker, path);
	segment(&maker, PF_R | PF_X, TEXT_AT, put_pages(&maker, text, seed), text * PAGE,
		text * PAGE);
	segment(&maker, PF_R | PF_W, DATA_AT, put_pages(&maker, data, OF_DATA(seed)), data * PAGE,
		data * PAGE);
	finish(&maker);
}

/* ---- bytes, for segments that begin and end anywhere ---- */

/* No byte is zero. */
__attribute__((unused)) static uint64_t word_of(uint64_t seed, uint64_t index)
{
	return mix(seed, index) | 0x0101010101010101;
}

__attribute__((unused)) static uint64_t put_words(struct maker *maker, size_t npages, uint64_t seed)
{
	static uint64_t words[WORDS];
	uint64_t offset = maker->end;

	for (size_t i = 0; i < npages; i++, maker->end += PAGE) {
		for (size_t k = 0; k < WORDS; k++)
			words[k] = word_of(seed, i * WORDS + k);
		put(maker, maker->end, words, PAGE);
	}
	return offset;
}

__attribute__((unused)) static uint64_t sum_bytes(const volatile unsigned char *bytes, size_t n)
{
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += bytes[i] * (2 * i + 1);
	return total;
}

__attribute__((unused)) static uint64_t not_zero(const volatile unsigned char *bytes, size_t n)
{
	uint64_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += bytes[i] != 0;
	return count;
}

/* ---- running them ---- */

__attribute__((unused)) static void open_channels(void)
{
	channel_open(&down);
	channel_open(&up);
}

/* Runs a program as one of the roles below. */
__attribute__((unused)) static int start(const char *path, const char *role, uint64_t seed,
					 size_t n)
{
	char words[6][32];
	int pid = fork_child();

	if (pid)
		return pid;
	snprintf(words[0], sizeof(words[0]), "%llu", (unsigned long long)seed);
	snprintf(words[1], sizeof(words[1]), "%zu", n);
	for (unsigned i = 0; i < 4; i++)
		snprintf(words[2 + i], sizeof(words[2 + i]), "%d",
			 (i < 2 ? &down : &up)->ends[i % 2]);
	execl(path, "elf", "as", role, words[0], words[1], words[2], words[3], words[4], words[5],
	      (char *)NULL);
	fail("exec");
}

/* Answers, and ends when it is told to. */
__attribute__((unused)) static void say_and_wait(uint64_t value)
{
	tell(&up, value);
	hear(&down);
}

__attribute__((unused)) static void leave(uint64_t seed, size_t n)
{
	(void)seed;
	(void)n;
}

/* The program of make(): how much text and data each is n pages. */
__attribute__((unused)) static void read_all(uint64_t seed, size_t n)
{
	(void)seed;
	say_and_wait(0);
	say_and_wait(sum((char *)TEXT_AT, n) + 3 * sum((char *)DATA_AT, n));
}

/* Runs a file. Returns the errno of exec, or 128 and the signal that killed it; 0: it ran. */
__attribute__((unused)) static uint64_t try_file(const char *path)
{
	int pid = fork_child();

	if (pid == 0) {
		execl(path, "elf", "as", "leave", "0", "0", "0", "0", "0", "0", (char *)NULL);
		_exit(errno);
	}
	return (uint64_t)wait_child(pid);
}

/* ---- main ---- */

/* PROGRAM TEST SEED [N], or PROGRAM as ROLE SEED N and the ends of the channels. */
__attribute__((unused)) static int made_main(const struct lab_test *tests, size_t ntests,
					     const struct lab_test *roles, size_t nroles, int argc,
					     char **argv)
{
	if (argc != 9 || strcmp(argv[1], "as"))
		return lab_main(tests, ntests, argc, argv);
	for (size_t i = 0; i < nroles; i++) {
		if (strcmp(roles[i].name, argv[2]))
			continue;
		down = (struct channel){ { atoi(argv[5]), atoi(argv[6]) } };
		up = (struct channel){ { atoi(argv[7]), atoi(argv[8]) } };
		roles[i].run(strtoull(argv[3], NULL, 0), strtoul(argv[4], NULL, 0));
		return 0;
	}
	return 2;
}

#endif
