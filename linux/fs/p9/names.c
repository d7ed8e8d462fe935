/* SPDX-License-Identifier: MIT */
/* Reading directories of a 9P server: a reply has many names, which are given out one by one. */
/*
 * The server gives each entry a number from which a later request goes on: a cookie, which means
 * nothing to the kernel. Positions of the directory are these numbers, moved so that 0 becomes
 * DIR_FIRST_POS; very large ones stay as they are, for some file systems use hashes with 63 bits, and
 * ext4 has INT64_MAX behind the last entry.
 */
#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/fs/file/dir_file.h"
#include "linux/fs/p9/walk.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "proc/mem_wait.h"

#define LARGE (1ull << 62)

/*
 * A reply has as much room as is to be had at once: one for a large directory is worth it. All larger
 * ones share a 64th of memory; a reader that gets none of it asks for a few names at a time.
 */
#define REPLY_MOST   (32 * PAGE_SIZE)
#define REPLY_LEAST  512u /* room for any name */
#define LARGER_SHARE 64u

/* How often names are asked for with a reply of REPLY_LEAST, after larger ones, before it is given up. */
#define LEAST_ASKS 8u

static uint64_t in_larger; /* bytes; atomic */

/*
 * The last reply. It lasts until the end of the directory has been found twice in a row, or somebody
 * has closed the directory. Guarded by the directory's lock.
 */
struct p9_names {
	struct p9_fid *fid; /* open */
	uint64_t asked;	    /* the cookie of the request */
	uint64_t cookie;    /* of the entry at `at` */
	size_t at, bytes;   /* of data: what is read next, and all */
	/* What the last caller asked for, and where it was. Without room for it, it asks again. */
	uint64_t last_asked, last_cookie;
	size_t last_at;
	bool is_first; /* it was the first entry, and not from an older reply */
	bool ended;    /* the end was found, and no reader has asked again */
	size_t room;   /* of reply */
	uint8_t *reply;
};

static uint64_t pos_of(uint64_t cookie)
{
	return cookie < LARGE ? cookie + DIR_FIRST_POS : cookie;
}

static uint64_t cookie_of(uint64_t pos)
{
	return pos < LARGE + DIR_FIRST_POS ? pos - DIR_FIRST_POS : pos;
}

static bool is_usable(uint64_t cookie)
{
	return cookie < LARGE || (cookie >= LARGE + DIR_FIRST_POS && cookie <= INT64_MAX);
}

static const uint8_t *data_of(const struct p9_names *names)
{
	return names->reply + P9_RREADDIR_HEAD_BYTES;
}

static bool reply_alloc(struct p9_names *names, size_t msize)
{
	const uint64_t most = page_alloc_total_count() * PAGE_SIZE / LARGER_SHARE;
	size_t room = REPLY_MOST;

	while (room > REPLY_LEAST) {
		if (room <= msize && counter_read(&in_larger) + room <= most)
			names->reply = kmalloc(room);
		if (names->reply)
			break;
		room /= 2;
	}
	if (names->reply)
		counter_add(&in_larger, room);
	else
		names->reply = mem_wait_kmalloc(room);
	names->room = room;
	return names->reply != NULL;
}

static void reply_free(struct p9_names *names)
{
	if (names->reply && names->room > REPLY_LEAST)
		counter_add(&in_larger, -(uint64_t)names->room);
	kfree(names->reply);
}

void p9_names_free(struct p9_names *names)
{
	if (!names)
		return;
	p9_fid_put(names->fid);
	reply_free(names);
	kfree(names);
}

void p9_names_find_held(struct p9_names *names)
{
	if (names)
		p9_fid_found(names->fid);
}

static int names_create(struct p9_node *node)
{
	struct p9_names *names = mem_wait_kzalloc(sizeof(*names));
	int err = -ENOMEM;

	if (!names)
		return err;
	if (reply_alloc(names, node->session->msize))
		err = p9_open_fid(node, O_RDONLY, &names->fid);
	if (err) {
		reply_free(names);
		kfree(names);
		return err;
	}
	node->names = names;
	return 0;
}

/* Asks for the names from a cookie on, with a reply of that size. */
static int ask_names(struct p9_names *names, uint64_t cookie, size_t size)
{
	const uint32_t room = (uint32_t)size - P9_RREADDIR_HEAD_BYTES;
	const struct p9_treaddir ask = { names->fid->number, cookie, room };
	struct p9_packet packet;
	struct p9_rreaddir got;
	struct p9_rpc rpc;
	ssize_t n;
	int err;

	names->at = names->bytes = 0;
	p9_rpc_begin(&rpc, names->fid->session, p9_fid_get(names->fid), NULL);
	n = p9_encode_treaddir(rpc.request, sizeof(rpc.request), rpc.tag, &ask);
	n = p9_rpc(&rpc, n, names->reply, size);
	if (n < 0)
		return (int)n;
	packet = p9_packet(names->reply, (size_t)n);
	err = p9_decode_rreaddir(&packet, rpc.tag, room, &got);
	if (err)
		return err;
	names->bytes = got.count;
	names->asked = names->cookie = cookie;
	return 0;
}

/*
 * QEMU's server looks up each file whose name it gives. If one of them is removed or renamed meanwhile, the whole request
 * fails with ENOENT. The fewer names are asked for, the less likely that is.
 */
