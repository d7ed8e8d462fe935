/* SPDX-License-Identifier: MIT */
/* P: pipes of other sizes and with packets; splice, tee and vmsplice between pipes and files. */
#include "t.h"

#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/time.h>
#include <sys/uio.h>

#define LARGE (1 << 20)

static char bytes[2 * LARGE], got[2 * LARGE];
static int file, other, in[2], out[2];

static char *volatile bad = (char *)8;

/* Takes all that is in a pipe. */
static long drain(int fd)
{
	long n = 0, more;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while ((more = read(fd, got, sizeof(got))) > 0)
		n += more;
	fcntl(fd, F_SETFL, 0);
	return n;
}

static void say_bytes(const char *what, size_t at, size_t n)
{
	say("%s: %d\n", what, memcmp(got, bytes + at, n));
}

/* ---- sizes ---- */

static int size_of_another(void *unused)
{
	(void)unused;
	setuid(1000);
	TRY(fcntl(in[1], F_SETPIPE_SZ, LARGE));
	TRY(fcntl(in[1], F_SETPIPE_SZ, LARGE + 1));
	TRY(fcntl(in[1], F_SETPIPE_SZ, 1 << 16));
	return 0;
}

/* A size is rounded up to a power of two pages; it cannot go below what is in the pipe (EBUSY), nor above a limit (EPERM). */
static void sizes(void)
{
	int n, fd;

	fcntl(in[0], F_SETFL, O_NONBLOCK);
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	TRY(fcntl(in[0], F_GETPIPE_SZ));
	TRY(fcntl(in[1], F_GETPIPE_SZ));
	TRY(fcntl(file, F_GETPIPE_SZ));
	TRY(fcntl(99, F_GETPIPE_SZ));
	TRY(fcntl(file, F_SETPIPE_SZ, 4096));
	TRY(fcntl(in[1], F_SETPIPE_SZ, 0));
	TRY(fcntl(in[1], F_SETPIPE_SZ, 5000));
	TRY(fcntl(in[0], F_GETPIPE_SZ));
	TRY(write(in[1], bytes, 100000));
	TRY(fcntl(in[1], F_SETPIPE_SZ, 4096));
	TRY(fcntl(in[1], F_SETPIPE_SZ, 8193));
	TRY(write(in[1], bytes + 8192, 100000));
	TRY(fcntl(in[1], F_SETPIPE_SZ, 8192));
	TRY(read(in[0], got, 4096));
	TRY(fcntl(in[1], F_SETPIPE_SZ, 8192));
	TRY(fcntl(in[1], F_SETPIPE_SZ, 12288));
	TRY(fcntl(in[1], F_SETPIPE_SZ, LARGE));
	TRY(fcntl(in[1], F_SETPIPE_SZ, LARGE + 1));
	TRY(fcntl(in[1], F_SETPIPE_SZ, -1));
	TRY(fcntl(in[1], F_SETPIPE_SZ, 0x80000001));
	TRY(write(in[1], bytes + 16384, 2 * LARGE - 16384));
	TRY(fcntl(in[1], F_SETPIPE_SZ, LARGE));
	TRY(ioctl(in[0], FIONREAD, &n));
	say("%d\n", n);
	TRY(read(in[0], got, 2 * LARGE));
	say_bytes("the bytes", 4096, 2 * LARGE - 16384 - 4096);
	in_child("another", size_of_another, NULL);
	fd = open("/proc/sys/fs/pipe-max-size", O_RDWR);
	TRY(write(fd, "70000", 5));
	TRY(pread(fd, got, 100, 0));
	say("%.6s\n", got);
	TRY(pwrite(fd, "100", 3, 0));
	TRY(pread(fd, got, 100, 0));
	say("%.4s\n", got);
	in_child("another", size_of_another, NULL);
	TRY(pwrite(fd, "3000000000", 10, 0));
	TRY(pwrite(fd, "1048576", 7, 0));
	close(fd);
	fcntl(in[1], F_SETPIPE_SZ, 1 << 16);
	fcntl(in[0], F_SETFL, 0);
	fcntl(in[1], F_SETFL, 0);
}

