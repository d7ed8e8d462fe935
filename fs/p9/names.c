/* SPDX-License-Identifier: MIT */
/* Reading directories of a 9P server: a reply has many names, which are given out one by one. */
/*
 * The server gives each entry a number from which a later request goes on: a cookie, which means
 * nothing to anybody else. Positions of the directory are these numbers, moved so that 0 becomes
 * DIR_FIRST_POS; very large ones stay as they are, for some file systems use hashes with 63 bits, and
 * ext4 has INT64_MAX behind the last entry.
 */
#include "abi/errno.h"
#include "fs/dir_file.h"
#include "fs/p9/node.h"
#include "lib/string.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

#define LARGE (1ull << 62)

/* The last reply. */
struct p9_names {
	struct p9_fid *fid; /* open */
	uint64_t asked;	    /* the cookie of the request */
	uint64_t cookie;    /* of the entry at `at` */
	size_t at, bytes;   /* of data: what is read next, and all */
	uint8_t reply[PAGE_SIZE - 64];
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

void p9_names_free(struct p9_names *names)
{
	if (!names)
		return;
	p9_fid_put(names->fid);
	kfree(names);
}

static int names_create(struct p9_node *node)
{
	struct p9_names *names = mem_wait_kmalloc(sizeof(*names));
	int err;

	if (!names)
		return -ENOMEM;
	err = p9_open_fid(node, &names->fid);
	if (err) {
		kfree(names);
		return err;
	}
	names->at = names->bytes = 0;
	node->names = names;
	return 0;
}

/* Asks for the names from a cookie on. */
static int fetch(struct p9_names *names, uint64_t cookie)
{
	const uint32_t room = sizeof(names->reply) - P9_RREADDIR_HEAD_BYTES;
	const struct p9_treaddir ask = { names->fid->number, cookie, room };
	struct p9_packet packet;
	struct p9_rreaddir got;
	struct p9_rpc rpc;
	ssize_t n;
	int err;

	names->at = names->bytes = 0;
	p9_rpc_begin(&rpc, names->fid->session, names->fid, NULL);
	n = p9_encode_treaddir(rpc.request, sizeof(rpc.request), rpc.tag, &ask);
	n = p9_rpc(&rpc, n, names->reply, sizeof(names->reply));
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

static bool is_dot(const struct p9_string *name)
{
	return name->len <= 2 && name->data[0] == '.' && name->data[name->len - 1] == '.';
}

/*
 * Takes the next entry of the reply that is neither "." nor "..", for which the server has no say.
 * Returns 1, 0 at the reply's end, or -EIO.
 */
static int take(struct p9_names *names, struct dir_item *item)
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

/* A reply without entries is the end; one that has only "." and ".." is not. */
static int next_name(struct p9_names *names, uint64_t cookie, struct dir_item *item)
{
	bool goes_on = cookie != 0 && names->cookie == cookie && names->at < names->bytes;
	int err = goes_on ? 0 : fetch(names, cookie);

	while (err == 0) {
		int result = take(names, item);

		if (result)
			return result < 0 ? result : 0;
		if (names->bytes == 0)
			return -ENODATA;
		err = fetch(names, names->cookie);
	}
	return err;
}

int p9_readdir(struct inode *dir, uint64_t pos, struct dir_item *item)
{
	struct p9_node *node = to_p9_node(dir);
	int err = mutex_lock_killable(&node->lock);

	if (err)
		return err;
	if (!node->names)
		err = names_create(node);
	if (err == 0)
		err = next_name(node->names, cookie_of(pos), item);
	mutex_unlock(&node->lock);
	return err;
}
