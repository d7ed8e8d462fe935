/* SPDX-License-Identifier: MIT */
/* Pages of files in pipes, by reference: what is seen of later changes of the file, and that nothing else changes. */
#include "t.h"

#include <sys/sendfile.h>
#include <sys/uio.h>

#define NPAGES 4

static char bytes[NPAGES * PAGE], got[32 * PAGE], other[PAGE];
static int file, in[2], out[2];

static void fill(void)
{
	ftruncate(file, 0);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)('a' + i / PAGE);
	pwrite(file, bytes, sizeof(bytes), 0);
	memset(other, 'z', sizeof(other));
}

/* Says of how many of which letters the bytes are. */
static void runs(const char *what, ssize_t n)
{
	say("%s, %ld bytes:", what, (long)n);
	for (ssize_t at = 0; at < n;) {
		ssize_t end = at;

		while (end < n && got[end] == got[at])
			end++;
		say(" %ld of %d", (long)(end - at), got[at]);
		at = end;
	}
	say("\n");
}

static void read_all(const char *what, int fd)
{
	runs(what, read(fd, got, sizeof(got)));
}

/* What is written to the file before the pipe is read is read, but not what comes to a new page. */
static void written_behind(void)
{
	loff_t at = 100;

	fill();
	TRY(splice(file, &at, in[1], NULL, 2 * PAGE, 0));
	pwrite(file, other, 50, 0);
	pwrite(file, other, 50, 110);
	pwrite(file, other, 60, PAGE);
	read_all("written over", in[0]);
	fill();
	at = 0;
	TRY(sendfile(in[1], file, &at, 2 * PAGE));
	pwrite(file, other, 10, PAGE - 5);
	read_all("after sendfile", in[0]);
	fill();
	at = 0;
	TRY(splice(file, &at, in[1], NULL, 2 * PAGE, 0));
	ftruncate(file, PAGE);
	pwrite(file, other, PAGE, PAGE);
	read_all("truncated and written again", in[0]);
	fill();
	at = 0;
	TRY(splice(file, &at, in[1], NULL, PAGE, 0));
	close(file);
	unlink("splice_pages.tmp");
	read_all("of no file any more", in[0]);
	file = open("splice_pages.tmp", O_CREAT | O_RDWR, 0600);
}

/* A mapping of the file is the same memory. */
static void by_mappings(void)
{
	loff_t at = 0;
	char *map;

	fill();
	map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	TRY(splice(file, &at, in[1], NULL, PAGE, 0));
	map[7] = 'm';
	read_all("written by a mapping", in[0]);
	at = 0;
	TRY(splice(file, &at, in[1], NULL, PAGE, 0));
	munmap(map, PAGE);
	map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	map[9] = 'p';
	read_all("written by a private one", in[0]);
	munmap(map, PAGE);
}

/* tee refers to the same pages, and splice between pipes moves them. */
static void between_pipes(void)
{
	loff_t at = 0;

	fill();
	TRY(splice(file, &at, in[1], NULL, 2 * PAGE, 0));
	TRY(tee(in[0], out[1], PAGE + 10, 0));
	pwrite(file, other, 10, 0);
	pwrite(file, other, 5, PAGE);
	read_all("the copy", out[0]);
	TRY(splice(in[0], NULL, out[1], NULL, PAGE + 10, 0));
	pwrite(file, other, 5, PAGE + 5);
	pwrite(file, other, 5, PAGE + 10);
	read_all("what was moved", out[0]);
	read_all("the rest", in[0]);
}

/* What is written to a pipe goes into no page of a file, and what is lent has places as any other. */
static void written_after(void)
{
	loff_t at = 0;
	int n = 0;

	fill();
	TRY(splice(file, &at, in[1], NULL, 10, 0));
	TRY(write(in[1], "1234", 4));
	read_all("both", in[0]);
	TRY(write(in[1], "5678", 4));
	read_all("more", in[0]);
	pread(file, got, 20, 0);
	runs("the file", 20);
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	for (at = 0; splice(file, &at, in[1], NULL, 1, 0) == 1; at = 0)
		n++;
	say("%d places\n", n);
	TRY(write(in[1], "1", 1));
	TRY(sendfile(in[1], file, NULL, 1));
	fcntl(in[1], F_SETFL, 0);
	read_all("a byte of each", in[0]);
	at = 2 * PAGE - 3;
	TRY(splice(file, &at, in[1], NULL, 6, 0));
	TRY(vmsplice(in[0], &(struct iovec){ got, 4 }, 1, 0));
	runs("four", 4);
	read_all("and two", in[0]);
}

/* To a file the bytes are copied; a hole has no page. */
static void to_files(void)
{
	int copy = open("splice_pages.copy", O_CREAT | O_RDWR, 0600);
	loff_t from = 0, to = 0;

	fill();
	TRY(splice(file, &from, in[1], NULL, 2 * PAGE, 0));
	TRY(splice(in[0], NULL, copy, &to, 2 * PAGE, 0));
	pwrite(file, other, 10, 0);
	runs("the copy", pread(copy, got, sizeof(got), 0));
	from = to = 0;
	TRY(copy_file_range(file, &from, copy, &to, 3 * PAGE, 0));
	pwrite(file, other, 20, 0);
	runs("another copy", pread(copy, got, sizeof(got), 0));
	from = 10, to = PAGE;
	TRY(copy_file_range(file, &from, file, &to, PAGE - 10, 0));
	runs("within the file", pread(file, got, 2 * PAGE, 0));
	ftruncate(copy, 0);
	ftruncate(copy, 2 * PAGE);
	from = 0;
	TRY(splice(copy, &from, in[1], NULL, PAGE, 0));
	pwrite(copy, other, 10, 0);
	read_all("a hole", in[0]);
	close(copy);
	unlink("splice_pages.copy");
}

int main(void)
{
	file = open("splice_pages.tmp", O_CREAT | O_RDWR | O_TRUNC, 0600);
	pipe(in);
	pipe(out);
	written_behind();
	by_mappings();
	between_pipes();
	written_after();
	to_files();
	unlink("splice_pages.tmp");
	return 0;
}
