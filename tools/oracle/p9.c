/* SPDX-License-Identifier: MIT */
/* Mounts a small 9P server on Linux, uses it, and prints every message as it went over the wire. */

/*
 * usage: p9 MODULE...
 * Runs as root on the Linux oracle; the modules are loaded in order. Each line of the output is T or
 * R and the message in hexadecimal. The server is a child process at the other end of a socket pair
 * (v9fs's transport "fd"), and speaks by lib/p9. What Linux makes of the answers is compared with
 * what the server meant, so that the answers are known to be right too.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/p9/p9.h"

#define MSIZE	 8192u
#define FIDS_MAX 64u
#define LINES	 12u /* of contents */

/* ---- the server: a fixed set of names in the root directory, which exist or not ---- */

struct node {
	const char *name;
	unsigned mode;
	bool exists;
	uint64_t size;
};

enum {
	ROOT,
	FILE_NODE,
	DIR_NODE,
	LINK_NODE,
	SLOW,
	STUBBORN,
	MADE,
	MADE_DIR,
	NODE,
	MADE_LINK,
	HARD,
	MOVED,
	NODES
};

static struct node nodes[NODES] = {
	[ROOT] = { "/", S_IFDIR | 0755, true, 4096 },
	[FILE_NODE] = { "file", S_IFREG | 0644, true, 100 },
	[DIR_NODE] = { "dir", S_IFDIR | 0751, true, 4096 }, /* has itself in it */
	[LINK_NODE] = { "link", S_IFLNK | 0777, true, 4 },
	[SLOW] = { "slow", S_IFREG | 0600, true, 10 },	      /* reads of it are not answered */
	[STUBBORN] = { "stubborn", S_IFREG | 0600, true, 0 }, /* knows Tremove only */
	[MADE] = { "made", S_IFREG | 0640, false, 0 },
	[MADE_DIR] = { "made-dir", S_IFDIR | 0700, false, 4096 },
	[NODE] = { "node", S_IFIFO | 0600, false, 0 },
	[MADE_LINK] = { "made-link", S_IFLNK | 0777, false, 6 },
	[HARD] = { "hard", S_IFREG | 0644, false, 100 },
	[MOVED] = { "moved", S_IFREG | 0640, false, 0 },
};

static struct {
	uint32_t fid;
	int node;
} fids[FIDS_MAX];
static unsigned nfids;

