/* SPDX-License-Identifier: MIT */
/* lseek, holes, O_APPEND, dup and fork sharing one offset, and files that grow in odd steps. */
#include "t.h"

static char buf[3 * PAGE];

static void seeks(int fd)
{
	TRY(write(fd, "0123456789", 10));
	TRY(lseek(fd, 2, SEEK_SET));
	TRY(lseek(fd, 3, SEEK_CUR));
	TRY(lseek(fd, -1, SEEK_END));
	TRY(lseek(fd, -100, SEEK_CUR));
	TRY(lseek(fd, -11, SEEK_END));
	TRY(lseek(fd, 0, SEEK_CUR));
	TRY(lseek(fd, 1, 99));
	TRY(lseek(fd, -1, SEEK_SET));
	TRY(lseek(99, 0, SEEK_SET));
	TRY(lseek(fd, 1ul << 62, SEEK_SET) == 1l << 62);
	TRY(lseek(fd, 1ul << 62, SEEK_CUR));
	TRY(read(fd, buf, 10));
	TRY(lseek(fd, 20, SEEK_SET));
	TRY(read(fd, buf, 10));
	TRY(write(fd, "x", 1));
	TRY(lseek(fd, 5, SEEK_SET));
	TRY(read(fd, buf, 100));
	say("%.5s, hole %zu, %c\n", buf, not_all(buf + 5, 10, 0), buf[15]);
}

static void one_offset(int fd)
{
	int fd2, status;

	fd2 = dup(fd);
	TRY(lseek(fd, 3, SEEK_SET));
	TRY(read(fd2, buf, 2));
	TRY(lseek(fd, 0, SEEK_CUR));
	if (fork() == 0) {
		lseek(fd, 1, SEEK_CUR);
		_exit((int)read(fd, buf, 1));
	}
	wait(&status);
	ended("child", status);
	TRY(lseek(fd2, 0, SEEK_CUR));
	close(fd);
	TRY(read(fd2, buf, 1));
	say("%c\n", buf[0]);
	close(fd2);
}

static void appending(void)
{
	int fd, fd2;

	fd = open("fs_seek.tmp", O_RDWR | O_APPEND);
	fd2 = open("fs_seek.tmp", O_WRONLY);
	TRY(write(fd2, "AB", 2));
	TRY(write(fd, "CD", 2));
	TRY(lseek(fd, 0, SEEK_CUR));
	TRY(write(fd2, "ab", 2));
	TRY(lseek(fd, 0, SEEK_SET));
	TRY(read(fd, buf, 100));
	say("%.4s %.2s\n", buf, buf + 21);
}

/* In odd steps to 200,000 bytes and more, then the whole is read in others. */
static void odd_steps(void)
{
	unsigned long sum = 0;
	struct stat st;
	int fd;

	fd = open("fs_seek2.tmp", O_CREAT | O_RDWR, 0644);
	for (size_t at = 0, step = 1; at < 200000; at += step, step = step * 7 % 5003 + 1) {
		for (size_t i = 0; i < step; i++)
			buf[i] = file_byte(at + i);
		if (write(fd, buf, step) != (ssize_t)step)
			exit(1);
	}
	TRY(fstat(fd, &st));
	say("size %ld\n", (long)st.st_size);
	lseek(fd, 0, SEEK_SET);
	for (ssize_t n, at = 0; (n = read(fd, buf, 4999)) > 0; at += n)
		for (ssize_t i = 0; i < n; i++)
			sum += buf[i] != file_byte((size_t)(at + i));
	say("wrong bytes: %lu\n", sum);
	TRY(write(fd, buf, 0));
	TRY(lseek(open("/dev/null", O_RDONLY), 77, SEEK_SET));
	TRY(lseek(open("/dev/zero", O_RDONLY), 77, SEEK_SET));
}

int main(void)
{
	int fd = open("fs_seek.tmp", O_CREAT | O_RDWR | O_TRUNC, 0644);

	seeks(fd);
	one_offset(fd);
	appending();
	odd_steps();
	return 0;
}
