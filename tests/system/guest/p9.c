/* SPDX-License-Identifier: MIT */
/* Files of a server that tells the truth, lies, is silent, or dies (R142, R144). */
#define _GNU_SOURCE
#include "lib/ipc.h"
#include "lib/p9/p9.h"
#include "expect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096ul

/* ---- the server ---- */

enum lie {
	TRUTH,
	SILENT,	    /* receives, and does not answer */
	MUTE,	    /* does what it is asked for, and does not answer */
	DIE,	    /* ends instead of an answer */
	DIE_AFTER,  /* does what it is asked for, and ends instead of an answer */
	NOTHING,    /* answers without a message */
	GARBAGE,    /* a message of noise */
	WRONG_TYPE, /* of another request */
	WRONG_TAG,
	CLAIMS_MORE, /* the size in the message is too large */
	CLAIMS_LESS,
	GAP,	     /* the first byte is missing */
	TRAILING,    /* a byte follows */
	REFUSES,     /* Rlerror with EACCES */
	ODD_ERROR,   /* Rlerror with an error that there is not */
	TOO_MUCH,    /* more bytes than were asked for */
	LATE,	     /* answers when the time is over */
	OTHER_TYPE,  /* the file is a directory now */
	HUGE,	     /* its size is beyond all files */
	SHRUNK,	     /* it has a page less */
	TOUCHED,     /* it has other bytes and another time */
	SAME_COOKIE, /* all names of a directory have one cookie */
	BAD_ENTRY,   /* a name with a slash */
	OTHER_VERSION,
	NO_TARGET,  /* an empty link */
	FEW_FIDS,   /* no more than 200 */
	REPLACED,   /* another file has the number of the old one, for which no fid is of use */
	TAKES_HALF, /* of what is written */
	TAKES_NONE,
	TAKES_A_PAGE,
	IS_FULL,   /* Rlerror with ENOSPC */
	PAUSES,	   /* answers when it is told to go on */
	OVERTAKEN, /* a read is answered when the server is notified, with the bytes from before */
	LIES
};

enum { ROOT = 1, FILE_A, LINK, SUB, DEVICE, PROGRAM, NEW, NAME_0 = 1000, NAMES = 300 };

#define FILE_SIZE (40 * PAGE + 100)

/* What the server does with Tflush of a request that it has not answered. */
enum flush {
	FLUSH_NOW,
	FLUSH_AFTER_ANSWER, /* answers the old request first, which is too late */
	FLUSH_ERROR,	    /* Rlerror */
	FLUSH_GARBAGE,
	FLUSH_LATER, /* when it is notified */
};

/* What the test and its server share. */
struct control {
	enum lie lie;
	unsigned of; /* the type of request that is lied to; 0: all */
	enum flush flush;
	unsigned seen[256]; /* requests by type */
	long late;	    /* what the late answer got */
	unsigned clunks, walks;
	unsigned flushed[256];	  /* requests that were not answered, by type */
	unsigned unknown_flushes; /* of requests that were answered, or never came */
	unsigned created;	  /* the file NEW is there */
	uint64_t new_size;
	unsigned changes;	    /* of its contents: its times */
	unsigned loops;		    /* the root is another one below itself */
	unsigned holds;		    /* an answer is held */
	unsigned pauses, goes_on;   /* answers that have waited, and that may go */
	unsigned long wrong;	    /* bytes that were written and are not those of new_byte() */
	unsigned discards;	    /* the server keeps nothing of what is written */
	unsigned long progress;	    /* of a child */
	uint8_t stored[100 * 4096]; /* the file NEW */
	unsigned keeps;		    /* changes of names are kept, one of each kind: */
	unsigned gone;		    /* "a" has no name any more, but "second" */
	uint64_t other;		    /* the file "other"; 0: none */
	unsigned hidden;	    /* "a" has a hidden name, too */
	/* requests of Tgetattr, by the first letter of the name by which the fid was walked to */
	unsigned asked_by[256];
	unsigned done[256];  /* changes that were made, by type of the request */
	unsigned other_root; /* the root is another one */
	/* so many answers of type `of` are about another file, which has the name now */
	unsigned others;
	unsigned reused;  /* requests with the tag, or Tclunk with a fid, of one not flushed yet */
	unsigned writers; /* fids that are open for writing */
	unsigned unreadable; /* files are not opened to be read */
};

static volatile struct control *control;

static const uint8_t *program;
static size_t program_size;

static uint8_t byte_of(uint64_t at)
{
	return (uint8_t)(at * 13 + at / 4096 * 7 + (control->lie == TOUCHED) +
			 2 * (control->lie == REPLACED));
}

/* What is written to the file that is created. */
static uint8_t new_byte(uint64_t at)
{
	return (uint8_t)(at * 31 + at / 256 + 3);
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

		return text[0] == 'n' && n < NAMES ? NAME_0 + n : 0;
	}
	if (from == ROOT && strcmp(text, "other") == 0)
		return control->other;
	if (from == ROOT && text[0] == '.')
		return control->hidden ? FILE_A : 0;
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
	if (file == 0)
		return say_error(tag, ENOENT);
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

/* The file that an answer of this type is about. */
static uint64_t file_or_other(uint64_t file, unsigned type)
{
	if (type != control->of || file == ROOT || control->others == 0)
		return file;
	control->others--;
	return file + 1000000;
}

static ssize_t do_getattr(const struct p9_packet *packet, uint16_t tag)
{
	struct p9_tgetattr ask;
	struct p9_rgetattr say = { .valid = P9_GETATTR_BASIC, .nlink = 1, .blksize = 4096 };
	uint64_t file;

	if (p9_decode_tgetattr(packet, &ask))
		return -1;
	file = file_of(ask.fid);
	if (file == 0)
		return say_error(tag, ENOENT);
	control->asked_by[fids[ask.fid % FIDS].letter]++;
	say.qid = qid_of(file_or_other(file, P9_TGETATTR));
	say.mode = file == ROOT || file == SUB ? S_IFDIR | 0755
		   : file == LINK	       ? S_IFLNK | 0777
		   : file == DEVICE	       ? S_IFCHR | 0600
					       : S_IFREG | 0555;
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

static uint8_t stored_byte(uint64_t at)
{
	return at < sizeof(control->stored) ? control->stored[at] : 0;
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
	for (uint32_t i = 0; i < say.count; i++)
		data[i] = file == PROGRAM ? program[ask.offset + i]
			  : file == NEW	  ? stored_byte(ask.offset + i)
					  : byte_of(ask.offset + i);
	if (control->lie == TOO_MUCH)
		say.count = ask.count + 1;
	return p9_encode_rread(reply, sizeof(reply), tag, &say);
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
	for (uint64_t i = ask.offset; i < nentries; i++) {
		char text[16];
		/* The cookie behind the last entry is what ext4 has there. */
		struct p9_dirent entry = { .offset = i + 1 < nentries ? i + 1 : INT64_MAX,
					   .type = DT_REG };
		ssize_t n;

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
	for (uint32_t i = 0; i < say.count && !control->discards; i++) {
		control->stored[ask.offset + i] = ((const uint8_t *)ask.data)[i];
		control->wrong += ((const uint8_t *)ask.data)[i] != new_byte(ask.offset + i);
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
		for (uint64_t at = ask.size; at < sizeof(control->stored); at++)
			control->stored[at] = 0;
		control->new_size = ask.size;
	}
	control->changes++;
	return p9_encode_rsetattr(reply, sizeof(reply), tag);
}

static ssize_t do_unlink(const struct p9_packet *packet, uint16_t tag)
{
	struct p9_tunlinkat ask;

	if (p9_decode_tunlinkat(packet, &ask))
		return -1;
	if (control->keeps && control->gone)
		return say_error(tag, ENOENT);
	control->gone = control->keeps;
	control->done[P9_TUNLINKAT]++;
	control->created = 0;
	return p9_encode_runlinkat(reply, sizeof(reply), tag);
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
		control->hidden |= hard.name.data[0] == '.';
		return p9_encode_rlink(reply, sizeof(reply), header->tag);
	case P9_TRENAMEAT:
		return p9_decode_trenameat(packet, &rename)
			       ? -1
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
	switch (header->type) {
	case P9_TVERSION:
		return do_version(packet, header->tag);
	case P9_TATTACH:
		return do_attach(packet, header->tag);
	case P9_TWALK:
		return do_walk(packet, header->tag);
	case P9_TGETATTR:
		return do_getattr(packet, header->tag);
	case P9_TLOPEN:
		return do_open(packet, header->tag);
	case P9_TREAD:
		return do_read(packet, header->tag);
	case P9_TREADDIR:
		return do_readdir(packet, header->tag);
	case P9_TREADLINK:
		return do_readlink(packet, header->tag);
	case P9_TSTATFS:
		return do_statfs(packet, header->tag);
	case P9_TCLUNK:
		return do_clunk(packet, header->tag);
	case P9_TWRITE:
		return do_write(packet, header->tag);
	case P9_TLCREATE:
		return do_create(packet, header->tag);
	case P9_TSETATTR:
		return do_setattr(packet, header->tag);
	case P9_TUNLINKAT:
		return do_unlink(packet, header->tag);
	default:
		return keep_other_change(packet, header);
	}
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

#define OWED 2048
static struct owed owed[OWED];

static void nap(unsigned ms)
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
	for (struct owed *at = owed; at < owed + OWED; at++)
		if (at->used &&
		    (at->tag == header->tag || (at->flushed && at->flush_tag == header->tag) ||
		     (header->type == P9_TCLUNK && (fid == at->fid[0] || fid == at->fid[1]))))
			return true;
	return false;
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

/* An answer that is sent later. */
static struct {
	long rcvid; /* 0: there is none */
	ssize_t n;
	uint8_t reply[2 * PAGE];
} held;

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

static void serve(int fd)
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
		if (lies && control->lie == OVERTAKEN) {
			hold(rcvid, n);
			continue;
		}
		if (lies && control->lie == LATE) {
			while (ipc_read(fd, rcvid, request, 1, 0) >= 0)
				nap(10);
			control->late = ipc_write(fd, rcvid, reply, (uint64_t)n, 0);
			continue;
		}
		if (lies)
			n = spoil(n, header.tag);
		if (lies && control->lie == GAP)
			ipc_write(fd, rcvid, reply + 1, (uint64_t)n - 1, 1);
		else
			ipc_write(fd, rcvid, reply, (uint64_t)n, 0);
		(void)ipc_reply(fd, rcvid, &m);
	}
}

/* ---- the client ---- */

static pid_t server;
static int poke = -1; /* another send end, to notify the server */

static enum lie first_lie;
static const char *mounted_at = "/mnt";

static unsigned long mount_flags; /* as it was started: few tests write */

/* Starts a server, and mounts it, or with MS_REMOUNT attaches the mount to it. */
static int mount_server(unsigned long flags, const char *options)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 1, IPC_TELL_CLOSE), result;
	char text[80];

	if (poke >= 0)
		close(poke);
	poke = ipc_badge(receive, 2, 0);
	server = fork();
	if (server == 0) {
		for (int fd = 3; fd < 32; fd++) /* its own files would keep the mount busy */
			if (fd != receive)
				close(fd);
		serve(receive);
	}
	close(receive);
	snprintf(text, sizeof(text), "fd=%d%s", send, options);
	result = mount("server", mounted_at, "9p", mount_flags | flags, text) == 0 ? 0 : -errno;
	close(send);
	return result;
}