/* ---- packets ---- */

/* A write with O_DIRECT makes packets of up to a page; a read takes one, and what it has no room for is lost. */
static void packets(void)
{
	int ends[2], n;

	TRY(pipe2(ends, O_DIRECT | O_NONBLOCK));
	TRY(fcntl(ends[1], F_GETFL));
	TRY(fcntl(ends[0], F_GETFL));
	TRY(write(ends[1], "abc", 3));
	TRY(write(ends[1], "de", 2));
	TRY(ioctl(ends[0], FIONREAD, &n));
	say("%d\n", n);
	TRY(read(ends[0], got, 10));
	TRY(read(ends[0], got, 1));
	TRY(read(ends[0], got, 10));
	TRY(write(ends[1], bytes, 10000));
	for (int i = 0; i < 4; i++)
		TRY(read(ends[0], got, 10000));
	for (n = 0; write(ends[1], "x", 1) == 1; n++)
		continue;
	say("%d\n", n);
	TRY(fcntl(ends[1], F_SETFL, O_NONBLOCK));
	TRY(fcntl(ends[1], F_GETFL));
	TRY(read(ends[0], got, 10));
	TRY(write(ends[1], "yz", 2));
	while (read(ends[0], got, 100) > 0)
		continue;
	TRY(fcntl(ends[1], F_SETFL, O_NONBLOCK | O_DIRECT));
	TRY(write(ends[1], "yz", 2));
	TRY(write(ends[1], "yz", 2));
	TRY(fcntl(ends[1], F_SETFL, O_NONBLOCK));
	TRY(write(ends[1], "not appended", 12));
	TRY(read(ends[0], got, 100));
	TRY(read(ends[0], got, 100));
	TRY(read(ends[0], got, 100));
	TRY(write(ends[1], "", 0));
	TRY(read(ends[0], got, 100));
	close(ends[0]);
	close(ends[1]);
}

/* ---- files and pipes ---- */

/* splice moves the file's position or the offset that it was given, and never both. */
static void files(void)
{
	loff_t at = 10, to = 5;
	int n;

	TRY(splice(file, &at, in[1], NULL, 100, 0));
	say("%ld\n", (long)at);
	TRY(read(in[0], got, 200));
	say_bytes("at an offset", 10, 100);
	TRY(lseek(file, 0, SEEK_CUR));
	lseek(file, 100, SEEK_SET);
	TRY(splice(file, NULL, in[1], NULL, 100, 0));
	TRY(lseek(file, 0, SEEK_CUR));
	TRY(splice(in[0], NULL, out[1], NULL, 30, 0));
	TRY(splice(in[0], NULL, out[1], NULL, 1000, SPLICE_F_MOVE));
	TRY(read(out[0], got, 200));
	say_bytes("by two pipes", 100, 100);
	lseek(file, 0, SEEK_SET);
	TRY(splice(file, NULL, in[1], NULL, LARGE, 0));
	TRY(splice(file, NULL, in[1], NULL, LARGE, SPLICE_F_NONBLOCK));
	TRY(ioctl(in[0], FIONREAD, &n));
	say("%d\n", n);
	TRY(splice(in[0], NULL, other, &to, 40000, 0));
	say("%ld\n", (long)to);
	TRY(lseek(other, 0, SEEK_CUR));
	TRY(pread(other, got, 50000, 5));
	say_bytes("in a file", 0, 40000);
	TRY(splice(in[0], NULL, other, NULL, LARGE, 0));
	TRY(lseek(other, 0, SEEK_CUR));
	TRY(pread(other, got, 25536, 0));
	say_bytes("the rest", 40000, 25536);
	TRY(splice(in[0], NULL, other, NULL, LARGE, SPLICE_F_NONBLOCK));
	lseek(file, 200000, SEEK_SET);
	TRY(splice(file, NULL, in[1], NULL, 5, 0));
}

