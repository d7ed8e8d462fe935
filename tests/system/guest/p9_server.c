/* SPDX-License-Identifier: MIT */
/* A server of files that tells the truth, lies, is silent, or dies, as the test tells it. */
#define _GNU_SOURCE
#include "p9.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

volatile struct control *control;

const uint8_t *program;
size_t program_size;

static unsigned byte_by(uint64_t at, enum lie lie)
{
	return (unsigned)(at * 13 + at / PAGE * 7 + (lie == TOUCHED) + 2 * (lie == REPLACED));
}

uint8_t byte_of(uint64_t at)
{
	return (uint8_t)byte_by(at, control->lie);
}

static void fill_bytes(uint8_t *bytes, uint64_t at, size_t n)
{
	const enum lie lie = control->lie;

	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)byte_by(at + i, lie);
}

struct fid {
	int64_t file; /* 0: not used */
	uint32_t version;
	uint8_t letter; /* of the name by which it was walked to */
	bool writes;	/* it is open for writing */
};

#define FIDS 4096
static struct fid fids[FIDS];

static uint8_t request[40 * PAGE], reply[40 * PAGE];

static uint64_t size_of(uint64_t file)
{
	if (file == PROGRAM)
		return program_size;
	if (file == NEW)
		return control->new_size;
	if (file != FILE_A)
		return file == LINK ? 1 : 0;
	switch (control->lie) {
	case HUGE:
		return 1ull << 63;
	case SHRUNK:
		return FILE_SIZE - 2 * PAGE;
	default:
		return FILE_SIZE;
	}
}

static struct p9_qid qid_of(uint64_t file)
{
	bool dir = file == ROOT || file == SUB;

	return (struct p9_qid){ .type = dir	       ? P9_QTDIR
					: file == LINK ? P9_QTSYMLINK
						       : P9_QTFILE,
				.version = file == FILE_A && control->lie == REPLACED,
				.path = file };
}

/* Returns the file of a fid, or 0 if there is no such file any more. */
static uint64_t file_of(uint32_t fid)
{
	const struct fid *at = &fids[fid % FIDS];

	return at->version == qid_of((uint64_t)at->file).version ? (uint64_t)at->file : 0;
}

static bool is_hidden_name(const struct p9_string *name)
{
	bool same = control->hidden && name->len == control->hidden_len;

	for (unsigned i = 0; same && i < name->len; i++)
		same = control->hidden_name[i] == (uint8_t)name->data[i];
	return same;
}

static void hide(const struct p9_string *name)
{
	control->hidden = name->len <= sizeof(control->hidden_name);
	control->hidden_len = name->len;
	for (unsigned i = 0; control->hidden && i < name->len; i++)
		control->hidden_name[i] = (uint8_t)name->data[i];
}

static uint64_t walk_to(uint64_t from, const struct p9_string *name)
{
	static const struct {
		const char *name;
		uint64_t file;
	} names[] = { { "a", FILE_A }, { "second", FILE_A }, { "link", LINK },
		      { "sub", SUB },  { "dev", DEVICE },    { "prog", PROGRAM } };
	char text[300];

	memcpy(text, name->data, name->len);
	text[name->len] = '\0';
	if (from == SUB && strcmp(text, "self") == 0)
		return ROOT;
	if (from == SUB) {
		unsigned n = (unsigned)strtoul(text + 1, NULL, 10);

		return text[0] == 'n' && n < NAMES_MOST ? NAME_0 + n : 0;
	}
	if (from == ROOT && strcmp(text, "other") == 0)
		return control->other;
	if (from == ROOT && text[0] == '.')
		return is_hidden_name(name) ? FILE_A : 0;
	if (from == ROOT && strcmp(text, "a") == 0 && control->gone)
		return 0;
	if (from == ROOT && strcmp(text, "new") == 0)
		return control->created ? NEW : 0;
	for (unsigned i = 0; from == ROOT && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i].name) == 0)
			return names[i].file;
	return 0;
}

static ssize_t say_error(uint16_t tag, unsigned ecode)
{
	const struct p9_rlerror error = { ecode };

	return p9_encode_rlerror(reply, sizeof(reply), tag, &error);
}

