/* SPDX-License-Identifier: MIT */
/* Endpoints from user mode: what each call answers, and what each error is for (R140, R146). */
#define _GNU_SOURCE
#include "lib/ipc.h"
#include "expect.h"
#include "nofile.h"
#include "until.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t in_ms(unsigned ms)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec + ms * 1000000ul;
}

static void handler(int sig)
{
	(void)sig;
}

static void on_alarm(int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigaction(SIGALRM, &action, NULL);
}

/* Answers with the words turned round, and the badge in place of the last. */
static void serve(int fd, unsigned calls)
{
	struct ipc_message message = { { 0 }, 0 };
	long rcvid = 0;

	while (calls-- && (rcvid = ipc_reply_receive(fd, rcvid, &message, IPC_NEVER)) > 0) {
		uint64_t first = message.word[0];

		message.word[0] = message.word[2];
		message.word[2] = first;
		message.word[3] = message.badge;
	}
	if (rcvid > 0)
		ipc_reply(fd, rcvid, &message);
	_exit(0);
}

static void words_and_badges(void)
{
	int receive = ipc_create(0), one = ipc_badge(receive, 1, 0),
	    many = ipc_badge(receive, INT64_MAX, IPC_CLOEXEC);
	struct ipc_message message = { { 10, 20, 30, 40 }, 99 };
	pid_t pid = fork();

	if (pid == 0)
		serve(receive, 3);
	close(receive);
	expect("call", 0, ipc_call(one, &message, IPC_NEVER));
	expect("word 0", 30, (long)message.word[0]);
	expect("word 1", 20, (long)message.word[1]);
	expect("word 2", 10, (long)message.word[2]);
	expect("word 3", 1, (long)message.word[3]);
	expect("call with the other badge", 0, ipc_call(many, &message, in_ms(10000)));
	expect("its badge", INT64_MAX, (long)message.word[3]);
	expect("call once more", 0, ipc_call(one, &message, IPC_NEVER));
	waitpid(pid, NULL, 0);
	expect("call when the server has gone", -EPIPE, ipc_call(one, &message, IPC_NEVER));
	expect("the flag", FD_CLOEXEC, fcntl(many, F_GETFD));
	close(one);
	close(many);
}

static void bad_descriptors(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 1, 0), pipes[2];
	struct ipc_message message = { { 0 }, 0 };
	char byte = 0;

	if (pipe(pipes) != 0)
		expect("pipe", 0, -errno);
	expect("create with a flag", -EINVAL, ipc_create(2));
	expect("badge with a flag", -EINVAL, ipc_badge(receive, 1, 4));
	expect("badge of nothing", -EBADF, ipc_badge(99, 1, 0));
	expect("badge of a send end", -EINVAL, ipc_badge(send, 1, 0));
	expect("badge of a pipe", -EINVAL, ipc_badge(pipes[0], 1, 0));
	expect("call to nothing", -EBADF, ipc_call(99, &message, IPC_NOW));
	expect("call to a receive end", -EINVAL, ipc_call(receive, &message, IPC_NOW));
	expect("call to a pipe", -EINVAL, ipc_call(pipes[1], &message, IPC_NOW));
	expect("receive from nothing", -EBADF, ipc_receive(99, &message, IPC_NOW));
	expect("receive from a send end", -EINVAL, ipc_receive(send, &message, IPC_NOW));
	expect("reply to nothing", -EBADF, ipc_reply(99, 1, &message));
	expect("reply to a send end", -EINVAL, ipc_reply(send, 1, &message));
	expect("reply to nobody", -ESRCH, ipc_reply(receive, 1, &message));
	expect("reply to 0", -ESRCH, ipc_reply(receive, 0, &message));
	expect("notify of nothing", -EBADF, ipc_notify(99, 1));
	expect("notify of a receive end", -EINVAL, ipc_notify(receive, 1));
	expect("reply-and-receive of nothing", -EBADF, ipc_reply_receive(99, 0, &message, IPC_NOW));
	expect("the same to nobody", -ESRCH, ipc_reply_receive(receive, 7, &message, IPC_NOW));
	expect("the same of a send end", -EINVAL, ipc_reply_receive(send, 0, &message, IPC_NOW));
	expect_error("read", EINVAL, read(receive, &byte, 1));
	expect_error("write", EINVAL, write(send, &byte, 1));
	close(receive);
	close(send);
	close(pipes[0]);
	close(pipes[1]);
}

