/* SPDX-License-Identifier: MIT */
/* Connects with a 9P server: makes a session, and agrees with the server on a version and a message size. */
#include "linux/fs/p9/connect.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "linux/fs/p9/request.h"
#include "linux/fs/p9/tend.h"
#include "linux/fs/p9/writeback.h"

int p9_session_agree(struct p9_session *session, struct file *send, uint32_t *msize_ret)
{
	const struct p9_tversion ask = { session->msize, { P9_VERSION, strlen(P9_VERSION) } };
	uint8_t request[P9_REQUEST_BYTES], reply[P9_REPLY_BYTES];
	ssize_t n = p9_encode_tversion(request, sizeof(request), P9_NOTAG, &ask);
	struct p9_packet packet;
	struct p9_rversion got;
	int err;

	n = p9_rpc_once(session, send, request, n, reply, sizeof(reply));
	if (n < 0)
		return (int)n;
	packet = p9_packet(reply, (size_t)n);
	err = p9_decode_rversion(&packet, P9_NOTAG, session->msize, &got);
	if (err)
		return err;
	if (got.version.len != ask.version.len ||
	    memcmp(got.version.data, ask.version.data, ask.version.len) != 0)
		return -EPROTONOSUPPORT;
	/* A page has to fit, with the bytes before it. */
	if (got.msize < PAGE_SIZE + P9_TWRITE_HEAD_BYTES)
		return -EIO;
	*msize_ret = got.msize;
	return 0;
}

int p9_session_create(struct file *send, uint32_t msize, uint64_t timeout,
		      struct p9_session **session_ret)
{
	struct p9_session *session = p9_session_alloc(send, msize, timeout);
	int err;

	if (!session)
		return -ENOMEM;
	err = p9_writeback_begin(session);
	if (err == 0)
		err = p9_tend_start();
	if (err == 0)
		err = p9_session_agree(session, send, &session->msize);
	if (err) {
		p9_session_put(session);
		return err;
	}
	p9_session_publish(session);
	*session_ret = session;
	return 0;
}