static ssize_t do_version(const struct p9_packet *packet, uint16_t tag)
{
	struct p9_tversion ask;
	struct p9_rversion say = { 0, { P9_VERSION, strlen(P9_VERSION) } };

	if (p9_decode_tversion(packet, &ask))
		return -1;
	say.msize = ask.msize;
	if (control->lie == OTHER_VERSION)
		say.version.len--;
	return p9_encode_rversion(reply, sizeof(reply), tag, &say);
}

static ssize_t do_attach(const struct p9_packet *packet, uint16_t tag)
{
	struct p9_rattach say = { qid_of(ROOT) };
	struct p9_tattach ask;

	if (p9_decode_tattach(packet, &ask))
		return -1;
	say.qid.path += control->other_root;
	fids[ask.fid % FIDS].file = ROOT;
	return p9_encode_rattach(reply, sizeof(reply), tag, &say);
}

/* The file that an answer of this type is about. */
static uint64_t file_or_other(uint64_t file, unsigned type)
{
	if (type != control->of || file == ROOT || control->others == 0)
		return file;
	control->others--;
	return file + 1000000;
}

/* An answer that is sent later. */
static struct {
	long rcvid; /* 0: there is none */
	ssize_t n;
	uint8_t reply[2 * PAGE];
} held;

static ssize_t do_walk(const struct p9_packet *packet, uint16_t tag)
{
	struct p9_twalk ask;
	struct p9_rwalk say = { 0 };
	uint8_t letter;
	uint64_t file;

	if (p9_decode_twalk(packet, &ask))
		return -1;
	if (fids[ask.fid % FIDS].file == 0)
		return -1;
	if (control->lie == FEW_FIDS && control->walks >= control->clunks + 200)
		return say_error(tag, EMFILE);
	file = file_of(ask.fid);
	if (file == 0 || (ask.nwname == 0 && file_or_other(file, P9_TWALK) != file))
		return say_error(tag, ENOENT);
	if (file == SUB && control->lie == RENAMING && held.rcvid) {
		control->not_found++;
		return say_error(tag, ENOENT);
	}
	letter = fids[ask.fid % FIDS].letter;
	for (unsigned i = 0; i < ask.nwname; i++) {
		file = walk_to(file, &ask.wname[i]);
		if (file == 0)
			return say_error(tag, ENOENT);
		say.wqid[say.nwqid] = qid_of(file);
		say.wqid[say.nwqid++].version += file == ROOT && control->loops;
		letter = (uint8_t)ask.wname[i].data[0];
	}
	fids[ask.newfid % FIDS] =
		(struct fid){ (int64_t)file, qid_of(file).version, letter, false };
	control->walks++;
	return p9_encode_rwalk(reply, sizeof(reply), tag, &say);
}

static ssize_t do_getattr(const struct p9_packet *packet, uint16_t tag)
{
	struct p9_tgetattr ask;
	struct p9_rgetattr say = { .valid = P9_GETATTR_BASIC, .nlink = 1, .blksize = 4096 };
	uint64_t file;

	if (p9_decode_tgetattr(packet, &ask))
		return -1;
	file = file_of(ask.fid);
	if (file == 0 || (file == SUB && control->sub_is_gone))
		return say_error(tag, ENOENT);
	control->asked_by[fids[ask.fid % FIDS].letter]++;
	say.qid = qid_of(file_or_other(file, P9_TGETATTR));
	say.mode = file == ROOT || file == SUB ? S_IFDIR | 0755
		   : file == LINK	       ? S_IFLNK | 0777
		   : file == DEVICE	       ? S_IFBLK | 0600
					       : S_IFREG | 0555;
	if (control->bits && file != LINK)
		say.mode = (say.mode & S_IFMT) | control->bits;
	if (control->lie == OTHER_TYPE && file == FILE_A)
		say.mode = S_IFDIR | 0755;
	say.size = size_of(file) +
		   (say.qid.path != qid_of(file).path); /* another file has another size */
	say.mtime_sec = 1000 + (control->lie == TOUCHED) + 2 * (control->lie == REPLACED);
	say.mtime_nsec = file == NEW ? control->changes : 0;
	return p9_encode_rgetattr(reply, sizeof(reply), tag, &say);
}

static void set_writes(struct fid *fid, bool writes)
{
	control->writers += writes;
	control->writers -= fid->writes;
	fid->writes = writes;
}

