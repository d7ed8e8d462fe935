/* SPDX-License-Identifier: MIT */
/* R25 R27: writev: order, empty and missing parts, what came through before a bad one, limits of
 * count and length. */
#include "t.h"

#include <sys/uio.h>

static char back[10 * PAGE];

static void pour(const char *what, int fd, const struct iovec *v, int n)
{
	long r, size;

	ftruncate(fd, 0);
	lseek(fd, 0, SEEK_SET);
	r = syscall(SYS_writev, fd, v, n);
	size = lseek(fd, 0, SEEK_END);
	if (r < 0)
		say("%s: %s, size %ld\n", what, strerrorname_np(errno), size);
	else
		say("%s: %ld, size %ld\n", what, r, size);
}

int main(void)
{
	char *lazy = anon(3 * PAGE), *end = before_hole(2) + 2 * PAGE;
	static struct iovec many[1025];
	int fd = open("writev.tmp", O_CREAT | O_RDWR | O_TRUNC, 0644), p[2];
	struct iovec v[4] = { { "one ", 4 }, { NULL, 0 }, { "two ", 4 }, { "three\n", 6 } };

	pour("four parts", fd, v, 4);
	lseek(fd, 0, SEEK_SET);
	TRY(read(fd, back, sizeof(back)));
	say("%s", back);
	TRY(syscall(SYS_writev, STDOUT_FILENO, v, 4));
	pour("no parts", fd, v, 0);
	pour("-1 parts", fd, v, -1);
	for (int i = 0; i < 1025; i++)
		many[i] = (struct iovec){ "x", 1 };
	pour("1024 parts", fd, many, 1024);
	pour("1025 parts", fd, many, 1025);
	v[1] = (struct iovec){ lazy, 3 * PAGE };
	pour("with untouched memory", fd, v, 4);
	memset(end - 2 * PAGE, 'e', 2 * PAGE);
	v[1] = (struct iovec){ end - PAGE, 2 * PAGE };
	v[0].iov_len = 0;
	pour("a page, then a hole", fd, v, 4);
	v[0] = (struct iovec){ end, 10 };
	pour("a hole first", fd, v, 4);
	v[0] = (struct iovec){ "one ", 4 };
	v[1] = (struct iovec){ (void *)0xffffffd000000000, 4 };
	pour("a kernel address", fd, v, 4);
	v[1] = (struct iovec){ "x", -1ul };
	pour("length -1", fd, v, 4);
	v[1] = (struct iovec){ "x", 1ul << 63 };
	pour("length 2^63", fd, v, 4);
	v[1] = (struct iovec){ lazy, 5 };
	pour("list untouched", fd, (struct iovec *)anon(PAGE), 4);
	pour("list in a hole", fd, (struct iovec *)end, 1);
	pour("list at the end", fd, memcpy(end - sizeof(v), v, sizeof(v)), 4);
	pour("list over the end", fd, (struct iovec *)(end - sizeof(v)), 5);
	TRY(syscall(SYS_writev, 99, v, 4));
	TRY(syscall(SYS_writev, open("writev.tmp", O_RDONLY), v, 4));
	TRY(pipe(p));
	TRY(syscall(SYS_writev, p[1], v, 4));
	TRY(read(p[0], back, sizeof(back)));
	TRY(syscall(SYS_writev, p[0], v, 4));
	return 0;
}
