/* SPDX-License-Identifier: MIT */
/* Finds out whether the server's file is still the one whose bytes are cached, and drops them if it is not. */
/*
 * Another client is not heard of. As with NFS, a file is compared with the server's when it is opened: struct p9_seen has
 * the size and the times that it had at the last open. What this kernel has asked for changes them too, and is learnt
 * instead. Between two opens, the server is asked where the file ends when that matters: for O_APPEND, and when pages turn
 * out to be missing.
 */
#include "linux/fs/p9/revalidate.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "linux/fs/p9/data.h"
#include "linux/fs/p9/node.h"
#include "linux/fs/p9/open_fids.h"
#include "linux/mem/object_writers.h"
#include "mm/object/object_size.h"
#include "mm/object/page_cache.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

/* ---- dropping what is cached ---- */

/* Reads up to n bytes of the file. Returns how many there are, or a negative errno. `reply` has room for them. */
static ssize_t read_bytes(struct p9_data *data, uint64_t offset, size_t n, uint8_t *reply)
{
	struct p9_tread ask = { .offset = offset, .count = (uint32_t)n };
	struct p9_packet packet;
	struct p9_rread got;
	struct p9_rpc rpc;
	struct p9_fid *fid;
	ssize_t result;
	int err;

	spin_lock(&data->object.lock);
	fid = p9_fid_get(data->fid);
	spin_unlock(&data->object.lock);
	ask.fid = fid->number;
	p9_rpc_begin(&rpc, data->session, fid, NULL);
	result = p9_encode_tread(rpc.request, sizeof(rpc.request), rpc.tag, &ask);
	result = p9_rpc(&rpc, result, reply, P9_RREAD_HEAD_BYTES + n);
	if (result < 0)
		return result;
	packet = p9_packet(reply, (size_t)result);
	err = p9_decode_rread(&packet, rpc.tag, ask.count, &got);
	return err ? err : (ssize_t)got.count;
}

/* Brings n bytes of the file into a page, where they are missing. */
static int fill_in(struct p9_data *data, struct page *page, uint64_t offset, size_t n)
{
	uint8_t *reply;
	ssize_t count;
	int err = p9_data_open_reader(data->node);

	if (err)
		return err == -EACCES || err == -EPERM ? 0 : err;
	reply = mem_wait_kmalloc(P9_RREAD_HEAD_BYTES + n);
	if (!reply)
		return -ENOMEM;
	count = read_bytes(data, offset, n, reply);
	if (count > 0)
		memcpy((char *)page_address(page) + (offset & PAGE_MASK),
		       reply + P9_RREAD_HEAD_BYTES, (size_t)count);
	kfree(reply);
	if (count >= 0 && (size_t)count < n)
		return -ESTALE; /* it was cut meanwhile */
	return count < 0 ? (int)count : 0;
}

/*
 * Another client has made the file longer. Behind its old end, a page has zeros, which the file may never
 * have had: if the page is mapped, and so stays, it gets what has come.
 */
static int extend_mapped(struct p9_data *data, uint64_t size)
{
	uint64_t end = object_size(&data->object);
	struct page *page;
	int err = 0;

	if (size <= end || !(end & PAGE_MASK))
		return 0;
	page = object_page_resident(&data->object, end >> PAGE_SHIFT);
	if (!page)
		return 0;
	if (atomic_load_relaxed(&page->maps))
		err = fill_in(data, page, end,
			      (size_t)MIN(size - end, PAGE_SIZE - (end & PAGE_MASK)));
	page_put(page);
	return err;
}

/*
 * The server's file has another size or other times than it had: what is cached may be wrong. Mapped
 * pages stay as they are, and are forgotten by the first open that finds them unmapped. Call with
 * node->lock held.
 */
static int forget_old(struct p9_data *data, uint64_t size)
{
	int err = extend_mapped(data, size);

	if (err == 0)
		err = p9_data_set_size(data, size);
	if (err == 0)
		data->seen.has_old = !object_remove_unmapped(&data->object);
	return err;
}

/* ---- changes by others, and our own: looked for at an open, and learnt after the last writer ---- */