static ssize_t do_open(const struct p9_packet *packet, uint16_t tag)
{
	struct p9_tlopen ask;
	struct p9_rlopen say = { 0 };

	if (p9_decode_tlopen(packet, &ask))
		return -1;
	if (file_of(ask.fid) == 0)
		return say_error(tag, ENOENT);
	if (control->unreadable && (ask.flags & O_ACCMODE) != O_WRONLY)
		return say_error(tag, EACCES);
	say.qid = qid_of(file_or_other((uint64_t)file_of(ask.fid), P9_TLOPEN));
	set_writes(&fids[ask.fid % FIDS], (ask.flags & O_ACCMODE) != O_RDONLY);
	return p9_encode_rlopen(reply, sizeof(reply), tag, &say);
}

/* The bytes of the file NEW: nobody else changes them while the server answers. */
static uint8_t *stored(void)
{
	return (uint8_t *)control->stored;
}

static void get_stored(uint8_t *bytes, uint64_t at, size_t n)
{
	const size_t all = sizeof(control->stored);
	const size_t there = at >= all ? 0 : n < all - at ? n : all - at;

	memcpy(bytes, stored() + (there ? at : 0), there);
	memset(bytes + there, 0, n - there);
}

static ssize_t do_read(const struct p9_packet *packet, uint16_t tag)
{
	static uint8_t data[40 * PAGE];
	struct p9_tread ask;
	struct p9_rread say = { 0, data };
	uint64_t file, size;

	if (p9_decode_tread(packet, &ask))
		return -1;
	file = file_of(ask.fid);
	if (file == 0)
		return say_error(tag, ENOENT);
	size = file == FILE_A ? FILE_SIZE : size_of(file);
	if (control->lie == SHRUNK)
		size = size_of(file);
	if (ask.offset < size)
		say.count =
			(uint32_t)(size - ask.offset < ask.count ? size - ask.offset : ask.count);
	if (file == PROGRAM)
		memcpy(data, program + (say.count ? ask.offset : 0), say.count);
	else if (file == NEW)
		get_stored(data, ask.offset, say.count);
	else
		fill_bytes(data, ask.offset, say.count);
	if (control->lie == TOO_MUCH)
		say.count = ask.count + 1;
	return p9_encode_rread(reply, sizeof(reply), tag, &say);
}

/* Takes it that a file whose name is to be listed has vanished, as often as the test wants that. */
static bool name_vanishes(const struct p9_treaddir *ask)
{
	control->listed = ask->count;
	if (control->most_names && ask->count > control->most_names)
		return true;
	if (control->no_names == 0 || ask->offset < control->no_names_from)
		return false;
	control->no_names--;
	return true;
}

static ssize_t do_readdir(const struct p9_packet *packet, uint16_t tag)
{
	static uint8_t data[8 * PAGE];
	struct p9_treaddir ask;
	struct p9_rreaddir say = { 0, data };
	static const char *const names[] = { ".", "..", "a", "link", "sub", "dev", "prog" };
	static const unsigned files[] = { ROOT, ROOT, FILE_A, LINK, SUB, DEVICE, PROGRAM };
	uint64_t nentries;
	bool sub;

	if (p9_decode_treaddir(packet, &ask))
		return -1;
	sub = fids[ask.fid % FIDS].file == SUB;
	nentries = sub ? NAMES : 7;
	if (sub && name_vanishes(&ask))
		return say_error(tag, ENOENT);
	for (uint64_t i = ask.offset; i < nentries; i++) {
		char text[16];
		/* The cookie behind the last entry is what ext4 has there. */
		struct p9_dirent entry = { .offset = i + 1 < nentries ? i + 1 : INT64_MAX,
					   .type = DT_REG };
		ssize_t n;

		if (sub && control->no_names && i == control->no_names_from)
			break;
		if (control->lie == SAME_COOKIE)
			entry.offset = 1;
		snprintf(text, sizeof(text), "n%03u", (unsigned)i);
		entry.name.data = sub ? text : names[i];
		entry.name.len = strlen(entry.name.data);
		entry.qid = qid_of(sub ? NAME_0 + i : files[i]);
		n = p9_put_dirent(data + say.count, ask.count - say.count, &entry);
		if (n < 0)
			break;
		if (control->lie == BAD_ENTRY)
			data[say.count + (uint32_t)n - 1] = '/';
		say.count += (uint32_t)n;
	}
	return p9_encode_rreaddir(reply, sizeof(reply), tag, &say);
}

