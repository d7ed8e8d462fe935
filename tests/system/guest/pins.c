/* SPDX-License-Identifier: MIT */
/* Pages that are pinned as the receive buffers of calls: how many pins a page can have, and what they forbid. */
#define _GNU_SOURCE
#include "abi/faultline.h"
#include "lib/ipc.h"
#include "expect.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x20
#endif

#define PAGE	4096ul
#define RW	(PROT_READ | PROT_WRITE)
#define CALLERS 1024 /* with IPC_PAGES pins each: more than 16 bits count */
#define VICTIM	"/tmp/victim"
#define STATUS	7 /* of the victim */

static int receive_end, send_end;

/* What a caller's buffer is, and its stack: callers run in this space. */
static struct {
	char *at;
	size_t length;
	bool reads; /* the server may read it, and not write */
} buffer;
static char stacks[CALLERS][PAGE] __attribute__((aligned(16)));

static long or_errno(long result)
{
	return result < 0 ? -errno : result;
}

static void *map(void *at, size_t length, int prot, int flags, int fd)
{
	void *mem = mmap(at, length, prot, flags | (at ? MAP_FIXED : 0), fd, 0);

	if (mem == MAP_FAILED) {
		expect("mmap", 0, -errno);
		exit(1);
	}
	return mem;
}

static int call(void *arg)
{
	struct ipc_transfer with = { 0 };
	struct ipc_message message = { { 0 }, 0 };

	(void)arg;
	if (buffer.reads) {
		with.send = buffer.at;
		with.send_length = buffer.length;
	} else {
		with.receive = buffer.at;
		with.receive_length = buffer.length;
	}
	_exit(ipc_call_with(send_end, &message, &with, IPC_NEVER) != 0);
}

static void start_caller(unsigned which, void *at, size_t length)
{
	buffer.at = at;
	buffer.length = length;
	if (clone(call, stacks[which] + PAGE, CLONE_VM | SIGCHLD, NULL) < 0) {
		expect("clone", 0, -errno);
		exit(1);
	}
}

/* Returns the rcvid of the next call. */
static uint64_t received(void)
{
	struct ipc_message message = { { 0 }, 0 };
	long rcvid;

	rcvid = ipc_receive(receive_end, &message, IPC_NEVER);
	if (rcvid <= 0) {
		expect("receive", 1, rcvid);
		exit(1);
	}
	return (uint64_t)rcvid;
}

/* Starts a caller. Returns when its call has been received, with the rcvid. */
static uint64_t pinned(unsigned which, void *at, size_t length)
{
	start_caller(which, at, length);
	return received();
}

/* Answers a call, and returns when the caller has ended: then its pins are gone. */
static void answer(uint64_t rcvid)
{
	struct ipc_message message = { { 0 }, 0 };
	int status;

	expect("reply", 0, ipc_reply(receive_end, rcvid, &message));
	expect("wait", 1, wait(&status) > 0);
	expect("the caller's status", 0, status);
}

static int file_of(size_t pages, unsigned flags)
{
	int fd = memfd_create("pins", flags);

	if (fd < 0 || ftruncate(fd, (off_t)(pages * PAGE)) != 0)
		expect("memfd", 0, -errno);
	return fd;
}

static long seal(int fd, int seals)
{
	return or_errno(fcntl(fd, F_ADD_SEALS, seals));
}

