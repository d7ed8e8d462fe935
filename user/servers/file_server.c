/* SPDX-License-Identifier: MIT */
/* Answers 9P requests: one function a request, which checks what the client says and asks the tree. */
#include "file_server.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define BLOCK	   512u /* the unit of st_blocks */
#define TYPE_SHIFT 12	/* from the type in st_mode to DT_REG and the like */

/* Flags of Tlopen that ask for a change; the numbers are those of Linux on most machines. */
#define LOPEN_ACCESS	03u
#define LOPEN_TRUNC	01000u
#define LOPEN_DIRECTORY 0200000u

/* Entries of a directory that the library makes. */
enum { DOT, DOT_DOT, FIRST_OF_TREE };

bool p9_string_is(struct p9_string string, const char *text)
{
	return string.len == strlen(text) && memcmp(string.data, text, string.len) == 0;
}

struct p9_string p9_string(const char *text)
{
	return (struct p9_string){ .data = text, .len = strlen(text) };
}

void file_server_init(struct file_server *server, const struct file_ops *ops, void *tree)
{
	server->ops = ops;
	server->tree = tree;
	server->endpoint = -1;
}

static struct p9_qid make_qid(uint64_t file, const struct file_attr *attr)
{
	return (struct p9_qid){
		.type = S_ISDIR(attr->mode)   ? P9_QTDIR
			: S_ISLNK(attr->mode) ? P9_QTSYMLINK
					      : P9_QTFILE,
		.version = attr->version,
		.path = file,
	};
}

static int get_attr(struct file_server *s, uint64_t file, struct file_attr *ret)
{
	*ret = (struct file_attr){ 0 };
	return s->ops->getattr(s->tree, file, ret);
}

/* Gets the file of a fid and its attributes. */
static int get_file(struct file_server *s, uint32_t number, uint64_t *file, struct file_attr *attr)
{
	const struct fid *fid = fid_get(&s->fids, number);

	if (!fid)
		return -EBADF;
	*file = fid->file;
	return get_attr(s, fid->file, attr);
}

static int get_open_file(struct file_server *s, uint32_t number, uint64_t *file,
			 struct file_attr *attr)
{
	const struct fid *fid = fid_get(&s->fids, number);

	if (!fid || !fid->open)
		return -EBADF;
	*file = fid->file;
	return get_attr(s, fid->file, attr);
}

/*
 * The functions below return the size of the reply in s->reply, or a negative errno. Those with data
 * set *data and *ndata, which belong behind it.
 */

/* A session begins. It ends the one before. */
static ssize_t answer_version(struct file_server *s, const struct p9_packet *packet, uint16_t tag)
{
	struct p9_rversion r = { .version = p9_string(P9_VERSION) };
	struct p9_tversion t;
	int err = p9_decode_tversion(packet, &t);

	if (err)
		return err;
	if (t.msize < FILE_SERVER_MSIZE_MIN)
		return -EMSGSIZE;
	s->msize = 0;
	fid_drop_all(&s->fids);
	r.msize = t.msize < FILE_SERVER_MSIZE ? t.msize : FILE_SERVER_MSIZE;
	if (p9_string_is(t.version, P9_VERSION))
		s->msize = r.msize;
	else
		r.version = p9_string("unknown");
	return p9_encode_rversion(s->reply, sizeof(s->reply), tag, &r);
}

static ssize_t answer_attach(struct file_server *s, const struct p9_packet *packet, uint16_t tag)
{
	struct file_attr attr;
	struct p9_rattach r;
	struct p9_tattach t;
	uint64_t root = 0;
	int err = p9_decode_tattach(packet, &t);

	if (!err && t.afid != P9_NOFID)
		err = -EOPNOTSUPP; /* Tauth was refused, so there is none */
	if (!err && fid_get(&s->fids, t.fid))
		err = -EBADF;
	if (!err && s->ops->attach)
		err = s->ops->attach(s->tree, t.aname, &root);
	if (!err)
		err = get_attr(s, root, &attr);
	if (!err)
		err = fid_set(&s->fids, t.fid, root);
	if (err)
		return err;
	r.qid = make_qid(root, &attr);
	return p9_encode_rattach(s->reply, s->msize, tag, &r);
}

