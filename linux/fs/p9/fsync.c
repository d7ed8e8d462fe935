/* SPDX-License-Identifier: MIT */
/* Waits at fsync() and close() until the server has what was written, and reports pages that were lost. */
#include "linux/fs/p9/fsync.h"

#include "linux/fs/p9/data.h"
#include "linux/fs/p9/node.h"
#include "linux/fs/p9/open_fids.h"

/* ---- lost pages ---- */

/* Errors that other open files have not returned yet are not returned by this one. */
int p9_file_opened(struct file *file)
{
	struct p9_data *data = to_p9_node(file_inode(file))->data;

	file->data = (void *)(uintptr_t)atomic_load(&data->nerrors);
	return 0;
}

/* Of several threads that look at once, one gets the error. */
static int p9_file_error(struct file *file)
{
	struct p9_data *data = to_p9_node(file_inode(file))->data;
	void *seen = atomic_load(&file->data),
	     *now = (void *)(uintptr_t)atomic_load(&data->nerrors);

	if (now == seen || !__atomic_compare_exchange_n(&file->data, &seen, now, false,
							__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return 0;
	return atomic_load(&data->error);
}

/* ---- fsync and close ---- */

/* What was written is at the server, which is asked to bring it to its disk. */
static int fsync_by(struct p9_fid *fid, bool data_only)
{
	const struct p9_tfsync ask = { fid->number, data_only };
	struct p9_rpc rpc;
	int err;

	p9_rpc_begin(&rpc, fid->session, fid, NULL);
	err = p9_rpc_packet(&rpc,
			    p9_encode_tfsync(rpc.request, sizeof(rpc.request), rpc.tag, &ask));
	return err ? err : p9_decode_rfsync(&rpc.packet, rpc.tag);
}

int p9_fsync(struct file *file, bool data_only)
{
	struct p9_node *node = to_p9_node(file_inode(file));
	int err = p9_flush(node->data, 0, P9_PAGES_END, UINT64_MAX);
	struct p9_fid *fid;

	if (err == 0)
		err = p9_file_error(file);
	if (err)
		return err;
	fid = p9_data_any_fid(node->data);
	return fid ? fsync_by(fid, data_only) : 0;
}

/* A program that opens the file after this, here or on the server's side, finds what was written. */
int p9_file_flush(struct file *file)
{
	struct p9_node *node = to_p9_node(file_inode(file));
	int err;

	if (!file_writable(file))
		return 0;
	err = p9_flush(node->data, 0, P9_PAGES_END, UINT64_MAX);
	return err ? err : p9_file_error(file);
}
