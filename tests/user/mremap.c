/* SPDX-License-Identifier: MIT */
/* R90 R93: mremap: grow, shrink, move, FIXED, DONTUNMAP; what moves and what is left behind; and each
 * error. */
#include "t.h"

#define AT ((char *)0x1400000000)

static char *p;

/* An area at a fixed place, with nothing near. */
static char *area(char *at, size_t npages)
{
	return mmap(at, npages * PAGE, RW, ANON | MAP_FIXED, -1, 0);
}

static size_t count_wrong(const char *at, size_t npages)
{
	size_t bad = 0;

	for (size_t i = 0; i < npages; i++)
		bad += at[i * PAGE] != (char)(i + 1);
	return bad;
}

static void number(char *at, size_t npages)
{
	for (size_t i = 0; i < npages; i++)
		at[i * PAGE] = (char)(i + 1);
}

static void errors(void)
{
	p = area(AT, 8);
	TRY(mremap(p, PAGE, PAGE, 8));
	TRY(syscall(SYS_mremap, p, PAGE, PAGE, 1ul << 40, 0));
	TRY(mremap(p, PAGE, PAGE, MREMAP_FIXED, AT + MIB));
	TRY(mremap(p, PAGE, PAGE, MREMAP_DONTUNMAP, NULL));
	TRY(mremap(p, PAGE, 2 * PAGE, MREMAP_DONTUNMAP | MREMAP_MAYMOVE, NULL));
	TRY(mremap(p + 1, PAGE, PAGE, 0));
	TRY(mremap(p, PAGE, 0, 0));
	TRY(mremap(p, PAGE, -100, 0));
	TRY(mremap(p + 8 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	TRY(mremap(p, 9 * PAGE, 10 * PAGE, MREMAP_MAYMOVE));
	TRY(mremap(p, 0, PAGE, MREMAP_MAYMOVE));
	TRY(mremap(p, 4 * PAGE, 5 * PAGE, 0));
	TRY(mremap(p, 8 * PAGE, 50 * GIB, 0) == p);
	TRY(munmap(p, 50 * GIB));
	p = area(AT, 8);
	TRY(mremap(p, 8 * PAGE, 300 * GIB, MREMAP_MAYMOVE));
	TRY(mremap(p, 8 * PAGE, 1ul << 50, MREMAP_MAYMOVE));
	TRY(mremap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AT + 1));
	TRY(mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AT + PAGE));
	TRY(mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p));
	TRY(mremap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)-PAGE));
	TRY(mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)((1ul << 38) - PAGE)));
	TRY(mremap(p, -PAGE, PAGE, 0));
	TRY(mremap((void *)-PAGE, PAGE, PAGE, 0));
}

/* What is at the new place has gone even where the rest fails. */
static void half_done(void)
{
	char *q;

	munmap(AT, 8 * PAGE);
	p = area(AT, 4);
	q = area(AT + MIB, 4);
	q[0] = 'q';
	TRY(mremap(p, 5 * PAGE, 5 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q));
	in_child("what was there", loads_from, q);
	munmap(p, 4 * PAGE);
}

static void in_place(void)
{
	p = area(AT, 8);
	number(p, 8);
	TRY(mremap(p, 8 * PAGE, 4 * PAGE, 0) == p);
	say("shrunk: %zu wrong\n", count_wrong(p, 4));
	in_child("behind", loads_from, p + 4 * PAGE);
	TRY(mremap(p, 4 * PAGE, 8 * PAGE, 0) == p);
	say("grown: %zu wrong, %zu not zero\n", count_wrong(p, 4),
	    not_all(p + 4 * PAGE, 4 * PAGE, 0));
	TRY(mremap(p, 3 * PAGE + 1, 4 * PAGE - 5, 0) == p);
	TRY(mremap(p + 2 * PAGE, 6 * PAGE, 10 * PAGE, 0) == p + 2 * PAGE);
	say("from within: %zu wrong, last %d\n", count_wrong(p, 4), p[12 * PAGE - 1]);
	TRY(mremap(p, 12 * PAGE, 2 * PAGE, MREMAP_MAYMOVE) == p);
	mprotect(p, 2 * PAGE, PROT_READ);
	TRY(mremap(p, 2 * PAGE, 4 * PAGE, 0) == p);
	in_child("a write where it grew read-only", stores_to, p + 3 * PAGE);
	area(p + 6 * PAGE, 1);
	TRY(mremap(p, 4 * PAGE, 6 * PAGE, 0) == p);
	TRY(mremap(p, 6 * PAGE, 7 * PAGE, 0));
	munmap(p, 7 * PAGE);
}

