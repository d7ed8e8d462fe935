/* SPDX-License-Identifier: MIT */
/* The cached bytes of a regular file, and the fids that they come and go by: linux/fs/p9/data.c reads pages in. */
#pragma once

#include "linux/fs/p9/writeback.h"
#include "mm/object/object.h"
#include "proc/mutex.h"

struct p9_fid;
struct p9_node;
struct p9_session;

/* For linux/fs/p9/data.c: requests for missing pages. */
struct p9_reading {
	uint32_t is_cut; /* atomic: the server has had nothing of a page, once */
	/* guarded by object.lock: */
	uint64_t next;	 /* the index after those of the last request; NONE: it has failed */
	unsigned window; /* pages that the last request was to have */
};

/* For linux/fs/p9/revalidate.c: what the file was like when it was opened last, by which changes by others are seen. */
struct p9_seen {
	/* guarded by node->lock: */
	uint64_t size, mtime, ctime;
	bool has_old; /* pages of an earlier state were mapped then */
	/* atomic: see p9_data_changed(), p9_data_doubtful() */
	uint32_t is_changed, is_doubtful;
};

struct p9_data {
	struct object object;	    /* has its own lock */
	struct p9_node *node;	    /* const; it exists while the object is used */
	struct p9_session *session; /* const; referenced */
	/* guarded by object.lock: */
	struct inode *inode; /* its inode, or NULL: it is gone */
	/* guarded by object.lock, set with node->lock held too, and atomic for a look: */
	struct p9_fid *fid; /* open for reading; NULL: not opened yet */
	struct p9_fid
		*writer; /* open for writing; NULL: there is no writer, and no page is dirty */
	struct p9_reading reading;
	struct p9_seen seen;
	struct p9_writeback wb;
	/* of pages that were lost, set by writeback.c; atomic: */
	int error;	  /* of the last one; set under object.lock */
	uint32_t nerrors; /* how often */
	uint32_t nsynced; /* the value of nerrors that msync() has seen */
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

/* For a node that is being made: its bytes, or NULL if there is no memory. They are put when the node is freed. */
struct p9_data *p9_data_create(struct p9_node *node, uint64_t size);
void p9_data_put(struct p9_data *data);
struct object *p9_data_object(struct p9_data *data);

/* The size changes, and all below it is read from the server from here on. Returns 0 or a negative errno. */
int p9_data_set_size(struct p9_data *data, uint64_t size);

/*
 * The server was asked to change the file: the next open finds other times, which are to be learnt.
 * Where it is not known what the server has done, what is cached goes instead.
 */
static inline void p9_data_changed(struct p9_data *data)
{
	atomic_store(&data->seen.is_changed, 1u);
}

static inline void p9_data_doubtful(struct p9_data *data)
{
	atomic_store(&data->seen.is_doubtful, 1u);
}
