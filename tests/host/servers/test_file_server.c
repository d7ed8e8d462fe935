/* SPDX-License-Identifier: MIT */
/* The library of file servers: each request and each error, on a small tree of the test's own. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "client.h"

/* Root 1 (or 0) has "file" 2, "dir" 3, "link" 4, "shut" 5, "bad" 6; dir has 300 names. */
enum { ROOT = 1, FILE_NODE, DIR_NODE, LINK_NODE, SHUT, BAD, DEEP };

#define NAMES 300u
#define SIZE  100000u

static uint8_t contents[SIZE];
static bool elsewhere; /* the tree does not copy what is read */

static int tree_attach(void *tree, struct p9_string aname, uint64_t *ret)
{
	assert_ptr_equal(contents, tree);
	*ret = ROOT;
	return p9_string_is(aname, "nothing") ? -ENOENT : 0;
}

static int tree_walk(void *tree, uint64_t dir, struct p9_string name, uint64_t *ret)
{
	static const char *const names[] = { "file", "dir", "link", "shut", "bad" };

	assert_true(dir <= ROOT || dir == DIR_NODE);
	*ret = ROOT;
	if (p9_string_is(name, ".."))
		return 0;
	for (unsigned i = 0; dir <= ROOT && i < 5; i++)
		if (p9_string_is(name, names[i])) {
			*ret = FILE_NODE + i;
			return 0;
		}
	return -ENOENT;
}

static int tree_getattr(void *tree, uint64_t file, struct file_attr *ret)
{
	ret->mode = file <= ROOT || file == DIR_NODE ? S_IFDIR | 0751
		    : file == LINK_NODE		     ? S_IFLNK | 0777
						     : S_IFREG | 0640;
	ret->uid = 11;
	ret->gid = 12;
	ret->nlink = 13;
	ret->size = file == FILE_NODE ? SIZE : 0;
	ret->mtime = -14;
	ret->version = 15;
	ret->lease = true;
	return file == BAD ? -EUCLEAN : 0;
}

static int tree_open(void *tree, uint64_t file)
{
	return file == SHUT ? -EACCES : 0;
}

static ssize_t tree_read(void *tree, uint64_t file, uint64_t offset, void *buf, size_t n,
			 const void **data)
{
	assert_int_equal(FILE_NODE, file);
	assert_ptr_equal(buf, *data);
	if (offset >= SIZE)
		return 0;
	n = n < SIZE - offset ? n : SIZE - offset;
	if (elsewhere)
		*data = contents + offset;
	else
		memcpy(buf, contents + offset, n);
	return (ssize_t)n;
}

static char long_name[256];

static int tree_readdir(void *tree, uint64_t dir, uint64_t at, struct file_entry *ret)
{
	long_name[0] = (char)('a' + at % 26);
	*ret = (struct file_entry){ DEEP + at, p9_string(long_name), at + 1 };
	if (dir == ROOT)
		return at == 0 ? -EREMOTEIO : 0;
	return at < NAMES;
}

static int tree_readlink(void *tree, uint64_t file, struct p9_string *ret)
{
	*ret = p9_string("file");
	return 0;
}

static int tree_statfs(void *tree, struct p9_rstatfs *ret)
{
	ret->blocks = 77;
	return 0;
}

static const struct file_ops ops = { tree_attach, tree_walk,	tree_getattr,  tree_open,
				     tree_read,	  tree_readdir, tree_readlink, tree_statfs };
/* What a server must have at least. */
static const struct file_ops least = { .walk = tree_walk, .getattr = tree_getattr };

void test_setup(void)
{
	for (unsigned i = 0; i < SIZE; i++)
		contents[i] = (uint8_t)(i * 7 + i / 253);
	memset(long_name, 'x', sizeof(long_name) - 1);
	client_begin(&ops, contents, CLIENT_MSIZE);
}

