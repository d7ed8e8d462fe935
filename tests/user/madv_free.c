/* SPDX-License-Identifier: MIT */
/* R80 R90: madvise(MADV_FREE): the bytes are old or zeros until the next write, which is kept; and each error. MADV_PAGEOUT drops
 * what was given up. */
#include "t.h"

#ifndef MADV_COLD
#define MADV_COLD    20
#define MADV_PAGEOUT 21
#endif

#define N  8
#define AT ((char *)0x1200001000) /* never in one huge page */

static char *p;

static void begin(void)
{
	p = mmap(AT, N * PAGE, RW, ANON | MAP_FIXED, -1, 0);
	for (int i = 0; i < N; i++)
		p[i * PAGE + 1] = (char)('a' + i);
}

/* Pages as letters: what was written, or '.' for zeros. */
static void show(const char *what)
{
	char line[N + 1] = { 0 };

	for (int i = 0; i < N; i++)
		line[i] = p[i * PAGE + 1] ? p[i * PAGE + 1] : '.';
	say("%s: %s\n", what, line);
}

/* Which of the pages are there. */
static void there(const char *what)
{
	unsigned char vec[N];
	char line[N + 1] = { 0 };

	if (mincore(p, N * PAGE, vec) != 0)
		say("%s: %s\n", what, strerrorname_np(errno));
	for (int i = 0; i < N; i++)
		line[i] = (char)('0' + (vec[i] & 1));
	say("%s: %s\n", what, line);
}

static void bytes_are_old_or_zeros(void)
{
	int bad = 0;

	begin();
	TRY(madvise(p, N * PAGE, MADV_FREE));
	for (int i = 0; i < N; i++)
		bad += p[i * PAGE + 1] != 0 && p[i * PAGE + 1] != (char)('a' + i);
	say("neither old nor zeros: %d\n", bad);
}

/* By the program, by the kernel, and by another process. */
static void writes_are_kept(void)
{
	int ends[2];
	pid_t pid;

	begin();
	TRY(madvise(p, N * PAGE, MADV_FREE));
	p[PAGE + 1] = 'W';
	p[2 * PAGE + 2] = 'X';
	if (pipe(ends) != 0 || write(ends[1], "R", 1) != 1)
		_exit(98);
	TRY(read(ends[0], p + 3 * PAGE + 1, 1));
	(void)*(volatile char *)(p + 4 * PAGE + 1);
	TRY(madvise(p, N * PAGE, MADV_PAGEOUT));
	there("after pageout");
	say("beside it: %d\n", p[2 * PAGE + 1] == 'c' ? p[2 * PAGE + 2] : -1);
	show("after pageout");
	there("after reads");
	pid = fork();
	if (pid == 0) {
		p[1] = 'C';
		p[3 * PAGE + 1] = 'D';
		TRY(madvise(p, N * PAGE, MADV_FREE));
		show("child");
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	show("parent");
	p[1] = 'P';
	show("parent");
}

/* A page that a child has, too, stays as it is. */
static void shared_pages_stay(void)
{
	int ends[2];
	char byte;
	pid_t pid;

	begin();
	if (pipe(ends) != 0)
		_exit(98);
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		_exit(read(ends[0], &byte, 1) == 0 && p[1] == 'a' ? 0 : 1);
	}
	TRY(madvise(p, N * PAGE, MADV_FREE));
	TRY(madvise(p, N * PAGE, MADV_PAGEOUT));
	show("shared");
	close(ends[1]);
	waitpid(pid, NULL, 0);
	show("alone");
	TRY(madvise(p, N * PAGE, MADV_FREE));
	TRY(madvise(p, N * PAGE, MADV_PAGEOUT));
	show("given up");
}

static void protections(void)
{
	begin();
	TRY(mprotect(p, PAGE, PROT_READ));
	TRY(mprotect(p + PAGE, PAGE, PROT_NONE));
	TRY(madvise(p, 2 * PAGE, MADV_FREE));
	TRY(mprotect(p, 2 * PAGE, RW));
	p[PAGE + 1] = 'Q';
	TRY(madvise(p, 4 * PAGE, MADV_PAGEOUT));
	show("protected");
	p = mremap(p, N * PAGE, 2 * N * PAGE, MREMAP_MAYMOVE);
	TRY(madvise(p, 4 * PAGE, MADV_FREE));
	TRY(madvise(p, 4 * PAGE, MADV_PAGEOUT));
	show("moved");
}

static void errors(void)
{
	int fd = memfd_create("madv_free", 0);
	char *shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *file;

	begin();
	TRY(ftruncate(fd, PAGE));
	file = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
	file[0] = 1;
	TRY(madvise(file, PAGE, MADV_FREE));
	TRY(madvise(shared, PAGE, MADV_FREE));
	TRY(madvise(p + 1, PAGE, MADV_FREE));
	TRY(madvise(p, 0, MADV_FREE));
	TRY(madvise(p, -PAGE, MADV_FREE));
	TRY(mlock(p + 6 * PAGE, PAGE));
	TRY(madvise(p + 5 * PAGE, 3 * PAGE, MADV_FREE));
	TRY(madvise(p + 5 * PAGE, PAGE, MADV_PAGEOUT));
	show("up to what is locked");
	TRY(munmap(p + 2 * PAGE, PAGE));
	TRY(madvise(p + PAGE, 3 * PAGE, MADV_FREE));
	TRY(madvise(p + PAGE, PAGE, MADV_PAGEOUT));
	TRY(madvise(p + 3 * PAGE, PAGE, MADV_PAGEOUT));
	say("around a hole: %d %d\n", p[PAGE + 1], p[3 * PAGE + 1]);
}

int main(void)
{
	bytes_are_old_or_zeros();
	writes_are_kept();
	shared_pages_stay();
	protections();
	errors();
	return 0;
}