static void deadlines_and_signals(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 1, 0);
	struct ipc_message message = { { 1, 2, 3, 4 }, 0 };
	pid_t pid;

	expect("receive at once", -ETIMEDOUT, ipc_receive(receive, &message, IPC_NOW));
	expect("receive for a while", -ETIMEDOUT, ipc_receive(receive, &message, in_ms(5)));
	expect("receive in the past", -ETIMEDOUT, ipc_receive(receive, &message, 1));
	expect("call at once", -ETIMEDOUT, ipc_call(send, &message, IPC_NOW));
	expect("call for a while", -ETIMEDOUT, ipc_call(send, &message, in_ms(5)));
	expect("reply-and-receive for a while", -ETIMEDOUT,
	       ipc_reply_receive(receive, 0, &message, in_ms(5)));
	on_alarm(0);
	alarm(1);
	expect("receive until a signal", -EINTR, ipc_receive(receive, &message, IPC_NEVER));
	pid = fork();
	if (pid == 0)
		for (;;)
			pause(); /* it might answer */
	alarm(1);
	expect("call until a signal", -EINTR, ipc_call(send, &message, IPC_NEVER));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	on_alarm(SA_RESTART);
	alarm(1);
	expect("call that is made again", -ETIMEDOUT, ipc_call(send, &message, in_ms(1500)));
	expect("its words are as they were", 3, (long)message.word[2]);
	close(receive);
	close(send);
}

static void polls_and_stats(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 1, 0);
	struct pollfd entry = { .fd = receive, .events = POLLIN | POLLOUT };
	struct ipc_message message = { { 0 }, 0 };
	struct stat st;
	pid_t pid;

	expect("nothing to receive", 0, poll(&entry, 1, 0));
	pid = fork();
	if (pid == 0) {
		long err = ipc_call(send, &message, IPC_NEVER);

		_exit(err == 0 ? 0 : 1);
	}
	expect("a call waits", 1, poll(&entry, 1, -1));
	expect("what can be done", POLLIN, entry.revents);
	expect("receive", 1, ipc_receive(receive, &message, IPC_NOW));
	expect("reply", 0, ipc_reply(receive, 1, &message));
	waitpid(pid, NULL, 0);
	expect("fstat", 0, fstat(receive, &st));
	expect("mode", 0600, st.st_mode);
	expect("fstat of a send end", 0, fstat(send, &st));
	close(receive);
	close(send);
}

static void expect_pulse(const char *what, int receive, uint64_t code, uint64_t value,
			 uint64_t badge)
{
	struct ipc_message message = { { 9, 9, 9, 9 }, 9 };

	expect(what, 0, ipc_receive(receive, &message, IPC_NOW));
	expect(what, (long)code, (long)message.word[0]);
	expect(what, (long)value, (long)message.word[1]);
	expect(what, 0, (long)message.word[2]);
	expect(what, (long)badge, (long)message.badge);
}

