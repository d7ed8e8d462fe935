/* SPDX-License-Identifier: MIT */
/* Another 9P server is attached while the caller of a rename, which the old server has answered, goes on with the name. */
#include <stdlib.h>
#include <string.h>

#include "abi/errno.h"
#include "ipc/endpoint.h"
#include "linux/fs/p9/connect.h"
#include "linux/fs/p9/node_name.h"
#include "linux/fs/p9/walk.h"
#include "linux/fs/vfs/path.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "tests/host/lib/test.h"

static struct lockorder hart;
static struct p9_session session;
static struct p9_buffers buffers;
static struct p9_node root, node;
static struct p9_fid root_fid, fid;
static struct file old_server, new_server;

static const char *server_has; /* the name of the file there, or NULL */
static unsigned nwalks,
	finishes; /* walks by a name, and at the end of which one the caller goes on */
static unsigned nforgotten;
static bool attaches; /* the session's time for that */

/* ---- what attach.c and node_name.c call ---- */

struct lockorder *lockorder_this_hart(void)
{
	return &hart;
}

void inode_put(struct inode *inode)
{
	if (inode)
		assert_false(refcount_put(&inode->refs));
}

void file_release(struct file *file)
{
	assert_ptr_equal(&old_server, file);
}

void mutex_lock(struct mutex *mutex)
{
	assert_null(mutex_owner(mutex));
	lockorder_assert_none_spinning();
	mutex->word = (uint64_t)&session;
}

int mutex_lock_killable(struct mutex *mutex)
{
	mutex_lock(mutex);
	return 0;
}

void mutex_unlock(struct mutex *mutex)
{
	assert_non_null(mutex_owner(mutex));
	mutex->word = 0;
}

bool mutex_held(const struct mutex *mutex)
{
	return mutex_owner(mutex) != NULL;
}

void p9_name_unhold_locked(struct p9_node *it)
{
	assert_true(spin_lock_held(&it->session->lock));
}

void *mem_wait_kmalloc_at(size_t size SITE_PARAM)
{
	(void)site;
	return malloc(size);
}

void kfree(void *p)
{
	free(p);
}

int path_prepend(struct path_text *text, const char *name, size_t len)
{
	return 0;
}

bool endpoint_is_broken(struct file *file)
{
	return file == &old_server;
}

struct p9_fid *p9_fid_get(struct p9_fid *it)
{
	if (it)
		refcount_get(&it->refs);
	return it;
}

void p9_fid_put(struct p9_fid *it)
{
	if (it)
		assert_false(refcount_put(&it->refs));
}

void p9_fid_disown_locked(struct p9_fid *it)
{
	if (!it->node)
		return;
	it->node = NULL;
	list_del(&it->link);
}

bool p9_fid_own_locked(struct p9_fid *it, struct p9_node *owner, enum p9_fid_use use)
{
	return it->epoch == session.epoch;
}

struct p9_fid *p9_node_fid(struct p9_node *of)
{
	return p9_fid_get(of->fid);
}

void p9_node_forget(struct p9_node *it)
{
	assert_ptr_equal(&node, it);
	nforgotten++;
}

bool p9_nodes_forget(struct p9_session *of, unsigned n)
{
	return false;
}

void p9_session_lost(struct p9_session *it, uint32_t epoch)
{
}

int p9_session_agree(struct p9_session *it, struct file *send, uint32_t *msize_ret)
{
	*msize_ret = it->msize;
	return 0;
}

void p9_session_attaches(struct p9_session *it)
{
	assert_false(attaches);
	attaches = true;
}

void p9_session_attach_ends(struct p9_session *it)
{
	assert_true(attaches);
	attaches = false;
}

void p9_requests_resume(struct list *parked)
{
	assert_true(list_empty(parked));
}

/* ---- the new server ---- */

/* The caller of rename("a", "b") has its answer: it does the same as p9_rename_file(). */
static void caller_goes_on(void)
{
	assert_true(p9_node_rename(&node, &root, strdup("b"), NULL));
	p9_alias_drop(&session);
}

static ssize_t do_walk(const struct p9_packet *packet, uint16_t tag, void *reply, size_t size)
{
	struct p9_rwalk say = { .nwqid = 1 };
	const struct p9_rlerror error = { ENOENT };
	struct p9_twalk ask;
	ssize_t n;

	assert_int_equal(0, p9_decode_twalk(packet, &ask));
	assert_int_equal(root_fid.number, ask.fid);
	assert_int_equal(fid.number, ask.newfid);
	assert_int_equal(1, ask.nwname);
	assert_int_equal(1, ask.wname[0].len);
	say.wqid[0] = node.qid;
	if (server_has && ask.wname[0].data[0] == server_has[0])
		n = p9_encode_rwalk(reply, size, tag, &say);
	else
		n = p9_encode_rlerror(reply, size, tag, &error);
	assert_true(nwalks < 9); /* or the attempt has no end */
	if (++nwalks == finishes)
		caller_goes_on();
	return n;
}

