/* SPDX-License-Identifier: MIT */
/* Named pipes: who waits for whom at open, what polls see; and other files that mknod makes. */
#include "t.h"

#include <linux/openat2.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/time.h>

static char buf[2 * PAGE];

static void polled(const char *what, int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	poll(&p, 1, 0);
	say("%s: %#x\n", what, (unsigned)p.revents);
}

/* Opens the other end when the parent waits for it, does something with it, and exits. */
static pid_t partner(int flags, const char *bytes)
{
	pid_t pid = fork();
	ssize_t n = 0;
	int fd;

	if (pid != 0)
		return pid;
	until_parent_sleeps();
	fd = open("fifo", flags);
	if (bytes)
		n = write(fd, bytes, strlen(bytes));
	else
		n = read(fd, buf, sizeof(buf));
	_exit((int)n);
}

/* An open waits for the other side. Without writers a read is 0 and poll tells POLLHUP, without readers a write is EPIPE. */
static void waits(void)
{
	pid_t child;
	int fd, status;

	child = partner(O_WRONLY, "hello");
	fd = TRY(open("fifo", O_RDONLY));
	TRY(read(fd, buf, sizeof(buf)));
	say("%.5s\n", buf);
	waitpid(child, &status, 0);
	ended("writer", status);
	TRY(read(fd, buf, sizeof(buf)));
	polled("after the writer", fd, POLLIN);
	close(fd);
	child = partner(O_RDONLY, NULL);
	fd = TRY(open("fifo", O_WRONLY));
	TRY(write(fd, "four", 4));
	waitpid(child, &status, 0);
	ended("reader", status);
	polled("after the reader", fd, POLLOUT);
	signal(SIGPIPE, SIG_IGN);
	TRY(write(fd, "x", 1));
	close(fd);
	/* The partner has gone again when the opener comes to run. */
	child = partner(O_WRONLY | O_CLOEXEC, "");
	fd = TRY(open("fifo", O_RDONLY));
	waitpid(child, NULL, 0);
	TRY(read(fd, buf, 10));
	close(fd);
}

/* With O_NONBLOCK an open to read succeeds, and one to write is ENXIO without a reader; O_RDWR never waits. */
static void without_waiting(void)
{
	int in, out, both;

	TRY(open("fifo", O_WRONLY | O_NONBLOCK));
	in = TRY(open("fifo", O_RDONLY | O_NONBLOCK));
	TRY(read(in, buf, 10));
	polled("no writer yet", in, POLLIN);
	out = TRY(open("fifo", O_WRONLY | O_NONBLOCK));
	TRY(read(in, buf, 10));
	TRY(write(out, "123456", 6));
	polled("in", in, POLLIN);
	polled("out", out, POLLOUT);
	TRY(close(out));
	polled("left", in, POLLIN);
	TRY(read(in, buf, 4));
	TRY(read(in, buf, 4));
	polled("empty", in, POLLIN);
	TRY(read(in, buf, 4));
	close(in);
	both = TRY(open("fifo", O_RDWR));
	polled("both", both, POLLIN | POLLOUT);
	TRY(write(both, "abc", 3));
	polled("both", both, POLLIN | POLLOUT);
	in = TRY(open("fifo", O_RDONLY));
	TRY(read(in, buf, 1));
	TRY(read(both, buf, 1));
	close(both);
	TRY(read(in, buf, 10));
	TRY(write(in, "x", 1));
	close(in);
	/* What is left goes with the last file. */
	both = open("fifo", O_RDWR | O_NONBLOCK);
	TRY(write(both, "lost", 4));
	close(both);
	both = open("fifo", O_RDWR | O_NONBLOCK);
	TRY(read(both, buf, 10));
	TRY(lseek(both, 0, SEEK_SET));
	TRY(pread(both, buf, 1, 0));
	TRY(ftruncate(both, 0));
	TRY(fsync(both));
	TRY(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, both, 0) == MAP_FAILED);
	while (write(both, buf, PAGE) > 0)
		continue;
	TRY(ioctl(both, FIONREAD, buf));
	say("%d bytes\n", *(int *)buf);
	close(both);
}

static void nothing(int signal)
{
	(void)signal;
}

/* A handler ends an open that waits for the other side: EINTR. */
static void interrupted(void)
{
	const struct sigaction act = { .sa_handler = nothing };
	const struct itimerval soon = { { 0, 20000 }, { 0, 20000 } },
			       never = { { 0, 0 }, { 0, 0 } };
	const struct open_how how = { .flags = O_RDONLY };

	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	TRY(open("fifo", O_RDONLY));
	TRY(open("fifo", O_WRONLY));
	TRY(syscall(SYS_openat2, AT_FDCWD, "fifo", &how, sizeof(how)));
	setitimer(ITIMER_REAL, &never, NULL);
	TRY(open("fifo", O_WRONLY | O_NONBLOCK));
}

