/* SPDX-License-Identifier: MIT */
/* What swapon refuses, and in which order: flags, then the path, then the file's type. What swapoff refuses. */
#include "t.h"

static void flags(void)
{
	TRY(syscall(SYS_swapon, "absent", 0x7ffff));
	TRY(syscall(SYS_swapon, "absent", 0x80000));
	TRY(syscall(SYS_swapon, "absent", 0x80000000));
	TRY(syscall(SYS_swapon, "absent", 1ul << 40));
	TRY(syscall(SYS_swapon, (char *)8, 0x100000));
}

static void paths(void)
{
	static char too_long[5000];

	memset(too_long, 'x', sizeof(too_long) - 1);
	TRY(syscall(SYS_swapon, "absent", 0));
	TRY(syscall(SYS_swapon, "", 0));
	TRY(syscall(SYS_swapon, (char *)8, 0));
	TRY(syscall(SYS_swapon, too_long, 0));
	TRY(syscall(SYS_swapon, too_long + 5000 - 300, 0));
	TRY(syscall(SYS_swapon, "file.tmp/x", 0));
	TRY(syscall(SYS_swapon, "/links/loop", 0));
}

static void files(void)
{
	TRY(syscall(SYS_swapon, "file.tmp", 0));
	TRY(syscall(SYS_swapon, ".", 0));
	TRY(syscall(SYS_swapon, "/", 0));
	TRY(syscall(SYS_swapon, "/dev/null", 0));
	TRY(syscall(SYS_swapon, "/links/to_target", 0));
}

static void off(void)
{
	static char too_long[5000];

	memset(too_long, 'x', sizeof(too_long) - 1);
	TRY(syscall(SYS_swapoff, "absent"));
	TRY(syscall(SYS_swapoff, ""));
	TRY(syscall(SYS_swapoff, (char *)8));
	TRY(syscall(SYS_swapoff, too_long));
	TRY(syscall(SYS_swapoff, "file.tmp/x"));
	TRY(syscall(SYS_swapoff, "/links/loop"));
	TRY(syscall(SYS_swapoff, "file.tmp"));
	TRY(syscall(SYS_swapoff, "."));
	TRY(syscall(SYS_swapoff, "/dev/null"));
}

int main(void)
{
	int fd = open("file.tmp", O_CREAT | O_RDWR, 0600);

	TRY(ftruncate(fd, 1 << 20));
	flags();
	paths();
	files();
	off();
	TRY(unlink("file.tmp"));
	return 0;
}
