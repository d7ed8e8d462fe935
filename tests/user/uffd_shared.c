/* SPDX-License-Identifier: MIT */
/* R230: missing pages of shared memory, memfds and files of tmpfs: where the object has a hole an access asks, and what is given is the object's. */
#include "uffd_objects.h"

#include <linux/falloc.h>
#include <sys/shm.h>
#include <sys/uio.h>

#define M "/tmp/uffd_shared/m"

#define MISSING UFFDIO_REGISTER_MODE_MISSING
#define MINOR	UFFDIO_REGISTER_MODE_MINOR

static void holes_ask(const char *what, int file)
{
	struct object o = object_of(file, MAP_SHARED);
	int fd = uffd_open(0, UFFD_FEATURE_MISSING_SHMEM);
	char *p = o.at, got[4] = { 0 };

	say("%s\n", what);
	o.beside[0] = 'b'; /* a page is there before */
	UFFD(uffd_register(fd, p, ROOM * PAGE, MISSING));
	say("there: %s\n", letter(p[0]));
	o.beside[PAGE] = 'b';
	say("there by now: %s\n", letter(p[PAGE]));
	p[PAGE + 1] = 'w';
	say("beside: %s\n", letter(o.beside[PAGE + 1]));
	asked_and_copied(fd, p, p + 2 * PAGE + 5, 0);
	say("beside: %s\n", letter(o.beside[2 * PAGE + 5]));
	asked_and_copied(fd, p, p + 3 * PAGE + 5, 'w');
	say("beside: %s %s\n", letter(o.beside[3 * PAGE + 5]), letter(o.beside[3 * PAGE + 6]));
	if (file >= 0)
		TRY(pread(file, got, 2, 3 * PAGE + 5));
	say("read: %s\n", got);
	UFFD(uffd_zero(fd, p + 4 * PAGE, 2 * PAGE, 0));
	say("zeros: %s, done %ld\n", letter(p[4 * PAGE + 3]), (long)uffd_done);
	p[4 * PAGE] = 'z';
	say("beside: %s\n", letter(o.beside[4 * PAGE]));
	/* what the object has, mapped here or not */
	UFFD(uffd_copy(fd, p, page, PAGE, 0));
	o.beside[7 * PAGE] = 'b';
	UFFD(uffd_copy(fd, p + 7 * PAGE, page, PAGE, 0));
	UFFD(uffd_zero(fd, p + 7 * PAGE, PAGE, 0));
	say("done: %ld\n", (long)uffd_done);
	UFFD(uffd_copy(fd, p + 6 * PAGE, page_of('d'), 2 * PAGE, 0));
	say("done: %ld, beside: %s %s\n", (long)uffd_done, letter(o.beside[6 * PAGE]),
	    letter(o.beside[7 * PAGE]));
	/* entries that go leave the page where it is, and a hole asks anew */
	TRY(madvise(p, 4 * PAGE, MADV_DONTNEED));
	say("after that: %s %s\n", letter(p[0]), letter(p[2 * PAGE]));
	TRY(madvise(p + 2 * PAGE, PAGE, MADV_REMOVE));
	asked_and_copied(fd, p, p + 2 * PAGE, 0);
	TRY(mprotect(p + 8 * PAGE, 2 * PAGE, PROT_NONE));
	UFFD(uffd_copy(fd, p + 8 * PAGE, page_of('n'), PAGE, 0));
	say("beside: %s\n", letter(o.beside[8 * PAGE]));
	TRY(mprotect(p + 8 * PAGE, 2 * PAGE, PROT_READ));
	say("found %s\n", letter(p[8 * PAGE]));
	asked_and_copied(fd, p, p + 9 * PAGE, 0);
	UFFD(uffd_unregister(fd, p, ROOM * PAGE));
	say("not registered: %s\n", letter(p[10 * PAGE]));
	close(fd);
	object_gone(&o);
}

static int beyond(void *arg)
{
	return *(volatile char *)arg;
}

