/* SPDX-License-Identifier: MIT */
/* Makes small ELF programs at run time: a correct one, which a test then spoils or stretches, and
 * runs. */
#ifndef TESTS_USER_ELF_MAKE_H
#define TESTS_USER_ELF_MAKE_H

#include "t.h"

#include <elf.h>

#define BASE	  0x10000ul
#define CODE	  0x200u /* offset of the code, and of the entry in the first page */
#define IMAGE_MAX (16 * PAGE)

static struct image {
	union {
		struct {
			Elf64_Ehdr eh;
			Elf64_Phdr ph[6];
		};
		char bytes[IMAGE_MAX];
	};
	size_t size;
} img;

/* exit_group(42), or with the status that lies, as a word, at an address. */
static const uint32_t exit_42[] = { 0x02a00513, 0x05e00893, 0x00000073 };

__attribute__((unused)) static void put_exit_with(uint32_t off, uint32_t from)
{
	uint32_t hi = (from + 0x800) & 0xfffff000, lo = from & 0xfff;
	uint32_t code[] = {
		0x00000537 | hi,       /* lui a0, hi */
		0x00052503 | lo << 20, /* lw a0, lo(a0) */
		0x05e00893,
		0x00000073,
	};

	memcpy(img.bytes + off, code, sizeof(code));
}

/* One segment, R-X, that holds headers and code: it exits with 42. */
__attribute__((unused)) static void fresh_image(void)
{
	static const unsigned char ident[] = { 0x7f,	   'E',		'L',	   'F',
					       ELFCLASS64, ELFDATA2LSB, EV_CURRENT };

	memset(&img, 0, sizeof(img));
	memcpy(img.eh.e_ident, ident, sizeof(ident));
	img.eh.e_type = ET_EXEC;
	img.eh.e_machine = EM_RISCV;
	img.eh.e_version = EV_CURRENT;
	img.eh.e_entry = BASE + CODE;
	img.eh.e_phoff = sizeof(Elf64_Ehdr);
	img.eh.e_ehsize = sizeof(Elf64_Ehdr);
	img.eh.e_phentsize = sizeof(Elf64_Phdr);
	img.eh.e_phnum = 1;
	img.eh.e_flags = 5; /* RVC, double-float ABI */
	img.ph[0] = (Elf64_Phdr){ PT_LOAD, PF_R | PF_X, 0, BASE, BASE, CODE + 64, CODE + 64, PAGE };
	memcpy(img.bytes + CODE, exit_42, sizeof(exit_42));
	img.size = CODE + 64;
}

/* A segment at offset off, of filesz bytes from the file and memsz in all. */
__attribute__((unused)) static void segment(int i, int flags, size_t off, size_t va, size_t filesz,
					    size_t memsz)
{
	img.ph[i] = (Elf64_Phdr){ PT_LOAD, (uint32_t)flags, off, va, va, filesz, memsz, PAGE };
	if (img.eh.e_phnum <= i)
		img.eh.e_phnum = (uint16_t)(i + 1);
}

__attribute__((unused)) static void save_as(const char *path, mode_t mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
	if (fd < 0 || write(fd, img.bytes, img.size) != (ssize_t)img.size || close(fd) != 0) {
		say("cannot make %s: %s\n", path, strerrorname_np(errno));
		exit(97);
	}
}

__attribute__((unused)) static void save_image(const char *path)
{
	save_as(path, 0755);
}

/*
 * Runs it in a child. Returns its wait status, or -ERRNO where execve failed and the old image
 * lived on.
 */
__attribute__((unused)) static int run_image(const char *path)
{
	char *args[] = { (char *)(uintptr_t)path, NULL }, *env[] = { NULL };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		execve(path, args, env);
		_exit(100 + errno);
	}
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) > 100)
		return -(WEXITSTATUS(status) - 100);
	return status;
}

/* So many headers, the code behind them. */
__attribute__((unused)) static void headers(unsigned n)
{
	memset(img.bytes + CODE, 0, sizeof(exit_42));
	memcpy(img.bytes + 2 * PAGE, exit_42, sizeof(exit_42));
	img.eh.e_phnum = (uint16_t)n;
	img.eh.e_entry = BASE + 2 * PAGE;
	img.ph[0].p_filesz = img.ph[0].p_memsz = img.size = 2 * PAGE + 64;
}

/* Saves, runs and tells. */
__attribute__((unused)) static void try_image(const char *what)
{
	int status;

	save_image("elf.tmp");
	status = run_image("./elf.tmp");
	if (status < 0)
		say("%s: %s\n", what, strerrorname_np(-status));
	else
		ended(what, status);
}

/* One that differs from a good one by `change`. */
#define CASE(what, change)       \
	do {                     \
		fresh_image();   \
		change;          \
		try_image(what); \
	} while (0)

#endif
