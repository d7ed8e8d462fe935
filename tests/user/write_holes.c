/* SPDX-License-Identifier: MIT */
/* R27: writes into a hole of a file in memory whose buffer cannot be read: the hole stays one, and no other bytes show. */
#include "t.h"

#include <sys/sendfile.h>
#include <sys/uio.h>

#define ROOM 16 /* pages of the file */

/*
 * Two pages that can be read, before an address that is not mapped. All that is read up to there begins and ends, in
 * memory and in the file, at a multiple of 64 bytes: Linux's copies for riscv64 make no progress otherwise, and try for ever.
 */
static char *edge;

static int hole_file(void)
{
	int file = memfd_create("holes", MFD_CLOEXEC);

	if (ftruncate(file, ROOM * PAGE) != 0)
		_exit(98);
	return file;
}

/* What the file has now: where the data is, by pages, its blocks, its size. */
static void tell(int file)
{
	struct stat st;
	off_t at = 0, end;

	fstat(file, &st);
	say("size %ld, blocks %ld\n", (long)st.st_size, (long)st.st_blocks);
	while ((at = lseek(file, at, SEEK_DATA)) >= 0) {
		end = lseek(file, at, SEEK_HOLE);
		say("data in [%#lx, %#lx)\n", (long)at, (long)end);
		at = end;
	}
	lseek(file, 0, SEEK_SET);
}

/* Which bytes of the page are not zero, as a range with one value. */
static void tell_bytes(int file, int number)
{
	char bytes[PAGE];
	size_t start = 0, end = PAGE;

	if (pread(file, bytes, PAGE, number * (off_t)PAGE) != (ssize_t)PAGE)
		_exit(97);
	while (start < PAGE && bytes[start] == 0)
		start++;
	while (end > start && bytes[end - 1] == 0)
		end--;
	say("page %d: %c in [%#zx, %#zx)%s\n", number, start < end ? bytes[start] : '-', start, end,
	    start < end && not_all(bytes + start, end - start, bytes[start]) ? " and others" : "");
}

static void writes(void)
{
	char *volatile nowhere = (char *)8, *volatile kernel = (char *)-PAGE;
	int file = hole_file();

	TRY(write(file, edge, PAGE));
	tell(file);
	TRY(pwrite(file, edge, 100, 3 * PAGE + 50));
	tell(file);
	TRY(pwrite(file, edge, 3 * PAGE, 4 * PAGE - 50)); /* in two pages */
	tell(file);
	TRY(pwrite(file, nowhere, PAGE, 5 * PAGE));
	TRY(pwrite(file, kernel, PAGE, 5 * PAGE));
	tell(file);
	TRY(pwrite(file, edge - 128, PAGE, 6 * PAGE)); /* 128 bytes can be read */
	tell(file);
	tell_bytes(file, 6);
	TRY(pwrite(file, edge - PAGE, 2 * PAGE, 8 * PAGE)); /* a page, and none of the next one */
	tell(file);
	tell_bytes(file, 8);
	TRY(pwrite(file, edge - PAGE, 2 * PAGE,
		   11 * PAGE + 64)); /* up to the middle of the next one */
	tell(file);
	tell_bytes(file, 11);
	tell_bytes(file, 12);
	TRY(pwrite(file, edge, PAGE, 8 * PAGE)); /* where there is a page */
	tell(file);
	tell_bytes(file, 8);
	close(file);
}

static void vectors(void)
{
	int file = hole_file();
	struct iovec iov[3] = {
		{ edge - 64, 64 },
		{ edge, PAGE },
		{ edge - PAGE, PAGE },
	};

	TRY(writev(file, iov + 1, 2));
	tell(file);
	TRY(pwritev(file, iov, 3, 2 * PAGE));
	tell(file);
	tell_bytes(file, 2);
	iov[0] = (struct iovec){ edge - PAGE, PAGE };
	TRY(pwritev(file, iov, 3, 4 * PAGE)); /* ends with the page */
	tell(file);
	tell_bytes(file, 4);
	iov[0] = (struct iovec){ NULL, 0 };
	TRY(pwritev2(file, iov, 3, 7 * PAGE, 0));
	tell(file);
	close(file);
}

