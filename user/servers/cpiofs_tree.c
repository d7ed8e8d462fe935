/* SPDX-License-Identifier: MIT */
/* Makes a tree of files from the members of a cpio archive, and answers questions about it. */

/*
 * A file is a struct node; its number is its index. What a directory contains is a list of struct
 * entry: two entries of one node are hard links. Names, targets of links, and contents stay in the
 * archive. The archive is somebody else's: before anything is served, all members were read and
 * checked. Memory is bounded by NODES_MAX and ENTRIES_MAX.
 *
 * Names are taken from the root on, with or without a '/' in front. "." and empty parts of a name
 * mean nothing; an archive with ".." in a name is refused. Directories without a member of their
 * own are made. A later member with the same name replaces an earlier one, as if both were unpacked.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cpiofs.h"
#include "lib/cpio.h"

#define NODES_MAX   (1u << 18)
#define ENTRIES_MAX (1u << 18)
#define BUCKETS	    (1u << 12)
#define ROOT	    0u
#define NONE	    UINT32_MAX

struct node {
	uint32_t mode, uid, gid, nlink, mtime;
	uint32_t ino, dev_major, dev_minor; /* as in the archive, where nlink > 1 there */
	uint32_t next_linked;		    /* node in the same bucket of linked nodes, or NONE */
	uint32_t parent;		    /* of a directory */
	uint32_t first, last;		    /* entries of a directory, or NONE */
	const char *data;
	uint64_t size;
};

struct entry {
	uint32_t dir, node;
	uint32_t next;	     /* entry of the same directory, or NONE */
	uint32_t next_named; /* entry in the same bucket of names, or NONE */
	struct p9_string name;
};

struct cpiofs {
	struct node *nodes;
	struct entry *entries;
	uint32_t nnodes, nentries, room_for_nodes, room_for_entries;
	uint32_t version;
	unsigned left_out;
	uint32_t named[BUCKETS], linked[BUCKETS]; /* first of each bucket, or NONE */
	const char *why;			  /* what is wrong with the member */
};

/* ---- memory ---- */

/* Makes room for one more. Returns 0, -EINVAL if there are too many, or -ENOMEM. */
static int cpiofs_grow(struct cpiofs *fs, void **array, size_t bytes, uint32_t used, uint32_t *room,
		       uint32_t max)
{
	uint32_t wanted = *room ? *room * 2 : 64;
	void *larger;

	if (used < *room)
		return 0;
	if (used == max) {
		fs->why = "too many names";
		return -EINVAL;
	}
	larger = realloc(*array, wanted * bytes);
	if (!larger)
		return -ENOMEM;
	*array = larger;
	*room = wanted;
	return 0;
}

static int node_add(struct cpiofs *fs, const struct node *node, uint32_t *ret)
{
	void *array = fs->nodes;
	int err =
		cpiofs_grow(fs, &array, sizeof(*node), fs->nnodes, &fs->room_for_nodes, NODES_MAX);

	fs->nodes = array;
	if (err)
		return err;
	*ret = fs->nnodes++;
	fs->nodes[*ret] = *node;
	fs->nodes[*ret].first = fs->nodes[*ret].last = NONE;
	return 0;
}

/* ---- names ---- */

static uint32_t bucket_of_name(uint32_t dir, struct p9_string name)
{
	uint32_t hash = dir * 0x9e3779b1u;

	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (uint8_t)name.data[i]) * 0x01000193u;
	return (hash ^ hash >> 15) % BUCKETS;
}

static struct entry *entry_find(const struct cpiofs *fs, uint32_t dir, struct p9_string name)
{
	for (uint32_t i = fs->named[bucket_of_name(dir, name)]; i != NONE;
	     i = fs->entries[i].next_named) {
		struct entry *entry = &fs->entries[i];

		if (entry->dir == dir && entry->name.len == name.len &&
		    memcmp(entry->name.data, name.data, name.len) == 0)
			return entry;
	}
	return NULL;
}

/* Adds a name of a node at the end of a directory. */
static int entry_add(struct cpiofs *fs, uint32_t dir, struct p9_string name, uint32_t node)
{
	uint32_t *bucket = &fs->named[bucket_of_name(dir, name)], new = fs->nentries;
	void *array = fs->entries;
	struct node *parent = &fs->nodes[dir];
	int err = cpiofs_grow(fs, &array, sizeof(struct entry), new, &fs->room_for_entries,
			      ENTRIES_MAX);

	fs->entries = array;
	if (err)
		return err;
	fs->nentries++;
	fs->entries[new] = (struct entry){ dir, node, NONE, *bucket, name };
	*bucket = new;
	if (parent->first == NONE)
		parent->first = new;
	else
		fs->entries[parent->last].next = new;
	parent->last = new;
	if (S_ISDIR(fs->nodes[node].mode)) {
		fs->nodes[node].parent = dir;
		parent->nlink++; /* by its ".." */
	} else {
		fs->nodes[node].nlink++;
	}
	return 0;
}

