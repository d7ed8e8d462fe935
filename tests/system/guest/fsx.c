/* SPDX-License-Identifier: MIT */
/* Random operations on a few files of a directory, each compared with a model of what files are (R142). */

/*
 * fsx DIRECTORY SEED OPERATIONS: writes, reads, maps, truncates, renames, links and removes files, some of them while
 * they are open or mapped, and stores to them through shared and private mappings that stay; lists directories and moves
 * them. Two processes take turns, each with descriptors and mappings of its own. Prints each file with its size and a
 * sum at the end, for whoever looks from the other side, and "fsx: ok" if all was as the model has it. It runs on Linux
 * as well.
 */
#define _GNU_SOURCE
#include "processes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096ul
#define MOST  (24 * PAGE) /* bytes of a file */
#define NAMES 8
#define OPEN  6
#define FILES (NAMES + OPEN)

/* A file of the model: with neither a name nor a descriptor it is free. */
struct file {
	unsigned nnames, nopen;
	unsigned life; /* how many files were here before */
	size_t size;
	uint8_t bytes[MOST];
	unsigned cuts[MOST / PAGE]; /* how often that page was cut off */
	bool stored_behind;	    /* bytes behind the end, in its last page, were stored to */
};

/* What both processes see. */
static struct model {
	struct file files[FILES];
	struct file *named[NAMES]; /* NULL: there is no such name */
	/* What was read of the listings that stay. */
	struct listing {
		bool below; /* in the directory of half of the names */
		unsigned seen, touched;
	} listings[2];
	bool moved; /* the directory of half of them has its other name */
	uint64_t state;
	unsigned long step;
} * model;

/* Mappings by this process of all that a file may have; NULL: not mapped. */
static struct mapped {
	unsigned life;
	uint8_t *shared, *private;
	/* Pages that were stored to privately, and when; such a page is lost when it is cut off. */
	bool own[MOST / PAGE];
	unsigned cuts[MOST / PAGE];
	uint8_t bytes[MOST];
} mapped[FILES];

static bool
	zeros_behind; /* what is stored behind an end is zeros when the file grows: not so on tmpfs, here and on Linux */
static int listings[2]; /* of the two directories, opened at the start */
static struct handle {
	struct file *file; /* NULL: closed */
	int fd;
	bool append;
} handles[OPEN];

static uint8_t buffer[MOST], other[MOST];

static unsigned pick(unsigned n)
{
	model->state ^= model->state << 13;
	model->state ^= model->state >> 7;
	model->state ^= model->state << 17;
	return (unsigned)((model->state >> 20) % n);
}

static void fail(const char *what, long expected, long actual)
{
	printf("step %lu: %s: expected %ld, actual %ld (errno %d)\n", model->step, what, expected,
	       actual, errno);
	fflush(stdout);
	_exit(1);
}

static void check(const char *what, long expected, long actual)
{
	if (expected != actual)
		fail(what, expected, actual);
}

static void check_bytes(const char *what, const struct file *file, size_t at, const uint8_t *bytes,
			size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t wanted = at + i < file->size ? file->bytes[at + i] : 0;

		if (bytes[i] != wanted) {
			printf("at byte %zu of %zu: ", at + i, file->size);
			fail(what, wanted, bytes[i]);
		}
	}
}

static const char *directory(void)
{
	return model->moved ? "e" : "d";
}

/* Half of the names are in another directory. */
static const char *name_of(unsigned number)
{
	static char text[2][16];
	static unsigned which;

	which ^= 1;
	if (number < NAMES / 2)
		snprintf(text[which], sizeof(text[which]), "%s/f%u", directory(), number);
	else
		snprintf(text[which], sizeof(text[which]), "f%u", number);
	return text[which];
}

static struct handle *pick_handle(void)
{
	struct handle *handle = &handles[pick(OPEN)];

	return handle->file ? handle : NULL;
}

/* Often at the edges of pages, and small. */
static size_t pick_offset(size_t most)
{
	size_t at = pick(4) ? pick((unsigned)most + 1) : pick((unsigned)(most / PAGE) + 1) * PAGE;

	return at + (pick(8) == 0 && at < most);
}

