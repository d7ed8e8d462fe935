/* SPDX-License-Identifier: MIT */
/* R13 R15 R51 R53 R60 R61: what a program may rely on when it uses memory, as TAP points. */
/*
 * Each test runs in a child of its own, so that a crash is one failed point. It needs nothing but a
 * C library: built for Linux, it passes there, too.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	4096ul
#define MIB	(1ul << 20)
#define RW	(PROT_READ | PROT_WRITE)
#define ANON	(MAP_PRIVATE | MAP_ANONYMOUS)
#define SECONDS 20 /* after which a test has failed */

/* Ends the test, and says where, if something does not hold. */
#define EXPECT(holds)                           \
	do {                                    \
		if (!(holds))                   \
			fail(__LINE__, #holds); \
	} while (0)

static _Noreturn void fail(int line, const char *what)
{
	char text[200];
	int n = snprintf(text, sizeof(text), "# line %d: %s\n", line, what);

	if (write(STDOUT_FILENO, text, (size_t)n) != n)
		_exit(2);
	_exit(1);
}

static char *map(size_t len, int prot, int flags, int fd, off_t offset)
{
	char *p = mmap(NULL, len, prot, flags, fd, offset);

	EXPECT(p != MAP_FAILED);
	return p;
}

/* The number of bytes in [p, p + n) that are not c. */
static size_t unlike(const volatile char *p, size_t n, char c)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += p[i] != c;
	return found;
}

/* Returns a file of npages, of which page i consists of the letter 'a' + i. */
static int make_file(size_t npages)
{
	char name[] = "/tmp/paging-XXXXXX", page[PAGE];
	int fd = mkstemp(name);

	EXPECT(fd >= 0 && unlink(name) == 0);
	for (size_t i = 0; i < npages; i++) {
		memset(page, 'a' + (int)i, PAGE);
		EXPECT(write(fd, page, PAGE) == (ssize_t)PAGE);
	}
	return fd;
}

/* Runs f(p) in a child. Returns its exit status. */
static int in_child(int (*f)(char *), char *p)
{
	int status;
	pid_t pid = fork();

	EXPECT(pid >= 0);
	if (pid == 0)
		_exit(f(p));
	EXPECT(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int load(char *p)
{
	return *(volatile char *)p;
}

static int store(char *p)
{
	*(volatile char *)p = 'S';
	return 0;
}

static sigjmp_buf after_signal;

static void on_signal(int number)
{
	siglongjmp(after_signal, number);
}

/* Returns the signal that an access by this process ends in, or 0. */
static int signal_of(int (*f)(char *), char *p)
{
	int number = sigsetjmp(after_signal, 1);

	if (number == 0) {
		signal(SIGSEGV, on_signal);
		signal(SIGBUS, on_signal);
		(void)f(p);
	}
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	return number;
}

static void memory_keeps_what_is_written(void)
{
	char *p = map(8 * PAGE, RW, ANON, -1, 0);

	for (int i = 0; i < 8; i++)
		memset(p + (size_t)i * PAGE, '0' + i, PAGE);
	for (int i = 0; i < 8; i++)
		EXPECT(unlike(p + (size_t)i * PAGE, PAGE, (char)('0' + i)) == 0);
}

static void a_child_has_its_parents_memory(void)
{
	char *p = map(PAGE, RW, ANON, -1, 0);

	*p = 'p';
	EXPECT(in_child(load, p) == 'p');
}

static int all_is_zeros_after_writes(char *p)
{
	char *other = map(MIB, RW, ANON, -1, 0);

	memset(other, 0x5a, MIB);
	EXPECT(munmap(other, MIB) == 0);
	return unlike(p, MIB, 0) != 0;
}

static void new_memory_is_zeros(void)
{
	char *p = map(MIB, RW, ANON, -1, 0);

	EXPECT(in_child(all_is_zeros_after_writes, p) == 0);
	for (size_t i = 0; i < MIB; i += PAGE)
		p[i + 7] = 1;
	for (size_t i = 0; i < MIB; i += PAGE)
		EXPECT(unlike(p + i, 7, 0) == 0 && unlike(p + i + 8, PAGE - 8, 0) == 0);
}

/* Pages that were only read may be one page of zeros. */
static void a_write_after_a_read_is_the_pages_own(void)
{
	char *p = map(4 * PAGE, RW, ANON, -1, 0);

	EXPECT(unlike(p, 4 * PAGE, 0) == 0);
	p[PAGE] = 'w';
	EXPECT(p[0] == 0 && p[2 * PAGE] == 0 && p[PAGE] == 'w');
	EXPECT(unlike(map(PAGE, PROT_READ, ANON, -1, 0), PAGE, 0) == 0);
}

static int change_all(char *p)
{
	for (size_t i = 0; i < 4 * MIB; i += PAGE)
		if (p[i] != 'p')
			return 1;
	for (size_t i = 0; i < 4 * MIB; i += PAGE)
		p[i] = 'c';
	return 0;
}

static void a_childs_writes_are_its_own(void)
{
	char *p = map(4 * MIB, RW, ANON, -1, 0);

	for (size_t i = 0; i < 4 * MIB; i += PAGE)
		p[i] = 'p';
	EXPECT(in_child(change_all, p) == 0);
	for (size_t i = 0; i < 4 * MIB; i += PAGE)
		EXPECT(p[i] == 'p');
}

static void a_parents_writes_are_its_own(void)
{
	char *p = map(PAGE, RW, ANON, -1, 0), go = 'g';
	int pipes[2], status;
	pid_t pid;

	*p = 'o';
	EXPECT(pipe(pipes) == 0);
	pid = fork();
	if (pid == 0)
		_exit(read(pipes[0], &go, 1) == 1 ? *(volatile char *)p : 1);
	*p = 'n';
	EXPECT(pid > 0 && write(pipes[1], &go, 1) == 1 && waitpid(pid, &status, 0) == pid);
	EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 'o');
}

#define CHILDREN 256

/* 257 processes have a page, and one of them writes. */
static void many_children_share_a_page(void)
{
	char *p = map(PAGE, RW, ANON, -1, 0), byte = 0;
	int hold[2], status;

	*p = 'o';
	EXPECT(pipe(hold) == 0);
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();

		EXPECT(pid >= 0);
		if (pid == 0) {
			close(hold[1]);
			_exit(read(hold[0], &byte, 1) == 0 ? *(volatile char *)p : 1);
		}
	}
	*p = 'n';
	close(hold[1]);
	for (int i = 0; i < CHILDREN; i++)
		EXPECT(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 'o');
}

