/* SPDX-License-Identifier: MIT */
/* Opens and closes sessions with 9P servers, and runs the kernel thread that looks after them. */
#include "fs/p9/session.h"

#include "abi/errno.h"
#include "arch/timer.h"
#include "fs/p9/node.h"
#include "fs/p9/request.h"
#include "fs/p9/writeback.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/phys/kmalloc.h"
#include "mm/relieve.h"
#include "proc/kthread.h"
#include "proc/mem_wait.h"
#include "proc/wait.h"
#include "sync/atomic.h"

/* How many nodes of a session go when memory is short: a hundred kilobytes or more. */
#define FORGET 64u

static struct spinlock sessions_lock = SPINLOCK_INIT(LOCK_FS);
static struct list sessions = LIST_INIT(sessions); /* guarded by sessions_lock */

/* The kernel thread waits here. */
static struct waitq looked_for = WAITQ_INIT(looked_for);
static uint64_t looks_at = UINT64_MAX; /* atomic: the tick at which it looks next, if not woken */

void p9_session_get(struct p9_session *session)
{
	refcount_get(&session->refs);
}

static void session_free(struct p9_session *session)
{
	p9_writeback_end(session);
	file_put(session->send);
	kfree(session->buffers);
	kfree(session->tags);
	kfree(session);
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
	if (last)
		session_free(session);
}

void p9_session_abort(struct p9_session *session)
{
	atomic_store(&session->waits, 0u);
	waitq_wake_all(&session->attached);
	p9_sessions_look_before(0);
}

void p9_session_close(struct p9_session *session)
{
	atomic_store(&session->closing, 1);
	p9_session_abort(session);
}

/* ---- a server that has ended ---- */

uint64_t p9_session_lost_until(const struct p9_session *session)
{
	assert_hardened(spin_lock_held(&session->lock));
	return p9_deadline(session, session->lost_tick);
}

void p9_session_lost(struct p9_session *session, uint32_t epoch)
{
	spin_lock(&session->lock);
	if (session->epoch == epoch && !session->is_lost) {
		session->is_lost = true;
		session->lost_tick = arch_time();
	}
	spin_unlock(&session->lock);
}

/* Returns the send end with a reference; NULL while the session is lost, with the last tick of that. */
static struct file *server_of(struct p9_session *session, uint32_t *epoch_ret, uint64_t *until_ret)
{
	struct file *send = NULL;

	spin_lock(&session->lock);
	if (session->is_lost) {
		*until_ret = p9_session_lost_until(session);
	} else {
		send = session->send;
		file_get(send);
		*epoch_ret = session->epoch;
	}
	spin_unlock(&session->lock);
	return send;
}

int p9_session_server(struct p9_session *session, struct file **send_ret, uint32_t *epoch_ret)
{
	uint64_t seq, until = 0;
	int err = 0;

	while (!err) {
		seq = waitq_sample(&session->attached);
		*send_ret = server_of(session, epoch_ret, &until);
		if (likely(*send_ret))
			return 0;
		if (!p9_session_may_wait(session))
			return -EIO;
		err = thread_wait_until(&session->attached, seq, until);
	}
	return err == -EINTR ? err : -EIO;
}

/* While the session is lost, no server is known for which a thread could wait. */
bool p9_session_deadlocks(struct p9_session *session)
{
	uint32_t epoch;
	uint64_t until;
	struct file *send = server_of(session, &epoch, &until);
	bool deadlocks = send && call_deadlocks(send);

	if (send)
		file_put(send);
	return deadlocks;
}

/* ---- the kernel thread ---- */

void p9_sessions_look_before(uint64_t tick)
{
	if (unlikely(tick < atomic_load(&looks_at)))
		waitq_wake_all(&looked_for);
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

static void thread_main(void *arg)
{
	uint64_t seq = 0, last, now, next;
	struct p9_session *session = NULL;

	(void)arg;
	for (;;) {
		last = seq;
		seq = waitq_sample(&looked_for);
		atomic_store(&looks_at,
			     UINT64_MAX); /* a request that begins from here on wakes it again */
		now = arch_time();
		next = UINT64_MAX;
		while ((session = next_session(session))) {
			p9_requests_tend(session, now, seq != last, &next);
			p9_writeback_tend(session, now, &next);
		}
		atomic_store(&looks_at, next);
		thread_sleep_always(&looked_for, seq, next);
	}
}

static void find_held_by(struct list *requests)
{
	struct p9_request *request;

	list_for_each_entry(request, requests, link) {
		p9_fid_found(request->fid);
		p9_fid_found(request->other);
		p9_removal_find_held_by(request);
		if (request->send)
			counted_found(&request->send->counted);
	}
}

void p9_sessions_find_held(void)
{
	struct p9_session *session;

	list_for_each_entry(session, &sessions, link) {
		counted_found(&session->send->counted);
		if (session->alias.dir)
			inode_found(&session->alias.dir->inode);
		find_held_by(&session->requests);
		find_held_by(&session->parked);
		find_held_by(&session->flushes);
	}
}

/* Memory is short: the nodes that have not been used for the longest time are kept no more. */
static void forget_some(void)
{
	struct p9_session *session = NULL;

	while ((session = next_session(session)))
		(void)p9_nodes_forget(session, FORGET);
}

/* Starts the thread with the first session. */
static int start_thread(void)
{
	static uint32_t runs; /* atomic */

	atomic_store(&relieve_hook, forget_some);
	if (!atomic_cas(&runs, 0, 1) || kthread_spawn("p9", thread_main, NULL))
		return 0;
	atomic_store(&runs, 0);
	return -ENOMEM;
}

/* ---- sessions ---- */

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
	struct p9_session *session = mem_wait_kzalloc(sizeof(*session));
	int err;

	if (!session)
		return -ENOMEM;
	session->tags = mem_wait_kzalloc(sizeof(*session->tags));
	session->buffers = mem_wait_kzalloc(sizeof(*session->buffers));
	if (!session->tags || !session->buffers) {
		kfree(session->buffers);
		kfree(session->tags);
		kfree(session);
		return -ENOMEM;
	}
	refcount_init(&session->refs, 1);
	file_get(send);
	session->send = send;
	session->msize = msize;
	session->timeout = timeout;
	spin_init(&session->lock, LOCK_FS);
	tree_init(&session->nodes);
	p9_fid_numbers_init(&session->fid_numbers);
	list_init(&session->kept);
	list_init(&session->requests);
	list_init(&session->flushes);
	list_init(&session->fids);
	list_init(&session->parked);
	mutex_init(&session->attaching, LOCK_INODE);
	mutex_init(&session->naming, LOCK_NAMING);
	waitq_init(&session->attached);
	waitq_init(&session->clunked);
	waitq_init(&session->removed);
	err = p9_writeback_begin(session);
	if (err == 0)
		err = start_thread();
	if (err == 0)
		err = p9_session_agree(session, send, &session->msize);
	if (err) {
		session_free(session);
		return err;
	}
	spin_lock(&sessions_lock);
	list_add_tail(&sessions, &session->link);
	spin_unlock(&sessions_lock);
	*session_ret = session;
	return 0;
}
