/* SPDX-License-Identifier: MIT */
/* Requests to a 9P server, and when they end without an answer. */
/*
 * A request is a call at the server's endpoint: the server reads it by ipc_read(), writes its reply
 * by ipc_write() and then answers the call. A thread that needs a name or an attribute waits for
 * the call itself. Pages and clunks are requests that nobody waits for by name: the answering
 * server's own thread runs `ended`, and the thread of this file ends those that stay unanswered.
 * The server's numbers for calls are used once, so an answer that comes too late finds nothing.
 */
#include "fs/p9/session.h"

#include "abi/errno.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "lib/string.h"
#include "mm/phys/kmalloc.h"
#include "proc/kthread.h"
#include "proc/mem_wait.h"
#include "proc/wait.h"
#include "sync/atomic.h"

static struct spinlock sessions_lock = SPINLOCK_INIT(LOCK_FS);
static struct list sessions = LIST_INIT(sessions); /* guarded by sessions_lock */

/* Woken when a request starts that may be too late before `armed`. */
static struct waitq started = WAITQ_INIT(started);
static uint64_t armed = UINT64_MAX; /* atomic: the tick at which the thread looks next */

void p9_session_get(struct p9_session *session)
{
	refcount_get(&session->refs);
}

/* The thread below must not find it once the last reference is gone. */
void p9_session_put(struct p9_session *session)
{
	bool last;

	spin_lock(&sessions_lock);
	last = refcount_put(&session->refs);
	if (last)
		list_del(&session->link);
	spin_unlock(&sessions_lock);
	if (!last)
		return;
	file_put(session->send);
	kfree(session);
}

uint16_t p9_next_tag(struct p9_session *session)
{
	uint16_t tag = (uint16_t)atomic_add(&session->last_tag, 1);

	return tag == P9_NOTAG ? 0 : tag;
}

static uint64_t deadline_from(const struct p9_session *session, uint64_t tick)
{
	return session->timeout == UINT64_MAX ? UINT64_MAX : tick + session->timeout;
}

ssize_t p9_rpc(struct p9_session *session, const void *request, ssize_t n, void *reply, size_t size)
{
	struct ipc_words words = { { (uint64_t)n } };
	struct transfer transfer;
	int err;

	if (n < 0)
		return n;
	memcpy(&words.word[1], request, MIN((size_t)n, P9_SHORT_BYTES));
	transfer_init(&transfer);
	transfer.send.head = (char *)(uintptr_t)request;
	transfer.send.head_length = transfer.send.length = (size_t)n;
	transfer.receive.head = reply;
	transfer.receive.head_length = transfer.receive.length = size;
	err = endpoint_call_killable(session->send, &words, &transfer,
				     deadline_from(session, arch_time()));
	if (err == -EINTR || err == -EDEADLK)
		return err;
	return err ? -EIO : (ssize_t)transfer.received;
}

/* ---- requests that nobody waits for ---- */

static void request_ended(struct call *call, int result)
{
	struct p9_request *request = container_of(call, struct p9_request, call);
	struct p9_session *session = request->session;

	spin_lock(&session->lock);
	list_del(&request->link);
	spin_unlock(&session->lock);
	request->ended(request, result);
	p9_session_put(session);
}

void p9_request_start(struct p9_session *session, struct p9_request *request, size_t n)
{
	p9_session_get(session);
	request->session = session;
	request->started_tick = arch_time();
	request->transfer.send.head = (char *)request->head;
	request->transfer.send.head_length = request->transfer.send.length = n;
	request->transfer.receive.head = (char *)request->reply;
	request->transfer.receive.head_length = sizeof(request->reply);
	request->transfer.receive.length += sizeof(request->reply);
	request->size = n;
	memset(request->head + n, 0, sizeof(request->head) - n);
	request->call.words = &request->words;
	request->call.transfer = &request->transfer;
	request->call.ended = request_ended;
	request->call.state = CALL_DONE; /* until it has started */
	spin_lock(&session->lock);
	list_add_tail(&session->requests, &request->link);
	spin_unlock(&session->lock);
	if (deadline_from(session, request->started_tick) < atomic_load(&armed))
		waitq_wake_all(&started);
	call_start(session->send, &request->call);
}

/*
 * Ends one request that is too late. A request that was received has the session's time from then
 * on; one that waits in the queue, from its start on. Returns NULL if there is none, and then
 * lowers *next to the time when there may be one.
 */
static struct p9_request *withdraw_one(struct p9_session *session, uint64_t now, uint64_t *next)
{
	struct p9_request *request, *late = NULL;
	uint64_t since = now - session->timeout;

	spin_lock(&session->lock);
	list_for_each_entry(request, &session->requests, link) {
		if (request->started_tick >= since) {
			*next = MIN(*next, request->started_tick + session->timeout);
			break;
		}
		if (call_withdraw(session->send, &request->call, since, true)) {
			late = request;
			break;
		}
		*next = MIN(*next, now + session->timeout / 4);
	}
	spin_unlock(&session->lock);
	return late;
}

