/* SPDX-License-Identifier: MIT */
/* Reading the kernel's log: whole lines, the newest where room is short, and what is refused. */
#include "t.h"

#define BAD	    ((char *)8)
#define READ_ALL    3
#define SIZE_BUFFER 10

static char all[1 << 20], some[1 << 20];

static void refused(void)
{
	TRY(syscall(SYS_syslog, -1, all, 10));
	TRY(syscall(SYS_syslog, 11, all, 10));
	TRY(syscall(SYS_syslog, 0x7fffffff, all, 10));
	TRY(syscall(SYS_syslog, READ_ALL, NULL, 10));
	TRY(syscall(SYS_syslog, READ_ALL, NULL, 0));
	TRY(syscall(SYS_syslog, READ_ALL, all, -1));
	TRY(syscall(SYS_syslog, READ_ALL, BAD, -1));
	TRY(syscall(SYS_syslog, READ_ALL, BAD, 10000));
	TRY(syscall(SYS_syslog, READ_ALL, -1L, 10));
	TRY(syscall(SYS_syslog, READ_ALL, BAD, 0));
	TRY(syscall(SYS_syslog, READ_ALL, all, 0));
	TRY(syscall(SYS_syslog, READ_ALL, all, 1));
	TRY(syscall(SYS_syslog, READ_ALL, all, 0x100000000));
}

static void ignored(void)
{
	TRY(syscall(SYS_syslog, 0, NULL, 0));
	TRY(syscall(SYS_syslog, 1, NULL, -1));
}

/* Each line begins with "<6>[", and the last one is whole. */
static void shape(const char *text, long n)
{
	long lines = 0, good = 0;

	for (long at = 0; at < n; at++) {
		if (at > 0 && text[at - 1] != '\n')
			continue;
		lines++;
		good += text[at] == '<' && strchr("01234567", text[at + 1]) &&
			text[at + 2] == '>' && text[at + 3] == '[';
	}
	say("lines: %s, all begin well: %d, the last one is whole: %d\n",
	    lines > 2 ? "many" : "few", good == lines, n > 0 && text[n - 1] == '\n');
}

static void read_it(void)
{
	long size = syscall(SYS_syslog, SIZE_BUFFER, NULL, -1);
	long n = syscall(SYS_syslog, READ_ALL, all, sizeof(all)), m;
	char *hole = before_hole(1) + PAGE;

	say("it fits what SIZE_BUFFER says: %d\n", n > 0 && n <= size);
	shape(all, n);
	m = syscall(SYS_syslog, READ_ALL, some, 500);
	say("some of it: %d, the newest: %d\n", m > 100 && m <= 500,
	    !memcmp(some, all + n - m, (size_t)m));
	shape(some, m);
	say("nothing behind it: %d\n", not_all(some + m, sizeof(some) - (size_t)m, 0) == 0);
	m = syscall(SYS_syslog, READ_ALL, hole - 500, 500);
	say("up to a hole: %d\n", m > 100 && m <= 500);
	TRY(syscall(SYS_syslog, READ_ALL, hole - 10, 500));
}

int main(void)
{
	refused();
	ignored();
	read_it();
	return 0;
}
