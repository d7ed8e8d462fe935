/* SPDX-License-Identifier: MIT */
/* Changes of names on a 9P mount: create, symlink, link, remove, rename. */
/*
 * The server makes each change; what is kept here follows it. A server refers to a file by its path,
 * or by a descriptor that it has open: once the name is gone, a fid that is not open is of no use,
 * and one that is may not survive the server's own end. So a file that is used when its name goes
 * gets another name, as with NFS, ".faultline-" and 16 digits, by which it is removed when its last
 * user is gone. A machine that is switched off meanwhile leaves such a file behind.
 *
 * Who removes or renames holds the mount's rename_lock. Other changes, and those of other clients, may
 * come between a look at a name and the change: then the server's answer decides.
 */
#include "abi/errno.h"
#include "abi/limits.h"
#include "arch/timer.h"
#include "base/random.h"
#include "fs/mount.h"
#include "fs/p9/node.h"
#include "fs/path_part.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/wait.h"

/* Of a new file: only the owner of the process's files would say otherwise, and all are root's. */
#define GID 0

#define HIDDEN_BYTES sizeof(".faultline-0123456789abcdef")

/* Tunlinkat, and Trenameat without its names. */
#define UNLINKAT_BYTES (P9_HEADER_BYTES + 4 + 2 + HIDDEN_BYTES + 4)
#define RENAMEAT_BYTES (P9_HEADER_BYTES + 4 + 2 + 4 + 2)

/* What removes a hidden file. It is there before the file is hidden. */
struct p9_removal {
	struct p9_request request;
	struct p9_fid *dir; /* referenced */
	char name[HIDDEN_BYTES];
	uint8_t message[UNLINKAT_BYTES];
};

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

/* Who reads the directory asks the server again. */
static void changed(const struct place *at)
{
	atomic_store(&at->dir->names_changed, 1u);
}

/* Returns 0, or a negative errno. */
static int find(const struct place *at, struct found *ret)
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

/* Is something mounted on it? */
static bool is_covered(const struct found *found)
{
	return found->node && atomic_load(&found->node->inode.cover);
}

/* ---- requests whose reply is empty ---- */

static int unlinkat(const struct place *at, bool directory)
{
	struct p9_fid *fid = p9_node_fid(at->dir);
	const struct p9_tunlinkat ask = { fid->number, at->name, directory ? P9_AT_REMOVEDIR : 0 };
	uint8_t reply[P9_REPLY_BYTES];
	struct p9_packet packet;
	struct p9_rpc rpc;
	ssize_t n;
	int err;

	p9_rpc_begin(&rpc, fid->session, fid, NULL);
	n = p9_encode_tunlinkat(rpc.request, sizeof(rpc.request), rpc.tag, &ask);
	err = p9_rpc_packet(&rpc, n, reply, sizeof(reply), &packet);
	changed(at);
	return err ? err : p9_decode_runlinkat(&packet, rpc.tag);
}

static int renameat(const struct place *from, const struct place *to)
{
	const size_t size = RENAMEAT_BYTES + from->name.len + to->name.len;
	uint8_t *message = mem_wait_kmalloc(size);
	struct p9_fid *old = p9_node_fid(from->dir), *new = p9_node_fid(to->dir);
	const struct p9_trenameat ask = { old->number, from->name, new->number, to->name };
	uint8_t reply[P9_REPLY_BYTES];
	struct p9_packet packet;
	struct p9_rpc rpc;
	ssize_t n = -ENOMEM;
	int err;

	p9_rpc_begin(&rpc, old->session, old, new);
	if (message)
		n = p9_encode_trenameat(message, size, rpc.tag, &ask);
	rpc.message = message;
	err = p9_rpc_packet(&rpc, n, reply, sizeof(reply), &packet);
	kfree(message);
	changed(from);
	changed(to);
	return err ? err : p9_decode_rrenameat(&packet, rpc.tag);
}

/* ---- names that are known here ---- */

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

void p9_use(struct p9_node *node)
{
	(void)atomic_add(&node->users, 1);
}

