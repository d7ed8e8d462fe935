/* SPDX-License-Identifier: MIT */
/* fcntl and dup3: descriptors at chosen numbers, close-on-exec, the flags of an open file, errors. */
#include "t.h"

static void duplicates(int fd)
{
	int at = fcntl(fd, F_DUPFD, 100);

	say("F_DUPFD from 100: %d, %d, %d\n", at, fcntl(fd, F_DUPFD, 100), fcntl(fd, F_DUPFD, 50));
	say("with close-on-exec: %d\n", fcntl(fd, F_DUPFD_CLOEXEC, 200));
	TRY(fcntl(200, F_GETFD));
	TRY(fcntl(100, F_GETFD));
	TRY(fcntl(fd, F_DUPFD, -1));
	TRY(fcntl(fd, F_DUPFD, 1 << 30));
	TRY(fcntl(300, F_DUPFD, 10));
	TRY(dup2(fd, 60));
	TRY(dup2(60, 60));
	TRY(dup2(300, 61));
	TRY(dup2(fd, -1));
	TRY(dup2(fd, 1 << 30));
	TRY(dup3(fd, 100, O_CLOEXEC));
	TRY(fcntl(100, F_GETFD));
	TRY(dup3(fd, fd, 0));
	TRY(dup3(fd, 62, 0x40));
	TRY(dup3(300, 62, 0));
}

static void flags(int fd)
{
	int p[2], other = dup(fd);
	char c;

	say("flags: %#o\n", fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
	TRY(fcntl(fd, F_SETFL, O_APPEND | O_WRONLY | O_CREAT));
	say("by the duplicate: %#o\n", fcntl(other, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
	TRY(lseek(fd, 0, SEEK_SET));
	TRY(write(other, "end", 3));
	TRY(lseek(fd, 0, SEEK_CUR));
	TRY(fcntl(fd, F_SETFL, 0));
	say("again: %#o\n", fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
	TRY(fcntl(fd, F_GETFD));
	TRY(fcntl(fd, F_SETFD, FD_CLOEXEC));
	TRY(fcntl(fd, F_GETFD));
	TRY(fcntl(other, F_GETFD));
	TRY(fcntl(fd, F_SETFD, 0));
	TRY(fcntl(fd, F_GETFD));
	TRY(pipe(p));
	TRY(fcntl(p[0], F_SETFL, O_NONBLOCK));
	TRY(read(p[0], &c, 1));
	TRY(fcntl(p[1], F_GETFL) & O_ACCMODE);
	TRY(fcntl(300, F_GETFL));
	TRY(fcntl(fd, 9999, 0));
	say("a path: %#o\n",
	    fcntl(open("fcntl.tmp", O_PATH | O_RDWR | O_APPEND), F_GETFL) & ~0100000);
	say("a path, not followed: %#o\n",
	    fcntl(open("fcntl.tmp", O_PATH | O_NOFOLLOW), F_GETFL) & ~0100000);
}

int main(int argc, char **argv)
{
	char *args[] = { argv[0], "again", NULL };
	int fd;

	if (argc > 1) {
		TRY(fcntl(100, F_GETFD));
		TRY(fcntl(101, F_GETFD));
		TRY(fcntl(200, F_GETFD));
		return 0;
	}
	fd = open("fcntl.tmp", O_CREAT | O_RDWR, 0644);
	TRY(write(fd, "12345", 5));
	duplicates(fd);
	flags(fd);
	execv(argv[0], args);
	return 1;
}
