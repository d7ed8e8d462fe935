/* SPDX-License-Identifier: MIT */
/* A file server's client is at the other end of a socket: messages follow one another, each with its size. */
#include <errno.h>
#include <unistd.h>

#include "file_server.h"

#define SIZE_BYTES 4u

/* Returns how many bytes came before the end, or a negative errno. */
static ssize_t socket_read_all(int fd, uint8_t *to, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = read(fd, to + done, n - done);

		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0)
			break;
		done += got > 0 ? (size_t)got : 0;
	}
	return (ssize_t)done;
}

static int socket_write_all(int fd, const uint8_t *from, size_t n)
{
	while (n > 0) {
		ssize_t written = write(fd, from, n);

		if (written < 0 && errno != EINTR)
			return -errno;
		from += written > 0 ? written : 0;
		n -= written > 0 ? (size_t)written : 0;
	}
	return 0;
}

/* Reads a message. Returns its size, 0 at the end, or a negative errno: the stream has lost its way. */
static ssize_t read_request(struct file_server *server, int fd)
{
	ssize_t n = socket_read_all(fd, server->request, SIZE_BYTES);
	size_t size;

	if (n <= 0)
		return n;
	if (n < (ssize_t)SIZE_BYTES)
		return -EIO;
	size = p9_claimed_size(server->request);
	if (size < P9_HEADER_BYTES || size > sizeof(server->request))
		return -EPROTO;
	n = socket_read_all(fd, server->request + SIZE_BYTES, size - SIZE_BYTES);
	if (n < 0)
		return n;
	return (size_t)n == size - SIZE_BYTES ? (ssize_t)size : -EIO;
}

int file_server_socket(struct file_server *server, int fd)
{
	struct file_reply reply;
	ssize_t n;
	int err;

	while ((n = read_request(server, fd)) > 0) {
		file_server_answer(server, (size_t)n, &reply);
		err = socket_write_all(fd, reply.head, reply.nhead);
		if (!err)
			err = socket_write_all(fd, reply.data, reply.ndata);
		if (err)
			return err;
	}
	return (int)n;
}
