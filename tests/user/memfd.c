/* SPDX-License-Identifier: MIT */
/* R75 R91 R93 R100 in part: memfd: read, write, seek, resize, private maps; what a cut leaves is
 * SIGBUS beyond. */
#include "t.h"

static char *p;

static void size_of(const char *what, int fd)
{
	struct stat st;

	TRY(fstat(fd, &st));
	say("%s: size %ld, %s\n", what, (long)st.st_size, S_ISREG(st.st_mode) ? "regular" : "odd");
}

int main(void)
{
	char buf[100] = { 0 };
	int fd, fd2;

	TRY(memfd_create("x", 0x1000));
	TRY(syscall(SYS_memfd_create, 8, 0));
	fd = memfd_create("test", 0);
	say("created: %s\n", fd >= 0 ? "yes" : strerrorname_np(errno));
	size_of("fresh", fd);
	TRY(read(fd, buf, 10));
	TRY(write(fd, "0123456789", 10));
	TRY(lseek(fd, 3, SEEK_SET));
	TRY(read(fd, buf, 100));
	say("%.7s\n", buf);
	TRY(lseek(fd, 3 * PAGE + 5, SEEK_SET));
	TRY(write(fd, "far", 3));
	size_of("with a hole", fd);
	p = mmap(NULL, 6 * PAGE, RW, MAP_PRIVATE, fd, 0);
	say("mapped: %.10s, hole %zu, %.3s, tail %zu\n", p, not_all(p + 10, 3 * PAGE - 5, 0),
	    p + 3 * PAGE + 5, not_all(p + 3 * PAGE + 8, PAGE - 8, 0));
	in_child("beyond", loads_from, p + 4 * PAGE);
	TRY(ftruncate(fd, 5 * PAGE));
	say("grown: %d\n", p[4 * PAGE]);
	p[3 * PAGE + 5] = 'C';
	p[PAGE] = 'c';
	TRY(ftruncate(fd, 2 * PAGE + 1));
	size_of("cut", fd);
	say("own copy within lives: %c\n", p[PAGE]);
	in_child("own copy beyond is gone", loads_from, p + 3 * PAGE);
	in_child("never touched, beyond", stores_to, p + 4 * PAGE);
	TRY(ftruncate(fd, 4 * PAGE));
	say("grown again: %zu not zero\n", not_all(p + 3 * PAGE, PAGE, 0));
	TRY(ftruncate(fd, 5));
	TRY(ftruncate(fd, 20));
	TRY(lseek(fd, 0, SEEK_SET));
	TRY(read(fd, buf, 100));
	say("%.5s, %zu not zero\n", buf, not_all(buf + 5, 15, 0));
	TRY(ftruncate(fd, -1));
	TRY(ftruncate(99, 5));
	fd2 = open("/dev/null", O_RDWR);
	TRY(ftruncate(fd2, 5));
	fd2 = open("memfd.tmp", O_RDONLY | O_CREAT, 0600);
	TRY(ftruncate(fd2, 5));
	TRY(write(fd2, "x", 1));
	TRY(ftruncate(fd, 200 * GIB));
	TRY(lseek(fd, 0, SEEK_END) == (off_t)(200 * GIB));
	TRY(lseek(fd, 150 * GIB, SEEK_SET) == (off_t)(150 * GIB));
	TRY(read(fd, buf, 100));
	say("%zu not zero\n", not_all(buf, 100, 0));
	TRY(close(fd));
	in_child("the map lives", loads_from, p);
	return 0;
}
