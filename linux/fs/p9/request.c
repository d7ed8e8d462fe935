/* SPDX-License-Identifier: MIT */
/* Sends requests to a 9P server, and flushes those that it does not answer. */
/*
 * A request is a call at the server's endpoint: the server reads it by ipc_read(), writes its reply
 * by ipc_write() and then answers the call. A thread that needs a name or an attribute waits for
 * the call itself. No thread waits for the call of a page or a clunk: the answering
 * server's own thread runs `ended`, and the kernel thread ends those that stay unanswered.
 *
 * A request is given up when its time is over, or when the thread that waits for it is killed. The time of a queued request
 * begins anew with each answer of the server: a slow server answers all in the end. Its
 * call is taken back: the server's number for it is not valid any more, and nothing that the server
 * writes for it lands anywhere. A thread that waits gets the error at once. The server may still work
 * on the request, so it gets Tflush, in the memory of the request itself. Until it answers that, the request keeps its
 * tag and its fids: the tag is not used again, and the fids are not clunked. A server
 * that leaves many such requests unanswered gets no new ones. When the mount goes, no answer is waited
 * for.
 */
#include "linux/fs/p9/request.h"

#include "abi/errno.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/fs/p9/fid.h"
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

/* The server has not written anything yet. It may leave out what the words of its answer have: see reply_came(). */
static void expect_reply(struct transfer *transfer, uint8_t *reply)
{
	memset(reply, 0, P9_RREAD_HEAD_BYTES);
	transfer->received = 0;
	transfer->lead = P9_RREAD_HEAD_BYTES;
}

/*
 * An answer has come, for which `reply` has room for `size` bytes. Gets what the server has not written but put into the words of
 * its answer: a short reply, or all that is before the payload. Returns how many bytes the reply has.
 */
static size_t reply_came(uint8_t *reply, size_t size, const uint8_t *words, size_t received)
{
	size_t n;

	if (p9_claimed_size(reply) != 0)
		return received;
	memcpy(reply, words, P9_RREAD_HEAD_BYTES);
	if (received != 0)
		return received;
	n = MIN(p9_claimed_size(words), MIN(size, P9_SHORT_BYTES));
	memcpy(reply, words, n);
	return n;
}

/* Sends it to request->send, for the first time or once more. */
static void send_request(struct p9_request *request, void (*ended)(struct call *call, int result))
{
	size_t n = request->message_length;

	request->transfer.send.head = (char *)(uintptr_t)request->message;
	request->transfer.send.head_length = n;
	request->transfer.send.length = request->sent + n;
	request->transfer.receive.head = (char *)request->reply;
	request->transfer.receive.head_length = sizeof(request->reply);
	request->transfer.receive.length = request->received + sizeof(request->reply);
	expect_reply(&request->transfer, request->reply);
	request->size = request->transfer.send.length;
	if (request->message != request->head)
		memcpy(request->head, request->message, MIN(n, sizeof(request->head)));
	request->call.words = &request->words;
	request->call.transfer = &request->transfer;
	request->call.ended = ended;
	call_start(request->send, &request->call);
}

/* The server has no more to do with the request. */
static void request_done(struct p9_request *request)
{
	struct p9_session *session = request->session;
	struct p9_fid *fid = request->fid, *other = request->other;
	struct file *send = request->send;

	p9_tag_give(session->tags, request->tag);
	if (send)
		file_put(send);
	if (request->free)
		request->free(request);
	p9_fid_put(fid);
	p9_fid_put(other);
	p9_session_put(session);
}