/* tee copies what is in a pipe and leaves it there; the two ends must be of different pipes. */
static void copies(void)
{
	lseek(file, 0, SEEK_SET);
	TRY(splice(file, NULL, in[1], NULL, 5, 0));
	TRY(tee(in[0], out[1], 100, 0));
	TRY(read(out[0], got, 100));
	say_bytes("a copy", 0, 5);
	TRY(read(in[0], got, 100));
	say_bytes("and the bytes", 0, 5);
	write(in[1], bytes, 10000);
	TRY(tee(in[0], out[1], 6000, 0));
	TRY(tee(in[0], out[1], LARGE, 0));
	TRY(read(out[0], got, LARGE));
	say_bytes("the first", 0, 6000);
	say("the second: %d\n", memcmp(got + 6000, bytes, 10000));
	TRY(read(in[0], got, LARGE));
	TRY(tee(in[0], out[1], 100, SPLICE_F_NONBLOCK));
	TRY(tee(in[0], in[1], 100, 0));
	TRY(tee(file, out[1], 100, 0));
	TRY(tee(in[0], other, 100, 0));
	TRY(tee(in[0], out[1], 0, 0));
	TRY(tee(in[0], out[1], 1, 16));
	TRY(tee(99, out[1], 1, 0));
	TRY(tee(in[1], out[1], 1, 0));
	TRY(tee(in[0], out[0], 1, 0));
}

/* ---- pipes without a reader ---- */

static ssize_t by_write(int to)
{
	return write(to, "x", 1);
}

static ssize_t by_splice(int to)
{
	return splice(in[0], NULL, to, NULL, 3, 0);
}

static ssize_t by_tee(int to)
{
	return tee(in[0], to, 3, 0);
}

static ssize_t by_splice_of_a_file(int to)
{
	loff_t at = 0;

	return splice(file, &at, to, NULL, 5, 0);
}

static ssize_t by_sendfile(int to)
{
	off_t at = 0;

	return sendfile(to, file, &at, 5);
}

static ssize_t by_vmsplice(int to)
{
	return vmsplice(to, &(struct iovec){ "x", 1 }, 1, 0);
}

static const struct {
	const char *name;
	ssize_t (*call)(int to);
} writers[] = {
	{ "write", by_write },	     { "splice", by_splice },
	{ "tee", by_tee },	     { "splice of a file", by_splice_of_a_file },
	{ "sendfile", by_sendfile }, { "vmsplice", by_vmsplice },
};

static volatile int nsignals;

static void count_signal(int sig)
{
	(void)sig;
	nsignals++;
}

static void fill(int to)
{
	fcntl(to, F_SETFL, O_NONBLOCK);
	while (write(to, bytes, PAGE) > 0)
		continue;
	fcntl(to, F_SETFL, 0);
}

/* Either there is none, or the last one leaves while the call waits for room. */
static void without_reader(bool leaves)
{
	for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
		int ends[2];

		pipe(ends);
		nsignals = 0;
		if (leaves)
			fill(ends[1]);
		if (leaves && fork() == 0) {
			close(ends[1]);
			until_parent_sleeps();
			_exit(0);
		}
		close(ends[0]);
		result(writers[i].name, writers[i].call(ends[1]));
		say("signals: %d\n", nsignals);
		close(ends[1]);
		if (leaves)
			wait(NULL);
	}
}

/* Each way into a pipe without a reader gives EPIPE and one SIGPIPE, also when the last one leaves meanwhile. */
static void readers(void)
{
	signal(SIGPIPE, count_signal);
	write(in[1], "abc", 3);
	without_reader(false);
	without_reader(true);
	say("left: %ld\n", drain(in[0]));
	signal(SIGPIPE, SIG_IGN);
}

/* ---- what is refused ---- */

