/* SPDX-License-Identifier: MIT */
/* cachestat: how much of a file is in memory, and who may know. */
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
	int fd = open("file", O_RDWR | O_CREAT, 0644), ends[2], memory;
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
	return 0;
}
