/* SPDX-License-Identifier: MIT */
/* Buffers and descriptors of calls: what each answers, and what each error is for (R141, R146). */
#define _GNU_SOURCE
#include "lib/ipc.h"
#include "asleep.h"
#include "expect.h"
#include "nofile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE  4096ul
#define PAGES 64

static uint64_t in_ms(unsigned ms)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec + ms * 1000000ul;
}

static void *map_at(void *at, size_t pages, int prot, int flags, int fd)
{
	void *mem = mmap(at, pages * PAGE, prot, flags | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);

	if (mem == MAP_FAILED) {
		expect("mmap", 0, -errno);
		exit(1);
	}
	return mem;
}

static uint8_t *map(size_t pages)
{
	return map_at(NULL, pages, PROT_READ | PROT_WRITE, MAP_PRIVATE, -1);
}

/* The byte that belongs at position n of pattern `which`. */
static uint8_t byte_at(unsigned which, size_t n)
{
	return (uint8_t)(n * 7 + n / 251 + which * 31 + 1);
}

static void fill(uint8_t *at, size_t n, unsigned which)
{
	for (size_t i = 0; i < n; i++)
		at[i] = byte_at(which, i);
}

/* How many of the n bytes are not the pattern's. */
static long differing(const uint8_t *at, size_t n, unsigned which)
{
	long count = 0;

	for (size_t i = 0; i < n; i++)
		count += at[i] != byte_at(which, i);
	return count;
}

/* ---- the server: the first word says what to do ---- */

enum {
	SUM,	 /* reads word 1 bytes from offset word 2; answers how many, and their sum */
	PATTERN, /* writes word 1 bytes of pattern word 3 to offset word 2; answers how many */
	TURN,	 /* writes all that it can read back, in pieces of word 1 bytes */
	TAKE,  /* takes descriptor word 1; answers its number, and the byte that it reads from it */
	GIVE,  /* gives descriptors until that fails; answers the error */
	KILL,  /* takes the pidfd of descriptor 0, and kills by it; answers the error */
	SLOW,  /* never answers; tries to write when the caller has gone */
	CLOSE, /* ends */
};

static uint8_t *server_buffer; /* untouched memory at first */

static void do_sum(int fd, long rcvid, struct ipc_message *m)
{
	long n = ipc_read(fd, rcvid, server_buffer, m->word[1], m->word[2]);
	uint64_t sum = 0;

	for (long i = 0; i < n; i++)
		sum += server_buffer[i];
	m->word[0] = (uint64_t)n;
	m->word[1] = sum;
}

static void do_pattern(int fd, long rcvid, struct ipc_message *m)
{
	fill(server_buffer, m->word[1], (unsigned)m->word[3]);
	m->word[0] = (uint64_t)ipc_write(fd, rcvid, server_buffer, m->word[1], m->word[2]);
}

static void do_turn(int fd, long rcvid, struct ipc_message *m)
{
	uint64_t at = 0;
	long n;

	while ((n = ipc_read(fd, rcvid, server_buffer, m->word[1], at)) > 0) {
		long written = ipc_write(fd, rcvid, server_buffer, (uint64_t)n, at);

		if (written != n)
			break;
		at += (uint64_t)n;
	}
	m->word[0] = n < 0 ? (uint64_t)n : at;
}

static void do_take(int fd, long rcvid, struct ipc_message *m)
{
	int taken = ipc_take(fd, rcvid, (unsigned)m->word[1], IPC_CLOEXEC);
	char byte = 0;

	m->word[0] = (uint64_t)(int64_t)taken;
	if (taken < 0)
		return;
	if (read(taken, &byte, 1) != 1)
		byte = 0;
	m->word[1] = (uint64_t)byte;
	m->word[2] = (uint64_t)fcntl(taken, F_GETFD);
	close(taken);
}

