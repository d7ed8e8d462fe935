/* SPDX-License-Identifier: MIT */
/* The connection to a 9P server. */
#pragma once

#include "desc/file.h"
#include "lib/list.h"
#include "lib/p9/p9.h"
#include "lib/refcount.h"
#include "lib/tree.h"
#include "linux/fs/p9/fid_numbers.h"
#include "linux/fs/p9/tags.h"
#include "proc/mutex.h"
#include "sync/spinlock.h"
#include "sync/waitq.h"

struct p9_buffers;
struct p9_node;
struct p9_twrite_run;

/*
 * The last file that was to get another name, while it is not known whether it has: it has either the name of its node or
 * this one. The states are drawn in linux/fs/p9/node_name.c.
 */
struct p9_alias {
	struct p9_qid qid;
	struct p9_node *dir; /* referenced; NULL: there is no such file */
	char *name;
};

/*
 * One of the server's users, and one of its groups, are another one here, and the other way round: who runs QEMU on
 * the host is the user of the session here. All others are what they are.
 */
struct p9_ids {
	uint32_t server, here;
};

static inline uint32_t p9_id_here(const struct p9_ids *ids, uint32_t id)
{
	return id == ids->server ? ids->here : id;
}

static inline uint32_t p9_id_at_server(const struct p9_ids *ids, uint32_t id)
{
	return id == ids->here ? ids->server : id;
}

/*
 * One for each mount. There is a reference for each fid, the root's among them, and for each request
 * that no thread waits for. The last one closes the send end.
 */
struct p9_session {
	struct refcount refs;
	/* const, once the mount is made: */
	uint32_t msize;
	uint32_t uid; /* on whose behalf */
	struct p9_ids users, groups;
	uint64_t timeout;     /* ticks; UINT64_MAX: none */
	struct p9_tags *tags; /* in a frame of its own */
	/* atomic: */
	uint32_t nclunks;  /* Tclunk that the server has not answered */
	uint32_t nflushes; /* requests in `flushes` */
	uint32_t closing;  /* p9_session_close() */
	uint32_t waits;	   /* for another server, if this one ends: it is mounted */
	uint32_t epoch;	   /* which attempt to attach was the last good one; changes under `lock` */
	/* odd while a directory is being renamed; changes with the mount's rename_lock held */
	uint32_t dir_renames;
	/* woken when nclunks becomes small enough for more fids, or so many are flushed that none is made; own lock */
	struct waitq clunked;
	/* woken when one of `removals` has left; own lock */
	struct waitq removed;
	/* woken when another server is attached, or the session is closed; own lock */
	struct waitq attached;
	/* a waiting lock: one attempt to attach at a time. Guards nattempts and *buffers. */
	struct mutex attaching;
	struct p9_buffers *buffers;
	uint32_t nattempts;
	/* a waiting lock: names and parents of nodes change only with this one and `lock` held */
	struct mutex naming;
	/* under sessions_lock: */
	struct list link;
	/* linux/fs/p9/writeback.c: */
	struct spinlock dirty_lock;
	struct list dirty;     /* guarded by dirty_lock: struct p9_dirty.link */
	uint32_t ndirty_files; /* guarded by dirty_lock: length of `dirty` */
	uint32_t nretiring;    /* atomic: files that are just leaving it */
	uint32_t nunwritten;   /* atomic: pages that are dirty or being written */
	uint32_t npages_lost;  /* atomic: lost pages that are not in the log yet */
	int lost_error;	       /* atomic: why the last of them is */
	uint64_t tells_tick;   /* the kernel thread's own: when the log may say so again */
	uint32_t is_hurried;   /* atomic: all that is dirty is to be written at once */
	struct waitq cleaned;  /* woken when pages were written, or files have left; own lock */
	struct p9_twrite_run *reserve; /* atomic: memory for one request, or NULL */
	/* guarded by lock: */
	struct spinlock lock;
	struct tree nodes; /* linux/fs/p9/nodes.c: by qid.path */
	struct tree
		names; /* linux/fs/p9/lease.c: struct p9_node.by_name, by name_hash; no two have the same */
	uint32_t nchanges; /* of names and attributes, by requests of this session */
	uint64_t nasked;   /* questions for attributes and names */
	struct list kept;  /* struct p9_node.kept: the cache of nodes, those used last at the end */
	uint32_t nkept;
	struct file *send;  /* by which the server is called; referenced */
	bool is_lost;	    /* the server has ended, and no other one is attached yet */
	uint64_t lost_tick; /* when that was seen */
	uint64_t
		attach_tick; /* when an attempt to attach began, or had its last answer; 0: it is over */
	struct p9_fid_numbers fid_numbers;
	struct list fids;  /* struct p9_fid.link: those that another server is to know, too */
	uint32_t nrenames; /* names of nodes that have changed; atomic for a look */
	uint32_t nmoves;   /* directories that other clients have renamed; atomic for a look */
	struct p9_alias alias;
	struct list
		removals; /* struct p9_removal.link: whose result is not known, in the order of their numbers */
	uint64_t nremovals;   /* how many there ever were */
	struct list parked;   /* struct p9_request.link: they wait for another server */
	struct list requests; /* struct p9_request.link: started and not ended, oldest first */
	struct list flushes;  /* struct p9_request.link: given up, and Tflush was sent for them */
};

