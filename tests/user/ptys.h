/* SPDX-License-Identifier: MIT */
/* What the tests of pseudo-terminals share. */
#pragma once

#include "t.h"

#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <termios.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif
#ifndef TIOCGPTLCK
#define TIOCGPTLCK 0x80045439
#define TIOCGPKT   0x80045438
#endif

/* Linux has no such mount where the tests run, and it may be there. */
__attribute__((unused)) static void mount_names(void)
{
	mkdir("/dev/pts", 0755);
	if (access("/dev/pts/ptmx", F_OK) != 0)
		mount("none", "/dev/pts", "devpts", 0, "");
}

__attribute__((unused)) static int number_of(int master)
{
	int n = -1;

	ioctl(master, TIOCGPTN, &n);
	return n;
}

__attribute__((unused)) static const char *name_of(int master)
{
	static char name[32];

	snprintf(name, sizeof(name), "/dev/pts/%d", number_of(master));
	return name;
}

/* A master, whose slave can be opened. */
__attribute__((unused)) static int open_master(void)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY), unlocked = 0;

	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) != 0) {
		say("no pseudo-terminals: %s\n", strerrorname_np(errno));
		exit(98);
	}
	return master;
}

__attribute__((unused)) static int open_slave(int master)
{
	int slave = open(name_of(master), O_RDWR | O_NOCTTY);

	if (slave < 0)
		result("the slave", -1);
	return slave;
}

/* On Linux a thread of the kernel's brings what is written to the other end, and nothing tells when. */
__attribute__((unused)) static void settle(void)
{
	struct timespec t = { 0, 20000000 };

	nanosleep(&t, NULL);
}

/* What is there to read within a time that is long enough, as text. */
__attribute__((unused)) static void reads(const char *what, int fd)
{
	struct pollfd ask = { .fd = fd, .events = POLLIN };
	char text[600] = "", *at = text;
	unsigned char bytes[100];
	ssize_t n;

	poll(&ask, 1, 5000);
	settle();
	n = read(fd, bytes, sizeof(bytes));
	if (n < 0) {
		result(what, -1);
		return;
	}
	for (ssize_t i = 0; i < n; i++)
		if (bytes[i] >= ' ' && bytes[i] < 0x7f)
			*at++ = (char)bytes[i];
		else
			at += sprintf(at, "\\%03o", bytes[i]);
	say("%s: %zd \"%s\"\n", what, n, text);
}

/* Nothing comes within a time that is long enough. */
__attribute__((unused)) static void reads_nothing(const char *what, int fd)
{
	struct pollfd ask = { .fd = fd, .events = POLLIN };

	say("%s: %d\n", what, poll(&ask, 1, 50));
}

__attribute__((unused)) static void polls(const char *what, int fd)
{
	struct pollfd ask = { .fd = fd,
			      .events = POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM };

	settle();
	poll(&ask, 1, 0);
	say("%s: %#x\n", what, ask.revents);
}

__attribute__((unused)) static void set_raw(int fd)
{
	struct termios modes;

	tcgetattr(fd, &modes);
	cfmakeraw(&modes);
	tcsetattr(fd, TCSANOW, &modes);
}
