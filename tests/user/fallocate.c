/* SPDX-License-Identifier: MIT */
/* R90 R92: fallocate: pages ahead and holes, of files and memfds, as mappings see them; fsync; and each
 * error. */
#include "t.h"

static void size_is(const char *what, int fd)
{
	struct stat st;

	fstat(fd, &st);
	say("%s: size %ld\n", what, (long)st.st_size);
}

static void holes(int fd)
{
	char *shared = mmap(NULL, 8 * PAGE, RW, MAP_SHARED, fd, 0);
	char *mine = mmap(NULL, 8 * PAGE, RW, MAP_PRIVATE, fd, 0);
	char buf[8];

	memset(shared, 's', 8 * PAGE);
	mine[2 * PAGE] = 'm';
	TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE + 100, 3 * PAGE));
	say("before %zu, in it %zu, behind %zu\n", not_all(shared, PAGE + 100, 's'),
	    not_all(shared + PAGE + 100, 3 * PAGE, 0),
	    not_all(shared + 4 * PAGE + 100, 4 * PAGE - 100, 's'));
	say("an own copy: %c, else %d\n", mine[2 * PAGE], mine[3 * PAGE]);
	shared[3 * PAGE] = 'n';
	TRY(pread(fd, buf, 1, 3 * PAGE));
	say("written anew: %c %c\n", buf[0], mine[3 * PAGE]);
	munmap(shared, 8 * PAGE);
	munmap(mine, 8 * PAGE);
	TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 5 * PAGE, 100 * PAGE));
	size_is("past the end", fd);
	TRY(pread(fd, buf, 2, 5 * PAGE - 1));
	say("%c%d\n", buf[0], buf[1]);
	TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1ul << 50, 100 * PAGE));
	TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, INT64_MAX));
	shared = mmap(NULL, 8 * PAGE, RW, MAP_SHARED, fd, 0);
	say("all of it: %zu\n", not_all(shared, 8 * PAGE, 0));
	munmap(shared, 8 * PAGE);
}

/* Bytes that a mapping has put behind the end: a hole takes those away that it reaches to. */
static void behind_the_end(int fd)
{
	static const off_t ends[] = { 2 * PAGE + 50, 3 * PAGE, 9 * PAGE, 2 * PAGE + 100,
				      2 * PAGE + 300 };
	char *m = mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0);

	for (size_t i = 0; i < 5; i++) {
		off_t start = i == 2 ? 2 * PAGE + 200 : PAGE;

		TRY(ftruncate(fd, 0));
		TRY(ftruncate(fd, 2 * PAGE + 100));
		memset(m, 'b', 3 * PAGE);
		TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, start,
			      ends[i] - start));
		say("of the last page %zu, behind the end %zu\n", not_all(m + 2 * PAGE, PAGE, 'b'),
		    not_all(m + 2 * PAGE + 100, PAGE - 100, 'b'));
	}
	munmap(m, 3 * PAGE);
}

static void ahead(int fd)
{
	char *m;

	TRY(ftruncate(fd, 0));
	TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 2 * PAGE));
	size_is("kept", fd);
	TRY(fallocate(fd, 0, PAGE, 2 * PAGE + 5));
	size_is("grown", fd);
	TRY(fallocate(fd, 0, 0, PAGE));
	size_is("within", fd);
	m = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
	say("zeros: %zu\n", not_all(m, 4 * PAGE, 0));
	m[2] = 'x';
	TRY(fallocate(fd, 0, 0, 4 * PAGE));
	say("what is there stays: %c\n", m[2]);
	munmap(m, 4 * PAGE);
}

/* With its pages, those beyond the end too. */
static void room_is(const char *what, int fd)
{
	struct stat st;

	fstat(fd, &st);
	say("%s: size %ld, %ld pages\n", what, (long)st.st_size, (long)st.st_blocks / 8);
}

static int touch(void *at)
{
	return *(volatile char *)at;
}

/* What was had beyond the end is there when the file grows, and goes when it is cut off, be it where it ends. */
static void beyond(int fd)
{
	char *m, buf[8];

	TRY(ftruncate(fd, 0));
	TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4 * PAGE));
	room_is("beyond", fd);
	TRY(pread(fd, buf, 8, 0));
	TRY(ftruncate(fd, PAGE + 5));
	room_is("raised", fd);
	TRY(ftruncate(fd, PAGE + 5));
	room_is("the same size", fd);
	TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 8 * PAGE));
	TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE, 2 * PAGE, PAGE));
	room_is("twice", fd);
	TRY(pwrite(fd, "abc", 3, 5 * PAGE + 7));
	TRY(pwrite(fd, "def", 3, 6 * PAGE - 1));
	room_is("written", fd);
	m = mmap(NULL, 8 * PAGE, RW, MAP_SHARED, fd, 0);
	say("%zu before, %.3s, %zu behind, %.3s, %zu\n", not_all(m, 5 * PAGE + 7, 0),
	    m + 5 * PAGE + 7, not_all(m + 5 * PAGE + 10, PAGE - 11, 0), m + 6 * PAGE - 1,
	    not_all(m + 6 * PAGE + 2, PAGE - 2, 0));
	in_child("the page behind", touch, m + 7 * PAGE);
	TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 7 * PAGE, PAGE));
	room_is("a hole beyond the end", fd);
	TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE, 20 * PAGE + 5, PAGE));
	TRY(fallocate(fd, 0, 30 * PAGE + 5, PAGE));
	room_is("grown", fd);
	TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE, 40 * PAGE, 3 * PAGE));
	TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 20 * PAGE, 21 * PAGE));
	room_is("a hole over the end", fd);
	TRY(ftruncate(fd, 50 * PAGE));
	TRY(pread(fd, buf, 8, 41 * PAGE));
	say("zeros: %zu\n", not_all(buf, 8, 0));
	room_is("raised above all", fd);
	TRY(ftruncate(fd, PAGE));
	room_is("cut off", fd);
	munmap(m, 8 * PAGE);
}

