/* SPDX-License-Identifier: MIT */
/* R230: minor faults: pages that the object has ask before they are mapped, and UFFDIO_CONTINUE maps them. */
#include "uffd_objects.h"

#include <linux/falloc.h>

#define MISSING UFFDIO_REGISTER_MODE_MISSING
#define MINOR	UFFDIO_REGISTER_MODE_MINOR

/* The pages of an even number have bytes. */
static struct object half_full(int file, int flags)
{
	struct object o = object_of(file, flags);

	for (size_t i = 0; i < ROOM; i += 2)
		memset(o.beside + i * PAGE, 'a' + (int)i, PAGE);
	return o;
}

static void present_asks(const char *what, int file)
{
	struct object o = half_full(file, MAP_SHARED);
	int fd = uffd_open(0, UFFD_FEATURE_MINOR_SHMEM);
	char *p = o.at;
	struct toucher reader = { .at = p + 4 * PAGE };
	pthread_t thread;

	say("%s\n", what);
	UFFD(uffd_register(fd, p, ROOM * PAGE, MINOR));
	asked_and_continued(fd, p, p + 7, 0);
	asked_and_continued(fd, p, p + 2 * PAGE, 'w');
	say("beside: %s %s\n", letter(o.beside[2 * PAGE]), letter(o.beside[2 * PAGE + 1]));
	p[1] = 'x'; /* one that was asked for to read it */
	say("beside: %s\n", letter(o.beside[1]));
	/* what is changed before it is shown */
	thread = start(touch, &reader);
	next_message(fd, p);
	o.beside[4 * PAGE] = 'N';
	UFFD(uffd_continue(fd, p + 4 * PAGE, PAGE, UFFDIO_CONTINUE_MODE_DONTWAKE));
	UFFD(uffd_wake(fd, p + 4 * PAGE, PAGE));
	join(thread);
	say("found %s\n", letter(reader.found));
	/* holes do not ask, and are no minor faults either */
	say("holes: %s %s\n", letter(p[PAGE]), letter(p[3 * PAGE]));
	p[5 * PAGE] = 'h';
	say("beside: %s, told of %d\n", letter(o.beside[5 * PAGE]), pending_of(fd, false));
	TRY(madvise(p, 2 * PAGE, MADV_DONTNEED));
	asked_and_continued(fd, p, p + 1, 0);
	asked_and_continued(fd, p, p + PAGE, 0);
	TRY(madvise(p + 2 * PAGE, PAGE, MADV_REMOVE));
	say("removed: %s\n", letter(p[2 * PAGE]));
	/* more than one page, up to a hole */
	UFFD(uffd_copy(fd, p + 7 * PAGE, page_of('7'), PAGE, 0));
	TRY(madvise(p + 7 * PAGE, PAGE, MADV_DONTNEED));
	UFFD(uffd_continue(fd, p + 6 * PAGE, 4 * PAGE, 0));
	say("mapped: %ld, bytes %s %s %s\n", (long)uffd_mapped, letter(p[6 * PAGE]),
	    letter(p[7 * PAGE]), letter(p[8 * PAGE]));
	UFFD(uffd_unregister(fd, p, ROOM * PAGE));
	say("not registered: %s\n", letter(p[10 * PAGE]));
	close(fd);
	object_gone(&o);
}