/* R140: no pulse is lost, many that were not received become one, and the end of a send end is one. */
static void pulses(void)
{
	int receive = ipc_create(0), one = ipc_badge(receive, 1, IPC_TELL_CLOSE),
	    two = ipc_badge(receive, 2, 0), copy = dup(one);
	struct ipc_message message = { { 0 }, 0 };
	struct pollfd entry = { .fd = receive, .events = POLLIN };

	expect("notify", 0, ipc_notify(one, 4));
	expect("notify the other", 0, ipc_notify(two, 16));
	expect("notify again", 0, ipc_notify(one, 3));
	expect("poll", 1, poll(&entry, 1, -1));
	expect_pulse("both in one", receive, IPC_PULSE_NOTIFIED, 7, 1);
	expect_pulse("the other", receive, IPC_PULSE_NOTIFIED, 16, 2);
	expect("no more", -ETIMEDOUT, ipc_receive(receive, &message, IPC_NOW));
	expect("nothing to poll", 0, poll(&entry, 1, 0));
	expect("notify with no bits", 0, ipc_notify(one, 0));
	close(one);
	expect_pulse("no bits", receive, IPC_PULSE_NOTIFIED, 0, 1);
	expect("a copy is open", -ETIMEDOUT, ipc_receive(receive, &message, IPC_NOW));
	expect("notify by the copy", 0, ipc_notify(copy, 1));
	close(copy);
	expect("notify and close", 0, ipc_notify(two, 1));
	close(two);
	expect_pulse("before the end", receive, IPC_PULSE_NOTIFIED, 1, 1);
	expect_pulse("the end", receive, IPC_PULSE_CLOSED, 0, 1);
	expect_pulse("of one that was closed", receive, IPC_PULSE_NOTIFIED, 1, 2);
	expect("no end is told", -ETIMEDOUT, ipc_receive(receive, &message, IPC_NOW));
	one = ipc_badge(receive, 3, IPC_TELL_CLOSE);
	two = ipc_badge(receive, 3, IPC_TELL_CLOSE);
	expect("notify before the receive end is closed", 0, ipc_notify(two, 1));
	close(two);
	close(receive);
	expect("notify after it", -EPIPE, ipc_notify(one, 1));
	close(one);
}

/* A signal does not end a call that was received, but the server is told, once. */
static void signal_during_a_call(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 8, 0), status = 0;
	struct ipc_message message = { { 0 }, 0 };
	long rcvid, pulse;
	pid_t pid = fork();

	if (pid == 0) {
		on_alarm(0);
		_exit(ipc_call(send, &message, IPC_NEVER) != 0 || message.word[0] != 42);
	}
	rcvid = ipc_receive(receive, &message, IPC_NEVER);
	expect("a call", 1, rcvid > 0);
	kill(pid, SIGALRM);
	pulse = ipc_receive(receive, &message, IPC_NEVER);
	expect("a pulse", 0, pulse);
	expect("its code", IPC_PULSE_UNBLOCK, (long)message.word[0]);
	expect("its value", rcvid, (long)message.word[1]);
	expect("its badge", 8, (long)message.badge);
	kill(pid, SIGALRM);
	expect("only one", -ETIMEDOUT, ipc_receive(receive, &message, in_ms(5)));
	message.word[0] = 42;
	expect("reply", 0, ipc_reply(receive, rcvid, &message));
	waitpid(pid, &status, 0);
	expect("the caller's status", 0, status);
	close(receive);
	close(send);
}

/* The pulse goes with its call: when that is answered or its caller killed, there is none. */
static void pulse_of_an_ended_call(bool killed)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 8, 0), status = 0;
	struct pollfd entry = { .fd = receive, .events = POLLIN };
	struct ipc_message message = { { 0 }, 0 };
	long rcvid;
	pid_t pid = fork();

	if (pid == 0) {
		on_alarm(0);
		_exit(ipc_call(send, &message, IPC_NEVER) != 0);
	}
	rcvid = ipc_receive(receive, &message, IPC_NEVER);
	kill(pid, SIGALRM);
	expect("a pulse waits", 1, poll(&entry, 1, -1));
	if (killed)
		kill(pid, SIGKILL);
	else
		expect("reply", 0, ipc_reply(receive, rcvid, &message));
	waitpid(pid, &status, 0);
	expect("the caller's status", killed ? SIGKILL : 0, status);
	expect("no pulse", -ETIMEDOUT, ipc_receive(receive, &message, IPC_NOW));
	close(receive);
	close(send);
}

static pid_t fork_caller(int receive, int send, uint64_t word)
{
	struct ipc_message message = { { word }, 0 };
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	close(receive);
	_exit((int)-ipc_call(send, &message, IPC_NEVER));
}