/* Nothing is on its way: the request with the old tag was answered before this one was read. */
static ssize_t answer_flush(struct file_server *s, const struct p9_packet *packet, uint16_t tag)
{
	struct p9_tflush t;
	int err = p9_decode_tflush(packet, &t);

	return err ? err : p9_encode_rflush(s->reply, s->msize, tag);
}

/* Goes from *file to the file with that name in it. */
static int walk_one(struct file_server *s, uint64_t *file, struct p9_string name,
		    struct p9_qid *ret)
{
	struct file_attr attr;
	uint64_t next;
	int err = get_attr(s, *file, &attr);

	if (!err && !S_ISDIR(attr.mode))
		err = -ENOTDIR;
	if (!err)
		err = s->ops->walk(s->tree, *file, name, &next);
	if (!err)
		err = get_attr(s, next, &attr);
	if (err)
		return err;
	*ret = make_qid(next, &attr);
	*file = next;
	return 0;
}

/* If not even the first name is there, that is an error; else the client counts how far it came. */
static ssize_t answer_walk(struct file_server *s, const struct p9_packet *packet, uint16_t tag)
{
	struct p9_rwalk r = { 0 };
	const struct fid *fid;
	struct p9_twalk t;
	uint64_t file;
	int err = p9_decode_twalk(packet, &t);

	if (err)
		return err;
	fid = fid_get(&s->fids, t.fid);
	if (!fid || (t.newfid == t.fid ? fid->open : fid_get(&s->fids, t.newfid) != NULL))
		return -EBADF;
	file = fid->file;
	while (!err && r.nwqid < t.nwname) {
		err = walk_one(s, &file, t.wname[r.nwqid], &r.wqid[r.nwqid]);
		r.nwqid += !err;
	}
	if (r.nwqid == t.nwname)
		err = fid_set(&s->fids, t.newfid, file);
	else if (r.nwqid > 0)
		err = 0;
	return err ? err : p9_encode_rwalk(s->reply, s->msize, tag, &r);
}

static int may_open(struct file_server *s, uint64_t file, uint32_t mode, uint32_t flags)
{
	if ((flags & LOPEN_ACCESS) != O_RDONLY || (flags & LOPEN_TRUNC))
		return -EROFS;
	if (S_ISLNK(mode))
		return -ELOOP;
	if (S_ISDIR(mode))
		return 0;
	if (flags & LOPEN_DIRECTORY)
		return -ENOTDIR;
	return s->ops->open ? s->ops->open(s->tree, file) : 0;
}

static ssize_t answer_lopen(struct file_server *s, const struct p9_packet *packet, uint16_t tag)
{
	struct p9_rlopen r = { .iounit = 0 }; /* as much as fits into a message */
	struct file_attr attr = { 0 };
	struct p9_tlopen t;
	uint64_t file;
	int err = p9_decode_tlopen(packet, &t);

	if (!err)
		err = get_file(s, t.fid, &file, &attr);
	if (!err && fid_get(&s->fids, t.fid)->open)
		err = -EBADF;
	if (!err)
		err = may_open(s, file, attr.mode, t.flags);
	if (err)
		return err;
	fid_get(&s->fids, t.fid)->open = true;
	r.qid = make_qid(file, &attr);
	return p9_encode_rlopen(s->reply, s->msize, tag, &r);
}

static ssize_t answer_clunk(struct file_server *s, const struct p9_packet *packet, uint16_t tag)
{
	struct p9_tclunk t;
	int err = p9_decode_tclunk(packet, &t);

	if (!err && !fid_drop(&s->fids, t.fid))
		err = -EBADF;
	return err ? err : p9_encode_rclunk(s->reply, s->msize, tag);
}

/* The fid is gone, although nothing is removed: so says the protocol. */
static ssize_t answer_remove(struct file_server *s, const struct p9_packet *packet)
{
	struct p9_tremove t;
	int err = p9_decode_tremove(packet, &t);

	if (!err && !fid_drop(&s->fids, t.fid))
		err = -EBADF;
	return err ? err : -EROFS;
}

static ssize_t answer_read(struct file_server *s, const struct p9_packet *packet, uint16_t tag,
			   struct file_reply *ret)
{
	struct p9_rread r = { 0 };
	struct file_attr attr;
	struct p9_tread t;
	uint64_t file;
	ssize_t n;
	int err = p9_decode_tread(packet, &t);

