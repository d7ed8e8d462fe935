/* SPDX-License-Identifier: MIT */
/* Attributes on a 9P mount: each change goes to the server, and each question that no lease has an answer for. */
#include "abi/errno.h"
#include "base/clock.h"
#include "linux/fs/p9/data.h"
#include "linux/fs/p9/lease.h"
#include "linux/fs/p9/node.h"
#include "linux/fs/p9/walk.h"
#include "linux/fs/vfs/permission.h"

#define BLOCK_SIZE 512u

/* ---- what the server says ---- */

/* What is beyond the times that the kernel counts with is the last of them. */
static uint64_t nanoseconds(uint64_t sec, uint64_t nsec)
{
	if (sec >= INT64_MAX / NSEC_PER_SEC || nsec >= NSEC_PER_SEC)
		return INT64_MAX;
	return sec * NSEC_PER_SEC + nsec;
}

uint32_t p9_changes(const struct p9_node *node)
{
	return node->data ? atomic_load(&node->data->changes) : 0;
}

bool p9_is_newer(const struct p9_node *node, uint32_t changes)
{
	return node->data && (p9_has_unwritten(node->data) || p9_changes(node) != changes);
}

/* What a change of the bytes changes. */
static void set_size_and_times(struct p9_node *node, const struct p9_rgetattr *attr)
{
	struct inode *inode = &node->inode;

	atomic_store_relaxed(&node->size, attr->size);
	atomic_store_relaxed(&node->blocks, attr->blocks);
	atomic_store_relaxed(&inode->mtime, nanoseconds(attr->mtime_sec, attr->mtime_nsec));
	atomic_store_relaxed(&inode->ctime, nanoseconds(attr->ctime_sec, attr->ctime_nsec));
}

static void set_others(struct p9_node *node, const struct p9_rgetattr *attr)
{
	struct inode *inode = &node->inode;

	atomic_store_relaxed(&node->rdev, attr->rdev);
	atomic_store_relaxed(&inode->mode, (inode->mode & S_IFMT) | (attr->mode & S_IALLUGO));
	atomic_store_relaxed(&inode->uid, p9_id_here(&node->session->users, attr->uid));
	atomic_store_relaxed(&inode->gid, p9_id_here(&node->session->groups, attr->gid));
	atomic_store_relaxed(&inode->nlink, (uint32_t)MIN(attr->nlink, UINT32_MAX));
	atomic_store_relaxed(&inode->atime, nanoseconds(attr->atime_sec, attr->atime_nsec));
}

void p9_node_set_attributes(struct p9_node *node, const struct p9_rgetattr *attr)
{
	set_size_and_times(node, attr);
	set_others(node, attr);
}

int p9_ask_attributes(struct p9_fid *fid, struct p9_rgetattr *attr_ret)
{
	const struct p9_tgetattr ask = { fid->number, P9_GETATTR_BASIC | P9_GETATTR_LEASE };
	struct p9_rpc rpc;
	int err;

	p9_rpc_begin(&rpc, fid->session, fid, NULL);
	err = p9_rpc_packet(&rpc,
			    p9_encode_tgetattr(rpc.request, sizeof(rpc.request), rpc.tag, &ask));
	if (err == 0)
		err = p9_decode_rgetattr(&rpc.packet, rpc.tag, attr_ret);
	if (err == 0 && attr_ret->size > (uint64_t)INT64_MAX)
		return -EIO;
	return err;
}

int p9_node_attributes(struct p9_node *node, struct p9_rgetattr *attr_ret)
{
	struct p9_lease lease;
	uint32_t changes = p9_changes(node);
	bool newer;
	int err;

	attr_ret->valid = 0;
	if (p9_attributes_held(node, attr_ret))
		return 0;
	p9_lease_sample(node->session, node->qid.path, &lease);
	err = p9_ask_attributes(p9_node_fid(node), attr_ret);
	if (err == 0 && (!p9_is_same_file(&attr_ret->qid, &node->qid) ||
			 (attr_ret->mode & S_IFMT) != (node->inode.mode & S_IFMT)))
		err = -ESTALE; /* another file has taken its place */
	if (err) {
		p9_lease_broken(node);
		return err;
	}
	newer = p9_is_newer(node, changes);
	if (newer)
		lease.number = 0;
	spin_lock(&node->session->lock);
	if (p9_attributes_keep_locked(node, attr_ret, &lease)) {
		if (!newer)
			set_size_and_times(node, attr_ret);
		set_others(node, attr_ret);
	}
	spin_unlock(&node->session->lock);
	return 0;
}

