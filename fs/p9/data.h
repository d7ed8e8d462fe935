/* SPDX-License-Identifier: MIT */
/* What is kept of a regular file's bytes: fs/p9/data.c reads them, fs/p9/writeback.c writes them back. */
#pragma once

#include "mm/object.h"
#include "proc/mutex.h"
#include "sync/waitq.h"

struct p9_fid;
struct p9_node;
struct p9_session;

/* An entry of session->dirty: a file, or the place of a thread that goes through the list. */
struct p9_dirty {
	struct list link;
	struct p9_data *data; /* NULL: a place */
};

struct p9_data {
	struct object object;
	struct p9_node *node;	    /* const; it exists while the object is used */
	struct inode *inode;	    /* its inode, or NULL: it is gone; guarded by object.lock */
	struct p9_session *session; /* const; referenced */
	/* guarded by node->lock: what the file was like when it was opened last */
	uint64_t size, mtime, ctime;
	bool has_old; /* pages of an earlier state were mapped then */
	/* atomic: see p9_data_changed(), p9_data_doubtful() */
	uint32_t is_changed, is_doubtful;
	uint32_t is_cut; /* atomic: the server has had nothing of a page, once */
	/* guarded by object.lock; fids are set with node->lock held too, and atomic for a look: */
	struct p9_fid *fid;    /* open for reading; NULL: not opened yet */
	struct p9_fid *writer; /* open for writing; NULL: nobody writes, and no page is dirty */
	uint64_t next;	       /* the index after those of the last request; NONE: it has failed */
	unsigned window;       /* pages that the last request was to have */

	/* The rest is of fs/p9/writeback.c. Guarded by object.lock: */
	size_t ndirty;	       /* pages in the index that are PAGE_DIRTY */
	uint64_t first, last;  /* all of them have indices in [first, last] */
	uint64_t dirty_tick;   /* when the first of them became so, or was passed */
	unsigned nwriting;     /* requests under way */
	struct list runs;      /* these, the oldest first: struct p9_twrite_run.link */
	uint64_t nruns;	       /* how many there have been */
	unsigned nstalled;     /* in sequence that were answered with less than a page */
	bool barred;	       /* no request is to start: the file is being cut */
	bool listed;	       /* is in session->dirty; with that, the node is used */
	int error;	       /* of the last page that was lost */
	struct p9_dirty dirty; /* guarded by session->dirty_lock */
	/* atomic: */
	uint32_t is_hurried; /* pages are not to wait until they are old enough */
	uint32_t changes;    /* of what the server does not know yet, or did not */
	uint32_t nerrors;    /* how often pages were lost */
	uint32_t nsynced;    /* the same, when msync() was told last */
	uint32_t nshort;     /* how often the server has taken a part of a request */
	uint32_t nflushing;  /* threads in p9_flush(), to which the kernel thread leaves the file */
	uint64_t cursor;     /* the kernel thread's own: where its pass over the file goes on */
	/*
	 * A waiting lock, held while the object's VMAs are visited: by a change of the size, and by
	 * who takes write permission. Nobody waits for a server with it.
	 */
	struct mutex visit;
	struct waitq written; /* woken when a request has ended, or the bar is lifted; own lock */
};

static inline struct p9_data *to_p9_data(struct object *object)
{
	return container_of(object, struct p9_data, object);
}
