/* SPDX-License-Identifier: MIT */
/* P: /proc/PID/io counts calls that read and write, and their bytes, of threads, processes, and children that were waited for. */
#include "thread.h"

#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

static char *volatile bad = (char *)8;

struct io {
	unsigned long rchar, wchar, syscr, syscw, read_bytes, write_bytes, cancelled;
};

/* Returns how many bytes it read, which only the next look finds in rchar; or -1. */
static int look(const char *path, struct io *io)
{
	char text[512];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return -1;
	text[n] = '\0';
	if (sscanf(text,
		   "rchar: %lu\nwchar: %lu\nsyscr: %lu\nsyscw: %lu\nread_bytes: %lu\n"
		   "write_bytes: %lu\ncancelled_write_bytes: %lu\n",
		   &io->rchar, &io->wchar, &io->syscr, &io->syscw, &io->read_bytes,
		   &io->write_bytes, &io->cancelled) != 7)
		say("not what is expected: %s\n", text);
	return (int)n;
}

static struct io base;
static int base_bytes; /* that the look has read */

/* What there was since begin(), without the look itself. */
static void begin(void)
{
	base_bytes = look("/proc/self/io", &base);
}

/* What the calls in between answered, told after they were counted. */
static struct {
	long value;
	int error;
} answers[2];
static int nanswers;

static void did(long value)
{
	answers[nanswers].value = value;
	answers[nanswers++].error = errno;
}

static void told(const char *what)
{
	struct io now;

	look("/proc/self/io", &now);
	say("%s: rchar %ld wchar %ld syscr %ld syscw %ld\n", what,
	    (long)(now.rchar - base.rchar) - base_bytes, (long)(now.wchar - base.wchar),
	    (long)(now.syscr - base.syscr) - 1, (long)(now.syscw - base.syscw));
	for (int i = 0; i < nanswers; i++) {
		errno = answers[i].error;
		result("  answer", answers[i].value);
	}
	nanswers = 0;
}

#define COUNT(what, ...)     \
	do {                 \
		begin();     \
		__VA_ARGS__; \
		told(what);  \
	} while (0)

/* ---- which calls count ---- */

/* A call with right arguments counts, and the bytes that it moved; readv and writev count without a file, too, and splice never. */
static void calls(void)
{
	char buf[200] = "";
	struct iovec two[2] = { { buf, 30 }, { buf + 30, 40 } }, none = { bad, 1 };
	int file = open("file", O_RDWR | O_CREAT, 0600), to = open("to", O_RDWR | O_CREAT, 0600);
	int write_only = open("file", O_WRONLY), dir = open(".", O_RDONLY), ends[2];
	off_t at = 0;

	pipe2(ends, O_NONBLOCK);
	COUNT("nothing", getpid());
	COUNT("write", did(write(file, buf, 100)));
	COUNT("pread", did(pread(file, buf, 60, 10)));
	COUNT("pwrite", did(pwrite(file, buf, 50, 100)));
	COUNT("an end", did(pread(file, buf, 60, 150)));
	COUNT("no bytes", did(read(file, buf, 0)); did(write(file, buf, 0)));
	COUNT("write a pipe", did(write(ends[1], buf, 7)));
	COUNT("read it", did(read(ends[0], buf, 200)));
	COUNT("an empty one", did(read(ends[0], buf, 200)));
	COUNT("readv", lseek(file, 0, SEEK_SET); did(readv(file, two, 2)));
	COUNT("writev", did(writev(to, two, 2)));
	COUNT("preadv", did(preadv(file, two, 2, 0)));
	COUNT("pwritev2", did(pwritev2(to, two, 2, 0, 0)));
	COUNT("sendfile", did(sendfile(to, file, &at, 150)));
	COUNT("sendfile, the end", did(sendfile(to, file, &at, 150)));
	at = 0;
	COUNT("copy_file_range", did(copy_file_range(file, &at, to, NULL, 120, 0)));
	COUNT("splice", at = 0; did(splice(file, &at, ends[1], NULL, 100, 0)));
	COUNT("lseek, stat", lseek(file, 0, SEEK_SET); fstat(file, &(struct stat){ 0 }));
	COUNT("not open", did(read(99, buf, 1)); did(write(99, buf, 1)));
	COUNT("not open, in pieces", did(readv(99, two, 2)); did(writev(99, two, 2)));
	COUNT("not for reading", did(read(write_only, buf, 1)));
	COUNT("a directory", did(read(dir, buf, 1)));
	COUNT("no memory", did(read(file, bad, 1)); did(write(file, bad, 1)));
	COUNT("no address", did(read(file, (void *)-5l, 1)); did(write(file, (void *)-5l, 1)));
	COUNT("no piece", did(readv(file, &none, 1)));
	COUNT("no position", did(pread(file, buf, 1, -1)); did(preadv(file, two, 1, -1)));
	COUNT("a pipe's position", did(pread(ends[0], buf, 1, 0)); did(preadv(ends[0], two, 1, 0)));
	close(file);
	close(to);
	close(write_only);
	close(dir);
	close(ends[0]);
	close(ends[1]);
}

