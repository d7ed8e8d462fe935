/* SPDX-License-Identifier: MIT */
/* Calls that are not there answer ENOSYS, ioctl on what is no terminal ENOTTY, and the ids are
 * those of root's process. */
#include "t.h"

#include <sys/ioctl.h>
#include <termios.h>

static void ioctls(const char *what, int fd)
{
	struct termios t;
	struct winsize w;

	say("%s\n", what);
	TRY(ioctl(fd, TCGETS, &t));
	TRY(ioctl(fd, TIOCGWINSZ, &w));
	TRY(ioctl(fd, 0x12345678, 8));
}

int main(void)
{
	int p[2], file = open("odd.tmp", O_CREAT | O_RDWR, 0600);
	static const long missing[] = { 500,	  600, 1000,  4095,    1l << 31,
					1l << 40, -1,  -4095, 1l << 63 };

	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
		long r = syscall(missing[i], 1, 2, 3, 4, 5, 6);

		say("call %ld: %s\n", missing[i], r == -1 ? strerrorname_np(errno) : "there");
	}
	TRY(pipe(p));
	ioctls("pipe", p[0]);
	ioctls("file", file);
	ioctls("null", open("/dev/null", O_RDWR));
	ioctls("folder", open("/", O_RDONLY));
	ioctls("standard output", STDOUT_FILENO);
	ioctls("nothing", 99);
	TRY(isatty(0));
	TRY(isatty(1));
	TRY(isatty(2));
	say("pid stays: %s\n", getpid() == (int)syscall(SYS_getpid) && getpid() > 1 ? "yes" : "no");
	say("set_tid_address gives it: %s\n",
	    syscall(SYS_set_tid_address, &p[0]) == getpid() ? "yes" : "no");
	say("parent differs: %s\n", getppid() > 0 && getppid() != getpid() ? "yes" : "no");
	return 0;
}
