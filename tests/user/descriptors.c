/* SPDX-License-Identifier: MIT */
/* Running out of descriptors is EMFILE and can be mended; children have their own table; /dev/null
 * and /dev/zero. */
#define _GNU_SOURCE
#include <poll.h>

#include "t.h"

static int closes(void *fd)
{
	return close((int)(long)fd) != 0 || close((int)(long)fd) == 0;
}

/* 0 is a descriptor like the others: whatever makes one gets it when it is free. */
static void from_zero(void)
{
	struct pollfd ask = { .fd = 0, .events = POLLIN };
	char buf[100];
	int p[2];

	close(0);
	TRY(open("/dev/null", O_RDWR));
	TRY(readlink("/proc/self/fd/0", buf, sizeof(buf)));
	TRY(close(0));
	TRY(dup(1));
	TRY(close(0));
	TRY(fcntl(1, F_DUPFD, 0));
	TRY(close(0));
	TRY(memfd_create("x", 0));
	TRY(write(0, "memory", 6));
	TRY(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, 0, 0) != MAP_FAILED);
	TRY(close(0));
	TRY(pipe(p));
	say("reads at %d\n", p[0]);
	TRY(write(p[1], "pipe", 4));
	TRY(poll(&ask, 1, 0));
	TRY(read(0, buf, sizeof(buf)));
	TRY(close(0));
	TRY(dup(p[1]));
	TRY(close(0));
}

int main(void)
{
	int n = 0, fd = open("/dev/null", O_RDWR), last = fd, p[2];
	char buf[100];

	while (fd >= 0 && n++ < 200000) {
		last = fd;
		fd = dup(fd);
	}
	result("dup at last", fd);
	TRY(open("/dev/null", O_RDONLY));
	TRY(pipe(p));
	TRY(memfd_create("x", 0));
	TRY(close(last));
	say("one closed, one to be had: %s\n", open("/dev/zero", O_RDONLY) == last ? "yes" : "no");
	TRY(close(last));
	TRY(pipe(p)); /* takes two */
	TRY(close(last - 1));
	TRY(pipe(p));
	say("lowest first: %s\n", p[0] == last - 1 && p[1] == last ? "yes" : "no");
	in_child("child closes its own", closes, (void *)(long)p[0]);
	TRY(write(p[1], "still open", 10));
	TRY(read(p[0], buf, 100));
	for (int i = 3; i <= last; i++)
		close(i);
	fd = open("/dev/null", O_RDWR);
	TRY(read(fd, buf, 100));
	TRY(write(fd, buf, 100));
	TRY(syscall(SYS_write, fd, 8, 100));
	TRY(ftruncate(fd, 0));
	fd = open("/dev/zero", O_RDWR);
	memset(buf, 'x', 100);
	TRY(read(fd, buf, 50));
	say("%zu %zu\n", not_all(buf, 50, 0), not_all(buf + 50, 50, 'x'));
	TRY(write(fd, buf, 100));
	TRY(syscall(SYS_read, fd, 8, 100));
	TRY(open("/dev/null/x", O_RDONLY));
	TRY(open("/dev/none", O_RDONLY));
	from_zero();
	return 0;
}
