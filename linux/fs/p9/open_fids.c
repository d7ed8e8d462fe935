/* SPDX-License-Identifier: MIT */
/* Opens regular files at the server, with a fid to read by and one to write by, and closes the latter early. */
#include "linux/fs/p9/open_fids.h"

#include "abi/errno.h"
#include "linux/fs/p9/data.h"
#include "linux/fs/p9/lease.h"
#include "linux/fs/p9/node.h"
#include "linux/fs/p9/walk.h"

/* Does a fid not do, because there is none, or no server knows it any more? */
static bool is_lacking(const struct p9_fid *fid)
{
	return !fid || atomic_load_relaxed(&fid->is_stale);
}

/* Another thread may close the writer at any time, but the fid to read by stays while node->lock is held. */
static bool lacks_writer(struct p9_data *data)
{
	bool lacks;

	spin_lock(&data->object.lock);
	lacks = is_lacking(data->writer);
	spin_unlock(&data->object.lock);
	return lacks;
}

bool p9_data_is_open(const struct p9_data *data)
{
	return atomic_load_relaxed(&data->fid) != NULL;
}

/* Sets one of the two fids. Requests that are under way go on with the one that they have. */
static void set_fid(struct p9_data *data, struct p9_fid **at, struct p9_fid *fid)
{
	struct p9_fid *old;

	spin_lock(&data->object.lock);
	old = *at;
	atomic_store_relaxed(at, fid);
	spin_unlock(&data->object.lock);
	p9_fid_put(old);
}

static int open_one(struct p9_node *node, struct p9_fid **at, unsigned flags)
{
	enum p9_fid_use use = flags == O_RDONLY ? P9_FID_READS : P9_FID_WRITES;
	struct p9_fid *fid;
	int err = p9_open_fid(node, flags, &fid);

	while (err == 0 && !p9_fid_own(fid, node, use)) { /* the server has just ended */
		p9_fid_put(fid);
		err = p9_open_fid(node, flags, &fid);
	}
	if (err == 0)
		set_fid(node->data, at, fid);
	return err;
}

int p9_data_open_fids(struct p9_node *node, unsigned flags, bool anew)
{
	struct p9_data *data = node->data;
	int err = 0;

	if (file_flags_read(flags) && (anew || is_lacking(data->fid)))
		err = open_one(node, &data->fid, O_RDONLY);
	if (err == 0 && file_flags_write(flags) && (anew || lacks_writer(data)))
		err = open_one(node, &data->writer, O_WRONLY);
	return err;
}

void p9_data_created(struct p9_data *data, struct p9_fid *fid)
{
	if (p9_fid_own(fid, data->node, P9_FID_WRITES))
		set_fid(data, &data->writer, fid);
	else
		p9_fid_put(fid);
}

int p9_data_writer(struct p9_node *node, struct p9_fid **fid_ret)
{
	struct p9_data *data = node->data;
	int err = p9_data_open_fids(node, O_WRONLY, false);

	if (err)
		return err;
	spin_lock(&data->object.lock);
	*fid_ret = p9_fid_get(data->writer);
	spin_unlock(&data->object.lock);
	return *fid_ret ? 0 : -EIO;
}

int p9_data_open_reader(struct p9_node *node)
{
	return p9_data_open_fids(node, O_RDONLY, false);
}

struct p9_fid *p9_data_any_fid(struct p9_data *data)
{
	struct p9_fid *fid;

	spin_lock(&data->object.lock);
	fid = p9_fid_get(data->writer ? data->writer : data->fid);
	spin_unlock(&data->object.lock);
	return fid;
}

/* A look comes first: most files are not written. */
struct p9_fid *p9_data_take_writer(struct p9_data *data)
{
	struct p9_fid *fid = NULL;

	if (!atomic_load_relaxed(&data->writer))
		return NULL;
	p9_attributes_changed(data->session, data->node->qid.path);
	spin_lock(&data->object.lock);
	if (data->object.writers == 0 && !data->wb.listed) {
		fid = data->writer;
		atomic_store_relaxed(&data->writer, NULL);
	}
	spin_unlock(&data->object.lock);
	return fid;
}

void p9_data_close_writer(struct p9_data *data)
{
	p9_fid_put(p9_data_take_writer(data));
}
