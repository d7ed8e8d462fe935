/* SPDX-License-Identifier: MIT */
/* R230: userfaultfd without a fault: how it is opened, what it says that it can do, what it registers, and each error. */
#include "uffd.h"

static char page[4 * PAGE] __attribute__((aligned(4096)));

static void opens(void)
{
	char name[64] = { 0 }, path[64];
	int fd, device;

	result("userfaultfd", uffd_new(2) == -1 ? -1 : 0);
	result("userfaultfd", uffd_new(O_RDWR) == -1 ? -1 : 0);
	fd = uffd_new(O_CLOEXEC | O_NONBLOCK);
	say("opened: %d\n", fd >= 0);
	say("flags %#x, close on exec %d\n", fcntl(fd, F_GETFL) & ~O_LARGEFILE, fcntl(fd, F_GETFD));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (readlink(path, name, sizeof(name) - 1) > 0)
		say("%s\n", name);
	TRY(write(fd, page, 8));
	TRY(lseek(fd, 0, SEEK_SET));
	TRY(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0);
	close(fd);
	device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
	say("device: %d\n", device >= 0);
	fd = ioctl(device, USERFAULTFD_IOC_NEW, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	say("by the device: %d\n", fd >= 0);
	TRY(ioctl(device, USERFAULTFD_IOC_NEW, 2) == -1 ? -1 : 0);
	TRY(ioctl(device, USERFAULTFD_IOC_NEW + 1, 0));
	UFFD(uffd_api(fd, 0));
}

static void says_what_it_can(void)
{
	int fd = uffd_new(O_NONBLOCK);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	struct uffdio_api api = { .api = UFFD_API - 1 };
	char *p = room();

	TRY(poll(&poll_fd, 1, 0));
	say("before it: %#x\n", poll_fd.revents);
	TRY(read(fd, page, sizeof(struct uffd_msg)));
	UFFD(uffd_register(fd, p, PAGE, UFFDIO_REGISTER_MODE_MISSING));
	UFFD(uffd_copy(fd, p, page, PAGE, 0));
	TRY(ioctl(fd, UFFDIO_API, &api));
	say("cleared: %d\n", api.api == 0 && api.features == 0 && api.ioctls == 0);
	api = (struct uffdio_api){ .api = UFFD_API, .features = 1ull << 62 };
	TRY(ioctl(fd, UFFDIO_API, &api));
	TRY(ioctl(fd, UFFDIO_API, NULL));
	api = (struct uffdio_api){ .api = UFFD_API };
	TRY(ioctl(fd, UFFDIO_API, &api));
	say("features of user mode that every kernel has: %#lx\n",
	    (long)(api.features &
		   (UFFD_FEATURE_SIGBUS | UFFD_FEATURE_THREAD_ID | UFFD_FEATURE_EXACT_ADDRESS)));
	say("calls: %#lx\n", (long)api.ioctls);
	TRY(ioctl(fd, UFFDIO_API, &api));
	TRY(ioctl(fd, _IO(UFFDIO, 0x3e), 0));
	TRY(ioctl(fd, _IO('T', 1), 0));
	TRY(poll(&poll_fd, 1, 0));
	TRY(read(fd, page, sizeof(struct uffd_msg)));
	TRY(read(fd, page, sizeof(struct uffd_msg) - 1));
	TRY(read(fd, page, 0));
	close(fd);
	fd = uffd_new(0); /* one that would wait cannot be polled */
	UFFD(uffd_api(fd, 0));
	poll_fd.fd = fd;
	TRY(poll(&poll_fd, 1, 0));
	say("one that waits: %#x\n", poll_fd.revents);
	close(fd);
}

static void registers(void)
{
	int fd = uffd_open(O_NONBLOCK, 0), other = uffd_open(O_NONBLOCK, 0);
	struct uffdio_register arg;
	char *p = room();

	UFFD(uffd_register(fd, p + 1, PAGE, UFFDIO_REGISTER_MODE_MISSING));
	UFFD(uffd_register(fd, p, PAGE - 1, UFFDIO_REGISTER_MODE_MISSING));
	UFFD(uffd_register(fd, p, 0, UFFDIO_REGISTER_MODE_MISSING));
	UFFD(uffd_register(fd, p, PAGE, 0));
	UFFD(uffd_register(fd, p, PAGE, 1ull << 40));
	UFFD(uffd_register(fd, p, -PAGE, UFFDIO_REGISTER_MODE_MISSING));
	UFFD(uffd_register(fd, (char *)0x100000, PAGE, UFFDIO_REGISTER_MODE_MISSING));
	UFFD(uffd_register(fd, (char *)(1ul << 50), PAGE, UFFDIO_REGISTER_MODE_MISSING));
	TRY(ioctl(fd, UFFDIO_REGISTER, NULL));
	UFFD(uffd_register(fd, p, 4 * PAGE, UFFDIO_REGISTER_MODE_MISSING));
	UFFD(uffd_register(fd, p, 4 * PAGE, UFFDIO_REGISTER_MODE_MISSING)); /* again */
	UFFD(uffd_register(other, p + 2 * PAGE, PAGE, UFFDIO_REGISTER_MODE_MISSING));
	UFFD(uffd_register(other, p + 4 * PAGE, PAGE, UFFDIO_REGISTER_MODE_MISSING));
	UFFD(uffd_register(fd, p, 8 * PAGE, UFFDIO_REGISTER_MODE_MISSING));
	munmap(p + 8 * PAGE, PAGE);
	UFFD(uffd_register(fd, p + 7 * PAGE, 3 * PAGE,
			   UFFDIO_REGISTER_MODE_MISSING)); /* with a hole */
	UFFD(uffd_register(fd, p + 8 * PAGE, 2 * PAGE,
			   UFFDIO_REGISTER_MODE_MISSING)); /* that begins in one */
	UFFD(uffd_register(fd, p + 10 * PAGE, (2 * ROOM - 10) * PAGE,
			   UFFDIO_REGISTER_MODE_MISSING));
	UFFD(uffd_unregister(fd, p + 1, PAGE));
	UFFD(uffd_unregister(fd, p, 0));
	UFFD(uffd_unregister(fd, (char *)0x100000, PAGE));
	UFFD(uffd_unregister(fd, p, 2 * PAGE));
	UFFD(uffd_unregister(fd, p, 2 * PAGE));
	UFFD(uffd_unregister(other, p + 2 * PAGE, PAGE));
	UFFD(uffd_register(other, p, PAGE, UFFDIO_REGISTER_MODE_MISSING));
	close(other); /* and with it what it has registered */
	UFFD(uffd_register(fd, p, PAGE, UFFDIO_REGISTER_MODE_MISSING));
	arg = (struct uffdio_register){ .range = { (uintptr_t)p, PAGE },
					.mode = UFFDIO_REGISTER_MODE_MISSING };
	TRY(ioctl(fd, UFFDIO_REGISTER, &arg));
	say("what it can do there: %#lx\n",
	    (long)(arg.ioctls & (1 << _UFFDIO_WAKE | 1 << _UFFDIO_COPY | 1 << _UFFDIO_ZEROPAGE)));
	TRY(mprotect(p, PAGE, PROT_READ));
	UFFD(uffd_register(fd, p + PAGE, PAGE, UFFDIO_REGISTER_MODE_MISSING));
	close(fd);
}

static void fills(void)
{
	int fd = uffd_open(O_NONBLOCK, 0);
	char *p = missing_room(fd), *beside = room();

	memset(page, 'a', sizeof(page));
	page[PAGE] = 'b';
	UFFD(uffd_copy(fd, p + 1, page, PAGE, 0));
	say("done: %ld\n", (long)uffd_done);
	UFFD(uffd_copy(fd, p, page, PAGE + 1, 0));
	UFFD(uffd_copy(fd, p, page, 0, 0));
	say("done: %ld\n", (long)uffd_done);
	UFFD(uffd_copy(fd, p, page, PAGE, 1ull << 40));
	UFFD(uffd_copy(fd, p, (void *)-PAGE, 2 * PAGE, 0));
	UFFD(uffd_copy(fd, (void *)-PAGE, page, 2 * PAGE, 0));
	UFFD(uffd_copy(fd, p, (void *)8, PAGE, 0));
	say("done: %ld\n", (long)uffd_done);
	UFFD(uffd_copy(fd, p, page, 2 * PAGE, 0));
	say("done: %ld, bytes %c %c\n", (long)uffd_done, p[5], p[PAGE]);
	UFFD(uffd_copy(fd, p, page, PAGE, 0)); /* there is one */
	say("done: %ld\n", (long)uffd_done);
	UFFD(uffd_copy(fd, p + PAGE, page, 2 * PAGE, 0));
	say("done: %ld\n", (long)uffd_done);
	UFFD(uffd_copy(fd, p + 3 * PAGE, page + 1, PAGE, 0)); /* from any address */
	say("bytes %c %c\n", p[3 * PAGE], p[4 * PAGE - 1]);
	UFFD(uffd_copy(fd, p + 2 * PAGE, page, 3 * PAGE, 0)); /* up to one that is there */
	say("done: %ld\n", (long)uffd_done);
	UFFD(uffd_copy(fd, beside, page, PAGE, 0)); /* not registered */
	say("done: %ld\n", (long)uffd_done);
	UFFD(uffd_copy(fd, (void *)0x100000, page, PAGE, 0));
	UFFD(uffd_copy(fd, p + (ROOM - 1) * PAGE, page, 2 * PAGE, 0)); /* out of the range */
	say("done: %ld\n", (long)uffd_done);
	UFFD(uffd_zero(fd, p + 8 * PAGE, 2 * PAGE, 0));
	say("done: %ld, byte %d\n", (long)uffd_done, p[9 * PAGE]);
	p[9 * PAGE] = 'w';
	say("bytes %d %c\n", p[8 * PAGE], p[9 * PAGE]);
	UFFD(uffd_zero(fd, p + 9 * PAGE, PAGE, 0));
	say("done: %ld\n", (long)uffd_done);
	UFFD(uffd_zero(fd, p + 8 * PAGE, PAGE, 2));
	UFFD(uffd_zero(fd, beside, PAGE, 0));
	UFFD(uffd_zero(fd, p, 0, 0));
	TRY(ioctl(fd, UFFDIO_COPY, NULL));
	TRY(ioctl(fd, UFFDIO_ZEROPAGE, NULL));
	TRY(mprotect(p + 10 * PAGE, PAGE, PROT_NONE));
	UFFD(uffd_copy(fd, p + 10 * PAGE, page, PAGE, 0));
	TRY(mprotect(p + 10 * PAGE, PAGE, PROT_READ));
	say("byte %c\n", p[10 * PAGE + 1]);
	UFFD(uffd_wake(fd, p, 0));
	UFFD(uffd_wake(fd, p + 1, PAGE));
	UFFD(uffd_wake(fd, p, PAGE)); /* of nobody */
	UFFD(uffd_wake(fd, beside, PAGE));
	TRY(ioctl(fd, UFFDIO_WAKE, NULL));
	close(fd);
}

/* A child has none of it, and its descriptor is for the parent's memory. */
static int look_in_child(void *arg)
{
	const int *fd = arg;
	char *p = room_at - 2 * ROOM * PAGE;

	say("child: %d\n", p[PAGE]);
	UFFD(uffd_copy(*fd, p + 2 * PAGE, page, PAGE, 0));
	say("child: %d\n", p[2 * PAGE]);
	return 0;
}

static void forks(void)
{
	int fd = uffd_open(O_NONBLOCK, 0);
	char *p = missing_room(fd);

	page[0] = 'P';
	in_child("a child", look_in_child, &fd);
	say("parent: %c\n", p[2 * PAGE]);
	close(fd);
}

static int of_a_user(void *arg)
{
	(void)arg;
	if (setuid(1000) != 0)
		return 98;
	result("userfaultfd", uffd_new(O_CLOEXEC) == -1 ? -1 : 0);
	say("of its own faults: %d\n", uffd_new(O_CLOEXEC | UFFD_USER_MODE_ONLY) >= 0);
	TRY(open("/dev/userfaultfd", O_RDWR));
	return 0;
}

static void set_rights(const char *to)
{
	int fd = open("/proc/sys/vm/unprivileged_userfaultfd", O_WRONLY);

	TRY(write(fd, to, 1));
	close(fd);
}

static int of_any_user(void *arg)
{
	(void)arg;
	if (setuid(1000) != 0)
		return 98;
	say("if root allows it: %d\n", uffd_new(O_CLOEXEC) >= 0);
	return 0;
}

static void rights(void)
{
	in_child("a user", of_a_user, NULL);
	set_rights("2");
	set_rights("1");
	in_child("a user", of_any_user, NULL);
	set_rights("0");
}

int main(void)
{
	opens();
	says_what_it_can();
	registers();
	fills();
	forks();
	rights();
	return 0;
}
