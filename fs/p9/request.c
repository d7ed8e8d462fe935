/* SPDX-License-Identifier: MIT */
/* Sends requests to a 9P server, and flushes those that it does not answer. */
/*
 * A request is a call at the server's endpoint: the server reads it by ipc_read(), writes its reply
 * by ipc_write() and then answers the call. A thread that needs a name or an attribute waits for
 * the call itself. Pages and clunks are requests that nobody waits for by name: the answering
 * server's own thread runs `ended`, and the kernel thread ends those that stay unanswered.
 *
 * A request is given up when its time is over, or when the thread that waits for it is killed. Its
 * call is taken back: the server's number for it is not valid any more, and nothing that the server
 * writes for it lands anywhere. Who has waited is told at once. The server may still work on it, so
 * it gets Tflush, by the memory of the request itself. Until it answers that, the request keeps its
 * tag and its fids: the tag is not used again, and the fids are not clunked. Who leaves many such
 * requests unanswered gets no new ones. When the mount goes, nothing is waited for.
 */
#include "fs/p9/request.h"

#include "abi/errno.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "fs/p9/fid.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "sync/atomic.h"

/* A server that has so many requests to flush gets no other ones. */
#define FLUSHES_MAX 64u

bool p9_is_stuck(const struct p9_session *session)
{
	return atomic_load(&session->nflushes) >= FLUSHES_MAX;
}

/* ---- sending ---- */

static void send_request(struct p9_request *request, size_t n,
			 void (*ended)(struct call *call, int result))
{
	size_t in_words = MIN(n, sizeof(request->head));

	request->transfer.send.head = (char *)(uintptr_t)request->message;
	request->transfer.send.head_length = n;
	request->transfer.send.length += n;
	request->transfer.receive.head = (char *)request->reply;
	request->transfer.receive.head_length = sizeof(request->reply);
	request->transfer.receive.length += sizeof(request->reply);
	request->size = request->transfer.send.length;
	if (request->message != request->head)
		memcpy(request->head, request->message, in_words);
	memset(request->head + in_words, 0, sizeof(request->head) - in_words);
	request->call.words = &request->words;
	request->call.transfer = &request->transfer;
	request->call.ended = ended;
	call_start(request->session->send, &request->call);
}

/* The server has no more to do with the request. */
static void request_done(struct p9_request *request)
{
	struct p9_session *session = request->session;
	struct p9_fid *fid = request->fid, *other = request->other;

	p9_tag_give(session->tags, request->tag);
	if (request->free)
		request->free(request);
	p9_fid_put(fid);
	p9_fid_put(other);
	p9_session_put(session);
}

/* ---- Tflush ---- */

/* Whatever the answer is, it can only mean that the server is done with the old request. */
static void flush_ended(struct call *call, int result)
{
	struct p9_request *request = container_of(call, struct p9_request, call);
	struct p9_session *session = request->session;

	(void)result;
	spin_lock(&session->lock);
	list_del(&request->link);
	spin_unlock(&session->lock);
	(void)atomic_add(&session->nflushes, -1u);
	p9_tag_give(session->tags, request->flush_tag);
	request_done(request);
}

/*
 * The request was given up, its call taken back, and it is in no list. The memory of its call
 * becomes that of Tflush, so that none is needed. Only the kernel thread calls this when the
 * session may be closed meanwhile, and it is also who ends the flushes of a closed session.
 */
static void flush(struct p9_request *request)
{
	struct p9_session *session = request->session;
	const struct p9_tflush ask = { request->tag };
	ssize_t n;

	request->flush_tag = atomic_load(&session->closing) ? P9_NOTAG : p9_tag_take(session->tags);
	if (request->flush_tag == P9_NOTAG) {
		request_done(request);
		return;
	}
	transfer_init(&request->transfer);
	request->message = request->head;
	n = p9_encode_tflush(request->head, sizeof(request->head), request->flush_tag, &ask);
	assert(n > 0);
	request->call.state = CALL_DONE; /* until it has started */
	(void)atomic_add(&session->nflushes, 1);
	spin_lock(&session->lock);
	list_add_tail(&session->flushes, &request->link);
	spin_unlock(&session->lock);
	send_request(request, (size_t)n, flush_ended);
}

