/* SPDX-License-Identifier: MIT */
/* Names and attributes of a 9P mount: all of them are asked for at the server. */
#include "fs/p9/node.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "base/clock.h"
#include "fs/dir_file.h"
#include "fs/inode_path.h"
#include "fs/mount.h"
#include "lib/string.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

#define BLOCK_SIZE 512u

static const struct inode_ops node_ops;

/* ---- attributes ---- */

/* What is beyond the times that the kernel counts with is the last of them. */
static uint64_t nanoseconds(uint64_t sec, uint64_t nsec)
{
	if (sec >= INT64_MAX / NSEC_PER_SEC || nsec >= NSEC_PER_SEC)
		return INT64_MAX;
	return sec * NSEC_PER_SEC + nsec;
}

static void set_attributes(struct p9_node *node, const struct p9_rgetattr *attr)
{
	struct inode *inode = &node->inode;

	atomic_store_relaxed(&node->size, attr->size);
	atomic_store_relaxed(&node->blocks, attr->blocks);
	atomic_store_relaxed(&node->rdev, attr->rdev);
	atomic_store_relaxed(&inode->mode, (inode->mode & S_IFMT) | (attr->mode & S_IALLUGO));
	atomic_store_relaxed(&inode->uid, attr->uid);
	atomic_store_relaxed(&inode->gid, attr->gid);
	atomic_store_relaxed(&inode->nlink, (uint32_t)MIN(attr->nlink, UINT32_MAX));
	atomic_store_relaxed(&inode->atime, nanoseconds(attr->atime_sec, attr->atime_nsec));
	atomic_store_relaxed(&inode->mtime, nanoseconds(attr->mtime_sec, attr->mtime_nsec));
	atomic_store_relaxed(&inode->ctime, nanoseconds(attr->ctime_sec, attr->ctime_nsec));
}

/* Takes over a reference to the fid. */
static int ask_attributes(struct p9_fid *fid, struct p9_rgetattr *attr_ret)
{
	const struct p9_tgetattr ask = { fid->number, P9_GETATTR_BASIC };
	uint8_t reply[P9_REPLY_BYTES];
	struct p9_packet packet;
	struct p9_rpc rpc;
	ssize_t n;
	int err;

	p9_rpc_begin(&rpc, fid->session, fid, NULL);
	n = p9_encode_tgetattr(rpc.request, sizeof(rpc.request), rpc.tag, &ask);
	n = p9_rpc(&rpc, n, reply, sizeof(reply));
	if (n < 0)
		return (int)n;
	packet = p9_packet(reply, (size_t)n);
	err = p9_decode_rgetattr(&packet, rpc.tag, attr_ret);
	if (err == 0 && attr_ret->size > (uint64_t)INT64_MAX)
		return -EIO;
	return err;
}

struct p9_fid *p9_node_fid(struct p9_node *node)
{
	struct p9_fid *fid;

	spin_lock(&node->session->lock);
	fid = p9_fid_get(node->fid);
	spin_unlock(&node->session->lock);
	return fid;
}

/* Does the type of a qid fit that of a mode? Servers need not mark anything but directories. */
static bool type_fits(const struct p9_qid *qid, uint32_t mode)
{
	return ((qid->type & P9_QTDIR) != 0) == S_ISDIR(mode) &&
	       (!(qid->type & P9_QTSYMLINK) || S_ISLNK(mode));
}

int p9_node_attributes(struct p9_node *node, struct p9_rgetattr *attr_ret)
{
	int err = ask_attributes(p9_node_fid(node), attr_ret);

	if (err)
		return err;
	if ((attr_ret->mode & S_IFMT) != (node->inode.mode & S_IFMT))
		return -ESTALE; /* another file has taken its place */
	set_attributes(node, attr_ret);
	return 0;
}

/* ---- nodes ---- */

/* Nothing is done with devices, sockets and pipes on a server but to show that they are there. */
static int special_opened(struct file *file)
{
	(void)file;
	return -ENXIO;
}

static const struct file_ops special_ops = {
	.name = "special file of a server",
	.opened = special_opened,
	.stat = inode_file_stat,
	.release = inode_file_release,
	.has_inode = true,
};