void p9_removal_free(struct p9_removal *removal)
{
	if (!removal)
		return;
	p9_fid_put(removal->dir);
	kfree(removal);
}

/* Replaces what the node has. */
static struct p9_removal *set_removal(struct p9_node *node, struct p9_removal *removal)
{
	struct p9_removal *old;

	spin_lock(&node->session->lock);
	old = node->removal;
	node->removal = removal;
	spin_unlock(&node->session->lock);
	return old;
}

/* The request's own reference keeps the session for a moment longer. */
static void removal_ended(struct p9_request *request)
{
	struct p9_session *session = request->session;

	kfree(container_of(request, struct p9_removal, request));
	if (atomic_add(&session->nremovals, -1u) == 1)
		waitq_wake_all(&session->removed);
}

void p9_wait_for_removals(struct p9_session *session, uint64_t latest)
{
	uint64_t deadline = MIN(latest, p9_deadline(session, arch_time()));
	uint64_t seq;

	if (call_deadlocks(session->send)) /* the server closes a file of its own */
		return;
	do
		seq = waitq_sample(&session->removed);
	while (atomic_load(&session->nremovals) &&
	       thread_wait_until(&session->removed, seq, deadline) == 0);
}

static void parent_changed(struct p9_node *node)
{
	spin_lock(&node->session->lock);
	atomic_store(&node->parent->names_changed, 1u);
	spin_unlock(&node->session->lock);
}

/* Starts the removal of a hidden file. If there is no tag for it, the file stays. */
static void remove_hidden(struct p9_node *node)
{
	struct p9_removal *removal = set_removal(node, NULL);
	struct p9_tunlinkat ask = { 0 };
	ssize_t n;

	if (!p9_request_init(node->session, &removal->request)) {
		p9_removal_free(removal);
		return;
	}
	ask.dirfid = removal->dir->number;
	ask.name = (struct p9_string){ removal->name, HIDDEN_BYTES - 1 };
	removal->request.fid = removal->dir; /* with the reference */
	removal->request.free = removal_ended;
	removal->request.message = removal->message;
	n = p9_encode_tunlinkat(removal->message, sizeof(removal->message), removal->request.tag,
				&ask);
	assert(n > 0);
	parent_changed(node);
	(void)atomic_add(&node->session->nremovals, 1);
	p9_request_start(&removal->request, (size_t)n);
}

/*
 * Who finds a hidden file without users first removes it. If it has other names, the server's path of
 * the node's fids may be the one that goes: whoever looks it up by another one gets a new node.
 */
static void remove_unused(struct p9_node *node)
{
	if (atomic_load(&node->users) || !atomic_cas(&node->unlinked, P9_HIDDEN, P9_REMOVED))
		return;
	p9_node_forget(node); /* first: a new file may get its number at once */
	remove_hidden(node);
}

void p9_unuse(struct p9_node *node, bool waits)
{
	if (atomic_add(&node->users, -1u) != 1)
		return;
	remove_unused(node);
	if (waits && atomic_load(&node->unlinked) == P9_REMOVED)
		p9_wait_for_removals(node->session, UINT64_MAX);
}

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

/* Would the fids of somebody who uses the file be of no use without the name? */
static bool must_hide(const struct found *found, const struct place *at)
{
	return is_used(found) && has_name(found, at) &&
	       atomic_load(&found->node->unlinked) == P9_LINKED;
}

/* Looks for a name that no file of the directory has, and writes it to `text`. */
static int unused_name(struct p9_node *dir, char *text)
{
	struct found found;
	struct place at;
	uint64_t number;
	int err;

	do {
		random_bytes(&number, sizeof(number));
		ksnprintf(text, HIDDEN_BYTES, ".faultline-%016lx", (unsigned long)number);
		at = (struct place){ dir, { text, HIDDEN_BYTES - 1 } };
		err = find(&at, &found);
		if (err == 0)
			found_put(&found);
	} while (err == 0);
	return err == -ENOENT ? 0 : err;
}

