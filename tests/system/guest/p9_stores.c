/* SPDX-License-Identifier: MIT */
/* Stores by mappings of a server's files: when they are written, and what is told of those that could not be. */
#define _GNU_SOURCE
#include "asleep.h"
#include "p9.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Makes the file n bytes long and maps it. */
static uint8_t *map_new(int fd, size_t n)
{
	uint8_t *mem;

	expect("ftruncate", 0, ftruncate(fd, (off_t)n));
	mem = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	expect("map to write", 1, mem != MAP_FAILED);
	return mem;
}

/* Does the server have what new_byte() says, up to n? It may get that in its own time. */
static void server_gets(const char *what, size_t n)
{
	/* The last byte is looked at first, for there are many looks. */
	UNTIL(what, wrong_stored_bytes(n - 1, 1) == 0 && wrong_stored_bytes(0, n) == 0);
}

/* R92: what is stored through a mapping comes to the server by each of the ways, and only the pages that were stored to. */
static void stores_reach_the_server(void)
{
	const size_t n = 40 * PAGE;
	uint8_t *mem;
	pid_t child;
	int fd = new_file(), status;

	mem = map_new(fd, n);
	fill_new(mem, 0, 2 * PAGE);
	expect("nothing before", 0, control->seen[P9_TWRITE]);
	expect("msync", 0, msync(mem, n, MS_SYNC));
	expect("one request", 1, control->seen[P9_TWRITE]);
	expect("its bytes", 0, wrong_stored_bytes(0, 2 * PAGE));
	expect("msync of nothing", 0, msync(mem, n, MS_SYNC));
	expect("no request", 1, control->seen[P9_TWRITE]);
	fill_new(mem + 2 * PAGE, 2 * PAGE, PAGE);
	fill_new(mem + 9 * PAGE, 9 * PAGE, PAGE);
	expect("msync of a part", 0, msync(mem + 2 * PAGE, PAGE, MS_SYNC));
	expect("one page", 0, wrong_stored_bytes(0, 3 * PAGE));
	expect("and not the other", 0, control->stored[9 * PAGE + 1]);
	fill_new(mem, 0, n / 2);
	expect("fsync", 0, fsync(fd));
	expect("after fsync", 0, wrong_stored_bytes(0, n / 2));
	fill_new(mem + n / 2, n / 2, PAGE);
	server_gets("by age", n / 2 + PAGE);
	child = fork();
	if (child == 0) {
		fill_new(mem + n / 2, n / 2, n / 2 - PAGE);
		_exit(0);
	}
	waitpid(child, &status, 0);
	server_gets("after the end of a process", n - PAGE);
	child = fork();
	if (child == 0) {
		fill_new(mem + n - PAGE, n - PAGE, PAGE);
		kill(getpid(), SIGKILL);
	}
	waitpid(child, &status, 0);
	server_gets("after a kill", n);
	memset(mem, 0, PAGE);
	expect("msync of zeros", 0, msync(mem, PAGE, MS_SYNC));
	close(fd);
	fill_new(mem, 0, PAGE);
	munmap(mem, n);
	server_gets("after munmap, with nothing open", n);
	fd = open("/mnt/new", O_RDWR);
	mem = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	mem[5] = 0;
	memset(new_bytes, 0, 3);
	expect("write", 3, pwrite(fd, new_bytes, 3, PAGE));
	expect("close", 0, close(fd));
	expect("it is at the server", 0, control->stored[PAGE + 1]);
	expect("for stores too", 0, control->stored[5]);
	munmap(mem, n);
	end_of_new_file(-1);
}

/*
 * The server's file is open for writing as long as somebody may write it, and no longer: somebody on the server's side
 * may want to execute it.
 */