/* ---- requests that a thread waits for ---- */

void p9_rpc_begin(struct p9_rpc *rpc, struct p9_session *session, struct p9_fid *fid,
		  struct p9_fid *other)
{
	rpc->session = session;
	rpc->fid = fid;
	rpc->other = other;
	rpc->tag = p9_tag_take(session->tags);
	rpc->message = rpc->request;
	rpc->payload = NULL;
	rpc->payload_length = 0;
}

static void rpc_free(struct p9_request *request)
{
	kfree(request);
}

/* The thread does not wait any longer, but the server has its request. */
static void rpc_flush(const struct p9_rpc *rpc, struct p9_request *request)
{
	p9_session_get(rpc->session);
	request->session = rpc->session;
	request->fid = rpc->fid;
	request->other = rpc->other;
	request->tag = rpc->tag;
	request->free = rpc_free;
	flush(request);
}

/*
 * Calls with the n bytes of a message, behind which `transfer` may have a payload. Sets
 * transfer->abandoned if the request was given up after the server had received it.
 */
static ssize_t call_server(struct p9_session *session, const void *message, size_t n, void *reply,
			   size_t size, struct transfer *transfer)
{
	uint64_t deadline = p9_deadline(session, arch_time());
	struct ipc_words words = { { 0 } };
	int err;

	memcpy(&words.word[1], message, MIN(n, P9_SHORT_BYTES));
	transfer->send.head = (char *)(uintptr_t)message;
	transfer->send.head_length = n;
	words.word[0] = transfer->send.length += n;
	transfer->receive.head = reply;
	transfer->receive.head_length = transfer->receive.length = size;
	err = endpoint_call_killable(session->send, &words, transfer, deadline);
	if (err)
		return err == -EINTR || err == -EDEADLK ? err : -EIO;
	return (ssize_t)transfer->received;
}

ssize_t p9_rpc_once(struct p9_session *session, const void *request, ssize_t n, void *reply,
		    size_t size)
{
	struct transfer transfer;

	transfer_init(&transfer);
	return n < 0 ? n : call_server(session, request, (size_t)n, reply, size, &transfer);
}

/* The memory for Tflush is there before the request is sent. */
ssize_t p9_rpc(struct p9_rpc *rpc, ssize_t n, void *reply, size_t size)
{
	struct p9_request *request = NULL;
	struct transfer transfer;

	transfer_init(&transfer);
	transfer.send.page = rpc->payload;
	transfer.send.length = rpc->payload_length;
	if (n > 0 && (rpc->tag == P9_NOTAG || p9_is_stuck(rpc->session)))
		n = -EIO;
	if (n > 0 && !(request = mem_wait_kmalloc(sizeof(*request))))
		n = -ENOMEM;
	if (n > 0)
		n = call_server(rpc->session, rpc->message, (size_t)n, reply, size, &transfer);
	if (transfer.abandoned) {
		rpc_flush(rpc, request);
		return n;
	}
	kfree(request);
	p9_tag_give(rpc->session->tags, rpc->tag);
	p9_fid_put(rpc->fid);
	p9_fid_put(rpc->other);
	return n;
}

/* ---- requests that nobody waits for ---- */

static void request_ended(struct call *call, int result)
{
	struct p9_request *request = container_of(call, struct p9_request, call);
	struct p9_session *session = request->session;

	spin_lock(&session->lock);
	list_del(&request->link);
	spin_unlock(&session->lock);
	if (request->ended)
		request->ended(request, result);
	request_done(request);
}

