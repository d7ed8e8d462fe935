/* SPDX-License-Identifier: MIT */
/* What the tests of userfaultfd in shared memory share: kinds of memory, threads that touch it, UFFDIO_CONTINUE. */
#ifndef TESTS_USER_UFFD_OBJECTS_H
#define TESTS_USER_UFFD_OBJECTS_H

#include "uffd.h"

#include <sys/mount.h>

static char page[4 * PAGE] __attribute__((aligned(4096)));

/* Memory of which pages are in an object. file: -1 if there is none. `beside`: the same object mapped once more, and not registered. */
struct object {
	int file;
	char *at, *beside;
};

/* Maps `npages` of the file, at an address of its own that no superpage maps. */
__attribute__((unused)) static char *map_object(int file, int flags, size_t npages)
{
	char *p = mmap(room_at, npages * PAGE, RW,
		       flags | MAP_FIXED | (file < 0 ? MAP_ANONYMOUS : 0), file, 0);

	room_at += 2 * ROOM * PAGE;
	if (p == MAP_FAILED)
		_exit(96);
	return p;
}

/* A file of ROOM pages that are holes. */
__attribute__((unused)) static int hole_file(void)
{
	int file = memfd_create("holes", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	MUST(ftruncate(file, ROOM * PAGE));
	return file;
}

__attribute__((unused)) static struct object object_of(int file, int flags)
{
	struct object object = { .file = file, .at = map_object(file, flags, ROOM) };

	if (file >= 0)
		object.beside = map_object(file, MAP_SHARED, ROOM);
	else /* the same memory once more */
		object.beside = mremap(object.at, 0, ROOM * PAGE, MREMAP_MAYMOVE);
	return object;
}

__attribute__((unused)) static void object_gone(const struct object *object)
{
	munmap(object->at, ROOM * PAGE);
	munmap(object->beside, ROOM * PAGE);
	if (object->file >= 0)
		close(object->file);
}

static int64_t uffd_mapped;

__attribute__((unused)) static int uffd_continue(int fd, const void *p, size_t len, uint64_t mode)
{
	struct uffdio_continue arg = { .range = { (uintptr_t)p, len }, .mode = mode, .mapped = 77 };
	int err = ioctl(fd, UFFDIO_CONTINUE, &arg);

	uffd_mapped = arg.mapped;
	return err;
}

/* A thread that touches memory, and what came of it. */
struct toucher {
	volatile char *at;
	int writes; /* what it writes; 0: it reads */
	int found;  /* what it reads then */
};

__attribute__((unused)) static void *touch(void *arg)
{
	struct toucher *toucher = arg;

	if (toucher->writes)
		*toucher->at = (char)toucher->writes;
	toucher->found = *toucher->at;
	return NULL;
}

/* A page whose bytes are all the same. */
__attribute__((unused)) static const char *page_of(char byte)
{
	memset(page, byte, PAGE);
	return page;
}

/* How a letter, or none, is told of. */
__attribute__((unused)) static const char *letter(int byte)
{
	static char text[4][8];
	static unsigned next;
	char *to = text[next++ % 4];

	snprintf(to, 8, byte > ' ' ? "%c" : "%d", byte);
	return to;
}

/* Touches a page that is asked for, which a copy answers. */
__attribute__((unused)) static void asked_and_copied(int fd, const char *base, char *at, int writes)
{
	struct toucher toucher = { .at = at, .writes = writes };
	pthread_t thread = start(touch, &toucher);

	next_message(fd, base);
	UFFD(uffd_copy(fd, (char *)((uintptr_t)at & -PAGE), page_of('c'), PAGE, 0));
	join(thread);
	say("found %s\n", letter(toucher.found));
}

__attribute__((unused)) static void asked_and_continued(int fd, const char *base, char *at,
							int writes)
{
	struct toucher toucher = { .at = at, .writes = writes };
	pthread_t thread = start(touch, &toucher);

	next_message(fd, base);
	UFFD(uffd_continue(fd, (char *)((uintptr_t)at & -PAGE), PAGE, 0));
	join(thread);
	say("found %s\n", letter(toucher.found));
}

__attribute__((unused)) static void until_pending(int fd, int n)
{
	while (pending_of(fd, false) != n)
		nap(1);
}

#endif