static void end_request(struct p9_request *request, int result)
{
	if (request->ended)
		request->ended(request, result);
	request_done(request);
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
 * session may be closed meanwhile, and it also ends the flushes of a closed session.
 */
static void flush(struct p9_request *request)
{
	struct p9_session *session = request->session;
	const struct p9_tflush ask = { request->tag };
	bool gone = atomic_load(&session->closing) ||
		    atomic_load(&session->epoch) != request->epoch;
	ssize_t n;

	request->flush_tag = gone ? P9_NOTAG : p9_tag_take(session->tags);
	if (request->flush_tag == P9_NOTAG) {
		request_done(request);
		return;
	}
	transfer_init(&request->transfer);
	request->message = request->head;
	request->words = (struct ipc_words){ { 0 } };
	n = p9_encode_tflush(request->head, sizeof(request->head), request->flush_tag, &ask);
	assert(n > 0);
	request->message_length = (size_t)n;
	request->sent = request->received = 0;
	request->call.state = CALL_DONE; /* until it has started */
	if (atomic_add(&session->nflushes, 1) == FLUSHES_MAX - 1)
		waitq_wake_all(&session->clunked);
	spin_lock(&session->lock);
	list_add_tail(&session->flushes, &request->link);
	spin_unlock(&session->lock);
	send_request(request, flush_ended);
}

/* ---- requests that a thread waits for ---- */

void p9_rpc_begin(struct p9_rpc *rpc, struct p9_session *session, struct p9_fid *fid,
		  struct p9_fid *other)
{
	rpc->session = session;
	rpc->fid = fid;
	rpc->other = other;
	rpc->makes = NULL;
	rpc->once = false;
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
static void rpc_flush(const struct p9_rpc *rpc, struct p9_request *request, struct file *send,
		      uint32_t epoch)
{
	p9_session_get(rpc->session);
	request->session = rpc->session;
	request->send = send; /* with the reference */
	request->epoch = epoch;
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
static ssize_t call_server(struct p9_session *session, struct file *send, const void *message,
			   size_t n, void *reply, size_t size, struct transfer *transfer)
{
	struct ipc_words words = { { 0 } };
	int err;

	memcpy(&words.word[1], message, MIN(n, P9_SHORT_BYTES));
	transfer->send.head = (char *)(uintptr_t)message;
	transfer->send.head_length = n;
	words.word[0] = transfer->send.length += n;
	transfer->receive.head = reply;
	transfer->receive.head_length = transfer->receive.length = size;
	expect_reply(transfer, reply);
	err = endpoint_call_killable(send, &words, transfer, session->timeout);
	if (err)
		return err == -EINTR || err == -EDEADLK || err == -EPIPE ? err : -EIO;
	return (ssize_t)reply_came(reply, size, (const uint8_t *)&words.word[1],
				   transfer->received);
}

ssize_t p9_rpc_once(struct p9_session *session, struct file *send, const void *request, ssize_t n,
		    void *reply, size_t size)
{
	struct transfer transfer;

	transfer_init(&transfer);
	if (n > 0)
		n = call_server(session, send, request, (size_t)n, reply, size, &transfer);
	if (n >= 0)
		p9_session_attaches(session);
	return n == -EPIPE ? -EIO : n;
}

/* Does the server of that epoch know what the request names? -EPIPE: it is not the session's any more. */
static int check_fids(struct p9_rpc *rpc, uint32_t epoch)
{
	struct p9_session *session = rpc->session;
	int err;

	spin_lock(&session->lock);
	err = session->is_lost || session->epoch != epoch ? -EPIPE : 0;
	if (rpc->makes) {
		rpc->makes->epoch = epoch;
		rpc->makes->known = true;
	}
	if (err == 0 && rpc->fid != rpc->makes)
		err = p9_fid_check_locked(rpc->fid, epoch);
	if (err == 0 && rpc->other != rpc->makes)
		err = p9_fid_check_locked(rpc->other, epoch);
	spin_unlock(&session->lock);
	return err;
}

/*
 * Calls the server that is there. Returns the number of bytes that came, or a negative errno; -EPIPE if the server
 * has ended. If the request was given up after the server had received it, `request` is used to flush it, and is NULL
 * then.
 */
static ssize_t call_once(struct p9_rpc *rpc, size_t n, void *reply, size_t size,
			 struct p9_request **request)
{
	struct transfer transfer;
	struct file *send;
	uint32_t epoch;
	ssize_t result = p9_session_server(rpc->session, &send, &epoch);

	if (result)
		return result;
	transfer_init(&transfer);
	transfer.send.page = rpc->payload;
	transfer.send.length = rpc->payload_length;
	result = check_fids(rpc, epoch);
	if (result == 0)
		result = call_server(rpc->session, send, rpc->message, n, reply, size, &transfer);
	if (result == -EPIPE) {
		p9_session_lost(rpc->session, epoch);
		if (rpc->once && transfer.unanswered)
			result = -EIO;
	}
	if (transfer.abandoned) {
		rpc_flush(rpc, *request, send, epoch);
		*request = NULL;
	} else {
		file_put(send);
	}
	return result;
}

/* The memory for Tflush is there before the request is sent. */
ssize_t p9_rpc(struct p9_rpc *rpc, ssize_t n, void *reply, size_t size)
{
	struct p9_request *request = NULL;
	size_t length = n > 0 ? (size_t)n : 0;
	unsigned nends = 0;
	bool flushed = false;

	if (n > 0 && (rpc->tag == P9_NOTAG || p9_is_stuck(rpc->session)))
		n = -EIO;
	if (n > 0 && !(request = mem_wait_kmalloc(sizeof(*request))))
		n = -ENOMEM;
	if (request) {
		do
			n = call_once(rpc, length, reply, size, &request);
		while (n == -EPIPE && ++nends < P9_SERVERS_MAX);
		if (n == -EPIPE)
			n = -EIO;
		flushed = !request;
	}
	if (flushed)
		return n;
	kfree(request);
	p9_tag_give(rpc->session->tags, rpc->tag);
	p9_fid_put(rpc->fid);
	p9_fid_put(rpc->other);
	return n;
}

/* ---- requests that no thread waits for ---- */

static void request_ended(struct call *call, int result);

/*
 * Puts the request into the list of started ones, or, while the session is lost, into session->parked, where it waits for
 * another server (*parked is set). Returns 0, or an error that it is to end with.
 */
static int place_locked(struct p9_request *request, bool *parked)
{
	struct p9_session *session = request->session;
	/* A local one may be for the server that is just being attached. */
	bool may_park = !request->is_local || (int32_t)(request->epoch - session->epoch) > 0;

	assert_hardened(spin_lock_held(&session->lock));
	*parked = session->is_lost;
	if (session->is_lost) {
		if (!may_park || !p9_session_may_wait(session) ||
		    arch_time() >= p9_session_lost_until(session))
			return -EPIPE;
		list_add_tail(&session->parked, &request->link);
		return 0;
	}
	if (request->is_local && request->epoch != session->epoch)
		return -EPIPE;
	if (p9_fid_check_locked(request->fid, session->epoch) != 0)
		return -ESTALE;
	list_add_tail(&session->requests, &request->link);
	request->send = session->send;
	file_get(request->send);
	request->epoch = session->epoch;
	return 0;
}

/* Sends the request, has it wait for another server, or ends it. */
static void launch(struct p9_request *request)
{
	struct p9_session *session = request->session;
	uint64_t looks_at;
	bool parked;
	int err;

	request->started_tick = arch_time();
	request->call.state = CALL_DONE; /* until it has started */
	spin_lock(&session->lock);
	err = place_locked(request, &parked);
	looks_at = parked ? p9_session_lost_until(session)
			  : p9_deadline(session, request->started_tick);
	spin_unlock(&session->lock);
	if (err) {
		end_request(request, err);
		return;
	}
	p9_sessions_look_before(looks_at);
	if (!parked)
		send_request(request, request_ended);
}

/* The server has ended before it has answered. */
static void launch_again(struct p9_request *request)
{
	struct file *send = request->send;

	request->send = NULL;
	p9_session_lost(request->session, request->epoch);
	file_put(send);
	if (++request->nends < P9_SERVERS_MAX)
		launch(request);
	else
		end_request(request, -EIO);
}

static void request_ended(struct call *call, int result)
{
	struct p9_request *request = container_of(call, struct p9_request, call);
	struct p9_session *session = request->session;

	if (result == 0)
		request->transfer.received = reply_came(request->reply, sizeof(request->reply),
							request->head, request->transfer.received);
	spin_lock(&session->lock);
	list_del(&request->link);
	spin_unlock(&session->lock);
	if (result == -EPIPE)
		launch_again(request);
	else
		end_request(request, result);
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
	request->send = NULL;
	request->is_local = false;
	request->nends = 0;
	request->tag = tag;
	request->message = request->head;
	request->words = (struct ipc_words){ { 0 } };
	request->ended = NULL;
	request->free = NULL;
	return true;
}

void p9_request_start(struct p9_request *request, size_t n)
{
	request->message_length = n;
	request->sent = request->transfer.send.length;
	request->received = request->transfer.receive.length;
	launch(request);
}

void p9_requests_resume(struct list *parked)
{
	struct list *link;

	while ((link = list_pop(parked)))
		launch(list_entry(link, struct p9_request, link));
}

/* ---- requests that are too late ---- */

/*
 * Looks at the request behind `at`, a place in the list that is the kernel thread's own, and moves
 * `at` behind it. One request in each hold of the lock: there may be thousands. Takes the request
 * back if it is too late, and sets *late and the state that its call was in. A request that was
 * received has the session's time from then on; one that waits in the queue, from its start and from each answer of the
 * server on (call_withdraw()). Returns false when no other can be late, and takes `at` out of the list.
 */
static bool withdraw_next_locked(struct p9_session *session, struct list *at, uint64_t now,
				 struct p9_request **late, enum call_state *state, uint64_t *next)
{
	struct p9_request *request = list_entry(at->next, struct p9_request, link);
	uint64_t since = now - session->timeout;

	assert_hardened(spin_lock_held(&session->lock));
	if (at->next != &session->requests && request->started_tick < since) {
		*state = call_withdraw(request->send, &request->call, since);
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

/* Ends those that wait for another server, if none came in time, or none is needed. */
static void give_up_parked(struct p9_session *session, uint64_t now, uint64_t *next)
{
	struct list given_up = LIST_INIT(given_up);

	spin_lock(&session->lock);
	if (!list_empty(&session->parked)) {
		if (now >= p9_session_lost_until(session) || !p9_session_may_wait(session))
			list_splice_tail(&given_up, &session->parked);
		else
			*next = MIN(*next, p9_session_lost_until(session));
	}
	spin_unlock(&session->lock);
	p9_requests_resume(&given_up);
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
		if (call_withdraw(request->send, &request->call, UINT64_MAX) == CALL_DONE)
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
	give_up_parked(session, now, next);
	if (!atomic_load(&session->closing))
		return;
	while ((request = withdraw_flush(session, next)))
		flush_ended(&request->call, -ETIMEDOUT);
}
