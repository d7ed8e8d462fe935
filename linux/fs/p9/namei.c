/* SPDX-License-Identifier: MIT */
/* Changes of names on a 9P mount: create, symlink, link, remove, rename. */
/*
 * The server makes each change, and then the nodes follow. A removal or a rename holds the mount's rename_lock. Other
 * changes, and those of other clients, may come between a look at a name and the change: then the server's answer decides.
 *
 * An answer is lost if the server ends, is too slow, or the caller is killed. The server may have made the change. It is
 * not sent again: the caller gets EIO, and programs that have the file open go on. Attaching to another server finds out which
 * name the file has (linux/fs/p9/attach.c). Until then the session's alias is the name that the node has not: linux/fs/p9/node_name.c
 * draws the states.
 *
 * A file that is used when its name goes gets a hidden one instead: linux/fs/p9/removal.c draws the states.
 */
#include "abi/errno.h"
#include "lib/string.h"
#include "linux/fs/notify/notify.h"
#include "linux/fs/p9/lease.h"
#include "linux/fs/p9/node_name.h"
#include "linux/fs/p9/removal.h"
#include "linux/fs/p9/walk.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/path.h"
#include "linux/fs/vfs/permission.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

/* Trenameat without its names. */
#define RENAMEAT_BYTES (P9_HEADER_BYTES + 4 + 2 + 4 + 2)

/* A name in a directory. */
struct place {
	struct p9_node *dir;
	struct p9_string name;
};

static struct place place_of(struct inode *dir, const char *name, size_t len)
{
	return (struct place){ to_p9_node(dir), { name, len } };
}

/* What a name refers to. */
struct found {
	struct p9_qid qid;
	struct p9_node *node; /* referenced; NULL: it is not known here */
};

/* The group that a new file in the directory is to have, as on Linux. Its owner is the server's choice. */
static uint32_t group_in(const struct p9_node *dir)
{
	uint32_t gid = current_cred()->fsgid;

	if (atomic_load_relaxed(&dir->inode.mode) & S_ISGID)
		gid = atomic_load_relaxed(&dir->inode.gid);
	return p9_id_at_server(&dir->session->groups, gid);
}

/* The server was asked to change it. A thread that reads the directory, or looks the name up, asks again. */
static void changed(const struct place *at)
{
	atomic_store(&at->dir->names_changed, 1u);
	p9_name_changed(at->dir, at->name.data, at->name.len);
}

/* Returns 0, or a negative errno. */
static int p9_name_find(const struct place *at, struct found *ret)
{
	struct p9_fid *fid;
	int err = p9_walk(at->dir, at->name.data, at->name.len, &fid, &ret->qid);

	if (err)
		return err;
	ret->node = p9_nodes_find(at->dir->session, &ret->qid);
	p9_fid_put(fid);
	return 0;
}

static void found_put(struct found *found)
{
	if (found->node)
		inode_put(&found->node->inode);
}

static bool is_dir(const struct found *found)
{
	return found->qid.type & P9_QTDIR;
}

/*
 * May the thread take the name away? Who it belongs to is asked only in a sticky directory. Names change only with the
 * mount's rename_lock, which the caller holds.
 */
static int p9_may_delete(const struct place *at)
{
	struct inode *dir = &at->dir->inode, *victim;
	int err = may_create(dir);

	if (err || !(atomic_load_relaxed(&dir->mode) & S_ISVTX))
		return err;
	err = dir->ops->lookup(dir, at->name.data, at->name.len, &victim);
	if (err)
		return err;
	err = may_delete(dir, victim);
	inode_put(victim);
	return err;
}

/* A directory that moves to another one changes its "..". */
static int p9_may_move(const struct found *moved, const struct place *from, const struct place *to)
{
	if (!is_dir(moved) || !moved->node || from->dir == to->dir)
		return 0;
	return inode_permission(&moved->node->inode, MAY_WRITE);
}

