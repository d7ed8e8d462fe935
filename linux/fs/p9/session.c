/* SPDX-License-Identifier: MIT */
/* The sessions with 9P servers: which there are, and which server each of them has. */
#include "linux/fs/p9/session.h"

#include "abi/errno.h"
#include "arch/timer.h"
#include "ipc/deadlock.h"
#include "lib/bits.h"
#include "linux/fs/p9/request.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/wait.h"
#include "sync/atomic.h"

static struct spinlock sessions_lock = SPINLOCK_INIT(LOCK_FS);
static struct list sessions = LIST_INIT(sessions); /* guarded by sessions_lock */

/* The kernel thread waits here. */
static struct waitq looked_for = WAITQ_INIT(looked_for);
static uint64_t looks_at = UINT64_MAX; /* atomic: the tick at which it looks next, if not woken */

struct p9_session *p9_session_alloc(struct file *send, uint32_t msize, uint64_t timeout)
{
	struct p9_session *session = mem_wait_kzalloc(sizeof(*session));

	if (!session)
		return NULL;
	session->tags = mem_wait_kzalloc(sizeof(*session->tags));
	session->buffers = mem_wait_kzalloc(sizeof(*session->buffers));
	if (!session->tags || !session->buffers) {
		kfree(session->buffers);
		kfree(session->tags);
		kfree(session);
		return NULL;
	}
	refcount_init(&session->refs, 1);
	file_get(send);
	session->send = send;
	session->msize = msize;
	session->timeout = timeout;
	spin_init(&session->lock, LOCK_FS);
	tree_init(&session->nodes);
	tree_init(&session->names);
	p9_fid_numbers_init(&session->fid_numbers);
	list_init(&session->link);
	list_init(&session->kept);
	list_init(&session->requests);
	list_init(&session->flushes);
	list_init(&session->fids);
	list_init(&session->parked);
	list_init(&session->removals);
	mutex_init(&session->attaching, LOCK_INODE);
	mutex_init(&session->naming, LOCK_NAMING);
	waitq_init(&session->attached);
	waitq_init(&session->clunked);
	waitq_init(&session->removed);
	return session;
}

void p9_session_get(struct p9_session *session)
{
	refcount_get(&session->refs);
}

static void session_free(struct p9_session *session)
{
	file_put(session->send);
	kfree(session->reserve);
	kfree(session->buffers);
	kfree(session->tags);
	kfree(session);
}

/* The kernel thread must not find it once the last reference is gone. */
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
	return p9_deadline(session, MAX(session->lost_tick, session->attach_tick));
}

static void set_attach_tick(struct p9_session *session, uint64_t tick)
{
	spin_lock(&session->lock);
	session->attach_tick = tick;
	spin_unlock(&session->lock);
}

void p9_session_attaches(struct p9_session *session)
{
	set_attach_tick(session, arch_time());
}

void p9_session_attach_ends(struct p9_session *session)
{
	set_attach_tick(session, 0);
	waitq_wake_all(&session->attached);
	p9_sessions_look_before(0);
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

	while (err != -EINTR) {
		seq = waitq_sample(&session->attached);
		*send_ret = server_of(session, epoch_ret, &until);
		if (likely(*send_ret))
			return 0;
		if (!p9_session_may_wait(session) || arch_time() >= until)
			return -EIO;
		err = thread_wait_until(&session->attached, seq, until);
	}
	return err;
}

/* While the session is lost, no server is known for which a thread could wait. */
bool p9_session_deadlocks(struct p9_session *session)
{
	uint32_t epoch;
	uint64_t until;
	struct file *send = ipc_may_deadlock() ? server_of(session, &epoch, &until) : NULL;
	bool deadlocks = send && call_deadlocks(send);

	if (send)
		file_put(send);
	return deadlocks;
}

/* ---- all sessions ---- */

void p9_session_publish(struct p9_session *session)
{
	spin_lock(&sessions_lock);
	list_add_tail(&sessions, &session->link);
	spin_unlock(&sessions_lock);
}

void p9_sessions_look_before(uint64_t tick)
{
	if (unlikely(tick < atomic_load(&looks_at)))
		waitq_wake_all(&looked_for);
}

uint64_t p9_sessions_look_begin(void)
{
	uint64_t seq = waitq_sample(&looked_for);

	atomic_store(&looks_at, UINT64_MAX); /* a request that begins from here on wakes it again */
	return seq;
}

void p9_sessions_look_end(uint64_t seq, uint64_t next)
{
	atomic_store(&looks_at, next);
	thread_sleep_always(&looked_for, seq, next);
}

struct p9_session *p9_sessions_next(struct p9_session *session)
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

void p9_sessions_each(void (*visit)(struct p9_session *session))
{
	struct p9_session *session;

	list_for_each_entry(session, &sessions, link)
		visit(session);
}