static int exit_of(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -status;
}

/* Receives two calls, writes which and their numbers, and answers none. */
static void receive_two(int receive, int told)
{
	struct ipc_message message = { { 0 }, 0 };

	for (int i = 0; i < 2; i++) {
		long rcvid = ipc_receive(receive, &message, IPC_NEVER);
		long line[2] = { (long)message.word[0], rcvid };

		if (rcvid < 0 || write(told, line, sizeof(line)) != sizeof(line))
			_exit(1);
	}
	for (;;)
		pause();
}

/*
 * A server is killed that has received calls, while another process has the receive end too: they
 * stay open. The other may answer them; those that it does not answer end with the receive end.
 */
static void one_of_two_servers_dies(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 1, 0), told[2] = { -1, -1 };
	struct ipc_message message = { { 0 }, 0 };
	long line[2], rcvids[2] = { 0 };
	pid_t server, callers[2];

	expect("pipe", 0, pipe(told));
	server = fork();
	if (server == 0)
		receive_two(receive, told[1]);
	close(told[1]);
	for (unsigned i = 0; i < 2; i++)
		callers[i] = fork_caller(receive, send, i);
	while (read(told[0], line, sizeof(line)) == sizeof(line)) {
		rcvids[line[0] & 1] = line[1];
		if (rcvids[0] && rcvids[1])
			kill(server, SIGKILL);
	}
	expect("the server's end", -SIGKILL, exit_of(server));
	expect("a caller that has ended", 0, waitpid(-1, NULL, WNOHANG));
	expect("reply for the dead server", 0, ipc_reply(receive, rcvids[0], &message));
	expect("the call that was answered", 0, exit_of(callers[0]));
	expect("a caller that has ended", 0, waitpid(-1, NULL, WNOHANG));
	close(receive);
	expect("the call that was not", EPIPE, exit_of(callers[1]));
	close(send);
	close(told[0]);
}

static void full_table(void)
{
	int fds[300], n = 0, receive = ipc_create(0);

	allow_files(256);
	while (n < 300 && (fds[n] = dup(receive)) >= 0)
		n++;
	expect("create in a full table", -EMFILE, ipc_create(0));
	expect("badge in a full table", -EMFILE, ipc_badge(receive, 1, 0));
	while (n)
		close(fds[--n]);
	close(receive);
}

#define LINGERING_MAX 1024

/* Ends are closed until there is no new one; then each pulse is received, and there are new ones. */
static void pulses_of_closed_ends(void)
{
	int receive = ipc_create(0), other = ipc_create(0), send;
	struct ipc_message message = { { 0 }, 0 };
	uint64_t n = 0;

	while (n <= LINGERING_MAX && (send = ipc_badge(receive, n, IPC_TELL_CLOSE)) >= 0) {
		if (n % 2)
			ipc_notify(send, 1);
		close(send);
		n++;
	}
	expect("ends", LINGERING_MAX, (long)n);
	expect("one more", -EAGAIN, ipc_badge(receive, n, 0));
	send = ipc_badge(other, 0, IPC_TELL_CLOSE);
	expect("one of another endpoint", 1, send >= 0);
	close(send);
	for (n = 0; n < LINGERING_MAX; n++) {
		if (n % 2) {
			expect("a bit", 0, ipc_receive(receive, &message, IPC_NOW));
			expect("its kind", IPC_PULSE_NOTIFIED, (long)message.word[0]);
		}
		expect("an end", 0, ipc_receive(receive, &message, IPC_NOW));
		expect("its kind", IPC_PULSE_CLOSED, (long)message.word[0]);
		expect("its badge", (long)n, (long)message.badge);
	}
	expect("no other", -ETIMEDOUT, ipc_receive(receive, &message, IPC_NOW));
	for (n = 0; n < 2 * LINGERING_MAX && (send = ipc_badge(receive, n, 0)) >= 0; n++)
		close(send);
	expect("ends that nobody is told of", 2 * LINGERING_MAX, (long)n);
	close(receive);
	close(other);
}

/* ---- threads ---- */

