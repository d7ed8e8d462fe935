/* SPDX-License-Identifier: MIT */
/* Calls of endpoints that are preempted, in the caller or in the server, also at the end of either (R140, R144). */
#include "preempt_sweep.h"
#include "preempt_sweep_ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

int receive_end, send_end;
long server;

void wait_asleep(long pid)
{
	struct faultline_process process = { .state = FAULTLINE_ALIVE };
	long n = 1;

	while (n == 1 && process.state == FAULTLINE_ALIVE) {
		yield();
		n = CALL(faultline, FAULTLINE_PROCESS, (uint64_t)pid, (uint64_t)&process,
			 sizeof(process));
	}
	expect(n == 1 && process.state == FAULTLINE_SLEEPING, "the server waits", process.state);
}

void start_server(int (*serve)(void))
{
	receive_end = ipc_create(0);
	send_end = ipc_badge(receive_end, 1, IPC_TELL_CLOSE);
	server = CALL(clone, SIGCHLD);
	if (server == 0) {
		CALL(close, (uint64_t)send_end);
		CALL(exit_group, (uint64_t)serve());
	}
	expect(server > 0, "clone", server);
	CALL(close, (uint64_t)receive_end);
	wait_asleep(server);
}

int stop_server(void)
{
	CALL(close, (uint64_t)send_end);
	return reap(server);
}

/* ---- words ---- */

#define BITS	1
#define NO_CALL 2 /* the server has answered a call that was over */
#define UNBLOCK 4 /* it has been told of a signal */

static struct ipc_message mine, theirs;
static long done;

static int pulse_seen(const struct ipc_message *m)
{
	return m->word[0] == IPC_PULSE_UNBLOCK ? UNBLOCK : (int)m->word[1];
}

/* Answers each call with its words turned round. Returns what else it saw: NO_CALL and so on. */
static int serve_words(void)
{
	struct ipc_message m = { { 0 }, 0 };
	long rcvid = 0, answered = 0;
	int seen = 0;

	for (;;) {
		rcvid = ipc_reply_receive(receive_end, rcvid, &m, IPC_NEVER);
		if (rcvid == -ESRCH && !(seen & NO_CALL)) {
			seen |= NO_CALL;
			rcvid = 0;
			continue;
		}
		if (rcvid < 0 || (rcvid > 0 && rcvid <= answered))
			return 99;
		if (rcvid == 0 && m.word[0] == IPC_PULSE_CLOSED)
			return seen;
		if (rcvid == 0)
			seen |= pulse_seen(&m);
		for (unsigned i = 0; rcvid > 0 && i < IPC_WORDS; i++)
			m.word[i] = ~m.word[i];
		answered = rcvid > 0 ? rcvid : answered;
	}
}

static void fill_words(struct ipc_message *m, uint64_t value)
{
	for (unsigned i = 0; i < IPC_WORDS; i++)
		m->word[i] = value + i;
}

static int is_turned(const struct ipc_message *m, uint64_t value)
{
	unsigned right = 0;

	for (unsigned i = 0; i < IPC_WORDS; i++)
		right += m->word[i] == ~(value + i);
	return right == IPC_WORDS;
}

static void expect_turned(const struct ipc_message *m, uint64_t value)
{
	expect(is_turned(m, value), "the words of the answer, of which the first is",
	       (long)m->word[0]);
}

static void prepare_call(void)
{
	start_server(serve_words);
	fill_words(&mine, 100);
}

static void call_call(void)
{
	arm();
	done = ipc_call(send_end, &mine, IPC_NEVER);
}

static void compete_call(void)
{
	long got;

	for (unsigned i = 0; i < 2; i++) {
		fill_words(&theirs, 200);
		got = ipc_call(send_end, &theirs, IPC_NEVER);
		expect(got == 0, "the other's call", got);
		expect_turned(&theirs, 200);
		got = ipc_notify(send_end, BITS);
		expect(got == 0, "notify", got);
	}
}

static void check_call(void)
{
	int status = stop_server();

	expect(done == 0, "call", done);
	expect_turned(&mine, 100);
	expect(status == (common->competed ? BITS << 8 : 0), "the pulses received", status);
}

static void be_caller_of_words(void)
{
	arm();
	done = ipc_call(send_end, &mine, IPC_NEVER);
	CALL(exit_group, done == 0 && is_turned(&mine, 100) ? 0 : 1);
}

static void call_words_by_child(void)
{
	fork_child(be_caller_of_words);
}

static void compete_kill_caller(void)
{
	CALL(kill, (uint64_t)child, SIGKILL);
	churn();
}

static void check_killed_words(void)
{
	int is_killed = child_status == SIGKILL;
	int status = stop_server();

	expect(is_killed ? common->competed : child_status == 0, "the caller's status",
	       child_status);
	expect(status == 0 || (is_killed && status == NO_CALL << 8), "the server's status", status);
}

