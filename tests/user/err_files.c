/* SPDX-License-Identifier: MIT */
/* Each error of the calls about open files, by the call's own name: docs/ABI.md has the list. */
#include "t.h"

#include <sys/ioctl.h>
#include <sys/uio.h>
#include <termios.h>

#define BAD ((void *)8)

static char buf[4096];
static struct iovec part = { buf, 8 };
static int ro, wo, dir, pipes[2];

static void no_descriptor(int fd)
{
	say("descriptor %s\n", fd < 0 ? "-1" : fd > 1000 ? "2000" : "of a path");
	TRY(syscall(SYS_dup3, fd, 70, 0));
	TRY(syscall(SYS_getdents64, fd, buf, 100));
	TRY(syscall(SYS_lseek, fd, 0, SEEK_SET));
	TRY(syscall(SYS_read, fd, buf, 8));
	TRY(syscall(SYS_write, fd, buf, 8));
	TRY(syscall(SYS_readv, fd, &part, 1));
	TRY(syscall(SYS_writev, fd, &part, 1));
	TRY(syscall(SYS_pread64, fd, buf, 8, 0));
	TRY(syscall(SYS_pwrite64, fd, buf, 8, 0));
	TRY(syscall(SYS_fstat, fd, buf));
	TRY(syscall(SYS_ioctl, fd, TCGETS, buf));
	TRY(syscall(SYS_fcntl, fd, F_SETFL, 0));
	TRY(syscall(SYS_ftruncate, fd, 0));
	TRY(syscall(SYS_close, fd));
	TRY(syscall(SYS_dup, fd));
}

static void wrong_way(void)
{
	TRY(syscall(SYS_read, wo, buf, 8));
	TRY(syscall(SYS_readv, wo, &part, 1));
	TRY(syscall(SYS_pread64, wo, buf, 8, 0));
	TRY(syscall(SYS_write, ro, buf, 8));
	TRY(syscall(SYS_writev, ro, &part, 1));
	TRY(syscall(SYS_pwrite64, ro, buf, 8, 0));
	TRY(syscall(SYS_read, dir, buf, 8));
	TRY(syscall(SYS_readv, dir, &part, 1));
	TRY(syscall(SYS_pread64, dir, buf, 8, 0));
	TRY(syscall(SYS_ftruncate, ro, 0));
	TRY(syscall(SYS_ftruncate, pipes[1], 0));
	TRY(syscall(SYS_ftruncate, wo, -1));
	TRY(syscall(SYS_getdents64, ro, buf, 100));
	TRY(syscall(SYS_lseek, pipes[0], 0, SEEK_SET));
	TRY(syscall(SYS_pread64, pipes[0], buf, 8, 0));
	TRY(syscall(SYS_pwrite64, pipes[1], buf, 8, 0));
}

static void bad_memory(void)
{
	struct iovec bad = { BAD, 8 };

	TRY(syscall(SYS_read, ro, BAD, 8));
	TRY(syscall(SYS_write, wo, BAD, 8));
	TRY(syscall(SYS_readv, ro, BAD, 1));
	TRY(syscall(SYS_readv, ro, &bad, 1));
	TRY(syscall(SYS_writev, wo, BAD, 1));
	TRY(syscall(SYS_writev, wo, &bad, 1));
	TRY(syscall(SYS_pread64, ro, BAD, 8, 0));
	TRY(syscall(SYS_pwrite64, wo, BAD, 8, 0));
	TRY(syscall(SYS_fstat, ro, BAD));
	TRY(syscall(SYS_getdents64, dir, BAD, 100));
	TRY(syscall(SYS_ioctl, pipes[0], FIONREAD, BAD));
	TRY(syscall(SYS_ioctl, ro, FIONBIO, BAD));
	TRY(syscall(SYS_pipe2, BAD, 0));
	TRY(syscall(SYS_memfd_create, BAD, 0));
}

