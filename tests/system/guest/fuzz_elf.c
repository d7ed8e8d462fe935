/* SPDX-License-Identifier: MIT */
/* Broken images: headers with random fields, run one after the other; the kernel goes on. */

/*
 * fuzz_elf [FIRST_SEED [SECONDS]]: changes a few words of the headers of a copy of itself, and runs
 * that for a moment. What becomes of it does not matter; the kernel judges itself (hardened build),
 * and the status of the machine tells.
 */

#define _GNU_SOURCE
#include <elf.h>

#include "../../user/t.h"

#define IMAGE	"/fuzz-image"
#define RUN_MS	20
#define CHANGES 4

static uint64_t state;
static char base[1 << 20];
static char image[1 << 20];
static size_t size;

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

static int write_image(size_t len)
{
	int fd = open(IMAGE, O_CREAT | O_TRUNC | O_WRONLY, 0755);
	ssize_t done = fd < 0 ? -1 : write(fd, image, len);

	close(fd);
	return done == (ssize_t)len ? 0 : -1;
}

static void run_image(void)
{
	char *const args[] = { (char *)(uintptr_t) "image", NULL };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		for (int fd = 0; fd < 3; fd++)
			close(fd);
		execve(IMAGE, args, args + 1);
		_exit(126);
	}
	for (int ms = 0; pid > 0 && ms < RUN_MS; ms += 2) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return;
		nap(2);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

static void one_image(uint64_t seed)
{
	size_t len = size;

	state = seed * 0x9e3779b97f4a7c15ull + 1;
	rnd();
	memcpy(image, base, size);
	for (uint64_t i = rnd() % CHANGES + 1; i > 0; i--)
		change((Elf64_Ehdr *)image);
	if (rnd() % 16 == 0)
		len = rnd() % size;
	unlink(IMAGE);
	if (write_image(len) == 0)
		run_image();
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	time_t until = time(NULL) + (argc > 2 ? atol(argv[2]) : 10);
	unsigned long count = 0;
	ssize_t got;

	/* A copy that runs well after all. */
	if (argc == 0 || !strstr(argv[0], "fuzz_elf"))
		return 0;
	got = read(open(argv[0], O_RDONLY), base, sizeof(base));
	if (got < 1024)
		return 1;
	size = (size_t)got;
	for (; time(NULL) < until; count++)
		one_image(seed++);
	say("%lu images\n", count);
	return 0;
}