/* R141: one page is in all the places of the buffers of as many callers as pin it 65,536 times. */
static void many_pins(void)
{
	static uint64_t rcvids[CALLERS];
	int fd = file_of(1, MFD_ALLOW_SEALING);
	char *places = map(NULL, IPC_PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	char byte = 0;

	for (unsigned i = 0; i < IPC_PAGES; i++)
		map(places + i * PAGE, PAGE, RW, MAP_SHARED, fd);
	for (unsigned i = 0; i < CALLERS; i++)
		rcvids[i] = pinned(i, places, IPC_PAGES * PAGE);
	expect("munmap", 0, munmap(places, IPC_PAGES * PAGE));
	expect("seal with 65,536 pins", -EBUSY, seal(fd, F_SEAL_WRITE));
	for (unsigned i = CALLERS - 1; i > 0; i--)
		answer(rcvids[i]);
	expect("seal with 64 pins", -EBUSY, seal(fd, F_SEAL_WRITE));
	expect("write", 1, ipc_write(receive_end, rcvids[0], "w", 1, 5 * PAGE));
	expect("read", 1, pread(fd, &byte, 1, 0));
	expect("the byte", 'w', byte);
	answer(rcvids[0]);
	expect("seal without pins", 0, seal(fd, F_SEAL_WRITE));
	close(fd);
}

/* R111: the ledger finds the holder of each pin: calls that wait, the one that was received last, and those before. */
static void found_by_the_ledger(void)
{
	struct pollfd waiting = { .fd = receive_end, .events = POLLIN };
	struct faultline_ledger ledger = { 0 };
	uint64_t rcvids[4];
	char *at = map(NULL, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	long found;

	for (unsigned i = 0; i < 3; i++)
		rcvids[i] = pinned(i, at + i * PAGE, 16);
	start_caller(3, at + 3 * PAGE, 16);
	expect("a call waits", 1, poll(&waiting, 1, -1));
	found = syscall(SYS_faultline, FAULTLINE_LEDGER, 0, &ledger, sizeof(ledger), 0);
	if (found != 1)
		expect_error("a kernel without a ledger", EINVAL, found);
	expect("errors in it", 0, (long)ledger.errors);
	rcvids[3] = received();
	for (unsigned i = 0; i < 4; i++)
		answer(rcvids[i]);
	munmap(at, 4 * PAGE);
}

/* R90: what is sealed against writes does not change: no seal comes while a server may write. */
static void sealed(void)
{
	int fd = file_of(2, MFD_ALLOW_SEALING);
	char *at = map(NULL, 2 * PAGE, RW, MAP_SHARED, fd), byte = 0;
	uint64_t first = pinned(0, at + PAGE - 8, 16), second = pinned(1, at + PAGE, 16);

	munmap(at, 2 * PAGE);
	expect("seal two pinned pages", -EBUSY, seal(fd, F_SEAL_WRITE | F_SEAL_SHRINK));
	expect("no seal is there", 0, fcntl(fd, F_GET_SEALS));
	expect("seals that forbid no such write", 0, seal(fd, F_SEAL_GROW));
	answer(first);
	expect("seal one pinned page", -EBUSY, seal(fd, F_SEAL_WRITE));
	expect("write", 1, ipc_write(receive_end, second, "s", 1, 0));
	answer(second);
	expect("seal", 0, seal(fd, F_SEAL_WRITE));
	expect("read", 1, pread(fd, &byte, 1, PAGE));
	expect("the byte", 's', byte);
	close(fd);
}

/* R90: later writers are kept off; those that are there go on, as with a mapping. */
static void sealed_for_the_future(void)
{
	int fd = file_of(1, MFD_ALLOW_SEALING);
	char *at = map(NULL, PAGE, RW, MAP_SHARED, fd), byte = 0;
	uint64_t rcvid = pinned(0, at, 16);

	munmap(at, PAGE);
	expect("seal", 0, seal(fd, F_SEAL_FUTURE_WRITE));
	expect("map", -1, (long)mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0));
	expect("write", 1, ipc_write(receive_end, rcvid, "f", 1, 0));
	expect("read", 1, pread(fd, &byte, 1, 0));
	expect("the byte", 'f', byte);
	expect("seal for now", -EBUSY, seal(fd, F_SEAL_WRITE));
	answer(rcvid);
	expect("seal when it is over", 0, seal(fd, F_SEAL_WRITE));
	close(fd);
}

/* F_SEAL_EXEC seals the contents of an executable file, too. */
static void sealed_to_run(void)
{
	int fd = file_of(1, MFD_ALLOW_SEALING);
	char *at = map(NULL, PAGE, RW, MAP_SHARED, fd);
	uint64_t rcvid = pinned(0, at, 16);

	munmap(at, PAGE);
	expect("mode", 0, fchmod(fd, 0755));
	expect("seal", -EBUSY, seal(fd, F_SEAL_EXEC));
	answer(rcvid);
	expect("seal later", 0, seal(fd, F_SEAL_EXEC));
	close(fd);
}

/* Pins that write to no page of the file: it may be sealed. */
static void pins_of_others(void)
{
	int fd = file_of(2, MFD_ALLOW_SEALING);
	char *at = map(NULL, 2 * PAGE, RW, MAP_SHARED, fd);
	char *own = map(NULL, PAGE, RW, MAP_PRIVATE, fd);
	uint64_t cut = pinned(0, at + PAGE, 16), copy = pinned(1, own, 16), reader;

	buffer.reads = true;
	reader = pinned(2, at, 16);
	buffer.reads = false;
	munmap(at, 2 * PAGE);
	expect("seal with a pin", -EBUSY, seal(fd, F_SEAL_WRITE));
	expect("cut the page off", 0, ftruncate(fd, PAGE));
	expect("seal without it", 0, seal(fd, F_SEAL_WRITE));
	expect("write to what was cut off", 1, ipc_write(receive_end, cut, "c", 1, 0));
	expect("write to a private copy", 1, ipc_write(receive_end, copy, "p", 1, 0));
	expect("the copy", 'p', own[0]);
	answer(cut);
	answer(copy);
	answer(reader);
	munmap(own, PAGE);
	close(fd);
}

/* The last pin may be the last that refers to the file. */
static void outlived(void)
{
	int fd = file_of(1, 0);
	char *at = map(NULL, PAGE, RW, MAP_SHARED, fd);
	uint64_t rcvid = pinned(0, at, 16);

	munmap(at, PAGE);
	close(fd);
	expect("write", 1, ipc_write(receive_end, rcvid, "o", 1, 0));
	answer(rcvid);
	at = map(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	rcvid = pinned(0, at, 16);
	munmap(at, PAGE);
	expect("write to memory without a file", 1, ipc_write(receive_end, rcvid, "o", 1, 0));
	answer(rcvid);
}

/* Writes a copy of this program. Returns its descriptor. */
static int make_victim(void)
{
	static char bytes[65536];
	int from = open("/proc/self/exe", O_RDONLY);
	int to = open(VICTIM, O_RDWR | O_CREAT | O_TRUNC, 0755);
	ssize_t n;

	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		if (write(to, bytes, (size_t)n) != n)
			break;
	expect("copy", 0, n);
	close(from);
	return to;
}

/* Returns its exit status, or the errno of execve() + 100. */
static long run_victim(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execl(VICTIM, "victim", NULL);
		_exit(errno + 100);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

/* R75: a file does not run while a server may write to it: its text would change. */
static void running(void)
{
	int fd = make_victim();
	char *at = map(NULL, PAGE, RW, MAP_SHARED, fd);
	uint64_t rcvid;

	close(fd);
	expect("run while it is mapped for writing", ETXTBSY + 100, run_victim());
	rcvid = pinned(0, at, 16);
	munmap(at, PAGE);
	expect("run while it is pinned", ETXTBSY + 100, run_victim());
	answer(rcvid);
	expect("run", STATUS, run_victim());
	unlink(VICTIM);
}

int main(int argc, char **argv)
{
	(void)argc;
	if (!strcmp(argv[0], "victim"))
		return STATUS;
	receive_end = ipc_create(0);
	send_end = ipc_badge(receive_end, 1, 0);
	many_pins();
	found_by_the_ledger();
	sealed();
	sealed_for_the_future();
	sealed_to_run();
	pins_of_others();
	outlived();
	running();
	if (nwrong == 0)
		puts("pins: ok");
	return nwrong != 0;
}