/* ---- threads and processes ---- */

static int zero_fd, go, ready;

static void read_zeros(size_t n)
{
	char buf[1000];

	read(zero_fd, buf, n);
}

static void *in_thread(void *arg)
{
	struct io own, all;

	read_zeros(1000);
	look("/proc/thread-self/io", &own);
	look("/proc/self/io", &all);
	say("a thread's own: %lu %lu, more than all: %d\n", own.rchar, own.syscr,
	    own.rchar > all.rchar);
	raise_flag(&ready);
	until_flag(&go, 1);
	return arg;
}

/* The file of a process has the counts of its threads, of those that have ended, too. */
static void threads(void)
{
	pthread_t thread;
	struct io before, after;

	look("/proc/self/io", &before);
	pthread_create(&thread, NULL, in_thread, NULL);
	until_flag(&ready, 1);
	look("/proc/self/io", &after);
	say("while it lives: %d\n", after.rchar - before.rchar >= 1000);
	raise_flag(&go);
	pthread_join(thread, NULL);
	look("/proc/self/io", &after);
	say("when it has ended: %d\n", after.rchar - before.rchar >= 1000);
	look("/proc/thread-self/io", &after);
	look("/proc/self/io", &before);
	say("but not of the first: %d\n", before.rchar - after.rchar >= 1000);
}

/* A child's counts are added to its parent's when that waits for it, and are lost if it need not wait. */
static void children(void)
{
	struct io io = { 0 };
	char path[60];
	pid_t pid;
	int status;

	begin();
	pid = fork();
	if (pid == 0) {
		read_zeros(700);
		_exit(look("/proc/self/io", &io) > 0 ? (int)io.syscr : -1);
	}
	waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	told("not waited for");
	snprintf(path, sizeof(path), "/proc/%d/io", pid);
	look(path, &io);
	say("a zombie: %lu of calls, %d of bytes\n", io.syscr, io.rchar >= 700);
	begin();
	waitpid(pid, &status, 0);
	base_bytes += (int)io.rchar - 700;
	told("waited for");
	ended("the child", status);
	TRY(look(path, &io));
	signal(SIGCHLD, SIG_IGN);
	begin();
	if (fork() == 0) {
		read_zeros(700);
		_exit(0);
	}
	waitpid(-1, NULL, 0);
	told("ignored");
	signal(SIGCHLD, SIG_DFL);
}

/* What a program has counted stays when it runs another. */
static void programs(const char *self)
{
	struct io io;
	char text[40];
	pid_t pid = fork();

	if (pid == 0) {
		read_zeros(1000);
		look("/proc/self/io", &io);
		snprintf(text, sizeof(text), "%lu", io.rchar);
		execl(self, self, text, NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static void after_exec(const char *before)
{
	struct io io;

	look("/proc/self/io", &io);
	say("after exec: %d\n", io.rchar >= strtoul(before, NULL, 10) && io.rchar >= 1000);
}

/* ---- rights ---- */

/* Who may not trace a process may not read its counts (EACCES), nor by a descriptor from before. */
static int of_another(void *unused)
{
	char path[60], text[10];
	struct iovec piece = { text, 10 };
	struct stat st;
	int fd;

	(void)unused;
	snprintf(path, sizeof(path), "/proc/%d/io", getppid());
	fd = open(path, O_RDONLY);
	stat(path, &st);
	say("mode %o, size %ld\n", st.st_mode, (long)st.st_size);
	setuid(1000);
	TRY(open(path, O_RDONLY));
	TRY(read(fd, text, 10));
	TRY(pread(fd, text, 10, 0));
	TRY(readv(fd, &piece, 1));
	TRY(preadv(fd, &piece, 1, 0));
	TRY(preadv2(fd, &piece, 1, 0, 0));
	TRY(open("/proc/self/io", O_RDONLY));
	prctl(PR_SET_DUMPABLE, 1);
	TRY(open("/proc/self/io", O_RDONLY) >= 0);
	TRY(open("/proc/self/io", O_WRONLY));
	return 0;
}

static void blocks(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	say("blocks: %ld %ld\n", usage.ru_inblock, usage.ru_oublock);
	getrusage(RUSAGE_CHILDREN, &usage);
	say("of children: %ld %ld\n", usage.ru_inblock, usage.ru_oublock);
}

int main(int argc, char **argv)
{
	zero_fd = open("/dev/zero", O_RDONLY);
	if (argc > 1) {
		after_exec(argv[1]);
		return 0;
	}
	calls();
	threads();
	children();
	programs(argv[0]);
	in_child("another", of_another, NULL);
	blocks();
	return 0;
}
