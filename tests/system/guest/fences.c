/* SPDX-License-Identifier: MIT */
/* What needs a fence of the kernel's: memory that is unmapped, and code that is written and run. fences unmap|text */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096

static char *mapped(int prot)
{
	return mmap(NULL, PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int unmap(void)
{
	for (int i = 0; i < 4; i++) {
		char *page = mapped(PROT_READ | PROT_WRITE);

		page[0] = 1;
		if (munmap(page, PAGE))
			return 1;
	}
	return 0;
}

/* li a0, 5; ret */
static const uint32_t code[] = { 0x00500513, 0x00008067 };

/* The first access is a write by the kernel, to a page that may be executed at once. */
static int text(void)
{
	char *page = mapped(PROT_READ | PROT_WRITE | PROT_EXEC);

	memcpy(page, code, sizeof(code));
	__builtin___clear_cache(page, page + sizeof(code));
	return ((int (*)(void))page)() != 5;
}

int main(int argc, char **argv)
{
	int wrong = argc == 2 && strcmp(argv[1], "text") == 0 ? text() : unmap();

	puts(wrong ? "wrong" : "done");
	return wrong;
}
