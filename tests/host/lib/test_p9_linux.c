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

#define assert_text(expected, string)                                           \
	do {                                                                    \
		assert_int_equal(strlen(expected), (string).len);               \
		assert_memory_equal(expected, (string).data, strlen(expected)); \
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
	assert_int_equal('\0', line[0]);
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

		assert_int_equal(0, p9_peek(&packet, &header));
		if (!p9_any_name(header.type)) {
			unknown++;
			assert_int_equal(30, header.type); /* Txattrwalk */
			continue;
		}
		seen[header.type] = true;
		assert_int_equal(message.side == 'T', p9_any_is_request(header.type));
		assert_int_equal(0, p9_any_decode(header.type, &packet, header.tag, 8192, &any));
		assert_int_equal(message.size, p9_any_encode(header.type, again, sizeof(again),
							     header.tag, &any));
		assert_memory_equal(message.bytes, again, message.size);
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

		assert_int_equal(0, p9_peek(&packet, &header));
		if (header.type != type || n-- > 0)
			continue;
		assert_int_equal(0, p9_any_decode(type, &packet, header.tag, UINT32_MAX, ret));
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

	assert_int_equal(P9_NOTAG, get_recorded(P9_TVERSION, 0, &m));
	assert_int_equal(8192, m.tversion.msize);
	assert_text(P9_VERSION, m.tversion.version);
	get_recorded(P9_TATTACH, 0, &m);
	assert_int_equal(0, m.tattach.fid);
	assert_int_equal(P9_NOFID, m.tattach.afid);
	assert_text("me", m.tattach.uname);
	assert_text("/share", m.tattach.aname);
	assert_int_equal(P9_NONUNAME, m.tattach.n_uname);
	get_recorded(P9_TFLUSH, 0, &m);
	oldtag = m.tflush.oldtag;
	assert_int_equal(get_recorded(P9_TREAD, 2, &m), oldtag);
}

TEST(attributes_of_linux)
{
	union p9_any m;

	get_recorded(P9_TGETATTR, 0, &m);
	assert_int_equal(0, m.tgetattr.fid);
	assert_int_equal(P9_GETATTR_BASIC | P9_GETATTR_GEN, m.tgetattr.request_mask);
	get_recorded(P9_TSETATTR, 0, &m);
	assert_int_equal(P9_SETATTR_MODE | P9_SETATTR_CTIME, m.tsetattr.valid);
	assert_int_equal(0604, m.tsetattr.mode & 07777);
	get_recorded(P9_TSETATTR, 1, &m);
	assert_int_equal(P9_SETATTR_UID | P9_SETATTR_GID | P9_SETATTR_CTIME, m.tsetattr.valid);
	assert_int_equal(2001, m.tsetattr.uid);
	assert_int_equal(2002, m.tsetattr.gid);
	get_recorded(P9_TSETATTR, 2, &m);
	assert_int_equal(P9_SETATTR_SIZE, m.tsetattr.valid & P9_SETATTR_SIZE);
	assert_int_equal(12345, m.tsetattr.size);
	get_recorded(P9_TSETATTR, 4, &m);
	assert_int_equal(P9_SETATTR_ATIME_SET, m.tsetattr.valid & P9_SETATTR_ATIME_SET);
	assert_int_equal(0, m.tsetattr.valid & P9_SETATTR_MTIME_SET);
	assert_int_equal(1111111111, m.tsetattr.atime_sec);
}

TEST(contents_of_linux)
{
	union p9_any m;

	get_recorded(P9_TLOPEN, 0, &m);
	assert_int_equal(2, m.tlopen.flags);
	get_recorded(P9_TREAD, 0, &m);
	assert_int_equal(3, m.tread.offset);
	assert_int_equal(200, m.tread.count);
	get_recorded(P9_TWRITE, 0, &m);
	assert_int_equal(7, m.twrite.offset);
	assert_int_equal(5, m.twrite.count);
	get_recorded(P9_TFSYNC, 0, &m);
	assert_int_equal(0, m.tfsync.datasync);
	get_recorded(P9_TFSYNC, 1, &m);
	assert_int_equal(1, m.tfsync.datasync);
	get_recorded(P9_TREADDIR, 0, &m);
	assert_int_equal(0, m.treaddir.offset);
	assert_int_equal(8192 - 24, m.treaddir.count);
}

