/* SPDX-License-Identifier: MIT */
/* The 9P codec with what a real Linux sends, and with answers that it understood. */

/*
 * usage: test-lib-p9-linux MESSAGES
 * tools/record-9p has recorded the messages. tools/oracle/p9.c made the calls that led to them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p9_any.h"
#include "test.h"

#define TYPES 256u

#define assert_text(string, expected)                                           \
	do {                                                                    \
		assert_int_equal((string).len, strlen(expected));               \
		assert_memory_equal((string).data, expected, strlen(expected)); \
	} while (0)

struct recorded {
	char side;
	size_t size;
	uint8_t bytes[1024];
};

static char *fixture;
static uint8_t again[1024];

/* Gets the next message of the file. Returns false at the end. */
static bool next_recorded(char **at, struct recorded *ret)
{
	char *line;
	int used;

	while ((line = strsep(at, "\n")) != NULL && (line[0] == '#' || line[0] == '\0'))
		;
	if (!line)
		return false;
	ret->side = line[0];
	ret->size = 0;
	assert_true(line[1] == ' ' && strlen(line + 2) / 2 <= sizeof(ret->bytes));
	for (line += 2; sscanf(line, "%2hhx%n", &ret->bytes[ret->size], &used) == 1; line += used)
		ret->size++;
	assert_int_equal(line[0], '\0');
	return true;
}

static void open_fixture(void)
{
	size_t n;

	fixture = test_read_file(test_argument, &n);
	fixture = realloc(fixture, n + 1);
	fixture[n] = '\0';
}

TEST(recorded_messages_are_understood_and_made_again)
{
	bool seen[TYPES] = { false };
	struct recorded message;
	unsigned unknown = 0;
	char *at;

	open_fixture();
	at = fixture;
	while (next_recorded(&at, &message)) {
		struct p9_packet packet = p9_packet(message.bytes, message.size);
		struct p9_header header;
		union p9_any any;

		assert_int_equal(p9_peek(&packet, &header), 0);
		if (!p9_any_name(header.type)) {
			unknown++;
			assert_int_equal(header.type, 30); /* Txattrwalk */
			continue;
		}
		seen[header.type] = true;
		assert_int_equal(p9_any_is_request(header.type), message.side == 'T');
		assert_int_equal(p9_any_decode(header.type, &packet, header.tag, 8192, &any), 0);
		assert_int_equal(p9_any_encode(header.type, again, sizeof(again), header.tag, &any),
				 message.size);
		assert_memory_equal(again, message.bytes, message.size);
	}
	assert_true(unknown > 0);
	for (unsigned type = 0; type < TYPES; type++)
		if (p9_any_name(type) && !seen[type])
			fail_msg("%s is not among the recorded messages", p9_any_name(type));
	free(fixture);
}

/* Gets the nth message of a type that was recorded, and its tag. */
static uint16_t get_recorded(unsigned type, unsigned n, union p9_any *ret)
{
	static struct recorded message;
	char *at;

	open_fixture();
	at = fixture;
	while (next_recorded(&at, &message)) {
		struct p9_packet packet = p9_packet(message.bytes, message.size);
		struct p9_header header;

		assert_int_equal(p9_peek(&packet, &header), 0);
		if (header.type != type || n-- > 0)
			continue;
		assert_int_equal(p9_any_decode(type, &packet, header.tag, UINT32_MAX, ret), 0);
		free(fixture);
		return header.tag;
	}
	fail_msg("no more %s", p9_any_name(type));
	return 0;
}

TEST(session_of_linux)
{
	union p9_any m;
	uint16_t oldtag;

	assert_int_equal(get_recorded(P9_TVERSION, 0, &m), P9_NOTAG);
	assert_int_equal(m.tversion.msize, 8192);
	assert_text(m.tversion.version, P9_VERSION);
	get_recorded(P9_TATTACH, 0, &m);
	assert_int_equal(m.tattach.fid, 0);
	assert_int_equal(m.tattach.afid, P9_NOFID);
	assert_text(m.tattach.uname, "me");
	assert_text(m.tattach.aname, "/share");
	assert_int_equal(m.tattach.n_uname, P9_NONUNAME);
	get_recorded(P9_TFLUSH, 0, &m);
	oldtag = m.tflush.oldtag;
	assert_int_equal(oldtag, get_recorded(P9_TREAD, 2, &m));
}