bool p9_request_init(struct p9_session *session, struct p9_request *request)
{
	uint16_t tag = p9_tag_take(session->tags);

	if (tag == P9_NOTAG)
		return false;
	transfer_init(&request->transfer);
	p9_session_get(session);
	request->session = session;
	request->fid = request->other = NULL;
	request->tag = tag;
	request->message = request->head;
	request->ended = NULL;
	request->free = NULL;
	return true;
}

void p9_request_start(struct p9_request *request, size_t n)
{
	struct p9_session *session = request->session;

	request->started_tick = arch_time();
	request->call.state = CALL_DONE; /* until it has started */
	spin_lock(&session->lock);
	list_add_tail(&session->requests, &request->link);
	spin_unlock(&session->lock);
	p9_sessions_look_before(p9_deadline(session, request->started_tick));
	send_request(request, n, request_ended);
}

/* ---- requests that are too late ---- */

/*
 * Looks at the request behind `at`, a place in the list that is the kernel thread's own, and moves
 * `at` behind it. One request in each hold of the lock: there may be thousands. Takes the request
 * back if it is too late, and sets *late and the state that its call was in. A request that was
 * received has the session's time from then on; one that waits in the queue, from its start on.
 * Returns false when no other can be late, and takes `at` out of the list.
 */
static bool withdraw_next_locked(struct p9_session *session, struct list *at, uint64_t now,
				 struct p9_request **late, enum call_state *state, uint64_t *next)
{
	struct p9_request *request = list_entry(at->next, struct p9_request, link);
	uint64_t since = now - session->timeout;

	assert_hardened(spin_lock_held(&session->lock));
	if (at->next != &session->requests && request->started_tick < since) {
		*state = call_withdraw(session->send, &request->call, since);
		if (*state != CALL_DONE) {
			list_del(&request->link);
			*late = request;
			return true;
		}
		*next = MIN(*next, now + session->timeout / 4);
		list_del(at);
		list_add(&request->link, at);
		return true;
	}
	if (at->next != &session->requests)
		*next = MIN(*next, request->started_tick + session->timeout);
	list_del(at);
	return false;
}

static void give_up(struct p9_request *request, bool was_received)
{
	if (request->ended)
		request->ended(request, -ETIMEDOUT);
	if (was_received)
		flush(request);
	else
		request_done(request);
}

static void give_up_late(struct p9_session *session, uint64_t now, bool begun, uint64_t *next)
{
	struct list at;
	bool more;

	if (session->timeout == UINT64_MAX)
		return;
	if (begun)
		*next = MIN(*next, now + session->timeout);
	if (session->timeout > now) { /* the machine has not run for that long */
		*next = MIN(*next, session->timeout);
		return;
	}
	spin_lock(&session->lock);
	list_add(&session->requests, &at);
	do {
		enum call_state state = CALL_DONE;
		struct p9_request *late = NULL;

		more = withdraw_next_locked(session, &at, now, &late, &state, next);
		spin_unlock(&session->lock);
		if (late)
			give_up(late, state == CALL_RECEIVED);
		spin_lock(&session->lock);
	} while (more);
	spin_unlock(&session->lock);
}

/* Takes back a Tflush of a closed session. Returns NULL if there is none, or it is being answered. */
static struct p9_request *withdraw_flush(struct p9_session *session, uint64_t *next)
{
	struct p9_request *request = NULL;

	spin_lock(&session->lock);
	if (!list_empty(&session->flushes)) {
		request = list_first_entry(&session->flushes, struct p9_request, link);
		if (call_withdraw(session->send, &request->call, UINT64_MAX) == CALL_DONE)
			request = NULL;
		if (!request)
			*next = MIN(*next, arch_time() + clock_timebase() / 100);
	}
	spin_unlock(&session->lock);
	return request;
}

void p9_requests_tend(struct p9_session *session, uint64_t now, bool begun, uint64_t *next)
{
	struct p9_request *request;

	give_up_late(session, now, begun, next);
	if (!atomic_load(&session->closing))
		return;
	while ((request = withdraw_flush(session, next)))
		flush_ended(&request->call, -ETIMEDOUT);
}
