/* SPDX-License-Identifier: MIT */
/* The program files that expect.py has made, copies of the test with more segments: a test runs them in a role. */
#ifndef LABS_ELF_MADE_H
#define LABS_ELF_MADE_H

#include "lab.h"

#include <elf.h>

#define MADE	"/made/program"
#define TEXT_AT 0x40000000ul
#define DATA_AT 0x80000000ul
#define MORE_AT 0xc0000000ul

/* Seeds of other contents, made from the one that the grader gives. */
#define OF_DATA(seed)	 ((seed) + 1)
#define OF_WRITES(seed)	 ((seed) + 2)
#define OF_CHOICES(seed) ((seed) + 3)

static struct channel up, down; /* between a test and the program that it runs */

/* ---- the files ---- */

static int open_file(const char *path)
{
	int file = open(path, O_RDONLY);

	if (file < 0)
		fail("open of a program file");
	return file;
}

__attribute__((unused)) static void read_at(int file, uint64_t offset, void *bytes, size_t n)
{
	check_count("read of a program file", pread(file, bytes, n, (off_t)offset), n);
}

/* Returns where a program's file has the bytes of the segment at an address. */
__attribute__((unused)) static uint64_t offset_of(const char *path, unsigned long va)
{
	int file = open_file(path);
	Elf64_Ehdr header;
	Elf64_Phdr one = { 0 };

	read_at(file, 0, &header, sizeof(header));
	for (unsigned i = 0; i < header.e_phnum && one.p_vaddr != va; i++)
		read_at(file, header.e_phoff + i * sizeof(one), &one, sizeof(one));
	close(file);
	return one.p_offset;
}

/* Has all pages of a file in memory. */
__attribute__((unused)) static void read_whole(const char *path)
{
	static char piece[16 * PAGE];
	int file = open_file(path);

	while (read(file, piece, sizeof(piece)) > 0)
		;
	close(file);
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

/* Text and data have n pages each. */
__attribute__((unused)) static void read_text_and_data(uint64_t seed, size_t n)
{
	(void)seed;
	say_and_wait(sum((char *)TEXT_AT, n) + 3 * sum((char *)DATA_AT, n));
}

__attribute__((unused)) static void read_all(uint64_t seed, size_t n)
{
	say_and_wait(0);
	read_text_and_data(seed, n);
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