/* Gets the next part of a path that means something. Returns false at the end. */
static bool next_part(const char **path, struct p9_string *ret)
{
	do {
		*path += strspn(*path, "/");
		*ret = (struct p9_string){ .data = *path, .len = strcspn(*path, "/") };
		*path += ret->len;
	} while (p9_string_is(*ret, "."));
	return ret->len > 0;
}

static int cpiofs_refuse(struct cpiofs *fs, const char *why)
{
	fs->why = why;
	return -EINVAL;
}

/* Gets the directory with that name; makes it if it is not there. */
static int dir_get(struct cpiofs *fs, uint32_t parent, struct p9_string name, uint32_t *ret)
{
	struct node node = { .mode = S_IFDIR | 0755, .nlink = 2 };
	struct entry *entry = entry_find(fs, parent, name);
	int err;

	if (entry && !S_ISDIR(fs->nodes[entry->node].mode))
		return cpiofs_refuse(fs, "a name goes through what is no directory");
	if (entry) {
		*ret = entry->node;
		return 0;
	}
	err = node_add(fs, &node, ret);
	return err ? err : entry_add(fs, parent, name, *ret);
}

/* Goes along a path to the directory of its last part. The root has no last part: it is empty. */
static int cpiofs_follow(struct cpiofs *fs, const char *path, uint32_t *dir, struct p9_string *last)
{
	struct p9_string part;
	bool more = next_part(&path, last);
	int err = 0;

	*dir = ROOT;
	while (more && !err) {
		if (last->len > NAME_MAX || p9_string_is(*last, ".."))
			return cpiofs_refuse(fs, "a name that cannot be served");
		more = next_part(&path, &part);
		if (!more)
			break;
		err = dir_get(fs, *dir, *last, dir);
		*last = part;
	}
	return err;
}

/* ---- members ---- */

static uint32_t *bucket_of_link(struct cpiofs *fs, const struct cpio_entry *member)
{
	uint32_t hash = (member->ino * 31 + member->dev_major) * 31 + member->dev_minor;

	hash *= 0x9e3779b1u;
	return &fs->linked[(hash ^ hash >> 15) % BUCKETS];
}

/* Finds the file that an earlier member is another name of. Returns NONE if there is none. */
static uint32_t linked_find(struct cpiofs *fs, const struct cpio_entry *member)
{
	uint32_t i = *bucket_of_link(fs, member);

	for (; i != NONE; i = fs->nodes[i].next_linked) {
		const struct node *node = &fs->nodes[i];

		if (node->ino == member->ino && node->dev_major == member->dev_major &&
		    node->dev_minor == member->dev_minor)
			return i;
	}
	return NONE;
}

/* Gives a file what the member says. Of hard links the last one has the contents. */
static void node_fill(struct node *node, const struct cpio_entry *member)
{
	node->mode = member->mode & (S_IFMT | 07777);
	node->uid = member->uid;
	node->gid = member->gid;
	node->mtime = member->mtime;
	if (S_ISDIR(member->mode) || member->size == 0)
		return;
	node->data = member->data;
	node->size = member->size;
}

/* Gets the node of a member that is no directory: a new one, or that of an earlier hard link. */
static int cpiofs_file_get(struct cpiofs *fs, const struct cpio_entry *member, uint32_t *ret)
{
	struct node node = { .ino = member->ino,
			     .dev_major = member->dev_major,
			     .dev_minor = member->dev_minor,
			     .next_linked = NONE };
	bool linked = S_ISREG(member->mode) && member->nlink > 1;
	uint32_t *bucket = bucket_of_link(fs, member);
	int err;

	*ret = linked ? linked_find(fs, member) : NONE;
	if (*ret == NONE) {
		if (linked)
			node.next_linked = *bucket;
		err = node_add(fs, &node, ret);
		if (err)
			return err;
		if (linked)
			*bucket = *ret;
	}
	node_fill(&fs->nodes[*ret], member);
	return 0;
}

static int add_dir(struct cpiofs *fs, uint32_t parent, struct p9_string name,
		   const struct cpio_entry *member)
{
	uint32_t dir = ROOT;
	int err = name.len > 0 ? dir_get(fs, parent, name, &dir) : 0;

	if (!err)
		node_fill(&fs->nodes[dir], member);
	return err;
}

static int add_file(struct cpiofs *fs, uint32_t dir, struct p9_string name,
		    const struct cpio_entry *member)
{
	struct entry *old = entry_find(fs, dir, name);
	uint32_t node;
	int err;

	if (name.len == 0 || (old && S_ISDIR(fs->nodes[old->node].mode)))
		return cpiofs_refuse(fs, "a directory has the name of this file");
	err = cpiofs_file_get(fs, member, &node);
	if (err)
		return err;
	if (!old)
		return entry_add(fs, dir, name, node);
	fs->nodes[old->node].nlink--;
	fs->nodes[node].nlink++;
	old->node = node;
	return 0;
}