static const struct file_ops *file_ops_of(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return &p9_regular_ops;
	case S_IFDIR:
		return &dir_file_ops;
	case S_IFLNK:
		return &path_file_ops;
	default:
		return &special_ops;
	}
}

/* The fid stays the caller's if there is no memory. */
static struct p9_node *node_create(struct mount *mount, const char *name, size_t len,
				   struct p9_fid *fid, const struct p9_qid *qid,
				   const struct p9_rgetattr *attr)
{
	struct p9_node *node = mem_wait_kzalloc(sizeof(*node));
	char *copy = node ? mem_wait_kmalloc(len + 1) : NULL;

	if (!copy)
		goto free_node;
	inode_init(&node->inode, mount, p9_ino(qid), attr->mode, &node_ops,
		   file_ops_of(attr->mode));
	set_attributes(node, attr);
	mutex_init(&node->lock, LOCK_INODE);
	list_init(&node->kept);
	node->session = fid->session;
	node->qid = *qid;
	node->fid = fid;
	memcpy(copy, name, len);
	copy[len] = '\0';
	node->name = copy;
	node->parent = node;
	if (!S_ISREG(attr->mode))
		return node;
	node->data = p9_data_create(node, attr->size);
	if (!node->data)
		goto free_name;
	node->inode.object = p9_data_object(node->data);
	return node;

free_name:
	kfree(copy);
free_node:
	kfree(node);
	return NULL;
}

static int node_make(struct mount *mount, struct p9_node *parent, const char *name, size_t len,
		     struct p9_fid *fid, const struct p9_qid *qid, struct p9_node **node_ret)
{
	struct p9_rgetattr attr = { 0 };
	struct p9_node *node, *there;
	int err = ask_attributes(p9_fid_get(fid), &attr);

	if (err == 0 && !type_fits(qid, attr.mode))
		err = -EIO;
	node = err ? NULL : node_create(mount, name, len, fid, qid, &attr);
	if (!node) {
		p9_fid_put(fid);
		return err ? err : -ENOMEM;
	}
	if (parent) {
		inode_get(&parent->inode);
		node->parent = parent;
	}
	node->inode.asked = 1;
	there = p9_nodes_add(node);
	if (there)
		inode_put(&node->inode);
	*node_ret = there ? there : node;
	return 0;
}

/* Is the next open likely to need a fid of its own? A regular file is opened at the server once. */
static bool may_be_opened(const struct p9_node *node)
{
	return node->data ? !p9_data_is_open(node->data) : S_ISDIR(node->inode.mode);
}

/*
 * The node has been found by another walk, whose fid this is. With another version it may be another
 * file that has the number of one that was removed. Then the older fids are of no use.
 */
static void adopt(struct p9_node *node, struct p9_fid *fid, const struct p9_qid *qid)
{
	struct p9_fid *spare = NULL, *old = fid;

	spin_lock(&node->session->lock);
	if (qid->version != node->qid.version) {
		spare = node->spare;
		old = node->fid;
		node->spare = NULL;
		node->fid = fid;
		node->qid.version = qid->version;
	} else if (!node->spare && may_be_opened(node)) {
		node->spare = fid;
		old = NULL;
	}
	spin_unlock(&node->session->lock);
	p9_fid_put(spare);
	p9_fid_put(old);
}

int p9_node_get(struct mount *mount, struct p9_node *parent, const char *name, size_t len,
		struct p9_fid *fid, const struct p9_qid *qid, struct p9_node **node_ret)
{
	struct p9_node *node = p9_nodes_find(fid->session, qid);

	if (!node)
		return node_make(mount, parent, name, len, fid, qid, node_ret);
	atomic_store_relaxed(&node->inode.asked, 0);
	adopt(node, fid, qid);
	*node_ret = node;
	return 0;
}

static struct inode *node_free(struct inode *inode)
{
	struct p9_node *node = to_p9_node(inode);
	struct p9_node *parent = node->parent == node ? NULL : node->parent;