static ssize_t do_readlink(const struct p9_packet *packet, uint16_t tag)
{
	struct p9_treadlink ask;
	struct p9_rreadlink say = { { "a", control->lie == NO_TARGET ? 0 : 1 } };

	if (control->keeps)
		say.target = (struct p9_string){ "target", 6 };

	if (p9_decode_treadlink(packet, &ask))
		return -1;
	return p9_encode_rreadlink(reply, sizeof(reply), tag, &say);
}

static ssize_t do_statfs(const struct p9_packet *packet, uint16_t tag)
{
	const struct p9_rstatfs say = { .bsize = 4096, .blocks = 77, .namelen = 255 };
	struct p9_tstatfs ask;

	if (p9_decode_tstatfs(packet, &ask))
		return -1;
	return p9_encode_rstatfs(reply, sizeof(reply), tag, &say);
}

static ssize_t do_clunk(const struct p9_packet *packet, uint16_t tag)
{
	struct p9_tclunk ask;

	if (p9_decode_tclunk(packet, &ask))
		return -1;
	if (fids[ask.fid % FIDS].file != 0)
		control->clunks++;
	set_writes(&fids[ask.fid % FIDS], false);
	fids[ask.fid % FIDS].file = 0;
	return p9_encode_rclunk(reply, sizeof(reply), tag);
}

static ssize_t do_write(const struct p9_packet *packet, uint16_t tag)
{
	struct p9_rwrite say;
	struct p9_twrite ask;

	if (p9_decode_twrite(packet, &ask) || fids[ask.fid % FIDS].file != NEW)
		return -1;
	if (control->lie == IS_FULL)
		return say_error(tag, ENOSPC);
	say.count = control->lie == TAKES_HALF			       ? ask.count / 2
		    : control->lie == TAKES_NONE		       ? 0
		    : control->lie == TAKES_A_PAGE && ask.count > PAGE ? PAGE
								       : ask.count;
	if (!control->discards && ask.offset + ask.count > sizeof(control->stored))
		return say_error(tag, EFBIG);
	control->changes++;
	if (!control->discards) {
		memcpy(stored() + ask.offset, ask.data, say.count);
		control->wrong += (unsigned long)wrong_new_bytes(ask.data, ask.offset, say.count);
	}
	if (ask.offset + say.count > control->new_size)
		control->new_size = ask.offset + say.count;
	if (control->lie == TOO_MUCH)
		say.count++;
	return p9_encode_rwrite(reply, sizeof(reply), tag, &say);
}

static ssize_t do_create(const struct p9_packet *packet, uint16_t tag)
{
	struct p9_rlcreate say = { 0 };
	struct p9_tlcreate ask;

	if (p9_decode_tlcreate(packet, &ask) || fids[ask.fid % FIDS].file != ROOT)
		return -1;
	if (control->keeps && control->created)
		return say_error(tag, EEXIST);
	control->created = 1;
	control->done[P9_TLCREATE]++;
	control->new_size = 0;
	fids[ask.fid % FIDS].file = NEW;
	set_writes(&fids[ask.fid % FIDS], (ask.flags & O_ACCMODE) != O_RDONLY);
	say.qid = qid_of(NEW);
	return p9_encode_rlcreate(reply, sizeof(reply), tag, &say);
}

static ssize_t do_setattr(const struct p9_packet *packet, uint16_t tag)
{
	struct p9_tsetattr ask;

	if (p9_decode_tsetattr(packet, &ask))
		return -1;
	if (ask.valid & P9_SETATTR_SIZE) {
		if (ask.size < sizeof(control->stored))
			memset(stored() + ask.size, 0, sizeof(control->stored) - ask.size);
		control->new_size = ask.size;
	}
	control->set_valid = ask.valid;
	control->set_mode = ask.mode;
	control->changes++;
	return p9_encode_rsetattr(reply, sizeof(reply), tag);
}

/* Returns false if it is not the hidden name. */
static bool unhide(const struct p9_string *name)
{
	bool is_there = is_hidden_name(name);

	control->hidden &= !is_there;
	return is_there;
}

