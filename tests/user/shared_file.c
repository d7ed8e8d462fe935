/* SPDX-License-Identifier: MIT */
/* R92 R95 R100: shared mappings of files and memfds: one page for all who map, read and write it;
 * not copied by fork; permissions by the open mode; cut and grown under the mapping. */
#include "t.h"

#define N 6

static char *p;

static int child(void *fd)
{
	char buf[4] = { 0 };
	char *own = mmap(NULL, PAGE, RW, MAP_SHARED, (int)(long)fd, PAGE);

	TRY(pread((int)(long)fd, buf, 3, 100));
	say("child reads %.3s, maps %.3s\n", buf, p + 100);
	memcpy(p + 200, "kid", 3);
	memcpy(own + 300, "two", 3);
	p[2 * PAGE] = 'z'; /* not touched by anybody before */
	return 0;
}

static void coherence(int fd)
{
	char buf[8] = { 0 };

	p = mmap(NULL, N * PAGE, RW, MAP_SHARED, fd, 0);
	say("as made: %zu wrong\n", bytes_unlike_file(p, 0, N * PAGE));
	memcpy(p + 100, "map", 3);
	TRY(pread(fd, buf, 3, 100));
	say("read() sees %.3s\n", buf);
	TRY(pwrite(fd, "pwr", 3, PAGE - 1));
	say("the mapping sees %.3s\n", p + PAGE - 1);
	in_child("child", child, (void *)(long)fd);
	say("parent sees %.3s, %.3s, %c\n", p + 200, p + PAGE + 300, p[2 * PAGE]);
	TRY(pread(fd, buf, 3, PAGE + 300));
	say("read() sees %.3s\n", buf);
}

static void with_private(int fd)
{
	char *mine = mmap(NULL, N * PAGE, RW, MAP_PRIVATE, fd, 0);

	say("a private mapping sees %.3s\n", mine + 100);
	p[101] = 'M';
	say("and now %.3s\n", mine + 100);
	mine[100] = 'P';
	p[101] = 'x';
	say("own copy %.3s, shared %.3s\n", mine + 100, p + 100);
	TRY(munmap(mine, N * PAGE));
}

static void sizes(int fd)
{
	char buf[8] = { 0 };

	TRY(ftruncate(fd, 3 * PAGE + 10));
	say("tail: %zu not zero\n", not_all(p + 3 * PAGE + 10, PAGE - 10, 0));
	in_child("read beyond", loads_from, p + 4 * PAGE);
	in_child("write beyond", stores_to, p + 5 * PAGE);
	TRY(ftruncate(fd, N * PAGE));
	say("grown: %zu not zero\n", not_all(p + 3 * PAGE + 10, 3 * PAGE - 10, 0));
	p[5 * PAGE + 7] = 'e';
	TRY(pread(fd, buf, 2, 5 * PAGE + 7));
	say("read() sees %c, %d\n", buf[0], buf[1]);
	TRY(ftruncate(fd, 0));
	in_child("all gone", loads_from, p);
	TRY(pwrite(fd, "back", 4, 0));
	say("again: %.4s, %zu not zero\n", p, not_all(p + 4, PAGE - 4, 0));
}

static void after_close(void)
{
	char buf[8] = { 0 };
	int fd = open("shared.tmp", O_RDWR);
	char *m = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);

	TRY(close(fd));
	memcpy(m, "kept", 4);
	TRY(munmap(m, PAGE));
	fd = open("shared.tmp", O_RDONLY);
	TRY(read(fd, buf, 4));
	say("in the file: %s\n", buf);
	m = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	TRY(unlink("shared.tmp"));
	TRY(close(fd));
	say("unlinked and closed: %.4s\n", m);
	memcpy(p, "last", 4);
	say("of both mappings: %.4s\n", m);
	TRY(munmap(m, PAGE));
}

