/* SPDX-License-Identifier: MIT */
/* Writes the dirty pages of regular files back to their 9P server. */
#pragma once

#include "lib/list.h"
#include "mm/object/object.h"
#include "sync/waitq.h"

struct p9_data;
struct p9_session;

/* An entry of session->dirty: a file, or the place of a thread that goes through the list. Guarded by dirty_lock. */
struct p9_dirty {
	struct list link;
	struct p9_data *data; /* NULL: a place */
};

/* The dirty pages of a file. Only linux/fs/p9/writeback.c changes it. */
struct p9_writeback {
	/* guarded by object.lock: */
	size_t ndirty;	      /* pages in the index that are PAGE_DIRTY */
	uint64_t first, last; /* all of them have indices in [first, last] */
	uint64_t dirty_tick;  /* when the first of them became so, or was passed */
	unsigned nwriting;    /* requests under way */
	struct list runs;     /* these, the oldest first: struct p9_twrite_run.link */
	uint64_t nruns;	      /* how many there have been */
	unsigned nstalled;    /* in sequence that were answered with less than a page */
	bool barred;	      /* no request is to start: the file is being cut */
	bool listed;	      /* is in session->dirty; with that, the node is used */
	/* guarded by session->dirty_lock: */
	struct p9_dirty dirty;
	/* atomic: */
	uint32_t
		is_hurried; /* pages must be written at once, and not only when they are old enough */
	uint32_t
		is_waiting; /* the kernel thread's pass has stopped: whatever makes room wakes the thread */
	uint32_t nshort;    /* how often the server has taken a part of a request */
	uint32_t nflushing; /* threads in p9_flush(), to which the kernel thread leaves the file */
	/* the kernel thread's own: */
	uint64_t cursor;      /* where its pass over the file goes on */
	struct waitq written; /* woken when a request has ended, or the bar is lifted; own lock */
};

/* The index after the last one that a page can have. */
#define P9_PAGES_END ((OBJECT_SIZE_MAX >> PAGE_SHIFT) + 1)

/* Initialises the fields of writeback.c. */
void p9_writeback_init(struct p9_data *data);

/* For the ledger: finds what is referred to because the file is being written back. */
void p9_writeback_find_held(struct p9_data *data);

/* Does the server lack something that is here, or may it still be answering? */
bool p9_has_unwritten(struct p9_data *data);

/*
 * The running thread has given the page new bytes, which are to be written back. data->writer is open. The caller holds
 * data->object.lock, and the page is the object's.
 */
void p9_dirty_page(struct p9_data *data, struct page *page);

/*
 * Writes the dirty pages with indices in [first, end), and waits until the server has answered for
 * these and for all others that are under way. Returns 0, whatever the answers were;
 * -EINTR if the thread was killed; -ETIMEDOUT at the tick `deadline` (UINT64_MAX: never); -EDEADLK
 * if the thread itself would have to answer. Call with no spinning lock held.
 */
int p9_flush(struct p9_data *data, uint64_t first, uint64_t end, uint64_t deadline);

/* Has the kernel thread write what is dirty at once. Never waits; takes no lock but LOCK_WAITQ. */
void p9_write_soon(struct p9_data *data);

/* Has the kernel thread write what is dirty of all the session's files. Never waits; takes no lock but LOCK_WAITQ. */
void p9_write_session_soon(struct p9_session *session);

/* Called after pages were made dirty: waits while there are too many. Returns 0 or -EINTR. */
int p9_throttle(struct p9_data *data);

/*
 * Bracket a cut of the file: no request is started in between, and those that were under way have
 * ended. p9_bar() returns 0, or -EINTR if the thread was killed: then there is no bar. node->lock
 * is held.
 */
int p9_bar(struct p9_data *data);
void p9_lift_bar(struct p9_data *data);

/* Dirty pages may have been cut off: there may be room for others, and nothing left to be written. */
void p9_pages_cut(struct p9_data *data);

/* For p9_session_create(): memory for one request, so that one can be sent. It is freed with the session. */
int p9_writeback_begin(struct p9_session *session);

/* For the kernel thread: starts what is due. Lowers *next to the tick when more may be. */
void p9_writeback_tend(struct p9_session *session, uint64_t now, uint64_t *next);

/* p9_flush() for all files of the session. After it, none is in use only because it was written. */
int p9_sync_session(struct p9_session *session, uint64_t deadline);

/* Slots of struct object_ops. */
void p9_stored(struct object *object, struct page *page);
int p9_may_store(struct object *object, struct vm_wait *wait);
void p9_page_left(struct object *object, struct page *page);
void p9_write_page(struct object *object, struct page *page);
void p9_writer_left(struct object *object);
int p9_sync_object(struct object *object, uint64_t start, uint64_t end);
