/* SPDX-License-Identifier: MIT */
/* Random operations on a few files of a directory, each compared with a model of what files are (R142). */

/*
 * fsx DIRECTORY SEED OPERATIONS: writes, reads, maps, truncates, renames, links and removes files, some of them while
 * they are open or mapped, and stores to them through mappings that stay. Prints each file with its size and a sum at the end, for whoever looks from the other side, and "fsx:
 * ok" if all was as the model has it. It runs on Linux as well.
 */
#define _GNU_SOURCE
#include "processes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE  4096ul
#define MOST  (24 * PAGE) /* bytes of a file */
#define NAMES 8
#define OPEN  6
#define FILES (NAMES + OPEN)

/* A file of the model: with neither a name nor a descriptor it is free. */
struct file {
	unsigned nnames, nopen;
	size_t size;
	uint8_t bytes[MOST];
	uint8_t *map; /* MOST bytes of the file, shared; NULL: not mapped */
};

static struct file files[FILES];
static struct file *named[NAMES]; /* NULL: there is no such name */
static struct handle {
	struct file *file; /* NULL: closed */
	int fd;
	bool append;
} handles[OPEN];

static uint64_t state;
static unsigned long step;
static uint8_t buffer[MOST], other[MOST];

static unsigned pick(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 20) % n);
}

static void fail(const char *what, long expected, long actual)
{
	printf("step %lu: %s: expected %ld, actual %ld (errno %d)\n", step, what, expected, actual,
	       errno);
	exit(1);
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

static const char *name_of(unsigned number)
{
	static char text[2][8];
	static unsigned which;

	which ^= 1;
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

static void resize(struct file *file, size_t size)
{
	if (size > file->size)
		memset(file->bytes + file->size, 0, size - file->size);
	file->size = size;
}

/* ---- the operations ---- */

static void drop_map(struct file *file)
{
	if (file->map)
		check("munmap", 0, munmap(file->map, MOST));
	file->map = NULL;
}

static void open_one(void)
{
	struct handle *handle = &handles[pick(OPEN)];
	unsigned number = pick(NAMES), how = pick(6);
	struct file *file = named[number];
	int flags = O_RDWR | (how == 0 ? O_TRUNC : 0) | (how == 1 ? O_APPEND : 0) |
		    (how == 2 ? O_EXCL : 0) | (how < 5 ? O_CREAT : 0);
	int fd;

	if (handle->file)
		return;
	fd = open(name_of(number), flags, 0600 + pick(2) * 044);
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
		if (!files[i].nnames && !files[i].nopen)
			file = &files[i];
	if (!named[number]) {
		drop_map(file); /* of the file that was there before */
		named[number] = file;
		file->nnames = 1;
		file->size = 0;
	}
	if (flags & O_TRUNC)
		file->size = 0;
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
	check("truncate", named[number] ? 0 : ENOENT,
	      truncate(name_of(number), (off_t)size) ? errno : 0);
	if (named[number])
		resize(named[number], size);
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

/* Stores to a mapping that stays, while the file is written, cut and renamed. */
static void store_one(void)
{
	struct handle *handle = pick_handle();
	struct file *file = handle ? handle->file : NULL;
	size_t at, part;

	if (!file || !file->size)
		return;
	if (!file->map)
		file->map = mmap(NULL, MOST, PROT_READ | PROT_WRITE, MAP_SHARED, handle->fd, 0);
	if (file->map == MAP_FAILED)
		fail("mmap to write", 0, -1);
	at = pick((unsigned)file->size);
	part = pick_length(file->size - at);
	memset(file->map + at, (int)pick(256), part);
	memcpy(file->bytes + at, file->map + at, part);
	check_bytes("a byte of the mapping that stays", file, 0, file->map, file->size);
	if (pick(4) == 0)
		check("msync", 0, msync(file->map, MOST, pick(4) ? MS_SYNC : MS_ASYNC));
	if (pick(8) == 0)
		drop_map(file);
}

static void unname(unsigned number)
{
	if (named[number])
		named[number]->nnames--;
	named[number] = NULL;
}

static void rename_one(void)
{
	unsigned from = pick(NAMES), to = pick(NAMES);
	struct file *file = named[from];

	check("rename", file ? 0 : ENOENT, rename(name_of(from), name_of(to)) ? errno : 0);
	if (!file || named[to] == file)
		return;
	unname(to);
	named[to] = file;
	named[from] = NULL;
}

static void link_one(void)
{
	unsigned from = pick(NAMES), to = pick(NAMES);

	check("link",
	      !named[from] ? ENOENT
	      : named[to]  ? EEXIST
			   : 0,
	      link(name_of(from), name_of(to)) ? errno : 0);
	if (!named[from] || named[to])
		return;
	named[to] = named[from];
	named[to]->nnames++;
}

static void unlink_one(void)
{
	unsigned number = pick(NAMES);

	check("unlink", named[number] ? 0 : ENOENT, unlink(name_of(number)) ? errno : 0);
	unname(number);
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
	check("stat", named[number] ? 0 : ENOENT, stat(name_of(number), &st) ? errno : 0);
	if (named[number])
		check("size by name", (long)named[number]->size, st.st_size);
}

static void sync_one(void)
{
	struct handle *handle = pick_handle();

	if (handle)
		check("fsync", 0, pick(2) ? fsync(handle->fd) : fdatasync(handle->fd));
}

static void (*const operations[])(void) = {
	write_some,   write_some, write_some, write_some, read_some, read_some, read_some,
	truncate_one, map_one,	  map_one,    open_one,	  open_one,  open_one,	close_one,
	rename_one,   link_one,	  unlink_one, stat_one,	  sync_one,  store_one, store_one,
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
		usleep(pick(2000));
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

int main(int argc, char **argv)
{
	bool kills = argc == 6;
	unsigned long steps = argc == 4 || kills ? strtoul(argv[3], NULL, 10) : 0;
	pid_t killer = 0;

	if ((argc != 4 && !kills) || chdir(argv[1]) != 0) {
		fprintf(stderr,
			"usage: fsx DIRECTORY SEED OPERATIONS [SERVER EVERY]\n"
			"The server's process of that name is killed after each so many operations.\n");
		return 2;
	}
	state = strtoull(argv[2], NULL, 10) * 2 + 0x9e3779b97f4a7c15;
	if (kills)
		killer = start_killing(argv + 4);
	for (step = 0; step < steps; step++) {
		if (kills)
			killing->step = step;
		operations[pick(sizeof(operations) / sizeof(operations[0]))]();
	}
	for (unsigned i = 0; i < OPEN; i++)
		if (handles[i].file)
			check("close at the end", 0, close(handles[i].fd));
	for (unsigned i = 0; i < NAMES; i++)
		if (named[i])
			printf("./%s %zu %016llx\n", name_of(i), named[i]->size,
			       (unsigned long long)sum_of(named[i]->bytes, named[i]->size));
	if (kills) {
		kill(killer, SIGKILL);
		printf("fsx: %lu kills\n", killing->nkills);
	}
	puts("fsx: ok");
	return 0;
}
