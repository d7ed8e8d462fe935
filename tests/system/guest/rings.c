/* SPDX-License-Identifier: MIT */
/* Servers that would have to wait for themselves, alone or in a ring (R144). */
#define _GNU_SOURCE
#include "expect.h"
#include "lib/ipc.h"
#include "one_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RING_MAX 8

static void handler(int signal)
{
	(void)signal;
}

static uint64_t in_ms(uint64_t ms)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec + ms * 1000000;
}

static long call(int send)
{
	struct ipc_message m = { { 0 }, 0 };
	long got = ipc_call(send, &m, IPC_NEVER);

	return got < 0 ? got : (long)m.word[0];
}

/* Each descriptor of the receive end is the caller's, in the last case but for a child's. */
static void alone(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 1, 0), again;
	struct ipc_message m = { { 0 }, 0 };
	pid_t child;

	expect("its own", -EDEADLK, call(send));
	again = dup(receive);
	expect("its own twice", -EDEADLK, call(send));
	close(receive);
	expect("the other one", -EDEADLK, call(send));
	expect("until a deadline", -ETIMEDOUT, ipc_call(send, &m, in_ms(5)));
	expect("at once", -ETIMEDOUT, ipc_call(send, &m, IPC_NOW));
	expect("nothing is left of them", -ETIMEDOUT, ipc_receive(again, &m, IPC_NOW));
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	alarm(1);
	expect("a child might answer", -EINTR, call(send));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	expect("the child has ended", -EDEADLK, call(send));
	close(again);
	expect("nobody can", -EPIPE, call(send));
	close(send);
}

/* The receive end changes hands: who has created it does not wait for itself. */
static void handed_over(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 1, 0);
	struct ipc_message m = { { 0 }, 0 };
	pid_t child = fork();

	if (child == 0) {
		long rcvid;

		close(send);
		rcvid = ipc_receive(receive, &m, IPC_NEVER);
		m.word[0] = 5;
		_exit(ipc_reply(receive, (uint64_t)rcvid, &m) == 0 ? 0 : 1);
	}
	close(receive);
	expect("answered by the child", 5, call(send));
	waitpid(child, NULL, 0);
	close(send);
}

/* Leaves server i its own receive end only. It tells the parent, who waits for all of them. */
static void keep_own(const int *receive, unsigned i, unsigned n, int ready)
{
	struct ipc_message m = { { 0 }, 0 };

	for (unsigned k = 0; k < n; k++)
		if (k != i)
			close(receive[k]);
	ipc_receive(receive[i], &m, IPC_NOW); /* from now on it is known as the server */
	if (write(ready, "", 1) != 1)
		_exit(9);
}

static void wait_for_all(unsigned n, int ready)
{
	char byte;

	for (unsigned i = 0; i < n; i++)
		if (read(ready, &byte, 1) != 1)
			_exit(9);
}

/* Server i answers by what it gets from server i + 1, and the last one calls the first. */
static void server(const int *receive, const int *send, unsigned i, unsigned n)
{
	struct ipc_message m = { { 0 }, 0 };
	long rcvid;

	for (;;) {
		rcvid = ipc_receive(receive[i], &m, IPC_NEVER);
		if (rcvid <= 0)
			_exit(1);
		m.word[0] = (uint64_t)call(send[(i + 1) % n]);
		ipc_reply(receive[i], (uint64_t)rcvid, &m);
	}
}

/* The caller is no part of the ring, so it is answered: with what the last server has seen. */
static void ring(unsigned n)
{
	int receive[RING_MAX], send[RING_MAX], ready[2];
	pid_t pid[RING_MAX];

	expect("pipe", 0, pipe(ready));
	for (unsigned i = 0; i < n; i++) {
		receive[i] = ipc_create(0);
		send[i] = ipc_badge(receive[i], i, 0);
	}
	for (unsigned i = 0; i < n; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			keep_own(receive, i, n, ready[1]);
			server(receive, send, i, n);
		}
	}
	for (unsigned i = 0; i < n; i++)
		close(receive[i]);
	wait_for_all(n, ready[0]);
	for (unsigned round = 0; round < 3; round++) {
		expect("a ring is seen", -EDEADLK, call(send[0]));
		expect("from any side", -EDEADLK, call(send[n - 1]));
	}
	for (unsigned i = 0; i < n; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
		close(send[i]);
	}
	close(ready[0]);
	close(ready[1]);
}

static void set_policy(int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	expect("policy", 0, sched_setscheduler(0, policy, &param));
}

/* For so long nothing of a lower priority runs on the hart, which is longer than a call is queued before it is looked at. */
#define HOG_MS 50

static pid_t hog(int priority, int receive)
{
	pid_t pid = fork();

	if (pid == 0) {
		uint64_t end = in_ms(HOG_MS);

		close(receive); /* it is none of those who might answer */
		set_policy(SCHED_FIFO, priority);
		while (in_ms(0) < end)
			;
		_exit(0);
	}
	return pid;
}

