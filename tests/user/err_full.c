/* SPDX-License-Identifier: MIT */
/* A file grows until the file system is full: then ENOSPC, and what is there can still be written. */
#include "t.h"

#include <sys/uio.h>

static char buf[64 * 1024];

int main(void)
{
	int fd = open("full.tmp", O_CREAT | O_RDWR, 0600);
	struct iovec part = { buf, sizeof(buf) };
	long size = 0, more = 1;

	while (size < (long)GIB * 4 && more > 0) {
		more = write(fd, buf, sizeof(buf));
		size += more > 0 ? more : 0;
	}
	say("megabytes: %d\n", size > 20 * (long)MIB);
	TRY(syscall(SYS_write, fd, buf, sizeof(buf)));
	TRY(syscall(SYS_writev, fd, &part, 1));
	TRY(syscall(SYS_pwrite64, fd, buf, sizeof(buf), 2 * size));
	TRY(syscall(SYS_pwrite64, fd, buf, 100, 50));
	TRY(ftruncate(fd, 0));
	TRY(syscall(SYS_pwrite64, fd, buf, 100, 50));
	return 0;
}
