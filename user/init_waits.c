/* SPDX-License-Identifier: MIT */
/* Reads in /proc what the threads wait for. Words are made of it by the runner (tools/runner/waits.py). */
#include "init_waits.h"

#include "abi/dirent.h"
#include "lib/slurp.h"
#include "lib/sys.h"
#include "lib/text.h"

#define PORT	 "/dev/port/waits"
#define FD_MOST	 0xffffu
#define PATH_MAX 128
#define TEXT_MAX 512

struct answer {
	int port;
	unsigned left; /* threads */
};

int waits_open(void)
{
	return (int)sys_open(PORT, O_RDWR | O_CLOEXEC);
}

static void say(int port, const char *s, long n)
{
	while (n > 0) {
		long done = sys_write(port, s, (unsigned long)n);

		if (done <= 0)
			return;
		s += done;
		n -= done;
	}
}

/* Says a field. Names and paths may have any bytes, but here lines and tabs have a meaning. */
static void say_field(int port, char *text, long n, char end)
{
	n = n < 0 ? 0 : n;
	for (long i = 0; i < n; i++)
		if (text[i] == '\t' || text[i] == '\n')
			text[i] = '?';
	text[n] = end;
	say(port, text, n + 1);
}

/* Reads a file of the thread's; its newline is left out. */
static long read_fact(const char *thread, const char *name, char text[TEXT_MAX + 1])
{
	char path[PATH_MAX];
	long n;

	text_append(text_append(path, thread), name);
	n = slurp(path, text, TEXT_MAX);
	return n > 0 && text[n - 1] == '\n' ? n - 1 : n;
}

/* The state follows the name, which may have a parenthesis in it, too. */
static char waits_state(const char *thread)
{
	char text[TEXT_MAX + 1];
	long n = read_fact(thread, "stat", text);

	while (n > 0 && text[n - 1] != ')')
		n--;
	return n > 0 ? text[n + 1] : '?';
}

/* The descriptor that the call's first argument may be: "63 0x3 ..." -> 3. */
static unsigned fd_of(const char *call)
{
	unsigned fd = 0;

	while (*call && *call != ' ')
		call++;
	if (call[0] != ' ' || call[1] != '0' || call[2] != 'x')
		return FD_MOST;
	for (call += 3; *call && *call != ' ' && fd < FD_MOST; call++)
		fd = fd * 16 + (unsigned)(*call <= '9' ? *call - '0' : *call - 'a' + 10);
	return fd;
}

static void tell_thread(struct answer *answer, const char *pid, const char *tid)
{
	char thread[PATH_MAX], text[TEXT_MAX + 1], call[TEXT_MAX + 1], digits[DECIMAL_SIZE];
	char *end = text_append(text_append(thread, "/proc/"), pid);
	long n;

	if (text_is_same(pid, "1") || !answer->left)
		return;
	answer->left--;
	text_append(text_append(text_append(end, "/task/"), tid), "/");
	end = text_append(text_append(text_append(text_append(text, pid), "\t"), tid), "\t");
	*end++ = waits_state(thread);
	*end++ = '\t';
	say(answer->port, text, end - text);
	n = read_fact(thread, "syscall", call);
	call[n < 0 ? 0 : n] = '\0';
	text_append(text_append(text_append(text, thread), "fd/"), decimal(fd_of(call), digits));
	say_field(answer->port, call, n, '\t');
	n = sys_readlink(text, call, TEXT_MAX);
	say_field(answer->port, call, n, '\t');
	n = read_fact(thread, "comm", text);
	say_field(answer->port, text, n, '\n');
}

/* Calls `visit` for each name in the directory that is a number. */
static void for_each_number(const char *path,
			    void (*visit)(struct answer *, const char *, const char *),
			    struct answer *answer, const char *pid)
{
	char entries[1024];
	long fd = sys_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), n;

	while (fd >= 0 && (n = sys_getdents64((int)fd, entries, sizeof(entries))) > 0)
		for (long at = 0; at < n;) {
			const struct linux_dirent64 *entry = (const void *)(entries + at);

			if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
				visit(answer, pid, entry->d_name);
			at += entry->d_reclen;
		}
	if (fd >= 0)
		sys_close((int)fd);
}

static void tell_process(struct answer *answer, const char *unused, const char *pid)
{
	char path[PATH_MAX];

	text_append(text_append(text_append(path, "/proc/"), pid), "/task");
	for_each_number(path, tell_thread, answer, pid);
}

int waits_answer(int port)
{
	struct answer answer = { .port = port, .left = WAITS_MAX };
	char byte;

	if (sys_read(port, &byte, 1) <= 0)
		return -1;
	for_each_number("/proc", tell_process, &answer, 0);
	say(port, "\n", 1);
	return 0;
}
