/* SPDX-License-Identifier: MIT */
/* Uses files of a 9P server's: sharebench.py counts the instructions of it, and count-9p the requests. */

/*
 * sharebench [--settle] [ROW PATH]...: does the rows in this order, each with the file, folder or beginning of names
 * that follows it. With --settle the start-up work of the kernel may come to its end before. The instruction
 * "slti x0, x0, N" tells the plugin (count.c) where a row begins and ends.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE	 4096ul
#define SIZE	 (64ul << 20) /* of the files that are read and written */
#define NFILES	 200	      /* of the row build */
#define NCALLS	 10000	      /* of the rows stat and open */
#define START_US 3000000

#define MARK(n) __asm__ volatile("slti x0, x0, %0" : : "i"(n) : "memory")

static void check(int good, const char *what)
{
	if (!good) {
		perror(what);
		exit(1);
	}
}

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags, 0644);

	check(fd >= 0, path);
	return fd;
}

static uint8_t *map_or_die(int fd, int prot)
{
	uint8_t *mem = mmap(NULL, SIZE, prot, MAP_SHARED, fd, 0);

	check(mem != MAP_FAILED, "mmap");
	return mem;
}

/* From the begin of a file to its end. */
static void do_read(const char *path)
{
	static char buf[1 << 16];
	int fd = open_or_die(path, O_RDONLY);
	size_t total = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		total += (size_t)n;
	check(n == 0 && total == SIZE, "read");
	close(fd);
}

/* A load from each page of a mapped file. */
static void do_touch(const char *path)
{
	int fd = open_or_die(path, O_RDONLY);
	volatile const uint8_t *mem = map_or_die(fd, PROT_READ);

	for (size_t at = 0; at < SIZE; at += PAGE)
		mem[at];
	munmap((void *)mem, SIZE);
	close(fd);
}

/* A new file from its begin to its end, until the server has it. */
static void do_write(const char *path)
{
	static char buf[1 << 20];
	int fd = open_or_die(path, O_CREAT | O_TRUNC | O_WRONLY);

	for (size_t at = 0; at < SIZE; at += sizeof(buf))
		check(write(fd, buf, sizeof(buf)) == sizeof(buf), "write");
	check(fsync(fd) == 0, "fsync");
	close(fd);
}

/* A store to each page of a new file that is mapped, until the server has it. */
static void do_map_write(const char *path)
{
	int fd = open_or_die(path, O_CREAT | O_TRUNC | O_RDWR);
	uint8_t *mem;

	check(ftruncate(fd, SIZE) == 0, "ftruncate");
	mem = map_or_die(fd, PROT_READ | PROT_WRITE);
	for (size_t at = 0; at < SIZE; at += PAGE)
		mem[at] = 1;
	munmap(mem, SIZE);
	check(fsync(fd) == 0, "fsync");
	close(fd);
}

static int entry_found(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)path, (void)st, (void)where;
	return type == FTW_NS;
}

/* The attributes of each file below a folder. */
static void do_find(const char *path)
{
	check(nftw(path, entry_found, 100, FTW_PHYS) == 0, "nftw");
}

/* What a build does: small files are written, read, renamed and removed. */
static void do_build(const char *prefix)
{
	char path[4096], other[4096], bytes[3000] = "";
	int fd;

	for (unsigned i = 0; i < NFILES; i++) {
		snprintf(path, sizeof(path), "%s%u.tmp", prefix, i);
		snprintf(other, sizeof(other), "%s%u.o", prefix, i);
		fd = open_or_die(path, O_CREAT | O_TRUNC | O_WRONLY);
		check(write(fd, bytes, sizeof(bytes)) == sizeof(bytes), "write");
		close(fd);
		check(rename(path, other) == 0, "rename");
		fd = open_or_die(other, O_RDONLY);
		check(read(fd, bytes, sizeof(bytes)) == sizeof(bytes), "read");
		close(fd);
	}
	for (unsigned i = 0; i < NFILES; i++) {
		snprintf(other, sizeof(other), "%s%u.o", prefix, i);
		check(unlink(other) == 0, "unlink");
	}
}

/* The attributes of one name, again and again. */
static void do_stat(const char *path)
{
	struct stat st;

	for (unsigned i = 0; i < NCALLS; i++)
		check(stat(path, &st) == 0, path);
}

/* One file is opened and closed, again and again. */
static void do_open(const char *path)
{
	for (unsigned i = 0; i < NCALLS; i++)
		close(open_or_die(path, O_RDONLY));
}

/* The marks of row N are 256 + N and 512 + N, which have to be constants. */
#define ROW(number, name)                     \
	static void row_##name(const char *s) \
	{                                     \
		MARK(256 + (number));         \
		do_##name(s);                 \
		MARK(512 + (number));         \
	}

ROW(0, read)
ROW(1, touch)
ROW(2, write)
ROW(3, map_write)
ROW(4, find)
ROW(5, build)
ROW(6, stat)
ROW(7, open)

static const struct {
	const char *name;
	void (*act)(const char *path);
} rows[] = {
	{ "read", row_read },		{ "touch", row_touch }, { "write", row_write },
	{ "map-write", row_map_write }, { "find", row_find },	{ "build", row_build },
	{ "stat", row_stat },		{ "open", row_open },
};

static int run(const char *name, const char *path)
{
	for (size_t i = 0; path && i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, name) != 0)
			continue;
		rows[i].act(path);
		return 0;
	}
	return 2;
}

int main(int argc, char **argv)
{
	char **at = argv + 1;

	if (argc > 1 && strcmp(*at, "--settle") == 0) {
		usleep(START_US);
		at++;
	}
	for (; *at; at += 2)
		if (run(at[0], at[1]) != 0)
			return 2;
	puts("done");
	return 0;
}