static void writers_end(void)
{
	int fd = new_file();
	uint8_t *mem = map_new(fd, 2 * PAGE);
	pid_t child;

	close(fd);
	mem[0] = 1;
	expect("msync", 0, msync(mem, PAGE, MS_SYNC));
	expect("a mapping that nothing is stored by", 1, control->writers);
	munmap(mem, PAGE);
	expect("a part of it", 1, control->writers);
	munmap(mem + PAGE, PAGE);
	wait_until_0("unmapped", &control->writers);
	fd = open("/mnt/new", O_RDWR);
	mem = map_new(fd, PAGE);
	close(fd);
	mem[0] = 2;
	expect("a mapping with a store", 1, control->writers);
	munmap(mem, PAGE);
	wait_until_0("unmapped and written", &control->writers);
	expect("the store", 2, control->stored[0]);
	fd = open("/mnt/new", O_RDWR);
	tell(OVERTAKEN, P9_TSETATTR);
	child = fork();
	if (child == 0) {
		close(fd);
		_exit(truncate("/mnt/new", PAGE + 1) != 0);
	}
	while (!control->holds)
		nap(1);
	tell(TRUTH, 0);
	close(fd);
	expect("while the file is cut", 1, control->writers);
	ipc_notify(poke, 1);
	waitpid(child, NULL, 0);
	wait_until_0("cut", &control->writers);
	expect("unlink", 0, unlink("/mnt/new"));
	fd = open("/mnt/new", O_CREAT | O_RDONLY, 0644);
	expect("create", 1, fd >= 0);
	wait_until_0("created to be read", &control->writers);
	close(open("/mnt/new", O_RDONLY | O_TRUNC));
	wait_until_0("truncated to be read", &control->writers);
	end_of_new_file(fd);
}

/*
 * What is being written when the mount is not used any more is no use of it, whatever of the end of that
 * the kernel's thread has done.
 */
static void unmounted_at_any_time(void)
{
	for (unsigned i = 0; i < 40; i++) {
		int fd = new_file();
		uint8_t *mem = map_new(fd, PAGE);

		close(fd);
		fill_new(mem, 0, PAGE);
		munmap(mem, PAGE);
		if (i & 1)
			server_gets("after munmap", PAGE);
		for (volatile unsigned wait = 0; wait < 500 * i; wait++)
			;
		stop();
	}
}

/* A store that comes while its page is being written is not lost: the page is written again. */
static void stores_during_a_write(void)
{
	uint8_t *mem, *other;
	int fd = new_file(), status;
	pid_t child;

	mem = map_new(fd, 2 * PAGE);
	other = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	mem[0] = 1;
	other[1] = 1; /* both may store without a fault */
	tell(OVERTAKEN, P9_TWRITE);
	child = fork();
	if (child == 0)
		_exit(msync(mem, PAGE, MS_SYNC) != 0);
	wait_for("the request", &control->holds, 1);
	tell(TRUTH, 0);
	mem[0] = 2;
	other[1] = 2;
	ipc_notify(poke, 1);
	waitpid(child, &status, 0);
	expect("msync", 0, status);
	expect("fsync", 0, fsync(fd));
	expect("the later store", 2, control->stored[0]);
	expect("the other mapping's", 2, control->stored[1]);
	mem[0] = 3;
	other[1] = 3;
	expect("fsync again", 0, fsync(fd));
	expect("a store after that", 3, control->stored[0]);
	expect("by the other mapping", 3, control->stored[1]);
	munmap(mem, 2 * PAGE);
	munmap(other, 2 * PAGE);
	end_of_new_file(fd);
}

/* A page that is stored to all the time is written now and then. */
static void stores_without_end(void)
{
	int fd = new_file(), status;
	uint8_t *mem = map_new(fd, PAGE);
	struct timespec begun, now;
	pid_t child = fork();

	if (child == 0)
		for (;; nap(10))
			mem[0]++;
	clock_gettime(CLOCK_MONOTONIC, &begun);
	wait_for("two writes of it", &control->seen[P9_TWRITE], 2);
	clock_gettime(CLOCK_MONOTONIC, &now);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	expect("not too often", 1, now.tv_sec - begun.tv_sec > 2);
	munmap(mem, PAGE);
	end_of_new_file(fd);
}

