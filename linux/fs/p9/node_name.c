/* SPDX-License-Identifier: MIT */
/* The names of nodes: which directory and which name each has, and the session's alias. */
/*
 * The alias is the other name of the last file that was to be renamed, while it is not known whether the server has done
 * that. Asking for the file by both names finds out:
 *
 *                       sent              answered: done
 *     node: a, no alias ---> node: a, alias b ----------> node: b, no alias
 *            ^                |     |
 *            | refused        |     | lost
 *            +----------------+     v
 *                             EIO; node: a, alias b --- the next server has b ---> node: b, no alias
 *
 * With a server that has the file by a, it stays as it is. The next rename of a file takes the alias's place.
 */
#include "linux/fs/p9/node_name.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/fs/p9/lease.h"
#include "linux/fs/vfs/path.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

/* A file's name in a directory, with memory of its own and a reference to the parent. Private to the thread. */
struct name {
	struct p9_node *parent;
	char *text;
};

static void name_free(struct name *name)
{
	if (name->text)
		inode_put(&name->parent->inode);
	kfree(name->text);
}

/*
 * May the node have that parent? The root keeps its own, and no server can have a directory come below
 * itself. The session's `naming` is held, which is not given up before the name is changed.
 */
static bool may_have_parent_locked(const struct p9_node *node, const struct p9_node *parent)
{
	assert_hardened(mutex_held(&node->session->naming));
	if (node->parent == node)
		return false;
	while (parent != node && parent->parent != parent)
		parent = parent->parent;
	return parent != node;
}

/* Gives the node another name, if it may have it, and takes its old one over. */
static void change_name_locked(struct p9_node *node, struct name *name, bool may)
{
	const struct name old = { node->parent, node->name };

	assert_hardened(mutex_held(&node->session->naming));
	assert_hardened(spin_lock_held(&node->session->lock));
	atomic_store(&node->session->nrenames, node->session->nrenames + 1);
	if (!may)
		return;
	p9_name_unhold_locked(node);
	node->parent = name->parent;
	node->name = name->text;
	*name = old;
}

bool p9_node_rename(struct p9_node *node, struct p9_node *parent, char *text, struct p9_fid *fid)
{
	struct name name = { parent, text };
	struct p9_session *session = node->session;
	struct p9_fid *spare = NULL, *old = NULL;
	bool may, known;

	inode_get(&parent->inode);
	mutex_lock(&session->naming);
	may = may_have_parent_locked(node, parent);
	spin_lock(&session->lock);
	known = !fid || p9_fid_own_locked(fid, node, P9_FID_WALKED);
	if (known)
		change_name_locked(node, &name, may);
	if (known && fid) {
		old = node->fid;
		spare = node->spare;
		node->fid = fid;
		node->spare = NULL;
	}
	spin_unlock(&session->lock);
	mutex_unlock(&session->naming);
	if (known)
		name_free(&name);
	else
		inode_put(&parent->inode);
	p9_fid_put(old);
	p9_fid_put(spare);
	return known;
}

/* ---- directories that are being renamed ---- */

void p9_dir_rename_begin(struct p9_node *dir)
{
	uint32_t number = atomic_add(&dir->session->dir_renames, 1) + 1;

	assert(number & 1);
	atomic_store(&dir->renamed_at, number);
}

void p9_dir_rename_end(struct p9_node *dir)
{
	(void)atomic_add(&dir->session->dir_renames, 1);
}

/* The way up may be long. It is gone only if a directory was renamed meanwhile. */
bool p9_dir_was_renamed(struct p9_node *dir, uint32_t since)
{
	struct p9_session *session = dir->session;
	struct p9_node *below = NULL;
	bool was = false;

	if (!(since & 1) && p9_dir_renames(session) == since)
		return false;
	mutex_lock(&session->naming);
	for (; !was && dir != below; dir = dir->parent) {
		uint32_t at = atomic_load(&dir->renamed_at);

		was = (at & 1) && (int32_t)(at - since) >= 0;
		below = dir;
	}
	mutex_unlock(&session->naming);
	return was;
}