static void moves(void)
{
	char *q;

	p = area(AT, 8);
	number(p, 8);
	area(p + 8 * PAGE, 1);
	q = mremap(p, 8 * PAGE, 12 * PAGE, MREMAP_MAYMOVE);
	say("moved: %d, %zu wrong, %zu not zero\n", q != p && q != MAP_FAILED, count_wrong(q, 8),
	    not_all(q + 8 * PAGE, 4 * PAGE, 0));
	in_child("the old place", loads_from, p);
	TRY(mremap(q, 12 * PAGE, 6 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AT) == AT);
	say("to a fixed place, shorter: %zu wrong\n", count_wrong(p, 6));
	in_child("its end", loads_from, p + 6 * PAGE);
	in_child("where it was", loads_from, q);
	in_child("what it left over", loads_from, q + 7 * PAGE);
	/* out of the middle, over what is there */
	q = area(AT + MIB, 4);
	q[PAGE] = 'x';
	TRY(mremap(p + PAGE, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q + PAGE) ==
	    q + PAGE);
	say("middle: %d %d, then %d, around %d %d\n", q[PAGE], q[2 * PAGE], q[3 * PAGE], p[0],
	    p[3 * PAGE]);
	in_child("the gap", loads_from, p + PAGE);
	q[3 * PAGE] = 'w';
	munmap(p, 6 * PAGE);
	munmap(q, 4 * PAGE);
}

static void keeps(void)
{
	char *q;

	p = area(AT, 4);
	number(p, 4);
	q = mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	say("moved: %d, %zu wrong\n", q != p && q != MAP_FAILED, count_wrong(q, 4));
	say("the old place: %zu not zero\n", not_all(p, 4 * PAGE, 0));
	p[0] = 'o';
	say("they are two: %c %d\n", p[0], q[0]);
	TRY(mremap(q, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP | MREMAP_FIXED,
		   AT + MIB) == AT + MIB);
	say("at its place: %zu wrong, %zu not zero\n", count_wrong(AT + MIB, 4),
	    not_all(q, 4 * PAGE, 0));
	munmap(q, 4 * PAGE);
	munmap(p, 4 * PAGE);
	munmap(AT + MIB, 4 * PAGE);
}

static int child_moves(void *unused)
{
	char *q = mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AT + MIB);

	(void)unused;
	q[0] = 'c';
	return count_wrong(q, 4) != 1;
}

