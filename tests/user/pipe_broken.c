/* SPDX-License-Identifier: MIT */
/* Broken pipes: SIGPIPE ends the writer, the end of the last writer is the end of the file, and a
 * waiter is woken. */
#include "t.h"

static int p[2];

static int write_broken(void *unused)
{
	(void)unused;
	close(p[0]);
	TRY(write(p[1], "x", 1));
	return 1;
}

/* Fills the pipe and waits in write until the parent closes the other end. */
static int write_until_broken(void *unused)
{
	char buf[4096] = { 0 };

	(void)unused;
	close(p[0]);
	while (write(p[1], buf, sizeof(buf)) > 0)
		continue;
	return 1;
}

static int read_to_end(void *unused)
{
	char c;
	long n = 0;

	(void)unused;
	close(p[1]);
	while (read(p[0], &c, 1) == 1)
		n++;
	return (int)n;
}

static void reap(const char *what, pid_t pid)
{
	int status;

	TRY(waitpid(pid, &status, 0) == pid);
	ended(what, status);
}

int main(void)
{
	char buf[16];
	pid_t pid;
	int q;

	TRY(pipe(p));
	close(p[0]);
	in_child("write without a reader", write_broken, NULL);
	TRY(write(p[1], NULL, 0));
	close(p[1]);

	TRY(pipe(p));
	pid = fork();
	if (pid == 0)
		_exit(write_until_broken(NULL));
	until_it_waits(pid, 0);
	close(p[0]);
	reap("writer that waited", pid);
	close(p[1]);

	TRY(pipe(p));
	pid = fork();
	if (pid == 0)
		_exit(read_to_end(NULL));
	TRY(write(p[1], "abc", 3));
	until_it_waits(pid, 0);
	close(p[1]);
	reap("reader that waited got", pid);
	close(p[0]);

	TRY(pipe(p));
	q = dup(p[1]);
	TRY(write(p[1], "hello", 5));
	close(p[1]);
	TRY(write(q, " you", 4));
	close(q);
	TRY(read(p[0], buf, sizeof(buf)));
	say("%.9s\n", buf);
	TRY(read(p[0], buf, sizeof(buf)));
	TRY(close(p[0]));
	TRY(close(p[0]));

	/* A killed writer counts as closed. */
	TRY(pipe(p));
	pid = fork();
	if (pid == 0) {
		_exit((int)read(p[0], buf, 1));
	}
	close(p[1]);
	TRY(kill(pid, SIGKILL));
	reap("reader", pid);
	TRY(read(p[0], buf, 1));
	return 0;
}