/* A FIFO has one buffer under all its names; O_TRUNC does nothing to it, truncate is EINVAL, and exec EACCES. */
static void names(void)
{
	struct stat st;
	char link[40];
	int fd, again;

	TRY(mkfifo("fifo", 0600));
	TRY(stat("fifo", &st));
	say("%o %ld %ld\n", st.st_mode, (long)st.st_nlink, (long)st.st_size);
	say("listed as %d\n", listed(".", "fifo"));
	TRY(chmod("fifo", 0640));
	TRY(truncate("fifo", 0));
	TRY(linkat(AT_FDCWD, "fifo", AT_FDCWD, "second", 0));
	fd = open("fifo", O_RDWR | O_TRUNC | O_CREAT, 0600);
	again = open("second", O_RDONLY | O_NONBLOCK);
	TRY(write(fd, "same", 4));
	TRY(read(again, buf, 10));
	close(again);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	again = open(link, O_RDONLY);
	TRY(write(fd, "again", 5));
	TRY(read(again, buf, 10));
	TRY(fstat(again, &st));
	say("%o\n", st.st_mode);
	TRY(unlink("fifo"));
	TRY(rename("second", "fifo"));
	close(fd);
	close(again);
	fd = open("fifo", O_PATH);
	TRY(fstat(fd, &st));
	TRY(read(fd, buf, 1));
	close(fd);
	TRY(open("fifo", O_DIRECTORY | O_RDONLY));
	TRY(open("fifo/x", O_RDONLY));
	TRY(access("fifo", X_OK));
	TRY(chmod("fifo", 0750));
	TRY(access("fifo", X_OK));
	TRY(execl("fifo", "fifo", NULL));
	TRY(chmod("fifo", 0640));
}

