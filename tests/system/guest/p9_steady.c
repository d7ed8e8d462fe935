/* SPDX-License-Identifier: MIT */
/* Servers that are slow and answer everything: no request is given up, however many others it waits for. */
#define _GNU_SOURCE
#include "asleep.h"
#include "p9.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each is answered in a part of a second (PACE_MS), which is the time-out, and all of them in many. */
#define READERS 16

static void wait_for_all(const pid_t *pids, unsigned n)
{
	int status = -1;

	for (unsigned i = 0; i < n; i++) {
		waitpid(pids[i], &status, 0);
		expect("a child's status", 0, status);
	}
}

/* Starts children that read a page each, and have not the other file open. Returns when all of them wait for the server. */
static void start_readers(int fd, int other, pid_t *pids)
{
	uint8_t byte = 0;

	for (unsigned i = 0; i < READERS; i++) {
		uint64_t at = (39 - 2 * i) * PAGE;

		pids[i] = fork();
		if (pids[i])
			continue;
		close(other);
		expect("read", 1, pread(fd, &byte, 1, (off_t)at));
		expect("its byte", other < 0 ? byte_of(at) : 0, byte);
		_exit(nwrong != 0);
	}
	until_asleep(pids, READERS);
}

/* Requests of two kinds: those for which a thread waits itself, and those for pages. */
static void readers(void)
{
	pid_t pages[READERS], names[READERS];
	struct stat st;
	int fd;

	start("timeout=1");
	fd = open("/mnt/a", O_RDONLY);
	tell(STEADY, 0);
	start_readers(fd, -1, pages);
	for (unsigned i = 0; i < READERS; i++) {
		names[i] = fork();
		if (names[i] == 0)
			_exit(stat("/mnt/sub", &st) ? errno : 0);
	}
	wait_for_all(pages, READERS);
	wait_for_all(names, READERS);
	close(fd);
	stop();
	expect("requests that were given up", 0, control->seen[P9_TFLUSH]);
}

static void writer(void)
{
	int fd;

	start_to_write("timeout=1,msize=8192"); /* a page each */
	fd = open("/mnt/new", O_CREAT | O_RDWR, 0644);
	fill_new(new_bytes, 0, NEW_SIZE);
	tell(STEADY, P9_TWRITE);
	expect("write", NEW_SIZE, write(fd, new_bytes, NEW_SIZE));
	expect("fsync", 0, fsync(fd));
	expect("what the server has", 0, wrong_stored_bytes(0, NEW_SIZE));
	close(fd);
	stop();
	expect("requests that were given up", 0, control->seen[P9_TFLUSH]);
}

/* Processes that write to more files than the kernel lets be without an answer to Tclunk. */
#define FILES	560
#define WRITERS 2

static void open_many(unsigned from)
{
	char name[32];

	errno = 0;
	for (unsigned i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "/mnt/sub/n%u", from + i);
		if (open(name, O_WRONLY) < 0)
			break;
	}
	expect("the last open", 0, errno);
	control->progress++;
	pause();
	_exit(1);
}

/* A new fid waits for the answers to many Tclunk. */
void test_slow_clunks(void)
{
	pid_t pids[WRITERS];
	struct stat st;
	unsigned before;

	start_to_write("timeout=1");
	for (unsigned i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			open_many(i * FILES);
		while (control->progress <= i)
			nap(1);
	}
	before = control->clunks;
	tell(STEADY, P9_TCLUNK);
	for (unsigned i = 0; i < WRITERS; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	expect("fids that are not clunked yet", 1, control->clunks < before + 20);
	expect("stat", 0, stat("/mnt/a", &st));
	expect("fids that are", 1, control->clunks >= before + WRITERS * FILES - 1024);
	tell(TRUTH, 0);
	stop();
	expect("requests that were given up", 0, control->seen[P9_TFLUSH]);
}

/* The last close of a file without a name waits for its removal, which is the last of many requests. */
static void removal(void)
{
	pid_t pids[READERS];
	int fd, read_by_others;

	start_to_write("timeout=1");
	control->created = control->stays = 1;
	control->new_size = 40 * PAGE;
	read_by_others = open("/mnt/new", O_RDONLY);
	fd = open("/mnt/a", O_RDONLY);
	expect("unlink", 0, unlink("/mnt/a"));
	expect("it has a hidden name", 1, control->hidden);
	tell(STEADY, P9_TREAD);
	start_readers(read_by_others, fd, pids);
	expect("close", 0, close(fd));
	expect("it has a hidden name", 0, control->hidden);
	wait_for_all(pids, READERS);
	close(read_by_others);
	stop();
	expect("requests that were given up", 0, control->seen[P9_TFLUSH]);
}

/* Another server is attached, which takes longer than the time-out for all that is in use. Nobody's wait ends. */
static void attach(void)
{
	int fds[READERS], dirty;
	char name[32];
	pid_t waits;

	start_to_write("timeout=1");
	for (unsigned i = 0; i < READERS; i++) {
		snprintf(name, sizeof(name), "/mnt/sub/n%u", i);
		fds[i] = open(name, O_RDONLY);
		expect("open", 1, fds[i] >= 0);
	}
	waits = fork();
	if (waits == 0) {
		dirty = open("/mnt/new", O_CREAT | O_RDWR, 0644);
		fill_new(new_bytes, 0, NEW_SIZE);
		expect("write", NEW_SIZE, write(dirty, new_bytes, NEW_SIZE));
		control->progress = 1;
		kill(server, SIGKILL);
		expect("fsync", 0, fsync(dirty));
		_exit(nwrong != 0);
	}
	waitpid(server, NULL, 0);
	until_asleep(&waits, 1);
	tell(STEADY, 0);
	expect("attach again", 0, attach_again());
	tell(TRUTH, 0);
	wait_for_all(&waits, 1);
	expect("what the server has", 0, wrong_stored_bytes(0, NEW_SIZE));
	for (unsigned i = 0; i < READERS; i++)
		close(fds[i]);
	stop();
}

/* What is received has its time, and is given up although others are answered all the while. */
static void answers_for_others(void)
{
	struct stat st;
	char target[8];
	uint8_t byte;
	pid_t other;
	int fd;

	start("timeout=1");
	fd = open("/mnt/a", O_RDONLY);
	tell(MUTE, P9_TREAD);
	other = fork();
	while (other == 0) {
		expect("stat", 0, stat("/mnt/sub", &st));
		nap(100);
	}
	expect_error("a read", EIO, pread(fd, &byte, 1, 38 * PAGE));
	tell(MUTE, P9_TREADLINK);
	expect_error("readlink", EIO, readlink("/mnt/link", target, sizeof(target)));
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	close(fd);
	stop();
}

/* A server that is stopped receives at most what comes first, if it has waited for that. */
static void receives_nothing(void)
{
	struct stat st;
	uint8_t byte;
	int fd;

	start("timeout=1");
	fd = open("/mnt/a", O_RDONLY);
	expect("read", 1, pread(fd, &byte, 1, 0));
	kill(server, SIGSTOP);
	expect_error("a read", EIO, pread(fd, &byte, 1, 38 * PAGE));
	expect_error("stat", EIO, stat("/mnt/sub", &st));
	kill(server, SIGCONT);
	expect("read", 1, pread(fd, &byte, 1, 38 * PAGE));
	close(fd);
	stop();
}

void test_steady(void)
{
	readers();
	writer();
	removal();
	attach();
	answers_for_others();
	receives_nothing();
}