/* Pages behind the end cannot be given, and an access there is SIGBUS. */
static void the_end(void)
{
	int file = hole_file(), fd = uffd_open(0, 0);
	char *p = map_object(file, MAP_SHARED, ROOM), *q = map_object(file, MAP_PRIVATE, ROOM);
	struct toucher reader = { .at = p + PAGE };
	pthread_t thread;

	MUST(ftruncate(file, 2 * PAGE + 1));
	UFFD(uffd_register(fd, p, ROOM * PAGE, MISSING));
	UFFD(uffd_register(fd, q, ROOM * PAGE, MISSING));
	UFFD(uffd_copy(fd, p + 3 * PAGE, page_of('e'), PAGE, 0));
	UFFD(uffd_zero(fd, p + 3 * PAGE, PAGE, 0));
	UFFD(uffd_copy(fd, q + 3 * PAGE, page, PAGE, 0));
	UFFD(uffd_zero(fd, q + 3 * PAGE, PAGE, 0));
	UFFD(uffd_copy(fd, p + 2 * PAGE, page, 2 * PAGE, 0));
	say("done: %ld\n", (long)uffd_done);
	in_child("beyond the end", beyond, p + 3 * PAGE);
	MUST(ftruncate(file, 8 * PAGE));
	say("what was given behind the old end: %s\n", letter(p[2 * PAGE + 1]));
	asked_and_copied(fd, p, p + 3 * PAGE, 0);
	MUST(ftruncate(file, PAGE)); /* what is cut off is missing again */
	MUST(ftruncate(file, 8 * PAGE));
	asked_and_copied(fd, p, p + 3 * PAGE, 0);
	/* under a waiter */
	thread = start(touch, &reader);
	next_message(fd, p);
	MUST(ftruncate(file, PAGE));
	UFFD(uffd_copy(fd, p + PAGE, page, PAGE, 0));
	MUST(ftruncate(file, 8 * PAGE));
	UFFD(uffd_wake(fd, p + PAGE, PAGE));
	next_message(fd, p);
	UFFD(uffd_copy(fd, p + PAGE, page_of('f'), PAGE, 0));
	join(thread);
	say("found %s\n", letter(reader.found));
	close(fd);
	close(file);
}

static void caught(int sig, siginfo_t *info, void *context)
{
	(void)context;
	say("SIG%s code %d\n", sigabbrev_np(sig), info->si_code);
	_exit(7);
}

/* A waiter whose page is cut off for good. */
static int cut_off(void *arg)
{
	struct sigaction action = { .sa_sigaction = caught, .sa_flags = SA_SIGINFO };
	int file = hole_file(), fd = uffd_open(0, 0);
	char *p = map_object(file, MAP_SHARED, ROOM);

	(void)arg;
	sigaction(SIGBUS, &action, NULL);
	MUST(uffd_register(fd, p, ROOM * PAGE, MISSING));
	start(touch, &(struct toucher){ .at = p + PAGE });
	next_message(fd, p);
	MUST(ftruncate(file, PAGE));
	MUST(uffd_wake(fd, p, ROOM * PAGE));
	wait_for_ever();
	return 0;
}

/* Holes that are made, and pages that are reserved. */
static void punches(void)
{
	int file = hole_file(), fd = uffd_open(0, 0);
	char *p = map_object(file, MAP_SHARED, ROOM);
	struct toucher reader = { .at = p + PAGE };
	pthread_t thread;

	MUST(uffd_register(fd, p, ROOM * PAGE, MISSING));
	thread = start(touch, &reader);
	next_message(fd, p);
	TRY(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4 * PAGE));
	UFFD(uffd_copy(fd, p + PAGE, page_of('p'), PAGE, UFFDIO_COPY_MODE_DONTWAKE));
	TRY(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4 * PAGE));
	UFFD(uffd_wake(fd, p + PAGE, PAGE)); /* it was there only for a moment */
	next_message(fd, p);
	UFFD(uffd_copy(fd, p + PAGE, page_of('q'), PAGE, 0));
	join(thread);
	say("found %s\n", letter(reader.found));
	TRY(fallocate(file, 0, 4 * PAGE, PAGE));
	say("reserved: %s\n", letter(p[4 * PAGE]));
	UFFD(uffd_copy(fd, p + 4 * PAGE, page, PAGE, 0));
	TRY(pwrite(file, "x", 1, 5 * PAGE));
	say("written: %s\n", letter(p[5 * PAGE]));
	/* written while one waits: it is not told, and no page can be given */
	reader = (struct toucher){ .at = p + 6 * PAGE };
	thread = start(touch, &reader);
	next_message(fd, p);
	TRY(pwrite(file, "y", 1, 6 * PAGE));
	UFFD(uffd_copy(fd, p + 6 * PAGE, page, PAGE, 0));
	UFFD(uffd_wake(fd, p + 6 * PAGE, PAGE));
	join(thread);
	say("found %s\n", letter(reader.found));
	say("told of more: %d\n", pending_of(fd, false));
	close(fd);
	close(file);
}