static ssize_t do_unlink(const struct p9_packet *packet, uint16_t tag)
{
	struct p9_tunlinkat ask;

	if (p9_decode_tunlinkat(packet, &ask))
		return -1;
	if (control->stays && (ask.flags & AT_REMOVEDIR))
		return say_error(tag, ENOTDIR);
	if (control->stays)
		return unhide(&ask.name) ? p9_encode_runlinkat(reply, sizeof(reply), tag)
					 : say_error(tag, ENOENT);
	if (control->keeps && control->gone)
		return say_error(tag, ENOENT);
	control->gone = control->keeps;
	control->done[P9_TUNLINKAT]++;
	control->created = 0;
	return p9_encode_runlinkat(reply, sizeof(reply), tag);
}

/* "a" gets a hidden name, or gets its own again. The other file is not renamed. Returns 0 or the error. */
static unsigned rename_a(const struct p9_trenameat *rename)
{
	bool was_hidden = is_hidden_name(&rename->oldname);

	if (!was_hidden && (rename->oldname.data[0] != 'a' || control->gone)) {
		control->gone |= control->vanishes;
		return EACCES;
	}
	if (was_hidden)
		control->hidden = 0;
	else
		hide(&rename->newname);
	control->gone = !was_hidden;
	return 0;
}

/* Changes of which nothing is kept: whether they arrive as they should is what matters. */
static ssize_t do_other_change(const struct p9_packet *packet, const struct p9_header *header)
{
	const struct p9_qid qid = qid_of(header->type == P9_TMKDIR ? SUB : LINK);
	const struct p9_rsymlink link = { qid };
	const struct p9_rmkdir directory = { qid };
	struct p9_trenameat rename;
	struct p9_tsymlink symlink;
	struct p9_tmkdir mkdir;
	struct p9_tfsync fsync;
	struct p9_tlink hard;
	unsigned error;

	switch (header->type) {
	case P9_TSYMLINK:
		return p9_decode_tsymlink(packet, &symlink)
			       ? -1
			       : p9_encode_rsymlink(reply, sizeof(reply), header->tag, &link);
	case P9_TMKDIR:
		return p9_decode_tmkdir(packet, &mkdir)
			       ? -1
			       : p9_encode_rmkdir(reply, sizeof(reply), header->tag, &directory);
	case P9_TLINK:
		if (p9_decode_tlink(packet, &hard))
			return -1;
		if (control->no_links)
			return say_error(header->tag, EOPNOTSUPP);
		if (hard.name.data[0] == '.')
			hide(&hard.name);
		return p9_encode_rlink(reply, sizeof(reply), header->tag);
	case P9_TRENAMEAT:
		if (p9_decode_trenameat(packet, &rename))
			return -1;
		error = control->stays ? rename_a(&rename) : 0;
		return error ? say_error(header->tag, error)
			     : p9_encode_rrenameat(reply, sizeof(reply), header->tag);
	case P9_TFSYNC:
		return p9_decode_tfsync(packet, &fsync)
			       ? -1
			       : p9_encode_rfsync(reply, sizeof(reply), header->tag);
	default:
		return say_error(header->tag, EOPNOTSUPP);
	}
}

/* A change of a name that is kept. Returns 0 or the error that it fails with. */
static unsigned keep(unsigned type)
{
	if (!control->keeps)
		return 0;
	if (type == P9_TRENAMEAT ? control->gone != 0 : control->other != 0)
		return type == P9_TRENAMEAT ? ENOENT : EEXIST;
	control->gone |= type == P9_TRENAMEAT;
	control->other = type == P9_TMKDIR ? SUB : type == P9_TSYMLINK ? LINK : FILE_A;
	control->done[type]++;
	return 0;
}

static ssize_t keep_other_change(const struct p9_packet *packet, const struct p9_header *header)
{
	bool names = header->type == P9_TSYMLINK || header->type == P9_TMKDIR ||
		     header->type == P9_TLINK || header->type == P9_TRENAMEAT;
	unsigned error = names ? keep(header->type) : 0;

	return error ? say_error(header->tag, error) : do_other_change(packet, header);
}

