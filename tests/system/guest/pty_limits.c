/* SPDX-License-Identifier: MIT */
/* No user has all pseudo-terminals, and what nobody reads takes little memory. */
#define _GNU_SOURCE
#include "expect.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#define USER 1000
#define MOST 10000

static int masters[MOST];

static int open_many(void)
{
	int n = 0;

	while (n < MOST && (masters[n] = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK)) >= 0)
		n++;
	return n;
}

static void close_many(int n)
{
	while (n > 0)
		close(masters[--n]);
}

/* Fills both ways. */
static size_t flood(int master)
{
	static char bytes[4096];
	int unlocked = 0, number = -1, slave;
	struct termios raw;
	char name[32];
	ssize_t done;
	size_t n = 0;

	ioctl(master, TIOCSPTLCK, &unlocked);
	ioctl(master, TIOCGPTN, &number);
	snprintf(name, sizeof(name), "/dev/pts/%d", number);
	slave = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
	tcgetattr(slave, &raw);
	cfmakeraw(&raw);
	tcsetattr(slave, TCSANOW, &raw);
	while ((done = write(slave, bytes, sizeof(bytes))) > 0)
		n += (size_t)done;
	while ((done = write(master, bytes, sizeof(bytes))) > 0)
		n += (size_t)done;
	close(slave);
	return n;
}

static void is_refused(void)
{
	struct open_how how = { .flags = O_RDWR };

	expect_error("open", ENOSPC, open("/dev/ptmx", O_RDWR));
	expect_error("openat2", ENOSPC,
		     syscall(SYS_openat2, AT_FDCWD, "/dev/ptmx", &how, sizeof(how)));
}

static void others_have_some(void)
{
	int master;

	expect("seteuid", 0, seteuid(0));
	master = open("/dev/ptmx", O_RDWR);
	expect("another user's", 1, master >= 0);
	close(master);
	expect("seteuid", 0, seteuid(USER));
}

int main(void)
{
	const struct rlimit many = { MOST + 100, MOST + 100 };
	int n, again;

	setrlimit(RLIMIT_NOFILE, &many);
	expect("seteuid", 0, seteuid(USER));
	n = open_many();
	expect("some", 1, n >= 50 && n < 1000);
	is_refused();
	others_have_some();
	for (int i = 0; i < n; i++) {
		size_t size = flood(masters[i]);

		expect("bounded", 1, size > 4096 && size < 20000);
	}
	others_have_some();
	close_many(n);
	again = open_many();
	expect("as many again", n, again);
	close_many(again);
	expect("seteuid", 0, seteuid(0));
	n = open_many();
	expect("root has more", 1, n > again && (errno == ENFILE || errno == ENOSPC));
	close_many(n);
	printf(nwrong ? "limits: %u wrong\n" : "limits: ok\n", nwrong);
	return nwrong != 0;
}
