/* SPDX-License-Identifier: MIT */
/* Bytes at positions by many segments, bytes from file to file, holes, and advice on a file's use. */
#include "t.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20
#endif

static char a[PAGE], b[PAGE];
static struct iovec parts[2] = { { a, 3 }, { b, 5 } };

/* preadv and pwritev leave the file's position where it is. */
static void at_positions(int fd)
{
	memcpy(a, "abc", 3);
	memcpy(b, "defgh", 5);
	TRY(pwritev(fd, parts, 2, 10));
	TRY(lseek(fd, 0, SEEK_CUR));
	memset(a, 0, 8);
	memset(b, 0, 8);
	TRY(preadv(fd, parts, 2, 11));
	say("%s %s\n", a, b);
	TRY(preadv(fd, parts, 2, 1000));
	TRY(preadv(fd, parts, 0, 1));
	TRY(preadv(fd, parts, 2, -1));
	TRY(preadv(fd, parts, 2, INT64_MAX - 3));
	TRY(pwritev(fd, parts, 2, INT64_MAX - 3));
	TRY(syscall(SYS_preadv, fd, parts, -1, 0, 0));
	TRY(syscall(SYS_preadv, fd, parts, 1025, 0, 0));
	TRY(syscall(SYS_preadv, fd, NULL, 1, 0, 0));
	TRY(preadv(99, parts, 2, 0));
}

/* RWF_APPEND writes at the end whatever the offset, RWF_NOAPPEND at the offset in spite of O_APPEND. */
static void with_flags(int fd)
{
	int append = open("moves.tmp", O_RDWR | O_APPEND);

	TRY(lseek(fd, 10, SEEK_SET));
	TRY(preadv2(fd, parts, 2, -1, 0));
	TRY(lseek(fd, 0, SEEK_CUR));
	TRY(preadv2(fd, parts, 2, 0, 1));
	TRY(preadv2(fd, parts, 2, 0, 0x100));
	TRY(preadv2(fd, parts, 2, 0, RWF_APPEND));
	TRY(preadv2(fd, parts, 2, 0, RWF_APPEND | RWF_NOAPPEND));
	TRY(preadv2(fd, parts, 0, 0, 0x100));
	TRY(preadv2(fd, parts, 2, -2, 0));
	TRY(pwritev2(fd, parts, 2, 2, RWF_APPEND));
	TRY(lseek(fd, 0, SEEK_END));
	TRY(pwritev2(append, parts, 2, 0, RWF_NOAPPEND));
	TRY(lseek(fd, 0, SEEK_END));
	TRY(pwritev2(append, parts, 2, 0, 0));
	TRY(lseek(fd, 0, SEEK_END));
	TRY(pwritev2(fd, parts, 2, 0, RWF_DSYNC));
	TRY(pwritev2(fd, parts, 2, 0, RWF_SYNC | RWF_DSYNC));
	TRY(pwritev2(fd, parts, 2, 0, RWF_APPEND | RWF_NOAPPEND));
	TRY(pwritev2(fd, parts, 2, 0, 0x40));
	TRY(pwritev2(fd, parts, 2, 0, 0x100));
	close(append);
}

/* A transfer that must not wait, on files that make others wait. */
static void without_waiting(void)
{
	struct itimerspec never = { { 0, 0 }, { 0, 0 } };
	sigset_t none;
	uint64_t one = 1;
	int p[2], fd;

	sigemptyset(&none);
	parts[0].iov_len = parts[1].iov_len = 8;
	TRY(pipe(p));
	TRY(preadv2(p[0], parts, 2, -1, RWF_NOWAIT));
	TRY(preadv2(p[0], parts, 2, 0, RWF_NOWAIT));
	TRY(pwritev2(p[1], parts, 2, -1, RWF_NOWAIT));
	TRY(preadv2(p[0], parts, 2, -1, RWF_NOWAIT));
	TRY(preadv2(p[0], parts, 2, -1, 0x40));
	TRY(preadv(p[0], parts, 2, 0));
	TRY(pwritev(p[1], parts, 2, 0));
	TRY(pwritev2(p[1], parts, 2, 0, 0));
	fd = eventfd(0, 0);
	TRY(preadv2(fd, parts, 1, -1, RWF_NOWAIT));
	TRY(write(fd, &one, 8));
	TRY(preadv2(fd, parts, 1, -1, RWF_NOWAIT));
	close(fd);
	fd = timerfd_create(CLOCK_MONOTONIC, 0);
	timerfd_settime(fd, 0, &never, NULL);
	TRY(preadv2(fd, parts, 1, -1, RWF_NOWAIT));
	close(fd);
	fd = signalfd(-1, &none, 0);
	parts[0].iov_len = 128;
	TRY(preadv2(fd, parts, 1, -1, RWF_NOWAIT));
	close(fd);
	parts[0].iov_len = 8;
	fd = open("/dev/zero", O_RDWR);
	TRY(preadv2(fd, parts, 1, -1, RWF_NOWAIT));
	close(fd);
	close(p[0]);
	close(p[1]);
}