static ssize_t answer(const struct p9_packet *packet, const struct p9_header *header)
{
	static ssize_t (*const answers[256])(const struct p9_packet *packet, uint16_t tag) = {
		[P9_TVERSION] = do_version, [P9_TATTACH] = do_attach,	  [P9_TWALK] = do_walk,
		[P9_TGETATTR] = do_getattr, [P9_TLOPEN] = do_open,	  [P9_TREAD] = do_read,
		[P9_TREADDIR] = do_readdir, [P9_TREADLINK] = do_readlink, [P9_TSTATFS] = do_statfs,
		[P9_TCLUNK] = do_clunk,	    [P9_TWRITE] = do_write,	  [P9_TLCREATE] = do_create,
		[P9_TSETATTR] = do_setattr, [P9_TUNLINKAT] = do_unlink,
	};

	if (answers[header->type])
		return answers[header->type](packet, header->tag);
	return keep_other_change(packet, header);
}

/* Spoils a right answer of n bytes. Returns how many bytes are to be sent. */
static ssize_t spoil(ssize_t n, uint16_t tag)
{
	switch (control->lie) {
	case NOTHING:
		return 0;
	case GARBAGE:
		for (ssize_t i = 0; i < n; i++)
			reply[i] = (uint8_t)(i * 151 + 17);
		return n;
	case WRONG_TYPE:
		reply[4] ^= 2;
		return n;
	case WRONG_TAG:
		reply[5] ^= 1;
		return n;
	case CLAIMS_MORE:
		reply[0]++;
		return n;
	case CLAIMS_LESS:
		reply[0]--;
		return n;
	case TRAILING:
		return n + 1;
	case REFUSES:
		return say_error(tag, EACCES);
	case ODD_ERROR:
		return say_error(tag, 0xfffffff0);
	default:
		return n;
	}
}

/* A request that was not answered, and its Tflush once that has come. */
struct owed {
	bool used, flushed;
	uint8_t type;
	uint16_t tag, flush_tag;
	uint32_t fid[2];
	long rcvid, flush_rcvid;
};

static struct owed owed[OWED];
static unsigned nowed; /* that are used */

void nap(unsigned ms)
{
	const struct timespec pause = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&pause, NULL);
}

static void owe(const struct p9_header *header, long rcvid)
{
	struct owed *at = owed;
	struct p9_twalk walk;
	struct p9_packet packet = p9_packet(request, p9_claimed_size(request));

	while (at->used)
		at++;
	nowed++;
	*at = (struct owed){
		.used = true, .type = header->type, .tag = header->tag, .rcvid = rcvid
	};
	memcpy(&at->fid[0], request + P9_HEADER_BYTES, sizeof(uint32_t));
	at->fid[1] = at->fid[0];
	if (header->type == P9_TWALK && p9_decode_twalk(&packet, &walk) == 0)
		at->fid[1] = walk.newfid;
}

/* Does the client use what a request still has that was neither answered nor flushed? */
static bool is_reused(const struct p9_header *header)
{
	uint32_t fid;

	memcpy(&fid, request + P9_HEADER_BYTES, sizeof(fid));
	for (struct owed *at = owed; nowed && at < owed + OWED; at++)
		if (at->used &&
		    (at->tag == header->tag || (at->flushed && at->flush_tag == header->tag) ||
		     (header->type == P9_TCLUNK && (fid == at->fid[0] || fid == at->fid[1]))))
			return true;
	return false;
}

/* How many bytes of a reply of n bytes can be left out, because the words of the answer have them. */
static size_t words_of(unsigned type, size_t n)
{
	if (!control->in_words)
		return 0;
	if (n <= 24)
		return n;
	return type == P9_TREAD || type == P9_TREADDIR ? P9_RREAD_HEAD_BYTES : 0;
}

static void send_reply(int fd, long rcvid, ssize_t n)
{
	struct ipc_message m = { 0 };

	ipc_write(fd, rcvid, reply, (uint64_t)n, 0);
	(void)ipc_reply(fd, rcvid, &m);
}

static void flush(int fd, struct owed *at)
{
	struct ipc_message m = { 0 };
	ssize_t n;

	if (control->flush == FLUSH_AFTER_ANSWER) {
		n = p9_encode_rflush(reply, sizeof(reply), at->tag);
		control->late = ipc_write(fd, at->rcvid, reply, (uint64_t)n, 0);
		if (control->late == -ESRCH)
			control->late = ipc_reply(fd, at->rcvid, &m);
	}
	n = control->flush == FLUSH_ERROR ? say_error(at->flush_tag, EINVAL)
					  : p9_encode_rflush(reply, sizeof(reply), at->flush_tag);
	if (control->flush == FLUSH_GARBAGE)
		memset(reply, 0x55, (size_t)n);
	at->used = false;
	nowed--;
	send_reply(fd, at->flush_rcvid, n);
}

