/* SPDX-License-Identifier: MIT */
/* R230: a userfaultfd in odd states: before UFFDIO_API, with answers that cannot be stored or descriptors that cannot be made; its device. */
#include "uffd_objects.h"

#include <sys/epoll.h>
#include <sys/uio.h>

#define MISSING UFFDIO_REGISTER_MODE_MISSING
#define WP	UFFDIO_REGISTER_MODE_WP

static void polls(const char *when, int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDNORM | POLLRDHUP };
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP }, got = { 0 };
	int set = epoll_create1(0);

	poll(&poll_fd, 1, 0);
	MUST(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event));
	epoll_wait(set, &got, 1, 0);
	close(set);
	say("%s: %#x, epoll %#x\n", when, poll_fd.revents, got.events);
}

static void asks_api(int fd, uint64_t version, uint64_t features)
{
	struct uffdio_api api = { .api = version, .features = features, .ioctls = 55 };

	TRY(ioctl(fd, UFFDIO_API, &api));
	say("api %#lx, %s features, calls %#lx\n", (long)api.api, api.features ? "some" : "no",
	    (long)api.ioctls);
}

static void before_api(void)
{
	int fd = uffd_new(O_CLOEXEC), n;
	char *p = room();

	polls("before it", fd);
	pending_of(fd, true);
	TRY(read(fd, page, 0));
	UFFD(uffd_wake(fd, p, 0));
	UFFD(uffd_unregister(fd, p, PAGE));
	UFFD(uffd_zero(fd, p, PAGE, 0));
	say("done: %ld\n", (long)uffd_done);
	TRY(ioctl(fd, UFFDIO_REGISTER, NULL));
	TRY(ioctl(fd, 0xdead, NULL));
	TRY(ioctl(fd, FIOASYNC, &(int){ 1 }));
	TRY(ioctl(fd, FIONREAD, &n));
	TRY(ioctl(fd, FIONBIO, &(int){ 1 }));
	say("flags %#x\n", fcntl(fd, F_GETFL) & ~O_LARGEFILE);
	polls("that does not wait", fd);
	for (int bit = 18; bit < 64; bit += 9)
		asks_api(fd, UFFD_API, 1ull << bit);
	asks_api(fd, 0, 0);
	asks_api(fd, UFFD_API | 1ull << 32, 0);
	polls("after refusals", fd);
	asks_api(fd, UFFD_API, UFFD_FEATURE_THREAD_ID);
	asks_api(fd, UFFD_API, UFFD_FEATURE_THREAD_ID);
	asks_api(fd, UFFD_API, 1ull << 62);
	asks_api(fd, 1, 0);
	polls("after it", fd);
	TRY(fcntl(fd, F_SETFL, 0));
	polls("that waits", fd);
	close(fd);
}

static void as_a_file(void)
{
	int fd = uffd_open(O_NONBLOCK, 0);

	TRY(pread(fd, page, 32, 0));
	TRY(pwrite(fd, page, 32, 0));
	TRY(ftruncate(fd, 0));
	TRY(fsync(fd));
	TRY(fallocate(fd, 0, 0, 10));
	TRY(lseek(fd, 7, SEEK_CUR));
	TRY(ioctl(fd, 0xdead, 0));
	TRY(ioctl(fd, _IOR(UFFDIO, 2, long), 0));
	UFFD(uffd_wake(fd, (char *)-PAGE, PAGE));
	UFFD(uffd_wake(fd, (char *)(1ul << 62), PAGE));
	UFFD(uffd_wake(fd, (char *)PAGE, -PAGE));
	TRY(ioctl(fd, UFFDIO_WAKE, -1));
	close(fd);
}

static void device(void)
{
	int device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC), fd;
	struct pollfd poll_fd = { .fd = device, .events = POLLIN | POLLOUT };
	struct stat st;

	TRY(poll(&poll_fd, 1, 0));
	say("polled: %#x\n", poll_fd.revents);
	TRY(read(device, page, 32));
	TRY(write(device, page, 32));
	TRY(lseek(device, 5, SEEK_SET));
	TRY(lseek(device, -1, SEEK_END));
	TRY(ioctl(device, UFFDIO_API, page));
	TRY(ioctl(device, USERFAULTFD_IOC_NEW, 1 << 20));
	TRY(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, device, 0) == MAP_FAILED ? -1 : 0);
	fstat(device, &st);
	say("mode %#o\n", st.st_mode & S_IFMT);
	close(device);
	device = open("/dev/userfaultfd", O_RDONLY | O_CLOEXEC);
	fd = ioctl(device, USERFAULTFD_IOC_NEW, O_NONBLOCK);
	say("made: %d, flags %#x\n", fd >= 0, fcntl(fd, F_GETFL) & ~O_LARGEFILE);
	close(fd);
	close(device);
}

