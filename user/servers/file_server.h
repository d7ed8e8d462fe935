/* SPDX-License-Identifier: MIT */
/* A library for programs that serve files: 9P2000.L for a read-only tree that the program supplies. */

/*
 * A server fills a struct file_ops and calls file_server_main() with the words of its command line
 * that say where its client is: `--endpoint FD` (a receive end, see lib/ipc.h: the kernel's mounts),
 * or `--socket FD` (a stream of messages, as Linux's v9fs has with trans=fd). The library keeps
 * what the client has open, and checks all that it says. user/servers/madeup.c is an example;
 * docs/servers.md explains it.
 *
 * A file is a number, which the server chooses: the same number is the same file, also after the
 * server was started again. One request is answered after the other, so the functions need no lock.
 */
#pragma once

#include "fid_table.h"
#include "lib/p9/p9.h"

/* The largest message either way: 32 pages of data. */
#define FILE_SERVER_MSIZE     ((128u << 10) + P9_TWRITE_HEAD_BYTES)
#define FILE_SERVER_MSIZE_MIN 4096u

/* Where the data of a reply begins in its buffer: aligned, so that it is copied fast. */
#define FILE_SERVER_REPLY_DATA 16u

struct file_attr {
	/* type and permissions, as in struct stat; the client's kernel enforces them */
	uint32_t mode;
	uint32_t uid, gid;
	/* another one whenever the contents have changed; Linux caches nothing if it is 0 */
	uint32_t version;
	/* what is said of the file, and of a directory's names, stays true until file_server_revoke() or ipc_revoke() */
	bool lease;
	uint64_t nlink, size;
	int64_t mtime; /* seconds; also served as atime and ctime */
};

struct file_entry {
	uint64_t file;
	struct p9_string name;
	uint64_t next; /* what readdir() gets for the entry behind this one */
};

/*
 * What a server can do. `tree` is what it gave to file_server_main(). All return 0 (or what they
 * say), or a negative errno, which the client's program gets. `file` and `dir` are numbers that the
 * tree has given. walk and readdir get directories only, read and open other files. Each may be
 * NULL but walk and getattr: the client gets EOPNOTSUPP, if nothing else is said.
 */
struct file_ops {
	/* Gets the root. NULL: it is file 0, whatever the client asks for. */
	int (*attach)(void *tree, struct p9_string aname, uint64_t *ret);

	/* Gets the file with that name; ".." is the parent, and the root's is the root. */
	int (*walk)(void *tree, uint64_t dir, struct p9_string name, uint64_t *ret);

	int (*getattr)(void *tree, uint64_t file, struct file_attr *ret);

	/* May refuse. NULL: all files can be opened. Opens for writing were refused before. */
	int (*open)(void *tree, uint64_t file);

	/*
	 * Reads up to n bytes from that offset on. Either writes them to buf, or lets *data point to
	 * where they are; there they stay until the next call. Returns how many; 0 is the end.
	 */
	ssize_t (*read)(void *tree, uint64_t file, uint64_t offset, void *buf, size_t n,
			const void **data);

	/*
	 * Gets an entry; `at` is 0 for the first one, or what the client says it got with an earlier
	 * one. Returns 1, or 0 at the end. "." and ".." are the library's.
	 */
	int (*readdir)(void *tree, uint64_t dir, uint64_t at, struct file_entry *ret);

	/* Gets where a symbolic link leads. */
	int (*readlink)(void *tree, uint64_t file, struct p9_string *ret);

	/* NULL: a file system without blocks. */
	int (*statfs)(void *tree, struct p9_rstatfs *ret);
};

struct file_server {
	const struct file_ops *ops;
	void *tree;
	uint32_t msize; /* as agreed; 0: no session yet */
	int endpoint;	/* the receive end of file_server_endpoint(), or -1 */
	struct fid_table fids;
	union {
		uint8_t request[FILE_SERVER_MSIZE];
		uint64_t request_words[3]; /* its first 24 bytes */
	};
	union {
		uint8_t reply[FILE_SERVER_REPLY_DATA + FILE_SERVER_MSIZE]
			__attribute__((aligned(16)));
		uint64_t reply_words[3]; /* its first 24 bytes */
	};
};

/* A reply is one message in two pieces. The second one may be empty. */
struct file_reply {
	const void *head, *data;
	size_t nhead, ndata;
};

/* `server` is all zeros, and large: a static variable. */
void file_server_init(struct file_server *server, const struct file_ops *ops, void *tree);

/*
 * Answers the message of n bytes in server->request. The reply is valid until the next call. It is
 * empty if the bytes are no message at all.
 */
void file_server_answer(struct file_server *server, size_t n, struct file_reply *ret);

/*
 * Serve until the client closes its side. Return 0 then, or a negative errno.
 *
 * An endpoint's client calls with the size of its message in word 0, the first 24 bytes of it in the
 * words behind that, and the message in its buffer.
 * It finds the size of the reply in word 0, and the reply in its other buffer. There a reply of up to 24 bytes is left out, or
 * what is before the data of a longer one: the words behind the size have it.
 */
int file_server_endpoint(struct file_server *server, int receive_end);
int file_server_socket(struct file_server *server, int socket);

/*
 * Call it after a change of a file whose attributes had `lease`, and before anybody is told of the change: the client asks anew. For a
 * name that comes, goes or is another file's, `file` is the directory. IPC_ALL_FILES: anything may have changed. Does nothing for a
 * client that is not at an endpoint: it was granted no lease.
 */
void file_server_revoke(const struct file_server *server, uint64_t file);

/* Serves the client that `words` say, NULL behind the last. Returns an exit status. */
int file_server_main(const struct file_ops *ops, void *tree, char *const words[]);

/* Is the string of a message this one? */
bool p9_string_is(struct p9_string string, const char *text);

struct p9_string p9_string(const char *text);
