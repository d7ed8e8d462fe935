/* SPDX-License-Identifier: MIT */
/* R25 R27: pread64, pwrite64 and readv: places and pieces, into memory of odd states, and errors. */
#include "t.h"

#include <sys/uio.h>

static char buf[4 * PAGE];

static void places(int fd)
{
	int p[2], dir = open("/", O_RDONLY), ro = open("positional.tmp", O_RDONLY);

	TRY(pwrite(fd, "hello", 5, 100));
	TRY(lseek(fd, 0, SEEK_CUR));
	TRY(pread(fd, buf, 10, 98));
	say("%d %d %.5s\n", buf[0], buf[1], buf + 2);
	TRY(pread(fd, buf, 10, 1000));
	TRY(pread(fd, buf, 10, 105));
	TRY(pread(fd, buf, 10, -1));
	TRY(pwrite(fd, buf, 10, -1));
	TRY(pwrite(fd, "x", 1, 3 * PAGE));
	TRY(pread(fd, buf, 4 * PAGE, 0));
	TRY(syscall(SYS_pread64, fd, 8, 10, 0));
	TRY(syscall(SYS_pwrite64, fd, 8, 10, 0));
	TRY(pwrite(ro, "x", 1, 0));
	TRY(pread(open("positional.tmp", O_WRONLY), buf, 1, 0));
	TRY(pread(dir, buf, 1, 0));
	TRY(pread(99, buf, 1, 0));
	TRY(pwrite(99, buf, 1, 0));
	TRY(pipe(p));
	TRY(pread(p[0], buf, 1, 0));
	TRY(pwrite(p[1], buf, 1, 0));
}

static void pieces(int fd)
{
	char *lazy = anon(3 * PAGE), *end = before_hole(1) + PAGE;
	struct iovec v[4] = { { buf, 3 }, { NULL, 0 }, { lazy + 10, 2 * PAGE }, { buf + 100, 50 } };
	static struct iovec many[1025];

	TRY(lseek(fd, 100, SEEK_SET));
	TRY(readv(fd, v, 4));
	say("%.3s, %c%c\n", buf, lazy[10], lazy[11]);
	TRY(lseek(fd, 100, SEEK_SET));
	v[2] = (struct iovec){ end - 2, 10 };
	TRY(readv(fd, v, 4));
	say("%c%c, at %ld\n", end[-2], end[-1], (long)lseek(fd, 0, SEEK_CUR));
	v[0] = (struct iovec){ end, 10 };
	TRY(readv(fd, v, 4));
	v[0] = (struct iovec){ buf, -1ul };
	TRY(syscall(SYS_readv, fd, v, 4));
	for (int i = 0; i < 1025; i++)
		many[i] = (struct iovec){ buf, 1 };
	TRY(syscall(SYS_readv, fd, many, 1025));
	TRY(syscall(SYS_readv, fd, many, -1));
	TRY(syscall(SYS_readv, fd, 8, 1));
	TRY(syscall(SYS_readv, 99, many, 1));
	TRY(readv(open("positional.tmp", O_WRONLY), many, 1));
}

int main(void)
{
	int fd = open("positional.tmp", O_CREAT | O_RDWR | O_TRUNC, 0644);

	places(fd);
	pieces(fd);
	return 0;
}
