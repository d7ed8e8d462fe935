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
 *
 * If the server ends before it has answered, nobody knows whether it has made the change. These requests
 * are not sent again unseen (-EPIPE): once another server is attached, a look at the names tells.
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
	struct p9_node *parent; /* the directory; referenced */
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

/* ---- answers that were lost ---- */

/* Returns 1 if the name refers to that file, 0 if it does to another or to none, or -EIO. */
static int refers_to(const struct place *at, const struct p9_qid *qid)
{
	struct p9_fid *fid;
	struct p9_qid there;
	int err = p9_walk(at->dir, at->name.data, at->name.len, &fid, &there);

	if (err == -ENOENT)
		return 0;
	if (err)
		return err == -EINTR ? err : -EIO;
	p9_fid_put(fid);
	return p9_is_same_file(&there, qid);
}

/* ---- requests whose reply is empty ---- */

static int unlinkat_once(const struct place *at, bool directory)
{
	struct p9_fid *fid = p9_node_fid(at->dir);
	const struct p9_tunlinkat ask = { fid->number, at->name, directory ? P9_AT_REMOVEDIR : 0 };
	uint8_t reply[P9_REPLY_BYTES];
	struct p9_packet packet;
	struct p9_rpc rpc;
	ssize_t n;
	int err;

	p9_rpc_begin(&rpc, fid->session, fid, NULL);
	rpc.once = true;
	n = p9_encode_tunlinkat(rpc.request, sizeof(rpc.request), rpc.tag, &ask);
	err = p9_rpc_packet(&rpc, n, reply, sizeof(reply), &packet);
	changed(at);
	return err ? err : p9_decode_runlinkat(&packet, rpc.tag);
}

/* `qid`: the file that has the name. */
static int unlinkat(const struct place *at, bool directory, const struct p9_qid *qid)
{
	unsigned nends = 0;
	int err, there = 1;

	do
		err = unlinkat_once(at, directory);
	while (err == -EPIPE && ++nends < P9_SERVERS_MAX && (there = refers_to(at, qid)) == 1);
	if (err != -EPIPE)
		return err;
	return nends < P9_SERVERS_MAX ? there : -EIO;
}

static int renameat_once(const struct place *from, const struct place *to)
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
	rpc.once = true;
	if (message)
		n = p9_encode_trenameat(message, size, rpc.tag, &ask);
	rpc.message = message;
	err = p9_rpc_packet(&rpc, n, reply, sizeof(reply), &packet);
	kfree(message);
	changed(from);
	changed(to);
	return err ? err : p9_decode_rrenameat(&packet, rpc.tag);
}

/* Bracket what gives a file another name. */
static void alias_begin(struct p9_alias *alias, const struct p9_qid *qid, const struct place *at)
{
	struct p9_session *session = at->dir->session;

	*alias = (struct p9_alias){
		.qid = qid, .dir = at->dir, .name = at->name.data, .len = at->name.len
	};
	spin_lock(&session->lock);
	list_add_tail(&session->aliases, &alias->link);
	spin_unlock(&session->lock);
}

static void alias_end(struct p9_alias *alias)
{
	struct p9_session *session = alias->dir->session;

	spin_lock(&session->lock);
	list_del(&alias->link);
	spin_unlock(&session->lock);
}

/* `qid`: the file that has the old name. The caller has an alias for the new one. */
static int renameat(const struct place *from, const struct place *to, const struct p9_qid *qid)
{
	int err, there;

	for (unsigned nends = 0; nends < P9_SERVERS_MAX; nends++) {
		err = renameat_once(from, to);
		if (err != -EPIPE)
			return err;
		there = refers_to(to, qid);
		if (there)
			return there < 0 ? there : 0;
		there = refers_to(from, qid);
		if (there != 1)
			return there ? there : -EIO;
	}
	return -EIO;
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
	inode_put(&removal->parent->inode);
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
	struct p9_removal *removal = container_of(request, struct p9_removal, request);

	inode_put(&removal->parent->inode);
	kfree(removal);
	if (atomic_add(&session->nremovals, -1u) == 1)
		waitq_wake_all(&session->removed);
}

void p9_removal_find_held(struct p9_removal *removal)
{
	if (removal)
		inode_found(&removal->parent->inode);
}

void p9_removal_find_held_by(struct p9_request *request)
{
	if (request->free == removal_ended)
		p9_removal_find_held(container_of(request, struct p9_removal, request));
}

