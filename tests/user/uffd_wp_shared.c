/* SPDX-License-Identifier: MIT */
/* R230: write protection by userfaultfd in memory of objects: it is a mapping's, and outlasts the page. */
#include "uffd_protect.h"

#define N 6

static int shared_open(void)
{
	return uffd_open(O_NONBLOCK,
			 UFFD_FEATURE_WP_HUGETLBFS_SHMEM | UFFD_FEATURE_PAGEFAULT_FLAG_WP);
}

static void accesses(const char *name, int file, int flags)
{
	int fd = shared_open();
	struct object object = object_of(file, flags);
	char *p = object.at;

	say("%s\n", name);
	if (object.beside != MAP_FAILED)
		object.beside[PAGE] = 'b';
	p[2 * PAGE] = 'c';
	UFFD(uffd_register(fd, p, ROOM * PAGE, WP));
	UFFD(uffd_protect(fd, p, 5 * PAGE, ON));
	show("protected", p, N);
	say("reads %s %s %s\n", letter(p[0]), letter(p[PAGE]), letter(p[2 * PAGE]));
	show("read", p, N);
	waits(fd, p, 0);
	waits(fd, p, 1);
	waits(fd, p, 2);
	waits(fd, p, 3); /* it has not been read */
	passes(fd, p, 3);
	passes(fd, p, 5);
	object.beside[4 * PAGE] = 'B'; /* another mapping's writes pass */
	say("reads %s\n", letter(p[4 * PAGE]));
	UFFD(uffd_protect(fd, p, ROOM * PAGE, OFF));
	passes(fd, p, 4);
	show("allowed", p, N);
	close(fd);
	object_gone(&object);
}

/* The page goes, and the protection stays. */
static void outlasts(int flags)
{
	int fd = shared_open(), file = hole_file();
	struct object object = object_of(file, flags);
	char *p = object.at;

	for (int i = 0; i < ROOM; i++)
		p[i * PAGE] = (char)('a' + i);
	UFFD(uffd_register(fd, p, ROOM * PAGE, WP));
	UFFD(uffd_protect(fd, p, 6 * PAGE, ON));
	MUST(madvise(p, PAGE, MADV_DONTNEED));
	MUST(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, PAGE));
	MUST(madvise(p + 2 * PAGE, PAGE, MADV_PAGEOUT));
	MUST(mprotect(p + 3 * PAGE, PAGE, PROT_READ));
	MUST(mprotect(p + 3 * PAGE, PAGE, RW));
	show("dropped, punched, paged out", p, N);
	say("reads %s %s %s\n", letter(p[0]), letter(p[PAGE]), letter(p[2 * PAGE]));
	waits(fd, p, 0);
	waits(fd, p, 1);
	waits(fd, p, 2);
	waits(fd, p, 3);
	UFFD(uffd_unregister(fd, p, ROOM * PAGE));
	show("registered no more", p, N);
	p[4 * PAGE] = 'x';
	say("wrote %c\n", p[4 * PAGE]);
	close(fd);
	object_gone(&object);
}

static void given(void)
{
	int fd = shared_open(), file = hole_file();
	struct object object = object_of(file, MAP_SHARED);
	char *p = object.at;

	UFFD(uffd_register(fd, p, ROOM * PAGE, WP | MISSING));
	UFFD(uffd_protect(fd, p, 3 * PAGE, ON));
	UFFD(uffd_copy(fd, p, page_of('c'), PAGE, UFFDIO_COPY_MODE_WP));
	UFFD(uffd_copy(fd, p + PAGE, page_of('c'), PAGE, 0));
	UFFD(uffd_zero(fd, p + 2 * PAGE, PAGE, 0));
	UFFD(uffd_copy(fd, p + 3 * PAGE, page_of('c'), PAGE, UFFDIO_COPY_MODE_WP));
	show("given", p, N);
	waits(fd, p, 0);
	passes(fd, p, 1);
	passes(fd, p, 2);
	waits(fd, p, 3);
	asked_and_copied(fd, p, p + 4 * PAGE, 'w');
	close(fd);
	object_gone(&object);
}

static void continued(void)
{
	int fd = shared_open(), file = hole_file();
	struct object object = object_of(file, MAP_SHARED);
	char *p = object.at;

	for (int i = 0; i < ROOM; i++)
		object.beside[i * PAGE] = (char)('a' + i);
	UFFD(uffd_register(fd, p, ROOM * PAGE, WP | MINOR));
	UFFD(uffd_continue(fd, p, PAGE, UFFDIO_CONTINUE_MODE_WP));
	UFFD(uffd_continue(fd, p + PAGE, PAGE, 0));
	UFFD(uffd_continue(fd, p + 2 * PAGE, PAGE, 4));
	show("continued", p, N);
	waits(fd, p, 0);
	passes(fd, p, 1);
	close(fd);
	fd = shared_open();
	UFFD(uffd_register(fd, p + 8 * PAGE, PAGE, MINOR));
	UFFD(uffd_continue(fd, p + 8 * PAGE, PAGE, UFFDIO_CONTINUE_MODE_WP));
	close(fd);
	object_gone(&object);
}

/* Protection of a part beyond the file's end, which then grows. */
static void beyond(void)
{
	int fd = shared_open(), file = hole_file();
	struct object object = object_of(file, MAP_SHARED);
	char *p = object.at;

	MUST(ftruncate(file, 2 * PAGE));
	UFFD(uffd_register(fd, p, ROOM * PAGE, WP));
	UFFD(uffd_protect(fd, p, ROOM * PAGE, ON));
	MUST(ftruncate(file, ROOM * PAGE));
	waits(fd, p, 1);
	waits(fd, p, 3);
	close(fd);
	object_gone(&object);
}

static void forks(void)
{
	int fd = shared_open(), file = hole_file();
	struct object object = object_of(file, MAP_SHARED);
	char *p = object.at;
	pid_t child;

	p[0] = 'a';
	UFFD(uffd_register(fd, p, ROOM * PAGE, WP));
	UFFD(uffd_protect(fd, p, 4 * PAGE, ON));
	child = fork();
	if (child == 0) {
		p[0] = 'C'; /* nobody is asked */
		p[PAGE] = 'D';
		_exit(7);
	}
	say("child %d\n", status_of(child));
	say("reads %s %s\n", letter(p[0]), letter(p[PAGE]));
	waits(fd, p, 0);
	waits(fd, p, 1);
	close(fd);
	object_gone(&object);
}

static void asynchronous(void)
{
	int fd = uffd_open(O_NONBLOCK, UFFD_FEATURE_WP_ASYNC), file = hole_file();
	struct object object = object_of(file, MAP_SHARED);
	char *p = object.at;

	p[0] = 'a';
	UFFD(uffd_register(fd, p, ROOM * PAGE, WP));
	UFFD(uffd_protect(fd, p, 4 * PAGE, ON));
	passes(fd, p, 0);
	passes(fd, p, 1);
	show("written", p, N);
	close(fd);
	object_gone(&object);
}

int main(void)
{
	accesses("shared file", hole_file(), MAP_SHARED);
	accesses("shared memory", -1, MAP_SHARED);
	accesses("private file", hole_file(), MAP_PRIVATE);
	outlasts(MAP_SHARED);
	outlasts(MAP_PRIVATE);
	given();
	continued();
	beyond();
	forks();
	asynchronous();
	return 0;
}
