/* SPDX-License-Identifier: MIT */
/* Calls that are not there answer ENOSYS, ioctl on what is no terminal ENOTTY, but for requests of all files, and the ids
 * are those of root's process. */
#include "t.h"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <termios.h>

static void ioctls(const char *what, int fd)
{
	struct termios t;
	struct winsize w;

	say("%s\n", what);
	TRY(ioctl(fd, TCGETS, &t));
	TRY(ioctl(fd, TIOCGWINSZ, &w));
	TRY(ioctl(fd, 0x12345678, 8));
}

static char *volatile bad = (char *)8;

static void request(const char *name, int fd, unsigned long number, void *arg)
{
	long *value = arg;

	if (ioctl(fd, number, arg) != 0)
		say("ioctl(%s): %s\n", name, strerrorname_np(errno));
	else
		say("ioctl(%s): %ld\n", name, *value);
}

/* Requests that each kind of file answers; `from` is a file that could be cloned. */
static void requests(const char *what, int fd, int from)
{
	struct file_clone_range range = { .src_fd = from };
	struct fiemap extents = { .fm_length = -1ul };
	long value[4] = { 0 };

	say("%s\n", what);
	request("FIOQSIZE", fd, FIOQSIZE, value);
	value[0] = 0;
	request("FIGETBSZ", fd, FIGETBSZ, value);
	value[0] = 0;
	request("FIONREAD", fd, FIONREAD, value);
	request("FICLONE", fd, FICLONE, (void *)(long)from);
	request("FICLONERANGE", fd, FICLONERANGE, &range);
	request("FS_IOC_FIEMAP", fd, FS_IOC_FIEMAP, &extents);
	request("FIFREEZE", fd, FIFREEZE, NULL);
	request("FITHAW", fd, FITHAW, NULL);
	request("other", fd, 0x12345678, value);
}

static void requests_of_all(void)
{
	int from = open("from.tmp", O_CREAT | O_RDWR, 0600),
	    to = open("to.tmp", O_CREAT | O_RDWR, 0600);
	int folder = open(".", O_RDONLY), p[2];

	TRY(write(from, "bytes", 5));
	TRY(write(to, "more bytes", 10));
	TRY(lseek(to, 4, SEEK_SET));
	TRY(pipe(p));
	TRY(write(p[1], "abc", 3));
	TRY(mkfifo("fifo.tmp", 0600));
	requests("file", to, from);
	requests("file from itself", to, to);
	requests("file from nothing", to, 99);
	requests("file from a folder", to, folder);
	requests("file from a pipe", to, p[0]);
	requests("file from a path", to, open("from.tmp", O_PATH));
	requests("file from one for writing", to, open("from.tmp", O_WRONLY));
	requests("file for reading", open("to.tmp", O_RDONLY), from);
	requests("file for appending", open("to.tmp", O_RDWR | O_APPEND), from);
	requests("path", open("to.tmp", O_PATH), from);
	requests("folder", folder, from);
	requests("memfd", memfd_create("m", 0), from);
	requests("pipe", p[0], from);
	requests("fifo", open("fifo.tmp", O_RDWR), from);
	requests("null", open("/dev/null", O_RDWR), from);
	requests("eventfd", eventfd(0, 0), from);
	requests("epoll", epoll_create1(0), from);
	requests("proc", open("/proc/self/status", O_RDONLY), from);
	requests("folder of proc", open("/proc/self", O_RDONLY), from);
	TRY(ioctl(to, FIOQSIZE, bad));
	TRY(ioctl(to, FIGETBSZ, bad));
	TRY(ioctl(to, FIONREAD, bad));
	TRY(ioctl(to, FICLONERANGE, bad));
	TRY(ioctl(to, FS_IOC_FIEMAP, bad));
	TRY(setuid(1000));
	TRY(ioctl(to, FIFREEZE, 0));
	TRY(ioctl(to, FITHAW, 0));
}