static int try_mount(unsigned long flags, const char *options)
{
	char text[80];

	memset((void *)control, 0, sizeof(*control));
	control->lie = first_lie;
	mount_flags = flags;
	snprintf(text, sizeof(text), ",%s", options);
	return mount_server(0, text);
}

static int attach_again(void)
{
	return mount_server(MS_REMOUNT, "");
}

static void start(const char *options)
{
	expect("mount", 0, try_mount(MS_RDONLY, options));
}

static void start_to_write(const char *options)
{
	expect("mount", 0, try_mount(0, options));
}

static void stop(void)
{
	int status = -1;

	control->lie = TRUTH;
	if (umount(mounted_at) != 0) {
		expect("umount", 0, -errno);
		umount2(mounted_at, MNT_DETACH); /* or the server would not end */
	}
	waitpid(server, &status, 0);
	expect("the server's status", 0, status);
}

static void tell(enum lie lie, unsigned of)
{
	control->of = of;
	control->lie = lie;
}

static long wrong_bytes(const uint8_t *bytes, uint64_t from, size_t n)
{
	long wrong = 0;

	for (size_t i = 0; i < n; i++)
		wrong += bytes[i] != byte_of(from + i);
	return wrong;
}

static void wait_for(const char *what, const volatile unsigned *count, unsigned least)
{
	for (unsigned i = 0; i < 2000 && *count < least; i++)
		nap(10);
	expect(what, 1, *count >= least);
}

static void wait_until_0(const char *what, const volatile unsigned *count)
{
	for (unsigned i = 0; i < 2000 && *count; i++)
		nap(10);
	expect(what, 0, *count);
}

static void reads_and_maps(void)
{
	static uint8_t bytes[FILE_SIZE + PAGE];
	struct statfs fs;
	struct stat st;
	uint8_t *mem;
	char target[8] = "";
	int fd;

	start("timeout=20");
	fd = open("/mnt/a", O_RDONLY);
	expect("read", FILE_SIZE, read(fd, bytes, sizeof(bytes)));
	expect("its bytes", 0, wrong_bytes(bytes, 0, FILE_SIZE));
	expect("reads of many pages", 1, control->seen[P9_TREAD] < 12);
	expect("read at the end", 0, read(fd, bytes, 1));
	expect("and to nowhere", 0, syscall(SYS_read, fd, 16ul, 1ul));
	expect("pread", 50, pread(fd, bytes, 50, 5 * PAGE - 20));
	expect("its bytes", 0, wrong_bytes(bytes, 5 * PAGE - 20, 50));
	expect("seek", FILE_SIZE, lseek(fd, 0, SEEK_END));
	mem = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	expect("map", 0, wrong_bytes(mem, 0, FILE_SIZE));
	expect("behind the end", 0, mem[FILE_SIZE]);
	munmap(mem, FILE_SIZE);
	mem = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	mem[7 * PAGE] ^= 0xff;
	expect("a private copy", 1, wrong_bytes(mem, 0, FILE_SIZE));
	munmap(mem, FILE_SIZE);
	close(fd);
	expect("stat", 0, stat("/mnt/a", &st));
	expect("size", FILE_SIZE, st.st_size);
	expect("mode", S_IFREG | 0555, st.st_mode);
	expect("ino", FILE_A + 2, (long)st.st_ino);
	expect("time", 1000, st.st_mtime);
	expect("readlink", 1, readlink("/mnt/link", target, sizeof(target)));
	expect("its target", 'a', target[0]);
	expect("stat by the link", 0, stat("/mnt/link", &st));
	expect("the same file", FILE_A + 2, (long)st.st_ino);
	expect_error("no such name", ENOENT, open("/mnt/b", O_RDONLY));
	expect_error("a device", ENXIO, open("/mnt/dev", O_RDONLY));
	expect_error("for writing", EROFS, open("/mnt/a", O_RDWR));
	expect_error("mkdir", EROFS, mkdir("/mnt/new", 0755));
	expect("remount for writing", 0, mount("", "/mnt", "", MS_REMOUNT, ""));
	expect("and back", 0, mount("", "/mnt", "", MS_REMOUNT | MS_RDONLY, ""));
	expect("statfs", 0, statfs("/mnt", &fs));
	expect("its blocks", 77, (long)fs.f_blocks);
	expect("its type", 0x01021997, (long)fs.f_type);
	stop();
	expect("every fid is clunked", control->walks + 1, control->clunks);
}

static long count_names(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	long n = 0;

	if (!dir)
		return -errno;
	errno = 0;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			n++;
	if (errno)
		n = -errno;
	closedir(dir);
	return n;
}

static void directories(void)
{
	struct dirent *entry;
	char cwd[64];
	long at = 0;
	DIR *dir;

	start("timeout=20");
	expect("names of the root", 5, count_names("/mnt"));
	expect("many names", NAMES, count_names("/mnt/sub"));
	dir = opendir("/mnt/sub");
	for (unsigned i = 0; i < 100; i++)
		entry = readdir(dir);
	at = telldir(dir);
	entry = readdir(dir);
	expect("the name there", 0, strcmp(entry->d_name, "n098"));
	while (readdir(dir))
		;
	seekdir(dir, at);
	entry = readdir(dir);
	expect("the same again", 0, strcmp(entry->d_name, "n098"));
	closedir(dir);
	expect("chdir", 0, chdir("/mnt/sub"));
	expect("getcwd", 0, getcwd(cwd, sizeof(cwd)) ? strcmp(cwd, "/mnt/sub") : -1);
	expect("upwards", 0, access("../a", R_OK));
	expect_error("busy", EBUSY, umount("/mnt"));
	expect("chdir back", 0, chdir("/"));
	tell(SAME_COOKIE, P9_TREADDIR);
	expect("a circle", -EIO, count_names("/mnt"));
	tell(BAD_ENTRY, P9_TREADDIR);
	expect("a wrong name", -EIO, count_names("/mnt/sub"));
	tell(TRUTH, 0);
	expect("the truth again", NAMES, count_names("/mnt/sub"));
	stop();
}

static long free_pages(void)
{
	struct sysinfo info;

	return sysinfo(&info) == 0 ? (long)(info.freeram * info.mem_unit / PAGE) : -1;
}

/* The kernel has room for the names before it opens the directory, and none left when that is refused. */
static void listings_refused(void)
{
	const long times = 400, spare = 100;
	long before, listed = 0;

	start("timeout=20");
	tell(REFUSES, P9_TLOPEN);
	expect("a directory that may not be read", -EACCES, count_names("/mnt/sub"));
	before = free_pages();
	for (long i = 0; i < times; i++)
		listed += count_names("/mnt/sub") != -EACCES;
	expect("nor the other times", 0, listed);
	if (free_pages() < before - spare)
		expect("pages free as before", before, free_pages());
	tell(TRUTH, 0);
	expect("many names", NAMES, count_names("/mnt/sub"));
	stop();
}

/* Opens a file that was never opened before: others need not be opened at the server. */
static int open_another(void)
{
	static unsigned n;
	char path[32];

	snprintf(path, sizeof(path), "/mnt/sub/n%03u", n++ % NAMES);
	return open(path, O_RDONLY);
}

/* Each lie, told to each kind of request, is EIO, and the truth is believed afterwards. */
static void lies(void)
{
	static const enum lie all[] = { NOTHING,     GARBAGE,	  WRONG_TYPE, WRONG_TAG,
					CLAIMS_MORE, CLAIMS_LESS, TRAILING,   ODD_ERROR };
	char byte, target[8];
	struct stat st;

	start("timeout=20");
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		long at = (long)(PAGE * (3 * i + 1));
		int fd;

		tell(all[i], P9_TWALK);
		expect_error("walk", EIO, stat("/mnt/a", &st));
		tell(all[i], P9_TGETATTR);
		expect_error("getattr", EIO, stat("/mnt/a", &st));
		tell(all[i], P9_TLOPEN);
		expect_error("open", EIO, open_another());
		tell(all[i], P9_TREADLINK);
		expect_error("readlink", EIO, readlink("/mnt/link", target, sizeof(target)));
		tell(all[i], P9_TREADDIR);
		expect("readdir", -EIO, count_names("/mnt/sub"));
		tell(TRUTH, 0);
		fd = open("/mnt/a", O_RDONLY);
		/* a byte more than a page has no room */
		tell(all[i] == TRAILING ? GARBAGE : all[i], P9_TREAD);
		expect_error("read", EIO, pread(fd, &byte, 1, at));
		tell(TRUTH, 0);
		expect("read the truth", 1, pread(fd, &byte, 1, at));
		expect("its byte", byte_of((uint64_t)at), (uint8_t)byte);
		close(fd);
	}
	tell(NO_TARGET, P9_TREADLINK);
	expect_error("no target", EIO, readlink("/mnt/link", target, sizeof(target)));
	tell(REFUSES, P9_TLOPEN);
	expect_error("refused", EACCES, open_another());
	tell(HUGE, P9_TGETATTR);
	expect_error("huge", EIO, open("/mnt/a", O_RDONLY));
	stop();
}

static void fill_new(uint8_t *bytes, uint64_t at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = new_byte(at + i);
}

static long wrong_new_bytes(const uint8_t *bytes, uint64_t at, size_t n)
{
	long wrong = 0;

	for (size_t i = 0; i < n; i++)
		wrong += bytes[i] != new_byte(at + i);
	return wrong;
}

/* Of what the server has. */
static long wrong_stored_bytes(uint64_t at, size_t n)
{
	return wrong_new_bytes((const uint8_t *)control->stored + at, at, n);
}

#define NEW_SIZE (70 * PAGE + 11)

static uint8_t new_bytes[NEW_SIZE];

/* What is in memory outlives our own writes, and the server's file is not open for longer than ours. */
static void cached_writes(int writer)
{
	unsigned nreads, nclunks;
	uint8_t byte = 0;
	int fd, another;

	fill_new(new_bytes, 0, NEW_SIZE);
	expect("write", 3 * PAGE, pwrite(writer, new_bytes, 3 * PAGE, 0));
	fd = open("/mnt/new", O_RDONLY);
	expect("read", 1, pread(fd, &byte, 1, PAGE));
	nreads = control->seen[P9_TREAD];
	expect("write again", PAGE, pwrite(writer, new_bytes, PAGE, 0));
	another = open("/mnt/new", O_RDWR);
	expect("read by another", 1, pread(another, &byte, 1, PAGE + 1));
	expect("from memory", nreads, control->seen[P9_TREAD]);
	close(another);
	another = dup(writer);
	nclunks = control->seen[P9_TCLUNK];
	close(another);
	expect("one of two that write is closed", nclunks, control->seen[P9_TCLUNK]);
	close(fd);
}

/* A tree that is none: the root is below itself, and a directory moves below itself. */
static void trees_with_loops(void)
{
	struct stat st;

	start_to_write("timeout=20");
	control->loops = 1;
	expect("the root below itself", 0, stat("/mnt/sub/self", &st));
	expect("once more", 0, stat("/mnt/sub/self/sub/self", &st));
	expect("a directory below itself", 0, rename("/mnt/sub", "/mnt/sub/n001"));
	expect("and what was there", 0, stat("/mnt/sub/self/sub/n002", &st));
	stop();
}