/* A server with threads: one receives, another replies. */
struct threads {
	int receive, calls[2]; /* a pipe: what was received */
	int tid;	       /* of the one that receives */
};

static void *receiving_thread(void *arg)
{
	struct threads *threads = arg;
	struct ipc_message message = { { 0 }, 0 };

	__atomic_store_n(&threads->tid, gettid(), __ATOMIC_RELEASE);
	for (int i = 0; i < 3; i++) {
		long rcvid = ipc_receive(threads->receive, &message, IPC_NEVER);

		if (write(threads->calls[1], &rcvid, sizeof(rcvid)) != sizeof(rcvid))
			_exit(1);
	}
	return NULL;
}

static void *replying_thread(void *arg)
{
	struct threads *threads = arg;

	for (int i = 0; i < 3; i++) {
		struct ipc_message message = { { 5, 6, 7, 8 }, 0 };
		long rcvid;

		if (read(threads->calls[0], &rcvid, sizeof(rcvid)) != sizeof(rcvid))
			_exit(1);
		expect("reply by another thread", 0, ipc_reply(threads->receive, rcvid, &message));
	}
	return NULL;
}

static bool sleeps(int tid)
{
	char path[64], text[256] = "";
	FILE *file;
	size_t n;

	if (tid == 0)
		return false;
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	file = fopen(path, "r");
	n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
	text[n] = '\0';
	if (file)
		fclose(file);
	return strstr(text, ") S ") != NULL;
}

/*
 * The process that calls is the server, too: with one thread that is a deadlock. Then the descriptor
 * is closed while the thread waits on it: it goes on waiting, and the call reaches it.
 */
static void threads_of_a_server(void)
{
	struct threads threads = { .receive = ipc_create(0) };
	int send = ipc_badge(threads.receive, 1, 0);
	struct ipc_message message = { { 0 }, 0 };
	pthread_t receiving, replying;

	expect("pipe", 0, pipe(threads.calls));
	pthread_create(&receiving, NULL, receiving_thread, &threads);
	pthread_create(&replying, NULL, replying_thread, &threads);
	for (int i = 0; i < 3; i++) {
		message = (struct ipc_message){ { 1, 2, 3, 4 }, 0 };
		expect("call of another thread", 0, ipc_call(send, &message, IPC_NEVER));
		expect("its answer", 7, (long)message.word[2]);
	}
	pthread_join(receiving, NULL);
	pthread_join(replying, NULL);
	close(send);
	close(threads.receive);
	close(threads.calls[0]);
	close(threads.calls[1]);
}

static void *waiting_thread(void *arg)
{
	struct threads *threads = arg;
	struct ipc_message message = { { 0 }, 0 };

	__atomic_store_n(&threads->tid, gettid(), __ATOMIC_RELEASE);
	return (void *)ipc_receive(threads->receive, &message, IPC_NEVER);
}

static void closed_while_a_thread_waits(void)
{
	struct threads threads = { .receive = ipc_create(0) };
	int send = ipc_badge(threads.receive, 1, 0);
	struct ipc_message message = { { 0 }, 0 };
	pthread_t waiting;
	void *result;

	pthread_create(&waiting, NULL, waiting_thread, &threads);
	UNTIL("a thread receives", sleeps(__atomic_load_n(&threads.tid, __ATOMIC_ACQUIRE)));
	close(threads.receive);
	expect("call of what was received in vain", -EPIPE, ipc_call(send, &message, IPC_NEVER));
	pthread_join(waiting, &result);
	expect("received", 1, (long)result > 0);
	close(send);
}

/* ---- the end of the server ---- */

static void expect_event(const char *what, int set, unsigned events)
{
	struct epoll_event event = { 0 };

	expect(what, events != 0, epoll_wait(set, &event, 1, 0));
	expect(what, events, event.events);
}

