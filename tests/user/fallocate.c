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
	TRY(fsync(fd));
	TRY(fdatasync(fd));
	TRY(fsync(ro));
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
	ahead(fd);
	fd = memfd_create("fallocate", 0);
	TRY(ftruncate(fd, 8 * PAGE));
	holes(fd);
	ahead(fd);
	errors();
	of_archive();
	return 0;
}