ssize_t p9_rpc_once(struct p9_session *of, struct file *send, const void *request, ssize_t n,
		    void *reply, size_t size)
{
	const struct p9_rattach attached = { root.qid };
	struct p9_packet packet = p9_packet(request, (size_t)n);
	struct p9_header header;

	assert_ptr_equal(&new_server, send);
	lockorder_assert_none_spinning();
	assert_int_equal(0, p9_peek(&packet, &header));
	if (header.type == P9_TATTACH)
		return p9_encode_rattach(reply, size, header.tag, &attached);
	assert_int_equal(P9_TWALK, header.type);
	return do_walk(&packet, header.tag, reply, size);
}

/* ---- the tests ---- */

static void add_node(struct p9_node *it, struct p9_fid *its, uint64_t path, unsigned type)
{
	refcount_init(&it->inode.refs, 1);
	refcount_init(&its->refs, 1);
	it->session = &session;
	it->parent = &root;
	it->qid = (struct p9_qid){ .type = (uint8_t)type, .path = path };
	it->fid = its;
	its->session = &session;
	its->number = (uint32_t)path;
	its->node = it;
	list_add_tail(&session.fids, &its->link);
}

/* A session whose server has ended. It has the root and a file "a" in it, which a thread may be renaming to "b". */
static void start(bool renames)
{
	spin_init(&session.lock, LOCK_FS);
	list_init(&session.fids);
	list_init(&session.parked);
	waitq_init(&session.attached);
	session.send = &old_server;
	session.buffers = &buffers;
	session.is_lost = true;
	refcount_init(&old_server.refs, 1);
	refcount_init(&new_server.refs, 1);
	add_node(&root, &root_fid, 1, P9_QTDIR);
	add_node(&node, &fid, 2, P9_QTFILE);
	refcount_get(&root.inode.refs);
	node.name = strdup("a");
	if (renames)
		p9_alias_set(&session, &node.qid, &root, strdup("b"));
}

/* The new server is attached, after so many walks, and has the file by this name, or not at all. */
static void attach(const char *name, unsigned walks)
{
	assert_int_equal(0, p9_attach_again(&root, &new_server));
	assert_int_equal(walks, nwalks);
	assert_int_equal(name == NULL, fid.is_stale);
	assert_int_equal(name == NULL, nforgotten);
	assert_int_equal(1, fid.epoch);
	if (name)
		assert_string_equal(name, node.name);
	assert_false(session.is_lost);
	assert_false(attaches);
	/* No reference is lost: the root has those of the file and of the alias, if there is one still. */
	assert_int_equal(1, refcount_read(&fid.refs));
	assert_int_equal(1, refcount_read(&node.inode.refs));
	assert_int_equal(2 + (session.alias.dir != NULL), refcount_read(&root.inode.refs));
	p9_alias_drop(&session);
	free(node.name);
}

TEST(a_file_that_nobody_renames)
{
	start(false);
	server_has = "a";
	attach("a", 1);
}

TEST(a_file_that_is_not_there)
{
	start(false);
	attach(NULL, 1);
}

TEST(a_file_that_was_not_renamed)
{
	start(true);
	server_has = "a";
	attach("a", 1);
}

/* R143 */
TEST(a_file_that_was_renamed)
{
	start(true);
	server_has = "b";
	attach("b", 2);
}

TEST(a_file_that_was_renamed_and_is_not_there)
{
	start(true);
	attach(NULL, 2);
}

/* R143: the old name is not found, and when the new one is to be tried, it is no alias any more, but the file's name. */
TEST(the_caller_goes_on_during_the_first_walk)
{
	start(true);
	server_has = "b";
	finishes = 1;
	attach("b", 2);
}

TEST(the_caller_goes_on_during_the_second_walk)
{
	start(true);
	server_has = "b";
	finishes = 2;
	attach("b", 2);
}

/* The file has another name by now, so it is looked for once more, by that one. */
TEST(the_caller_goes_on_and_the_file_is_not_there)
{
	start(true);
	finishes = 1;
	attach(NULL, 2);
}

TEST(the_caller_goes_on_after_both_names_were_tried)
{
	start(true);
	finishes = 2;
	attach(NULL, 3);
}

/* As a walk that finds a file whose name another client has changed: there is no alias. */
TEST(another_name_is_learnt_meanwhile)
{
	start(false);
	server_has = "b";
	finishes = 1;
	attach("b", 2);
}