/* R140: a send end is writable always, and hung up when the last receive end is closed; a set tells that by level or by edge. */
static void send_ends_hang_up(void)
{
	int receive = ipc_create(0), copy = dup(receive), send = ipc_badge(receive, 1, 0),
	    same = dup(send), set = epoll_create1(0);
	struct epoll_event level = { .events = EPOLLIN }, edge = { .events = EPOLLIN | EPOLLET },
			   once = { .events = EPOLLOUT | EPOLLONESHOT };
	struct pollfd entry = { .fd = send, .events = POLLIN | POLLPRI };
	fd_set readable;

	expect("poll", 0, poll(&entry, 1, 0));
	entry.events |= POLLOUT;
	expect("poll for writing", 1, poll(&entry, 1, -1));
	expect("writable", POLLOUT, entry.revents);
	expect("add", 0, epoll_ctl(set, EPOLL_CTL_ADD, send, &once));
	expect_event("for writing", set, EPOLLOUT);
	expect("modify", 0, epoll_ctl(set, EPOLL_CTL_MOD, send, &level));
	close(receive);
	expect_event("a receive end is left", set, 0);
	close(copy);
	expect_event("by level", set, EPOLLHUP);
	expect_event("by level again", set, EPOLLHUP);
	expect("modify to edge", 0, epoll_ctl(set, EPOLL_CTL_MOD, send, &edge));
	expect_event("by edge", set, EPOLLHUP);
	expect_event("by edge again", set, 0);
	expect("add late", 0, epoll_ctl(set, EPOLL_CTL_ADD, same, &edge));
	expect_event("when it was late", set, EPOLLHUP);
	expect("poll afterwards", 1, poll(&entry, 1, -1));
	expect("both", POLLOUT | POLLHUP, entry.revents);
	FD_ZERO(&readable);
	FD_SET(send, &readable);
	expect("select", 1, select(send + 1, &readable, NULL, NULL, NULL));
	close(same);
	close(send);
	close(set);
}

#define OWN_BADGE 7

/* Keeps the descriptor that a caller lets it take, to its end. */
_Noreturn static void keep_what_is_given(int receive)
{
	struct ipc_message message = { { 0 }, 0 };
	long rcvid = ipc_receive(receive, &message, IPC_NEVER);

	message.word[0] = ipc_take(receive, rcvid, 0, 0) >= 0;
	ipc_reply(receive, rcvid, &message);
	for (;;)
		pause();
}

/*
 * R140: a program that serves an endpoint of its own has both in one set, what comes to it and the end of a server. If that
 * server keeps a send end of it, the end is a pulse.
 */
static void servers_of_each_other(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 1, 0), own = ipc_create(0),
	    telling = ipc_badge(own, OWN_BADGE, IPC_TELL_CLOSE), set = epoll_create1(0);
	struct epoll_event comes = { .events = EPOLLIN }, ends = { .events = EPOLLET };
	struct ipc_transfer with = { .nfds = 1, .fd = { telling } };
	struct ipc_message message = { { 0 }, 0 };
	pid_t server = fork();

	if (server == 0) {
		close(own);
		close(telling);
		keep_what_is_given(receive);
	}
	close(receive);
	expect("give", 0, ipc_call_with(send, &message, &with, IPC_NEVER));
	expect("it was taken", 1, (long)message.word[0]);
	close(telling);
	expect("add what comes", 0, epoll_ctl(set, EPOLL_CTL_ADD, own, &comes));
	expect("add the end", 0, epoll_ctl(set, EPOLL_CTL_ADD, send, &ends));
	expect_event("the server is there", set, 0);
	expect("no pulse", -ETIMEDOUT, ipc_receive(own, &message, IPC_NOW));
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	expect_pulse("its end", own, IPC_PULSE_CLOSED, 0, OWN_BADGE);
	expect_event("its end in the set", set, EPOLLHUP);
	close(own);
	close(send);
	close(set);
}

#define POLLERS 40

/* A thread that waits for the end of the server. */
struct poller {
	pthread_t thread;
	int send, tid;
	bool hung_up;
};