/* ---- the alias ---- */

const struct p9_alias *p9_alias_of_locked(const struct p9_node *node)
{
	const struct p9_alias *alias = &node->session->alias;

	assert_hardened(spin_lock_held(&node->session->lock));
	return alias->dir && p9_is_same_file(&alias->qid, &node->qid) ? alias : NULL;
}

/* Sets another alias, or none, and drops the old one. */
static void alias_replace(struct p9_session *session, struct p9_alias alias)
{
	struct p9_alias old;

	spin_lock(&session->lock);
	old = session->alias;
	session->alias = alias;
	spin_unlock(&session->lock);
	name_free(&(struct name){ old.dir, old.name });
}

void p9_alias_drop(struct p9_session *session)
{
	alias_replace(session, (struct p9_alias){ 0 });
}

/* Is it the directory, or one above that? The session's `naming` is held. */
static bool is_above_locked(const struct p9_qid *qid, const struct p9_node *dir)
{
	assert_hardened(mutex_held(&dir->session->naming));
	while (!p9_is_same_file(&dir->qid, qid) && dir->parent != dir)
		dir = dir->parent;
	return p9_is_same_file(&dir->qid, qid);
}

void p9_alias_set(struct p9_session *session, const struct p9_qid *qid, struct p9_node *dir,
		  char *name)
{
	inode_get(&dir->inode);
	alias_replace(session, (struct p9_alias){ *qid, dir, name });
}

struct p9_node *p9_alias_dir(struct p9_session *session)
{
	struct p9_alias dropped = { 0 };
	struct p9_node *dir;
	struct p9_qid qid;

	mutex_lock(&session->naming);
	spin_lock(&session->lock);
	dir = session->alias.dir;
	qid = session->alias.qid;
	if (dir)
		inode_get(&dir->inode);
	spin_unlock(&session->lock);
	if (dir && is_above_locked(&qid, dir)) {
		spin_lock(&session->lock);
		if (session->alias.dir == dir) {
			dropped = session->alias;
			session->alias = (struct p9_alias){ 0 };
		}
		spin_unlock(&session->lock);
	}
	mutex_unlock(&session->naming);
	if (dir && dropped.dir) {
		inode_put(&dir->inode);
		dir = NULL;
	}
	name_free(&(struct name){ dropped.dir, dropped.name });
	return dir;
}

void p9_alias_take(struct p9_node *node)
{
	struct p9_session *session = node->session;
	struct name name = { 0 };
	bool may;

	mutex_lock(&session->naming);
	spin_lock(&session->lock);
	if (p9_alias_of_locked(node)) { /* or the caller of the rename has got the answer */
		name = (struct name){ session->alias.dir, session->alias.name };
		session->alias = (struct p9_alias){ 0 };
	}
	spin_unlock(&session->lock);
	if (name.text) {
		may = may_have_parent_locked(node, name.parent);
		spin_lock(&session->lock);
		change_name_locked(node, &name, may);
		if (node->removal)
			(void)atomic_cas(&node->unlinked, P9_LINKED, P9_HIDDEN);
		spin_unlock(&session->lock);
	}
	mutex_unlock(&session->naming);
	name_free(&name);
}

/* ---- another walk ---- */

/* Without memory, or for the root, the result has no text. */
static struct name name_of_walk(const struct p9_walked *by)
{
	struct name name = { by->parent, NULL };

	if (by->parent && (name.text = mem_wait_kmalloc(by->len + 1))) {
		inode_get(&by->parent->inode);
		memcpy(name.text, by->name, by->len);
		name.text[by->len] = '\0';
	}
	return name;
}

/* Does the node have that name already? A name without text is none. */
static bool is_same_name_locked(const struct p9_node *node, const struct name *name)
{
	assert_hardened(spin_lock_held(&node->session->lock));
	return !name->text || (node->parent == name->parent && strcmp(node->name, name->text) == 0);
}