/* Prepares what removes a file later that is to be hidden in that directory; its name is chosen. */
static int removal_create(struct p9_node *dir, struct p9_removal **removal_ret)
{
	struct p9_removal *removal = mem_wait_kmalloc(sizeof(*removal));
	int err = removal ? unused_name(dir, removal->name) : -ENOMEM;

	if (err) {
		kfree(removal);
		return err;
	}
	removal->dir = p9_node_fid(dir);
	*removal_ret = removal;
	return 0;
}

/* The file has no name from here on but the hidden one, by which `fid` has found it (NULL: all fids). */
static void hidden_for_good(struct p9_node *node, struct p9_node *dir, struct p9_removal *removal,
			    char *name, struct p9_fid *fid)
{
	p9_node_rename(node, dir, name, fid);
	p9_removal_free(set_removal(node, removal));
	atomic_store(&node->unlinked, P9_HIDDEN);
	remove_unused(node);
}

/*
 * Gives a file that is used another name instead of removing it. If it is not known whether the server
 * has done it, the file goes at its last use all the same, as far as it has that name.
 */
static int hide(const struct place *from, struct p9_node *node)
{
	struct place hidden = { from->dir, { NULL, HIDDEN_BYTES - 1 } };
	struct p9_removal *removal;
	char *name;
	int err = removal_create(from->dir, &removal);

	if (err)
		return err;
	hidden.name.data = removal->name;
	name = name_copy(&hidden.name);
	err = name ? renameat(from, &hidden) : -ENOMEM;
	if (p9_is_refusal(err)) {
		p9_removal_free(removal);
		kfree(name);
		return err;
	}
	hidden_for_good(node, from->dir, removal, name, NULL);
	return err;
}

/* ---- the slots ---- */

static int create_file(const struct place *at, unsigned mode, struct p9_fid *fid,
		       struct p9_qid *qid_ret)
{
	const struct p9_tlcreate ask = { .fid = fid->number,
					 .name = at->name,
					 .flags = O_WRONLY | O_CREAT | O_EXCL | O_LARGEFILE,
					 .mode = mode,
					 .gid = GID };
	uint8_t reply[P9_REPLY_BYTES];
	struct p9_packet packet;
	struct p9_rlcreate got;
	struct p9_rpc rpc;
	ssize_t n;
	int err;

	p9_rpc_begin(&rpc, fid->session, p9_fid_get(fid), NULL);
	n = p9_encode_tlcreate(rpc.request, sizeof(rpc.request), rpc.tag, &ask);
	err = p9_rpc_packet(&rpc, n, reply, sizeof(reply), &packet);
	changed(at);
	if (err == 0)
		err = p9_decode_rlcreate(&packet, rpc.tag, &got);
	if (err == 0)
		*qid_ret = got.qid;
	return err;
}