/* Is something mounted on it? */
static bool is_covered(const struct found *found)
{
	return found->node && atomic_load(&found->node->inode.cover);
}

/* ---- requests whose reply is empty ---- */

static int p9_unlinkat(const struct place *at, bool directory)
{
	struct p9_fid *fid = p9_node_fid(at->dir);
	const struct p9_tunlinkat ask = { fid->number, at->name, directory ? P9_AT_REMOVEDIR : 0 };
	struct p9_rpc rpc;
	int err;

	p9_rpc_begin(&rpc, fid->session, fid, NULL);
	rpc.once = true;
	err = p9_rpc_packet(&rpc,
			    p9_encode_tunlinkat(rpc.request, sizeof(rpc.request), rpc.tag, &ask));
	changed(at);
	return err ? err : p9_decode_runlinkat(&rpc.packet, rpc.tag);
}

static int p9_renameat(const struct place *from, const struct place *to)
{
	const size_t size = RENAMEAT_BYTES + from->name.len + to->name.len;
	uint8_t *message = mem_wait_kmalloc(size);
	struct p9_fid *old = p9_node_fid(from->dir), *new = p9_node_fid(to->dir);
	const struct p9_trenameat ask = { old->number, from->name, new->number, to->name };
	struct p9_rpc rpc;
	ssize_t n = -ENOMEM;
	int err;

	p9_rpc_begin(&rpc, old->session, old, new);
	rpc.once = true;
	if (message)
		n = p9_encode_trenameat(message, size, rpc.tag, &ask);
	rpc.message = message;
	err = p9_rpc_packet(&rpc, n);
	kfree(message);
	changed(from);
	changed(to);
	return err ? err : p9_decode_rrenameat(&rpc.packet, rpc.tag);
}

static char *name_copy(const struct p9_string *name)
{
	char *copy = mem_wait_kmalloc(name->len + 1);

	if (!copy)
		return NULL;
	memcpy(copy, name->data, name->len);
	copy[name->len] = '\0';
	return copy;
}

/* ---- files that are used without a name ---- */

static bool is_used(const struct found *found)
{
	return found->node && atomic_load(&found->node->users);
}

/* Is it the name by which the node's fids have found the file? Others are of links to it. */
static bool has_name(const struct found *found, const struct place *at)
{
	const struct p9_node *node = found->node;
	bool has;

	if (!node)
		return false;
	spin_lock(&at->dir->session->lock);
	has = node->parent == at->dir && strlen(node->name) == at->name.len &&
	      memcmp(node->name, at->name.data, at->name.len) == 0;
	spin_unlock(&at->dir->session->lock);
	return has;
}

/* Is the file used, so that its fids would be of no use without the name? */
static bool must_hide(const struct found *found, const struct place *at)
{
	return is_used(found) && has_name(found, at) &&
	       atomic_load(&found->node->unlinked) == P9_LINKED;
}

/*
 * Chooses a hidden name in the directory, and has it removed after the node's last use. The caller uses the node, so
 * `hidden` is valid until then. *copy_ret is the name for the node.
 */
static int prepare_hiding(struct p9_node *node, struct p9_node *dir, struct place *hidden,
			  char **copy_ret)
{
	struct p9_removal *removal;
	int err = p9_removal_create(dir, &removal);

	if (err)
		return err;
	*hidden = (struct place){ dir, { removal->name, P9_HIDDEN_BYTES - 1 } };
	*copy_ret = name_copy(&hidden->name);
	if (!*copy_ret) {
		p9_removal_free(removal);
		return -ENOMEM;
	}
	p9_removal_set(node, removal);
	return 0;
}

/* It has no hidden name. */
static void forget_hiding(struct p9_node *node)
{
	p9_removal_set(node, NULL);
}

