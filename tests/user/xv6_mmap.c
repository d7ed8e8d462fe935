/* SPDX-License-Identifier: MIT */
/* R22 R61 R62 R91 R92 R93 R95: the tests of xv6's lab "mmap" (mmaptest), those of later years too. */
#include "t.h"

#define NAME "xv6_mmap.tmp"
#define SIZE (PAGE + PAGE / 2)

static int load(void *p)
{
	return *(volatile char *)p * 0;
}

static int store(void *p)
{
	*(volatile char *)p = 'W';
	return 0;
}

/* A page and a half of 'A'. */
static int open_new(int mode)
{
	static char as[SIZE];
	int fd = open(NAME, O_CREAT | O_TRUNC | O_RDWR, 0600);

	memset(as, 'A', SIZE);
	if (write(fd, as, SIZE) != (ssize_t)SIZE)
		say("%s: %s\n", NAME, strerrorname_np(errno));
	close(fd);
	return open(NAME, mode);
}

/* Two pages: the file, and zeros up to the end of its last page. */
static size_t wrong_in_map(const char *p, char c)
{
	return not_all(p, SIZE, c) + not_all(p + SIZE, 2 * PAGE - SIZE, 0);
}

static size_t wrong_in_file(char c)
{
	static char buf[SIZE];
	int fd = open(NAME, O_RDONLY);

	if (read(fd, buf, SIZE) != (ssize_t)SIZE)
		return SIZE;
	close(fd);
	return not_all(buf, SIZE, c);
}

static void mmap_f(void)
{
	int fd = open_new(O_RDONLY);
	char *p = mapped("mmap f", mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0));

	say("mmap f: %zu wrong\n", wrong_in_map(p, 'A'));
	TRY(munmap(p, 2 * PAGE));
	close(fd);
}

static void mmap_private(void)
{
	int fd = open_new(O_RDONLY);
	char *p = mapped("mmap private", mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0));

	close(fd);
	say("mmap private: %zu wrong\n", wrong_in_map(p, 'A'));
	memset(p, 'Z', SIZE);
	say("mmap private, written: %zu wrong, in the file %zu\n", wrong_in_map(p, 'Z'),
	    wrong_in_file('A'));
	TRY(munmap(p, 2 * PAGE));
	say("mmap private, unmapped: %zu wrong in the file\n", wrong_in_file('A'));
}

static void mmap_read_only(void)
{
	int fd = open_new(O_RDONLY);

	mapped("mmap read-only", mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0));
	close(fd);
}

/* Answers the mapping, whose third page is left. */
static char *mmap_read_write(void)
{
	int fd = open_new(O_RDWR);
	char *p = mapped("mmap read/write", mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0));

	close(fd);
	say("mmap read/write: %zu wrong\n", wrong_in_map(p, 'A'));
	memset(p, 'Z', 2 * PAGE); /* beyond the file's end too, where it is lost */
	TRY(munmap(p, 2 * PAGE));
	return p;
}

static void mmap_dirty(void)
{
	struct stat st;

	say("mmap dirty: %zu wrong\n", wrong_in_file('Z'));
	stat(NAME, &st);
	say("mmap dirty: the size is %lld\n", (long long)st.st_size);
}

static void not_mapped_unmap(char *p)
{
	TRY(munmap(p + 2 * PAGE, PAGE)); /* never touched */
	TRY(munmap(p + 2 * PAGE, PAGE)); /* not there any more */
	in_child("not-mapped unmap", load, p + 2 * PAGE);
}

/* A mapping of many pages of which few are touched, and in no order. */
static void lazy_access(void)
{
	static const size_t order[] = { 200, 3, 255, 0, 100 };
	int fd = open(NAME, O_CREAT | O_TRUNC | O_RDWR, 0600), there = 0;
	unsigned char present[256];
	char *p;

	TRY(ftruncate(fd, MIB));
	p = mmap(NULL, MIB, RW, MAP_SHARED, fd, 0);
	close(fd);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		p[order[i] * PAGE] = (char)('a' + i);
	mincore(p, MIB, present);
	for (int i = 0; i < 256; i++)
		there += present[i] & 1;
	say("lazy access: %d pages, %c%c%c%c%c\n", there, p[0], p[3 * PAGE], p[100 * PAGE],
	    p[200 * PAGE], p[255 * PAGE]);
	TRY(munmap(p, 100 * PAGE));
	TRY(munmap(p + 150 * PAGE, 106 * PAGE));
	TRY(munmap(p + 100 * PAGE, 50 * PAGE));
}

static char *map_text(const char *path, const char *text)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	ssize_t n = write(fd, text, 5);
	char *p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	close(fd);
	unlink(path);
	return n == 5 ? p : NULL;
}

static void mmap_two_files(void)
{
	char *one = map_text("mmap1", "12345"), *two = map_text("mmap2", "67890");

	say("mmap two files: %.5s %.5s\n", one, two);
	TRY(munmap(one, PAGE));
	say("mmap two files: %.5s\n", two);
	TRY(munmap(two, PAGE));
}

static int child_unmaps(void *p)
{
	if (wrong_in_map(p, 'A'))
		return 1;
	return munmap(p, PAGE) != 0;
}

static void fork_test(void)
{
	int fd = open_new(O_RDWR);
	char *one = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	char *two = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);

	unlink(NAME);
	say("fork_test: %c\n", one[0]);
	in_child("fork_test, child unmaps", child_unmaps, one);
	say("fork_test: %zu and %zu wrong\n", wrong_in_map(one, 'A'), wrong_in_map(two, 'A'));
	in_child("fork_test, child writes", store, two);
	say("fork_test: %c and %c\n", one[0], two[0]);
	munmap(one, 2 * PAGE);
	munmap(two, 2 * PAGE);
	close(fd);
}

static void munmap_prevents_access(void)
{
	int fd = open_new(O_RDWR);
	char *p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);

	close(fd);
	say("munmap prevents access: %c %c\n", p[0], p[PAGE]);
	TRY(munmap(p, PAGE));
	in_child("munmap prevents access, what was unmapped", load, p);
	in_child("munmap prevents access, what is left", load, p + PAGE);
	TRY(munmap(p + PAGE, PAGE));
	in_child("munmap prevents access, the rest", load, p + PAGE);
}

static void writes_to_read_only(void)
{
	int fd = open_new(O_RDWR);
	char *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	in_child("writes to read-only mapped memory", store, p);
	TRY(lseek(fd, SIZE - 1, SEEK_SET));
	TRY(read(fd, p + PAGE, 1));
	munmap(p, 2 * PAGE);
	close(fd);
	say("writes to read-only mapped memory: %zu wrong\n", wrong_in_file('A'));
}

int main(void)
{
	char *rest;

	mmap_f();
	mmap_private();
	mmap_read_only();
	rest = mmap_read_write();
	mmap_dirty();
	not_mapped_unmap(rest);
	lazy_access();
	mmap_two_files();
	fork_test();
	munmap_prevents_access();
	writes_to_read_only();
	unlink(NAME);
	return 0;
}