static void die(const char *what)
{
	fprintf(stderr, "p9: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static int fid_node(uint32_t fid)
{
	for (unsigned i = 0; i < nfids; i++)
		if (fids[i].fid == fid)
			return fids[i].node;
	return -1;
}

static void fid_drop(uint32_t fid)
{
	for (unsigned i = 0; i < nfids; i++)
		if (fids[i].fid == fid)
			fids[i] = fids[--nfids];
}

static void fid_set(uint32_t fid, int node)
{
	fid_drop(fid);
	if (nfids == FIDS_MAX)
		die("too many fids");
	fids[nfids].fid = fid;
	fids[nfids++].node = node;
}

static int find(struct p9_string name)
{
	for (int i = 1; i < NODES; i++)
		if (nodes[i].exists && name.len == strlen(nodes[i].name) &&
		    memcmp(name.data, nodes[i].name, name.len) == 0)
			return i;
	return -1;
}

/* Makes a name exist. Returns its node. */
static int make(struct p9_string name)
{
	for (int i = 1; i < NODES; i++)
		if (name.len == strlen(nodes[i].name) &&
		    memcmp(name.data, nodes[i].name, name.len) == 0) {
			nodes[i].exists = true;
			return i;
		}
	die("an unknown name is created");
	return -1;
}

static struct p9_qid qid_of(int node)
{
	unsigned type = nodes[node].mode & S_IFMT;

	return (struct p9_qid){
		.type = type == S_IFDIR	  ? P9_QTDIR
			: type == S_IFLNK ? P9_QTSYMLINK
					  : P9_QTFILE,
		.version = 0x01020304,
		.path = 0x1112131415161700u + (unsigned)node,
	};
}

static struct p9_string text(const char *s)
{
	return (struct p9_string){ s, strlen(s) };
}

static uint8_t answer[MSIZE];
static int slow_read[2]; /* a pipe: the server has received a read that it does not answer */

static ssize_t refuse(uint16_t tag, int error)
{
	return p9_encode_rlerror(answer, MSIZE, tag, &(struct p9_rlerror){ (uint32_t)error });
}

static ssize_t answer_walk(uint16_t tag, const struct p9_twalk *t)
{
	struct p9_rwalk r = { 0 };
	int node = fid_node(t->fid);

	for (; r.nwqid < t->nwname; r.nwqid++) {
		node = find(t->wname[r.nwqid]);
		if (node < 0)
			break;
		r.wqid[r.nwqid] = qid_of(node);
	}
	if (t->nwname > 0 && r.nwqid == 0)
		return refuse(tag, ENOENT);
	if (r.nwqid == t->nwname)
		fid_set(t->newfid, node);
	return p9_encode_rwalk(answer, MSIZE, tag, &r);
}

static ssize_t answer_getattr(uint16_t tag, const struct p9_tgetattr *t)
{
	int node = fid_node(t->fid);

	return p9_encode_rgetattr(answer, MSIZE, tag,
				  &(struct p9_rgetattr){ .valid = P9_GETATTR_BASIC,
							 .qid = qid_of(node),
							 .mode = nodes[node].mode,
							 .uid = 1001,
							 .gid = 1002,
							 .nlink = 3,
							 .rdev = 0,
							 .size = nodes[node].size,
							 .blksize = 4096,
							 .blocks = 24,
							 .atime_sec = 1000000001,
							 .atime_nsec = 11,
							 .mtime_sec = 1000000002,
							 .mtime_nsec = 22,
							 .ctime_sec = 1000000003,
							 .ctime_nsec = 33 });
}

static ssize_t answer_readdir(uint16_t tag, const struct p9_treaddir *t)
{
	static uint8_t payload[MSIZE];
	size_t bytes = 0;

	for (int i = (int)t->offset; i < NODES; i++) {
		struct p9_dirent entry = { qid_of(i), (uint64_t)i + 1,
					   (uint8_t)(nodes[i].mode >> 12),
					   i == ROOT ? text(".") : text(nodes[i].name) };
		ssize_t n = p9_put_dirent(payload + bytes, t->count - bytes, &entry);

		if (n < 0)
			break;
		bytes += nodes[i].exists ? (size_t)n : 0;
	}
	return p9_encode_rreaddir(answer, MSIZE, tag,
				  &(struct p9_rreaddir){ (uint32_t)bytes, payload });
}

static ssize_t answer_read(uint16_t tag, const struct p9_tread *t)
{
	static const char digits[] = "0123456789";
	char data[100];
	size_t n = t->offset < sizeof(data) ? sizeof(data) - t->offset : 0;

	if (fid_node(t->fid) == SLOW) {
		if (write(slow_read[1], "", 1) != 1)
			die("write");
		return 0;
	}
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = digits[i % 10];
	n = n < t->count ? n : t->count;
	return p9_encode_rread(answer, MSIZE, tag,
			       &(struct p9_rread){ (uint32_t)n, data + t->offset % 100 });
}

/* Decodes a request into t, or ends. */
#define DECODE(name)                                \
	if (p9_decode_##name(packet, &t.name) != 0) \
	die("not understood: " #name)

/* Returns the size of the answer; 0: there is none. */
static ssize_t serve(const struct p9_packet *packet)
{
	union {
		struct p9_tversion tversion;
		struct p9_tattach tattach;
		struct p9_tflush tflush;
		struct p9_twalk twalk;
		struct p9_tlopen tlopen;
		struct p9_tlcreate tlcreate;
		struct p9_tclunk tclunk;
		struct p9_tread tread;
		struct p9_twrite twrite;
		struct p9_treaddir treaddir;
		struct p9_treadlink treadlink;
		struct p9_tfsync tfsync;
		struct p9_tgetattr tgetattr;
		struct p9_tsetattr tsetattr;
		struct p9_tstatfs tstatfs;
		struct p9_tsymlink tsymlink;
		struct p9_tmknod tmknod;
		struct p9_tmkdir tmkdir;
		struct p9_tlink tlink;
		struct p9_trenameat trenameat;
		struct p9_tunlinkat tunlinkat;
		struct p9_tremove tremove;
	} t;
	struct p9_header header;
	uint16_t tag;
	int node;

	if (p9_peek(packet, &header) != 0)
		die("no message");
	tag = header.tag;
	switch (header.type) {
	case P9_TVERSION:
		DECODE(tversion);
		return p9_encode_rversion(
			answer, MSIZE, tag,
			&(struct p9_rversion){ t.tversion.msize, t.tversion.version });
	case P9_TATTACH:
		DECODE(tattach);
		fid_set(t.tattach.fid, ROOT);
		return p9_encode_rattach(answer, MSIZE, tag, &(struct p9_rattach){ qid_of(ROOT) });
	case P9_TFLUSH:
		DECODE(tflush);
		return p9_encode_rflush(answer, MSIZE, tag);
	case P9_TWALK:
		DECODE(twalk);
		return answer_walk(tag, &t.twalk);
	case P9_TLOPEN:
		DECODE(tlopen);
		if (t.tlopen.flags & O_TRUNC)
			nodes[fid_node(t.tlopen.fid)].size = 0;
		return p9_encode_rlopen(answer, MSIZE, tag,
					&(struct p9_rlopen){ qid_of(fid_node(t.tlopen.fid)), 0 });
	case P9_TLCREATE:
		DECODE(tlcreate);
		fid_set(t.tlcreate.fid, make(t.tlcreate.name));
		return p9_encode_rlcreate(
			answer, MSIZE, tag,
			&(struct p9_rlcreate){ qid_of(fid_node(t.tlcreate.fid)), 4096 });
	case P9_TCLUNK:
		DECODE(tclunk);
		fid_drop(t.tclunk.fid);
		return p9_encode_rclunk(answer, MSIZE, tag);
	case P9_TREAD:
		DECODE(tread);
		return answer_read(tag, &t.tread);
	case P9_TWRITE:
		DECODE(twrite);
		nodes[fid_node(t.twrite.fid)].size = t.twrite.offset + t.twrite.count;
		return p9_encode_rwrite(answer, MSIZE, tag, &(struct p9_rwrite){ t.twrite.count });
	case P9_TREADDIR:
		DECODE(treaddir);
		return answer_readdir(tag, &t.treaddir);
	case P9_TREADLINK:
		DECODE(treadlink);
		return p9_encode_rreadlink(answer, MSIZE, tag,
					   &(struct p9_rreadlink){ text("file") });
	case P9_TFSYNC:
		DECODE(tfsync);
		return p9_encode_rfsync(answer, MSIZE, tag);
	case P9_TGETATTR:
		DECODE(tgetattr);
		return answer_getattr(tag, &t.tgetattr);
	case P9_TSETATTR:
		DECODE(tsetattr);
		if (t.tsetattr.valid & P9_SETATTR_SIZE)
			nodes[fid_node(t.tsetattr.fid)].size = t.tsetattr.size;
		return p9_encode_rsetattr(answer, MSIZE, tag);
	case P9_TSTATFS:
		DECODE(tstatfs);
		return p9_encode_rstatfs(answer, MSIZE, tag,
					 &(struct p9_rstatfs){ .type = 0x12345678,
							       .bsize = 4096,
							       .blocks = 1000001,
							       .bfree = 1000002,
							       .bavail = 1000003,
							       .files = 1000004,
							       .ffree = 1000005,
							       .fsid = 0x2122232425262728,
							       .namelen = 255 });
	case P9_TSYMLINK:
		DECODE(tsymlink);
		return p9_encode_rsymlink(answer, MSIZE, tag,
					  &(struct p9_rsymlink){ qid_of(make(t.tsymlink.name)) });
	case P9_TMKNOD:
		DECODE(tmknod);
		return p9_encode_rmknod(answer, MSIZE, tag,
					&(struct p9_rmknod){ qid_of(make(t.tmknod.name)) });
	case P9_TMKDIR:
		DECODE(tmkdir);
		return p9_encode_rmkdir(answer, MSIZE, tag,
					&(struct p9_rmkdir){ qid_of(make(t.tmkdir.name)) });
	case P9_TLINK:
		DECODE(tlink);
		make(t.tlink.name);
		return p9_encode_rlink(answer, MSIZE, tag);
	case P9_TRENAMEAT:
		DECODE(trenameat);
		nodes[find(t.trenameat.oldname)].exists = false;
		make(t.trenameat.newname);
		return p9_encode_rrenameat(answer, MSIZE, tag);
	case P9_TUNLINKAT:
		DECODE(tunlinkat);
		node = find(t.tunlinkat.name);
		if (node == STUBBORN)
			return refuse(tag, EOPNOTSUPP);
		nodes[node].exists = false;
		return p9_encode_runlinkat(answer, MSIZE, tag);
	case P9_TREMOVE:
		DECODE(tremove);
		nodes[fid_node(t.tremove.fid)].exists = false;
		fid_drop(t.tremove.fid);
		return p9_encode_rremove(answer, MSIZE, tag);
	default:
		return refuse(tag, EOPNOTSUPP);
	}
}

static bool read_all(int fd, uint8_t *to, size_t n)
{
	for (ssize_t got; n > 0; to += got, n -= (size_t)got) {
		got = read(fd, to, n);
		if (got <= 0)
			return false;
	}
	return true;
}

static void show(char side, const uint8_t *bytes, size_t n)
{
	printf("%c ", side);
	for (size_t i = 0; i < n; i++)
		printf("%02x", bytes[i]);
	printf("\n");
}

static void run_server(int fd)
{
	static uint8_t request[MSIZE];

	while (read_all(fd, request, 4)) {
		size_t size = p9_claimed_size(request);
		struct p9_packet packet = p9_packet(request, size);
		ssize_t n;

		if (size < P9_HEADER_BYTES || size > MSIZE || !read_all(fd, request + 4, size - 4))
			die("a message with a bad size");
		show('T', request, size);
		n = serve(&packet);
		if (n < 0)
			die("an answer does not fit");
		if (n == 0)
			continue;
		show('R', answer, (size_t)n);
		if (write(fd, answer, (size_t)n) != n)
			die("write");
	}
	fflush(stdout);
	_exit(0);
}

/* ---- its use ---- */

#define EXPECT(x)                                                               \
	do {                                                                    \
		if (!(x)) {                                                     \
			fprintf(stderr, "p9: line %d: %s: %m\n", __LINE__, #x); \
			exit(1);                                                \
		}                                                               \
	} while (0)

static void load(const char *path)
{
	int fd = open(path, O_RDONLY);

	EXPECT(fd >= 0 && (syscall(SYS_finit_module, fd, "", 0) == 0 || errno == EEXIST));
	close(fd);
}

static void use_attributes(void)
{
	struct timespec times[2] = { { 1111111111, 222222222 }, { 0, UTIME_NOW } };
	struct statfs fs;
	struct stat st;

	EXPECT(stat("file", &st) == 0 && st.st_mode == (S_IFREG | 0644) && st.st_size == 100);
	EXPECT(st.st_uid == 1001 && st.st_gid == 1002 && st.st_nlink == 3 && st.st_blocks == 24);
	EXPECT(st.st_atim.tv_sec == 1000000001 && st.st_atim.tv_nsec == 11);
	EXPECT(st.st_mtim.tv_sec == 1000000002 && st.st_mtim.tv_nsec == 22);
	EXPECT(st.st_ctim.tv_sec == 1000000003 && st.st_ctim.tv_nsec == 33);
	EXPECT(stat("missing", &st) == -1 && errno == ENOENT);
	EXPECT(statfs("file", &fs) == 0 && fs.f_bsize == 4096 && fs.f_blocks == 1000001);
	EXPECT(fs.f_bfree == 1000002 && fs.f_bavail == 1000003 && fs.f_files == 1000004);
	EXPECT(fs.f_ffree == 1000005 && fs.f_namelen == 255);
	EXPECT(chmod("file", 0604) == 0 && chown("file", 2001, 2002) == 0);
	EXPECT(truncate("file", 12345) == 0 && truncate("file", 100) == 0);
	EXPECT(utimensat(AT_FDCWD, "file", times, 0) == 0);
}

static void use_contents(void)
{
	char bytes[200];
	int fd = open("file", O_RDWR);

	EXPECT(fd >= 0 && pread(fd, bytes, sizeof(bytes), 3) == 97 &&
	       memcmp(bytes, "34567", 5) == 0);
	EXPECT(pwrite(fd, "hello", 5, 7) == 5 && fsync(fd) == 0 && fdatasync(fd) == 0);
	EXPECT(close(fd) == 0);
	EXPECT(readlink("link", bytes, sizeof(bytes)) == 4 && memcmp(bytes, "file", 4) == 0);
	fd = open("file", O_WRONLY | O_TRUNC | O_APPEND);
	EXPECT(fd >= 0 && close(fd) == 0);
}

static void use_names(void)
{
	int fd = open("made", O_WRONLY | O_CREAT | O_EXCL, 0640), n = 0;
	DIR *dir;

	EXPECT(fd >= 0 && close(fd) == 0);
	EXPECT(mkdir("made-dir", 0700) == 0 && mknod("node", S_IFIFO | 0600, 0) == 0);
	EXPECT(symlink("target", "made-link") == 0 && link("file", "hard") == 0);
	EXPECT(rename("made", "moved") == 0 && unlink("moved") == 0 && rmdir("made-dir") == 0);
	EXPECT(unlink("stubborn") == 0);
	dir = opendir(".");
	EXPECT(dir != NULL);
	while (readdir(dir))
		n++;
	EXPECT(n == 8 && closedir(dir) == 0);
}

/* A read is never answered, and given up when its process is killed. */
static void use_flush(void)
{
	pid_t child = fork();
	char byte;

	if (child == 0) {
		int fd = open("slow", O_RDONLY);

		_exit(read(fd, &byte, 1) == 1);
	}
	EXPECT(read(slow_read[0], &byte, 1) == 1);
	EXPECT(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
}

/* Another user has no fids yet, so Linux walks all the way in few requests. */
static void use_deep_path(void)
{
	struct stat st;
	int status;

	for (int i = 0; i < 20; i++)
		EXPECT(chdir("dir") == 0);
	if (fork() == 0) {
		EXPECT(setuid(1003) == 0);
		EXPECT(stat(".", &st) == 0);
		_exit(0);
	}
	EXPECT(wait(&status) > 0 && status == 0);
}

int main(int argc, char **argv)
{
	char options[200];
	int ends[2], status;

	for (int i = 1; i < argc; i++)
		load(argv[i]);
	EXPECT(pipe(slow_read) == 0);
	EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	if (fork() == 0) {
		close(ends[0]);
		run_server(ends[1]);
	}
	close(ends[1]);
	snprintf(options, sizeof(options),
		 "trans=fd,rfdno=%d,wfdno=%d,version=9p2000.L"
		 ",cache=none,access=user,aname=/share,uname=me,msize=%u",
		 ends[0], ends[0], MSIZE);
	mkdir("/tmp/mnt", 0755);
	EXPECT(mount("none", "/tmp/mnt", "9p", 0, options) == 0 && chdir("/tmp/mnt") == 0);
	close(ends[0]);
	use_attributes();
	use_contents();
	use_names();
	use_flush();
	use_deep_path();
	EXPECT(chdir("/") == 0 && umount("/tmp/mnt") == 0);
	EXPECT(wait(&status) > 0 && status == 0);
	return 0;
}