/* The file has the name `at`, by which another fid finds it: that is the node's, which takes over the copy of the name. */
static int walk_node_to(struct p9_node *node, const struct place *at, char *copy)
{
	struct p9_fid *fid;
	struct p9_qid qid;
	int err;

	for (;;) {
		err = p9_walk(at->dir, at->name.data, at->name.len, &fid, &qid);
		if (err)
			return err;
		if (!p9_is_same_file(&qid, &node->qid)) {
			p9_fid_put(fid);
			return -ESTALE;
		}
		if (p9_node_rename(node, at->dir, copy, fid))
			return 0;
		p9_fid_put(fid);
	}
}

/*
 * Renames a file, which may be asked for by either name until the answer is known. `node`: what has the old name here, or
 * NULL; it takes over the copy of the new one.
 */
static int p9_rename_file(const struct p9_qid *qid, struct p9_node *node, const struct place *from,
			  const struct place *to, char *copy)
{
	struct p9_session *session = from->dir->session;
	char *alias = name_copy(&to->name);
	int err;

	if (!alias) {
		kfree(copy);
		return -ENOMEM;
	}
	p9_alias_set(session, qid, to->dir, alias);
	err = p9_renameat(from, to);
	if (err == 0 && node)
		(void)p9_node_rename(node, to->dir, copy, NULL);
	else
		kfree(copy);
	if (err == 0 || p9_is_refusal(err))
		p9_alias_drop(session);
	return err;
}

/* Gives a file that is used another name instead of removing it. */
static int p9_hide(const struct place *from, struct p9_node *node)
{
	struct place hidden;
	char *copy;
	int err = prepare_hiding(node, from->dir, &hidden, &copy);

	if (err)
		return err;
	err = p9_rename_file(&node->qid, node, from, &hidden, copy);
	if (err == 0)
		atomic_store(&node->unlinked, P9_HIDDEN);
	else if (p9_is_refusal(err))
		forget_hiding(node);
	return err;
}

/*
 * Gives it that name as a second one, which the node has from then on: there is a file at `at` all the time. Sets
 * *linked_ret if the server has links. A link that may be there after an error is removed, at once or after the last use.
 */
static int p9_hide_by_link(const struct place *at, struct p9_node *node, bool *linked_ret)
{
	struct place hidden;
	char *copy;
	int there, err = prepare_hiding(node, at->dir, &hidden, &copy);

	*linked_ret = false;
	if (err)
		return err;
	err = p9_link(&at->dir->inode, hidden.name.data, hidden.name.len, &node->inode);
	*linked_ret = !p9_is_refusal(err);
	if (!*linked_ret)
		forget_hiding(node);
	if (err == 0)
		err = walk_node_to(node, &hidden, copy);
	if (err == 0) {
		atomic_store(&node->unlinked, P9_HIDDEN);
		return 0;
	}
	kfree(copy);
	if (*linked_ret && ((there = p9_unlinkat(&hidden, false)) == 0 || there == -ENOENT))
		forget_hiding(node);
	return err;
}

/* The file has its name again, or another one that is not hidden. */
static void p9_unhide(struct p9_node *node)
{
	if (atomic_cas(&node->unlinked, P9_HIDDEN, P9_LINKED))
		forget_hiding(node);
}

/* ---- new names ---- */

static int create_file(const struct place *at, unsigned mode, struct p9_fid *fid,
		       struct p9_qid *qid_ret)
{
	const struct p9_tlcreate ask = { .fid = fid->number,
					 .name = at->name,
					 .flags = O_WRONLY | O_CREAT | O_EXCL | O_LARGEFILE,
					 .mode = mode,
					 .gid = group_in(at->dir) };
	struct p9_rlcreate got;
	struct p9_rpc rpc;
	int err;

	p9_rpc_begin(&rpc, fid->session, p9_fid_get(fid), NULL);
	rpc.once = true;
	err = p9_rpc_packet(&rpc,
			    p9_encode_tlcreate(rpc.request, sizeof(rpc.request), rpc.tag, &ask));
	changed(at);
	if (err == 0)
		err = p9_decode_rlcreate(&rpc.packet, rpc.tag, &got);
	if (err == 0)
		*qid_ret = got.qid;
	return err;
}

