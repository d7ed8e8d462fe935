/* SPDX-License-Identifier: MIT */
/* A server of files that keeps many reads waiting, and answers them late, in any order, and some not well (R142). */
/*
 * All requests but reads and writes are answered at once, most of them by the library of file servers. Reads and writes
 * are kept, and answered when there are more than CROWD of them, or when nothing has come for a while: then any of them
 * is next.
 */
#include "slow_server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/ipc.h"
#include "servers/file_server.h"

#define HELD_MAX 4096u
#define CROWD	 24u
#define QUIET_NS 1000000u

struct slow_control *slow;

static struct file_server server;
static int endpoint;
static uint64_t chance;

static struct held {
	long rcvid;
	uint16_t tag;
	bool is_lost, writes;
	struct ipc_message message;
} held[HELD_MAX];
static unsigned nheld, nlost; /* the lost ones are in it, too */

/* ---- the files ---- */

static int slow_walk(void *tree, uint64_t dir, struct p9_string name, uint64_t *ret)
{
	(void)tree, (void)dir;
	if (p9_string_is(name, ".."))
		*ret = 0;
	else if (name.len != 1 || name.data[0] < '0' || name.data[0] > '0' + (int)STORE)
		return -ENOENT;
	else
		*ret = 1 + (uint64_t)(name.data[0] - '0');
	return 0;
}

static uint64_t pages_of(uint64_t file)
{
	return file == 1 + STORE ? STORE_PAGES : FILE_PAGES;
}

static int slow_getattr(void *tree, uint64_t file, struct file_attr *ret)
{
	(void)tree;
	ret->mode = file == 0 ? S_IFDIR | 0755 : S_IFREG | 0644;
	ret->nlink = 1;
	ret->size = file == 0 ? 0 : pages_of(file) * PAGE;
	return 0;
}

static ssize_t slow_read(void *tree, uint64_t file, uint64_t offset, void *buf, size_t n,
			 const void **data)
{
	uint64_t *words = buf;

	(void)tree, (void)data;
	if (file == 0 || offset % PAGE || n % PAGE || offset + n > pages_of(file) * PAGE)
		return -EINVAL;
	if (file == 1 + STORE) {
		memcpy(buf, (const char *)slow->stored + offset, n);
		return (ssize_t)n;
	}
	for (size_t i = 0; i < n / sizeof(*words); i++)
		words[i] = slow_word((unsigned)file - 1, offset / sizeof(*words) + i);
	return (ssize_t)n;
}

static const struct file_ops slow_files = {
	.walk = slow_walk,
	.getattr = slow_getattr,
	.read = slow_read,
};

/* ---- answers ---- */

static void send(long rcvid, const void *reply, size_t n)
{
	const struct ipc_message m = { .word = { n } };

	ipc_write(endpoint, rcvid, reply, n, 0);
	(void)ipc_reply(endpoint, rcvid, &m);
}

/* Gets the message of a call into the server's buffer. Returns false if the caller has gone. */
static bool get_request(long rcvid, const struct ipc_message *m)
{
	uint64_t n = m->word[0];

	if (n <= sizeof(server.request_words)) {
		for (unsigned i = 0; i < 3; i++)
			server.request_words[i] = m->word[1 + i];
		return true;
	}
	return n <= sizeof(server.request) &&
	       ipc_read(endpoint, rcvid, server.request, n, 0) == (long)n;
}

static void answer(long rcvid, size_t n)
{
	struct file_reply reply;
	struct ipc_message m = { 0 };

	file_server_answer(&server, n, &reply);
	m.word[0] = reply.nhead + reply.ndata;
	ipc_write(endpoint, rcvid, reply.head, reply.nhead, 0);
	ipc_write(endpoint, rcvid, reply.data, reply.ndata, reply.nhead);
	(void)ipc_reply(endpoint, rcvid, &m);
}

static void fail(long rcvid, uint16_t tag)
{
	uint8_t reply[64];
	const struct p9_rlerror error = { EIO };
	size_t n = (size_t)p9_encode_rlerror(reply, sizeof(reply), tag, &error);

	slow->failures++;
	switch (slow->fail_odd ? 0 : draw_below(&chance, 3)) {
	case 0:
		send(rcvid, reply, n);
		return;
	case 1:
		memset(reply, 0x5a, sizeof(reply));
		send(rcvid, reply, sizeof(reply));
		return;
	default:
		send(rcvid, reply, 0);
	}
}

static ssize_t make_write_reply(uint8_t *reply, size_t size, size_t n, uint16_t tag)
{
	struct p9_packet packet = p9_packet(server.request, n);
	struct p9_twrite ask;
	struct fid *fid;

	if (p9_decode_twrite(&packet, &ask) || !(fid = fid_get(&server.fids, ask.fid)) ||
	    fid->file != 1 + STORE || ask.offset + ask.count > sizeof(slow->stored))
		return p9_encode_rlerror(reply, size, tag, &(struct p9_rlerror){ EINVAL });
	memcpy((char *)slow->stored + ask.offset, ask.data, ask.count);
	slow->writes++;
	return p9_encode_rwrite(reply, size, tag, &(struct p9_rwrite){ ask.count });
}

/* The library has no writes. */
static void answer_write(long rcvid, size_t n, uint16_t tag)
{
	uint8_t reply[64];

	send(rcvid, reply, (size_t)make_write_reply(reply, sizeof(reply), n, tag));
}

static void answer_sync(long rcvid, uint16_t tag)
{
	uint8_t reply[64];

	send(rcvid, reply, (size_t)p9_encode_rfsync(reply, sizeof(reply), tag));
}

