/* SPDX-License-Identifier: MIT */
/* A copy of the running program with another owner and mode: one with set-id bits, for tests that execute it. */
#ifndef TESTS_USER_SET_ID_H
#define TESTS_USER_SET_ID_H

#include "t.h"

static void copy_program(const char *to, uid_t uid, gid_t gid, mode_t mode)
{
	static char bytes[65536];
	int from = open("/proc/self/exe", O_RDONLY), fd = open(to, O_CREAT | O_WRONLY, 0700);
	ssize_t n;

	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		if (write(fd, bytes, (size_t)n) != n)
			result("write", -1);
	close(from);
	close(fd);
	chown(to, uid, gid);
	chmod(to, mode);
}

#endif
