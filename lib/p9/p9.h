/* SPDX-License-Identifier: MIT */
/* 9P2000.L, the file protocol of Linux's v9fs and diod: messages as structs, encoded and decoded. */

/*
 * lib/p9/messages.def has the messages. Each gets a struct, a function that encodes it and one that
 * decodes it:
 *
 *	struct p9_tlopen { uint32_t fid; uint32_t flags; };
 *	ssize_t p9_encode_tlopen(void *buf, size_t size, uint16_t tag, const struct p9_tlopen *);
 *	int p9_decode_tlopen(const struct p9_packet *, struct p9_tlopen *ret);
 *
 * lib/p9/client.c encodes requests and decodes replies; lib/p9/server.c does the opposite. Neither
 * keeps any state or allocates memory, and of a C library they need memcpy() only.
 *
 * What comes from the other side is not trusted. A decoder checks that the message has the size
 * that it claims, that it has the expected type and tag, that all fields are there and no byte
 * follows, that strings have no NUL, that names are names, and that counts are not above what was
 * asked for. It does not check what fields mean (whether a fid is known, a qid has the type that
 * its file had before, or nanoseconds are below 10^9). Encoders check their arguments in the same
 * way: what they make can be decoded.
 */
#pragma once

#include "lib/types.h"

#define P9_VERSION    "9P2000.L"
#define P9_NOTAG      ((uint16_t)~0u) /* of Tversion */
#define P9_NOFID      (~0u)	      /* Tattach without authentication */
#define P9_NONUNAME   (~0u)	      /* Tattach without a numeric user */
#define P9_WALK_MAX   16u	      /* names in one Twalk */
#define P9_STRING_MAX 0xffffu

/* size[4] type[1] tag[2] */
#define P9_HEADER_BYTES	       7u
/* Bytes of a message before its payload. Rlerror as a whole is as long as the first. */
#define P9_RREAD_HEAD_BYTES    11u
#define P9_RREADDIR_HEAD_BYTES 11u
#define P9_TWRITE_HEAD_BYTES   23u

/* p9_qid.type */
#define P9_QTDIR     0x80u
#define P9_QTAPPEND  0x40u
#define P9_QTEXCL    0x20u
#define P9_QTMOUNT   0x10u
#define P9_QTAUTH    0x08u
#define P9_QTTMP     0x04u
#define P9_QTSYMLINK 0x02u
#define P9_QTLINK    0x01u
#define P9_QTFILE    0x00u

/* p9_tgetattr.request_mask, p9_rgetattr.valid */
#define P9_GETATTR_MODE		0x0001u
#define P9_GETATTR_NLINK	0x0002u
#define P9_GETATTR_UID		0x0004u
#define P9_GETATTR_GID		0x0008u
#define P9_GETATTR_RDEV		0x0010u
#define P9_GETATTR_ATIME	0x0020u
#define P9_GETATTR_MTIME	0x0040u
#define P9_GETATTR_CTIME	0x0080u
#define P9_GETATTR_INO		0x0100u
#define P9_GETATTR_SIZE		0x0200u
#define P9_GETATTR_BLOCKS	0x0400u
#define P9_GETATTR_BTIME	0x0800u
#define P9_GETATTR_GEN		0x1000u
#define P9_GETATTR_DATA_VERSION 0x2000u
#define P9_GETATTR_BASIC	0x07ffu /* mode to blocks */
#define P9_GETATTR_ALL		0x3fffu
/*
 * Of Faultline's own. Asked for: the client can keep what it learns until the server revokes it (docs/servers.md). Answered: it may,
 * of this file, and of a directory's names.
 */
#define P9_GETATTR_LEASE	(1ull << 32)

/* p9_tsetattr.valid. A time without its SET is set to the server's own time. */
#define P9_SETATTR_MODE	     0x001u
#define P9_SETATTR_UID	     0x002u
#define P9_SETATTR_GID	     0x004u
#define P9_SETATTR_SIZE	     0x008u
#define P9_SETATTR_ATIME     0x010u
#define P9_SETATTR_MTIME     0x020u
#define P9_SETATTR_CTIME     0x040u
#define P9_SETATTR_ATIME_SET 0x080u
#define P9_SETATTR_MTIME_SET 0x100u

/* p9_tunlinkat.flags; the flags of p9_tlopen and p9_tlcreate are those of abi/fcntl.h. */
#define P9_AT_REMOVEDIR 0x200u

struct p9_qid {
	uint8_t type;
	uint32_t version;
	uint64_t path;
};

/* Bytes, not terminated. In a decoded message they are in the packet's buffer. */
struct p9_string {
	const char *data;
	size_t len;
};