static size_t pick_length(size_t room)
{
	size_t n = pick(3) ? pick(200) : pick(3) ? pick(2 * PAGE) : pick((unsigned)MOST);

	return n < room ? n : room;
}

static size_t page_end(size_t at)
{
	return (at + PAGE - 1) / PAGE * PAGE;
}

static void resize(struct file *file, size_t size)
{
	if (size > file->size)
		memset(file->bytes + file->size, 0, size - file->size);
	for (size_t i = page_end(size) / PAGE; size < file->size && i < MOST / PAGE; i++)
		file->cuts[i]++;
	if (size < file->size || size > page_end(file->size))
		file->stored_behind = false;
	file->size = size;
}

/* Who reads a listing may have seen the name before, or not see it any more. */
static void touch(unsigned number)
{
	model->listings[number < NAMES / 2].touched |= 1u << number;
}

/* ---- the operations ---- */

static void drop_maps(struct mapped *maps)
{
	if (maps->shared)
		check("munmap", 0, munmap(maps->shared, MOST));
	if (maps->private)
		check("munmap", 0, munmap(maps->private, MOST));
	*maps = (struct mapped){ .life = maps->life };
}

static struct mapped *maps_of(const struct file *file)
{
	struct mapped *maps = &mapped[file - model->files];

	if (maps->life != file->life)
		drop_maps(maps); /* of the file that was there before */
	maps->life = file->life;
	return maps;
}

static bool kills; /* the server is killed meanwhile */

/*
 * Is the change of a name to be made once more? Its answer was lost (EIO) with a server that was killed. If it was made, the
 * second one finds that, and its errno is `found`.
 */
static bool once_more(int *err, int found)
{
	static unsigned nlost;
	bool lost = kills && *err == EIO && nlost < 5;

	if (nlost && *err == found)
		*err = 0;
	nlost = lost ? nlost + 1 : 0;
	return lost;
}

static int rename_surely(const char *from, const char *to)
{
	int err;

	do
		err = rename(from, to) ? errno : 0;
	while (once_more(&err, ENOENT));
	return err;
}

static int open_surely(const char *name, int flags, mode_t mode)
{
	int fd, err;

	do {
		fd = open(name, flags, mode);
		err = fd < 0 ? errno : 0;
		if (err == EIO)
			flags &= ~O_EXCL;
	} while (once_more(&err, 0));
	errno = err;
	return fd;
}

static void open_one(void)
{
	struct handle *handle = &handles[pick(OPEN)];
	unsigned number = pick(NAMES), how = pick(6);
	struct file *file = model->named[number];
	int flags = O_RDWR | (how == 0 ? O_TRUNC : 0) | (how == 1 ? O_APPEND : 0) |
		    (how == 2 ? O_EXCL : 0) | (how < 5 ? O_CREAT : 0);
	int fd;

	if (handle->file)
		return;
	fd = open_surely(name_of(number), flags, 0600 + pick(2) * 044);
	if ((flags & O_CREAT) && (flags & O_EXCL) && file) {
		check("open of a name that is there", EEXIST, fd < 0 ? errno : 0);
		return;
	}
	if (!(flags & O_CREAT) && !file) {
		check("open of no name", ENOENT, fd < 0 ? errno : 0);
		return;
	}
	if (fd < 0)
		fail("open", 0, fd);
	for (unsigned i = 0; !file; i++)
		if (!model->files[i].nnames && !model->files[i].nopen)
			file = &model->files[i];
	if (!model->named[number]) {
		touch(number);
		model->named[number] = file;
		file->nnames = 1;
		file->life++;
		file->size = 0;
		file->stored_behind = false;
	}
	if (flags & O_TRUNC)
		resize(file, 0);
	file->nopen++;
	*handle = (struct handle){ file, fd, flags & O_APPEND };
}

static void close_one(void)
{
	struct handle *handle = pick_handle();

	if (!handle)
		return;
	check("close", 0, close(handle->fd));
	handle->file->nopen--;
	handle->file = NULL;
}