/* Returns the session after `session` (the first for NULL) with a reference, and drops that one's. */
static struct p9_session *next_session(struct p9_session *session)
{
	struct list *at;

	spin_lock(&sessions_lock);
	at = session ? session->link.next : sessions.next;
	if (at != &sessions)
		p9_session_get(list_entry(at, struct p9_session, link));
	spin_unlock(&sessions_lock);
	if (session)
		p9_session_put(session);
	return at == &sessions ? NULL : list_entry(at, struct p9_session, link);
}

/*
 * Returns when to look again. After requests have begun that is not later than the next ones may be
 * too late, so that these need not wake the thread.
 */
static uint64_t withdraw_late(uint64_t now, bool begun)
{
	struct p9_session *session = NULL;
	uint64_t next = UINT64_MAX;

	while ((session = next_session(session))) {
		struct p9_request *late;

		if (session->timeout == UINT64_MAX)
			continue;
		if (begun)
			next = MIN(next, now + session->timeout);
		if (session->timeout > now)
			continue;
		while ((late = withdraw_one(session, now, &next)))
			request_ended(&late->call, -ETIMEDOUT);
	}
	return next;
}

static void timeout_main(void *arg)
{
	uint64_t seq = 0, last, next;

	(void)arg;
	for (;;) {
		last = seq;
		seq = waitq_sample(&started);
		atomic_store(&armed, UINT64_MAX); /* who begins during the search wakes it again */
		next = withdraw_late(arch_time(), seq != last);
		atomic_store(&armed, next);
		thread_sleep_always(&started, seq, next);
	}
}

/* Starts the thread with the first session. */
static int start_thread(void)
{
	static uint32_t runs; /* atomic */

	if (!atomic_cas(&runs, 0, 1) || kthread_spawn("p9", timeout_main, NULL))
		return 0;
	atomic_store(&runs, 0);
	return -ENOMEM;
}

/* ---- sessions ---- */

/* Tversion: it begins anew, whatever the server knew. */
static int agree(struct p9_session *session)
{
	const struct p9_tversion ask = { session->msize, { P9_VERSION, strlen(P9_VERSION) } };
	uint8_t request[P9_REQUEST_BYTES], reply[P9_REPLY_BYTES];
	ssize_t n = p9_encode_tversion(request, sizeof(request), P9_NOTAG, &ask);
	struct p9_packet packet;
	struct p9_rversion got;
	int err;

	n = p9_rpc(session, request, n, reply, sizeof(reply));
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
	session->msize = got.msize;
	return 0;
}

int p9_session_create(struct file *send, uint32_t msize, uint64_t timeout,
		      struct p9_session **session_ret)
{
	struct p9_session *session = mem_wait_kzalloc(sizeof(*session));
	int err;

	if (!session)
		return -ENOMEM;
	refcount_init(&session->refs, 1);
	session->send = send;
	session->msize = msize;
	session->timeout = timeout;
	spin_init(&session->lock, LOCK_FS);
	tree_init(&session->nodes);
	list_init(&session->requests);
	err = start_thread();
	if (err == 0)
		err = agree(session);
	if (err) {
		kfree(session);
		return err;
	}
	file_get(send);
	spin_lock(&sessions_lock);
	list_add_tail(&sessions, &session->link);
	spin_unlock(&sessions_lock);
	*session_ret = session;
	return 0;
}

/* ---- fids ---- */

struct p9_fid *p9_fid_create(struct p9_session *session)
{
	struct p9_fid *fid = mem_wait_kmalloc(sizeof(*fid));

	if (!fid)
		return NULL;
	p9_session_get(session);
	fid->session = session;
	fid->known = false;
	fid->number = atomic_add(&session->last_fid, 1);
	if (fid->number == P9_NOFID)
		fid->number = atomic_add(&session->last_fid, 1);
	return fid;
}

static void fid_gone(struct p9_fid *fid)
{
	p9_session_put(fid->session);
	kfree(fid);
}

/* Whatever the server says, the fid is not used again. */
static void clunked(struct p9_request *request, int result)
{
	(void)result;
	fid_gone(container_of(request, struct p9_fid, clunk));
}

void p9_fid_free(struct p9_fid *fid)
{
	const struct p9_tclunk clunk = { fid ? fid->number : 0 };
	struct p9_request *request;
	ssize_t n;

	if (!fid)
		return;
	if (!fid->known) {
		fid_gone(fid);
		return;
	}
	request = &fid->clunk;
	transfer_init(&request->transfer);
	request->tag = p9_next_tag(fid->session);
	request->ended = clunked;
	n = p9_encode_tclunk(request->head, sizeof(request->head), request->tag, &clunk);
	assert(n > 0);
	p9_request_start(fid->session, request, (size_t)n);
}