/* What is appended comes behind what another client has appended. */
static void appends(void)
{
	uint8_t bytes[10] = { 0 };
	int fd;

	start_to_write("timeout=20");
	fd = open("/mnt/new", O_CREAT | O_RDWR | O_APPEND, 0644);
	fill_new(new_bytes, 0, 400);
	expect("write", 100, write(fd, new_bytes, 100));
	expect("fsync", 0, fsync(fd));
	expect("read", 10, pread(fd, bytes, sizeof(bytes), 90));
	control->new_size += 100; /* of zeros */
	expect("append", 100, write(fd, new_bytes + 200, 100));
	expect("fsync of that", 0, fsync(fd));
	expect("the size", 300, (long)control->new_size);
	expect("where the bytes are", 0, wrong_stored_bytes(200, 100));
	expect("read the other's", 10, pread(fd, bytes, sizeof(bytes), 150));
	expect("the other's byte", 0, bytes[0]);
	expect("read what was appended", 10, pread(fd, bytes, sizeof(bytes), 250));
	expect("wrong bytes", 0, wrong_new_bytes(bytes, 250, sizeof(bytes)));
	control->of = P9_TGETATTR; /* the name is another file's now */
	control->others = 1;
	expect("append to what has no name", 100, write(fd, new_bytes + 300, 100));
	expect("fsync of that", 0, fsync(fd));
	expect("the size", 400, (long)control->new_size);
	close(fd);
	stop();
}

/* A write that is not answered may have been made. */
static void write_without_an_answer(void)
{
	uint8_t bytes[100];
	int fd, writer, status;

	start_to_write("timeout=2");
	memset(bytes, 0xee, sizeof(bytes));
	fill_new(new_bytes, 0, PAGE);
	writer = open("/mnt/new", O_CREAT | O_WRONLY, 0644);
	expect("write", PAGE, write(writer, new_bytes, PAGE));
	fd = open("/mnt/new", O_RDONLY);
	expect("read", 100, pread(fd, new_bytes, 100, 0));
	expect("fsync", 0, fsync(writer));
	tell(MUTE, P9_TWRITE);
	expect("write", 100, pwrite(writer, bytes, sizeof(bytes), 0));
	expect_error("fsync without an answer", EIO, fsync(writer));
	tell(TRUTH, 0);
	status = (int)control->seen[P9_TCLUNK];
	close(writer);
	for (unsigned i = 0; i < 1000 && control->seen[P9_TCLUNK] == (unsigned)status; i++)
		nap(1); /* close does not wait for the server */
	expect("the last that writes", status + 1, (long)control->seen[P9_TCLUNK]);
	close(fd);
	fd = open("/mnt/new", O_RDONLY);
	expect("read", 100, pread(fd, new_bytes, 100, 0));
	expect("what the server has", 0, memcmp(new_bytes, bytes, sizeof(bytes)));
	close(fd);
	control->lie = TRUTH;
	expect("umount", 0, umount(mounted_at));
	waitpid(server, &status, 0);
}

/* What a read brings that was begun before a write is not kept. */
static void read_that_is_overtaken(void)
{
	uint8_t bytes[PAGE], byte = 0;
	pid_t reader;
	int fd;

	start_to_write("timeout=20");
	memset(bytes, 0x11, sizeof(bytes));
	fd = open("/mnt/new", O_CREAT | O_RDWR, 0644);
	expect("write", PAGE, pwrite(fd, bytes, PAGE, PAGE));
	expect("fsync", 0, fsync(fd));
	close(open("/mnt/new", O_RDONLY));
	control->changes++; /* by another client: what is cached goes */
	close(open("/mnt/new", O_RDONLY));
	memset(bytes, 0xee, sizeof(bytes));
	tell(OVERTAKEN, P9_TREAD);
	reader = fork();
	if (reader == 0)
		_exit(pread(fd, &byte, 1, PAGE) != 1);
	while (!control->holds)
		nap(1);
	tell(TRUTH, 0);
	expect("write over it", PAGE, pwrite(fd, bytes, PAGE, PAGE));
	ipc_notify(poke, 1);
	waitpid(reader, NULL, 0);
	expect("read", 1, pread(fd, &byte, 1, PAGE));
	expect("what was written", 0xee, byte);
	close(fd);
	stop();
}

/* ---- write-back ---- */

static int new_file(void)
{
	int fd;

	start_to_write("timeout=20");
	fd = open("/mnt/new", O_CREAT | O_RDWR, 0644);
	expect("create", 1, fd >= 0);
	return fd;
}

static void end_of_new_file(int fd)
{
	if (fd >= 0)
		close(fd);
	stop();
}

/* Makes the file n bytes long and maps it. */
static uint8_t *map_new(int fd, size_t n)
{
	uint8_t *mem;

	expect("ftruncate", 0, ftruncate(fd, (off_t)n));
	mem = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	expect("map to write", 1, mem != MAP_FAILED);
	return mem;
}

/* Does the server have what new_byte() says, up to n? It may get that in its own time. */
static void server_gets(const char *what, size_t n)
{
	long wrong = 1;

	for (unsigned i = 0; i < 6000 && wrong; i++) {
		wrong = wrong_stored_bytes(0, n);
		if (wrong)
			nap(10);
	}
	expect(what, 0, wrong);
}

/* R92: what is stored through a mapping comes to the server by each of the ways, and only the pages that were stored to. */
static void stores_reach_the_server(void)
{
	const size_t n = 40 * PAGE;
	uint8_t *mem;
	pid_t child;
	int fd = new_file(), status;

	mem = map_new(fd, n);
	fill_new(mem, 0, 2 * PAGE);
	expect("nothing before", 0, control->seen[P9_TWRITE]);
	expect("msync", 0, msync(mem, n, MS_SYNC));
	expect("one request", 1, control->seen[P9_TWRITE]);
	expect("its bytes", 0, wrong_stored_bytes(0, 2 * PAGE));
	expect("msync of nothing", 0, msync(mem, n, MS_SYNC));
	expect("no request", 1, control->seen[P9_TWRITE]);
	fill_new(mem + 2 * PAGE, 2 * PAGE, PAGE);
	fill_new(mem + 9 * PAGE, 9 * PAGE, PAGE);
	expect("msync of a part", 0, msync(mem + 2 * PAGE, PAGE, MS_SYNC));
	expect("one page", 0, wrong_stored_bytes(0, 3 * PAGE));
	expect("and not the other", 0, control->stored[9 * PAGE + 1]);
	fill_new(mem, 0, n / 2);
	expect("fsync", 0, fsync(fd));
	expect("after fsync", 0, wrong_stored_bytes(0, n / 2));
	fill_new(mem + n / 2, n / 2, PAGE);
	server_gets("by age", n / 2 + PAGE);
	child = fork();
	if (child == 0) {
		fill_new(mem + n / 2, n / 2, n / 2 - PAGE);
		_exit(0);
	}
	waitpid(child, &status, 0);
	server_gets("after the end of a process", n - PAGE);
	child = fork();
	if (child == 0) {
		fill_new(mem + n - PAGE, n - PAGE, PAGE);
		kill(getpid(), SIGKILL);
	}
	waitpid(child, &status, 0);
	server_gets("after a kill", n);
	memset(mem, 0, PAGE);
	expect("msync of zeros", 0, msync(mem, PAGE, MS_SYNC));
	close(fd);
	fill_new(mem, 0, PAGE);
	munmap(mem, n);
	server_gets("after munmap, with nothing open", n);
	fd = open("/mnt/new", O_RDWR);
	mem = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	mem[5] = 0;
	memset(new_bytes, 0, 3);
	expect("write", 3, pwrite(fd, new_bytes, 3, PAGE));
	expect("close", 0, close(fd));
	expect("it is at the server", 0, control->stored[PAGE + 1]);
	expect("for stores too", 0, control->stored[5]);
	munmap(mem, n);
	end_of_new_file(-1);
}

/*
 * The server's file is open for writing as long as somebody may write it, and no longer: somebody on the server's side
 * may want to execute it.
 */
static void writers_end(void)
{
	int fd = new_file();
	uint8_t *mem = map_new(fd, 2 * PAGE);
	pid_t child;

	close(fd);
	mem[0] = 1;
	expect("msync", 0, msync(mem, PAGE, MS_SYNC));
	expect("a mapping that nothing is stored by", 1, control->writers);
	munmap(mem, PAGE);
	expect("a part of it", 1, control->writers);
	munmap(mem + PAGE, PAGE);
	wait_until_0("unmapped", &control->writers);
	fd = open("/mnt/new", O_RDWR);
	mem = map_new(fd, PAGE);
	close(fd);
	mem[0] = 2;
	expect("a mapping with a store", 1, control->writers);
	munmap(mem, PAGE);
	wait_until_0("unmapped and written", &control->writers);
	expect("the store", 2, control->stored[0]);
	fd = open("/mnt/new", O_RDWR);
	tell(OVERTAKEN, P9_TSETATTR);
	child = fork();
	if (child == 0) {
		close(fd);
		_exit(truncate("/mnt/new", PAGE + 1) != 0);
	}
	while (!control->holds)
		nap(1);
	tell(TRUTH, 0);
	close(fd);
	expect("while the file is cut", 1, control->writers);
	ipc_notify(poke, 1);
	waitpid(child, NULL, 0);
	wait_until_0("cut", &control->writers);
	expect("unlink", 0, unlink("/mnt/new"));
	fd = open("/mnt/new", O_CREAT | O_RDONLY, 0644);
	expect("create", 1, fd >= 0);
	wait_until_0("created to be read", &control->writers);
	close(open("/mnt/new", O_RDONLY | O_TRUNC));
	wait_until_0("truncated to be read", &control->writers);
	end_of_new_file(fd);
}

/*
 * What is being written when the mount is not used any more is no use of it, whatever of the end of that
 * the kernel's thread has done.
 */
static void unmounted_at_any_time(void)
{
	for (unsigned i = 0; i < 40; i++) {
		int fd = new_file();
		uint8_t *mem = map_new(fd, PAGE);

		close(fd);
		fill_new(mem, 0, PAGE);
		munmap(mem, PAGE);
		if (i & 1)
			server_gets("after munmap", PAGE);
		for (volatile unsigned wait = 0; wait < 500 * i; wait++)
			;
		stop();
	}
}

/* A store that comes while its page is being written is not lost: the page is written again. */
static void stores_during_a_write(void)
{
	uint8_t *mem, *other;
	int fd = new_file(), status;
	pid_t child;

	mem = map_new(fd, 2 * PAGE);
	other = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	mem[0] = 1;
	other[1] = 1; /* both may store without a fault */
	tell(OVERTAKEN, P9_TWRITE);
	child = fork();
	if (child == 0)
		_exit(msync(mem, PAGE, MS_SYNC) != 0);
	wait_for("the request", &control->holds, 1);
	tell(TRUTH, 0);
	mem[0] = 2;
	other[1] = 2;
	ipc_notify(poke, 1);
	waitpid(child, &status, 0);
	expect("msync", 0, status);
	expect("fsync", 0, fsync(fd));
	expect("the later store", 2, control->stored[0]);
	expect("the other mapping's", 2, control->stored[1]);
	mem[0] = 3;
	other[1] = 3;
	expect("fsync again", 0, fsync(fd));
	expect("a store after that", 3, control->stored[0]);
	expect("by the other mapping", 3, control->stored[1]);
	munmap(mem, 2 * PAGE);
	munmap(other, 2 * PAGE);
	end_of_new_file(fd);
}