/* Private mappings of a memfd: a hole of it asks, and what is given is private. */
static void private_mapping(void)
{
	struct object o = object_of(hole_file(), MAP_PRIVATE);
	int fd = uffd_open(0, 0);
	char *p = o.at;
	struct iovec to = { .iov_base = page, .iov_len = 2 };

	o.beside[0] = 'b';
	o.beside[PAGE] = 'b';
	o.beside[5 * PAGE] = 'b';
	MUST(uffd_register(fd, p, ROOM * PAGE, MISSING));
	say("there: %s\n", letter(p[0]));
	p[PAGE] = 'w';
	say("written: %s, beside %s\n", letter(p[PAGE]), letter(o.beside[PAGE]));
	asked_and_copied(fd, p, p + 2 * PAGE, 0);
	asked_and_copied(fd, p, p + 3 * PAGE, 'w');
	TRY(preadv(o.file, &to, 1, 2 * PAGE));
	say("of the file: %s\n", letter(page[0]));
	UFFD(uffd_copy(fd, p, page, PAGE, 0));
	UFFD(uffd_copy(fd, p + PAGE, page, PAGE, 0));
	MUST(madvise(p + 5 * PAGE, 2 * PAGE, MADV_DONTNEED));	  /* mapped around another */
	UFFD(uffd_copy(fd, p + 5 * PAGE, page_of('o'), PAGE, 0)); /* over what the file has */
	say("found %s, beside %s\n", letter(p[5 * PAGE]), letter(o.beside[5 * PAGE]));
	o.beside[6 * PAGE] = 'b';
	UFFD(uffd_zero(fd, p + 6 * PAGE, PAGE, 0));
	say("zeros: %s, beside %s\n", letter(p[6 * PAGE]), letter(o.beside[6 * PAGE]));
	UFFD(uffd_zero(fd, p + 6 * PAGE, PAGE, 0));
	if (fork() == 0) {
		say("child: %s %s %s %s\n", letter(p[2 * PAGE]), letter(p[5 * PAGE]),
		    letter(p[6 * PAGE]), letter(p[7 * PAGE]));
		_exit(0);
	}
	wait(NULL);
	p[6 * PAGE] = 'w';
	say("written: %s, beside %s\n", letter(p[6 * PAGE]), letter(o.beside[6 * PAGE]));
	TRY(madvise(p + 5 * PAGE, PAGE, MADV_DONTNEED));
	say("the file's again: %s\n", letter(p[5 * PAGE]));
	TRY(madvise(p + 2 * PAGE, PAGE, MADV_DONTNEED));
	asked_and_copied(fd, p, p + 2 * PAGE, 0);
	MUST(ftruncate(o.file, 2 * PAGE)); /* private pages go, too */
	MUST(ftruncate(o.file, ROOM * PAGE));
	asked_and_copied(fd, p, p + 2 * PAGE, 0);
	UFFD(uffd_unregister(fd, p, ROOM * PAGE));
	say("not registered: %s\n", letter(p[9 * PAGE]));
	close(fd);
	object_gone(&o);
}