static volatile int signals;

static void count_signal(int sig)
{
	(void)sig;
	signals++;
}

static void prepare_signal(void)
{
	struct sigaction action = { .sa_handler = count_signal, .sa_flags = SA_RESTART };

	sigaction(SIGUSR1, &action, NULL);
	signals = 0;
	prepare_call();
}

static void compete_signal(void)
{
	expect(CALL(kill, CALL(getppid, 0), SIGUSR1) == 0, "kill", 0);
	churn();
}

static void check_signal(void)
{
	int status = stop_server();

	expect(done == 0, "call", done);
	expect_turned(&mine, 100);
	expect(signals == common->competed, "how often the handler ran", signals);
	expect(status == 0 || (common->competed && status == UNBLOCK << 8), "the server's status",
	       status);
}

/* ---- buffers and descriptors ---- */

#define BYTES 6000 /* two pages, or three */
#define HALF  (BYTES / 2)

static uint8_t sent[BYTES], received[BYTES], servers[BYTES];
static int ends[2];

static uint8_t byte_of(unsigned i)
{
	return (uint8_t)(i * 7 + i / 256);
}

static int is_gone(long got)
{
	return got == -ESRCH;
}

/*
 * Reads what the call sends, writes it back, takes its pipe and says a byte there, and gives it the
 * other end. The caller may be killed at any time. Returns what is wrong.
 */
static int serve_buffers_once(long rcvid)
{
	long got;
	int fd;

	for (unsigned at = 0; at < BYTES; at += HALF) {
		got = ipc_read(receive_end, rcvid, servers + at, HALF, at);
		if (got != HALF)
			return is_gone(got) ? 0 : 1;
	}
	for (unsigned i = 0; i < BYTES; i++)
		if (servers[i] != byte_of(i))
			return 2;
	for (unsigned at = 0; at < BYTES; at += HALF) {
		got = ipc_write(receive_end, rcvid, servers + at, HALF, at);
		if (got != HALF)
			return is_gone(got) ? 0 : 3;
	}
	fd = ipc_take(receive_end, rcvid, 0, 0);
	if (fd < 0)
		return is_gone(fd) ? 0 : 4;
	got = CALL(write, (uint64_t)fd, (uint64_t) "x", 1);
	if (got != 1)
		return 5;
	got = ipc_give(receive_end, rcvid, fd);
	CALL(close, (uint64_t)fd);
	return got == 0 || is_gone(got) ? 0 : 6;
}

static int serve_buffers(void)
{
	struct ipc_message m = { { 0 }, 0 };

	for (;;) {
		long rcvid = ipc_receive(receive_end, &m, IPC_NEVER), got;
		int wrong;

		if (rcvid <= 0)
			return rcvid < 0 ? 99 : 0;
		wrong = serve_buffers_once(rcvid);
		if (wrong)
			return wrong;
		got = ipc_reply(receive_end, rcvid, &m);
		if (got != 0 && !is_gone(got))
			return 7;
	}
}

static void prepare_buffers(void)
{
	for (unsigned i = 0; i < BYTES; i++)
		sent[i] = byte_of(i);
	memset(received, 0, sizeof(received));
	start_server(serve_buffers);
	expect(CALL(pipe2, (uint64_t)ends, O_NONBLOCK) == 0, "pipe2", 0);
}

/* Returns what the call returned, or that its results are wrong. */
static long call_with_buffers(void)
{
	struct ipc_transfer with = { .send = sent,
				     .send_length = BYTES,
				     .receive = received,
				     .receive_length = BYTES,
				     .nfds = 1,
				     .nroom = 1,
				     .fd = { ends[1] } };
	struct ipc_message m = { { 0 }, 0 };
	long got;

	arm();
	got = ipc_call_with(send_end, &m, &with, IPC_NEVER);
	if (got == 1 && memcmp(sent, received, BYTES) != 0)
		return 98;
	if (got == 1 && CALL(close, (uint64_t)with.room[0]) != 0)
		return 97;
	return got;
}

static void be_caller(void)
{
	CALL(exit_group, (uint64_t)call_with_buffers());
}

static void call_by_child(void)
{
	fork_child(be_caller);
}

/* All descriptors of the pipe's end are closed but ours. The byte was said once, or not. */
static void check_pipe(int must_say)
{
	char c = 0;
	long got;

	CALL(close, (uint64_t)ends[1]);
	got = CALL(read, (uint64_t)ends[0], (uint64_t)&c, 1);
	expect(got == 1 ? c == 'x' : got == 0 && !must_say, "the byte said", got);
	got = CALL(read, (uint64_t)ends[0], (uint64_t)&c, 1);
	expect(got == 0, "the pipe's end", got);
	CALL(close, (uint64_t)ends[0]);
}

