/* SPDX-License-Identifier: MIT */
/* Reading the kernel's log: all of it, or each line once; what is refused, and what is forgotten. */
#include "t.h"

#define BAD	      ((char *)8)
#define READ	      2
#define READ_ALL      3
#define READ_CLEAR    4
#define CLEAR	      5
#define CONSOLE_OFF   6
#define CONSOLE_ON    7
#define CONSOLE_LEVEL 8
#define SIZE_UNREAD   9
#define SIZE_BUFFER   10

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
	for (int action = READ; action <= READ_CLEAR; action += 2) {
		TRY(syscall(SYS_syslog, action, NULL, 10));
		TRY(syscall(SYS_syslog, action, all, -1));
		TRY(syscall(SYS_syslog, action, -1L, 10));
		TRY(syscall(SYS_syslog, action, all, 0));
	}
	for (int level = -1; level < 10; level++)
		TRY(syscall(SYS_syslog, CONSOLE_LEVEL, NULL, level));
	TRY(syscall(SYS_syslog, CONSOLE_ON, NULL, -1));
	TRY(syscall(SYS_syslog, CONSOLE_OFF, NULL, -1));
	TRY(syscall(SYS_syslog, CONSOLE_ON, NULL, -1));
	TRY(syscall(SYS_syslog, CONSOLE_OFF, NULL,
		    -1)); /* it stays off: the console has the output of the test */
	TRY(syscall(SYS_syslog, CONSOLE_OFF, NULL, -1));
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
	m = syscall(SYS_syslog, READ_ALL, some, 3000); /* a line may have some 400 */
	say("some of it: %d, the newest: %d\n", m > 100 && m <= 3000,
	    !memcmp(some, all + n - m, (size_t)m));
	shape(some, m);
	say("nothing behind it: %d\n", not_all(some + m, sizeof(some) - (size_t)m, 0) == 0);
	m = syscall(SYS_syslog, READ_ALL, hole - 500, 500);
	say("up to a hole: %d\n", m > 100 && m <= 500);
	TRY(syscall(SYS_syslog, READ_ALL, hole - 10, 500));
}

/* ---- who may read it ---- */

static int by_another(void *arg)
{
	(void)arg;
	setuid(5);
	for (int action = 0; action <= SIZE_BUFFER; action++) {
		long n = syscall(SYS_syslog, action, NULL, 0);

		result("syslog", n > 0 ? 1 : n); /* the size is up to the kernel */
	}
	say("a part: %d\n", syscall(SYS_syslog, READ_ALL, some, 500) > 100);
	return 0;
}

static void for_others(void)
{
	int fd = open("/proc/sys/kernel/dmesg_restrict", O_WRONLY);

	in_child("restricted", by_another, NULL);
	pwrite(fd, "0", 1, 0);
	in_child("not restricted", by_another, NULL);
	pwrite(fd, "1", 1, 0);
	close(fd);
}

/* ---- each line once ---- */

/* The kernel says in its log that a program accessed what it may not; of one that was executed once, not always. */
static void adds_to_it(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/proc/self/exe", "syslog", "accesses", NULL);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void handler(int sig)
{
	(void)sig;
}

static long unread(void)
{
	return syscall(SYS_syslog, SIZE_UNREAD, NULL, 0);
}

static void read_once(void)
{
	long n, more, again;

	adds_to_it();
	n = unread();
	say("something was not read yet: %d\n", n > 50);
	/* A line in parts. */
	TRY(syscall(SYS_syslog, READ, all, 5));
	say("less by as much: %d\n", unread() == n - 5);
	TRY(syscall(SYS_syslog, READ, all + 5, 1));
	more = syscall(SYS_syslog, READ, all + 6, sizeof(all) - 6);
	say("the rest: %d\n", more > 0 && more <= n - 6);
	shape(all, 6 + more);
	while (unread() > 0)
		syscall(SYS_syslog, READ, all, sizeof(all));
	TRY(unread());
	adds_to_it();
	n = unread();
	again = syscall(SYS_syslog, READ_ALL, some, sizeof(some));
	say("what is new comes last: %d\n", n > 0 && n < again);
	more = syscall(SYS_syslog, READ, all, sizeof(all));
	say("once: %d\n", more == n && !memcmp(all, some + again - n, (size_t)n));
	TRY(unread());
}

static void waits_for_more(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(syscall(SYS_syslog, READ, all, 3) == 3 && all[0] == '<' ? 7 : 1);
	until_it_sleeps(pid);
	adds_to_it();
	waitpid(pid, &status, 0);
	say("it got a line: %d\n", WEXITSTATUS(status) == 7);
	while (unread() > 0)
		syscall(SYS_syslog, READ, all, sizeof(all));
	pid = fork();
	if (pid == 0) {
		sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = handler }, NULL);
		TRY(syscall(SYS_syslog, READ, all, 3));
		_exit(0);
	}
	until_it_sleeps(pid);
	kill(pid, SIGUSR1);
	waitpid(pid, NULL, 0);
}

static void forget(void)
{
	long n, m;

	adds_to_it();
	n = unread();
	TRY(syscall(SYS_syslog, CLEAR, BAD, -1));
	TRY(syscall(SYS_syslog, READ_ALL, all, sizeof(all)));
	say("not of READ: %d\n", n > 0 && unread() == n);
	adds_to_it();
	m = unread() - n;
	say("what came since: %d\n", syscall(SYS_syslog, READ_ALL, all, sizeof(all)) == m);
	say("again: %d\n", syscall(SYS_syslog, READ_CLEAR, all, sizeof(all)) == m);
	shape(all, m);
	TRY(syscall(SYS_syslog, READ_ALL, all, sizeof(all)));
	TRY(syscall(SYS_syslog, READ_CLEAR, all, sizeof(all)));
	say("not of READ: %d\n", syscall(SYS_syslog, READ, all, sizeof(all)) == n + m);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		*(volatile int *)BAD = 1;
	refused();
	ignored();
	read_it();
	for_others();
	read_once();
	waits_for_more();
	forget();
	return 0;
}
