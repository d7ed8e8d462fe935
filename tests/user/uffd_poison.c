/* SPDX-License-Identifier: MIT */
/* R230: pages of which a program says that they are lost: UFFDIO_POISON. */
#include "uffd_objects.h"

#include <setjmp.h>

#ifndef UFFD_FEATURE_POISON
#define UFFD_FEATURE_POISON (1 << 14)
#endif
#ifndef UFFDIO_POISON
#define UFFDIO_POISON _IOWR(UFFDIO, 8, struct uffdio_zeropage)
#endif

static int64_t poisoned;

static int uffd_poison(int fd, const void *p, size_t len, uint64_t mode)
{
	struct uffdio_zeropage arg = { .range = { (uintptr_t)p, len },
				       .mode = mode,
				       .zeropage = 77 };
	int err = ioctl(fd, UFFDIO_POISON, &arg);

	poisoned = arg.zeropage;
	return err;
}

static sigjmp_buf back;
static volatile char *bus_base;

static void on_bus(int number, siginfo_t *info, void *context)
{
	say("signal %d, code %d, at +%#lx\n", number, info->si_code,
	    (long)((char *)info->si_addr - bus_base));
	siglongjmp(back, 1);
}

/* An access: '0' reads. */
static void touches(char *base, size_t at, int writes)
{
	bus_base = base;
	if (sigsetjmp(back, 1))
		return;
	if (writes)
		*(volatile char *)(base + at) = (char)writes;
	say("+%#lx has %s\n", (long)at, letter(*(volatile char *)(base + at)));
}

static int poison_open(void)
{
	return uffd_open(O_NONBLOCK, UFFD_FEATURE_POISON);
}

static void accesses(void)
{
	int fd = poison_open(), fds[2];
	char *p = missing_room(fd);
	unsigned char there[3];

	UFFD(uffd_poison(fd, p, 3 * PAGE, 0));
	say("done %ld\n", (long)poisoned);
	touches(p, 5, 0);
	touches(p, PAGE + 6, 'w');
	MUST(pipe(fds));
	TRY(write(fds[1], p, 8));
	must_be("write", write(fds[1], "12345678", 8), 8);
	TRY(read(fds[0], p + 2 * PAGE, 8));
	MUST(mincore(p, 3 * PAGE, there));
	say("mincore %d\n", there[0] & 1);
	TRY(madvise(p, PAGE, MADV_POPULATE_READ));
	TRY(madvise(p, PAGE, MADV_POPULATE_WRITE));
	TRY(mlock(p, PAGE));
	close(fds[0]);
	close(fds[1]);
	close(fd);
	touches(p, 9, 0); /* it lasts */
	touches(p, 4 * PAGE, 0);
}

static void refused(void)
{
	int fd = poison_open();
	char *p = missing_room(fd), *other = room();

	UFFD(uffd_poison(fd, p + 1, PAGE, 0));
	UFFD(uffd_poison(fd, p, 0, 0));
	UFFD(uffd_poison(fd, p, PAGE, 2));
	UFFD(uffd_poison(fd, other, PAGE, 0));
	UFFD(uffd_poison(fd, p, (ROOM + 1) * PAGE, 0));
	say("done %ld\n", (long)poisoned);
	UFFD(uffd_copy(fd, p + 2 * PAGE, page_of('c'), PAGE, 0));
	UFFD(uffd_poison(fd, p + PAGE, 3 * PAGE, 0)); /* a part */
	say("done %ld\n", (long)poisoned);
	UFFD(uffd_poison(fd, p + 2 * PAGE, PAGE, 0));
	UFFD(uffd_poison(fd, p + PAGE, PAGE, 0)); /* again */
	UFFD(uffd_zero(fd, p + PAGE, PAGE, 0));
	touches(p, PAGE, 0);
	UFFD(uffd_copy(fd, p + PAGE, page_of('c'), PAGE, 0));
	touches(p, PAGE, 0);
	touches(p, 2 * PAGE, 0);
	close(fd);
}

/* What waits is woken, and fails. What came of it is told after the end. */
static sigjmp_buf back_there;
static _Atomic int fails;

static void on_bus_there(int number)
{
	fails = number;
	siglongjmp(back_there, 1);
}

static void *touch_there(void *at)
{
	if (sigsetjmp(back_there, 1) == 0)
		*(volatile char *)at = 'w';
	return NULL;
}

static void wakes(void)
{
	int fd = poison_open();
	char *p = missing_room(fd);
	pthread_t thread;

	signal(SIGBUS, on_bus_there);
	thread = start(touch_there, p);
	next_message(fd, p);
	UFFD(uffd_poison(fd, p, PAGE, UFFDIO_ZEROPAGE_MODE_DONTWAKE));
	say("failed: %d\n", fails);
	UFFD(uffd_wake(fd, p, PAGE));
	join(thread);
	say("signal %d\n", fails);
	fails = 0;
	thread = start(touch_there, p + PAGE);
	next_message(fd, p);
	UFFD(uffd_poison(fd, p + PAGE, PAGE, 0));
	join(thread);
	say("signal %d\n", fails);
	close(fd);
}

static void verbs(void)
{
	int fd = poison_open();
	char *p = missing_room(fd), *to = room();
	pid_t child;
	int status;

	UFFD(uffd_poison(fd, p, 8 * PAGE, 0));
	UFFD(uffd_unregister(fd, p, ROOM * PAGE));
	touches(p, 0, 0);
	MUST(madvise(p, PAGE, MADV_DONTNEED));
	touches(p, 0, 0);
	MUST(madvise(p + PAGE, PAGE, MADV_FREE));
	touches(p, PAGE, 0);
	MUST(mprotect(p + 2 * PAGE, PAGE, PROT_READ));
	touches(p, 2 * PAGE, 0);
	TRY(mremap(p + 3 * PAGE, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	touches(to, PAGE, 0);
	child = fork();
	if (child == 0) {
		touches(p, 6 * PAGE, 0);
		_exit(3);
	}
	MUST(waitpid(child, &status, 0) != child);
	say("child %d\n", WEXITSTATUS(status));
	touches(p, 6 * PAGE, 0);
	MUST(munmap(p + 7 * PAGE, PAGE));
	MUST(mmap(p + 7 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED);
	touches(p, 7 * PAGE, 0);
	close(fd);
}

static void of_objects(int flags)
{
	int fd = poison_open(), file = hole_file();
	struct object object = object_of(file, flags);
	char *p = object.at;

	object.beside[PAGE] = 'b';
	MUST(uffd_register(fd, p, ROOM * PAGE, UFFDIO_REGISTER_MODE_MISSING));
	UFFD(uffd_poison(fd, p, 3 * PAGE, 0));
	touches(p, 0, 0);
	touches(p, PAGE, 0);
	touches(object.beside, PAGE, 0);
	MUST(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE));
	touches(p, 0, 0);
	MUST(madvise(p + 2 * PAGE, PAGE, MADV_DONTNEED));
	object.beside[2 * PAGE] = 'd';
	touches(p, 2 * PAGE, 0);
	UFFD(uffd_copy(fd, p, page_of('c'), PAGE, 0));
	touches(p, 0, 0);
	MUST(ftruncate(file, PAGE));
	UFFD(uffd_poison(fd, p + 4 * PAGE, PAGE, 0));
	close(fd);
	object_gone(&object);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO };

	wakes();
	MUST(sigaction(SIGBUS, &action, NULL));
	accesses();
	refused();
	verbs();
	of_objects(MAP_SHARED);
	of_objects(MAP_PRIVATE);
	return 0;
}
