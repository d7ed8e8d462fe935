/* R52 R63 R75 R91 R93 R95: private maps of a file: read on fault, zeros in the tail, SIGBUS past
 * it, own copies. */
#include "t.h"

#define SIZE (5 * PAGE + 1000)

static char *p;

static int reads(void *at)
{
	return *(volatile char *)at * 0;
}
static int writes(void *at)
{
	*(volatile char *)at = 1;
	return 0;
}

static size_t wrong(const char *from, size_t at, size_t n)
{
	size_t bad = 0;

	for (size_t i = 0; i < n; i++)
		bad += from[i] != file_byte(at + i);
	return bad;
}

static int child(void *unused)
{
	(void)unused;
	p[0] = 1;
	p[3 * PAGE] = 2;
	return (int)wrong(p + 1, 1, 3 * PAGE - 1);
}

int main(void)
{
	char buf[16];
	int fd;

	make_file("mmap_file.tmp", SIZE);
	fd = open("mmap_file.tmp", O_RDWR);
	p = mmap(NULL, 8 * PAGE, RW, MAP_PRIVATE, fd, 0);
	say("the file's bytes: %zu wrong\n", wrong(p, 0, SIZE));
	say("tail of its last page: %zu not zero\n", not_all(p + SIZE, 6 * PAGE - SIZE, 0));
	in_child("read past the last page", reads, p + 6 * PAGE);
	in_child("write past the last page", writes, p + 7 * PAGE);
	p[10] = 'x';
	p[SIZE] = 't';
	TRY(lseek(fd, 0, SEEK_SET));
	TRY(read(fd, buf, 16));
	say("the file is untouched: %zu\n", wrong(buf, 0, 16));
	/*
	 * Pages not yet written through the map show what the file holds now; written ones do not.
	 */
	TRY(lseek(fd, 4, SEEK_SET));
	TRY(write(fd, "NEW", 3));
	TRY(lseek(fd, 2 * PAGE, SEEK_SET));
	TRY(write(fd, "NEW", 3));
	say("page 0 own: %s, page 2 shows: %.3s\n", p[4] == file_byte(4) ? "old" : "new",
	    p + 2 * PAGE);
	TRY(lseek(fd, 2 * PAGE, SEEK_SET));
	buf[0] = file_byte(2 * PAGE), buf[1] = file_byte(2 * PAGE + 1),
	buf[2] = file_byte(2 * PAGE + 2);
	TRY(write(fd, buf, 3));
	TRY(close(fd));
	p[10] = file_byte(10);
	in_child("child, after close", child, NULL);
	say("parent: %zu wrong\n", wrong(p, 0, SIZE));
	TRY(munmap(p + 2 * PAGE, PAGE));
	say("around the gap: %zu wrong\n",
	    wrong(p, 0, 2 * PAGE) + wrong(p + 3 * PAGE, 3 * PAGE, 2 * PAGE));
	in_child("in the gap", reads, p + 2 * PAGE);

	fd = open("mmap_file.tmp", O_RDONLY);
	p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 4 * PAGE);
	say("from page 4: %zu wrong\n", wrong(p, 4 * PAGE, PAGE + 1000));
	in_child("write to a read-only map", writes, p);
	TRY(mprotect(p, PAGE, RW));
	p[0] = 'y';
	say("private, so it may be made writable: %c %zu\n", p[0],
	    wrong(p + 1, 4 * PAGE + 1, PAGE - 1));
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 100 * PAGE);
	in_child("a map wholly past the end", reads, p);
	TRY(unlink("mmap_file.tmp"));
	TRY(close(fd));
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	say("a closed descriptor: %s\n", strerrorname_np(errno));
	return 0;
}