/* A page that is stored to all the time is not written all the time. */
static void stores_without_end(void)
{
	int fd = new_file(), status;
	uint8_t *mem = map_new(fd, PAGE);
	struct timespec begun, now;
	pid_t child = fork();

	if (child == 0)
		for (;; nap(1))
			mem[0]++;
	clock_gettime(CLOCK_MONOTONIC, &begun);
	for (now = begun; now.tv_sec < begun.tv_sec + 4; clock_gettime(CLOCK_MONOTONIC, &now))
		nap(10);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	clock_gettime(CLOCK_MONOTONIC, &now);
	expect("not too often", 1, control->seen[P9_TWRITE] <= 3 + now.tv_sec - begun.tv_sec);
	munmap(mem, PAGE);
	end_of_new_file(fd);
}

/* close() returns when the server has answered. */
static void close_waits(void)
{
	int fd = new_file(), status;
	pid_t child;

	tell(OVERTAKEN, P9_TWRITE);
	child = fork();
	if (child == 0) {
		fill_new(new_bytes, 0, 10);
		expect("write", 10, write(fd, new_bytes, 10));
		_exit(close(fd) != 0 || nwrong);
	}
	wait_for("the request", &control->holds, 1);
	nap(200);
	expect("close waits", 0, waitpid(child, &status, WNOHANG));
	tell(TRUTH, 0);
	ipc_notify(poke, 1);
	waitpid(child, &status, 0);
	expect("close", 0, status);
	end_of_new_file(fd);
}

/* What a server takes a part of is sent again, until it has all. */
static void parts_of_writes(void)
{
	int fd = new_file();

	fill_new(new_bytes, 0, NEW_SIZE);
	tell(TAKES_A_PAGE, P9_TWRITE);
	expect("write", 40 * PAGE, pwrite(fd, new_bytes, 40 * PAGE, 0));
	expect("fsync", 0, fsync(fd));
	expect("the server's bytes", 0, wrong_stored_bytes(0, 40 * PAGE));
	tell(TRUTH, 0);
	end_of_new_file(fd);
}

/* fsync() ends although others go on storing. No two dirty pages are neighbours: there are many requests. */
static void fsync_among_stores(void)
{
	int fd = new_file(), status;
	uint8_t *mem = map_new(fd, 98 * PAGE);
	pid_t child[3];

	for (unsigned i = 0; i < 3; i++) {
		child[i] = fork();
		if (child[i] == 0)
			for (unsigned k = 0;; k++) {
				mem[k % 49 * 2 * PAGE + i + 1] = (uint8_t)k;
				if (k % 8 == 0)
					usleep(100); /* else the server waits for its turn */
			}
	}
	for (unsigned i = 0; i < 10; i++) {
		mem[i * 2 * PAGE] = (uint8_t)(i + 1);
		expect("fsync", 0, i & 1 ? fsync(fd) : msync(mem, 98 * PAGE, MS_SYNC));
		expect("the byte", i + 1, control->stored[i * 2 * PAGE]);
		nap(10);
	}
	for (unsigned i = 0; i < 3; i++) {
		kill(child[i], SIGKILL);
		waitpid(child[i], &status, 0);
	}
	munmap(mem, 98 * PAGE);
	end_of_new_file(fd);
}

/* With O_DSYNC and O_SYNC, write() returns when the server has the bytes, and with the error if it has not. */
static void synchronous_writes(void)
{
	int fd = new_file(), other = open("/mnt/new", O_WRONLY | O_DSYNC);

	fill_new(new_bytes, 0, NEW_SIZE);
	expect("write", 100, write(other, new_bytes, 100));
	expect("its bytes", 0, wrong_stored_bytes(0, 100));
	expect("Tfsync", 1, control->seen[P9_TFSYNC]);
	tell(IS_FULL, P9_TWRITE);
	expect_error("write to a full disk", ENOSPC, write(other, new_bytes + 100, 100));
	tell(TRUTH, 0);
	close(other);
	end_of_new_file(fd);
}

/* A server cannot make holes. */
static void no_holes(void)
{
	int fd = new_file();
	uint8_t *mem = map_new(fd, 2 * PAGE);

	mem[0] = 1;
	expect_error("MADV_REMOVE", EOPNOTSUPP, madvise(mem, 2 * PAGE, MADV_REMOVE));
	expect("the byte", 1, mem[0]);
	munmap(mem, 2 * PAGE);
	end_of_new_file(fd);
}

/* Mappings that are copied by fork, and moved, are not written through unseen either. */
static void stores_by_copied_mappings(void)
{
	int fd = new_file(), status;
	uint8_t *mem = map_new(fd, 4 * PAGE), *moved;
	unsigned round = 0;
	pid_t child;

	for (unsigned i = 0; i < 4; i++)
		mem[i * PAGE] = 1;
	child = fork();
	if (child == 0) {
		for (;;) {
			nap(1);
			mem[0]++;
		}
	}
	for (; round < 20; round++) {
		moved = mremap(mem, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			       (uint8_t *)0x2000000000 + (round & 1) * 0x100000);
		expect("moved", 1, moved != MAP_FAILED);
		mem = moved;
		mem[PAGE] = (uint8_t)round;
		expect("msync", 0, msync(mem, 4 * PAGE, MS_SYNC));
		expect("the store", (uint8_t)round, control->stored[PAGE]);
		mem[PAGE] = 0xff;
		expect("msync again", 0, msync(mem + PAGE, PAGE, MS_SYNC));
		expect("the next store", 0xff, control->stored[PAGE]);
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	expect("fsync", 0, fsync(fd));
	expect("the child's last store", mem[0], control->stored[0]);
	munmap(mem, 4 * PAGE);
	end_of_new_file(fd);
}

/* A truncation waits for what is being written, and nothing of what is cut off comes later. */
static void cuts_and_writes(void)
{
	int fd = new_file(), status;
	uint8_t *mem = map_new(fd, 4 * PAGE);
	struct stat st;
	pid_t child;

	memset(mem, 0x77, 4 * PAGE);
	tell(OVERTAKEN, P9_TWRITE);
	child = fork();
	if (child == 0)
		_exit(msync(mem, 4 * PAGE, MS_SYNC) != 0);
	wait_for("the request", &control->holds, 1);
	tell(TRUTH, 0);
	memset(mem, 0x78, 4 * PAGE);
	ipc_notify(poke, 1);
	expect("ftruncate", 0, ftruncate(fd, PAGE + 10));
	waitpid(child, &status, 0);
	expect("msync", 0, status);
	expect("fsync", 0, fsync(fd));
	expect("the size", PAGE + 10, (long)control->new_size);
	expect("stat", 0, fstat(fd, &st));
	expect("its size", PAGE + 10, st.st_size);
	mem[PAGE + 20] = 0x79; /* behind the end */
	expect("fsync", 0, fsync(fd));
	expect("the size is as it was", PAGE + 10, (long)control->new_size);
	expect("grow", 0, ftruncate(fd, 3 * PAGE));
	expect("no byte from behind the end", 0, mem[PAGE + 20]);
	mem[PAGE + 20] = 0x7a;
	expect("fsync", 0, fsync(fd));
	expect("a byte where it grew", 0x7a, control->stored[PAGE + 20]);
	expect("zeros around it", 0, control->stored[PAGE + 19]);
	munmap(mem, 4 * PAGE);
	end_of_new_file(fd);
}

/* Each open file is told once of pages that were lost, and what is cached is not believed after that. */
static void errors_are_told_once(void)
{
	int fd = new_file(), other = open("/mnt/new", O_RDWR), later;
	uint8_t *mem = map_new(fd, 2 * PAGE);

	mem[0] = 9;
	expect("fsync", 0, fsync(fd));
	mem[0] = 10;
	tell(IS_FULL, P9_TWRITE);
	expect_error("msync", ENOSPC, msync(mem, PAGE, MS_SYNC));
	tell(TRUTH, 0);
	later = open("/mnt/new", O_RDWR);
	expect_error("fsync tells", ENOSPC, fsync(fd));
	expect("once", 0, fsync(fd));
	expect_error("close tells the other", ENOSPC, close(other));
	expect_error("it is closed", EBADF, close(other));
	expect("who opened it later is not told", 0, fsync(later));
	munmap(mem, 2 * PAGE);
	close(later);
	close(fd);
	fd = open("/mnt/new", O_RDWR);
	expect("read", 1, pread(fd, new_bytes, 1, 0));
	expect("what the server has", 9, new_bytes[0]);
	end_of_new_file(fd);
}

/* While the server does not know of changes, size and times are those of here. */
static void attributes_meanwhile(void)
{
	const struct timespec old[2] = { { 500, 0 }, { 600, 7 } };
	struct stat st;
	int fd = new_file(), other;

	fill_new(new_bytes, 0, NEW_SIZE);
	expect("write", 5000, pwrite(fd, new_bytes, 5000, 0));
	expect("stat", 0, stat("/mnt/new", &st));
	expect("the size", 5000, st.st_size);
	expect("the time is new", 1, st.st_mtime > 2000);
	expect("nothing was sent", 0, control->seen[P9_TWRITE]);
	other = open("/mnt/new", O_RDONLY);
	expect("the end for another", 5000, lseek(other, 0, SEEK_END));
	expect("read by another", 5000, pread(other, new_bytes, 6000, 0));
	expect("its bytes", 0, wrong_new_bytes(new_bytes, 0, 5000));
	expect("no read of the server", 0, control->seen[P9_TREAD]);
	close(other);
	expect("futimens", 0, futimens(fd, old));
	expect("writes first", 1, control->seen[P9_TWRITE]);
	close(fd);
	expect("and not afterwards", 1, control->seen[P9_TWRITE]);
	fd = open("/mnt/new", O_WRONLY);
	fill_new(new_bytes, 0, NEW_SIZE);
	expect("write a part of a page", 10, pwrite(fd, new_bytes + 100, 10, 100));
	expect("fsync", 0, fsync(fd));
	expect("the server's bytes", 0, wrong_stored_bytes(0, 5000));
	end_of_new_file(fd);
}

/* A file that may be written and not read: the bytes go to the server at once. */
static void writes_without_reading(void)
{
	unsigned nwrites;
	int fd;

	start_to_write("timeout=20");
	fd = open("/mnt/new", O_CREAT | O_WRONLY, 0200);
	fill_new(new_bytes, 0, NEW_SIZE);
	expect("write", PAGE, pwrite(fd, new_bytes, PAGE, 0));
	close(fd);
	control->changes++;
	fd = open("/mnt/new", O_WRONLY);
	tell(REFUSES, P9_TLOPEN);
	memset((uint8_t *)control->stored + 100, 0, 10);
	expect("a part of a page", 10, pwrite(fd, new_bytes + 100, 10, 100));
	expect("is written at once", 2, control->seen[P9_TWRITE]);
	expect("its bytes", 0, wrong_stored_bytes(0, PAGE));
	expect("behind the end", PAGE, pwrite(fd, new_bytes + PAGE, PAGE, PAGE));
	expect("is not", 2, control->seen[P9_TWRITE]);
	control->unreadable = 1;
	tell(TAKES_HALF, P9_TWRITE);
	expect("half of a part", 5, pwrite(fd, new_bytes + 100, 10, 100));
	expect("half of the first page's", 50, pwrite(fd, new_bytes + PAGE - 100, 200, PAGE - 100));
	tell(TAKES_NONE, P9_TWRITE);
	expect_error("none", EIO, pwrite(fd, new_bytes + 100, 10, 100));
	tell(IS_FULL, P9_TWRITE);
	expect_error("a full disk", ENOSPC, pwrite(fd, new_bytes + 100, 10, 100));
	tell(REFUSES, 0);
	expect_error("refused", EACCES, pwrite(fd, new_bytes + 100, 10, 200));
	tell(TRUTH, 0);
	expect("fsync", 0, fsync(fd));
	close(fd);
	control->changes++;
	fd = open("/mnt/new", O_WRONLY);
	memset((uint8_t *)control->stored + PAGE - 100, 0, 200);
	nwrites = control->seen[P9_TWRITE];
	expect("parts of two pages", 200, pwrite(fd, new_bytes + PAGE - 100, 200, PAGE - 100));
	expect("are written at once", nwrites + 2, control->seen[P9_TWRITE]);
	expect("their bytes", 0, wrong_stored_bytes(PAGE - 100, 200));
	end_of_new_file(fd);
}

/* R80: more is stored than may be dirty: who stores waits for the server, and goes on when it has answered. */
static void limit_of_dirty_pages(void)
{
	const size_t n = 24 << 20;
	int fd, status;
	pid_t child;
	uint8_t *mem;

	control->lie = TRUTH;
	fd = new_file();
	control->discards = 1;
	mem = map_new(fd, n);
	tell(MUTE, P9_TWRITE);
	child = fork();
	if (child == 0) {
		for (size_t at = 0; at < n; at += PAGE) {
			mem[at] = 1;
			control->progress = at / PAGE;
		}
		_exit(0);
	}
	for (unsigned long before = 0, same = 0; same < 100; before = control->progress) {
		nap(10);
		same = before && control->progress == before ? same + 1 : 0;
	}
	expect("some pages", 1, control->progress >= 64);
	expect("less than all", 1, control->progress < n / PAGE - 1);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	expect("a kill ends the wait", SIGKILL, status);
	kill(server, SIGKILL); /* so that nobody waits for its answers */
	waitpid(server, &status, 0);
	child = fork();
	if (child == 0) {
		memset(mem, 2, control->progress * PAGE);
		_exit(0);
	}
	waitpid(child, &status, 0);
	expect("without a server, what is there can be stored to", 0, status);
	munmap(mem, n);
	expect_error("close", EIO, close(fd));
	expect("umount", 0, umount(mounted_at));
}

/* Bytes that another process writes by a call into a mapping of the file reach the server, too. */
static void calls_into_a_mapping(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 1, 0), status;
	struct ipc_message m = { 0 };
	int fd = new_file();
	uint8_t *mem = map_new(fd, PAGE);
	pid_t child;
	long rcvid;

	mem[0] = 1;
	child = fork();
	if (child == 0) {
		struct ipc_transfer with = { .receive = mem + 100, .receive_length = 10 };

		_exit(ipc_call_with(send, &m, &with, IPC_NEVER) < 0);
	}
	rcvid = ipc_receive(receive, &m, IPC_NEVER);
	expect("received", 1, rcvid > 0);
	expect("msync while the page is pinned", 0, msync(mem, PAGE, MS_SYNC));
	expect("write into it", 3, ipc_write(receive, rcvid, "abc", 3, 0));
	expect("reply", 0, ipc_reply(receive, rcvid, &m));
	waitpid(child, &status, 0);
	expect("the call", 0, status);
	expect("fsync", 0, fsync(fd));
	expect("the bytes", 0, memcmp((const uint8_t *)control->stored + 100, "abc", 3));
	munmap(mem, PAGE);
	close(send);
	close(receive);
	end_of_new_file(fd);
}