static void opened_anew(void)
{
	int fd = open("fallocate.tmp", O_RDWR | O_TRUNC);

	TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4 * PAGE));
	TRY(write(fd, "hello", 5));
	room_is("written", fd);
	TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 1ul << 45));
	room_is("too much", fd);
	TRY(lseek(fd, 0, SEEK_END));
	TRY(ftruncate(fd, 0));
	TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4 * PAGE));
	close(fd);
	fd = open("fallocate.tmp", O_RDWR | O_TRUNC);
	room_is("O_TRUNC", fd);
	close(fd);
}

/* Each thing that can be wrong, alone and with what is looked at after it. */
static void in_order(const char *what, int fd)
{
	static const int modes[] = { 0,	   2,	 3,    4,    8,	   9,	 0x10,
				     0x11, 0x18, 0x20, 0x21, 0x40, 0x41, 0x80 };

	say("%s\n", what);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		say("mode %#x\n", modes[i]);
		TRY(fallocate(fd, modes[i], 0, 0));
		TRY(fallocate(fd, modes[i], INT64_MAX, PAGE));
		if (modes[i])
			TRY(fallocate(fd, modes[i], 100 * PAGE, PAGE));
	}
}

static void errors(void)
{
	int fd = open("fallocate.tmp", O_RDWR), ro = open("fallocate.tmp", O_RDONLY), pipes[2];
	int path = open("fallocate.tmp", O_PATH), dir = open("/", O_RDONLY);
	int null = open("/dev/null", O_RDWR);

	TRY(fallocate(99, 0, 0, 1));
	TRY(fallocate(path, 0, 0, 1));
	TRY(fallocate(ro, 0, 0, 1));
	TRY(fallocate(dir, 0, 0, 1));
	TRY(fallocate(fd, 0, -1, 1));
	TRY(fallocate(fd, 0, 0, 0));
	TRY(fallocate(fd, 0, 0, -1));
	TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 1));
	TRY(fallocate(fd, 0x1000, 0, 1));
	TRY(fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, 1));
	TRY(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, PAGE));
	TRY(fallocate(fd, 0, INT64_MAX, 1));
	TRY(fallocate(fd, 0, 0, 1ul << 45));
	size_is("too much", fd);
	TRY(pipe(pipes));
	TRY(fallocate(pipes[1], 0, 0, 1));
	TRY(fallocate(null, 0, 0, 1));
	in_order("a file", fd);
	in_order("read only", ro);
	in_order("a pipe", pipes[1]);
	in_order("its other end", pipes[0]);
	in_order("a device", null);
	in_order("a directory", dir);
	TRY(fallocate(fd, 0, 0, 2 * GIB));
	TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE, PAGE, 2 * GIB));
	TRY(fsync(fd));
	TRY(fdatasync(fd));
	TRY(fsync(ro));
	TRY(fallocate(open("/proc/self/comm", O_WRONLY), 0, 0, 10));
	TRY(fallocate(open("/proc/self/comm", O_WRONLY), 0, INT64_MAX, 10));
	TRY(fsync(dir));
	TRY(fdatasync(dir));
	TRY(fsync(99));
	TRY(fdatasync(99));
	TRY(fsync(path));
	TRY(fsync(pipes[0]));
	TRY(fdatasync(pipes[1]));
	TRY(fsync(null));
}

/* R92: a file of the boot archive, of which nothing was read yet: a program, as it happens. */
static void of_archive(void)
{
	int fd = open("/another", O_RDWR);
	char *m = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0), c;

	TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4, 100));
	say("%.3s, hole %zu, then %d\n", m + 1, not_all(m + 4, 100, 0),
	    not_all(m + 104, 400, 0) > 0);
	m[PAGE] = 'd';
	TRY(pread(fd, &c, 1, PAGE));
	munmap(m, 2 * PAGE);
	m = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	say("%c %c\n", c, m[PAGE]);
}

int main(void)
{
	int fd;

	make_file("fallocate.tmp", 8 * PAGE);
	fd = open("fallocate.tmp", O_RDWR);
	holes(fd);
	behind_the_end(fd);
	ahead(fd);
	beyond(fd);
	opened_anew();
	fd = memfd_create("fallocate", 0);
	TRY(ftruncate(fd, 8 * PAGE));
	holes(fd);
	behind_the_end(fd);
	ahead(fd);
	beyond(fd);
	errors();
	of_archive();
	return 0;
}
