/* SPDX-License-Identifier: MIT */
/* R153: eventfd: counting, waiting on both sides, semaphores, what poll says, and what such a descriptor is. */
#include "t.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/uio.h>

#define MOST 0xfffffffffffffffeul

static char *volatile bad = (char *)8;

static void put(int fd, uint64_t n)
{
	result("write", write(fd, &n, sizeof(n)));
}

static void get(int fd)
{
	uint64_t n = 77;
	long got = read(fd, &n, sizeof(n));

	result("read", got);
	if (got == sizeof(n))
		say("  %#lx\n", (unsigned long)n);
}

static void ready(int fd)
{
	struct pollfd ask = { .fd = fd, .events = 0x3ff & ~POLLNVAL };
	int n = poll(&ask, 1, 0);

	say("poll: %d, %#x\n", n, (unsigned)ask.revents);
}

static void counting(void)
{
	int fd = eventfd(0, EFD_NONBLOCK);

	ready(fd);
	get(fd);
	put(fd, 0);
	ready(fd);
	get(fd);
	put(fd, 3);
	put(fd, 4);
	ready(fd);
	get(fd);
	get(fd);
	put(fd, MOST);
	ready(fd);
	put(fd, 0);
	put(fd, 1);
	put(fd, MOST + 1);
	get(fd);
	put(fd, MOST + 1);
	ready(fd);
	close(fd);
	fd = eventfd(0xffffffff, EFD_NONBLOCK);
	get(fd);
	close(fd);
}

static void semaphore(void)
{
	int fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC);

	say("cloexec: %d\n", fcntl(fd, F_GETFD));
	get(fd);
	ready(fd);
	get(fd);
	ready(fd);
	get(fd);
	put(fd, MOST);
	get(fd);
	ready(fd);
	close(fd);
}

static void odd(void)
{
	int fd = eventfd(5, EFD_NONBLOCK);
	uint64_t two[2] = { 1, 1 };
	struct iovec halves[2] = { { two, 4 }, { (char *)two + 4, 4 } };
	struct stat st;
	char name[40], link[40];
	ssize_t n;

	TRY(read(fd, two, 7));
	TRY(read(fd, two, 16));
	TRY(write(fd, two, 7));
	TRY(write(fd, two, 16));
	get(fd);
	TRY(write(fd, bad, 8));
	TRY(writev(fd, halves, 2));
	put(fd, 9);
	TRY(read(fd, bad, 8));
	get(fd); /* the count was taken */
	put(fd, 0x100000001);
	TRY(readv(fd, halves, 2));
	TRY(pread(fd, two, 8, 0));
	TRY(pwrite(fd, two, 8, 0));
	TRY(ftruncate(fd, 0));
	TRY(fsync(fd));
	TRY(ioctl(fd, FIONREAD, two));
	TRY(syscall(SYS_getdents64, fd, two, 16));
	TRY(fcntl(fd, F_GETFL));
	result("mmap", mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0);
	TRY(fstat(fd, &st));
	say("mode %#o, size %ld, links %lu\n", st.st_mode, (long)st.st_size,
	    (unsigned long)st.st_nlink);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, link, sizeof(link) - 1);
	say("%.*s\n", (int)n, link);
	TRY(open(name, O_RDWR));
	close(fd);
	TRY(eventfd(0, 2));
	TRY(eventfd(0, EFD_NONBLOCK | 0x40000000));
}

static void put_all(int fd, struct iovec *segments, int n)
{
	result("writev", writev(fd, segments, n));
	get(fd);
}

/* Each segment is a write of its own: what comes before one that is refused counts. */
static void segments(void)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	uint64_t n[4] = { 1, 2, 4, 8 }, most[2] = { MOST, 1 }, beyond[2] = { 1, MOST + 1 };
	struct iovec all[10];

	for (int i = 0; i < 10; i++)
		all[i] = (struct iovec){ &n[i % 4], 8 };
	put_all(fd, all, 1);
	put_all(fd, all, 2);
	put_all(fd, all, 10);
	put_all(fd, (struct iovec[]){ { n, 8 }, { n, 4 }, { n, 8 } }, 3);
	put_all(fd, (struct iovec[]){ { n, 8 }, { n, 0 }, { n, 8 } }, 3);
	put_all(fd, (struct iovec[]){ { n, 0 }, { n, 8 } }, 2);
	put_all(fd, (struct iovec[]){ { n, 8 }, { n, 0 } }, 2);
	put_all(fd, (struct iovec[]){ { n, 16 }, { n, 8 } }, 2);
	put_all(fd, (struct iovec[]){ { n, 8 }, { bad, 8 } }, 2);
	put_all(fd, (struct iovec[]){ { most, 8 }, { most + 1, 8 } }, 2);
	put_all(fd, (struct iovec[]){ { beyond, 8 }, { beyond + 1, 8 } }, 2);
	put_all(fd, (struct iovec[]){ { n, 0 }, { n, 0 } }, 2);
	put_all(fd, all, 0);
	TRY(write(fd, n, 0));
	TRY(read(fd, n, 0));
	close(fd);
}

/* Each side waits for the other. */
static void waiting(void)
{
	int fd = eventfd(0, 0), back = eventfd(0, 0), status;
	uint64_t n;
	pid_t pid = fork();

	if (pid == 0) {
		for (uint64_t i = 1; i <= 100; i++)
			if (read(fd, &n, sizeof(n)) != sizeof(n) || n != i ||
			    write(back, &n, sizeof(n)) != sizeof(n))
				_exit(1);
		n = MOST;
		if (write(fd, &n, sizeof(n)) != sizeof(n))
			_exit(2);
		n = 2;
		_exit(write(fd, &n, sizeof(n)) == sizeof(n) ? 0 : 3);
	}
	for (uint64_t i = 1; i <= 100; i++)
		if (write(fd, &i, sizeof(i)) != sizeof(i) ||
		    read(back, &n, sizeof(n)) != sizeof(n) || n != i)
			say("wrong at %lu\n", (unsigned long)i);
	get(fd);
	get(fd);
	waitpid(pid, &status, 0);
	ended("child", status);
	close(fd);
	close(back);
}

static void nothing(int sig)
{
	(void)sig;
}

/* A handler ends the wait, unless it asks for a restart. */
static void interrupted(void)
{
	struct sigaction action = { .sa_handler = nothing };
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	static const struct itimerval never;
	int fd = eventfd(0, 0);
	struct pollfd ask = { .fd = fd, .events = POLLIN };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	get(fd);
	TRY(poll(&ask, 1, -1));
	put(fd, MOST);
	put(fd, 1);
	setitimer(ITIMER_REAL, &never, NULL);
	close(fd);
}

int main(void)
{
	counting();
	semaphore();
	odd();
	segments();
	waiting();
	interrupted();
	return 0;
}
