/* SPDX-License-Identifier: MIT */
/* The inodes of a 9P mount, and the table of their slots: files are looked up, made and opened at the server. */
#include "linux/fs/p9/node.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "lib/string.h"
#include "linux/fs/file/dir_file.h"
#include "linux/fs/p9/data.h"
#include "linux/fs/p9/lease.h"
#include "linux/fs/p9/node_name.h"
#include "linux/fs/p9/open_fids.h"
#include "linux/fs/p9/regular.h"
#include "linux/fs/p9/removal.h"
#include "linux/fs/p9/revalidate.h"
#include "linux/fs/p9/walk.h"
#include "linux/fs/p9/write.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/path.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

static const struct inode_ops node_ops;

/* Does the type of a qid fit that of a mode? Servers need not mark anything but directories. */
static bool type_fits(const struct p9_qid *qid, uint32_t mode)
{
	return ((qid->type & P9_QTDIR) != 0) == S_ISDIR(mode) &&
	       (!(qid->type & P9_QTSYMLINK) || S_ISLNK(mode));
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
	node->session = fid->session;
	p9_node_set_attributes(node, attr);
	mutex_init(&node->lock, LOCK_INODE);
	list_init(&node->kept);
	list_init(&node->fids);
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
	inode_discard(&node->inode);
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
	struct p9_lease lease;
	int err;

	p9_lease_sample(fid->session, qid->path, &lease);
	err = p9_ask_attributes(p9_fid_get(fid), &attr);
	if (err == 0 && !p9_is_same_file(&attr.qid, qid))
		err = -ESTALE;
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
	err = p9_nodes_add(node, &there);
	if (err || there) {
		inode_put(&node->inode);
	} else {
		spin_lock(&node->session->lock);
		(void)p9_attributes_keep_locked(node, &attr, &lease);
		spin_unlock(&node->session->lock);
	}
	*node_ret = there ? there : node;
	return err;
}

/*
 * Is the next open likely to need a fid of its own? A regular file is opened at the server once. Under a lease an open looks up no
 * name, so there is no walk whose fid would be of use, and each name that was looked up again would keep one.
 */
static bool may_be_opened(const struct p9_node *node)
{
	if (atomic_load_relaxed(&node->granted))
		return false;
	return node->data ? !p9_data_is_open(node->data) : S_ISDIR(node->inode.mode);
}

int p9_node_get(struct mount *mount, struct p9_node *parent, const char *name, size_t len,
		struct p9_fid *fid, const struct p9_qid *qid, struct p9_node **node_ret)
{
	struct p9_node *node = p9_nodes_find(fid->session, qid);

	if (!node)
		return node_make(mount, parent, name, len, fid, qid, node_ret);
	atomic_store_relaxed(&node->inode.asked, 0);
	p9_node_adopt(node, &(struct p9_walked){ .parent = parent,
						 .name = name,
						 .len = len,
						 .fid = fid,
						 .qid = qid,
						 .is_to_be_opened = may_be_opened(node) });
	*node_ret = node;
	return 0;
}

static struct inode *node_free(struct inode *inode)
{
	struct p9_node *node = to_p9_node(inode);
	struct p9_node *parent = node->parent == node ? NULL : node->parent;

	p9_nodes_remove(node);
	if (node->data)
		p9_data_put(node->data); /* which a page may still refer to */
	p9_names_free(node->names);
	p9_removal_free(node->removal);
	p9_fid_put(node->spare);
	p9_fid_put(node->fid);
	kfree(node->name);
	kfree(node);
	return parent ? &parent->inode : NULL;
}

/* session->kept has one reference. The node itself has references to its parent, its fids and what it has read of its names. */
static void node_holds(struct inode *inode)
{
	struct p9_node *node = to_p9_node(inode);

	if (node->parent != node)
		inode_found(&node->parent->inode);
	if (!list_empty(&node->kept))
		inode_found(inode);
	p9_fid_found(node->fid);
	p9_fid_found(node->spare);
	p9_names_find_held(node->names);
	p9_removal_find_held(node->removal);
}

/* ---- looking up, making and opening files ---- */

static int lookup_once(struct p9_node *parent, const char *name, size_t len,
		       struct p9_node **node_ret)
{
	uint32_t granted = atomic_load_relaxed(&parent->granted);
	struct p9_rgetattr attr;
	struct p9_lease lease;
	struct p9_fid *fid;
	struct p9_qid qid;
	int err;

	/* Does this server grant what an earlier one has? Without an answer, the walk says why. */
	if (granted && granted != atomic_load(&parent->session->epoch) + 1)
		(void)p9_node_attributes(parent, &attr);
	p9_lease_sample(parent->session, parent->qid.path, &lease);
	err = p9_walk(parent, name, len, &fid, &qid);
	if (err == 0)
		err = p9_node_get(parent->inode.mount, parent, name, len, fid, &qid, node_ret);
	if (err == 0)
		p9_name_keep(parent, name, len, *node_ret, &lease);
	return err;
}