static void nothing(int signal)
{
	(void)signal;
}

/* A write that was interrupted tells the bytes that it wrote, or EINTR if there are none. */
static void interrupted(void)
{
	const struct sigaction act = { .sa_handler = nothing };
	const struct itimerval soon = { { 0, 20000 }, { 0, 20000 } },
			       never = { { 0, 0 }, { 0, 0 } };
	static char much[16 * PAGE];
	struct iovec all = { much, sizeof(much) };
	int p[2];

	TRY(pipe(p));
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	TRY(preadv2(p[0], parts, 2, -1, 0));
	TRY(pwritev2(p[1], &all, 1, -1, 0));
	TRY(pwritev2(p[1], parts, 2, -1, 0));
	setitimer(ITIMER_REAL, &never, NULL);
	TRY(pwritev2(p[1], parts, 2, -1, RWF_NOWAIT));
	close(p[0]);
	signal(SIGPIPE, SIG_IGN);
	TRY(pwritev2(p[1], parts, 2, -1, 0));
	close(p[1]);
}

/* Files of a process that has ended cannot be read or written: ESRCH. */
static void gone(void)
{
	pid_t child = fork();
	char name[40];
	int status, comm;

	if (child == 0) {
		pause();
		_exit(0);
	}
	snprintf(name, sizeof(name), "/proc/%d/status", child);
	status = open(name, O_RDONLY);
	snprintf(name, sizeof(name), "/proc/%d/comm", child);
	comm = open(name, O_WRONLY);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	TRY(preadv(status, parts, 2, 0));
	TRY(preadv2(status, parts, 2, -1, 0));
	TRY(pwritev2(comm, parts, 2, -1, 0));
	close(status);
	close(comm);
}

/* F_SEAL_WRITE refuses each way to write (EPERM), and a write beyond the largest offset is EFBIG. */
static void sealed_and_large(void)
{
	int from = memfd_create("m", 0), to = memfd_create("n", MFD_ALLOW_SEALING);
	int large = open("large.tmp", O_RDWR | O_CREAT | O_APPEND, 0600);

	TRY(write(from, "memory", 6));
	TRY(lseek(from, 0, SEEK_SET));
	TRY(fcntl(to, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW));
	TRY(pwritev(to, parts, 2, 0));
	TRY(pwritev2(to, parts, 2, 0, 0));
	TRY(copy_file_range(from, NULL, to, NULL, 6, 0));
	TRY(ftruncate(large, INT64_MAX));
	TRY(pwritev(large, parts, 2, 0));
	TRY(pwritev2(large, parts, 2, 0, 0));
	close(from);
	close(to);
	close(large);
	unlink("large.tmp");
}