void p9_wait_for_removals(struct p9_session *session, uint64_t latest)
{
	uint64_t deadline = MIN(latest, p9_deadline(session, arch_time()));
	uint64_t seq;

	if (p9_session_deadlocks(session)) /* the server closes a file of its own */
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
	removal->request.fid = p9_node_fid(removal->parent);
	ask.dirfid = removal->request.fid->number;
	ask.name = (struct p9_string){ removal->name, HIDDEN_BYTES - 1 };
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
	inode_get(&dir->inode);
	removal->parent = dir;
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
	char text[HIDDEN_BYTES], *name;
	struct p9_removal *removal;
	struct p9_alias alias;
	int err = removal_create(from->dir, &removal);

	if (err)
		return err;
	hidden.name.data = removal->name;
	name = name_copy(&hidden.name);
	hidden.name.data = memcpy(text, removal->name, sizeof(text));
	alias_begin(&alias, &node->qid, &hidden);
	err = name ? renameat(from, &hidden, &node->qid) : -ENOMEM;
	if (p9_is_refusal(err)) {
		p9_removal_free(removal);
		kfree(name);
	} else {
		hidden_for_good(node, from->dir, removal, name, NULL);
	}
	alias_end(&alias);
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
	rpc.once = true;
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
static int create_regular_once(const struct place *at, unsigned mode, struct inode **inode_ret)
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

/*
 * A request to make a name was sent twice, for its first answer was lost. The name was not there when the call began.
 * So a file that is there now, and is as a new one would be, is taken for that of the first request. Returns 0 with the
 * inode, or -EEXIST.
 */
static int made_before(const struct place *at, uint32_t type, struct inode **inode_ret)
{
	struct inode *inode;
	bool is_new;
	int err = p9_lookup(&at->dir->inode, at->name.data, at->name.len, &inode);

	if (err)
		return err;
	is_new = (inode->mode & S_IFMT) == type &&
		 (type != S_IFREG || atomic_load_relaxed(&to_p9_node(inode)->size) == 0);
	if (is_new)
		*inode_ret = inode;
	else
		inode_put(inode);
	return is_new ? 0 : -EEXIST;
}

static int create_regular(const struct place *at, unsigned mode, struct inode **inode_ret)
{
	unsigned nlost = 0;
	int err;

	do {
		err = create_regular_once(at, mode, inode_ret);
		nlost += err == -EPIPE;
	} while (err == -EAGAIN || (err == -EPIPE && nlost < P9_SERVERS_MAX));
	if (err == -EPIPE)
		return -EIO;
	return nlost && err == -EEXIST ? made_before(at, S_IFREG, inode_ret) : err;
}

static int create_directory_once(const struct place *at, unsigned mode)
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
	rpc.once = true;
	n = p9_encode_tmkdir(rpc.request, sizeof(rpc.request), rpc.tag, &ask);
	err = p9_rpc_packet(&rpc, n, reply, sizeof(reply), &packet);
	changed(at);
	return err ? err : p9_decode_rmkdir(&packet, rpc.tag, &got);
}

static int create_directory(const struct place *at, unsigned mode, struct inode **inode_ret)
{
	unsigned nlost = 0;
	int err;

	while ((err = create_directory_once(at, mode)) == -EPIPE && ++nlost < P9_SERVERS_MAX)
		;
	if (err == -EPIPE)
		return -EIO;
	if (nlost && err == -EEXIST)
		return made_before(at, S_IFDIR, inode_ret);
	return err ? err : p9_lookup(&at->dir->inode, at->name.data, at->name.len, inode_ret);
}

int p9_create(struct inode *dir, const char *name, size_t len, unsigned mode,
	      struct inode **inode_ret)
{
	const struct place at = place_of(dir, name, len);

	return S_ISREG(mode) ? create_regular(&at, mode, inode_ret)
			     : create_directory(&at, mode, inode_ret);
}

static int symlink_once(const struct place *at, const struct p9_string *target)
{
	const size_t size = P9_HEADER_BYTES + 4 + 2 + at->name.len + 2 + target->len + 4;
	uint8_t *message = mem_wait_kmalloc(size);
	struct p9_fid *fid = p9_node_fid(at->dir);
	const struct p9_tsymlink ask = { fid->number, at->name, *target, GID };
	uint8_t reply[P9_REPLY_BYTES];
	struct p9_packet packet;
	struct p9_rsymlink got;
	struct p9_rpc rpc;
	ssize_t n = -ENOMEM;
	int err;

	p9_rpc_begin(&rpc, fid->session, fid, NULL);
	rpc.once = true;
	if (message)
		n = p9_encode_tsymlink(message, size, rpc.tag, &ask);
	rpc.message = message;
	err = p9_rpc_packet(&rpc, n, reply, sizeof(reply), &packet);
	kfree(message);
	changed(at);
	return err ? err : p9_decode_rsymlink(&packet, rpc.tag, &got);
}

/* Is the name a link to that, as if the request whose answer was lost had made it? */
static int linked_before(const struct place *at, const struct p9_string *target)
{
	char *text = mem_wait_kmalloc(PATH_MAX);
	struct inode *inode;
	int err = text ? made_before(at, S_IFLNK, &inode) : -ENOMEM;
	ssize_t n;

	if (err == 0) {
		n = inode->ops->readlink(inode, text);
		if (n != (ssize_t)target->len || memcmp(text, target->data, target->len) != 0)
			err = -EEXIST;
		inode_put(inode);
	}
	kfree(text);
	return err;
}

int p9_symlink(struct inode *dir, const char *name, size_t len, const char *target,
	       size_t target_len)
{
	const struct place at = place_of(dir, name, len);
	const struct p9_string text = { target, target_len };
	unsigned nlost = 0;
	int err;

	while ((err = symlink_once(&at, &text)) == -EPIPE && ++nlost < P9_SERVERS_MAX)
		;
	if (err == -EPIPE)
		return -EIO;
	return nlost && err == -EEXIST ? linked_before(&at, &text) : err;
}