/* Beyond the end: in the last page, whose end is beyond it, and behind that. */
static void at_the_end(void)
{
	int file = hole_file();

	TRY(ftruncate(file, PAGE + 100));
	TRY(pwrite(file, edge, 50, PAGE + 192));
	tell(file);
	TRY(pwrite(file, edge - 64, 200, PAGE + 192));
	tell(file);
	tell_bytes(file, 0);
	TRY(ftruncate(file, PAGE));
	TRY(ftruncate(file, 2 * PAGE + 100));
	TRY(pwrite(file, edge, 50, 5 * PAGE));
	tell(file);
	TRY(pwrite(file, edge - 64, 200, 2 * PAGE + 64)); /* from before the end */
	tell(file);
	TRY(pwrite(file, edge - PAGE, 3 * PAGE, 2 * PAGE + 4032));
	tell(file);
	close(file);
}

/* A hole of the file that is written is the buffer, too. */
static void of_itself(void)
{
	int file = hole_file();
	char *p = mmap(before_hole(ROOM), ROOM * PAGE, RW, MAP_SHARED | MAP_FIXED, file, 0);

	TRY(pwrite(file, p + 2 * PAGE, PAGE, 2 * PAGE));
	tell_bytes(file, 2);
	memset(p + 5 * PAGE, 's', PAGE);
	TRY(pwrite(file, p + 5 * PAGE + 64, PAGE,
		   6 * PAGE)); /* the end of it is in the hole that is written */
	tell_bytes(file, 6);
	TRY(pwrite(file, p + (ROOM - 1) * PAGE + 128, PAGE,
		   8 * PAGE)); /* up to the end of the mapping */
	tell_bytes(file, 8);
	munmap(p, ROOM * PAGE);
	close(file);
}

/* A file that has a name. */
static void of_tmpfs(void)
{
	int file = open("written", O_RDWR | O_CREAT | O_TRUNC, 0600);

	TRY(ftruncate(file, 4 * PAGE));
	TRY(pwrite(file, edge, PAGE, PAGE));
	tell(file);
	TRY(pwrite(file, edge - 64, PAGE, PAGE));
	tell(file);
	tell_bytes(file, 1);
	close(file);
	unlink("written");
}

/* Memory that the hole is mapped in, by the file /proc/PID/mem and by process_vm_writev. */
static void memory_of_a_process(void)
{
	int file = hole_file(), mem = open("/proc/self/mem", O_RDWR);
	char *p = mmap(NULL, ROOM * PAGE, RW, MAP_SHARED, file, 0);
	struct iovec local = { edge, 100 }, remote = { p + 9 * PAGE, 100 };

	TRY(pwrite(mem, edge, PAGE, (off_t)(uintptr_t)p));
	tell(file);
	TRY(pwrite(mem, edge - 64, PAGE, (off_t)(uintptr_t)(p + 2 * PAGE)));
	tell(file);
	tell_bytes(file, 2);
	TRY(pwrite(mem, edge - PAGE, 2 * PAGE, (off_t)(uintptr_t)(p + 4 * PAGE)));
	tell(file);
	TRY(process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
	local.iov_base = edge - 64;
	TRY(process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
	tell_bytes(file, 9);
	munmap(p, ROOM * PAGE);
	close(mem);
	close(file);
}

/* What comes from a pipe or a file has been read before. */
static void from_descriptors(void)
{
	int file = hole_file(), other = hole_file(), ends[2];
	loff_t at = 3 * PAGE, from = 5 * PAGE;

	if (pipe(ends) != 0)
		_exit(96);
	TRY(write(ends[1], edge - 64, 64));
	TRY(splice(ends[0], NULL, file, &at, 100, 0));
	tell(file);
	tell_bytes(file, 3);
	TRY(fcntl(ends[0], F_SETFL, O_NONBLOCK));
	at = 6 * PAGE;
	TRY(splice(ends[0], NULL, file, &at, 100, SPLICE_F_NONBLOCK)); /* nothing is there */
	tell(file);
	lseek(file, 8 * PAGE, SEEK_SET);
	TRY(sendfile(file, other, &from, 2 * PAGE)); /* a hole into a hole */
	tell(file);
	close(ends[0]);
	close(ends[1]);
	close(other);
	close(file);
}

int main(void)
{
	edge = before_hole(2) + 2 * PAGE;
	memset(edge - 2 * PAGE, 'e', 2 * PAGE);
	writes();
	vectors();
	at_the_end();
	of_itself();
	of_tmpfs();
	memory_of_a_process();
	from_descriptors();
	return 0;
}
