/* SPDX-License-Identifier: MIT */
/* Servers that do not answer: time-outs, kills of who waits, Tflush, and the end of the server. */
#define _GNU_SOURCE
#include "p9.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Returns what a read of a silent server's file ends with. */
static int read_in_vain(int fd)
{
	uint8_t byte;

	return pread(fd, &byte, 1, 7 * PAGE) < 0 ? -errno : 0;
}

/*
 * A time-out may be longer than the machine has run. It is kept although another one is over first, when the kernel
 * looks at all requests.
 */
static void silence_at_boot(void)
{
	struct timespec now;
	int slow, quick, status = -1;
	char options[32];
	pid_t child, slow_server;

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(options, sizeof(options), "timeout=%ld", (long)now.tv_sec + 5);
	start(options);
	slow = open("/mnt/a", O_RDONLY);
	slow_server = server;
	mounted_at = "/mnt2";
	start("timeout=1");
	quick = open("/mnt2/a", O_RDONLY);
	tell(SILENT, P9_TREAD);
	child = fork();
	if (child == 0)
		_exit(read_in_vain(slow) != -EIO);
	wait_for("Tread", &control->seen[P9_TREAD], 1);
	expect("the quick one", -EIO, read_in_vain(quick));
	waitpid(child, &status, 0);
	expect("the slow one", 0, status);
	close(quick);
	stop();
	close(slow);
	mounted_at = "/mnt";
	server = slow_server;
	stop();
}

static void silence(void)
{
	uint8_t byte, *mem;
	struct stat st;
	int fd;

	start("timeout=1");
	fd = open("/mnt/a", O_RDONLY);
	mem = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	tell(SILENT, 0);
	expect_error("stat", EIO, stat("/mnt/sub", &st));
	expect_error("read", EIO, pread(fd, &byte, 1, 0));
	expect("a mapped page", SIGBUS, touch(mem + PAGE) & 0x7f);
	tell(LATE, P9_TREAD);
	expect_error("a late read", EIO, pread(fd, &byte, 1, 9 * PAGE));
	tell(TRUTH, 0);
	expect("read", 1, pread(fd, &byte, 1, 9 * PAGE));
	expect("its byte", byte_of(9 * PAGE), byte);
	expect("the late answer", -ESRCH, control->late);
	wait_for("Tflush of the late", &control->unknown_flushes, 1);
	munmap(mem, FILE_SIZE);
	close(fd);
	stop();
}

/* A kill ends the wait at once, for a name and for a page. */
static void kills_end_waits(void)
{
	unsigned walks, reads, flushed;
	uint8_t *mem;
	struct stat st;
	pid_t child;
	int fd, status = 0;

	start("timeout=2");
	fd = open("/mnt/a", O_RDONLY);
	mem = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	walks = control->seen[P9_TWALK];
	reads = control->seen[P9_TREAD];
	flushed = control->flushed[P9_TWALK];
	tell(SILENT, 0);
	child = fork();
	if (child == 0)
		_exit(stat("/mnt/sub", &st));
	wait_for("Twalk", &control->seen[P9_TWALK], walks + 1);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	expect("killed at a name", SIGKILL, status);
	wait_for("Tflush", &control->flushed[P9_TWALK], flushed + 1);
	flushed = control->flushed[P9_TREAD];
	child = fork();
	if (child == 0)
		_exit(mem[20 * PAGE]);
	wait_for("Tread", &control->seen[P9_TREAD], reads + 1);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	expect("killed at a page", SIGKILL, status);
	tell(TRUTH, 0);
	/* what the killed one asked for is given up: that error is not for who comes next */
	wait_for("Tflush", &control->flushed[P9_TREAD], flushed + 1);
	expect("that page", 0, wrong_bytes(mem + 20 * PAGE, 20 * PAGE, 10));
	munmap(mem, FILE_SIZE);
	close(fd);
	stop();
}

