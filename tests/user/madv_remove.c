/* SPDX-License-Identifier: MIT */
/* R90 R92 R100: madvise(MADV_REMOVE): holes in what is shared, by way of a mapping; and each error. */
#include "t.h"

#define AT ((char *)0x1300000000)

static void blocks(const char *what, int fd)
{
	struct stat st;

	fstat(fd, &st);
	say("%s: size %ld, %ld pages\n", what, (long)st.st_size, (long)st.st_blocks / 8);
}

static char *map(int fd, size_t npages, int prot, int flags)
{
	return mapped("map", mmap(NULL, npages * PAGE, prot, flags, fd, 0));
}

static void files(void)
{
	int fd, ro;
	char *shared, *mine, *to_read;

	make_file("madv_remove.tmp", 8 * PAGE);
	fd = open("madv_remove.tmp", O_RDWR);
	ro = open("madv_remove.tmp", O_RDONLY);
	shared = map(fd, 8, RW, MAP_SHARED);
	mine = map(fd, 8, RW, MAP_PRIVATE);
	to_read = map(ro, 8, PROT_READ, MAP_SHARED);
	memset(shared, 's', 8 * PAGE);
	mine[PAGE] = 'm';
	say("%c %c\n", to_read[PAGE], to_read[2 * PAGE]);
	blocks("before", fd);
	TRY(madvise(shared + PAGE, 2 * PAGE, MADV_REMOVE));
	blocks("after", fd);
	say("shared: %c %d %d %c, %zu wrong\n", shared[0], shared[PAGE], shared[2 * PAGE],
	    shared[3 * PAGE], not_all(shared + PAGE, 2 * PAGE, 0));
	say("an own copy: %c, else %d; to read: %d\n", mine[PAGE], mine[2 * PAGE], to_read[PAGE]);
	shared[PAGE] = 'n';
	say("written anew: %c %c\n", to_read[PAGE], mine[PAGE]);
	TRY(madvise(mine, PAGE, MADV_REMOVE));
	TRY(madvise(to_read, PAGE, MADV_REMOVE));
	TRY(mprotect(shared, PAGE, PROT_NONE));
	TRY(madvise(shared, PAGE, MADV_REMOVE));
	say("by what nobody can touch: %d\n", to_read[0]);
	close(fd);
	TRY(madvise(shared + 3 * PAGE, PAGE, MADV_REMOVE));
	blocks("closed", ro);
	TRY(unlink("madv_remove.tmp"));
	close(ro);
	TRY(madvise(shared + 4 * PAGE, PAGE, MADV_REMOVE));
	say("unlinked: %d %d %c\n", to_read[3 * PAGE], to_read[4 * PAGE], to_read[5 * PAGE]);
	munmap(shared, 8 * PAGE);
	TRY(madvise(to_read + 5 * PAGE, PAGE, MADV_REMOVE));
	say("%c\n", to_read[5 * PAGE]);
}

static int child(void *at)
{
	char *p = at;

	TRY(madvise(p + PAGE, PAGE, MADV_REMOVE));
	p[3 * PAGE] = 'c';
	return p[PAGE];
}

static void anonymous(void)
{
	char *p = map(-1, 4, RW, MAP_SHARED | MAP_ANONYMOUS);

	memset(p, 'a', 4 * PAGE);
	in_child("child", child, p);
	say("%c %d %c %c, %zu wrong\n", p[0], p[PAGE], p[2 * PAGE], p[3 * PAGE],
	    not_all(p + PAGE, PAGE, 0));
	TRY(madvise(anon(PAGE), PAGE, MADV_REMOVE));
}

static void ranges(void)
{
	char *p = mmap(AT, 8 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	memset(p, 'r', 8 * PAGE);
	TRY(madvise(p + 1, PAGE, MADV_REMOVE));
	TRY(madvise(p, 0, MADV_REMOVE));
	TRY(madvise(p, -PAGE, MADV_REMOVE));
	TRY(madvise(p, -1, MADV_REMOVE));
	TRY(madvise(p, 1, MADV_REMOVE));
	say("length 1 is one page: %d %c\n", p[PAGE - 1], p[PAGE]);
	TRY(mprotect(p + PAGE, PAGE, PROT_READ));
	TRY(munmap(p + 3 * PAGE, PAGE));
	TRY(madvise(p + PAGE, 4 * PAGE, MADV_REMOVE));
	say("over a gap: %d %d %d %c\n", p[PAGE], p[2 * PAGE], p[4 * PAGE], p[5 * PAGE]);
	TRY(madvise(p + 3 * PAGE, PAGE, MADV_REMOVE));
	TRY(mlock(p + 6 * PAGE, PAGE));
	TRY(madvise(p + 5 * PAGE, 3 * PAGE, MADV_REMOVE));
	say("up to what is locked: %d %c %c\n", p[5 * PAGE], p[6 * PAGE], p[7 * PAGE]);
	mmap(p + 6 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	p[6 * PAGE] = 'o';
	TRY(madvise(p + 5 * PAGE, 3 * PAGE, MADV_REMOVE));
	say("up to what is private: %c %c\n", p[6 * PAGE], p[7 * PAGE]);
}

static void sealed(void)
{
	int fd = memfd_create("madv_remove", MFD_ALLOW_SEALING);
	char *p;

	TRY(ftruncate(fd, 2 * PAGE + 100));
	p = map(fd, 4, RW, MAP_SHARED);
	memset(p, 'x', 3 * PAGE);
	TRY(madvise(p + 2 * PAGE, 2 * PAGE, MADV_REMOVE));
	say("the end: %c %d\n", p[PAGE], p[2 * PAGE]);
	blocks("the end", fd);
	TRY(madvise(p + 3 * PAGE, PAGE, MADV_REMOVE));
	TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK));
	TRY(madvise(p + PAGE, PAGE, MADV_REMOVE));
	TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	TRY(madvise(p, PAGE, MADV_REMOVE));
	say("sealed: %c %d\n", p[0], p[PAGE]);
}

int main(void)
{
	files();
	anonymous();
	ranges();
	sealed();
	return 0;
}