/*
 * A server may refer to files by path. If another client renames a directory, the older fids of all files below it find
 * nothing any more, although those files keep their names. The count of the directory's new fid is higher than theirs. So the
 * next walk to a file in it replaces the file's fid, and the new one has a higher count than those of the files below that.
 */
static void count_move_locked(struct p9_session *session, struct p9_fid *fid)
{
	assert_hardened(spin_lock_held(&session->lock));
	atomic_store(&session->nmoves, session->nmoves + 1);
	fid->nmoves = session->nmoves;
}

/* Has a directory above the node been renamed since the node's fid was made? */
static bool is_below_move_locked(const struct p9_node *node)
{
	assert_hardened(spin_lock_held(&node->session->lock));
	return (int32_t)(node->parent->fid->nmoves - node->fid->nmoves) > 0;
}

/*
 * The node has been found by another walk. With another version it may be another file that has the
 * number of one that was removed; with another name, or a directory above it that has one, another client may have renamed
 * it: the older fids may be of no use. What is hidden keeps those that it has. A walk that began before a rename may have found
 * the name that is old now.
 */
void p9_node_adopt(struct p9_node *node, const struct p9_walked *by)
{
	struct p9_session *session = node->session;
	struct p9_fid *spare = NULL, *fid = by->fid, *old = fid;
	struct name name = name_of_walk(by);
	bool same, may = false, naming = false;

	spin_lock(&session->lock);
	same = is_same_name_locked(node, &name);
	if (!same) {
		spin_unlock(&session->lock);
		mutex_lock(&session->naming);
		naming = true;
		may = may_have_parent_locked(node, name.parent);
		spin_lock(&session->lock);
		same = is_same_name_locked(node, &name);
	}
	if (node->unlinked == P9_LINKED && node->parent != node &&
	    session->nrenames == fid->nrenames &&
	    (!same || by->qid->version != node->qid.version || is_below_move_locked(node)) &&
	    p9_fid_own_locked(fid, node, P9_FID_WALKED)) {
		spare = node->spare;
		old = node->fid;
		node->spare = NULL;
		node->fid = fid;
		node->qid.version = by->qid->version;
		if (!same)
			change_name_locked(node, &name, may);
		if (!same && S_ISDIR(node->inode.mode))
			count_move_locked(session, fid);
	} else if (same && !node->spare && by->is_to_be_opened &&
		   p9_fid_own_locked(fid, node, P9_FID_WALKED)) {
		node->spare = fid;
		old = NULL;
	}
	spin_unlock(&session->lock);
	if (naming)
		mutex_unlock(&session->naming);
	name_free(&name);
	p9_fid_put(spare);
	p9_fid_put(old);
}

/* ---- the path ---- */

static int path_locked(const struct p9_node *node, struct path_text *text)
{
	assert_hardened(mutex_held(&node->session->naming));
	for (; !path_reached(text, &node->inode) && node->parent != node; node = node->parent)
		if (path_prepend(text, node->name, strlen(node->name)) != 0)
			return -ERANGE;
	return 0;
}

int p9_node_path(struct inode *inode, struct path_text *text)
{
	struct p9_node *node = to_p9_node(inode);
	int err;

	if (atomic_load(&node->unlinked) != P9_LINKED)
		return -ENOENT;
	mutex_lock(&node->session->naming);
	err = path_locked(node, text);
	mutex_unlock(&node->session->naming);
	return err;
}

bool p9_node_place(struct inode *inode, uint32_t name_id, uint32_t events,
		   struct inode_place *place)
{
	struct p9_node *node = to_p9_node(inode);
	struct inode *dir;
	bool watched;

	(void)name_id;
	spin_lock(&node->session->lock);
	dir = &node->parent->inode;
	place->removed = atomic_load(&node->unlinked) != P9_LINKED;
	watched = !place->removed && dir != inode &&
		  (atomic_load_relaxed(&dir->watch_mask) & events);
	if (watched) {
		inode_get(dir);
		place->dir = dir;
		place->len = (uint32_t)MIN(strlen(node->name), sizeof(place->text));
		memcpy(place->text, node->name, place->len);
	}
	spin_unlock(&node->session->lock);
	return watched;
}