/* Kills a child that waits for the answer to a request of that type. */
static void kill_at(unsigned type)
{
	unsigned before = control->seen[type];
	int status = 0;
	struct stat st;
	pid_t child;

	tell(MUTE, type);
	child = fork();
	if (child == 0) {
		if (type == P9_TREADDIR)
			_exit((int)count_names("/mnt/sub"));
		if (type == P9_TLOPEN)
			_exit(open_another());
		_exit(stat("/mnt/a", &st));
	}
	wait_for("the request", &control->seen[type], before + 1);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	expect("killed", SIGKILL, status);
	tell(TRUTH, 0);
}

/*
 * Who is killed does not wait for Rflush. Until that comes, neither the tag nor the fids of the
 * request are used.
 */
static void flushes_of_the_killed(void)
{
	static const unsigned types[] = { P9_TWALK, P9_TGETATTR, P9_TLOPEN, P9_TREADDIR };
	struct stat st;

	start("timeout=20");
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		unsigned flushes = control->seen[P9_TFLUSH];

		control->flush = FLUSH_LATER;
		kill_at(types[i]);
		wait_for("Tflush", &control->seen[P9_TFLUSH], flushes + 1);
		expect("stat meanwhile", 0, stat("/mnt/a", &st));
		expect("names meanwhile", NAMES, count_names("/mnt/sub"));
		control->flush = (enum flush)i;
		ipc_notify(poke, 1);
		expect("stat after it", 0, stat("/mnt/a", &st));
		expect("one Tflush for each", flushes + 1, control->seen[P9_TFLUSH]);
	}
	stop();
	expect("used too early", 0, control->reused);
	expect("flushes of nothing", 0, control->unknown_flushes);
	expect("every fid is clunked", control->walks + 1, control->clunks);
}

/* After the time of a request, the late answer to it is refused, and does not land. */
static void flushes_of_the_late(void)
{
	struct stat st;
	uint8_t byte;
	int fd;

	start("timeout=2");
	fd = open("/mnt/a", O_RDONLY);
	control->flush = FLUSH_AFTER_ANSWER;
	tell(MUTE, P9_TREAD);
	expect_error("read", EIO, pread(fd, &byte, 1, 9 * PAGE));
	wait_for("Tflush", &control->seen[P9_TFLUSH], 1);
	tell(TRUTH, 0);
	expect("read again", 1, pread(fd, &byte, 1, 9 * PAGE));
	expect("its byte", byte_of(9 * PAGE), byte);
	expect("the late answer", -ESRCH, control->late);
	tell(MUTE, P9_TWALK);
	expect_error("stat", EIO, stat("/mnt/a", &st));
	wait_for("Tflush", &control->seen[P9_TFLUSH], 2);
	close(fd);
	tell(MUTE, P9_TCLUNK);
	expect("stat", 0, stat("/mnt/a", &st)); /* the walk's fid is not needed */
	wait_for("Tflush of Tclunk", &control->seen[P9_TFLUSH], 3);
	tell(TRUTH, 0);
	expect("stat again", 0, stat("/mnt/a", &st));
	stop();
	expect("used too early", 0, control->reused);
	expect("flushes of nothing", 0, control->unknown_flushes);
	expect("every fid is clunked", control->walks + 1, control->clunks);
}

/*
 * A server that answers no Tflush gets no more requests after a while: each of these keeps memory.
 * When it does answer, all goes on; and the mount can go without an answer.
 */