static bool is_other(const struct p9_node *node, const struct p9_rgetattr *attr)
{
	const struct p9_data *data = node->data;

	return attr->size != data->seen.size || node->inode.mtime != data->seen.mtime ||
	       node->inode.ctime != data->seen.ctime;
}

static void learn(struct p9_node *node, const struct p9_rgetattr *attr)
{
	node->data->seen.size = attr->size;
	node->data->seen.mtime = node->inode.mtime;
	node->data->seen.ctime = node->inode.ctime;
}

/*
 * Has another client changed the file since it was opened last? What we have asked for has changed its
 * times too. If it was open for writing (`is_written`) these are learnt, if the size is what it should
 * be: a change of another that leaves the size as it is goes unseen then.
 */
static bool has_changed(struct p9_node *node, const struct p9_rgetattr *attr, bool is_written)
{
	struct p9_data *data = node->data;
	bool ours = atomic_exchange(&data->seen.is_changed, 0u) && is_written;
	bool doubtful = atomic_exchange(&data->seen.is_doubtful, 0u) != 0;

	if (ours && !doubtful && attr->size == object_size(&data->object))
		learn(node, attr);
	return doubtful || is_other(node, attr);
}

/* A file that has changed may be another one, with the number of one that was removed. */
int p9_data_open(struct p9_node *node, unsigned flags)
{
	struct p9_data *data = node->data;
	bool is_written = data->writer, is_new = !data->fid && !is_written, changed;
	struct p9_rgetattr attr;
	uint32_t changes = p9_changes(node);
	int err = p9_data_open_fids(node, flags, false);

	assert_hardened(mutex_held(&node->lock));
	if (!object_has_writable_maps(&data->object)) /* whose errors msync() is to return */
		atomic_store(&data->nsynced, atomic_load(&data->nerrors));
	if (err == 0 && atomic_exchange(&node->inode.asked, 0u))
		return 0; /* it was made by this very open */
	if (err == 0)
		err = p9_node_attributes(node, &attr);
	if (err || p9_is_newer(node, changes))
		return err;
	changed = has_changed(node, &attr, is_written);
	if (!changed && !data->seen.has_old)
		return 0;
	if (changed && !is_new)
		err = p9_data_open_fids(node, flags, true);
	if (err == 0)
		err = forget_old(data, attr.size);
	if (err)
		p9_data_doubtful(data);
	else
		learn(node, &attr);
	return err;
}

/* The last writer is gone. Without an answer, the next open takes the file for a changed one. */
static void learn_at_end(struct p9_node *node)
{
	struct p9_rgetattr attr = { 0 };

	if (!atomic_exchange(&node->data->seen.is_changed, 0u))
		return;
	if (mutex_lock_killable(&node->lock))
		return;
	if (p9_node_attributes(node, &attr) == 0 && attr.size == object_size(&node->data->object))
		learn(node, &attr);
	mutex_unlock(&node->lock);
}

void p9_data_end_write(struct p9_node *node)
{
	struct p9_fid *fid = p9_data_take_writer(node->data);

	if (fid)
		learn_at_end(node);
	p9_fid_put(fid);
}

/* ---- where the file ends ---- */

int p9_data_end(struct p9_node *node, uint64_t *end_ret)
{
	struct p9_data *data = node->data;
	struct p9_rgetattr attr = { 0 };
	int err;

	assert_hardened(mutex_held(&node->lock));
	*end_ret = object_size(&data->object);
	if (p9_has_unwritten(data))
		return 0;
	err = p9_node_attributes(node, &attr);
	if (err == -ENOENT || err == -ESTALE) /* its name is gone; those that have it open go on */
		return 0;
	if (err == 0 && attr.size != object_size(&data->object)) {
		err = forget_old(data, attr.size);
		p9_data_doubtful(data);
	}
	*end_ret = attr.size;
	return err;
}

int p9_data_learn_end(struct p9_node *node)
{
	uint64_t end;
	int err = p9_flush(node->data, 0, P9_PAGES_END, UINT64_MAX);

	return err ? err : p9_data_end(node, &end);
}