	if (!err)
		err = get_open_file(s, t.fid, &file, &attr);
	if (!err && S_ISDIR(attr.mode))
		err = -EISDIR;
	if (!err && !s->ops->read)
		err = -EOPNOTSUPP;
	if (err)
		return err;
	if (t.count > s->msize - P9_RREAD_HEAD_BYTES)
		t.count = s->msize - P9_RREAD_HEAD_BYTES;
	ret->data = s->reply + FILE_SERVER_REPLY_DATA;
	n = s->ops->read(s->tree, file, t.offset, s->reply + FILE_SERVER_REPLY_DATA, t.count,
			 &ret->data);
	if (n < 0)
		return n;
	r.count = (uint32_t)n;
	ret->ndata = (size_t)n;
	return p9_encode_rread(s->reply, P9_RREAD_HEAD_BYTES, tag, &r);
}

/* Gets the entry at `at` without its qid. Returns 1, or 0 at the end. */
static int server_entry_at(struct file_server *s, uint64_t dir, uint64_t at, struct file_entry *ret)
{
	int r;

	*ret = (struct file_entry){ .file = dir, .name = p9_string("."), .next = at + 1 };
	if (at == DOT)
		return 1;
	if (at == DOT_DOT) {
		ret->name = p9_string("..");
		r = s->ops->walk(s->tree, dir, ret->name, &ret->file);
		return r ? r : 1;
	}
	r = s->ops->readdir(s->tree, dir, at - FIRST_OF_TREE, ret);
	ret->next += FIRST_OF_TREE;
	return r;
}

/* Writes the entry at *at, and moves *at behind it. Returns its bytes, or 0 at the end. */
static ssize_t put_entry(struct file_server *s, uint64_t dir, uint64_t *at, void *to, size_t size)
{
	struct file_entry entry;
	struct file_attr attr;
	ssize_t r = server_entry_at(s, dir, *at, &entry);

	if (r <= 0)
		return r;
	r = get_attr(s, entry.file, &attr);
	if (r < 0)
		return r;
	r = p9_put_dirent(to, size,
			  &(struct p9_dirent){ .qid = make_qid(entry.file, &attr),
					       .offset = entry.next,
					       .type = (uint8_t)(attr.mode >> TYPE_SHIFT),
					       .name = entry.name });
	if (r > 0)
		*at = entry.next;
	return r;
}

/* An error behind the first entry comes again, alone, with the next request. */
static ssize_t answer_readdir(struct file_server *s, const struct p9_packet *packet, uint16_t tag,
			      struct file_reply *ret)
{
	uint8_t *to = s->reply + P9_RREADDIR_HEAD_BYTES;
	struct p9_rreaddir r = { 0 };
	struct p9_treaddir t;
	struct file_attr attr;
	uint64_t dir;
	ssize_t n;
	int err = p9_decode_treaddir(packet, &t);

	if (!err)
		err = get_open_file(s, t.fid, &dir, &attr);
	if (!err && !S_ISDIR(attr.mode))
		err = -ENOTDIR;
	if (!err && !s->ops->readdir)
		err = -EOPNOTSUPP;
	if (err)
		return err;
	if (t.count > s->msize - P9_RREADDIR_HEAD_BYTES)
		t.count = s->msize - P9_RREADDIR_HEAD_BYTES;
	while ((n = put_entry(s, dir, &t.offset, to + r.count, t.count - r.count)) > 0)
		r.count += (uint32_t)n;
	/* An empty reply would be the end of the directory. */
	if (n < 0 && r.count == 0)
		return n == -EMSGSIZE ? -EINVAL : n;
	ret->data = to;
	ret->ndata = r.count;
	return p9_encode_rreaddir(s->reply, P9_RREADDIR_HEAD_BYTES, tag, &r);
}

static ssize_t answer_readlink(struct file_server *s, const struct p9_packet *packet, uint16_t tag)
{
	struct p9_rreadlink r;
	struct p9_treadlink t;
	struct file_attr attr;
	uint64_t file;
	int err = p9_decode_treadlink(packet, &t);

	if (!err)
		err = get_file(s, t.fid, &file, &attr);
	if (!err && !S_ISLNK(attr.mode))
		err = -EINVAL;
	if (!err)
		err = s->ops->readlink ? s->ops->readlink(s->tree, file, &r.target) : -EOPNOTSUPP;
	return err ? err : p9_encode_rreadlink(s->reply, s->msize, tag, &r);
}

