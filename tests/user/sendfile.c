/* SPDX-License-Identifier: MIT */
/* sendfile: to files, pipes and devices, with an offset and without, pieces, signals, errors. */
#include "t.h"

#include <sys/sendfile.h>

#define BAD ((void *)8)

static void bytes(const char *what, int fd)
{
	char text[64] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	say("%s: %zd '%s'\n", what, n, text);
}

static void at(const char *what, int fd)
{
	say("%s is at %ld\n", what, (long)lseek(fd, 0, SEEK_CUR));
}

static void files(int in)
{
	int out = open("out.tmp", O_CREAT | O_TRUNC | O_RDWR, 0644);
	off_t offset = 3;

	TRY(sendfile(out, in, NULL, 4));
	at("in", in);
	at("out", out);
	TRY(sendfile(out, in, &offset, 100));
	say("the offset is %ld\n", (long)offset);
	at("in", in);
	at("out", out);
	TRY(sendfile(out, in, &offset, 100));
	TRY(sendfile(out, in, NULL, 0));
	bytes("out", out);
	offset = 1;
	TRY(sendfile(in, in, &offset, 2));
	bytes("in", in);
	offset = 9;
	TRY(sendfile(out, in, &offset, 5));
	bytes("out", out);
	at("out", out);
	offset = 1000;
	TRY(sendfile(out, in, &offset, 5));
	say("the offset is %ld\n", (long)offset);
	lseek(in, 0, SEEK_SET);
	close(out);
}

static void large(void)
{
	int big = open("big.tmp", O_CREAT | O_RDWR, 0644),
	    copy = open("copy.tmp", O_CREAT | O_RDWR, 0644);
	static char page[10000], other[10000];
	unsigned wrong = 0;

	for (unsigned i = 0; i < 30; i++) {
		memset(page, (int)('a' + i % 26), sizeof(page));
		write(big, page, sizeof(page));
	}
	lseek(big, 5, SEEK_SET);
	TRY(sendfile(copy, big, NULL, 1 << 30));
	for (unsigned i = 0; i < 30; i++) {
		pread(big, page, sizeof(page), 5 + i * 10000);
		pread(copy, other, sizeof(other), i * 10000);
		wrong += memcmp(page, other, i == 29 ? 9995 : sizeof(page)) != 0;
	}
	say("%u pieces are wrong\n", wrong);
	TRY(sendfile(copy, open("/dev/zero", O_RDONLY), NULL, 5000));
	TRY(sendfile(open("/dev/null", O_WRONLY), copy, (off_t[]){ 0 }, 1 << 30));
	close(big);
	close(copy);
	unlink("big.tmp");
	unlink("copy.tmp");
}

static void pipes(int in)
{
	static char page[65536];
	int big = open("big.tmp", O_CREAT | O_RDWR, 0644), p[2];
	char text[16] = "";

	if (pipe2(p, O_NONBLOCK))
		return;
	write(big, page, sizeof(page));
	TRY(sendfile(p[1], in, (off_t[]){ 2 }, 5));
	read(p[0], text, sizeof(text));
	say("through a pipe: '%s'\n", text);
	TRY(sendfile(p[1], big, (off_t[]){ 0 }, 1 << 20));
	TRY(sendfile(p[1], in, (off_t[]){ 0 }, 5));
	TRY(sendfile(big, p[0], NULL, 5));
	TRY(sendfile(big, p[0], (off_t[]){ 0 }, 5));
	close(p[0]);
	signal(SIGPIPE, SIG_IGN);
	TRY(sendfile(p[1], in, (off_t[]){ 0 }, 5));
	close(p[1]);
	close(big);
	unlink("big.tmp");
}

static void waits(int in)
{
	static char page[65536];
	int p[2], status, got = 0;
	ssize_t n;
	pid_t pid;

	if (pipe(p))
		return;
	pid = fork();
	if (pid == 0) {
		int big = open("big.tmp", O_CREAT | O_RDWR, 0644);

		for (int i = 0; i < 4; i++)
			write(big, page, sizeof(page));
		lseek(big, 0, SEEK_SET);
		close(p[0]);
		_exit(sendfile(p[1], big, NULL, 1 << 20) == 4 * sizeof(page) ? 7 : 8);
	}
	close(p[1]);
	waitpid(pid, &status, 0); /* a reader beside it would make room for more */
	while ((n = read(p[0], page, sizeof(page))) > 0)
		got += (int)n;
	say("%d bytes through a pipe, status %d\n", got, WEXITSTATUS(status));
	close(p[0]);
	if (pipe(p))
		return;
	pid = fork();
	if (pid == 0) {
		for (;;)
			sendfile(p[1], in, (off_t[]){ 0 }, 10);
	}
	read(p[0], page, 10);
	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	say("it waits until signal %d\n", WTERMSIG(status));
	unlink("big.tmp");
}

static void errors(int in)
{
	int out = open("out.tmp", O_RDWR), ro = open("out.tmp", O_RDONLY);
	int more = open("out.tmp", O_WRONLY | O_APPEND), wo = open("out.tmp", O_WRONLY);
	int path = open("out.tmp", O_PATH), dir = open(".", O_RDONLY);

	TRY(sendfile(-1, in, NULL, 5));
	TRY(sendfile(out, -1, NULL, 5));
	TRY(sendfile(out, -1, BAD, 5));
	TRY(sendfile(ro, in, NULL, 5));
	TRY(sendfile(more, in, NULL, 5));
	TRY(sendfile(out, wo, NULL, 5));
	TRY(sendfile(out, path, NULL, 5));
	TRY(sendfile(path, in, NULL, 5));
	TRY(sendfile(out, dir, NULL, 5));
	TRY(sendfile(out, in, BAD, 5));
	TRY(sendfile(out, in, (off_t[]){ -1 }, 5));
	TRY(sendfile(out, in, NULL, -1));
	TRY(sendfile(out, in, (off_t[]){ INT64_MAX }, 5));
	TRY(sendfile(-1, wo, NULL, -1));
	TRY(sendfile(-1, in, NULL, -1));
}

static void on_signal(int sig)
{
	(void)sig;
}

/* Of a file that nobody may write, of a process that has gone, and a signal with a handler. */
static void others(int in)
{
	struct sigaction action = { .sa_handler = on_signal };
	int sealed = memfd_create("x", MFD_ALLOW_SEALING), p[2], of_process;
	static char page[65536];
	char name[40];
	pid_t pid = fork(), sender;
	long before;

	if (pid == 0)
		for (;;)
			pause();
	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	of_process = open(name, O_RDONLY);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	TRY(sendfile(sealed, of_process, NULL, 5));
	fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE);
	TRY(sendfile(sealed, in, (off_t[]){ 0 }, 5));
	if (pipe(p))
		return;
	write(p[1], page, sizeof(page));
	sigaction(SIGUSR1, &action, NULL);
	pid = getpid();
	before = waits_of(pid);
	sender = fork();
	if (sender == 0) {
		until_it_waits(pid, before);
		for (;;) {
			kill(pid, SIGUSR1);
			usleep(10000);
		}
	}
	TRY(sendfile(p[1], in, (off_t[]){ 0 }, 5));
	signal(SIGUSR1, SIG_IGN);
	kill(sender, SIGKILL);
	waitpid(sender, NULL, 0);
}

int main(void)
{
	int in = open("in.tmp", O_CREAT | O_RDWR, 0644);

	write(in, "0123456789", 10);
	lseek(in, 0, SEEK_SET);
	files(in);
	large();
	pipes(in);
	waits(in);
	errors(in);
	others(in);
	return 0;
}