int p9_getattr_asked(struct inode *inode, struct abi_stat *st)
{
	struct p9_node *node = to_p9_node(inode);

	inode_fill_stat(inode, st);
	if (atomic_load(&node->unlinked) != P9_LINKED && st->nlink)
		st->nlink--; /* the name that it has until its last user is gone */
	st->rdev = atomic_load_relaxed(&node->rdev);
	st->size = (int64_t)atomic_load_relaxed(&node->size);
	st->blocks =
		(int64_t)MIN(atomic_load_relaxed(&node->blocks), (uint64_t)INT64_MAX / BLOCK_SIZE);
	return 0;
}

/* Of a file whose name another file has taken there is no more to be learnt. */
int p9_getattr(struct inode *inode, struct abi_stat *st)
{
	struct p9_node *node = to_p9_node(inode);
	struct p9_rgetattr attr;
	int err = p9_node_attributes(node, &attr);

	if (err == -ESTALE && attr.valid && !p9_is_same_file(&attr.qid, &node->qid))
		err = 0;
	return err ? err : p9_getattr_asked(inode, st);
}

/* ---- changes ---- */

/* As Linux does: a file that gets another owner loses its set-ID bits, by a mode that is sent along. */
static void drop_set_id(const struct p9_node *node, struct p9_tsetattr *ask)
{
	uint32_t mode = atomic_load_relaxed(&node->inode.mode);
	uint32_t drops = set_id_bits_lost(mode, atomic_load_relaxed(&node->inode.gid));

	if (!drops || (ask->valid & P9_SETATTR_MODE))
		return;
	ask->valid |= P9_SETATTR_MODE;
	ask->mode = mode & S_IALLUGO & ~drops;
}

static struct p9_tsetattr request_for(const struct p9_node *node, const struct inode_attr *attr)
{
	struct p9_tsetattr ask = {
		.mode = attr->mode & S_IALLUGO,
		.uid = p9_id_at_server(&node->session->users, attr->uid),
		.gid = p9_id_at_server(&node->session->groups, attr->gid),
		.atime_sec = attr->atime / NSEC_PER_SEC,
		.atime_nsec = attr->atime % NSEC_PER_SEC,
		.mtime_sec = attr->mtime / NSEC_PER_SEC,
		.mtime_nsec = attr->mtime % NSEC_PER_SEC,
	};

	if (attr->valid & ATTR_MODE)
		ask.valid |= P9_SETATTR_MODE;
	if (attr->valid & ATTR_UID)
		ask.valid |= P9_SETATTR_UID;
	if (attr->valid & ATTR_GID)
		ask.valid |= P9_SETATTR_GID;
	if (attr->valid & ATTR_ATIME)
		ask.valid |= P9_SETATTR_ATIME | P9_SETATTR_ATIME_SET;
	if (attr->valid & ATTR_MTIME)
		ask.valid |= P9_SETATTR_MTIME | P9_SETATTR_MTIME_SET;
	if (attr->valid & ATTR_DROP_SET_ID)
		drop_set_id(node, &ask);
	return ask;
}

static int send_change(struct p9_node *node, struct p9_tsetattr *ask)
{
	struct p9_fid *fid = p9_node_fid(node);
	struct p9_rpc rpc;
	int err;

	ask->fid = fid->number;
	p9_rpc_begin(&rpc, fid->session, fid, NULL);
	err = p9_rpc_packet(&rpc,
			    p9_encode_tsetattr(rpc.request, sizeof(rpc.request), rpc.tag, ask));
	return err ? err : p9_decode_rsetattr(&rpc.packet, rpc.tag);
}

int p9_set_size(struct p9_node *node, uint64_t size)
{
	struct p9_tsetattr ask = { .valid = P9_SETATTR_SIZE, .size = size };

	return send_change(node, &ask);
}

/*
 * A server that refers to files by path changes the one that has the name now: it is asked which one
 * that is, if the change has not looked it up.
 */
int p9_check_name(struct p9_node *node)
{
	struct p9_rgetattr attr;

	return p9_node_attributes(node, &attr);
}

/* Whether a program may run is decided by the mode that is known here. */
int p9_setattr(struct inode *inode, const struct inode_attr *attr)
{
	struct p9_node *node = to_p9_node(inode);
	struct p9_tsetattr ask = request_for(node, attr);
	int err = 0;

	/* What is written later would change the times again. */
	if (node->data && (attr->valid & (ATTR_ATIME | ATTR_MTIME)))
		err = p9_flush(node->data, 0, P9_PAGES_END, UINT64_MAX);
	if (err == 0 && (attr->valid & ATTR_OF_FILE))
		err = p9_check_name(node);
	if (err)
		return err;
	err = send_change(node, &ask);
	if (node->data)
		p9_data_changed(node->data);
	if (err == 0 && (ask.valid & P9_SETATTR_MODE))
		atomic_store_relaxed(&inode->mode, (inode->mode & S_IFMT) | ask.mode);
	p9_attributes_changed(node->session, node->qid.path);
	return err;
}
