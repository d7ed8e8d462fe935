/* SPDX-License-Identifier: MIT */
/* Broken images: headers with random fields, run one after the other; the kernel goes on. */

/*
 * fuzz_elf [FIRST_SEED [SECONDS]]: changes a few words of the headers of a copy of itself, and runs
 * that for a moment; or it does so with a program whose interpreter it is, or with an interpreter of
 * that program. What becomes of it does not matter; the kernel judges itself (hardened build),
 * and the status of the machine tells.
 */

#define _GNU_SOURCE
#include <elf.h>
#include <stdbool.h>
#include <stddef.h>

#include "../../user/t.h"

#define IMAGE	     "/fuzz-image"
#define PROGRAM	     "/fuzz-program" /* its interpreter is IMAGE */
#define RUN_MS	     20
#define CHANGES	     4
#define IMAGES_LEAST 50 /* however busy the host is */

static uint64_t state;
static char base[1 << 20];
static char image[1 << 20];
static size_t size;

/* A program in two segments, with an interpreter. */
static struct dynamic {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[4];
	char interp[64];
} dynamic;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state * 0x2545f4914f6cdd1dull) >> 16;
}

/* clang-format off */
static const uint64_t odd[] = {
	0, 1, 2, 0xfff, 0x1000, 0x1001, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
	0x100000000, 0x3ffffff000, 0x3fffffffff, 0x4000000000, 0x8000000000, INT64_MAX,
	UINT64_MAX, 0xfffffffffffff000, 0xffffffc000000000, 0xffffffff80200000,
	0x2aaaaaa000,
};
/* clang-format on */

static uint64_t value(uint64_t now)
{
	switch (rnd() % 5) {
	case 0:
		return odd[rnd() % (sizeof(odd) / sizeof(odd[0]))];
	case 1:
		return now + (rnd() % 3 - 1) * (1ull << rnd() % 40);
	case 2:
		return now ^ 1ull << rnd() % 64;
	case 3:
		return rnd() % 0x20000;
	default:
		return now & ~0xfffull;
	}
}

/* One field of one program header. */
static void change_segment(Elf64_Phdr *ph)
{
	uint64_t *const fields[] = { &ph->p_offset, &ph->p_vaddr, &ph->p_filesz, &ph->p_memsz,
				     &ph->p_align };
	uint64_t which = rnd() % 7;

	if (which == 5)
		ph->p_type = (uint32_t)(rnd() % 2 ? rnd() % 8 : 0x6474e550 + rnd() % 4);
	else if (which == 6)
		ph->p_flags = (uint32_t)rnd() % 16;
	else
		*fields[which] = value(*fields[which]);
	if (rnd() % 2) /* so that it is not refused at once */
		ph->p_offset = (ph->p_offset & ~0xfffull) | (ph->p_vaddr & 0xfff);
}

static void change(Elf64_Ehdr *header)
{
	switch (rnd() % 8) {
	case 0:
		header->e_entry = value(header->e_entry);
		break;
	case 1:
		header->e_phnum = (uint16_t)(rnd() % 3 ? rnd() % 12 : rnd());
		break;
	case 2:
		header->e_type = (uint16_t)(rnd() % 5);
		break;
	case 3:
		if (rnd() % 8 == 0)
			header->e_phoff = value(header->e_phoff);
		else
			((char *)header)[rnd() % 512] = (char)rnd();
		break;
	default:
		change_segment((Elf64_Phdr *)(header + 1) + rnd() % (header->e_phnum % 8 + 1));
		break;
	}
}

static int write_file(const char *path, const void *bytes, size_t len)
{
	int fd;
	ssize_t done;

	unlink(path);
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0755);
	done = fd < 0 ? -1 : write(fd, bytes, len);
	close(fd);
	return done == (ssize_t)len ? 0 : -1;
}

static void make_dynamic(const char *interp)
{
	size_t len = strlen(interp) + 1;
	Elf64_Ehdr *own = (Elf64_Ehdr *)base;

	memset(&dynamic, 0, sizeof(dynamic));
	dynamic.eh = *own;
	dynamic.eh.e_type = ET_DYN;
	dynamic.eh.e_phoff = sizeof(dynamic.eh);
	dynamic.eh.e_phnum = 4;
	dynamic.ph[0] = (Elf64_Phdr){ PT_INTERP, PF_R, offsetof(struct dynamic, interp), 0, 0, len,
				      len,	 1 };
	dynamic.ph[1] = (Elf64_Phdr){ PT_LOAD,	       PF_R | PF_X,	0,   0, 0,
				      sizeof(dynamic), sizeof(dynamic), 4096 };
	dynamic.ph[2] = (Elf64_Phdr){ PT_LOAD, PF_R | PF_W, 0, 0x2000, 0, 64, 0x3000, 4096 };
	dynamic.ph[3] = (Elf64_Phdr){ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W };
	memcpy(dynamic.interp, interp, len);
}

/* Returns whether it has ended with status 0. */
static bool run_image(const char *path)
{
	char *const args[] = { (char *)(uintptr_t) "image", NULL };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		for (int fd = 0; fd < 3; fd++)
			close(fd);
		execve(path, args, args + 1);
		_exit(126);
	}
	for (int ms = 0; pid > 0 && ms < RUN_MS; ms += 2) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status == 0;
		nap(2);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return false;
}

static const char *self;

static bool one_image(uint64_t seed)
{
	size_t len = size;
	const char *path = IMAGE;

	state = seed * 0x9e3779b97f4a7c15ull + 1;
	rnd();
	memcpy(image, base, size);
	switch (rnd() % 4) {
	case 0: /* a program's interpreter */
		path = PROGRAM;
		break;
	case 1: /* a program with an interpreter that runs well */
		len = sizeof(dynamic);
		make_dynamic(self);
		memcpy(image, &dynamic, len);
		break;
	default:
		break;
	}
	for (uint64_t i = rnd() % CHANGES + 1; i > 0; i--)
		change((Elf64_Ehdr *)image);
	if (rnd() % 16 == 0)
		len = rnd() % len;
	return write_file(IMAGE, image, len) == 0 && run_image(path);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	time_t until = time(NULL) + (argc > 2 ? atol(argv[2]) : 10);
	unsigned long count = 0, good = 0;
	ssize_t got;

	/* A copy that runs well after all. */
	if (argc == 0 || !strstr(argv[0], "fuzz_elf"))
		return 0;
	got = read(open(argv[0], O_RDONLY), base, sizeof(base));
	if (got < 1024)
		return 1;
	size = (size_t)got;
	self = argv[0];
	if (strlen(self) >= sizeof(dynamic.interp))
		return 1;
	make_dynamic(IMAGE);
	if (write_file(PROGRAM, &dynamic, sizeof(dynamic)) != 0)
		return 1;
	for (; count < IMAGES_LEAST || time(NULL) < until; count++)
		good += one_image(seed++);
	say("%lu images, %lu of them ran well\n", count, good);
	return 0;
}
