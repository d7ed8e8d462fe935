/* SPDX-License-Identifier: MIT */
/* Sub-command text of swapping.c: makes a program that can be larger than memory, and runs it. */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "swapping.h"

#define BASE   0x10000000ul
#define NPAGES 0xff8 /* where the first page has the number of others, and ... */
#define ROUNDS 0xff0 /* ... how often to go through them */

/*
 * The program's first page calls a function in each of the others, again and again. It exits with
 * 0, or with 1 when a page's number is wrong. The function of the others sums up the page where it
 * is. The last word makes that the page's number.
 */
__asm__(".pushsection .rodata\n"
	".balign 8\n"
	"text_first:\n"
	"	li s0, 0x10000\n"
	"	slli s0, s0, 12\n" /* BASE */
	"	li t0, 0xff8\n"
	"	add t0, t0, s0\n"
	"	ld s1, 0(t0)\n"	 /* NPAGES */
	"	ld s2, -8(t0)\n" /* ROUNDS */
	"	li s5, 4096\n"
	"1:	li s3, 1\n"
	"	add s4, s0, s5\n"
	"2:	jalr s4\n"
	"	bne a0, s3, 3f\n"
	"	add s4, s4, s5\n"
	"	addi s3, s3, 1\n"
	"	bleu s3, s1, 2b\n"
	"	addi s2, s2, -1\n"
	"	bnez s2, 1b\n"
	"	li a0, 0\n"
	"	j 4f\n"
	"3:	li a0, 1\n"
	"4:	li a7, 94\n" /* exit_group */
	"	ecall\n"
	"text_first_end:\n"
	".balign 8\n"
	"text_other:\n"
	"	auipc t0, 0\n"
	"	add t1, t0, s5\n"
	"	li a0, 0\n"
	"1:	ld t2, 0(t0)\n"
	"	add a0, a0, t2\n"
	"	addi t0, t0, 8\n"
	"	bne t0, t1, 1b\n"
	"	ret\n"
	"text_other_end:\n"
	".popsection\n");

static void make_first(unsigned char *page, size_t others, unsigned long rounds)
{
	uint64_t number = others;

	memset(page, 0, PAGE);
	memcpy(page, text_first, (size_t)(text_first_end - text_first));
	memcpy(page + NPAGES, &number, sizeof(number));
	memcpy(page + ROUNDS, &rounds, sizeof(rounds));
}

static void make_other(unsigned char *page, uint64_t number)
{
	uint64_t words[WORDS], last = number;

	fill_words((uint64_t *)page, WORDS, start_of(number, 0));
	fill_words(words, WORDS, start_of(number, 0)); /* what it should be: see spoiled */
	memcpy(page, text_other, (size_t)(text_other_end - text_other));
	memcpy(words, text_other, (size_t)(text_other_end - text_other));
	for (unsigned i = 0; i < WORDS - 1; i++)
		last -= words[i];
	memcpy(page + PAGE - sizeof(last), &last, sizeof(last));
}

static void make_header(unsigned char *page, size_t npages)
{
	const Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_RISCV,
		.e_version = EV_CURRENT,
		.e_entry = BASE,
		.e_phoff = sizeof(header),
		.e_flags = EF_RISCV_RVC | EF_RISCV_FLOAT_ABI_DOUBLE,
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
	};
	const Elf64_Phdr segment = {
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_X,
		.p_offset = PAGE,
		.p_vaddr = BASE,
		.p_filesz = npages * PAGE,
		.p_memsz = npages * PAGE,
		.p_align = PAGE,
	};

	memset(page, 0, PAGE);
	memcpy(page, &header, sizeof(header));
	memcpy(page + sizeof(header), &segment, sizeof(segment));
}

static void put(int fd, const unsigned char *page)
{
	if (write(fd, page, PAGE) != (ssize_t)PAGE)
		stop_call("write");
}

static void run_program(void *path)
{
	char *args[] = { path, NULL };

	execv(path, args);
	stop_call("execv");
}

/* text MIB ROUNDS: so many MiB of program, in a file of /tmp. */
void do_text(char **argv)
{
	static char path[] = "/tmp/swapping-text";
	static unsigned char page[PAGE] __attribute__((aligned(PAGE)));
	size_t npages = pages_at(argv, 1);
	unsigned long rounds = number_at(argv, 2);
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0700), end;

	if (fd < 0)
		stop_call("open");
	make_header(page, npages);
	put(fd, page);
	make_first(page, npages - 1, rounds);
	put(fd, page);
	for (size_t number = 1; number < npages; number++) {
		make_other(page, number);
		put(fd, page);
	}
	close(fd);
	end = end_of(start_child(run_program, path));
	unlink(path);
	if (end)
		stop("the program ended with %d", end);
}