static void both_ask(void)
{
	struct object o = half_full(hole_file(), MAP_SHARED);
	int fd = uffd_open(0, 0);
	char *p = o.at;

	MUST(uffd_register(fd, p, ROOM * PAGE, MISSING | MINOR));
	asked_and_continued(fd, p, p, 0);
	asked_and_copied(fd, p, p + PAGE, 0);
	/* again with less: what is so already stays so */
	MUST(uffd_register(fd, p, ROOM * PAGE, MISSING));
	asked_and_continued(fd, p, p + 2 * PAGE, 0);
	close(fd);
	fd = uffd_open(0, 0);
	MUST(uffd_register(fd, p, ROOM * PAGE, MISSING));
	say("missing only: %s\n", letter(p[4 * PAGE]));
	UFFD(uffd_continue(fd, p + 6 * PAGE, PAGE, 0)); /* it may be done there, too */
	asked_and_copied(fd, p, p + 3 * PAGE, 0);
	MUST(uffd_register(fd, p, ROOM * PAGE, MINOR));
	say("minor only: %s\n", letter(p[5 * PAGE]));
	TRY(madvise(p, ROOM * PAGE, MADV_DONTNEED)); /* what was mapped around the others, too */
	asked_and_continued(fd, p, p + 8 * PAGE, 0);
	close(fd);
	object_gone(&o);
}

static void errors(void)
{
	struct object o = half_full(hole_file(), MAP_SHARED);
	int fd = uffd_open(O_NONBLOCK, 0);
	char *p = o.at, *q;
	struct uffdio_register arg = { .range = { (uintptr_t)p, ROOM * PAGE }, .mode = MINOR };

	UFFD(uffd_continue(fd, p, PAGE, 0));
	say("mapped: %ld\n", (long)uffd_mapped);
	TRY(ioctl(fd, UFFDIO_REGISTER, &arg));
	say("what it can do there: %#lx\n",
	    (long)(arg.ioctls & (1 << _UFFDIO_CONTINUE | 1 << _UFFDIO_COPY)));
	UFFD(uffd_continue(fd, p + 1, PAGE, 0));
	UFFD(uffd_continue(fd, p, PAGE - 1, 0));
	UFFD(uffd_continue(fd, p, 0, 0));
	say("mapped: %ld\n", (long)uffd_mapped);
	UFFD(uffd_continue(fd, p, PAGE, 1ull << 40));
	UFFD(uffd_continue(fd, p, -PAGE, 0));
	UFFD(uffd_continue(fd, p + PAGE, PAGE, 0)); /* a hole */
	say("mapped: %ld\n", (long)uffd_mapped);
	UFFD(uffd_continue(fd, p, PAGE, 0));
	UFFD(uffd_continue(fd, p, PAGE, 0)); /* once more */
	say("mapped: %ld\n", (long)uffd_mapped);
	UFFD(uffd_copy(fd, p + 2 * PAGE, page, PAGE, 0)); /* the object has one */
	UFFD(uffd_zero(fd, p + 2 * PAGE, PAGE, 0));
	UFFD(uffd_continue(fd, p + 14 * PAGE, 3 * PAGE, 0)); /* out of the mapping */
	MUST(ftruncate(o.file, 4 * PAGE));
	UFFD(uffd_continue(fd, p + 6 * PAGE, PAGE, 0)); /* beyond the end */
	say("mapped: %ld\n", (long)uffd_mapped);
	UFFD(uffd_continue(fd, p + 2 * PAGE, 4 * PAGE, 0));
	say("mapped: %ld\n", (long)uffd_mapped);
	TRY(ioctl(fd, UFFDIO_CONTINUE, NULL));
	q = room();
	MUST(uffd_register(fd, q, PAGE, MISSING));
	UFFD(uffd_continue(fd, q, PAGE, 0)); /* of no object */
	close(fd);
	object_gone(&o);
}

