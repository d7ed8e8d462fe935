/* SPDX-License-Identifier: MIT */
/* Requests are encoded, and replies decoded, by the client's half of lib/p9. */
#include "client.h"

#include <errno.h>
#include <string.h>

struct served served;
uint8_t client_reply[FILE_SERVER_MSIZE];

static struct file_server server;
static uint16_t tag;

/* The servers' main() calls this one instead of the library's. */
int file_server_main(const struct file_ops *ops, void *tree, char *const words[])
{
	served = (struct served){ ops, tree, words };
	return 0;
}

void client_connect(const struct file_ops *ops, void *tree)
{
	memset(&server, 0, sizeof(server));
	file_server_init(&server, ops, tree);
}

void client_begin(const struct file_ops *ops, void *tree, uint32_t msize)
{
	union p9_any m = { .tversion = { msize, p9_string(P9_VERSION) } };

	client_connect(ops, tree);
	assert_int_equal(0, client_call(P9_TVERSION, &m));
	assert_true(p9_string_is(m.rversion.version, P9_VERSION));
	m.tattach = (struct p9_tattach){ 0, P9_NOFID, p9_string("me"), p9_string(""), 0 };
	assert_int_equal(0, client_call(P9_TATTACH, &m));
	assert_int_equal(P9_QTDIR, m.rattach.qid.type);
}

size_t client_send(const void *bytes, size_t n)
{
	struct file_reply reply;

	assert_true(n <= sizeof(server.request));
	memcpy(server.request, bytes, n);
	file_server_answer(&server, n, &reply);
	assert_true(reply.nhead + reply.ndata <= sizeof(client_reply));
	memcpy(client_reply, reply.head, reply.nhead);
	if (reply.ndata > 0)
		memcpy(client_reply + reply.nhead, reply.data, reply.ndata);
	return reply.nhead + reply.ndata;
}

int client_call(unsigned type, union p9_any *message)
{
	static uint8_t request[CLIENT_MSIZE];
	uint16_t own = type == P9_TVERSION ? P9_NOTAG : ++tag;
	ssize_t n = p9_any_encode(type, request, sizeof(request), own, message);
	uint32_t limit = p9_any_limit(type, message);
	struct p9_packet packet;

	assert_true(n > 0);
	packet = p9_packet(client_reply, client_send(request, (size_t)n));
	assert_true(packet.size > 0);
	return p9_any_decode(type + 1, &packet, own, limit, message);
}

int client_walk(uint32_t newfid, const char *path)
{
	union p9_any m = { .twalk = { .fid = 0, .newfid = newfid } };
	unsigned wanted;
	int err;

	for (; *path; path += strspn(path, "/")) {
		size_t len = strcspn(path, "/");

		m.twalk.wname[m.twalk.nwname++] = (struct p9_string){ path, len };
		path += len;
	}
	wanted = m.twalk.nwname;
	err = client_call(P9_TWALK, &m);
	return !err && m.rwalk.nwqid < wanted ? -ENOENT : err;
}

int client_open(uint32_t fid, uint32_t flags)
{
	union p9_any m = { .tlopen = { fid, flags } };

	return client_call(P9_TLOPEN, &m);
}

int client_getattr(uint32_t fid, struct p9_rgetattr *ret)
{
	union p9_any m = { .tgetattr = { fid, P9_GETATTR_BASIC } };
	int err = client_call(P9_TGETATTR, &m);

	*ret = m.rgetattr;
	return err;
}

int client_clunk(uint32_t fid)
{
	union p9_any m = { .tclunk = { fid } };

	return client_call(P9_TCLUNK, &m);
}

ssize_t client_read(uint32_t fid, uint64_t offset, uint32_t count, const void **data)
{
	union p9_any m = { .tread = { fid, offset, count } };
	int err = client_call(P9_TREAD, &m);

	*data = m.rread.data;
	return err ? err : (ssize_t)m.rread.count;
}

ssize_t client_readdir(uint32_t fid, uint64_t offset, uint32_t count, const void **data)
{
	union p9_any m = { .treaddir = { fid, offset, count } };
	int err = client_call(P9_TREADDIR, &m);

	*data = m.rreaddir.data;
	return err ? err : (ssize_t)m.rreaddir.count;
}

int client_readlink(uint32_t fid, char *to, size_t size)
{
	union p9_any m = { .treadlink = { fid } };
	int err = client_call(P9_TREADLINK, &m);

	if (err)
		return err;
	assert_true(m.rreadlink.target.len < size);
	memcpy(to, m.rreadlink.target.data, m.rreadlink.target.len);
	to[m.rreadlink.target.len] = '\0';
	return 0;
}

ssize_t client_read_file(const char *path, void *to, size_t size)
{
	const uint32_t fid = 0xfffffff0;
	ssize_t n, done = client_walk(fid, path);
	const void *data;

	if (done == 0)
		done = client_open(fid, 0);
	if (done)
		return done;
	do {
		n = client_read(fid, (uint64_t)done, 1 + (uint32_t)test_below(20000), &data);
		assert_true(n >= 0 && (size_t)(done + n) <= size);
		memcpy((char *)to + done, data, (size_t)n);
		done += n;
	} while (n > 0);
	assert_int_equal(0, client_clunk(fid));
	return done;
}