/*
 * Who has been answered waits for nobody, although it has not run since: a server that answers its client
 * and then calls it is answered in turn. All run on one hart, and the client has the lowest priority.
 */
static void answered(void)
{
	cpu_set_t all, one;
	int receive[2] = { ipc_create(0), ipc_create(0) }, ready[2];
	int send[2] = { ipc_badge(receive[0], 0, 0), ipc_badge(receive[1], 1, 0) };
	struct ipc_message m = { { 0 }, 0 };
	pid_t pid, hog_pid;
	long rcvid;

	expect("pipe", 0, pipe(ready));
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	expect("harts", 0, sched_getaffinity(0, sizeof(all), &all));
	expect("one hart", 0, sched_setaffinity(0, sizeof(one), &one));
	pid = fork();
	if (pid == 0) {
		keep_own(receive, 1, 2, ready[1]);
		if (call(send[0]) != 3)
			_exit(1);
		rcvid = ipc_receive(receive[1], &m, IPC_NEVER);
		m.word[0] = 4;
		_exit(rcvid > 0 && ipc_reply(receive[1], (uint64_t)rcvid, &m) == 0 ? 0 : 2);
	}
	close(receive[1]);
	wait_for_all(1, ready[0]);
	rcvid = ipc_receive(receive[0], &m, IPC_NEVER);
	expect("a call", 1, rcvid > 0);
	set_policy(SCHED_FIFO, 2);
	hog_pid = hog(1, receive[0]);
	m.word[0] = 3;
	expect("its answer", 0, ipc_reply(receive[0], (uint64_t)rcvid, &m));
	expect("a call of who was answered", 4, call(send[1]));
	set_policy(SCHED_OTHER, 0);
	expect("all harts", 0, sched_setaffinity(0, sizeof(all), &all));
	waitpid(hog_pid, NULL, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (unsigned i = 0; i < 2; i++) {
		close(send[i]);
		close(ready[i]);
	}
	close(receive[0]);
}

/*
 * All servers of a ring call at the same moment: at least one is refused, and ends. Then the one
 * before it finds the receive end closed, and so on: all end.
 */
static void at_once(unsigned n)
{
	int receive[RING_MAX], send[RING_MAX], refused = 0, ready[2], go[2], status;

	expect("pipes", 0, pipe(ready) | pipe(go));
	for (unsigned i = 0; i < n; i++) {
		receive[i] = ipc_create(0);
		send[i] = ipc_badge(receive[i], i, 0);
	}
	for (unsigned i = 0; i < n; i++) {
		if (fork() == 0) {
			long got;

			keep_own(receive, i, n, ready[1]);
			wait_for_all(1, go[0]);
			got = call(send[(i + 1) % n]);
			_exit(got == -EDEADLK ? 1 : got == -EPIPE ? 2 : 3);
		}
	}
	for (unsigned i = 0; i < n; i++)
		close(receive[i]);
	wait_for_all(n, ready[0]);
	expect("go", (long)n, write(go[1], "........", n));
	for (unsigned i = 0; i < n; i++) {
		wait(&status);
		refused += WEXITSTATUS(status) == 1;
		expect("refused, or told of the end", 1,
		       WIFEXITED(status) && WEXITSTATUS(status) < 3);
		close(send[i]);
	}
	expect("somebody is refused", 1, refused > 0);
	for (unsigned i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
}

#define CROWD 100 /* more calls than are looked at in a tick */

/* So many servers call themselves at the same moment: each is refused in the end. */
static void crowd(void)
{
	static const char each[CROWD];
	int go[2], status, refused = 0;

	expect("pipe", 0, pipe(go));
	for (unsigned i = 0; i < CROWD; i++) {
		if (fork() == 0) {
			int send = ipc_badge(ipc_create(0), 0, 0);

			wait_for_all(1, go[0]);
			_exit(call(send) == -EDEADLK ? 0 : 1);
		}
	}
	expect("go", CROWD, write(go[1], each, CROWD));
	for (unsigned i = 0; i < CROWD; i++)
		refused += wait(&status) > 0 && status == 0;
	expect("each is refused", CROWD, refused);
	close(go[0]);
	close(go[1]);
}

/* ---- a server that uses its own files ---- */

#define FILES  1 /* the badge of the mount */
#define ORDERS 2 /* the badge of who tells the server what to do */

enum { USE, KEEP }; /* orders */

static sigjmp_buf after_fault;

static void on_bus(int signal)
{
	siglongjmp(after_fault, signal);
}

/* What the server sees of its own file, which is open at fd. */
static void use_own_file(int fd, uint64_t *seen)
{
	volatile char *mem = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	struct stat st;
	char byte;

	signal(SIGBUS, on_bus);
	seen[0] = open("/rings/file", O_RDONLY) < 0 ? (uint64_t)errno : 0;
	seen[1] = fstat(fd, &st) < 0 ? (uint64_t)errno : 0;
	seen[2] = read(fd, &byte, 1) < 0 ? (uint64_t)errno : 0;
	seen[3] = (uint64_t)sigsetjmp(after_fault, 1);
	if (seen[3] == 0)
		(void)mem[0];
	munmap((void *)(uintptr_t)mem, 4096);
	close(fd);
}

static uint64_t answer_file(struct file_server *server, int receive, long rcvid, uint64_t n)
{
	struct file_reply reply;

	if (n > sizeof(server->request) ||
	    ipc_read(receive, rcvid, server->request, n, 0) != (long)n)
		return 0;
	file_server_answer(server, n, &reply);
	ipc_write(receive, rcvid, reply.head, reply.nhead, 0);
	ipc_write(receive, rcvid, reply.data, reply.ndata, reply.nhead);
	return reply.nhead + reply.ndata;
}

static long receive_any(int receive, struct ipc_message *m)
{
	long rcvid = ipc_receive(receive, m, IPC_NEVER);

	if (rcvid <= 0)
		_exit(1);
	return rcvid;
}

/* After the order KEEP, the next call for a file is answered only after the next order. */
static void serve_one_file(int receive)
{
	static struct file_server server;
	struct ipc_message m = { { 0 }, 0 }, file;
	long kept = 0;
	bool keep = false;

	file_server_init(&server, &one_file, NULL);
	for (;;) {
		long rcvid = receive_any(receive, &m);

		if (m.badge == FILES && keep && !kept) {
			file = m;
			kept = rcvid;
			continue;
		}
		if (m.badge == FILES) {
			m.word[0] = answer_file(&server, receive, rcvid, m.word[0]);
		} else if (m.word[0] == KEEP) {
			keep = true;
		} else {
			if (keep && !kept)
				kept = receive_any(receive, &file);
			use_own_file(ipc_take(receive, rcvid, 0, 0), m.word);
		}
		ipc_reply(receive, rcvid, &m);
		if (m.badge == ORDERS && kept) {
			file.word[0] = answer_file(&server, receive, kept, file.word[0]);
			ipc_reply(receive, kept, &file);
			keep = false;
			kept = 0;
		}
	}
}

/* The server at `orders` uses its own file, which is open at fd. */
static void expect_no_own_file(int orders, int fd)
{
	struct ipc_transfer with = { .nfds = 1, .fd = { fd } };
	struct ipc_message m = { { USE }, 0 };

	expect("the server uses its files", 0, ipc_call_with(orders, &m, &with, IPC_NEVER));
	expect("open", EDEADLK, (long)m.word[0]);
	expect("fstat", EDEADLK, (long)m.word[1]);
	expect("read", EDEADLK, (long)m.word[2]);
	expect("a fault", SIGBUS, (long)m.word[3]);
}

/* Another process has asked for the page already: who waits for the same read waits for the server, too. */
static void expect_no_own_read(int orders, int fd)
{
	struct ipc_message m = { { KEEP }, 0 };
	int status;
	pid_t pid;
	char byte;

	expect("the server keeps a call", 0, ipc_call(orders, &m, IPC_NEVER));
	pid = fork();
	if (pid == 0)
		_exit(pread(fd, &byte, 1, 0) == 1 && byte == ONE_FILE_BYTE
			      ? 0
			      : 1); /* not with the lock of the position */
	expect_no_own_file(orders, fd);
	waitpid(pid, &status, 0);
	expect("who has asked", 0, status);
}

static int mount_at(int send)
{
	char options[32];

	snprintf(options, sizeof(options), "fd=%d", send);
	return mount("rings", "/rings", "9p", 0, options) == 0 ? 0 : -errno;
}

static void own_files(void)
{
	int receive = ipc_create(0), files = ipc_badge(receive, FILES, 0);
	int orders = ipc_badge(receive, ORDERS, 0), fd;
	pid_t pid;
	char byte;

	mkdir("/rings", 0755);
	expect("mount by the server", -EDEADLK, mount_at(files));
	pid = fork();
	if (pid == 0) {
		close(files);
		close(orders);
		serve_one_file(receive);
	}
	close(receive);
	expect("mount", 0, mount_at(files));
	fd = open("/rings/file", O_RDONLY);
	expect_no_own_file(orders, fd);
	expect_no_own_read(orders, fd);
	expect("others read", 1, pread(fd, &byte, 1, 0));
	expect("what is there", ONE_FILE_BYTE, byte);
	close(fd);
	expect("umount", 0, umount("/rings"));
	close(files);
	close(orders);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	struct sigaction action = { .sa_handler = handler };

	sigaction(SIGALRM, &action, NULL);
	alone();
	handed_over();
	answered();
	own_files();
	crowd();
	for (unsigned n = 1; n <= RING_MAX; n++) {
		ring(n);
		at_once(n);
	}
	printf(nwrong == 0 ? "rings: ok\n" : "rings: %u wrong\n", nwrong);
	return nwrong == 0 ? 0 : 1;
}
