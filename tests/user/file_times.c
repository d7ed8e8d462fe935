/* SPDX-License-Identifier: MIT */
/* R92: the times of a file: what a store through a shared mapping changes, mmap itself, and fallocate. */
#include "t.h"

static struct stat last;

static int moved(const struct timespec *from, const struct timespec *to)
{
	return from->tv_sec != to->tv_sec || from->tv_nsec != to->tv_nsec;
}

/* Which have moved since the last time; then time moves on. */
static void times_of(const char *what, int fd)
{
	struct stat st;

	fstat(fd, &st);
	say("%s:%s%s%s\n", what, moved(&last.st_atim, &st.st_atim) ? " atime" : "",
	    moved(&last.st_mtim, &st.st_mtim) ? " mtime" : "",
	    moved(&last.st_ctim, &st.st_ctim) ? " ctime" : "");
	last = st;
	until_time_moves();
}

static char *map(int fd, int flags)
{
	return mmap(NULL, 64 * PAGE, RW, flags, fd, 0);
}

static void of_file(int fd, int bytes)
{
	char *m, *mine;
	int pid;

	for (int i = 0; i < 64; i++)
		pwrite(fd, "file", 4, i * (long)PAGE);
	times_of("written", fd);
	m = map(fd, MAP_SHARED);
	times_of("mapped", fd);
	m[0] = 'a';
	times_of("a store", fd);
	m[1] = 'a';
	times_of("another to the page", fd);
	m[PAGE] = 'a';
	times_of("to the next page", fd);
	msync(m, 2 * PAGE, MS_SYNC);
	times_of("msync", fd);
	read(bytes, m + 3 * PAGE, 10);
	times_of("read() stores", fd);
	pid = fork();
	if (pid == 0) {
		m[4 * PAGE] = 'c';
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	times_of("a child stores", fd);
	mine = map(fd, MAP_PRIVATE);
	mine[0] = mine[5 * PAGE] = 'p';
	fstat(fd, &last);
	mine[6 * PAGE] = 'p';
	times_of("stores to a private one", fd);
	munmap(mine, 64 * PAGE);
	TRY(madvise(m + 8 * PAGE, PAGE, MADV_POPULATE_WRITE));
	times_of("MADV_POPULATE_WRITE", fd);
	m[8 * PAGE] = 'a';
	times_of("a store there", fd);
	munmap(m, 64 * PAGE);
	times_of("unmapped", fd);
	m = map(fd, MAP_SHARED);
	fstat(fd, &last);
	m[0] = 'b';
	times_of("a store by a new mapping", fd);
	ftruncate(fd, 20 * PAGE);
	times_of("cut off", fd);
	in_child("behind the end", stores_to, m + 20 * PAGE);
	times_of("a store behind the end", fd);
	ftruncate(fd, 64 * PAGE);
	times_of("grown", fd);
	m[40 * PAGE] = 'h';
	times_of("a store to a hole", fd);
	(void)*(volatile char *)(m + 50 * PAGE);
	times_of("a load", fd);
	munmap(m, 64 * PAGE);
	m = mmap(NULL, 64 * PAGE, RW, MAP_SHARED | MAP_POPULATE, fd, 0);
	fstat(fd, &last);
	times_of("populated", fd);
	munmap(m, 64 * PAGE);
}

/* The times change before the bytes do, so a write that writes nothing changes them, too. */
static void of_writes_that_fail(void)
{
	int fd = memfd_create("fails", MFD_ALLOW_SEALING);
	char *bad = mmap(NULL, PAGE, PROT_NONE, ANON, -1, 0);

	pwrite(fd, "file", 4, 0);
	fstat(fd, &last);
	until_time_moves();
	TRY(pwrite(fd, "x", 0, 0));
	times_of("no bytes", fd);
	TRY(pwrite(fd, bad, 1, 0));
	times_of("a bad buffer", fd);
	TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	times_of("sealed", fd);
	TRY(pwrite(fd, "x", 1, 0));
	times_of("a write to a sealed file", fd);
	close(fd);
}

static void of_fallocate(void)
{
	int fd = memfd_create("holes", 0);

	for (int i = 0; i < 4; i++)
		pwrite(fd, "file", 4, i * (long)PAGE);
	fstat(fd, &last);
	until_time_moves();
	TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, PAGE));
	times_of("a hole", fd);
	TRY(fallocate(fd, 0, 0, 8 * PAGE));
	times_of("allocated", fd);
	TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 16 * PAGE));
	times_of("allocated behind the end", fd);
	TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, PAGE));
	times_of("refused", fd);
	close(fd);
}

/* Of a pipe, what programs may look at to see that it is in use. */
static void of_pipe(void)
{
	static char bytes[PAGE];
	char path[40];
	int p[2];

	say("pipe\n");
	pipe2(p, O_NONBLOCK);
	fstat(p[0], &last);
	until_time_moves();
	write(p[1], bytes, 10);
	times_of("written", p[0]);
	times_of("the other end", p[1]);
	read(p[0], bytes, 5);
	times_of("read", p[0]);
	read(p[0], bytes, 9);
	times_of("read empty", p[1]);
	read(p[0], bytes, 9);
	times_of("nothing to read", p[0]);
	write(p[1], bytes, 0);
	times_of("nothing written", p[0]);
	while (write(p[1], bytes, PAGE) > 0)
		continue;
	times_of("filled", p[0]);
	write(p[1], bytes, 1);
	times_of("no room", p[0]);
	fchmod(p[0], 0640);
	times_of("chmod", p[0]);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
	TRY(utimensat(AT_FDCWD, path, (struct timespec[2]){ { 1, 0 }, { 2, 0 } }, 0));
	times_of("set", p[0]);
	say("%ld %ld\n", (long)last.st_atime, (long)last.st_mtime);
	read(p[0], bytes, PAGE);
	times_of("read", p[0]);
}

int main(void)
{
	int bytes = open("times.src", O_CREAT | O_RDWR, 0644);
	int fd = open("times.tmp", O_CREAT | O_RDWR, 0644);
	char *m;

	write(bytes, "0123456789", 10);
	lseek(bytes, 0, SEEK_SET);
	of_file(fd, bytes);
	lseek(bytes, 0, SEEK_SET);
	say("memfd\n");
	of_file(memfd_create("times", 0), bytes);
	/* Nobody is left to ask. */
	m = map(fd, MAP_SHARED);
	unlink("times.tmp");
	close(fd);
	m[0] = 'x';
	say("%c\n", m[0]);
	of_writes_that_fail();
	of_fallocate();
	of_pipe();
	return 0;
}
