/* SPDX-License-Identifier: MIT */
/* A 9P client for the tests of file servers: makes a request, hands it to the library, decodes the reply. */
#pragma once

#include "../lib/p9_any.h"
#include "file_server.h"
#include "test.h"

#define CLIENT_MSIZE 65536u

/* What a server's main() gave to file_server_main(), which the tests replace. */
struct served {
	const struct file_ops *ops;
	void *tree;
	char *const *words;
};
extern struct served served;

/* Begins a session with that tree. The root is fid 0. */
void client_begin(const struct file_ops *ops, void *tree, uint32_t msize);

/* Begins a session with that tree without Tversion and Tattach. */
void client_connect(const struct file_ops *ops, void *tree);

/*
 * Sends a request; `message` is a struct p9_tX, and becomes the reply. Returns 0, or a negative errno
 * if the reply is Rlerror. Fails if there is no reply, or not the one that belongs to the request.
 */
int client_call(unsigned type, union p9_any *message);

/* Sends n bytes. Returns the size of the reply, which is in client_reply. */
size_t client_send(const void *bytes, size_t n);
extern uint8_t client_reply[FILE_SERVER_MSIZE];

/* Return 0 or a negative errno. `path` is relative to the root: "" is the root itself. */
int client_walk(uint32_t newfid, const char *path);
int client_open(uint32_t fid, uint32_t flags);
int client_getattr(uint32_t fid, struct p9_rgetattr *ret);
int client_clunk(uint32_t fid);
/* Return the bytes of the payload, which is in client_reply and *data. */
ssize_t client_read(uint32_t fid, uint64_t offset, uint32_t count, const void **data);
ssize_t client_readdir(uint32_t fid, uint64_t offset, uint32_t count, const void **data);
/* Writes the target to `to`, terminated. */
int client_readlink(uint32_t fid, char *to, size_t size);

/* walk, open, read everything by messages of any size, clunk. Returns the bytes; `to` has `size`. */
ssize_t client_read_file(const char *path, void *to, size_t size);
