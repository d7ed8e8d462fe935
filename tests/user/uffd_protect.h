/* SPDX-License-Identifier: MIT */
/* What the tests of write protection by userfaultfd share: requests, writes that wait or do not, words of pagemap. */
#ifndef TESTS_USER_UFFD_PROTECT_H
#define TESTS_USER_UFFD_PROTECT_H

#include "uffd_objects.h"

#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM (1 << 12)
#endif
#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED (1 << 13)
#endif
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC (1 << 15)
#endif
#ifndef UFFDIO_CONTINUE_MODE_WP
#define UFFDIO_CONTINUE_MODE_WP 2
#endif

#define WP	UFFDIO_REGISTER_MODE_WP
#define MISSING UFFDIO_REGISTER_MODE_MISSING
#define MINOR	UFFDIO_REGISTER_MODE_MINOR
#define OFF	0 /* of UFFDIO_WRITEPROTECT: writes are allowed again */
#define ON	UFFDIO_WRITEPROTECT_MODE_WP

__attribute__((unused)) static int uffd_protect(int fd, const void *p, size_t len, uint64_t mode)
{
	struct uffdio_writeprotect arg = { .range = { (uintptr_t)p, len }, .mode = mode };

	return ioctl(fd, UFFDIO_WRITEPROTECT, &arg);
}

__attribute__((unused)) static void *write_there(void *at)
{
	*(volatile char *)at = 'W';
	return NULL;
}

/* A write that has to wait, until the page is unprotected. */
__attribute__((unused)) static void waits(int fd, char *base, size_t i)
{
	pthread_t thread = start(write_there, base + i * PAGE + 7);

	next_message(fd, base);
	UFFD(uffd_protect(fd, base + i * PAGE, PAGE, OFF));
	join(thread);
	say("page %d has %s and %s\n", (int)i, letter(base[i * PAGE]), letter(base[i * PAGE + 7]));
}

/* Are there no messages? Then the write did not wait. */
__attribute__((unused)) static void passes(int fd, char *base, size_t i)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	base[i * PAGE + 9] = 'p';
	say("page %d: no message: %d\n", (int)i, poll(&poll_fd, 1, 0) == 0);
}

/* What pagemap says of the first n pages: present, swap, file, protected. */
__attribute__((unused)) static void show(const char *what, const char *base, int n)
{
	int map = open("/proc/self/pagemap", O_RDONLY);

	say("%s:", what);
	for (int i = 0; i < n; i++) {
		uint64_t word = 0;

		must_be("pread", pread(map, &word, 8, ((uintptr_t)base / PAGE + i) * 8), 8);
		say(" %s%s%s%s", word >> 63 & 1 ? "P" : "-", word >> 62 & 1 ? "S" : "-",
		    word >> 61 & 1 ? "F" : "-", word >> 57 & 1 ? "W" : "-");
	}
	say("\n");
	close(map);
}

__attribute__((unused)) static int status_of(pid_t pid)
{
	int status = 0;

	return waitpid(pid, &status, 0) == pid ? WEXITSTATUS(status) : -1;
}

#endif