static int add_member(struct cpiofs *fs, const struct cpio_entry *member)
{
	bool is_link = S_ISLNK(member->mode);
	struct p9_string name;
	uint32_t dir;
	int err;

	if (!S_ISDIR(member->mode) && !S_ISREG(member->mode) && !is_link) {
		fs->left_out++;
		return 0;
	}
	if (is_link && (member->size == 0 || member->size >= PATH_MAX ||
			memchr(member->data, 0, member->size)))
		return cpiofs_refuse(fs, "a symbolic link that leads nowhere");
	err = cpiofs_follow(fs, member->name, &dir, &name);
	if (err)
		return err;
	return S_ISDIR(member->mode) ? add_dir(fs, dir, name, member)
				     : add_file(fs, dir, name, member);
}

/* ---- the whole archive ---- */

static int read_archive(struct cpiofs *fs, struct cpio *cpio)
{
	struct node root = { .mode = S_IFDIR | 0755, .nlink = 2 };
	struct cpio_entry member;
	uint32_t node;
	int r = node_add(fs, &root, &node);

	if (r < 0)
		return r;
	while ((r = cpio_next(cpio, &member)) == 1) {
		r = add_member(fs, &member);
		if (r < 0)
			return r;
	}
	if (r < 0)
		fs->why = cpio->why;
	return r;
}

int cpiofs_create(const void *data, size_t size, uint32_t version, struct cpiofs **ret,
		  const char **why_ret, size_t *at_ret)
{
	struct cpiofs *fs = calloc(1, sizeof(*fs));
	struct cpio cpio;
	int err;

	*why_ret = "no memory";
	if (!fs)
		return -ENOMEM;
	fs->version = version;
	memset(fs->named, 0xff, sizeof(fs->named));
	memset(fs->linked, 0xff, sizeof(fs->linked));
	cpio_init(&cpio, data, size);
	err = read_archive(fs, &cpio);
	if (err) {
		*why_ret = err == -EINVAL ? fs->why : *why_ret;
		*at_ret = cpio.pos;
		cpiofs_destroy(fs);
		return err;
	}
	*ret = fs;
	return 0;
}

void cpiofs_destroy(struct cpiofs *fs)
{
	free(fs->nodes);
	free(fs->entries);
	free(fs);
}

unsigned cpiofs_left_out(const struct cpiofs *fs)
{
	return fs->left_out;
}

/* ---- what a client asks ---- */

static int cpiofs_walk(void *tree, uint64_t dir, struct p9_string name, uint64_t *ret)
{
	const struct cpiofs *fs = tree;
	const struct entry *entry;

	if (p9_string_is(name, "..")) {
		*ret = fs->nodes[dir].parent;
		return 0;
	}
	entry = entry_find(fs, (uint32_t)dir, name);
	if (!entry)
		return -ENOENT;
	*ret = entry->node;
	return 0;
}

static int cpiofs_getattr(void *tree, uint64_t file, struct file_attr *ret)
{
	const struct cpiofs *fs = tree;
	const struct node *node = &fs->nodes[file];

	*ret = (struct file_attr){
		.mode = node->mode,
		.uid = node->uid,
		.gid = node->gid,
		.version = fs->version,
		.lease = true,
		.nlink = node->nlink,
		.size = node->size,
		.mtime = node->mtime,
	};
	return 0;
}

/* What is served is the archive's own memory: no byte is copied here. */
static ssize_t cpiofs_read(void *tree, uint64_t file, uint64_t offset, void *buf, size_t n,
			   const void **data)
{
	const struct node *node = &((const struct cpiofs *)tree)->nodes[file];

	if (offset >= node->size)
		return 0;
	*data = node->data + offset;
	return n < node->size - offset ? (ssize_t)n : (ssize_t)(node->size - offset);
}

/* `at` is 0, or the number of the entry that comes next, and 1. What the client says may be of another directory. */
static int cpiofs_readdir(void *tree, uint64_t dir, uint64_t at, struct file_entry *ret)
{
	const struct cpiofs *fs = tree;
	uint64_t i = at ? at - 1 : fs->nodes[dir].first;
	const struct entry *entry;

	if (i >= fs->nentries || fs->entries[i].dir != dir)
		return 0;
	entry = &fs->entries[i];
	*ret = (struct file_entry){ entry->node, entry->name, (uint64_t)entry->next + 1 };
	return 1;
}

static int cpiofs_readlink(void *tree, uint64_t file, struct p9_string *ret)
{
	const struct node *node = &((const struct cpiofs *)tree)->nodes[file];

	*ret = (struct p9_string){ .data = node->data, .len = node->size };
	return 0;
}

const struct file_ops cpiofs_ops = {
	.walk = cpiofs_walk,
	.getattr = cpiofs_getattr,
	.read = cpiofs_read,
	.readdir = cpiofs_readdir,
	.readlink = cpiofs_readlink,
};