TEST(names_of_linux)
{
	union p9_any m;

	get_recorded(P9_TLCREATE, 0, &m);
	assert_text("made", m.tlcreate.name);
	assert_int_equal(1, m.tlcreate.flags & 3);
	assert_int_equal(0640, m.tlcreate.mode & 07777);
	get_recorded(P9_TSYMLINK, 0, &m);
	assert_text("made-link", m.tsymlink.name);
	assert_text("target", m.tsymlink.target);
	get_recorded(P9_TMKNOD, 0, &m);
	assert_text("node", m.tmknod.name);
	assert_int_equal(0010600, m.tmknod.mode);
	get_recorded(P9_TMKDIR, 0, &m);
	assert_text("made-dir", m.tmkdir.name);
	assert_int_equal(0700, m.tmkdir.mode & 07777);
	get_recorded(P9_TLINK, 0, &m);
	assert_text("hard", m.tlink.name);
	assert_int_equal(1, m.tlink.dfid);
	get_recorded(P9_TRENAMEAT, 0, &m);
	assert_text("made", m.trenameat.oldname);
	assert_text("moved", m.trenameat.newname);
	get_recorded(P9_TUNLINKAT, 0, &m);
	assert_text("moved", m.tunlinkat.name);
	assert_int_equal(0, m.tunlinkat.flags);
	get_recorded(P9_TUNLINKAT, 1, &m);
	assert_text("made-dir", m.tunlinkat.name);
	assert_int_equal(P9_AT_REMOVEDIR, m.tunlinkat.flags);
}

/* The longest walk that there is, and one that walks nowhere. */
TEST(walks_of_linux)
{
	bool longest = false, nowhere = false;
	struct recorded message;
	union p9_any m;
	char *at;

	get_recorded(P9_TWALK, 0, &m);
	assert_int_equal(1, m.twalk.fid);
	assert_int_equal(2, m.twalk.newfid);
	assert_int_equal(1, m.twalk.nwname);
	assert_text("file", m.twalk.wname[0]);

	open_fixture();
	at = fixture;
	while (next_recorded(&at, &message)) {
		struct p9_packet packet = p9_packet(message.bytes, message.size);
		struct p9_twalk walk;

		if (message.bytes[4] != P9_TWALK)
			continue;
		assert_int_equal(0, p9_decode_twalk(&packet, &walk));
		longest = longest || walk.nwname == P9_WALK_MAX;
		if (walk.nwname == P9_WALK_MAX)
			assert_text("dir", walk.wname[P9_WALK_MAX - 1]);
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
	assert_int_equal(P9_GETATTR_BASIC, m.rgetattr.valid);
	assert_int_equal(P9_QTFILE, m.rgetattr.qid.type);
	assert_int_equal(0x01020304, m.rgetattr.qid.version);
	assert_int_equal(0x1112131415161701, m.rgetattr.qid.path);
	assert_int_equal(0100644, m.rgetattr.mode);
	assert_int_equal(1001, m.rgetattr.uid);
	assert_int_equal(1002, m.rgetattr.gid);
	assert_int_equal(3, m.rgetattr.nlink);
	assert_int_equal(100, m.rgetattr.size);
	assert_int_equal(0, m.rgetattr.rdev);
	assert_int_equal(4096, m.rgetattr.blksize);
	assert_int_equal(24, m.rgetattr.blocks);
	assert_int_equal(1000000001, m.rgetattr.atime_sec);
	assert_int_equal(11, m.rgetattr.atime_nsec);
	assert_int_equal(1000000002, m.rgetattr.mtime_sec);
	assert_int_equal(22, m.rgetattr.mtime_nsec);
	assert_int_equal(1000000003, m.rgetattr.ctime_sec);
	get_recorded(P9_RSTATFS, 0, &m);
	assert_int_equal(1000001, m.rstatfs.blocks);
	assert_int_equal(0x12345678, m.rstatfs.type);
	assert_int_equal(4096, m.rstatfs.bsize);
	assert_int_equal(1000002, m.rstatfs.bfree);
	assert_int_equal(1000003, m.rstatfs.bavail);
	assert_int_equal(1000004, m.rstatfs.files);
	assert_int_equal(1000005, m.rstatfs.ffree);
	assert_int_equal(0x2122232425262728, m.rstatfs.fsid);
	assert_int_equal(255, m.rstatfs.namelen);
	get_recorded(P9_RLCREATE, 0, &m);
	assert_int_equal(0x1112131415161706, m.rlcreate.qid.path);
	assert_int_equal(4096, m.rlcreate.iounit);
	get_recorded(P9_RLERROR, 0, &m);
	assert_int_equal(ENOENT, m.rlerror.ecode);
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
	assert_int_equal(0, p9_decode_rreaddir(&(struct p9_packet){ message.bytes, message.size,
								    message.size },
					       0, 8192, &m));
	while (p9_next_dirent(m.data, m.count, &pos, &entry) == 1) {
		if (n++ == 1)
			assert_text("file", entry.name);
	}
	assert_int_equal(8, n);
	assert_int_equal(m.count, pos);
	free(fixture);
}