/* ---- the requests that wait ---- */

static void hold(long rcvid, const struct ipc_message *m, const struct p9_header *header)
{
	bool writes = header->type == P9_TWRITE;

	if (nheld == HELD_MAX)
		_exit(10);
	held[nheld++] = (struct held){
		.rcvid = rcvid, .tag = header->tag, .writes = writes, .message = *m
	};
	slow->reads += !writes;
	slow->held = nheld;
	if (nheld > slow->most_held)
		slow->most_held = nheld;
}

static struct held take(unsigned i)
{
	struct held one = held[i];

	held[i] = held[--nheld];
	nlost -= one.is_lost;
	slow->held = nheld;
	return one;
}

static uint64_t first_page(const struct held *one)
{
	struct p9_packet packet = p9_packet(server.request, (size_t)one->message.word[0]);
	struct p9_tread ask;

	return p9_decode_tread(&packet, &ask) ? 0 : ask.offset / PAGE;
}

/* Answers one of them, or loses it. */
static void release_any(void)
{
	unsigned i = draw_below(&chance, nheld);
	struct held one;

	while (held[i].is_lost)
		i = (i + 1) % nheld;
	if (draw_one_in(&chance, slow->lose_one_in)) {
		held[i].is_lost = true;
		nlost++;
		slow->losses++;
		return;
	}
	one = take(i);
	if (!get_request(one.rcvid, &one.message))
		return;
	if (one.writes)
		answer_write(one.rcvid, (size_t)one.message.word[0], one.tag);
	else if ((slow->fail_odd && first_page(&one) % 2) ||
		 draw_one_in(&chance, slow->fail_one_in))
		fail(one.rcvid, one.tag);
	else
		answer(one.rcvid, (size_t)one.message.word[0]);
}

static void release_down_to(unsigned n)
{
	while (nheld - nlost > n)
		release_any();
}

/* The request was taken back. What is answered to it now may not arrive anywhere. */
static void flush(long rcvid, uint16_t tag)
{
	struct p9_packet packet = p9_packet(server.request, P9_HEADER_BYTES + 2);
	uint8_t junk[PAGE];
	struct p9_tflush ask;
	struct ipc_message m = { 0 };
	struct held old;

	if (p9_decode_tflush(&packet, &ask))
		_exit(11);
	slow->flushes++;
	memset(junk, 0xee, sizeof(junk));
	for (unsigned i = 0; i < nheld; i++) {
		if (held[i].tag != ask.oldtag)
			continue;
		old = take(i);
		slow->landed += ipc_write(endpoint, old.rcvid, junk, sizeof(junk), 0) != -ESRCH;
		slow->landed += ipc_reply(endpoint, old.rcvid, &m) != -ESRCH;
		break;
	}
	send(rcvid, junk, (size_t)p9_encode_rflush(junk, sizeof(junk), tag));
}

static void serve_request(long rcvid, const struct ipc_message *m)
{
	struct p9_packet packet;
	struct p9_header header;

	if (!get_request(rcvid, m))
		return;
	packet = p9_packet(server.request, (size_t)m->word[0]);
	if (p9_peek(&packet, &header) != 0)
		_exit(12);
	if (header.type == P9_TLOPEN) /* the library opens no file for writing */
		memset(server.request + P9_HEADER_BYTES + 4, 0, 4);
	if (header.type == P9_TREAD || header.type == P9_TWRITE)
		hold(rcvid, m, &header);
	else if (header.type == P9_TFSYNC)
		answer_sync(rcvid, header.tag);
	else if (header.type == P9_TFLUSH)
		flush(rcvid, header.tag);
	else
		answer(rcvid, (size_t)m->word[0]);
}

static uint64_t quiet_until(void)
{
	struct timespec now;

	if (slow->hold || nheld == nlost)
		return IPC_NEVER;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec + QUIET_NS;
}

static void serve(void)
{
	struct ipc_message m;
	long rcvid;

	file_server_init(&server, &slow_files, NULL);
	slow->held = 0;
	for (;;) {
		rcvid = ipc_receive(endpoint, &m, quiet_until());
		if (rcvid == 0 && m.word[0] == IPC_PULSE_CLOSED)
			_exit(0);
		if (rcvid > 0)
			serve_request(rcvid, &m);
		else if (rcvid < 0 && rcvid != -ETIMEDOUT)
			_exit(13);
		if (slow->hold && nheld >= slow->hold) {
			slow->hold = 0;
			release_down_to(0);
		}
		if (slow->hold == 0)
			release_down_to(rcvid == -ETIMEDOUT ? (nheld - nlost) / 2 : CROWD);
	}
}

/* ---- for the test ---- */

static int poke = -1;

pid_t slow_server_mount(const char *target, unsigned long flags, const char *options)
{
	int receive = ipc_create(0), end = ipc_badge(receive, 1, IPC_TELL_CLOSE);
	char text[80];
	pid_t pid;

	if (poke >= 0)
		close(poke);
	poke = ipc_badge(receive, 2, 0);
	pid = fork();
	if (pid == 0) {
		for (int fd = 3; fd < 32; fd++) /* nothing of its own keeps the endpoint */
			if (fd != receive)
				close(fd);
		endpoint = receive;
		chance = (uint64_t)getpid();
		serve();
	}
	close(receive);
	snprintf(text, sizeof(text), "fd=%d%s", end, options);
	if (mount("slow", target, "9p", flags, text) != 0) {
		perror("mount");
		pid = -1;
	}
	close(end);
	return pid;
}

void slow_server_poke(void)
{
	(void)ipc_notify(poke, 1);
}