static void of_files(void)
{
	int fd;
	char *q;

	make_file("mremap.tmp", 8 * PAGE);
	fd = open("mremap.tmp", O_RDWR);
	p = mmap(AT, 4 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 2 * PAGE);
	p[0] = 's';
	TRY(mremap(p, 4 * PAGE, 8 * PAGE, 0) == p);
	say("grown over the file: %d\n", p[5 * PAGE] == file_byte(7 * PAGE));
	in_child("past its end", loads_from, p + 6 * PAGE);
	q = mremap(p + PAGE, 7 * PAGE, 5 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AT + MIB);
	say("moved: %d %d\n", q[0] == file_byte(3 * PAGE), q[4 * PAGE] == file_byte(7 * PAGE));
	q[0] = 't';
	TRY(pread(fd, p + 1, 1, 3 * PAGE));
	say("still the file's: %c%c\n", p[0], p[1]);
	q = mremap(p, 0, 2 * PAGE, MREMAP_MAYMOVE);
	say("once more: %d, %c%c\n", q != p && q != MAP_FAILED, q[0], q[PAGE]);
	q[2] = 'u';
	say("the same: %c\n", p[2]);
	TRY(ftruncate(fd, 3 * PAGE));
	in_child("cut off, moved", loads_from, AT + MIB);
	in_child("cut off, once more", loads_from, q + PAGE);
	say("not cut off: %c\n", q[0]);
	munmap(AT, MIB + 8 * PAGE);
	munmap(q, 2 * PAGE);
	make_file("mremap.tmp", 8 * PAGE);
	p = mmap(AT, 4 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0);
	p[PAGE] = 'p';
	q = mremap(p, 4 * PAGE, 6 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AT + MIB);
	say("private: %c, and the file's %d %d\n", q[PAGE], q[0] == file_byte(0),
	    q[5 * PAGE] == file_byte(5 * PAGE));
	TRY(mremap(q, 6 * PAGE, 6 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, AT) ==
	    AT);
	say("kept: %d, moved %c\n", q[PAGE] == file_byte(PAGE), p[PAGE]);
	munmap(AT, MIB + 8 * PAGE);
	p = mmap(AT, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	TRY(mremap(p, 2 * PAGE, 4 * PAGE, 0) == p);
	in_child("shared memory has its size", stores_to, p + 2 * PAGE);
	munmap(AT, 4 * PAGE);
}

static void forked(void)
{
	p = area(AT, 4);
	number(p, 4);
	in_child("child", child_moves, NULL);
	say("parent: %zu wrong\n", count_wrong(p, 4));
	mprotect(p + PAGE, PAGE, PROT_NONE);
	TRY(mremap(p + PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AT + MIB) == AT + MIB);
	in_child("moved without rights", loads_from, AT + MIB);
	mprotect(AT + MIB, PAGE, PROT_READ);
	say("its byte came along: %d\n", AT[MIB]);
	munmap(AT, 2 * MIB);
}

/* Much, sparse, and not as the tables lie. */
static void far(void)
{
	size_t bad = 0;
	char *q;

	p = mmap(AT, 40 * GIB, RW, ANON | MAP_FIXED, -1, 0);
	for (size_t i = 0; i < 40; i++)
		p[i * GIB + i * PAGE] = (char)(i + 1);
	for (size_t i = 0; i < 1500; i++)
		p[3 * GIB + i * PAGE] = (char)i;
	q = mremap(p, 40 * GIB, 50 * GIB, MREMAP_MAYMOVE | MREMAP_FIXED, AT + 41 * GIB + 77 * PAGE);
	for (size_t i = 0; i < 40; i++)
		bad += i != 3 && q[i * GIB + i * PAGE] != (char)(i + 1);
	for (size_t i = 0; i < 1500; i++)
		bad += q[3 * GIB + i * PAGE] != (char)i;
	say("far: %zu wrong, new %d\n", bad, q[50 * GIB - 1]);
	in_child("where it was", loads_from, p + GIB);
	munmap(q, 50 * GIB);
}

static void limits(void)
{
	struct rlimit limit = { 64 * MIB, 64 * MIB };

	p = area(AT, 8);
	setrlimit(RLIMIT_AS, &limit);
	TRY(mremap(p, 8 * PAGE, 64 * MIB, MREMAP_MAYMOVE));
	TRY(mremap(p, 8 * PAGE, 32 * MIB, 0) == p);
	TRY(mremap(p, 32 * MIB, 32 * MIB, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));
	TRY(mremap(p, 32 * MIB, 32 * MIB, MREMAP_MAYMOVE | MREMAP_FIXED, AT + GIB) == AT + GIB);
}

int main(void)
{
	errors();
	half_done();
	in_place();
	moves();
	keeps();
	of_files();
	forked();
	far();
	limits();
	return 0;
}