static void write_some(void)
{
	struct handle *handle = pick_handle();
	struct iovec parts[2];
	size_t at, n, first;
	ssize_t done;

	if (!handle)
		return;
	at = handle->append ? handle->file->size : pick_offset(MOST - 1);
	n = pick_length(MOST - at);
	for (size_t i = 0; i < n; i++)
		buffer[i] = (uint8_t)(pick(256) | 1);
	first = n ? pick((unsigned)n) : 0;
	parts[0] = (struct iovec){ buffer, first };
	parts[1] = (struct iovec){ buffer + first, n - first };
	if (!handle->append)
		check("seek", (long)at, lseek(handle->fd, (off_t)at, SEEK_SET));
	done = pick(2) ? writev(handle->fd, parts, 2) : write(handle->fd, buffer, n);
	check("write", (long)n, done);
	if (n && at + n > handle->file->size)
		resize(handle->file, at + n);
	memcpy(handle->file->bytes + at, buffer, n);
}

static void read_some(void)
{
	struct handle *handle = pick_handle();
	size_t at, n, there;

	if (!handle)
		return;
	at = pick_offset(MOST - 1);
	n = pick_length(MOST - at);
	there = at < handle->file->size ? handle->file->size - at : 0;
	there = n < there ? n : there;
	check("read", (long)there, pread(handle->fd, other, n, (off_t)at));
	check_bytes("a byte that was read", handle->file, at, other, there);
}

static void truncate_one(void)
{
	struct handle *handle = pick_handle();
	size_t size = pick_offset(pick(2) ? MOST : 3 * PAGE);
	unsigned number = pick(NAMES);

	if (handle) {
		check("ftruncate", 0, ftruncate(handle->fd, (off_t)size));
		resize(handle->file, size);
		return;
	}
	check("truncate", model->named[number] ? 0 : ENOENT,
	      truncate(name_of(number), (off_t)size) ? errno : 0);
	if (model->named[number])
		resize(model->named[number], size);
}

/* A mapping, also while the file is written and made longer. */
static void map_one(void)
{
	struct handle *handle = pick_handle();
	size_t n, at, part;
	uint8_t *map;

	if (!handle || !handle->file->size)
		return;
	n = (handle->file->size + PAGE - 1) / PAGE * PAGE;
	map = mmap(NULL, n, PROT_READ, pick(2) ? MAP_SHARED : MAP_PRIVATE, handle->fd, 0);
	if (map == MAP_FAILED)
		fail("mmap", 0, -1);
	if (handle->file->stored_behind)
		n = handle->file->size;
	check_bytes("a byte of the mapping", handle->file, 0, map, n);
	at = pick((unsigned)handle->file->size);
	part = pick_length(handle->file->size - at);
	memset(buffer, (int)pick(256), part);
	if (!handle->append) {
		check("write while mapped", (long)part,
		      pwrite(handle->fd, buffer, part, (off_t)at));
		memcpy(handle->file->bytes + at, buffer, part);
	}
	check_bytes("a byte of the mapping after a write", handle->file, 0, map, n);
	check("munmap", 0, munmap(map, n));
}

/* What a private mapping shows: its own pages, and those of the file. */
static void check_private(const struct file *file, const struct mapped *maps)
{
	for (size_t at = 0; at < file->size; at += PAGE) {
		size_t n = file->size - at < PAGE ? file->size - at : PAGE, i = at / PAGE;

		if (!maps->own[i] || maps->cuts[i] != file->cuts[i])
			check_bytes("a byte of the private mapping", file, at, maps->private + at,
				    n);
		else if (memcmp(maps->bytes + at, maps->private + at, PAGE) != 0)
			fail("a page of the private mapping's own", (long)i, -1);
	}
}

static uint8_t *map_all(const struct handle *handle, int flags)
{
	uint8_t *map = mmap(NULL, MOST, PROT_READ | PROT_WRITE, flags, handle->fd, 0);

	if (map == MAP_FAILED)
		fail("mmap to write", 0, -1);
	return map;
}

/* Stores to a private mapping that stays: no other sees it. */
static void store_private(void)
{
	struct handle *handle = pick_handle();
	struct file *file = handle ? handle->file : NULL;
	struct mapped *maps = file ? maps_of(file) : NULL;
	size_t at, i;

	if (!file || !file->size)
		return;
	if (!maps->private)
		maps->private = map_all(handle, MAP_PRIVATE);
	check_private(file, maps);
	at = pick((unsigned)file->size);
	i = at / PAGE;
	maps->private[at] = (uint8_t)pick(256);
	memcpy(maps->bytes + i * PAGE, maps->private + i * PAGE, PAGE);
	maps->own[i] = true;
	maps->cuts[i] = file->cuts[i];
	if (pick(8) == 0)
		drop_maps(maps);
}