#define CALL(type, name, ...)                                                              \
	({                                                                                 \
		union p9_any call_message = { .name = (struct p9_##name){ __VA_ARGS__ } }; \
		client_call(type, &call_message);                                          \
	})
#define TEXT(s)                  \
	{                        \
		s, sizeof(s) - 1 \
	}

TEST(session_agrees_on_the_size_of_messages)
{
	union p9_any m = { .tversion = { 1u << 30, p9_string(P9_VERSION) } };

	assert_int_equal(0, client_call(P9_TVERSION, &m));
	assert_int_equal(FILE_SERVER_MSIZE, m.rversion.msize);
	m.tversion = (struct p9_tversion){ 5000, p9_string(P9_VERSION) };
	assert_int_equal(0, client_call(P9_TVERSION, &m));
	assert_int_equal(5000, m.rversion.msize);
	assert_int_equal(-EMSGSIZE, CALL(P9_TVERSION, tversion, 4095, TEXT(P9_VERSION)));
	assert_int_equal(-EMSGSIZE, CALL(P9_TVERSION, tversion, 0, TEXT(P9_VERSION)));
}

TEST(session_begins_with_a_version_that_is_known)
{
	union p9_any m = { .tversion = { 8192, p9_string("9P2000.u") } };

	assert_int_equal(0, client_walk(1, ""));
	assert_int_equal(0, client_call(P9_TVERSION, &m));
	assert_true(p9_string_is(m.rversion.version, "unknown"));
	assert_int_equal(-EPROTO, client_walk(2, ""));
	/* A new session knows no fid of the old one. */
	assert_int_equal(0, CALL(P9_TVERSION, tversion, 8192, TEXT(P9_VERSION)));
	assert_int_equal(-EBADF, client_walk(2, ""));
	client_connect(&ops, contents);
	assert_int_equal(-EPROTO, CALL(P9_TATTACH, tattach, 0, P9_NOFID, TEXT(""), TEXT(""), 0));
}

TEST(attach_gets_the_root)
{
	assert_int_equal(-EBADF, CALL(P9_TATTACH, tattach, 0, P9_NOFID, TEXT(""), TEXT(""), 0));
	assert_int_equal(-EOPNOTSUPP, CALL(P9_TATTACH, tattach, 1, 0, TEXT(""), TEXT(""), 0));
	assert_int_equal(-ENOENT,
			 CALL(P9_TATTACH, tattach, 1, P9_NOFID, TEXT(""), TEXT("nothing"), 0));
	assert_int_equal(-EBADF, client_clunk(1));
	assert_int_equal(0, CALL(P9_TATTACH, tattach, 1, P9_NOFID, TEXT("u"), TEXT("x"), 0));
	assert_int_equal(0, client_clunk(1));
}

TEST(walk_goes_as_far_as_it_can)
{
	union p9_any m = { .twalk = { 0, 1, 3, { TEXT("dir"), TEXT(".."), TEXT("file") } } };

	assert_int_equal(0, client_call(P9_TWALK, &m));
	assert_int_equal(3, m.rwalk.nwqid);
	assert_int_equal(P9_QTDIR, m.rwalk.wqid[0].type);
	assert_int_equal(DIR_NODE, m.rwalk.wqid[0].path);
	assert_int_equal(ROOT, m.rwalk.wqid[1].path);
	assert_int_equal(P9_QTFILE, m.rwalk.wqid[2].type);
	assert_int_equal(15, m.rwalk.wqid[2].version);
	m.twalk = (struct p9_twalk){ 0, 2, 3, { TEXT("dir"), TEXT("none"), TEXT("x") } };
	assert_int_equal(0, client_call(P9_TWALK, &m));
	assert_int_equal(1, m.rwalk.nwqid);
	assert_int_equal(-EBADF, client_clunk(2));
	m.twalk = (struct p9_twalk){ 0, 2, 2, { TEXT("file"), TEXT("..") } };
	assert_int_equal(0, client_call(P9_TWALK, &m));
	assert_int_equal(1, m.rwalk.nwqid); /* a file has no parent to go to */
	assert_int_equal(-ENOENT, client_walk(2, "none"));
	assert_int_equal(-EUCLEAN, client_walk(2, "bad"));
	assert_int_equal(-ENOTDIR, CALL(P9_TWALK, twalk, 1, 2, 1, { TEXT("x") }));
	assert_int_equal(-EBADF, CALL(P9_TWALK, twalk, .fid = 9, .newfid = 2));
	assert_int_equal(-EBADF, CALL(P9_TWALK, twalk, .fid = 0, .newfid = 1)); /* in use */
	assert_int_equal(-EBADF, client_clunk(2));
}

TEST(walk_can_move_a_fid)
{
	struct p9_rgetattr attr;

	assert_int_equal(0, client_walk(1, ""));
	assert_int_equal(0, CALL(P9_TWALK, twalk, 1, 1, 2, { TEXT("dir"), TEXT("none") }));
	assert_int_equal(0, client_getattr(1, &attr));
	assert_int_equal(ROOT, attr.qid.path); /* it went nowhere, for the walk ended early */
	assert_int_equal(0, CALL(P9_TWALK, twalk, 1, 1, 1, { TEXT("file") }));
	assert_int_equal(0, client_getattr(1, &attr));
	assert_int_equal(FILE_NODE, attr.qid.path);
	assert_int_equal(0, client_open(1, 0));
	assert_int_equal(-EBADF,
			 CALL(P9_TWALK, twalk, .fid = 1, .newfid = 1)); /* not while it is open */
	assert_int_equal(0, CALL(P9_TWALK, twalk, .fid = 1, .newfid = 2));
	assert_int_equal(0, client_open(2, 0)); /* the copy was not open */
}

TEST(open_only_to_read)
{
	assert_int_equal(0, client_walk(1, "file"));
	assert_int_equal(-EROFS, client_open(1, O_WRONLY));
	assert_int_equal(-EROFS, client_open(1, O_RDWR));
	assert_int_equal(-EROFS, client_open(1, 01000));      /* O_TRUNC */
	assert_int_equal(-ENOTDIR, client_open(1, 0200000));  /* O_DIRECTORY */
	assert_int_equal(0, client_open(1, 0100000 | 04000)); /* O_LARGEFILE, O_NONBLOCK */
	assert_int_equal(-EBADF, client_open(1, 0));
	assert_int_equal(0, client_walk(2, "link"));
	assert_int_equal(-ELOOP, client_open(2, 0));
	assert_int_equal(0, client_walk(3, "shut"));
	assert_int_equal(-EACCES, client_open(3, 0));
	assert_int_equal(0, client_walk(4, "dir"));
	assert_int_equal(0, client_open(4, 0200000));
	assert_int_equal(-EBADF, client_open(5, 0));
}

TEST(read_any_bytes)
{
	const void *data;

	assert_int_equal(0, client_walk(1, "file"));
	assert_int_equal(-EBADF, client_read(1, 0, 1, &data)); /* not open */
	assert_int_equal(0, client_open(1, 0));
	for (unsigned i = 0; i < 2000; i++) {
		uint64_t offset = test_below(SIZE + 10);
		uint32_t count = (uint32_t)test_below(70000);
		size_t expected = offset < SIZE ? SIZE - offset : 0;

		elsewhere = test_below(2);
		expected = expected < count ? expected : count;
		if (expected > CLIENT_MSIZE - 11)
			expected = CLIENT_MSIZE - 11;
		assert_int_equal(expected, client_read(1, offset, count, &data));
		if (expected > 0)
			assert_memory_equal(contents + offset, data, expected);
	}
	assert_int_equal(0, client_read(1, UINT64_MAX, UINT32_MAX, &data));
	assert_int_equal(-EBADF, client_read(2, 0, 1, &data));
	assert_int_equal(0, client_walk(2, "dir"));
	assert_int_equal(0, client_open(2, 0));
	assert_int_equal(-EISDIR, client_read(2, 0, 1, &data));
}

/* Reads the directory by requests of `count` bytes. Returns how many entries it has. */
static unsigned list(uint32_t fid, uint32_t count)
{
	struct p9_dirent entry = { .offset = 0 };
	unsigned n = 0;
	const void *data;
	ssize_t bytes;

	while ((bytes = client_readdir(fid, entry.offset, count, &data)) > 0) {
		size_t pos = 0;

		assert_true(bytes <= count);
		while (pos < (size_t)bytes) {
			assert_int_equal(1, p9_next_dirent(data, (size_t)bytes, &pos, &entry));
			assert_true(n != 0 || p9_string_is(entry.name, "."));
			assert_true(n != 1 || p9_string_is(entry.name, ".."));
			assert_int_equal(n == 0	  ? DIR_NODE
					 : n == 1 ? ROOT
						  : DEEP + n - 2,
					 entry.qid.path);
			assert_int_equal(n < 2 ? 4 : 8, entry.type);
			n++;
		}
	}
	assert_int_equal(0, bytes);
	return n;
}

TEST(directories_in_pieces)
{
	const void *data;

	assert_int_equal(0, client_walk(1, "dir"));
	assert_int_equal(-EBADF, client_readdir(1, 0, 1000, &data)); /* not open */
	assert_int_equal(0, client_open(1, 0));
	assert_int_equal(NAMES + 2, list(1, 100000));
	assert_int_equal(NAMES + 2, list(1, 24 + 255));
	assert_int_equal(NAMES + 2, list(1, 1000));
	/* No room for one entry: that is not the end. */
	assert_int_equal(-EINVAL, client_readdir(1, 2, 24 + 254, &data));
	assert_int_equal(-EINVAL, client_readdir(1, 0, 24, &data));
	assert_int_equal(25, client_readdir(1, 0, 25, &data));
	assert_int_equal(26, client_readdir(1, 1, 26, &data));
	assert_int_equal(-EINVAL, client_readdir(1, 0, 0, &data));
	assert_int_equal(0, client_readdir(1, UINT64_MAX, 1000, &data));
	assert_int_equal(0, client_walk(2, "file"));
	assert_int_equal(0, client_open(2, 0));
	assert_int_equal(-ENOTDIR, client_readdir(2, 0, 1000, &data));
}

TEST(error_in_a_directory_comes_after_the_entries_before_it)
{
	const void *data;

	assert_int_equal(0, client_walk(1, ""));
	assert_int_equal(0, client_open(1, 0));
	assert_int_equal(25 + 26, client_readdir(1, 0, 1000, &data));
	assert_int_equal(-EREMOTEIO, client_readdir(1, 2, 1000, &data));
}

TEST(attributes)
{
	struct p9_rgetattr r;

	assert_int_equal(0, client_walk(1, "file"));
	assert_int_equal(0, client_getattr(1, &r));
	assert_int_equal(P9_GETATTR_BASIC, r.valid);
	assert_int_equal(S_IFREG | 0640, r.mode);
	assert_int_equal(11, r.uid);
	assert_int_equal(12, r.gid);
	assert_int_equal(13, r.nlink);
	assert_int_equal(SIZE, r.size);
	assert_int_equal(4096, r.blksize);
	assert_int_equal((SIZE + 511) / 512, r.blocks);
	assert_int_equal(-14, (int64_t)r.mtime_sec);
	assert_int_equal(-14, (int64_t)r.atime_sec);
	assert_int_equal(FILE_NODE, r.qid.path);
	assert_int_equal(-EBADF, client_getattr(2, &r));
}

/* A client that is not at an endpoint could not be told of a revocation. */
TEST(no_lease_without_an_endpoint) // R142
{
	union p9_any m = { .tgetattr = { 1, P9_GETATTR_BASIC | P9_GETATTR_LEASE } };

	assert_int_equal(0, client_walk(1, "file"));
	assert_int_equal(0, client_call(P9_TGETATTR, &m));
	assert_int_equal(P9_GETATTR_BASIC, m.rgetattr.valid);
}

TEST(links_and_statfs)
{
	union p9_any m = { .tstatfs = { 0 } };
	char target[100];

	assert_int_equal(0, client_call(P9_TSTATFS, &m));
	assert_int_equal(77, m.rstatfs.blocks);
	assert_int_equal(255, m.rstatfs.namelen);
	assert_int_equal(-EBADF, CALL(P9_TSTATFS, tstatfs, 5));
	assert_int_equal(0, client_walk(1, "link"));
	assert_int_equal(0, client_readlink(1, target, sizeof(target)));
	assert_string_equal("file", target);
	assert_int_equal(-EINVAL, client_readlink(0, target, sizeof(target)));
	assert_int_equal(-EBADF, client_readlink(7, target, sizeof(target)));
}

TEST(clunk_remove_flush_fsync)
{
	assert_int_equal(0, client_walk(1, "file"));
	assert_int_equal(0, CALL(P9_TFSYNC, tfsync, 1, 0));
	assert_int_equal(-EBADF, CALL(P9_TFSYNC, tfsync, 2, 0));
	assert_int_equal(-EROFS, CALL(P9_TREMOVE, tremove, 1));
	assert_int_equal(-EBADF, client_clunk(1)); /* gone with Tremove */
	assert_int_equal(-EBADF, CALL(P9_TREMOVE, tremove, 1));
	assert_int_equal(0, CALL(P9_TFLUSH, tflush, 17));
}

TEST(nothing_is_written)
{
	assert_int_equal(-EROFS, CALL(P9_TLCREATE, tlcreate, 0, TEXT("a"), 1, 0644, 0));
	assert_int_equal(-EROFS, CALL(P9_TWRITE, twrite, 0, 0, 3, "abc"));
	assert_int_equal(-EROFS, CALL(P9_TSETATTR, tsetattr, .fid = 0, .valid = P9_SETATTR_MODE));
	assert_int_equal(-EROFS, CALL(P9_TSYMLINK, tsymlink, 0, TEXT("a"), TEXT("b"), 0));
	assert_int_equal(-EROFS, CALL(P9_TMKNOD, tmknod, 0, TEXT("a"), 0, 0, 0, 0));
	assert_int_equal(-EROFS, CALL(P9_TMKDIR, tmkdir, 0, TEXT("a"), 0, 0));
	assert_int_equal(-EROFS, CALL(P9_TLINK, tlink, 0, 0, TEXT("a")));
	assert_int_equal(-EROFS, CALL(P9_TRENAMEAT, trenameat, 0, TEXT("a"), 0, TEXT("b")));
	assert_int_equal(-EROFS, CALL(P9_TUNLINKAT, tunlinkat, 0, TEXT("a"), 0));
}

TEST(server_without_functions)
{
	union p9_any m = { .tstatfs = { 0 } };
	char target[10];
	const void *data;

	client_begin(&least, contents, CLIENT_MSIZE);
	assert_int_equal(0, client_call(P9_TSTATFS, &m));
	assert_int_equal(0, m.rstatfs.blocks);
	assert_int_equal(0, client_walk(1, "file"));
	assert_int_equal(0, client_open(1, 0));
	assert_int_equal(-EOPNOTSUPP, client_read(1, 0, 10, &data));
	assert_int_equal(0, client_walk(2, "link"));
	assert_int_equal(-EOPNOTSUPP, client_readlink(2, target, sizeof(target)));
	assert_int_equal(0, client_walk(3, "dir"));
	assert_int_equal(0, client_open(3, 0));
	assert_int_equal(-EOPNOTSUPP, client_readdir(3, 0, 100, &data));
}

/* Encodes a Tread as bytes that a test can spoil. */
static size_t raw_read(uint8_t *to, uint16_t tag)
{
	return (size_t)p9_encode_tread(to, 100, tag, &(struct p9_tread){ 1, 0, 10 });
}

static int raw_error(const uint8_t *bytes, size_t n, uint16_t tag)
{
	struct p9_packet packet = p9_packet(client_reply, client_send(bytes, n));

	assert_true(packet.size > 0);
	return p9_decode_rclunk(&packet, tag);
}

TEST(what_is_no_request)
{
	uint8_t bytes[100] = { 0 };
	size_t n = raw_read(bytes, 55);

	/* Not a message: there is no tag to answer to. */
	assert_int_equal(0, client_send(bytes, 0));
	assert_int_equal(0, client_send(bytes, 6));
	assert_int_equal(0, client_send(bytes, n - 1));
	assert_int_equal(0, client_send(bytes, n + 1));
	/* One with a byte too many, or too few. */
	bytes[0]++;
	assert_int_equal(-EIO, raw_error(bytes, n + 1, 55));
	bytes[0] -= 2;
	assert_int_equal(-EIO, raw_error(bytes, n - 1, 55));
	bytes[0]++;
	/* Tauth, Txattrwalk, a reply, a type that there is not. */
	for (unsigned i = 0; i < 4; i++) {
		bytes[4] = (uint8_t[]){ 102, 30, P9_RREAD, 255 }[i];
		assert_int_equal(-EOPNOTSUPP, raw_error(bytes, n, 55));
	}
}

TEST(request_above_the_size_that_was_agreed)
{
	static uint8_t bytes[6000], data[5000];
	size_t n;

	client_begin(&ops, contents, 4096);
	n = (size_t)p9_encode_twrite(bytes, sizeof(bytes), 9,
				     &(struct p9_twrite){ 0, 0, sizeof(data), data });
	assert_int_equal(-EPROTO, raw_error(bytes, n, 9));
}

TEST(replies_fit_the_size_that_was_agreed)
{
	const void *data;

	client_begin(&ops, contents, 4096);
	assert_int_equal(0, client_walk(1, "file"));
	assert_int_equal(0, client_open(1, 0));
	assert_int_equal(4096 - 11, client_read(1, 0, 100000, &data));
	assert_int_equal(0, client_walk(2, "dir"));
	assert_int_equal(0, client_open(2, 0));
	assert_true(client_readdir(2, 0, 100000, &data) <= 4096 - 11);
	assert_true(client_readdir(2, 0, 100000, &data) > 4096 - 11 - 24 - 255);
}

TEST(fids_have_an_end)
{
	uint32_t fid = 1;

	while (client_walk(fid, "") == 0)
		fid++;
	assert_int_equal(FIDS_MAX, fid);
	assert_int_equal(-EMFILE, client_walk(fid, ""));
	assert_int_equal(0, client_clunk(77));
	assert_int_equal(0, client_walk(fid, ""));
	assert_int_equal(0, CALL(P9_TVERSION, tversion, 8192, TEXT(P9_VERSION)));
	assert_int_equal(-EBADF, client_clunk(fid));
}
