/* SPDX-License-Identifier: MIT */
/* R91 R92 R93 R95: what the mmap tests of teaching kernels ask, one by one, of shared mappings. */
#include "t.h"

#define NAME "mmap_vm.tmp"
#define SIZE (3 * PAGE + 789)
#define AT   ((char *)0x1800000000)

static char data[PAGE]; /* for what a mapping may not cover */

static int open_file(int mode)
{
	make_file(NAME, SIZE);
	return open(NAME, mode);
}

static char *map_at(char *at, int fd)
{
	return mmap(at, SIZE, RW, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
}

static size_t wrong_bytes(const char *from)
{
	size_t bad = 0;

	for (size_t i = 0; i < SIZE; i++)
		bad += from[i] != file_byte(i);
	return bad;
}

static size_t wrong_in_file(void)
{
	static char buf[SIZE];
	int fd = open(NAME, O_RDONLY);
	ssize_t n = read(fd, buf, SIZE);

	close(fd);
	return n == (ssize_t)SIZE ? wrong_bytes(buf) : SIZE;
}

/* What the file should hold, written through a mapping of a file that is all zeros. */
static void fill(char *m)
{
	for (size_t i = 0; i < SIZE; i++)
		m[i] = file_byte(i);
}

static int open_empty(size_t len)
{
	int fd = open(NAME, O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (ftruncate(fd, (off_t)len) != 0)
		say("ftruncate: %s\n", strerrorname_np(errno));
	return fd;
}

static void reading(void)
{
	int fd = open_file(O_RDWR);
	char *m = map_at(AT, fd), *n;

	say("mmap-read: %zu wrong, tail %zu\n", wrong_bytes(m), not_all(m + SIZE, PAGE - 789, 0));
	n = map_at(AT + MIB, fd);
	say("mmap-twice: %zu wrong\n", wrong_bytes(n));
	n = mmap(AT + MIB, SIZE, RW, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
	mapped("mmap-overlap", n);
	close(fd);
	say("mmap-close: %zu wrong\n", wrong_bytes(m));
	unlink(NAME);
	say("mmap-remove: %zu wrong\n", wrong_bytes(AT + MIB));
	munmap(m, SIZE);
	in_child("mmap-unmap, read", loads_from, m + PAGE);
	in_child("mmap-unmap, write", stores_to, m);
	munmap(AT + MIB, SIZE);
}

static int child_writes(void *fd)
{
	char *m = map_at(AT, (int)(long)fd);

	fill(m);
	return 0; /* its exit unmaps */
}

static void writing(void)
{
	int fd = open_empty(SIZE);
	char *m = map_at(AT, fd);

	fill(m);
	say("mmap-write, before munmap: %zu wrong\n", wrong_in_file());
	munmap(m, SIZE);
	say("mmap-write: %zu wrong\n", wrong_in_file());
	close(fd);
	fd = open_empty(SIZE);
	in_child("mmap-exit", child_writes, (void *)(long)fd);
	say("mmap-exit: %zu wrong\n", wrong_in_file());
	m = map_at(AT, fd);
	say("mmap-clean, read: %zu wrong\n", wrong_bytes(m));
	TRY(pwrite(fd, "changed", 7, 0));
	munmap(m, SIZE);
	say("mmap-clean, the write stays: %d\n", wrong_in_file() == 7);
	close(fd);
}

static unsigned next(void)
{
	static unsigned x = 1;

	return x = x * 1103515245 + 12345;
}

/* Bytes change places through one mapping, and are followed through another. */
static void shuffle(void)
{
	int fd = open_file(O_RDWR);
	char *m = map_at(AT, fd), *n = map_at(AT + MIB, fd);
	static char model[SIZE];
	size_t bad = 0;

	memcpy(model, m, SIZE);
	for (int round = 0; round < 20000; round++) {
		size_t a = next() / 65536 * 7ul % SIZE, b = next() / 65536 * 11ul % SIZE;
		char c = m[a];

		m[a] = n[b];
		n[b] = c;
		c = model[a];
		model[a] = model[b];
		model[b] = c;
	}
	for (size_t i = 0; i < SIZE; i++)
		bad += model[i] != n[i];
	say("mmap-shuffle: %zu wrong\n", bad);
	munmap(m, SIZE);
	munmap(n, SIZE);
	close(fd);
}

static int child_sees(void *unused)
{
	(void)unused;
	return (int)wrong_bytes(AT);
}

static void inherit(char *self)
{
	char *args[] = { self, (char *)"child", NULL };
	int fd = open_file(O_RDWR), status;

	map_at(AT, fd);
	in_child("mmap-inherit, by fork", child_sees, NULL);
	if (fork() == 0)
		execv(self, args);
	wait(&status);
	ended("mmap-inherit, not by execve", status);
	munmap(AT, SIZE);
	close(fd);
}

static void places(void)
{
	int fd = open_file(O_RDWR);
	char on_stack[1], *page;

	mapped("mmap-misalign", mmap(AT + 1, SIZE, RW, MAP_SHARED | MAP_FIXED, fd, 0));
	mapped("mmap-null, a hint", mmap(NULL, SIZE, RW, MAP_SHARED, fd, 0));
	page = (char *)((uintptr_t)(void *)places & ~(PAGE - 1));
	mapped("mmap-over-code", map_at(page, fd));
	page = (char *)((uintptr_t)data & ~(PAGE - 1));
	mapped("mmap-over-data", map_at(page, fd));
	page = (char *)((uintptr_t)on_stack & ~(PAGE - 1));
	mapped("mmap-over-stk", mmap(page, 1, RW, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0));
	mapped("mmap-kernel",
	       mmap((void *)0xffffffff80000000, SIZE, RW, MAP_SHARED | MAP_FIXED, fd, 0));
	mapped("mmap-kernel, low end",
	       mmap((void *)(1ul << 38), SIZE, RW, MAP_SHARED | MAP_FIXED, fd, 0));
	mapped("mmap-zero-len", mmap(NULL, 0, RW, MAP_SHARED, fd, 0));
	mapped("mmap-bad-off", mmap(NULL, SIZE, RW, MAP_SHARED, fd, 0x1234));
	mapped("mmap-bad-fd", mmap(NULL, SIZE, RW, MAP_SHARED, 0x5678, 0));
	mapped("mmap-bad-fd, console", mmap(NULL, SIZE, RW, MAP_SHARED, -1, 0));
	close(fd);
	mapped("mmap-bad-fd, closed", mmap(NULL, SIZE, RW, MAP_SHARED, fd, 0));
}

static void parts(void)
{
	int fd = open_file(O_RDWR);
	char *m = mmap(NULL, PAGE, RW, MAP_SHARED, fd, PAGE);
	char c = file_byte(PAGE + 5);
	int bad = 0;

	for (size_t i = 0; i < PAGE; i++)
		bad += m[i] != file_byte(PAGE + i);
	say("mmap-off: %d wrong\n", bad);
	m[5] = 'o';
	TRY(pread(fd, &c, 1, PAGE + 5));
	say("mmap-off, written: %c\n", c);
	close(fd);
	fd = open_file(O_RDONLY);
	m = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
	say("mmap-ro: %zu wrong\n", wrong_bytes(m));
	in_child("mmap-ro", stores_to, m);
	close(fd);
	fd = open_empty(0);
	m = mapped("mmap-zero", mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0));
	in_child("mmap-zero", loads_from, m);
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return *(volatile char *)AT; /* R12: nothing is there after execve */
	reading();
	writing();
	shuffle();
	inherit(argv[0]);
	places();
	parts();
	return 0;
}
