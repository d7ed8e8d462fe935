/* SPDX-License-Identifier: MIT */
/* File servers under a hostile client: any messages in any order, answered by one message each. */

/*
 * An input: messages, each behind its number of bytes in 2 bytes. Behind Tversion and Tattach, which are not
 * in the input, the server is madeup, whose tree is small enough for a second opinion on each fid.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file_server.h"
#include "fuzz.h"
#include "p9_any.h"

#define MSIZE  8192u
#define COUNTS 16u /* fids of which the model knows the state: numbers below */

int madeup_main(int argc, char **argv);

static struct file_server server;
static const struct file_ops *ops;
static unsigned nerrors, nanswers;

/* What the model knows of a fid: is it there, is it open? */
static struct {
	bool used, open;
} model[COUNTS];

int file_server_main(const struct file_ops *served, void *tree, char *const words[])
{
	ops = served;
	return 0;
}

/* The fid that a request is about; above COUNTS if there is none or the model does not know it. */
static uint32_t fid_of(unsigned type, const union p9_any *m)
{
	switch (type) {
	case P9_TATTACH:
		return m->tattach.fid;
	case P9_TWALK:
		return m->twalk.newfid;
	case P9_TLOPEN:
		return m->tlopen.fid;
	case P9_TCLUNK:
		return m->tclunk.fid;
	case P9_TREAD:
		return m->tread.fid;
	case P9_TREADDIR:
		return m->treaddir.fid;
	case P9_TGETATTR:
		return m->tgetattr.fid;
	case P9_TREMOVE:
		return m->tremove.fid;
	default:
		return UINT32_MAX;
	}
}

/* What a request that was answered with r has done to its fid, and whether it could be answered so. */
static void follow(unsigned type, const union p9_any *t, const union p9_any *reply, int r)
{
	uint32_t fid = fid_of(type, t);

	if (type == P9_TVERSION && r == 0)
		memset(model, 0, sizeof(model));
	if (fid >= COUNTS)
		return;
	switch (type) {
	case P9_TATTACH:
		fuzz_check(r != 0 || !model[fid].used);
		model[fid].used |= r == 0;
		break;
	case P9_TWALK:
		if (r != 0 || reply->rwalk.nwqid < t->twalk.nwname)
			break;
		fuzz_check(t->twalk.fid == fid ? model[fid].used && !model[fid].open
					       : !model[fid].used);
		model[fid].used = true;
		break;
	case P9_TLOPEN:
		fuzz_check(r != 0 || (model[fid].used && !model[fid].open));
		model[fid].open |= r == 0;
		break;
	case P9_TREMOVE:
		fuzz_equal(r, model[fid].used ? -EROFS : -EBADF);
		model[fid].used = model[fid].open = false;
		break;
	case P9_TCLUNK:
		fuzz_equal(r, model[fid].used ? 0 : -EBADF);
		model[fid].used = model[fid].open = false;
		break;
	case P9_TGETATTR:
		fuzz_equal(r, model[fid].used ? 0 : -EBADF);
		break;
	default:
		fuzz_check(r == 0 || !model[fid].open || r == -EISDIR || r == -ENOTDIR ||
			   r == -EINVAL);
		fuzz_check(r != 0 || model[fid].open);
	}
}

/* Reads all of a reply, so that the sanitizer sees each byte; the codec decodes it. */
static void check_reply(unsigned type, uint16_t tag, const union p9_any *t, bool understood,
			const struct file_reply *reply)
{
	static uint8_t bytes[FILE_SERVER_MSIZE];
	size_t n = reply->nhead + reply->ndata;
	uint32_t msize = server.msize && type != P9_TVERSION ? server.msize : FILE_SERVER_MSIZE;
	struct p9_packet packet;
	struct p9_rlerror error;
	union p9_any decoded;
	int r;

	fuzz_check(n >= P9_HEADER_BYTES && n <= msize);
	memcpy(bytes, reply->head, reply->nhead);
	if (reply->ndata > 0)
		memcpy(bytes + reply->nhead, reply->data, reply->ndata);
	packet = p9_packet(bytes, n);
	nanswers++;
	if (!understood || bytes[4] == P9_RLERROR) {
		nerrors++;
		fuzz_check(bytes[4] == P9_RLERROR);
		fuzz_equal(p9_any_decode(P9_RLERROR, &packet, tag, 0, &decoded), 0);
		error = decoded.rlerror;
		fuzz_check(error.ecode >= 1 && error.ecode <= 4095);
		if (understood && server.msize)
			follow(type, t, NULL, -(int)error.ecode);
		return;
	}
	r = p9_any_decode(type + 1, &packet, tag, p9_any_limit(type, t), &decoded);
	fuzz_equal(r, 0);
	follow(type, t, &decoded, 0);
}

static void send_message(const uint8_t *message, size_t n)
{
	struct p9_packet packet;
	struct p9_header header;
	struct file_reply reply;
	union p9_any t;
	bool understood;
	uint32_t msize = server.msize;

	memcpy(server.request, message, n);
	packet = p9_packet(message, n);
	file_server_answer(&server, n, &reply);
	if (p9_peek(&packet, &header) != 0) {
		fuzz_equal(reply.nhead + reply.ndata, 0);
		return;
	}
	understood = p9_any_is_request(header.type) && (header.type == P9_TVERSION || n <= msize) &&
		     p9_any_decode(header.type, &packet, header.tag, 0, &t) == 0;
	check_reply(header.type, header.tag, &t, understood, &reply);
}

static void begin(void)
{
	uint8_t bytes[100];
	struct p9_tversion version = { MSIZE, p9_string(P9_VERSION) };
	struct p9_tattach attach = { .fid = 0, .afid = P9_NOFID };

	if (!ops)
		madeup_main(0, (char *[]){ NULL, NULL });
	server.msize = 0;
	memset(model, 0, sizeof(model));
	file_server_init(&server, ops, NULL);
	send_message(bytes, (size_t)p9_encode_tversion(bytes, sizeof(bytes), P9_NOTAG, &version));
	send_message(bytes, (size_t)p9_encode_tattach(bytes, sizeof(bytes), 0, &attach));
	fuzz_check(model[0].used && nerrors == 0);
}

/* Accepted: more than half of at least two messages had an answer other than an error. */
bool fuzz_one(const uint8_t *data, size_t size)
{
	nerrors = nanswers = 0;
	begin();
	while (size >= 2) {
		size_t n = data[0] | (size_t)data[1] << 8;

		data += 2;
		size -= 2;
		n = n < size ? n : size;
		send_message(data, n);
		data += n;
		size -= n;
	}
	nanswers -= 2;
	return nanswers >= 2 && 2 * nerrors < nanswers;
}