/* What is registered a second time. */
static void registers_again(void)
{
	int fd = uffd_open(O_NONBLOCK, 0);
	struct toucher toucher = { 0 };
	char *p = room();
	pthread_t thread;

	UFFD(uffd_register(fd, p, 4 * PAGE, MISSING));
	UFFD(uffd_register(fd, p + PAGE, 2 * PAGE, MISSING));
	UFFD(uffd_zero(fd, p, 4 * PAGE, 0));
	say("done: %ld\n", (long)uffd_done);
	UFFD(uffd_register(fd, p, 8 * PAGE, MISSING)); /* and more */
	UFFD(uffd_zero(fd, p + 2 * PAGE, 4 * PAGE, 0));
	say("done: %ld\n", (long)uffd_done);
	UFFD(uffd_zero(fd, p + 4 * PAGE, 4 * PAGE, 0));
	say("done: %ld\n", (long)uffd_done);
	UFFD(uffd_unregister(fd, p + 2 * PAGE, 2 * PAGE));
	madvise(p, 8 * PAGE, MADV_DONTNEED);
	UFFD(uffd_zero(fd, p, 8 * PAGE, 0));
	UFFD(uffd_zero(fd, p, 2 * PAGE, 0));
	say("byte %d\n", p[2 * PAGE]);
	toucher.at = p + 4 * PAGE;
	thread = start(touch, &toucher);
	next_message(fd, p);
	UFFD(uffd_register(fd, p, 8 * PAGE, MISSING)); /* wakes nobody */
	UFFD(uffd_zero(fd, p + 4 * PAGE, PAGE, 0));
	join(thread);
	close(fd);
}

/* Arguments in memory that cannot be written: what was asked for is done. */
static void answers(void)
{
	void *read_only = mmap(NULL, PAGE, RW, ANON, -1, 0);
	struct uffdio_api *api = read_only;
	struct uffdio_register *registers = read_only;
	struct uffdio_copy *copy = read_only;
	int fd = uffd_new(O_NONBLOCK);
	char *p = room();

	*api = (struct uffdio_api){ .api = UFFD_API };
	mprotect(read_only, PAGE, PROT_READ);
	TRY(ioctl(fd, UFFDIO_API, api));
	UFFD(uffd_register(fd, p, PAGE, MISSING));
	UFFD(uffd_api(fd, 0)); /* it was not set up */
	mprotect(read_only, PAGE, RW);
	*registers =
		(struct uffdio_register){ .range = { (uintptr_t)p, 8 * PAGE }, .mode = MISSING };
	mprotect(read_only, PAGE, PROT_READ);
	TRY(ioctl(fd, UFFDIO_REGISTER, registers));
	UFFD(uffd_zero(fd, p, PAGE, 0));
	mprotect(read_only, PAGE, RW);
	*copy = (struct uffdio_copy){
		.dst = (uintptr_t)p + PAGE, .src = (uintptr_t)page, .len = PAGE, .copy = 77
	};
	mprotect(read_only, PAGE, PROT_READ);
	TRY(ioctl(fd, UFFDIO_COPY, copy));
	say("done: %ld\n", (long)copy->copy);
	UFFD(uffd_copy(fd, p + PAGE, page, PAGE, 0));
	UFFD(uffd_copy(fd, p + 2 * PAGE, (char *)-(2 * PAGE), PAGE,
		       0)); /* no address of a program */
	say("done: %ld\n", (long)uffd_done);
	UFFD(uffd_copy(fd, p + 2 * PAGE, (char *)(1ul << 62), PAGE, 0));
	say("done: %ld\n", (long)uffd_done);
	UFFD(uffd_copy(fd, p + 2 * PAGE, page, PAGE, UFFDIO_COPY_MODE_WP)); /* not registered so */
	say("done: %ld\n", (long)uffd_done);
	UFFD(uffd_copy(fd, p + 2 * PAGE, page, PAGE, 4));
	say("done: %ld\n", (long)uffd_done);
	close(fd);
	munmap(read_only, PAGE);
}

