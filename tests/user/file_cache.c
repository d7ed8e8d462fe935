/* SPDX-License-Identifier: MIT */
/* cachestat and mincore: how much of a file is in memory, and who may know. */
#define _GNU_SOURCE
#include <grp.h>

#include "t.h"

#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

static struct {
	uint64_t cache, dirty, writeback, evicted, recently_evicted;
} stat_of;
static struct {
	uint64_t off, len;
} range;

static long cachestat(int fd, uint64_t off, uint64_t len)
{
	range.off = off;
	range.len = len;
	return syscall(SYS_cachestat, fd, &range, &stat_of, 0);
}

static void show(int fd, uint64_t off, uint64_t len)
{
	long err = cachestat(fd, off, len);

	say("%ld: %d, %d, %d, %d, %d\n", err, (int)stat_of.cache, (int)stat_of.dirty,
	    (int)stat_of.writeback, (int)stat_of.evicted, (int)stat_of.recently_evicted);
}

/* cachestat counts the pages that the range touches; a length of 0 or one that wraps around means up to the end. */
static void ranges(int fd)
{
	show(fd, 0, 0);
	show(fd, 0, 1);
	show(fd, PAGE - 1, 2);
	show(fd, PAGE, 0);
	show(fd, 1 << 20, 0);
	show(fd, UINT64_MAX, 0);
	show(fd, 0, UINT64_MAX);
	show(fd, 10, UINT64_MAX); /* wraps */
	show(fd, PAGE, UINT64_MAX - PAGE);
	ftruncate(fd, 1l << 40);
	pwrite(fd, "x", 1, (1l << 40) - 1);
	show(fd, 0, 0);
	show(fd, PAGE * 3, 1l << 39);
	show(fd, 1l << 39, 0);
	ftruncate(fd, 300 * PAGE);
	for (int i = 0; i < 300; i++)
		pwrite(fd, "x", 1, i * PAGE);
	show(fd, 0, 0);
	show(fd, 60 * PAGE, 100 * PAGE);
	show(fd, 60 * PAGE + 1, 100 * PAGE);
}

/* What mincore says of four pages of a mapped file, of which the first and the third are there. */
static void resident(const char *what, int fd, int flags)
{
	char *p = mmap(NULL, 4 * PAGE, PROT_READ, flags, fd, 0);
	unsigned char there[4] = { 9, 9, 9, 9 };

	if (p == MAP_FAILED)
		result(what, -1);
	mincore(p, 4 * PAGE, there);
	say("%s: %d%d%d%d\n", what, there[0], there[1], there[2], there[3]);
	munmap(p, 4 * PAGE);
}

/* Beside another mapping, and with an error behind it. */
static void resident_neighbours(int fd)
{
	char *p = mmap(NULL, 6 * PAGE, PROT_READ | PROT_WRITE, ANON, -1, 0);
	unsigned char there[6] = { 9, 9, 9, 9, 9, 9 };

	p[PAGE] = 1;
	mmap(p + 2 * PAGE, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
	munmap(p + 5 * PAGE, PAGE);
	TRY(mincore(p, 5 * PAGE, there));
	TRY(mincore(p, 6 * PAGE, there));
	say("neighbours: %d%d%d%d%d%d\n", there[0], there[1], there[2], there[3], there[4],
	    there[5]);
}

static int make_sparse(const char *name, uid_t owner, mode_t mode)
{
	int fd = open(name, O_RDWR | O_CREAT, 0600);

	fchown(fd, owner, owner);
	fchmod(fd, mode);
	ftruncate(fd, 4 * PAGE);
	pwrite(fd, "x", 1, 0);
	pwrite(fd, "x", 1, 2 * PAGE);
	return fd;
}

/* mincore tells the truth to who owns the file or may write it; for others all pages of a file are in memory. */
static int mincore_another(void *writable)
{
	char *shared = mmap(NULL, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned char there[4];

	setgroups(0, NULL);
	setgid(1000);
	setuid(1000);
	resident("another's", open("sparse", O_RDONLY), MAP_SHARED);
	resident("another's, private", open("sparse", O_RDONLY), MAP_PRIVATE);
	resident("another's, by a descriptor to write", *(int *)writable, MAP_SHARED);
	resident("everybody's", open("sparse_all", O_RDONLY), MAP_SHARED);
	resident("own", open("sparse_own", O_RDONLY), MAP_SHARED);
	resident("a memfd of root's", ((int *)writable)[1], MAP_SHARED);
	resident_neighbours(open("sparse", O_RDONLY));
	shared[PAGE] = 1;
	mincore(shared, 4 * PAGE, there);
	say("shared: %d%d%d%d\n", there[0], there[1], there[2], there[3]);
	return 0;
}

/* cachestat is for who owns the file or may write it, or has it open to write: EPERM. */
static int another(void *arg)
{
	int own = open("own", O_RDWR | O_CREAT, 0600), ends[2];

	fchown(own, 1000, 1000);
	setgroups(0, NULL);
	setgid(1000);
	setuid(1000);
	TRY(cachestat(open("file", O_RDONLY), 0, 0));
	TRY(cachestat(open("writable", O_RDONLY), 0, 0));
	TRY(cachestat(open("own", O_RDONLY), 0, 0));
	TRY(cachestat(*(int *)arg, 0, 0));
	pipe(ends);
	TRY(cachestat(ends[0], 0, 0));
	return 0;
}

int main(void)
{
	int fd = open("file", O_RDWR | O_CREAT, 0644), ends[2], memory, fds[2];
	char bytes[3 * PAGE] = "x";

	write(fd, bytes, sizeof(bytes));
	ranges(fd);
	ftruncate(fd, 20 * PAGE);
	show(fd, 0, 0);
	memory = memfd_create("m", 0);
	write(memory, bytes, 5);
	show(memory, 0, 0);
	pipe(ends);
	show(ends[0], 0, 0);
	show(open("/proc/self/status", O_RDONLY), 0, 0);
	show(open("/dev/null", O_RDONLY), 0, 0);
	show(open("/", O_RDONLY), 0, 0);
	chmod("file", 0644);
	close(open("writable", O_RDWR | O_CREAT, 0666));
	chmod("writable", 0666);
	in_child("another user", another, &fd);
	TRY(cachestat(open("file", O_PATH), 0, 0));
	fds[0] = make_sparse("sparse", 0, 0644);
	fds[1] = memfd_create("m", 0);
	ftruncate(fds[1], 4 * PAGE);
	pwrite(fds[1], "x", 1, PAGE);
	close(make_sparse("sparse_all", 0, 0666));
	close(make_sparse("sparse_own", 1000, 0400));
	resident("root", fds[0], MAP_SHARED);
	in_child("another user's mincore", mincore_another, fds);
	return 0;
}
