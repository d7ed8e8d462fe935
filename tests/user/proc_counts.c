/* SPDX-License-Identifier: MIT */
/* P: what memory of each kind adds to the counts of /proc/PID/status and statm. */
#include "t.h"

#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/shm.h>

/* Linux's counts of what is resident are right to some 32 pages, so what is counted here is many. */
#define PER_UNIT 128l
#define UNIT	 (PER_UNIT * PAGE)
#define NCOUNTS	 9

static const char *const names[NCOUNTS] = { "RssAnon", "RssFile", "RssShmem", "VmSize", "VmData",
					    "VmStk",   "VmExe",	  "VmLib",    "VmLck" };

static char text[1 << 14];
static long before[NCOUNTS];

static void slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	long n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = '\0';
	close(fd);
}

static long count_of(const char *name)
{
	const char *line = strstr(text, name);

	return line ? strtol(line + strlen(name) + 1, NULL, 10) / 4 : -1;
}

static void take(long *counts)
{
	slurp("/proc/self/status");
	for (int i = 0; i < NCOUNTS; i++)
		counts[i] = count_of(names[i]);
}

static void begin(void)
{
	take(before);
}

static long in_units(long pages)
{
	return (pages + (pages < 0 ? -PER_UNIT : PER_UNIT) / 2) / PER_UNIT;
}

/* What has been added since begin(), in units. Then that is the beginning. */
static void show(const char *what)
{
	char line[256] = "";
	long now[NCOUNTS];
	int n = 0;

	take(now);
	for (int i = 0; i < NCOUNTS; i++)
		if (in_units(now[i] - before[i]))
			n += sprintf(line + n, " %s %+ld", names[i], in_units(now[i] - before[i]));
	say("%s:%s\n", what, line);
	memcpy(before, now, sizeof(before));
}

static int memfd(unsigned n)
{
	int fd = memfd_create("counts", 0);

	if (fd < 0 || ftruncate(fd, n * UNIT))
		exit(99);
	return fd;
}

static char *map(size_t n, int prot, int flags, int fd)
{
	char *p = mmap(NULL, n * UNIT, prot, flags, fd, 0);

	if (p == MAP_FAILED)
		exit(99);
	return p;
}

static void touch(volatile char *p, unsigned n)
{
	for (size_t at = 0; at < n * UNIT; at += PAGE)
		p[at] = 1;
}

static void look(volatile char *p, unsigned n)
{
	for (size_t at = 0; at < n * UNIT; at += PAGE)
		(void)p[at];
}

/* In a child, whose counts are those of its parent, but for what it finds by its faults. */
static void touch_in_child(const char *what, char *p, unsigned n)
{
	pid_t pid = fork();

	if (pid == 0) {
		begin();
		touch(p, n);
		show(what);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void private(void)
{
	char *p;

	begin();
	p = map(16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	show("mapped");
	look(p, 8);
	show("zeros read");
	touch(p, 12);
	show("written");
	touch_in_child("written in a child", p, 12);
	mprotect(p, 4 * UNIT, PROT_READ);
	show("made read-only");
	mprotect(p, 4 * UNIT, PROT_READ | PROT_EXEC);
	show("made text");
	mprotect(p, 2 * UNIT, PROT_READ | PROT_WRITE | PROT_EXEC);
	show("made writable text");
	mlock(p + 8 * UNIT, 4 * UNIT);
	show("locked");
	madvise(p + 4 * UNIT, 4 * UNIT, MADV_DONTNEED);
	show("given up");
	p = mremap(p + 12 * UNIT, 4 * UNIT, 20 * UNIT, MREMAP_MAYMOVE);
	show("moved and grown");
	munmap(p, 20 * UNIT);
	show("unmapped");
}

static void shared(void)
{
	char *p;

	begin();
	p = map(16, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
	show("mapped");
	touch(p, 12);
	show("written");
	touch_in_child("written in a child", p, 12);
	mprotect(p, 4 * UNIT, PROT_READ | PROT_EXEC);
	show("made text");
	madvise(p, 4 * UNIT, MADV_DONTNEED);
	show("given up");
	munmap(p, 8 * UNIT);
	show("half unmapped");
	munmap(p + 8 * UNIT, 8 * UNIT);
	show("unmapped");
}

static void of_segment(void)
{
	int id = shmget(IPC_PRIVATE, 4 * UNIT, IPC_CREAT | 0600);
	char *p;

	begin();
	p = shmat(id, NULL, 0);
	touch(p, 3);
	show("a segment");
	shmdt(p);
	show("detached");
	shmctl(id, IPC_RMID, NULL);
}

static void of_memfd(void)
{
	int fd = memfd(16);
	char *p, *q;

	begin();
	p = map(16, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	touch(p, 16);
	show("shared and written");
	q = map(16, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
	show("and private");
	touch(q, 8);
	show("and copied");
	madvise(q + 4 * UNIT, 12 * UNIT, MADV_DONTNEED);
	show("given up");
	look(q, 16);
	show("all read");
	touch_in_child("written in a child", q, 16);
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2 * UNIT, 4 * UNIT))
		exit(99);
	show("a hole punched");
	if (ftruncate(fd, 3 * UNIT))
		exit(99);
	show("truncated");
	munmap(p, 16 * UNIT);
	show("one unmapped");
	munmap(q, 16 * UNIT);
	show("both unmapped");
	close(fd);
}

static void of_stack(void)
{
	char *p;

	begin();
	p = map(16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1);
	show("one that grows");
	touch(p, 4);
	show("written");
	mprotect(p, 16 * UNIT, PROT_READ | PROT_EXEC);
	show("made text");
	munmap(p, 8 * UNIT);
	show("half unmapped");
	munmap(p + 8 * UNIT, 8 * UNIT);
	show("unmapped");
}

static void of_heap(void)
{
	char *p;

	begin();
	p = sbrk(6 * UNIT);
	show("a longer heap");
	touch(p, 6);
	show("written");
	sbrk(-6 * (long)UNIT);
	show("given back");
}

static bool is_near(long a, long b)
{
	return labs(a - b) < PER_UNIT;
}

static void of_statm(void)
{
	long n[7];

	slurp("/proc/self/statm");
	if (sscanf(text, "%ld %ld %ld %ld %ld %ld %ld", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5],
		   &n[6]) != 7)
		exit(99);
	begin();
	say("statm: %d %d %d %d %ld %d %ld\n", n[0] == before[3],
	    is_near(n[1], before[0] + before[1] + before[2]), is_near(n[2], before[1] + before[2]),
	    n[3] == before[6], n[4], n[5] == before[4] + before[5], n[6]);
}

int main(void)
{
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	begin();
	show("nothing");
	private();
	shared();
	of_segment();
	of_memfd();
	of_stack();
	of_heap();
	of_statm();
	return 0;
}