/* A fid of the directory becomes one of the new file. */
static int create_regular_once(const struct place *at, unsigned mode, struct p9_fid **fid_ret,
			       struct p9_qid *qid_ret)
{
	struct p9_fid *fid;
	int err = p9_walk(at->dir, "", 0, &fid, qid_ret);

	if (err)
		return err;
	err = create_file(at, mode & S_IALLUGO, fid, qid_ret);
	if (err)
		p9_fid_put(fid);
	else
		*fid_ret = fid;
	return err;
}

int p9_create_regular(struct inode *dir, const char *name, size_t len, unsigned mode,
		      struct p9_fid **fid_ret, struct p9_qid *qid_ret)
{
	const struct place at = place_of(dir, name, len);
	int err;

	do
		err = create_regular_once(&at, mode, fid_ret, qid_ret);
	while (err == -EAGAIN);
	return err;
}

int p9_mkdir(struct inode *dir, const char *name, size_t len, unsigned mode)
{
	const struct place at = place_of(dir, name, len);
	struct p9_fid *fid = p9_node_fid(at.dir);
	const struct p9_tmkdir ask = { fid->number, at.name, mode & S_IALLUGO, group_in(at.dir) };
	struct p9_rmkdir got;
	struct p9_rpc rpc;
	int err;

	p9_rpc_begin(&rpc, fid->session, fid, NULL);
	rpc.once = true;
	err = p9_rpc_packet(&rpc,
			    p9_encode_tmkdir(rpc.request, sizeof(rpc.request), rpc.tag, &ask));
	changed(&at);
	return err ? err : p9_decode_rmkdir(&rpc.packet, rpc.tag, &got);
}

int p9_symlink(struct inode *dir, const char *name, size_t len, const char *target,
	       size_t target_len)
{
	const struct place at = place_of(dir, name, len);
	const size_t size = P9_HEADER_BYTES + 4 + 2 + len + 2 + target_len + 4;
	uint8_t *message = mem_wait_kmalloc(size);
	struct p9_fid *fid = p9_node_fid(at.dir);
	const struct p9_tsymlink ask = {
		fid->number, at.name, { target, target_len }, group_in(at.dir)
	};
	struct p9_rsymlink got;
	struct p9_rpc rpc;
	ssize_t n = -ENOMEM;
	int err;

	p9_rpc_begin(&rpc, fid->session, fid, NULL);
	rpc.once = true;
	if (message)
		n = p9_encode_tsymlink(message, size, rpc.tag, &ask);
	rpc.message = message;
	err = p9_rpc_packet(&rpc, n);
	kfree(message);
	changed(&at);
	return err ? err : p9_decode_rsymlink(&rpc.packet, rpc.tag, &got);
}

int p9_link(struct inode *dir, const char *name, size_t len, struct inode *inode)
{
	const struct place at = place_of(dir, name, len);
	struct p9_fid *to = p9_node_fid(at.dir), *fid = p9_node_fid(to_p9_node(inode));
	const struct p9_tlink ask = { to->number, fid->number, at.name };
	struct p9_rpc rpc;
	int err;

	p9_rpc_begin(&rpc, to->session, to, fid);
	rpc.once = true;
	err = p9_rpc_packet(&rpc, p9_encode_tlink(rpc.request, sizeof(rpc.request), rpc.tag, &ask));
	changed(&at);
	p9_attributes_changed(at.dir->session, to_p9_node(inode)->qid.path);
	return err ? err : p9_decode_rlink(&rpc.packet, rpc.tag);
}

/* ---- removals ---- */

/*
 * Bracket the request that removes a name. If the file goes with it, no look-up is to find the node again. A new file may
 * have its number at once, so that is forgotten first, and known again if the server refuses. A directory must not
 * have two nodes, for something may be mounted on it: it is forgotten afterwards.
 */