/* A fid of the directory becomes one of the new file, which is open. Another is to be walked to it. */
static int create_regular(const struct place *at, unsigned mode, struct inode **inode_ret)
{
	struct p9_fid *fid;
	struct p9_qid qid;
	int err = p9_walk(at->dir, "", 0, &fid, &qid);

	if (err)
		return err;
	err = create_file(at, mode & S_IALLUGO, fid, &qid);
	if (err == 0)
		err = p9_lookup(&at->dir->inode, at->name.data, at->name.len, inode_ret);
	if (err == 0) {
		struct p9_node *node = to_p9_node(*inode_ret);

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

static int create_directory(const struct place *at, unsigned mode)
{
	struct p9_fid *fid = p9_node_fid(at->dir);
	const struct p9_tmkdir ask = { fid->number, at->name, mode & S_IALLUGO, GID };
	uint8_t reply[P9_REPLY_BYTES];
	struct p9_packet packet;
	struct p9_rmkdir got;
	struct p9_rpc rpc;
	ssize_t n;
	int err;

	p9_rpc_begin(&rpc, fid->session, fid, NULL);
	n = p9_encode_tmkdir(rpc.request, sizeof(rpc.request), rpc.tag, &ask);
	err = p9_rpc_packet(&rpc, n, reply, sizeof(reply), &packet);
	changed(at);
	return err ? err : p9_decode_rmkdir(&packet, rpc.tag, &got);
}

int p9_create(struct inode *dir, const char *name, size_t len, unsigned mode,
	      struct inode **inode_ret)
{
	const struct place at = place_of(dir, name, len);
	int err;

	if (S_ISREG(mode))
		return create_regular(&at, mode, inode_ret);
	err = create_directory(&at, mode);
	return err ? err : p9_lookup(dir, name, len, inode_ret);
}

int p9_symlink(struct inode *dir, const char *name, size_t len, const char *target,
	       size_t target_len)
{
	const struct place at = place_of(dir, name, len);
	const size_t size = P9_HEADER_BYTES + 4 + 2 + len + 2 + target_len + 4;
	uint8_t *message = mem_wait_kmalloc(size);
	struct p9_fid *fid = p9_node_fid(at.dir);
	const struct p9_tsymlink ask = { fid->number, at.name, { target, target_len }, GID };
	uint8_t reply[P9_REPLY_BYTES];
	struct p9_packet packet;
	struct p9_rsymlink got;
	struct p9_rpc rpc;
	ssize_t n = -ENOMEM;
	int err;

	p9_rpc_begin(&rpc, fid->session, fid, NULL);
	if (message)
		n = p9_encode_tsymlink(message, size, rpc.tag, &ask);
	rpc.message = message;
	err = p9_rpc_packet(&rpc, n, reply, sizeof(reply), &packet);
	kfree(message);
	changed(&at);
	return err ? err : p9_decode_rsymlink(&packet, rpc.tag, &got);
}

int p9_link(struct inode *dir, const char *name, size_t len, struct inode *inode)
{
	const struct place at = place_of(dir, name, len);
	struct p9_fid *to = p9_node_fid(at.dir), *fid = p9_node_fid(to_p9_node(inode));
	const struct p9_tlink ask = { to->number, fid->number, at.name };
	uint8_t reply[P9_REPLY_BYTES];
	struct p9_packet packet;
	struct p9_rpc rpc;
	ssize_t n;
	int err;

	p9_rpc_begin(&rpc, to->session, to, fid);
	n = p9_encode_tlink(rpc.request, sizeof(rpc.request), rpc.tag, &ask);
	err = p9_rpc_packet(&rpc, n, reply, sizeof(reply), &packet);
	changed(&at);
	return err ? err : p9_decode_rlink(&packet, rpc.tag);
}

/*
 * Bracket the request that removes a name. If the file goes with it, nobody is to find the node again. A new file may
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
		there = p9_nodes_add(found->node);
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
	if (!directory && must_hide(found, at))
		return hide(at, found->node);
	goes = begin_removal(found, at);
	err = unlinkat(at, directory);
	if (goes)
		end_removal(found, err);
	return err;
}

int p9_remove(struct inode *dir, const char *name, size_t len, bool directory)
{
	const struct place at = place_of(dir, name, len);
	struct found found;
	int err = mutex_lock_killable(&dir->mount->rename_lock);

	if (err)
		return err;
	err = find(&at, &found);
	if (err == 0) {
		err = remove_found(&at, &found, directory);
		found_put(&found);
	}
	mutex_unlock(&dir->mount->rename_lock);
	return err;
}

/* The checks that need no answer of the server, in Linux's order. */
static int refusal(const struct found *from, const struct found *to, bool slash, unsigned flags)
{
	if ((flags & RENAME_NOREPLACE) && to)
		return -EEXIST;
	if ((flags & RENAME_EXCHANGE) && !to)
		return -ENOENT;
	if (flags) /* no message says so */
		return -EINVAL;
	if (slash && !is_dir(from))
		return -ENOTDIR;
	return is_covered(from) || (to && is_covered(to)) ? -EBUSY : 0;
}

/* What a rename over a file that is used needs: a hidden name for that file. */
struct replacement {
	struct p9_node *used;
	struct place hidden;
	struct p9_removal *removal;
	struct p9_fid *fid; /* walked to the hidden name; NULL: the file has no other one */
	char *name;	    /* the hidden one, for the node */
	bool linked;	    /* it is a second name of the file */
};

static void replacement_free(struct replacement *r)
{
	p9_fid_put(r->fid);
	p9_removal_free(r->removal);
	kfree(r->name);
}

static int replacement_create(struct replacement *r, struct p9_node *dir, struct p9_node *used)
{
	int err;

	*r = (struct replacement){ .used = used };
	err = removal_create(dir, &r->removal);
	if (err)
		return err;
	r->hidden = (struct place){ dir, { r->removal->name, HIDDEN_BYTES - 1 } };
	r->name = name_copy(&r->hidden.name);
	if (r->name)
		return 0;
	replacement_free(r);
	return -ENOMEM;
}

/* The file goes at its last use by the hidden name. */
static void replacement_done(struct replacement *r)
{
	hidden_for_good(r->used, r->hidden.dir, r->removal, r->name, r->fid);
}

/*
 * The server has not renamed, or it is not known. A hidden name that is a second one is of no use in
 * any case. The only name comes back if the server has refused; otherwise both files stay.
 */
static void replacement_undo(struct replacement *r, const struct place *to, int err)
{
	if (!p9_is_refusal(err) && r->linked) {
		replacement_done(r);
		return;
	}
	if (!p9_is_refusal(err))
		p9_node_forget(r->used);
	else if (r->linked)
		(void)unlinkat(&r->hidden, false);
	else
		(void)renameat(&r->hidden, to);
	replacement_free(r);
}

/*
 * Renames over a file that is used. That gets the hidden name as a second one, so that there is always
 * a file at `to`. Where the server has no links, there is none for a moment.
 */
static int rename_over(const struct place *from, const struct place *to, struct p9_node *used)
{
	struct replacement r;
	struct p9_qid qid;
	int err = replacement_create(&r, to->dir, used);

	if (err)
		return err;
	err = p9_link(&to->dir->inode, r.hidden.name.data, r.hidden.name.len, &used->inode);
	r.linked = !p9_is_refusal(err);
	if (err == 0)
		err = p9_walk(to->dir, r.hidden.name.data, r.hidden.name.len, &r.fid, &qid);
	else if (!r.linked)
		err = renameat(to, &r.hidden);
	if (err && !r.linked) { /* it has its name, as far as is known */
		replacement_free(&r);
		return err;
	}
	if (err == 0)
		err = renameat(from, to);
	if (err == 0)
		replacement_done(&r);
	else
		replacement_undo(&r, to, err);
	return err;
}

static int rename_found(const struct place *from, struct found *moved, const struct place *to,
			struct found *replaced)
{
	bool moves = has_name(moved, from), goes;
	char *name;
	int err;

	if (replaced && replaced->qid.path == moved->qid.path)
		return 0; /* as rename(2) says, both are names of one file, and stay */
	name = name_copy(&to->name);
	if (!name)
		return -ENOMEM;
	if (replaced && !is_dir(moved) && must_hide(replaced, to)) {
		err = rename_over(from, to, replaced->node);
	} else {
		goes = replaced && begin_removal(replaced, to);
		err = renameat(from, to);
		if (goes)
			end_removal(replaced, err);
	}
	if (err || !moves) {
		kfree(name);
		return err;
	}
	p9_node_rename(moved->node, to->dir, name, NULL);
	(void)atomic_cas(&moved->node->unlinked, P9_HIDDEN, P9_LINKED); /* it was to be removed */
	return 0;
}

int p9_rename(struct inode *old_dir, const struct path_part *old, struct inode *new_dir,
	      const struct path_part *new, unsigned flags)
{
	const struct place from = place_of(old_dir, old->name, old->len);
	const struct place to = place_of(new_dir, new->name, new->len);
	struct found moved, replaced, *there = &replaced;
	int err = find(&from, &moved);

	if (err)
		return err;
	err = find(&to, &replaced);
	if (err == -ENOENT) {
		there = NULL;
		err = 0;
	}
	if (err) {
		found_put(&moved);
		return err;
	}
	err = refusal(&moved, there, old->slash || new->slash, flags);
	if (err == 0)
		err = rename_found(&from, &moved, &to, there);
	if (there)
		found_put(there);
	found_put(&moved);
	return err;
}
