/* SPDX-License-Identifier: MIT */
/* R230: zeros that a private mapping of a file in memory was given: they stay when the file is written, and go with its hole. */
#include "uffd_objects.h"

#include <linux/falloc.h>

#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

static int file, fd;
static char *p;

static void put(int number, char c)
{
	if (pwrite(file, page_of(c), PAGE, number * (off_t)PAGE) != (ssize_t)PAGE)
		_exit(96);
}

static void set_up(void)
{
	file = hole_file();
	fd = uffd_open(0, 0);
	p = map_object(file, MAP_PRIVATE, ROOM);
	MUST(uffd_register(fd, p, ROOM * PAGE, UFFDIO_REGISTER_MODE_MISSING));
	MUST(uffd_zero(fd, p, 8 * PAGE, 0));
	MUST(uffd_copy(fd, p + 8 * PAGE, page_of('c'), PAGE, 0));
	p[PAGE] = 'w';
}

static void tear_down(void)
{
	munmap(p, ROOM * PAGE);
	close(fd);
	close(file);
}

static void tell(const char *when, int number)
{
	say("%s, page %d: %s\n", when, number, letter(p[number * PAGE]));
}

static void all_of(const char *when)
{
	for (int i = 0; i < 4; i++)
		tell(when, i);
	tell(when, 8);
}

static void written(void)
{
	set_up();
	for (int i = 0; i < 9; i++)
		put(i, 'n');
	all_of("written");
	tear_down();
}

static void punched(void)
{
	set_up();
	TRY(fallocate(file, PUNCH, 0, 2 * PAGE));
	TRY(fallocate(file, PUNCH, 2 * PAGE, 100)); /* no whole page */
	TRY(fallocate(file, PUNCH, 8 * PAGE, PAGE));
	for (int i = 0; i < 9; i++)
		put(i, 'm');
	all_of("punched");
	TRY(madvise(p + 5 * PAGE, PAGE, MADV_REMOVE)); /* not by a private mapping */
	tell("removed", 5);
	TRY(fallocate(file, PUNCH, 5 * PAGE, PAGE)); /* where a page is by now */
	put(5, 'o');
	tell("punched", 5);
	tear_down();
}

/* Where nothing is written, an access asks again. */
static void asks_again(void)
{
	set_up();
	TRY(fallocate(file, PUNCH, 0, 4 * PAGE));
	asked_and_copied(fd, p, p, 0);
	asked_and_copied(fd, p, p + 3 * PAGE, 'r');
	tell("given again", 1);
	tear_down();
}

static void cut_off(void)
{
	set_up();
	TRY(ftruncate(file, PAGE));
	TRY(ftruncate(file, ROOM * PAGE));
	for (int i = 0; i < 9; i++)
		put(i, 't');
	all_of("cut off");
	tear_down();
}

static int look(void *arg)
{
	(void)arg;
	all_of("in a child");
	return 0;
}

/* A child's zeros are the parent's, and both go. */
static int punch_in_child(void *arg)
{
	(void)arg;
	TRY(fallocate(file, PUNCH, 0, 3 * PAGE));
	for (int i = 0; i < 9; i++)
		put(i, 'f');
	return look(NULL);
}

static void forks(void)
{
	set_up();
	p[2 * PAGE] = 'w';
	in_child("a child", punch_in_child, NULL);
	all_of("after a child");
	tear_down();
}

/* Protected against reads: the entries are there all the same. */
static void forbidden(void)
{
	set_up();
	TRY(mprotect(p, 4 * PAGE, PROT_NONE));
	TRY(fallocate(file, PUNCH, 0, 2 * PAGE));
	for (int i = 0; i < 9; i++)
		put(i, 'b');
	TRY(mprotect(p, 4 * PAGE, PROT_READ));
	all_of("forbidden");
	tear_down();
}

/* More than one piece of the kernel's work. */
static void many(void)
{
	const size_t npages = 1500;
	unsigned kept = 0, fresh = 0;

	file = memfd_create("many", MFD_CLOEXEC);
	MUST(ftruncate(file, npages * PAGE));
	fd = uffd_open(0, 0);
	p = mmap(NULL, npages * PAGE, RW, MAP_PRIVATE, file, 0);
	MUST(uffd_register(fd, p, npages * PAGE, UFFDIO_REGISTER_MODE_MISSING));
	MUST(uffd_zero(fd, p, npages * PAGE, 0));
	for (size_t i = 0; i < npages; i += 7)
		p[i * PAGE] = 'w';
	TRY(fallocate(file, PUNCH, 0, npages * PAGE));
	for (size_t i = 0; i < npages; i++)
		put((int)i, 'm');
	for (size_t i = 0; i < npages; i++) {
		kept += p[i * PAGE] == 'w';
		fresh += p[i * PAGE] == 'm';
	}
	say("kept %u, new %u\n", kept, fresh);
	munmap(p, npages * PAGE);
	close(fd);
	close(file);
}

int main(void)
{
	written();
	punched();
	asks_again();
	cut_off();
	forks();
	forbidden();
	many();
	return 0;
}
