/* SPDX-License-Identifier: MIT */
/* What mmap answers to each kind of descriptor with each type and flag (R90, R91): which error comes first where there
 * are several; and memory from /dev/zero. */
#include "t.h"

#include <setjmp.h>

#define AT ((char *)0x1000000000)

struct kind {
	const char *name;
	int fd;
};

static sigjmp_buf out;

static const struct {
	const char *name;
	int flags;
} types[] = {
	{ "shared", MAP_SHARED },
	{ "private", MAP_PRIVATE },
	{ "validate", MAP_SHARED_VALIDATE },
	{ "neither", 0 },
	{ "unknown", 8 },
	{ "anonymous shared", MAP_ANONYMOUS | MAP_SHARED },
	{ "anonymous private", MAP_ANONYMOUS | MAP_PRIVATE },
	{ "anonymous validate", MAP_ANONYMOUS | MAP_SHARED_VALIDATE },
	{ "anonymous neither", MAP_ANONYMOUS },
}, extras[] = {
	{ "plain", 0 },
	{ "fixed", MAP_FIXED },
	{ "noreplace", MAP_FIXED_NOREPLACE },
	{ "growsdown", MAP_GROWSDOWN },
	{ "sync", MAP_SYNC },
	{ "populate", MAP_POPULATE },
	{ "hugetlb", MAP_HUGETLB },
	{ "bit 7", 0x80 },
	{ "bit 26", 0x4000000 },
	{ "bit 31", (int)0x80000000 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *answer(int prot, int flags, const struct kind *kind, off_t offset)
{
	void *at = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) ? AT : NULL;
	void *p = mmap(at, PAGE, prot, flags, kind->fd, offset);

	if (p == MAP_FAILED)
		return strerrorname_np(errno);
	munmap(p, PAGE);
	return "mapped";
}

/* To read, and to write. */
static void each_flag(const struct kind *kind, size_t type)
{
	char line[600];
	int n = sprintf(line, "%s, %s:", kind->name, types[type].name);

	for (size_t i = 0; i < COUNT(extras); i++) {
		int flags = types[type].flags | extras[i].flags;

		n += sprintf(line + n, " %s %s/%s", extras[i].name,
			     answer(PROT_READ, flags, kind, 0), answer(PROT_WRITE, flags, kind, 0));
	}
	say("%s\n", line);
}

static void each_offset(const struct kind *kind)
{
	static const uint64_t offsets[] = {
		1, -PAGE, 0x7fffffffffffe000, 0x7ffffffffffff000, 1ul << 63, 100 * PAGE
	};

	for (size_t i = 0; i < COUNT(offsets); i++)
		say("%s at %#lx: %s %s\n", kind->name, offsets[i],
		    answer(PROT_READ, MAP_PRIVATE, kind, (off_t)offsets[i]),
		    answer(PROT_WRITE, MAP_SHARED, kind, (off_t)offsets[i]));
}

static void leave(int sig)
{
	siglongjmp(out, sig);
}

static void touch(const char *what, char *p)
{
	int sig = sigsetjmp(out, 1);

	if (sig == 0)
		*(volatile char *)p = 1;
	say("%s: %s\n", what, sig ? sigabbrev_np(sig) : "fine");
}

/* Zeros, shared with children or not, as large as they were mapped; how far mprotect goes depends on the descriptor. */
static void zeros(int fd, int read_only)
{
	char *shared = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
	char *private = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0), *p;

	if (shared == MAP_FAILED || private == MAP_FAILED)
		return;
	say("not zero: %zu %zu\n", not_all(shared, 4 * PAGE, 0), not_all(private, 4 * PAGE, 0));
	if (fork() == 0) {
		shared[0] = private[0] = 's';
		_exit(0);
	}
	wait(NULL);
	say("a child wrote: %d %d\n", shared[0], private[0]);
	private[PAGE] = 'p';
	TRY(madvise(private, 4 * PAGE, MADV_DONTNEED));
	TRY(madvise(shared, 4 * PAGE, MADV_DONTNEED));
	say("after advice: %d %d\n", shared[0], private[PAGE]);
	TRY(madvise(private, PAGE, MADV_FREE));
	TRY(madvise(shared, PAGE, MADV_FREE));
	touch("private, grown", mremap(private, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE) + 5 * PAGE);
	touch("shared, grown", mremap(shared, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE) + 5 * PAGE);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, read_only, 0);
	TRY(mprotect(p, PAGE, RW));
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, read_only, 0);
	TRY(mprotect(p, PAGE, RW));
	touch("private, of one to read", p);
}

int main(void)
{
	struct kind kinds[11] = { { "file", -1 } };
	size_t n = 0;
	int fds[2];

	make_file("mmap_kinds.tmp", 100);
	if (pipe(fds) != 0)
		return 1;
	kinds[n++] = (struct kind){ "file", open("mmap_kinds.tmp", O_RDWR) };
	kinds[n++] = (struct kind){ "to read", open("mmap_kinds.tmp", O_RDONLY) };
	kinds[n++] = (struct kind){ "to write", open("mmap_kinds.tmp", O_WRONLY) };
	kinds[n++] = (struct kind){ "neither", open("mmap_kinds.tmp", O_PATH) };
	kinds[n++] = (struct kind){ "directory", open("/", O_RDONLY) };
	kinds[n++] = (struct kind){ "pipe", fds[0] };
	kinds[n++] = (struct kind){ "null", open("/dev/null", O_RDWR) };
	kinds[n++] = (struct kind){ "zero", open("/dev/zero", O_RDWR) };
	kinds[n++] = (struct kind){ "zero to read", open("/dev/zero", O_RDONLY) };
	kinds[n++] = (struct kind){ "zero to write", open("/dev/zero", O_WRONLY) };
	kinds[n++] = (struct kind){ "none", 99 };
	for (size_t i = 0; i < n; i++) {
		for (size_t type = 0; type < COUNT(types); type++)
			each_flag(&kinds[i], type);
		each_offset(&kinds[i]);
	}
	signal(SIGBUS, leave);
	signal(SIGSEGV, leave);
	zeros(kinds[7].fd, kinds[8].fd);
	return 0;
}
