/* SPDX-License-Identifier: MIT */
/* Mounts a 9P server: the descriptor of a send end, by which it is called. */
#include "abi/errno.h"
#include "base/clock.h"
#include "desc/fdtable.h"
#include "lib/string.h"
#include "linux/fs/dev/served.h"
#include "linux/fs/p9/connect.h"
#include "linux/fs/p9/node_name.h"
#include "linux/fs/p9/p9.h"
#include "linux/fs/p9/walk.h"
#include "linux/fs/p9/writeback.h"
#include "linux/fs/vfs/mount_options.h"
#include "proc/process.h"

/* What a request and a reply have without payload, and a page. */
#define MSIZE_LEAST   (2 * PAGE_SIZE)
/* 32 pages and the bytes before them. */
#define MSIZE_DEFAULT (33 * PAGE_SIZE)
#define MSIZE_MOST    (1u << 24)

#define TIMEOUT_DEFAULT 30 /* seconds */

/* Attaches to the server's root. */
static int attach(struct mount *mount, struct p9_session *session)
{
	struct p9_tattach ask = { .afid = P9_NOFID,
				  .uname = { "root", 4 },
				  .n_uname = session->uid };
	struct p9_rattach got = { 0 };
	struct p9_node *root;
	struct p9_fid *fid;
	struct p9_rpc rpc;
	int err = p9_fid_create(session, &fid);

	if (err)
		return err;
	ask.fid = fid->number;
	ask.aname = (struct p9_string){ "", 0 };
	p9_rpc_begin(&rpc, session, p9_fid_get(fid), NULL);
	rpc.makes = fid;
	err = p9_rpc_packet(&rpc,
			    p9_encode_tattach(rpc.request, sizeof(rpc.request), rpc.tag, &ask));
	if (err == 0)
		err = p9_decode_rattach(&rpc.packet, rpc.tag, &got);
	if (err == 0 && !(got.qid.type & P9_QTDIR))
		err = -EIO;
	if (err) {
		p9_fid_put(fid);
		return err;
	}
	err = p9_node_get(mount, NULL, "", 0, fid, &got.qid, &root);
	if (err == 0)
		mount->root = &root->inode;
	return err;
}

/* From here on, the root's fid has the reference to the session. */
static __attribute__((noinline)) int connect(struct mount *mount, struct file *send, uint32_t msize,
					     uint64_t seconds, uint32_t uid,
					     const struct p9_ids *ids)
{
	uint64_t timeout = seconds ? seconds * clock_timebase() : UINT64_MAX;
	struct p9_session *session;
	int err;

	if (!endpoint_is_send(send))
		return -EINVAL;
	err = p9_session_create(send, msize, timeout, &session);
	if (err)
		return err;
	session->uid = uid;
	session->users = ids[0];
	session->groups = ids[1];
	err = attach(mount, session);
	if (err)
		p9_session_close(session);
	else
		atomic_store(&session->waits, 1u);
	p9_session_put(session);
	return err;
}

/* Options of MS_REMOUNT: fd=N, the send end of a server that takes the place of one that has ended. */
static int remount_p9(struct mount *mount, unsigned flags, const char *options)
{
	uint64_t fd = UINT64_MAX;
	const struct mount_option known[] = {
		{ .name = "fd", .base = 10, .most = INT32_MAX, .value = &fd },
		{ .name = NULL },
	};
	int err = mount_options(options, known);
	struct file *send;

	(void)flags;
	if (err)
		return err;
	send = fdtable_get(current_thread()->fdtable, (int)fd);
	if (!send)
		return -EINVAL;
	err = endpoint_is_send(send) ? p9_attach_again(to_p9_node(mount->root), send) : -EINVAL;
	file_put(send);
	return err;
}