/* Stores to a mapping that stays, while the file is written, cut and renamed; also behind its end. */
static void store_one(void)
{
	struct handle *handle = pick_handle();
	struct file *file = handle ? handle->file : NULL;
	struct mapped *maps = file ? maps_of(file) : NULL;
	size_t at, part;

	if (!file || !file->size)
		return;
	if (!maps->shared)
		maps->shared = map_all(handle, MAP_SHARED);
	at = pick((unsigned)file->size);
	part = pick_length(file->size - at);
	memset(maps->shared + at, (int)pick(256), part);
	memcpy(file->bytes + at, maps->shared + at, part);
	check_bytes("a byte of the mapping that stays", file, 0, maps->shared, file->size);
	if (zeros_behind && file->size % PAGE && pick(3) == 0) {
		memset(maps->shared + file->size, 0xbe, page_end(file->size) - file->size);
		file->stored_behind = true;
	}
	if (pick(4) == 0)
		check("msync", 0, msync(maps->shared, MOST, pick(4) ? MS_SYNC : MS_ASYNC));
	if (pick(8) == 0)
		drop_maps(maps);
}

/* A write of which only the first bytes can be read: those go, or it fails and nothing has changed. */
static void write_part(void)
{
	static uint8_t *edge;
	struct handle *handle = pick_handle();
	size_t at, n = 1 + pick(2 * PAGE);
	ssize_t done;

	if (!handle)
		return;
	if (!edge) {
		edge = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
		check("mprotect", 0, mprotect(edge + 2 * PAGE, PAGE, PROT_NONE));
	}
	at = handle->append ? handle->file->size : pick_offset(MOST - 3 * PAGE);
	if (at + 3 * PAGE > MOST)
		return;
	memset(edge + 2 * PAGE - n, (int)pick(256), n);
	if (!handle->append)
		check("seek", (long)at, lseek(handle->fd, (off_t)at, SEEK_SET));
	done = write(handle->fd, edge + 2 * PAGE - n, n + 1 + pick(PAGE));
	if (done < 0) {
		check("errno of a write whose rest cannot be read", EFAULT, errno);
		return;
	}
	check("a write of what can be read", 1, done > 0 && (size_t)done <= n);
	if (at + (size_t)done > handle->file->size)
		resize(handle->file, at + (size_t)done);
	memcpy(handle->file->bytes + at, edge + 2 * PAGE - n, (size_t)done);
}

static void unname(unsigned number)
{
	touch(number);
	if (model->named[number])
		model->named[number]->nnames--;
	model->named[number] = NULL;
}

static void rename_one(void)
{
	unsigned from = pick(NAMES), to = pick(NAMES);
	struct file *file = model->named[from];

	check("rename", file ? 0 : ENOENT, rename_surely(name_of(from), name_of(to)));
	if (!file || model->named[to] == file)
		return;
	unname(to);
	model->named[to] = file;
	model->named[from] = NULL;
	touch(from);
}

static void link_one(void)
{
	unsigned from = pick(NAMES), to = pick(NAMES);
	int err;

	do
		err = link(name_of(from), name_of(to)) ? errno : 0;
	while (once_more(&err, EEXIST));
	check("link", !model->named[from] ? ENOENT : model->named[to] ? EEXIST : 0, err);
	if (!model->named[from] || model->named[to])
		return;
	touch(to);
	model->named[to] = model->named[from];
	model->named[to]->nnames++;
}

static void unlink_one(void)
{
	unsigned number = pick(NAMES);
	int err;

	do
		err = unlink(name_of(number)) ? errno : 0;
	while (once_more(&err, ENOENT));
	check("unlink", model->named[number] ? 0 : ENOENT, err);
	unname(number);
}

