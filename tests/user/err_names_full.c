/* SPDX-License-Identifier: MIT */
/* Names are made until the file system is full of them: then ENOSPC, until one is given up. */
#include "t.h"

#define MOST 200000

static char name[32];

static const char *numbered(int n)
{
	snprintf(name, sizeof(name), "crowd/%d", n);
	return name;
}

int main(void)
{
	int n = 0;

	mkdir("crowd", 0755);
	while (n < MOST && mknod(numbered(n), S_IFREG | 0644, 0) == 0)
		n++;
	say("thousands: %d\n", n > 4000);
	TRY(syscall(SYS_mknodat, AT_FDCWD, "more", S_IFREG | 0644, 0));
	TRY(syscall(SYS_mkdirat, AT_FDCWD, "more", 0755));
	TRY(syscall(SYS_linkat, AT_FDCWD, numbered(0), AT_FDCWD, "more", 0));
	TRY(syscall(SYS_openat, AT_FDCWD, "more", O_CREAT | O_RDWR, 0644));
	TRY(syscall(SYS_symlinkat, "x", AT_FDCWD, "more"));
	TRY(unlink(numbered(7)));
	TRY(syscall(SYS_mkdirat, AT_FDCWD, "more", 0755));
	TRY(syscall(SYS_mkdirat, AT_FDCWD, "most", 0755));
	while (n-- > 0)
		unlink(numbered(n));
	TRY(rmdir("crowd"));
	TRY(mkdir("most", 0755));
	return 0;
}