	p9_nodes_remove(node);
	if (node->data)
		p9_data_put(node->data);
	p9_names_free(node->names);
	p9_fid_put(node->spare);
	p9_fid_put(node->fid);
	kfree(node->name);
	kfree(node);
	return parent ? &parent->inode : NULL;
}

/* ---- walking and opening ---- */

/* These structs are large, and not needed while the thread waits. */
static __attribute__((noinline)) ssize_t encode_walk(struct p9_rpc *rpc, const char *name,
						     size_t len)
{
	struct p9_twalk ask = { .fid = rpc->fid->number,
				.newfid = rpc->other->number,
				.nwname = len != 0 };

	ask.wname[0] = (struct p9_string){ name, len };
	return p9_encode_twalk(rpc->request, sizeof(rpc->request), rpc->tag, &ask);
}

/* Fewer qids than names: the name is not there. */
static __attribute__((noinline)) int decode_walk(const uint8_t *reply, size_t n, uint16_t tag,
						 uint16_t nnames, struct p9_qid *qid_ret)
{
	struct p9_packet packet = p9_packet(reply, n);
	struct p9_rwalk got;
	int err = p9_decode_rwalk(&packet, tag, nnames, &got);

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
static int walk(struct p9_node *from, const char *name, size_t len, struct p9_fid *fid,
		struct p9_qid *qid_ret)
{
	uint8_t reply[P9_REPLY_BYTES];
	struct p9_rpc rpc;
	ssize_t n;
	int err;

	p9_rpc_begin(&rpc, from->session, p9_node_fid(from), p9_fid_get(fid));
	n = encode_walk(&rpc, name, len);
	fid->known = n > 0;
	n = p9_rpc(&rpc, n, reply, sizeof(reply));
	if (n < 0)
		return (int)n;
	err = decode_walk(reply, (size_t)n, rpc.tag, len != 0, qid_ret);
	if (err && err != -EIO)
		fid->known = false;
	return err;
}

/* The same with a new fid. */
static int walk_new(struct p9_node *from, const char *name, size_t len, struct p9_fid **fid_ret,
		    struct p9_qid *qid_ret)
{
	struct p9_fid *fid;
	int err = p9_fid_create(from->session, &fid);

	if (err)
		return err;
	err = walk(from, name, len, fid, qid_ret);
	if (err)
		p9_fid_put(fid);
	else
		*fid_ret = fid;
	return err;
}

/* Servers have a limit on fids, which we do not know. Those that are only kept go first. */
static int walk_again(struct p9_node *from, const char *name, size_t len, struct p9_fid **fid_ret,
		      struct p9_qid *qid_ret)
{
	int err = walk_new(from, name, len, fid_ret, qid_ret);

	if ((err == -EMFILE || err == -ENFILE || err == -ENOMEM) &&
	    p9_nodes_forget(from->session, UINT32_MAX))
		err = walk_new(from, name, len, fid_ret, qid_ret);
	return err;
}

static int node_lookup(struct inode *dir, const char *name, size_t len, struct inode **inode_ret)
{
	struct p9_node *parent = to_p9_node(dir), *node;
	struct p9_fid *fid;
	struct p9_qid qid;
	int err = walk_again(parent, name, len, &fid, &qid);

	if (err)
		return err;
	err = p9_node_get(dir->mount, parent, name, len, fid, &qid, &node);
	if (err)
		return err;
	p9_node_keep(node);
	*inode_ret = &node->inode;
	return 0;
}

static int lopen(struct p9_fid *fid)
{
	const struct p9_tlopen ask = { fid->number, O_RDONLY | O_LARGEFILE };
	uint8_t reply[P9_REPLY_BYTES];
	struct p9_packet packet;
	struct p9_rlopen got;
	struct p9_rpc rpc;
	ssize_t n;

	p9_rpc_begin(&rpc, fid->session, p9_fid_get(fid), NULL);
	n = p9_encode_tlopen(rpc.request, sizeof(rpc.request), rpc.tag, &ask);
	n = p9_rpc(&rpc, n, reply, sizeof(reply));
	if (n < 0)
		return (int)n;
	packet = p9_packet(reply, (size_t)n);
	return p9_decode_rlopen(&packet, rpc.tag, &got);
}

static struct p9_fid *take_spare(struct p9_node *node)
{
	struct p9_fid *fid;

	spin_lock(&node->session->lock);
	fid = node->spare;
	node->spare = NULL;
	spin_unlock(&node->session->lock);
	return fid;
}

int p9_open_fid(struct p9_node *node, struct p9_fid **fid_ret)
{
	struct p9_fid *fid = take_spare(node);
	struct p9_qid qid;
	int err = fid ? 0 : walk_again(node, "", 0, &fid, &qid);

	if (err)
		return err;
	err = lopen(fid);
	if (err)
		p9_fid_put(fid);
	else
		*fid_ret = fid;
	return err;
}

static int node_open(struct inode *inode)
{
	struct p9_node *node = to_p9_node(inode);
	int err;

	if (!node->data)
		return 0;
	err = mutex_lock_killable(&node->lock);
	if (err)
		return err;
	err = p9_data_open(node);
	mutex_unlock(&node->lock);
	return err;
}

/* ---- the other slots ---- */

static struct inode *node_parent(struct inode *dir)
{
	struct inode *parent = &to_p9_node(dir)->parent->inode;

	inode_get(parent);
	return parent;
}

static ssize_t node_path(struct inode *inode, char *buf, size_t size)
{
	struct p9_node *node = to_p9_node(inode);
	size_t at = size;

	for (; node->parent != node; node = node->parent)
		if (path_prepend(buf, &at, node->name, strlen(node->name)) != 0)
			return -ERANGE;
	return (ssize_t)(size - at);
}

/* Copies the target out of the reply. Returns its length. */
static ssize_t copy_target(const void *reply, size_t n, uint16_t tag, char *buf)
{
	struct p9_packet packet = p9_packet(reply, n);
	struct p9_rreadlink got;
	int err = p9_decode_rreadlink(&packet, tag, &got);

	if (err)
		return err;
	if (got.target.len == 0 || got.target.len >= PATH_MAX)
		return -EIO;
	memcpy(buf, got.target.data, got.target.len);
	buf[got.target.len] = '\0';
	return (ssize_t)got.target.len;
}

static ssize_t node_readlink(struct inode *link, char *buf)
{
	struct p9_fid *fid = p9_node_fid(to_p9_node(link));
	const struct p9_treadlink ask = { fid->number };
	const size_t size = PATH_MAX + P9_HEADER_BYTES + sizeof(uint16_t);
	uint8_t *reply = mem_wait_kmalloc(size);
	struct p9_rpc rpc;
	ssize_t n;

	if (!reply) {
		p9_fid_put(fid);
		return -ENOMEM;
	}
	p9_rpc_begin(&rpc, fid->session, fid, NULL);
	n = p9_encode_treadlink(rpc.request, sizeof(rpc.request), rpc.tag, &ask);
	n = p9_rpc(&rpc, n, reply, size);
	if (n >= 0)
		n = copy_target(reply, (size_t)n, rpc.tag, buf);
	kfree(reply);
	return n;
}

static int node_getattr_asked(struct inode *inode, struct abi_stat *st)
{
	struct p9_node *node = to_p9_node(inode);

	inode_fill_stat(inode, st);
	st->rdev = atomic_load_relaxed(&node->rdev);
	st->size = (int64_t)atomic_load_relaxed(&node->size);
	st->blocks =
		(int64_t)MIN(atomic_load_relaxed(&node->blocks), (uint64_t)INT64_MAX / BLOCK_SIZE);
	return 0;
}

static int node_getattr(struct inode *inode, struct abi_stat *st)
{
	struct p9_rgetattr attr = { 0 };
	int err = p9_node_attributes(to_p9_node(inode), &attr);

	return err ? err : node_getattr_asked(inode, st);
}

static const struct inode_ops node_ops = {
	.lookup = node_lookup,
	.readdir = p9_readdir,
	.parent = node_parent,
	.path = node_path,
	.readlink = node_readlink,
	.getattr = node_getattr,
	.getattr_asked = node_getattr_asked,
	.open = node_open,
	.free = node_free,
};