/* What may be registered: errors, in the order in which they are found. */
static void registers(void)
{
	int fd = uffd_open(O_NONBLOCK, 0), other = uffd_open(O_NONBLOCK, 0), file = hole_file(),
	    read_only, segment = shmget(IPC_PRIVATE, ROOM * PAGE, 0600);
	char path[64], *p = map_object(file, MAP_SHARED, ROOM), *q;

	UFFD(uffd_register(fd, p, PAGE, 8));
	UFFD(uffd_register(fd, p, PAGE, MISSING));
	UFFD(uffd_register(other, p, PAGE, MISSING));
	UFFD(uffd_register(fd, p, 4 * PAGE, MISSING | MINOR));
	UFFD(uffd_register(fd, room(), PAGE, MINOR)); /* private */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	read_only = open(path, O_RDONLY);
	q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, read_only, 0);
	UFFD(uffd_register(fd, q, PAGE, MISSING));
	UFFD(uffd_unregister(fd, q, PAGE));
	q = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, read_only, 0);
	UFFD(uffd_register(fd, q, PAGE, MISSING));
	q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
	UFFD(uffd_register(fd, q, PAGE, MISSING));
	UFFD(uffd_copy(fd, q, page_of('r'), PAGE, 0)); /* what may be written, if not here */
	say("found %s\n", letter(q[0]));
	TRY(fcntl(file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	UFFD(uffd_copy(fd, p + PAGE, page, PAGE, 0)); /* it was mapped before */
	q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
	UFFD(uffd_register(fd, q, PAGE, MISSING));
	q = shmat(segment, NULL, 0);
	UFFD(uffd_register(fd, q, PAGE, MISSING)); /* no segment of System V */
	shmdt(q);
	shmctl(segment, IPC_RMID, NULL);
	close(read_only);
	close(file);
	close(fd);
	close(other);
}

static void *read_into(void *arg)
{
	char *p = arg;
	int file = memfd_create("in", 0);
	struct iovec both[2] = { { p, 2 }, { p + PAGE, 2 } };

	if (pwrite(file, "into", 4, 0) != 4)
		_exit(98);
	return (void *)preadv(file, both, 2, 0);
}

/* The kernel's own copies wait, too; but not those of the file itself. */
static void kernel_copies(void)
{
	struct object o = object_of(hole_file(), MAP_SHARED);
	int fd = uffd_open(0, 0), user_only;
	char *p = o.at;
	pthread_t thread;

	MUST(uffd_register(fd, p, ROOM * PAGE, MISSING));
	thread = start(read_into, p);
	next_message(fd, p);
	UFFD(uffd_copy(fd, p, page_of('k'), PAGE, 0));
	next_message(fd, p);
	UFFD(uffd_zero(fd, p + PAGE, PAGE, 0));
	say("read %ld: %.3s %s\n", (long)join(thread), p, p + PAGE);
	TRY(pread(o.file, page, 8, 3 * PAGE));
	say("the hole: %s\n", letter(page[0]));
	TRY(pwrite(o.file, "k", 1, 4 * PAGE));
	say("found %s\n", letter(p[4 * PAGE]));
	/* its own hole, from its own mapping */
	UFFD(uffd_copy(fd, p + 5 * PAGE, p + 4 * PAGE, PAGE, 0));
	say("found %s, beside %s\n", letter(p[5 * PAGE]), letter(o.beside[5 * PAGE]));
	UFFD(uffd_unregister(fd, p, ROOM * PAGE));
	user_only = uffd_open(UFFD_USER_MODE_ONLY, 0);
	MUST(uffd_register(user_only, p, ROOM * PAGE, MISSING));
	TRY(pwrite(o.file, p + 6 * PAGE, 4, 0));
	TRY(pwrite(o.file, p + 4 * PAGE, 1, 0));
	close(user_only);
	close(fd);
	object_gone(&o);
}

/* Another process gives the pages: by the descriptor, or by its own mapping of the same file, and then it wakes. */
static void two_processes(void)
{
	struct object o = object_of(hole_file(), MAP_SHARED);
	int fd = uffd_open(0, 0), status;
	char *p = o.at;
	struct uffd_msg msg;
	pid_t pid;

	MUST(uffd_register(fd, p, ROOM * PAGE, MISSING));
	pid = fork();
	if (pid == 0) {
		if (read(fd, &msg, sizeof(msg)) != sizeof(msg) ||
		    uffd_copy(fd, p, page_of('1'), PAGE, 0) != 0 || p[0] != '1')
			_exit(1);
		if (read(fd, &msg, sizeof(msg)) != sizeof(msg))
			_exit(2);
		p[PAGE] = '2'; /* its own mapping is not registered */
		_exit(uffd_wake(fd, p + PAGE, PAGE) == 0 ? 0 : 3);
	}
	say("found %s\n", letter(*(volatile char *)p));
	say("found %s\n", letter(*(volatile char *)(p + PAGE)));
	waitpid(pid, &status, 0);
	ended("the other", status);
	close(fd);
	object_gone(&o);
}

/* What ends a wait: the descriptor or the registration; the file's bytes are zeros then. */
static void ends_of_a_wait(void)
{
	int file = hole_file(), fd = uffd_open(0, 0);
	char *p = map_object(file, MAP_SHARED, ROOM);
	struct toucher reader = { .at = p, .found = 9 };
	pthread_t thread;

	MUST(uffd_register(fd, p, ROOM * PAGE, MISSING));
	thread = start(touch, &reader);
	next_message(fd, p);
	UFFD(uffd_unregister(fd, p, PAGE));
	join(thread);
	say("not registered: %d\n", reader.found);
	reader = (struct toucher){ .at = p + PAGE, .writes = 'w' };
	thread = start(touch, &reader);
	next_message(fd, p);
	close(fd);
	join(thread);
	say("closed: %s\n", letter(reader.found));
	close(file);
}

/* A tmpfs has limits. What is given counts like what is written. */
static void limits(void)
{
	int file, fd = uffd_open(0, 0);
	char *p;

	mkdir(M, 0700);
	if (mount("none", M, "tmpfs", 0, "size=16k") != 0)
		_exit(98);
	file = open(M "/f", O_RDWR | O_CREAT, 0600);
	MUST(ftruncate(file, 8 * PAGE));
	p = map_object(file, MAP_SHARED, 8);
	MUST(uffd_register(fd, p, 8 * PAGE, MISSING));
	UFFD(uffd_copy(fd, p, page_of('t'), 2 * PAGE, 0));
	UFFD(uffd_zero(fd, p + 2 * PAGE, 4 * PAGE, 0));
	say("done: %ld\n", (long)uffd_done);
	UFFD(uffd_copy(fd, p + 4 * PAGE, page, PAGE, 0));
	UFFD(uffd_zero(fd, p + 4 * PAGE, PAGE, 0));
	TRY(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE));
	UFFD(uffd_copy(fd, p + 4 * PAGE, page, PAGE, 0));
	munmap(p, 8 * PAGE);
	close(file);
	close(fd);
	TRY(umount(M));
}

static int tmpfs_file(void)
{
	int file;

	mkdir("/tmp/uffd_shared", 0700);
	mkdir(M, 0700);
	if (mount("none", M, "tmpfs", 0, NULL) != 0)
		_exit(98);
	file = open(M "/f", O_RDWR | O_CREAT, 0600);
	MUST(ftruncate(file, ROOM * PAGE));
	return file;
}

int main(void)
{
	struct uffdio_api api = { .api = UFFD_API };

	ioctl(uffd_new(0), UFFDIO_API, &api);
	say("features: %d %d\n", (api.features & UFFD_FEATURE_MISSING_SHMEM) != 0,
	    (api.features & UFFD_FEATURE_MINOR_SHMEM) != 0);
	holes_ask("without a file", -1);
	holes_ask("memfd", hole_file());
	holes_ask("tmpfs", tmpfs_file());
	TRY(umount(M));
	the_end();
	in_child("cut off", cut_off, NULL);
	punches();
	private_mapping();
	registers();
	kernel_copies();
	two_processes();
	ends_of_a_wait();
	limits();
	rmdir(M);
	rmdir("/tmp/uffd_shared");
	return 0;
}