/*
 * The source is the name of a send end, see ipc_name(). Options: fd=N, the send end instead; msize=BYTES; timeout=SECONDS, 0: none;
 * uid=N, on whose behalf; hostuid=N and guestuid=N, a user of the server's and who that is here; hostgid=N and guestgid=N.
 */
static int fill_p9(struct mount *mount, const char *options)
{
	uint64_t fd = UINT64_MAX, msize = MSIZE_DEFAULT, timeout = TIMEOUT_DEFAULT, uid = 0;
	uint64_t host_uid = 0, host_gid = 0, guest_uid = 0, guest_gid = 0;
	const struct mount_option known[] = {
		{ .name = "fd", .base = 10, .most = INT32_MAX, .value = &fd },
		{ .name = "msize", .base = 10, .most = MSIZE_MOST, .value = &msize },
		{ .name = "timeout", .base = 10, .most = 1u << 20, .value = &timeout },
		{ .name = "uid", .base = 10, .most = UINT32_MAX - 1, .value = &uid },
		{ .name = "hostuid", .base = 10, .most = UINT32_MAX - 1, .value = &host_uid },
		{ .name = "hostgid", .base = 10, .most = UINT32_MAX - 1, .value = &host_gid },
		{ .name = "guestuid", .base = 10, .most = UINT32_MAX - 1, .value = &guest_uid },
		{ .name = "guestgid", .base = 10, .most = UINT32_MAX - 1, .value = &guest_gid },
		{ .name = NULL },
	};
	int err = mount_options(options, known);
	const struct p9_ids ids[] = { { (uint32_t)host_uid, (uint32_t)guest_uid },
				      { (uint32_t)host_gid, (uint32_t)guest_gid } };
	struct file *send;

	if (err)
		return err;
	if (msize < MSIZE_LEAST)
		return -EINVAL;
	send = fd == UINT64_MAX ? served_named(mount->source)
				: fdtable_get(current_thread()->fdtable, (int)fd);
	if (!send)
		return -EINVAL;
	err = connect(mount, send, (uint32_t)msize, timeout, (uint32_t)uid, ids);
	file_put(send);
	return err;
}

static void abort_waits(struct mount *mount)
{
	p9_session_abort(to_p9_node(mount->root)->session);
}

static void unmount(struct mount *mount)
{
	struct p9_session *session = to_p9_node(mount->root)->session;

	p9_session_close(session);
	p9_alias_drop(session);
	(void)p9_nodes_forget(session, UINT32_MAX);
	inode_put(mount->root);
}

/* If the server does not answer, all is 0. */
static void statfs(struct mount *mount, struct abi_statfs *st)
{
	struct p9_fid *fid = p9_node_fid(to_p9_node(mount->root));
	const struct p9_tstatfs ask = { fid->number };
	struct p9_rstatfs got;
	struct p9_rpc rpc;

	p9_rpc_begin(&rpc, fid->session, fid, NULL);
	if (p9_rpc_packet(&rpc,
			  p9_encode_tstatfs(rpc.request, sizeof(rpc.request), rpc.tag, &ask)) ||
	    p9_decode_rstatfs(&rpc.packet, rpc.tag, &got))
		return;
	st->bsize = st->frsize = got.bsize;
	st->blocks = got.blocks;
	st->bfree = got.bfree;
	st->bavail = got.bavail;
	st->files = got.files;
	st->ffree = got.ffree;
	st->namelen = got.namelen;
}

static void write_soon(struct mount *mount)
{
	p9_write_session_soon(to_p9_node(mount->root)->session);
}

static void sync(struct mount *mount, uint64_t deadline)
{
	(void)p9_sync_session(to_p9_node(mount->root)->session, deadline);
}

const struct fs_type p9_type = {
	.name = "9p",
	.magic = ABI_V9FS_MAGIC,
	.fill_mount = fill_p9,
	.remount = remount_p9,
	.statfs = statfs,
	.sync = sync,
	.write_soon = write_soon,
	.abort = abort_waits,
	.unmount = unmount,
};