static void flush_all(int fd)
{
	for (struct owed *at = owed; at < owed + OWED; at++)
		if (at->used && at->flushed)
			flush(fd, at);
}

static void do_flush(int fd, const struct p9_packet *packet, uint16_t tag, long rcvid)
{
	struct p9_tflush ask;

	if (p9_decode_tflush(packet, &ask))
		_exit(6);
	for (struct owed *at = owed; at < owed + OWED; at++) {
		if (!at->used || at->tag != ask.oldtag)
			continue;
		control->flushed[at->type]++;
		at->flushed = true;
		at->flush_tag = tag;
		at->flush_rcvid = rcvid;
		if (control->flush != FLUSH_LATER)
			flush(fd, at);
		return;
	}
	control->unknown_flushes++;
	send_reply(fd, rcvid, p9_encode_rflush(reply, sizeof(reply), tag));
}

static void hold(long rcvid, ssize_t n)
{
	held.n = n;
	memcpy(held.reply, reply, (size_t)n);
	held.rcvid = rcvid;
	control->holds = 1;
}

static void send_held(int fd)
{
	if (!held.rcvid)
		return;
	memcpy(reply, held.reply, (size_t)held.n);
	send_reply(fd, held.rcvid, held.n);
	held.rcvid = 0;
}

void serve(int fd)
{
	struct ipc_message m;
	struct p9_header header;
	long rcvid;

	for (;;) {
		bool lies;
		ssize_t n;

		rcvid = ipc_receive(fd, &m, IPC_NEVER);
		if (rcvid == 0 && m.word[0] == IPC_PULSE_CLOSED)
			_exit(0);
		if (rcvid == 0 && m.word[0] == IPC_PULSE_NOTIFIED) {
			flush_all(fd);
			send_held(fd);
			continue;
		}
		if (rcvid <= 0)
			_exit(9);
		n = ipc_read(fd, rcvid, request, sizeof(request), 0);
		if (n == -ESRCH)
			continue;
		struct p9_packet packet = p9_packet(request, n < 0 ? 0 : (size_t)n);

		if (n < 0 || n != (long)m.word[0] || p9_peek(&packet, &header) != 0)
			_exit(8);
		control->seen[header.type]++;
		lies = control->of == 0 || control->of == header.type;
		if (lies && control->lie == DIE)
			_exit(0);
		control->reused += is_reused(&header);
		if (header.type == P9_TFLUSH) {
			do_flush(fd, &packet, header.tag, rcvid);
			continue;
		}
		if (lies && (control->lie == SILENT || control->lie == MUTE))
			owe(&header, rcvid);
		if (lies && control->lie == SILENT)
			continue;
		n = answer(&packet, &header);
		if (n < 0)
			_exit(7);
		if (lies && control->lie == DIE_AFTER)
			_exit(0);
		if (lies && control->lie == MUTE)
			continue;
		if (lies && control->lie == PAUSES) {
			control->pauses++;
			while (*(volatile unsigned *)&control->goes_on < control->pauses)
				nap(1);
		}
		if (lies && (control->lie == OVERTAKEN ||
			     (control->lie == RENAMING && header.type == P9_TRENAMEAT))) {
			hold(rcvid, n);
			continue;
		}
		if (lies && control->lie == STEADY)
			nap(PACE_MS);
		if (lies && control->lie == LATE) {
			while (ipc_read(fd, rcvid, request, 1, 0) >= 0)
				nap(10);
			control->late = ipc_write(fd, rcvid, reply, (uint64_t)n, 0);
			continue;
		}
		if (lies)
			n = spoil(n, header.tag);
		size_t at = words_of(header.type, (size_t)n);

		memcpy(&m.word[1], reply, at);
		if (lies && control->lie == GAP)
			ipc_write(fd, rcvid, reply + 1, (uint64_t)n - 1, 1);
		else if (!lies || control->lie != NO_DATA)
			ipc_write(fd, rcvid, reply + at, (uint64_t)n - at, at);
		(void)ipc_reply(fd, rcvid, &m);
	}
}