static void check_killed_caller(void)
{
	int is_killed = child_status == SIGKILL;
	int status = stop_server();

	expect(is_killed ? common->competed : child_status == 1 << 8, "the caller's status",
	       child_status);
	expect(status == 0, "the server's status", status);
	check_pipe(!is_killed);
}

static void call_of_dying_server(void)
{
	done = call_with_buffers();
}

static void compete_kill_server(void)
{
	CALL(kill, (uint64_t)server, SIGKILL);
	churn();
}

static void check_killed_server(void)
{
	int status = stop_server();

	expect(done == 1 || (done == -EPIPE && common->competed), "call", done);
	expect(status == (common->competed ? SIGKILL : 0), "the server's status", status);
	check_pipe(done == 1);
}

/* ---- rings ---- */

static int other_receive, other_send;
static long their_done;

/* Calls whom it serves. Returns what is wrong. */
static int serve_ring(void)
{
	struct ipc_message m = { { 0 }, 0 };
	long rcvid = ipc_receive(receive_end, &m, IPC_NEVER);

	if (rcvid <= 0)
		return 1;
	m.word[0] = (uint64_t)ipc_call(other_send, &m, IPC_NEVER);
	ipc_reply(receive_end, rcvid, &m);
	return ipc_receive(receive_end, &m, IPC_NEVER) == 0 ? 0 : 2;
}

/* The server has no receive end but its own. */
static int serve_ring_alone(void)
{
	CALL(close, (uint64_t)other_receive);
	return serve_ring();
}

static void prepare_ring(void)
{
	other_receive = ipc_create(0);
	other_send = ipc_badge(other_receive, 1, 0);
	start_server(serve_ring_alone);
	common->ready = 0;
}

static void enter_ring(void)
{
	CALL(close, (uint64_t)other_receive);
	common->ready = 1;
}

static void wait_for_competitor(void)
{
	while (!common->ready)
		yield();
}

static void check_ring(void)
{
	int status;

	CALL(close, (uint64_t)other_receive);
	CALL(close, (uint64_t)other_send);
	status = stop_server();
	expect(done == 0 ? (long)mine.word[0] == -EDEADLK : done == -EPIPE && common->competed,
	       "the ring", done == 0 ? (long)mine.word[0] : done);
	expect(status == (common->competed ? SIGKILL : 0), "the server's status", status);
}

/* Each has one of the two endpoints, and calls the other's: one is refused, at least. */
static void prepare_at_once(void)
{
	receive_end = ipc_create(0);
	send_end = ipc_badge(receive_end, 1, 0);
	other_receive = ipc_create(0);
	other_send = ipc_badge(other_receive, 1, 0);
	common->ready = 0;
	their_done = 0;
}

/* It has received last, though nothing, so it is the server. */
static void enter_at_once(void)
{
	struct ipc_message m = { { 0 }, 0 };

	CALL(close, (uint64_t)other_receive);
	expect(ipc_receive(receive_end, &m, IPC_NOW) == -ETIMEDOUT, "receive", 0);
	common->ready = 1;
}

static void ready_at_once(void)
{
	wait_for_competitor();
	CALL(close, (uint64_t)receive_end);
}

/* Who is refused gives up its endpoint, which ends the other's call. */
static void call_at_once(void)
{
	struct ipc_message m = { { 0 }, 0 };

	arm();
	done = ipc_call(send_end, &m, IPC_NEVER);
	CALL(close, (uint64_t)other_receive);
}

static void compete_at_once(void)
{
	struct ipc_message m = { { 0 }, 0 };

	their_done = ipc_call(other_send, &m, IPC_NEVER);
	CALL(close, (uint64_t)receive_end);
}

static void check_at_once(void)
{
	expect(done == -EDEADLK || done == -EPIPE, "call", done);
	if (common->competed)
		expect(their_done == -EDEADLK || (their_done == -EPIPE && done == -EDEADLK),
		       "the other's call", their_done);
	CALL(close, (uint64_t)send_end);
	CALL(close, (uint64_t)other_send);
}

/* ---- files that a program serves ---- */

#define SERVED_FILE "/served"

/* Gives a byte for each read. Returns how many files were opened and not closed. */
static int serve_file(void)
{
	struct ipc_message m = { { 0 }, 0 };
	uint64_t generation = 0;
	long rcvid = 0;
	int nopen = 0;

	for (;;) {
		rcvid = ipc_reply_receive(receive_end, rcvid > 0 ? rcvid : 0, &m, IPC_NEVER);
		if (rcvid == 0 && m.word[0] == IPC_PULSE_CLOSED && !(m.badge & IPC_BADGE_SERVED))
			return nopen;
		if (rcvid == 0 && m.word[0] == IPC_PULSE_CLOSED && nopen > 0)
			nopen--; /* of a killed caller, it may be all that comes */
		if (rcvid > 0)
			nopen += SERVED_OP(m.word[0]) == SERVED_OPEN;
		if (rcvid > 0)
			ipc_post(receive_end, m.badge, SERVED_STATE(++generation, POLLIN));
		m.word[0] = SERVED_OP(m.word[0]) == SERVED_READ;
		m.word[1] = SERVED_STATE(generation, POLLIN);
		m.word[2] = 'x';
	}
}