static bool begin_removal(const struct found *found, const struct place *at)
{
	bool goes = found->node && (has_name(found, at) || !is_used(found));

	if (goes && !is_dir(found))
		p9_node_forget(found->node);
	return goes;
}

static void end_removal(const struct found *found, int err)
{
	struct p9_node *there = NULL;

	if (is_dir(found) && err == 0)
		p9_node_forget(found->node);
	else if (!is_dir(found) && p9_is_refusal(err))
		(void)p9_nodes_add(found->node, &there);
	if (err == 0)
		notify_unpin(&found->node->inode);
	if (there)
		inode_put(&there->inode);
}

/* A file without users goes at once. */
static int remove_found(const struct place *at, struct found *found, bool directory)
{
	bool goes;
	int err;

	if (directory && is_covered(found))
		return -EBUSY;
	if (!directory && must_hide(found, at)) {
		p9_use(found->node); /* so that no thread removes the hidden name meanwhile */
		err = p9_hide(at, found->node);
		p9_unuse(found->node, false);
		return err;
	}
	goes = begin_removal(found, at);
	err = p9_unlinkat(at, directory);
	if (goes)
		end_removal(found, err);
	return err;
}

int p9_remove(struct inode *dir, const char *name, size_t len, bool directory,
	      struct inode **gone_ret)
{
	const struct place at = place_of(dir, name, len);
	struct found found;
	int err = mutex_lock_killable(&dir->mount->rename_lock);

	if (err)
		return err;
	err = p9_name_find(&at, &found);
	if (err == 0) {
		err = p9_may_delete(&at) ?: remove_found(&at, &found, directory);
		p9_attributes_changed(at.dir->session,
				      found.qid.path); /* it may have other names */
		if (err == 0 && found.node)
			*gone_ret = &found.node->inode;
		else
			found_put(&found);
	}
	mutex_unlock(&dir->mount->rename_lock);
	return err;
}

/* ---- renames ---- */

/* What was found moves to the one who asks for it, with its reference. */
static void tell_moved(struct inode_moves *moves, struct found *moved, struct found *replaced)
{
	moves->type = is_dir(moved) ? S_IFDIR : S_IFREG;
	if (moved->node)
		moves->moved = &moved->node->inode;
	moved->node = NULL;
	if (!replaced)
		return;
	if (replaced->node)
		moves->other = &replaced->node->inode;
	replaced->node = NULL;
}

/* The checks that need no answer of the server, in Linux's order. */
static int refusal(const struct found *from, bool old_slash, const struct found *to, bool new_slash,
		   unsigned flags)
{
	if ((flags & RENAME_NOREPLACE) && to)
		return -EEXIST;
	if ((flags & RENAME_EXCHANGE) && !to)
		return -ENOENT;
	if (old_slash && !is_dir(from))
		return -ENOTDIR;
	/* By RENAME_EXCHANGE the slash is of what the new name has now. */
	if (new_slash && !is_dir(flags & RENAME_EXCHANGE ? to : from))
		return -ENOTDIR;
	if (is_covered(from) || (to && is_covered(to)))
		return -EBUSY;
	return flags ? -EINVAL : 0; /* no message has them */
}

/* The node's name follows, if it is that one: it may be known by a link to the file. */
static int p9_move(const struct place *from, const struct found *moved, const struct place *to)
{
	char *copy;
	int err;

	if (!moved->node)
		return p9_rename_file(&moved->qid, NULL, from, to, NULL);
	if (!has_name(moved, from))
		return p9_renameat(from, to);
	copy = name_copy(&to->name);
	if (!copy)
		return -ENOMEM;
	if (atomic_load(&moved->node->unlinked) == P9_LINKED)
		forget_hiding(moved->node); /* an answer was lost, and the file has its name */
	err = p9_rename_file(&moved->qid, moved->node, from, to, copy);
	if (err == 0)
		p9_unhide(moved->node);
	return err;
}