static void prot(void)
{
	int ro = open("shared.tmp", O_RDONLY), rw = open("shared.tmp", O_RDWR);
	int wo = open("shared.tmp", O_WRONLY), ap = open("shared.tmp", O_RDWR | O_APPEND);
	char *m = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ro, 0), *w;

	say("read-only: %d\n", m[0] == file_byte(0));
	in_child("write to it", stores_to, m);
	TRY(mprotect(m, PAGE, RW));
	TRY(mprotect(m, PAGE, PROT_NONE));
	in_child("read of it", loads_from, m);
	TRY(mprotect(m, PAGE, PROT_READ | PROT_EXEC));
	say("given back: %d\n", m[0] == file_byte(0));
	mapped("shared, writable, opened to read", mmap(NULL, PAGE, RW, MAP_SHARED, ro, 0));
	mapped("to write only", mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, wo, 0));
	mapped("to append", mmap(NULL, PAGE, RW, MAP_SHARED, ap, 0));
	mapped("validated", mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE, rw, 0));
	mapped("validated, synchronous",
	       mmap(NULL, PAGE, RW, MAP_SHARED_VALIDATE | MAP_SYNC, rw, 0));
	mapped("populated", mmap(NULL, PAGE, RW, MAP_SHARED | MAP_POPULATE, rw, 0));
	w = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, rw, 0);
	in_child("write before mprotect", stores_to, w);
	TRY(mprotect(w, PAGE, RW));
	w[0] = 'W';
	say("after mprotect: %c, and %c by the other\n", w[0], m[0]);
	TRY(mprotect(w, PAGE, PROT_READ));
	in_child("write after it was taken", stores_to, w);
	TRY(mprotect(w, PAGE, PROT_WRITE));
	w[0]++;
	say("write only is read too: %c\n", m[0]);
}

static void pieces(void)
{
	int fd = open("shared.tmp", O_RDWR);
	char *m = mmap(NULL, N * PAGE, RW, MAP_SHARED, fd, 0), *again;

	TRY(munmap(m + 2 * PAGE, PAGE));
	in_child("in the gap", loads_from, m + 2 * PAGE);
	m[3 * PAGE] = 'q';
	again = mmap(m + 2 * PAGE, PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 3 * PAGE);
	say("another page there: %c\n", again[0]);
	again[1] = 'r';
	say("the same page twice: %c%c\n", m[3 * PAGE], m[3 * PAGE + 1]);
	TRY(madvise(m, N * PAGE, MADV_DONTNEED));
	say("after DONTNEED: %c%c\n", m[3 * PAGE], again[1]);
}

/* A mapping counts as one that has the file open for writing, whatever became of the descriptor. */
static void busy(const char *self, int flags)
{
	char *args[] = { (char *)"busy.tmp", (char *)"run", NULL };
	char buf[65536];
	int from = open(self, O_RDONLY), to = open("busy.tmp", O_RDWR | O_CREAT | O_TRUNC, 0755);
	ssize_t n;
	void *m;

	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, (size_t)n) != n)
			say("short\n");
	m = mmap(NULL, PAGE, PROT_READ, flags, to, 0);
	close(to);
	to = open("busy.tmp", O_RDONLY);
	mapped("a second, to read", mmap(NULL, PAGE, PROT_READ, flags, to, 0));
	close(to);
	TRY(execv("./busy.tmp", args));
	TRY(munmap(m, PAGE));
	if (fork() == 0) {
		execv("./busy.tmp", args);
		_exit(1);
	}
	TRY(wait(NULL) > 0);
}

int main(int argc, char **argv)
{
	int fd;

	if (argc > 1) {
		say("it runs\n");
		return 0;
	}
	make_file("shared.tmp", N * PAGE);
	prot();
	pieces();
	make_file("shared.tmp", N * PAGE);
	fd = open("shared.tmp", O_RDWR);
	coherence(fd);
	with_private(fd);
	sizes(fd);
	after_close();
	fd = memfd_create("shared", 0);
	TRY(ftruncate(fd, N * PAGE));
	for (size_t i = 0; i < N * PAGE; i++) {
		char c = file_byte(i);

		if (pwrite(fd, &c, 1, (off_t)i) != 1)
			say("short\n");
	}
	coherence(fd);
	with_private(fd);
	sizes(fd);
	TRY(close(fd));
	p[0] = 'm';
	say("the memfd lives: %.4s\n", p);
	busy(argv[0], MAP_SHARED);
	busy(argv[0], MAP_PRIVATE);
	return 0;
}