static void bad_numbers(void)
{
	static char name[251];
	struct iovec huge = { buf, -1ul };
	int left = -1;

	memset(name, 'm', 250);
	TRY(syscall(SYS_readv, ro, &part, 1025));
	TRY(syscall(SYS_readv, ro, &huge, 1));
	TRY(syscall(SYS_writev, wo, &part, -1));
	TRY(syscall(SYS_writev, wo, &part, 1ul << 32)); /* of which the low half counts */
	TRY(syscall(SYS_readv, ro, &part, 1ul << 32));
	TRY(syscall(SYS_writev, wo, &huge, 1));
	TRY(syscall(SYS_pread64, ro, buf, 8, -1));
	TRY(syscall(SYS_pwrite64, wo, buf, 8, -1));
	TRY(syscall(SYS_lseek, ro, -1, SEEK_SET));
	TRY(syscall(SYS_lseek, ro, 0, 9));
	TRY(syscall(SYS_lseek, dir, 0, 9));
	TRY(syscall(SYS_lseek, ro, 1000, SEEK_DATA));
	TRY(syscall(SYS_lseek, ro, 1000, SEEK_HOLE));
	TRY(syscall(SYS_getdents64, dir, buf, 10));
	TRY(syscall(SYS_getdents64, dir, buf, -1));
	while (syscall(SYS_getdents64, dir, buf, sizeof(buf)) > 0)
		;
	TRY(syscall(SYS_getdents64, dir, buf, -1)); /* nothing is left that needs room */
	lseek(dir, 0, SEEK_SET);
	TRY(syscall(SYS_getdents64, dir, buf, -1));
	TRY(syscall(SYS_dup3, ro, ro, 0));
	TRY(syscall(SYS_dup3, ro, 70, 1));
	TRY(syscall(SYS_dup3, ro, -1, 0));
	TRY(syscall(SYS_fcntl, ro, 4711, 0));
	TRY(syscall(SYS_fcntl, ro, F_DUPFD, -1));
	TRY(syscall(SYS_fcntl, ro, F_DUPFD, 1ul << 32) > 0);
	TRY(syscall(SYS_fcntl, open("err.tmp", O_RDONLY | 1 << 30 | O_NOCTTY), F_GETFL));
	TRY(syscall(SYS_pipe2, pipes, 1));
	TRY(syscall(SYS_memfd_create, "x", 0x4000));
	TRY(syscall(SYS_memfd_create, name, 0));
	TRY(syscall(SYS_ioctl, ro, TCGETS, buf));
	TRY(syscall(SYS_ioctl, ro, FIONREAD, &left));
	say("left %d\n", left);
	TRY(syscall(SYS_ioctl, ro, FIONREAD, BAD));
	TRY(syscall(SYS_ioctl, pipes[0], 4711, buf));
	TRY(syscall(SYS_ioctl, open("/dev/console", O_RDWR | O_NOCTTY), TCFLSH, 4711));
	TRY(syscall(SYS_ioctl, open("/dev/console", O_RDWR | O_NOCTTY), TCGETS, BAD));
	TRY(syscall(SYS_ioctl, open("/dev/console", O_RDWR | O_NOCTTY), 4711, BAD));
}

/* At the end of all that a file can have. */
static void largest(void)
{
	int fd = open("err.tmp", O_RDWR), append = open("err.tmp", O_RDWR | O_APPEND);

	TRY(syscall(SYS_lseek, fd, INT64_MAX, SEEK_SET) == INT64_MAX);
	TRY(syscall(SYS_lseek, fd, 1, SEEK_CUR));
	TRY(syscall(SYS_read, fd, buf, 1));
	TRY(syscall(SYS_write, fd, buf, 1));
	TRY(syscall(SYS_write, fd, buf, 0));
	TRY(syscall(SYS_readv, fd, &part, 1));
	TRY(syscall(SYS_writev, fd, &part, 1));
	TRY(syscall(SYS_pread64, fd, buf, 10, INT64_MAX - 5));
	TRY(syscall(SYS_pwrite64, fd, buf, 10, INT64_MAX - 5));
	TRY(syscall(SYS_ftruncate, fd, INT64_MAX));
	TRY(syscall(SYS_write, append, buf, 1));
	TRY(syscall(SYS_writev, append, &part, 1));
	TRY(syscall(SYS_pwrite64, append, buf, 1, 0));
	TRY(syscall(SYS_ftruncate, fd, 100));
}

static void full_and_broken(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
	TRY(pipe2(pipes, O_NONBLOCK));
	TRY(syscall(SYS_read, pipes[0], buf, 8));
	TRY(syscall(SYS_readv, pipes[0], &part, 1));
	while (write(pipes[1], buf, sizeof(buf)) == sizeof(buf))
		;
	TRY(syscall(SYS_write, pipes[1], buf, 8));
	TRY(syscall(SYS_writev, pipes[1], &part, 1));
	close(pipes[0]);
	TRY(syscall(SYS_write, pipes[1], buf, 8));
	TRY(syscall(SYS_writev, pipes[1], &part, 1));
	mkdir("gone", 0755);
	dir = open("gone", O_RDONLY);
	rmdir("gone");
	TRY(syscall(SYS_getdents64, dir, buf, 100));
}

static void no_more(void)
{
	int last = 0;

	for (int fd = dup(0); fd >= 0; fd = dup(0))
		last = fd;
	TRY(syscall(SYS_dup, 0));
	TRY(syscall(SYS_fcntl, 0, F_DUPFD, 3));
	TRY(syscall(SYS_fcntl, 0, F_DUPFD, last + 1));
	TRY(syscall(SYS_dup3, 0, last + 1, 0));
	TRY(syscall(SYS_openat, AT_FDCWD, "err.tmp", O_RDONLY));
	TRY(syscall(SYS_pipe2, pipes, 0));
	TRY(syscall(SYS_memfd_create, "x", 0));
	close(last);
	TRY(syscall(SYS_pipe2, pipes, 0));
}

int main(void)
{
	make_file("err.tmp", 100);
	ro = open("err.tmp", O_RDONLY);
	wo = open("err.tmp", O_WRONLY);
	dir = open("/", O_RDONLY);
	TRY(pipe(pipes));
	no_descriptor(-1);
	no_descriptor(2000);
	no_descriptor(open("err.tmp", O_PATH));
	wrong_way();
	bad_memory();
	bad_numbers();
	largest();
	full_and_broken();
	no_more();
	return 0;
}