/* copy_file_range copies between files of one file system (EXDEV), and not over its own source (EINVAL). */
static void copies(void)
{
	int in, out, fd, p[2], append;
	long from = 100, to = 4000;
	static char back[3 * PAGE];

	make_file("from.tmp", 5 * PAGE);
	in = open("from.tmp", O_RDONLY);
	out = open("to.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
	TRY(copy_file_range(in, &from, out, &to, 2 * PAGE, 0));
	say("%ld %ld\n", from, to);
	TRY(lseek(in, 0, SEEK_CUR));
	TRY(pread(out, back, sizeof(back), 0));
	say("before %zu, copied %zu wrong\n", not_all(back, 4000, 0),
	    bytes_unlike_file(back + 4000, 100, 2 * PAGE));
	lseek(in, PAGE, SEEK_SET);
	TRY(copy_file_range(in, NULL, out, NULL, 10, 0));
	TRY(lseek(in, 0, SEEK_CUR));
	TRY(lseek(out, 0, SEEK_CUR));
	TRY(copy_file_range(in, NULL, out, NULL, 1 << 30, 0));
	TRY(copy_file_range(in, NULL, out, NULL, 10, 0));
	TRY(copy_file_range(in, NULL, out, NULL, 0, 0));
	TRY(copy_file_range(in, NULL, out, NULL, 10, 1));
	TRY(copy_file_range(out, NULL, in, NULL, 10, 0));
	TRY(copy_file_range(99, NULL, out, NULL, 10, 0));
	TRY(copy_file_range(in, NULL, 99, NULL, 10, 0));
	TRY(copy_file_range(in, (long *)8, out, NULL, 10, 0));
	TRY(copy_file_range(in, NULL, out, (long *)8, 10, 0));
	from = -1;
	TRY(copy_file_range(in, &from, out, NULL, 10, 0));
	from = INT64_MAX - 5;
	TRY(copy_file_range(in, &from, out, NULL, 10, 0));
	from = 0;
	to = INT64_MAX - 5;
	TRY(copy_file_range(in, &from, out, &to, 10, 0));
	to = INT64_MAX;
	TRY(copy_file_range(in, &from, out, &to, 10, 0));
	from = INT64_MIN;
	TRY(copy_file_range(in, &from, out, NULL, 10, 0));
	from = 0;
	to = INT64_MIN;
	TRY(copy_file_range(in, &from, out, &to, 10, 0));
	from = 0;
	to = 5;
	TRY(copy_file_range(out, &from, out, &to, 10, 0));
	to = 10;
	TRY(copy_file_range(out, &from, out, &to, 10, 0));
	append = open("to.tmp", O_WRONLY | O_APPEND);
	TRY(copy_file_range(in, &from, append, NULL, 10, 0));
	close(append);
	fd = open(".", O_RDONLY);
	TRY(copy_file_range(fd, NULL, out, NULL, 10, 0));
	close(fd);
	TRY(pipe(p));
	TRY(copy_file_range(p[0], NULL, out, NULL, 10, 0));
	from = 0;
	TRY(copy_file_range(in, &from, p[1], NULL, 10, 0));
	fd = memfd_create("m", 0);
	from = 0;
	TRY(copy_file_range(in, &from, fd, NULL, 10, 0));
	TRY(write(fd, "memory", 6));
	append = memfd_create("n", 0);
	from = 0;
	TRY(copy_file_range(fd, &from, append, NULL, 10, 0));
	close(fd);
	close(append);
	fd = open("/dev/null", O_RDWR);
	from = 0;
	TRY(copy_file_range(in, &from, fd, NULL, 10, 0));
	close(fd);
	close(p[0]);
	close(p[1]);
	close(in);
	close(out);
}

/* Where data and holes are is told by pages. */
static void holes(void)
{
	int fd = open("holes.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);

	TRY(lseek(fd, 0, SEEK_DATA));
	TRY(lseek(fd, 0, SEEK_HOLE));
	TRY(ftruncate(fd, 200 * PAGE));
	TRY(lseek(fd, 0, SEEK_DATA));
	TRY(lseek(fd, 7, SEEK_HOLE));
	TRY(pwrite(fd, "x", 1, 10 * PAGE + 5));
	TRY(pwrite(fd, "x", 1, 100 * PAGE));
	TRY(pwrite(fd, "x", 1, 101 * PAGE));
	TRY(lseek(fd, 0, SEEK_DATA));
	TRY(lseek(fd, 10 * PAGE + 7, SEEK_DATA));
	TRY(lseek(fd, 10 * PAGE + 7, SEEK_HOLE));
	TRY(lseek(fd, 11 * PAGE, SEEK_DATA));
	TRY(lseek(fd, 11 * PAGE, SEEK_HOLE));
	TRY(lseek(fd, 100 * PAGE + 1, SEEK_HOLE));
	TRY(lseek(fd, 102 * PAGE, SEEK_DATA));
	TRY(lseek(fd, 200 * PAGE, SEEK_HOLE));
	TRY(lseek(fd, -1, SEEK_DATA));
	TRY(lseek(fd, 200 * PAGE - 1, SEEK_HOLE));
	TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100 * PAGE, PAGE));
	TRY(lseek(fd, 99 * PAGE, SEEK_DATA));
	TRY(lseek(fd, 0, SEEK_CUR));
	TRY(ftruncate(fd, 101 * PAGE + 3));
	TRY(lseek(fd, 101 * PAGE, SEEK_HOLE));
	/* Dense, through more than one node of the index. */
	for (long i = 0; i < 3000; i++)
		if (pwrite(fd, "y", 1, i * (long)PAGE) != 1)
			say("cannot write\n");
	TRY(lseek(fd, 5, SEEK_HOLE));
	TRY(ftruncate(fd, 4000 * PAGE));
	TRY(lseek(fd, 5, SEEK_HOLE));
	TRY(lseek(fd, 3000 * PAGE, SEEK_DATA));
	close(fd);
}

