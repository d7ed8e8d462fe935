/* SPDX-License-Identifier: MIT */
/* What is kept of a regular file's bytes: fs/p9/data.c reads them, fs/p9/writeback.c writes them back. */
#pragma once

#include "fs/p9/writeback.h"
#include "mm/object.h"
#include "proc/mutex.h"

struct p9_fid;
struct p9_node;
struct p9_session;

/* For fs/p9/data.c: requests for missing pages. */
struct p9_reading {
	uint32_t is_cut; /* atomic: the server has had nothing of a page, once */
	/* guarded by object.lock: */
	uint64_t next;	 /* the index after those of the last request; NONE: it has failed */
	unsigned window; /* pages that the last request was to have */
};

/* For fs/p9/data.c: what the file was like when it was opened last, by which changes by others are seen. */
struct p9_seen {
	/* guarded by node->lock: */
	uint64_t size, mtime, ctime;
	bool has_old; /* pages of an earlier state were mapped then */
	/* atomic: see p9_data_changed(), p9_data_doubtful() */
	uint32_t is_changed, is_doubtful;
};

struct p9_data {
	struct object object;
	struct p9_node *node;	    /* const; it exists while the object is used */
	struct p9_session *session; /* const; referenced */
	/* guarded by object.lock: */
	struct inode *inode; /* its inode, or NULL: it is gone */
	/* the same; set with node->lock held too, and atomic for a look: */
	struct p9_fid *fid;    /* open for reading; NULL: not opened yet */
	struct p9_fid *writer; /* open for writing; NULL: nobody writes, and no page is dirty */
	struct p9_reading reading;
	struct p9_seen seen;
	struct p9_writeback wb;
	/* of pages that were lost, set by writeback.c; atomic: */
	int error;	  /* of the last one; set under object.lock */
	uint32_t nerrors; /* how often */
	uint32_t nsynced; /* the same, when msync() was told last */
	uint32_t changes; /* atomic: of what the server does not know yet, or did not */
	/*
	 * A waiting lock, held while the object's VMAs are visited: by a change of the size, and by
	 * the removal of write permission. No holder waits for a server.
	 */
	struct mutex visit;
};

static inline struct p9_data *to_p9_data(struct object *object)
{
	return container_of(object, struct p9_data, object);
}
