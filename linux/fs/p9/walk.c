/* SPDX-License-Identifier: MIT */
/* New fids of files: from the fid of a node, the server walks to a name in it, or to itself, and opens that. */
#include "linux/fs/p9/walk.h"

#include "abi/errno.h"

struct p9_fid *p9_node_fid(struct p9_node *node)
{
	struct p9_fid *fid;

	spin_lock(&node->session->lock);
	fid = p9_fid_get(node->fid);
	spin_unlock(&node->session->lock);
	return fid;
}

/* These structs are large, and not needed while the thread waits. */
static __attribute__((noinline)) ssize_t p9_node_encode_walk(struct p9_rpc *rpc, const char *name,
							     size_t len)
{
	struct p9_twalk ask = { .fid = rpc->fid->number,
				.newfid = rpc->other->number,
				.nwname = len != 0 };

	ask.wname[0] = (struct p9_string){ name, len };
	return p9_encode_twalk(rpc->request, sizeof(rpc->request), rpc->tag, &ask);
}

/* Fewer qids than names: the name is not there. */
static __attribute__((noinline)) int decode_walk(struct p9_rpc *rpc, uint16_t nnames,
						 struct p9_qid *qid_ret)
{
	struct p9_rwalk got;
	int err = p9_decode_rwalk(&rpc->packet, rpc->tag, nnames, &got);

	if (err == 0 && got.nwqid < nnames)
		return -ENOENT;
	if (err == 0 && nnames)
		*qid_ret = got.wqid[0];
	return err;
}

/*
 * Walks from the node to one name, or with len 0 to itself. An unanswered walk may have made the fid
 * all the same.
 */
static int p9_node_walk(struct p9_node *from, const char *name, size_t len, struct p9_fid *fid,
			struct p9_qid *qid_ret)
{
	struct p9_rpc rpc;
	int err;

	p9_rpc_begin(&rpc, from->session, p9_node_fid(from), p9_fid_get(fid));
	rpc.makes = fid;
	err = p9_rpc_packet(&rpc, p9_node_encode_walk(&rpc, name, len));
	if (err)
		return err;
	err = decode_walk(&rpc, len != 0, qid_ret);
	if (err && err != -EIO)
		fid->known = false;
	return err;
}

/* Walks from the node to one name, or with len 0 to itself, with a new fid. */
static int walk_new(struct p9_node *from, const char *name, size_t len, struct p9_fid **fid_ret,
		    struct p9_qid *qid_ret)
{
	struct p9_fid *fid;
	int err = p9_fid_create(from->session, &fid);

	if (err)
		return err;
	err = p9_node_walk(from, name, len, fid, qid_ret);
	if (err)
		p9_fid_put(fid);
	else
		*fid_ret = fid;
	return err;
}

/* Servers have a limit on fids that the kernel does not know: at the limit, it drops the cached nodes, and their fids. */
int p9_walk(struct p9_node *from, const char *name, size_t len, struct p9_fid **fid_ret,
	    struct p9_qid *qid_ret)
{
	int err = walk_new(from, name, len, fid_ret, qid_ret);

	if ((err == -EMFILE || err == -ENFILE || err == -ENOMEM) &&
	    p9_nodes_forget(from->session, UINT32_MAX))
		err = walk_new(from, name, len, fid_ret, qid_ret);
	return err;
}

/* Opens a fid of the node's. */
static int lopen(const struct p9_node *node, struct p9_fid *fid, unsigned flags)
{
	const struct p9_tlopen ask = { fid->number, flags | O_LARGEFILE };
	struct p9_rlopen got;
	struct p9_rpc rpc;
	int err;

	p9_rpc_begin(&rpc, fid->session, p9_fid_get(fid), NULL);
	err = p9_rpc_packet(&rpc,
			    p9_encode_tlopen(rpc.request, sizeof(rpc.request), rpc.tag, &ask));
	if (err == 0)
		err = p9_decode_rlopen(&rpc.packet, rpc.tag, &got);
	/* cppcheck-suppress uninitStructMember ; what is decoded without an error is written */
	return err == 0 && !p9_is_same_file(&got.qid, &node->qid) ? -ESTALE : err;
}

static struct p9_fid *take_spare(struct p9_node *node)
{
	struct p9_fid *fid;

	spin_lock(&node->session->lock);
	fid = node->spare;
	node->spare = NULL;
	if (fid)
		p9_fid_disown_locked(fid); /* it is opened: the opener owns it then */
	spin_unlock(&node->session->lock);
	return fid;
}

static int open_once(struct p9_node *node, unsigned flags, struct p9_fid **fid_ret)
{
	struct p9_fid *fid = take_spare(node);
	struct p9_qid qid;
	int err = fid ? 0 : p9_walk(node, "", 0, &fid, &qid);

	if (err)
		return err;
	err = lopen(node, fid, flags);
	if (err)
		p9_fid_put(fid);
	else
		*fid_ret = fid;
	return err;
}

int p9_open_fid(struct p9_node *node, unsigned flags, struct p9_fid **fid_ret)
{
	int err;

	do
		err = open_once(node, flags, fid_ret);
	while (err == -EAGAIN);
	return err;
}