/* Of several bad arguments, the one that is looked at first. */
static void orders(void)
{
	static const struct timespec no_time = { 0, -1 };
	static char name[300], large[70000];
	void *beyond = (void *)-1l;

	memset(name, 'x', sizeof(name) - 1);
	memcpy(name, "user.", 5);
	TRY(setxattr("missing", "user.x", "v", 1, 8));
	TRY(setxattr("missing", name, "v", 1, 0));
	TRY(setxattr("missing", "user.x", large, sizeof(large), 0));
	TRY(setxattr(bad, "", "v", 1, 0));
	TRY(lsetxattr("missing", "user.x", "v", 1, 8));
	TRY(fsetxattr(99, "user.x", "v", 1, 8));
	TRY(removexattr("missing", name));
	TRY(lremovexattr(bad, ""));
	TRY(fremovexattr(99, name));
	TRY(getxattr(bad, "", name, 10));
	TRY(syscall(SYS_mknodat, AT_FDCWD, "missing/x", S_IFMT, 0));
	TRY(syscall(SYS_mknodat, AT_FDCWD, bad, S_IFMT, 0));
	TRY(syscall(SYS_mknodat, AT_FDCWD, bad, S_IFDIR, 0));
	TRY(syscall(SYS_mknodat, 99, "x", S_IFLNK, 0));
	TRY(syscall(SYS_getrandom, beyond, 0, 0));
	TRY(syscall(SYS_getrandom, bad, 0, 0));
	TRY(syscall(SYS_sendto, 99, beyond, 1, 0, NULL, 0));
	TRY(syscall(SYS_sendto, 99, bad, 1, 0, NULL, 0));
	TRY(syscall(SYS_recvfrom, 99, beyond, 1, 0, NULL, NULL));
	TRY(syscall(SYS_recvmmsg, 99, bad, 1, 0, bad));
	TRY(syscall(SYS_recvmmsg, 99, bad, 1, 0, NULL));
	TRY(syscall(SYS_clock_nanosleep, CLOCK_REALTIME_ALARM, 0, bad, NULL));
	TRY(syscall(SYS_clock_nanosleep, CLOCK_BOOTTIME_ALARM, 0, &no_time, NULL));
	TRY(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, bad, NULL));
}

/* Positions, for files that may have none. */
static void positions(const char *what, int fd)
{
	char bytes[16] = { 0 };
	struct iovec part = { bytes, 8 };

	say("%s\n", what);
	for (int whence = SEEK_SET; whence <= SEEK_HOLE + 1; whence++)
		TRY(lseek(fd, 5, whence));
	TRY(lseek(fd, -5, SEEK_SET));
	TRY(pread(fd, bytes, 8, 0));
	TRY(pread(fd, bytes, 0, 0));
	TRY(pread(fd, bytes, 8, -1));
	TRY(pread(fd, bad, 8, 0));
	TRY(pwrite(fd, bytes, 8, 0));
	TRY(preadv(fd, &part, 1, 0));
	TRY(pwritev(fd, &part, 1, 0));
	TRY(preadv2(fd, &part, 1, -1, RWF_NOWAIT));
	close(fd);
}

static void positions_of_all(void)
{
	int p[2];
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pipe2(p, O_NONBLOCK);
	mkfifo("positions.tmp", 0600);
	positions("eventfd", eventfd(3, EFD_NONBLOCK));
	positions("semaphore", eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK));
	positions("epoll", epoll_create1(0));
	positions("signalfd", signalfd(-1, &set, SFD_NONBLOCK));
	positions("timerfd", timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	positions("inotify", inotify_init1(IN_NONBLOCK));
	positions("pidfd", (int)syscall(SYS_pidfd_open, getpid(), 0));
	positions("namespace", open("/proc/self/ns/uts", O_RDONLY));
	positions("read end", p[0]);
	positions("write end", p[1]);
	positions("fifo", open("positions.tmp", O_RDWR | O_NONBLOCK));
	positions("path", open(".", O_PATH));
}

int main(void)
{
	int p[2], file = open("odd.tmp", O_CREAT | O_RDWR, 0600);
	static const long missing[] = { 500,	  600, 1000,  4095,    1l << 31,
					1l << 40, -1,  -4095, 1l << 63 };

	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
		long r = syscall(missing[i], 1, 2, 3, 4, 5, 6);

		say("call %ld: %s\n", missing[i], r == -1 ? strerrorname_np(errno) : "there");
	}
	TRY(pipe(p));
	ioctls("pipe", p[0]);
	ioctls("file", file);
	ioctls("null", open("/dev/null", O_RDWR));
	ioctls("folder", open("/", O_RDONLY));
	ioctls("standard output", STDOUT_FILENO);
	ioctls("nothing", 99);
	TRY(isatty(0));
	TRY(isatty(1));
	TRY(isatty(2));
	say("pid stays: %s\n", getpid() == (int)syscall(SYS_getpid) && getpid() > 1 ? "yes" : "no");
	say("set_tid_address gives it: %s\n",
	    syscall(SYS_set_tid_address, &p[0]) == getpid() ? "yes" : "no");
	orders();
	say("parent differs: %s\n", getppid() > 0 && getppid() != getpid() ? "yes" : "no");
	positions_of_all();
	requests_of_all();
	return 0;
}