static void flushes_without_end(void)
{
	unsigned walks, writes;
	struct stat st;
	uint8_t byte;
	int fd;

	expect("mount", 0, try_mount(0, "timeout=20"));
	fd = open("/mnt/a", O_RDWR);
	expect("read", 1, pread(fd, &byte, 1, 0));
	expect("write", 1, pwrite(fd, &byte, 1, 0));
	writes = control->seen[P9_TWRITE];
	control->flush = FLUSH_LATER;
	for (unsigned i = 0; i < 64; i++) {
		expect("stat", 0, stat("/mnt/a", &st));
		kill_at(P9_TWALK);
		wait_for("Tflush", &control->seen[P9_TFLUSH], i + 1);
	}
	walks = control->seen[P9_TWALK];
	expect_error("stat", EIO, stat("/mnt/a", &st));
	expect("was not sent", walks, control->seen[P9_TWALK]);
	expect_error("fsync", EIO, fsync(fd));
	expect("what was written was not sent", writes, control->seen[P9_TWRITE]);
	close(fd);
	ipc_notify(poke, 1);
	UNTIL("stat after the answers", stat("/mnt/a", &st) == 0);
	for (unsigned i = 0; i < 10; i++)
		kill_at(P9_TWALK);
	wait_for("Tflush", &control->seen[P9_TFLUSH], 64 + 10);
	stop();
	expect("flushes of nothing", 0, control->unknown_flushes);
}

static bool answers_when_poked(void)
{
	struct stat st;

	ipc_notify(poke, 1);
	return stat("/mnt/a", &st) == 0;
}

/* A server that answers everything but Tclunk gets no more fids after a while, until it does. */
static void clunks_without_end(void)
{
	struct stat st;
	unsigned n = 0;

	start("timeout=2");
	control->flush = FLUSH_LATER;
	tell(MUTE, P9_TCLUNK);
	while (n < OWED && stat("/mnt/a", &st) == 0)
		n++;
	expect("its errno", EIO, errno);
	expect("some fids", 1, n > 100);
	expect("not any number", 1, n < OWED);
	tell(TRUTH, 0);
	/* More Tclunk may run out of time meanwhile, whose Tflush waits for the next notification. */
	UNTIL("stat after the answers", answers_when_poked());
	stop();
}

static void death(unsigned of)
{
	uint8_t byte, *mem;
	struct stat st;
	int fd, status;

	start("timeout=2");
	fd = open("/mnt/a", O_RDONLY);
	mem = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	expect("read", 1, pread(fd, &byte, 1, 0));
	tell(DIE, of);
	if (of == P9_TREAD) {
		expect("a mapped page", SIGBUS, touch(mem + 33 * PAGE) & 0x7f);
	} else {
		expect_error("stat", EIO, stat("/mnt/a", &st));
	}
	waitpid(server, &status, 0);
	expect("what was read before", 1, pread(fd, &byte, 1, 0));
	expect_error("what was not", EIO, pread(fd, &byte, 1, 35 * PAGE));
	expect("a mapped page", SIGBUS, touch(mem + 36 * PAGE) & 0x7f);
	expect_error("stat", EIO, stat("/mnt/a", &st));
	munmap(mem, FILE_SIZE);
	close(fd);
	expect("umount", 0, umount("/mnt"));
}

/* The killed server answers nobody any more, whatever it was doing. */
static void killed_at_any_time(void)
{
	for (unsigned i = 0; i < 6; i++) {
		pid_t child;
		int status;

		start("timeout=1");
		child = fork();
		if (child == 0) {
			static uint8_t bytes[FILE_SIZE];
			int fd;

			for (;;) {
				fd = open("/mnt/a", O_RDONLY);
				if (fd < 0)
					_exit(errno == EIO ? 0 : 1);
				if (pread(fd, bytes, FILE_SIZE, 0) < 0 && errno != EIO)
					_exit(2);
				(void)count_names("/mnt/sub");
				close(fd);
			}
		}
		nap(i);
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
		waitpid(child, &status, 0);
		expect("the reader's end", 0, status);
		expect("umount", 0, umount("/mnt"));
	}
}

void test_silence(void)
{
	silence_at_boot();
	silence();
	kills_end_waits();
	flushes_of_the_killed();
	flushes_of_the_late();
	flushes_without_end();
	clunks_without_end();
	death(P9_TREAD);
	death(P9_TGETATTR);
	death(P9_TWALK);
	killed_at_any_time();
}