static int has_neither(char *p)
{
	return signal_of(load, p) == SIGSEGV && signal_of(load, p + PAGE) == SIGSEGV &&
			       *(volatile char *)(p + 2 * PAGE) == 'k'
		       ? 0
		       : 1;
}

/* Two mappings side by side that a child does not get, and one that it does. */
static void memory_that_no_child_gets(void)
{
	char *p = map(3 * PAGE, RW, ANON, -1, 0);

	memset(p, 'k', 3 * PAGE);
	EXPECT(mprotect(p, PAGE, PROT_READ) == 0);
	EXPECT(madvise(p, 2 * PAGE, MADV_DONTFORK) == 0);
	EXPECT(in_child(has_neither, p) == 0);
	EXPECT(unlike(p, 3 * PAGE, 'k') == 0);
}

static void shared_memory_stays_shared(void)
{
	char *p = map(2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	p[0] = 'o';
	EXPECT(in_child(store, p) == 0 && in_child(store, p + PAGE) == 0);
	EXPECT(p[0] == 'S' && p[PAGE] == 'S');
}

static void protection_reaches_all_of_a_range(void)
{
	char *p = map(6 * MIB, RW, ANON, -1, 0);

	memset(p, 1, 6 * MIB);
	EXPECT(mprotect(p, 6 * MIB, PROT_READ) == 0);
	for (size_t i = 0; i < 6 * MIB; i += MIB)
		EXPECT(signal_of(store, p + i) == SIGSEGV && signal_of(load, p + i) == 0);
	EXPECT(signal_of(store, p + 6 * MIB - 1) == SIGSEGV);
	EXPECT(mprotect(p, 6 * MIB, PROT_NONE) == 0 && signal_of(load, p) == SIGSEGV);
	EXPECT(mprotect(p, 6 * MIB, RW) == 0 && unlike(p, 6 * MIB, 1) == 0);
}

/* The heap begins and ends in the middle of a page, and gives back whole pages and a half. */
static void a_heap_that_shrinks_keeps_the_rest(void)
{
	uintptr_t odd = (uintptr_t)sbrk(0) % PAGE;
	char *p;

	EXPECT(sbrk((intptr_t)(PAGE - odd)) != (void *)-1);
	p = sbrk(4 * PAGE);
	memset(p, 'h', 4 * PAGE);
	EXPECT(sbrk(-(intptr_t)(2 * PAGE + PAGE / 2)) != (void *)-1);
	EXPECT(unlike(p, PAGE + PAGE / 2, 'h') == 0);
	EXPECT(signal_of(load, p + 2 * PAGE) == SIGSEGV);
	EXPECT(sbrk(2 * PAGE) != (void *)-1);
	EXPECT(unlike(p, PAGE + PAGE / 2, 'h') == 0);
	EXPECT(unlike(p + 2 * PAGE, PAGE, 0) == 0);
}

/* Addresses that wrap round, or end above what a program may have. */
static void lengths_that_are_too_large(void)
{
	char *p = map(PAGE, RW, ANON, -1, 0);

	*p = 'k';
	EXPECT(munmap(p, -PAGE) == -1 && errno == EINVAL);
	EXPECT(munmap(p, -(uintptr_t)p) == -1 && errno == EINVAL);
	EXPECT(munmap(p, 0) == -1 && errno == EINVAL);
	EXPECT(munmap(p, SIZE_MAX / 2) == -1 && errno == EINVAL);
	EXPECT(*p == 'k');
}

/* A hole in the middle of 2 MiB; what lies around it stays. */
static void unmapping_leaves_the_neighbours(void)
{
	char *p = map(4 * MIB, RW, ANON, -1, 0), *hole = p + MIB;

	memset(p, 'n', 4 * MIB);
	EXPECT(munmap(hole, MIB) == 0);
	EXPECT(unlike(p, MIB, 'n') == 0 && unlike(hole + MIB, 2 * MIB, 'n') == 0);
	EXPECT(signal_of(load, hole) == SIGSEGV && signal_of(load, hole + MIB - 1) == SIGSEGV);
}

/* A read stops where the memory ends. (How many bytes of its last words count, Linux leaves open.) */
static void a_buffer_with_one_page_of_two(void)
{
	char *p = map(2 * PAGE, RW, ANON, -1, 0);
	int fd = make_file(2);

	EXPECT(munmap(p + PAGE, PAGE) == 0);
	for (size_t n = 64; n <= PAGE; n += 64) {
		memset(p, 0, PAGE);
		EXPECT(pread(fd, p + PAGE - n, n + 100, 0) == (ssize_t)n);
		EXPECT(unlike(p + PAGE - n, n, 'a') == 0 && unlike(p, PAGE - n, 0) == 0);
	}
	EXPECT(pread(fd, p + PAGE, 10, 0) == -1 && errno == EFAULT);
}

static void parts_of_a_file_side_by_side(void)
{
	int fd = make_file(8);
	char *p = map(2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	EXPECT(mmap(p, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 2 * PAGE) == p);
	EXPECT(mmap(p + PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 7 * PAGE) == p + PAGE);
	EXPECT(unlike(p, PAGE, 'a' + 2) == 0 && unlike(p + PAGE, PAGE, 'a' + 7) == 0);
}

static void a_hole_in_a_mapped_file(void)
{
	char *p = map(8 * PAGE, PROT_READ, MAP_PRIVATE, make_file(8), 0);

	EXPECT(munmap(p + 3 * PAGE, PAGE) == 0);
	for (size_t i = 4; i < 8; i++)
		EXPECT(unlike(p + i * PAGE, PAGE, (char)('a' + i)) == 0);
	EXPECT(unlike(p + 2 * PAGE, PAGE, 'a' + 2) == 0);
	EXPECT(signal_of(load, p + 3 * PAGE) == SIGSEGV);
}

static void a_second_view_of_a_file(void)
{
	char *p = map(8 * PAGE, PROT_READ, MAP_SHARED, make_file(8), 0);
	char *second = mremap(p + 3 * PAGE, 0, 2 * PAGE, MREMAP_MAYMOVE);

	EXPECT(second != MAP_FAILED && unlike(second, PAGE, 'a' + 3) == 0);
	EXPECT(unlike(second + PAGE, PAGE, 'a' + 4) == 0 && unlike(p, PAGE, 'a') == 0);
}

static void memory_that_moves(void)
{
	char *p = map(4 * PAGE, RW, ANON, -1, 0), *to = map(16 * PAGE, PROT_NONE, ANON, -1, 0);

	memset(p, 'm', 4 * PAGE);
	EXPECT(mremap(p, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	EXPECT(unlike(to, 4 * PAGE, 'm') == 0 && unlike(to + 4 * PAGE, 4 * PAGE, 0) == 0);
	EXPECT(signal_of(load, p) == SIGSEGV && munmap(to, 8 * PAGE) == 0);
	EXPECT(mmap(to, 8 * PAGE, RW, ANON | MAP_FIXED, -1, 0) == to &&
	       unlike(to, 8 * PAGE, 0) == 0);
}

/* What lies between the old end and the new data is zeros, whatever the frame had before. */
static void a_hole_that_a_write_leaves(void)
{
	char *used = map(MIB, RW, ANON, -1, 0), bytes[2 * PAGE];
	int fd = make_file(1);

	memset(used, 0x5a, MIB);
	EXPECT(munmap(used, MIB) == 0);
	for (int i = 1; i < 8; i++)
		EXPECT(pwrite(fd, "x", 1, (off_t)((size_t)(2 * i + 1) * PAGE - 1)) == 1);
	for (int i = 1; i < 8; i++) {
		EXPECT(pread(fd, bytes, 2 * PAGE, (off_t)((size_t)(2 * i - 1) * PAGE)) == 2 * PAGE);
		EXPECT(unlike(bytes, 2 * PAGE - 1, 0) == 0 && bytes[2 * PAGE - 1] == 'x');
	}
}

static void a_hole_that_is_punched(void)
{
	int fd = make_file(4);
	char *p = map(4 * PAGE, PROT_READ, MAP_SHARED, fd, 0), *middle = p + PAGE / 2;

	EXPECT(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE / 2, 2 * PAGE) == 0);
	EXPECT(unlike(p, PAGE / 2, 'a') == 0 && unlike(middle, 2 * PAGE, 0) == 0);
	EXPECT(unlike(middle + 2 * PAGE, PAGE / 2, 'c') == 0 &&
	       unlike(p + 3 * PAGE, PAGE, 'd') == 0);
}

static void a_file_that_shrinks(void)
{
	int fd = make_file(4);
	char *p = map(4 * PAGE, RW, MAP_SHARED, fd, 0);

	EXPECT(unlike(p + 3 * PAGE, PAGE, 'a' + 3) == 0);
	EXPECT(ftruncate(fd, PAGE + 100) == 0);
	EXPECT(signal_of(load, p + 2 * PAGE) == SIGBUS && signal_of(load, p + 3 * PAGE) == SIGBUS);
	EXPECT(unlike(p + PAGE, 100, 'b') == 0 && unlike(p + PAGE + 100, PAGE - 100, 0) == 0);
	EXPECT(ftruncate(fd, 4 * PAGE) == 0);
	EXPECT(unlike(p + PAGE + 100, 3 * PAGE - 100, 0) == 0);
}

static const struct test {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "memory keeps what is written to it", memory_keeps_what_is_written },
	{ "a child has its parent's memory", a_child_has_its_parents_memory },
	{ "new memory is zeros", new_memory_is_zeros },
	{ "a write after a read is the page's own", a_write_after_a_read_is_the_pages_own },
	{ "a child's writes are its own", a_childs_writes_are_its_own },
	{ "a parent's writes are its own", a_parents_writes_are_its_own },
	{ "many children share a page", many_children_share_a_page },
	{ "shared memory stays shared", shared_memory_stays_shared },
	{ "memory that no child gets", memory_that_no_child_gets },
	{ "protection reaches all of a range", protection_reaches_all_of_a_range },
	{ "a heap that shrinks keeps the rest", a_heap_that_shrinks_keeps_the_rest },
	{ "lengths that are too large", lengths_that_are_too_large },
	{ "unmapping leaves the neighbours", unmapping_leaves_the_neighbours },
	{ "a buffer with one page of two", a_buffer_with_one_page_of_two },
	{ "parts of a file side by side", parts_of_a_file_side_by_side },
	{ "a hole in a mapped file", a_hole_in_a_mapped_file },
	{ "a second view of a file", a_second_view_of_a_file },
	{ "memory that moves", memory_that_moves },
	{ "a hole that a write leaves", a_hole_that_a_write_leaves },
	{ "a hole that is punched", a_hole_that_is_punched },
	{ "a file that shrinks", a_file_that_shrinks },
};

/* Returns whether a test passes. */
static int passes(const struct test *test)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		alarm(SECONDS);
		test->run();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 0;
	if (WIFSIGNALED(status))
		printf("# killed by SIG%s\n", sigabbrev_np(WTERMSIG(status)));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(void)
{
	size_t n = sizeof(tests) / sizeof(tests[0]), failed = 0;

	setvbuf(stdout, NULL, _IONBF, 0);
	printf("1..%zu\n", n);
	for (size_t i = 0; i < n; i++) {
		int ok = passes(&tests[i]);

		failed += !ok;
		printf("%s %zu - %s\n", ok ? "ok" : "not ok", i + 1, tests[i].name);
	}
	return failed != 0;
}