static int fetch_once(struct p9_names *names, uint64_t cookie)
{
	size_t size = names->room;
	unsigned nleast = 0;
	int err;

	while ((err = ask_names(names, cookie, size)) == -ENOENT && nleast < LEAST_ASKS) {
		size = MAX(size / 2, REPLY_LEAST);
		nleast += size == REPLY_LEAST;
	}
	return err;
}

/*
 * The error if the server says ENOENT to all requests for names. getdents64 may return ENOENT only if the directory is
 * gone: C libraries take it for the end of the directory, and names would be lost without an error.
 */
static int no_names_error(struct p9_node *node, uint64_t cookie)
{
	struct p9_rgetattr attr;
	int err = cookie == 0 ? p9_node_attributes(node, &attr) : 0;

	return err == -ENOENT || err == -ESTALE ? -ENOENT : -EIO;
}

/* Another server has the same cookies, as far as it has the same directory. */
static int fetch(struct p9_node *node, uint64_t cookie)
{
	int err = fetch_once(node->names, cookie);

	while (err == -EAGAIN) {
		struct p9_fid *old = node->names->fid;

		err = p9_open_fid(node, O_RDONLY, &node->names->fid);
		if (err)
			return err;
		p9_fid_put(old);
		err = fetch_once(node->names, cookie);
	}
	return err == -ENOENT ? no_names_error(node, cookie) : err;
}

static bool is_dot(const struct p9_string *name)
{
	return name->len <= 2 && name->data[0] == '.' && name->data[name->len - 1] == '.';
}

/*
 * Takes the next entry of the reply that is neither "." nor "..", for which the server has no say.
 * Returns 1, 0 at the reply's end, or -EIO.
 */
static int p9_names_take(struct p9_names *names, struct dir_item *item)
{
	struct p9_dirent entry;
	int result;

	while ((result = p9_next_dirent(data_of(names), names->bytes, &names->at, &entry)) == 1) {
		uint64_t cookie = names->cookie;

		if (!is_usable(entry.offset) || entry.offset == names->asked)
			return -EIO; /* or the directory would never end */
		names->cookie = entry.offset;
		if (is_dot(&entry.name))
			continue;
		item->pos = pos_of(cookie);
		item->next = pos_of(entry.offset);
		item->ino = p9_ino(&entry.qid);
		item->mode = (uint32_t)entry.type << 12;
		item->len = (uint32_t)entry.name.len;
		memcpy(item->text, entry.name.data, entry.name.len);
		return 1;
	}
	return result;
}

/* Has the reply what is to be read from the cookie on? Then it is read next. */
static bool has_cookie(struct p9_names *names, uint64_t cookie)
{
	bool again = cookie == names->last_asked && (cookie != 0 || names->is_first);

	if (cookie != 0 && cookie == names->cookie)
		return names->at < names->bytes;
	if (!again || names->last_at >= names->bytes)
		return false;
	names->at = names->last_at;
	names->cookie = names->last_cookie;
	return true;
}

/* A reply without entries is the end; one that has only "." and ".." is not. */
static int next_name(struct p9_node *node, uint64_t cookie, struct dir_item *item)
{
	struct p9_names *names = node->names;
	bool has;
	int err;

	if (names->ended && cookie == names->asked)
		return -ENODATA;
	has = has_cookie(names, cookie);
	err = has ? 0 : fetch(node, cookie);
	names->is_first = !has && cookie == 0;
	names->last_asked = cookie;
	while (err == 0) {
		int result;

		names->last_at = names->at;
		names->last_cookie = names->cookie;
		result = p9_names_take(names, item);
		if (result)
			return result < 0 ? result : 0;
		if (names->bytes == 0)
			return -ENODATA;
		err = fetch(node, names->cookie);
	}
	return err;
}

static void names_end(struct p9_node *node)
{
	p9_names_free(node->names);
	node->names = NULL;
}

/*
 * A program that reads a directory reaches its end twice: behind the last names, and with a read that returns nothing.
 * The server is asked once. After that the reply is not needed.
 */
static void end_names(struct p9_node *node, bool is_end)
{
	if (is_end && node->names->ended)
		names_end(node);
	else
		node->names->ended = is_end;
}

/* A thread that waits for the server with the lock held has the directory open, and closes it later. */
void p9_names_unused(struct p9_node *node)
{
	if (mutex_lock_killable(&node->lock))
		return;
	names_end(node);
	mutex_unlock(&node->lock);
}

/* A name was made or removed: what has come from the server is of an earlier state. */
static void drop_reply(struct p9_names *names)
{
	names->at = names->bytes = names->last_at = 0;
	names->is_first = names->ended = false;
}

int p9_readdir(struct inode *dir, uint64_t pos, struct dir_item *item)
{
	struct p9_node *node = to_p9_node(dir);
	int err = mutex_lock_killable(&node->lock);

	if (err)
		return err;
	if (!node->names)
		err = names_create(node);
	if (err == 0) {
		if (atomic_exchange(&node->names_changed, 0u))
			drop_reply(node->names);
		err = next_name(node, cookie_of(pos), item);
		end_names(node, err == -ENODATA);
	}
	mutex_unlock(&node->lock);
	return err;
}