static ssize_t answer_getattr(struct file_server *s, const struct p9_packet *packet, uint16_t tag)
{
	struct p9_rgetattr r = { .valid = P9_GETATTR_BASIC, .blksize = 4096 };
	struct p9_tgetattr t;
	struct file_attr attr;
	uint64_t file;
	int err = p9_decode_tgetattr(packet, &t);

	if (!err)
		err = get_file(s, t.fid, &file, &attr);
	if (err)
		return err;
	if (attr.lease && s->endpoint >= 0)
		r.valid |= t.request_mask & P9_GETATTR_LEASE;
	r.qid = make_qid(file, &attr);
	r.mode = attr.mode;
	r.uid = attr.uid;
	r.gid = attr.gid;
	r.nlink = attr.nlink;
	r.size = attr.size;
	r.blocks = attr.size / BLOCK + (attr.size % BLOCK != 0);
	r.atime_sec = r.mtime_sec = r.ctime_sec = (uint64_t)attr.mtime;
	return p9_encode_rgetattr(s->reply, s->msize, tag, &r);
}

static ssize_t answer_statfs(struct file_server *s, const struct p9_packet *packet, uint16_t tag)
{
	/* The type of 9P as Linux has it. */
	struct p9_rstatfs r = { .type = 0x01021997, .bsize = 4096, .namelen = 255 };
	struct p9_tstatfs t;
	int err = p9_decode_tstatfs(packet, &t);

	if (!err && !fid_get(&s->fids, t.fid))
		err = -EBADF;
	if (!err && s->ops->statfs)
		err = s->ops->statfs(s->tree, &r);
	return err ? err : p9_encode_rstatfs(s->reply, s->msize, tag, &r);
}

static ssize_t answer_fsync(struct file_server *s, const struct p9_packet *packet, uint16_t tag)
{
	struct p9_tfsync t;
	int err = p9_decode_tfsync(packet, &t);

	if (!err && !fid_get(&s->fids, t.fid))
		err = -EBADF;
	return err ? err : p9_encode_rfsync(s->reply, s->msize, tag);
}

static ssize_t answer_request(struct file_server *s, unsigned type, const struct p9_packet *packet,
			      uint16_t tag, struct file_reply *ret)
{
	switch (type) {
	case P9_TATTACH:
		return answer_attach(s, packet, tag);
	case P9_TFLUSH:
		return answer_flush(s, packet, tag);
	case P9_TWALK:
		return answer_walk(s, packet, tag);
	case P9_TLOPEN:
		return answer_lopen(s, packet, tag);
	case P9_TCLUNK:
		return answer_clunk(s, packet, tag);
	case P9_TREAD:
		return answer_read(s, packet, tag, ret);
	case P9_TREADDIR:
		return answer_readdir(s, packet, tag, ret);
	case P9_TREADLINK:
		return answer_readlink(s, packet, tag);
	case P9_TGETATTR:
		return answer_getattr(s, packet, tag);
	case P9_TSTATFS:
		return answer_statfs(s, packet, tag);
	case P9_TFSYNC:
		return answer_fsync(s, packet, tag);
	case P9_TREMOVE:
		return answer_remove(s, packet);
	case P9_TLCREATE:
	case P9_TWRITE:
	case P9_TSETATTR:
	case P9_TSYMLINK:
	case P9_TMKNOD:
	case P9_TMKDIR:
	case P9_TLINK:
	case P9_TRENAMEAT:
	case P9_TUNLINKAT:
		return -EROFS;
	default:
		return -EOPNOTSUPP;
	}
}

void file_server_answer(struct file_server *server, size_t n, struct file_reply *ret)
{
	struct p9_packet packet = p9_packet(server->request, n);
	struct p9_header header;
	ssize_t size;

	*ret = (struct file_reply){ .head = server->reply };
	if (p9_peek(&packet, &header) != 0)
		return;
	if (header.type == P9_TVERSION)
		size = answer_version(server, &packet, header.tag);
	else if (server->msize == 0 || n > server->msize)
		size = -EPROTO;
	else
		size = answer_request(server, header.type, &packet, header.tag, ret);
	if (size < 0) {
		ret->ndata = 0;
		size = p9_encode_rlerror(server->reply, sizeof(server->reply), header.tag,
					 &(struct p9_rlerror){ (uint32_t)-size });
	}
	ret->nhead = (size_t)size;
}