/* What is written comes to the server byte by byte, and to mappings. */
static void writes(void)
{
	uint8_t *mem;
	int fd;

	start_to_write("timeout=20");
	fill_new(new_bytes, 0, NEW_SIZE);
	fd = open("/mnt/new", O_CREAT | O_EXCL | O_RDWR, 0644);
	expect("create", 1, fd >= 0);
	expect("write", NEW_SIZE, write(fd, new_bytes, NEW_SIZE));
	sync();
	expect("wrong bytes at the server", 0, (long)control->wrong);
	expect("its size there", NEW_SIZE, (long)control->new_size);
	expect("requests for it", 3, control->seen[P9_TWRITE]);
	mem = mmap(NULL, NEW_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	expect("wrong bytes in a mapping", 0, wrong_new_bytes(mem, 0, NEW_SIZE));
	fill_new(new_bytes, 0, 3);
	expect("write where it is mapped", 3, pwrite(fd, new_bytes, 3, 0));
	expect("append", 0, lseek(fd, 0, SEEK_END) == (off_t)NEW_SIZE ? 0 : -1);
	fill_new(new_bytes, NEW_SIZE, 5000);
	expect("a write that grows it", 5000, write(fd, new_bytes, 5000));
	expect("wrong bytes behind the old end", 0,
	       wrong_new_bytes(mem + NEW_SIZE - 11, NEW_SIZE - 11, 11));
	sync();
	expect("wrong bytes at the server", 0, (long)control->wrong);
	munmap(mem, NEW_SIZE);
	expect_error("fallocate", EOPNOTSUPP, fallocate(fd, 0, 0, NEW_SIZE + 6000));
	expect("as POSIX has it", 0, posix_fallocate(fd, 0, NEW_SIZE + 6000));
	expect("its size here", NEW_SIZE + 6000, lseek(fd, 0, SEEK_END));
	expect("ftruncate", 0, ftruncate(fd, 100));
	expect("its size there", 100, (long)control->new_size);
	expect("at the end", 0, pread(fd, new_bytes, 10, 100));
	expect("fsync", 0, fsync(fd));
	expect("fdatasync", 0, fdatasync(fd));
	expect("requests for these", 2, control->seen[P9_TFSYNC]);
	cached_writes(fd);
	expect("unlink of a file that is open", 0, unlink("/mnt/new"));
	expect("is a rename", 1, control->seen[P9_TRENAMEAT]);
	expect("and no removal yet", 0, control->seen[P9_TUNLINKAT]);
	expect("close", 0, close(fd));
	expect("which removes it", 1, control->seen[P9_TUNLINKAT]);
	expect("mkdir of what is not there afterwards", -ENOENT,
	       mkdir("/mnt/other", 0755) == 0 ? 0 : -errno);
	expect("symlink", 0, symlink("target", "/mnt/other"));
	expect("link", 0, link("/mnt/a", "/mnt/other"));
	expect("rename", 0, rename("/mnt/a", "/mnt/other"));
	expect("chmod", 0, chmod("/mnt/sub", 0700));
	expect("chown", 0, chown("/mnt/sub", 1, 2));
	stop();
}

/* Does each kind of change. Returns what it should: 0, or a negative errno. */
static long change_of(unsigned type, int fd)
{
	long result = -1;

	switch (type) {
	case P9_TWRITE:
		result = pwrite(fd, new_bytes, 100, 0) == 100 ? fsync(fd) : 1;
		break;
	case P9_TLCREATE:
		result = open("/mnt/new", O_CREAT | O_EXCL | O_WRONLY, 0644);
		break;
	case P9_TSETATTR:
		result = chmod("/mnt/sub", 0700);
		break;
	case P9_TUNLINKAT:
		result = unlink("/mnt/a");
		break;
	case P9_TMKDIR:
		result = mkdir("/mnt/other", 0755);
		break;
	case P9_TSYMLINK:
		result = symlink("target", "/mnt/other");
		break;
	case P9_TLINK:
		result = link("/mnt/a", "/mnt/other");
		break;
	case P9_TRENAMEAT:
		result = rename("/mnt/a", "/mnt/other");
		break;
	case P9_TFSYNC:
		result = fsync(fd);
		break;
	}
	return result < 0 ? -errno : result;
}

/* Each lie about a change is EIO, a refusal is what the server says, and what is not known is not believed. */
static void lies_about_changes(void)
{
	static const enum lie all[] = { NOTHING,     GARBAGE,  WRONG_TYPE, WRONG_TAG, CLAIMS_MORE,
					CLAIMS_LESS, TRAILING, ODD_ERROR,  REFUSES };
	static const unsigned types[] = { P9_TWRITE,	P9_TSETATTR, P9_TUNLINKAT,
					  P9_TMKDIR,	P9_TSYMLINK, P9_TLINK,
					  P9_TRENAMEAT, P9_TFSYNC,   P9_TLCREATE };
	uint8_t byte;
	int fd;

	start_to_write("timeout=20");
	fill_new(new_bytes, 0, sizeof(new_bytes));
	fd = open("/mnt/new", O_CREAT | O_RDWR, 0644);
	expect("write", (long)sizeof(new_bytes), write(fd, new_bytes, sizeof(new_bytes)));
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (unsigned k = 0; k < sizeof(types) / sizeof(types[0]); k++) {
			control->created = types[k] != P9_TLCREATE;
			/* a byte more than Rwrite has no room */
			tell(all[i] == TRAILING && types[k] == P9_TWRITE ? GARBAGE : all[i],
			     types[k]);
			expect("a change", all[i] == REFUSES ? -EACCES : -EIO,
			       change_of(types[k], fd));
			tell(TRUTH, 0);
			control->created = 1;
		}
	tell(TOO_MUCH, P9_TWRITE);
	expect("more than was written", -EIO, change_of(P9_TWRITE, fd));
	tell(TAKES_NONE, P9_TWRITE);
	expect("nothing is taken", -EIO, change_of(P9_TWRITE, fd));
	tell(IS_FULL, P9_TWRITE);
	expect("a full disk", -ENOSPC, change_of(P9_TWRITE, fd));
	tell(TAKES_HALF, P9_TWRITE);
	expect("half of it is taken, each time", -EIO, change_of(P9_TWRITE, fd));
	tell(TRUTH, 0);
	expect("all of it", 0, change_of(P9_TWRITE, fd));
	expect("reads go on", 1, pread(fd, &byte, 1, 10));
	expect("with the right byte", new_byte(10), byte);
	expect("the server's bytes", 0, (long)control->wrong);
	close(fd);
	stop();
}

/* The server ends, or is silent, in the middle of a change: nobody waits for ever. */
static void no_answer_to_a_change(enum lie lie)
{
	static const unsigned types[] = { P9_TWRITE,	P9_TSETATTR, P9_TUNLINKAT,
					  P9_TRENAMEAT, P9_TFSYNC,   P9_TMKDIR };
	int status, fd;

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		start_to_write("timeout=1");
		fd = open("/mnt/new", O_CREAT | O_RDWR, 0644);
		expect("write", 100, pwrite(fd, new_bytes, 100, 0));
		tell(lie, types[i]);
		expect("a change without an answer", -EIO, change_of(types[i], fd));
		close(fd);
		control->lie = TRUTH;
		expect("umount", 0, umount(mounted_at));
		waitpid(server, &status, 0);
	}
}

static void lies_about_reads(void)
{
	uint8_t bytes[16];
	struct stat st;
	int fd;

	start("timeout=20");
	fd = open("/mnt/a", O_RDONLY);
	tell(TOO_MUCH, P9_TREAD);
	expect_error("too much", EIO, pread(fd, bytes, 1, 0));
	tell(GAP, P9_TREAD);
	expect_error("a gap", EIO, pread(fd, bytes, 1, 0));
	tell(REFUSES, P9_TREAD);
	expect_error("refused", EIO, pread(fd, bytes, 1, 0));
	tell(OTHER_TYPE, 0);
	expect_error("another type", ESTALE, fstat(fd, &st));
	tell(TRUTH, 0);
	expect("read", 16, pread(fd, bytes, 16, 0));
	expect("its bytes", 0, wrong_bytes(bytes, 0, 16));
	close(fd);
	stop();
}

