/* SPDX-License-Identifier: MIT */
/* What the tests of userfaultfd share: descriptors, registered memory, messages, answers to them. */
#ifndef TESTS_USER_UFFD_H
#define TESTS_USER_UFFD_H

#include "thread.h"

#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

#define ROOM 16 /* pages of the memory that a test registers */

/* Memory of its own for each part of a test, that no superpage maps. */
static char *room_at = (char *)0x1300001000;

__attribute__((unused)) static char *room(void)
{
	char *p = mmap(room_at, ROOM * PAGE, RW, ANON | MAP_FIXED, -1, 0);

	room_at += 2 * ROOM * PAGE;
	return p;
}

__attribute__((unused)) static int uffd_new(int flags)
{
	return (int)syscall(SYS_userfaultfd, flags);
}

__attribute__((unused)) static int uffd_api(int fd, uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };

	return ioctl(fd, UFFDIO_API, &api);
}

__attribute__((unused)) static int uffd_open(int flags, uint64_t features)
{
	int fd = uffd_new(O_CLOEXEC | flags);

	if (fd < 0 || uffd_api(fd, features) != 0)
		_exit(98);
	return fd;
}

__attribute__((unused)) static int uffd_register(int fd, const void *p, size_t len, uint64_t mode)
{
	struct uffdio_register arg = { .range = { (uintptr_t)p, len }, .mode = mode };

	return ioctl(fd, UFFDIO_REGISTER, &arg);
}

__attribute__((unused)) static int uffd_unregister(int fd, const void *p, size_t len)
{
	struct uffdio_range arg = { (uintptr_t)p, len };

	return ioctl(fd, UFFDIO_UNREGISTER, &arg);
}

__attribute__((unused)) static int uffd_wake(int fd, const void *p, size_t len)
{
	struct uffdio_range arg = { (uintptr_t)p, len };

	return ioctl(fd, UFFDIO_WAKE, &arg);
}

/* What the last uffd_copy() or uffd_zero() has told of itself. */
static int64_t uffd_done;

__attribute__((unused)) static int uffd_copy(int fd, const void *to, const void *from, size_t len,
					     uint64_t mode)
{
	struct uffdio_copy arg = {
		.dst = (uintptr_t)to, .src = (uintptr_t)from, .len = len, .mode = mode, .copy = 77
	};
	int err = ioctl(fd, UFFDIO_COPY, &arg);

	uffd_done = arg.copy;
	return err;
}

__attribute__((unused)) static int uffd_zero(int fd, const void *to, size_t len, uint64_t mode)
{
	struct uffdio_zeropage arg = { .range = { (uintptr_t)to, len },
				       .mode = mode,
				       .zeropage = 77 };
	int err = ioctl(fd, UFFDIO_ZEROPAGE, &arg);

	uffd_done = arg.zeropage;
	return err;
}

/* result_of() for a request of ioctl that one of the functions above makes. */
__attribute__((unused)) static long uffd_answer(const char *call, long value)
{
	char what[40];

	snprintf(what, sizeof(what), "ioctl %.*s", (int)strcspn(call, "("), call);
	return result(what, value);
}
#define UFFD(call) (line_of(__LINE__), uffd_answer(#call, (call)))

/* Registered memory of its own. */
__attribute__((unused)) static char *missing_room(int fd)
{
	char *p = room();

	MUST(uffd_register(fd, p, ROOM * PAGE, UFFDIO_REGISTER_MODE_MISSING));
	return p;
}

/* Waits for a message and says what is in it; addresses are told from `base` on. */
__attribute__((unused)) static struct uffd_msg next_message(int fd, const char *base)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	struct uffd_msg msg;

	if (poll(&poll_fd, 1, NEVER_SECONDS * 1000) != 1 ||
	    read(fd, &msg, sizeof(msg)) != sizeof(msg))
		_exit(97);
	if (msg.event == UFFD_EVENT_PAGEFAULT)
		say("fault at +%#lx, flags %#lx\n",
		    (long)(msg.arg.pagefault.address - (uintptr_t)base),
		    (long)msg.arg.pagefault.flags);
	else
		say("event %#x\n", msg.event);
	return msg;
}

/* Returns how many faults wait that have not been told of, and says so. */
__attribute__((unused)) static int pending_of(int fd, bool says)
{
	char line[128], path[64];
	int pending = -1;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "r");
	while (info && fgets(line, sizeof(line), info)) {
		sscanf(line, "pending: %d", &pending);
		if (says && (strncmp(line, "pending", 7) == 0 || strncmp(line, "total", 5) == 0))
			say("%s", line);
	}
	fclose(info);
	return pending;
}

#endif
