/* SPDX-License-Identifier: MIT */
/* madvise(DONTNEED): anonymous memory reads zero again, private file pages show the file, and
 * errors. */
#include "t.h"

static char *p;

static int child(void *unused)
{
	(void)unused;
	TRY(madvise(p, 2 * PAGE, MADV_DONTNEED));
	say("child: %d %d %c\n", p[0], p[PAGE], p[2 * PAGE]);
	p[0] = 'c';
	return 0;
}

/* To read shows the file as it becomes, to write and MAP_POPULATE as it was. */
static void populate(void)
{
	int fd = open("madvise.tmp", O_RDWR);
	char *read_only = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
	char *own = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
	char *ahead = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	char *only_run = mmap(NULL, PAGE, PROT_EXEC, ANON | MAP_POPULATE, -1, 0);
	unsigned char there;

	TRY(madvise(read_only, PAGE, MADV_POPULATE_READ));
	TRY(madvise(own, PAGE, MADV_POPULATE_WRITE));
	TRY(pwrite(fd, "new", 3, 0));
	say("only to run: %d\n", mincore(only_run, PAGE, &there) == 0 && there);
	say("what was written: %d %d %d\n", read_only[0] == 'n', own[0] == 'n', ahead[0] == 'n');
}

int main(void)
{
	int fd;
	char *f;

	p = mmap((void *)0x2000000000, 8 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
	memset(p, 'p', 8 * PAGE);
	TRY(madvise(p + PAGE, 2 * PAGE, MADV_DONTNEED));
	say("%c %d %d %c, %zu wrong\n", p[0], p[PAGE], p[2 * PAGE], p[3 * PAGE],
	    not_all(p + PAGE, 2 * PAGE, 0) + not_all(p + 3 * PAGE, 5 * PAGE, 'p'));
	memset(p + PAGE, 'q', 2 * PAGE);
	in_child("child", child, NULL);
	say("the parent's: %c %c %c\n", p[0], p[PAGE], p[2 * PAGE]);
	TRY(madvise(p + 1, PAGE, MADV_DONTNEED));
	TRY(madvise(p, 1, MADV_DONTNEED));
	say("length 1 is one page: %d %c\n", p[0], p[PAGE]);
	TRY(madvise(p, 0, MADV_DONTNEED));
	TRY(madvise(p, PAGE, 12345));
	TRY(madvise(p, -PAGE, MADV_DONTNEED));
	TRY(munmap(p + 4 * PAGE, PAGE));
	TRY(madvise(p + 3 * PAGE, 3 * PAGE, MADV_DONTNEED));
	say("around the hole it was done: %d %d %c\n", p[3 * PAGE], p[5 * PAGE], p[6 * PAGE]);
	TRY(madvise(p + 4 * PAGE, PAGE, MADV_DONTNEED));
	make_file("madvise.tmp", 2 * PAGE);
	fd = open("madvise.tmp", O_RDONLY);
	f = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
	f[0] = (char)~file_byte(0);
	f[PAGE] = (char)~file_byte(PAGE);
	TRY(madvise(f, PAGE, MADV_DONTNEED));
	say("file page %s, the other %s\n", f[0] == file_byte(0) ? "as in the file" : "own",
	    f[PAGE] == file_byte(PAGE) ? "as in the file" : "own");
	TRY(mprotect(p, PAGE, PROT_READ));
	TRY(madvise(p, PAGE, MADV_DONTNEED));
	populate();
	return 0;
}
