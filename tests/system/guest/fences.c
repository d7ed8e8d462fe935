/* SPDX-License-Identifier: MIT */
/* What needs a fence of the kernel's: memory that is unmapped, code and text. fences unmap|text|copy|swap */
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

/* In a page of its own, as are the bytes behind it. */
__attribute__((aligned(PAGE), noinline)) static int five(void)
{
	__asm__ volatile("" ::: "memory");
	return 5;
}

/* A page of the program's own text is copied when it is written to, and is executed then. */
static int copy(void)
{
	volatile char *page = (volatile char *)five;

	if (five() != 5 || mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC))
		return 1;
	page[0] = page[0];
	return five() != 5;
}

/* Code goes to swap, comes back and is executed. */
static int swap(void)
{
	char *page = mapped(PROT_READ | PROT_WRITE);

	memcpy(page, code, sizeof(code));
	if (mprotect(page, PAGE, PROT_READ | PROT_EXEC) || ((int (*)(void))page)() != 5 ||
	    madvise(page, PAGE, MADV_PAGEOUT))
		return 1;
	return ((int (*)(void))page)() != 5;
}

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";
	int wrong = strcmp(what, "text") == 0	? text()
		    : strcmp(what, "copy") == 0 ? copy()
		    : strcmp(what, "swap") == 0 ? swap()
						: unmap();

	puts(wrong ? "wrong" : "done");
	return wrong;
}