/*
 * A page that could not be read ends the request for those before it. The next request begins there, is as large as if
 * it followed a whole one, and reads that page again.
 */
static void reads_round_a_failed_page(void)
{
	uint8_t bytes[PAGE];
	unsigned before;
	int fd;

	start("timeout=20");
	fd = open("/mnt/a", O_RDONLY);
	tell(REFUSES, P9_TREAD);
	expect("refused", -1, pread(fd, bytes, 1, 5 * PAGE));
	tell(TRUTH, 0);
	before = control->seen[P9_TREAD];
	for (uint64_t at = 0; at + PAGE <= FILE_SIZE; at += PAGE) {
		expect("read", (long)PAGE, pread(fd, bytes, PAGE, (long)at));
		expect("its bytes", 0, wrong_bytes(bytes, at, PAGE));
	}
	/* of the pages 0, 1, 2 to 3, 4, 5 to 15, 16 to 31, 32 to 40 */
	expect("requests", 7, control->seen[P9_TREAD] - before);
	close(fd);
	stop();
}

/* Returns how a child ends that reads a byte of a mapping. */
static int touch(const uint8_t *at)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(*(volatile const uint8_t *)at == byte_of(0) ? 0 : 1);
	waitpid(child, &status, 0);
	return status;
}

/* The server's file changes: an open sees that, and a page that is mapped beyond its end is SIGBUS. */
static void changes(void)
{
	uint8_t bytes[16], *mem;
	struct stat st;
	int fd, again;

	start("timeout=20");
	fd = open("/mnt/a", O_RDONLY);
	expect("read", 16, pread(fd, bytes, 16, 30 * PAGE));
	mem = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	expect("map", 0, wrong_bytes(mem, 0, PAGE));
	tell(TOUCHED, 0);
	expect("still the old", 16, pread(fd, bytes, 16, 30 * PAGE));
	again = open("/mnt/a", O_RDONLY);
	expect("the new", 16, pread(again, bytes, 16, 30 * PAGE));
	expect("its bytes", 0, wrong_bytes(bytes, 30 * PAGE, 16));
	close(again);
	tell(SHRUNK, 0);
	expect("stat", 0, fstat(fd, &st));
	expect("its size", (long)(FILE_SIZE - 2 * PAGE), st.st_size);
	again = open("/mnt/a", O_RDONLY);
	expect("beyond the end", SIGBUS, touch(mem + 39 * PAGE) & 0x7f);
	expect("before it", 0, wrong_bytes(mem + 37 * PAGE, 37 * PAGE, 10));
	tell(TRUTH, 0);
	close(again);
	again = open("/mnt/a", O_RDONLY);
	expect("as long as before", 0, wrong_bytes(mem + 39 * PAGE, 39 * PAGE, 10));
	munmap(mem, FILE_SIZE);
	close(again);
	close(fd);
	stop();
}

/* A file is removed, and the next one that is made gets its number: what was known is of no use. */
static void replaced(void)
{
	uint8_t bytes[16];
	struct stat st;
	int fd;

	start("timeout=20");
	fd = open("/mnt/a", O_RDONLY);
	expect("read", 16, pread(fd, bytes, 16, 3 * PAGE));
	close(fd);
	tell(REPLACED, 0);
	expect("stat", 0, stat("/mnt/a", &st));
	expect("its time", 1002, st.st_mtime);
	fd = open("/mnt/a", O_RDONLY);
	expect("read the new one", 16, pread(fd, bytes, 16, 3 * PAGE));
	expect("its bytes", 0, wrong_bytes(bytes, 3 * PAGE, 16));
	expect("and what was not cached", 16, pread(fd, bytes, 16, 20 * PAGE));
	close(fd);
	stop();
	expect("every fid is clunked", control->walks + 1, control->clunks);
}

static void others_have_the_name(unsigned type, unsigned times)
{
	control->of = type;
	control->others = times;
}

/*
 * A server that refers to files by their paths answers for another file if a name has changed hands since it was looked
 * up: then it is looked up again.
 */
static void names_change_hands(void)
{
	uint8_t bytes[16];
	struct stat st;
	int fd;

	start("timeout=20");
	others_have_the_name(P9_TGETATTR, 3);
	expect("stat", 0, stat("/mnt/a", &st));
	expect("its size", FILE_SIZE, st.st_size);
	expect("answers for another", 0, control->others);
	others_have_the_name(P9_TLOPEN, 3);
	fd = open("/mnt/a", O_RDONLY);
	expect("read", 16, pread(fd, bytes, 16, 3 * PAGE));
	expect("its bytes", 0, wrong_bytes(bytes, 3 * PAGE, 16));
	expect("answers for another", 0, control->others);
	others_have_the_name(P9_TGETATTR, 1000);
	expect("stat of the open file", 0, fstat(fd, &st));
	expect("its size", FILE_SIZE, st.st_size);
	expect_error("a name that is never ours", ESTALE, open("/mnt/prog", O_RDONLY));
	others_have_the_name(P9_TLOPEN, 1000);
	expect_error("the same at open", ESTALE, open("/mnt/prog", O_RDONLY));
	expect_error("and at exec", ESTALE, execl("/mnt/prog", "prog", "child", NULL));
	others_have_the_name(0, 0);
	expect("read on", 16, pread(fd, bytes, 16, 20 * PAGE));
	close(fd);
	stop();
	expect("every fid is clunked", control->walks + 1, control->clunks);
}