/* The name may be another file's as soon as the walk is over. */
static int lookup_node(struct p9_node *parent, const char *name, size_t len,
		       struct p9_node **node_ret)
{
	unsigned ntries = 0;
	int err;

	do
		err = lookup_once(parent, name, len, node_ret);
	while (err == -EAGAIN || (err == -ESTALE && ++ntries < INODE_STALE_TRIES));
	return err;
}

/* Looks the name up once more, while no directory can be renamed. */
static int lookup_without_renames(struct p9_node *parent, const char *name, size_t len,
				  struct p9_node **node_ret)
{
	struct mutex *lock = &parent->inode.mount->rename_lock;
	int err = mutex_lock_killable(lock);

	if (err)
		return err;
	err = lookup_node(parent, name, len, node_ret);
	mutex_unlock(lock);
	return err;
}

/*
 * A server that refers to files by path may not find anything from the fid of a directory while it renames that directory,
 * or one above it. A name that is not there is believed if this client has asked for no such rename meanwhile.
 */
static int p9_lookup(struct inode *dir, const char *name, size_t len, struct inode **inode_ret)
{
	struct p9_node *parent = to_p9_node(dir), *node = p9_name_held(parent, name, len);
	uint32_t renames = p9_dir_renames(parent->session);
	int err;

	if (node) {
		atomic_store_relaxed(&node->inode.asked, 0);
		*inode_ret = &node->inode;
		return 0;
	}
	err = lookup_node(parent, name, len, &node);
	if (err == -ENOENT && p9_dir_was_renamed(parent, renames))
		err = lookup_without_renames(parent, name, len, &node);
	if (err)
		return err;
	p9_node_keep(node);
	*inode_ret = &node->inode;
	return 0;
}

/* A new file is open for writing by the fid that made it. The node gets another one, by a walk. */
static int node_of_new(struct inode *dir, const char *name, size_t len, unsigned mode,
		       struct inode **inode_ret)
{
	struct p9_node *node;
	struct p9_fid *fid;
	struct p9_qid qid;
	int err = p9_create_regular(dir, name, len, mode, &fid, &qid);

	if (err)
		return err;
	err = p9_lookup(dir, name, len, inode_ret);
	if (err == 0) {
		node = to_p9_node(*inode_ret);
		if (node->data && node->qid.path == qid.path) {
			p9_data_created(node->data, p9_fid_get(fid));
		} else { /* another client was faster than the walk */
			inode_put(*inode_ret);
			err = -EIO;
		}
	}
	p9_fid_put(fid);
	return err;
}

static int p9_create(struct inode *dir, const char *name, size_t len, unsigned mode,
		     struct inode **inode_ret)
{
	int err;

	if (S_ISREG(mode))
		return node_of_new(dir, name, len, mode, inode_ret);
	err = p9_mkdir(dir, name, len, mode);
	return err ? err : p9_lookup(dir, name, len, inode_ret);
}

/* Closes what mknod, or an open that failed afterwards, had opened for writing. */
static void node_close(struct inode *inode)
{
	struct p9_node *node = to_p9_node(inode);

	if (S_ISDIR(inode->mode))
		p9_names_unused(node);
	if (!node->data)
		return;
	p9_data_end_write(node);
	p9_unuse(node, true);
}

static void node_end_write(struct inode *inode)
{
	struct p9_node *node = to_p9_node(inode);

	if (node->data)
		p9_data_end_write(node);
}

static int node_open(struct inode *inode, unsigned flags)
{
	struct p9_node *node = to_p9_node(inode);
	int err;

	if (!node->data)
		return 0;
	p9_use(node);
	err = mutex_lock_killable(&node->lock);
	if (err == 0) {
		err = p9_data_open(node, flags);
		mutex_unlock(&node->lock);
	}
	/* The look-up found it. A server that is renaming it may not find it by the old path any more: it is looked up again. */
	if (err == -ENOENT)
		err = -ESTALE;
	if (err == -ESTALE)
		p9_lease_broken(node);
	if (err)
		node_close(inode);
	return err;
}

/* ---- the other slots ---- */

static struct inode *node_parent(struct inode *dir)
{
	struct p9_node *node = to_p9_node(dir);
	struct inode *parent;

	spin_lock(&node->session->lock);
	parent = &node->parent->inode;
	inode_get(parent);
	spin_unlock(&node->session->lock);
	return parent;
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

static const struct inode_ops node_ops = {
	.lookup = p9_lookup,
	.create = p9_create,
	.symlink = p9_symlink,
	.link = p9_link,
	.remove = p9_remove,
	.rename = p9_rename,
	.readdir = p9_readdir,
	.parent = node_parent,
	.path = p9_node_path,
	.place = p9_node_place,
	.readlink = node_readlink,
	.getattr = p9_getattr,
	.getattr_asked = p9_getattr_asked,
	.setattr = p9_setattr,
	.open = node_open,
	.close = node_close,
	.end_write = node_end_write,
	.resize = p9_resize,
	.free = node_free,
	.holds = node_holds,
};