/* fsync() ends although others go on storing. No two dirty pages are neighbours: there are many requests. */
static void fsync_among_stores(void)
{
	int fd = new_file(), status;
	uint8_t *mem = map_new(fd, 98 * PAGE);
	pid_t child[3];

	for (unsigned i = 0; i < 3; i++) {
		child[i] = fork();
		if (child[i] == 0)
			for (unsigned k = 0;; k++) {
				mem[k % 49 * 2 * PAGE + i + 1] = (uint8_t)k;
				if (k % 8 == 0)
					usleep(100); /* else the server waits for its turn */
			}
	}
	for (unsigned i = 0; i < 10; i++) {
		mem[i * 2 * PAGE] = (uint8_t)(i + 1);
		expect("fsync", 0, i & 1 ? fsync(fd) : msync(mem, 98 * PAGE, MS_SYNC));
		expect("the byte", i + 1, control->stored[i * 2 * PAGE]);
		nap(10);
	}
	for (unsigned i = 0; i < 3; i++) {
		kill(child[i], SIGKILL);
		waitpid(child[i], &status, 0);
	}
	munmap(mem, 98 * PAGE);
	end_of_new_file(fd);
}

/* A server cannot make holes. */
static void no_holes(void)
{
	int fd = new_file();
	uint8_t *mem = map_new(fd, 2 * PAGE);

	mem[0] = 1;
	expect_error("MADV_REMOVE", EOPNOTSUPP, madvise(mem, 2 * PAGE, MADV_REMOVE));
	expect("the byte", 1, mem[0]);
	munmap(mem, 2 * PAGE);
	end_of_new_file(fd);
}

/* Mappings that are copied by fork, and moved, are not written through unseen either. */
static void stores_by_copied_mappings(void)
{
	int fd = new_file(), status;
	uint8_t *mem = map_new(fd, 4 * PAGE), *moved;
	unsigned round = 0;
	pid_t child;

	for (unsigned i = 0; i < 4; i++)
		mem[i * PAGE] = 1;
	child = fork();
	if (child == 0) {
		for (;;) {
			nap(1);
			mem[0]++;
		}
	}
	for (; round < 20; round++) {
		moved = mremap(mem, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			       (uint8_t *)0x2000000000 + (round & 1) * 0x100000);
		expect("moved", 1, moved != MAP_FAILED);
		mem = moved;
		mem[PAGE] = (uint8_t)round;
		expect("msync", 0, msync(mem, 4 * PAGE, MS_SYNC));
		expect("the store", (uint8_t)round, control->stored[PAGE]);
		mem[PAGE] = 0xff;
		expect("msync again", 0, msync(mem + PAGE, PAGE, MS_SYNC));
		expect("the next store", 0xff, control->stored[PAGE]);
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	expect("fsync", 0, fsync(fd));
	expect("the child's last store", mem[0], control->stored[0]);
	munmap(mem, 4 * PAGE);
	end_of_new_file(fd);
}

/* Bytes that another process writes by a call into a mapping of the file reach the server, too. */
static void calls_into_a_mapping(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 1, 0), status;
	struct ipc_message m = { 0 };
	int fd = new_file();
	uint8_t *mem = map_new(fd, PAGE);
	pid_t child;
	long rcvid;

	mem[0] = 1;
	child = fork();
	if (child == 0) {
		struct ipc_transfer with = { .receive = mem + 100, .receive_length = 10 };

		_exit(ipc_call_with(send, &m, &with, IPC_NEVER) < 0);
	}
	rcvid = ipc_receive(receive, &m, IPC_NEVER);
	expect("received", 1, rcvid > 0);
	expect("msync while the page is pinned", 0, msync(mem, PAGE, MS_SYNC));
	expect("write into it", 3, ipc_write(receive, rcvid, "abc", 3, 0));
	expect("reply", 0, ipc_reply(receive, rcvid, &m));
	waitpid(child, &status, 0);
	expect("the call", 0, status);
	expect("fsync", 0, fsync(fd));
	expect("the bytes", 0, memcmp((const uint8_t *)control->stored + 100, "abc", 3));
	munmap(mem, PAGE);
	close(send);
	close(receive);
	end_of_new_file(fd);
}