/* Advice on a pipe is ESPIPE, readahead wants a file that is read (EBADF), and an unknown flag or negative range is EINVAL. */
static void advice(void)
{
	int fd = open("from.tmp", O_RDWR), out = open("from.tmp", O_WRONLY),
	    dir = open(".", O_RDONLY), path = open("from.tmp", O_PATH),
	    null = open("/dev/null", O_RDWR), p[2];

	TRY(pipe(p));
	for (int what = -1; what < 8; what++)
		TRY(syscall(SYS_fadvise64, fd, 0, 0, what));
	TRY(syscall(SYS_fadvise64, fd, 0, -1, 0));
	TRY(syscall(SYS_fadvise64, fd, -1, 1, 0));
	TRY(syscall(SYS_fadvise64, 99, 0, 0, 0));
	TRY(syscall(SYS_fadvise64, path, 0, 0, 0));
	TRY(syscall(SYS_fadvise64, p[0], 0, 0, 99));
	TRY(syscall(SYS_fadvise64, dir, 0, 0, 0));
	TRY(syscall(SYS_fadvise64, null, 0, 0, 0));
	TRY(syscall(SYS_readahead, fd, 0, 100));
	TRY(syscall(SYS_readahead, out, 0, 100));
	TRY(syscall(SYS_readahead, dir, 0, 100));
	TRY(syscall(SYS_readahead, p[0], 0, 100));
	TRY(syscall(SYS_readahead, null, 0, 100));
	TRY(syscall(SYS_readahead, 99, 0, 100));
	TRY(syscall(SYS_readahead, path, 0, 100));
	TRY(syscall(SYS_sync_file_range, fd, 0, 0, 7));
	TRY(syscall(SYS_sync_file_range, fd, 0, 0, 0));
	TRY(syscall(SYS_sync_file_range, fd, 0, 0, 8));
	TRY(syscall(SYS_sync_file_range, fd, -1, 0, 2));
	TRY(syscall(SYS_sync_file_range, fd, 0, -1, 2));
	TRY(syscall(SYS_sync_file_range, fd, INT64_MAX, 1, 2));
	TRY(syscall(SYS_sync_file_range, dir, 0, 0, 2));
	TRY(syscall(SYS_sync_file_range, p[0], 0, 0, 2));
	TRY(syscall(SYS_sync_file_range, p[0], 0, 0, 8));
	TRY(syscall(SYS_sync_file_range, null, 0, 0, 2));
	TRY(syscall(SYS_sync_file_range, 99, 0, 0, 2));
	TRY(syscall(SYS_sync_file_range, path, 0, 0, 2));
	TRY(syncfs(fd));
	TRY(syncfs(dir));
	TRY(syncfs(p[0]));
	TRY(syncfs(path));
	TRY(syncfs(99));
}

int main(void)
{
	int fd = open("moves.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);

	at_positions(fd);
	with_flags(fd);
	without_waiting();
	interrupted();
	gone();
	sealed_and_large();
	copies();
	holes();
	advice();
	return 0;
}