/* The directory with half of the names gets its other name, or cannot go into itself. */
static void move_directory(void)
{
	const char *from = directory(), *to = model->moved ? "d" : "e";

	if (pick(3) == 0) {
		check("rename to what is open", 0, rename_surely(from, from));
		return;
	}
	check("rename of the directory", 0, rename_surely(from, to));
	model->moved = !model->moved;
}

/* A name that is listed: it is there, and was not listed yet unless it was made or removed meanwhile. */
static void check_entry(const struct dirent *entry, struct listing *listing)
{
	unsigned number = (unsigned)(entry->d_name[1] - '0');
	struct stat st;

	if (entry->d_name[0] ==
	    '.') /* also a removed file that is open, which may have a hidden name */
		return;
	if (entry->d_name[0] != 'f') {
		check("the listed directory's name", directory()[0], entry->d_name[0]);
		return;
	}
	if (number >= NAMES || (number < NAMES / 2) != listing->below || !model->named[number])
		fail("a name that is listed", -1, number);
	if (listing->seen & ~listing->touched & 1u << number)
		fail("a name that is listed twice", -1, number);
	listing->seen |= 1u << number;
	check("stat of a listed name", 0, stat(name_of(number), &st));
	check("its number", (long)st.st_ino, (long)entry->d_ino);
}

/* Reads a part of a listing. Returns false at its end: what was there all the time has been listed. */
static bool list_part(int fd, struct listing *listing)
{
	ssize_t n = getdents64(fd, other, pick(2) ? sizeof(other) : 64 + pick(200));

	check("a part of the listing", 1, n >= 0);
	for (ssize_t at = 0; at < n;) {
		const struct dirent *entry = (const void *)(other + at);

		check_entry(entry, listing);
		at += entry->d_reclen;
	}
	for (unsigned i = 0; n == 0 && i < NAMES; i++)
		if (model->named[i] && (i < NAMES / 2) == listing->below &&
		    !((listing->seen | listing->touched) & 1u << i))
			fail("a name that is not listed", i, -1);
	return n != 0;
}

static void list_again(int fd, struct listing *listing)
{
	check("rewind", 0, lseek(fd, 0, SEEK_SET));
	listing->seen = listing->touched = 0;
}

/* By a descriptor that stays, of which only a part may be read before names change; or by one of its own. */
static void list_one(void)
{
	bool below = pick(2) != 0;
	struct listing whole = { .below = below };
	int fd;

	if (pick(4)) {
		if (!list_part(listings[below], &model->listings[below]))
			list_again(listings[below], &model->listings[below]);
		return;
	}
	fd = open(below ? directory() : ".", O_RDONLY | O_DIRECTORY);
	check("open of a directory", 1, fd >= 0);
	while (list_part(fd, &whole))
		;
	close(fd);
}

static void stat_one(void)
{
	struct handle *handle = pick_handle();
	unsigned number = pick(NAMES);
	struct stat st;

	if (handle) {
		check("fstat", 0, fstat(handle->fd, &st));
		check("size", (long)handle->file->size, st.st_size);
		check("links", handle->file->nnames, (long)st.st_nlink);
	}
	check("stat", model->named[number] ? 0 : ENOENT, stat(name_of(number), &st) ? errno : 0);
	if (model->named[number])
		check("size by name", (long)model->named[number]->size, st.st_size);
}

static void sync_one(void)
{
	struct handle *handle = pick_handle();

	if (handle)
		check("fsync", 0, pick(2) ? fsync(handle->fd) : fdatasync(handle->fd));
}

static void (*const operations[])(void) = {
	write_some,    write_some, write_some, write_some,     read_some, read_some, read_some,
	truncate_one,  map_one,	   map_one,    open_one,       open_one,  open_one,  close_one,
	rename_one,    link_one,   unlink_one, stat_one,       sync_one,  store_one, store_one,
	store_private, write_part, list_one,   move_directory,
};

/* FNV-1a. */
static uint64_t sum_of(const uint8_t *bytes, size_t n)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = 0; i < n; i++)
		sum = (sum ^ bytes[i]) * 0x100000001b3;
	return sum;
}

/* ---- a server that is killed ---- */

/* What the process that kills has in common with this one. */
struct killing {
	unsigned long step;   /* of this one */
	unsigned long nkills; /* of that one */
};

static volatile struct killing *killing;