/* The server has refused to rename over a file that has a hidden name: it gets its own name again. */
static void p9_undo_hide(struct p9_node *used, const struct place *to, bool linked)
{
	struct p9_removal *removal = used->removal;
	const struct place hidden = { removal->parent, { removal->name, P9_HIDDEN_BYTES - 1 } };
	char *copy = name_copy(&to->name);
	int err = -ENOMEM;

	if (copy && !linked)
		err = p9_rename_file(&used->qid, used, &hidden, to, copy);
	else if (copy && (err = walk_node_to(used, to, copy)) != 0)
		kfree(copy);
	if (err)
		return;
	if (linked)
		(void)p9_unlinkat(&hidden, false);
	p9_unhide(used);
}

/*
 * Renames over a file that is used, which has a hidden name first. If the answer is lost, and the server has no links, the
 * file may have no other name than that: it stays there.
 */
static int rename_over(const struct place *from, const struct found *moved, const struct place *to,
		       struct p9_node *used)
{
	bool linked;
	int err = p9_hide_by_link(to, used, &linked);

	if (!linked)
		err = p9_hide(to, used);
	if (err)
		return err;
	err = p9_move(from, moved, to);
	if (p9_is_refusal(err))
		p9_undo_hide(used, to, linked);
	else if (err && !linked)
		forget_hiding(used);
	return err;
}

/* A thread that is in the directory, or below it, may not find a name meanwhile: it looks again afterwards. */
static int move_directory(const struct place *from, const struct found *moved,
			  const struct place *to)
{
	int err;

	p9_dir_rename_begin(moved->node);
	err = p9_move(from, moved, to);
	p9_dir_rename_end(moved->node);
	return err;
}

static bool found_is_same(const struct found *a, const struct found *b)
{
	return a->qid.path == b->qid.path;
}

static int rename_found(const struct place *from, const struct found *moved, const struct place *to,
			const struct found *replaced)
{
	bool goes;
	int err;

	if (replaced && found_is_same(moved, replaced))
		return 0; /* as rename(2) says, both are names of one file, and stay */
	if (replaced && !is_dir(moved) && must_hide(replaced, to)) {
		p9_use(replaced->node);
		err = rename_over(from, moved, to, replaced->node);
		p9_unuse(replaced->node, false);
		return err;
	}
	goes = replaced && begin_removal(replaced, to);
	err = is_dir(moved) && moved->node ? move_directory(from, moved, to)
					   : p9_move(from, moved, to);
	if (goes)
		end_removal(replaced, err);
	return err;
}

int p9_rename(struct inode *old_dir, const struct path_part *old, struct inode *new_dir,
	      const struct path_part *new, unsigned flags, struct inode_moves *moves)
{
	const struct place from = place_of(old_dir, old->name, old->len);
	const struct place to = place_of(new_dir, new->name, new->len);
	struct found moved, replaced, *there = &replaced;
	int err = p9_name_find(&from, &moved);

	if (err)
		return err;
	err = p9_name_find(&to, &replaced);
	if (err == -ENOENT) {
		there = NULL;
		err = 0;
	}
	if (err) {
		found_put(&moved);
		return err;
	}
	err = refusal(&moved, old->slash, there, new->slash, flags);
	if (err == 0)
		err = p9_may_delete(&from);
	if (err == 0)
		err = there ? p9_may_delete(&to) : may_create(new_dir);
	if (err == 0)
		err = p9_may_move(&moved, &from, &to);
	if (err == 0) {
		err = rename_found(&from, &moved, &to, there);
		p9_attributes_changed(from.dir->session, moved.qid.path);
		if (there)
			p9_attributes_changed(from.dir->session, there->qid.path);
	}
	if (err == 0 && !(there && found_is_same(&moved, there)))
		tell_moved(moves, &moved, there);
	if (there)
		found_put(there);
	found_put(&moved);
	return err;
}