/*
 * A server may end, and another take its place: linux/fs/p9/attach.c. A session is lost from the moment
 * that a call has found no server until then, or for as long as one request has time; after that
 * requests fail at once. The time begins anew with each answer of a server that is being attached, but is over when that
 * attempt fails.
 */

/*
 * Makes a session that calls `send`, with one reference; it is on no list yet. Returns NULL if there is no memory.
 */
struct p9_session *p9_session_alloc(struct file *send, uint32_t msize, uint64_t timeout);

/* The server has agreed: p9_sessions_next() and p9_sessions_each() find the session from here on. */
void p9_session_publish(struct p9_session *session);

/* No thread waits for another server any more, until one is attached. */
void p9_session_abort(struct p9_session *session);

/*
 * The mount is gone. Requests that were given up are not waited for any more, nor are those flushed
 * that will be.
 */
void p9_session_close(struct p9_session *session);

/* Is another server to be waited for? */
static inline bool p9_session_may_wait(const struct p9_session *session)
{
	return atomic_load(&session->waits);
}

/* The server of that epoch has ended. Never waits. */
void p9_session_lost(struct p9_session *session, uint32_t epoch);

/*
 * Waits while the session is lost. Returns 0, with a reference to the send end of the server that is
 * there then, and its epoch; -EIO if no other server came in time, or the session is closed; -EINTR if
 * the thread was killed. Call with no spinning lock held.
 */
int p9_session_server(struct p9_session *session, struct file **send_ret, uint32_t *epoch_ret);

/* Would only the running thread answer? See call_deadlocks(). */
bool p9_session_deadlocks(struct p9_session *session);

/* When threads that wait for another server give up: UINT64_MAX for never. The caller holds `lock`. */
uint64_t p9_session_lost_until(const struct p9_session *session);

/* An attempt to attach another server has begun or has an answer; and it is over. */
void p9_session_attaches(struct p9_session *session);
void p9_session_attach_ends(struct p9_session *session);

void p9_session_get(struct p9_session *session);
void p9_session_put(struct p9_session *session);

/* When the time of what has begun at that tick is over; UINT64_MAX: never. */
static inline uint64_t p9_deadline(const struct p9_session *session, uint64_t tick)
{
	return session->timeout == UINT64_MAX ? UINT64_MAX : tick + session->timeout;
}

/*
 * Has the kernel thread look at all sessions when a request may be too late: not later than at that
 * tick.
 */
void p9_sessions_look_before(uint64_t tick);

/*
 * Bracket a look of the kernel thread at the sessions. p9_sessions_look_begin() returns a number to wait with; from then
 * on, p9_sessions_look_before() wakes the thread. p9_sessions_look_end() waits for that, until the tick `next` at most.
 */
uint64_t p9_sessions_look_begin(void);
void p9_sessions_look_end(uint64_t seq, uint64_t next);

/* Returns the session after `session` (the first for NULL) with a reference, and drops that one's. */
struct p9_session *p9_sessions_next(struct p9_session *session);

/* For the ledger, which needs no lock: calls the function for each session. */
void p9_sessions_each(void (*visit)(struct p9_session *session));