/* Kills the server after each so many operations, in the middle of what comes then. */
static void kill_server(const char *name, unsigned long every)
{
	unsigned long next = every;

	for (;;) {
		while (killing->step < next)
			usleep(200);
		usleep((unsigned)(next * 7919 % 2000));
		if (kill_process(name) == 0)
			killing->nkills++;
		next = killing->step + every;
	}
}

static pid_t start_killing(char **argv)
{
	pid_t pid;

	killing = mmap(NULL, sizeof(*killing), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	pid = fork();
	if (pid == 0)
		kill_server(argv[0], strtoul(argv[1], NULL, 10));
	return pid;
}

/* ---- the other process ---- */

static int asked[2], answered[2];

static void close_all(void)
{
	for (unsigned i = 0; i < OPEN; i++) {
		if (!handles[i].file)
			continue;
		check("close at the end", 0, close(handles[i].fd));
		handles[i].file->nopen--;
	}
}

/* Does an operation for each byte that it is sent: the number of it. */
static void take_turns(void)
{
	uint8_t which;

	close(asked[1]);
	while (read(asked[0], &which, 1) == 1) {
		operations[which]();
		check("an answer", 1, write(answered[1], &which, 1));
	}
	close_all();
	_exit(0);
}

static pid_t start_other(void)
{
	pid_t pid;

	check("pipes", 0, pipe(asked) || pipe(answered));
	pid = fork();
	check("fork", 1, pid >= 0);
	if (pid == 0)
		take_turns();
	close(asked[0]);
	close(answered[1]);
	return pid;
}

static void operate(bool here)
{
	uint8_t which = (uint8_t)pick(sizeof(operations) / sizeof(operations[0]));

	if (here)
		operations[which]();
	else if (write(asked[1], &which, 1) != 1 || read(answered[0], &which, 1) != 1)
		_exit(1); /* it has said why */
}

static void open_listings(void)
{
	check("mkdir", 0, mkdir(directory(), 0700));
	listings[0] = open(".", O_RDONLY | O_DIRECTORY);
	listings[1] = open(directory(), O_RDONLY | O_DIRECTORY);
	model->listings[1].below = true;
	check("open of directories", 1, listings[0] >= 0 && listings[1] >= 0);
}

/* Those that look afterwards need not know. */
static void move_back(void)
{
	check("rename of the directory", 0, rename("e", "d"));
	model->moved = false;
}

int main(int argc, char **argv)
{
	unsigned long steps = argc == 4 || argc == 6 ? strtoul(argv[3], NULL, 10) : 0;
	pid_t killer = 0, twin;
	struct statfs fs;
	int status;
	bool here = true;

	kills = argc == 6;
	if ((argc != 4 && !kills) || chdir(argv[1]) != 0) {
		fprintf(stderr,
			"usage: fsx DIRECTORY SEED OPERATIONS [SERVER EVERY]\n"
			"The server's process of that name is killed after each so many operations.\n");
		return 2;
	}
	model = mmap(NULL, sizeof(*model), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (model == MAP_FAILED)
		return 2;
	model->state = strtoull(argv[2], NULL, 10) * 2 + 0x9e3779b97f4a7c15;
	zeros_behind = statfs(".", &fs) == 0 && fs.f_type == V9FS_MAGIC;
	open_listings();
	if (kills)
		killer = start_killing(argv + 4);
	twin = start_other(); /* after that one, which must not have its pipe */
	for (model->step = 0; model->step < steps; model->step++) {
		if (kills)
			killing->step = model->step;
		here ^= pick(8) == 0;
		operate(here);
	}
	close(asked[1]);
	check("the other process", twin, waitpid(twin, &status, 0));
	check("its status", 0, status);
	close_all();
	if (model->moved)
		move_back();
	printf("./%s/\n", directory());
	for (unsigned i = 0; i < NAMES; i++)
		if (model->named[i])
			printf("./%s %zu %016llx\n", name_of(i), model->named[i]->size,
			       (unsigned long long)sum_of(model->named[i]->bytes,
							  model->named[i]->size));
	if (kills) {
		kill(killer, SIGKILL);
		printf("fsx: %lu kills\n", killing->nkills);
	}
	puts("fsx: ok");
	return 0;
}