/* splice needs a pipe at one end at least, an offset only for what is no pipe, and no file of O_APPEND. */
static void refusals(void)
{
	int event = eventfd(1, 0), zero = open("/dev/zero", O_RDWR),
	    null = open("/dev/null", O_RDWR);
	int append = open("third", O_WRONLY | O_CREAT | O_APPEND, 0600);
	int writer = open("third", O_WRONLY), reader = open("third", O_RDONLY);
	int process = open("/proc/self/stat", O_RDONLY), machine = open("/proc/version", O_RDONLY);
	int sealed = memfd_create("m", MFD_ALLOW_SEALING), ends[2];
	loff_t at = 0;

	TRY(splice(file, NULL, other, NULL, 5, 0));
	TRY(splice(in[0], NULL, in[1], NULL, 5, 0));
	TRY(splice(in[0], &at, out[1], NULL, 5, 0));
	TRY(splice(file, NULL, in[1], &at, 5, 0));
	TRY(splice(in[1], NULL, out[1], NULL, 5, 0));
	TRY(splice(in[0], NULL, out[0], NULL, 5, 0));
	TRY(splice(99, NULL, out[1], NULL, 5, 0));
	TRY(splice(in[0], NULL, 99, NULL, 5, 0));
	TRY(splice(in[0], NULL, 99, NULL, 0, 0));
	TRY(splice(in[0], NULL, 99, NULL, 5, 16));
	TRY(splice(file, (loff_t *)bad, in[1], NULL, 5, 0));
	at = -1;
	TRY(splice(file, &at, in[1], NULL, 5, 0));
	at = 1l << 40;
	TRY(splice(file, &at, in[1], NULL, 5, 0));
	TRY(splice(event, NULL, in[1], NULL, 8, 0));
	TRY(splice(event, &at, in[1], NULL, 8, 0));
	write(in[1], "abc", 3);
	TRY(splice(in[0], NULL, event, NULL, 3, 0));
	TRY(splice(zero, NULL, in[1], NULL, 100, 0));
	TRY(splice(in[0], NULL, null, NULL, 1000, 0));
	TRY(splice(null, NULL, in[1], NULL, 100, 0));
	write(in[1], "abc", 3);
	TRY(splice(in[0], NULL, zero, NULL, 3, 0));
	write(in[1], "abc", 3);
	TRY(splice(in[0], NULL, append, NULL, 3, 0));
	TRY(splice(writer, NULL, in[1], NULL, 3, 0));
	TRY(splice(in[0], NULL, reader, NULL, 3, 0));
	at = -5;
	TRY(splice(in[0], NULL, writer, &at, 3, 0));
	at = 0x7ffffffffffffffe;
	TRY(splice(in[0], NULL, writer, &at, 3, 0));
	at = 0;
	TRY(splice(in[0], NULL, writer, &at, 3, 0));
	TRY(splice(open("/", O_RDONLY), NULL, in[1], NULL, 3, 0));
	TRY(splice(process, NULL, in[1], NULL, 3, 0));
	TRY(splice(machine, NULL, in[1], NULL, 3, 0));
	TRY(splice(open("third", O_PATH), NULL, in[1], NULL, 3, 0));
	TRY(splice(file, NULL, in[1], NULL, -1, SPLICE_F_NONBLOCK));
	say("left: %ld\n", drain(in[0]));
	TRY(splice(in[0], NULL, other, NULL, 5, SPLICE_F_NONBLOCK));
	fcntl(in[0], F_SETFL, O_NONBLOCK);
	TRY(splice(in[0], NULL, other, NULL, 5, 0));
	TRY(splice(in[0], NULL, out[1], NULL, 5, 0));
	fcntl(in[0], F_SETFL, 0);
	fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE);
	write(in[1], "abc", 3);
	TRY(splice(in[0], NULL, sealed, NULL, 3, 0));
	TRY(read(in[0], got, 10));
	say("kept: %.3s\n", got);
	pipe(ends);
	close(ends[1]);
	TRY(splice(ends[0], NULL, other, NULL, 5, 0));
	TRY(splice(ends[0], NULL, out[1], NULL, 5, 0));
	TRY(tee(ends[0], out[1], 5, 0));
	close(ends[0]);
}

