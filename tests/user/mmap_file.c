/* SPDX-License-Identifier: MIT */
/* R52 R63 R75 R91 R93 R95: private maps of a file: read on fault, zeros in the tail, SIGBUS past
 * it, own copies. */
#include "t.h"

#define SIZE (5 * PAGE + 1000)

static char *p;

static int child(void *unused)
{
	(void)unused;
	p[0] = 1;
	p[3 * PAGE] = 2;
	return (int)bytes_unlike_file(p + 1, 1, 3 * PAGE - 1);
}

int main(void)
{
	char buf[16];
	int fd;

	make_file("mmap_file.tmp", SIZE);
	fd = open("mmap_file.tmp", O_RDWR);
	p = mmap(NULL, 8 * PAGE, RW, MAP_PRIVATE, fd, 0);
	say("the file's bytes: %zu wrong\n", bytes_unlike_file(p, 0, SIZE));
	say("tail of its last page: %zu not zero\n", not_all(p + SIZE, 6 * PAGE - SIZE, 0));
	in_child("read past the last page", loads_from, p + 6 * PAGE);
	in_child("write past the last page", stores_to, p + 7 * PAGE);
	p[10] = 'x';
	p[SIZE] = 't';
	TRY(lseek(fd, 0, SEEK_SET));
	TRY(read(fd, buf, 16));
	say("the file is untouched: %zu\n", bytes_unlike_file(buf, 0, 16));
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
	say("parent: %zu wrong\n", bytes_unlike_file(p, 0, SIZE));
	TRY(munmap(p + 2 * PAGE, PAGE));
	say("around the gap: %zu wrong\n",
	    bytes_unlike_file(p, 0, 2 * PAGE) +
		    bytes_unlike_file(p + 3 * PAGE, 3 * PAGE, 2 * PAGE));
	in_child("in the gap", loads_from, p + 2 * PAGE);

	fd = open("mmap_file.tmp", O_RDONLY);
	p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 4 * PAGE);
	say("from page 4: %zu wrong\n", bytes_unlike_file(p, 4 * PAGE, PAGE + 1000));
	in_child("write to a read-only map", stores_to, p);
	TRY(mprotect(p, PAGE, RW));
	p[0] = 'y';
	say("private, so it may be made writable: %c %zu\n", p[0],
	    bytes_unlike_file(p + 1, 4 * PAGE + 1, PAGE - 1));
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 100 * PAGE);
	in_child("a map wholly past the end", loads_from, p);
	TRY(unlink("mmap_file.tmp"));
	TRY(close(fd));
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	say("a closed descriptor: %s\n", strerrorname_np(errno));
	return 0;
}