/* In a private mapping the page of the file is shown, and a write makes a copy. */
static void private_mapping(void)
{
	struct object o = half_full(hole_file(), MAP_PRIVATE);
	int fd = uffd_open(0, 0);
	char *p = o.at;

	MUST(uffd_register(fd, p, ROOM * PAGE, MINOR));
	asked_and_continued(fd, p, p, 0);
	o.beside[0] = 'N';
	say("found %s\n", letter(p[0]));
	p[0] = 'w';
	say("found %s, beside %s\n", letter(p[0]), letter(o.beside[0]));
	asked_and_continued(fd, p, p + 2 * PAGE, 'w');
	say("beside: %s\n", letter(o.beside[2 * PAGE]));
	say("hole: %s\n", letter(p[PAGE]));
	UFFD(uffd_continue(fd, p + 2 * PAGE, PAGE, 0)); /* there is a copy */
	TRY(fallocate(o.file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4 * PAGE));
	UFFD(uffd_continue(fd, p + 2 * PAGE, PAGE, 0)); /* and the file has none any more */
	say("found %s\n", letter(p[2 * PAGE]));
	UFFD(uffd_copy(fd, p + 4 * PAGE, page_of('c'), PAGE, 0));
	say("found %s, beside %s\n", letter(p[4 * PAGE]), letter(o.beside[4 * PAGE]));
	close(fd);
	object_gone(&o);
}

/* Made and removed while one waits. */
static void punched_meanwhile(void)
{
	struct object o = half_full(hole_file(), MAP_SHARED);
	int fd = uffd_open(0, 0);
	char *p = o.at;
	struct toucher reader = { .at = p, .found = 9 };
	pthread_t thread;

	MUST(uffd_register(fd, p, ROOM * PAGE, MINOR));
	thread = start(touch, &reader);
	next_message(fd, p);
	TRY(fallocate(o.file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE));
	UFFD(uffd_continue(fd, p, PAGE, 0));
	UFFD(uffd_wake(fd, p, PAGE));
	join(thread);
	say("found %s\n", letter(reader.found));
	reader = (struct toucher){ .at = p + 2 * PAGE, .found = 9 };
	thread = start(touch, &reader);
	next_message(fd, p);
	close(fd);
	join(thread);
	say("closed: %s\n", letter(reader.found));
	object_gone(&o);
}

/* The page is asked for by each process that has registered it, and each mapping. */
static void two_mappings(void)
{
	struct object o = half_full(hole_file(), MAP_SHARED);
	int fd = uffd_open(0, 0);
	char *p = o.at, got[4] = { 0 };
	pthread_t thread;
	struct toucher reader = { .at = o.beside };

	MUST(uffd_register(fd, p, ROOM * PAGE, MINOR));
	madvise(o.beside, ROOM * PAGE, MADV_DONTNEED);
	MUST(uffd_register(fd, o.beside, ROOM * PAGE, MINOR));
	asked_and_continued(fd, p, p, 0);
	thread = start(touch, &reader);
	next_message(fd, o.beside);
	UFFD(uffd_continue(fd, o.beside, PAGE, 0));
	join(thread);
	TRY(pread(o.file, got, 2, 2 * PAGE)); /* the file itself does not ask */
	say("read: %s\n", got);
	if (fork() == 0) { /* a child has nothing registered */
		say("child: %s\n", letter(p[4 * PAGE]));
		_exit(0);
	}
	wait(NULL);
	asked_and_continued(fd, p, p + 4 * PAGE, 0);
	close(fd);
	object_gone(&o);
}

static void flag_of_smaps(void)
{
	int fd = uffd_open(0, 0), file = hole_file();
	char *p = map_object(file, MAP_SHARED, ROOM), line[200];
	FILE *info;

	MUST(uffd_register(fd, p, ROOM * PAGE, MINOR));
	info = fopen("/proc/self/smaps", "r");
	for (int in = 0; info && fgets(line, sizeof(line), info);) {
		if (strncmp(line, "VmFlags:", 8) == 0 && in)
			say("flags of smaps: %d %d\n", strstr(line, " um") != NULL,
			    strstr(line, " ui") != NULL);
		else if (strchr(line, '-'))
			in = strtoul(line, NULL, 16) == (uintptr_t)p;
	}
	fclose(info);
	close(fd);
	close(file);
}

int main(void)
{
	present_asks("without a file", -1);
	present_asks("memfd", hole_file());
	both_ask();
	errors();
	private_mapping();
	punched_meanwhile();
	two_mappings();
	flag_of_smaps();
	return 0;
}