TEST(attributes_of_linux)
{
	union p9_any m;

	get_recorded(P9_TGETATTR, 0, &m);
	assert_int_equal(m.tgetattr.fid, 0);
	assert_int_equal(m.tgetattr.request_mask, P9_GETATTR_BASIC | P9_GETATTR_GEN);
	get_recorded(P9_TSETATTR, 0, &m);
	assert_int_equal(m.tsetattr.valid, P9_SETATTR_MODE | P9_SETATTR_CTIME);
	assert_int_equal(m.tsetattr.mode & 07777, 0604);
	get_recorded(P9_TSETATTR, 1, &m);
	assert_int_equal(m.tsetattr.valid, P9_SETATTR_UID | P9_SETATTR_GID | P9_SETATTR_CTIME);
	assert_int_equal(m.tsetattr.uid, 2001);
	assert_int_equal(m.tsetattr.gid, 2002);
	get_recorded(P9_TSETATTR, 2, &m);
	assert_int_equal(m.tsetattr.valid & P9_SETATTR_SIZE, P9_SETATTR_SIZE);
	assert_int_equal(m.tsetattr.size, 12345);
	get_recorded(P9_TSETATTR, 4, &m);
	assert_int_equal(m.tsetattr.valid & P9_SETATTR_ATIME_SET, P9_SETATTR_ATIME_SET);
	assert_int_equal(m.tsetattr.valid & P9_SETATTR_MTIME_SET, 0);
	assert_int_equal(m.tsetattr.atime_sec, 1111111111);
}

TEST(contents_of_linux)
{
	union p9_any m;

	get_recorded(P9_TLOPEN, 0, &m);
	assert_int_equal(m.tlopen.flags, 2);
	get_recorded(P9_TREAD, 0, &m);
	assert_int_equal(m.tread.offset, 3);
	assert_int_equal(m.tread.count, 200);
	get_recorded(P9_TWRITE, 0, &m);
	assert_int_equal(m.twrite.offset, 7);
	assert_int_equal(m.twrite.count, 5);
	get_recorded(P9_TFSYNC, 0, &m);
	assert_int_equal(m.tfsync.datasync, 0);
	get_recorded(P9_TFSYNC, 1, &m);
	assert_int_equal(m.tfsync.datasync, 1);
	get_recorded(P9_TREADDIR, 0, &m);
	assert_int_equal(m.treaddir.offset, 0);
	assert_int_equal(m.treaddir.count, 8192 - 24);
}

TEST(names_of_linux)
{
	union p9_any m;

	get_recorded(P9_TLCREATE, 0, &m);
	assert_text(m.tlcreate.name, "made");
	assert_int_equal(m.tlcreate.flags & 3, 1);
	assert_int_equal(m.tlcreate.mode & 07777, 0640);
	get_recorded(P9_TSYMLINK, 0, &m);
	assert_text(m.tsymlink.name, "made-link");
	assert_text(m.tsymlink.target, "target");
	get_recorded(P9_TMKNOD, 0, &m);
	assert_text(m.tmknod.name, "node");
	assert_int_equal(m.tmknod.mode, 0010600);
	get_recorded(P9_TMKDIR, 0, &m);
	assert_text(m.tmkdir.name, "made-dir");
	assert_int_equal(m.tmkdir.mode & 07777, 0700);
	get_recorded(P9_TLINK, 0, &m);
	assert_text(m.tlink.name, "hard");
	assert_int_equal(m.tlink.dfid, 1);
	get_recorded(P9_TRENAMEAT, 0, &m);
	assert_text(m.trenameat.oldname, "made");
	assert_text(m.trenameat.newname, "moved");
	get_recorded(P9_TUNLINKAT, 0, &m);
	assert_text(m.tunlinkat.name, "moved");
	assert_int_equal(m.tunlinkat.flags, 0);
	get_recorded(P9_TUNLINKAT, 1, &m);
	assert_text(m.tunlinkat.name, "made-dir");
	assert_int_equal(m.tunlinkat.flags, P9_AT_REMOVEDIR);
}