static void *poll_send_end(void *arg)
{
	struct poller *poller = arg;
	struct pollfd entry = { .fd = poller->send };

	__atomic_store_n(&poller->tid, gettid(), __ATOMIC_RELEASE);
	poller->hung_up = poll(&entry, 1, -1) == 1 && entry.revents == POLLHUP;
	return NULL;
}

static void *epoll_send_end(void *arg)
{
	struct poller *poller = arg;
	struct epoll_event event = { 0 };
	int set = epoll_create1(0);

	expect("add", 0, epoll_ctl(set, EPOLL_CTL_ADD, poller->send, &event));
	__atomic_store_n(&poller->tid, gettid(), __ATOMIC_RELEASE);
	poller->hung_up = epoll_wait(set, &event, 1, -1) == 1 && event.events == EPOLLHUP;
	close(set);
	return NULL;
}

/* R140: a server's end wakes all who poll a send end of it, or wait for one in a set. */
static void all_learn_of_the_end(void)
{
	struct poller pollers[POLLERS];
	int receive = ipc_create(0), send = ipc_badge(receive, 1, 0), nhung_up = 0;

	for (int i = 0; i < POLLERS; i++) {
		pollers[i] = (struct poller){ .send = send };
		pthread_create(&pollers[i].thread, NULL, i % 2 ? poll_send_end : epoll_send_end,
			       &pollers[i]);
		UNTIL("one waits", sleeps(__atomic_load_n(&pollers[i].tid, __ATOMIC_ACQUIRE)));
	}
	close(receive);
	for (int i = 0; i < POLLERS; i++) {
		pthread_join(pollers[i].thread, NULL);
		nhung_up += pollers[i].hung_up;
	}
	expect("who was told", POLLERS, nhung_up);
	close(send);
}

/* ---- exec ---- */

static void *receive_and_exec(void *arg)
{
	int *receive = arg;
	struct ipc_message message = { { 0 }, 0 };
	long rcvid = ipc_receive(*receive, &message, IPC_NEVER);
	char end[16], call[32];

	snprintf(end, sizeof(end), "%d", *receive);
	snprintf(call, sizeof(call), "%ld", rcvid);
	execl("/proc/self/exe", "ipc", end, call, NULL);
	_exit(2);
}

/* The program that a thread of a server executes while it has a call. */
static int answer(int receive, long rcvid)
{
	struct ipc_message message = { { 0 }, 0 };

	message.word[0] = sched_getscheduler(0) == SCHED_OTHER;
	return ipc_reply(receive, (unsigned long)rcvid, &message) != 0;
}

/* A call goes on while its server executes another program, and what the caller lends ends with the reply (R132). */
static void exec_with_a_call(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 1, 0), status;
	struct sched_param high = { .sched_priority = 50 }, usual = { 0 };
	struct ipc_message message = { { 0 }, 0 };
	pid_t server = fork();

	if (server == 0) {
		pthread_t thread;

		pthread_create(&thread, NULL, receive_and_exec, &receive);
		for (;;)
			pause();
	}
	close(receive);
	expect("ask for priority", 0, sched_setscheduler(0, SCHED_FIFO, &high));
	expect("call", 0, ipc_call(send, &message, IPC_NEVER));
	expect("what the server asked for", 1, (long)message.word[0]);
	expect("ask for none", 0, sched_setscheduler(0, SCHED_OTHER, &usual));
	waitpid(server, &status, 0);
	expect("the server's end", 0, status);
	close(send);
}

int main(int argc, char **argv)
{
	if (argc == 3)
		return answer(atoi(argv[1]), atol(argv[2]));
	words_and_badges();
	bad_descriptors();
	deadlines_and_signals();
	polls_and_stats();
	pulses();
	signal_during_a_call();
	pulse_of_an_ended_call(false);
	pulse_of_an_ended_call(true);
	one_of_two_servers_dies();
	full_table();
	pulses_of_closed_ends();
	threads_of_a_server();
	closed_while_a_thread_waits();
	send_ends_hang_up();
	servers_of_each_other();
	all_learn_of_the_end();
	exec_with_a_call();
	if (nwrong == 0)
		puts("ipc: ok");
	return nwrong != 0;
}