/* A device file acts by its numbers, whatever its name; the name of a socket cannot be opened (ENXIO) but with O_PATH. */
static void devices(void)
{
	struct stat st;
	int fd;

	TRY(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
	TRY(mknod("zero", S_IFCHR | 0666, makedev(1, 5)));
	TRY(mknod("full", S_IFCHR | 0666, makedev(1, 7)));
	TRY(mknod("random", S_IFCHR | 0600, makedev(1, 9)));
	TRY(mknod("socket", S_IFSOCK | 0600, 0));
	TRY(mknod("dir", S_IFDIR | 0600, 0));
	TRY(mknod("null", S_IFIFO | 0666, 0));
	TRY(stat("zero", &st));
	say("%o %#lx\n", st.st_mode & ~0022u, (unsigned long)st.st_rdev);
	fd = open("null", O_RDWR);
	TRY(write(fd, buf, 100));
	TRY(read(fd, buf, 100));
	close(fd);
	fd = open("zero", O_RDWR);
	memset(buf, 1, 100);
	TRY(read(fd, buf, 100));
	say("%zu not zero\n", not_all(buf, 100, 0));
	close(fd);
	fd = open("full", O_RDWR | O_CREAT | O_TRUNC, 0600);
	TRY(write(fd, buf, 100));
	TRY(read(fd, buf, 100));
	TRY(lseek(fd, 10, SEEK_SET));
	close(fd);
	fd = open("/dev/full", O_RDWR);
	TRY(write(fd, buf, 1));
	close(fd);
	fd = open("random", O_RDWR);
	TRY(read(fd, buf, 1000));
	say("random: %d\n", not_all(buf, 1000, buf[0]) > 900);
	TRY(write(fd, buf, 1000));
	TRY(syscall(SYS_read, fd, 8, 10));
	TRY(syscall(SYS_write, fd, 8, 10));
	TRY(lseek(fd, 10, SEEK_SET));
	close(fd);
	TRY(open("/dev/urandom", O_RDONLY) >= 0);
	TRY(open("/dev/random", O_RDONLY) >= 0);
	TRY(open("socket", O_RDONLY));
	TRY(open("socket", O_PATH) >= 0);
	TRY(unlink("socket"));
}

/* MS_NODEV refuses to open devices (EACCES), not FIFOs; a read-only mount lets both be written to. */
static void on_mounts(void)
{
	const struct open_how how = { .flags = O_RDONLY };
	int fd;

	mkdir("m", 0755);
	TRY(mount("none", "m", "tmpfs", MS_NODEV, NULL));
	TRY(mknod("m/null", S_IFCHR | 0666, makedev(1, 3)));
	TRY(mkfifo("m/fifo", 0600));
	TRY(open("m/null", O_RDONLY));
	TRY(syscall(SYS_openat2, AT_FDCWD, "m/null", &how, sizeof(how)));
	TRY(mount("none", "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	fd = open("m/fifo", O_RDWR);
	TRY(write(fd, "x", 1));
	close(fd);
	fd = open("m/null", O_RDWR);
	TRY(write(fd, "x", 1));
	close(fd);
	TRY(mkfifo("m/other", 0600));
	TRY(access("m/fifo", W_OK));
	TRY(umount("m"));
}

/* A FIFO needs only a directory that may be written to, a device file CAP_MKNOD (EPERM). */
static int as_another(void *arg)
{
	(void)arg;
	if (setuid(1000) != 0)
		return 1;
	TRY(mkfifo("no", 0600));
	TRY(mknod("open/no", S_IFCHR | 0600, makedev(1, 3)));
	TRY(mkfifo("open/fifo", 0600));
	TRY(open("fifo", O_RDWR));
	TRY(open("open/fifo", O_RDWR) >= 0);
	return 0;
}

static void others(void)
{
	mkdir("open", 0);
	chmod("open", 0777);
	in_child("another", as_another, NULL);
}

static struct stat st;

static int is_pipe(int fd)
{
	struct stat other;

	return fstat(fd, &other) == 0 && other.st_ino == st.st_ino && other.st_dev == st.st_dev;
}

/* The link of a pipe in /proc leads to the pipe itself: nobody waits there. */
static void reopened(void)
{
	char path[40], text[40], other[40];
	int ends[2], in, out, both;

	pipe(ends);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	TRY(stat(path, &st));
	say("%o, the same: %d\n", st.st_mode, is_pipe(ends[1]));
	in = open(path, O_RDONLY);
	TRY(write(ends[1], "abc", 3));
	TRY(read(in, buf, 10));
	say("the same: %d\n", is_pipe(in));
	out = open(path, O_WRONLY | O_NONBLOCK);
	TRY(write(out, "de", 2));
	TRY(read(ends[0], buf, 10));
	both = open(path, O_RDWR);
	TRY(write(both, "fghi", 4));
	TRY(read(both, buf, 10));
	close(ends[1]);
	close(out);
	polled("one writer more", in, POLLIN);
	close(both);
	polled("no writer", in, POLLIN);
	TRY(read(in, buf, 10));
	out = open(path, O_WRONLY);
	fcntl(in, F_SETFL, O_NONBLOCK);
	TRY(read(in, buf, 10));
	close(out);
	TRY(read(in, buf, 10));
	memset(text, 0, sizeof(text));
	memset(other, 0, sizeof(other));
	TRY(readlink(path, text, sizeof(text)) > 7);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", in);
	TRY(readlink(path, other, sizeof(other)) > 7);
	say("the same name: %d\n", strcmp(text, other) == 0 && strncmp(text, "pipe:[", 6) == 0);
	close(ends[0]);
	TRY(open(path, O_RDONLY | O_DIRECTORY));
	TRY(open(path, O_RDONLY | O_CREAT, 0600) >= 0);
	TRY(open(path, O_PATH) >= 0);
	TRY(truncate(path, 0));
	TRY(access(path, R_OK | W_OK));
	TRY(access(path, X_OK));
	close(in);
	memset(text, 0, sizeof(text));
	TRY(readlink("/dev/fd", text, sizeof(text)));
	say("%s\n", text);
	TRY(readlink("/dev/stdin", text, sizeof(text)));
	say("%s\n", text);
	TRY(access("/dev/stdout", W_OK));
	TRY(lstat("/dev/stderr", &st));
	say("%o\n", st.st_mode);
}

/* A pipe belongs to the user and the group of who made it. */
static int of_another(void *arg)
{
	struct stat own;
	int ends[2];

	(void)arg;
	if (setgid(7) != 0 || setuid(1000) != 0)
		return 1;
	pipe(ends);
	fstat(ends[0], &own);
	say("whose: %u %u\n", own.st_uid, own.st_gid);
	return 0;
}

int main(void)
{
	umask(022);
	names();
	waits();
	without_waiting();
	interrupted();
	devices();
	on_mounts();
	others();
	reopened();
	in_child("another's pipe", of_another, NULL);
	return 0;
}