/* clang-format off */
#define U16(field)	   uint16_t field;
#define U32(field)	   uint32_t field;
#define U64(field)	   uint64_t field;
#define LIMITED(field)	   uint32_t field;
#define QID(field)	   struct p9_qid field;
#define STRING(field)	   struct p9_string field;
#define NAME(field)	   struct p9_string field;
#define NAMES(n, field)	   uint16_t n; struct p9_string field[P9_WALK_MAX];
#define QIDS(n, field)	   uint16_t n; struct p9_qid field[P9_WALK_MAX];
#define DATA(n, field)	   uint32_t n; const void *field; /* NULL: the payload is not in the buffer */
#define REQUEST(number, NAME, name, fields)	  struct p9_##name { fields };
#define REPLY(number, NAME, name, fields)	  struct p9_##name { fields };
#define REPLY_LIMITED(number, NAME, name, fields) struct p9_##name { fields };
#define REPLY_EMPTY(number, NAME, name)
#include "lib/p9/messages.def"

enum p9_type {
#define REQUEST(number, NAME, name, fields)	  P9_##NAME = (number),
#define REPLY(number, NAME, name, fields)	  P9_##NAME = (number),
#define REPLY_LIMITED(number, NAME, name, fields) P9_##NAME = (number),
#define REPLY_EMPTY(number, NAME, name)		  P9_##NAME = (number),
#include "lib/p9/messages.def"
};
/* clang-format on */

/*
 * A message that came. Its payload (of Rread, Rreaddir and Twrite) may be elsewhere, as a page that
 * the other side has written. Then the buffer has the bytes before it. The buffer must not change
 * while the message is decoded and used.
 */
struct p9_packet {
	const void *buf;
	size_t in_buf; /* bytes in the buffer */
	size_t size;   /* bytes that came, with those elsewhere; not below in_buf */
};

struct p9_header {
	uint8_t type;
	uint16_t tag;
};

/* Returns a message that is in the buffer as a whole. */
static inline struct p9_packet p9_packet(const void *buf, size_t size)
{
	return (struct p9_packet){ .buf = buf, .in_buf = size, .size = size };
}

/* Returns the size that a message claims to have, for code that has to find its end. */
uint32_t p9_claimed_size(const void *first_four_bytes);

/* Gets type and tag of a message. Returns 0, or -EIO if it does not have the size it claims. */
int p9_peek(const struct p9_packet *packet, struct p9_header *ret);

/*
 * Encoders: return the number of bytes in buf; -EMSGSIZE if they do not fit, or the message would
 * have more than 2^32 - 1 bytes; -EINVAL if a string, name or count cannot be sent. Where the data
 * pointer of a payload is NULL, its bytes belong behind those in buf and are sent from elsewhere.
 *
 * Decoders of requests: return 0, or -EIO if the message is not what it should be. *ret is
 * undefined then.
 *
 * Decoders of replies: `tag` is that of the request, and `limit` what it asked for: bytes (Tread,
 * Treaddir, Twrite), names (Twalk), msize (Tversion). Return 0; the negated error if the server
 * answered Rlerror with one (1 to 4095); -EIO if the message is not what it should be. *ret is
 * undefined after an error. A payload that is not in the buffer as a whole has the data pointer
 * NULL. Rwalk may have fewer qids than there were names: then newfid does not exist.
 */
/* clang-format off */
#define REQUEST(number, NAME, name, fields) \
	ssize_t p9_encode_##name(void *buf, size_t size, uint16_t tag, const struct p9_##name *message); \
	int p9_decode_##name(const struct p9_packet *packet, struct p9_##name *ret);
#define REPLY(number, NAME, name, fields) \
	ssize_t p9_encode_##name(void *buf, size_t size, uint16_t tag, const struct p9_##name *message); \
	int p9_decode_##name(const struct p9_packet *packet, uint16_t tag, struct p9_##name *ret);
#define REPLY_LIMITED(number, NAME, name, fields) \
	ssize_t p9_encode_##name(void *buf, size_t size, uint16_t tag, const struct p9_##name *message); \
	int p9_decode_##name(const struct p9_packet *packet, uint16_t tag, uint32_t limit, struct p9_##name *ret);
#define REPLY_EMPTY(number, NAME, name) \
	ssize_t p9_encode_##name(void *buf, size_t size, uint16_t tag); \
	int p9_decode_##name(const struct p9_packet *packet, uint16_t tag);
#include "lib/p9/messages.def"
/* clang-format on */

/* An entry in the payload of Rreaddir. */
struct p9_dirent {
	struct p9_qid qid;
	uint64_t offset; /* for the Treaddir that goes on behind this entry */
	uint8_t type;	 /* as in abi/dirent.h */
	struct p9_string name;
};

/*
 * Gets the entry at *pos of a payload, and moves *pos behind it; *pos is 0 at first. Returns 1 if
 * there is an entry, 0 at the end, or -EIO if what is there is no entry.
 */
int p9_next_dirent(const void *data, size_t bytes, size_t *pos, struct p9_dirent *ret);

/* Writes an entry to buf. Returns its bytes; -EMSGSIZE if it does not fit; -EINVAL without a name. */
ssize_t p9_put_dirent(void *buf, size_t size, const struct p9_dirent *entry);