static void do_give(int fd, long rcvid, struct ipc_message *m)
{
	int pipes[2], index, n = 0;

	if (pipe(pipes) != 0 || write(pipes[1], "given!", 6) != 6)
		exit(3);
	while ((index = ipc_give(fd, rcvid, pipes[0])) == n)
		n++;
	close(pipes[0]);
	close(pipes[1]);
	m->word[0] = (uint64_t)(int64_t)index;
	m->word[1] = (uint64_t)n;
}

static void do_kill(int fd, long rcvid, struct ipc_message *m)
{
	struct pollfd ask = { ipc_take(fd, rcvid, 0, 0), POLLIN, 0 };

	m->word[0] = (uint64_t)syscall(SYS_pidfd_send_signal, ask.fd, SIGKILL, NULL, 0);
	m->word[1] = (uint64_t)poll(&ask, 1, -1);
	close(ask.fd);
}

static void do_slow(int fd, long rcvid, struct ipc_message *m)
{
	struct timespec pause = { 0, 1000000 };

	fill(server_buffer, PAGE, 9);
	(void)ipc_give(fd, rcvid, 0);
	while (ipc_read(fd, rcvid, &m->word[3], 8, 0) >= 0)
		nanosleep(&pause, NULL);
	if (ipc_write(fd, rcvid, server_buffer, PAGE, 0) != -ESRCH ||
	    ipc_give(fd, rcvid, 0) != -ESRCH || ipc_take(fd, rcvid, 0, 0) != -ESRCH)
		exit(4);
}

/* A caller that was killed is not answered any more. */
static long answer(int fd, long rcvid, struct ipc_message *m)
{
	long next = ipc_reply_receive(fd, rcvid, m, IPC_NEVER);

	return next == -ESRCH ? ipc_receive(fd, m, IPC_NEVER) : next;
}

static void serve(int fd)
{
	struct ipc_message m;
	long rcvid = 0;

	server_buffer = map(PAGES + 1);
	while ((rcvid = answer(fd, rcvid, &m)) >= 0) {
		switch (m.word[0]) {
		case SUM:
			do_sum(fd, rcvid, &m);
			break;
		case PATTERN:
			do_pattern(fd, rcvid, &m);
			break;
		case TURN:
			do_turn(fd, rcvid, &m);
			break;
		case TAKE:
			do_take(fd, rcvid, &m);
			break;
		case GIVE:
			do_give(fd, rcvid, &m);
			break;
		case KILL:
			do_kill(fd, rcvid, &m);
			break;
		case SLOW:
			do_slow(fd, rcvid, &m);
			rcvid = 0;
			break;
		default:
			ipc_reply(fd, rcvid, &m);
			exit(0);
		}
	}
	exit(2);
}

static int send_end;
static pid_t server;

static void start(void)
{
	int receive = ipc_create(0);

	send_end = ipc_badge(receive, 5, 0);
	server = fork();
	if (server == 0) {
		close(send_end);
		serve(receive);
	}
	close(receive);
}

static void stop(void)
{
	struct ipc_message m = { { CLOSE }, 0 };
	int status = -1;

	expect("the last call", 0, ipc_call(send_end, &m, IPC_NEVER));
	waitpid(server, &status, 0);
	expect("the server's status", 0, status);
	close(send_end);
}

static struct ipc_message ask(struct ipc_transfer *with, uint64_t what, uint64_t a, uint64_t b,
			      uint64_t c)
{
	struct ipc_message m = { { what, a, b, c }, 0 };
	long err = ipc_call_with(send_end, &m, with, IPC_NEVER);

	m.badge = (uint64_t)err;
	return m;
}