static char *dropped;

/* Without the C library's locks, which fork() holds. */
static void *forks(void *arg)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	return arg;
}

static void *drops(void *arg)
{
	madvise(dropped, PAGE, MADV_DONTNEED);
	return arg;
}

static void read_event(int fd)
{
	struct uffd_msg msg = { 0 };

	if (read(fd, &msg, sizeof(msg)) != sizeof(msg)) {
		result("read", -1);
		return;
	}
	say("event %#x\n", msg.event);
	if (msg.event == UFFD_EVENT_FORK)
		close((int)msg.arg.fork.ufd);
}

/* Returns when both other threads wait: for what is read of them, they do so whatever signal comes. */
static void until_both_wait(void)
{
	char path[300], letter;
	struct dirent *entry;
	int n = 0;

	while (n < 2) {
		DIR *dir = opendir("/proc/self/task");

		for (n = 0; (entry = readdir(dir));) {
			snprintf(path, sizeof(path), "/proc/self/task/%s/stat", entry->d_name);
			letter = atoi(entry->d_name) == gettid() ? 0 : letter_in(path);
			n += letter == 'S' || letter == 'D';
		}
		closedir(dir);
	}
}

static void until_event(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	if (poll(&poll_fd, 1, NEVER_SECONDS * 1000) != 1)
		_exit(97);
}

/* Lets the process have no more descriptors than it has; or as many as before. */
static void limit_descriptors(bool limited)
{
	static struct rlimit usual;
	struct rlimit none;

	if (!limited) {
		setrlimit(RLIMIT_NOFILE, &usual);
		return;
	}
	getrlimit(RLIMIT_NOFILE, &usual);
	none = usual;
	none.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, &none);
}

/* A fork that cannot be told of waits, behind what comes after it. */
static void no_descriptor(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMOVE);
	pthread_t forker, dropper;

	dropped = room();
	MUST(uffd_register(fd, dropped, ROOM * PAGE, MISSING));
	forker = start(forks, NULL);
	until_event(fd);
	polls("fork", fd);
	pending_of(fd, true);
	UFFD(uffd_zero(fd, dropped, PAGE, 0));
	say("done: %ld\n", (long)uffd_done);
	limit_descriptors(true);
	read_event(fd);
	read_event(fd);
	TRY(read(fd, page, sizeof(struct uffd_msg) - 1));
	limit_descriptors(false);
	dropper = start(drops, NULL);
	until_both_wait();
	limit_descriptors(true);
	read_event(fd); /* the fork, again in vain */
	read_event(fd);
	limit_descriptors(false);
	read_event(fd);
	read_event(fd);
	join(forker);
	join(dropper);
	/* in order, if nothing is in the way */
	forker = start(forks, NULL);
	until_event(fd);
	dropper = start(drops, NULL);
	until_both_wait();
	read_event(fd);
	read_event(fd);
	join(forker);
	join(dropper);
	close(fd);
}

/* What cannot be stored is lost, and its descriptor stays. */
static void nowhere_to_store(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_EVENT_FORK), next = dup(fd);
	char *volatile nowhere = (char *)8;
	struct uffd_msg msg = { 0 };
	struct iovec parts[3] = { { &msg, 10 }, { (char *)&msg + 10, 22 }, { nowhere, 32 } };
	pthread_t forker;

	close(next);
	MUST(uffd_register(fd, room(), PAGE, MISSING));
	forker = start(forks, NULL);
	until_event(fd);
	TRY(read(fd, nowhere, sizeof(msg)));
	join(forker);
	polls("lost", fd);
	read_event(fd);
	say("open: %d\n", fcntl(next, F_GETFD) >= 0);
	close(next);
	forker = start(forks, NULL);
	until_event(fd);
	TRY(readv(fd, parts, 3));
	say("event %#x\n", msg.event);
	join(forker);
	close((int)msg.arg.fork.ufd);
	close(fd);
}

int main(void)
{
	before_api();
	as_a_file();
	device();
	registers_again();
	answers();
	no_descriptor();
	nowhere_to_store();
	return 0;
}