static int link_once(const struct place *at, struct p9_node *node)
{
	struct p9_fid *to = p9_node_fid(at->dir), *fid = p9_node_fid(node);
	const struct p9_tlink ask = { to->number, fid->number, at->name };
	uint8_t reply[P9_REPLY_BYTES];
	struct p9_packet packet;
	struct p9_rpc rpc;
	ssize_t n;
	int err;

	p9_rpc_begin(&rpc, to->session, to, fid);
	rpc.once = true;
	n = p9_encode_tlink(rpc.request, sizeof(rpc.request), rpc.tag, &ask);
	err = p9_rpc_packet(&rpc, n, reply, sizeof(reply), &packet);
	changed(at);
	return err ? err : p9_decode_rlink(&packet, rpc.tag);
}

/* Was the name made by the request whose answer was lost? If it was not, it is made once more. */
int p9_link(struct inode *dir, const char *name, size_t len, struct inode *inode)
{
	const struct place at = place_of(dir, name, len);
	struct p9_node *node = to_p9_node(inode);
	unsigned nlost = 0;
	int err, there;

	while ((err = link_once(&at, node)) == -EPIPE && ++nlost < P9_SERVERS_MAX)
		;
	if (err == -EPIPE)
		return -EIO;
	if (err != -EEXIST || !nlost)
		return err;
	there = refers_to(&at, &node->qid);
	return there == 1 ? 0 : there ? there : -EEXIST;
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
		(void)p9_nodes_add(found->node, &there);
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
	err = unlinkat(at, directory, &found->qid);
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
		(void)unlinkat(&r->hidden, false, &r->used->qid);
	else
		(void)renameat(&r->hidden, to, &r->used->qid);
	replacement_free(r);
}

/* Finds the file by its hidden name. The node owns that fid at once, for another server is to know it by that name. */
static int walk_to_hidden(struct replacement *r)
{
	struct p9_qid qid;
	int err;

	for (;;) {
		err = p9_walk(r->hidden.dir, r->hidden.name.data, r->hidden.name.len, &r->fid,
			      &qid);
		if (err)
			return err;
		r->fid->by_alias = true;
		if (p9_fid_own(r->fid, r->used, P9_FID_WALKED))
			return 0;
		p9_fid_put(r->fid);
		r->fid = NULL;
	}
}

/*
 * The file gets the hidden name as a second one, so that there is always a file at `to`. Where the server has no links,
 * there is none for a moment.
 */
static int hide_and_rename(struct replacement *r, const struct place *from,
			   const struct found *moved, const struct place *to)
{
	struct p9_node *used = r->used;
	int err = p9_link(&to->dir->inode, r->hidden.name.data, r->hidden.name.len, &used->inode);

	r->linked = !p9_is_refusal(err);
	if (err == 0)
		err = walk_to_hidden(r);
	else if (!r->linked)
		err = renameat(to, &r->hidden, &used->qid);
	if (err && !r->linked) { /* it has its name, as far as is known */
		replacement_free(r);
		return err;
	}
	if (err == 0)
		err = renameat(from, to, &moved->qid);
	if (err == 0)
		replacement_done(r);
	else
		replacement_undo(r, to, err);
	return err;
}

/* Renames over a file that is used. */
static int rename_over(const struct place *from, const struct found *moved, const struct place *to,
		       struct p9_node *used)
{
	struct p9_alias alias;
	struct replacement r;
	char text[HIDDEN_BYTES];
	int err = replacement_create(&r, to->dir, used);

	if (err)
		return err;
	memcpy(text, r.removal->name, sizeof(text));
	alias_begin(&alias, &used->qid, &(struct place){ to->dir, { text, HIDDEN_BYTES - 1 } });
	err = hide_and_rename(&r, from, moved, to);
	alias_end(&alias);
	return err;
}

static int rename_found(const struct place *from, struct found *moved, const struct place *to,
			struct found *replaced)
{
	bool moves = has_name(moved, from), goes;
	struct p9_alias alias;
	char *name;
	int err;

	if (replaced && replaced->qid.path == moved->qid.path)
		return 0; /* as rename(2) says, both are names of one file, and stay */
	name = name_copy(&to->name);
	if (!name)
		return -ENOMEM;
	alias_begin(&alias, &moved->qid, to);
	if (replaced && !is_dir(moved) && must_hide(replaced, to)) {
		err = rename_over(from, moved, to, replaced->node);
	} else {
		goes = replaced && begin_removal(replaced, to);
		err = renameat(from, to, &moved->qid);
		if (goes)
			end_removal(replaced, err);
	}
	if (err || !moves) {
		kfree(name);
	} else {
		p9_node_rename(moved->node, to->dir, name, NULL);
		/* it was to be removed */
		(void)atomic_cas(&moved->node->unlinked, P9_HIDDEN, P9_LINKED);
	}
	alias_end(&alias);
	return err;
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