/* As on Linux, a mount with files that are open for writing is not made read-only. */
static void read_only_later(void)
{
	int fd;

	start_to_write("timeout=20");
	fd = open("/mnt/new", O_CREAT | O_RDWR, 0644);
	expect_error("a writer", EBUSY, mount("", "/mnt", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	close(fd);
	expect("no writer", 0, mount("", "/mnt", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	expect_error("open", EROFS, open("/mnt/new", O_RDWR));
	stop();
}

/* What is only kept for later goes when the server has no fids left. */
static void few_fids(void)
{
	char path[32];
	struct stat st;

	start("timeout=20");
	tell(FEW_FIDS, 0);
	for (unsigned i = 0; i < NAMES; i++) {
		snprintf(path, sizeof(path), "/mnt/sub/n%03u", i);
		expect("stat", 0, stat(path, &st));
	}
	expect("fids are kept", 1, control->walks > control->clunks + 50);
	stop();
	expect("every fid is clunked", control->walks + 1, control->clunks);
}

/* Returns what a read of a silent server's file ends with. */
static int read_in_vain(int fd)
{
	uint8_t byte;

	return pread(fd, &byte, 1, 7 * PAGE) < 0 ? -errno : 0;
}

/*
 * A time-out may be longer than the machine has run. It is kept although another one is over first, when the kernel
 * looks at all requests.
 */
static void silence_at_boot(void)
{
	struct timespec now;
	int slow, quick, status = -1;
	char options[32];
	pid_t child, slow_server;

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(options, sizeof(options), "timeout=%ld", (long)now.tv_sec + 5);
	start(options);
	slow = open("/mnt/a", O_RDONLY);
	slow_server = server;
	mkdir("/mnt2", 0755);
	mounted_at = "/mnt2";
	start("timeout=1");
	quick = open("/mnt2/a", O_RDONLY);
	tell(SILENT, P9_TREAD);
	child = fork();
	if (child == 0)
		_exit(read_in_vain(slow) != -EIO);
	wait_for("Tread", &control->seen[P9_TREAD], 1);
	expect("the quick one", -EIO, read_in_vain(quick));
	for (unsigned i = 0; i < 4000 && waitpid(child, &status, WNOHANG) == 0; i++)
		nap(10);
	expect("the slow one", 0, status);
	kill(child, SIGKILL);
	close(quick);
	stop();
	close(slow);
	mounted_at = "/mnt";
	server = slow_server;
	stop();
}

static void silence(void)
{
	uint8_t byte, *mem;
	struct stat st;
	int fd;

	start("timeout=1");
	fd = open("/mnt/a", O_RDONLY);
	mem = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	tell(SILENT, 0);
	expect_error("stat", EIO, stat("/mnt/sub", &st));
	expect_error("read", EIO, pread(fd, &byte, 1, 0));
	expect("a mapped page", SIGBUS, touch(mem + PAGE) & 0x7f);
	tell(LATE, P9_TREAD);
	expect_error("a late read", EIO, pread(fd, &byte, 1, 9 * PAGE));
	tell(TRUTH, 0);
	expect("read", 1, pread(fd, &byte, 1, 9 * PAGE));
	expect("its byte", byte_of(9 * PAGE), byte);
	expect("the late answer", -ESRCH, control->late);
	wait_for("Tflush of the late", &control->unknown_flushes, 1);
	munmap(mem, FILE_SIZE);
	close(fd);
	stop();
}

/* A kill ends the wait at once, for a name and for a page. */
static void kills_end_waits(void)
{
	unsigned walks, reads, flushed;
	uint8_t *mem;
	struct stat st;
	pid_t child;
	int fd, status = 0;

	start("timeout=2");
	fd = open("/mnt/a", O_RDONLY);
	mem = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	walks = control->seen[P9_TWALK];
	reads = control->seen[P9_TREAD];
	flushed = control->flushed[P9_TWALK];
	tell(SILENT, 0);
	child = fork();
	if (child == 0)
		_exit(stat("/mnt/sub", &st));
	wait_for("Twalk", &control->seen[P9_TWALK], walks + 1);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	expect("killed at a name", SIGKILL, status);
	wait_for("Tflush", &control->flushed[P9_TWALK], flushed + 1);
	flushed = control->flushed[P9_TREAD];
	child = fork();
	if (child == 0)
		_exit(mem[20 * PAGE]);
	wait_for("Tread", &control->seen[P9_TREAD], reads + 1);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	expect("killed at a page", SIGKILL, status);
	tell(TRUTH, 0);
	/* what the killed one asked for is given up: that error is not for who comes next */
	wait_for("Tflush", &control->flushed[P9_TREAD], flushed + 1);
	expect("that page", 0, wrong_bytes(mem + 20 * PAGE, 20 * PAGE, 10));
	munmap(mem, FILE_SIZE);
	close(fd);
	stop();
}

/* Kills a child that waits for the answer to a request of that type. */
static void kill_at(unsigned type)
{
	unsigned before = control->seen[type];
	int status = 0;
	struct stat st;
	pid_t child;

	tell(MUTE, type);
	child = fork();
	if (child == 0) {
		if (type == P9_TREADDIR)
			_exit((int)count_names("/mnt/sub"));
		if (type == P9_TLOPEN)
			_exit(open_another());
		_exit(stat("/mnt/a", &st));
	}
	wait_for("the request", &control->seen[type], before + 1);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	expect("killed", SIGKILL, status);
	tell(TRUTH, 0);
}

/*
 * Who is killed does not wait for Rflush. Until that comes, neither the tag nor the fids of the
 * request are used.
 */
static void flushes_of_the_killed(void)
{
	static const unsigned types[] = { P9_TWALK, P9_TGETATTR, P9_TLOPEN, P9_TREADDIR };
	struct stat st;

	start("timeout=20");
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		unsigned flushes = control->seen[P9_TFLUSH];

		control->flush = FLUSH_LATER;
		kill_at(types[i]);
		wait_for("Tflush", &control->seen[P9_TFLUSH], flushes + 1);
		expect("stat meanwhile", 0, stat("/mnt/a", &st));
		expect("names meanwhile", NAMES, count_names("/mnt/sub"));
		control->flush = (enum flush)i;
		ipc_notify(poke, 1);
		expect("stat after it", 0, stat("/mnt/a", &st));
		expect("one Tflush for each", flushes + 1, control->seen[P9_TFLUSH]);
	}
	stop();
	expect("used too early", 0, control->reused);
	expect("flushes of nothing", 0, control->unknown_flushes);
	expect("every fid is clunked", control->walks + 1, control->clunks);
}

/* After the time of a request, the late answer to it is refused, and does not land. */
static void flushes_of_the_late(void)
{
	struct stat st;
	uint8_t byte;
	int fd;

	start("timeout=2");
	fd = open("/mnt/a", O_RDONLY);
	control->flush = FLUSH_AFTER_ANSWER;
	tell(MUTE, P9_TREAD);
	expect_error("read", EIO, pread(fd, &byte, 1, 9 * PAGE));
	wait_for("Tflush", &control->seen[P9_TFLUSH], 1);
	tell(TRUTH, 0);
	expect("read again", 1, pread(fd, &byte, 1, 9 * PAGE));
	expect("its byte", byte_of(9 * PAGE), byte);
	expect("the late answer", -ESRCH, control->late);
	tell(MUTE, P9_TWALK);
	expect_error("stat", EIO, stat("/mnt/a", &st));
	wait_for("Tflush", &control->seen[P9_TFLUSH], 2);
	close(fd);
	tell(MUTE, P9_TCLUNK);
	expect("stat", 0, stat("/mnt/a", &st)); /* the walk's fid is not needed */
	wait_for("Tflush of Tclunk", &control->seen[P9_TFLUSH], 3);
	tell(TRUTH, 0);
	expect("stat again", 0, stat("/mnt/a", &st));
	stop();
	expect("used too early", 0, control->reused);
	expect("flushes of nothing", 0, control->unknown_flushes);
	expect("every fid is clunked", control->walks + 1, control->clunks);
}

/*
 * A server that answers no Tflush gets no more requests after a while: each of these keeps memory.
 * When it does answer, all goes on; and the mount can go without an answer.
 */
static void flushes_without_end(void)
{
	unsigned walks;
	struct stat st;

	start("timeout=20");
	control->flush = FLUSH_LATER;
	for (unsigned i = 0; i < 64; i++) {
		expect("stat", 0, stat("/mnt/a", &st));
		kill_at(P9_TWALK);
		wait_for("Tflush", &control->seen[P9_TFLUSH], i + 1);
	}
	walks = control->seen[P9_TWALK];
	expect_error("stat", EIO, stat("/mnt/a", &st));
	expect("was not sent", walks, control->seen[P9_TWALK]);
	ipc_notify(poke, 1);
	for (unsigned i = 0; i < 2000 && stat("/mnt/a", &st) != 0; i++)
		nap(10);
	expect("stat after the answers", 0, stat("/mnt/a", &st));
	for (unsigned i = 0; i < 10; i++)
		kill_at(P9_TWALK);
	wait_for("Tflush", &control->seen[P9_TFLUSH], 64 + 10);
	stop();
	expect("flushes of nothing", 0, control->unknown_flushes);
}

/* A server that answers everything but Tclunk gets no more fids after a while, until it does. */
static void clunks_without_end(void)
{
	struct stat st;
	unsigned n = 0;
	int got = -1;

	start("timeout=2");
	control->flush = FLUSH_LATER;
	tell(MUTE, P9_TCLUNK);
	while (n < OWED && stat("/mnt/a", &st) == 0)
		n++;
	expect("its errno", EIO, errno);
	expect("some fids", 1, n > 100);
	expect("not any number", 1, n < OWED);
	tell(TRUTH, 0);
	/* More Tclunk may run out of time meanwhile, whose Tflush waits for the next notification. */
	for (unsigned i = 0; i < 2000 && (got = stat("/mnt/a", &st)) != 0; i++) {
		ipc_notify(poke, 1);
		nap(10);
	}
	expect("stat after the answers", 0, got);
	stop();
}

static void death(unsigned of)
{
	uint8_t byte, *mem;
	struct stat st;
	int fd, status;

	start("timeout=2");
	fd = open("/mnt/a", O_RDONLY);
	mem = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	expect("read", 1, pread(fd, &byte, 1, 0));
	tell(DIE, of);
	if (of == P9_TREAD) {
		expect("a mapped page", SIGBUS, touch(mem + 33 * PAGE) & 0x7f);
	} else {
		expect_error("stat", EIO, stat("/mnt/a", &st));
	}
	waitpid(server, &status, 0);
	expect("what was read before", 1, pread(fd, &byte, 1, 0));
	expect_error("what was not", EIO, pread(fd, &byte, 1, 35 * PAGE));
	expect("a mapped page", SIGBUS, touch(mem + 36 * PAGE) & 0x7f);
	expect_error("stat", EIO, stat("/mnt/a", &st));
	munmap(mem, FILE_SIZE);
	close(fd);
	expect("umount", 0, umount("/mnt"));
}

/* ---- another server takes its place ---- */

/*
 * What a child does while the server ends, and is told to tell when. A server that is started while this process has
 * files open would have them, too.
 */
static void survives(int (*does)(enum lie lie, unsigned type), enum lie lie, unsigned type)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(does(lie, type) || nwrong);
	waitpid(server, &status, 0);
	control->lie = TRUTH;
	expect("attach again", 0, attach_again());
	waitpid(child, &status, 0);
	expect("the child's end", 0, status);
}

static bool changes_name(unsigned type)
{
	return type != P9_TWRITE && type != P9_TSETATTR && type != P9_TFSYNC;
}

/* The server may end by the request, or has ended before. Returns 0 or the errno. */
static int makes_change(enum lie lie, unsigned type)
{
	int fd = -1, result;

	if (type != P9_TLCREATE)
		fd = open("/mnt/new", O_CREAT | O_RDWR, 0644);
	control->keeps = 1;
	if (lie == TRUTH)
		kill(server, SIGKILL);
	tell(lie, type);
	if (type == P9_TLCREATE)
		result = open("/mnt/new", O_CREAT | O_EXCL | O_WRONLY, 0644) < 0 ? errno : 0;
	else
		result = (int)-change_of(type, fd);
	return result;
}

/* The answer of a change of a name that the server had received is lost; no other one is. */
static int change_is_made(enum lie lie, unsigned type)
{
	expect("the change", lie != TRUTH && changes_name(type) ? EIO : 0, makes_change(lie, type));
	return 0;
}

/* The file that is renamed is open: it goes on, whichever of its names the next server has it by. */
static int renames_open_file(enum lie lie, unsigned type)
{
	int fd = open("/mnt/a", O_RDONLY);
	uint8_t byte = 0;
	struct stat st;

	expect("read", 1, pread(fd, &byte, 1, 0));
	(void)change_is_made(lie, type);
	expect("fstat", 0, fstat(fd, &st));
	expect("read what was not", 1, pread(fd, &byte, 1, 39 * PAGE));
	expect("its byte", byte_of(39 * PAGE), byte);
	return 0;
}

/*
 * The server ends before it has received the change, instead of making it, or after that. Another one is attached. A change
 * of a name is made once at most, and one that was received is EIO: nobody knows.
 */
static void change_with_lost_answer(enum lie lie, unsigned type)
{
	start_to_write("timeout=20");
	survives(type == P9_TRENAMEAT ? renames_open_file : change_is_made, lie, type);
	if (changes_name(type))
		expect("how often it was made", lie != DIE, control->done[type]);
	if (type == P9_TWRITE)
		expect("what was written", 0, wrong_stored_bytes(0, 100));
	stop();
}

static void answers_are_lost(void)
{
	static const unsigned types[] = { P9_TWRITE,	P9_TSETATTR, P9_TUNLINKAT,
					  P9_TMKDIR,	P9_TSYMLINK, P9_TLINK,
					  P9_TRENAMEAT, P9_TFSYNC,   P9_TLCREATE };

	fill_new(new_bytes, 0, 100);
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		change_with_lost_answer(TRUTH, types[i]);
		change_with_lost_answer(DIE, types[i]);
		change_with_lost_answer(DIE_AFTER, types[i]);
	}
}

/* Two files are open, and one of them is closed when the next server has opened it, or does so just then. */
static void closes_meanwhile(void)
{
	int reader = open("/mnt/a", O_RDONLY), fd = open("/mnt/new", O_CREAT | O_RDWR, 0644);

	if (reader < 0 || fd < 0)
		_exit(1);
	control->progress = 1;
	while (control->pauses < 1)
		nap(1);
	control->goes_on = 1;
	while (control->pauses < 2)
		nap(1);
	close(fd);
	control->goes_on = 2;
	_exit(0);
}

/* What is closed while another server is attached is closed there, too. */
static void closed_while_attached(void)
{
	int status = -1;
	pid_t child;

	start_to_write("timeout=20");
	child = fork();
	if (child == 0)
		closes_meanwhile();
	while (!control->progress)
		nap(1);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	control->writers = 0;
	tell(PAUSES, P9_TLOPEN);
	expect("attach again", 0, attach_again());
	waitpid(child, &status, 0);
	expect("the child's status", 0, status);
	expect("files that were opened again", 2, control->pauses);
	wait_until_0("closed", &control->writers);
	stop();
}

/*
 * A name of a file changes that was found by another one: that is its name after this, too. By the new name its fids
 * would be of no use once that goes.
 */
static int renames_a_link(enum lie lie, unsigned type)
{
	int fd = open("/mnt/second", O_RDONLY);
	struct stat st;

	control->keeps = 1;
	tell(lie, type);
	expect_error("rename of a link", EIO, rename("/mnt/a", "/mnt/other"));
	control->asked_by['o'] = 0;
	expect("fstat", 0, fstat(fd, &st));
	return (int)control->asked_by['o'];
}

/*
 * A file is replaced while it is open: it has a hidden name from then on. If the server ends before it has renamed, the
 * next one has the file by both names for a moment. The open file is asked for by the hidden one after that.
 */
static int renames_over_an_open_file(enum lie lie, unsigned type)
{
	int fd = open("/mnt/a", O_RDONLY);
	struct stat st;

	close(open("/mnt/new", O_CREAT | O_WRONLY, 0644));
	tell(lie, type);
	expect_error("rename over an open file", EIO, rename("/mnt/new", "/mnt/a"));
	control->asked_by['a'] = 0;
	expect("fstat", 0, fstat(fd, &st));
	expect("the open file is asked for by its old name", 0, control->asked_by['a']);
	return 0;
}

static void links_keep_their_names(void)
{
	start_to_write("timeout=20");
	survives(renames_a_link, DIE_AFTER, P9_TRENAMEAT);
	stop();
	start_to_write("timeout=20");
	survives(renames_over_an_open_file, DIE, P9_TRENAMEAT);
	stop();
}

static int asks(enum lie lie, unsigned type)
{
	int fd = open("/mnt/a", O_RDONLY);
	const uint8_t *mem = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	uint8_t byte = 0;
	char target[8];
	struct statfs fs;

	expect("read", 1, pread(fd, &byte, 1, 0));
	tell(lie, type);
	expect("names", NAMES, count_names("/mnt/sub"));
	expect("readlink", 1, readlink("/mnt/link", target, sizeof(target)));
	expect("statfs", 0, statfs("/mnt", &fs));
	expect("blocks", 77, (long)fs.f_blocks);
	expect("a program", 0, access("/mnt/prog", X_OK));
	expect("mapped", byte_of(35 * PAGE), mem[35 * PAGE]);
	close(open("/mnt/prog", O_RDONLY));
	expect("read what was not", 1, pread(fd, &byte, 1, 39 * PAGE));
	expect("its byte", byte_of(39 * PAGE), byte);
	return 0;
}

/* Requests of all other kinds go on with the new server, wherever the old one has ended. */
static void questions_are_asked_again(void)
{
	static const unsigned types[] = { P9_TWALK,    P9_TGETATTR,  P9_TLOPEN, P9_TREAD,
					  P9_TREADDIR, P9_TREADLINK, P9_TSTATFS };

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		start("timeout=20");
		survives(asks, DIE, types[i]);
		stop();
		start("timeout=20");
		survives(asks, DIE_AFTER, types[i]);
		stop();
	}
}