/* A truncation waits for what is being written, and nothing of what is cut off comes later. */
static void cuts_and_writes(void)
{
	int fd = new_file(), status;
	uint8_t *mem = map_new(fd, 4 * PAGE);
	struct stat st;
	pid_t child;

	memset(mem, 0x77, 4 * PAGE);
	tell(OVERTAKEN, P9_TWRITE);
	child = fork();
	if (child == 0)
		_exit(msync(mem, 4 * PAGE, MS_SYNC) != 0);
	wait_for("the request", &control->holds, 1);
	tell(TRUTH, 0);
	memset(mem, 0x78, 4 * PAGE);
	ipc_notify(poke, 1);
	expect("ftruncate", 0, ftruncate(fd, PAGE + 10));
	waitpid(child, &status, 0);
	expect("msync", 0, status);
	expect("fsync", 0, fsync(fd));
	expect("the size", PAGE + 10, (long)control->new_size);
	expect("stat", 0, fstat(fd, &st));
	expect("its size", PAGE + 10, st.st_size);
	mem[PAGE + 20] = 0x79; /* behind the end */
	expect("fsync", 0, fsync(fd));
	expect("the size is as it was", PAGE + 10, (long)control->new_size);
	expect("grow", 0, ftruncate(fd, 3 * PAGE));
	expect("no byte from behind the end", 0, mem[PAGE + 20]);
	mem[PAGE + 20] = 0x7a;
	expect("fsync", 0, fsync(fd));
	expect("a byte where it grew", 0x7a, control->stored[PAGE + 20]);
	expect("zeros around it", 0, control->stored[PAGE + 19]);
	munmap(mem, 4 * PAGE);
	end_of_new_file(fd);
}

/* Each open file is told once of pages that were lost, and what is cached is not believed after that. */
static void errors_are_told_once(void)
{
	int fd = new_file(), other = open("/mnt/new", O_RDWR), later;
	uint8_t *mem = map_new(fd, 2 * PAGE);

	mem[0] = 9;
	expect("fsync", 0, fsync(fd));
	mem[0] = 10;
	tell(IS_FULL, P9_TWRITE);
	expect_error("msync", ENOSPC, msync(mem, PAGE, MS_SYNC));
	tell(TRUTH, 0);
	later = open("/mnt/new", O_RDWR);
	expect_error("fsync tells", ENOSPC, fsync(fd));
	expect("once", 0, fsync(fd));
	expect_error("close tells the other", ENOSPC, close(other));
	expect_error("it is closed", EBADF, close(other));
	expect("who opened it later is not told", 0, fsync(later));
	munmap(mem, 2 * PAGE);
	close(later);
	close(fd);
	fd = open("/mnt/new", O_RDWR);
	expect("read", 1, pread(fd, new_bytes, 1, 0));
	expect("what the server has", 9, new_bytes[0]);
	end_of_new_file(fd);
}

/* R80: more is stored than may be dirty: who stores waits for the server, and goes on when it has answered. */
static void limit_of_dirty_pages(void)
{
	const size_t n = 24 << 20;
	unsigned long before;
	int fd, status;
	pid_t child;
	uint8_t *mem;

	control->lie = TRUTH;
	fd = new_file();
	control->discards = 1;
	mem = map_new(fd, n);
	tell(MUTE, P9_TWRITE);
	child = fork();
	if (child == 0) {
		for (size_t at = 0; at < n; at += PAGE) {
			mem[at] = 1;
			control->progress = at / PAGE;
		}
		_exit(0);
	}
	do {
		before = control->progress;
		until_asleep(&child, 1);
	} while (before == 0 || control->progress != before);
	expect("some pages", 1, control->progress >= 64);
	expect("less than all", 1, control->progress < n / PAGE - 1);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	expect("a kill ends the wait", SIGKILL, status);
	kill(server, SIGKILL); /* so that nobody waits for its answers */
	waitpid(server, &status, 0);
	child = fork();
	if (child == 0) {
		memset(mem, 2, control->progress * PAGE);
		_exit(0);
	}
	waitpid(child, &status, 0);
	expect("without a server, what is there can be stored to", 0, status);
	munmap(mem, n);
	expect_error("close", EIO, close(fd));
	expect("umount", 0, umount(mounted_at));
}

void test_stores(void)
{
	stores_reach_the_server();
	writers_end();
	unmounted_at_any_time();
	stores_during_a_write();
	stores_without_end();
	fsync_among_stores();
	no_holes();
	stores_by_copied_mappings();
	calls_into_a_mapping();
	cuts_and_writes();
	errors_are_told_once();
	limit_of_dirty_pages();
}