/* The longest walk that there is, and one that walks nowhere. */
TEST(walks_of_linux)
{
	bool longest = false, nowhere = false;
	struct recorded message;
	union p9_any m;
	char *at;

	get_recorded(P9_TWALK, 0, &m);
	assert_int_equal(m.twalk.fid, 1);
	assert_int_equal(m.twalk.newfid, 2);
	assert_int_equal(m.twalk.nwname, 1);
	assert_text(m.twalk.wname[0], "file");

	open_fixture();
	at = fixture;
	while (next_recorded(&at, &message)) {
		struct p9_packet packet = p9_packet(message.bytes, message.size);
		struct p9_twalk walk;

		if (message.bytes[4] != P9_TWALK)
			continue;
		assert_int_equal(p9_decode_twalk(&packet, &walk), 0);
		longest = longest || walk.nwname == P9_WALK_MAX;
		if (walk.nwname == P9_WALK_MAX)
			assert_text(walk.wname[P9_WALK_MAX - 1], "dir");
		nowhere = nowhere || walk.nwname == 0;
	}
	assert_true(longest && nowhere);
	free(fixture);
}

/* What tools/oracle/p9.c compared with the results of stat() and statfs() on Linux. */
TEST(replies_that_linux_understood)
{
	union p9_any m;

	get_recorded(P9_RGETATTR, 1, &m);
	assert_int_equal(m.rgetattr.valid, P9_GETATTR_BASIC);
	assert_int_equal(m.rgetattr.qid.type, P9_QTFILE);
	assert_int_equal(m.rgetattr.qid.version, 0x01020304);
	assert_int_equal(m.rgetattr.qid.path, 0x1112131415161701);
	assert_int_equal(m.rgetattr.mode, 0100644);
	assert_int_equal(m.rgetattr.uid, 1001);
	assert_int_equal(m.rgetattr.gid, 1002);
	assert_int_equal(m.rgetattr.nlink, 3);
	assert_int_equal(m.rgetattr.size, 100);
	assert_int_equal(m.rgetattr.rdev, 0);
	assert_int_equal(m.rgetattr.blksize, 4096);
	assert_int_equal(m.rgetattr.blocks, 24);
	assert_int_equal(m.rgetattr.atime_sec, 1000000001);
	assert_int_equal(m.rgetattr.atime_nsec, 11);
	assert_int_equal(m.rgetattr.mtime_sec, 1000000002);
	assert_int_equal(m.rgetattr.mtime_nsec, 22);
	assert_int_equal(m.rgetattr.ctime_sec, 1000000003);
	get_recorded(P9_RSTATFS, 0, &m);
	assert_int_equal(m.rstatfs.blocks, 1000001);
	assert_int_equal(m.rstatfs.type, 0x12345678);
	assert_int_equal(m.rstatfs.bsize, 4096);
	assert_int_equal(m.rstatfs.bfree, 1000002);
	assert_int_equal(m.rstatfs.bavail, 1000003);
	assert_int_equal(m.rstatfs.files, 1000004);
	assert_int_equal(m.rstatfs.ffree, 1000005);
	assert_int_equal(m.rstatfs.fsid, 0x2122232425262728);
	assert_int_equal(m.rstatfs.namelen, 255);
	get_recorded(P9_RLCREATE, 0, &m);
	assert_int_equal(m.rlcreate.qid.path, 0x1112131415161706);
	assert_int_equal(m.rlcreate.iounit, 4096);
	get_recorded(P9_RLERROR, 0, &m);
	assert_int_equal(m.rlerror.ecode, ENOENT);
}

TEST(directory_that_linux_read)
{
	static struct recorded message;
	struct p9_dirent entry;
	struct p9_rreaddir m;
	unsigned n = 0;
	size_t pos = 0;
	char *at;

	open_fixture();
	at = fixture;
	while (next_recorded(&at, &message) && message.bytes[4] != P9_RREADDIR)
		;
	assert_int_equal(
		p9_decode_rreaddir(&(struct p9_packet){ message.bytes, message.size, message.size },
				   0, 8192, &m),
		0);
	while (p9_next_dirent(m.data, m.count, &pos, &entry) == 1) {
		if (n++ == 1)
			assert_text(entry.name, "file");
	}
	assert_int_equal(n, 8);
	assert_int_equal(pos, m.count);
	free(fixture);
}