static void prepare_file(void)
{
	long err;

	start_server(serve_file);
	err = ipc_name(AT_FDCWD, SERVED_FILE, 0600, send_end);
	expect(err == 0, "name", err);
}

/* Returns 1, or what stopped it. */
static long read_served(void)
{
	char byte = 0;
	long fd = CALL(openat, AT_FDCWD, (uint64_t)SERVED_FILE, O_RDONLY);
	long n = fd < 0 ? fd : CALL(read, (uint64_t)fd, (uint64_t)&byte, 1);

	if (fd >= 0)
		CALL(close, (uint64_t)fd);
	return n == 1 && byte != 'x' ? -1000 : n;
}

static void call_read_served(void)
{
	arm();
	done = read_served();
}

static void compete_read_served(void)
{
	for (unsigned i = 0; i < 2; i++) {
		long got = read_served();

		expect(got == 1, "the other's read", got);
	}
}

static int stop_file_server(void)
{
	CALL(unlinkat, AT_FDCWD, (uint64_t)SERVED_FILE, 0);
	return stop_server();
}

static void check_read_served(void)
{
	int status = stop_file_server();

	expect(done == 1, "read", done);
	expect(status == 0, "files that are left", status);
}

static void compete_kill_file_server(void)
{
	CALL(kill, (uint64_t)server, SIGKILL);
	churn();
}

static void check_killed_file_server(void)
{
	int status = stop_file_server();

	expect(done == 1 || (common->competed && (done == -EIO || done == -ENXIO)), "read", done);
	expect(status == (common->competed ? SIGKILL : 0), "the server's status", status);
}

static void be_reader_of_served(void)
{
	arm();
	CALL(exit_group, read_served() == 1 ? 0 : 1);
}

static void read_served_by_child(void)
{
	fork_child(be_reader_of_served);
}

static void check_killed_reader(void)
{
	int status = stop_file_server();

	expect(child_status == SIGKILL || child_status == 0, "the reader's status", child_status);
	expect(status == 0, "files that are left", status);
}

const struct sweep ipc_sweeps[] = {
	{ .name = "served_read",
	  .prepare = prepare_file,
	  .call = call_read_served,
	  .compete = compete_read_served,
	  .check = check_read_served,
	  .timed = 1 },
	{ .name = "served_kill_reader",
	  .prepare = prepare_file,
	  .call = read_served_by_child,
	  .compete = compete_kill_caller,
	  .check = check_killed_reader,
	  .by_child = 1,
	  .length = 67000,
	  .timed = 1 },
	{ .name = "served_kill_server",
	  .prepare = prepare_file,
	  .call = call_read_served,
	  .compete = compete_kill_file_server,
	  .check = check_killed_file_server,
	  .timed = 1 },
	{ .name = "ipc_call",
	  .prepare = prepare_call,
	  .call = call_call,
	  .compete = compete_call,
	  .check = check_call,
	  .timed = 1 },
	{ .name = "ipc_signal",
	  .prepare = prepare_signal,
	  .call = call_call,
	  .compete = compete_signal,
	  .check = check_signal,
	  .timed = 1 },
	{ .name = "ipc_kill_words",
	  .prepare = prepare_call,
	  .call = call_words_by_child,
	  .compete = compete_kill_caller,
	  .check = check_killed_words,
	  .by_child = 1,
	  .length = 67000,
	  .timed = 1 },
	{ .name = "ipc_kill_caller",
	  .prepare = prepare_buffers,
	  .call = call_by_child,
	  .compete = compete_kill_caller,
	  .check = check_killed_caller,
	  .by_child = 1,
	  .timed = 1,
	  .length = 200000 },
	{ .name = "ipc_kill_server",
	  .prepare = prepare_buffers,
	  .call = call_of_dying_server,
	  .compete = compete_kill_server,
	  .check = check_killed_server,
	  .timed = 1 },
	{ .name = "ipc_ring",
	  .prepare = prepare_ring,
	  .ready = wait_for_competitor,
	  .call = call_call,
	  .enter = enter_ring,
	  .compete = compete_kill_server,
	  .check = check_ring,
	  .timed = 1 },
	{ .name = "ipc_at_once",
	  .prepare = prepare_at_once,
	  .ready = ready_at_once,
	  .call = call_at_once,
	  .enter = enter_at_once,
	  .compete = compete_at_once,
	  .check = check_at_once,
	  .length = 4300 },
	{ .name = NULL },
};