static void end_server(void)
{
	int status;

	kill(server, SIGKILL);
	waitpid(server, &status, 0);
}

/* Attaching is refused where there is a server, or where what is there is not the same. */
static void wrong_servers(void)
{
	struct stat st;
	uint8_t byte;
	int fd, status;
	pid_t first;

	start("timeout=20");
	fd = open("/mnt/a", O_RDONLY);
	expect("read", 1, pread(fd, &byte, 1, 0));
	first = server;
	expect("there is a server", -EBUSY, attach_again());
	end_server(); /* which has ended by itself, as it was refused */
	expect("another option", -EINVAL, mount_server(MS_REMOUNT, ",msize=8192"));
	waitpid(server, &status, 0);
	expect_error("no send end", EINVAL, mount("", "/mnt", "", MS_REMOUNT | MS_RDONLY, "fd=0"));
	expect_error("no descriptor", EINVAL,
		     mount("", "/mnt", "", MS_REMOUNT | MS_RDONLY, "fd=999"));
	expect("it is as before", 0, stat("/mnt/a", &st));
	server = first;
	end_server();
	control->other_root = 1;
	expect("another root", -ESTALE, attach_again());
	waitpid(server, &status, 0);
	control->other_root = 0;
	for (unsigned type = 0; type < 4; type++) {
		static const unsigned types[] = { P9_TVERSION, P9_TATTACH, P9_TWALK, P9_TLOPEN };

		tell(DIE, types[type]);
		expect("it ends too", -EIO, attach_again());
		waitpid(server, &status, 0);
		tell(GARBAGE, types[type]);
		if (types[type] == P9_TVERSION || types[type] == P9_TATTACH) {
			expect("it says nonsense", -EIO, attach_again());
			waitpid(server, &status, 0);
		}
		tell(TRUTH, 0);
	}
	expect("attach again", 0, attach_again());
	expect("read on", 1, pread(fd, &byte, 1, 39 * PAGE));
	end_server();
	tell(OTHER_VERSION, 0);
	expect("another version", -EPROTONOSUPPORT, attach_again());
	waitpid(server, &status, 0);
	tell(TRUTH, 0);
	control->gone = 1;
	expect("without the file", 0, attach_again());
	expect("what was read", 1, pread(fd, &byte, 1, 0));
	expect_error("what was not, while it is open", EIO, pread(fd, &byte, 1, 35 * PAGE));
	expect_error("fstat", ESTALE, fstat(fd, &st));
	close(fd);
	control->gone = 0;
	expect("stat of the same name again", 0, stat("/mnt/a", &st));
	stop();
}

/*
 * Starts a child that ends the server, and waits for another one. `result` is what its read answers:
 * -1 if there is none to come.
 */
static pid_t waits_for_another(long result)
{
	pid_t child = fork();
	uint8_t byte;
	int fd;

	if (child) {
		waitpid(server, NULL, 0);
		nap(50);
		return child;
	}
	fd = open("/mnt/a", O_RDONLY);
	expect("read", 1, pread(fd, &byte, 1, 0));
	end_server();
	expect("another server", result, pread(fd, &byte, 1, 39 * PAGE));
	if (result == -1)
		expect("its errno", EIO, errno);
	_exit(nwrong != 0);
}

/* Who waits for the server of a mount gives up once it is taken out of the tree: nobody can give it another one. */
static void taken_out(void)
{
	int status = -1;
	pid_t child;

	start("timeout=0");
	child = waits_for_another(-1);
	expect("umount", 0, umount2("/mnt", MNT_DETACH));
	waitpid(child, &status, 0);
	expect("who has waited", 0, status);
}

/* MNT_FORCE ends the wait for another server, and the mount stays as long as it is in use. */
static void forced(void)
{
	int status = -1, used;
	pid_t child;

	start("timeout=0");
	used = open("/mnt", O_RDONLY | O_DIRECTORY);
	child = waits_for_another(-1);
	expect_error("umount", EBUSY, umount2("/mnt", MNT_FORCE));
	waitpid(child, &status, 0);
	expect("who has waited", 0, status);
	expect("attach again", 0, attach_again());
	close(used);
	stop();
}

/* A call that is refused ends no wait. */
static void not_forced(void)
{
	int status = -1;
	pid_t child;

	start("timeout=0");
	child = waits_for_another(1);
	expect_error("umount", EINVAL, umount2("/mnt", MNT_FORCE | MNT_EXPIRE));
	expect("attach again", 0, attach_again());
	waitpid(child, &status, 0);
	expect("who has waited", 0, status);
	stop();
}

/* Returns the status of a child that has ten seconds to end, or is killed. */
static int status_in_time(pid_t child)
{
	int status = -1;

	for (unsigned i = 0; i < 200 && waitpid(child, &status, WNOHANG) == 0; i++)
		nap(50);
	if (status == -1) {
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
	}
	return status;
}

/* No server comes in time: EIO, until one does. */
static void too_late(void)
{
	struct stat st;
	pid_t child;

	start("timeout=2");
	expect("stat", 0, stat("/mnt/a", &st));
	end_server();
	child = fork();
	if (child == 0) {
		expect_error("nobody comes", EIO, stat("/mnt/a", &st));
		expect_error("and at once", EIO, stat("/mnt/sub", &st));
		_exit(nwrong != 0);
	}
	expect("who waits in vain", 0, status_in_time(child));
	expect("attach again", 0, attach_again());
	expect("stat", 0, stat("/mnt/a", &st));
	stop();
}

/* The killed server answers nobody any more, whatever it was doing. */
static void killed_at_any_time(void)
{
	for (unsigned i = 0; i < 6; i++) {
		pid_t child;
		int status;

		start("timeout=1");
		child = fork();
		if (child == 0) {
			static uint8_t bytes[FILE_SIZE];
			int fd;

			for (;;) {
				fd = open("/mnt/a", O_RDONLY);
				if (fd < 0)
					_exit(errno == EIO ? 0 : 1);
				if (pread(fd, bytes, FILE_SIZE, 0) < 0 && errno != EIO)
					_exit(2);
				(void)count_names("/mnt/sub");
				close(fd);
			}
		}
		nap(i);
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
		waitpid(child, &status, 0);
		expect("the reader's end", 0, status);
		expect("umount", 0, umount("/mnt"));
	}
}

static void executes(void)
{
	int status = -1;
	pid_t child;

	start("timeout=20");
	child = fork();
	if (child == 0) {
		execl("/mnt/prog", "prog", "child", NULL);
		_exit(1);
	}
	waitpid(child, &status, 0);
	expect("a program of the server", 42 << 8, status);
	stop();
}

/* More is read than fits into memory: pages are dropped, and read again. */
static void pressure(void)
{
	size_t n = 40 * 1024 * 1024;
	uint8_t *mem = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *file;
	int fd;

	start("timeout=20");
	fd = open("/mnt/a", O_RDONLY);
	file = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	for (unsigned round = 0; round < 3; round++) {
		for (size_t i = 0; i < n; i += PAGE)
			mem[i] = (uint8_t)round;
		expect("the file's bytes", 0, wrong_bytes(file, 0, FILE_SIZE));
	}
	munmap(file, FILE_SIZE);
	munmap(mem, n);
	close(fd);
	stop();
}

static void refused_mounts(void)
{
	int status;

	expect_error("no descriptor", EINVAL, mount("s", "/mnt", "9p", 0, ""));
	expect_error("a closed one", EINVAL, mount("s", "/mnt", "9p", 0, "fd=99"));
	expect_error("no send end", EINVAL, mount("s", "/mnt", "9p", 0, "fd=1"));
	expect("little messages", -EINVAL, try_mount(MS_RDONLY, "msize=100"));
	waitpid(server, &status, 0);
	expect("an unknown option", -EINVAL, try_mount(MS_RDONLY, "colour=3"));
	waitpid(server, &status, 0);
	first_lie = OTHER_VERSION;
	expect("another version", -EPROTONOSUPPORT, try_mount(MS_RDONLY, "timeout=20"));
	waitpid(server, &status, 0);
	first_lie = GARBAGE;
	expect("garbage", -EIO, try_mount(MS_RDONLY, "timeout=20"));
	waitpid(server, &status, 0);
	first_lie = TRUTH;
}

int main(int argc, char **argv)
{
	int fd;
	struct stat st;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && strcmp(argv[1], "child") == 0)
		return 42;
	fd = open(argv[0], O_RDONLY);
	fstat(fd, &st);
	program_size = (size_t)st.st_size;
	program = mmap(NULL, program_size, PROT_READ, MAP_PRIVATE, fd, 0);
	control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	close(fd);
	mkdir("/mnt", 0755);
	silence_at_boot();
	reads_and_maps();
	directories();
	listings_refused();
	lies();
	writes();
	lies_about_changes();
	stores_reach_the_server();
	writers_end();
	unmounted_at_any_time();
	stores_during_a_write();
	stores_without_end();
	close_waits();
	parts_of_writes();
	fsync_among_stores();
	synchronous_writes();
	no_holes();
	stores_by_copied_mappings();
	calls_into_a_mapping();
	cuts_and_writes();
	errors_are_told_once();
	attributes_meanwhile();
	writes_without_reading();
	limit_of_dirty_pages();
	appends();
	trees_with_loops();
	write_without_an_answer();
	read_that_is_overtaken();
	no_answer_to_a_change(DIE);
	no_answer_to_a_change(SILENT);
	lies_about_reads();
	reads_round_a_failed_page();
	changes();
	replaced();
	names_change_hands();
	read_only_later();
	few_fids();
	silence();
	kills_end_waits();
	flushes_of_the_killed();
	flushes_of_the_late();
	flushes_without_end();
	clunks_without_end();
	death(P9_TREAD);
	death(P9_TGETATTR);
	death(P9_TWALK);
	answers_are_lost();
	closed_while_attached();
	links_keep_their_names();
	questions_are_asked_again();
	wrong_servers();
	too_late();
	forced();
	not_forced();
	taken_out();
	killed_at_any_time();
	executes();
	pressure();
	refused_mounts();
	if (nwrong == 0)
		puts("p9: ok");
	return nwrong != 0;
}
