/* SPDX-License-Identifier: MIT */
/* Each error of the calls about memory, by the call's own name: docs/ABI.md has the list. */
#include "t.h"

#define HINT ((void *)0x2000000000)

static void maps(void)
{
	int ro = open("err.tmp", O_RDONLY), wo = open("err.tmp", O_WRONLY),
	    rw = open("err.tmp", O_RDWR);
	int dir = open("/", O_RDONLY), path = open("err.tmp", O_PATH);

	TRY(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, wo, 0));
	TRY(mmap(NULL, PAGE, RW, MAP_SHARED, ro, 0));
	TRY(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0));
	TRY(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, path, 0));
	TRY(mmap(HINT, PAGE, RW, ANON | MAP_FIXED, -1, 0) == HINT);
	TRY(mmap(HINT, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	TRY(mmap(NULL, 0, RW, ANON, -1, 0));
	TRY(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0));
	TRY(mmap(NULL, PAGE, RW, MAP_ANONYMOUS | MAP_SHARED_VALIDATE, -1, 0));
	TRY(mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0));
	TRY(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, dir, 0));
	TRY(mmap(NULL, PAGE, RW, MAP_SHARED, dir, 0));
	TRY(mmap(NULL, PAGE, RW, MAP_PRIVATE, dir, 0));
	TRY(mmap(NULL, PAGE, PROT_READ, 0, dir, 0));
	TRY(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_HUGETLB, ro, 0));
	TRY(mmap(NULL, -PAGE, RW, ANON, -1, 0));
	TRY(mmap(NULL, PAGE, RW, ANON | MAP_HUGETLB, -1, 0));
	TRY(mmap(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | 1 << 24, rw, 0));
	TRY(mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, ro, -PAGE));
	TRY(mmap(HINT + 1, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, ro, -2 * PAGE));
	TRY(mmap(HINT + 1, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, ro, -3 * PAGE));
}

int main(void)
{
	char *p, *q, *beyond, *stack = (char *)0x30000000;
	unsigned char there;

	make_file("err.tmp", 100);
	maps();
	p = anon(4 * PAGE);
	TRY(munmap(p + 2 * PAGE, 2 * PAGE));
	TRY(munmap(p + 1, PAGE));
	TRY(munmap(p, 0));
	TRY(munmap((void *)-PAGE, PAGE));
	TRY(mprotect(p + 1, PAGE, PROT_READ));
	TRY(mprotect(p, PAGE, 0x1000));
	TRY(mprotect(p, 4 * PAGE, PROT_READ));
	q = before_hole(2);
	munmap(q, PAGE);
	TRY(mprotect(q, 2 * PAGE, PROT_READ | PROT_GROWSUP));
	TRY(mprotect(q + PAGE, PAGE, PROT_READ | PROT_GROWSUP));
	TRY(madvise(p + 1, PAGE, MADV_DONTNEED));
	TRY(madvise(p, PAGE, 4711));
	TRY(madvise(p, PAGE, MADV_DOFORK));
	TRY(madvise(p, PAGE, MADV_KEEPONFORK));
	TRY(madvise(p, 4 * PAGE, MADV_DONTNEED));
	TRY(madvise(p, 4 * PAGE, MADV_POPULATE_READ));
	TRY(madvise(p, PAGE, MADV_POPULATE_WRITE));
	beyond = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, open("err.tmp", O_RDONLY), 0);
	TRY(madvise(beyond, 4 * PAGE, MADV_FREE));
	TRY(madvise(beyond, 4 * PAGE, MADV_POPULATE_READ));
	TRY(madvise(beyond + 2 * PAGE, PAGE, MADV_POPULATE_WRITE));
	TRY(mprotect(p, PAGE, PROT_NONE));
	TRY(madvise(p, PAGE, MADV_POPULATE_READ));
	TRY(mprotect(p, PAGE, PROT_READ));
	TRY(madvise(p, PAGE, MADV_POPULATE_WRITE));
	/* a populate is no access: a stack does not grow for it */
	TRY(mmap(stack, PAGE, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0) == stack);
	TRY(madvise(stack - PAGE, 2 * PAGE, MADV_POPULATE_WRITE));
	TRY(mincore(stack - PAGE, PAGE, &there));
	return 0;
}