/* vmsplice puts memory into a pipe, or takes bytes out of one, by the end that it is called with. */
static void memory(void)
{
	struct iovec two[2] = { { "hello ", 6 }, { "world", 5 } }, wrong = { bad, 5 };
	struct iovec some = { got, 4 };

	TRY(vmsplice(in[1], two, 2, 0));
	TRY(read(in[0], got, 100));
	say("%.11s\n", got);
	TRY(vmsplice(in[1], two, 2, 16));
	TRY(vmsplice(file, two, 2, 0));
	TRY(vmsplice(99, two, 2, 0));
	TRY(vmsplice(in[1], two, 1025, 0));
	TRY(vmsplice(in[1], (struct iovec *)bad, 1, 0));
	TRY(vmsplice(in[1], two, 0, 0));
	TRY(vmsplice(in[1], &wrong, 1, 0));
	write(in[1], "0123456789", 10);
	TRY(vmsplice(in[0], &some, 1, 0));
	say("%.4s\n", got);
	some.iov_len = 100;
	TRY(vmsplice(in[0], &some, 1, 0));
	TRY(vmsplice(in[0], &some, 1, SPLICE_F_NONBLOCK));
	some = (struct iovec){ bytes, 1 };
	for (int i = 0; i < 200; i++)
		if (vmsplice(in[1], &(struct iovec){ bytes, 4096 }, 1, SPLICE_F_NONBLOCK) < 0)
			break;
	TRY(vmsplice(in[1], &some, 1, SPLICE_F_NONBLOCK));
	drain(in[0]);
}

static void interrupts(int signal)
{
	(void)signal;
}

/* One process fills what another empties, of which each waits for the other. */
static void streams(void)
{
	struct sigaction action = { .sa_handler = interrupts };
	struct iovec some = { got, 10 };
	int ends[2], source = open("stream", O_RDWR | O_CREAT, 0600), sink;
	long sum = 0, n;

	sigaction(SIGALRM, &action, NULL);
	pipe(ends);
	/* Again and again: the first may come before the call has begun to wait. */
	ualarm(30000, 30000);
	TRY(splice(ends[0], NULL, other, NULL, 5, 0));
	TRY(tee(ends[0], out[1], 5, 0));
	TRY(vmsplice(ends[0], &some, 1, 0));
	ualarm(0, 0);
	while (write(ends[1], bytes, 4096) == 4096 && ++sum < 16)
		continue;
	lseek(source, 0, SEEK_SET);
	write(source, bytes, LARGE);
	lseek(source, 0, SEEK_SET);
	ualarm(30000, 30000);
	TRY(splice(source, NULL, ends[1], NULL, 5, 0));
	ualarm(0, 0);
	drain(ends[0]);
	if (fork() == 0) {
		close(ends[0]);
		while ((n = splice(source, NULL, ends[1], NULL, 100000, 0)) > 0)
			continue;
		_exit(n == 0 ? 0 : 1);
	}
	close(ends[1]);
	sink = open("sink", O_RDWR | O_CREAT, 0600);
	for (sum = 0; (n = splice(ends[0], NULL, sink, NULL, 7777, 0)) > 0; sum += n)
		continue;
	wait(NULL);
	say("moved: %ld\n", sum);
	pread(sink, got, LARGE, 0);
	say_bytes("all", 0, LARGE);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7 + (i >> 12));
	pipe(in);
	pipe(out);
	file = open("file", O_RDWR | O_CREAT, 0600);
	other = open("other", O_RDWR | O_CREAT, 0600);
	write(file, bytes, 200000);
	sizes();
	packets();
	files();
	copies();
	readers();
	refusals();
	memory();
	streams();
	return 0;
}