/* Lets the server sum up what can be read, and fill with pattern 4 what can be written. */
static void both_ways(const char *what, const uint8_t *from, uint8_t *to, size_t n)
{
	struct ipc_transfer with = {
		.send = from, .send_length = n, .receive = to, .receive_length = n
	};
	struct ipc_message m;
	uint64_t sum = 0;

	m = ask(&with, SUM, n, 0, 0);
	expect(what, (long)n, (long)m.word[0]);
	for (size_t i = 0; i < n; i++)
		sum += from[i];
	expect(what, (long)sum, (long)m.word[1]);
	m = ask(&with, PATTERN, n, 0, 4);
	expect(what, (long)n, (long)m.word[0]);
	expect(what, 0, differing(to, n, 4));
}

static int scratch_file(size_t pages, unsigned pattern)
{
	int fd = memfd_create("bytes", 0);
	uint8_t *mem = map(pages);

	fill(mem, pages * PAGE, pattern);
	if (write(fd, mem, pages * PAGE) != (ssize_t)(pages * PAGE))
		expect("write", 0, -errno);
	munmap(mem, pages * PAGE);
	return fd;
}

/* R29, R141: memory that was never touched, shared after fork, of files, in swap where there is some. */
static void kinds_of_memory(void)
{
	int fd = scratch_file(2, 2);
	uint8_t *mem, *file, byte;
	pid_t child;
	int status = 0, pipes[2];

	both_ways("lazy", map(2), map(2), 2 * PAGE);
	both_ways("read-only zeros", map_at(NULL, 2, PROT_READ, MAP_PRIVATE, -1), map(2), 2 * PAGE);

	mem = map(2);
	fill(mem, 2 * PAGE, 1);
	if (pipe(pipes) != 0)
		exit(1);
	child = fork();
	if (child == 0) {
		close(pipes[1]);
		_exit(read(pipes[0], &byte, 1) != 0 || differing(mem, 2 * PAGE, 1));
	}
	both_ways("after fork", mem, mem, 2 * PAGE);
	close(pipes[0]);
	close(pipes[1]);
	waitpid(child, &status, 0);
	expect("the child's bytes are as they were", 0, status);

	file = map_at(NULL, 2, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
	both_ways("private pages of a file", file, file, 2 * PAGE);
	munmap(file, 2 * PAGE);
	file = map_at(NULL, 2, PROT_READ, MAP_SHARED, fd);
	expect("the file is as it was", 0, differing(file, 2 * PAGE, 2));
	mem = map_at(NULL, 2, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	both_ways("shared pages of a file", file, mem, 2 * PAGE);
	expect("read from the file", 1, pread(fd, &byte, 1, 4097));
	expect("what was read", byte_at(4, 4097), byte);

	mem = map(8);
	file = map(8);
	fill(mem, 8 * PAGE, 3);
	fill(file, 8 * PAGE, 5);
	madvise(mem, 8 * PAGE, MADV_PAGEOUT);
	madvise(file, 8 * PAGE, MADV_PAGEOUT);
	both_ways("paged out", mem, file, 8 * PAGE);
	expect("as it was before", 0, differing(mem, 8 * PAGE, 3));
	both_ways("one buffer for both", mem, mem, 8 * PAGE);
	close(fd);
}

static uint64_t seed = 20261121;

static unsigned chance(unsigned n)
{
	seed = seed * 6364136223846793005ul + 1442695040888963407ul;
	return (unsigned)(seed >> 33) % n;
}

/* R141: exactly the bytes that both sides named, at any alignment, in pieces of any size. */
static void any_alignment(void)
{
	uint8_t *from = map(6), *to = map(6);

	for (unsigned i = 0; i < 150; i++) {
		unsigned begin = chance(2 * PAGE), n = chance(3 * PAGE), at = chance(2 * PAGE);
		struct ipc_transfer with = { .send = from + begin,
					     .send_length = n,
					     .receive = to + at,
					     .receive_length = n };
		struct ipc_message m;

		fill(from, 6 * PAGE, i);
		memset(to, 0xee, 6 * PAGE);
		m = ask(&with, TURN, 1 + chance(3 * PAGE), 0, 0);
		expect("how many went round", n, (long)m.word[0]);
		expect("the bytes", 0, memcmp(to + at, from + begin, n));
		expect("the byte before", 0xee, at ? to[at - 1] : 0xee);
		expect("the byte after", 0xee, to[at + n]);
	}
	munmap(from, 6 * PAGE);
	munmap(to, 6 * PAGE);
}

static void ends_of_buffers(void)
{
	uint8_t *mem = map(2);
	struct ipc_transfer with = {
		.send = mem, .send_length = 100, .receive = mem, .receive_length = 50
	};
	struct ipc_message m;

	memset(mem, 1, PAGE);
	m = ask(&with, SUM, 1000, 90, 0);
	expect("what is left", 10, (long)m.word[0]);
	m = ask(&with, SUM, 1000, 100, 0);
	expect("at the end", 0, (long)m.word[0]);
	m = ask(&with, SUM, 1000, UINT64_MAX - 10, 0);
	expect("far behind the end", 0, (long)m.word[0]);
	m = ask(&with, PATTERN, 1000, 20, 1);
	expect("what there is room for", 30, (long)m.word[0]);
	expect("the byte behind it", 1, mem[50]);
	m = ask(NULL, SUM, 10, 0, 0);
	expect("read without a buffer", 0, (long)m.word[0]);
	m = ask(NULL, PATTERN, 10, 0, 0);
	expect("write without a buffer", 0, (long)m.word[0]);
}

static long call_result(struct ipc_transfer *with)
{
	struct ipc_message m = { { SUM }, 0 };

	return ipc_call_with(send_end, &m, with, IPC_NEVER);
}

/* The lowest number that is free. */
static int free_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

/* R141: a bad buffer is its owner's error. */
static void bad_buffers_of_the_caller(void)
{
	uint8_t *mem = map(PAGES + 1), *readonly = map_at(NULL, 1, PROT_READ, MAP_PRIVATE, -1);
	struct ipc_transfer with = { .send = mem, .send_length = 64 * PAGE };
	int first;

	expect("64 pages", 0, call_result(&with));
	with.send = mem + 1;
	expect("64 pages and a byte", -EMSGSIZE, call_result(&with));
	with = (struct ipc_transfer){
		.send = mem, .send_length = 32 * PAGE, .receive = mem, .receive_length = 33 * PAGE
	};
	expect("65 pages in both", -EMSGSIZE, call_result(&with));
	munmap(mem + 3 * PAGE, PAGE);
	with = (struct ipc_transfer){ .send = mem, .send_length = 4 * PAGE };
	expect("a hole at the end", -EFAULT, call_result(&with));
	with = (struct ipc_transfer){ .receive = mem, .receive_length = 4 * PAGE };
	expect("a hole to write to", -EFAULT, call_result(&with));
	with = (struct ipc_transfer){ .receive = readonly, .receive_length = 1 };
	expect("memory that cannot be written", -EFAULT, call_result(&with));
	with = (struct ipc_transfer){ .send = (void *)-8l, .send_length = 16 };
	expect("an address that wraps round", -EFAULT, call_result(&with));
	with = (struct ipc_transfer){ .send = (void *)0xffffffc080000000, .send_length = 16 };
	expect("the kernel's memory", -EFAULT, call_result(&with));
	with = (struct ipc_transfer){ .send = mem, .send_length = UINT64_MAX };
	expect("all memory", -EFAULT, call_result(&with));
	with = (struct ipc_transfer){ .flags = 1 };
	expect("an unknown flag", -EINVAL, call_result(&with));
	with = (struct ipc_transfer){ .zero = 1 };
	expect("a field that must be 0", -EINVAL, call_result(&with));
	with = (struct ipc_transfer){ .nfds = 9 };
	expect("nine descriptors", -EINVAL, call_result(&with));
	with = (struct ipc_transfer){ .nroom = 9 };
	expect("room for nine", -EINVAL, call_result(&with));
	with = (struct ipc_transfer){ .nfds = 2, .fd = { 0, 200 } };
	expect("a closed descriptor", -EBADF, call_result(&with));
	expect("a bad address of all this", -EFAULT, call_result((void *)8));
	with = (struct ipc_transfer){ .send = readonly, .send_length = 0, .receive = (void *)8 };
	expect("empty buffers are anywhere", 0, call_result(&with));
	first = free_fd();
	with = (struct ipc_transfer){ .receive = readonly, .receive_length = 1, .nroom = 2 };
	expect("a bad buffer, and room", -EFAULT, call_result(&with));
	expect("nothing is set aside", first, free_fd());
	munmap(mem, (PAGES + 1) * PAGE);
	munmap(readonly, PAGE);
}

/* R141: the call goes on when the server's memory is bad. */
static void bad_memory_of_the_server(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 1, 0);
	uint8_t *mem = map(3), *to = map(3), *short_to = map(3);
	struct ipc_message m;
	int status = 0;
	long rcvid;
	pid_t child = fork();

	fill(mem, 3 * PAGE, 6);
	if (child == 0) {
		struct ipc_transfer with = { .send = mem,
					     .send_length = 3 * PAGE,
					     .receive = to,
					     .receive_length = 3 * PAGE };
		struct ipc_message own = { { 0 }, 0 };

		fill(mem, 3 * PAGE, 7);
		_exit(ipc_call_with(send, &own, &with, IPC_NEVER) != 0 || differing(to, PAGE, 6));
	}
	rcvid = ipc_receive(receive, &m, IPC_NEVER);
	munmap(to + PAGE, PAGE);
	expect("into a hole", -EFAULT, ipc_read(receive, rcvid, to + PAGE, 10, 0));
	expect("into the kernel", -EFAULT, ipc_read(receive, rcvid, (void *)-4096l, 10, 0));
	expect("from a hole", -EFAULT, ipc_write(receive, rcvid, to + PAGE, 10, 0));
	mprotect(to, PAGE, PROT_READ);
	expect("into read-only memory", -EFAULT, ipc_read(receive, rcvid, to, 10, 0));
	mprotect(to, PAGE, PROT_READ | PROT_WRITE);
	expect("read", 100, ipc_read(receive, rcvid, to, 100, 0));
	expect("its bytes", 0, differing(to, 100, 7));
	munmap(short_to + 2 * PAGE, PAGE);
	short_to[0] = 1; /* the second page is made on the way, and no more is asked for */
	expect("up to a hole", 2 * PAGE, ipc_read(receive, rcvid, short_to, 2 * PAGE, 0));
	expect("its bytes", 0, differing(short_to, 2 * PAGE, 7));
	expect("write", PAGE, ipc_write(receive, rcvid, mem, PAGE, 0));
	expect("of another number", -ESRCH, ipc_read(receive, rcvid + 1, to, 1, 0));
	expect("of a send end", -EINVAL, ipc_read(send, rcvid, to, 1, 0));
	expect("to a send end", -EINVAL, ipc_write(send, rcvid, to, 1, 0));
	expect("of nothing", -EBADF, ipc_read(200, rcvid, to, 1, 0));
	expect("to nothing", -EBADF, ipc_write(200, rcvid, to, 1, 0));
	expect("take of a send end", -EINVAL, ipc_take(send, rcvid, 0, 0));
	expect("take with a flag", -EINVAL, ipc_take(receive, rcvid, 0, 1));
	expect("take of nothing", -EBADF, ipc_take(200, rcvid, 0, 0));
	expect("take of no call", -ESRCH, ipc_take(receive, rcvid + 1, 0, 0));
	expect("give to nothing", -EBADF, ipc_give(200, rcvid, 0));
	expect("give of nothing", -EBADF, ipc_give(receive, rcvid, 200));
	expect("give to a send end", -EINVAL, ipc_give(send, rcvid, 0));
	expect("give with no room", -ENOSPC, ipc_give(receive, rcvid, 0));
	expect("give the receive end", -EDEADLK, ipc_give(receive, rcvid, receive));
	expect("give to no call", -ESRCH, ipc_give(receive, rcvid + 1, 0));
	expect("reply", 0, ipc_reply(receive, rcvid, &m));
	expect("read after that", -ESRCH, ipc_read(receive, rcvid, to, 1, 0));
	expect("write after that", -ESRCH, ipc_write(receive, rcvid, to, 1, 0));
	waitpid(child, &status, 0);
	expect("the caller's status", 0, status);
	close(receive);
	close(send);
}

/* R146: what a caller names can be taken, and nothing else; what is given arrives at its number. */
static void descriptors(void)
{
	int pipes[2], first;
	struct ipc_transfer with = { .nfds = 1 };
	struct ipc_message m;
	char byte = 0;

	if (pipe(pipes) != 0 || write(pipes[1], "abc", 3) != 3)
		exit(1);
	with.fd[0] = pipes[0];
	m = ask(&with, TAKE, 0, 0, 0);
	expect("take", 1, (long)m.word[0] > 2);
	expect("what it read", 'a', (long)m.word[1]);
	expect("its flag", FD_CLOEXEC, (long)m.word[2]);
	m = ask(&with, TAKE, 1, 0, 0);
	expect("take what is not named", -ENOENT, (long)m.word[0]);
	m = ask(NULL, TAKE, 0, 0, 0);
	expect("take where nothing is named", -ENOENT, (long)m.word[0]);
	expect("still open here", 1, read(pipes[0], &byte, 1));
	expect("the next byte", 'b', byte);

	first = free_fd();
	with = (struct ipc_transfer){ .nroom = 2, .flags = IPC_CLOEXEC };
	m = ask(&with, GIVE, 0, 0, 0);
	expect("given", 2, (long)m.badge);
	expect("no more room", -ENOSPC, (long)m.word[0]);
	expect("the first number", first, with.room[0]);
	expect("its flag", FD_CLOEXEC, fcntl(with.room[0], F_GETFD));
	expect("read what was given", 1, read(with.room[1], &byte, 1));
	expect("its byte", 'g', byte);
	close(with.room[0]);
	close(with.room[1]);
	expect("free again", first, free_fd());
	m = ask(NULL, GIVE, 0, 0, 0);
	expect("no room at all", -ENOSPC, (long)m.word[0]);
	m = ask(&with, SUM, 0, 0, 0);
	expect("none given", 0, (long)m.badge);
	expect("what was set aside is free", first, free_fd());
	close(pipes[0]);
	close(pipes[1]);
}

/* A pidfd says to another process, too, which one is meant. */
static void pidfd(void)
{
	struct ipc_transfer with = { .nfds = 1 };
	struct ipc_message m;
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		for (;;)
			pause();
	with.fd[0] = (int)syscall(SYS_pidfd_open, child, 0);
	m = ask(&with, KILL, 0, 0, 0);
	expect("kill by a pidfd that was taken", 0, (long)m.word[0]);
	expect("and wait for it", 1, (long)m.word[1]);
	expect("the child", child, waitpid(child, &status, 0));
	expect("its end", SIGKILL, status);
	close(with.fd[0]);
}

/* The numbers of what is set aside cannot be written: the call is not made, and nothing stays. */
static void room_in_memory_that_is_only_read(void)
{
	struct ipc_transfer *with = (struct ipc_transfer *)map(1);
	struct ipc_message m = { { GIVE }, 0 };
	int first = free_fd();

	with->nroom = 2;
	mprotect(with, PAGE, PROT_READ);
	expect("numbers that cannot be written", -EFAULT,
	       ipc_call_with(send_end, &m, with, IPC_NEVER));
	expect("no answer", GIVE, (long)m.word[0]);
	expect("what was set aside is free", first, free_fd());
	munmap(with, PAGE);
}

static void full_tables(void)
{
	int fds[300], n = 0, receive = ipc_create(0), send = ipc_badge(receive, 1, 0);
	struct ipc_transfer with = { .nroom = 1 };
	struct ipc_message m = { { SUM }, 0 };
	int status = 0;
	long rcvid;
	pid_t child = fork();

	if (child == 0) {
		with = (struct ipc_transfer){ .nfds = 1, .fd = { 1 } };
		_exit(ipc_call_with(send, &m, &with, IPC_NEVER) != 0);
	}
	rcvid = ipc_receive(receive, &m, IPC_NEVER);
	allow_files(256);
	while (n < 300 && (fds[n] = dup(0)) >= 0)
		n++;
	expect("room in a full table", -EMFILE, ipc_call_with(send_end, &m, &with, IPC_NEVER));
	expect("take into a full table", -EMFILE, ipc_take(receive, rcvid, 0, 0));
	close(fds[--n]);
	with.nroom = 2;
	expect("room for one of two", -EMFILE, ipc_call_with(send_end, &m, &with, IPC_NEVER));
	fds[n] = ipc_take(receive, rcvid, 0, 0);
	expect("and when one is free", 1, fds[n] >= 0);
	n++;
	expect("reply", 0, ipc_reply(receive, rcvid, &m));
	while (n)
		close(fds[--n]);
	waitpid(child, &status, 0);
	expect("the caller's status", 0, status);
	close(receive);
	close(send);
}

/* R140, R141: when the call has ended, nothing comes any more, and what was given is closed. */
static void too_late(void)
{
	uint8_t *mem = map(1);
	int first = free_fd();
	struct ipc_transfer with = {
		.send = mem, .send_length = PAGE, .receive = mem, .receive_length = PAGE, .nroom = 1
	};
	struct ipc_message m = { { SLOW }, 0 };

	fill(mem, PAGE, 8);
	expect("a slow server", -ETIMEDOUT, ipc_call_with(send_end, &m, &with, in_ms(20)));
	m = ask(NULL, SUM, 0, 0, 0);
	expect("the bytes are as they were", 0, differing(mem, PAGE, 8));
	expect("what was given is closed", first, free_fd());
}

/* The server is killed in the middle of calls, the callers in the middle of copies. */
static void killed_meanwhile(void)
{
	struct ipc_transfer with = { .nroom = 2 };
	uint8_t *mem = map(16);
	struct ipc_message m = { { SLOW }, 0 };
	int first = free_fd();
	pid_t child;

	for (unsigned i = 0; i < 12; i++) {
		struct timespec pause = { 0, 300000l * (i % 5) };

		child = fork();
		if (child == 0) {
			with.send = with.receive = mem;
			with.send_length = with.receive_length = 16 * PAGE;
			for (;;)
				(void)ask(&with, TURN, 3000 + i, 0, 0);
		}
		nanosleep(&pause, NULL);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	child = fork();
	if (child == 0) {
		pid_t caller = getppid();

		until_asleep(&caller, 1);
		kill(server, SIGKILL);
		_exit(0);
	}
	with = (struct ipc_transfer){ .receive = mem, .receive_length = PAGE, .nroom = 2 };
	expect("the server is killed", -EPIPE, ipc_call_with(send_end, &m, &with, IPC_NEVER));
	expect("what it gave is closed", first, free_fd());
	waitpid(server, NULL, 0);
	waitpid(child, NULL, 0);
	close(send_end);
}

int main(void)
{
	start();
	kinds_of_memory();
	any_alignment();
	ends_of_buffers();
	bad_buffers_of_the_caller();
	bad_memory_of_the_server();
	descriptors();
	pidfd();
	room_in_memory_that_is_only_read();
	full_tables();
	too_late();
	stop();
	start();
	killed_meanwhile();
	if (nwrong == 0)
		puts("ipc_transfer: ok");
	return nwrong != 0;
}
