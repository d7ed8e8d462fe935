/* SPDX-License-Identifier: MIT */
/* openat and close: every flag and error of the root file system, and the lowest free descriptor. */
#include "t.h"

static void names(void)
{
	char longest[300], path[5000];

	memset(longest, 'n', sizeof(longest));
	longest[255] = '\0';
	TRY(close(open(longest, O_CREAT | O_WRONLY, 0600)));
	TRY(unlink(longest));
	longest[255] = 'n';
	longest[256] = '\0';
	TRY(open(longest, O_CREAT | O_WRONLY, 0600));
	memset(path, '/', sizeof(path));
	path[4094] = '.';
	path[4095] = '\0';
	TRY(close(open(path, O_RDONLY)));
	path[4095] = '/';
	path[4096] = '\0';
	TRY(open(path, O_RDONLY));
	TRY(open("", O_RDONLY));
	TRY(open("file.tmp/", O_RDONLY));
	TRY(open("file.tmp/x", O_RDONLY));
	TRY(open("file.tmp/x", O_CREAT | O_WRONLY, 0600));
	TRY(open("none/x", O_CREAT | O_WRONLY, 0600));
	TRY(open("new/", O_CREAT | O_WRONLY, 0600));
	TRY(close(open("./dir.tmp/../././file.tmp", O_RDONLY)));
	TRY(close(open("/../../..//", O_RDONLY)));
	TRY(open("file.tmp/.", O_RDONLY));
	TRY(open("file.tmp/..", O_RDONLY));
}

static void flags(void)
{
	char buf[8];
	int fd;

	TRY(open("file.tmp", O_CREAT | O_EXCL | O_RDWR, 0600));
	TRY(open("dir.tmp", O_CREAT | O_EXCL | O_RDWR, 0600));
	TRY(open("dir.tmp", O_WRONLY));
	TRY(open("dir.tmp", O_RDWR));
	TRY(open("dir.tmp", O_CREAT | O_RDONLY, 0600));
	TRY(open("dir.tmp", O_RDONLY | O_TRUNC));
	TRY(open("file.tmp", O_RDONLY | O_DIRECTORY));
	TRY(close(open("dir.tmp", O_RDONLY | O_DIRECTORY)));
	TRY(open("none.tmp", O_RDWR));
	fd = open("file.tmp", O_RDONLY);
	TRY(write(fd, "x", 1));
	TRY(read(fd, buf, 8));
	close(fd);
	fd = open("file.tmp", O_WRONLY);
	TRY(read(fd, buf, 8));
	TRY(write(fd, "XY", 2));
	close(fd);
	fd = open("file.tmp", O_RDWR | O_APPEND);
	TRY(write(fd, "end", 3));
	TRY(lseek(fd, 0, SEEK_SET));
	TRY(read(fd, buf, 8));
	say("%.8s\n", buf);
	TRY(lseek(fd, 1, SEEK_SET));
	TRY(write(fd, "!", 1));
	TRY(lseek(fd, 0, SEEK_CUR));
	close(fd);
	fd = open("file.tmp", O_RDWR | O_TRUNC);
	TRY(read(fd, buf, 8));
	TRY(write(fd, "abc", 3));
	close(fd);
	fd = open("dir.tmp", O_RDONLY);
	TRY(read(fd, buf, 8));
	TRY(write(fd, buf, 8));
	TRY(openat(fd, "inner", O_CREAT | O_RDWR, 0600) >= 0);
	TRY(openat(fd, "inner", O_RDONLY) >= 0);
	TRY(openat(99, "inner", O_RDONLY));
	TRY(openat(99, "/", O_RDONLY) >= 0);
	TRY(openat(open("file.tmp", O_RDONLY), "inner", O_RDONLY));
}

static void descriptors(void)
{
	int a = open("/dev/null", O_RDONLY), b = open("/dev/null", O_RDONLY),
	    c = open("/dev/null", O_RDONLY);

	say("one after another: %d %d\n", b - a, c - b);
	TRY(close(b));
	say("the lowest that is free: %s\n", open("/", O_RDONLY) == b ? "yes" : "no");
	TRY(close(-1));
	TRY(close(1000000));
	TRY(close(AT_FDCWD));
	TRY(read(-1, NULL, 0));
	TRY(write(1000000, "x", 1));
	TRY(dup(-1));
	TRY(dup(1000000));
	say("dup: %s\n", dup(a) > c ? "the next" : "no");
}

int main(void)
{
	int fd = open("file.tmp", O_CREAT | O_EXCL | O_RDWR, 0640);

	TRY(write(fd, "abcdef", 6));
	TRY(close(fd));
	TRY(mkdir("dir.tmp", 0755));
	names();
	flags();
	descriptors();
	return 0;
}
