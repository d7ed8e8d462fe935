/* SPDX-License-Identifier: MIT */
/* What the programs with a userfaultfd share: the descriptor, its requests and its messages. */
/*
 * The descriptor is for faults of user mode alone, which needs no privilege. So no system call may
 * be given memory that is registered and not there.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "faults.h"

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

/* Returns a descriptor with these features, or -1; *ret_offered: all that the kernel has. */
static int userfault_try(uint64_t features, uint64_t *ret_offered)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);

	if (fd >= 0 && ioctl(fd, UFFDIO_API, &api) != 0) {
		close(fd);
		return -1;
	}
	*ret_offered = api.features;
	return fd;
}

bool faults_userfault_offers(uint64_t features)
{
	uint64_t offered = 0;
	int fd = userfault_try(0, &offered);

	if (fd < 0)
		return false;
	close(fd);
	return (offered & features) == features;
}

int faults_userfault_open(uint64_t features)
{
	uint64_t offered;
	int fd = userfault_try(features, &offered);

	if (fd < 0)
		faults_die("userfaultfd");
	return fd;
}

void faults_userfault_register(int fd, char *at, size_t len, uint64_t mode)
{
	struct uffdio_register arg = { .range = { (uintptr_t)at, len }, .mode = mode };

	if (ioctl(fd, UFFDIO_REGISTER, &arg) != 0)
		faults_die("UFFDIO_REGISTER");
}

void faults_userfault_unregister(int fd, char *at, size_t len)
{
	struct uffdio_range arg = { (uintptr_t)at, len };

	if (ioctl(fd, UFFDIO_UNREGISTER, &arg) != 0)
		faults_die("UFFDIO_UNREGISTER");
}

void faults_userfault_give(int fd, char *page, const char *from)
{
	struct uffdio_copy arg = { .dst = (uintptr_t)page, .src = (uintptr_t)from, .len = PAGE };

	if (ioctl(fd, UFFDIO_COPY, &arg) != 0)
		faults_die("UFFDIO_COPY");
}

char *faults_userfault_next(int fd, int other)
{
	struct pollfd both[2] = { { .fd = fd, .events = POLLIN },
				  { .fd = other, .events = POLLIN } };
	struct uffd_msg msg;

	for (;;) {
		if (poll(both, 2, -1) < 0)
			faults_die("poll");
		if (read(fd, &msg, sizeof(msg)) == (ssize_t)sizeof(msg) &&
		    msg.event == UFFD_EVENT_PAGEFAULT)
			return (char *)(uintptr_t)(msg.arg.pagefault.address & -PAGE);
		if (both[1].revents)
			return NULL;
	}
}
